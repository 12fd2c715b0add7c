"""Exchanges of shares as tills: money for shares to come, and debts for shares that are gone.

Written from the laws: whoever gives shares gets its floor, now or as a debt; a debt for held shares
is tied until their holds end; a mandatory exchange has money for every share that is left.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.model.holds import CLAIMED, DAY, HOLDS, NONE, OPEN, SHARES, Consent, Hold, Holds, Purse
from tests.model.outcomes import NOBODY, Reason, Refused, refuse
from tests.model.shares import Ledger

EXCHANGE, OTHER = "exchange", "other"
GOES_ON, CLOSED, CANCELLED = 0, 3, 4
PAUSED, BLOCKED, FROZEN = 1, 2, 4


class Terms(NamedTuple):
    """What an exchange says, as far as the model has it."""

    per: int
    gets: int
    pays: int = 0
    other_shares: int = 0
    fraction_price: int = 0
    burns: bool = True
    acquirer: str = NOBODY
    mandatory: bool = False
    opens_at: int = 0
    closes_at: int = 0
    valuer: str = NOBODY
    least_price: int = 0
    most_price: int = 0
    max_age: int = 0
    day_limit: int = 0
    treasury: str = NOBODY
    take_until: int = 0
    sweep_to: str = NOBODY


class Due(NamedTuple):
    """What shares bring, and cost."""

    paid: int
    due: int
    others: int


@dataclass
class Tied:
    """What held shares of a wallet have brought."""

    shares: int = 0
    since: int = 0
    others: int = 0
    paid: int = 0


@dataclass
class Till:
    """An exchange."""

    terms: Terms
    opened: int
    price: int
    as_of: int
    funds: int = 0
    paid: int = 0
    exchanged: int = 0
    locked: int = 0
    ended: int = GOES_ON
    today: tuple[int, int] = (0, 0)
    debts: dict[str, list[int]] = field(default_factory=lambda: defaultdict(_nothing))
    tied: dict[str, Tied] = field(default_factory=lambda: defaultdict(Tied))
    untied: dict[Any, int] = field(default_factory=lambda: defaultdict(int))
    swept: list[int] = field(default_factory=lambda: [0, 0])
    """Debts that went to whom the terms name: they are owed no more."""

    @property
    def owed(self) -> int:
        """Money that is here for debts."""
        debts = sum(paid for paid, _ in self.debts.values())
        return debts + sum(tied.paid for tied in self.tied.values()) - self.swept[0]

    @property
    def owed_others(self) -> int:
        """Shares of the other token that are owed."""
        debts = sum(others for _, others in self.debts.values())
        return debts + sum(tied.others for tied in self.tied.values()) - self.swept[1]

    def due(self, shares: int) -> Due:
        """What shares of one wallet bring."""
        terms = self.terms
        others, rest = divmod(shares * terms.other_shares, terms.per)
        price = self.price if terms.valuer != NOBODY else terms.gets
        paid = shares * price // terms.per + rest * terms.fraction_price // terms.per
        return Due(paid, -(-shares * terms.pays // terms.per), others)


def _nothing() -> list[int]:
    return [0, 0]


def needed(terms: Terms, shares: int) -> int:
    """The most that so many shares can bring, in whatever wallets."""
    fractions = shares * (terms.other_shares % terms.per) * terms.fraction_price
    return shares * terms.gets // terms.per + fractions // terms.per


class Exchanges:
    """All exchanges of the shares of one ledger, for one currency and the shares of another."""

    def __init__(self, ledger: Ledger, other: Ledger, purse: Purse, holds: Holds) -> None:
        self.ledger, self.other, self.purse, self.holds = ledger, other, purse, holds
        self.tills: list[Till] = []

    @property
    def now(self) -> int:
        """The present second."""
        return self.ledger.now

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """All of it is done, or nothing."""
        holds = self.holds
        parts: list[dict[str, Any]] = [
            self.ledger.__dict__, self.other.__dict__, self.purse.__dict__, holds.promises,
            holds.consents, holds.lacking, holds.missing, {"tills": self.tills},
        ]  # fmt: skip
        before = copy.deepcopy(parts)
        try:
            yield
        except Refused:
            for part, kept in zip(parts, before, strict=True):
                part.clear()
                part.update(kept)
            self.tills = parts[-1]["tills"]
            raise

    # ------------------------------------------------------------------ money

    def open(self, sender: str, terms: Terms, funding: int, locked: int) -> None:
        """Somebody opens an exchange."""
        early = ("ShareExchange_NotOwnerOrAgent", (sender, SHARES))
        refuse(early if sender != self.ledger.agent else None)
        till = Till(terms, self.now, terms.gets, self.now)
        if terms.mandatory:
            left = self.ledger.supply - locked
            need = needed(terms, left)
            low = ("ShareExchange_TooLittleFunding", (funding, need))
            refuse(low if funding < need else None)
        with self._whole():
            if locked or (terms.mandatory and not terms.burns):
                self._consented(terms, self.ledger.supply if not terms.burns else locked)
            self.tills.append(till)
            if locked:
                self.holds.hold_for(EXCHANGE, SHARES, terms.acquirer, locked)
                till.locked = locked
            self._take_in(till, sender, funding)

    def _consented(self, terms: Terms, most: int) -> None:
        consent = self.holds.consent(EXCHANGE, SHARES, terms.acquirer)
        short = ("ShareExchange_ConsentTooShort", (terms.acquirer, consent.until, terms.closes_at))
        reach = consent.kept + most
        over = ("Holds_OverConsent", (EXCHANGE, reach, consent.most))
        refuse(short if consent.until < terms.closes_at else None)
        refuse(over if consent.most < reach else None)

    def _take_in(self, till: Till, sender: str, amount: int) -> None:
        moved = amount == 0 or self.purse.move(sender, EXCHANGE, amount)
        refuse(None if moved else ("ShareExchange_Short", ("money", 0, amount)))
        till.funds += amount

    def fund(self, sender: str, number: int, amount: int) -> None:
        """Somebody adds money."""
        till = self._going_on(number)
        self._take_in(till, sender, amount)

    def drain(self, sender: str, number: int, amount: int) -> None:
        """The issuer takes money back."""
        till = self._going_on(number)
        self._of_kind(number, till, mandatory=False)
        speaks = sender == self.ledger.agent
        short = ("ShareExchange_Unfunded", (number, amount, till.funds))
        refuse(
            None if speaks else ("ShareExchange_NotOwnerOrAgent", (sender, SHARES)),
            short if amount > till.funds else None,
        )
        self._pay(till.terms.treasury, amount)
        till.funds -= amount

    def set_price(self, sender: str, number: int, price: int, as_of: int) -> None:
        """The valuer names a price."""
        till = self._going_on(number)
        terms = till.terms
        wild = not terms.least_price <= price <= terms.most_price
        bounds = ("ShareExchange_PriceOutOfBounds", (price, terms.least_price, terms.most_price))
        late = not till.as_of < as_of <= self.now
        refuse(
            ("ShareExchange_NotValuer", (sender, terms.valuer)) if sender != terms.valuer else None,
            bounds if wild else None,
            ("ShareExchange_WrongPriceTime", (as_of, till.as_of, self.now)) if late else None,
        )
        till.price, till.as_of = price, as_of

    # ------------------------------------------------------------------ shares

    def exchange(self, holder: str, number: int, shares: int, least: int) -> None:
        """A holder gives shares."""
        till = self._going_on(number)
        self._of_kind(number, till, mandatory=False)
        terms, due = till.terms, till.due(shares)
        day = self.now // DAY
        done = till.today[1] if till.today[0] == day else 0
        left = terms.day_limit - done if terms.day_limit else shares
        old = terms.max_age and self.now > till.as_of + terms.max_age
        early, late = self.now < terms.opens_at, terms.closes_at and self.now > terms.closes_at
        refuse(
            ("ShareExchange_NoShares", (number, holder)) if not shares else None,
            ("ShareExchange_TooEarly", (terms.opens_at, self.now)) if early else None,
            ("ShareExchange_TooLate", (terms.closes_at, self.now)) if late else None,
            ("ShareExchange_PriceTooOld", (till.as_of, terms.max_age, self.now)) if old else None,
            ("ShareExchange_OverDayLimit", (shares, left)) if shares > left else None,
            ("ShareExchange_TooLittlePaid", (due.paid, least)) if due.paid < least else None,
            ("ShareExchange_Unfunded", (number, due.paid, till.funds))
            if due.paid > till.funds
            else None,
            *self._unfree(holder, shares),
            self._unwelcome(terms, holder, shares),
        )
        with self._whole():
            if due.due and holder != terms.treasury:
                moved = self.purse.move(holder, terms.treasury, due.due)
                refuse(None if moved else ("ShareExchange_Short", ("money", 0, due.due)))
            self._take_shares(terms, holder, shares)
            if due.others:
                self._give_others(holder, due.others)
            self._pay(holder, due.paid)
            self._book(self.tills[number - 1], due.paid, shares)
            if terms.day_limit:
                self.tills[number - 1].today = (day, done + shares)

    def _unfree(self, holder: str, shares: int) -> list[Reason | None]:
        free, has = self.ledger.unfrozen(holder), self.ledger.balances[holder]
        name = "ShareExchange_NotFree"
        return [
            (name, (holder, PAUSED, 0, 0)) if self.ledger.paused else None,
            (name, (holder, BLOCKED, 0, 0)) if self.ledger.blocked(holder) else None,
            (name, (holder, FROZEN, shares, free)) if free < shares <= has else None,
            ("ERC20InsufficientBalance", (holder, has, shares)) if shares > has else None,
        ]

    def _unwelcome(self, terms: Terms, holder: str, shares: int) -> Reason | None:
        if terms.burns:
            return None
        stuck = holder == terms.acquirer or any(self.ledger.unable(terms.acquirer))
        refused = ("ShareExchange_Refused", (SHARES, holder, terms.acquirer, shares))
        return refused if stuck else None

    def _take_shares(self, terms: Terms, holder: str, shares: int) -> None:
        before = self.ledger.held[holder]
        if terms.burns:
            self.ledger.burn(self.ledger.agent, holder, shares)
        else:
            self.ledger.force(self.ledger.agent, holder, terms.acquirer, shares)
        self.holds.taken(holder, before)

    @staticmethod
    def _book(till: Till, paid: int, shares: int) -> None:
        till.funds -= paid
        till.paid += paid
        till.exchanged += shares

    def carry_out(self, number: int, holders: list[str]) -> None:
        """Somebody carries out a page."""
        till = self._going_on(number)
        self._of_kind(number, till, mandatory=True)
        terms = till.terms
        early = self.now < terms.opens_at
        refuse(("ShareExchange_TooEarly", (terms.opens_at, self.now)) if early else None)
        with self._whole():
            till = self.tills[number - 1]
            joined, met = 0, False
            for holder in holders:
                gone = self._one_of_page(till, holder)
                if gone is None:
                    break
                met = met or holder == terms.acquirer
                joined += gone if not terms.burns else 0
            self._lock_more(till, self.ledger.unfrozen(terms.acquirer) if met else joined)

    def _one_of_page(self, till: Till, holder: str) -> int | None:
        terms, shares = till.terms, self.ledger.balances.get(holder, 0)
        if holder == terms.acquirer or not shares:
            return 0
        due = till.due(shares)
        if due.paid > till.funds:
            return None
        held = shares if holder == HOLDS else min(self.ledger.held[holder], shares)
        payee = self.ledger.claimant(holder)
        try:
            self._take_shares(terms, holder, shares)
        except Refused:
            return 0
        self._book(till, due.paid, shares)
        tied_paid, tied_others = due.paid * held // shares, due.others * held // shares
        if held:
            tied = till.tied[holder]
            tied.shares, tied.since = tied.shares + held, self.now
            tied.paid, tied.others = tied.paid + tied_paid, tied.others + tied_others
        paid, others = due.paid - tied_paid, due.others - tied_others
        able = payee not in (NOBODY, EXCHANGE)
        if paid and not (able and self.purse.move(EXCHANGE, payee, paid)):
            till.debts[holder][0] += paid
        if others and not (able and self._gives_others(payee, others)):
            till.debts[holder][1] += others
        return shares

    def _lock_more(self, till: Till, shares: int) -> None:
        terms = till.terms
        if not shares or terms.acquirer == NOBODY:
            return
        consent = self.holds.consent(EXCHANGE, SHARES, terms.acquirer)
        shares = min(shares, consent.most - consent.kept)
        if shares and self.now <= consent.until:
            self.holds.hold_for(EXCHANGE, SHARES, terms.acquirer, shares)
            till.locked += shares

    def _gives_others(self, to: str, amount: int) -> bool:
        try:
            self.other.mint(self.other.agent, [(to, amount)])
        except Refused:
            return False
        return True

    def _give_others(self, to: str, amount: int) -> None:
        failed = ("ShareExchange_PaymentFailed", (OTHER, to, amount))
        refuse(None if self._gives_others(to, amount) else failed)

    def _pay(self, to: str, amount: int) -> None:
        moved = amount == 0 or self.purse.move(EXCHANGE, to, amount)
        refuse(None if moved else ("ShareExchange_PaymentFailed", ("money", to, amount)))

    # ------------------------------------------------------------------ debts

    def take(self, number: int, holder: str, sender: str = "", receiver: str = "") -> None:
        """A debt is paid, to whom the ledger names or to the receiver that this one names."""
        till = self._known(number)
        terms, (paid, others) = till.terms, till.debts[holder]
        claimant = self.ledger.claimant(holder)
        late = terms.take_until and self.now > terms.take_until
        nobody = receiver == EXCHANGE
        refuse(
            ("ShareExchange_InvalidReceiver", (receiver,)) if nobody else None,
            ("ShareExchange_TooLate", (terms.take_until, self.now)) if late else None,
            ("ShareExchange_NothingOwed", (number, holder)) if not (paid or others) else None,
        )
        held = ("ShareExchange_IncomeHeld", (SHARES, holder))
        refuse(held if claimant == NOBODY else None)
        wrong = receiver and sender != claimant
        refuse(("ShareExchange_NotClaimant", (sender, claimant)) if wrong else None)
        to = receiver or claimant
        with self._whole():
            debt = self.tills[number - 1].debts[holder]
            if others and self._gives_others(to, others):
                debt[1] = 0
            elif others and not paid:
                refuse(("ShareExchange_PaymentFailed", (OTHER, to, others)))
            self._pay(to, paid)
            debt[0] = 0

    def end_hold(self, number: int, terms: Hold) -> None:
        """What a hold's shares brought is untied."""
        till = self._known(number)
        promise = self.holds.promises.get(terms)
        state = promise.state if promise else NONE
        source = HOLDS if promise and promise.boxed else terms.owner
        since, late = till.tied[source].since, promise and promise.opened > till.opened
        missing, at = self.holds.missing.get(terms, (0, 0))
        shares = {
            CLAIMED: terms.amount,
            OPEN: terms.amount if self.now > terms.until else 0,
        }.get(state, missing if at >= since else 0)
        after = late and promise and promise.opened >= since
        no = not promise or terms.asset != SHARES or till.untied[terms] or after or not shares
        not_ended = ("ShareExchange_HoldNotEnded", (self.holds.id_of(terms), state))
        refuse(not_ended if no else None)
        account = terms.owner
        if promise and state == CLAIMED and not late:
            account = terms.to if promise.other == NOBODY else promise.other
        self._untie(till, source, terms.owner, account, shares)
        till.untied[terms] = shares

    def end_kept(  # noqa: PLR0917 - as the contract has it
        self, sender: str, number: int, keeper: str, holder: str, account: str, shares: int
    ) -> None:
        """What a keeper's shares brought is untied."""
        till = self._known(number)
        nobody = account in (NOBODY, EXCHANGE)
        refuse(("ShareExchange_InvalidReceiver", (account,)) if nobody else None)
        what = (keeper, SHARES, holder)
        consent = self.holds.consents.get(what, Consent())
        source = HOLDS if consent.boxed else holder
        in_time, own = self.now <= consent.until, account == holder
        limit = consent.kept if (sender == keeper and (in_time or own)) else 0
        if sender != keeper and own and not in_time:
            limit = consent.kept
        missing, at = self.holds.missing.get(what, (0, 0))
        if own and at >= till.tied[source].since:
            limit += missing
        over = shares + till.untied[what] > limit
        still = ("ShareExchange_StillKept", (keeper, holder, consent.kept))
        refuse(still if over else None)
        till.untied[what] += self._untie(till, source, source, account, shares)

    def _untie(self, till: Till, source: str, told: str, account: str, shares: int) -> int:
        number = next(n for n, it in enumerate(self.tills, 1) if it is till)
        tied = till.tied[source]
        shares = min(shares, tied.shares)
        nothing = {("ShareExchange_NothingOwed", (number, who)) for who in (source, told)}
        refuse(*(nothing if not shares else ()))
        paid, others = tied.paid * shares // tied.shares, tied.others * shares // tied.shares
        tied.shares, tied.paid, tied.others = (
            tied.shares - shares, tied.paid - paid, tied.others - others,
        )  # fmt: skip
        till.debts[account][0] += paid
        till.debts[account][1] += others
        return shares

    def sweep(self, number: int) -> None:
        """What nobody took goes to whom the terms name."""
        till = self._known(number)
        terms = till.terms
        until = terms.take_until + 1 if terms.take_until else 2**256 - 1
        refuse(("ShareExchange_TooEarly", (until, self.now)) if self.now < until else None)
        paid, others = till.owed, till.owed_others
        nothing = ("ShareExchange_NothingOwed", (number, NOBODY))
        refuse(nothing if not (paid or others) else None)
        with self._whole():
            till = self.tills[number - 1]
            if others and self._gives_others(terms.sweep_to, others):
                till.swept[1] += others
            self._pay(terms.sweep_to, paid)
            till.swept[0] += paid

    # ------------------------------------------------------------------ the end

    def close(self, sender: str, number: int) -> None:
        """Somebody ends an exchange."""
        till = self._going_on(number)
        terms = till.terms
        speaks = sender == self.ledger.agent
        if terms.mandatory:
            early = self.now < terms.opens_at
            refuse(("ShareExchange_TooEarly", (terms.opens_at, self.now)) if early else None)
            left = self.left(till)
            refuse(("ShareExchange_SharesLeft", (number, left)) if left else None)
        elif not terms.closes_at:
            refuse(None if speaks else ("ShareExchange_NotOwnerOrAgent", (sender, SHARES)))
        else:
            early = self.now <= terms.closes_at
            refuse(("ShareExchange_TooEarly", (terms.closes_at + 1, self.now)) if early else None)
        self._end(number, CLOSED)

    def cancel(self, sender: str, number: int) -> None:
        """The owner cancels a mandatory exchange before it opens."""
        till = self._going_on(number)
        self._of_kind(number, till, mandatory=True)
        last = till.terms.opens_at - 1
        refuse(
            None
            if sender == self.ledger.agent
            else ("ShareExchange_NotOwnerOrAgent", (sender, SHARES)),
            ("ShareExchange_TooLate", (last, self.now)) if self.now > last else None,
        )
        self._end(number, CANCELLED)

    def _end(self, number: int, stage: int) -> None:
        with self._whole():
            till = self.tills[number - 1]
            terms = till.terms
            if till.locked:
                kept = self.holds.consent(EXCHANGE, SHARES, terms.acquirer).kept
                if free := min(till.locked, kept):
                    self.holds.let_go(EXCHANGE, SHARES, terms.acquirer, free)
            self._pay(terms.treasury, till.funds)
            till.funds, till.locked, till.ended = 0, 0, stage

    # ------------------------------------------------------------------ questions

    def left(self, till: Till) -> int:
        """Shares that are still to be exchanged."""
        kept = self.holds.consents.get((EXCHANGE, SHARES, till.terms.acquirer), Consent()).kept
        return self.ledger.supply - min(till.locked, kept)

    def missing(self, till: Till) -> int:
        """Money that a mandatory exchange lacks."""
        if not till.terms.mandatory or till.ended != GOES_ON:
            return 0
        return max(0, needed(till.terms, self.left(till)) - till.funds)

    def _known(self, number: int) -> Till:
        return self.tills[number - 1]

    def _going_on(self, number: int) -> Till:
        till = self._known(number)
        ended = ("ShareExchange_NotAt", (number, till.ended))
        refuse(ended if till.ended != GOES_ON else None)
        return till

    @staticmethod
    def _of_kind(number: int, till: Till, *, mandatory: bool) -> None:
        other = till.terms.mandatory != mandatory
        refuse(("ShareExchange_WrongKind", (number, till.terms.mandatory)) if other else None)
