"""The service of a played asset, asked beside the commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from prorata.contracts.currency import Currency
from prorata.deployments.manifest import Manifest
from prorata.service.analysis.files import read_published
from prorata.service.app import create_app
from prorata.service.settings import Settings
from prorata.store.keys import add_key
from prorata.store.office import Office
from tests.prorata.cli.opened import Commands
from tests.prorata.service.client import Client

__all__ = ["Asked", "asked"]


class Asked:
    """One who asks with a key of the issuer's own."""

    def __init__(self, client: Client, token: str, key: str) -> None:
        self.client = client
        self.token = token
        self.headers = {"Authorization": f"Bearer {key}"}

    def json(self, path: str, **params: Any) -> Any:
        path = path.replace("{asset}", f"assets/{self.token}")
        found = self.client.get(f"/v1/{path}", params=params, headers=self.headers)
        assert found.status_code == 200, found.text
        return found.json()


@contextmanager
def asked(
    commands: Commands,
    *,
    indices: tuple[Path, ...] = (),
    portfolios: tuple[Path, ...] = (),
    benchmark: Path | None = None,
) -> Iterator[Asked]:
    """The service of a deployment's ledger and office."""
    folder = commands.folder
    manifest = Manifest.read(folder / "manifest.json")
    token, dollar = (manifest.contracts[name].address for name in ("ShareToken", "Dollar"))
    unit = Currency(commands.chain, dollar).stated_unit()
    assert unit is not None
    office = str(folder / "office.db")
    with closing(Office.open(office, who="me", create=True)) as opened:
        scopes = ("read", "read:register")
        assets = [(manifest.chain_id, token)]
        _, key = add_key(opened, "a test", scopes=scopes, assets=assets)
    settings = Settings(
        str(folder / "ledger.db"), ("s" * 32,), office=office,
        units={(manifest.chain_id, dollar): unit},
        published=read_published(indices, portfolios, benchmark),
    )  # fmt: skip
    with Client(create_app(settings)) as client:
        yield Asked(client, token, key)
