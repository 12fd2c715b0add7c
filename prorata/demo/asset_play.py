# SPDX-License-Identifier: MIT
"""What the plays of all classes have in common: the chain, the market, people, and the books.

A play begins with the files of its class, `examples/<class>/asset.yaml` and `holders.csv`. It does
what commands do, by the functions that commands call, and ends with an audit of all its tokens and
a folder of files. Everybody signs with public rehearsal keys.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from prorata.assets.asset import Asset
from prorata.assets.examples import EXAMPLES
from prorata.chain.calls import Call
from prorata.chain.operator import Operator
from prorata.contracts.call_auction import CallAuction
from prorata.contracts.holds import Holds
from prorata.contracts.share_exchange import ShareExchange
from prorata.contracts.vault import Terms
from prorata.demo.chain import DemoChain
from prorata.demo.kept import keep_folder
from prorata.demo.narration import Narrator
from prorata.deployments.deployer import deploy
from prorata.deployments.deployment import Deployment, open_journal
from prorata.errors import BooksError, InputError
from prorata.files.writer import prepare_folder
from prorata.income.declarations import declare
from prorata.income.pushes import push_all
from prorata.ledger.audits import Audit, audit, usual_market
from prorata.ledger.movements import IssuePrice
from prorata.market.exchanges.account import ExchangeAccount, account_of
from prorata.market.exchanges.carrying import exchange_everybody
from prorata.market.exchanges.mandatory import Wanted, maturity
from prorata.market.exchanges.opening import funded_whole, open_exchange
from prorata.market.exchanges.steps import close_exchange
from prorata.market.fills import fill
from prorata.market.order_terms import OrderTerms
from prorata.market.orders import draft_order, sign_order
from prorata.market.singletons import find_singleton
from prorata.register.captable import CapTable, read_csv
from prorata.register.holders import holders_now
from prorata.register.issuance import issue
from prorata.register.properties import set_holds_contract
from prorata.register.record_dates import schedule_record
from prorata.reports.export import write_files
from prorata.reports.tables import (
    distributions_table,
    escrow_table,
    positions_table,
    verdict,
)
from prorata.values.amounts import format_units
from prorata.values.kinds import Kind
from prorata.values.words import counted

__all__ = ["DAY", "DOLLAR_DECIMALS", "AssetPlay", "day_of", "quarter_ends"]

ISSUER = 1_000
"""Index of the issuer in the rehearsal wallet."""

DAY = 86_400
DOLLAR_DECIMALS = 6
DAYS_TO_FILL = 10
MOST_SHOWN = 16
"""Distributions in a table that can be read; the files have all."""
GAS = 400_000
"""What a step that is sent with others may use."""


class AssetPlay:
    """One class of assets, played: `tell` is the story between the opening and the books."""

    NAME: ClassVar[str]
    """Of the class, and of the folder of its files."""

    FIRST: ClassVar[int]
    """Index in the rehearsal wallet of the first holder."""

    JOURNALLED: ClassVar[bool] = False
    """Whether the issuer does something in several runs, as by a command that is repeated."""

    def __init__(self, demo_chain: DemoChain, narrator: Narrator, out: Path, seed: int) -> None:
        self.demo_chain, self.narrator, self.out, self.seed = demo_chain, narrator, out, seed
        self.files = EXAMPLES / self.NAME
        self.settings = Asset.load(self.files / "asset.yaml")
        self.table = self.read_table("holders.csv")
        self.people = self.read_people()
        self.names = {one.address: one.name for one in self.people}
        self._operators: dict[str, Operator] = {}
        self.tokens: list[Deployment] = []
        """Every token of the play: its books are one."""
        self.withholding: dict[str, int] = {}
        """The basis points of each tax policy."""
        self.record_ranges: list[str] = []
        """The contracts of record ranges."""
        self.issue_price: IssuePrice | None = None
        """What a share cost when it was issued, if anybody says so."""
        self.started_at = time.monotonic()

    # ------------------------------------------------------------------------- acts

    def play(self) -> Audit:
        """Tell it all and write the files.

        Raises: BooksError when the books do not balance; InputError; ChainError.
        """
        self.narrator.say(f"[bold]{self.settings.name}[/]: {self.promise()}")
        # What commands keep beside a deployment belongs to nobody afterwards.
        with TemporaryDirectory() as folder, ExitStack() as self.opened:
            self.folder = Path(folder)
            self._open()
            self.tell()
            return self._close()

    def promise(self) -> str:
        """What the asset is, in a few words."""
        raise NotImplementedError

    def tell(self) -> None:
        """The story."""
        raise NotImplementedError

    def write(self, found: Audit) -> Iterator[str]:
        """Write what this class has besides the files of every asset; a line for each."""
        raise NotImplementedError

    def _open(self) -> None:
        self.narrator.heading("Opening")
        with self.narrator.step("The chain") as step:
            rows = range(self.FIRST, self.FIRST + len(self.people))
            [self.issuer, *people] = self.demo_chain.enter([ISSUER, *rows])
            self._require_known(people)
            newest = self.demo_chain.chain.block()
            self.first_block, self.opened_at = newest.number, newest.timestamp
            step.say(f"a local one, id {self.demo_chain.chain.chain_id}, {day_of(self.opened_at)}")
        self.operator = self._issuing()
        with self.narrator.step("Contracts deployed") as step:
            self.asset = self.deploy(self.settings)
            self.token = self.asset.token()
            self.dollar = self.asset.currency("USD")
            self._open_market()
            step.say(
                "a share token, a dividend vault, a rehearsal dollar, and the market, which "
                "is the same for every asset of the chain"
            )

    def _issuing(self) -> Operator:
        """The issuer, with a journal where it comes back to what it has begun."""
        journal = None
        if self.JOURNALLED:
            journal = self.opened.enter_context(open_journal(self.demo_chain.chain, self.folder))
        self._operators[self.issuer] = self.demo_chain.operator(self.issuer, journal)
        return self._operators[self.issuer]

    def _open_market(self) -> None:
        chain = self.demo_chain.chain
        self.demo_chain.deploy_market(self.operator)
        self.holds = find_singleton(Holds, chain)
        self.auction = find_singleton(CallAuction, chain)
        self.exchange = find_singleton(ShareExchange, chain)
        self.appoint_holds(self.asset)

    def _require_known(self, people: Sequence[str]) -> None:
        for holding in self.people:
            if holding.address not in people:
                rule = "is no rehearsal account of this play, and could not sign in it"
                remedy = "play the files as they came"
                raise InputError.of("address", holding.address, rule, remedy)

    def _close(self) -> Audit:
        self.narrator.heading("The books")
        with self.narrator.step("Rebuilt from events") as step:
            found = audit(
                self.demo_chain.chain,
                self.asset.vault().address,
                [one.token().address for one in self.tokens],
                self.first_block,
                market=usual_market(),
                withholding=self.withholding,
                record_ranges=self.record_ranges,
                issue_price=self.issue_price,
            )
            books = found.books
            paid = counted(len(books.distributions), "distribution")
            step.say(
                f"{paid} of {counted(len(self.tokens), 'token')}, and {found.answers.figures:,} "
                "figures compared with the contracts"
            )
            if books.distributions:
                if len(books.distributions) <= MOST_SHOWN:
                    step.tables.append(distributions_table(books))
                step.tables.append(positions_table(books))
            for one in self.tokens:
                if (escrow := escrow_table(found, one.token().address)) is not None:
                    step.tables.append(escrow)
        with self.narrator.step("Files") as step:
            self._write_tokens(found)
            step.say(f"in {self.out}/")
            for line in self.write(found):
                step.say(line)
        seconds = time.monotonic() - self.started_at
        if not found.balanced:
            raise BooksError(verdict(found), "see books.json for every difference")
        if self.demo_chain.keep is not None:
            keep_folder(self.tokens[0].folder, self.demo_chain.keep)
        self.narrator.say(f"\n[bold green]{verdict(found)}[/]  [dim]{seconds:.0f} seconds[/]")
        return found

    def _write_tokens(self, found: Audit) -> None:
        """The first token's files in the folder, those of each further one in a folder there."""
        for number, one in enumerate(self.tokens):
            folder = self.out if number == 0 else self.out / one.settings.symbol
            prepare_folder(folder)
            write_files(found, one.token().address, folder, self.people, None)

    def read_people(self) -> CapTable:
        """Who takes part: the holders, as their file has them."""
        return self.table

    # ---------------------------------------------------------------------- setting up

    def read_table(self, name: str, settings: Asset | None = None) -> CapTable:
        """A cap table among the files of the class.

        Raises: InputError.
        """
        unit = settings or self.settings
        return read_csv(self.files / name, decimals=unit.decimals, authorised=unit.authorised)

    def deploy(self, settings: Asset) -> Deployment:
        """Put an asset on the chain: the first with a vault, further ones at the same vault.

        Raises: InputError; ChainError.
        """
        first = not self.tokens
        vault = None if first else self.asset.vault().address
        if not first:
            there = {self.demo_chain.chain.chain_id: self.dollar.address}
            settings = settings.model_copy(update={"currencies": {"USD": there}})
        folder = self.folder / settings.symbol
        found = deploy(self.operator, settings, folder, vault=vault, dollar=first)
        self.tokens.append(found)
        return found

    def appoint_holds(self, found: Deployment) -> None:
        """Let shares of a token be held in their owners' wallets."""
        set_holds_contract(self.operator, found, self.holds.address)

    def operator_of(self, address: str) -> Operator:
        """Somebody who sends steps, and remembers them."""
        if address not in self._operators:
            self._operators[address] = self.demo_chain.operator(address)
        return self._operators[address]

    def enter(self, *indices: int) -> list[str]:
        """Further accounts of the rehearsal wallet."""
        return self.demo_chain.enter(indices)

    def name(self, address: str) -> str:
        """Who somebody is, or else the address."""
        return self.names.get(address, address)

    # ---------------------------------------------------------------------------- acting

    @property
    def now(self) -> int:
        """The chain's time."""
        return self.demo_chain.now

    def issue(self, found: Deployment, table: CapTable, tranche: str = "") -> None:
        """Issue what a cap table says."""
        issue(self.operator, found, table, tranche=tranche)

    def give_money(self, address: str, amount: int) -> None:
        """Rehearsal dollars for somebody."""
        operator = self.operator_of(address)
        key = f"money/{operator.chain.block().number}"
        operator.send_one(key, self.dollar.mint(address, amount))

    def together(self, calls: Sequence[tuple[str, Call]]) -> None:
        """What several holders send, in one block; the issuer has a journal, and sends alone."""
        self.demo_chain.together(calls, GAS, counted=False)

    def trade(self, seller: str, buyer: str, shares: int, money: int) -> None:
        """The seller signs an order to sell; the buyer fills it and pays."""
        self.trade_in(self.asset, seller, buyer, shares, money)

    def trade_in(self, found: Deployment, seller: str, buyer: str, shares: int, money: int) -> None:
        """The same with shares of any token of the play."""
        chain = self.demo_chain.chain
        terms = OrderTerms(
            sells=True,
            shares=shares,
            money=money,
            currency=self.dollar.address,
            valid_until=self.now + DAYS_TO_FILL * DAY,
        )
        drafted = draft_order(found, seller, terms)
        signed = sign_order(chain, self.demo_chain.signer(seller), drafted)
        self.together(
            [
                (seller, found.token().approve(drafted.settlement, shares)),
                (buyer, self.dollar.mint(buyer, money)),
                (buyer, self.dollar.approve(drafted.settlement, money)),
            ]
        )
        fill(self.operator_of(buyer), signed)

    def schedule(self, found: Deployment, closes_at: int) -> int:
        """Schedule a record date; its number."""
        return schedule_record(self.operator, found, closes_at).id

    def record(self, found: Deployment, closes_at: int) -> int:
        """Schedule a record date and let it pass; its number."""
        number = self.schedule(found, closes_at)
        self.demo_chain.travel(closes_at + 1)
        return number

    def distribute(
        self,
        found: Deployment,
        record: int,
        amount: int,
        kind: Kind,
        *,
        excluded: Iterable[str] = (),
        **terms: object,
    ) -> int:
        """Pay dollars in for the holders of a record, and push them to everybody; its number."""
        self.give_money(self.issuer, amount)
        done = declare(
            self.operator,
            found,
            record_id=record,
            currency=self.dollar,
            amount=amount,
            terms=Terms(kind, excluded=tuple(excluded), **terms),  # type: ignore[arg-type]
        )
        push_all(self.operator, found, done.id)
        return done.id

    def redeem_all(self, found: Deployment, price: str, document: Path) -> ExchangeAccount:
        """Exchange everybody's shares for a price each, after a day's notice, and burn them."""
        opens = self.now + DAY
        wanted = Wanted(price, opens, opens + 30 * DAY, str(document), self.issuer)
        opening = funded_whole(self.demo_chain.chain, self.exchange, maturity(found, wanted))
        self.give_money(self.issuer, opening.funding)
        opened = open_exchange(self.operator, self.exchange, opening)
        self.demo_chain.travel(opens + 1)
        exchange_everybody(self.operator, found, self.exchange, opened.id)
        close_exchange(self.operator, self.exchange, opened.id)
        return account_of(found, self.exchange, opened.id)

    def send(self, sender: str, title: str, call: Call) -> None:
        """One step of somebody's."""
        self.operator_of(sender).send_one(f"{title}/{self.demo_chain.chain.block().number}", call)

    def holders(self, found: Deployment) -> dict[str, int]:
        """Who has shares now, the largest first."""
        held = holders_now(found)
        return dict(sorted(held.items(), key=lambda item: (-item[1], item[0])))

    # ----------------------------------------------------------------------------- words

    @staticmethod
    def dollars(amount: int) -> str:
        """Money for people: two decimals, and more where they say something."""
        whole, _, part = format_units(amount, DOLLAR_DECIMALS, trim=True).partition(".")
        return f"USD {whole}.{part.ljust(2, '0')}"

    def shares(self, amount: int, found: Deployment | None = None) -> str:
        """Shares for people."""
        unit = (found or self.asset).settings.unit
        return format_units(amount, unit.decimals, trim=True)


def day_of(seconds: int) -> str:
    """A day for people: `5 January 2026`."""
    moment = datetime.fromtimestamp(seconds, tz=timezone.utc)
    return f"{moment.day} {moment:%B %Y}"


def quarter_ends(seconds: int, count: int) -> list[int]:
    """The last seconds of so many quarters to come, in UTC, beginning with the present one."""
    moment = datetime.fromtimestamp(seconds, tz=timezone.utc)
    month = (moment.year * 12 + moment.month - 1) // 3 * 3 + 3
    found = []
    for months in range(month, month + 3 * count, 3):
        year, index = divmod(months, 12)
        found.append(int(datetime(year, index + 1, 1, tzinfo=timezone.utc).timestamp()) - 1)
    return found
