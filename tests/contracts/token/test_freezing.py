"""Freezing: of a wallet, of so many shares, one by one and in batches, by both standards."""

from __future__ import annotations

import pytest

from tests.contracts.harness import refused

MAX = 2**256 - 1


def test_a_wallet_is_frozen_and_released(harness):
    """The event names who did it; the flag can be read."""
    token, ann, agent = harness.token, harness.ann, harness.agent
    for on in (True, False):
        receipt = token.send("setAddressFrozen", ann, on, sender=agent)
        assert receipt.events == (
            ("AddressFrozen", {"userAddress": ann, "isFrozen": on, "owner": agent}),
        )
        assert token.call("isFrozen", ann) is on


def test_a_freeze_makes_nobody_elses_income_wait(harness):
    """That some wallet has been frozen is one mark of the token, that income waits another."""
    token = harness.token
    token.send("setAddressFrozen", harness.ann, True, sender=harness.agent)
    assert token.call("incomeHeldWhileIneligible") is False
    assert token.call("claimantOf", harness.ben) == harness.ben
    token.send("setIncomeHeld", True, sender=harness.owner)
    token.send("setIncomeHeld", False, sender=harness.owner)
    harness.issue({harness.ben: 1})
    token.send("approve", harness.ann, 1, sender=harness.ben)
    with refused("ShareToken_SpenderBlocked", harness.ann):
        token.send("transferFrom", harness.ben, harness.cid, 1, sender=harness.ann)


@pytest.mark.attack("F1")
def test_a_frozen_wallet_cannot_send_receive_or_spend(harness):
    """Each by its own error, and all of it again after the release."""
    token, ann, ben, cid = harness.token, harness.ann, harness.ben, harness.cid
    harness.issue({ann: 100, ben: 100})
    for owner, spender in ((ann, cid), (ben, ann), (ben, cid)):
        token.send("approve", spender, MAX, sender=owner)
    token.send("setAddressFrozen", ann, True, sender=harness.agent)
    with refused("ERC7943CannotSend", ann):
        harness.move(ann, ben, 1)
    with refused("ERC7943CannotSend", ann):
        harness.move(ann, ben, 0)
    with refused("ERC7943CannotSend", ann):
        token.send("transferFrom", ann, ben, 1, sender=cid)
    with refused("ERC7943CannotReceive", ann):
        harness.move(ben, ann, 1)
    with refused("ERC7943CannotReceive", ann):
        token.send("transferFrom", ben, ann, 1, sender=cid)
    with refused("ShareToken_SpenderBlocked", ann):
        token.send("transferFrom", ben, cid, 1, sender=ann)
    with refused("ERC7943CannotReceive", ann):
        harness.issue({ann: 1})
    token.send("setAddressFrozen", ann, False, sender=harness.agent)
    token.send("transferFrom", ben, cid, 1, sender=ann)
    harness.move(ann, ben, 100)
    harness.move(ben, ann, 1)


def test_a_frozen_wallet_can_be_taken_from_and_burned_by_order(harness):
    """A freeze stops the holder, not the agent."""
    token, ann, ben, agent = harness.token, harness.ann, harness.ben, harness.agent
    harness.issue({ann: 100})
    token.send("setAddressFrozen", ann, True, sender=agent)
    token.send("forcedTransfer", ann, ben, 40, sender=agent)
    token.send("burn", ann, 40, sender=agent)
    assert [token.call("balanceOf", who) for who in (ann, ben)] == [20, 40]
    with refused("ERC7943CannotReceive", ann):
        token.send("forcedTransfer", ben, ann, 1, sender=agent)


def test_shares_are_frozen_and_released_one_by_one(harness):
    """By so many more, or fewer; both families of events tell the sum and the change."""
    token, ann, agent = harness.token, harness.ann, harness.agent
    harness.issue({ann: 100})
    token.send("freezePartialTokens", ann, 30, sender=agent)
    receipt = token.send("freezePartialTokens", ann, 70, sender=agent)
    assert receipt.events == (
        ("Frozen", {"account": ann, "amount": 100}),
        ("TokensFrozen", {"userAddress": ann, "amount": 70}),
    )
    receipt = token.send("unfreezePartialTokens", ann, 60, sender=agent)
    assert receipt.events == (
        ("Frozen", {"account": ann, "amount": 40}),
        ("TokensUnfrozen", {"userAddress": ann, "amount": 60}),
    )
    assert token.call("getFrozenTokens", ann) == 40


def test_no_more_is_frozen_one_by_one_than_there_is(harness):
    """The refusal names what is frozen and held; an absolute freeze above counts as such."""
    token, ann, agent = harness.token, harness.ann, harness.agent
    harness.issue({ann: 100})
    token.send("freezePartialTokens", ann, 60, sender=agent)
    for amount in (41, MAX):
        with refused("ShareToken_FreezeExceedsBalance", ann, 60, 100):
            token.send("freezePartialTokens", ann, amount, sender=agent)
    for amount in (40, 0):
        token.send("freezePartialTokens", ann, amount, sender=agent)
    assert token.call("getFrozenTokens", ann) == 100
    token.send("setFrozenTokens", ann, 101, sender=agent)
    for amount in (0, 1):
        with refused("ShareToken_FreezeExceedsBalance", ann, 101, 100):
            token.send("freezePartialTokens", ann, amount, sender=agent)


