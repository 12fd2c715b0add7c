"""Deploying an asset once, and finding it again.

An asset is described by a YAML file (`AssetSettings`). `deploy` puts its contracts on a chain and
writes down, in the deployment's folder, everything that is needed to find and verify them:

    deployments/<chain id>/<symbol>/
        manifest.json         chain, contracts, code hashes, arguments, transactions, compiler
        standard-input.json   the compiler's whole input, for verification without this checkout
        journal.jsonl         every transaction that was signed
        state.json            what the later steps did

An asset whose settings have rules of its own gets, besides the token and the vault, a registry of
investors (unless it names one), a keeper of lots if there is a lock-up, and the rules; the registry
is bound to the token and, if the rules count persons, begins to count.

`add_contract` puts what is needed only later beside them, such as the streams of a fund.

The same settings on the same chain deploy nothing a second time. A folder whose local chain has
been started anew is set aside; on any other chain such a folder is refused.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak
from pydantic import BaseModel, ConfigDict

from prorata.abi import ZERO_ADDRESS, artifact, encode_constructor
from prorata.asset import NEW, AssetSettings, check_address
from prorata.build import PROJECT_ROOT, SETTINGS, SOLC_VERSION, standard_json
from prorata.chain import BlockTag, RpcChain
from prorata.contracts import (
    NATIVE,
    Currency,
    DividendVault,
    Instruction,
    InvestorRegistry,
    PayoutDesk,
    RecordStream,
    ShareToken,
    deploy_call,
)
from prorata.errors import DeploymentError, InputError
from prorata.journal import Journal
from prorata.operator import Intent, Operator, Progress, Receipt, Signer
from prorata.rules import RuleSettings

__all__ = [
    "DEPLOYMENTS",
    "Contract",
    "Deployment",
    "Manifest",
    "add_contract",
    "deploy",
    "folder_for",
    "open_operator",
    "predict",
    "price",
]

DEPLOYMENTS = Path("deployments")
REHEARSAL_DOLLAR = ("Rehearsal Dollar", "USD", 6)
REHEARSAL_MONEY = 10_000_000 * 10**6

# Contracts of one stage need only the addresses of earlier stages.
STAGES = (
    ("DividendVault", "InvestorRegistry", "LockUps"),
    ("TransferRules",),
    ("ShareToken", "Dollar"),
)

# What a token's constructor uses at most to take up its rules.
RULES_GAS = 150_000

# JSON readers that are not Python's keep larger integers only in part.
SAFE_INTEGER = 2**53 - 1

_REMEDY = "choose the network it was deployed on, or name another folder with --deployment"


# --------------------------------------------------------------------------------------- manifest


class Contract(BaseModel):
    """One deployed contract; gas in units, `gas_price` in wei, hashes keccak-256."""

    model_config = ConfigDict(frozen=True)

    address: str
    block: int
    transaction: str | None
    gas: int
    gas_price: int
    arguments: list[Any]
    init_code_hash: str
    code_hash: str


class Manifest(BaseModel):
    """Everything about a deployment; the same deployment always gives the same bytes."""

    model_config = ConfigDict(frozen=True)

    manifest: int = 1
    asset: AssetSettings
    chain_id: int
    genesis: str
    deployer: str
    commit: str | None
    compiler: dict[str, Any]
    contracts: dict[str, Contract]

    @property
    def first_block(self) -> int:
        """Where the ledger begins: no event of the deployment is older."""
        return min(contract.block for contract in self.contracts.values())

    def write(self, path: Path) -> None:
        """Write it, whole or not at all."""
        _write_json(path, self.model_dump(mode="json"))

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read it.

        Raises: DeploymentError when it is missing or damaged.
        """
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            raise DeploymentError(
                f"there is no deployment in {path.parent}", "run `ape run deploy` first"
            ) from None
        except (OSError, ValueError):
            raise DeploymentError(
                f"the manifest {path} is damaged", "restore it from a copy"
            ) from None


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
        manifest = Manifest.read(folder / "manifest.json")
        _check_chain(chain, folder, manifest.chain_id, manifest.genesis)
        for name, contract in manifest.contracts.items():
            _check_code(chain, name, contract)
        return cls(folder, manifest, chain)

    @property
    def settings(self) -> AssetSettings:
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

    def streams(self, block: BlockTag = "latest") -> RecordStream:
        """The streams of the token's records.

        Raises: DeploymentError when no stream was ever defined.
        """
        contract = self.manifest.contracts.get("RecordStream")
        if contract is None:
            raise DeploymentError(
                f"{self.settings.symbol} has no streams of records", "define one with `stream`"
            )
        return RecordStream(self.chain, contract.address, block=block)

    @property
    def paying(self) -> tuple[str, ...]:
        """In whose name the vault pays this asset's holders: the token's, and its streams'."""
        contracts = self.manifest.contracts
        return tuple(
            contracts[name].address for name in ("ShareToken", "RecordStream") if name in contracts
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
        known = {
            label.upper(): chains[self.chain.chain_id]
            for label, chains in self.settings.currencies.items()
            if self.chain.chain_id in chains
        }
        if (dollar := self.manifest.contracts.get("Dollar")) is not None:
            known[str(dollar.arguments[1]).upper()] = dollar.address
        if named.upper() not in known:
            choices = ", ".join(["ETH", *sorted(known), "or an address"])
            raise InputError.of(
                "currency",
                named,
                f"is no currency of {self.settings.symbol} on chain {self.chain.chain_id}",
                f"write {choices}",
            )
        return known[named.upper()]

    # ------------------------------------------------------- what later steps did

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """What the later steps did, by step: `issued`, `records`, `distributions`, `policies`."""
        path = self.folder / "state.json"
        try:
            found: dict[str, list[dict[str, Any]]] = json.loads(path.read_bytes())
        except FileNotFoundError:
            return {"issued": [], "records": [], "distributions": []}
        except ValueError:
            raise DeploymentError(f"{path} is damaged", "restore it from a copy") from None
        return found

    def note(self, step: str, fact: dict[str, Any], key: str) -> None:
        """Write down what a step did, in place of what it said before under the same `key`."""
        state = self.state()
        facts = {old.get(key): old for old in state.get(step, [])}
        state[step] = list({**facts, fact[key]: fact}.values())
        _write_json(self.folder / "state.json", state)


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
            "run `ape run deploy` on this network first, or name a folder with --deployment",
        )
    names = ", ".join(path.name for path in found)
    raise DeploymentError(
        f"there are {len(found)} deployments on chain {chain.chain_id}: {names}",
        "name the folder of one with --deployment",
    )


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
) -> Iterator[Operator]:
    """An operator that keeps its journal in `folder`.

    A folder of a local chain that has been started anew is first set aside, which `on_notice`
    hears of.

    Raises: DeploymentError when the folder belongs to another chain; JournalError.
    """
    _set_aside(chain, folder, on_notice)
    path = folder / "journal.jsonl"
    with Journal(path, chain_id=chain.chain_id, genesis_hash=chain.genesis_hash) as journal:
        yield Operator(chain, signer, journal, confirmations, on_progress, timeout=timeout)


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
        header = json.loads((folder / "journal.jsonl").read_bytes().split(b"\n")[0])
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
            "run `ape run deploy` on the new chain" if chain.is_local else _REMEDY,
        )


