"""Damage the files of checkpoints and training runs at random, and kill runs at random moments: nothing may be lost.

Ends with an error, and the seed that reproduces it, at the first damaged file that neither loads nor is refused in one
line, within its deadline and its bound on memory, and at the first kill after which a run cannot go on as if nothing
had happened. Needs Linux or macOS.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from benchmarks.command import header
from tests.mutations.killing import kill_runs
from tests.mutations.reading import MutationError, read_in_another_process


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=2000, help="damaged files of each kind (default: 2000)")
    parser.add_argument("--kills", type=int, default=200, help="kills of a training run (default: 200)")
    parser.add_argument("--seed", type=int, default=0, help="the first damage has this seed, the next one more")
    args = parser.parse_args()
    print(header(args.seed), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        try:
            outcomes, memory = read_in_another_process(Path(folder), range(args.seed, args.seed + args.count))
        except MutationError as error:
            sys.exit(str(error))
        for kind, counted in outcomes.items():
            print(f"{kind:12} {counted.total():6,} damaged: {counted['refused']:,} refused, {counted['loads']:,} load")
        print(f"memory       at most {memory / 1e6:,.0f} MB more than at the start, {_minutes(start)}", flush=True)
        start = time.monotonic()
        try:
            ended = kill_runs(Path(folder), args.kills, Random(args.seed))
        except Exception as error:
            sys.exit(f"{error!r}\npython -m tests.mutations --count 0 --kills {args.kills} --seed {args.seed}")
        print(f"kills        {args.kills:6,} of {ended} runs, each then equal to one never killed, {_minutes(start)}")


def _minutes(start: float) -> str:
    return f"{(time.monotonic() - start) / 60:.1f} minutes"


if __name__ == "__main__":
    main()
