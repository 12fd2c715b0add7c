"""A made chain that rules are held against, and what the outbox says of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

from sqlalchemy import select

from prorata.alerts.deciding import Decider
from prorata.alerts.rules import Rule, _File
from prorata.analysis.marks import Basis, Mark, MarkKind
from prorata.files.models import validated
from prorata.store.database import Database
from prorata.store.outbox_schema import alert, alert_delivery
from prorata.store.writer import Writer
from tests.prorata.store.made_logs import MadeChain, follow, read

_NUMBERS = count(1)


def rule(**said: Any) -> Rule:
    """One rule, as a file says it."""
    full = {"name": "a-rule", "says": "Something happened", **said}
    return validated(_File, {"rules": [full]}, "the example", "a test").rules[0]


def nav(id_: str, time: int, value: str = "100.00", **said: Any) -> Mark:
    """A mark of NAV, in dollars, with as many decimals as are written."""
    whole, _, part = value.partition(".")
    known = {"kind": MarkKind.NAV, "currency": "USD", "basis": Basis.EX, "source": "a test"}
    amount, decimals = int(whole + part), len(part)
    return Mark("asset", time, amount=amount, decimals=decimals, id=id_, **{**known, **said})


class Stage:
    """A followed chain of which the ledger may know less than there is."""

    def __init__(self, database: Database, blocks: Sequence[Any] = ()) -> None:
        self.database = database
        self.chain = MadeChain(blocks)
        self.genesis = f"0x{next(_NUMBERS):064x}"
        self.writer = Writer.take(database, 1, self.genesis, who="the tests")
        follow(self.writer, self.chain)
        self.read()

    def read(self, final: int | None = None) -> None:
        read(self.writer, self.chain)
        done = None if final is None else self.chain.header(final)
        self.writer.note(self.chain.header(self.chain.head), done)

    def mine(self, *blocks: Any, final: bool = True) -> None:
        for block in blocks:
            self.chain.mine(block)
        self.read(self.chain.head if final else None)

    def reorganise(self, ancestor: int, *blocks: Any) -> None:
        self.chain.reorganise(ancestor, blocks)
        self.writer.undo(ancestor)
        self.read()

    def decider(self, *rules: Rule, **said: Any) -> Decider:
        return Decider(self.database, 1, self.genesis, rules, **said)

    def rows(self, table: Any = alert) -> list[Any]:
        asked = select(table)
        if table is alert:
            asked = asked.where(alert.c.chain == f"1:{self.genesis}").order_by(alert.c.time)
        with self.database.snapshot() as connection:
            return list(connection.execute(asked))

    def told(self, kind: str = "alert") -> list[dict[str, Any]]:
        """What the alerts say."""
        return [json.loads(row.body)["data"] for row in self.rows() if row.kind == kind]

    def deliveries(self) -> list[tuple[str, str, str]]:
        """Kind of message, receiver, state."""
        kinds = {row.id: row.kind for row in self.rows()}
        found = [(kinds[d.alert], d.receiver, d.state) for d in self.rows(alert_delivery)]
        return sorted(found)
