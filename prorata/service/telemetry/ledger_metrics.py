# SPDX-License-Identifier: MIT
"""What the ledger says of itself when Prometheus asks: lags, the outbox, NAVs, what is unpaid.

Amounts are floats there, for a picture and a rule of an alert only. What reads many rows is found
anew when the ledger has changed, and at most once in a while.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select

from prorata.chain.transports.troubles import TROUBLES
from prorata.errors import ProrataError
from prorata.service.audits import read_audit
from prorata.store import schema
from prorata.store.database import Database
from prorata.store.flows import distributions
from prorata.store.lease import lives
from prorata.store.listings import Outgoing, outgoings
from prorata.store.outbox_schema import alert, alert_delivery
from prorata.values.times import parse_time

__all__ = ["LedgerMetrics", "NodeMetrics"]

UNPAID_SECONDS = 60.0

Navs = Callable[[int, str], Sequence[int]]
"""The times of an asset's NAVs, by chain and token."""


class NodeMetrics(Collector):
    """How often nodes did not answer this process, and how deep reorganisations went."""

    def __init__(self) -> None:
        self.undone: list[int] = []
        """Blocks that each reorganisation has taken back."""

    def collect(self) -> Iterator[Metric]:
        """As the library asks."""
        troubles = CounterMetricFamily(
            "prorata_rpc_errors", "Questions that a node did not answer.", labels=("host", "kind")
        )
        for (host, kind), count in sorted(TROUBLES.items()):
            troubles.add_metric((host, kind), count)
        yield troubles
        depth = GaugeMetricFamily(
            "prorata_reorganisation_depth_blocks", "Blocks that the deepest one took back."
        )
        depth.add_metric((), max(self.undone, default=0))
        yield depth


