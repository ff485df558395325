"""Let many visitors use the page at once, and look for texts, memory and places in the queue that get lost.

python -m benchmarks.load              1, 10, 50 and 200 visitors, ten rounds of 50, 1,000 who join at once
python -m benchmarks.load --soak 30    10 visitors again and again, for 30 minutes

Of ten visitors, one leaves in the middle of the text and one joins without ever reading. Ends with status 1 if anything
is lost or kept for ever; never because something took long, which may be the machine's fault.
"""

import argparse
import math
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import SimpleQueue, get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median

from benchmarks.command import header, make_parser, one_line_errors
from benchmarks.serving import APP, Server, serving
from benchmarks.visiting import BUSY, CUT_SHORT, LEAVES, NEVER_READS, READS, Button, Visit, count_starts, visit_together
from tinygpt.fields import Integer, Number
from tinygpt.flags import SHIPPED
from tinygpt.hub.pull import find_weights
from tinygpt.inference.loading import open_checkpoint
from tinygpt.ui.services.session import MAX_CONCURRENT_TEXTS

SERVED = "served"
MANNERS = {1: LEAVES, 2: NEVER_READS}  # of every tenth visitor, by the last digit of the number
ALL_SERVED = 50  # so many visitors at once are all served
FIRST_TEXT, PAGE = 1.5, 1  # seconds
GROWTH = 1.1  # of memory and open files
SETTLED = 2  # seconds after which an abandoned place is free
SOAKING, SAMPLES = 10, 30  # visitors, measurements


class Report:
    """Prints what was measured beside what is promised, and remembers which promises were broken."""

    def __init__(self):
        self.broken: list[str] = []

    def line(self, name: str, measured: str, promised: str = "", *, kept: bool = True) -> None:
        """Print a line. If the promise was not kept, the command ends with status 1."""
        print(f"  {name:18}{measured}" + (f"; promised: {promised}" if promised else ""), flush=True)
        if not kept:
            self.broken.append(f"{name} {measured}")


def main() -> None:
    """Run the command."""
    parser = make_parser("load", __doc__)
    parser.add_argument("--weights", default=str(SHIPPED), metavar="FOLDER|USER/NAME")
    parser.add_argument("--visitors", type=int, nargs="+", default=[1, 10, 50, 200], metavar="N")
    parser.add_argument("--length", type=int, default=500, metavar="N", help="characters for each (default: 500)")
    parser.add_argument("--rounds", type=int, default=10, metavar="N", help="then as many rounds (default: 10)")
    parser.add_argument("--joins", type=int, default=1000, metavar="N", help="then as many at once (default: 1000)")
    parser.add_argument("--soak", type=float, metavar="MINUTES", help=f"{SOAKING} visitors again and again instead")
    args = parser.parse_args()
    report = Report()
    with one_line_errors(parser):
        check(args)
        weights = find_weights(args.weights)
        open_checkpoint(weights)  # compiles the engine, if this has not been done on this machine
        with serving(APP, "--weights", str(weights)) as server:
            print(header("0 for the first visitor, 1 for the second, and so on"))
            load = Load(server, args.length, report)
            if args.soak:
                load.soak(60 * args.soak)
            else:
                for count in args.visitors:
                    load.group(count)
                load.rounds(args.rounds, min(ALL_SERVED, max(args.visitors)))
                load.joins(args.joins)
                load.places(min(args.joins, MAX_CONCURRENT_TEXTS))
    if report.broken:
        sys.exit(f"{parser.prog}: broken: {'; '.join(report.broken)}")


def check(args: argparse.Namespace) -> None:
    """Raise ValueError for what cannot be measured."""
    for count in args.visitors:
        Integer(1, 1000).checked("visitors", count)
    for name, bounds in {"length": (1, 5000), "rounds": (2, 1000), "joins": (1, 5000)}.items():
        Integer(*bounds).checked(name, getattr(args, name))
    if args.soak is not None:
        Number(0.01, 10_000).checked("soak", args.soak)
    if not Path("/proc/self/fd").exists():
        raise ValueError("memory and open files of the server are read from /proc, which only Linux has")


