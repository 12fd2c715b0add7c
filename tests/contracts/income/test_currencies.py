"""Hostile currencies: each pays to the unit, or is refused before anything moves, or waits."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from prorata.toolchain.paths import PROJECT_ROOT
from tests.chainkit import Codec, Reverted
from tests.contracts.account import HOLDERS
from tests.contracts.books import Books
from tests.contracts.currencies import (
    CHANGES,
    CURRENCIES,
    MAX_AMOUNT,
    PLAIN,
    STEPS,
    Answer,
    Case,
    Does,
    Movement,
    Nature,
    Reentry,
    Telling,
    cases,
    markdown,
    reentries,
)
from tests.contracts.currency_harness import (
    SKIPPED_PAYMENT,
    SUBJECT,
    CurrencyHarness,
    CurrencyHarnesses,
    FaultyHarnesses,
    Harness,
    refused,
)
from tests.contracts.faulty_vault import FAULTS, FAULTY, Fault, build

pytestmark = pytest.mark.slow

TABLE = PROJECT_ROOT / "docs" / "currencies.md"
GUARDED = "3ee5aeb5"  # ReentrancyGuardReentrantCall()
CODED = {currency.code: currency for currency in CURRENCIES}
HOLDER_BLOCKED = next(change for change in CHANGES if change.code == "holder-blocked")


@pytest.fixture(scope="module")
def harnesses(codec) -> CurrencyHarnesses:
    """One harness of each currency, from which every cell starts."""
    return CurrencyHarnesses(codec)


# ------------------------------------------------------------------------ the matrix


def try_out(harnesses: CurrencyHarnesses, case: Case) -> None:
    """One cell: the trouble begins, the step does what it must, the trouble ends, all are paid."""
    step, does, change = case.step, case.does, case.change
    with harnesses.of(case.currency, change) as harness:
        most = harness.most(step) if change and case.currency.kind == "coin" else 0
        if change:
            harness.apply(change, case, on=True)
        harness.play(step, does, most)
        harness.check()
        harness.pay_others()
        if change and change.ends:
            harness.apply(change, case, on=False)
            if not does.settles:
                harness.play(step, case.calm)
        if step != "declare" and case.calm.settles:
            harness.again(step)
        harness.check()


@pytest.mark.attack("D")
@pytest.mark.parametrize("case", cases(), ids=lambda case: case.code)
def test_every_step_in_every_currency_does_what_the_table_says(harnesses, case):
    """In every trouble, by the exact model; others are paid meanwhile, nobody twice (Laws 3, 4)."""
    try_out(harnesses, case)


@pytest.mark.attack("D")
def test_the_words_of_the_table_mean_what_moves():
    """It says "pays" if and only if exactly what is owed leaves, and arrives."""
    for case in cases():
        # Of two troubles at once the table says the graver; the books are exact all the same.
        if case.does.settles and (not case.change or case.currency is PLAIN):
            assert (case.does is Does.PAYS) == is_exact(case), case.code


def is_exact(case: Case) -> bool:
    """Whether a step moves exactly what it is asked to, and says so."""
    leaves, arrives = case.nature.moves(1_000_000)
    if case.step == "declare":
        as_asked = case.nature.telling is not Telling.DOUBLE and not case.nature.max_means_all
        return arrives == 1_000_000 and as_asked
    return leaves == arrives == 1_000_000


@pytest.mark.attack("D")
@pytest.mark.parametrize(
    "currency",
    [it for it in CURRENCIES if it.cells.claim not in {Does.NEVER, Does.DRAINS}],
    ids=lambda it: it.code,
)
def test_every_currency_is_paid_out_to_the_last_unit(harnesses, currency):
    """When all have been paid, the vault has what it carries to the next, and no more (Law 3)."""
    with harnesses.of(currency) as harness:
        live_out(harness)
        seen = harness.seen()
        pot = harness.money.pot
        series = [it for it in harness.account.models if harness.monies[it].pot == pot]
        assert harness.owing(seen, pot) == sum(seen["carried", it] for it in series)
        stray = seen[pot, "vault"] - harness.owing(seen, pot) * harness.money.grains
        # What a currency does not move though asked to, stays.
        assert (stray > 0) == (currency.nature.movement is Movement.ONE_LESS)


def live_out(harness: CurrencyHarness) -> None:
    """Every step on an ordinary day, until nobody is owed anything."""
    cells = harness.currency.cells._asdict()
    harness.play("push", cells["push"])
    for step in ("refund", "sweep", "declare"):
        harness.play(step, cells[step])
    for name in harness.ids:
        for holder in HOLDERS:
            if harness.account.owes(name, holder):
                harness.pay(name, holder)
    harness.play("remit", cells["remit"])
    harness.check()


# ------------------------------------------------------------------------- re-entering


def reenter(harnesses: CurrencyHarnesses, case: Reentry) -> None:
    """The step pays to the unit, and the call back is refused."""
    with harnesses.of(case.currency) as harness:
        harness.prepare(harness.entrance(case.entrance))
        harness.play(case.step, Does.PAYS)
        harness.check()
        called = [caller for caller in harness.callers() if caller.call("sprung")]
        assert called
        for caller in called:
            assert caller.call("succeeded") is False
            assert caller.call("answer").hex() == GUARDED


@pytest.mark.attack("E3")
@pytest.mark.parametrize("case", reentries(), ids=lambda case: case.code)
def test_whoever_calls_back_finds_every_entrance_shut(harnesses, case):
    """A currency before and after it moves, a receiver of coins; the books as if nobody called."""
    reenter(harnesses, case)


@pytest.mark.attack("E3")
@pytest.mark.parametrize("step", SUBJECT)
@pytest.mark.parametrize("code", ["calls-before", "calls-after", "coin"])
def test_views_say_during_a_payment_what_they_say_after_it(harnesses, code, step):
    """The distribution, the holder's part of it and the carry, asked by whoever is called."""
    with harnesses.of(CODED[code]) as harness:
        number, ann = harness.ids[SUBJECT[step]], harness.people["ann"]
        token = harness.harness.token.address
        for view, arguments in {
            "distribution": (number,),
            "claimable": (number, ann),
            "isClaimed": (number, ann),
            "carried": (token, harness.money.address),
        }.items():
            before = harness.kit.evm.snapshot()
            call = harness.calling(view, *arguments)
            harness.prepare(call)
            calls = rehearse(harness)
            if step == "push":
                harness.send("push", number, [ann])
            else:
                harness.do(step)
            heard = {it.call("answer") for it in harness.callers() if it.call("sprung") > calls}
            assert heard == {
                harness.kit.read(harness.harness.stranger, harness.vault.address, call)
            }
            harness.kit.evm.revert(before)


