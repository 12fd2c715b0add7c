"""The share token as an ERC-20: balances, allowances, issuing, and who may not move what."""

from __future__ import annotations

import pytest

from tests.chainkit import ZERO
from tests.contracts.harness import Harness, person, refused

MAX = 2**256 - 1
MAX_SUPPLY = 2**96 - 1


def transfer(giver: str, receiver: str, value: int) -> tuple[str, dict[str, object]]:
    """The event of a movement."""
    return ("Transfer", {"from": giver, "to": receiver, "value": value})


@pytest.mark.parametrize("decimals", range(19))
def test_a_token_has_the_decimals_it_was_made_with(kit, decimals):
    """A token can have 0 to 18 decimals."""
    assert Harness(kit, decimals=decimals).token.call("decimals") == decimals


@pytest.mark.parametrize("decimals", [19, 255])
def test_a_token_of_more_than_18_decimals_is_refused(kit, decimals):
    """More than 18 decimals are refused with what was asked and what is possible."""
    with refused("ShareToken_TooManyDecimals", decimals, 18):
        Harness(kit, decimals=decimals)


def test_a_token_without_an_owner_is_refused(kit):
    """Nobody could ever replace its rules."""
    with refused("OwnableInvalidOwner", ZERO):
        kit.deploy("ShareToken", ("N", "S", 0, ZERO, ZERO, ZERO, []))


def test_a_new_token_says_what_it_is_and_holds_nothing(harness):
    """Name, symbol and the empty ledger are as the terms say."""
    token = harness.token
    assert token.call("name") == "Harbour Street 12"
    assert token.call("symbol") == "HARB"
    assert token.call("totalSupply") == 0
    assert token.call("balanceOf", harness.ann) == 0
    assert token.call("recordCount") == 0
    assert token.call("compliance") == ZERO
    assert token.call("identityRegistry") == ZERO
    assert token.call("successorOf", harness.ann) == harness.ann


def test_an_open_token_announces_its_owner_and_agent_and_no_rules_or_registry(harness):
    """Who follows events must not find a registry, or rules, where there are none."""
    issuer, agent = harness.kit.accounts[:2]
    assert harness.token.receipt.events == (
        ("OwnershipTransferred", {"previousOwner": ZERO, "newOwner": issuer}),
        ("AgentAdded", {"agent": agent}),
    )


def test_a_transfer_moves_exactly_the_amount_and_says_so_once(harness):
    """Giver, receiver and the one event agree; the supply does not change."""
    harness.issue({harness.ann: 100, harness.ben: 7})
    receipt = harness.move(harness.ann, harness.ben, 40)
    assert receipt.events == (transfer(harness.ann, harness.ben, 40),)
    assert harness.token.call("balanceOf", harness.ann) == 60
    assert harness.token.call("balanceOf", harness.ben) == 47
    assert harness.token.call("totalSupply") == 107


def test_the_movements_of_erc20_return_true(harness):
    """`transfer`, `transferFrom` and `approve` answer true, as ERC-20 wants it."""
    harness.issue({harness.ann: 100})
    harness.token.send("approve", harness.ben, 10, sender=harness.ann)
    assert harness.token.call("transfer", harness.ben, 1, sender=harness.ann) is True
    assert (
        harness.token.call("transferFrom", harness.ann, harness.cid, 1, sender=harness.ben) is True
    )
    assert harness.token.call("approve", harness.ben, 1, sender=harness.ann) is True


def test_more_than_the_balance_cannot_be_moved(harness):
    """The refusal names the giver, what it has and what was asked."""
    harness.issue({harness.ann: 100})
    with refused("ERC20InsufficientBalance", harness.ann, 100, 101):
        harness.move(harness.ann, harness.ben, 101)
    with refused("ERC20InsufficientBalance", harness.ann, 100, MAX):
        harness.move(harness.ann, harness.ben, MAX)
    with refused("ERC20InsufficientBalance", harness.ann, 100, 101):
        harness.move(harness.ann, harness.ann, 101)
    assert harness.token.call("balanceOf", harness.ann) == 100


def test_the_whole_balance_can_be_moved(harness):
    """A holder can leave nothing behind."""
    harness.issue({harness.ann: 100})
    harness.move(harness.ann, harness.ben, 100)
    assert harness.token.call("balanceOf", harness.ann) == 0
    assert harness.token.call("balanceOf", harness.ben) == 100


