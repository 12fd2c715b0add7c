"""What nobody has come for, by age; sweeping it after the deadline; remitting the tax."""

from __future__ import annotations

import csv
import json

import pytest

from prorata.chain.artifacts import artifact
from prorata.chain.calls import deploy_call
from prorata.contracts.currency import Currency
from prorata.contracts.vault import Terms
from prorata.demo.keys import rehearsal_key
from prorata.deployments.deployment import open_operator
from prorata.errors import BooksError, RevertError
from prorata.income.claims import claim
from prorata.income.closing import refund, remit, remit_all, sweep
from prorata.income.declarations import declare
from prorata.income.pushes import push
from prorata.ledger import unclaimed
from prorata.ledger.unclaimed import BUCKETS, read_unclaimed
from prorata.register.record_dates import schedule_record
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.kinds import Kind
from prorata.values.times import moment
from tests.amounts import bare_amounts, cells, units
from tests.prorata.conftest import act, put, refused, sent, travel

pytestmark = pytest.mark.slow

DAY = 86_400
RENT = 85_000_000_003  # USD 85,000.000003: leaves a remainder
COLLECTOR = rehearsal_key(1_001).address


def declared(operator, found, currency="USD", amount=RENT, **terms):
    return declare(
        operator,
        found,
        record_id=1,
        currency=found.currency(currency),
        amount=amount,
        terms=Terms(Kind.RENT, **terms),
    )


def flat_tax(operator, points=1_500, collector=COLLECTOR) -> str:
    key = f"tax/{points}/{collector}"
    return operator.send_one(
        key, deploy_call(artifact("FlatTax"), points, collector)
    ).contract_address


# -------------------------------------------------------------------------------------- unclaimed


def test_what_is_owed_grows_old_and_adds_up(anvil, operator, closed, table):
    """Lines and remainder are what the vault owes, at every age (Law 3)."""
    declared(operator, closed)
    push(operator, closed, 1, sorted(table.balances)[40:])
    found = closed.vault().distribution(1)
    since = closed.chain.block(operator.journal.entries[-3].nonce and "latest").timestamp
    ages = []
    for days, bucket in ((0, 0), (30, 0), (31, 1), (90, 1), (91, 2), (365, 2), (366, 3)):
        if days:
            travel(anvil, since + days * DAY + 60)
        [overdue] = read_unclaimed(closed).distributions
        assert len(overdue.lines) == 40
        assert overdue.owed + overdue.remainder == found.owed
        assert overdue.by_bucket()[BUCKETS[bucket]] == overdue.owed
        ages.append(overdue.lines[0].days)
    assert ages == [0, 30, 31, 90, 91, 365, 366]
    grosses = [line.gross for line in overdue.lines]
    assert grosses == sorted(grosses, reverse=True)
    assert {line.state for line in overdue.lines} == {"claimable"}


def test_a_claim_leaves_the_list(operator, closed, table):
    declared(operator, closed)
    holder = table.holdings[5].address
    before = read_unclaimed(closed).distributions[0]
    claim(operator, closed, holder)
    after = read_unclaimed(closed).distributions[0]
    gone = {line.holder for line in before.lines} - {line.holder for line in after.lines}
    assert gone == {holder}


def test_states_say_what_stands_in_the_way(anvil, operator, closed, table):
    """Frozen with the wallet, recovered to another one, not due yet, expired."""
    token, until = closed.token(), operator.chain.now() + 100 * DAY
    frozen, lost = table.holdings[3].address, table.holdings[4].address
    successor = rehearsal_key(2_000).address
    opens = operator.chain.now() + 10 * DAY
    declared(operator, closed, payable_from=opens, deadline=until, sweep_to=operator.address)
    operator.send_one("freeze", token.set_address_frozen(frozen, True))
    operator.send_one("recover", token.recover(lost, successor))

    def states():
        [overdue] = read_unclaimed(closed).distributions
        by_holder = {line.holder: line for line in overdue.lines}
        other = by_holder[table.holdings[9].address]
        return overdue, other, by_holder[frozen], by_holder[lost]

    overdue, other, halted, gone = states()
    assert (other.state, other.bucket, other.days) == ("not due", "not due", 0)
    assert (halted.state, halted.claimant, gone.claimant) == ("frozen", "", successor)
    assert not overdue.expired
    travel(anvil, opens + DAY)
    overdue, other, halted, gone = states()
    assert (other.state, other.bucket, other.days) == ("claimable", BUCKETS[0], 1)
    assert (halted.state, halted.bucket) == ("frozen", BUCKETS[0])
    travel(anvil, until + 1)
    overdue, other, halted, gone = states()
    assert overdue.expired
    assert {line.state for line in overdue.lines} == {"expired"}
    sweep(operator, closed, 1)
    assert read_unclaimed(closed).distributions == ()


