"""tax.py: rates in YAML and certificates in CSV, read strictly, every fault in a sentence."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.assets.withholding import PolicySettings, format_rate, parse_rate
from prorata.contracts.withholding import (
    ANY_CLASS,
    ANY_COUNTRY,
    AppliedRate,
    Certificate,
    Rate,
    RateBasis,
)
from prorata.errors import InputError
from prorata.files.yaml_reader import read_yaml
from prorata.tax.certificates import parse_certificates, read_certificates
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.kinds import FOREVER, InvestorClass, Kind
from prorata.values.times import parse_time

COMPLIANT = PROJECT_ROOT / "examples" / "compliant"
ANN = "0x8C8d35429F74ec245F8Ef2f4Fd1e551cFF97d650"
BEN = "0x40FBBE484b8Ee6139Af08446950B088e10b2306A"
DEED = "0x" + "ab" * 32
HEADER = "address,kinds,rate,valid_from,valid_until,document"
DEFAULT = {
    "dividend": "25%",
    "interest": "25%",
    "rent": "30%",
    "return-of-capital": "0%",
    "principal": "0%",
}
PLAIN: dict[str, Any] = {"name": "standard", "collector": ANN, "default": DEFAULT}


def refusal(**content: Any) -> str:
    with pytest.raises(InputError) as refused:
        PolicySettings.of({**PLAIN, **content}, "rates.yaml")
    return str(refused.value)


# ------------------------------------------------------------------------------------ single values


@pytest.mark.parametrize(
    ("text", "basis_points"),
    [("0%", 0), ("15%", 1_500), ("26.37%", 2_637), ("0.5 %", 50), ("100%", 10_000)],
)
def test_a_rate_is_a_per_cent(text, basis_points):
    assert parse_rate(text) == basis_points


def test_a_rate_is_written_without_needless_digits():
    assert [format_rate(rate) for rate in (0, 50, 1_500, 2_637)] == ["0%", "0.5%", "15%", "26.37%"]


@given(st.integers(0, 10_000))
def test_rates_are_read_as_they_are_written(basis_points):
    assert parse_rate(format_rate(basis_points)) == basis_points


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (15, "is no per cent"),
        (0.15, "is no per cent"),
        ("15", "is no per cent"),
        ("26.375%", "has 3 decimals and a rate has at most 2"),
        ("-1%", "is negative"),
        ("1,5%", "has a separator between its digits"),
        ("%", "is blank"),
    ],
)
def test_a_rate_that_is_none_is_refused(text, rule):
    with pytest.raises(InputError) as refused:
        parse_rate(text)
    remedy = "write a per cent with its sign, such as 15% or 26.37%"
    assert str(refused.value) == f'rate: "{text}" {rule}; {remedy}'


def test_a_rate_over_the_whole_is_refused():
    with pytest.raises(InputError) as refused:
        parse_rate("100.01%")
    assert str(refused.value) == 'rate: "100.01%" is more than the whole; write at most 100%'


def test_the_tax_is_rounded_down():
    assert AppliedRate(3_333, RateBasis.EXACT).tax(10_001) == 3_333


# -------------------------------------------------------------------------------- the file of rates


def test_the_example_is_read():
    settings = PolicySettings.load(COMPLIANT / "withholding.yaml")
    table = settings.table()
    assert (settings.name, len(table)) == ("standard", 18)
    assert table == sorted(table)
    assert Rate(528, ANY_CLASS, Kind.DIVIDEND, 1_500) in table
    assert Rate(528, InvestorClass.INSTITUTIONAL, Kind.RENT, 0) in table
    assert Rate(ANY_COUNTRY, InvestorClass.INSTITUTIONAL, Kind.RENT, 1_000) in table
    assert Rate(276, ANY_CLASS, Kind.RENT, 1_583) in table


def test_a_table_is_its_defaults_if_nothing_else_is_said():
    rates = (2_500, 2_500, 3_000, 0, 0)
    assert PolicySettings.of(PLAIN).table() == [
        Rate(ANY_COUNTRY, ANY_CLASS, kind, rate) for kind, rate in zip(Kind, rates, strict=True)
    ]


def test_every_kind_needs_a_default():
    short = {kind: rate for kind, rate in DEFAULT.items() if kind != "return-of-capital"}
    assert refusal(default=short) == 'default.return-of-capital: "" is missing; add it'


def test_every_fault_is_listed():
    rows = [
        {"country": False, "rent": "1%"},
        {"country": "DE", "class": "rich", "rent": 15},
        {"country": "DE", "coupon": "1%"},
    ]
    said = refusal(rates=rows, collector=123)
    classes = ", ".join(known.label for known in InvestorClass)
    assert said.startswith("5 problems in rates.yaml:\n")
    assert [line.strip() for line in said.splitlines()[1:]] == [
        'collector: "123" is a number to YAML; write the address in quotes',
        'rates.0.country: "False" is yes or no to YAML; write Norway in quotes: "NO"',
        f'rates.1.class: "rich" is no class of investor; write {classes}',
        'rates.1.rent: "15" is no per cent; write a per cent with its sign, such as 15% or 26.37%',
        (
            'rates.2.coupon: "1%" is no setting; remove it; the settings there are country, class, '
            "dividend, interest, rent, return-of-capital and principal"
        ),
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"rent": "1%"}], 'rates.0: "" names neither country nor class; write it under default'),
        (
            [{"country": "DE"}],
            'rates.0: "" has no rate; write dividend, interest, rent, return-of-capital, principal',
        ),
        (
            [{"country": "DE", "rent": "1%"}, {"country": "276", "dividend": "1%"}],
            'rates.1: "" is for the same investors as rates.0; write one row for them',
        ),
    ],
)
def test_rows_that_say_nothing_or_the_same_are_refused(rows, said):
    assert refusal(rates=rows) == said


def test_the_settings_are_written_as_they_are_read():
    content = read_yaml(COMPLIANT / "withholding.yaml", "rates", "")
    settings = PolicySettings.of(content)
    assert PolicySettings.of(settings.model_dump(mode="json", by_alias=True)) == settings


# ------------------------------------------------------------------------- the file of certificates


def test_certificates_are_read(tmp_path):
    (tmp_path / "deed.pdf").write_bytes(b"certified")
    table = tmp_path / "certificates.csv"
    table.write_text(
        f"{HEADER}\n{ANN.lower()},all,0%,2027-01-01,2027-12-31,deed.pdf\n"
        f"{BEN},dividend+return-of-capital,12.5%,2027-01-01T09:00:00+01:00,forever,{DEED}\n"
    )
    first, second = read_certificates(table)
    start, end = parse_time("", "2027-01-01T00:00:00Z"), parse_time("", "2027-12-31T23:59:59Z")
    digest = sha256(b"certified").digest()
    assert (first.line, first.address) == (2, ANN)
    assert first.certificate == Certificate(0, frozenset(Kind), start, end, digest)
    kinds = frozenset({Kind.DIVIDEND, Kind.RETURN_OF_CAPITAL})
    start += 8 * 3_600
    assert second.certificate == Certificate(1_250, kinds, start, FOREVER, b"\xab" * 32)


def test_a_certificate_may_be_for_one_second():
    second = "2027-03-31T12:00:00Z"
    (entry,) = parse_certificates(f"{HEADER}\n{ANN},all,0%,{second},{second},{DEED}\n", "one.csv")
    assert entry.certificate.valid_from == entry.certificate.valid_until


def test_every_fault_of_the_certificates_is_listed_with_its_line():
    good = f"{ANN},all,0%,2027-01-01,2027-12-31,{DEED}"
    content = "\n".join(
        (
            HEADER,
            good,
            "0x12,coupons,15,soon,never,nowhere.pdf",
            f"{BEN},all,0%,2027-01-02,2027-01-01,{DEED}",
            f"{BEN},all,0%,2027-01-01,2027-12-31,0x{'0' * 64}",
            good,
        )
    )
    with pytest.raises(InputError) as refused:
        parse_certificates(content, "certificates.csv")
    time = "write 2027-03-31T23:59:59Z, or a day such as 2027-03-31"
    kinds = "dividend+interest+rent+return-of-capital+principal"
    deed = "give a file beside this one, or a hash of 32 bytes as 0x…"
    rate = "write a per cent with its sign, such as 15% or 26.37%"
    assert str(refused.value).splitlines() == [
        "9 problems in certificates.csv:",
        '  line 3, address: "0x12" is not an address; write 0x and 40 hexadecimal digits',
        f'  line 3, kinds: "coupons" is no kind of income; write all, or some of {kinds}',
        f'  line 3, rate: "15" is no per cent; {rate}',
        f'  line 3, valid_from: "soon" is no time; {time}',
        f'  line 3, valid_until: "never" is no time; {time}',
        f'  line 3, document: "nowhere.pdf" cannot be read; {deed}',
        '  line 4, valid_from: "2027-01-02" is after 2027-01-01, when it ends; begin earlier',
        f'  line 5, document: "0x{"0" * 64}" is the hash of nothing; give the document\'s',
        f'  line 6, address: "{ANN}" has this certificate on line 2 already; remove one of them',
    ]


def test_the_example_of_certificates_is_read():
    assert len(read_certificates(COMPLIANT / "certificates.csv")) == 3


def test_certificates_are_mapped_and_what_else_is_known_is_not_read() -> None:
    row = f"{ANN},all,0%,2027-01-01,2027-12-31,{DEED}"
    content = f"{HEADER.replace('address', 'Wallet')},name\n{row},Ann\n"
    [entry] = parse_certificates(content, columns={"address": "wallet"})
    assert entry.address == ANN


def test_a_cap_table_in_place_of_certificates_is_called_one() -> None:
    with pytest.raises(InputError) as refused:
        parse_certificates("address,shares,name\n", "holders.csv")
    assert "is the header of a cap table, which has no certificates; give" in str(refused.value)
