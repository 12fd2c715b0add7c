# SPDX-License-Identifier: MIT
"""Handing out new shares to the holders of a record: stock dividends, splits, spin-offs, rights.

No contract does this: it is a distribution of the vault whose currency is a share token. The plan
is made once the record has closed, since only then it is known to the unit who gets what. Then the
new shares are made, paid in to the vault, pushed to everybody, and what the vault could not divide
to the unit goes to the wallets themselves: a last share here and there, and money for fractions.

Each step is in the journal, under the plan's hash. What was done is not done again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from prorata.chain.operator import Operator
from prorata.chain.steps import Intent, Receipt
from prorata.contracts.currency import Currency, money
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import Distribution, Terms
from prorata.deployments.deployment import Deployment
from prorata.deployments.market_contracts import HOLDS, SETTLEMENT, singleton_address
from prorata.errors import InputError, Problem, RevertError
from prorata.income.declarations import declare
from prorata.income.push_report import PushReport
from prorata.income.pushes import PAGE_SIZE, push_all
from prorata.market.actions.entitlements import Entitlements, cash_in_lieu, entitlements
from prorata.market.actions.plan_files import SharePlan, lines_of, read_plan, write_plan
from prorata.market.actions.ratios import Ratio
from prorata.register.holders import closing_time, holders_at, holders_now
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Unit
from prorata.values.times import lasting, moment
from prorata.values.words import counted

__all__ = [
    "SPLIT",
    "Given",
    "ShareOffer",
    "give_shares",
    "plan_shares",
    "unit_of",
    "waiting_now",
]

SPLIT = "split"

PUSH_SECONDS = 3_600
PAGE_SECONDS = 60
"""How long a push may take: what it takes to begin, and for each page."""

SHOWN = 3
MOST_EXCLUDED = 31
"""What the vault takes, beside itself."""


@dataclass(frozen=True)
class ShareOffer:
    """What the issuer decides: `ratio` new whole shares of `given` for each one held.

    `worded` is the ratio as it was decided. Fractions are paid at `fraction_price` for a whole
    share, in the smallest unit of `currency`; without one they stay in the vault. `excluded` get
    nothing; `unpaid` are holders who are known to wait.
    """

    action: str
    worded: str
    ratio: Ratio
    record: int
    given: ShareToken
    excluded: tuple[str, ...] = ()
    unpaid: tuple[str, ...] = ()
    currency: Currency | None = None
    fraction_price: int = 0


@dataclass(frozen=True)
class Given:
    """What became of a plan: the distribution, its push, and what went to wallets themselves.

    There is no `report` where the push was left to others.

    `left` are holders to whom a last share or money for a fraction could not be sent, with the
    reason; the same command again tries it again.
    """

    plan: SharePlan
    distribution: int
    report: PushReport | None
    receipts: tuple[Receipt, ...]
    left: Mapping[str, str] = field(default_factory=dict)


def unit_of(token: ShareToken) -> Unit:
    """How the shares of a token are written."""
    return Unit(token.symbol(), token.decimals())


# ---------------------------------------------------------------------------------------- planning


def plan_shares(
    operator: Operator, found: Deployment, offer: ShareOffer, *, closes_at: int | None = None
) -> tuple[SharePlan, bool]:
    """Who gets what, and whether that is final; nothing is sent or written.

    While the record is open it is what the present holders would get; `closes_at` is for one that
    is not scheduled yet. What was planned before is read from its file, and must be the same offer.

    Raises: InputError for everything that stands in the way; BooksError; ChainError.
    """
    kept = read_plan(found.folder, offer.action, offer.record)
    if kept is not None:
        _require_same(kept, offer)
        return kept, True
    if closes_at is None:
        closes_at = closing_time(found.token(), offer.record)
    final = closes_at < found.chain.now()
    operator.tell("reading who holds what")
    balances = holders_at(found, offer.record) if final else holders_now(found)
    excluded = {*offer.excluded, found.vault().address}
    ratio = offer.ratio.units(
        decimals_given=offer.given.decimals(), decimals_held=found.settings.decimals
    )
    carried = found.vault().carried(found.token().address, offer.given.address)
    entitled = entitlements(balances, ratio, excluded, carried=carried)
    plan = _plan(operator, found, offer, entitled, carried)
    problems = [
        *_faulty_parties(operator, found, plan, offer),
        *_faulty_amounts(operator, found, plan),
        *_faulty_times(found, plan, closes_at),
        *(_faulty_split(found, plan, balances, final=final) if offer.action == SPLIT else ()),
    ]
    if problems:
        raise InputError(problems[:1])
    return plan, final


def _require_same(kept: SharePlan, offer: ShareOffer) -> None:
    """Raises: InputError when the record has a plan that says something else."""
    said = (
        offer.worded,
        offer.given.address,
        tuple(sorted(offer.excluded)),
        tuple(sorted(offer.unpaid)),
        None if offer.currency is None else offer.currency.address,
        offer.fraction_price,
    )
    then = (
        kept.ratio,
        kept.given,
        kept.excluded,
        kept.unpaid,
        kept.currency,
        kept.fraction_price,
    )
    if said != then:
        names = ("ratio", "of", "exclude", "unpaid", "currency", "fraction-price")
        pairs = zip(names, said, then, strict=True)
        name, now, was = next((n, s, t) for n, s, t in pairs if s != t)
        raise InputError.of(
            name,
            now,
            f"is not what the {kept.action} at record {kept.record} was planned with, {was}",
            "repeat it as it was planned, or name another record",
        )


def _plan(
    operator: Operator, found: Deployment, offer: ShareOffer, entitled: Entitlements, carried: int
) -> SharePlan:
    vault, given = found.vault(), offer.given
    one, price = 10 ** given.decimals(), offer.fraction_price
    in_lieu = {line.holder: cash_in_lieu(line, price, one) for line in entitled.lines}
    return SharePlan(
        action=offer.action,
        ratio=offer.worded,
        token=found.token().address,
        record=offer.record,
        given=given.address,
        vault=vault.address,
        minted=given.is_agent(operator.address),
        eligible=entitled.eligible,
        amount=entitled.amount,
        carried_in=carried,
        excluded=tuple(sorted(offer.excluded)),
        unpaid=tuple(sorted(offer.unpaid)),
        currency=None if offer.currency is None else offer.currency.address,
        fraction_price=price,
        lines=lines_of(entitled, in_lieu),
    )


# ---------------------------------------------------------------------------------------- checking


def _faulty_parties(
    operator: Operator, found: Deployment, plan: SharePlan, offer: ShareOffer
) -> Iterator[Problem]:
    """Who must be able to act, and to hold the new shares on their way."""
    token, given, account = found.token(), offer.given, operator.address
    if not token.is_agent(account):
        remedy = f"use an agent's account, or let the owner {token.owner()} add it"
        yield Problem(None, "account", account, f"is no agent of {token.symbol()}", remedy)
    if len(offer.excluded) > MOST_EXCLUDED:
        rule = f"are more than the {MOST_EXCLUDED} that the vault can exclude"
        yield Problem(None, "exclude", counted(len(offer.excluded), "account"), rule, "name fewer")
    if given.paused():
        rule = "is paused, so that nobody could be paid"
        yield Problem(None, "of", given.symbol(), rule, "release it with `prorata unpause`")
    able = given.may_receive([account, plan.vault])
    for who, can, named in zip((account, plan.vault), able, ("account", "vault"), strict=True):
        if not can:
            rule = f"may not hold {given.symbol()}, and the new shares pass through it"
            remedy = "register it with `prorata register`, as a person of its own"
            yield Problem(None, named, who, rule, remedy)


def _faulty_amounts(operator: Operator, found: Deployment, plan: SharePlan) -> Iterator[Problem]:
    """What the account needs: shares that it can make or has, and money for fractions."""
    given, needed = ShareToken(found.chain, plan.given), plan.received + plan.topped_up
    unit = unit_of(given)
    if not plan.minted:
        held = given.balance_of(operator.address)
        if held < needed:
            rule = f"are more than the {unit.text(held)} {unit.symbol} of {operator.address}"
            remedy = f"let the owner of {unit.symbol} make it an agent, or buy what lacks"
            yield Problem(None, "shares", unit.text(needed), rule, remedy)
    elif plan.given == plan.token:
        yield from _faulty_carry(found, plan, unit)
        authorised, supply = found.settings.authorised, given.total_supply()
        if supply + needed > authorised:
            rule = (
                f"new shares and the {unit.text(supply)} issued are more than the "
                f"{unit.text(authorised)} authorised"
            )
            remedy = f"run `prorata authorise {unit.text(supply + needed)}` first"
            yield Problem(None, "shares", unit.text(needed), rule, remedy)
    if plan.currency is not None and plan.in_lieu:
        currency = Currency(found.chain, plan.currency)
        held = currency.balance_of(operator.address)
        if held < plan.in_lieu:
            rule = f"for fractions is more than the {money(held, currency)} of {operator.address}"
            yield Problem(None, "amount", money(plan.in_lieu, currency), rule, "fund the account")


def _faulty_carry(found: Deployment, plan: SharePlan, unit: Unit) -> Iterator[Problem]:
    """What earlier ones left over must be there: a buy-out burns it, and the vault counts on it."""
    vault = found.vault()
    owed = sum(one.owed for one in vault.distributions_in(plan.given))
    there = found.token().balance_of(plan.vault) - owed
    if there < plan.carried_in and _distribution_of(found, plan) is None:
        missing = f"{unit.text(plan.carried_in - there)} {unit.symbol}"
        rule = f"lacks {missing} that earlier distributions left over, which were burnt or taken"
        yield Problem(
            None, "vault", plan.vault, rule, "issue as many to it: `prorata issue --tranche`"
        )


def _faulty_times(found: Deployment, plan: SharePlan, closes_at: int) -> Iterator[Problem]:
    """Another record must not close while the new shares are still in the vault (J26)."""
    given, now = ShareToken(found.chain, plan.given), found.chain.now()
    own = plan.given == plan.token
    pages = -(-len(plan.lines) // PAGE_SIZE)
    begins = max(now, closes_at)
    takes = PUSH_SECONDS + pages * PAGE_SECONDS
    for number, closes in enumerate(given.record_times(), start=1):
        if closes is None or (own and number == plan.record):
            continue
        if own and plan.action == SPLIT and plan.record < number and closes < now:
            rule = f"is not the last that has closed: record {number} has, too"
            yield Problem(None, "record", str(plan.record), rule, f"give --record {number}")
        elif begins <= closes <= begins + takes:
            rule = (
                f"of {given.symbol()} closes at {moment(closes)}, before everybody would have "
                f"the new shares, which can take {lasting(takes)}"
            )
            remedy = "run this after it has closed, or cancel it with `prorata record cancel`"
            yield Problem(None, "record", str(number), rule, remedy)
    if _distribution_of(found, plan, other=True) is not None:
        rule = f"has a distribution in {given.symbol()} already, from another plan"
        yield Problem(None, "record", str(plan.record), rule, "name another record")


def _faulty_split(
    found: Deployment, plan: SharePlan, balances: Mapping[str, int], *, final: bool
) -> Iterator[Problem]:
    """A split changes what a share is worth, so everybody must get the new ones at once."""
    if plan.excluded:
        rule = "cannot be left out of a split, which would take from it"
        yield Problem(None, "exclude", plan.excluded[0], rule, "leave --exclude out")
    if plan.fractions and not plan.fraction_price:
        rounded = [line for line in plan.lines if line.fraction]
        rule = (
            f"leaves {counted(len(rounded), 'holder')} with a fraction unpaid, such as "
            f"{rounded[-1].holder}"
        )
        remedy = "give --fraction-price and --currency, so that fractions are paid in money"
        yield Problem(None, "ratio", plan.ratio, rule, remedy)
    supply, then = found.token().total_supply(), sum(balances.values())
    if final and supply != then:
        unit = found.settings.unit
        rule = f"had {unit.text(then)} {unit.symbol}, and there are {unit.text(supply)} now"
        yield Problem(None, "record", str(plan.record), rule, "schedule a new record for the split")
    unlisted = {
        h: why for h, why in _waiting(found, plan, balances).items() if h not in plan.unpaid
    }
    if unlisted:
        first, why = next(iter(unlisted.items()))
        more = f", and so would {len(unlisted) - 1:,} more" if len(unlisted) > 1 else ""
        rule = f"would stay unpaid, since it {why}{more}"
        remedy = "mend that first, or list it with --unpaid and make good what it misses"
        yield Problem(None, "holder", first, rule, remedy)


def waiting_now(found: Deployment, plan: SharePlan) -> dict[str, str]:
    """Holders who could not be paid new shares now, each with the reason."""
    given = ShareToken(found.chain, plan.given, block="pending")
    getting = [line.holder for line in plan.lines if line.shares]
    claimants = found.token("pending").claimants_of(getting)
    payees = found.vault("pending").payees_of(getting)
    receivers = [p if p != ZERO_ADDRESS else c for p, c in zip(payees, claimants, strict=True)]
    asked = [receiver for receiver in receivers if receiver != ZERO_ADDRESS]
    able = dict(zip(asked, given.may_receive(asked), strict=True)) if asked else {}
    waiting: dict[str, str] = {}
    for holder, claimant, receiver in zip(getting, claimants, receivers, strict=True):
        if claimant == ZERO_ADDRESS:
            waiting[holder] = "is frozen, or not eligible now"
        elif not able[receiver]:
            waiting[holder] = f"may not receive {given.symbol()}"
    return waiting


def _waiting(found: Deployment, plan: SharePlan, balances: Mapping[str, int]) -> dict[str, str]:
    """The same, and contracts in whose care shares of others are."""
    out = waiting_now(found, plan)
    custody = {singleton_address(name): name for name in (HOLDS, SETTLEMENT)}
    for address, name in custody.items():
        if balances.get(address):
            out[address] = f"is {name}, which has shares of others in its care"
    own = balances.get(plan.vault, 0)
    carried = plan.carried_in if plan.given == plan.token else 0
    if own > carried:
        out[plan.vault] = "is the vault, with shares that their owners have not claimed"
    return out


# ------------------------------------------------------------------------------------------ acting


def give_shares(
    operator: Operator,
    found: Deployment,
    plan: SharePlan,
    *,
    page_size: int = PAGE_SIZE,
    push: bool = True,
) -> Given:
    """Carry a plan out, from wherever it stands; without `push`, somebody else pushes.

    Raises: InputError when the vault has something else to divide by now; what `Operator.send`
    raises.
    """
    operator.settle()
    write_plan(found.folder, plan)
    receipts: list[Receipt] = []
    there = _distribution_of(found, plan)
    if there is None:
        number = _declare(operator, found, plan, receipts)
    else:
        number = there.id
        # So that the operator knows what has been sent before.
        operator.earlier(_mint_key(plan))
    report = push_all(operator, found, number, page_size=page_size) if push else None
    left = _pay_wallets(operator, found, plan, receipts)
    return Given(plan, number, report, tuple(receipts), left)


def _declare(
    operator: Operator, found: Deployment, plan: SharePlan, receipts: list[Receipt]
) -> int:
    given, vault = Currency(found.chain, plan.given), found.vault()
    carried = vault.carried(plan.token, plan.given)
    if carried != plan.carried_in:
        raise InputError.of(
            "plan",
            plan.name,
            f"was made when the vault had {plan.carried_in} units left over, and it has {carried}",
            "finish or sweep what was declared since, or remove the file and plan it anew",
        )
    if plan.minted and plan.received:
        call = ShareToken(found.chain, plan.given).mint(operator.address, plan.received)
        receipts.append(operator.send_one(_mint_key(plan), call))
    done = declare(
        operator,
        found,
        record_id=plan.record,
        currency=given,
        amount=plan.received,
        terms=terms_of(plan),
    )
    receipts.append(done.receipt)
    return done.id


def _mint_key(plan: SharePlan) -> str:
    return f"action/{plan.id}/mint"


def terms_of(plan: SharePlan) -> Terms:
    """The terms of a plan's distribution. The vault's own shares never earn."""
    return Terms(document_hash=plan.digest, excluded=tuple(sorted({*plan.excluded, plan.vault})))


def _distribution_of(
    found: Deployment, plan: SharePlan, *, other: bool = False
) -> Distribution | None:
    """The plan's distribution as the vault has it, or one of `other` plans for its record."""
    for one in found.vault("pending").distributions_of([plan.token]):
        alike = one.record_id == plan.record and one.currency == plan.given
        if alike and (one.terms.document_hash == plan.digest) is not other:
            return one
    return None


