# SPDX-License-Identifier: MIT
"""Declaring distributions: what the vault would refuse, the money, and who held what.

A `Declaration` says who is to be paid what on which terms. `declare_all` checks all that it is
given before anything is sent: what the vault would refuse, what the account lacks, and some things
that the vault cannot know. Each declaration is named by its contents, so that it is made once
however often this runs.

Amounts are the currency's smallest unit, times Unix seconds of the chain's clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from prorata.apportion import Apportionment
from prorata.chain.calls import Call
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.currency import Currency, money
from prorata.contracts.share_token import ShareToken
from prorata.contracts.tax_policy import TaxPolicy
from prorata.contracts.vault import DividendVault, Terms
from prorata.deployments.deployment import Deployment
from prorata.errors import ChainError, InputError, NoEligibleShares, Problem
from prorata.income.held_income import swept_if_held
from prorata.income.permits import PERMIT_SECONDS, sign_permit
from prorata.register.earning import earners_expected
from prorata.register.holders import (
    closing_time,
    require_closed,
)
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.times import moment

__all__ = [
    "Declaration",
    "Declared",
    "approvals",
    "declare",
    "declare_all",
    "faults",
    "is_declared",
    "lacking",
    "preview",
    "record_token",
    "require_eligible",
]


@dataclass(frozen=True)
class Declaration:
    """A distribution to be declared; `push` pays everyone afterwards.

    With `record_range` the record is a range of the asset's, which is a record of another
    contract. `line` is where it stands in a file, for what there is to say against it.
    """

    record_id: int
    currency: Currency
    amount: int
    terms: Terms = field(default_factory=Terms)
    push: bool = False
    line: int | None = field(default=None, compare=False)
    record_range: bool = False

    @property
    def column(self) -> str:
        """What `record_id` counts, as it is called in files and by commands."""
        return "record_range" if self.record_range else "record"

    @property
    def record(self) -> str:
        """The record or the record range in words: `record 3`."""
        return f"{self.column.replace('_', ' ')} {self.record_id}"


@dataclass(frozen=True)
class Declared:
    """A declared distribution; amounts in the currency's smallest unit."""

    id: int
    record_id: int
    currency: str
    received: int
    carried_in: int
    receipt: Receipt


# ------------------------------------------------------------------------------------- declaring


def declare(
    operator: Operator,
    deployment: Deployment,
    *,
    record_id: int,
    currency: Currency,
    amount: int,
    terms: Terms | None = None,
    permit: bool = False,
    record_range: bool = False,
    despite_held: bool = False,
) -> Declared:
    """Approve exactly the amount, then declare and fund a distribution; see `declare_all`.

    Raises: InputError when the record does not exist, the account holds too little, the times
    contradict each other; NoEligibleShares; what `Operator.send` raises.
    """
    declaration = Declaration(
        record_id, currency, amount, terms or Terms(), record_range=record_range
    )
    [done] = declare_all(
        operator, deployment, [declaration], permit=permit, despite_held=despite_held
    )
    return done


def declare_all(
    operator: Operator,
    deployment: Deployment,
    declarations: Sequence[Declaration],
    *,
    permit: bool = False,
    despite_held: bool = False,
    subject: str = "the distributions",
) -> list[Declared]:
    """Declare one distribution after the other, once all of them have been checked.

    The same distribution is declared once however often this runs: one that differs in nothing
    needs another `document_hash`. With `permit` a signature takes the place of each approval. A
    deadline over holders whose income is held now is refused, unless `despite_held`: what is held
    is swept after a deadline like anything else.

    Raises: InputError with everything that stands in the way; NoEligibleShares; DeploymentError
    for a record range of an asset without any; what `Operator.send` raises.
    """
    operator.settle()
    vault = deployment.vault()
    paying = {d: record_token(deployment, d) for d in declarations}
    earlier = {d: _declared_before(operator, paying[d], vault, d) for d in declarations}
    new = [declaration for declaration in declarations if earlier[declaration] is None]
    problems = [
        *(fault for d in new for fault in faults(operator, deployment, d)),
        *lacking(operator, new),
    ]
    if not problems and not despite_held:
        problems += [fault for d in new for fault in _swept_if_held(deployment, d)]
    if problems:
        raise InputError(problems, subject)
    for place, declaration in enumerate(new):
        require_eligible(deployment, declaration, after=new[:place])
    return [
        _declared(
            earlier[declaration]
            or _execute(operator, paying[declaration], vault, declaration, permit)
        )
        for declaration in declarations
    ]


