"""The command line of the page: read it, build the page, serve it, and open it in the browser."""

import argparse
import os
import re
import signal
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from tinygpt.background import in_background
from tinygpt.checkpoint.files import one_line
from tinygpt.flags import Parser, add_model_flags
from tinygpt.hub.pull import find_weights
from tinygpt.system.shell import own_command, program
from tinygpt.ui.address import check_root_path, choose_port, hostname, is_loopback
from tinygpt.ui.browser import at_a_desk, open_in_browser
from tinygpt.ui.environment import bypass_proxies, prepare_for_gradio, without_type_stubs
from tinygpt.ui.services.registry import Registry
from tinygpt.ui.services.session import Session
from tinygpt.ui.services.training_jobs import TrainingJobs
from tinygpt.ui.services.training_text import MAX_TEXT_BYTES

if TYPE_CHECKING:
    import gradio as gr  # only once the environment is prepared for it

_DESCRIPTION = "Open the page: a prompt, its settings, and a small GPT that continues it in the manner of Shakespeare."
_MCP = "mcp>=1.21,<2"  # as in requirements-mcp.txt
_MAX_UPLOADS = 5 * MAX_TEXT_BYTES  # in all, where the page trains


def main(arguments: Sequence[str] | None = None, *, zero_gpu: bool = False) -> None:
    """Serve the page until Ctrl-C, which exits with 130.

    Args:
        arguments: those of the command line if None.
        zero_gpu: on Hugging Face's ZeroGPU: the device "auto" means the CPU.
    """
    args = parse_args(arguments)
    exit_on_signals()
    if zero_gpu and args.device == "auto":
        args.device = "cpu"  # ZeroGPU reports a GPU that only functions with a decorator may use
    try:
        page, session = open_page(args)
        if opens_in_browser(args):
            open_in_browser(address_of(page, args.root_path))
        # Load the engine while visitors already see the page. In another thread, because this one would not notice
        # Ctrl-C during a compilation.
        in_background(session.engine).result()
        while True:  # gradio's own loop would first wait for the connections of all open pages to end
            time.sleep(1)  # on Windows, Ctrl-Break is noticed at its end
    except (ValueError, OSError) as error:
        sys.exit(f"{program('app')}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def open_page(args: argparse.Namespace) -> "tuple[gr.Blocks, Session]":
    """Start serving the page. Raises ValueError and OSError, with the remedy, if that is not possible."""
    bypass_proxies(args.host)
    auth, root_path, local = parse_credentials(args.auth), check_root_path(args.root_path), is_local_only(args)
    if args.train and not local:
        # Training occupies the machine for minutes and fills its disk, so only its own users may start it.
        raise ValueError(
            "--train is only for a page that no other machine can reach: leave out --share, a --host other than "
            f"localhost and the host of --root-path, or train in a terminal, by {own_command('train')}"
        )
    if args.mcp:
        check_mcp()
    session = Session(find_weights(args.weights, snapshots=True), args.device)
    if args.device in ("cuda", "mps"):  # may be missing: find out before the page opens
        session.engine()
    registry, port = Registry(session), choose_port(args.host, args.port)
    uploads = prepare_for_gradio()
    with without_type_stubs():
        from tinygpt.page.preview import Preview
        from tinygpt.ui.blocks import build
        from tinygpt.ui.serving import serve

    page = build(registry, TrainingJobs(registry) if args.train else None, local=local)
    serve(
        page,
        preview=Preview(session.facts),
        model_card=session.model_card,
        host=args.host,
        port=port,
        share=args.share,
        root_path=root_path,
        auth=auth,
        uploads=uploads,
        max_uploads=_MAX_UPLOADS if args.train else 0,
        mcp=args.mcp,
    )
    return page, session


def check_mcp() -> None:
    """Raise ValueError unless the package for assistants is installed, in a version that the middleware works with."""
    try:
        import_module("tinygpt.ui.middleware.mcp")
    except ImportError as error:
        raise ValueError(f'--mcp needs another package: run pip install "{_MCP}" ({one_line(error)})') from None


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the arguments, or the command line. Exits with a message if they are wrong."""
    parser = Parser(prog=program("app"), description=_DESCRIPTION)
    add_model_flags(parser)
    parser.add_argument(
        "--host",
        type=host,
        default=os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1",
        help="address to listen on (default: this machine only)",
    )
    parser.add_argument(
        "--port",
        type=port,
        default=os.environ.get("GRADIO_SERVER_PORT"),
        metavar="N",
        help="default: the first free one from 7860",
    )
    parser.add_argument(
        "--root-path",
        default=os.environ.get("GRADIO_ROOT_PATH", ""),
        metavar="PATH|URL",
        help="where a proxy in front serves the page: /tinygpt, or https://example.org/tinygpt",
    )
    parser.add_argument("--share", action="store_true", help="also open a public link, for a week")
    parser.add_argument("--no-browser", action="store_true", help="do not open the page in the browser")
    parser.add_argument("--train", action="store_true", help="offer training on the page, to users of this machine")
    parser.add_argument(
        "--auth",
        default=os.environ.get("TINYGPT_AUTH"),
        metavar="USER:PASSWORD",
        help="user name and password that visitors must enter; better set as TINYGPT_AUTH, which others cannot see",
    )
    parser.add_argument("--mcp", action="store_true", help="let assistants call the endpoints, at /gradio_api/mcp")
    return parser.parse_args(arguments)


def is_local_only(args: argparse.Namespace) -> bool:
    """Whether the page is meant to be reached from this machine only."""
    proxied = "://" in args.root_path and not is_loopback(hostname(args.root_path))
    return is_loopback(args.host) and not args.share and not proxied and "SPACE_ID" not in os.environ


def opens_in_browser(args: argparse.Namespace) -> bool:
    """Whether the page opens by itself: for who starts it on their own machine, for themselves."""
    terminal = sys.stdout is not None and sys.stdout.isatty()
    return not args.no_browser and is_local_only(args) and at_a_desk(os.environ, sys.platform, terminal=terminal)


def address_of(page: "gr.Blocks", root_path: str) -> str:
    """The URL at which a page that is served is seen on this machine, perhaps through a proxy."""
    return f"{urljoin(page.local_url, root_path).rstrip('/')}/"


def exit_on_signals() -> None:
    """Exit as by sys.exit when the process is told to end, so that what is registered to be done then is done.

    A signal that is ignored stays ignored, so that nohup has its way.
    """
    # Windows lacks SIGHUP, all others SIGBREAK.
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    numbers = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]

    def end(received: int, _: object) -> None:
        for number in numbers:  # a terminal that is closed sends two: the second must not end what the first has begun
            signal.signal(number, signal.SIG_IGN)
        sys.exit(128 + received)

    for number in numbers:
        signal.signal(number, end)


def host(text: str) -> str:
    """Parse a host name or an address; IPv6 may be in brackets. Raises ValueError."""
    name = text.removeprefix("[").removesuffix("]").lower()
    if not re.fullmatch(r"[\w.:%-]+", name):
        raise ValueError
    return name


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
