# SPDX-License-Identifier: MIT
"""A deployment, found in its folder and compared with the chain."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak

from prorata.assets.asset import Asset
from prorata.chain.journal import Journal
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.prices import ANY_PRICE, Prices
from prorata.chain.signers import Signer
from prorata.chain.steps import Progress
from prorata.chain.transactions.outside import Home
from prorata.chain.types import BlockTag
from prorata.contracts.base import NATIVE
from prorata.contracts.currency import Currency
from prorata.contracts.record_ranges import RecordRanges
from prorata.contracts.registry import InvestorRegistry
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import DividendVault
from prorata.deployments.manifest import Contract, Manifest
from prorata.errors import DeploymentError, InputError
from prorata.values.addresses import ZERO_ADDRESS, check_address

__all__ = [
    "DEPLOYMENTS",
    "LEDGER_FILE",
    "Deployment",
    "Turn",
    "folder_for",
    "home_of",
    "keccak_hex",
    "open_journal",
    "open_operator",
]

DEPLOYMENTS = Path("deployments")

JOURNAL = "journal.jsonl"
LEDGER_FILE = "ledger.db"
"""The ledger's database, by default: see `prorata.store`."""
POLICY = "WithholdingPolicy/"
"""Before the name of a policy, in the labels of a manifest."""

OLD_STATE = "state.json"
"""Where versions before 0.2 kept what later steps had done."""

_REMEDY = "choose the network it was deployed on, or name another folder with --deployment"


@dataclass(frozen=True)
class DeployedPolicy:
    """Where a withholding policy is, since which block, and what it was deployed with."""

    address: str
    block: int
    arguments: list[Any]


@dataclass(frozen=True)
class Deployment:
    """A deployment that has been compared with the chain."""

    folder: Path
    manifest: Manifest
    chain: RpcChain

    @classmethod
    def open(cls, chain: RpcChain, folder: Path) -> Deployment:
        """Read the manifest in `folder` and check that the chain still agrees with it.

        Raises: DeploymentError when the chain is another one or has other code; ChainError.
        """
        found = cls.unchecked(chain, folder)
        for name, contract in found.manifest.contracts.items():
            _check_code(chain, name, contract)
        return found

    @classmethod
    def unchecked(cls, chain: RpcChain, folder: Path) -> Deployment:
        """The same, whatever code the contracts have: for whoever looks at what has changed.

        Raises: DeploymentError when the chain is another one.
        """
        manifest = Manifest.read(folder / "manifest.json")
        _check_chain(chain, folder, manifest.chain_id, manifest.genesis)
        return cls(folder, manifest, chain)

    @property
    def settings(self) -> Asset:
        """The asset."""
        return self.manifest.asset

    def token(self, block: BlockTag = "latest") -> ShareToken:
        """The share token."""
        address = self.manifest.contracts["ShareToken"].address
        return ShareToken(self.chain, address, block=block)

    def vault(self, block: BlockTag = "latest") -> DividendVault:
        """The vault."""
        address = self.manifest.contracts["DividendVault"].address
        return DividendVault(self.chain, address, block=block)

    def record_ranges(self, block: BlockTag = "latest") -> RecordRanges:
        """The record ranges of the token's records.

        Raises: DeploymentError when no record range was ever defined.
        """
        contract = self.manifest.contracts.get("RecordRanges")
        if contract is None:
            raise DeploymentError(
                f"{self.settings.symbol} has no record ranges", "define one with `record-range`"
            )
        return RecordRanges(self.chain, contract.address, block=block)

    @property
    def paying(self) -> tuple[str, ...]:
        """In whose name the vault pays this asset's holders: its token and its record ranges."""
        contracts = self.manifest.contracts
        return tuple(
            contracts[name].address for name in ("ShareToken", "RecordRanges") if name in contracts
        )

    def registry(self, block: BlockTag = "latest") -> InvestorRegistry:
        """The registry that the token asks now, which is read as one of ours.

        Raises: DeploymentError when the token asks none; ChainError.
        """
        address = self.token(block).identity_registry()
        if address == ZERO_ADDRESS:
            raise DeploymentError(
                f"{self.settings.symbol} has no registry, so anyone may hold it",
                "deploy an asset with rules, such as examples/compliant/asset.yaml",
            )
        return InvestorRegistry(self.chain, address, block=block)

    @property
    def currencies(self) -> dict[str, str]:
        """The addresses of the currencies that the settings name on this chain, by their labels.

        A rehearsal dollar that was deployed with the asset is one of them.

        Raises: ChainError when such a dollar was there before and its symbol cannot be read.
        """
        known = {
            label.upper(): chains[self.chain.chain_id]
            for label, chains in self.settings.currencies.items()
            if self.chain.chain_id in chains
        }
        if (dollar := self.manifest.contracts.get("Dollar")) is not None:
            told = dollar.arguments
            label = told[1] if told else Currency(self.chain, dollar.address).unit.symbol
            known[str(label).upper()] = dollar.address
        return known

    def currency(self, named: str) -> Currency:
        """The currency that a person names: an address, `ETH`, or a label of the settings.

        Raises: InputError when there is none of that name here, or no contract at the address.
        """
        address = self._currency_address(named)
        if address != NATIVE and not self.chain.code(address):
            raise InputError.of(
                "currency",
                named,
                f"is not a contract on chain {self.chain.chain_id}",
                "check the address and the network",
            )
        return Currency(self.chain, address)

    def _currency_address(self, named: str) -> str:
        if named.upper() == "ETH" or named == ZERO_ADDRESS:
            return NATIVE
        if named.lower().startswith("0x"):
            return check_address("currency", named)
        known = self.currencies
        if named.upper() not in known:
            choices = ", ".join(["ETH", *sorted(known), "or an address"])
            raise InputError.of(
                "currency",
                named,
                f"is no currency of {self.settings.symbol} on chain {self.chain.chain_id}",
                f"write {choices}",
            )
        return known[named.upper()]

    # ------------------------------------------------------------------- policies

    def policies(self) -> dict[str, DeployedPolicy]:
        """The withholding policies of the asset by name, as the folder has them now.

        Raises: DeploymentError when a file of the folder is damaged.
        """
        manifest = Manifest.read(self.folder / "manifest.json")
        return _old_policies(self.folder) | {
            label.removeprefix(POLICY): DeployedPolicy(c.address, c.block, c.arguments)
            for label, c in manifest.contracts.items()
            if label.startswith(POLICY)
        }

    @property
    def notice(self) -> str | None:
        """What a person should know of the folder: that an older version wrote some of it."""
        if not _old_policies(self.folder):
            return None
        return (
            f"{self.folder / OLD_STATE} was written by an older version: its withholding policies "
            "are still read"
        )


