# SPDX-License-Identifier: MIT
"""Orders against a holder's will: freezes, forced transfers, recoveries, with reason and document.

Each order needs a reason in words and the hash of the document that it rests on: a judgment, a
request, a declaration of loss. Both are in the log of orders, and on disk, before anything is sent.

A document's hash is its SHA-256, which `sha256sum` prints; a hash may be given in its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from prorata.chain.calls import Call
from prorata.chain.operator import Operator
from prorata.chain.steps import Intent, Receipt
from prorata.contracts.registry import InvestorRegistry
from prorata.contracts.share_token import ShareToken
from prorata.deployments.deployment import Deployment, open_journal
from prorata.errors import InputError
from prorata.register.orders import OrderLog
from prorata.register.successors import Succession, register_successor, registrar, succession
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Amount, format_units, strange_character
from prorata.values.times import moment

__all__ = [
    "Basis",
    "Done",
    "burn",
    "confirm_loss",
    "force_transfer",
    "freeze",
    "pause",
    "read_orders",
    "recover",
    "release",
    "undo_loss",
    "unpause",
]

SHORTEST_REASON, LONGEST_REASON = 8, 500

_HASH = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)


# ------------------------------------------------------------------------------------- the basis


@dataclass(frozen=True)
class Basis:
    """What an order rests on: a reason, and a document's hash with where it came from."""

    reason: str
    document_hash: str
    document: str

    @classmethod
    def of(cls, reason: str, document: str) -> Basis:
        """From a reason and a document: a file, or a hash of 32 bytes as `0x…`.

        Raises: InputError when the reason says too little, or there is no such file.
        """
        said = reason.strip()
        if not SHORTEST_REASON <= len(said) <= LONGEST_REASON:
            rule = f"is not {SHORTEST_REASON} to {LONGEST_REASON} characters long"
            raise InputError.of("reason", reason, rule, "say why, for those who read it in years")
        if (strange := strange_character(said, printable=True)) is not None:
            raise InputError.of("reason", reason, *strange)
        if _HASH.fullmatch(document):
            return cls(said, document.lower(), "given as a hash")
        try:
            content = Path(document).read_bytes()
        except OSError as error:
            raise InputError.of(
                "document",
                document,
                f"cannot be read ({str(error.strerror).lower()})",
                "give a file, or a hash of 32 bytes as 0x…",
            ) from None
        return cls(said, f"0x{sha256(content).hexdigest()}", f"SHA-256 of {Path(document).name}")

    def facts(self) -> dict[str, Any]:
        """For the log."""
        return {
            "reason": self.reason,
            "document": {"hash": self.document_hash, "is": self.document},
        }


@dataclass(frozen=True)
class Done:
    """An order executed; `receipt` is None where nothing was left to do.

    `registered` is how the new wallet of a lost one came into the register before, if it had to.
    Of a dry run, `pending` is what would be sent, and `gas` the most that the first of it needs.
    """

    order: str
    basis: Basis
    receipt: Receipt | None
    registered: Receipt | None = None
    pending: tuple[str, ...] = ()
    gas: int | None = None

    def preparation(self) -> dict[str, Any]:
        """For a program: what came before the order, and what a dry run would send."""
        registered = None if self.registered is None else self.registered.hash
        return {"registered": registered, "pending": list(self.pending), "gas": self.gas}


# --------------------------------------------------------------------------------------- orders


def freeze(
    operator: Operator,
    deployment: Deployment,
    basis: Basis,
    wallet: str,
    *,
    amount: int | None = None,
) -> Done:
    """Freeze a wallet as a whole, or `amount` of its shares, which replaces what was frozen before.

    A frozen wallet's income waits. Frozen shares may be more than the wallet holds.

    Raises: InputError when the account is no agent; what `Operator.send` raises.
    """
    token = _ready(operator, deployment)
    facts: dict[str, Any] = {"wallet": wallet}
    if amount is None:
        done, call = token.is_frozen(wallet), token.set_address_frozen(wallet, True)
    else:
        facts["shares"] = deployment.settings.unit.amount(amount)
        done = token.frozen_tokens(wallet) == amount
        call = token.set_frozen_tokens(wallet, amount)
    order = _Order("freeze", facts, basis, None if done else call)
    return _execute(operator, deployment, order)


def release(operator: Operator, deployment: Deployment, basis: Basis, wallet: str) -> Done:
    """Release a wallet that was frozen as a whole; shares frozen by number stay frozen.

    Raises: InputError when the account is no agent; what `Operator.send` raises.
    """
    token = _ready(operator, deployment)
    call = token.set_address_frozen(wallet, False) if token.is_frozen(wallet) else None
    return _execute(operator, deployment, _Order("release", {"wallet": wallet}, basis, call))


