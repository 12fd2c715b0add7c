"""`prorata report`: each report is one file, and says what the chain says."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import pytest
from openpyxl import load_workbook

from prorata.register.captable import read_csv
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.times import moment
from tests.evaluated import Evaluated
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands
from tests.prorata.cli.test_commands import ASSET, HOLDERS
from tests.prorata.cli.test_powers import BASIS

TABLE = read_csv(PROJECT_ROOT / HOLDERS)
TREASURY, FROZEN = TABLE.holdings[0].address, TABLE.holdings[3].address
EARNING = TABLE.total - TABLE.balances[TREASURY]
DAY = 86_400
RENT = ("--currency", "USD", "--kind", "rent", "--amount")


@pytest.fixture(scope="module")
def building(tmp_path_factory) -> Iterator[Commands]:
    """The building that has paid rent at record 1 to all but a frozen wallet and the treasury."""
    with Anvil() as node:
        opened = Commands(node, tmp_path_factory.mktemp("deployments") / "HARB12")
        opened.says("deploy", "--asset", ASSET, "--dollar")
        opened.says("issue", HOLDERS)
        opened.close_record()
        opened.facts("freeze", "--wallet", FROZEN, *BASIS)
        terms = ("--record", "1", "--exclude", TREASURY, "--push")
        opened.facts("distribute", *RENT, "10001.37", *terms)
        opened.facts("documents", "set", "valuation <2027>", "--uri", "https://example.org/v.pdf")
        yield opened


@pytest.fixture
def commands(building) -> Iterator[Commands]:
    """The same for every test."""
    with kept(building.anvil.url, building.folder):
        yield building


def test_the_overview_is_one_page_of_one_block(commands, tmp_path, monkeypatch):
    """Whose figures are those of the chain, and which is where it was asked for."""
    monkeypatch.chdir(tmp_path)
    facts = commands.facts("report", "overview")
    path = tmp_path / "out" / "reports" / "HARB12-overview.html"
    assert facts["file"] == str(path.relative_to(tmp_path))
    text = path.read_text(encoding="utf-8")
    assert f"block {facts['block']:,} of chain 31337" in text
    assert "<dd>10,000</dd>" in text
    assert "10,001.37 USD" in text
    assert "valuation &lt;2027&gt;" in text
    assert len(text.encode()) < 60 * 1024
    held = [shares for wallet, shares in TABLE.balances.items() if wallet != TREASURY]
    index = sum(Fraction(shares, EARNING) ** 2 for shares in held) * 10_000
    assert f'>HHI</td><td class="number">{round(index * 100) / 100:,.2f}</td>' in text
    for holding in TABLE:
        assert holding.name not in text
    before = path.read_bytes()
    assert "Written as of block" in commands.says("report", "overview")
    assert path.read_bytes() == before


def test_a_distribution_adds_up_in_the_spreadsheet_too(commands, tmp_path):
    """Each formula comes to what stands beside it, and differences to 0."""
    out = tmp_path / "d.xlsx"
    commands.facts("report", "distribution", "--id", "1", "--out", str(out))
    book = Evaluated(out)
    places = list(book.formulas())
    assert len(places) == 1 + 4 + 1 + 4 + 1
    for place in places:
        assert book.value(*place) == book.kept(*place), place
    rows = {row[0]: row[1] for row in book.cached["summary"].values if row[0]}
    assert (rows["received"], rows["difference"]) == (10001.37, 0)
    assert rows["paid by the lines, less by the events"] == 0
    holders = list(book.cached["holders"].values)
    assert len(holders) == 1 + len(TABLE) + 1
    owed = 10_001_370_000 * TABLE.balances[FROZEN] // EARNING
    first, exception = list(book.cached["exceptions"].values)[1:-1]
    assert (first[0], first[2], first[3]) == (TREASURY, 0, "excluded")
    assert (exception[0], exception[3]) == (FROZEN, "held")
    assert Decimal(repr(exception[2])) == Decimal(owed).scaleb(-6)


def test_a_reconciliation_holds_a_file_of_payments_against_the_chain(commands, tmp_path):
    """Every difference has an age and somebody to ask."""
    day = moment(commands.chain.now() - 40 * DAY)[:10]
    payments = tmp_path / "payments.csv"
    payments.write_text(
        "date,currency,amount,distribution,reference,owner\n"
        f"{day},USD,10000.00,1,rent March,J. Doe\n"
        f"{day},USD,5.00,,=cmd|' /C calc'!A0,\n"
        f"{day},USD,7.00,9,no such,K. Lee\n"
    )
    out = tmp_path / "r.xlsx"
    words = ("report", "reconciliation", "--payments", str(payments), "--out", str(out))
    assert commands.facts(*words)["payment_differences"] == 3
    book = Evaluated(out)
    for place in book.formulas():
        assert book.value(*place) == book.kept(*place), place
    lines = {row[0]: row for row in list(book.cached["payments"].values)[1:]}
    assert lines["amounts differ"][1:8] == (1, "USD", 10_000, 10001.37, -1.37, 40, "J. Doe")
    assert lines["names no distribution"][3:8] == (5, 0, 5, 40, "not named")
    sheet = load_workbook(out)["payments"]
    [named] = [c for row in sheet.iter_rows() for c in row if "cmd" in str(c.value)]
    assert (named.data_type, named.number_format) == ("s", "@")
    assert lines["names one that there is not"][1] == 9
    assert [row[0] for row in book.cached["differences"].values] == ["where"]
    control = list(book.cached["control book"].values)
    assert control[1][6] == 10001.37
    assert control[1][-1] == control[2][-1] == 0


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("2027-3-1,USD,1.00,1", 'date: "2027-3-1" is no day; write one such as 2027-03-31'),
        (
            "2027-03-01,DEM,1.00,1",
            'currency: "DEM" is no currency in which a distribution was declared; write one of USD',
        ),
        ("2027-03-01,USD,-1,1", 'amount: "-1" is negative'),
        ("2027-03-01,USD,1.00,x", 'distribution: "x" is no number of a distribution'),
    ],
)
def test_a_faulty_file_of_payments_is_refused_whole(commands, tmp_path, line, rule):
    payments, out = tmp_path / "payments.csv", tmp_path / "r.xlsx"
    payments.write_text(f"date,currency,amount,distribution\n{line}\n")
    done = commands.run("report", "reconciliation", "--payments", str(payments), "--out", str(out))
    assert done.code == 1
    assert rule in " ".join(done.err.split())
    assert not out.exists()


def test_the_register_is_the_same_in_each_kind_of_file(commands, tmp_path):
    """And says what has become of a wallet since."""
    names = ("--names", str(PROJECT_ROOT / HOLDERS))
    for kind in ("csv", "xlsx", "html"):
        out = tmp_path / f"register.{kind}"
        facts = commands.facts("report", "register", "--record", "1", "--out", str(out), *names)
        assert facts == {"file": str(out), "record": 1, "holders": 148}
    with (tmp_path / "register.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert {line["holder"]: int(line["shares"]) for line in lines} == TABLE.balances
    [frozen] = [line for line in lines if line["state"]]
    assert (frozen["holder"], frozen["state"]) == (FROZEN, "frozen")
    book = Evaluated(tmp_path / "register.xlsx")
    [total] = list(book.formulas())
    assert book.value(*total) == book.kept(*total) == 10_000
    rows = list(book.cached["register"].values)[1:-1]
    assert [(row[1], row[2], row[5]) for row in rows] == [
        (line["holder"], line["name"], int(line["shares"])) for line in lines
    ]
    page = (tmp_path / "register.html").read_text(encoding="utf-8")
    assert all(line["holder"] in page for line in lines)
    assert "Record 1, 20" in page


def test_ageing_is_what_unclaimed_says_in_each_kind_of_file(commands, tmp_path):
    commands.travel(commands.chain.now() + 95 * DAY)
    told = commands.facts("unclaimed")
    for kind in ("csv", "json", "xlsx", "html"):
        out = tmp_path / f"aged.{kind}"
        facts = commands.facts("report", "ageing", "--out", str(out))
        assert facts["distributions"] == told["distributions"]
    [line] = told["lines"]
    book = Evaluated(tmp_path / "aged.xlsx")
    for place in book.formulas():
        assert book.value(*place) == book.kept(*place), place
    ages = {row[0]: row[1] for row in list(book.cached["by age 1 USD"].values)[1:]}
    assert Decimal(repr(ages["91-365 days"])) == Decimal(line["gross"]["units"]).scaleb(-6)
    assert sum(ages.values()) == ages["91-365 days"]
    assert json.loads((tmp_path / "aged.json").read_text())["lines"][0]["holder"] == FROZEN
    page = (tmp_path / "aged.html").read_text(encoding="utf-8")
    assert FROZEN in page
    assert "91-365 days" in page
    overview = tmp_path / "o.html"
    commands.facts("report", "overview", "--out", str(overview))
    assert line["gross"]["text"] in overview.read_text(encoding="utf-8")


def test_what_cannot_be_reported_is_refused_and_nothing_written(commands, tmp_path):
    out = ("--out", str(tmp_path / "x.pdf"))
    for words, kinds in (
        (("overview",), ".html"),
        (("distribution", "--id", "1"), ".xlsx"),
        (("reconciliation",), ".xlsx"),
        (("register", "--record", "1"), ".csv or .html or .xlsx"),
        (("ageing",), ".csv or .html or .json or .xlsx"),
    ):
        refused = commands.refuses("report", *words, *out)
        assert refused == (
            f'out: "{out[1]}" is no file that this report can be; end its name in {kinds}'
        )
    asked = ("--out", str(tmp_path / "x.xlsx"))
    assert commands.refuses("report", "distribution", "--id", "7", *asked) == (
        'id: "7" is no distribution of this asset; give one of these: 1'
    )
    assert commands.refuses("report", "register", "--record", "4", *asked).startswith(
        'record: "4" was never scheduled'
    )
    assert commands.refuses("report", "reconciliation", "--sheet", "a", *asked) == (
        'sheet: "a" is of a file of payments; give --payments, too'
    )
    assert list(tmp_path.iterdir()) == []