@dataclass(frozen=True)
class _Payment:
    """Something that goes to the wallet of one holder."""

    holder: str
    key: str
    intent: Intent


def _pay_wallets(
    operator: Operator, found: Deployment, plan: SharePlan, receipts: list[Receipt]
) -> dict[str, str]:
    """Send last shares and money for fractions, once each; who could not be sent them, and why."""
    lines = [line for line in plan.lines if line.topped_up or line.in_lieu]
    if not lines:
        return {}
    holders = [line.holder for line in lines]
    claimants = dict(zip(holders, found.token("pending").claimants_of(holders), strict=True))
    given, currency = ShareToken(found.chain, plan.given), None
    if plan.currency is not None:
        currency = Currency(found.chain, plan.currency)
    payments, left = [], {}
    for line in lines:
        to = claimants[line.holder]
        wanted = []
        if line.topped_up:
            make = given.mint if plan.minted else given.transfer
            wanted.append(("share", f"action/{plan.id}/share/{line.holder}", make, line.topped_up))
        if line.in_lieu and currency is not None:
            key = f"action/{plan.id}/in-lieu/{line.holder}"
            wanted.append(("money", key, currency.transfer, line.in_lieu))
        for _, key, make, amount in wanted:
            if (done := operator.earlier(key)) is not None:
                receipts.append(done)
            elif to == ZERO_ADDRESS:
                left[line.holder] = "is frozen, or not eligible now"
            else:
                payments.append(_Payment(line.holder, key, Intent(key, make(to, amount))))
    payments = list(_possible(operator, payments, left))
    receipts += operator.send([payment.intent for payment in payments])
    return left


def _possible(
    operator: Operator, payments: Sequence[_Payment], left: dict[str, str]
) -> Iterator[_Payment]:
    """Those that would not fail now: one who cannot be paid does not keep the others from it."""
    if not payments:
        return
    try:
        operator.price([payment.intent for payment in payments])
    except RevertError:
        for payment in payments:
            try:
                operator.price([payment.intent])
            except RevertError as error:
                left[payment.holder] = f"cannot be paid: {error}"
            else:
                yield payment
    else:
        yield from payments
