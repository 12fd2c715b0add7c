# SPDX-License-Identifier: MIT
"""From Solidity sources to artifacts: one place for the compiler's settings, one cache.

``compile_contracts()`` compiles ``contracts/`` (and any further roots, such as the contracts of
the tests) through py-solc-x, and answers in milliseconds while no source has changed.
``standard_json()`` is the very input it compiles, every imported library included: kept beside a
deployment, it lets anyone verify the bytecode without this checkout.

The names of the sources and the settings are part of the metadata hash at the end of the
bytecode. ``ape-config.yaml`` therefore repeats the settings, and a test compares the two builds.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from prorata.chain.artifacts import Artifact
from prorata.errors import BuildError
from prorata.files.writer import write_whole
from prorata.toolchain.paths import PROJECT_ROOT, SOLC_VERSION, solc_path

__all__ = [
    "CONTRACTS",
    "EVM_VERSION",
    "OPTIMIZER_RUNS",
    "REMAPPINGS",
    "SETTINGS",
    "compile_contracts",
    "compile_standard",
    "standard_json",
]

CONTRACTS: Final = Path("contracts")
CACHE: Final = PROJECT_ROOT / ".build" / "prorata"

EVM_VERSION: Final = "cancun"
OPTIMIZER_RUNS: Final = 200
REMAPPINGS: Final[Mapping[str, str]] = {
    "@openzeppelin/contracts/": "node_modules/@openzeppelin/contracts/",
    "solady/": "node_modules/solady/src/",
}
SETTINGS: Final[Mapping[str, Any]] = {
    "evmVersion": EVM_VERSION,
    "optimizer": {"enabled": True, "runs": OPTIMIZER_RUNS},
    "viaIR": False,
}

# Libraries are compiled into the contracts: nothing of their own is asked for.
_OUTPUT: Final = [
    "abi",
    "devdoc",
    "evm.bytecode.object",
    "evm.deployedBytecode.immutableReferences",
    "evm.deployedBytecode.object",
    "storageLayout",
    "userdoc",
]
_IMPORT: Final = re.compile(r"""^\s*import\b[^;"']*["']([^"']+)["'][^;]*;""", re.MULTILINE)
_SIZE_LIMIT: Final = 24_576  # EIP-170


def compile_contracts(roots: Iterable[Path] = (CONTRACTS,)) -> dict[str, Artifact]:
    """Compile every ``.sol`` file under some folders, or take the result from the cache.

    Each folder is compiled by itself, so that adding one changes no bytecode of another.

    Args:
        roots: Folders, absolute or relative to the checkout.

    Returns:
        The artifacts of the folders' own sources by contract name; of libraries from
        ``node_modules``, none.

    Raises:
        BuildError: If a source does not compile, or two contracts share a name.
    """
    artifacts: dict[str, Artifact] = {}
    for root in roots:
        source = standard_json(root)
        output = compile_standard(source)
        own = source["settings"]["outputSelection"]
        for source_name, contracts in output.get("contracts", {}).items():
            if source_name not in own:
                continue
            for name, contract in contracts.items():
                if name in artifacts:
                    raise BuildError(
                        f"two contracts are called {name}, in {artifacts[name].source_name} and "
                        f"{source_name}; rename one"
                    )
                artifacts[name] = _artifact(name, source_name, contract)
    return artifacts


def standard_json(root: Path = CONTRACTS) -> dict[str, Any]:
    """Gather the compiler's whole input for one folder.

    Args:
        root: A folder, absolute or relative to the checkout.

    Returns:
        Standard-JSON input with the content of every source that it needs, imports included.

    Raises:
        BuildError: If there is no Solidity source in the folder.
    """
    folder = (PROJECT_ROOT / root).resolve()
    # A folder elsewhere (a test's) is named relative to its parent, so that its name stays short.
    base = PROJECT_ROOT if folder.is_relative_to(PROJECT_ROOT) else folder.parent
    own = {
        path.relative_to(base).as_posix(): path
        for path in sorted(folder.rglob("*.sol"))
        if not any(part.startswith(".") for part in path.relative_to(base).parts)
    }
    if not own:
        raise BuildError(f"there is no Solidity source in {folder}; name another folder")

    contents: dict[str, str] = {}
    used: set[str] = set()
    held = list(own)
    while held:
        name = held.pop()
        path = own.get(name) or _locate(name, base)
        # The compiler says it best where an import leads nowhere.
        if name in contents or path is None:
            continue
        # Bytes, not text: line ends are part of the hash.
        contents[name] = path.read_bytes().decode("utf-8")
        for written in _IMPORT.findall(contents[name]):
            imported, remapping = _resolve(written, name)
            held.append(imported)
            used |= remapping
    return {
        "language": "Solidity",
        "sources": {name: {"content": contents[name]} for name in sorted(contents)},
        "settings": {
            **SETTINGS,
            # Only those in use, as ape does it: they are part of the metadata hash.
            "remappings": sorted(used),
            "outputSelection": {name: {"*": _OUTPUT} for name in own},
        },
    }


