"""The journal file: what is read back, and what is refused."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from eth_account import Account
from eth_utils.crypto import keccak

from prorata.chain.journal import Journal, JournalEntry
from prorata.chain.sealed_log import sealed
from prorata.chain.signed import call_digest
from prorata.chain.turns import Holder
from prorata.errors import JournalError
from prorata.values.times import parse_instant

GENESIS = "0x" + "11" * 32
KEY = "0x" + "42" * 32


def entry(nonce: int, key: str | None = None) -> JournalEntry:
    account = Account.from_key(KEY)
    signed = account.sign_transaction(
        {
            "type": 2,
            "chainId": 31337,
            "nonce": nonce,
            "to": account.address,
            "value": 1,
            "gas": 21_000,
            "maxFeePerGas": 2,
            "maxPriorityFeePerGas": 1,
        }
    )
    raw = bytes(signed.raw_transaction)
    return JournalEntry(
        key=key or f"step/{nonce}",
        label=f"step {nonce}",
        sender=account.address,
        nonce=nonce,
        digest=call_digest(account.address, 1, b""),
        hash=f"0x{keccak(raw).hex()}",
        raw=raw,
    )


def opened(path, *, chain_id=31337, genesis=GENESIS) -> Journal:
    return Journal(path, chain_id=chain_id, genesis_hash=genesis)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deployments" / "journal.jsonl"


@pytest.fixture
def written(path):
    with opened(path) as journal:
        journal.write([entry(0), entry(1)])
        journal.write([entry(2)])
    return path


def refusal(path, **chain) -> str:
    with pytest.raises(JournalError) as refused:
        opened(path, **chain)
    return str(refused.value)


def test_what_was_written_is_read_back(written):
    with opened(written) as journal:
        assert journal.entries == (entry(0), entry(1), entry(2))
        assert journal.find("step/1") == entry(1)
        assert journal.find("step/3") is None


def test_the_latest_entry_of_a_key_counts(path):
    with opened(path) as journal:
        journal.write([entry(0, "a"), entry(1, "b"), entry(2, "a")])
    with opened(path) as journal:
        assert journal.find("a") == entry(2, "a")
        assert journal.live() == [entry(1, "b"), entry(2, "a")]


def test_a_key_given_up_is_forgotten_until_it_is_signed_again(path):
    with opened(path) as journal:
        journal.write([entry(0, "a")])
        journal.abandon("a")
    with opened(path) as journal:
        assert journal.find("a") is None
        assert journal.live() == []
        journal.write([entry(1, "a")])
    with opened(path) as journal:
        assert journal.find("a") == entry(1, "a")


def test_giving_up_an_unknown_key_is_refused(written):
    with opened(written) as journal, pytest.raises(JournalError) as refused:
        journal.abandon("step/9")
    assert str(refused.value) == (
        f'the journal {written} has no step "step/9" to give up; '
        "write the step as the refusal named it"
    )


@pytest.mark.attack("I1")
@pytest.mark.slow
def test_killed_at_any_byte_the_whole_lines_before_are_read_and_written_on(written, tmp_path):
    content = written.read_bytes()
    lines = content.splitlines(keepends=True)
    ends = [sum(map(len, lines[: n + 1])) for n in range(len(lines))]
    torn = tmp_path / "torn.jsonl"
    for size in sorted({*range(0, len(content), 7), *ends, *(end - 1 for end in ends)}):
        torn.write_bytes(content[:size])
        whole = sum(end <= size for end in ends)
        with opened(torn) as journal:
            assert journal.entries == tuple(entry(n) for n in range(max(0, whole - 1)))
            journal.write([entry(7)])
        with opened(torn) as journal:
            assert journal.entries[-1] == entry(7)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_changed_byte_is_noticed_in_every_line(written, number):
    lines = written.read_bytes().splitlines(keepends=True)
    line = bytearray(lines[number - 1])
    line[len(line) // 2] ^= 1
    written.write_bytes(b"".join([*lines[: number - 1], bytes(line), *lines[number:]]))
    assert refusal(written) == (
        f"line {number} of the journal {written} is damaged or was changed; restore the file from "
        "a copy; without it, what was sent can be read only on the chain"
    )


@pytest.mark.parametrize(
    "record",
    [
        {"key": "step/9"},
        {**vars(entry(3)), "raw": "no bytes"},
        {**vars(entry(3)), "raw": entry(4).raw.hex()},
        {**vars(entry(3)), "raw": entry(3).raw.hex(), "nonce": 4},
        {**vars(entry(3)), "raw": entry(3).raw.hex(), "digest": "ab" * 32},
        {"note": "no facts"},
        {"mark": {"account": entry(3).sender}},
        {"bound": {"key": "step/9", "hash": entry(0).hash}},
    ],
    ids=[
        *("incomplete", "no bytes", "another transaction", "another nonce", "another call"),
        *("no facts", "half a mark", "bound to what was not adopted"),
    ],
)
def test_a_line_that_is_sealed_and_makes_no_sense_is_noticed(written, record):
    """The seal shows a change, not who wrote the line."""
    with opened(written) as journal:
        journal._log.append([record])
    assert refusal(written).startswith(f"line 5 of the journal {written} is damaged")


@pytest.mark.parametrize("line", [b"[]", b"{}", b"7", b"no JSON"])
def test_a_line_that_is_no_record_is_noticed(written, line):
    with written.open("ab") as file:
        file.write(line + b"\n")
    assert refusal(written).startswith(f"line 5 of the journal {written} is damaged")


def test_a_journal_of_another_make_is_noticed(tmp_path):
    """The first line says which form the rest has."""
    first = {"journal": 99, "chain": 31337, "genesis": GENESIS}
    path = tmp_path / "journal.jsonl"
    path.write_bytes(sealed("", first) + b"\n")
    assert refusal(path) == (
        f"the journal {path} is of version 99, which a newer prorata wrote; use that one"
    )
    path.write_bytes(sealed("", {**first, "journal": "mine"}) + b"\n")
    assert refusal(path).startswith(f"line 1 of the journal {path} is damaged")


def test_what_the_disk_does_not_take_is_not_sent(written):
    with opened(written) as journal, Path("/dev/full").open("ab", 0) as full:
        file, journal._log._file = journal._log._file, full
        with pytest.raises(JournalError) as refused:
            journal.write([entry(3)])
        journal._log._file = file
        assert journal.find("step/3") is None
    assert str(refused.value) == (
        f"the journal {written} cannot be written (no space left on device), so nothing was sent; "
        "make room on the disk and run again"
    )


def test_a_journal_of_the_first_version_is_read_and_written_on(path):
    first = {"journal": 1, "chain": 31337, "genesis": GENESIS}
    path.parent.mkdir()
    path.write_bytes(sealed("", first) + b"\n")
    with opened(path) as journal:
        journal.write([entry(0)])
        journal.note({"what": "freeze"})
    with opened(path) as journal:
        assert journal.entries == (entry(0),)
        assert journal.notes == ({"what": "freeze"},)


def test_facts_are_noted_between_what_is_signed(path):
    with opened(path) as journal:
        journal.note({"order": "freeze/1", "reason": "court order"})
        journal.write([entry(0)])
        journal.note({"order": "freeze/1", "block": 7})
    with opened(path) as journal:
        assert [sorted(note) for note in journal.notes] == [["order", "reason"], ["block", "order"]]
        assert journal.entries == (entry(0),)


def looked_at(path) -> Journal:
    return Journal(path, chain_id=31337, genesis_hash=GENESIS, read_only=True)


def test_a_journal_is_looked_at_while_another_run_writes_it(written):
    with opened(written) as journal:
        assert looked_at(written).entries == journal.entries


def test_looking_at_a_journal_creates_and_changes_nothing(written, tmp_path):
    with looked_at(tmp_path / "none" / "journal.jsonl") as journal:
        assert journal.entries == ()
    assert not (tmp_path / "none").exists()
    torn = written.read_bytes() + b'{"torn'
    written.write_bytes(torn)
    with looked_at(written) as journal:
        assert len(journal.entries) == 3
        with pytest.raises(JournalError) as refused:
            journal.write([entry(3)])
    assert str(refused.value) == (
        f"the journal {written} is open to be read only, so nothing was sent"
    )
    assert written.read_bytes() == torn


@pytest.mark.parametrize("number", [2, 3])
def test_a_missing_line_is_noticed(written, number):
    lines = written.read_bytes().splitlines(keepends=True)
    written.write_bytes(b"".join(lines[: number - 1] + lines[number:]))
    assert refusal(written).startswith(f"line {number} of the journal")


def test_a_line_from_another_journal_is_noticed(written, tmp_path):
    other = tmp_path / "other.jsonl"
    with opened(other) as journal:
        journal.write([entry(8)])
    with written.open("ab") as file:
        file.write(other.read_bytes().splitlines(keepends=True)[1])
    assert refusal(written).startswith("line 5 of the journal")


def test_two_runs_cannot_share_a_journal(written):
    with Journal(written, chain_id=31337, genesis_hash=GENESIS, command="prorata issue"):
        said = refusal(written)
    since = said.split("since ")[1][:20]
    assert parse_instant(since) <= time.time()
    assert said == (
        f"the journal {written} is in use by another run: process {os.getpid()} on "
        f"{socket.gethostname()}, `prorata issue`, since {since}; wait until that one ends, or let "
        "this one wait with --wait SECONDS"
    )
    opened(written).close()
    assert [path.name for path in written.parent.iterdir()] == ["journal.jsonl"]


@pytest.mark.parametrize(
    "beside",
    ["", "[1]", json.dumps(vars(Holder(2**22 + 1, socket.gethostname(), "issue", "now")))],
    ids=["empty", "no holder", "a process that was killed"],
)
def test_a_holder_that_is_not_known_is_another_run(written, beside):
    with opened(written):
        written.with_suffix(".lock").write_text(beside)
        assert "is in use by another run; wait until" in refusal(written)


def test_a_journal_of_a_run_that_was_killed_is_free(written):
    """The lock goes with the process; what it left beside is of the past."""
    program = (
        "import os, signal; from prorata.chain.journal import Journal;"
        f"j = Journal({str(written)!r}, chain_id=31337, genesis_hash={GENESIS!r});"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    assert written.with_suffix(".lock").exists()
    with opened(written) as journal:
        assert len(journal.entries) == 3


def test_a_run_that_waits_gets_its_turn(written):
    first = opened(written)
    threading.Timer(0.3, first.close).start()
    with Journal(written, chain_id=31337, genesis_hash=GENESIS, wait=20) as second:
        second.note({"what": "mine now"})


def test_a_journal_belongs_to_one_chain(written):
    assert refusal(written, chain_id=1) == (
        f"the journal {written} belongs to chain 31337 with genesis {GENESIS}, not to chain 1 with "
        f"genesis {GENESIS}; choose the network or the folder that belong together"
    )
    other = "0x" + "22" * 32
    assert refusal(written, genesis=other) == (
        f"the journal {written} belongs to chain 31337 with genesis {GENESIS}, not to chain 31337 "
        f"with genesis {other}; choose the network or the folder that belong together"
    )


def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "journal.jsonl"
    assert refusal(path) == (
        f"the journal {path} cannot be written (file exists); "
        "give a folder that this account may write"
    )


@pytest.mark.attack("I5")
def test_no_key_is_ever_written(written):
    assert "42" * 32 not in written.read_text()
    assert all("raw" in json.loads(line) for line in written.read_text().splitlines()[1:])


# ------------------------------------------------------------------------------------- its head


@pytest.fixture
def head(tmp_path):
    return tmp_path / "elsewhere" / "heads.jsonl"


@pytest.fixture
def remembered(path, head):
    """A journal of four lines, of which a file elsewhere knows."""
    with headed(path, head) as journal:
        journal.write([entry(0), entry(1), entry(2)])
    return path


def headed(path, head) -> Journal:
    return Journal(path, chain_id=31337, genesis_hash=GENESIS, head=head)


def refused_by(head, path) -> str:
    with pytest.raises(JournalError) as refused:
        headed(path, head)
    return str(refused.value)


def reseal(path, records) -> None:
    """Write lines whose seals all fit."""
    previous, written = "", b""
    for record in records:
        line = sealed(previous, {k: v for k, v in record.items() if k != "seal"})
        previous, written = json.loads(line)["seal"], written + line + b"\n"
    path.write_bytes(written)


def test_a_journal_that_has_grown_is_what_its_head_remembers(remembered, head):
    with headed(remembered, head) as journal:
        journal.note({"what": "freeze"})
    headed(remembered, head).close()
    lines = [json.loads(line) for line in head.read_text().splitlines()]
    assert [line["lines"] for line in lines] == [4, 5]


@pytest.mark.attack("I1")
def test_a_shortened_journal_is_refused_by_its_head(remembered, head):
    lines = remembered.read_bytes().splitlines(keepends=True)
    remembered.write_bytes(b"".join(lines[:-1]))
    said = refused_by(head, remembered)
    assert said.startswith(
        f"the journal {remembered} has 3 lines, and not the 4 that {head} remembers: it was"
    )


@pytest.mark.attack("I1")
def test_a_journal_sealed_anew_is_refused_by_its_head(remembered, head):
    """Another key for what was sent is seen by nothing else."""
    records = [json.loads(line) for line in remembered.read_text().splitlines()]
    records[2]["key"] = "step/another"
    reseal(remembered, records)
    opened(remembered).close()
    assert f"has another line 4 than the one that {head} remembers" in refused_by(head, remembered)


@pytest.mark.attack("I1")
def test_a_journal_in_the_place_of_another_is_refused_by_its_head(remembered, head):
    remembered.unlink()
    opened(remembered).close()
    assert "is another one than the 4 lines that" in refused_by(head, remembered)


def test_a_head_knows_a_journal_of_the_first_version_by_its_first_transaction(path, head):
    path.parent.mkdir()
    path.write_bytes(sealed("", {"journal": 1, "chain": 31337, "genesis": GENESIS}) + b"\n")
    with headed(path, head) as journal:
        journal.write([entry(0)])
    lines = path.read_bytes().splitlines(keepends=True)
    with headed(path, head) as journal:
        journal.write([entry(1)])
    path.write_bytes(b"".join(lines))
    assert "has 2 lines, and not the 3" in refused_by(head, path)


def test_looking_at_a_journal_remembers_nothing(remembered, head):
    before = head.read_bytes()
    Journal(remembered, chain_id=31337, genesis_hash=GENESIS, head=head, read_only=True).close()
    assert head.read_bytes() == before


@pytest.mark.parametrize("content", ["[]", "{}", "no JSON"])
def test_a_damaged_file_of_heads_is_refused(path, head, content):
    head.parent.mkdir()
    head.write_text(f"{content}\n")
    assert refused_by(head, path) == (
        f"the file of heads {head} is damaged; restore it from a copy"
    )


def test_a_file_of_heads_that_cannot_be_written_is_refused(path, tmp_path):
    (tmp_path / "file").write_text("")
    head = tmp_path / "file" / "heads.jsonl"
    assert refused_by(head, path) == (
        f"the file of heads {head} cannot be written (file exists); give --head a place that this "
        "account may write"
    )
