# SPDX-License-Identifier: MIT
"""What the commands of calls show: terms, an order, who gets what, how far a call is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prorata.chain.steps import Receipt
from prorata.cli.changes import sent_facts
from prorata.cli.output import escape
from prorata.cli.session import Session
from prorata.contracts.call_auction import Stage
from prorata.contracts.call_terms import CallKind, CallTerms, Side
from prorata.deployments.deployment import Deployment
from prorata.files.writer import json_object
from prorata.market.calls.books import Book, BookLine, line_json
from prorata.market.calls.drafts import DraftedCall
from prorata.market.calls.known_calls import KnownCall, command_of, noun_of
from prorata.market.calls.openings import needs
from prorata.market.calls.placements import OrderCheck, PlacedOrder, gives, says
from prorata.market.calls.reports import CallReport
from prorata.market.calls.settlements import SettleRun, what_is_left
from prorata.market.calls.units import CallUnits
from prorata.values.addresses import ZERO_ADDRESS, named_account
from prorata.values.amounts import format_units
from prorata.values.times import moment
from prorata.values.words import counted

__all__ = [
    "book_facts",
    "opening_facts",
    "say_sent",
    "show_book",
    "show_calls",
    "show_check",
    "show_placed",
    "show_report",
    "show_run",
    "show_terms",
    "warn_of_strangers",
]

MOST_OWED = 10

# ------------------------------------------------------------------------------------------- terms


def show_terms(session: Session, drafted: DraftedCall, call: bytes) -> None:
    """The terms of a call in words, and what its principal gives first."""
    terms, units = drafted.terms, drafted.units
    rows = [("id", f"0x{call.hex()}"), *_parties(terms), *_sizes(terms, units)]
    rows += [*_prices(terms, units), *_times(terms), *_limits(terms, units)]
    session.output.table(f"{noun_of(terms).capitalize()}: {drafted.name}", ("", ""), rows)
    if said := needs(terms, units).said:
        session.output.say(f"  {'given first':<16}{said}")


def _parties(terms: CallTerms) -> list[tuple[str, str]]:
    rows = [("opened by", terms.opener)]
    if terms.principal != ZERO_ADDRESS:
        verb = "sold by" if terms.kind is CallKind.SALE else "bought by"
        rows.append((verb, terms.principal))
    if terms.is_valued:
        rows.append(("price named by", terms.valuer))
    return rows


def _sizes(terms: CallTerms, units: CallUnits) -> list[tuple[str, str]]:
    rows = []
    if terms.lots:
        verb = "sells" if terms.kind is CallKind.SALE else "buys"
        how = ", minted" if terms.mint else ""
        rows.append((verb, f"{units.shares(terms.lots)} at most{how}"))
    if terms.least_lots:
        rows.append(("at least", f"{units.shares(terms.least_lots)}, or everything goes back"))
    if terms.budget:
        rows.append(("pays", f"{units.paid(terms.budget)} at most"))
    whole = 10**units.share.decimals
    if terms.lot != whole:
        rows.append(("lot", units.shares(1)))
    if terms.kind is CallKind.SALE and not terms.is_valued:
        raised = [
            units.paid(terms.lots * terms.ladders[n].price_at(terms.last_step), n)
            for n in range(len(units.money))
        ]
        rows.append(("raises", f"{' or '.join(raised)} at most"))
    return rows


def _prices(terms: CallTerms, units: CallUnits) -> list[tuple[str, str]]:
    rows = []
    for number in range(len(units.money)):
        ladder = terms.ladders[number]
        first = units.price(ladder.price_at(0), number)
        if terms.steps == 1:
            rows.append(("price", first))
            continue
        low = first.removesuffix(" a share")
        last = units.price(ladder.price_at(terms.last_step), number)
        rows.append(("prices", f"{low} to {last}, {terms.steps:,} of them"))
    return rows


def _times(terms: CallTerms) -> list[tuple[str, str]]:
    named = [
        ("opens", terms.opens_at, "at once"),
        ("withdrawn until", terms.withdraw_until, "never"),
        ("closes", terms.closes_at, ""),
        ("closed by", terms.close_by, ""),
        ("accepted by", terms.accept_by, ""),
        ("delivered by", terms.settle_by, ""),
        ("returned until", terms.return_until, ""),
        ("owed until", terms.take_until, "no end"),
    ]
    return [(name, moment(time) if time else other) for name, time, other in named if time or other]


def _limits(terms: CallTerms, units: CallUnits) -> list[tuple[str, str]]:
    size = units.paid if terms.by_amount else units.shares
    rows = [("smallest order", size(max(1, terms.least_order)))]
    if terms.most_per_person:
        rows.append(("most per person", size(terms.most_per_person)))
    counted_by = terms.registry if terms.registry != ZERO_ADDRESS else "each wallet is its own"
    rows.append(("persons", counted_by))
    if terms.record_id:
        gets = units.shares(terms.entitled_lots)
        for_ = f"{units.share.amount(terms.entitled_shares).text} at record {terms.record_id}"
        rows.append(("pre-emption", f"{gets} for {for_}"))
    if terms.fee_bps:
        rows.append(("fee", f"{format_units(terms.fee_bps, 2)}% of proceeds to {terms.fee_to}"))
    if any(terms.document_hash):
        rows.append(("document", f"0x{terms.document_hash.hex()}"))
    return rows


def opening_facts(drafted: DraftedCall, call: bytes) -> dict[str, Any]:
    """Terms for a program."""
    terms, units = drafted.terms, drafted.units
    prices = [
        {
            "currency": terms.ladders[n].currency,
            "from": str(units.exact_price(terms.ladders[n].price_at(0), n)),
            "to": str(units.exact_price(terms.ladders[n].price_at(terms.last_step), n)),
            "steps": terms.steps,
        }
        for n in range(len(units.money))
    ]
    given = needs(terms, units)
    return json_object(
        {
            "id": f"0x{call.hex()}",
            "name": drafted.name,
            "kind": noun_of(terms),
            "opener": terms.opener,
            "principal": named_account(terms.principal),
            "shares": units.share.amount(terms.lots * terms.lot),
            "at_least": units.share.amount(terms.least_lots * terms.lot),
            "budget": units.money[0].amount(terms.budget) if terms.budget else None,
            "prices": prices,
            "closes": moment(terms.closes_at),
            "close_by": moment(terms.close_by),
            "settle_by": moment(terms.settle_by),
            "given_first": given.said or None,
        }
    )


def warn_of_strangers(session: Session, found: Deployment, call: KnownCall) -> None:
    """Say who sells or buys, where it is nobody of the asset's: anybody can open a call."""
    token, principal = found.token(), call.terms.principal
    if principal in (ZERO_ADDRESS, token.owner()) or token.is_agent(principal):
        return
    symbol = found.settings.symbol
    session.output.notice(
        f"{principal}, the principal of this {call.noun}, is neither owner nor agent of {symbol}: "
        "be sure that you know who it is"
    )


