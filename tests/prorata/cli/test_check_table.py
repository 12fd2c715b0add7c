"""`check-table`: every fault of a table without a chain, and a workbook that shows them."""

from __future__ import annotations

import json

import pytest
from openpyxl import load_workbook

from prorata.demo.keys import rehearsal_key
from prorata.files.workbook_reader import FAULTS
from prorata.register.captable import read_csv
from prorata.register.workbooks import write_table
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.opened import Ran, run
from tests.prorata.files.books import packed, saved, workbook
from tests.prorata.register.ocf.examples import issuance, package, stakeholder, stock_class, wallets

EXAMPLES = PROJECT_ROOT / "examples"
HOLDERS, ASSET = (str(EXAMPLES / "building" / name) for name in ("holders.csv", "asset.yaml"))
ADA, BOB, CAT = (rehearsal_key(number).address for number in range(3))


def check(*words: str) -> Ran:
    return run("check-table", *map(str, words))


def test_a_table_without_a_fault_says_what_it_holds():
    done = check(HOLDERS, "--asset", ASSET)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{HOLDERS} has no fault: 10,000 shares of 148 holders\n")
    facts = json.loads(check(HOLDERS, "--json").out)
    assert (facts["holders"], facts["total"]["units"]) == (148, "10000")


def test_every_kind_of_file_is_read(tmp_path):
    write_table(read_csv(HOLDERS), tmp_path / "x.xlsx", {})
    assert "10,000 shares of 148 holders" in check(tmp_path / "x.xlsx").out
    folder = package(tmp_path / "p", stakeholder("ada"), stock_class(), issuance("a", "ada", "7.5"))
    known = wallets(tmp_path / "wallets.csv", "ada")
    done = check(folder, "--wallets", known, "--decimals", "1", "--class", "common")
    assert "has no fault: 7.5 shares of 1 holder" in done.out
    assert "has shares and no wallet" in check(folder, "--decimals", "1").err
    register = str(EXAMPLES / "compliant" / "investors.csv")
    assert "39 wallets of 38 persons" in check(register, "--register").out


def test_what_the_assets_file_allows_holds(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(f"address,shares\n{ADA},10001\n", encoding="utf-8")
    assert check(path).code == 0
    done = check(path, "--asset", ASSET)
    assert (done.code, done.out) == (1, "")
    assert "exceeds the 10,000 authorised shares by 1" in done.err
    done = check(path, "--asset", ASSET, "--decimals", "2")
    assert "is given besides an asset, which says it; leave out --decimals" in done.err


def test_a_faulty_workbook_is_marked_and_mended_and_read(tmp_path):
    path, out = tmp_path / "faulty.xlsx", tmp_path / "faults.xlsx"
    path.write_bytes(packed([("address", "shares"), (ADA, "1e3"), (BOB, 1.5), (CAT, 7)]))
    before = path.read_bytes()
    done = check(path, "--annotate", out)
    assert done.code == 1
    assert f"2 faults marked in {out}" in done.err.replace("\n", " ")
    assert "Holders!B3, shares" in done.err
    assert path.read_bytes() == before

    book = load_workbook(out)
    assert book["faults"]["A1"].value == FAULTS
    book["Holders"]["B2"], book["Holders"]["B3"] = 1000, 2
    out.write_bytes(saved(book))
    done = check(out, "--annotate", tmp_path / "again.xlsx")
    assert (done.code, done.err) == (0, "")
    assert "1,009 shares of 3 holders" in done.out
    assert not (tmp_path / "again.xlsx").exists()


def test_a_register_is_marked_too(tmp_path):
    path, out = tmp_path / "x.xlsx", tmp_path / "faults.xlsx"
    header = ("address", "person", "country", "class", "eligible_until")
    path.write_bytes(packed([header, (ADA, 1, "XX", "retail", "forever")]))
    done = check(path, "--register", "--annotate", out, "--json")
    (problem,) = json.loads(done.out)["error"]["problems"]
    assert (done.code, problem["cell"]) == (1, "C2")
    assert load_workbook(out)["faults"]["A4"].value == "Holders!C2"


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_what_cannot_be_marked_is_refused(tmp_path, words):
    out = str(tmp_path / "x.xlsx")
    for table, sentence in (
        (HOLDERS, "is no Excel workbook to mark faults in; save it as one (.xlsx)"),
        (tmp_path / "nowhere.xlsx", "give the path of a workbook file"),
    ):
        done = check(table, "--annotate", out, *words)
        assert done.code == 1
        assert sentence.split("; ")[0] in f"{done.out} {done.err}"
    path = tmp_path / "y.xlsx"
    book = workbook([("address", "shares"), (ADA, 1)])
    book.create_sheet("Second")["A1"] = "address"
    path.write_bytes(saved(book))
    for name, sentence in ((path, "is the table itself"), (out, "name one of them with --sheet")):
        done = check(path, "--annotate", name, *words)
        assert done.code == 1
        assert sentence in f"{done.out} {done.err}"
    assert not (tmp_path / "x.xlsx").exists()
