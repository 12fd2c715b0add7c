"""Freezing: of a wallet, of so many shares, one by one and in batches, by both standards."""

from __future__ import annotations

import pytest

from tests.contracts.stage import refused

MAX = 2**256 - 1


def test_a_wallet_is_frozen_and_released(stage):
    """The event names who did it; the flag can be read."""
    token, ann, agent = stage.token, stage.ann, stage.agent
    for on in (True, False):
        receipt = token.send("setAddressFrozen", ann, on, sender=agent)
        assert receipt.events == (
            ("AddressFrozen", {"userAddress": ann, "isFrozen": on, "owner": agent}),
        )
        assert token.call("isFrozen", ann) is on


def test_a_freeze_makes_nobody_elses_income_wait(stage):
    """That some wallet has been frozen is one mark of the token, that income waits another."""
    token = stage.token
    token.send("setAddressFrozen", stage.ann, True, sender=stage.agent)
    assert token.call("holdingsSuffice")
    assert token.call("claimantOf", stage.ben) == stage.ben
    token.send("setIncomeWaits", True, sender=stage.owner)
    token.send("setIncomeWaits", False, sender=stage.owner)
    stage.issue({stage.ben: 1})
    token.send("approve", stage.ann, 1, sender=stage.ben)
    with refused("ShareToken_SpenderBlocked", stage.ann):
        token.send("transferFrom", stage.ben, stage.cid, 1, sender=stage.ann)


def test_F1_a_frozen_wallet_cannot_send_receive_or_spend(stage):
    """Each by its own error, and all of it again after the release."""
    token, ann, ben, cid = stage.token, stage.ann, stage.ben, stage.cid
    stage.issue({ann: 100, ben: 100})
    for owner, spender in ((ann, cid), (ben, ann), (ben, cid)):
        token.send("approve", spender, MAX, sender=owner)
    token.send("setAddressFrozen", ann, True, sender=stage.agent)
    with refused("ERC7943CannotSend", ann):
        stage.move(ann, ben, 1)
    with refused("ERC7943CannotSend", ann):
        stage.move(ann, ben, 0)
    with refused("ERC7943CannotSend", ann):
        token.send("transferFrom", ann, ben, 1, sender=cid)
    with refused("ERC7943CannotReceive", ann):
        stage.move(ben, ann, 1)
    with refused("ERC7943CannotReceive", ann):
        token.send("transferFrom", ben, ann, 1, sender=cid)
    with refused("ShareToken_SpenderBlocked", ann):
        token.send("transferFrom", ben, cid, 1, sender=ann)
    with refused("ERC7943CannotReceive", ann):
        stage.issue({ann: 1})
    token.send("setAddressFrozen", ann, False, sender=stage.agent)
    token.send("transferFrom", ben, cid, 1, sender=ann)
    stage.move(ann, ben, 100)
    stage.move(ben, ann, 1)


def test_a_frozen_wallet_can_be_taken_from_and_burned_by_order(stage):
    """A freeze stops the holder, not the agent."""
    token, ann, ben, agent = stage.token, stage.ann, stage.ben, stage.agent
    stage.issue({ann: 100})
    token.send("setAddressFrozen", ann, True, sender=agent)
    token.send("forcedTransfer", ann, ben, 40, sender=agent)
    token.send("burn", ann, 40, sender=agent)
    assert [token.call("balanceOf", who) for who in (ann, ben)] == [20, 40]
    with refused("ERC7943CannotReceive", ann):
        token.send("forcedTransfer", ben, ann, 1, sender=agent)


def test_shares_are_frozen_and_released_one_by_one(stage):
    """By so many more, or fewer; both families of events tell the sum and the change."""
    token, ann, agent = stage.token, stage.ann, stage.agent
    stage.issue({ann: 100})
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


def test_no_more_is_frozen_one_by_one_than_there_is(stage):
    """The refusal names what is frozen and held; an absolute freeze above counts as such."""
    token, ann, agent = stage.token, stage.ann, stage.agent
    stage.issue({ann: 100})
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


