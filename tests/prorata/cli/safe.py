"""A Safe of its published bytecode on a real chain, of whose three owners two sign."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from eth_abi.abi import decode, encode
from eth_account.messages import _hash_eip191_message, encode_defunct
from eth_account.signers.local import LocalAccount
from eth_utils.abi import function_signature_to_4byte_selector

from prorata.chain.calls import Call
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner, public_test_key
from prorata.values.addresses import ZERO_ADDRESS
from tests.bench.peers import MODULES

__all__ = ["OWNERS", "Safe"]

OWNERS = [public_test_key(number) for number in (4, 5, 6)]
BUILT = MODULES / "@safe-global/safe-contracts/build/artifacts/contracts"
HANDLER = "CompatibilityFallbackHandler"
TRANSACTION = "address,uint256,bytes,uint8,uint256,uint256,uint256,address,address"


@cache
def bytecode(path: str) -> bytes:
    return bytes.fromhex(json.loads((BUILT / path).read_text())["bytecode"][2:])


def encoded(signature: str, *arguments: object) -> bytes:
    types = signature[signature.index("(") + 1 : -1].split(",")
    return function_signature_to_4byte_selector(signature) + encode(types, arguments)


class Safe:
    """Two of three owners sign."""

    def __init__(self, chain: RpcChain) -> None:
        self.chain = chain
        self.sender = Operator(self.chain, LocalSigner.of_test_account(7))
        singleton = self._created(bytecode("Safe.sol/Safe.json"))
        proxy = bytecode("proxies/SafeProxy.sol/SafeProxy.json")
        self.address = self._created(proxy + encode(["address"], [singleton]))
        signature = "setup(address[],uint256,address,bytes,address,address,uint256,address)"
        nobody, owners = ZERO_ADDRESS, [owner.address for owner in OWNERS]
        # What answers whether a signature is the Safe's (ERC-1271).
        handler = self._created(bytecode(f"handler/{HANDLER}.sol/{HANDLER}.json"))
        self._send(encoded(signature, owners, 2, nobody, b"", handler, nobody, 0, nobody))

    def execute(self, to: str, data: bytes, signers: list[LocalAccount]) -> None:
        nonce = decode(
            ["uint256"],
            self.chain.call(self.address, function_signature_to_4byte_selector("nonce()")),
        )[0]
        what = (to, 0, data, 0, 0, 0, 0, ZERO_ADDRESS, ZERO_ADDRESS)
        asked = encoded(f"getTransactionHash({TRANSACTION},uint256)", *what, nonce)
        signatures = _signed(self.chain.call(self.address, asked), signers)
        self._send(encoded(f"execTransaction({TRANSACTION},bytes)", *what, signatures))

    def executes(self, file: dict[str, Any]) -> None:
        """All of a file for Safe's Transaction Builder, in its order."""
        assert file["meta"]["createdFromSafeAddress"] == self.address
        assert int(file["chainId"]) == self.chain.chain_id
        for one in file["transactions"]:
            assert int(one["value"]) == 0
            self.execute(one["to"], bytes.fromhex(one["data"][2:]), OWNERS[:2])

    def signed(self, text: str) -> str:
        """A text, as two owners sign it for the Safe."""
        digest = _hash_eip191_message(encode_defunct(text=text))
        asked = encoded("getMessageHash(bytes)", encode(["bytes32"], [digest]))
        return "0x" + _signed(self.chain.call(self.address, asked), OWNERS[:2]).hex()

    def _created(self, code: bytes) -> str:
        place = self.sender.send_one("create", Call(None, code, 0, "create")).contract_address
        assert place
        return place

    def _send(self, data: bytes) -> None:
        self.sender.send_one("send", Call(self.address, data, 0, "send"))


def _signed(digest: bytes, signers: list[LocalAccount]) -> bytes:
    """The signatures one after the other, in the order of the signers' addresses."""
    ordered = sorted(signers, key=lambda signer: int(signer.address, 16))
    return b"".join(signer.unsafe_sign_hash(digest).signature for signer in ordered)
