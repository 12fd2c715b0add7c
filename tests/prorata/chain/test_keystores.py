"""keystores.py: opened whatever their shape, or one sentence without a key in it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from eth_account import Account

from prorata.chain.keystores import (
    is_open_to_others,
    key_in,
    open_keystore,
    parse_key,
    write_keystore,
)
from prorata.chain.signers import LocalSigner
from prorata.errors import InputError

KEY = "0x" + "4c" * 32
ADDRESS = Account.from_key(KEY).address
PASSPHRASE = "correct horse battery"
REMEDY = "give a file that `prorata account new`, geth or eth-account wrote"


@pytest.fixture(scope="module")
def keystore() -> dict:
    return Account.encrypt(KEY, PASSPHRASE, kdf="pbkdf2", iterations=1_000)


def refusal(path: Path, passphrase: str = PASSPHRASE) -> str:
    with pytest.raises(InputError) as refused:
        open_keystore(path, passphrase)
    said = str(refused.value)
    assert KEY[2:] not in said
    assert passphrase not in said
    assert refused.value.__suppress_context__ or refused.value.__context__ is None
    return said.removeprefix(f'account: "{path}" ')


# ---------------------------------------------------------------------------- opened


@pytest.mark.parametrize(
    "write",
    [
        lambda k: json.dumps(k).encode(),
        lambda k: json.dumps([k]).encode(),
        lambda k: json.dumps(json.dumps(k)).encode(),
        lambda k: json.dumps([json.dumps(k)]).encode(),
        lambda k: b"\xef\xbb\xbf" + json.dumps(k).encode(),
        lambda k: json.dumps(k).encode("utf-16"),
        lambda k: json.dumps({"Crypto": k["crypto"], "version": 3}).encode(),
        lambda k: f"\r\n{json.dumps(k, indent=4)}\r\n\r\n".encode(),
    ],
    ids=["plain", "list", "text", "text in a list", "mark", "UTF-16", "geth's capital", "lines"],
)
def test_a_keystore_opens_in_whatever_shape_it_stands(tmp_path, keystore, write) -> None:
    path = tmp_path / "issuer.json"
    path.write_bytes(write(keystore))
    assert open_keystore(path, PASSPHRASE).address == ADDRESS
    assert LocalSigner.of_keystore(path, PASSPHRASE).address == ADDRESS


# ---------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", f"is empty; {REMEDY}"),
        (" \n", f"is empty; {REMEDY}"),
        ("{", f"is no JSON, and no keystore; {REMEDY}"),
        ("{}", f"is JSON, and no keystore; {REMEDY}"),
        ("7", f"is JSON, and no keystore; {REMEDY}"),
        ("null", f"is JSON, and no keystore; {REMEDY}"),
        ('"text"', f"is no JSON, and no keystore; {REMEDY}"),
        ("[]", "is an empty list; put the one that you mean into a file of its own"),
        ("[{}, {}]", "is a list of 2 keystores; put the one that you mean into a file of its own"),
        ("[" * 100_000, f"is no JSON, and no keystore; {REMEDY}"),
        ('{"version": 4, "crypto": {}}', "is a validator's key, which signs no transactions"),
        ('{"version": 3, "crypto": {}}', f"is no keystore that can be opened; {REMEDY}"),
        ('{"version": 3, "crypto": 7}', f"is no keystore that can be opened; {REMEDY}"),
        ('{"version": 9, "crypto": {}}', f"is no keystore that can be opened; {REMEDY}"),
        (KEY, "is a private key that nothing protects; `prorata account import"),
        (KEY[2:] + "\n", "is a private key that nothing protects; `prorata account import"),
        (json.dumps(KEY), "is a private key that nothing protects; `prorata account import"),
        (json.dumps({"privateKey": KEY}), "has a private key that nothing protects"),
        ("x" * 1_000_001, f"is too large for a keystore; {REMEDY}"),
    ],
)
def test_what_is_no_keystore_is_one_sentence(tmp_path, content, sentence) -> None:
    path = tmp_path / "issuer.json"
    path.write_text(content)
    assert refusal(path).startswith(sentence)


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path) -> None:
    assert refusal(tmp_path) == "is a folder; give a keystore file in it"
    assert refusal(tmp_path / "none").startswith("cannot be read (no such file or directory)")
    (tmp_path / "bytes").write_bytes(b"\x80\x81")
    assert refusal(tmp_path / "bytes").startswith("is no text, and no keystore")


def test_a_wrong_passphrase_is_one_sentence(tmp_path, keystore) -> None:
    path = tmp_path / "issuer.json"
    path.write_text(json.dumps(keystore))
    assert refusal(path, "wrong horse") == (
        "does not open with this passphrase; check the passphrase"
    )


def test_a_keystore_of_two_accounts_is_refused(tmp_path, keystore) -> None:
    other = Account.from_key("0x" + "4d" * 32).address
    path = tmp_path / "issuer.json"
    path.write_text(json.dumps({**keystore, "address": other[2:].lower()}))
    assert refusal(path) == (
        f"says it is {other}, and has the key of {ADDRESS}; "
        "give the file of the account that you mean"
    )


# ---------------------------------------------------------------------------- written


def test_a_keystore_is_its_owners_alone_and_never_overwritten(tmp_path) -> None:
    path = tmp_path / "new" / "issuer.json"
    write_keystore(path, Account.from_key(KEY), PASSPHRASE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not is_open_to_others(path)
    assert open_keystore(path, PASSPHRASE).address == ADDRESS
    written = path.read_bytes()
    with pytest.raises(InputError, match="is there already, and no key is ever overwritten"):
        write_keystore(path, Account.create(), PASSPHRASE)
    assert path.read_bytes() == written
    path.chmod(0o644)
    assert is_open_to_others(path)


def test_a_mask_does_not_open_a_keystore_to_others(tmp_path) -> None:
    before = os.umask(0)
    try:
        write_keystore(tmp_path / "issuer.json", Account.from_key(KEY), PASSPHRASE)
    finally:
        os.umask(before)
    assert not is_open_to_others(tmp_path / "issuer.json")


def test_a_keystore_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(InputError, match=r"cannot be written \(no space left\)"):
        write_keystore(tmp_path / "issuer.json", Account.from_key(KEY), PASSPHRASE)
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------------------- private keys


@pytest.mark.parametrize("text", [KEY, KEY[2:], f" {KEY}\n"])
def test_a_private_key_is_read(text) -> None:
    assert parse_key(text).address == ADDRESS


@pytest.mark.parametrize("text", ["", "0x", KEY[:-1], "0x" + "00" * 32, "0x" + "ff" * 32, "g" * 64])
def test_what_is_no_private_key_is_not_repeated(text) -> None:
    with pytest.raises(InputError) as refused:
        parse_key(text)
    assert str(refused.value) == (
        'key: "what was typed" is no private key; give 64 hexadecimal digits'
    )


def test_a_private_key_is_found_in_a_file(tmp_path, keystore) -> None:
    path = tmp_path / "key"
    for content in (KEY, json.dumps(KEY), json.dumps({"address": ADDRESS, "privateKey": KEY})):
        path.write_text(content)
        found = key_in(path)
        assert found is not None
        assert found.address == ADDRESS
    path.write_text(json.dumps(keystore))
    assert key_in(path) is None
