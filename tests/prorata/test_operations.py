"""Issue, record, distribute, push and claim on a real Anvil, against the law and the refusals."""

from __future__ import annotations

import pytest

from prorata.apportion import apportion
from prorata.chain.signers import LocalSigner
from prorata.cli.parameters import parse_moment
from prorata.contracts.base import NATIVE
from prorata.contracts.currency import parse_amount
from prorata.contracts.vault import Terms
from prorata.demo.keys import rehearsal_key
from prorata.deployments.deployment import open_operator
from prorata.errors import BooksError, NoEligibleShares
from prorata.income.claims import claim
from prorata.income.declarations import declare, preview
from prorata.income.pushes import push
from prorata.register.captable import CapTable, Holding
from prorata.register.holders import holders_at
from prorata.register.issuance import issue
from prorata.register.record_dates import HORIZON, schedule_record
from prorata.register.shares import Ledger
from prorata.values.kinds import Kind
from prorata.values.times import iso, moment, parse_instant, parse_time
from tests.prorata.conftest import refused, sent

RENT = 85_000_000_003  # USD 85,000.000003: leaves a remainder


@pytest.fixture
def rent(operator, closed):
    """Rent in dollars, declared at record 1."""
    dollars = closed.currency("USD")
    return declare(
        operator, closed, record_id=1, currency=dollars, amount=RENT, terms=Terms(Kind.RENT)
    )


# ------------------------------------------------------------------------------------- issue


def test_the_whole_cap_table_is_issued(operator, issued, table):
    balances = issued.token().balances_of([h.address for h in table])
    assert balances == [h.shares for h in table]
    assert issued.token().total_supply() == 10_000
    assert [path.name for path in sorted(issued.folder.iterdir())] == [
        "journal.jsonl", "journal.lock", "manifest.json", "standard-input.json",
    ]  # fmt: skip


def test_issuing_again_sends_nothing(operator, issued, table):
    nonce = sent(operator)
    again = issue(operator, issued, table)
    assert all(receipt.resumed for receipt in again.receipts)
    assert sent(operator) == nonce


def test_issuing_in_batches_is_resumed_batch_by_batch(operator, found, table):
    done = issue(operator, found, table, batch_size=50)
    assert [r.label for r in done.receipts] == [
        "issue 1,860 to 50 holders",
        "issue 4,969 to 50 holders",
        "issue 3,171 to 48 holders",
    ]
    assert refused(issue, operator, found, table, batch_size=60) == (
        'batch: "60" is not the 50 with which issuing this table began; run again with that, '
        "so that nobody is issued to twice"
    )


@pytest.mark.attack("K11")
def test_the_order_of_the_rows_issues_nothing_twice(operator, issued, table):
    """Neither with authorised shares to spare, nor in another file: a further issue has a name."""
    before, names = sent(operator), {"symbol": issued.settings.symbol}
    again = CapTable(tuple(reversed(table.holdings)))
    assert all(receipt.resumed for receipt in issue(operator, issued, again).receipts)
    edited = CapTable((Holding(operator.address, 1),))
    assert refused(issue, operator, issued, edited) == (
        'tranche: "" is missing, and 10,000 shares of {symbol} are issued already, from another '
        "table or by another account; give --tranche NAME if these shares are to be issued besides"
    ).format(**names)
    assert sent(operator) == before


@pytest.mark.attack("K11")
def test_a_tranche_is_of_one_table(operator, found, table):
    half = CapTable(table.holdings[:50])
    issue(operator, found, half, tranche="first")
    before = sent(operator)
    shuffled = CapTable(tuple(reversed(half.holdings)))
    assert issue(operator, found, shuffled, tranche="first").receipts[0].resumed
    assert refused(issue, operator, found, CapTable(half.holdings[:49]), tranche="first") == (
        'tranche: "first" is the name of an issue from a table with other holdings; give that '
        "table again to finish it, or another name for what is to be issued besides"
    )
    assert sent(operator) == before
    issue(operator, found, CapTable(table.holdings[50:]), tranche="rest")
    assert found.token().total_supply() == table.total


def test_a_dry_run_sends_nothing(operator, found, table):
    nonce = sent(operator)
    planned = issue(operator, found, table, batch_size=100, dry_run=True)
    assert (planned.shares, planned.holders, planned.receipts) == (10_000, 148, ())
    assert len(planned.gas) == 2
    assert sent(operator) == nonce


def test_more_than_the_authorised_shares_are_refused(operator, issued):
    nonce = sent(operator)
    more = CapTable((Holding(operator.address, 1),))
    assert refused(issue, operator, issued, more, tranche="second") == (
        'total: "1" shares and the 10,000 issued already exceed the 10,000 authorised by 1; '
        "reduce the holdings, or authorise more with `prorata authorise`"
    )
    assert sent(operator) == nonce


