# SPDX-License-Identifier: MIT
"""An asset as its YAML file describes it, read strictly.

Every fault in a file is reported at once. Addresses must be quoted, because YAML takes a bare
`0x…` for a number; amounts are never floats.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from prorata.assets.rules import RuleSettings
from prorata.errors import InputError
from prorata.files.models import forwarded, validated
from prorata.files.yaml_reader import read_yaml
from prorata.values.addresses import check_address
from prorata.values.amounts import MAX_SHARES, Unit, parse_units, strange_character

__all__ = ["NEW", "Approvers", "Asset"]

NEW = "new"
"""What an asset's file says for a registry of its own."""

EXAMPLE = "examples/building/asset.yaml"

_address = forwarded(partial(check_address, "address"))
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]{0,10}", re.ASCII)


def _label(text: str) -> str:
    if not _LABEL.fullmatch(text):
        raise ValueError("is no symbol; use up to 11 letters, digits, points and hyphens")
    return text


def _name(text: str) -> str:
    if not text.strip() or len(text) > 64 or text != text.strip():
        raise ValueError("is no name; write 1 to 64 characters without spaces at the ends")
    if (strange := strange_character(text, printable=True)) is not None:
        raise ValueError("; ".join(strange))
    return text


def _number(value: object) -> object:
    if isinstance(value, bool | float):
        raise ValueError("is not a whole number; write digits without a point")
    return str(value)


def _registry(value: object) -> object:
    return value if value in (None, NEW) else _address(value)


def _rules(value: object) -> object:
    if isinstance(value, Mapping):
        return RuleSettings.of(value)
    return value if value is None or isinstance(value, RuleSettings) else _address(value)


def _identity(value: object) -> object:
    if value is None:
        return None
    try:
        return str(uuid.UUID(str(value)))
    except ValueError:
        raise ValueError(f"is no UUID; write one, such as {uuid.uuid4()}") from None


def _whole(value: object) -> object:
    if isinstance(value, bool | float | str):
        raise ValueError("is not a whole number; write digits without quotes")
    return value


def _rules_file(named: str, folder: Path) -> object:
    """The address, the settings in the file, or nothing, that `rules:` names."""
    if named == "none":
        return None
    if named.lower().startswith("0x"):
        return named
    return RuleSettings.load(folder / named)


Address = Annotated[str, BeforeValidator(_address)]
Label = Annotated[str, AfterValidator(_label)]


class Approvers(BaseModel):
    """Who signs plans before they are applied: `need` of those listed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    need: Annotated[int, BeforeValidator(_whole)]
    of: tuple[Address, ...]

    def check(self) -> None:
        """Raises: InputError when somebody is listed twice, or too few are."""
        if len(set(self.of)) != len(self.of):
            twice = next(one for one in self.of if self.of.count(one) > 1)
            raise InputError.of("approvers", twice, "is listed twice", "list it once")
        if not 1 <= self.need <= len(self.of):
            raise InputError.of(
                "approvers",
                self.need,
                f"is outside 1 to {len(self.of)}, the number of those listed",
                "ask for as many as there are, or fewer",
            )


class Asset(BaseModel):
    """One asset, as its YAML file describes it.

    `authorised_shares` is the most that may ever be issued, in whole shares; `unit_price` is for
    people, an amount and a currency; `currencies` names contracts by label and chain id. `rules`
    are settings to be deployed, written in the file that the asset's file names, or a contract;
    `registry` is a contract, or `new`. `agents` give the daily orders from the start: the owner, if
    nobody is named. `approvers` sign plans before they are applied. With `deterministic` the
    contracts have the same addresses on every chain, by the asset's `id`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, AfterValidator(_name)]
    symbol: Label
    decimals: int = 0
    authorised_shares: Annotated[str, BeforeValidator(_number)]
    unit_price: str = ""
    owner: Address | None = None
    rules: Annotated[RuleSettings | str | None, BeforeValidator(_rules)] = None
    registry: Annotated[str | None, BeforeValidator(_registry)] = None
    agents: tuple[Address, ...] = ()
    currencies: dict[Label, dict[int, Address]] = {}
    approvers: Approvers | None = None
    deterministic: bool = False
    id: Annotated[str | None, BeforeValidator(_identity)] = None

    @classmethod
    def load(cls, path: str | Path) -> Asset:
        """Read a YAML file.

        Raises: InputError with every fault in it.
        """
        content = read_yaml(path, "asset", EXAMPLE)
        if isinstance(content.get("rules"), str):
            content["rules"] = _rules_file(content["rules"], Path(path).parent)
        return cls.of(content, str(path))

    @classmethod
    def of(cls, content: Mapping[str, Any], subject: str = "the settings") -> Asset:
        """From values.

        Raises: InputError with every fault in them.
        """
        settings = validated(cls, content, EXAMPLE, subject)
        settings.check()
        return settings

    def check(self) -> None:
        """Raises: InputError for what no field says alone."""
        if not 0 <= self.decimals <= 18:
            raise InputError.of("decimals", self.decimals, "is outside 0 to 18", "give 0 to 18")
        if not 0 < self.authorised <= MAX_SHARES:
            raise InputError.of(
                "authorised_shares",
                self.authorised_shares,
                f"is not between 1 and {MAX_SHARES} smallest units",
                "authorise a number that the token can count",
            )
        self._check_rules()
        if len(set(self.agents)) != len(self.agents):
            twice = next(one for one in self.agents if self.agents.count(one) > 1)
            raise InputError.of("agents", twice, "is listed twice", "list it once")
        if self.approvers is not None:
            self.approvers.check()
        if self.deterministic and self.id is None:
            raise InputError.of(
                "id",
                "",
                "is missing, and addresses that are equal on all chains come from it",
                f"add a UUID, the same in the files for all chains, such as id: {uuid.uuid4()}",
            )

    def _check_rules(self) -> None:
        ours = isinstance(self.rules, RuleSettings)
        if ours and self.registry is None:
            raise InputError.of(
                "registry", "", "is missing, and the rules need one", "write registry: new"
            )
        if self.registry == NEW and not ours:
            raise InputError.of(
                "registry",
                NEW,
                "is a registry that no rules would read",
                "name a file of rules, such as examples/packs/plain-whitelist.yaml",
            )

    @property
    def unit(self) -> Unit:
        """How its shares are written."""
        return Unit(self.symbol, self.decimals)

    @property
    def authorised(self) -> int:
        """The most that may ever be issued, in the token's smallest unit."""
        try:
            return parse_units(self.authorised_shares, self.decimals, noun="shares")
        except InputError as error:
            problem = replace(error.problems[0], column="authorised_shares")
            raise InputError([problem], self.symbol) from None
