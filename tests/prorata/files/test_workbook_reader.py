"""workbook_reader.py: what a person sees in a sheet is read, and what misleads is named."""

from __future__ import annotations

import contextlib
import io
import re
import zipfile
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.formatting.rule import Rule
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.styles.numbers import NumberFormat
from openpyxl.worksheet.filters import FilterColumn, Filters

from prorata.demo.keys import rehearsal_key
from prorata.errors import InputError
from prorata.files import workbook_files
from prorata.files.tabular import tabular
from prorata.files.workbook_reader import FAULTS, SUMMARY
from prorata.register.captable import CapTable, Holding, parse_csv
from prorata.register.investors import parse_investors
from tests.prorata.files.books import fill, packed, repacked, saved, workbook

ADA, BOB, CAT = (rehearsal_key(number).address for number in range(3))
HEADER = ("address", "shares", "name", "kind")
ROWS = (HEADER, (ADA, 7, "Ada", "individual"), (BOB, "6", "Hartwell, Ames & Co.", None))
TABLE = CapTable((Holding(ADA, 7, "Ada", "individual"), Holding(BOB, 6, "Hartwell, Ames & Co.")))


def read(content: bytes, sheet: str | None = None, **options) -> CapTable:
    return tabular(
        content,
        lambda text: parse_csv(text, **options),
        "x.xlsx",
        sheet=sheet,
        ignored=("percent",),
    )


def problems(content: bytes, sheet: str | None = None, **options) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(content, sheet, **options)
    return [str(problem) for problem in caught.value.problems]


def of_cell(value: object, number_format: str = "General") -> list[str]:
    """What is said of one cell with shares."""
    book = workbook((HEADER, (ADA, value)))
    book.active["B2"].number_format = number_format
    return problems(saved(book), decimals=18)


# ---------------------------------------------------------------------------- examples


def test_text_and_whole_numbers_are_read():
    assert read(packed(ROWS)) == TABLE


def test_what_changes_nothing_is_taken_silently():
    book = workbook([(" Address ", "SHARES", "name", "kind"), *ROWS[1:]])
    sheet = book.active
    sheet["B2"].number_format = "#,##0.00"
    sheet["C2"].hyperlink = "https://example.org"
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = "A1:D3"
    sheet["F900"].number_format = "0%"  # formatted and empty
    sheet.row_dimensions[500].hidden = True
    sheet.column_dimensions["K"].hidden = True
    book.create_sheet("Sheet2")
    hidden = book.create_sheet("old")
    hidden["A1"] = "address"
    hidden.sheet_state = "hidden"
    for marker in (FAULTS, SUMMARY):
        book.create_sheet(marker[:6], 0)["A1"] = marker
    assert read(saved(book)) == TABLE


def test_a_float_that_is_whole_is_whole_and_text_has_any_decimals():
    content = packed((HEADER, (ADA, 1450.0), (BOB, "0.000000000000000001")))
    assert read(content, decimals=18).balances == {ADA: 1450 * 10**18, BOB: 1}


@pytest.mark.parametrize(
    "number_format",
    ["0", "#,##0", "#,##0.00", "# ##0", "@", "0000", "#,##0_);[Red](#,##0)", "[$-407]#,##0",
     '_(* #,##0_);_(* \\(#,##0\\);_(* "-"_);_(@_)', "_-* #,##0\\ _€_-", "[Blue]0;;"],
)  # fmt: skip
def test_formats_that_show_the_number_are_taken(number_format):
    book = workbook((HEADER, (ADA, 1450)))
    book.active["B2"].number_format = number_format
    assert read(saved(book)).total == 1450


def test_a_date_is_read_where_dates_are_welcome():
    rows = [
        ("address", "person", "country", "class", "eligible_until"),
        (ADA, 1, 840, "retail", date(2027, 12, 31)),
        (BOB, 2, "FR", "retail", "forever"),
    ]
    found = tabular(packed(rows), parse_investors, "x.xlsx", dates=("eligible_until",))
    text = "\n".join(
        [",".join(rows[0]), f"{ADA},1,US,retail,2027-12-31", f"{BOB},2,FR,retail,forever"]
    )
    assert found == parse_investors(text)

    rows[1] = (ADA, 1, 840, "retail", datetime(2027, 12, 31, 12))  # noqa: DTZ001
    said = r"Holders!E2, eligible_until: .* is a time without a zone"
    with pytest.raises(InputError, match=said):
        tabular(packed(rows), parse_investors, "x.xlsx", dates=("eligible_until",))


