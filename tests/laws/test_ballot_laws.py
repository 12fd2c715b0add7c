"""Ballots against a box: any history of votes, proxies, signatures, freezes and lost wallets."""

from __future__ import annotations

from typing import Any

from eth_account import Account
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.chainkit import Codec, Reverted, RevmKit
from tests.contracts.market.voting import Obstacle, Stage, Vote, typed_appointment
from tests.contracts.trading import signature_of
from tests.laws.harness import Harness, scaled
from tests.model.ballot import DAY, Meeting, Meetings, Part, Resolution, Terms
from tests.model.outcomes import NOBODY
from tests.model.shares import Ledger

PEOPLE = ("ann", "ben", "cat", "dan", "eve", "new")
KEYS = {who: Account.from_key(bytes([0x30 + i]) * 32) for i, who in enumerate(PEOPLE)}
ISSUER = "issuer"
SHARES, BALLOT = "shares", "ballot"
COUNT = 3

people = st.sampled_from(PEOPLE)
holders = st.sampled_from(("ann", "ann", "ann", "ben", "ben", "cat"))
proxies = st.sampled_from((*PEOPLE, NOBODY))
rarely = st.sampled_from((False,) * 7 + (True,))
waits = st.sampled_from((1, 1, 1, 1, 60, DAY))
choices = st.sampled_from(
    [sum(c * 4**at for at, c in enumerate(each)) for each in (
        (1, 1, 1), (2, 2, 2), (0, 0, 0), (1, 2, 0), (2, 0, 1), (0, 1, 2), (3, 0, 0), (0, 0, 0, 1),
    )]
)  # fmt: skip
part = st.builds(Part, st.integers(0, 25), choices)
whole = st.builds(lambda chosen: (Part(0, chosen),), choices)
parts = st.one_of(st.lists(part, min_size=1, max_size=3).map(tuple), whole)
ages = st.sampled_from((0, 0, 1, 2, 5, 60, -1))
resolutions = st.builds(
    Resolution,
    st.integers(0, 2),
    st.sampled_from((1, 2_500, 5_000, 6_667, 9_999)),
    st.booleans(),
)


