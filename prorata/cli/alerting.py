# SPDX-License-Identifier: MIT
"""What rules of alerts are held against: ledger and office of a deployment, and its node."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from prorata.cli.office import office_place_of, open_office_of
from prorata.cli.session import Session
from prorata.cli.stored import open_ledger
from prorata.deployments.deployment import Deployment
from prorata.deployments.drift import DriftReport, find_drift, known_transactions
from prorata.deployments.manifest import Manifest
from prorata.errors import ProrataError, StoreError

if TYPE_CHECKING:
    from prorata.alerts.mark_thresholds import Marks
    from prorata.store.database import Database
    from prorata.store.office import Office

__all__ = ["DriftAsked", "Opened", "marks_of", "opened", "quiets_of"]

AGAIN = 60
"""Seconds until a node that did not answer is asked again."""


class Opened(NamedTuple):
    """The ledger beside a deployment, and the office, if there is one."""

    database: Database
    manifest: Manifest
    office: Office | None


@contextmanager
def opened(session: Session) -> Iterator[Opened]:
    """Ledger and office of the session's deployment.

    Raises: StoreError when there is no ledger, or the extras are missing.
    """
    folder = session.folder_there()
    manifest = Manifest.read(folder / "manifest.json")
    with ExitStack() as stack:
        try:
            database = stack.enter_context(closing(open_ledger(folder, session.database)))
        except ModuleNotFoundError as error:
            raise StoreError(
                f"alerts need {error.name}, which is not installed",
                "install it with: pip install 'prorata[store,alerts]'",
            ) from None
        from prorata.store.office import has_office  # noqa: PLC0415

        office = None
        if has_office(office_place_of(folder, session.database)):
            office = stack.enter_context(open_office_of(folder, session.database))
        yield Opened(database, manifest, office)


def quiets_of(office: Office | None) -> Callable[[], Any]:
    """The silences of the office."""
    from prorata.alerts.silences import silences  # noqa: PLC0415

    return tuple if office is None else lambda: silences(office)


def marks_of(office: Office | None, chain_id: int) -> Marks | None:
    """The marks of the office; without one, what a share is worth is not known."""
    if office is None:
        return None
    from prorata.analysis.marks import Mark  # noqa: PLC0415
    from prorata.store.marks import marks  # noqa: PLC0415

    return lambda token: [Mark.of(token, vars(one)) for one in marks(office, chain_id, token)]


class DriftAsked:
    """Asks the node how the chain differs from manifest and journal, if rules want to know.

    A node that does not answer is told of, once until it does.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._not_before, self._silent = 0.0, False

    def __call__(self) -> tuple[str, DriftReport] | None:
        """The token and the report; None while nobody knows."""
        from prorata.alerts.watches import confirmed  # noqa: PLC0415

        if time.monotonic() < self._not_before:
            return None
        try:
            with self.session.chain() as chain:
                folder = self.session.folder(chain)
                token = Deployment.unchecked(chain, folder).token().address

                def look() -> DriftReport:
                    found = Deployment.unchecked(chain, folder)
                    return find_drift(found, known_transactions(found))

                report = confirmed(look)
        except ProrataError as error:
            if not self._silent:
                self.session.output.notice(f"the rules of drift say nothing, for {error}")
            self._not_before, self._silent = time.monotonic() + AGAIN, True
            return None
        self._silent = False
        return str(token), report
