"""The files of tinygpt/web as the page loads them: from one folder, whose name changes with what is in it."""

import hashlib
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

_WEB = Path(__file__).parent.parent / "web"
# Named here, since the registry of Windows may know them by other types, with which browsers refuse a script.
_TYPES = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2"}
_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable"}  # what has changed has another address


class FrontEnd:
    """The files as they were when the app started, and where they are served, relative to the page."""

    def __init__(self, folder: Path = _WEB):
        """Find the files. Raises OSError if one cannot be read, or there is no page.js."""
        paths = [path for path in sorted(folder.rglob("*")) if path.suffix in _TYPES] or [folder / "page.js"]
        self._paths = {path.relative_to(folder).as_posix(): path for path in paths}
        digest = hashlib.sha256()
        for name, path in self._paths.items():
            digest.update(name.encode() + hashlib.sha256(path.read_bytes()).digest())
        # Below /static, which is open without a login: these files are the same for everybody.
        self.url = f"static/tinygpt-{digest.hexdigest()[:16]}"

    @property
    def names(self) -> list[str]:
        """The files' names, with those of their folders."""
        return list(self._paths)

    def route(self) -> Route:
        """The route that serves the files."""
        return Route(f"/{self.url}/{{name:path}}", self._serve)

    def stylesheet(self) -> str:
        """The address of the stylesheet."""
        return f"{self.url}/page.css"

    def head(self) -> str:
        """The content of the page's <head>: `window.tinygpt` is a promise of the module page.js.

        The fonts are loaded before gradio has built anything that needs them, so that no text changes its typeface.
        """
        fonts = "document.fonts.forEach((face) => face.load());"
        return f'<script>window.tinygpt = import("./{self.url}/page.js"); {fonts}</script>'

    async def _serve(self, request: Request) -> FileResponse:
        path = self._paths.get(request.path_params["name"])
        if path is None:
            raise HTTPException(404)
        return FileResponse(path, media_type=_TYPES[path.suffix], headers=_HEADERS)
