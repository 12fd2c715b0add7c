# SPDX-License-Identifier: MIT
"""Orders as files: signed, carried by mail, and read again.

    {"prorata": "order", "version": 1, "chain_id": …, "settlement": "0x…",
     "order": {"maker": …, "side": "sell", "gives": …, "takes": …, …},
     "digest": "0x…", "signature": "0x…", "permit": null}

`signature` is null until somebody has signed. A `permit` is the maker's allowance for its side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from prorata.chain.types import Chain
from prorata.contracts.trade_settlement import (
    SignedPermit,
    TradeOrder,
    order_digest,
    order_message,
)
from prorata.errors import InputError
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
    token_unit,
    write_paper,
)
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Unit
from prorata.values.times import moment

__all__ = ["SIGN_ANEW", "SignedOrder", "order_content", "read_order", "write_order"]

SIGN_ANEW = "ask its maker for the file as `prorata order sign` wrote it, or for a new order"

MOST_BPS = 10_000


@dataclass(frozen=True)
class SignedOrder:
    """An order for one settlement contract of one chain, with what its tokens are called.

    `signature` is empty until somebody has signed.
    """

    order: TradeOrder
    chain_id: int
    settlement: str
    give_unit: Unit
    take_unit: Unit
    signature: bytes = b""
    permit: SignedPermit | None = None

    @classmethod
    def of(
        cls, chain: Chain, settlement: str, order: TradeOrder, signature: bytes = b""
    ) -> SignedOrder:
        """An order with its tokens' own words. Raises: ChainError."""
        units = token_unit(chain, order.give), token_unit(chain, order.take)
        return cls(order, chain.chain_id, settlement, *units, signature)

    @property
    def share_unit(self) -> Unit:
        """How shares are written."""
        return self.take_unit if self.order.maker_pays else self.give_unit

    @property
    def money_unit(self) -> Unit:
        """How money is written."""
        return self.give_unit if self.order.maker_pays else self.take_unit

    @property
    def message(self) -> dict[str, Any]:
        """The typed data that its maker signs."""
        return order_message(self.order, self.chain_id, self.settlement)

    @property
    def digest(self) -> bytes:
        """What is signed."""
        return order_digest(self.order, self.chain_id, self.settlement)


# ---------------------------------------------------------------------------------------- the file


def write_order(path: Path, signed: SignedOrder) -> None:
    """Write the file, whole or not at all.

    Raises: InputError when it cannot be written.
    """
    write_paper(path, order_content(signed))


def order_content(signed: SignedOrder) -> dict[str, Any]:
    """What the file says."""
    order, permit = signed.order, signed.permit
    return {
        "prorata": "order",
        "version": 1,
        "chain_id": signed.chain_id,
        "settlement": signed.settlement,
        "order": {
            "maker": order.maker,
            "taker": None if order.taker == ZERO_ADDRESS else order.taker,
            "side": "buy" if order.maker_pays else "sell",
            "gives": token_amount(order.give, signed.give_unit, order.give_amount),
            "takes": token_amount(order.take, signed.take_unit, order.take_amount),
            "least_fill": token_amount(order.give, signed.give_unit, order.least_fill),
            "valid_until": moment(order.valid_until),
            "nonce": str(order.nonce),
            "ends_with_record": _record(order),
            "venue": _part_of_money(order.fee_to, order.fee_bps),
            "tax": _part_of_money(order.tax_to, order.tax_bps),
        },
        "digest": f"0x{signed.digest.hex()}",
        "signature": f"0x{signed.signature.hex()}" if signed.signature else None,
        "permit": None if permit is None else permit_part(permit),
    }


