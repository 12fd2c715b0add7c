"""What the explainer says of an order in a call: every obstacle, and the most that would pass."""

from __future__ import annotations

import random
from enum import IntEnum
from typing import Any

import pytest

from tests.chainkit import ZERO, Deployed, Reverted, RevmKit
from tests.contracts.compliant import Compliant
from tests.contracts.harness import DAY, Harness, person, refused
from tests.contracts.market.calls import MAX, Calls, Kind, Ladder, Side, Terms
from tests.model.register import Code as Refusal

LOTS = 2**40 - 1


class Code(IntEnum):
    """Why an order cannot be placed, as `ICallExplainer` numbers it."""

    NOT_OPEN = 0
    WRONG_SIDE = 1
    UNKNOWN_STEP = 2
    UNKNOWN_LADDER = 3
    TOO_SMALL = 4
    TOO_LARGE = 5
    UNKNOWN_PERSON = 6
    PRINCIPALS_PERSON = 7
    OVER_LIMIT = 8
    BALANCE = 9
    ALLOWANCE = 10
    NOT_KEPT = 11
    UNDELIVERABLE = 12


class Told:
    """A call auction, its explainer, and what it says by names."""

    def __init__(self, calls: Calls) -> None:
        self.calls, self.kit = calls, calls.kit
        self.explainer: Deployed = self.kit.deploy("CallExplainer", calls.auction.address)

    def explain(
        self, terms: Terms, who: str, quantity: int, *where: int
    ) -> tuple[dict[Code, tuple[int, int]], list[Refusal], int]:  # fmt: skip
        """Obstacles with their figures, why the token refuses, and the most; of a bid at step 0
        of the first ladder, if step, side and ladder are not said.
        """
        step, side, ladder = (*where, *(0, Side.BID, 0)[len(where) :])
        obstacles, refusals, most = self.explainer.call(
            "explain", terms.encodable(), who, side, quantity, step, ladder
        )
        found = {Code(code): (value, limit) for code, value, limit in obstacles}
        assert len(found) == len(obstacles)
        assert list(found) == sorted(found)
        return found, [Refusal(code) for code, _, _ in refusals], most

    def passes(self, terms: Terms, who: str, quantity: int, *where: int) -> bool:
        """Whether the order could be placed, tried and undone."""
        step, side, ladder = (*where, *(0, Side.BID, 0)[len(where) :])
        before = self.kit.evm.snapshot()
        try:
            self.calls.send("place", terms, side, quantity, step, ladder, sender=who)
        except Reverted:
            return False
        finally:
            self.kit.evm.revert(before)
        return True

    def agrees(self, terms: Terms, who: str, quantity: int, *rest: int) -> bool:
        """The explanation is what happens; whether the order passes."""
        found, _, most = self.explain(terms, who, quantity, *rest)
        passes = self.passes(terms, who, quantity, *rest)
        asked = (terms, who, quantity, rest)
        assert passes == (not found), (asked, found)
        assert not passes or most >= quantity, asked
        if most:
            assert self.passes(terms, who, most, *rest), (asked, most)
        for more in {most + 1, most + 2, 2 * most + 7}:
            assert more >= 2**128 or not self.passes(terms, who, more, *rest), (asked, most, more)
        return passes


@pytest.fixture
def told(kit: RevmKit) -> Told:
    """The issuer sells; five people have 1,000 shares and a million dollars each."""
    return Told(Calls(Harness(kit), holders=1_000))


def number(account: str) -> int:
    """An address as an obstacle has it."""
    return int(account, 16)


# ------------------------------------------------------------------- one obstacle each


def test_of_an_order_that_would_pass_nothing_is_listed(told):
    """The most is what its owner's money pays for."""
    terms = told.calls.terms()
    told.calls.open(terms)
    assert told.explain(terms, told.calls.ann, 5) == ({}, [], 1_000_000)
    assert told.agrees(terms, told.calls.ann, 5)


