"""`prorata serve --pages`, as processes: what a person gets who starts it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from tests.prorata.cli.opened import Commands
from tests.prorata.service.pages.conftest import free_port
from tests.prorata.service.pages.wallet import Wallet

pytestmark = pytest.mark.slow


PATIENCE = 60


@contextmanager
def started(commands: Commands, *words: str) -> Iterator[None]:
    """The command as a process, which ends well when it is told to."""
    common = ("--network", commands.anvil.url, "--deployment", str(commands.folder))
    process = subprocess.Popen(
        [sys.executable, "-m", "prorata", "serve", *words, *common],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, out + err
    assert "Traceback" not in err, err


def wait(origin: str) -> None:
    """Until the workers, which take their time to start, answer."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            requests.get(f"{origin}/health", timeout=PATIENCE)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("it does not start")


def test_two_workers_share_nonces_and_sessions(building: Commands, ann: Wallet) -> None:
    """Law 114: they stand in the office, so that it does not matter who answers."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    words = ("--public", "--pages", origin, "--port", str(port), "--workers", "2", "--drain", "0")
    with started(building, *words):
        wait(origin)
        headers = {"Origin": origin, "Accept": "application/json"}
        cookies: dict[str, str] = {}
        for _ in range(4):
            # No connection is kept, so that either worker may answer.
            told = requests.post(
                f"{origin}/sign-in/message", json={"address": ann.address}, headers=headers,
                timeout=30,
            ).json()["message"]  # fmt: skip
            fields = {"message": told, "signature": ann.signed(told)}
            done = requests.post(f"{origin}/sign-in", json=fields, headers=headers, timeout=30)
            assert done.status_code == 200, done.text
            cookies = dict(done.cookies)
            again = requests.post(f"{origin}/sign-in", json=fields, headers=headers, timeout=30)
            assert again.status_code == 422
        for _ in range(6):
            shown = requests.get(f"{origin}/me", cookies=cookies, timeout=60)
            assert "600.00 USD" in shown.text


@pytest.mark.parametrize(
    ("origin", "sentence"),
    [
        ("http://shares.example.org", "is not encrypted, and is not this machine"),
        ("shares.example.org", "is no origin"),
        ("https://shares.example.org/pages", "is no origin"),
    ],
)
def test_pages_have_an_origin(building: Commands, origin: str, sentence: str) -> None:
    """Which is said before a port is taken."""
    assert sentence in building.refuses("serve", "--public", "--pages", origin)
