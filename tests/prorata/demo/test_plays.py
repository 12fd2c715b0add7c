"""The plays of the classes: each is played once here, and its files and sums are checked.

The building's own play has its tests in `tests/ape/test_demo.py`.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from shutil import copytree

import pytest
from click.testing import CliRunner
from rich.console import Console

from prorata.assets.bars import parse_bars, read_bars
from prorata.assets.examples import EXAMPLES
from prorata.assets.templates import TEMPLATES
from prorata.cli.commands.demo import cli
from prorata.demo import asset_play
from prorata.demo.classes import BUILDING, PLAYS
from prorata.demo.story import folder_of, play
from prorata.errors import BooksError, InputError
from prorata.ledger.entries import Place
from prorata.register.captable import read_csv
from prorata.values.amounts import parse_units
from tests.amounts import cell

pytestmark = pytest.mark.slow

EVERY_TOKEN = {
    "books.json", "corrections.csv", "distributions.csv", "distributions.json", "movements.csv",
}  # fmt: skip
FILES: Mapping[str, set[str]] = {
    "note": {
        "HZ28", "factors.html", "lines", "schedule.csv", "statements", "exchanges.csv",
        *(f"captable-record-{number}.csv" for number in range(1, 9)),
    },
    "loans": {
        "HL1E", "HL1M", "loans.csv", "pool-report.csv", "pool.html", "sheets", "statements",
        "waterfall.csv", *(f"captable-record-{number}.csv" for number in range(1, 7)),
    },
    "fund": {
        "call-orders.csv", "calls.csv", "exchanges.csv", "factors.csv", "fund.html", "nav.csv",
        "statements", *(f"captable-record-{number}.csv" for number in range(1, 62)),
    },
    "gold": {"bars.csv", "bars.html", "bars-gone.csv", "factors.csv", "exchanges.csv"},
    "carbon": {"MDR25", "certificates", "credits.html", "exchanges.csv", "retirements.csv"},
    "equity": {
        "TIDER", "TIDN", "actions.html", "call-orders.csv", "calls.csv", "captable-record-1.csv",
        "captable-record-2.csv", "captable-record-3.csv", "captable-record-4.csv",
        "exchanges.csv", "minutes.html", "minutes.json", "statements",
    },
}  # fmt: skip
"""What is in the folder of each class beside the files of every token."""


@dataclass(frozen=True)
class Played:
    """One play: what was told, in one line, and its folder."""

    name: str
    told: str
    out: Path

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.out / name).open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def plays() -> dict[str, Played]:
    """What was played already: pytest sets `played` up again for tests of one class alone."""
    return {}


@pytest.fixture(scope="module")
def played(request, plays, tmp_path_factory) -> Played:
    """A class, played once for all its tests, which only look at it."""
    name = request.param
    if name not in plays:
        plays[name] = told(name, tmp_path_factory.mktemp(name) / "out")
    return plays[name]


def told(name: str, out: Path) -> Played:
    console = Console(file=io.StringIO(), width=100)
    play(console, out, asset_class=name)
    return Played(name, " ".join(console.file.getvalue().split()), out)


every_class = pytest.mark.parametrize("played", FILES, indirect=True, scope="module")
note, loans, fund, gold, carbon, equity = (
    pytest.mark.parametrize("played", [name], indirect=True, scope="module") for name in FILES
)


class Tables(HTMLParser):
    """The rows of all tables of a page, and whether each tag is closed where it belongs."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.open: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "meta":
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


# -------------------------------------------------------------------------------------- the list


def test_every_template_is_played_and_every_play_has_a_template():
    assert list(PLAYS) == list(TEMPLATES)
    assert {BUILDING, *FILES} == set(PLAYS)


def test_help_lists_the_classes():
    said = CliRunner().invoke(cli, ["--help"]).output
    for name, shows in TEMPLATES.items():
        assert f"{name:<10}{shows}" in said


def test_an_unknown_class_is_refused_with_those_that_there_are(tmp_path):
    ran = CliRunner().invoke(cli, ["plutonium", "--out", str(tmp_path / "out")])
    assert ran.exit_code == 1
    assert f"choose one of {', '.join(PLAYS)}" in ran.output
    assert not (tmp_path / "out").exists()


def test_each_class_has_a_folder_of_its_own():
    assert len({folder_of(name) for name in PLAYS}) == len(PLAYS)
    with pytest.raises(InputError, match="is no class of assets that can be played"):
        folder_of("plutonium")


