# SPDX-License-Identifier: MIT
"""Distributions that people write down, read strictly: a YAML or CSV file, or a command's options.

One distribution, or several under `distributions:`, or one on each line of a CSV file:

    record        the record date's number; or else
    record_range  the number of a range of record dates that is paid as one
    currency      an address, ETH, or a symbol of the asset
    amount        in whole units, as text: "85,000.00"; or else
    per_share     so much for each share that earns, exactly: 0.125; the record must have closed
    kind          dividend, interest, rent, return-of-capital, principal
    reference     what it is for; tells two alike apart
    document      in its place: a file whose SHA-256 is kept, or a hash as 0x, such as a sheet's
    payable_from  and deadline: moments such as 2027-03-31T23:59:59Z
    sweep_to      who receives what is unclaimed at the deadline
    exclude       accounts that earn nothing: a list, in CSV separated by spaces
    tax_policy    who says what is withheld: the name of a policy of the asset, or an address
    push          true: pay everybody afterwards

A record or a record range, currency, amount and kind must be there. Everything wrong with a file,
in its words and against the chain, is reported at once with its line, and then nothing has been
sent. Numbers that YAML would read as its own, and with that change, are refused: amounts and
addresses belong in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, TypeVar

import yaml
from eth_utils.crypto import keccak
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from prorata.chain.operator import Operator
from prorata.contracts.currency import Currency, parse_amount
from prorata.contracts.vault import Terms
from prorata.deployments.deployment import Deployment
from prorata.errors import ChainError, DeploymentError, InputError, NoEligibleShares, Problem
from prorata.files.csv_reader import Sheet
from prorata.files.old_names import OldNames
from prorata.income.declarations import (
    Declaration,
    faults,
    is_declared,
    lacking,
    record_token,
    require_eligible,
)
from prorata.income.per_share import amount_per_share, parse_rate_per_share
from prorata.register.documents import hash_of
from prorata.tax.policies import find_policy
from prorata.values.addresses import ZERO_ADDRESS, check_address
from prorata.values.amounts import strange_character
from prorata.values.kinds import Kind
from prorata.values.times import moment, parse_instant

__all__ = ["EXAMPLE", "FIELDS", "KINDS", "Draft", "Drafts", "Word", "read_drafts", "resolve"]

EXAMPLE = "examples/building/distribution.yaml"
KINDS = tuple(kind.label.replace(" ", "-") for kind in Kind)
REQUIRED = ("currency", "amount", "kind")
OPTIONAL = (
    "per_share",
    "record",
    "record_range",
    "reference",
    "document",
    "payable_from",
    "deadline",
    "sweep_to",
    "exclude",
    "tax_policy",
    "push",
)
FIELDS = (*REQUIRED, *OPTIONAL)
RENAMED_FIELDS = {"stream": "record_range"}
"""Fields that files may have by an old name."""

LONGEST_REFERENCE = 200
LONGEST_HEADER = 1_000
NO_UTF_8 = "it is not UTF-8"
MAX_EXCLUDED = 32  # what `DividendVault` looks through at most

_WHOLE = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_HASH = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)
_YAML_KINDS = {"int": "a number", "float": "a number", "bool": "true or false"}
# What may be something else than text to YAML, since its own words are kept.
_NOT_TEXT = {
    **dict.fromkeys(("record", "record_range"), ("int",)),
    **dict.fromkeys(("payable_from", "deadline"), ("timestamp",)),
    # Its very words are read, so that nothing is lost.
    "per_share": ("int", "float"),
    "push": ("bool",),
}

T = TypeVar("T")


class Word(NamedTuple):
    """What stands in a field, and on which line of a file."""

    text: str
    line: int | None = None


@dataclass(frozen=True)
class Draft:
    """A distribution as it was written; fields left out are not in `words`."""

    words: Mapping[str, Word]
    excluded: Sequence[Word] = ()
    line: int | None = None

    def column(self, name: str) -> str:
        """What a field is called where it was written."""
        return name.replace("-", "_") if self.line else name.replace("_", "-")

    def line_of(self, name: str) -> int | None:
        """Where a field stands, or else the distribution."""
        word = self.words.get(name.replace("-", "_"))
        return self.line if word is None else word.line


@dataclass
class Drafts:
    """All distributions of a file, and what is wrong with its form."""

    subject: str = "the distribution"
    drafts: list[Draft] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    """What whoever keeps the file should know of it."""

    def add(self, line: int | None, column: str | None, value: str, rule: str, remedy: str) -> None:
        """Note a fault."""
        self.problems.append(Problem(line, column, value, rule, remedy))


# ---------------------------------------------------------------------------------------- reading


def read_drafts(path: Path) -> Drafts:
    """The distributions in a YAML or CSV file; faults in single fields are left to `resolve`.

    Raises: InputError when it cannot be read at all.
    """
    suffix = path.suffix.lower()
    if suffix not in (".yaml", ".yml", ".csv"):
        raise InputError.of(
            "from", path, "is neither YAML nor CSV by its name", f"see {EXAMPLE} for how it looks"
        )
    content = Sheet.read(path, "YAML or CSV")
    read = _read_csv if suffix == ".csv" else _Yaml.read
    return read(content, str(path))


def _read_csv(content: bytes, subject: str) -> Drafts:
    required, optional = list(REQUIRED), list(OPTIONAL)
    if b"per_share" in content[:LONGEST_HEADER].partition(b"\n")[0].lower():
        required.remove("amount")
        optional.append("amount")
    sheet = Sheet(subject, required, optional=optional, row="distribution", renamed=RENAMED_FIELDS)
    drafts = Drafts(subject, problems=sheet.problems)
    for number, row in sheet.rows(content):
        words = {name: Word(cell, number) for name, cell in row.items() if cell}
        excluded = words.pop("exclude", Word("")).text.split()
        # A column that is missing was noted once, and is not missing in each row, too.
        words |= {name: Word("") for name in required if name not in row}
        drafts.drafts.append(Draft(words, [Word(cell, number) for cell in excluded], number))
    drafts.notices += sheet.notices
    return drafts


class _Yaml:
    """Reads YAML's nodes, which keep lines and the very words, not the values it makes of them."""

    def __init__(self, subject: str) -> None:
        self.drafts = Drafts(subject)
        self.old_names = OldNames(subject, RENAMED_FIELDS)

    @classmethod
    def read(cls, content: bytes, subject: str) -> Drafts:
        """The drafts in the content of a file."""
        reader = cls(subject)
        try:
            root = yaml.compose(content.decode(), Loader=yaml.SafeLoader)
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            other = "it is nested too deeply" if isinstance(error, RecursionError) else NO_UTF_8
            reason = getattr(error, "problem", None) or other
            problem = Problem(
                None if mark is None else mark.line + 1,
                None,
                subject,
                f"is not YAML ({reason})",
                f"start from {EXAMPLE}",
            )
            raise InputError([problem], subject) from None
        reader.document(root)
        reader.drafts.notices += reader.old_names.notices
        return reader.drafts

    def document(self, root: Node | None) -> None:
        """One distribution, or a list of them."""
        if not isinstance(root, MappingNode):
            self._fault(root, None, "holds no distribution")
            return
        keys = [key.value for key, _ in root.value]
        if "distributions" not in keys:
            self.distribution(root)
            return
        for key, value in root.value:
            if key.value != "distributions":
                self._unknown(key, "distributions")
            elif not isinstance(value, SequenceNode) or not value.value:
                self._fault(value, "distributions", "is no list of distributions")
            else:
                for entry in value.value:
                    self.distribution(entry)

    def distribution(self, node: Node) -> None:
        """One of them."""
        if not isinstance(node, MappingNode):
            self._fault(node, None, "is no distribution")
            return
        words: dict[str, Word] = {}
        excluded: list[Word] = []
        seen: set[str] = set()
        for key, value in node.value:
            name = self.old_names.current(key.value) if isinstance(key, ScalarNode) else "?"
            if name not in FIELDS:
                self._unknown(key, *FIELDS)
            elif name in seen:
                self.drafts.add(_line(key), name, name, "is there twice", "keep one of them")
            elif name == "exclude":
                excluded = list(self._accounts(value))
            elif (word := self._word(name, value)) is not None:
                words[name] = word
            seen.add(name)
        # A field that could not be read is not missing, too.
        for name in seen - set(words):
            words.setdefault(name, Word("", None))
        self.drafts.drafts.append(Draft(words, excluded, _line(node)))

    def _accounts(self, node: Node) -> Iterator[Word]:
        if not isinstance(node, SequenceNode):
            self._fault(node, "exclude", "is no list of accounts")
            return
        for entry in node.value:
            if (word := self._word("exclude", entry)) is not None:
                yield word

    def _word(self, name: str, node: Node) -> Word | None:
        if not isinstance(node, ScalarNode):
            self._fault(node, name, "is not a single value")
            return None
        kind = node.tag.rpartition(":")[2]
        if kind == "null" or not node.value:
            self.drafts.add(_line(node), name, node.value, "is blank", "write it, or leave it out")
        elif kind != "str" and kind not in _NOT_TEXT.get(name, ()):
            rule = f"is {_YAML_KINDS.get(kind, f'a {kind}')} to YAML"
            self.drafts.add(_line(node), name, node.value, rule, "write it in quotes")
        else:
            return Word(node.value, _line(node))
        return None

    def _unknown(self, key: Node, *known: str) -> None:
        value = key.value if isinstance(key, ScalarNode) else "?"
        self.drafts.add(_line(key), None, value, "is no field", f"use {', '.join(known)}")

    def _fault(self, node: Node | None, column: str | None, rule: str) -> None:
        shown = node.value if isinstance(node, ScalarNode) else self.drafts.subject
        line = None if node is None else _line(node)
        self.drafts.add(line, column, shown, rule, f"start from {EXAMPLE}")


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


