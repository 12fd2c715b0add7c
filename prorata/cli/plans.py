# SPDX-License-Identifier: MIT
"""A plan as a person reads it."""

from __future__ import annotations

from typing import Any

from prorata.cli.session import Session
from prorata.deployments.plans import Plan
from prorata.values.amounts import Amount, format_units

__all__ = ["ether", "show_plan"]


def show_plan(session: Session, plan: Plan) -> None:
    """Its steps, what it may cost, what roles change, and its digest."""
    output, binds, informs = session.output, plan.binds, plan.informs
    details = {step["key"]: step for step in informs.get("steps", ())}
    rows = [
        (str(number), *_row(step.key, step.to, details.get(step.key, {})))
        for number, step in enumerate(binds.steps, start=1)
    ]
    title = f"prorata {' '.join(binds.command)}"
    output.table(title, ("step>", "does", "at", "bytes>", "gas>", "was"), rows)
    for line in _lines(plan):
        output.say(line)


def _row(key: str, to: str | None, detail: dict[str, Any]) -> tuple[str, ...]:
    size = detail.get("size")
    return (
        str(detail.get("label", key)),
        str(detail.get("address") or to or ""),
        "" if size is None else f"{size:,}",
        f"{detail['gas']:,}" if "gas" in detail else "",
        str(detail.get("grade", "")),
    )


def _lines(plan: Plan) -> list[str]:
    binds, informs = plan.binds, plan.informs
    facts = [
        ("account", f"{binds.signer}, which holds {_ether_in(informs, 'balance')}"),
        ("cost", f"{_ether_in(informs, 'cost')} at the present base fee"),
        ("", f"{_ether_in(informs, 'cost_doubled')} at twice that"),
        *_data_fee(informs),
        ("at most", f"{ether(binds.most_total)}, at {_gwei(binds.most_fee)} gwei a unit of gas"),
        ("holds until", binds.expires),
    ]
    before, after = (set(informs.get(name, ())) for name in ("roles_before", "roles_after"))
    facts += [("role goes", line) for line in sorted(before - after)]
    facts += [("role comes", line) for line in sorted(after - before)]
    for change in informs.get("settings", ()):
        facts.append(("setting", f"{change['field']}: {change['was']} becomes {change['now']}"))
    facts.append(("digest", plan.digest))
    return [f"  {name:<13}{text}" for name, text in facts]


def _data_fee(informs: dict[str, Any]) -> list[tuple[str, str]]:
    fee = _amount(informs, "data_fee")
    return [("", f"of it {ether(fee)} for data on the chain below")] if fee else []


def _ether_in(informs: dict[str, Any], name: str) -> str:
    amount = _amount(informs, name)
    return "an unknown amount" if amount is None else ether(amount)


def _amount(informs: dict[str, Any], name: str) -> int | None:
    """The wei of an amount that the digest does not cover, so that anything may stand there."""
    try:
        return Amount.model_validate(informs.get(name)).units
    except ValueError:
        return None


def ether(wei: str | int) -> str:
    """An amount of wei in the chain's coin."""
    return f"{format_units(int(wei), 18, trim=True)} ETH"


def _gwei(wei: str | int) -> str:
    return format_units(int(wei), 9, trim=True)
