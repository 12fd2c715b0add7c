# SPDX-License-Identifier: MIT
"""Settling a call: one door for whatever is left to be done, page by page, at any time.

    closes it, once its orders are in           lets it fail, if that is overdue
    delivers and pays, order by order           tries again what the token refused
    gives back what was not used                pays the principal what is its own

What it does is decided by the chain: how far the call is, is asked before anything is sent, and the
contract does nothing twice. So a run that was killed at any moment is continued by another one,
by whatever account. Pages are as large as the gas limit of a transaction lets them be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from prorata.chain.operator import Operator
from prorata.chain.steps import GAS_LIMIT, Intent, Receipt
from prorata.contracts.call_auction import (
    PRINCIPAL,
    CallOrder,
    CallState,
    OrderState,
    Pair,
    Stage,
)
from prorata.contracts.call_terms import CallKind, Side
from prorata.errors import InputError, ProrataError, RevertError
from prorata.market.calls.books import kept_shares, read_orders
from prorata.market.calls.endings import close_call, end_overdue, sent_once
from prorata.market.calls.known_calls import KnownCall, command_of
from prorata.values.times import moment
from prorata.values.words import counted

__all__ = ["SettleRun", "settle_call", "what_is_left"]

PROBE = 100
"""Orders of the first page whose gas is estimated, to know how many fit."""

MOST_PAGE = 300
REFUND_PAGE = 300
RETRY_PAGE = 50
MOST_TRIES = 4_000
"""Pairs that are asked about at most, of a call in which both sides lack deliveries."""

USED = (3, 4)
"""The part of a transaction's gas limit that a page may use by its estimate."""


@dataclass
class SettleRun:
    """What a run did: its transactions by what they were for."""

    receipts: list[Receipt] = field(default_factory=list)
    pages: int = 0
    refunds: int = 0

    @property
    def gas(self) -> int:
        """What they used."""
        return sum(receipt.mined.gas_used for receipt in self.receipts)


def settle_call(operator: Operator, call: KnownCall, *, page: int | None = None) -> SettleRun:
    """Do everything that can be done for a call now.

    Raises: InputError when nothing can be done yet; what `Operator.send` raises.
    """
    if page is not None and page < 1:
        raise InputError.of("page", page, "is no page", "give at least 1")
    operator.settle()
    run = SettleRun()
    _require_due(operator, call)
    _close(operator, call, run)
    if call.state.stage is Stage.SETTLING and _in_time(operator, call):
        _deliver(operator, call, run, page)
    if call.state.stage is Stage.SETTLED and _in_time(operator, call):
        _retry(operator, call, run)
    _refund(operator, call, run, page)
    _pay_principal(operator, call, run)
    return run


def what_is_left(call: KnownCall, now: int) -> str:
    """What can be done for a call, or what it waits for, in a sentence."""
    terms, state = call.terms, call.state
    command = f"`prorata {command_of(call.noun)} settle`"
    if state.stage is Stage.OPEN:
        if now <= terms.closes_at:
            return f"takes orders until {moment(terms.closes_at)}"
        if now > terms.close_by:
            return f"was not closed in time: {command} gives everything back"
        if terms.is_valued:
            close = f"`prorata {command_of(call.noun)} close --price …`"
            return f"waits for {terms.valuer}, who closes it: {close}"
        return f"can be closed: {command}"
    if state.stage is Stage.CLEARED:
        if now > terms.accept_by:
            return f"was not accepted in time: {command} gives everything back"
        accept = f"`prorata {command_of(call.noun)} accept`"
        return f"waits until {moment(terms.accept_by)} for {terms.principal}: {accept}"
    if state.stage is Stage.SETTLING and now <= terms.settle_by:
        left = max(state.orders - state.passed, 0)
        return f"is being delivered, {counted(left, 'order')} left: {command}"
    if state.stage is Stage.SETTLED and now <= terms.settle_by:
        short = state.clearing.lots - state.delivered
        if not short:
            return "nothing is left to be done"
        last = moment(terms.settle_by)
        return f"lacks {call.units.shares(short)}: {command} tries again until {last}"
    return f"is over: {command} gives back what is left"


# ------------------------------------------------------------------------------------------ closing


def _require_due(operator: Operator, call: KnownCall) -> None:
    """Raises: InputError where the call waits for a time, or for somebody."""
    terms, stage, now = call.terms, call.state.stage, operator.chain.now()
    waits = (
        stage is Stage.OPEN
        and (now <= terms.closes_at or (terms.is_valued and now <= terms.close_by))
    ) or (stage is Stage.CLEARED and now <= terms.accept_by)
    if not waits:
        return
    rule, _, remedy = what_is_left(call, now).partition(": ")
    remedy = f"let it run {remedy}" if remedy else "settle it after that"
    raise InputError.of(call.noun, call.title, rule, remedy)


