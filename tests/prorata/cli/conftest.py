"""An asset under rules, as the commands bring it to a chain of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands

COMPLIANT = PROJECT_ROOT / "examples" / "compliant"


@pytest.fixture(scope="module")
def asset(tmp_path_factory) -> Iterator[Commands]:
    """An asset with its register."""
    with Anvil() as anvil:
        commands = Commands(anvil, tmp_path_factory.mktemp("deployments") / "CANAL8")
        commands.says("deploy", "--asset", str(COMPLIANT / "asset.yaml"))
        commands.says("register", str(COMPLIANT / "investors.csv"))
        commands.says("issue", str(COMPLIANT / "holders.csv"))
        yield commands


@pytest.fixture
def started(asset) -> Iterator[Commands]:
    """The asset, as if no other test had been there."""
    with kept(asset.anvil.url, asset.folder):
        yield asset
