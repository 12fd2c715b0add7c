# SPDX-License-Identifier: MIT
"""The templates: a folder of files for each class of assets, to start from.

A new asset takes over the files of its class. Names and numbers that a person gives stand in the
new `asset.yaml`; who holds what is left out, since the wallets of a template are rehearsal keys
that everybody knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from prorata.assets.asset import Asset
from prorata.assets.drafts import AssetDraft, write_draft
from prorata.assets.examples import EXAMPLES
from prorata.errors import InputError
from prorata.files.writer import write_whole

__all__ = ["TEMPLATES", "template_draft", "write_template"]

TEMPLATES: Mapping[str, str] = {
    "building": "real estate: an offering, rent by a waterfall, taxes, ways out, a sale",
    "note": "debt: coupons by a schedule, a fifth paid back a year, a call; a zero coupon",
    "loans": "private credit: 1,000 loans, three tokens paid by a monthly waterfall",
    "fund": "money market: income by the day, paid by the month; in and out at value",
    "gold": "bars in a vault: a fee paid in metal, bars delivered",
    "carbon": "credits by serial number: sold, retired for somebody, certificates",
    "equity": "a company: rights, stock dividend, meeting, tender, splits, squeeze-out",
}
"""The classes, each with what its play shows."""

ASSET = "asset.yaml"
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{40}\b", re.ASCII)


def _folder(name: str) -> Path:
    """Raises: InputError when there is no such class."""
    if name not in TEMPLATES:
        rule = "is no class with a template"
        raise InputError.of("class", name, rule, f"choose one of {', '.join(TEMPLATES)}")
    return EXAMPLES / name


def template_draft(name: str) -> AssetDraft:
    """What a template says of its asset; a person changes what it must.

    Raises: InputError when there is no such class.
    """
    settings = Asset.load(_folder(name) / ASSET)
    return AssetDraft(
        name=settings.name,
        symbol=settings.symbol,
        authorised_shares=settings.authorised_shares,
        decimals=settings.decimals,
        unit_price=settings.unit_price,
    )


@dataclass(frozen=True)
class Written:
    """What a new folder has, and the files of the template that it has not: they name wallets."""

    files: tuple[Path, ...]
    left_out: tuple[str, ...]


def write_template(name: str, folder: Path, changes: Mapping[str, Any]) -> Written:
    """Start a folder from a class: its files, and an `asset.yaml` with what a person changed.

    `changes` are fields of `AssetDraft`; None leaves what the template says.

    Raises: InputError when there is no such class, the folder is there, or the settings are at
    fault.
    """
    source = _folder(name)
    if folder.exists():
        rule = "is there already, and is not overwritten"
        raise InputError.of("out", folder, rule, "name another folder with --out")
    given = {field: value for field, value in changes.items() if value is not None}
    draft = replace(template_draft(name), **given)
    files = list(write_draft(draft, folder / ASSET))
    left_out = []
    for path in sorted(path for path in source.iterdir() if path.is_file()):
        if path.name == ASSET:
            continue
        if _names_wallets(path):
            left_out.append(path.name)
            continue
        copy = folder / path.name
        write_whole(copy, path.read_text(encoding="utf-8"), column="out")
        files.append(copy)
    return Written(tuple(files), tuple(left_out))


def _names_wallets(path: Path) -> bool:
    """Whether an address stands in a file."""
    return _ADDRESS.search(path.read_text(encoding="utf-8")) is not None
