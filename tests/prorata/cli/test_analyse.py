"""analyse: every figure of a played asset, worked out by hand from what was played."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from prorata.analysis.precision import rounded
from prorata.analysis.risk import pearson
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.times import moment
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands, run
from tests.prorata.cli.served_figures import asked

pytestmark = pytest.mark.slow

DAY = 86_400
ANN = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
BEN = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
CAT = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"
AS_ANN, AS_BEN = ("--account", "TEST::1"), ("--account", "TEST::2")
ASSET = 'name: Quay 9\nsymbol: QUAY9\ndecimals: 2\nauthorised_shares: "1,000"\n'
HOLDERS = f"address,shares\n{ANN},50.00\n{BEN},30.25\n"
MARKS = "time,kind,value,currency,basis,source"


@dataclass
class Played:
    """The asset, and when what happened."""

    commands: Commands
    when: dict[str, int] = field(default_factory=dict)

    def mark(self, kind: str, value: str, basis: str, name: str) -> None:
        at = self.when.setdefault(name, self.commands.chain.now())
        self.commands.says(
            "marks", "add", "--kind", kind, "--amount", value, "--currency", "USD", "--basis",
            basis, "--source", "Administrator", "--at", moment(at),
        )  # fmt: skip

    def after(self, days: int) -> None:
        self.commands.travel(self.commands.chain.now() + days * DAY)

    def did(self, name: str, *words: str) -> None:
        self.commands.says(*words)
        self.when[name] = self.commands.chain.now()


@pytest.fixture(scope="module")
def quay(tmp_path_factory) -> Iterator[Played]:
    """35 days: 80.25 shares, 10 USD for each, a gift of 10.10 and a sale of 2.00 at 99 USD."""
    folder = tmp_path_factory.mktemp("deployments")
    (folder / "asset.yaml").write_text(ASSET, encoding="utf-8")
    (folder / "holders.csv").write_text(HOLDERS, encoding="utf-8")
    with Anvil() as anvil:
        commands = Commands(anvil, folder / "QUAY9")
        commands.says("deploy", "--asset", str(folder / "asset.yaml"), "--dollar")
        commands.says("market", "deploy")
        play = Played(commands)
        play.did("issue", "issue", str(folder / "holders.csv"))
        play.mark("nav", "100.00", "cum", "first mark")
        record = str(commands.close_record())
        commands.says(
            "distribute", "--record", record, "--currency", "USD", "--kind", "rent", "--amount",
            "802.50",
        )  # fmt: skip
        play.after(15)
        play.did("claim", "claim", *AS_ANN)
        play.mark("nav", "95.00", "ex", "second mark")
        commands.travel(commands.chain.now() + 3_600)
        play.did("gift", "transfer", "--to", CAT, "--amount", "10.10", *AS_ANN)
        settlement = commands.facts("market", "show")["contracts"][0]["address"]
        order = str(folder / "order.json")
        sold = ("--sell", "4", "--for", "396", "--in", "USD", "--least", "1", "--out", order)
        commands.says("order", "sign", *sold, *AS_BEN)
        commands.says("approve", "--spender", settlement, "--amount", "4", *AS_BEN)
        money = ("--spender", settlement, "--amount", "198", "--currency", "USD")
        commands.says("approve", *money, *AS_ANN)
        play.did("sale", "order", "fill", order, "--amount", "2", *AS_ANN)
        commands.says("order", "post", order)
        play.after(20)
        play.mark("nav", "98.00", "ex", "last mark")
        play.mark("price", "97.00", "ex", "last mark")
        commands.says("follow", "--once")
        yield play


@pytest.fixture
def played(quay) -> Iterator[Played]:
    with kept(quay.commands.anvil.url, quay.commands.folder):
        yield quay


def figures(facts: dict, group: str) -> dict[str, dict]:
    [found] = [one for one in facts["groups"] if one["title"] == group]
    return {one["name"]: one for one in found["figures"]}


def value(facts: dict, group: str, name: str) -> str | None:
    return figures(facts, group)[name]["value"]


def percent(exact: Fraction, places: int = 2) -> str:
    return rounded(exact * 100, places)


def table(folder: Path, name: str, *lines: str) -> str:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


# ------------------------------------------------------------------------------- worked out by hand


def test_returns_and_yields_are_those_of_the_marks_and_the_income(played) -> None:
    """Law 106: what analyse says follows from what the chain and the marks say, in fractions."""
    facts = played.commands.facts("analyse", "--frequency", "4")
    assert facts["currency"] == "USD"
    paid = Fraction("802.50") / Fraction("80.25")
    assert paid == 10
    whole = (95 + paid) / 100 * Fraction(98, 95) - 1
    found = figures(facts, "Return and risk")
    assert found["total return, gross of tax"]["value"] == percent(whole)
    assert found["total return, net of tax"]["value"] == percent(whole)
    assert found["total return, gross of tax"]["n"] == 3
    assert found["time-weighted return"]["value"] == percent(whole)
    assert found["drawdown"]["value"] == "0.00"
    assert found["volatility"]["reason"].startswith("not enough data: ")
    assert found["volatility"]["reason"].endswith(" of 36 months")
    assert value(facts, "Yield", "distribution yield, forward") == percent(4 * paid / 98)
    trailing = figures(facts, "Yield")["distribution yield, 365 days"]
    assert (trailing["value"], trailing["reason"]) == (None, "not enough data: 35 of 365 days")
    assert value(facts, "Price", "premium to NAV") == percent(Fraction(97, 98) - 1)
    premium = figures(facts, "Price")["premium to NAV"]["inputs"]
    assert premium["age of the NAV"].endswith(("second", "seconds"))


def test_the_money_weighted_return_makes_the_flows_worth_nothing(played) -> None:
    """Law 98, of one share that was bought at the first mark: the sign changes at the rate."""
    found = played.commands.facts("analyse")
    rate = Decimal(value(found, "Return and risk", "money-weighted return")) / 100
    days = {name: second // DAY for name, second in played.when.items()}
    flows = [("first mark", -100), ("second mark", 10), ("last mark", 98)]

    def worth(rate: Decimal) -> Decimal:
        with localcontext() as context:
            context.prec = 50
            years = {n: Decimal(days[n] - days["first mark"]) / 365 for n, _ in flows}
            return sum((amount / (1 + rate) ** years[n] for n, amount in flows), Decimal(0))

    half = Decimal("0.0000005")
    assert worth(rate - half) > 0 > worth(rate + half)


def test_liquidity_counts_what_went_from_one_to_another(played) -> None:
    """12.10 of 80.25 shares in 30 days; with the two of one person together, 2.00."""
    facts = played.commands.facts("analyse")
    moved = Fraction("12.10") / Fraction("80.25")
    liquidity = figures(facts, "Liquidity")
    assert liquidity["turnover, 30 days"]["value"] == rounded(moved, 4)
    assert liquidity["velocity, 30 days"]["value"] == rounded(moved * 365 / 30, 4)
    assert liquidity["turnover, 365 days"]["reason"] == "not enough data: 35 of 365 days"
    assert liquidity["days without a trade, 30 days"]["value"] == percent(Fraction(29, 30))
    assert liquidity["active months of 12"]["value"] is None
    spread = figures(facts, "Price")["spread of posted orders"]
    assert spread["reason"] == "no order to buy is posted"
    assert spread["inputs"] == {"best ask": "99"}


def test_concentration_by_wallet_and_by_person(played, tmp_path) -> None:
    held = [Fraction("41.90"), Fraction("28.25"), Fraction("10.10")]
    facts = played.commands.facts("analyse")
    by_wallet = figures(facts, "Concentration by wallet")
    whole = sum(held)
    assert whole == Fraction("80.25")
    assert by_wallet["HHI"]["value"] == rounded(sum((100 * x / whole) ** 2 for x in held), 2)
    assert by_wallet["Nakamoto"]["value"] == "1"
    assert by_wallet["top 1"]["value"] == percent(held[0] / whole)
    unknown = figures(facts, "Concentration by person")
    assert {one["reason"] for one in unknown.values()} == {
        "no office says who is behind the wallets"
    }
    people = table(
        tmp_path, "people.csv", "address,name,kind,country,person", f"{ANN},Ann,individual,DE,1",
        f"{CAT},Ann,,,1", f"{BEN},Ben,individual,US,2",
    )  # fmt: skip
    played.commands.says("ledger", "people", "import", people)
    facts = played.commands.facts("analyse")
    persons = [held[0] + held[2], held[1]]
    by_person = figures(facts, "Concentration by person")
    assert by_person["HHI"]["value"] == rounded(sum((100 * x / whole) ** 2 for x in persons), 2)
    gini = (persons[0] - persons[1]) / (2 * whole)
    assert by_person["Gini"]["value"] == rounded(gini, 4)
    sold = Fraction("2.00") / whole
    assert value(facts, "Liquidity", "turnover, 30 days") == rounded(sold, 4)
    assert facts["countries"] == {"flows": [], "reason": "it would point at fewer than 5 people"}
    assert "none are shown" in played.commands.says("analyse")


def test_the_return_of_a_holder_is_modified_dietz(played) -> None:
    """Ann was paid 500 USD, gave 10.10 shares away at the mark of 95, and bought 2.00 at 99."""
    when = played.when
    begins, ends = when["first mark"], when["last mark"]
    flows = [
        (when["claim"], Fraction(-500)),
        (when["gift"], Fraction("-10.10") * 95),
        (when["sale"], Fraction(2) * 99),
    ]
    start, end = Fraction(50) * 100, Fraction("41.90") * 98
    gain = end - start - sum(amount for _, amount in flows)
    capital = start + sum(amount * Fraction(ends - at, ends - begins) for at, amount in flows)
    facts = played.commands.facts("analyse", ANN)
    found = figures(facts, f"Holder {ANN}")["Modified Dietz return of the holder"]
    assert found["value"] == percent(gain / capital)
    few = played.commands.facts("analyse", ANN, "--on", "price")
    [blank] = figures(few, f"Holder {ANN}").values()
    assert blank["reason"] == "not enough data: 1 of 2 marks"
    [group] = [one for one in few["groups"] if one["title"] == "Return and risk"]
    assert {one["value"] for one in group["figures"]} == {None}


def test_an_earlier_moment_has_what_was_there_then(played) -> None:
    """Law 106: before the gift and the sale; and nobody knows what orders were posted then."""
    at = moment(played.when["second mark"])
    facts = played.commands.facts("analyse", "--at", at)
    assert facts["as_of"] == at
    whole = Fraction("80.25")
    top = value(facts, "Concentration by wallet", "top 1")
    assert top == percent(Fraction(50) / whole)
    assert value(facts, "Return and risk", "total return, gross of tax") == percent(
        Fraction(5, 100)
    )
    closing = played.commands.facts("analyse", "--at", "record:1")
    assert closing["groups"][1]["figures"][0]["reason"] == "not enough data: 1 of 2 marks"
    block = played.commands.facts("analyse", "--at", f"block:{closing['block']}")
    assert block["groups"][3] == {
        "title": "Concentration by wallet",
        "figures": [{**one, "as_of": block["as_of"]} for one in closing["groups"][3]["figures"]],
    }


def test_marks_as_they_were_known(played) -> None:
    """Nothing was known before the marks were written."""
    facts = played.commands.facts("analyse", "--known-at", "2020-01-01")
    assert facts["currency"] is None
    assert value(facts, "Return and risk", "total return, gross of tax") is None
    assert figures(facts, "Yield")["distribution yield, 365 days"]["value"] is None


def test_without_an_office_there_are_no_marks_and_no_persons(played) -> None:
    """What the chain says is there all the same."""
    (played.commands.folder / "office.db").unlink()
    facts = played.commands.facts("analyse")
    assert (facts["currency"], facts["countries"]["reason"]) == (
        None, "no office says who is behind the wallets",
    )  # fmt: skip
    assert value(facts, "Concentration by wallet", "Nakamoto") == "1"
    assert value(facts, "Return and risk", "drawdown") is None


# --------------------------------------------------------------------------- persons and currencies


def test_who_is_no_holder_stands_apart(played, tmp_path) -> None:
    """The issuer's wallet moves no volume, and an omnibus account gives bounds."""
    facts = played.commands.facts("analyse", "--treasury", CAT, "--omnibus", BEN, "--pool", ANN)
    assert value(facts, "Concentration by wallet", "top 1") == "100.00"
    sold = Fraction("2.00") / Fraction("80.25")
    assert value(facts, "Liquidity", "turnover, 30 days") == rounded(sold, 4)
    people = table(tmp_path, "people.csv", "address,name,kind", f"{CAT},Quay Ltd,treasury")
    played.commands.says("ledger", "people", "import", people)
    facts = played.commands.facts("analyse", "--omnibus", BEN)
    assert "HHI, at least" in figures(facts, "Concentration by person")
    assert value(facts, "Liquidity", "turnover, 30 days") == rounded(sold, 4)


