"""F6 for meetings: every function that changes something, by everybody who might call.

And E3: whatever a meeting asks on its way is asked so that it cannot write, so that there is
nothing to re-enter by.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.chainkit import Codec, Reverted, RevmKit
from tests.contracts.harness import DAY, NOTHING, Harness
from tests.contracts.market.voting import (
    FOR,
    KEYS,
    Vote,
    Voting,
    choices,
    typed_appointment,
    typed_terms,
)
from tests.contracts.trading import signature_of

CONTRACT = "Ballot"
IGNORING, IS_VALID = 2, bytes.fromhex("1626ba7e")
ROLES = ("owner", "agent", "holder", "proxy", "lost", "successor", "stranger")
ANYONE = frozenset(ROLES)
SIDE = frozenset({"owner", "agent"})
MAY: dict[tuple[str, str], frozenset[str]] = {
    ("convene", "a meeting of the token"): SIDE,
    ("setRequisition", "of the token"): frozenset({"owner"}),
    ("requisition", "what holders signed"): ANYONE,
    ("cancel", "before it opens"): SIDE,
    ("cancel", "once it is open"): frozenset(),
    ("vote", "for the holder"): frozenset({"holder", "proxy"}),
    ("vote", "for the lost wallet"): frozenset({"successor"}),
    ("voteSplit", "for the holder"): frozenset({"holder", "proxy"}),
    ("castMany", "what a holder signed"): ANYONE,
    ("appoint", "for the holder"): frozenset({"holder"}),
    ("appoint", "for the lost wallet"): frozenset({"successor"}),
    ("appointFor", "what a holder signed"): ANYONE,
    ("declare", "before it closes"): frozenset(),
    ("declare", "afterwards"): ANYONE,
}


class AccessSystem(Voting):
    """A meeting that is open, one that is not, and a requisition that waits to be brought."""

    def __init__(self, kit: RevmKit) -> None:
        super().__init__(Harness(kit))
        harness, key = self.harness, KEYS[0]
        self.roles = {
            "owner": harness.owner, "agent": harness.agent, "holder": self.ann, "proxy": self.ben,
            "lost": self.cid, "successor": self.dan, "stranger": harness.stranger,
        }  # fmt: skip
        harness.issue({self.ann: 100, self.cid: 50, key.address: 10})
        self.number = self.open()
        self.waiting = self.convene(self.terms())
        kit.now += 1
        self.appoint(self.number, self.ann, self.ben)
        self.recover(self.cid, self.dan)
        self.ballot.send("setRequisition", self.token.address, 1, sender=harness.owner)
        kit.now += 1
        self.asked = self.terms(record=1)
        ballot, now = self.ballot.address, kit.now
        vote = Vote(self.number, key.address, key.address, now, choices(FOR))
        appointment = (self.number, key.address, key.address, self.ben, now)
        signed = signature_of(typed_appointment(ballot, appointment), key)
        terms = signature_of(typed_terms(ballot, self.asked), key)
        self.signed = {
            "vote": ([vote.told], [vote.signed(ballot, key)], [[]]),
            "appointment": (appointment, signed),
            "terms": (self.asked.told, [key.address], [terms]),
        }

    def calls(self) -> dict[tuple[str, str], tuple[tuple[Any, ...], int]]:
        """What each line of the table calls, and how many days later."""
        number, ann, cid = self.number, self.ann, self.cid
        return {
            ("convene", "a meeting of the token"): ((self.asked.told,), 0),
            ("setRequisition", "of the token"): ((self.token.address, 5), 0),
            ("requisition", "what holders signed"): (self.signed["terms"], 0),
            ("cancel", "before it opens"): ((self.waiting, NOTHING), 0),
            ("cancel", "once it is open"): ((number, NOTHING), 0),
            ("vote", "for the holder"): ((number, ann, choices(FOR)), 0),
            ("vote", "for the lost wallet"): ((number, cid, choices(FOR)), 0),
            ("voteSplit", "for the holder"): ((number, ann, [(5, choices(FOR))], []), 0),
            ("castMany", "what a holder signed"): (self.signed["vote"], 0),
            ("appoint", "for the holder"): ((number, ann, self.eve), 0),
            ("appoint", "for the lost wallet"): ((number, cid, self.eve), 0),
            ("appointFor", "what a holder signed"): (self.signed["appointment"], 0),
            ("declare", "before it closes"): ((number,), 0),
            ("declare", "afterwards"): ((number,), 9),
        }


@pytest.fixture(scope="module")
def system(artifacts) -> AccessSystem:
    """One system for all cells: each leaves it as it was."""
    return AccessSystem(RevmKit(Codec(artifacts)))


@pytest.mark.attack("F6")
@pytest.mark.parametrize("line", MAY, ids=" ".join)
def test_each_function_is_for_those_it_is_for(system, line):
    """By every role in turn: those whom it is for, and nobody else (Law 75)."""
    args, days = system.calls()[line]
    able, kit = set(), system.kit
    for role, who in system.roles.items():
        start, now = kit.evm.snapshot(), kit.now
        kit.now += days * DAY
        try:
            receipt = system.ballot.send(line[0], *args, sender=who)
        except Reverted:
            pass
        else:
            assert not receipt.named("Skipped")
            able.add(role)
        kit.evm.revert(start)
        kit.now = now
    assert able == MAY[line]


@pytest.mark.attack("F6")
def test_no_function_is_left_out(artifacts):
    """Whatever changes something has a line."""
    changing = {
        entry["name"]
        for entry in artifacts[CONTRACT].abi
        if entry["type"] == "function" and entry["stateMutability"] not in {"view", "pure"}
    }
    assert changing == {function for function, _ in MAY}


def test_it_has_no_owner_and_takes_no_coins(artifacts):
    """No owner, no role, no way to change what it does; and no native coin."""
    abi = artifacts[CONTRACT].abi
    names = {entry.get("name") for entry in abi if entry["type"] == "function"}
    assert not names & {"owner", "transferOwnership", "pause", "upgradeTo", "setFee", "addAgent"}
    assert all(entry.get("stateMutability") != "payable" for entry in abi)
    assert not any(entry["type"] in {"receive", "fallback"} for entry in abi)


# ----------------------------------------------------------------------------------- re-entry


CALL, DELEGATE_CALL, CALL_CODE, STATIC_CALL = 0xF1, 0xF4, 0xF2, 0xFA


def opcodes(code: bytes) -> set[int]:
    """Every instruction of a contract, the bytes that are pushed apart."""
    found, at = set(), 0
    while at < len(code):
        found.add(code[at])
        at += 1 + max(0, code[at] - 0x5F) * (code[at] <= 0x7F)
    return found


@pytest.mark.attack("E3")
def test_whatever_is_asked_cannot_write(artifacts):
    """The contract has no instruction by which anybody could be let in: it asks, and never calls.
    Its metadata, which is no code, is left out."""
    runtime = artifacts[CONTRACT].runtime
    code = runtime[: -int.from_bytes(runtime[-2:], "big") - 2]
    assert STATIC_CALL in opcodes(code)
    assert not opcodes(code) & {CALL, DELEGATE_CALL, CALL_CODE}


@pytest.mark.attack("E3", "J4")
def test_a_wallet_that_would_vote_again_while_it_is_asked_cannot(artifacts):
    """A wallet contract is asked for its signature, and its own call from there writes nothing."""
    kit = RevmKit(Codec(artifacts))
    voting = Voting(Harness(kit))
    spy = kit.deploy("Interloper")
    spy.send("wearMask", kit.deploy("KeyWallet", KEYS[0].address).address, False)
    voting.harness.issue({spy.address: 7, voting.ann: 3})
    number = voting.open()
    voting.appoint(number, voting.ann, spy.address)
    vote = Vote(number, spy.address, spy.address, kit.now, choices(FOR))
    again = kit.codec.call(CONTRACT, "vote", number, voting.ann, choices(FOR))
    spy.send("lieInWait", IGNORING, IS_VALID, 200_000, voting.ballot.address, again)
    voting.cast(voting.signed(vote, KEYS[0]))
    assert voting.cast_of(number, spy.address)[2] == kit.now
    assert voting.cast_of(number, voting.ann)[2] == 0
    # The same call by itself is one that it may make.
    spy.send("act", voting.ballot.address, again)
    assert voting.cast_of(number, voting.ann)[2] == kit.now
