# SPDX-License-Identifier: MIT
"""The withholding policy as a typed object.

A rate belongs to a holder, a kind of income and a second: that of the record. Of a second that is
over the answer is final; of any other it is what would apply if nothing changed. Rates are basis
points, 10,000 being the whole income; the tax is rounded down, in the holder's favour.

`TaxPolicy` asks whatever contract a distribution names, in the words in which the vault will ask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prorata.apportion import withhold
from prorata.chain.calls import Call
from prorata.contracts.base import OwnedContract
from prorata.values.kinds import FOREVER, Kind, Numbered
from prorata.values.words import counted

__all__ = [
    "ANY_CLASS",
    "ANY_COUNTRY",
    "AppliedRate",
    "Certificate",
    "Facts",
    "Filed",
    "Rate",
    "RateBasis",
    "WithholdingPolicy",
]

ANY_COUNTRY = 0
ANY_CLASS = 255


class RateBasis(Numbered):
    """What a rate rests on: `IWithholdingPolicy.Basis`."""

    DEFAULT = 0
    CLASS = 1
    COUNTRY = 2
    EXACT = 3
    CERTIFICATE = 4

    @property
    def label(self) -> str:
        """As people read it."""
        return "country and class" if self is RateBasis.EXACT else super().label


@dataclass(frozen=True, order=True)
class Rate:
    """One rate of a table, which is in this order; see `IWithholdingPolicy.Rate`."""

    country: int
    investor_class: int
    kind: Kind
    basis_points: int

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> Rate:
        """From the struct as the ABI names it."""
        kind = Kind(struct["kind"])
        return cls(struct["country"], struct["class"], kind, struct["basisPoints"])

    def encodable(self) -> tuple[int, ...]:
        """The struct's fields in order."""
        return (self.country, self.investor_class, int(self.kind), self.basis_points)


@dataclass(frozen=True)
class Certificate:
    """What a tax office certified of a holder; see `IWithholdingPolicy.Certificate`."""

    basis_points: int
    kinds: frozenset[Kind]
    valid_from: int
    valid_until: int
    document_hash: bytes

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> Certificate:
        """From the struct as the ABI names it."""
        return cls(
            basis_points=struct["basisPoints"],
            kinds=frozenset(kind for kind in Kind if struct["kinds"] >> kind & 1),
            valid_from=struct["validFrom"],
            valid_until=struct["validUntil"],
            document_hash=struct["documentHash"],
        )

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        kinds = sum(1 << kind for kind in self.kinds)
        return (self.basis_points, kinds, self.valid_from, self.valid_until, self.document_hash)


@dataclass(frozen=True)
class Filed:
    """A certificate on file: `id` counts from 1 for each holder, `revoked_at` is 0 if never."""

    id: int
    certificate: Certificate
    filed_at: int
    revoked_at: int


@dataclass(frozen=True)
class Facts:
    """The snapshot of a holder; country and class mean nothing unless `known`."""

    known: bool
    country: int
    investor_class: int


@dataclass(frozen=True)
class AppliedRate:
    """A rate, and what it rests on."""

    basis_points: int
    basis: RateBasis

    def tax(self, gross: int) -> int:
        """The tax on `gross`, rounded down."""
        return withhold(gross, self.basis_points)


class WithholdingPolicy(OwnedContract):
    """What is withheld from a holder's income. Every time is that of a record."""

    CONTRACT = "WithholdingPolicy"
    OWNED, AGENT = "the tax policy", "tax agent"

    def collector(self) -> str:
        """Who receives what is withheld."""
        return str(self._view("collector"))

    def registry(self) -> str:
        """The registry that `snapshot` asks, zero for none."""
        return str(self._view("registry"))

    def rate_at(self, holder: str, kind: Kind, time: int) -> AppliedRate:
        """The rate of a holder."""
        return _applied(self._view("rateAt", holder, int(kind), time))

    def rates_of(self, pairs: Sequence[tuple[str, Kind]], time: int) -> list[AppliedRate]:
        """`rate_at` for many holders and kinds at once."""
        rows = [(holder, int(kind), time) for holder, kind in pairs]
        return [_applied(row) for row in self._views("rateAt", rows)]

    def table_at(self, time: int) -> list[Rate]:
        """The whole table of rates."""
        return [Rate.of(struct) for struct in self._view("ratesAt", time)]

    def facts_at(self, holders: Sequence[str], time: int = FOREVER) -> list[Facts]:
        """The snapshots of holders as of then; the latest if no time is given."""
        return [Facts(*row) for row in self._views("factsAt", [(who, time) for who in holders])]

    def certificates_of(self, holders: Sequence[str]) -> list[list[Filed]]:
        """The certificates of holders, in the order in which they were filed."""
        counts = self._views("certificateCount", [(holder,) for holder in holders])
        rows = [
            (holder, number)
            for holder, count in zip(holders, counts, strict=True)
            for number in range(1, count + 1)
        ]
        structs = iter(self._views("certificate", rows))
        return [[_filed(n, next(structs)) for n in range(1, count + 1)] for count in counts]

    def set_rates(self, table: Sequence[Rate], since: int = 0) -> Call:
        """Put a table in force from second `since`, or from now. Owner only."""
        rows = [rate.encodable() for rate in sorted(table)]
        return self._write("setRates", rows, since, label=f"set {len(rows)} withholding rates")

    def snapshot(self, holders: Sequence[str]) -> Call:
        """Note what the registry knows of holders now. Anyone may."""
        label = f"snapshot {counted(len(holders), 'holder')} for tax"
        return self._write("snapshot", list(holders), label=label)

    def certify(self, holders: Sequence[str], certificates: Sequence[Certificate]) -> Call:
        """File certificates. Owner and agents only."""
        rows = [certificate.encodable() for certificate in certificates]
        label = f"file {len(rows)} tax certificates"
        return self._write("certify", list(holders), rows, label=label)

    def revoke(self, holder: str, number: int) -> Call:
        """Revoke a certificate from now on. Owner and agents only."""
        label = f"revoke tax certificate {number} of {holder}"
        return self._write("revoke", holder, number, label=label)


def _applied(row: tuple[int, int]) -> AppliedRate:
    basis_points, basis = row
    return AppliedRate(basis_points, RateBasis(basis))


def _filed(number: int, struct: Mapping[str, Any]) -> Filed:
    return Filed(number, Certificate.of(struct), struct["filedAt"], struct["revokedAt"])
