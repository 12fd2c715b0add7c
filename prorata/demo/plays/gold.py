# SPDX-License-Identifier: MIT
"""Gold in a vault, played: a year of bars, of a fee paid in metal, and of bars delivered.

The list of bars is a document of the token, by its hash. A share is a part of the metal; how many
fine grams that is, the factor, is published at the end of each quarter and falls by the fee. The
keeper takes whole bars for it and sells them, and nothing is minted. Whoever wants a bar retires
the shares that are a claim on it, in a transaction that names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Final

from prorata.assets.bars import Bar, BarList, grams, read_bars
from prorata.assets.custody import Custody, CustodyTerms, factor_text
from prorata.demo.asset_play import DAY, AssetPlay, day_of, quarter_ends
from prorata.errors import BooksError, InputError
from prorata.files.csv_reader import Sheet
from prorata.files.writer import Row, csv_text, write_csv_rows, write_whole
from prorata.ledger.audits import Audit
from prorata.market.exchanges.elective import exchange_now
from prorata.market.exchanges.opening import open_exchange
from prorata.market.exchanges.retirement import RetirementNote, retirement_opening
from prorata.register.documents import read_documents, set_document
from prorata.reports.pages import Page, PageTable, write_page
from prorata.values.addresses import check_address

__all__ = ["GoldPlay"]

QUARTERS = 4
GRAM_PRICES: Final = (128_400_000, 131_150_000, 126_900_000, 134_275_000)
"""What a fine gram costs in each quarter, in the dollar's smallest unit."""

SOLD: Final = 1_250_000
"""What changes hands each quarter: 1,250 shares."""

DELIVERY_AFTER = 40 * DAY

CENT: Final = 10**4

BARS, FACTORS = "bars", "factors"
"""The names of the token's documents."""


class FactorRow(Row):
    """The factor at the end of a quarter, rounded down.

    Exactly it is the ratio of `claimed` and `shares`.
    """

    at: str
    days: int
    metal: str
    earned: str
    claimed: str
    shares: str
    factor: str
    bars: int
    list_hash: str


class GoneRow(Row):
    """A bar that has left the vault."""

    at: str
    serial: str
    fine: str
    to: str
    shares: str
    transaction: str


@dataclass(frozen=True)
class _Delivery:
    """Who wants which bar."""

    holder: str
    serial: str


