"""The market's routes on made chains: what events leave of orders, votes and claims."""

from __future__ import annotations

import random
from typing import Any

import pytest
from sqlalchemy import select

from prorata.apportion import apportion
from prorata.contracts.trade_settlement import PARTS
from prorata.service.market.orders import currencies_of
from prorata.store import schema
from prorata.store.asof import FollowedAsset, moment
from prorata.values.addresses import checksummed
from tests.prorata.service.conftest import STORY, Serve, Served
from tests.prorata.service.market_story import (
    SETTLEMENT,
    cancelled,
    convened,
    filled,
    posted,
    sold,
    voted,
)
from tests.prorata.store.made_logs import (
    DOLLAR,
    OTHER,
    SECONDS,
    START,
    TOKEN,
    VAULT,
    Event,
    MadeChain,
    move,
    paid,
    person,
    told,
)


def of(amount: dict[str, Any] | None) -> int | None:
    return None if amount is None else int(amount["units"])


def orders(served: Served, **asked: Any) -> list[tuple[Any, ...]]:
    found = served.json(f"/{TOKEN}/orders", params=asked)["orders"]
    return [(one["state"], one["maker"], of(one["filled"]), of(one["left"])) for one in found]


# ------------------------------------------------------------------------------------------ orders


def test_the_book_and_the_tape_of_a_made_chain(served):
    """Law 135: as of each block."""
    mine, other = person(1), person(3)
    assert orders(served) == [("open", other, 0, 20), ("open", mine, 4, 6)]
    assert orders(served, at="block:6") == [("open", other, 0, 20), ("open", mine, 3, 7)]
    assert orders(served, at="block:4") == []
    page = served.json(f"/{TOKEN}/trades")
    assert [(of(one["shares"]), of(one["paid"]), one["price"]) for one in page["trades"]] == [
        (3, 300, "1"), (1, 100, "1"),
    ]  # fmt: skip
    assert page["known"] is True
    first = served.json(f"/{TOKEN}/orders")["orders"][0]
    assert (first["price"], first["money"]["text"], first["settlement"]) == (
        "19/20", "19.00", SETTLEMENT,
    )  # fmt: skip


def test_what_is_of_another_token_is_not_told(serve: Serve):
    """Law 126: the contracts of the market serve several assets, and each is told its own."""
    theirs = [posted(1, 1, 5, 50, give=OTHER), *sold(OTHER), convened(1, 1, OTHER)]
    chain = MadeChain([[move(0, 1, 9), move(0, 1, 9, OTHER)], theirs])
    served = serve(chain, public=frozenset({TOKEN, OTHER}))
    for name in ("orders", "trades", "offerings", "meetings"):
        page = served.json(f"/{TOKEN}/{name}")
        assert (page[name], page["known"]) == ([], True)
    for name in ("orders", "offerings", "meetings"):
        assert len(served.json(f"/{OTHER}/{name}")[name]) == 1


@pytest.mark.parametrize(
    ("order", "state"),
    [
        (posted(1, 3, 9, 90, valid_until=START + SECONDS * 2), "expired"),
        (posted(1, 3, 9, 90, valid_until=START + SECONDS * 3), "open"),
        (posted(1, 3, 9, 90, record=1, record_token=TOKEN), "record closed"),
        (posted(1, 3, 9, 90, record=2, record_token=TOKEN), "open"),
        (posted(1, 3, 9, 90, record=2, record_token=OTHER), None),
        (posted(1, 3, 9, 90, least_fill=1), "malformed"),
        (posted(1, 3, 9, 90, fee_bps=1), "malformed"),
        (posted(1, 3, 9, 90, record=1), "malformed"),
        (posted(1, 3, 9, 90, fee_bps=101, fee_to=person(2)), "fee too high"),
        (posted(1, 3, 9, 90, valid_until=2**48 - 1), "open"),
    ],
)
def test_an_order_ends_by_what_it_says_itself(serve: Serve, order: Event, state: str | None):
    """Law 135: its time, its record, and fields that contradict each other."""
    record = told("RecordScheduled", recordId=1, closesAt=START + SECONDS + 5)
    served = serve(MadeChain([[move(0, 1, 9), record], [order], []]))
    [found] = orders(served, state="all")
    assert found == (state, person(1), 0, 9)
    assert bool(orders(served)) is (state in (None, "open"))


