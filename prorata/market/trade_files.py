# SPDX-License-Identifier: MIT
"""A trade of several legs as a file that several people sign, one after the other or apart.

Files of the same trade that were signed apart are one trade with all their signatures. Nothing in
the file is secret; but once everybody has signed, whoever has it can settle the trade.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from prorata.chain.types import Chain
from prorata.contracts.trade_settlement import (
    Leg,
    SignedPermit,
    Trade,
    trade_digest,
    trade_message,
)
from prorata.errors import InputError
from prorata.files.models import parsed_by
from prorata.market.papers import (
    Account,
    Bytes,
    Moment,
    Number,
    Part,
    PermitPart,
    TokenAmount,
    permit_part,
    read_paper,
    require_place,
    require_same_digest,
    require_units,
    token_amount,
    token_unit,
    write_paper,
)
from prorata.market.signatures import is_signed
from prorata.values.times import moment

__all__ = [
    "PROPOSE_ANEW",
    "SignedTrade",
    "read_trade",
    "read_trades",
    "require_intact",
    "write_trade",
]

MOST_LEGS = 32
PROPOSE_ANEW = "ask for another file, or propose it anew with `prorata trade propose`"


@dataclass(frozen=True)
class SignedTrade:
    """A trade for one settlement contract of one chain, with the signatures that are there.

    `signatures` has those of the givers who have signed, by address; `amounts` how each leg's
    amount is written, in the order of the legs; `permits` the allowances that came with them.
    """

    trade: Trade
    chain_id: int
    settlement: str
    amounts: tuple[TokenAmount, ...]
    signatures: Mapping[str, bytes]
    permits: tuple[SignedPermit, ...] = ()

    @classmethod
    def of(cls, chain: Chain, settlement: str, trade: Trade) -> SignedTrade:
        """A trade that nobody has signed so far.

        Raises: ChainError.
        """
        units = {asset: token_unit(chain, asset) for asset in {leg.asset for leg in trade.legs}}
        written = (token_amount(leg.asset, units[leg.asset], leg.amount) for leg in trade.legs)
        amounts = tuple(TokenAmount.model_validate(one) for one in written)
        return cls(trade, chain.chain_id, settlement, amounts, {})

    @property
    def digest(self) -> bytes:
        """What everybody signs."""
        return trade_digest(self.trade, self.chain_id, self.settlement)

    @property
    def message(self) -> dict[str, Any]:
        """The typed data that everybody signs."""
        return trade_message(self.trade, self.chain_id, self.settlement)

    def signed_by(
        self, giver: str, signature: bytes, permits: Sequence[SignedPermit] = ()
    ) -> SignedTrade:
        """With one signature more, and the allowances that came with it."""
        signatures = {**self.signatures, giver: signature}
        return replace(self, signatures=signatures, permits=(*self.permits, *permits))


def read_trades(paths: Sequence[Path]) -> SignedTrade:
    """One trade from one file or several, which were signed apart.

    Raises: InputError when one cannot be read, or they are not of the same trade.
    """
    whole = read_trade(paths[0])
    for path in paths[1:]:
        other = read_trade(path)
        if other.digest != whole.digest:
            rule = f"is another trade than {paths[0]}"
            raise InputError.of("file", path, rule, "settle them one by one")
        # Who signed in two files has signed the same: the first is as good as the second.
        permits = tuple(dict.fromkeys((*whole.permits, *other.permits)))
        signatures = {**other.signatures, **whole.signatures}
        whole = replace(whole, signatures=signatures, permits=permits)
    return whole


def require_intact(found: SignedTrade, chain: Chain, settlement: str) -> None:
    """Check that the trade is for this chain and contract, and that every signature is its giver's.

    Raises: InputError; ChainError.
    """
    require_place(
        "file",
        chain,
        chain_id=found.chain_id,
        contract=found.settlement,
        expected=settlement,
        remedy="name it with --contract",
    )
    require_units("file", chain, found.amounts)
    for giver, signature in found.signatures.items():
        if not is_signed(chain, giver, found.message, signature):
            rule = f"is not {giver}'s for what the file says"
            remedy = f"let {giver} sign the trade again: `prorata trade sign`"
            raise InputError.of("signature", f"0x{signature.hex()}", rule, remedy)


# ---------------------------------------------------------------------------------------- the file


def write_trade(path: Path, found: SignedTrade) -> None:
    """Write the file, whole or not at all.

    Raises: InputError when it cannot be written.
    """
    trade, signed = found.trade, found.signatures
    content = {
        "kind": "trade",
        "chain_id": found.chain_id,
        "contract": found.settlement,
        "digest": f"0x{found.digest.hex()}",
        "legs": [
            {"from": leg.giver, "to": leg.receiver, "gives": _written(amount)}
            for leg, amount in zip(trade.legs, found.amounts, strict=True)
        ],
        "nonce": str(trade.nonce),
        "valid_until": moment(trade.valid_until),
        "document_hash": f"0x{trade.document_hash.hex()}",
        "signatures": {
            giver: f"0x{signed[giver].hex()}" if giver in signed else None for giver in trade.givers
        },
        "permits": [permit_part(permit) for permit in found.permits],
    }
    write_paper(path, content)


def read_trade(path: Path) -> SignedTrade:
    """Read the file, as strictly as what can be signed is narrow.

    Raises: InputError when it cannot be read, is no trade, does not agree with its own digest, or
    has a signature of somebody who gives nothing.
    """
    said = read_paper(path, _File, "file", PROPOSE_ANEW)
    legs = tuple(Leg(o.gives.token, o.giver, o.receiver, o.gives.units) for o in said.legs)
    trade = Trade(legs, said.nonce, said.valid_until, said.document_hash)
    amounts = tuple(one.gives for one in said.legs)
    found = SignedTrade(trade, said.chain_id, said.contract, amounts, {})
    require_same_digest("digest", said.digest, found.digest, PROPOSE_ANEW)
    for giver, signature in said.signatures.items():
        if giver not in trade.givers:
            rule = "gives nothing in this trade, and has a signature in the file"
            raise InputError.of("signatures", giver, rule, "remove it, and let the givers sign")
        if signature is not None:
            found = found.signed_by(giver, signature)
    permits = tuple(permit.signed for permit in said.permits)
    given = {(leg.giver, leg.asset) for leg in legs}
    for permit in permits:
        if (permit.owner, permit.token) not in given:
            rule = (
                f"gives none of {permit.token} in this trade, and has a permit for it in the file"
            )
            raise InputError.of("permits", permit.owner, rule, PROPOSE_ANEW)
    return replace(found, permits=permits)


def _written(amount: TokenAmount) -> dict[str, Any]:
    return amount.model_dump() | {"units": str(amount.units)}


def _document(value: object) -> bytes:
    text = str(value)
    try:
        found = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        found = b""
    if len(found) != 32 or not text.startswith("0x"):
        rule, remedy = "is not 32 bytes", "write 0x and 64 hexadecimal digits"
        raise InputError.of("document_hash", value, rule, remedy)
    return found


class _Leg(Part):
    """One movement."""

    giver: Annotated[Account, Field(alias="from")]
    receiver: Annotated[Account, Field(alias="to")]
    gives: TokenAmount


class _File(Part):
    """The whole file."""

    kind: Literal["trade"]
    chain_id: int
    contract: Account
    digest: Bytes
    legs: Annotated[list[_Leg], Field(min_length=1, max_length=MOST_LEGS)]
    nonce: Number
    valid_until: Moment
    document_hash: Annotated[bytes, parsed_by(_document)]
    signatures: dict[Account, Bytes | None]
    permits: list[PermitPart]
