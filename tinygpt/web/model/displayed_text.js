// A finished text on a visitor's page, of which they inspect a character, as tinygpt/ui/services/displayed_text.py has it:
// { link, prompt, text, position }, with lists of characters. A prompt without a continuation has an empty text.

import { prepare } from "./continuation.js";
import { ValueError } from "./fields.js";
import { readRequest } from "./request.js";
import { readShareLink } from "./share_link.js";

// The text of a Shown (see ../backend.js). Throws ValueError for what no page shows, and where other weights wrote it.
export const readDisplayedText = (session, { link, text, position }) => {
  const { bounds } = session.config;
  const shareLink = readShareLink(bounds, link);
  checkWeights(session, shareLink);
  if (typeof text !== "string" || [...text].length > bounds.length.high)
    throw new ValueError("there is no such text on the page: write another one");
  session.tokenizer.encode(text);
  const { prompt } = prepare(session, shareLink.request);
  return { link: shareLink, prompt: [...prompt], text: [...text], position: position ?? null };
};

// The same text, if there is a character at its position. Throws ValueError otherwise.
export const atCharacter = (displayed) => {
  const { position, text } = displayed;
  if (Number.isInteger(position) && 0 <= position && position < text.length) return displayed;
  throw new ValueError("there is no character to inspect: select another one");
};

// A prompt without a continuation, with the settings of the sampling.
export const promptAlone = (session, prompt, settings) => {
  const { bounds, facts } = session.config;
  const request = readRequest(bounds, { prompt, seed: "0", ...settings }); // nothing is sampled, but a link has a seed
  const link = { request, weights_sha256: facts.weights_sha256, forced: new Map() };
  return { link, prompt: [...prepare(session, request).prompt], text: [], position: null };
};

// Throw ValueError for a link whose text other weights wrote.
export const checkWeights = ({ config }, link) => {
  if (!config.facts.weights_sha256.startsWith(link.weights_sha256))
    throw new ValueError("the weights that wrote this text are no longer here: write it anew with others");
};