def test_a_call_that_was_never_opened_is_refused(told):
    """There is nothing to explain."""
    terms = told.calls.terms()
    with refused("CallAuction_UnknownCall", told.calls.id(terms)):
        told.explain(terms, told.calls.ann, 5)


def test_orders_have_their_time(told):
    """The second from which, or until which, they are taken; none after the close."""
    calls, kit = told.calls, told.kit
    now, opens = kit.now, kit.now + 100
    terms = calls.terms(opens_at=opens)
    calls.open(terms)
    assert told.explain(terms, calls.ann, 5) == ({Code.NOT_OPEN: (now, opens)}, [], 0)
    assert not told.agrees(terms, calls.ann, 5)
    for moment in (opens, terms.closes_at):
        kit.now = moment
        assert told.agrees(terms, calls.ann, 5)
    kit.now += 1
    late = {Code.NOT_OPEN: (kit.now, terms.closes_at)}
    assert told.explain(terms, calls.ann, 5) == (late, [], 0)
    kit.now = now
    calls.send("cancel", terms, b"\0" * 32, sender=terms.opener)
    assert told.explain(terms, calls.ann, 5) == ({Code.NOT_OPEN: (now, 0)}, [], 0)
    assert not told.agrees(terms, calls.ann, 5)


def test_each_obstacle_has_its_figures(told):
    """As the error of the same name has them, and alone."""
    calls = told.calls
    terms = calls.terms(least_order=3, most_per_person=50, steps=4, ladders=calls.ladder())
    calls.open(terms)
    calls.bid(terms, calls.ben, 20)
    ann, issuer = calls.ann, calls.issuer
    cases: list[tuple[tuple[Any, ...], dict[Code, tuple[int, int]], int]] = [
        ((ann, 5, 0, Side.ASK), {Code.WRONG_SIDE: (1, 0)}, 0),
        ((ann, 5, 4), {Code.UNKNOWN_STEP: (4, 4)}, 0),
        ((ann, 5, 255), {Code.UNKNOWN_STEP: (255, 4)}, 0),
        ((ann, 5, 0, Side.BID, 1), {Code.UNKNOWN_LADDER: (1, 1)}, 0),
        ((ann, 2), {Code.TOO_SMALL: (2, 3)}, 50),
        ((ann, 0), {Code.TOO_SMALL: (0, 3)}, 50),
        ((ann, 51), {Code.OVER_LIMIT: (51, 50)}, 50),
        ((calls.ben, 31), {Code.OVER_LIMIT: (51, 50)}, 30),
        ((issuer, 5), {Code.PRINCIPALS_PERSON: (number(issuer), number(issuer))}, 0),
    ]
    for asked, obstacles, most in cases:
        assert told.explain(terms, *asked) == (obstacles, [], most), asked
        assert not told.agrees(terms, *asked)


def test_what_cannot_be_counted_is_too_large(told):
    """In lots, in shares, and in money with all that is here."""
    calls = told.calls
    dear = 2**120
    calls.pay(calls.ann, 2**128 - 1)
    terms = calls.terms(ladders=calls.ladder(dear, 0))
    calls.open(terms)
    assert told.explain(terms, calls.ann, 256) == ({Code.TOO_LARGE: (256, 255)}, [], 255)
    calls.bid(terms, calls.ann, 5)
    calls.pay(calls.ben, 2**128 - 1)
    assert told.explain(terms, calls.ben, 251) == ({Code.TOO_LARGE: (251, 250)}, [], 250)
    assert told.agrees(terms, calls.ben, 250)
    cheap = calls.terms(ladders=calls.ladder(1, 0), salt=b"\1" * 32)
    calls.open(cheap)
    assert told.explain(cheap, calls.ben, LOTS + 1) == (
        {Code.TOO_LARGE: (LOTS + 1, LOTS)},
        [],
        LOTS,
    )
    wide = calls.terms(ladders=calls.ladder(1, 0), lot=2**90, lots=1)
    calls.open(wide)
    assert told.explain(wide, calls.ben, 64) == ({Code.TOO_LARGE: (64, 63)}, [], 63)


