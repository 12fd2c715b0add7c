"""sheets.py, index_files.py and portfolio_files.py: what people write is read whole or refused."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import pytest
from openpyxl import Workbook

from prorata.analysis.index_files import read_index
from prorata.analysis.indices import Delisting, Weighting
from prorata.analysis.marks import Basis, MarkKind
from prorata.analysis.portfolio_files import read_portfolio
from prorata.analysis.sheets import (
    read_flows,
    read_holdings,
    read_income,
    read_marks,
    read_paid,
    read_prices,
    read_rates,
)
from prorata.errors import InputError
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.kinds import Kind
from tests.prorata.analysis.made import DAY, second

EXAMPLES = PROJECT_ROOT / "examples" / "analytics"
JUNE = second("2027-07-01") - 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(EXAMPLES, tmp_path / "analytics")
    return tmp_path / "analytics"


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# ------------------------------------------------------------------------------------------- tables


def test_marks_are_read_to_the_unit(tmp_path):
    digest = "ab" * 32
    path = written(
        tmp_path,
        "asset,time,kind,value,currency,basis,source,document",
        f"Maple,2027-06-30,appraisal,101.250,USD,cum,the appraiser,{digest}",
        "Maple,2027-06-30T12:00:00Z,NAV,99,USD,ex,the administrator,",
    )
    first, second_one = read_marks(path)
    assert (first.time, first.kind, first.basis) == (JUNE, MarkKind.APPRAISAL, Basis.CUM)
    assert (first.amount, first.decimals, first.document) == (101_250, 3, digest)
    assert (second_one.value, second_one.document, second_one.id) == (99, None, "line 3")


def test_the_other_tables_are_read(tmp_path):
    [price] = read_prices(written(tmp_path, "time,asset,price", "2027-06-30,Maple,10.5"))
    assert (price.time, price.member, price.price) == (JUNE, "Maple", Fraction(21, 2))
    [rate] = read_rates(written(tmp_path, "time,currency,value,source", "2027-06-30,EUR,1.1,bank"))
    assert (rate.currency, rate.value, rate.source) == ("EUR", Fraction(11, 10), "bank")
    [paid] = read_paid(written(tmp_path, "ex,asset,amount", "2027-06-30,Maple,0.5"))
    assert (paid.ex, paid.member, paid.amount) == (JUNE, "Maple", Fraction(1, 2))
    [flow] = read_flows(written(tmp_path, "time,amount", "2027-06-30,-12.5"))
    assert flow.amount == Fraction(-25, 2)
    [held] = read_holdings(written(tmp_path, "asset,quantity,mark", "Maple,7.5,price"))
    assert (held.quantity, held.kind) == (Fraction(15, 2), MarkKind.PRICE)
    header = "asset,record,declared,amount,currency,kind,net"
    row = "Maple,2027-06-30,2027-06-20,1.25,USD,return of capital,1"
    [income] = read_income(written(tmp_path, header, row))["Maple"]
    assert (income.kind, income.gross, income.net) == (Kind.RETURN_OF_CAPITAL, Fraction(5, 4), 1)
    assert JUNE - income.declared == 10 * DAY


@pytest.mark.parametrize("price", ["10.5", 10.5])
def test_a_workbook_is_read_like_a_csv_file(tmp_path, price):
    """A price that is a number of the spreadsheet's own, with a point, is no exact one."""
    book = Workbook()
    for row in (("time", "asset", "price"), ("2027-06-30", "Maple", price)):
        book.active.append(row)
    book.save(tmp_path / "prices.xlsx")
    if isinstance(price, str):
        assert read_prices(tmp_path / "prices.xlsx")[0].price == Fraction(21, 2)
    else:
        with pytest.raises(InputError, match="give the cell the format Text, and write every"):
            read_prices(tmp_path / "prices.xlsx")


MARKS = "asset,time,kind,value,currency,basis,source"


@pytest.mark.parametrize(
    ("read", "lines", "sentence"),
    [
        (
            read_marks,
            (MARKS, "Maple,2027-06-30,nav,10,USD,ex,me"),
            'line 2, kind: "nav" is no word for it; write one of NAV, price, appraisal',
        ),
        (
            read_marks,
            (MARKS, "Maple,2027-06-30,NAV,-10,USD,ex,me"),
            'line 2, value: "-10" is negative; write 0 or more',
        ),
        (
            read_marks,
            (MARKS, "Maple,June,NAV,10,USD,ex,"),
            "2 problems in",
        ),
        (
            read_marks,
            (MARKS, f"{'M' * 201},2027-06-30,NAV,10,USD,ex,me"),
            "is too long; write one line of 1 to 200 characters",
        ),
        (
            read_rates,
            ("time,currency,value,source", "2027-06-30,EUR,1.1,b\u200bank"),
            "has the hidden character U+200B ZERO WIDTH SPACE at position 2; remove it",
        ),
        (
            read_paid,
            ("ex,asset,amount", "2027-06-31,Maple,1"),
            'line 2, ex: "2027-06-31" is no time; write 2027-03-31T23:59:59Z, or a day such as',
        ),
        (
            read_marks,
            (MARKS, *["Maple,2027-06-30,NAV,10,USD,ex,me"] * 2),
            'line 3, asset: "Maple 2027-06-30 NAV ex" stands on line 2 already; give each mark one',
        ),
        (
            read_prices,
            ("time,asset,price", "2027-06-30,Maple,0"),
            'line 2, price: "0" is 0; write more than 0',
        ),
        (
            read_prices,
            ("time,asset,price", "2027-06-30,Maple,1.000,5"),
            "has 4 cells where the header has 3",
        ),
        (
            read_prices,
            ("time,asset,price", "2027-06-30,Maple,1e3"),
            "is in exponent notation; format the cell as a plain number and write every digit",
        ),
        (
            read_prices,
            ("time,asset,price", "2027-06-30,Maple,"),
            'line 2, price: "" is blank; write digits, such as 12.5',
        ),
        (
            read_income,
            ("asset,record,declared,amount,currency,kind", "M,2027-06-30,2027-06-20,1,USD,gift"),
            '"gift" is no kind of income; write one of dividend, interest, rent, return of',
        ),
        (read_flows, ("time,amount",), "has no rows; add a line for each flow"),
        (read_holdings, ("asset,quantity,mark", "M,1,NAV", "M,2,price"), "give each asset one"),
    ],
)  # fmt: skip
def test_a_table_that_is_refused(tmp_path, read, lines, sentence):
    with pytest.raises(InputError) as refused:
        read(written(tmp_path, *lines))
    assert sentence in str(refused.value)


