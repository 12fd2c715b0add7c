"""Awkward currencies and receivers: each pays to the unit, or is refused before anything moves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chainkit import ZERO, Deployed
from tests.contracts.books import Books
from tests.contracts.stage import SKIPPED_PAYMENT, Stage, refused, terms

MEGABYTE = 1_000_000
COIN = 10**18
GUARDED = "3ee5aeb5"  # ReentrancyGuardReentrantCall()


@pytest.fixture
def shares(stage) -> dict[str, int]:
    """Four holders."""
    return {stage.ann: 5_000, stage.ben: 3_333, stage.cid: 1_666, stage.dan: 1}


@pytest.fixture
def record(stage, shares) -> int:
    """A record of theirs, closed."""
    stage.issue(shares)
    return stage.close()


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


@pytest.mark.parametrize(
    "name",
    [
        "NoReturn", "ReturnsFalse", "FalseAfterMoving", "FeeOnTransfer", "BlockList",
        "PausableCurrency", "GasBurner", "ReturnBomb", "RevertsOnZero", "Reentrant",
    ],
)  # fmt: skip
def test_D_every_currency_on_a_good_day_is_paid_to_the_unit(stage, shares, record, name):
    """Claims, pages, tax and carry, against the model, in each awkward currency."""
    currency = stage.kit.deploy(name)
    books = Books(stage, shares)
    first = books.declare(record, 1_000_003, currency=currency, rate=1_500)
    second = books.declare(record, 9_999, currency=currency)
    books.claim(stage.ann, first, second)
    books.push(first, *shares)
    books.push(second, stage.dan, stage.cid, stage.ben)
    books.remit(first)
    third = books.declare(record, 1, currency=currency)
    assert stage.figures(third)["carriedIn"] > 0


@pytest.mark.parametrize("decimals", [0, 2, 6, 18, 27, 36])
def test_D_currencies_of_any_decimals_are_paid_to_the_unit(stage, shares, record, decimals):
    """The vault never asks how many there are: a third of a building's rent in each."""
    currency = stage.kit.deploy("Dollar", "Coin", "C", decimals)
    assert currency.call("decimals") == decimals
    books = Books(stage, shares)
    number = books.declare(record, 1_234_567 * 10**decimals + 1, currency=currency)
    for holder in shares:
        books.claim(holder, number)


def test_D_a_currency_that_refuses_to_move_nothing_is_never_asked_to(stage, shares, record):
    """A net of nothing is settled without a transfer, by claim and by push."""
    currency = stage.kit.deploy("RevertsOnZero")
    number = stage.declare(record, 9_999, currency=currency)
    receipt = stage.claim(stage.dan, number)
    assert receipt.settlements == [
        {"id": number, "holder": stage.dan, "payee": stage.dan, "gross": 0, "tax": 0}
    ]
    second = stage.declare(record, 9_999, currency=currency)
    assert reasons(stage.push(second, stage.dan)) == []


@pytest.mark.parametrize("name", ["ReturnsFalse", "FalseAfterMoving"])
def test_D_a_declaration_in_a_currency_that_answers_false_is_refused(stage, record, name):
    """Nothing is declared, and nothing stays in the vault."""
    currency = stage.kit.deploy(name)
    stage.fund(stage.agent, currency, 1_000)
    break_it(currency)
    with refused("DividendVault_FundingFailed", currency.address, stage.agent, 1_000):
        stage.vault.send(
            "declare", stage.token.address, record, currency.address, 1_000, terms(),
            sender=stage.agent,
        )  # fmt: skip
    assert (held(currency, stage.agent), held(currency, stage.vault.address)) == (1_000, 0)


