# SPDX-License-Identifier: MIT
"""A server of the application: one process or several on one port, which lose no request.

Told to end by SIGTERM, a worker first says that it is not ready, so that nothing new is sent to it;
some seconds later it takes no more connections, answers what it has, and ends.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.supervisors import Multiprocess

from prorata.errors import InputError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from prorata.service.serving import Service

__all__ = ["draining", "listen", "run"]

GRACE_SECONDS = 30
BACKLOG = 2_048


def listen(host: str, port: int) -> socket.socket:
    """A socket on that port; of 0, on one that is free.

    Raises: InputError when it is taken, or may not be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        known = error.errno is not None and error.errno > 0
        reason = (os.strerror(error.errno or 0) if known else str(error.strerror)).lower()
        remedy = "give another one with --port or --host, or end who has it"
        raise InputError.of("port", f"{host}:{port}", f"cannot be had ({reason})", remedy) from None


def run(
    make: Callable[[], FastAPI],
    listening: socket.socket,
    *,
    workers: int = 1,
    proxies: str = "",
) -> None:
    """Serve until the process is told to end; `proxies` are those whose word on clients counts.

    Every worker makes the application for itself.

    Raises: what `make` does, with one worker.
    """
    config = uvicorn.Config(
        make,
        factory=True,
        workers=workers,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    with _ending_here():
        if workers > 1:
            Multiprocess(config, sockets=[listening]).run()
        else:
            # Loaded here, so that what is wrong with the ledger is said in a sentence.
            config.load()
            uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def _ending_here() -> Iterator[None]:
    """Let the server end by a signal without the process being killed by it afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda *_: None)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def draining(service: Service) -> Iterator[None]:
    """While it serves, SIGTERM is passed on after some seconds of not being ready."""
    seconds = service.settings.drain_seconds
    if threading.current_thread() is not threading.main_thread() or not seconds:
        yield
        return
    loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGTERM)

    def forward(number: int, frame: FrameType | None) -> None:
        if callable(before):
            before(number, frame)

    def end(number: int, frame: FrameType | None) -> None:
        if service.ending:
            # Told twice, it ends at once.
            forward(number, frame)
        service.ending = True
        loop.call_soon_threadsafe(loop.call_later, seconds, forward, number, None)

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
