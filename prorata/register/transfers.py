# SPDX-License-Identifier: MIT
"""What a holder does with its own shares: transfer them, or let somebody else do so.

A transfer is asked for before it is sent, so that a refusal says every rule in its way. It is made
once for each reference: the same again sends nothing, since the chain cannot say whether a holder
means to give the same number twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.currency import Currency
from prorata.contracts.share_token import ShareToken
from prorata.deployments.changes import Change, make_change
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError, Problem
from prorata.register.refusals import Check, check_transfer
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import format_units

__all__ = ["Approved", "Transferred", "approve", "approve_money", "transfer"]


@dataclass(frozen=True)
class Transferred:
    """Shares that moved; `left` is what the giver holds now."""

    sender: str
    receiver: str
    amount: int
    left: int
    receipt: Receipt


@dataclass(frozen=True)
class Approved:
    """An allowance; `before` is what it was."""

    change: Change
    before: int


def transfer(
    operator: Operator,
    deployment: Deployment,
    receiver: str,
    amount: int,
    *,
    sender: str | None = None,
    reference: str = "",
) -> Transferred:
    """Transfer shares of the account, or of a `sender` that has approved it, once per reference.

    Raises: InputError with every rule in its way; what `Operator.send` raises.
    """
    if amount == 0:
        raise InputError.of("amount", "0", "is nothing", "say how many to transfer")
    operator.settle()
    account, token = operator.address, deployment.token()
    giver = sender or account
    said = f"{account}\n{giver}\n{receiver}\n{amount}\n{reference}"
    key = f"transfer/{sha256(said.encode()).hexdigest()[:16]}"
    receipt = operator.earlier(key)
    if receipt is None:
        _check(check_transfer(token, giver, receiver, amount))
        _check_allowed(deployment, token, giver, account, amount)
        own = token.transfer(receiver, amount)
        call = own if giver == account else token.transfer_from(giver, receiver, amount)
        receipt = operator.send_one(key, call)
    return Transferred(giver, receiver, amount, token.balance_of(giver), receipt)


def approve(operator: Operator, deployment: Deployment, spender: str, amount: int) -> Approved:
    """Let `spender` transfer so many of the account's shares in all; 0 ends it.

    Raises: InputError when the account would approve itself; what `Operator.send` raises.
    """
    account = operator.address
    key = f"approve-shares/{account}/{spender}/{amount}"
    return _approve(operator, deployment.token(), spender, amount, key)


def approve_money(operator: Operator, currency: Currency, spender: str, amount: int) -> Approved:
    """Let `spender` take so much of the account's money in all; 0 ends it.

    Raises: InputError for the native coin, which nobody can take, or when the account would approve
    itself; what `Operator.send` raises.
    """
    if currency.is_native:
        rule, remedy = "cannot be taken by allowance", "use its wrapped ERC-20, such as WETH"
        raise InputError.of("currency", "ETH", rule, remedy)
    account = operator.address
    key = f"approve-money/{currency.address}/{account}/{spender}/{amount}"
    return _approve(operator, currency, spender, amount, key)


def _approve(
    operator: Operator, token: ShareToken | Currency, spender: str, amount: int, key: str
) -> Approved:
    operator.settle()
    account = operator.address
    if spender == account:
        raise InputError.of("spender", spender, "is the account itself", "name somebody else")
    before = token.allowance(account, spender)
    change = make_change(operator, key, token.approve(spender, amount), done=before == amount)
    return Approved(change, before)


def _check(check: Check) -> None:
    if check.passes:
        return
    transfer = check.transfer
    value = format_units(transfer.amount, transfer.decimals, trim=True)
    said = [sentence.partition("; ") for sentence in check.sentences]
    most = f"; at most {transfer.shares(check.most)} would pass now" if check.most else ""
    problems = [
        Problem(None, "amount", value, f"cannot be transferred: {rule}", f"{remedy}{most}")
        for rule, _, remedy in said
    ]
    raise InputError(problems, "the transfer")


def _check_allowed(
    deployment: Deployment, token: ShareToken, giver: str, account: str, amount: int
) -> None:
    if giver in (account, ZERO_ADDRESS):
        return
    allowed = token.allowance(giver, account)
    if allowed < amount:
        unit = deployment.settings.unit
        rule = f"has approved {unit.amount(allowed).text} {unit.symbol} for {account}"
        remedy = f"transfer no more than that, or let {giver} approve more: `prorata approve`"
        raise InputError.of("from", giver, rule, remedy)
