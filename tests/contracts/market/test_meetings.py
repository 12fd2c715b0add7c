"""Meetings: convened by the issuer or by holders, cancelled, and what they resolve."""

from __future__ import annotations

import pytest

from tests.contracts.harness import DAY, NOTHING, Harness, refused
from tests.contracts.market.voting import (
    ABSTAIN,
    AGAINST,
    FOR,
    KEYS,
    LONGEST,
    MOST_EXCLUDED,
    MOST_RESOLUTIONS,
    ORDER,
    Basis,
    Resolution,
    Stage,
    Voting,
    typed_terms,
)
from tests.contracts.trading import digest_of, signature_of


@pytest.fixture
def voting(kit) -> Voting:
    """An open token; Ann has 500 shares, Ben 300, Cid 200."""
    harness = Harness(kit)
    harness.issue({harness.ann: 500, harness.ben: 300, harness.cid: 200})
    return Voting(harness)


# ------------------------------------------------------------------------- examples


def test_a_meeting_is_convened_held_and_declared(voting):
    """By an agent of the token, and by anyone at its end; ids run from 1."""
    terms = voting.terms(2, quorum_bps=5_000, document=ORDER)
    assert voting.ballot.call("convene", terms.told, sender=voting.harness.owner) == 1
    convened = voting.convening(terms)
    assert convened.events == (
        ("Convened", {
            "id": 1, "token": voting.token.address, "recordId": terms.record,
            "convener": voting.harness.agent, "terms": terms.written,
        }),
    )  # fmt: skip
    assert voting.ballot.call("meetingCount") == 1
    assert tuple(voting.ballot.call("termsOf", 1)[1:4]) == terms.told[1:4]
    assert voting.stage(1) == Stage.CONVENED
    voting.kit.now = terms.opens_at
    assert voting.stage(1) == Stage.OPEN
    voting.vote(1, voting.ann, FOR, AGAINST)
    with refused("Ballot_NotAt", 1, Stage.OPEN):
        voting.ballot.send("declare", 1)
    voting.close(1)
    assert voting.stage(1) == Stage.CLOSED
    declared = voting.ballot.send("declare", 1, sender=voting.harness.stranger)
    told = (500, 1_000, True, ((500, 0, 0, True), (0, 500, 0, False)))
    assert declared.events == (
        ("Declared", {
            "id": 1, "token": voting.token.address, "recordId": terms.record, "tally": told,
        }),
    )  # fmt: skip
    assert voting.stage(1) == Stage.DECLARED
    with refused("Ballot_NotAt", 1, Stage.DECLARED):
        voting.ballot.send("declare", 1)
    assert voting.tally(1)[:3] == told[:3]


def test_a_meeting_is_cancelled_before_it_opens(voting):
    """And nobody votes at it, nor appoints, nor declares it."""
    terms = voting.terms()
    number = voting.convene(terms)
    voting.kit.now = terms.opens_at - 1
    cancelled = voting.ballot.send("cancel", number, ORDER, sender=voting.harness.owner)
    assert cancelled.events == (("Cancelled", {"id": number, "documentHash": ORDER}),)
    voting.kit.now = terms.opens_at
    assert voting.stage(number) == Stage.CANCELLED
    for function, args in (("vote", (voting.ann, 1)), ("appoint", (voting.ann, voting.ben))):
        with refused("Ballot_NotAt", number, Stage.CANCELLED):
            voting.ballot.send(function, number, *args, sender=voting.ann)
    voting.kit.now = terms.closes_at + 1
    with refused("Ballot_NotAt", number, Stage.CANCELLED):
        voting.ballot.send("declare", number)


def test_a_meeting_that_is_open_is_not_cancelled(voting):
    """Nor one of somebody else's token, by a stranger."""
    terms = voting.terms()
    number = voting.convene(terms)
    stranger = voting.harness.stranger
    with refused("Ballot_NotOwnerOrAgent", stranger, voting.token.address):
        voting.ballot.send("cancel", number, NOTHING, sender=stranger)
    voting.kit.now = terms.opens_at
    with refused("Ballot_NotAt", number, Stage.OPEN):
        voting.ballot.send("cancel", number, NOTHING, sender=voting.harness.owner)


