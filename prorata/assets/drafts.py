# SPDX-License-Identifier: MIT
"""The first file of an asset, written for people: every setting with what it means.

What is not asked for stands there as a comment, so that whoever goes on finds it. A pack of rules
is copied beside the file, for its terms are to be read and fitted to the asset.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from prorata.assets.asset import NEW, Asset
from prorata.assets.examples import EXAMPLES
from prorata.assets.rules import RuleSettings
from prorata.errors import InputError, Problem
from prorata.files.writer import write_whole

__all__ = ["NONE", "AssetDraft", "check_field", "packs", "write_draft"]

NONE = "none"
"""What a person says who wants no rules, or no registry."""

STUB = {"name": "An asset", "symbol": "ASSET", "authorised_shares": "1"}
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 ._()/-]*[A-Za-z0-9.)]", re.ASCII)


@dataclass(frozen=True)
class AssetDraft:
    """What is known of an asset before it is deployed; each as its file has it.

    `rules` is a pack's name, a file, an address, or `none`.
    """

    name: str
    symbol: str
    authorised_shares: str
    decimals: int = 0
    unit_price: str = ""
    owner: str | None = None
    agents: tuple[str, ...] = ()
    rules: str = NONE
    registry: str | None = None
    currencies: Mapping[str, Mapping[int, str]] = field(default_factory=dict)

    def text(self, out: Path, rules: str) -> str:
        """The file, which is to be at `out` and names its `rules` so."""
        return "\n".join(_lines(self, out, rules))


def packs() -> dict[str, str]:
    """The packs of rules by name, each with its title."""
    files = sorted((EXAMPLES / "packs").glob("*.yaml"))
    return {path.stem: RuleSettings.load(path).title for path in files}


def check_field(name: str, value: object) -> None:
    """Raises: InputError when a file could not say this of one setting."""
    try:
        Asset.of({**STUB, name: value})
    except InputError as error:
        found = [problem for problem in error.problems if problem.column == name]
        if found:
            raise InputError(found, "the answer") from None


def write_draft(draft: AssetDraft, out: Path) -> tuple[Path, ...]:
    """Write the file, and a pack of rules beside it; what is there already is not overwritten.

    Raises: InputError with every fault of the settings, or when a file is there or cannot be
    written.
    """
    pack = EXAMPLES / "packs" / f"{draft.rules}.yaml" if draft.rules in packs() else None
    written = {out: draft.text(out, _named(draft, out, pack))}
    if pack is not None:
        written[out.with_name(pack.name)] = pack.read_text(encoding="utf-8")
    for path in written:
        if path.exists():
            rule = "is there already, and is not overwritten"
            raise InputError.of("out", path, rule, "name another file with --out")
    _check(draft, written[out], out)
    # The asset's file last: it names the other.
    for path in reversed(written):
        write_whole(path, written[path], column="out")
    return tuple(written)


def _named(draft: AssetDraft, out: Path, pack: Path | None) -> str:
    """How the file names its rules: beside it, from its own folder, or by address."""
    if pack is not None:
        return pack.name
    if draft.rules == NONE or draft.rules.lower().startswith("0x"):
        return draft.rules
    path = Path(draft.rules)
    if not path.is_file():
        known = ", ".join(packs())
        rule, remedy = (
            "is neither a pack nor a file",
            f"write a file, an address, {NONE}, or {known}",
        )
        raise InputError.of("rules", draft.rules, rule, remedy)
    try:
        return path.resolve().relative_to(out.parent.resolve()).as_posix()
    except ValueError:
        return path.resolve().as_posix()


def _check(draft: AssetDraft, text: str, out: Path) -> None:
    """Whether `deploy` would take it."""
    content = yaml.safe_load(text)
    rules = draft.rules
    if rules in packs():
        content["rules"] = RuleSettings.load(EXAMPLES / "packs" / f"{rules}.yaml")
    elif rules != NONE and not rules.lower().startswith("0x"):
        content["rules"] = RuleSettings.load(rules)
    elif rules == NONE:
        content.pop("rules", None)
    try:
        Asset.of(content, str(out))
    except InputError as error:
        # Nobody has seen the file that would be at fault.
        faults = [Problem(None, p.column, p.value, p.rule, p.remedy) for p in error.problems]
        raise InputError(faults, "the asset") from None


# ----------------------------------------------------------------------------------------- the text


def _lines(draft: AssetDraft, out: Path, rules: str) -> Iterator[str]:
    price = f" of {draft.unit_price}" if draft.unit_price else ""
    yield f"# {draft.name}: up to {draft.authorised_shares} shares{price}."
    yield "# Read every line. Then see what it costs, and put it on a chain:"
    yield f"#     prorata deploy --asset {out} --dry-run"
    yield f"#     prorata deploy --asset {out}"
    yield ""
    yield f"name: {_scalar(draft.name)}"
    yield f"symbol: {_scalar(draft.symbol)}"
    yield f"decimals: {draft.decimals} # of a share; 0 for shares that cannot be divided"
    yield ""
    yield "# The most that may ever be issued, in whole shares."
    yield f"authorised_shares: {_scalar(draft.authorised_shares)}"
    yield "# What a share costs, for people."
    yield _or_comment("unit_price", _price(draft), "1,000.00 USD")
    yield ""
    yield "# Who may appoint agents and change the rules: a multisig, best. Left out: who deploys."
    yield _or_comment("owner", draft.owner, '"0x..."')
    yield "# Who gives the daily orders from the start, such as issues. Left out: the owner."
    yield _or_comment("agents", _list(draft.agents), '["0x..."]')
    yield ""
    yield "# Which transfers are allowed: a file of rules, or the address of a rules contract. Left"
    yield "# out: all are. Packs to start from: examples/packs, which `prorata examples` writes."
    yield _or_comment("rules", None if rules == NONE else _scalar(rules), "eu-149.yaml")
    yield "# Who may hold: a registry of its own (new), or the address of one. Left out: anyone."
    yield _or_comment("registry", _registry(draft), NEW)
    yield ""
    yield "# Names for the currencies that income is paid in, by chain id. Quote the addresses."
    yield from _currencies(draft.currencies)
    yield ""
    yield "# Who signs plans before they are applied: so many of those listed. Left out: nobody."
    yield '# approvers: { need: 2, of: ["0x...", "0x...", "0x..."] }'
    yield ""


def _currencies(known: Mapping[str, Mapping[int, str]]) -> Iterator[str]:
    if not known:
        yield "# currencies:"
        yield "#   USDC:"
        yield '#     1: "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"'
        return
    yield "currencies:"
    for label, chains in known.items():
        yield f"  {_scalar(label)}:"
        yield from (f'    {number}: "{address}"' for number, address in chains.items())


def _price(draft: AssetDraft) -> str:
    return _scalar(draft.unit_price) if draft.unit_price else ""


def _registry(draft: AssetDraft) -> str | None:
    """A registry of its own where our rules need one; addresses are quoted."""
    if draft.registry in (None, NONE):
        ours = draft.rules != NONE and not draft.rules.lower().startswith("0x")
        return NEW if ours and draft.registry is None else None
    return NEW if draft.registry == NEW else f'"{draft.registry}"'


def _list(addresses: Sequence[str]) -> str | None:
    quoted = ", ".join(f'"{address}"' for address in addresses)
    return f"[{quoted}]" if addresses else None


def _or_comment(name: str, value: str | None, example: str) -> str:
    """A setting; one that nobody has set as a comment that shows how it is written."""
    if not value:
        return f"# {name}: {example}"
    quoted = f'"{value}"' if value.startswith("0x") else value
    return f"{name}: {quoted}"


def _scalar(text: str) -> str:
    """The text as YAML reads it back: in quotes unless it is plain and no word of YAML's own."""
    if _PLAIN.fullmatch(text) and yaml.safe_load(text) == text:
        return text
    return json.dumps(text, ensure_ascii=False)
