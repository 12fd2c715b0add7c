# SPDX-License-Identifier: MIT
"""The plan of a conversion, a reverse split or a merger, as it is kept beside the journal.

It is written before anything is sent, and a repetition goes by it, so that words such as `+2d` mean
the same time in every run.

    deployments/<chain id>/<symbol>/actions/reverse-split.json
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from prorata.files.writer import write_json
from prorata.market.actions.kept_plans import FOLDER, Units, read_kept_plan

__all__ = ["ConversionPlan", "read_conversion", "write_conversion"]


class ConversionPlan(BaseModel):
    """All shares of an asset become shares of another one, `symbol`.

    `ratio` is what becomes of what: `1:10` makes one share of ten. With `deploys`, the other token
    is part of the plan. `fraction_price` is for a whole share, `cash` for a whole share that is
    given, both in the smallest unit of `currency`. Times are Unix seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: str
    ratio: str
    token: str
    symbol: str
    name: str
    deploys: bool
    other: str | None
    currency: str
    fraction_price: Units
    cash: Units
    opens_at: int
    closes_at: int
    reason: str
    document_hash: str
    document: str

    @property
    def words(self) -> str:
        """What names the exchange in the journal."""
        content = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return f"{self.action}/{sha256(content.encode()).hexdigest()}"


def read_conversion(folder: Path, action: str) -> ConversionPlan | None:
    """The plan of this action; None where there is none.

    Raises: InputError when the file is damaged.
    """
    return read_kept_plan(ConversionPlan, folder / FOLDER / f"{action}.json")


def write_conversion(folder: Path, plan: ConversionPlan) -> Path:
    """Write a plan beside the journal; where it is."""
    path = folder / FOLDER / f"{plan.action}.json"
    write_json(path, plan.model_dump(mode="json"))
    return path
