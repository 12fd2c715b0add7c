"""Books of what happens to people: lost and frozen wallets, chosen payees, many at once.

Ann has everything sent to a friend, Ben loses his wallet, Cat's is frozen, Dan's eligibility ends,
and a contract holds shares too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from prorata.chain.abi import function
from prorata.chain.artifacts import artifact
from prorata.chain.calls import Call, deploy_call
from prorata.chain.node import RpcChain
from prorata.contracts.base import NATIVE
from prorata.contracts.currency import Currency
from prorata.contracts.registry import Investor, InvestorRegistry
from prorata.contracts.relayer import ClaimRelayer, PaymentInstruction
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import DividendVault, Reason, Terms, settlements
from prorata.demo.chain import DemoChain
from prorata.income.instruction_files import SignedInstruction, sign_instruction
from prorata.reports.export import as_json
from prorata.reports.statements import income_of, statement
from prorata.reports.tables import BALANCED, verdict
from prorata.toolchain.anvil import Anvil
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.kinds import FOREVER, Kind
from tests.prorata.ledger.story import Acting, Story, falsify, more, to_a_stranger

pytestmark = pytest.mark.slow

DAY = 86_400
RATE = 1_000
USD, EUR, ETH = 10**6, 10**2, 10**18
GAS = 700_000


@dataclass
class Cast:
    """Who and what the story is about."""

    ann: str
    ben: str
    cat: str
    dan: str
    successor: str
    friend: str
    custodian: str
    puppet: str
    dollar: Currency
    euro: Currency


@pytest.fixture(scope="module")
def played(artifacts):
    with Anvil(extra=("--timestamp", "1767603600", "--order", "fifo")) as anvil:
        yield play(DemoChain(RpcChain(anvil.url)), artifacts["Puppet"].bytecode)


@pytest.fixture(scope="module")
def story(played):
    return played[0]


@pytest.fixture(scope="module")
def cast(played):
    return played[1]


def claim_to(
    vault: DividendVault, ids: list[int], holder: str, receiver: str, claimant: str = ""
) -> Call:
    data = function("DividendVault", "claimTo").encode(ids, holder, claimant or holder, receiver)
    return Call(vault.address, data, 0, f"claim {ids} for {holder} to {receiver}")


def call_of_contract(puppet: str, call: Call) -> Call:
    data = keccak(text="say(address,bytes)")[:4]
    data += encode(["address", "bytes"], [call.to, call.data])
    return Call(puppet, data, 0, f"through {puppet}: {call.label}")


def play(demo_chain: DemoChain, puppet_code: bytes) -> tuple[Story, Cast]:
    """Six distributions in three currencies."""
    indices = [*range(7), 1_000, 1_001]
    ann, ben, cat, dan, successor, friend, custodian, issuer, collector = demo_chain.enter(indices)
    do, first_block = Acting(demo_chain, issuer), demo_chain.chain.block().number
    registry = InvestorRegistry(
        demo_chain.chain,
        do(deploy_call(artifact("InvestorRegistry"), issuer, [issuer])).contract_address,
    )
    terms = ("House", "HSE", 0, issuer, ZERO_ADDRESS, registry.address, [issuer])
    token = ShareToken(
        demo_chain.chain, do(deploy_call(artifact("ShareToken"), terms)).contract_address
    )
    vault = DividendVault(
        demo_chain.chain, do(deploy_call(artifact("DividendVault"))).contract_address
    )
    dollar, euro = (
        Currency(demo_chain.chain, do(deploy_call(artifact("Dollar"), *words)).contract_address)
        for words in (("Dollar", "USD", 6), ("Euro", "EUR", 2))
    )
    policy = do(deploy_call(artifact("FlatTax"), RATE, collector)).contract_address
    puppet = do(Call(None, puppet_code, 0, "deploy a puppet")).contract_address
    cast = Cast(ann, ben, cat, dan, successor, friend, custodian, puppet, dollar, euro)

    people = [ann, ben, cat, dan, puppet]
    until = demo_chain.now + 5 * DAY
    investors = [Investor(n, 840, 1, FOREVER if who != dan else until)
                 for n, who in enumerate(people, start=1)]  # fmt: skip
    do(registry.register(people, investors))
    do(registry.bind_token(token.address))
    do(token.set_income_waits(while_ineligible=True))
    do(token.batch_mint(people, [40, 30, 15, 10, 5]))
    closes_at = demo_chain.now + DAY
    do(token.schedule_record(closes_at))
    demo_chain.travel(closes_at + 1)

    def declare(currency: str, amount: int, record: int = 1, **named: Any) -> int:
        if currency != NATIVE:
            do(Currency(demo_chain.chain, currency).mint(issuer, amount))
            do(Currency(demo_chain.chain, currency).approve(vault.address, amount))
        call = vault.declare(token.address, record, currency, amount, Terms(Kind.RENT, **named))
        return do(call).events("Declared")[0].args["id"]

    one = declare(dollar.address, 1_000 * USD + 7)
    two = declare(dollar.address, 500 * USD + 3, tax_policy=policy)
    three = declare(euro.address, 333 * EUR)
    four = declare(NATIVE, ETH + 1)

    # Ann sends everything of hers to a friend; two of it are told together.
    demo_chain.together([(ann, claim_to(vault, [one, two, three, four], ann, friend))], GAS)

    # Ben loses his wallet. His income goes to the successor, then where the successor wants it.
    do(registry.register([successor], [registry.investor_of(ben)]))
    do(token.recover(ben, successor))
    do(vault.claim([one, two], ben))
    demo_chain.together([(successor, vault.set_payee(custodian))], GAS)
    do(vault.claim([three], ben))
    demo_chain.together([(successor, claim_to(vault, [four], ben, friend, successor))], GAS)

    # Cat's wallet is frozen, and Dan is not eligible any more: both wait.
    do(token.set_address_frozen(cat, True))
    demo_chain.travel(until + 1)
    do(vault.push(one, [cat, dan]))

    # The contract has its share sent to the friend, too.
    do(call_of_contract(puppet, claim_to(vault, [one], puppet, friend)))

    # A distribution with a deadline leaves a carry, which a refund must not touch.
    deadline = demo_chain.now + DAY
    five = declare(dollar.address, 70 * USD + 9, deadline=deadline, sweep_to=issuer)
    do(vault.push(five, [ann, successor, cat]))

    # The successor signs where Ben's part of it goes, and the issuer brings it to the claim
    # relayer.
    relayer = ClaimRelayer(demo_chain.chain, vault.relayer())
    instruction = PaymentInstruction(ben, successor, (five,), friend, deadline)
    unsigned = SignedInstruction(instruction, demo_chain.chain.chain_id, relayer.address)
    signed = sign_instruction(unsigned, demo_chain.operator(successor).signer)
    do(relayer.execute(instruction, signed.signature))
    demo_chain.travel(deadline + 1)
    do(vault.sweep(five))
    closes_at = demo_chain.now + DAY
    do(token.schedule_record(closes_at))
    everybody = (ann, ben, cat, dan, puppet, successor)
    six = declare(dollar.address, 66 * USD, 2, excluded=everybody)
    demo_chain.travel(closes_at + 1)
    do(vault.refund(six))
    do(token.pause())
    found = Story.reported(
        demo_chain, token, vault, people, first_block=first_block, withholding={policy: RATE}
    )
    return found, cast


def test_what_the_desk_carried_out_needs_no_other_witness(story, cast):
    """The successor sent nothing, but it signed, which the claim relayer has checked and told (Law
    8).
    """
    five = story.audit.books.distributions[5]
    assert five.settlements[cast.ben].payee == cast.friend
    names = [event.name for event, _ in story.vault_events]
    assert names.count("Executed") == 1
    assert not any(cast.ben in sentence for sentence in story.audit.books.unproven)


def lines_of(story, holder):
    rows = statement(story.audit.books, story.token.address, holder)
    return [row.cells for row in rows]


# -------------------------------------------------------------------------------- what is true


def test_the_books_balance(story):
    assert verdict(story.audit) == BALANCED
    assert story.books().balanced
    assert story.answers.unanswered == []
    assert [position.missing for position in story.audit.books.positions()] == [0, 0, 0]


def test_several_were_told_at_once(story):
    """And the books of the same settlements told one by one are the same."""
    names = [event.name for event, _ in story.vault_events]
    assert names.count("ClaimedMany") == 2
    apart = [
        (replace(event, name="Claimed", args=vars(one) | {"id": one.distribution_id}), time)
        for event, time in story.vault_events
        for one in settlements([event])
        if event.name == "ClaimedMany"
    ]
    rest = [item for item in story.vault_events if item[0].name != "ClaimedMany"]
    first = next(i for i, (event, _) in enumerate(rest) if event.name == "Claimed")
    books = story.books([*rest[:first], *apart, *rest[first:]])
    assert books.balanced
    assert books.positions() == story.audit.books.positions()


def test_everybody_was_paid_where_it_was_meant_to_go(story, cast):
    """What each received in dollars and euros, counted from the settlements by payee (Law 8)."""
    paid: dict[tuple[str, str], int] = {}
    for distribution in story.audit.books.distributions.values():
        for entry in distribution.settlements.values():
            key = (distribution.currency, entry.payee)
            paid[key] = paid.get(key, 0) + entry.net
    assert set(paid) == {
        (cast.dollar.address, cast.friend), (cast.euro.address, cast.friend),
        (NATIVE, cast.friend), (cast.dollar.address, cast.successor),
        (cast.euro.address, cast.custodian), (cast.dollar.address, cast.ann),
    }  # fmt: skip
    for (currency, payee), amount in paid.items():
        if currency != NATIVE:
            assert Currency(story.demo_chain.chain, currency).balance_of(payee) == amount


def test_a_lost_wallet_still_has_its_lines_and_they_name_who_was_paid(story, cast):
    """(Law 13)."""
    lines = lines_of(story, cast.ben)
    assert [(line["status"], line["payee"]) for line in lines[:4]] == [
        ("paid", cast.successor), ("paid", cast.successor), ("paid", cast.custodian), ("paid",
        cast.friend),
    ]  # fmt: skip
    assert story.audit.books.ledgers[story.token.address].claimant_of(cast.ben) == cast.successor


def test_income_of_the_frozen_and_the_ineligible_waits(story, cast):
    books, one = story.audit.books, story.audit.books.distributions[1]
    for holder in (cast.cat, cast.dan):
        line = lines_of(story, holder)[0]
        assert (line["status"], line["net"] != "0.000000") == ("held", True)
        assert line["note"] == (
            "the last push failed: the token keeps the income back, as while a wallet is frozen"
        )
        assert one.skipped[holder] is Reason.HELD
        assert story.vault.claimable(1, holder) == 0
        [dollars, *_] = income_of(books, story.token.address, holder).values()
        assert dollars["claimable"] == 0 < dollars["held"]


def test_what_a_contract_chose_is_said_to_be_unproven(story, cast):
    [sentence] = story.audit.books.unproven
    assert sentence.startswith(f"distribution 1, holder {cast.puppet}: the payee is {cast.friend}")
    assert as_json(story.audit)["unproven"] == [sentence]


# ------------------------------------------------------------------------------ what is falsified


def first_part(**changed):
    def change(args):
        head, *rest = args["settlements"]
        return {**args, "settlements": ({**head, **changed}, *rest)}

    return change


def without_last_part(args):
    return {**args, "settlements": args["settlements"][:-1]}


@pytest.mark.parametrize(
    ("name", "which", "change", "says"),
    [
        ("ClaimedMany", 0, first_part(gross=1), "distribution 1, holder {ann}: gross is "),
        ("ClaimedMany", 1, first_part(tax=1), "distribution 1, holder {ben}: tax is "),
        ("ClaimedMany", 0, first_part(id=2), "distribution 1, holder {ann}: its income is not set"),
        ("ClaimedMany", 0, first_part(id=99), "distribution 1, holder {ann}: its income is not "),
        (
            "ClaimedMany",
            1,
            without_last_part,
            "distribution 2, holder {ben}: its income is not settled by the events and settled by",
        ),
        ("ClaimedMany", 1, None, "distribution 1, holder {ben}: its income is not settled by the"),
        (
            "ClaimedMany",
            0,
            to_a_stranger("payee"),
            "distribution 1, holder {ann}: the payee is 0x5",
        ),
        (
            "ClaimedMany",
            1,
            to_a_stranger("payee"),
            "distribution 1, holder {ben}: the payee is 0x5",
        ),
        ("ClaimedMany", 1, to_a_stranger("holder"), "distribution 1, holder 0x5555"),
        ("Claimed", 0, to_a_stranger("payee"), "distribution 3, holder {ann}: the payee is 0x5"),
        ("Claimed", 1, to_a_stranger("payee"), "distribution 4, holder {ann}: the payee is 0x5"),
        ("Claimed", 2, to_a_stranger("payee"), "distribution 3, holder {ben}: the payee is 0x5"),
        ("Claimed", 3, to_a_stranger("payee"), "distribution 4, holder {ben}: the payee is 0x5"),
        (
            "PayeeSet",
            0,
            None,
            (
                "{successor}: the payee it has chosen is {successor} by the books and "
                "{custodian} by the chain"
            ),
        ),
        ("PayeeSet", 0, to_a_stranger("payee"), "{successor}: the payee it has chosen is 0x5555"),
        (
            "PayeeSet",
            0,
            to_a_stranger("holder"),
            "{successor}: the payee it has chosen is {successor} by the books",
        ),
        ("Executed", 0, None, "distribution 5, holder {ben}: the payee is {friend} by the event"),
        ("Executed", 0, to_a_stranger("receiver"), "distribution 5, holder {ben}: the payee is "),
        ("Executed", 0, to_a_stranger("claimant"), "distribution 5, holder {ben}: the payee is "),
        ("Skipped", 0, lambda args: {**args, "reason": 1}, "distribution 1, holder {cat}: its in"),
        ("Refunded", 0, more("amount"), "distribution 6: the refund is 66.000001 USD by the event"),
        (
            "Refunded",
            0,
            to_a_stranger("declarer"),
            "distribution 6: who received the refund is 0x5",
        ),
        ("Carried", -1, None, "distribution 6: carried out is 0.000000 USD by the events"),
        ("Carried", -1, to_a_stranger("token"), "distribution 6: what was carried is 0x5555"),
    ],
)
def test_a_false_event_of_the_vault_is_named_first(played, name, which, change, says):
    """Whoever falsifies it, and whichever part of a payment it is about (Laws 3, 8 and 13)."""
    story, cast = played
    books = story.books(falsify(story.vault_events, name, which, change))
    first = str(books.differences[0]).lower()
    assert first.startswith(says.format(**vars(cast)).lower())


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        (
            "RecoverySuccess",
            None,
            "{ben}: its successor is {ben} by the books and {successor} by the ch",
        ),
        (
            "RecoverySuccess",
            to_a_stranger("newWallet"),
            "{ben}: its successor is 0x5555555555555555555555555555555555555555 by the books and",
        ),
        ("AddressFrozen", None, "{cat}: the wallet is not frozen by the books and frozen by the c"),
        (
            "AddressFrozen",
            lambda args: {**args, "isFrozen": False},
            "{cat}: the wallet is not frozen by the books and frozen by the chain",
        ),
    ],
)
def test_a_false_event_of_the_token_is_named_first(story, cast, name, change, says):
    books = story.books(token_events=falsify(story.token_events, name, 0, change))
    first = str(books.differences[0]).lower()
    assert first.startswith(says.format(**vars(cast)).lower())


def test_a_payment_made_while_a_wallet_was_frozen_is_named(story, cast):
    """A freeze of Ann's, planted before she was paid and lifted after."""
    freeze = next(event for event, _ in story.token_events if event.name == "AddressFrozen")
    paid = next(i for i, (e, _) in enumerate(story.vault_events) if e.name == "ClaimedMany")
    time = story.vault_events[paid][1]
    earlier = [item for item in story.token_events if item[1] < time]
    on, off = (replace(freeze, args={**freeze.args, "userAddress": cast.ann, "isFrozen": value})
               for value in (True, False))  # fmt: skip
    later = story.token_events[len(earlier) :]
    record_range = [*earlier, (on, earlier[-1][1]), *later, (off, later[-1][1])]
    books = story.books(token_events=record_range)
    assert str(books.differences[0]) == (
        f"distribution 1, holder {cast.ann}: the payment is there by the event and impossible "
        f"while {cast.ann} is frozen by the token"
    )


