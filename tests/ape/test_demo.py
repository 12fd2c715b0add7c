"""The demo as a newcomer runs it: `ape run demo`, its files, and the sums inside them."""

from __future__ import annotations

import csv
import json
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from prorata.register.captable import read_csv
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.amounts import parse_units
from tests.amounts import cell

DECIMALS = {"USD": 6, "ETH": 18}


def run(out: Path) -> str:
    ran = subprocess.run(
        ["ape", "run", "demo", "--out", str(out)],
        cwd=PROJECT_ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The output and the folder of one run."""
    out = tmp_path_factory.mktemp("demo") / "out"
    return run(out), out


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def units(row: dict[str, str], key: str) -> int:
    return parse_units(row[key], DECIMALS[row["currency"]])


@pytest.fixture(scope="module")
def statements(demo) -> dict[str, list[dict[str, str]]]:
    _, out = demo
    return {path.stem: rows(path) for path in sorted((out / "statements").glob("*.csv"))}


def test_it_says_that_the_books_balance(demo):
    output, _ = demo
    assert output.rstrip().splitlines()[-1].startswith("The books balance, to the last unit.")


def test_a_pipe_gets_plain_lines(demo):
    output, _ = demo
    assert "\x1b" not in output
    assert "\r" not in output
    assert max(map(len, output.splitlines())) <= 100


def test_all_files_are_there(demo):
    _, out = demo
    assert sorted(path.name for path in out.iterdir()) == [
        "books.json", "building.png", "call-orders.csv", "calls.csv", "captable-record-1.csv",
        "captable-record-2.csv", "captable-record-3.csv", "corrections.csv", "distributions.csv",
        "distributions.json", "exchanges.csv", "movements.csv", "statements", "statements-2026",
    ]  # fmt: skip
    picture = (out / "building.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 20_000
    for path in (out / "statements").glob("*.csv"):
        assert path.with_suffix(".json").is_file()


def test_the_statements_of_the_year_add_up_to_what_was_paid_and_withheld(demo):
    _, out = demo
    paid: dict[str, int] = defaultdict(int)
    for row in rows(out / "distributions.csv"):
        paid[row["currency"]] += units(row, "paid") + units(row, "withheld")
    stated: dict[str, int] = defaultdict(int)
    for row in rows(out / "statements-2026" / "version-1" / "summary.csv"):
        stated[row["currency"]] += units(row, "gross_cash_amount")
    assert stated == paid


@pytest.mark.parametrize("record", [1, 2, 3])
def test_each_cap_table_has_every_share(demo, record):
    _, out = demo
    table = rows(out / f"captable-record-{record}.csv")
    assert sum(int(row["shares"]) for row in table) == 10_000
    assert len(table) > 120
    assert len({row["address"] for row in table}) == len(table)
    assert all(row["name"] for row in table)
    shares = [int(row["shares"]) for row in table]
    assert shares == sorted(shares, reverse=True)


def test_statements_and_cap_tables_agree_on_the_shares(demo, statements):
    _, out = demo
    for record in ("1", "2", "3"):
        held = {
            row["address"]: row["shares"] for row in rows(out / f"captable-record-{record}.csv")
        }
        stated = {
            holder: row["shares"]
            for holder, lines in statements.items()
            for row in lines
            if row["record"] == record
        }
        assert stated == held


def test_statements_add_up_to_the_register_of_distributions(demo, statements):
    """Received and carried in = paid + withheld + owed + carried out, from two kinds of files."""
    _, out = demo
    paid, tax, unpaid, gross = (defaultdict(int) for _ in range(4))
    for lines in statements.values():
        for row in lines:
            number = row["distribution"]
            assert units(row, "gross") == units(row, "tax") + units(row, "net")
            gross[number] += units(row, "gross")
            if row["status"] == "paid":
                paid[number] += units(row, "net")
                tax[number] += units(row, "tax")
            else:
                unpaid[number] += units(row, "gross")
    for row in rows(out / "distributions.csv"):
        number = row["distribution"]
        amount = units(row, "received") + units(row, "carried_in")
        remainder = amount - gross[number]
        assert paid[number] == units(row, "paid")
        assert tax[number] == units(row, "withheld")
        assert unpaid[number] + remainder == units(row, "owed") + units(row, "carried_out")
        assert 0 <= remainder < int(row["holders"])


def test_the_story_has_all_its_parts(demo):
    _, out = demo
    first, ether, second, third = rows(out / "distributions.csv")
    assert first["received"] == "187654.321987"
    assert (ether["currency"], ether["kind"]) == ("ETH", "dividend")
    assert second["state"] == "complete"
    assert second["carried_out"] == third["carried_in"] != "0.000000"
    assert third["withheld"] == third["remitted"] != "0.000000"
    for row in (first, ether, third):
        assert 0 < int(row["holders_paid"]) < int(row["holders"])


def test_every_sale_has_its_price_and_the_books_say_what_is_held(demo):
    """Holders trade by signed orders: no share moves otherwise but at issue and from a hold."""
    _, out = demo
    moved = rows(out / "movements.csv")
    kinds = [row["kind"] for row in moved]
    assert (kinds.count("trade"), kinds.count("delivery")) == (199, 1)
    trades = [row for row in moved if row["kind"] == "trade"]
    assert all(row["price"] and row["reference"].startswith("order ") for row in trades)
    books = json.loads((out / "books.json").read_text(encoding="utf-8"))
    told = books["tokens"][0]["trading"]
    assert told["movements"]["transfer"]["number"] == 0
    assert told["movements"]["trade"]["shares"]["units"] == str(
        sum(int(row["shares"]) for row in trades)
    )
    assert cell(told["held"]["difference"]) == "0"


def test_the_gains_of_the_year_are_what_sales_brought_over_their_costs(demo):
    _, out = demo
    lines = [
        row
        for path in (out / "statements-2026" / "version-1" / "trades").glob("*.csv")
        for row in rows(path)
    ]
    sales = [row for row in lines if row["kind"] == "sale"]
    assert len(sales) == len([row for row in lines if row["kind"] == "purchase"]) == 199
    for row in sales:
        # Of the treasury's own shares, too, the cost is what they were issued at.
        assert row["note"] == ""
        gain = parse_units(row["proceeds"], 6) - parse_units(row["cost"], 6)
        assert int(row["gain"].replace(".", "")) == gain


def test_books_json_says_the_same(demo):
    _, out = demo
    books = json.loads((out / "books.json").read_text(encoding="utf-8"))
    assert books["balanced"] is True
    assert books["differences"] == books["unanswered"] == []
    missing = {found["currency"]: cell(found["missing"]) for found in books["positions"]}
    assert missing == {
        "USD": "0.000000",
        "ETH": "0.000000000000000000",
    }
    for currency in books["currencies"]:
        assert currency["held"] == currency["needed"]
    [token] = books["tokens"]
    names = {holder["address"]: holder["name"] for holder in token["holders"]}
    issued = read_csv(PROJECT_ROOT / "examples" / "building" / "holders.csv")
    assert all(names[holding.address] == holding.name for holding in issued)


def test_running_it_again_gives_the_same_files(demo):
    output, out = demo
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    (out / "mine.txt").write_text("not the demo's")
    again = run(out)
    assert (out / "mine.txt").read_text() == "not the demo's"
    # Names, not contents: pytest would compare megabytes for hours to show a difference.
    assert [path for path, held in before.items() if path.read_bytes() != held] == []
    # All but the seconds it took.
    assert again.splitlines()[:-1] == output.splitlines()[:-1]
