// The page that gradio serves: its parts, put together. gradio calls these functions when it has built a component
// ({ element, trigger, props, watch }), and when a person uses one of its own controls.

import * as browser from "./browser.js";
import { drawColumns } from "./columns.js";
import { drawLines } from "./dom.js";
import { backend, connect } from "./gradio.js";
import { listTexts, remember, wait } from "./history.js";
import { AttentionMaps } from "./inside.js";
import { listenToPoints, markPoint } from "./points.js";
import { outputFile } from "./share_link.js";
import { Writer } from "./writer.js";

const byId = (id) => document.getElementById(id);
export const reveal = (id = "output-pane") => browser.reveal(byId(id));

const openTab = (name) => {
  // On a narrow screen, a tab may be in the menu of those that do not fit.
  const tabs = document.querySelectorAll('[role="tab"], .overflow-dropdown button');
  [...tabs].find((tab) => tab.textContent.trim() === name).click();
  scrollTo({ top: 0 });
};

// The tab Write.

let changed; // gradio's event of the output pane for which it asks for `controls`
const writer = new Writer(backend, {
  onChange: (text) => {
    wait(text?.writing ?? false);
    if (text?.link && text.text) remember(text.link, text.text);
    changed();
  },
  lookInside: () => openTab("Look inside"),
});

export const outputPane = (component) => {
  connect("text", component);
  changed = () => component.trigger("input");
  writer.pane = component.element;
  // A share link's fragment has fields with values; an anchor of this page has none. Earlier versions used ?recipe=.
  const linked = () => (location.hash.includes("=") ? location.hash : null);
  const link = linked() ?? new URLSearchParams(location.search).get("recipe");
  if (link !== null) open(link);
  addEventListener("hashchange", () => {
    if (linked() === null) return;
    openTab("Write");
    open(linked());
  });
};
export const status = ({ element }) => (writer.lines = element);
export const candidates = (component) => {
  connect("candidates", component);
  writer.panel = component.element;
};
export const history = ({ element }) =>
  listTexts(element.querySelector(".texts"), (link) => {
    open(link);
    byId("output-pane").scrollIntoView({ block: "nearest", behavior: "smooth" });
  });

const open = (link) => writer.write({ link, opened: true });

// Write the text of a form: the names of its fields, and their values.
export const write = (names, values) => {
  reveal();
  writer.write({ request: Object.fromEntries(names.map((name, i) => [name, values[i]])) });
};
export const stop = () => backend.stop();
export const clear = () => {
  writer.clear();
  return ""; // the prompt
};
export const inspectAgain = () => writer.inspectAgain();

// Gradio's updates of the controls that depend on the text: the buttons Copy, Copy link, Download and Stop, the share
// link as JSON, and the seed.
export const controls = () => {
  const update = (changes) => ({ __type__: "update", ...changes });
  const { text, writing, link, seed } = { writing: false, link: "", seed: "", ...writer.text };
  const enabled = [link && text, link, link, writing].map((each) => update({ interactive: Boolean(each) }));
  return [...enabled, ...(writing ? [update(), update()] : [link, seed])];
};
export const copyText = () => browser.copy(writer.text.text, byId("copy"));
export const copyLink = () => {
  const page = new URL(location.pathname, location.origin);
  browser.copy(page.href + writer.text.fragment, byId("link"));
};
export const download = () => browser.save("output.txt", outputFile(writer.text.prompt, writer.text.text));

// The tab Look inside.

let maps, diagramElement, lessonsElement;
let inside = null; // the Shown that is inspected
let loading = false; // another text, which takes the place of the one in view
let opened = false; // whether the tab was opened before gradio had built what is in it

export const diagram = ({ element }) => (diagramElement = element);
export const lessons = ({ element }) => (lessonsElement = element);
export const heads = (built) => {
  connect("activations", built);
  maps = new AttentionMaps(built.element, (selected) => loading || lookAt({ ...inside, ...selected }));
  if (opened) lookInside();
};

// The tab was opened: inspect the text on the page, or else the prompt, unless it is inspected already.
export const lookInside = () => {
  opened = true;
  if (!maps) return;
  const shown = writer.inspected ?? writer.shown;
  if (shown !== null && isSame(shown, inside)) return;
  loading = true;
  lookAt({ ...shown, index: null, layer: null, head: null });
};

const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

const lookAt = (wish) =>
  backend.activations(wish, (answer) => {
    loading = false;
    if (answer.status) return refuse(answer.status);
    if (answer.maps && isSame(answer.shown, inside)) return; // the same prompt again
    inside = answer.shown;
    diagramElement.innerHTML = answer.diagram;
    if (!answer.maps) return;
    lessonsElement.innerHTML = answer.lessons;
    maps.show(answer);
  });

const refuse = (lines) => {
  inside = null;
  diagramElement.replaceChildren();
  lessonsElement.replaceChildren();
  maps.refuse(lines);
};

// The other tabs.

let temperatureElement;
export const temperatures = (built) => {
  temperatureElement = built.element;
  connect("temperatures", built);
};
export const compare = (prompt, seed, temperatures) =>
  backend.compare({ prompt, seed, temperatures }, ({ columns, status }) =>
    columns
      ? drawColumns(temperatureElement, columns, { compare: true, lines: status })
      : drawLines(temperatureElement, status),
  );

let snapshotElement, snapshotLines, chart;
export const points = ({ element }) => listenToPoints((chart = element), writeSnapshots);
export const snapshotStatus = ({ element }) => (snapshotLines = element);
export const snapshots = (built) => {
  snapshotElement = built.element;
  connect("snapshots", built, showSnapshots);
};
const showSnapshots = ({ columns, texts, selected, status }) => {
  if (columns) snapshotColumns = columns; // of other weights, without texts
  if (texts)
    snapshotColumns = snapshotColumns.map((column) => ({
      ...column,
      ...texts[column.name],
      selected: column.name === selected,
    }));
  if (columns || texts) {
    drawColumns(snapshotElement, snapshotColumns);
    if (chart) markPoint(chart, selected);
  }
  if (snapshotLines) drawLines(snapshotLines, status); // gradio builds the columns first
};
let snapshotColumns = [];

// Write with the snapshot of a step, or with all of them.
export const writeSnapshots = (step = "all") => {
  backend.snapshots({ step }, showSnapshots);
  const column = snapshotElement.querySelector(`section[data-name="${step}"]`);
  if (column?.getBoundingClientRect().top > 0.7 * innerHeight)
    column.scrollIntoView({ block: "nearest", behavior: "smooth" });
};
