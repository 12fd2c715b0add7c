"""Certificates of credits with serials: what the token's documents say of them."""

from __future__ import annotations

from dataclasses import replace

from prorata.assets.credits import Serials, parse_batches
from prorata.register.documents import Document
from prorata.reports.certificates import Certificate
from prorata.reports.retirement_log import (
    invalidation_name,
    invalidation_uri,
    invalidations,
    with_serials,
)
from prorata.values.amounts import Unit

UNIT = Unit("T", 0)
BATCHES = parse_batches(
    "token,project,vintage,labels,prefix,first,last,buffer\n"
    "T,Delta,2024,none,VR-1,1,10,2\n"
    "T,Delta,2024,none,VR-1,11,30,0\n",
    "batches.csv",
)


def retired(first: int, count: int) -> Certificate:
    return Certificate(
        asset="Delta", symbol="T", token="0x1", chain_id=1, contract="0x2", exchange=1,
        holder="0x3", shares=UNIT.amount(count), before=UNIT.amount(first - 1),
        after=UNIT.amount(first + count - 1), beneficiary="Ann", reason="Flights", note="",
        document="", at=0, block=1, transaction=f"0x{first:064x}",
    )  # fmt: skip


def document(name: str, uri: str) -> Document:
    return Document(name, uri, bytes(32), 7)


def test_serials_follow_the_log_and_leave_the_buffer_out():
    """Eight of the first batch, whose last two are the buffer's, then those of the second."""
    first, second = with_serials([retired(1, 5), retired(6, 5)], BATCHES, [])
    assert first.serials == ("VR-1-000001 to 000005",)
    assert second.serials == ("VR-1-000006 to 000008", "VR-1-000011 to 000012")
    assert [one.state for one in (first, second)] == ["pending", "pending"]


def test_a_reference_is_the_document_of_the_certificates_number():
    one, other = retired(1, 5), retired(6, 5)
    filed = [document(one.number, "REF-1"), document("prospectus", "https://example.org")]
    first, second = with_serials([one, other], BATCHES, filed)
    assert (first.state, first.reference) == ("filed", "REF-1")
    assert (second.state, second.reference) == ("pending", "")
    assert first.as_json()["reference"] == "REF-1"
    assert second.as_json()["reference"] is None


def test_what_was_invalidated_stays_with_the_certificates_that_it_concerns():
    gone = Serials("VR-1", 4, 7)
    notice = document(invalidation_name(gone), invalidation_uri(gone, "INV-2026-1"))
    [read] = invalidations([notice, document("invalid-thing", "no serials")])
    assert (read.serials, read.notice, read.at) == (gone, "INV-2026-1", 7)
    first, second = with_serials([retired(1, 5), retired(6, 5)], BATCHES, [notice])
    assert first.invalid == ("VR-1-000004 to 000005",)
    assert second.invalid == ("VR-1-000006 to 000007",)
    assert first.state == second.state == "invalidated in part"


def test_a_certificate_without_serials_says_nothing_of_a_registry():
    plain = retired(1, 5)
    assert "serials" not in plain.as_json()
    assert replace(plain, serials=("VR-1-000001",)).as_json()["state"] == "pending"
