"""The list of attacks is whole: each line has tests of its code, and a mutant or a reason for none.

What goes wrong in systems like this one is known from others; the list has a code for each. A test
that performs an attack is marked with the code: `@pytest.mark.attack("A7")`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
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
    "J1": "a part so small that its price rounds to nothing",
    "J2": "a part that does not divide the price",
    "J3": "an order replayed: on a fork, a clone, another chain, after a cancel or a recovery",
    "J4": "a wallet that changes its mind; an account with both key and code",
    "J5": "an order that rests over an ex-date",
    "J6": "a maker who withdraws its allowance or its shares",
    "J7": "a token that calls back, takes a fee, or moves nothing and says so softly",
    "K1": "a record far in the future bars all earlier ones",
    "K2": "loops that outgrow a transaction years later",
    "K3": "an agent of one asset acts on all through what they share",
    "K4": "a recovered wallet keeps its roles",
    "K5": "a recovery beside another's compliance: its order, a fee on it, whose the new wallet is",
    "K9": "dust that strangers declare for an asset",
    "K10": "money declared for a record that is cancelled",
    "K11": "one typo that cannot be taken back",
    "K6": "who is to be paid asked twice, with different answers",
    "K7": "a flag that reaches back to what was declared before it",
    "K8": "gas for the payee: too little for a claim of its own, too much for a page",
    "J8": "an allowance taken for a commitment",
    "J9": "a secret at the last second, taken back by a reorganisation, or of another length",
    "J10": "an agent overwrites or takes what is held",
    "J20": "shares issued during a buy-out",
    "J21": "a buy-out for nothing, without notice, or by an agent",
    "J22": "shares moved to a fresh wallet between two pages",
    "J23": "money of all exchanges in one pot; a price set again; a unit that is stuck",
    "J24": "a vote replayed, by a lost key, or by a holder and its proxy both",
    "J25": "shares that are bought for a meeting and lent back",
    "J26": "a stock dividend that the vault still has while the next record closes",
    "J27": "fractions gamed by a holding spread over wallets",
    "J28": "a day count without its reference period; 24:00; 29 February; a stub of zero days",
    "J31": "a token that refuses while the secret is out",
    "J11": "one person with many wallets, over the limit of a person",
    "J12": "an order that moves the price and is taken back",
    "J13": "a crowd of the smallest orders, to delay all others",
    "J14": "a payee that is blocked, a currency that burns gas or answers a megabyte",
    "J15": "terms, rules or a pause that change in the middle of a call",
    "J16": "shares and proceeds of a sale that may yet be undone",
    "J17": "refunds of a call that lives",
    "J18": "a valuer with a wild, an old or a late price; orders that know it",
    "J19": "a tie of prices at which better orders do not fit",
    "J29": "terms that make no sense",
    "J30": "the chain's coin, and strays",
}

LIMITS = {
    "I3": "The books are read anew from the chain's events each time: nothing of an abandoned block"
    " is kept. How many blocks to wait for is the network's `required_confirmations`.",
}

WITHOUT_MUTANT = {
    "I1": "no contract",
    "I2": "no contract",
    "I3": "no contract",
    "I4": "no contract",
    "I5": "no contract",
    "J26": "no contract: the command asks for the next record first",
    "J28": "no contract: schedules are computed off the chain",
    "J30": "nothing takes the chain's coin: there is no defence to take out",
    "K11": "no contract: the door asks before it is too late",
    "K9": "no contract: anyone may declare, and it is the door that must not be stopped",
}


def written() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every test of a module, with the file that it is in."""
    for path in sorted((PROJECT_ROOT / "tests").rglob("test_*.py")):
        file = path.relative_to(PROJECT_ROOT).as_posix()
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                yield file, node


def marked() -> Iterator[tuple[str, str]]:
    """Every test that performs an attack, as pytest names it, and the attack's code."""
    for file, test in WRITTEN:
        yield from ((f"{file}::{test.name}", code) for code in codes_of(test))


def codes_of(test: ast.FunctionDef) -> Iterator[str]:
    """The codes in `@pytest.mark.attack(...)` above a test."""
    for decorator in test.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.attack":
            yield from (ast.literal_eval(code) for code in decorator.args)


WRITTEN = list(written())
MARKED = set(marked())


@pytest.mark.parametrize("code", CODES)
def test_each_line_of_the_list_has_its_test(code):
    """Marked with its code; or it is a known limitation."""
    assert (code in {code for _, code in MARKED}) != (code in LIMITS)


def test_no_test_is_marked_with_a_code_that_is_not_in_the_list():
    """A code that is misspelt would be looked for in vain."""
    assert {code for _, code in MARKED} <= CODES.keys()


def test_the_tests_that_the_page_names_are_there():
    """A test that is renamed is renamed there, too."""
    page = (PROJECT_ROOT / "tests/assurance/README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_[a-z0-9]\w*)`", page))
    assert len(named) >= 10
    assert named <= {test.name for _, test in WRITTEN}


def test_whoever_notices_a_mutant_performs_its_attack():
    """The test that a mutant names is marked with the mutant's code."""
    assert {(mutant.node, mutant.code) for mutant in MUTANTS} <= MARKED


@pytest.mark.parametrize("code", CODES)
def test_each_line_of_the_list_has_its_mutant(code):
    """A defence that cannot be missed if it is gone; what is off the chain has none here."""
    assert (code in {mutant.code for mutant in MUTANTS}) != (code in WITHOUT_MUTANT)


def test_every_mutant_is_of_the_list_and_has_a_name_of_its_own():
    """By its name, and its test is there."""
    assert {mutant.code for mutant in MUTANTS} <= CODES.keys()
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_differs_in_one_place(mutant):
    """The source that it changes has the place once: who changes it moves the mutant along."""
    text = Path(PROJECT_ROOT / "contracts" / mutant.file).read_text(encoding="utf-8")
    assert text.count(mutant.old) == 1
    assert mutant.old != mutant.new
