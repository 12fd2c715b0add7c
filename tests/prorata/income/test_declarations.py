"""Distributions from a file on a real Anvil: all faults at once and nothing sent, or declared."""

from __future__ import annotations

import pytest

from prorata.chain.artifacts import artifact
from prorata.chain.calls import deploy_call
from prorata.errors import InputError
from prorata.income.declaration_files import EXAMPLE, read_drafts, resolve
from prorata.income.declarations import declare_all
from prorata.register.record_dates import schedule_record
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.kinds import Kind
from prorata.values.times import moment
from tests.prorata.conftest import sent, travel

TREASURY = "0x8C8d35429F74ec245F8Ef2f4Fd1e551cFF97d650"
HEADER = "record,currency,amount,kind,reference,exclude,deadline,sweep_to,push\n"


@pytest.fixture
def file(tmp_path):
    """Writes a file of distributions."""

    def write(text: str, name: str = "d.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def listed(operator, deployment, path, **options) -> list[str]:
    """Everything that is wrong with a file, and that nothing was sent."""
    nonce = sent(operator)
    with pytest.raises(InputError) as refused:
        resolve(read_drafts(path), operator, deployment, **options)
    assert sent(operator) == nonce
    assert refused.value.subject == str(path)
    return [str(problem) for problem in refused.value.problems]


def test_the_example_is_declared_as_it_says(operator, closed):
    declarations = resolve(read_drafts(PROJECT_ROOT / EXAMPLE), operator, closed)
    done = declare_all(operator, closed, declarations)
    assert [(d.id, d.received) for d in done] == [(1, 85_000 * 10**6), (2, 125 * 10**17)]
    rent, dividend = closed.vault().distributions()
    assert (rent.terms.kind, dividend.terms.kind) == (Kind.RENT, Kind.DIVIDEND)
    assert rent.terms.excluded == dividend.terms.excluded == (TREASURY,)
    assert [d.push for d in declarations] == [False, True]


def test_csv_and_yaml_name_the_same_distributions(operator, closed, file):
    """Declared from one, they are not declared again from the other."""
    declare_all(operator, closed, resolve(read_drafts(PROJECT_ROOT / EXAMPLE), operator, closed))
    nonce = sent(operator)
    table = file(
        f'{HEADER}1,USD,"85,000.00",rent,Rent for the first quarter,{TREASURY},,,\n'
        f"1,ETH,12.5,dividend,Dividend for the first quarter,{TREASURY},,,true\n",
        "d.csv",
    )
    again = declare_all(operator, closed, resolve(read_drafts(table), operator, closed))
    assert [d.id for d in again] == [1, 2]
    assert sent(operator) == nonce


def test_everything_wrong_is_listed_in_order_of_lines_and_nothing_is_sent(operator, closed, file):
    text = f"""\
distributions:
  - record: 1
    currency: EUR
    amount: "1"
    kind: rents
  - record: 7
    currency: USD
    amount: "1.0000001"
    kind: rent
    tax_policy: "{TREASURY}"
  - record: 1
    currency: ETH
    amount: "1"
    kind: rent
    exclude: ["0x12", "{TREASURY}", "{TREASURY}"]
    push: "yes"
  - record: "1"
    amount: 5.5
    deadline: +90d
"""
    assert listed(operator, closed, file(text)) == [
        (
            'line 3, currency: "EUR" is no currency of HARB12 on chain 31337; write ETH, USD, '
            "or an address"
        ),
        (
            'line 5, kind: "rents" is no kind of income; write dividend, interest, rent, '
            "return-of-capital, principal"
        ),
        (
            'line 8, amount: "1.0000001" has 7 decimals and USD has only 6; write at most 6 digits '
            "after the point"
        ),
        'line 15, exclude: "0x12" is not an address; write 0x and 40 hexadecimal digits',
        f'line 15, exclude: "{TREASURY}" is excluded twice; name each account once',
        'line 16, push: "yes" is neither true nor false; write true or false',
        'line 17, currency: "" is missing; add it',
        'line 17, kind: "" is missing; add it',
        'line 18, amount: "5.5" is a number to YAML; write it in quotes',
        (
            'line 19, deadline: "+90d" is relative to the present, so that the same words again '
            "would be another time; write 2027-03-31T23:59:59Z, or a day such as 2027-03-31"
        ),
    ]


@pytest.mark.parametrize("record", ["first", "-1", "1.0"])
def test_a_record_is_a_whole_number(operator, closed, file, record):
    rows = file(f"{HEADER}{record},USD,1,rent,,,,,\n", "d.csv")
    assert listed(operator, closed, rows) == [
        f'line 2, record: "{record}" is no record\'s number; write 1, 2, 3'
    ]


def test_what_the_chain_would_refuse_has_its_line_too(operator, closed, file, table):
    now = operator.chain.now()
    vault, later = closed.vault().address, moment(now + 5_000)
    text = f"""\
distributions:
  - {{record: 7, currency: USD, amount: "1", kind: rent}}
  - {{record: 1, currency: USD, amount: "1", kind: rent, deadline: {moment(now - 5)},
     sweep_to: "{vault}"}}
  - {{record: 1, currency: USD, amount: "2", kind: rent, sweep_to: "{TREASURY}"}}
  - {{record: 1, currency: USD, amount: "3", kind: rent, tax_policy: "{TREASURY}"}}
  - {{record: 1, currency: USD, amount: "4", kind: rent, payable_from: {later}, push: true}}
  - {{record: 1, currency: USD, amount: "5", kind: rent}}
  - {{record: 1, currency: USD, amount: "5", kind: rent}}
  - {{record: 1, currency: USD, amount: "10000000", kind: rent, reference: too much}}
"""
    said = listed(operator, closed, file(text))
    assert [fault.rpartition("; ")[0] for fault in said] == [
        'line 2, record: "7" was never scheduled: there are records 1 to 1',
        (
            f'line 3, deadline: "{moment(now - 5)}" leaves no time to claim: payments start at '
            f"{said[1].split('start at ')[1].partition('; ')[0]}"
        ),
        f'line 4, sweep_to: "{vault}" is the vault itself, which can send nothing on',
        f'line 5, sweep_to: "{TREASURY}" is a recipient for what is unclaimed, without a deadline',
        f'line 6, tax_policy: "{TREASURY}" names nobody to collect the tax',
        f'line 7, push: "true" can pay nobody before {later}',
        'line 9, reference: "" makes it the same distribution as that on line 8',
        f'amount: "10,000,021 USD" is more than the 10,000,000 USD that {operator.address} holds',
    ]


def test_nobody_to_pay_has_a_line(operator, closed, file, table):
    for account in table.holdings[32:]:
        key = f"burn/{account.address}"
        operator.send_one(key, closed.token().burn(account.address, account.shares))
    record = schedule_record(operator, closed, operator.chain.now() + 50)
    closed.chain.request("evm_setNextBlockTimestamp", record.closes_at + 1)
    closed.chain.request("evm_mine")
    accounts = " ".join(holding.address for holding in table.holdings[:32])
    rows = file(f"{HEADER}2,USD,1,rent,,{accounts},,,\n", "d.csv")
    assert listed(operator, closed, rows) == [
        (
            'line 2, record: "2" has no eligible share, so that nobody would be paid; leave at '
            "least one holder with shares outside the excluded accounts"
        )
    ]
    accounts += f" {table.holdings[32].address}"
    assert listed(operator, closed, file(f"{HEADER}2,USD,1,rent,,{accounts},,,\n", "d.csv")) == [
        (
            'line 2, exclude: "33" accounts are excluded, and the vault looks through 32 at most; '
            "gather their shares in fewer accounts"
        )
    ]
    each = "\n".join(f'      - "{account}"' for account in accounts.split())
    text = 'distributions:\n  - record: 2\n    currency: USD\n    amount: "1"\n    kind: rent\n'
    said = listed(operator, closed, file(f"{text}    exclude:\n{each}\n"))
    assert [fault.partition(" accounts")[0] for fault in said] == ['line 7, exclude: "33"']


def test_nobody_is_paid_before_the_record_has_closed(operator, closed, file):
    record = schedule_record(operator, closed, operator.chain.now() + 5_000)
    after = moment(record.closes_at + 1)
    text = f"{HEADER}{record.id},USD,1,rent,,,,,true\n"
    [said] = listed(operator, closed, file(text, "d.csv"))
    assert said.startswith(f'line 2, push: "true" can pay nobody before {after}; ')
    tight = f"{HEADER}{record.id},USD,1,rent,,,{after},{TREASURY},\n"
    [said] = listed(operator, closed, file(tight, "d.csv"))
    assert said.startswith(
        f'line 2, deadline: "{after}" leaves no time to claim: payments start at {after}; '
    )


def test_what_was_declared_is_not_held_against_the_present(anvil, operator, closed, file):
    """A file is run again after its deadline: nothing is refused, and nothing is sent."""
    until = operator.chain.now() + 1_000
    rows = f"1,USD,9000000,rent,,,{moment(until)},{TREASURY},\n"
    first = resolve(read_drafts(file(f"{HEADER}{rows}", "d.csv")), operator, closed)
    [declared] = declare_all(operator, closed, first)
    travel(anvil, until + 1)
    nonce = sent(operator)
    again = resolve(read_drafts(file(f"{HEADER}{rows}", "d.csv")), operator, closed)
    assert declare_all(operator, closed, again)[0].id == declared.id
    assert sent(operator) == nonce
    more = f"{HEADER}{rows}{rows.replace('9000000', '9000001')}"
    assert len(listed(operator, closed, file(more, "d.csv"))) == 2


def test_a_dry_run_does_without_the_money(operator, closed, file):
    rows = file(f"{HEADER}1,USD,20000000,rent,,,,,\n", "d.csv")
    assert listed(operator, closed, rows) == [
        (
            f'line 2, amount: "20,000,000 USD" is more than the 10,000,000 USD that '
            f"{operator.address} holds; fund the account or distribute less"
        )
    ]
    [declaration] = resolve(read_drafts(rows), operator, closed, dry_run=True)
    assert declaration.amount == 20_000_000 * 10**6


def test_a_contract_that_is_no_currency_is_refused(operator, closed, file):
    policy = operator.send_one("t", deploy_call(artifact("FlatTax"), 0, TREASURY)).contract_address
    rows = file(f"{HEADER}1,{policy},1,rent,,,,,\n", "d.csv")
    assert listed(operator, closed, rows) == [
        (
            f'line 2, amount: "1" is of {policy}, which does not tell its decimals as currencies '
            "do; check the currency"
        )
    ]
