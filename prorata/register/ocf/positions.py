# SPDX-License-Identifier: MIT
"""Who holds how much stock after all transactions of a package, or every reason why it cannot be.

A security is issued once, by an issuance of its own, also where it results from another
transaction. It is closed at most once: transferred, cancelled, bought back, retracted, reissued or
consolidated, whole or in a part, of which the rest is issued anew. What goes in must come out, to
the last share. A split multiplies what is open on its day, unless the holder's shares are reissued
because of it; what is issued or closed on that very day otherwise is refused, since the format does
not say which came first.

Transactions of securities that are no stock, and those that turn them into stock, are refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

from prorata.errors import InputError, Problem
from prorata.register.ocf.objects import (
    Acceptance,
    Cancellation,
    Consolidation,
    Issuance,
    Reissuance,
    Repurchase,
    Retraction,
    Split,
    Stakeholder,
    Transaction,
    Transfer,
)
from prorata.register.ocf.packages import ObjectProblem, Package
from prorata.values.amounts import format_units

__all__ = ["Position", "positions_of", "written"]

_KNOWN = "name one that is in the package"


@dataclass(frozen=True)
class Position:
    """What a stakeholder holds of a class, in shares, which may be a fraction."""

    stakeholder: Stakeholder
    stock_class: str
    shares: Fraction


def positions_of(package: Package) -> list[Position]:
    """Every position that is not empty, in the order of stakeholders and classes.

    Raises: InputError with every fault that the objects show together.
    """
    book = _Book(package)
    book.check_references()
    book.check_closings()
    if book.problems:
        raise InputError(book.problems, package.subject)
    held: dict[tuple[str, str], Fraction] = {}
    for security in package.issuances:
        if security.security_id not in book.closed:
            whose = security.stakeholder_id, security.stock_class_id
            held[whose] = held.get(whose, Fraction(0)) + book.shares(security)
    return [
        Position(stakeholder, kind.id, held[stakeholder.id, kind.id])
        for stakeholder in package.stakeholders
        for kind in package.classes
        if (stakeholder.id, kind.id) in held
    ]


@dataclass
class _Book:
    """The securities of a package, and which transaction closed each."""

    package: Package
    problems: list[Problem] = field(default_factory=list)
    closed: dict[str, Transaction] = field(default_factory=dict)

    def __post_init__(self) -> None:
        issuances, transactions = self.package.issuances, self.package.transactions
        self.securities: dict[str, Issuance] = {}
        for issuance in issuances:
            first = self.securities.setdefault(issuance.security_id, issuance)
            if first is not issuance:
                rule = f"is issued by {first.id} already"
                self._add(issuance, "security_id", issuance.security_id, rule, "issue it once")
        self.splits = [t for t in transactions if isinstance(t, Split)]
        self.made_by: dict[str, Transaction] = {}
        """Which transaction a security results from."""

    # ---------------------------------------------------------------------------------- references

    def check_references(self) -> None:
        """Whether what objects name is there, and whether all of them are stock."""
        holders = {s.id for s in self.package.stakeholders}
        classes = {c.id for c in self.package.classes}
        legends = {legend.id for legend in self.package.legends}
        for issuance in self.package.issuances:
            self._named(issuance, "stakeholder_id", issuance.stakeholder_id, holders)
            self._named(issuance, "stock_class_id", issuance.stock_class_id, classes)
            for legend in issuance.stock_legend_ids:
                self._named(issuance, "stock_legend_ids", legend, legends)
            self._positive(issuance, issuance.quantity)
        for split in self.splits:
            self._named(split, "stock_class_id", split.stock_class_id, classes)
            self._positive(split, split.split_ratio.numerator, "split_ratio")
            self._positive(split, split.split_ratio.denominator, "split_ratio")
        for transaction in self.package.transactions:
            if isinstance(transaction, Acceptance):
                known = self.securities.keys()
                self._named(transaction, "security_id", transaction.security_id, known)
        for refused in self.package.refused:
            rule = "moves a security that is no stock, or makes stock of it, which is not read"
            remedy = "export the stock alone, with what became of it as issuances"
            self._add(refused, "object_type", refused.object_type, rule, remedy)

    def _named(self, thing: Transaction, column: str, id_: str, known: Collection[str]) -> None:
        if id_ not in known:
            self._add(thing, column, id_, "is not in the package", _KNOWN)

    def _positive(self, thing: Transaction, number: str, column: str = "quantity") -> bool:
        if _number(number) <= 0:
            self._add(thing, column, number, "is not over nothing", "write a number over 0")
            return False
        return True

    # ------------------------------------------------------------------------------------ closings

    def check_closings(self) -> None:
        """Whether each security is closed once, and what came out of it is what went in."""
        by_date = sorted(self.package.transactions, key=lambda t: t.date)
        for transaction in by_date:
            for security in _closes(transaction):
                self._close(security, transaction)
        for transaction in by_date:
            for security in _makes(transaction):
                self._make(security, transaction)
        for split in self.splits:
            self._check_day_of(split)
        self._check_origins(by_date)
        if not self.problems:
            # What adds up can only be told where all of it is there.
            for transaction in by_date:
                self._check_sum(transaction)

    def _close(self, security: str, transaction: Transaction) -> None:
        column = "security_ids" if isinstance(transaction, Consolidation) else "security_id"
        if security not in self.securities:
            self._add(transaction, column, security, "is issued nowhere in the package", _KNOWN)
            return
        issued = self.securities[security]
        if transaction.date < issued.date:
            rule = f"was issued on {issued.date}, after the {transaction.date} of this"
            self._add(transaction, column, security, rule, "correct one of the days")
        first = self.closed.setdefault(security, transaction)
        if first is not transaction:
            rule = f"was closed by {first.id} already"
            self._add(transaction, column, security, rule, "name the security of what was left")

    def _make(self, security: str, transaction: Transaction) -> None:
        if security not in self.securities:
            self._add(transaction, None, security, "is issued nowhere in the package", _KNOWN)
            return
        issued = self.securities[security]
        if issued.date < transaction.date:
            rule = f"was issued on {issued.date}, before the {transaction.date} of this"
            self._add(transaction, None, security, rule, "correct one of the days")
        first = self.made_by.setdefault(security, transaction)
        if first is not transaction:
            rule = f"results from {first.id} already"
            self._add(transaction, None, security, rule, "let it result from one of them")

    def _check_origins(self, transactions: Sequence[Transaction]) -> None:
        """Every security goes back to one that results from none, or shares would vanish."""
        known = self.securities.keys() - self.made_by.keys()
        before = -1
        while len(known) > before:
            before = len(known)
            for transaction in transactions:
                if known.issuperset(_closes(transaction)):
                    known.update(_makes(transaction))
        for security in sorted(self.securities.keys() - known):
            maker = self.made_by[security]
            if all(closed in self.securities for closed in _closes(maker)):
                rule = "results from itself, by way of other transactions or at once"
                self._add(maker, None, security, rule, "name the securities that there were before")

    def _check_day_of(self, split: Split) -> None:
        """What the format leaves open: what came first on the day of a split."""
        for security in self.package.issuances:
            if security.stock_class_id != split.stock_class_id:
                continue
            closing, maker = (
                found.get(security.security_id) for found in (self.closed, self.made_by)
            )
            for day, thing in ((security.date, maker), (closing and closing.date, closing)):
                if day == split.date and not _is_of(thing, split):
                    rule = f"is issued or closed on the day of the split {split.id}"
                    remedy = "reissue it with its split_transaction_id, or correct the day"
                    self._add(security, "security_id", security.security_id, rule, remedy)

    def shares(self, security: Issuance, closing: Transaction | None = None) -> Fraction:
        """What a security has in the end, or when it is closed."""
        shares = _number(security.quantity)
        maker = self.made_by.get(security.security_id)
        for split in self.splits:
            ours = split.stock_class_id == security.stock_class_id
            before = security.date <= split.date and not _is_of(maker, split)
            after = closing is not None and (closing.date < split.date or _is_of(closing, split))
            if ours and before and not after:
                shares *= _ratio(split)
        return shares

    def _check_sum(self, transaction: Transaction) -> None:
        gone = [self.securities[security] for security in _closes(transaction)]
        made = [self.securities[security] for security in _makes(transaction)]
        held = sum((self.shares(security, transaction) for security in gone), Fraction(0))
        for security in made:
            self._check_successor(transaction, gone[0], security)
        for security in gone[1:]:
            self._check_successor(transaction, gone[0], security)
        if isinstance(transaction, Transfer | Cancellation | Repurchase):
            self._check_part(transaction, held, made)
        elif isinstance(transaction, Reissuance | Consolidation):
            results = sum((_number(security.quantity) for security in made), Fraction(0))
            due = held * self._reissued(transaction, gone[0].stock_class_id)
            self._equal(transaction, None, due, results)

    def _check_part(
        self,
        transaction: Transfer | Cancellation | Repurchase,
        held: Fraction,
        made: Sequence[Issuance],
    ) -> None:
        """A part of a security goes, and the rest is issued anew."""
        if not self._positive(transaction, transaction.quantity):
            return
        part, rest = _number(transaction.quantity), transaction.balance_security_id
        if part > held:
            rule = f"is more than the {written(held)} shares of the security"
            remedy = "nobody can hold less than nothing: correct one of the two"
            self._add(transaction, "quantity", written(part), rule, remedy)
            return
        left = sum((_number(s.quantity) for s in made if s.security_id == rest), Fraction(0))
        moved = sum((_number(s.quantity) for s in made if s.security_id != rest), Fraction(0))
        self._equal(transaction, "balance_security_id", held - part, left)
        if isinstance(transaction, Transfer):
            self._equal(transaction, "resulting_security_ids", part, moved)

    def _check_successor(self, transaction: Transaction, before: Issuance, now: Issuance) -> None:
        """A security beside another, or after it: of its class, and its holder's if none moved."""
        if now.stock_class_id != before.stock_class_id:
            rule = f"is of another class than {before.security_id}"
            self._add(transaction, None, now.security_id, rule, "keep each class apart")
        moves = isinstance(transaction, Transfer) and now.security_id != _rest_of(transaction)
        if not moves and now.stakeholder_id != before.stakeholder_id:
            rule = f"is of another holder than {before.security_id}"
            self._add(transaction, None, now.security_id, rule, "use a transfer for that")

    def _equal(
        self, transaction: Transaction, column: str | None, due: Fraction, found: Fraction
    ) -> None:
        if due != found:
            rule = f"shares come out where {written(due)} must"
            self._add(transaction, column, written(found), rule, "make the securities add up")

    def _reissued(self, transaction: Transaction, kind: str) -> Fraction:
        """How many shares of a class each becomes."""
        if not isinstance(transaction, Reissuance) or transaction.split_transaction_id is None:
            return Fraction(1)
        named, column = transaction.split_transaction_id, "split_transaction_id"
        split = next((s for s in self.splits if s.id == named), None)
        if split is None or split.stock_class_id != kind or split.date > transaction.date:
            rule = "is no split of the class before that"
            self._add(transaction, column, named, rule, "name one that is in the package")
            return Fraction(1)
        return _ratio(split)

    def _add(self, thing: object, column: str | None, value: str, rule: str, remedy: str) -> None:
        id_ = str(getattr(thing, "id", ""))
        place = self.package.places.get(id_, "")
        self.problems.append(ObjectProblem(None, column, value, rule, remedy, place, id_))


