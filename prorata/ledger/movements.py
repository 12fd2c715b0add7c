# SPDX-License-Identifier: MIT
"""How the shares of one token moved, and why: issues, trades, deliveries from holds, and others.

`Movements` reads the token's events beside those of the chain's settlement and holds contracts, one
transaction at a time, and says of each transfer what it was:

    issue, burn     the token's agents made or destroyed the shares
    trade           an order was filled, or a trade settled
    allotment       an offering's lots were minted for, or delivered to, who had bid for them
    auction         lots went from holder to holder in a call
    tender          lots went to the principal of a call that buys
    return          a buyer gave its lots back, since too few had been delivered
    redemption      a holder gave shares for money, and they were burnt
    maturity        everybody's shares were burnt for money
    squeeze-out     everybody's shares went to, or were burnt for, whoever bought the rest out
    retirement      a holder had shares burnt for nothing
    exchange        shares were given for shares of another token, or had for those
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
from prorata.contracts.call_terms import CallKind
from prorata.ledger.calls import CALLING, Calls
from prorata.ledger.exchanges import EXCHANGING, ExchangeAccount, Exchanges
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
    """Where a chain's trades are settled, its holds kept, its calls and exchanges made.

    Empty where nowhere.
    """

    settlement: str = ""
    holds: str = ""
    auction: str = ""
    exchange: str = ""

    @property
    def addresses(self) -> list[str]:
        """Those that there are."""
        found = (self.settlement, self.holds, self.auction, self.exchange)
        return [address for address in found if address]

    def tells(self, address: str, event: str | None) -> bool:
        """Whether an event is one that the books enter; those of other contracts all are."""
        entered = {
            self.settlement: TRADING,
            self.auction: CALLING,
            self.exchange: EXCHANGING,
        }.get(address)
        return entered is None or event in entered


NO_MARKET = MarketContracts()


class MovementKind(Enum):
    """Why shares moved."""

    ISSUE = "issue"
    BURN = "burn"
    TRADE = "trade"
    ALLOTMENT = "allotment"
    AUCTION = "auction"
    TENDER = "tender"
    RETURN = "return"
    REDEMPTION = "redemption"
    MATURITY = "maturity"
    SQUEEZE_OUT = "squeeze-out"
    RETIREMENT = "retirement"
    EXCHANGE = "exchange"
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
        self.calls = Calls(token)
        self.exchanges = Exchanges(token)
        self.all: list[Movement | Plain] = []
        self.listed: list[Movement] = []
        """Those that were not plain."""
        self.unmatched: list[Trade] = []
        """Trades whose transfer the token does not tell."""
        self._transfers: list[Plain] = []
        self._others: list[tuple[DecodedEvent, int]] = []
        self._sold: list[tuple[MovementKind, Trade]] = []
        """What calls and exchanges of the transaction say of the shares."""
        self._had: list[tuple[ExchangeAccount, str, int]] = []
        """In which exchange who had how many shares, for those of another token."""
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
        elif by == self.market.auction:
            self.calls.apply(event, timestamp)
            if (trade := self.calls.trade(event, timestamp)) is not None:
                self._sold.append((_kind_in_call(self.calls, event), trade))
        elif by == self.market.exchange:
            self.exchanges.apply(event, timestamp)
            self._of_exchange(event, timestamp)
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
        if self._others or self._sold or self._had:
            self._found = [_Transfer(*transfer) for transfer in self._transfers]
            # These first: what they say of a transfer is more than that a hold was delivered, or
            # that an agent's order moved it.
            for kind, trade in self._sold:
                self._explain_sold(kind, trade)
            for one, receiver, shares in self._had:
                self._explain_had(one, receiver, shares)
            for event, timestamp in self._others:
                self._explain(event, timestamp)
            for transfer in self._found:
                self._enter(transfer)
        else:
            # Nearly always: shares moved, and nothing says more.
            self.all += self._transfers
        self.holds.end_transaction()
        for told in (self._transfers, self._others, self._sold, self._had):
            told.clear()

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

    def _explain_sold(self, kind: MovementKind, trade: Trade) -> None:
        """Shares that went in a call or an exchange: from care, from or to a successor, too."""
        care = self.market.holds
        for giver, receiver in (
            (trade.seller, trade.buyer),
            (care, trade.buyer),
            (trade.seller, None),
            (None, trade.buyer),
            (None, None),
        ):
            found = self._find(kind, giver, receiver, trade.shares, any_end=True)
            if found is not None:
                found.trade, found.reference = trade, trade.source
                found.owner = trade.seller if found.giver == care else ""
                return
        self.unmatched.append(trade)

    def _explain_had(self, one: ExchangeAccount, receiver: str, shares: int) -> None:
        """Shares of this token that somebody had for those of another; some may still be owed."""
        for transfer in self._found:
            if (
                transfer.kind is None
                and transfer.receiver == receiver
                and transfer.shares <= shares
            ):
                transfer.kind, transfer.reference = MovementKind.EXCHANGE, f"exchange {one.id}"
                transfer.owner = one.terms.other_from if transfer.giver == self.market.holds else ""
                return

    def _of_exchange(self, event: DecodedEvent, timestamp: int) -> None:
        one = self.exchanges.of_event(event)
        if one is None:
            return
        trade = self.exchanges.trade(event, timestamp)
        if trade is not None:
            self._sold.append((MovementKind(one.exit.value), trade))
        elif event.name in ("Exchanged", "Taken", "Swept") and one.terms.other == self.token:
            shares = int(event.args["otherShares"])
            receiver = next(event.args[name] for name in _RECEIVING if name in event.args)
            if shares:
                self._had.append((one, str(receiver), shares))

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
        *,
        any_end: bool = False,
    ) -> _Transfer | None:
        """The first transfer of the transaction that is still unexplained and fits; None is any.

        With `any_end` it may be an issue or a burn.
        """
        for transfer in self._found:
            if (
                transfer.kind is None
                and transfer.shares == shares
                and giver in (None, transfer.giver)
                and receiver in (None, transfer.receiver)
                and (any_end or ZERO_ADDRESS not in (transfer.giver, transfer.receiver))
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
        """The trades, in order; what went in calls and exchanges is among them."""
        return (one for one in self.listed if one.trade is not None)

    @property
    def currencies(self) -> set[str]:
        """Every currency in which shares were traded, or for which they could be had or given."""
        traded = {one.trade.currency for one in self.listed if one.trade and one.trade.priced}
        return traded | self.calls.currencies | self.exchanges.currencies

    def totals(self) -> dict[MovementKind, tuple[int, int]]:
        """How many movements there were of each kind, and of how many shares together."""
        numbers: Counter[MovementKind] = Counter()
        shares: Counter[MovementKind] = Counter()
        for one in self.all:
            kind = one.kind if isinstance(one, Movement) else plain_kind(one)
            numbers[kind] += 1
            shares[kind] += one.shares if isinstance(one, Movement) else one[3]
        return {kind: (numbers[kind], shares[kind]) for kind in MovementKind}


_RECEIVING = ("payee", "receiver", "recipient")
"""What events of exchanges call who gets something."""


def _kind_in_call(calls: Calls, event: DecodedEvent) -> MovementKind:
    call = calls.of_event(event)
    if event.name == "Returned" or call is None:
        return MovementKind.RETURN
    return {
        CallKind.SALE: MovementKind.ALLOTMENT,
        CallKind.TENDER: MovementKind.TENDER,
        CallKind.AUCTION: MovementKind.AUCTION,
    }[call.terms.kind]


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
