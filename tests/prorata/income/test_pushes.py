"""Pushing on a real Anvil: who is paid, who is skipped, and an account exact to the unit."""

from __future__ import annotations

import csv
import json

import pytest

from prorata.apportion import apportion
from prorata.assets.asset import Asset
from prorata.chain.artifacts import artifact
from prorata.chain.calls import deploy_call
from prorata.chain.node import RpcChain
from prorata.contracts.currency import Currency
from prorata.contracts.vault import Reason, Terms
from prorata.deployments.deployer import deploy
from prorata.errors import BooksError
from prorata.income import push_report
from prorata.income.claims import claim
from prorata.income.declarations import declare
from prorata.income.push_report import report_push
from prorata.income.pushes import push, push_all
from prorata.register.holders import holders_at
from prorata.register.issuance import issue
from prorata.values.kinds import Kind
from tests.amounts import bare_amounts, cell, cells
from tests.prorata.conftest import (
    act,
    close_record,
    crowd,
    put,
    refused,
    sent,
    travel,
)

RENT = 85_000_000_003  # USD 85,000.000003: leaves a remainder


@pytest.fixture
def rent(operator, closed):
    """Rent in dollars, declared at record 1."""
    dollars, terms = closed.currency("USD"), Terms(Kind.RENT)
    return declare(operator, closed, record_id=1, currency=dollars, amount=RENT, terms=terms)


@pytest.fixture
def barred(operator, closed, artifacts):
    """A dividend in a currency whose issuer bars accounts; the test says which."""
    address = put(operator, artifacts, "BlockList")
    currency = Listed(operator.chain, address)
    act(operator, artifacts, "BlockList", address, "mint", operator.address, RENT)
    declare(operator, closed, record_id=1, currency=currency, amount=RENT)

    def bar(account: str, on: bool) -> None:
        act(operator, artifacts, "BlockList", address, "setBlocked", account, on)

    return bar


class Listed(Currency):
    """A currency of the tests, which tells neither symbol nor decimals."""

    def symbol(self) -> str:
        return "LIST"

    def decimals(self) -> int:
        return 6


def columns(report, *names):
    return {row.holder: tuple(row.cells[name] for name in names) for row in report.rows()}


