"""Many subscribers of an offering, whose keys nobody has: as many as a test, or a bench, wants."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address

from prorata.chain.node import RpcChain
from prorata.chain.signers import LocalSigner, public_test_key
from prorata.contracts.call_terms import Side, Wanted
from prorata.contracts.currency import Currency
from prorata.market.calls.known_calls import KnownCall, find_call
from prorata.toolchain.anvil import Anvil
from prorata.values.times import moment
from tests.prorata.cli.opened import Commands

__all__ = ["ISSUER", "PRICE", "offering", "subscribe", "subscriber", "wanted_by"]

ISSUER = LocalSigner(public_test_key(0)).address
PRICE = 100 * 10**6
BATCH = 100
OPEN_SECONDS = 200_000

ASSET = """\
name: Quay 9
symbol: QUAY9
authorised_shares: "100,000,000"
"""


def wanted_by(number: int) -> int:
    """Lots that a subscriber wants: 1 to 97."""
    return 1 + number % 97


def subscriber(number: int) -> str:
    """An address that nobody has the key of."""
    return to_checksum_address((0xA5 << 152 | 7_919 * (number + 1)).to_bytes(20, "big"))


def offering(anvil: Anvil, place: Path, lots: int, **terms: Any) -> tuple[Commands, KnownCall]:
    """An open asset whose issuer sells so many shares at a fixed price."""
    (place / "asset.yaml").write_text(ASSET, encoding="utf-8")
    (place / "holders.csv").write_text(f"address,shares\n{ISSUER},10000000\n", encoding="utf-8")
    commands = Commands(anvil, place / "QUAY9")
    commands.says("deploy", "--asset", str(place / "asset.yaml"), "--dollar")
    commands.says("issue", str(place / "holders.csv"))
    commands.says("market", "deploy")
    written: Mapping[str, Any] = {
        "name": "A crowd",
        "sells": str(lots),
        "price": {"currency": "USD", "at": "100.00"},
        "closes": moment(commands.chain.now() + OPEN_SECONDS),
        **terms,
    }
    (place / "offer.yaml").write_text(json.dumps(written), encoding="utf-8")
    commands.says("offer", "open", str(place / "offer.yaml"))
    return commands, find_call(commands.deployment, None, ("offer",))


def subscribe(anvil: Anvil, call: KnownCall, count: int) -> None:
    """Every subscriber gets money, allows it, and orders; a block has the steps of a hundred."""
    chain = RpcChain(anvil.url)
    anvil.rpc("anvil_autoImpersonateAccount", True)
    anvil.rpc("evm_setAutomine", False)
    money = Currency(chain, call.terms.ladders[0].currency)
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        who = [subscriber(number) for number in numbers]
        chain.request_many([("anvil_setBalance", (one, hex(10**18))) for one in who])
        for steps in _steps(call, money, numbers):
            chain.request_many([("eth_sendTransaction", (step,)) for step in steps])
            anvil.rpc("evm_mine")
    anvil.rpc("evm_setAutomine", True)
    anvil.rpc("anvil_autoImpersonateAccount", False)
    assert call.state.orders == count, (call.state.orders, count)


def _steps(
    call: KnownCall, money: Currency, numbers: Sequence[int]
) -> Iterator[list[dict[str, Any]]]:
    due = {number: wanted_by(number) * PRICE for number in numbers}
    auction = call.contract
    made = [money.mint(subscriber(n), due[n]) for n in numbers]
    allowed = [money.approve(auction.address, due[n]) for n in numbers]
    placed = [auction.place(call.terms, Wanted(Side.BID, wanted_by(n))) for n in numbers]
    for calls in (made, allowed, placed):
        yield [
            {**one.question(subscriber(n)), "gas": hex(290_000)}
            for n, one in zip(numbers, calls, strict=True)
        ]
