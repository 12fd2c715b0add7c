"""Awkward currencies and receivers: each pays to the unit, or is refused before anything moves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chainkit import ZERO, Deployed, Receipt, Reverted
from tests.contracts.books import Books
from tests.contracts.harness import (
    SKIPPED_CLAIMED,
    SKIPPED_PAYMENT,
    Harness,
    refused,
    terms,
)

MEGABYTE = 1_000_000
LEAST, LEAST_OF_TOKENS = 100_000, 500_000
COIN = 10**18
GUARDED = "3ee5aeb5"  # ReentrancyGuardReentrantCall()


@pytest.fixture
def shares(harness) -> dict[str, int]:
    """Four holders."""
    return {harness.ann: 5_000, harness.ben: 3_333, harness.cid: 1_666, harness.dan: 1}


@pytest.fixture
def record(harness, shares) -> int:
    """A record of theirs, closed."""
    harness.issue(shares)
    return harness.close()


def reasons(receipt) -> list[tuple[str, int]]:
    """Whom a push passed over, and why."""
    return [(event["holder"], event["reason"]) for event in receipt.named("Skipped")]


def held(currency: Deployed, account: str) -> int:
    """What an account has of a currency."""
    return int(currency.call("balanceOf", account))


def break_it(currency: Deployed) -> None:
    """Switch a currency's bad side on."""
    arguments = (True, False) if currency.name == "ReturnBomb" else (True,)
    currency.send("setBroken", *arguments)


# -------------------------------------------------------------------- currencies


@pytest.mark.attack("D")
@pytest.mark.parametrize(
    "name",
    [
        "NoReturn", "ReturnsFalse", "FalseAfterMoving", "FeeOnTransfer", "BlockList",
        "PausableCurrency", "GasBurner", "ReturnBomb", "RevertsOnZero", "Reentrant",
    ],
)  # fmt: skip
def test_every_currency_on_a_good_day_is_paid_to_the_unit(harness, shares, record, name):
    """Claims, pages, tax and carry, against the model, in each awkward currency."""
    currency = harness.kit.deploy(name)
    books = Books(harness, shares)
    first = books.declare(record, 1_000_003, currency=currency, rate=1_500)
    second = books.declare(record, 9_999, currency=currency)
    books.claim(harness.ann, first, second)
    books.push(first, *shares)
    books.push(second, harness.dan, harness.cid, harness.ben)
    books.remit(first)
    third = books.declare(record, 1, currency=currency)
    assert harness.figures(third)["carriedIn"] > 0


@pytest.mark.attack("D")
@pytest.mark.parametrize("decimals", [0, 2, 6, 18, 27, 36])
def test_currencies_of_any_decimals_are_paid_to_the_unit(harness, shares, record, decimals):
    """The vault never asks how many there are: a third of a building's rent in each."""
    currency = harness.kit.deploy("Dollar", "Coin", "C", decimals)
    assert currency.call("decimals") == decimals
    books = Books(harness, shares)
    number = books.declare(record, 1_234_567 * 10**decimals + 1, currency=currency)
    for holder in shares:
        books.claim(holder, number)


@pytest.mark.attack("D")
def test_a_currency_that_refuses_to_move_nothing_is_never_asked_to(harness, shares, record):
    """A net of nothing is settled without a transfer, by claim and by push."""
    currency = harness.kit.deploy("RevertsOnZero")
    number = harness.declare(record, 9_999, currency=currency)
    receipt = harness.claim(harness.dan, number)
    assert receipt.settlements == [
        {"id": number, "holder": harness.dan, "payee": harness.dan, "gross": 0, "tax": 0}
    ]
    second = harness.declare(record, 9_999, currency=currency)
    assert reasons(harness.push(second, harness.dan)) == []


@pytest.mark.attack("D")
@pytest.mark.parametrize("name", ["ReturnsFalse", "FalseAfterMoving"])
def test_a_declaration_in_a_currency_that_answers_false_is_refused(harness, record, name):
    """Nothing is declared, and nothing stays in the vault."""
    currency = harness.kit.deploy(name)
    harness.fund(harness.agent, currency, 1_000)
    break_it(currency)
    with refused("DividendVault_FundingFailed", currency.address, harness.agent, 1_000):
        harness.vault.send(
            "declare", harness.token.address, record, currency.address, 1_000, terms(),
            sender=harness.agent,
        )  # fmt: skip
    assert (held(currency, harness.agent), held(currency, harness.vault.address)) == (1_000, 0)


@pytest.mark.attack("D")
@pytest.mark.parametrize("lacking", ["allowance", "money", "code"])
def test_a_declaration_that_cannot_be_paid_is_refused(harness, record, lacking):
    """Without allowance, without money, or in a currency that does not exist."""
    currency = harness.dollar.address
    if lacking == "allowance":
        harness.dollar.send("mint", harness.agent, 1_000)
    if lacking == "money":
        harness.dollar.send("approve", harness.vault.address, 1_000, sender=harness.agent)
    if lacking == "code":
        currency = harness.eve
    with refused("DividendVault_FundingFailed", currency, harness.agent, 1_000):
        harness.vault.send(
            "declare", harness.token.address, record, currency, 1_000, terms(), sender=harness.agent
        )
    assert harness.vault.call("distributionCount") == 0


