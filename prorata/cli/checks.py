# SPDX-License-Identifier: MIT
"""What a machine, a node and a folder need before an asset can be run, and what mends what lacks.

Nothing is changed, nothing is signed, and no deployment is needed. What is not needed for every
asset, such as a compiler, is shown without being called missing.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prorata.chain.keystores import is_open_to_others
from prorata.chain.node import RpcChain
from prorata.chain.types import SimulatedBlock
from prorata.cli.accounts import ACCOUNTS, PASSPHRASE, account_path, accounts_folder
from prorata.deployments.deployment import DEPLOYMENTS
from prorata.errors import BuildError, ChainError, ProrataError
from prorata.toolchain.paths import REMEDY, SOLC_VERSION, anvil_path, solc_path
from prorata.values.addresses import ZERO_ADDRESS
from prorata.values.amounts import format_units
from prorata.values.times import moment
from prorata.version import __version__

__all__ = [
    "CURSOR_SECRETS",
    "VARIABLES",
    "WEBHOOK_SECRETS",
    "Check",
    "folder_checks",
    "machine_checks",
    "node_checks",
    "unanswered",
]

OLDEST_PYTHON = (3, 10)
STALE_SECONDS = 300
"""A public chain whose newest block is older has stopped, or the node is behind it."""

FOREIGN_CLOCK_SECONDS = 60
"""So far may the newest block be ahead of this machine's clock."""

PACKAGES = ("web3", "eth-account", "openpyxl", "plutoprint")
APE_PACKAGES = ("eth-ape", "ape-foundry", "ape-ledger")
DATABASE, SERVER = "PRORATA_DATABASE", "PRORATA_SERVER"
CURSOR_SECRETS, WEBHOOK_SECRETS = "PRORATA_SECRETS", "PRORATA_WEBHOOK_SECRETS"
VARIABLES: Mapping[str, str] = {
    "PRORATA_NETWORK": "the node, as --network names it",
    "PRORATA_ACCOUNT": "the account, as --account names it",
    PASSPHRASE: "the passphrase of the account's keystore",
    "PRORATA_HEAD": "the file that keeps the journal's head, as --head names it",
    ACCOUNTS: "the folder of keystores",
    DATABASE: "the ledger, as --database names it",
    SERVER: "the cluster, as --server of `ledger query` names it",
    "PRORATA_CACHE": "where is kept what nodes take at once",
    "PRORATA_HOST": "the address that the service listens at, as --host names it",
    "PRORATA_PORT": "the service's port, as --port names it",
    "PRORATA_WORKERS": "the service's processes, as --workers says",
    "PRORATA_PUBLIC_ASSETS": "assets that anybody may read, as --public-asset names them",
    "PRORATA_ORIGINS": "whose pages may read the service, as --origin names them",
    "PRORATA_SECRET_FILES": "secrets that sign cursors, as --secret-file names them",
    "PRORATA_PAGES": "where browsers see the service's pages, as --pages names it",
    "PRORATA_LOG": "whether requests are logged, as --log says",
    "PRORATA_METRICS_PORT": "the port of the metrics, as --metrics-port names it",
    "PRORATA_AUDIT": "the audit that metrics tell of, as --audit names it",
    "PRORATA_WEBHOOK_SECRET_FILES": "master secrets of webhooks, as --webhook-secret-file says",
    WEBHOOK_SECRETS: "master secrets of webhooks, the newest first, with spaces between them",
    CURSOR_SECRETS: "these secrets themselves, the newest first, with spaces between them",
}
"""What the environment can say in place of options."""

