# SPDX-License-Identifier: MIT
"""Orders in a call: placed by whoever pays the gas, signed to be brought by others, withdrawn.

The money of a bid is taken by allowance or permit, for its whole limit; the shares of an ask stay
where they are, held by its owner's consent. What the account can give itself is sent before.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from hashlib import sha256

from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.call_auction import CallOrder, OrderState, Placement, Stage
from prorata.contracts.call_explainer import CallExplainer, CallObstacle
from prorata.contracts.call_terms import Side, Wanted
from prorata.contracts.currency import Currency
from prorata.contracts.holds import Holds
from prorata.contracts.trade_settlement import SignedPermit
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.income.instruction_files import TypedSigner
from prorata.market.calls.known_calls import KnownCall
from prorata.market.calls.order_obstacles import GIVEN_FIRST, OrderCase, order_obstacles
from prorata.market.calls.placement_files import SignedPlacement, require_of
from prorata.market.keepers import allow_keeper
from prorata.market.permits import make_permit
from prorata.market.signatures import is_signed, sign_message
from prorata.market.signed_nonces import SignedNonces
from prorata.market.singletons import singleton_address
from prorata.values.times import moment

__all__ = [
    "ELSEWHERE",
    "OrderCheck",
    "PlacedOrder",
    "bring_order",
    "check_order",
    "draft_placement",
    "gives",
    "place_order",
    "says",
    "sign_placement",
    "withdraw_order",
]

ELSEWHERE = "give the order as a file to a wallet that signs, and bring what it signed"
PERMIT_SECONDS = 3_600
"""How long a permit is good that is used at once."""

CANDIDATES = 64


@dataclass(frozen=True)
class OrderCheck:
    """An order before it is placed: what it gives, and everything that stands in its way.

    `sentences` leaves out what the account gives first by itself.
    """

    case: OrderCase
    sentences: tuple[str, ...]
    to_give: tuple[CallObstacle, ...]

    @property
    def passes(self) -> bool:
        """Whether it can be placed, after what is given first."""
        return not self.sentences


@dataclass(frozen=True)
class PlacedOrder:
    """An order that is in the call, by its number."""

    number: int
    wanted: Wanted
    owner: str
    receipt: Receipt
    before: tuple[Receipt, ...] = ()


# ------------------------------------------------------------------------------------------- words


def gives(call: KnownCall, wanted: Wanted) -> int:
    """What an order gives when it is placed: a bid money for its whole limit, an ask shares."""
    if call.terms.by_amount:
        return wanted.quantity
    if wanted.side is Side.ASK:
        return wanted.quantity * call.terms.lot
    return wanted.quantity * call.terms.ladders[wanted.ladder].price_at(wanted.step)


def says(call: KnownCall, wanted: Wanted) -> str:
    """An order in words: `buy 40.00 QUAY9 at 100.00 USD a share or less: 4,000.00 USD`."""
    units, terms = call.units, call.terms
    price = units.price(terms.ladders[wanted.ladder].price_at(wanted.step), wanted.ladder)
    if terms.by_amount:
        return f"buy for {units.paid(wanted.quantity)} at {price} or less"
    size = units.shares(wanted.quantity)
    if wanted.side is Side.ASK:
        more = "" if terms.steps == 1 else " or more"
        return f"sell {size} at {price}{more}"
    more = "" if terms.steps == 1 else " or less"
    return f"buy {size} at {price}{more}: {units.paid(gives(call, wanted), wanted.ladder)}"


# ------------------------------------------------------------------------------------------ checks


def check_order(
    call: KnownCall, owner: str, wanted: Wanted, given_first: Collection[object] = GIVEN_FIRST
) -> OrderCheck:
    """Ask the chain what stands in the way of an order. Raises: ChainError."""
    chain = call.contract.chain
    explainer = CallExplainer(chain, singleton_address(CallExplainer.CONTRACT))
    explained = explainer.explain(call.terms, owner, wanted)
    case = OrderCase(call, owner, wanted, explained)
    first = [one for one in explained.obstacles if one.code in given_first]
    rest = [one for one in explained.obstacles if one.code not in given_first]
    return OrderCheck(case, tuple(order_obstacles(case, rest)), tuple(first))


def require_passes(check: OrderCheck) -> None:
    """Raises: InputError with everything that stands in the way of an order."""
    if check.passes:
        return
    said = says(check.case.call, check.case.wanted)
    parts = [one.partition("; ") for one in check.sentences]
    rules = ", and ".join(rule for rule, _, _ in parts)
    remedy = ", and ".join(dict.fromkeys(remedy for _, _, remedy in parts))
    raise InputError.of("order", said, f"cannot be placed: {rules}", remedy)


# ----------------------------------------------------------------------------------------- placing


def place_order(
    operator: Operator,
    call: KnownCall,
    wanted: Wanted,
    *,
    permit: bool = False,
    reference: str = "",
) -> PlacedOrder:
    """Place an order of the account's, after what it gives first.

    An equal order with an equal reference is placed once.

    Raises: InputError for what stands in its way; what `Operator.send` raises.
    """
    operator.settle()
    said = f"{operator.address}\n{wanted}\n{reference}"
    key = f"call/place/{call.short}/{sha256(said.encode()).hexdigest()[:16]}"
    if (receipt := operator.earlier(key)) is not None:
        return _placed(wanted, operator.address, receipt)
    require_passes(check_order(call, operator.address, wanted))
    if wanted.side is Side.ASK:
        before = _consent(operator, call, wanted)
        sending = call.contract.place(call.terms, wanted)
    elif permit:
        before = ()
        signed = _permit(operator.chain, operator.signer, call, wanted)
        sending = call.contract.place_with_permit(call.terms, wanted, signed)
    else:
        before = _allow(operator, call, wanted)
        sending = call.contract.place(call.terms, wanted)
    receipt = operator.send_one(key, replace(sending, label=says(call, wanted)))
    return _placed(wanted, operator.address, receipt, before)


def _placed(
    wanted: Wanted, owner: str, receipt: Receipt, before: tuple[Receipt, ...] = ()
) -> PlacedOrder:
    numbers = [one.args["order"] for one in receipt.events("Placed") if one.args["owner"] == owner]
    return PlacedOrder(numbers[0] if numbers else 0, wanted, owner, receipt, before)


def _allow(operator: Operator, call: KnownCall, wanted: Wanted) -> tuple[Receipt, ...]:
    """The allowance by which the money of a bid is taken."""
    money = Currency(operator.chain, call.terms.ladders[wanted.ladder].currency)
    amount = gives(call, wanted)
    if money.allowance(operator.address, call.contract.address) >= amount:
        return ()
    key = f"call/approve/{call.contract.address}/{money.address}/{operator.address}"
    said = call.units.paid(amount, wanted.ladder)
    approve = replace(
        money.approve(call.contract.address, amount), label=f"let the call auction take {said}"
    )
    return (operator.send_one(f"{key}/{operator.attempts(key)}", approve),)


def _consent(operator: Operator, call: KnownCall, wanted: Wanted) -> tuple[Receipt, ...]:
    """The consent by which the shares of an ask are held until the call is settled."""
    holds = Holds(operator.chain, call.contract.holds())
    asset = Currency(operator.chain, call.terms.token)
    consent = holds.consent_of(call.contract.address, asset.address, operator.address)
    most = consent.kept + gives(call, wanted)
    if consent.most >= most and consent.until >= call.terms.settle_by:
        return ()
    most = max(most, consent.most) if consent.kept else most
    until = max(consent.until, call.terms.settle_by) if consent.kept else call.terms.settle_by
    change, approval = allow_keeper(
        operator, holds, call.contract.address, asset, most=most, until=until
    )
    return tuple(one for one in (approval, change.receipt) if one is not None)


def _permit(
    chain: RpcChain, signer: TypedSigner, call: KnownCall, wanted: Wanted, until: int | None = None
) -> SignedPermit:
    currency = call.terms.ladders[wanted.ladder].currency
    deadline = until or chain.now() + PERMIT_SECONDS
    amount = gives(call, wanted)
    where = (currency, call.contract.address)
    return make_permit(chain, signer, *where, value=amount, deadline=deadline)


# ----------------------------------------------------------------------------------------- signing


def draft_placement(
    deployment: Deployment, call: KnownCall, owner: str, wanted: Wanted, valid_until: int
) -> SignedPlacement:
    """An order that nobody has signed yet, with a nonce that is free; it is taken from now on.

    Raises: InputError for what stands in its way, what is given first apart; ChainError.
    """
    now = deployment.chain.now()
    if not now < valid_until <= call.terms.closes_at:
        rule = f"is not between now and the close at {moment(call.terms.closes_at)}"
        raise InputError.of("until", moment(valid_until), rule, "leave --until out")
    require_passes(check_order(call, owner, wanted))
    contract = call.contract
    notes = SignedNonces(deployment.folder, deployment.chain.chain_id, contract.address, "call")
    with notes.alone():
        nonce = _free_nonce(call, owner, notes.of(owner))
        placement = Placement(call.id, owner, wanted, nonce, valid_until)
        drafted = SignedPlacement(
            placement, deployment.chain.chain_id, contract.address, says(call, wanted)
        )
        notes.keep(owner, nonce, drafted.digest)
    return drafted


def _free_nonce(call: KnownCall, owner: str, taken: Collection[int]) -> int:
    first = 0
    while True:
        numbers = [n for n in range(first, first + CANDIDATES) if n not in taken]
        for number, spent in zip(numbers, call.contract.are_spent(owner, numbers), strict=True):
            if not spent:
                return number
        first += CANDIDATES


def sign_placement(
    chain: RpcChain,
    signer: TypedSigner,
    call: KnownCall,
    drafted: SignedPlacement,
    *,
    permit: bool = False,
) -> SignedPlacement:
    """The order, signed by its owner; with a `permit`, the allowance for its money with it.

    Raises: InputError when the account is not the owner, or does not sign here; ChainError.
    """
    placement = drafted.placement
    signature = sign_message(signer, drafted.message, placement.owner, ELSEWHERE)
    signed = replace(drafted, signature=signature)
    if not permit or placement.wanted.side is Side.ASK:
        return signed
    allowed = _permit(chain, signer, call, placement.wanted, placement.valid_until)
    return replace(signed, permit=allowed)


def bring_order(operator: Operator, call: KnownCall, signed: SignedPlacement) -> PlacedOrder:
    """Place an order that somebody else has signed, once.

    Raises: InputError when it is not signed, is over, or something stands in its way; what
    `Operator.send` raises.
    """
    operator.settle()
    placement = signed.placement
    wanted = placement.wanted
    key = f"call/bring/{signed.digest.hex()[:16]}"
    if (receipt := operator.earlier(key)) is not None:
        return _placed(wanted, placement.owner, receipt)
    require_of(signed, call, says(call, wanted))
    if not is_signed(operator.chain, placement.owner, signed.message, signed.signature):
        rule = f"is not {placement.owner}'s for what the file says"
        value = f"0x{signed.signature.hex()}"
        raise InputError.of("signature", value, rule, "ask its owner to sign it again")
    if call.contract.is_spent(placement.owner, placement.nonce):
        rule = f"of {placement.owner} was used: the order was brought before, or cancelled"
        raise InputError.of("nonce", placement.nonce, rule, "`prorata offer status` shows orders")
    if (now := operator.chain.now()) > placement.valid_until:
        rule = f"was its last second, and the chain's time is {moment(now)}"
        raise InputError.of("order", moment(placement.valid_until), rule, "ask for a new one")
    brought = GIVEN_FIRST if signed.permit is not None else frozenset()
    require_passes(check_order(call, placement.owner, wanted, brought))
    sending = call.contract.place_for(call.terms, placement, signed.signature, signed.permit)
    label = f"{says(call, wanted)}, for {placement.owner}"
    receipt = operator.send_one(key, replace(sending, label=label))
    return _placed(wanted, placement.owner, receipt)


# ------------------------------------------------------------------------------------- withdrawing


def withdraw_order(
    operator: Operator, call: KnownCall, number: int
) -> tuple[CallOrder, Receipt | None]:
    """Withdraw an order of the account's, or of a wallet that it took the place of, once.

    Raises: InputError when there is no such order, it is another's, or it is too late; what
    `Operator.send` raises.
    """
    operator.settle()
    key = f"call/withdraw/{call.short}/{number}"
    order = require_order(call, number)
    receipt = operator.earlier(key)
    if receipt is not None or order.state is OrderState.WITHDRAWN:
        return order, receipt
    terms, now = call.terms, operator.chain.now()
    if order.state not in (OrderState.PLACED, OrderState.STRUCK):
        rule = f"of the {call.noun} is {order.state.label}, so that it cannot be withdrawn"
        raise InputError.of("order", number, rule, "nothing needs to be done")
    if not terms.withdraw_until or now > terms.withdraw_until:
        rule = f"cannot be withdrawn: the terms of the {call.noun} have no time for it"
        if terms.withdraw_until:
            last = moment(terms.withdraw_until)
            rule = f"could be withdrawn until {last}, and the chain's time is {moment(now)}"
        remedy = "it stays: `status` shows what becomes of it"
        raise InputError.of("order", number, rule, remedy)
    if call.state.stage is not Stage.OPEN:
        rule = f"is in a {call.noun} that is {call.state.stage.label}"
        raise InputError.of("order", number, rule, "it is too late")
    sending = replace(
        call.contract.withdraw(terms, number), label=f"withdraw order {number} of the {call.noun}"
    )
    return order, operator.send_one(key, sending)


def require_order(call: KnownCall, number: int) -> CallOrder:
    """An order by its number. Raises: InputError when there is none; ChainError."""
    count = call.state.orders
    if not 1 <= number <= count:
        rule = f"is no order of the {call.noun}: there are {count}"
        raise InputError.of("order", number, rule, "`status` shows them")
    return call.contract.order_of(call.id, number)