# ------------------------------------------------------------------------------------------- orders


def show_check(session: Session, check: OrderCheck, *, dry_run: bool = True) -> None:
    """An order before it is placed: what it gives, what stands in its way, the most that passes."""
    case = check.case
    call, wanted = case.call, case.wanted
    gave = gives(call, wanted)
    rows = [
        ("in", call.title),
        ("owner", case.owner),
        ("order", says(call, wanted)),
        ("gives now", case.given(gave)),
        ("back until", _withdrawable(call.terms)),
    ]
    if check.to_give:
        # Until it is given, nothing passes: the most would mislead.
        rows.append(("given first", _given_first(check)))
    else:
        rows.append(("most that passes", case.quantity(case.explanation.most)))
    if wanted.side is Side.ASK:
        rows[3] = ("held until", f"{moment(call.terms.settle_by)}: {case.given(gave)}")
    session.output.table("An order", ("", ""), rows)
    for sentence in check.sentences:
        session.output.notice(f"it would be refused: {escape(sentence)}")
    units = call.units
    size = units.money[wanted.ladder] if call.terms.by_amount else units.share
    scale = 1 if call.terms.by_amount else call.terms.lot
    most = case.explanation.most
    if check.to_give and check.passes:
        most = max(most, wanted.quantity)
    session.output.result(
        json_object(
            {
                "passes": check.passes,
                **_order_facts(call, case.owner, wanted),
                "most": size.amount(most * scale),
                "given_first": [one.code.label for one in check.to_give],
                "obstacles": [
                    one.code.label for one in case.explanation.obstacles if one not in check.to_give
                ],
                "sentences": list(check.sentences),
                **({"dry_run": True} if dry_run else {}),
            }
        )
    )


