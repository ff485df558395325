// Why texts of the likeliest letters repeat themselves.

const LENGTH = 25; // characters of a passage that nobody says twice by chance

const GREEDY =
  "Always taking the likeliest letter (greedy) leads back to the same words. " +
  "Sampling at a higher temperature breaks the loop.";
const BEAM =
  "The likeliest text as a whole (beam search) says the same things again. " +
  "Sampling, one letter at a time, breaks the loop.";

// A sentence or two on why a finished Text (see backend.js) repeats itself; "" if it does not, or was sampled.
export const whyItRepeats = ({ link, text }) => {
  const { strategy, temperature } = JSON.parse(link);
  if (strategy === "sample" && temperature > 0) return "";
  if (!repeats(text)) return "";
  return strategy === "beam" ? BEAM : GREEDY;
};

// Whether a passage of a text occurs in it again.
const repeats = (text) => {
  const seen = new Set();
  for (let end = LENGTH; end <= text.length; end++) {
    const passage = text.slice(end - LENGTH, end);
    if (seen.has(passage)) return true;
    seen.add(passage);
  }
  return false;
};