@pytest.mark.attack("C1")
def test_shares_cannot_be_sent_to_nobody_or_to_their_own_token(harness):
    """Neither address could ever send them on, by any of the ways that shares arrive."""
    token = harness.token
    harness.issue({harness.ann: 100})
    token.send("approve", harness.ben, 100, sender=harness.ann)
    for nowhere in (ZERO, token.address):
        with refused("ERC20InvalidReceiver", nowhere):
            harness.move(harness.ann, nowhere, 1)
        with refused("ERC20InvalidReceiver", nowhere):
            harness.move(harness.ann, nowhere, 0)
        with refused("ERC20InvalidReceiver", nowhere):
            token.send("transferFrom", harness.ann, nowhere, 1, sender=harness.ben)
        with refused("ERC20InvalidReceiver", nowhere):
            token.send("batchTransfer", [harness.cid, nowhere], [1, 1], sender=harness.ann)
        with refused("ERC20InvalidReceiver", nowhere):
            token.send("mint", nowhere, 1, sender=harness.agent)
        with refused("ERC20InvalidReceiver", nowhere):
            token.send("batchMint", [harness.cid, nowhere], [1, 1], sender=harness.agent)
    assert token.call("balanceOf", harness.ann) == token.call("totalSupply") == 100


@pytest.mark.attack("A3")
@pytest.mark.parametrize("closed", [0, 1, 2])
def test_self_transfer_changes_nothing_and_is_one_event(harness, closed):
    """Shares sent to oneself are neither doubled nor lost, whatever records have closed."""
    harness.issue({harness.ann: 100})
    for _ in range(closed):
        harness.close()
    assert harness.move(harness.ann, harness.ann, 60).events == (
        transfer(harness.ann, harness.ann, 60),
    )
    assert harness.token.call("balanceOf", harness.ann) == 100
    assert harness.token.call("totalSupply") == 100
    for record in range(1, closed + 1):
        assert harness.token.call("balanceOfAt", harness.ann, record) == 100


@pytest.mark.attack("A3")
@pytest.mark.parametrize("closed", [0, 1, 2])
def test_zero_transfer_changes_nothing_and_is_one_event(harness, closed):
    """Nothing can be sent by anyone to anyone, and leaves no trace but its event."""
    harness.issue({harness.ann: 100})
    for _ in range(closed):
        harness.close()
    assert harness.move(harness.ann, harness.ben, 0).events == (
        transfer(harness.ann, harness.ben, 0),
    )
    assert harness.move(harness.ben, harness.ann, 0).events == (
        transfer(harness.ben, harness.ann, 0),
    )
    assert harness.token.call("balanceOf", harness.ann) == 100
    assert harness.token.call("balanceOf", harness.ben) == 0
    for record in range(1, closed + 1):
        assert harness.token.call("balanceOfAt", harness.ann, record) == 100
        assert harness.token.call("balanceOfAt", harness.ben, record) == 0


# ------------------------------------------------------------------ allowances


def test_an_allowance_is_set_spent_and_overwritten(harness):
    """It falls by what was moved, and a new approval replaces what was left."""
    token = harness.token
    harness.issue({harness.ann: 100})
    approval = {"owner": harness.ann, "spender": harness.ben, "value": 30}
    receipt = token.send("approve", harness.ben, 30, sender=harness.ann)
    assert receipt.events == (("Approval", approval),)
    receipt = token.send("transferFrom", harness.ann, harness.cid, 10, sender=harness.ben)
    assert receipt.events == (transfer(harness.ann, harness.cid, 10),)
    assert token.call("allowance", harness.ann, harness.ben) == 20
    token.send("approve", harness.ben, 5, sender=harness.ann)
    assert token.call("allowance", harness.ann, harness.ben) == 5


def test_more_than_the_allowance_cannot_be_moved(harness):
    """The refusal names the spender, what it may and what it asked; not even a holder is exempt."""
    token = harness.token
    harness.issue({harness.ann: 100})
    token.send("approve", harness.ben, 30, sender=harness.ann)
    with refused("ERC20InsufficientAllowance", harness.ben, 30, 31):
        token.send("transferFrom", harness.ann, harness.cid, 31, sender=harness.ben)
    with refused("ERC20InsufficientAllowance", harness.stranger, 0, 1):
        token.send("transferFrom", harness.ann, harness.cid, 1, sender=harness.stranger)
    with refused("ERC20InsufficientAllowance", harness.ann, 0, 1):
        token.send("transferFrom", harness.ann, harness.cid, 1, sender=harness.ann)


