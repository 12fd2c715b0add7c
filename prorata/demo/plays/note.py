# SPDX-License-Identifier: MIT
"""A note, played: coupons by a schedule, a fifth paid back each year, a call; and a zero coupon.

What is due, and when, is computed from the terms alone, to the cent for each unit. A record closes
the evening before; only then is it declared, so much a unit, interest with tax withheld and
principal without. Each distribution carries the hash of the line that it was computed by. At the
end all units are exchanged, for the smallest unit of money, and are gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timezone
from fractions import Fraction
from pathlib import Path

from prorata.assets.asset import Asset
from prorata.assets.schedules.servicing import accrued_at
from prorata.assets.schedules.sheets import ScheduleSheet, SheetLine
from prorata.assets.schedules.terms import ScheduleTerms
from prorata.assets.schedules.values import format_part
from prorata.assets.withholding import PolicySettings, format_rate
from prorata.demo.asset_play import DAY, DOLLAR_DECIMALS, AssetPlay, day_of
from prorata.deployments.deployment import Deployment
from prorata.errors import BooksError
from prorata.files.writer import Row, write_csv_rows, write_whole
from prorata.income.pushes import push_all
from prorata.income.schedule_accounts import line_accounts
from prorata.income.schedules import LineRun, Withheld, planned_line, run_line
from prorata.ledger.audits import Audit
from prorata.reports.pages import Page, PageTable, write_page
from prorata.tax.policies import deploy_policy
from prorata.values.amounts import format_units, parse_units
from prorata.values.kinds import Kind

__all__ = ["NotePlay"]

TAX_OFFICE, TRUSTEE = 1_001, 1_002

TRADED_AFTER, TRADED = 3, 120
CLEAN = "99.25"
"""After which line units change hands, how many, and at which clean price in per cent."""

PLACES = 6


class LineRow(Row):
    """A line of the schedule, and what the chain paid for it; amounts are of one unit."""

    note: str
    line: int
    pays: str
    record: int
    days: str
    rate: str
    interest: str
    principal: str
    premium: str
    factor: str
    units: int
    declared: str
    received: str
    distributions: str
    document: str


@dataclass
class Note:
    """One note: its token, its schedule, and what was paid by it."""

    found: Deployment
    sheet: ScheduleSheet
    rows: list[LineRow] = field(default_factory=list)
    documents: dict[int, str] = field(default_factory=dict)
    """How each line was computed, by the terms that were in force when it was paid."""

    @property
    def symbol(self) -> str:
        """What it is called."""
        return self.found.settings.symbol


class NotePlay(AssetPlay):
    """A note from its issue to its call, and a zero coupon beside it."""

    NAME = "note"
    FIRST = 600

    def promise(self) -> str:
        """What the asset is, in a few words."""
        return "a note that pays by a schedule, and one that pays once"

    def tell(self) -> None:
        """Raises: InputError; ChainError."""
        self.terms = ScheduleTerms.load(self.files / "terms.yaml")
        zero_terms = ScheduleTerms.load(self.files / "zero.yaml")
        zero = Asset.load(self.files / "asset-zero.yaml")
        self.note = Note(self.asset, ScheduleSheet(self.terms))
        self.zero = Note(self.deploy(zero), ScheduleSheet(zero_terms))
        self.appoint_holds(self.zero.found)
        self._issue(zero)
        called = self._called()
        self.narrator.heading("Coupons")
        for line in self.note.sheet.lines[:TRADED_AFTER]:
            self._pay(self.note, line)
        self._trade()
        self.narrator.heading("The zero coupon")
        self._pay(self.zero, self.zero.sheet.lines[0])
        self._end(self.zero)
        self.narrator.heading("More coupons")
        for line in self.note.sheet.lines[TRADED_AFTER : len(called.lines) - 1]:
            self._pay(self.note, line)
        self._call(called)

    # ---------------------------------------------------------------------------------- issue

    def _issue(self, zero: Asset) -> None:
        self.narrator.heading("Issue")
        issued = datetime.combine(self.terms.issued, time(14), tzinfo=timezone.utc)
        self.demo_chain.travel(int(issued.timestamp()))
        with self.narrator.step("Tax is arranged") as step:
            self.tax_office, self.trustee = self.enter(TAX_OFFICE, TRUSTEE)
            settings = PolicySettings.load(self.files / "withholding.yaml")
            placed = deploy_policy(self.operator, self.asset, settings)
            assert placed.policy is not None
            self.withheld = Withheld(tax_policy=placed.policy.address)
            self.asset = self.tokens[0] = Deployment.open(self.demo_chain.chain, self.asset.folder)
            self.note.found = self.asset
            rate = format_rate(settings.default.interest)
            step.say(f"of interest {rate} are withheld, of principal nothing")
        with self.narrator.step("Units issued") as step:
            self.issue(self.asset, self.table)
            self.issue(self.zero.found, self.read_table("holders-zero.csv", zero))
            lines, last = len(self.note.sheet.lines), self.note.sheet.lines[-1]
            step.say(
                f"{self.table.total:,} {self.note.symbol} at {self.terms.unit} each, which pay in "
                f"{lines} lines until {day_of(last.payable_from)}; and "
                f"{zero.authorised_shares} {zero.symbol} at {zero.unit_price}, which pay once"
            )

    def _called(self) -> ScheduleSheet:
        """The schedule as the call makes it: the same lines until then, and a last one.

        Raises: BooksError when the call would change what was paid before.
        """
        path = self.folder / "terms.yaml"
        parts = [(self.files / name).read_text("utf-8") for name in ("terms.yaml", "call.yaml")]
        path.write_text("\n".join(parts), encoding="utf-8")
        sheet = ScheduleSheet(ScheduleTerms.load(path))
        before = len(sheet.lines) - 1
        ours = [one.line for one in self.note.sheet.lines[:before]]
        if ours != [one.line for one in sheet.lines[:before]]:
            raise BooksError("a call changes lines that were paid before it")
        return sheet

    # ---------------------------------------------------------------------------------- lines

    def _pay(self, note: Note, planned: SheetLine) -> None:
        """The record closes, then so much a unit is declared and pushed."""
        line, sheet, found = planned.line, note.sheet, note.found
        title = f"{note.symbol}, line {planned.number}"
        with self.narrator.step(title) as step:
            record = self._run(note, planned.number).record.id
            self.demo_chain.travel(planned.closes_at + 1)
            self.demo_chain.travel(planned.payable_from)
            eligible = found.token().total_supply_at(record)
            cents = line.payment * eligible
            self.give_money(self.issuer, cents * 10 ** (DOLLAR_DECIMALS - sheet.terms.decimals))
            done = self._run(note, planned.number)
            note.documents[planned.number] = done.line.document.text
            declared = {
                one.id: amount for one, (_, amount) in zip(done.done, done.amounts, strict=True)
            }
            for one, (kind, _) in zip(done.done, done.amounts, strict=True):
                push_all(self.operator, found, one.id)
                if kind is Kind.INTEREST:
                    self.send(self.issuer, "remit", found.vault().remit(one.id))
            fees = sum(line.fees) * eligible * 10 ** (DOLLAR_DECIMALS - sheet.terms.decimals)
            if fees:
                self.give_money(self.issuer, fees)
                self.send(self.issuer, "trustee", self.dollar.transfer(self.trustee, fees))
            note.rows.append(self._row(note, planned, record, eligible, declared))
            step.say(
                f"{line.period.pays}: {self._said(note, planned)} a unit, "
                f"{self.dollars(sum(declared.values()))} to {eligible:,} units at record {record}"
                + (f"; {self.dollars(fees)} to the trustee" if fees else "")
            )

    def _run(self, note: Note, number: int) -> LineRun:
        """What `prorata schedule run` does: the record first, then what it declares."""
        planned = planned_line(note.found, note.sheet, number)
        return run_line(self.operator, note.found, planned, self.withheld)

    def _said(self, note: Note, planned: SheetLine) -> str:
        line, text = planned.line, note.sheet.text
        parts = [
            f"{name} {text(cents)}"
            for name, cents in (
                ("interest", line.interest),
                ("principal", line.principal),
                ("premium", line.premium),
            )
            if cents
        ]
        return ", ".join(parts)

    def _row(
        self,
        note: Note,
        planned: SheetLine,
        record: int,
        eligible: int,
        declared: dict[int, int],
    ) -> LineRow:
        line, sheet = planned.line, note.sheet
        fraction = sheet.terms.claim.fraction(line.period)
        vault = note.found.vault()
        received = sum(vault.distribution(number).amount for number in declared)
        return LineRow(
            note=note.symbol,
            line=planned.number,
            pays=str(line.period.pays),
            record=record,
            days=str(fraction),
            rate=format_part(line.rate),
            interest=sheet.text(line.interest),
            principal=sheet.text(line.principal),
            premium=sheet.text(line.premium),
            factor=_places(line.factor),
            units=eligible,
            declared=format_units(sum(declared.values()), DOLLAR_DECIMALS, grouping=False),
            received=format_units(received, DOLLAR_DECIMALS, grouping=False),
            distributions=" ".join(str(number) for number in declared),
            document=f"0x{sheet.line_document(planned.number).hash.hex()}",
        )

    def _trade(self) -> None:
        """Units change hands between two coupons: the clean price, and what has accrued."""
        with self.narrator.step("Units change hands") as step:
            self.demo_chain.travel(self.now + 40 * DAY)
            day = datetime.fromtimestamp(self.now, tz=timezone.utc).date()
            lines = [one.line for one in self.note.sheet.lines]
            accrued = accrued_at(self.terms.claim, lines, day)
            unit = 10 ** (DOLLAR_DECIMALS - self.terms.decimals)
            clean = accrued.outstanding * Fraction(CLEAN) / 100 * unit
            each = int(clean) + accrued.interest * unit
            seller, buyer = (self.table.holdings[place].address for place in (0, 3))
            self.trade(seller, buyer, TRADED, TRADED * each)
            step.say(
                f"{TRADED} for {self.dollars(each)} each: {CLEAN} % of the "
                f"{self.note.sheet.text(accrued.outstanding)} that are owed still, and "
                f"{self.note.sheet.text(accrued.interest)} of interest since the last coupon"
            )

    # ------------------------------------------------------------------------------------ end

    def _end(self, note: Note) -> None:
        """Everything is paid: the units are exchanged and gone."""
        with self.narrator.step(f"{note.symbol} is redeemed") as step:
            paper = self.folder / f"{note.symbol}.txt"
            paper.write_text("Notice of redemption.", encoding="utf-8")
            account = self.redeem_all(note.found, "0.000001 USD", paper)
            step.say(
                f"{account.shares:,} units of {len(account.lines)} holders are exchanged, for the "
                f"smallest unit of money each, {self.dollars(account.brought.paid)} in all; "
                f"{note.found.token().total_supply()} are left"
            )

    def _call(self, called: ScheduleSheet) -> None:
        self.narrator.heading("The call")
        with self.narrator.step("The note is called") as step:
            terms = called.terms.called
            assert terms is not None
            step.say(
                f"on {terms.announced}, with {terms.notice} of notice, at "
                f"{format_part(terms.price)}: a last line pays the interest until then, all "
                "principal and the premium"
            )
        self.note.sheet = called
        self._pay(self.note, called.lines[-1])
        self._end(self.note)

    # ---------------------------------------------------------------------------------- files

    def write(self, found: Audit) -> Iterator[str]:
        """The schedules as they were paid, and their page.

        Raises: BooksError when a line was not paid as planned.
        """
        rows = [row for note in (self.note, self.zero) for row in note.rows]
        for row in rows:
            if row.declared != row.received:
                raise BooksError(f"line {row.line} of {row.note} did not receive what was declared")
        for note in (self.note, self.zero):
            self._check(note, found)
            self._write_documents(note, self.out / "lines")
        write_csv_rows(self.out / "schedule.csv", LineRow, rows)
        write_page(self._page(rows), self.out / "factors.html")
        yield "factors.html    the schedule, the factor after each line, what was paid"
        yield "schedule.csv    the same, with the hash of each line"
        yield "lines/          how each line was computed: the document of its distributions"
        yield f"{self.zero.symbol}/           the same files of the zero coupon"
        yield "books.json      everything, for a program"

    def _write_documents(self, note: Note, folder: Path) -> None:
        for line, text in note.documents.items():
            write_whole(folder / f"{note.symbol}-{line}.json", text)

    def _check(self, note: Note, found: Audit) -> None:
        """Every line is paid, as `prorata schedule status` says, and no unit got less than planned.

        Raises: BooksError.
        """
        for one in line_accounts(note.found, note.sheet, found, self.now):
            if one.state != "paid" or one.foreign:
                number, others = one.line.document.number, len(one.foreign)
                raise BooksError(
                    f"line {number} of {note.symbol} is {one.state}, beside {others} foreign"
                )
        unit = 10 ** (DOLLAR_DECIMALS - note.sheet.terms.decimals)
        for row in note.rows:
            planned = note.sheet.line(row.line).line.payment * unit * row.units
            if parse_units(row.received, DOLLAR_DECIMALS) < planned:
                raise BooksError(f"line {row.line} of {row.note} paid less than was planned")

    def _page(self, rows: list[LineRow]) -> Page:
        paid = sum(parse_units(row.received, DOLLAR_DECIMALS) for row in rows)
        return Page(
            title=f"{self.terms.name} and {self.zero.sheet.terms.name}",
            subtitle="What was due by the terms, and what the vault paid",
            facts=(
                ("Issued", str(self.terms.issued)),
                ("Units", f"{self.table.total:,} of {self.terms.currency} {self.terms.unit}"),
                ("Paid in all", self.dollars(paid)),
                ("SHA-256 of the terms", self.terms.hash),
                ("Token", self.token.address),
                ("Token of the zero coupon", self.zero.found.token().address),
            ),
            tables=[
                PageTable(
                    f"{note.sheet.terms.name}, {note.symbol}: amounts of one unit",
                    (
                        "line>",
                        "pays",
                        "rate>",
                        "interest>",
                        "principal>",
                        "premium>",
                        "factor>",
                        "units>",
                        "paid>",
                    ),
                    [
                        (
                            str(row.line),
                            row.pays,
                            row.rate,
                            row.interest,
                            row.principal,
                            row.premium,
                            row.factor,
                            f"{row.units:,}",
                            self.dollars(parse_units(row.received, DOLLAR_DECIMALS)),
                        )
                        for row in note.rows
                    ],
                )
                for note in (self.note, self.zero)
            ],
            source=(
                "The factor is what is outstanding of each unit of the original principal. Each "
                "distribution has the SHA-256 of the file in lines/ that it was computed by."
            ),
        )


def _places(value: Fraction) -> str:
    return format_units(int(value * 10**PLACES), PLACES)
