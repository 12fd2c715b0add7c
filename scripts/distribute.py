"""Distribute income to the holders of a record date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
from eth_utils.crypto import keccak

from prorata.abi import ZERO_ADDRESS
from prorata.apportion import Apportionment
from prorata.asset import check_address
from prorata.chain import RpcChain
from prorata.contracts import Currency, Kind, Terms
from prorata.money import format_units, percent
from prorata.operations import (
    Declared,
    Pushed,
    declare,
    holders_at,
    parse_amount,
    parse_moment,
    preview,
    push,
)
from scripts._doors import Door, DoorCommand, common_options

KINDS = [kind.label.replace(" ", "-") for kind in Kind]
SHOWN = 10


EXAMPLES = (
    "ape run distribute --currency USD --amount 85,000.00 --kind rent",
    "ape run distribute --record 2 --currency ETH --amount 12.5 --kind dividend --push",
)


@click.command(cls=DoorCommand, examples=EXAMPLES)
@click.option("--record", "record_id", type=int, help="The record date.  [default: the last one]")
@click.option("--currency", "currency_name", required=True, help="An address, ETH, or a symbol.")
@click.option("--amount", "amount_text", required=True, help="In whole units, such as 85,000.00.")
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What the income is.")
@click.option("--reference", help="What it is for; tells two alike apart.")
@click.option("--payable-from", help="When claims start, as for `record --at`.  [default: at once]")
@click.option("--deadline", help="When claims end, as for `record --at`.  [default: never]")
@click.option("--sweep-to", help="Who receives what is unclaimed after the deadline.")
@click.option("--exclude", multiple=True, help="An account that earns nothing.")
@click.option("--tax-policy", help="The contract that says what is withheld.")
@click.option("--push", "push_all", is_flag=True, help="Then pay every holder, page by page.")
@click.option("--dry-run", is_flag=True, help="Show who would receive what; send nothing.")
@common_options
def cli(
    record_id: int | None,
    currency_name: str,
    amount_text: str,
    push_all: bool,
    dry_run: bool,
    **options: Any,
) -> None:
    """Distribute income to the holders of a record date.

    The whole amount is paid in now; holders claim it, or --push pays them all. The same command
    again distributes nothing twice: give another --reference for a second payment that is
    alike.
    """
    door = Door.of(options)
    with door.deployed() as (operator, found):
        chosen = found.token().record_count() if record_id is None else record_id
        currency = found.currency(currency_name)
        amount = parse_amount(amount_text, currency)
        terms = _terms(options, operator.chain)
        if dry_run:
            balances = holders_at(found, chosen)
            law = preview(found, chosen, amount, balances, terms.excluded)
            _show_preview(door, chosen, currency, balances, law)
            return
        done = declare(
            operator, found, record_id=chosen, currency=currency, amount=amount, terms=terms
        )
        paid = None
        if push_all:
            paid = push(operator, found, done.id, sorted(holders_at(found, chosen)))
    _show(door, done, currency, paid)


def _terms(options: dict[str, Any], chain: RpcChain) -> Terms:
    def address(column: str) -> str:
        named = options[column.replace("-", "_")]
        return ZERO_ADDRESS if named is None else check_address(column, named)

    def time(column: str) -> int:
        text = options[column.replace("-", "_")]
        return 0 if text is None else parse_moment(text, chain, column)

    reference = options["reference"]
    return Terms(
        kind=Kind(KINDS.index(options["kind"])),
        payable_from=time("payable-from"),
        deadline=time("deadline"),
        sweep_to=address("sweep-to"),
        tax_policy=address("tax-policy"),
        document_hash=bytes(32) if reference is None else keccak(text=reference),
        excluded=tuple(check_address("exclude", account) for account in options["exclude"]),
    )


def _show_preview(
    door: Door,
    record_id: int,
    currency: Currency,
    balances: Mapping[str, int],
    law: Apportionment[str],
) -> None:
    units, symbol = currency.decimals(), currency.symbol()
    supply = sum(balances.values())
    largest = sorted(law.gross, key=lambda holder: (-law.gross[holder], holder))[:SHOWN]
    rows = [(who, percent(balances[who], supply), _money(law.gross[who], units)) for who in largest]
    title = f"The largest of {len(balances)} holders at record {record_id}, before tax"
    door.spoken.table(title, ("holder", "shares>", f"{symbol}>"), rows)
    left = _money(law.remainder, units)
    door.spoken.say(f"{left} {symbol} would be left over for the next distribution")
    door.spoken.result(
        {
            "dry_run": True,
            "record": record_id,
            "currency": currency.address,
            "amount": str(law.amount),
            "remainder": str(law.remainder),
            "gross": {holder: str(gross) for holder, gross in law.gross.items()},
        }
    )


def _show(door: Door, done: Declared, currency: Currency, paid: Pushed | None) -> None:
    units, symbol = currency.decimals(), currency.symbol()
    received, carried = _money(done.received, units), _money(done.carried_in, units)
    door.spoken.say(
        f"Distribution {done.id} pays {received} {symbol} at record {done.record_id}; "
        f"{carried} was carried in"
    )
    if paid is not None:
        net = _money(sum(payout.net for payout in paid.payouts), units)
        door.spoken.say(f"Paid {net} {symbol} to {len(paid.payouts)} holders")
        for holder, reason in paid.skipped.items():
            why = reason.name.lower().replace("_", " ")
            door.spoken.notice(f"{holder} was not paid ({why}) and is owed as before")
    door.spoken.result(
        {
            "distribution": done.id,
            "record": done.record_id,
            "currency": done.currency,
            "received": str(done.received),
            "carried_in": str(done.carried_in),
            "transaction": done.receipt.hash,
            "paid": None if paid is None else len(paid.payouts),
            "skipped": {} if paid is None else {h: r.name for h, r in paid.skipped.items()},
        }
    )


def _money(amount: int, decimals: int) -> str:
    return format_units(amount, decimals, trim=decimals > 6)
