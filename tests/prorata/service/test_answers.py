"""What the service answers, compared with what was put on the chain."""

from __future__ import annotations

import pytest

from prorata.store.database import Database
from prorata.values.times import iso
from tests.prorata.service.conftest import CHAIN_ID
from tests.prorata.store.made_logs import (
    DOLLAR,
    GENESIS,
    START,
    TOKEN,
    VAULT,
    MadeChain,
    move,
    person,
)


def shares(units: int) -> dict[str, object]:
    return {
        "units": str(units), "text": f"{units:,}", "decimals": 0, "currency": "HAR",
        "address": None,
    }  # fmt: skip


def dollars(units: int, text: str) -> dict[str, object]:
    return {
        "units": str(units), "text": text, "decimals": 2, "currency": "USD", "address": DOLLAR
    }  # fmt: skip


def test_every_answer_says_of_which_moment_it_is(served):
    told = served.json(f"/{TOKEN}")
    assert told["as_of"] == {
        "block": 9, "hash": f"0x{served.chain.hashes[9].hex()}", "time": iso(START + 108),
        "final": False, "seq": 8, "epoch": told["as_of"]["epoch"], "verified_to": 0,
        "audited_to": None, "audit": None,
    }  # fmt: skip
    assert told["incomplete"] is False
    served.chain.mine([move(1, 2, 1)])
    served.writer.note(served.chain.header(10), None)
    told = served.json(f"/{TOKEN}")
    assert (told["as_of"]["block"], told["incomplete"]) == (9, True)


def test_an_asset_has_its_supply_as_of_any_moment(served):
    told = served.json(f"/{TOKEN}")
    assert (told["token"], told["chain_id"], told["symbol"]) == (TOKEN, CHAIN_ID, "HAR")
    assert (told["supply"], told["holders"]) == (shares(80), 2)
    assert served.json(f"/{TOKEN}?at=block:1")["supply"] == shares(150)
    assert served.json(f"/{CHAIN_ID}:{TOKEN.lower()}") == told


def test_the_assets_are_those_that_may_be_read(served):
    [told] = served.json("")["assets"]
    assert (told["token"], told["name"], told["as_of"]["block"]) == (TOKEN, "Harbour", 9)


@pytest.mark.parametrize(
    ("at", "held"),
    [
        ("", {1: 70, 2: 10}),
        ("record:1", {1: 70, 2: 10, 3: 70}),
        ("block:1", {1: 100, 2: 50}),
        ("block:0", {}),
        (iso(START + 47), {1: 70, 2: 80}),
    ],
)
def test_the_cap_table_is_as_of_a_record_a_block_or_a_time(served, at, held):
    told = served.json(f"/{TOKEN}/captable", params={"at": at} if at else {})
    found = {one["address"]: int(one["shares"]["units"]) for one in told["holders"]}
    assert found == {person(number): amount for number, amount in held.items()}
    assert int(told["supply"]["units"]) == sum(held.values())
    assert told["holder_count"] == len(held)
    for one in told["holders"]:
        part = int(one["shares"]["units"]) * 10_000 // sum(held.values())
        assert one["percent"] == f"{part // 100}.{part % 100:02d}%"
    listed = served.json(f"/{TOKEN}/holders", params={"at": at} if at else {})
    assert {one["address"] for one in listed["holders"]} == found.keys()


def test_one_holder_is_found_and_one_of_no_shares_has_none(served):
    told = served.json(f"/{TOKEN}/holders/{person(1).lower()}")
    assert (told["address"], told["shares"], told["percent"]) == (person(1), shares(70), "87.50%")
    assert served.json(f"/{TOKEN}/holders/{person(7)}")["shares"] == shares(0)
    assert served.json(f"/{TOKEN}/holders/{person(1)}?at=block:1")["shares"] == shares(100)


def test_transfers_are_in_the_chains_order_and_of_one_account_if_asked(served):
    told = served.json(f"/{TOKEN}/transfers")["transfers"]
    seen = [(one["block"], one["kind"], int(one["shares"]["units"])) for one in told]
    assert seen == [
        (1, "issue", 100), (1, "issue", 50), (3, "transfer", 30), (4, "transfer", 80),
        (4, "transfer", 10), (7, "burn", 70),
    ]  # fmt: skip
    first = told[2]
    assert (first["sender"], first["receiver"]) == (person(1), person(2))
    assert (first["time"], first["log_index"]) == (iso(START + 36), 1)
    of = served.json(f"/{TOKEN}/transfers", params={"holder": person(1)})["transfers"]
    assert [one["block"] for one in of] == [1, 3]


