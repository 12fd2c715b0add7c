"""Meetings of share tokens that are not ours: what they do not know, and what they lie about."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak

from tests.contracts.harness import DAY, Harness, refused
from tests.contracts.market.voting import (
    AGAINST,
    FOR,
    KEYS,
    Obstacle,
    Resolution,
    Terms,
    Vote,
    Voting,
    choices,
)

ANN, BEN = KEYS[:2]
OWNER, SUCCESSOR, CLAIMANT = (
    keccak(text=f"{question})")[:4]
    for question in ("owner(", "successorOf(address", "claimantOf(address")
)
MOST = 2**128 - 1
OVERFLOW = "4e487b71" + f"{0x11:064x}"


@pytest.fixture
def voting(kit) -> Voting:
    """A token that knows no more than records and its owner; Ann has 3 shares, Ben 4."""
    voting = Voting(Harness(kit))
    voting.token = kit.deploy("SpokenToken")
    voting.token.send("setWord", OWNER, int(voting.harness.agent, 16))
    voting.token.send("setTime", 1, kit.now)
    voting.token.send("setSupply", 1, 7)
    for key, shares in ((ANN, 3), (BEN, 4)):
        voting.token.send("setShares", key.address, 1, shares)
    kit.now += 1
    return voting


def _open(voting, **changes):
    now = voting.kit.now
    usual = Terms(voting.token.address, 1, now, now + DAY, resolutions=(Resolution(),))
    return voting.convene(usual.but(**changes))


def _skipped(receipt):
    return [Obstacle(who["reason"]) for who in receipt.named("Skipped")]


def test_holders_of_a_token_without_successors_vote_for_themselves(voting):
    """Nobody is lost, nobody frozen (Law 75)."""
    number = _open(voting, frozen_may_not_vote=True)
    voting.vote(number, ANN.address, FOR)
    voting.appoint(number, BEN.address, ANN.address)
    voting.vote(number, BEN.address, AGAINST, sender=ANN.address)
    assert voting.tally(number) == (7, 7, True, [(3, 4, 0, False)])


def test_a_record_whose_number_is_too_large_is_refused(voting):
    """No share token of ours gives one."""
    at = voting.kit.now - 1
    voting.token.send("setTime", 2**64, at)
    with refused("Ballot_RecordNotClosed", 2**64, at, voting.kit.now):
        _open(voting, record=2**64)


@pytest.mark.parametrize("nonsense", [0, 2**160, 2**256 - 1])
def test_a_successor_that_is_no_address_is_nobody(voting, nonsense):
    """The holder stays its own."""
    voting.token.send("setWord", SUCCESSOR, nonsense)
    number = _open(voting)
    voting.vote(number, ANN.address, FOR)
    assert voting.tally(number)[0] == 3


def test_a_token_that_holds_income_bars_votes_where_the_terms_say_so(voting):
    """Whatever else it knows."""
    voting.token.send("setWord", CLAIMANT, 0)
    number = _open(voting, frozen_may_not_vote=True)
    with refused("Ballot_Held", voting.token.address, ANN.address):
        voting.vote(number, ANN.address, FOR)


def test_more_shares_than_can_be_counted_do_not_vote(voting):
    """Of one holder, or of all together."""
    voting.token.send("setShares", ANN.address, 1, MOST + 1)
    number = _open(voting)
    with refused("Ballot_NoShares", number, ANN.address):
        voting.vote(number, ANN.address, FOR)
    voting.token.send("setShares", ANN.address, 1, MOST)
    voting.vote(number, ANN.address, FOR)
    with refused("unknown", OVERFLOW):
        voting.vote(number, BEN.address, FOR)
    assert voting.tally(number)[3] == [(MOST, 0, 0, True)]


def test_a_token_that_does_not_answer_has_no_votes(voting):
    """A page goes on to the next."""
    number = _open(voting, closes_at=voting.kit.now + 3 * DAY)
    other = Voting(Harness(voting.kit))
    other.ballot = voting.ballot
    other.harness.issue({ANN.address: 9})
    second = other.open()
    voting.token.send("setTime", 1, 2**47)
    votes = [
        voting.signed(Vote(at, ANN.address, ANN.address, voting.kit.now, choices(FOR)), ANN)
        for at in (number, second)
    ]
    assert _skipped(voting.cast(*votes)) == [Obstacle.NO_SHARES]
    assert other.tally(second)[0] == 9


def test_a_token_that_lies_spoils_its_own_meetings_only(voting):
    """A supply below what excluded accounts have is no supply."""
    voting.token.send("setSupply", 1, 2)
    number = _open(voting, excluded=(ANN.address,))
    voting.vote(number, BEN.address, FOR)
    assert voting.tally(number) == (4, 0, True, [(4, 0, 0, True)])
    voting.token.send("setShares", BEN.address, 1, 9)
    voting.kit.now += 1
    voting.vote(number, BEN.address, AGAINST)
    # Nine are taken out of four: a count that is worth nothing, and that the next one does not see.
    other = Voting(Harness(voting.kit))
    other.ballot = voting.ballot
    other.harness.issue({ANN.address: 9})
    second = other.open()
    other.vote(second, ANN.address, FOR)
    assert other.tally(second) == (9, 9, True, [(9, 0, 0, True)])
