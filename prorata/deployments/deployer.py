# SPDX-License-Identifier: MIT
"""Deploying an asset once, and finding it again.

An asset is described by a YAML file (`Asset`). `deploy` puts its contracts on a chain and
writes down, in the deployment's folder, everything that is needed to find and verify them:

    deployments/<chain id>/<symbol>/
        manifest.json         chain, contracts, code hashes, arguments, transactions, compiler
        standard-input.json   the compiler's whole input, for verification without this checkout
        journal.jsonl         every transaction that was signed

An asset whose settings have rules of its own gets, besides the token and the vault, a registry of
investors (unless it names one), a keeper of lots if there is a lock-up, and the rules; the registry
is bound to the token and, if the rules count persons, begins to count.

`add_contract` puts what is needed only later beside them, such as the record ranges of a fund.

The same settings on the same chain deploy nothing a second time. A folder whose local chain has
been started anew is set aside; on any other chain such a folder is refused.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prorata.assets.asset import NEW, Asset
from prorata.assets.rules import RuleSettings
from prorata.chain.abi import encode_constructor
from prorata.chain.artifacts import artifact, compiler, standard_input
from prorata.chain.calls import deploy_call
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.steps import Intent, Receipt
from prorata.contracts.currency import Currency
from prorata.contracts.registry import InvestorRegistry
from prorata.contracts.relayer import ClaimRelayer, PaymentInstruction, digest
from prorata.contracts.vault import DividendVault
from prorata.deployments.control import look_at, require_same_control
from prorata.deployments.create2 import create2_call, creation_block, require_factory, salt
from prorata.deployments.deployment import Deployment, keccak_hex
from prorata.deployments.machine import require_machine
from prorata.deployments.manifest import Contract, Manifest
from prorata.deployments.plans import require_plan
from prorata.deployments.settings import compare_settings, require_applicable, take_settings
from prorata.errors import DeploymentError
from prorata.files.writer import write_json
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.words import spelled

__all__ = ["add_contract", "deploy", "predict", "price"]
REHEARSAL_DOLLAR = ("Rehearsal Dollar", "USD", 6)
REHEARSAL_MONEY = 10_000_000 * 10**6

# Contracts of one stage need only the addresses of earlier stages.
STAGES = (
    ("DividendVault", "InvestorRegistry", "LockUps"),
    ("TransferRules",),
    ("ShareToken", "Dollar"),
)

# Where the sources are, if the package runs from a checkout.
CHECKOUT = Path(__file__).resolve().parents[2]

# What a token's constructor uses at most to take up its rules.
RULES_GAS = 150_000

# JSON readers that are not Python's keep larger integers only in part.
SAFE_INTEGER = 2**53 - 1


# --------------------------------------------------------------------------------------- deploying


def deploy(
    operator: Operator,
    settings: Asset,
    folder: Path,
    *,
    vault: str | None = None,
    dollar: bool = False,
    accept: bool = False,
) -> Deployment:
    """Put the asset's contracts on the chain unless they are there already.

    `vault` names a DividendVault of this chain to use instead of a new one; `dollar` adds a
    rehearsal currency that anyone can make, and makes some for the operator. Settings that were
    edited since are taken over where that is harmless; with `accept`, also where a person has to be
    asked.

    Raises: InputError for settings that differ and cannot be taken over; DeploymentError when
    `folder` holds a deployment with other code, `vault` is something else, or the chain does not
    run Ethereum's bytecode; what `Operator.send` raises.
    """
    # What a reorganisation has undone is in the journal, and comes back before it is missed.
    operator.settle()
    existing = _existing(operator.chain, folder)
    if existing is not None:
        return _complete(operator, existing, settings, vault=vault, dollar=dollar, accept=accept)
    if operator.gate is None:
        require_plan(settings)
    known: dict[str, Contract] = {}
    _reuse(operator, settings, vault, known, folder)
    require_machine(operator.chain)
    if settings.deterministic and settings.id is not None:
        owner = settings.owner or operator.address
        require_same_control(operator.chain, folder, settings.id, owner)
    known = _stages(operator, settings, operator.address, known, vault=vault, dollar=dollar)
    if isinstance(settings.rules, RuleSettings):
        _set_up(operator, settings, settings.rules, known)
    return _written(folder, _manifest(operator, settings, known), operator.chain)


def _complete(
    operator: Operator,
    existing: Deployment,
    settings: Asset,
    *,
    vault: str | None,
    dollar: bool,
    accept: bool,
) -> Deployment:
    """Take over settings that were edited, and put there what this run asks for besides."""
    folder, manifest = existing.folder, existing.manifest
    subject = f"the settings against those of the deployment in {folder}"
    # A plan has shown a person what is taken over, and whoever must approve it has.
    planned = operator.gate is not None
    edited = compare_settings(existing, settings)
    require_applicable(edited, subject, accept=accept, approved=planned)
    known, origin = dict(manifest.contracts), manifest.as_deployed
    _reuse(operator, origin, vault, known, folder)
    addresses = {name: contract.address for name, contract in known.items()}
    wanted = predict(manifest.deployer, origin, addresses, vault=vault, dollar=dollar)
    for name in set(wanted) & set(known):
        _check_same(name, wanted[name], known[name], folder)
    if not planned and (edited or set(wanted) - set(known)):
        require_plan(existing.settings)
    if set(wanted) - set(known):
        require_machine(operator.chain)
        known = _stages(operator, origin, manifest.deployer, known, vault=vault, dollar=dollar)
        manifest = manifest.model_copy(update={"contracts": _in_order(known)})
        existing = _written(folder, manifest, operator.chain)
    else:
        # So that the operator knows what has been sent before.
        operator.earlier("deploy/ShareToken")
    settings = settings.model_copy(update={"id": settings.id or existing.settings.id})
    return take_settings(existing, settings, operator.address)


def _stages(
    operator: Operator,
    settings: Asset,
    deployer: str,
    known: dict[str, Contract],
    *,
    vault: str | None,
    dollar: bool,
) -> dict[str, Contract]:
    """What is known, and what was missing, put there stage by stage."""
    for stage in STAGES:
        addresses = {name: contract.address for name, contract in known.items()}
        wanted = predict(deployer, settings, addresses, vault=vault, dollar=dollar)
        missing = {n: arguments for n, arguments in wanted.items() if n in stage and n not in known}
        if settings.deterministic:
            known = known | _put_anywhere(operator, missing, settings, deployer)
        else:
            known = known | _put(operator, missing)
    return known


def _written(folder: Path, manifest: Manifest, chain: RpcChain) -> Deployment:
    write_json(folder / "standard-input.json", standard_input())
    # Last, since its presence says that the deployment is complete.
    manifest.write(folder / "manifest.json")
    return Deployment(folder, manifest, chain)


def add_contract(
    operator: Operator, found: Deployment, name: str, arguments: list[Any], label: str | None = None
) -> Deployment:
    """Put one more contract beside those of a deployment, unless it is there already.

    The manifest calls it `label`, or by its own name.

    Raises: DeploymentError when it is there with other arguments or from other sources; what
    `Operator.send` raises.
    """
    # Another step may have put something there since.
    manifest = Manifest.read(found.folder / "manifest.json")
    known, key = dict(manifest.contracts), label or name
    if key in known:
        _check_same(name, arguments, known[key], found.folder)
        return Deployment(found.folder, manifest, found.chain)
    receipt = operator.send_one(f"deploy/{key}", deploy_call(artifact(name), *arguments))
    known[key] = _deployed(operator.chain, name, arguments, receipt)
    # An older deployment keeps what its own contracts were compiled from.
    kept, now = found.folder / "standard-input.json", standard_input()
    if not kept.exists() or json.loads(kept.read_bytes()) != now:
        write_json(found.folder / f"standard-input-{name}.json", now)
    manifest = manifest.model_copy(update={"contracts": known})
    manifest.write(found.folder / "manifest.json")
    return Deployment(found.folder, manifest, found.chain)


def predict(
    deployer: str,
    settings: Asset,
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
        # The deployer binds the token and begins the count, and hands the registry over afterwards.
        keepers = (owner, *settings.agents, deployer)
        wanted["InvestorRegistry"] = [deployer, list(dict.fromkeys(keepers))]
    if isinstance(rules, RuleSettings):
        lock_ups = ZERO_ADDRESS
        if rules.locks:
            wanted["LockUps"] = []
            lock_ups = there.get("LockUps", ZERO_ADDRESS)
        terms = rules.encodable(registry, lock_ups, settings.decimals)
        wanted["TransferRules"] = [terms]
        rules = there.get("TransferRules", ZERO_ADDRESS)
    # Whoever owns an asset gives its daily orders, unless the file names others.
    agents = list(settings.agents or (owner,))
    sheet = [settings.name, settings.symbol, settings.decimals, owner, rules, registry, agents]
    wanted["ShareToken"] = [sheet]
    if dollar:
        wanted["Dollar"] = list(REHEARSAL_DOLLAR)
    return wanted


def price(
    operator: Operator, settings: Asset, *, vault: str | None = None, dollar: bool = False
) -> dict[str, int]:
    """The most gas that each contract would be deployed with; sends nothing.

    Raises: DeploymentError when the chain does not run Ethereum's bytecode; what `Operator.price`
    raises.
    """
    require_machine(operator.chain)
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
    settings: Asset,
    vault: str | None,
    known: dict[str, Contract],
    folder: Path,
) -> None:
    """Add contracts that were there before, after checking that they can be used."""
    chain = operator.chain
    if vault is not None:
        _check_same_vault(known.get("DividendVault"), vault, folder)
        known.setdefault("DividendVault", _reused("DividendVault", chain, vault))
        _check_relayer(chain, vault)
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
    return _with_money(operator, placed)


def _put_anywhere(
    operator: Operator, missing: Mapping[str, list[Any]], settings: Asset, deployer: str
) -> dict[str, Contract]:
    """Deploy contracts where they are on every chain, or find that anybody has."""
    assert settings.id is not None  # the file was read strictly
    require_factory(operator.chain)
    salted = salt(settings.id, settings.owner or deployer)
    calls = {name: create2_call(salted, artifact(name), *args) for name, args in missing.items()}
    receipts = {name: operator.earlier(f"deploy/{name}") for name in missing}
    open_ones = [
        name
        for name, (_, address) in calls.items()
        if receipts[name] is None and not operator.chain.code(address)
    ]
    sent = operator.send([Intent(f"deploy/{name}", calls[name][0]) for name in open_ones])
    receipts |= dict(zip(open_ones, sent, strict=True))
    placed = {}
    for name, arguments in missing.items():
        receipt, address = receipts[name], calls[name][1]
        if receipt is not None:
            placed[name] = _deployed(operator.chain, name, arguments, receipt, address)
        else:
            placed[name] = _found_there(operator.chain, name, arguments, address)
    return _with_money(operator, placed)


def _found_there(chain: RpcChain, name: str, arguments: list[Any], address: str) -> Contract:
    """A contract that somebody else has put where ours belongs: its address proves its code."""
    return Contract(
        address=address,
        block=creation_block(chain, address),
        transaction=None,
        gas=0,
        gas_price=0,
        arguments=_storable(arguments),
        init_code_hash=_init_code_hash(name, arguments),
        code_hash=keccak_hex(chain.code(address)),
    )


def _with_money(operator: Operator, placed: dict[str, Contract]) -> dict[str, Contract]:
    if "Dollar" in placed:
        dollars = Currency(operator.chain, placed["Dollar"].address)
        operator.send_one("deploy/Dollar/mint", dollars.mint(operator.address, REHEARSAL_MONEY))
    return placed


def _set_up(
    operator: Operator, settings: Asset, rules: RuleSettings, known: Mapping[str, Contract]
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
        if operator.address not in settings.agents:
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
            f"{folder} holds a {name} that was deployed with {spelled(known.arguments)}, not with "
            f"{spelled(_storable(arguments))}",
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
    if not artifact(name).is_code(code):
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
        init_code_hash=keccak_hex(artifact(name).bytecode),
        code_hash=keccak_hex(code),
    )


def _check_relayer(chain: RpcChain, vault: str) -> None:
    """Check that the vault's claim relayer is ours.

    It is what the vault's account made first, so the vault's code may be ours and its claim relayer
    a thief's, who could claim to wherever it likes. And the claim relayer has its domain in its
    code, so that may be another's, whose signatures it would take.
    """
    relayer = ClaimRelayer(chain, DividendVault(chain, vault).relayer())
    probe = PaymentInstruction(vault, vault, (1,), vault, 0)
    if (
        not artifact("ClaimRelayer").is_code(chain.code(relayer.address))
        or relayer.vault() != vault
        or relayer.digest_of(probe) != digest(probe, chain.chain_id, relayer.address)
    ):
        raise DeploymentError(
            f"{relayer.address}, the claim relayer of the vault {vault}, is not the ClaimRelayer "
            f"of this checkout on chain {chain.chain_id}",
            "use another vault: this one's claim relayer could send income elsewhere",
        )


def _deployed(
    chain: RpcChain,
    name: str,
    arguments: list[Any],
    receipt: Receipt,
    address: str | None = None,
) -> Contract:
    address = address or receipt.contract_address
    code = chain.code(address) if address else b""
    if address is None or not artifact(name).is_code(code):
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
        code_hash=keccak_hex(code),
    )


def _manifest(operator: Operator, settings: Asset, contracts: Mapping[str, Contract]) -> Manifest:
    owner = settings.owner or operator.address
    return Manifest(
        id=settings.id or _new_id(operator.chain, contracts),
        asset=settings,
        chain_id=operator.chain.chain_id,
        genesis=operator.chain.genesis_hash,
        deployer=operator.address,
        commit=_commit(),
        compiler={
            "version": compiler().version,
            "build": compiler().build,
            "settings": dict(compiler().settings),
            "input": "standard-input.json",
        },
        contracts=_in_order(contracts),
        control=look_at(operator.chain, owner).model_dump(mode="json"),
    )


def _in_order(contracts: Mapping[str, Contract]) -> dict[str, Contract]:
    order = [name for stage in STAGES for name in stage]
    order += [name for name in contracts if name not in order]
    return {name: contracts[name] for name in order if name in contracts}


def _new_id(chain: RpcChain, contracts: Mapping[str, Contract]) -> str:
    """A UUID for an asset whose file has none: no other token has its chain and address."""
    token = contracts["ShareToken"].address
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{chain.genesis_hash}/{chain.chain_id}/{token}"))


def _commit() -> str | None:
    """The checkout's commit, marked when files differ from it; None for an installed package."""
    if not (CHECKOUT / "contracts").is_dir():
        return None
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        head = _git("rev-parse", "HEAD").strip()
        changed = _git("status", "--porcelain", "--", "contracts", "prorata")
        return f"{head}+changes" if changed else head
    return None


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(CHECKOUT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _init_code_hash(name: str, arguments: Sequence[Any]) -> str:
    return keccak_hex(artifact(name).bytecode + encode_constructor(name, arguments))


def _storable(value: Any) -> Any:
    """Arguments as the manifest keeps them: large integers as text."""
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    large = isinstance(value, int) and value > SAFE_INTEGER
    return str(value) if large else value