def test_a_bid_gives_money(told):
    """Of the ladder that it names: what is there, and what the auction may take."""
    calls = told.calls
    euro = told.kit.deploy("Dollar", "Euro", "EUR", 6)
    terms = calls.terms(ladders=(calls.ladder()[0], Ladder(euro.address, 3, 0)))
    calls.open(terms)
    euro.send("mint", calls.ann, 30)
    expected = {Code.BALANCE: (33, 30), Code.ALLOWANCE: (33, 0)}
    assert told.explain(terms, calls.ann, 11, 0, Side.BID, 1) == (expected, [], 0)
    euro.send("approve", calls.auction.address, 28, sender=calls.ann)
    assert told.explain(terms, calls.ann, 10, 0, Side.BID, 1) == (
        {Code.ALLOWANCE: (30, 28)}, [], 9,
    )  # fmt: skip
    assert not told.agrees(terms, calls.ann, 10, 0, Side.BID, 1)
    assert told.agrees(terms, calls.ann, 9, 0, Side.BID, 1)


def test_an_ask_gives_shares_that_are_free(told):
    """Less what is frozen and held, by a consent that lasts until `settleBy`."""
    calls = told.calls
    terms = calls.among(lot=10)
    calls.open(terms)
    ann = calls.ann
    assert told.explain(terms, ann, 100, 0, Side.ASK) == ({}, [], 100)
    calls.token.send("freezePartialTokens", ann, 100, sender=calls.agent)
    calls.ask(terms, ann, 30)
    assert told.explain(terms, ann, 61, 0, Side.ASK) == ({Code.BALANCE: (610, 600)}, [], 60)
    assert not told.agrees(terms, ann, 61, 0, Side.ASK)
    calls.consent(calls.ben, 95)
    assert told.explain(terms, calls.ben, 10, 0, Side.ASK) == ({Code.NOT_KEPT: (100, 95)}, [], 9)
    assert not told.agrees(terms, calls.ben, 10, 0, Side.ASK)
    calls.consent(calls.cid, until=terms.settle_by - 1)
    assert told.explain(terms, calls.cid, 1, 0, Side.ASK) == ({Code.NOT_KEPT: (10, 0)}, [], 0)
    assert not told.agrees(terms, calls.cid, 1, 0, Side.ASK)
    calls.token.send("setAddressFrozen", calls.dan, True, sender=calls.agent)
    assert told.explain(terms, calls.dan, 1, 0, Side.ASK) == ({Code.BALANCE: (10, 0)}, [], 0)
    assert not told.agrees(terms, calls.dan, 1, 0, Side.ASK)
    calls.token.send("pause", sender=calls.agent)
    assert told.agrees(terms, calls.eve, 1, 0, Side.ASK)


def test_a_lost_wallet_asks_nothing(told):
    """Its shares are its successor's, whose consent counts."""
    calls = told.calls
    terms = calls.among(lot=10)
    calls.open(terms)
    calls.token.send("recoveryAddress", calls.ann, calls.stranger, ZERO, sender=calls.agent)
    found, _, most = told.explain(terms, calls.ann, 1, 0, Side.ASK)
    assert (found[Code.NOT_KEPT], most) == ((10, 0), 0)
    for who in (calls.ann, calls.stranger):
        assert not told.agrees(terms, who, 1, 0, Side.ASK)
    calls.consent(calls.stranger)
    assert told.agrees(terms, calls.stranger, 100, 0, Side.ASK)


