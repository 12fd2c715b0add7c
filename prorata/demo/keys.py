# SPDX-License-Identifier: MIT
"""Keys for rehearsals. PUBLIC TEST KEYS: NEVER SEND ANYTHING OF VALUE TO THEM.

The holders of the worked example must be able to sign on a local chain, so their addresses are
derived from the mnemonic that Anvil and Hardhat print on start, known to everyone and watched by
thieves on every public network. Account index 1 of BIP-44 keeps them apart from the funded
accounts of the local node, which are at index 0.
"""

from __future__ import annotations

from functools import lru_cache

from eth_account import Account
from eth_account.hdaccount import key_from_seed, seed_from_mnemonic
from eth_account.signers.local import LocalAccount

from prorata.errors import InputError

__all__ = ["REHEARSAL_MNEMONIC", "REHEARSAL_PATH", "rehearsal_key"]

REHEARSAL_MNEMONIC = "test test test test test test test test test test test junk"
REHEARSAL_PATH = "m/44'/60'/1'/0/{index}"


@lru_cache(maxsize=1)
def _seed() -> bytes:
    return seed_from_mnemonic(REHEARSAL_MNEMONIC, "")


def rehearsal_key(index: int) -> LocalAccount:
    """The signing account of holder `index`, from 0: row `index` of the worked example's CSV.

    A public test key, the same for everybody. Never for value.

    Raises: InputError when the index is negative or 2**31 or more.
    """
    if not 0 <= index < 2**31:
        raise InputError.of("index", index, "is outside BIP-44's range", "give 0 to 2**31 - 1")
    account: LocalAccount = Account.from_key(
        key_from_seed(_seed(), REHEARSAL_PATH.format(index=index))
    )
    return account
