"""Digests: what is not urgent is one message for each time, of all that still is so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prorata.alerts.delivery import BACK_OFF, Courier, _words
from prorata.alerts.digests import MOST
from prorata.alerts.listing import listed_alerts
from prorata.alerts.receivers import Receiver, read_receivers
from prorata.errors import InputError
from prorata.store.database import Database
from tests.prorata.alerts.told import Stage, rule
from tests.prorata.store.made_logs import person, told

QUARTER = 900
AT_HEAD = rule(when="event", event="AgentAdded", decided_at="head", says="An agent was added")
URGENT = rule(name="gone", when="event", event="AgentRemoved", severity="critical")


class Post:
    """A receiver with digests; `got` is what came, and nothing comes while it is `down`."""

    def __init__(self, database: Database) -> None:
        self.now = QUARTER * 1_000.0
        self.down = False
        self.got: list[tuple[str, dict]] = []
        receiver = Receiver(name="desk", apprise_file=Path("none"), digest="15min")
        self.stage = Stage(database)
        self.decider = self.stage.decider(
            AT_HEAD, URGENT, addressees=[receiver.addressee], clock=lambda: self.now
        )
        self.courier = Courier(
            database, [receiver], clock=lambda: self.now, senders={"desk": self._take}
        )
        self.decider.step()

    def _take(self, _: Receiver, id_: str, body: str, __: float) -> str | None:
        if self.down:
            return "nobody is there"
        self.got.append((id_, json.loads(body)))
        return None

    def happens(self, *numbers: int, name: str = "AgentAdded", final: bool = False) -> None:
        self.stage.mine([told(name, agent=person(number)) for number in numbers], final=final)
        self.decider.step()

    def at(self, second: int) -> int:
        """How many messages come then."""
        self.now, before = QUARTER * 1_000.0 + second, len(self.got)
        self.courier.run()
        return len(self.got) - before


@pytest.fixture
def post(database: Database) -> Post:
    return Post(database)


def test_what_is_not_critical_waits_for_the_digest(post: Post) -> None:
    """Law 111: each alert is in one of them, and what is critical does not wait."""
    post.happens(1)
    post.now += 600
    post.happens(2, 3)
    post.happens(4, name="AgentRemoved", final=True)
    ids = [row.id for row in post.stage.rows() if row.name == "a-rule"]
    assert post.at(899) == 1
    assert post.got[0][1]["type"] == "alert"
    assert post.courier.next_due() == QUARTER * 1_001
    assert [post.at(900), post.at(901)] == [1, 0]
    id_, said = post.got[1]
    assert (said["type"], said["id"]) == ("alerts.digest", id_)
    assert sorted(one["id"] for one in said["data"]["alerts"]) == sorted(ids)
    assert (said["data"]["says"], said["data"]["severity"]) == ("3 alerts", "warning")
    post.happens(5)
    assert [post.at(1_799), post.at(1_800)] == [0, 1]
    assert post.got[2][0] != id_
    title, text = _words(json.dumps(said), id_)
    assert title == "[warning] 3 alerts"
    assert f"[warning] An agent was added (a-rule of {said['data']['alerts'][0]['asset']}" in text
    assert all(one in text for one in (*ids, id_))


def test_what_was_withdrawn_is_not_in_it(post: Post) -> None:
    """Law 108: nobody has heard of it; of what was in one, the withdrawal follows at once."""
    post.happens(1)
    post.happens(2)
    post.stage.reorganise(1)
    post.decider.step()
    assert post.at(900) == 1
    [one] = post.got[0][1]["data"]["alerts"]
    post.stage.reorganise(0)
    post.decider.step()
    assert post.at(901) == 1
    assert post.got[1][1]["type"] == "alert.withdrawn"
    assert post.got[1][1]["data"]["withdraws"] == one["id"]
    post.happens(3)
    post.stage.reorganise(0)
    post.decider.step()
    assert post.at(1_800) == 0


def test_a_digest_keeps_its_id_and_its_words(post: Post) -> None:
    """Law 111: tried again as any other message, one digest for each time, and given up."""
    post.down = True
    post.happens(1)
    post.at(900)
    post.happens(2)
    post.at(1_801)
    post.down = False
    post.at(1_801 + 300)
    digests = [row for row in post.stage.rows() if row.kind == "digest"]
    assert sorted(post.got) == [
        (row.id, json.loads(row.body)) for row in sorted(digests, key=lambda row: row.id)
    ]
    assert len(digests) == 2
    post.down = True
    post.happens(3)
    for _ in (0, *BACK_OFF):
        post.now = float(post.courier.next_due() or 0)
        post.courier.run()
    assert post.courier.next_due() is None
    chain = f"1:{post.stage.genesis}"
    [dead] = listed_alerts(post.stage.database, chain, dead=True)
    assert (dead["kind"], dead["deliveries"][0]["said"]) == ("digest", "nobody is there")


def test_two_couriers_make_one_digest(post: Post) -> None:
    """Law 107: and of very many alerts several."""
    post.happens(*range(1, MOST + 2))
    other = Courier(
        post.stage.database, post.courier.receivers, clock=lambda: post.now,
        senders=post.courier.senders,
    )  # fmt: skip
    assert post.at(900) == 2
    other.run()
    assert len(post.got) == 2
    listed = [one["id"] for _, said in post.got for one in said["data"]["alerts"]]
    assert len(set(listed)) == len(listed) == MOST + 1


def test_it_is_written_in_the_receivers_file(tmp_path: Path) -> None:
    """As a length of time."""
    path = tmp_path / "receivers.yaml"
    path.write_text("receivers:\n  - {name: a, apprise_file: x, digest: 15min}\n")
    [receiver] = read_receivers(path)
    assert receiver.addressee.digest == QUARTER
    path.write_text("receivers:\n  - {name: a, apprise_file: x, digest: often}\n")
    with pytest.raises(InputError, match="no length of time"):
        read_receivers(path)
