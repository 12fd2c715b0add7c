"""Votes at a meeting: sent, changed, split, by a proxy, after a recovery."""

from __future__ import annotations

import pytest

from tests.chainkit import ZERO
from tests.contracts.harness import DAY, NOTHING, Harness, person, refused
from tests.contracts.market.voting import (
    ABSTAIN,
    AGAINST,
    FOR,
    MOST_PARTS,
    Obstacle,
    Stage,
    Voting,
    choices,
    parts_hash,
)


@pytest.fixture
def voting(kit) -> Voting:
    """An open token; Ann has 100 shares, Ben 60, Cid 5."""
    harness = Harness(kit)
    harness.issue({harness.ann: 100, harness.ben: 60, harness.cid: 5})
    return Voting(harness)


# ------------------------------------------------------------------------- examples


def test_holders_of_record_vote_on_three_resolutions(voting):
    """Each with what it had at the record; the sums stand at once (Laws 74 and 75)."""
    number = voting.open(3)
    cast = voting.vote(number, voting.ann, FOR, AGAINST, ABSTAIN)
    told = {"id": number, "holder": voting.ann, "voter": voting.ann, "version": voting.kit.now}
    assert cast.events == (
        ("Voted", {**told, "shares": 100, "choices": choices(FOR, AGAINST, ABSTAIN)}),
    )
    voting.vote(number, voting.ben, AGAINST, FOR, FOR)
    assert voting.tally(number) == (
        160, 165, True,
        [(100, 60, 0, True), (60, 100, 0, False), (60, 0, 100, True)],
    )  # fmt: skip


def test_shares_that_were_sold_before_the_record_do_not_vote_and_those_sold_later_do(voting):
    """The record decides, whatever happens between it and the meeting (Law 75)."""
    voting.harness.move(voting.ann, voting.dan, 30)
    number = voting.open()
    voting.harness.move(voting.ann, voting.eve, 70)
    voting.harness.move(voting.dan, voting.ben, 30)
    voting.vote(number, voting.ann, FOR)
    voting.vote(number, voting.dan, AGAINST)
    voting.vote(number, voting.ben, ABSTAIN)
    with refused("Ballot_NoShares", number, voting.eve):
        voting.vote(number, voting.eve, FOR)
    assert voting.tally(number)[3] == [(70, 30, 60, True)]
    assert voting.ballot.call("sharesOf", number, voting.ann) == 70


@pytest.mark.attack("J25")
def test_shares_bought_for_a_meeting_and_lent_back_vote_once(voting):
    """The record's second is known beforehand, to the holders too. Who holds in it votes, who
    bought later does not, and no share votes for two (Law 75)."""
    record = voting.harness.schedule(voting.kit.now + DAY)
    number = voting.convene(voting.terms(record=record, opens_at=voting.kit.now + 2 * DAY))
    voting.harness.move(voting.ann, voting.dan, 100)
    voting.kit.now += DAY
    # In the record's last second half of it is given back, and the rest once it is over.
    voting.harness.move(voting.dan, voting.ann, 50)
    voting.kit.now += 1
    voting.harness.move(voting.dan, voting.ann, 50)
    voting.harness.move(voting.ann, voting.eve, 100)
    voting.kit.now += DAY
    voting.vote(number, voting.dan, FOR)
    voting.vote(number, voting.ann, AGAINST)
    with refused("Ballot_NoShares", number, voting.eve):
        voting.vote(number, voting.eve, FOR)
    assert voting.tally(number)[0::3] == (100, [(50, 50, 0, False)])


def test_a_vote_is_changed_until_the_last_second(voting):
    """And the last one counts (Law 76)."""
    number = voting.open(2)
    voting.vote(number, voting.ann, FOR, FOR)
    voting.kit.now += 1
    voting.vote(number, voting.ann, AGAINST, ABSTAIN)
    assert voting.tally(number)[3] == [(0, 100, 0, False), (0, 0, 100, False)]
    voting.kit.now = voting.ballot.call("termsOf", number)[3]
    voting.vote(number, voting.ann, FOR, AGAINST)
    assert voting.tally(number)[0::3] == (100, [(100, 0, 0, True), (0, 100, 0, False)])
    voting.kit.now += 1
    with refused("Ballot_NotAt", number, Stage.CLOSED):
        voting.vote(number, voting.ann, FOR, FOR)


