"""account: keystores made, imported and listed, and used by their name."""

from __future__ import annotations

import json
import os
import pty
import select
import stat
import subprocess
import sys
import time
from pathlib import Path

import eth_account.account
import pytest
from eth_account import Account

from prorata.chain.keystores import open_keystore
from prorata.cli.accounts import signer_of
from prorata.errors import InputError
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.cli.opened import Ran, run

# Some keys are encrypted as they are for people, which takes seconds.
pytestmark = pytest.mark.slow

KEY = "0x" + "4c" * 32
ADDRESS = Account.from_key(KEY).address
PASSPHRASE = "correct horse battery"


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Where named accounts stand; the passphrase is in the environment."""
    monkeypatch.setenv("PRORATA_ACCOUNTS", str(tmp_path / "accounts"))
    monkeypatch.setenv("PRORATA_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path / "accounts"


@pytest.fixture
def cheap(folder, monkeypatch) -> Path:
    """The same folder, and keys are encrypted with a thousandth of the work."""
    dear = eth_account.account.create_keyfile_json

    def encrypt(key: bytes, passphrase: bytes, *, kdf: str, iterations: int | None) -> dict:
        return dear(key, passphrase, kdf=kdf, iterations=iterations or 256)

    monkeypatch.setattr(eth_account.account, "create_keyfile_json", encrypt)
    return folder


def facts(*words: str) -> dict:
    done = run(*words, "--json")
    assert done.code == 0, done
    return json.loads(done.out)


def sentence(done: Ran) -> str:
    assert (done.code, done.out) == (1, ""), done
    assert KEY[2:] not in done.err
    assert PASSPHRASE not in done.err
    return done.err[2:-2]


def test_an_account_is_made_and_listed(folder) -> None:
    made = facts("account", "new", "issuer")
    path = folder / "issuer.json"
    assert made == {"address": open_keystore(path, PASSPHRASE).address, "path": str(path)}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    listed = facts("account", "list")["accounts"]
    assert listed[0] == {"name": "issuer", "kind": "keystore", "remark": "", **made}
    assert json.loads(path.read_text())["crypto"]["kdfparams"]["n"] == 2**18
    assert made["address"] in run("account", "list").out


def test_an_account_is_never_overwritten(cheap) -> None:
    facts("account", "new", "issuer")
    before = (cheap / "issuer.json").read_bytes()
    for words in (("new",), ("import",)):
        assert sentence(run("account", *words, "issuer")) == (
            f'account: "{cheap / "issuer.json"}" is there already, and no key is ever '
            "overwritten; give another name"
        )
    assert (cheap / "issuer.json").read_bytes() == before


def test_an_account_may_stand_anywhere(cheap, tmp_path) -> None:
    path = tmp_path / "keys" / "issuer.json"
    assert facts("account", "new", str(path))["path"] == str(path)
    assert not cheap.exists()
    nobody = run("account", "list").out
    assert f"There are no accounts in {cheap}" in nobody or "ape account" in nobody


def test_a_private_key_is_imported_from_a_file(cheap, tmp_path) -> None:
    source = tmp_path / "key.txt"
    source.write_text(f"{KEY}\n")
    done = run("account", "import", "issuer", "--from", str(source))
    assert done.code == 0
    assert f"The account is {ADDRESS}, its keystore {cheap / 'issuer.json'}" in done.out
    assert f"{source} still has the key, which nothing protects: remove it" in done.err
    assert open_keystore(cheap / "issuer.json", PASSPHRASE).address == ADDRESS


def test_a_keystore_of_another_shape_is_imported(cheap, tmp_path) -> None:
    source = tmp_path / "old.json"
    source.write_text(json.dumps([Account.encrypt(KEY, PASSPHRASE, "pbkdf2", 1_000)]))
    assert facts("account", "import", "issuer", "--from", str(source))["address"] == ADDRESS
    assert json.loads((cheap / "issuer.json").read_text())["version"] == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("0x12", "is no JSON, and no keystore"),
        ("0x" + "ff" * 32, "is no private key; give 64 hexadecimal digits"),
        ("", "is empty"),
    ],
)
def test_what_holds_no_key_is_not_imported(folder, tmp_path, content, said) -> None:
    source = tmp_path / "key.txt"
    source.write_text(content)
    assert said in sentence(run("account", "import", "issuer", "--from", str(source)))
    assert not (folder / "issuer.json").exists()


def test_without_a_terminal_nobody_is_asked(folder, monkeypatch) -> None:
    assert sentence(run("account", "import", "issuer")) == (
        'key: "" is missing, and there is no terminal to ask for it; give a file with --from'
    )
    monkeypatch.delenv("PRORATA_PASSPHRASE")
    assert sentence(run("account", "new", "issuer")) == (
        'account: "issuer" needs a passphrase, and there is no terminal to ask for it; '
        "set PRORATA_PASSPHRASE"
    )
    monkeypatch.setenv("PRORATA_PASSPHRASE", "short")
    assert sentence(run("account", "new", "issuer")) == (
        'passphrase: "…" has less than 8 characters; choose a longer one'
    )
    assert not folder.exists()


def test_a_broken_file_among_the_accounts_is_listed_as_such(cheap) -> None:
    facts("account", "new", "issuer")
    (cheap / "broken.json").write_text("{")
    (cheap / "issuer.json").chmod(0o644)
    remarks = {one["name"]: one["remark"] for one in facts("account", "list")["accounts"]}
    assert remarks["broken"] == "is no JSON, and no keystore"
    assert remarks["issuer"] == "can be read by others: `chmod 600` mends that"


# ------------------------------------------------------------------------------------ signing


def test_an_account_signs_by_its_name(cheap, chain) -> None:
    address, told = facts("account", "new", "issuer")["address"], []
    assert signer_of("issuer", chain, told.append).address == address
    assert signer_of(str(cheap / "issuer.json"), chain, told.append).address == address
    assert told == []
    (cheap / "issuer.json").chmod(0o640)
    signer_of("issuer", chain, told.append)
    assert told == [
        f"{cheap / 'issuer.json'} can be read by others on this machine; `chmod 600` mends that"
    ]


def test_a_folder_of_an_accounts_name_is_not_meant(cheap, chain, monkeypatch, tmp_path) -> None:
    address = facts("account", "new", "issuer")["address"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "issuer").mkdir()
    assert signer_of("issuer", chain, print).address == address
    with pytest.raises(InputError, match="is a folder; give a keystore file in it"):
        signer_of("./issuer", chain, print)


def test_a_name_that_ape_knows_too_is_refused(cheap, chain, tmp_path) -> None:
    facts("account", "new", "issuer")
    (tmp_path / ".ape" / "accounts").mkdir(parents=True)
    (tmp_path / ".ape" / "accounts" / "issuer.json").write_text("{}")
    with pytest.raises(InputError) as refused:
        signer_of("issuer", chain, print)
    assert str(refused.value) == (
        f'account: "issuer" is the name of {cheap / "issuer.json"}, and of an account of ape; '
        "give the path of the one that you mean"
    )


# ------------------------------------------------------------------------------------ a terminal


def typed(answers: list[str], *words: str) -> str:
    """What a terminal shows while a person answers one question after the other."""
    environment = {k: v for k, v in os.environ.items() if k != "PRORATA_PASSPHRASE"}
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "prorata", *words],
        stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=PROJECT_ROOT,
    )  # fmt: skip
    os.close(slave)
    shown, until = b"", time.monotonic() + 60
    while time.monotonic() < until:
        if not select.select([master], [], [], 0.1)[0]:
            continue
        try:
            shown += os.read(master, 4096)
        except OSError:
            break
        if answers and shown.endswith(b": "):
            os.write(master, answers.pop(0).encode() + b"\n")
            shown += b"\n"
    process.wait(10)
    os.close(master)
    return shown.decode()


def test_a_person_is_asked_twice_and_nothing_secret_is_shown(folder) -> None:
    said = typed([PASSPHRASE, "something else", PASSPHRASE, PASSPHRASE], "account", "new", "issuer")
    assert "New passphrase of issuer" in said
    assert "do not match" in said
    assert PASSPHRASE not in said
    address = open_keystore(folder / "issuer.json", PASSPHRASE).address
    assert address in said.replace("\r\n", "")


def test_a_person_types_a_key_that_is_not_shown(folder) -> None:
    said = typed([KEY, PASSPHRASE, PASSPHRASE], "account", "import", "issuer")
    assert KEY[2:] not in said
    assert open_keystore(folder / "issuer.json", PASSPHRASE).address == ADDRESS