@pytest.mark.parametrize("lacking", ["allowance", "money", "code"])
def test_D_a_declaration_that_cannot_be_paid_is_refused(stage, record, lacking):
    """Without allowance, without money, or in a currency that does not exist."""
    currency = stage.dollar.address
    if lacking == "allowance":
        stage.dollar.send("mint", stage.agent, 1_000)
    if lacking == "money":
        stage.dollar.send("approve", stage.vault.address, 1_000, sender=stage.agent)
    if lacking == "code":
        currency = stage.eve
    with refused("DividendVault_FundingFailed", currency, stage.agent, 1_000):
        stage.vault.send(
            "declare", stage.token.address, record, currency, 1_000, terms(), sender=stage.agent
        )
    assert stage.vault.call("distributionCount") == 0


def test_A8_a_fee_on_transfer_counts_what_arrived(stage, shares, record):
    """The distribution is what reached the vault, so that the last holder can be paid too."""
    currency = stage.kit.deploy("FeeOnTransfer")
    currency.send("setFee", 100)
    receipt = stage.declaring(record, 1_000_000, currency=currency)
    assert receipt.named("Declared")[0]["received"] == 990_000
    assert stage.figures(1)["amount"] == 990_000
    assert reasons(stage.push(1, *shares)) == []
    assert held(currency, stage.vault.address) == 0
    assert held(currency, stage.ann) == 495_000 - 4_950
    assert stage.figures(1)["paid"] == 990_000


def test_D_a_fee_of_everything_is_no_declaration(stage, record):
    """Nothing arrived."""
    currency = stage.kit.deploy("FeeOnTransfer")
    currency.send("setFee", 10_000)
    with refused("DividendVault_NothingReceived", currency.address, 1_000):
        stage.declare(record, 1_000, currency=currency)


def test_D_a_fee_switched_on_later_is_the_receivers(stage, shares, record):
    """The vault sends what is owed and stays solvent; the currency keeps its part of it."""
    currency = stage.kit.deploy("FeeOnTransfer")
    number = stage.declare(record, 10_000, currency=currency)
    stage.claim(stage.ann, number)
    currency.send("setFee", 1_000)
    stage.push(number, stage.ben, stage.cid, stage.dan)
    assert (held(currency, stage.ann), held(currency, stage.ben)) == (5_000, 3_000)
    assert held(currency, stage.vault.address) == 0


@pytest.mark.parametrize("name", ["ReturnsFalse", "GasBurner", "ReturnBomb"])
def test_A11_a_currency_that_breaks_leaves_every_claim_as_it_was(stage, shares, record, name):
    """Pushes pass over, claims are refused; once it is mended everybody is paid to the unit."""
    currency = stage.kit.deploy(name)
    number = stage.declare(record, 10_003, currency=currency)
    stage.claim(stage.dan, number)
    before = stage.figures(number)
    break_it(currency)
    receipt = stage.push(number, stage.ann, stage.ben)
    assert reasons(receipt) == [
        (stage.ann, SKIPPED_PAYMENT), (stage.ben, SKIPPED_PAYMENT)
    ]  # fmt: skip
    assert receipt.settlements == []
    with refused("DividendVault_PaymentFailed", currency.address, stage.ann, 5_001):
        stage.claim(stage.ann, number)
    assert stage.figures(number) == before
    assert stage.vault.call("isClaimed", number, stage.ann) is False
    assert stage.vault.call("claimable", number, stage.ann) == 5_001
    currency.send("setBroken", *((False, False) if name == "ReturnBomb" else (False,)))
    assert reasons(stage.push(number, stage.ann, stage.ben, stage.cid)) == []
    assert held(currency, stage.vault.address) == 2
    assert stage.vault.call("carried", stage.token.address, currency.address) == 2


@pytest.mark.parametrize("rate", [1_000, 2])
@pytest.mark.parametrize("native_coin", [False, True])
def test_A11_a_payment_that_failed_withholds_nothing(stage, shares, record, native_coin, rate):
    """The tax of a holder who was passed over is neither withheld nor remitted."""
    books = Books(stage, shares)
    closed = stage.kit.deploy("RejectingReceiver")
    currency = stage.kit.deploy("BlockList")
    number = books.declare(record, 10_003, currency=currency, native=native_coin, rate=rate)
    stage.vault.send("setPayee", closed.address, sender=stage.ann)
    currency.send("setBlocked", closed.address, True)
    assert reasons(stage.push(number, stage.ann)) == [(stage.ann, SKIPPED_PAYMENT)]
    books.check()
    books.push(number, stage.ben)
    assert reasons(stage.push(number, stage.ann)) == [(stage.ann, SKIPPED_PAYMENT)]
    books.check()
    stage.vault.send("setPayee", stage.ann, sender=stage.ann)
    books.push(number, stage.ann)
    books.remit(number)


