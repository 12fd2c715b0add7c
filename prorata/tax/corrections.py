# SPDX-License-Identifier: MIT
"""Corrections made: over-withheld tax is sent to the holder once, and booked.

What the vault withholds it sends to the policy's collector and to nobody else, and what was settled
is never settled again. So a repayment comes from an account: the collector's, which gets the tax by
`prorata remit` first, or the issuer's, that is the declarer of the distribution or the owner or an
agent of the token. It goes to whoever is to be paid for the holder now: its payee, or where that is
a contract the person's wallet itself.

Each repayment is made once. Its step has a key of its own in the journal; and behind the arguments
of the transfer, where a currency reads nothing, stands a reference to chain, vault, distribution
and holder, and the tax that was due. It is looked for on the chain before anything is sent, among
the transfers to the holder and whoever is paid for it, so that a second journal, or one that was
lost, repays nothing twice: what is found is booked. The chain's own coin writes no log of its
transfers; of it only the journal knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from prorata.chain.abi import topics_of
from prorata.chain.calls import Call
from prorata.chain.operator import Operator
from prorata.chain.steps import Intent, Receipt
from prorata.chain.types import Mined
from prorata.contracts.currency import Currency, money
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError, Problem
from prorata.ledger.corrections import Correction, transferred
from prorata.ledger.entries import DistributionAccount
from prorata.tax.procedures import Procedure
from prorata.tax.repayments import HALF, Repayment
from prorata.values.addresses import ZERO_ADDRESS

__all__ = ["Repaid", "repay"]

COLLECTOR, ISSUER, OTHER = "collector", "issuer", "another account"
WORD = 32


@dataclass(frozen=True)
class Repaid:
    """A repayment as it is booked; `receipt` is None for one that was found on the chain."""

    correction: Correction
    receipt: Receipt | None


@dataclass(frozen=True)
class _OnChain:
    """A repayment that some account has made: how much, by which tax that was due, and where."""

    amount: int
    due: int
    mined: Mined


def repay(
    operator: Operator,
    deployment: Deployment,
    repayments: Sequence[Repayment],
    procedure: Procedure,
    *,
    dry_run: bool = False,
    coming: Mapping[str, int] = MappingProxyType({}),
) -> list[Repaid]:
    """Send each holder what was withheld too much, and book it.

    A dry run makes every check, that each step would succeed among them, and sends nothing. Of each
    currency the account is then taken to hold what is `coming`, too.

    Raises: InputError with everything that stands in the way, such as a window that has closed, an
    account that is neither the collector's nor the issuer's, or too little money; what
    `Operator.send` raises.
    """
    if not dry_run:
        operator.settle()
    payees = _payees(deployment, repayments)
    there = {one.key: _on_chain(operator, one, payees[one.key]) for one in repayments}
    left = [replace(one, repaid=one.repaid + _sum(there[one.key])) for one in repayments]
    due = [one for one in left if one.amount > 0]
    steps = [_intent(operator, one, payees[one.key]) for one in due]
    unsent = [
        one
        for one, step in zip(due, steps, strict=True)
        if operator.earlier(step.key, step.call) is None
    ]
    problems = [
        *_too_late(operator, unsent, procedure),
        *_strangers(operator, deployment, unsent),
        *_halted(unsent, payees),
        *_lacking(operator, unsent, coming),
    ]
    if problems:
        raise InputError(problems, "the repayments")
    if dry_run:
        # What a transfer needs that is still to come cannot be tried.
        operator.price([] if coming else steps)
        return []
    found = [
        Repaid(_book(operator, deployment, replace(one, due=was.due), was, procedure), None)
        for one in repayments
        for was in there[one.key]
    ]
    sent = operator.send(steps)
    return [
        *found,
        *(
            Repaid(_book(operator, deployment, one, _as_sent(one, receipt), procedure), receipt)
            for one, receipt in zip(due, sent, strict=True)
        ),
    ]


def _payees(deployment: Deployment, repayments: Sequence[Repayment]) -> dict[str, str]:
    """Who is to be paid for each: nobody, while the person's income waits."""
    token, vault, chain = deployment.token(), deployment.vault(), deployment.chain
    found = {}
    for one in repayments:
        claimant = token.claimant_of(one.entry.holder)
        payee = claimant if claimant == ZERO_ADDRESS else vault.payee_of(claimant)
        # A contract may do with a payment from the vault what it does not do with any other.
        found[one.key] = claimant if payee != claimant and chain.code(payee) else payee
    return found


def _intent(operator: Operator, one: Repayment, payee: str) -> Intent:
    currency = Currency(operator.chain, one.distribution.currency)
    call = currency.transfer(payee, one.amount)
    reference = b"" if currency.is_native else one.reference(operator.chain.chain_id)
    label = f"repay {money(one.amount, currency)} of tax to {payee}"
    return Intent(one.key, Call(call.to, call.data + reference, call.value, label))


# ------------------------------------------------------------------------------- what was done


