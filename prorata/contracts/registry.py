# SPDX-License-Identifier: MIT
"""The register of investors (`InvestorRegistry`) and the keeper of lock-up lots (`LockUps`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from prorata.chain.calls import Call
from prorata.contracts.base import BoundContract, OwnedContract
from prorata.errors import ChainError, InputError
from prorata.values.words import counted

__all__ = ["Investor", "InvestorRegistry", "LockUps"]


@dataclass(frozen=True)
class Investor:
    """What a registry knows of the person behind a wallet; see `InvestorLib.sol` for the packing.

    `country` is ISO 3166-1 numeric, `eligible_until` the last Unix second at which the person may
    receive shares. Person 0 is nobody. `lost` marks a wallet that has a successor: it is not
    eligible, and `former_until` is what it has again if the loss is undone.
    """

    person: int
    country: int
    investor_class: int
    eligible_until: int
    lost: bool = False
    former_until: int = 0

    @property
    def found(self) -> Investor:
        """The same as if the wallet had not been lost."""
        if not self.lost:
            return self
        return replace(self, eligible_until=self.former_until, lost=False, former_until=0)

    @property
    def packed(self) -> int:
        """The fields in one word.

        Raises: InputError when one does not fit its bits.
        """
        word = 0
        for name, place, bits in _INVESTOR_FIELDS:
            value = int(getattr(self, name))
            if not 0 <= value < 2**bits:
                raise InputError.of(name, value, f"does not fit {bits} bits", "give a smaller one")
            word |= value << place
        return word

    @classmethod
    def unpack(cls, word: int) -> Investor:
        """From one word, whatever its spare bits."""
        person, country, investor_class, until, lost, former = (
            (word >> place) % 2**bits for _, place, bits in _INVESTOR_FIELDS
        )
        return cls(person, country, investor_class, until, bool(lost), former)


_INVESTOR_FIELDS = (
    ("person", 0, 48),
    ("country", 48, 16),
    ("investor_class", 64, 8),
    ("eligible_until", 72, 48),
    ("lost", 120, 1),
    ("former_until", 121, 48),
)


# ------------------------------------------------------------------------------ who may hold, how


class InvestorRegistry(OwnedContract):
    """Who may hold the shares of an issuer, and how much each person holds."""

    CONTRACT = "InvestorRegistry"
    OWNED, AGENT = "the register", "registrar"

    def investor_of(self, wallet: str) -> Investor:
        """What is known of the person behind `wallet`."""
        return Investor.unpack(self._view("investorOf", wallet))

    def investors_of(self, wallets: Sequence[str]) -> list[Investor]:
        """`investor_of` for many at once."""
        words = self._views("investorOf", [(wallet,) for wallet in wallets])
        return [Investor.unpack(word) for word in words]

    def identity(self, wallet: str) -> str:
        """The identity contract of a wallet, or zero. Every ERC-3643 registry answers."""
        return str(self._view("identity", wallet))

    def is_verified(self, wallet: str) -> bool:
        """Whether `wallet` may receive shares now."""
        return bool(self._view("isVerified", wallet))

    def successor_of(self, wallet: str) -> str:
        """Who took the place of a lost wallet; zero if it is not confirmed as lost."""
        return str(self._view("successorOf", wallet))

    def present_wallet(self, wallet: str) -> str:
        """The wallet that stands in the place of `wallet` now: itself, if it was not lost."""
        while self.investor_of(wallet).lost:
            wallet = self.successor_of(wallet)
        return wallet

    @property
    def is_ours(self) -> bool:
        """Whether it is a registry of this make, which answers what ERC-3643 does not ask."""
        try:
            self.tokens()
        except ChainError:
            return False
        return True

    def tokens(self) -> list[str]:
        """The tokens bound so far."""
        return list(self._view("tokens"))

    def count_keeper(self, token: str) -> str:
        """The rules contract that keeps the count of a token's holders; zero if none does."""
        return str(self._view("countKeeper", token))

    def holding_of(self, token: str, person: int) -> int:
        """How much a person holds over all wallets, where persons are counted."""
        return int(self._view("holdingOf", token, person))

    def holdings_of(self, token: str, persons: Sequence[int]) -> list[int]:
        """`holding_of` for many at once."""
        return self._views("holdingOf", [(token, person) for person in persons])

    def holder_count(self, token: str) -> int:
        """How many persons hold a token, where persons are counted."""
        return int(self._view("holderCount", token))

    def holder_count_in(self, token: str, country: int) -> int:
        """How many persons of a country hold a token."""
        return int(self._view("holderCountIn", token, country))

    def holder_count_of(self, token: str, investor_class: int) -> int:
        """How many persons of a class hold a token."""
        return int(self._view("holderCountOf", token, int(investor_class)))

    def holder_count_of_in(self, token: str, investor_class: int, country: int) -> int:
        """How many persons of a class and a country hold a token."""
        return int(self._view("holderCountOfIn", token, int(investor_class), country))

    def register(self, wallets: Sequence[str], investors: Sequence[Investor]) -> Call:
        """Register wallets, or change what is known of them. Agents only."""
        words = [investor.packed for investor in investors]
        return self._write(
            "register", list(wallets), words, label=f"register {counted(len(words), 'wallet')}"
        )

    def delete(self, wallet: str) -> Call:
        """Remove a wallet, which must hold nothing that is counted. Agents only."""
        return self._write("deleteIdentity", wallet, label=f"remove {wallet} from the register")

    def bind_token(self, token: str) -> Call:
        """Let the holders of `token` be counted, and let it report losses. Owner only."""
        return self._write("bindToken", token, label=f"bind {token} to the register")

    def unbind_token(self, token: str) -> Call:
        """End that, and forget the count. Owner only."""
        return self._write("unbindToken", token, label=f"unbind {token} from the register")

    def confirm_loss(self, lost: str, successor: str) -> Call:
        """Confirm for all assets that a wallet takes the place of a lost one. Agents only."""
        label = f"confirm that {lost} is lost and {successor} takes its place"
        return self._write("confirmLoss", lost, successor, label=label)

    def undo_loss(self, lost: str) -> Call:
        """Undo that: what was known of the wallet is known again. Agents only."""
        return self._write("undoLoss", lost, label=f"undo the loss of {lost}")

    def count(self, token: str, wallets: Sequence[str]) -> Call:
        """Count the persons behind a page of wallets in ascending order. Agents only."""
        label = f"count the holders of {token}"
        return self._write("count", token, list(wallets), label=label)


class LockUps(BoundContract):
    """Which shares of a wallet may not be sold yet."""

    CONTRACT = "LockUps"

    def locked(self, token: str, wallet: str) -> tuple[int, int]:
        """Shares that are locked now, and when the next of them are released; 0 for none."""
        amount, next_release = self._view("locked", token, wallet)
        return int(amount), int(next_release)
