"""The commands of the README on a chain of their own, through ape: `prorata x` is `ape run x`.

As they stand there, `tests/docs/test_commands_in_docs.py` runs them.
"""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest

from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT

README = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
STEPS = re.split(r"\n| && ", re.search(r"```sh\n(.*?)```", README, re.DOTALL)[1].strip())


def test_the_steps_of_the_readme_run_and_the_books_balance(tmp_path):
    """Every step by step command of the README succeeds, in order; `books` proves them."""
    said = {}
    with Anvil() as anvil:
        where = ["--network", anvil.url, "--deployment", str(tmp_path / "HARB12")]
        for step in STEPS:
            words = shlex.split(step.replace("out/books", str(tmp_path / "books")))
            if words[0] == "prorata":
                words = ["ape", "run", *words[1:], *where]
            ran = subprocess.run(
                words,
                cwd=PROJECT_ROOT,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=120,
            )
            assert ran.returncode == 0, (step, ran.stdout, ran.stderr)
            said[" ".join(words[:3])] = ran.stdout
    assert "The books balance, to the last unit." in said["ape run books"]
    assert list((tmp_path / "books").rglob("*.png"))


@pytest.mark.parametrize("target", re.findall(r"`?make ([a-z]+)", README))
def test_make_knows_every_target_of_the_readme(target):
    """No target that the README names is missing."""
    makefile = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)
