"""Reverse splits, mergers and rights as commands: exact, with notice, refused where wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from prorata.chain.signers import LocalSigner, public_test_key
from prorata.contracts.share_exchange import ShareExchange
from prorata.contracts.share_token import ShareToken
from prorata.deployments.market_contracts import singleton_address
from prorata.toolchain.anvil import Anvil
from prorata.values.times import moment
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands
from tests.prorata.conftest import sent_by_node

OWNER, ANN, BEN, CID = (LocalSigner(public_test_key(n)).address for n in range(4))
AS_ANN = ("--account", "TEST::1")
BASIS = ("--reason", "Resolution 7", "--document", f"0x{'ab' * 32}")
IN_MONEY = ("--currency", "USD", "--fraction-price", "125")
DAY = 86_400


def written(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Iterator[Commands]:
    """107 shares of the Barn, record 1 closed, the market's contracts, and an Attic beside it."""
    folder = tmp_path_factory.mktemp("deployments")
    with Anvil() as anvil:
        for symbol in ("ATTIC", "BARN"):
            asset = f'name: {symbol}\nsymbol: {symbol}\nauthorised_shares: "300"\n'
            commands = Commands(anvil, folder / symbol)
            money = ["--dollar"] * (symbol == "BARN")
            commands.says("deploy", "--asset", written(folder, f"{symbol}.yaml", asset), *money)
        table = f"address,shares\n{ANN},64\n{BEN},39\n{CID},4\n"
        commands.says("issue", written(folder, "holders.csv", table))
        commands.says("market", "deploy")
        commands.close_record()
        dollars = commands.deployment.currency("USD")
        unlocked = LocalSigner(public_test_key(9)).address
        sent_by_node(commands.chain, dollars.mint(ANN, 10_000 * 10**6).question(unlocked))
        yield commands


@pytest.fixture
def barn(built) -> Iterator[Commands]:
    with kept(built.anvil.url, built.folder.parent):
        yield built


def in_days(commands: Commands, days: int) -> str:
    return moment(commands.chain.now() + days * DAY)


def holdings(commands: Commands, folder: str) -> list[int]:
    there = Commands(commands.anvil, commands.folder.parent / folder).deployment
    return ShareToken(commands.chain, there.token().address).balances_of([ANN, BEN, CID])


def exchange(commands: Commands) -> ShareExchange:
    return ShareExchange(commands.chain, singleton_address("ShareExchange"))


# -------------------------------------------------------------------------------------- conversions


def test_a_reverse_split_gives_one_for_ten_and_money_for_fractions(barn):
    words = ("reverse-split", "1:10", "--symbol", "BARN1", "--at", in_days(barn, 2))
    words = (*words, *IN_MONEY, *BASIS)
    shown = barn.facts(*words, "--dry-run")
    assert [line["new"]["units"] for line in shown["holders"]] == ["6", "3", "0"]
    assert [line["in_lieu"]["text"] for line in shown["holders"]] == ["50.00", "112.50", "50.00"]
    assert not (barn.folder.parent / "BARN1").exists()

    noticed = barn.run(*words, "--json")
    facts = json.loads(noticed.out)
    assert (noticed.code, facts["finished"], facts["exchange"]) == (4, False, 1)
    sent = barn.sent
    again = barn.run(*words, "--json")
    assert (again.code, json.loads(again.out)["resumed"], barn.sent) == (4, True, sent)

    barn.travel(barn.chain.now() + 3 * DAY)
    done = barn.facts(*words)
    assert (done["finished"], done["skipped"]) == (True, {})
    assert holdings(barn, "BARN1") == [6, 3, 0]
    assert holdings(barn, "BARN") == [0, 0, 0]
    dollars = barn.deployment.currency("USD").balances_of([BEN, CID])
    assert dollars == [112_500_000, 50_000_000]
    sent = barn.sent
    assert barn.facts(*words)["resumed"] is True
    assert barn.sent == sent

    # Nothing keeps a power that it no longer needs, and all books balance.
    market = exchange(barn).address
    new = Commands(barn.anvil, barn.folder.parent / "BARN1")
    for one in (barn, new):
        assert not one.deployment.token().is_agent(market)
        assert one.facts("drift")["drift"] is False
    assert barn.facts("books")["balanced"] is True
    assert barn.facts("log", "verify")["holds"] is True
    # The old token keeps its record: income for it can still be paid.
    rent = ("--currency", "USD", "--kind", "rent", "--amount", "107", "--record", "1")
    assert barn.facts("distribute", *rent, "--push")["holders_paid"] == 3


