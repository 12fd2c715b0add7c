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
from tests.contracts.stage import SKIPPED_PAYMENT, Stage, refused
from tests.contracts.trial import SUBJECT, BrokenTrials, Trial, Trials
from tests.contracts.twin import FAULTS, TWIN, Fault, build

pytestmark = pytest.mark.slow

TABLE = PROJECT_ROOT / "docs" / "currencies.md"
GUARDED = "3ee5aeb5"  # ReentrancyGuardReentrantCall()
CODED = {currency.code: currency for currency in CURRENCIES}
HOLDER_BLOCKED = next(change for change in CHANGES if change.code == "holder-blocked")


@pytest.fixture(scope="module")
def trials(codec) -> Trials:
    """One trial of each currency, from which every cell starts."""
    return Trials(codec)


# ------------------------------------------------------------------------ the matrix


def try_out(trials: Trials, case: Case) -> None:
    """One cell: the trouble begins, the step does what it must, the trouble ends, all are paid."""
    step, does, change = case.step, case.does, case.change
    with trials.of(case.currency, change) as trial:
        most = trial.most(step) if change and case.currency.kind == "coin" else 0
        if change:
            trial.turn(change, case, on=True)
        trial.play(step, does, most)
        trial.check()
        trial.witness()
        if change and change.ends:
            trial.turn(change, case, on=False)
            if not does.settles:
                trial.play(step, case.calm)
        if step != "declare" and case.calm.settles:
            trial.again(step)
        trial.check()


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.code)
def test_D_every_step_in_every_currency_does_what_the_table_says(trials, case):
    """In every trouble, by the exact model; others are paid meanwhile, nobody twice (Laws 3, 4)."""
    try_out(trials, case)


def test_D_the_words_of_the_table_mean_what_moves():
    """It says "pays" if and only if exactly what is owed leaves, and arrives."""
    for case in cases():
        # Of two troubles at once the table says the graver; the books are exact all the same.
        if case.does.settles and (not case.change or case.currency is PLAIN):
            assert (case.does is Does.PAYS) == is_exact(case), case.code


def is_exact(case: Case) -> bool:
    """Whether a step moves exactly what it is asked to, and says so."""
    leaves, arrives = case.nature.moves(1_000_000)
    if case.step == "declare":
        as_told = case.nature.telling is not Telling.DOUBLE and not case.nature.max_means_all
        return arrives == 1_000_000 and as_told
    return leaves == arrives == 1_000_000


@pytest.mark.parametrize(
    "currency",
    [it for it in CURRENCIES if it.cells.claim not in {Does.NEVER, Does.DRAINS}],
    ids=lambda it: it.code,
)
def test_D_every_currency_is_paid_out_to_the_last_unit(trials, currency):
    """When all have been paid, the vault has what it carries to the next, and no more (Law 3)."""
    with trials.of(currency) as trial:
        live_out(trial)
        seen = trial.seen()
        pot = trial.money.pot
        series = [it for it in trial.account.models if trial.monies[it].pot == pot]
        assert trial.owing(seen, pot) == sum(seen["carried", it] for it in series)
        stray = seen[pot, "vault"] - trial.owing(seen, pot) * trial.money.grains
        # What a currency does not move though asked to, stays.
        assert (stray > 0) == (currency.nature.movement is Movement.ONE_LESS)


def live_out(trial: Trial) -> None:
    """Every step on an ordinary day, until nobody is owed anything."""
    cells = trial.currency.cells._asdict()
    trial.play("push", cells["push"])
    for step in ("refund", "sweep", "declare"):
        trial.play(step, cells[step])
    for name in trial.ids:
        for holder in HOLDERS:
            if trial.account.owes(name, holder):
                trial.pay(name, holder)
    trial.play("remit", cells["remit"])
    trial.check()


# ------------------------------------------------------------------------- re-entering


def reenter(trials: Trials, case: Reentry) -> None:
    """The step pays to the unit, and the call back is refused."""
    with trials.of(case.currency) as trial:
        trial.prepare(trial.entrance(case.entrance))
        trial.play(case.step, Does.PAYS)
        trial.check()
        called = [caller for caller in trial.callers() if caller.call("sprung")]
        assert called
        for caller in called:
            assert caller.call("succeeded") is False
            assert caller.call("answer").hex() == GUARDED


