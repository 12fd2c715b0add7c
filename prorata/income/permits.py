# SPDX-License-Identifier: MIT
"""ERC-2612: an allowance given by a signature, which costs no transaction of its own.

A token tells its EIP-712 domain by ERC-5267, or leaves it to be guessed from name and version. In
both cases what was found is held against the token's own `DOMAIN_SEPARATOR`, so that nothing is
signed that the token could not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from prorata.chain.abi import function
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.contracts.currency import Currency
from prorata.contracts.vault import Permit
from prorata.errors import ChainError, InputError
from prorata.income.instruction_files import TypedSigner
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["PERMIT_SECONDS", "permit_signature", "require_permits", "sign_permit"]

PERMIT_SECONDS = 3_600

# The versions of tokens that do not tell theirs: OpenZeppelin's and Solady's, and USDC's.
VERSIONS = ("1", "2")

_FIELDS = (
    ("owner", "address"),
    ("spender", "address"),
    ("value", "uint256"),
    ("nonce", "uint256"),
    ("deadline", "uint256"),
)
_DOMAIN_FIELDS = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)

Domain = dict[str, Any]


def sign_permit(
    operator: Operator, currency: Currency, spender: str, amount: int, deadline: int
) -> Permit:
    """The account's signature that lets `spender` take `amount` until `deadline`.

    Raises: as `permit_signature`.
    """
    chain, signer = operator.chain, operator.signer
    signature = permit_signature(chain, signer, currency, spender, amount=amount, deadline=deadline)
    return Permit(deadline, signature[64], signature[:32], signature[32:64])


def permit_signature(
    chain: RpcChain,
    signer: TypedSigner,
    currency: Currency,
    spender: str,
    *,
    amount: int,
    deadline: int,
) -> bytes:
    """The 65 bytes by which the signer lets `spender` take `amount` until `deadline`.

    Raises: InputError when the currency takes no permits; what the signer raises.
    """
    token = _Token(chain, currency)
    message = {
        "owner": signer.address,
        "spender": spender,
        "value": amount,
        "nonce": token.nonce(signer.address),
        "deadline": deadline,
    }
    return signer.sign_typed(_typed(token.domain(), message))


def require_permits(chain: RpcChain, currency: Currency) -> None:
    """Raises: InputError when the currency takes no permits; ChainError."""
    token = _Token(chain, currency)
    token.nonce(currency.address)
    token.domain()


class _Token:
    """The questions of ERC-2612, ERC-5267 and their like, to a token that may not know them."""

    def __init__(self, chain: RpcChain, currency: Currency) -> None:
        if currency.is_native:
            raise _unsupported(currency)
        self.chain, self.currency = chain, currency

    def nonce(self, owner: str) -> int:
        return int(self._required("nonces", owner))

    def domain(self) -> Domain:
        """The domain whose separator the token uses."""
        wanted = bytes(self._required("DOMAIN_SEPARATOR"))
        for domain in self._domains():
            if encode_typed_data(full_message=_typed(domain, None)).header == wanted:
                return domain
        raise _unsupported(self.currency)

    def _domains(self) -> Iterator[Domain]:
        known = {"chainId": self.chain.chain_id, "verifyingContract": self.currency.address}
        reported = self._asked("eip712Domain")
        if reported is not None:
            yield {"name": reported[1], "version": reported[2], **known}
        name = self.currency.name()
        for version in (self._version(), *VERSIONS):
            if version is not None:
                yield {"name": name, "version": version, **known}

    def _version(self) -> str | None:
        # No contract of ours has it, so that no artifact knows it; it answers as `name` does.
        try:
            answer = self.chain.call(self.currency.address, keccak(text="version()")[:4])
            return str(function("Dollar", "name").decode(answer))
        except ChainError:
            return None

    def _required(self, name: str, *arguments: object) -> Any:
        answer = self._asked(name, *arguments)
        if answer is None:
            raise _unsupported(self.currency)
        return answer

    def _asked(self, name: str, *arguments: object) -> Any:
        wanted = function("ShareToken", name)
        try:
            return wanted.decode(self.chain.call(self.currency.address, wanted.encode(*arguments)))
        except ChainError:
            return None


def _typed(domain: Mapping[str, Any], message: Mapping[str, Any] | None) -> dict[str, Any]:
    """The message to sign; without one, only the header counts."""
    permit = message or {name: ZERO_ADDRESS if kind == "address" else 0 for name, kind in _FIELDS}
    return {
        "types": {
            "EIP712Domain": [{"name": n, "type": kind} for n, kind in _DOMAIN_FIELDS],
            "Permit": [{"name": n, "type": kind} for n, kind in _FIELDS],
        },
        "primaryType": "Permit",
        "domain": dict(domain),
        "message": dict(permit),
    }


def _unsupported(currency: Currency) -> InputError:
    return InputError.of(
        "permit",
        currency.symbol(),
        "takes no permits (ERC-2612), as far as it tells",
        "leave --permit out, and an approval is sent first",
    )
