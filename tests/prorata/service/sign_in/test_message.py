"""The message of a sign-in: only what the site wrote is accepted, signed by whom it names."""

from __future__ import annotations

import time

import pytest
from eth_abi.abi import encode as abi_encode
from eth_account import Account
from eth_account.messages import encode_defunct
from hypothesis import given
from hypothesis import strategies as st

from prorata.chain.calls import Call
from prorata.chain.node import RpcChain
from prorata.chain.operator import Operator
from prorata.errors import InputError
from prorata.service.sign_in.message import AHEAD_SECONDS, MESSAGE_SECONDS, Site, check_signature

SITE = Site("https://shares.example.org", 31_337)
NOW = 1_800_000_000
NONCE = "ab" * 16
KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
ANN = Account.from_key(KEY).address
OTHER = Account.from_key("0x" + "12" * 32)


def text(site: Site = SITE, address: str = ANN, second: int = NOW) -> str:
    return site.write(address, NONCE, second)


def signed(words: str, key: str = KEY) -> str:
    return "0x" + bytes(Account.sign_message(encode_defunct(text=words), key).signature).hex()


def refused(words: str, now: int = NOW) -> str:
    with pytest.raises(InputError) as error:
        SITE.read(words, now)
    return str(error.value)


def test_what_the_site_wrote_is_read() -> None:
    """Law 113: an example of the standard's form."""
    assert text().split("\n") == [
        "shares.example.org wants you to sign in with your Ethereum account:",
        ANN,
        "",
        "Sign in to see your holdings. This sends no transaction and costs nothing.",
        "",
        "URI: https://shares.example.org",
        "Version: 1",
        "Chain ID: 31337",
        f"Nonce: {NONCE}",
        "Issued At: 2027-01-15T08:00:00Z",
        "Expiration Time: 2027-01-15T08:05:00Z",
    ]
    asked = SITE.read(text(), NOW)
    assert (asked.address, asked.nonce) == (ANN, NONCE)


@pytest.mark.parametrize(
    "origin", ["https://evil.example.org", "https://shares.example.org:444", "http://localhost"]
)
def test_another_site_is_refused(origin: str) -> None:
    """Law 113: a message for another domain signs nobody in here, though its wallet signed it."""
    assert "is not shares.example.org" in refused(text(Site(origin, 31_337)))


def test_another_chain_is_refused() -> None:
    """Law 113: nor one for another chain."""
    assert '"1" is not 31337' in refused(text(Site(SITE.origin, 1)))


@given(st.integers(-2 * MESSAGE_SECONDS, 2 * MESSAGE_SECONDS))
def test_it_is_good_for_five_minutes(age: int) -> None:
    """Law 113: not one second longer, and not before it was written but for a clock's error."""
    words = text(second=NOW - age)
    if -AHEAD_SECONDS <= age < MESSAGE_SECONDS:
        assert SITE.read(words, NOW).nonce == NONCE
    else:
        assert ("minutes ago" if age > 0 else "in the future") in refused(words)


@given(st.data())
def test_any_change_is_refused(data: st.DataObject) -> None:
    """Law 113: whatever is changed, it is not read, or its signature is not the account's."""
    words, signature = text(), signed(text())
    at = data.draw(st.integers(0, len(words) - 1))
    put = data.draw(st.text(alphabet="\n 0aAbB1Zé:/", max_size=2))
    changed = words[:at] + put + words[at + data.draw(st.integers(0, 2)) :]
    if changed == words:
        return
    try:
        asked = SITE.read(changed, NOW)
    except InputError:
        return
    # Another nonce: still of our form, and not what was signed.
    with pytest.raises(InputError, match="is not of"):
        check_signature(changed, asked, signature, NoContract())


@pytest.mark.parametrize(
    "change",
    [
        ("Sign in to see", "Sign in and give away"),
        ("Version: 1", "Version: 2"),
        ("URI: https://shares.example.org", "URI: https://shares.example.org/other"),
        ("Expiration Time: 2027-01-15T08:05:00Z", "Expiration Time: 2028-01-15T08:05:00Z"),
        ("\nExpiration Time: 2027-01-15T08:05:00Z", ""),
        ("Issued At: 2027-01-15T08:00:00Z", "Issued At: 2027-01-15T09:00:00+01:00"),
        ("08:05:00Z", "08:05:00Z\nRequest ID: 7"),
        ("08:05:00Z", "08:05:00Z\nResources:\n- https://evil.example.org"),
        ("08:05:00Z", "08:05:00Z\nNot Before: 2027-01-15T08:00:00Z"),
        ("Chain ID: 31337", "Chain ID: 031337"),
    ],
    ids=lambda change: change[1][:24],
)
def test_no_other_form_is_accepted(change: tuple[str, str]) -> None:
    """Law 113: the standard has room for more than we ask anybody to sign."""
    assert change[0] in text()
    assert "message" in refused(text().replace(*change))


@pytest.mark.parametrize("words", ["", "a" * 100_000, text() + "\n" * 900, text()[:70] + "a" * 900])
def test_nonsense_is_refused_at_once(words: str) -> None:
    """The grammar's parser takes a second for a page of letters: it is not given one."""
    began = time.process_time()
    refused(words)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    "origin",
    ["shares.example.org", "https://shares.example.org/", "http://shares.example.org", "https://",
     "ftp://shares.example.org", "https://me@shares.example.org"],
)  # fmt: skip
def test_a_site_is_an_origin_of_https(origin: str) -> None:
    """Or of this machine, for whoever tries it."""
    with pytest.raises(InputError):
        Site(origin, 1)
    assert Site("http://localhost:8000", 1).domain == "localhost:8000"


# ------------------------------------------------------------------------------------- signatures


class NoContract(RpcChain):
    """A chain on which nobody has code; nobody is asked."""

    def __init__(self) -> None:
        pass

    def code(self, address: str, **_: object) -> bytes:
        return b""


def test_the_account_has_signed() -> None:
    """Law 113: by its key, without a node."""
    check_signature(text(), SITE.read(text(), NOW), signed(text()), NoContract())


@pytest.mark.parametrize(
    "signature",
    [
        signed(text(), OTHER.key.hex()),
        signed(text() + " "),
        signed(text())[:-2],
        signed(text())[:-2] + "05",
        "0x" + "00" * 65,
        "0x" + "ff" * 65,
        "0x",
        "nothing",
        "0x" + "ab" * 5_000,
    ],
    ids=lambda one: one[:12],
)
def test_another_signature_is_refused(signature: str) -> None:
    """Law 113: of another key, of another text, or of nothing."""
    with pytest.raises(InputError, match="signature"):
        check_signature(text(), SITE.read(text(), NOW), signature, NoContract())


def test_a_contract_wallet_signs_in(operator: Operator, chain: RpcChain, artifacts) -> None:
    """Law 113: it says itself whether it has signed, on our chain (ERC-1271)."""
    code = artifacts["KeyWallet"].bytecode + abi_encode(["address"], [ANN])
    wallet = operator.send_one("wallet", Call(None, code)).contract_address
    assert wallet is not None
    words = text(address=wallet)
    asked = SITE.read(words, NOW)
    check_signature(words, asked, signed(words), chain)
    with pytest.raises(InputError, match="is not of"):
        check_signature(words, asked, signed(words, OTHER.key.hex()), chain)
    with pytest.raises(InputError, match="is not of"):
        check_signature(words, asked, signed(text()), chain)
