"""Holds as promises: what is held is in its owner's wallet, or in a box, until a promise ends.

Written from the laws: a promise has one owner and one receiver, or one owner and one keeper; it
ends once; and what it holds goes to the receiver, or where the keeper says in time, or back.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from tests.model.outcomes import NOBODY, Reason, Refused, refuse
from tests.model.shares import Ledger

HOLDS, SHARES, MONEY = "holds", "shares", "money"
DAY = 86_400
LONGEST_HOLD, LONGEST_CONSENT = 400 * DAY, 50 * 365 * DAY
NONE, OPEN, CLAIMED, DELIVERED, RELEASED, VOIDED = range(6)


class Hold(NamedTuple):
    """What a hold for a secret says."""

    asset: str
    owner: str
    to: str
    amount: int
    lock: bytes
    until: int
    nonce: int


@dataclass
class Promise:
    """A hold that was opened."""

    terms: Hold
    boxed: bool
    """Whether what it holds is in the box, and not in the owner's wallet."""
    opened: int = 0
    state: int = OPEN
    other: str = NOBODY
    """The wallet that the receiver has named instead of its own."""


@dataclass
class Consent:
    """What an owner lets a keeper hold, and what it holds."""

    until: int = 0
    most: int = 0
    kept: int = 0
    boxed: bool = False


class Purse:
    """A currency that can bar wallets."""

    def __init__(self) -> None:
        self.balances: dict[str, int] = {}
        self.allowed: dict[str, int] = {}
        """What each owner lets the holds take."""
        self.barred: set[str] = set()

    def move(self, giver: str, taker: str, amount: int) -> bool:
        """Whether so much has moved."""
        have = self.balances.get(giver, 0)
        if have < amount or self.barred & {giver, taker}:
            return False
        self.balances[giver] = have - amount
        self.balances[taker] = self.balances.get(taker, 0) + amount
        return True


