# SPDX-License-Identifier: MIT
"""Calls that were opened: found again by number, name or id, with the terms that each step brings.

The contract keeps the hash of the terms only. The terms stand in the event of the opening, and in
the folder from which it was opened, so that they are there even if a node has forgotten the event.
Numbers count the calls of a token on its chain, in order, whoever opened them; names are those of
the folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prorata.chain.abi import topics_of
from prorata.chain.calls import Event, decode_log
from prorata.contracts.call_auction import CallAuction, CallState, Stage
from prorata.contracts.call_terms import CallKind, CallTerms
from prorata.deployments.deployment import Deployment
from prorata.errors import DeploymentError, InputError
from prorata.files.writer import write_json
from prorata.market.calls.units import CallUnits
from prorata.market.papers import token_unit
from prorata.market.singletons import find_singleton
from prorata.values.words import listed

__all__ = [
    "CALLS",
    "KnownCall",
    "call_units",
    "command_of",
    "find_call",
    "keep_call",
    "kept_of_name",
    "known_calls",
    "noun_of",
]

CALLS = "calls"
"""The folder of kept terms in a deployment's folder."""

_ID = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


@dataclass(frozen=True)
class KnownCall:
    """A call that was opened. `name` is what this folder calls it, `number` its place, if known."""

    contract: CallAuction
    id: bytes
    terms: CallTerms
    units: CallUnits
    name: str = ""
    number: int = 0
    first_block: int = 0
    """A block before its opening, from which its events are read."""

    def events(self, *names: str) -> Iterator[Event]:
        """Its events of some names, in order. Raises: ChainError."""
        chain, auction = self.contract.chain, self.contract.address
        last = chain.block().number
        wanted = [topic for name in names for topic in topics_of(CallAuction.CONTRACT, name)]
        for log in chain.logs([auction], self.first_block, last, [wanted, self.id]):
            if (event := decode_log(log)) is not None:
                yield event

    @property
    def noun(self) -> str:
        """What people call it."""
        return noun_of(self.terms)

    @property
    def short(self) -> str:
        """The beginning of its id, which names its steps in the journal."""
        return self.id.hex()[:16]

    @property
    def title(self) -> str:
        """In a few words: the number, and the name where there is one."""
        number = f" {self.number}" if self.number else f" 0x{self.id.hex()}"
        return f"{self.noun}{number}{f' ({self.name})' if self.name else ''}"

    @property
    def state(self) -> CallState:
        """As it stands now."""
        return self.contract.call_of(self.id)

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "id": f"0x{self.id.hex()}",
            "number": self.number or None,
            "name": self.name or None,
            "kind": self.noun,
        }


def noun_of(terms: CallTerms) -> str:
    """What people call such a call: a tender with a valuer is a window."""
    if terms.kind is CallKind.TENDER:
        return "window" if terms.is_valued else "tender"
    return "offer" if terms.kind is CallKind.SALE else "auction"


def call_units(deployment: Deployment, terms: CallTerms) -> CallUnits:
    """How the numbers of a call are written. Raises: ChainError."""
    money = tuple(token_unit(deployment.chain, one) for one in terms.currencies)
    return CallUnits(deployment.settings.unit, terms.lot, money)


# ----------------------------------------------------------------------------------------- finding


def known_calls(
    deployment: Deployment, contract: CallAuction, nouns: Sequence[str] = ()
) -> list[KnownCall]:
    """Every call of the asset's shares that was opened, in order; of some nouns only.

    Raises: ChainError.
    """
    return [_built(deployment, contract, one) for one in _found(deployment, contract, nouns)]


@dataclass(frozen=True)
class _Found:
    """A call before anything is asked about its units."""

    number: int
    id: bytes
    terms: CallTerms
    name: str


