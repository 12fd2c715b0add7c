# SPDX-License-Identifier: MIT
"""The market: signed orders and trades, what settles them, and shares that are held."""

from prorata.market.fills import FillCheck, Filled, check_fill, fill
from prorata.market.hold_files import HoldFile, read_hold, write_hold
from prorata.market.holds import claim_hold, deliver_hold, place_hold, release_hold
from prorata.market.order_book import OrderBook, read_order_book
from prorata.market.order_ends import cancel_below, cancel_nonces, cancel_order, post_order
from prorata.market.order_files import SignedOrder, read_order, write_order
from prorata.market.order_terms import OrderTerms, total_at
from prorata.market.orders import draft_order, require_known_money, sign_order, take_signature
from prorata.market.singletons import (
    deploy_singletons,
    find_singleton,
    read_singletons,
    settlement_at,
    singleton_address,
)
from prorata.market.tape import Tape, read_tape
from prorata.market.trade_files import SignedTrade, read_trade, read_trades, write_trade
from prorata.market.trades import cancel_trade, draft_trade, settle_trade, sign_trade

__all__ = [
    "FillCheck",
    "Filled",
    "HoldFile",
    "OrderBook",
    "OrderTerms",
    "SignedOrder",
    "SignedTrade",
    "Tape",
    "cancel_below",
    "cancel_nonces",
    "cancel_order",
    "cancel_trade",
    "check_fill",
    "claim_hold",
    "deliver_hold",
    "deploy_singletons",
    "draft_order",
    "draft_trade",
    "fill",
    "find_singleton",
    "place_hold",
    "post_order",
    "read_hold",
    "read_order",
    "read_order_book",
    "read_singletons",
    "read_tape",
    "read_trade",
    "read_trades",
    "release_hold",
    "require_known_money",
    "settle_trade",
    "settlement_at",
    "sign_order",
    "sign_trade",
    "singleton_address",
    "take_signature",
    "total_at",
    "write_hold",
    "write_order",
    "write_trade",
]
