"""What `Holds` can say at all: a selector in its code is one of its own or of a short list."""

from __future__ import annotations

import pytest
from eth_utils.abi import function_abi_to_4byte_selector
from eth_utils.crypto import keccak

from prorata.chain.artifacts import Artifact
from tests.contracts.market.holding import LONGEST_CONSENT, LONGEST_HOLD

TOLD = (
    "hold(address,uint256)",
    "deliver(address,address,uint256)",
    "release(address,uint256)",
    "transfer(address,uint256)",
    "transferFrom(address,address,uint256)",
)
ASKED = (
    "holdsContract()",
    "successorOf(address)",
    "heldOf(address)",
    "owner()",
    "identityRegistry()",
    "investorOf(address)",
    "identity(address)",
    "balanceOf(address)",
)
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
NUMBERS = {number.to_bytes(4, "big") for number in (LONGEST_HOLD, LONGEST_CONSENT, 2**32 - 1)}
"""Numbers of four bytes that are no selectors."""


def instructions(code: bytes) -> list[tuple[int, bytes]]:
    """The code's instructions with what they push, without the compiler's note at the end."""
    end = len(code) - METADATA - int.from_bytes(code[-METADATA:], "big")
    found, at = [], 0
    while at < end:
        size = code[at] - PUSH1 + 1 if PUSH1 <= code[at] <= PUSH32 else 0
        found.append((code[at], code[at + 1 : at + 1 + size]))
        at += 1 + size
    return found


def selectors(code: bytes) -> set[bytes]:
    """Every constant that can stand as a selector before arguments: four bytes and then zeros, as
    written or as shifted by the next two instructions.
    """
    listed = instructions(code)
    found = set()
    for (_, data), (_, by), (op, _) in zip(listed, listed[1:], listed[2:], strict=False):
        value = int.from_bytes(data, "big") << (by[0] if op == SHL and len(by) == 1 else 0)
        written = (value % 2**256).to_bytes(32, "big").lstrip(b"\0")
        # A byte or two make no selector, however far they are shifted: the others would be zeros.
        if len(data) > 2 and len(written) >= 4 and not any(written[4:]):
            found.add(written[:4])
    return found


@pytest.fixture(scope="module")
def holds(artifacts) -> Artifact:
    """The contract as it is deployed."""
    return artifacts["Holds"]


def test_every_selector_is_its_own_or_one_that_it_may_say(holds):
    """Nothing of an agent's or an owner's: no freeze, no forced transfer, no approval (Law 43)."""
    own = {
        function_abi_to_4byte_selector(dict(entry))
        for entry in holds.abi
        if entry["type"] in {"function", "error"}
    }
    named = {keccak(text=text)[:4] for text in (*TOLD, *ASKED)}
    known = own | named | NUMBERS | {PANIC}
    # The compiler writes one that begins with ones as what is missing to zero.
    known |= {(2**32 - int.from_bytes(data, "big")).to_bytes(4, "big") for data in known}
    # Without its leading zero, as the search finds one that has it.
    known |= {data[1:] + b"\0" for data in known if data[0] == 0}
    foreign = selectors(holds.runtime) - known
    assert {data.hex() for data in foreign} == set()


def test_no_other_code_runs_as_its_own(holds):
    """It creates nothing and delegates to nobody; so what it calls, it calls as itself."""
    there = {FORBIDDEN[op] for op, _ in instructions(holds.runtime) if op in FORBIDDEN}
    assert there == set()


def test_the_list_is_no_longer_than_needed(holds):
    """Each of them is found: the search would find another."""
    lost = {
        text for text in (*TOLD, *ASKED) if keccak(text=text)[:4] not in selectors(holds.runtime)
    }
    assert lost == set()