def test_a_claim_by_somebody_else_for_a_stranger_is_named(story, cast):
    """The successor's own `claimTo`, said to have been sent in a transaction of the issuer's."""
    others = next(e for e, _ in story.vault_events if e.name == "Skipped")
    place = [i for i, (e, _) in enumerate(story.vault_events) if e.name == "Claimed"][3]
    event, time = story.vault_events[place]
    moved = replace(event, log=replace(event.log, transaction_hash=others.log.transaction_hash))
    record_range = [*story.vault_events[:place], (moved, time), *story.vault_events[place + 1 :]]
    assert str(story.books(record_range).differences[0]) == (
        f"distribution 4, holder {cast.ben}: the payee is {cast.friend} by the event and "
        f"{cast.custodian} by the holder's choice"
    )


def test_false_answers_of_the_chain_are_named(story, cast):
    token = story.token.address
    for answers, says in (
        (
            {"claimable": {**story.answers.claimable, (1, cast.cat): 5}},
            f"distribution 1, holder {cast.cat}: claimable is 0.000000 USD by the books and 0.000",
        ),
        (
            {"ineligible": set()},
            f"distribution 1, holder {cast.dan}: claimable is 100.000000 USD by the books and 0.",
        ),
        (
            {"successors": {**story.answers.successors, (token, cast.ann): cast.friend}},
            f"{cast.ann}: its successor is {cast.ann} by the books and {cast.friend} by the chain",
        ),
        (
            {"frozen": {**story.answers.frozen, (token, cast.ann): True}},
            f"{cast.ann}: the wallet is not frozen by the books and frozen by the chain",
        ),
    ):
        assert str(story.books(**answers).differences[0]).startswith(says)
