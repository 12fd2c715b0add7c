# SPDX-License-Identifier: MIT
"""Make keys of the service, list them, and revoke them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.office import open_office_of
from prorata.cli.output import escape
from prorata.cli.session import Session
from prorata.deployments.manifest import Manifest
from prorata.errors import InputError
from prorata.values.addresses import check_address
from prorata.values.times import iso
from prorata.values.words import counted

if TYPE_CHECKING:
    from prorata.store.keys import ApiKey

__all__ = ["checked_tenant", "cli", "tenant_option"]

SCOPES = ("read", "read:register", "prepare", "alerts", "admin")
_TENANT = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)

tenant_option = click.option(
    "--tenant",
    metavar="NAME",
    help="Whose: an organisation that the service is run for.  [default: the issuer's own]",
)


@click.group()
def cli() -> None:
    """Make keys of the service, list them, and revoke them.

    They stand in office.db beside the ledger, or in the schema `office` of PostgreSQL: of each the
    SHA-256 of its secret, which nobody keeps. `prorata serve` believes a key for ten seconds. It
    needs the extra `store`: pip install 'prorata[store]'.
    """


@cli.command(
    "add",
    cls=Command,
    examples=(
        "prorata keys add 'Quay Ventures' --scope read",
        "prorata keys add 'the accountant' --scope read --scope read:register --token 0x…",
    ),
)
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, required=True, type=click.Choice(SCOPES),
    help="What it may do; may be given again.",
)  # fmt: skip
@click.option(
    "--token", "tokens", multiple=True, metavar="ADDRESS",
    help="An asset that it may see, on the deployment's chain; may be given again.  [default: the "
    "deployment's own token]",
)  # fmt: skip
@tenant_option
@reading_options
def add_command(
    name: str, scopes: tuple[str, ...], tokens: tuple[str, ...], tenant: str | None, **options: Any
) -> None:
    """Make a key for NAME and show it, once: it cannot be shown again."""
    session = Session.of(options)
    folder = session.folder_there()
    manifest = Manifest.read(folder / "manifest.json")
    wanted = [check_address("token", one) for one in tokens]
    wanted = wanted or [manifest.contracts["ShareToken"].address]
    with open_office_of(
        folder, session.database, create=True, tenant=checked_tenant(tenant)
    ) as office:
        from prorata.store.keys import add_key

        named = [(manifest.chain_id, token) for token in wanted]
        made, text = add_key(office, name, scopes=scopes, assets=named)
    say = session.output.say
    say(escape(f"The key of {made.name}, which is shown only now:"))
    say(f"  {text}")
    say("Send it as: Authorization: Bearer pr_…")
    session.output.result({"key": text, **_facts(made)})


@cli.command("list", cls=Command, examples=("prorata keys list", "prorata keys list --json"))
@tenant_option
@reading_options
def list_command(tenant: str | None, **options: Any) -> None:
    """List the keys, those that were revoked too."""
    session = Session.of(options)
    with open_office_of(
        session.folder_there(), session.database, tenant=checked_tenant(tenant)
    ) as office:
        from prorata.store.keys import keys

        found = keys(office)
    rows = [
        (
            one.id,
            one.name,
            ", ".join(one.scopes),
            ", ".join(token for _, token in one.assets),
            iso(one.made_at),
            iso(one.revoked_at or 0),
        )
        for one in found
    ]
    columns = ("id", "name", "scopes", "assets", "made", "revoked")
    session.output.table(counted(len(found), "key"), columns, rows)
    session.output.result({"keys": [_facts(one) for one in found]})


@cli.command("revoke", cls=Command, examples=("prorata keys revoke 'Quay Ventures'",))
@click.argument("key")
@tenant_option
@reading_options
def revoke_command(key: str, tenant: str | None, **options: Any) -> None:
    """Revoke KEY, which is its id or its name; it is refused within ten seconds."""
    session = Session.of(options)
    with open_office_of(
        session.folder_there(), session.database, tenant=checked_tenant(tenant)
    ) as office:
        from prorata.store.keys import revoke_key

        gone = revoke_key(office, key)
    session.output.say(escape(f"The key {gone.id} of {gone.name} is revoked"))
    session.output.result(_facts(gone))


def checked_tenant(tenant: str | None) -> str | None:
    """Raises: InputError for what is no name of a tenant."""
    if tenant is not None and not _TENANT.fullmatch(tenant):
        rule = "is not of 1 to 40 small letters, digits and hyphens"
        raise InputError.of("tenant", tenant, rule, "write a short name, such as quay-ventures")
    return tenant


def _facts(key: ApiKey) -> dict[str, Any]:
    return {
        "tenant": key.tenant,
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "assets": [{"chain_id": chain_id, "token": token} for chain_id, token in key.assets],
        "made_at": iso(key.made_at),
        "revoked_at": iso(key.revoked_at or 0) or None,
    }
