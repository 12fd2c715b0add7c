"""The register of persons: who is behind each wallet, and the rules that count persons and shares.

Everything is counted anew from the balances whenever it is asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from itertools import product
from typing import NamedTuple

from tests.model.outcomes import NOBODY, Reason, refuse
from tests.model.shares import Ledger

Group = tuple[int | None, int | None]
"""A country and a class, None for any."""


class Code(IntEnum):
    """Why a movement is refused, as `ITransferRules` numbers it."""

    NONE = 0
    PAUSED = 1
    SENDER_BLOCKED = 2
    RECEIVER_BLOCKED = 3
    AMOUNT_FROZEN = 4
    NOT_ELIGIBLE = 5
    COUNTRY = 6
    CLASS = 7
    WINDOW_CLOSED = 8
    MAX_HOLDERS = 9
    MAX_HOLDERS_IN_COUNTRY = 10
    MAX_HOLDERS_OF_CLASS = 11
    MAX_HOLDERS_OF_CLASS_IN_COUNTRY = 12
    MAX_HOLDING = 13
    MIN_HOLDING_GIVER = 14
    MIN_HOLDING_TAKER = 15
    LOCKED_UP = 16
    SUPPLY_CAP = 17
    RULES_FAILED = 18


class Identity(NamedTuple):
    """Who is behind a wallet, and until when it may take shares."""

    person: int
    country: int
    kind: int
    until: int


@dataclass(frozen=True)
class Limits:
    """How many persons may hold, and how much one person may; None for no limit."""

    holders: int | None = None
    holders_in_country: int | None = None
    limited_class: int | None = None
    holders_of_class: int | None = None
    holders_of_class_in_country: int | None = None
    holding: int | None = None


def held_by_person(balances: Mapping[str, int], person: Callable[[str], int]) -> dict[int, int]:
    """Shares of each person, over all wallets."""
    held: dict[int, int] = defaultdict(int)
    for wallet, amount in balances.items():
        if amount:
            held[person(wallet)] += amount
    return held


class Book:
    """Who is behind each wallet, for all assets of an issuer."""

    def __init__(self) -> None:
        self.assets: list[Register] = []
        self.known: dict[str, Identity] = {}
        self.losses: dict[str, str] = {}
        """Which wallet came in the place of one that is confirmed as lost, for all assets."""

    def person(self, wallet: str) -> int:
        """Who is behind a wallet; 0 if nobody knows."""
        return self.known[wallet].person if wallet in self.known else 0

    def present_person(self, wallet: str) -> int:
        """The same today: who is behind the wallet that came in its place, if it was lost."""
        while wallet in self.losses:
            wallet = self.losses[wallet]
        return self.person(wallet)

    # ------------------------------------------------------------------ changes

    def register(self, wallet: str, identity: Identity) -> None:
        """Say whose wallet it is; a lost one is nobody's but who came in its place."""
        if wallet in self.losses:
            refuse(self._other_person(wallet, identity.person, self.present_person(wallet)))
        changed = self.known.get(wallet, (0, 0, 0))[:3] != identity[:3]
        self.known[wallet] = identity
        for asset in self.assets:
            if changed and asset.balances[wallet]:
                asset.noted[identity.person] = identity[1:3]

    def delete(self, wallet: str) -> None:
        """Forget whose wallet it is."""
        held = {asset.name: asset.balances[wallet] for asset in self.assets}
        refuse(
            self.unknown(wallet),
            self.lost(wallet),
            *(
                ("InvestorRegistry_HoldsShares", (wallet, asset, shares)) if shares else None
                for asset, shares in held.items()
            ),
        )
        del self.known[wallet]

    def confirm(self, lost: str, successor: str) -> None:
        """Say that a wallet came in the place of a lost one, for all assets."""
        refuse(self.lost(lost), *self.no_successor(lost, successor))
        self.losses[lost] = successor

    def undo(self, lost: str) -> None:
        """Say that it was not lost."""
        refuse(("InvestorRegistry_NotLost", (lost,)) if lost not in self.losses else None)
        del self.losses[lost]

    # ------------------------------------------------------------------ reasons

    def no_successor(self, lost: str, successor: str) -> list[Reason | None]:
        """Why a wallet cannot come in the place of another."""
        persons = self.person(successor), self.present_person(lost)
        other = lost in self.known and successor in self.known
        return [
            ("InvestorRegistry_OwnSuccessor", (lost,)) if lost == successor else None,
            self.unknown(lost),
            self.unknown(successor),
            self.lost(successor),
            self._other_person(successor, *persons) if other else None,
        ]

    def unknown(self, wallet: str) -> Reason | None:
        """Why nothing can be said of a wallet."""
        return None if wallet in self.known else ("InvestorRegistry_UnknownWallet", (wallet,))

    def lost(self, wallet: str) -> Reason | None:
        """Why a wallet that was lost cannot be changed."""
        if wallet not in self.losses:
            return None
        return "InvestorRegistry_LostWallet", (wallet, self.losses[wallet])

    def _other_person(self, wallet: str, given: int, expected: int) -> Reason | None:
        if given == expected:
            return None
        return "InvestorRegistry_OtherPerson", (wallet, given, expected)


