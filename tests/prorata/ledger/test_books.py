"""The books of invented events: who may be paid, and what is said when somebody else was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from prorata.chain.artifacts import artifact
from prorata.chain.calls import Event
from prorata.chain.types import Log
from prorata.contracts.vault import Reason
from prorata.ledger.books import Books
from prorata.ledger.entries import Evidence
from prorata.register.shares import Ledger
from prorata.values.addresses import ZERO_ADDRESS as ZERO
from prorata.values.amounts import Unit

A, B, C, NEW = ("0x" + digit * 40 for digit in "1234")
TOKEN, USD, EUR, ISSUER, STRANGER = ("0x" + digit * 40 for digit in "56789")
UNITS = {USD: Unit("USD", 6), EUR: Unit("EUR", 2), TOKEN: Unit("HSE", 0)}

RECORD, DECLARED, PAID = 100, 110, 120


@dataclass
class ReportedEvent:
    name: str
    args: dict[str, Any] = field(default_factory=dict)


def at(block, index, reported, transaction="0xt"):
    """What was told, with a place in the chain."""
    return Event(reported.name, reported.args, Log(ZERO, (), b"", block, "0xb", transaction, index))


def declared(number, received, *, currency=USD, carried_in=0, **terms):
    full = {
        "kind": 2, "payableFrom": 0, "deadline": 0, "sweepTo": ZERO, "taxPolicy": ZERO,
        "documentHash": bytes(32), "excluded": (), **terms,
    }  # fmt: skip
    return ReportedEvent(
        "Declared",
        {
            "id": number, "token": TOKEN, "currency": currency, "recordId": 1, "terms": full,
            "declarer": ISSUER, "received": received, "carriedIn": carried_in,
        },
    )  # fmt: skip


def claimed(number, holder, gross, payee=None):
    args = {"id": number, "holder": holder, "payee": payee or holder, "gross": gross, "tax": 0}
    return ReportedEvent("Claimed", args)


def claimed_many(holder, payee, *parts):
    reported = tuple({"id": number, "gross": gross, "tax": 0} for number, gross in parts)
    return ReportedEvent("ClaimedMany", {"holder": holder, "payee": payee, "settlements": reported})


def payee_set(holder, payee):
    return ReportedEvent("PayeeSet", {"holder": holder, "payee": payee})


def carried(number, amount):
    args = {"id": number, "token": TOKEN, "currency": USD, "amount": amount}
    return ReportedEvent("Carried", args)


def carried_out(claimant, holder, receiver, hook=ZERO):
    args = {"claimant": claimant, "nonce": 1, "holder": holder, "receiver": receiver, "hook": hook}
    return ReportedEvent("Executed", args)


def recovered(lost, successor, time):
    return ReportedEvent("RecoverySuccess", {"lostWallet": lost, "newWallet": successor}), time


def frozen(account, time, on=True):
    return ReportedEvent("AddressFrozen", {"userAddress": account, "isFrozen": on}), time


def books_of(*events, of_token=(), first_id=1, evidence_source=None):
    """Shares 50, 30 and 20 of A, B and C at record 1; distributions of 1000 are easy to divide."""
    issued = [(ReportedEvent("Transfer", {"from": ZERO, "to": who, "value": n}), 10)
              for who, n in ((A, 50), (B, 30), (C, 20))]  # fmt: skip
    scheduled = (ReportedEvent("RecordScheduled", {"recordId": 1, "closesAt": RECORD}), 10)
    register = Ledger.of([*issued, scheduled, *of_token], TOKEN, until=300)
    timed = [event if isinstance(event, tuple) else (event, PAID) for event in events]
    return Books.of(
        timed, [register], units=UNITS, first_id=first_id, evidence_source=evidence_source
    )


def differences_of(books):
    return [str(difference) for difference in books.differences]


def only(sentences):
    [sentence] = sentences
    return sentence


# ------------------------------------------------------------------------------ several at once


def test_books_are_the_same_whether_settlements_are_told_apart_or_together():
    start = [declared(1, 1_000), declared(2, 600), declared(3, 500, currency=EUR)]
    apart = books_of(*start, claimed(1, A, 500), claimed(2, A, 300), claimed(3, A, 250))
    together = books_of(
        *start, claimed_many(A, A, (1, 500), (2, 300)), claimed_many(A, A, (3, 250))
    )
    assert apart.balanced
    assert together.balanced
    assert apart.positions() == together.positions()
    assert [position.paid for position in together.positions()] == [800, 250]
    for number in (1, 2, 3):
        assert apart.distributions[number].settlements == together.distributions[number].settlements


def test_one_wrong_part_of_many_is_named_by_its_distribution():
    books = books_of(declared(1, 1_000), declared(2, 600), claimed_many(A, A, (1, 500), (2, 301)))
    assert differences_of(books)[0] == (
        f"distribution 2, holder {A}: gross is 0.000301 USD by the event and 0.000300 USD by the "
        "law"
    )


def test_a_distribution_settled_twice_in_one_event_is_named():
    books = books_of(declared(1, 1_000), claimed_many(A, A, (1, 500), (1, 500)))
    assert only(differences_of(books)) == (
        f"distribution 1, holder {A}: the settlement is a second one by the event and one by the "
        "law"
    )


def test_parts_of_undeclared_distributions_are_named_once_each():
    books = books_of(declared(1, 1_000), claimed_many(A, A, (1, 500), (7, 1)))
    assert only(differences_of(books)) == (
        "distribution 7: its declaration is missing by the events and there by its event "
        "ClaimedMany"
    )


def test_parts_from_before_these_books_are_passed_over():
    books = books_of(declared(5, 1_000), claimed_many(A, A, (4, 1), (5, 500)), first_id=5)
    assert books.balanced
    assert books.distributions[5].settled == 500


def test_every_event_that_a_vault_and_its_desk_can_tell_is_known():
    """Or a new one would be a difference in everybody's books."""
    for contract in ("DividendVault", "IClaimRelayer"):
        for entry in artifact(contract).abi:
            if entry["type"] == "event" and entry["name"] not in ("Declared", "ClaimedMany"):
                args = dict.fromkeys((item["name"] for item in entry["inputs"]), 1)
                books = books_of(declared(1, 1_000), ReportedEvent(entry["name"], args))
                assert not any("unknown" in words for words in differences_of(books)), entry["name"]


