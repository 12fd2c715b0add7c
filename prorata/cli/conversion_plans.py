# SPDX-License-Identifier: MIT
"""What the commands have in common that turn all shares of an asset into others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from prorata.chain.operator import Operator
from prorata.cli.elsewhere import WAITS
from prorata.cli.exchange_screens import show_vault
from prorata.cli.output import Output
from prorata.cli.parameters import WHEN, parse_moment
from prorata.cli.session import Session
from prorata.cli.share_plans import share_token_named
from prorata.contracts.currency import parse_amount
from prorata.contracts.share_exchange import ShareExchange
from prorata.contracts.share_token import ShareToken
from prorata.deployments.deployment import Deployment
from prorata.deployments.manifest import Manifest
from prorata.errors import InputError
from prorata.files.writer import json_object
from prorata.market.actions.conversion_files import ConversionPlan, read_conversion
from prorata.market.actions.conversions import (
    Converted,
    carry_conversion,
    check_conversion,
    conversion_terms,
    preview_conversion,
    successor_asset,
)
from prorata.market.actions.ratios import Ratio
from prorata.market.exchanges.opening import exchange_at
from prorata.register.enforcement import Basis
from prorata.values.amounts import Unit
from prorata.values.times import moment
from prorata.values.words import counted

__all__ = ["WantedConversion", "conversion_options", "run_conversion"]

F = TypeVar("F", bound=Callable[..., Any])

SHOWN = 10
NOTICE_DAYS = 30


def conversion_options(function: F) -> F:
    """When, and what fractions bring."""
    options = (
        click.option("--at", required=True, help=f"When the exchange begins: {WHEN}."),
        click.option(
            "--until",
            help=f"By when it is to be finished.  [default: {NOTICE_DAYS} days later]",
        ),
        click.option("--currency", required=True, help="What fractions are paid in."),
        click.option(
            "--fraction-price",
            required=True,
            help="Money for a whole new share, of which a fraction brings its part.",
        ),
        click.option("--page", type=int, help="Holders to a page.  [default: as many as fit]"),
        click.option("--exchange", "named", metavar="0x…", help="The exchange contract."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@dataclass(frozen=True)
class WantedConversion:
    """A conversion as its command's options say it: into the token `into`, or into a new one."""

    action: str
    ratio: Ratio
    into: str | None = None
    symbol: str | None = None
    name: str | None = None
    cash: str | None = None