class Register(Ledger):
    """Shares that only known persons may take, under limits that count them."""

    def __init__(
        self, name: str, agent: str, now: int, limits: Limits, book: Book | None = None
    ) -> None:
        super().__init__(name, agent, now)
        self.limits = limits
        self.book = book or Book()
        self.book.assets.append(self)
        self.noted: dict[int, tuple[int, int]] = {}
        """The country and class in which a person was last noted: where shares last arrived, or
        where a wallet with shares was last registered."""

    # ------------------------------------------------------------------ persons

    @property
    def known(self) -> dict[str, Identity]:
        """Who is behind each wallet."""
        return self.book.known

    def person(self, wallet: str) -> int:
        """Who is behind a wallet; 0 if nobody knows."""
        return self.book.person(wallet)

    def eligible(self, wallet: str) -> bool:
        """Whether a wallet may take shares."""
        known = self.known.get(wallet)
        return known is not None and wallet not in self.book.losses and self.now <= known.until

    def hold_income(self, owner: str, on: bool) -> None:
        """Say whether what is declared from now on is held for who is not eligible."""
        refuse(None if owner == self.agent else ("OwnableUnauthorizedAccount", (owner,)))
        self.holds_income = on

    def claimant(self, wallet: str, eligible_only: bool | None = None) -> str:
        """Who is to be paid for a wallet; nobody while its income waits."""
        claimant = super().claimant(wallet, eligible_only)
        only = self.holds_income if eligible_only is None else eligible_only
        return NOBODY if only and not self.eligible(claimant) else claimant

    def holdings(self) -> dict[int, int]:
        """Shares of each person, over all wallets."""
        return held_by_person(self.balances, self.person)

    def sizes(self) -> dict[Group, int]:
        """Persons with shares: in all, by country, by class, by both."""
        count: dict[Group, int] = defaultdict(int)
        for person in self.holdings():
            country, kind = self.noted[person]
            for group in product((None, country), (None, kind)):
                count[group] += 1
        return count

    # ------------------------------------------------------------------ changes

    def recover(self, sender: str, lost: str, successor: str) -> None:
        """What comes in the place of a lost wallet is the same person's. Nothing is known of any
        wallet that was not known before, and no other asset is any different."""
        moved = self.balances[lost]
        super().recover(sender, lost, successor)
        if moved and self.person(lost) != self.person(successor):
            self._note(successor)

    def count(self, wallets: Iterable[str]) -> None:
        """Count the persons anew, wallet by wallet."""
        self.noted = {}
        for wallet in wallets:
            if self.balances[wallet]:
                self._note(wallet)

    # ------------------------------------------------------------------ reasons

    def unable(self, receiver: str) -> list[Reason | None]:
        """Why a wallet cannot take shares, even by order."""
        reasons = super().unable(receiver)
        if not self.eligible(receiver):
            reasons.append(_refused(Code.NOT_ELIGIBLE, *self._expiry(receiver)))
        return reasons

    def broken_rules(self, giver: str, taker: str, amount: int) -> list[Reason]:
        """The limits that a transfer would break, by what it would lead to."""
        after = self._after(giver, taker, amount)
        counted = list(self._too_many(giver, taker, amount, after))
        most, held = self.limits.holding, after[self.person(taker)]
        if most is not None and held > most:
            counted.append(_refused(Code.MAX_HOLDING, held, most))
        return counted

    def _too_many(
        self, giver: str, taker: str, amount: int, after: Mapping[int, int]
    ) -> Iterator[Reason]:
        """The groups that a new holder would make too large, less whom it takes the place of."""
        held, from_, to = self.holdings(), self.person(giver), self.person(taker)
        if not amount or to in held or from_ == to:
            return
        limits = list(self._limits_of(taker))
        if not limits:
            return
        sizes = self.sizes()
        leaving = from_ in held and not after[from_]
        gone = self.noted.get(from_) if leaving else None
        for code, (country, kind), most in limits:
            left = gone and country in (None, gone[0]) and kind in (None, gone[1])
            size = sizes[country, kind] + 1 - bool(left)
            if size > most:
                yield _refused(code, size, most)

    def _limits_of(self, taker: str) -> Iterator[tuple[Code, Group, int]]:
        """The groups that a wallet's person would join, and how large they may be."""
        known, most = self.known.get(taker, Identity(0, 0, 0, 0)), self.limits
        groups = [
            (Code.MAX_HOLDERS, (None, None), most.holders),
            (Code.MAX_HOLDERS_IN_COUNTRY, (known.country, None), most.holders_in_country),
        ]
        if known.kind == most.limited_class:
            both = known.country, known.kind
            groups += [
                (Code.MAX_HOLDERS_OF_CLASS, (None, known.kind), most.holders_of_class),
                (Code.MAX_HOLDERS_OF_CLASS_IN_COUNTRY, both, most.holders_of_class_in_country),
            ]
        for code, group, limit in groups:
            if limit is not None:
                yield code, group, limit

    def _after(self, giver: str, taker: str, amount: int) -> dict[int, int]:
        held = defaultdict(int, self.holdings())
        held[self.person(giver)] -= amount
        held[self.person(taker)] += amount
        return held

    def _expiry(self, wallet: str) -> tuple[int, int]:
        known = self.known.get(wallet)
        lost = known is None or wallet in self.book.losses
        return (0 if known is None or lost else known.until), self.now

    def _unfit(self, lost: str, successor: str) -> list[Reason | None]:
        return self.book.no_successor(lost, successor)

    # ------------------------------------------------------------------ movements

    def _put(self, giver: str, taker: str, amount: int) -> None:
        super()._put(giver, taker, amount)
        if amount and taker != NOBODY:
            self._note(taker)

    def _note(self, wallet: str) -> None:
        known = self.known[wallet]
        self.noted[known.person] = known.country, known.kind


def _refused(code: Code, *values: int) -> Reason:
    return "TransferRules_Refused", (int(code), *values)
