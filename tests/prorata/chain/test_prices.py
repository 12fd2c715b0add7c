"""Prices of gas: a floor is met, what waits is bumped within the run, and never over the limit."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.chain.journal import JournalEntry
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.prices import Prices, floor_named
from prorata.chain.signed import read_signed
from prorata.chain.types import Fees
from prorata.deployments.deployment import open_operator
from prorata.errors import ChainError
from tests.assurance.faults.proxy import Answer, Exchange, faulty_node
from tests.prorata.chain.test_operator import HOLDER, mints, token
from tests.prorata.conftest import PATIENCE

__all__ = ["token"]

GWEI = 10**9
AMOUNTS = st.integers(1, 10**12)


# --------------------------------------------------------------------------------------- alone


@pytest.mark.parametrize(
    ("said", "floor"),
    [
        ("transaction underpriced: gas tip cap 1, minimum needed 1000000000", Fees(0, GWEI)),
        (
            "transaction gas price below minimum: gas tip cap 2, minimum needed 25000000000",
            Fees(0, 25 * GWEI),
        ),
        (
            "transaction underpriced: address 0x8d have gas tip cap (225) < pool gas tip cap (470)",
            Fees(0, 470),
        ),
        ("FeeTooLow, EffectivePriorityFeePerGas too low 10 < 20, BaseFee: 30", Fees(0, 20)),
        (
            (
                "FeeTooLow, MaxPriorityFeePerGas for blob transaction needs to be at least "
                "1000000000 (1 GWei), is 1."
            ),
            Fees(0, GWEI),
        ),
        (
            (
                "FeeTooLow, MaxFeePerGas too low. MaxFeePerGas: 50, BaseFee: 100, "
                "MaxPriorityFeePerGas:2, Block number: 5"
            ),
            Fees(100, 0),
        ),
        (
            (
                "FeeTooLow, FeePerGas needs to be higher than 100 to be added to the TxPool. "
                "Affordable FeePerGas of rejected tx: 50."
            ),
            Fees(100, 0),
        ),
        ("transaction priority fee below minimum required priority fee 7", Fees(0, 7)),
        (
            "max fee per gas less than block base fee: address 0x65, maxFeePerGas: 9, baseFee: 11",
            Fees(11, 0),
        ),
        ("fee cap less than block base fee: address 0x7, gasFeeCap: 1 baseFee: 3", Fees(3, 0)),
        ("fee cap less than block base fee: address 0x74, feeCap: 0 baseFee: 16", Fees(16, 0)),
        ("transaction underpriced", None),
        ("replacement transaction underpriced", None),
        ("Gas price below configured minimum gas price", None),
        ("intrinsic gas too low: gas 1, minimum needed 21000", None),
    ],
)
def test_the_least_that_a_node_takes_is_read_in_its_own_words(said, floor):
    assert floor_named(f"the node refused eth_sendRawTransaction: {said}") == floor


@given(AMOUNTS, AMOUNTS, AMOUNTS, st.none() | AMOUNTS, st.none() | AMOUNTS)
def test_an_offer_has_room_for_the_base_fee_unless_the_limit_is_less(base, tip, least, most, own):
    prices = Prices(most, own)
    offer = prices.offer(Fees(2 * base + tip, tip), Fees(0, least))
    wanted = max(tip if own is None else own, least)
    room = 2 * base + wanted
    assert offer.most == (room if most is None else min(room, most))
    assert offer.tip == min(wanted, offer.most)


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, st.none() | AMOUNTS)
def test_what_replaces_another_offers_an_eighth_more_of_both_within_the_limit(
    most, tip, base, node_tip, limit
):
    offered = Fees(most, min(tip, most))
    found = Prices(limit).over(offered, Fees(2 * base + node_tip, node_tip))
    if found is None:
        assert limit is not None
        assert limit * 8 < offered.most * 9 or limit <= offered.most
        return
    assert 8 * found.most >= 9 * offered.most
    assert found.most > offered.most
    assert 8 * found.tip >= 9 * offered.tip
    assert found.tip > offered.tip
    assert limit is None or found.most <= limit


# ------------------------------------------------------------------------------------ on a chain


def opened(chain: RpcChain, operator: Operator, **prices) -> Operator:
    """Another operator with the same journal, who may offer so much."""
    return Operator(
        chain, operator.signer, operator.journal, timeout=PATIENCE, prices=Prices(**prices)
    )


def demanding(tip: int) -> Callable[[Exchange], Answer | None]:
    """A pool that takes no lower tip, in geth's words."""

    def fault(exchange: Exchange) -> Answer | None:
        raws = [bytes.fromhex(part["params"][0][2:]) for part in exchange.parts]
        low = [read_signed(raw).fees.tip for raw in raws if read_signed(raw).fees.tip < tip]
        if not low:
            return None
        said = f"transaction underpriced: gas tip cap {low[0]}, minimum needed {tip}"
        return Answer(exchange.each(lambda part: {"error": {"code": -32000, "message": said}}))

    return fault


