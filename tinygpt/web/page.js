// The page that gradio serves: its parts, put together. gradio calls these functions when it has built a component
// ({ element, trigger, props, watch }), and when a person uses one of its own controls.

import * as browser from "./browser.js";
import { drawCandidates } from "./candidates.js";
import { drawColumns } from "./columns.js";
import { drawLines } from "./dom.js";
import { backend, connect } from "./gradio.js";
import { listTexts, remember, wait } from "./history.js";
import { AttentionMaps } from "./inside.js";
import { OutputPane } from "./output_pane.js";
import { listenToPoints, markPoint } from "./points.js";
import { outputFile, steered } from "./share_link.js";

const byId = (id) => document.getElementById(id);
let pane, panel, lines; // the output pane, and the elements of the candidates and of the lines below the text
let component; // that of the output pane
let text = null; // the Text on the page
let asked = null; // the Shown whose candidates are on the page

export const outputPane = (built) => {
  component = built;
  connect("text", built);
  pane = new OutputPane(built.element, (position) => inspect({ link: text.link, text: text.text, position }));
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

export const status = ({ element }) => (lines = element);

export const candidates = (built) => {
  panel = built.element;
  connect("candidates", built);
};

export const history = ({ element }) =>
  listTexts(element.querySelector(".texts"), (link) => {
    open(link);
    byId("output-pane").scrollIntoView({ block: "nearest", behavior: "smooth" });
  });

// Write the text of a form: the names of its fields, and their values.
export const write = (names, values) => {
  reveal();
  begin({ request: Object.fromEntries(names.map((name, i) => [name, values[i]])) });
};

const open = (link) => begin({ link, opened: true });

const choose = (character) =>
  begin({ link: steered(asked.link, asked.text, asked.position, character) }, { steering: true });

// Write a text. `steering` keeps the candidates in view until it is there.
const begin = (wish, { steering = false } = {}) =>
  backend.write(wish, (answer) => {
    drawLines(lines, answer.status);
    if (answer.text === undefined) return;
    if (!steering || !answer.writing) inspect(null);
    show(answer);
  });

const show = (answer) => {
  const changes = answer?.writing !== text?.writing || answer?.link !== text?.link;
  text = answer;
  pane.show(text && (text.text || text.writing) ? text : null);
  wait(text?.writing ?? false);
  if (text?.link && text.text) remember(text.link, text.text);
  if (changes) component.trigger("input"); // gradio asks for `controls`
};

// Gradio's updates of the controls that depend on the text: the buttons Copy, Copy link, Download and Stop, the share
// link as JSON, and the seed.
export const controls = () => {
  const update = (changes) => ({ __type__: "update", ...changes });
  const { writing, link, seed } = { writing: false, link: "", seed: "", ...text };
  const enabled = [link && text.text, link, link, writing].map((condition) => update({ interactive: Boolean(condition) }));
  return [...enabled, ...(writing ? [update(), update()] : [link, seed])];
};

// Show the candidates for a position of a text, a Shown; null puts the panel away.
const inspect = (shown) => {
  asked = shown;
  if (shown === null) return drawCandidates(panel, null);
  const actions = { choose, lookInside: () => openTab("Look inside") };
  backend.candidates(shown, (answer) => asked === shown && drawCandidates(panel, answer, actions));
};

// The sliders have moved: show the candidates for the same position again. A slider that is dragged moves often.
export const inspectAgain = () => {
  moved ??= setTimeout(() => {
    moved = null;
    if (asked) inspect(asked);
  }, 30);
};
let moved = null;

export const stop = () => backend.stop();

export const clear = () => {
  backend.stop();
  backend.forget();
  inspect(null);
  drawLines(lines, [["status", ""]]);
  show(null);
  return ""; // the prompt
};

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

// The tab Look inside was opened: inspect the text on the page, or else the prompt, unless it is inspected already.
export const lookInside = () => {
  opened = true;
  if (!maps) return;
  const shown = text?.link && text.text ? (asked ?? { link: text.link, text: text.text, position: null }) : null;
  if (shown !== null && isSame(shown, inside)) return;
  loading = true;
  lookAt({ ...shown, index: null, layer: null, head: null });
};

const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

const lookAt = (wish) =>
  backend.activations(wish, ({ status, ...answer }) => {
    loading = false;
    if (status) {
      [inside, diagramElement.innerHTML, lessonsElement.innerHTML] = [null, "", ""];
      return maps.refuse(status);
    }
    if (answer.maps && isSame(answer.shown, inside)) return; // the same prompt again
    inside = answer.shown;
    diagramElement.innerHTML = answer.diagram;
    if (answer.maps) [lessonsElement.innerHTML] = [answer.lessons, maps.show(answer)];
  });

const openTab = (name) => {
  // On a narrow screen, a tab may be in the menu of those that do not fit.
  const tabs = document.querySelectorAll('[role="tab"], .overflow-dropdown button');
  [...tabs].find((tab) => tab.textContent.trim() === name).click();
  scrollTo({ top: 0 });
};

export const reveal = (id = "output-pane") => browser.reveal(byId(id));
export const copyText = () => browser.copy(text.text, byId("copy"));
export const copyLink = () => browser.copy(new URL(location.pathname, location.origin).href + text.fragment, byId("link"));
export const download = () => browser.save("output.txt", outputFile(text.prompt, text.text));

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
const showSnapshots = ({ columns, status }) => {
  if (snapshotLines) drawLines(snapshotLines, status); // gradio builds the columns first
  if (!columns) return;
  drawColumns(snapshotElement, columns);
  if (chart) markPoint(chart, columns.find(({ selected }) => selected)?.name);
};

// Write with the snapshot of a step, or with all of them.
export const writeSnapshots = (step = "all") => {
  backend.snapshots({ step }, showSnapshots);
  const column = snapshotElement.querySelector(`section[data-name="${step}"]`);
  if (column?.getBoundingClientRect().top > 0.7 * innerHeight)
    column.scrollIntoView({ block: "nearest", behavior: "smooth" });
};