def test_of_a_block_whose_time_is_not_kept_nothing_is_said_that_time_decides(serve: Serve):
    """Law 135: what the ledger cannot know is null."""
    served = serve(MadeChain(STORY))
    meeting = convened(3, 1, closes_at=START + SECONDS * 11)
    served.chain.mine([posted(2, 3, 9, 90, valid_until=START + SECONDS * 11), meeting])
    for _ in range(4):
        served.chain.mine()
    served.chain.mine([move(1, 2, 1)])
    # Of blocks that are final those without an event are not kept.
    served.writer.note(served.chain.header(15), served.chain.header(15))
    served.read()
    for block, state, stage in ((10, "open", "open"), (12, None, None), (15, "expired", "closed")):
        page = served.json(f"/{TOKEN}/orders", params={"at": f"block:{block}", "state": "all"})
        assert (page["as_of"]["time"] is None) is (block == 12)
        states = {one["maker"]: one["state"] for one in page["orders"]}
        assert states == {person(1): "open", person(2): state, person(3): "open"}
        meetings = served.json(f"/{TOKEN}/meetings", params={"at": f"block:{block}"})["meetings"]
        assert meetings[2]["stage"] == stage


@pytest.mark.parametrize("seed", range(5))
def test_whatever_is_filled_and_cancelled_the_rest_is_left(serve: Serve, seed):
    """Law 135: against a count that is kept beside it."""
    dice = random.Random(seed)
    chain, law = MadeChain([[move(0, 1, 10_000)]]), {}
    for _ in range(30):
        maker, nonce = dice.randint(1, 3), dice.randint(0, 5)
        in_parts = dice.random() < 0.7
        key = maker, nonce | PARTS if in_parts else nonce
        if key not in law:
            size = dice.randint(2, 50)
            law[key] = [size, 0, False]
            chain.mine([posted(*key, size, size * 7)])
        elif law[key][2]:
            continue
        elif dice.random() < 0.2:
            law[key][2] = True
            chain.mine([cancelled(*key)])
        else:
            size, done, _ = law[key]
            part = size if not in_parts else dice.randint(1, size - done)
            law[key][1:] = [done + part, done + part == size]
            chain.mine([filled(*key, 4, part, part * 7)])
    served = serve(chain)
    found = served.json(f"/{TOKEN}/orders", params={"state": "all", "limit": 500})["orders"]
    makers = {person(number): number for number in range(1, 4)}
    assert {
        (makers[one["maker"]], int(one["nonce"])): (of(one["filled"]), of(one["left"]))
        for one in found
    } == {
        key: (done, 0 if over else size - done) for key, (size, done, over) in law.items()
    }  # fmt: skip


# ------------------------------------------------------------------------- offerings and meetings


def test_an_offering_of_a_made_chain(served):
    """Law 135: as of each block."""
    one = served.json(f"/{TOKEN}/offerings")["offerings"][0]
    assert (one["kind"], one["stage"], one["takes_orders"]) == ("offering", "open", True)
    assert [of(one[name]) for name in ("lot", "most", "least", "bids", "asks")] == [
        5,
        50,
        10,
        15,
        0,
    ]
    [money] = one["money"]
    assert (of(money["received"]), of(money["refundable"])) == (300, 300)
    # A lot of five shares for one dollar.
    assert money["lowest_price"] == money["highest_price"] == "1/5"
    assert served.json(f"/{TOKEN}/offerings", params={"at": "block:4"})["offerings"] == []


def test_a_meeting_of_a_made_chain(served):
    """Law 135: of a holder the last vote stands; of an open record nothing is known."""
    first, second = served.json(f"/{TOKEN}/meetings")["meetings"]
    assert [of(first[name]) for name in ("eligible", "present")] == [150, 80]
    [resolution] = first["resolutions"]
    counted = [of(resolution[name]) for name in ("in_favour", "against", "abstained")]
    assert (counted, resolution["carried"], first["quorate"]) == ([10, 0, 70], True, True)
    assert (first["stage"], first["vote_count"]) == ("open", 2)
    assert (second["eligible"], second["present"], second["quorate"]) == (None, None, None)
    assert second["resolutions"][0]["carried"] is None


