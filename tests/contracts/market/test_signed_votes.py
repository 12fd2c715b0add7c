"""Votes and appointments that are signed, and brought by anyone."""

from __future__ import annotations

import pytest

from tests.chainkit import ZERO
from tests.contracts.harness import DAY, Harness, refused
from tests.contracts.market.voting import (
    ABSTAIN,
    AGAINST,
    FOR,
    KEYS,
    MOST_PARTS,
    Obstacle,
    Stage,
    Vote,
    Voting,
    choices,
    typed_appointment,
)
from tests.contracts.trading import digest_of, signature_of

ANN, BEN, CID, DAN, EVE = KEYS[:5]


@pytest.fixture
def voting(kit) -> Voting:
    """An open token; of those with keys Ann has 100 shares, Ben 60, Cid 5."""
    harness = Harness(kit)
    harness.issue({ANN.address: 100, BEN.address: 60, CID.address: 5})
    return Voting(harness)


@pytest.fixture
def number(voting) -> int:
    """A meeting of two resolutions that has been open for a day."""
    found = voting.open(2)
    voting.kit.now += DAY
    return found


def _vote(voting, number, key, *each, ago=0, **changes):
    usual = Vote(number, key.address, key.address, voting.kit.now - ago, choices(*each))
    return voting.signed(usual.but(**changes), key)


def _skipped(receipt):
    return [(who["holder"], Obstacle(who["reason"])) for who in receipt.named("Skipped")]


# ------------------------------------------------------------------------- examples


def test_signed_votes_are_brought_by_anyone(voting, number):
    """Each counts as if its voter had sent it (Laws 75 and 77)."""
    votes = [
        _vote(voting, number, ANN, FOR, AGAINST),
        _vote(voting, number, BEN, choices=0, parts=((50, choices(FOR)), (10, choices(AGAINST)))),
    ]
    cast = voting.cast(*votes)
    assert [name for name, _ in cast.events] == ["Voted", "VotedSplit"]
    assert voting.tally(number)[0::3] == (160, [(150, 10, 0, True), (0, 100, 60, False)])
    args = ([vote.told for vote, _ in votes], [by for _, by in votes], [[], []])
    voting.kit.now += 1
    assert voting.ballot.call("castMany", *args) == 0


@pytest.mark.attack("J24")
def test_a_bad_vote_is_reported_and_the_others_go_on(voting, number):
    """With the reason of each (Law 75)."""
    good = _vote(voting, number, BEN, FOR)
    forged = (Vote(number, ANN.address, ANN.address, voting.kit.now, choices(FOR)), good[1])
    stranger = _vote(voting, number, DAN, FOR)
    wrong = _vote(voting, number, CID, FOR, FOR, AGAINST)
    receipt = voting.cast(forged, stranger, good, wrong)
    assert _skipped(receipt) == [
        (ANN.address, Obstacle.NOT_SIGNED), (DAN.address, Obstacle.NO_SHARES),
        (CID.address, Obstacle.WRONG_CHOICES),
    ]  # fmt: skip
    assert voting.tally(number)[0::3] == (60, [(60, 0, 0, True), (0, 0, 60, False)])


def test_the_digest_is_that_of_eip_712(voting, number):
    """Of a vote with parts and without, and of an appointment."""
    for parts in ((), ((1, 0), (99, choices(FOR, AGAINST)))):
        vote = Vote(number, ANN.address, BEN.address, 7, choices(FOR), parts)
        digest = digest_of(vote.typed(voting.ballot.address))
        assert bytes(voting.ballot.call("digestOf", vote.told)) == digest
    told = (number, ANN.address, BEN.address, CID.address, 7)
    digest = digest_of(typed_appointment(voting.ballot.address, told))
    assert bytes(voting.ballot.call("digestOfAppointment", told)) == digest
    assert voting.ballot.call("eip712Domain")[1:5] == (
        "prorata Ballot", "1", 1, voting.ballot.address,
    )  # fmt: skip