def rehearse(harness: CurrencyHarness) -> int:
    """Let receivers call with all gas, so that they can afford to note the next answer."""
    if harness.currency.kind != "coin":
        return 0
    for caller in harness.callers():
        harness.kit.transact(harness.harness.stranger, caller.address, b"", 1)
    return 1


# -------------------------------------------------------------------- all at once


@pytest.mark.attack("D")
@pytest.mark.parametrize("answer", Answer, ids=lambda it: it.name.lower())
def test_no_nature_of_a_currency_touches_another(harnesses, answer):
    """Whatever it moves, answers and tells: all other currencies stay as they were (Law 19)."""
    tellings = (Telling.TRUTH, Telling.DOUBLE, Telling.REVERTING)
    for movement, telling in product(Movement, tellings):
        with harnesses.of(PLAIN) as harness:
            nature = replace(Nature(), answer=answer, movement=movement, telling=telling)
            harness.money.become(nature)
            for step in STEPS:
                attempt(harness, step)
            assert elsewhere(harness) == {}
            harness.pay_others()
            assert elsewhere(harness) == {}


def attempt(harness: CurrencyHarness, step: str) -> None:
    """Try a step, whatever comes of it, and note a distribution that nobody expected."""
    try:
        harness.attempt(step)
    except Reverted:
        return


