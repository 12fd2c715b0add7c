# SPDX-License-Identifier: MIT
"""Ending a distribution: sweep, refund, and remittance of the tax withheld.

All send money only where the distribution's terms say, so that anyone may do it. Whether it is to
be done, and how much it is, is asked of the chain before anything is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from prorata.chain.calls import Call
from prorata.chain.operator import Operator
from prorata.chain.steps import Intent, Receipt
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import Distribution, DividendVault, find_distribution
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError, RevertError
from prorata.income.denominators import count_shares
from prorata.values.times import moment

__all__ = [
    "Refunded",
    "Remittance",
    "Remitted",
    "Swept",
    "refund",
    "remit",
    "remit_all",
    "sweep",
]


@dataclass(frozen=True)
class _Closing:
    """One way to end a distribution: its step's key, the vault's function, why it would fail."""

    key: str
    call: Callable[[DividendVault, int], Call]
    why_not: Callable[[Operator, Distribution], InputError | None]


def _close(
    operator: Operator, deployment: Deployment, distribution_id: int, closing: _Closing
) -> tuple[Distribution, Receipt, int]:
    """End a distribution once: what it was before, the receipt, and what is carried on."""
    vault = deployment.vault("pending")
    operator.settle()
    found = find_distribution(vault, distribution_id)
    receipt = operator.earlier(closing.key)
    if receipt is None:
        if (refusal := closing.why_not(operator, found)) is not None:
            raise refusal
        count_shares(operator, deployment, found)
        receipt = operator.send_one(closing.key, closing.call(vault, distribution_id))
    carried = receipt.events("Carried")
    return found, receipt, int(carried[0].args["amount"]) if carried else 0


# --------------------------------------------------------------------------------------- sweeping


@dataclass(frozen=True)
class Swept:
    """What was unclaimed went to `recipient`, and `carried` to the next distribution."""

    distribution_id: int
    currency: str
    recipient: str
    amount: int
    carried: int
    receipt: Receipt


def sweep(operator: Operator, deployment: Deployment, distribution_id: int) -> Swept:
    """After the deadline, send what nobody claimed to the recipient whom the terms name.

    Raises: InputError when there is no deadline, it has not passed, or nothing is left; what
    `Operator.send` raises.
    """
    closing = _Closing(f"sweep/{distribution_id}", DividendVault.sweep, _why_not_swept)
    found, receipt, carried = _close(operator, deployment, distribution_id, closing)
    return Swept(
        distribution_id=distribution_id,
        currency=found.currency,
        recipient=found.terms.sweep_to,
        amount=receipt.events("Swept")[0].args["amount"],
        carried=carried,
        receipt=receipt,
    )


def _why_not_swept(operator: Operator, found: Distribution) -> InputError | None:
    deadline, now = found.terms.deadline, operator.chain.now()
    if not deadline:
        return InputError.of(
            "distribution",
            found.id,
            "has no deadline, so that what is unclaimed waits for its holders for ever",
            "push it with `prorata distribute --push-only`",
        )
    if now <= deadline:
        return InputError.of(
            "distribution",
            found.id,
            f"can be claimed until {moment(deadline)}: the chain's time is {moment(now)}",
            "sweep after that",
        )
    if not found.owed:
        return InputError.of(
            "distribution",
            found.id,
            "has nothing left to sweep",
            "see `prorata books` for where it went",
        )
    return None


# -------------------------------------------------------------------------------------- refunding


@dataclass(frozen=True)
class Refunded:
    """What nobody can receive went back to `declarer`; what was carried in is `carried` on."""

    distribution_id: int
    currency: str
    declarer: str
    amount: int
    carried: int
    receipt: Receipt


def refund(operator: Operator, deployment: Deployment, distribution_id: int) -> Refunded:
    """Send a distribution that pays nobody back to its declarer. Anyone may do it.

    That is one whose record was cancelled, or closed without a share that earns.

    Raises: InputError when its record is open or nothing is left; RevertError when somebody earns;
    what `Operator.send` raises.
    """
    closing = _Closing(f"refund/{distribution_id}", DividendVault.refund, _why_not_refunded)
    found, receipt, carried = _close(operator, deployment, distribution_id, closing)
    return Refunded(
        distribution_id=distribution_id,
        currency=found.currency,
        declarer=found.declarer,
        amount=receipt.events("Refunded")[0].args["amount"],
        carried=carried,
        receipt=receipt,
    )


def _why_not_refunded(operator: Operator, found: Distribution) -> InputError | None:
    token, now = ShareToken(operator.chain, found.token), operator.chain.now()
    if not found.owed:
        return InputError.of(
            "distribution",
            found.id,
            "has nothing left to refund",
            "see `prorata books` for where it went",
        )
    if token.is_record_cancelled(found.record_id):
        return None
    closes_at = token.record_time(found.record_id)
    if now <= closes_at:
        return InputError.of(
            "distribution",
            found.id,
            f"is for record {found.record_id}, which is open until {moment(closes_at)}: the "
            f"chain's time is {moment(now)}",
            "wait until it has closed, or let the owner cancel it with `prorata record cancel`",
        )
    return None


# -------------------------------------------------------------------------------------- remitting


@dataclass(frozen=True)
class Remittance:
    """Tax that went to its collector."""

    distribution_id: int
    currency: str
    collector: str
    amount: int
    receipt: Receipt


@dataclass(frozen=True)
class Remitted:
    """What a remittance of many did; `refused` says why some were not sent."""

    done: tuple[Remittance, ...]
    refused: Mapping[int, RevertError] = field(default_factory=dict)


def remit(operator: Operator, deployment: Deployment, ids: Sequence[int]) -> list[Remittance]:
    """Send the tax withheld so far in the distributions `ids` to their collectors.

    Raises: InputError when one has no tax to remit; what `Operator.send` raises.
    """
    vault = deployment.vault("pending")
    operator.settle()
    found = [find_distribution(vault, number) for number in dict.fromkeys(ids)]
    for distribution in found:
        if distribution.withheld == distribution.remitted:
            raise _nothing_to_remit(distribution)
    receipts = operator.send([_remittance(operator, deployment, d.id) for d in found])
    return [_remitted(d, receipt) for d, receipt in zip(found, receipts, strict=True)]


def remit_all(operator: Operator, deployment: Deployment) -> Remitted:
    """The same for every distribution of the asset that has tax to remit.

    A collector who cannot be paid does not keep the others from it.

    Raises: what `Operator.send` raises.
    """
    vault = deployment.vault("pending")
    operator.settle()
    ours = vault.distributions_of(deployment.paying)
    wanted = {found.id: found for found in ours if found.withheld > found.remitted}
    intents, refused = {}, {}
    for number in wanted:
        intent = _remittance(operator, deployment, number)
        try:
            operator.price([intent])
        except RevertError as error:
            refused[number] = error
        else:
            intents[number] = intent
    receipts = operator.send(list(intents.values()))
    done = (_remitted(wanted[number], r) for number, r in zip(intents, receipts, strict=True))
    return Remitted(tuple(done), refused)


def _remittance(operator: Operator, deployment: Deployment, distribution_id: int) -> Intent:
    # The chain says how much is to be remitted: what is withheld later is another step.
    attempt = operator.attempts(f"remit/{distribution_id}")
    key = f"remit/{distribution_id}/{attempt}"
    return Intent(key, deployment.vault().remit(distribution_id))


def _remitted(found: Distribution, receipt: Receipt) -> Remittance:
    amount = receipt.events("Remitted")[0].args["amount"]
    return Remittance(found.id, found.currency, found.tax_collector, amount, receipt)


def _nothing_to_remit(found: Distribution) -> InputError:
    rule = "has withheld no tax yet" if not found.withheld else "has remitted all tax so far"
    return InputError.of("distribution", found.id, rule, "remit once more holders have been paid")