def _check_code(chain: RpcChain, name: str, contract: Contract) -> None:
    code = chain.code(contract.address)
    if _hash(code) != contract.code_hash:
        found = "other code than the manifest says" if code else "no code"
        raise DeploymentError(
            f"{name} at {contract.address} has {found} on chain {chain.chain_id}",
            "check the network, and whether the node is in step with the chain",
        )


# --------------------------------------------------------------------------------------- deploying


def deploy(
    operator: Operator,
    settings: AssetSettings,
    folder: Path,
    *,
    vault: str | None = None,
    dollar: bool = False,
) -> Deployment:
    """Put the asset's contracts on the chain unless they are there already.

    `vault` names a DividendVault of this chain to use instead of a new one; `dollar` adds a
    rehearsal currency that anyone can make, and makes some for the operator.

    Raises: DeploymentError when `folder` holds a deployment with other settings or code, or
    `vault` is something else; what `Operator.send` raises.
    """
    # What a reorganisation has undone is in the journal, and comes back before it is missed.
    operator.settle()
    existing = _existing(operator.chain, folder)
    known = dict(existing.manifest.contracts) if existing else {}
    _reuse(operator, settings, vault, known, folder)
    addresses = {name: contract.address for name, contract in known.items()}
    wanted = predict(operator.address, settings, addresses, vault=vault, dollar=dollar)
    for name in set(wanted) & set(known):
        _check_same(name, wanted[name], known[name], folder)
    if existing and not set(wanted) - set(known):
        return existing
    for stage in STAGES:
        addresses = {name: contract.address for name, contract in known.items()}
        wanted = predict(operator.address, settings, addresses, vault=vault, dollar=dollar)
        missing = {n: arguments for n, arguments in wanted.items() if n in stage and n not in known}
        known |= _put(operator, missing)
    if isinstance(settings.rules, RuleSettings):
        _set_up(operator, settings, settings.rules, known)
    manifest = _manifest(operator, settings, known)
    _write_json(folder / "standard-input.json", standard_json())
    # Last, since its presence says that the deployment is complete.
    manifest.write(folder / "manifest.json")
    return Deployment(folder, manifest, operator.chain)


