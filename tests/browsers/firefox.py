"""Firefox over WebDriver BiDi (W3C), which it speaks itself: no driver stands between."""

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

_READY = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


class Firefox:
    """One page of it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._last = 0
        self.call("session.new", capabilities={})
        [context] = self.call("browsingContext.getTree")["contexts"]
        self._context = context["context"]

    def call(self, method: str, **parameters: Any) -> Any:
        """A command and what it gave. Raises AssertionError for an error; events are passed over."""
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": parameters}))
        while (answer := json.loads(self._socket.recv(60))).get("id") != self._last:
            pass
        assert answer["type"] == "success", answer
        return answer["result"]

    def size(self, width: int, height: int) -> None:
        """Of what is seen."""
        viewport = {"width": width, "height": height}
        self.call("browsingContext.setViewport", context=self._context, viewport=viewport)

    def open(self, address: str) -> None:
        """Go there and wait until it is loaded."""
        self.call("browsingContext.navigate", context=self._context, url=address, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression that gives a string, number or truth, or a promise of one."""
        answer = self.call(
            "script.evaluate", expression=expression, target={"context": self._context}, awaitPromise=True
        )
        assert answer["type"] == "success", answer
        return answer["result"].get("value")

    def picture(self) -> bytes:
        """What is seen, as PNG."""
        shot = self.call("browsingContext.captureScreenshot", context=self._context)
        return base64.b64decode(shot["data"])


@contextmanager
def firefox(folder: Path) -> Iterator[Firefox]:
    """A headless one with a profile in `folder`."""
    profile = folder / "profile"
    profile.mkdir()
    command = ["firefox-esr", "--headless", "--no-remote", "--remote-debugging-port", "0"]
    command += ["--profile", str(profile), "about:blank"]
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "MOZ_DISABLE_CONTENT_SANDBOX": "1"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stderr
        for line in process.stderr:
            if found := _READY.search(line):
                break
        else:
            raise AssertionError("Firefox did not say where it listens")
        with connect(f"{found[1]}/session", max_size=None, proxy=None) as socket:
            yield Firefox(socket)
    finally:
        process.kill()
        process.wait(30)
        if process.stderr:
            process.stderr.close()
