"""Permits as their owners sign them: ERC-2612 over the ERC-5267 domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode
from eth_account import Account
from eth_utils.crypto import keccak

from tests.chainkit import Deployed, Receipt

DOMAIN_TYPE = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
TYPES = {
    "Permit": [
        {"name": "owner", "type": "address"},
        {"name": "spender", "type": "address"},
        {"name": "value", "type": "uint256"},
        {"name": "nonce", "type": "uint256"},
        {"name": "deadline", "type": "uint256"},
    ]
}
HOLDER = Account.from_key("0x" + "0a" * 32)
OTHER = Account.from_key("0x" + "0b" * 32)
Signature = tuple[int, bytes, bytes]


@dataclass(frozen=True)
class Permit:
    """What is signed, and for which domain."""

    token: Deployed
    owner: str
    spender: str
    value: int
    nonce: int
    deadline: int
    chain_id: int = 1
    name: str = "Harbour Street 12"
    version: str = "1"

    def signed(self, key: Any = HOLDER) -> Signature:
        """As eth-account signs it."""
        domain = {
            "name": self.name,
            "version": self.version,
            "chainId": self.chain_id,
            "verifyingContract": self.token.address,
        }
        message = {
            "owner": self.owner,
            "spender": self.spender,
            "value": self.value,
            "nonce": self.nonce,
            "deadline": self.deadline,
        }
        done = Account.sign_typed_data(key.key, domain, TYPES, message)
        return done.v, done.r.to_bytes(32, "big"), done.s.to_bytes(32, "big")

    def digest(self) -> bytes:
        """What is signed, put together by hand."""
        type_hash = keccak(
            b"Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
        )
        struct = encode(
            ["bytes32", "address", "address", "uint256", "uint256", "uint256"],
            [type_hash, self.owner, self.spender, self.value, self.nonce, self.deadline],
        )
        return keccak(b"\x19\x01" + separator(self.token, self.chain_id) + keccak(struct))

    def send(self, signature: Signature, *, token: Deployed | None = None) -> Receipt:
        """As anyone may send it."""
        return (token or self.token).send(
            "permit", self.owner, self.spender, self.value, self.deadline, *signature
        )


def separator(token: Deployed, chain_id: int = 1) -> bytes:
    """The domain separator, put together by hand."""
    return keccak(
        encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [
                keccak(DOMAIN_TYPE),
                keccak(b"Harbour Street 12"),
                keccak(b"1"),
                chain_id,
                token.address,
            ],
        )
    )
