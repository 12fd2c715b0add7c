# SPDX-License-Identifier: MIT
"""How the shares of one token moved, and why: issues, trades, deliveries from holds, and others.

`Movements` reads the token's events beside those of the chain's settlement and holds contracts, one
transaction at a time, and says of each transfer what it was:

    issue, burn     the token's agents made or destroyed the shares
    trade           an order was filled, or a trade settled
    delivery        a hold was delivered, for its secret or by its keeper
    custody         into the care of the holds contract, or back to the owner
    order           an agent moved them without the holder
    recovery        from a lost wallet to the one in its place
    transfer        anything else, trades at other contracts among it

What was acquired when and for what, `prorata.ledger.lot_history` works out from it. What a share
cost at its issue no event tells; `issue_price` says it, if anybody does.

The settlement contract keeps nothing of a trade. What somebody sends there beside one cannot be
told from that by events, and is the sender's loss: `prorata.ledger.trading` tells of both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TypeAlias

from prorata.chain.calls import DecodedEvent
from prorata.chain.events import Moment, moment_of, transaction_of
from prorata.ledger.holds import HeldShares
from prorata.ledger.trades import TRADING, Trade, trades_in
from prorata.values.addresses import ZERO_ADDRESS

__all__ = [
    "NO_MARKET",
    "IssuePrice",
    "MarketContracts",
    "Movement",
    "MovementKind",
    "Movements",
    "Plain",
    "plain_kind",
]


@dataclass(frozen=True)
class MarketContracts:
    """Where a chain's trades are settled and its holds are kept; empty where nowhere."""

    settlement: str = ""
    holds: str = ""

    @property
    def addresses(self) -> list[str]:
        """Those that there are."""
        return [address for address in (self.settlement, self.holds) if address]


NO_MARKET = MarketContracts()


class MovementKind(Enum):
    """Why shares moved."""

    ISSUE = "issue"
    BURN = "burn"
    TRADE = "trade"
    DELIVERY = "delivery"
    CUSTODY = "custody"
    ORDER = "order"
    RECOVERY = "recovery"
    TRANSFER = "transfer"


@dataclass(frozen=True)
class IssuePrice:
    """What a share's smallest unit cost at issue, in smallest units of `currency`."""

    currency: str
    price: Fraction

    def of(self, shares: int) -> int:
        """What so many shares cost, rounded down."""
        return int(self.price * shares)


Plain: TypeAlias = tuple[Moment, str, str, int]
"""An issue, a burn or a plain transfer: when, from whom, to whom, how many shares."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Shares that went from `giver` to `receiver`, other than plainly.

    `reference` is the hold that was delivered, or its keeper, and `owner` who had agreed to it.
    """

    kind: MovementKind
    moment: Moment
    transaction: str
    giver: str
    receiver: str
    shares: int
    trade: Trade | None = None
    reference: str = ""
    owner: str = ""


@dataclass(slots=True)
class _Transfer:
    """A transfer of one transaction, and what is known of it so far."""

    moment: Moment
    giver: str
    receiver: str
    shares: int
    kind: MovementKind | None = None
    trade: Trade | None = None
    reference: str = ""
    owner: str = ""
    """Whose the shares are that the holds contract gives or receives."""


