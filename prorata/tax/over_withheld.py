# SPDX-License-Identifier: MIT
"""What was withheld too much: tax by the rate that applied, and by the one that should have.

A policy looks at what was known when the record closed. A certificate that is filed later changes
nothing for it, so that of income from that record the higher tax is withheld, or will be when the
holder is paid: `find_late` names each such record and distribution. What can be done about it is
`prorata.tax.repayments`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from prorata.apportion import withhold
from prorata.contracts.currency import Currency
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import Distribution
from prorata.contracts.withholding import Certificate, WithholdingPolicy
from prorata.deployments.deployment import Deployment
from prorata.errors import RevertError
from prorata.tax.certificates import CertificateRow
from prorata.values.kinds import Kind

__all__ = ["LateCertificate", "find_late", "tax_due"]


def tax_due(certificate: Certificate, kind: Kind, record_time: int, gross: int) -> int | None:
    """The tax on `gross` by a certificate; None for a kind or a record that it is not for."""
    valid = certificate.valid_from <= record_time <= certificate.valid_until
    if kind not in certificate.kinds or not valid:
        return None
    return withhold(gross, certificate.basis_points)


@dataclass(frozen=True)
class LateCertificate:
    """A closed record that a certificate comes too late for, and what that costs.

    Without a `distribution_id` nothing has been declared for the record yet; `rate` is then what
    would be withheld, in basis points, of the first kind that the certificate is for.
    """

    entry: CertificateRow
    record: str
    closes_at: int
    distribution_id: int | None = None
    currency: Currency | None = None
    gross: int = 0
    tax: int = 0
    due: int = 0
    is_paid: bool = False
    rate: int = 0

    @property
    def over(self) -> int:
        """What is or will be withheld too much, in the currency's smallest unit."""
        return self.tax - self.due


def find_late(
    deployment: Deployment, policy: WithholdingPolicy, entries: Sequence[CertificateRow]
) -> list[LateCertificate]:
    """The closed records for which certificates come too late, in order of records.

    Raises: ChainError.
    """
    if not entries:
        return []
    vault, now = deployment.vault(), deployment.chain.now()
    declared = vault.distributions_of(deployment.paying)
    ours = deployment.token().address
    done = {found.record_id for found in declared if found.token == ours}
    times = deployment.token().record_times()
    closed = {n: t for n, t in enumerate(times, start=1) if t is not None and t < now}
    found = [
        late
        for distribution in declared
        if distribution.terms.tax_policy == policy.address
        for late in _late_for(deployment, distribution, entries, now)
    ]
    unused = {n: t for n, t in closed.items() if n not in done}
    return [*found, *_late_for_records(deployment, policy, entries, unused)]


def _late_for(
    deployment: Deployment, found: Distribution, entries: Sequence[CertificateRow], now: int
) -> Iterator[LateCertificate]:
    """What certificates would have changed in a distribution whose record has closed."""
    token = ShareToken(deployment.chain, found.token)
    if token.is_record_cancelled(found.record_id):
        return
    closes_at, vault = token.record_time(found.record_id), deployment.vault()
    if closes_at >= now:
        return
    holders = sorted({entry.address for entry in entries})
    try:
        earned = dict(zip(holders, vault.entitlements(found.id, holders), strict=True))
    except RevertError:
        return
    paid = dict(zip(holders, vault.are_claimed(found.id, holders), strict=True))
    for entry in entries:
        income = earned[entry.address]
        due = tax_due(entry.certificate, found.terms.kind, closes_at, income.gross)
        if due is not None and due < income.tax:
            ranged = found.token != deployment.token().address
            yield LateCertificate(
                entry=entry,
                record=f"record {'range ' if ranged else ''}{found.record_id}",
                closes_at=closes_at,
                distribution_id=found.id,
                currency=Currency(deployment.chain, found.currency),
                gross=income.gross,
                tax=income.tax,
                due=due,
                is_paid=paid[entry.address],
            )


def _late_for_records(
    deployment: Deployment,
    policy: WithholdingPolicy,
    entries: Sequence[CertificateRow],
    records: Mapping[int, int],
) -> Iterator[LateCertificate]:
    """Records that nothing has been declared for, at which a holder of shares would pay more."""
    for number, closes_at in records.items():
        valid = [
            entry
            for entry in entries
            if entry.certificate.valid_from <= closes_at <= entry.certificate.valid_until
        ]
        pairs = [(entry.address, min(entry.certificate.kinds)) for entry in valid]
        rates = policy.rates_of(pairs, closes_at)
        shares = deployment.token().balances_of_at([who for who, _ in pairs], number)
        for entry, rate, held in zip(valid, rates, shares, strict=True):
            if held and rate.basis_points > entry.certificate.basis_points:
                yield LateCertificate(entry, f"record {number}", closes_at, rate=rate.basis_points)
