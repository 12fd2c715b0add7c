"""How much of the contracts their tests run: measured, not estimated, and held to."""

from __future__ import annotations

import json
from contextlib import suppress

import pyrevm
import pytest
from eth_abi.abi import encode

from prorata.toolchain.compiler import SETTINGS, compile_standard
from prorata.toolchain.paths import PROJECT_ROOT
from tests.assurance.coverage.marks import Marked, with_marks
from tests.assurance.coverage.plugin import LEFT_OUT
from tests.assurance.coverage.run import RESULTS, TABLE, digest, lacking, summed, table


@pytest.fixture(scope="module")
def results():
    return json.loads(RESULTS.read_text(encoding="utf-8"))


def test_the_measurement_is_of_these_contracts(results):
    """Whoever changes a contract measures anew: `make coverage`."""
    assert results["sources"] == digest()
    assert TABLE.read_text(encoding="utf-8") == table(results)


def test_every_line_and_nearly_every_branch_has_been_run(results):
    """Those that no test can run are named in `run.py`."""
    assert lacking(results) == []


def test_a_line_or_too_many_branches_missed_are_noticed(results):
    """By file, line and text; by percentage."""
    name = "contracts/examples/FlatTax.sol"
    files = {**results["files"], name: {**results["files"][name], "missedLines": [1]}}
    total = {**results["total"], "branches": 1_600, "missedBranches": 40}
    reported = lacking({**results, "files": files, "total": total})
    assert reported == [
        f"{name}, line 1 has not been run; test what it is for: // SPDX-License-Identifier: MIT",
        "97.50 % of branches is less than 98 %",
    ]


def test_what_the_measurement_leaves_out_is_there():
    """A test that was renamed would be let in again, and fail."""
    text = "\n".join(path.read_text("utf-8") for path in PROJECT_ROOT.glob("tests/**/test_*.py"))
    names = {name.partition("[")[0] for name in LEFT_OUT}
    assert [name for name in sorted(names) if f"\ndef {name}(" not in text] == []


# ------------------------------------------------------------------------------- the marks

SMALL = """\
// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;
contract Small {
    fallback(bytes calldata data) external returns (bytes memory) {
        return abi.encode(pick(uint8(data[31])));
    }
    function pick(uint256 x) internal pure returns (uint256 y) {
        if (x > 3 && (x < 7 || x == 9)) revert("refused");
        else if (x == 2) return x;
        for (uint256 i = 0; i < x; ++i) y += x == 3 ? i : 1;
        assembly {
            switch x
            case 0 { y := 8 }
            if eq(x, 1) { y := add(y, 9) }
        }
    }
}
"""


def small() -> tuple[bytes, Marked]:
    """A contract of every kind of branch, with its marks."""
    marked = Marked()
    source = {
        "language": "Solidity",
        "sources": {"contracts/Small.sol": {"content": SMALL}},
        "settings": {**SETTINGS, "outputSelection": {"*": {"Small": ["evm.bytecode.object"]}}},
    }
    output = compile_standard(with_marks(source, marked))
    contract = output["contracts"]["contracts/Small.sol"]["Small"]
    return bytes.fromhex(contract["evm"]["bytecode"]["object"]), marked


def played(*numbers: int) -> dict[str, list[str]]:
    """What is missed when the contract is asked about these numbers, reverts and all."""
    code, marked = small()
    evm = pyrevm.EVM()
    caller = "0x" + "a5" * 20
    address = evm.deploy(caller, code)
    for number in numbers:
        before = evm.snapshot()
        with suppress(RuntimeError):
            evm.message_call(caller, address, encode(["uint256"], [number]), is_static=True)
        evm.revert(before)
    met = {int(looked_up, 16) for looked_up in evm.db_accounts}
    found = summed((place, mark in met) for place, mark in marked.marks.items())
    return found["files"]["contracts/Small.sol"]


def test_a_contract_that_nobody_calls_has_run_nowhere():
    found = played()
    assert found["lines"] == len(found["missedLines"]) == 8
    assert found["branches"] == len(found["missedBranches"]) == 18


def test_a_revert_and_a_view_leave_marks_too():
    found = played(5)
    assert found["missedLines"] == [9, 10, 11, 12, 13, 14]
    assert [reported for reported in found["missedBranches"] if reported.startswith("8:")] == [
        "8:13 if: false", "8:13 operand of &&: false", "8:23 operand of ||: false",
        "8:32 operand of ||: false", "8:32 operand of ||: true",
    ]  # fmt: skip


def test_each_outcome_is_told_apart():
    every_number = (0, 1, 2, 3, 5, 8, 9)
    assert played(*every_number)["missedBranches"] == []
    assert played(*every_number)["missedLines"] == []
    assert played(*set(every_number) - {3})["missedBranches"] == ["10:46 ?:: true"]
    assert played(*set(every_number) - {0})["missedBranches"] == ["13:20 switch: case 0"]
    assert played(*set(every_number) - {9})["missedBranches"] == ["8:32 operand of ||: true"]
