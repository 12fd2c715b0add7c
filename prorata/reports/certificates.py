# SPDX-License-Identifier: MIT
"""Certificates of retirement, written from the chain's own events: a page, and the same as JSON.

What was retired is counted in shares and in the order of the chain, so that each certificate names
its own part of the whole: after the first hundred, the next five shares are 101 to 105, or, where
shares have decimals, from 100.00 to 105.00. Whoever reads the chain writes the same page.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prorata.contracts.share_exchange import ShareExchange
from prorata.deployments.deployment import Deployment
from prorata.files.writer import json_object, write_json, write_whole
from prorata.market.exchanges.account import ExchangedLine, exchanges_made
from prorata.market.exchanges.listing import list_exchanges
from prorata.market.exchanges.retirement import RetirementNote, is_retirement
from prorata.reports.layouts import layout
from prorata.values.amounts import Amount, format_units
from prorata.values.times import moment

__all__ = ["Certificate", "certificates_of", "write_certificate"]


@dataclass(frozen=True)
class Certificate:
    """One retirement: `before` and `after` are all shares that were retired, without it and with.

    `note` is as it stands in the event, where it says something else than beneficiary and reason.
    Of credits with serials, `serials` are those that were retired, `invalid` those of them that the
    registry has invalidated since, and `reference` is what it has filed the retirement under.
    """

    asset: str
    symbol: str
    token: str
    chain_id: int
    contract: str
    exchange: int
    holder: str
    shares: Amount
    before: Amount
    after: Amount
    beneficiary: str
    reason: str
    note: str
    document: str
    at: int
    block: int
    transaction: str
    serials: tuple[str, ...] = ()
    invalid: tuple[str, ...] = ()
    reference: str = ""

    @property
    def state(self) -> str:
        """Where it is with the registry: a retirement counts there once it is filed."""
        if self.invalid:
            return "invalidated in part"
        return "filed" if self.reference else "pending"

    @property
    def number(self) -> str:
        """What tells it from all others: its transaction, in short."""
        units, decimals = self.after.units, self.after.decimals
        until = format_units(units, decimals, grouping=False, trim=True)
        return f"{self.symbol}-{until}-{self.transaction[2:10]}"

    @property
    def counted(self) -> str:
        """Which shares they are among all that were retired: `1 to 100`, `from 0.00 to 1.50`."""
        if self.shares.decimals:
            return f"from {self.before.text} to {self.after.text}"
        return f"{self.before.units + 1:,} to {self.after.text}"

    @property
    def day(self) -> str:
        """When it was, for a person."""
        return moment(self.at)

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        registry = {
            "serials": list(self.serials),
            "invalidated": list(self.invalid),
            "reference": self.reference or None,
            "state": self.state,
        }
        return json_object(
            {
                "certificate": self.number,
                "asset": self.asset,
                "symbol": self.symbol,
                "token": self.token,
                "chain_id": self.chain_id,
                "contract": self.contract,
                "exchange": self.exchange,
                "holder": self.holder,
                "retired": self.shares,
                "retired_before": self.before,
                "retired_after": self.after,
                "beneficiary": self.beneficiary,
                "reason": self.reason,
                "note": self.note,
                "document": self.document or None,
                "at": self.day,
                "block": self.block,
                "transaction": self.transaction,
                **(registry if self.serials else {}),
            }
        )


def certificates_of(
    found: Deployment, contract: ShareExchange, *, transaction: str | None = None
) -> list[Certificate]:
    """The certificates of all retirements of the asset, or of one transaction, in order.

    Raises: ChainError.
    """
    opened = {
        one.id: one.exchange
        for one in list_exchanges(found, contract)
        if is_retirement(one.exchange)
    }
    done, made = 0, []
    for line in exchanges_made(found, contract, list(opened)) if opened else ():
        document = opened[line.exchange].terms.document_hash
        made.append(_certificate(found, contract, line, done, document))
        done += line.shares
    wanted = None if transaction is None else transaction.lower()
    return [one for one in made if wanted in (None, one.transaction.lower())]


def _certificate(
    found: Deployment, contract: ShareExchange, line: ExchangedLine, before: int, document: bytes
) -> Certificate:
    unit, token = found.settings.unit, found.token().address
    said = RetirementNote.read(line.note)
    return Certificate(
        asset=found.settings.name,
        symbol=unit.symbol,
        token=token,
        chain_id=found.chain.chain_id,
        contract=contract.address,
        exchange=line.exchange,
        holder=line.holder,
        shares=unit.amount(line.shares),
        before=unit.amount(before),
        after=unit.amount(before + line.shares),
        beneficiary="" if said is None else said.beneficiary,
        reason="" if said is None else said.reason,
        note="" if said is not None else f"0x{line.note.hex()}",
        document=f"0x{document.hex()}" if any(document) else "",
        at=line.at,
        block=line.block,
        transaction=line.transaction,
    )


def write_certificate(certificate: Certificate, path: Path) -> tuple[Path, Path]:
    """Write the page to `path`, and the same as JSON beside it, each whole or not at all.

    Raises: InputError when they cannot be written.
    """
    beside = path.with_suffix(".json")
    page = layout("certificate").render(certificate=certificate)
    write_whole(path, page, column="certificate")
    write_json(beside, certificate.as_json(), column="certificate")
    return path, beside