def read_order(path: Path, chain: Chain, settlement: str) -> SignedOrder:
    """Read the file for this chain and this settlement contract.

    Raises: InputError when it cannot be read, is for another chain or contract, says something else
    than its digest, or calls a token what it is not; ChainError.
    """
    said = read_paper(path, _File, "order", SIGN_ANEW)
    elsewhere = f"give --settlement {said.settlement} if you trust that contract"
    require_place(
        "order",
        chain,
        chain_id=said.chain_id,
        contract=said.settlement,
        expected=settlement,
        remedy=elsewhere,
    )
    order = said.order.terms
    signature = said.signature or b""
    amounts = (said.order.gives, said.order.takes, said.order.least_fill)
    units = (amounts[0].unit, amounts[1].unit)
    signed = SignedOrder(order, said.chain_id, said.settlement, *units, signature)
    require_same_digest("digest", said.digest, signed.digest, SIGN_ANEW)
    require_units("order", chain, amounts)
    if said.permit is None:
        return signed
    permit = said.permit.signed
    if (permit.token, permit.owner) != (order.give, order.maker):
        rule = f"is whose permit stands in the file, and {order.maker} gives {order.give}"
        raise InputError.of("permit", f"{permit.owner} of {permit.token}", rule, SIGN_ANEW)
    return SignedOrder(order, said.chain_id, said.settlement, *units, signature, permit)


def _record(order: TradeOrder) -> Mapping[str, Any] | None:
    return {"token": order.record_token, "record": order.record} if order.record else None


def _part_of_money(receiver: str, bps: int) -> Mapping[str, Any] | None:
    if receiver == ZERO_ADDRESS and not bps:
        return None
    return {"to": receiver, "bps": bps}


# ------------------------------------------------------------------------------------- its members


class _Record(Part):
    token: Account
    record: Annotated[int, Field(ge=1, lt=2**32)]


class _PartOfMoney(Part):
    """Hundredths of a percent of the money, for somebody."""

    to: Account
    bps: Annotated[int, Field(ge=1, le=MOST_BPS)]


class _Order(Part):
    maker: Account
    taker: Account | None
    side: Literal["sell", "buy"]
    gives: TokenAmount
    takes: TokenAmount
    least_fill: TokenAmount
    valid_until: Moment
    nonce: Number
    ends_with_record: _Record | None
    venue: _PartOfMoney | None
    tax: _PartOfMoney | None

    @property
    def terms(self) -> TradeOrder:
        """As the contract has it.

        Raises: InputError when a number does not fit its place there.
        """
        ends, venue, tax = self.ends_with_record, self.venue, self.tax
        for name, amount in (("gives", self.gives), ("takes", self.takes)):
            _require_fits(name, amount.units, 128)
            if not amount.units:
                raise InputError.of(name, amount.amount, "is nothing", SIGN_ANEW)
        _require_fits("nonce", self.nonce, 64)
        if (self.least_fill.token, self.least_fill.unit) != (self.gives.token, self.gives.unit):
            rule = f"is the token of least_fill, and {self.gives.token} is given"
            raise InputError.of("least_fill", self.least_fill.token, rule, SIGN_ANEW)
        _require_fits("least_fill", self.least_fill.units, 128)
        return TradeOrder(
            maker=self.maker,
            taker=self.taker or ZERO_ADDRESS,
            give=self.gives.token,
            take=self.takes.token,
            give_amount=self.gives.units,
            take_amount=self.takes.units,
            least_fill=self.least_fill.units,
            valid_until=self.valid_until,
            nonce=self.nonce,
            record_token=ZERO_ADDRESS if ends is None else ends.token,
            record=0 if ends is None else ends.record,
            maker_pays=self.side == "buy",
            fee_to=ZERO_ADDRESS if venue is None else venue.to,
            fee_bps=0 if venue is None else venue.bps,
            tax_to=ZERO_ADDRESS if tax is None else tax.to,
            tax_bps=0 if tax is None else tax.bps,
        )


class _File(Part):
    """The whole file."""

    prorata: Literal["order"]
    version: Literal[1]
    chain_id: int
    settlement: Account
    order: _Order
    digest: Bytes
    signature: Bytes | None
    permit: PermitPart | None


def _require_fits(column: str, value: int, bits: int) -> None:
    if value >> bits:
        raise InputError.of(column, value, f"does not fit {bits} bits", SIGN_ANEW)
