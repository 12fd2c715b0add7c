"""The share token as an ERC-20: balances, allowances, issuing, and who may not move what."""

from __future__ import annotations

import pytest

from tests.chainkit import ZERO
from tests.contracts.stage import Stage, person, refused

MAX = 2**256 - 1
MAX_SUPPLY = 2**96 - 1


def transfer(giver: str, receiver: str, value: int) -> tuple[str, dict[str, object]]:
    """The event of a movement."""
    return ("Transfer", {"from": giver, "to": receiver, "value": value})


@pytest.mark.parametrize("decimals", range(19))
def test_a_token_has_the_decimals_it_was_made_with(kit, decimals):
    """A token can have 0 to 18 decimals."""
    assert Stage(kit, decimals=decimals).token.call("decimals") == decimals


@pytest.mark.parametrize("decimals", [19, 255])
def test_a_token_of_more_than_18_decimals_is_refused(kit, decimals):
    """More than 18 decimals are refused with what was asked and what is possible."""
    with refused("ShareToken_TooManyDecimals", decimals, 18):
        Stage(kit, decimals=decimals)


def test_a_token_without_an_owner_is_refused(kit):
    """Nobody could ever replace its rules."""
    with refused("OwnableInvalidOwner", ZERO):
        kit.deploy("ShareToken", ("N", "S", 0, ZERO, ZERO, ZERO))


def test_a_new_token_says_what_it_is_and_holds_nothing(stage):
    """Name, symbol and the empty ledger are as the terms say."""
    token = stage.token
    assert token.call("name") == "Harbour Street 12"
    assert token.call("symbol") == "HARB"
    assert token.call("totalSupply") == 0
    assert token.call("balanceOf", stage.ann) == 0
    assert token.call("recordCount") == 0
    assert token.call("compliance") == ZERO
    assert token.call("identityRegistry") == ZERO
    assert token.call("successorOf", stage.ann) == stage.ann


def test_an_open_token_announces_its_owner_and_agent_and_no_rules_or_registry(stage):
    """Who follows events must not find a registry, or rules, where there are none."""
    issuer = stage.kit.accounts[0]
    assert stage.token.receipt.events == (
        ("OwnershipTransferred", {"previousOwner": ZERO, "newOwner": issuer}),
        ("AgentAdded", {"agent": issuer}),
    )


def test_a_transfer_moves_exactly_the_amount_and_says_so_once(stage):
    """Giver, receiver and the one event agree; the supply does not change."""
    stage.issue({stage.ann: 100, stage.ben: 7})
    receipt = stage.move(stage.ann, stage.ben, 40)
    assert receipt.events == (transfer(stage.ann, stage.ben, 40),)
    assert stage.token.call("balanceOf", stage.ann) == 60
    assert stage.token.call("balanceOf", stage.ben) == 47
    assert stage.token.call("totalSupply") == 107


def test_the_movements_of_erc20_return_true(stage):
    """`transfer`, `transferFrom` and `approve` answer true, as ERC-20 wants it."""
    stage.issue({stage.ann: 100})
    stage.token.send("approve", stage.ben, 10, sender=stage.ann)
    assert stage.token.call("transfer", stage.ben, 1, sender=stage.ann) is True
    assert stage.token.call("transferFrom", stage.ann, stage.cid, 1, sender=stage.ben) is True
    assert stage.token.call("approve", stage.ben, 1, sender=stage.ann) is True


def test_more_than_the_balance_cannot_be_moved(stage):
    """The refusal names the giver, what it has and what was asked."""
    stage.issue({stage.ann: 100})
    with refused("ERC20InsufficientBalance", stage.ann, 100, 101):
        stage.move(stage.ann, stage.ben, 101)
    with refused("ERC20InsufficientBalance", stage.ann, 100, MAX):
        stage.move(stage.ann, stage.ben, MAX)
    with refused("ERC20InsufficientBalance", stage.ann, 100, 101):
        stage.move(stage.ann, stage.ann, 101)
    assert stage.token.call("balanceOf", stage.ann) == 100


def test_the_whole_balance_can_be_moved(stage):
    """A holder can leave nothing behind."""
    stage.issue({stage.ann: 100})
    stage.move(stage.ann, stage.ben, 100)
    assert stage.token.call("balanceOf", stage.ann) == 0
    assert stage.token.call("balanceOf", stage.ben) == 100