# --------------------------------------------------------------------------- versions


@pytest.mark.attack("J24")
def test_of_signed_votes_the_last_version_counts_in_whatever_order(voting, number):
    """An older one is never taken again (Law 76)."""
    first, second, third = (
        _vote(voting, number, ANN, choice, ago=ago)
        for choice, ago in ((FOR, 30), (AGAINST, 20), (ABSTAIN, 10))
    )
    assert _skipped(voting.cast(second, first, second)) == [(ANN.address, Obstacle.OLD_VERSION)] * 2
    assert voting.tally(number)[3][0] == (0, 100, 0, False)
    assert _skipped(voting.cast(first, third, second)) == [(ANN.address, Obstacle.OLD_VERSION)] * 2
    assert voting.tally(number)[3][0] == (0, 0, 100, False)


def test_a_vote_that_is_sent_prevails_over_what_was_signed_before(voting, number):
    """And one that is signed later prevails over it (Law 76)."""
    earlier = _vote(voting, number, ANN, AGAINST)
    voting.kit.now += 1
    voting.vote(number, ANN.address, FOR)
    assert _skipped(voting.cast(earlier)) == [(ANN.address, Obstacle.OLD_VERSION)]
    voting.kit.now += 1
    assert _skipped(voting.cast(_vote(voting, number, ANN, AGAINST))) == []
    assert voting.tally(number)[3][0] == (0, 100, 0, False)


def test_a_vote_of_the_future_waits_until_it_has_come(voting, number):
    """So nobody can bar its own later votes by a slip (Law 76)."""
    early = _vote(voting, number, ANN, FOR, ago=-1)
    assert _skipped(voting.cast(early)) == [(ANN.address, Obstacle.FUTURE_VERSION)]
    voting.kit.now += 1
    assert _skipped(voting.cast(early)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"id": 2}, {"holder": BEN.address}, {"version": 1}, {"choices": choices(AGAINST)},
        {"parts": ((100, choices(AGAINST)),)},
    ],
)  # fmt: skip
def test_a_signature_is_for_one_vote(voting, number, changes):
    """Not at another meeting, for another holder, in another version, or for something else."""
    voting.convene(voting.terms(2))
    _, signature = _vote(voting, number, ANN, FOR)
    other = Vote(number, ANN.address, ANN.address, voting.kit.now, choices(FOR)).but(**changes)
    voting.kit.now += 2 * DAY
    assert _skipped(voting.cast((other, signature)))[0][1] in (
        Obstacle.NOT_SIGNED, Obstacle.NOT_VOTER,
    )  # fmt: skip


def test_a_signature_is_for_one_contract_on_one_chain(voting, number):
    """Nowhere else (Law 75)."""
    vote = Vote(number, ANN.address, ANN.address, voting.kit.now, choices(FOR))
    for signature in (
        vote.signed(voting.token.address, ANN), vote.signed(voting.ballot.address, ANN, 2), b"",
    ):  # fmt: skip
        assert _skipped(voting.cast((vote, signature))) == [(ANN.address, Obstacle.NOT_SIGNED)]


def test_a_wallet_contract_signs_by_erc_1271(voting):
    """Its own votes, and no other's."""
    wallet = voting.kit.deploy("KeyWallet", ANN.address)
    voting.harness.issue({wallet.address: 7})
    number = voting.open()
    vote = Vote(number, wallet.address, wallet.address, voting.kit.now, choices(FOR))
    by_other = vote.signed(voting.ballot.address, BEN)
    assert _skipped(voting.cast((vote, by_other))) == [(wallet.address, Obstacle.NOT_SIGNED)]
    assert _skipped(voting.cast(voting.signed(vote, ANN))) == []
    assert voting.tally(number)[0] == 7


# ------------------------------------------------------------------ what is skipped


