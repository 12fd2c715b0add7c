"""The drill of a restore, as those who ask the service see it: the same answers, the same keys."""

from __future__ import annotations

import shutil
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from prorata.service.app import create_app
from prorata.service.settings import Settings
from prorata.store.database import Database
from prorata.store.digest import digest_of
from prorata.store.office import office_place
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands
from tests.prorata.service.conftest import SECRET
from tests.prorata.service.live.lines import Listener, running

pytestmark = pytest.mark.slow

BUILDING = PROJECT_ROOT / "examples" / "building"
PARTS = ("", "/captable?at=record:1", "/holders", "/transfers", "/records", "/distributions",
         "/unclaimed", "/documents", "/register")  # fmt: skip


class Asked:
    """A service of a folder, and one with a key who asks it."""

    def __init__(self, commands: Commands, address: str, key: str) -> None:
        self.address, self.token = address, commands.deployment.token().address
        self.headers = {"Authorization": f"Bearer {key}"}

    def get(self, path: str, **headers: str) -> httpx.Response:
        with httpx.Client(trust_env=False, timeout=60) as client:
            given = {**self.headers, **headers}
            return client.get(f"{self.address}/v1/assets/{self.token}{path}", headers=given)

    def answers(self) -> dict[str, Any]:
        """All that is said of the asset, and of which block; how changes are counted is apart."""
        found = {}
        for part in PARTS:
            answer = self.get(part)
            assert answer.status_code == 200, (part, answer.text)
            found[part] = answer.json()
            for counted in ("seq", "epoch"):
                found[part]["as_of"].pop(counted, None)
            # A cursor is of an epoch too.
            found[part]["next"] = "next" in found[part] and found[part]["next"] is not None
        return found


@contextmanager
def served(commands: Commands, key: str):
    ledger = str(commands.folder / "ledger.db")
    app = create_app(Settings(ledger=ledger, secrets=(SECRET,), office=office_place(ledger)))
    with running(app) as address:
        yield Asked(commands, address, key)


def digest(commands: Commands) -> dict[str, str]:
    with closing(Database.open(str(commands.folder / "ledger.db"))) as database:
        return digest_of(database, commands.chain.chain_id, commands.chain.genesis_hash)


def test_a_restored_service_answers_the_same_and_tells_its_clients(tmp_path: Path) -> None:
    """Laws 94, 117, 124 and 127: from the office's backup, once with the ledger of the backup and
    once with one that is read from the chain anew: answers and digests are equal, the key is
    valid; half-read pages and kept tags are refused, and who was listening is told to begin anew.
    """
    with Anvil() as anvil:
        lost = Commands(anvil, tmp_path / "HARB12")
        lost.says("deploy", "--asset", str(BUILDING / "asset.yaml"), "--dollar")
        lost.says("issue", str(BUILDING / "holders.csv"))
        lost.close_record()
        lost.says("distribute", "--currency", "USD", "--amount", "85,000", "--kind", "rent")
        lost.says("follow", "--once")
        lost.says("ledger", "people", "import", str(BUILDING / "holders.csv"))
        scopes = ("--scope", "read", "--scope", "read:register")
        key = lost.facts("keys", "add", "Quay Ventures", *scopes)["key"]
        listening = Listener({"Authorization": f"Bearer {key}"})
        with served(lost, key) as asked:
            before = asked.answers()
            page = asked.get("/holders?limit=5").json()
            tag = asked.get("/holders").headers["etag"]
            assert asked.get("/holders", **{"If-None-Match": tag}).status_code == 304
            # The place of a client that has heard all there is.
            here = page["as_of"]
            listening.listen(
                asked.address, lambda me: me.place is not None, after=f"{here['epoch']}:0"
            )
        facts = digest(lost)
        backup = lost.facts("ledger", "backup", str(tmp_path / "backups"))["folder"]
        manifest = (lost.folder / "manifest.json").read_bytes()
        shutil.rmtree(lost.folder)

        for name in ("restored", "rebuilt"):
            there = Commands(anvil, tmp_path / name / "HARB12")
            there.folder.mkdir(parents=True)
            (there.folder / "manifest.json").write_bytes(manifest)
            there.says("ledger", "restore", backup)
            if name == "rebuilt":
                for file in there.folder.glob("ledger.db*"):
                    file.unlink()
            there.says("follow", "--once")
            assert digest(there) == facts, name
            # The chain of the next place is the same.
            with kept(anvil.url, there.folder), served(there, key) as asked:
                assert asked.answers() == before, name
                gone = asked.get(f"/holders?limit=5&cursor={page['next']}")
                assert (gone.status_code, gone.json()["type"]) == (410, "/problems/moment-gone")
                assert asked.get("/holders", **{"If-None-Match": tag}).status_code == 200
                client = Listener(listening.headers)
                client.place = listening.place
                client.listen(asked.address, lambda me: len(me.events) == 1)
                assert client.events[0]["kind"] == "reset", name
                assert client.events[0]["epoch"] != here["epoch"]
                # From there on it hears what happens.
                agent = f"0x{len(name):040x}"
                add_agent(there, agent)
                there.says("follow", "--once")
                client.listen(asked.address, lambda me: me.events[-1]["kind"] == "block")
                [event] = client.events[-1]["events"]
                assert event["name"] == "AgentAdded"
                assert event["arguments"]["agent"].lower() == agent


def add_agent(commands: Commands, agent: str) -> None:
    """By the owner; the place of a backup has no journal of it."""
    token = commands.deployment.token()
    call, owner = token.add_agent(agent), token.owner()
    commands.anvil.rpc("anvil_impersonateAccount", owner)
    body = {"from": owner, "to": call.to, "data": "0x" + call.data.hex(), "gas": hex(300_000)}
    commands.anvil.rpc("eth_sendTransaction", body)
    commands.anvil.rpc("evm_mine")
