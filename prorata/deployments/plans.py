# SPDX-License-Identifier: MIT
"""A plan: what a command would send, written down so that just this is sent later, or nothing.

    {
      "plan": 1,
      "digest": "0x…",      keccak of the canonical JSON of what stands under "binds"
      "binds": {…},         what must be so when the plan is applied
      "informs": {…}        what a person wants to know, and what a later look may find otherwise
    }

Bound are the chain, the signer, the steps in their order, what the chain must say before them, the
contracts' code, a time until which the plan holds, and the most that may be paid. Fees and gas are
not: they are different in every block, and the two limits are what a person has agreed to.

Whoever approves a plan signs its digest (EIP-712). The approvals stand in a file beside it, so that
the plan itself never changes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak
from pydantic import BaseModel, ConfigDict

from prorata.assets.asset import Approvers, Asset
from prorata.chain.calls import Call
from prorata.chain.signers import Signer
from prorata.errors import InputError
from prorata.files.models import validated
from prorata.files.writer import write_json
from prorata.values.addresses import checksummed
from prorata.values.times import moment, parse_instant

__all__ = [
    "Approval",
    "Approvals",
    "Binding",
    "Plan",
    "PlannedStep",
    "approvals_path",
    "digest_of",
    "planned_step",
    "require_plan",
]

VERSION = 1
REMEDY = "plan it again with `prorata plan`"


class PlannedStep(BaseModel):
    """One transaction: `to` is None where it creates a contract; `data` the hash of its data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    to: str | None
    value: str
    data: str

    @property
    def words(self) -> str:
        """What tells it from another, for people."""
        return f"{self.key} to {self.to or 'a new contract'}, data {self.data[:18]}…"


class Binding(BaseModel):
    """What must be so when a plan is applied; amounts are text, in wei.

    `command` has the words that are run again. `before` has the sender's nonce, the roles, the
    supply, the number of records, and the hash of the settings; `settings` is the hash of those
    that the manifest will have; `artifacts` that of all code. `complete` says that the node could
    tell all that the command would do.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    chain_id: int
    genesis: str
    signer: str
    command: tuple[str, ...]
    steps: tuple[PlannedStep, ...]
    before: dict[str, Any]
    settings: str | None
    complete: bool
    artifacts: str
    expires: str
    most_fee: str
    most_total: str

    @property
    def digest(self) -> str:
        """Keccak of its canonical JSON: keys sorted, no spaces, UTF-8."""
        return digest_of(self.model_dump(mode="json"))


class Plan(BaseModel):
    """A plan, as its file has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan: Literal[1] = 1
    digest: str
    binds: Binding
    informs: dict[str, Any]

    @classmethod
    def of(cls, binds: Binding, informs: Mapping[str, Any]) -> Plan:
        """With its digest."""
        return cls(digest=binds.digest, binds=binds, informs=dict(informs))

    @classmethod
    def load(cls, path: Path) -> Plan:
        """Read a file.

        Raises: InputError when it is none, or was changed since it was written.
        """
        content = _json_of(path, "plan")
        plan = validated(cls, content, "a file of `prorata plan`", str(path), REMEDY)
        if plan.digest != plan.binds.digest:
            rule = f"was changed since it was written: its digest is {plan.binds.digest}"
            raise InputError.of("plan", plan.digest, rule, REMEDY)
        return plan

    def write(self, path: Path) -> None:
        """Write it, whole or not at all."""
        write_json(path, self.model_dump(mode="json"), column="output")

    def check_time(self, now: int) -> None:
        """Raises: InputError when the plan has expired."""
        if now > parse_instant(self.binds.expires, "expires"):
            rule = f"has passed, and the chain's time is {moment(now)}"
            raise InputError.of("expires", self.binds.expires, rule, REMEDY)


def planned_step(key: str, call: Call) -> PlannedStep:
    """A step as a plan has it."""
    to = None if call.to is None else str(checksummed(call.to))
    data = f"0x{keccak(call.data).hex()}"
    return PlannedStep(key=key, to=to, value=str(call.value), data=data)


