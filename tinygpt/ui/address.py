"""The addresses of the page: the one that it listens on, and those that proxies in front of it have."""

import errno
import ipaddress
import re
import socket
from urllib.parse import urlsplit

PORTS = range(7860, 7960)  # of which the first free one is taken where none is chosen
_LOCALHOST = "127.0.0.1"
_ROOT_PATH = re.compile(r"(https?://[^/?#\s]+)?(/[\w.~%-]+)*/?", re.ASCII)


def hostname(host: str) -> str:
    """The name in a Host header or a URL, without port and brackets, in lower case; "" if it is malformed."""
    try:
        return urlsplit(host if "://" in host else f"//{host}").hostname or ""
    except ValueError:
        return ""


def is_loopback(name: str) -> bool:
    """Whether a host name is "localhost" or an address that only this machine can reach."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost"
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def check_root_path(root_path: str) -> str:
    """A path or URL under which proxies serve the page, without a final slash. Raises ValueError if it is neither."""
    if not _ROOT_PATH.fullmatch(root_path) or ("://" in root_path and not hostname(root_path)):
        raise ValueError(
            f"--root-path is a path such as /tinygpt, or with its host https://example.org/tinygpt, not {root_path!r}"
        )
    return root_path.rstrip("/")


def choose_port(host: str, port: int | None) -> int:
    """The port to listen on: `port`, or else the first free one of PORTS.

    Raises ValueError, with the remedy, if one cannot listen there.
    """
    for candidate in PORTS if port is None else [port]:
        try:
            # gradio tries every port at 127.0.0.1, too.
            for name in dict.fromkeys((host, _LOCALHOST)):
                _listen_once(name, candidate)
            return candidate
        except socket.gaierror as error:
            raise ValueError(f"there is no host {host!r} ({error.strerror}): choose another with --host") from None
        except OSError as error:
            if error.errno == errno.EADDRINUSE and port is None:
                continue
            raise ValueError(_explained(error, host, candidate)) from None
    raise ValueError(f"the ports {PORTS[0]} to {PORTS[-1]} are all taken: choose another with --port")


def _listen_once(host: str, port: int) -> None:
    """Listen at all addresses of a host, for an instant. Raises OSError if it is not possible."""
    for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE):
        socket.create_server(address, family=family).close()


def _explained(error: OSError, host: str, port: int) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"port {port} is taken: choose another with --port"
        case errno.EADDRNOTAVAIL:
            return f"{host} is not an address of this machine: choose another with --host"
        case errno.EACCES:
            return f"port {port} may not be used by you: choose another with --port, above 1023"
        case _:
            return f"cannot listen on {host}, port {port} ({error.strerror or error}): change --host or --port"