def _found(deployment: Deployment, contract: CallAuction, nouns: Sequence[str]) -> list[_Found]:
    names = {call: name for call, name, _ in _kept(deployment, contract)}
    return [
        _Found(number, call, terms, names.get(call, ""))
        for number, (call, terms) in enumerate(_opened(deployment, contract), start=1)
        if not nouns or noun_of(terms) in nouns
    ]


def _built(deployment: Deployment, contract: CallAuction, one: _Found) -> KnownCall:
    units, first = call_units(deployment, one.terms), deployment.manifest.first_block
    return KnownCall(contract, one.id, one.terms, units, one.name, one.number, first)


def find_call(
    deployment: Deployment, named: str | None, nouns: Sequence[str], where: str | None = None
) -> KnownCall:
    """The call that a person names by its number, name or id; without a name, the only one.

    Raises: InputError when there is none, or there are several; DeploymentError without the
    contract; ChainError.
    """
    contract = find_singleton(CallAuction, deployment.chain, where)
    column = nouns[0]
    if named is not None and _ID.fullmatch(named):
        return _of_id(deployment, contract, bytes.fromhex(named[2:]), nouns)
    calls = _found(deployment, contract, nouns)
    shown = f"`prorata {command_of(column)} list` shows them"
    if named is None:
        if len(calls) == 1:
            return _built(deployment, contract, calls[0])
        rule = (
            "is missing, and there is none" if not calls else f"is missing: {len(calls)} are known"
        )
        raise InputError.of(column, "", rule, f"give --{column}; {shown}")
    if _NUMBER.fullmatch(named):
        fitting = [one for one in calls if one.number == int(named)]
    else:
        fitting = [one for one in calls if one.name.casefold() == named.casefold()]
    if len(fitting) > 1:
        numbers = listed([str(one.number) for one in fitting])
        rule = f"is the name of several, {numbers}"
        raise InputError.of(column, named, rule, "give the number of one of them")
    if not fitting:
        rule = f"is no {column} of {deployment.settings.symbol} that was opened"
        raise InputError.of(column, named, rule, shown)
    return _built(deployment, contract, fitting[0])


def command_of(noun: str) -> str:
    """The words of the commands about such calls."""
    return "redeem window" if noun == "window" else noun


def _of_id(
    deployment: Deployment, contract: CallAuction, call: bytes, nouns: Sequence[str]
) -> KnownCall:
    """The call of an id: its terms as they are kept here, or else as the chain's event has them."""
    column = nouns[0]
    said = f"0x{call.hex()}"
    names = {known: (name, terms) for known, name, terms in _kept(deployment, contract)}
    name, terms = names.get(call, ("", None))
    if terms is None:
        terms = dict(_opened(deployment, contract)).get(call)
    if terms is None or contract.call_of(call).stage is Stage.NONE:
        rule = f"is no call of {deployment.settings.symbol} that was opened"
        raise InputError.of(column, said, rule, f"`prorata {command_of(column)} list` shows them")
    if noun_of(terms) not in nouns:
        rule = f"is no {column}, but a call of another kind"
        remedy = f"use `prorata {command_of(noun_of(terms))}`"
        raise InputError.of(column, said, rule, remedy)
    units, first = call_units(deployment, terms), deployment.manifest.first_block
    return KnownCall(contract, call, terms, units, name, 0, first)


def _opened(deployment: Deployment, contract: CallAuction) -> Iterator[tuple[bytes, CallTerms]]:
    """The terms of all calls about the asset's shares, as the events have them."""
    token = bytes.fromhex(deployment.token().address[2:]).rjust(32, b"\0")
    first, last = deployment.manifest.first_block, deployment.chain.block().number
    [opened] = topics_of(CallAuction.CONTRACT, "Opened")
    topics = [opened, None, token]
    for log in deployment.chain.logs([contract.address], first, last, topics):
        if (event := decode_log(log)) is not None:
            yield bytes(event.args["id"]), CallTerms.of(event.args["terms"])


# ----------------------------------------------------------------------------------------- keeping


