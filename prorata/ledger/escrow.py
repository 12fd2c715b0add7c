# SPDX-License-Identifier: MIT
"""Money in calls and exchanges: what the contracts answer, held against what their events tell.

For each call and currency of a share token the money in the contract's care, and what makes it up,
is as events say (law B1), and so is what is owed to each account; a call stands where they say.
For each exchange what is there for exchanges to come, what was paid and what is owed is so, too
(law X1). And the contracts have at least what these calls and exchanges have in their care: they
serve other assets as well.

What is owed for held shares moves between accounts when a hold ends, by a part that no event says.
So accounts that such a part came from or went to are compared only together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from prorata.chain.types import Block, Chain
from prorata.contracts.call_auction import CallAuction, CallState, Escrow, Stage
from prorata.contracts.currency import Currency
from prorata.contracts.share_exchange import Exchange, ExchangeStage, Owing, ShareExchange
from prorata.errors import ChainError
from prorata.ledger.books import Books
from prorata.ledger.calls import CallAccount, CallMoney, CallStage
from prorata.ledger.comparisons import BOOKS, CHAIN, check_figure
from prorata.ledger.entries import Place
from prorata.ledger.exchanges import ExchangeAccount, ExchangeStep
from prorata.ledger.movements import Movements

__all__ = ["NO_ESCROW", "EscrowAnswers", "check_escrow", "read_escrow"]


_STAGES: Mapping[CallStage, tuple[Stage, ...]] = {
    CallStage.OPEN: (Stage.OPEN,),
    CallStage.CLEARED: (Stage.CLEARED,),
    # No event says that every order has had its turn.
    CallStage.SETTLING: (Stage.SETTLING, Stage.SETTLED),
    CallStage.FAILED: (Stage.FAILED,),
    CallStage.CANCELLED: (Stage.CANCELLED,),
}
_STEPS: Mapping[ExchangeStep, tuple[ExchangeStage, ...]] = {
    ExchangeStep.OPENED: (ExchangeStage.NOTICED, ExchangeStage.OPEN),
    ExchangeStep.CLOSED: (ExchangeStage.CLOSED,),
    ExchangeStep.CANCELLED: (ExchangeStage.CANCELLED,),
}


@dataclass(frozen=True)
class EscrowAnswers:
    """What the contracts answer about the calls and exchanges of one token, at one block."""

    calls: Mapping[str, CallState] = field(default_factory=dict)
    escrows: Mapping[tuple[str, int], Escrow] = field(default_factory=dict)
    """By call and ladder."""
    owed: Mapping[tuple[str, int, str], int] = field(default_factory=dict)
    """By call, ladder and account, for every account that was ever owed anything."""
    exchanges: Mapping[int, Exchange] = field(default_factory=dict)
    exchange_owed: Mapping[tuple[int, str], Owing] = field(default_factory=dict)
    """By exchange and account, for every account that was ever owed anything."""
    at_auction: Mapping[str, int] = field(default_factory=dict)
    """What the auction's contract has of each currency of these calls."""
    at_exchange: Mapping[str, int] = field(default_factory=dict)


NO_ESCROW = EscrowAnswers()


def read_escrow(chain: Chain, movements: Movements, block: Block) -> EscrowAnswers:
    """Ask the contracts about every call and exchange that the events tell of.

    Raises: ChainError.
    """
    market, number = movements.market, block.number
    calls: dict[str, CallState] = {}
    escrows: dict[tuple[str, int], Escrow] = {}
    owed: dict[tuple[str, int, str], int] = {}
    if movements.calls:
        auction = CallAuction(chain, market.auction, block=number)
        ids = list(movements.calls.by_id)
        calls.update(zip(ids, auction.calls_of([_id(one) for one in ids]), strict=True))
        for one in movements.calls.by_id.values():
            for ladder in range(len(one.money)):
                escrows[one.id, ladder] = auction.escrow_of(_id(one.id), ladder)
            rows = sorted(one.owed_to)
            for (ladder, who), amount in zip(
                rows, auction.owed_to_many(_id(one.id), rows), strict=True
            ):
                owed[one.id, ladder, who] = amount
    exchanges: dict[int, Exchange] = {}
    exchange_owed: dict[tuple[int, str], Owing] = {}
    given = {one.id: one for one in movements.exchanges.given}
    if given:
        contract = ShareExchange(chain, market.exchange, block=number)
        exchanges.update(zip(given, contract.exchanges_of(list(given)), strict=True))
        for exchange in given.values():
            accounts = sorted({*exchange.owed_to, *exchange.moved})
            found = contract.all_owed(exchange.id, accounts)
            for account, owing in zip(accounts, found, strict=True):
                exchange_owed[exchange.id, account] = owing
    return EscrowAnswers(
        calls,
        escrows,
        owed,
        exchanges,
        exchange_owed,
        _balances(chain, market.auction, movements.calls.currencies, block),
        _balances(chain, market.exchange, movements.exchanges.currencies, block),
    )


