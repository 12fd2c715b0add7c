# SPDX-License-Identifier: MIT
"""The holds of a chain, from the contract's events, with what each of them can come to now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from prorata.chain.abi import topics_of
from prorata.chain.events import stream_events
from prorata.chain.node import RpcChain
from prorata.contracts.base import BoundContract
from prorata.contracts.currency import Currency
from prorata.contracts.holds import Consent, Hold, Holds, HoldState
from prorata.deployments.create2 import creation_block
from prorata.files.writer import json_object
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import Unit
from prorata.values.times import moment

__all__ = ["ListedHold", "ListedKeeper", "list_holds", "list_keepers", "shown_secret"]


@dataclass(frozen=True)
class ListedHold:
    """A hold as it is now: `opened_at` in Unix seconds, `secret` once it was shown."""

    id: bytes
    terms: Hold
    unit: Unit
    state: HoldState
    in_custody: bool
    opened_at: int
    secret: bytes | None
    redirected_to: str | None

    @property
    def receiver(self) -> str:
        """Who is to have it."""
        return self.redirected_to or self.terms.to

    @property
    def is_alive(self) -> bool:
        """Whether something can still come of it."""
        return self.state in (HoldState.OPEN, HoldState.CLAIMED)

    @property
    def where(self) -> str:
        """Where what is held is, or was."""
        return "in the contract's care" if self.in_custody else "locked in the wallet"

    def next_step(self, now: int) -> str:
        """What can be done with it at a second."""
        terms = self.terms
        if self.state is HoldState.OPEN and now <= terms.until:
            return f"claim with the secret until {moment(terms.until)}; {terms.to} may release"
        if self.state is HoldState.OPEN:
            return f"release, by {terms.owner}: nobody claimed in time"
        if self.state is HoldState.CLAIMED:
            return f"deliver, by anyone, once the token lets it; redirect, by {terms.to}"
        return "nothing: it has ended"

    def as_json(self, now: int) -> dict[str, Any]:
        """For a program."""
        terms = self.terms
        return json_object(
            {
                "id": f"0x{self.id.hex()}",
                "state": self.state.label,
                "owner": terms.owner,
                "to": terms.to,
                "redirected_to": self.redirected_to,
                "asset": terms.asset,
                "amount": self.unit.amount(terms.amount, terms.asset),
                "lock": f"0x{terms.lock.hex()}",
                "until": moment(terms.until),
                "in_custody": self.in_custody,
                "opened_at": moment(self.opened_at),
                # It is public: the chain shows it to everybody.
                "shown_secret": None if self.secret is None else f"0x{self.secret.hex()}",
                "next": self.next_step(now),
            }
        )


@dataclass(frozen=True)
class ListedKeeper:
    """What an owner allows a keeper now, and what is kept."""

    keeper: str
    asset: str
    owner: str
    unit: Unit
    consent: Consent

    def next_step(self, now: int) -> str:
        """What can be done with it at a second."""
        consent, unit = self.consent, self.unit
        if now > consent.until:
            return f"take back, by {self.owner}" if consent.kept else "nothing: it has ended"
        more = unit.amount(max(consent.most - consent.kept, 0)).text
        doing = f"hold {more} more, by {self.keeper}"
        return f"{doing}; deliver or let go" if consent.kept else doing

    def as_json(self, now: int) -> dict[str, Any]:
        """For a program."""
        consent = self.consent
        return json_object(
            {
                "keeper": self.keeper,
                "owner": self.owner,
                "asset": self.asset,
                "most": self.unit.amount(consent.most, self.asset),
                "kept": self.unit.amount(consent.kept, self.asset),
                "until": moment(consent.until) if consent.until else None,
                "in_custody": consent.in_custody,
                "next": self.next_step(now),
            }
        )


def list_holds(
    holds: Holds, *, asset: str | None = None, party: str | None = None
) -> list[ListedHold]:
    """Every hold for a secret, oldest first: of one asset, or of one owner or receiver, if asked.

    Raises: ChainError.
    """
    opened: dict[bytes, tuple[Hold, int]] = {}
    secrets: dict[bytes, bytes] = {}
    elsewhere: dict[bytes, str] = {}
    for event, at in _events(holds, "Held", "Claimed", "Redirected"):
        hold_id = bytes(event.args["id"])
        if event.name == "Held":
            opened[hold_id] = (Hold.of(event.args["terms"]), at)
        elif event.name == "Claimed":
            secrets[hold_id] = bytes(event.args["secret"])
        else:
            elsewhere[hold_id] = str(event.args["to"])
    wanted = {
        hold_id: (terms, at)
        for hold_id, (terms, at) in opened.items()
        if asset in (None, terms.asset)
        and (party is None or party in (terms.owner, terms.to, elsewhere.get(hold_id)))
    }
    units = _units(holds, (terms.asset for terms, _ in wanted.values()))
    states = holds.states_of(list(wanted))
    return [
        ListedHold(
            hold_id,
            terms,
            units[terms.asset],
            state,
            in_custody,
            at,
            secrets.get(hold_id),
            elsewhere.get(hold_id),
        )
        for (hold_id, (terms, at)), (state, in_custody) in zip(wanted.items(), states, strict=True)
    ]


def list_keepers(
    holds: Holds, *, asset: str | None = None, party: str | None = None
) -> list[ListedKeeper]:
    """Every consent to a keeper that stands, or under which something is kept.

    Raises: ChainError.
    """
    named = dict.fromkeys(
        (str(e.args["keeper"]), str(e.args["asset"]), str(e.args["owner"]))
        for e, _ in _events(holds, "KeeperSet")
    )
    wanted = [
        row
        for row in named
        if asset in (None, row[1]) and (party is None or party in (row[0], row[2]))
    ]
    units = _units(holds, (row[1] for row in wanted))
    return [
        ListedKeeper(keeper, of, owner, units[of], consent)
        for (keeper, of, owner), consent in zip(wanted, holds.consents_of(wanted), strict=True)
        if consent.most or consent.kept
    ]


def shown_secret(holds: Holds, hold_id: bytes, since: int) -> tuple[bytes, int] | None:
    """The secret that a claim of the hold has shown, and in which block; None if there is none.

    It is looked for from the block `since` on.

    Raises: ChainError.
    """
    chain = holds.chain
    [topic] = topics_of(holds.CONTRACT, "Claimed")
    last = chain.block().number
    for log in chain.logs([holds.address], min(since, last), last, [topic, hold_id]):
        return bytes(log.data[:32]), log.block_number
    return None


def _events(holds: Holds, *names: str) -> Iterator[Any]:
    chain, topics = holds.chain, topics_of(holds.CONTRACT, *names)
    first = creation_block(chain, holds.address) if isinstance(chain, RpcChain) else 0
    return stream_events(chain, [holds.address], first, chain.block().number, topics)


def _units(holds: BoundContract, assets: Iterable[str]) -> dict[str, Unit]:
    return {asset: Currency(holds.chain, asset).unit for asset in set(assets) - {ZERO_ADDRESS}}
