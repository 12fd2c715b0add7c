"""A preview against what then happens, on a real Anvil: to the unit, and to the unit of gas."""

from __future__ import annotations

import pytest

from prorata.apportion import apportion
from prorata.assets.asset import Asset
from prorata.chain.artifacts import artifact
from prorata.chain.calls import deploy_call
from prorata.chain.node import RpcChain
from prorata.chain.signers import LocalSigner
from prorata.contracts.currency import Currency
from prorata.contracts.vault import Terms
from prorata.demo.keys import rehearsal_key
from prorata.deployments.deployer import deploy
from prorata.deployments.deployment import open_operator
from prorata.errors import ChainError
from prorata.income.declarations import Declaration, declare, declare_all
from prorata.income.previews import preview_all
from prorata.income.pushes import push, push_all
from prorata.register.holders import holders_at
from prorata.register.issuance import issue
from prorata.register.record_dates import schedule_record
from prorata.values.kinds import Kind
from tests.amounts import bare_amounts, units
from tests.prorata.conftest import act, close_record, crowd, put, refused, sent

pytestmark = pytest.mark.slow

RENT = 85_000_000_003  # USD 85,000.000003: leaves a remainder


@pytest.fixture
def taxed(operator, closed, table):
    """Rent at record 1, taxed at 15 %, the treasury left out."""
    arguments = (1_500, operator.address)
    policy = operator.send_one("tax", deploy_call(artifact("FlatTax"), *arguments)).contract_address
    terms = Terms(Kind.RENT, tax_policy=policy, excluded=table.of_kind("treasury"))
    return Declaration(1, closed.currency("USD"), RENT, terms)


class Bare(Currency):
    """A currency of the tests, which tells neither symbol nor decimals."""

    def symbol(self) -> str:
        return "BARE"

    def decimals(self) -> int:
        return 6


def look(operator, deployment, *declarations, **options):
    previews = preview_all(operator, deployment, declarations, **options)
    return previews[0] if len(previews) == 1 else previews


def test_a_preview_is_what_then_happens(operator, closed, table, taxed):
    """Gross by the law, tax by the policy, gas by the node: nothing differs afterwards (Law 1)."""
    nonce = sent(operator)
    preview = look(operator, closed, taxed, page_size=60)
    assert sent(operator) == nonce
    law = apportion(RENT, table.balances, taxed.terms.excluded)
    assert {line.holder: line.gross for line in preview.lines} == {
        holder: gross for holder, gross in law.gross.items() if gross
    }
    assert [line.tax for line in preview.lines] == [
        line.gross * 15 // 100 for line in preview.lines
    ]
    assert preview.gross + preview.remainder == RENT
    assert preview.notices == ()

    [declared] = declare_all(operator, closed, [taxed])
    pushed = push(operator, closed, declared.id, sorted(holders_at(closed, 1)), page_size=60)
    assert {p.holder: (p.gross, p.tax) for p in pushed.payouts} == {
        line.holder: (line.gross, line.tax) for line in preview.lines
    }
    assert (preview.received, preview.carried_in) == (declared.received, declared.carried_in)
    approval = operator.chain.receipts([operator.journal.entries[-5].hash])[0]
    assert preview.gas.approvals == (approval.gas_used,)
    assert preview.gas.declaration == declared.receipt.mined.gas_used
    assert preview.gas.push == sum(receipt.mined.gas_used for receipt in pushed.receipts)
    assert (preview.gas.pages, preview.transactions) == (3, sent(operator) - nonce)


def test_what_is_left_over_is_carried_in_by_the_first_that_may(chain, operator, closed, tmp_path):
    dollars = closed.currency("USD")
    first = declare(operator, closed, record_id=1, currency=dollars, amount=RENT)
    left = push_all(operator, closed, first.id).remainder
    again = [
        Declaration(1, dollars, RENT, Terms(document_hash=bytes([n]) * 32)) for n in range(1, 3)
    ]
    previews = look(operator, closed, *again)
    assert [preview.carried_in for preview in previews] == [left, 0]
    assert [preview.gross + preview.remainder for preview in previews] == [RENT + left, RENT]
    done = declare_all(operator, closed, again)
    assert [declared.carried_in for declared in done] == [left, 0]
    with open_operator(chain, LocalSigner(rehearsal_key(0)), tmp_path / "x") as stranger:
        assert look(stranger, closed, again[0]).carried_in == 0


