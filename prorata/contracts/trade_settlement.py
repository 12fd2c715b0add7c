# SPDX-License-Identifier: MIT
"""The settlement of signed orders and trades (`TradeSettlement`), and what people sign for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak

from prorata.chain.calls import Call
from prorata.contracts.base import BoundContract
from prorata.contracts.rules import Code, Refusal
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.kinds import Numbered
from prorata.values.words import counted

__all__ = [
    "FEE_LIMIT_BPS",
    "PARTS",
    "FillExplanation",
    "Leg",
    "Obstacle",
    "ObstacleCode",
    "SignedPermit",
    "Trade",
    "TradeOrder",
    "TradeSettlement",
    "order_digest",
    "order_message",
    "order_types",
    "trade_digest",
    "trade_message",
]

PARTS = 1 << 63
"""The bit of an order's nonce that says that it may be filled in parts."""

FEE_LIMIT_BPS = 100
"""The most that a venue's fee, or a tax, may be, in hundredths of a percent of the money."""

DOMAIN_NAME, DOMAIN_VERSION = "prorata TradeSettlement", "1"

_DOMAIN = (
    ("string", "name"),
    ("string", "version"),
    ("uint256", "chainId"),
    ("address", "verifyingContract"),
)
_ORDER = (
    ("address", "maker"),
    ("address", "taker"),
    ("address", "give"),
    ("address", "take"),
    ("uint128", "giveAmount"),
    ("uint128", "takeAmount"),
    ("uint128", "leastFill"),
    ("uint48", "validUntil"),
    ("uint64", "nonce"),
    ("address", "recordToken"),
    ("uint32", "record"),
    ("bool", "makerPays"),
    ("address", "feeTo"),
    ("uint16", "feeBps"),
    ("address", "taxTo"),
    ("uint16", "taxBps"),
)
_LEG = (("address", "asset"), ("address", "from"), ("address", "to"), ("uint256", "amount"))
_TRADE = (
    ("Leg[]", "legs"),
    ("uint256", "nonce"),
    ("uint48", "validUntil"),
    ("bytes32", "documentHash"),
)

Message: TypeAlias = dict[str, Any]
"""EIP-712 typed data, as wallets take it (`eth_signTypedData_v4`)."""


class ObstacleCode(Numbered):
    """Why an order cannot be filled as asked: `ITradeSettlement.Code`."""

    EXPIRED = 0
    NOT_TAKER = 1
    MALFORMED = 2
    FEE_TOO_HIGH = 3
    SPENT = 4
    TOO_MUCH = 5
    TOO_LITTLE = 6
    RECORD_CLOSED = 7
    NOT_SIGNED = 8
    MAKER_BALANCE = 9
    MAKER_ALLOWANCE = 10
    TAKER_BALANCE = 11
    TAKER_ALLOWANCE = 12
    GIVE_REFUSED = 13
    TAKE_REFUSED = 14
    FEE_REFUSED = 15
    TAX_REFUSED = 16


