# SPDX-License-Identifier: MIT
"""What holders sign about their income: to be paid at another wallet, or to be reinvested.

A payment instruction is EIP-712 typed data for the claim relayer of a vault (`IClaimRelayer`). Its
file is that typed data as wallets and hardware wallets take it (`eth_signTypedData_v4`), with one
member more, `signature`, which is null until somebody has signed:

    {"types": …, "domain": …, "primaryType": "PaymentInstruction", "message": …, "signature": "0x…"}

So a holder can sign with whatever it trusts, offline, and anyone who is handed the file can bring
it to the chain and pay for that. Nothing in the file is secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.chain.types import Chain
from prorata.contracts.relayer import (
    ClaimRelayer,
    PaymentInstruction,
    digest,
)
from prorata.contracts.signature_wallet import has_signed
from prorata.contracts.vault import Distribution, DividendVault, find_distribution
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.income.claim_trials import try_open
from prorata.income.claims import Payout, payouts
from prorata.income.instruction_files import (
    SIGN_ANEW,
    SignedInstruction,
)
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.times import moment

__all__ = [
    "ExecutedInstruction",
    "Reinvested",
    "cancel_instruction",
    "check_instruction",
    "draft_instruction",
    "execute",
    "relayer_of",
]


# ---------------------------------------------------------------------------------------- drafting


def relayer_of(deployment: Deployment) -> ClaimRelayer:
    """The claim relayer of the deployment's vault."""
    return ClaimRelayer(deployment.chain, deployment.vault().relayer())


def draft_instruction(
    deployment: Deployment,
    holder: str,
    *,
    receiver: str,
    valid_until: int,
    ids: Sequence[int] | None = None,
    hook: str | None = None,
    data: bytes = b"",
    nonce: int | None = None,
) -> SignedInstruction:
    """A payment instruction about the income of `holder`, not signed yet.

    It is about all that is open now, if no `ids` are given. The nonce, if none is given, follows
    from all the rest: the same payment instruction drafted twice is executed once, and another one
    does not get in its way.

    Raises: InputError when the claim relayer would refuse it; ChainError.
    """
    vault, relayer = deployment.vault(), relayer_of(deployment)
    now = deployment.chain.now()
    if valid_until <= now:
        raise InputError.of(
            "valid-until",
            moment(valid_until),
            f"is not later than the chain's time, {moment(now)}",
            "give a later time",
        )
    _check_target("to", receiver, vault, relayer)
    if hook is not None:
        _check_target("hook", hook, vault, relayer)
        if not deployment.chain.code(hook):
            raise InputError.of("hook", hook, "is no contract", "check the address and the network")
    elif data:
        raise InputError.of("data", f"0x{data.hex()}", "would be read by nobody", "name a --hook")
    drafted = PaymentInstruction(
        holder=holder,
        # Even while its income waits: the signature is good as soon as it does no longer.
        claimant=deployment.token().successor_of(holder),
        ids=_chosen(deployment, vault, holder, ids, reinvested=hook is not None),
        receiver=receiver,
        valid_until=valid_until,
        hook=hook or ZERO_ADDRESS,
        data=data,
        nonce=nonce or 0,
    )
    if nonce is None:
        drafted = _with_free_nonce(drafted, relayer)
    elif relayer.is_spent(drafted.claimant, nonce):
        raise _spent(drafted)
    return SignedInstruction(drafted, deployment.chain.chain_id, relayer.address)


def _check_target(column: str, address: str, vault: DividendVault, relayer: ClaimRelayer) -> None:
    if address in (vault.address, relayer.address):
        name = "vault" if address == vault.address else "claim relayer"
        raise InputError.of(
            column, address, f"is the {name}, where money would be lost", "name another address"
        )


def _chosen(
    deployment: Deployment,
    vault: DividendVault,
    holder: str,
    ids: Sequence[int] | None,
    *,
    reinvested: bool,
) -> tuple[int, ...]:
    """The distributions that the payment instruction is about."""
    if ids is None:
        # Together or not at all: what cannot be paid now must not spoil the rest.
        found = try_open(deployment, vault, [deployment.token().address], holder, holder)
        together = (distribution for batch in found.batches for distribution in batch)
        chosen = sorted(together, key=lambda distribution: distribution.id)
        if not chosen:
            raise InputError.of(
                "holder", holder, "has nothing to claim now", "name distributions to come with --id"
            )
    else:
        chosen = [_open(vault, number, holder) for number in ids]
    currencies = {found.currency for found in chosen}
    if reinvested and len(currencies) > 1:
        raise InputError.of(
            "id",
            ", ".join(str(found.id) for found in chosen),
            f"are paid in {len(currencies)} currencies, and a hook takes one at a time",
            "sign a payment instruction for each",
        )
    return tuple(found.id for found in chosen)


def _open(vault: DividendVault, number: int, holder: str) -> Distribution:
    found = find_distribution(vault, number)
    if vault.is_claimed(number, holder):
        raise InputError.of("distribution", number, f"was paid to {holder} before", "leave it out")
    return found