def test_of_two_votes_in_one_second_the_first_stands(voting):
    """Versions are seconds, and rise (Law 76)."""
    number = voting.open()
    voting.vote(number, voting.ann, FOR)
    now = voting.kit.now
    assert voting.obstacle(number, voting.ann) == Obstacle.OLD_VERSION
    with refused("Ballot_OldVersion", now, now):
        voting.vote(number, voting.ann, AGAINST)
    assert voting.ballot.call("versionOf", number, voting.ann, voting.ann) == now


def test_a_vote_can_be_looked_up(voting):
    """Who cast it, when, for how many shares, and what it chooses."""
    number = voting.open(2)
    nothing = (ZERO, False, 0, 0, 0, NOTHING)
    assert voting.cast_of(number, voting.ann) == nothing
    assert voting.ballot.call("versionOf", number, voting.ann, voting.ann) == 0
    voting.vote(number, voting.ann, FOR, AGAINST)
    chosen = choices(FOR, AGAINST)
    assert voting.cast_of(number, voting.ann) == (
        voting.ann.lower(), False, voting.kit.now, 100, chosen, NOTHING,
    )  # fmt: skip


# -------------------------------------------------------------------- what is refused


def test_nobody_votes_for_somebody_else(voting):
    """Not a stranger, and no other holder (Law 75)."""
    number = voting.open()
    for voter in (voting.ben, voting.harness.stranger):
        assert voting.obstacle(number, voting.ann, voter) == Obstacle.NOT_VOTER
        with refused("Ballot_NotVoter", voting.ann, voter):
            voting.vote(number, voting.ann, FOR, sender=voter)


def test_nobody_votes_before_the_opening_or_at_no_meeting(voting):
    """The first second counts; there is no meeting 2."""
    terms = voting.terms()
    number = voting.convene(terms)
    voting.kit.now = terms.opens_at - 1
    assert voting.obstacle(number, voting.ann) == Obstacle.NOT_OPEN
    with refused("Ballot_NotAt", number, Stage.CONVENED):
        voting.vote(number, voting.ann, FOR)
    voting.kit.now += 1
    assert voting.obstacle(number, voting.ann) == Obstacle.NONE
    voting.vote(number, voting.ann, FOR)
    for function, args in (
        ("vote", (voting.ann, choices(FOR))), ("voteSplit", (voting.ann, [(1, 0)], [])),
        ("appoint", (voting.ann, voting.ben)), ("cancel", (NOTHING,)), ("declare", ()),
    ):  # fmt: skip
        with refused("Ballot_UnknownMeeting", 2):
            voting.ballot.send(function, 2, *args, sender=voting.ann)
    for view, args in (
        ("tally", ()), ("termsOf", ()), ("sharesOf", (voting.ann,)), ("votersOf", (voting.ann,)),
        ("voteOf", (voting.ann,)), ("versionOf", (voting.ann, voting.ann)),
        ("obstacleTo", (voting.ann, voting.ann)),
    ):  # fmt: skip
        with refused("Ballot_UnknownMeeting", 2):
            voting.ballot.call(view, 2, *args)
    assert voting.stage(2) == Stage.NONE


@pytest.mark.parametrize("wrong", [3, 3 << 2, 1 << 4, 2 << 6, 1 << 127])
def test_a_choice_that_is_none_is_refused(voting, wrong):
    """Neither for, nor against, nor an abstention; or for a resolution that is none."""
    number = voting.open(2)
    with refused("Ballot_WrongChoices", wrong, 2):
        voting.ballot.send("vote", number, voting.ann, wrong, sender=voting.ann)
    with refused("Ballot_WrongChoices", wrong, 2):
        voting.split(number, voting.ann, [(1, choices(FOR)), (1, wrong)])


def test_an_excluded_account_neither_votes_nor_counts(voting):
    """However often it is named (Law 74)."""
    number = voting.open(excluded=(voting.ben, voting.ben, voting.cid))
    for holder in (voting.ben, voting.cid):
        assert voting.obstacle(number, holder) == Obstacle.NO_SHARES
        assert voting.ballot.call("sharesOf", number, holder) == 0
        with refused("Ballot_NoShares", number, holder):
            voting.vote(number, holder, AGAINST)
    voting.vote(number, voting.ann, FOR)
    assert voting.tally(number) == (100, 100, True, [(100, 0, 0, True)])


# --------------------------------------------------------------------------- in parts


