# SPDX-License-Identifier: MIT
"""Requests as files: an exchange that a holder has signed, for anybody to bring.

    {"prorata": "exchange request", "version": 1, "chain_id": …, "contract": "0x…",
     "request": {"exchange": …, "holder": …, "gives": …, "least_paid": …, "most_due": …, …},
     "digest": "0x…", "signature": "0x…", "permit": null}

`signature` is null until somebody has signed. A `permit` is the holder's, for what it pays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.types import Chain
from prorata.contracts.share_exchange import (
    ExchangeRequest,
    ShareExchange,
    request_digest,
    request_message,
)
from prorata.contracts.trade_settlement import SignedPermit
from prorata.deployments.changes import Change, make_change
from prorata.deployments.deployment import Deployment
from prorata.errors import InputError
from prorata.market.exchanges.carrying import find_exchange
from prorata.market.exchanges.elective import (
    ExchangeCheck,
    Exchanged,
    check_exchange,
    exchanged_of,
    require_exchangeable,
)
from prorata.market.exchanges.words import ExchangeUnits, units_of
from prorata.market.papers import (
    Account,
    Bytes,
    Moment,
    Number,
    Part,
    PermitPart,
    TokenAmount,
    permit_part,
    read_paper,
    require_place,
    require_same_digest,
    require_units,
    token_amount,
    write_paper,
)
from prorata.market.permits import make_permit
from prorata.market.signatures import TypedSigner, is_signed, sign_message
from prorata.market.signed_nonces import SignedNonces
from prorata.market.validity import require_validity
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.times import moment

__all__ = [
    "SIGN_ANEW",
    "SignedRequest",
    "cancel_request",
    "check_request",
    "draft_request",
    "make_requested",
    "read_request",
    "request_content",
    "sign_request",
    "take_request_signature",
    "write_request",
]

SIGN_ANEW = "ask its holder for the file as `prorata exchange sign` wrote it, or for a new request"
ELSEWHERE = "write it with --unsigned and --holder, and bring what it signed with --signature"

CANDIDATES = 64
"""Nonces that are asked for at once."""


@dataclass(frozen=True)
class SignedRequest:
    """A request for one exchange contract of one chain; `signature` is empty until it is signed."""

    request: ExchangeRequest
    chain_id: int
    contract: str
    units: ExchangeUnits
    signature: bytes = b""
    permit: SignedPermit | None = None

    @property
    def message(self) -> dict[str, Any]:
        """The typed data that its holder signs."""
        return request_message(self.request, self.chain_id, self.contract)

    @property
    def digest(self) -> bytes:
        """What is signed."""
        return request_digest(self.request, self.chain_id, self.contract)


# ----------------------------------------------------------------------------------------- drafting


def draft_request(
    found: Deployment,
    contract: ShareExchange,
    request: ExchangeRequest,
    *,
    nonce: int | None = None,
) -> SignedRequest:
    """A request that nobody has signed yet, with a nonce that is free; from now on it is taken.

    Raises: InputError for what the contract would refuse; ChainError.
    """
    chain = found.chain
    exchange = find_exchange(contract, request.id)
    if exchange.terms.token != found.token().address:
        rule = f"is none of {found.settings.symbol}, but of the token {exchange.terms.token}"
        raise InputError.of("exchange", request.id, rule, "use the deployment of its token")
    require_validity("until", request.valid_until, chain.now())
    units = units_of(chain, exchange.terms)
    notes = SignedNonces(found.folder, chain.chain_id, contract.address, "exchange")
    with notes.alone():
        free = _free_nonce(contract, notes, request.holder) if nonce is None else nonce
        if contract.is_spent(request.holder, free):
            rule = f"of {request.holder} was used or cancelled"
            raise InputError.of("nonce", free, rule, "leave it out, and a free one is found")
        drafted = replace(request, nonce=free)
        signed = SignedRequest(drafted, chain.chain_id, contract.address, units)
        notes.keep(request.holder, free, signed.digest)
    return signed


def _free_nonce(contract: ShareExchange, notes: SignedNonces, holder: str) -> int:
    taken, first = notes.of(holder), 0
    while True:
        candidates = [n for n in range(first, first + CANDIDATES) if n not in taken]
        spent = contract.are_spent(holder, candidates)
        for nonce, gone in zip(candidates, spent, strict=True):
            if not gone:
                return nonce
        first += CANDIDATES


def sign_request(
    chain: RpcChain, signer: TypedSigner, drafted: SignedRequest, *, permit: bool = False
) -> SignedRequest:
    """The request, signed by its holder; with a `permit`, the allowance for what it pays, too.

    Raises: InputError when the account is not the holder, or does not sign here; ChainError.
    """
    signature = sign_message(signer, drafted.message, drafted.request.holder, ELSEWHERE)
    signed = replace(drafted, signature=signature)
    if not permit or not drafted.request.most_due:
        return signed
    where = (chain, signer, drafted.units.terms.currency, drafted.contract)
    due, until = drafted.request.most_due, drafted.request.valid_until
    return replace(signed, permit=make_permit(*where, value=due, deadline=until))


def take_request_signature(
    chain: RpcChain, drafted: SignedRequest, signature: bytes
) -> SignedRequest:
    """The request with a signature that was made elsewhere.

    Raises: InputError when it is not the holder's for these terms; ChainError.
    """
    _require_signed(chain, replace(drafted, signature=signature))
    return replace(drafted, signature=signature)


def _require_signed(chain: RpcChain, signed: SignedRequest) -> None:
    holder = signed.request.holder
    if not signed.signature:
        rule, remedy = "has not signed it", "let it sign: `prorata exchange sign`"
        raise InputError.of("holder", holder, rule, remedy)
    if not is_signed(chain, holder, signed.message, signed.signature):
        said = f"0x{signed.signature.hex()}"
        rule = f"is not {holder}'s for what the file says"
        raise InputError.of("signature", said, rule, SIGN_ANEW)


# -------------------------------------------------------------------------------------- bringing it


def check_request(chain: RpcChain, contract: ShareExchange, signed: SignedRequest) -> ExchangeCheck:
    """What the request would bring now, and what stands in the way of it.

    Raises: InputError for what its holder did not sign, or signed for another time or price.
    """
    request, now = signed.request, chain.now()
    _require_signed(chain, signed)
    if contract.is_spent(request.holder, request.nonce):
        rule = "was made before, or cancelled"
        raise InputError.of("request", request.nonce, rule, SIGN_ANEW)
    if now > request.valid_until:
        rule = f"was its last second, and the chain's time is {moment(now)}"
        raise InputError.of("request", moment(request.valid_until), rule, SIGN_ANEW)
    where = (chain, contract, request.id, request.holder, request.shares)
    permit = signed.permit
    allows = permit is not None and permit.deadline >= now
    check = check_exchange(*where, allows=allows)
    units, quote = signed.units, check.quote
    if quote.due > request.most_due:
        rule = f"is less than the {units.said_money(quote.due)} that are due now"
        raise InputError.of("most_due", units.said_money(request.most_due), rule, SIGN_ANEW)
    return check


def make_requested(operator: Operator, contract: ShareExchange, signed: SignedRequest) -> Exchanged:
    """Make an exchange that a holder has signed, as anybody, once.

    Raises: InputError with everything in its way; what `Operator.send` raises.
    """
    operator.settle()
    key = f"exchange/for/{sha256(signed.digest).hexdigest()[:16]}"
    if (receipt := operator.earlier(key)) is None:
        check = check_request(operator.chain, contract, signed)
        require_exchangeable(check, signed.request.least_paid)
        units, request = signed.units, signed.request
        said = f"{units.said_shares(request.shares)} of {request.holder}"
        call = contract.exchange_for(request, signed.signature, signed.permit)
        call = replace(call, label=f"exchange {said} for {units.said(check.quote)}")
        receipt = operator.send_one(key, call)
    return exchanged_of(operator.chain, receipt)


def cancel_request(operator: Operator, contract: ShareExchange, nonce: int) -> Change:
    """Make sure that no request of the account's with this nonce is used any more.

    Raises: what `Operator.send` raises.
    """
    operator.settle()
    done = contract.is_spent(operator.address, nonce)
    key = f"exchange/cancel-request/{contract.address}/{operator.address}/{nonce}"
    return make_change(operator, key, contract.cancel_nonce(nonce), done=done)


# ---------------------------------------------------------------------------------------- the file


class _Request(Part):
    exchange: Number
    holder: Account
    gives: TokenAmount
    least_paid: TokenAmount | None
    most_due: TokenAmount | None
    nonce: Number
    valid_until: Moment
    note: Bytes


class _File(Part):
    """The whole file."""

    prorata: Literal["exchange request"]
    version: Literal[1]
    chain_id: int
    contract: Account
    request: _Request
    digest: Bytes
    signature: Bytes | None
    permit: PermitPart | None


def write_request(path: Path, signed: SignedRequest) -> None:
    """Write the file, whole or not at all.

    Raises: InputError when it cannot be written.
    """
    write_paper(path, request_content(signed))


def request_content(signed: SignedRequest) -> dict[str, Any]:
    """What the file says."""
    request, units, permit = signed.request, signed.units, signed.permit
    terms = units.terms

    def money(amount: int) -> dict[str, Any] | None:
        if terms.currency == ZERO_ADDRESS:
            return None
        return token_amount(terms.currency, units.money, amount)

    return {
        "prorata": "exchange request",
        "version": 1,
        "chain_id": signed.chain_id,
        "contract": signed.contract,
        "request": {
            "exchange": str(request.id),
            "holder": request.holder,
            "gives": token_amount(terms.token, units.shares, request.shares),
            "least_paid": money(request.least_paid),
            "most_due": money(request.most_due),
            "nonce": str(request.nonce),
            "valid_until": moment(request.valid_until),
            "note": f"0x{request.note.hex()}",
        },
        "digest": f"0x{signed.digest.hex()}",
        "signature": f"0x{signed.signature.hex()}" if signed.signature else None,
        "permit": None if permit is None else permit_part(permit),
    }


def read_request(path: Path, chain: Chain, contract: ShareExchange) -> SignedRequest:
    """Read the file for this chain and this exchange contract.

    Raises: InputError when it cannot be read, is for another chain or contract, says something else
    than its digest, or calls a token what it is not; ChainError.
    """
    said = read_paper(path, _File, "request", SIGN_ANEW)
    require_place(
        "request",
        chain,
        chain_id=said.chain_id,
        contract=said.contract,
        expected=contract.address,
        remedy=f"give --contract {said.contract} if you trust that contract",
    )
    request = _request_of(said.request)
    terms = find_exchange(contract, request.id).terms
    units = units_of(chain, terms)
    amounts = [said.request.gives, said.request.least_paid, said.request.most_due]
    permit = None if said.permit is None else said.permit.signed
    place = (said.chain_id, said.contract, units, said.signature or b"", permit)
    signed = SignedRequest(request, *place)
    require_same_digest("digest", said.digest, signed.digest, SIGN_ANEW)
    require_units("request", chain, [one for one in amounts if one is not None])
    tokens = (terms.token, terms.currency, terms.currency)
    for amount, token in zip(amounts, tokens, strict=True):
        if amount is not None and amount.token != token:
            rule = f"is a token in the file, and exchange {request.id} is about {token}"
            raise InputError.of("request", amount.token, rule, SIGN_ANEW)
    if permit is not None and (permit.token, permit.owner) != (terms.currency, request.holder):
        rule = f"is whose permit stands in the file, and {request.holder} pays {terms.currency}"
        raise InputError.of("permit", f"{permit.owner} of {permit.token}", rule, SIGN_ANEW)
    return signed


def _request_of(said: _Request) -> ExchangeRequest:
    least, most = said.least_paid, said.most_due
    return ExchangeRequest(
        id=said.exchange,
        holder=said.holder,
        shares=said.gives.units,
        least_paid=0 if least is None else least.units,
        most_due=0 if most is None else most.units,
        nonce=said.nonce,
        valid_until=said.valid_until,
        note=said.note,
    )