# -------------------------------------------------------------- quorum and thresholds


@pytest.mark.parametrize(
    ("basis", "threshold", "inclusive", "carried"),
    [
        # Ann is for it with 500, Ben against with 300; Cid abstains with 200 of 1,000.
        (Basis.CAST, 6_249, False, True),
        (Basis.CAST, 6_250, False, False),
        (Basis.CAST, 6_250, True, True),
        (Basis.CAST, 6_251, True, False),
        (Basis.PRESENT, 4_999, False, True),
        (Basis.PRESENT, 5_000, False, False),
        (Basis.PRESENT, 5_000, True, True),
        (Basis.ELIGIBLE, 5_000, True, True),
        (Basis.ELIGIBLE, 5_001, True, False),
        (Basis.CAST, 0, False, True),
        (Basis.CAST, 10_000, True, False),
    ],
)
def test_a_resolution_is_carried_by_its_part_of_its_basis(
    voting, basis, threshold, inclusive, carried
):
    """More than the part, or as many if the resolution says so."""
    resolution = Resolution(ORDER, basis, threshold, inclusive)
    number = voting.open(resolutions=(resolution,))
    for holder, choice in ((voting.ann, FOR), (voting.ben, AGAINST), (voting.cid, ABSTAIN)):
        voting.vote(number, holder, choice)
    assert voting.tally(number) == (1_000, 1_000, True, [(500, 300, 200, carried)])


@pytest.mark.parametrize(
    ("basis", "carried"), [(Basis.CAST, True), (Basis.PRESENT, True), (Basis.ELIGIBLE, False)]
)
def test_shares_that_are_not_present_count_for_the_eligible_basis_only(voting, basis, carried):
    """Of those Ben and Cid are short of half."""
    number = voting.open(resolutions=(Resolution(basis=basis),))
    voting.vote(number, voting.ben, FOR)
    assert voting.tally(number) == (300, 1_000, True, [(300, 0, 0, carried)])


def test_who_abstains_is_present(voting):
    """For the quorum; of a basis of no shares nothing is carried."""
    number = voting.open(quorum_bps=5_000)
    voting.vote(number, voting.ann, ABSTAIN)
    assert voting.tally(number) == (500, 1_000, True, [(0, 0, 500, False)])


@pytest.mark.parametrize(("quorum", "quorate"), [(0, True), (5_000, True), (5_001, False)])
def test_nothing_is_carried_without_a_quorum(voting, quorum, quorate):
    """Exactly the part is enough."""
    number = voting.open(quorum_bps=quorum)
    voting.vote(number, voting.ann, FOR)
    assert voting.tally(number) == (500, 1_000, quorate, [(500, 0, 0, quorate)])


def test_a_meeting_without_anybody_is_not_quorate(voting):
    """Whatever the quorum."""
    resolutions = tuple(Resolution(basis=basis, threshold_bps=0) for basis in Basis)
    number = voting.open(resolutions=resolutions)
    assert voting.tally(number) == (0, 1_000, False, [(0, 0, 0, False)] * 3)


def test_sixty_resolutions_are_voted_on_at_once(voting):
    """The last of them too (Law 74)."""
    number = voting.open(MOST_RESOLUTIONS)
    voting.vote(number, voting.ann, *[(FOR, AGAINST, ABSTAIN)[i % 3] for i in range(60)])
    voting.vote(number, voting.ben, *[AGAINST] * 60)
    sums = [(500, 300, 0), (0, 800, 0), (0, 300, 500)]
    assert [result[:3] for result in voting.tally(number)[3]] == [sums[i % 3] for i in range(60)]


# -------------------------------------------------------------------- what is refused


def test_only_who_speaks_for_the_token_convenes(voting):
    """Its owner or an agent; for no contract nobody does."""
    terms = voting.terms()
    for caller in (voting.ann, voting.harness.stranger):
        with refused("Ballot_NotOwnerOrAgent", caller, voting.token.address):
            voting.convening(terms, sender=caller)
    with refused("Ballot_NotOwnerOrAgent", voting.harness.owner, voting.ann):
        voting.convening(terms.but(token=voting.ann), sender=voting.harness.owner)
    voting.convening(terms, sender=voting.harness.owner)


