// A model that runs in the browser: the interface of tinygpt/engines/engine.py without `write`, over kernels.wasm.

import { checkBatch, checkIds, checkRows } from "./bounds.js";
import { ValueError } from "./fields.js";
import { layOut, Memory, ROOM } from "./weight_layout.js";
import { readWeights } from "./weights_file.js";

// The files beside this one with the compiled kernels, the fastest first.
export const KERNELS = ["kernels_relaxed.wasm", "kernels.wasm"];

// Thrown when the weights of a model lead to infinities or NaN.
export class NonFiniteError extends ValueError {
  constructor() {
    super("these weights make numbers that are not finite: take others, or train them again");
  }
}

// Open a model. `kernels` are the contents of the files KERNELS, `weights` that of a weights file, all as ArrayBuffers;
// `config` is the model's GPTConfig with head_size and hidden. Throws ValueError.
export async function openEngine(kernels, weights, config) {
  return new Engine(await start(kernels), readWeights(weights), config);
}

// The exports of the first of the kernels that this browser and this processor can run.
async function start(kernels) {
  for (const bytes of kernels) {
    if (!WebAssembly.validate(bytes)) continue;
    const { instance } = await WebAssembly.instantiate(bytes);
    if (instance.exports.available()) return instance.exports;
  }
  throw new ValueError(
    "this browser is too old for the model: it needs WebAssembly with SIMD, which browsers have had since 2023",
  );
}

class Engine {
  #kernels;
  #memory;
  #ids; // addresses
  #logits;
  #residual;
  #free = []; // caches of readers that were closed

  constructor(kernels, tensors, config) {
    const { block_size, n_layer, n_embd, vocab_size } = config;
    this.config = config;
    this.#kernels = kernels;
    this.#memory = new Memory(kernels);
    this.#memory.check(kernels.open(layOut(this.#memory, config, tensors)));
    this.#ids = this.#memory.allocate(Int32Array, block_size);
    this.#logits = this.#memory.allocate(Float32Array, vocab_size + ROOM);
    this.#residual = this.#memory.allocate(Float32Array, (n_layer + 1) * n_embd);
  }

  // A reader of `batch` texts side by side. It keeps its memory until it is closed.
  openReader(batch) {
    checkBatch(batch);
    return new Reader(this, batch);
  }

  // Read one text of at most block_size ids: what the model computed inside, { queries_LHTD, keys_LHTD, residual_LC,
  // logits_LV } as in tinygpt/model/activation_cache.py, each a Float32Array.
  activations(ids) {
    checkIds(this.config, [ids], 1, 0);
    const { n_layer, n_head, head_size, n_embd } = this.config;
    const opened = [];
    try {
      opened.push(this.openCache(), this.openCache()); // there is room for the queries in another cache
      const [cache, queries] = opened;
      this.read(cache, ids, 0, queries, this.#residual);
      const queries_LHTD = this.#floats(queries, n_layer * n_head * ids.length * head_size).slice();
      const keys_LHTD = this.#keys(cache, ids.length);
      const residual_LC = this.#floats(this.#residual, (n_layer + 1) * n_embd).slice();
      const logits_LV = this.#unembed();
      for (const numbers of [queries_LHTD, keys_LHTD, residual_LC, logits_LV])
        if (!numbers.every(Number.isFinite)) throw new NonFiniteError();
      return { queries_LHTD, keys_LHTD, residual_LC, logits_LV };
    } finally {
      opened.forEach((cache) => this.closeCache(cache));
    }
  }

  // For readers: the keys and values of one text, by their address.

  openCache() {
    return this.#free.pop() ?? this.#memory.allocate(Float32Array, this.#kernels.cache_size());
  }

  closeCache(cache) {
    this.#free.push(cache);
  }

  copyCache(cache) {
    const copy = this.openCache();
    const size = this.#kernels.cache_size();
    this.#floats(copy, size).set(this.#floats(cache, size));
    return copy;
  }

  // Read checked ids, the first at position t; the logits of the one after the last.
  read(cache, ids, t, queries = 0, residual = 0) {
    this.#memory.view(Int32Array, this.#ids, ids.length).set(ids);
    const finite = this.#kernels.read(cache, this.#ids, ids.length, t, this.#logits, queries, residual);
    if (!finite) throw new NonFiniteError();
    return this.#floats(this.#logits, this.config.vocab_size).slice();
  }

  #floats(address, length) {
    return this.#memory.view(Float32Array, address, length);
  }

  // The keys of the first T characters in a cache, whose rows are filled up to whole vectors: keys_LHTD.
  #keys(cache, T) {
    const { n_layer, n_head, head_size: D } = this.config;
    const size = this.#kernels.cache_size() / (n_layer * n_head);
    const length = 4 * Math.ceil(D / 4);
    const keys_LHTD = new Float32Array(n_layer * n_head * T * D);
    for (let head = 0, i = 0; head < n_layer * n_head; head++) {
      const keys = this.#floats(cache + 4 * head * size, T * length);
      for (let t = 0; t < T; t++, i += D) keys_LHTD.set(keys.subarray(t * length, t * length + D), i);
    }
    return keys_LHTD;
  }

  // The logits that follow from each row of the residual stream that was recorded: logits_LV.
  #unembed() {
    const { n_layer, n_embd, vocab_size } = this.config;
    const logits_LV = new Float32Array((n_layer + 1) * vocab_size);
    for (let layer = 0; layer <= n_layer; layer++) {
      this.#kernels.unembed(this.#residual + 4 * layer * n_embd, this.#logits);
      logits_LV.set(this.#floats(this.#logits, vocab_size), layer * vocab_size);
    }
    return logits_LV;
  }
}

// See Reader in tinygpt/engines/engine.py.
class Reader {
  #engine;
  #caches;
  #length = 0;

  constructor(engine, batch) {
    this.#engine = engine;
    this.#caches = Array.from({ length: batch }, () => engine.openCache());
  }

  // Read the next ids of each row: any number at position 0, a single one at later positions. The logits of the id
  // after the last, a Float32Array for each row. Throws ValueError for arguments out of bounds, and NonFiniteError.
  read(rows) {
    checkIds(this.#engine.config, rows, this.#caches.length, this.#length);
    const logits_BV = rows.map((ids, row) => this.#engine.read(this.#caches[row], ids, this.#length));
    this.#length += rows[0].length;
    return logits_BV;
  }

  // Start a new window at position 0 in every row.
  clear() {
    this.#length = 0;
  }

  // Make row i a copy of row rows[i], as a beam search drops and forks beams.
  select(rows) {
    checkRows(rows, this.#caches.length);
    const before = this.#caches;
    this.#caches = before.filter((_, row) => rows.includes(row)); // those that are its own if memory runs out below
    before.filter((_, row) => !rows.includes(row)).forEach((cache) => this.#engine.closeCache(cache));
    this.#caches = rows.map((row, i) =>
      rows.indexOf(row) < i ? this.#engine.copyCache(before[row]) : before[row],
    );
  }

  // Give the reader's memory back; it cannot be used afterwards.
  close() {
    this.#caches.forEach((cache) => this.#engine.closeCache(cache));
    this.#caches = [];
  }
}