def test_a_custodian_votes_in_parts(voting):
    """Each part for itself; shares in no part are not present (Laws 74 and 75)."""
    number = voting.open(2)
    parts = [(40, choices(FOR, FOR)), (25, choices(AGAINST, ABSTAIN)), (5, 0)]
    cast = voting.split(number, voting.ann, parts)
    told = {"id": number, "holder": voting.ann, "voter": voting.ann, "version": voting.kit.now}
    assert cast.events == (("VotedSplit", {**told, "shares": 70, "parts": tuple(parts)}),)
    assert voting.tally(number)[0::3] == (70, [(40, 25, 5, True), (40, 0, 30, True)])
    assert voting.cast_of(number, voting.ann) == (
        voting.ann.lower(), False, voting.kit.now, 70, 0, parts_hash(parts),
    )  # fmt: skip


def test_one_part_of_some_shares_is_a_split(voting):
    """The others are not present (Law 75)."""
    number = voting.open()
    cast = voting.split(number, voting.ann, [(99, choices(FOR))])
    assert [name for name, _ in cast.events] == ["VotedSplit"]
    assert voting.tally(number)[0::3] == (99, [(99, 0, 0, True)])


@pytest.mark.attack("J24")
def test_a_split_vote_is_replaced_by_whoever_brings_its_parts(voting):
    """By other parts, or by one part of all shares, which ends the split (Law 76)."""
    number = voting.open(2)
    first = [(40, choices(FOR, FOR)), (25, choices(AGAINST))]
    second = [(100 - 31, choices(ABSTAIN, AGAINST)), (31, choices(FOR))]
    voting.vote(number, voting.ann, AGAINST, AGAINST)
    voting.kit.now += 1
    voting.split(number, voting.ann, first)
    voting.kit.now += 1
    voting.split(number, voting.ann, second, first)
    assert voting.tally(number)[0::3] == (100, [(31, 0, 69, True), (0, 69, 31, False)])
    voting.kit.now += 1
    ended = voting.split(number, voting.ann, [(100, choices(FOR, AGAINST))], second)
    assert [name for name, _ in ended.events] == ["Voted"]
    assert voting.cast_of(number, voting.ann)[3:] == (100, choices(FOR, AGAINST), NOTHING)
    assert voting.tally(number)[0::3] == (100, [(100, 0, 0, True), (0, 100, 0, False)])
    voting.kit.now += 1
    voting.vote(number, voting.ann, AGAINST, FOR)
    assert voting.tally(number)[3] == [(0, 100, 0, False), (100, 0, 0, True)]


def test_a_split_vote_is_replaced_by_nobody_who_does_not(voting):
    """Nor is a vote that is not split, by whoever brings parts of it."""
    number = voting.open()
    parts = [(40, choices(FOR)), (25, choices(AGAINST))]
    with refused("Ballot_WrongBefore", voting.ann, parts_hash(parts), NOTHING):
        voting.split(number, voting.ann, parts, parts)
    voting.split(number, voting.ann, parts)
    voting.kit.now += 1
    with refused("Ballot_WrongBefore", voting.ann, NOTHING, parts_hash(parts)):
        voting.vote(number, voting.ann, FOR)
    other = parts[::-1]
    with refused("Ballot_WrongBefore", voting.ann, parts_hash(other), parts_hash(parts)):
        voting.split(number, voting.ann, parts, other)


@pytest.mark.attack("J24")
def test_parts_that_are_none_too_many_empty_or_too_large_are_refused(voting):
    """With what is wrong (Law 75)."""
    number = voting.open()
    for parts in ([], [(1, 0)] * (MOST_PARTS + 1), [(1, 0), (0, choices(FOR))]):
        with refused("Ballot_WrongParts", len(parts), MOST_PARTS):
            voting.split(number, voting.ben, parts)
    with refused("Ballot_PartsExceedShares", 61, 60):
        voting.split(number, voting.ben, [(60, choices(FOR)), (1, choices(AGAINST))])
    with refused("Ballot_PartsExceedShares", 2 * (2**128 - 1), 60):
        voting.split(number, voting.ben, [(2**128 - 1, 0)] * 2)
    voting.split(number, voting.ann, [(1, choices(FOR))] * 100)
    assert voting.tally(number)[3] == [(100, 0, 0, True)]


# ------------------------------------------------------------------------- by a proxy


