"""The list of attacks is whole: each line has tests of its code, and a mutant or a reason for none.

What goes wrong in systems like this one is known from others; the list has a code for each. Tests
of the contracts carry the code in their names; those of what runs off the chain are named here.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from prorata.toolchain.paths import PROJECT_ROOT
from tests.assurance.attacks.mutants import MUTANTS

CODES = {
    "A1": "late settlement on mint or transfer",
    "A2": "burn before claiming loses income",
    "A3": "transfer to oneself or of nothing counts twice",
    "A4": "a declaration with no eligible shares",
    "A5": "rounding of small decimals",
    "A6": "overflow of a product bricks transfers",
    "A7": "dust by splitting, merging and many transfers",
    "A8": "donated balance counted as income",
    "A9": "a distribution topped up after some have claimed",
    "A10": "withholding of everything, exclusion twice, exclusion by live balance",
    "A11": "marked paid though the transfer failed",
    "A12": "one bad currency bricks transfers of shares",
    "A13": "forced claim to an old wallet",
    "A14": "pages over changing balances",
    "B1": "bought just before, sold just after",
    "B2": "history misses a mint or burn, or is written after a call",
    "B3": "one second before, at and after the record",
    "B4": "a record in the past, unfinished or unknown",
    "C1": "shares held by the token itself, a pool or an escrow",
    "C2": "income after a forced transfer",
    "C3": "recovery loses income, freezes or allowances",
    "C4": "recovery to itself, to a holder, twice, in a circle",
    "D": "currencies of every nature",
    "E1": "a receiver that reverts, burns gas or returns a megabyte",
    "E2": "coins forced in; value counted twice",
    "E3": "re-entry, into views too",
    "F1": "a frozen spender",
    "F2": "frozen amount above balance",
    "F3": "a pause that misses a path",
    "F4": "a holder count that drifts",
    "F5": "rules that revert, lie, re-enter or burn gas",
    "F6": "a role check missing on one function",
    "G": "signatures replayed, forged, expired or brought ahead",
    "H": "roles and deployment; loops without bound",
    "I1": "a crash after sending, before noting it",
    "I2": "a nonce used elsewhere, a gas spike, the wrong chain, a time-out",
    "I3": "a reorganisation under the ledger",
    "I4": "a file with floats, duplicates, look-alike letters or false sums",
    "I5": "a key in a log, a traceback or a process list",
}

OFF_THE_CHAIN = {
    "I1": (
        "prorata/chain/test_operator.py::test_a_run_that_is_killed_anywhere_is_finished_by_the_next",
        "prorata/chain/test_operator.py::test_signed_but_not_sent_is_sent_as_the_same_bytes",
        "prorata/chain/test_journal.py::test_killed_at_any_byte_the_whole_lines_before_are_read_and_written_on",
    ),
    "I2": (
        "prorata/chain/test_operator.py::test_a_nonce_used_elsewhere_stops_the_run_and_can_be_given_up",
        "prorata/chain/test_operator.py::test_another_chain_is_refused",
        "prorata/chain/test_operator.py::test_what_is_not_mined_in_time_says_so_and_the_next_run_waits_on",
        "prorata/deployments/test_deployer.py::test_other_code_at_the_address_is_noticed",
        "prorata/chain/test_node.py::test_a_range_that_a_provider_refuses_is_halved",
    ),
    "I4": (
        "prorata/register/test_captable.py::test_look_alike_letters_and_hidden_characters_are_named",
        "prorata/register/test_captable.py::test_a_duplicate_address_is_refused_in_any_letter_case",
        "prorata/register/test_captable.py::test_a_wrong_checksum_is_refused",
        "prorata/register/test_captable.py::test_shares_that_are_no_count_are_refused",
        "prorata/register/test_captable.py::test_every_problem_of_a_file_is_listed_at_once_with_its_line",
    ),
    "I5": ("prorata/chain/test_journal.py::test_no_key_is_ever_written",),
}  # fmt: skip

LIMITS = {
    "I3": "The books are read anew from the chain's events each time: nothing of an abandoned block"
    " is kept. How many blocks to wait for is the network's `required_confirmations`.",
}

WITHOUT_TWIN = {
    "I1": "no contract",
    "I2": "no contract",
    "I3": "no contract",
    "I4": "no contract",
    "I5": "no contract",
}


@pytest.fixture(scope="module")
def functions() -> set[str]:
    """Every test by file and name."""
    tests = PROJECT_ROOT / "tests"
    return {
        f"{path.relative_to(tests).as_posix()}::{name}"
        for path in tests.rglob("test_*.py")
        for name in re.findall(r"(?m)^def (test_\w+)\(", path.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("code", CODES)
def test_each_line_of_the_list_has_its_test(functions, code):
    """Named by its code, or here; or it is a known limitation."""
    named = {test for test in functions if f"::test_{code}_" in test}
    here = set(OFF_THE_CHAIN.get(code, ()))
    assert here <= functions, here - functions
    assert named or here or code in LIMITS


@pytest.mark.parametrize("code", CODES)
def test_each_line_of_the_list_has_its_twin(code):
    """A defence that cannot be missed if it is gone; what is off the chain has none here."""
    assert (code in {mutant.code for mutant in MUTANTS}) != (code in WITHOUT_TWIN)


def test_every_twin_is_of_the_list_and_told_apart():
    """By its name, and its test is there."""
    assert {mutant.code for mutant in MUTANTS} <= CODES.keys()
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_twin_differs_in_one_place(mutant):
    """The source that it changes has the place once: who changes it moves the mutant along."""
    text = Path(PROJECT_ROOT / "contracts" / mutant.file).read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1
    assert mutant.old != mutant.new