def _given_first(check: OrderCheck) -> str:
    case = check.case
    given = case.given(gives(case.call, case.wanted))
    bid = case.wanted.side is Side.BID
    return f"an allowance of {given}" if bid else f"a consent that {given} are held"


def _withdrawable(terms: CallTerms) -> str:
    return moment(terms.withdraw_until) if terms.withdraw_until else "it cannot be withdrawn"


def _order_facts(call: KnownCall, owner: str, wanted: Any) -> dict[str, Any]:
    gave = gives(call, wanted)
    bid = wanted.side is Side.BID
    units = call.units
    price = call.terms.ladders[wanted.ladder].price_at(wanted.step)
    return {
        "call": call.as_json(),
        "owner": owner,
        "side": "bid" if bid else "ask",
        "says": says(call, wanted),
        "limit": str(units.exact_price(price, wanted.ladder)),
        "gives": units.money[wanted.ladder].amount(gave) if bid else units.share.amount(gave),
    }


def show_placed(session: Session, call: KnownCall, placed: PlacedOrder) -> None:
    """An order that is in the call."""
    verb = "Placed before" if placed.receipt.resumed else "Placed"
    session.output.say(f"{verb}: order {placed.number} of {call.title}")
    session.output.say(f"  {'order':<12}{says(call, placed.wanted)}")
    say_sent(session, placed.receipt)
    session.output.result(
        json_object(
            {
                "order": placed.number,
                **_order_facts(call, placed.owner, placed.wanted),
                **sent_facts(placed.receipt),
                "before": [one.hash for one in placed.before],
            }
        )
    )


def say_sent(session: Session, receipt: Receipt | None) -> None:
    """The transaction; or that nothing was sent."""
    if receipt is None:
        session.output.say("Nothing was sent: the chain is so already")
    elif receipt.resumed:
        session.output.say(f"Nothing was sent: it was done before in {receipt.hash}")
    else:
        session.output.say(f"  {'transaction':<12}{receipt.hash}")


# ------------------------------------------------------------------------------------ who gets what


def show_book(session: Session, book: Book) -> None:
    """What a call clears at, and who gets what, to the unit."""
    call, found = book.call, book.outcome
    if found is None:
        session.output.say(f"{len(book.lines):,} orders; the price is named by {call.terms.valuer}")
    else:
        _say_clearing(session, book)
    if not book.lines:
        session.output.say("There are no orders")
        return
    title = f"{counted(len(book.lines), 'order')} of {call.title}"
    session.output.table(title, _titles(book), [_book_row(book, line) for line in book.lines])


def _titles(book: Book) -> tuple[str, ...]:
    """The columns of the orders: amounts of one unit have it in the title, others in the cells."""
    call = book.call
    share, money = call.units.share.symbol, call.units.money[0].symbol
    wants = f"for {money}>" if call.terms.by_amount else f"wants {share}>"
    if not _has_one_unit(call):
        return ("order", "owner", "limit>", wants, "gets>", "pays>", "back>")
    gets, pays = (share, money) if call.terms.kind is CallKind.SALE else (money, share)
    back = money if call.terms.kind is CallKind.SALE else share
    return ("order", "owner", "limit>", wants, f"gets {gets}>", f"pays {pays}>", f"back {back}>")