def force_transfer(
    operator: Operator,
    deployment: Deployment,
    basis: Basis,
    *,
    sender: str,
    receiver: str,
    amount: int,
) -> Done:
    """Move shares without the holder's consent; frozen ones are taken last.

    The same order is executed once however often this runs: one that differs in nothing needs
    another reason.

    Raises: InputError when the account is no agent, or the holder has too little; what
    `Operator.send` raises.
    """
    token = _ready(operator, deployment)
    facts = {
        "from": sender,
        "to": receiver,
        "shares": deployment.settings.unit.amount(amount),
    }
    call = token.forced_transfer(sender, receiver, amount)
    order = _Order("force-transfer", facts, basis, call)
    # Nothing on the chain says that it is done: the journal does.
    key = f"{order.prefix}/0"
    held = token.balance_of(sender)
    if operator.earlier(key, call) is None and amount > held:
        units = deployment.settings.decimals
        raise InputError.of(
            "amount",
            format_units(amount, units, trim=True),
            f"is more than the {format_units(held, units, trim=True)} that {sender} holds",
            "move no more than that",
        )
    return _execute(operator, deployment, order, key)


def recover(
    operator: Operator,
    deployment: Deployment,
    basis: Basis,
    *,
    lost: str,
    successor: str,
    dry_run: bool = False,
) -> Done:
    """Put a new wallet in the place of a lost one: shares, freezes, and all income it is owed.

    A register of ours must know the new wallet as the same person's: if it does not, it is told
    first, by an account that is its agent. The loss binds this asset only.

    Raises: InputError when the account is no agent, or a wallet cannot give or take a place; what
    `Operator.send` raises.
    """
    token = _ready(operator, deployment, dry_run=dry_run)
    facts = {"lost": lost, "successor": successor}
    present = token.successor_of(lost)
    if present not in (lost, successor):
        raise InputError.of(
            "lost", lost, f"was lost before, and {present} took its place", "name that wallet"
        )
    if lost == successor or token.successor_of(successor) != successor:
        raise InputError.of(
            "new", successor, "cannot take the place of a lost wallet", "name another wallet"
        )
    call = None
    if present != successor:
        call = token.recover(lost, successor, _identity_of(deployment, token, lost))
    order = _Order("recover", facts, basis, call)
    known = None if call is None else succession(deployment, lost, successor)
    return _execute_after(operator, deployment, order, known, dry_run=dry_run)


def _identity_of(deployment: Deployment, token: ShareToken, wallet: str) -> str:
    """What the token's registry knows a wallet by; zero if it knows it by none, or there is none.

    An ERC-3643 registry of another make takes the new wallet by nothing else.
    """
    registry = token.identity_registry()
    if registry == ZERO_ADDRESS:
        return ZERO_ADDRESS
    return InvestorRegistry(deployment.chain, registry).identity(wallet)


def confirm_loss(
    operator: Operator,
    deployment: Deployment,
    basis: Basis,
    *,
    lost: str,
    successor: str,
    dry_run: bool = False,
) -> Done:
    """Confirm in the register, for all its assets, that a wallet took the place of a lost one.

    The lost wallet can receive nothing and act on the register no more. Each asset still recovers
    what it holds there. A new wallet that the register does not know is registered first.

    Raises: InputError when the account is no agent of the register, or a wallet cannot give or
    take a place; what `Operator.send` raises.
    """
    registry = registrar(operator, deployment, dry_run=dry_run)
    _check_as_recovered(deployment, lost, successor)
    known = succession(deployment, lost, successor)
    assert known is not None  # the registry is ours
    known.check_confirmable()
    call = None if known.confirmed else registry.confirm_loss(lost, successor)
    order = _Order("confirm-loss", {"lost": lost, "successor": successor}, basis, call)
    return _execute_after(operator, deployment, order, known, dry_run=dry_run)


def _check_as_recovered(deployment: Deployment, lost: str, successor: str) -> None:
    """Where the asset has recovered from the wallet, only its successor there is confirmed."""
    taken = deployment.token().successor_of(lost)
    if taken not in (lost, successor):
        raise InputError.of(
            "new",
            successor,
            f"did not take the place of {lost} in {deployment.settings.symbol}: {taken} did",
            "name that wallet",
        )


def undo_loss(
    operator: Operator, deployment: Deployment, basis: Basis, *, lost: str, dry_run: bool = False
) -> Done:
    """Undo a confirmed loss: the register knows of the wallet what it knew before.

    What assets recovered stays where it is, and a role that the wallet lost is not given back.

    Raises: InputError when the account is no agent of the register; what `Operator.send` raises.
    """
    registry = registrar(operator, deployment, dry_run=dry_run)
    call = registry.undo_loss(lost) if registry.investor_of(lost).lost else None
    order = _Order("undo-loss", {"lost": lost}, basis, call)
    return _execute_after(operator, deployment, order, None, dry_run=dry_run)


def pause(operator: Operator, deployment: Deployment, basis: Basis) -> Done:
    """Stop transfers by holders. Agents still issue, burn and force; claims go on.

    Raises: InputError when the account is no agent; what `Operator.send` raises.
    """
    token = _ready(operator, deployment)
    call = None if token.paused() else token.pause()
    return _execute(operator, deployment, _Order("pause", {}, basis, call))


