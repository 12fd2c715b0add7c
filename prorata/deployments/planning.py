# SPDX-License-Identifier: MIT
"""Making a plan of what a command would send, as its rehearsal has shown it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_utils.abi import function_signature_to_4byte_selector

from prorata.chain.calls import Call
from prorata.chain.node import RpcChain
from prorata.chain.rehearsal import Rehearsal
from prorata.chain.rehearsed_steps import RehearsedStep
from prorata.deployments.create2 import FACTORY, create2_address
from prorata.deployments.manifest import Manifest
from prorata.deployments.plans import Binding, Plan, PlannedStep, digest_of, planned_step
from prorata.deployments.preconditions import artifacts_digest, read_preconditions
from prorata.values.amounts import ETHER
from prorata.values.times import moment

__all__ = ["DATA_FEE_ORACLE", "Rehearsed", "make_plan", "settings_digest"]

DATA_FEE_ORACLE = "0x420000000000000000000000000000000000000F"
"""Where rollups of the OP Stack say what the bytes of a transaction cost on the chain below."""

SIGNED_BYTES = 150
"""What a transaction has besides its data: nonce, fees, receiver, value and signature."""

HEADROOM = 2
"""How many times what would be offered now may be paid, unless a person says otherwise."""


@dataclass(frozen=True)
class Rehearsed:
    """What a command would do: `before` is what the chain says now, `folder` as it would be."""

    chain: RpcChain
    operator: Rehearsal
    before: dict[str, Any]
    original: Path
    folder: Path
    complete: bool

    @classmethod
    def of(
        cls, chain: RpcChain, operator: Rehearsal, original: Path, folder: Path, *, complete: bool
    ) -> Rehearsed:
        """With what the chain says before it.

        Raises: ChainError.
        """
        nonce = chain.nonce(operator.address)
        before = {**read_preconditions(chain, original), "nonce": nonce}
        return cls(chain, operator, before, original, folder, complete)

    @property
    def steps(self) -> tuple[PlannedStep, ...]:
        """The steps as a plan has them."""
        return tuple(
            planned_step(step.key, Call(step.to, step.data, step.value))
            for step in self.operator.steps
        )

    @property
    def settings(self) -> str | None:
        """The hash of the settings that the manifest would have."""
        return settings_digest(self.folder)

    @property
    def gas(self) -> int:
        """What all steps are given at most."""
        return sum(step.gas for step in self.operator.steps)

    @property
    def value(self) -> int:
        """What is sent with them, in wei."""
        return sum(step.value for step in self.operator.steps)

    @property
    def data_fee(self) -> int:
        """What a rollup asks for their bytes besides gas, at most, in wei; elsewhere nothing.

        Raises: ChainError.
        """
        if not self.chain.code(DATA_FEE_ORACLE):
            return 0
        selector = function_signature_to_4byte_selector("getL1FeeUpperBound(uint256)")
        sizes = [len(step.data) + SIGNED_BYTES for step in self.operator.steps]
        asked = [(DATA_FEE_ORACLE, selector + size.to_bytes(32, "big")) for size in sizes]
        return sum(int.from_bytes(answer, "big") for answer in self.chain.call_many(asked))

    def most(self, fee: int) -> int:
        """What all of it may cost where a unit of gas costs `fee` wei, in wei."""
        return self.gas * fee + self.value + self.data_fee


def settings_digest(folder: Path) -> str | None:
    """The hash of the settings in a folder's manifest; None where there is none."""
    path = folder / "manifest.json"
    if not path.exists():
        return None
    return digest_of(Manifest.read(path).asset.model_dump(mode="json"))


def make_plan(
    rehearsed: Rehearsed,
    command: Sequence[str],
    *,
    valid_for: int,
    most_fee: int | None = None,
) -> Plan:
    """A plan that holds for `valid_for` seconds, at no more than `most_fee` wei a unit of gas.

    Raises: ChainError.
    """
    chain, operator = rehearsed.chain, rehearsed.operator
    fees = operator.prices.offer(chain.fees())
    most = HEADROOM * fees.most if most_fee is None else most_fee
    before = dict(rehearsed.before)
    if all(step.to is not None for step in rehearsed.steps):
        # No address follows from it.
        del before["nonce"]
    binds = Binding(
        chain_id=chain.chain_id,
        genesis=chain.genesis_hash,
        signer=operator.address,
        command=tuple(command),
        steps=rehearsed.steps,
        before=before,
        settings=rehearsed.settings,
        complete=rehearsed.complete,
        artifacts=artifacts_digest(),
        expires=moment(chain.now() + valid_for),
        most_fee=str(most),
        most_total=str(rehearsed.most(most) + (HEADROOM - 1) * rehearsed.data_fee),
    )
    return Plan.of(binds, _informs(rehearsed, fees.base))


def _informs(rehearsed: Rehearsed, base: int) -> dict[str, Any]:
    chain, operator = rehearsed.chain, rehearsed.operator
    after = read_preconditions(operator.chain, rehearsed.folder)
    tip = operator.prices.offer(chain.fees()).tip
    return {
        "block": chain.block().number,
        "balance": ETHER.amount(chain.balance(operator.address)).as_json(),
        "base_fee": base,
        "gas": rehearsed.gas,
        "data_fee": ETHER.amount(rehearsed.data_fee).as_json(),
        "cost": ETHER.amount(rehearsed.most(base + tip)).as_json(),
        "cost_doubled": ETHER.amount(rehearsed.most(2 * base + tip)).as_json(),
        "steps": [_detail(operator, step) for step in operator.steps],
        "roles_before": rehearsed.before.get("roles", []),
        "roles_after": after.get("roles", []),
        "settings": _edited(rehearsed),
    }


def _detail(operator: Rehearsal, step: RehearsedStep) -> dict[str, Any]:
    address = step.creates
    if step.to == FACTORY:
        address = create2_address(step.data[:32], step.data[32:])
    size = None if address is None else len(operator.chain.code(address))
    return {
        "key": step.key,
        "label": step.label,
        "address": address,
        "size": size,
        "gas": step.gas,
        "grade": step.grade,
    }


def _edited(rehearsed: Rehearsed) -> list[dict[str, Any]]:
    """The settings that the manifest would have otherwise than now."""
    paths = [folder / "manifest.json" for folder in (rehearsed.original, rehearsed.folder)]
    if not all(path.exists() for path in paths):
        return []
    was, now = (Manifest.read(path).asset.model_dump(mode="json") for path in paths)
    fields = [name for name in now if now[name] != was[name]]
    return [{"field": name, "was": was[name], "now": now[name]} for name in fields]
