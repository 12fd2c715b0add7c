# SPDX-License-Identifier: MIT
"""The market: signed orders and trades, what settles them, and shares that are held."""

from prorata.market.fills import FillCheck, Filled, check_fill, fill
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

__all__ = [
    "FillCheck",
    "Filled",
    "OrderBook",
    "OrderTerms",
    "SignedOrder",
    "cancel_below",
    "cancel_nonces",
    "cancel_order",
    "check_fill",
    "deploy_singletons",
    "draft_order",
    "fill",
    "find_singleton",
    "post_order",
    "read_order",
    "read_order_book",
    "read_singletons",
    "require_known_money",
    "settlement_at",
    "sign_order",
    "singleton_address",
    "take_signature",
    "total_at",
    "write_order",
]
