// The weights file, as tinygpt/export/weights_file.py describes it.

import { ValueError } from "./fields.js";

const KINDS = { int8: Int8Array, float16: Uint16Array, float32: Float32Array };
const DAMAGED = "the file of the weights is damaged: reload the page, or export it again";

// The tensors in the file by their names: { shape, numbers, scales }. The numbers are an Int8Array with scales of its
// rows, or a Float32Array without. Throws ValueError if it is no such file.
export function readWeights(buffer) {
  try {
    const length = new DataView(buffer).getUint32(0, true);
    const { tensors } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    const read = ([name, entry]) => [name, readTensor(buffer, 4 + length, entry)];
    return Object.fromEntries(Object.entries(tensors).map(read));
  } catch {
    throw new ValueError(DAMAGED);
  }
}

// The tensor of a name and a shape. Throws ValueError if there is none.
export function tensorOf(tensors, name, ...shape) {
  const tensor = tensors[name];
  if (!tensor || `${tensor.shape}` !== `${shape}`) throw new ValueError(DAMAGED);
  return tensor;
}

// The numbers of a tensor as they are multiplied with: a Float32Array.
export function floats({ shape, numbers, scales }) {
  if (!scales) return numbers;
  const columns = shape[1];
  return Float32Array.from(numbers, (number, i) => number * scales[Math.floor(i / columns)]);
}

// The offsets in a tensor's entry count from `start`.
function readTensor(buffer, start, { dtype, shape, offset, scales }) {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  const numbers = new KINDS[dtype](buffer, start + offset, size);
  if (dtype === "int8") return { shape, numbers, scales: new Float32Array(buffer, start + scales, shape[0]) };
  return { shape, numbers: dtype === "float16" ? Float32Array.from(numbers, toFloat) : numbers };
}

// The number that 16 bits hold in half precision.
function toFloat(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
}
