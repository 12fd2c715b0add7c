"""The wheel: what it carries, what it says of itself, and that it works alone.

It is built with the hatchling of this environment, without the network, and installed beside
nothing but the dependencies that it declares: no compiler, no Node.js, no ape and no checkout.
"""

from __future__ import annotations

import ast
import email
import json
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from importlib.metadata import distribution, packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import prorata
from prorata.chain.artifacts import artifacts
from prorata.register.captable import read_csv
from prorata.toolchain.paths import PROJECT_ROOT, anvil_path
from prorata.values.countries import all_countries

LEFT_OUT = {"prorata/toolchain/solc_shim.js"}
"""Without a checkout's node_modules it has no compiler to start."""

ONLY_IN = {"eth-ape": "cli", "py-solc-x": "toolchain"}
"""What is no dependency of the package, and the room that uses it where it is installed."""

EXTRAS = {
    "alerts": {"apprise", "standardwebhooks"},
    "store": {"alembic", "psycopg", "sqlalchemy"},
    "telemetry": {
        "opentelemetry-exporter-otlp-proto-http",
        "opentelemetry-instrumentation-fastapi",
        "opentelemetry-sdk",
    },
    "analysis": {"duckdb", "ibis-framework", "pyarrow"},
    "service": {
        "abnf",
        "eth-keys",
        "fastapi",
        "greenlet",
        "httptools",
        "itsdangerous",
        "limits",
        "markupsafe",
        "prometheus-client",
        "siwe",
        "starlette",
        "uvicorn",
        "uvloop",
    },
}
"""What only they who ask for it have: nothing imports it until a command needs it."""

NEEDS_EXTRAS = ("prorata.alerts", "prorata.analysis", "prorata.service", "prorata.store")
"""The rooms that are imported with an extra only."""

INSIDE = tuple(f"{room}." for room in NEEDS_EXTRAS)

SHARING = EXTRAS["telemetry"]
"""Those of OpenTelemetry, which all have one name at their top."""

FOUND_BY_ITSELF = {"tzdata"}
"""What Python looks into without an import of ours: `zoneinfo`, where the system has no zones."""


