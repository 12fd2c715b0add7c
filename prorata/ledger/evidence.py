# SPDX-License-Identifier: MIT
"""Who chose a payee, as the transactions of the chain show it."""

from __future__ import annotations

from collections.abc import Sequence

from prorata.chain.abi import function
from prorata.chain.types import Chain, Sent
from prorata.errors import ChainError
from prorata.ledger.entries import (
    Evidence,
    EvidenceSource,
    RedirectedPayment,
)

__all__ = ["evidence_source"]


def evidence_source(chain: Chain, vault: str) -> EvidenceSource:
    """The chain's transactions as a evidence source of who chose a payee.

    A person without code is the sender of whatever it does, so that a `claimTo` of its own shows in
    the transaction. A contract may have called the vault from within any transaction.
    """

    def testify(redirected_payments: Sequence[RedirectedPayment]) -> Evidence:
        hashes = sorted({redirected.entry.transaction for redirected in redirected_payments})
        sent = dict(zip(hashes, chain.sent(hashes), strict=True))
        chosen = frozenset(
            d for d in redirected_payments if _chose(sent[d.entry.transaction], vault, d)
        )
        rest = [redirected for redirected in redirected_payments if redirected not in chosen]
        return Evidence(chosen, frozenset(d for d in rest if _by_contract(chain, d)))

    return testify


def _chose(sent: Sent | None, vault: str, redirected: RedirectedPayment) -> bool:
    """Whether the claimant itself sent a `claimTo` that names this payee."""
    entry = redirected.entry
    if sent is None or (sent.sender, sent.to) != (redirected.claimant, vault):
        return False
    arguments = function("DividendVault", "claimTo").arguments(sent.data)
    if arguments is None:
        return False
    ids, holder, _, receiver = arguments
    return entry.distribution_id in ids and (holder, receiver) == (entry.holder, entry.payee)


def _by_contract(chain: Chain, redirected: RedirectedPayment) -> bool:
    """Whether the claimant had code when it was paid, as a key too can have (EIP-7702)."""
    _, block, _ = redirected.entry.moment
    try:
        return bool(chain.code(redirected.claimant, block=block))
    except ChainError:
        # The node has forgotten that block's state.
        return bool(chain.code(redirected.claimant))
