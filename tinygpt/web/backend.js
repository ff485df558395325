// What computes for a page: the one interface between drawing and models, and the data that goes through it.
//
// The app's page has a server behind it (gradio.js); a page without a server would have a worker. Whoever draws knows
// only this:
//
//   backend.write(wish, onText)               write a text
//   backend.candidates(wish, onCandidates)    what else could stand at a position of a text
//   backend.activations(wish, onActivations)  how the model reads a character of a text
//   backend.compare(wish, onColumns)          write a prompt at several temperatures
//   backend.snapshots(wish, onTexts)          write a prompt with snapshots of the weights, from their training
//   backend.stop()                            end the text that is being written where it is: its last answer comes
//   backend.discard()                         end it, and pass none of its answers on any more
//
// Answers come back by calls: `onText`, `onColumns` and `onTexts` many times while texts grow, the others once. A
// wish ends the one before it that went to the same function: none of its answers is passed on any more.
//
// Wishes:
//   write        { request } a Request, to be written with the weights that are chosen on the page; or { link } the
//                JSON of a share link; or { link, opened: true } its JSON or its fragment, and the form then shows it
//   candidates   Shown
//   compare      { prompt, seed, temperatures }, as typed
//   snapshots    { step } the step of one snapshot, or "all"
//   activations  Shown with { index, layer, head }, which are null at first, for whoever answers to choose
//
// Data:
//   Request      { prompt, length, temperature, top_k, top_p, seed, stop, strategy, beam_width }, as in
//                tinygpt/request.py; top_k at the vocabulary's size and top_p 1 are no limits; a seed is digits in a
//                string, or ""
//   Shown        { link, text, position }: a finished text, the JSON of its share link, and a position in the text,
//                from 0, or null. Positions and lengths count characters (code points), as Python does
//   Line         [kind, sentence]: a line below a text; its kind is "status" or "note", the name of a CSS class
//   Span         [first, end]: positions of a passage; the end is exclusive
//   Text         { text, confidence, forced, writing, status, ... }
//                  text           the continuation so far
//                  confidence     a digit for each character: the tenths of probability that the model gave it, rounded
//                                 down; "" if unknown
//                  forced         positions of characters that a person chose
//                  writing        whether the text is still growing; if not, there are also
//                  memorized      Spans that occur in the training text
//                  link           the JSON of the share link, with every field: what is kept and sent around
//                  fragment       the same for an address: "#" and the fields that differ from their defaults
//                  prompt, seed   the prompt in characters that the model knows; the seed, "" if none was used
//                  status         Lines
//                Without `text` it holds only `status`: what was wrong with the wish, or what it waits for
//   Candidates   { position, character, how, candidates }: the character that stands there, how it was chosen, such as
//                "sampled", and for each character of the vocabulary [character, raw, tempered, kept], the likeliest
//                first: its probability by the model, after temperature, and after top-k and top-p.
//                Or only { status }: what was wrong with the wish
//   Activations  { shown, index, layer, head, diagram }: what was read (a Shown), the character of the window and the
//                head that are inspected, and the diagram as SVG. For a text that is new, there are also
//                  lessons        HTML
//                  maps.text      the window, or the part of it that is shown
//                  maps.layers, maps.heads
//                  maps.weights   base64 of deflated bytes, [layer][head][row][column]: the square root of each
//                                 attention weight, times 255
//                  maps.note      which part of the window is shown; "" if all of it
//                Or only { status }
//   Columns      { columns, status }: texts side by side, each { heading, text, memorized, name, selected, link }, and
//                Lines below them; its link is a fragment, or "". Without `columns`, what was wrong with the wish
//   Texts        { texts, selected, status }: for the name of a column { text, memorized }; the name of the column of
//                the one snapshot that was asked for, "" if it was all of them; and Lines. Without `texts` only Lines

// Numbers wishes, and passes on the answers to the latest one only.
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