def test_open_records_and_what_nobody_can_receive_are_named(anvil, operator, issued, table):
    record = schedule_record(operator, issued, operator.chain.now() + 5_000)
    everyone = tuple(sorted(table.balances))
    declared(operator, issued)
    before = read_unclaimed(issued)
    assert (before.distributions, before.open_records) == ((), (1,))
    for page in range(0, 148, 20):
        accounts = everyone[page : page + 20]
        for account in accounts:
            key = f"burn/{account}"
            operator.send_one(key, issued.token().burn(account, table.balances[account]))
    travel(anvil, record.closes_at + 1)
    after = read_unclaimed(issued)
    assert (after.distributions, after.refundable) == ((), (1,))


def test_the_lines_are_written_for_programs(operator, closed, tmp_path):
    until = operator.chain.now() + DAY
    declared(operator, closed)
    ending = {"deadline": until, "sweep_to": operator.address}
    declared(operator, closed, currency="ETH", amount=10**18, **ending)
    aged = read_unclaimed(closed)
    for name in ("unclaimed.csv", "unclaimed.json"):
        aged.write(tmp_path / name)
    facts = json.loads((tmp_path / "unclaimed.json").read_text(encoding="utf-8"))
    with (tmp_path / "unclaimed.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [cells(line) for line in facts["lines"]] == rows
    assert list(bare_amounts(facts)) == []
    assert len(rows) == 2 * 148
    assert [d["symbol"] for d in facts["distributions"]] == ["USD", "ETH"]
    assert [d["deadline"] for d in facts["distributions"]] == [None, moment(until)]
    assert units(facts["distributions"][1]["by_age"][BUCKETS[0]]) == 10**18
    assert facts["distributions"][1]["by_age"][BUCKETS[0]]["text"] == "1.00"
    assert read_unclaimed(closed, [2]).as_json()["distributions"] == facts["distributions"][1:]
    assert refused(read_unclaimed, closed, [3]) == (
        'distribution: "3" was never declared: there are 1 to 2; check the id'
    )


def test_a_list_that_does_not_add_up_is_not_given(operator, closed, table, monkeypatch):
    declared(operator, closed)
    fewer = dict(table.balances)
    fewer.popitem()
    monkeypatch.setattr(unclaimed, "holders_of", lambda *_: fewer)
    with pytest.raises(BooksError, match=r"^\d+ shares earn in distribution 1 by the events, and"):
        read_unclaimed(closed)
    claim(operator, closed, table.holdings[5].address)
    moved = dict(table.balances)
    moved[table.holdings[5].address] -= 1
    moved[table.holdings[6].address] += 1
    monkeypatch.setattr(unclaimed, "holders_of", lambda *_: moved)
    with pytest.raises(BooksError, match=r"^holders are owed \d+ units of distribution 1, which"):
        read_unclaimed(closed)


# ------------------------------------------------------------------------------------------ sweep


def test_a_sweep_waits_for_the_deadline_and_is_done_once(anvil, operator, closed, table):
    """What is left goes to the recipient, the remainder to the next distribution (Laws 8, 10)."""
    until, recipient = operator.chain.now() + DAY, rehearsal_key(3_000).address
    declared(operator, closed, deadline=until, sweep_to=recipient)
    push(operator, closed, 1, sorted(table.balances)[:100])
    nonce = sent(operator)
    said = refused(sweep, operator, closed, 1)
    assert said.startswith(
        f'distribution: "1" can be claimed until {moment(until)}: the chain\'s time is '
    )
    assert said.endswith("; sweep after that")
    assert sent(operator) == nonce

    travel(anvil, until + 1)
    before = closed.vault().distribution(1)
    done = sweep(operator, closed, 1)
    assert done.amount + done.carried == before.owed
    assert closed.currency("USD").balance_of(recipient) == done.amount
    assert closed.vault().carried(before.token, before.currency) == done.carried
    again = sweep(operator, closed, 1)
    assert (again.amount, again.carried, again.receipt.resumed) == (done.amount, done.carried, True)
    assert sent(operator) == nonce + 1


def test_a_sweep_of_what_has_no_deadline_or_nothing_left_is_refused(anvil, operator, closed, table):
    until = operator.chain.now() + 2 * DAY
    declared(operator, closed)
    declared(operator, closed, deadline=until, sweep_to=operator.address)
    push(operator, closed, 2, sorted(table.balances))
    travel(anvil, until + 1)
    nonce = sent(operator)
    assert refused(sweep, operator, closed, 1) == (
        'distribution: "1" has no deadline, so that what is unclaimed waits for its holders for '
        "ever; push it with `prorata distribute --push-only`"
    )
    assert refused(sweep, operator, closed, 2) == (
        'distribution: "2" has nothing left to sweep; see `prorata books` for where it went'
    )
    assert refused(sweep, operator, closed, 3).startswith('distribution: "3" was never declared')
    assert sent(operator) == nonce


# --------------------------------------------------------------------------------------- refunds


def test_what_somebody_earns_or_may_still_earn_is_not_refunded(operator, closed):
    declared(operator, closed, currency="ETH", amount=10**18)
    assert_not_refundable(operator, closed)
    ether = closed.currency("ETH")
    record = schedule_record(operator, closed, operator.chain.now() + 1_000)
    money = declare(operator, closed, record_id=record.id, currency=ether, amount=10**18)
    said = refused(refund, operator, closed, money.id)
    assert said.startswith(
        f'distribution: "{money.id}" is for record 2, which is open until '
        f"{moment(record.closes_at)}: the chain's time is "
    )
    assert said.endswith("let the owner cancel it with `prorata record cancel`")


def assert_not_refundable(operator, found):
    with pytest.raises(RevertError) as refusal:
        refund(operator, found, 1)
    assert refusal.value.error == "DividendVault_NotRefundable"


def test_what_nobody_can_receive_goes_back_once(anvil, operator, found):
    """Everything was burned before the record closed (Law 8)."""
    token, holder = found.token(), COLLECTOR
    operator.send_one("mint", token.mint(holder, 10))
    record = schedule_record(operator, found, operator.chain.now() + 1_000)
    dollars = found.currency("USD")
    before = dollars.balance_of(operator.address)
    declared(operator, found)
    operator.send_one("burn", token.burn(holder, 10))
    travel(anvil, record.closes_at + 1)
    done = refund(operator, found, 1)
    assert (done.amount, done.carried, done.declarer) == (RENT, 0, operator.address)
    assert dollars.balance_of(operator.address) == before
    again = refund(operator, found, 1)
    assert (again.receipt.resumed, again.receipt.hash) == (True, done.receipt.hash)
    stranger = open_operator(operator.chain, operator.signer, found.folder.with_name("other"))
    with stranger as other:
        assert refused(refund, other, found, 1) == (
            'distribution: "1" has nothing left to refund; see `prorata books` for where it went'
        )


# ------------------------------------------------------------------------------------------ remit


def test_tax_goes_to_its_collector_as_often_as_some_is_withheld(operator, closed, table):
    """What is remitted is what was withheld since, to the unit (Law 8)."""
    dollars = closed.currency("USD")
    declared(operator, closed, tax_policy=flat_tax(operator))
    assert refused(remit, operator, closed, [1]) == (
        'distribution: "1" has withheld no tax yet; remit once more holders have been paid'
    )
    people = sorted(table.balances)
    push(operator, closed, 1, people[:50])
    [first] = remit(operator, closed, [1])
    assert (first.collector, dollars.balance_of(COLLECTOR)) == (COLLECTOR, first.amount)
    nonce = sent(operator)
    assert refused(remit, operator, closed, [1]) == (
        'distribution: "1" has remitted all tax so far; remit once more holders have been paid'
    )
    assert sent(operator) == nonce
    push(operator, closed, 1, people)
    [second] = remit(operator, closed, [1, 1])
    assert first.amount + second.amount == closed.vault().distribution(1).withheld
    assert dollars.balance_of(COLLECTOR) == first.amount + second.amount


def test_all_tax_is_remitted_but_that_of_a_collector_who_cannot_be_paid(
    operator, closed, artifacts, table
):
    barred = put(operator, artifacts, "BlockList")
    act(operator, artifacts, "BlockList", barred, "mint", operator.address, RENT)
    policy = flat_tax(operator)
    declared(operator, closed, tax_policy=policy)
    currency = Currency(operator.chain, barred)
    terms = Terms(tax_policy=policy)
    declare(operator, closed, record_id=1, currency=currency, amount=RENT, terms=terms)
    declared(operator, closed, currency="ETH", amount=10**18, tax_policy=policy)
    declared(operator, closed, currency="ETH", amount=10**18)
    for number in (1, 2, 3, 4):
        push(operator, closed, number, sorted(table.balances))
    act(operator, artifacts, "BlockList", barred, "setBlocked", COLLECTOR, True)
    before = operator.chain.balance(COLLECTOR)
    done = remit_all(operator, closed)
    assert [r.distribution_id for r in done.done] == [1, 3]
    assert {n: e.error for n, e in done.refused.items()} == {2: "DividendVault_PaymentFailed"}
    assert operator.chain.balance(COLLECTOR) - before == done.done[1].amount
    act(operator, artifacts, "BlockList", barred, "setBlocked", COLLECTOR, False)
    assert [r.distribution_id for r in remit_all(operator, closed).done] == [2]
    assert remit_all(operator, closed).done == ()
    assert ZERO_ADDRESS not in {r.collector for r in done.done}
