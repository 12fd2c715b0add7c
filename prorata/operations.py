"""What an issuer does with a deployed asset: issue, record, distribute, push, claim, end.

Each operation first checks, in the asset's own words, everything that the contracts would refuse
and some things they cannot know, then sends. Run twice with the same inputs it does its work
once: steps are named by their contents, and the operator's journal remembers them.

Distributions have modules of their own, whose operations are named here with the others:
`prorata.distributing` declares, `prorata.pushing` pays, `prorata.ending` sweeps and remits.

Times are Unix seconds of the chain's clock, never of this machine's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeAlias

from prorata.captable import CapTable, Holding
from prorata.chain import RpcChain
from prorata.contracts import (
    Currency,
    Distribution,
    DividendVault,
    Settlement,
    ShareToken,
    settlements,
)
from prorata.deploy import Deployment
from prorata.distributing import (
    Declaration,
    Declared,
    declare,
    declare_all,
    find_distribution,
    holders_at,
    preview,
    why_not_payable,
)
from prorata.ending import Remittance, Remitted, Swept, remit, remit_all, sweep
from prorata.errors import InputError
from prorata.issuing import check_issue
from prorata.money import format_units, parse_units
from prorata.operator import Intent, Operator, Receipt
from prorata.pushing import PAGE_SIZE, Pushed, PushReport, push, push_all, report_push
from prorata.settings import moment

__all__ = [
    "BATCH_SIZE",
    "PAGE_SIZE",
    "Claimed",
    "Declaration",
    "Declared",
    "Issued",
    "Payout",
    "PushReport",
    "Pushed",
    "Record",
    "Remittance",
    "Remitted",
    "Swept",
    "claim",
    "declare",
    "declare_all",
    "holders_at",
    "issue",
    "parse_amount",
    "parse_instant",
    "parse_moment",
    "payouts",
    "preview",
    "push",
    "push_all",
    "remit",
    "remit_all",
    "report_push",
    "schedule_record",
    "sweep",
]

Payout: TypeAlias = Settlement
"""What a claim or a push paid one holder from one distribution."""

BATCH_SIZE = 200

# `now` leaves a transaction this long to be mined.
SOON_LOCAL_SECONDS = 2
SOON_PUBLIC_SECONDS = 60

_RELATIVE = re.compile(r"\+(?P<count>[0-9]{1,9})(?P<unit>[smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DAY_ALONE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT = "write 2027-03-31T23:59:59Z"
_WRITE_A_TIME = f"{_INSTANT}, now, or +3600s, +90m, +12h, +2d"


# ------------------------------------------------------------------------------ times and amounts


def parse_moment(text: str, chain: RpcChain, column: str = "at") -> int:
    """The Unix second that `text` names: ISO 8601 with a zone, `now`, or `+2d` from now.

    Raises: InputError when it names none.
    """
    if text == "now":
        return chain.now() + (SOON_LOCAL_SECONDS if chain.is_local else SOON_PUBLIC_SECONDS)
    if (relative := _RELATIVE.fullmatch(text)) is not None:
        return chain.now() + int(relative["count"]) * _SECONDS[relative["unit"]]
    return _instant(text, column, _WRITE_A_TIME)


def parse_instant(text: str, column: str = "at") -> int:
    """The Unix second that `text` names, whenever it is read: ISO 8601 with a zone.

    Raises: InputError when it names none, or another one tomorrow.
    """
    if text == "now" or text.startswith("+"):
        rule = "is relative to the present, so that the same words again would be another time"
        raise InputError.of(column, text, rule, _INSTANT)
    return _instant(text, column, _INSTANT)


def _instant(text: str, column: str, remedy: str) -> int:
    if _DAY_ALONE.fullmatch(text):
        raise InputError.of(column, text, "names no time of that day", f"write {text}T23:59:59Z")
    try:
        named = datetime.fromisoformat(f"{text[:-1]}+00:00" if text.endswith("Z") else text)
    except ValueError:
        raise InputError.of(column, text, "is no time", remedy) from None
    if named.tzinfo is None:
        raise InputError.of(column, text, "has no time zone", f"add Z for UTC: {text}Z")
    if named.microsecond:
        raise InputError.of(column, text, "has a fraction of a second", remedy)
    if (second := int(named.timestamp())) < 1:
        raise InputError.of(column, text, "is before 1970", remedy)
    return second


def parse_amount(text: str, currency: Currency) -> int:
    """The amount that `text` names in whole units of the currency.

    Raises: InputError, naming the currency, when it names none or has too many decimals.
    """
    decimals = currency.decimals()
    try:
        amount = parse_units(text, decimals)
    except InputError as error:
        fault = error.problems[0]
        rule = fault.rule.replace("only", f"{currency.symbol()} has only").replace(" exist", "")
        raise InputError.of("amount", text, rule, fault.remedy) from None
    if amount == 0:
        raise InputError.of("amount", text, "is nothing", "give more than 0")
    return amount


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
    _require_agent(token, operator.address)
    if table.decimals != token.decimals():
        raise InputError.of(
            "decimals", table.decimals, f"are not the token's {token.decimals()}", "read it again"
        )
    name = _digest(tranche, *(f"{h.address}:{h.shares}" for h in table))
    _check_batch_size(operator, name, batch_size)
    if not dry_run:
        operator.settle()
    batches = _batches(token, table, f"issue/{name}/{batch_size}", batch_size)
    waiting = {i: page for i, page in batches.items() if operator.earlier(i.key) is None}
    to_issue = [holding for page in waiting.values() for holding in page]
    _check_authorised(deployment, token.total_supply(), sum(h.shares for h in to_issue))
    if not despite_rules:
        check_issue(deployment, to_issue)
    if dry_run:
        return Issued(table.total, len(table), (), tuple(operator.price(list(waiting))))
    receipts = operator.send(list(batches))
    facts: dict[str, Any] = {
        "table": name,
        "tranche": tranche,
        "shares": table.total,
        "holders": len(table),
        "transactions": [receipt.hash for receipt in receipts],
    }
    deployment.note("issued", facts, "table")
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
            "reduce the holdings or authorise more shares",
        )


def _require_agent(token: ShareToken, account: str) -> None:
    if not token.is_agent(account):
        raise InputError.of(
            "account",
            account,
            f"is no agent of {token.symbol()}",
            f"use an agent's account, or let the owner {token.owner()} add it",
        )


# ----------------------------------------------------------------------------------------- record


@dataclass(frozen=True)
class Record:
    """A record date: `id` counts from 1; it closes at the end of second `closes_at`."""

    id: int
    closes_at: int
    receipt: Receipt | None


def schedule_record(operator: Operator, deployment: Deployment, closes_at: int) -> Record:
    """Schedule the next record date; the record that closes at this second already is returned.

    Raises: InputError when it is past, not later than every record, or the account is no agent;
    what `Operator.send` raises.
    """
    token = deployment.token()
    operator.settle()
    times = token.record_times()
    key = f"record/{closes_at}"
    if closes_at in times:
        known = Record(times.index(closes_at) + 1, closes_at, operator.earlier(key))
        return _noted_record(deployment, known)
    _require_agent(token, operator.address)
    now = operator.chain.now()
    if closes_at < now:
        raise InputError.of(
            "at",
            moment(closes_at),
            f"is in the past: the chain's time is {moment(now)}",
            "give a later time",
        )
    if times and closes_at < times[-1]:
        raise InputError.of(
            "at",
            moment(closes_at),
            f"is not later than record {len(times)}, which closes at {moment(times[-1])}",
            "give a later time",
        )
    receipt = operator.send_one(key, token.schedule_record(closes_at))
    record_id = int(receipt.events("RecordScheduled")[0].args["recordId"])
    return _noted_record(deployment, Record(record_id, closes_at, receipt))


def _noted_record(deployment: Deployment, record: Record) -> Record:
    """Written down in the deployment's state too, unless another account scheduled it."""
    if record.receipt is not None:
        facts = {
            "id": record.id,
            "closes_at": record.closes_at,
            "transaction": record.receipt.hash,
        }
        deployment.note("records", facts, "id")
    return record


