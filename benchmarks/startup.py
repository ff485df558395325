"""Time how long the page takes to start and to write, beside an empty Gradio page."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.command import header, make_parser, one_line_errors
from benchmarks.serving import APP, serving
from tinygpt.fields import Integer
from tinygpt.flags import SHIPPED
from tinygpt.hub.pull import find_weights

EMPTY = """
import sys
import gradio as gr

with gr.Blocks() as page:
    pass
page.launch(server_port=int(sys.argv[2]))
"""


class Start(NamedTuple):
    """Seconds of one round."""

    empty: float  # until an empty page answers
    page: float  # until ours does
    first: float  # from then until its first character


def main() -> None:
    """Run the command."""
    parser = make_parser("startup", __doc__)
    parser.add_argument("--weights", default=str(SHIPPED), metavar="FOLDER|USER/NAME")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="starts of each page (default: 5)")
    parser.add_argument("--cached", action="store_true", help="leave out the first start on a new machine")
    args = parser.parse_args()
    with one_line_errors(parser), tempfile.TemporaryDirectory() as folder:
        Integer(1, 100).checked("rounds", args.rounds)
        empty, flags = Path(folder) / "empty.py", ("--weights", str(find_weights(args.weights)))
        empty.write_text(EMPTY, encoding="utf-8")
        environment = {} if args.cached else {"NUMBA_CACHE_DIR": str(Path(folder) / "numba")}  # where it compiles to
        new_machine = None if args.cached else time_page(*flags, **environment)
        compile_engine(*flags, **environment)
        rounds = [one_round(empty, *flags, **environment) for _ in range(args.rounds)]
    empties, pages, firsts = zip(*rounds, strict=True)
    print(header(1))
    print(f"empty page        {median(empties):.2f} s until it answers, median of {args.rounds}")
    print(f"tinygpt's page    {median(pages):.2f} s, {median(pages) / median(empties):.2f} times that")
    print(f"first character   {median(firsts):.2f} s after the page answers, at most {max(firsts):.2f} s")
    if new_machine:
        print(f"on a new machine  {new_machine[1]:.2f} s after the page answers, while the engine is compiled")


def compile_engine(*flags: str, **environment: str) -> None:
    """Let the terminal write a character: it ends when the compiled engine is cached."""
    command = [sys.executable, "-m", "tinygpt", "--prompt", "ROMEO:", "--length", "1", *flags]
    subprocess.run(command, env=os.environ | environment, cwd=APP.parent, capture_output=True, check=True)


def one_round(empty: Path, *flags: str, **environment: str) -> Start:
    """Start the empty page, then ours, and request a text from it."""
    with serving(empty) as server:
        empty_seconds = server.start_seconds
    return Start(empty_seconds, *time_page(*flags, **environment))


def time_page(*flags: str, **environment: str) -> tuple[float, float]:
    """Seconds until our page answers, and from then until the first character of a text."""
    with serving(APP, *flags, **environment) as server:
        next(server.texts(prompt="ROMEO:", seed=1))
        return server.start_seconds, time.perf_counter() - server.answered


if __name__ == "__main__":
    main()
