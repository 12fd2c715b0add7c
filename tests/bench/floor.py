"""The floor: what the EVM itself charges for what an operation cannot do without.

Each operation is a list: the transaction, its calldata, the storage slots it must read or change,
the contracts it must call, the events it must tell, the signature it must check. The list is of
what the operation *promises* (a token with record dates must look whether one has passed; a claim
must know what the holder had then, mark it paid, and move the money) and not of how prorata does
it; computation, memory, hashing and every check of an argument are free. So the floor can be
approached and never reached, and who promises less has a lower one.

Prices are those of EIP-2028 and EIP-7623 (calldata) and of EIP-2200, EIP-2929 and EIP-3529
(storage and access).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

TRANSACTION = 21_000
ZERO_BYTE, BYTE, TOKEN, TOKENS_PER_BYTE, FLOOR_OF_TOKEN = 4, 16, 4, 4, 10
COLD_ACCOUNT, COLD_SLOT, WARM = 2_600, 2_100, 100
SET, RESET = 20_000, 2_900
LOG, TOPIC, LOG_BYTE = 375, 375, 8
RECOVERING = 3_000
WORD = 32


def calldata(data: bytes) -> int:
    """What the bytes of a call cost in a transaction that does something (EIP-2028)."""
    return sum(BYTE if byte else ZERO_BYTE for byte in data)


def least(data: bytes) -> int:
    """What a transaction with these bytes costs at least, whatever it does (EIP-7623)."""
    tokens = sum(TOKENS_PER_BYTE if byte else 1 for byte in data)
    return TRANSACTION + FLOOR_OF_TOKEN * tokens


def changing(before: int, original: int, after: int, *, cold: bool = True) -> int:
    """What a storage write costs (EIP-2200 as EIP-2929 has it).

    EIP-3529 gives some back for a slot that is emptied: no operation here empties one.
    """
    access = COLD_SLOT if cold else 0
    if after == before or before != original:
        return access + WARM
    return access + (SET if original == 0 else RESET)


def event(topics: int, words: int) -> int:
    """What a log costs with so many topics, its signature among them, and words of data."""
    return LOG + topics * TOPIC + words * WORD * LOG_BYTE


# ------------------------------------------------------------------------------------------ a list


@dataclass(frozen=True)
class Item:
    """One thing an operation cannot do without."""

    what: str
    gas: int
    shared: int = 1
    """How many holders one transaction shares it among."""


ADDRESS = b"\0" * 12 + b"\xa5" * 20
SELECTOR = b"\xa5" * 4


def number(significant: int) -> bytes:
    """A word of so many bytes that are not zero."""
    return b"\0" * (WORD - significant) + b"\x01" * significant


def transaction(*words: bytes, shared: int = 1) -> Item:
    """A transaction that calls a function."""
    gas = TRANSACTION + calldata(SELECTOR + b"".join(words))
    return Item("the transaction and its calldata", gas, shared)


def argument(*words: bytes) -> Item:
    """What each holder adds to the calldata of a batch."""
    return Item("the holder's part of the calldata", calldata(b"".join(words)))


def change(what: str, *, shared: int = 1) -> Item:
    """A slot that holds something else afterwards."""
    return Item(f"change: {what}", changing(1, 1, 2), shared)


def fill(what: str, *, shared: int = 1) -> Item:
    """A slot that was empty."""
    return Item(f"fill: {what}", changing(0, 0, 1), shared)


def read(what: str, *, shared: int = 1) -> Item:
    """A slot that is looked at."""
    return Item(f"read: {what}", COLD_SLOT, shared)


def call(what: str, *, shared: int = 1) -> Item:
    """Another contract that is asked, or whose code is read."""
    return Item(f"call: {what}", COLD_ACCOUNT, shared)


def tell(what: str, topics: int, words: int, *, shared: int = 1) -> Item:
    """An event."""
    return Item(f"event: {what}", event(topics, words), shared)


def total(items: Sequence[Item]) -> int:
    """The floor of an operation; parts of a unit are dropped."""
    return sum(item.gas // item.shared for item in items)


# ------------------------------------------------------------------------------------------ lists

HUNDRED = 100
_LEDGER = read("the token's word: paused, the next record date")
_MOVED = (change("the giver's balance"), change("the receiver's balance"))
_TRANSFER = tell("Transfer", 3, 1)
_ASKED = (call("the rules"), call("the registry"), read("the receiver's entry"))
_AGENT = read("whether the sender may")
_MOVING = (transaction(ADDRESS, number(1)), _LEDGER, *_MOVED, _TRANSFER)
_COUNTED = (
    read("the giver's entry"),
    change("what the giver's person holds"),
    change("what the receiver's person holds"),
)
_DOLLARS = (
    call("the currency"),
    change("the vault's dollars"),
    change("the receiver's dollars"),
    tell("the currency's Transfer", 3, 1),
)
_BALANCE_THEN = (
    call("the token"),
    read("the holder's balance at the record"),
)


def _claim(ids: int) -> list[Item]:
    """A claim of many: the holder's marks are one slot; each has its terms and its progress."""
    eight = -(-ids // 8)
    settled_event = tell("Claimed", 3, 3) if ids == 1 else tell("ClaimedMany", 2, 3 + 3 * ids)
    return [
        transaction(number(1), ADDRESS, number(1), *[number(1)] * ids),
        *[call("the terms of a distribution")] * ids,
        *_BALANCE_THEN,
        change("the holder's marks and payee"),
        *[change("the progress of up to eight distributions")] * eight,
        settled_event,
        *_DOLLARS,
    ]


FLOORS: dict[str, list[Item]] = {
    "register": [
        transaction(number(1), number(1), number(1), number(1), shared=HUNDRED),
        read("whether the sender may", shared=HUNDRED),
        argument(ADDRESS, number(9)),
        fill("the investor's entry"),
        tell("InvestorRegistered", 2, 1),
    ],
    "issue": [
        transaction(number(1), number(2), number(1), number(1), shared=HUNDRED),
        change("the supply, and the token's word", shared=HUNDRED),
        read("whether the sender may", shared=HUNDRED),
        argument(ADDRESS, number(2)),
        fill("the holder's balance"),
        _TRANSFER,
    ],
    "issue under rules": [
        transaction(number(1), number(2), number(1), number(1), shared=HUNDRED),
        change("the supply, and the token's word", shared=HUNDRED),
        read("whether the sender may", shared=HUNDRED),
        call("the rules", shared=HUNDRED),
        call("the registry", shared=HUNDRED),
        argument(ADDRESS, number(2)),
        read("the holder's entry"),
        fill("the holder's balance"),
        _TRANSFER,
    ],
    "transfer": list(_MOVING),
    "transfer fresh": [
        transaction(ADDRESS, number(1)),
        _LEDGER,
        change("the giver's balance"),
        fill("the receiver's balance"),
        _TRANSFER,
    ],
    "transfer record": [
        *_MOVING,
        fill("the giver's balance at the record"),
        fill("the receiver's balance at the record"),
    ],
    "transferFrom": [
        transaction(ADDRESS, ADDRESS, number(1)),
        change("the allowance"),
        _LEDGER,
        *_MOVED,
        _TRANSFER,
    ],
    "permit": [
        transaction(
            ADDRESS, ADDRESS, number(1), number(6), number(1), b"\x01" * WORD, b"\x01" * WORD
        ),
        Item("recovering the signer", RECOVERING),
        change("the nonce"),
        fill("the allowance"),
        tell("Approval", 3, 1),
    ],
    "batch": [
        transaction(number(1), number(2), number(1), number(1), shared=HUNDRED),
        Item(_LEDGER.what, _LEDGER.gas, HUNDRED),
        change("the giver's balance", shared=HUNDRED),
        argument(ADDRESS, number(1)),
        change("the receiver's balance"),
        _TRANSFER,
    ],
    "rules 0": [*_MOVING, *_ASKED],
    "rules 2": [*_MOVING, *_ASKED, *_COUNTED],
    "rules all": [
        *_MOVING,
        *_ASKED,
        *_COUNTED,
        call("the keeper of lots"),
        read("where the giver's lots begin"),
        read("the giver's last lot"),
        read("where the receiver's lots begin"),
        change("the receiver's lot of today"),
    ],
    "freeze": [
        transaction(ADDRESS, number(1)),
        _AGENT,
        change("the wallet's word"),
        tell("AddressFrozen", 4, 0),
    ],
    "forced": [
        transaction(ADDRESS, ADDRESS, number(1)),
        _AGENT,
        _LEDGER,
        *_ASKED,
        *_MOVED,
        _TRANSFER,
        tell("ForcedTransfer", 3, 1),
    ],
    "recovery": [
        transaction(ADDRESS, ADDRESS, number(0)),
        _AGENT,
        call("the rules"),
        call("the registry"),
        read("the lost wallet's entry"),
        read("the new wallet's entry"),
        change("the lost wallet's balance"),
        fill("the new wallet's balance"),
        fill("who follows the lost wallet"),
        change("the token's word: not everyone is free"),
        tell("LossReported", 4, 0),
        _TRANSFER,
        tell("RecoverySuccess", 4, 0),
    ],
    "declare": [
        transaction(ADDRESS, number(1), ADDRESS, number(5), *[number(1)] * 2, *[number(0)] * 6),
        call("the token"),
        read("the supply at the record"),
        Item("keep: three words of terms (token, currency, record, amount, supply)", 3 * SET),
        change("how many distributions there are, and the carry"),
        call("the currency"),
        read("the allowance"),
        change("the declarer's dollars"),
        change("the vault's dollars"),
        tell("the currency's Transfer", 3, 1),
        tell("Declared", 4, 12),
    ],
    "claim 1": _claim(1),
    "claim 12": _claim(12),
    "claim 100": _claim(100),
    "push": [
        transaction(number(1), number(1), number(1), shared=HUNDRED),
        call("the terms", shared=HUNDRED),
        change("the progress of the distribution", shared=HUNDRED),
        call("the token", shared=HUNDRED),
        call("the currency", shared=HUNDRED),
        change("the vault's dollars", shared=HUNDRED),
        argument(ADDRESS),
        Item("ask the token and the currency again, and move the vault's dollars", 4 * WARM),
        read("the holder's balance at the record"),
        change("the holder's marks and payee"),
        change("the receiver's dollars"),
        tell("the currency's Transfer", 3, 1),
        tell("Claimed", 3, 3),
    ],
}
