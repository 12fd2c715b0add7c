# SPDX-License-Identifier: MIT
"""What people still have coming from a call, or may have: rights at a record, money owed, returns.

Rights are counted before anybody orders on them. Money that could not be paid waits to be taken.
Who was sold shares of an offering that stayed below its least may give them back for what they
cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from prorata.chain.operator import Operator
from prorata.chain.steps import Intent, Receipt
from prorata.contracts.call_auction import Stage
from prorata.contracts.call_terms import Side
from prorata.contracts.share_token import ShareToken
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.market.calls.known_calls import KnownCall
from prorata.market.calls.placements import require_order
from prorata.register.holders import holders_at
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.times import moment

__all__ = ["cancel_signed", "count_rights", "return_shares", "sweep_owed", "take_owed"]

RIGHTS_PAGE = 200


def count_rights(
    operator: Operator,
    deployment: Deployment,
    call: KnownCall,
    wallets: Sequence[str] | None = None,
    page: int = RIGHTS_PAGE,
) -> list[Receipt]:
    """Count what wallets had at the call's record, of which rights follow: all holders, or some.

    Those that were counted are left out, and those that the registry does not know.

    Raises: InputError when the call has no such rights, or orders are no longer taken; what
    `Operator.send` raises.
    """
    operator.settle()
    terms = call.terms
    if not terms.record_id:
        rule = "gives no rights at a record"
        raise InputError.of(call.noun, call.title, rule, "nothing needs to be counted")
    if call.state.stage is not Stage.OPEN or operator.chain.now() > terms.closes_at:
        rule = f"took orders until {moment(terms.closes_at)}"
        raise InputError.of(call.noun, call.title, rule, "rights are counted until then only")
    if wallets is None:
        wallets = sorted(w for w, held in holders_at(deployment, terms.record_id).items() if held)
    counted = call.contract.are_entitled(call.id, wallets)
    due = [wallet for wallet, done in zip(wallets, counted, strict=True) if not done]
    if terms.registry != ZERO_ADDRESS and due:
        due = _known_persons(deployment, due)
    pages = [due[start : start + page] for start in range(0, len(due), page)]
    attempt = operator.attempts(f"call/entitle/{call.short}")
    return operator.send(
        [
            Intent(
                f"call/entitle/{call.short}/{attempt + number}",
                call.contract.entitle(terms, one),
            )
            for number, one in enumerate(pages)
        ]
    )


def _known_persons(deployment: Deployment, wallets: Sequence[str]) -> list[str]:
    """Those whose wallet, or the one in its place, the registry knows."""
    token, registry = deployment.token(), deployment.registry()
    successors = token.successors_of(wallets)
    now = [
        wallet if successor == ZERO_ADDRESS else successor
        for wallet, successor in zip(wallets, successors, strict=True)
    ]
    known = registry.investors_of(now)
    return [wallet for wallet, one in zip(wallets, known, strict=True) if one.person]


# ------------------------------------------------------------------------------------- money owed


def take_owed(
    operator: Operator, call: KnownCall, account: str, receiver: str | None = None
) -> list[Receipt]:
    """Pay what is owed to `account`: to it, or to a receiver that it chooses.

    Raises: InputError when nothing is owed; what `Operator.send` raises.
    """
    operator.settle()
    prefix = f"call/take/{call.short}/{account}"
    contract, terms = call.contract, call.terms
    owed = [contract.owed_to(call.id, n, account) for n in range(len(call.units.money))]
    if not any(owed):
        done = [operator.earlier(f"{prefix}/{n}") for n in range(operator.attempts(prefix))]
        if found := [one for one in done if one is not None]:
            return found
        rule = f"is owed nothing by {call.title}"
        raise InputError.of("of", account, rule, "`status` shows whom it owes")
    attempt = operator.attempts(prefix)
    intents: list[Intent] = []
    for ladder, amount in enumerate(owed):
        if not amount:
            continue
        said = call.units.paid(amount, ladder)
        if receiver is None:
            sending = contract.take(terms, ladder, account)
        else:
            sending = contract.take_to(terms, ladder, account, receiver)
        label = f"pay {account} the {said} that are owed" + (
            "" if receiver is None else f", to {receiver}"
        )
        key = f"{prefix}/{attempt + len(intents)}"
        intents.append(Intent(key, replace(sending, label=label)))
    return operator.send(intents)


def sweep_owed(operator: Operator, call: KnownCall) -> list[Receipt]:
    """Send what nobody took in time to whom the terms name.

    Raises: InputError when there is no such time, or it is not over; what `Operator.send` raises.
    """
    operator.settle()
    terms = call.terms
    if not terms.take_until:
        rule = "has no time after which what is owed goes to somebody else"
        raise InputError.of(call.noun, call.title, rule, "let who is owed take it")
    if (now := operator.chain.now()) <= terms.take_until:
        rule = f"is until when it can be taken, and the chain's time is {moment(now)}"
        raise InputError.of(call.noun, moment(terms.take_until), rule, "sweep it after that")
    prefix = f"call/sweep/{call.short}"
    intents: list[Intent] = []
    for ladder, unit in enumerate(call.units.money):
        owed = call.contract.escrow_of(call.id, ladder).owed
        if owed:
            label = f"send {call.units.paid(owed, ladder)} of {unit.symbol} to {terms.sweep_to}"
            sending = replace(call.contract.sweep(terms, ladder), label=label)
            intents.append(Intent(f"{prefix}/{ladder}", sending))
    if not intents:
        done = [operator.earlier(f"{prefix}/{n}") for n in range(len(call.units.money))]
        return [one for one in done if one is not None]
    return operator.send(intents)


# ----------------------------------------------------------------------------------- giving back


def return_shares(
    operator: Operator, call: KnownCall, number: int, lots: int, reference: str = ""
) -> Receipt:
    """Give delivered shares back for what they cost, where too few were delivered.

    The allowance for them is given first. An equal return with an equal reference is made once.

    Raises: InputError when enough were delivered, it is not the time, or the order has fewer; what
    `Operator.send` raises.
    """
    operator.settle()
    key = f"call/return/{call.short}/{number}/{lots}/{reference}"
    if (receipt := operator.earlier(key)) is not None:
        return receipt
    terms, state, now = call.terms, call.state, operator.chain.now()
    if not terms.least_lots or state.delivered >= terms.least_lots:
        rule = f"delivered {call.units.shares(state.delivered)}, which is not below its least"
        raise InputError.of(call.noun, call.title, rule, "nothing can be given back")
    if not terms.settle_by < now <= terms.return_until:
        rule = (
            f"takes shares back from {moment(terms.settle_by + 1)} until "
            f"{moment(terms.return_until)}, and the chain's time is {moment(now)}"
        )
        raise InputError.of(call.noun, call.title, rule, "give them back in that time")
    order = require_order(call, number)
    if order.side is not Side.BID or lots > order.delivered:
        had = call.units.shares(order.delivered)
        rule = f"is more than the {had} that order {number} was delivered"
        raise InputError.of("shares", call.units.shares(lots), rule, "give no more than that")
    if not terms.mint:
        _allow_shares(operator, call, lots * terms.lot)
    label = f"give {call.units.shares(lots)} of order {number} back"
    sending = replace(call.contract.return_shares(terms, number, lots), label=label)
    return operator.send_one(key, sending)


def _allow_shares(operator: Operator, call: KnownCall, shares: int) -> None:
    token = ShareToken(operator.chain, call.terms.token)
    if token.allowance(operator.address, call.contract.address) >= shares:
        return
    key = f"call/approve/{call.contract.address}/{token.address}/{operator.address}"
    operator.send_one(
        f"{key}/{operator.attempts(key)}", token.approve(call.contract.address, shares)
    )


def cancel_signed(operator: Operator, call: KnownCall, nonce: int) -> Receipt | None:
    """Make sure that a signed order of the account's that was not brought yet never is.

    Raises: what `Operator.send` raises.
    """
    operator.settle()
    key = f"call/cancel-nonce/{call.contract.address}/{operator.address}/{nonce}"
    if call.contract.is_spent(operator.address, nonce):
        return operator.earlier(key)
    return operator.send_one(key, call.contract.cancel_nonce(nonce))
