# SPDX-License-Identifier: MIT
"""What pages say of meetings, offerings and orders: all of it is the node's word, of its block.

The words of resolutions are those that are kept beside the deployment, as far as they hash to what
the chain has. Where the market's contracts are not on the chain there are none of these things.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from prorata.assets.withholding import format_rate
from prorata.contracts.ballot import Ballot, MeetingStage, StandingVote, VoteObstacle
from prorata.contracts.call_auction import CallAuction, CallOrder, OrderState, Stage
from prorata.contracts.call_terms import CallTerms, Side
from prorata.contracts.trade_settlement import TradeSettlement
from prorata.deployments.deployment import Deployment
from prorata.deployments.market_contracts import singleton_address
from prorata.errors import RevertError
from prorata.market.calls.books import read_orders
from prorata.market.calls.known_calls import KnownCall, known_calls
from prorata.market.meetings.choices import choices_in_words
from prorata.market.meetings.listing import Meeting, list_meetings
from prorata.market.meetings.terms import majority_in_words
from prorata.market.meetings.votes import obstacle_in_words
from prorata.market.order_book import OrderRow, read_order_book
from prorata.values.amounts import Amount, Unit

__all__ = ["Asked", "meetings_of", "offerings_of", "orders_of", "parties_of"]

T = TypeVar("T")

MOST = 20
"""So many of each are shown, the newest."""

COUNTED = (MeetingStage.OPEN, MeetingStage.CLOSED, MeetingStage.DECLARED)
NOT_KNOWN = "(its text is not kept here; the chain has its hash only)"


@dataclass(frozen=True)
class Asked(Generic[T]):
    """What a node has said, and of which block."""

    block: int
    found: Sequence[T]


def _asked(found: Deployment, contract: str, ask: Callable[[str], Sequence[T]]) -> Asked[T]:
    """What `ask` finds of a contract of the market; nothing where it is not on the chain."""
    block, address = found.chain.block().number, singleton_address(contract)
    return Asked(block, ask(address) if found.chain.code(address) else ())


# ------------------------------------------------------------------------------------- meetings


@dataclass(frozen=True)
class Put:
    """A resolution, and how it stands; figures are blank while nobody can vote."""

    number: int
    text: str
    majority: str
    in_favour: str = ""
    against: str = ""
    abstained: str = ""
    carried: bool | None = None


@dataclass(frozen=True)
class Ballots:
    """What a holder has at a meeting: its shares at the record, and how they voted.

    `obstacle` says why the account cannot vote for it now; it is empty where it can.
    """

    holder: str
    weight: Amount
    voted: str
    by: str
    obstacle: str


@dataclass(frozen=True)
class Gathering:
    """A meeting as a page has it."""

    id: int
    title: str
    stage: str
    record: int
    opens_at: int
    closes_at: int
    quorum: str
    present: str
    eligible: str
    quorate: bool | None
    resolutions: Sequence[Put]
    ballots: Sequence[Ballots] | None
    """None while the record has not closed, so that nobody's shares are known."""


def meetings_of(found: Deployment, account: str, before: Sequence[str]) -> Asked[Gathering]:
    """The meetings of an asset, and what an account can do there.

    `before` are the lost wallets whose place it has.

    Raises: ChainError.
    """

    def ask(address: str) -> list[Gathering]:
        place = Ballot(found.chain, address)
        newest = list_meetings(found, place)[: -MOST - 1 : -1]
        return [_gathering(found, place, one, account, before) for one in newest]

    return _asked(found, Ballot.CONTRACT, ask)


def _gathering(
    found: Deployment, place: Ballot, meeting: Meeting, account: str, before: Sequence[str]
) -> Gathering:
    unit, terms = found.settings.unit, meeting.terms
    tally = place.tally(meeting.id) if meeting.stage in COUNTED else None
    texts = [NOT_KNOWN if text is None else text for text in meeting.texts]
    put = [
        Put(number, text, majority_in_words(resolution))
        if tally is None
        else Put(
            number,
            text,
            majority_in_words(resolution),
            unit.amount(tally.results[number - 1].in_favour).text,
            unit.amount(tally.results[number - 1].against).text,
            unit.amount(tally.results[number - 1].abstained).text,
            tally.results[number - 1].carried,
        )
        for number, (text, resolution) in enumerate(
            zip(texts, terms.resolutions, strict=True), start=1
        )
    ]
    return Gathering(
        meeting.id,
        meeting.title,
        meeting.stage.label,
        terms.record_id,
        terms.opens_at,
        terms.closes_at,
        format_rate(terms.quorum_bps),
        "" if tally is None else unit.amount(tally.present).text,
        "" if tally is None else unit.amount(tally.eligible).text,
        None if tally is None else tally.quorate,
        put,
        _ballots(place, meeting, unit, account, before),
    )


