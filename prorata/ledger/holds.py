# SPDX-License-Identifier: MIT
"""Shares that are held for somebody else: what `Holds` tells, and what the token says is held.

What the token holds of an account is what its open holds promise and what keepers keep, less what
an order of the token's agents has taken of it since (law H2):

    held = open holds + kept - taken by order + held by other contracts

An order takes held shares last. Then a hold promises more than is there, and gives back, when it
ends, what there is: so much less is taken by order from then on.

What is in the care of the contract, and not locked in its owner's wallet, is counted apart: there
the shares are the contract's by the register. A wallet's holds go on when it has a successor, so
figures are those of persons, by the wallet each has now.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prorata.chain.calls import DecodedEvent
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["HeldFigures", "HeldShares", "OpenHold"]


@dataclass(frozen=True)
class OpenHold:
    """A hold that has neither been delivered nor ended."""

    id: str
    owner: str
    receiver: str
    shares: int
    until: int
    in_custody: bool


@dataclass(frozen=True)
class HeldFigures:
    """What is held of one person, or of all: the token's number, and what makes it up."""

    held: int = 0
    open_holds: int = 0
    kept: int = 0
    taken_by_order: int = 0
    by_others: int = 0

    @property
    def difference(self) -> int:
        """What the places do not account for."""
        return self.held - (self.open_holds + self.kept - self.taken_by_order + self.by_others)


