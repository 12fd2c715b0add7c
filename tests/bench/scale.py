"""How prorata's own work grows: issuing, paying, rebuilding the books, dividing.

Every figure is a ratio against a named baseline in the same run on the same machine, whose times
are noisy; what is asserted nowhere is a time. Each part runs in a process of its own, so that its
peak memory is its own.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from eth_abi.abi import encode
from eth_account import Account
from eth_utils.abi import collapse_if_tuple, event_abi_to_log_topic
from eth_utils.address import to_checksum_address
from web3 import Web3

from prorata.apportion import apportion
from prorata.assets.asset import Asset
from prorata.chain.artifacts import artifact
from prorata.chain.calls import decode_log
from prorata.chain.node import RpcChain
from prorata.chain.signers import LocalSigner
from prorata.chain.types import Block, Log
from prorata.contracts.vault import Terms
from prorata.deployments.deployer import deploy
from prorata.deployments.deployment import open_operator
from prorata.income.declarations import declare
from prorata.income.pushes import push_all
from prorata.ledger.books import Books
from prorata.market.clearing import (
    MOST_STEPS,
    CallOrder,
    CallRules,
    Clearing,
    Kind,
    Ladder,
    Side,
    matches,
    outcome,
)
from prorata.register.captable import CapTable, Holding
from prorata.register.issuance import issue
from prorata.register.record_dates import schedule_record
from prorata.register.shares import Ledger
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.bench import asof, filling
from tests.bench.memory import peak
from tests.chainkit import ZERO
from tests.gas.story import START, person

ISSUER_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
BUILDING = PROJECT_ROOT / "examples" / "building" / "asset.yaml"
HOLDERS = 10_000
SAMPLE = 100
RECORDS = 100
READING = ("captable", "books", "statements")
SIZES = (10_000, 100_000, 1_000_000)
TOKEN, VAULT, DOLLAR = (to_checksum_address("0x" + digit * 40) for digit in "123")
Reported = dict[str, Any]


def measure_all(tell: Callable[[str], None]) -> Reported:
    """Every part, each in its process."""
    found: Reported = {}
    tell("issuing to and paying 10,000 holders; cap table, books and statements of them")
    found["operate"] = _process("operate", HOLDERS)
    tell(f"the same through ape, one at a time, for {SAMPLE}")
    found["one by one"] = _json("tests.bench.one_by_one", str(SAMPLE)) | {"holders": SAMPLE}
    tell(f"a cap table of {HOLDERS:,} in every file")
    found["tables"] = _json("tests.bench.tables", str(HOLDERS))
    tell(f"a pool of {HOLDERS:,} loans over thirty years")
    found["loans"] = _json("tests.bench.loans", str(HOLDERS))
    found["fill"] = filling.measure_all(_json, tell)
    found["as of"] = asof.measure_all(_json, tell)
    for part in ("rebuild", "divide", "clear"):
        found[part] = {}
        for size in SIZES:
            tell(f"{part}: {size:,}")
            found[part][str(size)] = _process(part, size)
    return found


def _process(part: str, size: int) -> Reported:
    return _json("tests.bench.scale", part, str(size))


def _json(module: str, *arguments: str) -> Reported:
    ran = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
    )
    if ran.returncode:
        raise RuntimeError(
            f"{module} {' '.join(arguments)} failed ({ran.returncode}):\n{ran.stderr[-3_000:]}"
        )
    # Ape says more than it is asked.
    reported: Reported = json.loads(
        [line for line in ran.stdout.splitlines() if line[:1] == "{"][-1]
    )
    return reported


class _Watch:
    """Seconds since the last look."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    def __call__(self) -> float:
        now = time.perf_counter()
        passed, self._since = now - self._since, now
        return round(passed, 3)


# ------------------------------------------------------------------------------------- on a chain


