"""One machine over the whole system: walked at random, in the hands of Hypothesis, and put to the
proof with planted faults."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from tests.assurance.fuzz import faulty_market, faulty_token
from tests.assurance.fuzz.exchange_dice import FREQUENCIES, next_step, opening
from tests.assurance.fuzz.exchanges import ExchangesHarness
from tests.assurance.fuzz.run import walk_all
from tests.assurance.fuzz.system import Step
from tests.assurance.fuzz.trading import PURSE
from tests.assurance.fuzz.walk import (
    SENTENCES,
    Failed,
    Make,
    Walked,
    fails,
    narrated,
    play,
    walk_one,
)
from tests.chainkit import Codec
from tests.contracts import faulty_vault
from tests.laws.harness import scaled
from tests.model.income import Payment
from tests.model.outcomes import VAULT

STEPS = int(os.environ.get("PRORATA_STEPS") or 150_000)
SEED = "prorata"

dice = st.randoms(use_true_random=False)


@pytest.mark.slow
def test_a_long_walk(capsys: pytest.CaptureFixture[str]) -> None:
    """Two assets, four currencies, lost wallets, waiting income, trouble of every kind: in every
    step the chain does what the law says, or refuses for its reason (Laws 1 to 13, 18, 19, 25, 26,
    30, 31 and 43 to 66)."""
    walked = walk_all(SEED, STEPS)
    assert walked.steps == STEPS
    with capsys.disabled():
        done, refused = sum(walked.done.values()), sum(walked.refused.values())
        print(f"\n{walked.steps:,} steps walked: {done:,} done, {refused:,} refused")
    # A walk in which something never happens, or is never refused, proves nothing of it.
    assert set(walked.done) == set(SENTENCES)
    assert {"transfer", "transfer_from", "permit", "mint", "burn", "force", "recover", "schedule",
            "register", "confirm", "undo", "declare", "declare_with_permit", "claim", "claim_to",
            "push", "instruct", "remit", "sweep", "refund", "call_open", "call_order",
            "call_signed", "call_close", "call_settle", "call_deliver", "call_refund",
            "call_return", "call_take", "exchange_open", "exchange_fund", "exchange_drain",
            "exchange_price", "exchange_now", "exchange_permit", "exchange_signed",
            "exchange_carry", "exchange_take", "exchange_take_to", "exchange_end_hold",
            "exchange_end_kept", "exchange_sweep", "exchange_close",
            "exchange_cancel"} <= set(walked.refused)  # fmt: skip


class SystemMachine(RuleBasedStateMachine):
    """The same machine in the hands of Hypothesis, whose dice can be shrunk."""

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.codec = codec
        self.system = ExchangesHarness(codec)
        self.story: list[Step] = []

    @initialize(dice=dice)
    def begin(self, dice):
        for step in opening(dice):
            self.take(step)

    @rule(dice=dice)
    def happen(self, dice):
        self.take(next_step(self.system, dice))

    def take(self, step):
        self.story.append(step)
        try:
            self.system.do(step)
            self.system.check_everything()
        except AssertionError as broken:
            report = narrated(lambda: ExchangesHarness(self.codec), self.story)
            lines = [f"    {step!r},  # {sentence}" for step, sentence in report]
            raise Failed("\n".join([str(broken), *lines])) from None


def test_any_history_of_the_whole_system(codec: Codec) -> None:
    """Whatever happens, in whatever order, everything that can be asked is answered as the law
    says (Laws 1 to 13)."""
    settings = scaled(1, stateful_step_count=25)
    run_state_machine_as_test(lambda: SystemMachine(codec), settings=settings)


# --------------------------------------------------------------------------- planted faults


FAULTY = {
    "DividendVault": faulty_vault.FAULTY,
    "ShareToken": faulty_token.FAULTY,
    "TradeSettlement": faulty_market.FAULTY_SETTLEMENT,
    "Holds": faulty_market.FAULTY_HOLDS,
    "CallAuction": faulty_market.FAULTY_CALLS,
    "ShareExchange": faulty_market.FAULTY_EXCHANGES,
}


class FaultySystem(ExchangesHarness):
    """The harness with a faulty contract in place of a contract, and one fault committed."""

    def __init__(self, codec: Codec, contract: str, fault: int) -> None:
        self.fault = fault
        super().__init__(codec, **{contract: FAULTY[contract]})

    def _enter(self, name: str, contract: str, address: str) -> None:
        super()._enter(name, contract, address)
        if contract in FAULTY.values():
            self._send("eve", name, "commit", self.fault)


def number_of(code: str) -> int:
    """The number behind which a fault of the vault is."""
    return 1 + [fault.code for fault in faulty_vault.FAULTS].index(code)


def walk_into(make: Make) -> int:
    """After how many stories a walk comes to grief; 0 if eighty are not enough."""
    for story in range(1, 81):
        try:
            walk_one(make, f"{SEED}/{story}", 250, Walked(), minimise=False)
        except Failed:
            return story
    return 0


VAULT_FAULTS = (
    "takes any answer for yes",
    "takes a revert for a payment",
    "gives receivers the same in a claim as in a page",
    "counts what was asked",
    "remits again",
    "sweeps and refunds again",
    "forgets to undo the progress",
    "forgets to undo the claimed bit",
    "withholds of what it did not pay",
)


@pytest.mark.slow
@pytest.mark.parametrize("code", VAULT_FAULTS)
def test_the_machine_finds_what_is_wrong_with_a_vault(faulty_codec: Codec, code: str) -> None:
    """A vault with one fault is told from a sound one within ten thousand steps."""
    assert walk_into(lambda: FaultySystem(faulty_codec, "DividendVault", number_of(code)))


@pytest.mark.slow
@pytest.mark.parametrize("fault", faulty_token.FAULTS, ids=lambda fault: fault.code)
def test_the_machine_finds_what_is_wrong_with_a_token(
    faulty_codec: Codec, fault: faulty_vault.Fault
) -> None:
    """So is a share token."""
    number = 1 + faulty_token.FAULTS.index(fault)
    assert walk_into(lambda: FaultySystem(faulty_codec, "ShareToken", number))


WALKED_INTO = {
    "TradeSettlement": ("forgets what was filled", "spends the number of the first giver only"),
    "Holds": ("forgets what a keeper delivered", "counts what was asked for"),
}
"""Those that a walk comes upon at once; all are told by hand below."""

MARKET_FAULTS = {
    "TradeSettlement": faulty_market.SETTLEMENT_FAULTS,
    "Holds": faulty_market.HOLDS_FAULTS,
}


def faulty_market_at(codec: Codec, contract: str, code: str) -> Make:
    """A system in which this is wrong with one of the two; with nothing, if `code` is empty."""
    codes = ["", *(fault.code for fault in MARKET_FAULTS[contract])]
    return lambda: FaultySystem(codec, contract, codes.index(code))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("contract", "code"), [(one, code) for one, codes in WALKED_INTO.items() for code in codes]
)
def test_the_machine_finds_what_is_wrong_with_trades_and_holds(
    faulty_codec: Codec, contract: str, code: str
) -> None:
    """So is a settlement, and what holds."""
    assert walk_into(faulty_market_at(faulty_codec, contract, code))


def faulty_calls(codec: Codec, code: str) -> Make:
    """A system in which this is wrong with calls; with nothing, if `code` is empty."""
    codes = ["", *(fault.code for fault in faulty_market.CALL_FAULTS)]
    return lambda: FaultySystem(codec, "CallAuction", codes.index(code))


CALLS_WALKED_INTO = (
    "forgets a number",
    "keeps the interest of a withdrawn order",
    "keeps what an order paid too much",
    "settles after its time",
    "refunds before its time",
)


@pytest.mark.slow
@pytest.mark.parametrize("code", CALLS_WALKED_INTO)
def test_the_machine_finds_what_is_wrong_with_calls(faulty_codec: Codec, code: str) -> None:
    """So is a call auction, and what settles its calls."""
    assert walk_into(faulty_calls(faulty_codec, code))


EXCHANGES_WALKED_INTO = tuple(fault.code for fault in faulty_market.EXCHANGE_FAULTS)


@pytest.mark.slow
@pytest.mark.parametrize("code", EXCHANGES_WALKED_INTO)
def test_the_machine_finds_what_is_wrong_with_exchanges(faulty_codec: Codec, code: str) -> None:
    """So is what exchanges shares (Laws 62 to 66)."""
    number = 1 + EXCHANGES_WALKED_INTO.index(code)
    assert walk_into(lambda: FaultySystem(faulty_codec, "ShareExchange", number))


def call_of(kind: int, opener: str, *, mint: bool) -> tuple[Any, ...]:
    """A call of two lots of east from second 1 to second 10, at 200 dollars or more, with a fee."""
    what = (opener, 1, kind, "east", 1, opener, mint, False, 2, 0, 0 if mint else 400)
    times = (1, 0, 10, 40, 0, 80, 0)
    fees = ("nobody", "tax", 100, 1_000_000)
    return (*what, (("usd", 200, 2),), 3, *times, 1, 0, "nobody", 0, 0, 0, *fees, 0, "nobody", 0)


SALE, TENDER = call_of(0, "eve", mint=True), call_of(1, "ben", mint=False)
CALLS_TOLD: dict[str, tuple[Step, ...]] = {
    "takes orders after the close": (
        ("call_open", "eve", SALE, "nobody"), ("wait", 10),
        ("call_order", SALE, "ben", "bid", 2, 0, 0),
    ),
    "takes no fee": (
        ("call_open", "eve", SALE, "nobody"), ("call_order", SALE, "ben", "bid", 2, 0, 0),
        ("wait", 10), ("call_close", "ola", SALE, 0), ("call_settle", SALE, 9),
    ),
    "pays an asker its fee": (
        ("call_open", "ben", TENDER, "nobody"), ("call_order", TENDER, "ann", "ask", 2, 0, 0),
        ("wait", 10), ("call_close", "ola", TENDER, 0), ("call_settle", TENDER, 9),
    ),
}  # fmt: skip


@pytest.mark.parametrize("code", CALLS_TOLD)
def test_a_story_tells_what_is_wrong_with_calls(faulty_codec: Codec, code: str) -> None:
    """What a walk comes upon late, by a short story, which ends well where nothing is wrong."""
    consent = ("set_keeper", "ann", "auction", "east", 1_000, 2_000)
    ready = [("mint", "east", "ann", 5), ("appoint", "east", "holds"), consent, ("wait", 1)]
    assert fails(faulty_calls(faulty_codec, code), [*ready, *CALLS_TOLD[code]])
    assert not fails(faulty_calls(faulty_codec, ""), [*ready, *CALLS_TOLD[code]])


PARTLY = 1 << 63
HOLD = ("east", "ann", "ben", 3, 7, 50, 0)
OUT = (("place", "ann", HOLD), ("pause", "east", True), ("show", "ola", HOLD, 7))
"""A hold whose secret is out, and which cannot be delivered."""


def offer(nonce: int, *, takes: int = 8, **others: Any) -> tuple[Any, ...]:
    """ann offers 4 of east for dollars."""
    least = 1 if nonce & PARTLY else 4
    terms = {"give": "east", "take": "usd", "gives": 4, "takes": takes, "least": least}
    rest = {"until": 100, "nonce": nonce, "record_token": "nobody", "record": 0}
    fees = {"maker_pays": False, "fee_to": "nobody", "fee_bps": 0, "tax_to": "nobody", "tax_bps": 0}
    return tuple({"maker": "ann", "taker": "nobody", **terms, **rest, **fees, **others}.values())


def filled(order: tuple[Any, ...], amount: int, most: int = 1_000) -> Step:
    """ben fills an order of ann's."""
    return "fill", "ben", order, "ann", amount, most