def build(target: str, source: Path, folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    built = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    [path] = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    return build("wheel", PROJECT_ROOT, tmp_path_factory.mktemp("wheel"))


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def files(folder: str) -> set[str]:
    """The files that a checkout has in a folder, but for what Python writes there."""
    return {
        path.relative_to(PROJECT_ROOT).as_posix()
        for path in (PROJECT_ROOT / folder).rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }


# ------------------------------------------------------------------------------ what it carries


def test_it_carries_the_package_and_the_examples_and_nothing_else(wheel):
    carried = {name for name in names(wheel) if ".dist-info/" not in name}
    examples = {f"prorata/{name}" for name in files("examples")}
    assert carried == files("prorata") - LEFT_OUT | examples
    assert {
        "prorata/__main__.py",
        "prorata/artifacts/ShareToken.json",
        "prorata/artifacts/standard-input.json",
        "prorata/examples/building/asset.yaml",
        "prorata/py.typed",
        "prorata/store/migrations/versions/v0001_people.py",
        "prorata/values/data/countries.csv",
    } <= carried


def test_the_source_distribution_gives_the_same_wheel(wheel, tmp_path):
    with tarfile.open(build("sdist", PROJECT_ROOT, tmp_path / "sdist")) as archive:
        # Pythons before 3.11.4 know no filter, those from 3.12 on warn without one.
        safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(tmp_path / "unpacked", **safely)
    [source] = (tmp_path / "unpacked").iterdir()
    assert {"contracts", "tests", "scripts", "Makefile", "requirements.lock"} <= {
        path.name for path in source.iterdir()
    }
    assert not {"node_modules", ".venv", ".git", "dist", "out"} & {p.name for p in source.iterdir()}
    again = build("wheel", source, tmp_path / "again")
    assert again.read_bytes() == wheel.read_bytes()


# --------------------------------------------------------------------- what it says of itself


@pytest.fixture(scope="module")
def metadata(wheel) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(archive.read(name))


def requirements(metadata: Message) -> list[Requirement]:
    return [Requirement(text) for text in metadata.get_all("Requires-Dist", [])]


def applies(requirement: Requirement, python: str, extra: str = "") -> bool:
    where = {"python_version": python, "python_full_version": f"{python}.0", "extra": extra}
    return requirement.marker is None or requirement.marker.evaluate(where)


def wanted(metadata: Message, extra: str = "", python: str = "3.12") -> set[str]:
    """The distributions that are asked for besides those of no extra."""
    return {
        canonicalize_name(requirement.name)
        for requirement in requirements(metadata)
        if applies(requirement, python, extra) and (not extra or not applies(requirement, python))
    }


def test_it_says_the_version_of_the_package_and_its_licence(wheel, metadata):
    assert (metadata["Name"], metadata["Version"]) == ("prorata", prorata.__version__)
    assert metadata["License"] == "MIT"
    [licence] = [name for name in names(wheel) if name.endswith("/LICENSE")]
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read(licence) == (PROJECT_ROOT / "LICENSE").read_bytes()


def test_every_python_from_the_oldest_on_is_allowed(metadata):
    assert metadata["Requires-Python"] == ">=3.10"
    versions = {c.rpartition(" ")[2] for c in metadata.get_all("Classifier") if ":: 3." in c}
    assert versions == {"3.10", "3.11", "3.12", "3.13", "3.14"}
    assert len({frozenset(wanted(metadata, python=version)) for version in versions}) == 1


def test_only_apes_extra_stays_below_3_13(metadata):
    plugins = {"ape-foundry", "ape-ledger", "ape-solidity"}
    assert wanted(metadata, "ape") == {*plugins, "coincurve", "eth-ape"}
    assert wanted(metadata, "ape", "3.10") == wanted(metadata, "ape")
    assert wanted(metadata, "ape", "3.13") == wanted(metadata, "ape", "3.14") == set()
    assert wanted(metadata, "dev", "3.14") == wanted(metadata, "dev")


def test_it_installs_the_command(wheel):
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith("/entry_points.txt")]
        assert archive.read(name).decode().splitlines() == [
            "[console_scripts]",
            "prorata = prorata.cli.main:main",
        ]


# ------------------------------------------------------------------------------- dependencies


