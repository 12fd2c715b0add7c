# SPDX-License-Identifier: MIT
"""People as the office knows them, and as a file names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["GivenWallet", "Person", "Taken"]


@dataclass(frozen=True, slots=True)
class GivenWallet:
    """A wallet by its address in EIP-55, and whose a file says it is.

    `person` is the file's number of who has several.
    """

    address: str
    name: str
    kind: str = ""
    country: int | None = None
    person: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody by the office's random number, with every wallet: its chain's id and its address."""

    id: str
    name: str
    kind: str
    country: int | None
    wallets: tuple[tuple[int, str], ...]

    def on(self, chain_id: int) -> tuple[str, ...]:
        """The addresses on one chain."""
        return tuple(address for chain, address in self.wallets if chain == chain_id)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the wallets of a file; `erased` are those of people who were erased before."""

    new: int
    changed: int
    unchanged: int
    erased: Sequence[str] = ()
