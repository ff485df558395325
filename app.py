"""Open the page: a prompt, two sliders, and a machine that goes on in the manner of Shakespeare."""

import argparse
import os
import sys

try:
    import spaces  # only on Hugging Face's ZeroGPU, and there before torch
except ImportError:
    spaces = None

from tinygpt.background import in_background
from tinygpt.flags import Parser, add_model_flags
from tinygpt.hub import find_weights
from tinygpt.ui.blocks import AT_ONCE, build
from tinygpt.ui.session import Session
from tinygpt.ui.shelf import Shelf
from tinygpt.ui.theme import head, theme

if spaces:

    @spaces.GPU
    def on_gpu() -> None:
        """ZeroGPU wants a function to lend a GPU to. A model this small writes on the processor."""


def main() -> None:
    args = parse()
    try:
        folder = find_weights(args.weights)
        # ZeroGPU pretends that there is a GPU, which only decorated functions may touch.
        session = Session(folder, "cpu" if spaces and args.device == "auto" else args.device)
        page = build(Shelf(session))
        auth = credentials(args.auth)
        if args.device in ("cuda", "mps"):  # it may not be there; and torch takes its seconds in any case
            session.open()
    except (ValueError, OSError) as error:
        sys.exit(f"app.py: {error}")
    try:
        page.launch(
            server_name=args.host,
            server_port=args.port,
            share=args.share,
            auth=auth,
            theme=theme(),
            head=head(),
            footer_links=["api"],
            run_history=False,
            enable_monitoring=False,
            strict_cors=True,
            max_file_size="10kb",
            ssr_mode=False,
            max_threads=2 * AT_ONCE,
            prevent_thread_lock=True,
        )
    except OSError:
        where = f"{args.host or '127.0.0.1'}, port {args.port or 'any of 7860 to 7959'}"
        sys.exit(f"app.py: cannot listen on {where}: it is taken or not allowed; choose another with --port or --host")
    try:
        # The page is there by now. Not in this thread: in the middle of a compilation Ctrl-C would be lost.
        in_background(session.open).result()
    except ValueError as error:
        sys.exit(f"app.py: {error}")
    page.block_thread()


def parse() -> argparse.Namespace:
    parser = Parser(prog="app.py", description=__doc__)
    add_model_flags(parser)
    parser.add_argument("--host", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=port, metavar="N", help="default: the first free one from 7860")
    parser.add_argument("--share", action="store_true", help="also open a public link, for a week")
    parser.add_argument(
        "--auth",
        default=os.environ.get("TINYGPT_AUTH"),
        metavar="USER:PASSWORD",
        help="ask visitors for this; better set as TINYGPT_AUTH, where other users of the machine cannot see it",
    )
    return parser.parse_args()


def port(text: str) -> int:
    """A port's number. Raises ValueError when it is none."""
    if not 1 <= int(text) <= 65_535:
        raise ValueError
    return int(text)


def credentials(text: str | None) -> tuple[str, str] | None:
    """The pair in "user:password". Raises ValueError when it is not of that form."""
    if not text:
        return None
    user, colon, password = text.partition(":")
    if not (user and colon and password):
        raise ValueError("--auth and TINYGPT_AUTH must be of the form user:password")
    return user, password


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
