# SPDX-License-Identifier: MIT
"""What a push has paid to whom, who was skipped and why, as rows and files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prorata.apportion import Apportionment
from prorata.chain.abi import topics_of
from prorata.chain.calls import Event
from prorata.chain.events import find_events
from prorata.chain.readings import read_steadily
from prorata.chain.types import Block, Log
from prorata.contracts.currency import Currency
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import (
    Distribution,
    DividendVault,
    Reason,
    Settlement,
    settlements,
)
from prorata.deployments.deployment import Deployment
from prorata.errors import BooksError, RevertError
from prorata.files.writer import Row, json_object, write_csv_rows, write_json
from prorata.register.earning import earners_of
from prorata.register.holders import tag_after
from prorata.values.amounts import Amount, Unit
from prorata.values.times import moment

__all__ = ["Line", "PushReport", "report_push", "reported_by_vault"]


# ---------------------------------------------------------------------------------------- account


class LineRow(Row):
    """One holder, as files have it; nothing stands for a tax that is unknown."""

    holder: str
    shares: Amount
    gross: Amount
    tax: Amount | None
    net: Amount | None
    status: str
    reason: str
    payee: str
    transaction: str


@dataclass(frozen=True)
class Line:
    """One holder of record.

    `status` is `paid`, by whoever asked for it; `skipped` by the latest push, for `reason`, and
    owed; `owed` and not tried yet; or `swept` after the deadline. `tax` is unknown where the tax
    policy gives no answer for one who has not been paid.
    """

    holder: str
    shares: int
    gross: int
    tax: int | None
    status: str
    reason: Reason | None = None
    payee: str = ""
    transaction: str = ""

    @property
    def net(self) -> int | None:
        """What reached the payee, or will."""
        return None if self.tax is None else self.gross - self.tax


@dataclass(frozen=True)
class PushReport:
    """Where every unit of a distribution is at one block, holder by holder.

    `share_unit` says how the shares of the lines are written; `remainder` is what nobody is paid.
    """

    distribution: Distribution
    block: Block
    currency: Currency
    share_unit: Unit
    lines: tuple[Line, ...]
    remainder: int

    def of(self, status: str) -> list[Line]:
        """The lines of one status."""
        return [line for line in self.lines if line.status == status]

    @property
    def paid(self) -> int:
        """What has reached payees, after tax."""
        return sum(line.gross - (line.tax or 0) for line in self.of("paid"))

    @property
    def withheld(self) -> int:
        """The tax on what was paid."""
        return sum(line.tax or 0 for line in self.of("paid"))

    @property
    def owed(self) -> int:
        """Gross, what those are owed who have not been paid."""
        return sum(line.gross for line in self.lines if line.status in ("skipped", "owed"))

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        found, unit = self.distribution, self.currency.unit
        document = json_object(
            {
                "distribution": found.id,
                "token": found.token,
                "record": found.record_id,
                "currency": found.currency,
                "symbol": unit.symbol,
                "block": self.block.number,
                "at": moment(self.block.timestamp),
                "amount": unit.amount(found.amount),
                "paid": unit.amount(self.paid),
                "withheld": unit.amount(self.withheld),
                "owed": unit.amount(self.owed),
                "remainder": unit.amount(self.remainder),
                "swept": unit.amount(found.swept),
                "holders_paid": len(self.of("paid")),
                "holders_skipped": len(self.of("skipped")),
                "holders_owed": len(self.of("owed")),
            }
        )
        # Each as JSON already, and put in its place: neither the rows of all nor a copy is there.
        return {**document, "holders": [json_object(row.values) for row in self.rows()]}

    def rows(self) -> Iterator[LineRow]:
        """One line per holder."""
        unit = self.currency.unit
        for line in self.lines:
            yield LineRow(
                holder=line.holder,
                shares=self.share_unit.amount(line.shares),
                gross=unit.amount(line.gross),
                tax=unit.if_known(line.tax),
                net=unit.if_known(line.net),
                status=line.status,
                reason="" if line.reason is None else line.reason.label,
                payee=line.payee,
                transaction=line.transaction,
            )

    def write(self, folder: Path) -> None:
        """Write `push-<id>.json` and `.csv`, each whole or not at all.

        Raises: InputError when the folder cannot be written.
        """
        name = f"push-{self.distribution.id}"
        write_json(folder / f"{name}.json", self.as_json())
        write_csv_rows(folder / f"{name}.csv", LineRow, self.rows())


def report_push(
    deployment: Deployment, distribution_id: int, balances: Mapping[str, int]
) -> PushReport:
    """The exact account of a distribution whose record has closed.

    `balances` are those at the record, as `holders_of` gives them.

    Raises: BooksError when the events, the law and the vault do not agree to the unit; ChainError.
    """

    def read(block: Block) -> PushReport:
        return _reported(deployment, distribution_id, balances, block)

    return read_steadily(deployment.chain, read)


def _reported(
    deployment: Deployment, distribution_id: int, balances: Mapping[str, int], block: Block
) -> PushReport:
    chain = deployment.chain
    reported = deployment.vault().distribution(distribution_id)
    closes_at = ShareToken(chain, reported.token).record_time(reported.record_id)
    vault = deployment.vault(tag_after(block, closes_at))
    found = vault.distribution(distribution_id)
    earners = earners_of(deployment, found, balances)
    law, earning = earners.divide(found.amount, balances), sorted(earners.among(balances))
    paid, skipped = reported_by_vault(deployment, distribution_id, block)
    taxes = _taxes(vault, distribution_id, [holder for holder in earning if holder not in paid])
    lines = [
        Line(
            holder=holder,
            shares=balances[holder],
            gross=paid[holder][0].gross,
            tax=paid[holder][0].tax,
            status="paid",
            payee=paid[holder][0].payee,
            transaction=paid[holder][1],
        )
        if holder in paid
        else Line(
            holder=holder,
            shares=balances[holder],
            gross=law.gross[holder],
            tax=taxes[holder],
            status=_unpaid_status(found, skipped.get(holder)),
            reason=skipped.get(holder),
        )
        for holder in earning
    ]
    currency, shares = Currency(chain, found.currency), deployment.settings.unit
    report = PushReport(found, block, currency, shares, tuple(lines), law.remainder)
    _check(report, paid, law)
    return report


def reported_by_vault(
    deployment: Deployment, distribution_id: int, block: Block
) -> tuple[dict[str, tuple[Settlement, str]], dict[str, Reason]]:
    """Who was paid, in which transaction, and whom a push skipped last, by the events."""
    topics = topics_of("DividendVault", "Claimed", "ClaimedMany", "Skipped")
    vault, first = deployment.vault().address, deployment.manifest.first_block

    def may_be_ours(log: Log) -> bool:
        # Most are of other distributions, and their id is told before they are decoded.
        return len(log.topics) < 3 or _id_in(log.topics) == distribution_id

    paid: dict[str, tuple[Settlement, str]] = {}
    skipped: dict[str, Reason] = {}
    for event in find_events(
        deployment.chain, [vault], first, block.number, topics, wanted=may_be_ours
    ):
        if event.name == "Skipped":
            skipped[event.args["holder"]] = Reason(event.args["reason"])
        for settled in settlements([event]):
            if settled.distribution_id == distribution_id:
                _require_first(paid, settled, event)
                paid[settled.holder] = settled, event.log.transaction_hash
    return paid, skipped


def _id_in(topics: Sequence[bytes]) -> int:
    return int.from_bytes(topics[1], "big")


def _require_first(
    paid: Mapping[str, tuple[Settlement, str]], settled: Settlement, event: Event
) -> None:
    if settled.holder in paid:
        earlier, now = paid[settled.holder][1], event.log.transaction_hash
        raise BooksError(
            f"the vault tells of {settled.holder} being paid twice from distribution "
            f"{settled.distribution_id}, in {earlier} and in {now}",
            "check that the node is in step with the chain",
        )


def _taxes(
    vault: DividendVault, distribution_id: int, holders: Sequence[str]
) -> dict[str, int | None]:
    """What would be withheld from those who are owed; None where the policy does not say."""
    try:
        answers = vault.entitlements(distribution_id, holders)
    except RevertError:
        if len(holders) == 1:
            return {holders[0]: None}
        middle = len(holders) // 2
        first = _taxes(vault, distribution_id, holders[:middle])
        return first | _taxes(vault, distribution_id, holders[middle:])
    return {holder: answer.tax for holder, answer in zip(holders, answers, strict=True)}


def _check(
    report: PushReport, paid: Mapping[str, tuple[Settlement, str]], law: Apportionment[str]
) -> None:
    """Raises: BooksError for the first figure in which events, law and vault differ."""
    found = report.distribution
    for holder, (settled, transaction) in paid.items():
        if settled.gross != law.gross.get(holder, 0):
            raise BooksError(
                f"{holder} was paid {settled.gross} units gross from distribution {found.id} in "
                f"{transaction}, and the law gives {law.gross.get(holder, 0)}",
                "see `prorata books`",
            )
    settled_shares = sum(line.shares for line in report.of("paid"))
    finished = _is_over(found) or settled_shares == law.eligible
    for figure, ours, theirs in (
        ("shares earn", law.eligible, found.eligible_supply or law.eligible),
        ("units are paid", report.paid + report.withheld, found.paid),
        ("units are withheld", report.withheld, found.withheld),
        ("units are owed", report.owed + (0 if finished else report.remainder), found.owed),
    ):
        if ours != theirs:
            raise BooksError(
                f"in distribution {found.id}, {ours} {figure} by the events and the law, "
                f"and {theirs} by the vault",
                "check that the node is in step with the chain, and see `prorata books`",
            )


def _unpaid_status(found: Distribution, reason: Reason | None) -> str:
    if _is_over(found):
        return "swept"
    return "owed" if reason is None else "skipped"


def _is_over(found: Distribution) -> bool:
    """Whether a sweep or a refund has ended it, or its last holder been paid."""
    return bool(found.swept or found.carried_out)
