"""Actions prepared as the service prepares them, and sent as a wallet would send them."""

from __future__ import annotations

import time
from typing import Any

from prorata.chain.node import RpcChain
from prorata.contracts.currency import Currency
from prorata.files.models import validated
from prorata.service.preparing.actions import ACTIONS
from prorata.service.preparing.prepared import prepare
from tests.prorata.cli.opened import Commands

__all__ = ["balances", "prepared", "send"]


def prepared(
    commands: Commands, name: str, account: str, *, safe: bool = False, **said: Any
) -> dict[str, Any]:
    """As the service answers."""
    action = ACTIONS[name]
    arguments = validated(action.arguments, said, "the guide", "the request")
    chain = RpcChain(commands.anvil.url)
    done = prepare(chain, commands.folder, action, arguments, account=account, safe=safe)
    return done.as_json()


def send(commands: Commands, account: str, told: dict[str, Any]) -> None:
    """Every transaction, as a wallet would send it."""
    rpc = commands.anvil.rpc
    rpc("anvil_impersonateAccount", account)
    for one in told["transactions"]:
        body = {"from": account, "to": one["to"], "data": one["data"], "gas": hex(one["gas"])}
        hashed = rpc("eth_sendTransaction", {**body, "value": hex(int(one["value"]))})
        deadline = time.monotonic() + 10
        while (receipt := rpc("eth_getTransactionReceipt", hashed)) is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert receipt["status"] == "0x1", one["says"]
    rpc("anvil_stopImpersonatingAccount", account)


def balances(commands: Commands, told: dict[str, Any]) -> dict[tuple[str, str], int]:
    """What the accounts and tokens of a preparation have now."""
    chain = RpcChain(commands.anvil.url)
    places = {(one["account"], one["change"]["address"]) for one in told["balance_changes"]}
    return {place: Currency(chain, place[1]).balance_of(place[0]) for place in places}