@pytest.mark.parametrize("case", reentries(), ids=lambda case: case.code)
def test_E3_whoever_calls_back_finds_every_entrance_shut(trials, case):
    """A currency before and after it moves, a receiver of coins; the books as if nobody called."""
    reenter(trials, case)


@pytest.mark.parametrize("step", SUBJECT)
@pytest.mark.parametrize("code", ["calls-before", "calls-after", "coin"])
def test_E3_views_say_during_a_payment_what_they_say_after_it(trials, code, step):
    """The distribution, the holder's part of it and the carry, asked by whoever is called."""
    with trials.of(CODED[code]) as trial:
        number, ann = trial.ids[SUBJECT[step]], trial.people["ann"]
        token = trial.stage.token.address
        for view, arguments in {
            "distribution": (number,),
            "claimable": (number, ann),
            "isClaimed": (number, ann),
            "carried": (token, trial.money.address),
        }.items():
            before = trial.kit.evm.snapshot()
            call = trial.calling(view, *arguments)
            trial.prepare(call)
            calls = rehearse(trial)
            if step == "push":
                trial.send("push", number, [ann])
            else:
                trial.do(step)
            heard = {it.call("answer") for it in trial.callers() if it.call("sprung") > calls}
            assert heard == {trial.kit.read(trial.stage.stranger, trial.vault.address, call)}
            trial.kit.evm.revert(before)


def rehearse(trial: Trial) -> int:
    """Let receivers call with all gas, so that they can afford to note the next answer."""
    if trial.currency.kind != "coin":
        return 0
    for caller in trial.callers():
        trial.kit.transact(trial.stage.stranger, caller.address, b"", 1)
    return 1


# -------------------------------------------------------------------- all at once


@pytest.mark.parametrize("answer", Answer, ids=lambda it: it.name.lower())
def test_D_no_nature_of_a_currency_touches_another(trials, answer):
    """Whatever it moves, answers and tells: all other currencies stay as they were (Law 19)."""
    tellings = (Telling.TRUTH, Telling.DOUBLE, Telling.REVERTING)
    for movement, telling in product(Movement, tellings):
        with trials.of(PLAIN) as trial:
            nature = replace(Nature(), answer=answer, movement=movement, telling=telling)
            trial.money.become(nature)
            for step in STEPS:
                attempt(trial, step)
            assert elsewhere(trial) == {}
            trial.witness()
            assert elsewhere(trial) == {}


def attempt(trial: Trial, step: str) -> None:
    """Try a step, whatever comes of it, and note a distribution that nobody expected."""
    try:
        trial.attempt(step)
    except Reverted:
        return


def elsewhere(trial: Trial) -> dict[Any, Any]:
    """What is not as it must be in the currencies that are not on trial."""
    mine = {name for name, it in trial.account.entries.items() if it.series == "trial"}
    wrong = trial.wrong(trial.seen())
    return {
        key: value
        for key, value in wrong.items()
        if key not in mine and key[0] not in mine | {"trial"} and key != ("carried", "trial")
    }


def test_D_a_vault_full_of_hostile_currencies_pays_everybody_else(stage):
    """Each turns hostile in its own way; the dollar and the coin are paid; in the end all are."""
    stage.issue({getattr(stage, who): shares for who, shares in HOLDERS.items()})
    record, holders = stage.close(), {getattr(stage, who): it for who, it in HOLDERS.items()}
    good, bad = Books(stage, holders), Books(stage, holders)
    hostile = {
        bad.declare(record, 1_000_003, currency=currency, rate=1_500): (currency, change)
        for change in CHANGES
        if change.cells.claim is Does.REFUSES and set(change.nature) & {"answer", "paused"}
        for currency in [wilful(stage)]
    }
    dollars = good.declare(record, 777_777, rate=1_500)
    coins = good.declare(record, 10**18 + 7, native=True)
    for currency, change in hostile.values():
        currency.send("become", replace(Nature(), **change.nature).words())
    before = {number: stage.figures(number) for number in hostile}
    for number in hostile:
        assert paid_by(lambda it=number: stage.push(it, *holders)) == []
        assert paid_by(lambda it=number: stage.claim(stage.ann, it)) == []
    good.push(dollars, *holders)
    for holder in holders:
        good.claim(holder, coins)
    good.remit(dollars)
    assert {number: stage.figures(number) for number in hostile} == before
    for number, (currency, _) in hostile.items():
        currency.send("become", Nature().words())
        bad.push(number, *holders)
        bad.remit(number)
    assert len(hostile) >= 8


