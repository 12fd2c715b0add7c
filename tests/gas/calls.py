"""What calls cost, from fixed inputs on a fresh Anvil: offerings, and auctions among holders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prorata.chain.artifacts import Artifact
from prorata.toolchain.anvil import Anvil
from tests.chainkit import ZERO, AnvilKit
from tests.contracts.market.calls import Kind, Ladder, Side, Terms
from tests.gas.compliance import NONE, PLAIN, WEIGHTS, investor
from tests.gas.story import START, Clocked, fresh, person

ALWAYS = 2**256 - 1
DAY = 86_400
PAGE = 100
PRICE, INCREMENT = 25_000_000, 250_000
LOT = 10
STEPS = 255
LIMIT = 200


class Calls(Clocked):
    """A token, which has appointed `Holds` and made the auction an agent, and a dollar.

    Everybody has dollars and lets the auction take them. The first account speaks for the token.
    """

    def __init__(self, kit: AnvilKit, *, ruled: bool, people: int) -> None:
        super().__init__(kit)
        owner = self.owner = kit.accounts[0]
        self.people = [person(i) for i in range(people)]
        kit.impersonate(*self.people)
        rules = self.registry = ZERO
        if ruled:
            registry = self.deploy("InvestorRegistry", owner, [owner])
            settings = NONE | WEIGHTS[PLAIN] | {"registry": registry.address}
            rules = self.deploy("TransferRules", tuple(settings.values())).address
            self.registry = registry.address
            known = [owner, *self.people]
            for at in range(0, len(known), PAGE):
                page = known[at : at + PAGE]
                numbers = [investor(at + i + 1) for i in range(len(page))]
                self.send(registry, "register", page, numbers)
        terms = ("Harbour", "HARB", 0, owner, rules, self.registry, [owner])
        self.token = self.deploy("ShareToken", terms)
        self.dollar = self.deploy("Dollar", "Dollar", "USDR", 6)
        self.holds = self.deploy("Holds")
        self.auction = self.deploy("CallAuction", self.holds.address)
        self.send(self.token, "setHoldsContract", self.holds.address)
        self.send(self.token, "addAgent", self.auction.address)
        for who in (*self.people, owner):
            self.send(self.dollar, "mint", who, 10**15)
            self.send(self.dollar, "approve", self.auction.address, ALWAYS, sender=who)

    def sale(self, **changes: Any) -> Terms:
        """New lots at one price."""
        usual = Terms(
            opener=self.owner, token=self.token.address, lot=LOT, principal=self.owner, mint=True,
            lots=20_000, ladders=(Ladder(self.dollar.address, PRICE), Ladder()),
            opens_at=self.clock, closes_at=self.clock + DAY, close_by=self.clock + 2 * DAY,
            settle_by=self.clock + 9 * DAY, registry=self.registry,
        )  # fmt: skip
        return usual.but(**changes)

    def among(self) -> Terms:
        """An auction among holders with as many prices as there can be."""
        return self.sale(
            kind=Kind.AUCTION, principal=ZERO, mint=False, lots=0, steps=STEPS,
            ladders=(Ladder(self.dollar.address, PRICE, INCREMENT), Ladder()),
        )  # fmt: skip

    def tell(self, function: str, terms: Terms, *args: Any, sender: str = "") -> int:
        """Call the auction; the gas."""
        options = {"sender": sender} if sender else {}
        return self.send(self.auction, function, terms.encodable(), *args, **options)

    def open(self, terms: Terms) -> int:
        """Open a call."""
        return self.tell("open", terms, b"")

    def place(self, terms: Terms, who: str, lots: int, step: int = 0, side: Side = Side.BID) -> int:
        """Place an order."""
        return self.tell("place", terms, side, lots, step, 0, sender=who)

    def consent(self, who: Sequence[str]) -> None:
        """Let the auction hold shares."""
        until = self.clock + 300 * DAY
        for one in who:
            keeper = (self.auction.address, self.token.address, 2**90, until)
            self.send(self.holds, "setKeeper", *keeper, sender=one)

    def close(self, terms: Terms) -> int:
        """Close a call after its last second for orders."""
        if self.clock <= terms.closes_at:
            self.clock = terms.closes_at
        return self.tell("close", terms)


def measure(artifacts: Mapping[str, Artifact], anvil: Anvil | None = None) -> dict[str, int]:
    """The gas of each labelled operation."""
    gas: dict[str, int] = {}
    for label, ruled in (("open token", False), (PLAIN, True)):
        with fresh(artifacts, anvil) as kit:
            chain = Calls(kit, ruled=ruled, people=PAGE + 2)
            if not ruled:
                gas["deploy: CallAuction"] = chain.auction.receipt.gas
            _offering(chain, gas, label)
            _failed(chain, gas, label)
            _among(chain, gas, label)
            _close(chain, gas, label)
    return gas


def _offering(chain: Calls, gas: dict[str, int], label: str) -> None:
    terms = chain.sale()
    gas[f"open an offering: next, minted, {label}"] = chain.open(terms)
    first, *others = chain.people[: PAGE + 1]
    chain.place(terms, first, 3)
    costs = [chain.place(terms, who, 100 + i) for i, who in enumerate(others)]
    gas[f"place: at a fixed price, {label}"] = costs[0]
    chain.close(terms)
    chain.tell("settle", terms, 1)
    gas[f"settle: page of 100 new holders, each, {label}"] = chain.tell("settle", terms, PAGE) // PAGE
    chain.consent([chain.owner])
    chain.send(chain.token, "mint", chain.owner, 10**9)
    for salt in (b"\1" * 32, b"\2" * 32):
        gas[f"open an offering: next, held, {label}"] = chain.open(chain.sale(mint=False, salt=salt))


def _failed(chain: Calls, gas: dict[str, int], label: str) -> None:
    terms = chain.sale(least_lots=9_999, return_until=chain.clock + 20 * DAY, salt=b"\3" * 32)
    chain.open(terms)
    for who in chain.people:
        chain.place(terms, who, 7)
    chain.close(terms)
    chain.tell("refund", terms, [PAGE + 1])
    page = list(range(1, PAGE + 1))
    gas[f"refund: page of 100, each, {label}"] = chain.tell("refund", terms, page) // PAGE


def _among(chain: Calls, gas: dict[str, int], label: str) -> None:
    terms = chain.among()
    chain.open(terms)
    half = PAGE // 2
    sellers, buyers = chain.people[:half], chain.people[half : 2 * half]
    chain.send(chain.token, "batchMint", chain.people, [1_000] * len(chain.people))
    chain.consent(sellers)
    first, second, third, *others = sellers
    chain.place(terms, first, 5, LIMIT, Side.ASK)
    gas[f"ask: at a price nobody has named, {label}"] = chain.place(terms, second, 5, 3, Side.ASK)
    gas[f"ask: at a named price, {label}"] = chain.place(terms, third, 5, LIMIT, Side.ASK)
    for who in others:
        chain.place(terms, who, 5, LIMIT, Side.ASK)
    gas[f"ask: next of a wallet, {label}"] = chain.place(terms, third, 1, LIMIT, Side.ASK)
    for who in buyers:
        chain.place(terms, who, 5, LIMIT)
    gas[f"bid: at a named price, {label}"] = chain.place(terms, buyers[3], 1, LIMIT)
    chain.close(terms)
    # The asks come first, and each side walks over the orders of the other.
    chain.tell("settle", terms, half + 20)
    before = _delivered(chain, terms)
    cost = chain.tell("settle", terms, 20)
    assert _delivered(chain, terms) == before + 20 * 5
    gas[f"match among holders: page of 20, each, {label}"] = cost // 20


def _close(chain: Calls, gas: dict[str, int], label: str) -> None:
    terms = chain.among().but(salt=b"\4" * 32)
    chain.open(terms)
    ann, ben, *_ = chain.people
    for step in range(STEPS):
        chain.place(terms, ann, 1, step)
    chain.place(terms, ben, 100, 77, Side.ASK)
    gas[f"close: 255 prices, {label}"] = chain.close(terms)


def _delivered(chain: Calls, terms: Terms) -> int:
    return int(chain.auction.call("callOf", chain.auction.call("idOf", terms.encodable()))[3])