# ---------------------------------------------------------------------------- who may be paid


def test_income_of_a_lost_wallet_goes_to_its_successor():
    """The successor's, and its payee's, from the recovery on (Law 13)."""
    recovery = recovered(A, NEW, 115)
    assert books_of(declared(1, 1_000), claimed(1, A, 500, NEW), of_token=[recovery]).balanced
    chosen = books_of(
        declared(1, 1_000), payee_set(NEW, C), claimed(1, A, 500, C), of_token=[recovery]
    )
    assert chosen.balanced
    before = books_of(declared(1, 1_000), (claimed(1, A, 500), 114), of_token=[recovery])
    assert before.balanced


@pytest.mark.parametrize("payee", [A, STRANGER, C])
def test_a_lost_wallet_is_paid_nothing_more(payee):
    """Neither to itself nor to a payee that it had chosen (Law 13)."""
    books = books_of(
        payee_set(A, C), declared(1, 1_000), claimed(1, A, 500, payee),
        of_token=[recovered(A, NEW, 115)],
    )  # fmt: skip
    assert only(differences_of(books)) == (
        f"distribution 1, holder {A}: the payee is {payee} by the event and {NEW} by the holder's "
        "choice"
    )


def test_within_one_block_the_order_of_its_events_decides():
    recovery = (at(7, 4, recovered(A, NEW, 0)[0]), PAID)
    early, late = at(7, 3, claimed(1, A, 500)), at(7, 5, claimed(1, A, 500))
    assert books_of(declared(1, 1_000), early, of_token=[recovery]).balanced
    assert not books_of(declared(1, 1_000), late, of_token=[recovery]).balanced


def test_a_payment_while_the_person_was_frozen_is_named():
    """Frozen is the successor here, and the successor's freeze is what counts (Law 8)."""
    recovery, freeze = recovered(A, NEW, 115), frozen(NEW, 116)
    books = books_of(declared(1, 1_000), claimed(1, A, 500, NEW), of_token=[recovery, freeze])
    assert only(differences_of(books)) == (
        f"distribution 1, holder {A}: the payment is there by the event and impossible while "
        f"{NEW} is frozen by the token"
    )
    release = frozen(NEW, 117, on=False)
    books = books_of(
        declared(1, 1_000), claimed(1, A, 500, NEW), of_token=[recovery, freeze, release]
    )
    assert books.balanced


def test_income_of_a_frozen_person_waits_and_is_still_owed():
    books = books_of(
        declared(1, 1_000), claimed(1, B, 300),
        ReportedEvent("Skipped", {"id": 1, "holder": A, "reason": 4}), of_token=[frozen(A, 111)],
    )  # fmt: skip
    one = books.distributions[1]
    assert books.balanced
    assert [books.status(one, holder) for holder in (A, B, C)] == ["held", "paid", "claimable"]
    assert one.owed == 700