def test_only_an_agent_issues(chain, found, table, tmp_path):
    stranger = LocalSigner(rehearsal_key(0))
    with open_operator(chain, stranger, tmp_path / "x") as operator:
        assert refused(issue, operator, found, table) == (
            f'account: "{stranger.address}" is no agent of HARB12; use an agent\'s account, or let '
            f"the owner {found.token().owner()} add it"
        )


# ------------------------------------------------------------------------------------- record


def test_records_are_counted_from_one_and_scheduled_once(operator, issued):
    at = operator.chain.now() + 1_000
    first = schedule_record(operator, issued, at)
    second = schedule_record(operator, issued, at + 1)
    again = schedule_record(operator, issued, at)
    assert (first.id, second.id, again.id) == (1, 2, 1)
    assert issued.token().record_times() == [at, at + 1]
    assert issued.token().record_count() == 2


def test_a_record_in_the_past_is_refused_by_the_chains_clock(anvil, operator, issued):
    anvil.rpc("evm_increaseTime", 365 * 86_400)
    anvil.rpc("evm_mine")
    now = operator.chain.now()
    said = refused(schedule_record, operator, issued, now - 10)
    assert said.startswith(
        f'at: "{moment(now - 10)}" is in the past: the chain\'s time is {moment(now)[:17]}'
    )
    assert said.endswith("Z; give a later time")


def test_a_record_before_another_is_refused(operator, issued):
    at = operator.chain.now() + 1_000
    schedule_record(operator, issued, at)
    assert refused(schedule_record, operator, issued, at - 1) == (
        f'at: "{moment(at - 1)}" is not later than record 1, which closes at {moment(at)}; '
        "give a later time, or cancel that record with `prorata record cancel --from 1`"
    )


@pytest.mark.attack("K11")
def test_a_record_far_ahead_is_refused(operator, issued):
    """It would bar every earlier one. The likely cause is named: milliseconds for seconds."""
    now = operator.chain.now()
    nonce, far = sent(operator), now + HORIZON + 1_000
    said = refused(schedule_record, operator, issued, far)
    assert said.startswith(
        f'at: "{moment(far)}" is more than 400 days ahead, so that no earlier record could be '
        f"scheduled any more: the chain's time is {moment(now)[:16]}"
    )
    assert said.endswith("; give an earlier time, and schedule this one when it is nearer")
    meant = now + 86_400
    said = refused(schedule_record, operator, issued, meant * 1_000)
    assert said.startswith(f'at: "{meant * 1_000}" is more than 400 days ahead')
    assert said.endswith(f"; give seconds, not milliseconds: {moment(meant)}")
    assert sent(operator) == nonce
    assert schedule_record(operator, issued, now + HORIZON).id == 1


def test_a_dry_run_of_a_record_sends_nothing(operator, issued):
    nonce, at = sent(operator), operator.chain.now() + 10 * 86_400
    planned = schedule_record(operator, issued, at, dry_run=True)
    assert (planned.id, planned.closes_at, planned.receipt) == (1, at, None)
    assert planned.ahead // 3_600 in (239, 240)
    assert sent(operator) == nonce
    schedule_record(operator, issued, at)
    nonce = sent(operator)
    assert schedule_record(operator, issued, at, dry_run=True).id == 1
    assert sent(operator) == nonce


def test_times_are_written_in_several_ways(chain):
    now = chain.now()
    assert parse_moment("2027-03-31T23:59:59Z", chain) == 1_806_537_599
    assert parse_moment("2027-04-01T01:59:59+02:00", chain) == 1_806_537_599
    # A day alone is its last second, here as in files.
    assert parse_moment("2027-03-31", chain) == 1_806_537_599
    assert parse_instant("2027-03-31") == parse_time("at", "2027-03-31") == 1_806_537_599
    assert parse_moment("+90m", chain) - now in range(5_400, 5_403)
    assert parse_moment("+2d", chain) - now in range(172_800, 172_803)
    assert parse_moment("now", chain) - now in range(2, 5)
    assert parse_moment("9999-12-31", chain) == 253_402_300_799


def test_a_second_after_the_last_year_is_shown_as_its_number():
    assert moment(253_402_300_799) == iso(253_402_300_799) == "9999-12-31T23:59:59Z"
    assert moment(2**48 - 1) == iso(2**48 - 1) == str(2**48 - 1)