def test_times_out_of_order_are_refused(voting):
    """An opening in the past, a close before the opening, a time in milliseconds."""
    terms, now = voting.terms(), voting.kit.now
    with refused("Ballot_TimesOutOfOrder", now, now - 1):
        voting.convene(terms.but(opens_at=now - 1))
    with refused("Ballot_TimesOutOfOrder", terms.opens_at, terms.opens_at - 1):
        voting.convene(terms.but(closes_at=terms.opens_at - 1))
    with refused("Ballot_TooFar", now + LONGEST + 1, now + LONGEST):
        voting.convene(terms.but(closes_at=now + LONGEST + 1))
    voting.convene(terms.but(closes_at=terms.opens_at))
    voting.convene(terms.but(closes_at=now + LONGEST))


def test_a_record_that_does_not_close_before_the_opening_is_refused(voting):
    """Nor does one that was cancelled, or is none; the second before is early enough."""
    record = voting.harness.schedule(voting.kit.now + 2 * DAY)
    at = voting.token.call("recordTime", record)
    terms = voting.terms(record=record)
    with refused("Ballot_RecordNotClosed", record, at, at):
        voting.convene(terms.but(opens_at=at))
    voting.convene(terms.but(opens_at=at + 1))
    late = voting.harness.schedule(voting.kit.now + 3 * DAY)
    voting.token.send("cancelRecords", late, sender=voting.harness.owner)
    for none in (late, late + 1, 2**64 + record):
        with refused("Ballot_RecordNotClosed", none, 0, terms.opens_at):
            voting.convene(terms.but(record=none))


def test_lists_and_parts_that_are_too_long_or_too_high_are_refused(voting):
    """Resolutions, excluded accounts, the quorum."""
    terms = voting.terms()
    for count in (0, MOST_RESOLUTIONS + 1):
        with refused("Ballot_WrongResolutions", count, MOST_RESOLUTIONS):
            voting.convene(terms.but(resolutions=(Resolution(),) * count))
    with refused("Ballot_TooManyExcluded", MOST_EXCLUDED + 1, MOST_EXCLUDED):
        voting.convene(terms.but(excluded=(voting.ann,) * (MOST_EXCLUDED + 1)))
    with refused("Ballot_QuorumTooHigh", 10_001, 10_000):
        voting.convene(terms.but(quorum_bps=10_001))
    voting.convene(terms.but(excluded=(voting.ann,) * MOST_EXCLUDED, quorum_bps=10_000))


@pytest.mark.parametrize(
    ("threshold", "inclusive"), [(0, True), (10_000, False), (10_001, True), (10_001, False)]
)
def test_a_threshold_that_nobody_or_everybody_reaches_is_refused(voting, threshold, inclusive):
    """With which resolution has it."""
    wrong = Resolution(ORDER, Basis.CAST, threshold, inclusive)
    with refused("Ballot_WrongThreshold", 1, threshold, inclusive):
        voting.convene(voting.terms(resolutions=(Resolution(), wrong)))


# ---------------------------------------------------------------- convened by holders


@pytest.fixture
def asking(kit) -> Voting:
    """A token of which three holders with keys have 60, 40 and 900 shares; a tenth can convene."""
    harness = Harness(kit)
    first, second, third = sorted(key.address for key in KEYS[:3])
    harness.issue({first: 60, second: 40, third: 900})
    asking = Voting(harness)
    allowed = asking.ballot.send(
        "setRequisition", harness.token.address, 1_000, sender=harness.owner
    )
    told = {"token": harness.token.address, "requisitionBps": 1_000}
    assert allowed.events == (("RequisitionSet", told),)
    return asking


def _signers(count):
    return sorted(KEYS[:3], key=lambda key: key.address)[:count]


def _requisition(asking, terms, keys, holders=None):
    signatures = [signature_of(typed_terms(asking.ballot.address, terms), key) for key in keys]
    named = holders or [key.address for key in keys]
    sender = asking.harness.stranger
    return asking.ballot.send("requisition", terms.told, named, signatures, sender=sender)


