# SPDX-License-Identifier: MIT
"""Trade in several legs: propose, sign one after the other, settle at once."""

from __future__ import annotations

from collections.abc import Callable
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
from prorata.cli.trading import Place, looking_at, trading
from prorata.errors import InputError
from prorata.files.writer import json_object, write_json
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
    require_giver,
    require_living,
    settle_trade,
    settled_in,
    sign_trade,
)
from prorata.register.documents import hash_of
from prorata.values.times import moment

CONTRACT = click.option(
    "--settlement",
    "named",
    metavar="0x…",
    help="The settlement contract.  [default: the usual one, `prorata market show`]",
)
FILES = click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(dir_okay=False, path_type=Path),
)
TOKEN = click.option(
    "--token",
    "tokens",
    multiple=True,
    metavar="0x…",
    help="An asset of the trade that is meant, though no deployment here has it.",
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
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The file to write.")
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
        written = (
            read_legs(table)
            if table is not None
            else [parse_leg(text, f"leg {n}") for n, text in enumerate(sentences, start=1)]
        )
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
    "sign",
    cls=Command,
    asks=True,
    examples=(
        "prorata trade sign trade.json --account holder.json",
        "prorata trade sign trade.json --by 0x… --signature 0x…",
    ),
)
@FILE
@click.option("--yes", is_flag=True, help="Sign without a question.")
@click.option("--permit", is_flag=True, help="Sign the allowances for it, too (ERC-2612).")
@click.option("--signature", metavar="0x…|FILE", help="What another wallet signed, for --by.")
@click.option("--by", "signer", help="Whose signature that is.")
@click.option(
    "--typed-data",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what another wallet signs (EIP-712), and sign nothing.",
)
@TOKEN
@CONTRACT
@signing_options
def sign_command(file: Path, **options: Any) -> None:
    """Sign a trade, once it was read.

    The whole trade is shown first. A signature gives away what the trade names, to whoever brings
    it to the chain until its time is over; `prorata trade cancel` takes that back. What others have
    signed in the file is checked. With --permit nothing needs to be approved on the chain, for
    tokens that take permits.
    """
    session = Session.of(options)
    with looking_at(session) as place:
        settlement = settlement_at(place.chain, options["named"])
        found = read_trades([file])
        require_intact(found, place.chain, settlement.address)
        require_living(settlement, found)
        place.require_known((leg.asset for leg in found.trade.legs), options["tokens"])
        if (path := options["typed_data"]) is not None:
            write_json(path, found.message, column="typed-data")
            session.output.say(f"{path} is what a wallet signs; nothing was signed")
            session.output.result({"file": str(file), "typed_data": found.message})
            return
        who, sign = _signing(session, place, found, options)
        _tell(session, found)
        again, whole = who in found.signatures, found
        if not again:
            require_yes(options, "sign that, which gives away what it names")
            whole = sign()
            require_intact(whole, place.chain, settlement.address)
            write_trade(file, whole)
    missing = [giver for giver in whole.trade.givers if giver not in whole.signatures]
    said = "had signed it before" if again else "has signed it"
    session.output.say(f"{who} {said}; {_next(missing, file)}")
    facts = {"file": str(file), "signer": who, "resumed": again, "missing": missing}
    session.output.result({**facts, **_facts(whole)})


def _signing(
    session: Session, place: Place, found: SignedTrade, options: dict[str, Any]
) -> tuple[str, Callable[[], SignedTrade]]:
    """Who signs, and what makes the signature once that is agreed to.

    Raises: InputError when it gives nothing, or what was signed elsewhere is not its signature.
    """
    signature, named = options["signature"], options["signer"]
    if (signature is None) != (named is None):
        missing = "by" if named is None else "signature"
        raise InputError.of(missing, "", "is missing", "give both --by and --signature")
    if signature is None:
        account = session.signer(place.chain)
        require_giver(found, account.address)
        permit = options["permit"]
        return account.address, lambda: sign_trade(place.chain, found, account, permit=permit)
    if options["permit"]:
        rule = "is signed by the account itself, and --signature brings another's"
        raise InputError.of("permit", "", rule, "leave it out, and let it run `trade approve`")
    who = place.person("by", named)
    require_giver(found, who)
    signed = found.signed_by(who, read_signature(signature))
    require_intact(signed, place.chain, found.settlement)
    return who, lambda: signed


# ----------------------------------------------------------------------------------------- looking


@cli.command(
    "show",
    cls=Command,
    examples=("prorata trade show trade.json", "prorata trade show by-ann.json by-ben.json"),
)
@FILES
@CONTRACT
@reading_options
def show_command(files: tuple[Path, ...], **options: Any) -> None:
    """Show a trade, and what is missing before it can be settled.

    FILE is the trade; of several, which were signed apart, all signatures count.
    """
    session = Session.of(options)
    with looking_at(session) as place:
        settlement = settlement_at(place.chain, options["named"])
        found = read_trades(files)
        require_intact(found, place.chain, settlement.address)
        review = review_trade(settlement, found)
        done = settled_in(settlement, found.digest)
        _tell(session, found, review)
        try:
            place.require_known(leg.asset for leg in found.trade.legs)
        except InputError as error:
            session.output.notice(str(error))
    if done is not None:
        session.output.say(f"It was settled in {done}")
    elif not review.obstacles:
        session.output.say(f"Nothing is missing: `prorata trade settle {files[0]}` settles it")
    else:
        for lack in review.obstacles:
            said = lack.sentence.replace("FILE", str(files[0]))
            session.output.say(f"  {escape(said)}")
    session.output.result(
        {
            **_facts(found),
            "settled_in": done,
            "signatures": [
                {"account": one.giver, "signed": one.signed, "spent": one.spent}
                for one in review.signings
            ],
            "needs": [need.as_json() for need in review.needs],
            "obstacles": [] if done else [lack.sentence for lack in review.obstacles],
        }
    )


