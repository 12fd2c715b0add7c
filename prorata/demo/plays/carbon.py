# SPDX-License-Identifier: MIT
"""Carbon credits, played: issued by serial, sold, retired for somebody, and never issued again.

A project has a token for each vintage and set of labels. Batches of serials are issued, a tenth of
each to the registry's buffer. Whoever uses credits retires them, with a beneficiary and a reason;
the certificate names the serials and is pending until the registry has filed it. Serials that the
registry invalidates afterwards are an event of the token, and as many of the buffer are cancelled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from prorata.assets.asset import Asset
from prorata.assets.credits import Batch, Serials, parse_batches, read_batches, serials_between
from prorata.demo.asset_play import DAY, AssetPlay
from prorata.deployments.deployment import Deployment
from prorata.errors import BooksError, InputError
from prorata.files.csv_reader import Sheet
from prorata.files.writer import Row, prepare_folder, write_csv_rows
from prorata.ledger.audits import Audit
from prorata.market.exchanges.elective import exchange_now
from prorata.market.exchanges.opening import open_exchange
from prorata.market.exchanges.retirement import RetirementNote, retirement_opening
from prorata.register.captable import CapTable, Holding
from prorata.register.documents import read_documents, set_document
from prorata.register.enforcement import Basis, burn
from prorata.reports.certificates import Certificate, certificates_of, write_certificate
from prorata.reports.pages import Page, PageTable, write_page
from prorata.reports.retirement_log import (
    invalidation_name,
    invalidation_uri,
    with_serials,
)
from prorata.values.amounts import parse_units
from prorata.values.words import counted, listed

__all__ = ["CarbonPlay"]

SECOND = "asset-2025.yaml"
SECOND_HOLDERS = "holders-2025.csv"


@dataclass
class Vintage:
    """One token: its credits, and what became of them."""

    found: Deployment
    table: CapTable
    batches: Sequence[Batch]
    exchange: int = 0
    cancelled: list[Serials] = field(default_factory=list)

    @property
    def symbol(self) -> str:
        """What it is called."""
        return self.found.settings.symbol

    @property
    def issued(self) -> int:
        """Credits of all batches."""
        return sum(len(batch.serials) for batch in self.batches)

    @property
    def kept(self) -> list[Serials]:
        """The serials of the buffer."""
        return [kept for batch in self.batches if (kept := batch.kept) is not None]


class RetiredRow(Row):
    """A retirement as its log has it."""

    certificate: str
    credits: int
    serials: str
    beneficiary: str
    reason: str
    state: str
    reference: str
    invalidated: str
    at: str
    transaction: str


class CarbonPlay(AssetPlay):
    """Two vintages of one project."""

    NAME = "carbon"
    FIRST = 400

    def promise(self) -> str:
        """What the asset is, in a few words."""
        return "carbon credits by serial number, retired for good"

    def tell(self) -> None:
        """Raises: InputError; ChainError."""
        batches = read_batches(self.files / "batches.csv")
        later = Asset.load(self.files / SECOND)
        with self.narrator.step("A token a vintage") as step:
            second = self.deploy(later)
            self.appoint_holds(second)
            step.say(
                f"{self.settings.symbol} and {later.symbol} have one project, and each one vintage "
                "and one set of labels: credits that differ are never mixed"
            )
        tables = self.table, self.read_table(SECOND_HOLDERS, later)
        self.vintages = {
            found.settings.symbol: Vintage(
                found, table, [one for one in batches if one.token == found.settings.symbol]
            )
            for found, table in zip(self.tokens, tables, strict=True)
        }
        self.developer, self.buffer = self.table.holdings[0].address, self.table.holdings[1].address
        self._issue()
        self._sell()
        self._retire()
        self._file()
        self._invalidate()
        self._count()

    # ------------------------------------------------------------------------ issue and sale

    def _issue(self) -> None:
        self.narrator.heading("Issue")
        for vintage in self.vintages.values():
            for batch in vintage.batches:
                with self.narrator.step(f"Batch of {vintage.symbol}") as step:
                    table = CapTable(
                        (
                            Holding(self.developer, len(batch.sold), "", ""),
                            Holding(self.buffer, batch.buffer, "", ""),
                        )
                    )
                    self.issue(vintage.found, table, tranche=batch.name)
                    step.say(
                        f"serials {batch.serials.text}: {len(batch.sold):,} to "
                        f"{self.name(self.developer)}, {batch.buffer:,} to the buffer"
                    )
        with self.narrator.step("A serial twice") as step:
            path = self.files / "batches.csv"
            again = "MDR24,Mangrove Delta Restoration,2024,CCP+SDG,VR-1187-2024,4901,5900,0\n"
            try:
                parse_batches(path.read_text(encoding="utf-8") + again, path.name)
            except InputError as refused:
                step.say(f"is refused: {refused}")

    def _sell(self) -> None:
        self.narrator.heading("Sale")
        for vintage in self.vintages.values():
            with self.narrator.step(f"{vintage.symbol} is sold") as step:
                price = parse_units(vintage.found.settings.unit_price.split()[0], 6)
                buyers = vintage.table.holdings[2:]
                for one in buyers:
                    self.trade_in(
                        vintage.found, self.developer, one.address, one.shares, one.shares * price
                    )
                sold = sum(one.shares for one in buyers)
                step.say(
                    f"{sold:,} credits to {counted(len(buyers), 'buyer')} for "
                    f"{self.dollars(price)} each: the developer signs orders, and they fill them"
                )

    # ---------------------------------------------------------------------------- retirement

    def _retire(self) -> None:
        self.narrator.heading("Retirement")
        with self.narrator.step("Retirement opened") as step:
            for vintage in self.vintages.values():
                opening = retirement_opening(vintage.found.token().address)
                vintage.exchange = open_exchange(self.operator, self.exchange, opening).id
            step.say("credits that are retired are burnt, for nothing and for ever")
        wanted = [*self._wanted()]
        for symbol, holder, count, note in wanted:
            with self.narrator.step(f"{count:,} {symbol} retired") as step:
                self.demo_chain.travel(self.now + DAY)
                vintage = self.vintages[symbol]
                exchange_now(
                    self.operator_of(holder),
                    self.exchange,
                    vintage.exchange,
                    count,
                    note=note.note,
                )
                made = self._certificates(vintage)[-1]
                step.say(f"for {note.beneficiary}: {note.reason}; {', '.join(made.serials)}")
        with self.narrator.step("More than one has") as step:
            symbol, holder, _, note = wanted[2]
            vintage = self.vintages[symbol]
            try:
                exchange_now(
                    self.operator_of(holder),
                    self.exchange,
                    vintage.exchange,
                    vintage.found.token().balance_of(holder) + 1,
                    note=note.note,
                )
            except InputError as refused:
                step.say(f"is refused: {refused}")

    def _wanted(self) -> Iterator[tuple[str, str, int, RetirementNote]]:
        """Who retires what, by the file.

        Raises: InputError with every fault in it.
        """
        path = self.files / "retirements.csv"
        columns = ("token", "address", "credits", "beneficiary", "reason")
        sheet = Sheet(str(path), columns, row="retirement")
        for line, row in sheet.rows(Sheet.read(path)):
            count = sheet.cell(line, row, "credits", lambda cell: parse_units(cell, 0))
            note = RetirementNote.of(row["beneficiary"], row["reason"])
            if count is not None:
                yield row["token"], row["address"], count, note
        sheet.check()

    def _certificates(self, vintage: Vintage) -> list[Certificate]:
        made = certificates_of(vintage.found, self.exchange)
        return with_serials(made, vintage.batches, read_documents(vintage.found.token()))

    # ------------------------------------------------------------------------- the registry

    def _rows(self, name: str, columns: Sequence[str]) -> Iterator[dict[str, str]]:
        """The lines of a file of the registry's.

        Raises: InputError.
        """
        path = self.files / name
        sheet = Sheet(str(path), columns, row="line")
        yield from (row for _, row in sheet.rows(Sheet.read(path)))
        sheet.check()

    def _file(self) -> None:
        self.narrator.heading("The registry")
        with self.narrator.step("References are filed") as step:
            columns = ("token", "retirement", "reference")
            rows = [*self._rows("references.csv", columns)]
            for row in rows:
                vintage = self.vintages[row["token"]]
                one = self._certificates(vintage)[int(row["retirement"]) - 1]
                content = sha256(row["reference"].encode()).digest()
                set_document(self.operator, vintage.found, one.number, row["reference"], content)
            made = [
                one for vintage in self.vintages.values() for one in self._certificates(vintage)
            ]
            pending = [one for one in made if one.state == "pending"]
            step.say(
                f"{len(made) - len(pending)} of {len(made)} certificates have one, as a document "
                f"of the token; {len(pending)} are pending until theirs is filed"
            )

    def _invalidate(self) -> None:
        columns = ("token", "prefix", "first", "last", "notice", "reason")
        for row in self._rows("invalidations.csv", columns):
            vintage = self.vintages[row["token"]]
            serials = Serials(row["prefix"], int(row["first"]), int(row["last"]))
            with self.narrator.step("Serials are invalidated") as step:
                digest = sha256(f"{row['notice']}: {row['reason']}".encode()).digest()
                set_document(
                    self.operator,
                    vintage.found,
                    invalidation_name(serials),
                    invalidation_uri(serials, row["notice"]),
                    digest,
                )
                touched = [one for one in self._certificates(vintage) if one.invalid]
                step.say(
                    f"{serials.text} by notice {row['notice']}: {row['reason']}. An event of the "
                    f"token says so for ever, and so do the certificates of "
                    f"{listed([one.beneficiary for one in touched])}"
                )
            self._cancel(vintage, serials, f"{row['notice']}: {row['reason']}", digest)

    def _cancel(self, vintage: Vintage, serials: Serials, reason: str, digest: bytes) -> None:
        """As many credits of the buffer are cancelled as were invalidated."""
        with self.narrator.step("The buffer stands in") as step:
            before = sum(len(one) for one in vintage.cancelled)
            gone = serials_between(vintage.kept, before, len(serials))
            basis = Basis.of(reason, f"0x{digest.hex()}")
            burn(self.operator, vintage.found, basis, holder=self.buffer, amount=len(serials))
            vintage.cancelled += gone
            step.say(
                f"{', '.join(one.text for one in gone)} are cancelled by order, one for each: "
                "nothing is issued in their place"
            )

    def _count(self) -> None:
        self.narrator.heading("The credits")
        for vintage in self.vintages.values():
            with self.narrator.step(f"All of {vintage.symbol}") as step:
                retired, cancelled, circulating, missing = self._sums(vintage)
                step.say(
                    f"{vintage.issued:,} issued = {circulating:,} held + {retired:,} retired + "
                    f"{cancelled:,} cancelled; difference {missing:,}"
                )

    def _sums(self, vintage: Vintage) -> tuple[int, int, int, int]:
        """What was retired, cancelled and is held, and what is missing of all."""
        retired = sum(one.shares.units for one in self._certificates(vintage))
        cancelled = sum(len(one) for one in vintage.cancelled)
        held = vintage.found.token().total_supply()
        return retired, cancelled, held, vintage.issued - held - retired - cancelled

    # ---------------------------------------------------------------------------------- files

    def write(self, found: Audit) -> Iterator[str]:
        """Certificates, the log of retirements, and its page.

        Raises: BooksError when a credit is missing.
        """
        pages = self.out / "certificates"
        prepare_folder(pages, ("*.html", "*.json"))
        rows = []
        for vintage in self.vintages.values():
            self._check(vintage, found)
            for one in self._certificates(vintage):
                write_certificate(one, pages / f"{one.number}.html")
                rows.append(_row(one))
        write_csv_rows(self.out / "retirements.csv", RetiredRow, rows)
        write_page(self._page(rows), self.out / "credits.html")
        yield "credits.html      batches, retirements with serials, what was invalidated"
        yield f"certificates/     {len(rows)} certificates, each as a page and as JSON"
        yield "retirements.csv   the log: serials, beneficiaries, references"
        yield "MDR25/            the same files of the second vintage"
        yield "books.json        everything, for a program"

    def _check(self, vintage: Vintage, found: Audit) -> None:
        retired, cancelled, _, missing = self._sums(vintage)
        held = found.books.ledgers[vintage.found.token().address].total_supply
        if missing or held != vintage.issued - retired - cancelled:
            raise BooksError(f"credits of {vintage.symbol} are missing")

    def _page(self, rows: Sequence[RetiredRow]) -> Page:
        facts = []
        for vintage in self.vintages.values():
            retired, cancelled, held, missing = self._sums(vintage)
            said = (
                f"{vintage.issued:,} issued = {held:,} held + {retired:,} retired + "
                f"{cancelled:,} cancelled; difference {missing:,}"
            )
            facts.append((vintage.symbol, said))
        batches = [
            (
                batch.token,
                str(batch.vintage),
                ", ".join(batch.labels),
                batch.serials.text,
                f"{len(batch.serials):,}",
                f"{batch.buffer:,}",
            )
            for vintage in self.vintages.values()
            for batch in vintage.batches
        ]
        return Page(
            title=self.vintages[self.settings.symbol].batches[0].project,
            subtitle="Credits issued, retired and cancelled, by serial number",
            facts=facts,
            tables=(
                PageTable(
                    "Batches",
                    ("token", "vintage", "labels", "serials", "credits>", "of them buffer>"),
                    batches,
                ),
                PageTable(
                    "Retirements",
                    ("certificate", "credits>", "serials", "for", "registry"),
                    [
                        (
                            one.certificate,
                            f"{one.credits:,}",
                            one.serials,
                            f"{one.beneficiary}: {one.reason}",
                            f"{one.state} {one.reference}".strip(),
                        )
                        for one in rows
                    ],
                ),
                PageTable(
                    "Cancelled from the buffer",
                    ("token", "serials", "credits>"),
                    [
                        (vintage.symbol, one.text, f"{len(one):,}")
                        for vintage in self.vintages.values()
                        for one in vintage.cancelled
                    ],
                ),
            ),
            source=(
                "Serials follow the order of retirements on the chain, first in, first out. "
                "References and invalidations are documents of the token."
            ),
        )


def _row(one: Certificate) -> RetiredRow:
    return RetiredRow(
        certificate=one.number,
        credits=one.shares.units,
        serials="; ".join(one.serials),
        beneficiary=one.beneficiary,
        reason=one.reason,
        state=one.state,
        reference=one.reference,
        invalidated="; ".join(one.invalid),
        at=one.day,
        transaction=one.transaction,
    )
