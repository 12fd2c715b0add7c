# SPDX-License-Identifier: MIT
"""Signed orders for a call as files: they travel by mail, and whoever has one brings it.

    {"prorata": "subscription", "version": 1, "chain_id": …, "auction": "0x…",
     "call": {"id": "0x…", "token": "0x…", …}, "order": {"owner": …, "side": "bid", …},
     "digest": "0x…", "signature": "0x…", "permit": null}

`signature` is null until somebody has signed. A `permit` is the owner's allowance for its bid.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from prorata.chain.types import Chain
from prorata.contracts.call_auction import Placement, placement_digest, placement_message
from prorata.contracts.call_terms import Side, Wanted
from prorata.contracts.trade_settlement import SignedPermit
from prorata.errors import InputError
from prorata.market.calls.known_calls import KnownCall
from prorata.market.papers import (
    Account,
    Bytes,
    Moment,
    Number,
    Part,
    PermitPart,
    permit_part,
    read_paper,
    require_place,
    require_same_digest,
    write_paper,
)
from prorata.values.times import moment

__all__ = [
    "SIGN_ANEW",
    "SignedPlacement",
    "read_placement",
    "require_of",
    "write_placement",
]

SIGN_ANEW = "ask its owner for the file as it was signed, or for a new one"


@dataclass(frozen=True)
class SignedPlacement:
    """An order for a call, with the words in which its owner saw it.

    `signature` is empty until somebody has signed.
    """

    placement: Placement
    chain_id: int
    auction: str
    says: str
    signature: bytes = b""
    permit: SignedPermit | None = None

    @property
    def message(self) -> dict[str, Any]:
        """The typed data that its owner signs."""
        return placement_message(self.placement, self.chain_id, self.auction)

    @property
    def digest(self) -> bytes:
        """What is signed."""
        return placement_digest(self.placement, self.chain_id, self.auction)


class _Order(Part):
    owner: Account
    side: Literal["bid", "ask"]
    quantity: Number
    step: Annotated[int, Field(ge=0, le=254)]
    ladder: Annotated[int, Field(ge=0, le=1)]
    nonce: Number
    valid_until: Moment
    says: str


class _File(Part):
    """The whole file."""

    prorata: Literal["subscription"]
    version: Literal[1]
    chain_id: int
    auction: Account
    call: Bytes
    order: _Order
    digest: Bytes
    signature: Bytes | None
    permit: PermitPart | None


def write_placement(path: Path, signed: SignedPlacement) -> None:
    """Write the file, whole or not at all.

    Raises: InputError when it cannot be written.
    """
    placement, permit = signed.placement, signed.permit
    wanted = placement.wanted
    content = {
        "prorata": "subscription",
        "version": 1,
        "chain_id": signed.chain_id,
        "auction": signed.auction,
        "call": f"0x{placement.id.hex()}",
        "order": {
            "owner": placement.owner,
            "side": "bid" if wanted.side is Side.BID else "ask",
            "quantity": str(wanted.quantity),
            "step": wanted.step,
            "ladder": wanted.ladder,
            "nonce": str(placement.nonce),
            "valid_until": moment(placement.valid_until),
            "says": signed.says,
        },
        "digest": f"0x{signed.digest.hex()}",
        "signature": f"0x{signed.signature.hex()}" if signed.signature else None,
        "permit": None if permit is None else permit_part(permit),
    }
    write_paper(path, content)


def read_placement(path: Path, chain: Chain, auction: str) -> SignedPlacement:
    """Read the file for this chain and this contract.

    Raises: InputError when it cannot be read, is for another chain or contract, or says something
    else than its digest.
    """
    said = read_paper(path, _File, "order", SIGN_ANEW)
    require_place(
        "order",
        chain,
        chain_id=said.chain_id,
        contract=said.auction,
        expected=auction,
        remedy=f"give --auction-contract {said.auction} if you trust that contract",
    )
    order = said.order
    side = Side.BID if order.side == "bid" else Side.ASK
    wanted = Wanted(side, order.quantity, order.step, order.ladder)
    placement = Placement(said.call, order.owner, wanted, order.nonce, order.valid_until)
    permit = None if said.permit is None else said.permit.signed
    signature = said.signature or b""
    signed = SignedPlacement(placement, said.chain_id, said.auction, order.says, signature, permit)
    require_same_digest("digest", said.digest, signed.digest, SIGN_ANEW)
    return signed


def require_of(signed: SignedPlacement, call: KnownCall, says: str) -> None:
    """Check that a file is about this call, and says in words what it says in numbers.

    Raises: InputError.
    """
    if signed.placement.id != call.id:
        rule = f"is the call that it is for, and this is 0x{call.id.hex()}"
        raise InputError.of("order", f"0x{signed.placement.id.hex()}", rule, "name that call")
    if signed.says != says:
        rule = f"is what the file says that it is, and it is: {says}"
        raise InputError.of("says", signed.says, rule, SIGN_ANEW)
