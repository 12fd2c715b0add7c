# SPDX-License-Identifier: MIT
"""What the commands of exchanges show: terms, previews, what was done, and how they stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from prorata.chain.steps import Receipt
from prorata.cli.changes import sent_facts
from prorata.cli.output import Output, escape
from prorata.cli.session import Session
from prorata.contracts.share_exchange import Exchange, ExchangeTerms
from prorata.deployments.deployment import Deployment
from prorata.files.writer import json_object
from prorata.market.exchanges.account import ExchangeAccount
from prorata.market.exchanges.elective import ExchangeCheck, Exchanged
from prorata.market.exchanges.listing import Listed
from prorata.market.exchanges.opening import OpenedExchange
from prorata.market.exchanges.previews import ExchangePreview
from prorata.market.exchanges.steps import Moved, Taken
from prorata.market.exchanges.vault_shares import VaultShares
from prorata.market.exchanges.words import (
    ExchangeUnits,
    a_kind_of,
    kind_of,
    stage_in_words,
    units_of,
)
from prorata.values.addresses import ZERO_ADDRESS, named_account
from prorata.values.amounts import Amount
from prorata.values.times import lasting, moment
from prorata.values.words import counted

__all__ = [
    "contract_option",
    "describe",
    "exchange_facts",
    "listed_facts",
    "show_account",
    "show_check",
    "show_exchanged",
    "show_list",
    "show_moved",
    "show_opened",
    "show_preview",
    "show_retired",
    "show_taken",
    "show_terms",
    "show_vault",
]

contract_option = click.option(
    "--contract", help="The exchange contract.  [default: the usual one, `prorata market show`]"
)


def _worded(amount: Amount | None) -> str:
    return "nothing" if amount is None else f"{amount.text} {amount.currency}"


# ---------------------------------------------------------------------------------------- the terms


def describe(units: ExchangeUnits, price: int | None = None) -> list[tuple[str, str]]:
    """The terms as lines for a person."""
    terms = units.terms
    rows = [
        ("what", kind_of(terms)),
        ("gives", units.rate(price)),
        ("shares are", "burnt" if terms.burns else f"given to {terms.acquirer}"),
    ]
    if terms.fraction_price:
        whole = terms.fraction_price * 10**units.other.decimals
        said = f"{units.said_money(whole)} for a whole {units.other.symbol}, in lieu of fractions"
        rows.append(("fractions", said))
    if terms.opens_at:
        rows.append(("opens", moment(terms.opens_at)))
    if terms.closes_at:
        rows.append(("closes", moment(terms.closes_at)))
    if terms.valuer != ZERO_ADDRESS:
        bounds = f"{units.said_money(terms.least_price)} to {units.said_money(terms.most_price)}"
        rows += [("valuer", terms.valuer), ("prices", f"within {bounds}")]
    if terms.max_age:
        rows.append(("price is good", f"for {lasting(terms.max_age)}"))
    if terms.day_limit:
        rows.append(("in one day", f"at most {units.said_shares(terms.day_limit)} by all together"))
    if terms.take_until:
        rows.append(("owed until", f"{moment(terms.take_until)}, then to {terms.sweep_to}"))
    if any(terms.document_hash):
        rows.append(("document", f"0x{terms.document_hash.hex()}"))
    return rows


def exchange_facts(units: ExchangeUnits) -> dict[str, Any]:
    """The terms for a program."""
    terms = units.terms
    return {
        "kind": kind_of(terms),
        "token": terms.token,
        "mandatory": terms.mandatory,
        "per": units.share(terms.per),
        "gets": units.paid(terms.gets),
        "pays": units.paid(terms.pays),
        "other_shares": units.others(terms.other_shares),
        "burns": terms.burns,
        "acquirer": named_account(terms.acquirer),
        "opens_at": _time(terms.opens_at),
        "closes_at": _time(terms.closes_at),
        "valuer": named_account(terms.valuer),
        "day_limit": units.share(terms.day_limit) if terms.day_limit else None,
        "document": f"0x{terms.document_hash.hex()}" if any(terms.document_hash) else None,
    }


def show_terms(session: Session, units: ExchangeUnits, title: str) -> None:
    """The terms, for whoever decides."""
    session.output.table(title, ("", ""), describe(units))


def show_preview(session: Session, preview: ExchangePreview, **facts: Any) -> None:
    """Who gets what in a mandatory exchange, and that nothing was sent."""
    units, total = preview.units, preview.total
    show_terms(session, units, f"{a_kind_of(units.terms).capitalize()} of {units.shares.symbol}")
    show_lines(session, preview)
    for name, said in (
        ("shares", units.said_shares(preview.taken)),
        ("brings", units.said(total)),
        ("in lieu", units.said_money(total.in_lieu) if total.in_lieu else "nothing"),
        ("funding", units.said_money(preview.opening.funding)),
        ("spare", f"{units.said_money(preview.spare)}, which goes back at the end"),
    ):
        session.output.say(f"  {name:<12}{said}")
    show_vault(session.output, preview.vault)
    session.output.say("  nothing was sent")
    terms = json_object(exchange_facts(units))
    session.output.result({"dry_run": True, **facts, **terms, **preview.as_json()})


def show_lines(session: Session, preview: ExchangePreview) -> None:
    """Every holder with what it gets."""
    units = preview.units
    rows = [
        (
            line.holder,
            units.share(line.shares).text,
            units.said(line.brings),
            units.said_money(line.brings.in_lieu) if line.brings.in_lieu else "",
            line.what,
        )
        for line in preview.lines
    ]
    title = f"Who gets what: {counted(len(rows), 'holder')}"
    session.output.table(title, ("holder", "shares>", "gets>", "of it in lieu>", ""), rows)


def show_vault(output: Output, shares: VaultShares) -> None:
    """What becomes of the shares in the vault, where there are any."""
    for said in (shares.burnt(), shares.why_kept()):
        if said is not None:
            output.notice(said)


# ------------------------------------------------------------------------------------ what was done


def show_opened(session: Session, found: Deployment, done: OpenedExchange, **facts: Any) -> None:
    """What was opened, and how it goes on."""
    terms = done.opening.terms
    units = units_of(found.chain, terms)
    for step in done.steps:
        session.output.say(f"Done: {escape(step.label)}")
    if done.receipt.resumed:
        session.output.say(f"Nothing was sent: opened before in {done.receipt.hash}")
    title = f"Exchange {done.id}: {a_kind_of(terms)} of {units.shares.symbol}"
    show_terms(session, units, title)
    if done.opening.funding:
        session.output.say(f"  {'funded':<12}{units.said_money(done.opening.funding)}")
    if done.opening.locked:
        session.output.say(f"  {'locked':<12}{units.said_shares(done.opening.locked)}")
    session.output.say(f"  {'transaction':<12}{done.receipt.hash}")
    session.output.say(_goes_on(done.id, terms))
    session.output.result(
        json_object(
            {
                "exchange": done.id,
                **exchange_facts(units),
                "funding": units.paid(done.opening.funding),
                "locked": units.share(done.opening.locked),
                **facts,
                **sent_facts(done.receipt),
            }
        )
    )


def _goes_on(number: int, terms: ExchangeTerms) -> str:
    if terms.mandatory:
        return f"From {moment(terms.opens_at)} on, `prorata exchange carry-out {number}` pays all"
    if kind_of(terms) == "retirement":
        return "Holders retire with `prorata retire`"
    return f"Holders come with `prorata exchange now {number}`"


def show_check(session: Session, check: ExchangeCheck, *, dry_run: bool = False) -> None:
    """What an exchange would bring, and what stands in its way."""
    units, case = check.case.units, check.case
    output = session.output
    output.say(f"  {'gives':<12}{units.said_shares(case.shares)}")
    output.say(f"  {'gets':<12}{units.said(check.quote)}")
    if check.quote.in_lieu:
        output.say(f"  {'in lieu':<12}{units.said_money(check.quote.in_lieu)} of it")
    output.say(f"  {'holder':<12}{case.holder}")
    for sentence in check.sentences:
        output.say(f"  {'in the way':<12}{escape(sentence)}")
    if not dry_run and check.passes:
        output.say(f"  {'passes':<12}yes; at most {_worded(check.most)} would pass now")
    if dry_run:
        output.say("  nothing was sent")
    facts = {"dry_run": True} if dry_run else {}
    output.result({**facts, **check.as_json()})


def show_exchanged(session: Session, done: Exchanged, **facts: Any) -> None:
    """What was exchanged."""
    units, receipt = done.units, done.receipt
    if receipt.resumed:
        session.output.say(f"Nothing was sent: exchanged before in {receipt.hash}")
    said = units.said(done.brought)
    session.output.say(f"Exchanged {units.said_shares(done.shares)} of {done.holder} for {said}")
    session.output.say(f"  {'transaction':<12}{receipt.hash}")
    session.output.result({**done.as_json(), **facts})


def show_retired(session: Session, done: Exchanged, whom: str, **facts: Any) -> None:
    """What was retired, and for whom."""
    units, receipt = done.units, done.receipt
    if receipt.resumed:
        session.output.say(f"Nothing was sent: retired before in {receipt.hash}")
    said = f"{units.said_shares(done.shares)} of {done.holder} for {escape(whom)}"
    session.output.say(f"Retired {said}")
    session.output.say(f"  {'transaction':<12}{receipt.hash}")
    session.output.result({**done.as_json(), **facts})


def show_moved(session: Session, done: Moved, verb: str) -> None:
    """What came to an exchange, or left it."""
    if done.receipt.resumed:
        session.output.say(f"Nothing was sent: it was done before in {done.receipt.hash}")
    session.output.say(
        f"{verb} {_worded(done.amount)}; exchange {done.id} has {_worded(done.funds)}"
    )
    session.output.say(f"  {'transaction':<12}{done.receipt.hash}")
    facts = {"exchange": done.id, "amount": done.amount, "funds": done.funds}
    session.output.result(json_object({**facts, **sent_facts(done.receipt)}))


def show_taken(session: Session, done: Taken) -> None:
    """What was owed and is paid."""
    if done.receipt.resumed:
        session.output.say(f"Nothing was sent: taken before in {done.receipt.hash}")
    parts = [_worded(one) for one in (done.paid, done.other_shares) if one and one.units]
    session.output.say(f"Paid {' and '.join(parts)} to {done.receiver}")
    if done.waits.held_shares:
        session.output.notice("the rest waits until what was held of the shares ends")
    session.output.result(
        json_object(
            {
                "exchange": done.id,
                "holder": done.holder,
                "receiver": done.receiver,
                "paid": done.paid,
                "other_shares": done.other_shares,
                **sent_facts(done.receipt),
            }
        )
    )


# ------------------------------------------------------------------------------------ how it stands


def show_account(
    session: Session, account: ExchangeAccount, files: Sequence[object], **facts: Any
) -> None:
    """What an exchange has done so far."""
    units, exchange = account.units, account.exchange
    brought = account.brought
    lines = [
        ("exchanged", f"{units.said_shares(account.shares)} of {_holders(account)}"),
        ("brought", units.said(brought)),
        ("in lieu", units.said_money(brought.in_lieu) if brought.in_lieu else "nothing"),
        ("still owed", units.said_money(exchange.owed) if exchange.owed else "nothing"),
        ("funds left", units.said_money(exchange.funds) if exchange.funds else "none"),
    ]
    for name, said in lines:
        session.output.say(f"  {name:<12}{said}")
    for holder, why in account.skipped.items():
        session.output.notice(f"the shares of {holder} were passed over ({why.label})")
    if files:
        session.output.say(f"Every holder is in {' and '.join(map(str, files))}")
    session.output.result({**account.as_json(), **facts})


def _holders(account: ExchangeAccount) -> str:
    return counted(len({line.holder for line in account.lines}), "holder")


def show_list(session: Session, found: Deployment, contract: str, listed: Sequence[Listed]) -> None:
    """The exchanges of an asset in an exchange contract."""
    now = found.chain.now()
    rows, facts = [], []
    for one in listed:
        units = units_of(found.chain, one.exchange.terms)
        state = stage_in_words(one.exchange, now)
        rows.append((str(one.id), one.kind, units.rate(one.exchange.price), state))
        facts.append(json_object(listed_facts(units, one.id, one.exchange)))
    title = f"Exchanges of {found.settings.symbol}: {len(rows)}"
    session.output.table(title, ("no.>", "what", "gives", "stage"), rows)
    session.output.result({"contract": contract, "exchanges": facts})


def listed_facts(units: ExchangeUnits, number: int, exchange: Exchange) -> dict[str, Any]:
    """How an exchange stands, for a program."""
    return {
        "exchange": number,
        "stage": exchange.stage.label,
        **exchange_facts(units),
        "price": units.paid(exchange.price),
        "price_as_of": moment(exchange.price_as_of),
        "funds": units.paid(exchange.funds),
        "paid": units.paid(exchange.paid),
        "owed": units.paid(exchange.owed),
        "exchanged": units.share(exchange.exchanged),
        "locked": units.share(exchange.locked),
    }


def say_sent(session: Session, receipts: Sequence[Receipt]) -> None:
    """How many pages were sent."""
    if receipts:
        session.output.say(f"Sent {counted(len(receipts), 'page')}")


def _time(second: int) -> str | None:
    return moment(second) if second else None
