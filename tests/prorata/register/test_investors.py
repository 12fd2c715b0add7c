"""register.py: the issuer's CSV file, read strictly, every fault with its line."""

from __future__ import annotations

import pytest

from prorata.contracts.registry import Investor
from prorata.errors import InputError
from prorata.register.investors import parse_investors, read_investors
from prorata.values.kinds import FOREVER, InvestorClass
from prorata.values.times import parse_time

ANN = "0x8C8d35429F74ec245F8Ef2f4Fd1e551cFF97d650"
BEN = "0x40FBBE484b8Ee6139Af08446950B088e10b2306A"
HEADER = "address,person,country,class,eligible_until"


def refusal(*lines: str) -> str:
    with pytest.raises(InputError) as refused:
        parse_investors("\n".join(lines), "investors.csv")
    return str(refused.value)


def test_a_register_is_read():
    first, second, third = parse_investors(
        f"{HEADER}\n{ANN},7,US,accredited,2027-12-31\n{BEN},8,040,retail,forever\n"
        f"0x2b382887d362ccae885a421c978c7e998d3c95a6,7,USA,accredited,2027-12-31T23:59:59Z\n"
    )
    until = parse_time("", "2027-12-31")
    assert (first.line, first.address) == (2, ANN)
    assert first.investor == Investor(7, 840, InvestorClass.ACCREDITED, until)
    assert second.investor == Investor(8, 40, InvestorClass.RETAIL, FOREVER)
    assert third.address == "0x2b382887D362cCae885a421C978c7e998D3c95a6"
    assert third.investor == first.investor


def test_columns_stand_in_any_order_and_harmless_things_are_taken():
    [entry] = parse_investors(
        b"\xef\xbb\xbfClass, Country,person,ADDRESS,eligible_until\r\n"
        + f'retail ,"DE",1, {ANN},forever\r\n\r\n\r\n'.encode()
    )
    assert entry.investor == Investor(1, 276, 0, FOREVER)


def test_every_fault_is_listed_with_its_line():
    assert refusal(
        HEADER,
        "0x1,0,40,rich,soon",
        f"{ANN},1,US,retail,2027-12-31",
        f"{BEN},1,FR,retail,forever",
        f"{BEN},2,FR,retail",
        "",
        f"{BEN.lower()},2,FR,retail,2027-02-30",
    ) == (
        "10 problems in investors.csv:\n"
        '  line 2, address: "0x1" is not an address; write 0x and 40 hexadecimal digits\n'
        '  line 2, person: "0" is no number of a person; write digits, from 1 to '
        "140737488355327\n"
        '  line 2, country: "40" is no country of ISO 3166-1; write its code in capitals or three '
        "digits, such as US, USA or 840\n"
        '  line 2, class: "rich" is no class of investor; write retail, accredited, qualified, '
        "professional, institutional\n"
        '  line 2, eligible_until: "soon" is no time; write 2027-03-31T23:59:59Z, or a day such '
        "as 2027-03-31\n"
        '  line 4, country: "FR" differs from what line 3 says of person 1; make the lines of a '
        "person agree\n"
        '  line 4, eligible_until: "forever" differs from what line 3 says of person 1; make the '
        "lines of a person agree\n"
        f'  line 5: "{BEN},2,FR,retail" has 4 cells where the header has 5; add what is missing\n'
        '  line 6: "" is a blank row; remove it\n'
        f'  line 7, address: "{BEN.lower()}" stands on line 4 already; give each wallet one line\n'
        '  line 7, eligible_until: "2027-02-30" is no time; write 2027-03-31T23:59:59Z, or a day '
        "such as 2027-03-31"
    ).replace("10 problems", "11 problems")


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        ("address,person,country,class", "lacks the column eligible_until"),
        (f"{HEADER},city", '"city" is no known column'),
        ("address,shares", "is the header of a cap table, which says nothing of persons"),
        ("holder,shares,gross,tax,net", "is the header of a report of payments"),
        (f"{HEADER},class", '"class" is a column twice'),
        (HEADER.replace(",", ";"), "is separated by semicolons; save it with commas"),
        ("wallet,owner", f'"wallet,owner" is no header; start with a line {HEADER}'),
    ],
)
def test_a_faulty_header_is_refused(header, rule):
    assert rule in refusal(header, f"{ANN},1,US,retail,forever")


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (f"{ANN},1,US,retail,", "is no time"),
        (f"{ANN},01,US,retail,forever", "is no number of a person"),
        (f"{ANN},140737488355328,US,retail,forever", "is no number of a person"),
        (f"{ANN[:-1]}1,1,US,retail,forever", "fails its EIP-55 checksum"),
        (f"0x{'0' * 40},1,US,retail,forever", "is the zero address"),
        (f'{ANN},1,US,"retail,forever', "has unbalanced quotes"),
        (f"{ANN},1,US,retail,forever\0", "has a NUL byte"),
    ],
)
def test_a_faulty_row_is_refused(row, rule):
    assert rule in refusal(HEADER, row)


def test_an_empty_register_is_refused():
    assert refusal(HEADER) == '"the file" has no rows; add a line for each wallet'


def test_bytes_that_are_not_utf_8_are_refused():
    with pytest.raises(InputError, match="is not UTF-8"):
        parse_investors(HEADER.encode() + b"\n\xff")
    row = f"{ANN},1,US,r\xe9tail,forever".encode("latin-1")
    with pytest.raises(InputError) as refused:
        parse_investors(HEADER.encode() + b"\n" + row)
    assert str(refused.value) == (
        'line 2, class: "r\\udce9tail" has the byte 0xE9 at position 2, which is not UTF-8; save '
        "the file as CSV UTF-8"
    )


def test_what_our_other_tables_say_of_a_wallet_is_not_read():
    rows = parse_investors(f"{HEADER},name,kind,shares\n{ANN},1,US,retail,forever,Ann,fund,x\n")
    assert [row.address for row in rows] == [ANN]


def test_a_register_with_a_header_of_its_own_is_mapped():
    content = f"Wallet,person,country,class,eligible_until\n{ANN},1,US,retail,forever\n"
    [row] = parse_investors(content, columns={"address": "wallet"})
    assert row.address == ANN


def test_rows_are_checked_under_a_header_that_lacks_a_column():
    """All that is wrong is listed at once; what the column would say is not held against a row."""
    assert refusal("address,person,country,class", f"{ANN},0,US,retail") == (
        "2 problems in investors.csv:\n"
        '  line 1, header: "address,person,country,class" lacks the column eligible_until; add '
        "it\n"
        '  line 2, person: "0" is no number of a person; write digits, from 1 to '
        "140737488355327"
    )


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"cannot be read \(no such file or directory\)"):
        read_investors(tmp_path / "nothing.csv")
