# SPDX-License-Identifier: MIT
"""Calls: offerings, tenders and auctions (`CallAuction`), and what people sign for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from prorata.chain.calls import Call
from prorata.contracts.base import BoundContract
from prorata.contracts.call_terms import CallTerms, Side, Wanted
from prorata.contracts.trade_settlement import SignedPermit
from prorata.values.kinds import Numbered
from prorata.values.words import counted

__all__ = [
    "NO_PERMIT",
    "PRINCIPAL",
    "CallAuction",
    "CallOrder",
    "CallState",
    "Clearing",
    "Escrow",
    "Failure",
    "OrderState",
    "Pair",
    "Placement",
    "Stage",
    "opening_message",
    "placement_digest",
    "placement_message",
    "withdrawal_message",
]

PRINCIPAL = 0
"""The number that stands for the principal in a pair of orders."""

NO_PERMIT: tuple[object, ...] = (0, 0, bytes(32), bytes(32))
"""What stands in the place of a permit where there is none."""

DOMAIN_NAME, DOMAIN_VERSION = "prorata CallAuction", "1"

_DOMAIN = (
    ("string", "name"),
    ("string", "version"),
    ("uint256", "chainId"),
    ("address", "verifyingContract"),
)
_PLACEMENT = (
    ("bytes32", "id"),
    ("address", "owner"),
    ("uint8", "side"),
    ("uint128", "quantity"),
    ("uint8", "step"),
    ("uint8", "ladder"),
    ("uint256", "nonce"),
    ("uint256", "validUntil"),
)
_OPENING = (("bytes32", "id"),)
_WITHDRAWAL = (("bytes32", "id"), ("uint256", "order"), ("uint256", "validUntil"))

Message: TypeAlias = dict[str, Any]
"""EIP-712 typed data, as wallets take it (`eth_signTypedData_v4`)."""


class Stage(Numbered):
    """How far a call is: `ICallAuction.Stage`."""

    NONE = 0
    OPEN = 1
    CLEARED = 2
    SETTLING = 3
    SETTLED = 4
    FAILED = 5
    CANCELLED = 6


class Failure(Numbered):
    """Why a call failed: `ICallAuction.Failure`."""

    NO_VOLUME = 0
    BELOW_LEAST = 1
    NOT_CLOSED = 2
    NOT_ACCEPTED = 3


class OrderState(Numbered):
    """How far an order is: `ICallAuction.OrderState`."""

    NONE = 0
    PLACED = 1
    WITHDRAWN = 2
    STRUCK = 3
    ALLOTTED = 4
    ENDED = 5


@dataclass(frozen=True)
class Placement:
    """An order that its owner signs: `ICallAuction.Placement`."""

    id: bytes
    owner: str
    wanted: Wanted
    nonce: int
    valid_until: int

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        return (self.id, self.owner, *self.wanted.encodable(), self.nonce, self.valid_until)

    def message(self) -> Message:
        """The fields as typed data has them: numbers as text, since JSON cuts large ones."""
        values = zip(_PLACEMENT, self.encodable(), strict=True)
        return {name: _text(value) for (_, name), value in values}


@dataclass(frozen=True)
class Pair:
    """A bid and an ask by their numbers, `PRINCIPAL` for the principal: `ICallAuction.Pair`."""

    bid: int
    ask: int


@dataclass(frozen=True)
class CallOrder:
    """One order as it stands: `ICallAuction.Order`."""

    owner: str
    side: Side
    state: OrderState
    step: int
    ladder: int
    quantity: int
    allotted: int
    delivered: int

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> CallOrder:
        """From the struct as the ABI names it."""
        return cls(
            struct["owner"],
            Side(struct["side"]),
            OrderState(struct["state"]),
            struct["step"],
            struct["ladder"],
            struct["quantity"],
            struct["allotted"],
            struct["delivered"],
        )

    @property
    def undelivered(self) -> int:
        """Lots that it got and that were not delivered yet."""
        return self.allotted - self.delivered if self.state is OrderState.ALLOTTED else 0


@dataclass(frozen=True)
class Clearing:
    """What a call cleared at: `ICallAuction.Clearing`; `price` in the first currency, per lot."""

    step: int
    price: int
    lots: int
    demand: int
    supply: int

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> Clearing:
        """From the struct as the ABI names it."""
        names = ("step", "price", "lots", "demand", "supply")
        return cls(*(struct[name] for name in names))


@dataclass(frozen=True)
class CallState:
    """A call as it stands: `ICallAuction.Call`."""

    stage: Stage
    orders: int
    clearing: Clearing
    delivered: int
    passed: int

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> CallState:
        """From the struct as the ABI names it."""
        return cls(
            Stage(struct["stage"]),
            struct["orders"],
            Clearing.of(struct["clearing"]),
            struct["delivered"],
            struct["passed"],
        )


@dataclass(frozen=True)
class Escrow:
    """The money of a call in one currency, in its smallest unit: `ICallAuction.Escrow`."""

    escrowed: int
    refundable: int
    proceeds: int
    owed: int

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> Escrow:
        """From the struct as the ABI names it."""
        names = ("escrowed", "refundable", "proceeds", "owed")
        return cls(*(struct[name] for name in names))


class CallAuction(BoundContract):
    """Collects orders until a time, finds one price for all, and settles in pages."""

    CONTRACT = "CallAuction"

    # ------------------------------------------------------------------ views

    def holds(self) -> str:
        """The contract by which shares are held."""
        return str(self._view("holds"))

    def id_of(self, terms: CallTerms) -> bytes:
        """The id of a call with these terms, opened or not."""
        return bytes(self._view("idOf", terms.encodable()))

    def digest_of(self, placement: Placement) -> bytes:
        """What the owner of an order signs."""
        return bytes(self._view("digestOf", placement.encodable()))

    def digest_of_opening(self, call: bytes) -> bytes:
        """What a principal signs who does not open its call itself."""
        return bytes(self._view("digestOfOpening", call))

    def digest_of_withdrawal(self, call: bytes, order: int, valid_until: int) -> bytes:
        """What the owner of an order signs to withdraw it."""
        return bytes(self._view("digestOfWithdrawal", call, order, valid_until))

    def call_of(self, call: bytes) -> CallState:
        """A call as it stands; stage `NONE` for one that was never opened."""
        return CallState.of(self._view("callOf", call))

    def calls_of(self, calls: Sequence[bytes]) -> list[CallState]:
        """`call_of` for many at once."""
        return [CallState.of(one) for one in self._views("callOf", [(call,) for call in calls])]

    def order_of(self, call: bytes, order: int) -> CallOrder:
        """An order as it stands."""
        return CallOrder.of(self._view("orderOf", call, order))

    def orders_of(self, call: bytes, orders: Sequence[int]) -> list[CallOrder]:
        """`order_of` for many at once."""
        found = self._views("orderOf", [(call, order) for order in orders])
        return [CallOrder.of(one) for one in found]

    def interest_at(self, call: bytes, step: int) -> tuple[int, int]:
        """What is bid and what is asked with this limit, in lots, or bids in money by amount."""
        bids, asks = self._view("interestAt", call, step)
        return int(bids), int(asks)

    def interests(self, call: bytes, steps: int) -> list[tuple[int, int]]:
        """`interest_at` of all steps."""
        found = self._views("interestAt", [(call, step) for step in range(steps)])
        return [(int(bids), int(asks)) for bids, asks in found]

    def escrow_of(self, call: bytes, ladder: int) -> Escrow:
        """The money of a call in the currency of a ladder."""
        return Escrow.of(self._view("escrowOf", call, ladder))

    def owed_to(self, call: bytes, ladder: int, account: str) -> int:
        """What is owed to `account` by a call, in the currency of a ladder."""
        return int(self._view("owedTo", call, ladder, account))

    def owed_to_many(self, call: bytes, rows: Sequence[tuple[int, str]]) -> list[int]:
        """`owed_to` for many at once, each by ladder and account."""
        return [int(one) for one in self._views("owedTo", [(call, *row) for row in rows])]

    def ordered_by(self, call: bytes, side: Side, person: int) -> int:
        """What the orders of a person add up to on one side."""
        return int(self._view("orderedBy", call, int(side), person))

    def entitled_shares_of(self, call: bytes, person: int) -> int:
        """Shares that a person had at the record, as far as its wallets were counted."""
        return int(self._view("entitledSharesOf", call, person))

    def are_entitled(self, call: bytes, wallets: Sequence[str]) -> list[bool]:
        """Whether what each wallet had at the record was counted."""
        found = self._views("isEntitled", [(call, wallet) for wallet in wallets])
        return [bool(one) for one in found]

    def is_spent(self, owner: str, nonce: int) -> bool:
        """Whether a placement of `owner` with this nonce was used or cancelled."""
        return bool(self._view("isSpent", owner, nonce))

    def are_spent(self, owner: str, nonces: Sequence[int]) -> list[bool]:
        """`is_spent` for many at once."""
        return [bool(one) for one in self._views("isSpent", [(owner, nonce) for nonce in nonces])]

    def preview(self, terms: CallTerms, price: int = 0) -> Clearing:
        """What an open call would clear at now; what it did clear at once it is closed."""
        return Clearing.of(self._view("preview", terms.encodable(), price))

    # ------------------------------------------------------------------ opening and ending

    def open(self, terms: CallTerms, signature: bytes = b"") -> Call:
        """Open a call."""
        label = f"open a {terms.kind.label} of {terms.token}"
        return self._write("open", terms.encodable(), signature, label=label)

    def cancel(self, terms: CallTerms, document_hash: bytes = bytes(32)) -> Call:
        """Cancel a call before it is closed. Its opener or principal."""
        label = f"cancel the {terms.kind.label}"
        return self._write("cancel", terms.encodable(), document_hash, label=label)

    def close(self, terms: CallTerms) -> Call:
        """Close a call without a valuer."""
        return self._write("close", terms.encodable(), label=f"close the {terms.kind.label}")

    def close_at(self, terms: CallTerms, price: int) -> Call:
        """Close a call at a price. The valuer."""
        label = f"close the {terms.kind.label} at {price}"
        return self._write("closeAt", terms.encodable(), price, label=label)

    def accept(self, terms: CallTerms) -> Call:
        """Accept what was cleared. The principal."""
        return self._write("accept", terms.encodable(), label=f"accept the {terms.kind.label}")

    def fail(self, terms: CallTerms) -> Call:
        """Let a call fail that was not closed or accepted in time."""
        label = f"let the {terms.kind.label} fail"
        return self._write("fail", terms.encodable(), label=label)

    # ------------------------------------------------------------------ orders

    def entitle(self, terms: CallTerms, wallets: Sequence[str]) -> Call:
        """Count what wallets had at the record."""
        label = f"count what {counted(len(wallets), 'wallet')} had at record {terms.record_id}"
        return self._write("entitle", terms.encodable(), list(wallets), label=label)

    def place(self, terms: CallTerms, wanted: Wanted) -> Call:
        """Place an order of the sender's."""
        asked = (terms.encodable(), *wanted.encodable())
        return self._write("place", *asked, label=_place_label(wanted, terms))

    def place_with_permit(self, terms: CallTerms, wanted: Wanted, permit: SignedPermit) -> Call:
        """Use a permit, then place."""
        asked = (terms.encodable(), *wanted.encodable(), _permit(permit))
        label = f"{_place_label(wanted, terms)} by a permit"
        return self._write("placeWithPermit", *asked, label=label)

    def place_for(
        self,
        terms: CallTerms,
        placement: Placement,
        signature: bytes,
        permit: SignedPermit | None = None,
    ) -> Call:
        """Place an order that its owner has signed."""
        label = f"{_place_label(placement.wanted, terms)} for {placement.owner}"
        asked = (terms.encodable(), placement.encodable(), signature, _permit(permit))
        return self._write("placeFor", *asked, label=label)

    def withdraw(self, terms: CallTerms, order: int) -> Call:
        """Withdraw an order of the sender's."""
        label = f"withdraw order {order}"
        return self._write("withdraw", terms.encodable(), order, label=label)

    def withdraw_for(
        self, terms: CallTerms, order: int, valid_until: int, signature: bytes
    ) -> Call:
        """Withdraw an order as its owner has signed."""
        asked = (terms.encodable(), order, valid_until, signature)
        return self._write("withdrawFor", *asked, label=f"withdraw order {order}")

    def cancel_nonce(self, nonce: int) -> Call:
        """Make sure that no placement of the sender's with this nonce is used."""
        return self._write("cancelNonce", nonce, label=f"cancel the signed order {nonce}")

    def strike(self, terms: CallTerms, orders: Sequence[int]) -> Call:
        """Take out those orders that could not be delivered now."""
        label = f"strike those of {counted(len(orders), 'order')} that cannot be delivered"
        return self._write("strike", terms.encodable(), list(orders), label=label)

    def restore(self, terms: CallTerms, orders: Sequence[int]) -> Call:
        """Put struck orders back that could be delivered now."""
        label = f"restore those of {counted(len(orders), 'order')} that can be delivered"
        return self._write("restore", terms.encodable(), list(orders), label=label)

    # ------------------------------------------------------------------ settlement

    def settle(self, terms: CallTerms, most: int) -> Call:
        """Go on with the allotment: at most so many deliveries and orders passed."""
        label = f"settle a page of {most}"
        return self._write("settle", terms.encodable(), most, label=label)

    def deliver(self, terms: CallTerms, pairs: Sequence[Pair]) -> Call:
        """Try deliveries again."""
        label = f"deliver to {counted(len(pairs), 'pair')}"
        given = [(one.bid, one.ask) for one in pairs]
        return self._write("deliver", terms.encodable(), given, label=label)

    def refund(self, terms: CallTerms, orders: Sequence[int]) -> Call:
        """Give orders back what is left of what they gave."""
        label = f"refund {counted(len(orders), 'order')}"
        return self._write("refund", terms.encodable(), list(orders), label=label)

    def return_shares(self, terms: CallTerms, order: int, lots: int) -> Call:
        """Give back delivered lots for what they cost."""
        label = f"give {counted(lots, 'lot')} of order {order} back"
        return self._write("returnShares", terms.encodable(), order, lots, label=label)

    def pay_principal(self, terms: CallTerms) -> Call:
        """Pay the principal what is its own."""
        label = f"pay {terms.principal} what is its own"
        return self._write("payPrincipal", terms.encodable(), label=label)

    def take(self, terms: CallTerms, ladder: int, account: str) -> Call:
        """Pay what is owed to `account`."""
        label = f"pay {account} what is owed"
        return self._write("take", terms.encodable(), ladder, account, label=label)

    def take_to(self, terms: CallTerms, ladder: int, account: str, receiver: str) -> Call:
        """Pay what is owed to `account` to a receiver of its choice."""
        label = f"pay what is owed to {account} to {receiver}"
        return self._write("takeTo", terms.encodable(), ladder, account, receiver, label=label)

    def sweep(self, terms: CallTerms, ladder: int) -> Call:
        """Send what is still owed after `take_until` to whom the terms name."""
        return self._write("sweep", terms.encodable(), ladder, label="sweep what is still owed")


