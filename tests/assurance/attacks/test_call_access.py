"""F6 for calls: every function that changes something, by everybody who might call.

A call belongs to nobody: what its terms give to the opener, the principal or the valuer is theirs,
what an owner gave is its own, and everything else is anybody's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.chainkit import Codec, Reverted, RevmKit
from tests.contracts.harness import DAY, NOTHING, Harness, person
from tests.contracts.market.calls import ADA, MAX, NO_PERMIT, Calls, Ladder, Side, Terms

ROLES = ("opener", "principal", "bidder", "asker", "valuer", "agent", "stranger")
ANYONE = frozenset(ROLES)
OTHERS = ANYONE - {"principal"}
MAY: dict[tuple[str, str], frozenset[str]] = {
    ("open", "an issue of new shares"): frozenset({"opener"}),
    ("open", "a sale of the principal's"): frozenset({"principal"}),
    ("open", "an auction among holders"): frozenset({"stranger"}),
    ("cancel", "a call that is open"): frozenset({"opener", "principal"}),
    ("entitle", "at its record"): ANYONE,
    ("place", "one's own"): OTHERS,
    ("placeWithPermit", "one's own"): OTHERS,
    ("placeFor", "what an owner signed"): ANYONE,
    ("placeFor", "what nobody signed"): frozenset(),
    ("placeWithAuthorization", "what nobody signed"): frozenset(),
    ("cancelNonce", "one's own"): ANYONE,
    ("withdraw", "a bid"): frozenset({"bidder"}),
    ("withdrawFor", "what an owner signed"): ANYONE,
    ("strike", "what cannot be delivered"): ANYONE,
    ("restore", "what can"): ANYONE,
    ("close", "without a valuer"): ANYONE,
    ("close", "with one"): frozenset(),
    ("closeAt", "with one"): frozenset({"valuer"}),
    ("closeAt", "without a valuer"): frozenset(),
    ("accept", "what was cleared"): frozenset({"principal"}),
    ("fail", "what nobody closed"): ANYONE,
    ("settle", "what was closed"): ANYONE,
    ("deliver", "what was refused before"): ANYONE,
    ("refund", "of a call that failed"): ANYONE,
    ("refund", "of a call that lives"): frozenset(),
    ("returnShares", "of too few"): frozenset({"bidder"}),
    ("payPrincipal", "of a call that was cancelled"): ANYONE,
    ("take", "what is owed"): ANYONE,
    ("takeTo", "what is owed"): frozenset({"asker"}),
    ("sweep", "afterwards"): ANYONE,
    ("sweep", "before"): frozenset(),
}

Call = tuple[Terms, tuple[Any, ...]]


class Scene(Calls):
    """Calls at every moment of their lives; everybody has money, shares and consents."""

    def __init__(self, kit: RevmKit) -> None:
        super().__init__(Harness(kit), holders=1_000)
        self.valuer, self.bidder, self.asker = self.dan, self.ann, self.ben
        self.roles = {
            "opener": self.owner, "principal": self.issuer, "bidder": self.bidder,
            "asker": self.asker, "valuer": self.valuer, "agent": self.agent,
            "stranger": self.stranger,
        }  # fmt: skip
        self.coin = kit.deploy("BlockList")
        for who in (*self.roles.values(), ADA.address):
            self.pay(who, 10**12)
            self.consent(who)
            self.coin.send("mint", who, 10**9)
            self.coin.send("approve", self.auction.address, MAX, sender=who)

    # Each of these brings about a moment, and says what is called then.

    def bidden(self, **changes: Any) -> Terms:
        """A call with a bid of a hundred lots."""
        terms = self.terms(**changes)
        self.open(terms)
        self.bid(terms, self.bidder, 100)
        return terms

    def closed(self, **changes: Any) -> Terms:
        """The same, closed."""
        terms = self.bidden(**changes)
        self.close(terms)
        return terms

    def frozen(self, on: bool = True) -> None:
        """The bidder may not receive."""
        self.token.send("setAddressFrozen", self.bidder, on, sender=self.agent)

    def owing(self) -> Terms:
        """The asker is blocked by the currency, and owed."""
        terms = self.among(
            ladders=(Ladder(self.coin.address, 10, 0), Ladder()), steps=1, lot=1,
            take_until=self.kit.now + 30 * DAY, sweep_to=person(1),
        )  # fmt: skip
        self.open(terms)
        self.bid(terms, self.bidder, 10)
        self.place(terms, self.asker, 10, 0, Side.ASK)
        self.close(terms)
        self.coin.send("setBlocked", self.asker, True)
        self.settle(terms)
        self.coin.send("setBlocked", self.asker, False)
        return terms

    def entitling(self) -> Call:
        """A call with a record."""
        record = self.harness.close()
        terms = self.terms(record_id=record, entitled_lots=1, entitled_shares=1)
        self.open(terms)
        return terms, ([self.cid],)

    def signed_bid(self, signature: bool = True) -> Call:
        """What Ada has signed, or has not."""
        terms = self.terms()
        self.open(terms)
        placement = self.placement(terms, ADA.address, 5)
        signed = self.signed(placement) if signature else b"\1" * 65
        return terms, (placement, signed, NO_PERMIT)

    def authorized(self) -> Call:
        """What Ada has not signed."""
        terms, (placement, *_) = self.signed_bid()
        return terms, (placement, (0, MAX, 27, NOTHING, NOTHING))

    def signed_withdrawal(self) -> Call:
        """Ada takes back what she placed."""
        terms = self.terms(withdraw_until=self.kit.now + 9)
        self.open(terms)
        order, until = self.bid(terms, ADA.address, 5), self.kit.now + 9
        return terms, (order, until, self.withdrawal(terms, order, until, ADA))

    def struck(self) -> Call:
        """The bidder could not receive, and can again."""
        terms = self.bidden()
        self.frozen()
        self.send("strike", terms, [1])
        self.frozen(False)
        return terms, ([1],)

    def missed(self) -> Call:
        """The bidder could not receive when its turn came."""
        terms = self.closed()
        self.frozen()
        self.settle(terms)
        self.frozen(False)
        return terms, ([(1, 0)],)

    def too_few(self) -> Call:
        """Of two bids one was delivered, and that is too few."""
        terms = self.terms(least_lots=60, return_until=self.kit.now + 20 * DAY)
        self.open(terms)
        self.bid(terms, self.bidder, 50)
        self.bid(terms, self.cid, 50)
        self.close(terms)
        self.token.send("setAddressFrozen", self.cid, True, sender=self.agent)
        self.settle(terms)
        self.late(terms)
        return terms, (1, 50)

    def cancelled(self) -> Call:
        """The principal's shares are still held."""
        terms = self.sale()
        self.open(terms)
        self.send("cancel", terms, NOTHING, sender=self.issuer)
        return terms, ()

    def waiting(self) -> Call:
        """Nobody has closed it."""
        terms = self.bidden()
        self.kit.now = terms.close_by + 1
        return terms, ()

    def ripe(self, **changes: Any) -> Terms:
        """Orders are not taken any more."""
        terms = self.bidden(**changes)
        self.kit.now = terms.closes_at + 1
        return terms

    def failed(self) -> Call:
        """Too few were bid for."""
        later = self.kit.now + 20 * DAY
        return self.closed(least_lots=150, lots=200, return_until=later), ([1],)

    def frozen_bid(self) -> Call:
        """The bidder cannot receive any more."""
        terms = self.bidden()
        self.frozen()
        return terms, ([1],)

    def swept(self) -> Call:
        """The last second for what is owed is over."""
        terms = self.owing()
        self.kit.now = terms.take_until + 1
        return terms, (0,)

    def order(self, *more: Any) -> Call:
        """A bid of whoever calls."""
        terms = self.terms()
        self.open(terms)
        return terms, (Side.BID, 1, 0, 0, *more)

    def moments(self) -> dict[tuple[str, str], Callable[[], Call]]:
        """What each line of the table calls."""
        sale, auction, valued = self.sale(), self.among(), {"valuer": self.valuer}
        return {
            ("open", "an issue of new shares"): lambda: (self.terms(), (b"",)),
            ("open", "a sale of the principal's"): lambda: (sale, (b"",)),
            ("open", "an auction among holders"): lambda: (auction, (b"",)),
            ("cancel", "a call that is open"): lambda: (self.bidden(), (NOTHING,)),
            ("entitle", "at its record"): self.entitling,
            ("place", "one's own"): self.order,
            ("placeWithPermit", "one's own"): lambda: self.order(NO_PERMIT),
            ("placeFor", "what an owner signed"): self.signed_bid,
            ("placeFor", "what nobody signed"): lambda: self.signed_bid(False),
            ("placeWithAuthorization", "what nobody signed"): self.authorized,
            ("cancelNonce", "one's own"): lambda: (self.terms(), (7,)),
            ("withdraw", "a bid"): lambda: (
                self.bidden(withdraw_until=self.kit.now + DAY - 1), (1,),
            ),
            ("withdrawFor", "what an owner signed"): self.signed_withdrawal,
            ("strike", "what cannot be delivered"): self.frozen_bid,
            ("restore", "what can"): self.struck,
            ("close", "without a valuer"): lambda: (self.ripe(), ()),
            ("close", "with one"): lambda: (self.ripe(**valued), ()),
            ("closeAt", "with one"): lambda: (self.ripe(**valued), (1_000_000,)),
            ("closeAt", "without a valuer"): lambda: (self.ripe(), (1_000_000,)),
            ("accept", "what was cleared"): lambda: (
                self.closed(accept_by=self.kit.now + 3 * DAY), (),
            ),
            ("fail", "what nobody closed"): self.waiting,
            ("settle", "what was closed"): lambda: (self.closed(), (9,)),
            ("deliver", "what was refused before"): self.missed,
            ("refund", "of a call that failed"): self.failed,
            ("refund", "of a call that lives"): lambda: (self.closed(), ([1],)),
            ("returnShares", "of too few"): self.too_few,
            ("payPrincipal", "of a call that was cancelled"): self.cancelled,
            ("take", "what is owed"): lambda: (self.owing(), (0, self.asker)),
            ("takeTo", "what is owed"): lambda: (self.owing(), (0, self.asker, self.cid)),
            ("sweep", "afterwards"): self.swept,
            ("sweep", "before"): lambda: (self.owing(), (0,)),
        }  # fmt: skip


