"""workbooks.py: a cap table as a workbook reads back to itself, and its totals are live."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from prorata.demo.keys import rehearsal_key
from prorata.errors import InputError
from prorata.files.workbook_writer import Formula, Page, workbook_bytes
from prorata.register.captable import KINDS, CapTable, Holding, read_csv
from prorata.register.tables import read_table
from prorata.register.workbooks import write_table
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.amounts import MAX_SHARES

ADA, BOB, CAT = (rehearsal_key(number).address for number in range(3))
BUILDING = PROJECT_ROOT / "examples" / "building" / "holders.csv"
FACTS = {"asset": "=Pier 12", "token": ADA}


def cells(path: Path, sheet: str, *, values: bool = False) -> list[list[object]]:
    book = load_workbook(path, data_only=values)
    return [[cell.value for cell in row] for row in book[sheet]]


def test_the_building_is_written_and_read_back(tmp_path):
    path = tmp_path / "holders.xlsx"
    table = read_csv(BUILDING)
    write_table(table, path, FACTS)
    assert read_table(path) == table

    holders = cells(path, "holders")
    assert holders[0] == ["address", "name", "kind", "shares", "percent"]
    first = table.holdings[0]
    percent = table.share_of(first.address)
    assert holders[1][:4] == [first.address, first.name, first.kind, first.shares]
    assert f"{holders[1][4]:.2%}" == percent
    assert cells(path, "summary") == [
        ["Summary, written by prorata", None],
        ["asset", "=Pier 12"],
        ["token", ADA],
        ["holders", "=COUNTA(holders!A2:A149)"],
        ["shares", "=SUM(holders!D2:D149)"],
        ["of these treasury", '=SUMIF(holders!C2:C149,"treasury",holders!D2:D149)'],
        ["of these individual", '=SUMIF(holders!C2:C149,"individual",holders!D2:D149)'],
        ["of these company", '=SUMIF(holders!C2:C149,"company",holders!D2:D149)'],
        ["of these fund", '=SUMIF(holders!C2:C149,"fund",holders!D2:D149)'],
    ]
    assert [row[1] for row in cells(path, "summary", values=True)[3:]] == [
        148, 10_000, 800, 2_639, 2_428, 4_133,
    ]  # fmt: skip
    book = load_workbook(path)
    assert (book["holders"].freeze_panes, book["summary"]["B2"].data_type) == ("A2", "s")
    assert book["holders"].column_dimensions["A"].width > 42


def test_the_same_table_gives_the_same_bytes(tmp_path):
    table = read_csv(BUILDING)
    for name in ("a.xlsx", "b.xlsx"):
        write_table(table, tmp_path / name, FACTS)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_what_a_spreadsheet_would_round_is_text_and_so_is_its_total(tmp_path):
    path = tmp_path / "x.xlsx"
    table = CapTable((Holding(ADA, 10**15), Holding(BOB, 10**15 - 1)))
    write_table(table, path, {})
    assert [row[3] for row in cells(path, "holders")] == ["shares", str(10**15), 10**15 - 1]
    assert cells(path, "summary")[-1] == ["shares", str(2 * 10**15 - 1)]
    assert read_table(path) == table

    fractions = CapTable((Holding(ADA, 15 * 10**17), Holding(BOB, 10**18)), 18)
    write_table(fractions, path, {})
    assert [row[3] for row in cells(path, "holders")] == ["shares", "1.5", 1]
    assert cells(path, "summary")[-1] == ["shares", "2.5"]
    assert read_table(path, decimals=18) == fractions


def test_a_table_of_nobody_has_totals_of_nothing(tmp_path):
    path = tmp_path / "x.xlsx"
    with pytest.raises(InputError, match="has no rows"):
        write_table(CapTable(()), path, {})
    assert not path.exists()


def test_where_it_cannot_be_written_it_says_so(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        write_table(read_csv(BUILDING), tmp_path / "nowhere" / "x.xlsx", {})


def test_the_parts_are_as_small_programs_expect_them():
    """Cached values, text that is text, and no hour of the day in the file."""
    page = Page("a", [("=1+1", Formula('SUMIF(A1:A2,"<&>",B1:B2)', 7))], (10, 10))
    with zipfile.ZipFile(io.BytesIO(workbook_bytes([page]))) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        core = parts.read("docProps/core.xml").decode()
        assert {entry.date_time for entry in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert '<f>SUMIF(A1:A2,"&lt;&amp;&gt;",B1:B2)</f><v>7</v>' in sheet
    assert "<f>1+1" not in sheet
    assert core.count("2000-01-01T00:00:00Z") == 2


NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=9).filter(
    lambda name: name[:1] not in ("=", "+", "-", "@")
)


@given(
    shares=st.lists(st.integers(1, MAX_SHARES // 3), min_size=1, max_size=3),
    names=st.lists(NAMES, min_size=3, max_size=3),
    kind=st.sampled_from(["", *KINDS]),
    decimals=st.integers(0, 18),
)
def test_every_table_reads_back(tmp_path_factory, shares, names, kind, decimals):
    """The same holders to the unit, whatever their shares, names and decimals are."""
    path = tmp_path_factory.mktemp("books") / "x.xlsx"
    addresses = (ADA, BOB, CAT)
    table = CapTable(
        tuple(Holding(a, s, n, kind) for a, s, n in zip(addresses, shares, names, strict=False)),
        decimals,
    )
    write_table(table, path, {})
    assert read_table(path, decimals=decimals) == table
