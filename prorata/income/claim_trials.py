# SPDX-License-Identifier: MIT
"""Finding out, before anything is sent, which distributions a claim can pay.

Anyone may declare a distribution for any asset, in a currency and with a tax policy of its own
making. What the issuer's people declared and what others did are therefore tried apart. A batch
that would fail is divided, by series (token and currency) and then in halves, until what cannot be
paid stands alone. What passes is put together again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeAlias

from prorata.chain.node import RpcChain
from prorata.chain.rpc import BusyError
from prorata.chain.steps import GAS_LIMIT, Intent
from prorata.chain.transactions.plans import plan_steps
from prorata.contracts.vault import Distribution, DividendVault
from prorata.deployments.deployment import Deployment
from prorata.errors import ChainError, InputError, ProrataError, RevertError
from prorata.income.payable import why_not_payable
from prorata.values.addresses import ZERO_ADDRESS

__all__ = [
    "MOST_GAS_FOR_OTHERS",
    "Batch",
    "ClaimTrial",
    "Failed",
    "OpenClaims",
    "due_to",
    "try_open",
]

Batch: TypeAlias = tuple[Distribution, ...]
"""Distributions that one transaction claims."""

MOST_GAS_FOR_OTHERS = 300_000
"""The most that a claim without ids spends on one distribution that a stranger declared."""


@dataclass(frozen=True)
class Failed:
    """A distribution that is due and cannot be paid, and why.

    `by_issuer` says whether the token's owner or one of its agents declared it.
    """

    distribution: Distribution
    by_issuer: bool
    why: InputError


# ----------------------------------------------------------------------------------- what is open


@dataclass(frozen=True)
class OpenClaims:
    """What one holder could claim now: the transactions in `batches`, tried.

    `not_payable` says of every other distribution why nobody can claim it now.
    """

    batches: tuple[Batch, ...]
    trial: ClaimTrial
    not_payable: Mapping[int, InputError]


def try_open(
    deployment: Deployment,
    vault: DividendVault,
    tokens: Collection[str],
    holder: str,
    sender: str,
    *,
    before: Callable[[Sequence[Distribution]], None] = lambda _: None,
) -> OpenClaims:
    """Try everything that is declared for `tokens` and not paid to `holder`, as `sender`.

    `before` is given what the issuer's people declared and is due, before it is tried.

    Raises: ChainError when the node does not answer, or the account has no money for gas.
    """
    chain = deployment.chain
    declared = vault.distributions_of(tokens)
    unpaid = [d for d in declared if not vault.is_claimed(d.id, holder)]
    refusals = {found.id: why_not_payable(chain, found) for found in unpaid}
    payable = [found for found in unpaid if refusals[found.id] is None]
    due = due_to(vault, payable, holder)
    trial = ClaimTrial(chain, sender, vault, holder, _declared_by_issuer(deployment, unpaid))
    own = [d for d in due if d.id in trial.issuers]
    before(own)
    batches = trial.batches(own)
    batches += trial.batches_of_others([d for d in due if d.id not in trial.issuers])
    not_payable = {number: why for number, why in refusals.items() if why is not None}
    return OpenClaims(tuple(batches), trial, not_payable)


def due_to(
    vault: DividendVault, distributions: Sequence[Distribution], holder: str
) -> list[Distribution]:
    """Those in which the holder has earned at least one unit; no tax policy is asked."""
    return [found for found in distributions if vault.earns(found, holder)]


def _declared_by_issuer(
    deployment: Deployment, distributions: Sequence[Distribution]
) -> frozenset[int]:
    token = deployment.token()
    owner, declarers = token.owner(), {distribution.declarer for distribution in distributions}
    own = {declarer for declarer in declarers if declarer == owner or token.is_agent(declarer)}
    return frozenset(found.id for found in distributions if found.declarer in own)


# -------------------------------------------------------------------------------------- the trial


@dataclass
class ClaimTrial:
    """Tries claims of one holder without sending them; `failed` has what cannot be paid.

    `issuers` are the ids of what the issuer's people declared.
    """

    chain: RpcChain
    sender: str
    vault: DividendVault
    holder: str
    issuers: Collection[int] = frozenset()
    failed: list[Failed] = field(default_factory=list)

    def batches(self, due: Sequence[Distribution]) -> list[Batch]:
        """Transactions that pay all of `due` that can be paid: one, unless that is too much."""
        if not due:
            return []
        found = list(self._passing(self.ordered(due)))
        if len(found) > 1:
            whole = self.ordered([distribution for batch in found for distribution in batch])
            if isinstance(self._gas([whole])[0], int):
                return [whole]
        return found

    def batches_of_others(self, due: Sequence[Distribution]) -> list[Batch]:
        """The same of what strangers declared: each is tried alone, and what is dear is left out.

        Else one of them could make a holder pay for whatever its currency likes to do.
        """
        affordable = []
        for distribution, gas in zip(due, self._gas([(d,) for d in due]), strict=True):
            if isinstance(gas, ProrataError):
                self.fail([distribution], gas)
            elif gas > MOST_GAS_FOR_OTHERS:
                self.fail([distribution], _dear(distribution, gas))
            else:
                affordable.append(distribution)
        return self.batches(affordable)

    def fail(self, batch: Sequence[Distribution], error: ProrataError) -> None:
        """Note why `batch` is not paid."""
        for distribution in batch:
            why = error if isinstance(error, InputError) else self._why(distribution, error)
            self.failed.append(Failed(distribution, distribution.id in self.issuers, why))

    @staticmethod
    def ordered(distributions: Sequence[Distribution]) -> Batch:
        """Those of one series next to each other, which then share most of what a claim writes."""
        return tuple(sorted(distributions, key=lambda d: (*_series(d), d.id)))

    def _passing(self, batch: Batch) -> Iterator[Batch]:
        [gas] = self._gas([batch])
        if isinstance(gas, int):
            yield batch
        elif len(batch) == 1:
            self.fail(batch, gas)
        else:
            for part in _parts(batch):
                yield from self._passing(part)

    def _gas(self, batches: Sequence[Batch]) -> list[int | ProrataError]:
        """What each would use, or why it would fail.

        Raises: ChainError when the node answers nothing now, or the account has no money for gas.
        """
        calls = [self.vault.claim([d.id for d in batch], self.holder) for batch in batches]
        answers = self.chain.estimate([call.question(self.sender) for call in calls])
        for call, answer in zip(calls, answers, strict=True):
            if isinstance(answer, BusyError):
                raise answer
            if "insufficient funds" in str(answer).lower():
                # Says how much is there and how much is needed.
                plan_steps(self.chain, self.sender, [Intent("trial", call)])
        return [_over_limit(a) if isinstance(a, int) and a > GAS_LIMIT else a for a in answers]

    # ------------------------------------------------------------------------- reasons

    def _why(self, found: Distribution, error: ProrataError) -> InputError:
        name = error.error if isinstance(error, RevertError) else ""
        remedy = f"claim again later, or ask {found.declarer}, who declared it"
        if name == "DividendVault_IncomeHeld":
            rule = f"is held by {found.token} for {self.holder}, as while a wallet is frozen"
            remedy = "ask the issuer"
        elif name == "DividendVault_PaymentFailed":
            payee = error.arguments["payee"] if isinstance(error, RevertError) else ""
            rule = f"is not paid: its currency {found.currency}, or {payee}, refuses the payment"
        elif name == "DividendVault_TaxTooHigh":
            rule = f"is not paid: its tax policy {found.terms.tax_policy} asks for more than all"
        elif not self._policy_answers(found):
            rule = f"is not paid: its tax policy {found.terms.tax_policy} gives no usable answer"
        else:
            rule = f"is not paid: {error.sentence}"
        return InputError.of("distribution", found.id, rule, remedy)

    def _policy_answers(self, found: Distribution) -> bool:
        if found.terms.tax_policy == ZERO_ADDRESS:
            return True
        try:
            self.vault.entitlement(found.id, self.holder)
        except BusyError:
            raise
        except ChainError:
            return False
        return True


def _series(found: Distribution) -> tuple[str, str]:
    return found.token, found.currency


def _parts(batch: Batch) -> list[Batch]:
    """The series of a batch, or the halves of one that is of a single series."""
    series = [tuple(group) for _, group in groupby(batch, key=_series)]
    if len(series) > 1:
        return series
    middle = len(batch) // 2
    return [batch[:middle], batch[middle:]]


def _dear(found: Distribution, gas: int) -> InputError:
    return InputError.of(
        "distribution",
        found.id,
        f"needs {gas:,} gas, more than the {MOST_GAS_FOR_OTHERS:,} that a claim of all spends on "
        f"what a stranger declared, here {found.declarer}",
        f"claim it with `prorata claim --id {found.id}` if it is worth that",
    )


def _over_limit(gas: int) -> ChainError:
    return ChainError(f"it needs {gas:,} gas, and a transaction may use {GAS_LIMIT:,} (EIP-7825)")