def record_token(deployment: Deployment, what: Declaration) -> ShareToken:
    """The contract whose record is paid: the share token, or its record ranges.

    Raises: DeploymentError when it is a record range and none was ever defined.
    """
    token = deployment.token()
    return (
        ShareToken(token.chain, deployment.record_ranges().address) if what.record_range else token
    )


def is_declared(operator: Operator, deployment: Deployment, declaration: Declaration) -> bool:
    """Whether this account has declared it already, as far as its journal tells."""
    token, vault = record_token(deployment, declaration), deployment.vault()
    return _declared_before(operator, token, vault, declaration) is not None


def _key(token: ShareToken, vault: DividendVault, declaration: Declaration) -> str:
    """What the journal calls it, however it is funded."""
    data = _call(token, vault, declaration).data.hex()
    return f"declare/{declaration.record_id}/{sha256(data.encode()).hexdigest()[:16]}"


def _call(token: ShareToken, vault: DividendVault, what: Declaration) -> Call:
    return vault.declare(
        token.address, what.record_id, what.currency.address, what.amount, what.terms
    )


def _declared_before(
    operator: Operator, token: ShareToken, vault: DividendVault, what: Declaration
) -> Receipt | None:
    key = _key(token, vault, what)
    if (receipt := operator.earlier(key, _call(token, vault, what))) is not None:
        return receipt
    # A permit's signature makes other call data each time, so that each attempt has its own key.
    for attempt in range(operator.attempts(f"{key}/permit")):
        if (receipt := operator.earlier(f"{key}/permit/{attempt}")) is not None:
            return receipt
    return None


def _execute(
    operator: Operator, token: ShareToken, vault: DividendVault, what: Declaration, permit: bool
) -> Receipt:
    key = _key(token, vault, what)
    if permit:
        deadline = operator.chain.now() + PERMIT_SECONDS
        signed = sign_permit(operator, what.currency, vault.address, what.amount, deadline)
        call = vault.declare_with_permit(
            token.address,
            what.record_id,
            what.currency.address,
            what.amount,
            what.terms,
            permit=signed,
        )
        return operator.send_one(f"{key}/permit/{operator.attempts(f'{key}/permit')}", call)
    attempt = operator.attempts(f"approve/{key}")
    for number, approval in enumerate(approvals(operator, vault, what)):
        operator.send_one(f"approve/{key}/{attempt}/{number}", approval)
    return operator.send_one(key, _call(token, vault, what))


def approvals(operator: Operator, vault: DividendVault, what: Declaration) -> list[Call]:
    """What lets the vault take exactly the amount."""
    currency = what.currency
    if currency.is_native:
        return []
    allowed = currency.allowance(operator.address, vault.address)
    if allowed >= what.amount:
        return []
    # Some currencies change an allowance only from or to zero.
    first = [currency.approve(vault.address, 0)] if allowed else []
    return [*first, currency.approve(vault.address, what.amount)]


def _declared(receipt: Receipt) -> Declared:
    """What the vault reported."""
    reported = receipt.events("Declared")[0].args
    return Declared(
        id=reported["id"],
        record_id=reported["recordId"],
        currency=reported["currency"],
        received=reported["received"],
        carried_in=reported["carriedIn"],
        receipt=receipt,
    )


# -------------------------------------------------------------------------------------- checking


def faults(
    operator: Operator, deployment: Deployment, declaration: Declaration
) -> Iterator[Problem]:
    """All that the vault would refuse in a declaration, apart from the money and the shares."""
    paying, vault = record_token(deployment, declaration), deployment.vault()
    terms = declaration.terms
    found = [
        *_faulty_times(operator.chain, paying, declaration),
        *_faulty_sweep(terms, vault),
        *_faulty_policy(operator.chain, terms, vault),
    ]
    return (replace(problem, line=declaration.line) for problem in found)


def _swept_if_held(deployment: Deployment, what: Declaration) -> Iterator[Problem]:
    found = swept_if_held(
        deployment,
        what.record_id,
        what.currency,
        what.amount,
        what.terms,
        record_range=what.record_range,
    )
    return (replace(problem, line=what.line) for problem in found)


