# SPDX-License-Identifier: MIT
"""Make webhooks of tenants, list them, rotate their secrets, and end them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from prorata.cli.command import Command, reading_options
from prorata.cli.commands.keys import checked_tenant, tenant_option
from prorata.cli.office import open_office_of
from prorata.cli.output import escape
from prorata.cli.secret_files import masters_of, webhook_secret_option
from prorata.cli.session import Session
from prorata.deployments.manifest import Manifest
from prorata.values.addresses import check_address
from prorata.values.times import iso
from prorata.values.words import counted

if TYPE_CHECKING:
    from prorata.alerts.office_webhooks import Webhook
    from prorata.alerts.webhook_secrets import Masters
    from prorata.cli.output import Output

__all__ = ["cli"]

LEAST = ("info", "warning", "critical")


@click.group()
def cli() -> None:
    """Make webhooks of tenants, list them, rotate their secrets, and end them.

    A webhook is told what the rules of alerts decide of its assets, by `prorata deliver`, which
    looks for webhooks each time. They stand in office.db beside the ledger, or in the schema
    `office` of PostgreSQL, without their secrets: these are derived from a master secret. Keys with
    the scope `admin` make them too, at /v1/webhooks. It needs the extras `store` and `alerts`: pip
    install 'prorata[store,alerts]'.
    """


@cli.command(
    "add",
    cls=Command,
    examples=(
        "prorata webhooks add 'the desk' https://desk.example.org/in",
        "prorata webhooks add auditor https://a.example/in --least warning --tenant quay-ventures",
    ),
)
@click.argument("name")
@click.argument("url")
@click.option(
    "--least", type=click.Choice(LEAST), default=LEAST[0], show_default=True,
    help="The least severity that it is told of.",
)  # fmt: skip
@click.option(
    "--token", "tokens", multiple=True, metavar="ADDRESS",
    help="An asset that it may hear of, on the deployment's chain; may be given again.  [default: "
    "the deployment's own token]",
)  # fmt: skip
@click.option(
    "--permit", multiple=True, metavar="NETWORK",
    help="A network that is not public, to which it may go all the same, and without https; may be "
    "given again.  [default: none]",
)  # fmt: skip
@tenant_option
@webhook_secret_option
@reading_options
def add_command(name: str, url: str, tenant: str | None, **options: Any) -> None:
    """Make a webhook to URL and show its secret, once: it cannot be shown again."""
    session = Session.of(options)
    folder = session.folder_there()
    manifest = Manifest.read(folder / "manifest.json")
    tokens = [check_address("token", one) for one in options["tokens"]]
    tokens = tokens or [manifest.contracts["ShareToken"].address]
    whose = checked_tenant(tenant)
    with open_office_of(folder, session.database, create=True, tenant=whose) as office:
        from prorata.alerts.office_webhooks import Wanted, add_webhook

        masters = masters_of(options)
        named = [(manifest.chain_id, token) for token in tokens]
        wanted = Wanted(name, url, named, options["least"], options["permit"])
        made = add_webhook(office, masters, wanted, grants=True)
    _show(session.output, made, masters)


@cli.command(
    "list", cls=Command, examples=("prorata webhooks list", "prorata webhooks list --json")
)
@tenant_option
@webhook_secret_option
@reading_options
def list_command(tenant: str | None, **options: Any) -> None:
    """List the webhooks, those that have ended too.

    Under `secret` stands whether its newest secret is derived from the newest master secret:
    `current`, from an older one: `older`, or from one that is not given: `missing`.
    """
    session = Session.of(options)
    whose = checked_tenant(tenant)
    with open_office_of(session.folder_there(), session.database, tenant=whose) as office:
        from prorata.alerts.office_webhooks import webhooks

        masters = masters_of(options)
        found = webhooks(office, ended=True)
    rows = [
        (
            one.id,
            one.name,
            one.url,
            one.least,
            ", ".join(token for _, token in one.assets),
            _standing(one, masters),
            iso(one.made_at),
            iso(one.ended_at or 0),
        )
        for one in found
    ]
    columns = ("id", "name", "url", "least", "assets", "secret", "made", "ended")
    session.output.table(counted(len(found), "webhook"), columns, rows)
    session.output.result({"webhooks": [_facts(one, masters) for one in found]})


@cli.command("rotate", cls=Command, examples=("prorata webhooks rotate 'the desk'",))
@click.argument("webhook")
@tenant_option
@webhook_secret_option
@reading_options
def rotate_command(webhook: str, tenant: str | None, **options: Any) -> None:
    """Give WEBHOOK, which is its id or its name, a new secret, and show it, once.

    The one before signs beside it for 24 hours.
    """
    session = Session.of(options)
    whose = checked_tenant(tenant)
    with open_office_of(session.folder_there(), session.database, tenant=whose) as office:
        from prorata.alerts.office_webhooks import rotate_webhook

        masters = masters_of(options)
        made = rotate_webhook(office, masters, webhook)
    _show(session.output, made, masters)


@cli.command("remove", cls=Command, examples=("prorata webhooks remove 'the desk'",))
@click.argument("webhook")
@tenant_option
@reading_options
def remove_command(webhook: str, tenant: str | None, **options: Any) -> None:
    """End WEBHOOK, which is its id or its name: it gets nothing more."""
    session = Session.of(options)
    whose = checked_tenant(tenant)
    with open_office_of(session.folder_there(), session.database, tenant=whose) as office:
        from prorata.alerts.office_webhooks import end_webhook
        from prorata.alerts.webhook_secrets import Masters

        gone = end_webhook(office, webhook)
    session.output.say(escape(f"The webhook {gone.id} of {gone.name} has ended"))
    session.output.result(_facts(gone, Masters()))


def _show(output: Output, made: Webhook, masters: Masters) -> None:
    secret = made.secret(masters)
    output.say(escape(f"The secret of {made.name} ({made.id}), which is shown only now:"))
    output.say(f"  {secret}")
    output.result({"secret": secret, **_facts(made, masters)})


def _standing(one: Webhook, masters: Masters) -> str:
    if not one.versions or one.versions[0].master not in masters:
        return "missing"
    return "current" if one.versions[0].master == masters.newest else "older"


def _facts(one: Webhook, masters: Masters) -> dict[str, Any]:
    return {
        "tenant": one.tenant,
        "id": one.id,
        "name": one.name,
        "url": one.url,
        "least": one.least,
        "permit": list(one.permit),
        "assets": [{"chain_id": chain_id, "token": token} for chain_id, token in one.assets],
        "made_at": iso(one.made_at),
        "rotated_at": iso(one.rotated_at or 0) or None,
        "ended_at": iso(one.ended_at or 0) or None,
        "secret_from": _standing(one, masters),
    }