def test_a_floor_that_the_pool_names_is_met_and_remembered(anvil, operator, token):
    with faulty_node(anvil.url) as node:
        sender = opened(RpcChain(node.url), operator)
        node.arm(demanding(3 * GWEI), times=99, among=lambda exchange: exchange.sends)
        sender.send(mints(token, 2))
        before = len(operator.journal.entries)
        sender.send(mints(token, 1, first=7))
    assert sender.floor == Fees(0, 3 * GWEI)
    # The first two were signed twice, at another price; what followed once.
    assert len(operator.journal.entries) == before + 1
    assert [len(operator.journal.versions(e)) for e in operator.journal.live()[1:]] == [2, 2, 1]
    assert token.total_supply() == 1 + 2 + 8


def test_a_floor_over_the_limit_is_refused_with_both_numbers(anvil, operator, token):
    with faulty_node(anvil.url) as node:
        sender = opened(RpcChain(node.url), operator, most=5 * GWEI)
        node.arm(demanding(7 * GWEI), times=99, among=lambda exchange: exchange.sends)
        with pytest.raises(ChainError) as refused:
            sender.send(mints(token, 1))
    assert str(refused.value) == (
        f'the node takes "issue 1 to {HOLDER}" for no less than 7 gwei a unit of gas, and '
        "--max-fee allows 5 gwei, so it was not sent; wait, or run the same command again with "
        "--max-fee 7, which resumes"
    )
    assert token.total_supply() == 0
    # What was signed is in the journal, and is sent once the limit is higher.
    opened(operator.chain, operator).send(mints(token, 1))
    assert token.total_supply() == 1


def test_gas_over_the_limit_sends_nothing(operator, token):
    before = operator.chain.nonce(operator.address)
    with pytest.raises(ChainError) as refused:
        opened(operator.chain, operator, most=1).send(mints(token, 1))
    assert "more than --max-fee 0.000000001 gwei allows, so nothing was sent; wait until it" in str(
        refused.value
    )
    assert operator.chain.nonce(operator.address) == before
    assert operator.journal.find("mint/0") is None


def test_a_tip_that_was_wished_for_is_offered(operator, token):
    opened(operator.chain, operator, tip=2 * GWEI + 7).send(mints(token, 1))
    assert read_signed(operator.journal.find("mint/0").raw).fees.tip == 2 * GWEI + 7


@pytest.mark.attack("I2")
def test_what_waits_is_bumped_within_the_run_the_lowest_nonce_only(anvil, operator, token):
    """Starved by the miner until it has been raised twice; of the journal's versions one counts."""
    sender = opened(operator.chain, operator, bump_after=0.2, bumps=2)
    anvil.rpc("evm_setAutomine", False)

    def mine() -> None:
        until = time.monotonic() + PATIENCE
        while len(versions()) < 3 and time.monotonic() < until:
            time.sleep(0.05)
        # Bumped as often as it may be, it waits on.
        time.sleep(0.5)
        anvil.rpc("evm_mine")
        anvil.rpc("evm_setAutomine", True)

    def versions() -> list[JournalEntry]:
        entry = operator.journal.find("mint/0")
        return [] if entry is None else operator.journal.versions(entry)

    miner = threading.Thread(target=mine)
    miner.start()
    first, second = sender.send(mints(token, 2))
    miner.join()
    lowest = versions()
    offers = [read_signed(entry.raw).fees for entry in lowest]
    assert len(lowest) == 3
    assert all(8 * b.most >= 9 * a.most for a, b in itertools.pairwise(offers))
    assert first.hash == lowest[-1].hash
    assert len(operator.journal.versions(operator.journal.find("mint/1"))) == 1
    assert second.mined.success
    assert token.total_supply() == 3


def test_a_bump_stays_within_the_limit_and_says_so_in_the_end(anvil, operator, token):
    offered = Prices().offer(operator.chain.fees()).most
    sender = opened(operator.chain, operator, most=offered, bump_after=0.1)
    sender.timeout = 1
    anvil.rpc("evm_setAutomine", False)
    with pytest.raises(ChainError) as refused:
        sender.send(mints(token, 1))
    anvil.rpc("evm_setAutomine", True)
    assert (
        "leaves no room for an offer that replaces it; run the same command again with a "
        in str(refused.value)
    )
    assert len(operator.journal.versions(operator.journal.find("mint/0"))) == 1


def test_a_device_signs_each_transaction_when_the_one_before_is_mined(operator, token):
    """Somebody presses a button for each; none waits behind one that is not there yet."""

    class Device:
        on_device = True
        address = operator.address

        def sign(self, transaction):
            assert operator.chain.nonce(operator.address) == transaction["nonce"]
            return operator.signer.sign(transaction)

    device = Operator(operator.chain, Device(), operator.journal, timeout=PATIENCE)
    device.send(mints(token, 3))
    assert token.total_supply() == 6


def test_prices_reach_the_operator(chain, issuer, folder):
    with open_operator(chain, issuer, folder, prices=Prices(most=9)) as opened_one:
        assert opened_one.prices.most == 9
