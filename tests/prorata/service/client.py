"""Requests to an application in this process, whose loop runs in a thread of its own."""

from __future__ import annotations

from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI

__all__ = ["Client"]


class Client:
    """One who asks; what the application raises, the test raises."""

    def __init__(self, app: FastAPI, *, raises: bool = True) -> None:
        self.app = app
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=raises)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://service.example")

    def __enter__(self) -> Client:
        self._loop = start_blocking_portal()
        self._portal: BlockingPortal = self._loop.__enter__()
        # Begun and ended in one task, as a server does it.
        self._life = self._portal.wrap_async_context_manager(
            self.app.router.lifespan_context(self.app)
        )
        self._life.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._portal.call(self._client.aclose)
        self._life.__exit__(None, None, None)
        self._loop.__exit__(None, None, None)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            return await self._client.request(method, path, **options)

        return self._portal.call(ask)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)
