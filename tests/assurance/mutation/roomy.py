"""An EVM that takes contracts of any size, for what is compiled without the optimiser."""

from __future__ import annotations

from typing import Any

import pyrevm

LIMIT = 2**17
USUAL = pyrevm.EVM


def enlarge() -> None:
    """Let every EVM made from now on take larger contracts."""
    pyrevm.EVM = _roomy


def _roomy(**options: Any) -> pyrevm.EVM:
    if "env" not in options:
        cfg = pyrevm.CfgEnv(chain_id=1, limit_contract_code_size=LIMIT)
        options["env"] = pyrevm.Env(cfg=cfg)
    return USUAL(**options)
