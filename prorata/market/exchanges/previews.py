# SPDX-License-Identifier: MIT
"""Who gets what in a mandatory exchange, to the unit, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from prorata.contracts.share_exchange import ExchangeQuote, ShareExchange
from prorata.deployments.deployment import Deployment
from prorata.errors import BooksError
from prorata.files.writer import Row, json_object
from prorata.market.exchanges.law import brings, total_of
from prorata.market.exchanges.opening import funded_whole
from prorata.market.exchanges.terms import Opening
from prorata.market.exchanges.vault_shares import VaultShares, read_vault_shares
from prorata.market.exchanges.words import ExchangeUnits, units_of
from prorata.register.holders import holders_now
from prorata.values.amounts import Amount

__all__ = ["ExchangePreview", "PreviewLine", "PreviewRow", "preview_exchange"]


class PreviewRow(Row):
    """One holder, as files have it."""

    holder: str
    shares: Amount
    paid: Amount | None
    in_lieu: Amount | None
    other_shares: Amount | None
    held_shares: Amount
    what: str


@dataclass(frozen=True)
class PreviewLine:
    """One holder, and what its shares bring.

    `what` is `paid`; `owed: frozen` while the wallet is; `owed: held` for the part that `held`
    shares bring; or `locked` for the acquirer, whose shares are not taken.
    """

    holder: str
    shares: int
    brings: ExchangeQuote
    held: int
    what: str


@dataclass(frozen=True)
class ExchangePreview:
    """A mandatory exchange as it would be carried out for those who hold shares now.

    The dividend vault is none of them: its shares are `vault`'s to tell of.
    """

    opening: Opening
    units: ExchangeUnits
    lines: tuple[PreviewLine, ...]
    vault: VaultShares

    @cached_property
    def total(self) -> ExchangeQuote:
        """What all lines bring together."""
        return total_of(line.brings for line in self.lines)

    @property
    def taken(self) -> int:
        """Shares that are taken."""
        return sum(line.shares for line in self.lines if line.what != "locked")

    @property
    def spare(self) -> int:
        """Money that is funded and that nobody gets, as holdings are now: it goes back."""
        return self.opening.funding - self.total.paid

    def rows(self) -> list[PreviewRow]:
        """One line per holder."""
        return [
            PreviewRow(
                holder=line.holder,
                shares=self.units.share(line.shares),
                paid=self.units.paid(line.brings.paid),
                in_lieu=self.units.paid(line.brings.in_lieu),
                other_shares=self.units.others(line.brings.other_shares),
                held_shares=self.units.share(line.held),
                what=line.what,
            )
            for line in self.lines
        ]

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        total = self.total
        document = json_object(
            {
                "funding": self.units.paid(self.opening.funding),
                "locked": self.units.share(self.opening.locked),
                "shares": self.units.share(self.taken),
                "paid": self.units.paid(total.paid),
                "in_lieu": self.units.paid(total.in_lieu),
                "other_shares": self.units.others(total.other_shares),
                "spare": self.units.paid(self.spare),
            }
        )
        document["vault"] = self.vault.as_json()
        return {**document, "holders": [json_object(row.values) for row in self.rows()]}


def preview_exchange(
    found: Deployment, contract: ShareExchange, opening: Opening
) -> ExchangePreview:
    """Who would get what, by the register as it is now.

    Raises: InputError for terms that contradict themselves; BooksError where they would bring more
    than the contract asks to be funded; ChainError.
    """
    whole = funded_whole(found.chain, contract, opening)
    shares = read_vault_shares(found)
    balances = {who: held for who, held in holders_now(found).items() if who != shares.vault}
    lines = _lines(found, opening, balances)
    preview = ExchangePreview(whole, units_of(found.chain, opening.terms), lines, shares)
    needed = contract.funding_for(opening.terms, opening.locked)
    if preview.total.paid > needed:
        raise BooksError(
            f"all shares bring {preview.total.paid} units by the law, and the contract asks to be "
            f"funded with {needed}",
            "check that the node is in step with the chain",
        )
    return preview


def _lines(
    found: Deployment, opening: Opening, balances: Mapping[str, int]
) -> tuple[PreviewLine, ...]:
    """The holders, the largest first."""
    terms, token = opening.terms, found.token()
    holders = sorted(balances, key=lambda holder: (-balances[holder], holder))
    frozen = dict(zip(holders, token.are_frozen(holders), strict=True))
    held = dict(zip(holders, token.helds_of(holders), strict=True))
    lines = []
    for holder in holders:
        shares, what = balances[holder], "paid"
        if not shares:
            continue
        if holder == terms.acquirer:
            lines.append(PreviewLine(holder, shares, ExchangeQuote(), 0, "locked"))
            continue
        if held[holder]:
            what = "owed: held"
        if frozen[holder]:
            what = "owed: frozen"
        lines.append(
            PreviewLine(holder, shares, brings(terms, shares), min(held[holder], shares), what)
        )
    return tuple(lines)
