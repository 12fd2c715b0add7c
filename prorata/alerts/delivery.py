# SPDX-License-Identifier: MIT
"""Delivers what is in the outbox: claimed, tried, tried again later, and given up in the end.

Delivery is at least once, with ids that stay: who was killed between sending and writing it down
sends again. What is in hand is claimed for a minute, so that several may deliver beside each other.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select, update

from prorata.alerts import webhooks
from prorata.alerts.digests import gather
from prorata.alerts.messages import shown
from prorata.alerts.outbox import alone, prepare
from prorata.alerts.receivers import Recipient
from prorata.errors import InputError
from prorata.store.database import Database
from prorata.store.outbox_schema import alert, alert_delivery

__all__ = ["BACK_OFF", "Courier", "Delivered", "notify"]

BACK_OFF = (5, 300, 1_800, 7_200, 18_000, 36_000)
"""Seconds from each failed attempt to the next one; after the last there is none."""

CLAIMED_SECONDS = 60
IN_HAND_SECONDS = 30
AT_ONCE = 50

BESIDE = 8
"""Receivers that are tried beside each other."""

Sender = Callable[[Recipient, str, str, float], str | None]
"""One attempt: None when the message was taken, else what went wrong."""


@dataclass
class Delivered:
    """What a run has done."""

    delivered: int = 0
    failed: int = 0
    dead: int = 0

    def __iadd__(self, other: Delivered) -> Delivered:
        self.delivered += other.delivered
        self.failed += other.failed
        self.dead += other.dead
        return self


@dataclass
class Courier:
    """Delivers for the receivers that there are now; what is for others waits.

    A webhook of a tenant that has failed is not tried again in a run, whatever waits for it.
    """

    database: Database
    receivers: Sequence[Recipient]
    clock: Callable[[], float] = time.time
    at_once: int = AT_ONCE
    senders: Mapping[str, Sender] = field(default_factory=dict)

    def __post_init__(self) -> None:
        prepare(self.database)

    def run(self) -> Delivered:
        """Try all that is due now, each once.

        Raises: StoreError.
        """
        done = Delivered()
        started = int(self.clock())
        with self.database.writing() as connection:
            alone(connection)
            gather(connection, self._names(), started)
        tired: set[str] = set()
        with ThreadPoolExecutor(BESIDE, thread_name_prefix="prorata") as pool:
            while claimed := self._claim(started, tired):
                until = self.clock() + IN_HAND_SECONDS
                whose: dict[str, list[dict[str, Any]]] = {}
                for row in claimed:
                    whose.setdefault(row["receiver"], []).append(row)
                # Nobody waits for a receiver that is slow.
                hand = partial(self._hand, until=until)
                tries = pool.map(hand, whose.values()) if len(whose) > 1 else map(hand, [claimed])
                for receiver, (ended, tally, is_tired) in zip(whose, tries, strict=True):
                    self._write(ended)
                    done += tally
                    tired |= {receiver} if is_tired else set()
        return done

    def _hand(
        self, rows: Sequence[dict[str, Any]], *, until: float
    ) -> tuple[list[dict[str, Any]], Delivered, bool]:
        """Try one receiver's messages in turn; how they ended, and whether that is all for now."""
        done, ended, is_tired = Delivered(), list[dict[str, Any]](), False
        [receiver] = [one for one in self.receivers if one.name == rows[0]["receiver"]]
        for row in rows:
            if is_tired or self.clock() > until:
                # Too slow for the claim: the rest is let go, as if it had not been taken.
                ended.append(_ending(row, "pending", attempts=row["attempts"] - 1))
                continue
            failed = done.failed + done.dead
            ended.append(self._try(receiver, row, done))
            is_tired = not receiver.is_operators and done.failed + done.dead > failed
        return ended, done, is_tired

    def next_due(self) -> int | None:
        """When something is due next."""
        d = alert_delivery.c
        asked = select(func.min(d.due)).where(
            d.state.in_(("waiting", "pending")), d.receiver.in_(self._names())
        )
        with self.database.snapshot() as connection:
            found: int | None = connection.scalar(asked)
        return found

    def _names(self) -> list[str]:
        return [one.name for one in self.receivers]

    def _claim(self, due: int, tired: Collection[str]) -> list[dict[str, Any]]:
        """Take the next ones that are due, and count the attempt before it is made.

        Every receiver has its share of them, but for those that are `tired` of being tried.
        """
        names = [name for name in self._names() if name not in tired]
        share = max(1, self.at_once // max(1, len(names)))
        d, now, mine = alert_delivery.c, int(self.clock()), uuid.uuid4().hex
        waiting = and_(d.state == "pending", d.due <= due)
        left_over = and_(d.state == "claimed", d.claimed_until <= now)
        with self.database.writing() as connection:
            alone(connection)
            place = func.row_number().over(partition_by=d.receiver, order_by=(d.due, d.alert))
            ready = (
                select(d.alert, d.receiver, d.attempts, d.due, place.label("place"))
                .where(or_(waiting, left_over), d.receiver.in_(names))
                .subquery()
            )
            r = ready.c
            asked = (
                select(r.alert, r.receiver, r.attempts, r.due, alert.c.body)
                .join(alert, alert.c.id == r.alert)
                .where(r.place <= share)
                .order_by(r.due, r.alert)
                .limit(self.at_once)
            )
            rows = connection.execute(asked).mappings().all()
            taken = (
                update(alert_delivery)
                .where(d.alert == bindparam("of"), d.receiver == bindparam("by"))
                .values(
                    state="claimed",
                    claim=mine,
                    claimed_until=now + CLAIMED_SECONDS,
                    attempts=d.attempts + 1,
                )
            )
            if rows:
                keys = [{"of": row["alert"], "by": row["receiver"]} for row in rows]
                connection.execute(taken, keys)
        return [{**row, "attempts": row["attempts"] + 1, "claim": mine} for row in rows]

    def _try(self, receiver: Recipient, row: dict[str, Any], done: Delivered) -> dict[str, Any]:
        """One attempt, and how it ended."""
        try:
            fault = self._sender(receiver)(receiver, row["alert"], row["body"], self.clock())
        except InputError as error:
            # What the operator has to mend may be mended before the next attempt.
            fault = " ".join(str(error).split())[:300]
        now = int(self.clock())
        if fault is None:
            done.delivered += 1
            return _ending(row, "delivered", ended_at=now)
        if row["attempts"] > len(BACK_OFF):
            done.dead += 1
            return _ending(row, "dead", said=fault, ended_at=now)
        done.failed += 1
        due = now + BACK_OFF[row["attempts"] - 1]
        return _ending(row, "pending", said=fault, due=due)

    def _write(self, ended: list[dict[str, Any]]) -> None:
        """But for what was cancelled, or claimed by another one, meanwhile."""
        d = alert_delivery.c
        mine = and_(
            d.alert == bindparam("of"),
            d.receiver == bindparam("by"),
            d.state == "claimed",
            d.claim == bindparam("mine"),
        )
        columns = ("state", "attempts", "due", "said", "ended_at")
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in columns}
        changed = update(alert_delivery).where(mine).values(claim=None, **values)
        with self.database.writing() as connection:
            alone(connection)
            connection.execute(changed, ended)

    def _sender(self, receiver: Recipient) -> Sender:
        if receiver.name in self.senders:
            return self.senders[receiver.name]
        return notify if receiver.webhook is None else webhooks.send


