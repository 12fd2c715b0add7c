"""An asset with four holders, its owner's money, and the market's contracts with the exchange."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner, public_test_key
from prorata.contracts.currency import Currency
from prorata.contracts.share_exchange import ShareExchange
from prorata.contracts.share_token import ShareToken
from prorata.deployments.deployment import Deployment, open_operator
from prorata.market.exchanges.opening import exchange_at
from prorata.toolchain.anvil import Anvil
from tests.prorata.cli.opened import Commands

__all__ = ["AS", "DAY", "DOLLAR", "PEOPLE", "Exits", "opened_exits"]

ASSET = """\
name: Quay 9
symbol: QUAY9
decimals: 2
authorised_shares: "10,000"
"""
DOLLAR, DAY = 10**6, 86_400


def signer(index: int) -> LocalSigner:
    """A public test key."""
    return LocalSigner(public_test_key(index))


PEOPLE = OWNER, ANN, BEN, CAT, DAN = tuple(signer(index).address for index in range(5))
AS = {who: ("--account", f"TEST::{index}") for index, who in enumerate(PEOPLE)}
HOLDINGS = {ANN: "500.00", BEN: "33.33", CAT: "0.01", DAN: "1000.00"}


@dataclass
class Exits:
    """The asset: Ann, Ben, Cat and Dan hold shares, and everybody has a million dollars."""

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
    def place(self) -> ShareExchange:
        return exchange_at(self.commands.chain)

    @contextmanager
    def operator(self, index: int) -> Iterator[Operator]:
        """An account at work, with the journal of the asset's folder."""
        found = self.found
        with open_operator(found.chain, signer(index), found.folder, timeout=30) as opened:
            yield opened

    def terms(self, name: str, text: str) -> str:
        """A file of terms."""
        path = self.files / f"{name}.yaml"
        path.write_text(text)
        return str(path)


@contextmanager
def opened_exits(folder: Path) -> Iterator[Exits]:
    """The asset on an Anvil of its own."""
    files = folder / "files"
    files.mkdir()
    (files / "asset.yaml").write_text(ASSET)
    rows = [f"{who},{shares}" for who, shares in HOLDINGS.items()]
    (files / "holders.csv").write_text("\n".join(["address,shares", *rows]) + "\n")
    with Anvil() as anvil:
        exits = Exits(Commands(anvil, folder / "QUAY9"), files)
        exits.commands.says("deploy", "--asset", str(files / "asset.yaml"), "--dollar")
        exits.commands.says("issue", str(files / "holders.csv"))
        exits.commands.says("market", "deploy")
        with exits.operator(0) as operator:
            for who in PEOPLE:
                much = exits.dollars.mint(who, 1_000_000 * DOLLAR)
                operator.send_one(f"fund/{who}", much)
        yield exits