@pytest.mark.attack("A8")
def test_a_fee_on_transfer_counts_what_arrived(harness, shares, record):
    """The distribution is what reached the vault, so that the last holder can be paid too."""
    currency = harness.kit.deploy("FeeOnTransfer")
    currency.send("setFee", 100)
    receipt = harness.declaring(record, 1_000_000, currency=currency)
    assert receipt.named("Declared")[0]["received"] == 990_000
    assert harness.figures(1)["amount"] == 990_000
    assert reasons(harness.push(1, *shares)) == []
    assert held(currency, harness.vault.address) == 0
    assert held(currency, harness.ann) == 495_000 - 4_950
    assert harness.figures(1)["paid"] == 990_000


@pytest.mark.attack("D")
def test_a_fee_of_everything_is_no_declaration(harness, record):
    """Nothing arrived."""
    currency = harness.kit.deploy("FeeOnTransfer")
    currency.send("setFee", 10_000)
    with refused("DividendVault_NothingReceived", currency.address, 1_000):
        harness.declare(record, 1_000, currency=currency)


@pytest.mark.attack("D")
def test_a_fee_switched_on_later_is_the_receivers(harness, shares, record):
    """The vault sends what is owed and stays solvent; the currency keeps its part of it."""
    currency = harness.kit.deploy("FeeOnTransfer")
    number = harness.declare(record, 10_000, currency=currency)
    harness.claim(harness.ann, number)
    currency.send("setFee", 1_000)
    harness.push(number, harness.ben, harness.cid, harness.dan)
    assert (held(currency, harness.ann), held(currency, harness.ben)) == (5_000, 3_000)
    assert held(currency, harness.vault.address) == 0


@pytest.mark.attack("A11")
@pytest.mark.parametrize("name", ["ReturnsFalse", "GasBurner", "ReturnBomb"])
def test_a_currency_that_breaks_leaves_every_claim_as_it_was(harness, shares, record, name):
    """Pushes pass over, claims are refused; once it is mended everybody is paid to the unit."""
    currency = harness.kit.deploy(name)
    number = harness.declare(record, 10_003, currency=currency)
    harness.claim(harness.dan, number)
    before = harness.figures(number)
    break_it(currency)
    receipt = harness.push(number, harness.ann, harness.ben)
    assert reasons(receipt) == [
        (harness.ann, SKIPPED_PAYMENT), (harness.ben, SKIPPED_PAYMENT)
    ]  # fmt: skip
    assert receipt.settlements == []
    with refused("DividendVault_PaymentFailed", currency.address, harness.ann, 5_001):
        harness.claim(harness.ann, number)
    assert harness.figures(number) == before
    assert harness.vault.call("isClaimed", number, harness.ann) is False
    assert harness.vault.call("claimable", number, harness.ann) == 5_001
    currency.send("setBroken", *((False, False) if name == "ReturnBomb" else (False,)))
    assert reasons(harness.push(number, harness.ann, harness.ben, harness.cid)) == []
    assert held(currency, harness.vault.address) == 2
    assert harness.vault.call("carried", harness.token.address, currency.address) == 2


@pytest.mark.attack("A11")
@pytest.mark.parametrize("rate", [1_000, 2])
@pytest.mark.parametrize("native_coin", [False, True])
def test_a_payment_that_failed_withholds_nothing(harness, shares, record, native_coin, rate):
    """The tax of a holder who was passed over is neither withheld nor remitted."""
    books = Books(harness, shares)
    closed = harness.kit.deploy("RejectingReceiver")
    currency = harness.kit.deploy("BlockList")
    number = books.declare(record, 10_003, currency=currency, native=native_coin, rate=rate)
    harness.vault.send("setPayee", closed.address, sender=harness.ann)
    currency.send("setBlocked", closed.address, True)
    assert reasons(harness.push(number, harness.ann)) == [(harness.ann, SKIPPED_PAYMENT)]
    books.check()
    books.push(number, harness.ben)
    assert reasons(harness.push(number, harness.ann)) == [(harness.ann, SKIPPED_PAYMENT)]
    books.check()
    harness.vault.send("setPayee", harness.ann, sender=harness.ann)
    books.push(number, harness.ann)
    books.remit(number)