def test_income_in_another_currency_is_none_of_the_marks(played) -> None:
    facts = played.commands.facts("analyse", ANN, "--same", "USD=EUR")
    gross = figures(facts, "Return and risk")["total return, gross of tax"]
    assert gross["reason"] == "income in EUR and marks in USD"
    [holder] = figures(facts, f"Holder {ANN}").values()
    assert holder["reason"] == "income in EUR and marks in USD"
    ben = played.commands.facts("analyse", BEN, "--same", "USD=EUR")
    [sold] = figures(ben, f"Holder {BEN}").values()
    assert sold["value"] is not None


def test_accrued_income_makes_the_yields_of_the_sec(played, tmp_path) -> None:
    path = table(
        tmp_path, "accrued.yaml", "date: 2026-01-31", "thirty_days:", "  days: 30",
        '  income: "1500000"', '  expenses: "100000"', '  average_shares: "10000000"',
        '  price: "25"', "seven_days:", '  start: "1"',
        '  daily: ["0.0001", "0.0001", "0.0001", "0.0001", "0.0001", "0.0001", "0.0001"]',
    )  # fmt: skip
    found = figures(played.commands.facts("analyse", "--accrued", path), "Yield")
    assert found["30-day SEC yield"]["value"] == "6.8148"
    assert found["7-day yield"]["value"] == percent(Fraction("0.0007") * 365 / 7)
    assert found["7-day yield"]["as_of"] == "2026-01-31T23:59:59Z"
    alone = table(tmp_path, "week.yaml", "date: 2026-01-31", "thirty_days:", *(
        f"  {line}" for line in (
            "days: 30", 'income: "3"', 'expenses: "1"', 'average_shares: "1"', 'price: "1"',
        )
    ))  # fmt: skip
    found = figures(played.commands.facts("analyse", "--accrued", alone), "Yield")
    assert found["7-day yield"]["reason"] == "no file of accrued income and expenses"


