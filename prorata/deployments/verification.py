# SPDX-License-Identifier: MIT
"""Verifying a deployment's sources with an explorer, from the compiler's input in its folder.

Nothing of it happens by itself: sources are published when somebody asks for it. What an explorer
said of each contract is kept beside the manifest, so that what is verified is not asked again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from prorata.chain.abi import encode_constructor
from prorata.chain.artifacts import artifact, compiler, standard_input
from prorata.chain.node import RpcChain
from prorata.deployments.deployment import Deployment, keccak_hex
from prorata.deployments.explorers import Explorer, Outcome, State, VerificationRequest
from prorata.deployments.manifest import Contract
from prorata.deployments.market_contracts import (
    packed_singletons,
    singleton_address,
    singleton_arguments,
)
from prorata.errors import DeploymentError
from prorata.files.writer import write_json

__all__ = ["STATUS", "Verification", "market_requests", "verification_requests", "verify_all"]

STATUS = "verification.json"
PAUSE_SECONDS = 5.0


@dataclass(frozen=True)
class Verification:
    """What an explorer says of one contract; `before` if an earlier run was told so."""

    label: str
    address: str
    outcome: Outcome
    before: bool = False

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "contract": self.label,
            "address": self.address,
            "state": self.outcome.state.value,
            "said": self.outcome.words,
            "before": self.before,
        }


# ---------------------------------------------------------------------------------------- requests


def verification_requests(found: Deployment) -> dict[str, VerificationRequest]:
    """What to ask for each contract that this folder deployed, by its label.

    A contract that was there before belongs to the folder that deployed it.

    Raises: DeploymentError when a contract was deployed from other sources than this version's, or
    the compiler's input is gone.
    """
    contracts = found.manifest.contracts
    ours = {label: one for label, one in contracts.items() if one.init_code_hash and _ours(one)}
    return {label: _request(found, label, contract) for label, contract in ours.items()}


def market_requests(chain: RpcChain) -> dict[str, VerificationRequest]:
    """What to ask for the market's contracts, as far as the chain has them, with our code.

    They are nobody's, so whoever asks first has asked for all.

    Raises: ChainError.
    """
    return {
        f"market/{name}": VerificationRequest(
            chain_id=chain.chain_id,
            address=singleton_address(name),
            name=name,
            source_name=artifact(name).source_name,
            compiler_build=compiler().build,
            standard_input=standard_input(),
            arguments=encode_constructor(name, singleton_arguments(name)),
            transaction=None,
        )
        for name in packed_singletons()
        if artifact(name).is_code(chain.code(singleton_address(name)))
    }


def _ours(contract: Contract) -> bool:
    # A vault or a registry that was reused has neither arguments nor a transaction of ours.
    return contract.transaction is not None or bool(contract.arguments)


def _request(found: Deployment, label: str, contract: Contract) -> VerificationRequest:
    name = label.split("/", maxsplit=1)[0]
    built = artifact(name)
    arguments = encode_constructor(name, _restored_all(name, contract.arguments))
    if keccak_hex(built.bytecode + arguments) != contract.init_code_hash:
        raise DeploymentError(
            f"{label} was deployed from other sources than those of this version",
            f"use the version that deployed it, of commit {found.manifest.commit}",
        )
    return VerificationRequest(
        chain_id=found.manifest.chain_id,
        address=contract.address,
        name=name,
        source_name=built.source_name,
        compiler_build=_build(found),
        standard_input=_input(found, name),
        arguments=arguments,
        transaction=contract.transaction,
    )


def _build(found: Deployment) -> str:
    # Older manifests have the version only; the code is the same, or it would have been refused.
    return str(found.manifest.compiler.get("build") or compiler().build)


def _input(found: Deployment, name: str) -> dict[str, Any]:
    """The compiler's input that a contract was made from: its own, if it was added later."""
    own = found.folder / f"standard-input-{name}.json"
    path = own if own.exists() else found.folder / "standard-input.json"
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise DeploymentError(
            f"the compiler's input {path} is missing or damaged", "restore it from a copy"
        ) from None
    return content