def test_an_allowance_does_not_lift_the_balance(harness):
    """A spender with a large allowance is stopped by the owner's balance, and keeps it."""
    harness.issue({harness.ann: 10})
    harness.token.send("approve", harness.ben, 30, sender=harness.ann)
    with refused("ERC20InsufficientBalance", harness.ann, 10, 11):
        harness.token.send("transferFrom", harness.ann, harness.cid, 11, sender=harness.ben)
    assert harness.token.call("allowance", harness.ann, harness.ben) == 30


def test_an_unlimited_allowance_stays_unlimited(harness):
    """By custom the largest number is never counted down; one less is."""
    token = harness.token
    harness.issue({harness.ann: 100})
    token.send("approve", harness.ben, MAX, sender=harness.ann)
    token.send("transferFrom", harness.ann, harness.cid, 10, sender=harness.ben)
    assert token.call("allowance", harness.ann, harness.ben) == MAX
    token.send("approve", harness.ben, MAX - 1, sender=harness.ann)
    token.send("transferFrom", harness.ann, harness.cid, 10, sender=harness.ben)
    assert token.call("allowance", harness.ann, harness.ben) == MAX - 11


def test_nobody_cannot_be_a_spender(harness):
    """An allowance for the zero address is refused."""
    with refused("ERC20InvalidSpender", ZERO):
        harness.token.send("approve", ZERO, 1, sender=harness.ann)


def test_a_stranger_cannot_announce_an_issue_by_moving_nothing_from_nobody(harness):
    """A movement from the zero address means new shares to whoever reads events or keeps rules."""
    with refused("ERC20InvalidSender", ZERO):
        harness.token.send("transferFrom", ZERO, harness.ann, 0, sender=harness.stranger)


# --------------------------------------------------------------------- batches


def test_a_batch_transfer_is_so_many_transfers(harness):
    """Receivers get their amounts in order; one named twice gets both; the giver may be one."""
    harness.issue({harness.ann: 100})
    receipt = harness.token.send(
        "batchTransfer", [harness.ben, harness.cid, harness.ben, harness.ann], [1, 2, 3, 4],
        sender=harness.ann,
    )  # fmt: skip
    assert receipt.events == (
        transfer(harness.ann, harness.ben, 1),
        transfer(harness.ann, harness.cid, 2),
        transfer(harness.ann, harness.ben, 3),
        transfer(harness.ann, harness.ann, 4),
    )
    balances = [
        harness.token.call("balanceOf", who) for who in (harness.ann, harness.ben, harness.cid)
    ]
    assert balances == [94, 4, 2]


def test_a_batch_transfer_moves_everything_or_nothing(harness):
    """The balance is looked at for each part, after the parts before it."""
    harness.issue({harness.ann: 100})
    with refused("ERC20InsufficientBalance", harness.ann, 40, 41):
        harness.token.send(
            "batchTransfer", [harness.ben, harness.cid], [60, 41], sender=harness.ann
        )  # fmt: skip
    assert harness.token.call("balanceOf", harness.ann) == 100
    assert harness.token.call("balanceOf", harness.ben) == 0


def test_a_batch_mint_is_so_many_mints_of_one_supply(harness):
    """Every receiver has its event; one named twice gets both amounts; nothing is an event too."""
    receipt = harness.token.send(
        "batchMint",
        [harness.ann, harness.ben, harness.ann, harness.cid],
        [1, 2, 3, 0],
        sender=harness.agent,
    )
    assert receipt.events == (
        transfer(ZERO, harness.ann, 1),
        transfer(ZERO, harness.ben, 2),
        transfer(ZERO, harness.ann, 3),
        transfer(ZERO, harness.cid, 0),
    )
    assert harness.token.call("totalSupply") == 6
    assert harness.token.call("balanceOf", harness.ann) == 4


def test_an_empty_batch_does_nothing(harness):
    """No receivers and no amounts are no movement."""
    assert harness.token.send("batchMint", [], [], sender=harness.agent).events == ()
    assert harness.token.send("batchTransfer", [], [], sender=harness.ann).events == ()


@pytest.mark.parametrize(("receivers", "amounts"), [(2, 1), (1, 2), (0, 1), (1, 0)])
def test_a_batch_of_unequal_lists_is_refused(harness, receivers, amounts):
    """Receivers and amounts must be as many."""
    people, numbers = [person(i) for i in range(receivers)], [1] * amounts
    with refused("ShareToken_LengthMismatch", receivers, amounts):
        harness.token.send("batchMint", people, numbers, sender=harness.agent)
    with refused("ShareToken_LengthMismatch", receivers, amounts):
        harness.token.send("batchTransfer", people, numbers, sender=harness.ann)


# ------------------------------------------------------------ issuing and burning