# -------------------------------------------------------------------------------- redirected
# payments


def test_a_payment_to_a_stranger_is_named():
    """No choice of the holder's is in the events, and nobody testifies to one (Law 8)."""
    books = books_of(declared(1, 1_000), claimed_many(A, STRANGER, (1, 500)))
    assert only(differences_of(books)) == (
        f"distribution 1, holder {A}: the payee is {STRANGER} by the event and {A} by the "
        "holder's choice"
    )


def test_what_the_desk_carried_out_was_chosen():
    """By the same claimant, of the same holder, in the same transaction, for this payee (Law 8)."""
    paid = at(7, 5, claimed(1, A, 500, STRANGER), "0xdesk")
    for instruction in (carried_out(A, A, STRANGER), carried_out(A, A, A, hook=STRANGER)):
        assert books_of(declared(1, 1_000), at(7, 4, instruction, "0xdesk"), paid).balanced
    for instruction, transaction in (
        (carried_out(A, A, STRANGER), "0xother"),
        (carried_out(B, A, STRANGER), "0xdesk"),
        (carried_out(A, B, STRANGER), "0xdesk"),
        (carried_out(A, A, C), "0xdesk"),
        (carried_out(A, A, STRANGER, hook=C), "0xdesk"),
    ):
        books = books_of(declared(1, 1_000), at(7, 4, instruction, transaction), paid)
        assert len(differences_of(books)) == 1


def test_the_desks_word_counts_whichever_event_comes_first():
    books = books_of(
        declared(1, 1_000), at(7, 4, claimed(1, A, 500, STRANGER)),
        at(7, 5, carried_out(A, A, STRANGER)),
    )  # fmt: skip
    assert books.balanced


def test_a_witness_is_asked_about_nothing_else():
    asked = []

    def evidence_source(redirected_payments):
        asked.extend(redirected_payments)
        return Evidence(chosen=frozenset(redirected_payments))

    books = books_of(
        payee_set(B, C), declared(1, 1_000),
        at(7, 1, claimed(1, A, 500, STRANGER), "0xclaim"), claimed(1, B, 300, C),
        evidence_source=evidence_source,
    )  # fmt: skip
    [redirected] = asked
    assert (redirected.claimant, redirected.choice) == (A, A)
    assert (redirected.entry.transaction, redirected.entry.payee) == ("0xclaim", STRANGER)
    assert books.balanced
    assert books.unproven == []


def test_what_a_contract_chose_is_said_to_be_unproven():
    books = books_of(
        declared(1, 1_000), claimed(1, A, 500, STRANGER),
        evidence_source=lambda redirected: Evidence(unverified=frozenset(redirected)),
    )  # fmt: skip
    assert books.balanced
    assert only(books.unproven) == (
        f"distribution 1, holder {A}: the payee is {STRANGER}, and its choice, if it was that, "
        f"{A} made as a contract, unverified"
    )


def test_a_choice_from_before_these_books_is_said_to_be_unproven():
    books = books_of(declared(3, 1_000), claimed(3, A, 500, C), claimed(3, B, 300), first_id=3)
    assert books.balanced
    assert only(books.unproven) == (
        f"distribution 3, holder {A}: the payee is {C}, and what {A} had chosen before these books "
        "begin is not in them"
    )
    later = books_of(declared(3, 1_000), payee_set(A, B), claimed(3, A, 500, C), first_id=3)
    assert len(differences_of(later)) == 1


# ---------------------------------------------------------------------- who else is told about


def skipped(number, holder, reason):
    return ReportedEvent("Skipped", {"id": number, "holder": holder, "reason": reason})


@pytest.mark.parametrize(
    ("reason", "holder", "may"),
    [
        (Reason.NOTHING, STRANGER, True), (Reason.NOTHING, B, False),
        (Reason.CLAIMED, A, True), (Reason.CLAIMED, B, False),
        (Reason.PAYMENT_FAILED, B, True), (Reason.POLICY_FAILED, B, True),
        (Reason.HELD, C, True), (Reason.HELD, B, False),
    ],
)  # fmt: skip
def test_a_push_passes_over_nobody_without_a_reason(reason, holder, may):
    books = books_of(
        declared(1, 1_000), claimed(1, A, 500), skipped(1, holder, reason),
        of_token=[frozen(C, 111)],
    )  # fmt: skip
    assert [words.split(": ")[0] for words in differences_of(books)] == (
        [] if may else [f"distribution 1, holder {holder}"]
    )