def imported(path: Path) -> Iterator[str]:
    """The top modules that a file imports, for its types alone too."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, path
            yield str(node.module).partition(".")[0]


@pytest.fixture(scope="module")
def rooms() -> Mapping[str, set[str]]:
    """The rooms that import each distribution."""
    providers = packages_distributions()
    found: dict[str, set[str]] = defaultdict(set)
    package = PROJECT_ROOT / "prorata"
    for path in package.rglob("*.py"):
        for module in set(imported(path)) - sys.stdlib_module_names - {"prorata"}:
            names = providers.get(module, [module])
            # A name that many distributions share is that of those which are declared.
            for name in [one for one in names if one in SHARING] or names:
                found[canonicalize_name(name)].add(path.relative_to(package).parts[0])
    return found


def test_what_is_declared_is_imported_and_what_is_imported_is_declared(metadata, rooms):
    extras = set().union(*EXTRAS.values())
    assert rooms.keys() - ONLY_IN.keys() - extras == wanted(metadata) - FOUND_BY_ITSELF


def test_what_an_extra_declares_is_imported_in_its_room_and_in_commands(metadata, rooms):
    """A driver of a database is found by its name, and one of a table is asked for by another."""
    for extra, packages in EXTRAS.items():
        assert wanted(metadata, extra) == packages
        for name in packages & rooms.keys():
            assert rooms[name] <= {"alerts", "analysis", "cli", "service", "store"}, name
    assert {"alembic", "psycopg", "sqlalchemy"} <= rooms.keys()


def test_ape_and_the_compiler_are_imported_in_their_rooms_and_declared_as_extras(metadata, rooms):
    assert {name: rooms[name] for name in ONLY_IN} == {n: {r} for n, r in ONLY_IN.items()}
    assert ONLY_IN.keys() <= wanted(metadata, "ape") | wanted(metadata, "dev")
    assert not ONLY_IN.keys() & wanted(metadata)


# ------------------------------------------------------------------------------ installed alone


@dataclass(frozen=True)
class Installed:
    """The wheel in an environment of its own; nothing else is on the PATH."""

    python: Path
    home: Path

    def run(
        self, *arguments: object, path: str = "", code: int = 0
    ) -> subprocess.CompletedProcess[str]:
        ran = subprocess.run(
            [str(self.python), *map(str, arguments)],
            cwd=self.home,
            env={"PATH": path or str(self.home / "nothing"), "HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert ran.returncode == code, ran.stdout + ran.stderr
        return ran

    def command(self, module: str, *arguments: object, **how) -> subprocess.CompletedProcess[str]:
        return self.run("-m", "prorata", module, *arguments, **how)


@pytest.fixture(scope="module")
def installed(wheel, metadata, tmp_path_factory) -> Installed:
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", symlinks=True)
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    done = subprocess.run(
        [*pip, "--no-deps", "--no-index", str(wheel)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    [site_packages] = (folder / "venv" / "lib").glob("python*/site-packages")
    (folder / "dependencies").mkdir()
    link_dependencies(metadata, folder / "dependencies")
    (site_packages / "dependencies.pth").write_text(f"{folder / 'dependencies'}\n")
    (folder / "home").mkdir()
    return Installed(python, folder / "home")


def link_dependencies(metadata: Message, folder: Path) -> None:
    """What the wheel asks for, and what that asks for in turn, as this environment has it."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    waiting, met = wanted(metadata, python=python), set()
    while waiting:
        met.add(name := waiting.pop())
        found = distribution(name)
        for file in found.files or ():
            top = file.parts[0]
            if top not in {"..", "__pycache__"} and not (folder / top).exists():
                (folder / top).symlink_to(found.locate_file(top))
        asked = [Requirement(text) for text in found.requires or ()]
        waiting |= {canonicalize_name(r.name) for r in asked if applies(r, python)} - met


@pytest.mark.slow
def test_it_finds_what_it_carries_and_nothing_of_the_checkout(installed):
    program = """
import importlib.util, json, prorata, shutil
from prorata.assets.asset import Asset
from prorata.assets.examples import EXAMPLES
from prorata.chain.artifacts import artifacts, compiler, standard_input
from prorata.register.captable import read_csv
from prorata.values.countries import all_countries
print(json.dumps({
    "file": prorata.__file__,
    "version": prorata.__version__,
    "code": {name: found.runtime.hex() for name, found in artifacts().items()},
    "sources": len(standard_input()["sources"]),
    "compiler": compiler().version,
    "countries": len(all_countries()),
    "symbol": Asset.load(EXAMPLES / "building" / "asset.yaml").symbol,
    "holders": len(read_csv(EXAMPLES / "building" / "holders.csv").holdings),
    "examples": str(EXAMPLES),
    "there": [name for name in ("ape", "solcx", "pytest") if importlib.util.find_spec(name)],
    "tools": [name for name in ("node", "solc", "anvil") if shutil.which(name)],
}))
"""
    found = json.loads(installed.run("-c", program).stdout)
    package = Path(found["file"]).parent
    assert package.is_relative_to(installed.python.parents[1])
    assert found["examples"] == str(package / "examples")
    assert found["code"] == {name: a.runtime.hex() for name, a in artifacts().items()}
    assert found["sources"] > 50
    assert (found["there"], found["tools"]) == ([], [])
    assert (found["version"], found["compiler"]) == (prorata.__version__, "0.8.37")
    assert (found["countries"], found["holders"]) == (len(all_countries()), 148)
    assert found["symbol"] == "HARB12"


