# SPDX-License-Identifier: MIT
"""An IPC socket for web3's provider, which limits silence and notices when the node is gone."""

from __future__ import annotations

import socket
from typing import Any

from web3 import IPCProvider
from web3.providers.ipc import PersistentSocket

__all__ = ["SilenceError", "SocketProvider"]

READ_AT_ONCE = 2**20
FOR_EVER = 10**9


class SilenceError(OSError):
    """Nothing came in time; not Python's own time-out, after which web3 would go on waiting."""


class SocketProvider(IPCProvider):
    """web3's provider on a socket of ours; `set_timeout` says for how long it may be silent."""

    ipc_path: str
    _socket: Any

    def __init__(self, path: str) -> None:
        # web3 limits the time of a whole answer, and a large one that comes steadily is no fault.
        super().__init__(path, timeout=FOR_EVER)
        self._socket = _Line(self.ipc_path)

    def set_timeout(self, seconds: float) -> None:
        """How long each wait may last, in seconds."""
        self._socket.timeout = seconds


class _Line(PersistentSocket):
    """The socket, open from the first question until a failure."""

    timeout: float | None = None

    def __enter__(self) -> socket.socket:
        line = super().__enter__()
        line.settimeout(self.timeout)
        return line

    def _open(self) -> socket.socket:
        line = _Socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(self.timeout)
        try:
            line.connect(self.ipc_path)
        except OSError:
            line.close()
            raise
        return line


class _Socket(socket.socket):
    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """What has come, however much: by 4 KB, as web3 asks, a page of logs would take minutes.

        Raises: SilenceError when nothing comes in time; ConnectionResetError at the end, where
        web3 would read on and on.
        """
        try:
            found = super().recv(max(size, READ_AT_ONCE), flags)
        except TimeoutError:
            raise SilenceError from None
        if not found:
            raise ConnectionResetError
        return found

    def __del__(self) -> None:
        # Nobody else closes it when the provider is thrown away.
        self.close()
