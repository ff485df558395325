// Lessons about the model, for beginners: what each of its stations does, and something to try there.

import { create } from "./dom.js";
import { explained } from "./glossary.js";
import { drawQuestions } from "./questions.js";

// Draw the lessons, worded for a model (see Activations in backend.js). A lesson's id is "lesson-" and its name.
// `parts` are elements of the page that belong to some lessons, by the lesson's name: { head, figure, aside }. A lesson's
// own numbers go into its .numbers.
export const drawLessons = (model, parts = {}) =>
  STATIONS.map((name, i) => {
    const told = new Set(); // words that are explained already, in the order in which they are read
    const paragraph = (words) => create("p", {}, ...explained(plain(words), told));
    const { title, words, task, more } = LESSONS[name](model);
    const { head = [], figure = [], aside = [] } = parts[name] ?? {};
    return create(
      "section",
      { id: `lesson-${name}`, class: "lesson", tabindex: -1 },
      create("h2", {}, `${i + 1} ${title}`),
      ...head,
      create("div", { class: "figure" }, ...figure, create("div", { class: "numbers" })),
      create(
        "div",
        { class: "words" },
        ...aside,
        paragraph(words),
        create("p", { class: "task" }, create("b", {}, "Try it. "), ...explained(plain(task), told)),
        create("details", { class: "more" }, create("summary", {}, "More"), paragraph(more)),
        ...drawQuestions(name, model, paragraph),
      ),
    );
  });

const plain = (words) => words.replace(/\s+/g, " ").trim();

// What is said of each station: a title; words; a task with what to look for; and `more`, which is folded at first.
const LESSONS = {
  characters: ({ vocab_size: V }) => ({
    title: "Characters and their ids",
    words: `The text is split into characters, and each character becomes a number: its place in the sorted list of the
      ${V} characters that occur in the training text. The number says nothing about what the character is like.`,
    task: `Choose a character in the text above, then the same one at another place. Look at the numbers below the boxes:
      does it always have the same one?`,
    more: `With whole words instead, a text would have fewer pieces, but the list would be far longer. A model of characters
      has to learn to spell first, and you can watch it do so.`,
  }),

  embedding: ({ family, n_embd: C, block_size: T }) => ({
    title: "Embedding",
    words: `The id selects a row of ${C} numbers from a table, and from here on these numbers stand for the character.
      Training has adjusted them so that characters that are used alike have similar rows. (In the colored band, red is
      above zero and blue below.)`,
    task: `Choose another character: which numbers change? Then find the same character at another place. Look at the
      band: is it the same one again?`,
    more:
      family === "gpt"
        ? `It is not, because a second table has a row for each of the ${T} positions, and this row is added. Attention
           compares contents only: without positions, a character could not tell directly how far back another one is.`
        : `It is, because the position of a character is not included yet. Later, each query and key is rotated by an angle
           that grows with its position (RoPE), so that the product of the two depends on how far apart they are.`,
  }),

  attention: ({ head_size: D, n_head, n_layer }) => ({
    title: "Attention: query, key and value",
    words: `Three vectors are computed from every character: the query says what it is looking for, the key what it can be
      found by, and the value what it passes on. A head compares a character’s query with its own
      key and all keys before it: the better one matches, the more of that value is taken.`,
    task: `${
      n_head * n_layer === 1
        ? "Choose another character: which ones does it attend to?"
        : `Choose head ${Math.min(3, n_head)} of block ${n_head === 1 ? n_layer : 1} (in the small maps, each row is a block,
           each column one of its heads): which characters does it attend to?`
    } Look at the text above: the deeper the color, the more.`,
    more: `The product of a query and a key, divided by √${D} to keep it small, is a score. Softmax turns the scores into
      weights that sum to 1, and the values are added up with these weights. ${
        n_head === 1
          ? "Each block has one such head, and one more matrix mixes its result."
          : `Each block has ${n_head} such heads side by side, and each can look for something different. Their results
             are joined and mixed by one more matrix.`
      }`,
  }),

  "feed-forward": ({ family, n_embd: C, hidden }) => ({
    title: "Feed-forward",
    words: `The feed-forward part processes what attention has gathered, for each character by itself: it expands the
      ${C} numbers to ${hidden} and reduces them to ${C} again. This part holds most of a block’s weights, and much of
      what the model remembers.`,
    task: `Choose another character: does the block add the same numbers to it? Look at the band, and at how long the
      vector is.`,
    more:
      family === "gpt"
        ? `Between the two matrices, a ReLU sets all negative numbers to zero. Without it, the two matrices could do no
           more than a single one.`
        : `In the middle there are two branches, and one decides how much of the other passes through (SwiGLU). Without
           such a nonlinear step, matrices in a row could do no more than a single one.`,
  }),

  residual: () => ({
    title: "Residual sums and norms",
    words: `A block replaces nothing: the outputs of its two parts are added to its input. The guesses below the bands are
      what step 6 and a softmax would make of the sum so far: you can watch the model change its mind.`,
    task: `Read the guesses from top to bottom: after which block does the model arrive at its last one? Then choose
      another character. Look at the percentages, too: does it become surer?`,
    more: `This leaves a direct path through all blocks, and in training the error signal travels back along it to the
      first block without fading. Each part reads a copy that is scaled to a standard size (the norm), however large the
      sum has become.`,
  }),

  logits: ({ n_embd: C, vocab_size: V }) => ({
    title: "Logits",
    words: `After one more norm, a matrix turns the last character’s ${C} numbers into ${V} scores, one for each character
      that could come next. These scores are called logits. Only the differences between them matter: adding the same
      number to all of them would change nothing.`,
    task: `Choose another character: how far is the highest score ahead of the second? Look for one that is far ahead, and
      for two that are close: where in a word is the model sure of what comes next?`,
    more: `At temperature 1, a score that is higher by 1 makes its character e times, or 2.7 times, as likely.`,
  }),

  probabilities: () => ({
    title: "Probabilities",
    words: `Softmax turns the scores into probabilities: e to the power of each score, divided by the sum of all of these.
      Before that, the scores are divided by the temperature.`,
    task: `Move the temperature: what happens to the bars? Look at the tallest one and at all the small ones, at 0, at 1
      and at 2. Your text stays as it is.`,
    more: `Below 1, likely characters become even likelier; above 1, the probabilities move closer together; at 0, the
      likeliest character is always chosen. Top-k and top-p then remove unlikely characters, and the remaining
      probabilities are scaled to sum to 1 again.`,
  }),

  sampling: () => ({
    title: "The next character",
    words: `The probabilities are laid end to end as sections of a line from 0 to 1. A random number between 0 and 1
      falls on one of the sections, and its character comes next.`,
    task: `Choose some characters of the text, one after the other: on which section does each random number fall? Look
      for the arrow. Long sections are hit most, but a short one can be hit, too, and then the text surprises.`,
    more: `The random numbers come from the seed, one for each character, so the same seed always writes the same text. The
      new character is appended, and everything starts again: a text is written one character at a time.`,
  }),
};

// The names of the stations, in their order, and what else can be seen of them: all on one page.
export const STATIONS = Object.keys(LESSONS);
export const VIEWS = [...STATIONS, "all"];
