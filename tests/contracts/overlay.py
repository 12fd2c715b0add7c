"""Tokens that answer some questions otherwise than they should: code put over a contract's own."""

from __future__ import annotations

import pyrevm
from eth_utils import function_signature_to_4byte_selector

from tests.chainkit import Deployed, RevmKit, checksummed

NONE = b"\0" * 4


def overlaid(kit: RevmKit, contract: Deployed) -> Deployed:
    """Put an overlay over a contract, whose storage stays; it does all that it did."""
    below = _place(kit, bytes(kit.evm.get_code(contract.address)))
    model = kit.deploy("Overlay")
    _put(kit, contract.address, bytes(kit.evm.get_code(model.address)))
    overlay = kit.at("Overlay", contract.address)
    overlay.send("divert", NONE, below)
    return overlay


def divert(overlay: Deployed, function: str, instead: str) -> None:
    """Let another contract answer `function`, named with its types."""
    overlay.send("divert", function_signature_to_4byte_selector(function), instead)


def word(kit: RevmKit, value: int) -> str:
    """A contract that answers everything with one word."""
    return _place(kit, b"\x7f" + value.to_bytes(32, "big") + bytes.fromhex("5f5260205ff3"))


def _place(kit: RevmKit, code: bytes) -> str:
    """Deploy code as it is."""
    size = len(code).to_bytes(2, "big")
    creation = b"\x61" + size + bytes.fromhex("80600a5f395ff3") + code
    return checksummed(bytes.fromhex(kit.evm.deploy(kit.accounts[0], creation).removeprefix("0x")))


def _put(kit: RevmKit, address: str, code: bytes) -> None:
    kit.evm.insert_account_info(address, pyrevm.AccountInfo(code=code, nonce=1))
