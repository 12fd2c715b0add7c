# SPDX-License-Identifier: MIT
"""The exchange of shares for what is here (`ShareExchange`), and what holders sign for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from prorata.chain.calls import Call
from prorata.contracts.base import BoundContract
from prorata.contracts.holds import Hold
from prorata.contracts.rules import Refusal
from prorata.contracts.trade_settlement import SignedPermit
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.kinds import Numbered
from prorata.values.words import counted

__all__ = [
    "NOTE_LIMIT",
    "PAYMENT_GAS",
    "Exchange",
    "ExchangeExplanation",
    "ExchangeObstacle",
    "ExchangeObstacleCode",
    "ExchangeQuote",
    "ExchangeRequest",
    "ExchangeStage",
    "ExchangeTerms",
    "Owing",
    "ShareExchange",
    "SkipReason",
    "request_digest",
    "request_message",
]

NOTE_LIMIT = 4_096
"""Bytes: the longest note of an exchange."""

PAYMENT_GAS = 500_000
"""The least gas that a page must have left for each holder."""

DOMAIN_NAME, DOMAIN_VERSION = "prorata ShareExchange", "1"

_DOMAIN = (
    ("string", "name"),
    ("string", "version"),
    ("uint256", "chainId"),
    ("address", "verifyingContract"),
)
_REQUEST = (
    ("uint256", "id"),
    ("address", "holder"),
    ("uint256", "shares"),
    ("uint256", "leastPaid"),
    ("uint256", "mostDue"),
    ("uint256", "nonce"),
    ("uint256", "validUntil"),
    ("bytes", "note"),
)

Message: TypeAlias = dict[str, Any]
"""EIP-712 typed data, as wallets take it (`eth_signTypedData_v4`)."""


class ExchangeStage(Numbered):
    """How far an exchange is: `IShareExchange.Stage`."""

    NONE = 0
    NOTICED = 1
    OPEN = 2
    CLOSED = 3
    CANCELLED = 4


class SkipReason(Numbered):
    """Why a page passed over a holder: `IShareExchange.Reason`."""

    NO_SHARES = 0
    LOCKED = 1
    REFUSED = 2


class ExchangeObstacleCode(Numbered):
    """Why an exchange cannot be made: `IShareExchange.Code`."""

    NOT_OPEN = 0
    MANDATORY = 1
    NOTHING = 2
    PRICE_TOO_OLD = 3
    OVER_DAY_LIMIT = 4
    UNFUNDED = 5
    BALANCE = 6
    NOT_FREE = 7
    GIVE_REFUSED = 8
    OTHER_REFUSED = 9
    DUE_BALANCE = 10
    DUE_ALLOWANCE = 11


@dataclass(frozen=True)
class ExchangeTerms:
    """The terms of an exchange, as in `IShareExchange.Terms`.

    Times are Unix seconds, amounts in the smallest unit of their token.
    """

    token: str
    per: int
    burns: bool
    treasury: str
    acquirer: str = ZERO_ADDRESS
    currency: str = ZERO_ADDRESS
    gets: int = 0
    pays: int = 0
    other: str = ZERO_ADDRESS
    other_shares: int = 0
    other_from: str = ZERO_ADDRESS
    fraction_price: int = 0
    mandatory: bool = False
    opens_at: int = 0
    closes_at: int = 0
    valuer: str = ZERO_ADDRESS
    least_price: int = 0
    most_price: int = 0
    max_age: int = 0
    day_limit: int = 0
    take_until: int = 0
    sweep_to: str = ZERO_ADDRESS
    document_hash: bytes = bytes(32)

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> ExchangeTerms:
        """From the struct as the ABI names it."""
        return cls(**{field.name: struct[_camel(field.name)] for field in fields(cls)})

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        return (
            self.token,
            self.per,
            self.burns,
            self.acquirer,
            self.currency,
            self.gets,
            self.pays,
            self.other,
            self.other_shares,
            self.other_from,
            self.fraction_price,
            self.mandatory,
            self.opens_at,
            self.closes_at,
            self.valuer,
            self.least_price,
            self.most_price,
            self.max_age,
            self.day_limit,
            self.treasury,
            self.take_until,
            self.sweep_to,
            self.document_hash,
        )


@dataclass(frozen=True)
class Exchange:
    """An exchange as it stands, as in `IShareExchange.Exchange`."""

    terms: ExchangeTerms
    stage: ExchangeStage
    price: int
    price_as_of: int
    funds: int
    paid: int
    owed: int
    exchanged: int
    locked: int

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> Exchange:
        """From the struct as the ABI names it."""
        return cls(
            terms=ExchangeTerms.of(struct["terms"]),
            stage=ExchangeStage(struct["stage"]),
            price=struct["price"],
            price_as_of=struct["priceAsOf"],
            funds=struct["funds"],
            paid=struct["paid"],
            owed=struct["owed"],
            exchanged=struct["exchanged"],
            locked=struct["locked"],
        )


@dataclass(frozen=True)
class ExchangeQuote:
    """What a number of shares brings, as in `IShareExchange.Quote`; `in_lieu` is part of `paid`."""

    paid: int = 0
    due: int = 0
    other_shares: int = 0
    in_lieu: int = 0

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> ExchangeQuote:
        """From the struct as the ABI names it, or an event's arguments."""
        return cls(struct["paid"], struct["due"], struct["otherShares"], struct["inLieu"])


