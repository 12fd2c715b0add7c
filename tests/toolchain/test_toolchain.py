"""The compiler and Anvil of a checkout: found, started, stopped, and missed with a remedy."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time

import pytest

from prorata.errors import BuildError
from prorata.toolchain import anvil, paths
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import anvil_path, solc_path


def test_anvil_answers_with_the_chain_id_asked_for_and_ends_with_the_block():
    with Anvil(chain_id=4242, accounts=3) as node:
        assert node.rpc("eth_chainId") == hex(4242)
        assert len(node.rpc("eth_accounts")) == 3
        assert node.process.poll() is None
    assert node.process.poll() is not None
    with pytest.raises(BuildError, match="did not answer eth_chainId"):
        node.rpc("eth_chainId")


def test_anvil_mines_each_transaction_at_once_unless_told_otherwise(anvil):
    before = int(anvil.rpc("eth_blockNumber"), 16)
    anvil.rpc("evm_mine")
    assert int(anvil.rpc("eth_blockNumber"), 16) == before + 1


def test_a_refusal_of_the_node_is_passed_on(anvil):
    with pytest.raises(BuildError, match="Anvil refused eth_nonsense"):
        anvil.rpc("eth_nonsense")


def test_stopping_twice_does_no_harm():
    node = Anvil().start()
    node.stop()
    node.stop()


def test_a_port_in_use_is_refused_rather_than_taken_over(anvil):
    port = int(anvil.url.rsplit(":", 1)[1])
    with pytest.raises(BuildError, match=f"port {port} is in use"):
        Anvil(port=port).start()


def test_anvils_own_complaint_is_shown():
    with pytest.raises(BuildError, match="--no-such-option"):
        Anvil(extra=["--no-such-option"]).start()


def test_anvil_ends_even_when_its_program_is_killed():
    program = (
        "import time; from prorata.toolchain.anvil import Anvil; node = Anvil().start();"
        "print(node.process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        pid = int(parent.stdout.readline())
        os.kill(pid, 0)
        parent.kill()
    deadline = time.monotonic() + 10
    while _alive(pid):
        assert time.monotonic() < deadline, f"Anvil {pid} is still there"
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A process that nobody has waited for yet is dead all the same.
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False)
    return not state.stdout.strip().startswith(b"Z")


def test_a_missing_anvil_names_the_remedy(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "PROJECT_ROOT", tmp_path)
    with pytest.raises(BuildError, match=r"Anvil is not installed in .*; run `make setup`"):
        Anvil().start()


def test_a_missing_compiler_names_the_remedy(monkeypatch, tmp_path):
    monkeypatch.setattr(paths.sys, "prefix", str(tmp_path))
    with pytest.raises(BuildError, match=r"0\.8\.37 is not registered.*; run `make setup`"):
        solc_path()


def test_the_compiler_tells_its_version_like_the_native_one_and_without_being_started():
    # A Node.js with these options ends before it does anything.
    answer = subprocess.run(
        [solc_path(), "--version"],
        env={"NODE_OPTIONS": "--require=/is/not/there"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert answer.startswith("solc, the solidity compiler commandline interface\nVersion: 0.8.37+")


def test_every_python_of_the_environment_finds_the_compiler_and_anvil(tmp_path):
    program = (
        "import shutil; from solcx.install import get_executable;"
        "print(get_executable('0.8.37')); print(shutil.which('anvil'))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PATH": os.defpath, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert found[0] == str(solc_path())
    assert os.path.realpath(found[1]) == str(anvil_path())
    assert shutil.which("anvil") == found[1]


def test_free_ports_are_free():
    port = anvil._free_port()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
