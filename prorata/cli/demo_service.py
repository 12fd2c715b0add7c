# SPDX-License-Identifier: MIT
"""The asset of a play, followed and served on this machine until somebody ends it."""

from __future__ import annotations

import http.client
import socket
import threading
from contextlib import closing, suppress
from pathlib import Path

from rich.console import Console

from prorata.cli.ledger.extras import extra
from prorata.cli.signals import stopped_by_signals
from prorata.cli.stored import open_ledger
from prorata.cli.supervisor import Part, Supervisor
from prorata.deployments.manifest import Manifest
from prorata.errors import InputError, ProrataError

__all__ = ["check_service", "serve_folder"]

HOST = "127.0.0.1"
LOOK_SECONDS = 0.2


def check_service(port: int) -> None:
    """Whether it could be served, before a minute of play.

    Raises: StoreError when the extras are not installed; InputError when the port is taken.
    """
    with extra("store", "service"):
        import fastapi  # noqa: F401, PLC0415
        import sqlalchemy  # noqa: F401, PLC0415
    try:
        with closing(socket.create_server((HOST, port))):
            pass
    except OSError:
        raise InputError.of(
            "port", port, "is taken on this machine", "give another one with --port"
        ) from None


def serve_folder(console: Console, folder: Path, network: str, port: int) -> int:
    """Follow and serve a deployment until a signal ends it; the exit code."""
    if port == 0:
        with closing(socket.create_server((HOST, 0))) as free:
            port = free.getsockname()[1]
    env = {"PRORATA_NETWORK": network}
    common = ("--deployment", str(folder))
    followed = ("follow", *common, "--poll", "0.5")
    served = (
        *("serve", *common, "--host", HOST, "--port", str(port), "--public"),
        *("--drain", "0", "--log", "none", "--pages", f"http://{HOST}:{port}"),
    )
    supervisor = Supervisor(
        [
            Part("follower", followed, env=env),
            Part("API", served, env=env, ready=lambda: _is_read(folder)),
        ],
        ending=("API", "follower"),
        say=lambda sentence: console.print(sentence, style="dim", highlight=False),
    )
    over = threading.Event()
    token = Manifest.read(folder / "manifest.json").contracts["ShareToken"].address
    told = (console, port, token, network, over)
    waiting = threading.Thread(target=_tell, args=told, daemon=True)
    waiting.start()
    try:
        with stopped_by_signals(supervisor.stop):
            return supervisor.run()
    finally:
        over.set()
        waiting.join(2)


def _is_read(folder: Path) -> bool:
    """Whether the follower has come to the head once."""
    from sqlalchemy import func, select  # noqa: PLC0415

    from prorata.store import schema  # noqa: PLC0415

    try:
        with closing(open_ledger(folder, None)) as database, database.snapshot() as connection:
            read = connection.scalar(select(func.min(schema.source.c.done_to)))
            head = connection.scalar(select(func.max(schema.chain.c.head)))
    except ProrataError:
        return False
    return read is not None and bool(head) and read >= head


def _tell(console: Console, port: int, token: str, network: str, over: threading.Event) -> None:
    """Say where to look, once somebody answers there."""
    while not over.wait(LOOK_SECONDS):
        with suppress(OSError, http.client.HTTPException):
            asking = http.client.HTTPConnection(HOST, port, timeout=2)
            asking.request("GET", "/ready")
            if asking.getresponse().status == 200:
                address = f"http://{HOST}:{port}"
                console.print(f"\n[bold]Open {address}/assets/{token}[/]", soft_wrap=True)
                console.print(
                    f"A wallet with the key of a holder can sign in, on the chain at {network}.\n"
                    f"For programs: {address}/v1/assets/{token}\n"
                    f"{address}/openapi.json says what else there is. Ctrl-C ends it.",
                    soft_wrap=True, highlight=False,
                )  # fmt: skip
                return
