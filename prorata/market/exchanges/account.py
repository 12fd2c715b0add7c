# SPDX-License-Identifier: MIT
"""The account of an exchange: what every holder gave and got, from the chain's own events.

It is the same however often carrying it out was interrupted, and whoever did it. It is held against
the law and against what the contract says of the exchange, to the unit, before anybody is shown it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prorata.chain.abi import topics_of
from prorata.chain.calls import Event
from prorata.chain.events import stream_events
from prorata.chain.readings import read_steadily
from prorata.chain.types import Block, Log
from prorata.contracts.share_exchange import Exchange, ExchangeQuote, ShareExchange, SkipReason
from prorata.deployments.deployment import Deployment
from prorata.errors import BooksError
from prorata.files.writer import Row, json_object, write_csv_rows, write_json
from prorata.market.exchanges.law import brings, total_of
from prorata.market.exchanges.words import ExchangeUnits, units_of
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Amount
from prorata.values.times import moment

__all__ = ["ExchangeAccount", "ExchangedLine", "ExchangedRow", "account_of", "exchanges_made"]


class ExchangedRow(Row):
    """One exchange of one holder, as files have it."""

    holder: str
    shares: Amount
    paid: Amount | None
    in_lieu: Amount | None
    due: Amount | None
    other_shares: Amount | None
    payee: str
    note: str
    at: str
    transaction: str


@dataclass(frozen=True)
class ExchangedLine:
    """Shares of one holder that were exchanged; without a `payee`, what they brought was owed."""

    exchange: int
    holder: str
    shares: int
    brought: ExchangeQuote
    payee: str | None
    note: bytes
    at: int
    transaction: str
    block: int

    @classmethod
    def of(cls, event: Event, at: int) -> ExchangedLine:
        """From the event that says so."""
        args = event.args
        return cls(
            exchange=args["id"],
            holder=args["holder"],
            shares=args["shares"],
            brought=ExchangeQuote.of(args),
            payee=None if args["payee"] == ZERO_ADDRESS else args["payee"],
            note=bytes(args["note"]),
            at=at,
            transaction=event.log.transaction_hash,
            block=event.log.block_number,
        )


@dataclass(frozen=True)
class ExchangeAccount:
    """What an exchange has done until a block; `skipped` says whom the latest page passed over."""

    id: int
    exchange: Exchange
    units: ExchangeUnits
    block: Block
    lines: tuple[ExchangedLine, ...]
    skipped: dict[str, SkipReason]

    @property
    def shares(self) -> int:
        """Shares that were exchanged."""
        return sum(line.shares for line in self.lines)

    @property
    def brought(self) -> ExchangeQuote:
        """What they have brought in all."""
        return total_of(line.brought for line in self.lines)

    @property
    def owed_at_first(self) -> list[ExchangedLine]:
        """Those whose money was owed when their shares were taken."""
        return [line for line in self.lines if line.payee is None]

    def rows(self) -> list[ExchangedRow]:
        """One line for each exchange of a holder."""
        return [
            ExchangedRow(
                holder=line.holder,
                shares=self.units.share(line.shares),
                paid=self.units.paid(line.brought.paid),
                in_lieu=self.units.paid(line.brought.in_lieu),
                due=self.units.paid(line.brought.due),
                other_shares=self.units.others(line.brought.other_shares),
                payee=line.payee or "owed",
                note=f"0x{line.note.hex()}" if line.note else "",
                at=moment(line.at),
                transaction=line.transaction,
            )
            for line in self.lines
        ]

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        brought, units = self.brought, self.units
        document = json_object(
            {
                "exchange": self.id,
                "stage": self.exchange.stage.label,
                "block": self.block.number,
                "at": moment(self.block.timestamp),
                "shares": units.share(self.shares),
                "paid": units.paid(brought.paid),
                "in_lieu": units.paid(brought.in_lieu),
                "due": units.paid(brought.due),
                "other_shares": units.others(brought.other_shares),
                "still_owed": units.paid(self.exchange.owed),
                "funds": units.paid(self.exchange.funds),
                "skipped": {holder: why.label for holder, why in self.skipped.items()},
            }
        )
        return {**document, "holders": [json_object(row.values) for row in self.rows()]}

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write `exchange-<id>.json` and `.csv`, each whole or not at all.

        Raises: InputError when the folder cannot be written.
        """
        paths = folder / f"exchange-{self.id}.json", folder / f"exchange-{self.id}.csv"
        write_json(paths[0], self.as_json())
        write_csv_rows(paths[1], ExchangedRow, self.rows())
        return paths


