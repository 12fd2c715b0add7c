"""The law of a count against the contract: signed votes in any order, off the chain and on it."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from prorata.contracts.ballot import (
    Appointment,
    Basis,
    MeetingTerms,
    Resolution,
    Vote,
    VoteObstacle,
    VotePart,
    appointment_digest,
    parts_hash,
    vote_digest,
)
from prorata.market.meetings.count import Electorate, VoteBook, tally_of
from tests.chainkit import Codec, RevmKit
from tests.contracts.harness import Harness
from tests.contracts.market import voting
from tests.contracts.market.voting import Voting
from tests.contracts.trading import signature_of
from tests.laws.harness import scaled

KEYS = [Account.from_key(bytes([0x40 + i]) * 32) for i in range(4)]
ANN, BEN, CAT, EVE = (key.address for key in KEYS)
SHARES = {ANN: 50, BEN: 30, CAT: 7}
BY = {key.address: key for key in KEYS}

choices = st.sampled_from((1, 2, 5, 6, 9, 0, 3, 16))
part = st.tuples(st.integers(0, 40), choices)
said = st.one_of(choices, st.lists(part, min_size=1, max_size=3).map(tuple))
votes = st.tuples(
    st.sampled_from((ANN, ANN, ANN, BEN, CAT, EVE)),
    st.sampled_from((None, None, None, EVE)),
    st.integers(1, 12),
    said,
)


def vote_of(number: int, start: int, drawn: tuple[Any, ...]) -> Vote:
    """A vote, by the holder itself or by somebody else."""
    holder, other, age, what = drawn
    alike = isinstance(what, int)
    parts = () if alike else tuple(VotePart(*one) for one in what)
    return Vote(number, holder, other or holder, start + age, what if alike else 0, parts)


SETTINGS = st.tuples(
    st.sampled_from((ANN, BEN, None)),
    st.sampled_from((0, 5_000, 9_000)),
    st.sampled_from(((), (CAT,), (BEN, BEN))),
    st.sampled_from(Basis),
)


@pytest.fixture(scope="module")
def codec(artifacts) -> Codec:
    """What encodes and decodes, made once."""
    return Codec(artifacts)


@scaled(1)
@given(drawn=st.lists(votes, max_size=12), settings=SETTINGS)
def test_a_count_off_the_chain_is_the_chains(codec, drawn, settings):
    """Of any signed votes, each with the same reason why it is not taken (Laws 75, 76 and 77)."""
    proxied, quorum, excluded, basis = settings
    kit = RevmKit(codec)
    stage = Voting(Harness(kit))
    stage.harness.issue(SHARES)
    resolutions = (voting.Resolution(basis=basis), voting.Resolution(inclusive=True))
    written = stage.terms(quorum_bps=quorum, excluded=excluded, resolutions=resolutions)
    number = stage.convene(written)
    kit.now = start = written.opens_at
    if proxied is not None:
        stage.appoint(number, proxied, EVE)
    kit.now += 10
    terms = MeetingTerms(
        written.token, written.record, written.opens_at, written.closes_at, quorum, False,
        excluded, tuple(Resolution(r.text, Basis(r.basis), r.threshold_bps, r.inclusive)
                        for r in resolutions),
    )  # fmt: skip
    who = Electorate(SHARES, {one: one for one in BY}, {proxied: EVE} if proxied else {})
    book, page, before, expected = VoteBook(), [], [], []
    for one in drawn:
        vote = vote_of(number, start, one)
        standing = book.standing.get(vote.holder)
        before.append([] if standing is None else [p.encodable() for p in standing.replaced_with])
        obstacle = book.obstacle(terms, who, vote, kit.now)
        if obstacle is VoteObstacle.NONE:
            book.take(who, vote)
        else:
            expected.append(obstacle)
        digest = vote_digest(vote, 1, stage.ballot.address)
        signature = Account.unsafe_sign_hash(digest, BY[vote.voter].key).signature
        page.append((vote.encodable(), bytes(signature)))
    cast = stage.ballot.send("castMany", [v for v, _ in page], [s for _, s in page], before)
    assert [VoteObstacle(one["reason"]) for one in cast.named("Skipped")] == expected
    eligible = sum(n for one, n in SHARES.items() if one not in excluded)
    counted = tally_of(terms, eligible, book.standing.values())
    present, at_most, quorate, results = stage.tally(number)
    assert (counted.present, counted.eligible, counted.quorate) == (present, at_most, quorate)
    assert [
        (one.in_favour, one.against, one.abstained, one.carried) for one in counted.results
    ] == results


def test_what_is_signed_is_what_the_contract_reads(codec: Codec):
    """The digests of a vote and of an appointment, and the hash of parts."""
    kit = RevmKit(codec)
    ballot = kit.deploy("Ballot")
    parts = (VotePart(1, 2), VotePart(2**128 - 1, 4))
    for vote in (Vote(1, ANN, BEN, 7, 9), Vote(2**256 - 1, ANN, ANN, 2**48 - 1, 0, parts)):
        expected = bytes(ballot.call("digestOf", vote.encodable()))
        assert vote_digest(vote, 1, ballot.address) == expected
    appointment = Appointment(1, ANN, ANN, BEN, 5)
    expected = bytes(ballot.call("digestOfAppointment", appointment.encodable()))
    assert appointment_digest(appointment, 1, ballot.address) == expected
    told = voting.typed_appointment(ballot.address, appointment.encodable())
    assert signature_of(told, KEYS[0])
    assert parts_hash(parts) == voting.parts_hash([part.encodable() for part in parts])
