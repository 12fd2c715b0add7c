"""The commands as ape runs them, each in its own process."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.opened import agreed

__all__ = ["Commands"]


@dataclass
class Commands:
    """The commands of one deployment on one node."""

    anvil: Anvil
    folder: Path

    def run(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        where = ["--network", self.anvil.url, "--deployment", str(self.folder)]
        ran = subprocess.run(
            ["ape", "run", *agreed(words), *where],
            cwd=PROJECT_ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert ran.returncode == code, ran.stdout + ran.stderr
        assert "Traceback" not in ran.stderr
        return ran

    def json(self, *words: str, code: int = 0) -> dict:
        return json.loads(self.run(*words, "--json", code=code).stdout)
