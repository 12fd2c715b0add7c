# SPDX-License-Identifier: MIT
"""Where the contracts of the market are: the same addresses on every chain, computed from the code.

A contract that is built on another one is told its address when it is made, so that its own address
follows from the code of both. Whoever reads a chain needs no more than this; that they are put
there is the business of `prorata.market.singletons`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from eth_utils.crypto import keccak

from prorata.chain.artifacts import artifact, artifacts
from prorata.chain.calls import Call
from prorata.deployments.create2 import create2_call

__all__ = [
    "BALLOT",
    "CALL_AUCTION",
    "CALL_EXPLAINER",
    "EXCHANGE_EXPLAINER",
    "HOLDS",
    "SALT",
    "SETTLEMENT",
    "SHARE_EXCHANGE",
    "SINGLETONS",
    "packed_singletons",
    "singleton_address",
    "singleton_arguments",
    "singleton_call",
]

SETTLEMENT, HOLDS = "TradeSettlement", "Holds"
CALL_AUCTION, CALL_EXPLAINER = "CallAuction", "CallExplainer"
SHARE_EXCHANGE, EXCHANGE_EXPLAINER = "ShareExchange", "ExchangeExplainer"
BALLOT = "Ballot"

SINGLETONS: Final = (
    SETTLEMENT,
    HOLDS,
    CALL_AUCTION,
    CALL_EXPLAINER,
    SHARE_EXCHANGE,
    EXCHANGE_EXPLAINER,
    BALLOT,
)
"""By the names of their artifacts, in the order in which they are deployed."""

_BUILT_ON: Final[Mapping[str, str]] = {
    CALL_AUCTION: HOLDS,
    CALL_EXPLAINER: CALL_AUCTION,
    SHARE_EXCHANGE: HOLDS,
    EXCHANGE_EXPLAINER: SHARE_EXCHANGE,
}
"""Whose address a contract is told when it is made."""

SALT = keccak(text="prorata market")


def packed_singletons() -> tuple[str, ...]:
    """Those of them that this version of the package has the code of."""
    return tuple(name for name in SINGLETONS if name in artifacts())


def singleton_arguments(name: str) -> tuple[str, ...]:
    """Its constructor's: none, or the address of what it is built on."""
    below = _BUILT_ON.get(name)
    return () if below is None else (singleton_address(below),)


@cache
def singleton_call(name: str) -> tuple[Call, str]:
    """The contract's deployment through the factory, and where that puts it."""
    return create2_call(SALT, artifact(name), *singleton_arguments(name))


def singleton_address(name: str) -> str:
    """Where the contract is on every chain."""
    return singleton_call(name)[1]