def elsewhere(harness: CurrencyHarness) -> dict[Any, Any]:
    """What is not as it must be in the currencies that are not on harness."""
    mine = {name for name, it in harness.account.entries.items() if it.series == "harness"}
    wrong = harness.wrong(harness.seen())
    return {
        key: value
        for key, value in wrong.items()
        if key not in mine and key[0] not in mine | {"harness"} and key != ("carried", "harness")
    }


@pytest.mark.attack("D")
def test_a_vault_full_of_hostile_currencies_pays_everybody_else(harness):
    """Each turns hostile in its own way; the dollar and the coin are paid; in the end all are."""
    harness.issue({getattr(harness, who): shares for who, shares in HOLDERS.items()})
    record, holders = harness.close(), {getattr(harness, who): it for who, it in HOLDERS.items()}
    good, bad = Books(harness, holders), Books(harness, holders)
    hostile = {
        bad.declare(record, 1_000_003, currency=currency, rate=1_500): (currency, change)
        for change in CHANGES
        if change.cells.claim is Does.REFUSES and set(change.nature) & {"answer", "paused"}
        for currency in [wilful(harness)]
    }
    dollars = good.declare(record, 777_777, rate=1_500)
    coins = good.declare(record, 10**18 + 7, native=True)
    for currency, change in hostile.values():
        currency.send("become", replace(Nature(), **change.nature).words())
    before = {number: harness.figures(number) for number in hostile}
    for number in hostile:
        assert paid_by(lambda it=number: harness.push(it, *holders)) == []
        assert paid_by(lambda it=number: harness.claim(harness.ann, it)) == []
    good.push(dollars, *holders)
    for holder in holders:
        good.claim(holder, coins)
    good.remit(dollars)
    assert {number: harness.figures(number) for number in hostile} == before
    for number, (currency, _) in hostile.items():
        currency.send("become", Nature().words())
        bad.push(number, *holders)
        bad.remit(number)
    assert len(hostile) >= 8


def wilful(harness: Harness) -> Any:
    """A currency that can become anything."""
    currency = harness.kit.deploy("WilfulCurrency")
    currency.send("become", Nature().words())
    return currency


def paid_by(act: Callable[[], Any]) -> list[Any]:
    """Whom a call paid, if it was not refused."""
    try:
        return act().named("Claimed")
    except Reverted:
        return []


# --------------------------------------------------------------- when money is short


@pytest.mark.attack("D")
def test_what_a_currency_takes_away_the_last_ones_wait_for(harnesses):
    """Balances halve: the first are paid to the unit, the last when somebody makes up for it."""
    with harnesses.of(PLAIN) as harness:
        harness.money.become(replace(Nature(), grains=2 * Nature().grains))
        harness.play("claim", Does.PAYS)
        harness.check()
        harness.play("push", Does.SKIPS)
        harness.check()
        make_up(harness)
        harness.play("push", Does.PAYS)
        harness.check()
        harness.again("push")


@pytest.mark.attack("D")
@pytest.mark.parametrize("code", ["fee-on-top", "one-more"])
def test_a_currency_that_takes_more_than_it_is_told_to_fails_its_last_payment(harnesses, code):
    """The shortfall is what it took; it is the last payment's, until somebody makes up for it."""
    with harnesses.of(CODED[code]) as harness:
        for step in ("push", "sweep", "refund"):
            harness.play(step, Does.DRAINS)
        harness.pay("rent", "dan")
        harness.check()
        assert missing(harness) == harness.overdrawn > 0
        harness.play("remit", Does.REFUSES)
        harness.check()
        make_up(harness)
        harness.play("remit", Does.DRAINS)
        harness.check()
        harness.again("remit")


