"""What prorata is measured against: other people's contracts from npm, compiled here.

They are development dependencies with a lock file of their own, installed beside the caches by
`make bench`. Nothing of them is shipped, and none of it is copied: what stands in `solidity/` only
makes a contract of an abstract one.

Every peer gets our optimizer's runs, and our compiler and EVM version unless its source names an
older one.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prorata.chain.artifacts import Artifact
from prorata.files.writer import write_whole
from prorata.toolchain.compiler import EVM_VERSION, OPTIMIZER_RUNS
from prorata.toolchain.paths import PROJECT_ROOT, SOLC_VERSION

HERE = Path(__file__).parent
PLACE = PROJECT_ROOT / ".cache" / "bench"
MODULES = PLACE / "node_modules"
OUTPUT = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]


@dataclass(frozen=True)
class Source:
    """A set of contracts that one compiler takes together."""

    name: str
    compiler: str
    """The npm package of the compiler."""
    version: str
    evm: str
    wanted: Sequence[str]
    """Files of the packages."""
    remappings: Sequence[str] = ()
    own: Path | None = None
    """A file of ours, which makes contracts of abstract ones."""
    via_ir: bool = False
    """Whether it only compiles by way of Yul, its own way; then only the files wanted are built."""


_TREX = "@tokenysolutions/t-rex/contracts"
_ID = "@onchain-id/solidity/contracts"
_MODULES = "compliance/modular/modules"

REFERENCE = Source(
    "T-REX",
    "solc-0.8.17",
    "0.8.17",
    "london",
    (
        *(
            f"{_TREX}/{name}.sol"
            for name in (
                "factory/TREXFactory",
                "proxy/authority/TREXImplementationAuthority",
                "proxy/ClaimTopicsRegistryProxy",
                "proxy/IdentityRegistryProxy",
                "proxy/IdentityRegistryStorageProxy",
                "proxy/ModularComplianceProxy",
                "proxy/TokenProxy",
                "proxy/TrustedIssuersRegistryProxy",
                "token/Token",
                "registry/implementation/ClaimTopicsRegistry",
                "registry/implementation/IdentityRegistry",
                "registry/implementation/IdentityRegistryStorage",
                "registry/implementation/TrustedIssuersRegistry",
                "compliance/modular/ModularCompliance",
                f"{_MODULES}/ModuleProxy",
                f"{_MODULES}/ConditionalTransferModule",
                f"{_MODULES}/CountryAllowModule",
                f"{_MODULES}/CountryRestrictModule",
                f"{_MODULES}/ExchangeMonthlyLimitsModule",
                f"{_MODULES}/MaxBalanceModule",
                f"{_MODULES}/SupplyLimitModule",
                f"{_MODULES}/TimeExchangeLimitsModule",
                f"{_MODULES}/TimeTransfersLimitsModule",
                f"{_MODULES}/TransferFeesModule",
                f"{_MODULES}/TransferRestrictModule",
            )
        ),
        *(
            f"{_ID}/{name}.sol"
            for name in (
                "Identity",
                "ClaimIssuer",
                "factory/IdFactory",
                "proxy/IdentityProxy",
                "proxy/ImplementationAuthority",
            )
        ),
    ),
    ("@openzeppelin/contracts/=@openzeppelin/contracts-v4/",),
)
"""The reference suite of ERC-3643 with its identities, which `tests/contracts` plays beside too."""

SEAPORT = Source(
    "Seaport",
    "solc-0.8.24",
    "0.8.24",
    "cancun",
    ("seaport-core/src/Seaport.sol", "seaport-core/src/conduit/ConduitController.sol"),
    via_ir=True,
)
"""The only peer that fills orders in parts, which `tests/assurance` plays beside too."""


@dataclass(frozen=True)
class Shipped:
    """A contract that its package brings compiled: its sources are not there, or not all."""

    name: str
    file: str
    compiler: str
    """With which its authors compiled it, and for which EVM, as the package says."""
    evm: str


SHIPPED = (
    Shipped(
        "SwapERC20",
        "@airswap/swap-erc20/build/contracts/SwapERC20.sol/SwapERC20.json",
        "0.8.23",
        "paris",
    ),
    Shipped(
        "OtcOrdersFeature",
        "@0x/contracts-zero-ex/lib/generated-artifacts/OtcOrdersFeature.json",
        "0.6.12",
        "istanbul",
    ),
)
"""AirSwap's swap, and 0x's feature for OTC orders."""

EASY_AUCTION = Shipped(
    "EasyAuction",
    "@gnosis.pm/ido-contracts/build/artifacts/contracts/EasyAuction.sol/EasyAuction.json",
    "0.6.12",
    "istanbul",
)
"""Gnosis's batch auction, whose prices `tests/assurance` compares with ours."""

SOURCES = (
    Source(
        "Tokens",
        "solc",
        SOLC_VERSION,
        EVM_VERSION,
        (),
        ("solady/=solady/src/", "solmate/=solmate/src/"),
        HERE / "solidity" / "Tokens.sol",
    ),
    REFERENCE,
    Source(
        "Synthetix",
        "solc-0.5.16",
        "0.5.16",
        "istanbul",
        ("synthetix/contracts/StakingRewards.sol",),
    ),
    SEAPORT,
)


def compile_peers() -> dict[str, Artifact]:
    """Every peer's contracts by name; from the cache while nothing has changed."""
    return {**_artifacts(SOURCES), **shipped()}


