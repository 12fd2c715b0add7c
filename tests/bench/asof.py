"""Questions as of a block, in a ledger of so many transfers: CPU seconds, and how they grow.

    python -m tests.bench.asof                    100,000 and 1,000,000 transfers, SQLite
    python -m tests.bench.asof postgresql://…     on a server, whose CPU is counted too where it is
                                                  this machine's

The ledger has 10,000 holders and amounts over 2^64. The answers are compared with a model first.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Connection, insert

from prorata.store import schema
from prorata.store.asof import balances, holder, moment, supply
from prorata.store.database import Database, schema_digest
from prorata.store.holder_pages import holders

HOLDERS, IN_A_BLOCK = 10_000, 50
SIZES = (100_000, 1_000_000)
ROUNDS = 9
LARGE = 2**70
MOST_GROWTH = 1.5
MOST_ALL, MOST_ONE = 0.050, 0.001


def main() -> None:
    """Print the figures; exit code 1 if one is not met."""
    sys.exit(0 if all(_told(*size) for size in _measured(sys.argv[1:])) else 1)


def _measured(places: list[str]) -> Iterator[tuple[int, dict[str, float], dict[str, float]]]:
    before: dict[str, float] = {}
    for transfers in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            place = places[0] if places else str(Path(folder) / "ledger.db")
            with closing(Database.open(place, create=True)) as database:
                found = measure(database, transfers)
        yield transfers, found, before
        before = found


def _told(transfers: int, found: dict[str, float], before: dict[str, float]) -> bool:
    print(f"{transfers:,} transfers among {HOLDERS:,} holders")
    good = found["all"] <= MOST_ALL and found["one"] <= MOST_ONE
    for name, seconds in found.items():
        growth = seconds / before[name] if before else 1.0
        print(f"  {name:<8}{seconds * 1000:9.3f} ms of CPU   x{growth:.2f}")
        good &= growth <= MOST_GROWTH or name in ("filled", "moment", "page")
    return good


@dataclass
class Model:
    """What the ledger is filled with, and who has what as of the middle and the end."""

    transfers: int
    asset: int = 0
    middle: dict[bytes, int] = field(default_factory=dict)
    end: dict[bytes, int] = field(default_factory=dict)

    @property
    def blocks(self) -> int:
        """The newest one."""
        return 1 + -(-self.transfers // IN_A_BLOCK)


def measure(database: Database, transfers: int) -> dict[str, float]:
    """CPU seconds of each question, the median of some."""
    began = time.process_time()
    model = fill(database, transfers)
    found = {"filled": time.process_time() - began}
    middle, one = model.blocks // 2, next(iter(model.middle))
    with database.snapshot() as connection:
        assert balances(connection, model.asset, middle) == model.middle
        assert balances(connection, model.asset, model.blocks) == model.end
        assert supply(connection, model.asset, middle).total == sum(model.middle.values())
        at = f"block:{middle}"
        found |= {
            "all": _cpu(lambda: balances(connection, model.asset, middle)),
            "one": _cpu(lambda: holder(connection, model.asset, middle, one), 100),
            "moment": _cpu(lambda: moment(connection, model.asset, at), 100),
            "page": _cpu(lambda: holders(connection, model.asset, at, most=25), 100),
        }
    return found


def _cpu(ask: Callable[[], Any], times: int = 1) -> float:
    """CPU seconds for one, this process's and its system's."""
    taken = []
    ask()
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(times):
            ask()
        taken.append((time.process_time() - began) / times)
    return median(taken)


# ---------------------------------------------------------------------------------------- filling


def fill(database: Database, transfers: int, seed: int = 7) -> Model:
    """A ledger of one asset, by inserts; the rows that a writer makes of so many transfers."""
    model, rng = Model(transfers), random.Random(seed)
    people = [rng.randbytes(20) for _ in range(HOLDERS)]
    with database.writing() as connection:
        model.asset = _stand(connection, model)
        _accounts(connection, model, people)
    with database.writing() as connection:
        _moves(connection, model, people, rng)
    return model


def _stand(connection: Connection, model: Model) -> int:
    facts = {
        "id": model.transfers, "chain_id": 1, "genesis": os.urandom(32), "epoch": "bench", "seq": 0,
        "undone": 0, "head": model.blocks, "head_time": model.blocks * 12, "final": 0,
        "verified_to": 0, "fence": 0, "beat": 0, "schema": schema_digest(),
    }  # fmt: skip
    connection.execute(insert(schema.chain), facts)
    token = {"chain": model.transfers, "token": os.urandom(20), "decimals": 0}
    named = {"id": model.transfers, "name": "Bench", "symbol": "BENCH"}
    connection.execute(insert(schema.asset), named | token)
    source = {
        "id": model.transfers, "chain": model.transfers, "address": token["token"], "ours": 1,
        "kind": "ShareToken", "first_block": 1, "done_to": model.blocks, "added_at": 0,
    }  # fmt: skip
    connection.execute(insert(schema.source), source)
    serving = {"source": model.transfers, "asset": model.transfers}
    connection.execute(insert(schema.source_asset), serving)
    return model.transfers


def _accounts(connection: Connection, model: Model, people: list[bytes]) -> None:
    base = model.transfers * 10
    rows = [
        {"id": base + n, "chain": model.transfers, "address": one}
        for n, one in enumerate([bytes(20), *people])
    ]
    connection.execute(insert(schema.account), rows)
    first = [
        {"asset": model.asset, "account": base + n + 1, "block": 1} for n in range(len(people))
    ]
    connection.execute(insert(schema.holder), first)


def _moves(
    connection: Connection, model: Model, people: list[bytes], rng: random.Random
) -> None:
    base, held = model.transfers * 10 + 1, [LARGE] * HOLDERS
    history: dict[tuple[int, int], int] = {(n, 1): LARGE for n in range(HOLDERS)}
    moved, blocks = [], [1]
    for number in range(model.transfers):
        block = 2 + number // IN_A_BLOCK
        giver, receiver = rng.randrange(HOLDERS), rng.randrange(HOLDERS)
        amount = rng.randrange(held[giver] + 1)
        held[giver] -= amount
        held[receiver] += amount
        history[giver, block], history[receiver, block] = held[giver], held[receiver]
        moved.append((block, number % IN_A_BLOCK, base + giver, base + receiver, amount))
        if block != blocks[-1]:
            blocks.append(block)
            if block == model.blocks // 2 + 1:
                model.middle = {}
    model.end = {one: held[n] for n, one in enumerate(people) if held[n]}
    model.middle = _as_of(history, people, model.blocks // 2)
    _insert(connection, schema.transfer, ["block", "log_index", "giver", "receiver", "amount"], moved,
            model)  # fmt: skip
    held_rows = [(base + n, block, amount) for (n, block), amount in sorted(history.items())]
    _insert(connection, schema.holding, ["account", "block", "amount"], held_rows, model)
    total = [(block, LARGE * HOLDERS, HOLDERS) for block in blocks[:1]]
    _insert(connection, schema.supply, ["block", "total", "holders"], total, model)
    headers = [
        {"chain": model.transfers, "number": n, "hash": n.to_bytes(32, "big"), "time": n * 12}
        for n in blocks
    ]
    connection.execute(insert(schema.block), headers)


def _as_of(
    history: dict[tuple[int, int], int], people: list[bytes], block: int
) -> dict[bytes, int]:
    newest: dict[int, tuple[int, int]] = {}
    for (person, changed), amount in history.items():
        if changed <= block and (person not in newest or changed >= newest[person][0]):
            newest[person] = (changed, amount)
    return {people[person]: amount for person, (_, amount) in newest.items() if amount}


def _insert(
    connection: Connection, table: Any, columns: list[str], rows: list[tuple[int, ...]], model: Model
) -> None:
    for start in range(0, len(rows), 100_000):
        page = rows[start : start + 100_000]
        named = [dict(zip(columns, row, strict=True)) | {"asset": model.asset} for row in page]
        connection.execute(insert(table), named)


if __name__ == "__main__":
    main()
