"""Time many texts written at once, each in a thread of its own, beside the same texts one after the other.

Both begin with an engine that has written nothing yet, since it writes faster the more it has written.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import quantiles

from benchmarks.command import header, make_parser, one_line_errors
from benchmarks.machine import seconds
from tinygpt.config import SampleConfig
from tinygpt.engines.engine import Engine
from tinygpt.fields import Integer
from tinygpt.flags import SHIPPED
from tinygpt.hub.pull import find_weights
from tinygpt.inference.generation import stream
from tinygpt.inference.loading import open_checkpoint


def main() -> None:
    """Run the command."""
    parser = make_parser("streams", __doc__)
    parser.add_argument("--weights", default=str(SHIPPED), metavar="FOLDER|USER/NAME")
    parser.add_argument("--streams", type=int, default=50, metavar="N", help="texts written at once (default: 50)")
    parser.add_argument("--length", type=int, default=500, metavar="N", help="characters of each (default: 500)")
    args = parser.parse_args()
    with one_line_errors(parser):
        Integer(2, 1000).checked("streams", args.streams)
        Integer(1).checked("length", args.length)
        (engine, tokenizer), (other, _) = (open_checkpoint(find_weights(args.weights)) for _ in range(2))

    def write(engine: Engine, seed: int) -> tuple[float, float]:
        """Write a text, and return when its first character was there, and when its last."""
        pieces = stream(engine, tokenizer, "ROMEO:", SampleConfig(max_new_tokens=args.length, seed=seed))
        next(pieces)
        first = time.perf_counter()
        for _ in pieces:
            pass
        return first, time.perf_counter()

    seeds, characters = range(args.streams), args.streams * args.length
    single = characters / seconds(lambda: [write(engine, seed) for seed in seeds])
    with ThreadPoolExecutor(args.streams) as pool:
        start = time.perf_counter()
        firsts, lasts = zip(*pool.map(partial(write, other), seeds), strict=True)
    together = characters / (max(lasts) - start)
    print(header(f"0 to {args.streams - 1}"))
    print(f"one after the other {single:8,.0f} characters per second")
    print(f"{args.streams} texts together   {together:8,.0f}, {together / single:.2f} times as many")
    print(f"first character     {quantiles([f - start for f in firsts], n=20)[-1]:.2f} s after the start, 95 % of them")
    print(f"last character      {min(lasts) - start:.2f} s after it in the first text that ended, ", end="")
    print(f"{max(lasts) - start:.2f} s in the last")


if __name__ == "__main__":
    main()
