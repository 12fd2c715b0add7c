# SPDX-License-Identifier: MIT
"""Issuing the shares of a cap table, each batch once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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

    @property
    def resumed(self) -> bool:
        """Whether an earlier run had sent all of it."""
        return bool(self.receipts) and all(receipt.resumed for receipt in self.receipts)


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

    The same table is issued once however often this runs, in whatever order its rows are. Once
    there are shares, a further issue needs a `tranche` of its own, which is a name for one table.
    A dry run makes every check and sends nothing. The token lets an agent issue to whoever is
    eligible; the asset's other rules are checked here, unless `despite_rules`.

    Raises: InputError when the shares are more than the asset's authorised ones, the account is
    no agent, the rules forbid a holder, the table was begun with another batch size, or a further
    issue has no name, or that of another table; what `Operator.send` raises.
    """
    token = deployment.token()
    require_agent(token, operator.address)
    if table.decimals != token.decimals():
        raise InputError.of(
            "decimals", table.decimals, f"are not the token's {token.decimals()}", "read it again"
        )
    name, holdings = _named(operator, table, tranche)
    begun = _begun(operator)
    _check_batch_size(begun.get(name, set()), batch_size)
    if not dry_run:
        operator.settle()
    supply = token.total_supply()
    if name not in begun:
        _check_tranche(deployment, supply, tranche, begun)
    batches = _batches(token, holdings, f"issue/{name}/{batch_size}", batch_size)
    held = {i: page for i, page in batches.items() if operator.earlier(i.key) is None}
    missing = {holding.address for page in held.values() for holding in page}
    # In the order of the table, in which its faults are told.
    to_issue = [holding for holding in table if holding.address in missing]
    _check_authorised(deployment, supply, sum(h.shares for h in to_issue))
    if not despite_rules:
        check_issue(deployment, to_issue, operator.address)
    if dry_run:
        return Issued(table.total, len(table), (), tuple(operator.price(list(held))))
    receipts = operator.send(list(batches))
    return Issued(table.total, len(table), tuple(receipts))


def _named(operator: Operator, table: CapTable, tranche: str) -> tuple[str, tuple[Holding, ...]]:
    """What the journal calls this issue, and the holdings in the order of its batches.

    The order of a table's rows means nothing. What an older version began is gone on with in the
    order that it had.
    """
    as_written = _digest(tranche, *(_row(holding) for holding in table))
    if as_written in _begun(operator):
        return as_written, tuple(table)
    ordered = tuple(sorted(table, key=lambda holding: holding.address))
    rows = _digest(*(_row(holding) for holding in ordered))
    return f"{_tranche(tranche)}{rows}", ordered


def _row(holding: Holding) -> str:
    return f"{holding.address}:{holding.shares}"


def _tranche(name: str) -> str:
    """What the keys of a tranche begin with, whatever is in its table."""
    return f"{_digest(name)}-" if name else ""


def _begun(operator: Operator) -> dict[str, set[int]]:
    """Every issue that the journal knows, with the sizes of its batches."""
    begun: dict[str, set[int]] = {}
    for entry in () if operator.journal is None else operator.journal.live():
        if entry.key.startswith("issue/"):
            _, name, size, _ = entry.key.split("/")
            begun.setdefault(name, set()).add(int(size))
    return begun


def _batches(
    token: ShareToken, holdings: Sequence[Holding], prefix: str, size: int
) -> dict[Intent, tuple[Holding, ...]]:
    """Each batch with the holdings in it."""
    batches = {}
    for number, start in enumerate(range(0, len(holdings), size)):
        page = tuple(holdings[start : start + size])
        call = token.batch_mint([h.address for h in page], [h.shares for h in page])
        batches[Intent(f"{prefix}/{number}", call)] = page
    return batches


def _check_batch_size(begun: Collection[int], size: int) -> None:
    if size < 1:
        raise InputError.of("batch", size, "is no batch", "give at least 1")
    if begun and set(begun) != {size}:
        raise InputError.of(
            "batch",
            size,
            f"is not the {'/'.join(map(str, sorted(begun)))} with which issuing this table began",
            "run again with that, so that nobody is issued to twice",
        )


def _check_tranche(
    deployment: Deployment, supply: int, tranche: str, begun: Mapping[str, object]
) -> None:
    """Refuse what may be the same issue again, in an edited or another file."""
    settings = deployment.settings
    if tranche and any(name.startswith(_tranche(tranche)) for name in begun):
        raise InputError.of(
            "tranche",
            tranche,
            "is the name of an issue from a table with other holdings",
            "give that table again to finish it, or another name for what is to be issued besides",
        )
    if not tranche and supply:
        issued = format_units(supply, settings.decimals, trim=True)
        raise InputError.of(
            "tranche",
            "",
            f"is missing, and {issued} shares of {settings.symbol} are issued already, from "
            "another table or by another account",
            "give --tranche NAME if these shares are to be issued besides",
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
