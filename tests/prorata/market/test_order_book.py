"""The board of posted orders: what is left of each, what it is worth, and who ended it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from prorata.errors import InputError
from prorata.market.fills import fill
from prorata.market.order_book import read_order_book
from prorata.market.order_ends import cancel_below, cancel_nonces, cancel_order, post_order
from prorata.market.orders import draft_order, sign_order, take_signature
from tests.prorata.conftest import put, refused
from tests.prorata.market.traders import BUYER, DOLLAR, SELLER, signer


def board(market):
    return read_order_book(market.found, market.contract)


def test_the_board_shows_how_each_order_stands(market):
    """Sellers first and from the best price on; what is dead comes last, and says why."""
    market.allow()
    dear = market.signed(money=110_000 * DOLLAR)
    cheap = market.signed(least=1_000)
    bid = market.signed(2, sells=False, money=99_000 * DOLLAR, least=1)
    private = market.signed(money=1_000 * DOLLAR, taker=BUYER)
    gone = market.signed(money=2_000 * DOLLAR)
    with market.operator(0) as operator:
        for signed in (dear, cheap, bid, private, gone):
            post_order(operator, signed)
        assert post_order(operator, dear).resumed
    with market.operator(1) as operator:
        cancel_order(operator, gone)
    with market.operator(2) as operator:
        fill(operator, cheap, 4_000)
    book = board(market)
    assert [one.signed for one in book.orders] == [private, cheap, dear, bid, gone]
    rows = [(one.row.state, one.row.left.text, one.row.open.text) for one in book.orders]
    assert rows == [
        ("open", "100.00", "100.00"),
        ("open", "60.00", "60.00"),
        ("open", "100.00", "100.00"),
        ("open", "100.00", "100.00"),
        ("filled or cancelled", "0.00", "0.00"),
    ]
    [best] = book.best
    assert (best.bid, best.ask, best.spread) == (Fraction(990), Fraction(1_000), Fraction(10))
    assert {one.signed.order.maker for one in book.selected(SELLER).orders} == {SELLER}
    assert gone not in [one.signed for one in book.selected(open_only=True).orders]


def test_an_order_that_its_maker_can_deliver_in_part_is_open_for_that(market):
    """And one that is whole or nothing is not open at all; nor is one after its time."""
    market.allow(shares=3_000)
    parts, whole = market.signed(least=2_000), market.signed()
    with market.operator(0) as operator:
        post_order(operator, parts)
        post_order(operator, whole)
    states = {one.signed.order.nonce: (one.row.state, one.open) for one in board(market).orders}
    assert states == {
        parts.order.nonce: ("open in part", 3_000),
        whole.order.nonce: ("maker allows less", 0),
    }
    market.commands.travel(whole.order.valid_until + 1)
    assert {one.row.state for one in board(market).orders} == {"expired"}
    assert board(market).best == []


def test_what_can_never_be_filled_spoils_no_board(market):
    """Anybody can sign and post an order of nothing, or one that turns the tokens round."""
    sane = market.signed()
    found, order = market.found, sane.order
    turned = {"give": order.take, "take": order.give, "maker_pays": False}
    with market.operator(0) as operator:
        for number, change in enumerate(
            ({"give_amount": 0}, {"take_amount": 0}, {"maker_pays": True}, turned)
        ):
            other = replace(sane, order=replace(order, **change))
            theirs = sign_order(found.chain, signer(1), other)
            operator.send_one(f"{number}", market.contract.post(theirs.order, theirs.signature))
        post_order(operator, sane)
    assert [one.signed for one in board(market).orders] == [sane]


def test_nothing_is_posted_that_its_maker_has_not_signed(market):
    drafted = draft_order(market.found, SELLER, market.terms())
    with market.operator(0) as operator:
        assert 'signature: "" is missing' in refused(post_order, operator, drafted)


def test_a_wallet_contract_signs_by_erc_1271(market, artifacts):
    """Its key signs elsewhere, and the contract at the address is asked."""
    with market.operator(0) as operator:
        wallet = put(operator, artifacts, "KeyWallet", signer(7).address)
        drafted = draft_order(market.found, wallet, market.terms())
        with pytest.raises(InputError, match="for what the file says"):
            take_signature(operator.chain, drafted, signer(6).sign_typed(drafted.message))
        theirs = signer(7).sign_typed(drafted.message)
        signed = take_signature(operator.chain, drafted, theirs)
        assert not post_order(operator, signed).resumed
    [one] = board(market).orders
    assert (one.signed.order.maker, one.row.state) == (wallet, "maker has less")


def test_who_made_orders_cancels_them_by_file_number_or_all_below(market):
    first, second, third = (market.signed(least=least) for least in (None, 1, None))
    contract = market.contract
    with market.operator(2) as operator:
        said = refused(cancel_order, operator, first)
        assert f"is not {SELLER}, who alone can cancel" in said
    with market.operator(1) as operator:
        done = cancel_order(operator, first)
        assert done.sent_now
        assert not cancel_order(operator, first).sent_now
        assert cancel_nonces(operator, contract, [first.order.nonce]).receipt == (
            cancel_order(operator, first).receipt
        )
        assert cancel_below(operator, contract, 2).sent_now
        assert not cancel_below(operator, contract, 1).sent_now
        assert "is no number below" in refused(cancel_below, operator, contract, 1 << 63)
        assert "is no nonce" in refused(cancel_nonces, operator, contract, [-1])
    orders = [first.order, second.order, third.order]
    assert [contract.left(order) for order in orders] == [0, 0, 10_000]
