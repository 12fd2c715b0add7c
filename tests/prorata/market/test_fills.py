"""Orders are signed, explained and filled: what is explained is what happens."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from prorata.chain.signers import ElsewhereSigner
from prorata.contracts.trade_settlement import PARTS, ObstacleCode, order_digest
from prorata.errors import DeploymentError, InputError, RevertError
from prorata.market.fills import check_fill, fill
from prorata.market.orders import draft_order, next_record, sign_order, take_signature
from prorata.values.addresses import ZERO_ADDRESS
from tests.prorata.conftest import refused
from tests.prorata.market.traders import BUYER, DOLLAR, OWNER, SELLER, STRANGER, signer


def test_the_digest_is_the_contracts(market):
    signed = market.signed(least=50, fee_to=STRANGER, fee_bps=25, tax_to=BUYER, tax_bps=50)
    assert signed.digest == market.contract.digest_of(signed.order)
    assert signed.digest == order_digest(signed.order, 31337, market.contract.address)


def test_a_sellers_order_is_filled_in_parts_with_fee_and_tax(market):
    """The buyer pays the tax on top, the fee is out of what the seller gets."""
    market.allow()
    venue, collector = STRANGER, signer(5).address
    more = {"fee_to": venue, "fee_bps": 25, "tax_to": collector, "tax_bps": 50}
    signed = market.signed(least=1_000, **more)
    had = market.dollars.balance_of(STRANGER)
    with market.operator(2) as operator:
        check = check_fill(operator.chain, signed, BUYER, 4_000)
        assert (check.passes, check.due) == (True, 40_200 * DOLLAR)
        done = fill(operator, signed, 4_000)
        assert (done.moved.gives.units, done.moved.gets.units) == (40_200 * DOLLAR, 4_000)
        rest = fill(operator, signed)
        assert rest.moved.gets.units == 6_000
        again = fill(operator, signed)
        assert (again.receipt.resumed, again.receipt.hash) == (True, rest.receipt.hash)
    assert market.token.balance_of(BUYER) == 10_000
    assert market.dollars.balance_of(SELLER) == 99_750 * DOLLAR
    assert market.dollars.balance_of(venue) - had == 250 * DOLLAR
    assert market.dollars.balance_of(collector) == 500 * DOLLAR
    assert market.contract.is_spent(SELLER, signed.order.nonce)


def test_a_buyers_order_is_filled_by_whoever_sells(market):
    """The fee is out of what the seller gets, and the buyer, who is the maker, bears the tax."""
    collector = signer(5).address
    market.allow()
    more = {"fee_to": STRANGER, "fee_bps": 100, "tax_to": collector, "tax_bps": 50}
    signed = market.signed(2, sells=False, least=100, **more)
    with market.operator(1) as operator:
        check = check_fill(operator.chain, signed, SELLER, 2_500)
        assert (check.passes, check.due) == (True, 2_500)
        assert check.amount == 25_000 * DOLLAR
        done = fill(operator, signed, 2_500)
    assert (done.moved.gives.units, done.moved.gets.units) == (2_500, 24_750 * DOLLAR)
    assert market.token.balance_of(BUYER) == 2_500
    assert market.dollars.balance_of(BUYER) == (1_000_000 - 25_000 - 125) * DOLLAR


def test_what_the_taker_would_pay_itself_stays(market):
    """As a venue, or a collector, that buys: what is shown is what leaves it."""
    market.allow()
    signed = market.signed(fee_to=BUYER, fee_bps=25, tax_to=BUYER, tax_bps=50)
    had = market.dollars.balance_of(BUYER)
    with market.operator(2) as operator:
        check = check_fill(operator.chain, signed, BUYER)
        assert check.due == check.moved.gives.units == 99_750 * DOLLAR
        assert fill(operator, signed).moved.gives.units == 99_750 * DOLLAR
    assert had - market.dollars.balance_of(BUYER) == 99_750 * DOLLAR


def test_the_same_part_a_second_time_needs_another_reference(market):
    market.allow()
    signed = market.signed(least=1)
    with market.operator(2) as operator:
        first = fill(operator, signed, 1_000)
        assert fill(operator, signed, 1_000).receipt.resumed
        second = fill(operator, signed, 1_000, reference="second")
    assert not second.receipt.resumed
    assert first.receipt.hash != second.receipt.hash
    assert market.contract.left(signed.order) == 8_000


def test_the_makers_permit_takes_the_place_of_its_approval(market):
    market.allow(shares=0)
    signed = market.signed(permit=True, least=1)
    with market.operator(2) as operator:
        assert check_fill(operator.chain, signed, BUYER).passes
        fill(operator, signed, 4_000)
        fill(operator, signed)
    assert market.token.balance_of(BUYER) == 10_000


def test_the_takers_permit_takes_the_place_of_its_approval(market):
    """Shares take permits, so a buyer's order shows it."""
    market.allow(shares=0)
    signed = market.signed(2, sells=False)
    with market.operator(1) as operator:
        with pytest.raises(InputError, match="fill with --permit"):
            fill(operator, signed)
        done = fill(operator, signed, permit=True)
        assert fill(operator, signed, permit=True).receipt.resumed
    assert done.moved.gives.units == 10_000