def test_a_holder_who_cannot_sign_is_refused(tmp_path, monkeypatch):
    """A folder that somebody has edited: the play has no key of that wallet."""
    files = tmp_path / "examples" / "gold"
    copytree(EXAMPLES / "gold", files)
    table = (files / "holders.csv").read_text(encoding="utf-8").splitlines()
    stranger = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
    table[1] = ",".join([stranger, *table[1].split(",")[1:]])
    (files / "holders.csv").write_text("\n".join(table) + "\n", encoding="utf-8")
    monkeypatch.setattr(asset_play, "EXAMPLES", tmp_path / "examples")
    with pytest.raises(InputError, match=f'{stranger}" is no rehearsal account of this play'):
        told("gold", tmp_path / "out")


def test_books_that_do_not_balance_end_the_play(tmp_path, monkeypatch):
    """One figure of another value is the end of the story, an error that names it."""

    def audit(*args, **options):
        found = true_audit(*args, **options)
        found.books.differ(Place.total(1), "owed", (1, "the books"), (2, "the chain"))
        return found

    true_audit = asset_play.audit
    monkeypatch.setattr(asset_play, "audit", audit)
    with pytest.raises(BooksError, match="owed is 1 by the books and 2"):
        told("gold", tmp_path / "out")
    assert '"balanced": false' in (tmp_path / "out" / "books.json").read_text(encoding="utf-8")


# ------------------------------------------------------------------------------------ every class


@every_class
def test_the_books_balance_at_difference_0(played):
    assert "The books balance, to the last unit." in played.told
    books = json.loads((played.out / "books.json").read_text(encoding="utf-8"))
    assert books["balanced"] is True
    assert books["differences"] == books["unanswered"] == []
    for position in books["positions"]:
        assert cell(position["missing"]).strip("0.") == ""
    for token in books["tokens"]:
        held = sum(int(holder["shares"]["units"]) for holder in token["holders"])
        assert held == int(token["total_supply"]["units"])


@every_class
def test_all_files_are_there(played):
    assert {path.name for path in played.out.iterdir()} == EVERY_TOKEN | FILES[played.name]


@every_class
def test_pages_are_whole_and_of_this_asset(played):
    pages = sorted(played.out.rglob("*.html"))
    assert pages
    for path in pages:
        text = path.read_text(encoding="utf-8")
        Tables(text)
        assert "{{" not in text
        assert "None" not in text


# ------------------------------------------------------------------------------------------ note


def dollars(text: str) -> int:
    return parse_units(text, 6)


@note
def test_every_line_is_paid_as_the_terms_say_it(played):
    """So much a unit times the units of the record, which the statements add up to."""
    rows = played.rows("schedule.csv")
    assert [(row["note"], row["line"]) for row in rows] == [
        *(("HN32", str(number)) for number in range(1, 9)), ("HZ28", "1"),
    ]  # fmt: skip
    for row in rows:
        unit = sum(dollars(row[name]) for name in ("interest", "principal", "premium"))
        assert dollars(row["declared"]) == dollars(row["received"]) == unit * int(row["units"])
    principal = sum(dollars(row["principal"]) for row in rows if row["note"] == "HN32")
    assert principal == dollars("1,000.00")
    assert rows[7]["factor"] == rows[8]["factor"] == "0.000000"
    # Coupons of 30E/360: a stub of 135 days, half years, and a fifth less each year.
    assert [row["interest"] for row in rows[:4]] == ["16.88", "22.50", "22.50", "18.00"]


@note
def test_distributions_carry_the_hash_of_their_line(played):
    by_hash = {row["document"]: row for row in played.rows("schedule.csv")}
    for path in (played.out / "lines").iterdir():
        digest = f"0x{sha256(path.read_bytes()).hexdigest()}"
        row = by_hash.pop(digest)
        assert path.name == f"{row['note']}-{row['line']}.json"
        names = "HZ28/distributions.csv" if row["note"] == "HZ28" else "distributions.csv"
        documents = {one["distribution"]: one["document"] for one in played.rows(names)}
        assert {documents[number] for number in row["distributions"].split()} == {digest}
    assert by_hash == {}


