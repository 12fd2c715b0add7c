"""differences.py: who differs, and a plan after which nobody does."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from prorata.demo.keys import rehearsal_key
from prorata.register.captable import CapTable, Holding, read_csv
from prorata.register.differences import Move, compare_tables, write_plan

WALLETS = [rehearsal_key(number).address for number in range(6)]
ADA, BOB, CAT, DAN, EVE, FAY = WALLETS


def table(decimals: int = 0, **shares: int) -> CapTable:
    named = dict(zip(("ada", "bob", "cat", "dan", "eve", "fay"), WALLETS, strict=True))
    return CapTable(tuple(Holding(named[n], s, n.title()) for n, s in shares.items()), decimals)


# ---------------------------------------------------------------------------- examples


def test_equal_tables_do_not_differ_whatever_their_order():
    found = compare_tables(table(ada=5, bob=7), table(bob=7, ada=5))
    assert not found
    assert (found.unchanged, found.moves, found.issued, found.burned) == (2, (), {}, {})


def test_what_nobody_gives_is_issued():
    found = compare_tables(table(ada=5), table(ada=8, bob=7))
    assert (found.issued, found.moves, found.burned) == ({ADA: 3, BOB: 7}, (), {})
    assert [h.name for h in found.to_issue] == ["Ada", "Bob"]


def test_what_nobody_takes_is_burned():
    found = compare_tables(table(ada=8, bob=7), table(ada=5))
    assert (found.issued, found.moves, found.burned) == ({}, (), {ADA: 3, BOB: 7})


def test_who_sold_all_to_another_is_seen_as_just_that():
    found = compare_tables(table(ada=10, bob=20, cat=5), table(dan=20, eve=10, cat=5))
    assert found.moves == (Move(BOB, DAN, 20), Move(ADA, EVE, 10))
    assert found.unchanged == 1


def test_moves_and_issues_mix():
    found = compare_tables(table(ada=10, bob=4), table(cat=12, dan=9))
    # In the order of addresses, since neither has just what the other lacks.
    assert {m.sender for m in found.moves} == {ADA, BOB}
    assert sum(m.shares for m in found.moves) == 14
    assert found.issued == {DAN: 7}
    assert found.burned == {}
    assert [row.address for row in found.rows("X")] == [CAT, DAN, *sorted([ADA, BOB])]
    assert str(found.rows("X")[1].receive.units) == "2"


def test_a_plan_is_a_folder_that_issue_reads(tmp_path):
    found = compare_tables(table(1, ada=10, bob=45), table(1, cat=125, bob=40, dan=15))
    folder = tmp_path / "plan"
    assert write_plan(folder, found, {"asset": "X"}) == ["plan.json", "issue.csv", "transfers.csv"]
    assert read_csv(folder / "issue.csv", decimals=1) == found.to_issue
    rows = [f"{move.sender},{move.receiver},{move.shares / 10:g}" for move in found.moves]
    transfers = (folder / "transfers.csv").read_text(encoding="utf-8")
    assert transfers.splitlines() == ["sender,receiver,shares", *rows]
    plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    assert plan["asset"] == "X"
    assert plan["digest"] == found.digest
    name = f"difference-{found.digest[:8]}"
    assert plan["commands"][-1] == f"prorata issue {folder}/issue.csv --tranche {name}"
    assert plan["commands"][0].startswith(f"prorata force-transfer --from {found.moves[0].sender}")


def test_a_later_plan_leaves_nothing_of_an_earlier_one(tmp_path):
    write_plan(tmp_path, compare_tables(table(), table(ada=5)), {})
    write_plan(tmp_path, compare_tables(table(ada=5), table()), {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["burns.csv", "plan.json"]
    assert (tmp_path / "burns.csv").read_text(encoding="utf-8") == f"address,shares\n{ADA},5\n"
    commands = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))["commands"]
    assert commands == [f"prorata burn --holder {ADA} --amount 5 --reason … --document …"]


# ---------------------------------------------------------------------------- the law


TABLES = st.dictionaries(st.sampled_from(WALLETS), st.integers(1, 60), max_size=6).map(
    lambda shares: CapTable(tuple(Holding(*item) for item in shares.items()))
)


@given(chain=TABLES, file=TABLES)
def test_after_the_plan_the_chain_says_what_the_file_says(chain, file):
    """Each holder to the unit; never both issued and burned, and nobody both gives and gets."""
    found = compare_tables(chain, file)
    balances = dict(chain.balances)
    for move in found.moves:
        assert 0 < move.shares <= balances[move.sender]
        balances[move.sender] -= move.shares
        balances[move.receiver] = balances.get(move.receiver, 0) + move.shares
    for address, shares in found.burned.items():
        assert 0 < shares <= balances[address]
        balances[address] -= shares
    for address, shares in found.issued.items():
        balances[address] = balances.get(address, 0) + shares
    assert {a: s for a, s in balances.items() if s} == file.balances
    assert not (found.issued and found.burned)
    assert not set(found.given) & set(found.received)
    lacked = sum(change.more for change in found.changes if change.more > 0)
    least = min(lacked, lacked + chain.total - file.total)
    assert sum(move.shares for move in found.moves) == least
    assert len(found.moves) < max(2, len(found.changes))
    assert found.unchanged + len(found.changes) == len({*chain.balances, *file.balances})