# ------------------------------------------------------------------------------------------- shown


def test_the_screen_shows_each_figure_or_why_it_is_blank(played) -> None:
    said = " ".join(played.commands.says("analyse").split())
    assert "QUAY9, as of block" in said
    assert "premium to NAV -1.02%" in said
    assert "no file of accrued income and expenses" in said
    assert "no rating, and no advice." in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--rates", "rates.csv"), "has rates into a currency that is not named; give --in"),
        (("--in", "EUR", "--rates", "none.csv"), "cannot be read"),
        (("--same", "USDC"), "is no pair of currencies; write USDC=USD"),
        (("--known-at", "soon"), "soon"),
        (("--accrued", "none.yaml"), "cannot be read"),
        (("--treasury", "0x12"), "0x12"),
        (("0x12",), "0x12"),
        (("--at", "record:7"), "was never scheduled"),
    ],
)
def test_what_is_refused(played, words, sentence) -> None:
    assert sentence in played.commands.refuses("analyse", *words)


def test_accruals_of_a_later_date_are_refused(played, tmp_path) -> None:
    path = table(tmp_path, "accrued.yaml", "date: 2099-01-31")
    assert "is after" in played.commands.refuses("analyse", "--accrued", path)


# --------------------------------------------------------------------------- one reporting currency


