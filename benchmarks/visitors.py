"""Many visitors of the page at once: python benchmarks/visitors.py [--visitors N]"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import mean, quantiles
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))

from machine import describe
from serving import Server, serving

from tinygpt.config import SampleConfig, check_integer
from tinygpt.flags import Parser


class Visit(NamedTuple):
    """What one visitor saw."""

    first: float  # seconds until there was some text
    last: float  # until all of it was there
    updates: int


def main() -> None:
    parser = Parser(prog="visitors.py", description=__doc__.split(":")[0])
    parser.add_argument("--visitors", type=int, default=50, metavar="N", help="default: 50")
    parser.add_argument("--length", type=int, default=500, metavar="N", help="characters for each (default: 500)")
    args = parser.parse_args()
    try:
        check_integer("visitors", args.visitors, 2, 1000)
        SampleConfig(max_new_tokens=args.length)
        with serving() as server:
            report(server, args.visitors, args.length)
    except (ValueError, OSError) as error:
        sys.exit(f"visitors.py: {error}")


def report(server: Server, visitors: int, length: int) -> None:
    visit(server, 0, length)  # by then the model is there
    print(f"machine   {describe()}\nseeds     0 to {visitors - 1}\n")
    print(f"at rest                {server.memory():6,.0f} MB")
    for together in (1, visitors):
        start = time.perf_counter()
        with ThreadPoolExecutor(together) as pool:
            visits = list(pool.map(lambda seed: visit(server, seed, length), range(together)))
        seconds = time.perf_counter() - start
        rate = mean((seen.updates - 1) / (seen.last - seen.first) for seen in visits)
        firsts = sorted(seen.first for seen in visits)
        print(f"\n{together} at once, {length} characters each, all served in {seconds:.2f} s")
        print(
            f"first text             {quantiles(firsts, n=20)[-1] if together > 1 else firsts[0]:6.2f} s, 95 % of them"
        )
        print(f"characters             {together * length / seconds:6,.0f} a second, all together")
        print(f"updates                {rate:6.1f} a second, each of them")
    print(f"at most                {server.memory('VmHWM'):6,.0f} MB")


def visit(server: Server, seed: int, length: int) -> Visit:
    """Ask for a text and read it to its end. Raises ValueError when it does not come whole."""
    start = time.perf_counter()
    seen = [(time.perf_counter() - start, text) for text in server.texts(prompt="ROMEO:", length=length, seed=seed)]
    if len(seen[-1][1]) != length:
        raise ValueError(f"the text of seed {seed} has {len(seen[-1][1])} of {length} characters")
    return Visit(seen[0][0], seen[-1][0], len(seen))


if __name__ == "__main__":
    main()
