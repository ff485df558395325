// Answers to common questions about the model, each at the station where it comes up.

import { create } from "./dom.js";
import { attentionKinds, exercises, growingMap } from "./drawings.js";
import { saveButtons } from "./figures.js";

// Draw the questions of a station, worded for a model (see Activations in backend.js), as elements that unfold.
// `paragraph` draws their words.
export const drawQuestions = (name, model, paragraph) =>
  questions(model)
    .filter(({ station }) => station === name)
    .map(({ title, words, drawing }) => {
      const figure = drawing ? [drawing, saveButtons(drawing.ariaLabel, () => drawing)] : [];
      return create("details", {}, create("summary", {}, title), ...figure, paragraph(words));
    });

const questions = ({ block_size, teachers }) => [
  {
    station: "attention",
    title: "Why can’t a character see later ones?",
    words: `In training the whole text is known, and a model that saw the next character would copy it instead of
      learning to predict it. So the scores of later characters are removed before the softmax: this is the plain half
      of every map here. As a result, one passage of text gives many exercises, one at each character, and all of them
      are done in a single pass; a recurrent network would have to do them in order. When the model writes, it reads the
      prompt with the same mask, and after the end of the text there is nothing to see.`,
    drawing: exercises("ROMEO"),
  },
  {
    station: "attention",
    title: "Encoder, decoder, and both",
    words: `This model is a decoder: it has one text, and each character attends to itself and to those before it. In an
      encoder, as used to classify or search texts, each character attends to all others, before and after; it can read,
      but it cannot continue a text. An encoder-decoder, first built for translation, has both, connected by
      cross-attention: the queries come from the text being written, the keys and values from the text that was read.`,
    drawing: attentionKinds(),
  },
  {
    station: "probabilities",
    title: "How did it learn?",
    words: `The weights began as random numbers. In each step the model reads a batch of passages from the text and
      predicts every next character; then it is shown the true ones. The loss is the mean of −ln p, where p is the
      probability that the model gave to the true character. Calculus tells for each weight in which direction the loss
      falls, and each weight takes a small step that way. In training the model always continues the true text,
      ${block_size} characters at a time, never its own. Dropout, weight decay and averaged weights, if the training
      uses them, keep it from memorizing the text. The last tenth of the text is never used for training: it shows how
      well the model does on text it has not seen. ${distillation(teachers)}`,
  },
  {
    station: "sampling",
    title: "Why does a cache work?",
    words: `You may read that a new character changes the attention among the earlier ones, so that everything has to be
      computed again. With a causal mask this is not so: the row of an earlier character never includes the new column,
      and nothing computed from that row changes. So keys and values are kept, and a new character costs only one new
      row. Only a full window makes a fresh start: its last half is read again, from position 0.`,
    drawing: growingMap(),
  },
];

const distillation = (teachers) => {
  const which = teachers === 1 ? "one teacher: a model that was" : `${teachers} teachers: models that were`;
  return teachers
    ? `These weights had ${which} trained first, whose probabilities they learned to reproduce (distillation).`
    : "";
};
