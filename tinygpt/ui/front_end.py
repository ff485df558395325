"""The files of tinygpt/web as the page loads them: from one folder, whose name changes with what is in it."""

import hashlib
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse
from starlette.routing import Route

from tinygpt.page.icons import APP_ICON, icon_tags, web_manifest

_WEB = Path(__file__).parent.parent / "web"
# Named here, since the registry of Windows may know them by other types, with which browsers refuse a script.
_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable"}  # what has changed has another address
_API = "api/"  # the folder of another page
# Parts of the page without a server (see tinygpt/export/static_page.py), and of the document.
_ELSEWHERE = ("model", "static_page", "output.html", "compared.html", "gradio/start.js")
_SHARED = "model/sampling.js"  # but this part is of both pages
# A script for gradio's own head, which it adds when it has all stylesheets: the fonts are loaded before anything is
# built that needs them, so that no text changes its typeface.
LOAD_FONTS = "<script>document.fonts.forEach((face) => face.load());</script>"


class FrontEnd:
    """The files as they were when the app started, and where they are served, relative to the page."""

    def __init__(self, folder: Path = _WEB):
        """Find the files. Raises OSError if one cannot be read, or there is no page.js."""
        paths = [path for path in sorted(folder.rglob("*")) if path.suffix in _TYPES] or [folder / "page.js"]
        named = {path.relative_to(folder).as_posix(): path for path in paths}
        self._paths = {
            name: path
            for name, path in named.items()
            if name == _SHARED or not {name, name.split("/")[0]}.intersection(_ELSEWHERE)
        }
        digest = hashlib.sha256()
        for name, path in self._paths.items():
            digest.update(name.encode() + hashlib.sha256(path.read_bytes()).digest())
        self._start = (_WEB / "gradio" / "start.js").read_text(encoding="utf-8")
        # Below /static, which is open without a login: these files are the same for everybody.
        self.url = f"static/tinygpt-{digest.hexdigest()[:16]}"

    @property
    def names(self) -> list[str]:
        """The files' names, with those of their folders."""
        return list(self._paths)

    def routes(self, *, name: str, background: str) -> list[Route]:
        """The routes that serve the files, /api, and in place of gradio's own an icon and the web manifest.

        The manifest has the `name` of the page and the color of its `background`.
        """
        manifest = web_manifest(name, folder=self.url, background=background)

        async def serve_manifest(_: Request) -> JSONResponse:
            return JSONResponse(manifest, media_type="application/manifest+json")

        # Readers of feeds and old browsers ask for no other.
        async def serve_icon(_: Request) -> FileResponse:
            return self._file(APP_ICON)

        async def lead_to_api(_: Request) -> RedirectResponse:
            return RedirectResponse(f"{self.url}/{_API}index.html")

        return [
            Route(f"/{self.url}/{{name:path}}", self._serve),
            Route("/api", lead_to_api),
            Route("/manifest.json", serve_manifest),
            Route("/favicon.ico", serve_icon),
        ]

    def stylesheet(self) -> str:
        """The address of the stylesheet."""
        return f"{self.url}/page.css"

    def head(self) -> str:
        """What the page's <head> holds for these files. `window.tinygpt` is a promise of the module page.js.

        They are all loaded at once, while gradio's own scripts are; without, a module's imports would wait for it.
        But none before those, which it takes to show anything.
        """
        own = [name for name in self._paths if not name.startswith(_API)]
        files = {suffix: [name for name in own if name.endswith(suffix)] for suffix in (".css", ".js", ".woff2")}
        return "\n".join(
            [
                f'<link rel="stylesheet" href="{self.stylesheet()}">',  # gradio's theme has it too, but later
                *(f'<link rel="preload" as="style" href="{self.url}/{name}">' for name in files[".css"]),
                *(
                    f'<link rel="preload" as="font" type="font/woff2" crossorigin href="{self.url}/{name}">'
                    for name in files[".woff2"]
                ),
                *(f'<link rel="modulepreload" fetchpriority="low" href="{self.url}/{name}">' for name in files[".js"]),
                f'<script data-page="./{self.url}/page.js">{self._start}</script>',
                icon_tags(self.url),
            ]
        )

    async def _serve(self, request: Request) -> FileResponse:
        return self._file(request.path_params["name"])

    def _file(self, name: str) -> FileResponse:
        path = self._paths.get(name)
        if path is None:
            raise HTTPException(404)
        return FileResponse(path, media_type=_TYPES[path.suffix], headers=_HEADERS)