# -------------------------------------------------------------------------------------- obstacles


def test_everything_in_the_way_is_named_and_the_contract_refuses_too(market):
    """Whoever is not eligible, has no shares and allows nothing hears all of it at once."""
    signed = market.signed()
    check = check_fill(market.found.chain, signed, STRANGER)
    codes = [one.code for one in check.obstacles]
    assert codes == [
        ObstacleCode.MAKER_ALLOWANCE,
        ObstacleCode.TAKER_ALLOWANCE,
        ObstacleCode.GIVE_REFUSED,
    ]
    assert f"the receiver {STRANGER} is not registered as eligible" in check.sentences[2]
    with market.operator(3) as operator, pytest.raises(InputError, match="3 problems in the fill"):
        fill(operator, signed)
    call = market.contract.fill(signed.order, signed.signature, check.amount, check.due)
    with market.operator(3) as operator, pytest.raises(RevertError):
        operator.send_one("by-hand", call)


def obstacle(market, signed, taker, shares=None) -> str:
    """The one sentence of what is in the way; the fill is refused with it."""
    check = check_fill(market.found.chain, signed, taker, shares)
    [sentence] = check.sentences
    with market.operator((OWNER, SELLER, BUYER).index(taker)) as operator:
        said = refused(fill, operator, signed, shares)
    assert said.startswith('order: "')
    assert f"cannot be filled: {sentence.partition('; ')[0]}" in said
    return sentence


def test_what_stands_in_the_way_of_an_order_that_could_be_filled(market):
    market.allow()
    whole, parts = market.signed(), market.signed(least=2_000)
    own = check_fill(market.found.chain, whole, SELLER)
    assert own.sentences[0].startswith("its maker cannot fill it; let somebody else")
    assert obstacle(market, whole, BUYER, 50).startswith(
        "0.50 QUAY9 are less than the 100.00 QUAY9 that one fill must have; "
    )
    assert obstacle(market, parts, BUYER, 1_999).startswith("19.99 QUAY9 are less than the 20.00 ")
    assert "are more than the 100.00 QUAY9 that are left of it" in obstacle(
        market, parts, BUYER, 10_001
    )
    for_me = market.signed(taker=SELLER, sells=False, index=2)
    assert f"it is for {SELLER} only, and not for {BUYER}" in " ".join(
        check_fill(market.found.chain, for_me, BUYER).sentences
    )
    unsigned = replace(whole, signature=b"")
    assert obstacle(market, unsigned, BUYER).startswith("nobody has signed it; ")
    foreign = replace(whole, signature=parts.signature)
    assert f"its signature is not {SELLER}'s" in obstacle(market, foreign, BUYER)
    edited = replace(whole, order=replace(whole.order, take_amount=1))
    assert f"its signature is not {SELLER}'s" in obstacle(market, edited, BUYER)
    with market.operator(1) as operator:
        operator.send_one("give-away", market.token.transfer(BUYER, 45_000))
    assert obstacle(market, whole, BUYER).startswith(
        f"its maker {SELLER} has 50.00 QUAY9 of the 100.00 QUAY9 that it would give; "
    )
    market.commands.travel(whole.order.valid_until + 1)
    assert "it was good until " in " ".join(check_fill(market.found.chain, whole, BUYER).sentences)


