# SPDX-License-Identifier: MIT
"""`prorata exchange sign`: a request that its holder signs, for anybody to bring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prorata.cli.command import Command, signing_options
from prorata.cli.exchange_screens import contract_option
from prorata.cli.parameters import WHEN, parse_moment
from prorata.cli.session import Session
from prorata.contracts.share_exchange import ExchangeRequest, ShareExchange
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.files.writer import json_object, write_json
from prorata.market.exchanges.elective import check_note
from prorata.market.exchanges.listing import exchange_of_asset
from prorata.market.exchanges.opening import exchange_at
from prorata.market.exchanges.requests import (
    SignedRequest,
    draft_request,
    read_request,
    sign_request,
    take_request_signature,
    write_request,
)
from prorata.market.exchanges.terms import shares_of_text
from prorata.market.exchanges.words import units_of
from prorata.market.signatures import read_signature
from prorata.values.addresses import ZERO_ADDRESS, check_address
from prorata.values.amounts import parse_units
from prorata.values.times import moment

__all__ = ["sign_command"]

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(
    "sign",
    cls=Command,
    examples=(
        "prorata exchange sign --id 3 --shares 100 --out request.json --account holder.json",
        "prorata exchange sign --id 3 --shares 100 --holder 0x… --unsigned --out request.json",
        "prorata exchange sign --from request.json --signature 0x… --out signed.json",
    ),
)
@click.option("--id", "number", type=int, help="The exchange.")
@click.option("--shares", help="How many.")
@click.option("--least", help="The least money that you accept.  [default: what it brings now]")
@click.option("--most", help="The most money that you pay.  [default: what is due now]")
@click.option("--until", default="+7d", show_default=True, help=f"The last second: {WHEN}.")
@click.option("--note", default="", help="What the issuer is to read.")
@click.option("--nonce", type=click.IntRange(min=0), help="A number used once.  [default: free]")
@click.option("--permit", is_flag=True, help="Sign the allowance for what is paid (ERC-2612).")
@click.option("--holder", help="Whose shares, with --unsigned.  [default: the account's]")
@click.option("--unsigned", is_flag=True, help="Write it for another wallet to sign.")
@click.option("--typed-data", type=_FILE, help="Write what such a wallet signs (EIP-712), too.")
@click.option("--from", "source", type=_FILE, help="Sign a request that was written unsigned.")
@click.option("--signature", metavar="0x…|FILE", help="What another wallet signed, for --from.")
@click.option("--out", type=_FILE, required=True, help="The file to write.")
@contract_option
@signing_options
def sign_command(out: Path, contract: str | None, **options: Any) -> None:
    """Sign a request to exchange shares, which anybody may bring.

    Nothing is sent. Whoever has the file can have the exchange made until --until, or until
    `prorata exchange cancel-request`; what it brings goes to the holder whoever brings it.
    """
    session = Session.of(options)
    if out.exists():
        rule = "is there already, and a request that was signed stays good"
        raise InputError.of("out", out, rule, "name another file, or cancel that request first")
    with session.reading() as found:
        named = None if contract is None else check_address("contract", contract)
        place = exchange_at(found.chain, named)
        if options["source"] is None:
            drafted = _drafted(session, found, place, options)
        else:
            drafted = read_request(options["source"], found.chain, place)
        signed = _signed(session, found, drafted, options)
        write_request(out, signed)
        if options["typed_data"] is not None:
            write_json(options["typed_data"], signed.message, column="typed-data")
    _show(session, signed, out)


def _drafted(
    session: Session, found: Deployment, place: ShareExchange, options: dict[str, Any]
) -> SignedRequest:
    for name, given in (("id", options["number"]), ("shares", options["shares"])):
        if given is None:
            raise InputError.of(name, "", "is missing", f"give --{name}, or --from FILE")
    if options["signature"] is not None:
        rule = "is given without the request that it is of"
        raise InputError.of("signature", options["signature"], rule, "give --from FILE, too")
    holder = options["holder"]
    if holder is not None and not options["unsigned"]:
        rule = "is given for a request that the account signs"
        raise InputError.of("holder", holder, rule, "leave it out, or give --unsigned")
    who = check_address("holder", holder) if holder else session.signer(found.chain).address
    number = options["number"]
    terms = exchange_of_asset(found, place, number).exchange.terms
    units = units_of(found.chain, terms)
    shares = shares_of_text("shares", options["shares"], found.settings.unit)
    quote = place.quote(number, shares)

    def money(column: str, usual: int) -> int:
        if (text := options[column]) is None:
            return usual
        if terms.currency == ZERO_ADDRESS:
            rule = f"is money, and exchange {number} has none"
            raise InputError.of(column, text, rule, "leave it out")
        return parse_units(text, units.money.decimals, noun=units.money.symbol)

    request = ExchangeRequest(
        id=number,
        holder=who,
        shares=shares,
        least_paid=money("least", quote.paid),
        most_due=money("most", quote.due),
        nonce=0,
        valid_until=parse_moment(options["until"], found.chain, "until"),
        note=check_note(options["note"]),
    )
    return draft_request(found, place, request, nonce=options["nonce"])


def _signed(
    session: Session, found: Deployment, drafted: SignedRequest, options: dict[str, Any]
) -> SignedRequest:
    if options["signature"] is not None:
        return take_request_signature(found.chain, drafted, read_signature(options["signature"]))
    if options["unsigned"]:
        return drafted
    signer = session.signer(found.chain)
    return sign_request(found.chain, signer, drafted, permit=options["permit"])


def _show(session: Session, signed: SignedRequest, path: Path) -> None:
    request, units = signed.request, signed.units
    rows = [
        ("exchange", str(request.id)),
        ("holder", request.holder),
        ("gives", units.said_shares(request.shares)),
        ("accepts", f"{units.said_money(request.least_paid)} or more"),
        ("pays", f"{units.said_money(request.most_due)} at most"),
        ("until", moment(request.valid_until)),
        ("nonce", str(request.nonce)),
    ]
    session.output.table("Signed" if signed.signature else "To be signed", ("", ""), rows)
    session.output.say(f"  {'digest':<12}0x{signed.digest.hex()}")
    if signed.signature:
        session.output.say(f"{path} is the request: `prorata exchange for {path}` makes it")
    else:
        session.output.say(
            f"{path} is to be signed by {request.holder}: `prorata exchange sign --from {path} "
            "--signature 0x… --out FILE` takes what it signed"
        )
    facts = {
        "file": str(path),
        "signed": bool(signed.signature),
        "digest": f"0x{signed.digest.hex()}",
        "exchange": request.id,
        "holder": request.holder,
        "gives": units.share(request.shares),
        "least_paid": units.paid(request.least_paid),
        "most_due": units.paid(request.most_due),
        "valid_until": moment(request.valid_until),
        "nonce": str(request.nonce),
        **({} if signed.signature else {"typed_data": signed.message}),
    }
    session.output.result(json_object(facts))
