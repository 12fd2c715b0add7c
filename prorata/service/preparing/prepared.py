# SPDX-License-Identifier: MIT
"""An action prepared: every transaction with its words, what it would write, and who gains what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from prorata.chain.abi import Function, event_for, functions_of, plain
from prorata.chain.artifacts import artifacts
from prorata.chain.node import RpcChain
from prorata.chain.rehearsal import RehearsalEndError
from prorata.chain.rehearsed_steps import CALLED_ALONE, SIMULATED, UNTRIED, RehearsedStep
from prorata.chain.safe_batches import in_parts, safe_batch
from prorata.chain.types import Log
from prorata.contracts.base import NATIVE
from prorata.contracts.currency import Currency
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.service.preparing.actions import Action, Arguments, Message
from prorata.service.preparing.play import Played, played
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["EXPIRES_SECONDS", "Prepared", "prepare"]

EXPIRES_SECONDS = 3_600
"""So long after the block that it was tried on, a preparation should be made anew."""

_NOT_KNOWN = "what follows these transactions is not known"
WORST_FIRST = (UNTRIED, CALLED_ALONE, SIMULATED)


@dataclass(frozen=True)
class Prepared:
    """What is to be signed, as `as_json` gives it, and on which block it was tried."""

    action: str
    account: str
    chain_id: int
    block: int
    time: int
    steps: tuple[Mapping[str, Any], ...] = ()
    balances: tuple[Mapping[str, Any], ...] = ()
    typed_data: Message | None = None
    safe: tuple[Mapping[str, Any], ...] = ()
    digest: str | None = None
    complete: bool = True
    grade: str = SIMULATED
    notes: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """For whoever signs: `transactions` in order, or `typed_data`; files for a Safe."""
        return {
            "action": self.action,
            "account": self.account,
            "chain_id": self.chain_id,
            "tried_on": {"block": self.block, "time": _iso(self.time)},
            "expires": _iso(self.time + EXPIRES_SECONDS),
            "done": not self.steps and self.typed_data is None,
            "transactions": list(self.steps),
            "typed_data": self.typed_data,
            "balance_changes": list(self.balances),
            "tried": self.grade,
            "complete": self.complete,
            "digest": self.digest,
            "safe_files": list(self.safe),
            "notes": list(self.notes),
        }


def prepare(
    chain: RpcChain,
    folder: Path,
    action: Action,
    arguments: Arguments,
    *,
    account: str,
    safe: bool = False,
) -> Prepared:
    """Play an action for an account; nothing is signed, sent or kept.

    With `safe`, files for Safe's Transaction Builder come too.

    Raises: InputError for what stands in its way; RevertError for a step that would fail;
    DeploymentError; ChainError.
    """
    complete, typed = True, None
    with played(chain, folder, account, "safe" if safe else "unsigned") as on:
        try:
            typed = arguments.play(on)
        except RehearsalEndError:
            complete = False
        operator, found = on.operator, on.deployment
        for step in operator.steps:
            if step.to is None:
                rule = f"would have to create a contract ({step.label}), which no wallet does here"
                raise InputError.of("action", action.name, rule, "deploy it by a command first")
        named = _names(found)
        steps = tuple(_step(on, step, named) for step in operator.steps)
        block = chain.block()
        return Prepared(
            action=action.name,
            account=account,
            chain_id=chain.chain_id,
            block=block.number,
            time=block.timestamp,
            steps=steps,
            balances=tuple(_changes(on, account)),
            typed_data=typed,
            safe=tuple(_safe_files(on, block.timestamp)) if safe and steps else (),
            digest=operator.digest if steps else None,
            complete=complete,
            grade=next((g for g in WORST_FIRST if any(s["tried"] == g for s in steps)), SIMULATED),
            notes=(*on.notes, *(() if complete else (_NOT_KNOWN,))),
        )


def _names(found: Deployment) -> dict[str, str]:
    """Of each contract's address, which contract it is."""
    return {one.address: name.split("/")[0] for name, one in found.manifest.contracts.items()}