def account_of(found: Deployment, contract: ShareExchange, exchange_id: int) -> ExchangeAccount:
    """What an exchange of the asset has done so far.

    Raises: BooksError when events, law and contract do not agree to the unit; ChainError.
    """

    def read(block: Block) -> ExchangeAccount:
        pinned = ShareExchange(found.chain, contract.address, block=block.number)
        exchange = pinned.exchange_of(exchange_id)
        lines, skipped = _lines(found, contract, exchange_id, block)
        units = units_of(found.chain, exchange.terms)
        done = ExchangeAccount(exchange_id, exchange, units, block, tuple(lines), skipped)
        _check(done)
        return done

    return read_steadily(found.chain, read)


def exchanges_made(
    found: Deployment, contract: ShareExchange, ids: Sequence[int]
) -> list[ExchangedLine]:
    """All exchanges of holders in some exchanges of the asset, in the chain's order.

    Raises: ChainError.
    """
    wanted = set(ids)

    def read(block: Block) -> list[ExchangedLine]:
        events = _events(found, contract, block, "Exchanged")
        return [ExchangedLine.of(e, at) for e, at in events if e.args["id"] in wanted]

    return read_steadily(found.chain, read)


def _events(
    found: Deployment, contract: ShareExchange, block: Block, *names: str
) -> list[tuple[Event, int]]:
    topics = topics_of("ShareExchange", *names)
    first = found.manifest.first_block
    return list(stream_events(found.chain, [contract.address], first, block.number, topics))


def _lines(
    found: Deployment, contract: ShareExchange, exchange_id: int, block: Block
) -> tuple[list[ExchangedLine], dict[str, SkipReason]]:
    lines: list[ExchangedLine] = []
    skipped: dict[str, SkipReason] = {}

    def ours(log: Log) -> bool:
        return int.from_bytes(log.topics[1], "big") == exchange_id

    topics = topics_of("ShareExchange", "Exchanged", "Skipped")
    first = found.manifest.first_block
    where = (found.chain, [contract.address], first, block.number, topics)
    for event, at in stream_events(*where, wanted=ours):
        if event.name == "Exchanged":
            lines.append(ExchangedLine.of(event, at))
            skipped.pop(event.args["holder"], None)
        elif SkipReason(event.args["reason"]) is not SkipReason.NO_SHARES:
            skipped[event.args["holder"]] = SkipReason(event.args["reason"])
    return lines, skipped


def _check(done: ExchangeAccount) -> None:
    """Raises: BooksError for the first figure in which events, law and contract differ."""
    terms, exchange = done.exchange.terms, done.exchange
    for line in done.lines:
        if terms.valuer == ZERO_ADDRESS and line.brought != brings(terms, line.shares):
            raise BooksError(
                f"{line.holder} gave {line.shares} units of shares in {line.transaction} for "
                f"{line.brought}, and the law gives {brings(terms, line.shares)}",
                "do not rely on this exchange before that is explained",
            )
    for figure, ours, theirs in (
        ("shares were exchanged", done.shares, exchange.exchanged),
        ("units were paid or are owed", done.brought.paid, exchange.paid),
    ):
        if ours != theirs:
            raise BooksError(
                f"in exchange {done.id}, {ours} {figure} by the events, and {theirs} by the "
                "contract",
                "check that the node is in step with the chain",
            )