def test_what_is_left_over_in_one_currency_is_taken_by_none_in_another(operator, closed):
    dollars, ether = closed.currency("USD"), closed.currency("ETH")
    left = []
    for currency, amount in ((dollars, RENT), (ether, 10**18 + 7)):
        done = declare(operator, closed, record_id=1, currency=currency, amount=amount)
        left.append(push_all(operator, closed, done.id).remainder)
    assert all(left)
    terms = Terms(document_hash=b"\1" * 32)
    again = [Declaration(1, currency, RENT, terms) for currency in (dollars, ether)]
    assert [preview.carried_in for preview in look(operator, closed, *again)] == left


def test_while_the_record_is_open_it_is_provisional(operator, issued, table):
    record = schedule_record(operator, issued, operator.chain.now() + 5_000)
    preview = look(operator, issued, Declaration(record.id, issued.currency("ETH"), 10**18))
    assert preview.provisional
    assert [line.shares for line in preview.lines] == sorted(table.balances.values(), reverse=True)
    assert preview.notices[0].startswith("record 1 is open until ")
    assert preview.notices[0].endswith("holders and tax are those of now, and not final")
    assert preview.gas.basis == "simulated"
    assert preview.gas.push > 148 * 20_000


def test_of_many_pages_some_are_looked_at(operator, closed, table):
    what = Declaration(1, closed.currency("USD"), RENT)
    every, some = (look(operator, closed, what, page_size=size) for size in (50, 10))
    assert (every.gas.pages, every.gas.pages_seen) == (3, 3)
    assert (some.gas.pages, some.gas.pages_seen) == (15, 3)
    # Fifteen transactions cost what fifteen transactions do; the payments in them are the same.
    assert every.gas.push < some.gas.push < every.gas.push + 15 * 60_000


def test_of_a_single_holder_the_gas_is_exact_too(anvil, operator, folder):
    settings = Asset.of({"name": "Sole", "symbol": "SOLE", "authorised_shares": "10"})
    found = deploy(operator, settings, folder, dollar=True)
    issue(operator, found, crowd(1))
    close_record(anvil, operator, found)
    what = Declaration(1, found.currency("USD"), RENT)
    preview = look(operator, found, what)
    [declared] = declare_all(operator, found, [what])
    pushed = push(operator, found, declared.id, holders_at(found, 1))
    assert preview.gas.push == sum(receipt.mined.gas_used for receipt in pushed.receipts)


def test_a_permit_saves_a_transaction(operator, closed):
    what = Declaration(1, closed.currency("USD"), RENT)
    plain, signed = (look(operator, closed, what, permit=choice) for choice in (False, True))
    assert (plain.transactions, signed.transactions) == (4, 3)
    assert plain.gas.total == signed.gas.total


def test_money_that_is_not_there_is_said_and_the_law_all_the_same(operator, closed):
    dollars = closed.currency("USD")
    preview = look(operator, closed, Declaration(1, dollars, 10**13 + 1))
    assert preview.notices == (
        (
            'amount: "10,000,000.000001 USD" is more than the 10,000,000 USD that '
            f"{operator.address} holds; fund the account or distribute less"
        ),
        "the node did not run it, so the gas is a rule of thumb",
    )
    assert (preview.gross + preview.remainder, preview.gas.basis) == (10**13 + 1, "rule of thumb")


def test_money_that_is_not_there_for_all_of_them_together_is_said(operator, closed):
    dollars = closed.currency("USD")
    halves = [
        Declaration(1, dollars, 6 * 10**12, Terms(document_hash=bytes([n]) * 32)) for n in (1, 2)
    ]
    for preview in look(operator, closed, *halves):
        assert preview.notices[0].startswith('amount: "12,000,000 USD" is more than the 10,000,000')


def test_what_was_declared_before_is_said(operator, closed):
    what = Declaration(1, closed.currency("USD"), 10**13)
    declare_all(operator, closed, [what])
    preview = look(operator, closed, what)
    assert preview.notices[0] == "it was declared before, and would not be declared again"
    assert refused(look, operator, closed, what, page_size=0).startswith('page: "0" is no page')


def test_a_node_that_cannot_simulate_leaves_a_rule_of_thumb(
    chain, operator, closed, tmp_path, monkeypatch
):
    """It is not less than what the payments of fresh accounts cost; what would be carried in is
    read, for whoever may have it."""
    dollars = closed.currency("USD")
    first = declare(operator, closed, record_id=1, currency=dollars, amount=RENT)
    left = push_all(operator, closed, first.id).remainder
    what = Declaration(1, dollars, RENT, Terms(document_hash=b"\1" * 32))
    simulated = look(operator, closed, what)

    def cannot(self, *_):
        raise ChainError("the node refused eth_simulateV1: the method does not exist")

    with open_operator(chain, LocalSigner(rehearsal_key(0)), tmp_path / "x") as other:
        with monkeypatch.context() as plain:
            plain.setattr(RpcChain, "simulate", cannot)
            plain.setattr(RpcChain, "fees", cannot)
            thumb, unheard = look(operator, closed, what), look(other, closed, what)
        operator.send_one("agent", closed.token().add_agent(other.address))
        monkeypatch.setattr(RpcChain, "simulate", cannot)
        agent = look(other, closed, what)
    found = [preview.carried_in for preview in (simulated, thumb, unheard, agent)]
    assert found == [left, left, 0, left]
    assert (thumb.gas.basis, thumb.gas.pages_seen) == ("rule of thumb", 0)
    assert thumb.gas.push > simulated.gas.push
    assert thumb.gas.to_declare > simulated.gas.to_declare
    assert simulated.fee_range is not None
    assert thumb.fee_range is None