@dataclass(frozen=True)
class Owing:
    """What is owed to a holder, as in `IShareExchange.Owing`; a part waits for `held_shares`."""

    paid: int
    other_shares: int
    held_shares: int

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> Owing:
        """From the struct as the ABI names it."""
        return cls(struct["paid"], struct["otherShares"], struct["heldShares"])


@dataclass(frozen=True)
class ExchangeRequest:
    """An exchange that a holder wants made and signs, as in `IShareExchange.Request`."""

    id: int
    holder: str
    shares: int
    least_paid: int
    most_due: int
    nonce: int
    valid_until: int
    note: bytes = b""

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        return (
            self.id,
            self.holder,
            self.shares,
            self.least_paid,
            self.most_due,
            self.nonce,
            self.valid_until,
            self.note,
        )

    def message(self) -> Message:
        """The fields as typed data has them: numbers as text, since JSON cuts large ones."""
        values = zip(_REQUEST, self.encodable(), strict=True)
        return {name: _text(value) for (_, name), value in values}


@dataclass(frozen=True)
class ExchangeObstacle:
    """One obstacle to an exchange: what is given or asked, in the unit of the code, and the limit.

    The unit is seconds, shares or money.
    """

    code: ExchangeObstacleCode
    value: int
    limit: int


@dataclass(frozen=True)
class ExchangeExplanation:
    """What stands in the way of an exchange, and the most shares that would pass now."""

    obstacles: tuple[ExchangeObstacle, ...]
    refusals: tuple[Refusal, ...]
    most: int


