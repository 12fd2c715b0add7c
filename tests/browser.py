"""A real browser that looks at pages: Chromium, as npm's `@sparticuz/chromium` packs it.

`make browser` installs it, beside nothing of the system. Its `--screenshot` never ends, so that it
is asked over its own protocol, on a port of this machine. It is told to reach nobody.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

from prorata.reports.pdf import FOLDER
from prorata.toolchain.paths import PROJECT_ROOT

INSTALLED = PROJECT_ROOT / ".cache" / "browser"
PACKED = INSTALLED / "node_modules" / "@sparticuz" / "chromium" / "bin"
UNPACKED = INSTALLED / "unpacked"

FLAGS = (
    "--headless=shell", "--no-sandbox", "--no-zygote", "--disable-gpu", "--disable-quic",
    "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars", "--font-render-hinting=none",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-port=0",
)  # fmt: skip
PATIENCE = 60
FONTS = {"FONTCONFIG_PATH": str(FOLDER)}
"""The letters of paper, so that a picture is the same on every machine."""

UNPACK = """
const fs = require('fs'), zlib = require('zlib'), [, from, to] = process.argv;
fs.writeFileSync(to, zlib.brotliDecompressSync(fs.readFileSync(from)));
"""


def unpacked() -> Path:
    """The program, unpacked once, with the libraries that a system may lack beside it."""
    if not UNPACKED.exists():
        part = Path(tempfile.mkdtemp(dir=INSTALLED))
        for name in ("chromium", "al2023.tar", "swiftshader.tar"):
            script = ["node", "-e", UNPACK, str(PACKED / f"{name}.br"), str(part / name)]
            subprocess.run(script, check=True)
            if name.endswith(".tar"):
                with tarfile.open(part / name) as archive:
                    archive.extractall(part, filter="data")
                (part / name).unlink()
        (part / "chromium").chmod(0o755)
        part.rename(UNPACKED)
    return UNPACKED / "chromium"


class Tab:
    """One page of the browser; `said` is what its console said, `asked` whom it asked."""

    def __init__(self, socket: Any) -> None:
        self.socket, self.numbers, self.session = socket, itertools.count(1), None
        self.said: list[str] = []
        self.asked: list[str] = []
        self.loaded = False
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for part in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{part}.enable")

    def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Ask the browser something, and take note of what it tells meanwhile."""
        number = next(self.numbers)
        request = {"id": number, "method": method, "params": arguments}
        self.socket.send(
            json.dumps(request | ({"sessionId": self.session} if self.session else {}))
        )
        while True:
            told = self._told()
            if told.get("id") == number:
                assert "error" not in told, told["error"]
                return told["result"]

    def _told(self) -> dict[str, Any]:
        told = json.loads(self.socket.recv(timeout=PATIENCE))
        event, content = told.get("method"), told.get("params", {})
        if event == "Network.requestWillBeSent":
            self.asked.append(content["request"]["url"])
        elif event in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            self.said.append(json.dumps(content))
        elif event == "Page.loadEventFired":
            self.loaded = True
        return told

    def open(self, path: Path, width: int, *, dark: bool = False, printed: bool = False) -> None:
        """Open a file in a window of a width."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call(
            "Emulation.setEmulatedMedia", media="print" if printed else "screen", features=[scheme]
        )
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=900, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        self.asked.clear()
        self.loaded = False
        self.call("Page.navigate", url=path.as_uri())
        while not self.loaded:
            self._told()

    def asks(self, script: str) -> Any:
        """What a script comes to."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def picture(self, scale: float = 1) -> bytes:
        """All of the page, however long it is."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": scale}
        drawn = self.call(
            "Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True
        )
        return base64.b64decode(drawn["data"])


@contextmanager
def browser() -> Iterator[Tab]:
    """A browser with one page; it and its folder are gone afterwards."""
    program, folder = unpacked(), Path(tempfile.mkdtemp())
    libraries = f"{UNPACKED / 'lib'}:{UNPACKED}"
    command = [str(program), *FLAGS, f"--user-data-dir={folder}", "about:blank"]
    process = subprocess.Popen(
        command,
        env={**os.environ, "HOME": str(folder), "LD_LIBRARY_PATH": libraries, **FONTS},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port, path = _port(folder / "DevToolsActivePort", process)
        with connect(f"ws://127.0.0.1:{port}{path}", max_size=None, proxy=None) as socket:
            yield Tab(socket)
    finally:
        process.terminate()
        process.wait(PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)


def _port(file: Path, process: subprocess.Popen[bytes]) -> list[str]:
    """Where the browser listens, once it says so."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if file.exists() and len(found := file.read_text().splitlines()) == 2:
            return found
        assert process.poll() is None, "the browser ended at once"
        time.sleep(0.05)
    raise AssertionError("the browser does not listen")