def _ballots(
    place: Ballot, meeting: Meeting, unit: Unit, account: str, before: Sequence[str]
) -> list[Ballots] | None:
    ballots = []
    for holder in (account, *before):
        try:
            weight = place.shares_of(meeting.id, holder)
        except RevertError:
            return None
        if not weight:
            continue
        standing = place.vote_of(meeting.id, holder)
        obstacle = place.obstacle_to(meeting.id, holder, account)
        why = ""
        if obstacle is not VoteObstacle.NONE:
            why = obstacle_in_words(obstacle, meeting, holder)[0]
        ballots.append(
            Ballots(
                holder, unit.amount(weight), _voted(standing, meeting), standing.voter or "", why
            )
        )
    return ballots


def _voted(standing: StandingVote, meeting: Meeting) -> str:
    if standing.voter is None:
        return ""
    if any(standing.parts_hash):
        return "in parts"
    words = choices_in_words(standing.choices, meeting.count)
    return ", ".join(f"{number} {word}" for number, word in enumerate(words, start=1))


# ------------------------------------------------------------------------------------ offerings


@dataclass(frozen=True)
class OwnOrder:
    """An order of the account's in an offering."""

    number: int
    wanted: str
    price: str
    state: str
    allotted: str
    can_withdraw: bool


@dataclass(frozen=True)
class Offering:
    """An offering as a page has it."""

    number: int
    name: str
    stage: str
    sells: str
    least: str
    prices: Sequence[str]
    opens_at: int
    withdraw_until: int
    closes_at: int
    document: str
    is_open: bool
    cleared: str
    orders: Sequence[OwnOrder]


def offerings_of(found: Deployment, account: str, before: Sequence[str]) -> Asked[Offering]:
    """The offerings of an asset, with an account's own orders in them.

    Raises: DeploymentError for terms that are kept and damaged; ChainError.
    """

    def ask(address: str) -> list[Offering]:
        place, now = CallAuction(found.chain, address), found.chain.now()
        newest = known_calls(found, place, ("offer",))[: -MOST - 1 : -1]
        return [_offering(one, now, (account, *before)) for one in newest]

    return _asked(found, CallAuction.CONTRACT, ask)


def _offering(call: KnownCall, now: int, own: Sequence[str]) -> Offering:
    terms, units, state = call.terms, call.units, call.state
    opened = state.stage is Stage.OPEN and terms.opens_at <= now <= terms.closes_at
    can_withdraw = state.stage is Stage.OPEN and now <= terms.withdraw_until
    orders = [
        _own_order(call, number, one, can_withdraw)
        for number, one in enumerate(read_orders(call), start=1)
        if one.owner in own
    ]
    cleared = ""
    if state.stage in (Stage.CLEARED, Stage.SETTLING, Stage.SETTLED):
        price = units.price(state.clearing.price)
        cleared = f"{units.shares(state.clearing.lots)} at {price}"
    return Offering(
        call.number,
        call.name,
        state.stage.label,
        units.shares(terms.lots),
        units.shares(terms.least_lots) if terms.least_lots else "",
        [_prices(call, ladder) for ladder in range(len(units.money))],
        terms.opens_at,
        terms.withdraw_until,
        terms.closes_at,
        f"0x{terms.document_hash.hex()}" if any(terms.document_hash) else "",
        opened,
        cleared,
        orders,
    )


def _prices(call: KnownCall, ladder: int) -> str:
    prices = call.terms.ladders[ladder]
    low = call.units.price(prices.price_at(0), ladder)
    if call.terms.steps == 1:
        return low
    high = call.units.price(prices.price_at(call.terms.last_step), ladder)
    return f"{low.removesuffix(' a share')} to {high}"


def _own_order(call: KnownCall, number: int, order: CallOrder, can_withdraw: bool) -> OwnOrder:
    terms, units = call.terms, call.units
    by_money = terms.by_amount and order.side is Side.BID
    return OwnOrder(
        number,
        units.paid(order.quantity, order.ladder) if by_money else units.shares(order.quantity),
        units.price(terms.ladders[order.ladder].price_at(order.step), order.ladder),
        order.state.label,
        units.shares(order.allotted) if order.allotted else "",
        can_withdraw and order.state in (OrderState.PLACED, OrderState.STRUCK),
    )


def parties_of(found: Deployment) -> list[str]:
    """Everybody whom the terms of an asset's offerings name: they stand in each call about one.

    Raises: DeploymentError; ChainError.
    """

    def ask(address: str) -> list[str]:
        calls = known_calls(found, CallAuction(found.chain, address), ("offer",))
        return sorted({party for call in calls for party in _parties(call.terms)})

    return list(_asked(found, CallAuction.CONTRACT, ask).found)


def _parties(terms: CallTerms) -> list[str]:
    return [terms.opener, terms.principal, terms.registry, terms.valuer, terms.fee_to,
            terms.sweep_to]  # fmt: skip


# --------------------------------------------------------------------------------------- orders


def orders_of(found: Deployment) -> Asked[OrderRow]:
    """The orders about an asset's shares that were made public, the best first.

    Raises: ChainError.
    """

    def ask(address: str) -> list[OrderRow]:
        return [
            one.row for one in read_order_book(found, TradeSettlement(found.chain, address)).orders
        ]

    return _asked(found, TradeSettlement.CONTRACT, ask)
