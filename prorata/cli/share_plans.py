# SPDX-License-Identifier: MIT
"""What the commands that hand out new shares have in common: options, the run, and its words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import click

from prorata.chain.operator import Operator
from prorata.cli.elsewhere import WAITS
from prorata.cli.output import Output
from prorata.cli.parameters import WHEN, is_relative, parse_moment
from prorata.cli.session import Session
from prorata.contracts.currency import Currency, parse_amount
from prorata.contracts.share_token import ShareToken
from prorata.deployments.deployment import Deployment
from prorata.deployments.manifest import Manifest
from prorata.errors import InputError
from prorata.files.writer import json_object
from prorata.income.pushes import PAGE_SIZE
from prorata.market.actions.plan_files import PlannedLine
from prorata.market.actions.ratios import Ratio
from prorata.market.actions.share_distributions import (
    Given,
    ShareOffer,
    give_shares,
    plan_shares,
    unit_of,
    waiting_now,
)
from prorata.register.holders import closing_time
from prorata.register.record_dates import schedule_record
from prorata.values.addresses import check_address
from prorata.values.amounts import Unit
from prorata.values.times import moment
from prorata.values.words import counted

__all__ = ["Wanted", "record_options", "run_share_plan", "share_token_named"]

F = TypeVar("F", bound=Callable[..., Any])

SHOWN = 10


def record_options(function: F) -> F:
    """The record, the price of a fraction, and the size of a page."""
    options = (
        click.option("--record", type=int, help="The record date, once it is scheduled."),
        click.option("--at", help=f"When a new record date closes: {WHEN}."),
        click.option("--currency", help="What fractions are paid in: an address or a symbol."),
        click.option(
            "--fraction-price",
            help="Money for a whole share, of which a fraction brings its part.  [default: "
            "fractions stay in the vault for the next time]",
        ),
        click.option(
            "--page", type=int, default=PAGE_SIZE, show_default=True, help="Holders to a page."
        ),
        click.option(
            "--no-push",
            is_flag=True,
            help="Leave the push to others, as an account that signs elsewhere must.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


@dataclass(frozen=True)
class Wanted:
    """An action as its command's options say it; `ratio` counts new shares for shares held."""

    action: str
    worded: str
    ratio: Ratio
    given: str | None = None
    excluded: tuple[str, ...] = ()
    unpaid: tuple[str, ...] = ()


def share_token_named(
    found: Deployment, named: str | None, beside: Path, column: str = "of"
) -> ShareToken:
    """The share token of this address, or of an asset by its symbol: `beside` has their folders.

    Raises: InputError when it is none.
    """
    if named is None:
        return found.token()
    if not named.lower().startswith("0x"):
        # One of what is there: a symbol is no path.
        there = {path.parent.name: path for path in beside.glob("*/manifest.json")}
        path = there.get(named)
        if path is None:
            rule = f"is no asset in {beside}"
            raise InputError.of(column, named, rule, "give the address of its share token")
        address = Manifest.read(path).contracts["ShareToken"].address
    else:
        address = check_address(column, named)
    if not found.chain.code(address) or not Currency(found.chain, address).is_share_token():
        rule = f"is no share token on chain {found.chain.chain_id}"
        raise InputError.of(column, named, rule, "check the address and the network")
    return ShareToken(found.chain, address)


def run_share_plan(wanted: Wanted, *, dry_run: bool, options: Mapping[str, Any]) -> None:
    """Show who gets what, then do it, or as much of it as can be done before the record closes.

    Ends with exit code 4 while the record is open.
    """
    session, page = Session.of(options), options["page"]
    with session.deployed() as (operator, found):
        run = _Run(session, operator, found, wanted, options)
        facts = run.preview(dry_run=dry_run)
        if dry_run:
            session.output.result(json_object({"dry_run": True, **facts}))
            return
        if run.final:
            done = give_shares(
                operator, found, run.plan, page_size=page, push=not options["no_push"]
            )
            facts |= run.show_done(done)
    if not run.final:
        closes = moment(run.closes_at)
        session.output.say(
            f"The record closes at {closes}; nothing more can be done before. Run the same "
            f"command again after that, with --record {run.plan.record}"
        )
    session.output.result(json_object(facts))
    if not run.final:
        click.get_current_context().exit(WAITS)


