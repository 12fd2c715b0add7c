"""What holds cost, from fixed inputs on a fresh Anvil: of shares under rules, and of money."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from prorata.chain.artifacts import Artifact
from prorata.toolchain.anvil import Anvil
from tests.gas.compliance import NONE, ONLY, investor
from tests.gas.story import START, Clocked, fresh, person

SECRET = b"\xa5" * 32
LOCK = sha256(SECRET).digest()
DAY = 86_400


class Holds(Clocked):
    """A token for the eligible of one country, which has appointed the contract, and a dollar."""

    def __init__(self, kit: Any) -> None:
        super().__init__(kit)
        owner = kit.accounts[0]
        self.registry = self.deploy("InvestorRegistry", owner, [owner])
        settings = NONE | ONLY | {"registry": self.registry.address}
        rules = self.deploy("TransferRules", tuple(settings.values()))
        terms = ("Harbour", "HARB", 0, owner, rules.address, self.registry.address, [owner])
        self.token = self.deploy("ShareToken", terms)
        self.dollar = self.deploy("Dollar", "Rehearsal dollar", "USDR", 6)
        self.holds = self.deploy("Holds")
        self.send(self.token, "setHoldsContract", self.holds.address)
        self.people = [person(i) for i in range(12)]
        self.send(self.registry, "register", self.people, [investor(i + 1) for i in range(12)])
        self.send(self.token, "batchMint", self.people, [1_000] * 12)
        for who in self.people[:6]:
            self.send(self.dollar, "mint", who, 10**9)
            self.send(self.dollar, "approve", self.holds.address, 2**255, sender=who)
        self.until = START + 30 * DAY

    def terms(self, asset: Any, owner: str, to: str, nonce: int = 0) -> tuple[Any, ...]:
        """A hold of ten units."""
        return (asset.address, owner, to, 10, LOCK, self.until, nonce)

    def tell(self, function: str, *args: Any, sender: str) -> int:
        """Call the contract; the gas."""
        return self.send(self.holds, function, *args, sender=sender)


def measure(artifacts: Mapping[str, Artifact], anvil: Anvil | None = None) -> dict[str, int]:
    """The gas of each labelled operation."""
    gas: dict[str, int] = {}
    with fresh(artifacts, anvil) as kit:
        chain = Holds(kit)
        gas["deploy: Holds"] = chain.holds.receipt.gas
        _secrets(chain, gas)
        _keepers(chain, gas)
    return gas


def _secrets(chain: Holds, gas: dict[str, int]) -> None:
    ann, ben, cid, dan, *_ = chain.people
    first, second, third, fourth = (chain.terms(chain.token, ann, ben, nonce) for nonce in range(4))
    gas["lock shares: the first hold of a wallet"] = chain.tell("hold", first, sender=ann)
    gas["lock shares: next"] = chain.tell("hold", second, sender=ann)
    for terms in (third, fourth):
        chain.tell("hold", terms, sender=ann)
    gas["claim a hold: eligibility and country"] = chain.tell("claim", first, SECRET, sender=dan)
    chain.send(chain.token, "pause")
    gas["claim a hold: while the token is paused"] = chain.tell("claim", second, SECRET, sender=dan)
    chain.send(chain.token, "unpause")
    gas["deliver a hold that was claimed"] = chain.tell("deliver", second, sender=dan)
    gas["release a hold: by the receiver"] = chain.tell("release", third, sender=ben)
    gas["void a hold: the last of a wallet"] = chain.tell(
        "voidHold", fourth, LOCK, sender=chain.kit.accounts[0]
    )
    warm, money = (chain.terms(chain.dollar, who, cid) for who in (ann, ben))
    chain.tell("hold", warm, sender=ann)
    gas["hold money: next of a currency"] = chain.tell("hold", money, sender=ben)
    gas["claim a hold: of money"] = chain.tell("claim", money, SECRET, sender=dan)


def _keepers(chain: Holds, gas: dict[str, int]) -> None:
    owner, keeper, to = chain.people[5:8]
    token = chain.token.address
    consent = (keeper, token, 500, chain.until)
    gas["let a keeper hold"] = chain.tell("setKeeper", *consent, sender=owner)
    gas["keep shares: the first of a wallet"] = chain.tell(
        "holdFor", token, owner, 100, sender=keeper
    )
    gas["keep shares: more"] = chain.tell("holdFor", token, owner, 100, sender=keeper)
    gas["deliver kept shares: eligibility and country"] = chain.tell(
        "deliverKept", token, owner, to, 50, sender=keeper
    )
    gas["let go of kept shares: a part"] = chain.tell("letGo", token, owner, 50, sender=keeper)
    chain.clock = chain.until
    gas["take back kept shares: all"] = chain.tell("takeBack", keeper, token, owner, sender=owner)
