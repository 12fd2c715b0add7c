"""An asset is handed over to a Safe, of its published bytecode, which accepts with two of three."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from eth_abi.abi import decode, encode
from eth_account.signers.local import LocalAccount
from eth_utils.abi import function_signature_to_4byte_selector

from prorata.chain.calls import Call
from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner, public_test_key
from prorata.deployments.control import look_at
from prorata.values.addresses import ZERO_ADDRESS
from tests.bench.peers import MODULES
from tests.prorata.cli.opened import Commands

pytestmark = pytest.mark.slow

OWNERS = [public_test_key(number) for number in (4, 5, 6)]
SAFE = MODULES / "@safe-global/safe-contracts/build/artifacts/contracts"
TRANSACTION = "address,uint256,bytes,uint8,uint256,uint256,uint256,address,address"


@cache
def bytecode(path: str) -> bytes:
    return bytes.fromhex(json.loads((SAFE / path).read_text())["bytecode"][2:])


def encoded(signature: str, *arguments: object) -> bytes:
    types = signature[signature.index("(") + 1 : -1].split(",")
    return function_signature_to_4byte_selector(signature) + encode(types, arguments)


class Safe:
    """Two of three owners sign."""

    def __init__(self, commands: Commands) -> None:
        self.chain = commands.chain
        self.sender = Operator(self.chain, LocalSigner.of_test_account(7))
        singleton = self._created(bytecode("Safe.sol/Safe.json"))
        proxy = bytecode("proxies/SafeProxy.sol/SafeProxy.json")
        self.address = self._created(proxy + encode(["address"], [singleton]))
        signature = "setup(address[],uint256,address,bytes,address,address,uint256,address)"
        nobody, owners = ZERO_ADDRESS, [owner.address for owner in OWNERS]
        self._send(encoded(signature, owners, 2, nobody, b"", nobody, nobody, 0, nobody))

    def execute(self, to: str, data: bytes, signers: list[LocalAccount]) -> None:
        nonce = decode(
            ["uint256"],
            self.chain.call(self.address, function_signature_to_4byte_selector("nonce()")),
        )[0]
        what = (to, 0, data, 0, 0, 0, 0, ZERO_ADDRESS, ZERO_ADDRESS)
        asked = encoded(f"getTransactionHash({TRANSACTION},uint256)", *what, nonce)
        hashed = self.chain.call(self.address, asked)
        ordered = sorted(signers, key=lambda signer: int(signer.address, 16))
        signatures = b"".join(signer.unsafe_sign_hash(hashed).signature for signer in ordered)
        self._send(encoded(f"execTransaction({TRANSACTION},bytes)", *what, signatures))

    def _created(self, code: bytes) -> str:
        place = self.sender.send_one("create", Call(None, code, 0, "create")).contract_address
        assert place
        return place

    def _send(self, data: bytes) -> None:
        self.sender.send_one("send", Call(self.address, data, 0, "send"))


def test_a_safe_accepts_what_it_is_offered_and_the_deployer_holds_no_role(started):
    safe = Safe(started)
    receiver = look_at(started.chain, safe.address)
    assert (receiver.threshold, set(receiver.owners)) == (2, {one.address for one in OWNERS})

    first = started.run("handover", "--to", safe.address, "--json")
    assert first.code == 4
    told = json.loads(first.out)
    assert told["receiver"]["is"] == "a Safe, of whose 3 owners 2 sign"
    # The same calls as a file of transactions for the Safe.
    written = started.run("ownership", "accept", "--account", f"safe:{safe.address}", "--json")
    assert written.code == 4, written.err
    [file] = json.loads(written.out)["files"]
    [call] = json.loads(Path(file).read_text())["transactions"]
    assert {name: call[name] for name in ("to", "data")} == told["left"][0]["accept"]

    for one in told["left"]:
        safe.execute(one["accept"]["to"], bytes.fromhex(one["accept"]["data"][2:]), OWNERS[:2])

    last = started.run("handover", "--to", safe.address)
    assert last.code == 0, last.err
    assert f"The deployer holds no role: {safe.address}, a Safe" in last.out
    for contract in (started.deployment.token(), started.deployment.registry()):
        assert (contract.owner(), contract.is_agent(safe.address)) == (safe.address, True)
