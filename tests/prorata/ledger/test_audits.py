"""The books of a mixed story balance; and whatever is falsified in its events is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prorata.apportion import apportion, withhold
from prorata.chain.artifacts import artifact
from prorata.chain.calls import deploy_call
from prorata.chain.node import RpcChain
from prorata.contracts.base import NATIVE
from prorata.contracts.currency import Currency
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import DividendVault, Terms
from prorata.demo.chain import DemoChain
from prorata.errors import BooksError
from prorata.ledger.audits import audit
from prorata.reports.export import as_json
from prorata.reports.tables import BALANCED, verdict
from prorata.toolchain.anvil import Anvil
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.kinds import Kind
from tests.amounts import bare_amounts, cell, units
from tests.prorata.ledger.story import Acting, Story, falsify, more, to_a_stranger

pytestmark = pytest.mark.slow

DAY = 86_400
RATE = 1_500
USD = 10**6


@pytest.fixture(scope="module")
def story():
    with Anvil(extra=("--timestamp", "1767603600", "--order", "fifo")) as anvil:
        yield play(DemoChain(RpcChain(anvil.url)))


def play(demo_chain: DemoChain) -> Story:
    """Twelve holders, six distributions, two currencies, every ending there is."""
    *people, issuer, collector, payee = demo_chain.enter([*range(12), 1_000, 1_001, 1_002])
    do = Acting(demo_chain, issuer)
    first_block = demo_chain.chain.block().number
    terms = ("House", "HSE", 0, issuer, ZERO_ADDRESS, ZERO_ADDRESS, [issuer])
    token = ShareToken(
        demo_chain.chain, do(deploy_call(artifact("ShareToken"), terms)).contract_address
    )
    vault = DividendVault(
        demo_chain.chain, do(deploy_call(artifact("DividendVault"))).contract_address
    )
    dollar = Currency(
        demo_chain.chain, do(deploy_call(artifact("Dollar"), "Dollar", "USD", 6)).contract_address
    )
    policy = do(deploy_call(artifact("FlatTax"), RATE, collector)).contract_address

    def declare(record_id: int, currency: str, amount: int, terms: Terms) -> int:
        if currency != NATIVE:
            do(dollar.mint(issuer, amount))
            do(dollar.approve(vault.address, amount))
        call = vault.declare(token.address, record_id, currency, amount, terms)
        return do(call).events("Declared")[0].args["id"]

    treasury, *earning = people
    shares = [80, 7, 13, 19, 1, 40, 3, 3, 11, 29, 2, 5]
    do(token.batch_mint(people, shares))
    closes_at = demo_chain.now + 10 * DAY
    do(token.schedule_record(closes_at))
    demo_chain.together([(people[1], token.transfer(people[2], 2))], 200_000, closes_at)
    demo_chain.together([(people[3], token.transfer(people[4], 9))], 200_000, closes_at + 1)

    # 1: everybody is paid, some by themselves, one through a payee; a remainder is carried.
    rent = Terms(kind=Kind.RENT, excluded=(treasury,))
    demo_chain.together([(people[2], vault.set_payee(payee))], 200_000)
    one = declare(1, dollar.address, 1_000 * USD + 3, rent)
    demo_chain.together([(h, vault.claim([one], h)) for h in earning[:4]], 500_000)
    do(vault.push(one, earning))

    # 2: taxed, with a deadline; it takes what was carried, some claim, the rest is swept.
    deadline = demo_chain.now + 20 * DAY
    taxed = replace(rent, tax_policy=policy, deadline=deadline, sweep_to=issuer)
    two = declare(1, dollar.address, 777_777_777, taxed)
    do(vault.push(two, earning[3:]))
    do(vault.remit(two))
    demo_chain.travel(deadline + 1)
    do(vault.sweep(two))

    # 3: in the native coin, half of it claimed, the treasury earning like everybody.
    three = declare(1, NATIVE, 10**18 + 7, Terms())
    do(vault.push(three, people[:6]))

    # 4: declared while its record is open; 5: one that nobody can receive, sent back.
    closes_at = demo_chain.now + 10 * DAY
    do(token.schedule_record(closes_at))
    four = declare(2, dollar.address, 55 * USD, rent)
    five = declare(2, dollar.address, 66 * USD, Terms(excluded=tuple(people)))
    do(token.burn(people[9], 29))
    demo_chain.travel(closes_at + 1)
    do(vault.refund(five))
    do(vault.push(four, earning[:2]))
    demo_chain.together([(people[2], vault.set_payee(ZERO_ADDRESS))], 200_000)

    # 6: its record is still open at the end.
    do(token.schedule_record(demo_chain.now + 10 * DAY))
    declare(3, dollar.address, 44 * USD, rent)

    rates = {policy: RATE}
    return Story.reported(
        demo_chain, token, vault, people, first_block=first_block, withholding=rates
    )


# -------------------------------------------------------------------------------- what is true


def test_the_books_balance(story):
    assert story.audit.balanced
    assert verdict(story.audit) == BALANCED
    assert story.answers.unanswered == []
    assert story.books().balanced


def test_every_unit_is_accounted_for(story):
    """deposited = paid + withheld + still owed + carried + swept, in every currency. (Law 21)"""
    positions = story.audit.books.positions()
    assert [position.missing for position in positions] == [0, 0]
    for position in positions:
        parts = (position.paid, position.withheld, position.owed, position.carried, position.swept)
        assert position.received == sum(parts)
        # The vault holds exactly what it owes: nobody sent it anything by accident here.
        assert story.answers.held[position.currency] == story.audit.books.liability(
            position.currency
        )


def test_each_ending_is_in_the_books(story):
    one, two, three, four, five, six = story.audit.books.distributions.values()
    assert (one.carried_out, one.owed) == (one.division.remainder, 0)
    assert two.carried_in == one.carried_out > 0
    assert two.ended == "swept"
    assert two.swept > 0
    assert two.remitted == two.withheld > 0
    assert three.owed > 0
    assert four.declared_open
    assert (five.ended, five.swept) == ("refunded", five.amount)
    assert (six.division, six.owed) == (None, six.amount)


def test_holders_have_what_the_law_gives_them(story):
    """Spelled out for one distribution, straight from the balances and the rate."""
    two = story.audit.books.distributions[2]
    balances = dict(zip(story.people, story.token.balances_of_at(story.people, 1), strict=True))
    law = apportion(two.amount, balances, [story.people[0]])
    for holder, settlement in two.settlements.items():
        assert settlement.gross == law.gross[holder]
        assert settlement.tax == withhold(law.gross[holder], RATE)


def test_one_who_changed_the_payee_was_paid_as_chosen_at_the_time(story):
    one, *_, four = [story.audit.books.distributions[number] for number in (1, 4)]
    holder = story.people[2]
    assert one.settlements[holder].payee != holder
    assert four.settlements[holder].payee != holder
    assert story.vault.payee_of(holder) == holder


def test_the_audit_of_an_earlier_block_balances_too(story):
    block = story.vault_events[len(story.vault_events) // 2][0].log.block_number
    earlier = audit(
        story.demo_chain.chain, story.vault.address, [story.token.address], 0, last=block
    )
    assert earlier.balanced
    assert len(earlier.books.distributions) < 6


@pytest.mark.parametrize("after", [1, 2, 6])
def test_of_a_vault_that_was_there_before_only_what_is_new_is_audited(story, after):
    """A second token in the same vault: its books begin with the next distribution."""
    declared = [event for event, _ in story.vault_events if event.name == "Declared"]
    first = declared[after - 1].log.block_number + 1
    newcomer = audit(story.demo_chain.chain, story.vault.address, [], first, older_vault=True)
    assert list(newcomer.books.distributions) == list(range(after + 1, 7))
    assert newcomer.balanced


def test_the_json_form_says_the_same(story):
    found = as_json(story.audit)
    assert found["balanced"] is True
    assert list(bare_amounts(found)) == []
    assert [cell(position["missing"]) for position in found["positions"]] == [
        "0.000000",
        "0.000000000000000000",
    ]
    [token] = found["tokens"]
    assert len(token["distributions"]) == 6
    held = sum(units(holder["shares"]) for holder in token["holders"])
    assert held == units(token["total_supply"])


# ----------------------------------------------------------------------------- what is falsified


@pytest.mark.parametrize(
    ("name", "which", "change", "says"),
    [
        ("Claimed", 0, None, "distribution 1, holder {1}: its income is skipped as claimed by"),
        ("Claimed", 0, more("gross"), "distribution 1, holder {1}: gross is "),
        ("Claimed", -1, more("gross"), "distribution 4, holder {2}: gross is "),
        ("Claimed", 12, more("tax"), "distribution 2, holder {5}: tax is "),
        ("Claimed", 1, to_a_stranger("payee"), "distribution 1, holder {2}: the payee is 0x555"),
        ("Claimed", 0, to_a_stranger("holder"), "distribution 1, holder 0x555"),
        (
            "Declared",
            0,
            more("received"),
            "distribution 1: amount is 1,000.000004 USD by the books",
        ),
        ("Declared", 1, more("carriedIn"), "distribution 2: carried in is "),
        ("Declared", 5, None, "distribution 6: its declaration is missing by the events"),
        ("Declared", 2, None, "distribution 3: its declaration is missing by the events"),
        ("Carried", 0, None, "distribution 1: carried out is 0.000000 USD by the events"),
        ("Carried", 1, more("amount"), "distribution 2: carried out is "),
        ("Swept", 0, more("amount"), "distribution 2: swept is "),
        (
            "Swept",
            0,
            None,
            "distribution 2: carried out is 0.000004 USD by the events and 0.000000",
        ),
        ("Swept", 0, to_a_stranger("recipient"), "distribution 2: who received the sweep is 0x555"),
        ("Remitted", 0, more("amount"), "distribution 2: tax remitted is "),
        ("Remitted", 0, None, "distribution 2: remitted is 0.000000 USD by the books"),
        ("Refunded", 0, None, "distribution 5: owed is 66.000000 USD by the books"),
        ("PayeeSet", 0, None, "distribution 1, holder {2}: the payee is "),
    ],
)
def test_a_false_event_of_the_vault_is_named_first(story, name, which, change, says):
    books = story.books(vault_events=falsify(story.vault_events, name, which, change))
    first = str(books.differences[0]).lower()
    assert first.startswith(says.format(*story.people).lower())


def test_a_repeated_settlement_is_named(story):
    place = next(i for i, (event, _) in enumerate(story.vault_events) if event.name == "Claimed")
    doubled = [*story.vault_events[: place + 1], *story.vault_events[place:]]
    assert "the settlement is a second one by the event" in str(story.books(doubled).differences[0])


def test_a_false_transfer_is_named_before_all_that_follows_from_it(story):
    # The second: what was transferred in the record's last second.
    record_range = falsify(story.token_events, "Transfer", len(story.people), more("value"))
    books = story.books(token_events=record_range)
    assert str(books.differences[0]) == (
        f"{story.people[1]}: shares is 4 by the books and 5 by the chain"
    )
    assert len(books.differences) > 10


def test_a_transfer_moved_over_the_record_date_is_named(story):
    record_range = [
        (event, time + 1 if event.name == "Transfer" and event.args["value"] == 2 else time)
        for event, time in story.token_events
    ]
    moved = [(event, max(time, earlier)) for (event, time), earlier in zip(
        record_range, [0, *(time for _, time in record_range)], strict=False
    )]  # fmt: skip
    books = story.books(token_events=moved)
    assert "shares at record 1 is 7 by the books and 5 by the chain" in str(books.differences[0])


def test_shares_from_nowhere_cannot_be_booked(story):
    record_range = falsify(story.token_events, "Transfer", 0, None)
    with pytest.raises(BooksError, match="an event is missing or was altered"):
        story.books(token_events=falsify(record_range, "Transfer", 0, None))


def test_a_vault_that_holds_too_little_is_named(story):
    dollar = next(currency for currency in story.answers.held if currency != NATIVE)
    [difference] = story.books(held={**story.answers.held, dollar: 1}).differences
    assert str(difference).startswith("the vault: money held is ")
    assert str(difference).endswith("by the books, at least, and 0.000001 USD by the chain")
