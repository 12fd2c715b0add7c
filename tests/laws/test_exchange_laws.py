"""Exchanges against tills: any history of exchanges, pages, holds, keepers, freezes and losses."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.chainkit import Codec, RevmKit
from tests.laws.harness import Harness, read
from tests.model.currencies import Outcome
from tests.model.exchange import (
    BLOCKED,
    EXCHANGE,
    FROZEN,
    GOES_ON,
    PAUSED,
    Ended,
    Exchanges,
    Kept,
    Terms,
)
from tests.model.holds import DAY, HOLDS, MONEY, SHARES, Consent, Hold, Holds, Purse
from tests.model.outcomes import NOBODY, Refused
from tests.model.shares import Ledger

PEOPLE = ("ann", "ben", "cat", "dan", "eve", "new", "kim")
ISSUER, KEEPER, TREASURY, ACQUIRER = "eve", "dan", "kim", "new"
HOLDERS = ("ann", "ben", "cat")
SECRET = b"\1" * 32
LOCK = sha256(SECRET).digest()
NO_DOCUMENT, NOTICE = b"\0" * 32, b"\x17" * 32
FOREVER = 2**256 - 1
PLENTY = 10**9
OTHER = "other"
BARE = Terms(
    token=SHARES, per=1, burns=True, acquirer=NOBODY, currency=MONEY, gets=0, pays=0, other=NOBODY,
    other_shares=0, other_from=NOBODY, fraction_price=0, mandatory=False, opens_at=0, closes_at=0,
    valuer=NOBODY, least_price=0, most_price=0, max_age=0, day_limit=0, treasury=TREASURY,
    take_until=0, sweep_to=NOBODY, document=NO_DOCUMENT,
)  # fmt: skip

holders = st.sampled_from(HOLDERS)
people = st.sampled_from(PEOPLE)
amounts = st.one_of(st.integers(1, 9), st.integers(0, 60))
waits = st.sampled_from((1, 1, DAY, DAY + 1, 9 * DAY))
picks = st.integers(0, 100)
rarely = st.sampled_from((False, False, False, True))
pages = st.lists(
    st.sampled_from((*HOLDERS, *HOLDERS, KEEPER, ACQUIRER, HOLDS, EXCHANGE)), min_size=1, max_size=5
)
kinds = st.fixed_dictionaries(
    {
        "per": st.integers(1, 7),
        "gets": st.integers(1, 30),
        "pays": st.sampled_from((0, 0, 3)),
        "other_shares": st.sampled_from((0, 1, 3)),
        "fraction_price": st.sampled_from((0, 11)),
        "mandatory": st.booleans(),
        "burns": st.booleans(),
        "max_age": st.sampled_from((0, 0, 2 * DAY)),
        "day_limit": st.sampled_from((0, 0, 20)),
        "take_until": st.sampled_from((0, 60)),
    }
).map(lambda fields: BARE._replace(**fields))


@dataclass
class Town:
    """What is outside of the exchanges: two tokens without rules, sound money, and holds."""

    ledger: Ledger
    other: Ledger
    purse: Purse
    holds: Holds

    @property
    def now(self) -> int:
        return self.ledger.now

    def of(self, token: str) -> Ledger:
        return self.other if token == OTHER else self.ledger

    @contextmanager
    def whole(self) -> Iterator[None]:
        holds = self.holds
        parts: list[dict[Any, Any]] = [
            self.ledger.__dict__, self.other.__dict__, self.purse.__dict__, holds.promises,
            holds.consents, holds.lacking, holds.missing,
        ]  # fmt: skip
        before = copy.deepcopy(parts)
        try:
            yield
        except Refused:
            for part, kept in zip(parts, before, strict=True):
                part.clear()
                part.update(kept)
            raise

    def owns(self, token: str, who: str) -> bool:
        return self.of(token).speaks(who)

    speaks = owns

    def supply(self, token: str) -> int:
        return self.of(token).supply

    def balance(self, token: str, who: str) -> int:
        return self.of(token).balances.get(who, 0)

    def held(self, token: str, who: str) -> int:
        return self.of(token).held[who]

    def unfrozen(self, token: str, who: str) -> int:
        return self.of(token).unfrozen(who)

    def in_place(self, token: str, who: str) -> str:
        return self.of(token).successor(who)

    def locks(self, token: str) -> bool:
        return self.of(token).keeper == HOLDS

    def claimant(self, token: str, who: str) -> str:
        return self.of(token).claimant(who)

    def stops(self, token: str, holder: str, shares: int) -> list[tuple[int, int, int]]:
        law = self.of(token)
        free = law.unfrozen(holder)
        found = [(PAUSED, 0, 0)] if law.paused else []
        found += [(BLOCKED, 0, 0)] if law.blocked(holder) else []
        caught = free < shares <= law.balances[holder]
        return [*found, (FROZEN, shares, free)] if caught else found

    def accepts(self, token: str, holder: str, taker: str, shares: int) -> bool:
        barred = any(self.of(token).unable(taker))
        return not barred and not self.stops(token, holder, shares)

    def take(self, token: str, holder: str, taker: str, shares: int) -> None:
        law, before = self.of(token), self.of(token).held[holder]
        if taker == NOBODY:
            law.burn(law.agent, holder, shares)
        else:
            law.force(law.agent, holder, taker, shares)
        self.holds.taken(holder, before)

    def mint(self, token: str, to: str, amount: int) -> bool:
        law = self.of(token)
        try:
            law.mint(law.agent, [(to, amount)])
        except Refused:
            return False
        return True

    def consent(self, token: str, owner: str) -> Kept:
        return self.kept_by(EXCHANGE, token, owner)

    def kept_by(self, keeper: str, token: str, owner: str) -> Kept:
        what = keeper, token, owner
        it = self.holds.consents.get(what, Consent())
        missing = self.holds.missing.get(what, (0, 0))
        return Kept(it.until, it.most, it.kept, it.boxed, missing)

    def hold(self, token: str, owner: str, shares: int) -> None:
        self.holds.hold_for(EXCHANGE, token, owner, shares)

    def let_go(self, token: str, owner: str, shares: int) -> None:
        self.holds.let_go(EXCHANGE, token, owner, shares)

    def deliver(self, token: str, owner: str, to: str, shares: int) -> bool:
        raise NotImplementedError(f"no exchange here has {owner}'s {token} for {to}: {shares}")

    def hold_of(self, terms: Hold) -> Ended:
        name, it = self.holds.id_of(terms), self.holds.promises.get(terms)
        missing = self.holds.missing.get(terms, (0, 0))
        return Ended(name, it.state, it.boxed, it.opened, it.other, missing) if it else Ended(name)

    def collect(self, currency: str, giver: str, to: str, amount: int) -> int:
        return amount if currency == MONEY and self.purse.move(giver, to, amount) else 0

    def pay(self, currency: str, to: str, amount: int) -> Outcome:
        paid = currency == MONEY and self.purse.move(EXCHANGE, to, amount)
        return Outcome.PAID if paid else Outcome.FAILED


class ExchangeMachine(RuleBasedStateMachine):
    """One share token and one to come, one currency, holds, the exchange, and seven people."""

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.harness = Harness(codec, PEOPLE)
        for token in (SHARES, OTHER):
            self.harness.token(token, ISSUER)
        self.harness.build(MONEY, "BlockList")
        self.harness.build(HOLDS, "Holds")
        self.harness.build(EXCHANGE, "ShareExchange", self.harness.addresses[HOLDS])
        self.ledger = Ledger(SHARES, ISSUER, RevmKit.START)
        self.other = Ledger(OTHER, ISSUER, RevmKit.START)
        self.purse = Purse()
        self.holds = Holds(self.ledger, self.purse, self.id_of)
        self.law = Exchanges(Town(self.ledger, self.other, self.purse, self.holds))
        self.known: list[Hold] = []
        self.ids: dict[Hold, bytes] = {}

    def id_of(self, terms: Hold) -> bytes:
        if terms not in self.ids:
            contract = self.harness.contracts[HOLDS]
            self.ids[terms] = bytes(contract.call("idOf", tuple(self.harness.spelt(terms))))
        return self.ids[terms]

    def both(self, in_model, sender, function, *args, contract=EXCHANGE):
        return self.harness.both(
            in_model, lambda: self.harness.send(sender, contract, function, *args)
        )

    def order(self, in_model, function, *args):
        return self.both(in_model, ISSUER, function, *args, contract=SHARES)

    def number(self, pick: int) -> int:
        return pick % len(self.law.tills) + 1

    # ------------------------------------------------------------------- what can happen

    @initialize(each=st.lists(st.integers(10, 60), min_size=3, max_size=3), kind=kinds)
    def begin(self, each, kind):
        self.order(lambda: self.ledger.appoint(ISSUER, HOLDS), "setHoldsContract", HOLDS)
        for token in (SHARES, OTHER):
            self.harness.send(ISSUER, token, "addAgent", EXCHANGE)
        for who, shares in zip((*HOLDERS, ACQUIRER), (*each, 40), strict=True):
            self.issue(who, shares)
        for who in PEOPLE:
            self.harness.send(ISSUER, MONEY, "mint", who, PLENTY)
            self.harness.send(who, MONEY, "approve", EXCHANGE, FOREVER)
            self.purse.balances[who] = PLENTY
        until = self.ledger.now + 300 * DAY
        self.both(
            lambda: self.holds.set_keeper(ACQUIRER, EXCHANGE, SHARES, 10_000, until),
            ACQUIRER, "setKeeper", EXCHANGE, SHARES, 10_000, until, contract=HOLDS,
        )  # fmt: skip
        self.hold("ann", "ben", 5, 20, 0)
        self.consent("ben", 30, 20)
        self.keep("ben", 4)
        self.open(kind, 0, 0, False)

    @rule(who=st.sampled_from((*HOLDERS, KEEPER, ACQUIRER)), shares=amounts)
    def issue(self, who, shares):
        self.order(lambda: self.ledger.mint(ISSUER, [(who, shares)]), "mint", who, shares)

    @rule(kind=kinds, less=st.sampled_from((0, 0, 0, 1)), locked=amounts, stranger=rarely)
    def open(self, kind, less, locked, stranger):
        now = self.ledger.now
        terms = kind._replace(
            other=OTHER if kind.other_shares else NOBODY,
            fraction_price=kind.fraction_price if kind.other_shares else 0,
            take_until=now + kind.take_until * DAY if kind.take_until else 0,
            sweep_to="cat" if kind.take_until else NOBODY,
            acquirer=NOBODY if kind.burns else ACQUIRER,
            document=NOTICE if kind.mandatory else NO_DOCUMENT,
        )
        if kind.mandatory:
            terms = terms._replace(
                pays=0, day_limit=0, max_age=0, opens_at=now + DAY, closes_at=now + 30 * DAY
            )
        else:
            terms = terms._replace(valuer="cat", least_price=1, most_price=40)
            locked = 0
        if terms.burns or not kind.mandatory:
            locked = 0
        locked = min(locked, self.ledger.unfrozen(ACQUIRER))
        funding = 500
        if kind.mandatory:
            left = self.ledger.supply - locked
            fractions = left * (terms.other_shares % terms.per) * terms.fraction_price
            funding = max(0, left * terms.gets // terms.per + fractions // terms.per - less)
        sender = KEEPER if stranger else ISSUER
        self.both(
            lambda: self.law.open(sender, terms, funding, locked),
            sender, "open", tuple(terms), funding, locked,
        )  # fmt: skip

    @rule(pick=picks, who=people, amount=amounts)
    def fund(self, pick, who, amount):
        number = self.number(pick)
        self.both(lambda: self.law.fund(who, number, amount), who, "fund", number, amount)

    @rule(pick=picks, stranger=rarely, amount=amounts)
    def drain(self, pick, stranger, amount):
        number, sender = self.number(pick), KEEPER if stranger else ISSUER
        self.both(lambda: self.law.drain(sender, number, amount), sender, "drain", number, amount)

    @rule(pick=picks, stranger=rarely, price=st.integers(0, 45), back=st.sampled_from((0, 0, -1)))
    def set_price(self, pick, stranger, price, back):
        number, sender = self.number(pick), KEEPER if stranger else "cat"
        as_of = self.ledger.now - back
        self.both(
            lambda: self.law.set_price(sender, number, price, as_of),
            sender, "setPrice", number, price, as_of,
        )  # fmt: skip

    @rule(pick=picks, who=st.sampled_from((*HOLDERS, ACQUIRER)), shares=amounts, least=rarely)
    def exchange(self, pick, who, shares, least):
        number = self.number(pick)
        least_paid = self.law.tills[number - 1].due(shares).paid + 1 if least else 0
        self.both(
            lambda: self.law.exchange(who, number, shares, least_paid),
            who, "exchange", number, shares, least_paid, FOREVER, b"",
        )  # fmt: skip

    @rule(pick=picks, page=pages, who=people)
    def carry_out(self, pick, page, who):
        number = self.number(pick)
        self.both(lambda: self.law.carry_out(number, page), who, "carryOut", number, page)

    @rule(pick=picks, who=st.sampled_from((*HOLDERS, KEEPER, HOLDS)))
    def take(self, pick, who):
        number = self.number(pick)
        self.both(lambda: self.law.take(number, who), "dan", "take", number, who)

    @rule(pick=picks, who=holders, sender=people, to=st.sampled_from((*PEOPLE, EXCHANGE)))
    def take_to(self, pick, who, sender, to):
        number = self.number(pick)
        self.both(lambda: self.law.take(number, who, sender, to), sender, "takeTo", number, who, to)

    @rule(pick=picks)
    def sweep(self, pick):
        number = self.number(pick)
        self.both(lambda: self.law.sweep(number), "dan", "sweep", number)

    @rule(pick=picks, stranger=rarely)
    def close(self, pick, stranger):
        number, sender = self.number(pick), KEEPER if stranger else ISSUER
        self.both(lambda: self.law.close(sender, number), sender, "close", number)

    @rule(pick=picks, stranger=rarely)
    def cancel(self, pick, stranger):
        number, sender = self.number(pick), KEEPER if stranger else ISSUER
        self.both(
            lambda: self.law.cancel(sender, number, NO_DOCUMENT),
            sender,
            "cancel",
            number,
            NO_DOCUMENT,
        )

    # ------------------------------------------------------------------------- holds, keepers

    @rule(who=holders, to=holders, amount=amounts, days=st.integers(1, 20), nonce=st.integers(0, 9))
    def hold(self, who, to, amount, days, nonce):
        terms = Hold(SHARES, who, to, amount, LOCK, self.ledger.now + days * DAY, nonce)
        self.known.append(terms)
        self.both(lambda: self.holds.hold(who, terms), who, "hold", terms, contract=HOLDS)

    @rule(pick=picks)
    def claim(self, pick):
        terms = self.known[pick % len(self.known)]
        self.both(
            lambda: self.holds.claim(terms, SECRET), "dan", "claim", terms, SECRET, contract=HOLDS
        )

    @rule(pick=picks, by_receiver=st.booleans())
    def release(self, pick, by_receiver):
        terms = self.known[pick % len(self.known)]
        sender = terms.to if by_receiver else terms.owner
        self.both(
            lambda: self.holds.release(sender, terms), sender, "release", terms, contract=HOLDS
        )

    @rule(pick=picks, which=picks)
    def end_hold(self, pick, which):
        number, terms = self.number(pick), self.known[which % len(self.known)]
        self.both(lambda: self.law.end_hold(number, terms), "dan", "endHold", number, terms)

    @rule(who=holders, most=st.integers(1, 40), days=st.integers(1, 20))
    def consent(self, who, most, days):
        until = self.ledger.now + days * DAY
        self.both(
            lambda: self.holds.set_keeper(who, KEEPER, SHARES, most, until),
            who, "setKeeper", KEEPER, SHARES, most, until, contract=HOLDS,
        )  # fmt: skip

    @rule(who=holders, amount=amounts)
    def keep(self, who, amount):
        self.both(
            lambda: self.holds.hold_for(KEEPER, SHARES, who, amount),
            KEEPER, "holdFor", SHARES, who, amount, contract=HOLDS,
        )  # fmt: skip

    @rule(who=holders, amount=amounts)
    def let_go(self, who, amount):
        self.both(
            lambda: self.holds.let_go(KEEPER, SHARES, who, amount),
            KEEPER, "letGo", SHARES, who, amount, contract=HOLDS,
        )  # fmt: skip

    @rule(pick=picks, who=holders, to=st.sampled_from((*HOLDERS, NOBODY)), shares=amounts,
          stranger=rarely)  # fmt: skip
    def end_kept(self, pick, who, to, shares, stranger):
        number, sender = self.number(pick), "cat" if stranger else KEEPER
        self.both(
            lambda: self.law.end_kept(sender, number, KEEPER, who, to, shares),
            sender, "endKept", number, KEEPER, who, to, shares,
        )  # fmt: skip

    # ------------------------------------------------------------------------- orders, time

    @rule(who=holders, on=st.booleans())
    def freeze(self, who, on):
        self.order(lambda: self.ledger.freeze_wallet(ISSUER, who, on), "setAddressFrozen", who, on)

    @rule(who=st.sampled_from((*HOLDERS, ACQUIRER)), amount=amounts)
    def freeze_some(self, who, amount):
        self.order(lambda: self.ledger.freeze(ISSUER, who, amount), "setFrozenTokens", who, amount)

    @rule(who=holders, on=rarely)
    def bar(self, who, on):
        self.harness.send(ISSUER, MONEY, "setBlocked", who, on)
        (self.purse.barred.add if on else self.purse.barred.discard)(who)

    @rule(who=holders, on=rarely)
    def freeze_new(self, who, on):
        self.other.freeze_wallet(ISSUER, who, on)
        self.harness.send(ISSUER, OTHER, "setAddressFrozen", who, on)

    @rule(giver=holders, taker=st.sampled_from((*HOLDERS, KEEPER, ACQUIRER)), amount=amounts)
    def move(self, giver, taker, amount):
        self.both(
            lambda: self.ledger.transfer(giver, [(taker, amount)]),
            giver, "transfer", taker, amount, contract=SHARES,
        )  # fmt: skip

    @rule(who=st.sampled_from((*HOLDERS, ACQUIRER)), amount=amounts)
    def burn(self, who, amount):
        def burnt():
            before = self.ledger.held[who]
            self.ledger.burn(ISSUER, who, amount)
            self.holds.taken(who, before)

        self.order(burnt, "burn", who, amount)

    @rule(to=holders, amount=amounts)
    def force(self, to, amount):
        """The issuer takes shares of the acquirer, and locked ones if there are no others."""

        def forced():
            before = self.ledger.held[ACQUIRER]
            self.ledger.force(ISSUER, ACQUIRER, to, amount)
            self.holds.taken(ACQUIRER, before)

        self.order(forced, "forcedTransfer", ACQUIRER, to, amount)

    @rule(keeper=st.sampled_from((HOLDS, HOLDS, NOBODY)))
    def appoint(self, keeper):
        self.order(lambda: self.ledger.appoint(ISSUER, keeper), "setHoldsContract", keeper)

    @rule(seconds=waits)
    def wait(self, seconds):
        self.ledger.wait_until(self.ledger.now + seconds)
        self.other.wait_until(self.ledger.now)
        self.harness.kit.now = self.ledger.now

    # --------------------------------------------------------------------- what must hold

    @invariant()
    def laws_hold(self):
        """Every share that was taken was paid its floor or is owed it, what is owed is here, and
        what a mandatory exchange needs is, unless shares were issued (Laws 62 to 66)."""
        with self.harness.looking() as ask:
            shares = {who: read(ask(SHARES, "balanceOf", who))[0] for who in PEOPLE}
            others = {who: read(ask(OTHER, "balanceOf", who))[0] for who in PEOPLE}
            money = {who: read(ask(MONEY, "balanceOf", who))[0] for who in (*PEOPLE, EXCHANGE)}
            self.tills(ask)
        assert shares == {who: self.ledger.balances.get(who, 0) for who in PEOPLE}, "Law 65"
        assert others == {who: self.other.balances.get(who, 0) for who in PEOPLE}, "Law 64"
        assert money == {who: self.purse.balances.get(who, 0) for who in money}, "Law 62"
        here = sum(till.funds + till.owed for till in self.law.tills)
        assert money[EXCHANGE] == here, "Law 62"

    def tills(self, ask):
        for number, till in enumerate(self.law.tills, 1):
            told = read(ask(EXCHANGE, "exchangeOf", number))[23:]
            figures = (till.price, till.as_of, till.funds, till.paid, till.owed)
            assert told[1:] == (*figures, till.exchanged, till.locked), "Law 62"
            missing = read(ask(EXCHANGE, "missingFunds", number))[0]
            assert missing == self.law.missing(till), "Law 63"
            if till.terms.mandatory and till.ended == GOES_ON and not missing:
                real = [till.due(n).paid for n in self.left_of(till).values()]
                assert sum(real) <= till.funds, "Law 63"
            for who in (*HOLDERS, HOLDS):
                owed = read(ask(EXCHANGE, "owedTo", number, who))
                assert owed == till.owing(who), "Law 62"

    def left_of(self, till) -> dict[str, int]:
        left = dict(self.ledger.balances)
        if till.terms.acquirer in left:
            left[till.terms.acquirer] -= self.law.still_locked(till)
        return left


def test_any_history_of_exchanges_keeps_the_laws(codec):
    """Whatever happens, in whatever order, contract and model agree (Laws 62 to 66)."""
    # A history is long and dear: a fifth of the examples of other laws.
    examples = max(10, settings().max_examples // 5)
    run_state_machine_as_test(
        lambda: ExchangeMachine(codec),
        settings=settings(
            max_examples=examples, report_multiple_bugs=False, stateful_step_count=30
        ),
    )


def test_the_model_refuses_whole_or_not_at_all(codec):
    """What the model refuses half-way leaves it as it was."""
    machine = ExchangeMachine(codec)
    now = machine.ledger.now
    terms = BARE._replace(
        gets=5, mandatory=True, opens_at=now + 1, closes_at=now + 2, document=NOTICE
    )
    machine.ledger.mint(ISSUER, [("ann", 5)])
    machine.purse.balances[ISSUER] = 24
    with pytest.raises(Refused):
        machine.law.open(ISSUER, terms, 25, 0)
    assert (machine.law.tills, machine.purse.balances[ISSUER]) == ([], 24)
    machine.purse.balances[ISSUER] = 25
    assert machine.law.open(ISSUER, terms, 25, 0)[0] == 1
