"""What goes wrong on the chain itself: reorganisations, stolen nonces, dear gas, lost transactions.

Each is done by the proxy to the Anvil behind it, in the moment before or after the node hears an
exchange, so that it falls between two moments of the operation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eth_account import Account
from eth_utils.crypto import keccak

from prorata.toolchain import Anvil
from tests.faults.proxy import SENDING, Answer, Exchange, Fault
from tests.integration.conftest import ISSUER_KEY

__all__ = ["WEATHER", "Weather"]

ISSUER = Account.from_key(ISSUER_KEY)


class Weather:
    """Does to an Anvil what a public chain does to its users."""

    def __init__(self, anvil: Anvil) -> None:
        self.anvil = anvil

    # ----------------------------------------------------------- reorganisations

    def reorganised(self, depth: int, *, returning: int | None = None) -> Fault:
        """The last `depth` blocks are replaced by others.

        Their transactions fall out for good, or each returns `returning` blocks later than the
        first replaced block, as if another miner had been slower.
        """

        def fault(exchange: Exchange) -> None:
            last = int(self.anvil.rpc("eth_blockNumber"), 16)
            lost = [raw for n in range(last - depth + 1, last + 1) for raw in self._raw(n)]
            back = [] if returning is None else lost
            offset = min(returning or 0, depth - 1)
            self.anvil.rpc("anvil_reorg", depth, [[raw, offset] for raw in back])

        return fault

    def _raw(self, number: int) -> list[str]:
        block = self.anvil.rpc("eth_getBlockByNumber", hex(number), False)
        return [self.anvil.rpc("eth_getRawTransactionByHash", h) for h in block["transactions"]]

    # -------------------------------------------------------------- transactions

    def nonce_stolen(self, exchange: Exchange) -> None:
        """The same account sends something else, from elsewhere, in the last moment."""
        self._steal(int(self._count("latest"), 16))

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


WEATHER: dict[str, Callable[[Weather], Fault]] = {
    "base fee tripled before the node": lambda w: w.dear(3),
    "base fee tenfold with it in the pool": lambda w: w.dear_in_the_pool(10),
    "dropped by the node": lambda w: w.dropped,
    "nonce taken by someone else": lambda w: w.nonce_stolen,
    "replaced in the pool": lambda w: w.replaced,
    **{
        f"reorganisation of {depth}, {named}": lambda w, d=depth, r=returning: w.reorganised(
            d, returning=r
        )
        for depth in (1, 2, 5, 16, 64)
        for named, returning in (("all lost", None), ("all back at once", 0), ("back later", 3))
    },
}
"""Every fault of the chain by name. The first five mean something when a transaction is sent."""