def _old_policies(folder: Path) -> dict[str, DeployedPolicy]:
    """The policies of a folder that an older version kept in a file of their own."""
    path = folder / OLD_STATE
    try:
        noted = json.loads(path.read_bytes()).get("policies", [])
        return {
            one["name"]: DeployedPolicy(one["address"], one["block"], one["arguments"])
            for one in noted
        }
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DeploymentError(f"{path} is damaged", "restore it from a copy") from None


# ------------------------------------------------------------------------------------ the folder


def folder_for(chain: RpcChain, symbol: str | None, root: Path = DEPLOYMENTS) -> Path:
    """The folder of `symbol` on this chain, or of the only deployment there is.

    Raises: DeploymentError when there is none or more than one to choose from.
    """
    chain_folder = root / str(chain.chain_id)
    if symbol is not None:
        return chain_folder / symbol
    found = sorted(
        path.parent
        for path in chain_folder.glob("*/manifest.json")
        if not path.parent.name.count("~")
    )
    if len(found) == 1:
        return found[0]
    if not found:
        raise DeploymentError(
            f"there is no deployment on chain {chain.chain_id} in {chain_folder}",
            "run `prorata deploy` on this network first, or name a folder with --deployment",
        )
    names = ", ".join(path.name for path in found)
    raise DeploymentError(
        f"there are {len(found)} deployments on chain {chain.chain_id}: {names}",
        "name the folder of one with --deployment",
    )


@dataclass(frozen=True)
class Turn:
    """How a run takes its turn with a journal: as which command, and waiting how many seconds.

    `head` is a file kept elsewhere that remembers how far the journal had come.
    """

    command: str = ""
    wait: float = 0.0
    head: Path | None = None


ANY_TURN = Turn()


