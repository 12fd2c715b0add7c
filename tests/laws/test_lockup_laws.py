"""Lock-ups against a law that knows no lots: every acquisition by itself, and when it is free."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.chainkit import Codec, RevmKit
from tests.laws.harness import Harness, scaled
from tests.model.lockups import (
    BY_DAY,
    DAY,
    LONGEST,
    MOST,
    MOST_UNDER_ONE,
    NEVER,
    LockUps,
    lengths_of_all_lots,
    release,
)

WALLETS = ("ann", "ann2", "ben")
RULES, TOKEN, OTHER, KEEPER = "rules", "shares", "other", "keeper"

wallets = st.sampled_from(WALLETS)
edges = st.builds(
    lambda power, change: BY_DAY * 2**power + change, st.integers(0, 9), st.integers(-1, 1)
)
days = st.one_of(
    st.sampled_from((1, 30, 92, 93, 180, 184, 365, 730, LONGEST, LONGEST + 1)),
    st.integers(1, 2 * BY_DAY),
    st.integers(1, LONGEST),
    edges,
)
lock_ups = st.one_of(
    st.builds(lambda length: length * DAY, days),
    st.builds(lambda length, rest: length * DAY + rest, days, st.integers(-DAY + 1, DAY - 1)),
    st.sampled_from((0, 1, NEVER, 2**256 - 1)),
)
amounts = st.one_of(st.integers(0, 3), st.integers(1, 10**9))
waits = st.one_of(
    st.sampled_from((1, DAY - 1, DAY, DAY + 1, 7 * DAY, 92 * DAY, 365 * DAY)),
    st.integers(1, 400 * DAY),
)


class LockUpMachine(RuleBasedStateMachine):
    """Two tokens with one keeper of lots; three wallets; any lock-up after any other."""

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.harness = Harness(codec, (*WALLETS, RULES))
        self.harness.build(KEEPER, "LockUps")
        self.laws = {}
        for token in (TOKEN, OTHER):
            self.harness.build(token, "Puppet")
            self.harness.send(RULES, token, "setCompliance", RULES)
            self.laws[token] = LockUps(WALLETS, RevmKit.START)
        self.most = 0

    @property
    def law(self) -> LockUps:
        return self.laws[TOKEN]

    def write(self, function, *args, token=TOKEN):
        self.harness.send(RULES, KEEPER, function, token, *args)

    # ------------------------------------------------------------------- what can happen

    @rule(who=wallets, amount=amounts, lock_up=lock_ups)
    def acquire(self, who, amount, lock_up):
        self.law.acquire(who, amount, lock_up)
        self.write("acquired", who, amount, lock_up)
        self.compare()

    @rule(who=wallets, amount=amounts, lock_up=lock_ups)
    def acquire_the_other(self, who, amount, lock_up):
        self.laws[OTHER].acquire(who, amount, lock_up)
        self.write("acquired", who, amount, lock_up, token=OTHER)
        self.compare()

    @rule(who=wallets, lock_up=lock_ups, each=st.integers(1, 9), times=st.integers(2, 120))
    def acquire_day_after_day(self, who, lock_up, each, times):
        for _ in range(times):
            self.law.acquire(who, 1, lock_up)
            self.write("acquired", who, 1, lock_up)
            self.pass_time(each * DAY)
        self.compare()

    @rule(who=wallets, longest=days, apart=st.integers(1, 600))
    def acquire_under_many_rules(self, who, longest, apart):
        for length in range(longest, max(0, longest - 40 * apart), -apart):
            self.law.acquire(who, 1, length * DAY)
            self.write("acquired", who, 1, length * DAY)
        self.compare()

    @rule(who=wallets, thousandths=st.integers(0, 1_001))
    def reduce(self, who, thousandths):
        balance = self.law.locked(who)[0] * thousandths // 1_000
        self.law.reduce(who, balance)
        self.write("reduced", who, balance)
        self.compare()

    @rule(lost=wallets, successor=wallets)
    def recover(self, lost, successor):
        if lost == successor:
            return
        self.law.recover(lost, successor)
        self.write("recovered", lost, successor)
        self.compare()

    @rule(seconds=waits)
    def wait(self, seconds):
        self.pass_time(seconds)
        self.compare()

    def pass_time(self, seconds):
        for law in self.laws.values():
            law.now += seconds
        self.harness.kit.now = self.law.now

    # --------------------------------------------------------------------- what must hold

    def compare(self):
        """Amounts and dates are the law's; there are never more lots than it allows."""
        keeper = self.harness.contracts[KEEPER]
        for token, law in self.laws.items():
            for who in WALLETS:
                what = self.harness.addresses[token], self.harness.addresses[who]
                assert keeper.call("locked", *what) == law.locked(who), (token, who)
                lots = keeper.call("lotsOf", *what)
                assert list(lots) == law.lots(who), (token, who)
                self.most = max(self.most, len(lots))
        assert self.most <= MOST


