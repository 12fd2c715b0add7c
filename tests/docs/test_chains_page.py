"""docs/chains.md: its tables of opcodes, sizes and gas are what artifacts and gas figures say.

`PRORATA_CHAINS=update` writes both tables anew; the words around them are for a person to change.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence

import pytest

from prorata.chain.artifacts import Artifact, artifact, artifacts, compiler
from prorata.chain.steps import GAS_LIMIT
from prorata.toolchain.paths import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "chains.md"
FIGURES = json.loads((PROJECT_ROOT / "tests/gas/figures.json").read_text(encoding="utf-8"))["gas"]

MOST_CODE = 24_576  # EIP-170
MOST_INIT_CODE = 49_152  # EIP-3860

PUSH1, PUSH32, INVALID, CODECOPY = 0x60, 0x7F, 0xFE, 0x39

# What chains differ in: they lack it, or answer it otherwise than Ethereum's main network does.
WATCHED = {
    "PUSH0": 0x5F, "MCOPY": 0x5E, "TLOAD": 0x5C, "TSTORE": 0x5D, "CREATE": 0xF0,
    "EXTCODECOPY": 0x3C, "DELEGATECALL": 0xF4, "CHAINID": 0x46, "SELFBALANCE": 0x47,
    "TIMESTAMP": 0x42, "BASEFEE": 0x48, "BLOBBASEFEE": 0x4A, "BLOBHASH": 0x49, "BLOCKHASH": 0x40,
    "CALLCODE": 0xF2, "COINBASE": 0x41, "CREATE2": 0xF5, "EXTCODEHASH": 0x3F, "GASLIMIT": 0x45,
    "GASPRICE": 0x3A, "NUMBER": 0x43, "ORIGIN": 0x32, "PREVRANDAO": 0x44, "SELFDESTRUCT": 0xFF,
}  # fmt: skip
NAMES = {opcode: name for name, opcode in WATCHED.items()}

# Cancun's opcodes: what comes later, such as CLZ (0x1e), is not among them.
CANCUN = {
    *range(0x0C), *range(0x10, 0x1E), 0x20, *range(0x30, 0x4B), *range(0x50, 0xA5),
    *range(0xF0, 0xF6), 0xFA, 0xFD, 0xFE, 0xFF,
}  # fmt: skip

# Transactions that come nearest to the most that one may use.
GAS = (
    "deploy: DividendVault",
    "deploy: ShareToken",
    "deploy: InvestorRegistry",
    "deploy: TransferRules",
    "deploy: CallAuction",
    "claim: a hundred of one currency",
    "claim: a range of 90 records, traded before each",
    "define: a range of 90 records",
)


def contracts() -> list[Artifact]:
    """What is deployed by itself: not interfaces, nor libraries that others have within them."""
    found = artifacts().values()
    return [a for a in found if a.deployable and any(e["type"] == "function" for e in a.abi)]


CREATED = {
    "DividendVault": "ClaimRelayer",
    "CallAuction": "CallSettlement",
    "ShareExchange": "ExchangeTerms",
}
"""What a constructor creates."""

each = pytest.mark.parametrize("contract", contracts(), ids=lambda contract: contract.name)


# --------------------------------------------------------------------------- disassembling


def instructions(code: bytes) -> Iterator[tuple[int, int]]:
    """Offset and opcode of every instruction, from the first byte to the end."""
    offset = 0
    while offset < len(code):
        opcode = code[offset]
        yield offset, opcode
        offset += 1 + (opcode - PUSH1 + 1 if PUSH1 <= opcode <= PUSH32 else 0)


def executed(code: bytes) -> dict[int, int]:
    """The instructions up to the INVALID that the compiler puts behind the last one."""
    found = {}
    for offset, opcode in instructions(code):
        found[offset] = opcode
        if opcode == INVALID:
            return found
    raise AssertionError("no INVALID ends the code")


def pushed(code: bytes, instructions: Mapping[int, int]) -> set[int]:
    """Every number that is put on the stack."""
    return {
        int.from_bytes(code[offset + 1 : offset + opcode - PUSH1 + 2], "big")
        for offset, opcode in instructions.items()
        if PUSH1 <= opcode <= PUSH32
    }


def used(contract: Artifact) -> set[int]:
    """Every opcode of the constructor and of the code that stays."""
    return {*executed(contract.bytecode).values(), *executed(contract.runtime).values()}


@each
def test_code_ends_where_its_metadata_begins(contract):
    """So no data is read as code, and no code as data. Between the two stand constants of a word,
    where pushing each anew would take more room: code copies them from there."""
    code = executed(contract.runtime)
    rest = contract.runtime[max(code) + 1 :]
    metadata = rest[-int.from_bytes(rest[-2:], "big") - 2 :]
    # CBOR: a map of two, whose first key is "ipfs".
    assert metadata.startswith(b"\xa2\x64ipfs")
    words = range(max(code) + 1, len(contract.runtime) - len(metadata), 32)
    assert len(rest) - len(metadata) == 32 * len(words)
    assert CODECOPY in code.values() or not words
    assert set(words) <= pushed(contract.runtime, code)


@each
def test_behind_the_constructor_comes_the_code_that_stays(contract):
    """And nothing else, but for what the constructor creates."""
    rest = contract.bytecode[max(executed(contract.bytecode)) + 1 :]
    created = CREATED.get(contract.name)
    assert rest == contract.runtime + (artifact(created).bytecode if created else b"")


@each
def test_immutables_are_what_is_pushed(contract):
    """So whatever value they get is never an instruction."""
    code = executed(contract.runtime)
    places = [place for group in contract.immutable_references.values() for place in group]
    assert all(code.get(place["start"] - 1) == PUSH32 for place in places)
    assert all(place["length"] == 32 for place in places)


@each
def test_every_instruction_is_one_of_cancun(contract):
    assert used(contract) <= CANCUN


@each
def test_sizes_are_within_the_limits(contract):
    assert len(contract.runtime) <= MOST_CODE
    assert len(contract.bytecode) <= MOST_INIT_CODE


# -------------------------------------------------------------------------------- the page


def opcode_rows() -> list[str]:
    return [
        _row(
            contract.name,
            f"{len(contract.runtime):,}",
            f"{MOST_CODE - len(contract.runtime):,}",
            f"{len(contract.bytecode):,}",
            ", ".join(name for name, opcode in WATCHED.items() if opcode in used(contract)),
        )
        for contract in contracts()
    ]


def gas_rows() -> list[str]:
    return [_row(label, f"{FIGURES[label]:,}", _share(FIGURES[label])) for label in GAS]


def _share(gas: int) -> str:
    return f"{gas * 100 / GAS_LIMIT:.1f} %"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def rows_under(heading: str, wanted: Sequence[str]) -> list[str]:
    """The rows of the table under a heading; with `PRORATA_CHAINS=update`, once they are so."""
    text = PAGE.read_text(encoding="utf-8")
    section = re.search(rf"^## {heading}\n(?:(?!## ).*\n)*?\|[-:| ]+\|\n", text, re.MULTILINE)
    assert section, heading
    found = re.compile(r"(?:\|.*\n)*").match(text, section.end())
    assert found
    if os.environ.get("PRORATA_CHAINS") == "update":
        table = "".join(f"{row}\n" for row in wanted)
        PAGE.write_text(text[: found.start()] + table + text[found.end() :], encoding="utf-8")
        return list(wanted)
    return found[0].splitlines()


def test_the_table_of_opcodes_and_sizes_is_what_the_artifacts_say():
    wanted = opcode_rows()
    assert rows_under("Opcodes and sizes", wanted) == wanted


def test_the_table_of_gas_is_what_was_measured():
    wanted = gas_rows()
    assert rows_under("Gas", wanted) == wanted


def test_opcodes_that_no_contract_uses_are_named():
    """All that are watched are either in the table or in this sentence."""
    seen = set().union(*(used(contract) for contract in contracts()))
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    sentence = re.search(r"Used by none: (.*?)\.", text)
    assert sentence
    assert re.findall(r"`(\w+)`", sentence[1]) == sorted(
        name for name, opcode in WATCHED.items() if opcode not in seen
    )


def test_the_page_names_the_compiler_and_its_target():
    text = PAGE.read_text(encoding="utf-8")
    assert f"solc {compiler().version}" in text
    assert f"`{compiler().settings['evmVersion']}`" in text