@note
def test_interest_is_taxed_and_principal_is_not(played):
    registers = [*played.rows("distributions.csv"), *played.rows("HZ28/distributions.csv")]
    for row in registers:
        received, withheld = dollars(row["received"]), dollars(row["withheld"])
        assert withheld == (received * 15 // 100 if row["kind"] == "interest" else 0)
        assert row["withheld"] == row["remitted"]
    assert {row["kind"] for row in registers} == {"interest", "principal"}


@note
def test_all_units_are_redeemed(played):
    books = json.loads((played.out / "books.json").read_text(encoding="utf-8"))
    assert [int(token["total_supply"]["units"]) for token in books["tokens"]] == [0, 0]
    [exchange] = played.rows("exchanges.csv")
    assert (exchange["exchanged"], exchange["paid"]) == ("10000", "0.010000")


# ----------------------------------------------------------------------------------------- loans


@loans
def test_every_cent_of_the_loans_went_to_somebody(played):
    """Collections and what left the reserve are what the waterfall paid, month by month."""
    report, lines = played.rows("pool-report.csv"), played.rows("waterfall.csv")
    for month in report:
        received = sum(
            parse_units(month[name], 2)
            for name in (
                "interest",
                "principal",
                "prepayments",
                "repurchased_principal",
                "fees",
                "recoveries",
            )
        )
        mine = [row for row in lines if row["period"] == month["period"]]
        sheet = json.loads(
            (played.out / "sheets" / f"sheet-{month['period']}.json").read_text(encoding="utf-8")
        )
        collected = int(sheet["collected"]["units"])
        reserve = sheet["reserve"]
        paid = sum(parse_units(row["paid"], 2) for row in mine)
        out = int(reserve["released"]["units"]) + int(reserve["drawn"]["units"])
        assert collected == received
        assert paid == collected + out
        assert reserve["filled"]["units"] == "0"
    assert "difference 0" in played.told


@loans
def test_each_token_was_paid_what_its_sheets_say(played):
    lines = played.rows("waterfall.csv")
    for name, folder in (("senior", "."), ("mezzanine", "HL1M"), ("equity", "HL1E")):
        told = sum(
            parse_units(row["paid"], 2)
            for row in lines
            if row["to"] == name and row["kind"] != "reserve"
        )
        received = sum(
            dollars(row["received"]) for row in played.rows(f"{folder}/distributions.csv")
        )
        assert received == told * 10**4


@loans
def test_the_report_says_what_is_late_and_every_loan_stands_somewhere(played):
    last = played.rows("pool-report.csv")[-1]
    late = [
        parse_units(last[name], 2)
        for name in ("current", "late_1", "late_30", "late_60", "late_90")
    ]
    every = played.rows("loans.csv")
    assert len(every) == 1_000
    assert sum(late) == parse_units(last["closing"], 2)
    assert sum(late) == sum(parse_units(row["balance"], 2) for row in every)
    assert sum(late[2:]) > 0


# ------------------------------------------------------------------------------------------ fund


@fund
def test_a_holder_has_what_its_shares_earned_on_its_days(played):
    """By the cap table of each day and the factor of each day, to the last unit (Law 80)."""
    factors = [parse_units(row["factor"], 9) for row in played.rows("factors.csv")]
    assert len(factors) == 61
    months = {"1": range(1, 32), "2": range(32, 62)}
    held = {
        number: {row["address"]: parse_units(row["shares"], 2)
                 for row in played.rows(f"captable-record-{number}.csv")}
        for number in range(1, 62)
    }  # fmt: skip
    paid = {(row["distribution"], path.stem): dollars(row["gross"])
            for path in (played.out / "statements").glob("*.csv")
            for row in played.rows(f"statements/{path.name}")}  # fmt: skip
    assert len({holder for _, holder in paid}) == 8
    for (distribution, holder), gross in paid.items():
        exact = sum(
            Fraction(factors[number - 1] * held[number].get(holder, 0), 10**5)
            for number in months[distribution]
        )
        assert exact - 2 < gross <= exact


@fund
def test_the_income_of_a_month_is_expenses_a_distribution_or_kept(played):
    kept = 0
    for row in played.rows("nav.csv"):
        income, expenses, distributed, assets = (
            dollars(row[name]) for name in ("income", "expenses", "distributed", "net_assets")
        )
        kept += income - expenses - distributed
        shares = parse_units(row["shares"], 2)
        assert kept >= 0
        assert assets == shares * 10**4 + kept
        exact = Fraction(assets, shares * 10**4)
        assert abs(Fraction(row["nav"]) - exact) <= Fraction(1, 20_000)
    assert "difference 0.000000" in played.told


@fund
def test_nobody_gets_out_beyond_the_days_limit(played):
    [exit_] = played.rows("exchanges.csv")
    assert exit_["exchanged"] == "420000.00"
    assert "30,000.00 QGLF that can still be exchanged in this UTC day" in played.told


# ------------------------------------------------------------------------------------------ gold


@gold
def test_every_bar_is_in_the_vault_or_went_somewhere(played):
    came_in = read_bars(EXAMPLES / "gold" / "bars.csv")
    left = parse_bars((played.out / "bars.csv").read_bytes(), "bars.csv")
    gone = [row["serial"] for row in played.rows("bars-gone.csv")]
    assert sorted([*gone, *(bar.serial for bar in left)]) == sorted(b.serial for b in came_in)
    fine = sum(came_in.bar(serial).fine for serial in gone)
    assert came_in.fine == left.fine + fine
    assert "difference 0.000" in played.told


@gold
def test_a_share_is_what_the_last_factor_says(played):
    factors = played.rows("factors.csv")
    for row in factors:
        metal, earned, claimed, shares = (
            parse_units(row[name], 3) for name in ("metal", "earned", "claimed", "shares")
        )
        assert metal == claimed + earned
        exact = Fraction(claimed, shares)
        assert Fraction(row["factor"]) <= exact < Fraction(row["factor"]) + Fraction(1, 10**9)
    falling = [Fraction(row["factor"]) for row in factors]
    assert falling == sorted(falling, reverse=True)
    assert len(set(falling)) == len(falling) == 4
    digest = sha256((played.out / "bars.csv").read_bytes()).hexdigest()
    assert factors[-1]["list_hash"] == f"0x{digest}"
    books = json.loads((played.out / "books.json").read_text(encoding="utf-8"))
    supply = int(books["tokens"][0]["total_supply"]["units"])
    assert supply == parse_units(factors[-1]["shares"], 3)


@gold
def test_shares_that_went_are_those_that_bars_were_given_for(played):
    issued = read_csv(EXAMPLES / "gold" / "holders.csv", decimals=3).total
    given = [row for row in played.rows("bars-gone.csv") if row["shares"]]
    retired = sum(parse_units(row["shares"], 3) for row in given)
    exchanged = played.rows("exchanges.csv")
    assert len(given) == 3
    assert parse_units(played.rows("factors.csv")[-1]["shares"], 3) == issued - retired
    assert len(exchanged) == 1
    assert 'serial: "VR-48203" is not among the 78 bars' in played.told


@gold
def test_a_bar_list_has_all_bars_and_their_sum(played):
    page = Tables((played.out / "bars.html").read_text(encoding="utf-8"))
    bars = [row for row in page.rows if len(row) == 5 and row[0][:3] in ("VR-", "KB-", "HG-")]
    listed = played.rows("bars.csv")
    assert [row[0] for row in bars] == [row["serial"] for row in listed]
    total = parse_units(page.rows[-1][-1], 3)
    assert total == sum(parse_units(row[-1], 3) for row in bars)


@gold
def test_playing_it_again_gives_the_same_files(played, tmp_path):
    """Each step has its own block, so that times, hashes and files are the same."""
    again = told("gold", tmp_path / "again")
    files = [path.relative_to(played.out) for path in played.out.rglob("*") if path.is_file()]
    assert files
    changed = [f for f in files if (played.out / f).read_bytes() != (again.out / f).read_bytes()]
    assert changed == []


# ---------------------------------------------------------------------------------------- carbon


def serials(text: str) -> list[str]:
    """Each serial of `VR-1-000001 to 000003; …`."""
    found = []
    for part in text.split("; "):
        first, _, last = part.partition(" to ")
        prefix, _, number = first.rpartition("-")
        numbers = range(int(number), int(last or number) + 1)
        found += [f"{prefix}-{one}" for one in numbers]
    return found


@carbon
def test_every_serial_is_retired_once_and_in_its_order(played):
    rows = played.rows("retirements.csv")
    assert len(rows) == 6
    for row in rows:
        assert len(serials(row["serials"])) == int(row["credits"])
    first = [one for row in rows for one in serials(row["serials"]) if "-2024-" in one]
    sold = [n for n in range(1, 65_001) if n <= 4_500 or 5_001 <= n <= 59_000]
    assert first == [f"VR-1187-2024-{n}" for n in sold[: len(first)]]


@carbon
def test_what_was_issued_is_held_retired_or_cancelled(played):
    """By the files of two vintages: nothing is issued for what was invalidated (Law 79)."""
    rows = played.rows("retirements.csv")
    books = json.loads((played.out / "books.json").read_text(encoding="utf-8"))
    held = {one["symbol"]: int(one["total_supply"]["units"]) for one in books["tokens"]}
    for symbol, issued, cancelled in (("MDR24", 65_000, 350), ("MDR25", 30_000, 0)):
        mine = [row for row in rows if row["certificate"].startswith(symbol)]
        retired = sum(int(row["credits"]) for row in mine)
        assert issued == held[symbol] + retired + cancelled
        assert (
            f"{issued:,} issued = {held[symbol]:,} held + {retired:,} retired + {cancelled:,} "
            "cancelled; difference 0" in played.told
        )


@carbon
def test_a_certificate_is_pending_until_the_registry_has_filed_it(played):
    rows = played.rows("retirements.csv")
    states = [(row["state"], bool(row["reference"])) for row in rows]
    assert states.count(("pending", False)) == 2
    assert states.count(("filed", True)) == 2
    assert states.count(("invalidated in part", True)) == 2
    for row in rows:
        path = played.out / "certificates" / f"{row['certificate']}.html"
        page = path.read_text(encoding="utf-8")
        said = f"filed as {row['reference']}" if row["reference"] else "pending: the registry"
        assert said in page
        written = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        assert "; ".join(written["serials"]) == row["serials"]
        assert (written["state"], written["beneficiary"]) == (row["state"], row["beneficiary"])


@carbon
def test_what_is_invalidated_is_told_and_never_issued_again(played):
    invalid = [one for row in played.rows("retirements.csv") if row["invalidated"]
               for one in serials(row["invalidated"])]  # fmt: skip
    assert invalid == [f"VR-1187-2024-{n}" for n in range(3_101, 3_451)]
    assert "VR-1187-2024-004501 to 004850 are cancelled by order" in played.told
    assert '"VR-1187-2024-004901 to 005000" were issued before' in played.told
    assert 'shares: "14 MDR24" cannot be exchanged' in played.told


# ---------------------------------------------------------------------------------------- equity


def ordered(row: dict[str, str]) -> int:
    """What an order was for: of a bid, its money at the limit."""
    if row["side"] == "ask":
        return int(row["gave"])
    return parse_units(row["gave"], 6) // parse_units(row["limit"], 6)


@equity
def test_everybody_gets_its_exact_part_in_both_calls(played):
    """Of Q lots among orders of T, each has floor or ceiling of its exact share."""
    calls = {row["kind"]: row for row in played.rows("calls.csv")}
    assert set(calls) == {"offering", "tender"}
    orders = played.rows("call-orders.csv")
    for kind, call in calls.items():
        mine = [row for row in orders if row["call"] == call["call"]]
        wanted = [ordered(row) for row in mine]
        got = [int(row["shares"]) for row in mine]
        assert 0 < sum(got) < sum(wanted), kind
        for one, given in zip(wanted, got, strict=True):
            exact = Fraction(sum(got) * one, sum(wanted))
            assert exact - 1 < given < exact + 1


@equity
def test_a_meeting_is_counted_and_what_follows_rests_on_its_minutes(played):
    """For, against and abstained are all that were present; orders and exchanges name the page."""
    minutes = json.loads((played.out / "minutes.json").read_text(encoding="utf-8"))
    resolutions = minutes["resolutions"]
    assert len(resolutions) == 20
    for one in resolutions:
        votes = sum(int(one[name]["units"]) for name in ("for", "against", "abstained"))
        assert votes == int(minutes["present"]["units"])
    assert [one["resolution"] for one in resolutions if not one["carried"]] == [17]
    page = f"0x{sha256((played.out / 'minutes.html').read_bytes()).hexdigest()}"
    split = next(row for row in played.rows("exchanges.csv") if row["kind"] == "exchange")
    assert split["document"] == page


@equity
def test_one_holder_has_all_shares_at_the_end(played):
    books = json.loads((played.out / "books.json").read_text(encoding="utf-8"))
    supplies = {one["symbol"]: int(one["total_supply"]["units"]) for one in books["tokens"]}
    assert supplies["TIDE"] == supplies["TIDER"] == 0
    after = next(one for one in books["tokens"] if one["symbol"] == "TIDN")
    [holder] = [one for one in after["holders"] if int(one["shares"]["units"])]
    assert holder["name"] == "Meridian Marine Holdings"
    assert int(holder["shares"]["units"]) == supplies["TIDN"]


@equity
def test_shares_are_counted_through_all_actions(played):
    """At first, new by rights and by the call, given, less bought back, one for ten."""
    records = [
        sum(int(row["shares"]) for row in played.rows(f"captable-record-{number}.csv"))
        for number in (1, 2, 3)
    ]
    assert records == [100_000, 100_000, 120_000]
    exchanges = {row["kind"]: row for row in played.rows("exchanges.csv")}
    [given] = [row for row in played.rows("distributions.csv") if row["currency"] == "TIDE"]
    rest, left_over = 120_000 + 12_000 - 6_000, int(given["carried_out"])
    assert f"{rest:,} shares: {left_over} that were left over" in played.told
    assert int(exchanges["exchange"]["exchanged"]) == rest - left_over
