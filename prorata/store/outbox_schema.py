# SPDX-License-Identifier: MIT
"""The tables of alerts in the ledger's database: what was decided, and what is to be delivered.

They are beside the ledger's tables, so that an alert, its deliveries and the cursor that led to it
are one transaction. A chain is named by its number and genesis: so a ledger that is derived anew
keeps what was decided, which no log would say.
"""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.schema import SchemaItem

from prorata.store.columns import BigNumber

__all__ = ["METADATA", "alert", "alert_cursor", "alert_delivery", "alert_state"]

METADATA = MetaData()


def _table(name: str, *parts: SchemaItem) -> Table:
    return Table(name, METADATA, *parts, sqlite_strict=True)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _number(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigNumber, nullable=nullable)


# To which change a rule was decided. `epoch` is that of the changes' numbers; of a ledger with
# another one all is looked at again, by thresholds from `judged` on. What was there when the rule
# began is passed over: blocks up to `begun_final`, and those of `begun_hashes`, which could still
# be taken back then.
alert_cursor = _table(
    "alert_cursor",
    _text("chain"),
    _text("rule"),
    _text("epoch"),
    _number("seq"),
    _number("begun_at"),
    _number("begun_final"),
    # A list in JSON.
    _text("begun_hashes"),
    # The final block to which all was judged.
    _number("judged"),
    PrimaryKeyConstraint("chain", "rule"),
)

# Where a threshold or an absence stands: since when its value is beyond the limit, and whether it
# has been told. `episode` counts how often. `asset` is empty for what is of the chain; a rule of
# drift has the digest of each drift there, and with none, when the node was asked.
alert_state = _table(
    "alert_state",
    _text("chain"),
    _text("rule"),
    _text("asset"),
    _number("since", nullable=True),
    _number("block"),
    _text("hash"),
    _number("episode"),
    Column("told", Integer, nullable=False),
    PrimaryKeyConstraint("chain", "rule", "asset"),
)

# `base` is the digest of rule, asset, block hash and event or episode. What was withdrawn and then
# came to be true again has another `life`.
alert = _table(
    "alert",
    _text("id"),
    _text("chain"),
    _text("base"),
    _number("life"),
    # `alert`, `withdrawal` or `digest`; of a withdrawal, `parent` is the alert's id.
    _text("kind"),
    Column("parent", Text),
    _text("rule"),
    _text("name"),
    _text("severity"),
    _text("asset"),
    _number("block"),
    _text("hash"),
    # When it was so, by the chain, and when it was decided, by the clock.
    _number("time"),
    _number("decided_at"),
    # Decided and shown, and delivered to nobody.
    Column("silenced", Integer, nullable=False),
    # Its block is final, or it depends on none.
    Column("settled", Integer, nullable=False),
    _text("body"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("base", "life", "kind"),
    UniqueConstraint("parent"),
)
Index("alert_unsettled", alert.c.chain, alert.c.settled, alert.c.block)
Index("alert_of_rule", alert.c.chain, alert.c.rule, alert.c.asset, alert.c.time)

# `pending`, `claimed`, `delivered`, `cancelled` or `dead`; `waiting` for a digest, then `gathered`
# in one, which `said` names.
alert_delivery = _table(
    "alert_delivery",
    _text("alert"),
    _text("receiver"),
    _text("state"),
    Column("attempts", Integer, nullable=False),
    _number("due"),
    # Who has it in hand, and until when nobody else may.
    Column("claim", Text),
    _number("claimed_until"),
    _text("said"),
    _number("ended_at", nullable=True),
    PrimaryKeyConstraint("alert", "receiver"),
)
Index("alert_delivery_due", alert_delivery.c.state, alert_delivery.c.due)