@pytest.mark.parametrize(("amount", "lost"), [(10_000, 0), (10_001, 1), (10_003, 2)])
def test_A11_a_last_payment_that_failed_carries_nothing(stage, shares, record, amount, lost):
    """What rounding has lost is carried with the last settlement, and the failed one was none."""
    books = Books(stage, shares)
    currency = stage.kit.deploy("BlockList")
    number = books.declare(record, amount, currency=currency)
    books.push(number, stage.ann, stage.ben, stage.cid)
    currency.send("setBlocked", stage.dan, True)
    receipt = stage.push(number, stage.dan)
    assert reasons(receipt) == [(stage.dan, SKIPPED_PAYMENT)]
    assert receipt.named("Carried") == []
    assert stage.vault.call("carried", stage.token.address, currency.address) == 0
    books.check()
    currency.send("setBlocked", stage.dan, False)
    books.push(number, stage.dan)
    assert stage.vault.call("carried", stage.token.address, currency.address) == lost


def test_D_a_reason_of_a_megabyte_is_not_copied(stage, shares, record):
    """A revert that returns a megabyte costs the page its bounded gas and no more."""
    currency = stage.kit.deploy("ReturnBomb")
    number = stage.declare(record, 10_000, currency=currency)
    currency.send("setBroken", True, True)
    receipt = stage.push(number, *shares)
    assert reasons(receipt) == [(holder, SKIPPED_PAYMENT) for holder in shares]
    assert receipt.gas < 4 * 600_000
    with refused("DividendVault_PaymentFailed", currency.address, stage.ann, 5_000):
        stage.claim(stage.ann, number)


def test_D_a_currency_that_burns_gas_cannot_burn_the_page(stage, shares, record):
    """Each payment of a page has a bound of its own."""
    currency = stage.kit.deploy("GasBurner")
    number = stage.declare(record, 10_000, currency=currency)
    currency.send("setBroken", True)
    receipt = stage.push(number, *shares)
    assert len(receipt.named("Skipped")) == 4
    assert receipt.gas < 4 * 600_000


def test_A11_a_currency_that_moves_and_answers_false_stops_the_page(stage, shares, record):
    """Nobody could say whether the holder was paid, so nothing of the page happens."""
    currency = stage.kit.deploy("FalseAfterMoving")
    number = stage.declare(record, 10_000, currency=currency)
    before = stage.figures(number)
    currency.send("setBroken", True)
    with refused("DividendVault_MovedOnFailure", currency.address, stage.ann, 5_000):
        stage.push(number, stage.ann)
    with refused("DividendVault_MovedOnFailure", currency.address, stage.ben, 3_333):
        stage.push(number, stage.ben, stage.ann)
    with refused("DividendVault_PaymentFailed", currency.address, stage.ann, 5_000):
        stage.claim(stage.ann, number)
    assert stage.figures(number) == before
    assert held(currency, stage.ann) == 0


def test_D_a_holder_that_is_blocked_does_not_hold_up_the_others(stage, shares, record):
    """It is passed over and still owed; another payee, or being freed, gets it the money."""
    currency = stage.kit.deploy("BlockList")
    number = stage.declare(record, 10_000, currency=currency)
    currency.send("setBlocked", stage.ann, True)
    assert reasons(stage.push(number, *shares)) == [(stage.ann, SKIPPED_PAYMENT)]
    with refused("DividendVault_PaymentFailed", currency.address, stage.ann, 5_000):
        stage.claim(stage.ann, number)
    assert stage.vault.call("claimable", number, stage.ann) == 5_000
    stage.vault.send("setPayee", stage.eve, sender=stage.ann)
    stage.claim(stage.ann, number)
    assert held(currency, stage.eve) == 5_000
    assert stage.figures(number)["owed"] == 0


