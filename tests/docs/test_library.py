"""The program on the page about the library runs as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

from prorata.chain.node import RpcChain
from prorata.deployments.deployment import Deployment
from prorata.ledger.audits import audit_deployment
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "library.md").read_text(encoding="utf-8")
PROGRAM = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
NODE = "http://127.0.0.1:8545"


@pytest.mark.slow
def test_the_program_of_the_page_deploys_pays_and_proves(tmp_path):
    """In an empty folder beside the examples, on its own chain; the books then say the same."""
    shutil.copytree(PROJECT_ROOT / "examples", tmp_path / "examples")
    assert PROGRAM.count(NODE) == 1
    with Anvil(chain_id=31337) as anvil:
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM.replace(NODE, anvil.url)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(PROJECT_ROOT)},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        found = Deployment.open(RpcChain(anvil.url), tmp_path / "deployments/31337/HARB12")
        proven = audit_deployment(found)
    assert proven.balanced
    [distribution] = proven.books.distributions.values()
    assert (distribution.received, len(distribution.settlements)) == (85_000 * 10**6, 1)


def test_the_program_is_short():
    assert len([line for line in PROGRAM.splitlines() if line.strip()]) <= 20
