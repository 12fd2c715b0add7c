# SPDX-License-Identifier: MIT
"""The steps by which a call goes on: closed, accepted, failed, cancelled; orders struck, restored.

Each is done once, and refused with the time at which it can be done. Whoever may only wait is told
for what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from prorata.chain.calls import Call
from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.call_auction import OrderState, Stage
from prorata.errors import InputError, RevertError
from prorata.market.calls.books import read_orders
from prorata.market.calls.known_calls import KnownCall, command_of
from prorata.values.times import moment

__all__ = [
    "accept_call",
    "cancel_call",
    "close_call",
    "end_overdue",
    "sent_once",
    "strike_orders",
]

STRIKE_PAGE = 100


def close_call(operator: Operator, call: KnownCall, price: int | None = None) -> Receipt | None:
    """Close a call: at the price of its orders, or with a valuer at `price`, per lot.

    Raises: InputError when it is too early, too late, or somebody else names the price; what
    `Operator.send` raises.
    """
    operator.settle()
    key = f"call/close/{call.short}"
    state = call.state
    if state.stage is not Stage.OPEN:
        return operator.earlier(key)
    terms, now = call.terms, operator.chain.now()
    if now <= terms.closes_at:
        rule = (
            f"takes orders until {moment(terms.closes_at)}, and the chain's time is {moment(now)}"
        )
        raise InputError.of(call.noun, call.title, rule, "close it after that")
    if now > terms.close_by:
        rule = f"could be closed until {moment(terms.close_by)}, and it is {moment(now)}"
        remedy = f"`prorata {command_of(call.noun)} settle` gives everything back"
        raise InputError.of(call.noun, call.title, rule, remedy)
    if not terms.is_valued:
        if price is not None:
            said = call.units.price(price)
            rule = "is given, and the price is that of the orders"
            raise InputError.of("price", said, rule, "leave --price out")
        return operator.send_one(key, _labelled(call, call.contract.close(terms), "close"))
    if operator.address != terms.valuer:
        rule = f"is not {terms.valuer}, who names the price"
        raise InputError.of("account", operator.address, rule, "use that account")
    ladder = terms.ladders[0]
    first, last = (call.units.price(ladder.price_at(n)) for n in (0, terms.last_step))
    if price is None:
        rule, remedy = "is missing", f"give --price from {first} to {last}"
        raise InputError.of("price", "", rule, remedy)
    if not ladder.price_at(0) <= price <= ladder.price_at(terms.last_step):
        rule = f"is outside the limits, {first} to {last}"
        raise InputError.of("price", call.units.price(price), rule, "give a price within them")
    closing = call.contract.close_at(terms, price)
    return operator.send_one(key, _labelled(call, closing, f"close at {call.units.price(price)}:"))


def accept_call(operator: Operator, call: KnownCall) -> Receipt | None:
    """Accept what was cleared. The principal only.

    Raises: InputError when there is nothing to accept, or it is too late; what `Operator.send`
    raises.
    """
    operator.settle()
    key = f"call/accept/{call.short}"
    state, terms = call.state, call.terms
    if state.stage in (Stage.SETTLING, Stage.SETTLED):
        return operator.earlier(key)
    if state.stage is not Stage.CLEARED:
        rule = f"is {state.stage.label}, so that there is nothing to accept"
        remedy = f"`prorata {command_of(call.noun)} status` says how it goes on"
        raise InputError.of(call.noun, call.title, rule, remedy)
    if operator.address != terms.principal:
        rule = f"is not {terms.principal}, who alone accepts"
        raise InputError.of("account", operator.address, rule, "use that account")
    if (now := operator.chain.now()) > terms.accept_by:
        rule = f"could be accepted until {moment(terms.accept_by)}, and it is {moment(now)}"
        remedy = f"`prorata {command_of(call.noun)} settle` gives everything back"
        raise InputError.of(call.noun, call.title, rule, remedy)
    return operator.send_one(key, _labelled(call, call.contract.accept(terms), "accept"))


def cancel_call(
    operator: Operator, call: KnownCall, document_hash: bytes = bytes(32)
) -> Receipt | None:
    """Cancel a call before it is closed. Its opener or its principal.

    Raises: InputError when it is too late, or the account may not; what `Operator.send` raises.
    """
    operator.settle()
    key = f"call/cancel/{call.short}"
    state, terms = call.state, call.terms
    if state.stage is Stage.CANCELLED:
        return operator.earlier(key)
    if state.stage is not Stage.OPEN:
        rule = f"is {state.stage.label}, and can be cancelled until it is closed only"
        raise InputError.of(call.noun, call.title, rule, "nothing can be done any more")
    if operator.address not in (terms.opener, terms.principal):
        rule = f"is neither its opener {terms.opener} nor its principal"
        raise InputError.of("account", operator.address, rule, "use one of those accounts")
    sending = call.contract.cancel(terms, document_hash)
    return operator.send_one(key, _labelled(call, sending, "cancel"))


def end_overdue(operator: Operator, call: KnownCall) -> Receipt | None:
    """Let a call fail that was not closed, or not accepted, in time; nothing if it is in time.

    Raises: what `Operator.send` raises.
    """
    stage, terms, now = call.state.stage, call.terms, operator.chain.now()
    unclosed = stage is Stage.OPEN and now > terms.close_by
    unaccepted = stage is Stage.CLEARED and now > terms.accept_by
    if not unclosed and not unaccepted:
        return None
    sending = _labelled(call, call.contract.fail(terms), "let fail")
    return operator.send_one(f"call/fail/{call.short}", sending)


# ------------------------------------------------------------------------------------------ orders


def strike_orders(
    operator: Operator, call: KnownCall, *, restore: bool = False, page: int = STRIKE_PAGE
) -> list[Receipt]:
    """Take out the orders that could not be delivered now; or put back those that could again.

    Only pages of which the chain would take any are sent.

    Raises: InputError once it is closed; what `Operator.send` raises.
    """
    operator.settle()
    verb = "restore" if restore else "strike"
    state = OrderState.STRUCK if restore else OrderState.PLACED
    if (stage := call.state.stage) is not Stage.OPEN:
        rule = f"is {stage.label}, and orders are struck or restored until it is closed only"
        raise InputError.of(call.noun, call.title, rule, "nothing can be done any more")
    wanted = [number for number, one in enumerate(read_orders(call), 1) if one.state is state]
    pages = [wanted[start : start + page] for start in range(0, len(wanted), page)]
    make = call.contract.restore if restore else call.contract.strike
    sendings = [make(call.terms, numbers) for numbers in pages]
    try:
        answers = call.contract.chain.call_many([(str(s.to), s.data) for s in sendings])
    except RevertError as error:
        raise InputError.of(call.noun, call.title, str(error), "try again after that") from None
    due = [s for s, answer in zip(sendings, answers, strict=True) if int.from_bytes(answer, "big")]
    return sent_once(operator, f"call/{verb}/{call.short}", due)


def sent_once(operator: Operator, prefix: str, calls: Sequence[Call]) -> list[Receipt]:
    """Send calls that the chain says are due, each under a new number."""
    attempt = operator.attempts(prefix)
    keys = [f"{prefix}/{attempt + number}" for number in range(len(calls))]
    return [operator.send_one(key, call) for key, call in zip(keys, calls, strict=True)]


def _labelled(call: KnownCall, sending: Call, verb: str) -> Call:
    return replace(sending, label=f"{verb} {call.title}")