def test_votes_at_no_meeting_or_a_closed_one_are_skipped(voting, number):
    """Whatever else they are."""
    late = _vote(voting, number, ANN, FOR)
    none = _vote(voting, number, ANN, FOR, id=9)
    voting.close(number)
    assert _skipped(voting.cast(late, none)) == [(ANN.address, Obstacle.NOT_OPEN)] * 2


def test_a_frozen_wallet_is_skipped_where_the_terms_say_so(voting):
    """And counts when it is free."""
    number = voting.open(frozen_may_not_vote=True)
    vote = _vote(voting, number, ANN, FOR)
    voting.order("setAddressFrozen", ANN.address, True)
    assert _skipped(voting.cast(vote)) == [(ANN.address, Obstacle.HELD)]
    voting.order("setAddressFrozen", ANN.address, False)
    assert _skipped(voting.cast(vote)) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"parts": ((1, 3),)}, Obstacle.WRONG_CHOICES),
        ({"parts": ((1, 1),), "choices": 1}, Obstacle.WRONG_CHOICES),
        ({"parts": ((1, 1), (0, 1))}, Obstacle.WRONG_PARTS),
        ({"parts": ((100, 1), (1, 2))}, Obstacle.WRONG_PARTS),
        ({"parts": ((1, 1),) * (MOST_PARTS + 1)}, Obstacle.WRONG_PARTS),
        ({"choices": 3}, Obstacle.WRONG_CHOICES),
    ],
)
def test_a_vote_that_makes_no_sense_is_skipped(voting, number, changes, reason):
    """With what is wrong with it."""
    vote = _vote(voting, number, ANN, **({"choices": 0} | changes))
    assert _skipped(voting.cast(vote)) == [(ANN.address, reason)]


def test_a_split_vote_is_replaced_with_its_parts_beside_it(voting, number):
    """Else it is skipped (Law 76)."""
    parts = ((60, choices(FOR)), (40, choices(AGAINST)))
    voting.cast(_vote(voting, number, ANN, parts=parts, ago=9))
    later = _vote(voting, number, ANN, AGAINST)
    assert _skipped(voting.cast(later)) == [(ANN.address, Obstacle.WRONG_BEFORE)]
    assert _skipped(voting.cast(later, before=[parts])) == []
    assert voting.tally(number)[3][0] == (0, 100, 0, False)


def test_lists_of_different_lengths_are_refused(voting, number):
    """There is nothing to skip."""
    vote, by = _vote(voting, number, ANN, FOR)
    for votes, signatures, before in (
        ([vote.told], [], [[]]), ([], [by], []), ([vote.told], [by], []),
    ):  # fmt: skip
        lengths = (len(votes), len(signatures), len(before))
        with refused("Ballot_LengthMismatch", *lengths):
            voting.ballot.send("castMany", votes, signatures, before)
    assert voting.ballot.call("castMany", [], [], []) == 0


# -------------------------------------------------------------- signed appointments


def _appoint(voting, number, key, proxy, version, *, holder=None):
    told = (number, holder or key.address, key.address, proxy, version)
    signature = signature_of(typed_appointment(voting.ballot.address, told), key)
    return voting.ballot.send("appointFor", told, signature, sender=voting.harness.stranger)


def test_a_signed_appointment_lets_a_proxy_sign(voting, number):
    """Brought by anyone (Laws 75 and 76)."""
    receipt = _appoint(voting, number, ANN, DAN.address, voting.kit.now)
    told = {"id": number, "holder": ANN.address, "proxy": DAN.address, "claimant": ANN.address}
    assert receipt.events == (("Appointed", {**told, "version": voting.kit.now}),)
    vote = _vote(voting, number, DAN, AGAINST, holder=ANN.address)
    assert _skipped(voting.cast(vote)) == []
    own = _vote(voting, number, ANN, FOR, ago=3_600)
    assert _skipped(voting.cast(own)) == []
    voting.kit.now += 1
    again = _vote(voting, number, DAN, AGAINST, holder=ANN.address)
    assert _skipped(voting.cast(again)) == [(ANN.address, Obstacle.CLAIMANT_VOTED)]
    assert voting.tally(number)[0::3] == (100, [(100, 0, 0, True), (0, 0, 100, False)])


