"""Networks: one address or several, sets of nodes by name, and variables that are not set."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from prorata.chain import rpc
from prorata.cli import networks
from prorata.cli.networks import connected
from prorata.errors import ChainError, InputError
from prorata.toolchain.anvil import Anvil
from tests.prorata.cli.opened import run

NOBODY = "http://127.0.0.1:1/v3/secret-key"


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch) -> None:
    """In an empty folder, with a home of its own."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "mine"))
    monkeypatch.delenv("FIRST_RPC_URL", raising=False)
    monkeypatch.setattr(rpc, "RETRIES_AFTER_SECONDS", (0.0, 0.0))


def named(content: str, folder: str | Path = ".") -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    (Path(folder) / "networks.yaml").write_text(content, encoding="utf-8")


def opened(network: str) -> tuple[str, int]:
    """The node that answers, and the confirmations."""
    with connected(network) as (chain, confirmations):
        assert chain.chain_id == 31337
        return chain.name, confirmations


def refused(network: str) -> str:
    with pytest.raises((InputError, ChainError)) as error:
        opened(network)
    assert "secret" not in str(error.value)
    return str(error.value)


# ---------------------------------------------------------------------------- several addresses


def test_of_several_addresses_the_first_that_answers_is_asked(anvil):
    for network in (
        anvil.url,
        f"{NOBODY},{anvil.url}",
        f" {NOBODY} ,  {anvil.url} , {NOBODY}",
        f"/tmp/no-such.ipc,{anvil.url}",
    ):
        assert opened(network) == (anvil.url, networks.PUBLIC_CONFIRMATIONS)


def test_an_address_may_have_a_comma_in_it(anvil):
    assert opened(f"{anvil.url}/?key,with,commas")[0] == anvil.url


def test_nodes_that_do_not_answer_are_named_without_their_keys():
    assert refused(f"{NOBODY},http://127.0.0.1:2/secret") == (
        "none of the 2 nodes answers: the node at http://127.0.0.1:1 does not answer (connection "
        "refused), and the node at http://127.0.0.1:2 does not answer (connection refused); check "
        "the addresses and that one of the nodes is running, and run the same command again"
    )


# ------------------------------------------------------------------------------------- named sets


def test_a_set_is_a_list_of_nodes_or_says_more(anvil, monkeypatch):
    monkeypatch.setenv("FIRST_RPC_URL", NOBODY)
    named(
        f"short:\n  - ${{FIRST_RPC_URL}}\n  - {anvil.url}\n"
        f"long:\n  nodes: [$FIRST_RPC_URL, '{anvil.url}/?key']\n"
        "  chain_id: 31337\n  confirmations: 5\n"
    )
    assert opened("short") == (anvil.url, networks.PUBLIC_CONFIRMATIONS)
    assert opened("long") == (anvil.url, 5)


def test_a_variable_may_be_a_part_of_an_address(anvil, monkeypatch):
    monkeypatch.setenv("FIRST_RPC_URL", anvil.url.removeprefix("http://"))
    named("mine: ['http://${FIRST_RPC_URL}/?path']")
    assert opened("mine")[0] == anvil.url


def test_the_file_here_comes_before_that_of_the_user(anvil, tmp_path):
    named(f"both: ['{NOBODY}']\nmine: ['{anvil.url}']", tmp_path / "mine" / "prorata")
    assert opened("mine")[0] == anvil.url
    named(f"both: ['{anvil.url}']")
    assert opened("both")[0] == anvil.url


def test_a_set_of_another_chain_is_refused(anvil):
    named(f"one: {{nodes: ['{anvil.url}'], chain_id: 1}}")
    assert refused("one") == (
        f"{anvil.url} is chain 31337, not chain 1; choose the network of that chain"
    )


def test_nodes_of_two_chains_are_no_set(anvil):
    with Anvil(chain_id=5) as other:
        named(f"mixed: ['{anvil.url}', '{other.url}']")
        assert refused("mixed").startswith("the nodes are of different chains: ")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("one: []", "nodes: "),
        ("one: {nodes: [http://127.0.0.1:1], confirmation: 1}", 'confirmation: "1" is no setting'),
        ("one: {chain_id: 1}", 'nodes: "" is missing; add it'),
        ("one: {nodes: [7]}", 'nodes.0: "7" '),
        ("one: 7", '"7" has no names with values; see docs/guide/networks.md'),
        ("- one", 'networks: "networks.yaml" has no settings'),
        ("one: [", 'networks: "networks.yaml" is not YAML'),
        ("one: [nonsense]", 'network: "one" has nonsense where the address of a node belongs; '),
    ],
)
def test_a_set_that_makes_no_sense_is_one_sentence(content, sentence):
    named(content)
    assert refused("one").startswith(sentence)


# --------------------------------------------------------------------------------------- variables

UNSET = (
    "takes its node from the variable FIRST_RPC_URL, which is not set; set it, as in `export "
    "FIRST_RPC_URL=https://rpc.example.org`, or give an address"
)


@pytest.mark.parametrize("empty", [True, False])
def test_a_variable_that_is_not_set_is_named(monkeypatch, empty):
    if empty:
        monkeypatch.setenv("FIRST_RPC_URL", "")
    named("one: [$FIRST_RPC_URL]")
    assert refused("one") == f'network: "one" {UNSET}'


def test_a_variable_that_holds_no_address_is_not_shown(monkeypatch):
    monkeypatch.setenv("FIRST_RPC_URL", "ftp://rpc.example.org/secret")
    named("one: [$FIRST_RPC_URL]")
    assert refused("one") == (
        'network: "one" has $FIRST_RPC_URL, a variable\'s value, where the address of a node '
        "belongs; give one that begins with http://, https://, ws:// or wss://, or the path of an "
        "IPC socket"
    )


@pytest.mark.parametrize("empty", [True, False])
@pytest.mark.parametrize("network", ["ethereum:sepolia", "ethereum:sepolia:node"])
def test_a_variable_of_ape_that_is_not_set_is_named_too(monkeypatch, network, empty):
    """Before ape looks for public nodes of its own accord."""
    if empty:
        monkeypatch.setenv("FIRST_RPC_URL", " ")
    config = "node:\n  ethereum:\n    sepolia:\n      uri: $FIRST_RPC_URL\n"
    Path("ape-config.yaml").write_text(config, encoding="utf-8")
    assert refused(network) == f'network: "{network}" {UNSET}'
    told = run("books", "--network", network)
    assert (told.code, told.err) == (1, f'✗ network: "{network}" {UNSET}.\n')


@pytest.mark.parametrize("content", ["[]", "node: 7", "node:\n  ethereum:\n", ""])
def test_what_else_stands_in_apes_file_is_apes(monkeypatch, content):
    monkeypatch.setitem(sys.modules, "ape", None)
    Path("ape-config.yaml").write_text(content, encoding="utf-8")
    assert "is no address of a node" in refused("ethereum:sepolia")


def test_a_key_in_a_network_that_is_none_is_not_shown(monkeypatch):
    monkeypatch.setitem(sys.modules, "ape", None)
    assert refused("nonsense://name:secret@rpc.example.org/secret").startswith(
        'network: "nonsense://rpc.example.org" is no address of a node and no set in networks.yaml'
    )