# -------------------------------------------------------------------------------------- resolving


def resolve(
    drafts: Drafts, operator: Operator, deployment: Deployment, *, dry_run: bool = False
) -> list[Declaration]:
    """The distributions, checked against the asset and the chain as far as can be known.

    What was declared before is not held against the present. A dry run sends nothing that an
    earlier run had only signed, and does without the money.

    Raises: InputError with every fault, in order of lines; ChainError.
    """
    if not dry_run:
        operator.settle()
    problems = list(drafts.problems)
    resolved = []
    for draft in drafts.drafts:
        reader = _DeclarationReader(deployment, draft)
        declaration = reader.declaration()
        problems += reader.problems
        if declaration is not None:
            resolved.append((draft, declaration))
    problems += _repeated(resolved)
    new = [
        (draft, declaration)
        for draft, declaration in resolved
        if not is_declared(operator, deployment, declaration)
    ]
    for place, (draft, declaration) in enumerate(new):
        earlier = [before for _, before in new[:place]]
        problems += _faults(operator, deployment, draft, declaration, after=earlier)
    if not dry_run:
        problems += lacking(operator, [declaration for _, declaration in new])
    if problems:
        # What stands on no line, such as a lack of money, comes last.
        ordered = sorted(problems, key=lambda fault: (fault.line is None, fault.line or 0))
        raise InputError(ordered, drafts.subject)
    return [declaration for _, declaration in resolved]


