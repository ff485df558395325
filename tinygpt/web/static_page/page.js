// The page without a server: plain HTML controls, and a worker that computes.

import { here } from "../address.js";
import { isRefusal } from "../backend.js";
import { drawGlossary, watchTerms } from "../definitions.js";
import { drawLines } from "../dom.js";
import { loading } from "../model/status.js";
import { watchNumberFields } from "../number_fields.js";
import { readLink } from "../share_link.js";
import { Inside } from "../tabs/inside.js";
import { arrive } from "../tabs/links.js";
import { byId, connectTabs } from "../tabs/tabs.js";
import { connectTour } from "../tabs/tour.js";
import { connectOutput, createWriter, stop, write } from "../tabs/write.js";
import { ComparisonForm } from "./comparison_form.js";
import { Form } from "./form.js";
import { watchPanels } from "./panels.js";
import { openBackend } from "./worker_backend.js";

const status = byId("status").firstElementChild;
const showArrived = () => document.documentElement.classList.remove("arriving"); // see start.js
const onClick = (id, action) => byId(id).addEventListener("click", action);

let limits; // the most characters of a prompt and of a text
const model = openBackend("model/", () => form.request, {
  onOpen: ({ bounds: { prompt, length }, facts }) => {
    limits = { prompt: prompt.high, length: length.high };
    comparison.tab.showWeights([["", "", facts.weights_sha256.slice(0, 12)]], "");
  },
  onReady: () => keepOffline(),
  onFailure: (lines) => {
    drawLines(byId("failure"), lines);
    if (!writer.text) drawLines(status, []); // nothing is loading any more
    showArrived();
  },
});

// The form shows the fields of a link that is opened, as soon as there is a text.
const backend = {
  ...model,
  write: (call, onText) => {
    let filled = !call.opened;
    model.write(call, (answer) => {
      if (!filled && answer.text !== undefined) {
        form.fill(readLink(call.link));
        filled = true;
      }
      onText(answer);
    });
  },
};

const writer = createWriter(backend, (text) => {
  byId("stop").disabled = !text?.writing;
  if (!text?.writing) byId("seed-used").value = text?.seed ?? "";
});
connectOutput(writer, () => writer.continue(form.request.length, limits));
writer.panel = byId("candidates");
drawLines(status, loading());
const inside = new Inside(writer);
inside.build(byId("inside"), backend);

const form = new Form(byId("form"), {
  onPrompt: (prompt) => comparison.showPrompt(prompt),
  onSampling: () => writer.inspectAgain(),
});
const comparison = new ComparisonForm(byId("comparison"), byId("compare"), backend, {
  onPrompt: (prompt) => form.showPrompt(prompt),
});

// What is asked for before the sample is there is done after it.
const sampled = new Promise((resolve) => model.write({ sample: true }, resolve));
byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  sampled.then(() => write(writer, form.request));
});
onClick("stop", () => stop(writer));
onClick("clear", async () => {
  await sampled;
  writer.clear();
  form.setPrompt("");
});
onClick("same-seed", () => (byId("seed-text").value = byId("seed-used").value));

const onOpen = { "compare-panel": () => comparison.see(), "inside-panel": () => inside.look() };
watchPanels(document.querySelector('[role="tablist"]'), (panel) => onOpen[panel]?.());
connectTabs();
watchNumberFields(document);
watchTerms();
drawGlossary(byId("glossary"));
connectTour(byId("tour"), writer);

sampled.then((sample) => {
  if (here().link === null && !isRefusal(sample)) writer.present(sample);
  arrive(writer, inside, comparison.tab, sample);
  showArrived();
});
document.documentElement.classList.add("started");

// Keeps the files in the browser, once this page no longer waits for them itself. It also works where they may not be
// kept: in private windows, in frames of other sites, and over http.
const keepOffline = () =>
  navigator.serviceWorker?.register("service_worker.js").catch(({ message }) => console.info(`Not kept: ${message}`));
