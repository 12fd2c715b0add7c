"""errors.py: sentences a person can act on, and one tree to catch."""

from __future__ import annotations

import copy
import pickle

import pytest

from prorata import errors
from prorata.errors import (
    ChainError,
    InputError,
    NoEligibleShares,
    Problem,
    ProrataError,
    RevertError,
)

FRACTION = Problem(
    14, "shares", "1.5", "is not a whole number of shares", "write whole shares only"
)


def test_a_problem_reads_as_one_sentence_with_its_place() -> None:
    assert str(FRACTION) == (
        'line 14, shares: "1.5" is not a whole number of shares; write whole shares only'
    )


def test_a_problem_without_a_place_starts_with_its_value() -> None:
    assert str(Problem(None, None, "x", "is odd", "even it")) == '"x" is odd; even it'
    assert str(Problem(3, None, "x", "is odd", "even it")) == 'line 3: "x" is odd; even it'
    assert str(Problem(None, "rate", "x", "is odd", "even it")) == 'rate: "x" is odd; even it'


def test_what_cannot_be_seen_is_spelled_out_and_long_values_are_cut() -> None:
    assert str(Problem(None, None, "1\u200b0\n", "is odd", "fix")) == ('"1\\u200b0\\n" is odd; fix')
    assert str(Problem(None, None, "Łódź", "is odd", "fix")) == '"Łódź" is odd; fix'
    assert str(Problem(None, None, "9" * 500, "is long", "cut")) == (
        f'"{"9" * 100}…{"9" * 100}" is long; cut'
    )


def test_one_problem_is_the_message_and_several_are_a_counted_list() -> None:
    other = Problem(15, "address", "", "is blank", "write the holder's address")

    assert str(InputError([FRACTION])) == str(FRACTION)
    assert str(InputError([FRACTION, other], "holders.csv")) == (
        f"2 problems in holders.csv:\n  {FRACTION}\n  {other}"
    )


def test_an_input_error_without_problems_is_a_mistake_of_the_programmer() -> None:
    with pytest.raises(ValueError, match="an InputError needs at least one problem"):
        InputError([])


def test_the_remedy_follows_the_sentence() -> None:
    error = ProrataError("the journal is locked", "wait for the other run to end")

    assert str(error) == "the journal is locked; wait for the other run to end"
    assert (error.sentence, error.remedy) == (
        "the journal is locked",
        "wait for the other run to end",
    )
    assert str(ProrataError("nothing to do")) == "nothing to do"


def test_a_revert_names_the_contracts_error_and_its_values() -> None:
    error = RevertError("RecordNotClosed", {"recordId": 3, "closesAt": 1_700_000_000})

    assert str(error) == ("the contract refused: RecordNotClosed(recordId=3, closesAt=1700000000)")
    assert (error.error, error.arguments["recordId"]) == ("RecordNotClosed", 3)
    assert str(RevertError("Paused", remedy="unpause first")) == (
        "the contract refused: Paused(); unpause first"
    )


@pytest.mark.parametrize("name", [name for name in errors.__all__ if name != "Problem"])
def test_every_error_is_caught_as_a_prorata_error_and_drawn_in_the_tree(name: str) -> None:
    assert issubclass(getattr(errors, name), ProrataError)
    assert name in (errors.__doc__ or "")


def test_a_revert_is_a_chain_error_and_bad_input_is_not() -> None:
    assert issubclass(RevertError, ChainError)
    assert not issubclass(InputError, ChainError)


@pytest.mark.parametrize(
    "error",
    [
        ProrataError("a", "b"),
        InputError([FRACTION], "holders.csv"),
        InputError.of("rate", 10_001, "is too much", "write less"),
        NoEligibleShares(5, 2),
        RevertError("Paused", {"until": 4}, "wait"),
        ChainError("the node is silent", "start it"),
    ],
)
def test_errors_survive_copying_and_other_processes(error: ProrataError) -> None:
    for copied in (copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert type(copied) is type(error)
        assert str(copied) == str(error)
        assert vars(copied) == vars(error)