def add_contract(
    operator: Operator, found: Deployment, name: str, arguments: list[Any], label: str | None = None
) -> Deployment:
    """Put one more contract beside those of a deployment, unless it is there already.

    The manifest calls it `label`, or by its own name.

    Raises: DeploymentError when it is there with other arguments or from other sources; what
    `Operator.send` raises.
    """
    known, key = dict(found.manifest.contracts), label or name
    if key in known:
        _check_same(name, arguments, known[key], found.folder)
        return found
    receipt = operator.send_one(f"deploy/{key}", deploy_call(artifact(name), *arguments))
    known[key] = _deployed(operator.chain, name, arguments, receipt)
    # An older deployment keeps what its own contracts were compiled from.
    kept, now = found.folder / "standard-input.json", standard_json()
    if not kept.exists() or json.loads(kept.read_bytes()) != now:
        _write_json(found.folder / f"standard-input-{name}.json", now)
    manifest = found.manifest.model_copy(update={"contracts": known})
    manifest.write(found.folder / "manifest.json")
    return Deployment(found.folder, manifest, found.chain)


def predict(
    deployer: str,
    settings: AssetSettings,
    addresses: Mapping[str, str] | None = None,
    *,
    vault: str | None = None,
    dollar: bool = False,
) -> dict[str, list[Any]]:
    """The contracts that a deployment needs, in order, with their constructor arguments.

    `addresses` are those of the contracts that are there already; of the others, zero stands in
    the arguments.
    """
    there = addresses or {}
    owner = settings.owner or deployer
    rules, registry = settings.rules or ZERO_ADDRESS, settings.registry or ZERO_ADDRESS
    wanted: dict[str, list[Any]] = {} if vault else {"DividendVault": []}
    if settings.registry == NEW:
        registry = there.get("InvestorRegistry", ZERO_ADDRESS)
        # The deployer binds the token, and hands the registry over afterwards.
        wanted["InvestorRegistry"] = [deployer]
    if isinstance(rules, RuleSettings):
        lock_ups = ZERO_ADDRESS
        if rules.locks:
            wanted["LockUps"] = []
            lock_ups = there.get("LockUps", ZERO_ADDRESS)
        terms = rules.encodable(registry, lock_ups, settings.decimals)
        wanted["TransferRules"] = [terms]
        rules = there.get("TransferRules", ZERO_ADDRESS)
    sheet = [settings.name, settings.symbol, settings.decimals, owner, rules, registry]
    wanted["ShareToken"] = [sheet]
    if dollar:
        wanted["Dollar"] = list(REHEARSAL_DOLLAR)
    return wanted


def price(
    operator: Operator, settings: AssetSettings, *, vault: str | None = None, dollar: bool = False
) -> dict[str, int]:
    """The most gas that each contract would be deployed with; sends nothing.

    Raises: what `Operator.price` raises.
    """
    # Rules are priced with any registry, and the token without the rules that do not exist yet.
    stand_in = dict.fromkeys(("InvestorRegistry", "LockUps"), operator.address)
    wanted = predict(operator.address, settings, stand_in, vault=vault, dollar=dollar)
    steps = [Intent(name, deploy_call(artifact(name), *args)) for name, args in wanted.items()]
    gas = dict(zip(wanted, operator.price(steps), strict=True))
    if "TransferRules" in gas:
        gas["ShareToken"] += RULES_GAS
    return gas