def operate(holders: int) -> Reported:
    """Issue to and pay so many holders as an issuer does, accounts and journal included."""
    table = CapTable(tuple(Holding(person(i), 1 + i % 97) for i in range(holders)))
    settings = Asset.load(BUILDING).model_copy(update={"authorised_shares": str(table.total)})
    with Anvil(hardfork="osaka") as anvil, tempfile.TemporaryDirectory() as place:
        chain, folder = RpcChain(anvil.url), Path(place) / "HARB12"
        signer = LocalSigner(Account.from_key(ISSUER_KEY))
        with open_operator(chain, signer, folder) as operator:
            found = deploy(operator, settings, folder, dollar=True)
            watch = _Watch()
            issue(operator, found, table)
            issued = watch()
            record = schedule_record(operator, found, chain.now() + 100)
            anvil.rpc("evm_setNextBlockTimestamp", record.closes_at + 1)
            anvil.rpc("evm_mine")
            dollars = found.currency("USD")
            rent = declare(
                operator, found, record_id=1, currency=dollars, amount=85_000_000_003, terms=Terms()
            )
            watch()
            report = push_all(operator, found, rent.id)
            paid = watch()
            assert report.owed == 0
        most = peak()
        read = {
            part: _json("tests.bench.reading", part, anvil.url, str(folder)) for part in READING
        }
    return {"holders": holders, "issue": issued, "pay": paid, "memory": most, "read": read}


# -------------------------------------------------------------------------------------- from logs


class _LogChain:
    """A chain that tells logs made up here, and nothing else."""

    def __init__(self, logs: Callable[[], Iterator[Log]], last: int) -> None:
        self._logs, self._last = logs, last

    def logs(self, *_: Any) -> Iterator[Log]:
        return self._logs()

    def blocks(self, numbers: Sequence[int]) -> list[Block]:
        return [self.block(number) for number in numbers]

    def block(self, number: int | str = "latest") -> Block:
        height = number if isinstance(number, int) else self._last
        return Block(height, START + 12 * height, "0x")


def _log(address: str, topics: tuple[bytes, ...], data: bytes, number: int) -> Log:
    return Log(address, topics, data, number, "0x", "0x", 0, START + 12 * number)


def _abi(contract: str, event: str) -> dict[str, Any]:
    return next(e for e in artifact(contract).abi if (e["type"], e.get("name")) == ("event", event))


def _word(value: int | str) -> bytes:
    number = value if isinstance(value, int) else int(value, 16)
    return number.to_bytes(32, "big")


