# SPDX-License-Identifier: MIT
"""The legs of a trade as people write them: `100 HARB12 from Ann to 0x…`, one by one or in a file.

An asset is a symbol of a deployment on the chain, a currency of it, or an address. A person is an
address, or a name of the address book that stands for one address only. Amounts are in whole units
and exact.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from prorata.chain.node import RpcChain
from prorata.contracts.currency import Currency, parse_amount
from prorata.contracts.trade_settlement import Leg
from prorata.deployments.deployment import Deployment
from prorata.deployments.manifest import Manifest
from prorata.errors import InputError, Problem
from prorata.files.csv_reader import Sheet
from prorata.files.tabular import read_tabular
from prorata.files.yaml_reader import read_yaml
from prorata.register.address_book import AddressBook
from prorata.values.addresses import check_address
from prorata.values.words import listed

__all__ = [
    "WrittenLeg",
    "find_asset",
    "find_person",
    "known_assets",
    "parse_leg",
    "read_legs",
    "require_known",
    "resolve_legs",
]

MOST_LEGS = 32
COLUMNS = ("amount", "asset", "from", "to")

_LEG = re.compile(r"(?P<amount>\S+) (?P<asset>\S+) from (?P<giver>.+) to (?P<receiver>.+)")
_EXAMPLE = '"100 HARB12 from 0x… to 0x…"'


@dataclass(frozen=True)
class WrittenLeg:
    """A leg in words; `place` says where it was written."""

    amount: str
    asset: str
    giver: str
    receiver: str
    place: str = "leg"


def parse_leg(text: str, place: str = "leg") -> WrittenLeg:
    """A leg from a sentence.

    Raises: InputError when it is none, or could be read in two ways.
    """
    found = _LEG.fullmatch(" ".join(text.split()))
    if found is None:
        raise InputError.of(place, text, "is no leg of a trade", f"write {_EXAMPLE}")
    if " from " in found["giver"] or " to " in found["giver"] or " to " in found["receiver"]:
        rule = "can be read in two ways"
        raise InputError.of(place, text, rule, "write the addresses instead of the names")
    return WrittenLeg(found["amount"], found["asset"], found["giver"], found["receiver"], place)


def read_legs(path: Path) -> tuple[WrittenLeg, ...]:
    """The legs in a file: YAML with sentences under `legs`, or a table with the four columns.

    Raises: InputError with every fault in the file, or when it cannot be read.
    """
    if path.suffix.lower() not in (".yaml", ".yml"):
        return read_tabular(path, lambda content: _rows(content, str(path)))
    content = read_yaml(path, "legs", "docs/guide/trading.md")
    sentences = content.get("legs")
    if set(content) != {"legs"} or not isinstance(sentences, list):
        rule = "has something else than a list under legs"
        raise InputError.of("legs", path, rule, f"write legs: and below it - {_EXAMPLE}")
    return tuple(parse_leg(str(text), f"leg {n}") for n, text in enumerate(sentences, start=1))


def _rows(content: str | bytes, subject: str) -> tuple[WrittenLeg, ...]:
    sheet = Sheet(subject, COLUMNS, row="leg")
    rows = [(number, row) for number, row in sheet.rows(content)]
    sheet.check()
    return tuple(
        WrittenLeg(row["amount"], row["asset"], row["from"], row["to"], f"line {number}")
        for number, row in rows
    )


def resolve_legs(
    chain: RpcChain,
    written: Sequence[WrittenLeg],
    book: AddressBook,
    found: Deployment | None = None,
) -> tuple[Leg, ...]:
    """The legs as the contract has them.

    Raises: InputError with every fault in them; ChainError.
    """
    problems: list[Problem] = []
    legs = []
    for one in written:
        try:
            asset = find_asset(chain, one.asset, found)
            giver, receiver = (
                find_person("from", one.giver, book),
                find_person("to", one.receiver, book),
            )
            if giver == receiver:
                raise InputError.of("to", one.receiver, "gives to itself", "name somebody else")
            amount = parse_amount(one.amount, asset)
        except InputError as error:
            faults = ((f"{one.place}, {p.column}", p) for p in error.problems)
            problems += [Problem(None, where, p.value, p.rule, p.remedy) for where, p in faults]
        else:
            legs.append(Leg(asset.address, giver, receiver, amount))
    if len(written) > MOST_LEGS or not written:
        rule = f"are not 1 to {MOST_LEGS} legs"
        problems.append(Problem(None, "leg", str(len(written)), rule, "write two trades"))
    if problems:
        raise InputError(problems, "the trade")
    return tuple(legs)


def find_asset(
    chain: RpcChain,
    named: str,
    found: Deployment | None = None,
    column: str = "asset",
    *,
    beside: Path | None = None,
) -> Currency:
    """The share token or currency that a person names; a wrapper that reads either.

    `beside` is the folder of this chain's deployments, if it is not where `found` lies.

    Raises: InputError when there is none of that name, or no contract at the address; ChainError.
    """
    asset = Currency(chain, _asset_address(chain, named, found, column, beside))
    if not chain.code(asset.address):
        rule = f"is not a contract on chain {chain.chain_id}"
        raise InputError.of(column, named, rule, "check the address and the network")
    if asset.stated_unit() is None:
        rule = "does not say how its amounts are written, so that none is exact in words"
        raise InputError.of(column, named, rule, "trade an ERC-20 with a symbol and decimals")
    return asset


def known_assets(found: Deployment | None, beside: Path | None = None) -> frozenset[str]:
    """The share tokens and currencies that are what they are called here, by address."""
    if found is None:
        return frozenset()
    names = (path.name for path in (beside or found.folder.parent).iterdir())
    others = (_beside(found, name, beside) for name in names)
    tokens = {found.token().address, *(address for address in others if address is not None)}
    return frozenset(tokens | {*found.currencies.values()})


def require_known(
    chain: RpcChain, assets: Iterable[str], known: Collection[str], column: str = "file"
) -> None:
    """Check that assets are what whoever gives for them takes them for.

    Anybody's token can be called USD: one is known if a deployment here has it, or if it was named
    by its address.

    Raises: InputError.
    """
    for asset in dict.fromkeys(assets):
        if asset in known:
            continue
        called = Currency(chain, asset).unit.symbol
        rule = f"calls itself {called}, and is no asset that is known here"
        remedy = f"look at what it is, and give --token {asset} if it is what you mean"
        raise InputError.of(column, asset, rule, remedy)


def _asset_address(
    chain: RpcChain, named: str, found: Deployment | None, column: str, beside: Path | None
) -> str:
    if named.lower().startswith("0x"):
        return check_address(column, named)
    if found is not None and named.upper() == found.settings.symbol.upper():
        return found.token().address
    if found is not None and (other := _beside(found, named, beside)) is not None:
        return other
    if found is not None and named.upper() != "ETH":
        return found.currency(named).address
    if named.upper() == "ETH":
        rule, remedy = "is the chain's own coin, which no allowance moves", "trade it wrapped"
        raise InputError.of(column, named, rule, remedy)
    rule = f"is no asset that is known on chain {chain.chain_id}"
    raise InputError.of(column, named, rule, "write its address, or name a --deployment")


def _beside(found: Deployment, symbol: str, folder: Path | None) -> str | None:
    """The token of another deployment on this chain, whose folder lies beside."""
    path = (folder or found.folder.parent) / symbol / "manifest.json"
    if "/" in symbol or not path.is_file():
        return None
    manifest = Manifest.read(path)
    same = (manifest.chain_id, manifest.genesis) == (found.chain.chain_id, found.chain.genesis_hash)
    return manifest.contracts["ShareToken"].address if same else None


def find_person(column: str, named: str, book: AddressBook) -> str:
    """The address of somebody: as written, or the one that the name stands for.

    Raises: InputError when the name stands for none, or for several.
    """
    if named.lower().startswith("0x"):
        return check_address(column, named)
    called: Callable[[str], str] = str.casefold
    addresses = [one.address for one in book if called(one.name) == called(named)]
    if len(addresses) == 1:
        return addresses[0]
    if addresses:
        rule = f"is the name of {len(addresses)} addresses, {listed(sorted(addresses))}"
        raise InputError.of(column, named, rule, "write the address that is meant")
    rule = "is no address, and no name that is known"
    raise InputError.of(column, named, rule, "write an address, or give --names FILE")