def test_where_holds_is_not_appointed_shares_go_into_its_care(told):
    """Then it needs an allowance, and the rules judge a transfer."""
    calls = told.calls
    calls.token.send("setHoldsContract", ZERO, sender=calls.owner)
    terms = calls.among(lot=10)
    calls.open(terms)
    ann = calls.ann
    assert told.explain(terms, ann, 5, 0, Side.ASK) == ({Code.ALLOWANCE: (50, 0)}, [], 0)
    assert not told.agrees(terms, ann, 5, 0, Side.ASK)
    calls.token.send("approve", calls.holds.address, 75, sender=ann)
    assert told.explain(terms, ann, 8, 0, Side.ASK) == ({Code.ALLOWANCE: (80, 75)}, [], 7)
    assert told.agrees(terms, ann, 7, 0, Side.ASK)
    calls.token.send("freezePartialTokens", ann, 960, sender=calls.agent)
    assert told.explain(terms, ann, 7, 0, Side.ASK) == ({Code.NOT_KEPT: (70, 40)}, [], 4)
    assert not told.agrees(terms, ann, 7, 0, Side.ASK)
    calls.ask(terms, ann, 1)
    calls.token.send("setHoldsContract", calls.holds.address, sender=calls.owner)
    assert told.explain(terms, ann, 1, 0, Side.ASK) == ({Code.NOT_KEPT: (10, 0)}, [], 0)
    assert not told.agrees(terms, ann, 1, 0, Side.ASK)
    calls.token.send("pause", sender=calls.agent)
    calls.token.send("setHoldsContract", ZERO, sender=calls.owner)
    assert not told.agrees(terms, ann, 1, 0, Side.ASK)


def test_all_obstacles_are_listed_at_once(told):
    """Nobody has to send a transaction to find the next one."""
    calls = told.calls
    terms = calls.terms(least_order=10, most_per_person=20)
    calls.open(terms)
    told.kit.now = terms.closes_at + 1
    calls.token.send("setAddressFrozen", calls.issuer, True, sender=calls.agent)
    calls.dollar.send("approve", calls.auction.address, 3, sender=calls.issuer)
    huge = 2**127
    found, refusals, most = told.explain(terms, calls.issuer, huge)
    assert list(found) == [
        Code.NOT_OPEN, Code.TOO_LARGE, Code.PRINCIPALS_PERSON, Code.OVER_LIMIT, Code.BALANCE,
        Code.ALLOWANCE, Code.UNDELIVERABLE,
    ]  # fmt: skip
    assert (refusals, most) == ([Refusal.RECEIVER_BLOCKED], 0)
    found, _, _ = told.explain(terms, calls.issuer, 1, 1, Side.ASK, 1)
    assert list(found) == [
        Code.NOT_OPEN, Code.WRONG_SIDE, Code.UNKNOWN_STEP, Code.UNKNOWN_LADDER, Code.TOO_SMALL,
        Code.PRINCIPALS_PERSON,
    ]  # fmt: skip


# ------------------------------------------------------------------------- what rules say


def under_rules(kit: RevmKit, **settings: Any) -> Told:
    """A market under rules: persons 1 to 5 are known; Eve holds 40 shares."""
    harness = Compliant(kit, **settings)
    calls = Calls(harness, issue=False)
    harness.issue({calls.eve: 40})
    return Told(calls)


def test_the_rules_say_why_somebody_may_not_receive(kit):
    """And how much would pass."""
    told = under_rules(kit, maxHolding=100)
    calls = told.calls
    terms = calls.terms(registry=calls.harness.registry.address)
    calls.open(terms)
    found = told.explain(terms, calls.eve, 7)
    assert found == ({Code.UNDELIVERABLE: (70, 60)}, [Refusal.MAX_HOLDING], 6)
    assert not told.agrees(terms, calls.eve, 7)
    assert told.agrees(terms, calls.eve, 6)
    calls.harness.freeze(calls.ann)
    found = told.explain(terms, calls.ann, 7)
    assert found == ({Code.UNDELIVERABLE: (70, 0)}, [Refusal.RECEIVER_BLOCKED], 0)
    stranger, registry = number(calls.stranger), number(terms.registry)
    calls.pay(calls.stranger, 10**9)
    obstacles, refusals, most = told.explain(terms, calls.stranger, 1)
    assert obstacles == {Code.UNKNOWN_PERSON: (stranger, registry), Code.UNDELIVERABLE: (10, 0)}
    assert (refusals, most) == ([Refusal.NOT_ELIGIBLE], 0)


