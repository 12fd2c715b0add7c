# SPDX-License-Identifier: MIT
"""Signed papers: JSON files that travel by mail, and are read as strictly as they can be signed.

A paper says for whom it is: the chain, the contract and the digest that was signed. Amounts stand
twice in it, as people read them and in smallest units, with the token's symbol and decimals; what
does not agree with itself, or with the token on the chain, is refused. Nothing in it is secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from prorata.chain.types import Chain
from prorata.contracts.currency import Currency
from prorata.contracts.trade_settlement import SignedPermit
from prorata.errors import InputError
from prorata.files.models import parsed_by, validated
from prorata.files.writer import write_json
from prorata.market.signatures import KEY_SIGNATURE
from prorata.values.addresses import check_address
from prorata.values.amounts import MAX_UNITS, Unit, format_units, parse_units
from prorata.values.times import moment, parse_instant

__all__ = [
    "Account",
    "Bytes",
    "Moment",
    "Number",
    "Part",
    "PermitPart",
    "TokenAmount",
    "permit_part",
    "read_paper",
    "require_place",
    "require_same_digest",
    "require_units",
    "token_amount",
    "token_unit",
    "write_paper",
]

LARGEST_PAPER = 1_000_000
"""Bytes: no paper that a person signs comes near."""
ASK_ANEW = "ask for the file as it was signed"

_NUMBER = re.compile(r"0|[1-9][0-9]{0,77}", re.ASCII)
_BYTES = re.compile(r"0x(?:[0-9a-fA-F]{2})*", re.ASCII)

Paper = TypeVar("Paper", bound=BaseModel)


# ------------------------------------------------------------------------------------------- values


def _number(value: object) -> int:
    if not isinstance(value, str) or not _NUMBER.fullmatch(value) or int(value) > MAX_UNITS:
        rule = "is no text of digits below 2^256"
        raise InputError.of("number", value, rule, 'write digits in quotes: "12"')
    return int(value)


def _bytes(value: object) -> bytes:
    if not isinstance(value, str) or not _BYTES.fullmatch(value):
        rule, remedy = "is not hexadecimal", "write 0x and an even number of digits"
        raise InputError.of("bytes", value, rule, remedy)
    return bytes.fromhex(value[2:])


def _account(value: object) -> str:
    return check_address("address", value)


def _moment(value: object) -> int:
    return parse_instant(str(value), "time")


Account = Annotated[str, parsed_by(_account)]
Bytes = Annotated[bytes, parsed_by(_bytes)]
Moment = Annotated[int, parsed_by(_moment)]
Number = Annotated[int, parsed_by(_number)]


class Part(BaseModel):
    """A part of a paper, which has all of its members and no others."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class TokenAmount(Part):
    """An amount of a token: as a person reads it, and in smallest units."""

    token: Account
    symbol: str
    decimals: int
    amount: str
    units: Number

    @property
    def unit(self) -> Unit:
        """How the paper says that the token's amounts are written."""
        return Unit(self.symbol, self.decimals)

    @field_validator("units", mode="after")
    @classmethod
    def _agrees(cls, units: int, info: ValidationInfo) -> int:
        amount, decimals = info.data.get("amount"), info.data.get("decimals")
        if amount is None or decimals is None:
            return units
        try:
            meant = parse_units(amount, decimals, grouping=False)
        except InputError as error:
            problem = error.problems[0]
            said = f"stand beside an amount that {problem.rule}; {problem.remedy}"
            raise ValueError(said) from None
        if meant != units:
            rule = f"is not what its amount {amount} is in smallest units, {meant}"
            raise ValueError(f"{rule}; {ASK_ANEW}")
        return units


class PermitPart(Part):
    """An allowance for the contract, given by a signature (ERC-2612)."""

    token: Account
    owner: Account
    value: Number
    deadline: Moment
    signature: Bytes

    @property
    def signed(self) -> SignedPermit:
        """As the contract takes it."""
        r, s, v = self.signature[:32], self.signature[32:64], self.signature[64]
        return SignedPermit(self.token, self.owner, self.value, self.deadline, v, r, s)

    @field_validator("signature", mode="after")
    @classmethod
    def _is_whole(cls, signature: bytes) -> bytes:
        if len(signature) != KEY_SIGNATURE:
            raise ValueError(f"is not the {KEY_SIGNATURE} bytes of a key's; {ASK_ANEW}")
        return signature


