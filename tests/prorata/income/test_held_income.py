"""A deadline over holders who cannot be paid now: shown, and refused unless it is meant."""

from __future__ import annotations

import pytest

from prorata.contracts.vault import Terms
from prorata.errors import InputError
from prorata.income.closing import sweep
from prorata.income.declarations import Declaration, declare_all
from prorata.income.previews import preview_all
from prorata.register.record_dates import schedule_record
from prorata.values.kinds import Kind
from prorata.values.times import moment
from tests.prorata.conftest import sent, travel

pytestmark = pytest.mark.slow

RENT = 1_000 * 10**6
DAY = 86_400
REMEDY = "release who is frozen, leave the deadline out, or give --yes"


def rent(operator, found, *, record=1, deadline=True, line=None, **terms) -> Declaration:
    until = operator.chain.now() // DAY * DAY + 100 * DAY
    ending = {"deadline": until, "sweep_to": operator.address} if deadline else {}
    all_terms = Terms(Kind.RENT, **ending, **terms)
    return Declaration(record, found.currency("USD"), RENT, all_terms, line=line)


def freeze(operator, found, *wallets) -> None:
    for wallet in wallets:
        operator.send_one(f"freeze/{wallet}", found.token().set_address_frozen(wallet, True))


def refusal(operator, found, what) -> InputError:
    nonce = sent(operator)
    with pytest.raises(InputError) as refused:
        declare_all(operator, found, [what])
    assert sent(operator) == nonce
    return refused.value


def test_a_deadline_over_a_frozen_holder_is_refused_unless_it_is_meant(
    anvil, operator, closed, table
):
    """What the frozen wallet is owed is swept like any other; the refusal says how much."""
    holder = table.holdings[0]
    freeze(operator, closed, holder.address)
    what = rent(operator, closed)
    [preview] = preview_all(operator, closed, [what])
    [line] = preview.held
    assert (line.holder, line.gross) == (holder.address, RENT * holder.shares // 10_000)
    until = moment(what.terms.deadline)
    assert (
        f"1 holder is frozen or not eligible now: unless they can be paid by {until}, 80 USD is "
        f"swept to {operator.address}"
    ) in preview.notices
    assert str(refusal(operator, closed, what)) == (
        f'deadline: "{until}" waits for nobody, and 1 holder is frozen or not eligible now '
        f"({holder.address} 80 USD): that would be swept to {operator.address}; {REMEDY}"
    )
    [done] = declare_all(operator, closed, [what], despite_held=True)
    assert declare_all(operator, closed, [what])[0].id == done.id
    travel(anvil, what.terms.deadline + 1)
    assert sweep(operator, closed, done.id).amount == RENT


def test_the_largest_are_named_and_the_rest_counted(operator, closed, table):
    """In the line of a file."""
    frozen = [holding.address for holding in table.holdings[:5]]
    freeze(operator, closed, *frozen)
    problem = refusal(operator, closed, rent(operator, closed, line=7)).problems[0]
    assert problem.line == 7
    assert "5 holders are frozen or not eligible now (" in problem.rule
    assert f"({frozen[0]} 80 USD, " in problem.rule
    assert ", and 2 more): that would" in problem.rule


def test_who_does_not_earn_or_is_not_swept_is_no_matter(operator, closed, table):
    """An excluded account; no deadline; a holder frozen in part."""
    first, second = (table.holdings[n].address for n in (0, 1))
    freeze(operator, closed, first)
    operator.send_one("some", closed.token().set_frozen_tokens(second, 10))
    declare_all(operator, closed, [rent(operator, closed, excluded=(first,))])
    without = rent(operator, closed, deadline=False)
    [preview] = preview_all(operator, closed, [without])
    assert ([line.holder for line in preview.held], preview.notices) == (
        [first], ("a push would skip 1 of 148 holders: held",)
    )  # fmt: skip
    declare_all(operator, closed, [without])


def test_of_an_open_record_those_count_who_are_frozen_now(operator, issued, table):
    schedule_record(operator, issued, operator.chain.now() + 50 * DAY)
    freeze(operator, issued, table.holdings[0].address)
    assert str(refusal(operator, issued, rent(operator, issued))).endswith(REMEDY)
    release = issued.token().set_address_frozen(table.holdings[0].address, False)
    operator.send_one("release", release)
    assert declare_all(operator, issued, [rent(operator, issued)])[0].id == 1
