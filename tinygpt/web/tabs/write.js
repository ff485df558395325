// The tab Write: what both pages do with a text. The controls beside the prompt are their own.

import * as browser from "../browser.js";
import { cardOf, sourceOf } from "../card.js";
import { drawLines } from "../dom.js";
import { isListed, listTexts, remember, wait } from "../history.js";
import { outputFile } from "../share_link.js";
import { Writer } from "../writer.js";
import { followText, followed, isOpening, openOwn } from "./links.js";
import { byId, openTab, reveal } from "./tabs.js";
import { seeText } from "./tour.js";

// A Writer whose texts the address, the visitor's history and the output follow. `onChange` is called with the text, null
// for none, when it begins, ends or goes.
export const createWriter = (backend, onChange) => {
  const writer = new Writer(followed(backend), {
    onChange: (text) => {
      wait(text?.writing ?? false);
      if (text?.link && text.text && !text.sample && (!isOpening() || isListed(text.link)))
        remember(text.link, text.text);
      followText(text);
      drawOutput(writer);
      seeText(text);
      onChange(text);
    },
    onRefusal: () => byId("status").scrollIntoView({ block: "nearest" }),
    lookInside: () => openTab("Look inside"),
  });
  return writer;
};

// What the buttons beside the prompt do.
export const write = (writer, request) => {
  reveal();
  writer.write({ request });
};
export const stop = (writer) => {
  writer.stop();
  if (document.activeElement === byId("stop")) byId("continuation")?.focus(); // the button is disabled by then
};

// The address that writes a text again: that of the page, also where it is in a frame.
const addressOf = ({ fragment }) => location.origin + location.pathname + fragment;

// What the buttons below the text do, by their ids.
const actions = (writer) => ({
  undo: () => {
    writer.undo();
    if (!writer.canUndo) byId("continuation").focus({ preventScroll: true }); // the button is gone by then
  },
  copy: () => browser.copy(writer.text.text, byId("copy")),
  "copy-all": () => browser.copy(writer.text.prompt + writer.text.text, byId("copy-all")),
  link: () => {
    const { text, prompt } = writer.text;
    const beginning = [...prompt.trimStart(), ...text].slice(0, 200).join("").trim();
    browser.share({ title: document.title, text: `${beginning} …`, url: addressOf(writer.text) }, byId("link"));
  },
  picture: async () => {
    const { text } = writer;
    try {
      await browser.saveOrShare(new File([await cardOf(text, addressOf(text))], "tinygpt.png", { type: "image/png" }));
    } catch (error) {
      drawLines(byId("status").firstElementChild, [["note", `The picture could not be made: ${error.message}.`]]);
      throw error;
    }
  },
  download: () => {
    const content = outputFile(writer.text.prompt, writer.text.text);
    browser.download(new File([content], "output.txt", { type: "text/plain;charset=utf-8" }));
  },
  "copy-json": () => browser.copy(byId("json").value, byId("copy-json")),
});

// Let a writer use the output (see ../output.html). `goOn` is called when a person asks for more of the text.
export const connectOutput = (writer, goOn) => {
  writer.pane = byId("output-pane").firstElementChild;
  writer.lines = byId("status").firstElementChild;
  for (const [id, act] of Object.entries({ "go-on": goOn, ...actions(writer) }))
    byId(id).addEventListener("click", act);
  if (browser.canShare) byId("link").textContent = "Share";
  const shade = byId("tint").querySelector("input");
  const draw = () => byId("output-pane").classList.toggle("tinted", shade.checked);
  shade.addEventListener("change", draw);
  draw(); // browsers keep what was chosen when a page is loaded again
  listTexts(document.querySelector(".texts"), (link) => {
    openOwn(link);
    browser.scrollTo(byId("output-pane"), { block: "nearest" });
  });
};

// The buttons below the text are enabled where they can do something. Continue stays so while it writes, so that it
// keeps the focus. Of a finished text, its share link stands there as JSON.
const drawOutput = ({ text: shown, canUndo }) => {
  const { text, writing, link } = { writing: false, link: "", ...shown };
  const isFinished = Boolean(link && text);
  const enabled = {
    "go-on": Boolean(text) && (writing || isFinished),
    copy: isFinished,
    "copy-all": isFinished,
    picture: isFinished,
    link,
    download: link,
  };
  for (const [id, isEnabled] of Object.entries(enabled)) byId(id).disabled = !isEnabled;
  byId("undo").hidden = !canUndo;
  byId("source").textContent = isFinished ? `${sourceOf(shown)}\n${addressOf(shown)}` : "";
  if (!writing) byId("json").value = link;
};