def test_fees_are_those_of_the_present_and_the_most(operator, closed):
    preview = look(operator, closed, Declaration(1, closed.currency("ETH"), 10**18))
    low, high = preview.fee_range
    fees = operator.chain.fees()
    assert high == preview.gas.total * fees.most
    assert low == preview.gas.total * ((fees.most - fees.tip) // 2 + fees.tip)


def test_a_policy_without_an_answer_is_counted(operator, closed, artifacts, table):
    """Refusing, answering with nothing, and asking for more than there is: a push skips them."""
    policy = put(operator, artifacts, "WilfulTax", operator.address)
    for holding, (tax, mood) in zip(table, ((0, 1), (0, 3), (RENT, 0), (7, 0)), strict=False):
        act(operator, artifacts, "WilfulTax", policy, "setTax", holding.address, tax, mood)
    what = Declaration(1, closed.currency("USD"), RENT, Terms(tax_policy=policy))
    preview = look(operator, closed, what)
    unknown = {line.holder for line in preview.lines if line.tax is None}
    assert unknown == {holding.address for holding in table.holdings[:3]}
    assert preview.tax == 7
    assert preview.notices == (
        "the tax policy has no usable answer for 3 of 148 holders, whom a push would skip",
        "a push would skip 3 of 148 holders: policy failed",
    )


def test_who_would_be_passed_over_is_said(operator, closed, table):
    token = closed.token()
    operator.send_one("f", token.set_address_frozen(table.holdings[3].address, True))
    preview = look(operator, closed, Declaration(1, closed.currency("USD"), RENT))
    assert preview.notices == ("a push would skip 1 of 148 holders: held",)


def test_a_fee_on_transfer_is_seen_before_it_is_paid(operator, closed, artifacts):
    address = put(operator, artifacts, "FeeOnTransfer")
    currency = Bare(operator.chain, address)
    act(operator, artifacts, "FeeOnTransfer", address, "mint", operator.address, RENT)
    act(operator, artifacts, "FeeOnTransfer", address, "setFee", 100)
    preview = look(operator, closed, Declaration(1, currency, RENT))
    assert preview.received == RENT - RENT // 100
    assert preview.gross + preview.remainder == preview.received
    assert any(notice.endswith(" would arrive") for notice in preview.notices)


def test_a_declaration_that_would_fail_is_said_before_it_is_paid_for(operator, closed, artifacts):
    address = put(operator, artifacts, "PausableCurrency")
    act(operator, artifacts, "PausableCurrency", address, "mint", operator.address, RENT)
    act(operator, artifacts, "PausableCurrency", address, "setPaused", True)
    preview = look(operator, closed, Declaration(1, Bare(operator.chain, address), RENT))
    assert preview.notices[0].startswith("the declaration would fail now: ")
    assert (preview.gas.basis, preview.received) == ("rule of thumb", RENT)


def test_a_record_that_never_was_is_refused(operator, issued):
    what = Declaration(3, issued.currency("ETH"), 1)
    assert refused(look, operator, issued, what) == (
        'record: "3" was never scheduled: there is none yet; schedule it with `record`'
    )


def test_a_program_reads_every_figure(operator, closed, taxed):
    preview = look(operator, closed, taxed)
    facts = preview.as_json()
    sums = {
        name: sum(units(line[name]) for line in facts["holders"])
        for name in ("gross", "tax", "net")
    }
    assert sums == {name: units(facts[name]) for name in sums}
    assert units(facts["gross"]) + units(facts["remainder"]) == units(facts["amount"])
    assert list(bare_amounts(facts)) == []
    assert facts["gas"]["total"] == preview.gas.total
    assert {name: units(fee) for name, fee in facts["fees"].items()} == {
        "present": preview.fee_range[0],
        "most": preview.fee_range[1],
    }
    assert {fee["currency"] for fee in facts["fees"].values()} == {"ETH"}
