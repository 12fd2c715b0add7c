"""captable.py: a strict reader that lists everything, and a writer it can always read back."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from prorata.apportion import apportion
from prorata.demo.keys import rehearsal_key
from prorata.errors import InputError
from prorata.register.captable import KINDS, CapTable, Holding, parse_csv, read_csv, write_csv
from prorata.values.amounts import MAX_SHARES

ADA = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # the examples of EIP-55
BOB = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
CAT = "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB"
MERGE = "give each address one line, or add its lines up with `--merge`"
BUILDING = Path(__file__).parents[3] / "examples" / "building" / "holders.csv"


def problems(content: str | bytes, decimals: int = 0, authorised: int | None = None) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_csv(content, decimals=decimals, authorised=authorised)
    return [str(problem) for problem in caught.value.problems]


def of_shares(cell: str, decimals: int = 0) -> list[str]:
    return problems(f"address,shares\n{ADA},{cell}\n", decimals)


def of_address(cell: str) -> list[str]:
    return problems(f"address,shares\n{cell},1\n")


# ---------------------------------------------------------------------------- examples


def test_a_plain_file_is_read_in_its_order() -> None:
    table = parse_csv(
        f'address,shares,name,kind\n{BOB},7,"Hartwell, Ames & Co.",company\n{ADA},3,Ada,\n'
    )

    assert table == CapTable(
        (Holding(BOB, 7, "Hartwell, Ames & Co.", "company"), Holding(ADA, 3, "Ada", ""))
    )
    assert (table.total, len(table), table.balances) == (10, 2, {BOB: 7, ADA: 3})
    assert table.by_kind == {"company": 7, "": 3}
    assert table.of_kind("company") == (BOB,)
    assert [table.share_of(BOB), table.share_of(ADA.lower()), table.share_of(CAT)] == [
        "70.00%",
        "30.00%",
        "0.00%",
    ]


@pytest.mark.parametrize(
    "content",
    [
        f"address,shares\n{ADA},5\n{BOB},6\n",
        f"address,shares\n{ADA},5\n{BOB},6",
        f"address,shares\n{ADA},5\n{BOB},6\n\n\n",
        f"address,shares\r\n{ADA},5\r\n{BOB},6\r\n",
        f"address,shares\r{ADA},5\r{BOB},6\r",
        f"\ufeffaddress,shares\n{ADA},5\n{BOB},6\n",
        f"\ufeffaddress,shares\r\n{ADA},5\r\n{BOB},6\r\n".encode(),
        f"Address, SHARES \n {ADA} , 5\n{BOB},6 \n",
        f'"address","shares"\n"{ADA}","5"\n"{BOB}","6"\n',
        f"address,shares\n{ADA.lower()},5\n0x{BOB[2:].upper()},6\n",
        f"shares,address\n5,{ADA}\n6,{BOB}\n",
    ],
    ids=[
        "plain",
        "no last line end",
        "empty lines at the end",
        "Windows",
        "old Macintosh",
        "byte-order mark",
        "Excel's CSV UTF-8",
        "spaces and capitals",
        "quotes everywhere",
        "one letter case",
        "other order",
    ],
)
def test_what_changes_nothing_is_taken_silently(content: str | bytes) -> None:
    assert parse_csv(content) == CapTable((Holding(ADA, 5), Holding(BOB, 6)))


def test_shares_with_decimals_are_read_in_smallest_units() -> None:
    table = parse_csv(f"address,shares\n{ADA},1.5\n{BOB},0.000000000000000001\n", decimals=18)

    assert table.balances == {ADA: 15 * 10**17, BOB: 1}
    assert f"{ADA},1.5,,\n{BOB},0.000000000000000001,,\n" in write_csv(table)


def test_a_file_is_read_and_written(tmp_path: Path) -> None:
    table = CapTable((Holding(ADA, 5, "Ada Müller", "individual"), Holding(BOB, 6)))
    path = tmp_path / "table.csv"
    text = write_csv(table, path)

    assert (
        path.read_bytes()
        == text.encode()
        == (f"address,shares,name,kind\n{ADA},5,Ada Müller,individual\n{BOB},6,,\n".encode())
    )
    assert read_csv(path) == read_csv(str(path)) == table


def test_the_total_may_reach_what_is_authorised() -> None:
    assert parse_csv(f"address,shares\n{ADA},5\n{BOB},5\n", authorised=10).total == 10
    assert parse_csv(f"address,shares\n{ADA},{MAX_SHARES}\n").total == MAX_SHARES


# ---------------------------------------------------------------------------- the worked example


def test_the_building_has_ten_thousand_shares() -> None:
    table = read_csv(BUILDING, authorised=10_000)

    assert table.total == 10_000
    assert len(table) == 148
    assert table.by_kind == {"treasury": 800, "individual": 2639, "company": 2428, "fund": 4133}
    assert len(table.of_kind("treasury")) == 1
    assert {max(table.balances.values()), min(table.balances.values())} == {1_450, 1}
    assert len({holding.name for holding in table}) == len(table)
    assert write_csv(table).encode() == BUILDING.read_bytes()


def test_the_holders_of_the_building_can_sign_in_rehearsals() -> None:
    table = read_csv(BUILDING)

    assert [holding.address for holding in table] == [
        rehearsal_key(row).address for row in range(len(table))
    ]


def test_the_rent_of_the_building_divides_to_the_unit() -> None:
    table = read_csv(BUILDING)
    rent = apportion(85_000_000_000, table.balances, table.of_kind("treasury"))

    assert rent.eligible == 9_200
    assert sum(rent.gross.values()) + rent.remainder == 85_000_000_000
    assert rent.remainder < 147


@pytest.mark.parametrize("index", [-1, 2**31])
def test_a_rehearsal_key_has_an_index_of_bip_44(index: int) -> None:
    with pytest.raises(InputError) as caught:
        rehearsal_key(index)
    assert str(caught.value) == (
        f'index: "{index}" is outside BIP-44\'s range; give 0 to 2**31 - 1'
    )


# ---------------------------------------------------------------------------- refusals: addresses


@pytest.mark.attack("I4")
def test_a_duplicate_address_is_refused_in_any_letter_case() -> None:
    assert problems(f"address,shares\n{ADA},1\n{BOB},1\n{ADA.lower()},1\n{ADA},1\n") == [
        f'line 4, address: "{ADA.lower()}" stands on line 2 already; {MERGE}',
        f'line 5, address: "{ADA}" stands on line 2 already; {MERGE}',
    ]


@pytest.mark.attack("I4")
def test_a_wrong_checksum_is_refused() -> None:
    wrong = ADA.replace("aA", "Aa")
    assert of_address(wrong) == [
        (
            f'line 2, address: "{wrong}" fails its EIP-55 checksum; '
            "copy the address again from its source"
        )
    ]


def test_the_zero_address_is_refused() -> None:
    assert of_address("0x" + "0" * 40) == [
        f'line 2, address: "0x{"0" * 40}" is the zero address; write the holder\'s own address'
    ]


def test_a_blank_address_is_refused() -> None:
    assert of_address("") == ['line 2, address: "" is blank; write the holder\'s address']


@pytest.mark.parametrize(
    "cell", [ADA[:-1], ADA + "0", ADA[2:], "0X" + ADA[2:], "ada.eth", "5.16E+47", "0x" + "g" * 40]
)
def test_what_is_no_address_is_refused(cell: str) -> None:
    assert of_address(cell) == [
        f'line 2, address: "{cell}" is not an address; write 0x and 40 hexadecimal digits'
    ]


@pytest.mark.attack("I4")
@pytest.mark.parametrize(
    ("real", "fake", "called"),
    [
        ("e", "\u0435", "foreign character U+0435 CYRILLIC SMALL LETTER IE"),
        ("B", "\u0412", "foreign character U+0412 CYRILLIC CAPITAL LETTER VE"),
        ("6", "\uff16", "foreign character U+FF16 FULLWIDTH DIGIT SIX"),
        ("6", "6\u200b", "hidden character U+200B ZERO WIDTH SPACE"),
        ("6", "6\u202e", "hidden character U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("6", "6\u00a0", "hidden character U+00A0 NO-BREAK SPACE"),
        ("6", "6\ufeff", "hidden character U+FEFF ZERO WIDTH NO-BREAK SPACE"),
    ],
)
def test_look_alike_letters_and_hidden_characters_are_named(
    real: str, fake: str, called: str
) -> None:
    position = ADA.index(real) + len(fake)
    cell = ADA.replace(real, fake, 1)
    [problem] = of_address(cell)
    assert problem.startswith("line 2, address: ")
    assert problem.endswith(
        f'" has the {called} at position {position}; copy the address again from its source'
    )


# ---------------------------------------------------------------------------- refusals: shares


@pytest.mark.attack("I4")
@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("1.5", "is not a whole number of shares; write whole shares only"),
        (
            "1450.0",
            (
                "is not a whole number of shares; write whole shares only, "
                "or name the explorer's format with `--as explorer`"
            ),
        ),
        ("-5", "is negative; write an amount without a sign such as 1500"),
        ("(5)", "is negative; write an amount without a sign such as 1500"),
        ("0", "is not a holding; write 1 or more, or remove the row"),
        ("", "is blank; write a number of shares such as 1500"),
        ("100 shares", "has a space at position 4; remove it"),
        ("'100", "is not a number; write digits such as 1500"),
        ("#REF!", "is a spreadsheet's error mark; repair the cell and write 1500, say"),
        ("Jan-50", "is not a number; write digits such as 1500"),
        ("0100", "starts with a zero; remove the leading zeros"),
        ("1_000", "has a separator between its digits; write it without, such as 1500"),
        (str(2**96), f"exceeds the {MAX_SHARES} shares a token can count; write fewer shares"),
        (
            "1.00E+03",
            ("is in exponent notation; format the cell as a plain number and write every digit"),
        ),
    ],
)
def test_shares_that_are_no_count_are_refused(cell: str, sentence: str) -> None:
    assert of_shares(cell) == [f'line 2, shares: "{cell}" {sentence}']


def test_a_quoted_thousands_separator_is_refused() -> None:
    assert of_shares('"1,450"') == [
        (
            'line 2, shares: "1,450" has a mark that may stand between thousands '
            "or before decimals; write it without, or say which mark stands before decimals with "
            "--decimal-mark"
        )
    ]


def test_an_unquoted_thousands_separator_is_a_cell_too_many() -> None:
    assert of_shares("1,450") == [
        (
            f'line 2: "{ADA},1,450" has 3 cells where the header has 2; '
            "remove what is too much, and any comma inside a number"
        )
    ]


def test_more_decimals_than_the_token_has_are_refused() -> None:
    assert of_shares("0.125", decimals=2) == [
        (
            'line 2, shares: "0.125" has 3 decimals and only 2 exist; '
            "write at most 2 digits after the point"
        )
    ]


def test_a_total_over_the_authorised_shares_is_refused() -> None:
    assert problems(f"address,shares\n{ADA},9000\n{BOB},1001\n", authorised=10_000) == [
        (
            'total: "10,001" exceeds the 10,000 authorised shares by 1; '
            "reduce the holdings, or authorise more with `prorata authorise`"
        )
    ]
    assert problems(f"address,shares\n{ADA},1.5\n{BOB},1\n", decimals=1, authorised=10) == [
        (
            'total: "2.5" exceeds the 1 authorised shares by 1.5; '
            "reduce the holdings, or authorise more with `prorata authorise`"
        )
    ]
    assert problems(f"address,shares\n{ADA},{MAX_SHARES}\n{BOB},1\n") == [
        (
            f'total: "{MAX_SHARES + 1:,}" exceeds the {MAX_SHARES:,} authorised shares by 1; '
            "reduce the holdings, or authorise more with `prorata authorise`"
        )
    ]


# ---------------------------------------------------------------------------- refusals: the rest


@pytest.mark.parametrize("row", ["", ",", "  ", ' ,""', ",,,"])
def test_a_blank_row_is_refused(row: str) -> None:
    assert problems(f"address,shares\n{ADA},1\n{row}\n{BOB},1\n") == [
        f'line 3: "{row}" is a blank row; remove it'
    ]


def test_a_missing_cell_is_refused() -> None:
    assert problems(f"address,shares\n{ADA}\n") == [
        f'line 2: "{ADA}" has 1 cells where the header has 2; add what is missing'
    ]


@pytest.mark.parametrize("row", [f'{ADA},"5', f'"{ADA},5', f'{ADA},"5"0'])
def test_an_unbalanced_quote_spoils_its_own_line_only(row: str) -> None:
    assert problems(f"address,shares\n{row}\n{BOB},x\n") == [
        f'line 2: "{row}" has unbalanced quotes or a line break in a cell; close the quotes',
        'line 3, shares: "x" is not a number; write digits such as 1500',
    ]


def test_a_line_break_in_a_cell_is_refused() -> None:
    quotes = "has unbalanced quotes or a line break in a cell; close the quotes"
    assert problems(f'address,shares,name\n{ADA},1,"Ada\nMüller"\n{BOB},1,Bob\n') == [
        f'line 2: "{ADA},1,"Ada" {quotes}',
        'line 3: "Müller"" has 1 cells where the header has 3; add what is missing',
    ]


def test_a_nul_byte_and_an_endless_line_are_refused() -> None:
    assert problems(f"address,shares\n{ADA},1\0\n".encode()) == [
        f'line 2: "{ADA},1\\x00" has a NUL byte; write the row again'
    ]
    [problem] = problems(f"address,shares,name\n{ADA},1,{'x' * 10_000}\n")
    assert problem.endswith('" is over 10000 characters long; write the row again')


def test_a_file_that_is_not_utf_8_is_refused_at_the_byte() -> None:
    assert problems(f"address,shares,name\n{ADA},1,Müller\n".encode("cp1252")) == [
        (
            'line 2, name: "M\\udcfcller" has the byte 0xFC at position 2, which is not UTF-8; '
            "save the file as CSV UTF-8"
        )
    ]
    for byte in (0x80, 0xFF):
        [problem] = problems(f"address,shares,name\n{ADA},1,M".encode() + bytes([byte]))
        assert f"has the byte 0x{byte:02X} at position 2, which is not UTF-8" in problem
    for encoding in ("utf-16-le", "utf-16-be"):
        assert problems(f"\ufeffaddress,shares\n{ADA},1\n".encode(encoding)) == [
            'line 1: "UTF-16" is not UTF-8; save the file as CSV UTF-8'
        ]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("address,share", ['"share" is no known column; use only address, shares, name, kind']),
        ("address,shares,x", ['"x" is no known column; use only address, shares, name, kind']),
        ("address,shares,", ['"" is no known column; use only address, shares, name, kind']),
        ("address,name", ['"address,name" lacks the column shares; add it']),
        ("shares", ['"shares" lacks the column address; add it']),
        ("address,shares,shares", ['"shares" is a column twice; keep one of them']),
        ("", ['"" is no header; start with a line address,shares']),
        (
            f"{ADA},5",
            [
                (
                    f'"{ADA},5" has no header; '
                    "add a line address,shares, or read it with `--as disperse`"
                )
            ],
        ),
        ("address;shares", ['"address;shares" is separated by semicolons; save it with commas']),
        ("address\tshares", ['"address\\tshares" is separated by tabs; save it with commas']),
        (
            "address,shares\u200b",
            [
                (
                    '"shares\\u200b" has the hidden character U+200B ZERO WIDTH SPACE '
                    "at position 7; use only address, shares, name, kind"
                )
            ],
        ),
    ],
)
def test_a_header_that_is_not_understood_is_refused(header: str, expected: list[str]) -> None:
    found = problems(f"{header}\n")
    for sentence in expected:
        assert f"line 1, header: {sentence}" in found


def test_rows_are_checked_under_a_faulty_header_too() -> None:
    assert problems(f"address,shares,e-mail\n{ADA},x,a@b\n") == [
        'line 1, header: "e-mail" is no known column; use only address, shares, name, kind',
        'line 2, shares: "x" is not a number; write digits such as 1500',
    ]
    assert problems("address,name\n0x1,Ada\n") == [
        'line 1, header: "address,name" lacks the column shares; add it',
        'line 2, address: "0x1" is not an address; write 0x and 40 hexadecimal digits',
    ]


@pytest.mark.parametrize(
    "content", ["address,shares", "address,shares\n", "address,shares\r\n\r\n"]
)
def test_a_file_without_holders_is_refused(content: str) -> None:
    assert problems(content) == ['"the file" has no rows; add a line for each holder']


@pytest.mark.parametrize("kind", ["Treasury", "treasury.", "person"])
def test_a_kind_that_is_misspelled_is_refused(kind: str) -> None:
    assert problems(f"address,shares,kind\n{ADA},1,{kind}\n") == [
        f'line 2, kind: "{kind}" is no kind of holder; use company, fund, individual, treasury'
    ]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a_name_that_a_spreadsheet_would_run_is_refused(name: str) -> None:
    assert problems(f"address,shares,name\n{ADA},1,{name}\n") == [
        f'line 2, name: "{name}" begins like a spreadsheet formula; begin it without {name[0]}'
    ]


def test_a_hidden_character_in_a_name_is_refused() -> None:
    assert problems(f"address,shares,name\n{ADA},1,Ada\u200bMüller\n") == [
        (
            'line 2, name: "Ada\\u200bMüller" has the hidden character U+200B ZERO WIDTH SPACE '
            "at position 4; remove it"
        )
    ]


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for path, reason in (
        (tmp_path / "none.csv", "no such file or directory"),
        (tmp_path, "is a directory"),
    ):
        with pytest.raises(InputError) as caught:
            read_csv(path)
        assert caught.value.problems[0].value == str(path)
        assert str(caught.value).endswith(
            f'" cannot be read ({reason}); give the path of a CSV file'
        )


@pytest.mark.attack("I4")
def test_every_problem_of_a_file_is_listed_at_once_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "holders.csv"
    content = "\r\n".join(
        [
            "\ufeffaddress,shares,name,kind",
            f"{ADA},1450,Ada,individual",
            f"{ADA},1.5,,",
            f"{BOB},1.00E+03,=cmd,person",
            "",
            f"0x{'0' * 40},-5,,",
            f'{CAT},"7,,',
            f"{CAT},1,450,Cat,fund",
            f"{CAT.replace('db', 'DB')},,,",
            f"{CAT},9000,,",
            "",
        ]
    )
    path.write_bytes(content.encode())

    with pytest.raises(InputError) as caught:
        read_csv(path, authorised=10_000)
    assert [(p.line, p.column) for p in caught.value.problems] == [
        (3, "address"),
        (3, "shares"),
        (4, "shares"),
        (4, "name"),
        (4, "kind"),
        (5, None),
        (6, "address"),
        (6, "shares"),
        (7, None),
        (8, None),
        (9, "address"),
        (9, "shares"),
        (None, "total"),
    ]
    message = str(caught.value)
    assert message.startswith(f"13 problems in {path}:\n  line 3, address: ")
    assert message.count("\n") == 13


# ---------------------------------------------------------------------------- refusals: the table


def test_a_table_made_by_hand_keeps_the_same_rules() -> None:
    with pytest.raises(InputError) as caught:
        CapTable((Holding(ADA, MAX_SHARES), Holding(ADA.lower(), 1), Holding(BOB, 0)))
    assert str(caught.value) == (
        "3 problems in the cap table:\n"
        f'  address: "{ADA.lower()}" stands in the table already; give each address one holding\n'
        '  shares: "0" is not a holding; write 1 or more, or remove the row\n'
        f'  total: "{MAX_SHARES + 1}" exceeds the {MAX_SHARES} shares a token can count; '
        "write fewer shares"
    )


def test_a_table_that_could_not_be_read_back_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    with pytest.raises(InputError, match="begins like a spreadsheet formula"):
        write_csv(CapTable((Holding(ADA, 1, "=1+1"),)), path)
    assert not path.exists()


# ---------------------------------------------------------------------------- laws

NAMES = (
    st.text(max_size=20)
    .map(
        lambda text: "".join(c for c in text if c.isprintable() and unicodedata.category(c) != "Cs")
    )
    .map(lambda text: text.strip(" ").lstrip("=+-@ "))
)
ADDRESSES = st.integers(1, 2**160 - 1).map(lambda number: to_checksum_address(f"0x{number:040x}"))
HOLDINGS = st.builds(
    Holding, ADDRESSES, st.integers(1, MAX_SHARES // 16), NAMES, st.sampled_from(["", *KINDS])
)
TABLES = st.builds(
    CapTable,
    st.lists(HOLDINGS, min_size=1, max_size=12, unique_by=lambda h: h.address).map(tuple),
    st.integers(0, 18),
)


@given(TABLES)
def test_a_table_written_and_read_is_the_same_table(table: CapTable) -> None:
    """What is written is read back whole, and writing it again gives the same bytes (Law 1)."""
    text = write_csv(table)
    again = parse_csv(text, decimals=table.decimals, authorised=table.total, decimal_mark=".")
    assert again == table
    assert write_csv(again) == text


@given(TABLES, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.booleans())
def test_line_ends_marks_and_letter_case_change_nothing(
    table: CapTable, line_end: str, mark: bool, lower: bool
) -> None:
    """The same rows give the same table under every line end, mark and letter case (Law 1)."""
    text = write_csv(table).replace("\n", line_end)
    for holding in table if lower else ():
        text = text.replace(holding.address, holding.address.lower())
    marked, how = "\ufeff" * mark + text, {"decimals": table.decimals, "decimal_mark": "."}
    assert parse_csv(marked, **how) == parse_csv(marked.encode(), **how) == table


@given(TABLES)
def test_the_parts_of_a_table_make_its_total(table: CapTable) -> None:
    """Balances and kinds each add up to the total (Law 2)."""
    assert sum(table.balances.values()) == table.total
    assert sum(table.by_kind.values()) == table.total
    assert len(table.balances) == len(table)


def table_or_lines(content: str | bytes) -> CapTable | set[int | None]:
    """The table, or the lines that the problems name."""
    try:
        return parse_csv(content)
    except InputError as error:
        return {problem.line for problem in error.problems}


@given(st.one_of(st.text(), st.binary(), st.text('address,shares\n\r"0x1;\t\ufeff')))
def test_any_content_is_a_table_or_a_list_of_problems(content: str | bytes) -> None:
    """No content at all makes the reader fail in another way than by listing problems (Law 1)."""
    assert table_or_lines(content)


@given(st.lists(st.tuples(ADDRESSES, st.text('0123456789.,-"eE \u200b', max_size=6)), min_size=1))
def test_a_row_is_read_or_listed_and_never_dropped(rows: list[tuple[str, str]]) -> None:
    """Every row is a holding of the table or has its line in the list of problems (Law 2)."""

    def content(some: list[tuple[str, str]]) -> str:
        return "address,shares\n" + "".join(f"{a},{s}\n" for a, s in some)

    result, clean = table_or_lines(content(rows)), rows
    if isinstance(result, set):
        clean = [row for line, row in enumerate(rows, start=2) if line not in result]
        result = parse_csv(content(clean)) if clean else CapTable(())
    assert [holding.address for holding in result] == [address for address, _ in clean]
