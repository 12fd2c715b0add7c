# SPDX-License-Identifier: MIT
"""One more share token of an issuer, put beside an asset: a successor, or the rights of an issue.

It has the owner, the agents, the rules, the register and the vault of the asset, and a folder of
its own, in which every command finds it. Its transactions are in the journal of the asset that it
comes from, since that is where its plan is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prorata.assets.asset import Asset
from prorata.chain.abi import encode_constructor
from prorata.chain.artifacts import artifact, standard_input
from prorata.chain.calls import Call, deploy_call
from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.registry import InvestorRegistry
from prorata.deployments.deployment import Deployment, keccak_hex
from prorata.deployments.machine import require_machine
from prorata.deployments.manifest import Contract
from prorata.deployments.market_contracts import packed_singletons, singleton_address
from prorata.deployments.roles import agents_of, find_governed
from prorata.errors import DeploymentError, InputError
from prorata.files.writer import write_json
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import format_units

__all__ = ["further_asset", "put_token_beside"]

TOKEN = "ShareToken"  # noqa: S105 - the name of a contract


def further_asset(
    found: Deployment, *, name: str, symbol: str, decimals: int, authorised: int
) -> Asset:
    """An asset like that of `found`, with another name; `authorised` in its smallest unit.

    Raises: InputError when a name cannot be one, or is the asset's own.
    """
    settings, token = found.settings, found.token()
    if symbol == settings.symbol:
        rule = "is the symbol of the asset itself"
        raise InputError.of("symbol", symbol, rule, "give the new shares one of their own")
    rules, registry = token.compliance(), token.identity_registry()
    agents = agents_of(found, find_governed(found, "token"))
    # What a contract of the market may do is given to it where it is needed.
    market = {singleton_address(name) for name in packed_singletons()}
    known = {label: {found.chain.chain_id: address} for label, address in found.currencies.items()}
    return Asset.of(
        {
            "name": name,
            "symbol": symbol,
            "decimals": decimals,
            "authorised_shares": format_units(authorised, decimals, grouping=False, trim=True),
            "owner": token.owner(),
            "agents": [one for one in agents if one not in market],
            "rules": None if rules == ZERO_ADDRESS else rules,
            "registry": None if registry == ZERO_ADDRESS else registry,
            "currencies": {**settings.currencies, **known},
        },
        symbol,
    )


def put_token_beside(
    operator: Operator, found: Deployment, settings: Asset, folder: Path
) -> Deployment:
    """Put the share token of `settings` on the chain, once, with a folder of its own.

    Where the asset has a register, the token is bound to it, and counted if the asset is.

    Raises: DeploymentError when the folder has another asset; InputError when the account does not
    own the register; what `Operator.send` raises.
    """
    path = folder / "manifest.json"
    if path.exists():
        there = Deployment.open(found.chain, folder)
        if there.settings.name != settings.name or there.vault().address != found.vault().address:
            rule = f"{folder} has another asset, {there.settings.name}"
            raise DeploymentError(rule, "choose another symbol, or name that token by its address")
        return there
    require_machine(found.chain)
    arguments = [_sheet(settings)]
    key = f"action/token/{settings.symbol}"
    receipt = operator.send_one(key, deploy_call(artifact(TOKEN), *arguments))
    token = _contract(found, receipt, arguments)
    for verb, call in _binding(operator, found, token.address):
        operator.send_one(f"action/token/{settings.symbol}/{verb}", call)
    vault = found.manifest.contracts["DividendVault"].model_copy(update={"transaction": None})
    contracts = {"DividendVault": vault, TOKEN: token}
    manifest = found.manifest.model_copy(
        update={
            "asset": settings,
            "id": None,
            "deployer": operator.address,
            "contracts": contracts,
            "history": (),
        }
    )
    write_json(folder / "standard-input.json", standard_input())
    manifest.write(path)
    return Deployment(folder, manifest, found.chain)


def _sheet(settings: Asset) -> list[Any]:
    return [
        settings.name,
        settings.symbol,
        settings.decimals,
        settings.owner,
        settings.rules or ZERO_ADDRESS,
        settings.registry or ZERO_ADDRESS,
        list(settings.agents),
    ]


def _contract(found: Deployment, receipt: Receipt, arguments: list[Any]) -> Contract:
    address = receipt.contract_address
    code = found.chain.code(address) if address else b""
    if address is None or not artifact(TOKEN).is_code(code):
        raise DeploymentError(
            f"a token was deployed by {receipt.hash} but the chain has other code at {address}",
            "run again once the node is in step with the chain",
        )
    return Contract(
        address=address,
        block=receipt.mined.block_number,
        # It is in the journal of the asset that it comes from, and not in that of its own folder.
        transaction=None,
        gas=receipt.mined.gas_used,
        gas_price=receipt.mined.gas_price,
        arguments=arguments,
        init_code_hash=keccak_hex(artifact(TOKEN).bytecode + encode_constructor(TOKEN, arguments)),
        code_hash=keccak_hex(code),
    )


def _binding(operator: Operator, found: Deployment, token: str) -> list[tuple[str, Call]]:
    """What the register must know of a new token, as it knows the asset's own."""
    address = found.token().identity_registry()
    if address == ZERO_ADDRESS:
        return []
    registry = InvestorRegistry(found.chain, address)
    if not registry.is_ours:
        return []
    own, calls = found.token().address, []
    if own in registry.tokens() and token not in registry.tokens():
        calls.append(("bind", registry.bind_token(token)))
    counted = registry.count_keeper(own) != ZERO_ADDRESS
    if counted and registry.count_keeper(token) == ZERO_ADDRESS:
        calls.append(("count", registry.count(token, [])))
    if calls and (owner := registry.owner()) != operator.address:
        rule = f"does not own the register {address}, which must know the new shares"
        raise InputError.of("account", operator.address, rule, f"use the account {owner}")
    return calls
