"""Tenders, redemption windows and auctions by their commands: the same ones, in other words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

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
    STRANGER,
    Market,
    opened_market,
)

AS_SELLER, AS_BUYER = (("--account", f"TEST::{n}") for n in (1, 2))
HOUR, DAY = 3_600, 86_400


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Iterator[Market]:
    """The seller has 400 shares and the buyer 100, and the owner ten million dollars."""
    with opened_market(tmp_path_factory.mktemp("calls")) as market:
        commands = market.commands
        commands.says("settings", "holds-contract", singleton_address("Holds"))
        commands.says("transfer", "--to", BUYER, "--amount", "100", *AS_SELLER)
        yield market


@pytest.fixture
def market(opened) -> Iterator[Market]:
    with kept(opened.commands.anvil.url, opened.commands.folder):
        yield opened


@pytest.fixture
def commands(market) -> Commands:
    return market.commands


def terms(market: Market, path: Path, **others: Any) -> str:
    now = market.commands.chain.now()
    written = {
        "name": "First",
        "price": {"currency": "USD", "from": "90.00", "to": "110.00", "step": "5.00"},
        "closes": moment(now + 2 * HOUR),
        "close_by": moment(now + DAY),
        "settle_by": moment(now + 2 * DAY),
        **others,
    }
    path.write_text(json.dumps(written))
    return str(path)


def close_orders(commands: Commands) -> None:
    commands.travel(commands.chain.now() + 2 * HOUR + 1)


# ------------------------------------------------------------------------------------------ tender


def test_a_tender_buys_at_one_price_and_the_rest_stays_where_it_is(market, commands, tmp_path):
    """Ten are bought and eighteen given: whoever asks less is served whole, the others in part."""
    file = terms(market, tmp_path / "tender.yaml", buys="10")
    shown = commands.gist("tender", "open", file, "--dry-run")
    assert f"given first 1,100.00 USD, taken from {OWNER}" in shown
    done = commands.facts("tender", "open", file)
    assert (len(done["before"]), units(done["budget"])) == (1, 1_100 * DOLLAR)
    assert commands.refuses("subscribe", "--shares", "1", *AS_BUYER).startswith(
        'offer: "" is missing'
    )
    first = commands.facts("tender", "place", "--shares", "8", "--price", "95", *AS_SELLER)
    assert first["side"] == "ask"
    commands.says("tender", "place", "--shares", "10", "--price", "100", *AS_BUYER)
    assert market.token.helds_of([SELLER, BUYER]) == [800, 1_000]
    close_orders(commands)
    shown = commands.facts("tender", "close", "--dry-run")
    assert [units(row["back"]) for row in shown["orders"]] == [0, 800]
    settled = commands.facts("tender", "settle")
    assert (settled["price"], settled["stage"]) == ("100", "settled")
    assert market.token.balances_of([SELLER, BUYER, OWNER]) == [39_200, 9_800, 1_000]
    assert market.token.helds_of([SELLER, BUYER]) == [0, 0]
    assert market.dollars.balances_of([SELLER, OWNER]) == [800 * DOLLAR, 9_999_000 * DOLLAR]
    assert [units(one) for one in settled["escrowed"]] == [0]


# ------------------------------------------------------------------------------------------ window


def test_a_window_is_priced_afterwards_and_gated(market, commands, tmp_path):
    """The gate buys nine shares of the fifteen that keep the price: all get their part."""
    file = terms(market, tmp_path / "window.yaml", budget="900.00")
    commands.says("redeem", "window", "open", file)
    place = ("redeem", "window", "place", "--shares")
    commands.says(*place, "10", *AS_SELLER)
    commands.says(*place, "5", "--price", "95", *AS_BUYER)
    commands.says(*place, "3", "--price", "110", *AS_BUYER)
    close_orders(commands)
    said = commands.refuses("redeem", "window", "settle")
    assert said.endswith(
        f"{OWNER}, who closes it; let it run `prorata redeem window close --price …`"
    )
    assert commands.refuses("redeem", "window", "close").startswith(
        'price: "" is missing; give --price'
    )
    close = ("redeem", "window", "close", "--price")
    assert "is outside the limits" in commands.refuses(*close, "120")
    said = commands.refuses(*close, "100", *AS_SELLER)
    assert said == f'account: "{SELLER}" is not {OWNER}, who names the price; use that account'
    shown = commands.facts(*close, "100", "--dry-run")
    assert [units(row["gets"]) for row in shown["orders"]] == [600 * DOLLAR, 300 * DOLLAR, 0]
    assert commands.facts(*close, "100")["resumed"] is False
    assert commands.facts("redeem", "window", "settle")["stage"] == "settled"
    assert market.dollars.balances_of([SELLER, OWNER]) == [600 * DOLLAR, 9_999_100 * DOLLAR]
    assert market.token.balances_of([SELLER, BUYER, OWNER]) == [39_400, 9_700, 900]
    assert market.token.helds_of([SELLER, BUYER]) == [0, 0]


# ----------------------------------------------------------------------------------------- auction


def test_an_auction_has_one_price_for_both_sides(market, commands, tmp_path):
    file = terms(market, tmp_path / "auction.yaml")
    commands.says("auction", "open", file)
    buy, sell = (("auction", "place", "--side", side, "--shares") for side in ("buy", "sell"))
    commands.says(*sell, "8", "--price", "95", *AS_SELLER)
    commands.says(*sell, "8", "--price", "105", *AS_SELLER)
    commands.says(*buy, "5", "--price", "110", *AS_BUYER)
    commands.says(*buy, "6", "--price", "100")
    close_orders(commands)
    settled = commands.facts("auction", "settle", "--page", "1")
    assert (settled["price"], units(settled["delivered"])) == ("100", 800)
    assert [units(row["back"]) for row in settled["orders"]] == [
        0, 800, 50 * DOLLAR, 300 * DOLLAR,
    ]  # fmt: skip
    assert market.token.balances_of([SELLER, BUYER, OWNER]) == [39_200, 10_500, 300]
    assert market.dollars.balances_of([SELLER, BUYER, OWNER]) == [
        800 * DOLLAR, 999_500 * DOLLAR, 9_999_700 * DOLLAR,
    ]  # fmt: skip
    assert market.token.held_of(SELLER) == 0


def test_what_the_rules_refuse_is_mixed_anew(market, commands, tmp_path):
    """A buyer that may not receive for a while is delivered to once it may (B7)."""
    basis = ("--reason", "Order 12 of May 2027", "--document", "0x" + "ab" * 32)
    file = terms(market, tmp_path / "auction.yaml", price={"currency": "USD", "at": "100.00"})
    commands.says("auction", "open", file)
    commands.says("auction", "place", "--side", "sell", "--shares", "8", *AS_SELLER)
    commands.says("auction", "place", "--side", "buy", "--shares", "5", *AS_BUYER)
    commands.says("auction", "place", "--side", "buy", "--shares", "3")
    commands.says("freeze", "--wallet", BUYER, *basis)
    close_orders(commands)
    settled = commands.facts("auction", "settle")
    assert [units(row["undelivered"]) for row in settled["orders"]] == [500, 500, 0]
    commands.says("freeze", "--wallet", BUYER, "--release", *basis)
    again = commands.facts("auction", "settle")
    assert (units(again["delivered"]), again["next"]) == (800, "nothing is left to be done")


def test_shares_that_stay_held_keep_nobody_waiting(market, commands, tmp_path):
    """Told with what they are, and let go by a later run once they can be (B7)."""
    basis = ("--reason", "Order 12 of May 2027", "--document", "0x" + "ab" * 32)
    file = terms(market, tmp_path / "auction.yaml", price={"currency": "USD", "at": "100.00"})
    # Held by nobody's leave but the seller's: in the custody of the contract of holds.
    commands.says("settings", "holds-contract", "none")
    known = tmp_path / "known.csv"
    header = "address,person,country,class,eligible_until"
    known.write_text(f"{header}\n{singleton_address('Holds')},99,NL,retail,forever\n", "utf-8")
    commands.says("register", str(known))
    spender = ("--spender", singleton_address("Holds"))
    commands.says("approve", *spender, "--amount", "8", *AS_SELLER)
    commands.says("auction", "open", file)
    commands.says("auction", "place", "--side", "sell", "--shares", "8", *AS_SELLER)
    commands.says("auction", "place", "--side", "buy", "--shares", "5", *AS_BUYER)
    close_orders(commands)
    commands.says("freeze", "--wallet", SELLER, *basis)
    settled = commands.facts("auction", "settle")
    [kept_one] = settled["kept"]
    assert (kept_one["order"], kept_one["owner"], units(kept_one["shares"])) == (1, SELLER, 300)
    assert units(settled["delivered"]) == 500
    assert commands.facts("auction", "settle")["transactions"] == []
    commands.says("freeze", "--wallet", SELLER, "--release", *basis)
    again = commands.facts("auction", "settle")
    assert (again["kept"], len(again["transactions"])) == ([], 1)
    assert market.token.balance_of(SELLER) == 39_500


WRONG = (
    ("tender", {"buys": "10", "budget": "1.00"}, "does not buy one share at the lowest price"),
    ("tender", {"buys": "10", "lot": "2"}, "is not one whole share"),
    ("tender", {"buys": "2000000"}, "is more than the 10,000,000.00 USD that"),
    ("tender", {"buys": "10", "at_least": "11"}, "is more than the 10.00 QUAY9 that are bought"),
    ("window", {}, 'budget: "" is missing; add it'),
    ("auction", {"sells": "4"}, "is no setting; remove it"),
)


def test_terms_that_cannot_be_are_refused(market, commands, tmp_path):
    for noun, others, sentence in WRONG:
        file = terms(market, tmp_path / "terms.yaml", **others)
        words = ("redeem", "window") if noun == "window" else (noun,)
        assert sentence in commands.refuses(*words, "open", file)


def test_who_buys_must_be_able_to_receive(market, commands, tmp_path):
    file = terms(market, tmp_path / "tender.yaml", buys="10")
    assert commands.refuses("tender", "open", file, "--account", "TEST::3") == (
        f'principal: "{STRANGER}" may not receive QUAY9 now, so that nothing could be delivered to '
        f"it; let the issuer register it: `prorata register`"
    )
