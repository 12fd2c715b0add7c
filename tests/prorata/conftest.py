"""A chain, an issuer and an operator on the session's Anvil; every test starts from one state."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_utils.address import to_checksum_address

from prorata.assets.asset import Asset
from prorata.chain.calls import Call
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner
from prorata.deployments.deployer import deploy
from prorata.deployments.deployment import Deployment, open_operator
from prorata.errors import InputError
from prorata.register.captable import CapTable, Holding, read_csv
from prorata.register.issuance import issue
from prorata.register.record_dates import schedule_record
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.browser import browser
from tests.chainkit import Codec

# Anvil's first account, known to everyone.
ISSUER_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
# Seconds that an operator waits for what is mined at once, on a machine however busy.
PATIENCE = 30
BUILDING = PROJECT_ROOT / "examples" / "building"


@pytest.fixture
def chain(anvil: Anvil) -> Iterator[RpcChain]:
    snapshot = anvil.rpc("evm_snapshot")
    yield RpcChain(anvil.url)
    anvil.rpc("evm_setAutomine", True)
    anvil.rpc("anvil_dropAllTransactions")
    assert anvil.rpc("evm_revert", snapshot)


@pytest.fixture(scope="session")
def issuer() -> LocalSigner:
    return LocalSigner(Account.from_key(ISSUER_KEY))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "HARB12"


@pytest.fixture
def operator(chain: RpcChain, issuer: LocalSigner, folder: Path) -> Iterator[Operator]:
    with open_operator(chain, issuer, folder, timeout=PATIENCE) as opened:
        yield opened


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser, which reaches this machine and nobody else."""
    with browser() as opened:
        yield opened


# ------------------------------------------------------------------------------------ the building


@pytest.fixture(scope="module")
def settings() -> Asset:
    return Asset.load(BUILDING / "asset.yaml")


@pytest.fixture(scope="module")
def table() -> CapTable:
    return read_csv(BUILDING / "holders.csv", authorised=10_000)


@pytest.fixture
def found(operator, settings, folder) -> Deployment:
    return deploy(operator, settings, folder, dollar=True)


@pytest.fixture
def issued(operator, found, table) -> Deployment:
    issue(operator, found, table)
    return found


@pytest.fixture
def closed(anvil, operator, issued) -> Deployment:
    """Issued, and record 1 has closed."""
    close_record(anvil, operator, issued)
    return issued


# ------------------------------------------------------------------------------------------- words


def close_record(anvil: Anvil, operator: Operator, found: Deployment) -> int:
    """Schedule a record and let it close; its id."""
    record = schedule_record(operator, found, operator.chain.now() + 100)
    travel(anvil, record.closes_at + 1)
    return record.id


def travel(anvil: Anvil, moment: int) -> None:
    """Mine an empty block at `moment`."""
    anvil.rpc("evm_setNextBlockTimestamp", moment)
    anvil.rpc("evm_mine")


def crowd(count: int) -> CapTable:
    """So many holders of 1 to 97 shares whom nobody has seen before."""
    addresses = (
        (0xA5 << 152 | 7_919 * (number + 1)).to_bytes(20, "big") for number in range(count)
    )
    return CapTable(
        tuple(
            Holding(to_checksum_address(address), 1 + number % 97)
            for number, address in enumerate(addresses)
        )
    )


def put(operator: Operator, artifacts, name: str, *arguments: object) -> str:
    """Deploy a contract of the tests; its address."""
    call = Call(None, Codec(artifacts).creation(name, *arguments), 0, f"deploy {name}")
    address = operator.send_one(f"put/{name}", call).contract_address
    assert address
    return address


def act(operator: Operator, artifacts, name: str, address: str, function: str, *args) -> None:
    """Call a contract of the tests."""
    call = Call(address, Codec(artifacts).call(name, function, *args), 0, function)
    operator.send_one(f"act/{operator.chain.nonce(operator.address)}", call)


def refused(call, *arguments, **options) -> str:
    """The sentence of a refusal."""
    with pytest.raises(InputError) as refusal:
        call(*arguments, **options)
    return str(refusal.value)


def sent_by_node(chain: RpcChain, transaction: dict) -> str:
    """Signed by the node itself, and mined: its hash."""
    hashed = chain.request("eth_sendTransaction", transaction)
    for _ in range(100):
        if chain.receipts([hashed]) != [None]:
            return hashed
        time.sleep(0.1)
    raise AssertionError(hashed)


def sent(operator: Operator) -> int:
    """How many transactions the account has sent."""
    return operator.chain.nonce(operator.address)
