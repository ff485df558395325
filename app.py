"""Open the page: a prompt, two sliders, and a machine that goes on in the manner of Shakespeare."""

import argparse
import ipaddress
import os
import sys

try:
    import spaces  # only on Hugging Face's ZeroGPU, and there before torch
except ImportError:
    spaces = None

from starlette.middleware import Middleware

from tinygpt.background import in_background
from tinygpt.flags import Parser, add_model_flags
from tinygpt.hub import find_weights
from tinygpt.ui.blocks import AT_ONCE, build
from tinygpt.ui.middleware import RefuseRemoteFiles
from tinygpt.ui.session import Session
from tinygpt.ui.shelf import Shelf
from tinygpt.ui.theme import head, theme
from tinygpt.ui.workshop import LARGEST, Workshop

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
        shelf = Shelf(session)
        # Training takes the machine for minutes and fills its disk: that is for who sits at it.
        workshop = Workshop(shelf) if for_this_machine_alone(args) else None
        page = build(shelf, workshop)
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
            # Anybody who reaches the page can upload, whether or not a part of it asks for a file.
            max_file_size=LARGEST if workshop else "10kb",
            ssr_mode=False,
            app_kwargs={"middleware": [Middleware(RefuseRemoteFiles)]},
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


def for_this_machine_alone(args: argparse.Namespace) -> bool:
    """Whether nobody on another machine can reach the page."""
    host = args.host or os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1"  # as gradio chooses
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        loopback = False
    return loopback and not args.share and "SPACE_ID" not in os.environ


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