@dataclass(eq=False)
class LedgerMetrics(Collector):
    """One ledger's, with all its chains; `audit` is what `prorata books --json` has written."""

    database: Database
    navs: Navs | None = None
    audit: Path | None = None
    clock: Callable[[], float] = time.time
    _unpaid: dict[int, tuple[tuple[str, int], float, list[tuple[str, int]]]] = field(
        default_factory=dict, init=False
    )

    def collect(self) -> Iterator[Metric]:
        """As the library asks. A ledger that cannot be read says so by one figure."""
        up = GaugeMetricFamily("prorata_ledger_up", "1 if the ledger can be read.")
        try:
            with self.database.snapshot() as connection:
                found = [*self._chains(connection), *self._outbox(connection)]
                found += [*self._assets(connection)]
        except ProrataError:
            up.add_metric((), 0)
            yield up
            return
        up.add_metric((), 1)
        yield up
        yield from found
        yield from self._audited()

    # ------------------------------------------------------------------------------- its chains

    def _chains(self, connection: Connection) -> Iterator[Metric]:
        s = schema.source.c
        going = select(s.chain, func.min(s.done_to)).where(s.stopped.is_(None)).group_by(s.chain)
        read_to = {row[0]: row[1] for row in connection.execute(going)}
        ended = select(s.chain, func.count()).where(s.stopped.is_not(None)).group_by(s.chain)
        stopped = {row[0]: row[1] for row in connection.execute(ended)}
        now = self.clock()
        gauges = {
            "block_lag_blocks": "Blocks that were seen and are not read yet.",
            "head_age_seconds": "Seconds since the newest block that was seen.",
            "finality_lag_blocks": "Blocks above the final one.",
            "verified_lag_blocks": "Final blocks that were not asked for a second time yet.",
            "contracts_stopped": "Contracts that are not read on.",
            "writer_alive": "1 while a follower is at work.",
        }
        families = {
            name: GaugeMetricFamily(f"prorata_{name}", text, labels=("chain",))
            for name, text in gauges.items()
        }
        changes = CounterMetricFamily("prorata_changes", "Changes so far.", labels=("chain",))
        undone = CounterMetricFamily(
            "prorata_reorganisations", "How often blocks were taken back.", labels=("chain",)
        )
        for row in connection.execute(select(schema.chain)):
            label = (str(row.chain_id),)
            alive = row.writer is not None and lives(row.writer, row.beat)
            figures = {
                "block_lag_blocks": max(0, row.head - read_to.get(row.id, row.head)),
                "head_age_seconds": max(0.0, now - row.head_time) if row.head_time else 0,
                "finality_lag_blocks": max(0, row.head - row.final),
                "verified_lag_blocks": max(0, row.final - row.verified_to),
                "contracts_stopped": stopped.get(row.id, 0),
                "writer_alive": int(alive),
            }
            for name, value in figures.items():
                families[name].add_metric(label, value)
            changes.add_metric(label, row.seq)
            undone.add_metric(label, row.undone)
        yield from families.values()
        yield from (changes, undone)

    # ------------------------------------------------------------------------------- the outbox

    def _outbox(self, connection: Connection) -> Iterator[Metric]:
        waiting = GaugeMetricFamily(
            "prorata_outbox_waiting", "Messages that are to be delivered.", labels=("receiver",)
        )
        age = GaugeMetricFamily("prorata_outbox_age_seconds", "Age of the oldest of them.")
        dead = GaugeMetricFamily(
            "prorata_outbox_dead", "Messages that were given up.", labels=("receiver",)
        )
        oldest = None
        if alert_delivery.name in sqlalchemy.inspect(connection).get_table_names():
            d = alert_delivery.c
            asked = (
                select(d.receiver, d.state, func.count(), func.min(alert.c.decided_at))
                .join(alert, alert.c.id == d.alert)
                .group_by(d.receiver, d.state)
            )
            counts: dict[str, int] = {}
            for receiver, state, count, first in connection.execute(asked):
                if state == "dead":
                    dead.add_metric((receiver,), count)
                elif state in ("pending", "claimed"):
                    counts[receiver] = counts.get(receiver, 0) + count
                    oldest = first if oldest is None else min(oldest, first)
            for receiver, count in sorted(counts.items()):
                waiting.add_metric((receiver,), count)
        age.add_metric((), 0 if oldest is None else max(0.0, self.clock() - oldest))
        yield from (waiting, age, dead)

    # -------------------------------------------------------------------------------- its assets

    def _assets(self, connection: Connection) -> Iterator[Metric]:
        labels = ("chain", "token", "symbol")
        nav = GaugeMetricFamily("prorata_nav_age_seconds", "Age of the newest NAV.", labels=labels)
        unpaid = GaugeMetricFamily(
            "prorata_unpaid_units", "What a vault still has of an asset's distributions.",
            labels=(*labels, "currency"),
        )  # fmt: skip
        a, c = schema.asset.c, schema.chain.c
        asked = select(
            a.id, a.token, a.symbol, c.chain_id, c.head, c.epoch, c.seq
        ).join(schema.chain, c.id == a.chain)  # fmt: skip
        for row in connection.execute(asked).all():
            label = (str(row.chain_id), row.token, row.symbol)
            times = () if self.navs is None else self.navs(row.chain_id, row.token)
            if times:
                nav.add_metric(label, max(0.0, self.clock() - max(times)))
            for currency, units in self._unpaid_of(connection, row):
                unpaid.add_metric((*label, currency), units)
        yield from (nav, unpaid)

    def _unpaid_of(self, connection: Connection, row: Any) -> list[tuple[str, int]]:
        state, now = (row.epoch, row.seq), time.monotonic()
        kept = self._unpaid.get(row.id)
        if kept is None or (kept[0] != state and now - kept[1] >= UNPAID_SECONDS):
            gone = outgoings(connection, row.id, row.head)
            left: dict[str, int] = {}
            for one in distributions(connection, row.id, row.head):
                out = gone.get((one.vault, one.number), Outgoing())
                there = one.received + one.carried_in
                there -= out.paid + out.swept + out.carried + out.refunded
                left[one.currency] = left.get(one.currency, 0) + there
            kept = self._unpaid[row.id] = (state, now, sorted(left.items()))
        return kept[2]

    # --------------------------------------------------------------------------------- the audit

    def _audited(self) -> Iterator[Metric]:
        """What the last audit said, if its document can be read."""
        if self.audit is None:
            return
        age = GaugeMetricFamily("prorata_audit_age_seconds", "Age of the block of the last audit.")
        verdict = GaugeMetricFamily("prorata_audit_balanced", "1 if it found no difference.")
        try:
            said = read_audit(self.audit)
            since = max(0.0, self.clock() - parse_time("as_of", said["as_of"]))
            balanced = int(said["balanced"] is True)
        except (OSError, ValueError, KeyError, TypeError, ProrataError):
            # Nothing is known: no figure, which a rule can ask for.
            return
        age.add_metric((), since)
        verdict.add_metric((), balanced)
        yield from (age, verdict)