def test_D_a_holder_to_whom_a_currency_says_no_does_not_hold_up_the_others(stage, shares, record):
    """The vault knows what it has left after those of the page who were paid before."""
    currency = stage.kit.deploy("SilentBlockList")
    number = stage.declare(record, 10_000, currency=currency)
    holders = list(shares)
    refused_ones = holders[1::2]
    for holder in refused_ones:
        currency.send("setBlocked", holder, True)
    receipt = stage.push(number, *holders)
    assert reasons(receipt) == [(holder, SKIPPED_PAYMENT) for holder in refused_ones]
    assert all(held(currency, holder) for holder in holders[::2])
    for holder in refused_ones:
        currency.send("setBlocked", holder, False)
    assert reasons(stage.push(number, *refused_ones)) == []
    assert stage.figures(number)["owed"] == 0


def test_D_a_vault_that_is_blocked_in_one_currency_pays_in_the_others(stage, shares, record):
    """The claim of one does not see the other; together they are refused as one."""
    currency = stage.kit.deploy("BlockList")
    bad = stage.declare(record, 10_000, currency=currency)
    good = stage.declare(record, 10_000)
    currency.send("setBlocked", stage.vault.address, True)
    with refused("DividendVault_PaymentFailed", currency.address, stage.ann, 5_000):
        stage.claim(stage.ann, good, bad)
    stage.claim(stage.ann, good)
    assert held(stage.dollar, stage.ann) == 5_000
    assert reasons(stage.push(bad, stage.ann)) == [(stage.ann, SKIPPED_PAYMENT)]
    currency.send("setBlocked", stage.vault.address, False)
    stage.claim(stage.ann, bad)
    assert held(currency, stage.ann) == 5_000


def test_D_a_collector_that_is_blocked_does_not_hold_up_the_holders(stage, shares, record):
    """Tax that cannot be remitted stays withheld until it can."""
    currency = stage.kit.deploy("BlockList")
    books = Books(stage, shares)
    number = books.declare(record, 10_000, currency=currency, rate=1_000)
    currency.send("setBlocked", stage.collector, True)
    books.push(number, *shares)
    with refused("DividendVault_PaymentFailed", currency.address, stage.collector, 999):
        stage.vault.send("remit", number)
    currency.send("setBlocked", stage.collector, False)
    books.remit(number)


def test_D_a_recipient_that_is_blocked_can_be_swept_to_later(stage, shares, record):
    """A sweep that cannot be paid changes nothing."""
    currency = stage.kit.deploy("BlockList")
    books = Books(stage, shares)
    number = books.declare(
        record, 10_003, currency=currency, deadline=stage.kit.now, sweep_to=stage.issuer
    )
    books.claim(stage.ann, number)
    stage.kit.now += 1
    currency.send("setBlocked", stage.issuer, True)
    with refused("DividendVault_PaymentFailed", currency.address, stage.issuer, 5_001):
        stage.vault.send("sweep", number)
    books.check()
    currency.send("setBlocked", stage.issuer, False)
    books.sweep(number)


def test_D_a_currency_paused_midway_goes_on_where_it_stopped(stage, shares, record):
    """Those paid stay paid, the others stay owed."""
    currency = stage.kit.deploy("PausableCurrency")
    books = Books(stage, shares)
    number = books.declare(record, 10_003, currency=currency)
    books.push(number, stage.ann, stage.dan)
    currency.send("setPaused", True)
    receipt = stage.push(number, *shares)
    assert [event["holder"] for event in receipt.named("Skipped")] == list(shares)
    assert (stage.cid, SKIPPED_PAYMENT) in reasons(receipt)
    with refused("DividendVault_PaymentFailed", currency.address, stage.ben, 3_333):
        stage.claim(stage.ben, number)
    books.check()
    currency.send("setPaused", False)
    books.push(number, *shares)


