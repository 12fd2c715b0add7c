# SPDX-License-Identifier: MIT
"""A play of an action: the operator of an account that signs elsewhere, on a copy of the folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from prorata.chain.calls import Call
from prorata.chain.elsewhere import ElsewhereOperator
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.rehearsal import RehearsedChain
from prorata.chain.signers import ElsewhereSigner
from prorata.chain.steps import Receipt, StepPlan
from prorata.chain.types import Mined
from prorata.deployments.deployment import Deployment, Turn, open_operator

__all__ = ["Played", "played"]

_NOT_COPIED = shutil.ignore_patterns("*.db", "*.db-*", "to-sign-*", "*.parquet", "*.pdf")


class PreparingOperator(ElsewhereOperator):
    """Tries the steps of an account that signs elsewhere.

    Steps that were written down before are prepared once more: nobody can say from here whether a
    wallet was ever shown them. What is done already, by its effect, is done.
    """

    def earlier(self, key: str, call: Call | None = None) -> Receipt | None:
        """The receipt of a step whose effect is on the chain."""
        found = super().earlier(key, call)
        self.waiting.clear()
        return found

    def gas_of(self, plan: StepPlan, mined: Mined) -> int:
        """So much that the step succeeds with it, which may be more than what it uses."""
        gas = super().gas_of(plan, mined)
        while gas < plan.gas and not self.rehearsed.would_do(gas):
            gas = min(plan.gas, 2 * gas)
        return gas


class Played:
    """The deployment as the play finds it, with the operator that keeps the steps."""

    def __init__(self, deployment: Deployment, operator: PreparingOperator) -> None:
        self.deployment = deployment
        self.operator = operator
        self.notes: list[str] = []
        """What whoever signs should know besides."""


@contextmanager
def played(chain: RpcChain, folder: Path, account: str, kind: str) -> Iterator[Played]:
    """Play on the chain as it is now; `kind` is `safe` or `unsigned`.

    Raises: DeploymentError when the folder is that of another chain; ChainError.
    """
    with TemporaryDirectory(prefix="prorata-") as place:
        copy, rehearsed = Path(place) / folder.name, RehearsedChain(chain)
        shutil.copytree(folder, copy, ignore=_NOT_COPIED)
        signer = ElsewhereSigner(kind, account)

        def make(chain: RpcChain, *rest: Any, **more: Any) -> Operator:
            assert isinstance(chain, RehearsedChain)
            return PreparingOperator(chain, *rest, **more)

        with open_operator(rehearsed, signer, copy, turn=Turn(), make=make) as operator:
            assert isinstance(operator, PreparingOperator)
            yield Played(Deployment.open(rehearsed, copy), operator)
