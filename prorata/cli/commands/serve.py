# SPDX-License-Identifier: MIT
"""Serve the ledger over HTTP."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prorata.chain.node import RpcChain
from prorata.cli.checks import CURSOR_SECRETS
from prorata.cli.command import Command, reading_options
from prorata.cli.ledger.extras import extra
from prorata.cli.metering import AUDIT, METRICS_PORT, ledger_metered
from prorata.cli.networks import connected
from prorata.cli.office import office_place_of
from prorata.cli.output import escape
from prorata.cli.secret_files import read_secrets, webhook_secret_option, webhook_secrets_of
from prorata.cli.session import Session
from prorata.deployments.manifest import Manifest
from prorata.errors import IncompleteError, ProrataError
from prorata.values.addresses import check_address
from prorata.values.amounts import Unit

if TYPE_CHECKING:
    from fastapi import FastAPI

    from prorata.service.analysis.published import Published
    from prorata.service.settings import Settings

EXAMPLES = (
    "prorata serve --public",
    "prorata serve --public --pages http://127.0.0.1:8000",
    "prorata serve --host 0.0.0.0 --port 8080 --workers 2 --secret-file cursor.secret",
)

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(cls=Command, examples=EXAMPLES)
@click.option(
    "--host", default="127.0.0.1", show_default=True, envvar="PRORATA_HOST", show_envvar=True,
    help="The address to listen at.",
)  # fmt: skip
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=8000, show_default=True,
    envvar="PRORATA_PORT", show_envvar=True, help="The port; 0 takes one that is free.",
)  # fmt: skip
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True,
    envvar="PRORATA_WORKERS", show_envvar=True, help="How many processes answer.",
)  # fmt: skip
@click.option("--public", is_flag=True, help="Let anybody read the deployment's own asset.")
@click.option(
    "--public-asset", "public_assets", multiple=True, metavar="TOKEN",
    envvar="PRORATA_PUBLIC_ASSETS", show_envvar=True,
    help="Let anybody read this asset, too; may be given again.",
)  # fmt: skip
@click.option(
    "--origin", "origins", multiple=True, metavar="URL", envvar="PRORATA_ORIGINS", show_envvar=True,
    help="Let pages of this origin read the answers; may be given again.  [default: none]",
)  # fmt: skip
@click.option(
    "--secret-file", "secret_files", multiple=True, type=_FILE, metavar="FILE",
    envvar="PRORATA_SECRET_FILES", show_envvar=True,
    help="A file with the secret that signs cursors; of several, the first one signs and all are "
    f"accepted, and those of {CURSOR_SECRETS}.  [default: one for this run]",
)  # fmt: skip
@webhook_secret_option
@click.option(
    "--proxy", "proxies", multiple=True, metavar="ADDRESS",
    help="Believe this proxy's word on who asks; may be given again.  [default: nobody's]",
)  # fmt: skip
@click.option(
    "--rate", type=click.IntRange(min=0), default=120, show_default=True, metavar="NUMBER",
    help="Requests a minute from one address without a key; 0 for no limit.",
)  # fmt: skip
@click.option(
    "--key-rate", type=click.IntRange(min=0), default=1_200, show_default=True, metavar="NUMBER",
    help="Requests a minute of one key, of all workers together; 0 for no limit.",
)  # fmt: skip
@click.option(
    "--drain", type=click.FloatRange(0, 300), default=5.0, show_default=True, metavar="SECONDS",
    help="How long /ready says no, before the service ends.",
)  # fmt: skip
@click.option(
    "--pages", metavar="URL", envvar="PRORATA_PAGES", show_envvar=True,
    help="Serve pages for holders and the issuer too, at this origin as browsers see it, as in "
    "https://shares.example.org; they ask the node.  [default: none]",
)  # fmt: skip
@click.option(
    "--index", "indices", multiple=True, type=_FILE, metavar="FILE",
    help="Serve this index, as of `prorata index`, by its file's name; may be given again.",
)  # fmt: skip
@click.option(
    "--portfolio", "portfolios", multiple=True, type=_FILE, metavar="FILE",
    help="Serve this portfolio, as of `prorata portfolio`, to keys that own all of its assets; may "
    "be given again.",
)  # fmt: skip
@click.option(
    "--benchmark", type=_FILE, metavar="FILE",
    help="Serve this table of assets, as of `prorata benchmark`, and their scorecards.",
)  # fmt: skip
@click.option(
    "--log", type=click.Choice(("json", "none")), default="json", show_default=True,
    envvar="PRORATA_LOG", show_envvar=True,
    help="A line of JSON on stderr for each request, or none.",
)  # fmt: skip
@METRICS_PORT
@AUDIT
@reading_options
def cli(**options: Any) -> None:
    """Serve the ledger over HTTP: who held what, who was paid what, at any moment.

    `prorata follow` fills the ledger. Without a key (`prorata keys`) only assets that are public
    can be read. No key of any account is used, and nothing is sent to the chain; the node is asked
    once, how currencies are written. It needs the extras `store` and `service`: pip install
    'prorata[store,service]'.
    """
    session = Session.of(options)
    with extra("store", "service"):
        from prorata.service.app import create_app
        from prorata.service.server import listen, run
        from prorata.service.telemetry.application import Wished, observed_app

        notices: list[str] = []
        settings = _settings(session, options, notices.append)
        make: Callable[[], FastAPI] = functools.partial(create_app, settings)
        if options["pages"] is not None:
            folder = session.folder_there()
            place = office_place_of(folder, session.database)
            told = (session.network, options["pages"], folder, place)
            make = functools.partial(_with_pages, settings, *told)
    _try(make)
    metered, logged = options["metrics_port"], options["log"] == "json"
    with (
        ledger_metered(session, metered, options["audit"]),
        closing(listen(options["host"], options["port"])) as listening,
    ):
        host, port = listening.getsockname()[:2]
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        session.output.say(escape(f"Serves {settings.ledger} at {address}"))
        if not settings.public:
            notices.append("no asset is public: only keys of `prorata keys add` can read")
        for notice in notices:
            session.output.notice(notice)
        proxies = ",".join(options["proxies"])
        make = functools.partial(observed_app, make, Wished(logged, metered is not None))
        run(make, listening, workers=options["workers"], proxies=proxies)
    session.output.say("Ended")
    session.output.result({"address": address, "workers": options["workers"]})


def _try(make: Callable[[], FastAPI]) -> None:
    """Make the application once, so that what is wrong with it is said in a sentence."""
    state = make().state
    state.service.offices.close()
    if (sign_in := getattr(state, "sign_in", None)) is not None:
        sign_in.office.close()
        sign_in.workers.close()
        state.deployed.workers.close()


def _with_pages(settings: Settings, network: str, origin: str, folder: Path, place: str) -> FastAPI:
    """The application with pages; made in each worker, which has its own connections.

    Raises: InputError, DeploymentError, StoreError, ChainError.
    """
    from prorata.service.app import create_app
    from prorata.service.pages.portal import Portal, add_portal
    from prorata.store.office import Office

    opened = ExitStack()

    def node() -> RpcChain:
        return opened.enter_context(connected(network))[0]

    app = create_app(settings)
    app.state.connections = opened
    add_portal(
        app,
        Portal(
            origin,
            node=node,
            folders=(folder,),
            office=lambda: Office.open(place, who="prorata serve", create=True),
        ),
    )
    return app


def _settings(session: Session, options: dict[str, Any], notice: Callable[[str], None]) -> Settings:
    from prorata.service.settings import Settings
    from prorata.store.database import place_for

    folder = session.folder_there()
    manifest = Manifest.read(folder / "manifest.json")
    public = {check_address("public-asset", one) for one in options["public_assets"]}
    if options["public"]:
        public.add(manifest.contracts["ShareToken"].address)
    place = place_for(folder, session.database)
    return Settings(
        ledger=place,
        office=office_place_of(folder, session.database),
        secrets=_secrets(notice, options["secret_files"]),
        webhook_secrets=webhook_secrets_of(options),
        public=frozenset(public),
        origins=options["origins"],
        units=_units(session, place, notice),
        drain_seconds=options["drain"],
        audits=() if options["audit"] is None else (str(options["audit"]),),
        anybody_per_minute=options["rate"],
        key_per_minute=options["key_rate"],
        published=_published(options),
    )


def _published(options: dict[str, Any]) -> Published:
    """What the operator's files say.

    Raises: InputError for every fault in one.
    """
    from prorata.service.analysis.published import NOTHING

    named = (options["indices"], options["portfolios"], options["benchmark"])
    if not any(named):
        return NOTHING
    from prorata.service.analysis.files import read_published

    return read_published(*named)


def _secrets(notice: Callable[[str], None], paths: tuple[Path, ...]) -> tuple[str, ...]:
    """What signs cursors; one that nobody keeps, where none is given.

    Raises: InputError for a file that cannot be read.
    """
    given = read_secrets("secret-file", paths, CURSOR_SECRETS)
    if not given:
        notice(
            "cursors are signed with a secret of this run: pages that are read across a restart "
            "begin anew; --secret-file keeps one"
        )
        return (secrets.token_hex(32),)
    return given


def _units(
    session: Session, place: str, notice: Callable[[str], None]
) -> dict[tuple[int, str], Unit]:
    """How the currencies of distributions and of the market are written, as the node says."""
    from sqlalchemy import select

    from prorata.contracts.currency import Currency
    from prorata.service.market.orders import currencies_of
    from prorata.store import schema
    from prorata.store.asof import FollowedAsset, moment
    from prorata.store.database import Database

    asked = (
        select(schema.chain.c.chain_id, schema.distribution.c.currency)
        .join(schema.source, schema.source.c.id == schema.distribution.c.source)
        .join(schema.chain, schema.chain.c.id == schema.source.c.chain)
        .distinct()
    )
    with closing(Database.open(place)) as database, database.snapshot() as connection:
        named = [(int(chain), str(currency)) for chain, currency in connection.execute(asked)]
        a, c = schema.asset.c, schema.chain.c
        assets = select(a.id, a.chain, a.token, a.symbol, a.decimals, c.chain_id)
        for *one, chain in connection.execute(assets.join(schema.chain, c.id == a.chain)).all():
            # Of an asset of which nothing is read yet there is nothing to write.
            with suppress(IncompleteError):
                then = moment(connection, one[0], None)
                used = currencies_of(connection, FollowedAsset(*one), then)
                named += [(int(chain), currency) for currency in used]
    try:
        with session.reading(ledger=False) as found:
            units = {
                (chain, currency): Currency(found.chain, currency).stated_unit()
                for chain, currency in dict.fromkeys(named)
                if chain == found.chain.chain_id
            }
    except ProrataError as error:
        notice(f"currencies are shown in smallest units only: {error}")
        return {}
    return {key: unit for key, unit in units.items() if unit is not None}