def test_no_more_is_released_than_is_frozen(harness):
    """The refusal names both amounts; a freeze above the balance can be released in parts."""
    token, ann, agent = harness.token, harness.ann, harness.agent
    harness.issue({ann: 100})
    with refused("ShareToken_UnfreezeExceedsFrozen", ann, 1, 0):
        token.send("unfreezePartialTokens", ann, 1, sender=agent)
    token.send("setFrozenTokens", ann, 150, sender=agent)
    token.send("unfreezePartialTokens", ann, 60, sender=agent)
    harness.move(ann, harness.ben, 10)
    with refused("ShareToken_UnfreezeExceedsFrozen", ann, 91, 90):
        token.send("unfreezePartialTokens", ann, 91, sender=agent)
    token.send("unfreezePartialTokens", ann, 90, sender=agent)
    harness.move(ann, harness.ben, 90)


def test_a_freeze_waits_for_shares_that_come_later(harness):
    """An absolute freeze holds what arrives until it is filled."""
    token, ann, ben, agent = harness.token, harness.ann, harness.ben, harness.agent
    token.send("setFrozenTokens", ann, 10, sender=agent)
    harness.issue({ann: 8})
    with refused("ERC7943InsufficientUnfrozenBalance", ann, 1, 0):
        harness.move(ann, ben, 1)
    harness.issue({ann: 5})
    harness.move(ann, ben, 3)
    with refused("ERC7943InsufficientUnfrozenBalance", ann, 1, 0):
        harness.move(ann, ben, 1)


def test_a_frozen_amount_does_not_keep_others_from_sending_to_it(harness):
    """It binds what its holder sends."""
    token, ann, ben = harness.token, harness.ann, harness.ben
    harness.issue({ann: 100, ben: 100})
    token.send("setFrozenTokens", ann, 100, sender=harness.agent)
    harness.move(ben, ann, 60)
    with refused("ERC20InsufficientBalance", ben, 40, 41):
        harness.move(ben, ann, 41)
    assert (token.call("balanceOf", ann), token.call("getFrozenTokens", ann)) == (160, 100)
    harness.move(ann, ben, 60)


def test_a_frozen_amount_binds_a_spender_too(harness):
    """Through `transferFrom` and in a batch."""
    token, ann, ben, agent = harness.token, harness.ann, harness.ben, harness.agent
    harness.issue({ann: 100})
    token.send("approve", ben, MAX, sender=ann)
    token.send("setFrozenTokens", ann, 60, sender=agent)
    with refused("ERC7943InsufficientUnfrozenBalance", ann, 41, 40):
        token.send("transferFrom", ann, ben, 41, sender=ben)
    with refused("ERC7943InsufficientUnfrozenBalance", ann, 21, 20):
        token.send("batchTransfer", [ben, ben], [20, 21], sender=ann)


def test_a_frozen_amount_outlives_records_and_belongs_to_no_other_field(harness):
    """Flags and history share a slot with the balance."""
    token, ann, ben, agent = harness.token, harness.ann, harness.ben, harness.agent
    harness.issue({ann: 100})
    token.send("setFrozenTokens", ann, 60, sender=agent)
    token.send("setAddressFrozen", ann, True, sender=agent)
    first = harness.close()
    token.send("setAddressFrozen", ann, False, sender=agent)
    second = harness.close()
    harness.move(ann, ben, 40)
    assert [token.call("balanceOfAt", ann, record) for record in (first, second)] == [100, 100]
    assert (token.call("balanceOf", ann), token.call("getFrozenTokens", ann)) == (60, 60)
    with refused("ERC7943InsufficientUnfrozenBalance", ann, 1, 0):
        harness.move(ann, ben, 1)


@pytest.mark.parametrize("amount", [0, 1, 40])
def test_a_pause_stops_every_way_of_transferring_until_it_ends(harness, amount):
    """Nothing too; orders go on."""
    token, ann, ben, agent = harness.token, harness.ann, harness.ben, harness.agent
    harness.issue({ann: 100})
    token.send("approve", ben, MAX, sender=ann)
    assert token.send("pause", sender=agent).events == (("Paused", {"userAddress": agent}),)
    assert token.call("paused") is True
    with refused("ShareToken_Paused"):
        harness.move(ann, ben, amount)
    with refused("ShareToken_Paused"):
        token.send("transferFrom", ann, ben, amount, sender=ben)
    with refused("ShareToken_Paused"):
        token.send("batchTransfer", [ben], [amount], sender=ann)
    token.send("forcedTransfer", ann, ben, amount, sender=agent)
    assert token.send("unpause", sender=agent).events == (("Unpaused", {"userAddress": agent}),)
    harness.move(ann, ben, amount)
