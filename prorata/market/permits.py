# SPDX-License-Identifier: MIT
"""Allowances that a trade brings along: permits (ERC-2612) of whoever gives, for one contract."""

from __future__ import annotations

from prorata.chain.node import RpcChain
from prorata.contracts.currency import Currency
from prorata.contracts.trade_settlement import SignedPermit
from prorata.errors import InputError
from prorata.income.instruction_files import TypedSigner
from prorata.income.permits import permit_signature, require_permits

__all__ = ["check_permits", "make_permit"]


def make_permit(
    chain: RpcChain, signer: TypedSigner, token: str, spender: str, *, value: int, deadline: int
) -> SignedPermit:
    """The signer's permit that lets `spender` take `value` of `token` until `deadline`.

    Raises: InputError when the token takes no permits; what the signer raises.
    """
    check_permits(chain, token, spender)
    currency = Currency(chain, token)
    signature = permit_signature(chain, signer, currency, spender, amount=value, deadline=deadline)
    r, s, v = signature[:32], signature[32:64], signature[64]
    return SignedPermit(token, signer.address, value, deadline, v + 27 if v < 27 else v, r, s)


def check_permits(chain: RpcChain, token: str, spender: str) -> None:
    """Check that a token takes permits, for `spender` to be allowed by one.

    Raises: InputError; ChainError.
    """
    try:
        require_permits(chain, Currency(chain, token))
    except InputError as error:
        problem = error.problems[0]
        remedy = f"leave --permit out, and let {spender} take it: `prorata approve`"
        raise InputError.of("permit", problem.value, problem.rule, remedy) from None