def _ending(row: Mapping[str, Any], state: str, **changed: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "attempts": row["attempts"],
        "due": row["due"],
        "said": "",
        "ended_at": None,
    }
    new = {f"new_{name}": value for name, value in {**values, **changed}.items()}
    key = {"of": row["alert"], "by": row["receiver"], "mine": row["claim"]}
    return {**key, "new_state": state, **new}


def notify(receiver: Recipient, id_: str, body: str, now: float) -> str | None:
    """One attempt by Apprise, to the address in the operator's file.

    Raises: InputError when the library is not installed, or the address is none.
    """
    del now
    try:
        import apprise  # noqa: PLC0415 - who has webhooks only need not have it
    except ModuleNotFoundError:
        raise webhooks.missing("apprise") from None
    told = apprise.Apprise()
    if not told.add(receiver.apprise_address()):
        raise InputError.of(
            "receiver", receiver.name, "has no address that Apprise knows",
            "check the line in its file",
        )  # fmt: skip
    title, text = _words(body, id_)
    return None if told.notify(body=text, title=title) else "Apprise could not deliver it"


def _words(body: str, id_: str) -> tuple[str, str]:
    """Title and text for people."""
    said = json.loads(body)
    data = said["data"]
    withdrawn = "withdraws" in data
    title = f"{'Withdrawn: ' if withdrawn else ''}[{data['severity']}] {data['says']}"
    lines = [
        f"{name}: {data[name]}" for name in ("rule", "asset", "block", "time") if data.get(name)
    ]
    lines += [f"{name}: {shown(value)}" for name, value in sorted(data["facts"].items())]
    lines += [_line(one) for one in data.get("alerts", ())]
    lines += [f"withdraws: {data['withdraws']}"] if withdrawn else []
    return title, "\n".join([*lines, f"id: {id_}"])


def _line(one: Mapping[str, Any]) -> str:
    """One alert of a digest."""
    whose = f" of {one['asset']}" if one["asset"] else ""
    return f"[{one['severity']}] {one['says']} ({one['rule']}{whose}, {one['time']}), {one['id']}"
