"""How soon the page is there and writes, beside an empty page of gradio's: python benchmarks/startup.py [--rounds N]"""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))

from machine import describe
from serving import APP, serving

from tinygpt.config import check_integer
from tinygpt.flags import Parser

EMPTY = """
import sys
import gradio as gr

with gr.Blocks() as page:
    pass
page.launch(server_port=int(sys.argv[2]))
"""


def main() -> None:
    parser = Parser(prog="startup.py", description=__doc__.split(":")[0])
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="turns of each (default: 5)")
    args = parser.parse_args()
    empties, pages, firsts = [], [], []
    try:
        check_integer("rounds", args.rounds, 1, 100)
        with tempfile.TemporaryDirectory() as folder:
            empty = Path(folder) / "empty.py"
            empty.write_text(EMPTY)
            for turn in range(args.rounds + 1):
                with serving(empty) as server:
                    empty_seconds = server.answered - server.started
                with serving(APP) as server:
                    next(server.texts(prompt="ROMEO:", seed=1))
                    first = time.perf_counter() - server.answered
                if turn:  # the first fills the system's file cache, and numba's where it is empty
                    empties.append(empty_seconds)
                    pages.append(server.answered - server.started)
                    firsts.append(first)
    except (ValueError, OSError) as error:
        sys.exit(f"startup.py: {error}")
    print(f"machine           {describe()}\nseed              1\n")
    print(f"empty page        {median(empties):.2f} s until it answers, median of {args.rounds}")
    print(f"tinygpt's page    {median(pages):.2f} s, {median(pages) / median(empties):.2f} times that")
    print(f"first character   {median(firsts):.2f} s after the page answers, at most {max(firsts):.2f} s")


if __name__ == "__main__":
    main()
