"""What an issuer does with a deployed asset: issue, record, distribute, push, claim.

Each operation first checks, in the asset's own words, everything that the contracts would refuse
and some things they cannot know, then sends. Run twice with the same inputs it does its work
once: steps are named by their contents, and the operator's journal remembers them.

Times are Unix seconds of the chain's clock, never of this machine's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from prorata.abi import ZERO_ADDRESS
from prorata.apportion import Apportionment, apportion
from prorata.captable import CapTable, Holding
from prorata.chain import RpcChain
from prorata.contracts import (
    Currency,
    Distribution,
    DividendVault,
    Event,
    Reason,
    ShareToken,
    Terms,
)
from prorata.deploy import Deployment
from prorata.errors import InputError, NoEligibleShares
from prorata.issuing import check_issue
from prorata.ledger import Ledger
from prorata.money import format_units, parse_units
from prorata.operator import Intent, Operator, Receipt
from prorata.settings import moment

__all__ = [
    "BATCH_SIZE",
    "PAGE_SIZE",
    "Claimed",
    "Declared",
    "Issued",
    "Payout",
    "Pushed",
    "Record",
    "claim",
    "declare",
    "holders_at",
    "issue",
    "parse_amount",
    "parse_moment",
    "payouts",
    "preview",
    "push",
    "schedule_record",
]

BATCH_SIZE = 200
PAGE_SIZE = 100

# One transfer that does nothing but burn gas must not make the rest of its page fail.
PAGE_RESERVE = 600_000

# `now` leaves a transaction this long to be mined.
SOON_LOCAL_SECONDS = 2
SOON_PUBLIC_SECONDS = 60

_RELATIVE = re.compile(r"\+(?P<count>[0-9]{1,9})(?P<unit>[smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_WRITE_A_TIME = "write 2027-03-31T23:59:59Z, now, or +3600s, +90m, +12h, +2d"


# ------------------------------------------------------------------------------ times and amounts


def parse_moment(text: str, chain: RpcChain, column: str = "at") -> int:
    """The Unix second that `text` names: ISO 8601 with a zone, `now`, or `+2d` from now.

    Raises: InputError when it names none.
    """
    if text == "now":
        return chain.now() + (SOON_LOCAL_SECONDS if chain.is_local else SOON_PUBLIC_SECONDS)
    if (relative := _RELATIVE.fullmatch(text)) is not None:
        return chain.now() + int(relative["count"]) * _SECONDS[relative["unit"]]
    try:
        named = datetime.fromisoformat(f"{text[:-1]}+00:00" if text.endswith("Z") else text)
    except ValueError:
        raise InputError.of(column, text, "is no time", _WRITE_A_TIME) from None
    if named.tzinfo is None:
        raise InputError.of(column, text, "has no time zone", f"add Z for UTC: {text}Z")
    if named.microsecond:
        raise InputError.of(column, text, "has a fraction of a second", _WRITE_A_TIME)
    return int(named.timestamp())


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
        return Record(times.index(closes_at) + 1, closes_at, operator.earlier(key))
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
    facts = {"id": record_id, "closes_at": closes_at, "transaction": receipt.hash}
    deployment.note("records", facts, "id")
    return Record(record_id, closes_at, receipt)


# ------------------------------------------------------------------------------------- distribute


@dataclass(frozen=True)
class Declared:
    """A declared distribution; amounts in the currency's smallest unit."""

    id: int
    record_id: int
    currency: str
    received: int
    carried_in: int
    receipt: Receipt


def declare(
    operator: Operator,
    deployment: Deployment,
    *,
    record_id: int,
    currency: Currency,
    amount: int,
    terms: Terms | None = None,
) -> Declared:
    """Approve exactly the amount, then declare and fund a distribution.

    The same distribution is declared once however often this runs: one that differs in nothing
    needs another `document_hash`.

    Raises: InputError when the record does not exist, the account holds too little, the times
    contradict each other; NoEligibleShares; what `Operator.send` raises.
    """
    terms = terms or Terms()
    token, vault = deployment.token(), deployment.vault()
    call = vault.declare(token.address, record_id, currency.address, amount, terms)
    key = f"declare/{record_id}/{_digest(call.data.hex())}"
    operator.settle()
    if (receipt := operator.earlier(key)) is None:
        _check_record(operator, token, record_id, amount, terms)
        _check_funds(operator, currency, amount)
        _approve(operator, vault, currency, amount, key)
        receipt = operator.send_one(key, call)
    said = receipt.events("Declared")[0].args
    declared = Declared(
        id=said["id"],
        record_id=said["recordId"],
        currency=said["currency"],
        received=said["received"],
        carried_in=said["carriedIn"],
        receipt=receipt,
    )
    facts = {
        "id": declared.id,
        "record": record_id,
        "currency": declared.currency,
        "received": declared.received,
        "transaction": receipt.hash,
    }
    deployment.note("distributions", facts, "id")
    return declared