def test_those_excluded_from_a_meeting_are_not_eligible(serve: Serve):
    """Law 135: the supply at the record less what they had, each counted once."""
    record = told("RecordScheduled", recordId=1, closesAt=START + SECONDS * 2)
    meeting = convened(1, 1, excluded=(person(1), person(1), person(9)))
    served = serve(
        MadeChain([[move(0, 1, 60), move(0, 2, 40), record], [], [meeting], [voted(1, 2, 40, 2)]])
    )
    [one] = served.json(f"/{TOKEN}/meetings")["meetings"]
    assert (of(one["eligible"]), of(one["present"])) == (40, 40)
    assert of(one["resolutions"][0]["against"]) == 40


# ------------------------------------------------------------------------------------------ claims


def distributed(number: int, amount: int, excluded: tuple[str, ...] = (), **terms: int) -> Event:
    given = (
        0, terms.get("payable_from", 0), terms.get("deadline", 0), person(1), person(0), bytes(32),
        list(excluded),
    )  # fmt: skip
    return paid(
        "Declared", id=number, token=TOKEN, currency=terms.get("currency", DOLLAR), recordId=1,
        declarer=person(1), received=amount, carriedIn=0, terms=given,
    )  # fmt: skip


def claims(served: Served, holder: int, **asked: Any) -> list[tuple[Any, ...]]:
    path = f"/{TOKEN}/holders/{person(holder)}/unclaimed"
    found = served.json(path, params={"state": "all", **asked})["unclaimed"]
    return [(one["number"], one["state"], of(one["gross"]), of(one["left"])) for one in found]


@pytest.mark.parametrize("seed", range(5))
def test_what_all_can_claim_is_the_law_of_apportionment(serve: Serve, seed):
    """Law 136: to the unit, with those excluded, whatever is held after the record."""
    dice = random.Random(seed)
    held = {person(number): dice.randint(1, 1_000) for number in range(1, 7)}
    first = [move(0, number, held[person(number)]) for number in range(1, 7)]
    record = told("RecordScheduled", recordId=1, closesAt=START + SECONDS)
    out = (person(2), person(2), person(8)) if seed % 2 else ()
    amount = dice.randint(1, 10**12)
    law = apportion(amount, held, out)
    chain = MadeChain([[*first, record], [move(1, 3, 1)], [distributed(1, amount, out)]])
    served = serve(chain)
    for number in range(1, 7):
        gross = law.gross[person(number)]
        state = "nothing" if person(number) in out else "claimable"
        assert claims(served, number) == [(1, state, gross, gross)]
    given = {"id": 1, "holder": person(3), "payee": person(3), "tax": 0}
    chain.mine([paid("Claimed", gross=law.gross[person(3)], **given)])
    served.read()
    assert claims(served, 3) == [(1, "claimed", law.gross[person(3)], 0)]
    assert served.json(f"/{TOKEN}/holders/{person(3)}/unclaimed")["unclaimed"] == []
    assert claims(served, 3, at="block:3")[0][1] == "claimable"


def test_times_and_ends_of_a_distribution(serve: Serve):
    """Law 136: before its time it is not due, after its deadline nobody can claim."""
    record = told("RecordScheduled", recordId=1, closesAt=START + SECONDS)
    timed = {"payable_from": START + SECONDS * 4, "deadline": START + SECONDS * 5}
    chain = MadeChain([[move(0, 1, 10), record], [], [distributed(1, 100, **timed)], [], [], []])
    chain.mine([paid("Swept", id=1, recipient=person(2), amount=100)])
    served = serve(chain)
    states = [claims(served, 1, at=f"block:{number}")[0][1:] for number in range(3, 8)]
    assert states == [
        ("not due", 100, 100), ("claimable", 100, 100), ("claimable", 100, 100),
        ("expired", 100, 0), ("swept", 100, 0),
    ]  # fmt: skip
    assert claims(served, 2) == [(1, "nothing", 0, 0)]