class ShareExchange(BoundContract):
    """Exchanges shares for money, for other shares, or both: elective, or for everybody."""

    CONTRACT = "ShareExchange"

    # ------------------------------------------------------------------ views

    def holds(self) -> str:
        """The contract by which shares are locked."""
        return str(self._view("holds"))

    def exchange_count(self) -> int:
        """Exchanges opened so far; their ids are 1 to this."""
        return int(self._view("exchangeCount"))

    def exchange_of(self, exchange_id: int) -> Exchange:
        """An exchange as it stands."""
        return Exchange.of(self._view("exchangeOf", exchange_id))

    def exchanges_of(self, ids: Sequence[int]) -> list[Exchange]:
        """`exchange_of` for many at once."""
        return [Exchange.of(struct) for struct in self._views("exchangeOf", [(i,) for i in ids])]

    def funding_for(self, terms: ExchangeTerms, locked_shares: int) -> int:
        """Money that a mandatory exchange must be opened with, if so many shares are locked."""
        return int(self._view("fundingFor", terms.encodable(), locked_shares))

    def missing_funds(self, exchange_id: int) -> int:
        """Money that a mandatory exchange lacks for the shares that are left."""
        return int(self._view("missingFunds", exchange_id))

    def left_today(self, exchange_id: int) -> int:
        """Shares that can still be exchanged in this UTC day."""
        return int(self._view("leftToday", exchange_id))

    def quote(self, exchange_id: int, shares: int) -> ExchangeQuote:
        """What so many shares of one wallet bring at the present price."""
        return ExchangeQuote.of(self._view("quote", exchange_id, shares))

    def quotes(self, exchange_id: int, shares: Sequence[int]) -> list[ExchangeQuote]:
        """`quote` for many at once."""
        found = self._views("quote", [(exchange_id, one) for one in shares])
        return [ExchangeQuote.of(struct) for struct in found]

    def owed_to(self, exchange_id: int, holder: str) -> Owing:
        """What is owed to `holder`."""
        return Owing.of(self._view("owedTo", exchange_id, holder))

    def all_owed(self, exchange_id: int, holders: Sequence[str]) -> list[Owing]:
        """`owed_to` for many at once."""
        found = self._views("owedTo", [(exchange_id, holder) for holder in holders])
        return [Owing.of(struct) for struct in found]

    def is_spent(self, holder: str, nonce: int) -> bool:
        """Whether a request of `holder` with this nonce was used or cancelled."""
        return bool(self._view("isSpent", holder, nonce))

    def are_spent(self, holder: str, nonces: Sequence[int]) -> list[bool]:
        """`is_spent` for many at once."""
        return self._views("isSpent", [(holder, nonce) for nonce in nonces])

    def digest_of(self, request: ExchangeRequest) -> bytes:
        """What a holder signs."""
        return bytes(self._view("digestOf", request.encodable()))

    # ------------------------------------------------------------------ writes

    def open(self, terms: ExchangeTerms, funding: int, locked_shares: int) -> Call:
        """Open an exchange and fund it; the owner of the token, or an agent if it is elective."""
        kind = "a mandatory exchange" if terms.mandatory else "an exchange"
        label = f"open {kind} of {terms.token}"
        return self._write("open", terms.encodable(), funding, locked_shares, label=label)

    def fund(self, exchange_id: int, amount: int) -> Call:
        """Add money for exchanges to come."""
        return self._write("fund", exchange_id, amount, label=f"fund {_named(exchange_id)}")

    def drain(self, exchange_id: int, amount: int) -> Call:
        """Send money of an elective exchange back to the treasury."""
        return self._write("drain", exchange_id, amount, label=f"drain {_named(exchange_id)}")

    def set_price(self, exchange_id: int, price: int, as_of: int) -> Call:
        """Name the price from now on. The valuer."""
        label = f"set the price of {_named(exchange_id)}"
        return self._write("setPrice", exchange_id, price, as_of, label=label)

    def exchange(
        self, exchange_id: int, shares: int, least_paid: int, valid_until: int, note: bytes
    ) -> Call:
        """Exchange shares of the sender's."""
        label = f"exchange {shares} shares in {_named(exchange_id)}"
        return self._write(
            "exchange", exchange_id, shares, least_paid, valid_until, note, label=label
        )

    def exchange_with_permit(
        self,
        exchange_id: int,
        shares: int,
        least_paid: int,
        valid_until: int,
        *,
        note: bytes,
        permit: SignedPermit,
    ) -> Call:
        """Use a permit, then exchange."""
        label = f"exchange {shares} shares in {_named(exchange_id)} by a permit"
        asked = (exchange_id, shares, least_paid, valid_until, note, _permit(permit))
        return self._write("exchangeWithPermit", *asked, label=label)

    def exchange_for(
        self, request: ExchangeRequest, signature: bytes, permit: SignedPermit | None = None
    ) -> Call:
        """Make an exchange that a holder has signed."""
        label = f"exchange {request.shares} shares of {request.holder} in {_named(request.id)}"
        asked = (request.encodable(), signature, _permit(permit))
        return self._write("exchangeFor", *asked, label=label)

    def cancel_nonce(self, nonce: int) -> Call:
        """Make sure that no request of the sender's with this nonce is used."""
        return self._write("cancelNonce", nonce, label=f"cancel the request {nonce}")

    def exchange_page(self, exchange_id: int, holders: Sequence[str]) -> Call:
        """Exchange all shares of some holders in a mandatory exchange."""
        label = f"carry out {_named(exchange_id)} for {counted(len(holders), 'holder')}"
        return self._write("carryOut", exchange_id, list(holders), label=label)

    def take(self, exchange_id: int, holder: str) -> Call:
        """Pay what is owed to `holder`."""
        label = f"take what {_named(exchange_id)} owes to {holder}"
        return self._write("take", exchange_id, holder, label=label)

    def take_to(self, exchange_id: int, holder: str, receiver: str) -> Call:
        """Pay what is owed to `holder` to another wallet. The claimant."""
        label = f"take what {_named(exchange_id)} owes to {holder}, to {receiver}"
        return self._write("takeTo", exchange_id, holder, receiver, label=label)

    def end_hold(self, exchange_id: int, terms: Hold) -> Call:
        """Untie what held shares brought from a hold that has ended."""
        label = f"untie what {_named(exchange_id)} owes to {terms.owner} from a hold"
        return self._write("endHold", exchange_id, terms.encodable(), label=label)

    def end_kept(
        self, exchange_id: int, keeper: str, holder: str, account: str, shares: int
    ) -> Call:
        """Untie what held shares brought from what a keeper held."""
        label = f"untie what {_named(exchange_id)} owes to {holder} from the keeper {keeper}"
        return self._write("endKept", exchange_id, keeper, holder, account, shares, label=label)

    def sweep(self, exchange_id: int) -> Call:
        """Send what is still owed after the last second to whom the terms name."""
        return self._write("sweep", exchange_id, label=f"sweep {_named(exchange_id)}")

    def close(self, exchange_id: int) -> Call:
        """End an exchange."""
        return self._write("close", exchange_id, label=f"close {_named(exchange_id)}")

    def cancel(self, exchange_id: int, document_hash: bytes) -> Call:
        """Cancel a mandatory exchange before it begins. The owner of the token."""
        label = f"cancel {_named(exchange_id)}"
        return self._write("cancel", exchange_id, document_hash, label=label)


