# SPDX-License-Identifier: MIT
"""The lots of everybody, from all movements of a token's shares.

A trade's buyer pays price and tax, whoever is allotted lots in a call the call's price; what was
issued cost the issue price, if anybody says it; of what came in any other way, as for shares of
another token, nobody knows the cost. A recovered wallet's lots go on in the wallet in
its place, and those of shares in the holds contract's care stay their owner's, as they were.

It takes a while for a register of millions, and is worked out when somebody asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from prorata.ledger.lots import Lot, LotPart, Lots
from prorata.ledger.movements import Movement, MovementKind, Movements, Plain, plain_kind
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["LotHistory"]

_AS_THEY_ARE = (MovementKind.RECOVERY, MovementKind.CUSTODY)


class LotHistory:
    """Everybody's lots now, and what each trade took of its seller's."""

    def __init__(self, movements: Movements) -> None:
        self.lots: Lots[str] = Lots()
        self.missing: Counter[str] = Counter()
        """Shares that left an account whose lots they were not: nobody's, unless a law is broken.
        """
        self._movements = movements
        self._sold: dict[int, tuple[LotPart, ...]] = {}
        for one in movements.all:
            if isinstance(one, Movement):
                self._enter(one)
            else:
                self._enter_plain(one)

    def sold(self, movement: Movement) -> tuple[LotPart, ...]:
        """The lots that a trade took, the oldest first."""
        return self._sold.get(id(movement), ())

    def of(self, wallets: Iterable[str]) -> int:
        """How many shares the lots of some wallets are, those in the holds contract's care too."""
        return sum(
            self.lots.shares(account)
            for wallet in wallets
            for account in (wallet, _in_care(wallet))
        )

    # ------------------------------------------------------------------------ entering

    def _enter_plain(self, one: Plain) -> None:
        moment, giver, receiver, shares = one
        kind, issued = plain_kind(one), self._movements.issue_price
        if giver != ZERO_ADDRESS:
            self._take(giver, one)
        if receiver == ZERO_ADDRESS:
            return
        if kind is MovementKind.ISSUE and issued is not None:
            lot = Lot(moment, shares, kind.value, issued.of(shares), issued.currency)
        else:
            lot = Lot(moment, shares, kind.value)
        self.lots.acquire(receiver, lot)

    def _enter(self, one: Movement) -> None:
        plain = one.moment, one.giver, one.receiver, one.shares
        giver = self._account(one, one.giver)
        if one.kind in _AS_THEY_ARE:
            self._cover(giver, plain)
            self.lots.move(giver, self._account(one, one.receiver), one.shares)
            return
        parts = [] if giver == ZERO_ADDRESS else self._take(giver, plain)
        trade = one.trade
        if trade is not None:
            self._sold[id(one)] = tuple(parts)
        if one.receiver == ZERO_ADDRESS:
            return
        origin, cost, currency = one.kind.value, None, ""
        if trade is not None:
            origin = "purchase" if one.kind is MovementKind.TRADE else origin
            cost, currency = (trade.cost if trade.priced else None), trade.currency
        self.lots.acquire(one.receiver, Lot(one.moment, one.shares, origin, cost, currency))

    def _account(self, one: Movement, account: str) -> str:
        """What the lots of an account are filed under: of the holds contract's, their owner's."""
        cared_for = account == self._movements.market.holds and one.owner
        return _in_care(one.owner) if cared_for else account

    def _take(self, giver: str, one: Plain) -> list[LotPart]:
        self._cover(giver, one)
        return self.lots.take(giver, one[3])

    def _cover(self, giver: str, one: Plain) -> None:
        """Note shares that leave an account which has no lots of them, and make some up."""
        moment, _, _, shares = one
        lacking = shares - self.lots.shares(giver)
        if lacking > 0:
            self.missing[giver] += lacking
            self.lots.acquire(giver, Lot(moment, lacking, "unknown"))


def _in_care(owner: str) -> str:
    """What the lots of shares in the holds contract's care are filed under."""
    return f"{owner} in custody"