def _reuse(
    operator: Operator,
    settings: AssetSettings,
    vault: str | None,
    known: dict[str, Contract],
    folder: Path,
) -> None:
    """Add contracts that were there before, after checking that they can be used."""
    chain = operator.chain
    if vault is not None:
        _check_same_vault(known.get("DividendVault"), vault, folder)
        known.setdefault("DividendVault", _reused("DividendVault", chain, vault))
        _check_desk(chain, vault)
    if not isinstance(settings.rules, RuleSettings) or settings.registry in (None, NEW):
        return
    if "InvestorRegistry" not in known:
        assert settings.registry is not None
        known["InvestorRegistry"] = _reused("InvestorRegistry", chain, settings.registry)
        owner = InvestorRegistry(chain, settings.registry).owner()
        if owner != operator.address:
            raise DeploymentError(
                f"{operator.address} does not own the registry {settings.registry}, and only its "
                f"owner {owner} can bind another token to it",
                "deploy with the owner's account, or write registry: new",
            )


def _put(operator: Operator, missing: Mapping[str, list[Any]]) -> dict[str, Contract]:
    """Deploy contracts whose arguments are known, or find that an earlier run did."""
    intents = [
        Intent(f"deploy/{name}", deploy_call(artifact(name), *arguments))
        for name, arguments in missing.items()
    ]
    receipts = operator.send(intents)
    placed = {
        name: _deployed(operator.chain, name, arguments, receipt)
        for (name, arguments), receipt in zip(missing.items(), receipts, strict=True)
    }
    if "Dollar" in placed:
        dollars = Currency(operator.chain, placed["Dollar"].address)
        operator.send_one("deploy/Dollar/mint", dollars.mint(operator.address, REHEARSAL_MONEY))
    return placed


def _set_up(
    operator: Operator, settings: AssetSettings, rules: RuleSettings, known: Mapping[str, Contract]
) -> None:
    """Bind the token to the registry, begin to count, and hand a new registry to the owner."""
    registry = InvestorRegistry(operator.chain, known["InvestorRegistry"].address)
    token = known["ShareToken"].address
    calls = {}
    if token not in registry.tokens():
        calls["bind"] = registry.bind_token(token)
    if rules.counts and registry.count_keeper(token) != known["TransferRules"].address:
        calls["count"] = registry.count(token, [])
    owner = settings.owner or operator.address
    if settings.registry == NEW and owner not in (registry.owner(), registry.pending_owner()):
        calls["appoint"] = registry.add_agent(owner)
        calls["resign"] = registry.remove_agent(operator.address)
        calls["offer"] = registry.transfer_ownership(owner)
    for name, call in calls.items():
        # One by one, because counting cannot be tried before binding is mined.
        operator.send_one(f"deploy/registry/{name}", call)


def _existing(chain: RpcChain, folder: Path) -> Deployment | None:
    present = (folder / "manifest.json").exists()
    return Deployment.open(chain, folder) if present else None


def _check_same(name: str, arguments: Sequence[Any], known: Contract, folder: Path) -> None:
    if _storable(arguments) != known.arguments:
        raise DeploymentError(
            f"{folder} holds a {name} that was deployed with {_words(known.arguments)}, not with "
            f"{_words(_storable(arguments))}",
            "give the same settings and account, or name another folder with --deployment",
        )
    if _init_code_hash(name, arguments) != known.init_code_hash:
        raise DeploymentError(
            f"{folder} holds a {name} that was deployed from other sources",
            "return to those, or name another folder with --deployment",
        )


def _check_same_vault(known: Contract | None, vault: str, folder: Path) -> None:
    if known is not None and known.address != vault:
        raise DeploymentError(
            f"{folder} uses the vault {known.address}, not {vault}",
            "leave --vault out, or name another folder with --deployment",
        )


