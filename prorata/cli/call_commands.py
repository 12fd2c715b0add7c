# SPDX-License-Identifier: MIT
"""The commands of a kind of call, made from its words: open, close, settle and what is between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prorata.cli.call_screens import (
    book_facts,
    opening_facts,
    say_sent,
    show_book,
    show_calls,
    show_report,
    show_run,
    show_terms,
    warn_of_strangers,
)
from prorata.cli.calls import (
    FILE,
    PAGE,
    TERMS,
    Words,
    contract_option,
    document_option,
    drafted,
    found_call,
    named_argument,
)
from prorata.cli.changes import sent_facts
from prorata.cli.command import Command, common_options, reading_options, signing_options
from prorata.cli.session import Session
from prorata.contracts.call_auction import CallAuction, opening_message
from prorata.files.writer import write_json
from prorata.market.calls.books import read_book
from prorata.market.calls.endings import accept_call, cancel_call, close_call, strike_orders
from prorata.market.calls.known_calls import KnownCall, known_calls
from prorata.market.calls.openings import open_call, require_new
from prorata.market.calls.reports import report_call
from prorata.market.calls.settlements import settle_call, what_is_left
from prorata.market.signatures import read_signature, sign_message
from prorata.market.singletons import find_singleton
from prorata.register.enforcement import Basis
from prorata.values.addresses import check_address

__all__ = [
    "accept_command",
    "cancel_command",
    "close_command",
    "consent_command",
    "list_command",
    "open_command",
    "settle_command",
    "status_command",
    "strike_command",
]


def open_command(words: Words) -> Command:
    """Open a call from a file of terms."""
    file = f"{words.noun}.yaml"

    @click.command(
        "open",
        cls=Command,
        asks=True,
        help=(
            f"Open {words.a_noun} from a file of terms.\n\nWhat the account gives first, a consent "
            "or an allowance, is sent before, as steps of one plan; what others must give is "
            "named. The same file is opened once. Terms cannot be changed: cancel, and open "
            "another under another name."
        ),
        examples=(
            f"prorata {words.command} open {file} --dry-run",
            f"prorata {words.command} open {file} --account issuer.json",
        ),
    )
    @TERMS
    @click.option(
        "--signature", metavar="0x…|FILE", help="The principal's, where somebody else opens."
    )
    @contract_option
    @common_options
    def command(
        terms: Path, signature: str | None, contract: str | None, dry_run: bool, **options: Any
    ) -> None:
        session = Session.of(options)
        signed = b"" if signature is None else read_signature(signature)
        with session.deployed() as (operator, found):
            auction, draft = drafted(found, words, terms, operator.address, contract)
            call = require_new(found, auction, draft)
            facts = opening_facts(draft, call)
            if dry_run:
                show_terms(session, draft, call)
                session.output.result({"dry_run": True, **facts})
                return
            done = open_call(operator, found, auction, draft, signed)
        show_terms(session, draft, call)
        say_sent(session, done.receipt)
        more = {"before": [one.hash for one in done.before]}
        session.output.result({**facts, **sent_facts(done.receipt), **more})

    return command


def consent_command(words: Words) -> Command:
    """Sign that somebody else may open a call in the account's name."""

    @click.command(
        "consent",
        cls=Command,
        help=(
            f"Sign that somebody else may open {words.a_noun} in the account's name.\n\nNothing is "
            "sent. The account is the principal of the terms: it sells or buys. What is printed "
            "goes to the opener, who gives it with --signature."
        ),
        examples=(
            f"prorata {words.command} consent {words.noun}.yaml --opener 0x… --account seller.json",
        ),
    )
    @TERMS
    @click.option("--opener", required=True, help="Who will open it.")
    @click.option("--typed-data", type=FILE, help="Write what is signed (EIP-712), too.")
    @contract_option
    @signing_options
    def command(
        terms: Path, opener: str, typed_data: Path | None, contract: str | None, **options: Any
    ) -> None:
        session = Session.of(options)
        with session.reading() as found:
            who = check_address("opener", opener)
            auction, draft = drafted(found, words, terms, who, contract)
            call = auction.id_of(draft.terms)
            message = opening_message(call, found.chain.chain_id, auction.address)
            if typed_data is not None:
                write_json(typed_data, message, column="typed-data")
            show_terms(session, draft, call)
            signer = session.signer(found.chain)
            elsewhere = "give --typed-data FILE to a wallet that signs"
            signature = sign_message(signer, message, draft.terms.principal, elsewhere)
        said = f"0x{signature.hex()}"
        session.output.say(f"  {'signature':<12}{said}")
        session.output.result({"id": f"0x{call.hex()}", "signature": said})

    return command


