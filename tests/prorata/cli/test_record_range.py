"""`ape run record range` and `ape run pass-through` as a person or a program opens them, in
process.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from prorata.register.captable import read_csv
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.times import moment
from tests.amounts import units
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands

ASSET = str(PROJECT_ROOT / "examples" / "building" / "asset.yaml")
HOLDERS = str(PROJECT_ROOT / "examples" / "building" / "holders.csv")
DAY = 86_400

# Anvil's second account is the pool; the first one deploys, and speaks for every token here.
POOL, AS_POOL = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", ("--account", "TEST::1")


@pytest.fixture(scope="module")
def buildings(tmp_path_factory) -> Iterator[Commands]:
    """A building with three records, the third after a weekend; the pool holds shares of it. The
    pool's own token is that of a second building, which has a record at the last second only."""
    with Anvil() as anvil:
        root = tmp_path_factory.mktemp("deployments")
        commands, other = Commands(anvil, root / "HARB12"), Commands(anvil, root / "POOL")
        commands.says("deploy", "--asset", ASSET, "--dollar")
        table = root / "pool.csv"
        table.write_text(f"address,shares\n{POOL},400\n", encoding="utf-8")
        commands.says("issue", str(table))
        other.says("deploy", "--asset", ASSET)
        other.says("issue", HOLDERS)
        start = commands.chain.now() // DAY * DAY + 5 * DAY - 1
        for day in (0, 1, 4):
            record = commands.facts("record", "--at", moment(start + day * DAY))
            if day == 4:
                other.says("record", "--at", moment(start + day * DAY))
            commands.travel(record["closes_at"] + 1)
        yield commands


@pytest.fixture
def commands(buildings) -> Iterator[Commands]:
    """The two buildings, as if no other test had been there."""
    with kept(buildings.anvil.url, buildings.folder.parent):
        yield buildings


def token_of_pool(commands: Commands) -> str:
    other = Commands(commands.anvil, commands.folder.with_name("POOL"))
    return other.deployment.token().address


def test_help_teaches_by_example():
    for name in ("record-range", "pass-through"):
        command = importlib.import_module(f"scripts.{name}").cli
        said = CliRunner().invoke(command, ["--help"]).output
        assert f"Examples:\n  prorata {name} " in said


def test_a_range_is_weighed_by_the_factors_in_a_file(commands, tmp_path):
    """Each record by its own line; a word that is neither a way nor a file is refused."""
    times = commands.deployment.token().record_times()
    days = [moment(time)[:10] for time in times[1:3]]
    path = tmp_path / "factors.csv"
    path.write_text(
        f"date,factor,days\n{days[0]},0.000119444,1\n{days[1]},0.000118000,3\n", encoding="utf-8"
    )
    words = ("record-range", "--from-record", "2", "--to-record", "3", "--weights")
    assert commands.facts(*words, str(path))["weights"] == [119_444, 354_000]
    assert "is no way to weigh, and no file; write days, seconds, equal or a file" in (
        commands.refuses(*words, "months")
    )
    path.write_text(f"date,factor,days\n{days[0]},0.000119444,1\n", encoding="utf-8")
    assert f'"{days[1]}" has a record and no line in the file' in (
        commands.refuses(*words, str(path))
    )


def test_a_record_range_is_defined_once_and_told(commands):
    """The dry run says what would be; the contract comes with the first; again is nothing new."""
    words = ("record-range", "--from-record", "2", "--to-record", "3")
    planned = commands.facts(*words, "--dry-run")
    assert (planned["record_range"], planned["contract"], planned["weights"]) == (
        None,
        None,
        [1, 3],
    )
    defined = commands.facts(*words)
    assert (defined["record_range"], defined["records"], defined["weights"]) == (1, [2, 3], [1, 3])
    assert defined["contract"] == commands.deployment.record_ranges().address
    assert defined["closes_at"] == commands.deployment.record_ranges().record_time(1)
    again = commands.facts(*words)
    assert again | {"transaction": defined["transaction"]} == defined
    assert commands.says(*words).startswith(
        "Record range 1 of HARB12 weighs records 2 to 3 with 1 to 3 each and closes at the end of "
    )
    equal = commands.says(
        "record-range", "--from-record", "1", "--to-record", "3", "--weights", "equal"
    )
    assert equal.startswith(
        "Record range 2 of HARB12 weighs records 1 to 3 with 1 each and closes "
    )