def wilful(stage: Stage) -> Any:
    """A currency that can become anything."""
    currency = stage.kit.deploy("WilfulCurrency")
    currency.send("become", Nature().words())
    return currency


def paid_by(act: Callable[[], Any]) -> list[Any]:
    """Whom a call paid, if it was not refused."""
    try:
        return act().named("Claimed")
    except Reverted:
        return []


# --------------------------------------------------------------- when money is short


def test_D_what_a_currency_takes_away_the_last_ones_wait_for(trials):
    """Balances halve: the first are paid to the unit, the last when somebody makes up for it."""
    with trials.of(PLAIN) as trial:
        trial.money.become(replace(Nature(), grains=2 * Nature().grains))
        trial.play("claim", Does.PAYS)
        trial.check()
        trial.play("push", Does.SKIPS)
        trial.check()
        make_up(trial)
        trial.play("push", Does.PAYS)
        trial.check()
        trial.again("push")


@pytest.mark.parametrize("code", ["fee-on-top", "one-more"])
def test_D_a_currency_that_takes_more_than_it_is_told_to_fails_its_last_payment(trials, code):
    """The shortfall is what it took; it is the last payment's, until somebody makes up for it."""
    with trials.of(CODED[code]) as trial:
        for step in ("push", "sweep", "refund"):
            trial.play(step, Does.DRAINS)
        trial.pay("rent", "dan")
        trial.check()
        assert missing(trial) == trial.overdrawn > 0
        trial.play("remit", Does.REFUSES)
        trial.check()
        make_up(trial)
        trial.play("remit", Does.DRAINS)
        trial.check()
        trial.again("remit")


def missing(trial: Trial) -> int:
    """What the vault owes in the currency on trial and does not have."""
    seen = trial.seen()
    return trial.owing(seen, "trial") - seen["trial", "vault"] // trial.money.grains


def make_up(trial: Trial) -> None:
    """Somebody gives the vault what it is short of, and something for fees."""
    amount = missing(trial) + 50_000
    trial.money.fund(trial.vault.address, amount)
    trial.account.purses["trial", "vault"] += amount * trial.money.grains


def test_D_two_addresses_of_one_currency_are_two_currencies_of_one_pot(trials):
    """What is owed under one address is not touched by payments under the other."""
    trial = trials.open(CODED["second-address"])
    trial.monies["main"] = main = trial.money.main
    main.allow(trial.people["agent"])
    trial.declare("other rent", main, 1_000_003, rate=1_500)
    trial.check()
    for holder in HOLDERS:
        trial.pay("other rent", holder, push=holder == "ben")
    trial.check()
    live_out(trial)


def test_D_a_limit_for_one_movement_is_met_by_claiming_one_by_one(stage):
    """Together they are too much for the currency; alone each is paid to the unit."""
    stage.issue({stage.ann: 1, stage.ben: 1})
    record, currency = stage.close(), wilful(stage)
    books = Books(stage, {stage.ann: 1, stage.ben: 1})
    first, second = (books.declare(record, 600, currency=currency) for _ in range(2))
    currency.send("become", replace(Nature(), limit=599).words())
    with refused("DividendVault_PaymentFailed", currency.address, stage.ann, 600):
        stage.claim(stage.ann, first, second)
    books.check()
    books.claim(stage.ann, first)
    books.claim(stage.ann, second)


def test_D_the_largest_amount_has_no_room_for_a_carry(trials):
    """With the carry it is refused, and the carry stays; less that much, it is paid to the unit."""
    with trials.of(PLAIN) as trial:
        carried = trial.seen()["carried", "trial"]
        assert carried > 0
        with refused("DividendVault_AmountTooLarge", MAX_AMOUNT + carried, MAX_AMOUNT):
            trial.ask(trial.money, MAX_AMOUNT)
        trial.check()
        trial.declare("largest", trial.money, MAX_AMOUNT - carried, rate=1_500)
        for holder in HOLDERS:
            trial.pay("largest", holder)
        trial.check()


