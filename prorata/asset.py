"""An asset as its YAML file describes it, read strictly.

Every fault in a file is reported at once. Addresses must be quoted, because YAML takes a bare
`0x…` for a number; amounts are never floats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import yaml
from eth_utils.address import to_checksum_address
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError

from prorata.captable import MAX_SHARES, address_fault
from prorata.errors import InputError, Problem
from prorata.money import parse_units, strange_character

__all__ = ["AssetSettings", "check_address"]

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]{0,10}", re.ASCII)


def check_address(column: str, text: object) -> str:
    """An address in EIP-55.

    Raises: InputError when it is none, fails its checksum, or is the zero address.
    """
    if isinstance(text, int):
        raise InputError.of(column, text, "is a number to YAML", "write the address in quotes")
    if (fault := address_fault(str(text))) is not None:
        raise InputError.of(column, text, *fault)
    return str(to_checksum_address(str(text)))


def _address(value: object) -> str:
    return _value_of(lambda: check_address("address", value))


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


def _value_of(parse: Callable[[], str]) -> str:
    """The product's own refusal in the words that pydantic passes on."""
    try:
        return parse()
    except InputError as error:
        problem = error.problems[0]
        raise ValueError(f"{problem.rule}; {problem.remedy}") from None


Address = Annotated[str, BeforeValidator(_address)]
Label = Annotated[str, AfterValidator(_label)]


class AssetSettings(BaseModel):
    """One asset, as its YAML file describes it.

    `authorised_shares` is the most that may ever be issued, in whole shares; `unit_price` is for
    people, an amount and a currency; `currencies` names contracts by label and chain id.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, AfterValidator(_name)]
    symbol: Label
    decimals: int = 0
    authorised_shares: Annotated[str, BeforeValidator(_number)]
    unit_price: str = ""
    owner: Address | None = None
    rules: Address | None = None
    registry: Address | None = None
    currencies: dict[Label, dict[int, Address]] = {}

    @classmethod
    def load(cls, path: str | Path) -> AssetSettings:
        """Read a YAML file.

        Raises: InputError with every fault in it.
        """
        try:
            content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            reason = str(error.strerror).lower()
            raise InputError.of(
                "asset", path, f"cannot be read ({reason})", "give the path of a YAML file"
            ) from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            reason = str(error).splitlines()[0]
            raise InputError.of(
                "asset", path, f"is not YAML ({reason})", "start from examples/building/asset.yaml"
            ) from None
        if not isinstance(content, dict):
            raise InputError.of(
                "asset", path, "has no settings", "start from examples/building/asset.yaml"
            )
        return cls.of(content, str(path))

    @classmethod
    def of(cls, content: Mapping[str, Any], subject: str = "the settings") -> AssetSettings:
        """From values.

        Raises: InputError with every fault in them.
        """
        try:
            settings = cls.model_validate(content)
        except ValidationError as error:
            raise InputError([_problem(fault) for fault in error.errors()], subject) from None
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

    @property
    def authorised(self) -> int:
        """The most that may ever be issued, in the token's smallest unit."""
        try:
            return parse_units(self.authorised_shares, self.decimals, noun="shares")
        except InputError as error:
            problem = replace(error.problems[0], column="authorised_shares")
            raise InputError([problem], self.symbol) from None


def _problem(fault: Any) -> Problem:
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "missing":
        return Problem(None, where, "", "is missing", "add it")
    if fault["type"] == "extra_forbidden":
        return Problem(None, where, str(fault["input"]), "is no setting", "remove it")
    text = str(fault["msg"]).removeprefix("Value error, ")
    rule, _, remedy = text.partition("; ")
    value = fault["input"]
    return Problem(None, where, str(value), rule, remedy or "see examples/building/asset.yaml")