def test_no_more_is_released_than_is_frozen(stage):
    """The refusal names both amounts; a freeze above the balance can be released in parts."""
    token, ann, agent = stage.token, stage.ann, stage.agent
    stage.issue({ann: 100})
    with refused("ShareToken_UnfreezeExceedsFrozen", ann, 1, 0):
        token.send("unfreezePartialTokens", ann, 1, sender=agent)
    token.send("setFrozenTokens", ann, 150, sender=agent)
    token.send("unfreezePartialTokens", ann, 60, sender=agent)
    stage.move(ann, stage.ben, 10)
    with refused("ShareToken_UnfreezeExceedsFrozen", ann, 91, 90):
        token.send("unfreezePartialTokens", ann, 91, sender=agent)
    token.send("unfreezePartialTokens", ann, 90, sender=agent)
    stage.move(ann, stage.ben, 90)


def test_a_freeze_waits_for_shares_that_come_later(stage):
    """An absolute freeze holds what arrives until it is filled."""
    token, ann, ben, agent = stage.token, stage.ann, stage.ben, stage.agent
    token.send("setFrozenTokens", ann, 10, sender=agent)
    stage.issue({ann: 8})
    with refused("ERC7943InsufficientUnfrozenBalance", ann, 1, 0):
        stage.move(ann, ben, 1)
    stage.issue({ann: 5})
    stage.move(ann, ben, 3)
    with refused("ERC7943InsufficientUnfrozenBalance", ann, 1, 0):
        stage.move(ann, ben, 1)


def test_a_frozen_amount_does_not_keep_others_from_sending_to_it(stage):
    """It binds what its holder sends."""
    token, ann, ben = stage.token, stage.ann, stage.ben
    stage.issue({ann: 100, ben: 100})
    token.send("setFrozenTokens", ann, 100, sender=stage.agent)
    stage.move(ben, ann, 60)
    with refused("ERC20InsufficientBalance", ben, 40, 41):
        stage.move(ben, ann, 41)
    assert (token.call("balanceOf", ann), token.call("getFrozenTokens", ann)) == (160, 100)
    stage.move(ann, ben, 60)


def test_a_frozen_amount_binds_a_spender_too(stage):
    """Through `transferFrom` and in a batch."""
    token, ann, ben, agent = stage.token, stage.ann, stage.ben, stage.agent
    stage.issue({ann: 100})
    token.send("approve", ben, MAX, sender=ann)
    token.send("setFrozenTokens", ann, 60, sender=agent)
    with refused("ERC7943InsufficientUnfrozenBalance", ann, 41, 40):
        token.send("transferFrom", ann, ben, 41, sender=ben)
    with refused("ERC7943InsufficientUnfrozenBalance", ann, 21, 20):
        token.send("batchTransfer", [ben, ben], [20, 21], sender=ann)


def test_a_frozen_amount_outlives_records_and_belongs_to_no_other_field(stage):
    """Flags and history share a slot with the balance."""
    token, ann, ben, agent = stage.token, stage.ann, stage.ben, stage.agent
    stage.issue({ann: 100})
    token.send("setFrozenTokens", ann, 60, sender=agent)
    token.send("setAddressFrozen", ann, True, sender=agent)
    first = stage.close()
    token.send("setAddressFrozen", ann, False, sender=agent)
    second = stage.close()
    stage.move(ann, ben, 40)
    assert [token.call("balanceOfAt", ann, record) for record in (first, second)] == [100, 100]
    assert (token.call("balanceOf", ann), token.call("getFrozenTokens", ann)) == (60, 60)
    with refused("ERC7943InsufficientUnfrozenBalance", ann, 1, 0):
        stage.move(ann, ben, 1)


@pytest.mark.parametrize("amount", [0, 1, 40])
def test_a_pause_stops_every_way_of_transferring_until_it_ends(stage, amount):
    """Nothing too; orders go on."""
    token, ann, ben, agent = stage.token, stage.ann, stage.ben, stage.agent
    stage.issue({ann: 100})
    token.send("approve", ben, MAX, sender=ann)
    assert token.send("pause", sender=agent).events == (("Paused", {"userAddress": agent}),)
    assert token.call("paused") is True
    with refused("ShareToken_Paused"):
        stage.move(ann, ben, amount)
    with refused("ShareToken_Paused"):
        token.send("transferFrom", ann, ben, amount, sender=ben)
    with refused("ShareToken_Paused"):
        token.send("batchTransfer", [ben], [amount], sender=ann)
    token.send("forcedTransfer", ann, ben, amount, sender=agent)
    assert token.send("unpause", sender=agent).events == (("Unpaused", {"userAddress": agent}),)
    stage.move(ann, ben, amount)
