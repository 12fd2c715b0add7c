# SPDX-License-Identifier: MIT
"""What a maker does with an order besides signing it: make it public, or cancel it."""

from __future__ import annotations

from collections.abc import Sequence

from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.trade_settlement import PARTS, TradeSettlement
from prorata.deployments.changes import Change
from prorata.errors import InputError
from prorata.market.order_files import SIGN_ANEW, SignedOrder
from prorata.market.signatures import is_signed

__all__ = ["cancel_below", "cancel_nonces", "cancel_order", "post_order"]

HIGHEST_NONCE = 2**64 - 1


def post_order(operator: Operator, signed: SignedOrder) -> Receipt:
    """Make a signed order public as an event of the settlement contract, once.

    Raises: InputError when its maker has not signed it; what `Operator.send` raises.
    """
    operator.settle()
    contract = TradeSettlement(operator.chain, signed.settlement)
    key = f"post/{signed.digest.hex()[:16]}"
    if (receipt := operator.earlier(key)) is not None:
        return receipt
    maker = signed.order.maker
    if not is_signed(operator.chain, maker, signed.message, signed.signature):
        given = f"0x{signed.signature.hex()}" if signed.signature else ""
        rule = f"is not {maker}'s for what the order says" if given else "is missing"
        raise InputError.of("signature", given, rule, SIGN_ANEW)
    return operator.send_one(key, contract.post(signed.order, signed.signature))


def cancel_order(operator: Operator, signed: SignedOrder) -> Change:
    """Make sure that an order, signed or not, is never filled. Its maker only.

    Raises: InputError when the account is not the maker; what `Operator.send` raises.
    """
    if operator.address != signed.order.maker:
        rule = f"is not {signed.order.maker}, who alone can cancel"
        raise InputError.of("account", operator.address, rule, "use that account")
    contract = TradeSettlement(operator.chain, signed.settlement)
    return cancel_nonces(operator, contract, [signed.order.nonce])


def cancel_nonces(operator: Operator, contract: TradeSettlement, nonces: Sequence[int]) -> Change:
    """Make sure that no order of the account's with one of these nonces is filled any more.

    Nothing is sent for those that are spent already: filled whole, or cancelled.

    Raises: InputError for what is no nonce; what `Operator.send` raises.
    """
    wanted = sorted(set(nonces))
    for nonce in wanted:
        if not 0 <= nonce <= HIGHEST_NONCE:
            raise InputError.of("nonce", nonce, "is no nonce", f"give 0 to {HIGHEST_NONCE}")
    operator.settle()
    account = operator.address
    named = "-".join(map(str, wanted))
    key = f"cancel-orders/{contract.address}/{account}/{named}"
    receipt = operator.earlier(key)
    call = contract.cancel(wanted)
    if receipt is not None or all(contract.is_spent(account, nonce) for nonce in wanted):
        return Change(call.label, receipt)
    return Change(call.label, operator.send_one(key, call))


def cancel_below(operator: Operator, contract: TradeSettlement, nonce: int) -> Change:
    """Make sure that no order of the account's with a lower nonce is filled any more.

    It goes for orders in parts, too, whose nonces have bit 63 besides.

    Raises: InputError for a number with bit 63; what `Operator.send` raises.
    """
    if not 0 < nonce < PARTS:
        rule = "is no number below which orders can be cancelled"
        raise InputError.of("below", nonce, rule, "give the number without its bit 63, from 1 on")
    operator.settle()
    account = operator.address
    call = contract.cancel_below(nonce)
    key = f"cancel-below/{contract.address}/{account}/{nonce}"
    receipt = operator.earlier(key)
    if receipt is not None or contract.lowest_nonce(account) >= nonce:
        return Change(call.label, receipt)
    return Change(call.label, operator.send_one(key, call))
