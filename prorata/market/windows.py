# SPDX-License-Identifier: MIT
"""Windows of a trade across two chains by one secret: which hold lasts longer, and by how much.

Whoever made the secret holds first. The other holds against that, and learns the secret last: from
the claim of its own hold. So the first hold must last longer, by what both chains need to be final
and a margin:

    until of the second <= until of the first - finality of both - margin

And the second must leave time to whoever made the secret: to see it final, to claim, and to see the
claim final, before it ends. A claim that is undone by a reorganisation has shown the secret.

A chain says itself which of its blocks are final; of one that does not, a number of blocks is
given. How long that takes is what it takes now.
"""

from __future__ import annotations

from dataclasses import dataclass

from prorata.chain.node import RpcChain
from prorata.errors import ChainError, InputError
from prorata.values.times import lasting, moment

__all__ = [
    "MARGIN_SECONDS",
    "Finality",
    "Window",
    "check_time_to_show",
    "find_finality",
]

MARGIN_SECONDS = 43_200
"""Twelve hours: for a night, a node that is down, and a fee that has to be raised."""


@dataclass(frozen=True)
class Finality:
    """How far a chain is final: up to `block`, which is `lag` seconds older than the newest."""

    chain_id: int
    block: int
    lag: int


def find_finality(
    chain: RpcChain, after: int | None = None, option: str = "final-after"
) -> Finality:
    """How far a chain is final: as it says, or so many blocks below its newest; a local one, all.

    Raises: InputError when it does not say and `after` is None; ChainError.
    """
    newest = chain.block()
    if after is None and chain.is_local:
        # Nobody else mines there.
        after = 0
    if after is not None:
        final = chain.block(max(newest.number - after, 0))
    else:
        try:
            final = chain.block("finalized")
        except ChainError:
            raise InputError.of(
                option,
                "",
                f"is missing, and chain {chain.chain_id} does not say which of its blocks are "
                "final",
                f"give a number of blocks with --{option}",
            ) from None
    return Finality(chain.chain_id, final.number, max(newest.timestamp - final.timestamp, 0))


@dataclass(frozen=True)
class Window:
    """When the second hold of a trade may end: `first_until` is when the first one does.

    `first` is the finality of the first hold's chain, `second` of the other; `now` the time of the
    second's chain. All are Unix seconds, or spans of them.
    """

    first_until: int
    first: Finality
    second: Finality
    now: int
    margin: int = MARGIN_SECONDS

    @property
    def distance(self) -> int:
        """What must lie between the two ends."""
        return self.first.lag + self.second.lag + self.margin

    @property
    def latest(self) -> int:
        """The last second at which the second hold may end."""
        return self.first_until - self.distance

    @property
    def earliest(self) -> int:
        """The first second at which it may: time to see it final, claim, and see that final."""
        return self.now + 2 * self.second.lag

    @property
    def needed(self) -> int:
        """How long the first hold must last from now, an hour for the two to act included."""
        return self.distance + 2 * self.second.lag + 3_600

    def checked(self, until: int | None) -> int:
        """When the second hold ends: as given, or the latest that is allowed.

        Raises: InputError when the two ends are too close, or nobody could claim in time.
        """
        if self.latest <= self.earliest:
            raise InputError.of(
                "against",
                moment(self.first_until),
                f"is too early an end of the other hold: ours must end {lasting(self.distance)} "
                f"before it, and leave {lasting(2 * self.second.lag)} from now to claim it",
                f"ask for one that ends {lasting(self.needed)} from now or later",
            )
        chosen = self.latest if until is None else until
        if chosen > self.latest:
            raise InputError.of(
                "until",
                moment(chosen),
                f"is too close to the end of the other hold, {moment(self.first_until)}: between "
                f"the two must lie what both chains need to be final, {self.first.lag} and "
                f"{self.second.lag} seconds, and the margin of {lasting(self.margin)}",
                f"give --until {moment(self.latest)} or earlier",
            )
        if chosen <= self.earliest:
            raise InputError.of(
                "until",
                moment(chosen),
                f"leaves too little time to see the hold final and to claim it on chain "
                f"{self.second.chain_id}",
                f"give a time more than {lasting(2 * self.second.lag)} from now, and not after "
                f"{moment(self.latest)}",
            )
        return chosen


def check_time_to_show(until: int, now: int, finality: Finality) -> None:
    """Whether a claim that shows the secret now would be final before the hold ends.

    Raises: InputError when a reorganisation could undo it too late to claim again.
    """
    if now + finality.lag <= until:
        return
    raise InputError.of(
        "secret-file",
        moment(until),
        f"is too near an end to show the secret now: chain {finality.chain_id} needs "
        f"{lasting(finality.lag)} to be final, and a claim that is undone has shown the secret all "
        "the same",
        "do not claim; let your own hold end and release it, or claim with --late if nothing "
        "depends on the secret elsewhere",
    )
