"""Offerings by their commands: from the file of terms to the last refund, and every wrong word."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from prorata.contracts.currency import Currency
from prorata.market.singletons import singleton_address
from prorata.values.times import moment
from tests.amounts import units
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands
from tests.prorata.market.traders import (
    BUYER,
    DOLLAR,
    OWNER,
    SELLER,
    Market,
    fake_money,
    opened_market,
)

AS_OWNER, AS_SELLER, AS_BUYER, AS_STRANGER = (("--account", f"TEST::{n}") for n in range(4))
HOUR, DAY = 3_600, 86_400
# Stands for another currency.
NO_DOLLAR = "0x" + "77" * 20
BASIS = ("--reason", "Order 12 of May 2027", "--document", "0x" + "ab" * 32)


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Iterator[Market]:
    with opened_market(tmp_path_factory.mktemp("offers")) as market:
        with market.operator(0) as operator:
            operator.send_one("fund/owner", market.dollars.mint(OWNER, 1_000_000 * DOLLAR))
        market.commands.says("settings", "holds-contract", singleton_address("Holds"))
        yield market


@pytest.fixture
def market(opened) -> Iterator[Market]:
    with kept(opened.commands.anvil.url, opened.commands.folder):
        yield opened


@pytest.fixture
def commands(market) -> Commands:
    return market.commands


def terms(market: Market, path: Path, **others: Any) -> str:
    """Ten shares for a hundred dollars each, of which five at least must be sold."""
    now = market.commands.chain.now()
    written = {
        "name": "First issue",
        "sells": "10",
        "at_least": "5",
        "price": {"currency": "USD", "at": "100.00"},
        "withdraw_until": moment(now + HOUR),
        "closes": moment(now + 2 * HOUR),
        "close_by": moment(now + 3 * HOUR),
        "settle_by": moment(now + 2 * DAY),
        **others,
    }
    path.write_text(json.dumps({k: v for k, v in written.items() if v is not None}))
    return str(path)


@pytest.fixture
def offer(market, commands, tmp_path) -> str:
    """One that is open."""
    file = terms(market, tmp_path / "offer.yaml")
    commands.says("offer", "open", file, *AS_SELLER)
    return file


def allow(commands: Commands, *account: str) -> None:
    """Let the contract take nine hundred dollars."""
    words = ("approve", "--spender", "auction", "--amount", "900", "--currency", "USD")
    commands.says(*words, *account)


def close_orders(commands: Commands) -> None:
    commands.travel(commands.chain.now() + 2 * HOUR + 1)


# ----------------------------------------------------------------------------- the whole way


def test_an_offering_is_opened_once_and_shown_before(market, commands, tmp_path):
    file = terms(market, tmp_path / "offer.yaml")
    shown = commands.gist("offer", "open", file, "--dry-run", *AS_SELLER)
    assert "sells 10.00 QUAY9 at most" in shown
    assert "raises 1,000.00 USD at most" in shown
    assert f"given first 10.00 QUAY9, held in the wallet of {SELLER}" in shown
    assert commands.says("offer", "list").startswith("No offering of QUAY9 was opened")
    done = commands.facts("offer", "open", file, *AS_SELLER)
    assert (done["resumed"], len(done["before"])) == (False, 1)
    again = commands.facts("offer", "open", file, *AS_SELLER)
    assert (again["resumed"], again["id"]) == (True, done["id"])
    [listed] = commands.facts("offer", "list")["calls"]
    assert (listed["number"], listed["name"], listed["stage"]) == (1, "First issue", "open")
    assert market.token.held_of(SELLER) == 1_000


def test_whoever_wants_more_than_there_is_gets_a_part_exact_to_the_share(market, commands, offer):
    """What is shown before the close is what is delivered and paid (B2, B4)."""
    before = market.dollars.balances_of([BUYER, OWNER, SELLER])
    first = commands.facts("subscribe", "--shares", "9", *AS_BUYER)
    assert (first["order"], units(first["gives"])) == (1, 900 * DOLLAR)
    assert commands.facts("subscribe", "--shares", "9", *AS_BUYER)["resumed"] is True
    commands.says("subscribe", "--lots", "6", "--offer", "first issue", *AS_OWNER)
    said = commands.refuses("offer", "settle")
    assert said.startswith('offer: "offer 1 (First issue)" takes orders until ')
    close_orders(commands)

    shown = commands.facts("offer", "settle", "--dry-run")
    gets = {row["owner"]: (units(row["gets"]), units(row["back"])) for row in shown["orders"]}
    assert gets == {BUYER: (600, 300 * DOLLAR), OWNER: (400, 200 * DOLLAR)}
    done = commands.facts("offer", "settle", *AS_STRANGER)
    assert (done["stage"], done["next"]) == ("settled", "nothing is left to be done")
    assert [units(one) for one in done["escrowed"]] == [0]
    assert market.token.balances_of([BUYER, OWNER, SELLER]) == [600, 400, 49_000]
    after = market.dollars.balances_of([BUYER, OWNER, SELLER])
    changes = [one - other for one, other in zip(after, before, strict=True)]
    assert changes == [-600 * DOLLAR, -400 * DOLLAR, 1_000 * DOLLAR]
    assert commands.facts("offer", "settle")["transactions"] == []
    rows = (commands.folder / f"call-{done['id'][2:18]}.csv").read_text().splitlines()
    assert rows[1].startswith(f"1,{BUYER},bid,ended,900.000000,6.00,600.000000,")


def test_an_offering_that_sells_too_little_gives_everything_back(market, commands, offer):
    """By one command, which closes it first (B6)."""
    before = market.dollars.balance_of(BUYER)
    commands.says("subscribe", "--shares", "4", *AS_BUYER)
    close_orders(commands)
    assert "it fails, for it is less than the least" in commands.gist("offer", "close", "--dry-run")
    done = commands.facts("offer", "settle")
    assert (done["stage"], units(done["orders"][0]["back"])) == ("failed", 400 * DOLLAR)
    assert market.dollars.balance_of(BUYER) == before
    assert market.token.held_of(SELLER) == 0


def test_a_call_that_was_cancelled_gives_everything_back(market, commands, offer):
    commands.says("subscribe", "--shares", "4", *AS_BUYER)
    assert commands.refuses("offer", "cancel", *AS_BUYER) == (
        f'account: "{BUYER}" is neither its opener {SELLER} nor its principal; use one of those '
        "accounts"
    )
    assert commands.facts("offer", "cancel", *AS_SELLER)["resumed"] is False
    assert commands.facts("offer", "cancel", *AS_SELLER)["resumed"] is True
    assert commands.facts("offer", "settle")["stage"] == "cancelled"
    assert market.dollars.balance_of(BUYER) == 1_000_000 * DOLLAR


def test_nobody_closed_it_in_time(market, commands, offer):
    commands.says("subscribe", "--shares", "9", *AS_BUYER)
    commands.travel(commands.chain.now() + 3 * HOUR + 1)
    assert "was not closed in time" in commands.gist("offer", "status")
    assert commands.facts("offer", "settle")["stage"] == "failed"
    assert market.dollars.balance_of(BUYER) == 1_000_000 * DOLLAR


def test_an_order_is_withdrawn_in_its_time(market, commands, offer):
    commands.says("subscribe", "--shares", "4", *AS_BUYER)
    assert commands.facts("offer", "withdraw", "1", *AS_BUYER)["resumed"] is False
    assert commands.facts("offer", "withdraw", "1", *AS_BUYER)["resumed"] is True
    assert market.dollars.balance_of(BUYER) == 1_000_000 * DOLLAR
    commands.says("subscribe", "--shares", "4", "--reference", "again", *AS_BUYER)
    commands.travel(commands.chain.now() + HOUR + 1)
    said = commands.refuses("offer", "withdraw", "2", *AS_BUYER)
    assert said.startswith('order: "2" could be withdrawn until ')
    assert commands.refuses("offer", "withdraw", "3", *AS_BUYER) == (
        'order: "3" is no order of the offer: there are 2; `status` shows them'
    )


def test_what_the_token_refuses_is_tried_again_and_given_back_in_the_end(market, commands, offer):
    """One that cannot be delivered to keeps nobody else waiting (B7)."""
    commands.says("subscribe", "--shares", "5", *AS_BUYER)
    commands.says("subscribe", "--shares", "5", *AS_OWNER)
    commands.says("freeze", "--wallet", BUYER, *BASIS)
    close_orders(commands)
    done = commands.facts("offer", "settle")
    assert [units(row["undelivered"]) for row in done["orders"]] == [500, 0]
    assert market.token.balances_of([BUYER, OWNER]) == [0, 500]
    assert commands.facts("offer", "settle")["transactions"] == []
    with kept(commands.anvil.url, commands.folder):
        commands.says("freeze", "--wallet", BUYER, "--release", *BASIS)
        again = commands.facts("offer", "settle")
        assert again["next"] == "nothing is left to be done"
        assert market.token.balances_of([BUYER, OWNER]) == [500, 500]
        assert market.dollars.balance_of(SELLER) == 1_000 * DOLLAR
    commands.travel(commands.chain.now() + 2 * DAY)
    over = commands.facts("offer", "settle")
    assert [units(row["back"]) for row in over["orders"]] == [500 * DOLLAR, 0]
    assert market.dollars.balances_of([BUYER, SELLER]) == [1_000_000 * DOLLAR, 500 * DOLLAR]


def test_who_cannot_be_delivered_to_is_struck_before_the_close_and_restored(commands, offer):
    commands.says("subscribe", "--shares", "5", *AS_BUYER)
    commands.says("subscribe", "--shares", "9", *AS_OWNER)
    assert commands.facts("offer", "strike")["struck"] == []
    commands.says("freeze", "--wallet", BUYER, *BASIS)
    assert commands.facts("offer", "strike")["struck"] == [1]
    commands.says("freeze", "--wallet", BUYER, "--release", *BASIS)
    assert commands.facts("offer", "strike", "--restore")["restored"] == [1]
    commands.says("freeze", "--wallet", BUYER, *BASIS)
    commands.says("offer", "strike")
    close_orders(commands)
    done = commands.facts("offer", "settle")
    assert [row["state"] for row in done["orders"]] == ["struck", "ended"]
    commands.travel(commands.chain.now() + 2 * DAY)
    over = commands.facts("offer", "settle")
    assert [units(row["back"]) for row in over["orders"]] == [500 * DOLLAR, 0]


# ------------------------------------------------------------------------------------ signatures


def test_a_signed_order_travels_and_whoever_has_it_brings_it(market, commands, offer, tmp_path):
    file = str(tmp_path / "subscription.json")
    commands.says(
        "approve", "--spender", "auction", "--amount", "900", "--currency", "USD", *AS_BUYER
    )
    words = ("subscribe", "--shares", "9", "--sign-only", "--out", file, *AS_BUYER)
    signed = commands.facts(*words)
    assert signed["says"] == "buy 9.00 QUAY9 at 100.00 USD a share: 900.00 USD"
    said = commands.refuses(*words)
    assert said.endswith(
        "is there already, and an order that was signed stays good; name another file"
    )
    done = commands.facts("subscribe", "--from", file, *AS_STRANGER)
    assert (done["owner"], done["order"], done["resumed"]) == (BUYER, 1, False)
    assert commands.facts("subscribe", "--from", file, *AS_STRANGER)["resumed"] is True


def test_a_signed_order_that_was_changed_is_refused(commands, offer, tmp_path):
    path = tmp_path / "subscription.json"
    commands.says("subscribe", "--shares", "9", "--sign-only", "--out", str(path), *AS_BUYER)
    paper = json.loads(path.read_text())
    paper["order"]["quantity"] = "8"
    path.write_text(json.dumps(paper))
    said = commands.refuses("subscribe", "--from", str(path), *AS_STRANGER)
    assert said.startswith('digest: "0x')
    paper["order"]["quantity"] = "9"
    paper["order"]["says"] = "buy 9.00 QUAY9 at 1.00 USD a share: 9.00 USD"
    path.write_text(json.dumps(paper))
    said = commands.refuses("subscribe", "--from", str(path), *AS_STRANGER)
    assert "is what the file says that it is, and it is: buy 9.00 QUAY9 at 100.00 USD" in said


def test_a_signed_order_is_cancelled_by_its_owner(commands, offer, tmp_path):
    file = str(tmp_path / "subscription.json")
    commands.says(
        "approve", "--spender", "auction", "--amount", "900", "--currency", "USD", *AS_BUYER
    )
    commands.says("subscribe", "--shares", "9", "--sign-only", "--out", file, *AS_BUYER)
    said = commands.refuses("offer", "withdraw", "--signed", file, *AS_OWNER)
    assert said == f'account: "{OWNER}" is not {BUYER}, who alone can cancel it; use that account'
    assert commands.facts("offer", "withdraw", "--signed", file, *AS_BUYER)["resumed"] is False
    assert commands.refuses("subscribe", "--from", file).startswith(
        f'nonce: "0" of {BUYER} was used'
    )


def test_a_principal_signs_and_somebody_else_opens(commands, market, tmp_path):
    file = terms(market, tmp_path / "offer.yaml", principal=SELLER)
    said = commands.refuses("offer", "open", file)
    assert said == (
        f'signature: "" is missing: {SELLER} is the principal and does not open it; let it run '
        f"`prorata offer consent TERMS --opener {OWNER}`, and give what that prints with "
        "--signature"
    )
    signature = commands.facts("offer", "consent", file, "--opener", OWNER, *AS_SELLER)["signature"]
    said = commands.refuses("offer", "open", file, "--signature", signature)
    assert said.startswith(f'principal: "{SELLER}" has not let the contract hold 10.00 QUAY9 until')
    command = said.partition("`prorata ")[2].partition("`")[0]
    words = command.replace('"', "").split()
    amount = f"{words[3]} {words[4]}"
    commands.says(*words[:3], amount, *words[5:], *AS_SELLER)
    assert commands.facts("offer", "open", file, "--signature", signature)["resumed"] is False


# ------------------------------------------------------------------------------------ other manners


def test_what_is_sold_can_be_minted(market, commands, tmp_path):
    file = terms(market, tmp_path / "offer.yaml", shares_from="mint")
    auction = singleton_address("CallAuction")
    assert commands.refuses("offer", "open", file) == (
        f'shares_from: "{auction}" is no agent of QUAY9, so that it cannot mint what is sold; let '
        f"the owner run `prorata agents add {auction}`, or sell from a treasury"
    )
    commands.says("agents", "add", auction)
    commands.says("offer", "open", file)
    commands.says("subscribe", "--shares", "9", *AS_BUYER)
    close_orders(commands)
    commands.says("offer", "settle")
    assert market.token.balance_of(BUYER) == 900
    assert market.token.total_supply() == 50_900


def test_the_principal_accepts_where_the_terms_ask_for_it(market, commands, tmp_path):
    now = commands.chain.now()
    file = terms(market, tmp_path / "offer.yaml", accept_by=moment(now + 4 * HOUR))
    commands.says("offer", "open", file, *AS_SELLER)
    commands.says("subscribe", "--shares", "9", *AS_BUYER)
    close_orders(commands)
    said = commands.refuses("offer", "accept", *AS_SELLER)
    assert "is open, so that there is nothing to accept" in said
    commands.says("offer", "close")
    said = commands.refuses("offer", "settle")
    assert f"for {SELLER}; let it run `prorata offer accept`" in said
    assert commands.refuses("offer", "accept", *AS_BUYER).startswith(f'account: "{BUYER}" is not')
    assert commands.facts("offer", "accept", *AS_SELLER)["resumed"] is False
    assert commands.facts("offer", "settle")["stage"] == "settled"


def test_a_price_is_found_among_many(market, commands, tmp_path):
    """An offering that is not sold out clears at its lowest price; all pay the same (B4)."""
    price = {"currency": "USD", "from": "90.00", "to": "110.00", "step": "5.00"}
    file = terms(market, tmp_path / "offer.yaml", price=price)
    commands.says("offer", "open", file, *AS_SELLER)
    assert commands.refuses("subscribe", "--shares", "6", *AS_BUYER) == (
        'price: "" is missing; give --price, from 90.00 USD to 110.00 USD a share'
    )
    commands.says("subscribe", "--shares", "6", "--price", "110", *AS_BUYER)
    commands.says("subscribe", "--shares", "6", "--price", "95", *AS_OWNER)
    close_orders(commands)
    done = commands.facts("offer", "settle")
    assert done["price"] == "95"
    assert market.token.balances_of([BUYER, OWNER]) == [600, 400]


def test_rights_at_a_record_bound_what_a_person_orders(market, commands, tmp_path):
    commands.says("transfer", "--to", BUYER, "--amount", "100", *AS_SELLER)
    record = commands.close_record()
    opens = moment(commands.chain.now() + 10)
    file = terms(
        market, tmp_path / "offer.yaml", opens=opens, pre_emption={"record": record}, at_least=None
    )
    commands.says("offer", "open", file, *AS_SELLER)
    commands.travel(commands.chain.now() + 20)
    said = commands.refuses("subscribe", "--shares", "1", *AS_BUYER)
    assert "that this person's shares at record 1 give a right to" in said
    assert commands.facts("offer", "entitle")["counted"] == 2
    assert commands.facts("offer", "entitle")["counted"] == 0
    said = commands.refuses("subscribe", "--shares", "3", *AS_BUYER)
    assert "3.00 QUAY9 in all are more than the 2.00 QUAY9 that this person's shares" in said
    commands.says("subscribe", "--shares", "2", *AS_BUYER)


def test_an_offering_takes_either_of_two_currencies(market, commands, tmp_path):
    """All lots are of one book; each pays and is given back its own money (B1, B4)."""
    other = Currency(commands.chain, fake_money(market))
    file = terms(
        market, tmp_path / "offer.yaml", also_in={"currency": other.address, "at": "20.00"}
    )
    commands.says("offer", "open", file, *AS_SELLER)
    spend = ("approve", "--spender", "auction", "--amount", "100", "--currency", other.address)
    commands.says(*spend, *AS_BUYER)
    before = market.dollars.balances_of([OWNER, SELLER])
    first = commands.facts("subscribe", "--shares", "5", "--in", other.address, *AS_BUYER)
    assert units(first["gives"]) == 100 * DOLLAR
    commands.says("subscribe", "--shares", "15", *AS_OWNER)
    close_orders(commands)
    done = commands.facts("offer", "settle", *AS_STRANGER)
    assert done["stage"] == "settled"
    sold = market.token.balances_of([BUYER, OWNER])
    assert (sum(sold), sold[0] in (200, 300)) == (1_000, True)
    paid = sold[0] // 100 * 20 * DOLLAR
    assert other.balances_of([BUYER, SELLER]) == [100 * DOLLAR - paid, paid]
    gone = sold[1] * DOLLAR
    assert market.dollars.balances_of([OWNER, SELLER]) == [before[0] - gone, before[1] + gone]
    assert commands.facts("books")["balanced"] is True


def test_rights_are_of_a_record_that_has_closed_and_was_kept(market, commands, tmp_path):
    """Both figures of a right, or neither; a record that is over, and not cancelled."""
    record = commands.close_record()
    later = moment(commands.chain.now() + HOUR)
    commands.says("record", "--at", later)
    opens = moment(commands.chain.now() + 10)
    for rights, sentence in (
        ({"record": record, "gives": "1"}, "is given without the other of gives and per"),
        ({"record": record, "gives": "0", "per": "4"}, "is no right; give more than 0"),
        ({"record": record + 1}, "and the offer must open after that; write opens: with a later"),
    ):
        file = terms(market, tmp_path / "offer.yaml", opens=opens, pre_emption=rights)
        assert sentence in commands.refuses("offer", "open", file, *AS_SELLER)
    file = terms(
        market,
        tmp_path / "offer.yaml",
        opens=opens,
        pre_emption={"record": 1, "gives": "1", "per": "4"},
    )
    assert "sells 10.00 QUAY9" in commands.gist("offer", "open", file, "--dry-run", *AS_SELLER)


# ------------------------------------------------------------------------------------- wrong words


def test_explain_says_what_subscribe_refuses(commands, offer):
    for words, who in (
        (("--shares", "9"), AS_STRANGER),
        (("--shares", "9"), AS_SELLER),
        (("--shares", "100000"), AS_BUYER),
    ):
        done = commands.run("offer", "explain", *words, *who, "--json")
        assert done.code == 1
        sentences = json.loads(done.out)["sentences"]
        assert sentences
        said = commands.refuses("subscribe", *words, *who)
        for sentence in sentences:
            rule, _, remedy = sentence.partition("; ")
            if "lets the contract" not in rule:
                assert rule in said
                assert remedy in said
    allow(commands, *AS_OWNER)
    passes = commands.facts("offer", "explain", "--shares", "9", *AS_OWNER)
    assert (passes["sentences"], units(passes["most"])) == ([], 900)


WRONG_TERMS = (
    ({"sells": "0"}, 'sells: "0" is nothing; write at least 1'),
    (
        {"at_least": "11"},
        'at_least: "11" is more than the 10.00 QUAY9 that are sold; give less',
    ),
    ({"sells": "501"}, "are free in the wallet of"),
    ({"sells": "1.5"}, "is no whole number of lots of 1 QUAY9; write 1.00 QUAY9 or 2.00 QUAY9"),
    ({"price": {"currency": "EUR", "at": "1"}}, 'currency: "EUR" is no currency of QUAY9'),
    ({"price": {"currency": "ETH", "at": "1"}}, "cannot be taken by allowance"),
    ({"price": {"currency": "USD"}}, 'price: "" has no price; write at: one price'),
    ({"closes": "2020-01-01"}, "is not later than the chain's time"),
    ({"withdraw_until": "2090-01-01"}, "does not come after withdraw_until"),
    ({"settle_by": "2090-01-01"}, "is more than 400 days ahead; give an earlier time"),
    ({"closes": "2027-05-01T09:00:00"}, "has no time zone; add Z for UTC"),
    ({"fee": {"to": OWNER, "rate": "2%"}}, "is over 1.00%, the most there may be"),
    ({"orders": "money"}, "go with a price that is named afterwards only"),
    ({"pre_emption": {"record": 7}}, "is no record: there are 0"),
    ({"buys": "4"}, "is no setting; remove it; the settings there are name, lot, price, "),
    ({"sells": 10.5}, 'write it in quotes, such as "100.50"'),
    ({"lot": "0"}, "is no lot"),
    ({"sells": "1099511627776"}, "that there can be; give less"),
    ({"also_in": {"currency": "USD", "at": "90"}}, "is the other currency; name another currency"),
    (
        {"also_in": {"currency": NO_DOLLAR, "at": "90"}, "valuer": OWNER},
        "does not go with a valuer, who names one price",
    ),
    (
        {"also_in": {"currency": NO_DOLLAR, "from": "90.00", "to": "92.00", "step": "1.00"}},
        "has 3 prices, and the first currency has 1; give as many prices in both",
    ),
    (
        {"orders": "money", "valuer": OWNER, "pre_emption": {"record": 1}},
        "cannot be had in an offer whose orders are money",
    ),
)


def test_terms_that_cannot_be_are_refused(market, commands, tmp_path):
    other = fake_money(market)
    for others, sentence in WRONG_TERMS:
        file = terms(market, tmp_path / "offer.yaml", **others)
        path = Path(file)
        path.write_text(path.read_text().replace(NO_DOLLAR, other))
        assert sentence in commands.refuses("offer", "open", file, *AS_SELLER)


WRONG_WORDS = (
    (("subscribe", "--shares", "1.5"), "is no whole number of lots"),
    (("subscribe",), 'shares: "" is missing; give --shares, or --lots'),
    (("subscribe", "--shares", "1", "--lots", "1"), "is given besides --lots"),
    (("subscribe", "--shares", "1", "--price", "99"), "is not the price, which is 100.00 USD"),
    (("subscribe", "--shares", "1", "--in", "EUR"), "is no money of this offer"),
    (("subscribe", "--for", "10"), "orders in this offer are shares"),
    (("subscribe", "--shares", "1", "--sign-only"), 'out: "" is missing'),
    (("subscribe", "--shares", "1", "--offer", "7"), "is no offer of QUAY9 that was opened"),
    (("subscribe", "--shares", "1", "--offer", "0x" + "ab" * 32), "is no call of QUAY9"),
    (("offer", "settle", "--page", "0"), 'page: "0" is no page; give at least 1'),
    (("offer", "close", "--price", "100"), "takes orders until"),
    (("offer", "withdraw"), "give ORDER, or --signed FILE"),
    (("offer", "take"), "is owed nothing by offer 1 (First issue)"),
    (("offer", "sweep"), "has no time after which what is owed goes to somebody else"),
    (("offer", "return", "1", "--shares", "1"), "takes shares back from"),
    (("offer", "entitle"), "gives no rights at a record"),
)


def test_wrong_words_are_refused(commands, offer):
    for words, sentence in WRONG_WORDS:
        assert sentence in commands.refuses(*words, *AS_BUYER)


def test_a_name_stands_for_one_call(market, commands, offer, tmp_path):
    other = terms(market, tmp_path / "other.yaml", sells="9")
    said = commands.refuses("offer", "open", other, *AS_SELLER)
    assert said.startswith('name: "First issue" is the name of an offer with other terms; give it ')
    second = terms(market, tmp_path / "second.yaml", name="Second issue")
    commands.says("offer", "open", second, *AS_SELLER)
    said = commands.refuses("subscribe", "--shares", "1", *AS_BUYER)
    assert said == (
        'offer: "" is missing: 2 are known; give --offer; `prorata offer list` shows them'
    )
    commands.says("subscribe", "--shares", "1", "--offer", "2", *AS_BUYER)
    for words in (("2",), ("Second issue",), ("--offer", "2"), ("2", "--offer", "2")):
        assert "Second issue" in commands.gist("offer", "status", *words)
    assert "First issue" in commands.gist("offer", "settle", "1", "--dry-run")
    assert commands.refuses("offer", "status", "2", "--offer", "1") == (
        'offer: "2" is given besides --offer 1; name one of them'
    )
    assert commands.refuses("offer", "status", "3").startswith('offer: "3" is no')
    commands.says("offer", "cancel", "1", *AS_SELLER)
    assert commands.facts("offer", "status", "1")["stage"] == "cancelled"
    assert commands.refuses("auction", "status", "--auction", "1").startswith('auction: "1" is no')
