# SPDX-License-Identifier: MIT
"""The tools beneath prorata: which compiler and which Anvil a checkout uses, and starting Anvil.

Both come from npm packages pinned by ``package-lock.json``. ``register()``, which ``make setup``
calls, ties them to the virtual environment: whoever runs its Python, or activates it, gets this
checkout's compiler and Anvil, with no environment variable to set and nothing shared between two
checkouts.

Only the standard library is imported here, since this module runs while the rest is installed.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import platform
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from prorata.errors import BuildError

__all__ = ["PROJECT_ROOT", "SOLC_VERSION", "Anvil", "anvil_path", "register", "solc_path"]

PROJECT_ROOT: Final = Path(__file__).resolve().parent.parent
SOLC_VERSION: Final = "0.8.37"

_SHIM: Final = Path(__file__).with_name("solc_shim.js")
_REMEDY: Final = "run `make setup` in the checkout"


# ---------------------------------------------------------------------------- where the tools are


def anvil_path() -> Path:
    """Find the Anvil executable of this checkout.

    The npm package holds one executable per platform. Its own start script is passed over: it
    would put a node process in between, which keeps Anvil from being stopped reliably.

    Returns:
        The native executable.

    Raises:
        BuildError: If the package for this platform is not installed.
    """
    packages = PROJECT_ROOT / "node_modules" / "@foundry-rs"
    executable = packages / f"anvil-{_npm_platform()}" / "bin" / "anvil"
    if not executable.is_file():
        raise BuildError(f"Anvil is not installed in {packages}; {_REMEDY}")
    return executable


def solc_path() -> Path:
    """Find the Solidity compiler that this virtual environment has registered with py-solc-x.

    Returns:
        The executable that py-solc-x and ape run.

    Raises:
        BuildError: If none is registered.
    """
    executable = _solcx_folder() / f"solc-v{SOLC_VERSION}"
    if not executable.is_file():
        raise BuildError(
            f"the Solidity compiler {SOLC_VERSION} is not registered with py-solc-x; {_REMEDY}"
        )
    return executable


def _npm_platform() -> str:
    machine = platform.machine().lower()
    architecture = "arm64" if machine in {"arm64", "aarch64"} else "amd64"
    return f"{sys.platform}-{architecture}"


def _solcx_folder() -> Path:
    return Path(sys.prefix) / "solcx"


# ------------------------------------------------------------------ tying them to the environment


def register(*, download: bool = False) -> str:
    """Tie the compiler and Anvil to the virtual environment of the running Python.

    The native compiler is used where py-solc-x has it already, or may fetch it; otherwise the npm
    build is. Both give the same bytecode.

    Args:
        download: Let py-solc-x fetch the native compiler. Off by default, because that download
            is neither pinned by the lock files nor reachable from every machine.

    Returns:
        One line that says what is in use.

    Raises:
        BuildError: If there is no virtual environment, Node.js or npm package to use.
    """
    if sys.prefix == sys.base_prefix:
        raise BuildError(f"this Python is not in a virtual environment; {_REMEDY}")

    folder = _solcx_folder()
    folder.mkdir(exist_ok=True)
    node = _node()
    npm_build = [str(node), str(_SHIM)]
    version = _version_of(npm_build)
    native = _native_compiler(version, download=download)

    # ape compiles a copy of the sources in a temporary folder, and the npm packages stay behind:
    # an include path finds them. It holds nothing else, for the native compiler refuses an import
    # that it finds in two places.
    include = folder / "include"
    include.mkdir(exist_ok=True)
    _link(include / "node_modules", PROJECT_ROOT / "node_modules")
    command = shlex.join([str(native)] if native else npm_build)
    found = shlex.join(["--include-path", str(include), "--allow-paths", str(PROJECT_ROOT)])
    _write_executable(
        folder / f"solc-v{SOLC_VERSION}",
        f"""\
        #!/bin/sh
        # Written by prorata.toolchain. The version is answered here because it is asked for often.
        if [ "$*" = --version ]; then
            printf '%s\\n' 'solc, the solidity compiler commandline interface' 'Version: {version}'
            exit 0
        fi
        case " $* " in
            *" --base-path "*) exec {command} "$@" {found} ;;
            *) exec {command} "$@" ;;
        esac
        """,
    )
    _link(Path(sys.prefix) / "bin" / "anvil", anvil_path())
    _write_path_file()
    return f"solc {version} ({'native' if native else 'npm build'}), anvil {anvil_version()}"


def anvil_version() -> str:
    """Ask Anvil for its version.

    Returns:
        The version number, as in ``1.7.1``.
    """
    output = _run([str(anvil_path()), "--version"])
    found = re.search(r"\d+\.\d+\.\d+", output)
    return found[0] if found else output.strip()


def _node() -> Path:
    for candidate in (shutil.which("node"), Path(sys.prefix) / "bin" / "node"):
        if candidate and Path(candidate).is_file():
            return Path(candidate)
    raise BuildError(f"Node.js is not installed; {_REMEDY}")


def _native_compiler(version: str, *, download: bool) -> Path | None:
    """The native build of exactly the npm build's commit, or None."""
    home = Path.home() / ".solcx"
    executable = home / f"solc-v{SOLC_VERSION}"
    if download and not executable.is_file():
        # In a process of its own, since py-solc-x sets no time-out.
        code = (
            "import os; os.environ.pop('SOLCX_BINARY_PATH', None); import solcx; "
            f"solcx.install_solc({SOLC_VERSION!r}, solcx_binary_path={str(home)!r})"
        )
        with contextlib.suppress(subprocess.SubprocessError):
            home.mkdir(exist_ok=True)
            subprocess.run(
                [sys.executable, "-c", code], capture_output=True, timeout=60, check=True
            )
    if not executable.is_file():
        return None
    with contextlib.suppress(BuildError):
        if _commit(_version_of([str(executable)])) == _commit(version):
            return executable
    return None


