# SPDX-License-Identifier: MIT
"""Opening an exchange: the steps that it needs, one after the other, and the exchange itself.

The exchange contract must be an agent of a token whose shares it burns, moves or mints. What the
acquirer locks, and shares of another token that somebody gives, need that account's consent
(`Holds`). Money is taken by allowance. Each step is left out where the chain is so already, and
whatever was interrupted goes on by opening again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.currency import Currency
from prorata.contracts.holds import Holds
from prorata.contracts.share_exchange import ExchangeTerms, ShareExchange
from prorata.contracts.share_token import ShareToken
from prorata.deployments.changes import Change, make_change
from prorata.errors import InputError, Problem
from prorata.market.exchanges.terms import Opening
from prorata.market.exchanges.words import a_kind_of, units_of
from prorata.market.holds import is_appointed
from prorata.market.keepers import allow_keeper
from prorata.market.singletons import find_singleton
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import MAX_SHARES, format_units
from prorata.values.times import lasting, moment

__all__ = [
    "LONGEST_SECONDS",
    "OpenedExchange",
    "exchange_at",
    "funded_whole",
    "funding_needed",
    "open_exchange",
    "opened_before",
    "require_openable",
]

LONGEST_SECONDS = 50 * 365 * 86_400
"""How far ahead a time of the terms may lie: beyond that it was meant in milliseconds."""

LEEWAY = 7 * 86_400
"""Seconds of consent that are asked of somebody else beyond the end, for terms counted from now."""


@dataclass(frozen=True)
class OpenedExchange:
    """An exchange that is there: `steps` are what had to be done before."""

    id: int
    opening: Opening
    steps: tuple[Change, ...]
    receipt: Receipt


def exchange_at(chain: RpcChain, named: str | None = None) -> ShareExchange:
    """The exchange contract: where it belongs, or at the address `named`.

    Raises: DeploymentError when there is no code; ChainError.
    """
    return find_singleton(ShareExchange, chain, named)


def funded_whole(chain: RpcChain, contract: ShareExchange, opening: Opening) -> Opening:
    """The opening with all the money that it needs, where it is mandatory and names none.

    Raises: InputError for terms that contradict themselves; ChainError.
    """
    if not opening.terms.mandatory or opening.funding:
        return opening
    if problems := [*_faults(chain, opening)]:
        raise InputError(problems, "the exchange")
    return replace(opening, funding=funding_needed(contract, opening))


def funding_needed(contract: ShareExchange, opening: Opening) -> int:
    """Money that the exchange must be opened with; none for an elective one.

    Raises: RevertError; ChainError.
    """
    return contract.funding_for(opening.terms, opening.locked) if opening.terms.mandatory else 0


def opened_before(operator: Operator, contract: ShareExchange, words: str) -> OpenedExchange | None:
    """The exchange that these words have opened, if an earlier run did it.

    Raises: what `Operator.settle` raises.
    """
    operator.settle()
    receipt = operator.earlier(_key(operator, contract, words))
    return None if receipt is None else _opened(receipt, (), 0)


def open_exchange(
    operator: Operator, contract: ShareExchange, opening: Opening, *, words: str = ""
) -> OpenedExchange:
    """Open an exchange, once: with all that it needs done before, as far as this account can.

    `words` name it in the journal, where its terms have times that were counted from now: the same
    words open nothing twice. Without them its terms do.

    Raises: InputError when the contract would refuse the terms, or somebody else has a step to do
    first; what `Operator.send` raises.
    """
    key = _key(operator, contract, words or repr(opening))
    operator.settle()
    if (receipt := operator.earlier(key)) is not None:
        return _opened(receipt, (), opening.funding)
    opening = funded_whole(operator.chain, contract, opening)
    require_openable(operator.chain, contract, opening, operator.address)
    # All of them are looked at before the first is sent.
    steps = tuple(step() for step in [*_prepared(operator, contract, opening)])
    call = contract.open(opening.terms, opening.funding, opening.locked)
    call = replace(call, label=_label(operator.chain, opening))
    receipt = operator.send_one(key, call)
    return _opened(receipt, steps, opening.funding)


def _key(operator: Operator, contract: ShareExchange, words: str) -> str:
    said = f"{operator.address}\n{contract.address}\n{words}"
    return f"exchange/open/{sha256(said.encode()).hexdigest()[:16]}"


def _opened(receipt: Receipt, steps: tuple[Change, ...], funding: int) -> OpenedExchange:
    [event] = receipt.events("Opened")
    funded = sum(one.args["amount"] for one in receipt.events("Funded"))
    terms = ExchangeTerms.of(event.args["terms"])
    opening = Opening(terms, funded or funding, event.args["locked"])
    return OpenedExchange(event.args["id"], opening, steps, receipt)


def _label(chain: RpcChain, opening: Opening) -> str:
    units = units_of(chain, opening.terms)
    return f"open {a_kind_of(opening.terms)} of {units.shares.symbol}: {units.rate()}"


# ----------------------------------------------------------------------------------- what it needs


Step = Callable[[], Change]
"""What is still to be done, once all of it was found possible."""


def _prepared(operator: Operator, contract: ShareExchange, opening: Opening) -> Iterator[Step]:
    """Raises: InputError where somebody else has a step to do first."""
    terms, chain = opening.terms, operator.chain
    yield from _agency(operator, contract, ShareToken(chain, terms.token))
    if terms.other != ZERO_ADDRESS:
        if terms.other_from == ZERO_ADDRESS:
            yield from _agency(operator, contract, ShareToken(chain, terms.other))
        else:
            yield from _consent(operator, contract, terms.other, terms.other_from, opening)
    if opening.locked or (terms.mandatory and not terms.burns):
        yield from _consent(operator, contract, terms.token, terms.acquirer, opening)
    if opening.funding:
        yield from _allowance(operator, contract, opening)


def _agency(operator: Operator, contract: ShareExchange, token: ShareToken) -> Iterator[Step]:
    """The role of an agent, which the owner of a token gives."""
    if token.is_agent(contract.address):
        return
    symbol = token.symbol()
    if operator.address != (owner := token.owner()):
        rule = f"is no agent of {symbol}, as it must be to take its shares, or to make them"
        remedy = f"let its owner {owner} run `prorata agents add {contract.address}`"
        raise InputError.of("exchange", contract.address, rule, remedy)
    call = token.add_agent(contract.address)
    call = replace(call, label=f"make the exchange contract an agent of {symbol}")
    key = f"exchange/agent/{token.address}/{contract.address}"
    yield lambda: make_change(operator, key, call, done=False)


def _consent(
    operator: Operator, contract: ShareExchange, asset: str, owner: str, opening: Opening
) -> Iterator[Step]:
    """The consent of whoever has shares in this, until the end."""
    chain = operator.chain
    holds = Holds(chain, contract.holds())
    shares = Currency(chain, asset)
    if not is_appointed(chain, asset, holds.address):
        rule = f"has not appointed the contract {holds.address}, by which shares are locked"
        remedy = f"let its owner run `prorata settings holds-contract {holds.address}`"
        raise InputError.of("asset", shares.unit.symbol, rule, remedy)
    now = holds.consent_of(contract.address, asset, owner)
    most, until = _wanted(chain, opening, asset, now.kept)
    if now.most >= most and now.until >= until:
        return
    most, until = max(most, now.most), max(until, now.until)
    if owner != operator.address:
        size = format_units(most, shares.unit.decimals, grouping=False, trim=True)
        rule = f"has not let the exchange contract lock its {shares.unit.symbol} until it ends"
        remedy = (
            f'let it run `prorata hold keeper {contract.address} "{size} {shares.unit.symbol}" '
            f"--until {moment(until + LEEWAY)}`"
        )
        raise InputError.of("holder", owner, rule, remedy)
    wanted = {"most": most, "until": until}
    yield lambda: allow_keeper(operator, holds, contract.address, shares, **wanted)[0]


def _wanted(chain: RpcChain, opening: Opening, asset: str, kept: int) -> tuple[int, int]:
    """How many shares a consent must be for, and until when."""
    terms = opening.terms
    until = terms.closes_at or chain.now() + LONGEST_SECONDS - 86_400
    supply = ShareToken(chain, terms.token).total_supply()
    if asset == terms.other:
        whole = -(-supply * terms.other_shares // terms.per)
        return min(kept + whole, MAX_SHARES), terms.take_until or until
    # The shares that the acquirer gets join those that are locked.
    more = opening.locked if terms.burns else supply
    return min(kept + more, MAX_SHARES), until


def _allowance(operator: Operator, contract: ShareExchange, opening: Opening) -> Iterator[Step]:
    money = Currency(operator.chain, opening.terms.currency)
    if money.allowance(operator.address, contract.address) >= opening.funding:
        return
    said = f"{money.unit.amount(opening.funding).text} {money.unit.symbol}"
    call = money.approve(contract.address, opening.funding)
    call = replace(call, label=f"let the exchange contract take {said}")
    key = f"exchange/approve/{money.address}/{operator.address}"
    yield lambda: make_change(operator, key, call, done=False)


# ------------------------------------------------------------------------------------ its refusals


def require_openable(
    chain: RpcChain, contract: ShareExchange, opening: Opening, account: str
) -> None:
    """Check what the contract would refuse, and what it cannot know.

    Raises: InputError with everything that is wrong; ChainError.
    """
    problems = [*_faults(chain, opening)]
    if not problems:
        problems = [*_lacking(chain, contract, opening, account)]
    if problems:
        raise InputError(problems, "the exchange")


def _fault(column: str, value: object, rule: str, remedy: str) -> Problem:
    return Problem(None, column, str(value), rule, remedy)


def _faults(chain: RpcChain, opening: Opening) -> Iterator[Problem]:
    """What contradicts itself in the terms."""
    terms, now = opening.terms, chain.now()
    if terms.mandatory:
        yield from _mandatory_faults(opening, now)
    elif opening.locked:
        rule = "are locked, which a mandatory exchange only does"
        yield _fault("locked", opening.locked, rule, "leave it out, or say mandatory: true")
    if not terms.burns and terms.acquirer == ZERO_ADDRESS:
        rule, remedy = "is nobody", "name who gets the shares, or let them be burnt"
        yield _fault("acquirer", terms.acquirer, rule, remedy)
    if terms.acquirer == terms.token:
        rule, remedy = "is the share token itself", "name who gets the shares"
        yield _fault("acquirer", terms.acquirer, rule, remedy)
    if terms.other == terms.token:
        rule, remedy = "is the asset that is given", "name the asset that holders get"
        yield _fault("other", terms.other, rule, remedy)
    if terms.currency == terms.token:
        rule, remedy = "is the share token itself", "name the money that is paid"
        yield _fault("gets", terms.currency, rule, remedy)
    if terms.valuer != ZERO_ADDRESS and not terms.least_price <= terms.gets <= terms.most_price:
        units = units_of(chain, terms)
        low, high = units.said_money(terms.least_price), units.said_money(terms.most_price)
        rule = f"is the first price, and not within the valuer's bounds of {low} to {high}"
        yield _fault(
            "gets", units.said_money(terms.gets), rule, "give one that is, or other bounds"
        )
    yield from _time_faults(terms, now)


def _mandatory_faults(opening: Opening, now: int) -> Iterator[Problem]:
    terms = opening.terms
    if not terms.gets and not terms.other_shares:
        rule, remedy = "is nothing, and nobody's shares are taken for that", "say what holders get"
        yield _fault("gets", "0", rule, remedy)
    if terms.valuer != ZERO_ADDRESS or terms.pays or terms.day_limit:
        rule = "has a valuer, a price that holders pay or a limit for a day"
        yield _fault("mandatory", "true", rule, "leave these out: such an exchange has fixed terms")
    if not any(terms.document_hash):
        rule, remedy = "is missing", "give the resolution or the notice that it rests on"
        yield _fault("document", "", rule, remedy)
    if terms.opens_at <= now:
        rule = f"does not lie ahead: the chain's time is {moment(now)}"
        yield _fault("opens_at", moment(terms.opens_at), rule, "give notice: name a later time")
    if opening.locked and terms.acquirer == ZERO_ADDRESS:
        rule, remedy = "are locked of nobody", "name the acquirer, or leave it out"
        yield _fault("locked", opening.locked, rule, remedy)


def _time_faults(terms: ExchangeTerms, now: int) -> Iterator[Problem]:
    if terms.mandatory and terms.opens_at <= now:
        # Those that were counted from it would be wrong, too.
        return
    if terms.closes_at and terms.closes_at <= max(terms.opens_at, now):
        rule = f"is not later than {moment(max(terms.opens_at, now))}"
        yield _fault("closes_at", moment(terms.closes_at), rule, "give a later time")
    if terms.mandatory and not terms.closes_at:
        yield _fault("closes_at", "", "is missing", "say by when it is to be finished")
    if (terms.take_until != 0) != (terms.sweep_to != ZERO_ADDRESS):
        rule = "and sweep_to are not given together"
        remedy = "give both, or neither: then what is owed stays"
        yield _fault("take_until", terms.take_until and moment(terms.take_until), rule, remedy)
    elif terms.take_until and terms.take_until <= max(terms.closes_at, terms.opens_at, now):
        rule = "is not later than the end of the exchange"
        yield _fault("take_until", moment(terms.take_until), rule, "give a later time")
    for column, time in (
        ("opens_at", terms.opens_at),
        ("closes_at", terms.closes_at),
        ("take_until", terms.take_until),
    ):
        if time > now + LONGEST_SECONDS:
            rule = f"is more than {lasting(LONGEST_SECONDS)} ahead"
            yield _fault(column, moment(time), rule, "give an earlier time")


def _lacking(
    chain: RpcChain, contract: ShareExchange, opening: Opening, account: str
) -> Iterator[Problem]:
    """What the account lacks: a role, shares, or money."""
    terms, token = opening.terms, ShareToken(chain, opening.terms.token)
    units, owner = units_of(chain, terms), token.owner()
    if account != owner and (terms.mandatory or not token.is_agent(account)):
        what = "takes everybody's shares" if terms.mandatory else "takes shares"
        rule = f"is not the owner of {units.shares.symbol}, who alone opens what {what}"
        if not terms.mandatory:
            rule = f"is neither owner nor agent of {units.shares.symbol}"
        yield _fault("account", account, rule, f"use the account {owner}")
    if opening.locked and (has := token.balance_of(terms.acquirer)) < opening.locked:
        rule = f"are more than the {units.said_shares(has)} that the acquirer has"
        yield _fault("locked", units.said_shares(opening.locked), rule, "lock no more than it has")
        return
    if terms.mandatory and opening.funding < (needed := funding_needed(contract, opening)):
        rule = f"is less than the {units.said_money(needed)} that all shares can need"
        remedy = "fund it whole, or leave it out: then it is"
        yield _fault("funding", units.said_money(opening.funding), rule, remedy)
    elif opening.funding:
        has = Currency(chain, terms.currency).balance_of(account)
        if has < opening.funding:
            rule = f"is more than the {units.said_money(has)} that {account} has"
            remedy = "get the rest first, or use another account"
            yield _fault("funding", units.said_money(opening.funding), rule, remedy)