def test_a_record_that_was_cancelled_or_had_no_shares_goes_back(serve: Serve):
    """Law 136: nobody can claim of it."""
    record = told("RecordScheduled", recordId=1, closesAt=START + SECONDS * 9)
    chain = MadeChain([[move(0, 1, 10), record], [distributed(1, 100)]])
    served = serve(chain)
    assert claims(served, 1) == [(1, "record open", None, None)]
    chain.mine([told("RecordCancelled", recordId=1)])
    served.read()
    assert claims(served, 1) == [(1, "refundable", 0, 0)]
    chain.mine([paid("Refunded", id=1, declarer=person(1), amount=100)])
    served.read()
    assert claims(served, 1) == [(1, "refunded", 0, 0)]


def test_shares_that_the_vault_keeps_for_others_earn_nothing_once_it_pays_in_them(serve: Serve):
    """Law 136: as the vault, which is left out from the first distribution of such shares on."""
    record = told("RecordScheduled", recordId=1, closesAt=START + SECONDS)
    kept = (TOKEN, "ShareToken", "Transfer", {"from": person(0), "to": VAULT, "value": 30})
    own = distributed(2, 30, currency=TOKEN)
    chain = MadeChain([[move(0, 1, 70), kept, record], [], [distributed(1, 1_000)], [own]])
    chain.mine([distributed(3, 1_000)])
    served = serve(chain)
    assert [one[2] for one in claims(served, 1)] == [700, 21, 1_000]


def test_a_range_of_records_counts_each_as_often_as_it_weighs(serve: Serve):
    """Law 136: and nothing is known before the last of them has closed."""
    ranges = "0x" + "8" * 40
    defined = {"rangeId": 1, "definer": person(1), "recordIds": [1, 2], "weights": [1, 3]}
    terms = (0, 0, 0, person(0), person(0), bytes(32), [])
    declared = paid(
        "Declared", id=1, token=ranges, currency=DOLLAR, recordId=1, declarer=person(1),
        received=1_000, carriedIn=0, terms=terms,
    )  # fmt: skip
    records = [
        told("RecordScheduled", recordId=number, closesAt=START + SECONDS * (2 * number - 1))
        for number in (1, 2)
    ]
    chain = MadeChain([
        [move(0, 1, 60), move(0, 2, 40), *records],
        [(ranges, "RecordRanges", "RangeDefined", defined), declared, move(1, 2, 10)],
        [], [move(1, 2, 50)],
    ])  # fmt: skip
    served = serve(chain)
    mine = served.writer.add_asset(TOKEN, "Harbour", "HAR", 0)
    served.writer.add_source(
        ranges, "RecordRanges", ours=True, first_block=1, assets=[mine], head=chain.head
    )
    served.read()
    # 60 + 3 * 50 and 40 + 3 * 50, of 400.
    assert claims(served, 1) == [(1, "claimable", 525, 525)]
    assert claims(served, 2) == [(1, "claimable", 475, 475)]
    assert claims(served, 1, at="block:2") == [(1, "record open", None, None)]
    page = served.json(f"/{TOKEN}/holders/{person(1)}/unclaimed")
    assert [(one["ranges"], of(one["shares"])) for one in page["unclaimed"]] == [(True, 210)]


def test_the_currencies_of_a_market_are_found_and_are_not_without_number(serve: Serve):
    """Whoever posts orders for whatever calls itself money does not keep the service waiting."""
    strange = [checksummed(f"0x{number:040x}") for number in range(1, 140)]
    chain = MadeChain([[posted(1, 200 + n, 5, 50, take=one) for n, one in enumerate(strange)]])
    chain.mine(sold())
    database = serve(chain).client.app.state.service.reader.database
    with database.snapshot() as connection:
        [row, _] = connection.execute(select(schema.asset).order_by(schema.asset.c.id)).all()
        asset = FollowedAsset(row.id, row.chain, row.token, row.symbol, row.decimals)
        found = currencies_of(connection, asset, moment(connection, row.id, None))
    assert (len(found), found[0]) == (100, DOLLAR)
