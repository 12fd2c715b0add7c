# SPDX-License-Identifier: MIT
"""Descriptors for wallets that show what they sign (ERC-7730, version 1): one for each contract.

They are made of the ABI and of the words of the actions, for the functions and messages that pages
have a wallet sign. A wallet takes them from a registry that it trusts, not from a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from prorata.chain.artifacts import artifact
from prorata.contracts.currency import Currency
from prorata.contracts.share_token import ShareToken
from prorata.deployments.deployment import Deployment
from prorata.service.pages.calls import FUNCTIONS, contracts_of, messages_of
from prorata.service.preparing.actions import ACTIONS

__all__ = ["descriptors_of"]

SCHEMA = "https://eips.ethereum.org/assets/eip-7730/erc7730-v1.schema.json"
IN_ITSELF = (ShareToken.CONTRACT, Currency.CONTRACT)
"""Contracts whose amounts are of the token that they are."""

INTENTS = {
    "setAddressFrozen": "Freeze or release a wallet",
    "setFrozenTokens": "Freeze shares of a wallet",
    "approve": "Let somebody move what is yours",
}
"""Of functions that are more than one action, or less."""

_SECOND = re.compile("(At|Until|Since|By|From|deadline)$")
_AMOUNT = re.compile("(amount|value)$", re.IGNORECASE)
_WORD = re.compile("(?<=[a-z0-9])(?=[A-Z])")


def descriptors_of(found: Deployment) -> dict[str, dict[str, Any]]:
    """Each descriptor by the name of its file."""
    made: dict[str, dict[str, Any]] = {}
    places: dict[str, list[str]] = {}
    for address, kind in contracts_of(found):
        places.setdefault(kind, []).append(address)
    for kind, addresses in places.items():
        if intents := dict(_intents(kind)):
            made[f"calldata-{kind}.json"] = _of_calls(found, kind, addresses, intents)
    for action in FUNCTIONS:
        for message in messages_of(found, action):
            name = f"eip712-{message['primaryType']}.json"
            made[name] = _of_message(found, message, _intent(action))
    return made


def _intents(kind: str) -> Iterator[tuple[str, str]]:
    """The functions of a contract, and what each is for; the first action that names it says so."""
    seen = set()
    for action, functions in FUNCTIONS.items():
        for contract, name in functions:
            if contract == kind and name not in seen:
                seen.add(name)
                yield name, INTENTS.get(name, _intent(action))


def _intent(action: str) -> str:
    """The beginning of the action's sentence."""
    return re.split("[:;,.]", ACTIONS[action].says, maxsplit=1)[0]


def _of_calls(
    found: Deployment, kind: str, addresses: Sequence[str], intents: Mapping[str, str]
) -> dict[str, Any]:
    abi = [
        {**one, "inputs": [_named(n, each) for n, each in enumerate(one["inputs"], start=1)]}
        for one in artifact(kind).abi
        if one["type"] == "function" and one["name"] in intents
    ]
    formats = {
        _signature(one): _format(intents[one["name"]], one["inputs"], kind in IN_ITSELF)
        for one in abi
    }
    deployments = [{"chainId": found.manifest.chain_id, "address": one} for one in addresses]
    context = {"contract": {"abi": abi, "deployments": deployments}}
    return _document(found, f"{found.settings.symbol} {kind}", context, formats)


def _of_message(found: Deployment, message: Mapping[str, Any], intent: str) -> dict[str, Any]:
    primary, types = message["primaryType"], message["types"]
    place = {"chainId": found.manifest.chain_id, "address": message["contract"]}
    domain = {
        "name": message["name"],
        "version": message["version"],
        "chainId": found.manifest.chain_id,
        "verifyingContract": message["contract"],
    }
    context = {
        "eip712": {
            "schemas": [{"primaryType": primary, "types": types}],
            "domain": domain,
            "deployments": [place],
        }
    }
    formats = {primary: _format(intent, types[primary], in_itself=False)}
    return _document(found, f"{found.settings.symbol} {primary}", context, formats)


def _document(
    found: Deployment, named: str, context: Mapping[str, Any], formats: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "$schema": SCHEMA,
        "context": {"$id": named, **context},
        "metadata": {"owner": found.settings.name},
        "display": {"formats": dict(formats)},
    }


def _named(number: int, one: Mapping[str, Any]) -> Mapping[str, Any]:
    """An argument by its name, or by its place where the contract does not use it."""
    return one if one["name"] else {**one, "name": f"argument{number}"}


def _signature(entry: Mapping[str, Any]) -> str:
    return f"{entry['name']}({','.join(_type(one) for one in entry['inputs'])})"


def _type(one: Mapping[str, Any]) -> str:
    if not one["type"].startswith("tuple"):
        return str(one["type"])
    inner = ",".join(_type(part) for part in one["components"])
    return f"({inner}){one['type'].removeprefix('tuple')}"


def _format(intent: str, inputs: Sequence[Mapping[str, Any]], in_itself: bool) -> dict[str, Any]:
    fields = [field for one in inputs for field in _fields(one, "", in_itself)]
    return {"intent": intent, "fields": fields, "required": [one["path"] for one in fields]}


def _fields(one: Mapping[str, Any], above: str, in_itself: bool) -> Iterator[dict[str, Any]]:
    """Every value of an argument: nothing that is signed goes unseen."""
    path, kind = f"{above}{one['name']}", one["type"]
    while kind.endswith("]"):
        path, kind = f"{path}.[]", kind[: kind.rindex("[")]
    if kind == "tuple":
        for part in one["components"]:
            yield from _fields(part, f"{path}.", in_itself)
        return
    words = _WORD.sub(" ", one["name"].lstrip("_")).lower()
    label = words[:1].upper() + words[1:]
    yield {"path": path, "label": label, **_shown(one["name"], kind, in_itself)}


def _shown(name: str, kind: str, in_itself: bool) -> dict[str, Any]:
    if kind == "address":
        return {"format": "addressName"}
    if kind.startswith("uint") and in_itself and _AMOUNT.search(name):
        return {"format": "tokenAmount", "params": {"tokenPath": "@.to"}}
    if kind.startswith("uint") and _SECOND.search(name):
        return {"format": "date", "params": {"encoding": "timestamp"}}
    return {"format": "raw"}