# -------------------------------------------------------------------------------------------- index


def test_the_example_of_an_index():
    found = read_index(EXAMPLES / "index.yaml")
    assert found.settings.weighting is Weighting.CAP
    assert found.index.method.delisting is Delisting.LAST_PRICE
    points = found.index.levels()
    assert (points[0].price.text, points[-1].price.text) == ("1,000.00", "1,078.05")
    assert points[-1].total.text == "1,115.23"
    assert [one.what for one in found.index.log] == [
        "rebalanced; in: PIER",
        "QUAY delisted at last price",
    ]
    assert set(found.digests) == {"method", "prices", "income"}


def test_an_equal_weighting_lists_names(folder):
    path = folder / "index.yaml"
    text = path.read_text(encoding="utf-8").split("rebalances:")[0]
    text = text.replace("weighting: cap", "weighting: equal")
    path.write_text(
        text.replace("{ MAPLE: 10000, OAK: 25000, QUAY: 40000 }", "[MAPLE, OAK]"), encoding="utf-8"
    )
    index = read_index(path).index
    assert index.members == {"MAPLE": 1, "OAK": 1}
    assert index.levels()[0].price.text == "1,000.00"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("weighting: cap", "weighting: equal", '"MAPLE" has a quantity in an equal weighting'),
        ("MAPLE: 10000, OAK: 25000", "MAPLE: 0, OAK: 25000", '"MAPLE" has no quantity over 0; wri'),
        ("{ MAPLE: 10000, OAK: 25000, QUAY: 40000 }", "[MAPLE]", '"MAPLE" has no quantity over 0'),
        ("{ MAPLE: 10000, OAK: 25000,", "{ MAPEL: 10000, OAK: 25000,", '"MAPEL" is in no line of'),
        (", most_days: 40", "", "has days without carry, or carry without; write most_days with"),
        ("rule: carry", "rule: guess", "is none of the names there are; write one of carry, blank"),
        ("universe: 2027-01-31", "universe: 2027-02-01", "is before the universe of 2027-02-01"),
        ("universe: 2027-06-15", "universe: 2027-07-15", "is before its universe of 2027-07-15"),
        ("level: 1000 ", "level: 0 ", 'level: "0" is no level; write 100 or 1000'),
        ("prices: prices.csv", "prices: none.csv", "cannot be read (no such file or directory)"),
        ("delisting: last price", "", "delisting: "),
        ('version: "1"', "version: [1]", "version: "),
    ],
)  # fmt: skip
def test_an_index_that_is_refused(folder, old, new, sentence):
    path = folder / "index.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_index(path)
    assert sentence in str(refused.value)


def test_a_change_of_prices_changes_their_digest_only(folder):
    before = read_index(folder / "index.yaml").digests
    prices = folder / "prices.csv"
    text = prices.read_text(encoding="utf-8").replace("107.65", "107.66", 1)
    prices.write_text(text, encoding="utf-8")
    after = read_index(folder / "index.yaml").digests
    assert before["prices"] != after["prices"]
    assert (before["method"], before["income"]) == (after["method"], after["income"])


# ---------------------------------------------------------------------------------------- portfolio


def test_the_example_of_a_portfolio():
    found = read_portfolio(EXAMPLES / "portfolio.yaml")
    report = found.portfolio.report()
    assert report.value.text == "256,838.55"
    assert [one.value.text for one in report.positions] == ["55,770.00", "131,844.00", "69,224.55"]
    assert [pair.pearson.n for pair in report.correlations.values()] == [39, 39, 39]
    assert report.money_weighted.text == "9.8619%"
    assert set(found.digests) == {"positions", "marks", "rates", "income", "flows"}


def test_tables_that_are_not_needed_may_be_left_out(folder):
    path = folder / "portfolio.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text("\n".join(text.splitlines()[:-3]) + "\n", encoding="utf-8")
    report = read_portfolio(path).portfolio.report()
    assert report.value.text == "no value of HARBOUR"
    assert report.money_weighted.text == "no file of flows is given"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("interval: month", "interval: fortnight", "write one of day, week, month, quarter, year"),
        ("mark: 40", "mark: 0", "most_days.mark: "),
        ("marks: marks.csv", "", "marks: "),
        ("currency: USD", "currency: US$", '"US$" is no name; use 1 to 64 letters'),
    ],
)
def test_a_portfolio_that_is_refused(folder, old, new, sentence):
    path = folder / "portfolio.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_portfolio(path)
    assert sentence in str(refused.value)