def rates(folder: Path, played: Played, *names: str) -> str:
    """What a dollar was worth in euros a day before some marks."""
    worth = {"first mark": "0.90", "second mark": "0.95", "last mark": "1.00"}
    lines = [f"{moment(played.when[name] - DAY)},USD,{worth[name]},ECB" for name in names]
    return table(folder, "rates.csv", "time,currency,value,source", *lines)


def test_figures_in_another_currency_are_by_the_rates_of_their_times(played, tmp_path) -> None:
    """10 USD of income at 0.90, as its record; marks of 100, 95 and 98 at 0.90, 0.95 and 1.00."""
    path = rates(tmp_path, played, "first mark", "second mark", "last mark")
    words = ("analyse", ANN, "--in", "EUR", "--rates", path)
    facts = played.commands.facts(*words)
    assert (facts["currency"], facts["left_out"]) == ("EUR", [])
    r1, r2, r3 = Fraction("0.90"), Fraction("0.95"), Fraction(1)
    first = (95 * r2 + 10 * r1) / (100 * r1)
    returned = figures(facts, "Return and risk")["total return, gross of tax"]
    assert returned["value"] == percent(first * 98 * r3 / (95 * r2) - 1)
    assert returned["inputs"]["from"].startswith("90 EUR cum at ")
    assert ", at 0.9 for 1 USD at " in returned["inputs"]["from"]
    [found] = figures(facts, f"Holder {ANN}").values()
    when = played.when
    begins, ends = when["first mark"], when["last mark"]
    flows = [
        (when["claim"], -500 * r2),
        (when["gift"], Fraction("-10.10") * 95 * r2),
        (when["sale"], 2 * 99 * r2),
    ]
    start, end = 5_000 * r1, Fraction("41.90") * 98 * r3
    gain = end - start - sum(amount for _, amount in flows)
    capital = start + sum(amount * Fraction(ends - at, ends - begins) for at, amount in flows)
    assert found["value"] == percent(gain / capital)