# ------------------------------------------------------------------------------------------ claim


@dataclass(frozen=True)
class Claimed:
    """What a claim did; `waiting` are distributions that cannot be claimed yet."""

    payouts: tuple[Payout, ...]
    receipt: Receipt | None
    waiting: tuple[int, ...] = field(default=())


def claim(
    operator: Operator,
    deployment: Deployment,
    holder: str,
    ids: Sequence[int] | None = None,
) -> Claimed:
    """Claim what `holder` is owed from the distributions `ids`, or from all open ones.

    Anyone may claim for a holder: the money goes to the holder or the payee it has set.

    Raises: InputError when a named distribution, or every unclaimed one, is not payable now; what
    `Operator.send` raises.
    """
    vault = deployment.vault("pending")
    operator.settle()
    if ids is None:
        every = [d for d in vault.distributions() if d.token in deployment.paying]
        candidates = _unclaimed(vault, every, holder)
    else:
        candidates = _unclaimed(vault, [find_distribution(vault, i) for i in ids], holder)
    refusals = {found.id: why_not_payable(operator.chain, found) for found in candidates}
    waiting = {number: why for number, why in refusals.items() if why is not None}
    payable = [number for number, why in refusals.items() if why is None]
    due = [number for number in payable if vault.entitlement(number, holder).gross > 0]
    if waiting and (ids is not None or not due):
        raise next(iter(waiting.values()))
    if not due:
        return Claimed((), None)
    key = f"claim/{'+'.join(map(str, due))}/{holder}"
    receipt = operator.send_one(key, vault.claim(due, holder))
    return Claimed(payouts([receipt]), receipt, tuple(waiting))


def _unclaimed(
    vault: DividendVault, distributions: Sequence[Distribution], holder: str
) -> list[Distribution]:
    return [d for d in distributions if not vault.is_claimed(d.id, holder)]


def payouts(receipts: Sequence[Receipt]) -> tuple[Payout, ...]:
    """What transactions of whatever kind have settled."""
    return tuple(settled for r in receipts for settled in settlements(r.events()))


def _digest(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()[:16]