def test_an_older_or_future_appointment_is_refused(voting, number):
    """So a dismissal is not undone by what was signed before it (Law 76)."""
    now = voting.kit.now
    _appoint(voting, number, ANN, ZERO, now - 5)
    with refused("Ballot_OldVersion", now - 6, now - 5):
        _appoint(voting, number, ANN, DAN.address, now - 6)
    with refused("Ballot_FutureVersion", now + 1, now):
        _appoint(voting, number, ANN, DAN.address, now + 1)
    assert voting.obstacle(number, ANN.address, DAN.address) == Obstacle.NOT_VOTER
    # Nobody is nobody's proxy.
    assert voting.obstacle(number, ANN.address, ZERO) == Obstacle.NOT_VOTER


def test_nobody_appoints_for_somebody_else(voting, number):
    """By no signature (Law 75)."""
    now = voting.kit.now
    with refused("Ballot_NotClaimant", ANN.address, DAN.address, ANN.address):
        _appoint(voting, number, DAN, DAN.address, now, holder=ANN.address)
    told = (number, ANN.address, ANN.address, DAN.address, now)
    forged = signature_of(typed_appointment(voting.ballot.address, told), DAN)
    with refused("Ballot_NotSigned", ANN.address):
        voting.ballot.send("appointFor", told, forged)
    with refused("Ballot_UnknownMeeting", 9):
        _appoint(voting, 9, ANN, DAN.address, now)
    voting.close(number)
    with refused("Ballot_NotAt", number, Stage.CLOSED):
        _appoint(voting, number, ANN, DAN.address, now)


# ------------------------------------------------------------------- after a recovery


@pytest.mark.attack("J24")
def test_nothing_that_a_lost_wallet_signed_is_taken(voting, number):
    """Not its votes, not its appointments, not its proxy's votes (Laws 75 and 76)."""
    _appoint(voting, number, ANN, EVE.address, voting.kit.now - 1)
    votes = [
        _vote(voting, number, ANN, AGAINST),
        _vote(voting, number, EVE, AGAINST, holder=ANN.address),
    ]
    voting.recover(ANN.address, DAN.address)
    assert _skipped(voting.cast(*votes)) == [(ANN.address, Obstacle.NOT_VOTER)] * 2
    now = voting.kit.now
    with refused("Ballot_NotClaimant", ANN.address, ANN.address, DAN.address):
        _appoint(voting, number, ANN, EVE.address, now)
    new = _vote(voting, number, DAN, FOR, holder=ANN.address, ago=3_600)
    assert _skipped(voting.cast(new)) == []
    assert voting.tally(number)[3][0] == (100, 0, 0, True)


@pytest.mark.attack("J24")
def test_versions_of_a_proxy_outlive_its_dismissal(voting, number):
    """What it signed before its last vote is not taken when it comes back (Law 76)."""
    old = _vote(voting, number, DAN, AGAINST, holder=ANN.address, ago=50)
    _appoint(voting, number, ANN, DAN.address, voting.kit.now - 40)
    voting.cast(_vote(voting, number, DAN, FOR, holder=ANN.address, ago=30))
    _appoint(voting, number, ANN, EVE.address, voting.kit.now - 20)
    voting.cast(_vote(voting, number, EVE, FOR, holder=ANN.address, ago=10))
    _appoint(voting, number, ANN, DAN.address, voting.kit.now)
    assert _skipped(voting.cast(old)) == [(ANN.address, Obstacle.OLD_VERSION)]
    assert voting.tally(number)[3][0] == (100, 0, 0, True)