def _faults(
    operator: Operator,
    deployment: Deployment,
    draft: Draft,
    declaration: Declaration,
    *,
    after: Sequence[Declaration],
) -> Iterator[Problem]:
    found = list(faults(operator, deployment, declaration))
    for problem in found:
        name = problem.column or ""
        yield replace(problem, line=draft.line_of(name), column=draft.column(name))
    if any((problem.column or "").replace("-", "_") == declaration.column for problem in found):
        return
    yield from _hasty_push(operator, deployment, draft, declaration)
    try:
        require_eligible(deployment, declaration, after=after)
    except NoEligibleShares as error:
        if draft.line is None:
            raise
        rule = "has no eligible share, so that nobody would be paid"
        remedy = str(error.remedy)
        column, record = declaration.column, str(declaration.record_id)
        yield Problem(draft.line_of(column), column, record, rule, remedy)


def _hasty_push(
    operator: Operator, deployment: Deployment, draft: Draft, declaration: Declaration
) -> Iterator[Problem]:
    closes_at = record_token(deployment, declaration).record_time(declaration.record_id)
    opens = max(closes_at + 1, declaration.terms.payable_from)
    if declaration.push and opens > operator.chain.now():
        rule = f"can pay nobody before {moment(opens)}"
        remedy = "leave it out, and pay with --push-only after that"
        yield Problem(draft.line_of("push"), "push", "true", rule, remedy)


