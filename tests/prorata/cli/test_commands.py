"""The commands as a person opens them, at both doors: `ape run ...`, each in a process of its own
(`apart`), and `prorata ...`, which is run in this one and costs a tenth.

They are played on three kinds of chain: an Anvil that mines at once, an Anvil that plays a public
network (its own chain id, a block a second, no accounts of its own, a keystore file that pays, a
confirmation to wait for), and a Hardhat node where Hardhat is installed.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from eth_account import Account

from prorata.chain.node import RpcChain
from prorata.demo.keys import rehearsal_key
from prorata.deployments.deployment import Deployment
from prorata.register.captable import read_csv
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.amounts import units
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import agreed, run

pytestmark = pytest.mark.slow

APE = Path(sys.prefix) / "bin" / "ape"
ASSET = "examples/building/asset.yaml"
HOLDERS = "examples/building/holders.csv"
TABLE = read_csv(PROJECT_ROOT / HOLDERS)
HOLDER = TABLE.holdings[5].address
PASSPHRASE = "a passphrase for rehearsals"
PUBLIC_CHAIN = 84_532_001
HARDHAT = Path(os.environ.get("PRORATA_HARDHAT", PROJECT_ROOT / "node_modules/.bin/hardhat"))


@dataclass(frozen=True)
class CommandSession:
    """The commands of one deployment on one chain."""

    url: str
    folder: Path
    options: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    by_ape: bool = False
    """Whether each command is run by ape, in a process of its own."""

    @property
    def apart(self) -> CommandSession:
        """The same at ape's door."""
        return replace(self, by_ape=True)

    @property
    def here(self) -> CommandSession:
        """The same at the door of `prorata`, in this process."""
        return replace(self, by_ape=False)

    def run(self, *arguments: str, network: str | None = None) -> subprocess.CompletedProcess[str]:
        where = ("--network", network or self.url, "--deployment", str(self.folder))
        words = (*agreed(arguments), *where, *self.options)
        if not self.by_ape:
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(PROJECT_ROOT)
                for name, value in self.environment.items():
                    patch.setenv(name, value)
                return subprocess.CompletedProcess(words, *run(*words))
        return subprocess.run(
            [str(APE), "run", *words],
            cwd=PROJECT_ROOT,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def says(self, *arguments: str) -> str:
        """What a person reads."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def facts(self, *arguments: str) -> dict:
        """What a program reads: nothing but JSON is on stdout."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def refuses(self, *arguments: str, network: str | None = None) -> str:
        """The one sentence of a refusal; stdout stays empty and the exit code is 1."""
        done = self.run(*arguments, network=network)
        assert (done.returncode, done.stdout) == (1, ""), (done.stdout, done.stderr)
        assert done.stderr.startswith("✗ ")
        assert done.stderr.endswith(".\n")
        return done.stderr[2:-2]

    @property
    def chain(self) -> RpcChain:
        return RpcChain(self.url)

    @property
    def deployment(self) -> Deployment:
        return Deployment.open(self.chain, self.folder)


def sent(session: CommandSession) -> int:
    return session.chain.nonce(session.deployment.manifest.deployer)


def again(facts: dict) -> dict:
    """What the same command says when all was sent before."""
    return {**facts, "resumed": True} if "resumed" in facts else facts


def play(session: CommandSession, close: float) -> None:
    """The life of a distribution through the commands; each step twice, done once: whichever door
    it was done at, the other one knows it."""
    second = session.here if session.by_ape else session
    deployed = session.facts("deploy", "--asset", ASSET, "--dollar")
    assert list(deployed["contracts"]) == ["DividendVault", "ShareToken", "Dollar"]
    issued = session.facts("issue", HOLDERS, "--batch", "100")
    assert units(issued["shares"]) == 10_000
    assert (issued["holders"], len(issued["transactions"])) == (148, 2)
    assert issued["resumed"] is False

    # On a public network so soon a record is asked about: it could not be cancelled any more.
    record = session.facts("record", "--at", f"+{close:.0f}s", "--yes")
    assert record["record"] == 1
    rent = ("distribute", "--record", "1", "--currency", "USD", "--amount", "85,000.00")
    rent = (*rent, "--kind", "rent")
    distributed = session.facts(*rent)
    assert distributed["distribution"] == 1

    before = sent(session)
    assert second.facts("deploy", "--asset", ASSET, "--dollar") == again(deployed)
    assert second.facts("issue", HOLDERS, "--batch", "100") == again(issued)
    assert second.facts(*rent) == again(distributed)
    assert sent(session) == before

    while session.chain.now() <= record["closes_at"]:
        time.sleep(0.2)
    claimed = session.facts("claim", "--holder", HOLDER)
    expected = 85_000_000_000 * TABLE.balances[HOLDER] // 10_000
    assert [units(p["net"]) for p in claimed["payouts"]] == [expected]
    ether = ("distribute", "--currency", "ETH", "--amount", "0.5", "--kind", "dividend", "--push")
    assert session.facts(*ether)["holders_paid"] == 148
    assert session.deployment.vault().distribution(2).owed == 0


# ------------------------------------------------------------------------------ a chain at once


@pytest.fixture(scope="module")
def life(tmp_path_factory) -> Iterator[CommandSession]:
    with Anvil() as node:
        session = CommandSession(node.url, tmp_path_factory.mktemp("local") / "HARB12")
        play(session, close=5)
        yield session


@pytest.fixture
def played(life: CommandSession) -> Iterator[CommandSession]:
    """The life of a distribution, as if no other test had been there."""
    with kept(life.url, life.folder):
        yield life


def test_the_life_of_a_distribution(played):
    assert [d.id for d in played.deployment.vault().distributions()] == [1, 2]


def test_a_person_reads_tables(played):
    assert "Harbour Street 12 (HARB12), up to 10,000 shares" in played.says(
        "deploy", "--asset", ASSET
    )
    preview = played.says(
        "distribute", "--currency", "USD", "--amount", "100", "--kind", "rent", "--dry-run"
    )
    largest = f"{TABLE.holdings[0].address} 800 8.000000 0.000000 8.000000"
    assert largest in " ".join(preview.split())
    other = TABLE.holdings[7].address
    assert other in played.says("claim", "--holder", other)
    assert f"{other} has nothing to claim" in played.says("claim", "--holder", other)


def test_refusals_are_one_sentence_and_send_nothing(played):
    before = sent(played)
    past = played.refuses("record", "--at", "2020-01-01T00:00:00Z")
    assert re.fullmatch(
        r'at: "2020-01-01T00:00:00Z" is in the past: the chain\'s time is \S+Z; give a later time',
        past,
    )
    pay = ("distribute", "--kind", "rent", "--currency")
    assert played.refuses(*pay, "USD", "--amount", "1.0000001") == (
        'amount: "1.0000001" has 7 decimals and USD has only 6; '
        "write at most 6 digits after the point"
    )
    assert played.refuses(*pay, "EUR", "--amount", "1") == (
        'currency: "EUR" is no currency of HARB12 on chain 31337; write ETH, USD, or an address'
    )
    assert played.refuses(*pay, "ETH", "--amount", "1", "--record", "9") == (
        'record: "9" was never scheduled: there are records 1 to 1; schedule it with `record`'
    )
    assert played.refuses("claim", "--id", "7", "--holder", HOLDER) == (
        'distribution: "7" was never declared: there are 1 to 2; check the id'
    )
    assert played.refuses("claim", "--holder", "0x12") == (
        'holder: "0x12" is not an address; write 0x and 40 hexadecimal digits'
    )
    assert sent(played) == before


def test_an_instruction_is_signed_at_one_door_and_brought_at_another(played, tmp_path):
    key, bank, path = rehearsal_key(9), TABLE.holdings[20].address, tmp_path / "to-my-bank.json"
    keystore = tmp_path / "holder.json"
    keystore.write_text(json.dumps(Account.encrypt(key.key, PASSPHRASE, "pbkdf2", 1_000)))
    holder = CommandSession(
        played.url, played.folder, ("--account", str(keystore)), {"PRORATA_PASSPHRASE": PASSPHRASE}
    )
    wish = ("instruct", "--id", "1", "--to", bank, "--valid-until", "2100-01-01T00:00:00Z")
    said = holder.apart.says(*wish, "--out", str(path))
    assert f"Signed by {key.address}: `ape run claim --instruction {path}` does it" in said
    unsigned = played.facts(
        *wish, "--holder", key.address, "--out", str(tmp_path / "other.json"), "--unsigned"
    )
    signed = json.loads(path.read_text())
    assert unsigned["signed"] is False
    assert signed == {**unsigned["typed_data"], "signature": signed["signature"]}
    done = played.facts("claim", "--instruction", str(path))
    gross = 85_000_000_000 * TABLE.balances[key.address] // 10_000
    assert [(p["payee"], units(p["net"])) for p in done["payouts"]] == [(bank, gross)]


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("claim", ["--instruction", "x.json", "--id", "1"], "says whose and which; leave --holder"),
        ("claim", ["--instruction", "nowhere.json"], "cannot be read (no such file or directory)"),
        ("instruct", ["--cancel", "nowhere.json"], "cannot be read (no such file or directory)"),
        ("instruct", ["--out", "x.json"], 'to: "" is missing; give --to'),
        ("instruct", ["--to", "0x12"], 'out: "" is missing; give --out'),
    ],
)
def test_an_instruction_that_cannot_be_meant_is_refused_at_the_door(name, arguments, said):
    command = importlib.import_module(f"scripts.{name}").cli
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 1
    assert said in done.output


