"""apportion.py: the law of division, and the course of money through a series."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from prorata.apportion import (
    Apportionment,
    Payment,
    Position,
    SeriesModel,
    Sweep,
    apportion,
    entitlement,
    withhold,
)
from prorata.errors import InputError, NoEligibleShares

AMOUNTS = st.one_of(st.integers(0, 1_000), st.integers(0, 10**13), st.integers(0, 2**256 - 1))
SHARES = st.one_of(st.integers(0, 10), st.integers(0, 10_000), st.integers(0, 2**96 - 1))
HELD = SHARES.map(lambda shares: shares + 1)
BALANCES = st.dictionaries(st.sampled_from("abcdefghijklmnop"), SHARES, min_size=1)
ACCOUNTS = st.lists(st.sampled_from("abcdefghijklmnopqr"), max_size=8)
RATES = st.integers(0, 10_000)
WITHHOLDINGS = st.one_of(RATES, st.dictionaries(st.sampled_from("abcdef"), RATES))


def eligible_of(balances: dict[str, int], excluded: list[str]) -> dict[str, int]:
    """The balances that count, by hand."""
    return {a: b for a, b in balances.items() if a not in excluded and b > 0}


# ---------------------------------------------------------------------------- examples


def test_the_rent_of_the_worked_example() -> None:
    # USD 85,000.00 in a 6-decimal dollar; 10,000 shares of which the treasury holds 800.
    division = apportion(
        85_000_000_000, {"treasury": 800, "fund": 1_450, "ada": 1, "rest": 7_749}, ["treasury"]
    )

    assert division == Apportionment(
        amount=85_000_000_000,
        eligible=9_200,
        gross={"treasury": 0, "fund": 13_396_739_130, "ada": 9_239_130, "rest": 71_594_021_739},
        remainder=1,
    )
    assert list(division.gross) == ["treasury", "fund", "ada", "rest"]


def test_a_unit_that_cannot_be_split_remains() -> None:
    assert apportion(1, {"a": 1, "b": 1, "c": 1}) == Apportionment(
        1, 3, {"a": 0, "b": 0, "c": 0}, 1
    )


def test_naming_an_excluded_account_twice_or_a_stranger_changes_nothing() -> None:  # A10
    balances = {"a": 3, "b": 4, "treasury": 3}

    assert apportion(100, balances, ["treasury"] * 2 + ["nobody"]) == apportion(
        100, balances, ["treasury"]
    )


def test_integers_of_a_narrower_type_are_integers() -> None:
    class Shares(int):
        """As some libraries return them."""

    assert apportion(10, {"a": Shares(1), "b": 3}).gross == {"a": 2, "b": 7}


@pytest.mark.parametrize(
    ("gross", "rate", "tax"),
    [(100, 0, 0), (100, 1_500, 15), (99, 1_500, 14), (1, 9_999, 0), (1, 10_000, 1), (0, 5_000, 0)],
)
def test_tax_is_rounded_down_for_the_holder(gross: int, rate: int, tax: int) -> None:
    assert withhold(gross, rate) == tax


def test_the_product_may_exceed_the_chains_word() -> None:  # A6
    huge = 2**256 - 1
    assert entitlement(huge, 2**96 - 2, 2**96 - 1) == huge - 1 - huge // (2**96 - 1)


# ---------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("amount", "balance", "eligible", "sentence"),
    [
        (-1, 1, 1, 'amount: "-1" is negative; give 0 or more'),
        (1, -1, 1, 'balance: "-1" is negative; give 0 or more'),
        (1, 0, -1, 'eligible: "-1" is negative; give 0 or more'),
        (1, 0, 0, 'eligible: "0" leaves nobody to pay; give at least 1 share'),
        (
            1,
            3,
            2,
            'balance: "3" exceeds the 2 eligible shares; give a balance that is part of them',
        ),
        (1.5, 1, 1, 'amount: "1.5" is not an integer; give smallest units as an int'),
        (True, 1, 1, 'amount: "True" is not an integer; give smallest units as an int'),
    ],
)
def test_an_impossible_entitlement_is_refused(
    amount: int, balance: int, eligible: int, sentence: str
) -> None:
    with pytest.raises(InputError) as caught:
        entitlement(amount, balance, eligible)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("balances", "excluded"),
    [({}, []), ({"a": 0}, []), ({"a": 5, "b": 0}, ["a"]), ({"a": 5, "b": 7}, ["b", "a", "b"])],
)
def test_a_distribution_nobody_could_receive_is_refused(
    balances: dict[str, int], excluded: list[str]
) -> None:  # A4
    with pytest.raises(NoEligibleShares) as caught:
        apportion(100, balances, excluded)
    assert (caught.value.amount, caught.value.accounts) == (100, len(balances))
    assert str(caught.value) == (
        f"a distribution of 100 units has no eligible shares among {len(balances)} accounts; "
        "leave at least one holder with shares outside the excluded accounts"
    )


NO_COUNTS = pytest.mark.parametrize(
    ("balance", "rule"),
    [
        (-1, "is negative; give 0 or more"),
        (1.0, "is not an integer; give smallest units as an int"),
    ],
)


@NO_COUNTS
def test_an_amount_that_is_no_count_is_refused_by_name(balance: int, rule: str) -> None:
    with pytest.raises(InputError) as caught:
        apportion(balance, {"ada": 5})
    assert str(caught.value) == f'amount: "{balance}" {rule}'


@NO_COUNTS
def test_a_balance_that_is_no_count_is_refused_by_name(balance: int, rule: str) -> None:
    with pytest.raises(InputError) as caught:
        apportion(100, {"ada": 5, "bob": balance})
    assert str(caught.value) == f'balance of bob: "{balance}" {rule}'


@pytest.mark.parametrize(
    ("gross", "rate", "sentence"),
    [
        (1, 10_001, 'rate: "10001" exceeds 10000 basis points; withhold at most the whole'),
        (1, -1, 'rate: "-1" is negative; give 0 or more'),
        (-1, 1, 'gross: "-1" is negative; give 0 or more'),
    ],
)
def test_more_tax_than_income_is_refused(gross: int, rate: int, sentence: str) -> None:  # A10
    with pytest.raises(InputError) as caught:
        withhold(gross, rate)
    assert str(caught.value) == sentence


# ---------------------------------------------------------------------------- laws of division


@given(AMOUNTS, SHARES, HELD)
def test_a_holder_gets_the_exact_quotient_less_a_fraction_of_a_unit(
    amount: int, balance: int, others: int
) -> None:
    """A holder never gets more than the exact share, and falls short by under a unit (Law 1)."""
    eligible = balance + others
    exact = Fraction(amount * balance, eligible)
    assert exact - 1 < entitlement(amount, balance, eligible) <= exact


@given(AMOUNTS, BALANCES, ACCOUNTS)
def test_every_account_gets_its_own_entitlement(
    amount: int, balances: dict[str, int], excluded: list[str]
) -> None:
    """The division gives every eligible holder the floor and everyone else nothing (Law 1)."""
    counted = eligible_of(balances, excluded)
    assume(counted)
    division = apportion(amount, balances, excluded)
    assert division.eligible == sum(counted.values())
    assert list(division.gross) == list(balances)
    for account, gross in division.gross.items():
        short = amount * counted.get(account, 0) - gross * division.eligible
        assert 0 <= short < division.eligible


@given(AMOUNTS, BALANCES, ACCOUNTS)
def test_nothing_is_lost_in_a_division(
    amount: int, balances: dict[str, int], excluded: list[str]
) -> None:
    """Entitlements and remainder make the amount; the remainder is under the holders (Law 2)."""
    counted = eligible_of(balances, excluded)
    assume(counted)
    division = apportion(amount, balances, excluded)
    assert sum(division.gross.values()) + division.remainder == amount
    assert 0 <= division.remainder < len(counted)


@given(AMOUNTS, BALANCES, ACCOUNTS, st.randoms(use_true_random=False))
def test_order_does_not_matter(
    amount: int, balances: dict[str, int], excluded: list[str], random: object
) -> None:
    """No figure depends on the order of holders or of exclusions (Law 1)."""
    assume(eligible_of(balances, excluded))
    shuffled = list(balances.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert apportion(amount, dict(shuffled), reversed(excluded)) == apportion(
        amount, balances, excluded
    )


@given(AMOUNTS, BALANCES, ACCOUNTS)
def test_excluding_is_the_same_as_not_holding(
    amount: int, balances: dict[str, int], excluded: list[str]
) -> None:
    """An excluded account counts as if it held nothing at the record (Law 1)."""
    assume(eligible_of(balances, excluded))
    without = {a: 0 if a in excluded else b for a, b in balances.items()}
    assert apportion(amount, balances, excluded) == apportion(amount, without)


@given(AMOUNTS, SHARES, SHARES, HELD)
def test_splitting_a_holding_gains_nothing(amount: int, one: int, two: int, others: int) -> None:
    """Two wallets never get more than one with the same shares, nor less by over a unit (Law 1)."""
    # A7: dust by splitting, merging, spamming small transfers
    eligible = one + two + others
    split = entitlement(amount, one, eligible) + entitlement(amount, two, eligible)
    assert split <= entitlement(amount, one + two, eligible) <= split + 1


@given(AMOUNTS, st.lists(HELD, min_size=2, max_size=30))
def test_splitting_into_many_wallets_gains_nothing(amount: int, parts: list[int]) -> None:
    """However many wallets a holding is spread over, together they gain nothing (Law 1)."""
    others = 7
    whole = apportion(amount, {"one": sum(parts), "others": others})
    spread = apportion(amount, {**{str(i): p for i, p in enumerate(parts)}, "others": others})
    assert sum(spread.gross.values()) - spread.gross["others"] <= whole.gross["one"]
    assert spread.gross["others"] == whole.gross["others"]


@given(AMOUNTS, AMOUNTS, SHARES, HELD)
def test_more_income_never_pays_less(first: int, more: int, balance: int, others: int) -> None:
    """Entitlement grows with the amount; two distributions lose at most a unit on one (Law 1)."""
    eligible = balance + others
    apart = entitlement(first, balance, eligible) + entitlement(more, balance, eligible)
    assert entitlement(first, balance, eligible) <= apart
    assert apart <= entitlement(first + more, balance, eligible) <= apart + 1


@given(AMOUNTS, SHARES, SHARES, HELD)
def test_more_shares_never_pay_less(amount: int, few: int, more: int, others: int) -> None:
    """Of two holders the one with more shares never gets less, and equals get equal (Law 1)."""
    eligible = few + (few + more) + few + others
    lesser = entitlement(amount, few, eligible)
    assert lesser <= entitlement(amount, few + more, eligible)
    division = apportion(amount, {"a": few, "b": few + more, "c": few, "d": others})
    assert division.gross["a"] == division.gross["c"] == lesser


@given(AMOUNTS, SHARES, HELD, st.integers(1, 10**18))
def test_a_stock_split_changes_nobodys_income(
    amount: int, balance: int, others: int, factor: int
) -> None:
    """Counting shares in smaller units changes no entitlement (Law 1)."""
    eligible = balance + others
    assert entitlement(amount, balance * factor, eligible * factor) == entitlement(
        amount, balance, eligible
    )


@given(AMOUNTS, HELD, SHARES)
def test_the_only_eligible_holder_gets_everything(amount: int, held: int, treasury: int) -> None:
    """With one eligible holder there is no remainder (Law 2)."""
    division = apportion(amount, {"treasury": treasury, "ada": held}, ["treasury"])
    assert (division.gross["ada"], division.remainder) == (amount, 0)


@given(AMOUNTS, RATES)
def test_tax_and_net_are_the_gross(gross: int, rate: int) -> None:
    """Tax is never above its exact rate, falls short by under a unit, and never eats more than
    the gross (Law 3)."""
    exact = Fraction(gross * rate, 10_000)
    assert exact - 1 < withhold(gross, rate) <= exact <= gross


@given(AMOUNTS, RATES, RATES)
def test_a_higher_rate_never_withholds_less(gross: int, rate: int, other: int) -> None:
    """Tax grows with the rate (Law 3)."""
    low, high = sorted((rate, other))
    assert withhold(gross, low) <= withhold(gross, high)


# ---------------------------------------------------------------------------- the series, examples


def test_a_series_from_rent_to_rent() -> None:
    model: SeriesModel[str] = SeriesModel()
    first = model.declare(100, {"a": 1, "b": 1, "c": 1})

    assert [model.claim(first, holder) for holder in "ab"] == [Payment(1, 33, 0)] * 2
    assert model.position() == Position(
        received=100, paid=66, withheld=0, owed=34, carried=0, swept=0
    )
    assert model.claim(first, "c") == Payment(1, 33, 0)
    assert model.position() == Position(
        received=100, paid=99, withheld=0, owed=0, carried=1, swept=0
    )

    second = model.declare(5, {"a": 1, "b": 1, "c": 1})
    assert model.division(second).amount == 6
    assert [model.claimable(second, holder) for holder in "abc"] == [2, 2, 2]


def test_a_second_claim_a_stranger_and_an_excluded_account_settle_nothing() -> None:
    model: SeriesModel[str] = SeriesModel()
    rent = model.declare(10, {"a": 2, "b": 0, "t": 5, "c": 3}, excluded=["t"])
    assert model.claim(rent, "a") == Payment(2, 4, 0)
    before = model.position()

    for holder in ("a", "b", "t", "nobody"):
        payment = model.claim(rent, holder)
        assert (payment, payment.settled) == (Payment(0, 0, 0), False)
        assert model.claimable(rent, holder) == 0
    assert model.position() == before
    assert model.entitled(rent, "a") == Payment(2, 4, 0)
    assert model.outstanding(rent) == {"c": 6}


def test_a_gross_of_nothing_is_settled_all_the_same() -> None:
    model: SeriesModel[str] = SeriesModel()
    rent = model.declare(1, {"a": 1, "b": 1})

    payment = model.claim(rent, "a")
    assert (payment, payment.settled) == (Payment(1, 0, 0), True)
    assert model.claim(rent, "b") == Payment(1, 0, 0)
    assert not model.is_open(rent)
    assert model.position() == Position(received=1, paid=0, withheld=0, owed=0, carried=1, swept=0)


def test_tax_is_withheld_at_the_holders_own_rate() -> None:
    model: SeriesModel[str] = SeriesModel()
    rent = model.declare(1_000, {"a": 1, "b": 1}, withholding={"b": 1_501})

    assert model.claim(rent, "a") == Payment(1, 500, 0)
    assert model.claimable(rent, "b") == 425
    assert model.claim(rent, "b") == Payment(1, 500, 75)
    assert model.position() == Position(
        received=1_000, paid=925, withheld=75, owed=0, carried=0, swept=0
    )


def test_a_sweep_takes_the_floor_of_the_unclaimed_shares_and_carries_the_dust() -> None:
    model: SeriesModel[str] = SeriesModel()
    rent = model.declare(100, {"a": 1, "b": 1, "c": 5})
    model.claim(rent, "a")  # 14 of 14 2/7
    model.claim(rent, "b")  # 14 of 14 2/7

    assert model.sweep(rent) == Sweep(swept=71, carried=1)  # 71 3/7 of the 72 left
    assert model.position() == Position(
        received=100, paid=28, withheld=0, owed=0, carried=1, swept=71
    )
    assert model.claim(rent, "c") == Payment(0, 0, 0)
    assert (model.claimable(rent, "c"), model.outstanding(rent)) == (0, {})


def test_a_sweep_of_what_nobody_claimed_takes_everything() -> None:
    model: SeriesModel[str] = SeriesModel()
    assert model.sweep(model.declare(100, {"a": 1, "b": 2})) == Sweep(swept=100, carried=0)


def test_what_is_carried_goes_into_the_next_declaration_only() -> None:
    model: SeriesModel[str] = SeriesModel()
    first = model.declare(10, {"a": 1, "b": 1, "c": 1})
    second = model.declare(10, {"a": 1, "b": 1, "c": 1})
    for holder in "abc":
        model.claim(first, holder)

    assert model.division(second).amount == 10  # A9: terms never change after declaration
    assert model.division(model.declare(10, {"a": 1})).amount == 11


def carrying_one() -> SeriesModel[str]:
    """A series whose first distribution left the only unit that it had."""
    model: SeriesModel[str] = SeriesModel()
    model.declare(1, {"a": 1, "b": 1})
    for holder in "ab":
        model.claim(1, holder)
    return model


def test_what_is_carried_can_be_left_for_a_later_one() -> None:
    model = carrying_one()

    assert model.division(model.declare(10, {"a": 1}, carry_in=False)).amount == 10
    assert model.position().carried == 1


def test_an_announced_distribution_is_owed_before_its_holders_are_known() -> None:
    model: SeriesModel[str] = SeriesModel()
    rent = model.announce(100)
    assert model.position() == Position(
        received=100, paid=0, withheld=0, owed=100, carried=0, swept=0
    )
    assert (model.is_open(rent), model.claimable(rent, "a"), model.outstanding(rent)) == (
        True,
        0,
        {},
    )

    model.fix(rent, {"a": 1, "b": 2, "t": 9}, excluded=["t"], withholding=1_000)
    assert model.claim(rent, "b") == Payment(2, 66, 6)
    assert model.outstanding(rent) == {"a": 33}

    assert model.entitled(rent, "stranger") == Payment(0, 0, 0)
    interest = model.announce(10_000)
    model.fix(interest, {"a": 1})
    assert model.claim(interest, "a") == Payment(1, 10_000, 0)


def test_an_announced_distribution_shares_out_what_was_carried_in_too() -> None:  # A4
    model = carrying_one()
    rent = model.announce(99)
    model.fix(rent, {"a": 1, "b": 1})
    assert (model.claim(rent, "a"), model.position().owed) == (Payment(1, 50, 0), 50)


def test_a_refund_returns_what_arrived_and_keeps_what_was_carried_for_the_holders() -> None:  # A4
    model = carrying_one()
    rent = model.announce(100)
    with pytest.raises(NoEligibleShares):
        model.fix(rent, {"t": 9}, excluded=["t"])
    assert model.position().owed == 101

    assert model.refund(rent) == 100
    assert not model.is_open(rent)
    assert model.position() == Position(
        received=101, paid=0, withheld=0, owed=0, carried=1, swept=100
    )


# ---------------------------------------------------------------------------- the series, refusals


def test_a_refused_declaration_absorbs_nothing() -> None:  # A4
    model = carrying_one()
    before = model.position()

    with pytest.raises(NoEligibleShares):
        model.declare(100, {"t": 5}, excluded=["t"])
    with pytest.raises(InputError, match="exceeds 10000 basis points"):
        model.declare(100, {"a": 5}, withholding=10_001)
    for received in (-1, -2):
        with pytest.raises(InputError, match=f'received: "{received}" is negative'):
            model.declare(received, {"a": 5})
    assert (model.position(), before.carried) == (before, 1)


def test_a_distribution_ends_once() -> None:
    model: SeriesModel[str] = SeriesModel()
    model.declare(7, {"a": 1})
    model.claim(1, "a")
    model.declare(7, {"a": 1})
    model.sweep(2)

    for ended in (1, 2):
        with pytest.raises(InputError) as caught:
            model.sweep(ended)
        assert str(caught.value) == (
            f'distribution: "{ended}" has ended already; sweep only an open one'
        )


def test_a_distribution_without_holders_pays_nobody() -> None:
    model: SeriesModel[str] = SeriesModel()
    rent = model.announce(100)

    for call in (model.sweep, model.division):
        with pytest.raises(InputError) as caught:
            call(rent)
        assert str(caught.value) == (
            'distribution: "1" has no holders; fix them once its record closes'
        )
    for ask in (model.claim, model.entitled):
        with pytest.raises(InputError, match="has no holders"):
            ask(rent, "a")


def test_a_distribution_with_holders_is_neither_fixed_again_nor_refunded() -> None:
    model: SeriesModel[str] = SeriesModel()
    model.declare(7, {"a": 1})
    model.refund(model.announce(7))

    for settled in (1, 2):
        with pytest.raises(InputError) as caught:
            model.refund(settled)
        assert str(caught.value) == (
            f'distribution: "{settled}" is not waiting for its holders; '
            "fix or refund one that was only announced"
        )
        with pytest.raises(InputError, match="is not waiting for its holders"):
            model.fix(settled, {"a": 1})


def test_what_is_announced_is_a_whole_number_of_units() -> None:
    model: SeriesModel[str] = SeriesModel()
    with pytest.raises(InputError) as caught:
        model.announce(-1)
    assert str(caught.value).startswith('received: "-1" ')
    assert model.position().received == 0
    assert model.announce(7) == 1


@pytest.mark.parametrize("unknown", [0, -1, 2])
def test_an_unknown_distribution_is_refused(unknown: int) -> None:
    model: SeriesModel[str] = SeriesModel()
    model.declare(7, {"a": 1})

    for call in (model.sweep, model.division, model.is_open, model.outstanding):
        with pytest.raises(InputError) as caught:
            call(unknown)
        assert str(caught.value) == (
            f'distribution: "{unknown}" was never declared; ids run 1 to 1; '
            "give the id that declare returned"
        )
    with pytest.raises(InputError, match="was never declared"):
        model.claim(unknown, "a")


# ---------------------------------------------------------------------------- the series, laws


@given(st.lists(st.tuples(AMOUNTS, BALANCES), min_size=1, max_size=6))
def test_when_all_have_claimed_only_the_last_remainder_is_left(
    rents: list[tuple[int, dict[str, int]]],
) -> None:
    """Over a fully claimed series everything received is paid, but for less than a unit for each
    holder of the last distribution (Law 3)."""
    model: SeriesModel[str] = SeriesModel()
    paid = 0
    holders = 0
    for amount, balances in rents:
        if not (counted := eligible_of(balances, [])):
            continue
        holders = len(counted)
        rent = model.declare(amount, balances)
        paid += sum(model.claim(rent, holder).net for holder in balances)
        assert not model.is_open(rent)
    position = model.position()
    assert position.received - paid == position.carried
    assert position.carried < max(holders, 1)


@given(AMOUNTS, BALANCES, st.permutations("abcdefghijklmnop"), st.integers(0, 16))
def test_a_sweep_never_takes_what_was_claimed(
    amount: int, balances: dict[str, int], order: list[str], claims: int
) -> None:
    """A sweep takes the exact floor of the unclaimed shares, whoever claimed in whatever order,
    and carries less than a unit for each claim (Law 2)."""
    assume(eligible_of(balances, []))
    model: SeriesModel[str] = SeriesModel()
    rent = model.declare(amount, balances)
    settled = sum(model.claim(rent, holder).settled for holder in order[:claims])
    if not model.is_open(rent):
        return
    eligible = model.division(rent).eligible
    unclaimed = sum(balances[holder] for holder in model.outstanding(rent))
    sweep = model.sweep(rent)
    assert 0 <= amount * unclaimed - sweep.swept * eligible < eligible
    assert 0 <= sweep.carried < settled + 1


class SeriesMachine(RuleBasedStateMachine):
    """Any course of declarations, claims and sweeps keeps every unit in one of five places."""

    def __init__(self) -> None:
        super().__init__()
        self.model: SeriesModel[str] = SeriesModel()
        self.received = 0
        self.terms: list[tuple[dict[str, int], list[str]] | None] = []  # None: record still open
        self.payments: dict[tuple[int, str], Payment] = {}
        self.swept: dict[int, int] = {}
        self.announced: dict[int, int] = {}

    def pick(self, data: st.DataObject) -> int:
        return data.draw(st.integers(1, len(self.terms)), label="distribution")

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
        before = self.model.position()
        if not eligible_of(balances, excluded):
            with pytest.raises(NoEligibleShares):
                self.model.declare(received, balances, excluded=excluded, withholding=withholding)
            assert self.model.position() == before
            return
        rent = self.model.declare(
            received, balances, excluded=excluded, withholding=withholding, carry_in=carry_in
        )
        self.received += received
        self.terms.append((dict(balances), list(excluded)))
        assert rent == len(self.terms)
        assert self.model.division(rent).amount == received + before.carried * carry_in
        assert self.model.position().carried == before.carried * (not carry_in)

    @rule(received=AMOUNTS, carry_in=st.booleans())
    def announce(self, received: int, carry_in: bool) -> None:
        before = self.model.position()
        assert self.model.announce(received, carry_in=carry_in) == len(self.terms) + 1
        self.received += received
        self.terms.append(None)
        self.announced[len(self.terms)] = self.model.position().owed - before.owed
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
        before = self.model.position()
        if not self.waits(rent):
            with pytest.raises(InputError, match="is not waiting for its holders"):
                self.model.fix(rent, balances, excluded=excluded, withholding=withholding)
        elif eligible_of(balances, excluded):
            self.model.fix(rent, balances, excluded=excluded, withholding=withholding)
            self.terms[rent - 1] = (dict(balances), list(excluded))
        else:
            with pytest.raises(NoEligibleShares):
                self.model.fix(rent, balances, excluded=excluded, withholding=withholding)
            self.swept[rent] = self.model.refund(rent)
            return
        assert self.model.position() == before

    @precondition(lambda self: self.terms)
    @rule(data=st.data(), holder=st.sampled_from("abcdefghijklmnopqr"))
    def claim(self, data: st.DataObject, holder: str) -> None:
        rent = self.pick(data)
        promised = self.model.claimable(rent, holder)
        if self.terms[rent - 1] is None:
            assert promised == 0
            with pytest.raises(InputError, match="has no holders"):
                self.model.claim(rent, holder)
            return
        payment = self.model.claim(rent, holder)
        assert payment.net == promised
        if payment.settled:
            assert (rent, holder) not in self.payments
            assert rent not in self.swept
            assert payment == self.model.entitled(rent, holder)
            self.payments[rent, holder] = payment
        else:
            assert payment == Payment(0, 0, 0)

    @precondition(lambda self: self.terms)
    @rule(data=st.data())
    def claim_all(self, data: st.DataObject) -> None:
        rent = self.pick(data)
        for holder in list(self.model.outstanding(rent)):
            self.payments[rent, holder] = self.model.claim(rent, holder)
        assert self.model.is_open(rent) == self.waits(rent)

    @precondition(lambda self: self.terms)
    @rule(data=st.data())
    def sweep(self, data: st.DataObject) -> None:
        rent = self.pick(data)
        if self.terms[rent - 1] is not None and self.model.is_open(rent):
            self.swept[rent] = self.model.sweep(rent).swept
            return
        with pytest.raises(InputError, match=r"has ended already|has no holders"):
            self.model.sweep(rent)

    @invariant()
    def every_unit_is_in_one_place(self) -> None:
        """received == paid + withheld + owed + carried + swept, by separate books (Law 3)."""
        position = self.model.position()
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
            exact = Fraction(
                self.model.division(rent).amount * counted[holder], sum(counted.values())
            )
            assert exact - 1 < payment.gross <= exact
            assert self.model.claimable(rent, holder) == 0

    @invariant()
    def the_unclaimed_can_always_be_paid(self) -> None:
        """What is owed covers all claims and exceeds them by under a unit each (Law 2)."""
        open_ids = [i for i, terms in enumerate(self.terms, 1) if terms and self.model.is_open(i)]
        outstanding = sum(sum(self.model.outstanding(i).values()) for i in open_ids)
        holders = sum(len(self.counted(i)) for i in open_ids)
        held = sum(amount for i, amount in self.announced.items() if self.waits(i))
        spare = self.model.position().owed - outstanding - held
        assert 0 <= spare <= max(0, holders - len(open_ids))


TestSeriesMachine = SeriesMachine.TestCase