def _repeated(resolved: Sequence[tuple[Draft, Declaration]]) -> Iterator[Problem]:
    """Distributions of one file that differ in nothing, of which one would not be made."""
    seen: dict[object, int | None] = {}
    for draft, what in resolved:
        contents = (what.column, what.record_id, what.currency.address, what.amount, what.terms)
        if contents in seen:
            reference = draft.words.get("reference", Word("")).text
            rule = f"makes it the same distribution as that on line {seen[contents]}"
            yield Problem(draft.line, "reference", reference, rule, "give each its own reference")
        seen.setdefault(contents, draft.line)


class _DeclarationReader:
    """Makes a declaration of one draft, noting every fault in its fields."""

    def __init__(self, deployment: Deployment, draft: Draft) -> None:
        self.deployment, self.draft = deployment, draft
        self.problems: list[Problem] = []

    def declaration(self) -> Declaration | None:
        """The declaration, or None when there are faults."""
        column = self._record_or_range()
        self._check_required()
        currency = self._field("currency", self.deployment.currency)
        amount = self._field("amount", lambda text: _amount(text, currency))
        rate = self._field("per_share", parse_rate_per_share)
        record_id = self._field(column, self._record_range if column == "record_range" else _record)
        push = self._field("push", _yes)
        terms = Terms(
            kind=self._field("kind", _kind) or Kind.DIVIDEND,
            payable_from=self._instant("payable_from"),
            deadline=self._instant("deadline"),
            sweep_to=self._address("sweep_to"),
            tax_policy=self._field("tax_policy", self._policy) or ZERO_ADDRESS,
            document_hash=self._reference_or_document() or bytes(32),
            excluded=self._excluded(),
        )
        if rate is not None and record_id is not None and not self.problems:
            amount = self._per_share(rate, currency, record_id, terms)
        if self.problems or currency is None or amount is None or record_id is None:
            return None
        return Declaration(
            record_id,
            currency,
            amount,
            terms,
            bool(push),
            self.draft.line,
            record_range=column == "record_range",
        )

    def _check_required(self) -> None:
        """Note what is missing, and what stands beside what it would replace."""
        words = self.draft.words
        for name in REQUIRED:
            if name not in words and not (name == "amount" and "per_share" in words):
                self._missing(name, "add it")
        for other in ("amount", "record_range"):
            if "per_share" in words and other in words:
                word, column = words["per_share"], self.draft.column("per_share")
                rule = f"cannot be given together with {self.draft.column(other)}"
                remedy = "keep one of them"
                if other == "record_range":
                    remedy = "give an amount: a range counts shares by weights, not one by one"
                self.problems.append(Problem(word.line, column, word.text, rule, remedy))

    def _per_share(
        self, rate: Fraction, currency: Currency | None, record_id: int, terms: Terms
    ) -> int | None:
        """What a rate comes to for the shares that earn at the record."""
        if currency is None:
            return None
        found, excluded = self.deployment, terms.excluded
        return self._field(
            "per_share", lambda _: amount_per_share(found, rate, currency, record_id, excluded)
        )

    def _record_or_range(self) -> str:
        """Which of the two fields there is."""
        words = self.draft.words
        if "record_range" not in words:
            if "record" not in words:
                self._missing("record", "add it, or a record range")
            return "record"
        if "record" in words:
            word, rule = words["record_range"], "cannot be given together with a record"
            column, remedy = self.draft.column("record_range"), "keep one of them"
            self.problems.append(Problem(word.line, column, word.text, rule, remedy))
        return "record_range"

    def _reference_or_document(self) -> bytes | None:
        """The one hash that the terms carry."""
        words = self.draft.words
        if "reference" in words and "document" in words:
            word, rule = words["document"], "cannot be given together with a reference"
            remedy = "keep one of them: the vault keeps one hash"
            column = self.draft.column("document")
            self.problems.append(Problem(word.line, column, word.text, rule, remedy))
        return self._field("reference", _reference) or self._field("document", _document)

    def _missing(self, name: str, remedy: str) -> None:
        column = self.draft.column(name)
        self.problems.append(Problem(self.draft.line, column, "", "is missing", remedy))

    def _field(self, name: str, parse: Callable[[str], T]) -> T | None:
        word = self.draft.words.get(name)
        # Without text it was noted when it was read.
        if word is None or not word.text:
            return None
        return self._parsed(name, word, parse)

    def _parsed(self, name: str, word: Word, parse: Callable[[str], T]) -> T | None:
        try:
            return parse(word.text)
        except InputError as error:
            column = self.draft.column(name)
            self.problems += (replace(p, line=word.line, column=column) for p in error.problems)
            return None

    def _instant(self, name: str) -> int:
        return self._field(name, lambda text: parse_instant(text, name)) or 0

    def _address(self, name: str) -> str:
        return self._field(name, lambda text: check_address(name, text)) or ZERO_ADDRESS

    def _policy(self, text: str) -> str:
        """A policy's address, or the name under which `tax deploy` keeps it."""
        if text.lower().startswith("0x"):
            return check_address("tax_policy", text)
        return find_policy(self.deployment, text).address

    def _record_range(self, text: str) -> int:
        """A record range's number, of an asset that has record ranges."""
        if not _WHOLE.fullmatch(text):
            raise InputError.of(
                "record_range", text, "is no record range's number", "write 1, 2, 3"
            )
        try:
            self.deployment.record_ranges()
        except DeploymentError as error:
            rule = f"was never defined: {error.sentence}"
            raise InputError.of("record_range", text, rule, str(error.remedy)) from None
        return int(text)

    def _excluded(self) -> tuple[str, ...]:
        accounts: list[str] = []
        for word in self.draft.excluded:
            account = self._parsed("exclude", word, lambda text: check_address("exclude", text))
            if account in accounts:
                rule, remedy = "is excluded twice", "name each account once"
                self.problems.append(Problem(word.line, "exclude", word.text, rule, remedy))
            elif account is not None:
                accounts.append(account)
        if len(accounts) > MAX_EXCLUDED:
            rule = f"accounts are excluded, and the vault looks through {MAX_EXCLUDED} at most"
            line, remedy = self.draft.excluded[0].line, "gather their shares in fewer accounts"
            self.problems.append(Problem(line, "exclude", str(len(accounts)), rule, remedy))
        return tuple(accounts)