def _with_free_nonce(drafted: PaymentInstruction, relayer: ClaimRelayer) -> PaymentInstruction:
    """A nonce that nobody else's wish for other words would hit, and the next one if cancelled."""
    words = digest(drafted, relayer.chain.chain_id, relayer.address)
    nonce = int.from_bytes(words, "big")
    while relayer.is_spent(drafted.claimant, nonce):
        nonce = (nonce + 1) % 2**256
    return replace(drafted, nonce=nonce)


# ------------------------------------------------------------------------------------ executing


@dataclass(frozen=True)
class Reinvested:
    """`amount` of `currency`, in its smallest unit, arrived at `hook` for `receiver`."""

    hook: str
    receiver: str
    currency: str
    amount: int


@dataclass(frozen=True)
class ExecutedInstruction:
    """What a payment instruction did; `reinvested` is None without a hook."""

    payouts: tuple[Payout, ...]
    reinvested: Reinvested | None
    receipt: Receipt


def check_instruction(deployment: Deployment, signed: SignedInstruction) -> None:
    """Check, before anything is sent, what its signer or its bearer can set right.

    Raises: InputError when it is for another chain or claim relayer, not signed by its claimant,
    too old, or has been executed or cancelled; ChainError.
    """
    chain, relayer = deployment.chain, relayer_of(deployment)
    instruction = signed.instruction
    if signed.chain_id != chain.chain_id:
        raise InputError.of(
            "instruction", signed.chain_id, f"is not chain {chain.chain_id}", "choose its network"
        )
    if signed.relayer != relayer.address:
        raise InputError.of(
            "instruction",
            signed.relayer,
            f"is not the claim relayer of this deployment's vault, {relayer.address}",
            "choose its deployment with --deployment",
        )
    if not signed.signature:
        raise InputError.of(
            "signature", "", "is missing", "put what the wallet has signed into the file"
        )
    if not _is_signed(chain, signed):
        raise InputError.of(
            "signature",
            f"0x{signed.signature.hex()}",
            f"is not {instruction.claimant}'s for what the file says",
            SIGN_ANEW,
        )
    if (now := chain.now()) > instruction.valid_until:
        raise InputError.of(
            "validUntil",
            moment(instruction.valid_until),
            f"has passed: the chain's time is {moment(now)}",
            SIGN_ANEW,
        )
    if relayer.is_spent(instruction.claimant, instruction.nonce):
        raise _spent(instruction)


def execute(
    operator: Operator, deployment: Deployment, signed: SignedInstruction
) -> ExecutedInstruction:
    """Bring a payment instruction to its claim relayer, once.

    Raises: what `check_instruction` and `Operator.send` raise.
    """
    operator.settle()
    key = f"instruction/{signed.digest.hex()}"
    if (receipt := operator.earlier(key)) is None:
        check_instruction(deployment, signed)
        call = relayer_of(deployment).execute(signed.instruction, _canonical(signed))
        receipt = operator.send_one(key, call)
    reported = [event.args for event in receipt.events("Reinvested")]
    reinvested = [Reinvested(**_plain(args)) for args in reported]
    return ExecutedInstruction(payouts([receipt]), reinvested[0] if reinvested else None, receipt)


def cancel_instruction(
    operator: Operator, deployment: Deployment, signed: SignedInstruction
) -> Receipt:
    """Make sure that a payment instruction, signed or not, is never executed. Claimant only.

    Raises: InputError when the account is not the claimant, or it is too late; what
    `Operator.send` raises.
    """
    instruction, relayer = signed.instruction, relayer_of(deployment)
    operator.settle()
    key = f"cancel/{relayer.address}/{instruction.claimant}/{instruction.nonce}"
    if (receipt := operator.earlier(key)) is not None:
        return receipt
    if operator.address != instruction.claimant:
        raise InputError.of(
            "account",
            operator.address,
            f"is not {instruction.claimant}, who alone can cancel",
            "use that account",
        )
    if relayer.is_spent(instruction.claimant, instruction.nonce):
        raise _spent(instruction)
    return operator.send_one(key, relayer.cancel(instruction.nonce))


def _is_signed(chain: Chain, signed: SignedInstruction) -> bool:
    """What the claim relayer will find.

    It asks a contract (ERC-1271), and of others wants the key's own signature.
    """
    claimant = signed.instruction.claimant
    if not chain.code(claimant):
        return signed.is_signed_by_key
    return has_signed(chain, claimant, signed.digest, signed.signature)


def _canonical(signed: SignedInstruction) -> bytes:
    """The signature with the last byte that the relayer expects: some devices count from 0."""
    signature = signed.signature
    if signed.is_signed_by_key and signature[-1] < 27:
        return signature[:-1] + bytes([signature[-1] + 27])
    return signature


def _spent(instruction: PaymentInstruction) -> InputError:
    return InputError.of(
        "nonce",
        instruction.nonce,
        f"of {instruction.claimant} is spent: a payment instruction with it was executed or "
        "cancelled",
        SIGN_ANEW,
    )


def _plain(args: Mapping[str, Any]) -> dict[str, Any]:
    return {name: args[name] for name in ("hook", "receiver", "currency", "amount")}
