# SPDX-License-Identifier: MIT
"""What the service answers with, and what OpenAPI says of it.

Amounts are whole numbers of smallest units, as text, since many readers round large numbers;
addresses are EIP-55, times ISO 8601 in UTC.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from prorata.service.audits import Audited
from prorata.store.asof import AsOf
from prorata.values.amounts import Unit, plain_text
from prorata.values.times import iso

__all__ = [
    "Address",
    "AmountModel",
    "Answer",
    "Hash",
    "Model",
    "Moment",
    "Page",
    "Time",
    "amount_model",
    "moment_model",
    "time_model",
]

Address = Annotated[str, Field(pattern="^0x[0-9a-fA-F]{40}$", description="An address, EIP-55.")]
Hash = Annotated[str, Field(pattern="^0x[0-9a-f]{64}$", description="32 bytes.")]
Time = Annotated[
    str, Field(description="A second in UTC, ISO 8601.", examples=["2027-03-31T23:59:59Z"])
]


class Model(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AmountModel(Model):
    """An amount of a currency, or of shares."""

    units: str = Field(
        pattern="^-?[0-9]+$",
        description="Smallest units. The exact amount; reckon with this one.",
        examples=["85000000000"],
    )
    text: str | None = Field(
        description="For people, with thousands separators; null where the decimals are unknown.",
        examples=["85,000.00"],
    )
    decimals: int | None = Field(
        description="How many digits of `units` stand behind the point.", examples=[6]
    )
    currency: str | None = Field(
        description="The currency's symbol, of shares the token's; null where it is unknown.",
        examples=["USD"],
    )
    address: Address | None = Field(
        default=None, description="The currency's contract; null for shares and the chain's coin."
    )


class Moment(Model):
    """Of which moment an answer is: after the last event of a block."""

    block: int = Field(description="The block's number.")
    hash: Hash | None = Field(description="Its hash; null where the ledger keeps no header of it.")
    time: Time | None = Field(description="Its time; null where the ledger keeps no header of it.")
    final: bool = Field(description="Whether it can no longer be replaced.")
    seq: int = Field(description="How many changes the ledger of the chain had seen.")
    epoch: str = Field(description="Which history of changes `seq` counts.")
    verified_to: int = Field(description="To this block every log was read twice, and was alike.")
    audited_to: int | None = Field(
        description="The block of the last audit, in which all books were made anew and compared "
        "with the contracts; null where the service knows of none."
    )
    audit: Literal["balanced", "differs"] | None = Field(
        description="What it found; null where the service knows of none."
    )


class Answer(Model):
    """What every answer about an asset begins with."""

    as_of: Moment = Field(description="Of which moment this is.")
    incomplete: bool = Field(
        description="Whether the ledger had not read all that it knew to be there, so that a "
        "newer moment could have been given."
    )
    disputed: bool = Field(
        description="Whether the last audit of the asset found a difference: until one finds none, "
        "no figure here is sure."
    )


class Page(Answer):
    """A page. All pages that its cursors lead to are of its moment."""

    next: str | None = Field(
        description="The cursor of the next page, for `cursor`; null after the last page."
    )


def amount_model(units: int, unit: Unit | None, address: str | None = None) -> AmountModel:
    """So many smallest units."""
    if unit is None:
        return AmountModel(
            units=str(units), text=None, decimals=None, currency=None, address=address
        )
    return AmountModel(
        units=str(units),
        text=plain_text(units, unit.decimals),
        decimals=unit.decimals,
        currency=unit.symbol,
        address=address,
    )


def time_model(second: int) -> str | None:
    """A Unix second; None for no time."""
    return iso(second) or None


def moment_model(then: AsOf, audited: Audited | None = None) -> Moment:
    """A moment of the ledger, and what the asset's last audit said."""
    return Moment(
        block=then.block,
        hash=then.hash or None,
        time=time_model(then.time),
        final=then.final,
        seq=then.seq,
        epoch=then.epoch,
        verified_to=then.verified_to,
        audited_to=None if audited is None else audited.block,
        audit=None if audited is None else "balanced" if audited.balanced else "differs",
    )