def _has_one_unit(call: KnownCall) -> bool:
    return len(call.units.money) == 1 and call.terms.kind is not CallKind.AUCTION


def _say_clearing(session: Session, book: Book) -> None:
    call, found = book.call, book.outcome
    assert found is not None
    units, cleared = call.units, found.clearing
    verb = "Cleared" if book.is_final else "Would clear"
    rows = [
        ("bid for", units.shares(cleared.demand)),
        ("asked for", units.shares(cleared.supply)),
    ]
    if found.failure is not None:
        why = "nothing changes hands" if not cleared.lots else "it is less than the least"
        session.output.say(f"{verb} with {units.shares(cleared.lots)}: it fails, for {why}")
    else:
        prices = [units.price(cleared.price)]
        if not call.terms.is_valued:
            prices = [
                units.price(call.terms.ladders[n].price_at(cleared.step), n)
                for n in range(len(units.money))
            ]
        size = units.shares(cleared.lots)
        session.output.say(f"{verb}: {size} at {' or '.join(prices)}")
        for number, proceeds in enumerate(found.proceeds):
            fee = book.fee(proceeds)
            name = "proceeds" if call.terms.kind is not CallKind.TENDER else "costs"
            if call.terms.kind is not CallKind.AUCTION:
                more = f", about {units.paid(fee, number)} of it the fee" if fee else ""
                rows.append((name, f"{units.paid(proceeds, number)}{more}"))
        if call.terms.kind is CallKind.TENDER:
            rows.append(("left over", units.paid(found.unspent)))
    for name, text in rows:
        session.output.say(f"  {name:<12}{text}")


def _book_row(book: Book, line: BookLine) -> tuple[str, ...]:
    call, order = book.call, line.order
    units, terms = call.units, call.terms
    price = terms.ladders[order.ladder].price_at(order.step)
    limit = units.price(price, order.ladder).removesuffix(" a share")
    share, money = units.share, units.money[order.ladder]
    lots, cost = share.amount(line.lots * terms.lot), money.amount(line.cost)
    bid = order.side is Side.BID
    wants = share.amount(order.quantity * terms.lot)
    if terms.by_amount:
        wants = money.amount(order.quantity)
    named = str(line.number), order.owner
    alone = _has_one_unit(call)
    if book.outcome is None:
        return (*named, _cell_of(limit, alone), wants.text, "?", "?", "?")
    back = money.amount(line.back) if bid else share.amount(line.back * terms.lot)
    gets, pays = (lots, cost) if bid else (cost, lots)
    amounts = (f"{one.text} {one.currency}" for one in (gets, pays, back))
    limited = _cell_of(limit, alone)
    return (*named, limited, wants.text, *(_cell_of(one, alone) for one in amounts))


def _cell_of(text: str, alone: bool) -> str:
    return text.rpartition(" ")[0] if alone else text


def book_facts(book: Book) -> dict[str, Any]:
    """What a call clears at, and who gets what, for a program."""
    units, found = book.call.units, book.outcome
    cleared = None
    if found is not None:
        price = found.clearing.price
        cleared = {
            "price": str(units.exact_price(price)) if price else None,
            "shares": units.share.amount(found.clearing.lots * units.lot),
            "demand": units.share.amount(found.clearing.demand * units.lot),
            "supply": units.share.amount(found.clearing.supply * units.lot),
            "fails": found.failure is not None,
            "proceeds": [
                unit.amount(n) for unit, n in zip(units.money, found.proceeds, strict=False)
            ],
        }
    return json_object(
        {
            "call": book.call.as_json(),
            "stage": book.state.stage.label,
            "final": book.is_final,
            "clearing": cleared,
            "orders": [line_json(book, line) for line in book.lines],
        }
    )


# ---------------------------------------------------------------------------------------- settling


