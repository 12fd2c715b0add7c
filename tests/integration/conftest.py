"""A chain, an issuer and an operator on the session's Anvil; every test starts from one state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account

from prorata.chain import RpcChain
from prorata.deploy import open_operator
from prorata.operator import LocalSigner, Operator
from prorata.toolchain import Anvil

# Anvil's first account, known to everyone.
ISSUER_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"


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
    with open_operator(chain, issuer, folder, timeout=5) as opened:
        yield opened
