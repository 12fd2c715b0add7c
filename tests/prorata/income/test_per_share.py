"""Distributions of so much per share, from files and options, on a real Anvil."""

from __future__ import annotations

from fractions import Fraction

import pytest

from prorata.errors import InputError, NoEligibleShares
from prorata.income.declaration_files import Draft, Drafts, Word, read_drafts, resolve
from prorata.income.declarations import declare_all
from prorata.income.per_share import amount_per_share, parse_rate_per_share
from prorata.income.pushes import push_all
from prorata.register.record_dates import schedule_record
from tests.prorata.conftest import sent

TREASURY = "0x8C8d35429F74ec245F8Ef2f4Fd1e551cFF97d650"
BASE = "record: 1\ncurrency: USD\nkind: dividend\n"


@pytest.fixture
def resolved(operator, closed, tmp_path):
    """The declarations of a file, and those that are refused as sentences."""

    def read(text: str, name: str = "d.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return resolve(read_drafts(path), operator, closed)

    return read


def refusal(read, *arguments) -> list[str]:
    with pytest.raises(InputError) as refused:
        read(*arguments)
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize("written", ["0.125", '"0.125"'])
def test_a_rate_times_the_shares_that_earn_is_paid_in(resolved, written):
    """10,000 shares, of which the treasury's 800 earn nothing."""
    [all_of_them] = resolved(f"{BASE}per_share: {written}\n")
    [without] = resolved(f'{BASE}per_share: {written}\nexclude: ["{TREASURY}"]\n')
    assert (all_of_them.amount, without.amount) == (1_250_000_000, 1_150_000_000)


def test_everyone_is_paid_the_rate_and_the_same_file_again_pays_nothing(
    resolved, operator, closed, table
):
    text = f'{BASE}per_share: 0.125\nexclude: ["{TREASURY}"]\n'
    [done] = declare_all(operator, closed, resolved(text))
    report = push_all(operator, closed, done.id)
    paid = {line.holder: line.gross for line in report.of("paid")}
    assert paid == {h.address: 125_000 * h.shares for h in table if h.address != TREASURY}
    assert report.remainder == 0
    before = sent(operator)
    assert declare_all(operator, closed, resolved(text))[0].id == done.id
    assert sent(operator) == before


def test_what_no_share_can_be_paid_exactly_is_rounded_up_as_a_whole(resolved):
    """A third of a unit of the currency for each of 10,000 shares."""
    [one] = resolved(f"{BASE}per_share: 0.0000003333333\n")
    assert one.amount == -(-3_333_333 * 10_000 // 10**7)


def test_csv_has_a_column_for_either(resolved):
    rows = "record,currency,amount,per_share,kind\n1,USD,,0.125,rent\n1,USD,7,,rent\n"
    assert [one.amount for one in resolved(rows, "d.csv")] == [1_250_000_000, 7_000_000]
    rows = "record,currency,per_share,kind\n1,USD,0.125,rent\n1,USD,2,rent\n"
    assert [one.amount for one in resolved(rows, "d.csv")] == [1_250_000_000, 20_000_000_000]
    rows = "record,currency,per_share,kind\n1,USD,0.125,rent\n1,USD,,rent\n"
    assert refusal(resolved, rows, "d.csv") == ['line 3, amount: "" is missing; add it']


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("per_share: 0", 'line 4, per_share: "0" is nothing; give more than 0'),
        ("per_share: 1e-3", "is in exponent notation"),
        ("per_share: -0.1", "is negative"),
        (f"per_share: 0.{'1' * 31}", "has 31 decimals and only 30 exist"),
        ('per_share: 0.1\namount: "3"', 'per_share: "0.1" cannot be given together with amount'),
    ],
)
def test_what_is_no_rate_is_refused(resolved, line, sentence):
    [fault] = refusal(resolved, f"{BASE}{line}\n")
    assert sentence in fault


def test_a_rate_for_a_range_is_refused(resolved):
    text = BASE.replace("record: 1", "record_range: 1") + "per_share: 0.1\n"
    assert (
        'line 4, per_share: "0.1" cannot be given together with record_range; give an amount: a '
        "range counts shares by weights, not one by one"
    ) in refusal(resolved, text)


def test_an_open_record_has_no_number_of_shares_yet(resolved, operator, closed):
    schedule_record(operator, closed, operator.chain.now() + 1_000)
    text = BASE.replace("record: 1", "record: 2")
    [fault] = refusal(resolved, f"{text}per_share: 0.125\n")
    assert fault.startswith(
        'line 4, per_share: "0.125" cannot be worked out: record 2 closes at 20'
    )
    assert fault.endswith("; wait until it has closed, or give the amount")


def test_nobody_to_pay_is_said(closed, table):
    holders = [holding.address for holding in table]
    with pytest.raises(NoEligibleShares):
        amount_per_share(closed, Fraction(1, 8), closed.currency("USD"), 1, holders)


def test_options_say_the_same(operator, closed):
    words = {"record": "1", "currency": "USD", "kind": "rent", "per_share": "0.125"}
    draft = Draft({name: Word(text) for name, text in words.items()})
    [one] = resolve(Drafts(drafts=[draft]), operator, closed)
    assert one.amount == 1_250_000_000
    both = Draft({**draft.words, "amount": Word("1")})
    assert refusal(resolve, Drafts(drafts=[both]), operator, closed) == [
        'per-share: "0.125" cannot be given together with amount; keep one of them'
    ]


def test_a_rate_is_read_exactly():
    assert parse_rate_per_share("0.1") == Fraction(1, 10)
    assert parse_rate_per_share("1,234.5") == Fraction(2_469, 2)
