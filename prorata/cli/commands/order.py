# SPDX-License-Identifier: MIT
"""Sign orders to buy or sell shares, fill them, post, list and cancel them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from prorata.cli.changes import say_change, sent_facts
from prorata.cli.command import Command, common_options, signing_options
from prorata.cli.order_screens import (
    show_book,
    show_check,
    show_filled,
    show_order,
    show_preview,
    warn_of_maker,
    warn_of_record,
)
from prorata.cli.parameters import WHEN, parse_moment
from prorata.cli.session import Session
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.files.writer import json_object, write_csv_rows, write_json
from prorata.market.fills import check_fill, fill
from prorata.market.order_book import OrderRow, read_order_book
from prorata.market.order_ends import cancel_below, cancel_nonces, cancel_order, post_order
from prorata.market.order_files import SignedOrder, read_order, write_order
from prorata.market.order_terms import OrderTerms, parse_rate, total_at
from prorata.market.orders import draft_order, require_known_money, sign_order, take_signature
from prorata.market.signatures import read_signature
from prorata.market.singletons import settlement_at
from prorata.values.addresses import ZERO_ADDRESS, check_address
from prorata.values.amounts import parse_units

SIGN = "prorata order sign --sell 100 --for 100,000.00 --in USD --out order.json"

settlement_option = click.option(
    "--settlement", help="The settlement contract.  [default: the usual one, `prorata market show`]"
)
money_option = click.option(
    "--in", "currency", help="The money, where the asset's file does not name it: an address."
)
amount_option = click.option("--amount", help="How many shares.  [default: all that are left]")
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def cli() -> None:
    """Sign orders to buy or sell shares, fill them, post, list and cancel them.

    An order is a file that its maker has signed. It costs nothing, travels by mail, and whoever it
    is for fills it: shares and money change hands in one transaction, under the token's own rules,
    or nothing does.
    """


# ---------------------------------------------------------------------------------------- signing


@cli.command(
    "sign",
    cls=Command,
    examples=(
        f"{SIGN} --account seller.json",
        "prorata order sign --buy 100 --price 990.00 --in USD --parts --until +7d --out bid.json",
        f"{SIGN} --maker 0x… --unsigned --typed-data to-sign.json",
        "prorata order sign --from order.json --signature 0x… --out signed.json",
    ),
)
@click.option("--sell", "sold", metavar="SHARES", help="How many shares to sell.")
@click.option("--buy", "bought", metavar="SHARES", help="How many shares to buy.")
@click.option("--for", "total", metavar="MONEY", help="What all of them cost, fee and tax apart.")
@click.option("--price", metavar="MONEY", help="In place of --for: what a whole share costs.")
@click.option("--in", "currency", help="The money: an address, or a symbol.")
@click.option("--parts", is_flag=True, help="It may be filled in parts.")
@click.option("--least", metavar="SHARES", help="The least in one fill, of an order in parts.")
@click.option("--until", default="+30d", show_default=True, help=f"The last second: {WHEN}.")
@click.option("--taker", help="Who may fill it.  [default: anybody]")
@click.option("--venue", help="Who brought the two together, and gets --fee.")
@click.option("--fee", metavar="RATE", help="Out of what the seller gets, such as 0.25%.")
@click.option("--tax-to", help="Who collects a tax on the purchase, and gets --tax.")
@click.option("--tax", metavar="RATE", help="On top of what the buyer pays, such as 0.5%.")
@click.option("--through-records", is_flag=True, help="It does not end with the next record date.")
@click.option("--nonce", type=click.IntRange(min=0), help="A number used once.  [default: free]")
@click.option("--permit", is_flag=True, help="Sign the allowance for it, too (ERC-2612).")
@click.option("--maker", help="Whose order it is, with --unsigned.  [default: the account]")
@click.option("--unsigned", is_flag=True, help="Write it for another wallet to sign.")
@click.option("--typed-data", type=_FILE, help="Write what such a wallet signs (EIP-712), too.")
@click.option("--from", "source", type=_FILE, help="Sign an order that was written unsigned.")
@click.option("--signature", metavar="0x…|FILE", help="What another wallet signed, for --from.")
@click.option("--out", type=_FILE, required=True, help="The file to write.")
@settlement_option
@signing_options
def sign_command(out: Path, settlement: str | None, **options: Any) -> None:
    """Sign an order to sell or buy shares.

    Nothing is sent. Whoever has the file can fill the order until --until, or until it is
    cancelled. It ends with the next record date of the shares, so that nobody fills it at a price
    that still had an income in it; --through-records leaves that out.

    A buyer gives money and a seller shares by allowance: what is missing is named.
    """
    session = Session.of(options)
    if out.exists():
        rule = "is there already, and an order that was signed stays good"
        raise InputError.of("out", out, rule, "name another file, or cancel that order first")
    with session.reading() as found:
        place = settlement_at(found.chain, _address("settlement", settlement)).address
        source = options["source"]
        if source is None:
            drafted = _drafted(session, found, place, options)
        else:
            drafted = read_order(source, found.chain, place)
        signed = _signed(session, found, drafted, options)
        write_order(out, signed)
        if options["typed_data"] is not None:
            write_json(options["typed_data"], signed.message, column="typed-data")
        show_order(session, signed, out)
        warn_of_record(session, found, signed)
        warn_of_maker(session, found, signed)


def _drafted(
    session: Session, found: Deployment, place: str, options: Mapping[str, Any]
) -> SignedOrder:
    """The order that the options describe."""
    if options["signature"] is not None:
        rule = "is given without the order that it is of"
        raise InputError.of("signature", options["signature"], rule, "give --from FILE, too")
    terms = _terms(found, options)
    maker = _address("maker", options["maker"])
    if maker is None:
        maker = session.signer(found.chain).address
    elif not options["unsigned"]:
        rule, remedy = "is given for an order that the account signs", "leave it out"
        raise InputError.of("maker", maker, rule, f"{remedy}, or give --unsigned")
    return draft_order(found, maker, terms, settlement=place)


def _signed(
    session: Session, found: Deployment, drafted: SignedOrder, options: Mapping[str, Any]
) -> SignedOrder:
    if options["signature"] is not None:
        return take_signature(found.chain, drafted, read_signature(options["signature"]))
    if options["unsigned"]:
        return drafted
    signer = session.signer(found.chain)
    return sign_order(found.chain, signer, drafted, permit=options["permit"])


def _terms(found: Deployment, options: Mapping[str, Any]) -> OrderTerms:
    """What is offered, in exact numbers.

    Raises: InputError for what is missing, said twice, or not exact.
    """
    sold, bought = options["sold"], options["bought"]
    _one_of("sell", sold, "buy", bought)
    _one_of("for", options["total"], "price", options["price"])
    if options["currency"] is None:
        raise InputError.of("in", "", "is missing", "say in which money: --in USD")
    _both("venue", options["venue"], "fee", options["fee"])
    _both("tax-to", options["tax_to"], "tax", options["tax"])
    currency, unit = found.currency(options["currency"]), found.settings.unit
    shares = _parsed("sell" if sold else "buy", sold or bought, unit.decimals, "shares")
    if shares == 0:
        raise InputError.of("sell" if sold else "buy", "0", "is nothing", "say how many shares")
    if options["price"] is not None:
        money = total_at(options["price"], shares, unit, currency.unit)
    else:
        money = _parsed("for", options["total"], currency.unit.decimals, currency.unit.symbol)
    least = options["least"]
    if least is not None:
        least = _parsed("least", least, unit.decimals, "shares")
    elif options["parts"]:
        least = 1
    return OrderTerms(
        sells=sold is not None,
        shares=shares,
        money=money,
        currency=currency.address,
        valid_until=parse_moment(options["until"], found.chain, "until"),
        least=least,
        taker=_address("taker", options["taker"]) or ZERO_ADDRESS,
        fee_to=_address("venue", options["venue"]) or ZERO_ADDRESS,
        fee_bps=parse_rate("fee", options["fee"]) if options["fee"] else 0,
        tax_to=_address("tax-to", options["tax_to"]) or ZERO_ADDRESS,
        tax_bps=parse_rate("tax", options["tax"]) if options["tax"] else 0,
        through_records=options["through_records"],
        nonce=options["nonce"],
    )


def _one_of(name: str, value: str | None, other: str, second: str | None) -> None:
    if value is None and second is None:
        raise InputError.of(name, "", "is missing", f"give --{name}, or --{other}")
    if value is not None and second is not None:
        raise InputError.of(other, second, f"is given besides --{name}", "choose one of them")


def _both(name: str, value: str | None, other: str, second: str | None) -> None:
    if (value is None) != (second is None):
        given, missing = (other, name) if value is None else (name, other)
        rule = f"is given without --{missing}"
        raise InputError.of(given, value or second, rule, f"give --{missing}, too")


def _parsed(column: str, text: str, decimals: int, noun: str) -> int:
    try:
        return parse_units(text, decimals, noun=noun)
    except InputError as error:
        problem = error.problems[0]
        raise InputError.of(column, text, problem.rule, problem.remedy) from None


def _address(column: str, text: str | None) -> str | None:
    return None if text is None else check_address(column, text)


def _shares(found: Deployment, amount: str | None) -> int | None:
    decimals = found.settings.decimals
    return None if amount is None else _parsed("amount", amount, decimals, "shares")


def _read(found: Deployment, path: Path, settlement: str | None) -> SignedOrder:
    """The order of a file, which must be about this asset's shares.

    Raises: InputError.
    """
    place = settlement_at(found.chain, _address("settlement", settlement)).address
    signed = read_order(path, found.chain, place)
    token = found.token().address
    if signed.order.shares != token:
        rule = f"is what it is about, and the shares of {found.settings.symbol} are {token}"
        remedy = "choose its asset with --asset or --deployment"
        raise InputError.of("order", signed.order.shares, rule, remedy)
    return signed


# ---------------------------------------------------------------------------------------- filling


@cli.command(
    "explain",
    cls=Command,
    examples=(
        "prorata order explain order.json --as 0x…",
        "prorata order explain order.json --amount 40 --account buyer.json",
    ),
)
@click.argument("file", type=_FILE)
@amount_option
@money_option
@click.option("--permit", is_flag=True, help="As if filled with --permit.")
@click.option("--as", "taker", help="Who would fill it.  [default: whom it is for, or the account]")
@settlement_option
@signing_options
def explain_command(
    file: Path, amount: str | None, taker: str | None, permit: bool, **options: Any
) -> None:
    """Ask what stands in the way of filling an order.

    Says everything that would make it fail, with what would help; what it would cost all in; and
    the most that would pass now. Nothing is sent. Exit code 1 if the fill would be refused.
    """
    session = Session.of(options)
    with session.reading() as found:
        signed = _read(found, file, options["settlement"])
        require_known_money(found, signed.order, options["currency"])
        who = _address("as", taker) or signed.order.taker
        if who == ZERO_ADDRESS:
            who = session.signer(found.chain).address
        shares = _shares(found, amount)
        check = check_fill(found.chain, signed, who, shares, permit=permit)
        show_check(session, check)
    if not check.passes:
        click.get_current_context().exit(1)


@cli.command(
    "fill",
    cls=Command,
    asks=True,
    examples=(
        "prorata order fill order.json --account buyer.json --dry-run",
        "prorata order fill order.json --amount 40 --permit --account buyer.json",
    ),
)
@click.argument("file", type=_FILE)
@amount_option
@money_option
@click.option("--permit", is_flag=True, help="Allow what is given by a signature (ERC-2612).")
@click.option(
    "--reference",
    default="",
    help="What it is for. An equal fill with an equal reference is made once.",
)
@settlement_option
@common_options
def fill_command(
    file: Path,
    amount: str | None,
    permit: bool,
    dry_run: bool,
    **options: Any,
) -> None:
    """Fill an order, or a part of it.

    Everything that could stand in the way is asked first, and a refusal names all of it. No more
    is given than was shown. The same fill is made once however often this runs: give another
    --reference for a second part that is alike.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        signed, shares = _read(found, file, options["settlement"]), _shares(found, amount)
        require_known_money(found, signed.order, options["currency"])
        if dry_run:
            check = check_fill(found.chain, signed, operator.address, shares, permit=permit)
            show_preview(session, check)
            return
        done = fill(operator, signed, shares, permit=permit, reference=options["reference"])
    show_filled(session, done)