TOLD: dict[str, tuple[Step, ...]] = {
    "forgets what was filled": (filled(offer(PARTLY), 1),),
    "fills the neighbour of a nonce": (filled(offer(PARTLY), 1), filled(offer(PARTLY | 1), 2)),
    "lets bit 63 pass below": (("cancel_below", "ann", 1), filled(offer(PARTLY), 2)),
    "charges a part for what was before it": (
        filled(offer(PARTLY, takes=10), 2), filled(offer(PARTLY, takes=10), 1),
    ),
    "asks for no more than the first price": (filled(offer(0), 4, 7),),
    "fills in the second after the close": (
        ("schedule", "east", 0), ("wait", 1),
        filled(offer(0, record_token="east", record=1), 4),
    ),
    "believes what arrives": (
        ("nature", "fee", 3_333, False, False, 0), filled(offer(0, take="fee"), 4),
    ),
    "takes any answer for yes": (
        ("nature", "fee", 0, False, False, 2), filled(offer(0, take="fee"), 4),
    ),
    "spends the number of the first giver only": (
        ("settle", "ann", (("east", "ann", "ben", 1), ("usd", "ben", "ann", 1)), 5, 9, ("ben",)),
    ),
    "takes the fee from whom it goes to": (
        filled(offer(0, takes=400, fee_to="sam", fee_bps=100), 4),
    ),
    "delivers to whom it was promised first": (
        *OUT, ("redirect", "ben", HOLD, "cat"), ("pause", "east", False),
        ("hand_over", "ola", HOLD),
    ),
    "releases what was claimed": (*OUT, ("wait", 60), ("let_out", "ann", HOLD)),
    "lets the owner out early": (("place", "ann", HOLD), ("let_out", "ann", HOLD)),
    "decides anew where a hold lies": (
        *OUT, ("appoint", "east", "nobody"), ("hand_over", "ola", HOLD),
    ),
    "forgets what a keeper delivered": (
        ("set_keeper", "ann", "sam", "east", 5, 100), ("hold_for", "sam", "east", "ann", 2),
        ("deliver_kept", "sam", "east", "ann", "ben", 1),
    ),
    "keeps the consent that was ended": (
        ("set_keeper", "ann", "sam", "east", 5, 100), ("hold_for", "sam", "east", "ann", 2),
        ("void_kept", "eve", "sam", "east", "ann", 1),
    ),
    "lets a lost wallet open a hold": (
        ("recover", "east", "ann", "ann2"), ("place", "ann", HOLD),
    ),
    "counts what was asked for": (
        ("nature", "fee", 3_333, False, False, 0),
        ("place", "ben", ("fee", "ben", "ann", 30, 7, 50, 0)),
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("contract", "code"),
    [(one, fault.code) for one, faults in MARKET_FAULTS.items() for fault in faults],
)
def test_a_story_tells_what_is_wrong_with_trades_and_holds(
    faulty_codec: Codec, contract: str, code: str
) -> None:
    """Each fault by the shortest story, which ends well where nothing is wrong (Laws 43, 44, 47,
    48, 50 and 51)."""
    story = [("mint", "east", "ann", 5), ("appoint", "east", "holds"), *TOLD[code]]
    assert fails(faulty_market_at(faulty_codec, contract, code), story)
    assert not fails(faulty_market_at(faulty_codec, contract, ""), story)


@pytest.mark.parametrize("contract", FAULTY)
def test_a_faulty_contract_without_a_fault_is_as_good_as_the_original(
    faulty_codec: Codec, contract: str
) -> None:
    """Else the machine would find the faulty contract and not the fault."""
    walked = Walked()
    walk_one(lambda: FaultySystem(faulty_codec, contract, 0), SEED, 250, walked)
    assert walked.steps == 250


@pytest.mark.slow
def test_a_failing_walk_tells_a_short_story(faulty_codec: Codec) -> None:
    """What is left of hundreds of steps can be read, and pasted as a test."""

    def make() -> ExchangesHarness:
        return FaultySystem(faulty_codec, "DividendVault", number_of("remits again"))

    def walk_on() -> None:
        for story in range(40):
            walk_one(make, f"{SEED}/{story}", 250, Walked())

    with pytest.raises(Failed) as failed:
        walk_on()
    report = str(failed.value)
    steps = [line for line in report.splitlines() if line.startswith("        (")]
    assert 0 < len(steps) <= 10, report
    assert "('remit', 1),  # " in steps[-1]
    assert "the tax of 1 is remitted" in steps[-1]
    with pytest.raises(AssertionError):
        play(make, [eval(line.partition(",  # ")[0]) for line in steps])


# ------------------------------------------------------------------------- told by hand

LIFE: tuple[Step, ...] = (
    ("mint", "east", "ann", 3),
    ("mint", "east", "ben", 2),
    ("schedule", "east", 0),
    ("wait", 1),
    ("nature", "fee", 100, False, False, 0),
    ("declare", "eve", "east", 1, "fee", 1_000, 3, "third"),
    ("recover", "east", "ann", "ann2"),
    ("stop", "east", "ben", True),
    ("push", 1, ("ann", "ben", "cat")),
    ("nature", "fee", 100, True, False, 0),
    ("remit", 1),
    ("nature", "fee", 100, False, False, 0),
    ("remit", 1),
    ("wait", 4),
    ("sweep", 1),
)


def test_a_story_told_by_hand(codec: Codec) -> None:
    """A lost wallet's income reaches its successor, less the currency's fee; a frozen one's waits
    until it is swept; the tax goes out once the currency moves again (Laws 3, 8 and 13)."""
    system = play(lambda: ExchangesHarness(codec), LIFE)
    (it,) = system.law.distributions
    assert (it.amount, it.settled) == (990, {"ann": Payment(3, 594, 197)})
    assert system.law.money["fee"]["ann2"] == PURSE + 397 - 3
    assert (it.remitted, it.swept) == (197, 396)
    assert system.law.money["fee"][VAULT] == 0


UNENDED: tuple[Step, ...] = (
    ("mint", "club", "ann2", 1),
    ("appoint", "club", "holds"),
    ("place", "ann2", ("club", "ann2", "ben", 1, 1, 46, 0)),
    ("appoint", "club", "ola"),
    ("deliver", "club", "ola", "ann2", "ann", 1),
    ("void", "wes", ("club", "ann2", "ben", 1, 1, 46, 0), 1),
)


def test_a_hold_that_cannot_end_misses_nothing_yet(codec: Codec) -> None:
    """What is missing of a hold is noted when it ends, not when that is refused: a walk told the
    law so."""
    system = play(lambda: ExchangesHarness(codec), UNENDED)
    assert not any(amount for amount, _ in system.escrow.missing.values())


OWED_UNHELD: tuple[Step, ...] = (
    ("appoint", "east", "holds"),
    ("set_keeper", "ben", "exchange", "club", 1, 2000),
    ("set_keeper", "ben2", "exchange", "east", 10000000, 2000),
    ("exchange_open", "eve", (
        "east", 2, False, "ben2", "usd", 1, 0, "club", 1, "ben", 5, True, 16, 25,
        "nobody", 0, 0, 0, 0, "sam", 65, "sam", 4,
    ), 18, 0),
    ("wait", 29),
    ("mint", "east", "wall", 2),
    ("exchange_carry", 1, ("wall",)),
    ("exchange_close", 1, "eve"),
)  # fmt: skip


def test_an_exchange_that_owes_what_is_not_held_closes(codec: Codec) -> None:
    """Shares that are owed and not held are not let go of when an exchange ends: the first walk
    from another seed met a law that said so."""
    system = play(lambda: ExchangesHarness(codec), OWED_UNHELD)
    [till] = system.exchanges.tills
    assert (till.owed_others, till.kept_others) == (1, 0)


def test_everything_that_may_happen_is_told_in_words() -> None:
    """No step without a sentence, and no sentence without a step."""
    names = {
        "unpause": "pause",
        "wait_for_something": "wait",
        "wait_for_call": "wait",
        "let_calls": "set_keeper",
        "wait_for_exchange": "wait",
        "let_exchanges": "set_keeper",
        "declare_for_nobody": "declare",
    }
    assert {names.get(name, name) for name in FREQUENCIES} == set(SENTENCES)
