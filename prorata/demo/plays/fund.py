# SPDX-License-Identifier: MIT
"""A money market fund, played: income by the day, paid by the month; money in and out at its value.

Every day has a record, and a published factor: what a share earned. At the end of a month a record
range over all its days weighs each by its factor, and one distribution pays everybody for the days
that they were there. Money comes in and goes out by calls whose price is named afterwards, and at
once within a day's limit. Income is expenses, a distribution, or still there, to the unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from prorata.assets.calendars import Roll, find_calendar
from prorata.assets.schedules.fixings import read_fixings
from prorata.assets.schedules.sheets import ScheduleSheet
from prorata.assets.schedules.terms import ScheduleTerms
from prorata.assets.schedules.values import Day, Percent
from prorata.contracts.call_terms import Side, Wanted
from prorata.contracts.vault import Terms
from prorata.demo.asset_play import DOLLAR_DECIMALS, AssetPlay
from prorata.deployments.deployment import Deployment
from prorata.deployments.roles import add_agent, find_governed, remove_agent
from prorata.errors import BooksError, InputError
from prorata.files.models import validated
from prorata.files.writer import Row, csv_text, write_csv_rows
from prorata.files.yaml_reader import read_yaml
from prorata.income.declarations import declare
from prorata.income.factor_weights import FACTOR_DECIMALS, parse_factors
from prorata.income.pushes import push_all
from prorata.income.record_ranges import define_range
from prorata.ledger.audits import Audit
from prorata.market.calls.drafts import draft_call
from prorata.market.calls.endings import close_call
from prorata.market.calls.known_calls import KnownCall
from prorata.market.calls.openings import open_call
from prorata.market.calls.placements import place_order
from prorata.market.calls.settlements import settle_call
from prorata.market.calls.term_files import read_terms
from prorata.market.exchanges.elective import exchange_now
from prorata.market.exchanges.opening import open_exchange
from prorata.market.exchanges.steps import close_exchange, set_price
from prorata.market.exchanges.terms import read_exchange_file, resolve_exchange
from prorata.reports.pages import Page, PageTable, write_page
from prorata.values.amounts import format_units, parse_units
from prorata.values.kinds import Kind
from prorata.values.times import moment

__all__ = ["FundPlay"]

EXAMPLE = "examples/fund/fund.yaml"

VALUER, MANAGER, CUSTODIAN = 1_001, 1_002, 1_003
"""Indices in the rehearsal wallet: who names values, who is paid for expenses, who has the note."""

CUT_OFF = time(21)
"""When the record of a day closes, in UTC."""

MONTH_DAYS = 360
YEAR_DAYS = 365
NAV_DECIMALS = 4
CENT = 10**4
PAR = 10**DOLLAR_DECIMALS
"""What a share is worth when nothing is gained or lost."""

SUBSCRIBED_ON, EXITED_ON, REDEEMED_ON = 11, 18, 15
"""The days of the first month on which money comes in and goes out, and that of the second."""

SUBSCRIBERS: Mapping[int, int] = {1: 1_500_000, 4: 40_000}
EXITS: Mapping[int, int] = {5: 300_000, 7: 120_000, 6: 50_000}
REDEEMERS: Mapping[int, int] = {0: 900_000, 2: 250_000}
"""By the place in the table: dollars that come in, and whole shares that go out."""


class FundFile(BaseModel):
    """How the fund is run, as its file says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    opens: Day
    units: Annotated[int, Field(gt=0)]
    expenses: Percent
    months: tuple[str, ...]

    @classmethod
    def load(cls, path: Path) -> FundFile:
        """From a YAML file.

        Raises: InputError with every fault in it, or when it cannot be read.
        """
        return validated(cls, read_yaml(path, "fund", EXAMPLE), EXAMPLE, str(path))


class FactorRow(Row):
    """A day as `record-range --weights` reads it."""

    date: str
    factor: str
    days: int


class NavRow(Row):
    """The value at the end of a month: income, expenses, net assets, rounding, in this order."""

    at: str
    income: str
    expenses: str
    distributed: str
    net_assets: str
    shares: str
    exact: str
    nav: str


@dataclass
class Month:
    """One month: its days with their records, and what it brought."""

    first: date
    days: list[date]
    records: list[int]
    rows: list[FactorRow] = field(default_factory=list)
    income: int = 0
    expenses: int = 0
    distributed: int = 0
    distribution: int = 0


