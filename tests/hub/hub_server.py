"""A local server that speaks the part of the Hub's protocol that pushing, pulling and making a Space use.

Repositories of models are known by their ids, `user/name`, those of Spaces as in their URLs, `spaces/user/name`.
"""

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import yaml

USER, TOKEN = "ann", "hf_fake"
LARGE = (".bin", ".safetensors", ".npy", ".woff2", ".png", ".jpg")  # how the names of files end that LFS keeps


def api_repo_id(path: str) -> str:
    """The repository that a path of the API names."""
    return path.removeprefix("/api/").removeprefix("models/")


@dataclass
class Repo:
    """A repository: the files of each commit by name, and the commit of each branch."""

    private: bool
    sdk: str | None = None  # of a Space
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def files(self, revision: str = "main") -> dict[str, bytes]:
        return self.commits[self.branches.get(revision, revision)]

    def commit(self, changes: dict[str, bytes | None]) -> str:  # None deletes a file
        changed = (self.files() if self.commits else {}) | changes
        files = {name: content for name, content in changed.items() if content is not None}
        sha = hashlib.sha1(repr((len(self.commits), sorted(files.items()))).encode()).hexdigest()
        self.commits[sha], self.branches["main"] = files, sha
        return sha


@dataclass
class Hub:
    """The server's repositories, the requests that it received, and the faults to simulate."""

    repos: dict[str, Repo] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)  # files uploaded by LFS, by their sha256
    requests: list[str] = field(default_factory=list)
    status: int = 0  # if not 0, the answer to every request
    stalls_at: tuple[str, ...] = ()  # requests that contain one of these get no answer
    fails_at: tuple[str, ...] = ()  # requests that contain one of these are refused
    sizes: dict[str, int | None] = field(default_factory=dict)  # of files that are listed with another one, or none
    damages: str = ""  # this file is sent with one byte changed
    cuts: str = ""  # half of this file is sent, as if it were whole
    answer: bytes = b""  # if not empty, the body of every answer, with status 200 or the status above
    echoes: Callable[[str], str] | None = None  # how errors spell the login of the request, which they quote
    before_commit: Callable[[Repo], object] = lambda repo: None  # called with the repository
    stalled: threading.Event = field(default_factory=threading.Event)  # set when a request stalls
    released: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def mend(self) -> None:
        """End all faults, and release stalled requests."""
        self.status, self.stalls_at, self.damages, self.cuts, self.answer, self.echoes = 0, (), "", "", b"", None
        self.fails_at, self.sizes, self.before_commit = (), {}, lambda repo: None
        self.released.set()
        self.stalled, self.released = threading.Event(), threading.Event()

    def heal(self) -> None:
        """Mend, and forget requests and uploads that are in no commit."""
        self.mend()
        self.requests.clear()
        self.large.clear()

    def paths(self, method: str) -> list[str]:
        """The paths of all requests of a method."""
        return [line.split(" ")[1] for line in self.requests if line.startswith(f"{method} ")]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # sends head and body in one packet; two would be delayed by TCP

    @property
    def hub(self) -> Hub:
        return self.server.hub

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, ValueError):  # the client gave up
            self.close_connection = True

    def serve(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            self.body = self.read_chunks()
        hub, path = self.hub, unquote(urlsplit(self.path).path)
        hub.requests.append(f"{self.command} {path}")
        if any(part in f"{self.command} {path}" for part in hub.stalls_at):
            hub.stalled.set()
            hub.released.wait(60)
            self.close_connection = True
        elif any(part in f"{self.command} {path}" for part in hub.fails_at):
            self.answer({"error": "simulated failure"}, 400)
        elif path == "/api/agent-harnesses":
            self.answer({"standardEnvVars": [], "harnesses": {}})
        elif hub.answer:
            self.answer(hub.answer, hub.status or 200, {"Content-Type": "text/html"})
        elif hub.status:
            self.answer({"error": hub.echoes(self.headers["Authorization"]) if hub.echoes else "failure"}, hub.status)
        elif path == "/api/validate-yaml":
            self.validate_card()
        elif "/resolve/" in path:
            self.send_file(path)
        elif self.command == "GET":
            self.send_listing(path)
        elif path.startswith("/lfs/"):
            self.keep_large(path.removeprefix("/lfs/"))
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.answer({"error": "Invalid username or password."}, 401)
        elif path == "/api/repos/create":
            self.create()
        elif path.endswith("/info/lfs/objects/batch"):
            self.offer_large()
        elif path == "/lfs-verify":
            self.answer({}, 200 if json.loads(self.body)["oid"] in hub.large else 404)
        elif "/preupload/" in path:
            self.choose_modes(path)
        elif "/commit/" in path:
            self.commit(path)
        else:
            self.answer({"error": f"this server does not implement {path}"}, 501)

    do_GET = do_HEAD = do_POST = do_PUT = serve

    def create(self) -> None:
        request = json.loads(self.body)
        space = request.get("type") == "space"
        repo_id = f"{'spaces/' * space}{request['organization']}/{request['name']}"
        if request["organization"] != USER:
            self.answer({"error": f"You don't have the rights to create a model under {request['organization']}"}, 403)
        elif space and (request.get("sdk"), request.get("hardware")) not in (("gradio", "zero-a10g"), ("static", None)):
            self.answer({"error": "a free account may have static Spaces, and those with Gradio on ZeroGPU"}, 402)
        elif repo_id in self.hub.repos:
            self.answer({"error": "You already created this model repo", "url": f"{self.hub.url}/{repo_id}"}, 409)
        else:
            private = request.get("private") or request.get("visibility") == "private"  # older and newer clients
            self.hub.repos[repo_id] = Repo(private=private, sdk=request.get("sdk"))
            self.hub.repos[repo_id].commit({".gitattributes": b"*.safetensors filter=lfs\n"})
            self.answer({"url": f"{self.hub.url}/{repo_id}"})

    def validate_card(self) -> None:
        card = json.loads(self.body)["content"]
        try:
            front = yaml.safe_load(card.split("---\n")[1])
            texts = [front[key] for key in ("license", "library_name", "pipeline_tag") if key in front]
            lists = [front[key] for key in ("tags", "datasets") if key in front]
            valid = all(isinstance(text, str) for text in texts) and all(
                isinstance(entries, list) and all(isinstance(entry, str) for entry in entries) for entries in lists
            )
        except (IndexError, TypeError, yaml.YAMLError):
            valid = False
        errors = [] if valid else [{"message": "the metadata is not valid"}]
        self.answer({"errors": errors, "warnings": []}, 200 if valid else 400)

    def choose_modes(self, path: str) -> None:
        repo = self.hub.repos[api_repo_id(path.split("/preupload/")[0])]
        files = [
            {
                "path": name,
                "uploadMode": "lfs" if name.endswith(LARGE) else "regular",
                "shouldIgnore": False,
                "oid": self.oid(name, repo.files().get(name)),
            }
            for name in (file["path"] for file in json.loads(self.body)["files"])
        ]
        self.answer({"files": files})

    def oid(self, name: str, content: bytes | None) -> str | None:
        if content is None or name.endswith(LARGE):
            return content and hashlib.sha256(content).hexdigest()
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()

    def offer_large(self) -> None:
        for item in (objects := json.loads(self.body)["objects"]):
            if item["oid"] not in self.hub.large:
                upload = {"href": f"{self.hub.url}/lfs/{item['oid']}"}
                item["actions"] = {"upload": upload, "verify": {"href": f"{self.hub.url}/lfs-verify"}}
        self.answer({"transfer": "basic", "objects": objects})

    def keep_large(self, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != oid:
            self.answer({"error": "the content has another sha256"}, 400)
        else:
            self.hub.large[oid] = self.body
            self.answer({})

    def commit(self, path: str) -> None:
        repo_id = api_repo_id(path.split("/commit/")[0])
        repo, changes = self.hub.repos[repo_id], {}
        self.hub.before_commit(repo)
        for operation in map(json.loads, self.body.splitlines()):
            match operation["key"], operation["value"]:
                case "header", value if value.get("parentCommit", repo.branches["main"]) != repo.branches["main"]:
                    self.answer({"error": "A commit has happened since. Please refresh and try again."}, 412)
                    return
                case "file", value:
                    changes[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile", value:
                    changes[value["path"]] = self.hub.large[value["oid"]]
                case "deletedFile", value:
                    changes[value["path"]] = None
        sha = repo.commit(changes)
        self.answer({"commitOid": sha, "commitUrl": f"{self.hub.url}/{repo_id}/commit/{sha}"})

    def send_listing(self, path: str) -> None:
        prefix, _, revision = path.partition("/revision/")
        repo_id, revision = api_repo_id(prefix), revision or "main"
        repo = self.hub.repos.get(repo_id)
        if self.missing(repo, revision):
            return
        files = repo.files(revision)
        names = [{"rfilename": name} for name in files]
        if "blobs=" in self.path:
            names = [{"rfilename": name, "size": self.hub.sizes.get(name, len(files[name]))} for name in files]
        sha = repo.branches.get(revision, revision)
        self.answer({"id": repo_id, "sha": sha, "private": False, "tags": [], "downloads": 0, "siblings": names})

    def send_file(self, path: str) -> None:
        repo_id, _, rest = path.removeprefix("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        repo = self.hub.repos.get(repo_id)
        if self.missing(repo, revision):
            return
        commit = {"X-Repo-Commit": repo.branches.get(revision, revision)}
        content = repo.files(revision).get(name)
        if content is None:
            self.answer({"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound"} | commit)
            return
        headers = {"ETag": f'"{self.oid(name, content)}"'} | commit
        if name.endswith(LARGE):
            headers |= {"X-Linked-Etag": headers["ETag"], "X-Linked-Size": str(len(content))}
        if name == self.hub.damages:
            content = content[:-1] + bytes([content[-1] ^ 1])
        if name == self.hub.cuts:
            headers["Content-Length"], content = str(len(content)), content[: len(content) // 2]
            self.close_connection = True
        self.answer(content, 200, headers)

    def missing(self, repo: Repo | None, revision: str) -> bool:
        code = "RepoNotFound" if repo is None else "RevisionNotFound"
        if repo is None or repo.branches.get(revision, revision) not in repo.commits:
            self.answer({"error": "not found"}, 404, {"X-Error-Code": code})
            return True
        return False

    def answer(self, content: dict | bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        kind = "application/octet-stream" if isinstance(content, bytes) else "application/json"
        for name, value in ({"Content-Type": kind, "Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def read_chunks(self) -> bytes:
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Serves a Hub until the end of the `with` block."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.hub = Hub(url=f"http://127.0.0.1:{self.server_port}")

    def __enter__(self) -> Hub:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self.hub

    def __exit__(self, *exception: object) -> None:
        self.hub.heal()
        self.shutdown()
        self.server_close()
