"""Income of three holders as events tell it, made up: declared, claimed, frozen, lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from prorata.apportion import apportion, withhold
from prorata.ledger.books import Books
from prorata.register.shares import Ledger
from prorata.values.addresses import ZERO_ADDRESS as ZERO
from prorata.values.amounts import Unit
from prorata.values.kinds import Kind
from prorata.values.times import parse_time

A, B, C, NEW = ("0x" + digit * 40 for digit in "1234")
TOKEN, USD, POLICY, ISSUER = ("0x" + digit * 40 for digit in "5679")
UNITS = {USD: Unit("USD", 6), TOKEN: Unit("HSE", 0)}
RATE = 3_000
SHARES = {A: 1_000, B: 250, C: 250}


@dataclass
class ReportedEvent:
    name: str
    args: dict[str, Any] = field(default_factory=dict)


Told = tuple[ReportedEvent, int]


def at(text: str) -> int:
    return parse_time("at", text)


def declared(
    number: int, amount: int, time: int, *, payable_from: int = 0, deadline: int = 0,
    taxed: bool = False,
) -> Told:  # fmt: skip
    terms = {
        "kind": int(Kind.DIVIDEND), "payableFrom": payable_from, "deadline": deadline,
        "sweepTo": ISSUER if deadline else ZERO, "taxPolicy": POLICY if taxed else ZERO,
        "documentHash": bytes(32), "excluded": (),
    }  # fmt: skip
    args = {
        "id": number, "token": TOKEN, "currency": USD, "recordId": 1, "terms": terms,
        "declarer": ISSUER, "received": amount, "carriedIn": 0,
    }  # fmt: skip
    return ReportedEvent("Declared", args), time


def claimed(number: int, amount: int, holder: str, time: int, *, taxed: bool = False) -> Told:
    gross = apportion(amount, SHARES).gross[holder]
    tax = withhold(gross, RATE) if taxed else 0
    args = {"id": number, "holder": holder, "payee": holder, "gross": gross, "tax": tax}
    return ReportedEvent("Claimed", args), time


def frozen(wallet: str, time: int, *, released: bool = False) -> Told:
    return ReportedEvent("AddressFrozen", {"userAddress": wallet, "isFrozen": not released}), time


def recovered(lost: str, successor: str, time: int) -> Told:
    return ReportedEvent("RecoverySuccess", {"lostWallet": lost, "newWallet": successor}), time


def books_of(
    events: Iterable[Told],
    *,
    record: int,
    until: int,
    persons: Iterable[Told] = (),
    shares: Mapping[str, int] = SHARES,
) -> Books:
    """The books of what happened, of which nothing is wrong."""
    register = [
        *((ReportedEvent("Transfer", {"from": ZERO, "to": who, "value": n}), 10)
          for who, n in shares.items()),
        (ReportedEvent("RecordScheduled", {"recordId": 1, "closesAt": record}), 20),
        *persons,
    ]  # fmt: skip
    ledger = Ledger.of(register, TOKEN, until=until)
    books = Books.of(events, [ledger], units=UNITS, withholding={POLICY: RATE})
    books.until = until
    assert books.balanced, books.differences
    return books
