"""Instructions to the desk, signed as holders sign them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from eth_abi.abi import encode
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from tests.chainkit import ZERO, Deployed, Receipt, RevmKit
from tests.contracts.harness import DAY, Harness

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
TYPE = (
    b"PaymentInstruction(address holder,address claimant,uint256[] ids,address receiver,"
    b"address hook,bytes data,uint256 nonce,uint256 validUntil)"
)
TYPES = {
    "PaymentInstruction": [
        {"name": name, "type": kind}
        for kind, name in (
            part.split(" ") for part in TYPE.decode().partition("(")[2].rstrip(")").split(",")
        )
    ]
}
HOLDER = Account.from_key("0x" + "0a" * 32)
OTHER = Account.from_key("0x" + "0b" * 32)
SUCCESSOR = Account.from_key("0x" + "0c" * 32)


@dataclass(frozen=True)
class PaymentInstruction:
    """What is signed, and for which domain."""

    desk: Deployed
    holder: str
    claimant: str
    ids: Sequence[int]
    receiver: str
    hook: str = ZERO
    data: bytes = b""
    nonce: int = 0
    valid_until: int = RevmKit.START + 100 * DAY
    domain: dict[str, Any] = field(default_factory=dict)

    def but(self, **changes: Any) -> PaymentInstruction:
        """The same, but for these fields."""
        return replace(self, **changes)

    def encodable(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        return (
            self.holder, self.claimant, list(self.ids), self.receiver, self.hook, self.data,
            self.nonce, self.valid_until,
        )  # fmt: skip

    def typed(self) -> dict[str, Any]:
        """As a wallet shows it."""
        names = [part["name"] for part in TYPES["PaymentInstruction"]]
        domain = {
            "name": "prorata ClaimRelayer",
            "version": "1",
            "chainId": 1,
            "verifyingContract": self.desk.address,
        }
        return {
            "domain_data": domain | self.domain,
            "message_types": TYPES,
            "message_data": dict(zip(names, self.encodable(), strict=True)),
        }

    def signed(self, key: Any = HOLDER) -> bytes:
        """As eth-account signs it: r, s and v."""
        return bytes(Account.sign_typed_data(key.key, **self.typed()).signature)

    def signable(self) -> bytes:
        """The digest as eth-account sees it."""
        parts = encode_typed_data(**self.typed())
        return keccak(b"\x19" + parts.version + parts.header + parts.body)

    def digest(self) -> bytes:
        """The digest put together by hand."""
        types = ["bytes32", "address", "address", "bytes32", "address", "address", "bytes32"]
        fields = [
            keccak(TYPE), self.holder, self.claimant,
            keccak(b"".join(number.to_bytes(32, "big") for number in self.ids)),
            self.receiver, self.hook, keccak(self.data), self.nonce, self.valid_until,
        ]  # fmt: skip
        struct = keccak(encode([*types, "uint256", "uint256"], fields))
        return keccak(b"\x19\x01" + separator(self.desk.address) + struct)

    def send(self, signature: bytes | None = None, *, sender: str | None = None) -> Receipt:
        """As anyone may bring it; signed by the holder if nothing is said."""
        signature = self.signed() if signature is None else signature
        return self.desk.send("execute", self.encodable(), signature, sender=sender)


def separator(desk: str, chain_id: int = 1) -> bytes:
    """The domain separator, put together by hand."""
    domain = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    parts = [keccak(domain), keccak(b"prorata ClaimRelayer"), keccak(b"1"), chain_id, desk]
    return keccak(encode(["bytes32", "bytes32", "bytes32", "uint256", "address"], parts))


def desk_of(harness: Harness) -> Deployed:
    """The desk that the harness's vault has made."""
    return harness.kit.at("ClaimRelayer", harness.vault.call("relayer"))