class FundPlay(AssetPlay):
    """Two months of a fund."""

    NAME = "fund"
    FIRST = 800

    def promise(self) -> str:
        """What the asset is, in a few words."""
        return "a money market fund, with income by the day"

    def tell(self) -> None:
        """Raises: InputError; ChainError."""
        self.rules = FundFile.load(self.files / "fund.yaml")
        terms = ScheduleTerms.load(self.files / "portfolio.yaml")
        self.portfolio = ScheduleSheet(terms)
        self.fixings = read_fixings(self.files / "fixings.csv")
        self.calendar = find_calendar("US bond", self.files)
        self.months: list[Month] = []
        self.navs: list[NavRow] = []
        self._open_fund()
        for number, name in enumerate(self.rules.months):
            self._month(number, date.fromisoformat(f"{name}-01"))
        self._add_up()

    # ------------------------------------------------------------------------------ opening

    def _open_fund(self) -> None:
        self.narrator.heading("The fund opens")
        with self.narrator.step("Shares issued") as step:
            self.demo_chain.travel(_second(self.rules.opens, time(14)))
            self.valuer, self.manager, self.custodian = self.enter(VALUER, MANAGER, CUSTODIAN)
            self.issue(self.asset, self.table)
            self.till = self.dollar.balance_of(self.issuer)
            money = self.table.total * CENT
            self.give_money(self.issuer, money)
            step.say(
                f"{self.shares(self.table.total)} to {len(self.table)} holders, for "
                f"{self.dollars(money)}"
            )
        with self.narrator.step("A note is bought") as step:
            self.notional = self.rules.units * parse_units(
                self.portfolio.terms.unit, DOLLAR_DECIMALS
            )
            buy = self.dollar.transfer(self.custodian, self.notional)
            self.send(self.issuer, "buy the note", buy)
            step.say(
                f"{self.dollars(self.notional)} at overnight rates compounded in arrears, ACT/360; "
                f"{self.dollars(self._cash())} stay in cash"
            )

    def _cash(self) -> int:
        """The fund's money on the chain."""
        return self.dollar.balance_of(self.issuer) - self.till

    # ------------------------------------------------------------------------------- months

    def _month(self, number: int, first: date) -> None:
        self.narrator.heading(f"{first:%B %Y}")
        after = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
        days = [first + timedelta(days=n) for n in range((after - first).days)]
        with self.narrator.step("A record for every day") as step:
            records = [self.schedule(self.asset, _second(day, CUT_OFF)) for day in days]
            month = Month(first, days, records)
            self.months.append(month)
            step.say(f"{len(days)} records, {records[0]} to {records[-1]}, at {CUT_OFF:%H:%M} UTC")
        if number == 0:
            self._subscribe(days[SUBSCRIBED_ON - 1])
            self._exit(days[EXITED_ON - 1])
        else:
            self._redeem(days[REDEEMED_ON - 1])
        self.demo_chain.travel(_second(after, time(9)))
        self._close_month(month, number)

    def _close_month(self, month: Month, number: int) -> None:
        supplies = self.token.total_supplies_at(month.records)
        with self.narrator.step("Factors are published") as step:
            month.rows = [self._factor(day) for day in month.days]
            self._earn(month, supplies, number)
            sum_ = sum(parse_units(row.factor, FACTOR_DECIMALS) for row in month.rows)
            step.say(
                f"{len(month.rows)} daily factors, which add up to "
                f"{format_units(sum_, FACTOR_DECIMALS)} a share; the fund has received "
                f"{self.dollars(month.income)} and paid {self.dollars(month.expenses)} of expenses"
            )
        with self.narrator.step("The month is paid") as step:
            factors = parse_factors(csv_text(FactorRow, month.rows), "factors.csv")
            range_ = define_range(
                self.operator, self.asset, month.records[0], month.records[-1], weights=factors
            )
            self.asset = self.tokens[0] = Deployment.open(self.demo_chain.chain, self.asset.folder)
            self.record_ranges = [range_.address]
            weighted = sum(w * s for w, s in zip(range_.weights, supplies, strict=True))
            month.distributed = weighted * PAR // 10 ** (FACTOR_DECIMALS + self.settings.decimals)
            done = declare(
                self.operator,
                self.asset,
                record_id=range_.id,
                currency=self.dollar,
                amount=month.distributed,
                terms=Terms(Kind.DIVIDEND),
                record_range=True,
            )
            push_all(self.operator, self.asset, done.id)
            month.distribution = done.id
            step.say(
                f"{self.dollars(month.distributed)} by one distribution over record range "
                f"{range_.id}, which weighs each day by its factor: who came late has less"
            )
        self._value(month)

    def _factor(self, day: date) -> FactorRow:
        """What a share earns in a day: the overnight rate less expenses, rounded down."""
        rate = self._rate(day)
        exact = rate / MONTH_DAYS - self.rules.expenses / YEAR_DAYS
        factor = int(exact * 10**FACTOR_DECIMALS)
        return FactorRow(
            date=str(day), factor=format_units(factor, FACTOR_DECIMALS, grouping=False), days=1
        )

    def _rate(self, day: date) -> Fraction:
        """The overnight rate of a day: over a weekend or a holiday, the one before."""
        return self.fixings[self.calendar.rolled(day, Roll.PRECEDING)]

    def _earn(self, month: Month, supplies: Sequence[int], number: int) -> None:
        """The note pays its coupon, cash has earned by the day, and expenses are paid."""
        line = self.portfolio.lines[number].line
        coupon = line.interest * CENT
        cash = Fraction(0)
        expenses = Fraction(0)
        for day, supply in zip(month.days, supplies, strict=True):
            assets = supply * CENT
            cash += (assets - self.notional) * self._rate(day) / MONTH_DAYS
            expenses += assets * self.rules.expenses / YEAR_DAYS
        month.income = coupon + int(cash / CENT) * CENT
        month.expenses = int(expenses / CENT) * CENT
        self.give_money(self.issuer, month.income)
        pay = self.dollar.transfer(self.manager, month.expenses)
        self.send(self.issuer, "expenses", pay)

    def _value(self, month: Month) -> None:
        """Income, expenses, what was distributed; the value of a share; and its rounding."""
        with self.narrator.step("The fund is valued") as step:
            assets, supply = self._cash() + self.notional, self.token.total_supply()
            exact = Fraction(assets, supply * CENT)
            nav = _rounded(exact)
            row = NavRow(
                at=str(month.days[-1]),
                income=self._text(month.income),
                expenses=self._text(month.expenses),
                distributed=self._text(month.distributed),
                net_assets=self._text(assets),
                shares=self.shares(supply),
                exact=format_units(int(exact * 10**FACTOR_DECIMALS), FACTOR_DECIMALS),
                nav=nav,
            )
            self.navs.append(row)
            step.say(
                f"{self.dollars(assets)} of net assets and {row.shares} shares: {row.exact} a "
                f"share, {nav} rounded"
            )

    @staticmethod
    def _text(amount: int) -> str:
        return format_units(amount, DOLLAR_DECIMALS)

    # ------------------------------------------------------------------------- in and out

    def _terms_file(self, name: str, closes_at: int) -> Path:
        """The terms of a call, with what is added to them."""
        path = self.folder / name
        text = (self.files / name).read_text(encoding="utf-8")
        added = f'closes: {moment(closes_at)}\nvaluer: "{self.valuer}"\n'
        path.write_text(f"{text}{added}", encoding="utf-8")
        return path

    def _call(self, name: str, noun: str, closes_at: int) -> KnownCall:
        written = read_terms(self._terms_file(name, closes_at), noun)
        drafted = draft_call(self.asset, written, self.issuer)
        return open_call(self.operator, self.asset, self.auction, drafted).call

    def _close_call(self, call: KnownCall) -> int:
        """The valuer names the price, and everybody is delivered; shares that moved."""
        self.demo_chain.travel(call.terms.closes_at + 1)
        close_call(self.operator_of(self.valuer), call, PAR)
        settle_call(self.operator, call)
        return call.state.delivered * call.terms.lot

    def _subscribe(self, day: date) -> None:
        with self.narrator.step("Money comes in") as step:
            self.demo_chain.travel(_second(day, time(9)))
            token = find_governed(self.asset, "token")
            add_agent(self.operator, token, self.auction.address)
            call = self._call("subscription.yaml", "offer", _second(day, time(16)))
            for place, dollars in SUBSCRIBERS.items():
                holder = self.table.holdings[place].address
                self.give_money(holder, dollars * PAR)
                operator = self.operator_of(holder)
                place_order(operator, call, Wanted(Side.BID, dollars * PAR, call.terms.last_step))
            moved = self._close_call(call)
            remove_agent(self.operator, self.asset, token, self.auction.address)
            step.say(
                f"{self.dollars(sum(SUBSCRIBERS.values()) * PAR)} for {self.shares(moved)} new "
                "shares, at the value that was named after the orders were in"
            )

    def _exit(self, day: date) -> None:
        self.demo_chain.travel(_second(day, time(9)))
        path = self.folder / "exit.yaml"
        text = (self.files / "exit.yaml").read_text(encoding="utf-8")
        path.write_text(f'{text}valuer: "{self.valuer}"\n', encoding="utf-8")
        opening = resolve_exchange(read_exchange_file(path), self.asset, self.issuer)
        number = open_exchange(self.operator, self.exchange, opening).id
        set_price(self.operator_of(self.valuer), self.exchange, number, PAR, self.now)
        unit = 10**self.settings.decimals
        with self.narrator.step("Out at once") as step:
            gone, refusals = 0, []
            for place, shares in EXITS.items():
                holder = self.table.holdings[place].address
                try:
                    done = exchange_now(
                        self.operator_of(holder), self.exchange, number, shares * unit
                    )
                    gone += done.shares
                except InputError as refused:
                    refusals.append(f"{self.name(holder)}, {refused}")
            step.say(
                f"{self.shares(gone)} shares go back for {self.dollars(gone * CENT)}, which is "
                "there: no order waits"
            )
        with self.narrator.step("The day's limit") as step:
            for refusal in refusals:
                step.say(refusal)
            close_exchange(self.operator, self.exchange, number)

    def _redeem(self, day: date) -> None:
        with self.narrator.step("Money goes out") as step:
            self.demo_chain.travel(_second(day - timedelta(days=1), time(9)))
            call = self._call("window.yaml", "window", _second(day, time(16)))
            for place, shares in REDEEMERS.items():
                holder = self.table.holdings[place].address
                place_order(self.operator_of(holder), call, Wanted(Side.ASK, shares))
            bought = self._close_call(call)
            step.say(
                f"{self.shares(bought)} shares of {len(REDEEMERS)} holders for "
                f"{self.dollars(bought * CENT)}, at the value that was named afterwards"
            )
        with self.narrator.step("They are cancelled") as step:
            burn_ = self.token.burn(self.issuer, bought)
            self.send(self.issuer, "cancel", burn_)
            step.say(f"{self.shares(self.token.total_supply())} are left")

    # --------------------------------------------------------------------------------- books

    def _add_up(self) -> None:
        self.narrator.heading("The money")
        with self.narrator.step("What came in") as step:
            income, expenses, paid = (
                sum(getattr(month, name) for month in self.months)
                for name in ("income", "expenses", "distributed")
            )
            assets = self._cash() + self.notional
            worth = self.token.total_supply() * CENT
            kept = income - expenses - paid
            missing = assets - worth - kept
            step.say(
                f"{self.dollars(income)} of income = {self.dollars(expenses)} of expenses + "
                f"{self.dollars(paid)} distributed + {self.dollars(kept)} kept by the fund"
            )
            step.say(
                f"{self.dollars(assets)} of net assets = {self.dollars(worth)} for the shares + "
                f"{self.dollars(kept)} kept; difference {self._text(missing)}"
            )
            if missing or kept < 0:
                raise BooksError(f"{missing} units of the fund are missing")

    def write(self, found: Audit) -> Iterator[str]:
        """Factors, values, and their page.

        Raises: BooksError when a month received something else than its factors say.
        """
        for month in self.months:
            received = found.books.distributions[month.distribution].received
            if received != month.distributed:
                raise BooksError(f"{month.first:%B} received something else than its factors say")
        rows = [row for month in self.months for row in month.rows]
        write_csv_rows(self.out / "factors.csv", FactorRow, rows)
        write_csv_rows(self.out / "nav.csv", NavRow, self.navs)
        write_page(self._page(), self.out / "fund.html")
        yield "fund.html       the value of a share, each month, and the factor of each day"
        yield "factors.csv     the daily factors, as `prorata record-range --weights` reads them"
        yield "nav.csv         income, expenses, value and rounding, by the month"
        yield "statements/     what each holder had for its days"
        yield "books.json      everything, for a program"

    def _page(self) -> Page:
        last = self.navs[-1]
        return Page(
            title=self.settings.name,
            subtitle=f"As of {last.at}",
            facts=(
                ("Net asset value of a share", f"USD {last.nav}"),
                ("Before rounding", last.exact),
                ("Net assets", f"USD {last.net_assets}"),
                ("Shares", last.shares),
                ("Expenses", f"{format_units(int(self.rules.expenses * 10**4), 2)} % a year"),
                ("Token", self.token.address),
            ),
            tables=(
                PageTable(
                    "Months",
                    ("to", "income>", "expenses>", "distributed>", "net assets>", "value>"),
                    [
                        (one.at, one.income, one.expenses, one.distributed, one.net_assets, one.nav)
                        for one in self.navs
                    ],
                ),
                *(
                    PageTable(
                        f"Daily factors of {month.first:%B %Y}",
                        ("day", "record>", "overnight rate>", "factor>", "shares>"),
                        [
                            (
                                str(day),
                                str(record),
                                f"{format_units(int(self._rate(day) * 10**4), 2)} %",
                                row.factor,
                                self.shares(supply),
                            )
                            for day, record, row, supply in zip(
                                month.days,
                                month.records,
                                month.rows,
                                self.token.total_supplies_at(month.records),
                                strict=True,
                            )
                        ],
                    )
                    for month in self.months
                ),
            ),
            source=(
                "A factor is what a share earned in a day: the overnight rate by ACT/360 less "
                "expenses by ACT/365, rounded down to nine decimals."
            ),
        )


def _second(day: date, at: time) -> int:
    return int(datetime.combine(day, at, tzinfo=timezone.utc).timestamp())


def _rounded(exact: Fraction) -> str:
    """A value to four decimals, half up."""
    units = (exact * 10**NAV_DECIMALS + Fraction(1, 2)).__floor__()
    return format_units(units, NAV_DECIMALS)
