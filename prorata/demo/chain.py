# SPDX-License-Identifier: MIT
"""The chain that the worked example is played on: rich accounts and a clock that is moved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eth_account.signers.local import LocalAccount

from prorata.chain.calls import Call
from prorata.chain.journal import Journal
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner
from prorata.chain.steps import Intent, Receipt
from prorata.demo.keys import rehearsal_key
from prorata.deployments.create2 import FACTORY, FACTORY_CODE
from prorata.errors import ChainError, ProrataError
from prorata.market.singletons import deploy_singletons

__all__ = ["DemoChain"]
SECONDS_PER_BLOCK = 12
RICHES = 1_000 * 10**18


class OneByOne(Operator):
    """Gives each step its own block, so that the same story has the same blocks."""

    def send(self, intents: Sequence[Intent]) -> list[Receipt]:
        """Do every step, one after another."""
        return [receipt for intent in intents for receipt in super(OneByOne, self).send([intent])]


# -------------------------------------------------------------------------------------- the chain


class DemoChain:
    """A development chain whose clock can be moved, and the accounts that act on it.

    `keep` is the folder in which a play leaves its asset's deployment, if anybody wants it.
    """

    def __init__(self, chain: RpcChain, keep: Path | None = None) -> None:
        self.chain, self.keep = chain, keep
        client = str(self.chain.request("web3_clientVersion")).lower()
        if "anvil" not in client and "hardhat" not in client:
            raise ChainError(
                f"the node is {client.split('/')[0]}, and the demo moves time and prints money",
                "run it on a local Anvil or Hardhat node",
            )
        # Even intervals make the same story give the same timestamps; Hardhat does without.
        self.chain.try_many([("anvil_setBlockTimestampInterval", (SECONDS_PER_BLOCK,))])
        self._keys: dict[str, LocalAccount] = {}
        self._nonces: dict[str, int] = {}

    @property
    def now(self) -> int:
        """The newest block's timestamp."""
        return self.chain.block().timestamp

    def enter(self, indices: Sequence[int]) -> list[str]:
        """Give rehearsal accounts some coin for gas; returns their addresses."""
        keys = [rehearsal_key(index) for index in indices]
        self._keys |= {key.address: key for key in keys}
        self.chain.request_many(
            [("hardhat_setBalance", (key.address, hex(RICHES))) for key in keys]
        )
        return [key.address for key in keys]

    def leave(self) -> None:
        """Let the chain's clock go its own way again."""
        self.chain.try_many([("anvil_removeBlockTimestampInterval", ())])

    def travel(self, moment: int) -> None:
        """Mine an empty block at `moment`."""
        self.chain.request("evm_setNextBlockTimestamp", moment)
        self.chain.request("evm_mine")

    def operator(self, address: str, journal: Journal | None = None) -> Operator:
        """Someone who sends steps one after another, and remembers them in a journal."""
        return OneByOne(self.chain, self.signer(address), journal)

    def deploy_market(self, operator: Operator) -> None:
        """Put the market's contracts on the chain, and before them what they are deployed by.

        Raises: as `deploy_singletons`.
        """
        if not self.chain.code(FACTORY):
            self.chain.request("hardhat_setCode", FACTORY, f"0x{FACTORY_CODE.hex()}")
        deploy_singletons(operator)

    def signer(self, address: str) -> LocalSigner:
        """Someone who signs."""
        return LocalSigner(self._keys[address])

    def together(
        self,
        calls: Sequence[tuple[str, Call]],
        gas: int,
        at: int | None = None,
        *,
        counted: bool = True,
    ) -> None:
        """Let many accounts act in one block, in the order given, at second `at` if it matters.

        Unless it is `counted` what they send, they have sent something otherwise since.

        Raises: RevertError for the first that failed; ChainError.
        """
        fees = self.chain.fees()
        if not counted:
            self._nonces.clear()
        signed = []
        for sender, call in calls:
            nonce = self._nonces.get(sender)
            nonce = self.chain.nonce(sender) if nonce is None else nonce
            self._nonces[sender] = nonce + 1
            transaction: dict[str, Any] = {
                "type": 2,
                "chainId": self.chain.chain_id,
                "nonce": nonce,
                "to": call.to,
                "value": call.value,
                "data": call.data,
                "gas": gas,
                "maxFeePerGas": fees.most,
                "maxPriorityFeePerGas": fees.tip,
            }
            signed.append(bytes(self._keys[sender].sign_transaction(transaction).raw_transaction))
        self.chain.request("evm_setAutomine", False)
        try:
            sent = self.chain.send_raw(signed)
            if at is not None:
                self.chain.request("evm_setNextBlockTimestamp", at)
            self.chain.request("evm_mine")
        finally:
            self.chain.request("evm_setAutomine", True)
        hashes = [self._taken(answer) for answer in sent]
        for (_, call), mined in zip(calls, self.chain.receipts(hashes), strict=True):
            if mined is None or not mined.success:
                raise ChainError(f'"{call.label}" was not done', "report this story's seed")

    @staticmethod
    def _taken(answer: str | ProrataError) -> str:
        if isinstance(answer, ProrataError):
            raise answer
        return answer