def test_an_issue_grows_supply_and_balance(harness):
    """What is issued comes from nobody."""
    receipt = harness.token.send("mint", harness.ann, 100, sender=harness.agent)
    assert receipt.events == (transfer(ZERO, harness.ann, 100),)
    assert harness.token.call("totalSupply") == harness.token.call("balanceOf", harness.ann) == 100


def test_the_supply_can_reach_its_limit_and_no_more(harness):
    """The limit is 2^96 - 1; the refusal names the supply, the issue and the limit."""
    token = harness.token
    token.send("mint", harness.ann, MAX_SUPPLY - 1, sender=harness.agent)
    with refused("ShareToken_SupplyTooLarge", MAX_SUPPLY - 1, 2, MAX_SUPPLY):
        token.send("mint", harness.ben, 2, sender=harness.agent)
    token.send("mint", harness.ben, 1, sender=harness.agent)
    with refused("ShareToken_SupplyTooLarge", MAX_SUPPLY, 1, MAX_SUPPLY):
        token.send("mint", harness.ben, 1, sender=harness.agent)
    assert token.call("totalSupply") == MAX_SUPPLY


def test_a_batch_whose_sum_overflows_is_refused_like_any_too_large(harness):
    """Two amounts that add up to a small number modulo 2^256 do not slip through."""
    with refused("ShareToken_SupplyTooLarge", 0, MAX, MAX_SUPPLY):
        harness.token.send("batchMint", [harness.ann, harness.ben], [MAX, 2], sender=harness.agent)
    with refused("ShareToken_SupplyTooLarge", 0, MAX_SUPPLY + 1, MAX_SUPPLY):
        harness.token.send(
            "batchMint", [harness.ann, harness.ben], [MAX_SUPPLY, 1], sender=harness.agent
        )


def test_a_balance_at_its_limit_moves_without_touching_its_neighbours_in_the_slot(harness):
    """With 2^96 - 1 shares and a history, the packed fields stay apart, there and back."""
    token = harness.token
    harness.issue({harness.ann: MAX_SUPPLY})
    for giver, receiver in ((harness.ann, harness.ben), (harness.ben, harness.ann)) * 2:
        harness.close()
        harness.move(giver, receiver, MAX_SUPPLY)
        assert token.call("balanceOf", giver) == 0
        assert token.call("balanceOf", receiver) == MAX_SUPPLY
    past = [token.call("balanceOfAt", harness.ann, record) for record in range(1, 5)]
    assert past == [MAX_SUPPLY, 0, MAX_SUPPLY, 0]
    past = [token.call("balanceOfAt", harness.ben, record) for record in range(1, 5)]
    assert past == [0, MAX_SUPPLY, 0, MAX_SUPPLY]
    assert [token.call("totalSupplyAt", record) for record in range(1, 5)] == [MAX_SUPPLY] * 4


def test_a_burn_shrinks_supply_and_balance(harness):
    """What is burned goes to nobody; no allowance is asked for or used."""
    token = harness.token
    harness.issue({harness.ann: 100})
    token.send("approve", harness.agent, 5, sender=harness.ann)
    receipt = token.send("burn", harness.ann, 40, sender=harness.agent)
    assert receipt.events == (transfer(harness.ann, ZERO, 40),)
    assert token.call("totalSupply") == token.call("balanceOf", harness.ann) == 60
    assert token.call("allowance", harness.ann, harness.agent) == 5


def test_more_than_the_balance_cannot_be_burned(harness):
    """The refusal is that of a transfer."""
    harness.issue({harness.ann: 100})
    with refused("ERC20InsufficientBalance", harness.ann, 100, 101):
        harness.token.send("burn", harness.ann, 101, sender=harness.agent)


def test_what_was_burned_can_be_issued_again(harness):
    """The limit is on the shares in existence."""
    harness.issue({harness.ann: MAX_SUPPLY})
    harness.token.send("burn", harness.ann, 10, sender=harness.agent)
    harness.issue({harness.ben: 10})
    assert harness.token.call("totalSupply") == MAX_SUPPLY


@pytest.mark.attack("A12")
def test_a_share_transfer_calls_no_currency(kit):
    """A token with a distribution in a currency that burns all gas moves for the usual price."""
    harness = Harness(kit)
    harness.issue({harness.ann: 100, harness.ben: 100})
    usual = harness.move(harness.ann, harness.ben, 1).gas
    poison = kit.deploy("GasBurner")
    record = harness.close()
    harness.declare(record, 1_000, currency=poison)
    poison.send("setBroken", True)
    harness.move(harness.ann, harness.ben, 1)
    assert harness.move(harness.ann, harness.ben, 1).gas <= usual
