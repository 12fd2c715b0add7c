"""The compiler and Anvil of a checkout: found, started, stopped, and missed with a remedy."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from prorata.errors import BuildError
from prorata.toolchain import anvil, paths
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import (
    PROJECT_ROOT,
    SOLC_VERSION,
    anvil_path,
    packaged_anvil,
    solc_path,
)

# What a shell that sources the script of an environment finds, before and after `deactivate`.
ACTIVATED = """
. "$1/bin/activate"
python -c 'from solcx.install import get_executable; print(get_executable("0.8.37"))'
command -v anvil
deactivate
echo "${SOLCX_BINARY_PATH-nothing}"
command -v anvil || echo nothing
"""


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
    assert_ends(pid)


def test_what_anvil_wrote_goes_with_it_stopped_or_killed(monkeypatch, tmp_path):
    """Anvil keeps old states on the disk, a gigabyte in a long run, and does not tidy up."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with Anvil() as node:
        node.rpc("anvil_mine", hex(2_000))
        assert list(tmp_path.rglob("anvil-state-*/*"))
    assert not list(tmp_path.iterdir())
    program = (
        "from prorata.toolchain.anvil import Anvil;"
        "Anvil().start().rpc('anvil_mine', '0x7d0'); input()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as parent:
        wait_until(lambda: list(tmp_path.rglob("anvil-state-*/*")))
        parent.kill()
    wait_until(lambda: not list(tmp_path.iterdir()))


def wait_until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline, "it did not happen within ten seconds"
        time.sleep(0.05)


def assert_ends(pid: int) -> None:
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


def test_a_missing_anvil_names_the_remedies(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "PROJECT_ROOT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError) as refused:
        Anvil().start()
    assert str(refused.value) == (
        "Anvil is not on the PATH, nor among the npm packages of a checkout; run `make setup` in a "
        "checkout, or for an installed package `npm install --global @foundry-rs/anvil` or "
        "Foundry's `foundryup`"
    )


def test_the_anvil_of_the_checkout_comes_before_one_on_the_path(monkeypatch, tmp_path):
    other = executable(tmp_path / "anvil", "#!/bin/sh\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert anvil_path() == packaged_anvil()
    assert anvil_path().is_relative_to(PROJECT_ROOT / "node_modules" / "@foundry-rs")
    monkeypatch.setattr(paths, "PROJECT_ROOT", tmp_path)
    assert packaged_anvil() is None
    assert anvil_path() == other


def test_an_anvil_on_the_path_ends_with_the_process_that_it_started(monkeypatch, tmp_path):
    """As npm's start script does it: killed alone, it would leave Anvil behind."""
    script = f'#!/bin/sh\n{anvil_path()} "$@" &\necho $! > {tmp_path}/number\nwait\n'
    executable(tmp_path / "anvil", script)
    monkeypatch.setattr(paths, "PROJECT_ROOT", tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.defpath}")
    with Anvil(chain_id=4243) as node:
        assert node.rpc("eth_chainId") == hex(4243)
        number = int((tmp_path / "number").read_text())
        assert number != node.process.pid
        assert _alive(number)
    assert_ends(number)


def executable(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


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


def test_an_activated_shell_finds_the_compiler_and_anvil_until_it_is_deactivated(tmp_path):
    found = activated(Path(sys.prefix), tmp_path)
    assert found[0] == str(solc_path())
    assert Path(found[1]).samefile(anvil_path())
    assert shutil.which("anvil") == found[1]
    assert found[2:] == ["nothing", "nothing"]


def activated(environment: Path, home: Path) -> list[str]:
    """The lines that a new shell prints, which knows nothing of this process's variables."""
    return subprocess.run(
        ["bash", "-euc", ACTIVATED, "bash", str(environment)],
        cwd=home,
        env={"PATH": os.defpath, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()


def test_a_python_of_the_environment_starts_without_running_code_of_ours(tmp_path):
    """It finds the package by a line that is a path, and leaves the variables alone."""
    program = "import os, prorata; print(os.environ['PATH'], 'SOLCX_BINARY_PATH' in os.environ)"
    said = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={"PATH": "/nowhere", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said == "/nowhere False\n"
    site_packages = Path(sysconfig.get_path("purelib"))
    [line] = (site_packages / "_prorata.pth").read_text().splitlines()
    assert (Path(line) / "prorata" / "py.typed").is_file()
    assert not (site_packages / "prorata.pth").exists()


@pytest.mark.slow
def test_set_up_mends_what_an_older_one_left_and_can_be_repeated(tmp_path):
    """In a new environment: code that Python ran goes, and what a person added stays."""
    venv.create(tmp_path / "venv", symlinks=True)
    activate = tmp_path / "venv" / "bin" / "activate"
    [site_packages] = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    (site_packages / "packages.pth").write_text(sysconfig.get_path("purelib") + "\n")
    stale = site_packages / "prorata.pth"
    for _ in range(2):
        stale.write_text("import os; os.environ['SOLCX_BINARY_PATH'] = '/nowhere'\n")
        with activate.open("a") as script:
            script.write("export OWN=1\n")
        said = set_up(tmp_path / "venv")
        assert not stale.exists()
    assert said[0].startswith(f"· solc {SOLC_VERSION}+commit.")
    assert said[1].endswith(
        "venv/bin/activate sets SOLCX_BINARY_PATH, by which ape finds this compiler"
    )
    written = activate.read_text()
    assert written.count("export SOLCX_BINARY_PATH=") == written.count(">>> prorata") == 1
    assert written.count("export OWN=1\n") == 2
    compiler, found, *after = activated(tmp_path / "venv", tmp_path)
    assert compiler == str(tmp_path / "venv" / "solcx" / f"solc-v{SOLC_VERSION}")
    assert found == str(tmp_path / "venv" / "bin" / "anvil")
    assert Path(found).samefile(packaged_anvil())
    assert after == ["nothing", "nothing"]


def set_up(environment: Path) -> list[str]:
    """What set-up prints in an environment."""
    return subprocess.run(
        [environment / "bin" / "python", "-m", "prorata.toolchain.setup"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()


def test_free_ports_are_free():
    port = anvil._free_port()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