def _reused(name: str, chain: RpcChain, address: str) -> Contract:
    code = chain.code(address)
    if not _matches(code, name):
        found = f"is not the {name} of this checkout" if code else "is no contract"
        raise DeploymentError(
            f"{address} {found} on chain {chain.chain_id}", "check the address and the network"
        )
    return Contract(
        address=address,
        block=chain.block().number,
        transaction=None,
        gas=0,
        gas_price=0,
        arguments=[],
        init_code_hash=_hash(artifact(name).bytecode),
        code_hash=_hash(code),
    )


def _check_desk(chain: RpcChain, vault: str) -> None:
    """Check that the vault's desk is ours.

    It is what the vault's account made first, so the vault's code may be ours and its desk a
    thief's, who could claim to wherever it likes. And the desk has its domain in its code, so that
    may be another's, whose signatures it would take.
    """
    # Here, because instructions build upon deployments.
    from prorata.instructions import digest  # noqa: PLC0415

    desk = PayoutDesk(chain, DividendVault(chain, vault).desk())
    probe = Instruction(vault, vault, (1,), vault, 0)
    if (
        not _matches(chain.code(desk.address), "PayoutDesk")
        or desk.vault() != vault
        or desk.digest_of(probe) != digest(probe, chain.chain_id, desk.address)
    ):
        raise DeploymentError(
            f"{desk.address}, the desk of the vault {vault}, is not the PayoutDesk of this "
            f"checkout on chain {chain.chain_id}",
            "use another vault: this one's desk could send income elsewhere",
        )


def _deployed(chain: RpcChain, name: str, arguments: list[Any], receipt: Receipt) -> Contract:
    address = receipt.contract_address
    code = chain.code(address) if address else b""
    if address is None or not _matches(code, name):
        raise DeploymentError(
            f"{name} was deployed by {receipt.hash} but the chain has other code at {address}",
            "run again once the node is in step with the chain",
        )
    return Contract(
        address=address,
        block=receipt.mined.block_number,
        transaction=receipt.hash,
        gas=receipt.mined.gas_used,
        gas_price=receipt.mined.gas_price,
        arguments=_storable(arguments),
        init_code_hash=_init_code_hash(name, arguments),
        code_hash=_hash(code),
    )


def _matches(code: bytes, name: str) -> bool:
    """Whether `code` is the contract's, whatever stands where its immutables go."""
    built = artifact(name)
    found, expected = bytearray(code), bytearray(built.runtime)
    if len(found) != len(expected):
        return False
    for places in built.immutable_references.values():
        for place in places:
            here = slice(place["start"], place["start"] + place["length"])
            found[here] = expected[here] = bytes(place["length"])
    return found == expected


def _manifest(
    operator: Operator, settings: AssetSettings, contracts: Mapping[str, Contract]
) -> Manifest:
    order = [name for stage in STAGES for name in stage]
    order += [name for name in contracts if name not in order]
    return Manifest(
        asset=settings,
        chain_id=operator.chain.chain_id,
        genesis=operator.chain.genesis_hash,
        deployer=operator.address,
        commit=_commit(),
        compiler={
            "version": SOLC_VERSION,
            "settings": dict(SETTINGS),
            "input": "standard-input.json",
        },
        contracts={name: contracts[name] for name in order if name in contracts},
    )


def _commit() -> str | None:
    """The commit of this checkout, marked when files differ from it."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        head = _git("rev-parse", "HEAD").strip()
        changed = _git("status", "--porcelain", "--", "contracts", "prorata")
        return f"{head}+changes" if changed else head
    return None


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(PROJECT_ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _init_code_hash(name: str, arguments: Sequence[Any]) -> str:
    return _hash(artifact(name).bytecode + encode_constructor(name, arguments))


def _hash(data: bytes) -> str:
    return f"0x{keccak(data).hex()}"


def _storable(value: Any) -> Any:
    """Arguments as the manifest keeps them: large integers as text."""
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    large = isinstance(value, int) and value > SAFE_INTEGER
    return str(value) if large else value


def _words(arguments: Sequence[Any]) -> str:
    return json.dumps(list(arguments), ensure_ascii=False)


def _write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    part.write_text(text, encoding="utf-8")
    part.replace(path)