def test_a_claim_before_the_record_has_closed_is_refused(played):
    record = played.facts("record", "--at", "+1h")
    pay = ("distribute", "--currency", "ETH", "--amount", "1", "--kind", "dividend")
    pay = (*pay, "--record", "2")
    assert played.facts(*pay)["record"] == record["record"] == 2
    before = sent(played)
    said = played.refuses("claim", "--id", "3", "--holder", HOLDER)
    assert said.startswith(
        f'distribution: "3" cannot be claimed before record 2 has closed at {record["closes"]}: '
        "the chain's time is "
    )
    assert sent(played) == before


def test_a_faulty_cap_table_is_listed_whole_and_sends_nothing(played, tmp_path):
    table = tmp_path / "holders.csv"
    table.write_text(f"address,shares\n{HOLDER},1.5\n{HOLDER},-1\n0x12,1\n")
    before = sent(played)
    said = played.refuses("issue", str(table))
    assert said.startswith(f"4 problems in {table}:\n  line 2, shares: ")
    assert sent(played) == before


def test_accounts_that_cannot_sign_are_refused(played, tmp_path):
    missing = tmp_path / "nobody.json"
    assert played.apart.refuses("record", "--at", "+2h", "--account", str(missing)) == (
        f'account: "{missing}" is neither an ape account nor a keystore file; '
        "`ape run account list` shows what there is"
    )
    stranger = played.refuses("record", "--at", "+2h", "--account", "TEST::3")
    assert stranger.startswith(
        'account: "0x90F79bf6EB2c4f870365E785982E1f101E93b906" is no agent of HARB12; use an '
    )


