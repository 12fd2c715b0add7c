"""The year of income, from the claims on a chain to the statements of two years."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.times import parse_time
from tests.amounts import cell
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands

A, B, C = (f"0x{digit * 40}" for digit in "123")
ASSET = str(PROJECT_ROOT / "examples" / "building" / "asset.yaml")
UNTIL = "2099-12-31"


@pytest.fixture(scope="module")
def claimed(tmp_path_factory) -> Iterator[Commands]:
    """USD 3,000 for 3,000 shares, payable before the year ends, claimed before, at and after it."""
    folder = tmp_path_factory.mktemp("years")
    table = folder / "holders.csv"
    table.write_text(f"address,shares\n{A},1000\n{B},1000\n{C},1000\n", encoding="utf-8")
    with Anvil() as anvil:
        opened = Commands(anvil, folder / "HARB12")
        opened.says("deploy", "--asset", ASSET, "--dollar")
        opened.says("issue", str(table))
        opened.travel(parse_time("", "2027-12-19"))
        record = opened.facts("record", "--at", "2027-12-20 America/New_York")
        assert record["closes_at"] == parse_time("", "2027-12-21T04:59:59Z")
        opened.travel(record["closes_at"] + 1)
        opened.says(
            "distribute", "--record", "1", "--currency", "USD", "--per-share", "1", "--kind",
            "dividend", "--payable-from", "2027-12-28T09:00:00 America/New_York",
        )  # fmt: skip
        for holder, time in (
            (A, "2027-12-30T12:00:00Z"), (B, "2028-01-01T03:00:00Z"), (C, "2028-02-10T00:00:00Z"),
        ):  # fmt: skip
            opened.travel(parse_time("", time) - 1)
            opened.says("claim", "--holder", holder, "--id", "1")
        yield opened


@pytest.fixture
def investors(tmp_path) -> str:
    rows = "".join(
        f"{wallet},{number},{country},retail,{UNTIL}\n"
        for number, (wallet, country) in enumerate(((A, "US"), (B, "US"), (C, "DE")), start=1)
    )
    path = tmp_path / "investors.csv"
    path.write_text(f"address,person,country,class,eligible_until\n{rows}", encoding="utf-8")
    return str(path)


def counted(commands, *options) -> dict[int, str]:
    years = commands.facts("books", *options)["years"]
    return {row["year"]: cell(row["gross"]) for row in years}


def test_by_itself_income_counts_when_it_is_paid(claimed):
    assert counted(claimed) == {2027: "1000.000000", 2028: "2000.000000"}


@pytest.mark.parametrize(
    "options",
    [
        ("--year-rule", "US"),
        ("--year-rule", "payable"),
        ("--year-rule", "payable", "--zone", "UTC"),
    ],
)
def test_what_was_at_the_holders_demand_counts_in_that_year(claimed, options):
    assert counted(claimed, *options) == {2027: "3000.000000"}


@pytest.mark.parametrize("date", ["paid", "claimed", "received"])
def test_a_claim_at_the_turn_of_the_year_counts_by_the_zone(claimed, date):
    options = ("--year-rule", date, "--zone", "America/New_York")
    assert counted(claimed, *options) == {2027: "2000.000000", 2028: "1000.000000"}


def test_each_holders_country_decides(claimed, investors):
    """The German's income counts when it was paid, by itself or by a file of rates."""
    assert counted(claimed, "--investors", investors) == {
        2027: "2000.000000", 2028: "1000.000000",
    }  # fmt: skip


def test_countries_of_recipients_count_where_no_register_has_them(claimed, tmp_path):
    """And whoever is a person of the United States is, wherever it lives."""
    with kept(claimed.anvil.url, claimed.folder):
        (claimed.folder / "recipients.csv").write_text(
            f"address,country,us_person\n{A},FR,yes\n{B},US,\n{C},DE,no\n", encoding="utf-8"
        )
        assert counted(claimed) == {2027: "2000.000000", 2028: "1000.000000"}


