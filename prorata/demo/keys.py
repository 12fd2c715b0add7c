# SPDX-License-Identifier: MIT
"""Keys for rehearsals. PUBLIC TEST KEYS: NEVER SEND ANYTHING OF VALUE TO THEM.

The holders of the worked example must be able to sign on a local chain, so their addresses are
derived from the mnemonic that Anvil and Hardhat print on start, known to everyone and watched by
thieves on every public network. Account 1 of BIP-44 keeps them apart from the funded accounts of
the local node, which are in account 0.
"""

from __future__ import annotations

from eth_account.signers.local import LocalAccount

from prorata.chain.signers import public_test_key

__all__ = ["rehearsal_key"]

REHEARSAL_ACCOUNT = 1


def rehearsal_key(index: int) -> LocalAccount:
    """The signing account of holder `index`, from 0: row `index` of the worked example's CSV.

    A public test key, the same for everybody. Never for value.

    Raises: InputError when the index is negative or 2**31 or more.
    """
    return public_test_key(index, REHEARSAL_ACCOUNT)
