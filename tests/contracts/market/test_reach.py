"""What `Holds` and `ShareExchange` can say at all: a selector in their code is one of their own or
of a short list."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from eth_utils.abi import abi_to_signature, function_abi_to_4byte_selector
from eth_utils.crypto import keccak

from prorata.chain.artifacts import Artifact
from tests.contracts.market.exchanging import REQUEST_TYPE
from tests.contracts.market.holding import LONGEST_CONSENT, LONGEST_HOLD


@dataclass(frozen=True)
class Reach:
    """What a contract may say to others.

    `told` changes something there, `asked` does not; `inherited` are errors and types of what it is
    built from, and `numbers` are of four bytes and no selectors.
    """

    told: tuple[str, ...]
    asked: tuple[str, ...]
    inherited: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    runs: frozenset[str] = frozenset()
    """Other code that it starts, by the names of `FORBIDDEN`."""


HOLD = "(address,address,address,uint256,bytes32,uint48,uint256)"
TERMS = (
    "(address,uint96,bool,address,address,uint128,uint128,address,uint96,address,uint128,bool,"
    "uint48,uint48,address,uint128,uint128,uint32,uint96,address,uint48,address,bytes32)"
)
DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
ORDERS = (
    "burn(address,uint256)",
    "forcedTransfer(address,address,uint256)",
    "mint(address,uint256)",
)
"""What an agent of a token can order, as far as an exchange does."""

REACH = {
    "Holds": Reach(
        told=(
            "hold(address,uint256)",
            "deliver(address,address,uint256)",
            "release(address,uint256)",
            "transfer(address,uint256)",
            "transferFrom(address,address,uint256)",
        ),
        asked=(
            "holdsContract()",
            "successorOf(address)",
            "heldOf(address)",
            "owner()",
            "identityRegistry()",
            "investorOf(address)",
            "identity(address)",
            "balanceOf(address)",
        ),
        numbers=(LONGEST_HOLD, LONGEST_CONSENT, 2**32 - 1),
    ),
    "ShareExchange": Reach(
        told=(
            *ORDERS,
            "holdFor(address,address,uint96)",
            "letGo(address,address,uint96)",
            "deliverKept(address,address,address,uint96)",
            "transfer(address,uint256)",
            "transferFrom(address,address,uint256)",
            "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
        ),
        asked=(
            "totalSupply()",
            "balanceOf(address)",
            "heldOf(address)",
            "holdsContract()",
            "getFrozenTokens(address)",
            "canTransfer(address,address,uint256)",
            "explain(address,address,uint256)",
            "owner()",
            "isAgent(address)",
            "claimantOf(address)",
            "successorOf(address)",
            f"idOf({HOLD})",
            "stateOf(bytes32)",
            "missingOf(bytes32)",
            "redirectedTo(bytes32)",
            "consentOf(address,address,address)",
            "keepIdOf(address,address,address)",
            f"check({TERMS},uint256,uint256)",
            "isValidSignature(bytes32,bytes)",
        ),
        inherited=(
            "Overflow()",
            "FullMulDivFailed()",
            "DeploymentFailed()",
            DOMAIN_TYPE,
            REQUEST_TYPE,
            "prorata ShareExchange",
            "1",
        ),
        # A byte before the length of kept terms; the prefix of EIP-712; and a mask.
        numbers=(0x01 << 24, 0x1901 << 16, 2**32 - 1),
        # The terms of an exchange are code that stops at once.
        runs=frozenset({"CREATE"}),
    ),
}
FORBIDDEN = {
    0xF0: "CREATE",
    0xF2: "CALLCODE",
    0xF4: "DELEGATECALL",
    0xF5: "CREATE2",
    0xFF: "SELFDESTRUCT",
}
PUSH1, PUSH32, SHL = 0x60, 0x7F, 0x1B
PANIC = keccak(text="Panic(uint256)")[:4]
METADATA = 2
NAMESPACE = int.from_bytes(keccak(text="openzeppelin.storage.ReentrancyGuard"), "big") - 1
GUARD = int.from_bytes(keccak(NAMESPACE.to_bytes(32, "big")), "big") & ~0xFF
"""Where the guard against re-entry is noted (ERC-7201)."""

HALF = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""Half the order of the curve: what the second half of a signature is at most."""


