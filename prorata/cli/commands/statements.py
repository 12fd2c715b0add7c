# SPDX-License-Identifier: MIT
"""Write what every holder was paid in a year, as letters and in the words of tax forms."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.groups import CommandGroup, by_itself, require
from prorata.cli.output import Output
from prorata.cli.session import Session
from prorata.cli.year_rules import year_options, year_rules_of
from prorata.contracts.currency import parse_amount
from prorata.deployments.deployment import Deployment
from prorata.errors import BooksError, InputError
from prorata.ledger.audits import audit_deployment
from prorata.ledger.movements import IssuePrice
from prorata.reports.annual import year_totals
from prorata.reports.documents import YearTotals
from prorata.reports.mailing import Issued, deliver, issue_statements
from prorata.reports.tables import verdict
from prorata.reports.usual import ISSUER, RECIPIENTS, post_of
from prorata.values.times import moment, parse_instant
from prorata.values.words import counted

DEFAULT_OUT = "out/statements"
COLUMNS = ("currency", "payments>", "gross>", "tax withheld>", "tax repaid>", "net>")

year_option = click.option("--year", type=int, help="The year in which income counts.")
out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"The folder to write to.  [default: {DEFAULT_OUT}/<symbol>-<year>]",
)
issuer_option = click.option(
    "--issuer",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"A YAML file with the issuer's name, address and logo.  [default: {ISSUER} in the "
    "deployment's folder, if it is there]",
)
recipients_option = click.option(
    "--recipients",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A CSV file with account numbers, names, postal addresses and countries by wallet.  "
    f"[default: {RECIPIENTS} in the deployment's folder, if it is there]",
)

issue_price_option = click.option(
    "--issue-price",
    metavar="PRICE",
    help='What a share cost at issue, such as "1,000.00 USD": the cost of who sells shares that it '
    "was issued.  [default: not known, and no gain is shown]",
)

EXAMPLES = (
    "prorata statements --year 2027",
    "prorata statements --year 2027 --issuer examples/building/issuer.yaml",
    "prorata statements --year 2027 --year-rule US",
    "prorata statements --year 2027 --names examples/building/holders.csv --out out/2027",
    'prorata statements --year 2027 --issue-price "1,000.00 USD"',
    'prorata statements delivered --year 2027 --account HB-0001 --how "letter, registered"',
)


@click.group(cls=CommandGroup, examples=EXAMPLES)
@year_option
@year_options
@issuer_option
@recipients_option
@issue_price_option
@out_option
@reading_options
def cli(year: int | None, **options: Any) -> None:
    """Write a statement of the year for every holder, and a summary of all.

    Each is a letter as HTML and as PDF on A4, a CSV file and a JSON file, named by the holder's
    account number. Holders see the words of their own country; persons of the United States see the
    boxes of its forms. It is a help for whoever prepares the forms, not tax advice.

    The books are rebuilt and compared with the chain first; of books that do not balance nothing is
    written, and the exit code is 1. What was written is never overwritten: where something has
    changed since, the next version stands beside it.

    Who traded finds sales, with cost and gain by the oldest lots first, purchases, and what it had
    at the end of the year. Where nobody knows what shares cost, as of those that were issued, if no
    `--issue-price` is given, the letter says so.

    Income counts in the year of the rule of each holder's country: for the US that at whose end it
    was at the holder's demand, else that in which it was paid. Each statement says which it was.
    """
    if not by_itself():
        return
    require(year=year)
    assert year is not None
    session = Session.of(options)
    with session.reading() as found:
        symbol, known = found.settings.symbol, session.known
        post = post_of(found, options["issuer"], options["recipients"])
        proven = audit_deployment(found, issue_price=_issue_price(options["issue_price"], found))
        ledger = proven.books.ledgers[found.token().address]
        rules = year_rules_of(options, found, ledger, session.output)
    books, output, token = proven.books, session.output, found.token().address
    if not proven.balanced:
        raise BooksError(verdict(proven), "find out why with `prorata books`")
    for unproven in books.unproven:
        output.notice(unproven)
    folder = options["out"] or Path(DEFAULT_OUT) / f"{symbol}-{year}"
    with output.counter(f"statements of {year}") as follow:
        issued = issue_statements(
            books, token, year, folder, known=known, post=post, rules=rules, on_progress=follow
        )
    _show(output, year_totals(books, token, year, issued.statements), issued)


def _issue_price(text: str | None, found: Deployment) -> IssuePrice | None:
    """What a share cost at issue, from an amount and a currency of the asset."""
    if text is None:
        return None
    amount, _, named = text.strip().rpartition(" ")
    if not amount:
        rule = "is no amount and currency"
        raise InputError.of("issue-price", text, rule, 'write it as "1,000.00 USD"')
    currency = found.currency(named)
    units = parse_amount(amount, currency)
    return IssuePrice(currency.address, Fraction(units, 10**found.settings.decimals))


def _show(output: Output, facts: YearTotals, issued: Issued) -> None:
    year, symbol = facts.year, facts.symbol
    if not facts.year_has_ended:
        output.notice(f"the year {year} has not ended; the chain is at {facts.as_of}")
    rows = [
        (
            total.currency,
            f"{total.payments:,}",
            *(
                amount.text
                for amount in (
                    total.gross_cash_amount,
                    total.withholding_tax_amount,
                    total.tax_repaid_amount,
                    total.net_cash_amount,
                )
            ),
        )
        for total in facts.totals
    ]
    many, where = len(issued.statements), f"version {issued.version}, in {issued.folder}/"
    if rows:
        title = f"{symbol} in {year}: {counted(many, 'statement')}"
        output.table(title, COLUMNS, rows)
    else:
        output.say(f"Nobody's income counts in {year}")
    if issued.unchanged:
        output.say(f"Nothing has changed: they stand as {where}")
    elif rows:
        output.say(f"They are {where} and add up to what the books say")
    for rule in facts.year_rules if rows else ():
        output.say(rule)
    if facts.corrected:
        output.notice(f"{facts.corrected} of them are corrected: they supersede earlier ones")
    output.result(
        {
            "folder": str(issued.folder),
            "version": issued.version,
            "unchanged": issued.unchanged,
            **facts.model_dump(mode="json"),
        }
    )


@cli.command("delivered", cls=Command, examples=EXAMPLES[-1:])
@year_option
@click.option("--account", "accounts", multiple=True, required=True, help="An account number.")
@click.option("--how", required=True, help="How it was sent, in words.")
@click.option("--at", help="When: 2028-01-31, or a time with a zone.  [default: now]")
@click.option("--version", type=int, help="Which version was sent.  [default: the latest]")
@out_option
@click.option("--symbol", help="The asset's symbol, where --out is not given.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document only.")
def delivered(year: int | None, accounts: tuple[str, ...], how: str, **options: Any) -> None:
    """Note that statements were sent, in deliveries.jsonl beside them.

    Each line has the account, the version, the digest of the PDF, how it went out and when.
    """
    require(year=year)
    folder = options["out"] or _usual_folder(options["symbol"], year)
    # When a letter was posted is a matter of this machine's clock, not of a chain's.
    at = options["at"]
    sent_at = moment(int(time.time()) if at is None else parse_instant(at))
    notes = deliver(folder, accounts, how, sent_at, options["version"])
    output = Output(options["as_json"])
    for note in notes:
        output.say(f"Noted: {note['account']}, version {note['version']}, {how}, {sent_at}")
    output.result({"deliveries": notes})


def _usual_folder(symbol: str | None, year: int | None) -> Path:
    found = sorted(Path(DEFAULT_OUT).glob(f"{symbol or '*'}-{year}"))
    if len(found) == 1:
        return found[0]
    many = f"{len(found)} folders of {year}" if found else f"no statements of {year}"
    rule = f"is missing, and there are {many} in {DEFAULT_OUT}"
    raise InputError.of("out", "", rule, "give --out, the folder of the statements")
