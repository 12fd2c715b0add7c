# SPDX-License-Identifier: MIT
"""Prices of gas: what may be offered, what a pool asks for at least, and when to offer more."""

from __future__ import annotations

import re
from dataclasses import dataclass

from prorata.chain.types import Fees
from prorata.values.amounts import format_units

__all__ = ["ANY_PRICE", "BUMPS", "BUMP_SECONDS", "NO_FLOOR", "Prices", "floor_named", "gwei"]

BUMP_SECONDS = 60.0
BUMPS = 3
NO_FLOOR = Fees(0, 0)

# How nodes name the least that they take, in wei a unit of gas: geth, bor and op-geth; coreth;
# nethermind in two ways; reth.
_TIPS = (
    r"gas tip cap \d+, minimum needed (\d+)",
    r"gas tip cap \(?\d+\)? < pool gas tip cap \(?(\d+)\)?",
    r"EffectivePriorityFeePerGas too low \d+ < (\d+)",
    r"MaxPriorityFeePerGas[^.]* needs to be at least (\d+)",
    r"below minimum required priority fee (\d+)",
)
# The base fee, where too little was offered for it: geth, nitro, reth, nethermind and erigon.
_BASES = (
    r"(?:maxFeePerGas|gasFeeCap|feeCap): \d+,? baseFee: (\d+)",
    r"FeePerGas needs to be higher than (\d+)",
)


@dataclass(frozen=True)
class Prices:
    """What may be offered for a unit of gas, in wei: at most `most` in all, and the `tip` in it.

    None leaves it to the node. A transaction that waits for `bump_after` seconds is replaced by one
    that offers more, at most `bumps` times a run; None waits.
    """

    most: int | None = None
    tip: int | None = None
    bump_after: float | None = None
    bumps: int = BUMPS

    def offer(self, node: Fees, floor: Fees = NO_FLOOR) -> Fees:
        """What to offer where the node would offer `node`, and a pool takes no less than `floor`.

        It can be less than what gas costs, or than the floor, where the limit is.
        """
        tip = max(node.tip if self.tip is None else self.tip, floor.tip)
        most = max(2 * node.base, floor.most) + tip
        return self.limited(Fees(most, tip))

    def limited(self, fees: Fees) -> Fees:
        """No more than the limit: in all, and so for the tip in it."""
        most = fees.most if self.most is None else min(fees.most, self.most)
        return Fees(most, min(fees.tip, most))

    def over(self, offered: Fees, node: Fees, floor: Fees = NO_FLOOR) -> Fees | None:
        """At least an eighth more than was offered; None where the limit does not allow that."""
        # What replaces another must offer more of both, whatever tip was wished for.
        wanted = self.offer(node, floor).over(offered.most, offered.tip)
        return wanted if self.most is None or wanted.most <= self.most else self._least(offered)

    def _least(self, offered: Fees) -> Fees | None:
        least = NO_FLOOR.over(offered.most, offered.tip)
        return least if self.most is not None and least.most <= self.most else None


ANY_PRICE = Prices()
"""What the node says, and no more than that."""


def floor_named(reason: str) -> Fees | None:
    """The least that a refusal asks for, `most` being for the base fee; None where it is mute."""
    tips = [int(found[1]) for one in _TIPS if (found := re.search(one, reason, re.IGNORECASE))]
    bases = [int(found[1]) for one in _BASES if (found := re.search(one, reason, re.IGNORECASE))]
    if not tips and not bases:
        return None
    return Fees(max(bases, default=0), max(tips, default=0))


def gwei(wei: int) -> str:
    """As people read it."""
    return f"{format_units(wei, 9, trim=True)} gwei"
