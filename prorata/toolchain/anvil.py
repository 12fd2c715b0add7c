# SPDX-License-Identifier: MIT
"""An Anvil of its own for whoever needs a local chain for a while."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from prorata.errors import BuildError
from prorata.toolchain.paths import anvil_path

__all__ = ["Anvil"]


# ------------------------------------------------------------------------------------------ Anvil


class Anvil:
    """An Anvil of one's own on a free port, stopped when the block, or the program, ends.

    Example:
        >>> with Anvil(chain_id=4242, block_time=2) as anvil:
        ...     web3 = Web3(HTTPProvider(anvil.url))
    """

    url: str
    """The HTTP address of the RPC."""

    process: subprocess.Popen[bytes]
    """The running process."""

    def __init__(
        self,
        *,
        chain_id: int = 31337,
        accounts: int = 10,
        balance: int = 10_000,
        block_time: int | None = None,
        hardfork: str | None = None,
        mnemonic: str | None = None,
        port: int | None = None,
        extra: Sequence[str] = (),
    ) -> None:
        """Describe the node; ``start()`` or a ``with`` block runs it.

        Args:
            chain_id: The chain id it answers with.
            accounts: How many funded, unlocked accounts it has.
            balance: How many ether each of them starts with.
            block_time: Seconds between blocks; None mines each transaction at once.
            hardfork: The rules, as in ``cancun`` or ``osaka``; None is Anvil's latest.
            mnemonic: The seed phrase of the accounts; None is Anvil's well-known test phrase.
            port: The port to listen on; None takes a free one.
            extra: Further arguments for the command line.
        """
        options: dict[str, object] = {
            "--chain-id": chain_id,
            "--accounts": accounts,
            "--balance": balance,
            "--block-time": block_time,
            "--hardfork": hardfork,
            "--mnemonic": mnemonic,
        }
        self._arguments = [
            argument
            for option, value in options.items()
            if value is not None
            for argument in (option, str(value))
        ]
        self._arguments += extra
        self._port = port
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._states: str | None = None

    def __enter__(self) -> Anvil:
        """Start it."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it, whatever happened."""
        self.stop()

    def start(self) -> Anvil:
        """Start the process and wait until its RPC answers.

        Returns:
            This object.

        Raises:
            BuildError: If Anvil is missing, or ends or stays silent instead of answering.
        """
        attempts = 1 if self._port else 3
        for attempt in range(1, attempts + 1):
            try:
                self._start_once(self._port or _free_port())
            except BuildError:
                # Another process may have taken the free port in between.
                if attempt == attempts:
                    raise
            else:
                break
        return self

    def stop(self) -> None:
        """Stop the process; a second call does nothing."""
        atexit.unregister(self.stop)
        # First the watchdog, lest it kill a later process that was given the same number.
        if self._watchdog is not None:
            self._watchdog.kill()
            self._watchdog.communicate()
            self._watchdog = None
        process = getattr(self, "process", None)
        # Its number is nobody else's while it has not been waited for.
        if process is not None and process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if self._states is not None:
            shutil.rmtree(self._states, ignore_errors=True)
            self._states = None

    def rpc(self, method: str, *params: object) -> Any:
        """Call the node's RPC.

        Args:
            method: The method, as in ``evm_mine``.
            params: Its parameters, in JSON's terms.

        Returns:
            The result as JSON gives it.

        Raises:
            BuildError: If the node answers with an error, or not at all.
        """
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        request = urllib.request.Request(
            self.url, body.encode(), {"Content-Type": "application/json"}
        )
        # An opener without proxies: the address is this machine's, whatever the environment says.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as response:
                answer = json.load(response)
        except (OSError, ValueError) as error:
            raise BuildError(f"Anvil at {self.url} did not answer {method}") from error
        if "error" in answer:
            raise BuildError(f"Anvil refused {method}: {answer['error']['message']}")
        return answer["result"]

    def _start_once(self, port: int) -> None:
        # Else an answer of whatever listens there already would be taken for Anvil's.
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError as error:
                raise BuildError(f"port {port} is in use; choose another one") from error
        self.url = f"http://127.0.0.1:{port}"
        program = str(anvil_path())
        # Anvil writes old states to a disk, more than a gigabyte of them in a long run, and leaves
        # them there when it is killed: they have a folder that goes with it.
        self._states = tempfile.mkdtemp(prefix="anvil-states-")
        command = [
            *(program, "--host", "127.0.0.1", "--port", str(port)),
            *("--cache-path", self._states, *self._arguments),
        ]
        with tempfile.TemporaryFile() as log:
            # In a group of its own, which ends as a whole: an Anvil on the PATH may be a script
            # that starts another process.
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
            atexit.register(self.stop)
            # It reads until this process is gone, however it went, and then ends Anvil.
            states = shlex.quote(self._states)
            self._watchdog = subprocess.Popen(
                ["/bin/sh", "-c", f"read _; kill -9 -{self.process.pid}; rm -r {states}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            deadline = time.monotonic() + 20
            while True:
                with contextlib.suppress(BuildError):
                    self.rpc("eth_chainId")
                    return
                ended = self.process.poll() is not None
                if ended or time.monotonic() > deadline:
                    self.stop()
                    log.seek(0)
                    reason = log.read().decode(errors="replace").strip() or "it does not answer"
                    raise BuildError(f"Anvil did not start on port {port}: {reason}")
                time.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