@contextlib.contextmanager
def open_operator(
    chain: RpcChain,
    signer: Signer,
    folder: Path,
    *,
    confirmations: int = 0,
    on_progress: Callable[[Progress], None] | None = None,
    on_notice: Callable[[str], None] = lambda _: None,
    timeout: float = 600,
    prices: Prices = ANY_PRICE,
    turn: Turn = ANY_TURN,
    make: Callable[..., Operator] = Operator,
) -> Iterator[Operator]:
    """An operator that keeps its journal in `folder`; `make` makes it.

    A folder of a local chain that has been started anew is first set aside, which `on_notice`
    hears of.

    Raises: DeploymentError when the folder belongs to another chain; JournalError.
    """
    _set_aside(chain, folder, on_notice)
    with open_journal(chain, folder, turn=turn) as journal:
        yield make(
            chain,
            signer,
            journal,
            confirmations,
            on_progress,
            timeout=timeout,
            home=home_of(folder),
            prices=prices,
        )


def open_journal(
    chain: RpcChain, folder: Path, *, read_only: bool = False, turn: Turn = ANY_TURN
) -> Journal:
    """The journal in `folder`, to be closed by whoever asks.

    Raises: JournalError.
    """
    return Journal(
        folder / JOURNAL,
        chain_id=chain.chain_id,
        genesis_hash=chain.genesis_hash,
        read_only=read_only,
        command=turn.command,
        wait=turn.wait,
        head=turn.head,
    )


def home_of(folder: Path) -> Home:
    """What a deployment has put on the chain, and who, as far as its manifest has it yet."""
    if not (folder / "manifest.json").exists():
        return Home()
    manifest = Manifest.read(folder / "manifest.json")
    own = {c.address for c in manifest.contracts.values() if c.transaction is not None}
    serving = {
        manifest.contracts[name].address
        for name in ("DividendVault", "InvestorRegistry", "Dollar")
        if name in manifest.contracts
    }
    accounts = frozenset({manifest.deployer})
    return Home(frozenset(own), manifest.first_block, accounts, frozenset(serving))


def _set_aside(chain: RpcChain, folder: Path, on_notice: Callable[[str], None]) -> None:
    origin = _origin(folder)
    if origin is None or origin == (chain.chain_id, chain.genesis_hash):
        return
    if origin[0] != chain.chain_id or not chain.is_local:
        _check_chain(chain, folder, *origin)
    aside = folder.with_name(f"{folder.name}~{origin[1][2:10]}")
    number = 1
    while aside.exists():
        number += 1
        aside = folder.with_name(f"{folder.name}~{origin[1][2:10]}~{number}")
    folder.rename(aside)
    on_notice(f"the local chain was started anew; the old deployment is now in {aside}")


def _origin(folder: Path) -> tuple[int, str] | None:
    """The chain id and genesis that a folder belongs to."""
    if (folder / "manifest.json").exists():
        manifest = Manifest.read(folder / "manifest.json")
        return manifest.chain_id, manifest.genesis
    # A run may have been killed before it wrote the manifest.
    with contextlib.suppress(OSError, ValueError, KeyError, IndexError):
        header = json.loads((folder / JOURNAL).read_bytes().split(b"\n")[0])
        return header["chain"], header["genesis"]
    return None


def _check_chain(chain: RpcChain, folder: Path, chain_id: int, genesis: str) -> None:
    if chain.chain_id != chain_id:
        raise DeploymentError(
            f"the deployment in {folder} is on chain {chain_id}, and the network is chain "
            f"{chain.chain_id}",
            _REMEDY,
        )
    if chain.genesis_hash != genesis:
        raise DeploymentError(
            f"the deployment in {folder} is on a chain {chain_id} with genesis {genesis}, and the "
            f"network's is {chain.genesis_hash}",
            "run `prorata deploy` on the new chain" if chain.is_local else _REMEDY,
        )


def _check_code(chain: RpcChain, name: str, contract: Contract) -> None:
    code = chain.code(contract.address)
    if keccak_hex(code) != contract.code_hash:
        found = "other code than the manifest says" if code else "no code"
        raise DeploymentError(
            f"{name} at {contract.address} has {found} on chain {chain.chain_id}",
            "check the network, and whether the node is in step with the chain",
        )


def keccak_hex(data: bytes) -> str:
    """The keccak-256 hash as `0x…`."""
    return f"0x{keccak(data).hex()}"