def test_our_own_column_is_not_looked_at_again():
    book = workbook([("address", "shares"), (ADA, 7), (BOB, 6)])
    book.active["B2"].number_format = "0"
    assert read(saved(book)).total == 13


# ---------------------------------------------------------------------------- the law


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8)
DIGITS = st.from_regex(r"[0-9]{1,4}([.,][0-9]{0,2})?", fullmatch=True)
CELLS = st.one_of(st.integers(0, 10**15 - 1), DIGITS, NAMES)
ADDRESSES = st.sampled_from([ADA, BOB, CAT, "0x"])


@given(rows=st.lists(st.tuples(ADDRESSES, CELLS, NAMES), min_size=1, max_size=5))
def test_a_workbook_is_read_as_the_same_rows_in_csv(rows):
    """The same table, or the same faults of the same rows, whatever stands in the cells."""
    rows = [row for row in rows if "\ufffe" not in "".join(map(str, row))]
    quoted = [
        ",".join('"' + str(cell).replace('"', '""') + '"' for cell in row)
        for row in [HEADER[:3], *rows]
    ]
    content = packed([HEADER[:3], *rows])
    try:
        expected = parse_csv("\n".join(quoted))
    except InputError as error:
        with pytest.raises(InputError) as caught:
            read(content)
        faults = [(p.line, p.column, p.value, p.remedy) for p in error.problems]
        assert sorted(map(str, faults)) == sorted(
            str((p.line, p.column, p.value, p.remedy)) for p in caught.value.problems
        )
    else:
        assert read(content) == expected


@given(number=st.integers(0, 10**17))
def test_a_number_is_taken_to_the_unit_or_refused(number):
    """Below 10^15 a spreadsheet keeps every digit; at and above it none can be trusted."""
    content = packed((HEADER, (ADA, number)))
    if 0 < number < 10**15:
        assert read(content).total == number
    else:
        assert "B2" in problems(content)[0]


# ---------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("value", "number_format", "sentence"),
    [
        (1.5, "General", '"1.5" is no whole number; give the cell the format Text, and write'),
        (10**15, "General", '"1000000000000000" has more digits than a spreadsheet keeps; give'),
        (9007199254740993, "0", '"9007199254740992" has more digits than a spreadsheet keeps'),
        (-4, "0", '"-4" is negative; write an amount without a sign'),
        (0, "0", '"0" is not a holding; write 1 or more'),
        (True, "General", '"TRUE" is a truth value; write text or a number'),
        (date(2027, 1, 4), "yyyy-mm-dd", '"2027-01-04 00:00:00" is a date to the spreadsheet'),
        (45000, "d/m/yy", "is a date to the spreadsheet; give the cell the format Text"),
        (timedelta(hours=3), "[h]:mm", "is a date to the spreadsheet; give the cell the format"),
        (5, "0%", '"5" looks otherwise by its number format 0%; give the cell the format General'),
        (5, "0,", "looks otherwise by its number format 0,"),
        (5, "#,##0,,", "looks otherwise by its number format #,##0,,"),
        (5, '0"k"', 'looks otherwise by its number format 0"k"'),
        (5, "0\\0", "looks otherwise by its number format 0\\0"),
        (5, "0.00E+00", "looks otherwise by its number format 0.00E+00"),
        (5, "# ?/?", "looks otherwise by its number format # ?/?"),
        (5, "[>3]0;0", "looks otherwise by its number format [>3]0;0"),
        (5, ";;;", "looks otherwise by its number format ;;;"),
        (5, '"$"#,##0', 'looks otherwise by its number format "$"#,##0'),
        ("1,450", "@", '"1,450" has a mark that may stand between thousands or before decimals'),
        ("5", '@"000"', 'looks otherwise by its number format @"000"'),
        ("5\n6", "@", "has a line break in the cell; write it on one line"),
        ("#REF!", "General", '"#REF!" is a spreadsheet\'s error mark'),
        ("1e3", "General", '"1e3" is in exponent notation'),
    ],
)
def test_what_a_cell_of_shares_may_not_be(value, number_format, sentence):
    (said,) = of_cell(value, number_format)
    assert said.startswith("Holders!B2, shares: ")
    assert sentence in said


def test_formulas_are_refused_whatever_value_was_kept_with_them():
    book = workbook(ROWS)
    book.active["B3"] = "=1+1"
    kept = repacked(
        saved(book), lambda _, part: part.replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>6</v>")
    )
    assert problems(kept) == ['Holders!B3, shares: "=1+1" is a formula; replace it with its value']


