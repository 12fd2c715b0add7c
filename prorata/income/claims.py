# SPDX-License-Identifier: MIT
"""Claiming what a holder is owed.

Anyone may declare a distribution for any asset, in a currency and with a tax policy of its own
making, and that must not stop a claim of everything that is open. Such a claim is tried before it
is sent: what the issuer's people declared, and apart from it what others did, each in a transaction
of its own if all goes well. What would fail is left out and named, and the rest is paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from prorata.chain.operator import Operator
from prorata.chain.steps import Intent, Receipt
from prorata.contracts.vault import (
    Distribution,
    DividendVault,
    Settlement,
    find_distribution,
    settlements,
)
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError, ProrataError, RevertError
from prorata.income.claim_trials import (
    Batch,
    ClaimTrial,
    Failed,
    OpenClaims,
    due_to,
    try_open,
)
from prorata.income.denominators import count_shares
from prorata.income.payable import why_not_payable

__all__ = ["Claimed", "Failed", "Payout", "claim", "payouts"]

Payout: TypeAlias = Settlement
"""What a claim or a push paid one holder from one distribution."""


@dataclass(frozen=True)
class Claimed:
    """What a claim did, or with `dry_run` would do, in order of the distributions' ids.

    `not_payable` are distributions that nobody can claim now. `failed` are due, and were left out
    since something stands in the way.
    """

    payouts: tuple[Payout, ...]
    receipts: tuple[Receipt, ...] = ()
    not_payable: tuple[int, ...] = ()
    failed: tuple[Failed, ...] = ()


def payouts(receipts: Sequence[Receipt]) -> tuple[Payout, ...]:
    """What transactions of whatever kind have settled."""
    return tuple(settled for r in receipts for settled in settlements(r.events()))


# ------------------------------------------------------------------------------------------ claim


def claim(
    operator: Operator,
    deployment: Deployment,
    holder: str,
    ids: Sequence[int] | None = None,
    *,
    dry_run: bool = False,
) -> Claimed:
    """Claim what `holder` is owed from the distributions `ids`, or from all open ones.

    Anyone may claim for a holder: the money goes to the holder or the payee it has set. What is
    named is paid as a whole or not at all; without `ids`, what cannot be paid is left out. With
    `dry_run` nothing is sent.

    Raises: InputError when a named distribution cannot be paid, or when nothing can be and
    something that the issuer's people declared is among what cannot; what `Operator.send` raises.
    """
    operator.settle()
    question = _Question(operator, deployment, holder)
    if ids is not None:
        return question.claim_named(ids, dry_run=dry_run)
    return question.claim_open(dry_run=dry_run)


@dataclass(frozen=True)
class _Question:
    """What one holder is owed, and how it is claimed."""

    operator: Operator
    deployment: Deployment
    holder: str

    @cached_property
    def vault(self) -> DividendVault:
        return self.deployment.vault("pending")

    def claim_named(self, ids: Sequence[int], *, dry_run: bool) -> Claimed:
        """All of `ids` that are not paid yet, in one transaction."""
        found = [find_distribution(self.vault, number) for number in dict.fromkeys(ids)]
        unpaid = [d for d in found if not self.vault.is_claimed(d.id, self.holder)]
        for distribution in unpaid:
            if (refusal := why_not_payable(self.operator.chain, distribution)) is not None:
                raise refusal
        due = due_to(self.vault, unpaid, self.holder)
        if not due:
            return Claimed(())
        if not dry_run:
            self._count(due)
        trial = ClaimTrial(self.operator.chain, self.operator.address, self.vault, self.holder)
        batches = trial.batches(due)
        if trial.failed:
            raise _all_of(trial.failed)
        if len(batches) > 1:
            # Each can be paid, and together they are too much for a transaction: it says so.
            batches = [trial.ordered(due)]
            self.operator.price([self._intent(batches[0])])
        done = self._sent(batches, trial, dry_run=dry_run)
        if done.failed:
            raise _all_of(done.failed)
        return done

    def claim_open(self, *, dry_run: bool) -> Claimed:
        """Everything that can be paid; what the issuer's people declared goes first."""
        found = try_open(
            self.deployment,
            self.vault,
            self.deployment.paying,
            self.holder,
            self.operator.address,
            before=(lambda _: None) if dry_run else self._count,
        )
        numbers = tuple(found.not_payable)
        done = self._sent(found.batches, found.trial, dry_run=dry_run, not_payable=numbers)
        if not done.payouts:
            _complain(done, found)
        return done

    def _count(self, due: Sequence[Distribution]) -> None:
        for distribution in due:
            count_shares(self.operator, self.deployment, distribution)

    # ------------------------------------------------------------------------ sending

    def _sent(
        self,
        batches: Sequence[Batch],
        trial: ClaimTrial,
        *,
        dry_run: bool,
        not_payable: tuple[int, ...] = (),
    ) -> Claimed:
        receipts = () if dry_run else tuple(self._receipts(batches, trial))
        paid = self._expected(batches) if dry_run else payouts(receipts)
        return Claimed(
            tuple(sorted(paid, key=lambda payout: payout.distribution_id)),
            receipts,
            not_payable,
            tuple(sorted(trial.failed, key=lambda failed: failed.distribution.id)),
        )

    def _receipts(self, batches: Sequence[Batch], trial: ClaimTrial) -> list[Receipt]:
        """One after the other, so that one that fails in spite of its trial costs no other."""
        receipts = []
        for batch in batches:
            try:
                receipts += self.operator.send([self._intent(batch)])
            except RevertError as error:
                trial.fail(batch, error)
        return receipts

    def _intent(self, batch: Batch) -> Intent:
        ids = [distribution.id for distribution in batch]
        key = f"claim/{'+'.join(map(str, ids))}/{self.holder}"
        return Intent(key, self.vault.claim(ids, self.holder))

    def _expected(self, batches: Sequence[Batch]) -> list[Payout]:
        """What the claims, which have been tried, would pay."""
        claimant = self.deployment.token("pending").claimant_of(self.holder)
        payee = self.vault.payee_of(claimant)
        expected = []
        for number in (distribution.id for batch in batches for distribution in batch):
            earned = self.vault.entitlement(number, self.holder)
            expected.append(Payout(number, self.holder, payee, earned.gross, earned.tax))
        return expected


# --------------------------------------------------------------------------------------- refusals


def _complain(done: Claimed, found: OpenClaims) -> None:
    """Refuse a claim that pays nothing, unless it is only strangers' money that is not paid.

    Else a stranger could make the same command fail that did all there was to do.

    Raises: InputError.
    """
    failed = [one for one in done.failed if one.by_issuer]
    if failed:
        raise _all_of(failed)
    for number, why in found.not_payable.items():
        if number in found.trial.issuers:
            raise why


def _all_of(failed: Sequence[Failed]) -> ProrataError:
    problems = [problem for one in failed for problem in one.why.problems]
    return InputError(problems, "the claim")
