# SPDX-License-Identifier: MIT
"""Holds that the token's owner ends by an order, as a court may demand: with reason and document.

The order stands in the log beside every other one against a holder's will. The shares are their
holder's again, and nobody else gets them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from prorata.chain.operator import Operator
from prorata.chain.steps import Intent, Receipt
from prorata.contracts.currency import Currency
from prorata.contracts.holds import Hold, Holds, HoldState
from prorata.contracts.share_token import ShareToken
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.market.holds import amount_of, require_state
from prorata.register.enforcement import Basis
from prorata.register.orders import OrderLog
from prorata.values.amounts import Amount
from prorata.values.times import moment

__all__ = ["void_hold", "void_kept"]


def void_hold(
    operator: Operator, deployment: Deployment, holds: Holds, terms: Hold, basis: Basis
) -> Receipt:
    """End a hold for a secret.

    Raises: InputError when the account does not own the token, the shares are in the contract's
    care, or the hold has ended; what `Operator.send` raises.
    """
    operator.settle()
    hold_id = holds.id_of(terms)
    key = f"order/void-hold/{hold_id.hex()}"
    if (receipt := operator.earlier(key)) is not None:
        return receipt
    state, in_custody = holds.state_of(hold_id)
    if state is not HoldState.CLAIMED:
        require_state(holds, hold_id, HoldState.OPEN)
    _require_owner(operator, terms.asset, in_custody=in_custody)
    said = amount_of(operator.chain, terms)
    call = holds.void_hold(terms, _hash(basis))
    call = replace(call, label=f"void the hold of {said} by {terms.owner}")
    amount = Currency(operator.chain, terms.asset).unit.amount(terms.amount)
    facts = {"hold": f"0x{hold_id.hex()}", "holder": terms.owner, "to": terms.to, "shares": amount}
    return _ordered(operator, deployment, basis, Intent(key, call), facts)


def void_kept(
    operator: Operator,
    deployment: Deployment,
    holds: Holds,
    basis: Basis,
    *,
    keeper: str,
    owner: str,
) -> Receipt:
    """End what a keeper holds of an owner's shares, and the owner's consent to it.

    Raises: InputError when the account does not own the token, or nothing is kept; what
    `Operator.send` raises.
    """
    operator.settle()
    token = deployment.token()
    prefix = f"order/void-kept/{keeper}/{owner}"
    consent, number = holds.consent_of(keeper, token.address, owner), operator.attempts(prefix)
    if not consent.kept:
        if number and (receipt := operator.earlier(f"{prefix}/{number - 1}")) is not None:
            return receipt
        rule = f"keeps nothing of {owner}'s {deployment.settings.symbol}"
        raise InputError.of("keeper", keeper, rule, "nothing needs to be done")
    _require_owner(operator, token.address, in_custody=consent.in_custody)
    amount: Amount = deployment.settings.unit.amount(consent.kept)
    call = holds.void_kept(keeper, token.address, owner, _hash(basis))
    said = f"{amount.text} {amount.currency}"
    call = replace(call, label=f"void what {keeper} keeps of {owner}: {said}")
    facts = {"keeper": keeper, "holder": owner, "shares": amount}
    return _ordered(operator, deployment, basis, Intent(f"{prefix}/{number}", call), facts)


def _require_owner(operator: Operator, asset: str, *, in_custody: bool) -> None:
    if in_custody:
        rule = "is in the contract's care, where nobody can order anything"
        raise InputError.of("asset", asset, rule, "let its owner or its receiver release it")
    owner = ShareToken(operator.chain, asset).owner()
    if operator.address != owner:
        rule = f"does not own the token {asset}"
        raise InputError.of("account", operator.address, rule, f"use the account {owner}")


def _ordered(
    operator: Operator,
    deployment: Deployment,
    basis: Basis,
    intent: Intent,
    facts: Mapping[str, Any],
) -> Receipt:
    """Log the order, send it, and log its transaction."""
    name = intent.key.removeprefix("order/")
    log = None if operator.journal is None else OrderLog(deployment.folder, operator.journal)
    # Priced first, so that the log has no order that the contracts refuse.
    operator.price([intent])
    if log is not None:
        given_by = {"by": operator.address, "at": moment(operator.chain.now())}
        noted = {"what": name.split("/")[0], **facts, **given_by}
        log.note(name, noted, basis.reason, (basis.document_hash, basis.document))
    receipt = operator.send_one(intent.key, intent.call)
    if log is not None:
        log.mined(name, receipt.hash, receipt.mined.block_number)
    return receipt


def _hash(basis: Basis) -> bytes:
    return bytes.fromhex(basis.document_hash[2:])