WRITE = "write 2027-03-31T23:59:59Z, or a day such as 2027-03-31, now, or +3600s, +90m, +12h, +2d"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("2027-03-31T23:59:59", "has no time zone; add Z for UTC: 2027-03-31T23:59:59Z"),
        ("tomorrow", f"is no time; {WRITE}"),
        ("+2w", f"is no time; {WRITE}"),
        ("2027-02-30", f"is no time; {WRITE}"),
        ("1969-12-31T23:59:59Z", f"is before 1970; {WRITE}"),
        ("9999-12-31T23:59:59-01:00", f"is after the year 9999; {WRITE}"),
        ("+9999999d", f"is after the year 9999; {WRITE}"),
    ],
)
def test_a_time_that_is_none_is_refused(chain, text, rule):
    assert refused(parse_moment, text, chain) == f'at: "{text}" {rule}'


@pytest.mark.parametrize("text", ["now", "+90d"])
def test_terms_take_no_time_that_the_same_words_would_not_name_tomorrow(text):
    assert refused(parse_instant, text, "deadline") == (
        f'deadline: "{text}" is relative to the present, so that the same words again would be '
        "another time; write 2027-03-31T23:59:59Z, or a day such as 2027-03-31"
    )
    assert parse_instant("2027-04-01T01:59:59+02:00") == 1_806_537_599


# --------------------------------------------------------------------------------- distribute


def test_a_distribution_is_declared_once(operator, closed, rent):
    nonce = sent(operator)
    dollars = closed.currency("USD")
    again = declare(
        operator, closed, record_id=1, currency=dollars, amount=RENT, terms=Terms(Kind.RENT)
    )
    assert (again.id, rent.id, sent(operator)) == (1, 1, nonce)
    assert dollars.allowance(operator.address, closed.vault().address) == 0
    assert closed.vault().distribution(1).owed == RENT


def test_another_reference_makes_another_distribution(operator, closed, rent):
    terms = Terms(Kind.RENT, document_hash=b"\1" * 32)
    dollars = closed.currency("USD")
    other = declare(operator, closed, record_id=1, currency=dollars, amount=RENT, terms=terms)
    assert other.id == 2


def test_an_old_allowance_is_replaced_by_the_exact_one(operator, closed):
    dollars, vault = closed.currency("USD"), closed.vault().address
    operator.send_one("old", dollars.approve(vault, 5))
    declare(operator, closed, record_id=1, currency=dollars, amount=RENT)
    assert dollars.allowance(operator.address, vault) == 0


def test_everybody_gets_what_the_law_says(operator, closed, rent, table):
    law = preview(closed, 1, RENT, holders_at(closed, 1))
    assert law.gross == apportion(RENT, table.balances).gross
    pushed = push(operator, closed, 1, [h.address for h in table])
    assert {p.holder: p.gross for p in pushed.payouts} == law.gross
    assert pushed.skipped == {}
    after = closed.vault().distribution(1)
    assert (after.owed, after.carried_out) == (0, law.remainder)
    assert closed.vault().carried(closed.token().address, rent.currency) == law.remainder


def test_excluded_accounts_get_nothing(operator, closed, table):
    outside = table.of_kind("treasury")
    terms = Terms(excluded=outside)
    done = declare(
        operator, closed, record_id=1, currency=closed.currency("ETH"), amount=10**18, terms=terms
    )
    pushed = push(operator, closed, done.id, [h.address for h in table], page_size=60)
    law = apportion(10**18, table.balances, outside)
    expected = {holder: gross for holder, gross in law.gross.items() if gross}
    assert {p.holder: p.gross for p in pushed.payouts} == expected
    assert len(pushed.receipts) == 3


def test_pushing_again_sends_nothing(operator, closed, rent, table):
    push(operator, closed, 1, [h.address for h in table])
    nonce = sent(operator)
    assert push(operator, closed, 1, [h.address for h in table]).payouts == ()
    assert sent(operator) == nonce


def test_a_record_that_never_was_is_refused(operator, issued):
    assert refused(
        declare, operator, issued, record_id=1, currency=issued.currency("ETH"), amount=1
    ) == ('record: "1" was never scheduled: there is none yet; schedule it with `record`')


def test_more_money_than_the_account_holds_is_refused(operator, closed):
    nonce, dollars = sent(operator), closed.currency("USD")
    assert refused(declare, operator, closed, record_id=1, currency=dollars, amount=10**13 + 1) == (
        'amount: "10,000,000.000001 USD" is more than the 10,000,000 USD that '
        f"{operator.address} holds; fund the account or distribute less"
    )
    assert sent(operator) == nonce


