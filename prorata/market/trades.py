# SPDX-License-Identifier: MIT
"""Trades of several legs: proposed, signed by everybody who gives, and settled whole or not at all.

Nobody holds anything meanwhile: until it is settled a trade is a paper, and whoever has signed may
cancel it, withdraw an allowance or give its shares away. Who needs a commitment uses a hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from prorata.chain.abi import topics_of
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.steps import Receipt
from prorata.contracts.currency import Currency
from prorata.contracts.trade_settlement import Leg, Trade, TradeSettlement, trade_digest
from prorata.deployments.create2 import creation_block
from prorata.errors import InputError, RevertError
from prorata.income.instruction_files import TypedSigner
from prorata.market.permits import make_permit
from prorata.market.signatures import sign_message
from prorata.market.trade_files import PROPOSE_ANEW, SignedTrade
from prorata.market.trade_review import review_trade
from prorata.market.validity import require_validity

__all__ = [
    "approve_trade",
    "cancel_trade",
    "draft_trade",
    "require_giver",
    "require_living",
    "settle_trade",
    "settled_in",
    "sign_trade",
]

MOST_TOLD = 4
"""Legs that the name of a step tells."""


# ----------------------------------------------------------------------------------------- signing


def draft_trade(
    settlement: TradeSettlement,
    legs: Sequence[Leg],
    *,
    valid_until: int,
    document_hash: bytes = bytes(32),
    nonce: int | None = None,
) -> SignedTrade:
    """A trade that nobody has signed so far.

    The nonce, if none is given, follows from all the rest: the same trade drafted twice is settled
    once, and no other trade of the same people stands in its way.

    Raises: InputError when the contract would refuse it; ChainError.
    """
    chain = settlement.chain
    assert isinstance(chain, RpcChain)
    require_validity("valid-until", valid_until, chain.now())
    trade = Trade(tuple(legs), nonce or 0, valid_until, document_hash)
    if nonce is None:
        words = trade_digest(trade, chain.chain_id, settlement.address)
        trade = replace(trade, nonce=int.from_bytes(words, "big"))
        while any(settlement.is_trade_spent(giver, trade.nonce) for giver in trade.givers):
            trade = replace(trade, nonce=(trade.nonce + 1) % 2**256)
    for giver in trade.givers:
        if settlement.is_trade_spent(giver, trade.nonce):
            rule = f"of {giver} is spent: a trade with it was settled or cancelled"
            raise InputError.of("nonce", trade.nonce, rule, "leave --nonce out, or give another")
    return SignedTrade.of(chain, settlement.address, trade)


def sign_trade(
    chain: RpcChain, unsigned: SignedTrade, signer: TypedSigner, *, permit: bool = False
) -> SignedTrade:
    """The same, signed by one more; with a `permit`, the allowances for what it gives, too.

    Raises: InputError when the signer gives nothing, does not sign here, or a token takes no
    permits; ChainError.
    """
    require_giver(unsigned, signer.address)
    remedy = "bring the signature that it makes elsewhere with --signature"
    signature = sign_message(signer, unsigned.message, signer.address, remedy)
    if not permit:
        return unsigned.signed_by(signer.address, signature)
    place, deadline = unsigned.settlement, unsigned.trade.valid_until
    permits = [
        make_permit(chain, signer, asset, place, value=amount, deadline=deadline)
        for asset, amount in _given(unsigned, signer.address).items()
        if Currency(chain, asset).allowance(signer.address, place) < amount
    ]
    return unsigned.signed_by(signer.address, signature, permits)


def _given(found: SignedTrade, account: str) -> dict[str, int]:
    """What an account gives of each asset in all, in its smallest unit."""
    given: dict[str, int] = {}
    for leg in found.trade.legs:
        if leg.giver == account:
            given[leg.asset] = given.get(leg.asset, 0) + leg.amount
    return given


def require_living(settlement: TradeSettlement, found: SignedTrade) -> None:
    """Check that a trade can still be settled, whatever is missing.

    Raises: InputError when its time is over, or a nonce of it is spent; ChainError.
    """
    review = review_trade(settlement, found)
    if gone := [lack.problem for lack in review.ended if lack.column != "signature"]:
        raise InputError(gone, "the trade")


def require_giver(found: SignedTrade, account: str) -> None:
    """Raises: InputError when an account gives nothing in a trade."""
    if account not in found.trade.givers:
        rule = "gives nothing in this trade, so that nothing of it can be signed"
        remedy = f"use one of {', '.join(found.trade.givers)}"
        raise InputError.of("account", account, rule, remedy)


# --------------------------------------------------------------------------------------- allowances


def approve_trade(
    operator: Operator, settlement: TradeSettlement, found: SignedTrade
) -> list[Receipt]:
    """Let the settlement move what the account gives in a trade, and no more.

    An allowance that is large enough stays as it is.

    Raises: InputError when the account gives nothing; what `Operator.send` raises.
    """
    operator.settle()
    require_giver(found, operator.address)
    done = []
    for address, amount in _given(found, operator.address).items():
        asset = Currency(operator.chain, address)
        key = f"trade/approve/{found.digest.hex()}/{operator.address}/{address}"
        allowed = asset.allowance(operator.address, settlement.address)
        if allowed >= amount:
            earlier = operator.earlier(key)
            done += [] if earlier is None else [earlier]
            continue
        said = f"{asset.unit.amount(amount).text} {asset.unit.symbol}"
        call = asset.approve(settlement.address, amount)
        call = replace(call, label=f"let the settlement move {said}")
        done.append(operator.send_one(key, call))
    return done


# ------------------------------------------------------------------------------------------- ending


def settle_trade(operator: Operator, settlement: TradeSettlement, found: SignedTrade) -> Receipt:
    """Carry out a trade: all its legs or none, once. Anyone may bring it.

    The account's own signature is not needed: it is there itself.

    Raises: InputError with all that stands in the way; what `Operator.send` raises.
    """
    operator.settle()
    prefix = f"trade/settle/{found.digest.hex()}"
    # Signatures and permits make other call data, so that each attempt has its own key.
    for attempt in range(given := operator.attempts(prefix)):
        if (receipt := operator.earlier(f"{prefix}/{attempt}")) is not None:
            return receipt
    review = review_trade(settlement, found, bearer=operator.address)
    if review.ended:
        raise InputError([one.problem for one in review.ended], "the trade")
    givers = [giver for giver in found.trade.givers if giver != operator.address]
    signatures = [found.signatures[giver] for giver in givers]
    lacking = (need.permit for need in review.needs if need.allowance < need.in_all)
    if permits := [permit for permit in lacking if permit is not None]:
        call = settlement.settle_with_permits(found.trade, signatures, permits)
    else:
        call = settlement.settle(found.trade, signatures)
    call = replace(call, label=f"settle a trade: {_in_words(found)}")
    try:
        return operator.send_one(f"{prefix}/{given}", call)
    except RevertError:
        # In the words of the tokens, where they have some.
        if problems := [one.problem for one in review.obstacles]:
            raise InputError(problems, "the trade") from None
        raise


def _in_words(found: SignedTrade) -> str:
    """Who gives what to whom, of the first legs at least."""
    said = []
    for leg, amount in zip(found.trade.legs, found.amounts, strict=True):
        what = f"{amount.unit.amount(amount.units).text} {amount.symbol}"
        said.append(f"{what} from {leg.giver} to {leg.receiver}")
    more = len(said) - MOST_TOLD
    return f"{'; '.join(said[:MOST_TOLD])}{f'; and {more} more' if more > 0 else ''}"


def cancel_trade(operator: Operator, settlement: TradeSettlement, found: SignedTrade) -> Receipt:
    """Make sure that a trade, signed or not, is never settled. Whoever gives in it may.

    Raises: InputError when the account gives nothing, or it is too late; what `Operator.send`
    raises.
    """
    operator.settle()
    nonce = found.trade.nonce
    key = f"trade/cancel/{settlement.address}/{operator.address}/{nonce}"
    if (receipt := operator.earlier(key)) is not None:
        return receipt
    require_giver(found, operator.address)
    if settlement.is_trade_spent(operator.address, nonce):
        done = settled_in(settlement, found.digest)
        how = (
            "was cancelled, or another trade with it settled"
            if done is None
            else (f"was settled in {done}")
        )
        raise InputError.of("nonce", nonce, f"is spent: the trade {how}", PROPOSE_ANEW)
    call = replace(settlement.cancel_trades([nonce]), label="cancel a trade")
    return operator.send_one(key, call)


def settled_in(settlement: TradeSettlement, digest: bytes) -> str | None:
    """The transaction that has settled a trade; None if there is none.

    Raises: ChainError.
    """
    chain = settlement.chain
    assert isinstance(chain, RpcChain)
    [topic] = topics_of(settlement.CONTRACT, "Settled")
    first, last = creation_block(chain, settlement.address), chain.block().number
    for log in chain.logs([settlement.address], first, last, [topic, digest]):
        return log.transaction_hash
    return None
