"""F6 for what trades and holds: every function that changes something, by everybody who might call.

The settlement has no roles: whoever is a party, or brings what the parties have signed, may call.
Of the holds each function belongs to those whom the table names, and to nobody else.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.assurance.attacks.market_reentry import (
    HOLDS,
    SECRET,
    SETTLEMENT,
    MarketSystem,
)
from tests.chainkit import Codec, Deployed, Reverted, RevmKit
from tests.contracts.harness import NOTHING

ROLES = ("maker", "taker", "keeper", "late keeper", "token's owner", "agent", "stranger")
"""The maker owns all that is held, the taker receives it."""

ANYONE = frozenset(ROLES)
OTHERS = ANYONE - {"maker"}
NOBODY: frozenset[str] = frozenset()
MAY: dict[tuple[str, str], frozenset[str]] = {
    ("fill", "an order of the maker's"): OTHERS,
    ("fillWithPermits", "an order of the maker's"): OTHERS,
    ("settle", "a trade that the maker signed"): OTHERS,
    ("settleWithPermits", "a trade that the maker signed"): OTHERS,
    ("cancel", "one's own"): ANYONE,
    ("cancelBelow", "one's own"): ANYONE,
    ("cancelTrades", "one's own"): ANYONE,
    ("post", "an order of the maker's"): ANYONE,
    ("hold", "the maker's money"): frozenset({"maker"}),
    ("claim", "by the secret"): ANYONE,
    ("deliver", "what was claimed"): ANYONE,
    ("redirect", "what was claimed"): frozenset({"taker"}),
    ("release", "in time"): frozenset({"taker"}),
    ("release", "afterwards"): frozenset({"maker", "taker"}),
    ("voidHold", "shares"): frozenset({"token's owner"}),
    ("voidHold", "money"): NOBODY,
    ("setKeeper", "of one's own"): ANYONE,
    ("holdFor", "the maker's"): frozenset({"keeper"}),
    ("deliverKept", "the maker's"): frozenset({"keeper"}),
    ("letGo", "the maker's"): frozenset({"keeper", "late keeper"}),
    ("takeBack", "in time"): NOBODY,
    ("takeBack", "afterwards"): frozenset({"maker"}),
    ("voidKept", "shares"): frozenset({"token's owner"}),
    ("voidKept", "money"): NOBODY,
}


class AccessSystem(MarketSystem):
    """The market of the re-entry matrix, where everybody could pay."""

    def __init__(self, kit: RevmKit) -> None:
        super().__init__(kit)
        self.roles = {
            "maker": self.maker, "taker": self.taker, "keeper": self.eve, "late keeper": self.cid,
            "token's owner": self.owner, "agent": self.agent, "stranger": self.stranger,
        }  # fmt: skip
        for who in self.roles.values():
            self.ruled.send("mint", who, 20, sender=self.agent)
            self._approve(self.ruled, who)

    def calls(self) -> dict[tuple[str, str], tuple[Deployed, tuple[Any, ...]]]:
        """What each line of the table calls."""
        money, shares, owner = self.money.address, self.ruled.address, self.maker
        fill = self.filling(self.order(self.money, self.ruled))
        settle = self.trade((money, owner, self.dan, 7))
        desk, holds = self.settlement, self.holds
        args: dict[tuple[str, str], tuple[Any, ...]] = {
            ("fill", "an order of the maker's"): fill,
            ("fillWithPermits", "an order of the maker's"): (*fill, [self.permit()]),
            ("settle", "a trade that the maker signed"): settle,
            ("settleWithPermits", "a trade that the maker signed"): (*settle, [self.permit()]),
            ("cancel", "one's own"): ([1],),
            ("cancelBelow", "one's own"): (9,),
            ("cancelTrades", "one's own"): ([3],),
            ("post", "an order of the maker's"): fill[:2],
            ("hold", "the maker's money"): (self.more,),
            ("claim", "by the secret"): (self.coins, SECRET),
            ("deliver", "what was claimed"): (self.coins_claimed,),
            ("redirect", "what was claimed"): (self.coins_claimed, self.dan),
            ("release", "in time"): (self.coins,),
            ("release", "afterwards"): (self.coins_over,),
            ("voidHold", "shares"): (self.shares, NOTHING),
            ("voidHold", "money"): (self.coins, NOTHING),
            ("setKeeper", "of one's own"): (self.dan, money, 5, self.kit.now + 9),
            ("holdFor", "the maker's"): (money, owner, 1),
            ("deliverKept", "the maker's"): (money, owner, self.dan, 1),
            ("letGo", "the maker's"): (money, owner, 1),
            ("takeBack", "in time"): (self.eve, money, owner),
            ("takeBack", "afterwards"): (self.cid, money, owner),
            ("voidKept", "shares"): (self.eve, shares, owner, NOTHING),
            ("voidKept", "money"): (self.eve, money, owner, NOTHING),
        }
        abi = self.kit.codec.artifacts[SETTLEMENT].abi
        names = {entry["name"] for entry in abi if "name" in entry}
        return {key: (desk if key[0] in names else holds, call) for key, call in args.items()}


@pytest.fixture(scope="module")
def system(artifacts) -> AccessSystem:
    """One market for all cells: each leaves it as it was."""
    return AccessSystem(RevmKit(Codec(artifacts)))


@pytest.mark.attack("F6")
@pytest.mark.parametrize("line", MAY, ids=" ".join)
def test_each_function_is_for_those_it_is_for(system, line):
    """By every role in turn: those whom it is for, and nobody else (Laws 43, 47)."""
    contract, args = system.calls()[line]
    able = set()
    for role, who in system.roles.items():
        start = system.kit.evm.snapshot()
        try:
            contract.send(line[0], *args, sender=who)
        except Reverted:
            pass
        else:
            able.add(role)
        system.kit.evm.revert(start)
    assert able == MAY[line]


@pytest.mark.attack("F6")
def test_no_function_is_left_out(artifacts):
    """Whatever changes something has a line."""
    for contract in (SETTLEMENT, HOLDS):
        changing = {
            entry["name"]
            for entry in artifacts[contract].abi
            if entry["type"] == "function" and entry["stateMutability"] not in {"view", "pure"}
        }
        assert changing <= {function for function, _ in MAY}


@pytest.mark.parametrize("contract", [SETTLEMENT, HOLDS])
def test_neither_has_an_owner_or_takes_coins(artifacts, contract):
    """No owner, no role, no way to change what it does; and no native coin."""
    abi = artifacts[contract].abi
    names = {entry.get("name") for entry in abi if entry["type"] == "function"}
    assert not names & {"owner", "transferOwnership", "pause", "upgradeTo", "setFee", "addAgent"}
    assert all(entry.get("stateMutability") != "payable" for entry in abi)
    assert not any(entry["type"] in {"receive", "fallback"} for entry in abi)