# ----------------------------------------------------------------------------------- single fields


def _record(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise InputError.of("record", text, "is no record's number", "write 1, 2, 3")
    return int(text)


def _amount(text: str, currency: Currency | None) -> int | None:
    if currency is None:
        return None
    try:
        return parse_amount(text, currency)
    except ChainError:
        raise InputError.of(
            "amount",
            text,
            f"is of {currency.address}, which does not tell its decimals as currencies do",
            "check the currency",
        ) from None


def _kind(text: str) -> Kind:
    if text not in KINDS:
        rule, remedy = "is no kind of income", f"write {', '.join(KINDS)}"
        raise InputError.of("kind", text, rule, remedy)
    return Kind(KINDS.index(text))


def _reference(text: str) -> bytes:
    """The hash that the terms carry."""
    if (strange := strange_character(text, printable=True)) is not None:
        raise InputError.of("reference", text, *strange)
    if len(text) > LONGEST_REFERENCE:
        rule = f"is over {LONGEST_REFERENCE} characters long"
        raise InputError.of("reference", text, rule, "write a shorter one")
    return keccak(text=text)


def _document(text: str) -> bytes:
    """The SHA-256 of a file, or the hash itself."""
    if not _HASH.fullmatch(text):
        return hash_of(text)
    given = bytes.fromhex(text[2:])
    if not any(given):
        raise InputError.of("document", text, "is no hash of anything", "give the file")
    return given


def _yes(text: str) -> bool:
    if text not in ("true", "false"):
        raise InputError.of("push", text, "is neither true nor false", "write true or false")
    return text == "true"