def test_C1_shares_cannot_be_sent_to_nobody_or_to_their_own_token(stage):
    """Neither address could ever send them on, by any of the ways that shares arrive."""
    token = stage.token
    stage.issue({stage.ann: 100})
    token.send("approve", stage.ben, 100, sender=stage.ann)
    for nowhere in (ZERO, token.address):
        with refused("ERC20InvalidReceiver", nowhere):
            stage.move(stage.ann, nowhere, 1)
        with refused("ERC20InvalidReceiver", nowhere):
            stage.move(stage.ann, nowhere, 0)
        with refused("ERC20InvalidReceiver", nowhere):
            token.send("transferFrom", stage.ann, nowhere, 1, sender=stage.ben)
        with refused("ERC20InvalidReceiver", nowhere):
            token.send("batchTransfer", [stage.cid, nowhere], [1, 1], sender=stage.ann)
        with refused("ERC20InvalidReceiver", nowhere):
            token.send("mint", nowhere, 1, sender=stage.agent)
        with refused("ERC20InvalidReceiver", nowhere):
            token.send("batchMint", [stage.cid, nowhere], [1, 1], sender=stage.agent)
    assert token.call("balanceOf", stage.ann) == token.call("totalSupply") == 100


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_A3_self_transfer_changes_nothing_and_is_one_event(stage, closed):
    """Shares sent to oneself are neither doubled nor lost, whatever records have closed."""
    stage.issue({stage.ann: 100})
    for _ in range(closed):
        stage.close()
    assert stage.move(stage.ann, stage.ann, 60).events == (transfer(stage.ann, stage.ann, 60),)
    assert stage.token.call("balanceOf", stage.ann) == 100
    assert stage.token.call("totalSupply") == 100
    for record in range(1, closed + 1):
        assert stage.token.call("balanceOfAt", stage.ann, record) == 100


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_A3_zero_transfer_changes_nothing_and_is_one_event(stage, closed):
    """Nothing can be sent by anyone to anyone, and leaves no trace but its event."""
    stage.issue({stage.ann: 100})
    for _ in range(closed):
        stage.close()
    assert stage.move(stage.ann, stage.ben, 0).events == (transfer(stage.ann, stage.ben, 0),)
    assert stage.move(stage.ben, stage.ann, 0).events == (transfer(stage.ben, stage.ann, 0),)
    assert stage.token.call("balanceOf", stage.ann) == 100
    assert stage.token.call("balanceOf", stage.ben) == 0
    for record in range(1, closed + 1):
        assert stage.token.call("balanceOfAt", stage.ann, record) == 100
        assert stage.token.call("balanceOfAt", stage.ben, record) == 0


# ------------------------------------------------------------------ allowances


def test_an_allowance_is_set_spent_and_overwritten(stage):
    """It falls by what was moved, and a new approval replaces what was left."""
    token = stage.token
    stage.issue({stage.ann: 100})
    approval = {"owner": stage.ann, "spender": stage.ben, "value": 30}
    receipt = token.send("approve", stage.ben, 30, sender=stage.ann)
    assert receipt.events == (("Approval", approval),)
    receipt = token.send("transferFrom", stage.ann, stage.cid, 10, sender=stage.ben)
    assert receipt.events == (transfer(stage.ann, stage.cid, 10),)
    assert token.call("allowance", stage.ann, stage.ben) == 20
    token.send("approve", stage.ben, 5, sender=stage.ann)
    assert token.call("allowance", stage.ann, stage.ben) == 5


def test_more_than_the_allowance_cannot_be_moved(stage):
    """The refusal names the spender, what it may and what it asked; not even a holder is exempt."""
    token = stage.token
    stage.issue({stage.ann: 100})
    token.send("approve", stage.ben, 30, sender=stage.ann)
    with refused("ERC20InsufficientAllowance", stage.ben, 30, 31):
        token.send("transferFrom", stage.ann, stage.cid, 31, sender=stage.ben)
    with refused("ERC20InsufficientAllowance", stage.stranger, 0, 1):
        token.send("transferFrom", stage.ann, stage.cid, 1, sender=stage.stranger)
    with refused("ERC20InsufficientAllowance", stage.ann, 0, 1):
        token.send("transferFrom", stage.ann, stage.cid, 1, sender=stage.ann)


def test_an_allowance_does_not_lift_the_balance(stage):
    """A spender with a large allowance is stopped by the owner's balance, and keeps it."""
    stage.issue({stage.ann: 10})
    stage.token.send("approve", stage.ben, 30, sender=stage.ann)
    with refused("ERC20InsufficientBalance", stage.ann, 10, 11):
        stage.token.send("transferFrom", stage.ann, stage.cid, 11, sender=stage.ben)
    assert stage.token.call("allowance", stage.ann, stage.ben) == 30


