"""Exchanges of shares as tills: money for shares to come, and debts for shares that are gone.

Written from the laws: whoever gives shares gets its floor, now or as a debt; a debt for held shares
is tied until their holds end; a mandatory exchange has money for every share that is left.

Names stand for accounts, tokens and currencies. What an exchange cannot decide itself (who may
speak for a token, whether shares can go, whether a currency pays) it asks of a `World`. Every verb
gives its answer and its events, or refuses and changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from tests.model.currencies import Outcome
from tests.model.holds import CLAIMED, DAY, HOLDS, OPEN
from tests.model.outcomes import NOBODY, Event, Reason, Refused, refuse

EXCHANGE = "exchange"
"""The contract that has all exchanges, and their money."""

GOES_ON, NOTICED, RUNS, CLOSED, CANCELLED = range(5)
"""How far an exchange is."""

PAUSED, BLOCKED, FROZEN = 1, 2, 4
"""What stops a holder from giving, by the codes of the transfer rules."""

NO_SHARES, LOCKED, UNABLE = range(3)
"""Why a page passes somebody over."""

NEVER = 2**256 - 1
MOST_SHARES = 2**96 - 1
LONGEST = 50 * 365 * DAY
OVERFLOW: Reason = ("Overflow", ())
UNDERFLOW: Reason = ("Panic", (0x11,))


class Terms(NamedTuple):
    """What an exchange says, as its contract has it; times are seconds as the chain has them."""

    token: str
    per: int
    burns: bool
    acquirer: str
    currency: str
    gets: int
    pays: int
    other: str
    other_shares: int
    other_from: str
    fraction_price: int
    mandatory: bool
    opens_at: int
    closes_at: int
    valuer: str
    least_price: int
    most_price: int
    max_age: int
    day_limit: int
    treasury: str
    take_until: int
    sweep_to: str
    document: Any


class Due(NamedTuple):
    """What shares bring, and cost, in the order of the interface."""

    paid: int
    due: int
    others: int
    in_lieu: int


class Kept(NamedTuple):
    """What an owner lets somebody hold, and what that one has."""

    until: int = 0
    most: int = 0
    kept: int = 0
    boxed: bool = False
    missing: tuple[int, int] = (0, 0)


class Ended(NamedTuple):
    """How far a hold is; `missing` is how many shares, and since when."""

    id: Any
    state: int = 0
    boxed: bool = False
    opened: int = 0
    other: str = NOBODY
    missing: tuple[int, int] = (0, 0)


class World(Protocol):
    """What is outside of all exchanges."""

    @property
    def now(self) -> int:
        """The present second."""

    def whole(self) -> AbstractContextManager[None]:
        """All that happens within, or nothing if it raises Refused."""

    def owns(self, token: str, who: str) -> bool:
        """Whether it is the owner of a token."""

    def speaks(self, token: str, who: str) -> bool:
        """Whether it is the owner or an agent of a token, as what has the exchanges is."""

    def supply(self, token: str) -> int:
        """How many shares exist."""

    def balance(self, token: str, who: str) -> int:
        """How many shares somebody has."""

    def held(self, token: str, who: str) -> int:
        """How many of them are held in its wallet."""

    def unfrozen(self, token: str, who: str) -> int:
        """How many of them it can give by itself."""

    def in_place(self, token: str, who: str) -> str:
        """Who came in the place of a wallet; itself, if it was never lost."""

    def locks(self, token: str) -> bool:
        """Whether what is held of a token stays in its owner's wallet."""

    def claimant(self, token: str, who: str) -> str:
        """Who is to be paid for it; nobody while that is held."""

    def stops(self, token: str, holder: str, shares: int) -> list[tuple[int, int, int]]:
        """Codes and figures of what stops a holder from giving, whoever receives."""

    def accepts(self, token: str, holder: str, taker: str, shares: int) -> bool:
        """Whether a token would let shares go from one to the other."""

    def take(self, token: str, holder: str, taker: str, shares: int) -> None:
        """Move shares by order, or burn them if nobody takes them; raises Refused."""

    def mint(self, token: str, to: str, amount: int) -> bool:
        """Issue shares; whether it was done."""

    def consent(self, token: str, owner: str) -> Kept:
        """What an owner lets the exchanges hold."""

    def hold(self, token: str, owner: str, shares: int) -> None:
        """Hold shares for the exchanges; raises Refused."""

    def let_go(self, token: str, owner: str, shares: int) -> None:
        """Let go of held ones; raises Refused."""

    def deliver(self, token: str, owner: str, to: str, shares: int) -> bool:
        """Deliver held ones; whether it was done."""

    def kept_by(self, keeper: str, token: str, owner: str) -> Kept:
        """What a keeper has of an owner's shares."""

    def hold_of(self, terms: Any) -> Ended:
        """How far the hold of these terms is."""

    def collect(self, currency: str, giver: str, to: str, amount: int) -> int:
        """Take money by allowance: what arrived. What arrives short is refused, and goes back."""

    def pay(self, currency: str, to: str, amount: int) -> Outcome:
        """Pay money of the exchanges."""


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
    kept_others: int = 0
    """Shares of the other token that are held for holders."""
    ended: int = GOES_ON
    today: tuple[int, int] = (0, 0)
    debts: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    tied: dict[str, Tied] = field(default_factory=lambda: defaultdict(Tied))
    untied: dict[Any, int] = field(default_factory=lambda: defaultdict(int))
    swept: list[int] = field(default_factory=lambda: [0, 0])
    """Debts that went to whom the terms name: they are owed no more."""

    def copy(self) -> Till:
        """As it stands now."""
        kept = replace(
            self, debts=self.debts.copy(), tied=self.tied.copy(), untied=self.untied.copy()
        )
        kept.debts.update((who, [*debt]) for who, debt in self.debts.items())
        kept.tied.update((who, replace(tied)) for who, tied in self.tied.items())
        kept.swept = [*self.swept]
        return kept

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

    def stage(self, now: int) -> int:
        """How far it is."""
        return self.ended or (NOTICED if now < self.terms.opens_at else RUNS)

    def owing(self, who: str) -> tuple[int, int, int]:
        """What is owed to somebody, and how many held shares brought some of it."""
        paid, others = self.debts.get(who, (0, 0))
        tied = self.tied.get(who, Tied())
        return paid + tied.paid, others + tied.others, tied.shares

    def due(self, shares: int) -> Due:
        """What shares of one wallet bring."""
        terms = self.terms
        others, rest = divmod(shares * terms.other_shares, terms.per)
        price = self.price if terms.valuer != NOBODY else terms.gets
        in_lieu = rest * terms.fraction_price // terms.per
        paid = shares * price // terms.per + in_lieu
        return Due(paid, -(-shares * terms.pays // terms.per), others, in_lieu)

    def left_today(self, now: int) -> int:
        """How many shares can still be exchanged today."""
        day, done = self.today
        limit = self.terms.day_limit
        return limit - (done if day == now // DAY else 0) if limit else NEVER


def needed(terms: Terms, shares: int) -> int:
    """The most that so many shares can bring, in whatever wallets."""
    fractions = shares * (terms.other_shares % terms.per) * terms.fraction_price
    return shares * terms.gets // terms.per + fractions // terms.per


def _error(name: str, *values: Any) -> Reason:
    return f"ShareExchange_{name}", values


def malformed(it: Terms, funding: int, locked: int, now: int) -> Iterator[Reason | None]:
    """What terms say that contradicts itself."""
    yield _error("PerNothing", 0) if not it.per else None
    if it.acquirer == NOBODY:
        wrong = not it.burns or locked > 0
    else:
        wrong = it.acquirer in (EXCHANGE, it.token) or (locked > 0 and not it.mandatory)
    yield _error("WrongAcquirer", it.acquirer) if wrong else None
    moneyless = it.currency == NOBODY
    moves = bool(it.gets or it.pays or it.fraction_price or funding or it.valuer != NOBODY)
    wrong = it.currency == it.token or (moneyless and moves)
    yield _error("WrongCurrency", it.currency) if wrong else None
    wrong = not moneyless and it.treasury in (NOBODY, EXCHANGE)
    yield _error("WrongTreasury", it.treasury) if wrong else None
    if it.other == NOBODY:
        wrong = bool(it.other_shares or it.fraction_price or it.other_from != NOBODY)
    else:
        wrong = not it.other_shares or it.other == it.token
    yield _error("WrongOther", it.other, it.other_shares) if wrong else None
    if it.mandatory:
        wrong = bool(it.valuer != NOBODY or it.pays or it.day_limit)
        yield _error("NotForMandatory", it.valuer, it.pays, it.day_limit) if wrong else None
        nothing = not it.gets and not it.other_shares
        yield _error("GetsNothing", it.gets, it.other_shares) if nothing else None
        yield _error("NoDocument", it.token) if not it.document else None
    yield from _disordered(it, now)
    wrong = (it.take_until == 0) != (it.sweep_to == NOBODY) or it.sweep_to == EXCHANGE
    yield _error("SweepMismatch", it.take_until, it.sweep_to) if wrong else None
    wild = it.valuer != NOBODY and not it.least_price <= it.gets <= it.most_price
    yield _error("PriceOutOfBounds", it.gets, it.least_price, it.most_price) if wild else None


def _disordered(it: Terms, now: int) -> Iterator[Reason]:
    """Each time that is set lies ahead, and after the one before it."""
    last = now
    for time, counts in (
        (it.opens_at, it.mandatory or it.opens_at > now),
        (it.closes_at, it.mandatory or it.closes_at),
        (it.take_until, it.take_until),
    ):
        if counts and time <= last:
            yield _error("TimesOutOfOrder", last, time)
        elif counts and time > now + LONGEST:
            yield _error("TooFar", time, now + LONGEST)
        last = time if counts else last


class Exchanges:
    """All exchanges of a contract."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tills: list[Till] = []
        self.spent: set[tuple[str, int]] = set()
        self._said: list[Event] = []

    # -------------------------------------------------------------------------- all verbs

    @contextmanager
    def _all_of_it(self, number: int = 0) -> Iterator[list[Event]]:
        """The events of a verb that is done whole, or not at all."""
        count, spent = len(self.tills), self.spent.copy()
        kept = self.tills[number - 1].copy() if 1 <= number <= count else None
        said: list[Event] = []
        self._said = said
        try:
            with self.world.whole():
                yield said
        except Refused:
            self.spent = spent
            del self.tills[count:]
            if kept is not None:
                self.tills[number - 1] = kept
            raise

    def _say(self, name: str, number: int, *values: Any) -> None:
        self._said.append((name, number, *values))

    def _till(self, number: int) -> Till:
        known = 1 <= number <= len(self.tills)
        refuse(None if known else _error("UnknownExchange", number))
        return self.tills[number - 1]

    def _going_on(self, number: int, *, mandatory: bool | None = None) -> Till:
        till = self._till(number)
        refuse(_error("NotAt", number, till.ended) if till.ended != GOES_ON else None)
        wrong = mandatory is not None and till.terms.mandatory != mandatory
        refuse(_error("WrongKind", number, till.terms.mandatory) if wrong else None)
        return till

    def _from(self, time: int) -> Reason | None:
        early = self.world.now < time
        return _error("TooEarly", time, self.world.now) if early else None

    def _until(self, time: int) -> Reason | None:
        late = self.world.now > time
        return _error("TooLate", time, self.world.now) if late else None

    def _speaker(self, token: str, who: str, *, owner: bool = False) -> Reason | None:
        speaks = self.world.owns(token, who) if owner else self.world.speaks(token, who)
        return None if speaks else _error("NotOwnerOrAgent", who, token)

    # ---------------------------------------------------------------------------- opening

    def open(self, sender: str, terms: Terms, funding: int, locked: int) -> tuple[int, list[Event]]:
        """Somebody opens an exchange: its number."""
        now = self.world.now
        refuse(*malformed(terms, funding, locked, now))
        refuse(self._speaker(terms.token, sender, owner=terms.mandatory))
        if terms.other != NOBODY and sender != terms.other_from:
            refuse(self._speaker(terms.other, sender))
        number = len(self.tills) + 1
        with self._all_of_it(number) as said:
            till = Till(terms, now, terms.gets, now, funding)
            self.tills.append(till)
            self._say("Opened", number, terms.token, sender, locked, terms)
            if terms.mandatory:
                self._secure(till, funding, locked)
            if funding:
                self._say("Funded", number, sender, funding)
            self._collect(terms, sender, EXCHANGE, funding)
        return number, said

    def _secure(self, till: Till, funding: int, locked: int) -> None:
        """The money is there; what stays with the acquirer is locked, and the other shares held."""
        terms, world = till.terms, self.world
        supply = world.supply(terms.token)
        refuse(UNDERFLOW if locked > supply else None)
        need = needed(terms, supply - locked)
        refuse(_error("TooLittleFunding", funding, need) if funding < need else None)
        if locked or not terms.burns:
            consent = self._consent(terms.token, terms.acquirer, terms.closes_at)
            reach = consent.kept + (locked if terms.burns else supply)
            over = ("Holds_OverConsent", (EXCHANGE, reach, consent.most))
            refuse(over if consent.most < reach else None)
        if locked:
            self._lock(till, locked)
        if terms.other_from == NOBODY:
            return
        others = (supply - locked) * terms.other_shares // terms.per
        self._consent(terms.other, terms.other_from, terms.take_until or terms.closes_at)
        refuse(OVERFLOW if others > MOST_SHARES else None)
        till.kept_others = others
        if others:
            world.hold(terms.other, terms.other_from, others)

    def _consent(self, token: str, owner: str, until: int) -> Kept:
        consent = self.world.consent(token, owner)
        short = _error("ConsentTooShort", owner, consent.until, until)
        refuse(short if consent.until < until else None)
        return consent

    def _lock(self, till: Till, shares: int) -> None:
        token, acquirer = till.terms.token, till.terms.acquirer
        till.locked += shares
        self.world.hold(token, acquirer, shares)
        boxed = self.world.consent(token, acquirer).boxed
        refuse(_error("Short", token, 0, shares) if boxed else None)

    # ------------------------------------------------------------------------------ money

    def _collect(self, terms: Terms, giver: str, to: str, amount: int) -> None:
        if not amount or giver == to:
            return
        arrived = self.world.collect(terms.currency, giver, to, amount)
        refuse(_error("Short", terms.currency, arrived, amount) if arrived < amount else None)

    def _pay(self, terms: Terms, to: str, amount: int) -> None:
        paid = not amount or self.world.pay(terms.currency, to, amount) == Outcome.PAID
        refuse(None if paid else _error("PaymentFailed", terms.currency, to, amount))

    def fund(self, sender: str, number: int, amount: int) -> tuple[None, list[Event]]:
        """Somebody adds money."""
        with self._all_of_it(number) as said:
            till = self._going_on(number)
            none = till.terms.currency == NOBODY
            refuse(_error("WrongCurrency", NOBODY) if none else None)
            till.funds += amount
            self._say("Funded", number, sender, amount)
            self._collect(till.terms, sender, EXCHANGE, amount)
        return None, said

    def drain(self, sender: str, number: int, amount: int) -> tuple[None, list[Event]]:
        """The issuer takes money back."""
        with self._all_of_it(number) as said:
            till = self._going_on(number, mandatory=False)
            over = amount > till.funds
            refuse(
                self._speaker(till.terms.token, sender),
                _error("Unfunded", number, amount, till.funds) if over else None,
            )
            till.funds -= amount
            self._say("Drained", number, sender, amount)
            self._pay(till.terms, till.terms.treasury, amount)
        return None, said

    def set_price(
        self, sender: str, number: int, price: int, as_of: int
    ) -> tuple[None, list[Event]]:
        """The valuer names a price."""
        till, now = self._going_on(number), self.world.now
        terms = till.terms
        wild = not terms.least_price <= price <= terms.most_price
        bounds = _error("PriceOutOfBounds", price, terms.least_price, terms.most_price)
        late = not till.as_of < as_of <= now
        refuse(
            _error("NotValuer", sender, terms.valuer) if sender != terms.valuer else None,
            bounds if wild else None,
            _error("WrongPriceTime", as_of, till.as_of, now) if late else None,
        )
        till.price, till.as_of = price, as_of
        return None, [("PriceSet", number, price, as_of)]

    # --------------------------------------------------------------------------- electing

    def exchange(  # noqa: PLR0917 - as the contract has it
        self,
        holder: str,
        number: int,
        shares: int,
        least: int,
        until: int = NEVER,
        note: Any = b"",
        *,
        most: int = NEVER,
        signed: tuple[str, int] | None = None,
        first: Callable[[], None] = lambda: None,
    ) -> tuple[Due, list[Event]]:
        """A holder gives shares. `signed` is who signed for it, and with which number; `first` is
        what happens before anything else of the exchange."""
        with self._all_of_it(number) as said:
            if signed is not None:
                self._spend(holder, *signed)
            first()
            now = self.world.now
            refuse(_error("Expired", until, now) if now > until else None)
            till = self._going_on(number, mandatory=False)
            due = self._asked(till, number, holder, shares, least, most)
            terms = till.terms
            till.today = now // DAY, terms.day_limit - till.left_today(now) + shares
            self._book(till, due.paid, shares)
            self._say("Exchanged", number, holder, holder, shares, *due, note)
            self._collect(terms, holder, terms.treasury, due.due)
            self.world.take(terms.token, holder, _taker(terms), shares)
            if due.others:
                if terms.other_from != NOBODY:
                    self.world.hold(terms.other, terms.other_from, due.others)
                given = self._give(terms, holder, due.others)
                failed = _error("PaymentFailed", terms.other, holder, due.others)
                refuse(None if given else failed)
            self._pay(terms, holder, due.paid)
        return due, said

    def _asked(  # noqa: PLR0917
        self, till: Till, number: int, holder: str, shares: int, least: int, most: int
    ) -> Due:
        """What is due to somebody who may ask for it."""
        terms, now, due = till.terms, self.world.now, till.due(shares)
        left = till.left_today(now)
        old = terms.max_age and now > till.as_of + terms.max_age
        refuse(
            _error("NoShares", number, holder) if not shares else None,
            self._from(terms.opens_at),
            self._until(terms.closes_at) if terms.closes_at else None,
            _error("PriceTooOld", till.as_of, terms.max_age, now) if old else None,
            _error("OverDayLimit", shares, left) if shares > left else None,
            *(
                _error("NotFree", holder, *stop)
                for stop in self.world.stops(terms.token, holder, shares)
            ),
            self._unwelcome(terms, holder, shares),
            _error("TooLittlePaid", due.paid, least) if due.paid < least else None,
            _error("TooMuchDue", due.due, most) if due.due > most else None,
            _error("Unfunded", number, due.paid, till.funds) if due.paid > till.funds else None,
            OVERFLOW if till.exchanged + shares > MOST_SHARES else None,
        )
        return due

    def _unwelcome(self, terms: Terms, holder: str, shares: int) -> Reason | None:
        taker = _taker(terms)
        if taker == NOBODY:
            return None
        takes = holder != taker and self.world.accepts(terms.token, holder, taker, shares)
        return None if takes else _error("Refused", terms.token, holder, taker, shares)

    def _spend(self, owner: str, signer: str, nonce: int) -> None:
        known = (owner, nonce) in self.spent
        refuse(
            _error("NotSigned", owner) if signer != owner else None,
            _error("NonceSpent", owner, nonce) if known else None,
        )
        self.spent.add((owner, nonce))

    def cancel_nonce(self, sender: str, nonce: int) -> tuple[None, list[Event]]:
        """Somebody spends a number."""
        self._spend(sender, sender, nonce)
        return None, [("NonceCancelled", sender, nonce)]

    @staticmethod
    def _book(till: Till, paid: int, shares: int) -> None:
        till.funds -= paid
        till.paid += paid
        till.exchanged += shares

    def _give(self, terms: Terms, to: str, amount: int) -> bool:
        """Shares of the other token, new ones or of what is held."""
        if terms.other_from == NOBODY:
            return self.world.mint(terms.other, to, amount)
        return self.world.deliver(terms.other, terms.other_from, to, amount)

    # ----------------------------------------------------------------------- carrying out

    def carry_out(self, number: int, holders: Sequence[str]) -> tuple[int, list[Event]]:
        """Somebody carries out a page: how many holders it came to."""
        with self._all_of_it(number) as said:
            till = self._going_on(number, mandatory=True)
            terms = till.terms
            refuse(self._from(terms.opens_at))
            done, joined = 0, 0
            for holder in holders:
                gone = self._turn(till, number, holder)
                if gone is None:
                    break
                done, joined = done + 1, joined + gone
            if terms.acquirer in holders[:done]:
                joined = self.world.unfrozen(terms.token, terms.acquirer)
            self._lock_more(till, joined)
        return done, said

    def _lock_more(self, till: Till, joined: int) -> None:
        """What the acquirer got is locked, all that its consent reaches or nothing: whatever stands
        against it stops nobody else's payment."""
        token, acquirer, world = till.terms.token, till.terms.acquirer, self.world
        consent = world.consent(token, acquirer)
        joined = min(joined, consent.most - consent.kept)
        if not joined or world.now > consent.until or not world.locks(token):
            return
        try:
            with world.whole():
                world.hold(token, acquirer, joined)
        except Refused:
            return
        till.locked += joined

    def _turn(self, till: Till, number: int, holder: str) -> int | None:
        """A holder of a page: what the acquirer got; None if there is no money for it."""
        terms, world = till.terms, self.world
        if holder == terms.acquirer:
            self._say("Skipped", number, holder, LOCKED)
            return 0
        shares = world.balance(terms.token, holder)
        if not shares:
            self._say("Skipped", number, holder, NO_SHARES)
            return 0
        due = till.due(shares)
        if due.paid > till.funds:
            self._say("Unfunded", number, holder, due.paid - till.funds)
            return None
        held = shares if holder == HOLDS else min(world.held(terms.token, holder), shares)
        payee = world.claimant(terms.token, holder)
        try:
            world.take(terms.token, holder, _taker(terms), shares)
        except Refused:
            self._say("Skipped", number, holder, UNABLE)
            return 0
        refuse(OVERFLOW if till.exchanged + shares > MOST_SHARES else None)
        self._book(till, due.paid, shares)
        self._pay_or_owe(till, number, holder, payee, shares, held, due)
        return 0 if terms.burns else shares

    def _pay_or_owe(  # noqa: PLR0917
        self, till: Till, number: int, holder: str, payee: str, shares: int, held: int, due: Due
    ) -> None:
        """What free shares brought goes to the payee, or is owed; what held ones did is tied."""
        tied_paid, tied_others = due.paid * held // shares, due.others * held // shares
        paid, others = due.paid - tied_paid, due.others - tied_others
        if held:
            tied = till.tied[holder]
            tied.shares, tied.since = tied.shares + held, self.world.now
            tied.paid, tied.others = tied.paid + tied_paid, tied.others + tied_others
        able = payee not in (NOBODY, EXCHANGE)
        unpaid = paid if paid and not (able and self._try_pay(till.terms, payee, paid)) else 0
        given = able and others and self._give(till.terms, payee, others)
        ungiven = 0 if given else others
        till.kept_others -= others if given and till.terms.other_from != NOBODY else 0
        sent = (paid and not unpaid) or given
        told = payee if sent else NOBODY
        self._say("Exchanged", number, holder, told, shares, *due, b"")
        if unpaid or ungiven or held:
            debt = till.debts[holder]
            debt[0] += unpaid
            debt[1] += ungiven
            refuse(OVERFLOW if till.owed_others > MOST_SHARES else None)
            self._say("Owed", number, holder, tied_paid + unpaid, tied_others + ungiven, held)

    def _try_pay(self, terms: Terms, to: str, amount: int) -> bool:
        """Whether it was paid. What a currency moves and denies must not be owed as well."""
        outcome = self.world.pay(terms.currency, to, amount)
        failed = _error("PaymentFailed", terms.currency, to, amount)
        refuse(failed if outcome == Outcome.MOVED else None)
        return outcome == Outcome.PAID

    # -------------------------------------------------------------------------- what is owed

    def take(
        self, number: int, holder: str, sender: str = NOBODY, receiver: str | None = None
    ) -> tuple[tuple[int, int], list[Event]]:
        """A debt is paid, to whom the ledger names or to the receiver that this one names."""
        nobody = receiver in (NOBODY, EXCHANGE)
        refuse(_error("InvalidReceiver", receiver) if nobody else None)
        with self._all_of_it(number) as said:
            till = self._till(number)
            terms = till.terms
            refuse(self._until(terms.take_until) if terms.take_until else None)
            debt = till.debts[holder]
            paid, others = debt
            refuse(None if paid or others else _error("NothingOwed", number, holder))
            claimant = self.world.claimant(terms.token, holder)
            held = claimant == NOBODY
            refuse(_error("IncomeHeld", terms.token, holder) if held else None)
            wrong = receiver is not None and sender != claimant
            refuse(_error("NotClaimant", sender, claimant) if wrong else None)
            to = claimant if receiver is None else receiver
            given = others if self._give_owed(till, to, others) else 0
            failed = _error("PaymentFailed", terms.other, to, others)
            refuse(failed if given < others and not paid else None)
            debt[:] = 0, others - given
            self._say("Taken", number, holder, to, paid, given)
            self._pay(terms, to, paid)
        return (paid, given), said

    def _give_owed(self, till: Till, to: str, others: int) -> bool:
        given = not others or self._give(till.terms, to, others)
        till.kept_others -= others if given and till.terms.other_from != NOBODY else 0
        return given

    def end_hold(self, number: int, terms: Any) -> tuple[None, list[Event]]:
        """What a hold's shares brought is untied."""
        hold = self.world.hold_of(terms)
        with self._all_of_it(number) as said:
            till = self._till(number)
            source = HOLDS if hold.boxed else terms.owner
            since, late = till.tied[source].since, hold.opened > till.opened
            missing, at = hold.missing
            over = hold.state == OPEN and self.world.now > terms.until
            if hold.state in (OPEN, CLAIMED):
                shares = terms.amount if over or hold.state == CLAIMED else 0
            else:
                shares = missing if at >= since else 0
            other = terms.asset != till.terms.token or till.untied[hold.id] > 0
            # Whoever was exchanged before the hold opened had other shares then.
            if other or (late and hold.opened >= since) or not shares:
                refuse(_error("HoldNotEnded", hold.id, hold.state))
            account = terms.owner
            if hold.state == CLAIMED and not late:
                account = terms.to if hold.other == NOBODY else hold.other
            till.untied[hold.id] = shares
            shares = self._untie(till, number, source, account, shares)
            self._say("HoldEnded", number, terms.owner, account, hold.id, NOBODY, shares)
        return None, said

    def end_kept(  # noqa: PLR0917 - as the contract has it
        self, sender: str, number: int, keeper: str, holder: str, account: str, shares: int
    ) -> tuple[None, list[Event]]:
        """What a keeper's shares brought is untied."""
        nobody = account in (NOBODY, EXCHANGE)
        refuse(_error("InvalidReceiver", account) if nobody else None)
        with self._all_of_it(number) as said:
            till = self._till(number)
            kept = self.world.kept_by(keeper, till.terms.token, holder)
            what = keeper, till.terms.token, holder
            source = HOLDS if kept.boxed else holder
            in_time, own = self.world.now <= kept.until, account == holder
            by_keeper = sender == keeper and (in_time or own)
            limit = kept.kept if by_keeper or (sender != keeper and own and not in_time) else 0
            missing, at = kept.missing
            if own and at >= till.tied[source].since:
                limit += missing
            over = shares + till.untied[what] > limit
            refuse(_error("StillKept", keeper, holder, kept.kept) if over else None)
            shares = self._untie(till, number, source, account, shares)
            till.untied[what] += shares
            self._say("HoldEnded", number, holder, account, bytes(32), keeper, shares)
        return None, said

    @staticmethod
    def _untie(till: Till, number: int, source: str, account: str, shares: int) -> int:
        """The last of them take what rounding has left."""
        tied = till.tied[source]
        shares = min(shares, tied.shares)
        refuse(None if shares else _error("NothingOwed", number, source))
        paid, others = tied.paid * shares // tied.shares, tied.others * shares // tied.shares
        tied.shares -= shares
        tied.paid -= paid
        tied.others -= others
        debt = till.debts[account]
        debt[0] += paid
        debt[1] += others
        return shares

    def sweep(self, number: int) -> tuple[tuple[int, int], list[Event]]:
        """What nobody took goes to whom the terms name."""
        with self._all_of_it(number) as said:
            till = self._till(number)
            terms = till.terms
            refuse(self._from(terms.take_until + 1 if terms.take_until else NEVER))
            paid, others = till.owed, till.owed_others
            refuse(None if paid or others else _error("NothingOwed", number, NOBODY))
            others = others if self._give_owed(till, terms.sweep_to, others) else 0
            till.swept[0] += paid
            till.swept[1] += others
            self._say("Swept", number, terms.sweep_to, paid, others)
            self._pay(terms, terms.sweep_to, paid)
        return (paid, others), said

    # ---------------------------------------------------------------------------- the end

    def close(self, sender: str, number: int) -> tuple[int, list[Event]]:
        """Somebody ends an exchange: what goes back."""
        till = self._going_on(number)
        terms = till.terms
        if terms.mandatory:
            refuse(self._from(terms.opens_at))
            left = self.left(till)
            refuse(_error("SharesLeft", number, left) if left else None)
        elif not terms.closes_at:
            refuse(self._speaker(terms.token, sender))
        else:
            refuse(self._from(terms.closes_at + 1))
        return self._end(number, CLOSED, "Closed")

    def cancel(self, sender: str, number: int, document: Any) -> tuple[None, list[Event]]:
        """The owner cancels a mandatory exchange before it opens."""
        terms = self._going_on(number, mandatory=True).terms
        refuse(self._speaker(terms.token, sender, owner=True), self._until(terms.opens_at - 1))
        _, said = self._end(number, CANCELLED, "Cancelled", document)
        return None, said

    def _end(self, number: int, ended: int, *event: Any) -> tuple[int, list[Event]]:
        """What is held is let go, and what is left goes back."""
        with self._all_of_it(number) as said:
            till = self._till(number)
            terms, amount, locked = till.terms, till.funds, till.locked
            # What is owed may be more than is held for it: nothing was held of who came later.
            owed = till.owed_others if terms.other_from != NOBODY else 0
            waiting = min(owed, till.kept_others)
            others = till.kept_others - waiting
            till.funds, till.ended, till.locked, till.kept_others = 0, ended, 0, waiting
            self._let_go(terms.token, terms.acquirer, locked)
            self._let_go(terms.other, terms.other_from, others)
            name, *values = event
            self._say(name, number, *values, amount)
            self._pay(terms, terms.treasury, amount)
        return amount, said

    def _let_go(self, token: str, owner: str, shares: int) -> None:
        """As far as they are held still."""
        shares = min(shares, self.world.consent(token, owner).kept) if shares else 0
        if shares:
            self.world.let_go(token, owner, shares)

    # -------------------------------------------------------------------------- questions

    def still_locked(self, till: Till) -> int:
        """Shares of the acquirer that are locked: those of them that it has not taken back, and
        that no order has taken."""
        token, acquirer, world = till.terms.token, till.terms.acquirer, self.world
        held = world.held(token, world.in_place(token, acquirer))
        return min(till.locked, world.consent(token, acquirer).kept, held)

    def left(self, till: Till) -> int:
        """Shares that are still to be exchanged."""
        return self.world.supply(till.terms.token) - self.still_locked(till)

    def missing(self, till: Till) -> int:
        """Money that a mandatory exchange lacks."""
        if not till.terms.mandatory or till.ended != GOES_ON:
            return 0
        return max(0, needed(till.terms, self.left(till)) - till.funds)


def _taker(terms: Terms) -> str:
    """Who gets the shares; nobody if they are burnt."""
    return NOBODY if terms.burns else terms.acquirer