def missing(harness: CurrencyHarness) -> int:
    """What the vault owes in the currency on harness and does not have."""
    seen = harness.seen()
    return harness.owing(seen, "harness") - seen["harness", "vault"] // harness.money.grains


def make_up(harness: CurrencyHarness) -> None:
    """Somebody gives the vault what it is short of, and something for fees."""
    amount = missing(harness) + 50_000
    harness.money.fund(harness.vault.address, amount)
    harness.account.purses["harness", "vault"] += amount * harness.money.grains


@pytest.mark.attack("D")
def test_two_addresses_of_one_currency_are_two_currencies_of_one_pot(harnesses):
    """What is owed under one address is not touched by payments under the other."""
    harness = harnesses.open(CODED["second-address"])
    harness.monies["main"] = main = harness.money.main
    main.allow(harness.people["agent"])
    harness.declare("other rent", main, 1_000_003, rate=1_500)
    harness.check()
    for holder in HOLDERS:
        harness.pay("other rent", holder, push=holder == "ben")
    harness.check()
    live_out(harness)


@pytest.mark.attack("D")
def test_a_limit_for_one_movement_is_met_by_claiming_one_by_one(harness):
    """Together they are too much for the currency; alone each is paid to the unit."""
    harness.issue({harness.ann: 1, harness.ben: 1})
    record, currency = harness.close(), wilful(harness)
    books = Books(harness, {harness.ann: 1, harness.ben: 1})
    first, second = (books.declare(record, 600, currency=currency) for _ in range(2))
    currency.send("become", replace(Nature(), limit=599).words())
    with refused("DividendVault_PaymentFailed", currency.address, harness.ann, 600):
        harness.claim(harness.ann, first, second)
    books.check()
    books.claim(harness.ann, first)
    books.claim(harness.ann, second)


@pytest.mark.attack("D")
def test_the_largest_amount_has_no_room_for_a_carry(harnesses):
    """With the carry it is refused, and the carry stays; less that much, it is paid to the unit."""
    with harnesses.of(PLAIN) as harness:
        carried = harness.seen()["carried", "harness"]
        assert carried > 0
        with refused("DividendVault_AmountTooLarge", MAX_AMOUNT + carried, MAX_AMOUNT):
            harness.ask(harness.money, MAX_AMOUNT)
        harness.check()
        harness.declare("largest", harness.money, MAX_AMOUNT - carried, rate=1_500)
        for holder in HOLDERS:
            harness.pay("largest", holder)
        harness.check()


@pytest.mark.attack("E1")
@pytest.mark.parametrize("function", ["claim", "push"])
@pytest.mark.parametrize("code", [PLAIN.code, "coin"])
def test_whoever_sends_too_little_gas_marks_nobody_as_paid(harnesses, code, function):
    """With any amount of gas a holder is paid and marked, or neither. A page may not begin with
    less than a payment, and a tax policy, must be offered."""
    outcomes = set()
    for gas in range(40_000, 320_000 if function == "claim" else 800_000, 7_001):
        with harnesses.of(CODED[code]) as harness:
            number, ann = harness.ids["rent"], harness.people["ann"]
            arguments = ([number], ann) if function == "claim" else (number, [ann])
            call = harness.calling(function, *arguments)
            paid = with_gas(harness, call, gas)
            if paid:
                harness.settle(harness.money, [("ann", harness.account.settle("rent", "ann"))])
            harness.check()
            outcomes.add(paid)
    assert outcomes == {True, False}


def with_gas(harness: CurrencyHarness, call: bytes, gas: int) -> bool:
    """Call the vault with so much gas, and say whether anything came of it."""
    evm = harness.kit.evm
    before = evm.snapshot()
    evm.reset_transient_storage()
    try:
        evm.message_call(harness.harness.stranger, harness.vault.address, call, 0, gas)
    except RuntimeError:
        evm.revert(before)
        return False
    return harness.kit.read(
        harness.harness.stranger,
        harness.vault.address,
        harness.calling("isClaimed", harness.ids["rent"], harness.people["ann"]),
    ) == (1).to_bytes(32, "big")


