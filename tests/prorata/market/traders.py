"""An asset under rules with a seller, a buyer and a stranger, and the market's contracts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prorata.chain.artifacts import artifact
from prorata.chain.calls import deploy_call
from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner, public_test_key
from prorata.contracts.currency import Currency
from prorata.contracts.share_token import ShareToken
from prorata.contracts.trade_settlement import TradeSettlement
from prorata.deployments.deployment import Deployment, open_operator
from prorata.market.order_files import SignedOrder
from prorata.market.order_terms import OrderTerms
from prorata.market.orders import draft_order, sign_order
from prorata.market.singletons import singleton_address
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.opened import Commands

__all__ = [
    "BUYER",
    "OWNER",
    "SELLER",
    "STRANGER",
    "Market",
    "fake_money",
    "opened_market",
    "signer",
]

ASSET = f"""\
name: Quay 9
symbol: QUAY9
decimals: 2
authorised_shares: "1,000"
registry: new
rules: {PROJECT_ROOT / "examples" / "packs" / "plain-whitelist.yaml"}
"""
HUNDRED = 100 * 100
DOLLAR = 10**6
DAY = 86_400


def signer(index: int) -> LocalSigner:
    """A public test key."""
    return LocalSigner(public_test_key(index))


OWNER, SELLER, BUYER, STRANGER = (signer(index).address for index in range(4))


@dataclass
class Market:
    """The asset: the seller has 500 shares, buyer and stranger a million dollars each."""

    commands: Commands
    files: Path

    @property
    def found(self) -> Deployment:
        return self.commands.deployment

    @property
    def token(self) -> ShareToken:
        return self.found.token()

    @property
    def dollars(self) -> Currency:
        return self.found.currency("USD")

    @property
    def contract(self) -> TradeSettlement:
        return TradeSettlement(self.commands.chain, singleton_address("TradeSettlement"))

    @contextmanager
    def operator(self, index: int) -> Iterator[Operator]:
        """An account at work, with the journal of the asset's folder."""
        found = self.found
        with open_operator(found.chain, signer(index), found.folder, timeout=30) as opened:
            yield opened

    def terms(self, *, sells: bool = True, **others) -> OrderTerms:
        """A hundred shares for a hundred thousand dollars, for a week."""
        given = {
            "shares": HUNDRED,
            "money": 100_000 * DOLLAR,
            "currency": self.dollars.address,
            "valid_until": self.commands.chain.now() + 7 * DAY,
        }
        return OrderTerms(sells=sells, **{**given, **others})

    def signed(self, index: int = 1, *, permit: bool = False, **others) -> SignedOrder:
        """An order of one of the accounts: the seller's, unless another is named."""
        found = self.found
        drafted = draft_order(found, signer(index).address, self.terms(**others))
        return sign_order(found.chain, signer(index), drafted, permit=permit)

    def allow(self, *, shares: int = 500 * 100, dollars: int = 1_000_000 * DOLLAR) -> None:
        """The seller lets the settlement move shares, and the buyer money."""
        place = self.contract.address
        with self.operator(1) as operator:
            operator.send_one(f"allow/{shares}", self.token.approve(place, shares))
        with self.operator(2) as operator:
            operator.send_one(f"allow/{dollars}", self.dollars.approve(place, dollars))


def fake_money(market: Market) -> str:
    """A token of nobody's that calls itself USD; the buyer has some."""
    call = deploy_call(artifact("Dollar"), "US Dollar", "USD", 6)
    with market.operator(2) as operator:
        token = operator.send_one("fake", call).contract_address
        assert token is not None
        operator.send_one("fake/some", Currency(operator.chain, token).mint(BUYER, 100 * DOLLAR))
    return token


@contextmanager
def opened_market(folder: Path) -> Iterator[Market]:
    """A market on an Anvil of its own."""
    files = folder / "files"
    files.mkdir()
    (files / "asset.yaml").write_text(ASSET)
    people = [f"{who},{n},NL,retail,forever" for n, who in enumerate((OWNER, SELLER, BUYER), 1)]
    header = "address,person,country,class,eligible_until"
    (files / "investors.csv").write_text("\n".join([header, *people]) + "\n")
    (files / "holders.csv").write_text(f"address,shares\n{SELLER},500\n")
    with Anvil() as anvil:
        market = Market(Commands(anvil, folder / "QUAY9"), files)
        market.commands.says("deploy", "--asset", str(files / "asset.yaml"), "--dollar")
        market.commands.says("register", str(files / "investors.csv"))
        market.commands.says("issue", str(files / "holders.csv"))
        market.commands.says("market", "deploy")
        with market.operator(0) as operator:
            for who in (BUYER, STRANGER):
                much = market.dollars.mint(who, 1_000_000 * DOLLAR)
                operator.send_one(f"fund/{who}", much)
        yield market
