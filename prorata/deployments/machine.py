# SPDX-License-Identifier: MIT
"""Whether a chain's virtual machine runs these contracts, tried before anything is deployed.

A chain can speak the JSON-RPC of Ethereum and run a bytecode of its own, such as ZKsync's EraVM, or
lack opcodes. So the node is asked to run, to no effect, a creation that does what the contracts
rely on: it stores a word as the code of another contract and reads it back (`CREATE`,
`EXTCODECOPY`), keeps one for the transaction (`TSTORE`, `TLOAD`) and copies memory (`MCOPY`).
"""

from __future__ import annotations

from prorata.chain.encoding import bytes_of
from prorata.chain.node import RpcChain
from prorata.chain.rpc import BusyError
from prorata.errors import ChainError, DeploymentError

__all__ = ["require_machine"]

_PROBE = bytes.fromhex(
    "67602a5f5360015ff35f52"  # in memory: a creation whose code is the one byte 2a
    "600860185ff0"  # CREATE
    "60015f5f833c"  # EXTCODECOPY: its code, to byte 0
    "60015f5d5f5c600153"  # TSTORE 1, TLOAD: to byte 1
    "60025f60025e"  # MCOPY: both, to bytes 2 and 3
    "60045ff3"
)
_ANSWER = bytes.fromhex("2a012a01")


def require_machine(chain: RpcChain) -> None:
    """Raises: DeploymentError when the chain does not run the probe as Ethereum does."""
    try:
        answer = bytes_of(chain.request("eth_call", {"data": f"0x{_PROBE.hex()}"}, "latest"))
        found = f"it answered 0x{answer[:8].hex()}"
    except BusyError:
        raise
    except ChainError as error:
        answer, found = b"", error.sentence
    if answer != _ANSWER:
        raise DeploymentError(
            f"chain {chain.chain_id} does not run bytecode as Ethereum does since Cancun, which "
            f"the contracts rely on ({found})",
            "choose another chain: ZKsync-like virtual machines are not supported, nor chains "
            "without PUSH0, MCOPY, TSTORE and CREATE",
        )
