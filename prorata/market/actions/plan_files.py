# SPDX-License-Identifier: MIT
"""The plan of a distribution in shares, as it is kept beside the journal.

It is written before anything is sent, and a repetition goes by it: who is entitled to what was
fixed when it was written. Its hash is the document of the distribution, so that whoever has the
file can hold the chain against it. Amounts are smallest units, as text; fractions are exact.

    deployments/<chain id>/<symbol>/actions/split-record-4.json
"""

from __future__ import annotations

import json
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from prorata.files.writer import write_json
from prorata.market.actions.entitlements import Entitled, Entitlements
from prorata.market.actions.kept_plans import FOLDER, Units, read_kept_plan

__all__ = ["PlannedLine", "SharePlan", "read_plan", "write_plan"]

Exact = Annotated[Fraction, BeforeValidator(Fraction), PlainSerializer(str)]


class PlannedLine(BaseModel):
    """What one holder gets: `paid` by the vault, `topped_up` and `in_lieu` to its wallet."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    holder: str
    held: Units
    shares: Units
    paid: Units
    fraction: Exact
    in_lieu: Units

    @property
    def topped_up(self) -> int:
        """Units beside what the vault pays."""
        return self.shares - self.paid


class SharePlan(BaseModel):
    """New shares for the holders of a record.

    `given` is the token whose shares are handed out, `ratio` what one share of it stands for in
    words, `amount` what the vault divides, `carried_in` the part of it that the vault has. `unpaid`
    are holders who were listed as waiting. `currency` is what fractions are paid in, at
    `fraction_price` for a whole share; neither is there if fractions stay in the vault.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    action: str
    ratio: str
    token: str
    record: int
    given: str
    vault: str
    minted: bool
    eligible: Units
    amount: Units
    carried_in: Units
    excluded: tuple[str, ...]
    unpaid: tuple[str, ...]
    currency: str | None
    fraction_price: Units
    lines: tuple[PlannedLine, ...]

    @property
    def received(self) -> int:
        """What is paid in to the vault."""
        return self.amount - self.carried_in

    @property
    def shares(self) -> int:
        """What all holders together get."""
        return sum(line.shares for line in self.lines)

    @property
    def topped_up(self) -> int:
        """What goes to wallets beside what the vault pays."""
        return sum(line.topped_up for line in self.lines)

    @property
    def remainder(self) -> int:
        """What the vault keeps for the next distribution of these shares."""
        return self.amount - sum(line.paid for line in self.lines)

    @property
    def fractions(self) -> Fraction:
        """What is rounded off for all holders together, in smallest units."""
        return sum((line.fraction for line in self.lines), Fraction(0))

    @property
    def in_lieu(self) -> int:
        """Money for fractions, for all holders together."""
        return sum(line.in_lieu for line in self.lines)

    @property
    def digest(self) -> bytes:
        """The hash of the whole plan: the document of its distribution."""
        return sha256(_text(self.model_dump(mode="json")).encode()).digest()

    @property
    def id(self) -> str:
        """What the journal calls it."""
        return self.digest.hex()[:16]

    @property
    def name(self) -> str:
        """The name of its file."""
        return _name(self.action, self.record)


def lines_of(found: Entitlements, in_lieu: dict[str, int] | None = None) -> tuple[PlannedLine, ...]:
    """The lines of a plan, with the money for fractions by holder."""
    money = in_lieu or {}
    return tuple(_line(line, money.get(line.holder, 0)) for line in found.lines)


def _line(line: Entitled, money: int) -> PlannedLine:
    return PlannedLine(
        holder=line.holder,
        held=line.held,
        shares=line.shares,
        paid=line.paid,
        fraction=line.fraction,
        in_lieu=money,
    )


def read_plan(folder: Path, action: str, record: int) -> SharePlan | None:
    """The plan of an action at a record; None where there is none.

    Raises: InputError when the file is damaged.
    """
    return read_kept_plan(SharePlan, folder / FOLDER / _name(action, record))


def write_plan(folder: Path, plan: SharePlan) -> Path:
    """Write a plan beside the journal; where it is."""
    path = folder / FOLDER / plan.name
    write_json(path, plan.model_dump(mode="json"))
    return path


def _name(action: str, record: int) -> str:
    return f"{action}-record-{record}.json"


def _text(content: Any) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"))
