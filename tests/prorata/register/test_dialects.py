"""dialects.py and share_cells.py: what other programs write is named, and read when asked to."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.errors import InputError
from prorata.register.captable import CapTable, Holding, parse_csv, read_csv
from prorata.register.dialects import DIALECTS
from prorata.values.amounts import format_units

ADA, BOB = (
    "0x1000000000000000000000000000000000000001",
    "0x1000000000000000000000000000000000000002",
)
TOKEN = "0x1000000000000000000000000000000000000009"

CERTIFICATES = (
    "Stakeholder Name,Security ID,Share Class,Quantity Issued,Quantity Outstanding,Wallet\n"
    f'"Quay Ventures I, L.P.",CS-1,Common,"1,000,000","1,000,000",{ADA}\n'
    f'"Quay Ventures I, L.P.",PA-3,Series A,"250,000","250,000",{ADA}\n'
    f'José Muestra,CS-2,Common,"12,500",0,\n'
    f'José Muestra,CS-4,Common,"12,500","12,500",{BOB}\n'
)
AIRDROP = (
    "token_type,token_address,receiver,amount,id\n"
    f"erc20,{TOKEN},{ADA},12.5,\n"
    f"ERC20,{TOKEN},{BOB},3,\n"
)


def problems(content: str | bytes, **reading: object) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_csv(content, **reading)
    return [str(problem) for problem in caught.value.problems]


def remedy(content: str | bytes, **reading: object) -> str:
    [problem] = problems(content, **reading)
    return problem.rpartition("; ")[2]


def shares_of(content: str | bytes, **reading: object) -> list[int]:
    return [holding.shares for holding in parse_csv(content, **reading)]


# ---------------------------------------------------------------------------- recognition


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (f'"HolderAddress","Balance","PendingBalanceUpdate"\n"{ADA}","5,171","No"\n', "explorer"),
        (f"HolderAddress,Balance\n{ADA},5171.0\n", "explorer"),
        (AIRDROP, "safe-airdrop"),
        (CERTIFICATES, "certificates"),
        (f"{ADA},100\n{BOB},300\n", "disperse"),
        (f"{ADA} 100\n{BOB} 300\n", "disperse"),
        (json.dumps({ADA: "0x64"}), "merkle-drop"),
        (json.dumps({"claims": {ADA: {"index": 0, "amount": "0x64"}}}), "merkle-drop"),
    ],
)
def test_a_likeness_proposes_a_format_and_decides_nothing(content: str, name: str) -> None:
    assert remedy(content).endswith(f"read it with `--as {name}`")
    assert remedy(content.encode()).endswith(f"read it with `--as {name}`")


@pytest.mark.parametrize(
    ("content", "called"),
    [
        ("address,name,chainId\n", "is an address book, which has no shares; take"),
        ("address,person,country,class,eligible_until\n", "with `prorata register`"),
        ("address,kinds,rate,valid_from,valid_until,document\n", "with `prorata tax certify`"),
        ("holder,shares,gross,tax,net\n", "is the header of a report of payments, not a cap table"),
        ('{"crypto": {}, "version": 3}', "is a keystore, not a table"),
        ('{"file_type": "OCF_STAKEHOLDERS_FILE"}', "give its package, a folder or a ZIP archive"),
        ('{"a": 1}', "is a JSON document, not a table; save the table as CSV UTF-8"),
        ("[1, 2", "cannot be read as JSON; write it again, or save it as CSV UTF-8"),
    ],
)
def test_a_table_of_something_else_is_called_by_its_name(content: str, called: str) -> None:
    [problem] = problems(content)
    assert called in problem


@pytest.mark.parametrize(
    ("content", "called"),
    [
        (b"PK\x03\x04 torn", "a damaged ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"\n<!DOCTYPE html><html>", "a web page"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "an XML document"),
    ],
)
def test_a_file_of_another_kind_is_called_by_its_name(content: bytes, called: str) -> None:
    assert problems(content, subject="holders.csv") == [
        f'file: "holders.csv" is {called}, not CSV; save the table as CSV UTF-8'
    ]


@pytest.mark.parametrize(
    ("member", "called"),
    [
        ("xl/workbook.xml", "an Excel workbook"),
        ("content.xml", "an OpenDocument spreadsheet"),
        ("readme.txt", "a ZIP archive"),
    ],
)
def test_a_workbook_is_called_one_whatever_its_name(
    tmp_path: Path, member: str, called: str
) -> None:
    path = tmp_path / "holders.csv"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, "x")
    assert problems(path.read_bytes()) == [
        f'file: "the cap table" is {called}, not CSV; save the table as CSV UTF-8'
    ]


def test_a_format_that_we_do_not_know_is_refused() -> None:
    assert problems("address,shares\n", known_as="carta") == [
        f'as: "carta" is no format we know; use {", ".join(DIALECTS)}'
    ]


# ---------------------------------------------------------------------------- explorers


def test_an_explorers_list_is_read_when_it_is_named() -> None:
    etherscan = (
        '"HolderAddress","Balance","PendingBalanceUpdate"\r\n'
        f'"{ADA}","5,171","No"\r\n"{BOB}","2,000","No"\r\n'
    )
    blockscout = f"HolderAddress,Balance\n{ADA},5171.0\n{BOB},2000.000000000000000000\n"
    for content in (
        etherscan,
        blockscout,
        blockscout.replace("HolderAddress,Balance", "address,shares"),
    ):
        assert parse_csv(content, known_as="explorer").balances == {ADA: 5171, BOB: 2000}


def test_a_whole_number_with_a_point_is_one_in_an_explorers_list_only() -> None:
    content = f"address,shares\n{ADA},5171.0\n"
    assert problems(content) == [
        (
            'line 2, shares: "5171.0" is not a whole number of shares; '
            "write whole shares only, or name the explorer's format with `--as explorer`"
        )
    ]
    assert shares_of(content, known_as="explorer") == [5171]
    assert problems(content.replace(".0", ".5"), known_as="explorer") == [
        'line 2, shares: "5171.5" is not a whole number of shares; write whole shares only'
    ]


def test_an_explorers_exponent_is_refused_by_name() -> None:
    content = f"HolderAddress,Balance\n{ADA},2130924.609038455654704294\n{BOB},2E+3\n"
    assert problems(content, known_as="explorer", decimals=18) == [
        (
            'line 3, shares: "2E+3" is in exponent notation, in which an explorer may have '
            "rounded; take a full export, which writes every digit"
        )
    ]


def test_a_balance_that_was_still_moving_is_refused() -> None:
    content = f"HolderAddress,Balance,PendingBalanceUpdate\n{ADA},5,Yes\n"
    assert problems(content, known_as="explorer") == [
        (
            'line 2, pendingbalanceupdate: "Yes" is a balance that the explorer had not '
            "updated yet; export it again"
        )
    ]


@given(st.integers(1, 2**95), st.integers(0, 18), st.booleans(), st.integers(0, 4))
def test_an_explorers_number_is_read_to_the_unit(
    units: int, decimals: int, grouping: bool, zeros: int
) -> None:
    """Grouped or not, with zeros behind the point or without, it is the same number (Law 1)."""
    text = format_units(units, decimals, grouping=grouping)
    text += ("0" if "." in text else ".0") * bool(zeros) + "0" * max(0, zeros - 1)
    content = f'address,shares\n{ADA},"{text}"\n'
    assert shares_of(content, decimals=decimals, known_as="explorer") == [units]


# ---------------------------------------------------------------------------- payouts


def test_a_payout_list_is_read_when_it_is_named() -> None:
    assert shares_of(AIRDROP, known_as="safe-airdrop", decimals=1) == [125, 30]
    assert problems(AIRDROP, known_as="safe-airdrop") == [
        'line 2, shares: "12.5" is not a whole number of shares; write whole shares only'
    ]
    mixed = AIRDROP + f"native,,{ADA},1,\n"
    assert problems(mixed, known_as="safe-airdrop", decimals=1) == [
        (
            'line 4, token_type: "native" is no payment of an ERC-20 token; '
            "keep the lines of the share token only"
        ),
        'line 4, token_address: "" differs from what line 2 says; keep the lines of one token',
        (
            f'line 4, address: "{ADA}" stands on line 2 already; '
            "give each address one line, or add its lines up with `--merge`"
        ),
    ]


@pytest.mark.parametrize("line", ["{},{}", "{}, {}", "{} {}", "{}={}", "{}\t{}"])
def test_a_list_without_a_header_is_read_when_it_is_named(line: str) -> None:
    content = "".join(f"{line.format(*row)}\n" for row in ((ADA, 100), (BOB, 300)))
    assert parse_csv(content, known_as="disperse").balances == {ADA: 100, BOB: 300}


def test_a_faulty_line_of_such_a_list_keeps_its_number() -> None:
    assert problems(f"{ADA},100\n{BOB},x\nnobody\n", known_as="disperse") == [
        'line 2, shares: "x" is not a number; write digits such as 1500',
        'line 3: "nobody" has 1 cells where the header has 2; add what is missing',
    ]


def test_a_merkle_drop_counts_smallest_units() -> None:
    for found in (
        {ADA: "0x64", BOB: "300"},
        {ADA: 100, BOB: 300},
        {"merkleRoot": "0x", "claims": {ADA: {"amount": "0x64"}, BOB: {"amount": "0x12c"}}},
        [{"address": ADA, "earnings": "0x64"}, {"address": BOB, "amount": 300}],
    ):
        table = parse_csv(json.dumps(found), known_as="merkle-drop", decimals=2)
        assert table == CapTable((Holding(ADA, 100), Holding(BOB, 300)), 2)
    drop = json.dumps({ADA: "0x64"})
    assert problems(drop, known_as="merkle-drop", units="whole") == [
        (
            'units: "whole" are not the units of the list of a Merkle drop, which counts smallest '
            "ones; leave it out"
        )
    ]


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (f'{{"{ADA}": 1.5}}', 'line 1, shares: "1.5" is not a whole number of smallest units'),
        (f'{{"{ADA}": 1e3}}', 'line 1, shares: "1e3" is in exponent notation'),
        (f'{{"{ADA}": null}}', 'line 1, shares: "None" is not a number'),
        (f'{{"{ADA}": "1", "{ADA}": "2"}}', f'file: "{ADA}" stands twice in the JSON'),
        ("[]", 'file: "the JSON" is no list of a Merkle drop'),
        ("{", 'file: "the JSON" cannot be read as JSON'),
        ("\xff", 'file: "the JSON" cannot be read as JSON'),
    ],
)
def test_a_merkle_drop_that_is_none_is_refused(found: str, sentence: str) -> None:
    [problem] = problems(found.encode("latin-1"), known_as="merkle-drop")
    assert problem.startswith(sentence)


# ---------------------------------------------------------------------------- certificates


def test_certificates_of_one_holder_are_added_up_on_request() -> None:
    assert problems(CERTIFICATES, known_as="certificates") == [
        (
            f'line 3, address: "{ADA}" stands on line 2 already; '
            "give each address one line, or add its lines up with `--merge`"
        )
    ]
    table = parse_csv(CERTIFICATES, known_as="certificates", merge=True)
    assert list(table) == [
        Holding(ADA, 1_250_000, "Quay Ventures I, L.P."),
        Holding(BOB, 12_500, "José Muestra"),
    ]
    assert table.notices == (
        "line 4 has nothing outstanding, and is left out",
        f"{ADA} holds 1,250,000 = 1,000,000 + 250,000, of lines 2 and 3",
        "the lines are of several classes of shares, read as one: Common, Series A",
        "the cap table comes to 1,262,500 shares of 2 holders",
    )


def test_a_certificate_without_a_wallet_is_refused() -> None:
    content = CERTIFICATES.replace(BOB, "")
    assert problems(content, known_as="certificates", merge=True) == [
        'line 5, address: "" is blank; write the holder\'s address'
    ]


def test_lines_of_one_holder_must_agree_on_who_it_is() -> None:
    content = f"address,shares,name,kind\n{ADA},5,Ada,fund\n{BOB},1,,\n{ADA.lower()},6,Bob,\n"
    assert problems(content, merge=True) == [
        'line 4, name: "Bob" differs from what line 2 says; make the lines of a holder agree',
        'line 4, kind: "" differs from what line 2 says; make the lines of a holder agree',
    ]


@given(st.lists(st.tuples(st.sampled_from([ADA, BOB]), st.integers(1, 10**9)), min_size=1))
def test_adding_up_loses_nothing(rows: list[tuple[str, int]]) -> None:
    """Each holder has the sum of its lines, and the total is theirs (Law 2)."""
    content = "address,shares\n" + "".join(f"{a},{s}\n" for a, s in rows)
    table = parse_csv(content, merge=True)
    assert table.balances == {a: sum(s for b, s in rows if b == a) for a, _ in rows}
    assert table.total == sum(shares for _, shares in rows)


# ---------------------------------------------------------------------------- columns, marks, units


def test_any_header_is_mapped_by_its_keeper() -> None:
    content = f"Note,Account,Number Held\nfirst,{ADA},5\n,{BOB},6\n"
    table = parse_csv(content, columns={"address": "account", "shares": "Number Held"})
    assert table.balances == {ADA: 5, BOB: 6}
    assert table.notices == (
        'the cap table has columns that are not read: "Note"',
        "the cap table comes to 11 shares of 2 holders",
    )
    assert parse_csv(f"address,shares\n{ADA},5\n").notices == ()


def test_a_mapped_column_takes_the_place_of_its_namesake() -> None:
    content = f"address,shares,now\n{ADA},5,7\n"
    assert shares_of(content, columns={"shares": "now"}) == [7]


def test_a_map_that_does_not_fit_is_refused() -> None:
    content = f"Account,Held\n{ADA},5\n"
    assert problems(content, columns={"wallet": "Account"}) == [
        'columns: "wallet=Account" maps no column of ours; map address, shares, name, kind only'
    ]
    assert problems(content, columns={"address": "Account", "shares": "Number"})[0] == (
        'line 1, columns: "Number" is in no header; map one of "Account", "Held"'
    )


@pytest.mark.parametrize("cell", ["1.000", "1,000", "1,000.50", "1.000,50", "12.345.678", "1.125"])
def test_what_reads_in_two_ways_needs_its_mark(cell: str) -> None:
    for decimals in (0, 3, 18):
        assert problems(f'address,shares\n{ADA},"{cell}"\n', decimals=decimals) == [
            (
                f'line 2, shares: "{cell}" has a mark that may stand between thousands or before '
                "decimals; write it without, or say which mark stands before decimals with "
                "--decimal-mark"
            )
        ]


@pytest.mark.parametrize(
    ("cell", "mark", "units"),
    [
        ("1.000", ".", 1_000),
        ("1.000", ",", 1_000_000),
        ("1,000", ".", 1_000_000),
        ("1,000", ",", 1_000),
        ("1,000.50", ".", 1_000_500),
        ("1.000,5", ",", 1_000_500),
        ("2", ",", 2_000),
    ],
)
def test_the_mark_says_which_number_it_is(cell: str, mark: str, units: int) -> None:
    content = f'address,shares\n{ADA},"{cell}"\n'
    assert shares_of(content, decimals=3, decimal_mark=mark) == [units]


def test_a_mark_that_the_file_contradicts_is_refused() -> None:
    content = f'address,shares\n{ADA},"1,000.50"\n'
    [problem] = problems(content, decimals=3, decimal_mark=",")
    assert problem.startswith('line 2, shares: "1,000.50" has separators that do not stand')
    assert problems(content, decimal_mark=";") == [
        'decimal-mark: ";" is no decimal mark; give "." or ","'
    ]
    assert problems(content, known_as="explorer", decimal_mark=",") == [
        'decimal-mark: "," is no decimal mark of an explorer, which writes a point; leave it out'
    ]


def test_our_own_export_says_by_itself_which_mark_it_has() -> None:
    content = f"address,name,kind,shares,percent\n{ADA},Ada,fund,1.125,100.00%\n"
    assert shares_of(content, decimals=3) == [1_125]


def test_smallest_units_are_said() -> None:
    content = f"address,shares\n{ADA},1500\n"
    assert shares_of(content, decimals=18, units="smallest") == [1_500]
    assert shares_of(content, decimals=2, units="whole") == [150_000]
    assert problems(content.replace("1500", "1.5"), decimals=18, units="smallest") == [
        (
            'line 2, shares: "1.5" is not a whole number of smallest units; '
            "write whole smallest units only"
        )
    ]
    assert problems(content, units="wei") == ['units: "wei" are no units; give whole or smallest']


def test_a_file_is_read_as_its_content_is(tmp_path: Path) -> None:
    path = tmp_path / "payout.csv"
    path.write_text(AIRDROP)
    assert read_csv(path, decimals=1, known_as="safe-airdrop").balances == {ADA: 125, BOB: 30}