def _close(operator: Operator, call: KnownCall, run: SettleRun) -> None:
    if (receipt := end_overdue(operator, call)) is not None:
        run.receipts.append(receipt)
    before = call.state
    if before.stage is Stage.OPEN:
        if (receipt := close_call(operator, call)) is not None:
            run.receipts.append(receipt)
        _require_due(operator, call)


# --------------------------------------------------------------------------------------- delivering


def _in_time(operator: Operator, call: KnownCall) -> bool:
    return operator.chain.now() <= call.terms.settle_by


def _deliver(operator: Operator, call: KnownCall, run: SettleRun, page: int | None) -> None:
    """Settle in waves of pages, until every order has had its turn."""
    while (state := call.state).stage is Stage.SETTLING:
        left = max(state.orders - state.passed, 1)
        size, gas = _page(operator, call, min(left, page or PROBE), page)
        pages = _safe_pages(call, left, size)
        intents = list(_pages(operator, call, size, (pages, gas)))
        try:
            run.receipts += operator.send(intents)
        except RevertError:
            # Somebody else may have settled meanwhile; or a page was dearer than the first one.
            if _same(state, call.state):
                raise
        run.pages += pages


def _page(operator: Operator, call: KnownCall, probe: int, wanted: int | None) -> tuple[int, int]:
    """How many orders fit a page, and the gas of one, from the estimate of a first page.

    Raises: InputError when not one order fits.
    """
    reserve = call.terms.delivery_gas
    while True:
        question = call.contract.settle(call.terms, probe).question(operator.address)
        [estimated] = operator.chain.estimate([question])
        if isinstance(estimated, int):
            break
        # What does not fit a block cannot even be estimated.
        if probe == 1 or isinstance(estimated, InputError):
            raise estimated
        probe = max(1, probe // 2)
    most = GAS_LIMIT * USED[0] // USED[1] - reserve
    each = max(1, (estimated - reserve if estimated > reserve else estimated) // probe)
    size = wanted or max(1, min(MOST_PAGE, most // each))
    gas = min(GAS_LIMIT, reserve * 2 + each * size * USED[1] // USED[0] + 100_000)
    return size, gas


def _safe_pages(call: KnownCall, left: int, size: int) -> int:
    """How many pages can be sent at once, none of them for nothing.

    With one side only, a page passes as many orders as it has. With two, a delivery can end an
    order on either side, so that half as many are sure to be needed.
    """
    if call.terms.kind is CallKind.AUCTION:
        left = -(-left // 2)
    return max(1, -(-left // size))


def _pages(
    operator: Operator, call: KnownCall, size: int, many: tuple[int, int]
) -> Iterator[Intent]:
    pages, gas = many
    attempt = operator.attempts(f"call/settle/{call.short}")
    for number in range(pages):
        key = f"call/settle/{call.short}/{attempt + number}"
        yield Intent(key, call.contract.settle(call.terms, size), gas)


def _same(before: CallState, after: CallState) -> bool:
    return (before.stage, before.passed, before.delivered) == (
        after.stage,
        after.passed,
        after.delivered,
    )


# ------------------------------------------------------------------------------------ trying again


def _retry(operator: Operator, call: KnownCall, run: SettleRun) -> None:
    """Deliver again what the token refused before, of which it now would deliver something."""
    state = call.state
    if state.delivered >= state.clearing.lots:
        return
    pairs = list(_deliverable(operator, call))
    pages = [pairs[start : start + RETRY_PAGE] for start in range(0, len(pairs), RETRY_PAGE)]
    for number, one in enumerate(pages):
        operator.tell(f"trying deliveries again: page {number + 1} of {len(pages)}")
        sending = call.contract.deliver(call.terms, one)
        run.receipts += sent_once(operator, f"call/deliver/{call.short}", [sending])


def _deliverable(operator: Operator, call: KnownCall) -> Iterator[Pair]:
    """Pairs of which the chain would deliver something now."""
    open_orders = [
        (number, one) for number, one in enumerate(read_orders(call), 1) if one.undelivered
    ]
    bids = [(n, one.undelivered) for n, one in open_orders if one.side is Side.BID]
    asks = [(n, one.undelivered) for n, one in open_orders if one.side is Side.ASK]
    kind = call.terms.kind
    if kind is CallKind.SALE:
        candidates = [Pair(number, PRINCIPAL) for number, _ in bids]
    elif kind is CallKind.TENDER:
        candidates = [Pair(PRINCIPAL, number) for number, _ in asks]
    else:
        yield from _mixed(operator, call, dict(bids), dict(asks))
        return
    yield from (
        pair
        for pair, lots in zip(candidates, _would_deliver(operator, call, candidates), strict=True)
        if lots
    )


def _mixed(
    operator: Operator, call: KnownCall, bids: dict[int, int], asks: dict[int, int]
) -> Iterator[Pair]:
    """Bids and asks mixed anew: each bid with the first asks that the rules let it buy from."""
    tries = 0
    for bid, wanted in bids.items():
        left = wanted
        for ask in [number for number, lots in asks.items() if lots]:
            if not left or tries >= MOST_TRIES:
                break
            tries += 1
            [delivered] = _would_deliver(operator, call, [Pair(bid, ask)])
            if delivered:
                lots = min(delivered, left, asks[ask])
                left -= lots
                asks[ask] -= lots
                yield Pair(bid, ask)
    if tries >= MOST_TRIES:
        operator.tell(f"{MOST_TRIES:,} pairs were asked about: run again for the rest")


def _would_deliver(operator: Operator, call: KnownCall, pairs: Sequence[Pair]) -> list[int]:
    """How many lots the contract would deliver of each pair now."""
    calls = [call.contract.deliver(call.terms, [pair]) for pair in pairs]
    answers = operator.chain.try_calls([(str(one.to), one.data) for one in calls])
    return [
        0 if isinstance(one, ProrataError) else int.from_bytes(one[:32], "big") for one in answers
    ]


# ------------------------------------------------------------------------------- refunds, principal


def _refund(operator: Operator, call: KnownCall, run: SettleRun, page: int | None) -> None:
    """Give back what is left of what orders gave, once nothing can need it any more.

    Shares that could not be let go in an order's turn can be at any time. What still cannot be is
    left to another run.
    """
    stage = call.state.stage
    failed = stage in (Stage.FAILED, Stage.CANCELLED)
    over = stage in (Stage.SETTLING, Stage.SETTLED) and not _in_time(operator, call)
    kept = kept_shares(call)
    if not failed and not over and not kept:
        return
    due = [
        number
        for number, one in enumerate(read_orders(call), 1)
        if (_has_rest(one) and (failed or over))
        or (number in kept and one.state is OrderState.ENDED)
    ]
    pages = _refundable(operator, call, due, page or REFUND_PAGE)
    if (left := len(due) - sum(len(numbers) for numbers in pages)) > 0:
        operator.tell(f"the token does not let go of the shares of {counted(left, 'order')} yet")
    attempt = operator.attempts(f"call/refund/{call.short}")
    operator.tell(f"estimating the gas of {counted(len(pages), 'transaction')}")
    intents = [
        Intent(
            f"call/refund/{call.short}/{attempt + number}",
            call.contract.refund(call.terms, numbers),
            extra_gas=200_000,
        )
        for number, numbers in enumerate(pages)
    ]
    if intents:
        run.receipts += operator.send(intents)
    run.refunds += sum(len(numbers) for numbers in pages)


def _refundable(
    operator: Operator, call: KnownCall, due: Sequence[int], size: int
) -> list[Sequence[int]]:
    """Pages of the orders that would be refunded now: what a token does not let go of stays."""
    pages = [due[start : start + size] for start in range(0, len(due), size)]
    if call.terms.kind is CallKind.SALE:
        return list(pages)
    found: list[Sequence[int]] = []
    for page, count in zip(pages, _would_refund(operator, call, pages), strict=True):
        if count == len(page):
            found.append(page)
            continue
        each = _would_refund(operator, call, [[number] for number in page])
        if some := [number for number, done in zip(page, each, strict=True) if done]:
            found.append(some)
    return found


def _would_refund(operator: Operator, call: KnownCall, pages: Sequence[Sequence[int]]) -> list[int]:
    """How many orders of each page the contract would refund now.

    All of a page that it refuses, so that the sending says why.
    """
    calls = [call.contract.refund(call.terms, numbers) for numbers in pages]
    answers = operator.chain.try_calls([(str(one.to), one.data) for one in calls])
    return [
        len(numbers) if isinstance(one, ProrataError) else int.from_bytes(one[:32], "big")
        for numbers, one in zip(pages, answers, strict=True)
    ]


def _has_rest(order: CallOrder) -> bool:
    return order.state in (OrderState.PLACED, OrderState.STRUCK, OrderState.ALLOTTED)


def _pay_principal(operator: Operator, call: KnownCall, run: SettleRun) -> None:
    """Pay the principal what is its own, if anything is."""
    if call.terms.kind is CallKind.AUCTION or call.state.stage < Stage.SETTLING:
        return
    sending = call.contract.pay_principal(call.terms)
    [answer] = operator.chain.try_calls([(str(sending.to), sending.data)])
    if isinstance(answer, RevertError):
        return
    if isinstance(answer, ProrataError):
        raise answer
    run.receipts += sent_once(operator, f"call/pay-principal/{call.short}", [sending])
