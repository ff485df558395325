// The page about the API: what the endpoints take, and examples with this server's address.

import { create } from "../dom.js";

const root = new URL("../../../", import.meta.url).href;

const shell = (name) => `url=${root}gradio_api/call/v2/${name}
id=$(curl -s $url -H 'Content-Type: application/json' -d '{"prompt": "ROMEO:"}' | cut -d '"' -f 4)
curl -sN $url/$id`;

const python = (name) => `from gradio_client import Client  # pip install gradio_client

client = Client("${root}")
print(client.predict("ROMEO:", api_name="/${name}"))`;

const code = (text) => create("pre", { tabindex: "0" }, create("code", {}, text)); // tabindex: it may have to be scrolled

const row = (tag, ...cells) => create("tr", {}, ...cells.map((cell) => create(tag, {}, cell)));

const argument = ({ name, help, bounds, default: value }) =>
  row("td", create("code", {}, name), name === "prompt" ? "required" : JSON.stringify(value), bounds, help);

const endpoint = ({ name, about, arguments: list }) =>
  create(
    "section",
    {},
    create("h2", {}, `/${name}`),
    create("p", {}, about),
    create(
      "div",
      { class: "wide", tabindex: "0" },
      create(
        "table",
        {},
        create("thead", {}, row("th", "argument", "default", "bounds", "meaning")),
        create("tbody", {}, ...list.map(argument)),
      ),
    ),
    create("h3", {}, "From a shell"),
    code(shell(name)),
    create("h3", {}, "From Python"),
    code(python(name)),
  );

const show = (...parts) => document.getElementById("endpoints").replaceChildren(...parts);
try {
  const answer = await fetch(`${root}endpoints.json`);
  if (!answer.ok) throw new Error(answer.status);
  show(...(await answer.json()).map(endpoint));
} catch {
  show(create("p", {}, "The endpoints cannot be listed now. Open the page first, and log in if it asks; then come back."));
}