def _version_of(command: Sequence[str]) -> str:
    output = _run([*command, "--version"])
    found = re.search(r"Version: (\S+)", output)
    if not found or not found[1].startswith(f"{SOLC_VERSION}+commit."):
        raise BuildError(
            f"expected the Solidity compiler {SOLC_VERSION}, not {output!r}; {_REMEDY}"
        )
    return found[1]


def _commit(version: str) -> str:
    return ".".join(version.split(".")[:4])


def _run(command: Sequence[str]) -> str:
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
        ).stdout
    except subprocess.CalledProcessError as error:
        raise BuildError(error.stderr.strip() or str(error)) from error
    except OSError as error:
        raise BuildError(f"{command[0]} does not start: {error.strerror}; {_REMEDY}") from error


def _link(path: Path, target: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _write_executable(path: Path, text: str) -> None:
    # A new file and a rename: a process may be starting the old one at this moment.
    new = path.with_suffix(".new")
    new.write_text(re.sub(r"(?m)^ {8}", "", text), encoding="utf-8")
    new.chmod(0o755)
    new.replace(path)


def _write_path_file() -> None:
    """Let every Python of this environment find the checkout, the compiler and Anvil.

    Python executes the lines of a ``.pth`` file that start with ``import`` whenever it starts.
    """
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site_packages = Path(sys.prefix) / "lib" / version / "site-packages"
    statements = [
        "tools = os.path.join(sys.prefix, 'bin')",
        "os.environ['SOLCX_BINARY_PATH'] = os.path.join(sys.prefix, 'solcx')",
        "path = os.environ.get('PATH', os.defpath).split(os.pathsep)",
        "os.environ['PATH'] = os.pathsep.join(path if tools in path else [tools, *path])",
        # Before the installed packages, one of which brings a folder named `tests`.
        "place = next((i for i, p in enumerate(sys.path) if 'site-packages' in p), 0)",
        f"sys.path.insert(place, {str(PROJECT_ROOT)!r})",
    ]
    code = "\n".join(statements)
    (site_packages / "prorata.pth").write_text(
        f"import os, sys; exec({code!r}, {{'os': os, 'sys': sys}})\n", encoding="utf-8"
    )


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
        if process is not None:
            process.kill()
            process.wait()

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
        command = [str(anvil_path()), "--host", "127.0.0.1", "--port", str(port), *self._arguments]
        with tempfile.TemporaryFile() as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log
            )
            atexit.register(self.stop)
            # It reads until this process is gone, however it went, and then ends Anvil.
            self._watchdog = subprocess.Popen(
                ["/bin/sh", "-c", f"read _; kill -9 {self.process.pid}"],
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


def main() -> None:
    """Register the tools, as ``make setup`` does, and say which they are.

    ``PRORATA_SOLC=native`` in the environment lets py-solc-x fetch the native compiler.
    """
    try:
        print(f"· {register(download=os.environ.get('PRORATA_SOLC') == 'native')}")
    except BuildError as error:
        sys.exit(f"make setup: {error}.")