def _check_record(
    operator: Operator, token: ShareToken, record_id: int, amount: int, terms: Terms
) -> None:
    closes_at = _closing(token, record_id)
    now = operator.chain.now()
    if now > closes_at:
        _check_eligible(token, record_id, amount, terms.excluded)
    opens = max(terms.payable_from, closes_at + 1, now)
    if terms.deadline and terms.deadline <= opens:
        raise InputError.of(
            "deadline",
            moment(terms.deadline),
            f"leaves no time to claim: payments start at {moment(opens)}",
            "give a later deadline",
        )
    if bool(terms.deadline) != (terms.sweep_to != ZERO_ADDRESS):
        given, lacking = ("deadline", "recipient") if terms.deadline else ("recipient", "deadline")
        raise InputError.of(
            "sweep-to",
            moment(terms.deadline) if terms.deadline else terms.sweep_to,
            f"is a {given} for what is unclaimed, without a {lacking}",
            "give both, or neither",
        )


def _check_funds(operator: Operator, currency: Currency, amount: int) -> None:
    held = currency.balance_of(operator.address)
    if held < amount:
        units, symbol = currency.decimals(), currency.symbol()
        raise InputError.of(
            "amount",
            f"{format_units(amount, units, trim=True)} {symbol}",
            f"is more than the {format_units(held, units, trim=True)} {symbol} that "
            f"{operator.address} holds",
            "fund the account or distribute less",
        )


def _closing(token: ShareToken, record_id: int) -> int:
    count = token.record_count()
    if not 1 <= record_id <= count:
        known = f"there are records 1 to {count}" if count else "there is none yet"
        raise InputError.of(
            "record", record_id, f"was never scheduled: {known}", "schedule it with `record`"
        )
    return token.record_time(record_id)


def _check_eligible(
    token: ShareToken, record_id: int, amount: int, excluded: Sequence[str]
) -> None:
    now = ShareToken(token.chain, token.address, block="pending")
    outside = sum(now.balances_of_at(sorted(set(excluded)), record_id))
    if now.total_supply_at(record_id) == outside:
        raise NoEligibleShares(amount, len(set(excluded)))


def _approve(
    operator: Operator, vault: DividendVault, currency: Currency, amount: int, key: str
) -> None:
    """Let the vault take exactly the amount."""
    if currency.is_native:
        return
    allowed = currency.allowance(operator.address, vault.address)
    if allowed >= amount:
        return
    attempt = operator.attempts(f"approve/{key}")
    if allowed:
        # Some currencies change an allowance only from or to zero.
        operator.send_one(f"approve/{key}/{attempt}/0", currency.approve(vault.address, 0))
    operator.send_one(f"approve/{key}/{attempt}/1", currency.approve(vault.address, amount))


def preview(
    deployment: Deployment,
    record_id: int,
    amount: int,
    balances: Mapping[str, int],
    excluded: Sequence[str] = (),
) -> Apportionment[str]:
    """Who would receive what, by the law, before anything is declared.

    `balances` are those at the record, from the ledger; they are checked against the chain's
    total, so that no holder can be missing.

    Raises: InputError when the balances are not the whole supply at the record; NoEligibleShares.
    """
    _require_closed(deployment, record_id)
    supply = deployment.token("pending").total_supply_at(record_id)
    if sum(balances.values()) != supply:
        raise InputError.of(
            "balances",
            sum(balances.values()),
            f"are not the {supply} shares of record {record_id}",
            "take them from the ledger",
        )
    return apportion(amount, balances, excluded)


def holders_at(deployment: Deployment, record_id: int) -> dict[str, int]:
    """Who held how many shares at a closed record, read from the token's events.

    Raises: InputError when the record was never scheduled or has not closed; BooksError.
    """
    _require_closed(deployment, record_id)
    chain, token = deployment.chain, deployment.token()
    ledger = Ledger.read(chain, token.address, deployment.manifest.first_block)
    # Without regular blocks the newest one may be older than the record's end.
    ledger.advance(max(ledger.until, chain.now()))
    return ledger.balances_at(record_id)


