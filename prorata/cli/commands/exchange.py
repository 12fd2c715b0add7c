# SPDX-License-Identifier: MIT
"""Exchange shares for what is here: open, fund, come, carry out, take what is owed, end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prorata.cli.changes import show_change
from prorata.cli.command import Command, common_options, reading_options, signing_options
from prorata.cli.exchange_desk import (
    Desk,
    carry,
    come,
    contract_at,
    gas_option,
    money_in,
    page_option,
    person,
    reference_option,
)
from prorata.cli.exchange_owed import end_hold_command, sweep_command, take_command
from prorata.cli.exchange_screens import (
    contract_option,
    describe,
    listed_facts,
    show_account,
    show_check,
    show_exchanged,
    show_list,
    show_moved,
    show_opened,
    show_preview,
    show_terms,
)
from prorata.cli.exchange_signing import sign_command
from prorata.cli.parameters import WHEN
from prorata.cli.session import Session
from prorata.files.writer import json_object
from prorata.market.exchanges.account import account_of
from prorata.market.exchanges.carrying import left_to_take
from prorata.market.exchanges.elective import check_exchange
from prorata.market.exchanges.listing import exchange_of_asset, list_exchanges
from prorata.market.exchanges.opening import open_exchange, opened_before, require_openable
from prorata.market.exchanges.previews import preview_exchange
from prorata.market.exchanges.requests import (
    cancel_request,
    check_request,
    make_requested,
    read_request,
)
from prorata.market.exchanges.steps import (
    cancel_exchange,
    close_exchange,
    drain_exchange,
    fund_exchange,
)
from prorata.market.exchanges.terms import (
    document_hash_of,
    read_exchange_file,
    resolve_exchange,
    shares_of_text,
)
from prorata.market.exchanges.vault_shares import read_vault_shares, require_pushed
from prorata.market.exchanges.words import stage_in_words, units_of
from prorata.values.words import counted

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def cli() -> None:
    """Exchange shares for what is here: open, fund, come, carry out, take what is owed, end.

    An exchange gives money, shares of another asset, or both, for shares. Holders come by
    themselves; or, in a mandatory one, everybody's shares are exchanged after notice, with all the
    money that this can need in it from the beginning. `redeem`, `mature`, `squeeze-out` and
    `retire` are exchanges, in shorter words.
    """


# ------------------------------------------------------------------------------------------ opening


@cli.command(
    "open",
    cls=Command,
    asks=True,
    examples=(
        "prorata exchange open redemption.yaml --dry-run",
        "prorata exchange open redemption.yaml --account owner.json",
    ),
)
@click.argument("file", type=_FILE)
@reference_option
@contract_option
@common_options
def open_command(
    file: Path, reference: str, contract: str | None, dry_run: bool, **options: Any
) -> None:
    """Open an exchange with the terms in a YAML file.

    The terms are fixed from then on. An elective one is opened by the token's owner or an agent of
    it, a mandatory one by the owner only, with all the money that it can need. What it needs else
    is done first: the role of an agent for the exchange contract, the acquirer's consent, an
    allowance for the money. The same file opens nothing twice: give another --reference for a
    second one.
    """
    session, said = Session.of(options), read_exchange_file(file)
    with session.deployed() as (operator, found):
        place = contract_at(found, contract)
        opening = resolve_exchange(said, found, operator.address)
        words = f"{said.model_dump_json()}\n{reference}"
        if opening.terms.mandatory and opened_before(operator, place, words) is None:
            require_pushed(read_vault_shares(found))
        if dry_run and opening.terms.mandatory:
            show_preview(session, preview_exchange(found, place, opening))
            return
        if dry_run:
            require_openable(found.chain, place, opening, operator.address)
            units = units_of(found.chain, opening.terms)
            show_terms(session, units, f"An exchange of {found.settings.symbol}")
            session.output.say("  nothing was sent")
            session.output.result({"dry_run": True, "terms": dict(describe(units))})
            return
        done = open_exchange(operator, place, opening, words=words)
        show_opened(session, found, done)


# ---------------------------------------------------------------------------------------- its money


@cli.command(
    "fund",
    cls=Command,
    examples=(
        "prorata exchange fund 3 100,000.00",
        "prorata exchange fund 3 100,000.00 --reference May --dry-run",
    ),
)
@click.argument("number", type=int)
@click.argument("amount")
@reference_option
@contract_option
@common_options
def fund_command(
    number: int, amount: str, reference: str, contract: str | None, **options: Any
) -> None:
    """Add money for exchanges to come.

    NUMBER is the exchange. In an elective one the money stays the treasury's, which can drain it.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        place = contract_at(found, contract)
        units = money_in(found, place, number, amount)
        done = fund_exchange(operator, place, number, units, reference=reference)
        show_moved(session, done, "Funded with")


