"""The commands opened in this process, which costs nothing: no interpreter starts for each."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from prorata.chain.node import RpcChain
from prorata.cli.main import cli, main
from prorata.deployments.deployment import Deployment
from prorata.toolchain.anvil import Anvil
from prorata.values.times import moment

__all__ = ["Commands", "Ran", "agreed", "run"]

_CLOCK = re.compile(r"(the chain's time is |the chain's time, |and it is )[0-9-]{10}T[0-9:]{8}Z")


class Ran(NamedTuple):
    """What came of opening a command."""

    code: int
    out: str
    err: str


def run(*words: str) -> Ran:
    """Run the command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main(args=list(words))
    return Ran(int(ended.value.code or 0), out.getvalue(), err.getvalue())


def agreed(words: Sequence[str]) -> tuple[str, ...]:
    """The words with the consent that there is nobody here to give, where the command asks."""
    command: click.Command | None = cli
    for word in words:
        if not isinstance(command, click.Group) or word.startswith("-"):
            break
        command = command.get_command(click.Context(command), word)
    settled = {"--yes", "--confirm", "--dry-run", "--help"} & set(words)
    return (*words, "--yes") if getattr(command, "asks", False) and not settled else (*words,)


@dataclass
class Commands:
    """The commands of one deployment on one chain."""

    anvil: Anvil
    folder: Path

    def run(self, *words: str) -> Ran:
        return run(*agreed(words), "--network", self.anvil.url, "--deployment", str(self.folder))

    def says(self, *words: str) -> str:
        """What a person reads on stdout."""
        done = self.run(*words)
        assert done.code == 0, done.out + done.err
        return done.out

    def gist(self, *words: str) -> str:
        """What a person reads on both, line breaks and columns apart."""
        done = self.run(*words)
        assert done.code == 0, done.out + done.err
        return " ".join(f"{done.out} {done.err}".split())

    def facts(self, *words: str) -> dict:
        """What a program reads: nothing but JSON is on stdout."""
        return json.loads(self.says(*words, "--json"))

    def refuses(self, *words: str) -> str:
        """The one sentence of a refusal: nothing on stdout, exit code 1, and nothing is sent."""
        before = self.sent
        done = self.run(*words)
        assert (done.code, done.out, self.sent) == (1, "", before), done.err
        assert done.err.startswith("✗ ")
        assert done.err.endswith(".\n")
        self.refuses_as_json(done.err[2:-2], *words)
        return done.err[2:-2]

    def refuses_as_json(self, sentence: str, *words: str) -> None:
        """A program gets the same refusal as its one document on stdout, with the same code."""
        done = self.run(*words, "--json")
        assert (done.code, done.err) == (1, "")
        error = json.loads(done.out)["error"]
        assert {"kind", "value", "rule", "remedy"} <= set(error)
        for part in (error["rule"], error["remedy"]):
            # The second run may fall into the chain's next second.
            assert part is None or _CLOCK.sub("now", part) in _CLOCK.sub("now", sentence)

    def travel(self, second: int) -> None:
        """Let the chain's clock come to a second."""
        self.anvil.rpc("evm_setNextBlockTimestamp", second)
        self.anvil.rpc("evm_mine")

    def close_record(self) -> int:
        """Schedule a record, and let it close; its number."""
        record = self.facts("record", "--at", moment(self.chain.now() + 100))
        self.travel(record["closes_at"] + 1)
        return record["record"]

    @property
    def sent(self) -> int:
        """How many transactions the deployer has sent."""
        return self.chain.nonce(self.deployment.manifest.deployer)

    @property
    def chain(self) -> RpcChain:
        return RpcChain(self.anvil.url)

    @property
    def deployment(self) -> Deployment:
        return Deployment.open(self.chain, self.folder)