class BallotMachine(RuleBasedStateMachine):
    """One share token, one meeting after the other, and six people with keys."""

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.harness = harness = Harness(codec, (ISSUER,))
        harness.addresses |= {who: key.address for who, key in KEYS.items()}
        harness.token(SHARES, ISSUER)
        harness.build(BALLOT, "Ballot")
        self.ledger = Ledger(SHARES, ISSUER, RevmKit.START)
        self.meetings = Meetings(self.ledger)
        self.signed: list[tuple[Vote, bytes]] = []

    # ------------------------------------------------------------------- the meeting

    @initialize(
        each=st.lists(st.integers(1, 40), min_size=3, max_size=3),
        excluded=st.sampled_from(((), (), ("ben",), ("cat", "cat"))),
        quorum=st.sampled_from((0, 2_500, 5_000, 10_000)),
        bars_frozen=st.booleans(),
        put=st.lists(resolutions, min_size=COUNT, max_size=COUNT),
    )
    def begin(self, each, excluded, quorum, bars_frozen, put):
        for who, shares in zip(("ann", "ben", "cat"), each, strict=True):
            self.ledger.mint(ISSUER, [(who, shares)])
            self.harness.send(ISSUER, SHARES, "mint", who, shares)
        self.ledger.schedule(ISSUER, self.ledger.now)
        self.harness.send(ISSUER, SHARES, "scheduleRecord", self.ledger.now)
        opens = self.ledger.now + 2
        terms = Terms(
            1, opens, opens + 2 * DAY, quorum, bars_frozen, frozenset(excluded), tuple(put)
        )
        told = (
            SHARES, 1, opens, terms.closes, quorum, bars_frozen, list(excluded),
            [(bytes(32), *resolution) for resolution in put], bytes(32),
        )  # fmt: skip
        self.harness.send(ISSUER, BALLOT, "convene", told)
        self.meetings.all.append(Meeting(terms))
        self.wait(1)

    @property
    def meeting(self) -> Meeting:
        """The one there is."""
        return self.meetings.all[0]

    def both(self, in_model, sender, function, *args, contract=BALLOT):
        """Do it in both; hashes of parts the model does not know."""
        harness = self.harness

        def on_chain():
            try:
                return harness.send(sender, contract, function, *args)
            except Reverted as reverted:
                if reverted.name == "Ballot_WrongBefore":
                    raise Reverted(reverted.name, reverted.values[:1]) from None
                if reverted.name == "Ballot_NotAt":
                    number, stage = reverted.values
                    named = Stage(stage).name.capitalize()
                    raise Reverted(reverted.name, (number, named)) from None
                raise

        return harness.both(in_model, on_chain)

    def before(self, holder: str, is_wrong: bool) -> tuple[Part, ...]:
        """The parts that a vote replaces, or others."""
        standing = self.meetings.standing(self.meeting, holder)
        present = standing.parts if standing is not None and standing.is_split else ()
        return (Part(1, 1), Part(1, 2)) if is_wrong else present

    def voter(self, holder: str, who: str, role: int) -> str:
        """Somebody, the claimant, or its proxy."""
        proxy = self.meetings.proxy(self.meeting, holder)
        return (who, self.ledger.successor(holder), who if proxy == NOBODY else proxy)[role]

    # -------------------------------------------------------------------------- votes

    @rule(holder=holders, who=people, role=st.sampled_from((0, 1, 1, 1, 2, 2)), said=choices)
    def vote(self, holder, who, role, said):
        voter = self.voter(holder, who, role)
        self.both(
            lambda: self.meetings.vote(self.meeting, (holder, voter), said, ()),
            voter, "vote", 1, holder, said,
        )  # fmt: skip

    @rule(
        holder=holders, who=people, role=st.sampled_from((0, 1, 1, 2)), said=parts, is_wrong=rarely
    )
    def vote_split(self, holder, who, role, said, is_wrong):
        voter, before = self.voter(holder, who, role), self.before(holder, is_wrong)
        said = self.filled(holder, said)
        self.both(
            lambda: self.meetings.vote(self.meeting, (holder, voter), said, before),
            voter, "voteSplit", 1, holder, [tuple(one) for one in said],
            [tuple(one) for one in before],
        )  # fmt: skip

    def filled(self, holder: str, said: tuple[Part, ...]) -> tuple[Part, ...]:
        """One part of nothing stands for one of all."""
        if len(said) == 1 and said[0].shares == 0:
            return (Part(self.meetings.weight(self.meeting, holder), said[0].choices),)
        return said

    @rule(
        holder=holders, who=people, role=st.sampled_from((0, 1, 1, 2)), age=ages,
        said=st.one_of(choices, parts),
    )  # fmt: skip
    def sign(self, holder, who, role, age, said):
        """Somebody signs a vote, and keeps it."""
        voter = self.voter(holder, who, role)
        said = said if isinstance(said, int) else self.filled(holder, said)
        alike = isinstance(said, int)
        vote = Vote(
            1, holder, voter, self.ledger.now - age, said if alike else 0,
            () if alike else tuple((one.shares, one.choices) for one in said),
        )  # fmt: skip
        addresses = self.harness.addresses
        spelt = vote.but(holder=addresses[holder], voter=addresses[voter])
        self.signed.append((vote, spelt.signed(addresses[BALLOT], KEYS[voter])))

    @precondition(lambda self: self.signed)
    @rule(picks=st.lists(st.integers(0, 50), min_size=1, max_size=4), is_wrong=rarely)
    def bring(self, picks, is_wrong):
        """Whatever was signed is brought, again and again, in any order."""
        page = [self.signed[-1 - pick % len(self.signed)] for pick in picks]
        befores, expected = [], []
        for vote, _ in page:
            before = self.before(vote.holder, is_wrong)
            said = tuple(Part(*one) for one in vote.parts) or vote.choices
            befores.append([tuple(one) for one in before])
            who = (vote.holder, vote.voter)
            expected.append(self.meetings.cast(self.meeting, who, vote.version, said, before))
        receipt = self.harness.send(
            ISSUER, BALLOT, "castMany", [vote.told for vote, _ in page], [by for _, by in page],
            befores,
        )  # fmt: skip
        skipped = [Obstacle(one["reason"]) for one in receipt.named("Skipped")]
        refused = [reasons for reasons in expected if reasons]
        assert len(skipped) == len(refused), "Law 76"
        for reason, reasons in zip(skipped, refused, strict=True):
            assert "".join(word.capitalize() for word in reason.name.split("_")) in reasons

    # ------------------------------------------------------------------------ proxies

    @rule(holder=holders, who=people, is_other=rarely, proxy=proxies)
    def appoint(self, holder, who, is_other, proxy):
        claimant = who if is_other else self.ledger.successor(holder)
        now = self.ledger.now
        self.both(
            lambda: self.meetings.appoint(self.meeting, (holder, claimant), proxy, now),
            claimant, "appoint", 1, holder, proxy,
        )  # fmt: skip

    @rule(holder=holders, who=people, is_other=rarely, proxy=proxies, age=ages)
    def appoint_by_signature(self, holder, who, is_other, proxy, age):
        claimant = who if is_other else self.ledger.successor(holder)
        version = self.ledger.now - age
        told = (1, holder, claimant, proxy, version)
        shown = typed_appointment(self.harness.addresses[BALLOT], self.harness.spelt(told))
        self.both(
            lambda: self.meetings.appoint(self.meeting, (holder, claimant), proxy, version),
            ISSUER, "appointFor", told, signature_of(shown, KEYS[claimant]),
        )  # fmt: skip

    # ------------------------------------------------------------- what happens beside it

    @rule(giver=holders, taker=people, amount=st.integers(1, 20))
    def transfer(self, giver, taker, amount):
        self.both(
            lambda: self.ledger.transfer(giver, [(taker, amount)]),
            giver, "transfer", taker, amount, contract=SHARES,
        )  # fmt: skip

    @rule(who=people, on=st.booleans())
    def freeze(self, who, on):
        self.ledger.freeze_wallet(ISSUER, who, on)
        self.harness.send(ISSUER, SHARES, "setAddressFrozen", who, on)

    @precondition(lambda self: len(self.ledger.successors) < 2)
    @rule(lost=people, successor=people)
    def recover(self, lost, successor):
        self.both(
            lambda: self.ledger.recover(ISSUER, lost, successor),
            ISSUER, "recoveryAddress", lost, successor, NOBODY, contract=SHARES,
        )  # fmt: skip

    @rule(seconds=waits)
    def wait(self, seconds):
        self.ledger.wait_until(self.ledger.now + seconds)
        self.harness.kit.now = self.ledger.now

    # --------------------------------------------------------------------- what must hold

    @invariant()
    def laws_hold(self):
        """The sums are those of the ballots that stand, which are those of the history (Laws 74,
        75 and 76)."""
        if not self.meetings.all:
            return
        contract, addresses = self.harness.contracts[BALLOT], self.harness.addresses
        present, eligible, quorate, results = contract.call("tally", 1)
        found = (present, eligible, quorate, [tuple(result) for result in results])
        assert found == self.meetings.tally(self.meeting), "Law 75"
        assert all(sum(result[:3]) == present for result in results), "Law 74"
        assert present <= eligible, "Law 74"
        for holder in ("ann", "ben", "cat"):
            self.stands(contract, addresses, holder)

    def stands(self, contract: Any, addresses: dict[str, str], holder: str) -> None:
        cast = contract.call("voteOf", 1, addresses[holder])
        standing = self.meetings.standing(self.meeting, holder)
        if standing is None:
            assert cast[2] == 0, "Law 76"
            return
        shares = sum(one.shares for one in standing.parts)
        told = (self.harness.named(cast[0]), not cast[1], cast[2], cast[3])
        voter = addresses[standing.voter].lower()
        assert (cast[0].lower(), *told[1:]) == (
            voter, standing.for_itself, standing.version, shares,
        ), "Law 76"  # fmt: skip
        proxy = self.meetings.proxy(self.meeting, holder)
        claimant = self.ledger.successor(holder)
        barred = self.meetings.bars(self.meeting, holder)
        expected = (NOBODY, NOBODY) if barred else (claimant, proxy)
        voters = contract.call("votersOf", 1, addresses[holder])
        assert [who.lower() for who in voters] == [addresses[who].lower() for who in expected]
        for who in (claimant, proxy, "dan"):
            obstacle = Obstacle(contract.call("obstacleTo", 1, addresses[holder], addresses[who]))
            reasons = self.meetings.obstacles(self.meeting, holder, who, self.ledger.now)
            assert (obstacle is Obstacle.NONE) == (not reasons)


def test_any_history_of_votes(codec: Codec) -> None:
    """Whatever holders, proxies, bringers of signed votes, agents and lost wallets do in any order:
    the chain's count is that of the ballots in the box, and what is refused is refused for the
    reason it should be (Laws 74, 75, 76 and 77)."""
    run_state_machine_as_test(
        lambda: BallotMachine(codec), settings=scaled(1, stateful_step_count=30)
    )