class GoldPlay(AssetPlay):
    """A year of a vault."""

    NAME = "gold"
    FIRST = 300

    def promise(self) -> str:
        """What the asset is, in a few words."""
        return "bars of gold in a vault, divided into shares"

    def tell(self) -> None:
        """Raises: InputError; ChainError."""
        self.terms = CustodyTerms.load(self.files / "custody.yaml")
        self.listed = read_bars(self.files / "bars.csv")
        self.factors: list[FactorRow] = []
        self.gone: list[GoneRow] = []
        self.gone_bars: list[Bar] = []
        self._enter_vault()
        ends = quarter_ends(self.now, QUARTERS)
        for number, end in enumerate(ends):
            self.narrator.heading(f"Quarter {number + 1}")
            self._trade(number)
            if number == 1:
                self._deliver()
            self._end_quarter(end)
        self._weigh()

    # ---------------------------------------------------------------------------- the vault

    def _enter_vault(self) -> None:
        self.narrator.heading("Into the vault")
        with self.narrator.step("Bars are listed") as step:
            self._publish(self.listed)
            heaviest = max(self.listed, key=lambda bar: bar.fine)
            step.say(
                f"{len(self.listed)} bars, {grams(self.listed.fine)} fine grams in all; the "
                f"heaviest is {heaviest.serial}, of {grams(heaviest.fine)}. The hash of the "
                "list is a document of the token"
            )
        with self.narrator.step("Shares issued") as step:
            self.issue(self.asset, self.table)
            supply = self.token.total_supply()
            self.custody = Custody(self.listed, supply, self.settings.decimals)
            self.counted, self.published = self.now // DAY, self.now // DAY
            step.say(
                f"{self.shares(supply)} to {len(self.table)} holders: a share is "
                f"{factor_text(self.custody.factor)} fine grams"
            )
        with self.narrator.step("Deliveries opened") as step:
            opened = open_exchange(
                self.operator, self.exchange, retirement_opening(self.token.address)
            )
            self.deliveries = opened.id
            step.say("whoever retires the shares of a whole bar, and names it, gets it")

    def _publish(self, bars: BarList) -> None:
        """The hash of the list of bars, as a document of the token."""
        content = sha256(bars.text.encode()).digest()
        set_document(self.operator, self.asset, BARS, "bars.csv", content)

    def _trade(self, number: int) -> None:
        """Two holders trade at the price of the metal that a share is."""
        with self.narrator.step("Shares change hands") as step:
            holders = self.table.holdings
            seller, buyer = holders[2 * (number % 2)].address, holders[-1 - number].address
            price = GRAM_PRICES[number]
            cost = price * self.custody.factor * Fraction(SOLD, 1_000) // CENT * CENT
            self.trade(seller, buyer, SOLD, cost)
            step.say(
                f"{self.name(seller)} sells {self.shares(SOLD)} to {self.name(buyer)} "
                f"for {self.dollars(cost)}, at {self.dollars(price)} a fine gram"
            )

    def _accrue(self, moment: int) -> None:
        """Count the fee up to the beginning of the day of a moment."""
        self.custody = self.custody.accrued(self.terms, moment // DAY - self.counted)
        self.counted = moment // DAY

    def _end_quarter(self, end: int) -> None:
        self.demo_chain.travel(end)
        with self.narrator.step("The fee accrues") as step:
            self._accrue(end + 1)
            days = self.counted - self.published
            self.published = self.counted
            step.say(
                f"{days} days; {self.terms.keeper} has earned {grams(self.custody.earned)} fine "
                "grams that it has not taken"
            )
        self._take(end)
        with self.narrator.step("The factor is published") as step:
            bars, custody = self.custody.bars, self.custody
            self._publish(bars)
            row = FactorRow(
                at=day_of(end),
                days=days,
                metal=grams(bars.fine),
                earned=grams(custody.earned),
                claimed=grams(custody.claimed),
                shares=self.shares(custody.shares),
                factor=factor_text(custody.factor),
                bars=len(bars),
                list_hash=f"0x{sha256(bars.text.encode()).hexdigest()}",
            )
            self.factors.append(row)
            content = sha256(csv_text(FactorRow, self.factors).encode()).digest()
            set_document(self.operator, self.asset, FACTORS, "factors.csv", content)
            was = self.factors[-2].factor if len(self.factors) > 1 else factor_text(Fraction(1))
            step.say(
                f"a share is {row.factor} fine grams, and was {was}; there are {row.shares} "
                "shares: nothing is minted for fees"
            )

    def _take(self, end: int) -> None:
        taken = self.custody.takeable()
        with self.narrator.step("The keeper sells metal") as step:
            if not taken:
                step.say("no bar is as light as what it has earned")
                return
            self.custody = self.custody.taken(taken)
            for bar in taken:
                self._leaves(bar, end, f"{self.terms.keeper}, for the fee", "", "")
            fine = sum(bar.fine for bar in taken)
            named = ", ".join(bar.serial for bar in taken)
            step.say(
                f"{named}: {grams(fine)} fine grams for what it has earned; "
                f"{grams(self.custody.earned)} stay for the next bar"
            )

    def _leaves(self, bar: Bar, at: int, to: str, shares: str, transaction: str) -> None:
        self.gone_bars.append(bar)
        self.gone.append(
            GoneRow(
                at=day_of(at),
                serial=bar.serial,
                fine=grams(bar.fine),
                to=to,
                shares=shares,
                transaction=transaction,
            )
        )

    def _weigh(self) -> None:
        self.narrator.heading("The metal")
        with self.narrator.step("What came in") as step:
            gone, custody = sum(bar.fine for bar in self.gone_bars), self.custody
            missing = self.listed.fine - custody.bars.fine - gone
            step.say(
                f"{grams(self.listed.fine)} fine grams = {grams(custody.bars.fine)} in the vault "
                f"+ {grams(gone)} that left; difference {grams(missing)}"
            )
            step.say(
                f"in the vault = {grams(custody.claimed)} of all shares + {grams(custody.earned)} "
                "that the keeper has earned"
            )

    # -------------------------------------------------------------------------- delivery

    def _deliver(self) -> None:
        wanted = self._wanted()
        self.demo_chain.travel(self.now + DELIVERY_AFTER)
        self._accrue(self.now)
        for one in wanted:
            bar = self.custody.bars.bar(one.serial)
            needed = self.custody.shares_for(bar)
            with self.narrator.step(f"Bar {bar.serial} delivered") as step:
                name = self.name(one.holder)
                note = RetirementNote.of(name, f"Delivery of bar {bar.serial}")
                done = exchange_now(
                    self.operator_of(one.holder),
                    self.exchange,
                    self.deliveries,
                    needed,
                    note=note.note,
                )
                before = self.custody.factor
                self.custody = self.custody.delivered(bar, done.shares)
                self._leaves(bar, self.now, name, self.shares(done.shares), done.receipt.hash)
                self._publish(self.custody.bars)
                risen = self.custody.factor >= before
                step.say(
                    f"{name} retires {self.shares(needed)}, a claim on its "
                    f"{grams(bar.fine)} fine grams; the factor of the others "
                    "does not fall by it"
                    if risen
                    else "falls by it"
                )
        with self.narrator.step("A bar asked for twice") as step:
            try:
                self.custody.bars.bar(wanted[0].serial)
            except InputError as refused:
                step.say(str(refused))

    def _wanted(self) -> list[_Delivery]:
        """Who wants which bar, by the file.

        Raises: InputError with every fault in it.
        """
        path = self.files / "deliveries.csv"
        sheet = Sheet(str(path), ("address", "serial"), row="delivery")
        found = []
        for line, row in sheet.rows(Sheet.read(path)):
            holder = sheet.cell(line, row, "address", lambda cell: check_address("address", cell))
            bar = sheet.cell(line, row, "serial", self.listed.bar)
            if holder is not None and bar is not None:
                found.append(_Delivery(holder, bar.serial))
        sheet.check()
        return found

    # ----------------------------------------------------------------------------- books

    def write(self, found: Audit) -> Iterator[str]:
        """The metal's own books, and its pages.

        Raises: BooksError when metal is missing, or the token says something else.
        """
        self._check(found)
        custody = self.custody
        write_whole(self.out / "bars.csv", custody.bars.text)
        write_csv_rows(self.out / "factors.csv", FactorRow, self.factors)
        write_csv_rows(self.out / "bars-gone.csv", GoneRow, self.gone)
        write_page(self._page(), self.out / "bars.html")
        yield "bars.html       the bars, the factor of each quarter, what has left"
        yield "bars.csv        the list whose hash the token has"
        yield "factors.csv     what a share was at the end of each quarter"
        yield "bars-gone.csv   which bars left, and to whom"
        yield "exchanges.csv   the shares that were retired for bars"
        yield "books.json      everything, for a program"

    def _check(self, found: Audit) -> None:
        custody, gone = self.custody, sum(bar.fine for bar in self.gone_bars)
        supply = found.books.ledgers[self.token.address].total_supply
        documents = {one.name: one.content_hash for one in read_documents(self.token)}
        factors = csv_text(FactorRow, self.factors)
        for what, ours, theirs in (
            ("fine milligrams came in", self.listed.fine, custody.bars.fine + gone),
            ("shares are there", custody.shares, supply),
            ("is the list's hash", sha256(custody.bars.text.encode()).digest(), documents[BARS]),
            ("is the factors' hash", sha256(factors.encode()).digest(), documents[FACTORS]),
        ):
            if ours != theirs:
                raise BooksError(f"{ours!r} {what}, and {theirs!r} by the other side")

    def _page(self) -> Page:
        custody = self.custody
        listed = [
            (row.serial, row.refiner, row.fineness, grams(bar.weight), grams(bar.fine))
            for bar, row in ((bar, bar.row) for bar in custody.bars)
        ]
        weight = sum(bar.weight for bar in custody.bars)
        last = self.factors[-1]
        total = (f"{len(custody.bars)} bars", "", "", grams(weight), grams(custody.bars.fine))
        return Page(
            title=f"{self.settings.name}: bars in the vault",
            subtitle=f"{self.terms.vault}, kept by {self.terms.keeper}, as of {last.at}",
            facts=(
                ("Fine grams of a share", last.factor),
                ("Shares", last.shares),
                ("Fine grams of all shares", last.claimed),
                ("Earned by the keeper, not taken", f"{last.earned} fine grams"),
                ("In the vault", f"{last.metal} fine grams in {last.bars} bars"),
                ("SHA-256 of the list", last.list_hash),
                ("Token", self.token.address),
            ),
            tables=(
                PageTable(
                    "What a share is",
                    ("at", "days>", "in the vault>", "earned>", "shares>", "fine grams a share>"),
                    [
                        (one.at, str(one.days), one.metal, one.earned, one.shares, one.factor)
                        for one in self.factors
                    ],
                ),
                PageTable(
                    "Bars that have left",
                    ("at", "bar", "fine grams>", "to", "for shares>"),
                    [(one.at, one.serial, one.fine, one.to, one.shares) for one in self.gone],
                ),
                PageTable(
                    "Bars",
                    ("serial", "refiner", "fineness>", "weight>", "fine grams>"),
                    listed,
                    total,
                ),
            ),
            source=(
                "A share is a part of the metal less what the keeper has earned of it. The list is "
                "the file bars.csv beside this page; its SHA-256 is the document “bars” of the "
                "token, which anybody can compare."
            ),
        )