@pytest.fixture(scope="module")
def scene(artifacts) -> Scene:
    """One for all cells: each leaves it as it was."""
    return Scene(RevmKit(Codec(artifacts)))


def is_about_terms(function: str) -> bool:
    """All but what is about a nonce."""
    return function != "cancelNonce"


@pytest.mark.attack("F6")
@pytest.mark.parametrize("line", MAY, ids=" ".join)
def test_each_function_of_a_call_is_for_those_it_is_for(scene, line):
    """By every role in turn: those whom it is for, and nobody else."""
    kit = scene.kit
    morning, now = kit.evm.snapshot(), kit.now
    terms, args = scene.moments()[line]()
    able = set()
    for role, who in scene.roles.items():
        start = kit.evm.snapshot()
        try:
            if is_about_terms(line[0]):
                scene.send(line[0], terms, *args, sender=who)
            else:
                scene.auction.send(line[0], *args, sender=who)
        except Reverted:
            pass
        else:
            able.add(role)
        kit.evm.revert(start)
    kit.evm.revert(morning)
    kit.now = now
    assert able == MAY[line]


@pytest.mark.attack("F6")
def test_no_function_of_calls_is_left_out(artifacts):
    """Whatever changes something has a line, and the explainer changes nothing."""
    changing = {
        entry["name"]
        for entry in artifacts["CallAuction"].abi
        if entry["type"] == "function" and entry["stateMutability"] not in {"view", "pure"}
    }
    assert changing == {function for function, _ in MAY}
    assert all(
        entry["stateMutability"] in {"view", "pure"}
        for entry in artifacts["CallExplainer"].abi
        if entry["type"] == "function"
    )


def test_calls_have_no_owner_and_take_no_coins(artifacts):
    """No owner, no role, no way to change what it does; and no native coin."""
    for contract in ("CallAuction", "CallExplainer"):
        abi = artifacts[contract].abi
        names = {entry.get("name") for entry in abi if entry["type"] == "function"}
        assert not names & {"owner", "transferOwnership", "pause", "upgradeTo", "setFee"}
        assert all(entry.get("stateMutability") != "payable" for entry in abi)
        assert not any(entry["type"] in {"receive", "fallback"} for entry in abi)