def _restored_all(name: str, arguments: list[Any]) -> list[Any]:
    """Arguments as the ABI has them, from a manifest's, which keeps large integers as text."""
    constructors = (item for item in artifact(name).abi if item["type"] == "constructor")
    inputs: list[Any] = next(constructors, {"inputs": []})["inputs"]
    return [_restored(kind, value) for kind, value in zip(inputs, arguments, strict=True)]


def _restored(kind: Mapping[str, Any], value: Any) -> Any:
    named = str(kind["type"])
    if named.endswith("]"):
        item = {**kind, "type": named[: named.rindex("[")]}
        return [_restored(item, one) for one in value]
    if named == "tuple":
        return [_restored(part, one) for part, one in zip(kind["components"], value, strict=True)]
    return int(value) if named.startswith(("uint", "int")) and isinstance(value, str) else value


# --------------------------------------------------------------------------------------- verifying


def verify_all(
    found: Deployment,
    explorer: Explorer,
    *,
    patience: float,
    on_progress: Callable[[str], None] = lambda _: None,
    pause: float = PAUSE_SECONDS,
    market: bool = False,
) -> list[Verification]:
    """Ask an explorer for every contract, and then, for `patience` seconds, what came of it.

    With `market` it is asked for the market's contracts, too.

    Raises: DeploymentError as `verification_requests` does; ChainError when there is no answer.
    """
    asked = verification_requests(found)
    if market:
        asked |= market_requests(found.chain)
    outcomes = _remembered(found, explorer, asked)
    before = {label for label, one in outcomes.items() if one.state is State.VERIFIED}
    for label, request in asked.items():
        if label not in before:
            on_progress(f"hand in {label}")
            known = outcomes.get(label)
            job = known.job if known is not None and known.state is State.PENDING else None
            outcomes[label] = (
                explorer.look_up(request, job) if job is not None else explorer.submit(request)
            )
            _remember(found, explorer, asked, outcomes)
    ends = time.monotonic() + patience
    while time.monotonic() < ends and any(_pending(asked, outcomes)):
        time.sleep(pause)
        for label in list(_pending(asked, outcomes)):
            on_progress(f"wait for {label}")
            job = outcomes[label].job
            outcomes[label] = (
                explorer.submit(asked[label])
                if job is None
                else explorer.look_up(asked[label], job)
            )
        _remember(found, explorer, asked, outcomes)
    return [
        Verification(label, request.address, outcomes[label], label in before)
        for label, request in asked.items()
    ]


def _pending(
    asked: Mapping[str, VerificationRequest], outcomes: Mapping[str, Outcome]
) -> Iterator[str]:
    return (label for label in asked if outcomes[label].state is State.PENDING)


def _remembered(
    found: Deployment, explorer: Explorer, asked: Mapping[str, VerificationRequest]
) -> dict[str, Outcome]:
    kept = _status(found).get(explorer.url, {})
    return {
        label: Outcome(State(one["state"]), one["said"], one["job"])
        for label, one in kept.items()
        if label in asked and one["address"] == asked[label].address
    }


def _remember(
    found: Deployment,
    explorer: Explorer,
    asked: Mapping[str, VerificationRequest],
    outcomes: Mapping[str, Outcome],
) -> None:
    facts = {
        label: {
            "address": asked[label].address,
            "state": one.state.value,
            "said": one.words,
            "job": one.job,
        }
        for label, one in outcomes.items()
    }
    known = _status(found)
    # What was asked for another time stays.
    facts = {**known.get(explorer.url, {}), **facts}
    write_json(found.folder / STATUS, {**known, explorer.url: facts})


def _status(found: Deployment) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads((found.folder / STATUS).read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise DeploymentError(
            f"{found.folder / STATUS} is damaged", "remove it: explorers know what they verified"
        ) from None
    return content
