"""Firefox without a window, driven by WebDriver BiDi: JSON over a websocket that Firefox itself opens."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

NAMES = ("firefox", "firefox-esr")
SECONDS = 60  # for an answer
PREFERENCES = {
    "ui.prefersReducedMotion": 1,  # texts stand there at once
    "network.captive-portal-service.enabled": False,  # no calls home
    "network.connectivity-service.enabled": False,
    "app.normandy.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
}


def find_firefox() -> str | None:
    """The path of Firefox, or None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Tab:
    """A tab of Firefox, or a frame in one."""

    def __init__(self, firefox: "Firefox", context: str):
        self._firefox, self._context = firefox, context

    def goto(self, url: str) -> None:
        """Open a page, and wait until it has loaded."""
        self._firefox.call("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, a promise's once it is there, if JSON can hold it."""
        answer = self._firefox.call(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})))()",
            target={"context": self._context},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return json.loads(answer["result"].get("value", "null"))

    def frames(self) -> list["Tab"]:
        """The frames in it."""
        tree = self._firefox.call("browsingContext.getTree", root=self._context)["contexts"][0]
        return [Tab(self._firefox, child["context"]) for child in tree["children"]]


class Firefox:
    """A running Firefox."""

    def __init__(self, connection: ClientConnection):
        self._connection, self._numbers = connection, count()
        self.call("session.new", capabilities={})

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of WebDriver BiDi. Raises RuntimeError for an error, TimeoutError without an answer."""
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": params}))
        while (answer := json.loads(self._connection.recv(timeout=SECONDS))).get("id") != number:
            pass  # an event
        if answer["type"] == "error":
            raise RuntimeError(f"{method}: {answer['message']}")
        return answer["result"]

    def tab(self) -> Tab:
        """A new tab."""
        return Tab(self, self.call("browsingContext.create", type="tab")["context"])


@contextmanager
def firefox(path: str, profile: Path) -> Iterator[Firefox]:
    """Start Firefox with an empty folder as its profile, and end it after the block."""
    lines = (f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items())
    (profile / "user.js").write_text("".join(lines), encoding="utf-8")
    command = [path, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"]
    environment = os.environ | {"HOME": str(profile)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            output = ""
            while not (address := re.search(r"listening on (ws://\S+)", output)):
                line = process.stdout.readline()
                assert line, f"Firefox ended:\n{output}"
                output += line
            with connect(f"{address[1]}/session", max_size=None, proxy=None) as connection:
                yield Firefox(connection)
        finally:
            process.kill()
