"""The body of app.py: read the command line, build the page, and serve it."""

import argparse
import ipaddress
import os
import sys

import gradio as gr
from starlette.middleware import Middleware

from tinygpt.background import in_background
from tinygpt.flags import Parser, add_model_flags
from tinygpt.hub.client import find_weights
from tinygpt.ui.blocks import MAX_CONCURRENT_TEXTS, build
from tinygpt.ui.middleware import RefuseRemoteFiles
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.training_jobs import TrainingJobs
from tinygpt.ui.services.training_text import MAX_TEXT_BYTES
from tinygpt.ui.theme import head, theme

_DESCRIPTION = "Open the page: a prompt, its settings, and a small GPT that continues it in the manner of Shakespeare."
MAX_VISITORS_KEPT = 200  # the page's state for each of them takes some 0.4 MB; gradio would keep 10,000
_MAX_UPLOAD = "10kb"  # where no tab takes files: gradio accepts uploads all the same


def main(*, zero_gpu: bool) -> None:
    """Serve the page until Ctrl-C. With `zero_gpu`, on Hugging Face's ZeroGPU, the device "auto" means the CPU."""
    args = parse_args()
    # After every event, gradio sums up all events so far, for a monitoring page that is turned off.
    os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(10**9))
    try:
        # ZeroGPU reports a GPU that only functions with a decorator may use.
        device = "cpu" if zero_gpu and args.device == "auto" else args.device
        session = Session(find_weights(args.weights), device)
        auth = parse_credentials(args.auth)
        if device in ("cuda", "mps"):  # may be missing: find out before the page opens
            session.engine()
        registry = Registry(session)
        # Training occupies the machine for minutes and fills its disk, so only its own users may start it.
        training_jobs = TrainingJobs(registry) if is_local_only(args) else None
        page = build(registry, training_jobs)
    except (ValueError, OSError) as error:
        sys.exit(f"app.py: {error}")
    try:
        _launch(page, args, auth, max_upload=MAX_TEXT_BYTES if training_jobs else _MAX_UPLOAD)
    except OSError:
        where = f"{args.host or '127.0.0.1'}, port {args.port or 'any of 7860 to 7959'}"
        sys.exit(f"app.py: cannot listen on {where}: it is taken or not allowed; choose another with --port or --host")
    try:
        # Load the engine while visitors already see the page. In another thread, because this one would not notice
        # Ctrl-C during a compilation.
        in_background(session.engine).result()
    except ValueError as error:
        sys.exit(f"app.py: {error}")
    page.block_thread()


def parse_args() -> argparse.Namespace:
    """Parse the command line. Exits with a message if it is wrong."""
    parser = Parser(prog="app.py", description=_DESCRIPTION)
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


def is_local_only(args: argparse.Namespace) -> bool:
    """Whether the page can be reached from this machine only."""
    host = args.host or os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1"  # as gradio chooses
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        loopback = False
    return loopback and not args.share and "SPACE_ID" not in os.environ


def port(text: str) -> int:
    """Parse a port number. Raises ValueError."""
    if not 1 <= int(text) <= 65_535:
        raise ValueError
    return int(text)


def parse_credentials(text: str | None) -> tuple[str, str] | None:
    """Parse "user:password"; None or "" is no password. Raises ValueError for text in another form."""
    if not text:
        return None
    user, colon, password = text.partition(":")
    if not (user and colon and password):
        raise ValueError("--auth and TINYGPT_AUTH must be of the form user:password")
    return user, password


def _launch(page: gr.Blocks, args: argparse.Namespace, auth: tuple[str, str] | None, max_upload: int | str) -> None:
    """Start the server in threads of its own. Raises OSError if it cannot listen."""
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
        max_file_size=max_upload,
        ssr_mode=False,
        app_kwargs={"middleware": [Middleware(RefuseRemoteFiles)]},
        state_session_capacity=MAX_VISITORS_KEPT,
        max_threads=2 * MAX_CONCURRENT_TEXTS,
        prevent_thread_lock=True,
    )