def test_a_merger_gives_another_assets_shares_and_cash(barn):
    words = ("merge", "1:2", "--into", "ATTIC", "--cash", "1.50", "--at", in_days(barn, 2))
    words = (*words, *IN_MONEY, *BASIS)
    assert barn.run(*words).code == 4
    barn.travel(barn.chain.now() + 3 * DAY)
    done = barn.facts(*words)
    assert [line["new"]["units"] for line in done["holders"]] == ["32", "19", "2"]
    assert holdings(barn, "ATTIC") == [32, 19, 2]
    # 39 shares bring 58.50, and half of 125 for the fraction.
    assert barn.deployment.currency("USD").balance_of(BEN) == 121_000_000


def test_what_a_stock_dividend_left_over_is_burnt_before_a_reverse_split(barn):
    """It is nobody's: it brings nothing, and the books know that it is gone."""
    barn.says("stock-dividend", "1:5", "--record", "1")
    words = ("reverse-split", "1:10", "--symbol", "BARN1", "--at", in_days(barn, 2))
    noticed = barn.run(*words, *IN_MONEY, *BASIS, "--json")
    facts = json.loads(noticed.out)
    assert (facts["left_over"]["units"], facts["shares"]["units"]) == ("2", "126")
    barn.travel(barn.chain.now() + 3 * DAY)
    assert barn.facts(*words, *IN_MONEY, *BASIS)["finished"] is True
    assert holdings(barn, "BARN1") == [7, 4, 0]
    assert barn.facts("books")["balanced"] is True
    assert barn.facts("log", "verify")["holds"] is True


def test_a_conversion_that_cannot_be_funded_whole_is_refused(barn):
    price = ("--currency", "USD", "--fraction-price", "1,000,000")
    words = ("reverse-split", "1:10", "--symbol", "BARN1", "--at", in_days(barn, 2), *price)
    said = barn.refuses(*words, *BASIS)
    assert "is what all shares can need in whatever wallets they are, and more than" in said


def test_a_merger_makes_no_more_shares_than_are_authorised(barn):
    said = barn.refuses(
        "merge", "3:1", "--into", "ATTIC", "--at", in_days(barn, 2), *IN_MONEY, *BASIS
    )
    assert "run `prorata authorise 321 --asset ATTIC` first" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("reverse-split", "10:1", "--symbol", "B1"), "makes no fewer shares than there are"),
        (("reverse-split", "1:10"), 'symbol: "" is missing'),
        (("reverse-split", "1:10", "--symbol", "B1", "--into", "ATTIC"), "stands beside --into"),
        (("reverse-split", "1:10", "--symbol", "BARN"), "is the symbol of the asset itself"),
        (("reverse-split", "1:10", "--symbol", "B 1"), "is no symbol"),
        (("merge", "1:2", "--into", "NONE"), "is no asset in"),
        (("merge", "1:2", "--into", "BARN"), "is the asset itself"),
        (("merge", "1:2", "--into", "ATTIC", *AS_ANN), "does not own BARN"),
        (("merge", "1:2", "--into", "ATTIC", "--at", "2020-01-01"), "gives no notice"),
        (
            ("merge", "1:2", "--into", "ATTIC", "--at", "2031-01-02", "--until", "2031-01-01"),
            "when the exchange begins",
        ),
    ],
)
def test_a_wrong_conversion_is_refused_in_a_sentence(barn, words, said):
    at = () if "--at" in words else ("--at", "+2d")
    assert said in barn.refuses(*words, *at, *IN_MONEY, *BASIS)


