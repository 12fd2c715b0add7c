"""A token under rules, with its registry and its lots: what the tests of compliance start from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.chainkit import ZERO, Deployed, Receipt, RevmKit
from tests.contracts.harness import Harness, refused
from tests.model.register import Code

FOREVER = 2**48 - 1
LIMITLESS = 2**256 - 1
GERMANY, FRANCE, AMERICA = 276, 250, 840
RETAIL, PROFESSIONAL = 1, 2

SETTINGS: dict[str, Any] = {
    "registry": ZERO,
    "lockUps": ZERO,
    "eligible": False,
    "listed": 0,
    "listedUntil": 0,
    "countries": (0, 0, 0, 0),
    "classes": 0,
    "opensAt": 0,
    "closesAt": 0,
    "maxHolders": 0,
    "maxHoldersInCountry": 0,
    "limitedClass": 0,
    "maxHoldersOfClass": 0,
    "maxHoldersOfClassInCountry": 0,
    "maxHolding": 0,
    "minHolding": 0,
    "lockUp": 0,
    "supplyCap": 0,
}
ANY, ONLY, ALL_BUT = range(3)


def investor(
    person: int,
    country: int = GERMANY,
    kind: int = RETAIL,
    until: int = FOREVER,
    lost: bool = False,
) -> int:
    """An investor as the registry packs one, put together by hand; a lost one keeps its `until` to
    have it again.
    """
    known = person | country << 48 | kind << 64
    return known | 1 << 120 | until << 121 if lost else known | until << 72


def bitmap(countries: Iterable[int]) -> tuple[int, ...]:
    """Countries as rules want them: four words, one bit each."""
    words = [0, 0, 0, 0]
    for country in countries:
        words[country // 256] |= 1 << country % 256
    return tuple(words)


def rules_refused(code: Code, value: int, limit: int) -> Any:
    """The block is refused by the rules, with exactly this code, value and limit."""
    return refused("TransferRules_Refused", int(code), value, limit)


class Compliant(Harness):
    """A harness whose token asks rules. The registry's agent is the token's; so is its owner, who
    is no agent of it.

    Persons 1, 2, 3... are Ann, Ben, Cid, Dan, Eve; all in Germany, all retail.
    """

    def __init__(self, kit: RevmKit, *, known: bool = True, **settings: Any) -> None:
        super().__init__(kit)
        self.registry = kit.deploy("InvestorRegistry", self.owner, [self.agent])
        self.registry.send("bindToken", self.token.address, sender=self.owner)
        self.lots = kit.deploy("LockUps")
        self.people = (self.ann, self.ben, self.cid, self.dan, self.eve)
        if known:
            self.know({who: investor(i) for i, who in enumerate(self.people, 1)})
        self.token.send("setIdentityRegistry", self.registry.address, sender=self.owner)
        self.rules = self.put_in_force(**settings)

    def make_rules(self, **settings: Any) -> Deployed:
        """Deploy rules: receivers must be eligible unless something else is said."""
        chosen = {"registry": self.registry.address, "eligible": True, **settings}
        if chosen.get("lockUp"):
            chosen.setdefault("lockUps", self.lots.address)
        return self.kit.deploy("TransferRules", tuple({**SETTINGS, **chosen}.values()))

    def put_in_force(self, **settings: Any) -> Deployed:
        """Deploy rules, put them in force, and count the holders for them."""
        self.rules = self.make_rules(**settings)
        self.replace_rules(self.rules.address)
        self.count()
        return self.rules

    def another_asset(self, owner: str, **settings: Any) -> Deployed:
        """Another asset of the same register, whose `owner` has no role there, under rules."""
        terms = ("Two", "TWO", 0, owner, ZERO, self.registry.address, [owner])
        asset = self.kit.deploy("ShareToken", terms)
        self.registry.send("bindToken", asset.address, sender=self.owner)
        rules = self.make_rules(**settings)
        asset.send("setCompliance", rules.address, sender=owner)
        if rules.call("countsIn") != ZERO:
            self.registry.send("count", asset.address, [], sender=self.agent)
        return asset

    def replace_rules(self, rules: str) -> Receipt:
        """Put other rules in force."""
        return self.token.send("setCompliance", rules, sender=self.owner)

    def count(self, *more: str) -> None:
        """Count the persons, if the rules do."""
        if self.kit.at("TransferRules", self.token.call("compliance")).call("countsIn") != ZERO:
            wallets = sorted((*self.people, *more), key=str.lower)
            self.registry.send("count", self.token.address, wallets, sender=self.agent)

    def know(self, investors: dict[str, int]) -> Receipt:
        """Register wallets."""
        return self.registry.send(
            "register", list(investors), list(investors.values()), sender=self.agent
        )

    def freeze(self, wallet: str, on: bool = True) -> Receipt:
        """Freeze a wallet, or release it."""
        return self.token.send("setAddressFrozen", wallet, on, sender=self.agent)

    def recover(self, lost: str, successor: str) -> Receipt:
        """Put a wallet in the place of a lost one, registered before if the registry is told."""
        if not self.registry.call("investorOf", successor):
            self.know({successor: self.registry.call("investorOf", lost)})
        return self.report(lost, successor)

    def report(self, lost: str, successor: str) -> Receipt:
        """Put a wallet in the place of a lost one, whatever the registry knows of it."""
        return self.token.send("recoveryAddress", lost, successor, ZERO, sender=self.agent)

    def force(self, giver: str, receiver: str, amount: int) -> Receipt:
        """Transfer shares by order."""
        return self.token.send("forcedTransfer", giver, receiver, amount, sender=self.agent)

    def burn(self, holder: str, amount: int) -> Receipt:
        """Destroy shares."""
        return self.token.send("burn", holder, amount, sender=self.agent)

    def held(self, *wallets: str) -> list[int]:
        """Balances."""
        return [self.token.call("balanceOf", wallet) for wallet in wallets]

    def explained(self, giver: str, receiver: str, amount: int) -> tuple[list[Any], int]:
        """What `explain` of the token says: refusals as (code, value, limit), and the most."""
        refusals, most = self.token.call("explain", giver, receiver, amount)
        return [(Code(code), value, limit) for code, value, limit in refusals], most

    def persons(self) -> int:
        """How many persons hold."""
        return int(self.registry.call("holderCount", self.token.address))

    def holding(self, person: int) -> int:
        """How much a person holds, as the registry counts it."""
        return int(self.registry.call("holdingOf", self.token.address, person))