def run_conversion(wanted: WantedConversion, *, dry_run: bool, options: Mapping[str, Any]) -> None:
    """Show who gets what, then do as much of it as the chain's time lets be done.

    Ends with exit code 4 while the exchange has not begun, or somebody's shares could not be taken.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        run = _Run(session, operator, found, wanted, {**options, "dry_run_shown": dry_run})
        contract = exchange_at(found.chain, options["named"])
        facts = run.preview(contract)
        if dry_run:
            session.output.result(json_object({"dry_run": True, **facts}))
            return
        done = carry_conversion(
            operator,
            found,
            contract,
            run.plan,
            beside=run.beside_to_write,
            page_size=options["page"],
        )
        facts |= run.show_done(done)
    session.output.result(json_object(facts))
    if not done.finished:
        click.get_current_context().exit(WAITS)


class _Run:
    """One run of one conversion."""

    def __init__(
        self,
        session: Session,
        operator: Operator,
        found: Deployment,
        wanted: WantedConversion,
        options: Mapping[str, Any],
    ) -> None:
        self.session, self.operator, self.found = session, operator, found
        self.wanted, self.options = wanted, options
        # The folder may be a copy, where the command is only played.
        self.beside = session.folder(found.chain).parent
        self.currency = found.currency(options["currency"])
        if self.currency.is_native:
            rule, remedy = "cannot be taken by allowance", "use its wrapped ERC-20, such as WETH"
            raise InputError.of("currency", options["currency"], rule, remedy)
        kept = read_conversion(found.folder, wanted.action)
        made = self._planned(kept)
        if kept is not None:
            _require_same(kept, made)
        self.planned_before = kept is not None
        self.plan = kept or made

    def _planned(self, kept: ConversionPlan | None) -> ConversionPlan:
        wanted, options, found = self.wanted, self.options, self.found
        basis = Basis.of(options["reason"], options["document"])
        into = None if wanted.into is None else self._token(wanted.into)
        symbol = wanted.symbol or ("" if into is None else into.symbol())
        if kept is not None:
            # What was counted from now was counted once.
            opens, closes = kept.opens_at, kept.closes_at
        else:
            opens = parse_moment(options["at"], found.chain)
            until = options["until"]
            closes = opens + NOTICE_DAYS * 86_400
            if until is not None:
                closes = parse_moment(until, found.chain, "until")
        return ConversionPlan(
            action=wanted.action,
            ratio=str(wanted.ratio),
            token=found.token().address,
            symbol=symbol,
            name=wanted.name or found.settings.name,
            deploys=into is None,
            other=None if into is None else into.address,
            currency=self.currency.address,
            fraction_price=parse_amount(options["fraction_price"], self.currency),
            cash=0 if wanted.cash is None else parse_amount(wanted.cash, self.currency),
            opens_at=opens,
            closes_at=closes,
            reason=basis.reason,
            document_hash=basis.document_hash,
            document=basis.document,
        )

    def _token(self, named: str) -> ShareToken:
        token = share_token_named(self.found, named, self.beside, "into")
        if token.address == self.found.token().address:
            raise InputError.of("into", named, "is the asset itself", "name another one")
        return token

    @property
    def beside_to_write(self) -> Path:
        """Where the folder of a successor belongs: beside a copy, until it is there in earnest."""
        there = (self.beside / self.plan.symbol).exists()
        return self.beside if there else self.found.folder.parent

    # ------------------------------------------------------------------- words

    def preview(self, contract: ShareExchange) -> dict[str, Any]:
        """Show who gets what by the register as it is now, and check what can be checked."""
        plan, found = self.plan, self.found
        if plan.deploys:
            self.unit = Unit(plan.symbol, found.settings.decimals)
            successor_asset(found, plan)
            # Nobody knows where it will be: who gets what does not depend on it.
            address = found.vault().address
        else:
            assert plan.other is not None
            other = ShareToken(found.chain, plan.other)
            self.unit, address = Unit(other.symbol(), other.decimals()), other.address
        terms = conversion_terms(found, plan, address, self.unit.decimals)
        self.operator.tell("reading who holds what")
        self.shown = preview_conversion(found, contract, terms)
        if not self.planned_before:
            check_conversion(self.operator, found, self.shown)
            self._require_authorised()
        stage = self.session.stage
        if stage is not None:
            stage.foreword = self.show
        elif self.options["dry_run_shown"] or self.options["yes"]:
            self.show(self.session.output)
        return self._facts()

    def _require_authorised(self) -> None:
        """Raises: InputError when the asset that holders get may not have so many shares."""
        path = self.beside / self.plan.symbol / "manifest.json"
        if self.plan.deploys or not path.exists():
            return
        manifest = Manifest.read(path)
        if manifest.contracts["ShareToken"].address != self.plan.other:
            return
        new, authorised = self.shown.total.other_shares, manifest.asset.authorised
        supply = ShareToken(self.found.chain, self.plan.other).total_supply()
        if supply + new > authorised:
            unit, symbol = self.unit, self.plan.symbol
            rule = (
                f"new shares and the {unit.text(supply)} of {symbol} are more than the "
                f"{unit.text(authorised)} authorised"
            )
            words = f"authorise {unit.text(supply + new)} --asset {symbol}"
            raise InputError.of("shares", unit.text(new), rule, f"run `prorata {words}` first")

    def show(self, output: Output) -> None:
        """Who gets what."""
        plan, held = self.plan, self.found.settings.unit
        if not self.shown.lines:
            return
        rows = [
            (
                line.holder,
                held.text(line.shares),
                self.unit.text(line.brings.other_shares),
                self._money(line.brings.in_lieu),
                self._money(line.brings.paid),
            )
            for line in self.shown.lines
        ]
        title = (
            f"{plan.action.capitalize().replace('-', ' ')} {plan.ratio} of {held.symbol} into "
            f"{self.unit.symbol} at {moment(plan.opens_at)}: "
            f"{counted(len(self.shown.lines), 'holder')} as things are"
        )
        columns = ("holder", "shares>", f"{self.unit.symbol}>", "in lieu>", "money in all>")
        output.table(title, columns, rows)
        total = self.shown.total
        lines = (
            ("given", f"{held.text(self.shown.shares)} {held.symbol}, burnt"),
            ("new shares", f"{self.unit.text(total.other_shares)} {self.unit.symbol}"),
            ("in lieu", f"{self._money(total.in_lieu)} for fractions"),
            ("money in all", self._money(total.paid)),
            ("funded with", f"{self._money(self.shown.funding)}; what is not needed comes back"),
            ("to be done by", moment(plan.closes_at)),
        )
        for name, text in lines:
            output.say(f"  {name:<14}{text}")
        show_vault(output, self.shown.vault)

    def _money(self, amount: int) -> str:
        unit = self.currency.unit
        return f"{unit.amount(amount).figure} {unit.symbol}"

    def show_done(self, done: Converted) -> dict[str, Any]:
        """What became of it; the same for a program."""
        say, opened = self.session.output.say, done.opened
        say(f"Exchange {opened.id}, funded with {self._money(opened.opening.funding)}")
        if done.account is None:
            say(
                f"It begins at {moment(self.plan.opens_at)}; nothing more can be done before. Run "
                "the same command again after that"
            )
        else:
            account = done.account
            lines = counted(len(account.lines), "holding")
            say(
                f"Exchanged {lines}: "
                f"{self.unit.text(account.brought.other_shares)} {self.unit.symbol} and "
                f"{self._money(account.brought.paid)}, of which "
                f"{self._money(account.exchange.owed)} is owed still"
            )
            if self.session.stage is None:
                path, _ = account.write(self.found.folder)
                say(f"Every holder is in {path} and .csv")
        for holder, why in list((done.skipped or {}).items())[:SHOWN]:
            self.session.output.notice(f"the shares of {holder} were not taken ({why})")
        return {
            "exchange": opened.id,
            "funding": self.currency.unit.amount(opened.opening.funding),
            "finished": done.finished,
            "skipped": dict(done.skipped or {}),
            "account": None if done.account is None else done.account.as_json(),
            "resumed": not self.operator.fresh,
        }

    def _facts(self) -> dict[str, Any]:
        plan, held, money = self.plan, self.found.settings.unit, self.currency.unit
        total = self.shown.total
        return {
            "action": plan.action,
            "ratio": plan.ratio,
            "into": self.unit.symbol,
            "begins": moment(plan.opens_at),
            "until": moment(plan.closes_at),
            "shares": held.amount(self.shown.shares),
            "new_shares": self.unit.amount(total.other_shares),
            "in_lieu": money.amount(total.in_lieu),
            "paid": money.amount(total.paid),
            "funding": money.amount(self.shown.funding),
            "left_over": held.amount(self.shown.left_over),
            "holders": [
                {
                    "holder": line.holder,
                    "shares": held.amount(line.shares),
                    "new": self.unit.amount(line.brings.other_shares),
                    "in_lieu": money.amount(line.brings.in_lieu),
                    "paid": money.amount(line.brings.paid),
                }
                for line in self.shown.lines
            ],
            "resumed": False,
        }


def _require_same(kept: ConversionPlan, now: ConversionPlan) -> None:
    """Raises: InputError when the asset has a plan that says something else."""
    fields = ("ratio", "symbol", "currency", "fraction_price", "cash", "document_hash")
    for field in fields:
        was, said = getattr(kept, field), getattr(now, field)
        if was != said:
            raise InputError.of(
                field.replace("_", "-").replace("-hash", ""),
                said,
                f"is not what the {kept.action} was planned with, {was}",
                "repeat it as it was planned",
            )