# -------------------------------------------------------------------------------------- typed data


def placement_message(placement: Placement, chain_id: int, auction: str) -> Message:
    """The whole of what a wallet shows and signs of an order."""
    return _typed("Placement", _PLACEMENT, placement.message(), chain_id, auction)


def placement_digest(placement: Placement, chain_id: int, auction: str) -> bytes:
    """What is signed of an order: `CallAuction.digestOf`, without a chain."""
    parts = encode_typed_data(full_message=placement_message(placement, chain_id, auction))
    return bytes(keccak(b"\x19" + parts.version + parts.header + parts.body))


def opening_message(call: bytes, chain_id: int, auction: str) -> Message:
    """What a principal signs who does not open its call itself."""
    return _typed("Opening", _OPENING, {"id": f"0x{call.hex()}"}, chain_id, auction)


def withdrawal_message(
    call: bytes, order: int, valid_until: int, chain_id: int, auction: str
) -> Message:
    """What the owner of an order signs to withdraw it."""
    said = {"id": f"0x{call.hex()}", "order": str(order), "validUntil": str(valid_until)}
    return _typed("Withdrawal", _WITHDRAWAL, said, chain_id, auction)


def _typed(
    primary: str,
    fields: Sequence[tuple[str, str]],
    message: Message,
    chain_id: int,
    auction: str,
) -> Message:
    named = {"EIP712Domain": _DOMAIN, primary: fields}
    return {
        "types": {
            name: [{"name": field, "type": kind} for kind, field in rows]
            for name, rows in named.items()
        },
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": chain_id,
            "verifyingContract": auction,
        },
        "primaryType": primary,
        "message": message,
    }


def _text(value: object) -> object:
    if isinstance(value, bytes):
        return f"0x{value.hex()}"
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _permit(permit: SignedPermit | None) -> tuple[object, ...]:
    return NO_PERMIT if permit is None else (permit.deadline, permit.v, permit.r, permit.s)


def _place_label(wanted: Wanted, terms: CallTerms) -> str:
    much = f"{wanted.quantity} of money" if terms.by_amount else counted(wanted.quantity, "lot")
    return f"{'bid for' if wanted.side is Side.BID else 'ask for'} {much}"
