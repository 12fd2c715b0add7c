"""How long a block takes from the node that mines it to a client of the API: all real processes."""

from __future__ import annotations

import threading
import time
from statistics import median, quantiles

import pytest

from prorata.chain.node import RpcChain
from prorata.deployments.deployment import Deployment
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.assurance.reorganisations.test_on_anvil import TRANSFER
from tests.prorata.cli.opened import Commands
from tests.prorata.cli.test_run import running
from tests.prorata.cli.test_supervisor import until
from tests.prorata.service.live.lines import Listener

pytestmark = pytest.mark.slow

BUILDING = PROJECT_ROOT / "examples" / "building"
BLOCKS = 60
PATIENCE = 120
"""Seconds: a guard against hanging. The goal is a p95 of 0.25 s, which is measured, and printed, on
a machine of one's own: on a shared one it says how busy that is.
"""


class Timed(Listener):
    """Notes when each block was heard of."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[int, float] = {}

    def note(self, _: Listener) -> bool:
        for event in self.events[len(self.seen) :]:
            self.seen[event["block"]] = time.monotonic()
        return len(self.seen) >= BLOCKS


def test_a_client_sees_a_block_soon(tmp_path, capsys) -> None:
    """Law 118: woken by the node's websocket, and by the commit of the follower."""
    with Anvil() as anvil:
        commands = Commands(anvil, tmp_path / "HARB12")
        commands.says("deploy", "--asset", str(BUILDING / "asset.yaml"), "--dollar")
        commands.says("issue", str(BUILDING / "holders.csv"))
        token = Deployment.open(RpcChain(anvil.url), commands.folder).token().address
        lines = (BUILDING / "holders.csv").read_text("utf-8").splitlines()[1:3]
        giver, receiver = (line.split(",")[0] for line in lines)
        anvil.rpc("anvil_autoImpersonateAccount", True)
        anvil.rpc("anvil_setBalance", giver, hex(10**21))
        anvil.rpc("evm_setAutomine", False)
        data = f"0x{TRANSFER}{receiver[2:].lower():>064}{1:064x}"
        sent = {"from": giver, "to": token, "data": data, "gas": hex(300_000)}
        client, mined = Timed(), {}
        with running(commands) as run:
            thread = threading.Thread(target=client.listen, args=(run.address, client.note))
            thread.start()
            until(lambda: client.place is not None)
            # The websocket is there a moment after the first look.
            time.sleep(2)
            for _ in range(BLOCKS):
                anvil.rpc("eth_sendTransaction", sent)
                anvil.rpc("evm_mine")
                mined[int(anvil.rpc("eth_blockNumber"), 16)] = time.monotonic()
                time.sleep(0.05)
            thread.join(PATIENCE)
            assert run.end() == 0
    assert set(client.seen) == set(mined)
    took = [client.seen[number] - mined[number] for number in mined]
    p95 = quantiles(took, n=20)[-1]
    with capsys.disabled():
        print(f"mined to seen, ms: median {median(took) * 1e3:.0f}, p95 {p95 * 1e3:.0f}")
