"""A network between a browser and the page that can be cut, as when Wi-Fi is lost."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Thread


class Network:
    """Passes on connections to a port of this machine, at another port."""

    def __init__(self, port: int):
        self._target, self._connections, self._up, self._lock = port, [], True, Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End all connections, and let no new one come about."""
        with self._lock:
            self._up = False
            while self._connections:
                _end(self._connections.pop())

    def restore(self) -> None:
        """Let connections come about again."""
        self._up = True

    def close(self) -> None:
        """Free the port."""
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with self._lock:  # or a connection could come about while all are ended
                    if not self._up:
                        client.close()
                        continue
                    server = socket.create_connection(("127.0.0.1", self._target))
                    self._connections += [client, server]
                for source, sink in ((client, server), (server, client)):
                    Thread(target=_pass_on, args=(source, sink), daemon=True).start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    _end(sink)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


@contextmanager
def network_to(url: str) -> Iterator[Network]:
    """A network through which the server at a URL can be reached."""
    network = Network(int(url.rsplit(":", 1)[1]))
    yield network
    network.close()