def test_a_least_holding_stands_in_the_way_of_small_bids(kit):
    """What is more passes; of what is less nothing does."""
    told = under_rules(kit, minHolding=60)
    calls = told.calls
    terms = calls.terms()
    calls.open(terms)
    assert not told.agrees(terms, calls.ann, 5)
    assert told.explain(terms, calls.ann, 5)[1] == [Refusal.MIN_HOLDING_TAKER]
    assert told.agrees(terms, calls.ann, 6)
    assert told.agrees(terms, calls.eve, 2)
    calls.dollar.send("approve", calls.auction.address, 5_000_000, sender=calls.ann)
    assert told.explain(terms, calls.ann, 4)[2] == 0
    assert not told.agrees(terms, calls.ann, 4)


def test_a_person_has_one_limit_for_all_its_wallets(kit):
    """J11: wallets of one person share it; the principal's person orders nothing."""
    told = under_rules(kit)
    calls, harness = told.calls, told.calls.harness
    harness.know({calls.stranger: harness.registry.call("investorOf", calls.ann)})
    calls.pay(calls.stranger, 10**12)
    terms = calls.terms(registry=harness.registry.address, most_per_person=10, principal=calls.ben)
    calls.open(terms)
    calls.bid(terms, calls.ann, 7)
    assert told.explain(terms, calls.stranger, 4) == ({Code.OVER_LIMIT: (11, 10)}, [], 3)
    assert told.agrees(terms, calls.stranger, 3)
    harness.know({calls.issuer: harness.registry.call("investorOf", calls.ben)})
    obstacle = {Code.PRINCIPALS_PERSON: (number(calls.issuer), 2)}
    assert told.explain(terms, calls.issuer, 1) == (obstacle, [], 0)


def test_money_in_a_call_by_amount(kit):
    """Orders are money; shares follow from the limit."""
    told = under_rules(kit, maxHolding=100)
    calls = told.calls
    terms = calls.terms(
        valuer=person(1), by_amount=True, steps=3, ladders=calls.ladder(100, 50), lots=10**6,
        least_order=20, most_per_person=10**6,
    )  # fmt: skip
    calls.open(terms)
    assert told.explain(terms, calls.ann, 19)[0] == {Code.TOO_SMALL: (19, 20)}
    assert told.explain(terms, calls.ann, 1_100) == (
        {Code.UNDELIVERABLE: (110, 100)}, [Refusal.MAX_HOLDING], 1_099,
    )  # fmt: skip
    assert told.agrees(terms, calls.ann, 1_099)
    assert told.agrees(terms, calls.ann, 2_199, 2)
    calls.token.send("pause", sender=calls.agent)
    assert not told.agrees(terms, calls.ann, 50)


def test_where_one_more_holder_is_too_many_money_that_buys_nothing_passes(kit):
    """Such an order gets all its money back."""
    told = under_rules(kit, maxHolders=1)
    calls = told.calls
    terms = calls.terms(valuer=person(1), by_amount=True, ladders=calls.ladder(100, 0))
    calls.open(terms)
    assert told.explain(terms, calls.ann, 100)[2] == 99
    assert not told.agrees(terms, calls.ann, 100)
    assert told.agrees(terms, calls.eve, 10**6)


def test_a_right_at_a_record_is_a_limit(kit):
    """Shares at the record, as far as they were counted."""
    told = Told(Calls(Harness(kit), holders=1_000))
    calls = told.calls
    record = calls.harness.close()
    terms = calls.terms(record_id=record, entitled_lots=3, entitled_shares=200, most_per_person=20)
    calls.open(terms)
    assert told.explain(terms, calls.ann, 1) == ({Code.OVER_LIMIT: (1, 0)}, [], 0)
    calls.send("entitle", terms, [calls.ann])
    assert told.explain(terms, calls.ann, 16) == ({Code.OVER_LIMIT: (16, 15)}, [], 15)
    assert told.agrees(terms, calls.ann, 15)


# -------------------------------------------------------------------- what does not answer


