"""A file says exactly what was signed, or it is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from prorata.market.order_files import SignedOrder, read_order, write_order
from tests.prorata.conftest import refused
from tests.prorata.market.traders import BUYER, STRANGER

Content = dict[str, Any]


def read(market, path: Path) -> SignedOrder:
    return read_order(path, market.found.chain, market.contract.address)


def edited(market, path: Path, edit: Callable[[Content], object]) -> str:
    """The refusal of a file with one thing changed."""
    content = json.loads(path.read_text())
    edit(content)
    path.with_name("edited.json").write_text(json.dumps(content))
    return refused(read, market, path.with_name("edited.json"))


@pytest.fixture
def path(market, tmp_path) -> Path:
    signed = market.signed(
        least=1_000, permit=True, taker=BUYER, fee_to=STRANGER, fee_bps=25, tax_to=BUYER, tax_bps=50
    )
    write_order(tmp_path / "order.json", signed)
    return tmp_path / "order.json"


def test_what_was_written_is_read_again(market, path):
    signed = read(market, path)
    assert market.contract.digest_of(signed.order) == signed.digest
    write_order(path.with_name("again.json"), signed)
    assert path.with_name("again.json").read_bytes() == path.read_bytes()
    plain = market.signed(sells=False, index=2, through_records=True)
    write_order(path, replace(plain, signature=b""))
    assert read(market, path) == replace(plain, signature=b"")


def test_a_file_that_says_something_else_is_refused(market, path):
    """Each with one sentence that names what is wrong."""
    order = "order"
    for edit, said in (
        (lambda c: c.update(chain_id=1), "choose its network with --network"),
        (lambda c: c.update(settlement=BUYER), f"give --settlement {BUYER} if you trust"),
        (lambda c: c.update(version=2), "version"),
        (lambda c: c.update(version="1"), "version"),
        (lambda c: c.update(prorata="trade"), "prorata"),
        (lambda c: c.update(more=1), 'more: "1" does not belong there'),
        (lambda c: c.pop("digest"), 'digest: "" is missing'),
        (lambda c: c.update(digest="0x00"), "is the digest that the file names"),
        (lambda c: c.update(signature="nonsense"), "is not hexadecimal"),
        (lambda c: c[order].update(nonce=3), 'nonce: "3" is no text of digits below 2^256'),
        (lambda c: c[order].update(nonce=str(2**64)), "does not fit 64 bits"),
        (lambda c: c[order].update(maker=BUYER.lower()[:-1]), "is not an address"),
        (lambda c: c[order].update(maker=BUYER.swapcase()), "is not an address"),
        (lambda c: c[order].update(maker=BUYER[:-1] + BUYER[-1].swapcase()), "EIP-55 checksum"),
        (lambda c: c[order].update(maker=STRANGER), "is the digest that the file names"),
        (lambda c: c[order].update(side="give"), "side"),
        (lambda c: c[order].update(valid_until="+30d"), "is relative to the present"),
        (lambda c: c[order].update(valid_until="2099-01-01"), "is the digest that the file names"),
        (lambda c: c[order].update(taker=None), "is the digest that the file names"),
        (lambda c: c[order]["venue"].update(bps=1), "is the digest that the file names"),
        (lambda c: c[order]["venue"].update(bps=0.5), "order.venue.bps"),
        (lambda c: c[order]["gives"].update(amount="10.00"), "is not what its amount 10.00 is in"),
        (lambda c: c[order]["gives"].update(amount="0.00", units="0"), 'gives: "0.00" is nothing'),
        (lambda c: c[order]["takes"].update(amount="0", units="0"), 'takes: "0" is nothing'),
        (lambda c: c[order]["gives"].update(amount="1e4"), "exponent notation"),
        (lambda c: c[order]["takes"].update(units="1"), "is not what its amount 100000.000000 is"),
        (lambda c: c[order]["takes"].update(symbol="EUR"), "which calls itself USD with 6"),
        (lambda c: c[order]["least_fill"].update(token=BUYER), "is the token of least_fill"),
        (lambda c: c["permit"].update(owner=BUYER), "is whose permit stands in the file"),
        (lambda c: c["permit"].update(signature="0x12"), "is not the 65 bytes of a key's"),
    ):
        assert said in edited(market, path, edit), said


def test_amounts_that_were_edited_consistently_have_another_digest(market, path):
    """Even where text and units still agree."""

    def cheaper(content: Content) -> None:
        content["order"]["takes"].update(amount="1.000000", units="1000000")

    assert "they were changed; ask its maker for the file" in edited(market, path, cheaper)


def test_what_is_no_order_is_refused(market, path, tmp_path):
    for text, said in (
        ("", "is not JSON"),
        ("[]", "is no JSON object"),
        ("{" * 100_000, "is not JSON"),
        (path.read_text()[:-20], "is not JSON"),
        (path.read_text().replace("{", '{"version": 1,', 1), 'version: "" stands there twice'),
        (" " * 1_000_001, "is larger than 1,000,000 bytes"),
    ):
        (tmp_path / "broken.json").write_text(text)
        assert said in refused(read, market, tmp_path / "broken.json")
    assert "cannot be read (no such file" in refused(read, market, tmp_path / "none.json")
