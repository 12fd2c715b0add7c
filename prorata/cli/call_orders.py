# SPDX-License-Identifier: MIT
"""The commands of orders in a call, made from its words: place, explain, withdraw, take, return."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prorata.chain.operator import Operator
from prorata.cli.call_screens import (
    say_sent,
    show_check,
    show_placed,
    warn_of_strangers,
)
from prorata.cli.calls import (
    FILE,
    PERMIT,
    Words,
    contract_option,
    found_call,
    named_argument,
    named_option,
    order_options,
    person_named,
    wanted_order,
)
from prorata.cli.changes import sent_facts
from prorata.cli.command import Command, common_options, signing_options
from prorata.cli.parameters import WHEN, parse_moment
from prorata.cli.session import Session
from prorata.contracts.call_auction import CallAuction
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.market.calls.claims import (
    cancel_signed,
    count_rights,
    return_shares,
    sweep_owed,
    take_owed,
)
from prorata.market.calls.known_calls import KnownCall
from prorata.market.calls.order_obstacles import GIVEN_FIRST
from prorata.market.calls.placement_files import (
    SignedPlacement,
    read_placement,
    require_of,
    write_placement,
)
from prorata.market.calls.placements import (
    PlacedOrder,
    bring_order,
    check_order,
    draft_placement,
    place_order,
    says,
    sign_placement,
    withdraw_order,
)
from prorata.market.singletons import find_singleton
from prorata.values.addresses import check_address

__all__ = [
    "entitle_command",
    "explain_command",
    "place_command",
    "return_command",
    "sweep_command",
    "take_command",
    "withdraw_command",
]

NUMBER = click.argument("order", type=click.IntRange(min=1), required=False)


def place_command(words: Words, name: str = "place") -> Command:
    """Place an order in a call, sign one, or bring one that was signed."""
    side = "--side buy " if len(words.sides) > 1 else ""
    example = f"prorata {words.place} --{words.noun} 3 {side}--shares 40"
    bids = words.noun in ("offer", "auction")

    def add_more(function: Any) -> Any:
        return PERMIT(function) if bids else function

    @click.command(
        name,
        cls=Command,
        asks=True,
        help=(
            f"Place an order in {words.a_noun}, or sign one for others to bring.\n\n"
            + (
                "A bid pays for its whole limit at once, and gets back what it does not need. "
                if bids
                else ""
            )
            + (
                "The shares of a seller stay in its wallet, held until all is settled. "
                if words.noun != "offer"
                else ""
            )
            + "A dry run says what is given and what stands in the way. The same order is placed "
            "once: give another --reference for a second that is alike."
        ),
        examples=(
            f"{example} --dry-run",
            f"{example} --account buyer.json",
            f"{example} --sign-only --out subscription.json",
            f"prorata {words.place} --from subscription.json",
        ),
    )
    @named_option(words)
    @order_options(words)
    @add_more
    @click.option("--sign-only", is_flag=True, help="Write a signed order; send nothing.")
    @click.option("--until", help=f"Last second of a signed order: {WHEN}.  [default: the close]")
    @click.option("--out", type=FILE, help="The file of a signed order to write.")
    @click.option("--from", "source", type=FILE, help="Bring an order that somebody has signed.")
    @click.option("--reference", default="", help="Tells two equal orders of one account apart.")
    @contract_option
    @common_options
    def command(
        named: str | None, source: Path | None, contract: str | None, dry_run: bool, **options: Any
    ) -> None:
        session = Session.of(options)
        _check_manner(options, source)
        with session.deployed() as (operator, found):
            signed = None
            if source is not None:
                signed, call = _read_signed(found, words, source, (named, contract))
            else:
                call = found_call(found, words, named, contract)
            if signed is not None:
                placed = _bring(session, operator, call, signed, dry_run=dry_run)
            else:
                placed = _place(session, (operator, found), call, words, options, dry_run=dry_run)
            warn_of_strangers(session, found, call)
        if placed is not None:
            show_placed(session, call, placed)

    return command


def _check_manner(options: dict[str, Any], source: Path | None) -> None:
    """Refuse what would have to be guessed at."""
    given = [name for name in ("shares", "lots", "money", "price") if options.get(name) is not None]
    if source is not None and (given or options["sign_only"]):
        name = "for" if given == ["money"] else [*given, "sign-only"][0]
        rule = f"cannot be given together with --{name}"
        raise InputError.of("from", source, rule, "leave the other out: the file says it")
    if options["sign_only"] and options["out"] is None:
        raise InputError.of("out", "", "is missing", "name the file to write: --out FILE")
    if options["out"] is not None:
        if not options["sign_only"]:
            rule = "is given, and nothing is signed for others"
            raise InputError.of("out", options["out"], rule, "give --sign-only, or leave it out")
        if options["out"].exists():
            rule = "is there already, and an order that was signed stays good"
            raise InputError.of("out", options["out"], rule, "name another file")


def _place(
    session: Session,
    where: tuple[Operator, Deployment],
    call: KnownCall,
    words: Words,
    options: dict[str, Any],
    *,
    dry_run: bool,
) -> PlacedOrder | None:
    operator, found = where
    wanted = wanted_order(words, call, options)
    permit = bool(options.get("permit"))
    if dry_run:
        show_check(session, check_order(call, operator.address, wanted))
        return None
    if not options["sign_only"]:
        return place_order(operator, call, wanted, permit=permit, reference=options["reference"])
    until = call.terms.closes_at
    if options["until"] is not None:
        until = parse_moment(options["until"], operator.chain, "until")
    signer = session.signer(operator.chain)
    drafted = draft_placement(found, call, signer.address, wanted, until)
    signed = sign_placement(operator.chain, signer, call, drafted, permit=permit)
    if session.stage is None:
        write_placement(options["out"], signed)
    session.output.say(f"Signed: {signed.says}, in {call.title}")
    session.output.say(
        f"{options['out']} is the order: `prorata {words.place} --from {options['out']}` brings it"
    )
    session.output.result(
        {
            "file": str(options["out"]),
            "digest": f"0x{signed.digest.hex()}",
            "says": signed.says,
            "owner": signer.address,
            "nonce": str(signed.placement.nonce),
            "permit": signed.permit is not None,
        }
    )
    return None


def _read_signed(
    found: Deployment, words: Words, source: Path, where: tuple[str | None, str | None]
) -> tuple[SignedPlacement, KnownCall]:
    """An order of a file, and its call; the one that is named, if one is."""
    named, contract = where
    auction = found_call(found, words, named, contract).contract if named else None
    if auction is None:
        first = _contract_of(found, contract)
        signed = read_placement(source, found.chain, first)
    else:
        signed = read_placement(source, found.chain, auction.address)
    call = found_call(found, words, named or f"0x{signed.placement.id.hex()}", contract)
    require_of(signed, call, says(call, signed.placement.wanted))
    return signed, call


def _contract_of(found: Deployment, contract: str | None) -> str:
    named = None if contract is None else check_address("contract", contract)
    return find_singleton(CallAuction, found.chain, named).address


def _bring(
    session: Session,
    operator: Operator,
    call: KnownCall,
    signed: SignedPlacement,
    *,
    dry_run: bool,
) -> PlacedOrder | None:
    if not dry_run:
        return bring_order(operator, call, signed)
    placement = signed.placement
    first = GIVEN_FIRST if signed.permit is not None else frozenset()
    show_check(session, check_order(call, placement.owner, placement.wanted, first))
    return None


def explain_command(words: Words) -> Command:
    """Ask what stands in the way of an order."""
    side = "--side sell " if len(words.sides) > 1 else ""

    @click.command(
        "explain",
        cls=Command,
        help=(
            f"Ask what stands in the way of an order in {words.a_noun}.\n\nSays everything that "
            "would make it fail, with what would help, and the largest that would pass now. "
            "Nothing is sent. Exit code 1 if it would be refused."
        ),
        examples=(
            f"prorata {words.command} explain {side}--shares 40 --as 0x…",
            f"prorata {words.command} explain --{words.noun} 3 {side}--shares 40 --json",
        ),
    )
    @named_option(words)
    @order_options(words)
    @click.option("--as", "owner", help="Who would order.  [default: the account]")
    @contract_option
    @signing_options
    def command(named: str | None, owner: str | None, contract: str | None, **options: Any) -> None:
        session = Session.of(options)
        with session.reading() as found:
            call = found_call(found, words, named, contract)
            who = person_named("as", owner)
            if who is None:
                who = session.signer(found.chain).address
            check = check_order(call, who, wanted_order(words, call, options), frozenset())
            show_check(session, check, dry_run=False)
        if not check.passes:
            click.get_current_context().exit(1)

    return command


def withdraw_command(words: Words) -> Command:
    """Withdraw an order."""

    @click.command(
        "withdraw",
        cls=Command,
        help=(
            f"Withdraw an order from {words.a_noun}, as long as its terms let one.\n\nORDER is its "
            "number. What it gave goes back at once. An order that was signed and not brought yet "
            "is cancelled with --signed FILE."
        ),
        examples=(
            f"prorata {words.command} withdraw 12 --dry-run",
            f"prorata {words.command} withdraw 12 --account buyer.json",
            f"prorata {words.command} withdraw --signed subscription.json",
        ),
    )
    @NUMBER
    @click.option("--signed", type=FILE, help="A signed order, never to be brought.")
    @named_option(words)
    @contract_option
    @common_options
    def command(
        order: int | None,
        signed: Path | None,
        named: str | None,
        contract: str | None,
        **options: Any,
    ) -> None:
        session = Session.of(options)
        if (order is None) == (signed is None):
            rule = "is missing" if order is None else "is given besides --signed"
            raise InputError.of("order", order or "", rule, "give ORDER, or --signed FILE")
        with session.deployed() as (operator, found):
            if signed is not None:
                paper, call = _read_signed(found, words, signed, (named, contract))
                if paper.placement.owner != operator.address:
                    rule = f"is not {paper.placement.owner}, who alone can cancel it"
                    raise InputError.of("account", operator.address, rule, "use that account")
                receipt = cancel_signed(operator, call, paper.placement.nonce)
                what = f"signed order {paper.placement.nonce}"
            else:
                assert order is not None
                call = found_call(found, words, named, contract)
                _, receipt = withdraw_order(operator, call, order)
                what = f"order {order} of {call.title}"
        session.output.say(f"Withdrawn: {what}")
        say_sent(session, receipt)
        session.output.result({**call.as_json(), "order": order, **sent_facts(receipt)})

    return command


# ------------------------------------------------------------------------------------ what is left


def take_command(words: Words) -> Command:
    """Pay what a call owes."""

    @click.command(
        "take",
        cls=Command,
        help=(
            f"Pay what {words.a_noun} owes somebody who could not be paid.\n\nAnyone may, to whom "
            "it is owed; who it is owed to may name another receiver with --to."
        ),
        examples=(
            f"prorata {words.command} take --of 0x…",
            f"prorata {words.command} take --to 0x… --account buyer.json",
        ),
    )
    @named_option(words)
    @click.option("--of", "account_named", help="To whom it is owed.  [default: the account]")
    @click.option("--to", "receiver", help="Who receives it instead.")
    @contract_option
    @common_options
    def command(
        named: str | None,
        account_named: str | None,
        receiver: str | None,
        contract: str | None,
        **options: Any,
    ) -> None:
        session = Session.of(options)
        with session.deployed() as (operator, found):
            call = found_call(found, words, named, contract)
            who = person_named("of", account_named) or operator.address
            receipts = take_owed(operator, call, who, person_named("to", receiver))
        for one in receipts:
            session.output.say(f"Done: {one.label}")
            say_sent(session, one)
        session.output.result(
            {**call.as_json(), "of": who, **sent_facts(receipts[-1] if receipts else None)}
        )

    return command


def sweep_command(words: Words) -> Command:
    """Send what nobody took."""

    @click.command(
        "sweep",
        cls=Command,
        asks=True,
        help=(
            f"Send what {words.a_noun} owes and nobody took in time to whom its terms name."
            f"\n\nAnyone may, after that time. {words.naming}"
        ),
        examples=(f"prorata {words.command} sweep --dry-run", f"prorata {words.command} sweep"),
    )
    @named_argument(words)
    @contract_option
    @common_options
    def command(named: str | None, contract: str | None, **options: Any) -> None:
        session = Session.of(options)
        with session.deployed() as (operator, found):
            call = found_call(found, words, named, contract)
            receipts = sweep_owed(operator, call)
        for one in receipts:
            session.output.say(f"Done: {one.label}")
            say_sent(session, one)
        if not receipts:
            session.output.say("Nothing was sent: nothing is owed")
        session.output.result({**call.as_json(), **sent_facts(receipts[-1] if receipts else None)})

    return command


def return_command(words: Words) -> Command:
    """Give shares back."""

    @click.command(
        "return",
        cls=Command,
        asks=True,
        help=(
            f"Give shares of {words.a_noun} back that delivered too few.\n\nORDER is the number of "
            "the order that was delivered. What they cost is paid at once. The owner only, in the "
            "time that the terms leave for it."
        ),
        examples=(f"prorata {words.command} return 12 --shares 40 --dry-run",),
    )
    @click.argument("order", type=click.IntRange(min=1))
    @click.option("--shares", required=True, help="How many shares.")
    @click.option("--reference", default="", help="Tells two equal returns apart.")
    @named_option(words)
    @contract_option
    @common_options
    def command(
        order: int,
        shares: str,
        reference: str,
        named: str | None,
        contract: str | None,
        **options: Any,
    ) -> None:
        session = Session.of(options)
        with session.deployed() as (operator, found):
            call = found_call(found, words, named, contract)
            lots = call.units.lots_in("shares", shares)
            receipt = return_shares(operator, call, order, lots, reference)
            paid = sum(one.args["paid"] for one in receipt.events("Returned"))
            ladder = call.contract.order_of(call.id, order).ladder
        session.output.say(f"Given back: {call.units.shares(lots)}")
        session.output.say(f"  {'paid':<12}{call.units.paid(paid, ladder)}")
        say_sent(session, receipt)
        session.output.result({**call.as_json(), "order": order, **sent_facts(receipt)})

    return command


def entitle_command(words: Words) -> Command:
    """Count rights at a record."""

    @click.command(
        "entitle",
        cls=Command,
        help=(
            f"Count what holders had at the record of {words.a_noun}, for their rights."
            "\n\nA person's right is what all its wallets had. Nobody can order on shares that "
            "were not counted. Without --wallet all holders of the record are counted. "
            f"{words.naming}"
        ),
        examples=(
            f"prorata {words.command} entitle",
            f"prorata {words.command} entitle --wallet 0x…",
        ),
    )
    @named_argument(words)
    @click.option("--wallet", "wallets", multiple=True, help="Only this wallet; may be repeated.")
    @contract_option
    @common_options
    def command(
        named: str | None, wallets: tuple[str, ...], contract: str | None, **options: Any
    ) -> None:
        session = Session.of(options)
        with session.deployed() as (operator, found):
            call = found_call(found, words, named, contract)
            chosen = [str(person_named("wallet", one)) for one in wallets] or None
            receipts = count_rights(operator, found, call, chosen)
        number = sum(len(one.events("Entitled")) for one in receipts)
        said = f"Counted: {number:,} wallets" if number else "Nothing was sent: all are counted"
        session.output.say(said)
        session.output.result(
            {
                **call.as_json(),
                "counted": number,
                "transactions": [one.hash for one in receipts],
                "resumed": False,
            }
        )

    return command
