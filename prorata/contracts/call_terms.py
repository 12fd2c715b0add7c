# SPDX-License-Identifier: MIT
"""The terms of a call as `ICallAuction` has them: what its id is the hash of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.kinds import Numbered

__all__ = [
    "DELIVERY_GAS_LEAST",
    "DELIVERY_GAS_MOST",
    "LONGEST_SECONDS",
    "MOST_FEE_BPS",
    "MOST_STEPS",
    "NO_LADDER",
    "CallKind",
    "CallTerms",
    "Ladder",
    "Side",
    "Wanted",
]

MOST_STEPS = 255
"""The most prices on a ladder."""

MOST_FEE_BPS = 100
"""The most that a venue's fee may be, in hundredths of a percent of the proceeds."""

DELIVERY_GAS_LEAST, DELIVERY_GAS_MOST = 500_000, 10_000_000
"""The bounds of the gas that must be left for a delivery."""

LONGEST_SECONDS = 400 * 86_400
"""How far ahead a call may end."""


class CallKind(Numbered):
    """What a call is: `ICallAuction.Kind`."""

    SALE = 0
    TENDER = 1
    AUCTION = 2


class Side(Numbered):
    """Which side an order is on: `ICallAuction.Side`."""

    BID = 0
    ASK = 1


@dataclass(frozen=True)
class Ladder:
    """Prices of one currency, in its smallest unit per lot: `ICallAuction.Ladder`."""

    currency: str
    first_price: int
    increment: int

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> Ladder:
        """From the struct as the ABI names it."""
        return cls(struct["currency"], struct["firstPrice"], struct["increment"])

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        return (self.currency, self.first_price, self.increment)

    def price_at(self, step: int) -> int:
        """The price of a lot at a step: `first_price + step * increment`."""
        return self.first_price + step * self.increment


@dataclass(frozen=True)
class Wanted:
    """What an order asks for: a side, a quantity, its limit as a step, and a ladder.

    `quantity` is in lots; in a call by amount it is money, in smallest units.
    """

    side: Side
    quantity: int
    step: int = 0
    ladder: int = 0

    def encodable(self) -> tuple[object, ...]:
        """The arguments in order."""
        return (int(self.side), self.quantity, self.step, self.ladder)


NO_LADDER = Ladder(ZERO_ADDRESS, 0, 0)
"""What stands in the place of a second currency where there is none."""


@dataclass(frozen=True)
class CallTerms:
    """The terms of a call: `ICallAuction.Terms`. Times are Unix seconds, shares smallest units."""

    opener: str
    salt: bytes
    kind: CallKind
    token: str
    lot: int
    principal: str
    mint: bool
    by_amount: bool
    lots: int
    least_lots: int
    budget: int
    ladders: tuple[Ladder, Ladder]
    steps: int
    opens_at: int
    withdraw_until: int
    closes_at: int
    close_by: int
    accept_by: int
    settle_by: int
    return_until: int
    least_order: int
    most_per_person: int
    registry: str
    record_id: int
    entitled_lots: int
    entitled_shares: int
    valuer: str
    fee_to: str
    fee_bps: int
    delivery_gas: int
    take_until: int
    sweep_to: str
    document_hash: bytes

    @classmethod
    def of(cls, struct: Mapping[str, Any]) -> CallTerms:
        """From the struct as the ABI names it, as `Opened` has it."""
        first, second = (Ladder.of(one) for one in struct["ladders"])
        return cls(
            opener=struct["opener"],
            salt=bytes(struct["salt"]),
            kind=CallKind(struct["kind"]),
            token=struct["token"],
            lot=struct["lot"],
            principal=struct["principal"],
            mint=bool(struct["mint"]),
            by_amount=bool(struct["byAmount"]),
            lots=struct["lots"],
            least_lots=struct["leastLots"],
            budget=struct["budget"],
            ladders=(first, second),
            steps=struct["steps"],
            opens_at=struct["opensAt"],
            withdraw_until=struct["withdrawUntil"],
            closes_at=struct["closesAt"],
            close_by=struct["closeBy"],
            accept_by=struct["acceptBy"],
            settle_by=struct["settleBy"],
            return_until=struct["returnUntil"],
            least_order=struct["leastOrder"],
            most_per_person=struct["mostPerPerson"],
            registry=struct["registry"],
            record_id=struct["recordId"],
            entitled_lots=struct["entitledLots"],
            entitled_shares=struct["entitledShares"],
            valuer=struct["valuer"],
            fee_to=struct["feeTo"],
            fee_bps=struct["feeBps"],
            delivery_gas=struct["deliveryGas"],
            take_until=struct["takeUntil"],
            sweep_to=struct["sweepTo"],
            document_hash=bytes(struct["documentHash"]),
        )

    @property
    def is_valued(self) -> bool:
        """Whether the price comes from outside."""
        return self.valuer != ZERO_ADDRESS

    @property
    def has_two_currencies(self) -> bool:
        """Whether bids may be in a second currency."""
        return self.ladders[1].currency != ZERO_ADDRESS

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies of its ladders."""
        return tuple(one.currency for one in self.ladders if one.currency != ZERO_ADDRESS)

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sides on which people order: not the principal's."""
        sides = {CallKind.SALE: (Side.BID,), CallKind.TENDER: (Side.ASK,)}
        return sides.get(self.kind, (Side.BID, Side.ASK))

    @property
    def last_step(self) -> int:
        """The step with the highest price."""
        return self.steps - 1

    def encodable(self) -> tuple[object, ...]:
        """The struct's fields in order."""
        return (
            self.opener,
            self.salt,
            int(self.kind),
            self.token,
            self.lot,
            self.principal,
            self.mint,
            self.by_amount,
            self.lots,
            self.least_lots,
            self.budget,
            [ladder.encodable() for ladder in self.ladders],
            self.steps,
            self.opens_at,
            self.withdraw_until,
            self.closes_at,
            self.close_by,
            self.accept_by,
            self.settle_by,
            self.return_until,
            self.least_order,
            self.most_per_person,
            self.registry,
            self.record_id,
            self.entitled_lots,
            self.entitled_shares,
            self.valuer,
            self.fee_to,
            self.fee_bps,
            self.delivery_gas,
            self.take_until,
            self.sweep_to,
            self.document_hash,
        )
