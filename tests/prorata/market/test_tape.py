"""The trade tape: figures from invented trades, and what a chain on which people trade tells."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from fractions import Fraction

import pytest
from click.testing import CliRunner
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from prorata.assets.asset import Asset
from prorata.chain.node import RpcChain
from prorata.chain.signers import LocalSigner
from prorata.cli.main import cli
from prorata.contracts.holds import Holds
from prorata.contracts.trade_settlement import Leg
from prorata.demo.chain import DemoChain
from prorata.deployments.deployer import deploy
from prorata.deployments.deployment import Deployment, open_operator
from prorata.ledger.audits import audit_deployment
from prorata.ledger.trades import Trade
from prorata.market.order_book import Best
from prorata.market.singletons import deploy_singletons, find_singleton, settlement_at
from prorata.market.tape import Delivery, Tape, read_tape
from prorata.register.captable import read_csv
from prorata.register.issuance import issue
from prorata.toolchain.anvil import Anvil
from prorata.values.amounts import Unit
from prorata.values.times import UTC
from tests.amounts import bare_amounts, units
from tests.prorata.conftest import BUILDING, ISSUER_KEY
from tests.prorata.ledger import test_calls_told as call_told
from tests.prorata.ledger.market import USD, Market

ADA, BOB, EUR, DOLLAR = ("0x" + digit * 40 for digit in "1234")
UNITS = {DOLLAR: Unit("USD", 6), EUR: Unit("EUR", 2)}
DAY = 86_400


def trade(second: int, shares: int, paid: int, **more) -> Trade:
    known = {"currency": DOLLAR, "fee": 0, "tax": 0, "maker": ADA, **more}
    return Trade((second, 0, 0), "0x1", ADA, BOB, shares, paid=paid, **known)


def tape(*trades: Trade, decimals: int = 0, **more) -> Tape:
    return Tape(Unit("HSE", decimals), trades, units=UNITS, **more)


# ----------------------------------------------------------------------------------------- figures


def test_prices_are_exact_fractions_of_whole_shares_and_whole_money():
    whole, third = trade(1, 4, 4_000 * USD), trade(2, 3, 1_000 * USD)
    found = tape(whole, third)
    assert found.price(whole) == 1_000
    assert found.price(third) == Fraction(1_000, 3)
    assert [row.price for row in found.rows] == ["1,000.00", "about 333.3333333333"]
    assert [row.price_exact for row in found.rows] == ["1000", "1000/3"]
    divided = tape(trade(1, 250, 1_000 * USD), decimals=2)
    assert divided.price(divided.trades[0]) == 400


def test_a_currency_has_its_last_high_low_and_average_price():
    found = tape(
        trade(1, 10, 10_000 * USD, fee=5, tax=7),
        trade(2, 5, 5_500 * USD),
        trade(3, 1, 900 * USD, fee=2),
        trade(4, 1, 100_000, currency=EUR),
    )
    figures = found.figures(DOLLAR)
    assert (figures.trades, figures.volume, figures.value) == (3, 16, 16_400 * USD)
    assert (figures.last, figures.high, figures.low) == (900, 1_100, 900)
    assert figures.average == Fraction(16_400, 16)
    assert (figures.fee, figures.tax) == (7, 7)
    assert found.figures(EUR).last == 1_000
    assert found.currencies == sorted([DOLLAR, EUR])


def test_a_trade_without_a_price_is_listed_and_counts_in_no_figure():
    found = tape(trade(1, 10, 10_000 * USD), trade(2, 90, 0, currency=""))
    assert found.unpriced == 1
    assert found.figures(DOLLAR).volume == 10
    [_, row] = found.rows
    assert (row.price, row.price_exact, row.currency, row.value) == ("", "", "", None)


def test_a_part_without_shares_or_money_makes_no_price_and_its_money_counts():
    found = tape(trade(1, 10, 10_000 * USD), trade(2, 0, 3), trade(3, 1, 0))
    figures = found.figures(DOLLAR)
    assert (figures.last, figures.low) == (1_000, 1_000)
    assert figures.average == Fraction(10_000 * USD + 3, 11 * USD)


def test_nothing_traded_has_no_figures():
    assert tape().days == []
    assert tape().currencies == []
    assert tape(trade(1, 0, 3)).figures(DOLLAR).average is None


def test_days_are_those_of_utc_and_each_has_its_own_average():
    found = tape(trade(DAY - 1, 1, 5 * USD), trade(DAY, 1, 7 * USD), trade(DAY + 9, 1, 9 * USD))
    assert [(day, one.trades, one.last, one.average) for day, _, one in found.days] == [
        ("1970-01-01", 1, 5, 5), ("1970-01-02", 2, 9, 8),
    ]  # fmt: skip


def test_both_ends_of_a_period_belong_to_it():
    found = tape(*(trade(second, 1, USD) for second in (1, 2, 3)))
    assert [one.time for one in found.between(2, None).trades] == [2, 3]
    assert [one.time for one in found.between(2, 2).trades] == [2]
    assert found.between(None, 0).rows == []


def test_deliveries_stand_among_the_trades_by_their_own_name():
    delivered = Delivery(2, ADA, BOB, 5, "0x" + "f" * 64, "0x2", by_keeper=False)
    kept = Delivery(3, ADA, BOB, 6, ADA, "0x3", by_keeper=True)
    found = tape(trade(4, 1, USD), deliveries=(delivered, kept))
    assert [row.kind for row in found.rows] == ["delivery", "delivery by keeper", "order"]
    assert [row.shares.cell for row in found.rows] == ["5", "6", "1"]


def test_the_spread_is_that_of_the_best_posted_prices():
    best = Best(DOLLAR, UNITS[DOLLAR], Fraction(990), Fraction(1_010))
    [facts] = tape(best=(best,)).as_json()["currencies"]
    assert (facts["bid"], facts["ask"], facts["spread"]) == ("990", "1010", "20")
    lonely = Best(DOLLAR, UNITS[DOLLAR], None, Fraction(1_010))
    assert tape(best=(lonely,)).as_json()["currencies"][0]["spread"] is None


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**12)), max_size=12))
def test_days_add_up_to_the_whole_and_prices_lie_between_low_and_high(sales):
    """Volume, value, fees and tax of all days are those of all trades; so lies every price."""
    found = tape(*(trade(number * DAY // 3, *sale) for number, sale in enumerate(sales)))
    figures, days = found.figures(DOLLAR), found.days
    assert sum(day.trades for *_, day in days) == figures.trades == len(sales)
    assert sum(day.volume for *_, day in days) == figures.volume
    assert sum(day.value for *_, day in days) == figures.value
    for price in filter(None, map(found.price, found.trades)):
        assert figures.low <= price <= figures.high


# --------------------------------------------------------------------------------------- the chain


@pytest.fixture(scope="module")
def traded(tmp_path_factory):
    """The building, on a chain with a market, after an order, a trade and a delivery."""
    folder = tmp_path_factory.mktemp("deployments") / "HARB12"
    with Anvil() as node:
        chain, signer = RpcChain(node.url), LocalSigner(Account.from_key(ISSUER_KEY))
        with open_operator(chain, signer, folder) as operator:
            found = deploy(operator, Asset.load(BUILDING / "asset.yaml"), folder, dollar=True)
            table = read_csv(BUILDING / "holders.csv", authorised=10_000)
            issue(operator, found, table)
            deploy_singletons(operator)
            holds = find_singleton(Holds, chain)
            operator.send_one("appoint", found.token().set_holds_contract(holds.address))
        demo_chain = DemoChain(chain)
        people = demo_chain.enter(range(4))
        market = Market(
            demo_chain, signer.address, people, found.token(), found.vault(),
            found.currency("USD"), settlement_at(chain), holds, found.manifest.first_block, None,
        )  # fmt: skip
        for person in people:
            market.do(person, market.dollar.mint(person, 10**6 * USD))
            for token in (market.token, market.dollar):
                market.do(person, token.approve(market.settlement.address, 10**18))
        yield market, found, node.url


@pytest.fixture(scope="module")
def played(traded):
    market, found, url = traded
    ada, bob, cyd, dan = market.people
    share, usd = market.token.address, market.dollar.address
    market.fill(bob, market.order(ada, 10, 1_000 * USD, fee_to=dan, fee_bps=50))
    market.settle(cyd, [Leg(share, cyd, bob, 3), Leg(usd, bob, cyd, 3_100 * USD)])
    market.claim(ada, market.hold(bob, ada, 2))
    for maker, price, buys in ((ada, 1_050, False), (cyd, 990, True), (dan, 1_500, False)):
        order = market.order(maker, 1, price * USD, buys=buys, nonce=7)
        market.do(maker, market.settlement.post(*order))
    spent = market.order(ada, 1, 500 * USD, nonce=8)
    market.do(ada, market.settlement.post(*spent))
    market.do(ada, market.settlement.cancel([8]))
    return market, found, url


def test_a_chain_without_a_market_has_no_trades(traded, tmp_path):
    market, found, _ = traded
    nobody = read_tape(found, "0x" + "9" * 40, "0x" + "8" * 40)
    assert (nobody.rows, nobody.best) == ([], ())
    assert Deployment.open(market.demo_chain.chain, found.folder) == found


def test_the_tape_is_what_happened_and_what_is_posted(played):
    market, found, _ = played
    usd = market.dollar.address
    read = read_tape(found)
    assert [(row.kind, row.shares.cell, row.price) for row in read.rows] == [
        ("order", "10", "1,000.00"), ("trade", "3", "about 1,033.3333333333"),
        ("delivery", "2", ""),
    ]  # fmt: skip
    figures = read.figures(usd)
    assert (figures.volume, figures.value, figures.fee) == (13, 13_100 * USD, 50 * USD)
    # The cheapest offer was cancelled.
    [best] = read.best
    assert (best.bid, best.ask, best.spread) == (990, 1_050, 60)
    assert [row.kind for row in read_tape(found, "0x" + "9" * 40).rows] == ["delivery"]


def test_the_books_know_the_same_trades(played):
    market, found, _ = played
    proven = audit_deployment(found)
    assert proven.books.differences == []
    movements = proven.books.movements[market.token.address]
    assert tuple(one.trade for one in movements.trades) == read_tape(found).trades


def test_the_command_shows_writes_and_tells_programs_the_same(played, tmp_path):
    _, found, url = played
    where = ["--network", url, "--deployment", str(found.folder)]
    path = tmp_path / "trades.csv"

    def run(*options: str) -> str:
        ran = CliRunner().invoke(cli, ["tape", *where, *options])
        assert ran.exit_code == 0, ran.output
        return ran.stdout

    said = run("--csv", str(path))
    assert "HARB12: 2 trades, the newest first" in said
    assert "13 shares for 13,100.00 USD; last about 1,033.3333333333, high" in said
    assert "posted orders: bid 990.00, ask 1,050.00, spread 60.00" in said
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [line["kind"] for line in lines] == ["order", "trade", "delivery"]
    assert lines[1]["price_exact"] == "3100/3"
    facts = json.loads(run("--json"))
    assert list(bare_amounts(facts)) == []
    assert (facts["days"][0]["last"], facts["days"][0]["average"]) == ("3100/3", "13100/13")
    assert facts["currencies"][0]["value"]["text"] == "13,100.00"
    assert len(facts["trades"]) == 3
    assert "Nothing was traded in HARB12" in run("--to", "2020-01-01")
    assert run("--json") == run("--json")


def test_books_show_what_is_held_beside_where_the_money_is(played):
    market, found, url = played
    market.hold(market.people[2], market.people[3], 4, nonce=9)
    where = ["--network", url, "--deployment", str(found.folder)]
    ran = CliRunner().invoke(cli, ["books", *where])
    assert ran.exit_code == 0, ran.output
    for line in (
        "held on the token", "in open holds", "kept by the settlement", "difference",
        "148 issues of 10,000, 2 trades of 13, 1 delivery from a hold of 2", "Held shares",
    ):  # fmt: skip
        assert line in ran.stdout
    facts = json.loads(CliRunner().invoke(cli, ["books", *where, "--json"]).stdout)
    assert list(bare_amounts(facts)) == []
    told = facts["tokens"][0]["trading"]
    assert units(told["held"]["on_token"]) == units(told["held"]["open_holds"]) == 4
    assert told["movements"]["delivery"] == {"number": 1, "shares": told["listed"][2]["shares"]}
    holders = {one["address"]: units(one["held"]) for one in facts["tokens"][0]["holders"]}
    assert holders[market.people[2]] == 4


def test_statements_take_the_price_of_issue_from_whoever_knows_it(played, tmp_path):
    market, found, url = played
    where = ["--network", url, "--deployment", str(found.folder)]
    year = datetime.fromtimestamp(market.demo_chain.now, UTC).year
    for number, (options, gain) in enumerate(
        [((), ""), (("--issue-price", "900.00 USD"), "950.000000")], start=1
    ):
        out = tmp_path / str(number)
        words = ["statements", *where, "--year", str(year), "--out", str(out), *options]
        ran = CliRunner().invoke(cli, words)
        assert ran.exit_code == 0, ran.output
        path = out / "version-1" / "trades" / f"{market.people[0]}.csv"
        with path.open(newline="", encoding="utf-8") as file:
            sale = next(csv.DictReader(file))
        assert (sale["proceeds"], sale["gain"]) == ("9950.000000", gain)


@pytest.mark.parametrize(
    ("price", "said"),
    [
        ("900.00", "is no amount and currency"),
        ("900.00 GBP", "is no currency of HARB12"),
        ("nine USD", "is not a number"),
        ("0 USD", "is nothing"),
    ],
)
def test_a_price_of_issue_that_is_none_is_refused(played, price, said):
    _, found, url = played
    where = ["--network", url, "--deployment", str(found.folder)]
    ran = CliRunner().invoke(cli, ["statements", *where, "--year", "2026", "--issue-price", price])
    assert ran.exit_code == 1
    assert said in ran.output


def test_a_time_that_is_none_is_refused(played):
    _, found, url = played
    where = ["--network", url, "--deployment", str(found.folder)]
    ran = CliRunner().invoke(cli, ["tape", *where, "--from", "soon"])
    assert ran.exit_code == 1
    assert "is no time" in ran.output


# ------------------------------------------------------------------------------------------- calls


def test_a_call_that_was_closed_is_a_print_with_its_one_price():
    """It counts in no figure: an offering is no trade between two people."""
    events = (call_told.opened(), call_told.placed(1, ADA, 5, step=1), call_told.closed(3, 110, 1))
    call, _ = call_told.read(*events)
    units = {call_told.USD: Unit("USD", 2)}
    found = Tape(Unit("HSE", 1), (), units=units, calls=(call,))
    [row] = found.prints
    # 1.10 for a lot of ten tenths.
    assert (row.kind, row.price, row.shares.text, row.value.text) == (
        "offering", "1.10", "3.0", "3.30",
    )  # fmt: skip
    assert (row.stage, row.demand, row.supply, row.lots) == ("settling", 3, 3, 3)
    assert found.between(None, 1).prints == []
    assert found.between(2, 2).prints == [row]
    assert (found.currencies, found.as_json()["calls"]) == ([], [row])
