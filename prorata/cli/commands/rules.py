# SPDX-License-Identifier: MIT
"""Show the rules for transfers, or put others in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from prorata.assets.rules import RuleSettings
from prorata.cli.changes import say_change, sent_facts
from prorata.cli.command import Command, common_options, reading_options
from prorata.cli.parts import parse_contract
from prorata.cli.session import Session
from prorata.errors import InputError
from prorata.register.rule_changes import (
    ChangedRules,
    Difference,
    change_rules,
    check_change,
    compare,
    in_words,
    read_rules,
)
from prorata.values.addresses import ZERO_ADDRESS

PACK = "examples/packs/us-reg-s.yaml"
CHANGE = f"prorata rules change --file {PACK}"


@click.group()
def cli() -> None:
    """Show the rules for transfers, or put others in force.

    The settings of rules are code. Other rules are another contract, which takes their place.
    """


@cli.command(
    "show", cls=Command, examples=("prorata rules show", f"prorata rules show --file {PACK}")
)
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Show what would change under these rules.",
)
@reading_options
def show_command(file: Path | None, **options: Any) -> None:
    """Show the rules that are in force.

    With --file, only what would change. The account that changes them sees the same first.
    """
    session = Session.of(options)
    wanted = None if file is None else RuleSettings.load(file)
    with session.reading() as found:
        present = read_rules(found)
        symbol = found.settings.symbol
    rules = compare(None, present.settings)
    if present.settings is None:
        none = present.address == ZERO_ADDRESS
        text = "has no rules" if none else f"has rules of another make, at {present.address}"
        session.output.say(f"{symbol} {text}")
    if file is None and rules:
        session.output.table(
            f"Rules of {symbol}", ("rule", "is"), [(d.rule, in_words(d.after)) for d in rules]
        )
    if file is not None:
        _show_differences(session, f"Rules of {symbol}", compare(present.settings, wanted))
    session.output.result(
        {
            "rules": None if present.address == ZERO_ADDRESS else present.address,
            "registry": None if present.registry == ZERO_ADDRESS else present.registry,
            "settings": {difference.rule: difference.after for difference in rules},
            **(
                {} if wanted is None else {"differences": _facts(compare(present.settings, wanted))}
            ),
        }
    )


@cli.command(
    "change",
    cls=Command,
    asks=True,
    examples=(CHANGE, f"{CHANGE} --dry-run", "prorata rules change --to none"),
)
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file of rules, as an asset's file names one.",
)
@click.option("--to", help="Or a contract of rules that is there; or none, for an open token.")
@common_options
def change_command(file: Path | None, to: str | None, **options: Any) -> None:
    """Put other rules in force.

    Shows what differs, deploys the new rules, and lets the token ask them. Only the token's owner
    can. The register and the keeper of lots stay; shares that are locked stay locked as long as
    the new rules have a lock-up, too. Where only the new rules count persons, all holders are
    counted: until then no share moves.
    """
    if (file is None) == (to is None):
        raise InputError.of("file", file or "", "is not one choice", "give either --file or --to")
    session = Session.of(options)
    wanted: RuleSettings | str
    wanted = RuleSettings.load(file) if file else parse_contract(str(to), "to")
    with session.deployed() as (operator, found):
        differences = check_change(operator, found, wanted)
        _show_differences(session, f"Rules of {found.settings.symbol}", differences)
        done = change_rules(operator, found, wanted)
    _show(session, done)


def _show(session: Session, done: ChangedRules) -> None:
    # The table above has the differences, which the label of the step repeats.
    say_change(session, replace(done.change, label=done.change.label.partition("; ")[0]))
    if done.counted:
        pages = len(done.counted)
        many = "s" if pages > 1 else ""
        session.output.say(f"Counted the holders, in {pages} transaction{many}")
    session.output.result(
        {
            "rules": done.address,
            "differences": _facts(done.differences),
            "counted": [receipt.hash for receipt in done.counted],
            **sent_facts(done.change.receipt),
        }
    )


def _show_differences(session: Session, title: str, differences: Sequence[Difference]) -> None:
    if not differences:
        session.output.say(f"{title}: nothing differs")
        return
    rows = [(d.rule, in_words(d.before), in_words(d.after)) for d in differences]
    session.output.table(title, ("rule", "now", "then"), rows)


def _facts(differences: Sequence[Difference]) -> list[dict[str, Any]]:
    return [vars(difference) for difference in differences]