def test_everybody_is_paid_and_every_unit_accounted_for(operator, closed, rent, table, folder):
    """The account is the law's, and the files say the same (Laws 1, 2, 3)."""
    report = push_all(operator, closed, rent.id, page_size=60)
    law = apportion(RENT, table.balances)
    assert {line.holder: line.gross for line in report.lines} == law.gross
    assert {line.status for line in report.lines} == {"paid"}
    assert (report.paid, report.withheld, report.owed) == (RENT - law.remainder, 0, 0)
    assert report.remainder == law.remainder
    dollars = closed.currency("USD")
    assert [line.net for line in report.lines] == dollars.balances_of(
        [line.holder for line in report.lines]
    )
    facts = json.loads((folder / "push-1.json").read_text())
    assert facts == report.as_json()
    assert [cell(facts[name]) for name in ("amount", "paid", "remainder")] == [
        "85000.000003",
        "85000.000000",
        "0.000003",
    ]
    assert list(bare_amounts(facts)) == []
    with (folder / "push-1.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == [cells(line) for line in facts["holders"]]


def test_the_treasury_is_no_line_and_tax_is_told(operator, closed, table):
    policy = operator.send_one("tax", deploy_call(artifact("FlatTax"), 2_500, operator.address))
    outside = table.of_kind("treasury")
    terms = Terms(tax_policy=policy.contract_address, excluded=outside)
    currency = closed.currency("ETH")
    declare(operator, closed, record_id=1, currency=currency, amount=10**18, terms=terms)
    before = report_push(closed, 1, holders_at(closed, 1))
    assert {line.status for line in before.lines} == {"owed"}
    report = push_all(operator, closed, 1)
    assert not set(outside) & {line.holder for line in report.lines}
    assert [(line.gross, line.tax) for line in before.lines] == [
        (line.gross, line.tax) for line in report.lines
    ]
    assert report.withheld == sum(line.gross // 4 for line in report.lines)
    assert report.paid + report.withheld + report.remainder == 10**18


def test_who_claimed_for_itself_is_in_the_account_too(operator, closed, rent, table):
    claimed = claim(operator, closed, table.holdings[5].address)
    report = push_all(operator, closed, rent.id)
    line = next(line for line in report.lines if line.holder == table.holdings[5].address)
    assert (line.status, line.transaction) == ("paid", claimed.receipts[0].hash)
    assert len(report.of("paid")) == 148


def test_who_claimed_several_at_once_is_in_the_account_too(operator, closed, rent, table):
    """One event tells of all of them."""
    again = declare(operator, closed, record_id=1, currency=closed.currency("USD"), amount=RENT + 1)
    claimed = claim(operator, closed, table.holdings[5].address)
    assert [payout.distribution_id for payout in claimed.payouts] == [rent.id, again.id]
    for number in (rent.id, again.id):
        report = push_all(operator, closed, number)
        line = next(line for line in report.lines if line.holder == table.holdings[5].address)
        assert (line.status, line.transaction) == ("paid", claimed.receipts[0].hash)


def test_a_frozen_wallet_is_passed_over_and_paid_by_a_later_push(operator, closed, rent, table):
    """It stays owed to the unit; nobody else is paid twice (Law 4)."""
    token, wallet = closed.token(), table.holdings[3].address
    operator.send_one("freeze", token.set_address_frozen(wallet, True))
    report = push_all(operator, closed, rent.id)
    [line] = report.of("skipped")
    owed = RENT * table.balances[wallet] // 10_000
    assert (line.holder, line.reason, line.gross) == (wallet, Reason.HELD, owed)
    assert report.owed == owed
    assert closed.vault().distribution(rent.id).owed == owed + report.remainder

    nonce = sent(operator)
    again = push_all(operator, closed, rent.id)
    assert sent(operator) == nonce
    assert columns(again, "status", "reason") == columns(report, "status", "reason")

    operator.send_one("release", token.set_address_frozen(wallet, False))
    done = push(operator, closed, rent.id, sorted(table.balances))
    assert [(p.holder, p.gross) for p in done.payouts] == [(wallet, owed)]
    assert report_push(closed, rent.id, table.balances).owed == 0


def test_a_barred_holder_keeps_nobody_else_from_being_paid(operator, closed, barred, table):
    wallet = table.holdings[7].address
    barred(wallet, True)
    pushed = push(operator, closed, 1, sorted(table.balances))
    assert pushed.skipped == {wallet: Reason.PAYMENT_FAILED}
    assert len(pushed.payouts) == 147
    # A page that would pay nobody is not sent again; one that would pay somebody is.
    assert push(operator, closed, 1, sorted(table.balances)).receipts == ()
    barred(wallet, False)
    assert [p.holder for p in push(operator, closed, 1, [wallet]).payouts] == [wallet]


def test_a_policy_that_fails_leaves_the_tax_unknown(operator, closed, artifacts, table):
    policy = put(operator, artifacts, "WilfulTax", operator.address)
    wallet = table.holdings[2].address
    act(operator, artifacts, "WilfulTax", policy, "setTax", wallet, 0, 1)
    declare(
        operator,
        closed,
        record_id=1,
        currency=closed.currency("USD"),
        amount=RENT,
        terms=Terms(tax_policy=policy),
    )
    owed = {line.holder: line.tax for line in report_push(closed, 1, table.balances).lines}
    assert owed == {holder: None if holder == wallet else 0 for holder in table.balances}
    report = push_all(operator, closed, 1)
    [line] = report.of("skipped")
    assert (line.holder, line.reason, line.tax, line.net) == (
        wallet,
        Reason.POLICY_FAILED,
        None,
        None,
    )
    assert columns(report, "tax", "net")[wallet] == ("", "")


@pytest.mark.parametrize("amount", [RENT, 85_000_000_000])
def test_after_a_sweep_nobody_is_owed_any_more(anvil, operator, closed, table, amount):
    """Whether or not it leaves a remainder."""
    until = operator.chain.now() + 1_000
    terms = Terms(deadline=until, sweep_to=operator.address)
    currency = closed.currency("USD")
    declare(operator, closed, record_id=1, currency=currency, amount=amount, terms=terms)
    push(operator, closed, 1, sorted(table.balances)[:100])
    travel(anvil, until + 1)
    operator.send_one("sweep", closed.vault().sweep(1))
    report = report_push(closed, 1, table.balances)
    assert (len(report.of("paid")), len(report.of("swept")), report.owed) == (100, 48, 0)


def test_a_distribution_that_pays_nobody_now_is_refused(operator, closed, issued):
    later = operator.chain.now() + 9_000
    declare(
        operator,
        closed,
        record_id=1,
        currency=closed.currency("ETH"),
        amount=1,
        terms=Terms(payable_from=later),
    )
    nonce = sent(operator)
    assert refused(push_all, operator, closed, 1).startswith(
        'distribution: "1" cannot be claimed before '
    )
    assert refused(push_all, operator, closed, 2) == (
        'distribution: "2" was never declared: there are 1 to 1; check the id'
    )
    assert sent(operator) == nonce


def test_what_was_signed_before_is_sent_before_more_is_planned(
    operator, closed, rent, table, monkeypatch
):
    """A run that ended with everything signed and nothing sent costs no transaction (Law 20)."""
    nonce, holders = sent(operator), sorted(table.balances)

    def dies(self, signed):
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(RpcChain, "send_raw", dies)
        with pytest.raises(KeyboardInterrupt):
            push(operator, closed, rent.id, holders, page_size=60)
    assert sent(operator) == nonce
    push(operator, closed, rent.id, holders, page_size=60)
    assert {line.status for line in report_push(closed, rent.id, table.balances).lines} == {"paid"}
    assert sent(operator) == nonce + 3


def test_a_page_of_nobody_is_refused(operator, closed, rent):
    nonce = sent(operator)
    assert refused(push_all, operator, closed, rent.id, page_size=0) == (
        'page: "0" is no page; give at least 1'
    )
    assert sent(operator) == nonce


def test_an_account_that_does_not_add_up_is_not_given(operator, closed, rent, table, monkeypatch):
    """A holder too few, a payment unheard of, one heard of twice: each is named."""
    push(operator, closed, rent.id, sorted(table.balances)[:100])
    fewer = dict(table.balances)
    fewer.popitem()
    with pytest.raises(BooksError, match=r"was paid \d+ units gross .* and the law gives \d+"):
        report_push(closed, rent.id, fewer)
    heard = push_report.settlements
    with monkeypatch.context() as deaf:
        deaf.setattr(push_report, "settlements", lambda events: list(heard(events))[:0])
        with pytest.raises(BooksError, match=r"0 units are paid by the events and the law, and "):
            report_push(closed, rent.id, table.balances)
    with monkeypatch.context() as echo:
        echo.setattr(push_report, "settlements", lambda events: [*heard(events), *heard(events)])
        twice = (
            r"the vault tells of 0x\w+ being paid twice from distribution 1, in 0x\w{64} and in "
            r"0x\w{64}; "
        )
        with pytest.raises(BooksError, match=twice):
            report_push(closed, rent.id, table.balances)


@pytest.mark.slow
def test_a_thousand_holders_are_paid_to_the_unit(anvil, operator, folder):
    """In ten transactions, in flight together; as many thousands as are wanted go the same way."""
    settings = Asset.of({"name": "Crowd", "symbol": "CROWD", "authorised_shares": "1000000"})
    operator.timeout, table = 60, crowd(1_000)
    found = deploy(operator, settings, folder, dollar=True)
    issue(operator, found, table)
    close_record(anvil, operator, found)
    dollars, before = found.currency("USD"), sent(operator)
    declare(operator, found, record_id=1, currency=dollars, amount=RENT)
    report = push_all(operator, found, 1)
    assert sent(operator) - before == 2 + 10
    law = apportion(RENT, table.balances)
    assert dollars.balances_of(list(table.balances)) == list(law.gross.values())
    assert (len(report.of("paid")), report.paid, report.remainder) == (
        1_000,
        RENT - law.remainder,
        law.remainder,
    )