def test_nobody_to_pay_is_refused(operator, closed, table):
    nonce = sent(operator)
    terms = Terms(excluded=tuple(h.address for h in table)[:3])
    only = closed.currency("ETH")
    declare(operator, closed, record_id=1, currency=only, amount=1, terms=terms)
    everyone = Terms(excluded=tuple(h.address for h in table))
    with pytest.raises(NoEligibleShares) as refusal:
        declare(operator, closed, record_id=1, currency=only, amount=5, terms=everyone)
    assert str(refusal.value) == (
        "a distribution of 5 units has no eligible shares among 148 accounts; "
        "leave at least one holder with shares outside the excluded accounts"
    )
    assert sent(operator) == nonce + 1


def test_a_deadline_needs_time_and_a_recipient(operator, closed):
    now, currency = operator.chain.now(), closed.currency("ETH")
    late = Terms(deadline=now - 50, sweep_to=operator.address)
    said = refused(declare, operator, closed, record_id=1, currency=currency, amount=1, terms=late)
    assert said.startswith(
        f'deadline: "{moment(now - 50)}" leaves no time to claim: payments start at '
    )
    alone = Terms(deadline=now + 500)
    assert refused(
        declare, operator, closed, record_id=1, currency=currency, amount=1, terms=alone
    ) == (
        f'sweep-to: "{moment(now + 500)}" is a deadline for what is unclaimed, without a '
        "recipient; give both, or neither"
    )


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (
            "85000.0000001",
            "has 7 decimals and USD has only 6; write at most 6 digits after the point",
        ),
        ("0", "is nothing; give more than 0"),
        ("-5", "is negative; write an amount without a sign such as 1500.25"),
    ],
)
def test_an_amount_that_is_none_is_refused(found, text, rule):
    assert refused(parse_amount, text, found.currency("USD")) == f'amount: "{text}" {rule}'


def test_a_preview_needs_every_holder(closed):
    balances = holders_at(closed, 1)
    balances.popitem()
    assert refused(preview, closed, 1, RENT, balances).endswith(
        "are not the 10000 shares of record 1; take them from the ledger"
    )


def test_a_register_that_lacks_shares_is_not_used(closed, monkeypatch):
    whole = Ledger.balances_at
    monkeypatch.setattr(Ledger, "balances_at", lambda *of: dict(list(whole(*of).items())[1:]))
    with pytest.raises(BooksError) as refusal:
        holders_at(closed, 1)
    assert str(refusal.value) == (
        "the events give 9990 shares at record 1, and the token says 10000; "
        "check that the node is in step with the chain"
    )


# --------------------------------------------------------------------------------------- claim


def test_a_holder_claims_everything_that_is_open(operator, closed, rent, table):
    declare(operator, closed, record_id=1, currency=closed.currency("ETH"), amount=10**18)
    holder = table.holdings[5].address
    done = claim(operator, closed, holder)
    shares = table.balances[holder]
    assert [(p.distribution_id, p.net) for p in done.payouts] == [
        (1, RENT * shares // 10_000),
        (2, 10**18 * shares // 10_000),
    ]
    assert closed.currency("USD").balance_of(holder) == RENT * shares // 10_000
    assert claim(operator, closed, holder).payouts == ()


def test_a_stranger_has_nothing_to_claim(operator, closed, rent):
    assert claim(operator, closed, operator.address).receipts == ()


def test_a_claim_before_the_record_has_closed_is_refused(operator, issued, table):
    record = schedule_record(operator, issued, operator.chain.now() + 100)
    declare(operator, issued, record_id=1, currency=issued.currency("ETH"), amount=1)
    nonce, holder = sent(operator), table.holdings[0].address
    for ids in (None, [1]):
        said = refused(claim, operator, issued, holder, ids)
        assert said.startswith(
            'distribution: "1" cannot be claimed before record 1 has closed at '
            f"{moment(record.closes_at)}: the chain's time is "
        )
        assert said.endswith("; claim after that")
    assert sent(operator) == nonce


def test_a_claim_after_the_deadline_is_refused(anvil, operator, closed, table):
    until = operator.chain.now() + 100
    terms = Terms(deadline=until, sweep_to=operator.address)
    declare(operator, closed, record_id=1, currency=closed.currency("ETH"), amount=1, terms=terms)
    anvil.rpc("evm_setNextBlockTimestamp", until + 1)
    anvil.rpc("evm_mine")
    said = refused(claim, operator, closed, table.holdings[0].address)
    assert said.startswith(f'distribution: "1" could be claimed until {moment(until)}: the')
    assert said.endswith("; ask the issuer")


def test_an_unknown_distribution_is_refused(operator, closed, rent, table):
    assert refused(claim, operator, closed, table.holdings[0].address, [2]) == (
        'distribution: "2" was never declared: there are 1 to 1; check the id'
    )


def test_the_native_coin_has_no_address(found):
    assert found.currency("ETH").address == NATIVE
