# SPDX-License-Identifier: MIT
"""The message that a wallet signs to sign in, written and read: only what we wrote is accepted.

The library parses it by ERC-4361's grammar and recovers who signed. A contract wallet is asked
through our own chain. Whatever a field says, the text must be that which the site writes itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import urlsplit

from eth_account.messages import encode_defunct
from eth_keys.exceptions import BadSignature
from eth_utils.crypto import keccak
from siwe import SiweMessage, VerificationError

from prorata.chain.types import Chain
from prorata.contracts.signature_wallet import has_signed
from prorata.errors import InputError
from prorata.values.addresses import check_address

__all__ = ["MESSAGE_SECONDS", "Asked", "Site", "check_signature"]

MESSAGE_SECONDS = 300
"""So long a message can be used after it was written."""

AHEAD_SECONDS = 30
"""So far a clock may be ahead of ours."""

LONGEST = 1_000
SIGNATURE_BYTES = 2_048
"""Contract wallets give long ones: a Safe's has 65 bytes for each owner."""

STATEMENT = "Sign in to see your holdings. This sends no transaction and costs nothing."
_REMEDY = "ask for a new message and sign that"


@dataclass(frozen=True)
class Asked:
    """What a message says: who signs in, with which nonce."""

    address: str
    nonce: str


@dataclass(frozen=True)
class Site:
    """Where people sign in, as the operator has configured it; no request can say otherwise."""

    origin: str
    chain_id: int

    def __post_init__(self) -> None:
        parts = urlsplit(self.origin)
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if (
            parts.scheme not in ("https", "http")
            or not parts.hostname
            or self.origin != f"{parts.scheme}://{parts.netloc}"
            or parts.username is not None
        ):
            rule = "is no origin"
            raise InputError.of("origin", self.origin, rule, "write https://shares.example.org")
        if parts.scheme == "http" and not local:
            rule = "is not encrypted, and is not this machine"
            raise InputError.of("origin", self.origin, rule, "give an origin with https")

    @property
    def domain(self) -> str:
        """The host, with its port where it has one."""
        return urlsplit(self.origin).netloc

    @property
    def secure(self) -> bool:
        """Whether it is served over https, so that cookies can be bound to it."""
        return self.origin.startswith("https://")

    def write(self, address: str, nonce: str, second: int) -> str:
        """The text that an account is to sign."""
        message: str = SiweMessage(
            domain=self.domain,
            address=check_address("address", address),
            statement=STATEMENT,
            uri=self.origin,
            version="1",
            chain_id=self.chain_id,
            nonce=nonce,
            issued_at=_iso(second),
            expiration_time=_iso(second + MESSAGE_SECONDS),
        ).prepare_message()
        return message

    def read(self, text: str, now: int) -> Asked:
        """What a text says, which this site wrote at most five minutes ago.

        Raises: InputError.
        """
        opening = f"{self.domain} wants you to sign in with your Ethereum account:\n"
        # Before it is parsed, which takes a second for some texts that are no message.
        if not text.startswith(opening):
            shown = text.split(" wants you to sign in", 1)[0][:80]
            raise _refused("domain", shown, f"is not {self.domain}")
        if len(text) > LONGEST:
            raise _refused("message", text, f"has more than {LONGEST:,} letters")
        try:
            found = SiweMessage.from_message(text)
            issued = _second(found.issued_at)
        except (ValueError, AttributeError, OverflowError):
            raise _refused("message", text, "is no message of ERC-4361") from None
        if found.chain_id != self.chain_id:
            raise _refused("chain ID", str(found.chain_id), f"is not {self.chain_id}")
        if issued > now + AHEAD_SECONDS:
            raise _refused("issued at", str(found.issued_at), "is in the future")
        if now >= issued + MESSAGE_SECONDS:
            rule = f"is more than {MESSAGE_SECONDS // 60} minutes ago"
            raise _refused("issued at", str(found.issued_at), rule)
        if text != self.write(found.address, found.nonce, issued):
            raise _refused("message", text, "is not as this site writes it")
        return Asked(str(found.address), found.nonce)


def check_signature(text: str, asked: Asked, signature: str, chain: Chain) -> None:
    """Whether the account has signed the text: by its key, or as the contract that it is.

    Raises: InputError when it has not; ChainError.
    """
    try:
        signed = bytes.fromhex(signature.removeprefix("0x"))
    except ValueError:
        raise _refused("signature", signature, "is not hexadecimal") from None
    if len(signed) > SIGNATURE_BYTES:
        raise _refused("signature", signature, f"has more than {SIGNATURE_BYTES:,} bytes")
    if _by_key(text, f"0x{signed.hex()}"):
        return
    message = encode_defunct(text=text)
    digest = keccak(b"\x19" + message.version + message.header + message.body)
    if not chain.code(asked.address) or not has_signed(chain, asked.address, digest, signed):
        raise _refused("signature", signature, f"is not of {asked.address}")


def _by_key(text: str, signature: str) -> bool:
    try:
        # Without a provider, so that the library asks no node.
        SiweMessage.from_message(text).verify(signature)
    except (VerificationError, BadSignature, ValueError):
        return False
    return True


def _refused(column: str, value: str, rule: str) -> InputError:
    return InputError.of(column, value, rule, _REMEDY)


def _iso(second: int) -> str:
    return datetime.fromtimestamp(second, tz=timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _second(text: str) -> int:
    return int(datetime.fromisoformat(str(text).replace("Z", "+00:00")).timestamp())
