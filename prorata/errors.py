# SPDX-License-Identifier: MIT
"""Everything prorata can refuse, as one tree.

    ProrataError                 the root: catch this to catch them all
    ├── InputError               what a person wrote is wrong; lists every `Problem` found
    ├── NoEligibleShares         a distribution that nobody could receive
    ├── BuildError               the toolchain or a compilation failed
    ├── DeploymentError          the deployed contracts are not what was expected
    ├── JournalError             the journal of sent transactions cannot be trusted or written
    ├── BooksError               the books and the chain, or the books and the law, disagree
    ├── StoreError               the ledger's database cannot be opened, written or trusted
    │   ├── IncompleteError      the ledger has not got as far as it was asked
    │   └── MomentGoneError      a moment whose pages were read was undone meanwhile
    └── ChainError               the chain or its node refused or did not answer
        └── RevertError          a contract refused, with its named error and arguments

Every message is one sentence that names the value and the rule, and then the remedy after a
semicolon, so that it can be shown as it stands to the person who must act on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = [
    "BooksError",
    "BuildError",
    "ChainError",
    "DeploymentError",
    "IncompleteError",
    "InputError",
    "JournalError",
    "MomentGoneError",
    "NoEligibleShares",
    "Problem",
    "ProrataError",
    "RevertError",
    "StoreError",
]

RUN_AGAIN = "run the same command again"
"""The remedy for what may pass by itself: a run never does twice what it has done."""

LONGEST_SHOWN = 200
"""Characters: room for a path, whose end is what tells files apart."""


@dataclass(frozen=True)
class Problem:
    """One fault in something a person wrote.

    `line` counts physical lines from 1 and is None when the fault belongs to no single line;
    `column` names the column, option or argument; `value` is what was written, unchanged;
    `rule` completes the sentence that starts with the value; `remedy` says what to write.
    """

    line: int | None
    column: str | None
    value: str
    rule: str
    remedy: str

    @property
    def place(self) -> str:
        """Where it stands, as the sentence begins: `line 3, shares`."""
        places = [] if self.line is None else [f"line {self.line}"]
        if self.column is not None:
            places.append(self.column)
        return ", ".join(places)

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        return f"{where}{_quoted(self.value)} {self.rule}; {self.remedy}"


class ProrataError(Exception):
    """A refusal: `sentence` names the value and the rule, `remedy` says what to do about it."""

    def __init__(self, sentence: str, remedy: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.remedy = remedy

    def __str__(self) -> str:
        return self.sentence if self.remedy is None else f"{self.sentence}; {self.remedy}"

    def as_json(self) -> dict[str, Any]:
        """For a program: `kind` is the class, `rule` says what is wrong with `value`, if any."""
        return {
            "kind": type(self).__name__,
            "value": None,
            "rule": self.sentence,
            "remedy": self.remedy,
        }


class InputError(ProrataError):
    """What a person wrote is wrong. `problems` holds every fault found, in reading order."""

    def __init__(self, problems: Iterable[Problem], subject: str = "the input") -> None:
        self.problems = tuple(problems)
        self.subject = subject
        if not self.problems:
            raise ValueError("an InputError needs at least one problem")
        super().__init__(_listing(self.problems, subject), None)
        self.args = (self.problems, subject)

    @classmethod
    def of(cls, column: str | None, value: object, rule: str, remedy: str) -> InputError:
        """The error of a single value that stands in no file."""
        return cls([Problem(None, column, str(value), rule, remedy)])

    def as_json(self) -> dict[str, Any]:
        """The first problem, and all of them under `problems`."""
        first = self.problems[0]
        return {
            "kind": type(self).__name__,
            "value": first.value,
            "rule": first.rule,
            "remedy": first.remedy,
            "problems": [asdict(problem) for problem in self.problems],
        }


class NoEligibleShares(ProrataError):  # noqa: N818 - the law's own word for it
    """A distribution of `amount` units that nobody could receive; `accounts` were looked at."""

    def __init__(self, amount: int, accounts: int) -> None:
        super().__init__(
            f"a distribution of {amount} units has no eligible shares among {accounts} accounts",
            "leave at least one holder with shares outside the excluded accounts",
        )
        self.amount = amount
        self.accounts = accounts
        self.args = (amount, accounts)


class BuildError(ProrataError):
    """The toolchain is missing or a contract did not compile."""


class DeploymentError(ProrataError):
    """A deployment is missing, on another chain, or has other code than expected."""


class JournalError(ProrataError):
    """The journal of sent transactions is damaged, locked, or belongs to another run."""


class BooksError(ProrataError):
    """Two accounts of the same money differ."""


class StoreError(ProrataError):
    """The ledger's database cannot be opened, written or trusted; nothing in it was changed."""


class IncompleteError(StoreError):
    """The ledger has not read the chain as far as it was asked."""


class MomentGoneError(StoreError):
    """The moment of which pages were read is no longer in the ledger: it was undone or rebuilt."""


class ChainError(ProrataError):
    """The chain or the node in front of it refused, or gave no answer."""


class RevertError(ChainError):
    """A contract refused: `error` is the name of its custom error, `arguments` its values."""

    def __init__(
        self,
        error: str,
        arguments: Mapping[str, object] | None = None,
        remedy: str | None = None,
    ) -> None:
        self.error = error
        self.arguments = dict(arguments or {})
        values = ", ".join(f"{name}={value}" for name, value in self.arguments.items())
        super().__init__(f"the contract refused: {error}({values})", remedy)
        self.args = (error, self.arguments, remedy)

    def as_json(self) -> dict[str, Any]:
        """The name of the contract's error is the value; its arguments stand beside it."""
        arguments = {name: _plain(value) for name, value in self.arguments.items()}
        return {**super().as_json(), "value": self.error, "arguments": arguments}


def _plain(value: object) -> object:
    """An argument as JSON has it: whole numbers as text, since many readers round large ones."""
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    return value if isinstance(value, bool) else str(value)


def _listing(problems: tuple[Problem, ...], subject: str) -> str:
    """One problem as its own sentence; several as a counted list, one a line."""
    if len(problems) == 1:
        return str(problems[0])
    lines = "\n".join(f"  {problem}" for problem in problems)
    return f"{len(problems):,} problems in {subject}:\n{lines}"


def _quoted(value: str) -> str:
    """The value between quotes, its middle cut out when long, what cannot be seen as an escape."""
    half = LONGEST_SHOWN // 2
    shown = value if len(value) <= LONGEST_SHOWN else f"{value[:half]}…{value[-half:]}"
    visible = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in shown
    )
    return f'"{visible}"'
