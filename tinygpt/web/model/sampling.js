// From the logits of one position to the id of one character, as tinygpt/model/sampling.py does it: pure functions, all
// arithmetic in float64, so that the same request is the same text everywhere.

const wrap = (value) => BigInt.asUintN(64, value);

// The uniform number in [0, 1) that samples character number `i` of a request with this seed, a BigInt: the i-th output
// of SplitMix64, its upper 53 bits divided by 2^53.
export const uniform = (seed, i) => {
  let z = wrap(seed + BigInt(i + 1) * 0x9e3779b97f4a7c15n);
  z = wrap((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = wrap((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return Number((z ^ (z >> 31n)) >> 11n) / 2 ** 53;
};

// The index of the largest value, on ties the lowest.
export const argmax = (values) => {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
};

// The indices of values, the largest first, on ties the lowest first.
export const descending = (values) =>
  Uint32Array.from(values.keys()).sort((one, other) => values[other] - values[one] || one - other);

const sumOf = (values) => {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
};

// The distribution that a character is sampled from, but for a common factor. Without limits, top_k and top_p are null.
const weightsOf = (logits_V, { temperature, top_k = null, top_p = null }) => {
  const [weights_V, likeliest] = [new Float64Array(logits_V.length), argmax(logits_V)];
  if (temperature === 0) {
    weights_V[likeliest] = 1;
    return weights_V;
  }
  const maximum = logits_V[likeliest]; // subtracted first, so that the smallest temperatures do not overflow to NaN
  for (let id = 0; id < weights_V.length; id++) weights_V[id] = Math.exp((logits_V[id] - maximum) / temperature);
  if (top_k !== null && top_k < weights_V.length) {
    const threshold = weights_V.slice().sort()[weights_V.length - top_k];
    for (let id = 0; id < weights_V.length; id++) if (weights_V[id] < threshold) weights_V[id] = 0;
  }
  if (top_p !== null) {
    const order = descending(weights_V);
    const border = top_p * order.reduce((total, id) => total + weights_V[id], 0);
    let cumulative = 0;
    for (const id of order) {
      if (cumulative >= border)
        weights_V[id] = 0; // the character that crosses the border stays
      else cumulative += weights_V[id];
    }
  }
  return weights_V;
};

// The distribution that a character is sampled from: Float64Array of V numbers, which sum to 1.
//
// Applied in this order: temperature, top-k (ties at the threshold stay), top-p (the smallest set that reaches p, with
// the character that crosses it), normalization. Temperature 0 gives all probability to the largest logit, on ties the
// one with the lowest id.
export const probabilities = (logits_V, settings = { temperature: 1 }) => {
  const weights_V = weightsOf(logits_V, settings);
  const total = sumOf(weights_V);
  return weights_V.map((weight) => weight / total);
};

// The model's own probability of a character: at temperature 1, without top-k or top-p.
export const probability = (logits_V, id) => {
  let total = 0;
  for (let other = 0; other < logits_V.length; other++) total += Math.exp(logits_V[other] - logits_V[id]);
  return 1 / total;
};

// The id at which the cumulative distribution, in vocabulary order, passes `u`, a number in [0, 1). The weights need
// not sum to 1.
export const inverseCdf = (weights_V, u) => {
  const border = u * sumOf(weights_V); // by the last sum, so that no id past the end or of weight 0 is selected
  let cumulative = 0;
  for (let id = 0; id < weights_V.length; id++) {
    cumulative += weights_V[id];
    if (cumulative > border) return id;
  }
  throw new RangeError("the weights are not those of a distribution");
};

// Sample the id of character number `i` of a request with this seed.
export const sample = (logits_V, settings, seed, i) =>
  settings.temperature === 0 ? argmax(logits_V) : inverseCdf(weightsOf(logits_V, settings), uniform(seed, i));
