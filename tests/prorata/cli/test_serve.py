"""serve and keys: the service of a real node's ledger, as processes that are started and ended."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from prorata.cli.commands.keys import SCOPES
from prorata.store import office_schema
from prorata.toolchain.anvil import Anvil
from tests.prorata.cli.opened import Commands

ANN = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
BEN = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
ASSET = 'name: Quay 9\nsymbol: QUAY9\ndecimals: 2\nauthorised_shares: "1,000"\n'
TABLE = f"address,shares\n{ANN},50.00\n{BEN},30.25\n"


@pytest.fixture(scope="module")
def quay(tmp_path_factory) -> Iterator[Commands]:
    """An asset that has paid once, with a ledger beside it."""
    folder = tmp_path_factory.mktemp("deployments")
    (folder / "asset.yaml").write_text(ASSET, encoding="utf-8")
    (folder / "holders.csv").write_text(TABLE, encoding="utf-8")
    with Anvil() as anvil:
        commands = Commands(anvil, folder / "QUAY9")
        commands.says("deploy", "--asset", str(folder / "asset.yaml"))
        commands.says("issue", str(folder / "holders.csv"))
        record = commands.close_record()
        commands.says(
            "distribute", "--record", str(record), "--currency", "ETH", "--kind", "rent",
            "--amount", "0.8025",
        )  # fmt: skip
        commands.says("claim", "--account", "TEST::1")
        commands.says("follow", "--once")
        yield commands


class Service:
    """A process that serves."""

    def __init__(self, commands: Commands, *words: str) -> None:
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "prorata", "serve", "--port", "0", "--network",
                commands.anvil.url, "--deployment", str(commands.folder), *words,
            ],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=None,
        )  # fmt: skip
        assert self.process.stdout is not None
        told = self.process.stdout.readline()
        found = re.search(r"http://\S+", told)
        assert found is not None, told + self.said()
        self.address = found[0]
        self.wait(200)

    def said(self) -> str:
        self.process.kill()
        return "".join(self.process.communicate())

    def get(self, path: str, key: str = "", **headers: str) -> requests.Response:
        given = {"Authorization": f"Bearer {key}"} if key else {}
        return requests.get(self.address + path, headers={**given, **headers}, timeout=60)

    def wait(self, status: int) -> None:
        """Until it is ready, or is not."""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            try:
                if self.get("/ready").status_code == status:
                    return
            except requests.ConnectionError:
                assert self.process.poll() is None, self.said()
            time.sleep(0.05)
        raise AssertionError(self.said())

    def end(self) -> tuple[int, str, str]:
        """Ask it to end; its code, and what it has said."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=120)
        return self.process.returncode, out, err


@contextmanager
def serving(commands: Commands, *words: str) -> Iterator[Service]:
    service = Service(commands, *words)
    try:
        yield service
    finally:
        service.process.kill()
        service.process.communicate()


def test_the_scopes_of_the_command_are_those_of_the_store():
    assert SCOPES == office_schema.SCOPES


@pytest.mark.slow
def test_a_key_is_shown_once_reads_and_is_revoked(quay):
    """Law 127: and nothing else."""
    made = quay.facts("keys", "add", "Quay Ventures", "--scope", "read", "--scope", "alerts")
    assert re.fullmatch(r"pr_[0-9a-f]{16}_[0-9a-f]{64}", made["key"])
    secret = made["key"].rpartition("_")[2]
    listed = quay.says("keys", "list")
    assert "Quay Ventures" in listed
    assert secret not in listed + (quay.folder / "office.db").read_bytes().decode("latin-1")
    [one] = quay.facts("keys", "list")["keys"]
    assert (one["scopes"], one["revoked_at"]) == (["read", "alerts"], None)
    token = one["assets"][0]["token"]
    with serving(quay, "--drain", "0") as service:
        path = f"/v1/assets/{token}/holders/{ANN}"
        assert service.get(path).status_code == 404
        told = service.get(path, made["key"]).json()
        assert (told["shares"]["text"], told["percent"]) == ("50.00", "62.30%")
        [paid] = service.get(f"{path}/income", made["key"]).json()["income"]
        assert paid["gross"]["text"] == "0.50"
        assert paid["gross"]["currency"] == "ETH"
        assert "is revoked" in quay.says("keys", "revoke", "Quay Ventures")
    with serving(quay, "--drain", "0") as service:
        assert service.get(path, made["key"]).status_code == 401
    assert "is no valid key" in quay.refuses("keys", "revoke", "Quay Ventures")
    assert quay.facts("keys", "list")["keys"][0]["revoked_at"] is not None