# ---------------------------------------------------------------- native receivers


def native(stage: Stage, record: int, receiver: Deployed) -> int:
    """A distribution of ten coins in which Ann's half goes to a receiver contract; its id."""
    number = stage.declare_native(record, 10 * COIN)
    stage.vault.send("setPayee", receiver.address, sender=stage.ann)
    return number


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
def test_E1_a_receiver_that_refuses_stays_owed_and_holds_up_nobody(
    stage, shares, record, name, arguments
):
    """By error, by burning gas, by a megabyte: the page goes on, and the holder can choose anew."""
    receiver = stage.kit.deploy(name, *arguments)
    number = native(stage, record, receiver)
    before = stage.figures(number)
    receipt = stage.push(number, stage.ann)
    assert reasons(receipt) == [(stage.ann, SKIPPED_PAYMENT)]
    assert receipt.gas < 250_000
    with refused("DividendVault_PaymentFailed", ZERO, receiver.address, 5 * COIN):
        stage.claim(stage.ann, number)
    assert stage.figures(number) == before
    assert reasons(stage.push(number, *shares)) == [(stage.ann, SKIPPED_PAYMENT)]
    assert stage.figures(number)["owed"] == 5 * COIN
    stage.vault.send("setPayee", stage.eve, sender=stage.ann)
    coins = stage.kit.balance(stage.eve)
    stage.claim(stage.ann, number)
    assert stage.kit.balance(stage.eve) - coins == 5 * COIN
    assert stage.kit.balance(stage.vault.address) == 0


def test_E1_an_answer_of_many_bytes_is_a_payment_all_the_same(stage, shares, record):
    """What a receiver says is not copied and not listened to."""
    receiver = stage.kit.deploy("ReturnBombingReceiver", 100_000, False)
    number = native(stage, record, receiver)
    receipt = stage.push(number, stage.ann)
    assert reasons(receipt) == []
    assert receipt.gas < 250_000
    assert stage.kit.balance(receiver.address) == 5 * COIN


def test_E1_a_receiver_that_opens_later_is_paid_in_full(stage, shares, record):
    """A failed payment can be retried as often as one likes."""
    receiver = stage.kit.deploy("RejectingReceiver")
    number = native(stage, record, receiver)
    for _ in range(3):
        stage.push(number, stage.ann)
    receiver.send("unlock")
    assert reasons(stage.push(number, stage.ann)) == []
    assert stage.kit.balance(receiver.address) == 5 * COIN


def test_E1_a_wallet_contract_that_holds_shares_is_paid_like_anyone(stage):
    """It may also choose a payee, as itself."""
    wallet = stage.kit.deploy("ContractWallet")
    stage.issue({wallet.address: 3, stage.ann: 1})
    record = stage.close()
    first, second = (stage.declare_native(record, 4 * COIN) for _ in range(2))
    stage.claim(wallet.address, first)
    assert stage.kit.balance(wallet.address) == 3 * COIN
    call = stage.kit.codec.call("DividendVault", "setPayee", stage.eve)
    wallet.send("execute", stage.vault.address, call)
    coins = stage.kit.balance(stage.eve)
    stage.push(second, wallet.address)
    assert stage.kit.balance(stage.eve) - coins == 3 * COIN


