# SPDX-License-Identifier: MIT
"""Who earns in a distribution: one answer for previews, pushes, books and reports.

Two kinds of accounts are excluded, so that their shares are no part of the number that the amount
is divided by: those that the terms name, and the vault itself, once it has paid out the very shares
whose holders it is to pay. What it holds of them are shares that somebody has not claimed yet. What
the vault has paid out follows from its events, and from what the currencies say of themselves
(ERC-165): from the first declaration in a share token on, it is paid out.

That counts at the moment at which the number of shares is fixed. For a record that has closed, that
is the declaration, before its own currency is noted. Else it is the first payment, or attempt of
one, the sweep, or the last page of `fixEligible`; until then the number is what it would be now.

A vault that is not excluded counts as a holder, but nobody can be paid for it: its part stays there
until a sweep.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from prorata.apportion import Apportionment, apportion
from prorata.chain.abi import topics_of
from prorata.chain.calls import DecodedEvent
from prorata.chain.events import stream_events
from prorata.contracts.currency import Currency
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import Distribution, Reason, settlements
from prorata.deployments.deployment import Deployment

__all__ = ["Earners", "OwnShares", "earners_expected", "earners_of"]

_COUNTING = ("Claimed", "ClaimedMany", "EligibleCounted", "Skipped", "Swept")

# A push that comes so far has asked how many shares earn.
_TRIED = (Reason.PAYMENT_FAILED, Reason.POLICY_FAILED)


@dataclass(frozen=True)
class Earners:
    """Who earns in one distribution; `excluded` are those whose shares do not count."""

    vault: str
    excluded: frozenset[str]

    def among(self, balances: Mapping[str, int]) -> dict[str, int]:
        """Those of `balances` who can be paid."""
        outside = self.excluded | {self.vault}
        return {account: held for account, held in balances.items() if account not in outside}

    def divide(self, amount: int, balances: Mapping[str, int]) -> Apportionment[str]:
        """What the law gives everyone; the remainder is all that nobody can be paid.

        Beside what flooring leaves over, that is the part of a vault that counts as a holder.

        Raises: NoEligibleShares; InputError.
        """
        law = apportion(amount, balances, self.excluded)
        nobodys = law.gross.get(self.vault, 0)
        if not nobodys:
            return law
        gross = {**law.gross, self.vault: 0}
        return replace(law, gross=gross, remainder=law.remainder + nobodys)


def _earners(vault: str, excluded: Iterable[str], *, has_paid_out: bool) -> Earners:
    return Earners(vault, frozenset(excluded) | ({vault} if has_paid_out else set()))


# ---------------------------------------------------------------------------------- from events


class OwnShares:
    """Of which distributions a vault is excluded itself, by its events in the chain's order.

    `share_tokens` are the currencies that say they are record tokens; others need not be known.
    """

    def __init__(self, vault: str, share_tokens: Iterable[str]) -> None:
        self.vault = vault
        self._share_tokens = frozenset(share_tokens)
        self._paid_out: set[str] = set()
        self._uncounted: dict[int, str] = {}
        """The share token of each distribution whose number of shares is not fixed."""
        self._excluded: set[int] = set()

    def declared(self, number: int, asset: str, *, record_open: bool) -> None:
        """Enter a distribution to holders of `asset`, before its currency is noted."""
        if record_open:
            self._uncounted[number] = asset
        elif asset in self._paid_out:
            self._excluded.add(number)

    def note(self, currency: str) -> list[int]:
        """Note what a distribution is declared in.

        Returns the ids of those that from now on are divided by another number.
        """
        if currency not in self._share_tokens or currency in self._paid_out:
            return []
        self._paid_out.add(currency)
        return [number for number, asset in self._uncounted.items() if asset == currency]

    def settled(self, event: DecodedEvent) -> None:
        """Enter an event that may tell that a number of shares is fixed."""
        if self._uncounted and event.name in _COUNTING:
            for number in _counted_by(event):
                asset = self._uncounted.pop(number, None)
                if asset in self._paid_out:
                    self._excluded.add(number)

    def is_counted(self, number: int) -> bool:
        """Whether the number of shares of a distribution is fixed."""
        return number not in self._uncounted

    def earners(self, number: int, excluded: Iterable[str]) -> Earners:
        """Who earns in a distribution whose terms exclude `excluded`."""
        has_paid_out = number in self._excluded or self._uncounted.get(number) in self._paid_out
        return _earners(self.vault, excluded, has_paid_out=has_paid_out)


def _counted_by(event: DecodedEvent) -> Iterator[int]:
    """The distributions whose number of shares is fixed once the event has happened."""
    args = event.args
    if event.name in ("Claimed", "ClaimedMany"):
        yield from (settled.distribution_id for settled in settlements([event]))
    elif event.name == "Skipped":
        if Reason(args["reason"]) in _TRIED:
            yield int(args["id"])
    elif event.name == "Swept" or (not int(args["accountsLeft"]) and int(args["eligible"])):
        yield int(args["id"])


# ------------------------------------------------------------------------------- of a deployment


def earners_of(deployment: Deployment, found: Distribution, balances: Mapping[str, int]) -> Earners:
    """Who earns in a distribution that was declared; `balances` are those at its record.

    Events are read only if the vault is among the holders and the terms do not exclude it.

    Raises: ChainError.
    """
    vault, excluded = deployment.vault().address, found.terms.excluded
    if not balances.get(vault) or vault in excluded:
        return _earners(vault, excluded, has_paid_out=False)
    chain, asset = deployment.chain, deployment.token().address
    closes_at = ShareToken(chain, found.token).record_time(found.record_id)
    own = OwnShares(vault, [asset] if Currency(chain, asset).is_share_token() else [])
    first, topics = deployment.manifest.first_block, topics_of("DividendVault", *_COUNTING)
    topics += topics_of("DividendVault", "Declared")
    for event, time in stream_events(chain, [vault], first, chain.block().number, topics):
        if event.name == "Declared":
            if int(event.args["id"]) == found.id:
                own.declared(found.id, asset, record_open=time <= closes_at)
            own.note(str(event.args["currency"]))
        own.settled(event)
    return own.earners(found.id, excluded)


def earners_expected(
    deployment: Deployment,
    excluded: Iterable[str],
    balances: Mapping[str, int],
    *,
    after: Iterable[str] = (),
) -> Earners:
    """Who would earn in a distribution that is declared after others in the currencies `after`.

    While a record is open, its own currency and those of all that are declared before it closes
    are among them.

    Raises: ChainError.
    """
    vault, outside = deployment.vault().address, frozenset(excluded)
    if not balances.get(vault) or vault in outside:
        return _earners(vault, outside, has_paid_out=False)
    asset = deployment.token().address
    is_currency = asset in after or deployment.vault().has_paid_out(asset)
    has_paid_out = is_currency and Currency(deployment.chain, asset).is_share_token()
    return _earners(vault, outside, has_paid_out=has_paid_out)
