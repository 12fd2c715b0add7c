"""Pages of one moment: whatever comes meanwhile, they add up to what was there at the first one."""

from __future__ import annotations

import random
from typing import Any

import pytest

from prorata.service.settings import Settings
from tests.prorata.service.conftest import SECRET, STORY, Served
from tests.prorata.store.made_logs import TOKEN, MadeChain, move, person

LISTS = (
    "holders",
    "captable",
    "transfers",
    "records",
    "distributions",
    "unclaimed",
    "orders",
    "trades",
    "offerings",
    "meetings",
    f"holders/{person(1)}/unclaimed",
)


def rows(page: dict[str, Any]) -> list[Any]:
    [found] = [value for value in page.values() if isinstance(value, list)]
    return found


def all_pages(
    served: Served, path: str, limit: int, between: Any = None, **asked: Any
) -> list[Any]:
    """Every page; `between` is done before each but the first."""
    found = [served.json(path, params={"limit": limit, **asked})]
    while found[-1]["next"] is not None:
        if between is not None:
            between()
        following = {"limit": limit, **asked, "cursor": found[-1]["next"]}
        found.append(served.json(path, params=following))
    return found


def crowd(seed: int, holders: int, blocks: int) -> MadeChain:
    """Shares that are issued to many, and then move about."""
    dice = random.Random(seed)
    chain = MadeChain([[move(0, number, 100) for number in range(1, holders + 1)]])
    for _ in range(blocks):
        trade(chain, dice, holders)
    return chain


def trade(chain: MadeChain, dice: random.Random, holders: int) -> None:
    giver, receiver = dice.sample(range(1, holders + 1), 2)
    chain.mine([move(giver, receiver, 1), move(0, holders + chain.head, 3)])


@pytest.mark.parametrize("limit", [1, 3, 7, 500])
def test_all_pages_are_the_whole_of_one_moment_while_blocks_arrive(serve, limit):
    """Law 124: whatever comes meanwhile."""
    chain, dice = crowd(limit, 9, 6), random.Random(limit)
    served = serve(chain)
    for kind in ("holders", "transfers", "captable"):
        whole = rows(served.json(f"/{TOKEN}/{kind}", params={"limit": 500}))
        head = chain.head

        def arrive() -> None:
            trade(chain, dice, 9)
            served.read()

        pages = all_pages(served, f"/{TOKEN}/{kind}", limit, arrive)
        assert [row for page in pages for row in rows(page)] == whole
        assert {page["as_of"]["block"] for page in pages} == {head}
        assert all(len(rows(page)) == limit for page in pages[:-1])
        assert len(pages) == max(1, -(-len(whole) // limit))


@pytest.mark.parametrize("kind", LISTS)
def test_every_list_has_pages(served, kind):
    """Law 124: whatever comes meanwhile."""
    asked = {"at": "block:8"} | ({"state": "all"} if "/" in kind else {})
    whole = rows(served.json(f"/{TOKEN}/{kind}", params={"limit": 500, **asked}))
    pages = all_pages(served, f"/{TOKEN}/{kind}", 1, **asked)
    assert [row for page in pages for row in rows(page)] == whole
    assert len(pages) == len(whole) >= 1


def test_pages_of_a_past_moment_are_of_it(serve):
    """Law 124: whatever comes meanwhile."""
    served = serve(crowd(1, 5, 3))
    pages = all_pages(served, f"/{TOKEN}/holders", 2, at="block:1")
    held = {one["address"]: one["shares"]["units"] for page in pages for one in rows(page)}
    assert held == {person(number): "100" for number in range(1, 6)}


def first_cursor(served: Served) -> str:
    return str(served.json(f"/{TOKEN}/holders", params={"limit": 1})["next"])


def refused(served: Served, path: str, **asked: Any) -> tuple[int, str]:
    answer = served.get(path, params=asked)
    return answer.status_code, answer.json()["detail"]


def test_a_cursor_that_was_changed_or_made_elsewhere_is_refused(served):
    """Law 124: whatever comes meanwhile."""
    cursor = first_cursor(served)
    path = f"/{TOKEN}/holders"
    changed = ("A" if cursor[4] != "A" else "B").join((cursor[:4], cursor[5:]))
    for text in (changed, cursor[:-1], cursor.rpartition(".")[0], "x", "é", cursor + "0"):
        status, sentence = refused(served, path, limit=1, cursor=text)
        assert (status, "is no cursor that this service has given" in sentence) == (422, True), text


def test_a_cursor_of_another_question_is_refused(served):
    """Law 124: whatever comes meanwhile."""
    cursor = first_cursor(served)
    for path, more in (
        (f"/{TOKEN}/captable", {}),
        (f"/{TOKEN}/transfers", {}),
        (f"/{TOKEN}/holders", {"at": "block:3"}),
    ):
        status, sentence = refused(served, path, cursor=cursor, **more)
        assert (status, "is the cursor of another question" in sentence) == (422, True)
    # How many a page has is no part of the question.
    assert served.get(f"/{TOKEN}/holders", params={"cursor": cursor, "limit": 9}).status_code == 200


def test_a_cursor_is_read_with_the_old_secret_until_that_is_taken_away(serve):
    new = "another secret of more than thirty-two letters"
    served = serve()
    cursor = first_cursor(served)

    def status(*secrets: str) -> int:
        from prorata.service.app import create_app
        from tests.prorata.service.client import Client

        settings = Settings(served.place, secrets, public=frozenset({TOKEN}))
        with Client(create_app(settings)) as client:
            path = f"/v1/assets/{TOKEN}/holders"
            return client.get(path, params={"cursor": cursor}).status_code

    assert (status(new, SECRET), status(SECRET, new), status(new)) == (200, 200, 422)


def test_pages_end_when_a_reorganisation_takes_their_block(serve):
    """Law 124: whatever comes meanwhile."""
    served = serve(MadeChain(STORY))
    cursor = first_cursor(served)
    served.chain.reorganise(7, [[move(1, 5, 3)], []])
    served.writer.undo(7)
    served.read()
    status, sentence = refused(served, f"/{TOKEN}/holders", cursor=cursor)
    assert status == 410
    assert sentence.startswith("the moment is gone: these pages are of block 9, and")
    assert served.get(f"/{TOKEN}/holders").status_code == 200


def test_pages_go_on_when_a_reorganisation_is_above_their_block(serve):
    """Law 124: whatever comes meanwhile."""
    served = serve(MadeChain(STORY))
    path = f"/{TOKEN}/holders"
    first = served.json(path, params={"limit": 1, "at": "block:4"})
    served.chain.reorganise(7, [[move(1, 5, 3)], []])
    served.writer.undo(7)
    served.read()
    asked = {"limit": 9, "at": "block:4", "cursor": first["next"]}
    held = rows(first) + rows(served.json(path, params=asked))
    assert sum(int(one["shares"]["units"]) for one in held) == 150


@pytest.mark.parametrize("limit", [0, -1, 501, "many", 2**64])
def test_a_page_has_one_to_five_hundred(served, limit):
    answer = served.get(f"/{TOKEN}/holders", params={"limit": limit})
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["place"] == "query.limit"
