// The words of machine learning that the page uses, each explained once.

// By name: the forms in which a word occurs; two sentences on it; and the station of the tab Look inside that shows it, if
// one does. The list at the end of the page has them in this order.
export const GLOSSARY = {
  parameters: {
    forms: ["parameters", "parameter"],
    words: `The numbers in a model that training adjusts, also called its weights. All that it knows of the text that
      it was trained on is in them.`,
  },
  context: {
    forms: ["context"],
    words: `The characters that the model can see at once. Once a text is longer than that, the model forgets how it
      began.`,
  },
  loss: {
    forms: ["loss", "losses"],
    words: `How many nats each character of a text costs the model, on average: the lower, the better it predicts the
      text. A loss of 1.39 means that it is about as unsure as someone who has to choose among 4 letters, all equally
      likely.`,
  },
  nats: {
    forms: ["nats", "nat"],
    words: `A measure of surprise: a character that the model gave the probability p costs −ln p nats. One that was
      given 50% costs 0.69 nats, one that was given 1% costs 4.6.`,
  },
  overfitting: {
    forms: ["overfitting"],
    words: `Learning a text by heart instead of what texts like it have in common. The loss on that text goes on
      falling, but the loss on text that the model never saw rises again.`,
  },
  query: {
    forms: ["query", "queries"],
    words: `A list of numbers that each head computes from a character: what that character is looking for. The better
      it matches the key of an earlier character, the more of that character it takes in.`,
    station: "attention",
  },
  key: {
    forms: ["key", "keys"],
    words: `A list of numbers that each head computes from a character: what that character can be found by. The queries
      of this and of later characters are compared with it.`,
    station: "attention",
  },
  value: {
    forms: ["value", "values"],
    words: `A list of numbers that each head computes from a character: what that character passes on to those that
      look back at it. A head adds up the values of all that it sees, each times its attention weight.`,
    station: "attention",
  },
  head: {
    forms: ["attention heads", "attention head", "heads", "head"],
    words: `A part of the model that decides, for each character, which characters it looks back at and how much. Each
      head has a map of its own under “Look inside”: one may look one letter back, another at the beginning of the word
      or at the name of the speaker.`,
    station: "attention",
  },
  mask: {
    forms: ["causal mask", "mask", "masked"],
    words: `It hides all later characters from each character, so that the model has to predict what it cannot see. In
      every attention map, the half above the diagonal is plain for this reason.`,
    station: "attention",
  },
  cache: {
    forms: ["KV cache", "cache"],
    words: `The keys and values of the characters read so far, which are kept. Without it, the model would have to read
      the whole text again for each new letter.`,
    station: "sampling",
  },
  residual: {
    forms: ["residual stream", "residual sums", "residual sum", "residual"],
    words: `The list of numbers that stands for a character on its way through the model. Each part of each block adds
      its output to it and replaces nothing, so that what was there before gets through.`,
    station: "residual",
  },
  logits: {
    forms: ["logits", "logit"],
    words: `The scores that the model gives to all characters that could come next; only the differences between them
      matter. Softmax turns them into the percentages that you see when you click a letter.`,
    station: "logits",
  },
  softmax: {
    forms: ["softmax"],
    words: `Turns scores into probabilities that sum to 1: e to the power of each score, divided by the sum of all of
      these. If one score is higher than another by 1, its probability is 2.7 times as high.`,
    station: "probabilities",
  },
  temperature: {
    forms: ["temperature", "temperatures"],
    words: `All logits are divided by it: below 1, likely letters become even likelier, and above 1, unlikely ones get
      a better chance. At 0 the likeliest letter always comes next; at 1 the probabilities are just as the model learned
      them.`,
    station: "probabilities",
  },
  "top-k": {
    forms: ["top-k"],
    words: `Only the k likeliest letters may come next. With 1, that is always the likeliest one; at the right end of
      the slider, all may come.`,
    station: "probabilities",
  },
  "top-p": {
    forms: ["top-p"],
    words: `Only the likeliest letters may come next, as many as it takes for their probabilities to reach p in total.
      Where the model is sure, one or two may be enough; where it is unsure, many are left.`,
    station: "probabilities",
  },
  sampling: {
    forms: ["sampling", "sampled"],
    words: `The next letter is drawn at random, each as often as its probability says: one with 30% comes about three
      times in ten. So the same prompt can go on in many ways.`,
    station: "sampling",
  },
  seed: {
    forms: ["seed", "seeds"],
    words: `The number that all random choices of a text follow from. The same seed writes the same text again, if the
      prompt, the settings and the weights are the same, too.`,
    station: "sampling",
  },
  greedy: {
    forms: ["greedy"],
    words: `The likeliest letter always comes next, as with temperature 0. Nothing is left to chance, so a text that
      comes back to what it has said before usually goes on as it did then, as in “the sea of the sea of the sea”.`,
  },
  beam: {
    forms: ["beam search", "beam width", "beams", "beam"],
    words: `Beam search writes several texts at once, as many as the beam is wide, and keeps those that are likeliest as
      a whole. What is likeliest as a whole often says the same thing again and again.`,
  },
};

const NAMES = new Map(Object.entries(GLOSSARY).flatMap(([name, { forms }]) => forms.map((form) => [form.toLowerCase(), name])));
const FORMS = [...NAMES.keys()].sort((one, other) => other.length - one.length).join("|");
const OCCURRENCES = new RegExp(`(?<![\\p{L}\\p{N}-])(?:${FORMS})(?![\\p{L}\\p{N}-])`, "giu");

// A sentence as nodes, in which the first occurrence of each word of the glossary is a button that opens its definition
// (see definitions.js). `told` holds the names of those that are explained already: the sentences of one place share it,
// and add to it.
export const explained = (words, told) => {
  const element = document.createElement("span");
  element.append(words);
  explainText(element, told);
  return [...element.childNodes];
};

// Do the same with the text that an element holds. The text nodes stay those that were there, as gradio may change them.
export const explainText = (element, told = new Set()) => {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const text of texts.filter((each) => !each.parentElement.closest("textarea, select, .term"))) explainNode(text, told);
};

const explainNode = (text, told) => {
  let [rest, start] = [text, 0];
  for (const { 0: form, index } of text.data.matchAll(OCCURRENCES)) {
    const name = NAMES.get(form.toLowerCase());
    if (told.has(name)) continue;
    told.add(name);
    const word = index > start ? rest.splitText(index - start) : rest;
    rest = word.splitText(form.length);
    start = index + form.length;
    const button = term(name);
    word.replaceWith(button);
    button.append(word);
  }
  if (rest !== text && !rest.data) rest.remove(); // nothing is left after the last word
};

// Screen readers read the definition with the word: it is in the list of all. A label that holds a button element would
// name that, and no longer its control.
const term = (name) => {
  const button = document.createElement("span");
  const attributes = { role: "button", tabindex: 0, class: "term", "data-word": name, "aria-describedby": `word-${name}` };
  for (const [attribute, value] of Object.entries(attributes)) button.setAttribute(attribute, value);
  return button;
};
