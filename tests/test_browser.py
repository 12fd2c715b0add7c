"""Where the browser comes from: the machine, else the package; never from nowhere in silence."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.browser import PARTS, machines, unpacked

PACK = """
const fs = require('fs'), zlib = require('zlib'), [, from, to] = process.argv;
fs.writeFileSync(to, zlib.brotliCompressSync(fs.readFileSync(from)));
"""


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A package of the same form, of which the program says a word."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho unpacked\n")
    (tmp_path / "library").write_text("1")
    archive = tmp_path / "archive"
    subprocess.run(["tar", "-cf", archive, "-C", tmp_path, "library"], check=True)
    for name in PARTS:
        source = archive if name.endswith(".tar") else program
        command = ["node", "-e", PACK, str(source), str(folder / f"{name}.br")]
        subprocess.run(command, check=True)
    return folder


def test_several_workers_unpack_it_once(packed: Path, tmp_path: Path) -> None:
    """And whoever comes while it is unpacked waits for it."""
    script = "import sys; from pathlib import Path; from tests.browser import unpacked; "
    script += "print(unpacked(*map(Path, sys.argv[1:])).stat().st_ino)"
    command = [sys.executable, "-c", script, str(packed), str(tmp_path / "cache")]
    with ThreadPoolExecutor(3) as pool:
        ran = list(pool.map(lambda _: subprocess.check_output(command, text=True), range(3)))
    assert len(set(ran)) == 1
    program = unpacked(packed, tmp_path / "cache")
    assert subprocess.check_output([program], text=True) == "unpacked\n"
    assert (program.parent / "library").read_text() == "1"


def test_another_version_takes_the_place_of_the_one_before(packed: Path, tmp_path: Path) -> None:
    first = unpacked(packed, tmp_path / "cache")
    os.utime(packed / "chromium.br", (1, 1))
    second = unpacked(packed, tmp_path / "cache")
    assert (first.exists(), second.exists()) == (False, True)


def test_without_any_it_is_a_failure_that_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=re.escape("run `make setup`, which installs one")):
        unpacked(tmp_path / "nowhere", tmp_path)


def test_a_browser_that_does_not_start_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, code in (("chromium", 1), ("chromium-browser", 0)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {code}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machines() == tmp_path / "chromium-browser"
    (tmp_path / "chromium-browser").unlink()
    assert machines() is None
