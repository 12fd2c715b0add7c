# SPDX-License-Identifier: MIT
"""What one holder can still claim of each distribution, by the law of apportionment.

Shares at the record, or in the range of records, over the shares that earn: the supply less what
those excluded had. It is gross: a withholding policy is a contract, which is not asked here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from prorata.apportion import entitlement
from prorata.chain.calls import Event
from prorata.register.earning import OwnShares
from prorata.store import schema
from prorata.store.asof import AsOf, FollowedAsset
from prorata.store.at_records import AtRecord, Records
from prorata.store.flows import Declared, distributions
from prorata.store.log_events import stored_events, times_around

__all__ = ["STATES", "Claim", "claims_of"]

VAULT = "DividendVault"
STATES = (
    "claimable", "claimed", "not due", "expired", "swept", "record open", "refundable", "refunded",
    "nothing",
)  # fmt: skip
COUNTING = ("Claimed", "ClaimedMany", "EligibleCounted", "Skipped", "Swept")


@dataclass(frozen=True)
class Claim:
    """A distribution, and what of it is one holder's.

    `gross` is its part, paid or not; None until the record has closed. `left` is what it can still
    claim, now or once it is due. `state` is one of `STATES`; None where the ledger keeps no time of
    the block, and that would decide.
    """

    of: Declared
    shares: int | None
    eligible: int | None
    gross: int | None
    left: int | None
    state: str | None


def claims_of(connection: Connection, asset: FollowedAsset, then: AsOf, holder: str) -> list[Claim]:
    """Each distribution of an asset that was declared up to a moment, in order."""
    return _Claims(connection, asset, then, holder).read()


class _Claims:
    """One holder's, as of a moment."""

    def __init__(
        self, connection: Connection, asset: FollowedAsset, then: AsOf, holder: str
    ) -> None:
        self._connection, self._asset, self._then, self._holder = connection, asset, then, holder
        self._records = Records(connection, asset.id, asset.token, then)
        self._times = times_around(connection, then)
        self._own: dict[str, OwnShares] = {}

    def read(self) -> list[Claim]:
        declared = distributions(self._connection, self._asset.id, self._then.block)
        terms = {
            (event.log.address, int(event.args["id"])): event.args["terms"]
            for event, _ in self._events(("Declared",))
        }
        ended = {
            (event.log.address, int(event.args["id"])): event.name
            for event, _ in self._events(("Refunded", "Swept"))
        }
        settled = self._settled({one.source for one in declared})
        return [
            self._claim(
                one,
                frozenset(terms[one.vault, one.number]["excluded"]),
                ended.get((one.vault, one.number)),
                is_settled=(one.source, one.number) in settled,
            )
            for one in declared
        ]

    def _claim(
        self, one: Declared, excluded: frozenset[str], ended: str | None, *, is_settled: bool
    ) -> Claim:
        at = self._records.find(one.token, one.record)
        if at.stage == "cancelled":
            return Claim(one, None, None, 0, 0, "refunded" if ended else "refundable")
        if not at.is_closed:
            return Claim(one, None, None, None, None, at.stage and "record open")
        outside = self._outside(one, at, excluded)
        eligible = at.total() - sum(at.held(account) for account in outside)
        if eligible <= 0:
            return Claim(one, 0, 0, 0, 0, "refunded" if ended else "refundable")
        who = self._holder
        shares = 0 if who in outside or who == one.vault else at.held(who)
        gross = entitlement(one.received + one.carried_in, shares, eligible)
        state = self._state(one, at, ended, shares=shares, is_settled=is_settled)
        left = gross if state in ("claimable", "not due") else 0
        return Claim(one, shares, eligible, gross, left if state else None, state)

    def _state(
        self, one: Declared, at: AtRecord, ended: str | None, *, shares: int, is_settled: bool
    ) -> str | None:
        if not shares:
            return "nothing"
        if is_settled:
            return "claimed"
        if ended is not None:
            return ended.lower()
        least, most = self._times
        if one.deadline and least > one.deadline:
            return "expired"
        if most is None or (one.deadline and most > one.deadline):
            return None
        due = max(one.payable_from, at.closes_at + 1)
        if least >= due:
            return "claimable"
        return "not due" if most < due else None

    def _settled(self, sources: Iterable[int]) -> set[tuple[int, int]]:
        """The distributions of which the holder was paid, by vault."""
        paid = schema.settlement
        wanted = (
            select(paid.c.source, paid.c.number)
            .join(schema.account, schema.account.c.id == paid.c.holder)
            .where(
                paid.c.source.in_(sorted(sources)),
                schema.account.c.address == self._holder,
                paid.c.block <= self._then.block,
            )
        )
        return {(row.source, row.number) for row in self._connection.execute(wanted)}

    # --------------------------------------------------------------------------- who earns

    def _outside(self, one: Declared, at: AtRecord, excluded: frozenset[str]) -> frozenset[str]:
        """Whose shares do not count: the vault's own too, once it has paid out such shares."""
        if one.vault in excluded or not at.held(one.vault):
            return excluded
        if one.vault not in self._own:
            self._own[one.vault] = self._own_shares(one.vault)
        return self._own[one.vault].earners(one.number, excluded).excluded

    def _own_shares(self, vault: str) -> OwnShares:
        own = OwnShares(vault, [self._asset.token])
        mine = {(one.vault, one.number): one for one in distributions(
            self._connection, self._asset.id, self._then.block
        )}  # fmt: skip
        for event, time in self._events(("Declared", *COUNTING)):
            if event.log.address != vault:
                continue
            if event.name == "Declared":
                declared = mine.get((vault, int(event.args["id"])))
                if declared is not None:
                    at = self._records.find(declared.token, declared.record)
                    is_open = time <= at.closes_at
                    own.declared(declared.number, self._asset.token, record_open=is_open)
                own.note(str(event.args["currency"]))
            own.settled(event)
        return own

    def _events(self, names: tuple[str, ...]) -> list[tuple[Event, int]]:
        block = self._then.block
        return stored_events(self._connection, self._asset.id, block, VAULT, names)
