// Runs the model in a worker, so that the page never freezes. worker_backend.js is its other end.
//
//   from the page   { name: "open", base }: the URL of the folder model/, the first message
//                   { name, id, call }: a call of ../backend.js; a later one of the same name ends the one before
//                   { name: "stop", call }: end the texts of the latest call of a name where they are
//                   { name: "discard" }: as in ../backend.js
//   to the page     { name: "opened", config }: config.json is there; calls are answered as soon as the model is
//                   { name: "ready" }: the model is there
//                   { name: "failed", status }: it cannot be loaded, and why
//                   { name, id, answer }

import * as answers from "../model/answers.js";
import { compare } from "../model/comparison.js";
import { KERNELS, openEngine } from "../model/engine.js";
import { ValueError } from "../model/fields.js";
import { loading, refusal } from "../model/status.js";
import { TextEncoderDecoder } from "../model/tokenizer.js";

const ANSWERS = { ...answers, compare };
const SUPERSEDED = "superseded"; // the reason why a text ends when a later call has come

const signals = new Map(); // of the latest call, by its name
let described; // a promise of { config, tokenizer }
let opened; // a promise of these with the engine
let isReady = false;

const get = async (url) => {
  const failure = (reason) => {
    const file = url.pathname.split("/").at(-1);
    return new ValueError(`the model cannot be loaded (${file}: ${reason}): check the connection and reload the page`);
  };
  const response = await fetch(url).catch((error) => {
    throw failure(error.message);
  });
  if (!response.ok) throw failure(`status ${response.status}`);
  return response;
};

const describe = async (base) => {
  const config = await (await get(new URL("config.json", base))).json();
  postMessage({ name: "opened", config });
  return { config, tokenizer: new TextEncoderDecoder(config.vocabulary) };
};

const open = async (base) => {
  const urls = [new URL("weights.bin", base), ...KERNELS.map((name) => new URL(`../model/${name}`, import.meta.url))];
  const files = urls.map(async (url) => (await get(url)).arrayBuffer());
  const [{ config, tokenizer }, weights, ...kernels] = await Promise.all([described, ...files]);
  const engine = await openEngine(kernels, weights, config.model);
  isReady = true;
  postMessage({ name: "ready" });
  return { config, tokenizer, engine };
};

const load = (base) => {
  described = describe(base);
  opened = open(base);
  opened.catch((error) => postMessage({ name: "failed", status: problem(error) }));
};

// What was wrong with a call, or with this page.
const problem = (error) => {
  if (error instanceof ValueError) return refusal(error);
  console.error(error);
  return [["note", `This page has failed (${error.message}): reload it, and try again.`]];
};

const end = (name, reason) => {
  if (signals.has(name)) signals.get(name).reason ||= reason;
};

const discard = () => {
  end("write", SUPERSEDED);
  signals.delete("write");
};

const answer = async ({ name, id, call }) => {
  end(name, SUPERSEDED);
  const signal = { reason: "" };
  signals.set(name, signal);
  const reply = (answer) => signal === signals.get(name) && postMessage({ name, id, answer });
  try {
    if (!isReady && !call.sample && WAITING[name]) reply(WAITING[name]);
    const session = await (call.sample ? described : opened);
    if (signal === signals.get(name)) for await (const each of ANSWERS[name](session, call, signal)) reply(each);
  } catch (error) {
    reply({ status: problem(error) });
  }
};
const WAITING = { write: { status: loading() }, compare: { status: loading(), writing: true } };

onmessage = ({ data }) => {
  if (data.name === "open") load(data.base);
  else if (data.name === "stop") end(data.call, "stopped");
  else if (data.name === "discard") discard();
  else answer(data);
};