def show_run(session: Session, run: SettleRun, report: CallReport, left: str) -> None:
    """What a run of the settlement did, and how the call stands now."""
    fresh = [receipt for receipt in run.receipts if not receipt.resumed]
    if fresh:
        used = sum(one.mined.gas_used for one in fresh)
        session.output.say(f"Sent {counted(len(fresh), 'transaction')}, {used:,} gas")
    else:
        session.output.say("Nothing was sent: all that can be done now is done")
    show_report(session, report, left, orders=False)


def show_report(session: Session, report: CallReport, left: str, *, orders: bool = True) -> None:
    """How a call stands: stage, price, delivered, money here and paid; then its orders."""
    call, state = report.call, report.book.state
    units = call.units
    session.output.say(f"{call.title[0].upper()}{call.title[1:]}: {state.stage.label}; {left}")
    rows = [("orders", f"{state.orders:,}")]
    if state.clearing.lots:
        rows += [
            ("price", units.price(state.clearing.price)),
            ("cleared", units.shares(state.clearing.lots)),
            ("delivered", units.shares(state.delivered)),
        ]
    for number in range(len(units.money)):
        rows.append(("in escrow", units.paid(report.escrowed[number], number)))
        if report.paid_out[number]:
            verb = "paid to seller" if call.terms.kind is CallKind.SALE else "back to buyer"
            rows.append((verb, units.paid(report.paid_out[number], number)))
    for name, text in rows:
        session.output.say(f"  {name:<16}{text}")
    _say_faults(session, report)
    if orders and report.lines:
        _show_lines(session, report)


def _show_lines(session: Session, report: CallReport) -> None:
    call = report.call
    rows = []
    for line in report.lines:
        one, order = report.row(line), line.order
        cells = [f"{a.text} {a.currency}" for a in (one.gave, one.got, one.back)]
        rows.append((str(line.number), order.owner, order.state.label, *cells))
    titles = ("order", "owner", "state", "gave>", "got>", "back>")
    session.output.table(f"Orders of {call.title}", titles, rows)


def _say_faults(session: Session, report: CallReport) -> None:
    call = report.call
    short = report.undelivered
    if short and report.book.state.stage is Stage.SETTLED:
        session.output.notice(
            f"{counted(len(short), 'order')} could not be delivered whole, such as that of "
            f"{short[0].order.owner}: `prorata {command_of(call.noun)} settle` tries again until "
            f"{moment(call.terms.settle_by)}, and gives the money back after that"
        )
    if kept := report.kept:
        shares = sum(line.kept for line in kept)
        session.output.notice(
            f"{call.units.share.amount(shares).text} shares of {counted(len(kept), 'order')}, such "
            f"as that of {kept[0].order.owner}, could not be let go and stay held: "
            f"`prorata {command_of(call.noun)} settle` tries again at any time"
        )
    for account, ladder, amount in report.owed[:MOST_OWED]:
        take = f"prorata {command_of(call.noun)} take"
        session.output.notice(
            f"{account} could not be paid and is owed {call.units.paid(amount, ladder)}: "
            f"`{take} --of {account}` tries again, and `{take} --to` of that account's sends it "
            "elsewhere"
        )
    if (more := len(report.owed) - MOST_OWED) > 0:
        session.output.notice(f"and {more:,} more are owed: `--json` names them all")


def show_calls(session: Session, calls: Sequence[KnownCall], symbol: str, noun: str) -> None:
    """The calls of an asset, each with what can be done with it now."""
    facts = []
    for call in calls:
        state = call.state
        now = call.contract.chain.block().timestamp
        left = what_is_left(call, now)
        session.output.say(f"{call.title}: {state.stage.label}; {left}")
        session.output.say(f"  {'id':<12}0x{call.id.hex()}")
        session.output.say(f"  {'principal':<12}{call.terms.principal}")
        facts.append(
            {
                **call.as_json(),
                "stage": state.stage.label,
                "principal": call.terms.principal,
                "orders": state.orders,
                "closes": moment(call.terms.closes_at),
                "next": left,
            }
        )
    if not calls:
        session.output.say(f"No {noun} of {symbol} was opened")
    session.output.result({"calls": facts})
