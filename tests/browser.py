"""A real browser: the machine's own Chromium, else the one that npm's `@sparticuz/chromium` packs.

It is told to reach this machine and nobody else, and it writes with the letters of paper, so that a
page is as wide on every machine. While Playwright is open, its event loop counts as running in the
thread, and whatever else asks for a loop fails: a module opens a browser, and closes it at its end.
"""

from __future__ import annotations

import base64
import fcntl
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prorata.reports.pdf import FOLDER
from prorata.toolchain.paths import PROJECT_ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome")
PACKED = PROJECT_ROOT / "node_modules" / "@sparticuz" / "chromium" / "bin"
CACHE = PROJECT_ROOT / ".cache" / "browser"
AXE = PROJECT_ROOT / "node_modules" / "axe-core" / "axe.min.js"

FLAGS = (
    "--no-sandbox", "--no-zygote", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
    "--font-render-hinting=none", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
PARTS = ("chromium", "al2023.tar", "swiftshader.tar")
UNPACK = """
const fs = require('fs'), zlib = require('zlib'), [, from, to] = process.argv;
fs.writeFileSync(to, zlib.brotliDecompressSync(fs.readFileSync(from)));
"""


def machines(names: tuple[str, ...] = NAMES) -> Path | None:
    """The machine's own browser. One in a snap sees none of the folders that a test makes."""
    for name in names:
        found = shutil.which(name)
        if not found or "snap" in Path(found).resolve().parts:
            continue
        # What only says how to install a browser is of that name too, and ends with an error.
        if subprocess.run([found, "--version"], capture_output=True, timeout=60).returncode == 0:
            return Path(found)
    return None


def unpacked(packed: Path = PACKED, cache: Path = CACHE) -> Path:
    """The packed program, unpacked once, with the libraries that a system may lack beside it."""
    assert packed.is_dir(), (
        f"there is no browser: neither {', '.join(NAMES)} on this machine, nor "
        f"{packed}; run `make setup`, which installs one"
    )
    stamp = (packed / "chromium.br").stat()
    place = cache / f"{stamp.st_size}-{stamp.st_mtime_ns}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        # Several workers of pytest begin at the same moment.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            for old in cache.iterdir():
                if old.is_dir():
                    shutil.rmtree(old)
            part = Path(tempfile.mkdtemp(dir=cache))
            for name in PARTS:
                _unpack(packed / f"{name}.br", part / name)
            (part / "chromium").chmod(0o755)
            part.rename(place)
    return place / "chromium"


def _unpack(packed: Path, to: Path) -> None:
    subprocess.run(["node", "-e", UNPACK, str(packed), str(to)], check=True)
    if to.suffix == ".tar":
        with tarfile.open(to) as archive:
            # Python 3.11.3 and earlier know no filter.
            safely: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            archive.extractall(to.parent, **safely)
        to.unlink()


@contextmanager
def browser(*, pinned: bool = False) -> Iterator[Browser]:
    """A browser; with `pinned` the packed one, whatever the machine has."""
    from playwright.sync_api import sync_playwright

    own = None if pinned else machines()
    program = own or unpacked()
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        environment = {**os.environ, "FONTCONFIG_PATH": str(FOLDER)}
        if not own:
            libraries = f"{program.parent / 'lib'}:{program.parent}"
            environment |= {"HOME": home, "LD_LIBRARY_PATH": libraries}
        opened = playwright.chromium.launch(
            executable_path=program, args=FLAGS, env=dict(environment)
        )
        try:
            yield opened
        finally:
            opened.close()


class Tab:
    """One page of files; `said` is what its console said, `asked` whom it asked."""

    def __init__(self, opened: Browser) -> None:
        self.page = opened.new_page()
        self.protocol = self.page.context.new_cdp_session(self.page)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def open(self, path: Path, width: int, *, dark: bool = False, printed: bool = False) -> None:
        """Open a file in a window of a width."""
        # By the same session as all that is asked: what another one pretends is not seen by it.
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        media = {"media": "print" if printed else "screen", "features": [scheme]}
        self.protocol.send("Emulation.setEmulatedMedia", media)
        self.page.set_viewport_size({"width": width, "height": 900})
        self.asked.clear()
        self.page.goto(path.as_uri())

    def asks(self, script: str) -> Any:
        """What a script comes to, whatever the page's own policy forbids scripts."""
        found = self.protocol.send(
            "Runtime.evaluate", {"expression": script, "returnByValue": True}
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def picture(self, scale: float = 1) -> bytes:
        """All of the page, however long it is."""
        size = self.protocol.send("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": scale}
        asked = {"format": "png", "clip": clip, "captureBeyondViewport": True}
        return base64.b64decode(self.protocol.send("Page.captureScreenshot", asked)["data"])
