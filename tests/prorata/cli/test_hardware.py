"""A hardware wallet of ape, as far as that goes without a device: all but the signature."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from prorata.chain.signers import LocalSigner
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.opened import Commands

pytestmark = pytest.mark.slow

BASIS = ("--reason", "Tried without a device", "--document", "0x" + "1" * 64)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home where ape knows one account of a device."""
    address = LocalSigner.of_test_account(0).address
    folder = tmp_path / ".ape" / "ledger"
    folder.mkdir(parents=True)
    known = {"address": address, "hdpath": "m/44'/60'/0'/0/0"}
    (folder / "coldkey.json").write_text(json.dumps(known), encoding="utf-8")
    return tmp_path


def run(commands: Commands, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    where = ("--network", commands.anvil.url, "--deployment", str(commands.folder))
    return subprocess.run(
        [sys.executable, "-m", "prorata", *words, *where, "--account", "coldkey"],
        cwd=home,
        env={**os.environ, "HOME": str(home), "PYTHONPATH": str(PROJECT_ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_dry_run_needs_no_device(started, home):
    done = run(started, home, "pause", *BASIS, "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["steps"]) == 1


def test_without_a_device_there_is_one_sentence_and_nothing_is_sent(started, home):
    before = started.sent
    done = run(started, home, "pause", *BASIS)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("✗ ")
    assert " did not sign transaction " in last
    assert "Traceback" not in done.stdout + done.stderr
    assert started.sent == before