def _life(transfers: int) -> Iterator[Log]:
    """An asset of a hundred record dates: holders are issued shares and trade at random."""
    moved = event_abi_to_log_topic(_abi("ShareToken", "Transfer"))
    scheduled = event_abi_to_log_topic(_abi("ShareToken", "RecordScheduled"))
    dice = random.Random(6)
    people = [_word(person(i)) for i in range(max(100, transfers // 100))]
    shares = [1_000] * len(people)
    number = 0
    for who in people:
        number += 1
        yield _log(TOKEN, (moved, _word(0), who), _word(1_000), number)
    for done in range(transfers):
        number += 1
        if done % (transfers // RECORDS) == 0:
            record, closes_at = done * RECORDS // transfers + 1, START + 12 * number + 6
            yield _log(TOKEN, (scheduled, _word(record)), _word(closes_at), number)
        giver, taker = dice.randrange(len(people)), dice.randrange(len(people))
        amount = dice.randint(0, shares[giver])
        shares[giver] -= amount
        shares[taker] += amount
        yield _log(TOKEN, (moved, people[giver], people[taker]), _word(amount), number)


def _income(last: int) -> Iterator[Log]:
    """A distribution for each record, declared at the end."""
    entry = _abi("DividendVault", "Declared")
    kinds = [collapse_if_tuple(item) for item in entry["inputs"] if not item["indexed"]]
    topic, terms = event_abi_to_log_topic(entry), (0, 0, 0, ZERO, ZERO, b"\0" * 32, [])
    for record in range(1, RECORDS + 1):
        reported = encode(kinds, (record, person(1), 10**12 + record, 0, terms))
        yield _log(VAULT, (topic, _word(record), _word(TOKEN), _word(DOLLAR)), reported, last)


def rebuild(transfers: int) -> Reported:
    """The register and the books of so many transfers and a hundred record dates."""
    watch = _Watch()
    last = sum(1 for _ in _life(transfers)) + 10
    making = watch()
    ledger = Ledger.read(_LogChain(lambda: _life(transfers), last), TOKEN, 0)
    read = max(watch() - making, 0.001)
    after_reading = peak()
    events = [(decode_log(log), START + 12 * last) for log in _income(last)]
    books = Books.of(events, [ledger], vault=VAULT)
    booked = watch()
    assert books.balanced, books.differences[:3]
    assert len(books.distributions) == RECORDS
    most = peak()
    dice = random.Random(7)
    watch()
    dates = 20
    for _ in range(dates):
        ledger.balances_at_time(dice.randrange(START, ledger.until))
    looking = watch() / dates
    sample = 10_000
    logs = [log for log, _ in zip(_life(transfers), range(2 * sample), strict=False)][-sample:]
    decoding = _decode_with_web3(logs) / len(logs) * transfers
    return {
        "transfers": transfers,
        "holders": len(ledger),
        "records": RECORDS,
        "read": round(read, 3),
        "books": booked,
        "web3 decoding alone": round(decoding, 3),
        "cap table at a past date": round(looking, 4),
        "memory after reading": after_reading,
        "memory": most,
    }


def _decode_with_web3(logs: Sequence[Log]) -> float:
    """The seconds that web3.py takes to decode these transfers, and nothing more."""
    contract = Web3().eth.contract(abi=[_abi("ShareToken", "Transfer")])
    event = contract.events.Transfer()
    reported = [
        {
            "address": log.address, "topics": [Web3.to_bytes(topic) for topic in log.topics],
            "data": log.data, "blockNumber": log.block_number, "blockHash": b"\0" * 32,
            "transactionHash": b"\0" * 32, "transactionIndex": 0, "logIndex": 0,
        }
        for log in logs
        if len(log.topics) == 3
    ]  # fmt: skip
    watch = _Watch()
    for log in reported:
        event.process_log(log)
    return watch()


def divide(holders: int) -> Reported:
    """A distribution among so many holders, against the plainest exact way: Python's fractions."""
    balances = {person(i): 1 + i % 9_973 for i in range(holders)}
    amount = 187_654_321_987
    watch = _Watch()
    division = apportion(amount, balances)
    ours = watch()
    sample = min(holders, 100_000)
    some = dict(list(balances.items())[:sample])
    watch()
    plain = {who: int(Fraction(amount * held, division.eligible)) for who, held in some.items()}
    theirs = watch() * holders / sample
    assert all(division.gross[who] == gross for who, gross in plain.items())
    return {
        "holders": holders,
        "divide": ours,
        "fractions": round(theirs, 3),
        "memory": peak(),
    }


def clear(count: int) -> Reported:
    """A call among holders of so many orders, cleared and allotted, against sorting both sides."""
    dice = random.Random(8)
    rules = CallRules(Kind.AUCTION, (Ladder(10**6, 10**4),), MOST_STEPS)
    orders = [
        CallOrder(dice.randrange(2), dice.randint(1, 99), dice.randrange(MOST_STEPS))
        for _ in range(count)
    ]
    watch = _Watch()
    found = outcome(rules, orders)
    ours = watch()
    plain = _by_sorting(orders, found.clearing)
    theirs = watch()
    assert plain == found.allotted
    met = sum(1 for _ in matches(found))
    return {
        "orders": count,
        "matches": met,
        "clear": ours,
        "matching": watch(),
        "sorting": theirs,
        "memory": peak(),
    }


def _by_sorting(orders: Sequence[CallOrder], cleared: Clearing) -> list[int]:
    """Each order's lots: the best limit first, the last ones by Python's fractions."""
    allotted = [0] * len(orders)
    for side, sign in ((Side.BID, -1), (Side.ASK, 1)):
        mine = [at for at, order in enumerate(orders) if order.side == side]
        left, share, before = cleared.lots, Fraction(0), 0
        for at in sorted(mine, key=lambda at: sign * orders[at].step):
            order = orders[at]
            if sign * order.step < sign * cleared.step:
                allotted[at] = order.quantity
                left -= order.quantity
            elif order.step == cleared.step:
                share = share or Fraction(
                    left,
                    sum(orders[one].quantity for one in mine if orders[one].step == order.step),
                )
                upto = before + order.quantity
                allotted[at] = int(share * upto) - int(share * before)
                before = upto
    return allotted


PARTS: dict[str, Callable[[int], Reported]] = {
    "operate": operate,
    "rebuild": rebuild,
    "divide": divide,
    "clear": clear,
}

if __name__ == "__main__":
    print(json.dumps(PARTS[sys.argv[1]](int(sys.argv[2]))))