# ----------------------------------------------------------------------------------- transactions


def _closes(transaction: Transaction) -> Iterator[str]:
    """The securities that a transaction closes."""
    if isinstance(transaction, Consolidation):
        yield from transaction.security_ids
    elif isinstance(transaction, Transfer | Cancellation | Repurchase | Retraction | Reissuance):
        yield transaction.security_id


def _makes(transaction: Transaction) -> Iterator[str]:
    """The securities that come out of it."""
    if isinstance(transaction, Consolidation):
        yield transaction.resulting_security_id
    if isinstance(transaction, Transfer | Reissuance):
        yield from transaction.resulting_security_ids
    rest = _rest_of(transaction)
    if rest is not None:
        yield rest


def _rest_of(transaction: Transaction) -> str | None:
    """The security that has what was left of a part."""
    if isinstance(transaction, Transfer | Cancellation | Repurchase):
        return transaction.balance_security_id
    return None


def _is_of(transaction: Transaction | None, split: Split) -> bool:
    """Whether it reissues shares because of the split."""
    return isinstance(transaction, Reissuance) and transaction.split_transaction_id == split.id


@lru_cache(maxsize=65_536)
def _number(text: str) -> Fraction:
    """What a number of the format says, to the last digit."""
    return Fraction(text)


def _ratio(split: Split) -> Fraction:
    return _number(split.split_ratio.numerator) / _number(split.split_ratio.denominator)


def written(shares: Fraction) -> str:
    """As people write it, or as a fraction where it has no end."""
    if shares.denominator == 1 or 10**10 % shares.denominator:
        return str(shares)
    return format_units(int(shares * 10**10), 10, grouping=False, trim=True)
