# SPDX-License-Identifier: MIT
"""Keepers: accounts that a holder lets hold its shares, to deliver them or to let them go.

A keeper is a lender who takes a pledge, or a contract that sells. The same amount can be held or
delivered twice and mean it, which the chain cannot tell from a repetition: so each step of a keeper
has a reference, and equal ones are done once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256

from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.currency import Currency
from prorata.contracts.holds import Consent, Holds
from prorata.contracts.share_token import ShareToken
from prorata.deployments.changes import Change, make_change
from prorata.errors import InputError
from prorata.market.holds import beside_what_is_held, require_appointed, wallet_of
from prorata.register.refusals import check_transfer
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.times import moment

__all__ = [
    "Kept",
    "allow_keeper",
    "deliver_kept",
    "hold_for",
    "let_go",
    "take_back",
]

MOST_KEPT = 2**96 - 1
LONGEST_SECONDS = 50 * 365 * 86_400
"""How long a consent may last, as the contract has it."""


@dataclass(frozen=True)
class Kept:
    """What a step of a keeper left: the consent as it is now, and the transaction."""

    consent: Consent
    receipt: Receipt


def allow_keeper(
    operator: Operator, holds: Holds, keeper: str, asset: Currency, *, most: int, until: int
) -> tuple[Change, Receipt | None]:
    """Let `keeper` hold at most so much of the account's asset until a second; 0 ends it.

    What is not locked where it is is taken by allowance, which is given first: the second of what
    comes back.

    Raises: InputError when the contract would refuse it; what `Operator.send` raises.
    """
    operator.settle()
    account = operator.address
    now = holds.consent_of(keeper, asset.address, account)
    done = (now.most, now.until) == (most, until if most else 0)
    key = f"hold/keeper/{keeper}/{asset.address}/{account}/{most}/{until if most else 0}"
    approval = None
    if not done:
        _require_consent(operator, now, keeper, asset, (most, until))
        locked = require_appointed(asset, holds.address, custody=True)
        if not locked and asset.allowance(account, holds.address) < most:
            approving = f"hold/approve/{keeper}/{asset.address}/{account}"
            attempt = operator.attempts(approving)
            said = f"{asset.unit.amount(most).text} {asset.unit.symbol}"
            approve = asset.approve(holds.address, most)
            call = replace(approve, label=f"let the holds contract take {said}")
            approval = operator.send_one(f"{approving}/{attempt}", call)
    said = f"{asset.unit.amount(most).text} {asset.unit.symbol}"
    label = (
        f"let {keeper} hold at most {said} until {moment(until)}"
        if most
        else (f"let {keeper} hold no {asset.unit.symbol} any more")
    )
    call = holds.set_keeper(keeper, asset.address, most, until if most else 0)
    call = replace(call, label=label)
    return make_change(operator, key, call, done=done), approval


def _require_consent(
    operator: Operator, now: Consent, keeper: str, asset: Currency, wanted: tuple[int, int]
) -> None:
    most, until = wanted
    unit, second = asset.unit, operator.chain.now()
    if keeper in (ZERO_ADDRESS, operator.address):
        raise InputError.of("keeper", keeper, "is nobody else", "name who may hold it")
    if most > MOST_KEPT:
        rule = f"is more than the {unit.amount(MOST_KEPT).text} that a keeper can be let hold"
        raise InputError.of("most", unit.amount(most).text, rule, "give less")
    if most and not second < until <= second + LONGEST_SECONDS:
        rule = f"is not later than the chain's time, {moment(second)}, by 50 years at most"
        raise InputError.of("until", moment(until), rule, "give another time")
    if now.kept and (most < now.most or until < now.until):
        rule = (
            f"is less, or ends earlier, than what stands while {unit.amount(now.kept).text} "
            f"{unit.symbol} are kept: {unit.amount(now.most).text} until {moment(now.until)}"
        )
        remedy = "let the keeper let go first, or wait until that time"
        raise InputError.of("most", unit.amount(most).text, rule, remedy)


# ---------------------------------------------------------------------------------- as the keeper


def hold_for(
    operator: Operator,
    holds: Holds,
    asset: Currency,
    owner: str,
    amount: int,
    *,
    reference: str = "",
) -> Kept:
    """Hold more of an owner's asset. The account is the keeper.

    Raises: InputError when the consent does not reach so far, or it is not there; what
    `Operator.send` raises.
    """
    step = _Step(operator, holds, asset, owner, amount, reference)
    if (receipt := step.earlier("for")) is None:
        consent = step.consent
        _require_amount(amount)
        if consent.until < operator.chain.now() or consent.kept + amount > consent.most:
            allowed = asset.unit.amount(max(consent.most - consent.kept, 0)).text
            rule = (
                f"of {asset.unit.symbol} is more than {owner} lets {operator.address} hold: "
                f"{allowed} more until {moment(consent.until)}"
            )
            remedy = f"let {owner} allow more: `prorata hold keeper {operator.address}`"
            raise InputError.of("amount", asset.unit.amount(amount).text, rule, remedy)
        locked = require_appointed(asset, holds.address, custody=True)
        if not locked and asset.allowance(owner, holds.address) < amount:
            rule = f"has not let {holds.address} take so much of {asset.unit.symbol}"
            remedy = "let it run `prorata hold keeper` again, which gives the allowance"
            raise InputError.of("owner", owner, rule, remedy)
        call = holds.hold_for(asset.address, owner, amount)
        call = replace(call, label=f"hold {step.said} of {owner}")
        receipt = operator.send_one(step.key("for"), call)
    return Kept(step.consent, receipt)


def deliver_kept(
    operator: Operator,
    holds: Holds,
    asset: Currency,
    owner: str,
    amount: int,
    *,
    to: str,
    reference: str = "",
) -> Kept:
    """Deliver what is kept, under the token's own rules. The account is the keeper.

    Raises: InputError when so much is not kept, the time is over, or a rule refuses it; what
    `Operator.send` raises.
    """
    step = _Step(operator, holds, asset, owner, amount, f"{to}/{reference}")
    if (receipt := step.earlier("deliver")) is None:
        step.require_kept()
        if (now := operator.chain.now()) > step.consent.until:
            rule = f"was the last second for it, and the chain's time is {moment(now)}"
            remedy = f"let go of it: {owner} may take it back"
            raise InputError.of("until", moment(step.consent.until), rule, remedy)
        _require_deliverable(step, to)
        call = holds.deliver_kept(asset.address, owner, to, amount)
        call = replace(call, label=f"deliver {step.said} of {owner} to {to}")
        receipt = operator.send_one(step.key("deliver"), call)
    return Kept(step.consent, receipt)


def _require_deliverable(step: _Step, to: str) -> None:
    asset = step.asset
    if step.consent.in_custody or not asset.is_share_token():
        return
    giver = wallet_of(asset.chain, asset.address, step.owner)
    token = ShareToken(asset.chain, asset.address)
    check = check_transfer(token, giver, to, step.amount)
    explained = check.explanation
    check = replace(check, explanation=replace(explained, refusals=beside_what_is_held(explained)))
    if check.sentences:
        rule, _, remedy = check.sentences[0].partition("; ")
        amount = asset.unit.amount(step.amount).text
        raise InputError.of("amount", amount, f"cannot be delivered: {rule}", remedy)


def let_go(
    operator: Operator,
    holds: Holds,
    asset: Currency,
    owner: str,
    amount: int,
    *,
    reference: str = "",
) -> Kept:
    """Let go of what is kept. The account is the keeper.

    Raises: InputError when so much is not kept; what `Operator.send` raises.
    """
    step = _Step(operator, holds, asset, owner, amount, reference)
    if (receipt := step.earlier("let-go")) is None:
        step.require_kept()
        call = holds.let_go(asset.address, owner, amount)
        call = replace(call, label=f"let go of {step.said} of {owner}")
        receipt = operator.send_one(step.key("let-go"), call)
    return Kept(step.consent, receipt)


@dataclass(frozen=True)
class _Step:
    """One step of a keeper, which is done once for each reference."""

    operator: Operator
    holds: Holds
    asset: Currency
    owner: str
    amount: int
    reference: str

    @property
    def consent(self) -> Consent:
        """What the owner allows, and what is kept, now."""
        return self.holds.consent_of(self.operator.address, self.asset.address, self.owner)

    @property
    def said(self) -> str:
        """The amount as people read it."""
        return f"{self.asset.unit.amount(self.amount).text} {self.asset.unit.symbol}"

    def key(self, verb: str) -> str:
        said = (
            f"{self.operator.address}\n{self.asset.address}\n{self.owner}\n{self.amount}\n"
            f"{self.reference}"
        )
        return f"hold/{verb}/{sha256(said.encode()).hexdigest()[:16]}"

    def earlier(self, verb: str) -> Receipt | None:
        self.operator.settle()
        return self.operator.earlier(self.key(verb))

    def require_kept(self) -> None:
        _require_amount(self.amount)
        if self.amount > (kept := self.consent.kept):
            unit = self.asset.unit
            rule = (
                f"of {unit.symbol} is more than is kept of {self.owner}, {unit.amount(kept).text}"
            )
            raise InputError.of("amount", unit.amount(self.amount).text, rule, "give less")


def _require_amount(amount: int) -> None:
    if amount == 0:
        raise InputError.of("amount", "0", "is nothing", "say how much")


# ---------------------------------------------------------------------------------------- the end


def take_back(operator: Operator, holds: Holds, keeper: str, asset: Currency, owner: str) -> Kept:
    """Take back all that a keeper holds of the account's, or of a wallet it succeeds.

    Raises: InputError before the consent's time is over, or when nothing is kept; what
    `Operator.send` raises.
    """
    operator.settle()
    prefix = f"hold/take-back/{keeper}/{asset.address}/{owner}"
    consent, number = holds.consent_of(keeper, asset.address, owner), operator.attempts(prefix)
    receipt = operator.earlier(f"{prefix}/{number - 1}") if number and not consent.kept else None
    if receipt is None:
        if not consent.kept:
            rule = f"keeps nothing of {owner}'s {asset.unit.symbol}"
            raise InputError.of("keeper", keeper, rule, "nothing needs to be done")
        if operator.address != (wallet := wallet_of(operator.chain, asset.address, owner)):
            rule = f"is not {wallet}, whose it is"
            raise InputError.of("account", operator.address, rule, "use that account")
        if (now := operator.chain.now()) <= consent.until:
            rule = f"is until when the keeper may hold it, and the chain's time is {moment(now)}"
            remedy = f"take it back after that, or let {keeper} let go of it"
            raise InputError.of("until", moment(consent.until), rule, remedy)
        call = holds.take_back(keeper, asset.address, owner)
        receipt = operator.send_one(f"{prefix}/{number}", call)
    return Kept(holds.consent_of(keeper, asset.address, owner), receipt)
