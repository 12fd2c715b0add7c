"""Meetings, votes and appointments, signed as people sign them; and a token whose holders meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from eth_abi.abi import encode
from eth_account import Account
from eth_utils.crypto import keccak

from tests.chainkit import ZERO, Deployed, Receipt, RevmKit
from tests.contracts.harness import DAY, NOTHING, Harness
from tests.contracts.trading import Signature, members, signature_of

ABSTAIN, FOR, AGAINST = range(3)
MOST_PARTS, MOST_RESOLUTIONS, MOST_EXCLUDED, LONGEST = 256, 60, 32, 400 * DAY
ORDER = b"\x0d" * 32
PART_TYPE = "Part(uint128 shares,uint128 choices)"
VOTE_TYPE = (
    "Vote(uint256 id,address holder,address voter,uint48 version,uint128 choices,Part[] parts)"
)
APPOINTMENT_TYPE = (
    "Appointment(uint256 id,address holder,address claimant,address proxy,uint48 version)"
)
RESOLUTION_TYPE = "Resolution(bytes32 textHash,uint8 basis,uint16 thresholdBps,bool inclusive)"
TERMS_TYPE = (
    "Terms(address token,uint256 recordId,uint48 opensAt,uint48 closesAt,uint16 quorumBps,"
    "bool frozenMayNotVote,address[] excluded,Resolution[] resolutions,bytes32 documentHash)"
)
KEYS = [Account.from_key(bytes([0x20 + i]) * 32) for i in range(8)]


class Basis(IntEnum):
    """What a threshold is a part of."""

    CAST, PRESENT, ELIGIBLE = range(3)


class Stage(IntEnum):
    """How far a meeting is."""

    NONE, CONVENED, OPEN, CLOSED, DECLARED, CANCELLED = range(6)


class Obstacle(IntEnum):
    """Why a vote cannot be taken."""

    (
        NONE, NOT_OPEN, NO_SHARES, NOT_VOTER, HELD, CLAIMANT_VOTED, OLD_VERSION, FUTURE_VERSION,
        NOT_SIGNED, WRONG_CHOICES, WRONG_PARTS, WRONG_BEFORE,
    ) = range(12)  # fmt: skip


def choices(*each: int) -> int:
    """Two bits for each resolution, the first one lowest."""
    return sum(choice << 2 * at for at, choice in enumerate(each))


Parts = Sequence[tuple[int, int]]


def parts_hash(parts: Parts) -> bytes:
    """By which a split vote is known."""
    return keccak(encode(["(uint128,uint128)[]"], [list(parts)]))


@dataclass(frozen=True)
class Resolution:
    """What is put to the vote: more than half of the votes cast, unless something is said."""

    text: bytes = b"\x01" * 32
    basis: int = Basis.CAST
    threshold_bps: int = 5_000
    inclusive: bool = False

    @property
    def told(self) -> tuple[Any, ...]:
        """As calls take it."""
        return (self.text, self.basis, self.threshold_bps, self.inclusive)


@dataclass(frozen=True)
class Terms:
    """The terms of a meeting."""

    token: str
    record: int
    opens_at: int
    closes_at: int
    quorum_bps: int = 0
    frozen_may_not_vote: bool = False
    excluded: tuple[str, ...] = ()
    resolutions: tuple[Resolution, ...] = (Resolution(),)
    document: bytes = NOTHING

    def but(self, **changes: Any) -> Terms:
        """The same with other terms."""
        return replace(self, **changes)

    @property
    def told(self) -> tuple[Any, ...]:
        """As calls take it."""
        return (
            self.token, self.record, self.opens_at, self.closes_at, self.quorum_bps,
            self.frozen_may_not_vote, list(self.excluded),
            [resolution.told for resolution in self.resolutions], self.document,
        )  # fmt: skip

    @property
    def written(self) -> tuple[Any, ...]:
        """As events tell it: addresses without their checksum, lists as tuples."""
        token, *rest = self.told
        rest[5] = tuple(account.lower() for account in self.excluded)
        rest[6] = tuple(resolution.told for resolution in self.resolutions)
        return (token.lower(), *rest)


@dataclass(frozen=True)
class Vote:
    """A vote that is signed."""

    id: int
    holder: str
    voter: str
    version: int
    choices: int = 0
    parts: tuple[tuple[int, int], ...] = ()

    def but(self, **changes: Any) -> Vote:
        """The same, but for these fields."""
        return replace(self, **changes)

    @property
    def told(self) -> tuple[Any, ...]:
        """As calls take it."""
        return (
            self.id, self.holder, self.voter, self.version, self.choices, list(self.parts),
        )  # fmt: skip

    def typed(self, ballot: str, chain_id: int = 1) -> dict[str, Any]:
        """As a wallet shows it."""
        names = [part["name"] for part in members(VOTE_TYPE)]
        said = dict(zip(names, self.told, strict=True))
        said["parts"] = [{"shares": shares, "choices": chosen} for shares, chosen in self.parts]
        types = {"Vote": members(VOTE_TYPE), "Part": members(PART_TYPE)}
        return typed(ballot, types, said, chain_id)

    def signed(self, ballot: str, key: Any, chain_id: int = 1) -> Signature:
        """As a key signs it."""
        return signature_of(self.typed(ballot, chain_id), key)


def typed(ballot: str, types: Any, message: Any, chain_id: int = 1) -> dict[str, Any]:
    """What a wallet shows of a message to this contract."""
    domain = {
        "name": "prorata Ballot", "version": "1", "chainId": chain_id, "verifyingContract": ballot,
    }  # fmt: skip
    return {"domain_data": domain, "message_types": types, "message_data": message}


def typed_appointment(ballot: str, told: Sequence[Any]) -> dict[str, Any]:
    """An appointment as a wallet shows it."""
    parts = members(APPOINTMENT_TYPE)
    message = {part["name"]: value for part, value in zip(parts, told, strict=True)}
    return typed(ballot, {"Appointment": parts}, message)


def typed_terms(ballot: str, terms: Terms) -> dict[str, Any]:
    """Terms as a wallet shows them to who would convene."""
    parts, inner = members(TERMS_TYPE), members(RESOLUTION_TYPE)
    message = {part["name"]: value for part, value in zip(parts, terms.told, strict=True)}
    names = [part["name"] for part in inner]
    message["resolutions"] = [
        dict(zip(names, resolution.told, strict=True)) for resolution in terms.resolutions
    ]
    return typed(ballot, {"Terms": parts, "Resolution": inner}, message)


class Voting:
    """`Ballot` beside a harness. Ann, Ben, Cid and Dan hold shares; each of `keys` has a key."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.kit: RevmKit = harness.kit
        self.token: Deployed = harness.token
        self.ann, self.ben, self.cid = harness.ann, harness.ben, harness.cid
        self.dan, self.eve = harness.dan, harness.eve
        self.ballot = self.kit.deploy("Ballot")

    # --------------------------------------------------------------------------- meetings

    def terms(self, count: int = 1, **changes: Any) -> Terms:
        """A meeting at a record that closes now, open from tomorrow for a week."""
        if "record" not in changes:
            changes["record"] = self.harness.schedule(self.kit.now)
        usual = Terms(
            self.token.address, changes["record"], self.kit.now + DAY, self.kit.now + 8 * DAY,
            resolutions=(Resolution(),) * count,
        )  # fmt: skip
        return usual.but(**changes)

    def convening(self, terms: Terms, sender: str | None = None) -> Receipt:
        """Convene, as the token's agent if nothing is said."""
        return self.ballot.send("convene", terms.told, sender=sender or self.harness.agent)

    def convene(self, terms: Terms) -> int:
        """Convene; the id."""
        return int(self.convening(terms).named("Convened")[0]["id"])

    def open(self, count: int = 1, **changes: Any) -> int:
        """Convene a meeting and let it open; its id."""
        terms = self.terms(count, **changes)
        number = self.convene(terms)
        self.kit.now = terms.opens_at
        return number

    def close(self, number: int) -> None:
        """Let the time of a meeting pass."""
        self.kit.now = self.ballot.call("termsOf", number)[3] + 1

    # ------------------------------------------------------------------------------ votes

    def vote(self, number: int, holder: str, *each: int, sender: str | None = None) -> Receipt:
        """Vote with all shares, as the holder if nothing is said."""
        return self.ballot.send("vote", number, holder, choices(*each), sender=sender or holder)

    def split(
        self, number: int, holder: str, parts: Parts, before: Parts = (), sender: str | None = None
    ) -> Receipt:
        """Vote in parts, as the holder if nothing is said."""
        args = (number, holder, list(parts), list(before))
        return self.ballot.send("voteSplit", *args, sender=sender or holder)

    def cast(
        self, *signed: tuple[Vote, Signature], before: Sequence[Parts] | None = None
    ) -> Receipt:
        """Bring signed votes, as a stranger."""
        earlier = [list(parts) for parts in before or [()] * len(signed)]
        args = ([vote.told for vote, _ in signed], [by for _, by in signed], earlier)
        return self.ballot.send("castMany", *args, sender=self.harness.stranger)

    def signed(self, vote: Vote, key: Any) -> tuple[Vote, Signature]:
        """A vote with its signature."""
        return vote, vote.signed(self.ballot.address, key)

    def appoint(
        self, number: int, holder: str, proxy: str = ZERO, sender: str | None = None
    ) -> Receipt:
        """Appoint or dismiss, as the holder if nothing is said."""
        return self.ballot.send("appoint", number, holder, proxy, sender=sender or holder)

    # ---------------------------------------------------------------------- what there is

    def tally(self, number: int) -> tuple[int, int, bool, list[tuple[int, int, int, bool]]]:
        """Present, eligible, quorate, and each resolution."""
        present, eligible, quorate, results = self.ballot.call("tally", number)
        return present, eligible, quorate, [tuple(result) for result in results]

    def cast_of(self, number: int, holder: str) -> tuple[Any, ...]:
        """The vote of a holder as it stands."""
        return tuple(self.ballot.call("voteOf", number, holder))

    def obstacle(self, number: int, holder: str, voter: str | None = None) -> Obstacle:
        """What stands in the way of a vote, of the holder's own if nothing is said."""
        return Obstacle(self.ballot.call("obstacleTo", number, holder, voter or holder))

    def stage(self, number: int) -> Stage:
        """How far a meeting is."""
        return Stage(self.ballot.call("stageOf", number))

    def recover(self, lost: str, successor: str) -> Receipt:
        """Put a wallet in the place of a lost one."""
        args = (lost, successor, ZERO)
        return self.token.send("recoveryAddress", *args, sender=self.harness.agent)

    def order(self, function: str, *args: Any) -> Receipt:
        """An order by the token's agent."""
        return self.token.send(function, *args, sender=self.harness.agent)
