# SPDX-License-Identifier: MIT
"""Who is owed what, and for how long: the income that nobody has come for.

For every open distribution of an asset whose record has closed, each holder who has not been paid
is one line, with the days since it could first be paid, and whether it can be paid now:
`claimable`; `frozen` with the wallet; `held` where the token lets income wait for another
reason; `not due` before the first second of payment; `expired` after the deadline, until somebody
sweeps it.

The lines of a distribution and its remainder add up to what its vault says is owed, to the unit,
or there is no report. Shares that the vault itself held earn for nobody: where they count, their
part is in the remainder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prorata.chain.abi import topics_of
from prorata.chain.events import stream_events
from prorata.contracts.currency import Currency
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import Distribution, DividendVault, find_distribution
from prorata.deployments.deployment import Deployment
from prorata.errors import BooksError, NoEligibleShares
from prorata.files.writer import Row, json_object, write_csv_rows, write_json
from prorata.register.earning import Earners, earners_of
from prorata.register.holders import holders_of, tag_after
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Amount
from prorata.values.times import moment

__all__ = ["BUCKETS", "AgedBalances", "Overdue", "Owed", "read_unclaimed"]

DAY = 86_400

# The last day of each, and what people call it.
_LIMITS = ((30, "0-30 days"), (90, "31-90 days"), (365, "91-365 days"))
_OLDEST = "over 365 days"
NOT_DUE = "not due"

BUCKETS = (*(name for _, name in _LIMITS), _OLDEST)


class OwedRow(Row):
    """One distribution and holder, as files have them."""

    distribution: int
    holder: str
    claimant: str
    currency: str
    gross: Amount
    since: str
    days: int
    age: str
    state: str
    deadline: str


@dataclass(frozen=True)
class Owed:
    """What one holder is owed at second `at`, gross, since the second it could first be paid.

    `claimant` is who is to be paid, the holder or who has taken its place; empty while it waits.
    """

    holder: str
    claimant: str
    gross: int
    since: int
    at: int
    state: str

    @property
    def days(self) -> int:
        """Whole days since."""
        return max(self.at - self.since, 0) // DAY

    @property
    def bucket(self) -> str:
        """How old it is, in words."""
        if self.since > self.at:
            return NOT_DUE
        return next((name for limit, name in _LIMITS if self.days <= limit), _OLDEST)


@dataclass(frozen=True)
class Overdue:
    """One distribution and all who are still owed from it; the oldest line is the largest."""

    distribution: Distribution
    currency: Currency
    lines: tuple[Owed, ...]
    remainder: int
    expired: bool

    @property
    def owed(self) -> int:
        """Gross, to holders: without the remainder."""
        return sum(line.gross for line in self.lines)

    def by_bucket(self) -> dict[str, int]:
        """Gross by age, youngest first; what is not due yet comes before."""
        sums = dict.fromkeys((NOT_DUE, *BUCKETS), 0)
        for line in self.lines:
            sums[line.bucket] += line.gross
        return sums


@dataclass(frozen=True)
class AgedBalances:
    """All that holders of an asset are owed at second `at`."""

    at: int
    distributions: tuple[Overdue, ...]
    open_records: tuple[int, ...] = ()
    """Distributions whose record has not closed: who will be owed is not known yet."""
    refundable: tuple[int, ...] = ()
    """Distributions that nobody can receive: for want of shares, or their record was cancelled."""

    def rows(self) -> Iterator[OwedRow]:
        """One line per distribution and holder."""
        for overdue in self.distributions:
            unit, deadline = overdue.currency.unit, overdue.distribution.terms.deadline
            for line in overdue.lines:
                yield OwedRow(
                    distribution=overdue.distribution.id,
                    holder=line.holder,
                    claimant=line.claimant,
                    currency=unit.symbol,
                    gross=unit.amount(line.gross),
                    since=moment(line.since),
                    days=line.days,
                    age=line.bucket,
                    state=line.state,
                    deadline=moment(deadline) if deadline else "",
                )

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return json_object(
            {
                "at": moment(self.at),
                "distributions": [_facts(overdue) for overdue in self.distributions],
                "open_records": self.open_records,
                "refundable": self.refundable,
                "lines": list(self.rows()),
            }
        )

    def write(self, path: Path) -> None:
        """Write the lines as JSON, if the file is called so, or else as CSV.

        Raises: InputError when the file cannot be written.
        """
        if path.suffix.lower() == ".json":
            write_json(path, self.as_json())
        else:
            write_csv_rows(path, OwedRow, self.rows())


def _facts(overdue: Overdue) -> dict[str, Any]:
    found, unit = overdue.distribution, overdue.currency.unit
    deadline = found.terms.deadline
    return {
        "distribution": found.id,
        "record": found.record_id,
        "currency": found.currency,
        "symbol": unit.symbol,
        "owed": unit.amount(overdue.owed),
        "remainder": unit.amount(overdue.remainder),
        "holders": len(overdue.lines),
        "by_age": {name: unit.amount(units) for name, units in overdue.by_bucket().items()},
        "deadline": moment(deadline) if deadline else None,
        "expired": overdue.expired,
    }


# --------------------------------------------------------------------------------------- reading


def read_unclaimed(deployment: Deployment, ids: Sequence[int] | None = None) -> AgedBalances:
    """What holders have not been paid, of the distributions `ids` or of all open ones.

    Raises: InputError for an id that was never given out; BooksError when lines and vault do not
    agree; ChainError.
    """
    chain, block = deployment.chain, deployment.chain.block()
    vault = deployment.vault(block.number)
    for number in ids or ():
        find_distribution(vault, number)
    now, declared_at = chain.now(), _declaration_times(deployment)
    registers: dict[tuple[str, int], Mapping[str, int]] = {}
    overdue, open_records, refundable = [], [], []
    for known in vault.distributions_of(deployment.paying):
        if not known.owed or known.id not in (ids or (known.id,)):
            continue
        at = known.token, known.record_id
        token = ShareToken(chain, known.token)
        if token.is_record_cancelled(known.record_id):
            refundable.append(known.id)
            continue
        closes_at = token.record_time(known.record_id)
        if now <= closes_at:
            open_records.append(known.id)
            continue
        if at not in registers:
            registers[at] = holders_of(deployment, known)
        payable = max(known.terms.payable_from, closes_at + 1, declared_at.get(known.id, 0))
        tag = tag_after(block, closes_at)
        question = _Question(deployment.vault(tag), deployment.token(tag), known.id, payable, now)
        try:
            earners = earners_of(deployment, known, registers[at])
            overdue.append(question.answer(registers[at], earners))
        except NoEligibleShares:
            refundable.append(known.id)
    return AgedBalances(now, tuple(overdue), tuple(open_records), tuple(refundable))


def _declaration_times(deployment: Deployment) -> dict[int, int]:
    chain, first = deployment.chain, deployment.manifest.first_block
    topics = topics_of("DividendVault", "Declared")
    vault, last = deployment.vault().address, chain.block().number
    declared = stream_events(chain, [vault], first, last, topics)
    return {int(event.args["id"]): time for event, time in declared}


@dataclass(frozen=True)
class _Question:
    """Who is owed what from one distribution, payable since a second."""

    vault: DividendVault
    token: ShareToken
    distribution_id: int
    payable: int
    now: int

    def answer(self, balances: Mapping[str, int], earners: Earners) -> Overdue:
        """Raises: NoEligibleShares; BooksError when lines and vault do not agree."""
        found = self.vault.distribution(self.distribution_id)
        law, earning = earners.divide(found.amount, balances), sorted(earners.among(balances))
        claimed = self.vault.are_claimed(found.id, earning)
        unpaid = [holder for holder, done in zip(earning, claimed, strict=True) if not done]
        unpaid.sort(key=lambda holder: (-law.gross[holder], holder))
        expired = bool(found.terms.deadline) and self.now > found.terms.deadline
        lines = [
            Owed(
                holder=holder,
                claimant=claimant,
                gross=law.gross[holder],
                since=self.payable,
                at=self.now,
                state="expired" if expired else state,
            )
            for holder, (claimant, state) in self._claimants(unpaid).items()
        ]
        currency = Currency(self.vault.chain, found.currency)
        overdue = Overdue(found, currency, tuple(lines), law.remainder, expired)
        if found.eligible_supply not in (0, law.eligible):
            raise BooksError(
                f"{law.eligible} shares earn in distribution {found.id} by the events, and "
                f"{found.eligible_supply} by the vault",
                "check that the node is in step with the chain, and see `prorata books`",
            )
        if overdue.owed + law.remainder != found.owed:
            raise BooksError(
                f"holders are owed {overdue.owed} units of distribution {found.id}, which with its "
                f"remainder of {law.remainder} is not the {found.owed} that the vault says",
                "check that the node is in step with the chain, and see `prorata books`",
            )
        return overdue

    def _claimants(self, holders: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Who is to be paid for each holder, if anybody now, and its state."""
        claimants = dict(zip(holders, self.token.claimants_of(holders), strict=True))
        halted = [holder for holder in holders if claimants[holder] == ZERO_ADDRESS]
        frozen = dict(zip(halted, self.token.are_frozen(halted), strict=True))
        payable = "claimable" if self.now >= self.payable else NOT_DUE
        return {
            holder: ("", "frozen" if frozen[holder] else "held")
            if holder in frozen
            else (claimants[holder], payable)
            for holder in holders
        }
