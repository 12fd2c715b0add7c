"""One codec for all walks of this process: the same that other processes make for themselves."""

from __future__ import annotations

import pytest

from tests.assurance.fuzz import faulty_market, faulty_token
from tests.assurance.fuzz.run import codec as one_codec
from tests.chainkit import Codec
from tests.contracts import faulty_vault


@pytest.fixture(scope="session")
def codec() -> Codec:
    return one_codec()


@pytest.fixture(scope="session")
def faulty_codec(codec: Codec) -> Codec:
    """The same, which knows the faulty, too."""
    vault = faulty_vault.build(codec.artifacts["DividendVault"])
    token = faulty_token.build(codec.artifacts["ShareToken"])
    settlement = faulty_market.build_settlement(codec.artifacts["TradeSettlement"])
    holds = faulty_market.build_holds(codec.artifacts["Holds"])
    calls = faulty_market.build_calls(codec.artifacts["CallAuction"])
    exchanges = faulty_market.build_exchanges(codec.artifacts["ShareExchange"])
    faulty = {
        faulty_vault.FAULTY: vault,
        faulty_token.FAULTY: token,
        faulty_market.FAULTY_SETTLEMENT: settlement,
        faulty_market.FAULTY_HOLDS: holds,
        faulty_market.FAULTY_CALLS: calls,
        faulty_market.FAULTY_EXCHANGES: exchanges,
    }
    return Codec({**codec.artifacts, **faulty})