@pytest.mark.attack("A11")
@pytest.mark.parametrize(("amount", "lost"), [(10_000, 0), (10_001, 1), (10_003, 2)])
def test_a_last_payment_that_failed_carries_nothing(harness, shares, record, amount, lost):
    """What rounding has lost is carried with the last settlement, and the failed one was none."""
    books = Books(harness, shares)
    currency = harness.kit.deploy("BlockList")
    number = books.declare(record, amount, currency=currency)
    books.push(number, harness.ann, harness.ben, harness.cid)
    currency.send("setBlocked", harness.dan, True)
    receipt = harness.push(number, harness.dan)
    assert reasons(receipt) == [(harness.dan, SKIPPED_PAYMENT)]
    assert receipt.named("Carried") == []
    assert harness.vault.call("carried", harness.token.address, currency.address) == 0
    books.check()
    currency.send("setBlocked", harness.dan, False)
    books.push(number, harness.dan)
    assert harness.vault.call("carried", harness.token.address, currency.address) == lost


@pytest.mark.attack("D")
def test_a_reason_of_a_megabyte_is_not_copied(harness, shares, record):
    """A revert that returns a megabyte costs the page its bounded gas and no more."""
    currency = harness.kit.deploy("ReturnBomb")
    number = harness.declare(record, 10_000, currency=currency)
    currency.send("setBroken", True, True)
    receipt = harness.vault.send("pushWithGas", number, list(shares), LEAST_OF_TOKENS)
    assert reasons(receipt) == [(holder, SKIPPED_PAYMENT) for holder in shares]
    assert receipt.gas < 4 * 600_000
    with refused("DividendVault_PaymentFailed", currency.address, harness.ann, 5_000):
        harness.claim(harness.ann, number)


@pytest.mark.attack("D")
def test_a_currency_that_burns_gas_cannot_burn_the_page(harness, shares, record):
    """Each payment of a page has a bound of its own."""
    currency = harness.kit.deploy("GasBurner")
    number = harness.declare(record, 10_000, currency=currency)
    currency.send("setBroken", True)
    receipt = harness.vault.send("pushWithGas", number, list(shares), LEAST_OF_TOKENS)
    assert len(receipt.named("Skipped")) == 4
    assert receipt.gas < 4 * 600_000


@pytest.mark.attack("A11")
def test_a_currency_that_moves_and_answers_false_stops_the_page(harness, shares, record):
    """Nobody could say whether the holder was paid, so nothing of the page happens."""
    currency = harness.kit.deploy("FalseAfterMoving")
    number = harness.declare(record, 10_000, currency=currency)
    before = harness.figures(number)
    currency.send("setBroken", True)
    with refused("DividendVault_MovedOnFailure", currency.address, harness.ann, 5_000):
        harness.push(number, harness.ann)
    with refused("DividendVault_MovedOnFailure", currency.address, harness.ben, 3_333):
        harness.push(number, harness.ben, harness.ann)
    with refused("DividendVault_PaymentFailed", currency.address, harness.ann, 5_000):
        harness.claim(harness.ann, number)
    assert harness.figures(number) == before
    assert held(currency, harness.ann) == 0


@pytest.mark.attack("A12", "D")
def test_a_holder_that_is_blocked_does_not_hold_up_the_others(harness, shares, record):
    """It is passed over and still owed; another payee, or being freed, gets it the money."""
    currency = harness.kit.deploy("BlockList")
    number = harness.declare(record, 10_000, currency=currency)
    currency.send("setBlocked", harness.ann, True)
    assert reasons(harness.push(number, *shares)) == [(harness.ann, SKIPPED_PAYMENT)]
    with refused("DividendVault_PaymentFailed", currency.address, harness.ann, 5_000):
        harness.claim(harness.ann, number)
    assert harness.vault.call("claimable", number, harness.ann) == 5_000
    harness.vault.send("setPayee", harness.eve, sender=harness.ann)
    harness.claim(harness.ann, number)
    assert held(currency, harness.eve) == 5_000
    assert harness.figures(number)["owed"] == 0


@pytest.mark.attack("D")
def test_a_holder_to_whom_a_currency_says_no_does_not_hold_up_the_others(harness, shares, record):
    """The vault knows what it has left after those of the page who were paid before."""
    currency = harness.kit.deploy("SilentBlockList")
    number = harness.declare(record, 10_000, currency=currency)
    holders = list(shares)
    refused_ones = holders[1::2]
    for holder in refused_ones:
        currency.send("setBlocked", holder, True)
    receipt = harness.push(number, *holders)
    assert reasons(receipt) == [(holder, SKIPPED_PAYMENT) for holder in refused_ones]
    assert all(held(currency, holder) for holder in holders[::2])
    for holder in refused_ones:
        currency.send("setBlocked", holder, False)
    assert reasons(harness.push(number, *refused_ones)) == []
    assert harness.figures(number)["owed"] == 0


