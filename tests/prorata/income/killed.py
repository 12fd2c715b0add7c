"""A real push, or other work in pages, in a process that kills itself at a chosen moment.

Moments are counted from 1 in the order in which they come: before a line of the journal is
written, with half of it written, with all of it on disk, before and after the node is given a
window of transactions, before and after every look for receipts, and before and after a file of
the account is put in its place. Moment 0 never comes.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from eth_account import Account

from prorata.chain import operator as operator_module
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.chain.sealed_log import SealedLog
from prorata.chain.signers import LocalSigner
from prorata.deployments.deployment import Deployment, open_operator
from prorata.income.pushes import push_all
from tests.prorata.conftest import ISSUER_KEY

# Small, so that a hundred holders fill several windows of several pages.
PAGE, WINDOW = 10, 4


class Life:
    """Counts moments, and ends at the chosen one as a power cut would end it."""

    def __init__(self, last: int) -> None:
        self.last, self.lived = last, 0

    def is_over(self) -> bool:
        """Whether this moment is the last one."""
        self.lived += 1
        return self.lived == self.last

    def pass_by(self) -> None:
        if self.is_over():
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function with a moment before and one after."""

        def lived(*arguments: Any, **options: Any) -> Any:
            self.pass_by()
            result = function(*arguments, **options)
            self.pass_by()
            return result

        return lived


class Paper:
    """A journal's file that can be torn in the middle of a line."""

    def __init__(self, file: Any, life: Life) -> None:
        self._file, self._life = file, life

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, data: bytes) -> None:
        if self._life.is_over():
            self._file.write(data[: len(data) // 2])
            self._file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        self._file.write(data)


Work = Callable[[Operator, Deployment], Any]


def push_once(chain: RpcChain, folder: Path, last: int, delay: float | None = None) -> int:
    """Push distribution 1 until it ends, the moment comes, or the seconds are over; how it ended.

    That is 0, or a signal's number with a minus.
    """
    return live_once(chain, folder, _push, last, delay)


def live_once(
    chain: RpcChain, folder: Path, work: Work, last: int, delay: float | None = None
) -> int:
    """Do some work of an operator until it ends, the moment comes, or the seconds are over."""
    # A fork costs nothing beside a new interpreter, and dies as thoroughly.
    arguments = (chain.name, folder, work, last)
    child = multiprocessing.get_context("fork").Process(target=_live, args=arguments)
    child.start()
    child.join(delay)
    child.kill()
    child.join()
    assert child.exitcode in (0, -signal.SIGKILL)
    return child.exitcode


def _push(operator: Operator, found: Deployment) -> None:
    push_all(operator, found, 1, page_size=PAGE)


def _live(url: str, folder: Path, work: Work, last: int) -> None:
    life, append = Life(last), SealedLog.append

    def torn(self: SealedLog, records: Any) -> None:
        if not isinstance(self._file, Paper):
            self._file = Paper(self._file, life)
        append(self, records)

    operator_module.WINDOW = WINDOW
    SealedLog.append = life.around(torn)
    RpcChain.send_raw = life.around(RpcChain.send_raw)
    RpcChain.receipts = life.around(RpcChain.receipts)
    Path.replace = life.around(Path.replace)
    chain, signer = RpcChain(url), LocalSigner(Account.from_key(ISSUER_KEY))
    with open_operator(chain, signer, folder, timeout=20) as operator:
        work(operator, Deployment.open(chain, folder))