def compile_standard(source: Mapping[str, Any]) -> dict[str, Any]:
    """Compile standard-JSON input with the pinned compiler, or take the output from the cache.

    Args:
        source: The compiler's input.

    Returns:
        The compiler's output.

    Raises:
        BuildError: If a source does not compile; the message has every error, as solc words it.
    """
    text = json.dumps(source, sort_keys=True)
    digest = hashlib.sha256(f"{SOLC_VERSION}\n{text}".encode()).hexdigest()
    cached = CACHE / f"{digest}.json"
    if cached.is_file():
        output: dict[str, Any] = json.loads(cached.read_text(encoding="utf-8"))
        return output

    # Here, because it costs more to import than a cached build takes.
    import solcx  # noqa: PLC0415
    from solcx.exceptions import SolcError  # noqa: PLC0415

    try:
        output = solcx.compile_standard(dict(source), solc_binary=solc_path(), allow_empty=True)
    except SolcError as error:
        raise BuildError(_explain(error.error_dict, error.stderr_data or str(error))) from error
    write_whole(cached, json.dumps(output))
    return output


def _locate(name: str, base: Path) -> Path | None:
    return next((p for p in (base / name, PROJECT_ROOT / name) if p.is_file()), None)


def _resolve(written: str, importer: str) -> tuple[str, set[str]]:
    """The source's canonical name, and the remapping that led to it."""
    if written.startswith("."):
        return posixpath.normpath(posixpath.join(posixpath.dirname(importer), written)), set()
    matching = [prefix for prefix in REMAPPINGS if written.startswith(prefix)]
    if not matching:
        return written, set()
    prefix = max(matching, key=len)
    target = REMAPPINGS[prefix]
    return target + written[len(prefix) :], {f"{prefix}={target}"}


def _artifact(name: str, source_name: str, contract: Mapping[str, Any]) -> Artifact:
    evm = contract["evm"]
    creation, deployed = evm["bytecode"]["object"], evm["deployedBytecode"]["object"]
    if "__$" in creation:
        raise BuildError(f"{name} needs a library to be linked; make its functions internal")
    return Artifact(
        name=name,
        abi=contract["abi"],
        bytecode=bytes.fromhex(creation),
        runtime=bytes.fromhex(deployed),
        source_name=source_name,
        immutable_references=evm["deployedBytecode"].get("immutableReferences", {}),
        storage_layout=contract.get("storageLayout", {}),
        userdoc=contract["userdoc"],
        devdoc=contract["devdoc"],
    )


def _explain(errors: Any, stderr: str) -> str:
    """All errors as solc words them, without its warnings."""
    messages = [
        str(error.get("formattedMessage") or error["message"]).strip()
        for error in errors or ()
        if error["severity"] == "error"
    ]
    return "\n\n".join(["the contracts do not compile", *(messages or [stderr.strip()])])


def main() -> None:
    """Compile the contracts; print the compiler's warnings and the sizes of the runtime code."""
    output = compile_standard(standard_json())
    for warning in output.get("errors", ()):
        print(warning["formattedMessage"], file=sys.stderr)
    for artifact in compile_contracts().values():
        if artifact.deployable:
            size = len(artifact.runtime)
            print(f"{artifact.name:<24} {size:>6,} of {_SIZE_LIMIT:,} bytes")


if __name__ == "__main__":
    main()