def test_who_is_not_eligible_may_have_to_wait():
    waits = ReportedEvent("IncomeHeldSet", {"whileIneligible": True}), 50
    assert books_of(declared(1, 1_000), skipped(1, B, Reason.HELD), of_token=[waits]).balanced


def test_tax_goes_to_one_collector():
    """(Law 8)."""
    remitted = [
        ReportedEvent("Remitted", {"id": 1, "collector": who, "amount": 0})
        for who in (ISSUER, STRANGER)
    ]
    assert only(differences_of(books_of(declared(1, 1_000), *remitted))) == (
        f"distribution 1: the tax collector is {STRANGER} by the event and {ISSUER} by an earlier "
        "one"
    )


def test_a_refund_goes_to_who_declared():
    """(Law 8)."""
    refund = ReportedEvent("Refunded", {"id": 1, "declarer": STRANGER, "amount": 1_000})
    books = books_of(declared(1, 1_000, excluded=(A, B, C)), refund)
    assert only(differences_of(books)) == (
        f"distribution 1: who received the refund is {STRANGER} by the event and {ISSUER} by the "
        "declaration"
    )


# -------------------------------------------------------------------------------------- carries


def test_a_refund_returns_what_was_received_and_carries_on_what_was_carried_in():
    """(Laws 3 and 10)."""
    everybody = (A, B, C)
    start = [
        declared(1, 1_001), claimed(1, A, 500), claimed(1, B, 300), claimed(1, C, 200),
        carried(1, 1), declared(2, 700, carried_in=1, excluded=everybody),
    ]  # fmt: skip
    refund = ReportedEvent("Refunded", {"id": 2, "declarer": ISSUER, "amount": 700})
    books = books_of(*start, carried(2, 1), refund)
    assert books.balanced
    [position] = books.positions()
    assert (position.carried, position.swept, position.missing) == (1, 700, 0)

    greedy = ReportedEvent("Refunded", {"id": 2, "declarer": ISSUER, "amount": 701})
    assert differences_of(books_of(*start, greedy))[0] == (
        "distribution 2: the refund is 0.000701 USD by the event and 0.000700 USD by the "
        "declaration"
    )
    forgotten = books_of(*start, refund)
    assert differences_of(forgotten)[0] == (
        "distribution 2: carried out is 0.000000 USD by the events and 0.000001 USD by the law"
    )


def test_what_is_carried_is_of_the_same_token_and_currency():
    """(Law 10)."""
    paid = [claimed(1, A, 500), claimed(1, B, 300), claimed(1, C, 200)]
    reported = carried(1, 1)
    reported.args["currency"] = EUR
    assert only(differences_of(books_of(declared(1, 1_001), *paid, reported))) == (
        f"distribution 1: what was carried is {TOKEN} in {EUR} by the event and {TOKEN} in "
        f"{USD} by the declaration"
    )


def test_more_than_the_terms_have_room_for_stays_carried():
    """(Law 10)."""
    most = 2**48 - 1
    books = books_of()
    books.carries[TOKEN, USD] = most + 5
    books.apply(declared(1, 1_000, carried_in=most), PAID)
    assert books.balanced
    assert books.carries[TOKEN, USD] == 5
    books.apply(declared(2, 1_000, carried_in=4), PAID)
    assert only(differences_of(books)) == (
        "distribution 2: carried in is 0.000004 USD by the event and 0.000005 USD by what earlier "
        "distributions left"
    )


# ---------------------------------------------------------------------- what cannot have happened


def test_an_event_that_these_books_do_not_know_is_named():
    books = books_of(declared(1, 1_000), ReportedEvent("Melted", {"id": 1}))
    assert only(differences_of(books)) == (
        "the vault: an event is Melted by the log and unknown by these books"
    )


def test_a_distribution_at_a_record_that_was_never_scheduled_is_named():
    books = books_of(recorded(declared(1, 1_000), 2))
    assert only(differences_of(books)) == (
        "distribution 1: its record is 2 by the event and never scheduled by the token"
    )


def test_a_tax_beyond_the_income_is_named():
    reported = claimed(1, A, 500)
    reported.args["tax"] = 501
    books = books_of(declared(1, 1_000), reported)
    assert (
        f"distribution 1, holder {A}: tax is 0.000501 USD by the event and 0.000500 USD by its "
        "gross, at most"
    ) in differences_of(books)


@pytest.mark.parametrize("time", [PAID - 1, PAID + 6])
def test_a_payment_before_or_after_its_time_is_named(time):
    terms = {"payableFrom": PAID, "deadline": PAID + 5, "sweepTo": ISSUER}
    books = books_of((declared(1, 1_000, **terms), DECLARED), (claimed(1, A, 500), time))
    assert only(differences_of(books)) == (
        f"distribution 1, holder {A}: the time of payment is {time} by the event and "
        f"{PAID} to {PAID + 5} by the terms"
    )


