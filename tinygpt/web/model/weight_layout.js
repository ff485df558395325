// A model's weights in the memory of kernels.wasm, in the order in which kernels.c reads them.

import { ValueError } from "./fields.js";
import { floats, tensorOf } from "./weights_file.js";

const FLOAT_WIDTH = 16; // outputs in a group of float32
const DEPTH = 4; // inputs that stand together in a matrix of int8
const MAX_INT8_INPUTS = 8_192; // sums of more products could overflow
const MAX_BYTES = 2 ** 32; // of the memory
export const ROOM = 16; // numbers that products may write behind the last output

// The memory of an instance of kernels.wasm.
export class Memory {
  #kernels;

  constructor(kernels) {
    this.#kernels = kernels;
    this.int8Width = kernels.int8_width();
  }

  // The address of memory for so many numbers of a typed array. Throws ValueError if there is none left.
  allocate(Kind, length) {
    const bytes = length * Kind.BYTES_PER_ELEMENT;
    const address = bytes < MAX_BYTES ? this.#kernels.allocate(bytes) >>> 0 : 0;
    this.check(address);
    return address;
  }

  // Throw ValueError if an allocation failed.
  check(succeeded) {
    if (!succeeded)
      throw new ValueError(
        "the browser has too little memory left for this model: close other tabs and reload the page",
      );
  }

  // The numbers at an address. An allocation makes views from before it useless.
  view(Kind, address, length) {
    return new Kind(this.#kernels.memory.buffer, address, length);
  }

  // The address of a copy of the numbers.
  store(numbers, length = numbers.length) {
    const address = this.allocate(numbers.constructor, length);
    this.view(numbers.constructor, address, length).set(numbers);
    return address;
  }
}

// Store a model's weights; the address of its Model (see kernels.c).
export function layOut(memory, config, tensors) {
  const { family, vocab_size, block_size, n_layer, n_head, n_embd, head_size, hidden } = config;
  const classic = family === "gpt";
  const normedHeads = family === "qwen3";

  const vector = (name, length) => memory.store(tensorOf(tensors, name, length).numbers);
  const table = (name, rows) => memory.store(floats(tensorOf(tensors, `${name}.weight`, rows, n_embd)));
  const norm = (name, length = n_embd) => [
    vector(`${name}.weight`, length),
    classic ? vector(`${name}.bias`, length) : 0,
  ];
  // The matrices of some linear layers with the same inputs, side by side.
  const matrix = (inputs, parts) => {
    const outputs = parts.reduce((sum, [, count]) => sum + count, 0);
    const weights = parts.map(([name, count]) => tensorOf(tensors, `${name}.weight`, count, inputs));
    const biases = new Float32Array(outputs + ROOM);
    let first = 0;
    for (const [name, count] of parts) {
      if (`${name}.bias` in tensors) biases.set(tensorOf(tensors, `${name}.bias`, count).numbers, first);
      first += count;
    }
    return [...storeMatrix(memory, weights, inputs, outputs), memory.store(biases), inputs, outputs];
  };
  const block = (name) => [
    ...norm(`${name}.attention_norm`),
    ...matrix(
      n_embd,
      ["query", "key", "value"].map((part) => [`${name}.attention.${part}`, n_embd]),
    ),
    ...(normedHeads ? norm(`${name}.attention.query_norm`, head_size) : [0, 0]),
    ...(normedHeads ? norm(`${name}.attention.key_norm`, head_size) : [0, 0]),
    ...matrix(n_embd, [[`${name}.attention.proj`, n_embd]]),
    ...norm(`${name}.feed_forward_norm`),
    ...matrix(
      n_embd,
      (classic ? ["expand"] : ["gate", "expand"]).map((part) => [`${name}.feed_forward.${part}`, hidden]),
    ),
    ...matrix(hidden, [[`${name}.feed_forward.proj`, n_embd]]),
  ];

  const fields = [
    ...[vocab_size, block_size, n_layer, n_head, n_embd, head_size, hidden, Number(classic)],
    table("embedding.token", vocab_size),
    classic ? table("embedding.position", block_size) : 0,
    ...(classic ? [0, 0] : rotations(config).map((angles) => memory.store(angles))),
    ...norm("norm"),
    ...matrix(n_embd, [["lm_head", vocab_size]]),
    ...Array.from({ length: n_layer }, (_, layer) => block(`blocks.${layer}`)).flat(),
  ];
  return memory.store(Int32Array.from(fields));
}

// Store matrices of outputs x inputs side by side; the addresses of their weights, and of the scales and offsets of
// their outputs (see products.h). They are kept as int8 where all of them are; float32 has neither.
function storeMatrix(memory, weights, inputs, outputs) {
  const quantized = inputs <= MAX_INT8_INPUTS && weights.every(({ scales }) => scales);
  const [Kind, width, depth] = quantized ? [Int8Array, memory.int8Width, DEPTH] : [Float32Array, FLOAT_WIDTH, 1];
  const group = width * Math.ceil(inputs / depth) * depth;
  const length = Math.ceil(outputs / width) * group;
  const address = memory.allocate(Kind, length);
  const packed = memory.view(Kind, address, length);
  const sums = new Int32Array(outputs + ROOM);
  let output = 0;
  for (const tensor of weights) {
    const numbers = quantized ? tensor.numbers : floats(tensor);
    for (let first = 0; first < numbers.length; first += inputs, output++) {
      const start = Math.floor(output / width) * group + (output % width) * depth;
      for (let k = 0; k < inputs; k++) {
        packed[start + Math.floor(k / depth) * width * depth + (k % depth)] = numbers[first + k];
        sums[output] += numbers[first + k];
      }
    }
  }
  if (!quantized) return [address, 0, 0];
  const scales = Float32Array.from(weights.flatMap(({ scales }) => [...scales]));
  return [address, memory.store(scales, outputs + ROOM), memory.store(sums.map((sum) => -128 * sum))];
}

// The cosines and the sines of the rotary angles, computed in float32 as in tinygpt/model/attention.py: cos_TD, sin_TD.
function rotations({ block_size, head_size }) {
  const angle = (t, d) => {
    const exponent = Math.fround((2 * (d % (head_size / 2))) / head_size);
    return Math.fround(t * Math.fround(10_000 ** -exponent));
  };
  const tableOf = (f) =>
    Float32Array.from({ length: block_size * head_size }, (_, i) =>
      f(angle(Math.floor(i / head_size), i % head_size)),
    );
  return [tableOf(Math.cos), tableOf(Math.sin)];
}
