"""What gradio finds when it is imported: proxies, the folder for uploads, and a reason to write no files."""

import atexit
import inspect
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from tinygpt.system.shell import program

_LOCAL = ("localhost", "127.0.0.1", "::1")


def bypass_proxies(host: str) -> None:
    """Make HTTP clients in this process reach this machine and `host` directly, and do without unusable proxies.

    gradio asks its own server whether it answers, through the proxies of the environment, and cannot even be imported
    where one of them is malformed or of a kind that its HTTP client lacks. What is ignored is said on stderr.
    """
    proxies = getproxies()  # those of the environment, or else of the system's settings
    bypassed = [proxies.pop("no", ""), *_LOCAL, host]
    for scheme, url in proxies.items():
        names = [name for name in os.environ if name.lower() == f"{scheme}_proxy"]
        if problem := _problem(url):
            ignored = f"ignoring the proxy of {' and '.join(names) or scheme}"
            print(f"{program('app')}: {ignored}: {problem}", file=sys.stderr)
            for name in names:
                del os.environ[name]
        elif not names:
            os.environ[f"{scheme}_proxy"] = url  # as NO_PROXY in the environment hides the system's settings
    if proxies:
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = ",".join(filter(None, bypassed))


def prepare_for_gradio() -> Path:
    """Create a folder for the uploads of this process, which goes when the process ends. Raises ValueError.

    It is made in GRADIO_TEMP_DIR, or else where temporary files are. gradio would share one folder among all users of
    the machine, which only the first of them can write to. GRADIO_SERVER_NAME is removed: --host has taken it over, and
    gradio would look for free ports there, but only by IPv4. So is SYSTEM, by which gradio knows Hugging Face's Spaces:
    it would offer to replace the running code, and its page would ask huggingface.co about the Space, which is refused.
    """
    for name in ("GRADIO_SERVER_NAME", "SYSTEM"):
        os.environ.pop(name, None)
    # After every event, gradio sums up all events so far, for a monitoring page that is turned off.
    os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(10**9))
    home = os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir()
    try:
        Path(home).mkdir(parents=True, exist_ok=True)
        folder = tempfile.mkdtemp(prefix="tinygpt-", dir=home)
    except OSError as error:
        raise ValueError(
            f"no folder for uploads can be made in {home} ({error.strerror}): set GRADIO_TEMP_DIR to a folder of yours"
        ) from error
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["GRADIO_TEMP_DIR"] = folder
    return Path(folder)


@contextmanager
def without_type_stubs() -> Iterator[None]:
    """In the block, gradio is imported without rewriting the type stubs of its components: in half of the time.

    It does not write them for classes whose source code cannot be found.
    """
    getfile = inspect.getfile

    def find(object: Any) -> str:
        if isinstance(object, type) and any(base.__module__.startswith("gradio.") for base in object.__mro__):
            raise OSError
        return getfile(object)

    inspect.getfile = find
    try:
        yield
    finally:
        inspect.getfile = getfile


def _problem(proxy: str) -> str:
    """Why a proxy cannot be used; "" if it can."""
    try:
        url = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        usable = url.scheme in ("http", "https", "socks5", "socks5h") and url.hostname and url.port != 0
    except ValueError:
        usable = False
    if not usable:
        return "it is not the URL of an HTTP or SOCKS5 proxy"
    if url.scheme.startswith("socks") and not find_spec("socksio"):
        return "SOCKS needs a package that is not installed (pip install socksio)"
    return ""
