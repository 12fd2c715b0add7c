"""What wallets are told of our functions (ERC-7730), by the structure that its schema asks for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from eth_utils import keccak
from jsonschema import validate

from prorata.chain.abi import function
from prorata.service.pages.calls import FUNCTIONS
from prorata.service.pages.descriptors import descriptors_of
from tests.prorata.cli.opened import Commands
from tests.prorata.service.pages.conftest import Served

pytestmark = pytest.mark.slow

FIELD = {
    "type": "object",
    "properties": {
        "path": {"type": "string", "pattern": r"^\w+(\.(\w+|\[\]))*$"},
        "label": {"type": "string", "minLength": 1},
        "format": {"enum": ["raw", "addressName", "tokenAmount", "date"]},
        "params": {"type": "object"},
    },
    "required": ["path", "label", "format"],
    "additionalProperties": False,
}
PLACES = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "properties": {
            "chainId": {"type": "integer"},
            "address": {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"},
        },
        "required": ["chainId", "address"],
        "additionalProperties": False,
    },
}
SHAPE = {
    "type": "object",
    "properties": {
        "$schema": {"type": "string", "pattern": "erc7730-v1.schema.json$"},
        "context": {
            "type": "object",
            "properties": {
                "$id": {"type": "string"},
                "contract": {
                    "type": "object",
                    "properties": {"abi": {"type": "array"}, "deployments": PLACES},
                    "required": ["abi", "deployments"],
                    "additionalProperties": False,
                },
                "eip712": {
                    "type": "object",
                    "properties": {
                        "schemas": {"type": "array", "minItems": 1},
                        "domain": {"type": "object"},
                        "deployments": PLACES,
                    },
                    "required": ["schemas", "domain", "deployments"],
                    "additionalProperties": False,
                },
            },
            "oneOf": [{"required": ["contract"]}, {"required": ["eip712"]}],
            "additionalProperties": False,
        },
        "metadata": {"type": "object", "required": ["owner"]},
        "display": {
            "type": "object",
            "properties": {
                "formats": {
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": {
                        "type": "object",
                        "properties": {
                            "intent": {"type": "string", "minLength": 3},
                            "fields": {"type": "array", "items": FIELD},
                            "required": {"type": "array", "items": {"type": "string"}},
                        },
                        "required": ["intent", "fields", "required"],
                        "additionalProperties": False,
                    },
                }
            },
            "required": ["formats"],
            "additionalProperties": False,
        },
    },
    "required": ["$schema", "context", "metadata", "display"],
    "additionalProperties": False,
}
"""Of the parts of the public schema (version 1) that we use."""


@pytest.fixture
def found(building: Commands) -> dict[str, dict[str, Any]]:
    return descriptors_of(building.deployment)


def test_every_descriptor_has_the_shape(found: dict[str, dict[str, Any]]) -> None:
    assert len(found) >= 6
    for one in found.values():
        validate(json.loads(json.dumps(one)), SHAPE)


def test_every_function_that_a_page_has_signed_is_described(
    found: dict[str, dict[str, Any]],
) -> None:
    """Law 144: by the signature of the very function, and with each of its values."""
    for contract, name in {one for functions in FUNCTIONS.values() for one in functions}:
        formats = found[f"calldata-{contract}.json"]["display"]["formats"]
        [signature] = [one for one in formats if one.startswith(f"{name}(")]
        assert keccak(text=signature)[:4] == function(contract, name).selector
        shown = {one["path"].split(".")[0] for one in formats[signature]["fields"]}
        inputs = enumerate(function(contract, name).inputs, start=1)
        assert shown == {one["name"] or f"argument{number}" for number, one in inputs}
    for message in ("eip712-Order.json", "eip712-PaymentInstruction.json"):
        assert message in found, sorted(found)


def test_a_function_of_two_actions_claims_to_be_neither(found: dict[str, dict[str, Any]]) -> None:
    """Law 144: the function that freezes releases, too."""
    formats = found["calldata-ShareToken.json"]["display"]["formats"]
    assert formats["setAddressFrozen(address,bool)"]["intent"] == "Freeze or release a wallet"
    amount = formats["transfer(address,uint256)"]["fields"][1]
    assert amount["params"] == {"tokenPath": "@.to"}


def test_they_are_served_beside_the_asset(served: Served) -> None:
    client, place = served.client(), f"/assets/{served.token}/clear-signing"
    told = client.get(f"{place}/calldata-DividendVault.json").json()
    assert told["context"]["contract"]["deployments"] == [
        {"chainId": 31_337, "address": served.commands.deployment.vault().address}
    ]
    refused = client.get(f"{place}/calldata-Nothing.json")
    assert refused.status_code == 404
    assert "calldata-ShareToken.json" in refused.text
