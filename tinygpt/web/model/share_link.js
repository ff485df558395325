// Share links that may come from anywhere: read as ../share_link.js reads them, and checked as
// tinygpt/ui/services/share_link.py checks them. A ShareLink is { request, weights_sha256, forced }: a request with its
// seed, at least the first digits of the weights' sha256, and the forced characters, a Map by their positions.

import { parseLink, until } from "../share_link.js";
import { FieldError, ValueError, quoted } from "./fields.js";
import { readRequest } from "./request.js";

const AGAIN = "ask for the link again, or write a text of your own"; // what to do about a link that cannot be opened
const SHA256 = /^[0-9a-f]{12,64}$/;

// The ShareLink of a fragment or of JSON. `declared` is the declaration of a request's fields (see request.js). Throws
// ValueError, with a sentence for people, for anything else.
export const readShareLink = (declared, link) => {
  const { weights_sha256, forced = [], ...fields } = parse(link);
  const unknown = Object.keys(fields)
    .filter((name) => !Object.hasOwn(declared, name))
    .sort();
  if (unknown.length)
    throw new ValueError(
      "This link is damaged, or was made by a newer version of this page, which has the field " +
        `${quoted(unknown[0], 40)}: reload the page, ${AGAIN}`,
    );
  if (typeof weights_sha256 !== "string" || !SHA256.test(weights_sha256))
    throw new ValueError(`This link does not say which weights wrote its text: ${AGAIN}`);
  const request = requestOf(declared, fields);
  if (request.seed === null) throw new ValueError(`This link has no seed: ${AGAIN}`);
  return { request, weights_sha256, forced: checkForced(declared, forced) };
};

// The fields of a link, as ../share_link.js writes them.
export const fieldsOf = ({ request, weights_sha256, forced }) => ({
  ...request,
  weights_sha256,
  forced: [...forced].sort(([one], [other]) => one - other),
});

// The JSON of a link, to the first `length` characters only if that is not 0.
export const linkTo = (link, length) => {
  const json = JSON.stringify(fieldsOf(link));
  return length ? until(json, length) : json;
};

// The error for a link whose text cannot be written, because of another error.
export const cannotBeOpened = ({ message }) => new ValueError(`This link cannot be opened (${message}): ${AGAIN}`);

const parse = (link) => {
  try {
    return parseLink(link);
  } catch {
    throw new ValueError(`This link is damaged or incomplete: ${AGAIN}`);
  }
};

const requestOf = (declared, fields) => {
  try {
    return readRequest(declared, fields);
  } catch (error) {
    throw error instanceof FieldError ? cannotBeOpened(error) : error;
  }
};

const checkForced = (declared, pairs) => {
  const isPair = (pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) return false;
    const [position, character] = pair;
    const isPosition = Number.isInteger(position) && 0 <= position && position < declared.length.high;
    return isPosition && typeof character === "string" && [...character].length === 1;
  };
  const wrong = (Array.isArray(pairs) ? pairs : [pairs]).filter((pair) => !isPair(pair));
  if (wrong.length || !Array.isArray(pairs))
    throw new ValueError(`The chosen characters in this link are damaged (${quoted(wrong[0], 40)}): ${AGAIN}`);
  const forced = new Map(pairs);
  if (forced.size < pairs.length) throw new ValueError(`This link names two characters for one position: ${AGAIN}`);
  return forced;
};
