# SPDX-License-Identifier: MIT
"""Retire shares for a beneficiary, such as carbon credits, and write the certificate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prorata.assets.credits import read_batches
from prorata.cli.command import Command, common_options, reading_options
from prorata.cli.exchange_desk import contract_at
from prorata.cli.exchange_screens import contract_option, show_check, show_opened, show_retired
from prorata.cli.groups import CommandGroup, by_itself, require
from prorata.cli.output import escape
from prorata.cli.session import Session
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.market.exchanges.elective import check_exchange, exchange_now
from prorata.market.exchanges.listing import choose_exchange, list_exchanges
from prorata.market.exchanges.opening import open_exchange
from prorata.market.exchanges.retirement import RetirementNote, is_retirement, retirement_opening
from prorata.market.exchanges.terms import document_hash_of, shares_of_text
from prorata.register.documents import read_documents
from prorata.reports.certificates import Certificate, certificates_of, write_certificate
from prorata.reports.retirement_log import with_serials

RETIRE = 'prorata retire --amount 100 --beneficiary "Ann Example" --reason "Flights of 2027"'
OPEN_ONE = "let the issuer open one: `prorata retire open`"
_FILE = click.Path(dir_okay=False, path_type=Path)
EXAMPLES = (
    f"{RETIRE} --dry-run",
    f"{RETIRE} --certificate ann.html --account holder.json",
    "prorata retire open --account owner.json",
    "prorata retire certificate --transaction 0x… --out ann.html",
)


@click.group(cls=CommandGroup, asks=True, examples=EXAMPLES)
@click.option("--amount", help="How many shares.")
@click.option("--beneficiary", help="For whom, in words.")
@click.option("--reason", help="Why, in words.")
@click.option("--certificate", type=_FILE, help="Write the certificate: FILE.html, and .json.")
@click.option("--id", "number", type=int, help="The exchange.  [default: the one that is open]")
@click.option("--reference", default="", help="Tells two retirements apart that are alike.")
@contract_option
@common_options
def cli(amount: str | None, dry_run: bool, **options: Any) -> None:
    """Retire shares for a beneficiary, such as carbon credits, and write the certificate.

    The account's shares are burnt for nothing, for ever. Beneficiary and reason are public: they
    stand in the chain's own event, from which the certificate is written. The same is done once:
    give another --reference for a second one that is alike.
    """
    if not by_itself():
        return
    require(amount=amount, beneficiary=options["beneficiary"], reason=options["reason"])
    assert amount is not None
    session = Session.of(options)
    note = RetirementNote.of(options["beneficiary"], options["reason"])
    path = options["certificate"]
    if path is not None and path.suffix.lower() != ".html":
        raise InputError.of("certificate", path, "is no HTML file", "name it FILE.html")
    with session.deployed() as (operator, found):
        place = contract_at(found, options["contract"])
        chosen = choose_exchange(
            found, place, options["number"], is_retirement, noun="retirement", remedy=OPEN_ONE
        )
        shares = shares_of_text("amount", amount, found.settings.unit)
        if dry_run:
            check = check_exchange(found.chain, place, chosen.id, operator.address, shares)
            show_check(session, check, dry_run=True)
            return
        done = exchange_now(
            operator,
            place,
            chosen.id,
            shares,
            note=note.note,
            reference=options["reference"],
        )
        facts: dict[str, Any] = {"beneficiary": note.beneficiary, "reason": note.reason}
        if path is not None and session.stage is None:
            [made] = certificates_of(found, place, transaction=done.receipt.hash)
            facts["files"] = [str(one) for one in write_certificate(made, path)]
            session.output.say(f"The certificate is {path}")
    show_retired(session, done, note.beneficiary, **facts)


@cli.command(
    "open",
    cls=Command,
    examples=("prorata retire open --dry-run", "prorata retire open --document method.pdf"),
)
@click.option("--document", metavar="FILE|0xHASH", help="What it rests on, such as a method.")
@contract_option
@common_options
def open_command(document: str | None, contract: str | None, **options: Any) -> None:
    """Let holders retire shares of an asset, once and for all.

    The token's owner or an agent of it. The exchange contract becomes an agent of the token, which
    the owner appoints.
    """
    session = Session.of(options)
    with session.deployed() as (operator, found):
        place = contract_at(found, contract)
        rests = bytes(32) if document is None else document_hash_of(document)
        opening = retirement_opening(found.token().address, rests)
        done = open_exchange(operator, place, opening)
        show_opened(session, found, done)


@cli.command(
    "certificate",
    cls=Command,
    examples=(
        "prorata retire certificate --transaction 0x… --out ann.html",
        "prorata retire certificate --batches batches.csv --json",
    ),
)
@click.option("--transaction", metavar="0x…", help="Of this retirement only.  [default: all]")
@click.option("--out", type=_FILE, help="Write it: FILE.html, and .json beside it.")
@click.option(
    "--batches",
    type=_FILE,
    help="The file of all batches that were issued: certificates then name serials.",
)
@contract_option
@reading_options
def certificate_command(
    transaction: str | None,
    out: Path | None,
    batches: Path | None,
    contract: str | None,
    **options: Any,
) -> None:
    """List what was retired, or write the certificate of a retirement.

    It is read from the chain: anybody can write the same. With --batches, credits have serials, in
    the order in which they were retired; a certificate is pending until the token has a document of
    its number, which is the registry's reference: `prorata documents set`.
    """
    session = Session.of(options)
    with session.reading() as found:
        place = contract_at(found, contract)
        made = certificates_of(found, place)
        if batches is not None:
            made = _with_serials(found, made, batches)
        if transaction is not None:
            made = [one for one in made if one.transaction.lower() == transaction.lower()]
        opened = [one for one in list_exchanges(found, place) if is_retirement(one.exchange)]
    if transaction is not None and not made:
        rule = "retired nothing of this asset"
        remedy = "see `prorata retire certificate` for those that did"
        raise InputError.of("transaction", transaction, rule, remedy)
    files: list[str] = []
    if out is not None:
        if len(made) != 1:
            rule = f"is for one certificate, and there are {len(made)}"
            raise InputError.of("out", out, rule, "choose one with --transaction")
        files = [str(path) for path in write_certificate(made[0], out)]
        session.output.say(f"The certificate is {out}")
    _show(session, made, found.settings.symbol)
    if not opened:
        session.output.notice("nobody can retire yet: `prorata retire open` lets holders do it")
    session.output.result({"certificates": [one.as_json() for one in made], "files": files})


def _with_serials(found: Deployment, made: list[Certificate], path: Path) -> list[Certificate]:
    """The certificates of credits, by the file of all batches.

    Raises: InputError when the token has other credits, or its shares can be divided.
    """
    symbol, decimals = found.settings.symbol, found.settings.decimals
    if decimals:
        rule = f"is of credits, which are whole, and {symbol} has {decimals} decimals"
        raise InputError.of("batches", path, rule, "leave it out")
    issued = [one for one in read_batches(path) if one.token == symbol]
    if not issued:
        rule = f"has no batch of {symbol}"
        raise InputError.of("batches", path, rule, "give the file of the token's batches")
    return with_serials(made, issued, read_documents(found.token()))


def _show(session: Session, made: list[Certificate], symbol: str) -> None:
    rows = [
        (
            one.shares.text,
            "; ".join(one.serials) or one.counted,
            escape(one.beneficiary),
            escape(one.reason),
            one.transaction,
        )
        for one in made
    ]
    columns = ("retired>", "counted", "for", "because", "transaction")
    session.output.table(f"Retired of {symbol}: {len(rows)}", columns, rows)