@pytest.mark.slow
def test_what_an_audit_has_said_is_told(quay, tmp_path):
    """Law 137: by the option of the command."""
    file = tmp_path / "audit.json"
    file.write_text(quay.says("books", "--json"), encoding="utf-8")
    with serving(quay, "--public", "--drain", "0", "--audit", str(file)) as service:
        [one] = service.get("/v1/assets").json()["assets"]
        assert (one["as_of"]["audited_to"], one["as_of"]["audit"]) == (
            one["as_of"]["block"], "balanced",
        )  # fmt: skip
        told = service.get(f"/v1/assets/{one['token']}/holders/{BEN}/unclaimed").json()
        assert [each["left"]["text"] for each in told["unclaimed"]] == ["0.3025"]
        assert told["disputed"] is False


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_told_to_end_it_is_not_ready_answers_what_it_has_and_ends(quay, workers):
    """Law 130: with nothing lost."""
    with serving(quay, "--public", "--workers", str(workers), "--drain", "2") as service:
        assert len(service.get("/v1/assets").json()["assets"]) == 1
        begun = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        service.wait(503)
        assert service.get("/ready").json()["reason"] == "the service is ending"
        # What comes while it drains is answered.
        assert service.get("/v1/assets").status_code == 200
        out, _ = service.process.communicate(timeout=120)
        assert (service.process.returncode, out.splitlines()[-1]) == (0, "Ended")
        assert time.monotonic() - begun >= 2


@pytest.mark.slow
def test_a_secret_that_is_kept_reads_cursors_across_a_restart(quay, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("k" * 32 + "\n", encoding="utf-8")
    words = ("--public", "--drain", "0", "--secret-file", str(secret))
    with serving(quay, *words) as service:
        [asset] = service.get("/v1/assets").json()["assets"]
        path = f"/v1/assets/{asset['token']}/holders?limit=1"
        cursor = service.get(path).json()["next"]
        assert service.end()[0] == 0
    with serving(quay, *words) as service:
        assert service.get(f"{path}&cursor={cursor}").status_code == 200
    with serving(quay, "--public", "--drain", "0") as service:
        assert service.get(f"{path}&cursor={cursor}").status_code == 422


def test_what_cannot_be_served_is_refused_in_a_sentence(quay, tmp_path):
    short = tmp_path / "short"
    short.write_text("short", encoding="utf-8")
    refused = quay.refuses("serve", "--secret-file", str(short))
    assert "has fewer than 32 characters; make one with" in refused
    refused = quay.refuses("serve", "--secret-file", str(tmp_path / "none"))
    assert "cannot be read (no such file or directory); name a file" in refused
    refused = quay.refuses("serve", "--database", str(tmp_path / "none.db"))
    assert "there is no ledger at" in refused
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = quay.refuses("serve", "--public", "--port", port)
    assert "cannot be had (address already in use); give another one with --port" in refused
    assert "is not an address" in quay.refuses("serve", "--public-asset", "0x12")
    for words, sentence in (
        (("keys", "add", "Ann", "--scope", "read", "--tenant", "A B"), "small letters, digits"),
        (("keys", "add", "x", "--scope", "read", "--token", "0x12"), "is not an address"),
        (("keys", "add", "", "--scope", "read"), "is not of 1 to 80 characters"),
        (("keys", "revoke", "nobody"), "is no valid key"),
    ):
        assert sentence in quay.refuses(*words)