def test_a_mark_without_a_rate_is_left_out_aloud(played, tmp_path) -> None:
    path = rates(tmp_path, played, "first mark", "last mark")
    words = ("analyse", ANN, "--in", "EUR", "--rates", path)
    facts = played.commands.facts(*words)
    [reason] = facts["left_out"]
    second = moment(played.when["second mark"])
    assert reason == f"NAV of {second}: the rate of USD at {second} is 16 days old"
    returned = figures(facts, "Return and risk")["total return, gross of tax"]
    assert (returned["n"], returned["reason"]) == (2, None)
    # What Ann was paid then is in dollars still.
    [blank] = figures(facts, f"Holder {ANN}").values()
    assert blank["reason"] == "income in USD and marks in EUR"
    assert "Left out: NAV of " in played.commands.says(*words)
    none = played.commands.facts("analyse", "--in", "EUR")
    assert len(none["left_out"]) == 4
    assert value(none, "Return and risk", "total return, gross of tax") is None
    same = played.commands.facts("analyse", "--in", "USD")
    assert same["groups"] == played.commands.facts("analyse")["groups"]


# ------------------------------------------------------------------------------------------ splits


def test_a_split_between_two_marks_is_no_loss(played, tmp_path) -> None:
    """98, two for one, 49: what is said of value stays, and shares are counted anew."""
    commands = played.commands
    before = commands.facts("analyse")
    at = ("split", "2:1", "--at", moment(commands.chain.now() + DAY))
    assert commands.run(*at).code == 4
    commands.travel(commands.chain.now() + 2 * DAY)
    commands.says(*at)
    commands.says("follow", "--once")
    unmarked = commands.facts("analyse")
    for group in ("Return and risk", "Yield"):
        for name, one in figures(unmarked, group).items():
            assert one["value"] == value(before, group, name)
    # A mark of the second of the declaration itself could be of either share.
    commands.travel(commands.chain.now() + 3_600)
    played.mark("nav", "49.00", "ex", "after the split")
    commands.says("follow", "--once")
    facts = commands.facts("analyse")
    for name in ("total return, gross of tax", "time-weighted return", "drawdown"):
        assert value(facts, "Return and risk", name) == value(before, "Return and risk", name)
    returned = figures(facts, "Return and risk")["total return, gross of tax"]
    assert returned["n"] == 4
    assert returned["inputs"]["from"].startswith("50 USD cum at ")
    assert returned["inputs"]["from"].endswith(", for 1/2 of a share of then")
    for name in ("HHI", "Gini", "Nakamoto"):
        group = "Concentration by wallet"
        assert value(facts, group, name) == value(before, group, name)
    # Nothing went from one to another since.
    now, then = (figures(one, "Liquidity")["turnover, 30 days"] for one in (facts, before))
    assert now["n"] <= then["n"]
    [found] = figures(commands.facts("analyse", ANN), f"Holder {ANN}").values()
    when = played.when
    begins, ends = when["first mark"], when["after the split"]
    flows = [
        (when["claim"], Fraction(-500)),
        (when["gift"], Fraction("-10.10") * 95),
        (when["sale"], Fraction(2) * 99),
    ]
    start, end = Fraction(50) * 100, Fraction("41.90") * 2 * 49
    gain = end - start - sum(amount for _, amount in flows)
    capital = start + sum(amount * Fraction(ends - at, ends - begins) for at, amount in flows)
    assert found["value"] == percent(gain / capital)
    [listed] = commands.facts(
        "benchmark", table(tmp_path, "a.yaml", "assets:", "  - { asset: QUAY9, class: fund }")
    )["assets"]
    size = {one["name"]: one for one in listed["figures"]}["size"]
    assert size["value"] == rounded(Fraction("160.50") * 49, 2)


