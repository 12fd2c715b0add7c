"""A plan that is applied by a process which dies wherever it writes or sends ends as planned.

The moments are counted by a run that is not killed; then one run dies at each (Laws 4 and 20).
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import shutil
import signal
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from prorata.chain.node import RpcChain
from prorata.chain.signers import LocalSigner
from prorata.cli.main import main
from prorata.deployments.deployment import Deployment
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.assurance.faults.crash_tests import make_killable
from tests.prorata.cli.opened import Commands
from tests.prorata.income.killed import Life

pytestmark = pytest.mark.slow

ASSET = PROJECT_ROOT / "examples" / "compliant" / "asset.yaml"
DEPLOYER = LocalSigner.of_test_account(0).address
FORK = multiprocessing.get_context("fork")
# A note of the plan, a line and a sending of each of six steps, and the files.
FEWEST = 30


class Applied:
    """One plan on a chain of its own, applied again and again from the same beginning."""

    def __init__(self, commands: Commands, path: Path) -> None:
        self.commands, self.path = commands, path
        done = commands.run("plan", "--asset", str(ASSET), "-o", str(path), "--json")
        assert done.code == 0, done.err
        self.plan = json.loads(done.out)
        self._start = commands.anvil.rpc("evm_snapshot")

    @property
    def chain(self) -> RpcChain:
        return self.commands.chain

    def again(self) -> None:
        """The chain and the folder as they were when the plan was made."""
        anvil = self.commands.anvil
        anvil.rpc("anvil_dropAllTransactions")
        assert anvil.rpc("evm_revert", self._start)
        anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(10**9))
        self._start = anvil.rpc("evm_snapshot")
        shutil.rmtree(self.commands.folder, ignore_errors=True)

    def apply(self, last: int) -> tuple[int, int]:
        """Apply in a process that dies at a moment: how it ended, and how many it lived."""
        ours, theirs = FORK.Pipe(duplex=False)
        child = FORK.Process(target=self._apply, args=(last, theirs))
        child.start()
        theirs.close()
        try:
            lived = ours.recv()
        except EOFError:
            lived = 0
        child.join()
        return int(child.exitcode or 0), lived

    def _apply(self, last: int, line: multiprocessing.connection.Connection) -> None:
        life = Life(last)
        make_killable(life)
        words = ["apply", str(self.path), "--network", self.commands.anvil.url]
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as said:
            try:
                main(args=[*words, "--deployment", str(self.commands.folder)])
            except SystemExit as ended:
                line.send(life.lived)
                if ended.code:
                    os.write(2, said.getvalue().encode())
                os._exit(int(ended.code or 0))

    def is_as_planned(self) -> None:
        """Every contract is where the plan says, set up, and nothing was sent twice."""
        found = Deployment.open(self.chain, self.commands.folder)
        steps = self.plan["informs"]["steps"]
        planned = {s["key"].removeprefix("deploy/"): s["address"] for s in steps if s["address"]}
        assert planned == {n: c.address for n, c in found.manifest.contracts.items()}
        assert self.chain.nonce(DEPLOYER) == len(steps)
        assert found.registry().tokens() == [found.token().address]
        assert found.registry().count_keeper(found.token().address) == found.token().compliance()


def test_a_plan_killed_wherever_it_writes_or_sends_ends_in_the_same_addresses(tmp_path):
    with Anvil() as anvil:
        applied = Applied(Commands(anvil, tmp_path / "CANAL8"), tmp_path / "plan.json")
        ended, moments = applied.apply(last=0)
        assert (ended, moments >= FEWEST) == (0, True), moments
        applied.is_as_planned()
        for last in range(1, moments + 1):
            applied.again()
            assert applied.apply(last)[0] == -signal.SIGKILL, last
            assert applied.apply(last=0)[0] == 0, last
            applied.is_as_planned()
            before = (applied.commands.folder / "manifest.json").read_bytes()
            # A second apply sends nothing, and changes nothing.
            if last % 7 == 1:
                assert applied.apply(last=0)[0] == 0, last
                applied.is_as_planned()
                assert (applied.commands.folder / "manifest.json").read_bytes() == before