def test_the_vault_earns_nothing_of_shares_that_it_has_paid_out():
    """From the declaration in shares on, in whatever is not counted yet; B's shares lie in it."""
    vault = B

    def books_with(*events):
        timed = [event if isinstance(event, tuple) else (event, PAID) for event in events]
        issued = [(ReportedEvent("Transfer", {"from": ZERO, "to": who, "value": n}), 10)
                  for who, n in ((A, 50), (B, 30), (C, 20))]  # fmt: skip
        record = (ReportedEvent("RecordScheduled", {"recordId": 1, "closesAt": RECORD}), 10)
        register = Ledger.of([*issued, record], TOKEN, until=300)
        return Books.of(timed, [register], units=UNITS, vault=vault)

    in_shares = declared(1, 700, currency=TOKEN)
    ahead = (declared(1, 700), RECORD - 9)
    shares_then = (declared(2, 70, currency=TOKEN), RECORD - 5)
    first = books_with(in_shares, declared(2, 700))
    assert first.distributions[1].division.eligible == 100
    assert first.distributions[2].earning == {A: 50, C: 20}
    assert first.distributions[2].status(B, PAID) == "excluded"
    assert books_with(ahead, shares_then).distributions[1].earning == {A: 50, C: 20}
    fixed = ReportedEvent("EligibleCounted", {"id": 1, "accountsLeft": 0, "eligible": 100})
    later = declared(2, 70, currency=TOKEN)
    assert books_with(ahead, fixed, later).distributions[1].division.eligible == 100
    wrong = ReportedEvent("EligibleCounted", {"id": 1, "accountsLeft": 0, "eligible": 99})
    assert (
        "distribution 1: eligible shares is 99 by the event and 100 by the law"
    ) in differences_of(books_with(ahead, wrong))


def cancelled_at(time):
    return ReportedEvent("RecordCancelled", {"recordId": 1}), time


REFUND = ReportedEvent("Refunded", {"id": 1, "declarer": ISSUER, "amount": 1_000})


def test_what_was_declared_for_a_cancelled_record_is_owed_until_it_goes_back():
    """Nobody earns; the money goes to the declarer, whole."""
    cancelled = cancelled_at(RECORD - 5)
    before = books_of((declared(1, 1_000), RECORD - 9), of_token=[cancelled])
    [position] = before.positions()
    assert (differences_of(before), position.owed, position.missing) == ([], 1_000, 0)
    found = before.distributions[1]
    assert (found.cancelled, found.division, found.earning) == (True, None, {})
    after = books_of((declared(1, 1_000), RECORD - 9), REFUND, of_token=[cancelled])
    [position] = after.positions()
    assert (differences_of(after), position.owed, position.swept) == ([], 0, 1_000)


def test_a_payment_from_a_cancelled_record_is_named():
    books = books_of(
        (declared(1, 1_000), RECORD - 9), claimed(1, A, 500), of_token=[cancelled_at(RECORD - 5)]
    )
    assert (
        f"distribution 1, holder {A}: the settlement is there by the event and impossible without "
        "shares by the law"
    ) in differences_of(books)


@pytest.mark.parametrize("time", [RECORD - 6, RECORD])
def test_a_refund_while_the_record_was_open_is_named(time):
    """It had been cancelled a second later, or never."""
    terms = {"excluded": (A, B, C)}
    of_token = [cancelled_at(RECORD - 5)] if time < RECORD else []
    events = [(declared(1, 1_000, **terms), RECORD - 9), (REFUND, time)]
    assert only(differences_of(books_of(*events, of_token=of_token))) == (
        "distribution 1: the refund is there by the event and impossible while it is open by the "
        "record"
    )


def test_a_declaration_for_a_record_that_was_cancelled_before_is_named():
    books = books_of((declared(1, 1_000), RECORD - 4), of_token=[cancelled_at(RECORD - 5)])
    assert only(differences_of(books)) == (
        "distribution 1: its record is 1 by the event and cancelled before by the token"
    )


def test_what_was_sent_back_is_owed_to_nobody():
    books = books_of(
        declared(1, 1_000),
        ReportedEvent("Refunded", {"id": 1, "declarer": ISSUER, "amount": 1_000}),
    )
    assert books.distributions[1].status(A, PAID) == "refunded"


def recorded(reported, record):
    """A declaration at another record."""
    reported.args["recordId"] = record
    return reported
