# SPDX-License-Identifier: MIT
"""Decide what is worth a message, and deliver it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prorata.cli.alerting import DriftAsked, Told, marks_of, opened, quiets_of
from prorata.cli.command import Command, reading_options
from prorata.cli.office import open_office_of
from prorata.cli.output import escape
from prorata.cli.secret_files import masters_of, webhook_secret_option
from prorata.cli.session import Session
from prorata.cli.signals import stopped_by_signals
from prorata.values.times import moment
from prorata.values.words import counted

if TYPE_CHECKING:
    from prorata.alerts.deciding import Decider
    from prorata.alerts.delivery import Courier

__all__ = ["cli", "delivering_options", "run_alerts"]

RULES = "examples/alerts/rules.yaml"
RECEIVERS = "examples/alerts/receivers.yaml"
POLL = 5.0

_FILE = click.Path(path_type=Path)


def delivering_options(function: Callable[..., None]) -> Callable[..., None]:
    """The options of whoever decides and delivers."""
    for option in (
        click.option(
            "--poll", type=click.FloatRange(min=0.05), default=POLL, show_default=True,
            metavar="SECONDS", help="How often to look.",
        ),
        click.option("--once", is_flag=True, help="Decide and deliver what there is, then end."),
        click.option(
            "--receivers", type=_FILE, metavar="FILE",
            help="Who is told; without it, what is decided is only listed.",
        ),
        click.option(
            "--rules", required=True, type=_FILE, metavar="FILE", help="The rules, in YAML."
        ),
    ):  # fmt: skip
        function = option(function)
    return webhook_secret_option(function)


@click.group()
def cli() -> None:
    """Decide what is worth a message, and deliver it.

    `prorata follow` fills the ledger that the rules look at. It needs the extras `store` and
    `alerts`: pip install 'prorata[store,alerts]'.
    """


@cli.command(
    "run", cls=Command,
    examples=(f"prorata alerts run --rules {RULES} --receivers {RECEIVERS}",
              f"prorata alerts run --rules {RULES} --once"),
)  # fmt: skip
@delivering_options
@reading_options
def run_command(**options: Any) -> None:
    """Decide what the rules say of all that is new, and deliver it, until it is ended.

    A rule begins when it is first seen. What is decided is never decided again: end it, kill it, or
    run two of them beside each other.
    """
    run_alerts(options)


def run_alerts(options: dict[str, Any]) -> None:
    """Decide and deliver, as the options say.

    Raises: InputError, StoreError.
    """
    session = Session.of(options)
    from prorata.alerts.deciding import Decider  # noqa: PLC0415
    from prorata.alerts.delivery import Courier  # noqa: PLC0415
    from prorata.alerts.receivers import read_receivers  # noqa: PLC0415
    from prorata.alerts.rules import read_rules  # noqa: PLC0415

    read, receivers = read_rules(options["rules"]), options["receivers"]
    named = () if receivers is None else read_receivers(receivers)
    ended = threading.Event()
    with (
        stopped_by_signals(ended.set),
        opened(session) as (database, manifest, office),
        closing(Told(session, database, named, masters_of(options))) as told,
    ):
        decider = Decider(
            database,
            manifest.chain_id,
            manifest.genesis,
            read,
            quiets=quiets_of(office),
            marks=marks_of(office, manifest.chain_id),
            drifts=DriftAsked(session),
        )
        courier, noticed = Courier(database, named), set[str]()
        while True:
            decider.addressees, courier.receivers = told.now()
            facts = _step(session, decider, courier, noticed)
            if options["once"] or ended.wait(options["poll"]):
                break
    session.output.result(facts)


def _step(
    session: Session, decider: Decider, courier: Courier, noticed: set[str]
) -> dict[str, Any]:
    """One round; `noticed` are the rules that were told of as of no asset."""
    decided, done = decider.step(), courier.run()
    say = session.output.say
    for name in decided.begun:
        say(escape(f"the rule {name} begins"))
    for name in decided.not_followed:
        if name not in noticed:
            session.output.notice(f"the rule {name} is of a token that is not followed here")
    noticed |= {*decided.not_followed}
    if decided.alerts or decided.withdrawals:
        say(f"{counted(decided.alerts, 'alert')}, {counted(decided.withdrawals, 'withdrawal')}")
    if done.delivered or done.failed or done.dead:
        say(f"{done.delivered:,} delivered, {done.failed:,} to be tried again, {done.dead:,} dead")
    return {**asdict(decided), **asdict(done), "next_due": courier.next_due()}


@cli.command(
    "test", cls=Command, examples=(f"prorata alerts test {RULES} --from 0",)
)  # fmt: skip
@click.argument("rules", metavar="RULES", type=_FILE)
@click.option(
    "--from", "first", type=click.IntRange(min=0), required=True, metavar="BLOCK",
    help="Play them from this block on.",
)  # fmt: skip
@reading_options
def test_command(rules: Path, first: int, **options: Any) -> None:
    """Play rules over what has happened, and send nothing.

    What is final is played. That a node or finality was behind, or of drift, is in no block, so
    such rules are left out.
    """
    session = Session.of(options)
    from prorata.alerts.replay import replay  # noqa: PLC0415
    from prorata.alerts.rules import read_rules  # noqa: PLC0415

    read = read_rules(rules)
    with opened(session) as (database, manifest, office):
        known = marks_of(office, manifest.chain_id)
        chain = manifest.chain_id, manifest.genesis
        found = replay(database, *chain, read, first=first, marks=known)
    title = f"{counted(len(found.alerts), 'alert')} to block {found.until:,}; nothing was sent"
    rows = [
        (one["time"], one["rule"], one["severity"], _said(one["facts"])) for one in found.alerts
    ]
    session.output.table(title, ("time", "rule", "severity", "facts"), rows)
    for name in found.not_followed:
        session.output.notice(f"the rule {name} is of a token that is not followed here")
    for name in found.not_played:
        session.output.notice(f"the rule {name} is of the present only, and was not played")
    session.output.result(
        {
            "alerts": list(found.alerts),
            "until": found.until,
            "not_played": list(found.not_played),
            "not_followed": list(found.not_followed),
        }
    )


@cli.command("list", cls=Command, examples=("prorata alerts list", "prorata alerts list --json"))
@click.option("--dead", is_flag=True, help="Only those that could not be delivered.")
@reading_options
def list_command(dead: bool, **options: Any) -> None:
    """Show what was decided, the newest first, and what became of each message."""
    session = Session.of(options)
    with opened(session) as (database, manifest, office):
        from prorata.alerts.listing import listed_alerts  # noqa: PLC0415

        alerts = listed_alerts(database, f"{manifest.chain_id}:{manifest.genesis}", dead=dead)
        quiets = [asdict(one) for one in quiets_of(office)()]
    rows = [
        (
            moment(one["time"]),
            f"{one['rule']}, withdrawn" if one["kind"] == "withdrawal" else one["rule"],
            one["severity"],
            "silenced" if one["silenced"] else _said(one["deliveries"]) or "nobody is told",
        )
        for one in alerts
    ]
    columns = ("time", "rule", "severity", "delivery")
    session.output.table(counted(len(alerts), "message"), columns, rows)
    session.output.result({"messages": alerts, "silences": quiets})


@cli.command(
    "silence", cls=Command,
    examples=("prorata alerts silence old-nav --for 7d --reason 'the appraisal is under way'",),
)  # fmt: skip
@click.argument("rule", metavar="RULE")
@click.option("--for", "lasting", required=True, metavar="TIME", help="How long, such as 4h or 7d.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it stays in the office.")
@click.option("--token", metavar="ADDRESS", help="Only for this asset.")
@reading_options
def silence_command(
    rule: str, lasting: str, reason: str, token: str | None, **options: Any
) -> None:
    """Let a rule be decided, and not delivered, for a while."""
    session = Session.of(options)
    from prorata.alerts.fields import parse_duration  # noqa: PLC0415
    from prorata.alerts.silences import add_silence  # noqa: PLC0415
    from prorata.values.addresses import parse_address  # noqa: PLC0415

    seconds = parse_duration(lasting, "for")
    asset = None if token is None else str(parse_address(token, "token"))
    with open_office_of(session.folder_there(), session.database, create=True) as office:
        quiet = add_silence(office, rule, seconds=seconds, token=asset, reason=reason)
    whose = f" for {asset}" if asset else ""
    session.output.say(escape(f"{rule} is silent{whose} until {moment(quiet.ends_at)}"))
    session.output.result(asdict(quiet))


def _said(facts: Any) -> str:
    from prorata.alerts.messages import shown  # noqa: PLC0415

    if isinstance(facts, dict):
        return ", ".join(f"{name} {shown(value)}" for name, value in sorted(facts.items()))
    return ", ".join(f"{one['receiver']} {one['state']}" for one in facts)
