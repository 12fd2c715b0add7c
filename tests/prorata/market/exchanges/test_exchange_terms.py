"""Terms in people's words: what they become, and every wrong word in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from prorata.errors import InputError
from prorata.market.exchanges.opening import open_exchange, require_openable
from prorata.market.exchanges.terms import read_exchange_file, resolve_exchange
from prorata.market.exchanges.words import a_kind_of
from prorata.values.addresses import ZERO_ADDRESS
from tests.prorata.market.exchanges.exits import ANN, DOLLAR, OWNER

FAR = "2060-01-01T00:00:00Z"


def resolve(exits, text: str):
    path = exits.terms("terms", text)
    return resolve_exchange(read_exchange_file(Path(path)), exits.found, OWNER)


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ("gets: 1 USD", "a redemption"),
        ("pays: 5.00 USD", "an exercise of rights"),
    ],
)
def test_a_kind_of_exchange_has_its_article(exits, terms, said):
    opening = resolve(exits, terms)
    assert a_kind_of(opening.terms) == said
    with exits.operator(0) as operator:
        done = open_exchange(operator, exits.place, opening)
    assert done.receipt.label.startswith(f"open {said} of QUAY9: ")


def test_a_redemption_in_words(exits):
    opening = resolve(
        exits,
        f"""
gets: 98.50 USD
per: 1
valuer: "{ANN}"
least_price: 90 USD
most_price: 110.00 USD
max_age: 2d
day_limit: "1,000.50"
closes_at: 2060-06-30
funding: 50,000.00
""",
    )
    terms = opening.terms
    assert (terms.gets, terms.per, terms.burns) == (98_500_000, 100, True)
    assert (terms.least_price, terms.most_price) == (90 * DOLLAR, 110 * DOLLAR)
    assert (terms.max_age, terms.day_limit, terms.valuer) == (172_800, 100_050, ANN)
    assert (terms.treasury, terms.acquirer) == (OWNER, ZERO_ADDRESS)
    assert (opening.funding, opening.locked) == (50_000 * DOLLAR, 0)
    require_openable(exits.commands.chain, exits.place, opening, OWNER)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("gets: 98", 'gets: "98" is not an amount and a currency; write "98.50 USD"'),
        ("gets: 98.5000001 USD", 'gets: "98.5000001" has 7 decimals'),
        ("gets: 1 USD\npays: 1 DAI", 'pays: "1 DAI" is no currency of QUAY9'),
        ("gets: 1 USD\nper: 0", 'per: "0" is nothing'),
        ("gets: 1 USD\nper: 1.5", 'per: "1.5" is no text; write it in quotes'),
        ("gets: 1 USD\nmax_age: 2 weeks", 'max_age: "2 weeks" is no span of time'),
        ("gets: 1 USD\nprice: 2", 'price: "2" is no setting; remove it'),
        ("gets: 1 USD\ndocument: none.pdf", 'document: "none.pdf" cannot be read'),
        ("gets: 1 USD\nfunding: 5 EUR", 'funding: "5 EUR" is in another currency than USD'),
        ("funding: 5", 'funding: "5" is money, and the terms name no currency'),
        ("gets: 1 ETH", 'gets: "ETH" cannot be taken by allowance'),
        (
            f"gets: 1 USD\nshares_go_to: '{ANN}'\nacquirer: '{ANN}'",
            "is said besides shares_go_to, which names the acquirer already",
        ),
    ],
    ids=lambda text: text.split("\n")[-1][:24],
)
def test_a_wrong_word_is_refused_in_one_sentence(exits, text, sentence):
    with pytest.raises(InputError) as refusal:
        resolve(exits, text)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mandatory: true\ngets: 1 USD", 'document: "" is missing'),
        ("mandatory: true\ngets: 0 USD", 'gets: "0" is nothing'),
        (f"gets: 1 USD\nvaluer: '{ANN}'\nleast_price: 2 USD", "valuer's bounds of 2.00 USD"),
        ("gets: 1 USD\ncloses_at: 2001-01-01", 'closes_at: "2001-01-01T23:59:59Z" is not later'),
        (f"gets: 1 USD\ntake_until: {FAR}", "and sweep_to are not given together"),
        ("gets: 1 USD\nlocked: 5", 'locked: "500" are locked, which a mandatory exchange only'),
        ("gets: 1 USD\nopens_at: 2500-01-01", 'opens_at: "2500-01-01T00:00:00Z" is more than'),
        ("gets: 1 USD\nfunding: 999,999,999,999", "is more than the"),
    ],
    ids=lambda text: text.split("\n")[-1][:24],
)
def test_what_the_contract_would_refuse_is_refused_before(exits, text, sentence):
    opening = resolve(exits, text)
    with pytest.raises(InputError) as refusal:
        require_openable(exits.commands.chain, exits.place, opening, OWNER)
    assert sentence in str(refusal.value)


def test_only_the_owner_or_an_agent_opens(exits):
    opening = resolve(exits, "gets: 1 USD")
    with pytest.raises(InputError, match=r"is neither owner nor agent of QUAY9; use the account"):
        require_openable(exits.commands.chain, exits.place, opening, ANN)
