"""How fast many texts are written at once, beside one alone: python benchmarks/streams.py [--streams N]"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).parent.parent))

from machine import describe, seconds

from tinygpt.config import SampleConfig, check_integer
from tinygpt.flags import SHIPPED, Parser
from tinygpt.generation import stream
from tinygpt.hub import find_weights
from tinygpt.opening import open_checkpoint


def main() -> None:
    parser = Parser(prog="streams.py", description="Write many texts at once, each in a thread of its own.")
    parser.add_argument("--weights", default=str(SHIPPED), metavar="FOLDER|USER/NAME")
    parser.add_argument("--streams", type=int, default=50, metavar="N")
    parser.add_argument("--length", type=int, default=500, metavar="N", help="characters of each (default: 500)")
    args = parser.parse_args()
    try:
        check_integer("streams", args.streams, 2, 1000)
        model, tokenizer = open_checkpoint(find_weights(args.weights))
        SampleConfig(max_new_tokens=args.length)
    except (ValueError, OSError) as error:
        sys.exit(f"streams.py: {error}")

    def written(seed: int) -> tuple[float, float]:
        """When the first character of a text was there, and when the last."""
        pieces = stream(model, tokenizer, "ROMEO:", SampleConfig(max_new_tokens=args.length, seed=seed))
        next(pieces)
        first = time.perf_counter()
        for _ in pieces:
            pass
        return first, time.perf_counter()

    written(0)  # compiles
    single = median(args.length / seconds(lambda: written(0)) for _ in range(9))
    with ThreadPoolExecutor(args.streams) as pool:
        start = time.perf_counter()
        firsts, lasts = zip(*pool.map(written, range(args.streams)), strict=True)
    together = args.streams * args.length / (max(lasts) - start)
    print(f"machine   {describe()}\nseeds     0 to {args.streams - 1}\n")
    print(f"one text alone      {single:8,.0f} characters a second")
    print(f"{args.streams} texts together   {together:8,.0f}, {together / single:.2f} times one")
    print(f"first character     {quantiles([f - start for f in firsts], n=20)[-1]:.2f} s after the start, 95 % of them")
    print(f"last character      {min(lasts) - start:.2f} s after it in the first text that ended, ", end="")
    print(f"{max(lasts) - start:.2f} s in the last")


if __name__ == "__main__":
    main()
