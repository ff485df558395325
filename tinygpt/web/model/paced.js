// Texts that grow in a worker, which has other calls to answer meanwhile.

const UPDATE_INTERVAL = 1000 / 15; // milliseconds: often enough for a text to look alive
const TURN = 8; // milliseconds between two breaks in which other tasks have their turn

const { port1: sent, port2: received } = new MessageChannel();
received.start();
// Other tasks that wait, such as messages, have their turn. A timer would wait longer.
const otherTasks = () =>
  new Promise((resolve) => {
    received.addEventListener("message", resolve, { once: true });
    sent.postMessage(null);
  });

// Some of the states of a text: the first with characters, the last, and those that are due in between. A reason in
// `signal` ends the text where it is.
export async function* paced(states, signal) {
  let [state, shown, resumed, pending] = [states.next().value, -Infinity, performance.now(), true];
  for (state of states) {
    const now = performance.now();
    pending = now - shown < UPDATE_INTERVAL;
    if (!pending) {
      yield state;
      shown = now;
    }
    if (now - resumed > TURN) {
      await otherTasks();
      resumed = performance.now();
    }
    if (signal.reason) break;
  }
  if (pending) yield state;
}