@cli.command(
    "drain",
    cls=Command,
    examples=("prorata exchange drain 3 50,000.00", "prorata exchange drain 3 50,000.00 --dry-run"),
)
@click.argument("number", type=int)
@click.argument("amount")
@reference_option
@contract_option
@common_options
def drain_command(
    number: int, amount: str, reference: str, contract: str | None, **options: Any
) -> None:
    """Send money of an elective exchange back to its treasury.

    NUMBER is the exchange. The token's owner or an agent of it, at any time; what is owed stays.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        place = contract_at(found, contract)
        units = money_in(found, place, number, amount)
        done = drain_exchange(operator, place, number, units, reference=reference)
        show_moved(session, done, "Sent back")


# ------------------------------------------------------------------------------------------ looking


@cli.command(
    "list", cls=Command, examples=("prorata exchange list", "prorata exchange list --json")
)
@contract_option
@reading_options
def list_command(contract: str | None, **options: Any) -> None:
    """List the exchanges of an asset, and how each stands."""
    session = Session.of(options)
    with session.reading() as found:
        place = contract_at(found, contract)
        show_list(session, found, place.address, list_exchanges(found, place))


@cli.command(
    "status",
    cls=Command,
    examples=("prorata exchange status 3", "prorata exchange status 3 --holder 0x…"),
)
@click.argument("number", type=int)
@click.option("--holder", help="What is owed to this holder, too.")
@contract_option
@reading_options
def status_command(number: int, holder: str | None, contract: str | None, **options: Any) -> None:
    """Show how an exchange stands: its terms, its money, what it did, who is left.

    NUMBER is the exchange.
    """
    session = Session.of(options)
    with session.reading() as found:
        place = contract_at(found, contract)
        exchange = exchange_of_asset(found, place, number).exchange
        units = units_of(found.chain, exchange.terms)
        rows = [("stage", stage_in_words(exchange, found.chain.now()))]
        rows += describe(units, exchange.price)
        left = left_to_take(found, exchange) if exchange.terms.mandatory else {}
        if exchange.terms.mandatory:
            size = units.said_shares(sum(left.values()))
            rows.append(("left", f"{size} of {counted(len(left), 'holder')}"))
        session.output.table(f"Exchange {number}", ("", ""), rows)
        facts = json_object(listed_facts(units, number, exchange))
        if holder is not None:
            who = person("holder", holder)
            owing = place.owed_to(number, who)
            said = units.said_money(owing.paid)
            session.output.say(
                f"  {'owed to it':<12}{said}, {units.other.text(owing.other_shares)}"
            )
            facts["owed_to_holder"] = json_object(
                {
                    "holder": who,
                    "paid": units.paid(owing.paid),
                    "other_shares": units.others(owing.other_shares),
                    "held_shares": units.share(owing.held_shares),
                }
            )
        account = account_of(found, place, number)
        show_account(session, account, (), **facts, holders_left=len(left))


@cli.command(
    "quote",
    cls=Command,
    examples=("prorata exchange quote 3 100", "prorata exchange quote 3 100 --json"),
)
@click.argument("number", type=int)
@click.argument("amount")
@contract_option
@reading_options
def quote_command(number: int, amount: str, contract: str | None, **options: Any) -> None:
    """Say what a number of shares of one wallet brings at the present price.

    NUMBER is the exchange, AMOUNT the shares.
    """
    session = Session.of(options)
    with session.reading() as found:
        place = contract_at(found, contract)
        exchange = exchange_of_asset(found, place, number).exchange
        shares = shares_of_text("amount", amount, found.settings.unit)
        units, quote = units_of(found.chain, exchange.terms), place.quote(number, shares)
        session.output.say(f"{units.said_shares(shares)} bring {units.said(quote)}")
        if quote.in_lieu:
            session.output.say(f"  {'in lieu':<12}{units.said_money(quote.in_lieu)} of it")
        session.output.result(
            json_object(
                {
                    "exchange": number,
                    "gives": units.share(shares),
                    "paid": units.paid(quote.paid),
                    "in_lieu": units.paid(quote.in_lieu),
                    "due": units.paid(quote.due),
                    "other_shares": units.others(quote.other_shares),
                }
            )
        )


@cli.command(
    "explain",
    cls=Command,
    examples=("prorata exchange explain 3 100 --as 0x…", "prorata exchange explain 3 100"),
)
@click.argument("number", type=int)
@click.argument("amount")
@click.option("--as", "holder", help="Whose shares.  [default: the account's]")
@contract_option
@signing_options
def explain_command(
    number: int, amount: str, holder: str | None, contract: str | None, **options: Any
) -> None:
    """Ask what stands in the way of exchanging shares, and the most that would pass.

    NUMBER is the exchange, AMOUNT the shares. Nothing is sent. Exit code 1 if it would be refused.
    """
    session = Session.of(options)
    with session.reading() as found:
        place = contract_at(found, contract)
        exchange_of_asset(found, place, number)
        shares = shares_of_text("amount", amount, found.settings.unit)
        who = session.signer(found.chain).address if holder is None else person("as", holder)
        check = check_exchange(found.chain, place, number, who, shares)
        show_check(session, check)
    if not check.passes:
        click.get_current_context().exit(1)


# -------------------------------------------------------------------------------------- as a holder


@cli.command(
    "now",
    cls=Command,
    asks=True,
    examples=(
        "prorata exchange now 3 100 --dry-run",
        "prorata exchange now 3 100 --least 9,800.00 --account holder.json",
    ),
)
@click.argument("number", type=int)
@click.argument("amount")
@click.option("--least", help="The least money that you accept.  [default: what is shown]")
@click.option("--until", help=f"Until when it may be made: {WHEN}.  [default: tomorrow's end]")
@click.option("--note", default="", help="What the issuer is to read, such as where to deliver.")
@click.option("--permit", is_flag=True, help="Allow what is paid by a signature (ERC-2612).")
@reference_option
@contract_option
@common_options
def now_command(number: int, amount: str, dry_run: bool, **options: Any) -> None:
    """Exchange shares of the account.

    NUMBER is the exchange, AMOUNT the shares. What they bring is shown first, and no less is
    accepted. The same is made once: give another --reference for a second one that is alike.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        place = contract_at(found, options["contract"])
        exchange_of_asset(found, place, number)
        desk = Desk(session, operator, found, place)
        come(desk, number, amount, options, dry_run=dry_run)