# ---------------------------------------------------------------- what was a defect once


@pytest.mark.attack("E3")
def test_the_carry_is_told_honestly_while_the_last_holder_is_pushed(harnesses):
    """Who is called by the last payment of a page sees the remainder carried, or not finished."""
    with harnesses.of(CODED["calls-after"]) as harness:
        for holder in ("ann", "dan"):
            harness.pay("rent", holder)
        view = harness.calling("carried", harness.harness.token.address, harness.money.address)
        harness.prepare(view)
        harness.do("push")
        heard = harness.money.deployed.call("answer")
        assert heard == harness.kit.read(harness.harness.stranger, harness.vault.address, view)


@pytest.mark.attack("D")
def test_a_denial_after_a_fee_on_top_stops_the_page_but_no_holder(harnesses):
    """What the vault holds is measured once a page: where payments take more than was owed, an
    answer of false cannot be told from a movement. The page is refused, one by one they are paid.
    """
    with harnesses.of(CODED["fee-on-top"]) as harness:
        harness.money.become(replace(harness.money.nature, quiet=True))
        harness.money.block(harness.people["ben"], True)
        with pytest.raises(Reverted) as refusal:
            harness.do("push")
        assert refusal.value.name == "DividendVault_MovedOnFailure"
        reported = []
        for holder in ("ben", "ann"):
            receipt = harness.harness.push(harness.ids["rent"], harness.people[holder])
            reported += [(e["holder"], e["reason"]) for e in receipt.named("Skipped")]
        assert reported == [(harness.people["ben"], SKIPPED_PAYMENT)]


@pytest.mark.attack("D")
def test_a_currency_that_hides_that_it_moved_pays_nobody_twice(harnesses):
    """It moves, says no and tells no balances: the page is refused, all are paid later (Law 4)."""
    with harnesses.of(PLAIN) as harness:
        harness.money.become(replace(Nature(), answer=Answer.NO, telling=Telling.REVERTING))
        attempt(harness, "push")
        harness.money.become(Nature())
        harness.check()


# ------------------------------------------------------------------- faulty vaults

CASES = {case.code: (try_out, case) for case in cases()}
CASES |= {case.code: (reenter, case) for case in reentries()}


@pytest.fixture(scope="module")
def faulty(artifacts) -> Codec:
    """What encodes and decodes for the vault with all the faults."""
    return Codec({**artifacts, FAULTY: build(artifacts["DividendVault"])})


def test_a_faulty_vault_without_a_fault_does_what_the_table_says(faulty):
    """Whatever the faults are caught by, passes without them."""
    sound = FaultyHarnesses(faulty, FAULTY)
    for code in sorted({code for fault in FAULTS for code in fault.caught}):
        attempt_case, case = CASES[code]
        attempt_case(sound, case)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.code)
def test_every_fault_is_caught(faulty, fault: Fault):
    """A vault that is broken in one way fails each of the cells that are there to catch it."""
    broken = FaultyHarnesses(faulty, FAULTY, 1 + FAULTS.index(fault), opening=fault.opening)
    for code in fault.caught:
        attempt_case, case = CASES[code]
        with pytest.raises((AssertionError, Reverted, pytest.fail.Exception)):
            attempt_case(broken, case)


# ------------------------------------------------------------------------ for people


def test_the_committed_table_is_the_one_that_is_tested():
    """What readers are told is what the matrix checks."""
    if os.environ.get("PRORATA_CURRENCIES") == "update":
        TABLE.write_text(markdown(), encoding="utf-8")
    assert TABLE.read_text(encoding="utf-8") == markdown()
