"""What EIP-8037 and EIP-8038 would make of a transaction that was run at today's prices.

Anvil knows no such chain yet, so nothing is run at the announced prices: a transaction is traced as
it runs today, each touch of the state in it is priced anew, and everything else costs what it does.
The prices are those of the execution specifications for Amsterdam (devnet 8, read in November
2026); they are drafts. Other repricings of the same fork, such as of calldata and of the whole
transaction, are left out: they would change the gas of every contract alike.

*State gas* is what creates state: EIP-8037 charges it by the byte. What a gas limit leaves above
16,777,216 pays it first; the rest comes out of ordinary gas. A call that fails is priced as if it
had not: no operation that is measured makes one that touches new state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.bench.floor import COLD_ACCOUNT, COLD_SLOT, RESET, SET, WARM
from tests.chainkit import AnvilKit, Receipt

STATE_BYTE = 1_530
SLOT_BYTES, ACCOUNT_BYTES = 64, 120
NEW_COLD_ACCOUNT, NEW_COLD_SLOT = 3_000, 2_100
ACCOUNT_WRITE, STORAGE_WRITE = 9_000, 10_000
CREATE_ACCESS = NEW_COLD_ACCOUNT + ACCOUNT_WRITE
CALL_STIPEND = 2_300
CALL_VALUE, CREATE, NEW_ACCOUNT, CODE_BYTE, HASH_WORD = 9_000, 32_000, 25_000, 200, 6
CLEARED = 4_800
NEW_CLEARED = (STORAGE_WRITE + NEW_COLD_SLOT) * 4_800 // 5_000
REFUND_PART = 5
PRECOMPILES = frozenset(range(1, 18)) | {256}
ADDRESS = (1 << 160) - 1
CALLS = frozenset({"CALL", "STATICCALL", "DELEGATECALL", "CALLCODE"})
LOOKS = frozenset({"BALANCE", "EXTCODEHASH", "EXTCODESIZE", "EXTCODECOPY"})
CREATES = frozenset({"CREATE", "CREATE2"})


@dataclass(frozen=True)
class Repriced:
    """The gas of a transaction at the announced prices."""

    regular: int
    state: int

    @property
    def gas(self) -> int:
        """What the sender pays for."""
        return self.regular + self.state


@dataclass
class _Sums:
    """What a trace adds to the gas that was used, before refunds."""

    regular: int = 0
    state: int = 0
    cleared: int = 0

    def code(self, length: int) -> None:
        """Code of a new contract."""
        self.regular += HASH_WORD * -(-length // 32) - CODE_BYTE * length
        self.state += STATE_BYTE * length

    def account(self) -> None:
        """A contract that is made."""
        self.regular += CREATE_ACCESS - CREATE
        self.state += STATE_BYTE * ACCOUNT_BYTES

    def write(self, cost: int, value: int) -> None:
        """A storage write, told by what it costs today."""
        cold = cost > SET or cost in (COLD_SLOT + RESET, COLD_SLOT + WARM)
        base = cost - COLD_SLOT if cold else cost
        access = NEW_COLD_SLOT if cold else WARM
        if base == SET:
            self.regular += access + STORAGE_WRITE - cost
            self.state += STATE_BYTE * SLOT_BYTES
        elif base == RESET:
            self.regular += access + STORAGE_WRITE - cost
            self.cleared += value == 0
        elif base == WARM:
            self.regular += access - cost
        else:
            raise ValueError(f"{cost} is no price of a storage write")


class _Walk:
    """A walk over the steps of one transaction."""

    def __init__(self, kit: AnvilKit, transaction: Mapping[str, Any]) -> None:
        self.kit, self.transaction, self.sums = kit, transaction, _Sums()
        made = transaction.get("contractAddress")
        first = (transaction["from"], transaction["miner"], made or transaction["to"])
        self.warm = {*PRECOMPILES, *(int(name, 16) for name in first)}
        self.making: list[int] = []
        if made:
            self.sums.account()
            self.sums.code(len(kit.rpc("eth_getCode", made, "latest")) // 2 - 1)

    def take(self, step: Mapping[str, Any]) -> None:
        """Price one step anew."""
        operation, stack = step["op"], step["stack"]
        if operation == "SSTORE":
            self.sums.write(step["gasCost"], int(stack[-2], 16))
        elif operation in CALLS:
            self._touch(int(stack[-2], 16))
            if operation in ("CALL", "CALLCODE") and int(stack[-3], 16):
                self._send(int(stack[-2], 16) & ADDRESS)
        elif operation in LOOKS:
            self._touch(int(stack[-1], 16))
            if operation in ("EXTCODESIZE", "EXTCODECOPY"):
                self.sums.regular += WARM
        elif operation in CREATES:
            self.sums.account()
            self.making.append(step["depth"] + 1)
        elif operation == "RETURN" and self.making[-1:] == [step["depth"]]:
            self.making.pop()
            self.sums.code(int(stack[-2], 16))

    def _touch(self, word: int) -> None:
        address = word & ADDRESS
        if address not in self.warm:
            self.sums.regular += NEW_COLD_ACCOUNT - COLD_ACCOUNT
            self.warm.add(address)

    def _send(self, address: int) -> None:
        self.sums.regular += ACCOUNT_WRITE + CALL_STIPEND - CALL_VALUE
        if not _exists(self.kit, address, self.transaction):
            self.sums.regular -= NEW_ACCOUNT
            self.sums.state += STATE_BYTE * ACCOUNT_BYTES


def reprice(kit: AnvilKit, transaction: Mapping[str, Any], trace: Mapping[str, Any]) -> Repriced:
    """The gas of a transaction at the announced prices, from its receipt and its trace at today's.

    `transaction` is the receipt, and the `miner` of its block.
    """
    walk = _Walk(kit, transaction)
    for step in trace["structLogs"]:
        walk.take(step)
    return _settled(int(transaction["gasUsed"], 16), walk.sums)


def _settled(used: int, sums: _Sums) -> Repriced:
    """With refunds, which are at most a fifth; today's are in what was used."""
    before = used + min(sums.cleared * CLEARED, used // (REFUND_PART - 1))
    whole = before + sums.regular + sums.state
    given = min(whole // REFUND_PART, sums.cleared * NEW_CLEARED)
    return Repriced(before + sums.regular - given, sums.state)


def _exists(kit: AnvilKit, address: int, transaction: Mapping[str, Any]) -> bool:
    """Whether the account was there before the block of the transaction."""
    block = hex(int(transaction["blockNumber"], 16) - 1)
    name = f"0x{address:040x}"
    found = (kit.rpc(f"eth_get{what}", name, block) for what in ("Balance", "TransactionCount"))
    return any(int(value, 16) for value in found) or kit.rpc("eth_getCode", name, block) != "0x"


class RepricingKit(AnvilKit):
    """An Anvil whose receipts tell the gas at the announced prices."""

    only_state = False
    """Tell the state gas alone."""

    def transact(self, sender: str, to: str | None, data: bytes, value: int = 0) -> Receipt:
        """Send, and price what was done anew."""
        receipt = super().transact(sender, to, data, value)
        block = self.rpc("eth_getBlockByNumber", "latest", False)
        sent = block["transactions"][-1]
        told = self.rpc("eth_getTransactionReceipt", sent)
        trace = self.rpc(
            "debug_traceTransaction", sent, {"disableStorage": True, "disableMemory": True}
        )
        found = reprice(self, {**told, "miner": block["miner"]}, trace)
        return replace(receipt, gas=found.state if self.only_state else found.gas)


class StateKit(RepricingKit):
    """The same, with the state gas alone."""

    only_state = True
