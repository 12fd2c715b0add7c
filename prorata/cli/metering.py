# SPDX-License-Identifier: MIT
"""Metrics of a command that runs for long, on a port of this machine's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import click

from prorata.cli.ledger.extras import extra
from prorata.cli.office import office_place_of, open_office_of
from prorata.cli.output import escape
from prorata.cli.session import Session

__all__ = ["AUDIT", "METRICS_PORT", "ledger_metered", "nodes_metered"]

METRICS_PORT = click.option(
    "--metrics-port",
    type=click.IntRange(0, 65_535),
    metavar="PORT",
    envvar="PRORATA_METRICS_PORT",
    show_envvar=True,
    help="Serve metrics for Prometheus on this port of 127.0.0.1; 0 takes one that is free.  "
    "[default: none]",
)
AUDIT = click.option(
    "--audit",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    envvar="PRORATA_AUDIT",
    show_envvar=True,
    help="What `prorata books --json` has written: its age and verdict are metrics, and told in "
    "the answers.",
)


@contextmanager
def ledger_metered(session: Session, port: int | None, audit: Path | None) -> Iterator[None]:
    """Serve what the ledger says of itself, and what the workers of a service have counted.

    Raises: InputError when the port is taken.
    """
    if port is None:
        yield
        return
    with extra("store", "service"), ExitStack() as stack:
        from prorata.service.telemetry.metrics import gathered, serving_metrics  # noqa: PLC0415

        # Before the library is imported, which looks for the folder then.
        stack.enter_context(gathered())
        from prorata.cli.stored import open_ledger  # noqa: PLC0415
        from prorata.service.telemetry.ledger_metrics import LedgerMetrics  # noqa: PLC0415
        from prorata.store.marks import marks  # noqa: PLC0415
        from prorata.store.office import has_office  # noqa: PLC0415

        folder, navs = session.folder_there(), None
        database = stack.enter_context(closing(open_ledger(folder, session.database)))
        if has_office(office_place_of(folder, session.database)):
            office = stack.enter_context(open_office_of(folder, session.database))

            def navs(chain_id: int, token: str) -> list[int]:
                return [mark.time for mark in marks(office, chain_id, token, kind="NAV")]

        told = stack.enter_context(serving_metrics(port, LedgerMetrics(database, navs, audit)))
        _say(session, told)
        yield


@contextmanager
def nodes_metered(session: Session, port: int | None) -> Iterator[Any]:
    """Serve how nodes answer a follower: the metrics, or None where there is no port.

    Raises: InputError when the port is taken.
    """
    if port is None:
        yield None
        return
    with extra("store", "service"):
        from prorata.service.telemetry.ledger_metrics import NodeMetrics  # noqa: PLC0415
        from prorata.service.telemetry.metrics import serving_metrics  # noqa: PLC0415

        nodes = NodeMetrics()
        with serving_metrics(port, nodes) as told:
            _say(session, told)
            yield nodes


def _say(session: Session, port: int | None) -> None:
    session.output.say(escape(f"Metrics at http://127.0.0.1:{port}/metrics"))