def token_unit(chain: Chain, token: str) -> Unit:
    """How a token says that its amounts are written: as plain units if it does not say.

    Raises: ChainError.
    """
    return Currency(chain, token).unit


def token_amount(token: str, unit: Unit, units: int) -> dict[str, Any]:
    """What a paper says of an amount, for `TokenAmount` to read."""
    return {
        "token": token,
        "symbol": unit.symbol,
        "decimals": unit.decimals,
        "amount": format_units(units, unit.decimals, grouping=False),
        "units": str(units),
    }


def permit_part(permit: SignedPermit) -> dict[str, Any]:
    """What a paper says of a permit, for `PermitPart` to read."""
    signature = permit.r + permit.s + bytes([permit.v])
    return {
        "token": permit.token,
        "owner": permit.owner,
        "value": str(permit.value),
        "deadline": moment(permit.deadline),
        "signature": f"0x{signature.hex()}",
    }


# -------------------------------------------------------------------------------------------- files


def write_paper(path: Path, content: Mapping[str, Any]) -> None:
    """Write the file, whole or not at all.

    Raises: InputError when it cannot be written.
    """
    write_json(path, content, column="out")


def read_paper(path: Path, model: type[Paper], column: str, remedy: str) -> Paper:
    """The file as its model; a refusal calls it `column`, and `remedy` says where to get one.

    Raises: InputError when it cannot be read, or says anything else than such a file can.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = str(error.strerror).lower()
        raise InputError.of(column, path, f"cannot be read ({reason})", remedy) from None
    if len(data) > LARGEST_PAPER:
        raise InputError.of(column, path, f"is larger than {LARGEST_PAPER:,} bytes", remedy)
    try:
        content = json.loads(data.decode("utf-8"), object_pairs_hook=_without_repetition)
    except InputError:
        raise
    except (ValueError, RecursionError):
        raise InputError.of(column, path, "is not JSON", remedy) from None
    if not isinstance(content, dict):
        raise InputError.of(column, path, "is no JSON object", remedy)
    return validated(model, content, "", str(path), remedy=remedy)


def require_place(
    column: str, chain: Chain, *, chain_id: int, contract: str, expected: str, remedy: str
) -> None:
    """Check that a paper is for this chain and the contract that is used there.

    Raises: InputError.
    """
    if chain_id != chain.chain_id:
        rule = f"is the chain that it was signed for, and the network is chain {chain.chain_id}"
        raise InputError.of(column, chain_id, rule, "choose its network with --network")
    if contract != expected:
        rule = f"is the contract that it was signed for, and {expected} is used here"
        raise InputError.of(column, contract, rule, remedy)


def require_same_digest(column: str, said: bytes, digest: bytes, remedy: str) -> None:
    """Check that the terms are those that were signed.

    Raises: InputError.
    """
    if said != digest:
        rule = f"is the digest that the file names, and its terms have 0x{digest.hex()}: they were "
        raise InputError.of(column, f"0x{said.hex()}", f"{rule}changed", remedy)


def require_units(column: str, chain: Chain, amounts: Iterable[TokenAmount]) -> None:
    """Check that tokens are what a paper calls them, before anybody reads its amounts.

    Raises: InputError; ChainError.
    """
    for token, called in dict.fromkeys((one.token, one.unit) for one in amounts):
        if (unit := token_unit(chain, token)) != called:
            said = f"{called.symbol} with {called.decimals} decimals"
            rule = (
                f"is what the file calls {token}, which calls itself {unit.symbol} with "
                f"{unit.decimals} decimals"
            )
            raise InputError.of(column, said, rule, "do not trust the file: ask for another")


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names differ: of two that are alike, readers take either."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError.of(twice, "", "stands there twice", ASK_ANEW)
    return found
