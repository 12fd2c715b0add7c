"""The container file and the compose file say only what there is: commands, options, variables."""

from __future__ import annotations

import json
import re
from typing import Any

import click
import pytest
import yaml

from prorata.cli.checks import CURSOR_SECRETS, VARIABLES
from prorata.cli.main import cli
from prorata.toolchain.paths import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "examples" / "service"
CONTAINER = (FOLDER / "Containerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
SERVICE = COMPOSE["services"]["prorata"]
FOREIGN = {"PGPASSWORD"}
"""Read by PostgreSQL's library."""


def command(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


def variables() -> set[str]:
    """What `run`, and what it starts, read from the environment."""
    found = {CURSOR_SECRETS}
    for name in ("run", "follow", "deliver", "serve"):
        for option in command(name).params:
            told = option.envvar
            found |= {told} if isinstance(told, str) else set(told or ())
    return found


def parsed(words: list[str]) -> dict[str, Any]:
    name, *rest = words
    with command(name).make_context(name, list(rest)) as context:
        return context.params


def test_the_commands_exist_with_their_options() -> None:
    params = parsed(SERVICE["command"])
    assert params["metrics_port"] == 9464
    assert str(params["rules"]) == "rules.yaml"
    [line] = re.findall(r"^CMD (.*)$", CONTAINER, re.MULTILINE)
    assert str(parsed(json.loads(line))["deployment"]) == "deployment"
    assert re.findall(r"^ENTRYPOINT (.*)$", CONTAINER, re.MULTILINE) == ['["prorata"]']


def test_the_variables_are_read() -> None:
    named = set(SERVICE["environment"]) - FOREIGN
    named |= set(re.findall(r"\b(PRORATA_[A-Z_]+)=", CONTAINER))
    assert named >= {"PRORATA_NETWORK", "PRORATA_DATABASE", "PRORATA_HOST", CURSOR_SECRETS}
    assert named <= variables()
    # `prorata doctor` warns of others.
    assert named <= set(VARIABLES)


def test_no_secret_stands_in_them() -> None:
    for name, value in {**SERVICE["environment"],
                        **COMPOSE["services"]["database"]["environment"]}.items():  # fmt: skip
        if "PASSWORD" in name or "SECRET" in name or name == "PRORATA_NETWORK":
            assert re.fullmatch(r"\$\{[A-Z_]+:\?\}", value), name


def test_the_extras_exist_and_files_that_are_copied_are_described() -> None:
    [extras] = re.findall(r"prorata\[([a-z,]+)\]", CONTAINER)
    project = (PROJECT_ROOT / "pyproject.toml").read_text("utf-8")
    optional = project.split("[project.optional-dependencies]")[1].split("\n[")[0]
    assert set(extras.split(",")) <= set(re.findall(r"^([a-z]+) = \[", optional, re.MULTILINE))
    assert {"rules.yaml", "receivers.yaml"} <= set(CONTAINER.split())


@pytest.mark.parametrize("name", ["prorata", "database"])
def test_each_is_asked_whether_it_is_well(name: str) -> None:
    assert COMPOSE["services"][name]["healthcheck"]["test"][0] == "CMD"


def test_it_is_given_the_time_to_end() -> None:
    from prorata.cli.commands import run

    drain = next(option.default for option in run.cli.params if option.name == "drain")
    needed = run.ANSWERING_SECONDS + drain + run.DELIVERING_SECONDS + run.FOLLOWING_SECONDS
    assert int(SERVICE["stop_grace_period"].rstrip("s")) > needed
    assert SERVICE["depends_on"]["database"]["condition"] == "service_healthy"