def test_a_file_of_rates_says_otherwise(claimed, investors, tmp_path):
    example = PROJECT_ROOT / "examples" / "compliant" / "withholding.yaml"
    rates = tmp_path / "rates.yaml"
    text = example.read_text(encoding="utf-8")
    rates.write_text(f"{text}  DE: {{ date: payable, zone: Europe/Berlin }}\n", encoding="utf-8")
    options = ("--investors", investors, "--tax-settings", str(rates))
    assert counted(claimed, *options) == {2027: "3000.000000"}
    # The example's default is by the date of payment, in Amsterdam.
    assert counted(claimed, "--tax-settings", str(rates)) == counted(claimed)


def test_the_rules_of_the_file_that_was_put_in_force_hold_from_then_on(
    claimed, investors, tmp_path
):
    example = PROJECT_ROOT / "examples" / "compliant" / "withholding.yaml"
    text = example.read_text(encoding="utf-8")
    rates = tmp_path / "rates.yaml"
    with kept(claimed.anvil.url, claimed.folder):
        rates.write_text(f"{text}  DE: {{ date: payable, zone: Europe/Berlin }}\n")
        claimed.says("tax", "deploy", str(rates))
        assert counted(claimed, "--investors", investors) == {2027: "3000.000000"}
        # The same rates with another rule of years: nothing is sent, and the rule holds.
        sent = claimed.sent
        rates.write_text(f"{text}  DE: {{ date: paid, zone: Europe/Berlin }}\n")
        claimed.says("tax", "deploy", str(rates), "--dry-run")
        assert counted(claimed, "--investors", investors) == {2027: "3000.000000"}
        claimed.says("tax", "deploy", str(rates))
        assert counted(claimed, "--investors", investors)[2028] == "1000.000000"
        assert claimed.sent == sent
        claimed.says("tax", "rates", str(example))
        lines = (claimed.folder / "journal.jsonl").read_text().count("year-rules")
        claimed.says("tax", "rates", str(example))
        assert (claimed.folder / "journal.jsonl").read_text().count("year-rules") == lines == 3
        assert counted(claimed, "--investors", investors) == {
            2027: "2000.000000", 2028: "1000.000000",
        }  # fmt: skip
    assert counted(claimed, "--investors", investors)[2028] == "1000.000000"


def test_statements_say_by_which_rule_they_were_made(claimed, investors, tmp_path):
    options = ("--investors", investors, "--out", str(tmp_path / "out"))
    said = claimed.gist("statements", "--year", "2027", *options)
    assert "Income counts in the year (America/New_York) at whose end it was" in said
    facts = claimed.facts("statements", "--year", "2027", *options)
    assert [rule.rpartition(", by ")[2] for rule in facts["year_rules"]] == ["26 CFR 1.301-1(b)."]
    later = claimed.facts("statements", "--year", "2028", "--investors", investors,
                          "--out", str(tmp_path / "later"))  # fmt: skip
    assert later["year_rules"] == ["Income counts in the year (UTC) in which it was paid."]
    found = [json.loads(path.read_text(encoding="utf-8"))
             for path in (tmp_path / "out").rglob("0x*.json")]  # fmt: skip
    assert {one["holder"] for one in found} == {A, B}
    assert all("26 CFR 1.301-1(b)" in one["year_rule"] for one in found)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--zone", "Mars"), 'zone: "Mars" is no IANA time zone'),
        (("--year-rule", "accrued"), 'year-rule: "accrued" is no date that decides the year'),
        (("--year-rule", "XX"), 'year-rule: "XX" is no country of ISO 3166-1'),
        (("--tax-settings", "nowhere.yaml"), 'rates: "nowhere.yaml" cannot be read'),
    ],
)
def test_what_nobody_knows_is_refused(claimed, options, sentence):
    assert sentence in claimed.refuses("books", *options)
    assert sentence in claimed.refuses("statements", "--year", "2027", *options)