@dataclass(frozen=True)
class TradeOrder:
    """What one side offers, as in `ITradeSettlement.Order`; amounts in smallest units."""

    maker: str
    give: str
    take: str
    give_amount: int
    take_amount: int
    least_fill: int
    valid_until: int
    nonce: int
    maker_pays: bool
    taker: str = ZERO_ADDRESS
    record_token: str = ZERO_ADDRESS
    record: int = 0
    fee_to: str = ZERO_ADDRESS
    fee_bps: int = 0
    tax_to: str = ZERO_ADDRESS
    tax_bps: int = 0

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> TradeOrder:
        """From the struct as the ABI names it."""
        return cls(
            maker=struct["maker"],
            taker=struct["taker"],
            give=struct["give"],
            take=struct["take"],
            give_amount=struct["giveAmount"],
            take_amount=struct["takeAmount"],
            least_fill=struct["leastFill"],
            valid_until=struct["validUntil"],
            nonce=struct["nonce"],
            record_token=struct["recordToken"],
            record=struct["record"],
            maker_pays=struct["makerPays"],
            fee_to=struct["feeTo"],
            fee_bps=struct["feeBps"],
            tax_to=struct["taxTo"],
            tax_bps=struct["taxBps"],
        )

    @property
    def in_parts(self) -> bool:
        """Whether it may be filled in parts."""
        return self.least_fill != self.give_amount

    @property
    def shares(self) -> str:
        """The token that is sold, by whichever side."""
        return self.take if self.maker_pays else self.give

    @property
    def money(self) -> str:
        """The token that is paid, by whichever side."""
        return self.give if self.maker_pays else self.take

    @property
    def share_amount(self) -> int:
        """How many shares it is for in all."""
        return self.take_amount if self.maker_pays else self.give_amount

    @property
    def money_amount(self) -> int:
        """What all of them cost, without fee and tax."""
        return self.give_amount if self.maker_pays else self.take_amount

    def cost(self, done: int, amount: int) -> int:
        """What `amount` of `give` costs in `take` once `done` was filled, fee and tax apart.

        ceil(take * (done + amount) / give) - ceil(take * done / give)
        """
        return self._taken(done + amount) - self._taken(done)

    def fee(self, money: int) -> int:
        """What the venue gets of so much money, rounded down: out of what the seller receives."""
        return money * self.fee_bps // 10_000

    def tax(self, money: int) -> int:
        """What the buyer pays on top of so much money, rounded down."""
        return money * self.tax_bps // 10_000

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        values = self._values()
        return tuple(values[name] for _, name in _ORDER)

    def message(self) -> Message:
        """The fields as typed data has them: numbers as text, since JSON cuts large ones."""
        return {name: _text(value) for name, value in self._values().items()}

    def _taken(self, given: int) -> int:
        return -(-self.take_amount * given // self.give_amount)

    def _values(self) -> dict[str, object]:
        return {
            "maker": self.maker,
            "taker": self.taker,
            "give": self.give,
            "take": self.take,
            "giveAmount": self.give_amount,
            "takeAmount": self.take_amount,
            "leastFill": self.least_fill,
            "validUntil": self.valid_until,
            "nonce": self.nonce,
            "recordToken": self.record_token,
            "record": self.record,
            "makerPays": self.maker_pays,
            "feeTo": self.fee_to,
            "feeBps": self.fee_bps,
            "taxTo": self.tax_to,
            "taxBps": self.tax_bps,
        }


@dataclass(frozen=True)
class Leg:
    """One movement of a trade, as in `ITradeSettlement.Leg`; `amount` in smallest units."""

    asset: str
    giver: str
    receiver: str
    amount: int

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> Leg:
        """From the struct as the ABI names it."""
        return cls(struct["asset"], struct["from"], struct["to"], struct["amount"])

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        return (self.asset, self.giver, self.receiver, self.amount)

    def message(self) -> Message:
        """The fields as typed data has them."""
        values = zip(_LEG, self.encodable(), strict=True)
        return {name: _text(value) for (_, name), value in values}


@dataclass(frozen=True)
class Trade:
    """Movements that happen together or not at all, as in `ITradeSettlement.Trade`."""

    legs: tuple[Leg, ...]
    nonce: int
    valid_until: int
    document_hash: bytes = bytes(32)

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> Trade:
        """From the struct as the ABI names it."""
        legs = tuple(Leg.of(leg) for leg in struct["legs"])
        return cls(legs, struct["nonce"], struct["validUntil"], struct["documentHash"])

    @property
    def givers(self) -> tuple[str, ...]:
        """Everybody who gives, in the order in which they first do: who must sign."""
        return tuple(dict.fromkeys(leg.giver for leg in self.legs))

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        legs = [leg.encodable() for leg in self.legs]
        return (legs, self.nonce, self.valid_until, self.document_hash)

    def message(self) -> Message:
        """The fields as typed data has them."""
        return {
            "legs": [leg.message() for leg in self.legs],
            "nonce": str(self.nonce),
            "validUntil": str(self.valid_until),
            "documentHash": f"0x{self.document_hash.hex()}",
        }


@dataclass(frozen=True)
class SignedPermit:
    """An allowance given by a signature (ERC-2612), as in `ITradeSettlement.Permit`."""

    token: str
    owner: str
    value: int
    deadline: int
    v: int
    r: bytes
    s: bytes

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        return (self.token, self.owner, self.value, self.deadline, self.v, self.r, self.s)


@dataclass(frozen=True)
class Obstacle:
    """One obstacle to a fill: what is given or asked, in the unit of the code, and the limit."""

    code: ObstacleCode
    value: int
    limit: int


@dataclass(frozen=True)
class FillExplanation:
    """What stands in the way of a fill, as in `ITradeSettlement.Explanation`.

    `most` is the most of `give` that the taker could fill now, `due` what the amount that was asked
    for costs it in all, in `take`.
    """

    obstacles: tuple[Obstacle, ...]
    give_refusals: tuple[Refusal, ...]
    take_refusals: tuple[Refusal, ...]
    most: int
    due: int

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> FillExplanation:
        """From the struct as the ABI names it."""
        return cls(
            tuple(
                Obstacle(ObstacleCode(one["code"]), one["value"], one["limit"])
                for one in struct["obstacles"]
            ),
            _refusals(struct["giveRefusals"]),
            _refusals(struct["takeRefusals"]),
            struct["most"],
            struct["due"],
        )


class TradeSettlement(BoundContract):
    """Carries out what people have signed: orders, whole or in parts, and trades of many legs."""

    CONTRACT = "TradeSettlement"

    # ------------------------------------------------------------------ views

    def digest_of(self, order: TradeOrder) -> bytes:
        """What the maker of an order signs."""
        return bytes(self._view("digestOf", order.encodable()))

    def digest_of_trade(self, trade: Trade) -> bytes:
        """What everybody who gives signs of a trade."""
        return bytes(self._view("digestOfTrade", trade.encodable()))

    def left(self, order: TradeOrder) -> int:
        """How much of `give` is left of an order, whatever its time and its record."""
        return int(self._view("left", order.encodable()))

    def lefts(self, orders: Sequence[TradeOrder]) -> list[int]:
        """`left` for many at once."""
        return self._views("left", [(order.encodable(),) for order in orders])

    def is_spent(self, maker: str, nonce: int) -> bool:
        """Whether no order of `maker` with this nonce can be filled any more."""
        return bool(self._view("isSpent", maker, nonce))

    def is_trade_spent(self, signer: str, nonce: int) -> bool:
        """Whether no trade in which `signer` gives with this nonce can be settled any more."""
        return bool(self._view("isTradeSpent", signer, nonce))

    def lowest_nonce(self, maker: str) -> int:
        """The number below which all orders of `maker` are cancelled."""
        return int(self._view("lowestNonce", maker))

    def explain(
        self, order: TradeOrder, signature: bytes, taker: str, amount: int
    ) -> FillExplanation:
        """Everything that stands in the way of a fill, and the most that would pass."""
        asked = (order.encodable(), signature, taker, amount)
        return FillExplanation.of(self._view("explain", *asked))

    def explain_many(
        self, rows: Sequence[tuple[TradeOrder, bytes, str, int]]
    ) -> list[FillExplanation]:
        """`explain` for many at once: order, signature, taker and amount of each."""
        asked = [(order.encodable(), *rest) for order, *rest in rows]
        return [FillExplanation.of(struct) for struct in self._views("explain", asked)]

    # ------------------------------------------------------------------ writes

    def fill(self, order: TradeOrder, signature: bytes, amount: int, most_due: int) -> Call:
        """Fill an order, or a part of it: the sender is the taker and pays."""
        asked = (order.encodable(), signature, amount, most_due)
        return self._write("fill", *asked, label=_fill_label(order, amount))

    def fill_with_permits(
        self,
        order: TradeOrder,
        signature: bytes,
        amount: int,
        most_due: int,
        permits: Sequence[SignedPermit],
    ) -> Call:
        """Use permits, then fill."""
        label = f"{_fill_label(order, amount)} by {counted(len(permits), 'permit')}"
        given = [permit.encodable() for permit in permits]
        asked = (order.encodable(), signature, amount, most_due, given)
        return self._write("fillWithPermits", *asked, label=label)

    def settle(self, trade: Trade, signatures: Sequence[bytes]) -> Call:
        """Carry out a trade: all legs or none."""
        asked = (trade.encodable(), list(signatures))
        return self._write("settle", *asked, label=_settle_label(trade))

    def settle_with_permits(
        self, trade: Trade, signatures: Sequence[bytes], permits: Sequence[SignedPermit]
    ) -> Call:
        """Use permits, then settle."""
        label = f"{_settle_label(trade)} by {counted(len(permits), 'permit')}"
        given = [permit.encodable() for permit in permits]
        asked = (trade.encodable(), list(signatures), given)
        return self._write("settleWithPermits", *asked, label=label)

    def cancel(self, nonces: Sequence[int]) -> Call:
        """Make sure that no order of the sender's with these nonces is filled any more."""
        label = f"cancel {_of_nonces('order', nonces)}"
        return self._write("cancel", list(nonces), label=label)

    def cancel_below(self, nonce: int) -> Call:
        """Make sure that no order of the sender's with a lower nonce is filled any more."""
        return self._write("cancelBelow", nonce, label=f"cancel all orders below nonce {nonce}")

    def cancel_trades(self, nonces: Sequence[int]) -> Call:
        """Make sure that no trade in which the sender gives, with these nonces, is settled."""
        label = f"cancel {_of_nonces('trade', nonces)}"
        return self._write("cancelTrades", list(nonces), label=label)

    def post(self, order: TradeOrder, signature: bytes) -> Call:
        """Make a signed order public, as an event."""
        label = f"post the order {order.nonce} of {order.maker}"
        return self._write("post", order.encodable(), signature, label=label)


# -------------------------------------------------------------------------------------- typed data


def order_message(order: TradeOrder, chain_id: int, settlement: str) -> Message:
    """The whole of what a wallet shows and signs of an order."""
    return _typed("Order", {"Order": _ORDER}, order.message(), chain_id, settlement)


def trade_message(trade: Trade, chain_id: int, settlement: str) -> Message:
    """The whole of what a wallet shows and signs of a trade."""
    types = {"Trade": _TRADE, "Leg": _LEG}
    return _typed("Trade", types, trade.message(), chain_id, settlement)


def order_digest(order: TradeOrder, chain_id: int, settlement: str) -> bytes:
    """What is signed of an order: `TradeSettlement.digestOf`, without a chain."""
    return _digest(order_message(order, chain_id, settlement))


def trade_digest(trade: Trade, chain_id: int, settlement: str) -> bytes:
    """What is signed of a trade: `TradeSettlement.digestOfTrade`, without a chain."""
    return _digest(trade_message(trade, chain_id, settlement))


def order_types() -> dict[str, list[dict[str, str]]]:
    """How EIP-712 has an order: what its maker signs, and the domain."""
    return _types({"Order": _ORDER})


def _types(
    types: Mapping[str, Sequence[tuple[str, str]]],
) -> dict[str, list[dict[str, str]]]:
    return {
        name: [{"name": field, "type": kind} for kind, field in fields]
        for name, fields in {"EIP712Domain": _DOMAIN, **types}.items()
    }


def _typed(
    primary: str,
    types: Mapping[str, Sequence[tuple[str, str]]],
    message: Message,
    chain_id: int,
    settlement: str,
) -> Message:
    return {
        "types": _types(types),
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": chain_id,
            "verifyingContract": settlement,
        },
        "primaryType": primary,
        "message": message,
    }


def _digest(message: Message) -> bytes:
    parts = encode_typed_data(full_message=message)
    return bytes(keccak(b"\x19" + parts.version + parts.header + parts.body))


def _text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _refusals(structs: Sequence[Mapping[str, Any]]) -> tuple[Refusal, ...]:
    return tuple(Refusal(Code(one["code"]), one["value"], one["limit"]) for one in structs)


def _fill_label(order: TradeOrder, amount: int) -> str:
    """In a few words: of which order how much, in the smallest units of what its maker gives."""
    much = "" if amount == order.give_amount else f"{amount} of {order.give_amount} of "
    return f"fill {much}the order {order.nonce} of {order.maker}"


def _of_nonces(noun: str, nonces: Sequence[int]) -> str:
    return f"{noun}{'s' * (len(nonces) != 1)} {', '.join(map(str, nonces))}"


def _settle_label(trade: Trade) -> str:
    return f"settle a trade of {counted(len(trade.legs), 'leg')}"
