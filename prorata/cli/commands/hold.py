# SPDX-License-Identifier: MIT
"""Lock shares or money for somebody: by a secret, for a keeper, or until a time."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from prorata.chain.operator import Operator
from prorata.chain.signers import ElsewhereSigner
from prorata.cli.changes import sent_facts
from prorata.cli.command import Command, basis_options, common_options, reading_options
from prorata.cli.keepers import keeper_commands
from prorata.cli.networks import connected
from prorata.cli.output import Output
from prorata.cli.parameters import WHEN, parse_span
from prorata.cli.session import Session
from prorata.cli.trading import Place, looking_at, parse_what, trading
from prorata.cli.wanted_holds import WantedHold, require_fixed
from prorata.contracts.holds import Holds, HoldState
from prorata.errors import InputError
from prorata.files.writer import json_object
from prorata.market.counterparts import (
    Expected,
    find_secret,
    require_expected,
    require_final,
)
from prorata.market.hold_files import HoldFile, read_hold, require_ours, write_hold
from prorata.market.hold_list import list_holds, list_keepers
from prorata.market.hold_secrets import (
    lock_of,
    make_secret,
    read_secret,
    write_secret,
)
from prorata.market.holds import (
    Ended,
    amount_of,
    claim_hold,
    deliver_hold,
    is_appointed,
    place_hold,
    redirect_hold,
    refusals_of,
    release_hold,
)
from prorata.market.singletons import find_singleton
from prorata.market.voided_holds import void_hold, void_kept
from prorata.market.windows import (
    check_time_to_show,
    find_finality,
)
from prorata.register.enforcement import Basis
from prorata.values.times import moment

_ID = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)

CONTRACT = click.option(
    "--holds",
    "named",
    metavar="0x…",
    help="The holds contract.  [default: the usual one, `prorata market show`]",
)
FINAL_AFTER = click.option(
    "--final-after",
    type=click.IntRange(min=0),
    metavar="BLOCKS",
    help="When a block of this chain is final.  [default: when the node says so]",
)


@click.group()
def cli() -> None:
    """Lock shares or money for somebody: by a secret, for a keeper, or until a time.

    Shares whose token has appointed the holds contract are locked where they are: they earn, vote
    and count as their holder's. Everything else is taken into the contract's care.
    """


for _command in keeper_commands:
    cli.add_command(_command)


# ------------------------------------------------------------------------------------------ placing


@cli.command("secret", cls=Command, examples=("prorata hold secret secret.txt",))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document only.")
def secret_command(file: Path, as_json: bool) -> None:
    """Make a secret for a hold, and print its lock.

    FILE is written so that only its owner may read it, and never replaced. Who has the secret can
    claim what is held for it: keep the file until the trade is over.
    """
    output = Output(as_json)
    made = make_secret()
    write_secret(file, made)
    lock = f"0x{lock_of(made).hex()}"
    output.say(f"The secret is in {file}, and stands nowhere else; its lock is")
    output.say(f"  {lock}")
    output.result({"file": str(file), "lock": lock})


PLACE = 'prorata hold place "100 HARB12" --to 0x… --out ours.json'
AGAINST = (
    'prorata hold place "5,000 0x…" --against theirs.json --against-network https://… '
    '--expect "100 0x…" --out ours.json'
)


@cli.command(
    "place",
    cls=Command,
    asks=True,
    examples=(
        f"{PLACE} --until +3d --secret-file secret.txt",
        f"{PLACE} --until +3d --lock 0x… --dry-run",
        AGAINST,
    ),
)
@click.argument("what")
@click.option("--to", "receiver", help="Who gets it if the secret is shown.")
@click.option("--until", help=f"Last second at which the secret counts: {WHEN}.")
@click.option(
    "--secret-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The secret; is made if there is no such file.",
)
@click.option("--lock", help="The SHA-256 of a secret, where somebody else has that.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The file of terms to write."
)
@click.option("--nonce", type=click.IntRange(min=0), default=0, help="Tells equal holds apart.")
@click.option(
    "--custody", is_flag=True, help="Let shares move into the contract's care, if need be."
)
@click.option(
    "--against",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The terms of a hold on another chain, against which this one is placed.",
)
@click.option("--against-network", help="That chain's network, as --network.")
@click.option("--expect", help='What must be held there: "100 0x…", with the token\'s address.')
@click.option("--expect-for", help="For whom it must be held there.  [default: the account]")
@click.option(
    "--against-final-after",
    type=click.IntRange(min=0),
    metavar="BLOCKS",
    help="When a block of that chain is final.  [default: when its node says so]",
)
@click.option("--against-contract", metavar="0x…", help="The holds contract there.")
@click.option(
    "--margin",
    default="12h",
    show_default=True,
    help="What must lie between the ends of both holds, beside what the chains need to be final.",
)
@FINAL_AFTER
@CONTRACT
@common_options
def place_command(what: str, out: Path, **options: Any) -> None:
    """Hold shares or money for somebody until a secret is shown.

    WHAT is an amount and an asset: "100 HARB12", or "5,000 0x…". The terms are written to --out
    first, and the other side reads them there; a file that is there already is what a repetition
    goes by. With --against the hold is the second leg of a trade across two chains: the first one
    is read on its own chain, must be final and as expected, and the end of this one leaves room
    for both chains and the margin.
    """
    session = Session.of(options)
    with trading(session) as (operator, place):
        holds = find_singleton(Holds, place.chain, options["named"])
        # What an earlier run had signed is on the chain before anything is decided anew.
        operator.settle()
        require_fixed(operator, session, options)
        asset, amount = parse_what(place, what)
        wanted = WantedHold(session, place, holds, operator.address, options)
        terms = wanted.kept(out, asset.address, amount) or wanted.new(asset.address, amount)
        if session.stage is None:
            write_hold(out, HoldFile.of(holds, terms, asset.unit))
        placed = place_hold(operator, holds, terms, custody=options["custody"])
        refused = [] if placed.in_custody else refusals_of(place.chain, terms)
    said = asset.unit.amount(amount, asset.address)
    where = "in the contract's care" if placed.in_custody else "locked in the wallet"
    session.output.say(
        f"Held: {said.text} {asset.unit.symbol} for {terms.to} until {moment(terms.until)}, {where}"
    )
    rows = [
        ("terms", str(out)),
        ("lock", f"0x{terms.lock.hex()}"),
        ("transaction", placed.receipt.hash),
    ]
    for name, text in rows:
        session.output.say(f"  {name:<12}{text}")
    for sentence in refused:
        session.output.notice(f"as things are it could not be delivered: {sentence}")
    if placed.in_custody and asset.is_share_token():
        session.output.notice(
            "the shares are the holds contract's now: their income and votes are not their holder's"
        )
    facts = {
        "id": f"0x{placed.id.hex()}",
        "terms": str(out),
        "owner": terms.owner,
        "to": terms.to,
        "amount": said,
        "lock": f"0x{terms.lock.hex()}",
        "until": moment(terms.until),
        "in_custody": placed.in_custody,
        "approval": None if placed.approval is None else placed.approval.hash,
    }
    session.output.result(json_object({**facts, **sent_facts(placed.receipt)}))


# ----------------------------------------------------------------------------------------- claiming

TERMS = click.argument("terms")


@cli.command(
    "claim",
    cls=Command,
    asks=True,
    examples=(
        "prorata hold claim theirs.json --secret-file secret.txt",
        "prorata hold claim theirs.json --from ours.json --from-network https://…",
    ),
)
@TERMS
@click.option("--secret-file", type=click.Path(dir_okay=False, path_type=Path), help="The secret.")
@click.option(
    "--from",
    "source",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The terms of our own hold on another chain, whose claim has shown the secret.",
)
@click.option("--from-network", help="That chain's network, as --network.")
@click.option(
    "--from-final-after",
    type=click.IntRange(min=0),
    metavar="BLOCKS",
    help="When a block of that chain is final.  [default: when its node says so]",
)
@click.option("--from-contract", metavar="0x…", help="The holds contract there.")
@click.option(
    "--patience",
    default="0s",
    show_default=True,
    help="How long to wait until that claim is there and final.",
)
@click.option("--expect", help='What must be held: "100 HARB12"; else nothing is shown.')
@click.option("--late", is_flag=True, help="Show the secret though the end is near.")
@FINAL_AFTER
@CONTRACT
@common_options
def claim_command(terms: str, **options: Any) -> None:
    """Claim what is held, by its secret.

    TERMS is the file of terms, or the id of a hold. The secret is out as soon as this is sent, so
    that the hold must be final, and must not end before the claim is. With --from the secret is
    out already: it is read from the claim of our own hold on the other chain, once that is final.
    Whoever claims, it goes to the receiver.
    """
    session = Session.of(options)
    _require_source(options)
    with trading(session) as (operator, place):
        holds, file = _open(place, options["named"], terms)
        if options["expect"] is not None:
            asset, amount = parse_what(place, options["expect"], "expect")
            agreed = Expected(asset.address, amount, file.terms.to)
            require_expected(place.chain, file, agreed)
        elif options["source"] is None:
            _require_known(place, file)
        _require_signer(operator, options)
        state, _ = holds.state_of(file.id)
        secret = (
            b"" if state is not HoldState.OPEN else _secret(session, place, holds, file, options)
        )
        done = claim_hold(operator, holds, file.terms, secret)
    _show_end(session, place, file, done)


def _require_source(options: dict[str, Any]) -> None:
    if (options["secret_file"] is None) == (options["source"] is None):
        rule = "is not one source of the secret"
        raise InputError.of("from", "", rule, "give either --secret-file or --from")
    if options["source"] is not None and options["from_network"] is None:
        raise InputError.of("from-network", "", "is missing", "give --from-network")


def _require_signer(operator: Operator, options: dict[str, Any]) -> None:
    """A secret that is not out must not stand in a file that others are to sign."""
    if options["source"] is None and isinstance(operator.signer, ElsewhereSigner):
        rule = "signs elsewhere, so that the secret would be in a file before it is on the chain"
        remedy = "claim with any account that signs here: it goes to the receiver all the same"
        raise InputError.of("account", operator.address, rule, remedy)


def _require_known(place: Place, file: HoldFile) -> None:
    """Nobody shows a secret for a token that only calls itself what was promised."""
    if file.terms.asset not in place.known:
        rule = f"calls itself {file.amount.symbol}, and is no asset that is known here"
        remedy = 'say what was agreed, with its address: --expect "100 0x…"'
        raise InputError.of("expect", file.terms.asset, rule, remedy)


def _secret(
    session: Session, place: Place, holds: Holds, file: HoldFile, options: dict[str, Any]
) -> bytes:
    chain = place.chain
    finality = find_finality(chain, options["final_after"])
    if options["source"] is None:
        secret = read_secret(options["secret_file"])
        require_final(holds, file, finality)
        if not options["late"]:
            check_time_to_show(file.terms.until, chain.now(), finality)
        return secret
    source = read_hold(options["source"], "from")
    with connected(options["from_network"]) as (other, _):
        return find_secret(
            other,
            source,
            file.terms,
            ours_lag=finality.lag,
            after=options["from_final_after"],
            named=options["from_contract"],
            patience=parse_span(options["patience"], "patience"),
            tell=session.output.notice,
            now=chain.now,
        )


@cli.command("deliver", cls=Command, asks=True, examples=("prorata hold deliver theirs.json",))
@TERMS
@CONTRACT
@common_options
def deliver_command(terms: str, **options: Any) -> None:
    """Deliver a claimed hold that the token refused before.

    TERMS is the file of terms, or the id of a hold. Anyone may; what is in the way is said.
    """
    session = Session.of(options)
    with trading(session) as (operator, place):
        holds, file = _open(place, options["named"], terms)
        done = deliver_hold(operator, holds, file.terms)
    _show_end(session, place, file, done)


@cli.command(
    "redirect", cls=Command, asks=True, examples=("prorata hold redirect theirs.json --to 0x…",)
)
@TERMS
@click.option("--to", "other", required=True, help="Another wallet of the receiver.")
@CONTRACT
@common_options
def redirect_command(terms: str, other: str, **options: Any) -> None:
    """Name another wallet of the receiver for a claimed hold.

    TERMS is the file of terms, or the id of a hold. For one that cannot be delivered to the first;
    the register must know both wallets as one person's. `prorata hold deliver` then delivers it.
    """
    session = Session.of(options)
    with trading(session) as (operator, place):
        holds, file = _open(place, options["named"], terms)
        change = redirect_hold(operator, holds, file.terms, place.person("to", other))
        redirected = holds.redirected_to(file.id)
    session.output.say(f"What was claimed goes to {redirected}")
    facts = {"id": f"0x{file.id.hex()}", "redirected_to": redirected}
    session.output.result({**facts, **sent_facts(change.receipt)})


# ------------------------------------------------------------------------------------------- ending


@cli.command("release", cls=Command, asks=True, examples=("prorata hold release ours.json",))
@TERMS
@CONTRACT
@common_options
def release_command(terms: str, **options: Any) -> None:
    """End a hold without a delivery.

    TERMS is the file of terms, or the id of a hold. Its owner may once the time is over and nobody
    has claimed; its receiver at any time.
    """
    session = Session.of(options)
    with trading(session) as (operator, place):
        holds, file = _open(place, options["named"], terms)
        done = release_hold(operator, holds, file.terms)
    _show_end(session, place, file, done)


VOID = 'prorata hold void theirs.json --reason "Order 12/2027 of a court" --document order.pdf'


@cli.command("void", cls=Command, asks=True, examples=(VOID,))
@click.argument("terms", required=False)
@click.option(
    "--keeper", help="End what this keeper holds instead; auction or exchange: the market's."
)
@click.option("--owner", "holder", help="Whose shares the keeper holds.")
@basis_options
@CONTRACT
@common_options
def void_command(terms: str | None, keeper: str | None, holder: str | None, **options: Any) -> None:
    """End a hold of shares by an order of the token's owner.

    TERMS is the file of terms, or the id of a hold; or --keeper and --owner name what is kept. The
    shares are their holder's again. The order stands in the log with reason and document.
    """
    session = Session.of(options)
    basis = Basis.of(options["reason"], options["document"])
    if (terms is None) == (keeper is None) or (keeper is None) != (holder is None):
        rule = "is not one hold"
        raise InputError.of("terms", terms or "", rule, "give TERMS, or both --keeper and --owner")
    with session.deployed() as (operator, found):
        place = Place(operator.chain, found)
        if terms is not None:
            holds, file = _open(place, options["named"], terms)
            receipt = void_hold(operator, found, holds, file.terms, basis)
        else:
            assert keeper is not None
            assert holder is not None
            holds = find_singleton(Holds, place.chain, options["named"])
            who = {
                "keeper": place.keeper("keeper", keeper),
                "owner": place.person("owner", holder),
            }
            receipt = void_kept(operator, found, holds, basis, **who)
    session.output.say(f"Done: {receipt.label}")
    session.output.say(f"  {'document':<12}{basis.document_hash}")
    session.output.say(f"  {'transaction':<12}{receipt.hash}")
    session.output.result({"what": receipt.label, **basis.facts(), **sent_facts(receipt)})


# ------------------------------------------------------------------------------------------ looking


@cli.command("show", cls=Command, examples=("prorata hold show theirs.json",))
@TERMS
@FINAL_AFTER
@CONTRACT
@reading_options
def show_command(terms: str, final_after: int | None, **options: Any) -> None:
    """Show a hold as its chain has it: what, for whom, until when, and what can be done now.

    TERMS is the file of terms, or the id of a hold. A file is believed only as far as the chain
    says the same.
    """
    session = Session.of(options)
    with looking_at(session) as place:
        holds, file = _open(place, options["named"], terms)
        now = place.chain.now()
        found = next((one for one in list_holds(holds) if one.id == file.id), None)
        finality = find_finality(place.chain, final_after)
        try:
            require_final(holds, file, finality)
        except InputError:
            final = False
        else:
            final = True
        alive = found is None or found.is_alive
        refused = refusals_of(place.chain, file.terms) if alive else []
    said = f"{file.amount.unit.amount(file.terms.amount).text} {file.amount.symbol}"
    session.output.say(f"{said} of {file.terms.owner} for {file.terms.to}")
    rows = [
        ("state", "not placed" if found is None else found.state.label),
        ("until", moment(file.terms.until)),
        ("lock", f"0x{file.terms.lock.hex()}"),
    ]
    if found is not None:
        rows += [("where", found.where), ("next", found.next_step(now))]
    if found is not None and found.state is HoldState.OPEN:
        rows.append(("final", "yes" if final else "not yet"))
    for name, text in rows:
        session.output.say(f"  {name:<12}{text}")
    for sentence in refused:
        session.output.notice(f"as things are it could not be delivered: {sentence}")
    hold = None if found is None else found.as_json(now)
    session.output.result({"hold": hold, "final": final, "refusals": refused})


@cli.command(
    "list",
    cls=Command,
    examples=("prorata hold list", "prorata hold list --party 0x… --all --json"),
)
@click.option("--of", "of", metavar="ASSET", help="Only of this asset.")
@click.option("--party", help="Only of this owner, receiver or keeper.")
@click.option("--all", "everything", is_flag=True, help="Those that have ended, too.")
@CONTRACT
@reading_options
def list_command(of: str | None, party: str | None, everything: bool, **options: Any) -> None:
    """List the holds of a chain, and what can be done with each now."""
    session = Session.of(options)
    with looking_at(session) as place:
        chain = place.chain
        holds = find_singleton(Holds, chain, options["named"])
        asset = None if of is None else place.asset(of, "of").address
        who = None if party is None else place.keeper("party", party)
        found = list_holds(holds, asset=asset, party=who)
        keepers = list_keepers(holds, asset=asset, party=who)
        now = chain.now()
        own = None if place.found is None else place.found.token().address
        appointed = None if own is None else is_appointed(chain, own, holds.address)
    if not everything:
        found = [one for one in found if one.is_alive]
    for one in found:
        terms, said = one.terms, one.unit.amount(one.terms.amount)
        session.output.say(
            f"{said.text} {one.unit.symbol} of {terms.owner} for {one.receiver}: "
            f"{one.state.label}{f', {one.where}' if one.is_alive else ''}"
        )
        session.output.say(f"  {'id':<12}0x{one.id.hex()}")
        session.output.say(f"  {'next':<12}{one.next_step(now)}")
    for kept in keepers:
        most, kept_now = (kept.unit.amount(n).text for n in (kept.consent.most, kept.consent.kept))
        session.output.say(
            f"{kept.keeper} keeps {kept_now} of at most {most} {kept.unit.symbol} of {kept.owner} "
            f"until {moment(kept.consent.until)}"
        )
        session.output.say(f"  {'next':<12}{kept.next_step(now)}")
    if not found and not keepers:
        session.output.say("Nothing is held")
    if appointed is False:
        symbol = "" if place.found is None else place.found.settings.symbol
        session.output.notice(
            f"{symbol} has not appointed {holds.address}: "
            f"`prorata settings holds-contract {holds.address}` does, so that shares are locked "
            "where they are"
        )
    session.output.result(
        {
            "contract": holds.address,
            "appointed": appointed,
            "holds": [one.as_json(now) for one in found],
            "keepers": [kept.as_json(now) for kept in keepers],
        }
    )


# -------------------------------------------------------------------------------------------- words


def _open(place: Place, named: str | None, terms: str) -> tuple[Holds, HoldFile]:
    """The contract, and the hold that a file or an id names.

    Raises: InputError; ChainError.
    """
    holds = find_singleton(Holds, place.chain, named)
    if not _ID.fullmatch(terms):
        file = read_hold(Path(terms))
        require_ours(file, place.chain, holds.address)
        return holds, file
    wanted = bytes.fromhex(terms[2:])
    for one in list_holds(holds):
        if one.id == wanted:
            return holds, HoldFile.of(holds, one.terms, one.unit)
    rule = f"is no hold on chain {place.chain.chain_id}"
    raise InputError.of("terms", terms, rule, "`prorata hold list --all` shows them")


def _show_end(session: Session, place: Place, file: HoldFile, done: Ended) -> None:
    said = amount_of(place.chain, file.terms)
    words = {
        HoldState.DELIVERED: f"Delivered: {said} to {file.terms.to}",
        HoldState.CLAIMED: f"Claimed, and not delivered so far: {said} for {file.terms.to}",
        HoldState.RELEASED: f"Released: {said} to {file.terms.owner}",
    }
    session.output.say(words.get(done.state, f"{said}: {done.state.label}"))
    session.output.say(f"  {'transaction':<12}{done.receipt.hash}")
    if done.state is HoldState.CLAIMED:
        session.output.notice(
            "the token refuses the delivery now; the claim stands, and `prorata hold deliver` "
            "tries it again"
        )
    facts = {
        "id": f"0x{file.id.hex()}",
        "state": done.state.label,
        "amount": file.amount.unit.amount(file.terms.amount, file.terms.asset),
        "to": file.terms.to,
    }
    session.output.result(json_object({**facts, **sent_facts(done.receipt)}))
