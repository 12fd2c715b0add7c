"""A made chain's market: orders and a trade, an offering, a meeting with votes; no node."""

from __future__ import annotations

from typing import Any

from prorata.contracts.ballot import Basis, MeetingTerms, Resolution
from prorata.contracts.call_terms import NO_LADDER, CallKind, CallTerms, Ladder
from prorata.contracts.trade_settlement import PARTS, TradeOrder
from prorata.store.writer import Writer
from prorata.values.addresses import ZERO_ADDRESS, checksummed
from tests.prorata.store.made_logs import (
    DOLLAR,
    OTHER,
    SECONDS,
    START,
    TOKEN,
    Event,
    MadeChain,
    person,
)

__all__ = [
    "AUCTION", "BALLOT", "PARTS", "SETTLEMENT", "cancelled", "convened", "filled", "follow_market",
    "orders", "posted", "sold", "voted", "votes",
]  # fmt: skip

SETTLEMENT, AUCTION, BALLOT = (checksummed("0x" + digit * 40) for digit in "567")
CALL = b"\x07" * 32


def follow_market(writer: Writer, chain: MadeChain) -> None:
    """The contracts of the market, which serve both assets."""
    assets = [
        writer.add_asset(token, name, name[:3].upper(), 0)
        for token, name in ((TOKEN, "Harbour"), (OTHER, "Orchard"))
    ]
    for address, kind in (
        (SETTLEMENT, "TradeSettlement"),
        (AUCTION, "CallAuction"),
        (BALLOT, "Ballot"),
    ):
        writer.add_source(address, kind, ours=True, first_block=1, assets=assets, head=chain.head)


# ------------------------------------------------------------------------------------------ orders


def posted(maker: int, nonce: int, shares: int, money: int, **others: Any) -> Event:
    """An order that sells shares for dollars; one in parts if its nonce says so."""
    given = {
        "maker": person(maker), "give": TOKEN, "take": DOLLAR, "give_amount": shares,
        "take_amount": money, "least_fill": 1 if nonce >= PARTS else shares,
        "valid_until": START + SECONDS * 1_000, "nonce": nonce, "maker_pays": False, **others,
    }  # fmt: skip
    order = TradeOrder(**given)
    args = {
        "maker": order.maker, "give": order.give, "take": order.take,
        "order": order.encodable(), "signature": b"signed",
    }  # fmt: skip
    return SETTLEMENT, "TradeSettlement", "Posted", args


def orders() -> list[Event]:
    """Person 1 sells ten in parts; person 3 sells twenty, and nothing else."""
    return [posted(1, PARTS, 10, 1_000), posted(3, 7, 20, 1_900)]


def filled(maker: int, nonce: int, taker: int, given: int, taken: int) -> Event:
    args = {
        "maker": person(maker), "nonce": nonce, "taker": person(taker), "give": TOKEN,
        "take": DOLLAR, "given": given, "taken": taken, "fee": 0, "tax": 0,
    }  # fmt: skip
    return SETTLEMENT, "TradeSettlement", "Filled", args


def cancelled(maker: int, nonce: int) -> Event:
    args = {"maker": person(maker), "nonce": nonce}
    return SETTLEMENT, "TradeSettlement", "Cancelled", args


# ------------------------------------------------------------------------- an offering, a meeting


def sold(token: str = TOKEN, call: bytes = CALL) -> list[Event]:
    """An offering of ten lots of five shares, of which three are bid for."""
    terms = CallTerms(
        opener=person(1), salt=bytes(32), kind=CallKind.SALE, token=token, lot=5,
        principal=person(1), mint=False, by_amount=False, lots=10, least_lots=2, budget=0,
        ladders=(Ladder(DOLLAR, 100, 0), NO_LADDER), steps=1, opens_at=START,
        withdraw_until=START + 60, closes_at=START + SECONDS * 1_000,
        close_by=START + SECONDS * 1_100, accept_by=0, settle_by=START + SECONDS * 1_200,
        return_until=0, least_order=1, most_per_person=0, registry=ZERO_ADDRESS, record_id=0,
        entitled_lots=0, entitled_shares=0, valuer=ZERO_ADDRESS, fee_to=ZERO_ADDRESS, fee_bps=0,
        delivery_gas=500_000, take_until=0, sweep_to=ZERO_ADDRESS, document_hash=bytes(32),
    )  # fmt: skip
    opened = {"id": call, "token": token, "principal": person(1), "terms": terms.encodable()}
    placed = {
        "id": call, "order": 1, "owner": person(3), "side": 0, "quantity": 3, "step": 0,
        "ladder": 0,
    }  # fmt: skip
    return [
        (AUCTION, "CallAuction", "Opened", opened),
        (AUCTION, "CallAuction", "Placed", placed),
    ]


def convened(number: int, record: int, token: str = TOKEN, **others: Any) -> Event:
    given = {
        "token": token, "record_id": record, "opens_at": START + SECONDS * 5,
        "closes_at": START + SECONDS * 1_000, "quorum_bps": 2_500, "frozen_may_not_vote": False,
        "excluded": (), "resolutions": (Resolution(b"\x05" * 32, Basis.CAST, 5_000, False),),
        **others,
    }  # fmt: skip
    args = {
        "id": number, "token": token, "recordId": record, "convener": person(1),
        "terms": MeetingTerms(**given).encodable(),
    }  # fmt: skip
    return BALLOT, "Ballot", "Convened", args


def voted(number: int, holder: int, shares: int, choices: int, version: int = 1) -> Event:
    args = {
        "id": number, "holder": person(holder), "voter": person(holder), "version": version,
        "shares": shares, "choices": choices,
    }  # fmt: skip
    return BALLOT, "Ballot", "Voted", args


def votes() -> list[Event]:
    """A meeting of record 1: two have voted, one of them has changed its mind; and a second one."""
    changed = voted(1, 1, 70, 0, version=2)
    return [convened(1, 1), voted(1, 1, 70, 1), voted(1, 2, 10, 1), changed, convened(2, 3)]
