"""F6 for exchanges of shares: every function that changes something, by everybody who might call.

Each function belongs to those whom the table names, and to nobody else.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.chainkit import Codec, Reverted, RevmKit
from tests.contracts.harness import DAY, NOTHING, Harness
from tests.contracts.market.exchanging import NO_PERMIT, Exchanging, Request
from tests.contracts.trading import MAX

CONTRACT = "ShareExchange"
ROLES = ("owner", "agent", "valuer", "treasury", "holder", "acquirer", "keeper", "stranger")
ANYONE = frozenset(ROLES)
SIDE = frozenset({"owner", "agent"})
MAY: dict[tuple[str, str], frozenset[str]] = {
    ("open", "an elective one"): SIDE,
    ("open", "a mandatory one"): frozenset({"owner"}),
    ("fund", "any"): ANYONE,
    ("drain", "an elective one"): SIDE,
    ("drain", "a mandatory one"): frozenset(),
    ("setPrice", "an elective one"): frozenset({"valuer"}),
    ("setPrice", "a mandatory one"): frozenset(),
    ("exchange", "one's own"): frozenset({"holder"}),
    ("exchangeWithPermit", "one's own"): frozenset({"holder"}),
    ("exchangeFor", "what a holder signed"): ANYONE,
    ("cancelNonce", "one's own"): ANYONE,
    ("carryOut", "before it opens"): frozenset(),
    ("carryOut", "once it is open"): ANYONE,
    ("take", "the holder's"): ANYONE,
    ("takeTo", "the holder's"): frozenset({"holder"}),
    ("endHold", "one that was claimed"): ANYONE,
    ("endKept", "to another"): frozenset({"keeper"}),
    ("endKept", "to the holder, in time"): frozenset({"keeper"}),
    ("sweep", "afterwards"): ANYONE,
    ("close", "an elective one without an end"): SIDE,
    ("close", "a mandatory one with shares left"): frozenset(),
    ("cancel", "before it opens"): frozenset({"owner"}),
}


class AccessSystem(Exchanging):
    """Exchanges at every stage, where everybody could pay and the holder alone has shares."""

    def __init__(self, kit: RevmKit) -> None:
        super().__init__(Harness(kit))
        self.keeper = self.cid
        self.roles = {
            "owner": self.owner, "agent": self.agent, "valuer": self.valuer,
            "treasury": self.treasury, "holder": self.ann, "acquirer": self.acquirer,
            "keeper": self.keeper, "stranger": self.stranger,
        }  # fmt: skip
        for who in self.roles.values():
            self.give_money(who, 10**12)
        self.harness.issue({self.ann: 1_000, self.ben: 500, self.signer: 10})
        self.elective = self.facility(
            valuer=self.valuer, least_price=1, most_price=2_000_000, opens_at=0
        )
        until = kit.now + 9 * DAY
        self.hold = self.holding.open(until=until)
        self.holding.consent(80, until, keeper=self.keeper)
        self.holding.keep(20, keeper=self.keeper)
        self.old = self.open(self.maturity(take_until=kit.now + 40 * DAY, sweep_to=self.dan))
        self.begin(self.old)
        self.noticed = self.open(self.maturity(opens_at=kit.now + 20 * DAY))
        self.holding.order("setAddressFrozen", self.ben, True)
        self.holding.order("freezePartialTokens", self.ann, 1)
        self.carried = self.open(self.maturity(opens_at=kit.now + 1))
        kit.now += 1

    def calls(self) -> dict[tuple[str, str], tuple[tuple[Any, ...], int, bool]]:
        """What each line of the table calls, how many days later, and whether Ann is exchanged
        before it, while she is frozen."""
        valid = self.kit.now + 99 * DAY
        request = Request(self.elective, self.signer, 5, valid_until=valid)
        exchange = (self.elective, 5, 0, MAX, b"")
        kept = (self.old, self.keeper, self.ann)
        return {
            ("open", "an elective one"): ((self.redemption().told, 5, 0), 0, False),
            ("open", "a mandatory one"): ((self.maturity().told, 10**10, 0), 0, False),
            ("fund", "any"): ((self.noticed, 5), 0, False),
            ("drain", "an elective one"): ((self.elective, 5), 0, False),
            ("drain", "a mandatory one"): ((self.noticed, 5), 0, False),
            ("setPrice", "an elective one"): ((self.elective, 7, self.kit.now), 0, False),
            ("setPrice", "a mandatory one"): ((self.noticed, 7, self.kit.now), 0, False),
            ("exchange", "one's own"): (exchange, 0, False),
            ("exchangeWithPermit", "one's own"): ((*exchange, NO_PERMIT), 0, False),
            ("exchangeFor", "what a holder signed"): (
                (request.told, request.signed(self.exchange), NO_PERMIT), 0, False,
            ),
            ("cancelNonce", "one's own"): ((3,), 0, False),
            ("carryOut", "before it opens"): ((self.noticed, [self.ben]), 0, False),
            ("carryOut", "once it is open"): ((self.carried, [self.ben]), 0, False),
            ("take", "the holder's"): ((self.old, self.ann), 0, True),
            ("takeTo", "the holder's"): ((self.old, self.ann, self.dan), 0, True),
            ("endHold", "one that was claimed"): ((self.old, self.hold.told), 0, True),
            ("endKept", "to another"): ((*kept, self.dan, 5), 0, True),
            ("endKept", "to the holder, in time"): ((*kept, self.ann, 5), 0, True),
            ("sweep", "afterwards"): ((self.old,), 50, True),
            ("close", "an elective one without an end"): ((self.elective,), 0, False),
            ("close", "a mandatory one with shares left"): ((self.old,), 0, False),
            ("cancel", "before it opens"): ((self.noticed, NOTHING), 0, False),
        }  # fmt: skip

    def exchange_ann(self) -> None:
        """Ann's shares are exchanged while she is frozen, and the secret of her hold is shown."""
        self.holding.order("setAddressFrozen", self.ann, True)
        self.carry_out(self.old, self.ann)
        self.holding.order("setAddressFrozen", self.ann, False)
        self.holding.claim(self.hold)