def digest_of(content: Any) -> str:
    """Keccak of canonical JSON."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"0x{keccak(text.encode()).hex()}"


def _json_of(path: Path, column: str) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        rule = f"cannot be read ({str(error.strerror).lower()})"
        raise InputError.of(column, path, rule, "give a file of `prorata plan`") from None
    except (ValueError, RecursionError):
        raise InputError.of(column, path, "is no JSON", "give a file of `prorata plan`") from None


# ------------------------------------------------------------------------------------- approvals


class Approval(BaseModel):
    """Somebody's signature over a plan's digest, as EIP-712 has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    approver: str
    digest: str
    signature: str

    @classmethod
    def sign(cls, plan: Plan, signer: Signer) -> Approval:
        """Approve a plan."""
        signature = signer.sign_typed(_message(plan))
        return cls(approver=signer.address, digest=plan.digest, signature=f"0x{signature.hex()}")

    def is_of(self, plan: Plan) -> bool:
        """Whether it approves this plan, and its approver has signed it."""
        if self.digest != plan.digest:
            return False
        try:
            signable = encode_typed_data(full_message=_message(plan))
            signed_by = Account.recover_message(signable, signature=self.signature)
        except Exception:  # noqa: BLE001 - as many kinds as there are ways to be no signature
            return False
        return str(signed_by) == self.approver


@dataclass(frozen=True)
class Approvals:
    """All that were given to a plan."""

    path: Path
    given: tuple[Approval, ...] = ()

    @classmethod
    def beside(cls, plan_path: Path) -> Approvals:
        """Those in the file beside a plan.

        Raises: InputError when it is damaged.
        """
        path = approvals_path(plan_path)
        if not path.exists():
            return cls(path)
        content = _json_of(path, "approvals")
        items = content.get("approvals") if isinstance(content, dict) else None
        subject, see = str(path), "a file of `prorata approve-plan`"
        if not isinstance(items, list):
            raise InputError.of("approvals", path, "has no approvals", "remove it, and sign again")
        given = (validated(Approval, item, see, subject, "sign again") for item in items)
        return cls(path, tuple(given))

    def with_one(self, approval: Approval) -> Approvals:
        """The same with one more; whoever signs again replaces an earlier signature."""
        others = tuple(one for one in self.given if one.approver != approval.approver)
        return Approvals(self.path, (*others, approval))

    def write(self) -> None:
        """Write them, whole or not at all."""
        content = {"approvals": [one.model_dump(mode="json") for one in self.given]}
        write_json(self.path, content, column="approvals")

    def valid(self, plan: Plan, approvers: Approvers) -> tuple[str, ...]:
        """Who of the approvers has approved the plan; whoever proposes it does not count."""
        return tuple(
            one.approver
            for one in self.given
            if one.approver in approvers.of
            and one.approver != plan.binds.signer
            and one.is_of(plan)
        )

    def require(self, plan: Plan, approvers: Approvers | None) -> None:
        """Raises: InputError when too few have approved."""
        if approvers is None:
            return
        valid = self.valid(plan, approvers)
        if len(valid) < approvers.need:
            others = [one for one in approvers.of if one not in (*valid, plan.binds.signer)]
            raise InputError.of(
                "approvals",
                len(valid),
                f"of the {approvers.need} approvals that the asset asks for are there",
                f"let {' or '.join(others) or 'another approver'} sign with `prorata approve-plan`",
            )


def require_plan(settings: Asset) -> None:
    """Raises: InputError where approvers sign plans, for whoever would do without one."""
    if settings.approvers is not None:
        raise InputError.of(
            "approvers",
            settings.approvers.need,
            f"of {len(settings.approvers.of)} must approve what is done to {settings.symbol}",
            "plan it with `prorata plan`, let them sign, and `prorata apply` it",
        )


def approvals_path(plan_path: Path) -> Path:
    """Where the approvals of a plan are."""
    return plan_path.with_name(f"{plan_path.stem}.approvals.json")


def _message(plan: Plan) -> dict[str, Any]:
    return {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
            ],
            "PlanApproval": [
                {"name": "plan", "type": "bytes32"},
                {"name": "command", "type": "string"},
                {"name": "signer", "type": "address"},
                {"name": "expires", "type": "string"},
            ],
        },
        "primaryType": "PlanApproval",
        "domain": {"name": "prorata plan", "version": "1", "chainId": plan.binds.chain_id},
        "message": {
            "plan": bytes.fromhex(plan.digest[2:]),
            "command": " ".join(plan.binds.command),
            "signer": plan.binds.signer,
            "expires": plan.binds.expires,
        },
    }