def test_text_that_begins_like_a_formula_is_text_and_no_name():
    content = packed((HEADER, (ADA, 5, "=1+1"), (BOB, 5, "+ Co")))
    assert [p.partition(": ")[0] for p in problems(content)] == [
        "Holders!C2, name", "Holders!C3, name",
    ]  # fmt: skip


def test_hidden_and_filtered_rows_hidden_columns_and_merged_cells_are_named():
    book = workbook([*ROWS, (CAT, 5)], "Cap table")
    sheet = book.active
    sheet.row_dimensions[2].hidden = True
    sheet.column_dimensions["B"].hidden = True
    sheet.merge_cells("C4:D4")
    assert problems(saved(book)) == [
        "'Cap table'!B1: \"shares\" is a hidden column; show the column, or remove it",
        ("'Cap table', row 2: \"row 2\" is hidden; "
        "show all rows, and remove what does not belong there"),
        "'Cap table'!C4: \"C4:D4\" are merged cells; unmerge them",
    ]  # fmt: skip

    book = workbook(ROWS)
    sheet = book.active
    sheet.auto_filter.ref = "A1:D3"
    sheet.auto_filter.filterColumn.append(FilterColumn(colId=0, filters=Filters(filter=["x"])))
    sheet.row_dimensions[3].hidden = True
    assert problems(saved(book)) == [
        (
            'Holders, row 3: "row 3" is hidden by a filter; '
            "show all rows, and remove what does not belong there"
        )
    ]


def test_a_group_of_hidden_columns_is_seen_in_its_midst():
    book = workbook(ROWS)
    book.active.column_dimensions.group("B", "D", hidden=True)
    assert [p.split(":")[0] for p in problems(saved(book))] == [
        "Holders!B1", "Holders!C1", "Holders!D1",
    ]  # fmt: skip


def test_a_number_format_by_condition_is_refused():
    book = workbook(ROWS)
    scaled = DifferentialStyle(numFmt=NumberFormat(numFmtId=170, formatCode='0"0"'))
    rule = Rule(type="expression", formula=["TRUE"], dxf=scaled)
    book.active.conditional_formatting.add("B2:B3", rule)
    assert problems(saved(book)) == [
        ('Holders: "B2:B3" has a number format by condition; remove the conditional format')
    ]


def test_blank_rows_are_named_once():
    content = packed([*ROWS, (), (), (), (CAT, 5), (), (ADA, 5)])
    assert problems(content) == [
        'Holders, row 4: "rows 4 to 6" are blank; remove what is blank',
        'Holders, row 8: "row 8" is blank; remove what is blank',
        (
            f'Holders!A9, address: "{ADA}" stands on row 2 already; '
            "give each address one line, or add its lines up with `--merge`"
        ),
    ]


def test_every_fault_is_told_at_once_in_reading_order_with_its_total_last():
    book = workbook([*ROWS, (CAT.lower()[:-1], 1.5, None, "friend")])
    book.active["B2"] = "=7"
    assert [p.split(":")[0] for p in problems(saved(book), authorised=5)] == [
        "Holders!B2, shares", "Holders!A4, address", "Holders!B4, shares", "Holders!D4, kind",
        "total",
    ]  # fmt: skip


def test_a_program_reads_where_it_stands():
    with pytest.raises(InputError) as caught:
        read(packed((HEADER, (ADA, "x"))))
    (problem,) = caught.value.as_json()["problems"]
    assert (problem["line"], problem["sheet"], problem["cell"]) == (2, "Holders", "B2")


def test_of_several_sheets_one_is_named():
    book = workbook(ROWS)
    fill(book.create_sheet("Old"), [HEADER, (CAT, 1)])
    fill(book.create_sheet("Gone"), [HEADER, (CAT, 1)])
    book["Gone"].sheet_state = "veryHidden"
    content = saved(book)
    assert problems(content) == [
        (
            'sheet: "Holders, Old" are visible sheets with something in them; '
            "name one of them with --sheet"
        )
    ]
    assert read(content, "Old").balances == {CAT: 1}
    assert problems(content, "old") == [
        ('sheet: "old" is no sheet of the workbook; name one of Holders, Old')
    ]
    assert problems(content, "Gone") == [
        ('sheet: "Gone" is a hidden sheet; show it, and save the workbook')
    ]
    assert problems(saved(Workbook())) == [
        (
            'sheet: "the workbook" has no visible sheet with something in it; '
            "show the sheet with the table"
        )
    ]
    with pytest.raises(InputError, match="the file is no workbook; leave out --sheet"):
        read(f"address,shares\n{ADA},1\n".encode(), "Old")