def test_an_order_ends_with_the_next_record(market):
    """Scheduled or not when it was signed; one that counts through records does not."""
    market.allow()
    signed, through = market.signed(), market.signed(through_records=True)
    assert (signed.order.record, through.order.record) == (1, 0)
    assert next_record(market.token, market.found.chain.now()).closes_at is None
    record = market.commands.close_record()
    assert record == 1
    assert "it ended with record 1, which closed at " in obstacle(market, signed, BUYER)
    assert market.signed().order.record == 2
    with market.operator(2) as operator:
        assert not fill(operator, through).receipt.resumed


# ------------------------------------------------------------------------------ nonces, signing


def test_nonces_are_not_given_twice(market):
    """Neither while orders are unfilled, nor after all below were cancelled."""
    nonces = [market.signed(least=least).order.nonce for least in (None, 1, None)]
    assert nonces == [0, 1 | PARTS, 2]
    with market.operator(1) as operator:
        operator.send_one("below", market.contract.cancel_below(10))
    assert market.signed().order.nonce == 10


def test_two_runs_at_once_are_not_given_the_same_nonce(market):
    found, terms = market.found, market.terms()
    with ThreadPoolExecutor(4) as runs:
        drafts = [runs.submit(draft_order, found, SELLER, terms) for _ in range(4)]
        assert sorted(draft.result().order.nonce for draft in drafts) == [0, 1, 2, 3]


def test_notes_that_are_damaged_or_cannot_be_written_are_said_so(market):
    """A line that was torn by a kill is no damage: nothing was signed for it."""
    notes = market.commands.folder / "signed-nonces.jsonl"
    notes.write_bytes(b'{"chain_id": 31')
    assert market.signed().order.nonce == 0
    notes.write_bytes(b"nonsense\n")
    with pytest.raises(DeploymentError, match="is damaged; restore it from a copy, or name"):
        market.signed()
    assert market.signed(nonce=7).order.nonce == 7
    notes.unlink()
    notes.mkdir()
    with pytest.raises(DeploymentError, match="so nothing was signed"):
        market.signed()


def test_a_nonce_that_was_used_is_not_taken_even_without_notes(market):
    """As where the notes were lost: the contract is asked."""
    market.allow()
    signed = market.signed(least=1)
    with market.operator(2) as operator:
        fill(operator, signed, 100)
    (market.commands.folder / "signed-nonces.jsonl").unlink()
    assert market.signed(least=1).order.nonce == 1 | PARTS
    said = refused(draft_order, market.found, SELLER, market.terms(least=1, nonce=PARTS))
    assert f'nonce: "{PARTS}" of {SELLER} was used' in said


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"shares": 0}, 'shares: "0" is nothing'),
        ({"money": 0}, 'for: "0" is nothing'),
        ({"money": 1 << 128}, "does not fit 128 bits"),
        ({"least": 10_001}, 'least: "100.01" is more than the order is for'),
        ({"valid_until": 1}, "is not later than the chain's time"),
        ({"taker": SELLER}, "is the maker itself"),
        ({"fee_bps": 5}, "are not given together"),
        ({"currency": ZERO_ADDRESS}, 'in: "ETH" cannot be taken by allowance'),
        ({"nonce": 1 << 63}, "has the wrong bit 63 for an order that is filled whole"),
    ],
    ids=("shares", "money", "large", "least", "past", "self", "fee", "coin", "nonce"),
)
def test_terms_that_no_order_can_have_are_refused(market, more, said):
    assert said in refused(draft_order, market.found, SELLER, market.terms(**more))


def test_who_does_not_sign_here_is_told_how(market):
    """And a foreign signature is not taken."""
    drafted = draft_order(market.found, SELLER, market.terms())
    for account in (ElsewhereSigner("safe", SELLER), signer(2)):
        said = refused(sign_order, market.found.chain, account, drafted)
        assert "write the order with --unsigned and --maker" in said
    theirs = signer(1).sign_typed(drafted.message)
    signed = take_signature(market.found.chain, drafted, theirs)
    assert signed.signature == theirs
    foreign = signer(2).sign_typed(drafted.message)
    said = refused(take_signature, market.found.chain, drafted, foreign)
    assert f"is not {SELLER}'s for what the file says" in said
