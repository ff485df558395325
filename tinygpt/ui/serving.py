"""Serve the page by gradio, behind our middleware."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import gradio as gr
import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware

from tinygpt.page.preview import BACKGROUNDS, IMAGE, Preview
from tinygpt.system.pipes import is_closed_pipe
from tinygpt.ui.address import hostname, is_loopback
from tinygpt.ui.api import ENDPOINTS
from tinygpt.ui.documents import document_routes
from tinygpt.ui.front_end import LOAD_FONTS, FrontEnd
from tinygpt.ui.malformed import RefuseMalformed
from tinygpt.ui.middleware.document import RewriteDocument
from tinygpt.ui.middleware.full_queue import RefuseWhenFull
from tinygpt.ui.middleware.login import RequireLogin, credentials_check
from tinygpt.ui.middleware.origins import CheckOrigin
from tinygpt.ui.middleware.routes import DescribeAnew, RefuseRemoteFiles, RefuseUnusedRoutes, ServeBelow
from tinygpt.ui.middleware.safety_headers import AddSafetyHeaders
from tinygpt.ui.middleware.static_files import KeepStaticFiles
from tinygpt.ui.middleware.uploads import LimitUploads
from tinygpt.ui.services.session import MAX_CONCURRENT_TEXTS, MAX_REQUESTS
from tinygpt.ui.services.training_text import MAX_TEXT_BYTES
from tinygpt.ui.theme import theme
from tinygpt.ui.visitor_states import VisitorStates

MAX_VISITORS_KEPT = 200  # the page's state for each of them takes some 0.4 MB; gradio would keep 10,000


def serve(
    page: gr.Blocks,
    *,
    preview: Preview,
    model_card: Path | None = None,
    host: str,
    port: int,
    share: bool,
    root_path: str,
    auth: tuple[str, str] | None,
    uploads: Path,
    max_uploads: int,
    mcp: bool = False,
) -> None:
    """Start the server in threads of its own. At most `max_uploads` bytes of files are kept, in `uploads`.

    `preview` is what is shown of the page elsewhere. `model_card` is the file with the description of its
    weights, if there is one.
    With `mcp`, for which the package mcp must be installed, assistants can call the endpoints.

    Raises ValueError, with the remedy, if the server does not start or cannot be reached.
    """
    hosts = {hostname(root_path)} - {""}  # of proxies and tunnels in front of the page
    public = {event._id for event in page.fns.values() if event.api_name in ENDPOINTS}
    outermost = [
        Middleware(ServeBelow, path=urlsplit(root_path).path),
        Middleware(AddSafetyHeaders),
        Middleware(CheckOrigin, loopback=is_loopback(host), hosts=hosts, events=public),
        Middleware(KeepStaticFiles),
    ]
    front_end = FrontEnd()  # read from files

    def head(address: str | None) -> str:
        return f"{preview.tags(address, f'{front_end.url}/{IMAGE}')}\n{front_end.head()}"

    middleware = [
        Middleware(RefuseMalformed),
        Middleware(RewriteDocument, head=head, root_path=root_path),
        Middleware(RequireLogin),
        Middleware(DescribeAnew),
        *(_assistants() if mcp else []),
        Middleware(RefuseUnusedRoutes),
        Middleware(RefuseRemoteFiles),
        Middleware(LimitUploads, folder=uploads, limit=max_uploads),
        Middleware(RefuseWhenFull, count=lambda: requests(page), limit=MAX_REQUESTS),
    ]
    try:
        page.launch(
            server_name=f"[{host}]" if ":" in host else host,  # IPv6
            server_port=port,
            share=share,
            root_path=root_path,
            auth=credentials_check(*auth) if auth else None,
            theme=theme(front_end.stylesheet()),
            head=LOAD_FONTS,
            footer_links=[],
            run_history=False,
            enable_monitoring=False,
            mcp_server=False,  # whatever the environment says: ours has its place among the middleware
            max_file_size=MAX_TEXT_BYTES,
            ssr_mode=False,
            app_kwargs={
                "routes": [
                    *front_end.routes(name=preview.title, background=BACKGROUNDS["light"]),
                    *document_routes(model_card),
                ],
                "middleware": middleware,
                "lifespan": when_started(outermost),
            },
            state_session_capacity=MAX_VISITORS_KEPT,
            max_threads=2 * MAX_CONCURRENT_TEXTS,
            prevent_thread_lock=True,
            quiet=not share,  # without a public link, it would say how to get one in code, instead of by our flag
        )
        if not share:
            print(f"* Running on local URL:  {page.local_url}", flush=True)
    except OSError as error:
        if is_closed_pipe(error):
            raise ValueError("nothing reads what the app prints: let it print to a terminal or a file") from error
        # The port was free a moment ago.
        raise ValueError(f"the server did not start at {host}, port {port}: try again, or another --port") from error
    except (ValueError, httpx.HTTPError, httpx.InvalidURL) as error:
        raise ValueError(
            f"the server has started at {host}, port {port}, but does not answer this machine ({error}): check its "
            "proxies and firewall, or choose another --host"
        ) from error
    for component in page.config["components"]:
        component["props"].pop("delete_callback", None)  # an address in this process's memory
    if share and page.share_url:
        hosts.add(hostname(page.share_url))
        page.share = False  # or gradio's page would load its scripts from another host


def requests(page: gr.Blocks) -> int:
    """How many requests are being answered or wait for it."""
    return sum(
        len(each.queue) + each.current_concurrency for each in page._queue.event_queue_per_concurrency_id.values()
    )


def _assistants() -> list[Middleware]:
    """The middleware for assistants. Imports the package mcp, which need not be there otherwise."""
    from tinygpt.ui.middleware.mcp import ServeMCP

    tools = {name: (endpoint.request, endpoint.summary) for name, endpoint in ENDPOINTS.items()}
    return [Middleware(ServeMCP, endpoints=tools)]


def when_started(middleware: Sequence[Middleware]) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """A lifespan that changes what gradio has made of the app by the time it starts, before it answers anybody.

    It puts middleware around the whole app: what is given to the app itself is inside of what gradio adds later, which
    answers CORS preflights on its own. And it keeps the states of visitors as VisitorStates.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        for cls, args, kwargs in reversed(middleware):
            app.middleware_stack = cls(app.middleware_stack, *args, **kwargs)
        app.state_holder = VisitorStates()
        app.state_holder.set_blocks(app.get_blocks())
        yield

    return lifespan