def _require_closed(deployment: Deployment, record_id: int) -> None:
    closes_at, now = _closing(deployment.token(), record_id), deployment.chain.now()
    if now <= closes_at:
        raise InputError.of(
            "record",
            record_id,
            f"closes at {moment(closes_at)}: the chain's time is {moment(now)}",
            "wait until it has closed",
        )


# -------------------------------------------------------------------------------- push and claim


@dataclass(frozen=True)
class Payout:
    """One holder's income settled: `gross - tax` went to `payee`."""

    distribution_id: int
    holder: str
    payee: str
    gross: int
    tax: int

    @property
    def net(self) -> int:
        """What was paid out."""
        return self.gross - self.tax


@dataclass(frozen=True)
class Pushed:
    """What a push did; `skipped` says why for each holder who is owed as before."""

    payouts: tuple[Payout, ...]
    skipped: Mapping[str, Reason]
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True)
class Claimed:
    """What a claim did; `waiting` are distributions that cannot be claimed yet."""

    payouts: tuple[Payout, ...]
    receipt: Receipt | None
    waiting: tuple[int, ...] = field(default=())


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
    found = _distribution(vault, distribution_id)
    if (refusal := _why_not_payable(operator.chain, found)) is not None:
        raise refusal
    open_ones = _unpaid(deployment, vault, found, holders)
    attempt = operator.attempts(f"push/{distribution_id}")
    intents = []
    for start in range(0, len(open_ones), page_size):
        call = vault.push(distribution_id, open_ones[start : start + page_size])
        key = f"push/{distribution_id}/{attempt}/{start // page_size}"
        intents.append(Intent(key, call, extra_gas=PAGE_RESERVE))
    receipts = operator.send(intents)
    skipped = {
        event.args["holder"]: Reason(event.args["reason"])
        for receipt in receipts
        for event in receipt.events("Skipped")
    }
    return Pushed(payouts(receipts), skipped, tuple(receipts))


def _unpaid(
    deployment: Deployment, vault: DividendVault, found: Distribution, holders: Sequence[str]
) -> list[str]:
    """Who of `holders` had shares that earn, and has not been paid."""
    shares = deployment.token("pending").balances_of_at(holders, found.record_id)
    claimed = vault.are_claimed(found.id, holders)
    return [
        holder
        for holder, held, done in zip(holders, shares, claimed, strict=True)
        if held and not done and holder not in found.terms.excluded
    ]


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
    vault, token = deployment.vault("pending"), deployment.token().address
    operator.settle()
    if ids is None:
        every = [d for d in vault.distributions() if d.token == token]
        candidates = _unclaimed(vault, every, holder)
    else:
        candidates = _unclaimed(vault, [_distribution(vault, i) for i in ids], holder)
    refusals = {found.id: _why_not_payable(operator.chain, found) for found in candidates}
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


def _distribution(vault: DividendVault, distribution_id: int) -> Distribution:
    count = vault.distribution_count()
    if not 1 <= distribution_id <= count:
        known = f"there are 1 to {count}" if count else "there is none yet"
        raise InputError.of(
            "distribution", distribution_id, f"was never declared: {known}", "check the id"
        )
    return vault.distribution(distribution_id)


def _unclaimed(
    vault: DividendVault, distributions: Sequence[Distribution], holder: str
) -> list[Distribution]:
    return [d for d in distributions if not vault.is_claimed(d.id, holder)]


def _why_not_payable(chain: RpcChain, found: Distribution) -> InputError | None:
    now = chain.now()
    closes_at = ShareToken(chain, found.token).record_time(found.record_id)
    if now <= closes_at:
        return InputError.of(
            "distribution",
            found.id,
            f"cannot be claimed before record {found.record_id} has closed at {moment(closes_at)}: "
            f"the chain's time is {moment(now)}",
            "claim after that",
        )
    if now < found.terms.payable_from:
        return InputError.of(
            "distribution",
            found.id,
            f"cannot be claimed before {moment(found.terms.payable_from)}: the chain's time is "
            f"{moment(now)}",
            "claim after that",
        )
    if found.terms.deadline and now > found.terms.deadline:
        return InputError.of(
            "distribution",
            found.id,
            f"could be claimed until {moment(found.terms.deadline)}: the chain's time is "
            f"{moment(now)}",
            "ask the issuer",
        )
    return None


def payouts(receipts: Sequence[Receipt]) -> tuple[Payout, ...]:
    """What transactions of whatever kind have settled."""
    return tuple(_payout(event) for r in receipts for event in r.events("Claimed"))


def _payout(event: Event) -> Payout:
    said = event.args
    return Payout(said["id"], said["holder"], said["payee"], said["gross"], said["tax"])


def _digest(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()[:16]
