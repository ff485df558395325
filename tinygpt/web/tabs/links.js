// Links: opening the one in the address, and keeping the address at what is seen.

import { follow, here, listen } from "../address.js";
import { isRefusal } from "../backend.js";
import { isListed } from "../history.js";
import { refusedBanner, sharedBanner } from "../link_view.js";
import { areVersions, keyOf, readLink, reseeded } from "../share_link.js";
import { byId, openTabOfAddress } from "./tabs.js";

let writer; // see write.js
let inside; // see inside.js
let compare; // see compare.js
let banner = null; // over the text in view
let awaited = null; // the link that is being opened
let first = null; // the text with which the page opened
let sample = null; // the text that is shown without a link

// A backend (see backend.js) whose texts and candidates the address follows. It also writes { known }, a Text that it
// gives back.
export const followed = (backend) => ({
  ...backend,
  write: ({ known, ...call }, onText) => {
    if (call.sample) return backend.write(call, onText);
    show(null);
    awaited = call.opened ? call.link : null;
    if (known) {
      backend.discard();
      return onText(known);
    }
    if (here().link === null) first = writer.text;
    backend.write(call, call.opened ? opening(call.link, onText) : following(onText));
  },
  candidates: (shown, onCandidates) => {
    follow({ position: shown.position });
    backend.candidates(shown, onCandidates);
  },
});

const following = (onText) => (answer) => {
  const { fragment } = answer;
  if (fragment) follow({ link: fragment, own: true }, { push: !areVersions(fragment, here().link) });
  onText(answer);
};

// Whether the text that comes was written before, here or elsewhere.
export const isOpening = () => awaited !== null;

// The text in view is finished, has gone, or is one from before.
export const followText = (text) => {
  if (text === null) {
    awaited = null;
    show(null);
    follow({ link: null, own: false }, { push: here().link !== null });
  } else if (awaited !== null) return;
  else if (text.link) follow({ link: text.sample ? null : text.fragment });
};

// What a link holds is shown at once. Where it cannot be opened, the text that was there before comes back.
const opening = (link, onText) => {
  const [fields, before] = [readLink(link), writer.text ?? sample];
  if (fields) {
    if (!here().own) show(bannerOf(fields));
    onText({ text: "", confidence: "", forced: [], prompt: fields.prompt, writing: true, status: [] });
  }
  return (answer) => {
    if (isRefusal(answer)) {
      show(refusedBanner(answer.status));
      onText(before?.link ? { ...before, status: answer.status } : answer);
      awaited = null;
      return;
    }
    if (answer.fragment) follow({ link: answer.fragment });
    onText(answer);
    if (!answer.link) return;
    awaited = null;
    const otherWeights = !readLink(answer.link).weights_sha256.startsWith(fields.weights_sha256);
    if (!here().own && otherWeights) show(bannerOf(fields, { otherWeights }));
    showPlace();
  };
};
const show = (element) => {
  const focused = banner?.contains(document.activeElement);
  banner?.remove();
  if (element) byId("output-pane").before(element);
  banner = element;
  if (focused) byId("continuation")?.focus({ preventScroll: true });
};
const bannerOf = (fields, { otherWeights = false } = {}) => {
  const isSampled = fields.strategy === "sample" && fields.temperature > 0;
  return sharedBanner({
    otherWeights,
    writeAnother: isSampled ? () => writer.write({ link: reseeded(writer.text?.link ?? JSON.stringify(fields)) }) : null,
    editPrompt: () => document.querySelector(".prompt textarea").focus(),
  });
};

const isOwn = (link) => here().own || isListed(link);
const putFirst = () => document.documentElement.classList.add("by-link");
if (here().link !== null && !isOwn(here().link)) putFirst(); // before the page is built, so that nothing moves

// Open a link, as the place where the page is.
const open = (link) => {
  const own = isOwn(link);
  follow({ own });
  if (!own) putFirst();
  writer.write({ link, opened: true }, { paced: false });
};

// Open one of the visitor's own texts.
export const openOwn = (link) => {
  follow({ link: keyOf(link), own: true }, { push: !areVersions(link, here().link) });
  if (writer) open(link); // else it is opened on arrival
};

// Show what the address says of the text in view; of a text that is being written, as soon as it is there.
const showPlace = () => {
  const { tab, position } = here();
  if (awaited !== null && (tab === "inside" || tab === "compare")) return;
  openTabOfAddress();
  if (tab === "compare") compare.look();
  if (tab === "inside") inside.look();
  if (awaited !== null || tab !== null) return;
  if (position !== null && position < [...(writer.shown?.text ?? "")].length) {
    if (position !== writer.inspected?.position) writer.inspect({ ...writer.shown, position });
  } else writer.inspect(null);
};

// Closed candidates are no part of what is seen.
const left = ({ target, newState }) => newState === "closed" && target.matches(".candidates");
addEventListener("toggle", (event) => left(event) && follow({ position: null }), true);

// The page is there, with its Writer, its Inside, its Compare, and the sample of its weights.
export const arrive = (...parts) => {
  [writer, inside, compare, sample] = parts;
  listen((place, before) => {
    if (keyOf(place.link) !== keyOf(before.link)) {
      if (place.link !== null) open(place.link);
      else if (first) writer.write({ known: first }, { paced: false });
      else writer.clear();
    }
    showPlace();
  });
  if (here().link !== null) open(here().link);
  showPlace();
};