# The address of a database or a server may have a password in it.
SECRETS = frozenset({PASSPHRASE, DATABASE, SERVER, CURSOR_SECRETS, WEBHOOK_SECRETS})


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: `found` says how it is, `mend` what to do if it is not `ok`.

    What is not `needed` is good to have, and its absence is no fault.
    """

    name: str
    found: str
    ok: bool = True
    needed: bool = True
    mend: str = ""

    @property
    def missing(self) -> bool:
        """Whether something that is needed is not there."""
        return self.needed and not self.ok

    @property
    def state(self) -> str:
        """In a word."""
        return "ok" if self.ok else "missing" if self.needed else "absent"

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {**vars(self), "state": self.state, "mend": self.mend or None}


# -------------------------------------------------------------------------------------- the machine


def machine_checks() -> Iterator[Check]:
    """Python, the packages, and the tools of a checkout."""
    oldest = ".".join(map(str, OLDEST_PYTHON))
    python = platform.python_version()
    fits = sys.version_info[:2] >= OLDEST_PYTHON
    yield Check("Python", python, fits, mend=f"install Python {oldest} or later")
    yield Check("prorata", __version__)
    for name in PACKAGES:
        yield _package(name, f"pip install {name}", needed=True)
    for name in APE_PACKAGES:
        yield _package(name, "pip install 'prorata[ape]'", needed=False)
    yield _tool("compiler", lambda: f"solc {SOLC_VERSION} at {solc_path()}", REMEDY)
    yield _tool("Anvil", _anvil, "npm install --global @foundry-rs/anvil")


def _package(name: str, mend: str, *, needed: bool) -> Check:
    try:
        return Check(name, importlib.metadata.version(name), needed=needed)
    except importlib.metadata.PackageNotFoundError:
        return Check(name, "not installed", ok=False, needed=needed, mend=mend)


def _tool(name: str, find: Callable[[], str], mend: str) -> Check:
    """A program that only some work needs: to change contracts, or to rehearse."""
    try:
        return Check(name, find(), needed=False)
    except (BuildError, OSError, subprocess.SubprocessError):
        return Check(name, "not found", ok=False, needed=False, mend=mend)


def _anvil() -> str:
    found = anvil_path()
    said = subprocess.run(
        [found, "--version"], capture_output=True, text=True, check=True, timeout=10
    )
    return f"{said.stdout.splitlines()[0]} at {found}"


# ----------------------------------------------------------------------------------------- the node


def node_checks(chain: RpcChain) -> Iterator[Check]:
    """What the node can do; of one that does not answer, no more than that.

    Raises: ChainError when it stops answering while it is asked.
    """
    yield Check("node", str(chain.request("web3_clientVersion")))
    kind = "local" if chain.is_local else "public"
    yield Check("chain", f"{chain.chain_id}, a {kind} one, genesis {chain.genesis_hash}")
    yield from _clock(chain)
    yield _asked(
        "finalized blocks",
        lambda: f"block {chain.block('finalized').number:,}",
        "use a node that knows the tag finalized: without it, confirmations are counted",
    )
    yield _asked(
        "eth_simulateV1",
        lambda: _simulated(chain),
        "use a node that has it, such as geth or Anvil: without it, a dry run tries each "
        "transaction alone",
    )
    yield _batches(chain)
    yield _asked("fees", lambda: _fees(chain), "use a node with eth_feeHistory")


def _clock(chain: RpcChain) -> Iterator[Check]:
    head, here = chain.block(), int(time.time())
    age = here - head.timestamp
    said = f"block {head.number:,} of {moment(head.timestamp)}"
    if chain.is_local:
        # Its clock is whoever's who started it.
        yield Check("newest block", said)
        return
    fresh = age <= STALE_SECONDS
    mend = "wait until the node is in step with its chain, or use another with --network"
    yield Check("newest block", f"{said}, {max(age, 0):,} seconds old", fresh, mend=mend)
    right = age >= -FOREIGN_CLOCK_SECONDS
    off = "in step with the chain" if right else f"{-age:,} seconds behind the chain"
    yield Check("clock", off, right, mend="set this machine's clock, for example with NTP")


def _batches(chain: RpcChain) -> Check:
    """How many questions the node answers at once: as many as are needed were asked."""
    most = chain.limits.batch.size
    chain.request_many([("eth_chainId", ())] * most)
    taken = chain.limits.batch.size
    mend = "use a node that answers batches: without them, reading many holders takes long"
    return Check("batches", f"{taken} questions at once", taken > 1, needed=False, mend=mend)


def _simulated(chain: RpcChain) -> str:
    call: dict[str, object] = {"from": ZERO_ADDRESS, "to": ZERO_ADDRESS}
    chain.simulate([SimulatedBlock([call])])
    return "dry runs try all transactions in order"


def _fees(chain: RpcChain) -> str:
    gwei = format_units(chain.fees().most, 9, trim=True)
    return f"at most {gwei} gwei for a unit of gas now"


def _asked(name: str, ask: Callable[[], str], mend: str) -> Check:
    try:
        return Check(name, ask(), needed=False)
    except ChainError as error:
        return Check(name, error.sentence, ok=False, needed=False, mend=mend)


# ---------------------------------------------------------------------- folder and environment


def folder_checks(
    folder: Path | None, account: str | None, environment: Mapping[str, str]
) -> Iterator[Check]:
    """Where deployments are kept, the variables that are set, and the keystore that is named."""
    yield _folder(folder or DEPLOYMENTS)
    for name, meaning in VARIABLES.items():
        if name in environment:
            said = "set" if name in SECRETS else environment[name]
            yield Check(name, f"{said}: {meaning}", needed=False)
    for name in sorted(environment):
        if name.startswith("PRORATA_") and name not in VARIABLES:
            known = ", ".join(VARIABLES)
            said, mend = "is no variable of prorata", f"unset {name}; there are {known}"
            yield Check(name, said, ok=False, needed=False, mend=mend)
    yield from _keystores(account)


def _folder(folder: Path) -> Check:
    """Whether deployments can be written: in the folder, or where it would be made."""
    place = folder.resolve()
    while not place.exists():
        place = place.parent
    ok = place.is_dir() and os.access(place, os.W_OK | os.X_OK)
    mend = f"chmod u+rwx {place}, or run from a folder that this account may write"
    return Check(
        "folder", f"{folder.resolve()}, {'writable' if ok else 'not writable'}", ok, mend=mend
    )


def _keystores(account: str | None) -> Iterator[Check]:
    """Those that are known by a name, and the one that is meant: nobody else may read them."""
    found = sorted(accounts_folder().glob("*.json"))
    if account and (named := account_path(account)).is_file():
        found = list(dict.fromkeys([*found, named]))
    for path in filter(is_open_to_others, found):
        said = f"{path}: others may read it ({stat.S_IMODE(path.stat().st_mode):04o})"
        yield Check("keystore", said, ok=False, mend=f"chmod 600 {path}")
    if found and not any(map(is_open_to_others, found)):
        count = "one" if len(found) == 1 else str(len(found))
        yield Check("keystores", f"{count}, which nobody else can read")


def unanswered(error: ProrataError) -> Check:
    """A node that does not answer."""
    mend = error.remedy or "start it, or name another with --network"
    return Check("node", error.sentence, ok=False, mend=f"{mend}; locally, `anvil` starts one")
