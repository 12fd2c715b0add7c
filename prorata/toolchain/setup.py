# SPDX-License-Identifier: MIT
"""Set-up: the compiler and Anvil of a checkout are tied to its virtual environment.

Both come from npm packages pinned by ``package-lock.json``. ``register()``, which ``make setup``
calls, puts them where whoever activates the environment finds them: Anvil beside Python, and the
compiler in a folder that the activated shell names to py-solc-x. Nothing is shared between two
checkouts, and no code of ours runs when this Python starts.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from prorata.errors import BuildError
from prorata.toolchain.paths import (
    PROJECT_ROOT,
    REMEDY,
    SOLC_VERSION,
    SOLCX_FOLDER_VARIABLE,
    anvil_path,
    packaged_anvil,
    solcx_folder,
)

__all__ = ["register"]

_SHIM: Final = Path(__file__).with_name("solc_shim.js")
_ACTIVATION: Final = f"""\
# >>> prorata, written by `make setup` >>>
# ape compiles through py-solc-x, which looks for the compiler in this folder.
export {SOLCX_FOLDER_VARIABLE}="$VIRTUAL_ENV/{solcx_folder().name}"
# Other environments have compilers of their own: `deactivate` takes the variable back.
if typeset -f deactivate >/dev/null 2>&1; then
    eval "_prorata_$(typeset -f deactivate)"
    deactivate () {{
        _prorata_deactivate "$@"
        unset {SOLCX_FOLDER_VARIABLE}
    }}
fi
# <<< prorata <<<
"""


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
    anvil = packaged_anvil()
    if anvil is None:
        raise BuildError(f"Anvil is not in {PROJECT_ROOT / 'node_modules'}; {REMEDY}")

    compiler = _register_compiler(download=download)
    _link(Path(sys.prefix) / "bin" / "anvil", anvil)
    _write_activation(Path(sys.prefix) / "bin" / "activate")
    _remove_path_file()
    return f"solc {compiler}, anvil {anvil_version()}"


def _register_compiler(*, download: bool) -> str:
    """Write what py-solc-x takes for the compiler; returns its version and which build it is."""
    folder = solcx_folder()
    folder.mkdir(exist_ok=True)
    npm_build = [str(_node()), str(_SHIM)]
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
    return f"{version} ({'native' if native else 'npm build'})"


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


def _write_activation(script: Path) -> None:
    """Let a shell that sources the script find the compiler; a block of an older set-up goes."""
    first, last = _ACTIVATION.splitlines()[0], _ACTIVATION.splitlines()[-1]
    before, _, rest = script.read_text(encoding="utf-8").partition(first)
    kept = before + rest.partition(last)[2]
    script.write_text(f"{kept.rstrip()}\n\n{_ACTIVATION}", encoding="utf-8")


def _remove_path_file() -> None:
    """Older set-ups wrote a file whose code every Python of the environment ran when it started."""
    (Path(sysconfig.get_path("purelib")) / "prorata.pth").unlink(missing_ok=True)


def main() -> None:
    """Register the tools, as ``make setup`` does, and say which they are.

    ``PRORATA_SOLC=native`` in the environment lets py-solc-x fetch the native compiler.
    """
    try:
        print(f"· {register(download=os.environ.get('PRORATA_SOLC') == 'native')}")
    except BuildError as error:
        sys.exit(f"make setup: {error}.")
    activate = os.path.relpath(Path(sys.prefix) / "bin" / "activate")
    print(f"· {activate} sets {SOLCX_FOLDER_VARIABLE}, by which ape finds this compiler")


if __name__ == "__main__":
    main()
