# SPDX-License-Identifier: MIT
"""Questions that need the process: the moment and the tag are the worker's, the figures are its."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Response
from sqlalchemy import Connection, select

from prorata.contracts.base import NATIVE
from prorata.errors import BooksError, MomentGoneError
from prorata.service.analysis.questions import Office, Place
from prorata.service.asking import Asked, Asking, Followed, every_asset, followed_assets, packed
from prorata.service.models import Model
from prorata.service.principals import Principal
from prorata.service.problems import Refused
from prorata.store import schema
from prorata.store.asof import closing_time
from prorata.store.holder_pages import cursor_of
from prorata.store.office_schema import OWN
from prorata.values.amounts import ETHER
from prorata.values.as_of import parse_as_of

__all__ = ["Question", "analysed", "matches", "named_there", "tenant_of"]


@dataclass(frozen=True)
class Question:
    """What the process is asked: a function of it behind its `Place`, and further arguments."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class _Found:
    tag: str
    known: bool
    body: bytes | None = None
    asked: Asked | None = None
    place: Place | None = None
    question: Question | None = None


Choose = Callable[[Connection], Followed]


async def analysed(
    ask: Asking,
    choose: Choose,
    question: Callable[[Asked, Sequence[Followed]], Question],
    build: Callable[[Asked, dict[str, Any]], Model],
    *,
    at: str | None = None,
    cursor: str | None = None,
) -> Response:
    """The answer about the asset that `choose` finds, whose figures the process computes.

    `question` is given the assets of the same chain that may be seen. The tag is of all of these,
    and of the office.

    Raises: Refused; as `Asking.asked`; what the process raises.
    """
    service = ask.service
    for last in (False, True):
        # Before the snapshot: what is written to the office afterwards has another tag.
        seqs = await service.offices.seqs(ask.principal.tenant or OWN, OWN)

        def found(connection: Connection, seqs: tuple[int, ...] = seqs) -> _Found:
            chosen = choose(connection)
            beside = [
                one
                for one in followed_assets(connection, ask.principal)
                if one.asset.chain == chosen.asset.chain
            ]
            tag = ask.tag(beside, seqs)
            if ask.has(tag):
                return _Found(tag, known=True)
            body = service.bodies.get(tag)
            if body is not None:
                return _Found(tag, known=False, body=body)
            asked = ask.asked(connection, chosen, at, cursor)
            place = _place(ask, asked, _second(asked, at))
            return _Found(tag, False, None, asked, place, question(asked, beside))

        one = await service.reader.ask(found)
        if one.known or one.body is not None:
            return ask.answer(one.tag, one.body)
        assert one.asked is not None
        assert one.question is not None
        wanted = one.question
        try:
            made = await service.analyst.ask(one.tag, wanted.function, one.place, *wanted.arguments)
        except MomentGoneError:
            # A reorganisation came between: without a cursor any newer moment does.
            if last or cursor is not None:
                raise
            continue
        except BooksError as error:
            # As the ledger stands now, nobody can say.
            raise Refused("unavailable", error.sentence, error.remedy) from None
        body = packed(build(one.asked, made))
        service.bodies.put(one.tag, body)
        return ask.answer(one.tag, body)
    raise AssertionError


def tenant_of(principal: Principal, followed: Followed) -> str:
    """Whose marks are shown: a key's own for its own assets, else the operator's."""
    if principal.tenant is not None and principal.owns(followed.chain_id, followed.asset.token):
        return principal.tenant
    return OWN


def _place(ask: Asking, asked: Asked, second: int) -> Place:
    settings, followed, principal = ask.service.settings, asked.followed, ask.principal
    office = None
    if ask.service.offices.office is not None:
        owns = principal.owns(followed.chain_id, followed.asset.token)
        office = Office(
            place=str(settings.office),
            tenant=tenant_of(principal, followed),
            who=principal.name,
            persons=owns and "read:register" in principal.scopes,
        )
    units = {
        currency: unit
        for (chain_id, currency), unit in settings.units.items()
        if chain_id == followed.chain_id
    }
    cursor = cursor_of(asked.moment, "", 0)
    return Place(
        settings.ledger, followed.chain_id, cursor, second, {**units, NATIVE: ETHER}, office
    )


def _second(asked: Asked, at: str | None) -> int:
    """The second that was asked for; of a block its own, or that of the newest one kept before."""
    occasion = None if at is None else parse_as_of(at)
    if occasion is not None and occasion.kind == "time":
        return occasion.number
    if occasion is not None and occasion.kind == "record":
        return closing_time(asked.connection, asked.id, occasion.number)
    if asked.moment.time:
        return asked.moment.time
    block = schema.block.c
    wanted = (
        select(block.time)
        .where(block.chain == asked.followed.asset.chain, block.number <= asked.block)
        .order_by(block.number.desc())
        .limit(1)
    )
    return asked.connection.scalar(wanted) or 0


# ------------------------------------------------------------------------------- assets in files


def matches(connection: Connection, name: str) -> list[Followed]:
    """The assets of that symbol, or that token, whoever may see them."""
    return [one for one in every_asset(connection) if name in (one.asset.symbol, one.asset.token)]


def named_there(
    connection: Connection,
    principal: Principal,
    names: Sequence[str],
    allowed: Callable[[int, str], bool],
) -> bool:
    """Whether an asker may see what is said of all the assets that a file names.

    Of several assets of one symbol it must be allowed all; what is no asset of this ledger is
    nobody's but the operator's.
    """
    for name in names:
        found = matches(connection, name)
        if not found and principal.tenant != OWN:
            return False
        if not all(allowed(one.chain_id, one.asset.token) for one in found):
            return False
    return True
