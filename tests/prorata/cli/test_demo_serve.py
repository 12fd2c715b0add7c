"""`prorata demo --serve`: a play whose asset can be looked at over HTTP, by a real process."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import closing

import httpx
import pytest

from tests.prorata.cli.opened import run
from tests.prorata.cli.test_supervisor import until
from tests.prorata.service.live.lines import free_port

pytestmark = pytest.mark.slow


def get(address: str) -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        return client.get(address)


@pytest.mark.parametrize("asset_class", ["gold", "building"])
def test_a_play_is_served_until_it_is_ended(tmp_path, asset_class):
    """Law 121: the address is told when somebody answers there; an interrupt ends all of it."""
    port = free_port()
    lines: list[str] = []
    process = subprocess.Popen(
        [sys.executable, "-m", "prorata", "demo", asset_class, "--serve", "--port", str(port),
         "--out", str(tmp_path / "out")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip

    def listen() -> None:
        assert process.stdout
        lines.extend(line.rstrip("\n") for line in iter(process.stdout.readline, ""))

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()

    def told() -> str | None:
        found = re.search(r"Open (http://\S+)", "\n".join(lines))
        return found and found[1]

    try:
        until(lambda: told() is not None or process.poll() is not None, 240)
        page = told()
        assert page, lines[-5:]
        shown = get(page)
        assert shown.headers["content-type"].startswith("text/html")
        address = page.replace("/assets/", "/v1/assets/")
        assert f"For programs: {address}" in lines
        asset = get(address).json()
        assert int(asset["supply"]["units"]) > 0
        assert asset["incomplete"] is False
        holders = get(f"{address}/holders").json()["holders"]
        assert len(holders) > 3
        assert get(f"{address}/unclaimed").json()["distributions"] or asset_class == "gold"
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0
    finally:
        process.kill()
        process.wait()
        thread.join(5)
        assert process.stdout
        process.stdout.close()
    assert not [line for line in lines if "Warning" in line]
    assert [line for line in lines if line.endswith("has ended")] == [
        "API: has ended", "follower: has ended",
    ]  # fmt: skip
    with pytest.raises(httpx.HTTPError):
        get(address)


def test_a_port_that_is_taken_is_refused_before_the_play(tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        done = run("demo", "--serve", "--port", port, "--out", str(tmp_path / "out"))
    assert done.code == 1
    assert "is taken on this machine" in done.err
    assert not (tmp_path / "out").exists()