for one in (sign_command, take_command, end_hold_command, sweep_command):
    cli.add_command(one)


@cli.command(
    "for",
    cls=Command,
    asks=True,
    examples=(
        "prorata exchange for request.json --dry-run",
        "prorata exchange for request.json --account anybody.json",
    ),
)
@click.argument("file", type=_FILE)
@contract_option
@common_options
def for_command(file: Path, contract: str | None, dry_run: bool, **options: Any) -> None:
    """Make an exchange that its holder has signed, as anybody.

    FILE is the request, as `prorata exchange sign` wrote it.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        place = contract_at(found, contract)
        signed = read_request(file, found.chain, place)
        exchange_of_asset(found, place, signed.request.id)
        if dry_run:
            show_check(session, check_request(found.chain, place, signed), dry_run=True)
            return
        show_exchanged(session, make_requested(operator, place, signed))


@cli.command(
    "cancel-request",
    cls=Command,
    examples=("prorata exchange cancel-request 4", "prorata exchange cancel-request 4 --dry-run"),
)
@click.argument("nonce", type=click.IntRange(min=0))
@contract_option
@common_options
def cancel_request_command(nonce: int, contract: str | None, **options: Any) -> None:
    """Make sure that a request that the account has signed is not used any more.

    NONCE stands in its file.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        change = cancel_request(operator, contract_at(found, contract), nonce)
    show_change(session, change)


# ---------------------------------------------------------------------------------- carrying it out


@cli.command(
    "carry-out",
    cls=Command,
    asks=True,
    examples=(
        "prorata exchange carry-out 3 --dry-run",
        "prorata exchange carry-out 3 --page 50 --account anybody.json",
    ),
)
@click.argument("number", type=int)
@page_option
@gas_option
@contract_option
@common_options
def carry_out_command(
    number: int, page: int | None, page_gas: int, contract: str | None, **options: Any
) -> None:
    """Exchange everybody's shares in a mandatory exchange, page by page.

    NUMBER is the exchange. Anybody may do it, from its opening. The same command again goes on
    where another run was stopped; nobody is exchanged twice. Who got what is in
    exchange-NUMBER.json and .csv in the deployment's folder.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        place = contract_at(found, contract)
        exchange_of_asset(found, place, number)
        carry(Desk(session, operator, found, place), number, page, page_gas)


# ------------------------------------------------------------------------------------------ its end


@cli.command(
    "close",
    cls=Command,
    asks=True,
    examples=("prorata exchange close 3", "prorata exchange close 3 --dry-run"),
)
@click.argument("number", type=int)
@contract_option
@common_options
def close_command(number: int, contract: str | None, **options: Any) -> None:
    """End an exchange: what nobody can need goes to the treasury.

    NUMBER is the exchange. Anybody may do it after the last second of an elective one, or when no
    share of a mandatory one is left. What is owed stays.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        place = contract_at(found, contract)
        exchange_of_asset(found, place, number)
        change = close_exchange(operator, place, number)
    show_change(session, change, exchange=number)


@cli.command(
    "cancel",
    cls=Command,
    asks=True,
    examples=(
        "prorata exchange cancel 3 --document notice.pdf",
        "prorata exchange cancel 3 --document notice.pdf --dry-run",
    ),
)
@click.argument("number", type=int)
@click.option("--document", metavar="FILE|0xHASH", help="The notice: a file, or a hash.")
@contract_option
@common_options
def cancel_command(number: int, document: str | None, contract: str | None, **options: Any) -> None:
    """Cancel a mandatory exchange before it begins.

    NUMBER is the exchange. The token's owner; the money goes to the treasury.
    """
    session = Session.of(options)
    notice = bytes(32) if document is None else document_hash_of(document)
    with session.deployed() as (operator, found):
        place = contract_at(found, contract)
        exchange_of_asset(found, place, number)
        change = cancel_exchange(operator, place, number, notice)
    show_change(session, change, exchange=number)