@pytest.mark.attack("J24")
def test_a_proxy_votes_until_its_principal_does(voting):
    """Whichever was later: the claimant's own vote prevails (Laws 75 and 76)."""
    number = voting.convene(voting.terms())
    appointed = voting.appoint(number, voting.ann, voting.dan)
    told = {"id": number, "holder": voting.ann, "proxy": voting.dan, "claimant": voting.ann}
    assert appointed.events == (("Appointed", {**told, "version": voting.kit.now}),)
    assert voting.ballot.call("votersOf", number, voting.ann) == (voting.ann, voting.dan)
    voting.kit.now += DAY
    voting.vote(number, voting.ann, AGAINST, sender=voting.dan)
    assert voting.cast_of(number, voting.ann)[:3] == (voting.dan.lower(), True, voting.kit.now)
    proxys = voting.kit.now
    voting.vote(number, voting.ann, FOR)
    assert voting.tally(number)[0::3] == (100, [(100, 0, 0, True)])
    voting.kit.now += 1
    assert voting.obstacle(number, voting.ann, voting.dan) == Obstacle.CLAIMANT_VOTED
    with refused("Ballot_ClaimantVoted", voting.ann, voting.ann):
        voting.vote(number, voting.ann, AGAINST, sender=voting.dan)
    assert voting.ballot.call("versionOf", number, voting.ann, voting.dan) == proxys


def test_a_proxy_that_was_dismissed_votes_no_more_and_its_vote_stands(voting):
    """Until another proxy votes, or the claimant (Law 76)."""
    number = voting.open()
    voting.appoint(number, voting.ann, voting.dan)
    voting.vote(number, voting.ann, AGAINST, sender=voting.dan)
    voting.kit.now += 1
    voting.appoint(number, voting.ann)
    assert voting.ballot.call("votersOf", number, voting.ann) == (voting.ann, ZERO)
    with refused("Ballot_NotVoter", voting.ann, voting.dan):
        voting.vote(number, voting.ann, FOR, sender=voting.dan)
    assert voting.tally(number)[3] == [(0, 100, 0, False)]
    voting.kit.now += 1
    voting.appoint(number, voting.ann, voting.cid)
    voting.vote(number, voting.ann, FOR, sender=voting.cid)
    assert voting.tally(number)[3] == [(100, 0, 0, True)]
    assert voting.cast_of(number, voting.ann)[0] == voting.cid.lower()
    voting.kit.now += 1
    voting.vote(number, voting.ann, AGAINST, sender=voting.cid)
    assert voting.tally(number)[3] == [(0, 100, 0, False)]


def test_a_proxy_votes_in_parts(voting):
    """For a custodian that has let it (Law 75)."""
    number = voting.open()
    voting.appoint(number, voting.ann, voting.dan)
    parts = [(50, choices(FOR)), (20, choices(AGAINST))]
    voting.split(number, voting.ann, parts, sender=voting.dan)
    voting.kit.now += 1
    voting.split(number, voting.ann, [(100, choices(AGAINST))], parts)
    assert voting.tally(number)[0::3] == (100, [(0, 100, 0, False)])


def test_only_the_claimant_appoints_and_not_itself(voting):
    """Nor after the close, nor twice in one second."""
    number = voting.open()
    with refused("Ballot_NotClaimant", voting.ann, voting.dan, voting.ann):
        voting.appoint(number, voting.ann, voting.dan, sender=voting.dan)
    with refused("Ballot_InvalidProxy", voting.ann):
        voting.appoint(number, voting.ann, voting.ann)
    voting.appoint(number, voting.ann, voting.dan)
    now = voting.kit.now
    with refused("Ballot_OldVersion", now, now):
        voting.appoint(number, voting.ann)
    voting.close(number)
    with refused("Ballot_NotAt", number, Stage.CLOSED):
        voting.appoint(number, voting.ann)


# ------------------------------------------------------------------- after a recovery


def test_the_new_wallet_votes_for_the_lost_one(voting):
    """In place of what that one voted and of whom it appointed (Laws 75 and 76)."""
    number = voting.open()
    voting.appoint(number, voting.ann, voting.cid)
    voting.vote(number, voting.ann, AGAINST)
    voting.kit.now += 1
    voting.recover(voting.ann, voting.dan)
    assert voting.ballot.call("votersOf", number, voting.ann) == (voting.dan, ZERO)
    for voter in (voting.ann, voting.cid):
        with refused("Ballot_NotVoter", voting.ann, voter):
            voting.vote(number, voting.ann, AGAINST, sender=voter)
    with refused("Ballot_NotClaimant", voting.ann, voting.ann, voting.dan):
        voting.appoint(number, voting.ann, voting.cid)
    lost = voting.ballot.call("versionOf", number, voting.ann, voting.ann)
    voting.vote(number, voting.ann, FOR, sender=voting.dan)
    assert voting.tally(number)[0::3] == (100, [(100, 0, 0, True)])
    assert voting.cast_of(number, voting.ann)[:2] == (voting.dan.lower(), False)
    assert voting.ballot.call("versionOf", number, voting.ann, voting.ann) == lost
    # What the new wallet holds itself it had not at the record.
    with refused("Ballot_NoShares", number, voting.dan):
        voting.vote(number, voting.dan, FOR)