@pytest.mark.attack("D")
def test_a_vault_that_is_blocked_in_one_currency_pays_in_the_others(harness, shares, record):
    """The claim of one does not see the other; together they are refused as one."""
    currency = harness.kit.deploy("BlockList")
    bad = harness.declare(record, 10_000, currency=currency)
    good = harness.declare(record, 10_000)
    currency.send("setBlocked", harness.vault.address, True)
    with refused("DividendVault_PaymentFailed", currency.address, harness.ann, 5_000):
        harness.claim(harness.ann, good, bad)
    harness.claim(harness.ann, good)
    assert held(harness.dollar, harness.ann) == 5_000
    assert reasons(harness.push(bad, harness.ann)) == [(harness.ann, SKIPPED_PAYMENT)]
    currency.send("setBlocked", harness.vault.address, False)
    harness.claim(harness.ann, bad)
    assert held(currency, harness.ann) == 5_000


@pytest.mark.attack("D")
def test_a_collector_that_is_blocked_does_not_hold_up_the_holders(harness, shares, record):
    """Tax that cannot be remitted stays withheld until it can."""
    currency = harness.kit.deploy("BlockList")
    books = Books(harness, shares)
    number = books.declare(record, 10_000, currency=currency, rate=1_000)
    currency.send("setBlocked", harness.collector, True)
    books.push(number, *shares)
    with refused("DividendVault_PaymentFailed", currency.address, harness.collector, 999):
        harness.vault.send("remit", number)
    currency.send("setBlocked", harness.collector, False)
    books.remit(number)


@pytest.mark.attack("D")
def test_a_recipient_that_is_blocked_can_be_swept_to_later(harness, shares, record):
    """A sweep that cannot be paid changes nothing."""
    currency = harness.kit.deploy("BlockList")
    books = Books(harness, shares)
    number = books.declare(
        record, 10_003, currency=currency, deadline=harness.kit.now, sweep_to=harness.issuer
    )
    books.claim(harness.ann, number)
    harness.kit.now += 1
    currency.send("setBlocked", harness.issuer, True)
    with refused("DividendVault_PaymentFailed", currency.address, harness.issuer, 5_001):
        harness.vault.send("sweep", number)
    books.check()
    currency.send("setBlocked", harness.issuer, False)
    books.sweep(number)


@pytest.mark.attack("D")
def test_a_currency_paused_midway_goes_on_where_it_stopped(harness, shares, record):
    """Those paid stay paid, the others stay owed."""
    currency = harness.kit.deploy("PausableCurrency")
    books = Books(harness, shares)
    number = books.declare(record, 10_003, currency=currency)
    books.push(number, harness.ann, harness.dan)
    currency.send("setPaused", True)
    receipt = harness.push(number, *shares)
    assert [event["holder"] for event in receipt.named("Skipped")] == list(shares)
    assert (harness.cid, SKIPPED_PAYMENT) in reasons(receipt)
    with refused("DividendVault_PaymentFailed", currency.address, harness.ben, 3_333):
        harness.claim(harness.ben, number)
    books.check()
    currency.send("setPaused", False)
    books.push(number, *shares)


# ---------------------------------------------------------------- native receivers


def native(harness: Harness, record: int, receiver: Deployed) -> int:
    """A distribution of ten coins in which Ann's half goes to a receiver contract; its id."""
    number = harness.declare_native(record, 10 * COIN)
    harness.vault.send("setPayee", receiver.address, sender=harness.ann)
    return number


@pytest.mark.attack("E1")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("RejectingReceiver", ()),
        ("GasBurningReceiver", ()),
        ("ReturnBombingReceiver", (MEGABYTE, False)),
        ("ReturnBombingReceiver", (MEGABYTE, True)),
        ("ReturnBombingReceiver", (100_000, True)),
    ],
)
def test_a_receiver_that_refuses_stays_owed_and_holds_up_nobody(
    harness, shares, record, name, arguments
):
    """By error, by burning gas, by a megabyte: the page goes on, and the holder can choose anew."""
    receiver = harness.kit.deploy(name, *arguments)
    number = native(harness, record, receiver)
    before = harness.figures(number)
    receipt = harness.vault.send("pushWithGas", number, [harness.ann], LEAST)
    assert reasons(receipt) == [(harness.ann, SKIPPED_PAYMENT)]
    assert receipt.gas < 250_000
    # With all the gas there is, an answer of a megabyte is one that a receiver can afford.
    if arguments != (MEGABYTE, False):
        with refused("DividendVault_PaymentFailed", ZERO, receiver.address, 5 * COIN):
            harness.claim(harness.ann, number)
    assert harness.figures(number) == before
    receipt = harness.vault.send("pushWithGas", number, list(shares), LEAST)
    assert reasons(receipt) == [(harness.ann, SKIPPED_PAYMENT)]
    assert harness.figures(number)["owed"] == 5 * COIN
    harness.vault.send("setPayee", harness.eve, sender=harness.ann)
    coins = harness.kit.balance(harness.eve)
    harness.claim(harness.ann, number)
    assert harness.kit.balance(harness.eve) - coins == 5 * COIN
    assert harness.kit.balance(harness.vault.address) == 0


