"""`ape run captable` and `ape run books` after the commands that send: files and exit codes."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timezone

import pytest

from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.amounts import parse_units
from tests.amounts import cell, cells
from tests.ape.opened import Commands
from tests.prorata.cli import opened

ASSET = PROJECT_ROOT / "examples" / "building" / "asset.yaml"
HOLDERS = "examples/building/holders.csv"


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    """An asset issued, a record closed, rent pushed to all and ether claimed by one."""
    with Anvil() as anvil:
        folder = tmp_path_factory.mktemp("deployments") / "HARB12"
        # What is only prepared here is done in this process, which takes a tenth of the time.
        begun = opened.Commands(anvil, folder)
        begun.says("deploy", "--asset", str(ASSET), "--dollar")
        begun.says("issue", str(PROJECT_ROOT / HOLDERS))
        begun.says("record", "--at", "+1h")
        anvil.rpc("evm_increaseTime", 3_601)
        anvil.rpc("evm_mine")
        begun.says(
            "distribute", "--currency", "USD", "--amount", "85,000.00", "--kind", "rent", "--push"
        )
        begun.says("distribute", "--currency", "ETH", "--amount", "1.5", "--kind", "dividend")
        yield Commands(anvil, folder)


def test_the_cap_table_is_who_was_issued_shares(commands, tmp_path):
    path = tmp_path / "record.csv"
    found = commands.json("captable", "--record", "1", "--names", HOLDERS, "--csv", str(path))
    assert (cell(found["total"]), found["record"], len(found["holders"])) == ("10000", 1, 148)
    holders = [cells(holder) for holder in found["holders"]]
    with path.open(newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == holders
    with (PROJECT_ROOT / HOLDERS).open(newline="", encoding="utf-8") as file:
        issued = {row["address"]: (row["shares"], row["name"]) for row in csv.DictReader(file)}
    assert {h["address"]: (h["shares"], h["name"]) for h in holders} == issued


def test_a_person_reads_the_largest_holders(commands):
    output = commands.run("captable").stdout
    assert "10,000 shares of HARB12, 148 holders" in output
    assert "14.50%" in output
    assert "and 128 more with 3,042 shares: `--csv FILE` writes them all" in output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--record", "9"), '"9" was never scheduled'),
        (("--at", "2999-01-01T00:00:00Z"), "is later than"),
        (("--at", "now", "--record", "1"), "is given besides a record"),
        (("--at", "yesterday"), "is no time"),
        (("--csv", "/nowhere/captable.csv"), "cannot be written"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_a_sentence(commands, words, says):
    refused = commands.run("captable", *words, code=1)
    assert says in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_books_balance_and_their_files_are_written(commands, tmp_path):
    out = tmp_path / "books"
    output = commands.run("books", "--out", str(out), "--names", HOLDERS).stdout
    assert output.rstrip().endswith("The books balance, to the last unit.")
    assert sorted(path.name for path in out.iterdir()) == [
        "books.json", "captable-record-1.csv", "corrections.csv", "distributions.csv",
        "distributions.json", "movements.csv", "ownership.png", "statements",
    ]  # fmt: skip
    assert len(list((out / "statements").glob("*.json"))) == 148


def test_the_books_as_json_are_one_document(commands):
    found = commands.json("books")
    assert found["balanced"] is True
    [usd, eth] = found["positions"]
    assert (cell(usd["received"]), cell(usd["paid"])) == ("85000.000000", "85000.000000")
    assert [cell(eth[name]) for name in ("paid", "owed")] == [
        "0.000000000000000000",
        "1.500000000000000000",
    ]


def test_statements_of_the_year_are_written_for_everyone_who_was_paid(commands, tmp_path):
    year = commands.anvil.rpc("eth_getBlockByNumber", "latest", False)["timestamp"]
    year = datetime.fromtimestamp(int(year, 16), tz=timezone.utc).year
    out = tmp_path / "statements"
    words = ("statements", "--year", str(year), "--out", str(out), "--names", HOLDERS)
    found = commands.json(*words)
    assert (found["statements"], found["year_has_ended"]) == (148, False)
    [dollars] = found["totals"]
    assert cell(dollars["gross_cash_amount"]) == "85000.000000"
    out /= "version-1"
    for kind in ("csv", "json", "html", "pdf"):
        assert len(list(out.glob(f"0x*.{kind}"))) == 148
    with (out / "summary.csv").open(newline="", encoding="utf-8") as file:
        summary = list(csv.DictReader(file))
    rents = [parse_units(row["1099-MISC 1 Rents"], 6, grouping=False) for row in summary]
    assert sum(rents) == 85_000 * 10**6
    assert all(row["name"] for row in summary)


def test_a_year_without_payments_is_said_so(commands, tmp_path):
    output = commands.run("statements", "--year", "2001", "--out", str(tmp_path)).stdout
    assert output.strip() == "Nobody's income counts in 2001"


def test_money_missing_from_the_vault_is_exit_code_1(commands, tmp_path):
    manifest = json.loads((commands.folder / "manifest.json").read_text())
    vault = manifest["contracts"]["DividendVault"]["address"]
    snapshot = commands.anvil.rpc("evm_snapshot")
    commands.anvil.rpc("anvil_setBalance", vault, "0x1")
    try:
        refused = commands.run("books", code=1)
        assert (
            "the vault: money held is 1.500000000000000000 ETH by the books, at least, and "
            "0.000000000000000001 ETH by the chain"
        ) in refused.stderr
        assert "balance" not in refused.stdout
        out = tmp_path / "statements"
        refused = commands.run("statements", "--year", "2027", "--out", str(out), code=1)
        assert "the vault: money held is 1.5" in refused.stderr
        assert not out.exists()
    finally:
        commands.anvil.rpc("evm_revert", snapshot)
