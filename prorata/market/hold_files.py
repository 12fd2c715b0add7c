# SPDX-License-Identifier: MIT
"""The terms of a hold as a file, which the other side reads. Nothing in it is secret."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator

from prorata.chain.types import Chain
from prorata.contracts.holds import Hold, Holds
from prorata.errors import InputError
from prorata.files.models import parsed_by
from prorata.market.hold_secrets import parse_lock
from prorata.market.papers import (
    Account,
    Moment,
    Number,
    Part,
    TokenAmount,
    read_paper,
    require_place,
    require_same_digest,
    require_units,
    token_amount,
    write_paper,
)
from prorata.values.amounts import Unit
from prorata.values.times import moment

__all__ = ["HoldFile", "read_hold", "require_ours", "write_hold"]

ASK = "ask whoever holds for the file that `prorata hold place` wrote"


@dataclass(frozen=True)
class HoldFile:
    """A hold of one contract of one chain, what names it there, and how its amount is written."""

    chain_id: int
    contract: str
    id: bytes
    terms: Hold
    amount: TokenAmount

    @classmethod
    def of(cls, holds: Holds, terms: Hold, unit: Unit) -> HoldFile:
        """What the file of a hold is to say.

        Raises: ChainError.
        """
        amount = TokenAmount.model_validate(token_amount(terms.asset, unit, terms.amount))
        return cls(holds.chain.chain_id, holds.address, holds.id_of(terms), terms, amount)


def write_hold(path: Path, found: HoldFile) -> None:
    """Write the file, whole or not at all.

    Raises: InputError when it cannot be written.
    """
    terms = found.terms
    content: dict[str, Any] = {
        "chain_id": found.chain_id,
        "contract": found.contract,
        "id": f"0x{found.id.hex()}",
        "owner": terms.owner,
        "to": terms.to,
        "holds": found.amount.model_dump() | {"units": str(terms.amount)},
        "lock": f"0x{terms.lock.hex()}",
        "until": moment(terms.until),
        "nonce": str(terms.nonce),
    }
    write_paper(path, content)


def read_hold(path: Path, column: str = "terms") -> HoldFile:
    """Read the file, as strictly as a hold is narrow.

    Raises: InputError when it cannot be read, or has no terms of a hold.
    """
    said = read_paper(path, _File, column, ASK)
    terms = Hold(
        asset=said.holds.token,
        owner=said.owner,
        to=said.to,
        amount=said.holds.units,
        lock=said.lock,
        until=said.until,
        nonce=said.nonce,
    )
    return HoldFile(said.chain_id, said.contract, said.id, terms, said.holds)


def require_ours(found: HoldFile, chain: Chain, contract: str, column: str = "terms") -> None:
    """Check that the file is of this chain and contract, and says what its own id names.

    Raises: InputError; ChainError.
    """
    require_place(
        column,
        chain,
        chain_id=found.chain_id,
        contract=found.contract,
        expected=contract,
        remedy=ASK,
    )
    require_same_digest(column, found.id, Holds(chain, contract).id_of(found.terms), ASK)
    require_units(column, chain, [found.amount])


def _word(value: object) -> bytes:
    try:
        return parse_lock(str(value))
    except InputError:
        rule = "is not 32 bytes"
        raise InputError.of("word", value, rule, "write 0x and 64 hexadecimal digits") from None


Word = Annotated[bytes, parsed_by(_word)]


def _whole(value: object) -> object:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"is no id of a chain; {ASK}")
    return value


class _File(Part):
    """The whole file."""

    chain_id: Annotated[int, BeforeValidator(_whole)]
    contract: Account
    id: Word
    owner: Account
    to: Account
    holds: TokenAmount
    lock: Word
    until: Moment
    nonce: Number
