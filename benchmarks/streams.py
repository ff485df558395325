"""Time many texts written at once, each in a thread of its own, beside single texts, in turn.

All are of different seeds. The engine writes faster the more it has written, so some texts are written before.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count, islice
from statistics import median, quantiles

from benchmarks.command import header, make_parser, one_line_errors
from benchmarks.machine import seconds
from tinygpt.config import SampleConfig
from tinygpt.fields import Integer
from tinygpt.flags import SHIPPED
from tinygpt.hub.pull import find_weights
from tinygpt.inference.generation import stream
from tinygpt.inference.loading import open_checkpoint

PRACTICE = 20  # texts that the engine has written before it is timed
ROUNDS = 5
ALONE = 3  # texts that are timed alone in each round


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
        engine, tokenizer = open_checkpoint(find_weights(args.weights))

    def write(seed: int) -> tuple[float, float]:
        """Write a text, and return when its first character was there, and when its last."""
        pieces = stream(engine, tokenizer, "ROMEO:", SampleConfig(max_new_tokens=args.length, seed=seed))
        next(pieces)
        first = time.perf_counter()
        for _ in pieces:
            pass
        return first, time.perf_counter()

    seeds = count()
    for _ in range(PRACTICE):
        write(next(seeds))
    single, together, waits, ends = [], [], [], []
    with ThreadPoolExecutor(args.streams) as pool:
        for _ in range(ROUNDS):
            single += [args.length / seconds(partial(write, next(seeds))) for _ in range(ALONE)]
            start = time.perf_counter()
            firsts, lasts = zip(*pool.map(write, islice(seeds, args.streams)), strict=True)
            together.append(args.streams * args.length / (max(lasts) - start))
            waits += [first - start for first in firsts]
            ends.append([min(lasts) - start, max(lasts) - start])
    alone, all_together = median(single), median(together)
    print(header(f"0 to {next(seeds) - 1}"))
    print(f"one text alone      {alone:8,.0f} characters per second")
    print(f"{args.streams} texts together   {all_together:8,.0f}, {all_together / alone:.2f} times as many")
    print(f"first character     {quantiles(waits, n=20)[-1]:.2f} s after the start, 95 % of them")
    first_end, last_end = (median(column) for column in zip(*ends, strict=True))
    print(f"last character      {first_end:.2f} s after it in the first text that ended, {last_end:.2f} s in the last")


if __name__ == "__main__":
    main()
