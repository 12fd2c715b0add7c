"""Who earns: of invented events, since when a vault is excluded, against a law written apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.apportion import apportion
from prorata.contracts.vault import Reason
from prorata.errors import NoEligibleShares
from prorata.ledger.books import Books
from prorata.register.earning import Earners, OwnShares
from prorata.register.record_ranges import RangeRegister
from prorata.register.shares import Ledger
from prorata.values.addresses import ZERO_ADDRESS as ZERO

A, B, VAULT, TOKEN, OTHER, USD, RANGES = ("0x" + digit * 40 for digit in "1234567")
CLOSES_AT = 100


@dataclass
class Reported:
    """An event that was made up."""

    name: str
    args: dict[str, Any] = field(default_factory=dict)


def skipped(number: int, reason: Reason) -> Reported:
    return Reported("Skipped", {"id": number, "holder": A, "reason": int(reason)})


def page(number: int, left: int, eligible: int) -> Reported:
    return Reported("EligibleCounted", {"id": number, "accountsLeft": left, "eligible": eligible})


def claimed(number: int, holder: str = A, gross: int = 0) -> Reported:
    args = {"id": number, "holder": holder, "payee": holder, "gross": gross, "tax": 0}
    return Reported("Claimed", args)


def claimed_many(*numbers: int) -> Reported:
    parts = tuple({"id": number, "gross": 0, "tax": 0} for number in numbers)
    return Reported("ClaimedMany", {"holder": A, "payee": A, "settlements": parts})


def swept(number: int) -> Reported:
    return Reported("Swept", {"id": number, "recipient": A, "amount": 0})


def refunded(number: int) -> Reported:
    return Reported("Refunded", {"id": number, "declarer": A, "amount": 0})


# ------------------------------------------------------------------------------------- one

COUNTING = {
    "claim": claimed(1),
    "claim of several": claimed_many(3, 1),
    "sweep": swept(1),
    "last page": page(1, 0, 70),
    "refused payment": skipped(1, Reason.PAYMENT_FAILED),
    "refused tax": skipped(1, Reason.POLICY_FAILED),
}
OTHERS = {
    "page": page(1, 1, 0),
    "uncountable": page(1, 0, 0),
    "without income": skipped(1, Reason.NOTHING),
    "claimed before": skipped(1, Reason.CLAIMED),
    "held": skipped(1, Reason.HELD),
    "claim of another": claimed(2),
    "refund of another": refunded(2),
}


@pytest.mark.parametrize("event", COUNTING.values(), ids=COUNTING)
def test_what_counts_fixes_the_number(event):
    """The vault is a holder where that comes before the payment in shares, else not (Law 39)."""
    early, late = OwnShares(VAULT, [TOKEN]), OwnShares(VAULT, [TOKEN])
    for own in (early, late):
        own.declared(1, TOKEN, record_open=True)
        assert not own.is_counted(1)
    early.settled(event)
    assert early.is_counted(1)
    assert early.note(TOKEN) == []
    assert early.earners(1, [B]) == Earners(VAULT, frozenset({B}))
    assert late.note(TOKEN) == [1]
    late.settled(event)
    assert late.earners(1, [B]) == Earners(VAULT, frozenset({B, VAULT}))


@pytest.mark.parametrize("event", OTHERS.values(), ids=OTHERS)
def test_what_does_not_count_leaves_it_open(event):
    own = OwnShares(VAULT, [TOKEN])
    own.declared(1, TOKEN, record_open=True)
    own.settled(event)
    assert not own.is_counted(1)
    assert own.note(TOKEN) == [1]
    assert own.earners(1, []) == Earners(VAULT, frozenset({VAULT}))


def test_a_currency_that_is_no_share_token_changes_nothing():
    """Though it has the same address as the shares: it does not say that it is one."""
    own = OwnShares(VAULT, [OTHER])
    own.declared(1, TOKEN, record_open=True)
    assert own.note(TOKEN) == []
    assert own.note(OTHER) == []
    own.declared(2, TOKEN, record_open=False)
    assert [own.earners(number, []).excluded for number in (1, 2)] == [frozenset()] * 2


# ----------------------------------------------------------------------------------- law

STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("declare"),
            st.sampled_from([TOKEN, OTHER]),
            st.sampled_from([TOKEN, OTHER, USD]),
            st.booleans(),
        ),
        st.tuples(st.just("count"), st.integers(1, 6)),
    ),
    max_size=14,
)


@given(STEPS, st.sampled_from([[], [TOKEN], [TOKEN, OTHER]]))
def test_the_vault_is_excluded_from_what_is_counted_after_a_payment_in_those_shares(steps, shares):
    """Of all orders of declarations and counting: excluded exactly if some earlier declaration
    paid in the token, before the one that fixed the number (Law 39)."""
    own = OwnShares(VAULT, shares)
    declared: dict[int, tuple[int, str, bool]] = {}
    counted: dict[int, int] = {}
    payments = []
    for place, step in enumerate(steps):
        if step[0] == "declare":
            _, asset, currency, record_open = step
            number = len(declared) + 1
            declared[number] = (place, asset, record_open)
            own.declared(number, asset, record_open=record_open)
            own.note(currency)
            payments.append((place, currency))
        elif step[1] in declared:
            own.settled(claimed(step[1]))
            counted.setdefault(step[1], place)
    for number, (place, asset, record_open) in declared.items():
        fixed = counted.get(number, len(steps)) if record_open else place
        paid = asset in shares and any(p < fixed and c == asset for p, c in payments)
        assert own.earners(number, [B]).excluded == ({B, VAULT} if paid else {B})
        assert own.is_counted(number) == (not record_open or number in counted)


@given(
    st.integers(0, 10**18),
    st.dictionaries(st.sampled_from([A, B, VAULT]), st.integers(1, 10**9)),
    st.sets(st.sampled_from([A, B, VAULT])),
)
def test_what_nobody_is_paid_is_the_remainder(amount, balances, excluded):
    """Everybody else has the same as if the vault were any holder (Law 1)."""
    earners = Earners(VAULT, frozenset(excluded))
    try:
        law = apportion(amount, balances, excluded)
    except NoEligibleShares:
        with pytest.raises(NoEligibleShares):
            earners.divide(amount, balances)
        return
    divided = earners.divide(amount, balances)
    assert divided.gross == {who: 0 if who == VAULT else part for who, part in law.gross.items()}
    assert sum(divided.gross.values()) + divided.remainder == divided.amount == amount
    assert divided.eligible == law.eligible
    assert earners.among(balances) == {
        who: held for who, held in balances.items() if who not in {VAULT, *excluded}
    }


# --------------------------------------------------------------------------------- books


def declared(number: int, amount: int, *, token: str = TOKEN, currency: str = USD) -> Reported:
    terms = {
        "kind": 2, "payableFrom": 0, "deadline": 0, "sweepTo": ZERO, "taxPolicy": ZERO,
        "documentHash": bytes(32), "excluded": (),
    }  # fmt: skip
    args = {
        "id": number, "token": token, "currency": currency, "recordId": 1, "terms": terms,
        "declarer": B, "received": amount, "carriedIn": 0,
    }  # fmt: skip
    return Reported("Declared", args)


def books_of(*events: tuple[Reported, int], **options: Any) -> Books:
    """A and B have 50 and 30 shares, the vault 20; a record range weighs the record double."""
    told = [
        (Reported("Transfer", {"from": ZERO, "to": who, "value": shares}), 10)
        for who, shares in ((A, 50), (B, 30), (VAULT, 20))
    ]
    told.append((Reported("RecordScheduled", {"recordId": 1, "closesAt": CLOSES_AT}), 10))
    ledger = Ledger.of(told, TOKEN, until=300)
    defined = Reported("RangeDefined", {"rangeId": 1, "recordIds": [1], "weights": [2]})
    ranges = RangeRegister.over(ledger, RANGES, [defined])
    return Books.of(events, [ledger, ranges], vault=VAULT, **options)


def divided_by(books: Books) -> list[int]:
    return [d.division.eligible for d in books.distributions.values() if d.division is not None]


def test_books_exclude_the_vault_from_then_on():
    """Of the share token and of its record ranges, whatever asset paid in the shares."""
    books = books_of(
        (declared(1, 1_000), 110),
        (declared(2, 1_000, token=RANGES), 110),
        (declared(3, 7, token=OTHER, currency=TOKEN), 111),
        (declared(4, 1_000), 112),
        (declared(5, 1_000, token=RANGES), 112),
    )
    assert divided_by(books) == [100, 200, 80, 160]
    assert books.balanced


def test_books_read_what_the_token_says_of_itself():
    """One that does not name itself a record token is a currency like any other."""
    events = [(declared(1, 7, token=OTHER, currency=TOKEN), 110), (declared(2, 1_000), 112)]
    assert divided_by(books_of(*events)) == [80]
    assert divided_by(books_of(*events, share_tokens=[])) == [100]
    assert divided_by(books_of(*events, share_tokens=[TOKEN])) == [80]


def test_books_of_what_was_declared_ahead_are_divided_anew():
    """Until it is counted; the page that counts is compared with the register."""
    ahead = [(declared(1, 1_000), 50), (declared(2, 1_000), 50), (declared(3, 1_000), 50)]
    in_shares = (declared(4, 7, token=OTHER, currency=TOKEN), 120)
    books = books_of(
        *ahead,
        (page(1, 0, 100), 110),
        (claimed(2, A, 500), 111),
        in_shares,
        (claimed(3, A, 625), 130),
    )
    assert divided_by(books) == [100, 100, 80]
    assert books.balanced
    [difference] = books_of(*ahead, in_shares, (page(1, 0, 100), 130)).differences
    assert str(difference) == (
        "distribution 1: eligible shares is 100 by the event and 80 by the law"
    )


def test_in_its_own_shares_the_declaration_ahead_counts_for_itself():
    """One at a record that had closed does not."""
    ahead = books_of((declared(1, 1_000, currency=TOKEN), 50))
    closed = books_of((declared(1, 1_000, currency=TOKEN), 110), (declared(2, 1_000), 111))
    assert (divided_by(ahead), divided_by(closed)) == ([80], [100, 80])


def test_a_vault_that_counts_earns_nothing_and_keeps_it_from_being_over():
    """What its shares would earn is owed to nobody, and a sweep sends it on."""
    books = books_of(
        (declared(1, 1_000), 110), (claimed(1, A, 500), 120), (claimed(1, B, 300), 121)
    )
    [distribution] = books.distributions.values()
    assert books.balanced
    assert (distribution.is_over, distribution.owed, distribution.owed_by_law) == (False, 200, 200)
    assert books.status(distribution, VAULT) == "excluded"
    assert (books.gross_of(distribution, VAULT), distribution.ending()) == (0, (0, 0))
    distribution.ended = "swept"
    assert distribution.ending() == (200, 0)


def test_income_of_the_vault_itself_is_named():
    """Nobody can be paid for it, whether it counts or not."""
    for first in ([], [(declared(1, 7, token=OTHER, currency=TOKEN), 105)]):
        number = len(first) + 1
        books = books_of(*first, (declared(number, 1_000), 110), (claimed(number, VAULT, 200), 120))
        settled, gross, *_ = map(str, books.differences)
        at = f"distribution {number}, holder {VAULT}"
        assert settled == (
            f"{at}: the settlement is there by the event and impossible without shares by the law"
        )
        assert gross == f"{at}: gross is 200 {USD} by the event and 0 {USD} by the law"
