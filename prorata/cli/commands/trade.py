# SPDX-License-Identifier: MIT
"""Trade in several legs: propose, sign one after the other, settle at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prorata.cli.changes import sent_facts
from prorata.cli.command import Command, common_options, reading_options, signing_options
from prorata.cli.consent import require_yes
from prorata.cli.names import known_names
from prorata.cli.output import escape
from prorata.cli.parameters import WHEN, parse_moment
from prorata.cli.session import Session
from prorata.cli.trading import looking_at, trading
from prorata.contracts.trade_settlement import TradeSettlement
from prorata.errors import InputError
from prorata.files.writer import json_object
from prorata.market.legs import parse_leg, read_legs, resolve_legs
from prorata.market.signatures import read_signature
from prorata.market.singletons import settlement_at
from prorata.market.trade_files import (
    SignedTrade,
    read_trades,
    require_intact,
    write_trade,
)
from prorata.market.trade_review import TradeReview, review_trade
from prorata.market.trades import (
    approve_trade,
    cancel_trade,
    draft_trade,
    settle_trade,
    settled_in,
    sign_trade,
)
from prorata.register.documents import hash_of
from prorata.values.times import moment

CONTRACT = click.option(
    "--contract", "named", metavar="0x…", help="The settlement contract, if not the usual one."
)
FILES = click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(dir_okay=False, path_type=Path),
)
FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))

LEGS = '--leg "100 HARB12 from Ann to Ben" --leg "5,000 USD from Ben to Ann"'


@click.group()
def cli() -> None:
    """Trade in several legs: propose, sign one after the other, settle at once.

    A trade is a file. Everybody who gives something signs it, and then anyone brings it to the
    chain: all legs move or none. Nothing is held meanwhile.
    """


@cli.command(
    "propose",
    cls=Command,
    examples=(
        f"prorata trade propose {LEGS} --out trade.json --names names.csv",
        "prorata trade propose --legs legs.csv --document contract.pdf --out trade.json",
    ),
)
@click.option("--leg", "sentences", multiple=True, help='Such as "100 HARB12 from Ann to 0x…".')
@click.option(
    "--legs",
    "table",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A table with the columns amount, asset, from and to, or YAML with sentences.",
)
@click.option("--valid-until", default="+7d", show_default=True, help=f"Until when: {WHEN}.")
@click.option(
    "--document",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The contract behind the trade; its SHA-256 is signed.",
)
@click.option(
    "--nonce",
    type=click.IntRange(min=0),
    help="A number used once.  [default: follows from the rest]",
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The file to write."
)
@CONTRACT
@reading_options
def propose_command(out: Path, **options: Any) -> None:
    """Propose a trade: write the file that everybody who gives is to sign.

    Nothing is sent, and nobody is bound. An asset is a symbol of this chain or an address, a person
    a name of the address book or an address; legs move in their order.
    """
    session = Session.of(options)
    sentences, table = options["sentences"], options["table"]
    if bool(sentences) == (table is not None):
        raise InputError.of("leg", "", "is not one list of legs", "give --leg, or --legs FILE")
    if out.exists():
        rule = "is there already, and may have been signed"
        raise InputError.of("out", out, rule, "name another file, or remove that one")
    with looking_at(session) as place:
        settlement = settlement_at(place.chain, options["named"])
        written = read_legs(table) if table is not None else [
            parse_leg(text, f"leg {n}") for n, text in enumerate(sentences, start=1)
        ]
        document = options["document"]
        drafted = draft_trade(
            settlement,
            resolve_legs(place.chain, written, known_names(), place.found),
            valid_until=parse_moment(options["valid_until"], place.chain, "valid-until"),
            document_hash=bytes(32) if document is None else hash_of(document),
            nonce=options["nonce"],
        )
        write_trade(out, drafted)
        _tell(session, drafted)
    session.output.say(f"{out} is to be signed by {', '.join(drafted.trade.givers)}")
    session.output.say(f"  `prorata trade sign {out}` does it")
    session.output.result({"file": str(out), **_facts(drafted)})


@cli.command(
    "sign", cls=Command, examples=("prorata trade sign trade.json --account holder.json",)
)
@FILE
@click.option("--signature", help="A signature that was made elsewhere: 0x…, or a file.")
@click.option("--by", "signer", help="Whose signature that is.")
@CONTRACT
@signing_options
def sign_command(file: Path, signature: str | None, signer: str | None, **options: Any) -> None:
    """Sign a trade, once it was read.

    The whole trade is shown first. A signature gives away what the trade names, to whoever brings
    it to the chain until its time is over; `prorata trade cancel` takes that back. What others have
    signed in the file is checked.
    """
    session = Session.of(options)
    if (signature is None) != (signer is None):
        rule = "is missing, to go with the other"
        raise InputError.of("by" if signer is None else "signature", "", rule, "give both")
    with looking_at(session) as place:
        settlement = settlement_at(place.chain, options["named"])
        found = read_trades([file])
        require_intact(found, place.chain, settlement.address)
        _require_living(settlement, found)
        _tell(session, found)
        if signature is None or signer is None:
            account = session.signer(place.chain)
            who = account.address
            signed = sign_trade(found, account) if not options["dry_run"] else found
        else:
            who = place.person("by", signer)
            signed = found.signed_by(who, read_signature(signature))
        if who not in found.trade.givers:
            sign_trade_refused(found, who)
        again = who in found.signatures
        if not options["dry_run"] and not again:
            require_yes(options, "sign that, which gives away what it names")
            require_intact(signed, place.chain, settlement.address)
            write_trade(file, signed)
    missing = [giver for giver in signed.trade.givers if giver not in signed.signatures]
    if options["dry_run"]:
        session.output.say(f"Nothing was signed; {who} would sign")
    else:
        said = "had signed it before" if again else "has signed it"
        session.output.say(f"{who} {said}; {_missing(missing, file)}")
    session.output.result(
        {
            "file": str(file),
            "signer": who,
            "resumed": again,
            "dry_run": options["dry_run"],
            "missing": missing,
            **_facts(signed),
        }
    )
