// Checks of what a reader is asked for, as in tinygpt/engines/bounds.py: compiled code reads and writes memory wherever
// its arguments point. All throw ValueError.

import { ValueError } from "./fields.js";

export function checkBatch(batch) {
  if (!(Number.isInteger(batch) && batch >= 1)) throw new ValueError(`a reader has at least 1 row, not ${batch}`);
}

// Check the ids to read in a window of which `length` positions are in use: `batch` rows that are equally long.
export function checkIds({ vocab_size, block_size }, rows, batch, length) {
  if (rows.length !== batch)
    throw new ValueError(
      `this reader has ${batch} rows, but ${rows.length} were given: pass one list of ids per row`,
    );
  const count = rows[0].length;
  if (rows.some((row) => row.length !== count))
    throw new ValueError(`rows must have equal lengths, not ${rows.map((row) => row.length).join(", ").slice(0, 80)}`);
  if (!count) throw new ValueError("there are no ids to read: pass at least one per row, such as that of a newline");
  if (!rows.every((row) => row.every((id) => Number.isInteger(id) && id >= 0 && id < vocab_size)))
    throw new ValueError(
      `ids must be whole numbers from 0 to ${vocab_size - 1}, the vocabulary, not ${listed(rows)}`,
    );
  if (length && count > 1) throw new ValueError(`after the start of a window ids are read one at a time, not ${count}`);
  if (length + count > block_size)
    throw new ValueError(
      `the window has ${block_size} positions, not ${length + count}: call clear() and read the last ids again`,
    );
}

// Check a selection of at least one of `batch` rows.
export function checkRows(rows, batch) {
  if (!rows.length || !rows.every((row) => Number.isInteger(row) && row >= 0 && row < batch))
    throw new ValueError(
      `rows to select must be numbers from 0 to ${batch - 1}, at least one, not ${listed(rows)}`,
    );
}

// A list as Python writes it, cut off where it is long.
const listed = (rows) => JSON.stringify(rows).replaceAll(",", ", ").slice(0, 80);
