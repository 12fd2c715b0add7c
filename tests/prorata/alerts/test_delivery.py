"""Delivery: to a real receiver, which verifies with the library's own verifier."""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
import standardwebhooks.webhooks as library
from sqlalchemy import select

from prorata.alerts import webhooks
from prorata.alerts.delivery import BACK_OFF, Courier, notify
from prorata.alerts.outbox import Addressee
from prorata.alerts.receivers import Receiver, read_receivers
from prorata.errors import InputError
from prorata.store.database import Database
from prorata.store.outbox_schema import alert_delivery
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.alerts.told import Stage, rule
from tests.prorata.store.made_logs import person, told

HOUR = 3_600
SECRETS = ["whsec_" + base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2)]
AT_HEAD = rule(when="event", event="AgentAdded", decided_at="head")


class Clock:
    """A time that passes when it is told to; the library's verifier has the same."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_800_000_000.0
        outer = self

        class Shown(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:
                del tz
                return datetime.fromtimestamp(outer.now, tz=timezone.utc)

        monkeypatch.setattr(library, "datetime", Shown)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Of false time."""
    return Clock(monkeypatch)


class Desk:
    """Receives; `up` says whether it answers well, `verified` what it has believed."""

    def __init__(self, secret: str) -> None:
        self.verifier = library.Webhook(secret)
        self.answer = 204
        self.verified: list[dict] = []
        self.seen: list[dict[str, str]] = []
        desk = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                desk.seen.append(dict(self.headers.items()))
                if desk.answer == 204:
                    desk.verified.append(desk.verifier.verify(body, dict(self.headers.items())))
                self.send_response(desk.answer)
                self.send_header("location", "http://127.0.0.1/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]


@contextmanager
def listening(secret: str) -> Iterator[Desk]:
    desk = Desk(secret)
    thread = threading.Thread(target=desk.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield desk
    finally:
        desk.server.shutdown()
        desk.server.server_close()
        thread.join()


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A receiver that is up, and knows the second secret."""
    with listening(SECRETS[1]) as found:
        yield found


def webhook(folder: Path, port: int, **said: object) -> Receiver:
    for number, secret in enumerate(SECRETS):
        (folder / f"{number}.secret").write_text(secret + "\n")
    files = [folder / "0.secret", folder / "1.secret"]
    settings = {
        "name": "desk", "webhook": f"http://127.0.0.1:{port}/in?x=1", "secret_files": files,
        "permit": ["127.0.0.1/32"], **said,
    }  # fmt: skip
    return Receiver.model_validate(settings)


def events(stage: Stage, number: int, *, final: bool = False) -> None:
    stage.mine([told("AgentAdded", agent=person(n + 1)) for n in range(number)], final=final)


def states(stage: Stage) -> Counter:
    return Counter(state for _, _, state in stage.deliveries())


def test_a_message_is_delivered_and_verified(
    database: Database, clock: Clock, desk: Desk, tmp_path: Path
) -> None:
    """Law 111: signed by both secrets, so that whoever knows either believes it; once."""
    stage = Stage(database)
    decider = stage.decider(AT_HEAD, addressees=[Addressee("desk")], clock=clock)
    decider.step()
    events(stage, 1)
    decider.step()
    courier = Courier(database, [webhook(tmp_path, desk.port)], clock=clock)
    assert courier.next_due() == int(clock.now)
    assert courier.run().delivered == 1
    assert courier.run().delivered == 0
    assert courier.next_due() is None
    [row] = stage.rows()
    [said] = desk.verified
    assert said == json.loads(row.body)
    [headers] = desk.seen
    assert headers["webhook-id"] == row.id
    assert len(headers["webhook-signature"].split(" ")) == 2


def test_a_withdrawal_is_delivered_to_who_heard(
    database: Database, clock: Clock, desk: Desk, tmp_path: Path
) -> None:
    """Law 108: with an id of its own; what nobody heard of is not withdrawn aloud."""
    stage = Stage(database)
    decider = stage.decider(AT_HEAD, addressees=[Addressee("desk")], clock=clock)
    courier = Courier(database, [webhook(tmp_path, desk.port)], clock=clock)
    decider.step()
    events(stage, 1)
    decider.step()
    courier.run()
    events(stage, 2)
    decider.step()
    stage.reorganise(0)
    assert decider.step().withdrawals == 3
    assert courier.run().delivered == 1
    first, second = desk.verified
    assert (first["type"], second["type"]) == ("alert", "alert.withdrawn")
    assert second["data"]["withdraws"] == first["id"] != second["id"]
    assert states(stage) == {"delivered": 2, "cancelled": 2}


def test_an_alert_that_is_cancelled_while_it_is_in_hand_stays_cancelled(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    """Law 108: its receiver hears of the withdrawal, since it may have heard of the alert."""
    stage = Stage(database)
    decider = stage.decider(AT_HEAD, addressees=[Addressee("desk")], clock=clock)
    decider.step()
    events(stage, 1)
    decider.step()
    sent: list[str] = []

    def slow(_: Receiver, id_: str, __: str, ___: float) -> None:
        sent.append(id_)
        if len(sent) == 1:
            stage.reorganise(0)
            decider.step()

    receiver = webhook(tmp_path, 1)
    Courier(database, [receiver], clock=clock, senders={"desk": slow}).run()
    assert states(stage) == {"cancelled": 1, "delivered": 1}
    assert [one.partition("_")[0] for one in sent] == ["alert", "withdrawal"]


def test_ten_thousand_alerts_and_a_receiver_that_is_down_for_an_hour(
    sqlite: str, clock: Clock, tmp_path: Path
) -> None:
    """Laws 107 and 111: each id is delivered, none is decided twice, and all are believed."""
    with closing(Database.open(sqlite, create=True)) as database:
        stage = Stage(database)
        decider = stage.decider(AT_HEAD, addressees=[Addressee("desk")], clock=clock)
        decider.step()
        for _ in range(20):
            events(stage, 500)
            decider.step()
            decider.step()
        ids = {row.id for row in stage.rows()}
        assert len(ids) == len(stage.rows()) == 10_000
        # Nobody listens on a port that was just let go.
        with listening(SECRETS[0]) as gone:
            port = gone.port
        down = Courier(database, [webhook(tmp_path, port)], clock=clock, at_once=500)
        began = clock.now
        tries = 0
        while (due := down.next_due()) is not None and due < began + HOUR:
            clock.now = max(clock.now, due)
            tries += down.run().failed
        assert tries == 40_000
        with listening(SECRETS[1]) as desk:
            up = Courier(database, [webhook(tmp_path, desk.port)], clock=clock, at_once=500)
            clock.now = up.next_due() or 0
            assert up.run().delivered == 10_000
            assert Counter(said["id"] for said in desk.verified) == Counter(ids)
        assert states(stage) == {"delivered": 10_000}


def test_it_is_tried_seven_times_and_given_up(
    database: Database, clock: Clock, desk: Desk, tmp_path: Path
) -> None:
    """Law 111: each time signed anew; what was said last stands with the dead letter."""
    stage = Stage(database)
    decider = stage.decider(AT_HEAD, addressees=[Addressee("desk")], clock=clock)
    decider.step()
    events(stage, 1)
    decider.step()
    desk.answer = 503
    courier = Courier(database, [webhook(tmp_path, desk.port)], clock=clock)
    waits = []
    while (due := courier.next_due()) is not None:
        waits.append(due - int(clock.now))
        clock.now = due
        courier.run()
    assert waits == [0, *BACK_OFF]
    assert states(stage) == {"dead": 1}
    [row] = stage.rows(alert_delivery)
    assert (row.attempts, row.said) == (7, "answered 503")
    assert len({headers["webhook-timestamp"] for headers in desk.seen}) == 7
    assert len({headers["webhook-signature"] for headers in desk.seen}) == 7
    assert len({headers["webhook-id"] for headers in desk.seen}) == 1


def test_what_a_killed_one_had_in_hand_is_taken_over(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    """Law 111: after a minute, and not before; the attempt has counted."""
    stage = Stage(database)
    decider = stage.decider(AT_HEAD, addressees=[Addressee("desk")], clock=clock)
    decider.step()
    events(stage, 1)
    decider.step()

    def killed(*_: object) -> str:
        raise KeyboardInterrupt

    receiver = webhook(tmp_path, 1)
    with pytest.raises(KeyboardInterrupt):
        Courier(database, [receiver], clock=clock, senders={"desk": killed}).run()
    other = Courier(database, [receiver], clock=clock, senders={"desk": lambda *_: None})
    assert other.run().delivered == 0
    clock.now += 60
    assert other.run().delivered == 1
    assert [row.attempts for row in stage.rows(alert_delivery)] == [2]


def test_a_slow_receiver_does_not_outlast_the_claim(
    database: Database, clock: Clock, tmp_path: Path
) -> None:
    """What was not tried is let go, and its attempts are not counted."""
    stage = Stage(database)
    decider = stage.decider(AT_HEAD, addressees=[Addressee("desk")], clock=clock)
    decider.step()
    events(stage, 4)
    decider.step()

    def slow(*_: object) -> None:
        clock.now += 20

    courier = Courier(database, [webhook(tmp_path, 1)], clock=clock, senders={"desk": slow})
    assert courier.run().delivered == 4
    assert {row.attempts for row in stage.rows(alert_delivery)} == {1}


def test_a_redirect_is_not_followed(clock: Clock, desk: Desk, tmp_path: Path) -> None:
    """It might lead to where nothing may be sent."""
    desk.answer = 302
    fault = webhooks.send(webhook(tmp_path, desk.port), "alert_1", "{}", clock.now)
    assert fault == "answered 302, a redirect, which is not followed"
    assert len(desk.seen) == 1


# ---------------------------------------------------------------------------------- where it goes


NOT_PUBLIC = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:8.8.8.8", "::ffff:10.0.0.1",
    "::8.8.8.8", "64:ff9b::808:808", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:808:808::1",
    "2002:a00:1::", "2001:0:808:808::1", "2001:db8::1", "fc00::1", "fd12::1", "fe80::1", "fec0::1",
    "ff02::1", "100::1", "2001:10::1", "4000::1",
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_nothing_is_sent_to_what_is_not_public(tmp_path: Path, text: str) -> None:
    """Law 111: one such address among others is enough to refuse."""
    assert webhooks.forbidden(ip_address(text)) is not None
    receiver = webhook(tmp_path, 1, webhook="https://hooks.example.org/", permit=[])
    with pytest.raises(InputError, match="leads to"):
        webhooks.send(receiver, "a", "{}", 0, resolver=lambda *_: ["8.8.8.8", text])


@pytest.mark.parametrize("text", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::1"])
def test_public_addresses_may_be_sent_to(text: str) -> None:
    """And an operator permits a network, and that one only."""
    assert webhooks.forbidden(ip_address(text)) is None
    found = webhooks.checked_addresses("x", 443, (), lambda *_: [text])
    assert [str(one) for one in found] == [text]


def test_a_permit_is_for_its_network_only(tmp_path: Path) -> None:
    """Law 111: and without encryption nothing goes to what is public."""
    receiver = webhook(tmp_path, 1)
    with pytest.raises(InputError, match=r"leads to 127\.0\.0\.2"):
        webhooks.send(receiver, "a", "{}", 0, resolver=lambda *_: ["127.0.0.2"])
    with pytest.raises(InputError, match="is public and not https"):
        webhooks.send(receiver, "a", "{}", 0, resolver=lambda *_: ["8.8.8.8"])


def test_the_connection_is_made_to_the_address_that_was_checked(
    clock: Clock, desk: Desk, tmp_path: Path
) -> None:
    """Law 111: the name is asked once, so that a second answer cannot lead elsewhere."""
    asked: list[str] = []

    def resolver(host: str, _: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    url = f"http://hooks.invalid:{desk.port}/"
    receiver = webhook(tmp_path, 1, webhook=url)
    assert webhooks.send(receiver, "alert_1", "{}", clock.now, resolver=resolver) is None
    assert asked == ["hooks.invalid"]
    assert desk.seen[0]["Host"] == f"hooks.invalid:{desk.port}"


def test_a_name_without_an_address_and_a_server_without_tls_are_faults(
    desk: Desk, tmp_path: Path
) -> None:
    """They are tried again later."""
    receiver = webhook(tmp_path, 1, webhook=f"https://hooks.invalid:{desk.port}/")
    fault = webhooks.send(receiver, "a", "{}", 0, resolver=lambda *_: [])
    assert fault == "OSError: hooks.invalid has no address"
    fault = webhooks.send(receiver, "a", "{}", 0, resolver=lambda *_: ["127.0.0.1"])
    assert fault is not None
    assert "SSL" in fault
    assert webhooks.resolve("127.0.0.1", 80) == ["127.0.0.1"]


# -------------------------------------------------------------------------------------- the file


def test_the_receivers_of_the_example_can_be_read(tmp_path: Path) -> None:
    """With their secrets beside them, as they are when they are used."""
    source = PROJECT_ROOT / "examples/alerts/receivers.yaml"
    path = tmp_path / "receivers.yaml"
    path.write_text(source.read_text())
    desk, mail = read_receivers(path)
    with pytest.raises(InputError, match="cannot be read"):
        desk.secrets()
    (tmp_path / "desk.secret").write_text(SECRETS[0])
    (tmp_path / "mail.address").write_text("json://127.0.0.1:1/\n")
    assert desk.secrets() == [SECRETS[0]]
    assert mail.apprise_address() == "json://127.0.0.1:1/"
    assert mail.addressee == Addressee("mail", "critical")
    assert not mail.addressee.wants("warning")
    with pytest.raises(InputError, match="is a webhook"):
        desk.apprise_address()


REFUSED = [
    ({"webhook": "http://hooks.example.org/", "permit": []}, "is not https"),
    ({"webhook": "ftp://hooks.example.org/"}, "is not https"),
    ({"webhook": "https:///x"}, "has no host or port"),
    ({"webhook": "https://x:0/"}, "has no host or port"),
    ({"webhook": "https://x:99999/"}, "no sound port"),
    ({"webhook": "https://user:word@x/"}, "has a user or a fragment"),
    ({"secret_files": []}, "has no secret"),
    ({"permit": ["localhost"]}, "permits localhost"),
    ({"apprise_file": "x"}, "both kinds of address or none"),
    ({"webhook": None}, "both kinds of address or none"),
    ({"webhook": None, "apprise_file": "x"}, "for webhooks only"),
    ({"name": "Not A Name"}, "name"),
]


@pytest.mark.parametrize(("said", "sentence"), REFUSED)
def test_what_is_no_receiver_is_refused(tmp_path: Path, said: dict, sentence: str) -> None:
    """With what to write instead."""
    with pytest.raises(ValueError, match=sentence):
        webhook(tmp_path, 1, **said)


@pytest.mark.parametrize("text", ["", "whsec_AAAA", "whsec_???", "two\nlines"])
def test_what_is_no_secret_is_refused_and_tried_again(
    database: Database, clock: Clock, tmp_path: Path, text: str
) -> None:
    """Law 111: the operator may mend it before the next attempt."""
    stage = Stage(database)
    decider = stage.decider(AT_HEAD, addressees=[Addressee("desk")], clock=clock)
    decider.step()
    events(stage, 1)
    decider.step()
    receiver = webhook(tmp_path, 1)
    (tmp_path / "0.secret").write_text(text)
    assert Courier(database, [receiver], clock=clock).run().failed == 1
    with database.snapshot() as connection:
        said = connection.scalar(select(alert_delivery.c.said))
    assert "hold" in said
    assert SECRETS[1] not in said


def test_two_receivers_of_one_name_are_refused(tmp_path: Path) -> None:
    """The outbox would not know which of them."""
    path = tmp_path / "receivers.yaml"
    one = "  - {name: a, apprise_file: x}\n"
    path.write_text(f"receivers:\n{one}{one}")
    with pytest.raises(InputError, match="names a twice"):
        read_receivers(path)


def test_apprise_delivers_to_a_real_receiver(clock: Clock, tmp_path: Path) -> None:
    """In words for people, with the id."""
    got: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    path = tmp_path / "address"
    receiver = Receiver(name="mail", apprise_file=path)
    data = {"severity": "critical", "says": "An agent was added", "rule": "r", "asset": None,
            "block": 5, "time": "t", "facts": {"agent": "0x1"}, "withdraws": "alert_1"}  # fmt: skip
    try:
        path.write_text(f"json://127.0.0.1:{server.server_address[1]}/")
        assert notify(receiver, "withdrawal_1", json.dumps({"data": data}), clock.now) is None
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    [said] = got
    assert said["title"] == "Withdrawn: [critical] An agent was added"
    assert "agent: 0x1" in said["message"]
    assert "id: withdrawal_1" in said["message"]
    assert notify(receiver, "a", json.dumps({"data": data}), 0) == "Apprise could not deliver it"
    path.write_text("nothing://such")
    with pytest.raises(InputError, match="no address that Apprise knows"):
        notify(receiver, "a", json.dumps({"data": data}), 0)