# ------------------------------------------------------------------------------------ going on


def close_command(words: Words) -> Command:
    """Close a call, at one price for all."""
    valued = words.noun in ("offer", "window")

    def add_price(function: Any) -> Any:
        said = "What a share is worth: the valuer names it, where there is one."
        return click.option("--price", help=said)(function) if valued else function

    @click.command(
        "close",
        cls=Command,
        asks=True,
        help=(
            f"Close {words.a_noun}, at one price for all.\n\nA dry run shows who gets what, to the "
            "unit. Anyone may close it once orders are no longer taken"
            f"{', unless a valuer names the price' if valued else ''}; `settle` closes it, too. "
            f"{words.naming}"
        ),
        examples=(
            f"prorata {words.command} close --dry-run",
            f"prorata {words.command} close 3"
            + (" --price 101.25" if words.noun == "window" else ""),
        ),
    )
    @named_argument(words)
    @add_price
    @contract_option
    @common_options
    def command(
        named: str | None,
        contract: str | None,
        dry_run: bool,
        price: str | None = None,
        **options: Any,
    ) -> None:
        session = Session.of(options)
        with session.deployed() as (operator, found):
            call = found_call(found, words, named, contract)
            at = None if price is None else call.units.price_in("price", price)
            if dry_run:
                book = read_book(call, at)
                show_book(session, book)
                session.output.result({"dry_run": True, **book_facts(book)})
                return
            receipt = close_call(operator, call, at)
            book = read_book(call)
        show_book(session, book)
        say_sent(session, receipt)
        session.output.result({**book_facts(book), **sent_facts(receipt)})

    return command


def accept_command(words: Words) -> Command:
    """Accept what a call cleared at."""

    @click.command(
        "accept",
        cls=Command,
        asks=True,
        help=(
            f"Accept what {words.a_noun} cleared at.\n\nThe principal only, where the terms ask "
            "for it. A dry run shows who gets what. Without it, everything goes back. "
            f"{words.naming}"
        ),
        examples=(f"prorata {words.command} accept --dry-run", f"prorata {words.command} accept"),
    )
    @named_argument(words)
    @contract_option
    @common_options
    def command(named: str | None, contract: str | None, dry_run: bool, **options: Any) -> None:
        session = Session.of(options)
        with session.deployed() as (operator, found):
            call = found_call(found, words, named, contract)
            if dry_run:
                book = read_book(call)
                show_book(session, book)
                session.output.result({"dry_run": True, **book_facts(book)})
                return
            receipt = accept_call(operator, call)
            book = read_book(call)
        show_book(session, book)
        say_sent(session, receipt)
        session.output.result({**call.as_json(), **sent_facts(receipt)})

    return command


def cancel_command(words: Words) -> Command:
    """Cancel a call before it is closed."""

    @click.command(
        "cancel",
        cls=Command,
        asks=True,
        help=(
            f"Cancel {words.a_noun} before it is closed.\n\nIts opener or its principal only. "
            f"Everything goes back: `settle` sends it. {words.naming}"
        ),
        examples=(
            f"prorata {words.command} cancel --dry-run",
            f"prorata {words.command} cancel 3 --document notice.pdf",
        ),
    )
    @named_argument(words)
    @document_option
    @contract_option
    @common_options
    def command(
        named: str | None, document: str | None, contract: str | None, **options: Any
    ) -> None:
        session = Session.of(options)
        notice = bytes(32)
        if document is not None:
            notice = bytes.fromhex(Basis.of("the notice", document).document_hash[2:])
        with session.deployed() as (operator, found):
            call = found_call(found, words, named, contract)
            receipt = cancel_call(operator, call, notice)
        session.output.say(f"Cancelled: {call.title}")
        say_sent(session, receipt)
        session.output.result({**call.as_json(), **sent_facts(receipt)})

    return command