def instructions(code: bytes) -> list[tuple[int, bytes]]:
    """The code's instructions with what they push, without the compiler's note at the end."""
    end = len(code) - METADATA - int.from_bytes(code[-METADATA:], "big")
    found, at = [], 0
    while at < end:
        size = code[at] - PUSH1 + 1 if PUSH1 <= code[at] <= PUSH32 else 0
        found.append((code[at], code[at + 1 : at + 1 + size]))
        at += 1 + size
    return found


def selectors(code: bytes) -> list[bytes]:
    """Every constant that can stand as a selector before arguments: four bytes and then zeros, as
    written or as shifted by the next two instructions.
    """
    listed = instructions(code)
    found = []
    for (_, data), (_, by), (op, _) in zip(listed, listed[1:], listed[2:], strict=False):
        value = int.from_bytes(data, "big") << (by[0] if op == SHL and len(by) == 1 else 0)
        written = (value % 2**256).to_bytes(32, "big").lstrip(b"\0")
        # A byte or two make no selector, however far they are shifted: the others would be zeros.
        if len(data) > 2 and len(written) >= 4 and not any(written[4:]):
            found.append(written[:4])
    return found


def heads(code: bytes) -> dict[bytes, bytes]:
    """Whole words that can be cut to a selector, by their first four bytes: the compiler keeps a
    constant of four bytes that comes of a hash as that hash."""
    listed = (data for op, data in instructions(code) if op == PUSH32)
    return {data[:4]: data for data in listed if any(data[4:])}


def own_words(artifact: Artifact, reach: Reach) -> set[bytes]:
    """Words that are no selectors: topics of events, types, and two numbers."""
    events = (abi_to_signature(dict(e)) for e in artifact.abi if e["type"] == "event")
    hashes = {keccak(text=text) for text in (*events, *reach.inherited)}
    return hashes | {number.to_bytes(32, "big") for number in (GUARD, HALF)}


def said(artifact: Artifact, reach: Reach) -> set[bytes]:
    """All selectors that a contract can say."""
    own = own_words(artifact, reach)
    cut = {head for head, whole in heads(artifact.runtime).items() if whole not in own}
    return {*selectors(artifact.runtime), *cut}


@pytest.fixture(params=REACH)
def contract(request, artifacts) -> tuple[Artifact, Reach]:
    """A contract as it is deployed, and what it may say."""
    return artifacts[request.param], REACH[request.param]


def test_every_selector_is_its_own_or_one_that_it_may_say(contract):
    """Nothing more of an agent's or an owner's: no freeze, no approval; by `Holds` no forced
    transfer, and by `ShareExchange` no order but to take shares and to mint (Laws 43, 62, 66)."""
    artifact, reach = contract
    own = {
        function_abi_to_4byte_selector(dict(entry))
        for entry in artifact.abi
        if entry["type"] in {"function", "error"}
    }
    named = {keccak(text=text)[:4] for text in (*reach.told, *reach.asked, *reach.inherited)}
    known = own | named | {number.to_bytes(4, "big") for number in reach.numbers} | {PANIC}
    # The compiler writes one that begins with ones as what is missing to zero.
    known |= {(2**32 - int.from_bytes(data, "big")).to_bytes(4, "big") for data in known}
    # Without its leading zero, as the search finds one that has it.
    known |= {data[1:] + b"\0" for data in known if data[0] == 0}
    foreign = said(artifact, reach) - known
    assert {data.hex() for data in foreign} == set()


def test_no_other_code_runs_as_its_own(contract):
    """It delegates to nobody; so what it calls, it calls as itself. It creates nothing, but for the
    terms that an exchange keeps."""
    artifact, reach = contract
    there = {FORBIDDEN[op] for op, _ in instructions(artifact.runtime) if op in FORBIDDEN}
    assert there == reach.runs


def test_the_list_is_no_longer_than_needed(contract):
    """Each of them is found: the search would find another."""
    artifact, reach = contract
    found = said(artifact, reach)
    lost = {text for text in (*reach.told, *reach.asked) if keccak(text=text)[:4] not in found}
    assert lost == set()


@pytest.mark.parametrize("order", ORDERS)
def test_an_agents_order_is_given_in_one_place(artifacts, order):
    """There is one path to each of them: that of an exchange (Laws 62 and 66)."""
    found = selectors(artifacts["ShareExchange"].runtime)
    assert found.count(keccak(text=order)[:4]) == 1
