"""The artifacts in the package are what the compiler makes of the contracts now."""

from __future__ import annotations

import json
import subprocess

import pytest

from prorata.chain.artifacts import artifact, artifacts, compiler, standard_input
from prorata.errors import InputError
from prorata.toolchain.compiler import SETTINGS, compile_contracts, standard_json
from prorata.toolchain.package import FOLDER, contents, pack
from prorata.toolchain.paths import SOLC_BUILD, SOLC_VERSION, solc_path


def test_the_package_carries_what_the_compiler_gives_now():
    """File by file; `make artifacts` after a change of a contract."""
    packed = {path.name: json.loads(path.read_bytes()) for path in FOLDER.glob("*.json")}
    assert packed == json.loads(json.dumps(contents()))


def test_what_is_read_back_is_what_was_compiled():
    assert dict(artifacts()) == compile_contracts()
    assert standard_input() == standard_json()
    assert (compiler().version, compiler().settings) == (SOLC_VERSION, SETTINGS)
    assert compiler().build == SOLC_BUILD


def test_the_build_that_explorers_are_told_is_the_one_that_compiles():
    said = subprocess.run([solc_path(), "--version"], capture_output=True, text=True, check=True)
    assert f"Version: {SOLC_BUILD}." in said.stdout


def test_packing_again_gives_the_same_bytes_and_leaves_nothing_stale(tmp_path):
    (tmp_path / "Gone.json").write_text("{}")
    written = {path.name: path.read_bytes() for path in pack(tmp_path)}
    assert written == {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_bytes() for path in FOLDER.glob("*.json")}


def test_a_contract_that_is_none_is_refused():
    with pytest.raises(InputError, match='contract: "Sharetoken" is not known; use '):
        artifact("Sharetoken")