def test_income_is_by_year_with_what_was_withheld(served):
    [told] = served.json(f"/{TOKEN}/holders/{person(2)}/income")["income"]
    assert told == {
        "year": 2023, "gross": dollars(400, "4.00"), "tax": dollars(40, "0.40"),
        "net": dollars(360, "3.60"), "payments": 1,
    }  # fmt: skip
    assert served.json(f"/{TOKEN}/holders/{person(1)}/income")["income"] == []


def test_a_currency_that_nobody_has_described_is_in_smallest_units_only(serve):
    served = serve(units={})
    [told] = served.json(f"/{TOKEN}/distributions")["distributions"]
    assert told["received"] == {
        "units": "1000", "text": None, "decimals": None, "currency": None, "address": DOLLAR
    }  # fmt: skip


def test_records_say_when_they_close_and_whether_they_were_cancelled(served):
    told = served.json(f"/{TOKEN}/records")["records"]
    assert told == [
        {"number": 1, "closes_at": iso(START + 48), "closed": True, "cancelled": False, "block": 3},
        {"number": 2, "closes_at": iso(START + 72), "closed": True, "cancelled": True, "block": 5},
    ]
    [before] = served.json(f"/{TOKEN}/records?at=block:4")["records"]
    assert before["closed"] is False


def test_a_distribution_and_what_is_left_of_it(served):
    [told] = served.json(f"/{TOKEN}/distributions")["distributions"]
    assert (told["vault"], told["number"], told["record"]) == (VAULT, 1, 1)
    assert (told["received"], told["ranges"]) == (dollars(1_000, "10.00"), False)
    assert (told["payable_from"], told["deadline"], told["block"]) == (None, None, 6)
    [left] = served.json(f"/{TOKEN}/unclaimed")["distributions"]
    assert {name: left[name] for name in told} == told
    assert (left["paid"], left["swept"]) == (dollars(995, "9.95"), dollars(2, "0.02"))
    assert (left["carried"], left["refunded"]) == (dollars(0, "0.00"), dollars(0, "0.00"))
    assert left["left"] == dollars(3, "0.03")


def test_documents_are_those_that_the_token_names_then(served):
    [told] = served.json(f"/{TOKEN}/documents")["documents"]
    assert told == {
        "name": "prospectus", "uri": "https://a.example/p.pdf", "hash": "0x" + "11" * 32,
        "set_at": iso(START + 24), "block": 2,
    }  # fmt: skip
    before = served.json(f"/{TOKEN}/documents?at=block:6")["documents"]
    assert [(one["name"], one["hash"]) for one in before] == [
        ("prospectus", "0x" + "11" * 32), ("terms", None)
    ]  # fmt: skip


def test_the_status_says_how_far_each_contract_is_read(served):
    told = served.json(f"/{TOKEN}/status")
    assert (told["head"], told["read_to"], told["blocks_behind"]) == (9, 9, 0)
    assert told["followed"] is True
    found = [(one["contract"], one["address"], one["read_to"]) for one in told["sources"]]
    assert found[:2] == [("ShareToken", TOKEN, 9), ("DividendVault", VAULT, 9)]
    market = [(kind, read_to) for kind, _, read_to in found[2:]]
    assert market == [("TradeSettlement", 9), ("CallAuction", 9), ("Ballot", 9)]
    served.writer.release()
    assert served.json(f"/{TOKEN}/status")["followed"] is False


def test_it_lives_and_is_ready_only_while_the_ledger_is_near_its_chain(serve):
    served = serve(blocks_behind=2)
    assert served.client.get("/health").json() == {"status": "ok"}
    assert served.client.get("/ready").json() == {"ready": True, "reason": None}
    for _ in range(3):
        served.chain.mine()
    served.writer.note(served.chain.header(served.chain.head), None)
    answer = served.client.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["reason"] == "the ledger is 3 blocks behind, and 2 are allowed"
    served.read()
    assert served.client.get("/ready").status_code == 200


def test_two_chains_with_one_token_are_told_apart(serve, place):
    served = serve()
    twin = MadeChain([[move(0, 4, 5)]])
    from contextlib import closing

    from prorata.store.writer import Writer
    from tests.prorata.store.made_logs import follow, read

    with closing(Database.open(place)) as opened:
        writer = Writer.take(opened, 5, GENESIS, who="another test")
        follow(writer, twin)
        read(writer, twin)
        writer.release()
    answer = served.get(f"/{TOKEN}")
    assert answer.status_code == 422
    assert "is a token of several chains; put the chain before it" in answer.json()["detail"]
    assert served.json(f"/5:{TOKEN}")["supply"] == shares(5)
    assert served.json(f"/{CHAIN_ID}:{TOKEN}")["supply"] == shares(80)
