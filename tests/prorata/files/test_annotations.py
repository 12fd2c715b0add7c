"""annotations.py: faults marked in the keeper's own workbook, which passes once it is mended."""

from __future__ import annotations

import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment

from prorata.demo.keys import rehearsal_key
from prorata.errors import InputError
from prorata.files.annotations import AUTHOR, RED, annotated
from prorata.files.tabular import tabular
from prorata.files.workbook_reader import FAULTS
from prorata.register.captable import CapTable, Holding, parse_csv
from tests.prorata.files.books import packed, repacked, saved, workbook

ADA, BOB, CAT = (rehearsal_key(number).address for number in range(3))
HEADER = ("address", "shares", "name")
FAULTY = (HEADER, (ADA, "1e3", "Ada"), (BOB, date(2027, 1, 1)), (), (ADA, 5, "=SUM(A1)"))


def read(content: bytes) -> CapTable:
    return tabular(content, lambda text: parse_csv(text, authorised=100), "x.xlsx")


def refusal_of(content: bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        read(content)
    return caught.value


def marked(content: bytes) -> Workbook:
    return load_workbook(io.BytesIO(annotated(content, refusal_of(content))))


def test_each_faulty_cell_is_red_and_says_why_and_the_list_links_to_it():
    book = marked(packed(FAULTY))
    faults, holders = book.worksheets
    assert (faults.title, faults["A1"].value, book.active) == ("faults", FAULTS, faults)
    assert [[c.value for c in row[:3]] for row in faults["A4:E9"]] == [
        ["Holders!B2", "shares", "1e3"],
        ["Holders!B3", "shares", "2027-01-01 00:00:00"],
        ["Holders, row 4", None, "row 4"],
        ["Holders!A5", "address", ADA],
        ["Holders!C5", "name", "=SUM(A1)"],
        [None, None, None],
    ]
    links = [faults.cell(row, 1).hyperlink.location for row in range(4, 9)]
    assert links == [f"'Holders'!{cell}" for cell in ("B2", "B3", "A4", "A5", "C5")]
    red = {c.coordinate for row in holders for c in row if c.fill.fgColor.rgb == RED}
    assert red == {"B2", "B3", "A4", "A5", "C5"}
    assert holders["B2"].comment.text == (
        "It is in exponent notation: format the cell as a plain number and write every digit."
    )
    assert {holders[cell].comment.author for cell in red} == {AUTHOR}
    assert faults["C8"].data_type == "s"


def test_mended_it_is_read_again():
    book = marked(packed(FAULTY))
    sheet = book["Holders"]
    sheet["B2"], sheet["B3"], sheet["A5"], sheet["C5"] = 14, "50", CAT, "Cat"
    sheet["B3"].number_format = "@"
    sheet.delete_rows(4)
    assert read(saved(book)) == CapTable(
        (Holding(ADA, 14, "Ada"), Holding(BOB, 50), Holding(CAT, 5, "Cat"))
    )


def test_marks_of_an_earlier_run_go_and_the_keepers_stay():
    book = workbook([HEADER, (ADA, "x"), (BOB, "y")])
    book.active["B3"].comment = Comment("ask Bob", "Kim")
    book.create_sheet("faults").sheet_state = "hidden"
    once = marked(saved(book))
    assert once.sheetnames == ["faults 2", "Holders", "faults"]
    assert once["Holders"]["B3"].comment.text == "ask Bob"
    once["Holders"]["B2"] = 5
    again = marked(saved(once))
    assert again.sheetnames == ["faults 2", "Holders", "faults"]
    holders = again["Holders"]
    assert (holders["B2"].comment, holders["B2"].fill.fill_type) == (None, None)
    assert holders["B3"].fill.fgColor.rgb == RED
    assert again["faults 2"]["A2"].value.startswith("1 fault: mend the red cells")


def test_faults_of_no_cell_and_of_whole_rows_are_listed_too():
    book = workbook([HEADER, (ADA, 60), (BOB, 60)], "Cap 'table'")
    book.active.row_dimensions[3].hidden = True
    book.active.merge_cells("A3:B3")
    found = marked(saved(book))["faults"]
    rows = [[c.value for c in row[:2]] for row in found["A4:B6"]]
    assert rows[0] == ["'Cap 'table'', row 3", None]
    assert found["A4"].hyperlink.location == "'Cap ''table'''!A3"


def test_a_total_has_no_cell():
    found = marked(packed([HEADER, (ADA, 60), (BOB, 60)]))
    assert [c.value for c in found["faults"][4]] == [
        None, "total", "120", "exceeds the 100 authorised shares by 20",
        "reduce the holdings, or authorise more with `prorata authorise`",
    ]  # fmt: skip
    assert found["faults"]["A4"].hyperlink is None


TEXTS = st.sampled_from([ADA, BOB, "=A1", "\u202e", "7"])
CELLS = st.one_of(st.none(), st.booleans(), st.floats(-9, 9), TEXTS)


@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=4))
def test_marks_change_nothing_that_is_read(rows):
    """Whatever the faults are, the marked file has the same ones in the same places."""
    # A row with a fault of its own, so that there is one.
    content = packed([HEADER, *rows, (ADA, "1e3")])
    error = refusal_of(content)
    assert refusal_of(annotated(content, error)).problems == error.problems


def test_what_cannot_be_written_again_is_refused():
    """A number of four hundred digits, which no spreadsheet writes, and its reader takes."""
    digits = b"9" * 400
    content = repacked(
        packed([HEADER, (ADA, 777)]), lambda _, part: part.replace(b"<v>777<", b"<v>%b<" % digits)
    )
    with pytest.raises(InputError, match=r"cannot be copied \(OverflowError"):
        annotated(content, refusal_of(content))