@dataclass
class HeldShares:
    """The holds in one token, as far as its events and those of `contract` were entered."""

    token: str
    contract: str = ""
    held: dict[str, int] = field(default_factory=dict)
    """By the token's own word, for every account that ever had shares held."""
    open: dict[str, OpenHold] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    """Who opened each hold in the token, those that have ended among them."""
    kept: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Locked in the owner's wallet, by keeper and owner."""
    kept_in_custody: Counter[tuple[str, str]] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    currencies: Counter[str] = field(default_factory=Counter)
    """What is in the contract's care of every asset but this one, as far as events tell."""
    unsure: set[tuple[str, str]] = field(default_factory=set)
    """Keepers and owners where an order took held shares and only the contract knows what is kept.
    """
    appointed: str = ZERO_ADDRESS
    _foreign: dict[str, tuple[str, int]] = field(default_factory=dict)
    _pending: Counter[str] = field(default_factory=Counter)
    _ordered: Counter[str] = field(default_factory=Counter)
    _locked: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """What the token held of each account, from each time on."""
    _cared_for: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """The same of what the contract had in its care of each owner."""
    _now: int = 0

    # ------------------------------------------------------------------------- events

    def of_token(self, event: DecodedEvent, time: int) -> None:
        """Enter an event of the token."""
        args = event.args
        self._now = time
        if event.name == "HeldSet":
            account, held = str(args["account"]), int(args["held"])
            self._pending[account] += held - self.held.get(account, 0)
            self.held[account] = held
            self._locked.setdefault(account, []).append((time, held))
        elif event.name == "HoldsContractSet":
            self.appointed = str(args["holdsContract"])
        elif event.name == "ForcedTransfer":
            self._ordered[str(args["from"])] += int(args["amount"])
        elif event.name == "Transfer" and str(args["to"]) == ZERO_ADDRESS:
            self._ordered[str(args["from"])] += int(args["value"])

    def of_contract(self, event: DecodedEvent, time: int) -> None:
        """Enter an event of the holds contract."""
        self._now = time
        enter = {
            "Held": self._held,
            "Delivered": self._ended,
            "Released": self._ended,
            "Voided": self._ended,
            "Kept": self._kept,
            "KeptDelivered": self._kept_ended,
            "KeptReleased": self._kept_ended,
            "KeptVoided": self._kept_ended,
        }.get(event.name)
        if enter is not None:
            enter(event.name, event.args)

    def end_transaction(self) -> None:
        """Find out why the token's number changed where no hold says so."""
        if not self._pending and not self._ordered:
            return
        for account, change in self._pending.items():
            by_order = min(max(-change, 0), self._ordered[account])
            self.taken[account] += by_order
            if self.appointed != self.contract:
                self.others[account] += change + by_order
        self._pending.clear()
        self._ordered.clear()

    def _held(self, _: str, args: Mapping[str, Any]) -> None:
        terms, number = args["terms"], f"0x{bytes(args['id']).hex()}"
        owner, amount, in_custody = str(args["owner"]), int(terms["amount"]), args["inCustody"]
        if str(args["asset"]) != self.token:
            if in_custody:
                asset = str(args["asset"])
                self._foreign[number] = asset, amount
                self.currencies[asset] += amount
            return
        to, until = str(terms["to"]), int(terms["until"])
        self.owners[number] = owner
        self.open[number] = OpenHold(number, owner, to, amount, until, bool(in_custody))
        if in_custody:
            self._care_for(owner, amount)
        else:
            self._pending[owner] -= amount

    def _ended(self, name: str, args: Mapping[str, Any]) -> None:
        number, amount = f"0x{bytes(args['id']).hex()}", int(args["amount"])
        if number in self._foreign:
            asset, held = self._foreign.pop(number)
            self.currencies[asset] -= held
        if (hold := self.open.pop(number, None)) is None:
            return
        if hold.in_custody:
            self._care_for(hold.owner, -hold.shares)
            return
        # A delivery's giver, and a release's receiver, is whoever stands in the owner's place.
        account = {"Delivered": "from", "Released": "to"}.get(name)
        owner = hold.owner if account is None else str(args[account])
        self._pending[owner] += amount
        # What an order took before is not given back.
        self.taken[owner] -= hold.shares - amount

    def _kept(self, _: str, args: Mapping[str, Any]) -> None:
        owner, amount = str(args["owner"]), int(args["amount"])
        pair = str(args["keeper"]), owner
        if str(args["asset"]) != self.token:
            self.currencies[str(args["asset"])] += amount
        elif self.appointed == self.contract:
            self.kept[pair] += amount
            self._pending[owner] -= amount
        else:
            self.kept_in_custody[pair] += amount
            self._care_for(owner, amount)

    def _kept_ended(self, name: str, args: Mapping[str, Any]) -> None:
        owner, amount = str(args["owner"]), int(args["amount"])
        pair = str(args["keeper"]), owner
        if str(args["asset"]) != self.token:
            self.currencies[str(args["asset"])] -= amount
        elif self.kept_in_custody[pair]:
            self.kept_in_custody[pair] -= amount
            self._care_for(owner, -amount)
        else:
            before = self.kept[pair]
            self.kept[pair] -= before if name == "KeptVoided" else amount
            self._pending[owner] += amount
            if name == "KeptVoided":
                self.taken[owner] -= before - amount
                self.unsure.discard(pair)
            elif self.kept[pair] and self.taken.total():
                # Less may have been given back than was let go of.
                self.unsure.add(pair)

    # ------------------------------------------------------------------------ figures

    @property
    def in_custody(self) -> int:
        """The shares in the contract's care."""
        open_holds = sum(hold.shares for hold in self.open.values() if hold.in_custody)
        return open_holds + self.kept_in_custody.total()

    def held_at(self, wallets: Iterable[str], time: int) -> int:
        """What was held of some wallets at the end of a second, in the contract's care too."""
        return sum(
            _at(history.get(wallet, ()), time)
            for wallet in wallets
            for history in (self._locked, self._cared_for)
        )

    def custody_of(self, owner: str, time: int | None = None) -> int:
        """What the contract has in its care of one owner's shares, now or at a time."""
        return _at(self._cared_for.get(owner, ()), self._now if time is None else time)

    def _care_for(self, owner: str, change: int) -> None:
        history = self._cared_for.setdefault(owner, [])
        history.append((self._now, (history[-1][1] if history else 0) + change))

    def settle_kept(self, keeper: str, owner: str, kept: int) -> None:
        """Take the contract's word for what is kept, where only it knows."""
        pair = keeper, owner
        if pair in self.unsure and kept <= self.kept[pair]:
            self.taken[owner] -= self.kept[pair] - kept
            self.kept[pair] = kept

    def pairs(self) -> list[tuple[str, str]]:
        """Every keeper and owner of which shares are, or were, kept."""
        return sorted({*self.kept, *self.kept_in_custody})

    def accounts(self) -> list[str]:
        """Every account of which shares are, or were, locked."""
        owners = {hold.owner for hold in self.open.values() if not hold.in_custody}
        return sorted({*self.held, *owners, *(owner for _, owner in self.kept)})

    def figures(self, of: Iterable[str] | None = None) -> HeldFigures:
        """The figures of some wallets together, or of all."""
        wanted = None if of is None else frozenset(of)

        def ours(account: str) -> bool:
            return wanted is None or account in wanted

        return HeldFigures(
            held=sum(n for account, n in self.held.items() if ours(account)),
            open_holds=sum(
                hold.shares
                for hold in self.open.values()
                if not hold.in_custody and ours(hold.owner)
            ),
            kept=sum(n for (_, owner), n in self.kept.items() if ours(owner)),
            taken_by_order=sum(n for account, n in self.taken.items() if ours(account)),
            by_others=sum(n for account, n in self.others.items() if ours(account)),
        )


def _at(history: Sequence[tuple[int, int]], time: int) -> int:
    """The number that stood at the end of a second."""
    later = bisect_right(history, time, key=lambda entry: entry[0])
    return history[later - 1][1] if later else 0
