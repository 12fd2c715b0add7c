# SPDX-License-Identifier: MIT
"""What rules of alerts are held against: ledger and office of a deployment, and its node."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
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
    from prorata.alerts.outbox import Addressee
    from prorata.alerts.receivers import Receiver, Recipient
    from prorata.alerts.webhook_secrets import Masters
    from prorata.store.database import Database
    from prorata.store.office import Office

__all__ = ["DriftAsked", "Opened", "Told", "marks_of", "opened", "quiets_of"]

AGAIN = 60
"""Seconds until a node that did not answer is asked again."""

MADE_IN = 5
"""Looks at an office that cannot be opened, before that is told."""


class Told:
    """Who is told: the receivers of the operator's file, and the webhooks of the office.

    Webhooks are looked up each time: so a new one, and one that has ended, needs no restart, nor
    does an office that is made meanwhile.
    """

    def __init__(
        self, session: Session, database: Database, named: Sequence[Receiver], masters: Masters
    ) -> None:
        self.session, self.database = session, database
        self.named, self.masters = named, masters
        self._office: Office | None = None
        self._silent = frozenset[str]()
        self._refused = 0

    def now(self) -> tuple[list[Addressee], list[Recipient]]:
        """To whom alerts are addressed, and to whom they are delivered: who can be signed for.

        Raises: StoreError.
        """
        from prorata.alerts.office_receivers import (  # noqa: PLC0415
            cancel_ended,
            office_receivers,
        )

        office = self._opened()
        hooks = [] if office is None else office_receivers(office, self.masters)
        if office is not None:
            cancel_ended(self.database, office)
        self._tell({one.name for one in hooks if not one.can_sign})
        told: list[Recipient] = [*self.named, *hooks]
        return [one.addressee for one in told], [
            *self.named, *(one for one in hooks if one.can_sign)
        ]  # fmt: skip

    def _opened(self) -> Office | None:
        """The office, once there is one; somebody may be making it at this moment."""
        from prorata.store.office import Office, has_office  # noqa: PLC0415

        if self._office is None:
            place = office_place_of(self.session.folder_there(), self.session.database)
            if not has_office(place):
                return None
            try:
                self._office = Office.open(place, who="prorata deliver")
            except StoreError as error:
                self._refused += 1
                if self._refused == MADE_IN:
                    self.session.output.notice(f"no webhook is told, for {error}")
        return self._office

    def _tell(self, silent: set[str]) -> None:
        """Say once of which webhooks messages wait."""
        for name in sorted(silent - self._silent):
            self.session.output.notice(
                f"messages to the webhook {name} wait: its master secret is not given; "
                "set PRORATA_WEBHOOK_SECRETS, or name a file with --webhook-secret-file"
            )
        self._silent = frozenset(silent)

    def close(self) -> None:
        """Let go of the office."""
        if self._office is not None:
            self._office.close()


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
