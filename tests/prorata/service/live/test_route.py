"""The stream over a real line: resumed by id, each sees its own, bounded, ended in time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress

import httpx
import pytest

from prorata.service.routes import events as route
from prorata.store.keys import add_key, revoke_key
from prorata.store.office import Office, office_place
from tests.prorata.service.conftest import CHAIN_ID, SECRET
from tests.prorata.service.live.lines import Listener, free_port, running
from tests.prorata.store.made_logs import OTHER, TOKEN, move


def until(what: Callable[[], bool], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def get(address: str, path: str, **options) -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        return client.get(f"{address}{path}", **options)


def mine(served, number: int, token: str = TOKEN) -> None:
    served.chain.mine([move(0, 1, number, token)])
    served.read()


def test_a_client_that_comes_back_hears_what_it_has_missed(serve) -> None:
    """Law 117: by its last id, from another process of the API, once and in order."""
    served = serve()
    client = Listener()
    with running(served.client.app) as address:
        reading = client.in_thread(address)
        until(lambda: client.place is not None)
        mine(served, 1)
        until(lambda: len(client.events) == 1)
    reading.join(60)
    assert client.ended == 1
    mine(served, 2)
    served.writer.undo(served.chain.head - 1)
    served.chain.reorganise(served.chain.head - 1, [[move(0, 1, 3)]])
    served.read()
    from prorata.service.app import create_app
    from prorata.service.settings import Settings

    app = create_app(Settings(ledger=served.place, secrets=(SECRET,), public=frozenset({TOKEN})))
    with running(app) as address:
        client.listen(address, lambda me: len(me.events) >= 3)
        # From the beginning, as a program asks for it.
        whole = Listener()
        epoch = client.ids[0].partition(":")[0]
        whole.listen(address, lambda me: me.ids[-1:] == client.ids[-1:], after=f"{epoch}:0")
        assert get(address, "/v1/events", params={"after": "5"}).json()["status"] == 422
        other = Listener()
        other.listen(address, lambda me: len(me.events) == 1, after="another-epoch:3")
    # The block that was replaced before it came back is not told of: it sees this asset only.
    assert [one["kind"] for one in client.events] == ["block", "undo", "block"]
    assert client.events[2]["events"][0]["arguments"]["value"] == "3"
    assert whole.ids[-3:] == client.ids
    assert whole.events[0]["block"] == 1
    assert other.events[0]["kind"] == "reset"


def test_each_hears_of_its_own_assets(serve, place: str) -> None:
    """Law 119: a key of the other asset hears of that, and of what is public."""
    with closing(Office.open(office_place(place), who="me", create=True, tenant="ann")) as office:
        served = serve(office=office_place(place), public=frozenset(), key_seconds=0)
        text = add_key(office, "one", scopes={"read"}, assets=[(CHAIN_ID, OTHER)])[1]
        client = Listener({"Authorization": f"Bearer {text}"})
        with running(served.client.app) as address:
            assert get(address, "/v1/events").status_code == 404
            reading = client.in_thread(address)
            until(lambda: client.place is not None)
            mine(served, 5, TOKEN)
            mine(served, 6, OTHER)
            until(lambda: len(client.events) == 1)
            assert client.events[0]["events"][0]["contract"] == OTHER
        reading.join(60)


def test_a_key_that_is_revoked_is_cut_off(serve, place: str, monkeypatch) -> None:
    """Law 119: within the time for which it is believed."""
    monkeypatch.setattr(route.EventStream.__init__, "__kwdefaults__",
                        {**route.EventStream.__init__.__kwdefaults__, "again": 0.1})  # fmt: skip
    with closing(Office.open(office_place(place), who="me", create=True, tenant="ann")) as office:
        served = serve(office=office_place(place), public=frozenset(), key_seconds=0)
        text = add_key(office, "one", scopes={"read"}, assets=[(CHAIN_ID, TOKEN)])[1]
        client = Listener({"Authorization": f"Bearer {text}"})
        with running(served.client.app) as address:
            reading = threading.Thread(
                target=lambda: suppress(httpx.HTTPError).__enter__() or _listen(client, address)
            )
            reading.start()
            until(lambda: client.place is not None)
            [made] = [entry.subject for entry in office.trail()]
            revoke_key(office, made)
            reading.join(60)
            assert not reading.is_alive()
            assert served.client.app.state.live.seats.taken == {}


def _listen(client: Listener, address: str) -> None:
    with suppress(httpx.HTTPError):
        client.listen(address)


def test_there_are_so_many_streams_for_one(serve) -> None:
    """Law 120: the next is refused, and takes the place of one that has gone."""
    served = serve()
    live = served.client.app.state.live
    live.seats.of_one = 2
    with running(served.client.app) as address:
        clients = [Listener(), Listener()]
        for client in clients:
            client.in_thread(address, lambda me: len(me.events) == 1)
        until(lambda: all(client.place for client in clients))
        refused = get(address, "/v1/events")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "10")
        mine(served, 1)
        until(lambda: live.seats.taken == {})
        third = Listener()
        third.in_thread(address)
        until(lambda: third.place is not None)


SERVE = """
import uvicorn
from prorata.service.app import create_app
from prorata.service.settings import Settings
settings = Settings(
    ledger={place!r}, secrets=({secret!r},), public=frozenset({{{token!r}}}), drain_seconds=0
)
app = create_app(settings)
uvicorn.run(app, host="127.0.0.1", port={port}, log_level="critical", timeout_graceful_shutdown=900)
"""


@pytest.mark.slow
def test_kills_and_ends_of_real_processes_lose_nothing(serve) -> None:
    """Laws 117 and 120: three clients, a process that is killed, asked to end, and begun again.

    Asked to end it lets its clients go at once, and not when its grace is over.
    """
    served = serve()
    port = free_port()
    program = SERVE.format(place=served.place, secret=SECRET, token=TOKEN, port=port)
    address = f"http://127.0.0.1:{port}"
    clients = [Listener() for _ in range(3)]
    over = threading.Event()

    def stay(client: Listener) -> None:
        while not over.is_set():
            with suppress(httpx.HTTPError):
                client.listen(address, lambda _: over.is_set())
            time.sleep(0.02)

    def begin() -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-c", program], env=os.environ.copy())

        def ready() -> bool:
            with suppress(httpx.HTTPError):
                return get(address, "/health").status_code == 200
            return False

        until(ready)
        return process

    process = begin()
    threads = [threading.Thread(target=stay, args=(one,), daemon=True) for one in clients]
    for thread in threads:
        thread.start()
    until(lambda: all(client.place for client in clients))
    first = served.chain.head + 1
    for number in range(12):
        mine(served, number + 1)
        if number == 3:
            process.kill()
            process.wait()
            mine(served, 1_000 + number)
            process = begin()
        elif number == 8:
            process.send_signal(signal.SIGTERM)
            # Its grace is longer.
            process.wait(120)
            mine(served, 2_000 + number)
            process = begin()
    expected = list(range(first, served.chain.head + 1))
    with suppress(AssertionError):
        until(lambda: all(len(client.events) >= len(expected) for client in clients))
    over.set()
    process.terminate()
    process.wait(120)
    for client in clients:
        assert [one["block"] for one in client.events] == expected
        assert len(set(client.ids)) == len(client.ids)