def compile_exchanges() -> dict[str, Artifact]:
    """What carries out signed orders elsewhere: Seaport, AirSwap and 0x, by the contracts' names.

    Raises: RuntimeError when `make` has not installed it.
    """
    if not MODULES.is_dir():
        raise RuntimeError("other people's exchanges are not installed; run `make check` once")
    return {**_artifacts([SEAPORT]), **shipped()}


def easy_auction() -> dict[str, Artifact]:
    """Gnosis's batch auction, by its name.

    Raises: RuntimeError when `make` has not installed it.
    """
    if not (MODULES / EASY_AUCTION.file).is_file():
        raise RuntimeError("other people's auction is not installed; run `make check` once")
    return {EASY_AUCTION.name: _shipped(EASY_AUCTION)}


def shipped() -> dict[str, Artifact]:
    """The contracts that their packages bring compiled, by name."""
    return {one.name: _shipped(one) for one in SHIPPED}


def _shipped(one: Shipped) -> Artifact:
    """Read either tool's file: Hardhat's has the code in it, 0x's has the compiler's answer."""
    brought = json.loads((MODULES / one.file).read_text(encoding="utf-8"))
    output = brought.get("compilerOutput")
    if output:
        code, runtime = (output["evm"][part]["object"] for part in ("bytecode", "deployedBytecode"))
        abi = output["abi"]
    else:
        code, runtime, abi = brought["bytecode"], brought["deployedBytecode"], brought["abi"]
    evm = {"deployedBytecode": {"object": runtime.removeprefix("0x")}}
    return _artifact(one.name, abi, code.removeprefix("0x"), evm)


def compile_reference() -> dict[str, Artifact]:
    """The reference suite's contracts by name, likewise.

    Raises: RuntimeError when `make` has not installed it.
    """
    if not MODULES.is_dir():
        raise RuntimeError("the reference suite is not installed; run `make check` once")
    return _artifacts([REFERENCE])


def _artifacts(sources: Iterable[Source]) -> dict[str, Artifact]:
    found: dict[str, Artifact] = {}
    for source in sources:
        for contracts in _compiled(source).values():
            for name, contract in contracts.items():
                evm = contract["evm"]
                code = evm["bytecode"]["object"]
                if code and "__$" not in code and name not in found:
                    found[name] = _artifact(name, contract["abi"], code, evm)
    return found


def versions() -> dict[str, str]:
    """The installed version of every package that is measured."""
    lock = json.loads((HERE / "peers" / "package-lock.json").read_text(encoding="utf-8"))
    wanted = json.loads((HERE / "peers" / "package.json").read_text(encoding="utf-8"))
    return {
        name: lock["packages"][f"node_modules/{name}"]["version"]
        for name in sorted(wanted["dependencies"])
    }


# What the file says to which the package refers.
REFERRED = {"@gnosis.pm/ido-contracts": "LGPL-3.0", "@tokenysolutions/t-rex": "GPL-3.0"}


def licences() -> dict[str, str]:
    """The licence of every package as its author states it."""
    lock = json.loads((HERE / "peers" / "package-lock.json").read_text(encoding="utf-8"))
    return {
        name: REFERRED.get(name) or lock["packages"][f"node_modules/{name}"]["license"]
        for name in versions()
    }


def _compiled(source: Source) -> Mapping[str, Mapping[str, Any]]:
    sources: dict[str, Any] = {
        name: {"content": (MODULES / name).read_text(encoding="utf-8")} for name in source.wanted
    }
    if source.own is not None:
        sources[source.own.name] = {"content": source.own.read_text(encoding="utf-8")}
    settings: dict[str, Any] = {
        "evmVersion": source.evm,
        "optimizer": {"enabled": True, "runs": OPTIMIZER_RUNS},
        "remappings": list(source.remappings),
        "outputSelection": {"*": {"*": OUTPUT}},
    }
    if source.via_ir:
        # Its abstract contracts would be built too, for another minute.
        settings["viaIR"] = True
        settings["outputSelection"] = {
            name: {name.rpartition("/")[2].removesuffix(".sol"): OUTPUT} for name in source.wanted
        }
    what = {"language": "Solidity", "sources": sources, "settings": settings}
    text = json.dumps(what, sort_keys=True)
    lock = (HERE / "peers" / "package-lock.json").read_text(encoding="utf-8")
    digest = hashlib.sha256(f"{source.version}\n{lock}\n{text}".encode()).hexdigest()
    cached = PLACE / "build" / f"{digest}.json"
    cached.parent.mkdir(parents=True, exist_ok=True)
    # Half a minute of work: another process of the tests waits for it instead of doing it too.
    with (cached.parent / "lock").open("w", encoding="utf-8") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not cached.is_file():
            write_whole(cached, _run(source, text))
    contracts: Mapping[str, Mapping[str, Any]] = json.loads(cached.read_text())["contracts"]
    return contracts


def _run(source: Source, text: str) -> str:
    answer = subprocess.run(
        ["node", str(HERE / "compile.js"), str(MODULES), source.compiler],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    output = json.loads(answer)
    errors = [e for e in output.get("errors", ()) if e["severity"] == "error"]
    if errors:
        messages = "\n".join(e.get("formattedMessage", e["message"]) for e in errors)
        raise RuntimeError(f"{source.name} does not compile:\n{messages}")
    return answer


def _artifact(name: str, abi: list[Any], code: str, evm: Mapping[str, Any]) -> Artifact:
    runtime = bytes.fromhex(evm["deployedBytecode"]["object"])
    return Artifact(name, abi, bytes.fromhex(code), runtime, name, {}, {}, {}, {})
