# SPDX-License-Identifier: MIT
"""Opening a call: what must be given first, and the opening itself, as steps of one plan.

Shares of a treasury are held in the principal's wallet by its consent (`IHolds.setKeeper`); the
money of a tender is taken by its allowance; a call that mints is an agent of the token. What the
account can give itself is sent before the opening; what others must give is named.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.call_auction import CallAuction, Stage, opening_message
from prorata.contracts.call_terms import CallKind, CallTerms
from prorata.contracts.currency import Currency
from prorata.contracts.holds import Holds
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.market.calls.drafts import DraftedCall
from prorata.market.calls.known_calls import (
    KnownCall,
    command_of,
    keep_call,
    kept_of_name,
    noun_of,
)
from prorata.market.calls.units import CallUnits
from prorata.market.keepers import allow_keeper
from prorata.market.signatures import is_signed
from prorata.register.properties import set_holds_contract
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import format_units
from prorata.values.times import moment

__all__ = ["Given", "OpenedCall", "give_first", "needs", "open_call", "require_new"]


@dataclass(frozen=True)
class OpenedCall:
    """A call that is open now, and the transactions of this run or of an earlier one."""

    call: KnownCall
    receipt: Receipt | None
    before: tuple[Receipt, ...]


@dataclass(frozen=True)
class Given:
    """What a principal must give before a call can be opened; `said` in words, or nothing."""

    consent: int = 0
    until: int = 0
    money: int = 0
    said: str = ""


def require_new(deployment: Deployment, contract: CallAuction, drafted: DraftedCall) -> bytes:
    """The id of a draft; refuses a name that stands for other terms of the same opener here.

    Raises: InputError; ChainError.
    """
    call = contract.id_of(drafted.terms)
    other = kept_of_name(deployment, contract, drafted.name)
    for known, terms in other:
        same = (known == call, terms.opener == drafted.terms.opener, terms.kind)
        if same == (False, True, drafted.terms.kind) and (
            contract.call_of(known).stage is not Stage.NONE
        ):
            noun = noun_of(terms)
            rule = (
                f"is the name of an {noun} with other terms"
                if noun[0] in "ao"
                else (f"is the name of a {noun} with other terms")
            )
            cancel = f"prorata {command_of(noun)} cancel --{noun} 0x{known.hex()}"
            remedy = f"give it another name; `{cancel}` cancels that one"
            raise InputError.of("name", drafted.name, rule, remedy)
    return call


def needs(terms: CallTerms, units: CallUnits) -> Given:
    """What the principal gives, as the terms have it."""
    if terms.kind is CallKind.SALE and not terms.mint:
        said = f"{units.shares(terms.lots)}, held in the wallet of {terms.principal}"
        return Given(terms.lots * terms.lot, terms.settle_by, 0, said)
    if terms.kind is CallKind.TENDER:
        said = f"{units.paid(terms.budget)}, taken from {terms.principal}"
        return Given(money=terms.budget, said=said)
    if terms.mint:
        return Given(said=f"{units.shares(terms.lots)} at most, minted")
    return Given()


def open_call(
    operator: Operator,
    deployment: Deployment,
    contract: CallAuction,
    drafted: DraftedCall,
    signature: bytes = b"",
) -> OpenedCall:
    """Open a call, after what its principal gives first; once, however often this runs.

    Raises: InputError when the principal is somebody else and has not signed, or has not given what
    is needed; what `Operator.send` raises.
    """
    operator.settle()
    terms = drafted.terms
    call = require_new(deployment, contract, drafted)
    key = f"call/open/{call.hex()[:16]}"
    if (receipt := operator.earlier(key)) is not None:
        return OpenedCall(_known(deployment, contract, drafted), receipt, ())
    if contract.call_of(call).stage is not Stage.NONE:
        return OpenedCall(_known(deployment, contract, drafted), None, ())
    _require_parties(operator, deployment, terms)
    _require_signed(operator, contract, drafted, signature)
    before = give_first(operator, deployment, contract, drafted)
    known = _known(deployment, contract, drafted)
    what = f"open the {noun_of(terms)} {drafted.name}"
    signed = b"" if terms.principal == operator.address else signature
    receipt = operator.send_one(key, replace(contract.open(terms, signed), label=what))
    return OpenedCall(known, receipt, before)


def give_first(
    operator: Operator, deployment: Deployment, contract: CallAuction, drafted: DraftedCall
) -> tuple[Receipt, ...]:
    """Send what the account gives before the opening; refuse where others must give it.

    Raises: InputError; what `Operator.send` raises.
    """
    terms = drafted.terms
    if terms.mint:
        _require_agent(deployment, contract)
        return ()
    if terms.kind is CallKind.SALE:
        return _consent(operator, deployment, contract, drafted)
    if terms.kind is CallKind.TENDER:
        return _allowance(operator, contract, drafted)
    return ()


# --------------------------------------------------------------------------------- what is required


def _known(deployment: Deployment, contract: CallAuction, drafted: DraftedCall) -> KnownCall:
    call = keep_call(deployment, contract, drafted.name, drafted.terms)
    first = deployment.manifest.first_block
    return KnownCall(contract, call, drafted.terms, drafted.units, drafted.name, 0, first)


def _require_parties(operator: Operator, deployment: Deployment, terms: CallTerms) -> None:
    if operator.address != terms.opener:
        rule = f"is not {terms.opener}, who opens it by its terms"
        raise InputError.of("account", operator.address, rule, "use that account")
    token, symbol = deployment.token(), deployment.settings.symbol
    if terms.kind is CallKind.TENDER and not token.can_receive(terms.principal):
        rule = f"may not receive {symbol} now, so that nothing could be delivered to it"
        remedy = "let the issuer register it: `prorata register`"
        raise InputError.of("principal", terms.principal, rule, remedy)
    if not terms.mint:
        return
    if token.owner() != terms.opener and not token.is_agent(terms.opener):
        rule = f"is neither owner nor agent of {symbol}, who alone may mint"
        remedy = f"let the owner {token.owner()} open it, or sell from a treasury"
        raise InputError.of("account", terms.opener, rule, remedy)


def _require_signed(
    operator: Operator, contract: CallAuction, drafted: DraftedCall, signature: bytes
) -> None:
    """A principal who does not open has signed, unless its shares are minted."""
    terms, chain = drafted.terms, operator.chain
    if terms.mint or terms.principal in (operator.address, ZERO_ADDRESS):
        return
    message = opening_message(contract.id_of(terms), chain.chain_id, contract.address)
    if is_signed(chain, terms.principal, message, signature):
        return
    said = f"0x{signature.hex()}" if signature else ""
    rule = (
        f"is not {terms.principal}'s for these terms"
        if signature
        else (f"is missing: {terms.principal} is the principal and does not open it")
    )
    words = f"prorata {command_of(noun_of(terms))} consent TERMS --opener {terms.opener}"
    remedy = f"let it run `{words}`, and give what that prints with --signature"
    raise InputError.of("signature", said, rule, remedy)


def _require_agent(deployment: Deployment, contract: CallAuction) -> None:
    token = deployment.token()
    if token.is_agent(contract.address):
        return
    rule = f"is no agent of {deployment.settings.symbol}, so that it cannot mint what is sold"
    remedy = f"let the owner run `prorata agents add {contract.address}`, or sell from a treasury"
    raise InputError.of("shares_from", contract.address, rule, remedy)


def _consent(
    operator: Operator, deployment: Deployment, contract: CallAuction, drafted: DraftedCall
) -> tuple[Receipt, ...]:
    """The principal's consent that its shares are held."""
    terms, units, token = drafted.terms, drafted.units, deployment.token()
    holds = Holds(operator.chain, contract.holds())
    before = _appoint(operator, deployment, holds)
    wanted = needs(terms, units)
    consent = holds.consent_of(contract.address, terms.token, terms.principal)
    most = consent.kept + wanted.consent
    free = token.balance_of(terms.principal) - _unfree(deployment, terms.principal)
    if free < wanted.consent:
        rule = f"is more than the {units.share.amount(max(free, 0)).text} that are free in the "
        rule += f"wallet of {terms.principal}, from which they are sold"
        remedy = "sell fewer, name another principal, or write shares_from: mint"
        raise InputError.of("sells", units.shares(terms.lots), rule, remedy)
    if consent.most >= most and consent.until >= terms.settle_by:
        return before
    until = max(consent.until, terms.settle_by)
    if terms.principal != operator.address:
        size = format_units(most, units.share.decimals, grouping=False, trim=True)
        said = f'prorata hold keeper {contract.address} "{size} {units.share.symbol}"'
        rule = f"has not let the contract hold {units.shares(terms.lots)} until {moment(until)}"
        remedy = f"let it run `{said} --until {moment(until)}`"
        raise InputError.of("principal", terms.principal, rule, remedy)
    asset = Currency(operator.chain, terms.token)
    most = max(most, consent.most) if consent.kept else most
    change, approval = allow_keeper(
        operator, holds, contract.address, asset, most=most, until=until
    )
    return (*before, *(one for one in (approval, change.receipt) if one is not None))