def keep_call(deployment: Deployment, contract: CallAuction, name: str, terms: CallTerms) -> bytes:
    """Keep terms in the folder before they are opened; their id.

    Raises: InputError when the file cannot be written; ChainError.
    """
    call = contract.id_of(terms)
    folder = deployment.folder / CALLS
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "prorata": "call",
        "version": 1,
        "chain_id": deployment.chain.chain_id,
        "auction": contract.address,
        "id": f"0x{call.hex()}",
        "name": name,
        "terms": _plain(terms.encodable()),
    }
    write_json(folder / f"{call.hex()[:16]}.json", content, column="terms")
    return call


def kept_of_name(
    deployment: Deployment, contract: CallAuction, name: str
) -> list[tuple[bytes, CallTerms]]:
    """The calls that this folder calls so, opened or not. Raises: DeploymentError; ChainError."""
    return [
        (call, terms)
        for call, known, terms in _kept(deployment, contract)
        if known.casefold() == name.casefold()
    ]


def _kept(deployment: Deployment, contract: CallAuction) -> Iterator[tuple[bytes, str, CallTerms]]:
    """The calls whose terms are kept in the folder; what is not what its id says is refused."""
    place = (deployment.chain.chain_id, contract.address)
    token = deployment.token().address
    for path in sorted((deployment.folder / CALLS).glob("*.json")):
        call, name, terms, where = _read(path)
        if where != place or terms.token != token:
            continue
        if contract.id_of(terms) != call:
            rule = f"{path} has other terms than those that were opened"
            raise DeploymentError(rule, "restore it from a copy, or remove it")
        yield call, name, terms


def _read(path: Path) -> tuple[bytes, str, CallTerms, tuple[int, str]]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        call = bytes.fromhex(said["id"][2:])
        where = (int(said["chain_id"]), str(said["auction"]))
        return call, str(said["name"]), _terms(said["terms"]), where
    except (OSError, ValueError, TypeError, KeyError, IndexError):
        remedy = "restore it from a copy, or remove it: the chain has the terms, too"
        raise DeploymentError(f"{path} is damaged", remedy) from None


def _plain(values: Sequence[object]) -> list[object]:
    """Values as JSON has them: numbers as text, bytes as hexadecimal."""
    found: list[object] = []
    for value in values:
        if isinstance(value, bytes):
            found.append(f"0x{value.hex()}")
        elif isinstance(value, (list, tuple)):
            found.append(_plain(value))
        elif isinstance(value, int) and not isinstance(value, bool):
            found.append(str(value))
        else:
            found.append(value)
    return found


def _terms(plain: Sequence[Any]) -> CallTerms:
    """The terms from `_plain`."""
    names = _NAMES
    given = dict(zip(names, plain, strict=True))
    ladders = [
        {"currency": c, "firstPrice": int(f), "increment": int(i)} for c, f, i in given["ladders"]
    ]
    struct: dict[str, Any] = {}
    for name in names:
        value = given[name]
        if name == "ladders":
            struct[name] = ladders
        elif name in ("salt", "documentHash"):
            struct[name] = bytes.fromhex(value[2:])
        elif isinstance(value, str) and not value.startswith("0x"):
            struct[name] = int(value)
        else:
            struct[name] = value
    return CallTerms.of(struct)


_NAMES = (
    *("opener", "salt", "kind", "token", "lot", "principal", "mint", "byAmount", "lots"),
    *("leastLots", "budget", "ladders", "steps", "opensAt", "withdrawUntil", "closesAt"),
    *("closeBy", "acceptBy", "settleBy", "returnUntil", "leastOrder", "mostPerPerson"),
    *("registry", "recordId", "entitledLots", "entitledShares", "valuer", "feeTo", "feeBps"),
    *("deliveryGas", "takeUntil", "sweepTo", "documentHash"),
)
"""The fields of the terms in the order of the contract."""
