"""Credits with serials by command: issued, retired, and what their certificates name."""

from __future__ import annotations

import pytest

from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.opened import Commands

ASSET = str(PROJECT_ROOT / "examples" / "carbon" / "asset.yaml")
HOLDER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"

pytestmark = pytest.mark.slow


def test_a_certificate_names_serials_and_waits_for_the_registry(tmp_path):
    """It is filed when the token has a document of its number."""
    batches, table = tmp_path / "batches.csv", tmp_path / "holders.csv"
    header = "token,project,vintage,labels,prefix,first,last,buffer\n"
    batches.write_text(f"{header}MDR24,Delta,2024,none,VR-1,101,300,20\n", encoding="utf-8")
    table.write_text(f"address,shares\n{HOLDER},200\n", encoding="utf-8")
    with Anvil() as anvil:
        commands = Commands(anvil, tmp_path / "deployments" / "MDR24")
        commands.says("deploy", "--asset", ASSET)
        commands.says("issue", str(table))
        commands.says("market", "deploy")
        commands.says("retire", "open")
        words = ("retire", "--beneficiary", "Ann Example", "--reason", "Flights of 2025")
        commands.says(*words, "--amount", "30")
        commands.says(*words, "--amount", "12")
        asked = ("retire", "certificate", "--batches", str(batches))
        first, second = commands.facts(*asked)["certificates"]
        assert first["serials"] == ["VR-1-000101 to 000130"]
        assert second["serials"] == ["VR-1-000131 to 000142"]
        assert (first["state"], first["reference"]) == ("pending", None)
        commands.says("documents", "set", first["certificate"], "--uri", "RET-2026-1")
        page = tmp_path / "ann.html"
        only = ("--transaction", first["transaction"], "--out", str(page))
        [filed] = commands.facts(*asked, *only)["certificates"]
        assert (filed["state"], filed["reference"]) == ("filed", "RET-2026-1")
        assert "filed as RET-2026-1" in page.read_text(encoding="utf-8")
        batches.write_text(f"{header}OTHER,Delta,2024,none,VR-1,101,300,20\n", encoding="utf-8")
        assert "has no batch of MDR24" in commands.refuses(*asked)
        batches.write_text(f"{header}MDR24,Delta,2024,none,VR-1,101,141,0\n", encoding="utf-8")
        assert "are 1 more than there are serials" in commands.refuses(*asked)