def settle_command(words: Words) -> Command:
    """Settle a call: everything that is left."""

    @click.command(
        "settle",
        cls=Command,
        help=(
            f"Settle {words.a_noun}: close it, deliver, pay, try again, give back.\n\nDoes "
            "whatever can be done now, page by page, and may be run at any time, by anybody: what "
            "was done is not done twice, and a run that was killed is continued by another. What "
            "came of every order is in call-ID.json and .csv in the deployment's folder. "
            f"{words.naming}"
        ),
        examples=(
            f"prorata {words.command} settle --dry-run",
            f"prorata {words.command} settle 3",
        ),
    )
    @named_argument(words)
    @PAGE
    @contract_option
    @common_options
    def command(
        named: str | None,
        page: int | None,
        contract: str | None,
        dry_run: bool,
        **options: Any,
    ) -> None:
        session = Session.of(options)
        with session.deployed() as (operator, found):
            call = found_call(found, words, named, contract)
            if dry_run:
                book = read_book(call)
                left = what_is_left(call, found.chain.now())
                session.output.say(f"{call.title[0].upper()}{call.title[1:]}: {left}")
                show_book(session, book)
                session.output.result({"dry_run": True, "next": left, **book_facts(book)})
                return
            run = settle_call(operator, call, page=page)
            operator.tell("accounting for every unit")
            report = report_call(call)
            report.write(found.folder)
            left = what_is_left(call, found.chain.now())
        show_run(session, run, report, left)
        session.output.say(f"Every order is in {found.folder / report.file}.csv and .json")
        fresh = [one for one in run.receipts if not one.resumed]
        session.output.result(
            {
                **report.as_json(),
                "next": left,
                "transactions": [one.hash for one in fresh],
                "resumed": False,
            }
        )

    return command


def strike_command(words: Words) -> Command:
    """Take out orders that cannot be delivered, or put them back."""

    @click.command(
        "strike",
        cls=Command,
        help=(
            "Take out orders that could not be delivered, or put them back.\n\nOrders whose owner "
            "may no longer receive, or whose shares are no longer held, would take lots from "
            "others. Anyone may, until it is closed. Their money stays until the rest is settled. "
            f"{words.naming}"
        ),
        examples=(
            f"prorata {words.command} strike --dry-run",
            f"prorata {words.command} strike --restore",
        ),
    )
    @named_argument(words)
    @click.option("--restore", is_flag=True, help="Put back those that could be delivered again.")
    @contract_option
    @common_options
    def command(named: str | None, restore: bool, contract: str | None, **options: Any) -> None:
        session = Session.of(options)
        with session.deployed() as (operator, found):
            call = found_call(found, words, named, contract)
            receipts = strike_orders(operator, call, restore=restore)
        name = "Restored" if restore else "Struck"
        numbers = [event.args["order"] for one in receipts for event in one.events(name)]
        for number in numbers:
            session.output.say(f"{name}: order {number}")
        if not numbers:
            session.output.say("Nothing was sent: there is no such order")
        session.output.result(
            {
                **call.as_json(),
                name.lower(): numbers,
                "transactions": [one.hash for one in receipts],
                "resumed": False,
            }
        )

    return command


# -------------------------------------------------------------------------------------- looking


def status_command(words: Words) -> Command:
    """Show how a call stands."""

    @click.command(
        "status",
        cls=Command,
        help=(
            f"Show how {words.a_noun} stands, order by order.\n\nWhile it is open, what it would "
            "clear at now, and who would get what. Afterwards what was delivered, paid and given "
            f"back, held against the law to the unit. {words.naming}"
        ),
        examples=(
            f"prorata {words.command} status",
            f"prorata {words.command} status 3 --json",
        ),
    )
    @named_argument(words)
    @click.option("--price", help="As if a valuer named this price, for a share.")
    @contract_option
    @reading_options
    def command(named: str | None, price: str | None, contract: str | None, **options: Any) -> None:
        session = Session.of(options)
        with session.reading() as found:
            call = found_call(found, words, named, contract)
            left = what_is_left(call, found.chain.now())
            at = None if price is None else call.units.price_in("price", price)
            report = report_call(call)
            show_report(session, report, left, orders=report.book.is_final)
            warn_of_strangers(session, found, call)
            facts = report.as_json()
            if not report.book.is_final:
                book = read_book(call, at if call.terms.is_valued else None)
                show_book(session, book)
                facts = {**facts, "would": book_facts(book)["clearing"]}
        session.output.result({**facts, "next": left})

    return command


def list_command(words: Words) -> Command:
    """List the calls of the asset."""

    @click.command(
        "list",
        cls=Command,
        help=f"List every {words.called} of the asset, and what can be done with each now.",
        examples=(f"prorata {words.command} list", f"prorata {words.command} list --json"),
    )
    @contract_option
    @reading_options
    def command(contract: str | None, **options: Any) -> None:
        session = Session.of(options)
        with session.reading() as found:
            where = None if contract is None else check_address("contract", contract)
            auction = find_singleton(CallAuction, found.chain, where)
            calls: list[KnownCall] = known_calls(found, auction, (words.noun,))
            show_calls(session, calls, found.settings.symbol, words.called)

    return command
