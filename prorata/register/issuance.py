# SPDX-License-Identifier: MIT
"""Issuing the shares of a cap table, each batch once."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from prorata.chain.operator import Operator
from prorata.chain.steps import Intent, Receipt
from prorata.contracts.share_token import ShareToken
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.register.captable import CapTable, Holding
from prorata.register.issue_checks import check_issue
from prorata.register.record_dates import require_agent
from prorata.values.amounts import format_units

__all__ = ["BATCH_SIZE", "Issued", "issue"]

BATCH_SIZE = 200


# ------------------------------------------------------------------------------------------ issue


@dataclass(frozen=True)
class Issued:
    """A cap table issued: `shares` to `holders`, in the batches of `receipts`.

    Of a dry run, `gas` is what each batch still to be sent would be given.
    """

    shares: int
    holders: int
    receipts: tuple[Receipt, ...]
    gas: tuple[int, ...] = ()


def issue(
    operator: Operator,
    deployment: Deployment,
    table: CapTable,
    *,
    batch_size: int = BATCH_SIZE,
    tranche: str = "",
    dry_run: bool = False,
    despite_rules: bool = False,
) -> Issued:
    """Issue a cap table in batches.

    The same table is issued once however often this runs; `tranche` tells a second issue of an
    identical table from a repetition. A dry run makes every check and sends nothing. The token
    lets an agent issue to whoever is eligible; the asset's other rules are checked here, unless
    `despite_rules`.

    Raises: InputError when the shares are more than the asset's authorised ones, the account is
    no agent, the rules forbid a holder, or the table was begun with another batch size; what
    `Operator.send` raises.
    """
    token = deployment.token()
    require_agent(token, operator.address)
    if table.decimals != token.decimals():
        raise InputError.of(
            "decimals", table.decimals, f"are not the token's {token.decimals()}", "read it again"
        )
    name = _digest(tranche, *(f"{h.address}:{h.shares}" for h in table))
    _check_batch_size(operator, name, batch_size)
    if not dry_run:
        operator.settle()
    batches = _batches(token, table, f"issue/{name}/{batch_size}", batch_size)
    held = {i: page for i, page in batches.items() if operator.earlier(i.key) is None}
    to_issue = [holding for page in held.values() for holding in page]
    _check_authorised(deployment, token.total_supply(), sum(h.shares for h in to_issue))
    if not despite_rules:
        check_issue(deployment, to_issue, operator.address)
    if dry_run:
        return Issued(table.total, len(table), (), tuple(operator.price(list(held))))
    receipts = operator.send(list(batches))
    return Issued(table.total, len(table), tuple(receipts))


def _batches(
    token: ShareToken, table: CapTable, prefix: str, size: int
) -> dict[Intent, tuple[Holding, ...]]:
    """Each batch with the holdings in it."""
    batches = {}
    for number, start in enumerate(range(0, len(table), size)):
        page = table.holdings[start : start + size]
        call = token.batch_mint([h.address for h in page], [h.shares for h in page])
        batches[Intent(f"{prefix}/{number}", call)] = page
    return batches


def _check_batch_size(operator: Operator, name: str, size: int) -> None:
    if size < 1:
        raise InputError.of("batch", size, "is no batch", "give at least 1")
    entries = () if operator.journal is None else operator.journal.entries
    begun = {e.key.split("/")[2] for e in entries if e.key.startswith(f"issue/{name}/")}
    if begun and begun != {str(size)}:
        raise InputError.of(
            "batch",
            size,
            f"is not the {'/'.join(sorted(begun))} with which issuing this table began",
            "run again with that, so that nobody is issued to twice",
        )


def _check_authorised(deployment: Deployment, supply: int, to_issue: int) -> None:
    settings = deployment.settings
    excess = supply + to_issue - settings.authorised
    if to_issue and excess > 0:
        units = settings.decimals
        raise InputError.of(
            "total",
            format_units(to_issue, units, trim=True),
            f"shares and the {format_units(supply, units, trim=True)} issued already exceed the "
            f"{format_units(settings.authorised, units, trim=True)} authorised by "
            f"{format_units(excess, units, trim=True)}",
            "reduce the holdings, or authorise more with `prorata authorise`",
        )


def _digest(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()[:16]