@pytest.mark.attack("E1")
def test_an_answer_of_many_bytes_is_a_payment_all_the_same(harness, shares, record):
    """What a receiver says is not copied and not listened to."""
    receiver = harness.kit.deploy("ReturnBombingReceiver", 100_000, False)
    number = native(harness, record, receiver)
    receipt = harness.push(number, harness.ann)
    assert reasons(receipt) == []
    assert receipt.gas < 250_000
    assert harness.kit.balance(receiver.address) == 5 * COIN


@pytest.mark.attack("E1")
def test_a_receiver_that_opens_later_is_paid_in_full(harness, shares, record):
    """A failed payment can be retried as often as one likes."""
    receiver = harness.kit.deploy("RejectingReceiver")
    number = native(harness, record, receiver)
    for _ in range(3):
        harness.push(number, harness.ann)
    receiver.send("unlock")
    assert reasons(harness.push(number, harness.ann)) == []
    assert harness.kit.balance(receiver.address) == 5 * COIN


@pytest.mark.attack("E1")
def test_a_wallet_contract_that_holds_shares_is_paid_like_anyone(harness):
    """It may also choose a payee, as itself."""
    wallet = harness.kit.deploy("ContractWallet")
    harness.issue({wallet.address: 3, harness.ann: 1})
    record = harness.close()
    first, second = (harness.declare_native(record, 4 * COIN) for _ in range(2))
    harness.claim(wallet.address, first)
    assert harness.kit.balance(wallet.address) == 3 * COIN
    call = harness.kit.codec.call("DividendVault", "setPayee", harness.eve)
    wallet.send("execute", harness.vault.address, call)
    coins = harness.kit.balance(harness.eve)
    harness.push(second, wallet.address)
    assert harness.kit.balance(harness.eve) - coins == 3 * COIN


# ------------------------------------------------------------------- gas for the payee


def busy(harness: Harness, slots: int) -> Deployed:
    """A wallet with shares that writes so many fresh slots for each payment, 22,100 gas each."""
    return harness.kit.deploy("BusyWallet", slots)


def sent_with(harness: Harness, gas: int, function: str, *args: Any) -> Receipt | None:
    """What a call of the vault with so much gas left behind; None if it was refused."""
    data = harness.kit.codec.call("DividendVault", function, *args)
    try:
        return harness.kit.transact(harness.stranger, harness.vault.address, data, gas=gas)
    except Reverted:
        return None


@pytest.mark.attack("K8")
@pytest.mark.parametrize("slots", [4, 5, 12, 60])
def test_a_claim_pays_a_wallet_that_writes_many_slots(harness, slots):
    """The native coin comes with what gas there is; with too little the claim is refused, and with
    more it can be tried again (Law 37)."""
    wallet = busy(harness, slots)
    harness.issue({wallet.address: 3, harness.ann: 1})
    record = harness.close()
    number = harness.declare_native(record, 4 * COIN)
    before = harness.figures(number)
    for gas in (100_000 + 20_000 * slots, 130_000 + 15_000 * slots):
        assert sent_with(harness, gas, "claim", [number], wallet.address) is None
        assert harness.figures(number) == before
    receipt = sent_with(harness, 300_000 + 24_000 * slots, "claim", [number], wallet.address)
    assert receipt is not None
    assert harness.kit.balance(wallet.address) == 3 * COIN


@pytest.mark.attack("K8")
def test_whoever_is_alone_in_a_payment_gets_all_gas(harness):
    """Remittance, sweep and refund pay a wallet that writes twelve slots (Law 37)."""
    wallet = busy(harness, 12)
    tax = harness.kit.deploy("FlatTax", 1_000, wallet.address).address
    empty = harness.close()
    harness.issue({harness.ann: 1, harness.ben: 1})
    record = harness.close()
    number = harness.declare_native(
        record, 10 * COIN, tax_policy=tax, deadline=harness.kit.now, sweep_to=wallet.address
    )
    harness.claim(harness.ann, number)
    harness.kit.now += 1
    for step in ("remit", "sweep"):
        harness.vault.send(step, number)
    assert harness.kit.balance(wallet.address) == 5 * COIN + COIN // 2
    with refused("DividendVault_NoEligibleShares", harness.token.address, empty):
        harness.declare_native(empty, COIN)


@pytest.mark.attack("K8")
@pytest.mark.parametrize("needs", ["four slots", "a policy of 300,000 gas"])
def test_a_push_with_little_gas_skips_nobody(harness, needs):
    """Whatever gas a stranger calls with: all are paid, or the call is refused with nothing done.
    A payee that takes what a page offers at the least is never passed over, nor is the tax policy
    taken for one that failed (Law 37)."""
    wallet = busy(harness, 4 if needs == "four slots" else 0)
    people = [wallet.address, harness.ben]
    harness.issue(dict.fromkeys(people, 5))
    options = {} if needs == "four slots" else {"tax_policy": harness.kit.deploy("SlowTax").address}
    number = harness.declare_native(harness.close(), 10 * COIN, **options)
    before, start = harness.figures(number), harness.kit.evm.snapshot()
    paid = 0
    for gas in range(60_000, 1_600_000, 3_517):
        receipt = sent_with(harness, gas, "push", number, people)
        if receipt is None:
            assert harness.figures(number) == before
        else:
            assert reasons(receipt) == []
            assert [e["holder"] for e in receipt.named("Claimed")] == people
            paid += 1
        harness.kit.evm.revert(start)
        start = harness.kit.evm.snapshot()
    assert 50 < paid < 430


