# SPDX-License-Identifier: MIT
"""The tools beneath prorata: which compiler and which Anvil a checkout uses, and starting Anvil.

Both come from npm packages pinned by ``package-lock.json``. ``register()``, which ``make setup``
calls, ties them to the virtual environment: whoever runs its Python, or activates it, gets this
checkout's compiler and Anvil, with no environment variable to set and nothing shared between two
checkouts.

Only the standard library is imported here, since this module runs while the rest is installed.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from prorata.errors import BuildError
from prorata.toolchain.paths import (
    PROJECT_ROOT,
    REMEDY,
    SOLC_VERSION,
    anvil_path,
    solcx_folder,
)

__all__ = ["register"]

_SHIM: Final = Path(__file__).with_name("solc_shim.js")


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
        raise BuildError(f"this Python is not in a virtual environment; {REMEDY}")

    folder = solcx_folder()
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
    raise BuildError(f"Node.js is not installed; {REMEDY}")


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
        raise BuildError(f"expected the Solidity compiler {SOLC_VERSION}, not {output!r}; {REMEDY}")
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
        raise BuildError(f"{command[0]} does not start: {error.strerror}; {REMEDY}") from error


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


def main() -> None:
    """Register the tools, as ``make setup`` does, and say which they are.

    ``PRORATA_SOLC=native`` in the environment lets py-solc-x fetch the native compiler.
    """
    try:
        print(f"· {register(download=os.environ.get('PRORATA_SOLC') == 'native')}")
    except BuildError as error:
        sys.exit(f"make setup: {error}.")