class Load:
    """A server under load, and the texts that its visitors got so far."""

    def __init__(self, server: Server, length: int, report: Report):
        self._server, self._length, self._report = server, length, report
        self._button = Button(server.url)
        self._texts: dict[int, object] = {}  # by seed
        self._visit(1)  # after this, the model is loaded
        print(f"at rest             {server.memory():,.0f} MB, {server.files()} open files")

    def group(self, count: int) -> None:
        """Visitors who come at once: what they have to wait for."""
        before, start, processor = self._server.memory(), time.perf_counter(), time.process_time()
        visits = self._visit(count)
        seconds, processor = time.perf_counter() - start, time.process_time() - processor
        manners = Counter(visit.manner for visit in visits)
        print(f"{count} at once, {self._length} characters each: {manners[READS]} read to the end, ", end="")
        print(f"{manners[LEAVES]} leave mid-stream, {manners[NEVER_READS]} never read")
        self._served(outcomes(visits), all_of_them=count <= ALL_SERVED)
        firsts = [visit.first for visit in visits if visit.first is not None]
        lasts = [visit.last for visit in visits if visit.last is not None]
        promised = f"at most {FIRST_TEXT} s for 95 % of {ALL_SERVED}" if count == ALL_SERVED else ""
        self._report.line("first text", spread(firsts), promised)
        self._report.line("whole text", spread(lasts))
        self._report.line("characters", f"{len(lasts) * self._length / seconds:,.0f} per second in all, as read")
        self._report.line("memory", f"{self._server.memory():,.0f} MB, {before:,.0f} MB before")
        self._report.line("this client", f"used {processor / seconds:.0%} of a core")

    def rounds(self, rounds: int, count: int) -> None:
        """The same visitors again and again, each time as new ones."""
        print(f"{rounds} rounds of {count} at once")
        memory, came_of_them = [], Counter[str]()
        for _ in range(rounds):
            came_of_them += outcomes(self._visit(count))
            memory.append(self._server.memory())
        self._served(came_of_them, all_of_them=True)
        self._flat("memory", memory[0], memory[-1], "MB after the first and the last")

    def joins(self, count: int) -> None:
        """Far more visitors at once than there are places, while others open the page."""
        print(f"{count:,} join at once")
        with fetching(self._server.url) as page:
            visits = self._visit(count)
        self._served(outcomes(visits))
        promised = f"at most {PAGE} s, always"
        self._report.line(
            "the page", f"answered in {spread(page)}, {max(page):.2f} s at most", promised, kept=max(page) < math.inf
        )

    def places(self, count: int) -> None:
        """Whether the visitors so far have given their places back."""
        time.sleep(SETTLED)
        start = time.perf_counter()
        started = count_starts(self._button, count, patience=20)
        seconds = time.perf_counter() - start
        measured = f"{started} of {count} long texts began, in {seconds:.1f} s"
        print(f"{SETTLED} s after the last visitor left")
        self._report.line("free places", measured, "all of them", kept=started == count)

    def soak(self, seconds: float) -> None:
        """A few visitors again and again for so many seconds."""
        print(f"{SOAKING} visitors at once, again and again for {seconds / 60:g} minutes")
        start, samples, came_of_them = time.monotonic(), [], Counter[str]()
        for sample in range(1, SAMPLES + 1):
            while time.monotonic() - start < sample * seconds / SAMPLES:
                came_of_them += outcomes(self._visit(SOAKING))
            samples.append((self._server.memory(), self._server.files()))
            minutes = (time.monotonic() - start) / 60
            print("  {:6.1f} minutes  {:,.0f} MB, {} open files".format(minutes, *samples[-1]), flush=True)
        self._served(came_of_them, all_of_them=True)
        for name, values in zip(("memory", "open files"), zip(*samples, strict=True), strict=True):
            halves = max(values[: SAMPLES // 2]), max(values[SAMPLES // 2 :])
            self._flat(name, *halves, "at most in the first and the second half")

    def _visit(self, count: int) -> list[Visit]:
        """Let visitors come at once. A text that is not that of the same seed before counts as trouble."""
        visits = visit_together(self._button, count, self._length, lambda number: MANNERS.get(number % 10, READS))
        for visit in visits:
            if visit.text is None or visit.trouble:
                continue
            if self._texts.setdefault(visit.seed, visit.text) != visit.text:
                visit.trouble = "written otherwise than the same seed before"
        return visits

    def _served(self, came_of_them: Counter[str], *, all_of_them: bool = False) -> None:
        measured = ", ".join(f"{count} {outcome}" for outcome, count in sorted(came_of_them.items()))
        allowed = {SERVED, CUT_SHORT} if all_of_them else {SERVED, CUT_SHORT, BUSY}
        promised = "all served" if all_of_them else f"served or {BUSY}"
        self._report.line("visitors", measured, promised, kept=came_of_them.keys() <= allowed)

    def _flat(self, name: str, before: float, after: float, what: str) -> None:
        measured, promised = f"{before:,.0f}, {after:,.0f} {what}", f"at most {GROWTH:g} times as much"
        self._report.line(name, measured, promised, kept=after <= GROWTH * before)


def outcomes(visits: list[Visit]) -> Counter[str]:
    """How many visits ended in which way."""
    return Counter(visit.trouble or SERVED for visit in visits)


def spread(seconds: list[float]) -> str:
    """The median of some times and the time within which 95 % of them are."""
    ranked = sorted(seconds) or [math.nan]
    return f"{median(ranked):.2f} s, {ranked[math.ceil(0.95 * len(ranked)) - 1]:.2f} s for 95 %"


@contextmanager
def fetching(url: str) -> Iterator[list[float]]:
    """Fetch a page again and again during the block. The list has the seconds of each time after it.

    This is done by another process, since the visitors keep this one so busy that it would notice answers late.
    """
    context = get_context("spawn")
    begun, done, answers = context.Event(), context.Event(), context.SimpleQueue()
    process = context.Process(target=_fetch, args=(url, begun, done, answers))
    process.start()
    times: list[float] = []
    try:
        begun.wait()
        yield times
    finally:
        done.set()
        times += answers.get()
        process.join()


def _fetch(url: str, begun: Event, done: Event, answers: SimpleQueue) -> None:
    times = []
    while not done.is_set():
        start = time.perf_counter()
        try:
            with urllib.request.urlopen(url, timeout=30) as page:
                page.read()
            times.append(time.perf_counter() - start)
        except OSError:
            times.append(math.inf)
        begun.set()
        done.wait(0.1)
    answers.put(times)


if __name__ == "__main__":
    main()
