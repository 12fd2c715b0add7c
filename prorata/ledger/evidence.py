# SPDX-License-Identifier: MIT
"""Who chose a payee, as the transactions of the chain show it."""

from __future__ import annotations

from collections.abc import Sequence

from prorata.chain.abi import function
from prorata.chain.types import Chain, Sent
from prorata.errors import ChainError
from prorata.ledger.entries import (
    Diversion,
    Evidence,
    Witness,
)

__all__ = ["witness"]


def witness(chain: Chain, vault: str) -> Witness:
    """The chain's transactions as a witness of who chose a payee.

    A person without code is the sender of whatever it does, so that a `claimTo` of its own shows in
    the transaction. A contract may have called the vault from within any transaction.
    """

    def testify(diversions: Sequence[Diversion]) -> Evidence:
        hashes = sorted({diversion.entry.transaction for diversion in diversions})
        sent = dict(zip(hashes, chain.sent(hashes), strict=True))
        chosen = frozenset(d for d in diversions if _chose(sent[d.entry.transaction], vault, d))
        rest = [diversion for diversion in diversions if diversion not in chosen]
        return Evidence(chosen, frozenset(d for d in rest if _by_contract(chain, d)))

    return testify


def _chose(sent: Sent | None, vault: str, diversion: Diversion) -> bool:
    """Whether the claimant itself sent a `claimTo` that names this payee."""
    entry = diversion.entry
    if sent is None or (sent.sender, sent.to) != (diversion.claimant, vault):
        return False
    arguments = function("DividendVault", "claimTo").arguments(sent.data)
    if arguments is None:
        return False
    ids, holder, receiver = arguments
    return entry.distribution_id in ids and (holder, receiver) == (entry.holder, entry.payee)


def _by_contract(chain: Chain, diversion: Diversion) -> bool:
    """Whether the claimant had code when it was paid, as a key too can have (EIP-7702)."""
    _, block, _ = diversion.entry.moment
    try:
        return bool(chain.code(diversion.claimant, block=block))
    except ChainError:
        # The node has forgotten that block's state.
        return bool(chain.code(diversion.claimant))
