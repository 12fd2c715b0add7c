# SPDX-License-Identifier: MIT
"""Pushing: paying every holder of a distribution, and an exact account of what came of it.

A push goes page by page, with pages in flight together. What it does is decided by the chain: who
has been paid is asked before anything is sent, and the vault pays nobody twice, so that a push
that was killed at any moment is continued by pushing again.

The account is made of the chain's own events, so that it is the same however often the push was
interrupted and whoever else claimed meanwhile. It is held against the law and against what the
vault says of the distribution, to the unit, before anybody is shown it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prorata.chain.operator import Operator
from prorata.chain.steps import Intent, Receipt
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import (
    Distribution,
    DividendVault,
    Reason,
    Settlement,
    find_distribution,
    settlements,
)
from prorata.deployments.deployment import Deployment
from prorata.errors import RUN_AGAIN, ChainError, InputError
from prorata.income.denominators import count_shares
from prorata.income.payable import why_not_payable
from prorata.income.push_report import (
    PushReport,
    report_push,
    reported_by_vault,
)
from prorata.register.holders import holders_of
from prorata.values.words import counted

__all__ = ["PAGE_SIZE", "Pushed", "pages_of", "push", "push_all"]

PAGE_SIZE = 100

# One transfer that does nothing but burn gas must not make the rest of its page fail.
PAGE_RESERVE = 600_000


# ---------------------------------------------------------------------------------------- pushing


@dataclass(frozen=True)
class Pushed:
    """What a push did; `skipped` says why for each holder who is owed as before."""

    payouts: tuple[Settlement, ...]
    skipped: Mapping[str, Reason]
    receipts: tuple[Receipt, ...]


def push(
    operator: Operator,
    deployment: Deployment,
    distribution_id: int,
    holders: Sequence[str],
    *,
    page_size: int = PAGE_SIZE,
) -> Pushed:
    """Pay `holders` of one distribution, page by page; those paid before are left out.

    Raises: InputError when the distribution is not payable now; what `Operator.send` raises.
    """
    vault = deployment.vault("pending")
    operator.settle()
    found = find_distribution(vault, distribution_id)
    if (refusal := why_not_payable(operator.chain, found)) is not None:
        raise refusal
    count_shares(operator, deployment, found)
    operator.tell(f"asking who of {counted(len(holders), 'holder')} is to be paid")
    pages = pages_of(_unpaid(deployment, vault, found, holders), page_size)
    attempt = operator.attempts(f"push/{distribution_id}")
    if attempt:
        pages = _worthwhile(deployment, vault, distribution_id, pages)
    operator.tell(f"estimating the gas of {counted(len(pages), 'transaction')}")
    receipts = operator.send(
        [
            Intent(
                f"push/{distribution_id}/{attempt}/{number}",
                vault.push(distribution_id, page),
                extra_gas=PAGE_RESERVE,
            )
            for number, page in enumerate(pages)
        ]
    )
    skipped = {
        event.args["holder"]: Reason(event.args["reason"])
        for receipt in receipts
        for event in receipt.events("Skipped")
    }
    paid = (event for receipt in receipts for event in receipt.events("Claimed"))
    return Pushed(tuple(settlements(paid)), skipped, tuple(receipts))


def push_all(
    operator: Operator, deployment: Deployment, distribution_id: int, *, page_size: int = PAGE_SIZE
) -> PushReport:
    """Pay every holder of record, account for it, and write the account to the folder.

    Raises: as `push` and `report_push` do; InputError for a distribution of another token.
    """
    operator.settle()
    found = find_distribution(deployment.vault("pending"), distribution_id)
    if found.token not in deployment.paying:
        symbol = deployment.settings.symbol
        raise InputError.of(
            "distribution",
            distribution_id,
            f"is none of {symbol}",
            "use the deployment of its token",
        )
    if (refusal := why_not_payable(operator.chain, found)) is not None:
        raise refusal
    operator.tell(f"reading who held what at record {found.record_id}")
    balances = holders_of(deployment, found)
    done = push(operator, deployment, distribution_id, sorted(balances), page_size=page_size)
    operator.tell("accounting for every unit")
    report = report_push(deployment, distribution_id, balances)
    _require_kept(done, report)
    report.write(deployment.folder)
    return report


def _require_kept(done: Pushed, report: PushReport) -> None:
    """Raises: ChainError when the chain has undone a payment that it had made."""
    undone = {settled.holder for settled in done.payouts} - {x.holder for x in report.of("paid")}
    if undone:
        raise ChainError(
            f"{len(undone)} payments of distribution {report.distribution.id}, which were mined, "
            f"were undone by a reorganisation of the chain, such as the one to {min(undone)}",
            f"{RUN_AGAIN}, which sends the same transactions again",
        )


def pages_of(holders: Sequence[str], size: int) -> list[Sequence[str]]:
    """The holders, so many to a transaction.

    Raises: InputError when that is none at all.
    """
    if size < 1:
        raise InputError.of("page", size, "is no page", "give at least 1")
    return [holders[start : start + size] for start in range(0, len(holders), size)]


def _unpaid(
    deployment: Deployment, vault: DividendVault, found: Distribution, holders: Sequence[str]
) -> list[str]:
    """Who of `holders` had shares that earn, and has not been paid."""
    token = ShareToken(deployment.chain, found.token, block="pending")
    shares = token.balances_of_at(holders, found.record_id)
    claimed = vault.are_claimed(found.id, holders)
    return [
        holder
        for holder, held, done in zip(holders, shares, claimed, strict=True)
        if held and not done and not vault.excludes(found.terms, holder)
    ]


def _worthwhile(
    deployment: Deployment,
    vault: DividendVault,
    distribution_id: int,
    pages: Sequence[Sequence[str]],
) -> list[Sequence[str]]:
    """The pages of a further push that would pay anybody, or that an earlier one never came to.

    Whom an earlier push skipped, a frozen wallet or a barred one, may still have to wait; whom
    it never tried is tried, so that the account says why it is not paid.
    """
    paid = vault.would_push(distribution_id, pages)
    _, tried = reported_by_vault(deployment, distribution_id, deployment.chain.block())
    return [
        page
        for page, count in zip(pages, paid, strict=True)
        if count or not tried.keys() >= set(page)
    ]