def test_a_record_range_without_a_beginning_is_refused(commands):
    """Until it is said; a person's own error is one sentence."""
    words = ("record-range", "--from-record", "1", "--to-record", "2")
    assert commands.refuses(*words).startswith('since: "" is missing, and the record at ')
    closes_at = commands.deployment.token().record_time(1)
    assert commands.facts(*words, "--since", moment(closes_at - 2 * DAY))["weights"] == [2, 1]
    assert commands.refuses("record-range", "--from-record", "1", "--to-record", "9") == (
        'to-record: "9" was never scheduled: there are records 1 to 3; schedule it with `record`'
    )


def test_a_pool_is_passed_through(commands):
    """Deployed for its token, named by its account, and then its income goes to its owners."""
    words = ("pass-through", "--pool", POOL)
    assert commands.refuses(*words) == (
        f"the pool {POOL} has no pass-through here; deploy it: name its token with --token"
    )
    deployed = commands.facts(*words, "--token", token_of_pool(commands))
    assert (deployed["registered"], set(deployed)) == (
        False,
        {"pool", "contract", "registered", "resumed"},
    )
    assert commands.refuses(*words, "--register").startswith(
        'account: "0xf39Fd6e51aad88F6F4ce6aB8827'
    )
    assert commands.facts(*words, "--register", *AS_POOL) == deployed | {"registered": True}
    for record in ("3", "2"):
        commands.says(
            "distribute", "--record", record, "--currency", "USD", "--amount", "1,000.00",
            "--kind", "rent",
        )  # fmt: skip
    done = commands.facts(*words, "--forward")
    [forwarded] = done["forwarded"]
    assert forwarded | {"amount": units(forwarded["amount"])} == {
        "id": 1, "distribution": 3, "amount": 1_000_000_000,
    }  # fmt: skip
    assert done["refused"] == {
        "2": "the pool's token has no record at its second; return it to the pool"
    }
    owner = max(read_csv(HOLDERS), key=lambda holding: holding.shares)
    owed = commands.deployment.vault().entitlement(3, owner.address)
    assert owed.gross == 1_000_000_000 * owner.shares // 10_000
    back = commands.facts(*words, "--forward", "--return")
    [returned] = back["returned"]
    assert (back["forwarded"], returned["id"]) == ([], 2)
    assert (units(returned["amount"]), set(returned)) == (1_000_000_000, {"id", "amount"})
    said = commands.says(*words, "--forward")
    assert said.startswith(f"The pass-through of {POOL} is {deployed['contract']}")
    assert "Nothing was forwarded" in said


def test_a_record_range_is_paid(commands):
    """Previewed, declared and pushed by one command; the same words again pay nothing."""
    commands.says("record-range", "--from-record", "2", "--to-record", "3")
    words = (
        "distribute", "--record-range", "1", "--currency", "USD", "--amount", "3.1",
        "--kind", "interest", "--push",
    )  # fmt: skip
    assert "at record range 1: 1 holder" in commands.says(*words, "--dry-run")
    old = commands.folder / "old.yaml"
    old.write_text('stream: 1\ncurrency: USD\namount: "3.1"\nkind: interest\n', encoding="utf-8")
    read = commands.run("distribute", "--from", str(old), "--dry-run", "--json")
    assert json.loads(read.out)["distributions"][0]["record_range"] == 1
    assert " ".join(read.err.split()) == (
        f"! {old} has old names, which are read as the new: stream is record_range."
    )
    found, payee = commands.deployment, commands.deployment.vault().payee_of(POOL)
    before = found.currency("USD").balance_of(payee)
    paid = commands.facts(*words)
    assert (paid["record_range"], paid["holders_paid"], "record" in paid) == (1, 1, False)
    assert found.currency("USD").balance_of(payee) == before + 3_100_000
    again = commands.facts(*words)
    assert (again["distribution"], again["transaction"]) == (
        paid["distribution"], paid["transaction"],
    )  # fmt: skip
    assert commands.refuses(*words, "--record", "3") == (
        'record-range: "1" cannot be given together with a record; keep one of them'
    )
