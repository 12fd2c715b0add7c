"""The baseline of `tests/bench/scale.py`: the same through ape, one transaction at a time.

A process of its own, since ape takes seconds to start and changes what it is imported into.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import ape
from ape.contracts import ContractContainer
from ethpm_types import ContractType

from prorata.toolchain.compiler import compile_contracts
from tests.gas.story import TERMS, person


def main() -> None:
    """Issue to so many holders and pay them; print the seconds of each."""
    count = int(sys.argv[1])
    with ape.networks.parse_network_choice("ethereum:local:foundry"):
        print(json.dumps(_measure(count)))


def _measure(count: int) -> dict[str, float]:
    issuer = ape.accounts.test_accounts[0]
    zero = "0x" + "00" * 20
    terms = ("Harbour Street 12", "HARB", 0, issuer.address, zero, zero, [issuer.address])
    token = issuer.deploy(_container("ShareToken"), terms)
    vault = issuer.deploy(_container("DividendVault"))
    dollar = issuer.deploy(_container("Dollar"), "Rehearsal dollar", "USDR", 6)
    people = [person(number) for number in range(count)]
    seconds = {}
    start = time.perf_counter()
    for who in people:
        token.mint(who, 1_000, sender=issuer)
    seconds["issue"] = time.perf_counter() - start
    token.scheduleRecord(ape.chain.pending_timestamp + 60, sender=issuer)
    ape.chain.mine(timestamp=ape.chain.pending_timestamp + 120)
    dollar.mint(issuer, 10**15, sender=issuer)
    dollar.approve(vault, 2**255, sender=issuer)
    vault.declare(token, 1, dollar, 10**12, TERMS, sender=issuer)
    start = time.perf_counter()
    for who in people:
        vault.claim([1], who, sender=issuer)
    seconds["pay"] = time.perf_counter() - start
    return seconds


def _container(name: str) -> Any:
    artifact = compile_contracts()[name]
    kind = ContractType.model_validate(
        {
            "contractName": name,
            "abi": artifact.abi,
            "deploymentBytecode": {"bytecode": "0x" + artifact.bytecode.hex()},
        }
    )
    return ContractContainer(kind)


if __name__ == "__main__":
    main()