def test_networks_that_are_none_are_refused(played):
    asset = ("deploy", "--asset", ASSET)
    assert played.refuses(*asset, network="http://127.0.0.1:1") == (
        "the node at http://127.0.0.1:1 does not answer (connection refused); "
        "check the address and that the node is running"
    )
    assert played.apart.refuses(*asset, network="ethereum:atlantis").startswith(
        'network: "ethereum:atlantis" cannot be used ('
    )


def test_the_wrong_chain_behind_a_networks_name_is_refused(played):
    session = CommandSession(played.url, played.folder, environment={"SEPOLIA_RPC_URL": played.url})
    assert session.apart.refuses("record", "--at", "+2h", network="ethereum:sepolia") == (
        f"{played.url} is chain 31337, not chain 11155111; choose the network of that chain"
    )


def test_ape_may_start_the_chain(tmp_path):
    session = CommandSession("ethereum:local:foundry", tmp_path / "HARB12")
    assert session.apart.facts("deploy", "--asset", ASSET)["chain_id"] in (1337, 31337)


@pytest.mark.parametrize("name", ["deploy", "issue", "record", "distribute", "claim", "instruct"])
def test_help_teaches_by_example(name):
    command = importlib.import_module(f"scripts.{name}").cli
    said = CliRunner().invoke(command, ["--help"]).output
    assert f"Examples:\n  prorata {name} " in said


# ---------------------------------------------------------------------------- a public network


