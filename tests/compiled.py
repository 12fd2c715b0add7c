"""Compile what tests need, before any of them runs: `python -m tests.compiled`.

Two workers of pytest would compile the same at the same time, and `make test` has a core to spare
for it while ape is tested. While nothing has changed, all answers come from the cache.
"""

from __future__ import annotations

from prorata.toolchain.compiler import CONTRACTS, compile_contracts
from tests.assurance.fuzz import faulty_market, faulty_token
from tests.bench.peers import compile_exchanges, compile_reference
from tests.conftest import TEST_CONTRACTS
from tests.contracts import faulty_vault


def main() -> None:
    """Compile it all, one after the other."""
    sound = compile_contracts((CONTRACTS, TEST_CONTRACTS))
    faulty_vault.build(sound["DividendVault"])
    faulty_token.build(sound["ShareToken"])
    faulty_market.build_settlement(sound["TradeSettlement"])
    faulty_market.build_holds(sound["Holds"])
    faulty_market.build_calls(sound["CallAuction"])
    faulty_market.build_exchanges(sound["ShareExchange"])
    compile_exchanges()
    compile_reference()


if __name__ == "__main__":
    main()
