// The tab Train: begins a training, shows how far it is, and finds it again after the page was reloaded.

import { openTab } from "../tabs/tabs.js";
import { OwnWeights } from "../own_weights.js";
import { drawCommands, PresetCards, TrainingPanel } from "../train.js";
import { backend, connect } from "./backend.js";
import { chosenWeights, weightsHaveChanged } from "./weights_menu.js";

const KEY = "tinygpt.training"; // where the browser keeps the last training: { job, ended }
const PATIENCE = 4_000; // milliseconds without an answer after which a training is asked for again
const PATIENCE_AT_FIRST = 30_000; // and after which one is given up that has not begun

let cards, panel, list; // parts of the page, as soon as gradio has built them
let answer = null; // the last one that was shown
let job = null; // of the training that is under way, once it is known
let heard = null; // when there was last an answer about it; null if none is under way

// Connects the page with trainings: with that which this browser began before the page was loaded, if there is one.
export const training = (built) => {
  connect("training", built);
  const last = stored();
  if (last) ask({ job: last.job }, { ended: last.ended, open: !last.ended && !location.hash.includes("=") });
  addEventListener("online", () => heard !== null && reconnect());
  const isOverdue = () => heard !== null && Date.now() - heard > (job ? PATIENCE : PATIENCE_AT_FIRST);
  setInterval(() => isOverdue() && reconnect(), 1000);
};

// The answers have stopped: the network was gone, or the browser had put the page to sleep.
const reconnect = () => {
  if (job) return ask({ job });
  heard = null;
  show({ status: [["note", "The page does not answer. Check the connection, and try again."]] });
};

// Ask for the answers to a call (see backend.train). One that `ended` before may be forgotten by now, which nobody
// needs to know; with `open`, the tab is opened unless it has ended since.
const ask = (call, { ended = false, open = false } = {}) => {
  job = call.job ?? null;
  heard = Date.now();
  const before = chosenWeights();
  backend.train(call, (found) => {
    if (found.failed && job) return show({ ...answer, status: found.status }); // asked for again when it is overdue
    const underWay = Boolean(found.job && !found.ended);
    heard = underWay ? Date.now() : null;
    job = found.job ?? job;
    if (job && !found.lost) store(found.job ? { job, ended: found.ended } : null);
    if (found.job || !ended) show(found);
    if (found.ended && !ended && before === found.weights) weightsHaveChanged(); // they were trained further
    if (open && !found.ended) openTab("Train");
    open = false;
  });
};

const show = (found) => {
  answer = found;
  panel?.show(found);
};

// Train on the text of the form, with the preset that is chosen. While another training is under way, show that.
export const train = () => {
  if (heard === null) {
    show({ status: [["status", "Sending the text …"]] });
    ask({ preset: cards.chosen });
  }
  panel.reveal();
};

// Train weights by so many more steps. While another training is under way, show that.
const goOn = (weights, steps) => {
  if (heard === null) {
    show({ status: [["status", "Reading what was saved …"]] });
    ask({ weights, steps });
  }
  panel.reveal();
};

const writeWith = (weights) =>
  backend.chooseWeights({ weights }, (found) => {
    showList(found);
    if (!found.status.length) openTab("Write");
  });

// Show the list. Where it has lost the weights of the training that is shown above it, that is shown anew, too.
const showList = (found) => {
  list.show(found);
  if (found.weights && answer?.weights && !found.weights.some(({ name }) => name === answer.weights)) ask({ job });
};

export const presets = ({ element, trigger, props }) =>
  (cards = new PresetCards(element, props.value, () => trigger("input")));
export const presetSteps = () => cards.steps;

export const trainingPanel = ({ element, props }) => {
  panel = new TrainingPanel(element, props.value, {
    onStop: () => backend.stopTraining({ job }),
    onWrite: writeWith,
    onGoOn: goOn,
  });
  if (answer) panel.show(answer);
};

export const ownWeights = (built) => {
  list = new OwnWeights(built.element, {
    onWrite: writeWith,
    onGoOn: goOn,
    onRename: (weights, title) => backend.renameWeights({ weights, title }, showList),
    onDelete: (weights) => backend.deleteWeights({ weights }, showList),
  });
  connect("ownWeights", built, showList);
};

export const howToTrain = ({ element, props }) => drawCommands(element, props.value.commands);

const stored = () => {
  try {
    const { job, ended } = JSON.parse(localStorage.getItem(KEY));
    return typeof job === "string" ? { job, ended: Boolean(ended) } : null;
  } catch {
    return null; // no storage, or nothing of ours in it
  }
};
const store = (last) => {
  try {
    last ? localStorage.setItem(KEY, JSON.stringify(last)) : localStorage.removeItem(KEY);
  } catch {
    // No storage: a page that is reloaded does not find its training again, and it ends after a while.
  }
};
