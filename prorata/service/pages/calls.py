# SPDX-License-Identifier: MIT
"""What a page lets a wallet sign: the contracts of a deployment, and of each the functions.

An action has its own few functions and messages. `wallet.js` refuses every other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from prorata.chain.abi import function
from prorata.chain.artifacts import artifact
from prorata.contracts.ballot import Ballot
from prorata.contracts.call_auction import CallAuction
from prorata.contracts.currency import Currency
from prorata.contracts.relayer import DOMAIN_NAME, DOMAIN_VERSION, PRIMARY_TYPE, TYPES
from prorata.contracts.share_token import ShareToken
from prorata.contracts.trade_settlement import DOMAIN_NAME as SETTLEMENT_NAME
from prorata.contracts.trade_settlement import DOMAIN_VERSION as SETTLEMENT_VERSION
from prorata.contracts.trade_settlement import TradeSettlement, order_types
from prorata.contracts.vault import DividendVault
from prorata.deployments.deployment import Deployment
from prorata.deployments.market_contracts import singleton_address
from prorata.service.pages.market_facts import parties_of

__all__ = ["FUNCTIONS", "contracts_of", "messages_of", "wallet_data"]

TOKEN, VAULT = ShareToken.CONTRACT, DividendVault.CONTRACT
MONEY = Currency.CONTRACT
"""A currency of the deployment, of which every one has the same functions."""

FUNCTIONS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "claim": ((VAULT, "claim"),),
    "claim-to": (),
    "payee": ((VAULT, "setPayee"),),
    "transfer": ((TOKEN, "transfer"),),
    "approve": ((TOKEN, "approve"), (MONEY, "approve")),
    "subscribe": ((MONEY, "approve"), (CallAuction.CONTRACT, "place")),
    "withdraw-order": ((CallAuction.CONTRACT, "withdraw"),),
    "order": (),
    "cancel-order": ((TradeSettlement.CONTRACT, "cancel"),),
    "vote": ((Ballot.CONTRACT, "vote"), (Ballot.CONTRACT, "voteSplit")),
    "distribute": ((MONEY, "approve"), (VAULT, "declare")),
    "record": ((TOKEN, "scheduleRecord"),),
    "issue": ((TOKEN, "mint"), (TOKEN, "batchMint")),
    "freeze": ((TOKEN, "setAddressFrozen"), (TOKEN, "setFrozenTokens")),
    "release": ((TOKEN, "setAddressFrozen"),),
    "force-transfer": ((TOKEN, "forcedTransfer"),),
    "burn": ((TOKEN, "burn"),),
    "pause": ((TOKEN, "pause"),),
    "unpause": ((TOKEN, "unpause"),),
}
"""Of each action, what it may call."""

ABOUT_OFFERINGS = ("subscribe", "withdraw-order")
"""What brings the terms of an offering, in which its parties stand."""

MARKET = (Ballot.CONTRACT, CallAuction.CONTRACT, TradeSettlement.CONTRACT)


def wallet_data(
    found: Deployment, action: str, *, account: str, own: list[str], following: str
) -> dict[str, Any]:
    """What `wallet.js` is given with a page for one action of an account.

    `own` are the lost wallets whose place it has; `following` is the page to go to when it is done.
    """
    named = dict(contracts_of(found))
    functions: dict[str, dict[str, Any]] = {address: {} for address in named}
    for contract, name in FUNCTIONS[action]:
        for address, kind in named.items():
            if kind == contract:
                functions[address] |= _function(contract, name)
    return {
        "chainId": found.manifest.chain_id,
        "token": found.token().address,
        "account": account,
        "own": own,
        "parties": parties_of(found) if action in ABOUT_OFFERINGS else [],
        "next": following,
        "contracts": {
            address: {"name": kind, "functions": functions[address]}
            for address, kind in named.items()
        },
        "messages": list(messages_of(found, action)),
    }


def contracts_of(found: Deployment) -> Iterator[tuple[str, str]]:
    """Address and name: of the manifest, of its currencies, and of the market."""
    for kind in MARKET:
        yield singleton_address(kind), kind
    for address in found.currencies.values():
        yield address, MONEY
    for name, one in found.manifest.contracts.items():
        kind = name.split("/")[0]
        if one.address not in found.currencies.values():
            yield one.address, kind


def _function(contract: str, name: str) -> dict[str, Any]:
    told = function(contract, name)
    [entry] = [
        one for one in artifact(contract).abi if one["type"] == "function" and one["name"] == name
    ]
    return {
        f"0x{told.selector.hex()}": {
            "name": name,
            "inputs": [_input(one) for one in told.inputs],
            "payable": entry["stateMutability"] == "payable",
        }
    }


def _input(one: Mapping[str, Any]) -> dict[str, Any]:
    told = {"name": one["name"], "type": one["type"]}
    if "components" in one:
        told["components"] = [_input(inner) for inner in one["components"]]
    return told


def messages_of(found: Deployment, action: str) -> Iterator[dict[str, Any]]:
    """The messages that may be signed for an action."""
    if action == "claim-to":
        relayer = found.vault().relayer()
        types = {name: [dict(part) for part in parts] for name, parts in TYPES.items()}
        yield _message(relayer, DOMAIN_NAME, DOMAIN_VERSION, PRIMARY_TYPE, types)
    if action == "order":
        settlement = singleton_address(TradeSettlement.CONTRACT)
        yield _message(settlement, SETTLEMENT_NAME, SETTLEMENT_VERSION, "Order", order_types())


def _message(
    contract: str, name: str, version: str, primary: str, types: Mapping[str, Any]
) -> dict[str, Any]:
    """A message that may be signed: of this domain, this type, and with just these fields."""
    return {
        "contract": contract,
        "name": name,
        "version": version,
        "primaryType": primary,
        "types": types,
    }
