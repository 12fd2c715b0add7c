# SPDX-License-Identifier: MIT
"""The classes of assets that can be played, by name: each from the files of its template."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from prorata.demo.building import Demo
from prorata.demo.chain import DemoChain
from prorata.demo.narration import Narrator
from prorata.demo.plays.carbon import CarbonPlay
from prorata.demo.plays.equity import EquityPlay
from prorata.demo.plays.fund import FundPlay
from prorata.demo.plays.gold import GoldPlay
from prorata.demo.plays.loans import LoansPlay
from prorata.demo.plays.note import NotePlay
from prorata.errors import InputError
from prorata.ledger.audits import Audit

__all__ = ["BUILDING", "PLAYS", "Played", "play_of"]

BUILDING = "building"


class Played(Protocol):
    """One story, which can be told once."""

    def play(self) -> Audit:
        """Tell it all and write the files."""


class Play(Protocol):
    """What makes a story: where it is played, who tells it, where its files go, and its seed."""

    def __call__(
        self, demo_chain: DemoChain, narrator: Narrator, out: Path, seed: int, /
    ) -> Played: ...


PLAYS: Mapping[str, Play] = {
    BUILDING: Demo,
    NotePlay.NAME: NotePlay,
    LoansPlay.NAME: LoansPlay,
    FundPlay.NAME: FundPlay,
    GoldPlay.NAME: GoldPlay,
    CarbonPlay.NAME: CarbonPlay,
    EquityPlay.NAME: EquityPlay,
}


def play_of(name: str) -> Play:
    """The play of a class.

    Raises: InputError when there is none of that name.
    """
    if name not in PLAYS:
        remedy = f"choose one of {', '.join(PLAYS)}"
        raise InputError.of("class", name, "is no class of assets that can be played", remedy)
    return PLAYS[name]
