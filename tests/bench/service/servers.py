"""The servers that are measured, each a process: ours as `prorata serve` runs it, and plain ones.

python -m tests.bench.service.servers ours|plain PLACE SOCKET

Both run on uvicorn with the same settings. The plain one has two routes: `/plain` answers a small
document, and `/page` a page of 25 holders by one statement, with the shape of ours.
"""

from __future__ import annotations

import functools
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from prorata.service.app import create_app
from prorata.service.server import listen, run
from prorata.service.settings import Settings
from prorata.service.telemetry.application import Wished, observed_app
from prorata.store.office import office_place
from tests.bench.service.ledger import TOKEN

SECRET = "a secret of more than thirty-two characters"
PAGE = """
    SELECT account.address, (
        SELECT amount FROM {0}holding AS holding
        WHERE holding.asset = holder.asset AND holding.account = holder.account
        ORDER BY holding.block DESC LIMIT 1
    ) FROM {0}holder AS holder JOIN {0}account AS account ON account.id = holder.account
    WHERE holder.asset = 1 ORDER BY holder.account LIMIT 25
"""


class Amount(BaseModel):
    units: str
    text: str | None
    decimals: int | None
    currency: str | None
    address: str | None = None


class Row(BaseModel):
    address: str
    shares: Amount


class Page(BaseModel):
    as_of: dict[str, Any]
    incomplete: bool
    holders: list[Row]
    next: str | None


AS_OF = {
    "block": 21_000_000, "hash": "0x" + "ab" * 32, "time": "2027-03-31T23:59:59Z", "final": True,
    "seq": 100, "epoch": "ab" * 16, "verified_to": 21_000_000,
}  # fmt: skip


def ours(place: str) -> FastAPI:
    """Ours: with keys, limits that count, metrics and a line in the log for each request."""
    settings = Settings(
        place,
        (SECRET,),
        office=office_place(place),
        public=frozenset({TOKEN}),
        anybody_per_minute=10**9,
        key_per_minute=10**9,
        drain_seconds=0,
    )
    return observed_app(functools.partial(create_app, settings), Wished(logs=True, metrics=True))


def plain(place: str) -> FastAPI:
    """What FastAPI itself costs."""
    held: dict[str, Any] = {}

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        if place.startswith("/"):
            held["file"] = sqlite3.connect(place, isolation_level=None)
            yield
            return
        from sqlalchemy import make_url
        from sqlalchemy.ext.asyncio import create_async_engine

        held["server"] = create_async_engine(
            make_url(place).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
        )
        yield
        await held["server"].dispose()

    app = FastAPI(lifespan=life)

    @app.get("/plain")
    async def small() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/page", response_model=Page)
    async def page() -> dict[str, Any]:
        if "file" in held:
            rows = held["file"].execute(PAGE.format("")).fetchall()
        else:
            async with held["server"].connect() as connection:
                rows = (await connection.exec_driver_sql(PAGE.format("ledger."))).fetchall()
        return {
            "as_of": AS_OF,
            "incomplete": False,
            "holders": [_row(address, amount) for address, amount in rows],
            "next": "a" * 150,
        }

    return app


def _row(address: bytes, amount: Any) -> dict[str, Any]:
    units = str(int.from_bytes(amount, "big") if isinstance(amount, bytes) else amount)
    shares = {"units": units, "text": units, "decimals": 0, "currency": "HAR"}
    return {"address": f"0x{bytes(address).hex()}", "shares": shares}


MAKERS: dict[str, Callable[[str], FastAPI]] = {"ours": ours, "plain": plain}

if __name__ == "__main__":
    _, name, place = sys.argv
    listening = listen("127.0.0.1", 0)
    print(listening.getsockname()[1], flush=True)
    run(functools.partial(MAKERS[name], place), listening)
