"""What is unwise about the powers over an asset is said, with what follows and what mends it."""

from __future__ import annotations

import re

import pytest

from prorata.cli.main import cli
from prorata.deployments.market_contracts import packed_singletons, singleton_address
from prorata.deployments.market_roles import AS_AGENT, AS_KEEPER, NO_USE
from prorata.deployments.permissions import read_permissions
from tests.prorata.cli.conftest import asset, started  # noqa: F401
from tests.prorata.cli.opened import Commands
from tests.prorata.cli.test_powers import BASIS, COMPLIANT, OTHER, OWNER, THIRD, register
from tests.prorata.conftest import sent_by_node


def warnings(commands: Commands) -> list[str]:
    return list(read_permissions(commands.deployment).warnings)


def about(commands: Commands, words: str) -> list[str]:
    return [said for said in warnings(commands) if words in said]


def test_a_single_key_with_every_role(started):  # noqa: F811
    """Until another account has one of them; then one that is agent of both is named."""
    [said] = about(started, "single key with every role")
    assert said.startswith(f"{OWNER} is a single key with every role: whoever has it can issue")
    assert about(started, "is agent of ShareToken and of InvestorRegistry") == []
    started.facts("ownership", "offer", "--to", OTHER)
    started.facts("ownership", "accept", "--account", "TEST::1")
    assert about(started, "single key with every role") == []
    [said] = about(started, "is agent of ShareToken and of InvestorRegistry")
    assert said.endswith(f"with `prorata agents remove {OWNER} --of registry`")
    started.facts("agents", "remove", OWNER, "--of", "registry")
    assert about(started, "is agent of ShareToken and of InvestorRegistry") == []
    [said] = about(started, "has no agent")
    assert said == (
        "InvestorRegistry has no agent: nobody can give its daily orders; appoint one with "
        "`prorata agents add 0x… --of registry`"
    )


def test_a_lost_wallet_that_holds_a_role(started):  # noqa: F811
    """Of the token it acts on; of the register its power is void."""
    register(started, THIRD, person=903)
    for part in ("token", "registry"):
        started.facts("agents", "add", THIRD, "--of", part)
    assert about(started, "lost wallet") == []
    started.facts("loss", "confirm", "--lost", THIRD, "--new", OTHER, *BASIS)
    [said] = about(started, "lost wallet")
    assert said == (
        f"{THIRD} is agent of ShareToken and a lost wallet: whoever has found its key can issue, "
        f"burn and force transfers; remove it with `prorata agents remove {THIRD} --of token`"
    )
    started.facts("agents", "remove", THIRD)
    assert about(started, "lost wallet") == []


def test_a_register_that_serves_another_asset(started, tmp_path):  # noqa: F811
    """Both assets are told of each other."""
    book, token = started.deployment.registry().address, started.deployment.token().address
    assert about(started, "also serves") == []
    path = tmp_path / "second.yaml"
    path.write_text(
        f'name: Second\nsymbol: SECOND\nauthorised_shares: 100\nregistry: "{book}"\n'
        f"rules: {COMPLIANT.parent / 'packs' / 'plain-whitelist.yaml'}\n",
        encoding="utf-8",
    )
    second = Commands(started.anvil, tmp_path / "SECOND")
    second.says("deploy", "--asset", str(path))
    other = second.deployment.registry()
    second.facts("registry", "bind")
    assert other.address == book
    for commands, address in ((started, second.deployment.token().address), (second, token)):
        [said] = about(commands, "also serves")
        assert said.startswith(f"the register {book} also serves another asset, {address}: what")


def test_an_account_with_a_key_that_may_hold_shares(started):  # noqa: F811
    """Which a command refuses, and another tool does not."""
    call = started.deployment.token().set_holds_contract(THIRD)
    sent_by_node(started.chain, call.question(OWNER))
    [said] = about(started, "may hold shares")
    assert said.startswith(f"{THIRD} may hold shares and is an account with a key: whoever has it")


@pytest.mark.parametrize("name", packed_singletons())
def test_a_contract_of_the_market_that_is_agent_is_named(started, name):  # noqa: F811
    """With what its code does with the role; nobody else's wallet is ever told so."""
    started.facts("market", "deploy")
    started.facts("settings", "holds-contract", "market")
    address = singleton_address(name)
    assert about(started, "the market's") == []
    said = started.gist("agents", "add", address)
    assert f"{address} is the market's {name}; as an agent it does: " in said
    [warning] = about(started, "the market's")
    assert warning.startswith(f"{address} is the market's {name} and agent of ShareToken: ")
    assert warning.endswith(f"remove it with `prorata agents remove {address} --of token`")
    assert name[:5] in started.gist("agents", "list")
    grants = read_permissions(started.deployment).grants
    [grant] = [one for one in grants if one.role == f"agent, {name}"]
    assert grant.may == AS_AGENT.get(name, NO_USE)
    keepers = {one.role for one in grants if one.contract == "Holds"}
    assert keepers == {f"keeper, {one}" for one in AS_KEEPER if one in packed_singletons()}
    started.facts("agents", "remove", address)


def test_a_policy_that_reads_another_register(started):  # noqa: F811
    """And a collector who was lost: nobody can change either."""
    started.facts("tax", "deploy", str(COMPLIANT / "withholding.yaml"))
    assert about(started, "reads the register") == []
    started.facts("registry", "change", "--to", "none")
    assert about(started, "reads the register") == []
    vault = started.deployment.vault().address
    call = started.deployment.token().set_identity_registry(vault)
    sent_by_node(started.chain, call.question(OWNER))
    [said] = about(started, "reads the register")
    assert said.endswith("deploy another policy with `prorata tax deploy`")


def test_every_warning_names_a_command_that_exists(started):  # noqa: F811
    """With the options that it takes."""
    register(started, THIRD, person=903)
    started.facts("agents", "add", THIRD)
    started.facts("loss", "confirm", "--lost", THIRD, "--new", OTHER, *BASIS)
    started.facts("ownership", "offer", "--to", OTHER)
    named = [said for one in warnings(started) for said in re.findall(r"`prorata ([^`]+)`", one)]
    assert len(named) > 5
    for words in (one.split() for one in named):
        if words[0] == "handover":
            continue
        command = cli.get_command(None, words[0])
        if hasattr(command, "commands"):
            command = command.commands[words[1]]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known
