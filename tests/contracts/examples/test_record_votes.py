"""OpenZeppelin's Governor counts a record through `RecordVotes`, as `Ballot` does."""

from __future__ import annotations

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from tests.chainkit import RevmKit
from tests.contracts.harness import DAY, NOTHING, Harness, refused
from tests.contracts.market.voting import ABSTAIN, AGAINST, FOR, Voting

# As `GovernorCountingSimple.VoteType` has them.
SUPPORT = {AGAINST: 0, FOR: 1, ABSTAIN: 2}
SUCCEEDED, DEFEATED = 4, 3
WHAT = "Sell the building"


class Governed(Voting):
    """A token, a governor of its records, and a ballot beside it."""

    def __init__(self, kit: RevmKit, shares: dict[str, int]) -> None:
        harness = Harness(kit)
        harness.issue({getattr(harness, who): count for who, count in shares.items()})
        super().__init__(harness)
        self.votes = kit.deploy("RecordVotes", harness.token.address)
        self.governor = kit.deploy("RecordGovernor", self.votes.address)

    def propose(self) -> int:
        """Propose at the governor; its id. The record closes as the voting begins."""
        call = ([self.ann], [0], [b""], WHAT)
        self.harness.schedule(self.kit.now + DAY)
        self.governor.send("propose", *call, sender=self.ann)
        hashed = keccak(text=WHAT)
        return int(self.governor.call("getProposalId", *call[:3], hashed))

    def voted(self, proposal: int) -> tuple[int, int, int]:
        """For, against and abstaining at the governor."""
        against, in_favour, abstained = self.governor.call("proposalVotes", proposal)
        return in_favour, against, abstained


@pytest.fixture
def governed(kit) -> Governed:
    """Ann has 100 shares, Ben 60, Cid 5."""
    return Governed(kit, {"ann": 100, "ben": 60, "cid": 5})


# ------------------------------------------------------------------------- examples


def test_a_governor_counts_a_record(governed):
    """Nobody delegates, and shares that are sold after the record still vote (Law 75)."""
    proposal = governed.propose()
    governed.kit.now += DAY + 1
    governed.harness.move(governed.ann, governed.cid, 100)
    for holder, choice in ((governed.ann, FOR), (governed.ben, AGAINST), (governed.cid, ABSTAIN)):
        governed.governor.send("castVote", proposal, SUPPORT[choice], sender=holder)
    assert governed.voted(proposal) == (100, 60, 5)
    governed.kit.now += 8 * DAY
    assert governed.governor.call("state", proposal) == SUCCEEDED


def test_a_governors_quorum_is_of_the_supply_at_the_record(governed):
    """A quarter of 165 is 41.25: 5 are too few, though more were burnt since."""
    proposal = governed.propose()
    governed.kit.now += DAY + 1
    governed.order("burn", governed.ann, 100)
    snapshot = governed.governor.call("proposalSnapshot", proposal)
    assert governed.governor.call("quorum", snapshot) == 41
    governed.governor.send("castVote", proposal, SUPPORT[FOR], sender=governed.cid)
    governed.kit.now += 8 * DAY
    assert governed.governor.call("state", proposal) == DEFEATED


def test_votes_at_a_time_are_those_of_the_last_record_by_then(governed):
    """None before the first; a record that was cancelled is none."""
    votes, ann = governed.votes, governed.ann
    start = governed.kit.now
    assert votes.call("CLOCK_MODE") == "mode=timestamp"
    assert votes.call("clock") == start
    assert votes.call("delegates", ann) == ann
    governed.harness.schedule(start + 10)
    governed.kit.now = start + 11
    governed.harness.move(ann, governed.ben, 40)
    governed.harness.schedule(start + 20)
    late = governed.harness.schedule(start + 30)
    governed.token.send("cancelRecords", late, sender=governed.harness.owner)
    governed.kit.now = start + 40
    told = {at: votes.call("getPastVotes", ann, start + at) for at in (9, 10, 19, 20, 39)}
    assert told == {9: 0, 10: 100, 19: 100, 20: 60, 39: 60}
    assert [votes.call("getPastTotalSupply", start + at) for at in (9, 10)] == [0, 165]
    assert votes.call("getVotes", ann) == 60


# -------------------------------------------------------------------- what is refused


def test_the_present_and_the_future_are_not_known(governed):
    """As ERC-5805 has it."""
    now = governed.kit.now
    for at in (now, now + 1):
        with refused("ERC5805FutureLookup", at, now):
            governed.votes.call("getPastVotes", governed.ann, at)
        with refused("ERC5805FutureLookup", at, now):
            governed.votes.call("getPastTotalSupply", at)


def test_nothing_is_delegated(governed):
    """By sending or by signature."""
    with refused("RecordVotes_NotDelegated"):
        governed.votes.send("delegate", governed.ben, sender=governed.ann)
    with refused("RecordVotes_NotDelegated"):
        governed.votes.send("delegateBySig", governed.ben, 0, 2**40, 27, NOTHING, NOTHING)


# ------------------------------------------------------------------------------- law


@given(
    shares=st.lists(st.integers(0, 50), min_size=3, max_size=3),
    chosen=st.lists(st.sampled_from((None, FOR, AGAINST, ABSTAIN)), min_size=3, max_size=3),
)
def test_a_governor_and_the_ballot_count_alike(codec, shares, chosen):
    """Whoever votes whatever (Laws 74 and 75)."""
    names = ("ann", "ben", "cid")
    kit = RevmKit(codec)
    there = {who: count for who, count in zip(names, shares, strict=True) if count}
    governed = Governed(kit, there)
    proposal = governed.propose()
    terms = governed.terms(record=1, opens_at=kit.now + DAY + 1, closes_at=kit.now + 8 * DAY)
    number = governed.convene(terms)
    kit.now += DAY + 1
    for who, choice in zip(names, chosen, strict=True):
        if choice is not None and who in there:
            holder = getattr(governed, who)
            governed.vote(number, holder, choice)
            governed.governor.send("castVote", proposal, SUPPORT[choice], sender=holder)
    [result] = governed.tally(number)[3]
    assert result[:3] == governed.voted(proposal)