def _on_chain(operator: Operator, one: Repayment, payee: str) -> list[_OnChain]:
    """The repayments to a holder that no correction is booked for, whoever has made them."""
    chain, currency = operator.chain, one.distribution.currency
    if currency == ZERO_ADDRESS:
        return []
    holders = [_word(who) for who in dict.fromkeys((payee, one.entry.payee, one.entry.holder))]
    topics = [*topics_of("Dollar", "Transfer"), None, holders]
    _, first, _ = one.entry.moment
    logs = chain.logs([currency], first, chain.block().number, topics)
    hashes = list(dict.fromkeys(log.transaction_hash for log in logs))
    subject = one.subject(chain.chain_id)
    named = {
        hash_: int.from_bytes(what.data[-HALF:], "big")
        for hash_, what in zip(hashes, chain.sent(hashes), strict=True)
        if what is not None
        and what.to == currency
        and what.data[-2 * HALF : -HALF] == subject
        and hash_ not in one.booked
    }
    mined = zip(named.items(), chain.receipts(list(named)), strict=True)
    found: list[_OnChain] = []
    for (_, due), done in mined:
        moved = 0 if done is None or not done.success else transferred(done, currency)
        # Anyone can send a holder money with a reference; more than the tax it cannot repay.
        if done is not None and 0 < moved <= one.entry.tax - one.repaid - _sum(found):
            found.append(_OnChain(moved, due, done))
    return found


def _word(address: str) -> bytes:
    return bytes.fromhex(address[2:]).rjust(WORD, b"\0")


def _as_sent(one: Repayment, receipt: Receipt) -> _OnChain:
    return _OnChain(one.amount, one.due, receipt.mined)


def _sum(there: Sequence[_OnChain]) -> int:
    return sum(was.amount for was in there)


def _book(
    operator: Operator,
    deployment: Deployment,
    one: Repayment,
    was: _OnChain,
    procedure: Procedure,
) -> Correction:
    """Note a repayment in the journal."""
    chain, mined, distribution = operator.chain, was.mined, one.distribution
    [sent] = chain.sent([mined.transaction_hash])
    payer = operator.address if sent is None else sent.sender
    booked = Correction(
        booked_at=chain.block(mined.block_number).timestamp,
        year=one.year,
        distribution_id=distribution.id,
        holder=one.entry.holder,
        currency=distribution.currency,
        amount=was.amount,
        withheld=one.entry.tax,
        due=was.due,
        payer=payer,
        by=_role(deployment, distribution, payer) or OTHER,
        procedure=procedure.name,
        window_until=one.window_until,
        document=one.document,
        transaction=mined.transaction_hash,
    )
    if operator.journal is not None:
        operator.journal.note(booked.facts())
    return booked


# -------------------------------------------------------------------------------------- checking


def _too_late(
    operator: Operator, repayments: Sequence[Repayment], procedure: Procedure
) -> Iterator[Problem]:
    now = operator.chain.now()
    for one in repayments:
        problem = procedure.fault(one.entry.time, now, one.distribution.id)
        if problem is not None:
            yield problem


def _role(deployment: Deployment, distribution: DistributionAccount, account: str) -> str | None:
    """As what an account may repay the tax of a distribution; None if it may not."""
    token = deployment.token()
    if account == deployment.vault().distribution(distribution.id).tax_collector:
        return COLLECTOR
    if account in (distribution.declarer, token.owner()) or token.is_agent(account):
        return ISSUER
    return None


def _strangers(
    operator: Operator, deployment: Deployment, repayments: Sequence[Repayment]
) -> Iterator[Problem]:
    for one in {one.distribution.id: one for one in repayments}.values():
        number = one.distribution.id
        if _role(deployment, one.distribution, operator.address) is None:
            collector = deployment.vault().distribution(number).tax_collector
            rule = f"is neither the collector of the tax of distribution {number} nor the issuer"
            remedy = f"use the collector's account, {collector}, or the issuer's"
            yield Problem(None, "account", operator.address, rule, remedy)


def _halted(repayments: Sequence[Repayment], payees: Mapping[str, str]) -> Iterator[Problem]:
    for one in repayments:
        if payees[one.key] == ZERO_ADDRESS:
            rule = "cannot be paid now: its wallet is frozen, or its income waits"
            remedy = "release it first, or name the others with --holder"
            yield Problem(None, "holder", one.entry.holder, rule, remedy)


def _lacking(
    operator: Operator, repayments: Sequence[Repayment], coming: Mapping[str, int]
) -> Iterator[Problem]:
    for address in dict.fromkeys(one.distribution.currency for one in repayments):
        currency = Currency(operator.chain, address)
        needed = sum(one.amount for one in repayments if one.distribution.currency == address)
        held = currency.balance_of(operator.address) + coming.get(address, 0)
        if held < needed:
            rule = f"is more than the {money(held, currency)} that {operator.address} holds"
            remedy = "let the collector repay with --remit, or fund the account"
            yield Problem(None, "amount", money(needed, currency), rule, remedy)
