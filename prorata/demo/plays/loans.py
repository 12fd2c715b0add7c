# SPDX-License-Identifier: MIT
"""Private credit, played: a pool of 1,000 loans, and the three tokens that it pays.

Every month the pool is serviced from its tape and from what befell its loans, and a waterfall says
who is paid: expenses, the senior, the mezzanine, a reserve, the equity. Each token has a record the
evening before the pay date; what it gets is declared by the file that the waterfall writes, with
the hash of its sheet. Every cent that came in went to somebody, or is in the reserve.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone

from prorata.assets.asset import Asset
from prorata.assets.loans.months import CLASSES
from prorata.assets.loans.payments import read_payments
from prorata.assets.loans.reports import (
    FACTOR_PLACES,
    LoanRow,
    MonthRow,
    loan_rows,
    month_rows,
)
from prorata.assets.loans.servicing import Pool, service
from prorata.assets.loans.tapes import read_tape
from prorata.assets.loans.terms import LoanTerms
from prorata.assets.term_fields import format_fraction
from prorata.assets.waterfalls.distributions import distribution_file, distributions
from prorata.assets.waterfalls.periods import period_of_month
from prorata.assets.waterfalls.sheets import LineRow, Sheet
from prorata.assets.waterfalls.terms import WaterfallTerms
from prorata.assets.waterfalls.waterfall import run
from prorata.demo.asset_play import DOLLAR_DECIMALS, AssetPlay
from prorata.deployments.deployment import Deployment
from prorata.errors import BooksError
from prorata.files.writer import write_csv_rows, write_whole
from prorata.income.declaration_files import read_drafts, resolve
from prorata.income.declarations import declare_all
from prorata.income.pushes import push_all
from prorata.ledger.audits import Audit
from prorata.register.captable import CapTable, Holding
from prorata.register.documents import hash_of
from prorata.reports.pages import Page, PageTable, write_page
from prorata.values.amounts import percent
from prorata.values.words import counted

__all__ = ["LoansPlay"]

THROUGH = date(2027, 6, 30)
TRADE_IN, TRADED, PRICE = 3, 50_000, 99
"""In which month a part of the senior is sold, how much, and at how many per cent."""

OTHERS = {"trustee": 1_001, "servicing": 1_002}
"""Indices in the rehearsal wallet of those who are paid beside the tokens."""


@dataclass
class Tranche:
    """One token of the pool, and what it was paid."""

    name: str
    found: Deployment
    table: CapTable
    declared: list[int] = field(default_factory=list)


class LoansPlay(AssetPlay):
    """Half a year of a pool."""

    NAME = "loans"
    FIRST = 700

    def promise(self) -> str:
        """What the asset is, in a few words."""
        return "1,000 loans, and three tokens that are paid in turn"

    def tell(self) -> None:
        """Raises: InputError; ChainError."""
        path = self.files / "waterfall.yaml"
        self.waterfall = WaterfallTerms.load(path)
        self.terms = LoanTerms.load(self.files / "loans.yaml")
        self.pool = self._serviced()
        months = [period_of_month(month) for month in self.pool.months]
        self.sheets = run(self.waterfall, months, f"0x{hash_of(path).hex()}")
        self.cent = 10 ** (DOLLAR_DECIMALS - self.terms.decimals)
        self._issue()
        for sheet in self.sheets:
            self._month(sheet)
        self._add_up()

    def _serviced(self) -> Pool:
        """The pool, worked out from its opening on, as `prorata loans report` does."""
        loans = read_tape(self.files / "tape.csv", self.terms)
        names = {loan.name for loan in loans}
        payments = self.files / "payments.csv"
        events = read_payments(payments, self.terms, names)
        return service(self.terms, loans, events, through=THROUGH, subject=str(payments))

    # ---------------------------------------------------------------------------------- issue

    def _issue(self) -> None:
        self.narrator.heading("The pool")
        with self.narrator.step("The tape") as step:
            step.say(
                f"{len(self.pool.accounts):,} loans that owe {self._said(self.pool.original)} "
                f"when the pool opens on {self.terms.opens}"
            )
        with self.narrator.step("Three tokens") as step:
            self.tranches = {"senior": Tranche("senior", self.asset, self.table)}
            for name in ("mezzanine", "equity"):
                settings = Asset.load(self.files / f"asset-{name}.yaml")
                found = self.deploy(settings)
                self.appoint_holds(found)
                table = self.read_table(f"holders-{name}.csv", settings)
                self.tranches[name] = Tranche(name, found, table)
            for tranche in self.tranches.values():
                self.issue(tranche.found, tranche.table)
            said = [
                f"{one.name} {self._said(self.waterfall.units(one.original))}"
                for one in self.waterfall.tranches
            ]
            step.say(f"a share for each USD 1,000.00 of {', '.join(said)}")
        with self.narrator.step("The reserve") as step:
            opens = datetime.combine(self.terms.opens, time(9), tzinfo=timezone.utc)
            self.demo_chain.travel(int(opens.timestamp()))
            self.others = dict(zip(OTHERS, self.enter(*OTHERS.values()), strict=True))
            self.till = self.dollar.balance_of(self.issuer)
            reserve = self.waterfall.units(self.waterfall.reserve)
            self.give_money(self.issuer, reserve * self.cent)
            step.say(f"{self._said(reserve)} is paid in at the start")

    def read_people(self) -> CapTable:
        """The holders of all three tokens."""
        people: dict[str, Holding] = {}
        for name in ("holders.csv", "holders-mezzanine.csv", "holders-equity.csv"):
            people |= {one.address: one for one in self.read_table(name)}
        return CapTable(tuple(people.values()))

    # ---------------------------------------------------------------------------------- months

    def _month(self, sheet: Sheet) -> None:
        month = self.pool.months[sheet.number - 1]
        self.narrator.heading(f"{month.cut_off:%B %Y}")
        pays = datetime.combine(sheet.period.date, time(), tzinfo=timezone.utc)
        with self.narrator.step("The pool reports") as step:
            late = sum(month.balances[2:])
            step.say(
                f"{self._said(sheet.period.collections)} came in, {self._said(month.closing)} is "
                f"owed, {percent(late, month.closing)} of it 30 days late or more"
                + (f"; {self._said(month.losses)} is lost" if month.losses else "")
            )
        records = self._records(int(pays.timestamp()) - 1)
        if sheet.number == TRADE_IN:
            self._trade(sheet)
        with self.narrator.step("The waterfall pays") as step:
            self.demo_chain.travel(int((pays + timedelta(hours=9)).timestamp()))
            self.give_money(self.issuer, sheet.period.collections * self.cent)
            for name in distributions(sheet):
                self._declare(self.tranches[name], sheet, records[name])
            for payment in sheet.payments:
                if not payment.tranche:
                    paid = self.dollar.transfer(self.others[payment.to], payment.amount * self.cent)
                    self.send(self.issuer, payment.to, paid)
            said = [
                f"{one.to} {one.income or ''} {self._said(one.amount)}".replace("  ", " ")
                for one in sheet.payments
            ]
            step.say("; ".join(said))
            step.say(f"in the reserve {self._said(sheet.reserve_closing)}")

    def _records(self, closes_at: int) -> dict[str, int]:
        """The records of all tokens, the evening before the pay date."""
        numbers = {
            name: self.schedule(tranche.found, closes_at) for name, tranche in self.tranches.items()
        }
        self.demo_chain.travel(closes_at + 1)
        return numbers

    def _declare(self, tranche: Tranche, sheet: Sheet, record: int) -> None:
        """Declare what a token gets by the file that `prorata loans next` writes, and push it."""
        path = self.folder / f"{tranche.name}-{sheet.number}.yaml"
        path.write_text(distribution_file(sheet, tranche.name, record), encoding="utf-8")
        declarations = resolve(read_drafts(path), self.operator, tranche.found)
        for done in declare_all(self.operator, tranche.found, declarations):
            push_all(self.operator, tranche.found, done.id)
            tranche.declared.append(done.id)

    def _trade(self, sheet: Sheet) -> None:
        with self.narrator.step("The senior is traded") as step:
            after = sheet.tranches[0]
            seller, buyer = (self.table.holdings[place].address for place in (0, 2))
            original = TRADED * 10 ** (5 - self.settings.decimals)
            owed = int(original * after.factor)
            cost = owed * PRICE // 100
            self.trade(seller, buyer, TRADED, cost * self.cent)
            step.say(
                f"{self.shares(TRADED)} shares, which are owed {self._said(owed)} after this "
                f"month's payment, for {self._said(cost)}: {PRICE} % of it"
            )

    # ---------------------------------------------------------------------------------- books

    def _add_up(self) -> None:
        self.narrator.heading("The money")
        with self.narrator.step("What came in") as step:
            collected = sum(sheet.period.collections for sheet in self.sheets)
            paid = self._paid()
            reserve = self.waterfall.units(self.waterfall.reserve)
            left = (self.dollar.balance_of(self.issuer) - self.till) // self.cent
            missing = collected + reserve - sum(paid.values()) - left
            said = "".join(f" + {name} {self._said(units)}" for name, units in paid.items())
            step.say(
                f"{self._said(collected)} from the loans + {self._said(reserve)} paid in = "
                f"{said.removeprefix(' + ')} + reserve {self._said(left)}; difference {missing}"
            )
            if missing or left != self.sheets[-1].reserve_closing:
                raise BooksError(f"{missing} cents of the pool are missing")

    def _paid(self) -> dict[str, int]:
        """What everybody got in all, in the order of the waterfall."""
        paid: dict[str, int] = {}
        for sheet in self.sheets:
            for one in sheet.payments:
                paid[one.to] = paid.get(one.to, 0) + one.amount
        return paid

    def _said(self, units: int) -> str:
        return f"{self.terms.currency} {self.terms.unit.text(units)}"

    # ---------------------------------------------------------------------------------- files

    def write(self, found: Audit) -> Iterator[str]:
        """Reports, sheets, and the page of the pool.

        Raises: BooksError when a token was paid something else than its sheets say.
        """
        paid = self._paid()
        for tranche in self.tranches.values():
            received = sum(found.books.distributions[one].received for one in tranche.declared)
            if received != paid.get(tranche.name, 0) * self.cent:
                raise BooksError(f"{tranche.name} was paid something else than its sheets say")
        write_csv_rows(self.out / "pool-report.csv", MonthRow, month_rows(self.pool))
        write_csv_rows(self.out / "loans.csv", LoanRow, loan_rows(self.pool))
        rows = [row for sheet in self.sheets for row in sheet.rows()]
        write_csv_rows(self.out / "waterfall.csv", LineRow, rows)
        for sheet in self.sheets:
            write_whole(self.out / "sheets" / f"sheet-{sheet.number}.json", sheet.text)
        write_page(self._page(month_rows(self.pool)), self.out / "pool.html")
        folders = ", ".join(f"{one.settings.symbol}/" for one in self.tokens[1:])
        yield "pool.html         what came in, what is late, who was paid, each tranche's factor"
        yield "pool-report.csv   the report of each month; loans.csv has every loan"
        yield "waterfall.csv     every line of the waterfall; sheets/ has what is hashed"
        yield f"{folders}      the same files of the other tokens"
        yield "books.json        everything, for a program"

    def _page(self, months: Sequence[MonthRow]) -> Page:
        last, sheet = self.pool.months[-1], self.sheets[-1]
        late = [
            (name if name == "current" else f"{name} days", f"{loans:,}", self._said(balance))
            for name, loans, balance in zip(CLASSES, last.loans, last.balances, strict=True)
        ]
        owed = (counted(sum(last.loans), "loan"), "", self._said(last.closing))
        names = [one.name for one in sheet.tranches]
        return Page(
            title=self.terms.name,
            subtitle=f"As of {last.cut_off}, paid on {last.pays_on}",
            facts=(
                ("Owed when the pool opened", self._said(self.pool.original)),
                ("Owed now", self._said(last.closing)),
                ("Factor of the pool", months[-1].factor),
                ("In the reserve", self._said(sheet.reserve_closing)),
                ("Lost so far", self._said(sum(one.losses for one in self.pool.months))),
                ("SHA-256 of the last sheet", sheet.hash),
            ),
            tables=(
                PageTable(
                    f"Late, by the {self.terms.delinquency} method",
                    ("late", "loans>", "balance>"),
                    late,
                    owed,
                ),
                PageTable(
                    "Tranches",
                    ("tranche", "original>", "owed>", "written down>", "factor>"),
                    [
                        (
                            one.name,
                            self._said(one.original),
                            self._said(one.closing),
                            self._said(self._written_down(one.name)),
                            format_fraction(one.factor, FACTOR_PLACES),
                        )
                        for one in sheet.tranches
                    ],
                ),
                PageTable(
                    "Paid each month",
                    ("on", "came in>", *(f"{name}>" for name in names), "reserve>"),
                    [
                        (
                            str(one.period.date),
                            self._said(one.period.collections),
                            *(self._said(self._to(one, name)) for name in names),
                            self._said(one.reserve_closing),
                        )
                        for one in self.sheets
                    ],
                ),
            ),
            source=(
                "The report is worked out from the tape and the payments, the sheets from the "
                "report and the waterfall's terms; every distribution carries its sheet's hash."
            ),
        )

    def _written_down(self, name: str) -> int:
        return sum(
            one.written_down for sheet in self.sheets for one in sheet.tranches if one.name == name
        )

    @staticmethod
    def _to(sheet: Sheet, name: str) -> int:
        return sum(one.amount for one in sheet.payments if one.to == name)