@pytest.fixture(scope="module")
def public(tmp_path_factory) -> Iterator[CommandSession]:
    """An Anvil without accounts; a keystore file pays."""
    folder = tmp_path_factory.mktemp("public")
    account = Account.create()
    keystore = folder / "issuer.json"
    keystore.write_text(
        json.dumps(Account.encrypt(account.key, PASSPHRASE, kdf="pbkdf2", iterations=1_000))
    )
    keystore.chmod(0o600)
    with Anvil(chain_id=PUBLIC_CHAIN, accounts=0, block_time=1) as node:
        node.rpc("anvil_setBalance", account.address, hex(100 * 10**18))
        yield CommandSession(
            node.url,
            folder / "HARB12",
            ("--account", str(keystore), "--confirmations", "1"),
            {"PRORATA_PASSPHRASE": PASSPHRASE},
        )


def test_the_same_on_a_public_network(public):
    play(public.apart, close=12)
    assert public.chain.chain_id == PUBLIC_CHAIN


def test_a_public_network_has_no_account_of_its_own(public):
    bare = CommandSession(public.url, public.folder)
    assert bare.refuses("deploy", "--asset", ASSET) == (
        f'account: "" is missing, and chain {PUBLIC_CHAIN} has no account of its own; give the '
        "name or the path of a keystore file, or an ape alias, with --account"
    )
    assert bare.refuses("deploy", "--asset", ASSET, "--account", "TEST::0") == (
        f'account: "TEST::0" is a test account, whose key everyone knows, and chain {PUBLIC_CHAIN} '
        "is public; use an account of your own"
    )


def test_a_keystore_needs_its_passphrase(public):
    keystore = public.options[1]
    wrong = CommandSession(
        public.url, public.folder, public.options, {"PRORATA_PASSPHRASE": "wrong"}
    )
    assert wrong.refuses("deploy", "--asset", ASSET) == (
        f'account: "{keystore}" does not open with this passphrase; check the passphrase'
    )
    Path(keystore).chmod(0o644)
    told = wrong.run("deploy", "--asset", ASSET).stderr
    Path(keystore).chmod(0o600)
    assert f"! {keystore} can be read by others on this machine; `chmod 600` mends that." in told
    silent = CommandSession(public.url, public.folder, public.options)
    assert silent.refuses("deploy", "--asset", ASSET) == (
        f'account: "{keystore}" needs a passphrase, and there is no terminal to ask for it; '
        "set PRORATA_PASSPHRASE"
    )


def test_an_account_without_funds_is_refused(public, tmp_path):
    account = Account.create()
    keystore = tmp_path / "poor.json"
    keystore.write_text(
        json.dumps(Account.encrypt(account.key, PASSPHRASE, kdf="pbkdf2", iterations=1_000))
    )
    keystore.chmod(0o600)
    poor = CommandSession(
        public.url, tmp_path / "poor", ("--account", str(keystore)), public.environment
    )
    said = poor.refuses("deploy", "--asset", ASSET)
    assert said.startswith(
        f"the account {account.address} holds 0 ETH on chain {PUBLIC_CHAIN} and this may cost up to"
    )
    assert said.endswith(" ETH, so nothing was sent; fund it or use another account")


def test_a_deployment_on_another_chain_is_refused(public, played):
    public.says("deploy", "--asset", ASSET, "--dollar")
    mixed = CommandSession(played.url, public.folder)
    assert mixed.refuses("record", "--at", "+1h") == (
        f"the deployment in {public.folder} is on chain {PUBLIC_CHAIN}, and the network is chain "
        "31337; choose the network it was deployed on, or name another folder with --deployment"
    )


# ------------------------------------------------------------------------------- a Hardhat node


@pytest.mark.hardhat
def test_the_same_on_a_hardhat_node(tmp_path):
    (tmp_path / "hardhat.config.js").write_text('module.exports = { solidity: "0.8.28" };\n')
    (tmp_path / "package.json").write_text("{}\n")
    (tmp_path / "node_modules").symlink_to(HARDHAT.resolve().parents[0].parents[3] / "node_modules")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with subprocess.Popen(
        [str(HARDHAT), "node", "--port", str(port)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as node:
        try:
            assert any("Started HTTP" in line for line in node.stdout)
            session = CommandSession(f"http://127.0.0.1:{port}", tmp_path / "HARB12")
            play(session.apart, close=5)
        finally:
            node.kill()
