"""`captable` in every file that it writes, and against every file that it reads."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator

import pytest
from openpyxl import load_workbook

from prorata.demo.keys import rehearsal_key
from prorata.register.captable import CapTable, Holding, read_csv, write_csv
from prorata.register.tables import read_table
from prorata.register.workbooks import write_table
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.opened import Commands

pytestmark = pytest.mark.slow

BUILDING = PROJECT_ROOT / "examples" / "building"
HOLDERS = BUILDING / "holders.csv"
TABLE = read_csv(HOLDERS)
NEW = rehearsal_key(1_000).address


@pytest.fixture(scope="module")
def building(tmp_path_factory) -> Iterator[Commands]:
    """An asset that is issued."""
    with Anvil() as anvil:
        commands = Commands(anvil, tmp_path_factory.mktemp("deployments") / "HARB12")
        commands.says("deploy", "--asset", str(BUILDING / "asset.yaml"))
        commands.says("issue", str(HOLDERS))
        yield commands


def changed(*more: Holding, without: int = 0) -> CapTable:
    """The building's table with other holdings in place of its first ones."""
    return CapTable((*more, *TABLE.holdings[without:]))


# ---------------------------------------------------------------------------- files


def test_a_workbook_is_written_and_issue_reads_it(building, tmp_path):
    path = tmp_path / "today.xlsx"
    building.says("captable", "--names", str(HOLDERS), "--xlsx", str(path))
    assert set(read_table(path)) == set(TABLE)
    summary = dict(load_workbook(path, data_only=True)["summary"].values)
    assert (summary["asset"], summary["symbol"]) == ("Harbour Street 12", "HARB12")
    assert (summary["holders"], summary["shares"]) == (148, 10_000)
    assert summary["shares held"].startswith("at 20")

    again = building.gist("issue", str(path))
    assert "nothing was sent" in again


def test_a_package_is_written_and_issue_reads_it(building, tmp_path):
    path = tmp_path / "today.zip"
    words = ("--ocf", str(path), "--issuer", str(BUILDING / "issuer.yaml"))
    building.says("captable", "--names", str(HOLDERS), *words)
    assert set(read_table(path)) == set(TABLE)
    assert "nothing was sent" in building.gist("issue", str(path))


def test_what_the_issuers_file_lacks_is_named(building, tmp_path):
    issuer = tmp_path / "issuer.yaml"
    issuer.write_text("name: Harbor\ncountry: NL\n", encoding="utf-8")
    words = ("captable", "--ocf", str(tmp_path / "x.zip"))
    said = building.refuses(*words, "--issuer", str(issuer))
    assert said.endswith(
        "does not say formed, which the Open Cap Format wants; add formed: 2019-05-01"
    )
    assert "is given without --issuer; give --issuer, too" in building.refuses(*words)
    said = building.refuses("captable", "--issuer", str(issuer))
    assert said.endswith("is given without --ocf; give --ocf, too")
    for day in ("2019-13-01", '"2019-13-01"', "yesterday"):
        issuer.write_text(f"name: Harbor\ncountry: NL\nformed: {day}\n", encoding="utf-8")
        said = building.refuses(*words, "--issuer", str(issuer))
        assert "is not YAML (month must be in 1..12)" in said or "is no day; write one" in said


# ---------------------------------------------------------------------------- the difference


def test_the_same_table_does_not_differ_in_whatever_file(building, tmp_path):
    write_table(TABLE, tmp_path / "x.xlsx", {})
    for path in (HOLDERS, tmp_path / "x.xlsx"):
        assert "They agree: 148 holders" in building.gist("captable", "--against", str(path))
    facts = building.facts("captable", "--against", str(HOLDERS))
    assert (facts["differences"], facts["unchanged"], facts["plan"]) == ([], 148, [])


def test_a_difference_is_a_table_a_plan_and_exit_code_three(building, tmp_path):
    """Somebody sold all, somebody new is to be issued shares; the plan's file is for `issue`."""
    first, second = TABLE.holdings[:2]
    buyer = Holding(rehearsal_key(1_001).address, first.shares, "Buyer")
    table = changed(
        buyer, Holding(second.address, second.shares + 5, second.name), Holding(NEW, 7), without=2
    )
    file, plan = tmp_path / "new.csv", tmp_path / "plan"
    write_csv(table, file)
    words = ("captable", "--against", str(file))
    done = building.run(*words, "--plan", str(plan), "--csv", str(tmp_path / "d.csv"))
    assert (done.code, done.err) == (3, "")
    said = " ".join(done.out.split())
    assert "4 holders to change, 146 not: 12 shares to issue" in said
    assert f"{first.shares:,} to transfer, 0 to burn" in said
    assert "be issued 5" in said
    assert f"The plan is in {plan}: plan.json, issue.csv, transfers.csv" in said.replace("- ", "-")
    with (tmp_path / "d.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert [(row["address"], row["issue"], row["receive"], row["give"]) for row in rows] == [
        (buyer.address, "0", str(first.shares), "0"),
        (second.address, "5", "0", "0"),
        (NEW, "7", "0", "0"),
        (first.address, "0", "0", str(first.shares)),
    ]

    done = building.run(*words, "--json")
    facts = json.loads(done.out)
    assert (done.code, facts["file"]) == (3, str(file))
    assert facts["moves"][0]["sender"] == first.address
    assert facts["in_file"]["units"] == "10012"

    commands = json.loads((plan / "plan.json").read_text(encoding="utf-8"))["commands"]
    assert len(commands) == 2
    assert commands[0].startswith(f"prorata force-transfer --from {first.address} --to")
    said = building.refuses(*commands[1].split()[1:])
    assert "exceed the 10,000 authorised by 12" in said


def test_a_record_can_be_compared_and_no_plan_starts_from_it(building, tmp_path):
    building.travel(building.chain.now() + 10)
    record = str(building.close_record())
    words = ("captable", "--record", record, "--against", str(HOLDERS))
    assert "They agree" in building.gist(*words)
    said = building.refuses(*words, "--plan", str(tmp_path / "plan"))
    assert said.endswith("would start from shares of another day; leave out --record and --at")
    said = building.refuses("captable", "--plan", str(tmp_path / "plan"))
    assert said.endswith("is of a difference; give --against FILE, too")


def test_words_that_contradict_each_other_are_refused(building):
    said = building.refuses("captable", "--record", "1", "--at", "2027-01-01T00:00:00Z")
    assert said.endswith("is given besides a record; choose one of them")
    assert "wallets" in building.refuses("captable", "--against", str(HOLDERS), "--wallets", "w")


def test_what_a_file_comes_to_is_said_where_its_keeper_says_how_to_read_it(building):
    words = ("captable", "--against", str(HOLDERS), "--decimal-mark", ".")
    assert f"{HOLDERS} comes to 10,000 shares of 148 holders" in building.gist(*words)


def test_a_faulty_file_is_refused_with_its_cells(building, tmp_path):
    path = tmp_path / "x.xlsx"
    write_table(TABLE, path, {})
    book = load_workbook(path)
    book["holders"]["D2"] = "=1+1"
    book.save(path)
    assert building.refuses("captable", "--against", str(path)) == (
        'holders!D2, shares: "=1+1" is a formula; replace it with its value'
    )
