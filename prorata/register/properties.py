# SPDX-License-Identifier: MIT
"""What the owner of a token can set: its name, its metadata, whose income waits, who may hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from prorata.chain.calls import Call
from prorata.chain.operator import Operator
from prorata.contracts.share_token import ShareToken
from prorata.deployments.changes import Change, make_change, require_owner
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.files.writer import json_object
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import strange_character

__all__ = [
    "Properties",
    "read_properties",
    "set_holds_contract",
    "set_identity",
    "set_income_waits",
    "set_metadata",
    "set_name",
    "set_symbol",
]

LONGEST_NAME, LONGEST_SYMBOL = 64, 11


@dataclass(frozen=True)
class Properties:
    """What a token says of itself now; the zero address stands for none."""

    name: str
    symbol: str
    metadata: str
    identity: str
    income_waits: bool
    holds_contract: str

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return json_object(vars(self))


def read_properties(token: ShareToken) -> Properties:
    """Read them.

    Raises: ChainError.
    """
    return Properties(
        token.name(),
        token.symbol(),
        token.contract_uri(),
        token.onchain_id(),
        token.income_waits(),
        token.holds_contract(),
    )


# ---------------------------------------------------------------------------------------- changes


def set_name(operator: Operator, deployment: Deployment, name: str) -> Change:
    """Change the name; permits that were signed for the old one are void. Owner only.

    Raises: InputError when it is no name, or the account is not the owner; what `Operator.send`
    raises.
    """
    _check_text("name", name, LONGEST_NAME)
    token = deployment.token()
    return _Setting("name", name, token.set_name(name), token.name).make(operator, deployment)


def set_symbol(operator: Operator, deployment: Deployment, symbol: str) -> Change:
    """Change the symbol; folder and asset file keep the old one. Owner only.

    Raises: as `set_name` does.
    """
    _check_text("symbol", symbol, LONGEST_SYMBOL)
    token = deployment.token()
    return _Setting("symbol", symbol, token.set_symbol(symbol), token.symbol).make(
        operator, deployment
    )


def set_metadata(operator: Operator, deployment: Deployment, uri: str) -> Change:
    """Say where the token's metadata is (ERC-7572); empty for nowhere. Owner only.

    Raises: as `set_name` does.
    """
    if (strange := strange_character(uri)) is not None:
        raise InputError.of("uri", uri, *strange)
    token = deployment.token()
    call = token.set_contract_uri(uri)
    return _Setting("metadata", uri, call, token.contract_uri).make(operator, deployment)


def set_identity(operator: Operator, deployment: Deployment, identity: str) -> Change:
    """Name the identity contract of the token (ERC-3643); the zero address for none. Owner only.

    Raises: as `set_name` does.
    """
    token = deployment.token()
    call = token.set_onchain_id(identity)
    return _Setting("identity", identity, call, token.onchain_id).make(operator, deployment)


def set_income_waits(operator: Operator, deployment: Deployment, waits: bool) -> Change:
    """Set whether income waits while its holder is not eligible, where declared from now on.

    Raises: InputError when there is no registry to say who is eligible, or the account is not the
    owner; what `Operator.send` raises.
    """
    token = deployment.token()
    if waits and token.identity_registry() == ZERO_ADDRESS:
        raise InputError.of(
            "asset",
            deployment.settings.symbol,
            "has no registry, so everybody is eligible and nothing would wait",
            "name a registry with `prorata registry change` first",
        )
    call = token.set_income_waits(waits)
    return _Setting("income-waits", waits, call, token.income_waits).make(operator, deployment)


def set_holds_contract(operator: Operator, deployment: Deployment, contract: str) -> Change:
    """Appoint the one contract that may hold shares; none by the zero address. Owner only.

    Raises: InputError when there is no contract at the address, or the account is not the owner;
    what `Operator.send` raises.
    """
    if contract != ZERO_ADDRESS and not operator.chain.code(contract):
        rule = f"is not a contract on chain {operator.chain.chain_id}"
        remedy = "check the address: an account with a key could deliver what is held"
        raise InputError.of("contract", contract, rule, remedy)
    token = deployment.token()
    call = token.set_holds_contract(contract)
    return _Setting("holds-contract", contract, call, token.holds_contract).make(
        operator, deployment
    )


@dataclass(frozen=True)
class _Setting:
    """What is to be set to `value`, by `call`; `present` asks the token what it is now."""

    what: str
    value: object
    call: Call
    present: Callable[[], object]

    def make(self, operator: Operator, deployment: Deployment) -> Change:
        operator.settle()
        called = f"the token {deployment.settings.symbol}"
        require_owner(deployment.token(), operator.address, called)
        key = f"settings/{self.what}/{self.value}"
        return make_change(operator, key, self.call, done=self.present() == self.value)


def _check_text(column: str, text: str, longest: int) -> None:
    if not text.strip() or text != text.strip() or len(text) > longest:
        rule = f"is not 1 to {longest} characters without spaces at the ends"
        raise InputError.of(column, text, rule, "write another")
    if (strange := strange_character(text, printable=True)) is not None:
        raise InputError.of(column, text, *strange)
