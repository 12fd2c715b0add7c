# SPDX-License-Identifier: MIT
"""Where the contracts of the market are: the same addresses on every chain, computed from the code.

Whoever reads a chain needs no more than that; `prorata.market.singletons` puts them there.
"""

from __future__ import annotations

from functools import cache

from eth_utils.crypto import keccak

from prorata.chain.artifacts import artifact
from prorata.deployments.create2 import create2_call

__all__ = ["HOLDS", "SALT", "SETTLEMENT", "singleton_address"]

SETTLEMENT, HOLDS = "TradeSettlement", "Holds"

SALT = keccak(text="prorata market")


@cache
def singleton_address(name: str) -> str:
    """Where the contract is on every chain."""
    return create2_call(SALT, artifact(name))[1]