def test_E1_a_collector_a_recipient_and_a_declarer_that_refuse_lose_nothing(stage, shares):
    """Remittance, sweep and refund in native coin are refused and can be tried again."""
    closed = stage.kit.deploy("RejectingReceiver")
    tax = stage.kit.deploy("FlatTax", 1_000, closed.address).address
    stage.issue(shares)
    record = stage.close()
    number = stage.declare_native(
        record, 10 * COIN, tax_policy=tax, deadline=stage.kit.now, sweep_to=closed.address
    )
    stage.claim(stage.ann, number)
    stage.kit.now += 1
    with refused("DividendVault_PaymentFailed", ZERO, closed.address, COIN // 2):
        stage.vault.send("remit", number)
    with refused("DividendVault_PaymentFailed", ZERO, closed.address, 5 * COIN):
        stage.vault.send("sweep", number)
    closed.send("unlock")
    stage.vault.send("remit", number)
    stage.vault.send("sweep", number)
    assert stage.kit.balance(closed.address) == 5 * COIN + COIN // 2
    assert stage.kit.balance(stage.vault.address) == 0


# ---------------------------------------------------------------------- re-entering


def entrances(stage: Stage, record: int, number: int) -> dict[str, tuple[Any, ...]]:
    """A call of each guarded function that would do something if it were let in."""
    return {
        "claim": ([number], stage.ben),
        "push": (number, [stage.ben]),
        "declare": (stage.token.address, record, ZERO, 0, terms()),
        "sweep": (number,),
        "remit": (number,),
        "refund": (number,),
    }


@pytest.mark.parametrize("entrance", ["claim", "push", "declare", "sweep", "remit", "refund"])
@pytest.mark.parametrize("door", ["claim", "push", "declare", "remit", "sweep", "refund"])
def test_E3_a_currency_that_calls_back_finds_every_entrance_shut(stage, shares, door, entrance):
    """While money moves by any function, no function that moves money can be entered."""
    currency = stage.kit.deploy("Reentrant")
    tax = stage.kit.deploy("FlatTax", 1_000, stage.collector).address
    empty = stage.schedule(stage.kit.now)
    unpaid = stage.declare(empty, 700, currency=currency)
    stage.kit.now += 1
    stage.issue(shares)
    record = stage.close()
    stage.fund(stage.agent, currency, 50)
    number = stage.declare(
        record, 10_000, currency=currency, tax_policy=tax,
        deadline=stage.kit.now, sweep_to=stage.issuer,
    )  # fmt: skip
    stage.claim(stage.dan, number)
    stage.claim(stage.cid, number)
    call = stage.kit.codec.call(
        "DividendVault", entrance, *entrances(stage, record, number)[entrance]
    )
    currency.send("approve", stage.vault.address, 50, sender=stage.agent)
    currency.send("prepare", stage.vault.address, call)
    through: dict[str, tuple[Any, ...]] = {
        "claim": ([number], stage.ann),
        "push": (number, [stage.ann]),
        "declare": (stage.token.address, record, currency.address, 50, terms()),
        "remit": (number,),
        "sweep": (number,),
        "refund": (unpaid,),
    }
    if door == "sweep":
        stage.kit.now += 1
    stage.vault.send(door, *through[door], sender=stage.agent)
    assert currency.call("sprung") == 1
    assert currency.call("succeeded") is False
    assert currency.call("answer").hex() == GUARDED
    assert stage.vault.call("isClaimed", number, stage.ben) is False


@pytest.mark.parametrize("entrance", ["claim", "push", "sweep", "remit", "refund"])
def test_E3_a_native_receiver_that_calls_back_finds_every_entrance_shut(
    stage, shares, record, entrance
):
    """The coin arrives, the call back does not; the next holder is paid as always."""
    receiver = stage.kit.deploy("ReenteringReceiver")
    number = native(stage, record, receiver)
    call = stage.kit.codec.call(
        "DividendVault", entrance, *entrances(stage, record, number)[entrance]
    )
    receiver.send("prepare", stage.vault.address, call)
    stage.claim(stage.ann, number)
    assert receiver.call("sprung") == 1
    assert receiver.call("succeeded") is False
    assert receiver.call("answer").hex() == GUARDED
    assert stage.kit.balance(receiver.address) == 5 * COIN
    assert stage.kit.balance(stage.vault.address) == 5 * COIN


@pytest.mark.parametrize("door", ["claim", "push"])
def test_E3_views_are_honest_in_the_middle_of_a_payment(stage, shares, record, door):
    """A receiver that asks while it is being paid sees itself as paid already."""
    currency = stage.kit.deploy("Reentrant")
    number = stage.declare(record, 10_003, currency=currency)
    asked: dict[str, tuple[Any, ...]] = {
        "claimable": (number, stage.ann),
        "isClaimed": (number, stage.ann),
    }
    for view, arguments in asked.items():
        before = stage.kit.evm.snapshot()
        call = stage.kit.codec.call("DividendVault", view, *arguments)
        currency.send("prepare", stage.vault.address, call)
        (stage.claim if door == "claim" else lambda who, n: stage.push(n, who))(stage.ann, number)
        assert currency.call("succeeded") is True
        expected = 0 if view == "claimable" else 1
        assert int.from_bytes(currency.call("answer"), "big") == expected
        stage.kit.evm.revert(before)


def test_E3_the_books_add_up_in_the_middle_of_a_payment(stage, shares, record):
    """What the vault says is paid, owed and carried is said as if the payment had arrived."""
    currency = stage.kit.deploy("Reentrant")
    number = stage.declare(record, 10_003, currency=currency)
    call = stage.kit.codec.call("DividendVault", "distribution", number)
    currency.send("prepare", stage.vault.address, call)
    stage.claim(stage.ann, number)
    during = currency.call("answer")
    currency.send("prepare", ZERO, b"")
    after = stage.kit.read(stage.stranger, stage.vault.address, call)
    assert during == after


def test_E3_a_payee_changed_in_the_middle_of_a_payment_counts_from_the_next_one(stage):
    """The one function that is not guarded moves no money: what is under way goes where it went."""
    wallet = stage.kit.deploy("ContractWallet")
    currency = stage.kit.deploy("Reentrant")
    stage.issue({wallet.address: 1, stage.ann: 1})
    record = stage.close()
    first, second = (stage.declare(record, 100, currency=currency) for _ in range(2))
    change = stage.kit.codec.call("DividendVault", "setPayee", stage.eve)
    call = stage.kit.codec.call("ContractWallet", "execute", stage.vault.address, change)
    currency.send("prepare", wallet.address, call)
    stage.claim(wallet.address, first)
    assert currency.call("succeeded") is True
    assert (held(currency, wallet.address), held(currency, stage.eve)) == (50, 0)
    stage.claim(wallet.address, second)
    assert (held(currency, wallet.address), held(currency, stage.eve)) == (50, 50)


def test_E3_a_currency_that_moves_shares_meanwhile_changes_no_entitlement(stage, shares, record):
    """The record has closed: shares that move during the payment move for the next one."""
    currency = stage.kit.deploy("Reentrant")
    number = stage.declare(record, 10_000, currency=currency)
    stage.token.send("approve", currency.address, 5_000, sender=stage.ann)
    call = stage.kit.codec.call(
        "ShareToken", "transferFrom", stage.ann, stage.ben, 1_000
    )  # fmt: skip
    currency.send("prepare", stage.token.address, call)
    stage.push(number, *shares)
    assert currency.call("sprung") == 4
    assert held(currency, stage.ben) == 3_333
    assert stage.token.call("balanceOf", stage.ben) == 3_333 + 4_000
    assert stage.figures(number)["owed"] == 0


def test_E2_coins_forced_into_the_vault_are_nobodys_income(stage, shares, record):
    """No balance is read to divide, so a forced coin changes no figure."""
    books = Books(stage, shares)
    number = books.declare(record, 10 * COIN, native=True)
    figures = stage.figures(number)
    stage.kit.evm.set_balance(stage.vault.address, 17 * COIN)
    assert stage.figures(number) == figures
    stage.push(number, *shares)
    assert stage.kit.balance(stage.vault.address) == 7 * COIN


def test_A12_one_bad_currency_is_no_obstacle_to_another(stage, shares, record):
    """Side by side: the broken one is passed over, the good one paid, of the same holders."""
    bad = stage.kit.deploy("GasBurner")
    poisoned = stage.declare(record, 10_000, currency=bad)
    good = stage.declare(record, 10_000)
    bad.send("setBroken", True)
    assert len(stage.push(poisoned, *shares).named("Skipped")) == 4
    assert reasons(stage.push(good, *shares)) == []
    assert held(stage.dollar, stage.ann) == 5_000