class Holds:
    """All promises about the shares of one ledger and one currency."""

    def __init__(self, ledger: Ledger, purse: Purse, id_of: Callable[[Hold], Hashable]) -> None:
        self.ledger, self.purse = ledger, purse
        self.id_of = id_of
        """How a hold is called in what is refused."""
        self.promises: dict[Hold, Promise] = {}
        self.consents: dict[tuple[str, str, str], Consent] = {}
        """By keeper, asset and owner."""
        self.lacking: dict[str, int] = {}
        """How many held shares of a wallet an order has taken under its promises."""
        self.missing: dict[Hold | tuple[str, str, str], tuple[int, int]] = {}
        """What was missing of a hold, or of what a keeper had, when it ended; and when."""

    # ------------------------------------------------------------------ what is promised

    def place(self, asset: str, who: str) -> str:
        """The wallet in somebody's place: only shares know of lost wallets."""
        return self.ledger.successor(who) if asset == SHARES else who

    def locked(self, wallet: str) -> int:
        """What the promises say is locked in a wallet."""
        holds = sum(
            promise.terms.amount
            for promise in self.promises.values()
            if promise.state in (OPEN, CLAIMED)
            and not promise.boxed
            and self.place(SHARES, promise.terms.owner) == wallet
        )
        return holds + sum(
            consent.kept
            for (_, _, owner), consent in self.consents.items()
            if not consent.boxed and self.place(SHARES, owner) == wallet
        )

    def boxed(self, asset: str) -> int:
        """What the promises say is in the box."""
        holds = sum(
            promise.terms.amount
            for promise in self.promises.values()
            if promise.state in (OPEN, CLAIMED) and promise.boxed and promise.terms.asset == asset
        )
        return holds + sum(
            consent.kept
            for (_, of, _), consent in self.consents.items()
            if consent.boxed and of == asset
        )

    # ------------------------------------------------------------------ for a secret

    def hold(self, sender: str, terms: Hold) -> None:
        """The owner has something held."""
        asset, owner = terms.asset, terms.owner
        refuse(
            ("Holds_NotOwner", (sender, owner)) if sender != owner else None,
            self._malformed(terms, terms.to, terms.amount),
            *self._bad_time(terms.until, LONGEST_HOLD),
            ("Holds_Known", (self.id_of(terms),)) if terms in self.promises else None,
            self._lost(asset, owner),
        )
        boxed = self._boxes(asset)
        self._take(asset, boxed, owner, terms.amount)
        self.promises[terms] = Promise(terms, boxed, self.ledger.now)

    def claim(self, terms: Hold, secret: bytes) -> None:
        """Somebody shows the secret; it is delivered if that is possible."""
        promise = self._in(terms, OPEN)
        late = self.ledger.now > terms.until
        wrong = sha256(secret).digest() != terms.lock
        refuse(
            ("Holds_WrongSecret", (self.id_of(terms),)) if wrong else None,
            ("Holds_TooLate", (terms.until, self.ledger.now)) if late else None,
        )
        promise.state = CLAIMED
        try:
            self.deliver(terms)
        except Refused:
            promise.state = CLAIMED

    def deliver(self, terms: Hold) -> None:
        """Somebody delivers what was claimed."""
        promise = self._in(terms, CLAIMED)
        to = terms.to if promise.other == NOBODY else promise.other
        self._give(
            terms.asset, promise.boxed, terms.owner, self.place(terms.asset, to), terms.amount
        )
        promise.state = DELIVERED

    def redirect(self, sender: str, terms: Hold, other: str) -> None:
        """The receiver names another wallet."""
        promise = self._in(terms, CLAIMED)
        to = self.place(terms.asset, terms.to)
        refuse(
            ("Holds_NotReceiver", (sender, to)) if sender != to else None,
            self._malformed(terms, other, terms.amount),
        )
        promise.other = other

    def release(self, sender: str, terms: Hold) -> None:
        """The owner has it back after the time, or the receiver lets go."""
        promise = self._in(terms, OPEN, CLAIMED)
        owner = self.place(terms.asset, terms.owner)
        if sender != self.place(terms.asset, terms.to):
            refuse(("Holds_NotOwner", (sender, owner)) if sender != owner else None)
            self._in(terms, OPEN)
            early = self.ledger.now <= terms.until
            refuse(("Holds_TooEarly", (terms.until, self.ledger.now)) if early else None)
        self._give_back(terms, terms.asset, promise.boxed, owner, terms.amount)
        promise.state = RELEASED

    def void(self, sender: str, terms: Hold) -> None:
        """The owner of the shares ends it."""
        promise = self._in(terms, OPEN, CLAIMED)
        self._ordered(sender, terms.asset, promise.boxed)
        self._give_back(terms, SHARES, False, self.place(SHARES, terms.owner), terms.amount)
        promise.state = VOIDED

    # ------------------------------------------------------------------ keepers

    def consent(self, keeper: str, asset: str, owner: str) -> Consent:
        """What an owner lets a keeper hold."""
        return self.consents.setdefault((keeper, asset, owner), Consent())

    def set_keeper(self, owner: str, keeper: str, asset: str, most: int, until: int) -> None:
        """The owner lets a keeper hold."""
        consent, until = self.consent(keeper, asset, owner), until if most else 0
        falls = most < consent.most or until < consent.until
        refuse(
            ("Holds_Malformed", (keeper, most)) if keeper == NOBODY else None,
            *(self._bad_time(until, LONGEST_CONSENT) if most else ()),
            self._lost(asset, owner),
            ("Holds_InUse", (keeper, consent.kept)) if consent.kept and falls else None,
        )
        consent.most, consent.until = most, until

    def hold_for(self, keeper: str, asset: str, owner: str, amount: int) -> None:
        """The keeper holds more."""
        consent, now = self.consent(keeper, asset, owner), self.ledger.now
        kept, most, boxed = consent.kept + amount, consent.most, self._boxes(asset)
        other = bool(consent.kept) and boxed != consent.boxed
        refuse(
            ("Holds_Malformed", (owner, 0)) if amount == 0 else None,
            ("Holds_OverConsent", (keeper, kept, most)) if kept > most else None,
            ("Holds_TooLate", (consent.until, now)) if now > consent.until else None,
            self._lost(asset, owner),
            ("Holds_ModeChanged", (asset, consent.boxed)) if other else None,
        )
        self._take(asset, boxed, owner, amount)
        consent.kept, consent.boxed = kept, boxed

    def deliver_kept(self, keeper: str, asset: str, owner: str, to: str, amount: int) -> None:
        """The keeper delivers, in time."""
        consent, now = self.consent(keeper, asset, owner), self.ledger.now
        bad = to in (NOBODY, owner, HOLDS, asset) or amount == 0
        refuse(
            ("Holds_Malformed", (to, amount)) if bad else None,
            self._over(keeper, amount, consent),
            ("Holds_TooLate", (consent.until, now)) if now > consent.until else None,
        )
        self._give(asset, consent.boxed, owner, to, amount)
        consent.kept -= amount

    def let_go(self, keeper: str, asset: str, owner: str, amount: int) -> None:
        """The keeper lets go."""
        consent = self.consent(keeper, asset, owner)
        refuse(
            ("Holds_Malformed", (owner, 0)) if amount == 0 else None,
            self._over(keeper, amount, consent),
        )
        what = keeper, asset, owner
        self._give_back(what, asset, consent.boxed, self.place(asset, owner), amount)
        consent.kept -= amount

    def take_back(self, sender: str, keeper: str, asset: str, owner: str) -> None:
        """The owner has back what is left, after the time."""
        consent = self.consent(keeper, asset, owner)
        wallet, early = self.place(asset, owner), self.ledger.now <= consent.until
        refuse(
            ("Holds_Malformed", (keeper, 0)) if consent.kept == 0 else None,
            ("Holds_NotOwner", (sender, wallet)) if sender != wallet else None,
            ("Holds_TooEarly", (consent.until, self.ledger.now)) if early else None,
        )
        what = keeper, asset, owner
        self._give_back(what, asset, consent.boxed, wallet, consent.kept)
        consent.kept = 0

    def void_kept(self, sender: str, keeper: str, asset: str, owner: str) -> None:
        """The owner of the shares ends it, and the consent."""
        consent = self.consent(keeper, asset, owner)
        refuse(("Holds_Malformed", (keeper, 0)) if consent.kept == 0 else None)
        self._ordered(sender, asset, consent.boxed)
        what = keeper, asset, owner
        self._give_back(what, SHARES, False, self.place(SHARES, owner), consent.kept)
        self.consents[keeper, asset, owner] = Consent()

    # ------------------------------------------------------------------ orders beside holds

    def taken(self, wallet: str, before: int) -> None:
        """An order has left fewer held shares in a wallet than there were."""
        gone = before - self.ledger.held[wallet]
        self.lacking[wallet] = self.lacking.get(wallet, 0) + gone

    def recovered(self, lost: str, successor: str) -> None:
        """A wallet has come in the place of another."""
        gone = self.lacking.pop(lost, 0)
        self.lacking[successor] = self.lacking.get(successor, 0) + gone

    # ------------------------------------------------------------------ reasons

    def _malformed(self, terms: Hold, to: str, amount: int) -> Reason | None:
        bad = to in (NOBODY, terms.owner, HOLDS, terms.asset) or amount == 0
        return ("Holds_Malformed", (to, amount)) if bad else None

    def _bad_time(self, until: int, longest: int) -> list[Reason | None]:
        now = self.ledger.now
        return [
            ("Holds_Past", (until, now)) if until < now else None,
            ("Holds_TooFar", (until, now + longest)) if until > now + longest else None,
        ]

    def _lost(self, asset: str, who: str) -> Reason | None:
        return ("Holds_HasSuccessor", (who,)) if self.place(asset, who) != who else None

    def _over(self, keeper: str, amount: int, consent: Consent) -> Reason | None:
        over = amount > consent.kept
        return ("Holds_OverKept", (keeper, amount, consent.kept)) if over else None

    def _ordered(self, sender: str, asset: str, boxed: bool) -> None:
        bad = boxed or sender != self.ledger.agent
        refuse(("Holds_NotTokenOwner", (sender, asset)) if bad else None)

    def _in(self, terms: Hold, *states: int) -> Promise:
        promise = self.promises.get(terms, Promise(terms, False, 0, NONE))
        bad = promise.state not in states
        refuse(("Holds_NotIn", (self.id_of(terms), promise.state)) if bad else None)
        return promise

    # ------------------------------------------------------------------ movements

    def _boxes(self, asset: str) -> bool:
        """Whether what is held now goes into the box."""
        return asset != SHARES or self.ledger.keeper != HOLDS

    def _take(self, asset: str, boxed: bool, owner: str, amount: int) -> None:
        if not boxed:
            self.ledger.hold(HOLDS, owner, amount)
            return
        short = ("Holds_Short", (asset, 0, amount))
        if asset == SHARES:
            try:
                self.ledger.transfer_from(HOLDS, owner, HOLDS, amount)
            except Refused:
                refuse(short)
            return
        allowed = self.purse.allowed.get(owner, 0)
        refuse(short if allowed < amount else None)
        refuse(None if self.purse.move(owner, HOLDS, amount) else short)
        self.purse.allowed[owner] = allowed - amount

    def _give(self, asset: str, boxed: bool, owner: str, to: str, amount: int) -> None:
        giver = HOLDS if boxed else self.place(asset, owner)
        failed = ("Holds_Refused", (asset, giver, to, amount))
        if asset == MONEY:
            refuse(None if self.purse.move(HOLDS, to, amount) else failed)
            return
        try:
            if boxed:
                self.ledger.transfer(HOLDS, [(to, amount)])
            else:
                self.ledger.deliver(HOLDS, giver, to, amount)
        except Refused:
            refuse(failed)

    def _give_back(
        self,
        what: Hold | tuple[str, str, str],
        asset: str,
        boxed: bool,
        wallet: str,
        amount: int,
    ) -> None:
        if boxed:
            self._give(asset, True, wallet, wallet, amount)
            return
        there = min(amount, self.ledger.held[wallet])
        self.ledger.release(HOLDS, wallet, there)
        if there < amount:
            self.lacking[wallet] -= amount - there
            before, _ = self.missing.get(what, (0, 0))
            self.missing[what] = before + amount - there, self.ledger.now