def _id(number: str) -> bytes:
    return bytes.fromhex(number[2:])


def _balances(chain: Chain, account: str, currencies: set[str], block: Block) -> dict[str, int]:
    """What an account has of each currency; one that gives no answer is left out."""
    found = {}
    for currency in sorted(currencies):
        try:
            money = Currency(chain, currency, block=block.number)
            found[currency] = money.balance_of(account)
        except ChainError:
            continue
    return found


# ------------------------------------------------------------------------------------- comparing


def check_escrow(books: Books, movements: Movements, answers: EscrowAnswers) -> None:
    """Note every figure of calls and exchanges in which events, laws and answers differ."""
    for number, figure, said, law in movements.calls.broken:
        place = Place.register(f"call {number}")
        books.differ(place, figure, (said, "the event"), (law, "the law"))
    for one, figure, brought, due in movements.exchanges.broken:
        place = Place.register(f"exchange {one}")
        books.differ(place, figure, (brought, "the event"), (due, "the law"))
    for call in movements.calls.by_id.values():
        _check_call(books, call, answers)
    for exchange in movements.exchanges.given:
        _check_exchange(books, exchange, answers)
    for contract, needed, there in (
        (movements.market.auction, _in_calls(movements), answers.at_auction),
        (movements.market.exchange, _in_exchanges(movements), answers.at_exchange),
    ):
        for currency, amount in there.items():
            if amount < needed[currency]:
                says = (needed[currency], "the books, at least,")
                place = Place.register(contract)
                books.differ(place, "money in its care", says, (amount, CHAIN), currency)


def _in_calls(movements: Movements) -> Counter[str]:
    needed: Counter[str] = Counter()
    for call in movements.calls.by_id.values():
        for money in call.money:
            needed[money.currency] += money.escrowed
    return needed


def _in_exchanges(movements: Movements) -> Counter[str]:
    needed: Counter[str] = Counter()
    for one in movements.exchanges.given:
        needed[one.terms.currency] += one.here
    return needed


def _check_call(books: Books, call: CallAccount, answers: EscrowAnswers) -> None:
    place, state = Place.register(f"call {call.id}"), answers.calls[call.id]
    if state.stage not in _STAGES[call.stage]:
        books.differ(place, "its stage", (call.stage.value, BOOKS), (state.stage.label, CHAIN))
    for figure, ours, theirs in (
        ("orders placed", len(call.orders), state.orders),
        ("the price of a lot", call.price, state.clearing.price),
        ("lots that change hands", call.lots, state.clearing.lots),
        ("lots delivered", call.delivered, state.delivered),
    ):
        check_figure(books, place, figure, ours, theirs)
    for ladder, money in enumerate(call.money):
        _check_money(books, place, money, answers.escrows[call.id, ladder])
    for (ladder, account), ours in call.owed_to.items():
        expected = 0 if ladder in call.swept else ours
        theirs = answers.owed[call.id, ladder, account]
        check_figure(
            books,
            place,
            f"owed to {account}",
            expected,
            theirs,
            currency=call.money[ladder].currency,
        )


def _check_money(books: Books, place: Place, ours: CallMoney, theirs: Escrow) -> None:
    for figure, here, there in (
        ("money in escrow", ours.escrowed, theirs.escrowed),
        ("money that may go back", ours.refundable, theirs.refundable),
        ("proceeds that wait", ours.proceeds, theirs.proceeds),
        ("money owed", ours.owed, theirs.owed),
    ):
        check_figure(books, place, figure, here, there, currency=ours.currency)


def _check_exchange(books: Books, one: ExchangeAccount, answers: EscrowAnswers) -> None:
    place, found, currency = Place.register(f"exchange {one.id}"), answers.exchanges[one.id], None
    if found.stage not in _STEPS[one.step]:
        books.differ(place, "its stage", (one.step.value, BOOKS), (found.stage.label, CHAIN))
    check_figure(books, place, "shares exchanged", one.exchanged, found.exchanged)
    currency = one.terms.currency
    for figure, ours, theirs in (
        ("its price", one.price, found.price),
        ("money for exchanges to come", one.funds, found.funds),
        ("money paid to holders", one.paid, found.paid),
        ("money owed to holders", one.owed, found.owed),
    ):
        check_figure(books, place, figure, ours, theirs, currency=currency)
    if one.swept:
        return
    tied = sum(amount for account, amount in one.owed_to.items() if account in one.moved)
    theirs = sum(answers.exchange_owed[one.id, account].paid for account in one.moved)
    check_figure(books, place, "owed where holds have ended", tied, theirs, currency=currency)
    for account, ours in one.owed_to.items():
        if account not in one.moved:
            owed = answers.exchange_owed[one.id, account].paid
            check_figure(books, place, f"owed to {account}", ours, owed, currency=currency)
    accounts = {*one.owed_to, *one.moved}
    others = sum(answers.exchange_owed[one.id, account].other_shares for account in accounts)
    check_figure(books, place, "other shares owed", one.owed_other, others)
