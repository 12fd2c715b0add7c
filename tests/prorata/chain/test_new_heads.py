"""A websocket wakes, and tells nothing: what it says is never read, and its death ends nothing."""

from __future__ import annotations

import threading
import time

from prorata.chain.transports import new_heads
from prorata.chain.transports.new_heads import announced
from prorata.toolchain.anvil import Anvil


def socket_of(anvil: Anvil) -> str:
    return anvil.url.replace("http://", "ws://")


def test_a_new_block_wakes(anvil):
    woken = threading.Event()
    with announced([socket_of(anvil)], woken.set):
        # The answer to the subscription wakes, too.
        assert woken.wait(10)
        woken.clear()
        anvil.rpc("evm_mine")
        assert woken.wait(10)


def test_a_line_that_dies_is_tried_again(monkeypatch):
    """Whoever polls goes on polling meanwhile."""
    monkeypatch.setattr(new_heads, "AGAIN_SECONDS", 0.1)
    woken = threading.Event()
    with Anvil() as first:
        port = int(first.url.rsplit(":", 1)[1])
        with announced([socket_of(first)], woken.set):
            assert woken.wait(10)
            first.stop()
            time.sleep(0.2)
            woken.clear()
            with Anvil(port=port):
                assert woken.wait(10)


def test_an_address_that_leads_nowhere_is_silent():
    began = time.monotonic()
    with announced(["ws://127.0.0.1:1"], lambda: None):
        pass
    assert time.monotonic() - began < 5