@pytest.fixture(scope="module")
def system(artifacts) -> AccessSystem:
    """One system for all cells: each leaves it as it was."""
    return AccessSystem(RevmKit(Codec(artifacts)))


@pytest.mark.attack("F6")
@pytest.mark.parametrize("line", MAY, ids=" ".join)
def test_each_function_is_for_those_it_is_for(system, line):
    """By every role in turn: those whom it is for, and nobody else (Laws 65 and 66)."""
    args, days, exchanged = system.calls()[line]
    able, kit = set(), system.kit
    for role, who in system.roles.items():
        start, now = kit.evm.snapshot(), kit.now
        if exchanged:
            system.exchange_ann()
        kit.now += days * DAY
        try:
            system.exchange.send(line[0], *args, sender=who)
        except Reverted:
            pass
        else:
            able.add(role)
        kit.evm.revert(start)
        kit.now = now
    assert able == MAY[line]


@pytest.mark.attack("F6")
def test_no_function_is_left_out(artifacts):
    """Whatever changes something has a line."""
    changing = {
        entry["name"]
        for entry in artifacts[CONTRACT].abi
        if entry["type"] == "function" and entry["stateMutability"] not in {"view", "pure"}
    }
    assert changing == {function for function, _ in MAY}


@pytest.mark.parametrize("contract", [CONTRACT, "ExchangeExplainer", "ExchangeTerms"])
def test_none_has_an_owner_or_takes_coins(artifacts, contract):
    """No owner, no role, no way to change what it does; and no native coin."""
    abi = artifacts[contract].abi
    names = {entry.get("name") for entry in abi if entry["type"] == "function"}
    assert not names & {"owner", "transferOwnership", "pause", "upgradeTo", "setFee", "addAgent"}
    assert all(entry.get("stateMutability") != "payable" for entry in abi)
    assert not any(entry["type"] in {"receive", "fallback"} for entry in abi)