def test_a_record_may_not_close_after_its_shares_are_gone(barn):
    barn.says("record", "--at", in_days(barn, 3))
    words = ("reverse-split", "1:10", "--symbol", "BARN1", "--at", in_days(barn, 2))
    assert "when its holders will have other shares" in barn.refuses(*words, *IN_MONEY, *BASIS)


# ------------------------------------------------------------------------------------------- rights

ISSUE = ("rights", "issue", "1:5", "--symbol", "BARNR", "--price", "80.00", "--currency", "USD")


def test_rights_are_handed_out_exercised_and_lapse(barn):
    words = (*ISSUE, "--record", "1", "--until", in_days(barn, 30))
    shown = barn.facts(*words, "--dry-run")
    lines = [(o["rights"]["units"], o["new"]["units"], o["cost"]["text"]) for o in shown["holders"]]
    assert lines == [("64", "12", "960.00"), ("39", "7", "560.00"), ("4", "0", "0.00")]
    assert shown["most_new_shares"]["units"] == "21"

    issued = barn.facts(*words)
    assert (issued["holders_paid"], issued["skipped"]) == (3, {})
    assert holdings(barn, "BARNR") == [64, 39, 4]
    sent = barn.sent
    assert barn.facts(*words)["resumed"] is True
    assert barn.sent == sent

    # Ben sells one right to Ann, so that she has enough for thirteen.
    rights = Commands(barn.anvil, barn.folder.parent / "BARNR")
    rights.says("transfer", "--to", ANN, "--amount", "1", "--account", "TEST::2")
    bought = barn.facts("rights", "exercise", "BARNR", "--shares", "13", *AS_ANN)
    assert (bought["due"]["text"], bought["other_shares"]["units"]) == ("1,040.00", "13")
    assert holdings(barn, "BARN") == [77, 39, 4]
    assert holdings(barn, "BARNR") == [0, 38, 4]
    again = barn.facts("rights", "exercise", "BARNR", "--shares", "13", *AS_ANN)
    assert again["resumed"] is True
    assert "can be exercised until" in barn.refuses("rights", "lapse", "BARNR", *BASIS)

    barn.travel(barn.chain.now() + 31 * DAY)
    lapsed = barn.facts("rights", "lapse", "BARNR", *BASIS)
    assert holdings(barn, "BARNR") == [0, 0, 0]
    # 42 rights of 107 lapsed, which is eight shares.
    assert lapsed["left"]["units"] == "8"
    assert 'sells: "8"' in Path(lapsed["offer"]).read_text(encoding="utf-8")
    assert not barn.deployment.token().is_agent(exchange(barn).address)
    assert barn.facts("rights", "lapse", "BARNR", *BASIS)["resumed"] is True
    assert barn.facts("books")["balanced"] is True


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--record", "1", "--at", "+2d"), "stands beside --at"),
        ((), 'record: "" is missing'),
        (("--record", "9"), "was never scheduled"),
        (("--record", "1", "--symbol", "BARN"), "is the symbol of the asset itself"),
        (("--record", "1", "--until", "2020-01-01"), "leaves no time"),
        (("--record", "1", *AS_ANN), "does not own BARN"),
        (("--record", "1", "--price", "nothing"), "amount"),
        (("--record", "1", "--currency", "ETH"), "cannot be taken by allowance"),
    ],
)
def test_wrong_rights_are_refused_in_a_sentence(barn, words, said):
    until = () if "--until" in words else ("--until", in_days(barn, 30))
    assert said in barn.refuses(*ISSUE, *until, *words)


def test_more_rights_than_authorised_shares_are_refused(barn):
    words = ("rights", "issue", "2:1", *ISSUE[3:], "--record", "1", "--until", in_days(barn, 30))
    assert "run `prorata authorise 321` first" in barn.refuses(*words)


def test_no_exercise_without_rights(barn):
    assert "there is no deployment in" in barn.refuses(
        "rights", "exercise", "BARNR", "--shares", "1", *AS_ANN
    )
