"""Time texts that many visitors of the page request at once, and measure the memory of its server."""

import time
from concurrent.futures import ThreadPoolExecutor
from statistics import mean, quantiles
from typing import NamedTuple

from benchmarks.command import header, make_parser, one_line_errors
from benchmarks.serving import Server, serving
from tinygpt.fields import Integer


class Visit(NamedTuple):
    """What one visitor saw."""

    first: float  # seconds until the first text
    last: float  # seconds until the last
    updates: int


def main() -> None:
    """Run the command."""
    parser = make_parser("visitors", __doc__)
    parser.add_argument("--visitors", type=int, default=50, metavar="N", help="default: 50")
    parser.add_argument("--length", type=int, default=500, metavar="N", help="characters for each (default: 500)")
    args = parser.parse_args()
    with one_line_errors(parser):
        Integer(2, 1000).checked("visitors", args.visitors)
        Integer(1, 5000).checked("length", args.length)
        with serving() as server:
            report(server, args.visitors, args.length)


def report(server: Server, visitors: int, length: int) -> None:
    """Measure and print, first for one visitor and then for all at once."""
    visit(server, 0, length)  # after this, the model is loaded
    print(header(f"0 to {visitors - 1}"))
    print(f"at rest                {server.memory():6,.0f} MB")
    for together in (1, visitors):
        start = time.perf_counter()
        with ThreadPoolExecutor(together) as pool:
            visits = list(pool.map(lambda seed: visit(server, seed, length), range(together)))
        seconds = time.perf_counter() - start
        rate = mean((each.updates - 1) / (each.last - each.first) for each in visits if each.updates > 1)
        firsts = sorted(each.first for each in visits)
        first = quantiles(firsts, n=20)[-1] if together > 1 else firsts[0]
        print(f"\n{together} at once, {length} characters each, all done in {seconds:.2f} s")
        print(f"first text             {first:6.2f} s, 95 % of them")
        print(f"characters             {together * length / seconds:6,.0f} per second in all")
        print(f"updates                {rate:6.1f} per second for each of them")
    print(f"at most                {server.memory('VmHWM'):6,.0f} MB")


def visit(server: Server, seed: int, length: int) -> Visit:
    """Request a text and read it to its end. Raises ValueError when it is incomplete."""
    start = time.perf_counter()
    seen = [(time.perf_counter() - start, text) for text in server.texts(prompt="ROMEO:", length=length, seed=seed)]
    written = len(seen[-1][1]) if seen else 0
    if written != length:
        raise ValueError(f"the text of seed {seed} has {written} of {length} characters")
    return Visit(seen[0][0], seen[-1][0], len(seen))


if __name__ == "__main__":
    main()