@pytest.mark.slow
def test_every_module_imports_without_ape_or_a_compiler(installed):
    """But for two rooms, which need an extra; the store says which."""
    program = f"""
import importlib, pkgutil, prorata
from prorata.errors import StoreError
def refused(name):
    assert name in {NEEDS_EXTRAS}, name
for module in pkgutil.walk_packages(prorata.__path__, "prorata.", onerror=refused):
    if module.name not in {NEEDS_EXTRAS} and not module.name.startswith({INSIDE}):
        importlib.import_module(module.name)
        print(module.name)
try:
    import prorata.store
except StoreError as error:
    assert "pip install 'prorata[store]'" in str(error)
else:
    raise AssertionError
"""
    modules = installed.run("-c", program).stdout.split()
    known = {
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in files("prorata")
        if name.endswith(".py")
    }
    asking = {name for name in known if name in NEEDS_EXTRAS or name.startswith(INSIDE)}
    assert set(modules) == known - {"prorata"} - asking


@pytest.mark.slow
def test_an_asset_lives_its_life_on_any_node(installed, anvil, tmp_path):
    """Without ape, and with the artifacts that travel: there is nothing to compile with."""
    examples = tmp_path / "examples"
    installed.command("examples", "--out", examples)
    holders = examples / "building" / "holders.csv"
    snapshot = anvil.rpc("evm_snapshot")

    def done(*words: object) -> dict[str, Any]:
        where = ("--network", anvil.url, "--deployment", tmp_path / "HARB12", "--json")
        return json.loads(installed.command(*words, *where).stdout)

    try:
        done("deploy", "--asset", examples / "building" / "asset.yaml", "--dollar")
        done("issue", holders)
        record = done("record", "--at", "+100s")
        anvil.rpc("evm_setNextBlockTimestamp", record["closes_at"] + 1)
        anvil.rpc("evm_mine")
        done("distribute", "--currency", "USD", "--amount", "85,000.00", "--kind", "rent")
        claimed = done("claim", "--holder", read_csv(holders).holdings[5].address)
        table, books = done("captable", "--record", "1"), done("books", "--names", holders)
    finally:
        assert anvil.rpc("evm_revert", snapshot)
    assert len(table["holders"]) == 148
    assert len(claimed["payouts"]) == 1
    assert books["balanced"] is True


@pytest.mark.slow
def test_the_command_says_its_version_and_lists_itself(installed):
    script = installed.python.with_name("prorata")
    for words in (("-m", "prorata"), (script,)):
        said = installed.run(*words, "--version").stdout
        assert said == f"prorata, version {prorata.__version__}\n"
        assert "Set up:" in installed.run(*words, "--help").stdout


@pytest.mark.slow
def test_a_network_that_only_ape_knows_is_refused_in_words(installed):
    refused = installed.command("books", "--network", "ethereum:sepolia", code=1).stderr
    assert "ape, which knows networks by name, is not installed" in refused


@pytest.mark.slow
def test_the_demo_plays_where_an_anvil_is_on_the_path_and_else_says_how_to_get_one(
    installed, tmp_path
):
    refused = " ".join(installed.command("demo", code=1).stderr.split())
    assert refused == (
        "✗ Anvil is not on the PATH, nor among the npm packages of a checkout; run `make setup` in "
        "a checkout, or for an installed package `npm install --global @foundry-rs/anvil` or "
        "Foundry's `foundryup`."
    )
    (tmp_path / "anvil").symlink_to(anvil_path())
    said = installed.command("demo", "--out", tmp_path / "out", path=str(tmp_path)).stdout
    assert "The books balance, to the last unit." in said
    assert (tmp_path / "out" / "building.png").is_file()