# ----------------------------------------------------------------------------------- another asset


def monthly(levels: list[Fraction]) -> list[str]:
    months = [(2021 + n // 12, 1 + n % 12) for n in range(len(levels))]
    return [
        f"{year}-{month:02}-28,appraisal,{float(level):.2f},USD,ex,Surveyor"
        for (year, month), level in zip(months, levels, strict=True)
    ]


def pier(played: Played, folder: Path, symbol: str = "PIER1") -> Commands:
    """Another asset of the same database, of 70 shares."""
    commands = played.commands
    terms = ASSET.replace("QUAY9", "PIER1").replace("Quay 9", "Pier 1")
    (folder / "asset.yaml").write_text(terms.replace("PIER1", symbol), encoding="utf-8")
    other = Commands(commands.anvil, folder / symbol)
    other.says("deploy", "--asset", str(folder / "asset.yaml"))
    other.says("issue", table(folder, "holders.csv", "address,shares", f"{CAT},70.00"))
    other.says("follow", "--once", "--database", str(commands.folder / "ledger.db"))
    commands.says("follow", "--once")
    return other


def test_the_correlation_with_another_asset_of_the_database(played, tmp_path) -> None:
    """38 months of marks of both: Pearson's r of their returns, and n beside it."""
    commands, database = played.commands, ("--database", str(played.commands.folder / "ledger.db"))
    other = pier(played, tmp_path)
    first = [Fraction(10_000 + 7 * (n * n % 11) + n, 100) for n in range(38)]
    second = [Fraction(5_000 + 3 * (n * n % 13) + n % 5, 100) for n in range(38)]
    commands.says("marks", "import", table(tmp_path, "a.csv", MARKS, *monthly(first)))
    other.says("marks", "import", table(tmp_path, "b.csv", MARKS, *monthly(second)), *database)
    commands.says("follow", "--once")
    [pair] = commands.facts("analyse", "--on", "appraisal")["correlations"]
    returns = [[b / a - 1 for a, b in pairwise(s)] for s in (first, second)]
    expected = pearson(*returns)
    assert expected is not None
    assert pair["assets"] == ["PIER1", "QUAY9"]
    assert (pair["pearson"]["value"], pair["pearson"]["n"]) == (rounded(expected, 4), 37)
    assert "Correlations" in commands.says("analyse", "--on", "appraisal")
    assert json.loads(commands.run("analyse", "--json").out)["correlations"] == []


def test_marks_in_two_currencies_are_correlated_in_one_or_not_at_all(played, tmp_path) -> None:
    commands, database = played.commands, ("--database", str(played.commands.folder / "ledger.db"))
    other = pier(played, tmp_path)
    levels = [Fraction(10_000 + 7 * (n * n % 11) + n, 100) for n in range(38)]
    commands.says("marks", "import", table(tmp_path, "a.csv", MARKS, *monthly(levels)))
    euros = [line.replace("USD", "EUR") for line in monthly(levels)]
    other.says("marks", "import", table(tmp_path, "b.csv", MARKS, *euros), *database)
    words = ("analyse", "--on", "appraisal")
    [pair] = commands.facts(*words)["correlations"]
    assert pair["pearson"]["reason"] == "marks in EUR and in USD: give --in and --rates"
    lines = [f"{line.split(',')[0]},EUR,{1 + n % 3},ECB" for n, line in enumerate(euros)]
    path = table(tmp_path, "rates.csv", "time,currency,value,source", *lines)
    [pair] = commands.facts(*words, "--in", "USD", "--rates", path)["correlations"]
    first = [b / a - 1 for a, b in pairwise(levels)]
    second = [
        b * (1 + (n + 1) % 3) / (a * (1 + n % 3)) - 1 for n, (a, b) in enumerate(pairwise(levels))
    ]
    expected = pearson(first, second)
    assert expected is not None
    assert (pair["pearson"]["value"], pair["pearson"]["n"]) == (rounded(expected, 4), 37)


# --------------------------------------------------------------------------------------- benchmark


def test_a_benchmark_has_the_same_columns_for_each_asset(played, tmp_path) -> None:
    """Size is 80.25 shares at 98 USD; the other asset has no mark, and says so."""
    pier(played, tmp_path)
    listed = table(
        tmp_path, "assets.yaml", "assets:", "  - { asset: PIER1, class: note }",
        "  - { asset: QUAY9, class: building }",
    )  # fmt: skip
    facts = played.commands.facts("benchmark", listed)
    assert [one["asset"] for one in facts["assets"]] == ["QUAY9", "PIER1"]
    quay, other = ({one["name"]: one for one in a["figures"]} for a in facts["assets"])
    assert list(quay) == list(other)
    assert quay["size"]["value"] == rounded(Fraction("80.25") * 98, 2)
    assert (quay["holders"]["value"], other["holders"]["value"]) == ("3", "1")
    assert quay["premium to NAV"]["value"] == percent(Fraction(97, 98) - 1)
    assert (other["HHI"]["value"], other["size"]["reason"]) == ("10000.00", "there is no mark")
    assert facts["missing_classes"] == ["loans", "fund", "gold", "carbon", "equity"]
    said = played.commands.says("benchmark", listed)
    assert "Blank: PIER1, size: there is no mark." in said
    assert "No asset of: loans, fund, gold, carbon and equity." in said
    assert "no scorecard" in said


def test_a_benchmark_says_what_sizes_are_in_and_has_them_in_one_currency(played, tmp_path) -> None:
    listed = table(tmp_path, "assets.yaml", "assets:", "  - { asset: QUAY9, class: building }")
    said = played.commands.says("benchmark", listed).split()
    assert [said[said.index(word) + 1] for word in ("currency", "size")] == ["USD", "7,864.50"]
    words = ("benchmark", listed, "--in", "EUR", "--rates")
    path = rates(tmp_path, played, "first mark", "second mark", "last mark")
    said = played.commands.says(*words, path).split()
    assert [said[said.index(word) + 1] for word in ("currency", "size")] == ["EUR", "7,864.50"]
    path = rates(tmp_path, played, "first mark", "second mark")
    [one] = played.commands.facts(*words, path)["assets"]
    size = one["figures"][0]
    assert size["value"] == rounded(Fraction("80.25") * 95 * Fraction("0.95"), 2)
    assert size["inputs"]["currency"] == "EUR"


def test_a_benchmark_with_a_score_and_an_old_mark(played, tmp_path) -> None:
    for name in ("score.yaml", "score-method.yaml"):
        source = PROJECT_ROOT / "examples" / "analytics" / name
        (tmp_path / name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    listed = table(
        tmp_path, "assets.yaml", "assets:", "  - { asset: QUAY9, class: fund, card: score.yaml }"
    )
    assert "59.0 to 74.0" in played.commands.says("benchmark", listed)
    played.after(100)
    played.commands.says("transfer", "--to", BEN, "--amount", "1", *AS_ANN)
    played.commands.says("follow", "--once")
    [one] = played.commands.facts("benchmark", listed)["assets"]
    assert (one["score"]["low"]["value"], one["score"]["high"]["value"]) == ("59.0", "74.0")
    assert one["figures"][0]["reason"] == "the newest mark is 100 days old"


def test_a_benchmark_names_the_asset_by_its_token_where_two_have_the_symbol(
    played, tmp_path
) -> None:
    other = pier(played, tmp_path, "QUAY9")
    listed = table(tmp_path, "assets.yaml", "assets:", "  - { asset: QUAY9, class: note }")
    assert "is the symbol of 2 assets" in played.commands.refuses("benchmark", listed)
    token = other.deployment.token().address
    named = table(tmp_path, "assets.yaml", "assets:", f"  - {{ asset: '{token}', class: note }}")
    [one] = played.commands.facts("benchmark", named)["assets"]
    assert one["figures"][1]["value"] == "1"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("  - { asset: NONE, class: note }", "is not followed in this database; write one of"),
        ("  - { asset: QUAY9, class: boat }", "is no class of assets"),
        ("  - { asset: QUAY9 }", "is missing"),
    ],
)
def test_a_benchmark_that_is_refused(played, tmp_path, line, sentence) -> None:
    listed = table(tmp_path, "assets.yaml", "assets:", line)
    assert sentence in played.commands.refuses("benchmark", listed)


# -------------------------------------------------------------------------- the service beside it


def test_the_service_says_what_the_commands_print(played, tmp_path) -> None:
    """Law 139: of one block, though no node is asked."""
    commands, analytics = played.commands, PROJECT_ROOT / "examples/analytics"
    commands.says("follow", "--once")
    index, portfolio = analytics / "index.yaml", analytics / "portfolio.yaml"
    listed = ("assets:", "  - { asset: QUAY9, class: building, card: score.yaml }")
    benchmark = Path(table(tmp_path, "benchmark.yaml", *listed))
    for name in ("score.yaml", "score-method.yaml"):
        (tmp_path / name).write_bytes((analytics / name).read_bytes())
    with asked(commands, indices=(index,), portfolios=(portfolio,), benchmark=benchmark) as one:
        head = f"block:{one.json('{asset}')['as_of']['block']}"
        for at, words, params in (
            (head, (), {}),
            (head, ("--frequency", "4", "--on", "price"), {"frequency": 4, "on": "price"}),
            (head, ("--same", "USD=EUR", "--interval", "day"),
             {"same": "USD=EUR", "interval": "day"}),
            ("record:1", ("--oldest", "1"), {"oldest": 1}),
            (moment(played.when["gift"]), (), {}),
        ):  # fmt: skip
            printed = commands.facts("analyse", "--at", at, *words)
            said = one.json("{asset}/metrics", at=at, **params)
            assert said.pop("as_of")["block"] == printed["block"]
            assert said.pop("second") == printed["as_of"]
            assert not said.pop("incomplete")
            assert not said.pop("disputed")
            assert said == {name: printed[name] for name in said}
            assert len(said) == 6
        known = [figure for group in printed["groups"] for figure in group["figures"]]
        assert sum(figure["value"] is not None for figure in known) > 10
        kept = one.json("{asset}/marks")["marks"]
        shown = commands.facts("marks", "list")["marks"]
        assert [mark["id"] for mark in kept] == [mark["id"] for mark in shown]
        assert len(kept) == 4
        said = one.json("benchmark", at=head)
        printed = commands.facts("benchmark", str(benchmark), "--at", head)
        assert said["as_of"]["block"] == printed["block"]
        for name in ("assets", "missing_classes", "notice"):
            assert said[name] == printed[name]
        for path, words in (
            ("indices/index", ("index", str(index))),
            ("portfolio", ("portfolio", str(portfolio))),
            ("{asset}/scorecard", ("score", str(tmp_path / "score.yaml"))),
        ):
            ran = run(*words, "--json")
            said = one.json(path)
            said = said.get("scorecard", said)
            said = said["portfolios"][0] if "portfolios" in said else said
            printed = json.loads(ran.out)
            assert {name: said[name] for name in printed} == printed, path
