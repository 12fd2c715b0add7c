# SPDX-License-Identifier: MIT
"""Orders: drafted with a nonce that is free, and signed by whoever offers.

Nothing here is sent. An order is EIP-712 typed data for `TradeSettlement`, and whoever has its file
can fill it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from prorata.chain.node import RpcChain
from prorata.contracts.currency import Currency
from prorata.contracts.share_token import ShareToken
from prorata.contracts.trade_settlement import PARTS, TradeOrder, TradeSettlement
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.income.instruction_files import TypedSigner
from prorata.market.order_files import SignedOrder
from prorata.market.order_terms import OrderTerms
from prorata.market.permits import make_permit
from prorata.market.signatures import is_signed, sign_message
from prorata.market.signed_nonces import SignedNonces
from prorata.market.singletons import settlement_at
from prorata.market.validity import require_validity
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import format_units

__all__ = [
    "ELSEWHERE",
    "NextRecord",
    "draft_order",
    "most_given",
    "next_record",
    "require_known_money",
    "sign_order",
    "take_signature",
]

ELSEWHERE = "write the order with --unsigned and --maker, and bring what it signed with --signature"
"""How an account signs that does not sign here."""

MOST_AMOUNT = 2**128 - 1
CANDIDATES = 64
"""Nonces that are asked for at once."""


@dataclass(frozen=True)
class NextRecord:
    """The record that ends an order: the next to close, or the one that is scheduled next.

    `closes_at` is None for one that is not scheduled yet.
    """

    number: int
    closes_at: int | None


def next_record(token: ShareToken, now: int) -> NextRecord:
    """The first record that has not closed at `now`. Raises: ChainError."""
    times = token.record_times()
    for number, time in enumerate(times, start=1):
        if time is not None and time >= now:
            return NextRecord(number, time)
    return NextRecord(len(times) + 1, None)


def require_known_money(deployment: Deployment, order: TradeOrder, named: str | None) -> None:
    """Check that money is what whoever fills takes it for: anybody's token can be called USD.

    It is known if the asset's file names it, or if it was `named` for this fill.

    Raises: InputError.
    """
    known = {*deployment.currencies.values()}
    if named is not None:
        known = {deployment.currency(named).address}
    if order.money in known:
        return
    called = Currency(deployment.chain, order.money).unit.symbol
    if named is not None:
        rule = f"is not the money of the order, which is {order.money} and calls itself {called}"
        raise InputError.of("in", named, rule, "do not fill it, if you were promised other money")
    rule = f"calls itself {called}, but {deployment.settings.symbol} names no such currency"
    remedy = f"look at what it is, and give --in {order.money} if it is the money that you mean"
    raise InputError.of("order", order.money, rule, remedy)


# ----------------------------------------------------------------------------------------- drafting


def draft_order(
    deployment: Deployment, maker: str, terms: OrderTerms, *, settlement: str | None = None
) -> SignedOrder:
    """An order about the asset's shares that nobody has signed yet.

    Its nonce, if the terms name none, is the first that was not used on the chain and not signed
    from this folder; from now on it is taken.

    Raises: InputError for terms that the contract would refuse; DeploymentError without a
    settlement contract; ChainError.
    """
    chain, contract = deployment.chain, settlement_at(deployment.chain, settlement)
    share_unit, money = deployment.settings.unit, Currency(chain, terms.currency)
    _check_terms(deployment, maker, terms, money)
    order = _order_of(deployment, maker, terms)
    units = (share_unit, money.unit) if terms.sells else (money.unit, share_unit)
    notes = SignedNonces(deployment.folder, chain.chain_id, contract.address, "order")
    with notes.alone():
        if terms.nonce is None:
            order = _with_free_nonce(contract, notes, order)
        else:
            _check_nonce(contract, order)
        drafted = SignedOrder(order, chain.chain_id, contract.address, *units)
        notes.keep(maker, order.nonce, drafted.digest)
    return drafted


def _order_of(deployment: Deployment, maker: str, terms: OrderTerms) -> TradeOrder:
    token = deployment.token()
    give, take = (token.address, terms.shares), (terms.currency, terms.money)
    if not terms.sells:
        give, take = take, give
    ends = None if terms.through_records else next_record(token, deployment.chain.now())
    return TradeOrder(
        maker=maker,
        taker=terms.taker,
        give=give[0],
        take=take[0],
        give_amount=give[1],
        take_amount=take[1],
        least_fill=terms.least_fill,
        valid_until=terms.valid_until,
        nonce=terms.nonce or 0,
        maker_pays=not terms.sells,
        record_token=ZERO_ADDRESS if ends is None else token.address,
        record=0 if ends is None else ends.number,
        fee_to=terms.fee_to,
        fee_bps=terms.fee_bps,
        tax_to=terms.tax_to,
        tax_bps=terms.tax_bps,
    )


def _check_terms(deployment: Deployment, maker: str, terms: OrderTerms, money: Currency) -> None:
    unit, now = deployment.settings.unit, deployment.chain.now()
    if money.is_native:
        rule, remedy = "cannot be taken by allowance", "use its wrapped ERC-20, such as WETH"
        raise InputError.of("in", "ETH", rule, remedy)
    if money.address == deployment.token().address:
        rule = "is the share token itself"
        raise InputError.of("in", money.address, rule, "name the money that is paid")
    for column, amount in (("shares", terms.shares), ("for", terms.money)):
        if not 0 < amount <= MOST_AMOUNT:
            rule = "is nothing" if amount == 0 else "does not fit 128 bits"
            raise InputError.of(column, amount, rule, "give another amount")
    if terms.least is not None and not 0 < terms.least <= terms.shares:
        least = format_units(terms.least, unit.decimals, trim=True)
        rule = "is nothing" if terms.least == 0 else "is more than the order is for"
        raise InputError.of("least", least, rule, "give the least number of shares in one fill")
    require_validity("until", terms.valid_until, now)
    if terms.taker == maker:
        raise InputError.of("taker", maker, "is the maker itself", "name who may fill it")
    for column, receiver, bps in (
        ("venue", terms.fee_to, terms.fee_bps),
        ("tax-to", terms.tax_to, terms.tax_bps),
    ):
        if (receiver == ZERO_ADDRESS) != (bps == 0):
            rule = "and its part of the money are not given together"
            raise InputError.of(column, receiver, rule, "give both, or neither")


# --------------------------------------------------------------------------------------- the nonce


def _with_free_nonce(
    contract: TradeSettlement, notes: SignedNonces, order: TradeOrder
) -> TradeOrder:
    """The order with the lowest nonce of which nothing is signed, filled or cancelled."""
    taken = {nonce & ~PARTS for nonce in notes.of(order.maker)}
    for candidates in _batches(contract.lowest_nonce(order.maker), taken):
        orders = [replace(order, nonce=_marked(order, nonce)) for nonce in candidates]
        for found, left in zip(orders, contract.lefts(orders), strict=True):
            if left == found.give_amount:
                return found
    raise AssertionError("nonces have no end")


def _batches(first: int, taken: set[int]) -> Iterator[list[int]]:
    while True:
        numbers: list[int] = []
        while len(numbers) < CANDIDATES:
            if first not in taken:
                numbers.append(first)
            first += 1
        yield numbers


def _marked(order: TradeOrder, nonce: int) -> int:
    return nonce | PARTS if order.in_parts else nonce & ~PARTS


def _check_nonce(contract: TradeSettlement, order: TradeOrder) -> None:
    """Raises: InputError for a nonce that was used, or that says the opposite of the order."""
    if order.nonce != (wanted := _marked(order, order.nonce)):
        how = "may be filled in parts" if order.in_parts else "is filled whole or not at all"
        rule = f"has the wrong bit 63 for an order that {how}"
        raise InputError.of("nonce", order.nonce, rule, f"give {wanted}, or leave it out")
    if contract.left(order) != order.give_amount:
        rule = f"of {order.maker} was used: an order with it was filled or cancelled"
        raise InputError.of("nonce", order.nonce, rule, "leave it out, and a free one is found")


# ------------------------------------------------------------------------------------------ signing


def sign_order(
    chain: RpcChain, signer: TypedSigner, drafted: SignedOrder, *, permit: bool = False
) -> SignedOrder:
    """The order, signed by its maker; with a `permit`, the maker's allowance signed with it.

    Raises: InputError when the account is not the maker, does not sign here, or what is given takes
    no permits; ChainError when a device does not sign.
    """
    signature = sign_message(signer, drafted.message, drafted.order.maker, ELSEWHERE)
    signed = replace(drafted, signature=signature)
    if not permit:
        return signed
    order = drafted.order
    where = (order.give, drafted.settlement)
    allowance = make_permit(
        chain, signer, *where, value=most_given(order), deadline=order.valid_until
    )
    return replace(signed, permit=allowance)


def take_signature(chain: RpcChain, drafted: SignedOrder, signature: bytes) -> SignedOrder:
    """The order with a signature that was made elsewhere.

    Raises: InputError when it is not the maker's for these terms; ChainError.
    """
    if not is_signed(chain, drafted.order.maker, drafted.message, signature):
        raise InputError.of(
            "signature",
            f"0x{signature.hex()}",
            f"is not {drafted.order.maker}'s for what the file says",
            "sign the file as it is, and bring that signature",
        )
    return replace(drafted, signature=signature)


def most_given(order: TradeOrder) -> int:
    """The most of `give` that leaves the maker in all: a buyer's tax comes on top."""
    return order.give_amount + (order.tax(order.give_amount) if order.maker_pays else 0)