def test_less_than_the_least_cannot_be_offered(harness):
    """Of the native coin or of tokens: nobody is passed over for want of gas (Law 37)."""
    harness.issue({harness.ann: 5, harness.ben: 5})
    record = harness.close()
    for number, least in (
        (harness.declare_native(record, 10), LEAST),
        (harness.declare(record, 10), LEAST_OF_TOKENS),
    ):
        with refused("DividendVault_TooLittleGas", least - 1, least):
            harness.vault.send("pushWithGas", number, [harness.ann], least - 1)
        assert reasons(harness.vault.send("pushWithGas", number, [harness.ann], least)) == []


def test_nobody_is_paid_by_a_push_whose_successor_is_the_vault(harness):
    """Its money would stay here, and nobody could ever claim it."""
    harness.issue({harness.ann: 5, harness.ben: 5})
    number = harness.declare(harness.close(), 10)
    harness.token.send(
        "recoveryAddress", harness.ann, harness.vault.address, ZERO, sender=harness.agent
    )
    assert reasons(harness.push(number, harness.ann, harness.ben)) == [
        (harness.ann, SKIPPED_PAYMENT)
    ]
    assert harness.vault.call("claimable", number, harness.ann) == 5


@pytest.mark.attack("K8")
def test_a_push_that_offers_too_little_leaves_a_wallet_owed_as_before(harness):
    """One that needs more than its part of the page is passed over, or paid where there is more;
    with `pushWithGas` the caller says how much, and no less than the least (Law 37)."""
    wallet = busy(harness, 8)
    people = [wallet.address, harness.ben]
    harness.issue(dict.fromkeys(people, 5))
    number = harness.declare_native(harness.close(), 10 * COIN)
    start, seen = harness.kit.evm.snapshot(), set()
    for gas in range(300_000, 900_000, 30_011):
        receipt = sent_with(harness, gas, "push", number, people)
        if receipt is not None:
            skipped = reasons(receipt)
            assert skipped in ([], [(wallet.address, SKIPPED_PAYMENT)])
            owed = harness.vault.call("claimable", number, wallet.address)
            assert (owed, harness.kit.balance(wallet.address)) == (
                (5 * COIN, 0) if skipped else (0, 5 * COIN)
            )
            seen.add(len(skipped))
        harness.kit.evm.revert(start)
        start = harness.kit.evm.snapshot()
    assert seen == {0, 1}
    for least, call in (
        (LEAST, (number, people, LEAST - 1)),
        (LEAST_OF_TOKENS, (harness.declare(1, 10), people, LEAST_OF_TOKENS - 1)),
    ):
        with refused("DividendVault_TooLittleGas", least - 1, least):
            harness.vault.send("pushWithGas", *call)
    assert reasons(harness.vault.send("pushWithGas", number, people, LEAST)) == [
        (wallet.address, SKIPPED_PAYMENT)
    ]
    assert reasons(harness.vault.send("pushWithGas", number, people, 250_000)) == [
        (harness.ben, SKIPPED_CLAIMED)
    ]
    assert harness.kit.balance(wallet.address) == 5 * COIN


