// What computes for a page: the one interface between drawing and models, and the data that goes through it.
//
// The app's page has a server behind it, by gradio/backend.js; the page without a server has a worker, by
// static_page/worker_backend.js. Whoever draws knows only this:
//
//   backend.write(call, onText)               write a text
//   backend.candidates(call, onCandidates)    what else could stand at a position of a text
//   backend.activations(call, onActivations)  how the model reads a character of a text
//   backend.compare(call, onColumns)          write a prompt at several temperatures, or with two settings
//   backend.snapshots(call, onColumns)        write a prompt with snapshots of the weights, from their training
//   backend.train(call, onTraining)           train a model on a text, or go on, or follow what was begun before
//   backend.stopTraining(call)                end a training: its last answer comes when it is saved
//   backend.chooseWeights(call, onWeights)    choose weights that were trained on the page, and a prompt that suits them
//   backend.renameWeights(call, onWeights)    let weights that were trained on the page be called otherwise
//   backend.deleteWeights(call, onWeights)    delete them
//   backend.stop()                            end the text that is being written where it is: its last answer comes;
//                                             in the page without a server, stop("compare") ends texts side by side
//   backend.discard()                         end it, and pass none of its answers on any more
//
// Answers come back by calls: `onText` and `onColumns` many times while texts grow, `onTraining` until the training has
// ended, the others once. A call ends the one before it that went to the same function: none of its answers is passed
// on any more. If no answer can come, the last one is { lost: true, status }, with Lines that say so; with `failed` where
// the server is reached, but has none.
//
// Calls:
//   write        { request } a Request, to be written with the weights that are chosen on the page; or { link } the
//                JSON of a share link; or { link, opened: true } its JSON or its fragment, and the form then shows it;
//                or { sample: true } the sample of the weights that are chosen
//   candidates   Shown
//   compare      { prompt, seed, temperatures }, as typed; or { prompt, seed, left, right }, of which left and right hold
//                the fields of a Request in which the texts differ, and `weights`, the first digits of their sha256, if
//                there are several
//   snapshots    { prompt, seed }, as typed
//   train        { preset } the name of a preset, to train it on the text that was given on the page; or { weights,
//                steps }, to train those by so many more steps; or { job }, to follow a training
//   stopTraining { job }
//   chooseWeights, renameWeights, deleteWeights   { weights } their name; and { title } what people are to call them
//   activations  Shown with { index, layer, head, window }: which character of the window and which head are inspected,
//                where null leaves the choice to whoever answers; and whether the window is to be sent, too. Without
//                a link, the prompt on the page is meant
//
// Data:
//   Request      { prompt, length, temperature, top_k, top_p, seed, stop, strategy, beam_width }, as in
//                tinygpt/request.py; top_k at the vocabulary's size and top_p 1 are no limits; a seed is digits in a
//                string, or ""
//   Shown        { link, text, position }: a finished text, the JSON of its share link, and a position in the text,
//                from 0, or null. Positions and lengths count characters (code points), as Python does
//   Line         [kind, sentence]: a line below a text; its kind is "status" or "note", the name of a CSS class
//   Span         [first, end]: positions of a passage; the end is exclusive
//   Text         { prompt, text, confidence, forced, writing, status, ... }
//                  prompt         what the text continues, in characters that the model knows
//                  text           the continuation so far
//                  confidence     a digit for each character: the tenths of probability that the model gave it, rounded
//                                 down; "" if unknown
//                  forced         positions of characters that a person chose
//                  fragment       the share link for an address: "#" and the fields that differ from their defaults
//                  writing        whether the text is still growing; if not, there are also
//                  memorized      Spans that occur in the training text
//                  link           the JSON of the share link, with every field: what is kept and sent around
//                  seed           "" if none was used
//                  status         Lines
//                  sample         true for the sample of the weights; its text is "" if they have none
//                Without `text` it holds only `status`: a note on what was wrong with the call; or, with `writing`,
//                what it waits for
//   Candidates   { position, character, how, candidates }: the character that stands there, how it was chosen, such as
//                "sampled", and for each character of the vocabulary [character, raw, tempered, kept], the likeliest
//                first: its probability by the model, after temperature, and after top-k and top-p.
//                Or only { status }: what was wrong with the call
//   Activations  { shown, index, layer, head, model, reading }: what was read (a Shown), the character of the window
//                and the head that are inspected, and
//                  model          { family, vocab_size, block_size, n_layer, n_head, n_embd, head_size, hidden,
//                                 teachers }: its sizes, as in tinygpt/config.py; how many models it was distilled from
//                  reading        a Reading of the inspected character
//                  window         only if it was asked for: { text, note, weights }: the window, or a part of it; a
//                                 sentence on which part, "" if all of it; and, for every head, base64 of deflated
//                                 bytes, [layer][head][row][column]: the square root of each attention weight, times
//                                 255
//                Or only { status }
//   Reading      how a model reads a character and predicts the next one:
//                  length         how many characters it has read, with this one
//                  latest         the last of them, at most 8: [character, id]
//                  attention      of the head: { query, key, character, back, score, weight, latest, earlier }: the
//                                 query of the character; the key of the one that it attends to most, which is so many
//                                 characters back; their product, scaled; its weight; the weights of the `latest`
//                                 characters, and the sum of those before
//                  layers         before the first block and after each: { stream, norm, character, probability }: the
//                                 residual stream, its length, and the likeliest next character if the model ended
//                                 there
//                  vocabulary     [character, logit, probability, before], in the order of the vocabulary, of a large
//                                 one the likeliest 1,000: its probability to be sampled, and the sum of those before
//                  settings       of the sampling, in words
//                  next           the character that came next; "" if the text ends here
//                  uniform        the random number from 0 to 1 that sampled it, or null
//                  not_sampled    in words, why it was not sampled from these probabilities; "" if it was
//   Columns      { columns, status }: texts side by side, and Lines that are said of them. Columns are { name, heading,
//                caption, detail, text, memorized, link }: the caption is a sentence or two, the detail an exact
//                figure for it, or ""; the link is a fragment, or "". Without `columns` only Lines; with `writing`,
//                others are to come
//   Run          { chart, facts, weights_sha256 }: of the training of the weights. The chart is { curves, marks, note }:
//                curves { name, points } of [step, loss], marks { x, y, label } of its snapshots, and Lines. The facts
//                are [name, words, figures]
//   Training     { job, steps, step, ended, curves, marks, lowest, sample, weights, best, more, status }
//                  job            its id, which only who began it knows
//                  steps, step    the steps in all, and those done; null before the first one can be done
//                  ended          whether it has ended, with its weights kept
//                  curves, marks  losses as chart.js draws them
//                  lowest         a sentence on when it predicted text that it never saw best, and why no longer; or ""
//                  sample         [step, text]: what the model wrote after a step; null before there is one
//                  weights        the name of its weights, once it has ended; "" before
//                  best           [name, step] of the best weights, where these are not the last ones; or null
//                  more           by how many steps it goes on if nothing else is said
//                  status         Lines, of which the first changes seldom
//                Or only { status }: why there is none, or why it failed
//   OwnWeights   { weights, rule, longest, status }: what was trained on the page, each { name, title, about, size,
//                best, more }: what people call it, facts, how much disk space it takes, and as in a Training; a line on
//                who may do what; and the most letters of a title. Or only { status }

// Whether the answer to a call for a text says what was wrong with it.
export const isRefusal = ({ text, status }) => text === undefined && status.some(([kind]) => kind === "note");

// Numbers calls, and passes on the answers to the latest one only.
export class Latest {
  #number = 0;
  #onAnswer = null;

  begin(onAnswer) {
    this.#onAnswer = onAnswer;
    return ++this.#number;
  }

  answer(number, answer) {
    if (number === this.#number) this.#onAnswer?.(answer);
  }

  // No answer is awaited any more.
  end() {
    this.begin(null);
  }
}