def unpause(operator: Operator, deployment: Deployment, basis: Basis) -> Done:
    """Allow transfers by holders again.

    Raises: InputError when the account is no agent; what `Operator.send` raises.
    """
    token = _ready(operator, deployment)
    call = token.unpause() if token.paused() else None
    return _execute(operator, deployment, _Order("unpause", {}, basis, call))


def burn(
    operator: Operator, deployment: Deployment, basis: Basis, *, holder: str, amount: int
) -> Done:
    """Destroy shares, frozen ones last; what was earned at closed records stays owed.

    The same order is executed once however often this runs, as a forced transfer is.

    Raises: InputError when the account is no agent, or the holder has too little; what
    `Operator.send` raises.
    """
    token = _ready(operator, deployment)
    facts = {"holder": holder, "shares": deployment.settings.unit.amount(amount)}
    order = _Order("burn", facts, basis, token.burn(holder, amount))
    key = f"{order.prefix}/0"
    if operator.earlier(key, order.call) is None:
        _check_held(deployment, token, holder, amount, "burn")
    return _execute(operator, deployment, order, key)


def _check_held(
    deployment: Deployment, token: ShareToken, holder: str, amount: int, verb: str
) -> None:
    """Raises: InputError when `holder` has fewer shares than `amount`, or it is none."""
    held, units = token.balance_of(holder), deployment.settings.decimals
    if not 0 < amount <= held:
        rule = f"is more than the {format_units(held, units, trim=True)} that {holder} holds"
        raise InputError.of(
            "amount",
            format_units(amount, units, trim=True),
            rule if amount else "is nothing",
            f"{verb} no more than that" if amount else f"say how many to {verb}",
        )


def _ready(operator: Operator, deployment: Deployment, *, dry_run: bool = False) -> ShareToken:
    """The token, once what an earlier run had signed is mined and the account may order."""
    token = deployment.token()
    if not dry_run:
        operator.settle()
    if not token.is_agent(operator.address):
        raise InputError.of(
            "account",
            operator.address,
            f"is no agent of {deployment.settings.symbol}",
            f"use an agent's account, or let the owner {token.owner()} add it",
        )
    return token


@dataclass(frozen=True)
class _Order:
    """What is to be logged and sent; `call` is None where nothing is left to do."""

    what: str
    facts: Mapping[str, Any]
    basis: Basis
    call: Call | None

    @property
    def prefix(self) -> str:
        """What the journal calls it, whenever it is given."""
        # A name that is given once is kept for ever: of shares it has the smallest units.
        said = (v.units if isinstance(v, Amount) else v for v in self.facts.values())
        basis = (self.basis.reason, self.basis.document_hash)
        parts = "\n".join((*map(str, said), *basis))
        return f"order/{self.what}/{sha256(parts.encode()).hexdigest()[:16]}"


def _execute_after(
    operator: Operator,
    deployment: Deployment,
    order: _Order,
    known: Succession | None,
    *,
    dry_run: bool,
) -> Done:
    """Execute an order once the register knows the new wallet; or say what would be sent."""
    first = None if known is None else known.registration(operator)
    if dry_run:
        calls = [call for call in (first, order.call) if call is not None]
        gas = operator.price([Intent(f"{order.prefix}/dry-run", calls[0])])[0] if calls else None
        return Done(order.what, order.basis, None, None, tuple(c.label for c in calls), gas)
    registered = None if first is None else register_successor(operator, first)
    return replace(_execute(operator, deployment, order), registered=registered)


def _execute(
    operator: Operator, deployment: Deployment, order: _Order, key: str | None = None
) -> Done:
    """Log the order, send it, and log its transaction."""
    if key is None:
        # The chain says whether it is done: what is not is new, however often it was before.
        given = operator.attempts(order.prefix)
        key = f"{order.prefix}/{given if order.call else max(given - 1, 0)}"
    name = key.removeprefix("order/")
    receipt = operator.earlier(key, order.call)
    log = None if operator.journal is None else OrderLog(deployment.folder, operator.journal)
    if receipt is None and order.call is not None:
        # Priced first, so that the log has no order that the contracts refuse.
        operator.price([Intent(key, order.call)])
        if log is not None:
            given_by = {"by": operator.address, "at": moment(operator.chain.now())}
            facts = {"what": order.what, **order.facts, **given_by}
            document = (order.basis.document_hash, order.basis.document)
            log.note(name, facts, order.basis.reason, document)
        receipt = operator.send_one(key, order.call)
    if receipt is not None and log is not None:
        log.mined(name, receipt.hash, receipt.mined.block_number)
    return Done(name, order.basis, receipt)


# ------------------------------------------------------------------------------------------ the log


def read_orders(deployment: Deployment) -> list[dict[str, Any]]:
    """Every line of the log, in order.

    Raises: DeploymentError when a file of it is damaged; JournalError.
    """
    with open_journal(deployment.chain, deployment.folder, read_only=True) as journal:
        return OrderLog(deployment.folder, journal).lines()
