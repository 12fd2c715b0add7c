# SPDX-License-Identifier: MIT
"""Write the file of a new asset, from questions or options."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from prorata.assets.drafts import NONE, AssetDraft, check_field, packs, write_draft
from prorata.assets.templates import TEMPLATES, write_template
from prorata.cli.command import Command
from prorata.cli.output import Output
from prorata.errors import InputError
from prorata.values.addresses import check_address

ASSET = 'prorata new-asset --name "Harbour Street 12" --symbol HARB12 --authorised 10,000'
EXAMPLES = (
    "prorata new-asset",
    f"{ASSET} --rules eu-149 --out asset.yaml",
    "prorata new-asset --class gold --out vault",
)

QUESTIONS = {
    "name": "What is the asset called",
    "symbol": "Its symbol, such as HARB12",
    "authorised": "How many shares may ever be issued",
    "decimals": "Decimals of a share, 0 if it cannot be divided",
    "unit_price": "What a share costs, such as 1,000.00 USD, or nothing",
    "owner": "The owner's address, or nothing for the account that deploys",
    "rules": "Rules for transfers: none, an address, a file, or a pack",
}
FIELDS = {"authorised": "authorised_shares"}


@click.command(cls=Command, examples=EXAMPLES)
@click.option(
    "--class",
    "asset_class",
    help=f"Start a folder from the files of a class: {', '.join(TEMPLATES)}.",
)
@click.option("--name", help="What it is called.")
@click.option("--symbol", help="Up to 11 letters, digits, points and hyphens.")
@click.option("--authorised", help="The most whole shares that may ever be issued.")
@click.option("--decimals", type=int, help="Of a share.  [default: 0]")
@click.option("--unit-price", help="What a share costs, for people.")
@click.option("--owner", help="Who may appoint agents.  [default: the account that deploys]")
@click.option(
    "--agent", "agents", multiple=True, help="Who gives daily orders.  [default: the owner]"
)
@click.option("--rules", help="A pack's name, a file, an address, or none.  [default: none]")
@click.option("--registry", help="new, or an address.  [default: new, where there are rules]")
@click.option(
    "--currency",
    "currencies",
    multiple=True,
    metavar="LABEL=CHAIN:ADDRESS",
    help="A name for a currency on a chain, such as USDC=1:0x…",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The file to write, or with --class the folder. It must not be there yet.  "
    "[default: asset.yaml, or the name of the class]",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document only.")
def cli(out: Path | None, asset_class: str | None, as_json: bool, **given: Any) -> None:
    """Write the file of a new asset, from questions or options.

    On a terminal, what no option says is asked for. The file has every setting with what it means,
    and `prorata deploy --asset` takes it. A pack of rules is copied beside it.

    With --class, a folder begins with the files of a class of assets, which `prorata demo` plays;
    what no option says is as in the template. Files that name wallets are left out: who holds what
    is yours to write.
    """
    output = Output(as_json)
    if asset_class is not None:
        _start_folder(output, asset_class, out or Path(asset_class), given)
        return
    out = out or Path("asset.yaml")
    if out.exists():
        rule = "is there already, and is not overwritten"
        raise InputError.of("out", out, rule, "name another file with --out")
    answers = _answers(output, given)
    written = write_draft(_draft(answers), out)
    for path in written:
        output.say(f"Wrote {path}")
    output.say(f"Read it, and then: `prorata deploy --asset {out} --dry-run`")
    output.result({"asset": str(out), "files": [str(path) for path in written]})


def _start_folder(output: Output, asset_class: str, out: Path, given: Mapping[str, Any]) -> None:
    """A folder from the files of a class, with what the options say."""
    written = write_template(asset_class, out, _changes(given))
    for path in written.files:
        output.say(f"Wrote {path}")
    if written.left_out:
        output.say(f"Left out, since they name wallets: {', '.join(written.left_out)}")
    asset = out / "asset.yaml"
    output.say(f"Read them, and then: `prorata deploy --asset {asset} --dry-run`")
    output.result(
        {
            "asset": str(asset),
            "class": asset_class,
            "files": [str(path) for path in written.files],
            "left_out": list(written.left_out),
        }
    )


def _changes(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a draft that the options give."""
    drafted = asdict(_draft({**given, "name": "", "symbol": "", "authorised": ""}))
    named = {
        "authorised_shares": "authorised",
        **{field: field for field in ("name", "symbol", "decimals", "unit_price")},
    }
    changes = {field: given[option] for field, option in named.items()}
    for field in ("owner", "rules", "registry", "agents", "currencies"):
        if given[field]:
            changes[field] = drafted[field]
    return changes


def _answers(output: Output, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the options say, and on a terminal what is asked for."""
    answers = dict(given)
    asking = sys.stdin.isatty() and not output.as_json
    needed = [name for name in ("name", "symbol", "authorised") if answers[name] is None]
    if not needed:
        return answers
    if not asking:
        named = ", ".join(f"--{name}" for name in needed)
        rule = "is missing, and there is no terminal to ask for it"
        raise InputError.of(needed[0], "", rule, f"give {named}")
    for name, question in QUESTIONS.items():
        if answers[name] is None:
            answers[name] = _ask(name, question)
    return answers


def _ask(name: str, question: str) -> Any:
    """Ask until the answer is one."""
    if name == "rules":
        listed = "\n".join(f"  {pack:<18}{title}" for pack, title in packs().items())
        click.echo(f"Packs of rules, examples and no legal advice:\n{listed}", err=True)
    default = {"decimals": "0", "unit_price": "", "owner": "", "rules": NONE}.get(name)
    shown = bool(default)
    reader = _reader(name)
    return click.prompt(question, default=default, value_proc=reader, show_default=shown, err=True)


def _reader(name: str) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        text = text.strip()
        try:
            if name == "decimals":
                check_field("decimals", text)
                return int(text)
            if name != "rules" and text:
                check_field(FIELDS.get(name, name), text)
        except InputError as error:
            raise click.BadParameter(str(error)) from None
        return text

    return read


def _draft(answers: Mapping[str, Any]) -> AssetDraft:
    owner, registry = answers["owner"] or None, answers["registry"]
    return AssetDraft(
        name=answers["name"],
        symbol=answers["symbol"],
        authorised_shares=answers["authorised"],
        decimals=answers["decimals"] or 0,
        unit_price=answers["unit_price"] or "",
        owner=None if owner is None else check_address("owner", owner),
        agents=tuple(check_address("agent", agent) for agent in answers["agents"]),
        rules=answers["rules"] or NONE,
        registry=registry
        if registry in (None, "new", NONE)
        else check_address("registry", registry),
        currencies=_currencies(answers["currencies"]),
    )


def _currencies(written: Sequence[str]) -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = {}
    for text in written:
        label, equals, rest = text.partition("=")
        chain, colon, address = rest.partition(":")
        if not (equals and colon and chain.isdecimal() and chain.isascii()):
            rule = "does not name a currency, a chain and an address"
            raise InputError.of("currency", text, rule, "write USDC=1:0x…")
        found.setdefault(label, {})[int(chain)] = check_address("currency", address)
    return found
