# SPDX-License-Identifier: MIT
"""Follow, deliver alerts and serve, as processes that are begun again when they die."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import closing
from copy import copy
from pathlib import Path
from typing import Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.commands import deliver, follow, serve
from prorata.cli.commands.alerts import RECEIVERS, RULES
from prorata.cli.ledger.extras import extra
from prorata.cli.output import escape
from prorata.cli.session import Session
from prorata.cli.signals import stopped_by_signals
from prorata.cli.stored import open_ledger
from prorata.cli.supervisor import Part, Supervisor
from prorata.errors import InputError, ProrataError

__all__ = ["cli"]

EXAMPLES = (
    "prorata run --public",
    f"prorata run --rules {RULES} --receivers {RECEIVERS} --metrics-port 9464",
    "prorata run --database postgresql://ledger@db.example.org/ledger --workers 2",
)

FOLLOWER, DELIVERER, API = "follower", "deliverer", "API"

ANSWERING_SECONDS = 35.0
DELIVERING_SECONDS = 45.0
FOLLOWING_SECONDS = 30.0
"""What each may take to end: an answer, a message, or a page that is under way."""

_OWN = ("poll", "depth")
_TOLD = ("rules", "receivers")
_SHARED = ("webhook_secret_files",)


@click.command(cls=Command, examples=EXAMPLES)
@reading_options
@click.pass_context
def cli(ctx: click.Context, /, **options: Any) -> None:
    """Follow, deliver alerts and serve, as processes that are begun again when they die.

    They are `prorata follow`, with rules `prorata deliver`, and `prorata serve`, each a process of
    its own. One that dies is begun again after a pause that grows. Told to end, the API says that
    it is not ready and answers what it has, then messages that are under way are delivered, then
    the page that is read is written. A second signal ends all at once.

    With --metrics-port the API's metrics are at that port, and the follower's at the next one.

    Exit code 0 when each has ended by itself, 1 when one had to be killed, 2 when one has a mistake
    in its options.
    """
    session = Session.of(options)
    with extra("store", "service"):
        import fastapi  # noqa: F401, PLC0415 - rather now than in each process
        import sqlalchemy  # noqa: F401, PLC0415
    folder = session.folder_there()
    _check_rules(options)
    supervisor = Supervisor(
        _parts(session, folder, options),
        ending=(API, DELIVERER, FOLLOWER),
        say=lambda sentence: session.output.say(escape(sentence)),
    )
    with stopped_by_signals(supervisor.stop):
        code = supervisor.run()
    session.output.result({"exit_code": code})
    ctx.exit(code)


def _check_rules(options: Mapping[str, Any]) -> None:
    """Raises: InputError for rules that are none, or receivers without rules."""
    if options["rules"] is None:
        if options["receivers"] is not None:
            raise InputError.of(
                "receivers", options["receivers"], "are named, and no rules", "add --rules"
            )
        return
    with extra("store", "alerts"):
        from prorata.alerts.receivers import read_receivers  # noqa: PLC0415
        from prorata.alerts.rules import read_rules  # noqa: PLC0415

    read_rules(options["rules"])
    if options["receivers"] is not None:
        read_receivers(options["receivers"])


def _parts(session: Session, folder: Path, options: Mapping[str, Any]) -> list[Part]:
    """The commands, in the order in which they begin."""
    common = ["--deployment", str(folder)]
    if session.names is not None:
        common += ["--names", str(session.names)]
    env = {"PRORATA_NETWORK": session.network}
    if session.database is not None:
        env["PRORATA_DATABASE"] = session.database

    def ready() -> bool:
        return _has_ledger(folder, session.database)

    port = options["metrics_port"]
    ports = [] if port is None else ["--metrics-port", str(port and port + 1)]
    own = _words(follow.cli, _OWN, options)
    parts = [
        Part(FOLLOWER, ("follow", *common, *own, *ports), grace=FOLLOWING_SECONDS, env=env),
    ]
    if options["rules"] is not None:
        told = _words(deliver.cli, (*_TOLD, *_SHARED), options)
        words = ("deliver", *common, *told)
        parts.append(Part(DELIVERER, words, grace=DELIVERING_SECONDS, ready=ready, env=env))
    words = ("serve", *common, *_words(serve.cli, _SERVING, options))
    grace = ANSWERING_SECONDS + options["drain"]
    parts.append(Part(API, words, grace=grace, ready=ready, env=env))
    return parts


def _has_ledger(folder: Path, named: str | None) -> bool:
    """Whether a follower has begun to fill it."""
    from sqlalchemy import select  # noqa: PLC0415

    from prorata.store import schema  # noqa: PLC0415

    try:
        with closing(open_ledger(folder, named)) as database, database.snapshot() as connection:
            return connection.scalar(select(schema.source.c.id).limit(1)) is not None
    except ProrataError:
        return False


# -------------------------------------------------------------------------------- others' options


def _of(command: click.Command, names: Collection[str]) -> list[click.Option]:
    return [p for p in command.params if str(p.name) in names and isinstance(p, click.Option)]


def _words(command: click.Command, names: Collection[str], values: Mapping[str, Any]) -> list[str]:
    """The options of a command as they were given to this one."""
    words: list[str] = []
    for option in _of(command, names):
        value, name = values[str(option.name)], option.opts[0]
        if option.is_flag:
            words += [name] if value else []
        elif option.multiple:
            words += [word for one in value for word in (name, str(one))]
        elif value is not None:
            words += [name, str(value)]
    return words


_READING = {option.name for option in cli.params}
_SERVING = tuple(str(option.name) for option in serve.cli.params if option.name not in _READING)

# They are the others' own, so that what one of them learns this command has, too.
_OPTIONAL = [copy(option) for option in _of(deliver.cli, _TOLD)]
for _option in _OPTIONAL:
    _option.required = False
cli.params[:0] = [*_of(follow.cli, _OWN), *_OPTIONAL, *_of(serve.cli, _SERVING)]