def test_nothing_that_does_not_answer_makes_it_fail(kit):
    """A registry, a currency or a token that is none is an obstacle."""
    told = Told(Calls(Harness(kit), holders=1_000))
    calls = told.calls
    nowhere = calls.terms(registry=person(7))
    calls.open(nowhere)
    assert list(told.explain(nowhere, calls.ann, 1)[0]) == [Code.UNKNOWN_PERSON]
    assert not told.agrees(nowhere, calls.ann, 1)
    penniless = calls.terms(ladders=(Ladder(person(8), 1, 0), Ladder()))
    calls.open(penniless)
    assert list(told.explain(penniless, calls.ann, 1)[0]) == [Code.BALANCE, Code.ALLOWANCE]
    assert not told.agrees(penniless, calls.ann, 1)
    foreign = calls.among(token=kit.deploy("GasBurner").address)
    calls.open(foreign)
    assert told.explain(foreign, calls.ann, 1)[0] == {Code.UNDELIVERABLE: (10, 0)}
    assert told.explain(foreign, calls.ann, 1, 0, Side.ASK)[0]


# ------------------------------------------------------------------------------- the law


def scenario(kit: RevmKit, rng: random.Random) -> tuple[Told, list[Terms]]:
    """People with little money, allowances, shares and consents, under some rules or none."""
    rules = rng.choice(
        [{}, {"maxHolding": 60}, {"maxHolders": 3}, {"maxHolding": 90, "minHolding": 0}, None]
    )
    harness = Harness(kit) if rules is None else Compliant(kit, **rules)
    calls = Calls(harness, issue=False)
    harness.issue({who: rng.randint(0, 60) for who in calls.people[:3]})
    for who in calls.people:
        money = rng.choice((0, 50, 333, MAX))
        calls.dollar.send("approve", calls.auction.address, money, sender=who)
        calls.consent(
            who, rng.choice((1, 20, 2**96 - 1)), calls.kit.now + rng.choice((1, 30)) * DAY
        )
    if rng.random() < 0.3:
        calls.token.send("setAddressFrozen", rng.choice(calls.people), True, sender=calls.agent)
    if rng.random() < 0.5:
        calls.token.send(
            "freezePartialTokens", calls.ann, calls.shares(calls.ann)[0] // 2, sender=calls.agent
        )
    if rng.random() < 0.1:
        calls.token.send("setHoldsContract", ZERO, sender=calls.owner)
    limit = rng.choice((0, 4, 300))
    registry = calls.harness.registry.address if rules is not None and limit else ZERO
    usual: dict[str, Any] = {
        "lot": rng.choice((1, 10)), "steps": 3, "ladders": calls.ladder(rng.choice((7, 90)), 5),
        "most_per_person": limit, "least_order": rng.choice((0, 3)), "registry": registry,
    }  # fmt: skip
    opened = [
        calls.terms(**usual),
        calls.among(**usual),
        calls.terms(**usual, by_amount=True, valuer=person(1)),
    ]
    for terms in opened:
        calls.open(terms)
    return Told(calls), opened


@pytest.mark.parametrize("seed", range(8))
def test_nothing_is_listed_exactly_if_the_order_could_be_placed(kit, seed):
    """And the most is the most: it passes, and what is more does not."""
    rng = random.Random(seed)
    told, opened = scenario(kit, rng)
    calls = told.calls
    passed = 0
    for _ in range(40):
        terms = rng.choice(opened)
        who = rng.choice([*calls.people, calls.issuer, calls.stranger])
        side = Side.ASK if terms.kind == Kind.AUCTION and rng.random() < 0.6 else Side.BID
        quantity = rng.choice((0, 1, 2, 4, 6, 11, 40, 64, 500))
        step, ladder = rng.choice((0, 1, 2, 2, 3)), int(rng.random() < 0.05)
        if told.agrees(terms, who, quantity, step, side, ladder):
            passed += 1
            if rng.random() < 0.5:
                calls.placing(terms, who, quantity, step, side, ladder=ladder)
    assert passed
