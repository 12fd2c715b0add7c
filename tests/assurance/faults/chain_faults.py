"""What goes wrong on the chain itself: reorganisations, stolen nonces, dear gas, lost transactions.

Each is done by the proxy to the Anvil behind it, in the moment before or after the node hears an
exchange, so that it falls between two moments of the operation.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from eth_account import Account
from eth_utils.crypto import keccak

from prorata.toolchain.anvil import Anvil
from tests.assurance.faults.harness import GROUND, FaultHarness
from tests.assurance.faults.proxy import SENDING, Answer, Exchange, Fault
from tests.prorata.conftest import ISSUER_KEY

__all__ = ["CHAIN_FAULTS", "ChainFaults", "ground_of", "times_of"]

DEPTHS = (1, 2, 4, 8, 16, 32, 64)
# Exchanges between a snapshot and the reorganisation that goes back to it.
SPAN = 9
ISSUER = Account.from_key(ISSUER_KEY)


class ChainFaults:
    """Does to an Anvil what a public chain does to its users."""

    def __init__(self, anvil: Anvil) -> None:
        self.anvil = anvil

    # ----------------------------------------------------------- reorganisations

    # Anvil's own reorganisation forgets contracts after it has gone back to a snapshot once, so it
    # is sent back to a snapshot here too, and mines other blocks from there.

    def reorganised(self, harness: FaultHarness, *, returning: int | None = None) -> Fault:
        """All blocks since the act was staged are replaced by one more than they were.

        Their transactions fall out for good, or return, at most `returning` blocks later than the
        first replaced block, as if another miner had been slower.
        """

        def fault(exchange: Exchange | None) -> None:
            self._replace(int(harness.ground, 16), harness.rewind, returning)

        return fault

    def latest_reorganised(self, *, returning: int | None = None) -> Fault:
        """The same for what came since the first exchange that it meets, at the `SPAN`-th."""
        met: list[tuple[str, int]] = []

        def fault(exchange: Exchange) -> None:
            met.append((self.anvil.rpc("evm_snapshot") if not met else "", self._height()))
            if len(met) == SPAN:
                snapshot, height = met[0]
                self._replace(height, lambda: self.anvil.rpc("evm_revert", snapshot), returning)

        return fault

    def _replace(self, height: int, rewind: Callable[[], object], returning: int | None) -> None:
        self._wait_for_miner()
        last = self._height()
        lost = [raw for n in range(height + 1, last + 1) for raw in self._raw(n)]
        rewind()
        # Of another miner, and so of another hash, even when it is empty.
        self.anvil.rpc("anvil_setCoinbase", f"0x{'c0' * 20}")
        if returning:
            self.anvil.rpc("anvil_mine", hex(min(returning, last - height)))
        for raw in [] if returning is None else lost:
            self.anvil.rpc(SENDING, raw)
        self._wait_for_miner()
        self.anvil.rpc("anvil_mine", hex(max(1, last + 1 - self._height())))
        self.anvil.rpc("anvil_setCoinbase", f"0x{'00' * 20}")

    def _wait_for_miner(self) -> None:
        while int(self.anvil.rpc("txpool_status")["pending"], 16):
            time.sleep(0.002)

    def _height(self) -> int:
        return int(self.anvil.rpc("eth_blockNumber"), 16)

    def _raw(self, number: int) -> list[str]:
        block = self.anvil.rpc("eth_getBlockByNumber", hex(number), False)
        return [self.anvil.rpc("eth_getRawTransactionByHash", h) for h in block["transactions"]]

    # -------------------------------------------------------------- transactions

    def nonce_stolen(self, exchange: Exchange) -> None:
        """The same account sends something else, from elsewhere, in the last moment."""
        self._steal(int(self._count("latest"), 16))
        self._wait_for_miner()

    def replaced(self, exchange: Exchange) -> Answer:
        """The node takes it; before it is mined, the account sends something else instead."""
        self.anvil.rpc("evm_setAutomine", False)
        answer = exchange.ask()
        self._steal(int(self._count("latest"), 16), dearer=100)
        self.anvil.rpc("evm_mine")
        self.anvil.rpc("evm_setAutomine", True)
        return Answer(answer)

    def dropped(self, exchange: Exchange) -> Answer:
        """The node takes it, and forgets it before it is mined."""
        self.anvil.rpc("evm_setAutomine", False)
        answer = exchange.ask()
        for part in exchange.parts:
            if part["method"] == SENDING:
                raw = bytes.fromhex(part["params"][0][2:])
                self.anvil.rpc("anvil_dropTransaction", f"0x{keccak(raw).hex()}")
        self.anvil.rpc("evm_setAutomine", True)
        return Answer(answer)

    def _steal(self, nonce: int, dearer: int = 1) -> None:
        price = dearer * 10 * 10**9
        theft = ISSUER.sign_transaction(
            {
                "type": 2,
                "chainId": int(self.anvil.rpc("eth_chainId"), 16),
                "nonce": nonce,
                "to": ISSUER.address,
                "value": 1,
                "data": b"",
                "gas": 21_000,
                "maxFeePerGas": price,
                "maxPriorityFeePerGas": price,
            }
        )
        self.anvil.rpc(SENDING, f"0x{bytes(theft.raw_transaction).hex()}")

    def _count(self, tag: str) -> Any:
        return self.anvil.rpc("eth_getTransactionCount", ISSUER.address, tag)

    # --------------------------------------------------------------------- prices

    def dear(self, times: int) -> Fault:
        """The base fee is so many times what it was when the transactions were signed."""

        def fault(exchange: Exchange) -> None:
            self._raise(times)

        return fault

    def dear_in_the_pool(self, times: int) -> Fault:
        """The node takes it; then the base fee rises, and no block takes it."""

        def fault(exchange: Exchange) -> Answer:
            self.anvil.rpc("evm_setAutomine", False)
            answer = exchange.ask()
            self._raise(times)
            self.anvil.rpc("evm_setAutomine", True)
            return Answer(answer)

        return fault

    def _raise(self, times: int) -> None:
        base = int(self.anvil.rpc("eth_getBlockByNumber", "latest", False)["baseFeePerGas"], 16)
        self.anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(times * base))
        self.anvil.rpc("evm_mine")


_BACK = (("all lost", None), ("all back at once", 0), ("back later", 3))

CHAIN_FAULTS: dict[str, Callable[[ChainFaults, FaultHarness], Fault]] = {
    "base fee tripled before the node": lambda w, _: w.dear(3),
    "base fee tenfold with it in the pool": lambda w, _: w.dear_in_the_pool(10),
    "dropped by the node": lambda w, _: w.dropped,
    "nonce taken by someone else": lambda w, _: w.nonce_stolen,
    "replaced in the pool": lambda w, _: w.replaced,
    **{
        f"reorganisation of the latest blocks, {named}": lambda w, _, r=returning: (
            w.latest_reorganised(returning=r)
        )
        for named, returning in _BACK
    },
    **{
        f"reorganisation of {depth}, {named}": lambda w, harness, r=returning: w.reorganised(
            harness, returning=r
        )
        for depth in DEPTHS
        for named, returning in _BACK
    },
}
"""Every fault of the chain by name. The first five mean something when a transaction is sent."""


def ground_of(name: str) -> int:
    """How many empty blocks there must be before the act, for the reorganisation to be so deep."""
    found = re.match(r"reorganisation of (\d+)", name)
    return int(found[1]) if found else GROUND


def times_of(name: str) -> int:
    """How many exchanges the fault has to meet."""
    return SPAN if "latest" in name else 1
