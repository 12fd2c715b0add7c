"""A building that pays rent on a real chain, its ledger, its pages on a port, and a browser."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from prorata.chain.node import RpcChain
from prorata.market.singletons import singleton_address
from prorata.service.app import create_app
from prorata.service.pages.portal import Portal, add_portal
from prorata.service.settings import Settings
from prorata.store.office import Office, office_place
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.times import moment
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands
from tests.prorata.service.pages.wallet import Wallet

EXAMPLES = PROJECT_ROOT / "examples" / "building"
SECRET = "a secret of more than thirty-two characters"
ISSUER_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
ANN_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
BEN_KEY = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"
ANN = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
PROSPECTUS = "Ten shares are offered."
BEN = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"


@pytest.fixture(scope="session")
def building(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """Two holders, a closed record, and rent that nobody has claimed."""
    with Anvil() as anvil:
        place = tmp_path_factory.mktemp("deployments")
        holders = place / "holders.csv"
        holders.write_text(f"address,shares\n{ANN},600\n{BEN},400\n")
        commands = Commands(anvil, place / "HARB12")
        commands.says("deploy", "--asset", str(EXAMPLES / "asset.yaml"), "--dollar")
        commands.says("issue", str(holders))
        commands.close_record()
        commands.says("distribute", "--currency", "USD", "--amount", "1,000", "--kind", "rent")
        commands.says("follow", "--once")
        yield commands


@dataclass
class Served:
    """The pages at `origin`, and the deployment that they are of."""

    origin: str
    commands: Commands
    app: Any
    opened: ExitStack

    @property
    def token(self) -> str:
        return self.commands.deployment.token().address

    def client(self, **options: Any) -> httpx.Client:
        """A program, or a person's browser without script."""
        headers = {"Origin": self.origin, **options.pop("headers", {})}
        client = httpx.Client(base_url=self.origin, headers=headers, timeout=60, **options)
        return self.opened.enter_context(client)

    def signed_in(self, wallet: Wallet, **options: Any) -> httpx.Client:
        client = self.client(**options)
        message = client.post("/sign-in/message", json={"address": wallet.address},
                              headers={"Accept": "application/json"}).json()["message"]  # fmt: skip
        fields = {"message": message, "signature": wallet.signed(message)}
        assert client.post("/sign-in", data=fields).status_code == 303
        return client

    def follow(self) -> None:
        """Let the ledger read what has happened."""
        self.commands.says("follow", "--once")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serving(app: Any, port: int) -> Iterator[None]:
    """A real server, in a thread of its own."""
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until = time.monotonic() + 30
        while not server.started:
            assert thread.is_alive()
            assert time.monotonic() < until, "the server does not start"
            time.sleep(0.02)
        yield
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.fixture
def served(building: Commands) -> Iterator[Served]:
    """The pages; afterwards chain and folder are as they were."""
    with kept(building.anvil.url, building.folder):
        yield from _served(building)


def made_app(building: Commands, origin: str, **settings: Any) -> FastAPI:
    """The application with pages, for a building; what is named replaces the settings."""
    ledger = str(building.folder / "ledger.db")
    token = building.deployment.token().address
    office = office_place(ledger)
    Office.open(office, who="a test", create=True).close()
    told = {
        "office": office, "public": frozenset({token}), "webhook_secrets": (SECRET,), **settings,
    }  # fmt: skip
    app = create_app(Settings(ledger=ledger, secrets=(SECRET,), **told))
    portal = Portal(
        origin,
        node=lambda: RpcChain(building.anvil.url),
        folders=(building.folder,),
        office=lambda: Office.open(office, who="a test", create=True),
    )
    add_portal(app, portal)
    return app


def _served(building: Commands) -> Iterator[Served]:
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    app = made_app(building, origin)
    with serving(app, port), ExitStack() as opened:
        yield Served(origin, building, app, opened)


@pytest.fixture
def ann(building: Commands) -> Wallet:
    return Wallet(ANN_KEY, building.anvil)


@pytest.fixture
def issuer(building: Commands) -> Wallet:
    return Wallet(ISSUER_KEY, building.anvil)


DAY = 86_400


@pytest.fixture(scope="module")
def eventful(building: Commands, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """A document, a meeting at which votes are taken, an open offering, an order on the board."""
    with kept(building.anvil.url, building.folder):
        place = tmp_path_factory.mktemp("events")
        now = building.chain.now()
        building.says("market", "deploy")
        prospectus = place / "prospectus.pdf"
        prospectus.write_text(PROSPECTUS)
        building.says(
            "documents",
            "set",
            "prospectus",
            "--uri",
            "https://example.org/p.pdf",
            "--file",
            str(prospectus),
        )
        meeting = place / "meeting.yaml"
        meeting.write_text(
            f'title: Annual meeting 2027\nrecord: 1\nopens: "{moment(now + 100)}"\n'
            f'closes: "{moment(now + 30 * DAY)}"\nquorum: 25%\nresolutions:\n'
            "  - text: The accounts are approved\n"
            "  - text: The house is sold\n    of: eligible\n    majority: at least 75%\n"
        )
        building.says("meeting", "convene", str(meeting))
        building.travel(now + 101)
        building.says("settings", "holds-contract", singleton_address("Holds"))
        offer = place / "offer.yaml"
        offer.write_text(
            json.dumps({
                "name": "First issue", "sells": "10", "at_least": "5",
                "price": {"currency": "USD", "at": "100.00"},
                "withdraw_until": moment(now + 10 * DAY), "closes": moment(now + 20 * DAY),
                "close_by": moment(now + 25 * DAY), "settle_by": moment(now + 30 * DAY),
            })
        )  # fmt: skip
        building.says("offer", "open", str(offer), "--account", "TEST::2")
        building.says(
            "order", "sign", "--sell", "5", "--for", "600", "--in", "USD", "--account", "TEST::1",
            "--until", moment(now + 10 * DAY), "--out", str(place / "order.json"),
        )  # fmt: skip
        building.says("order", "post", str(place / "order.json"))
        building.says("follow", "--once")
        yield building
