# SPDX-License-Identifier: MIT
"""Terms of a call, drafted from what somebody wrote: every word as the contract has it.

What is left out is filled in. A call is closed within a week of its last order, lots are delivered
within a month after that, and shares that were sold below `at_least` can be given back for another
month. Whoever opens is the principal, and names the price where a valuer does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from prorata.chain.node import RpcChain
from prorata.contracts.call_terms import LONGEST_SECONDS, NO_LADDER, CallKind, CallTerms, Ladder
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.market.calls.ladders import prices_of
from prorata.market.calls.term_files import (
    AuctionFile,
    CallFile,
    OfferFile,
    PreEmption,
    PriceWords,
    TenderFile,
    WindowFile,
)
from prorata.market.calls.units import CallUnits, parsed
from prorata.market.order_terms import parse_rate
from prorata.register.enforcement import Basis
from prorata.values.addresses import ZERO_ADDRESS, check_address
from prorata.values.times import moment

__all__ = ["DraftedCall", "draft_call"]

DAY = 86_400
TO_CLOSE, TO_SETTLE, TO_RETURN = 7 * DAY, 30 * DAY, 30 * DAY
"""Seconds that are left for each, where the file does not say."""

MOST_LOTS = 2**40 - 1
MOST_SHARES = 2**96 - 1


@dataclass(frozen=True)
class DraftedCall:
    """Terms that nobody has opened yet, with how their numbers are written, and their name."""

    name: str
    terms: CallTerms
    units: CallUnits


def draft_call(deployment: Deployment, written: CallFile, opener: str) -> DraftedCall:
    """The terms that a file describes, opened by `opener`.

    Raises: InputError for what contradicts itself, or what the contract would refuse; ChainError.
    """
    money = _currencies(deployment, written)
    share = deployment.settings.unit
    lot = 10**share.decimals
    if written.lot is not None:
        lot = parsed("lot", written.lot, share.decimals, "shares")
    if not 0 < lot <= MOST_SHARES:
        raise InputError.of("lot", written.lot, "is no lot", "give one share or more, or leave out")
    units = CallUnits(share, lot, tuple(deployment.currency(one).unit for one in money))
    terms = _common(deployment, written, opener, units, money)
    if isinstance(written, OfferFile):
        terms = _sale(deployment, written, terms, units)
    elif isinstance(written, (TenderFile, WindowFile)):
        terms = _tender(written, terms, units)
    elif isinstance(written, AuctionFile) and written.at_least is not None:
        terms = replace(terms, least_lots=units.lots_in("at_least", written.at_least))
    terms = _with_times(terms, written)
    _check_times(terms, deployment.chain)
    return DraftedCall(written.name, terms, units)


# ------------------------------------------------------------------------------------ what all have


def _currencies(deployment: Deployment, written: CallFile) -> list[str]:
    """The addresses of the currencies, in the order of the ladders."""
    named = [("price", written.price)]
    if isinstance(written, OfferFile) and written.also_in is not None:
        named.append(("also_in", written.also_in))
    found: list[str] = []
    for column, words in named:
        currency = deployment.currency(words.currency)
        if currency.is_native:
            rule, remedy = "cannot be taken by allowance", "name its wrapped ERC-20, such as WETH"
            raise InputError.of(f"{column}.currency", words.currency, rule, remedy)
        if currency.address in (*found, deployment.token().address):
            rule = "is the other currency" if found else "is the share token itself"
            remedy = "name another currency"
            raise InputError.of(f"{column}.currency", words.currency, rule, remedy)
        found.append(currency.address)
    return found


def _common(
    deployment: Deployment,
    written: CallFile,
    opener: str,
    units: CallUnits,
    money: Sequence[str],
) -> CallTerms:
    prices = prices_of(written.price.written, units, "price")
    fee = written.fee
    unclaimed = written.unclaimed
    return CallTerms(
        opener=opener,
        salt=written.salt,
        kind=written.KIND,
        token=deployment.token().address,
        lot=units.lot,
        principal=ZERO_ADDRESS,
        mint=False,
        by_amount=False,
        lots=0,
        least_lots=0,
        budget=0,
        ladders=(prices.ladder(money[0]), NO_LADDER),
        steps=prices.steps,
        opens_at=written.opens,
        withdraw_until=written.withdraw_until,
        closes_at=written.closes,
        close_by=0,
        accept_by=0,
        settle_by=0,
        return_until=0,
        least_order=_quantity("smallest_order", written.smallest_order, units, written),
        most_per_person=_quantity("most_per_person", written.most_per_person, units, written),
        registry=_registry(deployment, written.registry),
        record_id=0,
        entitled_lots=0,
        entitled_shares=0,
        valuer=ZERO_ADDRESS,
        fee_to=ZERO_ADDRESS if fee is None else check_address("fee.to", fee.to),
        fee_bps=0 if fee is None else parse_rate("fee.rate", fee.rate),
        delivery_gas=written.delivery_gas,
        take_until=0 if unclaimed is None else unclaimed.until,
        sweep_to=ZERO_ADDRESS if unclaimed is None else check_address("unclaimed.to", unclaimed.to),
        document_hash=_document(written.document),
    )


def _quantity(column: str, text: str | None, units: CallUnits, written: CallFile) -> int:
    """Shares as lots; in an offer whose orders are money, money."""
    if text is None:
        return 0
    if isinstance(written, OfferFile) and written.orders == "money":
        return units.money_in(column, text)
    return units.lots_in(column, text)


def _registry(deployment: Deployment, named: str | None) -> str:
    """Whose persons are counted: the asset's own registry, unless the file says another, or none.

    A registry of another make is not asked, since its persons have no numbers.
    """
    if named == "none":
        return ZERO_ADDRESS
    if named is not None and named != "asset":
        return check_address("registry", named)
    address = deployment.token().identity_registry()
    if address == ZERO_ADDRESS:
        return ZERO_ADDRESS
    return address if deployment.registry().is_ours else ZERO_ADDRESS


def _document(named: str | None) -> bytes:
    if named is None:
        return bytes(32)
    return bytes.fromhex(Basis.of("the terms of a call", named).document_hash[2:])


# ----------------------------------------------------------------------------------- sale, tender


def _sale(
    deployment: Deployment, written: OfferFile, terms: CallTerms, units: CallUnits
) -> CallTerms:
    lots = _lots("sells", written.sells, units)
    valuer = ZERO_ADDRESS if written.valuer is None else check_address("valuer", written.valuer)
    by_amount = written.orders == "money"
    if by_amount and valuer == ZERO_ADDRESS:
        rule = "go with a price that is named afterwards only"
        raise InputError.of("orders", "money", rule, "name a valuer, or leave it out")
    ladders, steps = terms.ladders, terms.steps
    if written.also_in is not None:
        if valuer != ZERO_ADDRESS:
            rule = "does not go with a valuer, who names one price"
            raise InputError.of("also_in", written.also_in.currency, rule, "leave one of them out")
        second = _second(written.also_in, units, steps)
        ladders = (ladders[0], replace(second, currency=_currencies(deployment, written)[1]))
    least = 0 if written.at_least is None else _lots("at_least", written.at_least, units)
    if least > lots:
        rule = f"is more than the {units.shares(lots)} that are sold"
        raise InputError.of("at_least", written.at_least, rule, "give less")
    terms = replace(
        terms,
        principal=_principal(written.principal, terms.opener),
        mint=written.shares_from == "mint",
        by_amount=by_amount,
        lots=lots,
        least_lots=least,
        ladders=ladders,
        accept_by=written.accept_by,
        valuer=valuer,
    )
    if written.pre_emption is None:
        return terms
    return _with_rights(deployment, written.pre_emption, terms, units)


def _lots(column: str, text: str, units: CallUnits) -> int:
    lots = units.lots_in(column, text)
    if lots > MOST_LOTS or lots * units.lot > MOST_SHARES:
        most = units.shares(min(MOST_LOTS, MOST_SHARES // units.lot))
        raise InputError.of(column, text, f"is more than the {most} that there can be", "give less")
    return lots


def _second(words: PriceWords, units: CallUnits, steps: int) -> Ladder:
    prices = prices_of(words.written, units, "also_in", 1)
    if prices.steps != steps:
        rule = f"has {prices.steps:,} prices, and the first currency has {steps:,}"
        raise InputError.of("also_in", words.currency, rule, "give as many prices in both")
    return prices.ladder("")


def _with_rights(
    deployment: Deployment, words: PreEmption, terms: CallTerms, units: CallUnits
) -> CallTerms:
    """Pre-emption: whoever held shares at a record may order for them, and nobody more."""
    if terms.by_amount:
        rule = "cannot be had in an offer whose orders are money"
        raise InputError.of("pre_emption", words.record, rule, "leave one of them out")
    token = deployment.token()
    closes_at = _closing_of(deployment, words.record)
    if terms.opens_at <= closes_at:
        rule = f"closes at {moment(closes_at)}, and the offer must open after that"
        remedy = "write opens: with a later time"
        raise InputError.of("pre_emption.record", words.record, rule, remedy)
    if (words.gives is None) != (words.per is None):
        rule = "is given without the other of gives and per"
        given = words.gives or words.per
        raise InputError.of("pre_emption", given, rule, "write both, or neither")
    if words.gives is not None and words.per is not None:
        gives = parsed("pre_emption.gives", words.gives, units.share.decimals, "shares")
        per = parsed("pre_emption.per", words.per, units.share.decimals, "shares")
        if not gives or not per:
            rule = "is no right"
            raise InputError.of("pre_emption", f"{gives} per {per}", rule, "give more than 0")
        ratio = Fraction(gives, per * units.lot)
        lots, shares = ratio.numerator, ratio.denominator
    else:
        if closes_at >= deployment.chain.now():
            rule = "has not closed, so that nobody knows how many shares share the right"
            remedy = "write gives: and per:, or open it after that"
            raise InputError.of("pre_emption.record", words.record, rule, remedy)
        lots, shares = terms.lots, token.total_supply_at(words.record)
    return replace(terms, record_id=words.record, entitled_lots=lots, entitled_shares=shares)


def _closing_of(deployment: Deployment, record: int) -> int:
    token = deployment.token()
    if not 1 <= record <= (count := token.record_count()):
        rule = f"is no record: there are {count}"
        remedy = "`prorata record list` shows them"
        raise InputError.of("pre_emption.record", record, rule, remedy)
    if token.is_record_cancelled(record):
        raise InputError.of("pre_emption.record", record, "was cancelled", "name another record")
    return token.record_time(record)


def _tender(written: TenderFile | WindowFile, terms: CallTerms, units: CallUnits) -> CallTerms:
    whole = 10**units.share.decimals
    if terms.lot != whole:
        rule = "is not one whole share, so that somebody could be left with what it cannot tender"
        raise InputError.of("lot", written.lot, rule, "leave it out")
    first = terms.ladders[0].price_at(0)
    last = terms.ladders[0].price_at(terms.last_step)
    budget = None if written.budget is None else units.money_in("budget", written.budget)
    lots = None if written.buys is None else _lots("buys", written.buys, units)
    if lots is None:
        assert budget is not None
        lots = max(1, budget // first)
    if budget is None:
        # Enough for all of it at the highest price: whatever it clears at, no order lacks money.
        budget = lots * last
    if budget < first:
        rule = f"does not buy one share at the lowest price, {units.price(first)}"
        raise InputError.of("budget", written.budget, rule, "give more")
    terms = replace(
        terms,
        principal=_principal(written.principal, terms.opener),
        lots=lots,
        budget=budget,
    )
    if isinstance(written, TenderFile):
        least = 0 if written.at_least is None else _lots("at_least", written.at_least, units)
        if least > lots:
            rule = f"is more than the {units.shares(lots)} that are bought"
            raise InputError.of("at_least", written.at_least, rule, "give less")
        return replace(terms, least_lots=least, accept_by=written.accept_by)
    valuer = terms.opener if written.valuer is None else check_address("valuer", written.valuer)
    return replace(terms, valuer=valuer)


def _principal(named: str | None, opener: str) -> str:
    return opener if named is None else check_address("principal", named)


# ------------------------------------------------------------------------------------------- times


def _with_times(terms: CallTerms, written: CallFile) -> CallTerms:
    close_by = written.close_by or terms.closes_at + TO_CLOSE
    settle_by = written.settle_by or max(close_by, terms.accept_by) + TO_SETTLE
    return_until = 0
    if terms.kind is CallKind.SALE and terms.least_lots:
        given = written.return_until if isinstance(written, OfferFile) else None
        return_until = given or settle_by + TO_RETURN
    return replace(terms, close_by=close_by, settle_by=settle_by, return_until=return_until)


def _check_times(terms: CallTerms, chain: RpcChain) -> None:
    now = chain.now()
    if terms.closes_at <= now:
        rule = f"is not later than the chain's time, {moment(now)}"
        raise InputError.of("closes", moment(terms.closes_at), rule, "give a later time")
    named = [
        ("opens", terms.opens_at),
        ("withdraw_until", terms.withdraw_until),
        ("closes", terms.closes_at),
        ("close_by", terms.close_by),
        ("accept_by", terms.accept_by),
        ("settle_by", terms.settle_by),
        ("return_until", terms.return_until),
        ("unclaimed.until", terms.take_until),
    ]
    given = [(name, time) for name, time in named if time]
    may_equal = {("opens", "withdraw_until"), ("close_by", "accept_by")}
    for (before, earlier), (name, later) in pairwise(given):
        if later < earlier or (later == earlier and (before, name) not in may_equal):
            rule = f"does not come after {before}, {moment(earlier)}"
            raise InputError.of(name, moment(later), rule, "give a later time")
    last_name, last = max(given, key=lambda one: one[1])
    if last > now + LONGEST_SECONDS:
        rule = f"is more than {LONGEST_SECONDS // DAY} days ahead"
        raise InputError.of(last_name, moment(last), rule, "give an earlier time")
