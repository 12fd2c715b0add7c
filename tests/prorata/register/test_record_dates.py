"""Cancelling records on a real chain: what is shown before, and what everything says after."""

from __future__ import annotations

import pytest

from prorata.chain.signers import LocalSigner
from prorata.contracts.vault import Terms
from prorata.demo.keys import rehearsal_key
from prorata.deployments.deployment import Deployment, open_operator
from prorata.income.claims import claim
from prorata.income.closing import refund
from prorata.income.declarations import declare
from prorata.income.record_ranges import define_range
from prorata.ledger.audits import audit_deployment
from prorata.ledger.unclaimed import read_unclaimed
from prorata.register.holders import holders_at
from prorata.register.record_dates import cancel_records, schedule_record
from prorata.reports.statements import distribution_rows
from prorata.values.kinds import Kind
from prorata.values.times import moment
from tests.prorata.conftest import refused, sent, travel

pytestmark = pytest.mark.slow

DAY = 86_400
RENT = 1_000 * 10**6


@pytest.fixture
def scheduled(anvil, operator, issued) -> list[int]:
    """Record 1 has closed; 2, 3 and 4 are open."""
    start = operator.chain.now() + 100
    times = [start + n * DAY for n in range(4)]
    for time in times:
        schedule_record(operator, issued, time)
    travel(anvil, start + 1)
    return times


def paid_at(operator, found, record_id, *, record_range=False, **terms) -> int:
    done = declare(
        operator, found, record_id=record_id, currency=found.currency("USD"), amount=RENT,
        terms=Terms(Kind.RENT, **terms), record_range=record_range,
    )  # fmt: skip
    return done.id


@pytest.mark.attack("K1", "K11")
def test_what_depends_on_the_records_is_named_before_and_after(operator, issued, scheduled):
    """Distributions for such a record, and for a range with one; each is done once."""
    define_range(operator, issued, 1, 3, weights="equal")
    issued = Deployment.open(operator.chain, issued.folder)
    for record_id, of_range in ((1, False), (3, False), (1, True)):
        paid_at(operator, issued, record_id, record_range=of_range)
    nonce = sent(operator)
    planned = cancel_records(operator, issued, 3, dry_run=True)
    assert sent(operator) == nonce
    assert (planned.records, planned.closes_at) == ((3, 4), tuple(scheduled[2:]))
    assert (planned.ranges, planned.distributions, planned.receipt) == ((1,), (2, 3), None)
    done = cancel_records(operator, issued, 3)
    assert (done.records, done.ranges, done.distributions) == ((3, 4), (1,), (2, 3))
    assert issued.token().record_times() == [*scheduled[:2], None, None]
    again = cancel_records(operator, issued, 3)
    assert (again.records, again.distributions) == ((3, 4), (2, 3))
    assert again.receipt is not None
    assert again.receipt.resumed
    assert sent(operator) == nonce + 1


def test_an_earlier_record_can_be_scheduled_again_and_the_same_second_too(
    anvil, operator, issued, scheduled
):
    """The first cancelled one's own second is another record's, with the next number."""
    cancel_records(operator, issued, 3)
    same = schedule_record(operator, issued, scheduled[2])
    assert (same.id, same.closes_at) == (5, scheduled[2])
    assert schedule_record(operator, issued, scheduled[2]).receipt.hash == same.receipt.hash
    cancel_records(operator, issued, 5)
    earlier = schedule_record(operator, issued, scheduled[1] + 1)
    third = schedule_record(operator, issued, scheduled[2])
    assert (earlier.id, third.id) == (6, 7)
    assert len({same.receipt.hash, third.receipt.hash}) == 2
    travel(anvil, scheduled[2] + 1)
    assert sum(holders_at(issued, 7).values()) == 10_000
    assert audit_deployment(issued).books.differences == []


def test_what_cannot_be_cancelled_is_refused(operator, issued, scheduled, chain, tmp_path):
    now, nonce = operator.chain.now(), sent(operator)
    for number, rule in ((0, "was never scheduled"), (5, "was never scheduled: there are records")):
        assert rule in refused(cancel_records, operator, issued, number)
    said = refused(cancel_records, operator, issued, 1)
    assert said.startswith(
        f'from: "1" has closed at {moment(scheduled[0])}: the chain\'s time is {moment(now)[:16]}'
    )
    assert said.endswith("; name a record that is open")
    stranger = LocalSigner(rehearsal_key(3))
    with open_operator(chain, stranger, tmp_path / "x") as other:
        assert refused(cancel_records, other, issued, 3) == (
            f'account: "{stranger.address}" is not the owner of HARB12; use the account '
            f"{operator.address}"
        )
    assert sent(operator) == nonce
    cancel_records(operator, issued, 3)
    later = schedule_record(operator, issued, scheduled[3])
    assert refused(cancel_records, operator, issued, 3) == (
        f'from: "3" was cancelled before, and record {later.id} was scheduled since; '
        f"give --from {later.id}"
    )


def test_everything_that_asks_for_a_cancelled_record_is_told(operator, issued, scheduled, table):
    holder = table.holdings[0].address
    rent = paid_at(operator, issued, 3)
    cancel_records(operator, issued, 3)
    remedy = "schedule another one with `record`"
    for call in (
        lambda: holders_at(issued, 4),
        lambda: paid_at(operator, issued, 4, document_hash=b"\1" * 32),
    ):
        assert refused(call) == f'record: "4" was cancelled, and never closes; {remedy}'
    assert refused(define_range, operator, issued, 2, 3).startswith(
        'record: "3" was cancelled, and never closes; leave it out'
    )
    assert refused(claim, operator, issued, holder, [rent]) == (
        f'distribution: "{rent}" pays nobody, since record 3 was cancelled; send the money back to '
        f"{operator.address} with `prorata refund --id {rent}`"
    )
    assert read_unclaimed(issued).refundable == (rent,)


@pytest.mark.attack("K10")
def test_what_was_declared_for_a_cancelled_record_goes_back_once(operator, issued, scheduled):
    """To its declarer, whoever asks, and the books agree before and after (Law 8)."""
    define_range(operator, issued, 1, 3, weights="equal")
    issued = Deployment.open(operator.chain, issued.folder)
    dollars = issued.currency("USD")
    before = dollars.balance_of(operator.address)
    rents = (paid_at(operator, issued, 3), paid_at(operator, issued, 1, record_range=True))
    assert dollars.balance_of(operator.address) == before - 2 * RENT
    cancel_records(operator, issued, 3)
    for number in rents:
        done = refund(operator, issued, number)
        assert (done.amount, done.carried, done.declarer) == (RENT, 0, operator.address)
        assert refund(operator, issued, number).receipt.hash == done.receipt.hash
    assert dollars.balance_of(operator.address) == before
    assert read_unclaimed(issued).refundable == ()
    books = audit_deployment(issued).books
    assert books.differences == []
    assert [row.state for row in distribution_rows(books)] == ["refunded", "refunded"]
    assert cancel_records(operator, issued, 3).distributions == ()


def test_books_know_cancelled_records(operator, issued, scheduled):
    """The audit compares record dates, and what was declared for a cancelled one is owed."""
    define_range(operator, issued, 1, 3, weights="equal")
    issued = Deployment.open(operator.chain, issued.folder)
    paid_at(operator, issued, 3)
    paid_at(operator, issued, 1, record_range=True)
    cancel_records(operator, issued, 3)
    books = audit_deployment(issued).books
    assert books.differences == []
    assert [row.state for row in distribution_rows(books)] == ["cancelled", "cancelled"]
    assert [position.owed for position in books.positions()] == [RENT, RENT]