def test_the_new_wallet_can_let_somebody_vote_but_not_the_lost_one(voting):
    """Nor any other wallet that was lost (Law 75)."""
    number = voting.open()
    voting.vote(number, voting.ann, AGAINST)
    voting.kit.now += 1
    voting.recover(voting.ann, voting.dan)
    with refused("Ballot_InvalidProxy", voting.ann):
        voting.appoint(number, voting.ann, voting.ann, sender=voting.dan)
    voting.appoint(number, voting.ann, voting.ben, sender=voting.dan)
    voting.vote(number, voting.ann, FOR, sender=voting.ben)
    assert voting.tally(number)[0::3] == (100, [(100, 0, 0, True)])
    voting.kit.now += 1
    voting.recover(voting.ben, voting.eve)
    assert voting.ballot.call("votersOf", number, voting.ann) == (voting.dan, ZERO)
    with refused("Ballot_NotVoter", voting.ann, voting.ben):
        voting.vote(number, voting.ann, AGAINST, sender=voting.ben)


def test_a_wallet_that_holds_and_succeeds_votes_for_both(voting):
    """Once for each (Law 75)."""
    number = voting.open()
    voting.recover(voting.ann, voting.ben)
    voting.vote(number, voting.ann, FOR, sender=voting.ben)
    voting.vote(number, voting.ben, AGAINST)
    assert voting.tally(number)[0::3] == (160, [(100, 60, 0, True)])


# -------------------------------------------------------------------- frozen wallets


def test_a_frozen_wallet_votes_unless_the_terms_say_otherwise(voting):
    """Then nobody does for it while it is frozen, and nobody appoints."""
    free, bound = voting.open(), voting.convene(voting.terms(frozen_may_not_vote=True))
    voting.kit.now += DAY
    voting.order("setAddressFrozen", voting.ann, True)
    assert voting.obstacle(free, voting.ann) == Obstacle.NONE
    assert voting.obstacle(bound, voting.ann) == Obstacle.HELD
    assert voting.ballot.call("votersOf", bound, voting.ann) == (ZERO, ZERO)
    assert voting.obstacle(bound, voting.ann, voting.ben) == Obstacle.NOT_VOTER
    voting.appoint(free, voting.ann, voting.dan)
    voting.vote(free, voting.ann, FOR)
    with refused("Ballot_Held", voting.token.address, voting.ann):
        voting.vote(bound, voting.ann, FOR)
    with refused("Ballot_Held", voting.token.address, voting.ann):
        voting.appoint(bound, voting.ann, voting.dan)
    voting.order("setAddressFrozen", voting.ann, False)
    voting.vote(bound, voting.ann, FOR)
    voting.appoint(bound, voting.ann, voting.dan)
    assert voting.ballot.call("votersOf", bound, voting.ann) == (voting.ann, voting.dan)


def test_a_record_that_is_cancelled_leaves_nobody_to_vote(voting):
    """And nothing to declare."""
    record = voting.harness.schedule(voting.kit.now + DAY)
    number = voting.convene(voting.terms(record=record, opens_at=voting.kit.now + 2 * DAY))
    voting.appoint(number, voting.ann, voting.dan)
    voting.token.send("cancelRecords", record, sender=voting.harness.owner)
    voting.kit.now += 2 * DAY
    with refused("Ballot_NoShares", number, voting.ann):
        voting.vote(number, voting.ann, FOR)
    voting.close(number)
    with refused("ShareToken_RecordCancelled", record):
        voting.ballot.send("declare", number)


def test_what_the_views_say_of_a_record_that_is_open(voting):
    """Nothing: they refuse, as the token does."""
    record = voting.harness.schedule(voting.kit.now + DAY)
    number = voting.convene(voting.terms(record=record, opens_at=voting.kit.now + 2 * DAY))
    at = voting.token.call("recordTime", record)
    for view, args in (("tally", ()), ("sharesOf", (voting.ann,))):
        with refused("ShareToken_RecordOpen", record, at, voting.kit.now):
            voting.ballot.call(view, number, *args)
    assert voting.obstacle(number, person(5)) == Obstacle.NOT_OPEN
