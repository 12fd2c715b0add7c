"""The tests' own way to a chain encodes and decodes as eth-abi does."""

from __future__ import annotations

import random
from typing import Any

import pytest
from eth_abi.abi import decode, encode
from eth_abi.exceptions import EncodingError, InsufficientDataBytes, NonEmptyPaddingBytes

from tests.chainkit import _members, decoded, encoded, plain, types_of

ANN = "0x" + "a1" * 20


def anything(kind: str, chance: random.Random) -> Any:
    """Some value of a kind of the ABI."""
    if kind.endswith("]"):
        inner, _, size = kind[:-1].rpartition("[")
        return [anything(inner, chance) for _ in range(int(size or chance.randrange(4)))]
    if kind.startswith("("):
        return tuple(anything(member, chance) for member in _members(kind))
    if kind.startswith("uint"):
        top = 1 << int(kind[4:])
        return chance.choice([0, 1, top - 1, chance.randrange(top)])
    if kind.startswith("int"):
        return chance.randrange(-100, 100)
    if kind.startswith("bytes"):
        return chance.randbytes(int(kind[5:] or chance.randrange(70)))
    made = {"address": "0x" + chance.randbytes(20).hex(), "bool": chance.random() < 0.5}
    return made[kind] if kind in made else "é" * chance.randrange(40)


def test_what_every_function_takes_and_gives_is_encoded_as_eth_abi_does_it(artifacts) -> None:
    """Of all contracts, the product's and the tests'."""
    chance = random.Random(16)
    rows = {
        tuple(types_of(entry.get(side, ())))
        for artifact in artifacts.values()
        for entry in artifact.abi
        for side in ("inputs", "outputs")
    }
    assert len(rows) > 100
    for kinds in sorted(rows):
        for _ in range(3):
            values = [anything(kind, chance) for kind in kinds]
            data = encode(kinds, values)
            assert encoded(kinds, values) == data, (kinds, values)
            known = tuple(map(plain, decode(kinds, data), kinds))
            assert decoded(kinds, data) == known, (kinds, values)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint8", 256),
        ("uint256", -1),
        ("uint256", True),
        ("address", ANN[:-1]),
        ("bool", 1),
        ("bytes32", b"\0" * 33),
        ("string", b"a"),
        ("uint8[]", [1, 256]),
        ("(uint8,address[])", (1, [ANN, "0x"])),
        ("(uint8,bool)", (1,)),
    ],
)
def test_what_is_not_of_its_kind_is_refused(kind, value) -> None:
    with pytest.raises((EncodingError, TypeError, ValueError)):
        encoded([kind], [value])


@pytest.mark.parametrize(
    ("kind", "data", "refusal"),
    [
        ("uint8", (256).to_bytes(32, "big"), NonEmptyPaddingBytes),
        ("address", b"\1" * 32, NonEmptyPaddingBytes),
        ("bool", (2).to_bytes(32, "big"), NonEmptyPaddingBytes),
        ("uint256", b"\0" * 31, InsufficientDataBytes),
    ],
)
def test_an_answer_that_is_not_of_its_kind_is_refused(kind, data, refusal) -> None:
    with pytest.raises(refusal):
        decoded([kind], data)
