# SPDX-License-Identifier: MIT
"""The commands about calls, which four sets of words share: offer, tender, window and auction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from prorata.cli.names import known_names
from prorata.contracts.call_auction import CallAuction
from prorata.contracts.call_terms import Side, Wanted
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.market.calls.drafts import DraftedCall, draft_call
from prorata.market.calls.known_calls import KnownCall, find_call
from prorata.market.calls.term_files import read_terms
from prorata.market.calls.wanted import wanted_of
from prorata.market.legs import find_person
from prorata.market.singletons import find_singleton
from prorata.values.addresses import check_address

__all__ = [
    "AUCTION",
    "FILE",
    "OFFER",
    "PAGE",
    "PERMIT",
    "TENDER",
    "TERMS",
    "WINDOW",
    "Words",
    "contract_option",
    "document_option",
    "drafted",
    "found_call",
    "named_argument",
    "named_option",
    "order_options",
    "person_named",
    "wanted_order",
]

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(dir_okay=False, path_type=Path)
TERMS = click.argument("terms", type=FILE)
PAGE = click.option("--page", type=int, help="Orders to a page.  [default: as many as fit]")
PERMIT = click.option("--permit", is_flag=True, help="Pay by a signature (ERC-2612).")


@dataclass(frozen=True)
class Words:
    """How a kind of call is spoken of; `command` are the words before each of its commands."""

    noun: str
    command: str
    called: str
    sides: tuple[Side, ...]

    @property
    def a_noun(self) -> str:
        """With its article."""
        return f"{'an' if self.called[0] in 'ao' else 'a'} {self.called}"

    @property
    def naming(self) -> str:
        """How a command's help speaks of its argument."""
        return f"{self.noun.upper()} is its number, name or id, or is left out where there is one."

    @property
    def place(self) -> str:
        """The command that places an order."""
        return "subscribe" if self.noun == "offer" else f"{self.command} place"


OFFER = Words("offer", "offer", "offering", (Side.BID,))
TENDER = Words("tender", "tender", "tender", (Side.ASK,))
WINDOW = Words("window", "redeem window", "redemption window", (Side.ASK,))
AUCTION = Words("auction", "auction", "auction", (Side.BID, Side.ASK))


# ----------------------------------------------------------------------------------------- options


def named_option(words: Words) -> Callable[[F], F]:
    """The option that names a call."""
    said = f"Which {words.called}: its number, name or id.  [default: the only one]"
    return click.option(f"--{words.noun}", "named", help=said)


def named_argument(words: Words) -> Callable[[F], F]:
    """The same as an argument, too, for commands that take no other."""

    def add(function: F) -> F:
        @wraps(function)
        def command(*args: Any, which: str | None, named: str | None, **options: Any) -> Any:
            if None not in (which, named) and which != named:
                rule = f"is given besides --{words.noun} {named}"
                raise InputError.of(words.noun, which, rule, "name one of them")
            return function(*args, named=which if named is None else named, **options)

        argument = click.argument("which", metavar=f"[{words.noun.upper()}]", required=False)
        return cast("F", named_option(words)(argument(command)))

    return add


def contract_option(function: F) -> F:
    """The option that names another contract."""
    said = "The call auction's contract.  [default: the usual one, `prorata market show`]"
    return click.option("--contract", metavar="0x…", help=said)(function)


def document_option(function: F) -> F:
    """The option that names a notice."""
    said = "The notice: a file, whose SHA-256 is kept, or a hash."
    return click.option("--document", metavar="FILE|0xHASH", help=said)(function)


def order_options(words: Words) -> Callable[[F], F]:
    """The options that say what an order is for."""

    def add(function: F) -> F:
        options = [
            click.option("--shares", help="How many shares, such as 40."),
            click.option("--lots", type=click.IntRange(min=1), help="The same in lots."),
            click.option(
                "--price", help="The limit, for a share.  [default: any, if there is one]"
            ),
        ]
        if words.noun == "offer":
            options += [
                click.option("--for", "money", help="How much money, where orders are money."),
                click.option("--in", "currency", help="The money, where there are two."),
            ]
        if len(words.sides) > 1:
            options.insert(
                0,
                click.option(
                    "--side", type=click.Choice(("buy", "sell")), required=True, help="Which side."
                ),
            )
        for option in reversed(options):
            function = option(function)
        return function

    return add


# ------------------------------------------------------------------------------------------ values


def drafted(
    found: Deployment, words: Words, terms: Path, opener: str, contract: str | None
) -> tuple[CallAuction, DraftedCall]:
    """The contract, and the terms of a file.

    Raises: InputError; DeploymentError; ChainError.
    """
    named = None if contract is None else check_address("contract", contract)
    auction = find_singleton(CallAuction, found.chain, named)
    return auction, draft_call(found, read_terms(terms, words.noun), opener)


def found_call(
    found: Deployment, words: Words, named: str | None, contract: str | None
) -> KnownCall:
    """The call that a person names.

    Raises: InputError; DeploymentError; ChainError.
    """
    where = None if contract is None else check_address("contract", contract)
    return find_call(found, named, (words.noun,), where)


def wanted_order(words: Words, call: KnownCall, options: dict[str, Any]) -> Wanted:
    """The order that the options describe.

    Raises: InputError for what is missing, said twice, or not exact.
    """
    side = words.sides[0]
    if len(words.sides) > 1:
        side = Side.BID if options["side"] == "buy" else Side.ASK
    return wanted_of(
        call,
        side,
        shares=options["shares"],
        lots=options["lots"],
        money=options.get("money"),
        price=options["price"],
        currency=options.get("currency"),
    )


def person_named(column: str, named: str | None) -> str | None:
    """The address that a person names, or the one behind a name of the address book.

    Raises: InputError.
    """
    return None if named is None else find_person(column, named, known_names())
