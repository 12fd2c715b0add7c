# SPDX-License-Identifier: MIT
"""What is done with an exchange that is open: funded, drained, priced, taken from, ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256

from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.currency import Currency
from prorata.contracts.share_exchange import (
    Exchange,
    ExchangeStage,
    Owing,
    ShareExchange,
)
from prorata.contracts.share_token import ShareToken
from prorata.deployments.changes import Change, make_change
from prorata.errors import InputError
from prorata.market.exchanges.carrying import find_exchange
from prorata.market.exchanges.words import units_of
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Amount
from prorata.values.times import moment

__all__ = [
    "Moved",
    "Taken",
    "cancel_exchange",
    "close_exchange",
    "drain_exchange",
    "fund_exchange",
    "set_price",
    "sweep_exchange",
    "take_owed",
]

ENDED = (ExchangeStage.CLOSED, ExchangeStage.CANCELLED)


@dataclass(frozen=True)
class Moved:
    """Money that came to an exchange, or left it; `funds` are what is there now."""

    id: int
    amount: Amount
    funds: Amount
    receipt: Receipt


@dataclass(frozen=True)
class Taken:
    """What was owed and went to `receiver`; `waits` is what waits for holds to end."""

    id: int
    holder: str
    receiver: str
    paid: Amount | None
    other_shares: Amount | None
    waits: Owing
    receipt: Receipt


# -------------------------------------------------------------------------------------------- money


def fund_exchange(
    operator: Operator,
    contract: ShareExchange,
    exchange_id: int,
    amount: int,
    *,
    reference: str = "",
) -> Moved:
    """Add money of the account's for exchanges to come, once for each reference.

    Raises: InputError when the exchange has ended, or the account lacks it; what `Operator.send`
    raises.
    """
    operator.settle()
    exchange = find_exchange(contract, exchange_id)
    key = _key(f"exchange/fund/{exchange_id}", operator, contract, f"{amount}\n{reference}")
    if (receipt := operator.earlier(key)) is None:
        units = units_of(operator.chain, exchange.terms)
        _require_money(exchange, exchange_id, amount)
        money = Currency(operator.chain, exchange.terms.currency)
        said, has = units.said_money(amount), money.balance_of(operator.address)
        if has < amount:
            rule = f"is more than the {units.said_money(has)} that {operator.address} has"
            raise InputError.of("amount", said, rule, "give less, or get the rest first")
        if money.allowance(operator.address, contract.address) < amount:
            approve = money.approve(contract.address, amount)
            approve = replace(approve, label=f"let the exchange contract take {said}")
            approving = f"exchange/approve/{money.address}/{operator.address}"
            operator.send_one(f"{approving}/{operator.attempts(approving)}", approve)
        call = contract.fund(exchange_id, amount)
        call = replace(call, label=f"fund exchange {exchange_id} with {said}")
        receipt = operator.send_one(key, call)
    return _moved(operator, contract, exchange_id, amount, receipt)


def drain_exchange(
    operator: Operator,
    contract: ShareExchange,
    exchange_id: int,
    amount: int,
    *,
    reference: str = "",
) -> Moved:
    """Send money of an elective exchange back to its treasury, once for each reference.

    Raises: InputError when the account may not, or so much is not there; what `Operator.send`
    raises.
    """
    operator.settle()
    exchange = find_exchange(contract, exchange_id)
    key = _key(f"exchange/drain/{exchange_id}", operator, contract, f"{amount}\n{reference}")
    if (receipt := operator.earlier(key)) is None:
        units, terms = units_of(operator.chain, exchange.terms), exchange.terms
        if terms.mandatory:
            rule = "is mandatory, and its money is for everybody's shares"
            remedy = "cancel it before it opens, or close it after the last share"
            raise InputError.of("exchange", exchange_id, rule, remedy)
        _require_money(exchange, exchange_id, amount)
        _require_owner_or_agent(operator, exchange)
        if amount > exchange.funds:
            rule = f"is more than the {units.said_money(exchange.funds)} that are there"
            raise InputError.of("amount", units.said_money(amount), rule, "take less")
        call = contract.drain(exchange_id, amount)
        call = replace(call, label=f"take {units.said_money(amount)} out of exchange {exchange_id}")
        receipt = operator.send_one(key, call)
    return _moved(operator, contract, exchange_id, amount, receipt)


def set_price(
    operator: Operator, contract: ShareExchange, exchange_id: int, price: int, as_of: int
) -> Change:
    """Name what a holder gets from now on, as found at a second. The account is the valuer.

    Raises: InputError when the contract would refuse it; what `Operator.send` raises.
    """
    operator.settle()
    exchange = find_exchange(contract, exchange_id)
    units, terms, now = units_of(operator.chain, exchange.terms), exchange.terms, None
    said = units.said_money(price)
    done = (exchange.price, exchange.price_as_of) == (price, as_of)
    if not done:
        now = operator.chain.now()
        _require_running(exchange, exchange_id)
        if terms.valuer != operator.address:
            whose = f"{terms.valuer} names them" if terms.valuer != ZERO_ADDRESS else "nobody does"
            rule = f"does not name the prices of exchange {exchange_id}: {whose}"
            raise InputError.of("account", operator.address, rule, "use the valuer's account")
        if not terms.least_price <= price <= terms.most_price:
            low, high = units.said_money(terms.least_price), units.said_money(terms.most_price)
            rule = f"is not within the bounds of {low} to {high} that the terms set"
            raise InputError.of("price", said, rule, "name one that is")
        if as_of > now:
            rule = f"lies ahead: the chain's time is {moment(now)}"
            raise InputError.of("as-of", moment(as_of), rule, "say when the price was found")
        if as_of <= exchange.price_as_of:
            rule = f"is not later than that of the price before, {moment(exchange.price_as_of)}"
            raise InputError.of("as-of", moment(as_of), rule, "a price is replaced by a newer one")
    call = contract.set_price(exchange_id, price, as_of)
    call = replace(call, label=f"name the price {said} as of {moment(as_of)}")
    key = f"exchange/price/{contract.address}/{exchange_id}/{price}/{as_of}"
    return make_change(operator, key, call, done=done)


# ------------------------------------------------------------------------------------ what is owed


def take_owed(
    operator: Operator,
    contract: ShareExchange,
    exchange_id: int,
    holder: str,
    receiver: str | None = None,
) -> Taken:
    """Pay what is owed to a holder: to it, or where the account, who is owed, says.

    Raises: InputError when nothing is owed, it is too late, or the token holds it; what
    `Operator.send` raises.
    """
    operator.settle()
    exchange = find_exchange(contract, exchange_id)
    units, terms = units_of(operator.chain, exchange.terms), exchange.terms
    prefix = f"exchange/take/{contract.address}/{exchange_id}/{holder}"
    owing, number = contract.owed_to(exchange_id, holder), operator.attempts(prefix)
    nothing = not owing.paid and not owing.other_shares
    receipt = operator.earlier(f"{prefix}/{number - 1}") if number and nothing else None
    if receipt is None:
        token = ShareToken(operator.chain, terms.token)
        _require_owed(operator, exchange, exchange_id, holder, owing)
        if token.is_frozen(holder):
            rule = f"is frozen by {units.shares.symbol}, which holds what it is owed"
            raise InputError.of("holder", holder, rule, "wait until it is released")
        claimant = token.claimant_of(holder)
        if receiver is not None and operator.address != claimant:
            rule = f"is not {claimant}, who is owed and alone says where it goes"
            raise InputError.of("account", operator.address, rule, "use that account")
        call = contract.take(exchange_id, holder)
        if receiver is not None:
            call = contract.take_to(exchange_id, holder, receiver)
        receipt = operator.send_one(f"{prefix}/{number}", call)
    [event] = receipt.events("Taken")
    args = event.args
    return Taken(
        exchange_id,
        args["holder"],
        args["receiver"],
        units.paid(args["paid"]),
        units.others(args["otherShares"]),
        contract.owed_to(exchange_id, holder),
        receipt,
    )


def _require_owed(
    operator: Operator, exchange: Exchange, exchange_id: int, holder: str, owing: Owing
) -> None:
    terms, now = exchange.terms, operator.chain.now()
    if not owing.paid and not owing.other_shares:
        rule = f"is owed nothing by exchange {exchange_id}"
        remedy = f"see `prorata exchange status {exchange_id}`"
        raise InputError.of("holder", holder, rule, remedy)
    if terms.take_until and now > terms.take_until:
        rule = f"was the last second for it, and the chain's time is {moment(now)}"
        remedy = f"ask {terms.sweep_to}, who receives what nobody has taken"
        raise InputError.of("take_until", moment(terms.take_until), rule, remedy)


def sweep_exchange(operator: Operator, contract: ShareExchange, exchange_id: int) -> Change:
    """Send what is still owed after the last second to whom the terms name, as anybody.

    Raises: InputError before that, or when nothing is left; what `Operator.send` raises.
    """
    operator.settle()
    exchange = find_exchange(contract, exchange_id)
    terms, now = exchange.terms, operator.chain.now()
    key = f"exchange/sweep/{contract.address}/{exchange_id}"
    number = operator.attempts(key)
    call = contract.sweep(exchange_id)
    if number and not exchange.owed:
        return Change(call.label, operator.earlier(f"{key}/{number - 1}"))
    if not terms.take_until:
        rule = "has no last second: what it owes can be taken for ever"
        raise InputError.of("exchange", exchange_id, rule, "nothing is to be swept")
    if now <= terms.take_until:
        rule = f"is until when it can be taken, and the chain's time is {moment(now)}"
        raise InputError.of("take_until", moment(terms.take_until), rule, "wait until then")
    return Change(call.label, operator.send_one(f"{key}/{number}", call))


# ------------------------------------------------------------------------------------------ its end


def close_exchange(operator: Operator, contract: ShareExchange, exchange_id: int) -> Change:
    """End an exchange: what nobody can need goes to the treasury, and what is owed stays.

    Raises: InputError when it cannot end yet; what `Operator.send` raises.
    """
    operator.settle()
    exchange = find_exchange(contract, exchange_id)
    terms, now = exchange.terms, operator.chain.now()
    key = f"exchange/close/{contract.address}/{exchange_id}"
    done = exchange.stage is ExchangeStage.CLOSED
    if not done:
        _require_running(exchange, exchange_id)
        if terms.mandatory:
            _require_all_taken(operator, exchange, exchange_id)
        elif terms.closes_at and now <= terms.closes_at:
            rule = f"is its last second, and the chain's time is {moment(now)}"
            raise InputError.of("closes_at", moment(terms.closes_at), rule, "wait until then")
        elif not terms.closes_at:
            _require_owner_or_agent(operator, exchange)
    return make_change(operator, key, contract.close(exchange_id), done=done)


def cancel_exchange(
    operator: Operator, contract: ShareExchange, exchange_id: int, document_hash: bytes
) -> Change:
    """Cancel a mandatory exchange before it begins. The account owns the token.

    Raises: InputError when it has begun, or is elective; what `Operator.send` raises.
    """
    operator.settle()
    exchange = find_exchange(contract, exchange_id)
    terms, now = exchange.terms, operator.chain.now()
    key = f"exchange/cancel/{contract.address}/{exchange_id}"
    done = exchange.stage is ExchangeStage.CANCELLED
    if not done:
        _require_running(exchange, exchange_id)
        if not terms.mandatory:
            rule, remedy = "is elective", f"end it: `prorata exchange close {exchange_id}`"
            raise InputError.of("exchange", exchange_id, rule, remedy)
        if now >= terms.opens_at:
            rule = f"has begun at {moment(terms.opens_at)}"
            remedy = f"carry it out: `prorata exchange carry-out {exchange_id}`"
            raise InputError.of("exchange", exchange_id, rule, remedy)
        owner = ShareToken(operator.chain, terms.token).owner()
        if operator.address != owner:
            rule = "does not own the token"
            raise InputError.of("account", operator.address, rule, f"use the account {owner}")
    return make_change(operator, key, contract.cancel(exchange_id, document_hash), done=done)


def _require_all_taken(operator: Operator, exchange: Exchange, exchange_id: int) -> None:
    terms, now = exchange.terms, operator.chain.now()
    if now < terms.opens_at:
        rule = f"opens at {moment(terms.opens_at)}, and the chain's time is {moment(now)}"
        remedy = f"wait, or cancel it: `prorata exchange cancel {exchange_id}`"
        raise InputError.of("exchange", exchange_id, rule, remedy)
    units = units_of(operator.chain, terms)
    left = ShareToken(operator.chain, terms.token).total_supply() - exchange.locked
    if left > 0:
        rule = f"has {units.said_shares(left)} left to take"
        remedy = f"carry it out first: `prorata exchange carry-out {exchange_id}`"
        raise InputError.of("exchange", exchange_id, rule, remedy)


def _require_running(exchange: Exchange, exchange_id: int) -> None:
    if exchange.stage in ENDED:
        rule = f"was {exchange.stage.label}"
        raise InputError.of("exchange", exchange_id, rule, "nothing is left to be done")


def _require_money(exchange: Exchange, exchange_id: int, amount: int) -> None:
    _require_running(exchange, exchange_id)
    if exchange.terms.currency == ZERO_ADDRESS:
        rule = "pays no money"
        raise InputError.of("exchange", exchange_id, rule, "choose another one")
    if not amount:
        raise InputError.of("amount", "0", "is nothing", "say how much")


def _require_owner_or_agent(operator: Operator, exchange: Exchange) -> None:
    token = ShareToken(operator.chain, exchange.terms.token)
    owner = token.owner()
    if operator.address != owner and not token.is_agent(operator.address):
        rule = f"is neither owner nor agent of {token.symbol()}"
        raise InputError.of("account", operator.address, rule, f"use the account {owner}")


def _moved(
    operator: Operator, contract: ShareExchange, exchange_id: int, amount: int, receipt: Receipt
) -> Moved:
    exchange = contract.exchange_of(exchange_id)
    units, address = units_of(operator.chain, exchange.terms), exchange.terms.currency
    sums = (units.money.amount(amount, address), units.money.amount(exchange.funds, address))
    return Moved(exchange_id, *sums, receipt)


def _key(prefix: str, operator: Operator, contract: ShareExchange, said: str) -> str:
    whole = f"{contract.address}\n{operator.address}\n{said}"
    return f"{prefix}/{sha256(whole.encode()).hexdigest()[:16]}"