def test_an_unlimited_allowance_stays_unlimited(stage):
    """By custom the largest number is never counted down; one less is."""
    token = stage.token
    stage.issue({stage.ann: 100})
    token.send("approve", stage.ben, MAX, sender=stage.ann)
    token.send("transferFrom", stage.ann, stage.cid, 10, sender=stage.ben)
    assert token.call("allowance", stage.ann, stage.ben) == MAX
    token.send("approve", stage.ben, MAX - 1, sender=stage.ann)
    token.send("transferFrom", stage.ann, stage.cid, 10, sender=stage.ben)
    assert token.call("allowance", stage.ann, stage.ben) == MAX - 11


def test_nobody_cannot_be_a_spender(stage):
    """An allowance for the zero address is refused."""
    with refused("ERC20InvalidSpender", ZERO):
        stage.token.send("approve", ZERO, 1, sender=stage.ann)


def test_a_stranger_cannot_announce_an_issue_by_moving_nothing_from_nobody(stage):
    """A movement from the zero address means new shares to whoever reads events or keeps rules."""
    with refused("ERC20InvalidSender", ZERO):
        stage.token.send("transferFrom", ZERO, stage.ann, 0, sender=stage.stranger)


# --------------------------------------------------------------------- batches


def test_a_batch_transfer_is_so_many_transfers(stage):
    """Receivers get their amounts in order; one named twice gets both; the giver may be one."""
    stage.issue({stage.ann: 100})
    receipt = stage.token.send(
        "batchTransfer", [stage.ben, stage.cid, stage.ben, stage.ann], [1, 2, 3, 4],
        sender=stage.ann,
    )  # fmt: skip
    assert receipt.events == (
        transfer(stage.ann, stage.ben, 1),
        transfer(stage.ann, stage.cid, 2),
        transfer(stage.ann, stage.ben, 3),
        transfer(stage.ann, stage.ann, 4),
    )
    balances = [stage.token.call("balanceOf", who) for who in (stage.ann, stage.ben, stage.cid)]
    assert balances == [94, 4, 2]


def test_a_batch_transfer_moves_everything_or_nothing(stage):
    """The balance is looked at for each part, after the parts before it."""
    stage.issue({stage.ann: 100})
    with refused("ERC20InsufficientBalance", stage.ann, 40, 41):
        stage.token.send(
            "batchTransfer", [stage.ben, stage.cid], [60, 41], sender=stage.ann
        )  # fmt: skip
    assert stage.token.call("balanceOf", stage.ann) == 100
    assert stage.token.call("balanceOf", stage.ben) == 0


def test_a_batch_mint_is_so_many_mints_of_one_supply(stage):
    """Every receiver has its event; one named twice gets both amounts; nothing is an event too."""
    receipt = stage.token.send(
        "batchMint", [stage.ann, stage.ben, stage.ann, stage.cid], [1, 2, 3, 0], sender=stage.agent
    )
    assert receipt.events == (
        transfer(ZERO, stage.ann, 1),
        transfer(ZERO, stage.ben, 2),
        transfer(ZERO, stage.ann, 3),
        transfer(ZERO, stage.cid, 0),
    )
    assert stage.token.call("totalSupply") == 6
    assert stage.token.call("balanceOf", stage.ann) == 4


def test_an_empty_batch_does_nothing(stage):
    """No receivers and no amounts are no movement."""
    assert stage.token.send("batchMint", [], [], sender=stage.agent).events == ()
    assert stage.token.send("batchTransfer", [], [], sender=stage.ann).events == ()


@pytest.mark.parametrize(("receivers", "amounts"), [(2, 1), (1, 2), (0, 1), (1, 0)])
def test_a_batch_of_unequal_lists_is_refused(stage, receivers, amounts):
    """Receivers and amounts must be as many."""
    people, numbers = [person(i) for i in range(receivers)], [1] * amounts
    with refused("ShareToken_LengthMismatch", receivers, amounts):
        stage.token.send("batchMint", people, numbers, sender=stage.agent)
    with refused("ShareToken_LengthMismatch", receivers, amounts):
        stage.token.send("batchTransfer", people, numbers, sender=stage.ann)


# ------------------------------------------------------------ issuing and burning