def test_holders_of_a_tenth_convene_a_meeting(asking):
    """Anybody brings what they have signed; the issuer cannot cancel it."""
    terms = asking.terms(2, document=ORDER)
    digest = digest_of(typed_terms(asking.ballot.address, terms))
    assert bytes(asking.ballot.call("digestOfTerms", terms.told)) == digest
    assert asking.ballot.call("requisitionOf", asking.token.address) == 1_000
    asking.kit.now += 1
    convened = _requisition(asking, terms, _signers(2))
    stranger = asking.harness.stranger
    assert [name for name, _ in convened.events] == ["Convened", "Requisitioned"]
    assert convened.named("Convened")[0]["convener"] == stranger
    assert convened.named("Requisitioned") == [
        {"id": 1, "digest": digest, "shares": 100, "eligible": 1_000}
    ]
    with refused("Ballot_Requisitioned", digest):
        asking.ballot.send("cancel", 1, ORDER, sender=asking.harness.owner)
    with refused("Ballot_Requisitioned", digest):
        _requisition(asking, terms, _signers(3))
    asking.kit.now = terms.opens_at
    holder = _signers(1)[0].address
    asking.vote(1, holder, FOR, FOR)
    assert asking.tally(1)[0] == 60


def test_a_share_less_than_a_tenth_is_refused(asking):
    """However often a holder signs."""
    terms = asking.terms()
    asking.kit.now += 1
    with refused("Ballot_RequisitionTooSmall", 60, 100):
        _requisition(asking, terms, _signers(1))
    with refused("Ballot_RequisitionTooSmall", 0, 100):
        _requisition(asking, terms, [])
    key = _signers(1)[0]
    with refused("Ballot_NotAscending", key.address, key.address):
        _requisition(asking, terms, [key, key])
    first, second = _signers(2)
    with refused("Ballot_NotAscending", first.address, second.address):
        _requisition(asking, terms, [second, first])


def test_a_requisition_by_others_than_holders_is_refused(asking):
    """Nor does one key sign for another, nor are there signatures left over."""
    terms = asking.terms()
    asking.kit.now += 1
    first, second = _signers(2)
    with refused("Ballot_NotSigned", second.address):
        _requisition(asking, terms, [first, first], [first.address, second.address])
    with refused("Ballot_LengthMismatch", 1, 2, 2):
        _requisition(asking, terms, [first, second], [first.address])


def test_the_new_wallet_of_a_holder_signs_a_requisition(asking):
    """And the lost one does no more."""
    terms = asking.terms()
    asking.kit.now += 1
    first, second = _signers(2)
    new = KEYS[5]
    asking.recover(first.address, new.address)
    holders = [first.address, second.address]
    with refused("Ballot_NotSigned", new.address):
        _requisition(asking, terms, [first, second])
    _requisition(asking, terms, [new, second], holders)


def test_who_convenes_does_not_choose_who_votes(asking):
    """A requisition excludes nobody, and needs its record closed and the issuer's leave."""
    terms = asking.terms()
    with refused("Ballot_TooManyExcluded", 1, 0):
        _requisition(asking, terms.but(excluded=(asking.ann,)), _signers(2))
    record_time = asking.token.call("recordTime", terms.record)
    with refused("ShareToken_RecordOpen", terms.record, record_time, asking.kit.now):
        _requisition(asking, terms, _signers(2))
    asking.kit.now += 1
    token, owner = asking.token.address, asking.harness.owner
    asking.ballot.send("setRequisition", token, 0, sender=owner)
    with refused("Ballot_NoRequisition", token):
        _requisition(asking, terms, _signers(2))
    for caller in (asking.harness.agent, asking.ann):
        with refused("Ballot_NotTokenOwner", caller, token):
            asking.ballot.send("setRequisition", token, 1, sender=caller)
    with refused("Ballot_RequisitionTooHigh", 10_001, 10_000):
        asking.ballot.send("setRequisition", token, 10_001, sender=owner)