class Movements:
    """How one token's shares moved: all of it, in order, and by its kind what was not plain."""

    def __init__(
        self,
        token: str,
        market: MarketContracts = NO_MARKET,
        issue_price: IssuePrice | None = None,
    ) -> None:
        self.token = token
        self.market = market
        self.issue_price = issue_price
        self.holds = HeldShares(token, market.holds)
        self.all: list[Movement | Plain] = []
        self.listed: list[Movement] = []
        """Those that were not plain."""
        self.unmatched: list[Trade] = []
        """Trades whose transfer the token does not tell."""
        self._transfers: list[Plain] = []
        self._others: list[tuple[DecodedEvent, int]] = []
        self._place: tuple[str, int] | None = None
        self._found: list[_Transfer] = []

    # ------------------------------------------------------------------------- events

    def apply(self, event: DecodedEvent, timestamp: int, *, by: str = "") -> None:
        """Enter an event of the token, or of the contract `by`.

        Events come in the order of the chain; call `close` behind the last one.
        """
        place = transaction_of(event), timestamp
        if place != self._place:
            self._end_transaction()
            self._place = place
        if by in ("", self.token):
            self._of_token(event, timestamp)
        elif by == self.market.holds:
            self.holds.of_contract(event, timestamp)
            self._others.append((event, timestamp))
        elif event.name in TRADING:
            self._others.append((event, timestamp))

    def close(self) -> None:
        """End the last transaction."""
        self._end_transaction()
        self._place = None

    def _of_token(self, event: DecodedEvent, timestamp: int) -> None:
        if event.name == "Transfer":
            args = event.args
            giver, receiver, shares = str(args["from"]), str(args["to"]), int(args["value"])
            if shares and giver != receiver:
                moment = moment_of(event, timestamp)
                self._transfers.append((moment, giver, receiver, shares))
            if receiver != ZERO_ADDRESS:
                return
        elif event.name in ("RecoverySuccess", "ForcedTransfer"):
            self._others.append((event, timestamp))
        self.holds.of_token(event, timestamp)

    def _end_transaction(self) -> None:
        if self._others:
            self._found = [_Transfer(*transfer) for transfer in self._transfers]
            for event, timestamp in self._others:
                self._explain(event, timestamp)
            for transfer in self._found:
                self._enter(transfer)
        else:
            # Nearly always: shares moved, and nothing says more.
            self.all += self._transfers
        self.holds.end_transaction()
        self._transfers.clear()
        self._others.clear()

    def _explain(self, event: DecodedEvent, timestamp: int) -> None:
        """Find the transfers that an event is about."""
        args, name = event.args, event.name
        if name in TRADING:
            for trade in trades_in(event, self.token, timestamp):
                self._explain_trade(trade)
        elif name == "ForcedTransfer":
            parties = str(args["from"]), str(args["to"]), int(args["amount"])
            self._find(MovementKind.ORDER, *parties)
        elif name == "RecoverySuccess":
            lost, successor = str(args["lostWallet"]), str(args["newWallet"])
            for transfer in self._found:
                if (transfer.giver, transfer.receiver) == (lost, successor):
                    transfer.kind = MovementKind.RECOVERY
        elif str(args.get("asset", "")) == self.token:
            self._explain_hold(event)

    def _explain_trade(self, trade: Trade) -> None:
        if not trade.shares:
            # A part so small that its shares were in the parts before: money without a transfer.
            self._list(_movement(MovementKind.TRADE, trade))
            return
        parties = trade.seller, trade.buyer
        found = self._find(MovementKind.TRADE, *parties, trade.shares)
        if found is not None:
            found.trade = trade
            return
        # Somebody's money may have been the shares, and the venue's fee a part of them: no price.
        rest = trade.without_price(trade.shares - trade.fee)
        found = self._find(MovementKind.TRADE, *parties, rest.shares) if trade.fee else None
        if found is not None:
            found.trade = rest
        else:
            self.unmatched.append(trade)

    def _explain_hold(self, event: DecodedEvent) -> None:
        args, name = event.args, event.name
        if name in ("Held", "Kept"):
            self._explain_custody(event)
        elif name in ("Delivered", "KeptDelivered"):
            self._explain_delivery(event)
        elif name in ("Released", "KeptReleased"):
            self._find(
                MovementKind.CUSTODY,
                self.market.holds,
                str(args["to"]) if name == "Released" else None,
                int(args["amount"]),
                self._owner(event),
            )

    def _explain_custody(self, event: DecodedEvent) -> None:
        """Shares that the holds contract took into its care: what is locked does not move."""
        args, owner = event.args, self._owner(event)
        if event.name == "Held":
            in_custody, amount = bool(args["inCustody"]), int(args["terms"]["amount"])
        else:
            in_custody = self.holds.kept_in_custody[str(args["keeper"]), owner] > 0
            amount = int(args["amount"])
        if in_custody:
            self._find(MovementKind.CUSTODY, owner, self.market.holds, amount, owner)

    def _explain_delivery(self, event: DecodedEvent) -> None:
        args, owner = event.args, self._owner(event)
        keeper, amount, receiver = args.get("keeper"), int(args["amount"]), str(args["to"])
        # From care, or by the owner, or by whoever stands in its place, whom not every event names.
        for giver in (self.market.holds, str(args.get("from", owner)), None):
            found = self._find(MovementKind.DELIVERY, giver, receiver, amount, owner)
            if found is not None:
                found.reference = str(keeper) if keeper else _number(event)
                return

    def _owner(self, event: DecodedEvent) -> str:
        """Who agreed to a hold."""
        stated = event.args.get("owner")
        return self.holds.owners.get(_number(event), "") if stated is None else str(stated)

    def _find(
        self,
        kind: MovementKind,
        giver: str | None,
        receiver: str | None,
        shares: int,
        owner: str = "",
    ) -> _Transfer | None:
        """The first transfer of the transaction that is still unexplained and fits; None is any."""
        for transfer in self._found:
            if (
                transfer.kind is None
                and transfer.shares == shares
                and giver in (None, transfer.giver)
                and receiver in (None, transfer.receiver)
                and ZERO_ADDRESS not in (transfer.giver, transfer.receiver)
            ):
                transfer.kind, transfer.owner = kind, owner
                return transfer
        return None

    # ----------------------------------------------------------------------- entering

    def _enter(self, one: _Transfer) -> None:
        if one.kind is None:
            self.all.append((one.moment, one.giver, one.receiver, one.shares))
            return
        movement = Movement(
            one.kind,
            one.moment,
            "" if self._place is None else self._place[0],
            one.giver,
            one.receiver,
            one.shares,
            one.trade,
            one.reference,
            one.owner,
        )
        self._list(movement)

    def _list(self, movement: Movement) -> None:
        self.all.append(movement)
        self.listed.append(movement)

    # ------------------------------------------------------------------------- figures

    @property
    def trades(self) -> Iterator[Movement]:
        """The trades, in order."""
        return (one for one in self.listed if one.trade is not None)

    @property
    def currencies(self) -> set[str]:
        """Every currency in which shares were traded."""
        return {one.trade.currency for one in self.listed if one.trade and one.trade.priced}

    def totals(self) -> dict[MovementKind, tuple[int, int]]:
        """How many movements there were of each kind, and of how many shares together."""
        numbers: Counter[MovementKind] = Counter()
        shares: Counter[MovementKind] = Counter()
        for one in self.all:
            kind = one.kind if isinstance(one, Movement) else plain_kind(one)
            numbers[kind] += 1
            shares[kind] += one.shares if isinstance(one, Movement) else one[3]
        return {kind: (numbers[kind], shares[kind]) for kind in MovementKind}


def _movement(kind: MovementKind, trade: Trade) -> Movement:
    """What a trade says of itself."""
    parties = trade.seller, trade.buyer
    return Movement(kind, trade.moment, trade.transaction, *parties, trade.shares, trade)


def _number(event: DecodedEvent) -> str:
    """The id of a hold; nothing for what a keeper does."""
    number = event.args.get("id")
    return "" if number is None else f"0x{bytes(number).hex()}"


def plain_kind(one: Plain) -> MovementKind:
    """Whether a plain movement was an issue, a burn or a transfer."""
    _, giver, receiver, _ = one
    if giver == ZERO_ADDRESS:
        return MovementKind.ISSUE
    return MovementKind.BURN if receiver == ZERO_ADDRESS else MovementKind.TRANSFER