def test_an_issue_grows_supply_and_balance(stage):
    """What is issued comes from nobody."""
    receipt = stage.token.send("mint", stage.ann, 100, sender=stage.agent)
    assert receipt.events == (transfer(ZERO, stage.ann, 100),)
    assert stage.token.call("totalSupply") == stage.token.call("balanceOf", stage.ann) == 100


def test_the_supply_can_reach_its_limit_and_no_more(stage):
    """The limit is 2^96 - 1; the refusal names the supply, the issue and the limit."""
    token = stage.token
    token.send("mint", stage.ann, MAX_SUPPLY - 1, sender=stage.agent)
    with refused("ShareToken_SupplyTooLarge", MAX_SUPPLY - 1, 2, MAX_SUPPLY):
        token.send("mint", stage.ben, 2, sender=stage.agent)
    token.send("mint", stage.ben, 1, sender=stage.agent)
    with refused("ShareToken_SupplyTooLarge", MAX_SUPPLY, 1, MAX_SUPPLY):
        token.send("mint", stage.ben, 1, sender=stage.agent)
    assert token.call("totalSupply") == MAX_SUPPLY


def test_a_batch_whose_sum_overflows_is_refused_like_any_too_large(stage):
    """Two amounts that add up to a small number modulo 2^256 do not slip through."""
    with refused("ShareToken_SupplyTooLarge", 0, MAX, MAX_SUPPLY):
        stage.token.send("batchMint", [stage.ann, stage.ben], [MAX, 2], sender=stage.agent)
    with refused("ShareToken_SupplyTooLarge", 0, MAX_SUPPLY + 1, MAX_SUPPLY):
        stage.token.send("batchMint", [stage.ann, stage.ben], [MAX_SUPPLY, 1], sender=stage.agent)


def test_a_balance_at_its_limit_moves_without_touching_its_neighbours_in_the_slot(stage):
    """With 2^96 - 1 shares and a history, the packed fields stay apart, there and back."""
    token = stage.token
    stage.issue({stage.ann: MAX_SUPPLY})
    for giver, receiver in ((stage.ann, stage.ben), (stage.ben, stage.ann)) * 2:
        stage.close()
        stage.move(giver, receiver, MAX_SUPPLY)
        assert token.call("balanceOf", giver) == 0
        assert token.call("balanceOf", receiver) == MAX_SUPPLY
    past = [token.call("balanceOfAt", stage.ann, record) for record in range(1, 5)]
    assert past == [MAX_SUPPLY, 0, MAX_SUPPLY, 0]
    past = [token.call("balanceOfAt", stage.ben, record) for record in range(1, 5)]
    assert past == [0, MAX_SUPPLY, 0, MAX_SUPPLY]
    assert [token.call("totalSupplyAt", record) for record in range(1, 5)] == [MAX_SUPPLY] * 4


def test_a_burn_shrinks_supply_and_balance(stage):
    """What is burned goes to nobody; no allowance is asked for or used."""
    token = stage.token
    stage.issue({stage.ann: 100})
    token.send("approve", stage.agent, 5, sender=stage.ann)
    receipt = token.send("burn", stage.ann, 40, sender=stage.agent)
    assert receipt.events == (transfer(stage.ann, ZERO, 40),)
    assert token.call("totalSupply") == token.call("balanceOf", stage.ann) == 60
    assert token.call("allowance", stage.ann, stage.agent) == 5


def test_more_than_the_balance_cannot_be_burned(stage):
    """The refusal is that of a transfer."""
    stage.issue({stage.ann: 100})
    with refused("ERC20InsufficientBalance", stage.ann, 100, 101):
        stage.token.send("burn", stage.ann, 101, sender=stage.agent)


def test_what_was_burned_can_be_issued_again(stage):
    """The limit is on the shares in existence."""
    stage.issue({stage.ann: MAX_SUPPLY})
    stage.token.send("burn", stage.ann, 10, sender=stage.agent)
    stage.issue({stage.ben: 10})
    assert stage.token.call("totalSupply") == MAX_SUPPLY


def test_A12_a_share_transfer_calls_no_currency(kit):
    """A token with a distribution in a currency that burns all gas moves for the usual price."""
    stage = Stage(kit)
    stage.issue({stage.ann: 100, stage.ben: 100})
    usual = stage.move(stage.ann, stage.ben, 1).gas
    poison = kit.deploy("GasBurner")
    record = stage.close()
    stage.declare(record, 1_000, currency=poison)
    poison.send("setBroken", True)
    stage.move(stage.ann, stage.ben, 1)
    assert stage.move(stage.ann, stage.ben, 1).gas <= usual
