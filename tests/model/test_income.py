"""The law of income by hand and by its own laws, before any contract is compared with it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.model.income import Distribution, Payment, Position, Series, Sweep
from tests.model.outcomes import Reason, Refused

AMOUNTS = st.one_of(st.integers(0, 1_000), st.integers(0, 10**13), st.integers(0, 2**256 - 1))
SHARES = st.one_of(st.integers(0, 10), st.integers(0, 10_000), st.integers(0, 2**96 - 1))
BALANCES = st.dictionaries(st.sampled_from("abcdefghijklmnop"), SHARES, min_size=1)
ACCOUNTS = st.lists(st.sampled_from("abcdefghijklmnopqr"), max_size=8)
RATES = st.integers(0, 10_000)
WITHHOLDINGS = st.one_of(RATES, st.dictionaries(st.sampled_from("abcdef"), RATES))


def eligible_of(balances: dict[str, int], excluded: list[str]) -> dict[str, int]:
    """The balances that count, by hand."""
    return {a: b for a, b in balances.items() if a not in excluded and b > 0}


# ---------------------------------------------------------------------------- examples


def test_a_series_from_rent_to_rent() -> None:
    series = Series()
    first = series.declare(100, {"a": 1, "b": 1, "c": 1})

    assert [series.claim(first, holder) for holder in "ab"] == [Payment(1, 33, 0)] * 2
    assert series.position() == Position(
        received=100, paid=66, withheld=0, owed=34, carried=0, swept=0
    )
    assert series.claim(first, "c") == Payment(1, 33, 0)
    assert series.position() == Position(
        received=100, paid=99, withheld=0, owed=0, carried=1, swept=0
    )

    second = series.declare(5, {"a": 1, "b": 1, "c": 1})
    assert second.amount == 6
    assert [second.claimable(holder) for holder in "abc"] == [2, 2, 2]


def test_a_second_claim_a_stranger_and_an_excluded_account_settle_nothing() -> None:
    series = Series()
    rent = series.declare(10, {"a": 2, "b": 0, "t": 5, "c": 3}, excluded=["t"])
    assert series.claim(rent, "a") == Payment(2, 4, 0)
    before = series.position()

    for holder in ("a", "b", "t", "nobody"):
        payment = series.claim(rent, holder)
        assert (payment, payment.settled) == (Payment(0, 0, 0), False)
        assert rent.claimable(holder) == 0
    assert series.position() == before
    assert rent.entitled("a") == Payment(2, 4, 0)
    assert rent.outstanding == {"c": 6}


def test_a_gross_of_nothing_is_settled_all_the_same() -> None:
    series = Series()
    rent = series.declare(1, {"a": 1, "b": 1})

    payment = series.claim(rent, "a")
    assert (payment, payment.settled) == (Payment(1, 0, 0), True)
    assert series.claim(rent, "b") == Payment(1, 0, 0)
    assert rent.finished
    assert series.position() == Position(received=1, paid=0, withheld=0, owed=0, carried=1, swept=0)


def test_tax_is_withheld_at_the_holders_own_rate() -> None:
    series = Series()
    rent = series.declare(1_000, {"a": 1, "b": 1}, withholding={"b": 1_501})

    assert series.claim(rent, "a") == Payment(1, 500, 0)
    assert rent.claimable("b") == 425
    assert series.claim(rent, "b") == Payment(1, 500, 75)
    assert series.position() == Position(
        received=1_000, paid=925, withheld=75, owed=0, carried=0, swept=0
    )


def test_a_sweep_takes_the_floor_of_the_unclaimed_shares_and_carries_the_dust() -> None:
    series = Series()
    rent = series.declare(100, {"a": 1, "b": 1, "c": 5})
    series.claim(rent, "a")  # 14 of 14 2/7
    series.claim(rent, "b")  # 14 of 14 2/7

    assert series.sweep(rent) == Sweep(swept=71, carried=1)  # 71 3/7 of the 72 left
    assert series.position() == Position(
        received=100, paid=28, withheld=0, owed=0, carried=1, swept=71
    )
    assert series.claim(rent, "c") == Payment(0, 0, 0)
    assert (rent.claimable("c"), rent.outstanding) == (0, {})


def test_a_sweep_of_what_nobody_claimed_takes_everything() -> None:
    series = Series()
    assert series.sweep(series.declare(100, {"a": 1, "b": 2})) == Sweep(swept=100, carried=0)


def test_what_is_carried_goes_into_the_next_declaration_only() -> None:
    series = Series()
    first = series.declare(10, {"a": 1, "b": 1, "c": 1})
    second = series.declare(10, {"a": 1, "b": 1, "c": 1})
    for holder in "abc":
        series.claim(first, holder)

    assert second.amount == 10  # A9: terms never change after declaration
    assert series.declare(10, {"a": 1}).amount == 11


def carrying_one() -> Series:
    """A series whose first distribution left the only unit that it had."""
    series = Series()
    rent = series.declare(1, {"a": 1, "b": 1})
    for holder in "ab":
        series.claim(rent, holder)
    return series


def test_what_is_carried_can_be_left_for_a_later_one() -> None:
    series = carrying_one()

    assert series.declare(10, {"a": 1}, carry_in=False).amount == 10
    assert series.position().carried == 1


def test_an_announced_distribution_is_owed_before_its_holders_are_known() -> None:
    series = Series()
    rent = series.announce(100)
    assert series.position() == Position(
        received=100, paid=0, withheld=0, owed=100, carried=0, swept=0
    )
    assert (not rent.finished, rent.claimable("a"), rent.outstanding) == (
        True,
        0,
        {},
    )

    rent.fix({"a": 1, "b": 2, "t": 9}, excluded=["t"], withholding=1_000)
    assert series.claim(rent, "b") == Payment(2, 66, 6)
    assert rent.outstanding == {"a": 33}

    assert rent.entitled("stranger") == Payment(0, 0, 0)
    interest = series.announce(10_000)
    interest.fix({"a": 1})
    assert series.claim(interest, "a") == Payment(1, 10_000, 0)


@pytest.mark.attack("A4")
def test_an_announced_distribution_shares_out_what_was_carried_in_too() -> None:
    series = carrying_one()
    rent = series.announce(99)
    rent.fix({"a": 1, "b": 1})
    assert (series.claim(rent, "a"), series.position().owed) == (Payment(1, 50, 0), 50)


@pytest.mark.attack("A4")
def test_a_refund_returns_what_arrived_and_keeps_what_was_carried_for_the_holders() -> None:
    series = carrying_one()
    rent = series.announce(100)
    assert reasons(lambda: rent.fix({"t": 9}, excluded=["t"])) == (
        ("Income_NoEligibleShares", (1,)),
    )
    assert series.position().owed == 101

    assert series.refund(rent) == 100
    assert rent.finished
    assert series.position() == Position(
        received=101, paid=0, withheld=0, owed=0, carried=1, swept=100
    )


# ---------------------------------------------------------------------------- refusals


def reasons(act: Callable[[], object]) -> tuple[Reason, ...]:
    """Why something is refused."""
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.reasons


@pytest.mark.attack("A4")
def test_a_refused_declaration_absorbs_nothing() -> None:
    series = carrying_one()
    before = series.position()

    for excluded, balances in ((["t"], {"t": 5}), ([], {"t": 0, "a": 0}), ([], {})):
        assert reasons(lambda b=balances, e=excluded: series.declare(100, b, excluded=e)) == (
            ("Income_NoEligibleShares", (len(balances),)),
        )
    for rate in (-1, 10_001):
        assert reasons(lambda r=rate: series.declare(100, {"a": 5}, withholding=r)) == (
            ("Income_RateOutOfRange", (rate, 10_000)),
        )
    assert reasons(lambda: series.declare(100, {"a": 5, "b": -3})) == (
        ("Income_NegativeBalance", ("b", -3)),
    )
    for received in (-1, -2):
        assert reasons(lambda n=received: series.declare(n, {"a": 5})) == (
            ("Income_NegativeAmount", (received,)),
        )
    assert (series.position(), before.carried) == (before, 1)
    assert len(series.distributions) == 1


def test_a_distribution_ends_once() -> None:
    series = Series()
    claimed = series.declare(7, {"a": 1})
    series.claim(claimed, "a")
    swept = series.declare(7, {"a": 1})
    series.sweep(swept)

    for ended in (claimed, swept):
        assert reasons(lambda it=ended: series.sweep(it)) == (("Income_Ended", ()),)


def test_a_distribution_without_holders_pays_nobody() -> None:
    series = Series()
    rent = series.announce(100)

    for act in (
        lambda: series.sweep(rent),
        lambda: rent.remainder,
        lambda: series.claim(rent, "a"),
        lambda: rent.entitled("a"),
    ):
        assert reasons(act) == (("Income_NoHoldersYet", ()),)


def test_a_distribution_with_holders_is_neither_fixed_again_nor_refunded() -> None:
    series = Series()
    declared = series.declare(7, {"a": 1})
    refunded = series.announce(7)
    series.refund(refunded)

    for it in (declared, refunded):
        for act in (lambda d=it: series.refund(d), lambda d=it: d.fix({"a": 1})):
            assert reasons(act) == (("Income_NotWaitingForHolders", ()),)


def test_what_is_announced_is_no_negative_amount() -> None:
    series = Series()
    assert reasons(lambda: series.announce(-1)) == (("Income_NegativeAmount", (-1,)),)
    assert series.position().received == 0
    assert series.announce(7) is series[1]


@pytest.mark.parametrize("unknown", [0, -1, 2])
def test_an_unknown_distribution_is_refused(unknown: int) -> None:
    series = Series()
    series.declare(7, {"a": 1})
    assert reasons(lambda: series[unknown]) == (("Income_Unknown", (unknown, 1)),)


# ---------------------------------------------------------------------------- laws


@given(st.lists(st.tuples(AMOUNTS, BALANCES), min_size=1, max_size=6))
def test_when_all_have_claimed_only_the_last_remainder_is_left(
    rents: list[tuple[int, dict[str, int]]],
) -> None:
    """Over a fully claimed series everything received is paid, but for less than a unit for each
    holder of the last distribution (Law 3)."""
    series = Series()
    paid = 0
    holders = 0
    for amount, balances in rents:
        if not (counted := eligible_of(balances, [])):
            continue
        holders = len(counted)
        rent = series.declare(amount, balances)
        paid += sum(series.claim(rent, holder).net for holder in balances)
        assert rent.finished
    position = series.position()
    assert position.received - paid == position.carried
    assert position.carried < max(holders, 1)


@given(AMOUNTS, BALANCES, st.permutations("abcdefghijklmnop"), st.integers(0, 16))
def test_a_sweep_never_takes_what_was_claimed(
    amount: int, balances: dict[str, int], order: list[str], claims: int
) -> None:
    """A sweep takes the exact floor of the unclaimed shares, whoever claimed in whatever order,
    and carries less than a unit for each claim (Law 2)."""
    assume(eligible_of(balances, []))
    series = Series()
    rent = series.declare(amount, balances)
    settled = sum(series.claim(rent, holder).settled for holder in order[:claims])
    if rent.finished:
        return
    eligible = rent.eligible
    unclaimed = sum(balances[holder] for holder in rent.outstanding)
    sweep = series.sweep(rent)
    assert 0 <= amount * unclaimed - sweep.swept * eligible < eligible
    assert 0 <= sweep.carried < settled + 1


class SeriesMachine(RuleBasedStateMachine):
    """Any course of declarations, claims and sweeps keeps every unit in one of five places."""

    def __init__(self) -> None:
        super().__init__()
        self.series = Series()
        self.received = 0
        self.terms: list[tuple[dict[str, int], list[str]] | None] = []  # None: record still open
        self.payments: dict[tuple[int, str], Payment] = {}
        self.swept: dict[int, int] = {}
        self.announced: dict[int, int] = {}

    def pick(self, data: st.DataObject) -> int:
        return data.draw(st.integers(1, len(self.terms)), label="distribution")

    def at(self, rent: int) -> Distribution:
        return self.series[rent]

    def counted(self, rent: int) -> dict[str, int]:
        terms = self.terms[rent - 1]
        return {} if terms is None else eligible_of(*terms)

    def waits(self, rent: int) -> bool:
        return self.terms[rent - 1] is None and rent not in self.swept

    @rule(
        received=AMOUNTS,
        balances=BALANCES,
        excluded=ACCOUNTS,
        withholding=WITHHOLDINGS,
        carry_in=st.booleans(),
    )
    def declare(
        self,
        received: int,
        balances: dict[str, int],
        excluded: list[str],
        withholding: int | dict[str, int],
        carry_in: bool,
    ) -> None:
        before = self.series.position()
        if not eligible_of(balances, excluded):
            why = reasons(lambda: self.series.declare(received, balances, excluded=excluded))
            assert why == (("Income_NoEligibleShares", (len(balances),)),)
            assert self.series.position() == before
            return
        new = self.series.declare(
            received, balances, excluded=excluded, withholding=withholding, carry_in=carry_in
        )
        self.received += received
        self.terms.append((dict(balances), list(excluded)))
        assert new is self.at(len(self.terms))
        assert new.amount == received + before.carried * carry_in
        assert self.series.position().carried == before.carried * (not carry_in)

    @rule(received=AMOUNTS, carry_in=st.booleans())
    def announce(self, received: int, carry_in: bool) -> None:
        before = self.series.position()
        new = self.series.announce(received, carry_in=carry_in)
        assert new is self.at(len(self.terms) + 1)
        self.received += received
        self.terms.append(None)
        self.announced[len(self.terms)] = self.series.position().owed - before.owed
        assert self.announced[len(self.terms)] == received + before.carried * carry_in

    @precondition(lambda self: self.terms)
    @rule(data=st.data(), balances=BALANCES, excluded=ACCOUNTS, withholding=WITHHOLDINGS)
    def close_record(
        self,
        data: st.DataObject,
        balances: dict[str, int],
        excluded: list[str],
        withholding: int | dict[str, int],
    ) -> None:
        rent = self.pick(data)
        before = self.series.position()
        if not self.waits(rent):
            assert reasons(lambda: self.at(rent).fix(balances, excluded, withholding)) == (
                ("Income_NotWaitingForHolders", ()),
            )
        elif eligible_of(balances, excluded):
            self.at(rent).fix(balances, excluded, withholding)
            self.terms[rent - 1] = (dict(balances), list(excluded))
        else:
            why = reasons(lambda: self.at(rent).fix(balances, excluded, withholding))
            assert why == (("Income_NoEligibleShares", (len(balances),)),)
            self.swept[rent] = self.series.refund(self.at(rent))
            return
        assert self.series.position() == before

    @precondition(lambda self: self.terms)
    @rule(data=st.data(), holder=st.sampled_from("abcdefghijklmnopqr"))
    def claim(self, data: st.DataObject, holder: str) -> None:
        rent = self.pick(data)
        promised = self.at(rent).claimable(holder)
        if self.terms[rent - 1] is None:
            assert promised == 0
            assert reasons(lambda: self.series.claim(self.at(rent), holder)) == (
                ("Income_NoHoldersYet", ()),
            )
            return
        payment = self.series.claim(self.at(rent), holder)
        assert payment.net == promised
        if payment.settled:
            assert (rent, holder) not in self.payments
            assert rent not in self.swept
            assert payment == self.at(rent).entitled(holder)
            self.payments[rent, holder] = payment
        else:
            assert payment == Payment(0, 0, 0)

    @precondition(lambda self: self.terms)
    @rule(data=st.data())
    def claim_all(self, data: st.DataObject) -> None:
        rent = self.pick(data)
        for holder in list(self.at(rent).outstanding):
            self.payments[rent, holder] = self.series.claim(self.at(rent), holder)
        assert self.at(rent).finished != self.waits(rent)

    @precondition(lambda self: self.terms)
    @rule(data=st.data())
    def sweep(self, data: st.DataObject) -> None:
        rent = self.pick(data)
        if self.terms[rent - 1] is not None and not self.at(rent).finished:
            self.swept[rent] = self.series.sweep(self.at(rent)).swept
            return
        (why,) = reasons(lambda: self.series.sweep(self.at(rent)))
        assert why in {("Income_Ended", ()), ("Income_NoHoldersYet", ())}

    @invariant()
    def every_unit_is_in_one_place(self) -> None:
        """received == paid + withheld + owed + carried + swept, by separate books (Law 3)."""
        position = self.series.position()
        assert position.missing == 0
        assert position.received == self.received
        assert position.paid == sum(payment.net for payment in self.payments.values())
        assert position.withheld == sum(payment.tax for payment in self.payments.values())
        assert position.swept == sum(self.swept.values())
        assert min(vars(position).values()) >= 0

    @invariant()
    def nobody_is_paid_twice_or_above_the_exact_share(self) -> None:
        """Each holder is paid at most once for each distribution, and at most the share (Law 4)."""
        for (rent, holder), payment in self.payments.items():
            counted = self.counted(rent)
            exact = Fraction(self.at(rent).amount * counted[holder], sum(counted.values()))
            assert exact - 1 < payment.gross <= exact
            assert self.at(rent).claimable(holder) == 0

    @invariant()
    def the_unclaimed_can_always_be_paid(self) -> None:
        """What is owed covers all claims and exceeds them by under a unit each (Law 2)."""
        open_ids = [i for i, terms in enumerate(self.terms, 1) if terms and not self.at(i).finished]
        outstanding = sum(sum(self.at(i).outstanding.values()) for i in open_ids)
        holders = sum(len(self.counted(i)) for i in open_ids)
        held = sum(amount for i, amount in self.announced.items() if self.waits(i))
        spare = self.series.position().owed - outstanding - held
        assert 0 <= spare <= max(0, holders - len(open_ids))


TestSeriesMachine = SeriesMachine.TestCase
