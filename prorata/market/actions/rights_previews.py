# SPDX-License-Identifier: MIT
"""Who gets which rights, and what they bring, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from prorata.chain.operator import Operator
from prorata.contracts.currency import Currency
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError, Problem
from prorata.files.writer import json_object
from prorata.market.actions.ratios import parse_ratio
from prorata.market.actions.rights import RightsPlan
from prorata.register.holders import closing_time, holders_at, holders_now
from prorata.values.amounts import Unit
from prorata.values.times import moment

__all__ = ["RightsLine", "RightsPreview", "check_rights", "preview_rights"]


@dataclass(frozen=True)
class RightsLine:
    """One holder: its `rights`, the most `new` shares that they bring, and what these cost.

    `rest` are rights that are not enough for one more share: they can be sold.
    """

    holder: str
    rights: int
    new: int
    rest: int
    due: int


@dataclass(frozen=True)
class RightsPreview:
    """A rights issue by the register at its record, or, while that is open, as it is now."""

    plan: RightsPlan
    unit: Unit
    money: Unit
    lines: tuple[RightsLine, ...]
    record_closes: int
    final: bool

    @property
    def rights(self) -> int:
        """All rights."""
        return sum(line.rights for line in self.lines)

    @property
    def most(self) -> int:
        """New shares if all rights come together and are exercised."""
        ratio = parse_ratio(self.plan.ratio)
        return self.rights * ratio.given // ratio.held

    @property
    def raised(self) -> int:
        """What these cost."""
        return self.most * self.plan.price // int(10**self.unit.decimals)

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        plan, money = self.plan, self.money
        return json_object(
            {
                "action": "rights",
                "symbol": plan.symbol,
                "ratio": plan.ratio,
                "record": plan.record,
                "closes": moment(self.record_closes),
                "provisional": not self.final,
                "price": money.amount(plan.price),
                "until": moment(plan.closes_at),
                "most_new_shares": self.unit.amount(self.most),
                "most_raised": money.amount(self.raised),
                "holders": [
                    {
                        "holder": line.holder,
                        "rights": self.unit.amount(line.rights),
                        "new": self.unit.amount(line.new),
                        "rights_over": self.unit.amount(line.rest),
                        "cost": money.amount(line.due),
                    }
                    for line in self.lines
                ],
            }
        )


def preview_rights(
    found: Deployment, plan: RightsPlan, *, closes_at: int | None = None
) -> RightsPreview:
    """Who gets which rights; `closes_at` is for a record that is not scheduled yet.

    Raises: InputError; BooksError; ChainError.
    """
    if closes_at is None:
        closes_at = closing_time(found.token(), plan.record)
    final = closes_at < found.chain.now()
    balances = holders_at(found, plan.record) if final else holders_now(found)
    outside = {*plan.excluded, found.vault().address}
    earning = {h: held for h, held in balances.items() if held and h not in outside}
    unit, money = found.settings.unit, Currency(found.chain, plan.currency).unit
    ratio, one = parse_ratio(plan.ratio), 10**unit.decimals
    lines = []
    for holder, rights in sorted(earning.items(), key=lambda item: (-item[1], item[0])):
        new = rights * ratio.given // ratio.held
        spent = -(-new * ratio.held // ratio.given)
        due = -(-spent * plan.price * ratio.given // (ratio.held * one))
        lines.append(RightsLine(holder, rights, new, rights - spent, due))
    return RightsPreview(plan, unit, money, tuple(lines), closes_at, final)


def check_rights(
    operator: Operator, found: Deployment, plan: RightsPlan, preview: RightsPreview
) -> None:
    """Check what is to be done, before anything is sent.

    Raises: InputError for the first fault.
    """
    problems = [*_faults(operator, found, plan, preview)]
    if problems:
        raise InputError(problems[:1])


def _faults(
    operator: Operator, found: Deployment, plan: RightsPlan, preview: RightsPreview
) -> Iterator[Problem]:
    token, account, now = found.token(), operator.address, found.chain.now()
    if account != (owner := token.owner()):
        rule = f"does not own {token.symbol()}, and only its owner lets new shares be made"
        yield Problem(None, "account", account, rule, f"use the account {owner}")
    if not token.is_agent(account):
        remedy = f"run `prorata agents add {account}` first"
        yield Problem(None, "account", account, f"is no agent of {token.symbol()}", remedy)
    if plan.closes_at <= max(now, preview.record_closes):
        rule = f"leaves no time to exercise rights: the chain's time is {moment(now)}"
        yield Problem(None, "until", moment(plan.closes_at), rule, "give a later time")
    if not preview.most:
        rule = f"gives no new share for all {preview.unit.text(preview.rights)} rights"
        yield Problem(None, "ratio", plan.ratio, rule, "give a higher ratio")
    supply, authorised = token.total_supply(), found.settings.authorised
    if supply + preview.most > authorised:
        unit = preview.unit
        rule = (
            f"new shares and the {unit.text(supply)} issued are more than the "
            f"{unit.text(authorised)} authorised"
        )
        remedy = f"run `prorata authorise {unit.text(supply + preview.most)}` first"
        yield Problem(None, "shares", unit.text(preview.most), rule, remedy)
    vault = found.vault().address
    for who, can in zip((account, vault), token.may_receive([account, vault]), strict=True):
        if not can:
            rule = "may not hold the rights, which have the asset's rules and pass through it"
            remedy = "register it with `prorata register`, as a person of its own"
            yield Problem(None, "account" if who == account else "vault", who, rule, remedy)
