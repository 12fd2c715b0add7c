# SPDX-License-Identifier: MIT
"""The demo's second act: a building that not everybody may hold.

Investors are registered, shares issued; one transfer passes and one is refused with its reasons; a
wallet is frozen, another is lost, and its owner's income follows to the new one. At the end
everybody's powers are read from the chain, and the building is sold. Every step is the operation
that `ape run` offers.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from prorata.assets.asset import Asset
from prorata.assets.examples import EXAMPLES
from prorata.contracts.vault import Terms
from prorata.demo.sale import Sale
from prorata.deployments.deployer import deploy
from prorata.deployments.deployment import Deployment
from prorata.deployments.permissions import read_permissions
from prorata.income.claims import claim
from prorata.income.declarations import declare
from prorata.register.captable import read_csv
from prorata.register.enforcement import Basis, freeze, recover
from prorata.register.investors import read_investors, register_investors
from prorata.register.issuance import issue
from prorata.register.record_dates import schedule_record
from prorata.register.refusals import check_transfer
from prorata.reports.tables import plain_table
from prorata.values.amounts import format_units
from prorata.values.countries import country_name
from prorata.values.kinds import Kind

if TYPE_CHECKING:
    from prorata.demo.chain import DemoChain
    from prorata.demo.narration import Narrator

__all__ = ["CompliantAct"]

COMPLIANT = EXAMPLES / "compliant"

# Index in the rehearsal wallet: of the register's first line, and of a wallet made later.
FIRST, SPARE = 200, 299

RENT = 92_500_000_000  # USD 92,500
DAY = 86_400
DOCUMENT = f"0x{'42' * 32}"

SELLER, BUYER, OUTSIDER = "Elise Garnier", 32, 35
FROZEN, LOSER = "Davide Greco", "Pieter Janssen"


class CompliantAct:
    """The act and its actors."""

    def __init__(self, demo_chain: DemoChain, narrator: Narrator, issuer: str) -> None:
        self.demo_chain, self.narrator = demo_chain, narrator
        self.operator = demo_chain.operator(issuer)
        self.settings = Asset.load(COMPLIANT / "asset.yaml")
        self.entries = read_investors(COMPLIANT / "investors.csv")
        self.table = read_csv(COMPLIANT / "holders.csv", authorised=self.settings.authorised)
        self.wallets = {holding.name: holding.address for holding in self.table}

    def play(self) -> None:
        """Tell it all.

        Raises: ChainError.
        """
        self.narrator.heading(f"{self.settings.name}: a building that not everybody may hold")
        # The second building has no files: its story ends on the screen.
        with TemporaryDirectory() as folder:
            found = self._open(Path(folder) / self.settings.symbol)
            self._trade(found)
            self._earn(found)
            self._powers(found)
            sale = Sale(self.demo_chain, self.narrator, self.operator, found, Path(folder))
            sale.play(absent=self.wallets[FROZEN])

    def _open(self, folder: Path) -> Deployment:
        with self.narrator.step("Contracts deployed") as step:
            found = deploy(self.operator, self.settings, folder, dollar=True)
            title = getattr(self.settings.rules, "title", "")
            step.say(f"token, registry and rules: {title}")
        with self.narrator.step("Investors registered") as step:
            done = register_investors(self.operator, found, self.entries)
            persons = {entry.investor.person for entry in self.entries}
            countries = {entry.investor.country for entry in self.entries}
            gas = sum(receipt.mined.gas_used for receipt in done.receipts) // len(self.entries)
            step.say(f"{len(self.entries)} wallets of {len(persons)} persons in {len(countries)}")
            step.say(f"countries, for {gas:,} gas each")
        with self.narrator.step("Shares issued") as step:
            issue(self.operator, found, self.table)
            step.say(f"{self.table.total:,} to {len(self.table)} holders")
        return found

    def _trade(self, found: Deployment) -> None:
        token, seller = found.token(), self.wallets[SELLER]
        self.demo_chain.enter(range(FIRST, FIRST + len(self.entries)))
        buyer, outsider = self.entries[BUYER], self.entries[OUTSIDER]
        with self.narrator.step("A transfer that passes") as step:
            self.demo_chain.operator(seller).send_one("sell", token.transfer(buyer.address, 2))
            step.say(f"{SELLER} sells 2 shares to an investor in")
            step.say(f"{country_name(buyer.investor.country)} who held none")
        with self.narrator.step("A transfer refused") as step:
            check = check_transfer(token, seller, outsider.address, 2)
            for sentence in check.sentences:
                step.say(sentence)
            step.say(f"the most that would pass: {check.most}")

    def _earn(self, found: Deployment) -> None:
        token, dollar = found.token(), found.currency("USD")
        frozen, lost = self.wallets[FROZEN], self.wallets[LOSER]
        with self.narrator.step("Rent declared") as step:
            record = schedule_record(self.operator, found, self.demo_chain.now + DAY)
            self.demo_chain.travel(record.closes_at + 1)
            rent = declare(
                self.operator,
                found,
                record_id=record.id,
                currency=dollar,
                amount=RENT,
                terms=Terms(Kind.RENT),
            )
            step.say(f"{format_units(RENT, dollar.decimals())} USD at record {record.id}")
        with self.narrator.step("A wallet is frozen") as step:
            basis = Basis.of("Order 12/2026 of the district court", DOCUMENT)
            freeze(self.operator, found, basis, frozen)
            waits = found.vault().claimable(rent.id, frozen) == 0
            step.say(f"{FROZEN}: {basis.reason};")
            step.say(f"the rent {'waits until release' if waits else 'does not wait'}")
        with self.narrator.step("A key is lost") as step:
            [successor] = self.demo_chain.enter([SPARE])
            basis = Basis.of("Key lost, identity checked", DOCUMENT)
            recover(self.operator, found, basis, lost=lost, successor=successor)
            claim(self.operator, found, lost, [rent.id])
            paid = format_units(dollar.balance_of(successor), dollar.decimals())
            step.say(f"{LOSER} has a new wallet with {token.balance_of(successor)} shares,")
            step.say(f"and {paid} USD that the old one had earned")

    def _powers(self, found: Deployment) -> None:
        with self.narrator.step("Who can do what") as step:
            permissions = read_permissions(found)
            step.say("read from the chain")
            table = plain_table("contract", "role", "account", "is", text=4)
            for grant in permissions.grants:
                if grant.contract != "Dollar":
                    table.add_row(grant.contract, grant.role, grant.account, grant.kind)
            step.tables.append(table)