# -------------------------------------------------------------------------------------- typed data


def request_message(request: ExchangeRequest, chain_id: int, exchange: str) -> Message:
    """The whole of what a wallet shows and signs of a request."""
    named = {"EIP712Domain": _DOMAIN, "Request": _REQUEST}
    return {
        "types": {
            name: [{"name": field, "type": kind} for kind, field in types]
            for name, types in named.items()
        },
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": chain_id,
            "verifyingContract": exchange,
        },
        "primaryType": "Request",
        "message": request.message(),
    }


def request_digest(request: ExchangeRequest, chain_id: int, exchange: str) -> bytes:
    """What is signed of a request: `ShareExchange.digestOf`, without a chain."""
    parts = encode_typed_data(full_message=request_message(request, chain_id, exchange))
    return bytes(keccak(b"\x19" + parts.version + parts.header + parts.body))


def _text(value: object) -> object:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)


def _permit(permit: SignedPermit | None) -> tuple[object, ...]:
    """A permit as this contract takes it: whose it is, and of which token, it knows."""
    if permit is None:
        return (0, 0, 0, bytes(32), bytes(32))
    return (permit.value, permit.deadline, permit.v, permit.r, permit.s)


def _named(exchange_id: int) -> str:
    return f"exchange {exchange_id}"


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
