"""The group of all commands: its list, its lines, and how it refuses."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import prorata
from prorata.cli import networks
from prorata.cli.main import GROUPS, cli
from prorata.errors import InputError
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.opened import run

COMMANDS = {name: line for group in GROUPS.values() for name, line in group.items()}


def module(name: str):
    return importlib.import_module(f"prorata.cli.commands.{name.replace('-', '_')}")


def test_every_command_is_in_one_group():
    files = Path(module("deploy").__file__).parent.glob("*.py")
    assert {path.stem.replace("_", "-") for path in files} - {"--init--"} == set(COMMANDS)
    assert sum(map(len, GROUPS.values())) == len(COMMANDS)
    assert list(GROUPS) == [
        "Set up",
        "Shares",
        "Income",
        "Corporate actions",
        "Market",
        "Compliance",
        "Powers",
        "Accounts and names",
        "Ledger",
        "Service",
        "Reports",
        "Analytics",
        "Check",
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_says(name):
    """The list is written down, so that it is there at once; it is what the commands say."""
    assert module(name).cli.help.split("\n")[0] == COMMANDS[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_ape_runs_the_same_command(name):
    """`ape run <name>` runs the file of that name, which only hands on the command."""
    source = (PROJECT_ROOT / "scripts" / f"{name}.py").read_text(encoding="utf-8")
    assert f"from prorata.cli.commands.{name.replace('-', '_')} import cli\n" in source
    code = [line for line in source.splitlines() if line and not line.startswith(("#", '"""'))]
    assert len(code) == 2
    assert len(list((PROJECT_ROOT / "scripts").glob("*.py"))) == len(COMMANDS)


def leaves(command: click.Command, path: str):
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            yield from leaves(command.get_command(click.Context(command), name), f"{path} {name}")
    else:
        yield path, command


@pytest.mark.parametrize(("path", "command"), list(leaves(cli, "prorata")))
def test_every_command_explains_itself(path, command):
    """With a line for each option, and examples that begin with the command itself."""
    said = CliRunner().invoke(cli, [*path.split()[1:], "--help"], prog_name="prorata").output
    assert said.startswith(f"Usage: {path} [OPTIONS]")
    assert all(getattr(p, "help", "") or isinstance(p, click.Argument) for p in command.params)
    examples = said.split("Examples:\n")[1].splitlines()
    assert examples
    for example in examples:
        assert example.strip().startswith(f"{path} ") or example.strip() == path


@pytest.mark.parametrize(("path", "command"), list(leaves(cli, "")))
def test_no_two_options_of_a_command_are_one_value(path, command):
    """One would silently be the other's, as `--for` once was `--account`."""
    names = [parameter.name for parameter in command.params]
    assert len(names) == len(set(names))


def test_the_version():
    said = CliRunner().invoke(cli, ["--version"], prog_name="prorata").output
    assert said == f"prorata, version {prorata.__version__}\n"


def test_the_list_of_commands_loads_none_of_them():
    program = "import sys; from prorata.cli.main import main; main(args=['--help'])"
    watch = f"import sys, atexit; atexit.register(lambda: print(sorted(sys.modules))); {program}"
    ran = subprocess.run([sys.executable, "-c", watch], capture_output=True, text=True, check=True)
    loaded = ran.stdout.splitlines()[-1]
    assert "'prorata.cli.main'" in loaded
    assert not re.search(r"'(web3|ape|rich|pydantic|prorata\.chain)'", loaded)


def test_a_mistake_in_the_options_is_told_to_a_program():
    """Exit code 2, and one document on stdout."""
    for words, value, rule in (
        (["record", "--json"], "--at", "Missing option '--at'"),
        (["issue", "--json"], "table", "Missing argument 'TABLE'"),
        (["books", "--json", "--nmaes", "x"], "--nmaes", "No such option: --nmaes"),
        (["claim", "--id", "one", "--json"], "--id", "Invalid value for '--id'"),
    ):
        ran = run(*words)
        assert (ran.code, ran.err) == (2, "")
        error = json.loads(ran.out)["error"]
        assert (error["kind"], error["value"]) == ("UsageError", value)
        assert error["rule"].startswith(rule)
        assert error["remedy"] == f"`prorata {words[0]} --help` shows the options"


def test_a_mistake_in_the_options_is_told_to_a_person():
    ran = run("record")
    assert (ran.code, ran.out) == (2, "")
    assert "Missing option '--at'" in ran.err


def test_a_command_that_is_none_is_refused_with_the_likeliest_one():
    ran = run("depoly")
    assert (ran.code, ran.out) == (2, "")
    assert "No such command 'depoly'. Did you mean 'deploy'?" in ran.err
    told = run("depoly", "--json")
    assert (told.code, told.err) == (2, "")
    assert json.loads(told.out)["error"]["rule"].startswith("No such command 'depoly'")
    assert "Did you mean" not in run("xyzzy").err


def test_a_network_that_only_ape_knows_needs_ape(monkeypatch):
    monkeypatch.setitem(sys.modules, "ape", None)
    with (
        pytest.raises(
            InputError, match=r'network: "ethereum:sepolia" is no address of a node and no set in '
        ) as refused,
        networks.connected("ethereum:sepolia"),
    ):
        pass
    assert "ape, which knows networks by name, is not installed" in str(refused.value)


def test_the_example_files_are_written_once(tmp_path):
    out = tmp_path / "my-assets"
    written = json.loads(run("examples", "--out", str(out), "--json").out)["files"]
    source = PROJECT_ROOT / "examples"
    assert [Path(path).relative_to(out) for path in written] == sorted(
        path.relative_to(source) for path in source.rglob("*") if path.is_file()
    )
    for path in written:
        assert Path(path).read_bytes() == (source / Path(path).relative_to(out)).read_bytes()
    again = run("examples", "--out", str(out))
    assert (again.code, again.out) == (1, "")
    assert again.err == f'✗ out: "{out}" is there already; name another folder, or remove it.\n'
