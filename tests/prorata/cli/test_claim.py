"""`prorata claim` among what strangers have declared: what it says, and with which exit code."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from prorata.chain.artifacts import Artifact
from prorata.chain.node import RpcChain
from prorata.chain.signers import LocalSigner
from prorata.contracts.base import NATIVE
from prorata.contracts.currency import Currency
from prorata.demo.keys import rehearsal_key
from prorata.deployments.deployment import open_operator
from prorata.income.declarations import declare
from prorata.register.captable import read_csv
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from tests.amounts import units
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands
from tests.prorata.conftest import act, put

pytestmark = pytest.mark.slow

ASSET = str(PROJECT_ROOT / "examples" / "building" / "asset.yaml")
HOLDERS = PROJECT_ROOT / "examples" / "building" / "holders.csv"
HOLDER = read_csv(HOLDERS).holdings[0].address  # 800 of 10,000 shares
STRANGER = rehearsal_key(77)
DUST = 10_000


@pytest.fixture(scope="module")
def building(tmp_path_factory, artifacts) -> Iterator[tuple[Commands, str]]:
    """Rent in dollars; then a stranger's dust in a currency that it has paused."""
    with Anvil() as anvil:
        commands = Commands(anvil, tmp_path_factory.mktemp("deployments") / "HARB12")
        commands.says("deploy", "--asset", ASSET, "--dollar")
        commands.says("issue", str(HOLDERS))
        commands.close_record()
        commands.says("distribute", "--currency", "USD", "--amount", "1,000", "--kind", "rent")
        yield commands, paused_dust(commands, artifacts)


@pytest.fixture
def commands(building) -> Iterator[Commands]:
    with kept(building[0].anvil.url, building[0].folder):
        yield building[0]


def paused_dust(commands: Commands, artifacts: dict[str, Artifact]) -> str:
    """What a stranger declares and then pauses; the currency."""
    commands.anvil.rpc("anvil_setBalance", STRANGER.address, hex(10**20))
    chain, found = RpcChain(commands.anvil.url), commands.deployment
    folder, name = commands.folder.with_name("stranger"), "PausableCurrency"
    with open_operator(chain, LocalSigner(STRANGER), folder) as stranger:
        money = put(stranger, artifacts, name)
        act(stranger, artifacts, name, money, "mint", STRANGER.address, DUST)
        declare(stranger, found, record_id=1, currency=Currency(chain, money), amount=DUST)
        act(stranger, artifacts, name, money, "setPaused", True)
    return money


@pytest.mark.attack("K9")
def test_the_rest_is_paid_and_what_fails_is_named(building, commands):
    """Before, in the dry run, and after; the second run does nothing, with the same exit code."""
    money = building[1]
    failure = (
        f'distribution: "2" is not paid: its currency {money}, or {HOLDER}, refuses the payment; '
        f"claim again later, or ask {STRANGER.address}, who declared it."
    )
    before = commands.sent
    words = ("claim", "--holder", HOLDER)
    planned = commands.facts(*words, "--dry-run")
    assert commands.sent == before
    said = commands.run(*words)
    assert said.code == 0
    assert said.err == f"! {failure}\n"
    assert "80.000000" in said.out
    assert commands.sent == before + 1
    again = commands.run(*words)
    assert (again.code, again.err) == (0, f"! {failure}\n")
    assert f"{HOLDER} has nothing to claim" in again.out
    assert commands.sent == before + 1
    assert (planned["dry_run"], planned["transactions"]) == (True, [])
    assert [units(paid["net"]) for paid in planned["payouts"]] == [80_000_000]
    [failed] = planned["failed"]
    assert (failed["distribution"], failed["currency"], failed["declarer"]) == (
        2,
        money,
        STRANGER.address,
    )
    assert failed["declared_by_issuer"] is False
    assert f'distribution: "2" {failed["rule"]}; {failed["remedy"]}.' == failure
    done = json.loads(commands.run(*words, "--json").out)
    assert (done["transactions"], done["payouts"]) == ([], [])
    assert done["failed"] == planned["failed"]


def test_what_is_named_must_all_be_paid(building, commands):
    said = commands.refuses("claim", "--holder", HOLDER, "--id", "2", "--id", "1")
    assert said.startswith(f'distribution: "2" is not paid: its currency {building[1]}, or ')


def test_the_issuers_own_failure_is_exit_code_1(building, commands):
    """Nothing else is due, and the issuer has declared in a currency that refuses."""
    commands.facts("claim", "--holder", HOLDER)
    money = building[1]
    commands.says("agents", "add", STRANGER.address)
    assert commands.refuses("claim", "--holder", HOLDER).startswith(
        f'distribution: "2" is not paid: its currency {money}, or {HOLDER}, refuses the payment'
    )


def test_ids_come_in_any_order_and_more_than_once(commands):
    ether = ("distribute", "--currency", "ETH", "--kind", "dividend", "--amount", "1")
    commands.says(*ether)
    commands.says("distribute", "--currency", "USD", "--amount", "500", "--kind", "interest")
    words = [word for number in (4, 3, 1, 3) for word in ("--id", str(number))]
    claimed = commands.facts("claim", "--holder", HOLDER, *words)
    assert [paid["distribution"] for paid in claimed["payouts"]] == [1, 3, 4]
    assert len(claimed["transactions"]) == 1
    assert Currency(commands.chain, NATIVE).balance_of(HOLDER) >= 8 * 10**16


def test_a_signed_instruction_takes_no_options_beside_it(commands):
    assert commands.refuses("claim", "--instruction", "x.json", "--dry-run") == (
        'instruction: "x.json" says whose and which; leave --holder, --id and --dry-run'
    )
