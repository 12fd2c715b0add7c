"""apportion.py: the law of division."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from prorata.apportion import (
    Apportionment,
    amount_for,
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


def eligible_of(balances: dict[str, int], excluded: list[str]) -> dict[str, int]:
    """The balances that count, by hand."""
    return {a: b for a, b in balances.items() if a not in excluded and b > 0}


# ---------------------------------------------------------------------------- examples


@pytest.mark.parametrize(
    ("rate", "eligible", "amount"),
    [
        # USD 0.125 for each of 9,200 shares; a cent and a half; and a third of a unit.
        (Fraction(125_000), 9_200, 1_150_000_000),
        (Fraction(15_000), 1, 15_000),
        (Fraction(1, 3), 10, 4),
        (Fraction(0), 10, 0),
    ],
)
def test_so_much_per_share_is_an_amount_rounded_up(rate, eligible, amount):
    assert amount_for(rate, eligible) == amount


def test_a_negative_rate_is_refused():
    with pytest.raises(InputError, match="is negative; give 0 or more"):
        amount_for(Fraction(-1, 2), 10)


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


@pytest.mark.attack("A10")
def test_naming_an_excluded_account_twice_or_a_stranger_changes_nothing() -> None:
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


@pytest.mark.attack("A6")
def test_the_product_may_exceed_the_chains_word() -> None:
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


@pytest.mark.attack("A4")
@pytest.mark.parametrize(
    ("balances", "excluded"),
    [({}, []), ({"a": 0}, []), ({"a": 5, "b": 0}, ["a"]), ({"a": 5, "b": 7}, ["b", "a", "b"])],
)
def test_a_distribution_nobody_could_receive_is_refused(
    balances: dict[str, int], excluded: list[str]
) -> None:
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


@pytest.mark.attack("A10")
@pytest.mark.parametrize(
    ("gross", "rate", "sentence"),
    [
        (1, 10_001, 'rate: "10001" exceeds 10000 basis points; withhold at most the whole'),
        (1, -1, 'rate: "-1" is negative; give 0 or more'),
        (-1, 1, 'gross: "-1" is negative; give 0 or more'),
    ],
)
def test_more_tax_than_income_is_refused(gross: int, rate: int, sentence: str) -> None:
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


# --------------------------------------------------------------------------- per share

PER_SHARE = st.fractions(min_value=0, max_value=10**9, max_denominator=10**12)


@given(PER_SHARE, BALANCES, ACCOUNTS)
def test_so_much_per_share_pays_everyone_the_rate_to_within_a_unit(rate, balances, excluded):
    """Nobody gets less than the rate times its shares rounded down, nor more than that rounded up;
    the remainder is less than the number of holders (Laws 1, 2)."""
    held = eligible_of(balances, excluded)
    assume(held)
    eligible = sum(held.values())
    division = apportion(amount_for(rate, eligible), balances, excluded)
    for holder, shares in held.items():
        exact = rate * shares
        assert floor(exact) <= division.gross[holder] <= ceil(exact)
    assert 0 <= division.remainder < len(held)


@given(st.integers(0, 10**12), BALANCES)
def test_a_rate_of_whole_units_is_paid_exactly(rate, balances):
    """(Law 2) Nothing is rounded, and nothing is left over."""
    assume(sum(balances.values()))
    division = apportion(amount_for(Fraction(rate), sum(balances.values())), balances)
    assert division.remainder == 0
    assert division.gross == {holder: rate * shares for holder, shares in balances.items()}
