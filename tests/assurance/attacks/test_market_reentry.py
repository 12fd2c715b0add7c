"""E3 for what trades and holds: every external function against every call-out of both.

In the middle of each call-out whoever is called calls each function back: the guard of the contract
that is busy refuses, questions write nothing, and views are from before or from after. What gets
through elsewhere leaves every unit where an owner, a hold or a keeper has it.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.assurance.attacks import test_reentry_matrix as matrix
from tests.assurance.attacks.market_reentry import (
    HOLDS,
    MARKET_CALL_OUTS,
    SETTLEMENT,
    MarketSystem,
    market_call_outs,
    market_calls,
)
from tests.assurance.attacks.reentry import CallOut
from tests.chainkit import ZERO, Codec, RevmKit

pytestmark = pytest.mark.slow

matrix.UNGUARDED[SETTLEMENT] = {"cancel", "cancelBelow", "cancelTrades", "post"}
matrix.UNGUARDED[HOLDS] = set()


def check_market(system: MarketSystem) -> None:
    """The settlement keeps nothing; the holds have the money that is held, and shares stay where
    they are."""
    money = system.money
    for token in (money, system.ruled, system.foreign):
        assert token.call("balanceOf", system.settlement.address) == 0
    for token in (system.ruled, system.foreign):
        assert token.call("balanceOf", system.holds.address) == 0
    held = sum(
        it[3]
        for it in (
            system.coins,
            system.coins_claimed,
            system.coins_over,
            system.terms(money, 6, nonce=8),
        )
        if system.state(it) in (1, 2)
    )
    for keeper in (system.eve, system.cid):
        consent = system.holds.call("consentOf", keeper, money.address, system.maker)
        held += consent[2]
    assert money.call("balanceOf", system.holds.address) == held


class MarketMatrix(matrix.Matrix):
    """A row of the matrix, after which the market's books are looked at too."""

    system: MarketSystem

    def _open(self, entrance: matrix.Entrance) -> str:
        start = self.system.kit.evm.snapshot()
        came = self.run(entrance, matrix.IGNORING if self.judging else matrix.NOTING)
        # Nobody calls back while the books are looked at.
        self.call_out.spy.send("lieInWait", matrix.NOTING, b"\0" * 4, 0, ZERO, b"")
        check_market(self.system)
        matrix.check_books(self.system)
        self.system.kit.evm.revert(start)
        return "stopped" if came.reverted else "harmless"


@pytest.fixture(scope="module")
def codec(artifacts) -> Codec:
    """What encodes and decodes, made once."""
    return Codec(artifacts)


@pytest.fixture(scope="module")
def system(codec) -> MarketSystem:
    """One system for the whole matrix: each cell leaves it as it was."""
    return MarketSystem(RevmKit(codec))


@pytest.fixture(scope="module")
def call_outs(system) -> dict[str, CallOut]:
    """Every call-out, prepared once."""
    return market_call_outs(system)


@pytest.fixture(scope="module")
def counted() -> Counter[str]:
    """How many cells showed what."""
    return Counter()


@pytest.mark.attack("E3")
@pytest.mark.parametrize("name", MARKET_CALL_OUTS)
def test_the_markets_call_outs(system, call_outs, counted, name):
    """While shares or money move, while a wallet, a registry or a record is asked, nothing is
    filled, delivered or given back twice."""
    entrances = [matrix.Entrance(*call) for call in market_calls(system)]
    counted.update(MarketMatrix(system, name, call_outs[name], entrances).fill().values())


@pytest.mark.attack("E3")
def test_the_markets_matrix_is_whole(call_outs, counted):
    """No call-out is left out of the list, and every kind of cell occurs."""
    assert tuple(call_outs) == MARKET_CALL_OUTS
    # A run of some of the tests counts some of the cells.
    assert not counted or {"guard", "still", "before", "after"} <= set(counted)
