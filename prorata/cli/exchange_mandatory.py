# SPDX-License-Identifier: MIT
"""What `mature` and `squeeze-out` share: open with notice, and from the opening carry it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, TypeVar

import click

from prorata.cli.exchange_desk import (
    Desk,
    carry,
    gas_option,
    moment_of,
    page_option,
    person,
    reference_option,
)
from prorata.cli.exchange_screens import contract_option, show_opened, show_preview
from prorata.cli.parameters import WHEN
from prorata.contracts.share_exchange import ExchangeStage
from prorata.market.exchanges.mandatory import Wanted
from prorata.market.exchanges.opening import open_exchange, opened_before
from prorata.market.exchanges.previews import preview_exchange
from prorata.market.exchanges.terms import Opening, document_hash_of
from prorata.market.exchanges.vault_shares import read_vault_shares, require_pushed
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["mandatory_options", "run_mandatory", "wanted_of"]

F = TypeVar("F", bound=Callable[..., Any])

MONTH = 30 * 86_400


def mandatory_options(function: F) -> F:
    """The options of both."""
    options = (
        click.option("--price", required=True, help='For a whole share, such as "1,000.00 USD".'),
        click.option("--at", required=True, help=f"When it begins: {WHEN}."),
        click.option(
            "--until", help="By when it is to be finished.  [default: 30 days after it begins]"
        ),
        click.option(
            "--document", required=True, metavar="FILE|0xHASH", help="The resolution or notice."
        ),
        click.option("--treasury", help="Who gets back what is left.  [default: the account]"),
        click.option("--take-until", help="Until when what is owed can be taken.  [default: ever]"),
        click.option("--sweep-to", help="Who receives what is owed after that."),
        page_option,
        gas_option,
        reference_option,
        contract_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


def wanted_of(desk: Desk, options: Mapping[str, Any]) -> Wanted:
    """What the options say.

    Raises: InputError.
    """
    chain = desk.operator.chain
    opens_at = moment_of(options["at"], chain, "at")
    until, take, sweep = options["until"], options["take_until"], options["sweep_to"]
    return Wanted(
        price=options["price"],
        opens_at=opens_at,
        closes_at=opens_at + MONTH if until is None else moment_of(until, chain, "until"),
        document=options["document"],
        treasury=desk.operator.address
        if options["treasury"] is None
        else person("treasury", options["treasury"]),
        take_until=0 if take is None else moment_of(take, chain, "take-until"),
        sweep_to=ZERO_ADDRESS if sweep is None else person("sweep-to", sweep),
    )


def run_mandatory(
    desk: Desk,
    name: str,
    options: Mapping[str, Any],
    make: Callable[[], Opening],
    *,
    dry_run: bool,
) -> None:
    """Open it, the first time; after its opening, carry it out or go on with that.

    The same words mean the same exchange, although a time in them may be counted from now.
    """
    words = _words(name, options)
    done = opened_before(desk.operator, desk.place, words)
    if done is None:
        opening = make()
        require_pushed(read_vault_shares(desk.found))
        if dry_run:
            show_preview(desk.session, preview_exchange(desk.found, desk.place, opening))
            return
        opened = open_exchange(desk.operator, desk.place, opening, words=words)
        show_opened(desk.session, desk.found, opened, stage="noticed")
        return
    exchange = desk.place.exchange_of(done.id)
    if exchange.stage is not ExchangeStage.OPEN:
        show_opened(desk.session, desk.found, done, stage=exchange.stage.label)
        return
    if dry_run:
        preview = preview_exchange(desk.found, desk.place, done.opening)
        if desk.found.chain.now() >= done.opening.terms.opens_at:
            require_pushed(preview.vault)
        show_preview(desk.session, preview)
        return
    carry(desk, done.id, options["page"], options["page_gas"])


def _words(name: str, options: Mapping[str, Any]) -> str:
    """What tells one such exchange from another: what was said, and the document itself."""
    said = ("price", "at", "until", "treasury", "take_until", "sweep_to", "reference")
    more = ("acquirer", "locked")
    parts = [name, *(f"{key}={options.get(key)}" for key in (*said, *more))]
    parts.append(document_hash_of(options["document"]).hex())
    return sha256("\n".join(parts).encode()).hexdigest()