@pytest.mark.parametrize("function", ["claim", "push"])
@pytest.mark.parametrize("code", [PLAIN.code, "coin"])
def test_E1_whoever_sends_too_little_gas_marks_nobody_as_paid(trials, code, function):
    """With any amount of gas a holder is paid and marked, or neither."""
    outcomes = set()
    for gas in range(40_000, 320_000, 7_001):
        with trials.of(CODED[code]) as trial:
            number, ann = trial.ids["rent"], trial.people["ann"]
            arguments = ([number], ann) if function == "claim" else (number, [ann])
            call = trial.calling(function, *arguments)
            paid = with_gas(trial, call, gas)
            if paid:
                trial.settle(trial.money, [("ann", trial.account.settle("rent", "ann"))])
            trial.check()
            outcomes.add(paid)
    assert outcomes == {True, False}


def with_gas(trial: Trial, call: bytes, gas: int) -> bool:
    """Call the vault with so much gas, and say whether anything came of it."""
    evm = trial.kit.evm
    before = evm.snapshot()
    evm.reset_transient_storage()
    try:
        evm.message_call(trial.stage.stranger, trial.vault.address, call, 0, gas)
    except RuntimeError:
        evm.revert(before)
        return False
    return trial.kit.read(
        trial.stage.stranger,
        trial.vault.address,
        trial.calling("isClaimed", trial.ids["rent"], trial.people["ann"]),
    ) == (1).to_bytes(32, "big")


# ---------------------------------------------------------------- what was a defect once


def test_E3_the_carry_is_told_honestly_while_the_last_holder_is_pushed(trials):
    """Who is called by the last payment of a page sees the remainder carried, or not finished."""
    with trials.of(CODED["calls-after"]) as trial:
        for holder in ("ann", "dan"):
            trial.pay("rent", holder)
        view = trial.calling("carried", trial.stage.token.address, trial.money.address)
        trial.prepare(view)
        trial.do("push")
        heard = trial.money.deployed.call("answer")
        assert heard == trial.kit.read(trial.stage.stranger, trial.vault.address, view)


def test_D_a_denial_after_a_fee_on_top_stops_the_page_but_no_holder(trials):
    """What the vault holds is measured once a page: where payments take more than was owed, an
    answer of false cannot be told from a movement. The page is refused, one by one they are paid.
    """
    with trials.of(CODED["fee-on-top"]) as trial:
        trial.money.become(replace(trial.money.nature, quiet=True))
        trial.money.block(trial.people["ben"], True)
        with pytest.raises(Reverted) as refusal:
            trial.do("push")
        assert refusal.value.name == "DividendVault_MovedOnFailure"
        told = []
        for holder in ("ben", "ann"):
            receipt = trial.stage.push(trial.ids["rent"], trial.people[holder])
            told += [(e["holder"], e["reason"]) for e in receipt.named("Skipped")]
        assert told == [(trial.people["ben"], SKIPPED_PAYMENT)]


def test_D_a_currency_that_hides_that_it_moved_pays_nobody_twice(trials):
    """It moves, says no and tells no balances: the page is refused, all are paid later (Law 4)."""
    with trials.of(PLAIN) as trial:
        trial.money.become(replace(Nature(), answer=Answer.NO, telling=Telling.REVERTING))
        attempt(trial, "push")
        trial.money.become(Nature())
        trial.check()


# ------------------------------------------------------------------- broken twins

CASES = {case.code: (try_out, case) for case in cases()}
CASES |= {case.code: (reenter, case) for case in reentries()}


@pytest.fixture(scope="module")
def twin(artifacts) -> Codec:
    """What encodes and decodes for the vault with all the faults."""
    return Codec({**artifacts, TWIN: build(artifacts["DividendVault"])})


def test_a_twin_without_a_fault_does_what_the_table_says(twin):
    """Whatever the faults are caught by, passes without them."""
    sound = BrokenTrials(twin, TWIN)
    for code in sorted({code for fault in FAULTS for code in fault.caught}):
        attempt_case, case = CASES[code]
        attempt_case(sound, case)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.code)
def test_every_fault_is_caught(twin, fault: Fault):
    """A vault that is broken in one way fails each of the cells that are there to catch it."""
    broken = BrokenTrials(twin, TWIN, 1 + FAULTS.index(fault), opening=fault.opening)
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