class _Run:
    """One run of one action."""

    def __init__(
        self,
        session: Session,
        operator: Operator,
        found: Deployment,
        wanted: Wanted,
        options: Mapping[str, Any],
    ) -> None:
        self.session, self.operator, self.found = session, operator, found
        self.wanted, self.options = wanted, options
        self.given = share_token_named(found, wanted.given, session.folder(found.chain).parent)
        self.unit, self.held_unit = unit_of(self.given), found.settings.unit
        self.currency, self.price = _fraction_price(found, options)

    def preview(self, *, dry_run: bool) -> dict[str, Any]:
        """Plan it, schedule the record if need be, and show who gets what."""
        record, unscheduled = self._record()
        offer = self._offer(record)
        self.plan, self.final = plan_shares(self.operator, self.found, offer, closes_at=unscheduled)
        self.repeated = unscheduled is None
        if unscheduled is not None and not dry_run:
            at = self.options["at"]
            done = schedule_record(
                self.operator,
                self.found,
                unscheduled,
                relative=at if is_relative(at) else "",
            )
            offer = self._offer(done.id)
        self.closes_at = unscheduled or closing_time(self.found.token(), record)
        self.waiting = waiting_now(self.found, self.plan) if self.final else {}
        stage = self.session.stage
        if stage is not None:
            stage.foreword = self.show
        elif dry_run or self.options["yes"]:
            self.show(self.session.output)
        return self._facts()

    def _record(self) -> tuple[int, int | None]:
        """The record, and when it closes if it is still to be scheduled.

        Raises: InputError when none is named, or two.
        """
        record, at = self.options["record"], self.options["at"]
        if (record is None) is (at is None):
            rule = "is missing" if at is None else f"stands beside --at {at}"
            remedy = "give --record with a record that is scheduled, or --at for a new one"
            raise InputError.of("record", "" if record is None else record, rule, remedy)
        if record is not None:
            return record, None
        relative = at if is_relative(at) else ""
        second = parse_moment(at, self.operator.chain)
        # A dry run of the same: what is faulty in the time is told before all else.
        found = schedule_record(self.operator, self.found, second, relative=relative, dry_run=True)
        return found.id, None if found.repeated else found.closes_at

    def _offer(self, record: int) -> ShareOffer:
        wanted = self.wanted
        return ShareOffer(
            wanted.action,
            wanted.worded,
            wanted.ratio,
            record,
            self.given,
            tuple(check_address("exclude", one) for one in wanted.excluded),
            tuple(check_address("unpaid", one) for one in wanted.unpaid),
            self.currency,
            self.price,
        )

    # ------------------------------------------------------------------- words

    def show(self, output: Output) -> None:
        """Who gets what."""
        plan = self.plan
        rows = [
            (
                line.holder,
                self.held_unit.text(line.held),
                self.unit.text(line.shares),
                "" if not line.fraction else str(line.fraction),
                *(() if self.currency is None else (self._money(line.in_lieu),)),
            )
            for line in plan.lines
        ]
        columns = ["holder", "shares>", "new>", "fraction>"]
        columns += [] if self.currency is None else ["in lieu>"]
        kept = "" if self.final else ", provisional"
        title = (
            f"{plan.action.capitalize().replace('-', ' ')} {plan.ratio} of "
            f"{self.held_unit.symbol} at record {plan.record}{kept}: "
            f"{counted(len(plan.lines), 'holder')}"
        )
        output.table(title, columns, rows)
        for name, text in self._lines():
            output.say(f"  {name:<14}{text}")
        for holder, why in list(self.waiting.items())[:SHOWN]:
            output.notice(f"{holder} {why}: its new shares would wait in the vault")
        if not self.final:
            output.notice(
                f"record {plan.record} is open until {moment(self.closes_at)}: holders are those "
                "of now, and not final"
            )

    def _lines(self) -> list[tuple[str, str]]:
        plan, symbol = self.plan, self.unit.symbol
        lines = [
            ("new shares", f"{self.unit.text(plan.shares)} {symbol} to their holders"),
            ("paid in", f"{self.unit.text(plan.received)} {symbol}, divided by the vault"),
        ]
        if plan.carried_in:
            lines.append(("carried in", f"{self.unit.text(plan.carried_in)} {symbol} from before"))
        if plan.topped_up:
            lines.append(
                ("topped up", f"{self.unit.text(plan.topped_up)} {symbol}, one unit to each wallet")
            )
        if plan.remainder:
            lines.append(
                ("left over", f"{self.unit.text(plan.remainder)} {symbol} for the next time")
            )
        if plan.fractions:
            what = "share" if not self.unit.decimals else "smallest unit"
            said = f"{plan.fractions} of a {what} in all"
            paid = ", which nobody gets"
            if self.currency is not None:
                paid = f", for which {self._money(plan.in_lieu)} is paid"
            lines.append(("fractions", f"{said}{paid}"))
        return lines

    def _money(self, amount: int) -> str:
        unit = self._currency_unit()
        return f"{unit.amount(amount).figure} {unit.symbol}"

    def _currency_unit(self) -> Unit:
        assert self.currency is not None
        return self.currency.unit

    def show_done(self, done: Given) -> dict[str, Any]:
        """What became of it; the same for a program."""
        say = self.session.output.say
        paid, skipped = self._show_push(done)
        for holder, why in list(done.left.items())[:SHOWN]:
            self.session.output.notice(f"{holder} {why}: what its wallet is to get is still due")
        say(f"The plan is in {self.found.folder / 'actions' / done.plan.name}")
        return {
            "distribution": done.distribution,
            "holders_paid": paid,
            "skipped": skipped,
            "still_due": dict(done.left),
            "transactions": [receipt.hash for receipt in done.receipts],
            "resumed": not self.operator.fresh,
        }

    def _show_push(self, done: Given) -> tuple[int | None, dict[str, str]]:
        """Say who has the new shares: how many holders, and who was skipped, and why."""
        say, report = self.session.output.say, done.report
        if report is None:
            words = f"`prorata distribute --push-only {done.distribution}`"
            say(f"Distribution {done.distribution} is declared: {words} pays its holders")
            return None, {}
        paid = report.of("paid")
        say(
            f"Distribution {done.distribution}: {counted(len(paid), 'holder')} "
            f"{'has' if len(paid) == 1 else 'have'} {self.unit.text(report.paid)} "
            f"{self.unit.symbol}"
        )
        skipped = {
            line.holder: "" if line.reason is None else line.reason.label
            for line in report.of("skipped")
        }
        for holder, why in list(skipped.items())[:SHOWN]:
            said = f" ({why})" if why else ""
            self.session.output.notice(f"{holder} was not paid{said} and is owed as before")
        return len(paid), skipped

    def _facts(self) -> dict[str, Any]:
        plan = self.plan
        return {
            "action": plan.action,
            "ratio": plan.ratio,
            "record": plan.record,
            "closes": moment(self.closes_at),
            "provisional": not self.final,
            "of": plan.given,
            "new_shares": self.unit.amount(plan.shares),
            "paid_in": self.unit.amount(plan.received),
            "carried_in": self.unit.amount(plan.carried_in),
            "topped_up": self.unit.amount(plan.topped_up),
            "left_over": self.unit.amount(plan.remainder),
            "fractions": _ratio(plan.fractions),
            "in_lieu": None
            if self.currency is None
            else self._currency_unit().amount(plan.in_lieu),
            "waiting": dict(self.waiting),
            "holders": [self._line(line) for line in plan.lines],
            "resumed": self.repeated and not self.operator.fresh,
        }

    def _line(self, line: PlannedLine) -> dict[str, Any]:
        return {
            "holder": line.holder,
            "shares": self.held_unit.amount(line.held),
            "new": self.unit.amount(line.shares),
            "topped_up": self.unit.amount(line.topped_up),
            "fraction": _ratio(line.fraction),
            "in_lieu": None
            if self.currency is None
            else self._currency_unit().amount(line.in_lieu),
        }


def _ratio(part: Fraction) -> str:
    """A part of a unit as programs have it: `3/4`, `0/1`."""
    return f"{part.numerator}/{part.denominator}"


def _fraction_price(found: Deployment, options: Mapping[str, Any]) -> tuple[Currency | None, int]:
    """What fractions are paid in, and at what price for a whole share.

    Raises: InputError when only one of both is given.
    """
    named, price = options["currency"], options["fraction_price"]
    if (named is None) is not (price is None):
        lacking = "fraction-price" if price is None else "currency"
        rule = "is missing, and fractions are paid at a price in a currency"
        raise InputError.of(lacking, "", rule, "give --fraction-price and --currency, or neither")
    if named is None or price is None:
        return None, 0
    currency = found.currency(named)
    return currency, parse_amount(price, currency)
