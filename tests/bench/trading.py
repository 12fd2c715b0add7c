"""A sale by a signed order, carried out by each exchange on the same three pairs of tokens.

A holder sells 100 shares for 100,000.000000 of a currency to another. Both have held both before,
both have given allowances, and each exchange is in the state that lasts: the maker has used other
nonces of the same 256.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from prorata.chain.artifacts import Artifact
from prorata.toolchain.anvil import Anvil
from tests.bench.exchanges import EXCHANGES, MAKER, Call, Deal, Exchange, Ours
from tests.bench.fixture import SYMBOL, BenchFixture, Gas
from tests.chainkit import ZERO, Deployed
from tests.gas.compliance import NONE, ONLY, investor
from tests.gas.field import NAME
from tests.gas.story import fresh, person

CHAIN_ID = 31_337
ENDLESS = 2**256 - 1
SHARES, PRICE = 100, 10**11
TAKER = person(0)
# Anvil keeps a known sender when its state is put back, but not what the sender has: a spelling
# that is not in its list is given ether anew.
SELLER = MAKER.address.lower()
FLOOR = "the two transfers and nothing else"

OPERATIONS = {
    "whole": "fill an order whole, the next of 256 nonces",
    "first part": "fill the first part of an order",
    "next part": "fill the next part",
    "cancel": "cancel one order, the next of 256 nonces",
}
"""What is measured, and how the page calls it."""


def _plain(fixture: BenchFixture) -> Deployed:
    return fixture.deploy("OpenZeppelinToken", NAME, SYMBOL)


def _open(fixture: BenchFixture) -> Deployed:
    issuer = fixture.issuer
    return fixture.deploy("ShareToken", (NAME, SYMBOL, 0, issuer, ZERO, ZERO, [issuer]))


def _under_rules(fixture: BenchFixture) -> Deployed:
    issuer = fixture.issuer
    registry = fixture.deploy("InvestorRegistry", issuer, [issuer])
    settings = NONE | ONLY | {"registry": registry.address}
    rules = fixture.deploy("TransferRules", tuple(settings.values()))
    terms = (NAME, SYMBOL, 0, issuer, rules.address, registry.address, [issuer])
    token = fixture.deploy("ShareToken", terms)
    fixture.send(registry, "bindToken", token.address)
    fixture.send(registry, "register", [MAKER.address, TAKER], [investor(1), investor(2)])
    return token


PAIRS: Mapping[str, tuple[str, Callable[[BenchFixture], Deployed]]] = {
    "plain": ("two plain tokens", _plain),
    "open": ("our shares, open", _open),
    "rules": ("our shares, eligibility and country", _under_rules),
}
"""What is sold, for OpenZeppelin's plain ERC-20."""


class Market:
    """A pair of tokens, a maker with shares, a taker with money."""

    def __init__(self, fixture: BenchFixture, make: Callable[[BenchFixture], Deployed]) -> None:
        self.fixture = fixture
        self.shares, self.money = make(fixture), _plain(fixture)
        for who in (MAKER.address, TAKER):
            self._issue(self.shares, who, 10_000)
            self._issue(self.money, who, 100 * PRICE)

    def _issue(self, token: Deployed, who: str, amount: int) -> None:
        self.fixture.send(
            token, "batchMint" if token.name == "ShareToken" else "issue", [who], [amount]
        )

    def allow(self, spender: str) -> None:
        """Let an exchange move what is sold and what it is sold for."""
        self.fixture.send(self.shares, "approve", spender, ENDLESS, sender=SELLER)
        self.fixture.send(self.money, "approve", spender, ENDLESS, sender=TAKER)

    def deal(self, nonce: int, *, in_parts: bool = False) -> Deal:
        """The sale."""
        return Deal(self.shares, self.money, SHARES, PRICE, nonce, in_parts)

    def sent(self, call: Call, sender: str) -> int:
        """Send a call; its gas."""
        contract, function, args = call
        return self.fixture.send(contract, function, *args, sender=sender)

    def floor(self) -> int:
        """What two transfers by a contract that does nothing else cost."""
        bare = self.fixture.deploy("TwoTransfers")
        self.allow(bare.address)
        sides = (self.shares.address, MAKER.address, SHARES), (self.money.address, TAKER, PRICE)
        for _ in range(2):
            gas = self.sent((bare, "swap", sides), TAKER)
        return gas

    def measure(self, exchange: Exchange) -> Gas:
        """What an exchange can do, the second time it does it."""
        gas: Gas = {}
        self.allow(exchange.contract.address)
        for nonce in (0, 1):
            gas["whole"] = self.sent(exchange.fill(self.deal(nonce), TAKER), TAKER)
        if exchange.fills_parts:
            parts = self.deal(2, in_parts=True)
            for key in ("first part", "next part"):
                gas[key] = self.sent(exchange.fill(parts, TAKER, SHARES // 4), TAKER)
        if exchange.cancels:
            for nonce in (4, 5):
                gas["cancel"] = self.sent(exchange.cancel(self.deal(nonce)), SELLER)
        return gas


def measure_all(
    artifacts: Mapping[str, Artifact], anvil: Anvil, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Gas by pair of tokens, exchange and operation; each exchange on a chain put back after."""
    found: dict[str, Any] = {}
    for pair, (title, make) in PAIRS.items():
        tell(f"selling for a currency: {title}")
        with fresh(artifacts, anvil) as kit:
            found[pair] = {FLOOR: {"whole": Market(BenchFixture(kit), make).floor()}}
        for exchange in EXCHANGES:
            with fresh(artifacts, anvil) as kit:
                market = Market(BenchFixture(kit), make)
                found[pair][exchange.title] = market.measure(exchange(kit, CHAIN_ID))
    return found


# --------------------------------------------------------------------------------------- the page


def section(
    found: Mapping[str, Any],
    packages: Mapping[str, str],
    table: Callable[[Sequence[str], list[Sequence[str]], int], list[str]],
) -> list[str]:
    """What the page says of it; nothing where it was not measured."""
    if not found:
        return []
    titles = [FLOOR, *(exchange.title for exchange in EXCHANGES)]
    rows: list[Sequence[str]] = []
    for key, operation in OPERATIONS.items():
        for title in titles:
            figures = [found[pair][title].get(key) for pair in PAIRS]
            if title == FLOOR and key != "whole":
                continue
            shown = ["cannot" if figure is None else f"{figure:,}" for figure in figures]
            named = f"**{title}**" if title == Ours.title else title
            rows.append((operation, named, *shown))
    versions = ", ".join(
        f"{one.title} (`{one.package}` {packages[one.package]})" for one in EXCHANGES if one.package
    )
    return [
        "## Trading by signed orders",
        "",
        " ".join(
            f"""
            A holder sells 100 shares for 100,000 of a currency; both sides have held both before
            and have given allowances. Beside us: {versions}. Seaport is compiled here as its
            authors do, by way of Yul, with our optimizer's runs; AirSwap's and 0x's packages bring
            their contracts compiled, and those are measured. 0x's is called without the proxy that
            stands before it, which would cost more; it has no call that cancels one such order.
            AirSwap and 0x fill no parts. Of the four, only ours ends an order at a record date and
            says what stands in the way of a fill.
            """.split()
        ),
        "",
        *table(
            ("operation", "exchange", *(title for title, _ in PAIRS.values())), rows, len(PAIRS)
        ),
    ]