def test_any_history_of_lock_ups(codec: Codec) -> None:
    """What is locked, until when, and in how many lots is the law's, for any lock-ups after each
    other, sales, orders and recoveries (Law 33)."""
    run_state_machine_as_test(
        lambda: LockUpMachine(codec), settings=scaled(1, stateful_step_count=25)
    )


@pytest.mark.parametrize("length", [1, 46, 91, 92, 93, 184, 365, 730, 23_552, LONGEST])
def test_one_lock_up_makes_93_lots_at_most(codec: Codec, length: int) -> None:
    """A share on the last day of each of a lock-up's periods, for longer than it lasts
    (Law 33)."""
    machine = LockUpMachine(codec)
    period = next(2**n for n in range(10) if BY_DAY * 2**n >= length)
    machine.wait((-(machine.law.now // DAY + 1) % period) * DAY)
    for _ in range(length // period + 5):
        machine.acquire("ann", 1, length * DAY)
        machine.wait(period * DAY)
    assert machine.most == 1 - (-length // period) <= MOST_UNDER_ONE


def test_all_lock_ups_together_make_496_lots(codec: Codec) -> None:
    """The worst that rules after rules can do to a wallet, on the worst of days; the lots of a
    second such wallet, recovered, make it no more (Law 33)."""
    machine = LockUpMachine(codec)
    machine.wait((-(machine.law.now // DAY) % 512) * DAY)
    for length in lengths_of_all_lots():
        for who in ("ann", "ben"):
            machine.law.acquire(who, 1, length * DAY)
            machine.write("acquired", who, 1, length * DAY)
    machine.compare()
    assert machine.most == MOST
    machine.recover("ann", "ben")
    assert machine.most == MOST


@given(moment=st.integers(0, 2**40), lock_up=lock_ups)
def test_no_share_is_free_before_its_lock_up_ends(moment: int, lock_up: int) -> None:
    """And none later than a 46th part of it after the end of a day, none later than that of a
    lock-up of 92 days or less (Law 33)."""
    end = (moment // DAY + 1 - (-lock_up // DAY)) * DAY
    late = release(moment, lock_up) - end
    if lock_up > LONGEST * DAY:
        assert release(moment, lock_up) == NEVER
    else:
        assert 0 <= late < max(lock_up // 46, 1)
        assert late == 0 or lock_up > BY_DAY * DAY
    assert release(moment, lock_up) >= min(moment + lock_up, NEVER)


@given(moment=st.integers(0, 2**40), lock_up=lock_ups)
def test_the_contract_dates_as_the_law_does(codec: Codec, moment: int, lock_up: int) -> None:
    """For any second and any lock-up (Law 33)."""
    keeper = RevmKit(codec).deploy("LockUps")
    assert keeper.call("releaseOf", moment, lock_up) == release(moment, lock_up)
