"""The law of an exchange in integers: nothing is lost, nothing is made, and no wallet is short."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from prorata.contracts.share_exchange import ExchangeQuote, ExchangeTerms
from prorata.market.exchanges.law import brings, entitlement, most_fractions, total_of

TOKEN, OTHER, MONEY, TREASURY = (f"0x{digit * 40}" for digit in "1234")
SHARES = st.integers(0, 2**96 - 1)


def terms(**others) -> ExchangeTerms:
    given_terms = {"token": TOKEN, "per": 10, "burns": True, "treasury": TREASURY}
    return ExchangeTerms(**{**given_terms, "currency": MONEY, "other": OTHER, **others})


def test_one_for_ten_with_cash_in_lieu():
    """37 shares, one new for ten, 25.00 for a whole one: three, and 0.7 of 25.00."""
    quote = brings(terms(other_shares=1, fraction_price=2_500), 37)
    assert quote == ExchangeQuote(paid=1_750, due=0, other_shares=3, in_lieu=1_750)


def test_money_is_rounded_down_for_who_gets_it_and_up_for_who_pays_it():
    assert brings(terms(per=3, gets=10), 1).paid == 3
    assert brings(terms(per=3, pays=10), 1).due == 4


@given(st.integers(1, 2**96 - 1), SHARES, SHARES, st.integers(0, 2**64), st.integers(0, 2**64))
def test_shares_and_money_in_lieu_are_what_one_is_entitled_to(per, shares, others, price, gets):
    """Law X3: whole shares and the fraction add up, and only the fraction is paid in money."""
    rule = terms(per=per, other_shares=others, fraction_price=price, gets=gets)
    quote = brings(rule, shares)
    rest = entitlement(rule, shares) - quote.other_shares
    assert 0 <= rest < 1
    assert quote.in_lieu == int(rest * price)
    assert quote.paid == int(Fraction(shares * gets, per)) + quote.in_lieu


@given(st.integers(1, 10**6), st.lists(st.integers(0, 10**9), max_size=8), st.integers(0, 10**6))
def test_nobody_gains_by_splitting_and_funds_for_all_suffice(per, holdings, others):
    """However shares lie in wallets, they bring no more than all together, fractions apart."""
    rule = terms(per=per, gets=977, other_shares=others, fraction_price=10**6 + 3)
    total = total_of(brings(rule, one) for one in holdings)
    whole = brings(rule, sum(holdings))
    assert total.other_shares <= whole.other_shares
    assert total.paid - total.in_lieu <= whole.paid - whole.in_lieu
    assert total.in_lieu <= most_fractions(rule, sum(holdings), len(holdings))