def _appoint(operator: Operator, deployment: Deployment, holds: Holds) -> tuple[Receipt, ...]:
    """See to it that shares are locked where they are, and not moved into the contract's care."""
    token = deployment.token()
    appointed = token.holds_contract()
    if appointed == holds.address:
        return ()
    symbol = deployment.settings.symbol
    command = f"`prorata settings holds-contract {holds.address}`"
    if appointed != ZERO_ADDRESS or token.owner() != operator.address:
        rule = f"has not appointed the contract {holds.address}, by which shares are held"
        raise InputError.of("token", symbol, rule, f"let its owner run {command}")
    change = set_holds_contract(operator, deployment, holds.address)
    return () if change.receipt is None else (change.receipt,)


def _unfree(deployment: Deployment, account: str) -> int:
    """Shares of an account that are frozen or held already."""
    return deployment.token().frozen_tokens(account)


def _allowance(
    operator: Operator, contract: CallAuction, drafted: DraftedCall
) -> tuple[Receipt, ...]:
    """The allowance by which the budget of a tender is taken."""
    terms, units = drafted.terms, drafted.units
    money = Currency(operator.chain, terms.ladders[0].currency)
    held = money.balance_of(terms.principal)
    if held < terms.budget:
        rule = f"is more than the {units.paid(held)} that {terms.principal} has"
        raise InputError.of("budget", units.paid(terms.budget), rule, "give less, or get more")
    if money.allowance(terms.principal, contract.address) >= terms.budget:
        return ()
    if terms.principal != operator.address:
        rule = f"has not let {contract.address} take {units.paid(terms.budget)}"
        size = format_units(terms.budget, units.money[0].decimals, grouping=False, trim=True)
        words = f"prorata approve --spender {contract.address} --amount {size}"
        remedy = f"let it run `{words} --currency {money.address}`"
        raise InputError.of("principal", terms.principal, rule, remedy)
    key = f"call/approve/{contract.address}/{money.address}/{operator.address}"
    call = money.approve(contract.address, terms.budget)
    call = replace(call, label=f"let the call auction take {units.paid(terms.budget)}")
    return (operator.send_one(f"{key}/{operator.attempts(key)}", call),)