def _step(on: Played, step: RehearsedStep, named: Mapping[str, str]) -> dict[str, Any]:
    contract, function, arguments = _decoded(step, named)
    return {
        "says": step.label,
        "to": step.to,
        "contract": contract,
        "value": str(step.value),
        "data": f"0x{step.data.hex()}",
        "gas": step.gas,
        "tried": step.grade,
        "function": function,
        "arguments": arguments,
        "events": [told for log in on.operator.logs_of(step.key) if (told := _event(log, named))],
    }


def _decoded(
    step: RehearsedStep, named: Mapping[str, str]
) -> tuple[str | None, str | None, list[dict[str, Any]]]:
    """The contract, its function and the arguments; of a foreign contract by the selector alone."""
    contract = named.get(str(step.to))
    for name in (contract,) if contract in artifacts() else artifacts():
        for function in functions_of(str(name)):
            if function.selector == step.data[:4]:
                values = function.arguments(step.data)
                if values is not None:
                    return contract, function.name, _told(function, values)
    return contract, None, []


def _told(function: Function, values: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [
        {"name": one["name"], "type": one["type"], "value": plain(value)}
        for one, value in zip(function.inputs, values, strict=True)
    ]


def _event(log: Log, named: Mapping[str, str]) -> dict[str, Any] | None:
    found = event_for(log.topics, log.data)
    if found is None:
        return None
    name, arguments = found
    return {
        "contract": named.get(log.address),
        "address": log.address,
        "event": name,
        "arguments": {key: plain(value) for key, value in arguments.items()},
    }


# ---------------------------------------------------------------------------------------- balances


def _changes(on: Played, account: str) -> Iterator[dict[str, Any]]:
    """What each account would gain or lose of each token, the signer's own first."""
    gained: dict[tuple[str, str], int] = {}
    for step in on.operator.steps:
        if step.value:
            _add(gained, NATIVE, account, -step.value)
            _add(gained, NATIVE, str(step.to), step.value)
        for log in on.operator.logs_of(step.key):
            told = event_for(log.topics, log.data)
            if told is not None and told[0] == "Transfer" and {"from", "to", "value"} <= {*told[1]}:
                sender, receiver, units = (told[1][name] for name in ("from", "to", "value"))
                _add(gained, log.address, sender, -units)
                _add(gained, log.address, receiver, units)
    token = on.deployment.token().address
    for (asset, who), units in sorted(gained.items(), key=lambda one: (one[0][1] != account, one)):
        if units and who != ZERO_ADDRESS:
            unit = (
                on.deployment.settings.unit
                if asset == token
                else Currency(on.deployment.chain, asset).unit
            )
            sign = "-" if units < 0 else ""
            yield {
                "account": who,
                "change": {
                    "units": str(units),
                    "text": f"{sign}{unit.amount(abs(units)).text}",
                    "decimals": unit.decimals,
                    "currency": unit.symbol,
                    "address": asset,
                },
            }


def _add(gained: dict[tuple[str, str], int], asset: str, who: str, units: int) -> None:
    gained[asset, who] = gained.get((asset, who), 0) + units


# -------------------------------------------------------------------------------------- Safe files


def _safe_files(on: Played, now: int) -> Iterator[dict[str, Any]]:
    """One for each part that fits one, in order."""
    operator = on.operator
    parts = list(in_parts(operator.steps))
    for number, part in enumerate(parts, start=1):
        yield safe_batch(
            on.deployment.chain.chain_id,
            operator.address,
            part,
            name=f"prorata {operator.digest[:10]}, {number} of {len(parts)}",
            description="; ".join(step.label for step in part)[:1_000],
            created_at=now,
        )


def _iso(second: int) -> str:
    return datetime.fromtimestamp(second, tz=timezone.utc).isoformat().replace("+00:00", "Z")
