# SPDX-License-Identifier: MIT
"""What is due next for an asset: records, payments, deadlines, taxes, certificates, offers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from prorata.chain.abi import topics_of
from prorata.chain.events import find_events
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import Distribution
from prorata.contracts.withholding import WithholdingPolicy
from prorata.deployments.deployment import Deployment
from prorata.deployments.roles import Governed, all_governed
from prorata.register.registries import must_count
from prorata.register.shares import Ledger
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.times import moment

__all__ = ["Due", "Entry", "Times", "agenda"]

DAY = 86_400
CERTIFICATES_AHEAD = 90 * DAY
KINDS = 8


@dataclass(frozen=True)
class Times:
    """When a distribution can be paid: `closes_at` is None where its record was cancelled.

    `owed_text` is what holders have not been paid, as people read it.
    """

    closes_at: int | None
    payable_from: int
    deadline: int
    owed_text: str
    tax_due_text: str


@dataclass(frozen=True)
class Entry:
    """A distribution, and its times."""

    distribution: Distribution
    times: Times


@dataclass(frozen=True)
class Due:
    """Something to be done or to happen; `at` is the Unix second, None for now.

    `command` is what does it, where a command does.
    """

    at: int | None
    what: str
    command: str = ""

    @property
    def when(self) -> str:
        """As people read it."""
        return "now" if self.at is None else moment(self.at)

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "at": self.at,
            "when": self.when,
            "what": self.what,
            "command": self.command or None,
        }


def agenda(
    deployment: Deployment, ledger: Ledger, entries: Sequence[Entry], now: int
) -> tuple[Due, ...]:
    """Everything that is due, what is due now first, and then in order of time.

    Raises: ChainError.
    """
    found = [
        *_of_token(deployment),
        *_of_records(ledger, now),
        *_of_last_record(deployment, ledger, entries, now),
        *(due for entry in entries for due in _of_distribution(deployment, ledger, entry, now)),
        *_of_certificates(deployment, now),
    ]
    return tuple(sorted(found, key=lambda due: due.at or 0))


# -------------------------------------------------------------------------------- of the contracts


def _of_token(deployment: Deployment) -> Iterator[Due]:
    if must_count(deployment):
        what = "the rules count persons who are not counted yet, so no share moves"
        yield Due(None, what, "prorata registry count")
    if deployment.token().paused():
        yield Due(None, "transfers by holders are stopped", "prorata unpause")
    for governed in all_governed(deployment):
        yield from _of_offer(governed)


def _of_offer(governed: Governed) -> Iterator[Due]:
    pending = governed.contract.pending_owner()
    if pending != ZERO_ADDRESS:
        what = f"{pending} has not accepted {governed.called}"
        yield Due(None, what, f"prorata ownership accept {governed.options}")


# ---------------------------------------------------------------------------- of records and money


def _of_records(ledger: Ledger, now: int) -> Iterator[Due]:
    for number, closes_at in enumerate(ledger.record_times, start=1):
        if closes_at is not None and closes_at >= now:
            yield Due(closes_at, f"record {number} closes")


def _of_last_record(
    deployment: Deployment, ledger: Ledger, entries: Sequence[Entry], now: int
) -> Iterator[Due]:
    if "RecordRanges" in deployment.manifest.contracts:
        # Records of a range are paid together.
        return
    closed = [(t, n) for n, t in enumerate(ledger.record_times, 1) if t is not None and t < now]
    declared = {e.distribution.record_id for e in entries if e.distribution.token == ledger.token}
    if closed and (last := max(closed)[1]) not in declared:
        what = f"record {last} has closed, and nothing is declared for it"
        yield Due(None, what, f"prorata distribute --record {last}")


def _of_distribution(
    deployment: Deployment, ledger: Ledger, entry: Entry, now: int
) -> Iterator[Due]:
    found, times = entry.distribution, entry.times
    number = f"distribution {found.id}"
    if times.tax_due_text:
        what = f"{times.tax_due_text} of tax of {number} is not remitted"
        yield Due(None, what, f"prorata remit --id {found.id}")
    if not found.owed:
        return
    if times.closes_at is None:
        what = f"{number} pays nobody, since its record was cancelled: {times.owed_text}"
        yield Due(None, what, f"prorata refund --id {found.id}")
        return
    if times.payable_from > max(now, times.closes_at + 1):
        yield Due(times.payable_from, f"{number} can be paid")
    if times.deadline and times.deadline < now:
        what = f"{times.owed_text} of {number} were not claimed by the deadline"
        yield Due(None, what, f"prorata sweep --id {found.id}")
    elif times.deadline:
        yield Due(times.deadline, _deadline(deployment, ledger, entry, now))


def _deadline(deployment: Deployment, ledger: Ledger, entry: Entry, now: int) -> str:
    found, times = entry.distribution, entry.times
    said = f"deadline of distribution {found.id}: {times.owed_text} unpaid"
    if (frozen := _frozen(deployment, ledger, entry, now)) == 0:
        return said
    who = "a frozen holder" if frozen == 1 else f"{frozen} frozen holders"
    return f"{said}, some of it of {who} whom nobody can pay before"


def _frozen(deployment: Deployment, ledger: Ledger, entry: Entry, now: int) -> int:
    """How many frozen wallets are owed income of a distribution whose record has closed."""
    found, closes_at = entry.distribution, entry.times.closes_at
    wallets = [w for w in ledger if ledger.is_frozen(w) and w not in found.terms.excluded]
    if not wallets or closes_at is None or closes_at >= min(now, ledger.until):
        return 0
    token = ShareToken(deployment.chain, found.token)
    held = token.balances_of_at(wallets, found.record_id)
    claimed = deployment.vault().are_claimed(found.id, wallets)
    return sum(bool(shares) and not paid for shares, paid in zip(held, claimed, strict=True))


# --------------------------------------------------------------------------------- of certificates


def _of_certificates(deployment: Deployment, now: int) -> Iterator[Due]:
    """Those after which a holder has none, for the first time in any kind of income."""
    for name, placed in deployment.policies().items():
        policy = WithholdingPolicy(deployment.chain, placed.address)
        ends = _ends(policy, placed.block)
        soon = {w: end for w, end in ends.items() if now <= end <= now + CERTIFICATES_AHEAD}
        if soon:
            first = min(soon.values())
            many = "a certificate" if len(soon) == 1 else f"the first of {len(soon)} certificates"
            what = f"{many} of the tax policy {name} ends in the next 90 days"
            yield Due(first, what, "prorata tax show")


def _ends(policy: WithholdingPolicy, first_block: int) -> dict[str, int]:
    """Of each holder, the second in which the certificates for some kind of income run out."""
    chain = policy.chain
    topics = topics_of(policy.CONTRACT, "CertificateFiled", "CertificateRevoked")
    filed: dict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
    for event in find_events(chain, [policy.address], first_block, chain.block().number, topics):
        holder, number = str(event.args["holder"]), int(event.args["id"])
        if event.name == "CertificateRevoked":
            filed[holder].pop(number, None)
        else:
            certificate = event.args["certificate"]
            filed[holder][number] = int(certificate["kinds"]), int(certificate["validUntil"])
    return {holder: _first_end(list(known.values())) for holder, known in filed.items() if known}


def _first_end(certificates: Sequence[tuple[int, int]]) -> int:
    """The least of the last seconds in which each kind that is covered at all is covered."""
    last = (
        max((until for kinds, until in certificates if kinds >> kind & 1), default=None)
        for kind in range(KINDS)
    )
    return min(end for end in last if end is not None)