# ------------------------------------------------------------------------------------------ sending


@cli.command(
    "approve",
    cls=Command,
    asks=True,
    examples=("prorata trade approve trade.json --account holder.json",),
)
@FILE
@TOKEN
@CONTRACT
@common_options
def approve_command(file: Path, **options: Any) -> None:
    """Let the settlement move what the account gives in a trade, and no more.

    What is allowed already and is enough stays as it is. A smaller allowance is replaced, so that
    whoever has several trades open allows their sum with `prorata approve`.
    """
    session = Session.of(options)
    with trading(session) as (operator, place):
        settlement = settlement_at(place.chain, options["named"])
        found = read_trades([file])
        require_intact(found, place.chain, settlement.address)
        place.require_known((leg.asset for leg in found.trade.legs), options["tokens"])
        done = approve_trade(operator, settlement, found)
    for receipt in done:
        session.output.say(f"Done: {escape(receipt.label)}")
        session.output.say(f"  {'transaction':<12}{receipt.hash}")
    if not done:
        session.output.say("Nothing was sent: the settlement may move enough already")
    session.output.result({"transactions": [receipt.hash for receipt in done]})


@cli.command(
    "settle",
    cls=Command,
    asks=True,
    examples=(
        "prorata trade settle trade.json --dry-run",
        "prorata trade settle by-ann.json by-ben.json --account holder.json",
    ),
)
@FILES
@TOKEN
@CONTRACT
@common_options
def settle_command(files: tuple[Path, ...], **options: Any) -> None:
    """Settle a trade: all its legs move, or none.

    FILE is the trade; of several, which were signed apart, all signatures count. Anyone may bring
    it; who gives and brings it itself need not have signed. It is simulated first.
    """
    session = Session.of(options)
    with trading(session) as (operator, place):
        settlement = settlement_at(place.chain, options["named"])
        found = read_trades(files)
        require_intact(found, place.chain, settlement.address)
        place.require_known((leg.asset for leg in found.trade.legs), options["tokens"])
        receipt = settle_trade(operator, settlement, found)
    _tell(session, found)
    again = ", before" if receipt.resumed else ""
    session.output.say(f"All of it has moved{again}")
    session.output.say(f"  {'transaction':<12}{receipt.hash}")
    session.output.result({**_facts(found), **sent_facts(receipt)})


@cli.command(
    "cancel",
    cls=Command,
    asks=True,
    examples=("prorata trade cancel trade.json --account holder.json",),
)
@FILE
@CONTRACT
@common_options
def cancel_command(file: Path, **options: Any) -> None:
    """Make sure that a trade is never settled.

    Whoever gives in it may, signed or not. It costs a transaction, and nobody can bring the trade
    to the chain any more.
    """
    session = Session.of(options)
    with trading(session) as (operator, place):
        settlement = settlement_at(place.chain, options["named"])
        found = read_trades([file])
        receipt = cancel_trade(operator, settlement, found)
    again = ", cancelled before" if receipt.resumed else ""
    session.output.say(f"{file} will never be settled{again}: {receipt.hash}")
    session.output.result({"digest": f"0x{found.digest.hex()}", **sent_facts(receipt)})


# -------------------------------------------------------------------------------------------- words


def _tell(session: Session, found: SignedTrade, review: TradeReview | None = None) -> None:
    """The whole trade in words: each leg, until when, on which document, and who has signed."""
    refused = {} if review is None else dict(review.refusals)
    rows = [
        (
            f"{number}",
            f"{amount.unit.amount(amount.units).text} {amount.symbol}",
            leg.giver,
            leg.receiver,
            "refused" if number in refused else "",
        )
        for number, (leg, amount) in enumerate(
            zip(found.trade.legs, found.amounts, strict=True), start=1
        )
    ]
    session.output.table("The trade", ("leg>", "what", "from", "to", ""), rows, most=None)
    trade = found.trade
    session.output.say(f"  {'until':<12}{moment(trade.valid_until)}")
    if any(trade.document_hash):
        session.output.say(f"  {'document':<12}0x{trade.document_hash.hex()}")
    for giver in trade.givers:
        state = "signed" if giver in found.signatures else "not signed"
        session.output.say(f"  {state:<12}{giver}")


def _next(missing: list[str], file: Path) -> str:
    if missing:
        return f"{', '.join(missing)} {'has' if len(missing) == 1 else 'have'} not"
    return f"everybody has: `prorata trade settle {file}` settles it"


def _facts(found: SignedTrade) -> dict[str, Any]:
    """For a program."""
    trade = found.trade
    return json_object(
        {
            "digest": f"0x{found.digest.hex()}",
            "legs": [
                {
                    "amount": amount.unit.amount(amount.units, amount.token),
                    "from": leg.giver,
                    "to": leg.receiver,
                }
                for leg, amount in zip(trade.legs, found.amounts, strict=True)
            ],
            "valid_until": moment(trade.valid_until),
            "document_hash": f"0x{trade.document_hash.hex()}" if any(trade.document_hash) else None,
            "signed_by": [giver for giver in trade.givers if giver in found.signatures],
        }
    )