# ---------------------------------------------------------------------------- hostile files


ODD = ["", "0", "-1", "9" * 40, "x", "true", "A1:XFD1048576", "s", "e", "b", "d", "1e400", "NaN"]
VALUE = re.compile(rb'(?<==")[^"]*(?=")|(?<=>)[^<>]+(?=<)')


@given(part=st.integers(0, 99), place=st.integers(0, 9_999), odd=st.sampled_from(ODD))
def test_whatever_a_part_says_it_is_a_table_or_one_refusal(part, place, odd):
    """Any attribute or text of any part with another value: never a traceback."""
    content = packed(ROWS)
    names = [n for n in zipfile.ZipFile(io.BytesIO(content)).namelist() if "theme" not in n]
    chosen = names[part % len(names)]

    def change(name: str, text: bytes) -> bytes:
        if name != chosen:
            return text
        found = list(VALUE.finditer(text))
        spot = found[place % len(found)]
        return text[: spot.start()] + odd.encode() + text[spot.end() :]

    with contextlib.suppress(InputError):
        assert read(repacked(content, change)).total < 10**15


def zipped(**parts: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return file.getvalue()


def test_a_dimension_that_lies_takes_no_row_away():
    """The sheet says that it has two rows; it has a thousand and one."""
    rows = [HEADER, *((rehearsal_key(n).address, 1) for n in range(1000))]
    content = repacked(
        packed(rows),
        lambda name, part: part.replace(b'ref="A1:D1001"', b'ref="A1:D10"'),
    )
    assert load_workbook(io.BytesIO(content), read_only=True).active.max_row == 10
    assert len(read(content)) == 1000


def test_a_file_that_unpacks_without_end_is_refused_before_it_does():
    bomb = zipped(xl__workbook_xml=b" " * 10**7)
    (said,) = problems(bomb)
    assert "unpacks from" in said
    end = b"</sheetData>"
    many = repacked(packed(ROWS), lambda _, part: part.replace(end, b"<row/>" * 10**6 + end))
    assert "unpacks from" in problems(many)[0]


def test_a_part_that_lies_about_its_size_is_damaged():
    content = bytearray(packed(ROWS))
    name = b"xl/worksheets/sheet1.xml"
    entry = content.rfind(b"PK\x01\x02", 0, content.rfind(name))
    content[entry + 24 : entry + 28] = (10).to_bytes(4, "little")
    (said,) = problems(bytes(content))
    assert said.startswith('file: "the file" is damaged (BadZipFile: Bad CRC-32')


def test_more_tags_than_a_table_needs_are_refused(monkeypatch):
    monkeypatch.setattr(workbook_files, "MOST_TAGS", 100)
    assert problems(packed(ROWS)) == [
        ('file: "the file" has more than 100 XML tags; keep the cap table alone in it')
    ]


def test_entities_are_refused_in_whatever_coding():
    for coding in ("utf-8", "utf-16"):
        dtd = f'<?xml version="1.0" encoding="{coding}"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
        sheet = dtd.encode(coding)
        content = repacked(
            packed(ROWS), lambda name, part, sheet=sheet: sheet if "sheet1" in name else part
        )
        assert "declares XML entities" in problems(content)[0]


def test_a_cell_at_the_edge_of_the_sheet_is_named():
    book = workbook(ROWS)
    book.active["XFD1048576"] = 1
    assert problems(saved(book)) == ['file: "XFD1048576" is a cell far below the table; clear it']


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "is an old Excel file (.xls), or one"),
        (zipped(xl__workbook_bin=b"", ), None),
        (zipped(mimetype=b"application/vnd.oasis", content_xml=b"<a/>"), "is an OpenDocument file"),
        (zipped(xl__workbook_xml=b"<a/>"), "is damaged (KeyError"),
        (packed(ROWS)[:-300], "is damaged (BadZipFile"),
        (
            zipped(xl__workbook_xml=b'<workbook xmlns="http://purl.oclc.org/ooxml/main"/>'),
            "is a workbook in Strict Open XML; save it as Excel Workbook (.xlsx)",
        ),
    ],
    # What was packed a second later has another name of its own.
    ids=["xls", "binary", "opendocument", "empty", "cut", "strict"],
)  # fmt: skip
def test_other_spreadsheets_and_damaged_ones_are_named(content, sentence):
    if sentence is None:
        content, sentence = content.replace(b"xl/workbook_bin", b"xl/workbook.bin"), "(.xlsb)"
    (said,) = problems(content)
    assert sentence in said