@pytest.mark.attack("K8")
@pytest.mark.parametrize("place", [0, 4, 8])
def test_payees_that_burn_gas_burn_their_own_part_of_a_page(harness, place):
    """Eight of nine burn all they get, wherever the ninth stands: it is paid, and each has burnt
    what it was offered (Law 37)."""
    burners = [harness.kit.deploy("GasBurningReceiver").address for _ in range(8)]
    people = [*burners[:place], harness.ann, *burners[place:]]
    harness.issue(dict.fromkeys(people, 1))
    number = harness.declare_native(harness.close(), 9 * COIN)
    coins = harness.kit.balance(harness.ann)
    for gas in (2_000_000, 6_000_000):
        before = harness.kit.evm.snapshot()
        receipt = sent_with(harness, gas, "push", number, people)
        assert receipt is not None
        assert reasons(receipt) == [(who, SKIPPED_PAYMENT) for who in burners]
        assert harness.kit.balance(harness.ann) - coins == COIN
        share = max(gas // 9 - 80_000, LEAST)
        assert 7 * share < receipt.gas < 9 * (share + 80_000)
        harness.kit.evm.revert(before)
    receipt = harness.vault.send("pushWithGas", number, people, LEAST)
    assert len(reasons(receipt)) == 8
    assert receipt.gas < 9 * (LEAST + 80_000)


@pytest.mark.attack("K8")
def test_a_currency_gets_no_less_in_a_page_than_it_ever_did(harness, shares, record):
    """Half a million gas for each transfer of an ERC-20, or the page is refused (Law 37)."""
    number = harness.declare(record, 10_000)
    before, people = harness.figures(number), list(shares)
    assert sent_with(harness, 550_000, "push", number, people) is None
    assert harness.figures(number) == before
    receipt = sent_with(harness, 1_000_000, "push", number, people)
    assert receipt is not None
    assert reasons(receipt) == []


@pytest.mark.attack("E1")
def test_a_collector_a_recipient_and_a_declarer_that_refuse_lose_nothing(harness, shares):
    """Remittance, sweep and refund in native coin are refused and can be tried again."""
    closed = harness.kit.deploy("RejectingReceiver")
    tax = harness.kit.deploy("FlatTax", 1_000, closed.address).address
    harness.issue(shares)
    record = harness.close()
    number = harness.declare_native(
        record, 10 * COIN, tax_policy=tax, deadline=harness.kit.now, sweep_to=closed.address
    )
    harness.claim(harness.ann, number)
    harness.kit.now += 1
    with refused("DividendVault_PaymentFailed", ZERO, closed.address, COIN // 2):
        harness.vault.send("remit", number)
    with refused("DividendVault_PaymentFailed", ZERO, closed.address, 5 * COIN):
        harness.vault.send("sweep", number)
    closed.send("unlock")
    harness.vault.send("remit", number)
    harness.vault.send("sweep", number)
    assert harness.kit.balance(closed.address) == 5 * COIN + COIN // 2
    assert harness.kit.balance(harness.vault.address) == 0


# ---------------------------------------------------------------------- re-entering


def entrances(harness: Harness, record: int, number: int) -> dict[str, tuple[Any, ...]]:
    """A call of each guarded function that would do something if it were let in."""
    return {
        "claim": ([number], harness.ben),
        "push": (number, [harness.ben]),
        "declare": (harness.token.address, record, ZERO, 0, terms()),
        "sweep": (number,),
        "remit": (number,),
        "refund": (number,),
    }


@pytest.mark.attack("E3")
@pytest.mark.parametrize("entrance", ["claim", "push", "declare", "sweep", "remit", "refund"])
@pytest.mark.parametrize("step", ["claim", "push", "declare", "remit", "sweep", "refund"])
def test_a_currency_that_calls_back_finds_every_entrance_shut(harness, shares, step, entrance):
    """While money moves by any function, no function that moves money can be entered."""
    currency = harness.kit.deploy("Reentrant")
    tax = harness.kit.deploy("FlatTax", 1_000, harness.collector).address
    empty = harness.schedule(harness.kit.now)
    unpaid = harness.declare(empty, 700, currency=currency)
    harness.kit.now += 1
    harness.issue(shares)
    record = harness.close()
    harness.fund(harness.agent, currency, 50)
    number = harness.declare(
        record, 10_000, currency=currency, tax_policy=tax,
        deadline=harness.kit.now, sweep_to=harness.issuer,
    )  # fmt: skip
    harness.claim(harness.dan, number)
    harness.claim(harness.cid, number)
    call = harness.kit.codec.call(
        "DividendVault", entrance, *entrances(harness, record, number)[entrance]
    )
    currency.send("approve", harness.vault.address, 50, sender=harness.agent)
    currency.send("prepare", harness.vault.address, call)
    through: dict[str, tuple[Any, ...]] = {
        "claim": ([number], harness.ann),
        "push": (number, [harness.ann]),
        "declare": (harness.token.address, record, currency.address, 50, terms()),
        "remit": (number,),
        "sweep": (number,),
        "refund": (unpaid,),
    }
    if step == "sweep":
        harness.kit.now += 1
    harness.vault.send(step, *through[step], sender=harness.agent)
    assert currency.call("sprung") == 1
    assert currency.call("succeeded") is False
    assert currency.call("answer").hex() == GUARDED
    assert harness.vault.call("isClaimed", number, harness.ben) is False


@pytest.mark.attack("E3")
@pytest.mark.parametrize("entrance", ["claim", "push", "sweep", "remit", "refund"])
def test_a_native_receiver_that_calls_back_finds_every_entrance_shut(
    harness, shares, record, entrance
):
    """The coin arrives, the call back does not; the next holder is paid as always."""
    receiver = harness.kit.deploy("ReenteringReceiver")
    number = native(harness, record, receiver)
    call = harness.kit.codec.call(
        "DividendVault", entrance, *entrances(harness, record, number)[entrance]
    )
    receiver.send("prepare", harness.vault.address, call)
    harness.claim(harness.ann, number)
    assert receiver.call("sprung") == 1
    assert receiver.call("succeeded") is False
    assert receiver.call("answer").hex() == GUARDED
    assert harness.kit.balance(receiver.address) == 5 * COIN
    assert harness.kit.balance(harness.vault.address) == 5 * COIN


@pytest.mark.attack("E3")
@pytest.mark.parametrize("step", ["claim", "push"])
def test_views_are_honest_in_the_middle_of_a_payment(harness, shares, record, step):
    """A receiver that asks while it is being paid sees itself as paid already."""
    currency = harness.kit.deploy("Reentrant")
    number = harness.declare(record, 10_003, currency=currency)
    asked: dict[str, tuple[Any, ...]] = {
        "claimable": (number, harness.ann),
        "isClaimed": (number, harness.ann),
    }
    for view, arguments in asked.items():
        before = harness.kit.evm.snapshot()
        call = harness.kit.codec.call("DividendVault", view, *arguments)
        currency.send("prepare", harness.vault.address, call)
        (harness.claim if step == "claim" else lambda who, n: harness.push(n, who))(
            harness.ann, number
        )
        assert currency.call("succeeded") is True
        expected = 0 if view == "claimable" else 1
        assert int.from_bytes(currency.call("answer"), "big") == expected
        harness.kit.evm.revert(before)


@pytest.mark.attack("E3")
def test_the_books_add_up_in_the_middle_of_a_payment(harness, shares, record):
    """What the vault says is paid, owed and carried is said as if the payment had arrived."""
    currency = harness.kit.deploy("Reentrant")
    number = harness.declare(record, 10_003, currency=currency)
    call = harness.kit.codec.call("DividendVault", "distribution", number)
    currency.send("prepare", harness.vault.address, call)
    harness.claim(harness.ann, number)
    during = currency.call("answer")
    currency.send("prepare", ZERO, b"")
    after = harness.kit.read(harness.stranger, harness.vault.address, call)
    assert during == after


@pytest.mark.attack("E3")
def test_a_payee_changed_in_the_middle_of_a_payment_counts_from_the_next_one(harness):
    """The one function that is not guarded moves no money: what is under way goes where it went."""
    wallet = harness.kit.deploy("ContractWallet")
    currency = harness.kit.deploy("Reentrant")
    harness.issue({wallet.address: 1, harness.ann: 1})
    record = harness.close()
    first, second = (harness.declare(record, 100, currency=currency) for _ in range(2))
    change = harness.kit.codec.call("DividendVault", "setPayee", harness.eve)
    call = harness.kit.codec.call("ContractWallet", "execute", harness.vault.address, change)
    currency.send("prepare", wallet.address, call)
    harness.claim(wallet.address, first)
    assert currency.call("succeeded") is True
    assert (held(currency, wallet.address), held(currency, harness.eve)) == (50, 0)
    harness.claim(wallet.address, second)
    assert (held(currency, wallet.address), held(currency, harness.eve)) == (50, 50)


@pytest.mark.attack("E3")
def test_a_currency_that_moves_shares_meanwhile_changes_no_entitlement(harness, shares, record):
    """The record has closed: shares that move during the payment move for the next one."""
    currency = harness.kit.deploy("Reentrant")
    number = harness.declare(record, 10_000, currency=currency)
    harness.token.send("approve", currency.address, 5_000, sender=harness.ann)
    call = harness.kit.codec.call(
        "ShareToken", "transferFrom", harness.ann, harness.ben, 1_000
    )  # fmt: skip
    currency.send("prepare", harness.token.address, call)
    harness.push(number, *shares)
    assert currency.call("sprung") == 4
    assert held(currency, harness.ben) == 3_333
    assert harness.token.call("balanceOf", harness.ben) == 3_333 + 4_000
    assert harness.figures(number)["owed"] == 0


@pytest.mark.attack("E2")
def test_coins_forced_into_the_vault_are_nobodys_income(harness, shares, record):
    """No balance is read to divide, so a forced coin changes no figure."""
    books = Books(harness, shares)
    number = books.declare(record, 10 * COIN, native=True)
    figures = harness.figures(number)
    harness.kit.evm.set_balance(harness.vault.address, 17 * COIN)
    assert harness.figures(number) == figures
    harness.push(number, *shares)
    assert harness.kit.balance(harness.vault.address) == 7 * COIN


@pytest.mark.attack("A12")
def test_one_bad_currency_is_no_obstacle_to_another(harness, shares, record):
    """Side by side: the broken one is passed over, the good one paid, of the same holders."""
    bad = harness.kit.deploy("GasBurner")
    poisoned = harness.declare(record, 10_000, currency=bad)
    good = harness.declare(record, 10_000)
    bad.send("setBroken", True)
    assert len(harness.push(poisoned, *shares).named("Skipped")) == 4
    assert reasons(harness.push(good, *shares)) == []
    assert held(harness.dollar, harness.ann) == 5_000