# ------------------------------------------------------------------------------ making it public


@cli.command(
    "post",
    cls=Command,
    examples=("prorata order post order.json", "prorata order post order.json --dry-run"),
)
@click.argument("file", type=_FILE)
@settlement_option
@common_options
def post_command(file: Path, settlement: str | None, **options: Any) -> None:
    """Make a signed order public.

    The chain is the bulletin board: `prorata order list` reads it. Anybody may post an order, and
    an order needs no posting to be filled.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        signed = _read(found, file, settlement)
        receipt = post_order(operator, signed)
    digest = f"0x{signed.digest.hex()}"
    if receipt.resumed:
        session.output.say(f"Nothing was sent: posted before in {receipt.hash}")
    else:
        session.output.say(f"Posted in {receipt.hash}: `prorata order list` shows it")
    session.output.result({"digest": digest, **sent_facts(receipt)})


@cli.command(
    "list",
    cls=Command,
    examples=(
        "prorata order list",
        "prorata order list --open --csv orders.csv",
        "prorata order list --mine --account seller.json",
    ),
)
@click.option("--mine", is_flag=True, help="Only the account's own.")
@click.option("--maker", help="Only those of one maker.")
@click.option("--open", "open_only", is_flag=True, help="Only those that could be filled now.")
@click.option("--csv", "csv_path", type=_FILE, help="Write them all as CSV.")
@settlement_option
@signing_options
def list_command(
    mine: bool,
    maker: str | None,
    open_only: bool,
    csv_path: Path | None,
    settlement: str | None,
    **options: Any,
) -> None:
    """List the orders that were posted, and how each stands.

    What is left of an order, and what keeps it from being filled, is asked of the chain now. Best
    prices are those of open orders that anybody may fill.
    """
    session = Session.of(options)
    if mine and maker is not None:
        raise InputError.of("maker", maker, "is given besides --mine", "choose one of them")
    with session.reading() as found:
        contract = settlement_at(found.chain, _address("settlement", settlement))
        book = read_order_book(found, contract)
        whose = session.signer(found.chain).address if mine else _address("maker", maker)
        shown = book.selected(whose, open_only=open_only)
        if csv_path is not None:
            write_csv_rows(csv_path, OrderRow, [one.row for one in shown.orders], column="csv")
        show_book(session, found, shown, book.best, csv_path)


@cli.command(
    "cancel",
    cls=Command,
    examples=(
        "prorata order cancel order.json --account seller.json",
        "prorata order cancel --nonce 3 --nonce 4",
        "prorata order cancel --below 10 --dry-run",
    ),
)
@click.argument("file", type=_FILE, required=False)
@click.option("--nonce", "nonces", type=int, multiple=True, help="Orders with this nonce.")
@click.option("--below", type=int, help="All orders with a lower nonce.")
@settlement_option
@common_options
def cancel_command(
    file: Path | None,
    nonces: tuple[int, ...],
    below: int | None,
    settlement: str | None,
    **options: Any,
) -> None:
    """Cancel orders of the account.

    FILE is the order; or say --nonce, or --below for all older ones at once. Only who made an
    order can cancel it.
    """
    session = Session.of(options)
    if sum((file is not None, bool(nonces), below is not None)) != 1:
        rule, remedy = "has to be said", "give one of: the order's FILE, --nonce, --below"
        raise InputError.of("order", "", f"{rule} once", remedy)
    with session.deployed() as (operator, found):
        if file is not None:
            change = cancel_order(operator, _read(found, file, settlement))
        else:
            contract = settlement_at(found.chain, _address("settlement", settlement))
            if below is not None:
                change = cancel_below(operator, contract, below)
            else:
                change = cancel_nonces(operator, contract, nonces)
    say_change(session, change)
    facts = {"change": change.label, **sent_facts(change.receipt)}
    session.output.result(json_object(facts))
