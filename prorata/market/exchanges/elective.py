# SPDX-License-Identifier: MIT
"""Exchanging shares as their holder: what it would bring and what stands in its way, then once.

An exchange is asked for before it is sent, so that a refusal says everything in its way. A holder
can mean the same number twice: the same again sends nothing, and another `reference` makes a second
one that is alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.currency import Currency
from prorata.contracts.share_exchange import (
    NOTE_LIMIT,
    ExchangeQuote,
    ShareExchange,
)
from prorata.contracts.trade_settlement import SignedPermit
from prorata.errors import InputError, Problem
from prorata.files.writer import json_object
from prorata.market.exchanges.carrying import find_exchange
from prorata.market.exchanges.explanations import explain_exchange
from prorata.market.exchanges.law import brings
from prorata.market.exchanges.obstacles import ExchangeCase, sentences_of
from prorata.market.exchanges.words import ExchangeUnits, kind_of, units_of
from prorata.market.permits import make_permit
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Amount

__all__ = [
    "ExchangeCheck",
    "Exchanged",
    "check_exchange",
    "check_note",
    "exchange_now",
    "exchanged_of",
    "require_exchangeable",
]

DAY = 86_400


@dataclass(frozen=True)
class ExchangeCheck:
    """What so many shares of a holder would bring now, and what stands in the way."""

    case: ExchangeCase

    @property
    def quote(self) -> ExchangeQuote:
        """What they bring, by the law, at the present price."""
        return brings(self.case.exchange.terms, self.case.shares, self.case.exchange.price)

    @property
    def sentences(self) -> list[str]:
        """Why it would fail."""
        return sentences_of(self.case)

    @property
    def passes(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.sentences

    @property
    def most(self) -> Amount:
        """The most shares that would pass now."""
        return self.case.units.share(self.case.explanation.most)

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        case, quote = self.case, self.quote
        return json_object(
            {
                "exchange": case.id,
                "kind": kind_of(case.exchange.terms),
                "holder": case.holder,
                "gives": case.units.share(case.shares),
                **_gets(case.units, quote),
                "passes": self.passes,
                "most": self.most,
                "sentences": self.sentences,
            }
        )


@dataclass(frozen=True)
class Exchanged:
    """An exchange that was made: what it brought, and to whom; without a payee it is owed."""

    id: int
    holder: str
    shares: int
    brought: ExchangeQuote
    payee: str | None
    note: bytes
    units: ExchangeUnits
    receipt: Receipt

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return json_object(
            {
                "exchange": self.id,
                "holder": self.holder,
                "gives": self.units.share(self.shares),
                **_gets(self.units, self.brought),
                "payee": self.payee,
                "transaction": self.receipt.hash,
                "resumed": self.receipt.resumed,
            }
        )


def _gets(units: ExchangeUnits, quote: ExchangeQuote) -> dict[str, Amount | None]:
    return {
        "paid": units.paid(quote.paid),
        "in_lieu": units.paid(quote.in_lieu),
        "due": units.paid(quote.due),
        "other_shares": units.others(quote.other_shares),
    }


# ---------------------------------------------------------------------------------------- the check


def check_exchange(
    chain: RpcChain,
    contract: ShareExchange,
    exchange_id: int,
    holder: str,
    shares: int,
    *,
    allows: bool = False,
) -> ExchangeCheck:
    """Ask what so many shares would bring, and what stands in the way.

    With `allows`, the allowance for what the holder pays is given with the exchange.

    Raises: InputError when there is no such exchange; ChainError.
    """
    exchange = find_exchange(contract, exchange_id)
    where = (chain, contract, exchange_id, exchange)
    explanation = explain_exchange(*where, holder=holder, shares=shares, allows=allows)
    units = units_of(chain, exchange.terms)
    place = (contract.address, exchange_id, exchange, units)
    return ExchangeCheck(ExchangeCase(*place, holder, shares, explanation, chain.now()))


def require_exchangeable(check: ExchangeCheck, least: int | None = None) -> None:
    """Raises: InputError with everything in the way, or when it would bring less than `least`."""
    case, units = check.case, check.case.units
    most = check.most
    hint = f"; at most {most.text} {most.currency} would pass now" if most.units else ""
    title = units.said_shares(case.shares)
    problems = []
    for sentence in check.sentences:
        rule, _, remedy = sentence.partition("; ")
        ruled = f"cannot be exchanged: {rule}"
        problems.append(Problem(None, "shares", title, ruled, f"{remedy}{hint}"))
    if least is not None and (paid := check.quote.paid) < least:
        rule = f"is more than the {units.said_money(paid)} that {title} bring at the present price"
        remedy = "accept less, or wait for another price"
        problems.append(Problem(None, "least", units.said_money(least), rule, remedy))
    if problems:
        raise InputError(problems, "the exchange")


def check_note(text: str) -> bytes:
    """What the issuer is to read, as the contract has it.

    Raises: InputError when it is too long.
    """
    note = text.encode()
    if len(note) > NOTE_LIMIT:
        rule = f"is {len(note):,} bytes long, and the contract takes {NOTE_LIMIT:,}"
        raise InputError.of("note", f"{text[:40]}…", rule, "shorten it, or name a document by hash")
    return note


# ------------------------------------------------------------------------------------- the exchange


def exchange_now(
    operator: Operator,
    contract: ShareExchange,
    exchange_id: int,
    shares: int,
    *,
    least: int | None = None,
    until: int | None = None,
    note: bytes = b"",
    permit: bool = False,
    reference: str = "",
) -> Exchanged:
    """Exchange shares of the account, once for each reference.

    No less is accepted than the account was shown. What it pays is allowed first, by an approval or
    with a `permit`.

    Raises: InputError with everything in its way; what `Operator.send` raises.
    """
    operator.settle()
    whose = f"{contract.address}\n{exchange_id}\n{operator.address}"
    said = f"{whose}\n{shares}\n{note.hex()}\n{reference}"
    key = f"exchange/now/{sha256(said.encode()).hexdigest()[:16]}"
    if (receipt := _earlier(operator, key)) is None:
        where = (operator.chain, contract, exchange_id, operator.address, shares)
        check = check_exchange(*where, allows=True)
        require_exchangeable(check, least)
        receipt = _send(operator, contract, key, check, (least, until, note), permit=permit)
    return exchanged_of(operator.chain, receipt)


def exchanged_of(chain: RpcChain, receipt: Receipt) -> Exchanged:
    """What a transaction has exchanged, by its event.

    Raises: ChainError.
    """
    [event] = receipt.events("Exchanged")
    args = event.args
    contract = ShareExchange(chain, event.log.address)
    terms = contract.exchange_of(args["id"]).terms
    return Exchanged(
        id=args["id"],
        holder=args["holder"],
        shares=args["shares"],
        brought=ExchangeQuote.of(args),
        payee=None if args["payee"] == ZERO_ADDRESS else args["payee"],
        note=bytes(args["note"]),
        units=units_of(chain, terms),
        receipt=receipt,
    )


def _earlier(operator: Operator, key: str) -> Receipt | None:
    """What an earlier run has sent: a time of now makes other call data in each attempt."""
    for attempt in range(operator.attempts(key)):
        if (receipt := operator.earlier(f"{key}/{attempt}")) is not None:
            return receipt
    return None


def _send(
    operator: Operator,
    contract: ShareExchange,
    key: str,
    check: ExchangeCheck,
    asked: tuple[int | None, int | None, bytes],
    *,
    permit: bool,
) -> Receipt:
    least, until, note = asked
    case, quote = check.case, check.quote
    # The end of tomorrow, in UTC: what was agreed to must be the same call when it is sent.
    last = until or (case.now // DAY + 2) * DAY - 1
    accepted = quote.paid if least is None else least
    allowed = _allowed(operator, contract, check, last, permit=permit)
    where = (case.id, case.shares, accepted, last)
    if allowed is None:
        call = contract.exchange(*where, note)
    else:
        call = contract.exchange_with_permit(*where, note=note, permit=allowed)
    title = f"exchange {case.units.said_shares(case.shares)} for {case.units.said(quote)}"
    return operator.send_one(f"{key}/{operator.attempts(key)}", replace(call, label=title))


def _allowed(
    operator: Operator, contract: ShareExchange, check: ExchangeCheck, last: int, *, permit: bool
) -> SignedPermit | None:
    """See to it that the contract can take what is due: a permit, or an approval that is sent."""
    due, units = check.quote.due, check.case.units
    if not due:
        return None
    money = Currency(operator.chain, check.case.exchange.terms.currency)
    if money.allowance(operator.address, contract.address) >= due:
        return None
    if permit:
        where = (operator.chain, operator.signer, money.address, contract.address)
        return make_permit(*where, value=due, deadline=last)
    call = money.approve(contract.address, due)
    call = replace(call, label=f"let the exchange contract take {units.said_money(due)}")
    key = f"exchange/approve/{money.address}/{operator.address}"
    operator.send_one(f"{key}/{operator.attempts(key)}", call)
    return None
