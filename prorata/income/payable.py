# SPDX-License-Identifier: MIT
"""Whether a distribution can be paid now."""

from __future__ import annotations

from prorata.chain.node import RpcChain
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import Distribution
from prorata.errors import InputError
from prorata.values.times import moment

__all__ = ["why_not_payable"]


def why_not_payable(chain: RpcChain, found: Distribution) -> InputError | None:
    """Why nobody can be paid from a distribution now, or None."""
    now, token = chain.now(), ShareToken(chain, found.token)
    if token.is_record_cancelled(found.record_id):
        return InputError.of(
            "distribution",
            found.id,
            f"pays nobody, since record {found.record_id} was cancelled",
            f"send the money back to {found.declarer} with `prorata refund --id {found.id}`",
        )
    closes_at = token.record_time(found.record_id)
    if now <= closes_at:
        return InputError.of(
            "distribution",
            found.id,
            f"cannot be claimed before record {found.record_id} has closed at {moment(closes_at)}: "
            f"the chain's time is {moment(now)}",
            "claim after that",
        )
    if now < found.terms.payable_from:
        return InputError.of(
            "distribution",
            found.id,
            f"cannot be claimed before {moment(found.terms.payable_from)}: the chain's time is "
            f"{moment(now)}",
            "claim after that",
        )
    if found.terms.deadline and now > found.terms.deadline:
        return InputError.of(
            "distribution",
            found.id,
            f"could be claimed until {moment(found.terms.deadline)}: the chain's time is "
            f"{moment(now)}",
            "ask the issuer",
        )
    return None
