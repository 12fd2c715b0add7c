"""E3 for calls: every external function of the auction and of `Holds` against every call-out.

In the middle of each, whoever is called calls each function back: the guard of the contract that is
busy refuses, questions write nothing, and views are from before or from after.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.assurance.attacks import test_reentry_matrix as matrix
from tests.assurance.attacks.call_reentry import (
    AUCTION,
    CALL_CALL_OUTS,
    PAID,
    CallSystem,
    auction_calls,
    call_call_outs,
)
from tests.assurance.attacks.market_reentry import HOLDS, market_calls
from tests.assurance.attacks.reentry import CallOut
from tests.assurance.attacks.test_market_reentry import MarketMatrix
from tests.chainkit import ZERO, Codec, RevmKit

pytestmark = pytest.mark.slow

matrix.UNGUARDED[AUCTION] = {"cancelNonce"}
# The number of a signed order is spent before its wallet is asked, who alone can see it.
matrix.AHEAD["place, signature"] = {"isSpent"}
SHUT_VIEWS = {"escrowOf"}
"""Its three parts add up outside of a call only, and so it is refused inside."""


def check_calls(system: CallSystem) -> None:
    """The auction has the money that the books of its calls say, and no shares."""
    there = system.auction.address
    due = sum(system.auction.call("escrowOf", system.name(terms), 0)[0] for terms in system.opened)
    assert system.money.call("balanceOf", there) == due
    assert system.ruled.call("balanceOf", there) == 0


class CallMatrix(MarketMatrix):
    """A row of the matrix, after which the books of the calls are looked at too."""

    system: CallSystem

    def __init__(
        self, system: CallSystem, name: str, call_out: CallOut, entrances: list[matrix.Entrance]
    ) -> None:
        super().__init__(system, name, call_out, entrances)
        # Of a payment goes little gas, too little to note what came of it.
        self.judging = self.judging or call_out.least <= PAID

    def _view(self, entrance: matrix.Entrance) -> str:
        if entrance.name in SHUT_VIEWS:
            return self._guarded(entrance)
        return super()._view(entrance)

    def run(
        self, entrance: matrix.Entrance, way: int, expects: tuple[bool, bytes] = (True, matrix.ANY)
    ) -> matrix.Outcome:
        """The transaction with the call back in its middle, and a look at the books."""
        came = super().run(entrance, way, expects)
        if way == matrix.IGNORING:
            # Nobody calls back while the books are looked at.
            self.call_out.spy.send("lieInWait", matrix.NOTING, b"\0" * 4, 0, ZERO, b"")
            check_calls(self.system)
        return came


@pytest.fixture(scope="module")
def codec(artifacts) -> Codec:
    """What encodes and decodes, made once."""
    return Codec(artifacts)


@pytest.fixture(scope="module")
def system(codec) -> CallSystem:
    """One system for the whole matrix: each cell leaves it as it was."""
    return CallSystem(RevmKit(codec))


@pytest.fixture(scope="module")
def call_outs(system) -> dict[str, CallOut]:
    """Every call-out, prepared once."""
    return call_call_outs(system)


@pytest.fixture(scope="module")
def counted() -> Counter[str]:
    """How many cells showed what."""
    return Counter()


@pytest.mark.attack("E3")
@pytest.mark.parametrize("name", CALL_CALL_OUTS)
def test_the_call_outs_of_calls(system, call_outs, counted, name):
    """While money or shares move, while rules or a wallet are asked, no order is placed, delivered,
    paid or refunded twice.
    """
    entrances = [matrix.Entrance(*call) for call in auction_calls(system)]
    everything = (matrix.Entrance(*call) for call in market_calls(system))
    entrances += [it for it in everything if it.contract.name == HOLDS and not it.view]
    counted.update(CallMatrix(system, name, call_outs[name], entrances).fill().values())


@pytest.mark.attack("E3")
def test_the_matrix_of_calls_is_whole(call_outs, counted):
    """No call-out is left out of the list, and every kind of cell occurs."""
    assert tuple(call_outs) == CALL_CALL_OUTS
    # A run of some of the tests counts some of the cells.
    assert not counted or {"guard", "still", "before", "after"} <= set(counted)