def _faulty_times(chain: RpcChain, token: ShareToken, what: Declaration) -> Iterator[Problem]:
    try:
        closes_at = closing_time(token, what.record_id, record_range=what.record_range)
    except InputError as error:
        yield from error.problems
        return
    deadline = what.terms.deadline
    opens = max(what.terms.payable_from, closes_at + 1, chain.now())
    if deadline and deadline <= opens:
        rule = f"leaves no time to claim: payments start at {moment(opens)}"
        yield Problem(None, "deadline", moment(deadline), rule, "give a later deadline")


def _faulty_sweep(terms: Terms, vault: DividendVault) -> Iterator[Problem]:
    if bool(terms.deadline) != (terms.sweep_to != ZERO_ADDRESS):
        given, lacking = ("deadline", "recipient") if terms.deadline else ("recipient", "deadline")
        yield Problem(
            None,
            "sweep-to",
            moment(terms.deadline) if terms.deadline else terms.sweep_to,
            f"is a {given} for what is unclaimed, without a {lacking}",
            "give both, or neither",
        )
    if terms.sweep_to == vault.address:
        rule = "is the vault itself, which can send nothing on"
        yield Problem(None, "sweep-to", terms.sweep_to, rule, "name somebody else")


def _faulty_policy(chain: RpcChain, terms: Terms, vault: DividendVault) -> Iterator[Problem]:
    if terms.tax_policy == ZERO_ADDRESS:
        return
    try:
        collector = TaxPolicy(chain, terms.tax_policy).collector()
    except ChainError:
        collector = ZERO_ADDRESS
    if collector in (ZERO_ADDRESS, vault.address):
        rule = "names nobody to collect the tax"
        remedy = "give the address of a tax policy, such as FlatTax"
        yield Problem(None, "tax-policy", terms.tax_policy, rule, remedy)


def lacking(operator: Operator, declarations: Sequence[Declaration]) -> Iterator[Problem]:
    """Each currency of which the account holds less than all declarations together take."""
    currencies = {d.currency.address: d.currency for d in declarations}
    for address, currency in currencies.items():
        taking = [d for d in declarations if d.currency.address == address]
        needed = sum(declaration.amount for declaration in taking)
        held = currency.balance_of(operator.address)
        if held < needed:
            rule = f"is more than the {money(held, currency)} that {operator.address} holds"
            remedy = "fund the account or distribute less"
            line = taking[0].line if len(taking) == 1 else None
            yield Problem(line, "amount", money(needed, currency), rule, remedy)


def require_eligible(
    deployment: Deployment, what: Declaration, *, after: Sequence[Declaration] = ()
) -> None:
    """What a declaration that comes `after` others needs: somebody who can be paid.

    Raises: NoEligibleShares when the record has closed and nobody would be.
    """
    token, vault = record_token(deployment, what), deployment.vault().address
    if deployment.chain.now() <= token.record_time(what.record_id):
        return
    now = ShareToken(token.chain, token.address, block="pending")
    asked = sorted({*what.terms.excluded, vault})
    held = dict(zip(asked, now.balances_of_at(asked, what.record_id), strict=True))
    earlier = [declaration.currency.address for declaration in after]
    earners = earners_expected(deployment, what.terms.excluded, held, after=earlier)
    counting = now.total_supply_at(what.record_id) - sum(held[a] for a in earners.excluded)
    if counting == 0:
        raise NoEligibleShares(what.amount, len(earners.excluded))


# ----------------------------------------------------------------------------------- who held what


def preview(
    deployment: Deployment,
    record_id: int,
    amount: int,
    balances: Mapping[str, int],
    excluded: Sequence[str] = (),
) -> Apportionment[str]:
    """Who would receive what, by the law, before anything is declared.

    `balances` are those at the record, from the ledger; they are checked against the chain's
    total, so that no holder can be missing.

    Raises: InputError when the balances are not the whole supply at the record; NoEligibleShares.
    """
    require_closed(deployment, record_id)
    supply = deployment.token("pending").total_supply_at(record_id)
    if sum(balances.values()) != supply:
        raise InputError.of(
            "balances",
            sum(balances.values()),
            f"are not the {supply} shares of record {record_id}",
            "take them from the ledger",
        )
    return earners_expected(deployment, excluded, balances).divide(amount, balances)
