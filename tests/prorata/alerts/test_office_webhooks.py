"""Webhooks in the office: of one tenant, for its own assets, with secrets that stand nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial

import pytest
import sqlalchemy as sa

from prorata.alerts.office_receivers import office_receivers
from prorata.alerts.office_webhooks import (
    MOST,
    MOST_SECRETS,
    OVERLAP_SECONDS,
    NoWebhookError,
    Wanted,
    add_webhook,
    end_webhook,
    find_webhook,
    rotate_webhook,
    webhooks,
)
from prorata.alerts.webhook_secrets import Masters
from prorata.errors import InputError
from prorata.store.keys import add_key
from prorata.store.office import Office, office_place
from prorata.store.office_schema import METADATA
from tests.prorata.store.made_logs import OTHER, TOKEN

OLD, NEW = "the first master secret, of 33 char", "the second master secret, of 34 char"
MASTERS = Masters([OLD])
MINE, THEIRS = (1, TOKEN), (1, OTHER)
URL = "https://desk.example.org/in?x=1"


class Clock:
    now = 1_800_000_000

    def __call__(self) -> float:
        return float(self.now)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ann(place: str, clock: Clock) -> Iterator[Office]:
    """The office of a tenant who has TOKEN."""
    where = office_place(place)
    with closing(Office.open(where, who="me", create=True, tenant="ann", clock=clock)) as found:
        add_key(found, "a key", scopes=["read"], assets=[MINE])
        yield found


def tenant(office: Office, name: str, *assets: tuple[int, str]) -> Office:
    other = Office(office.database, who="you", tenant=name, clock=office.clock)
    other._admit()
    if assets:
        add_key(other, "a key", scopes=["read"], assets=assets)
    return other


def wanted(name: str = "desk", **said: object) -> Wanted:
    return Wanted(**{"name": name, "url": URL, "assets": [MINE], **said})  # type: ignore[arg-type]


def everything(office: Office) -> str:
    """All that stands in the office."""
    with office.database.snapshot() as connection:
        return repr(
            [list(connection.execute(sa.select(table))) for table in METADATA.sorted_tables]
        )


def test_a_webhook_is_made_and_its_secret_stands_nowhere(ann):
    """Law 133: neither it nor the master secret."""
    made = add_webhook(ann, MASTERS, wanted(least="warning"))
    assert (made.name, made.url, made.least, made.assets) == ("desk", URL, "warning", (MINE,))
    assert (made.rotated_at, made.ended_at, len(made.versions)) == (None, None, 1)
    secret = made.secret(MASTERS)
    assert secret.startswith("whsec_")
    assert made.secret(Masters([NEW, OLD])) == secret
    there = everything(ann)
    assert made.id in there
    for text in (secret, secret.removeprefix("whsec_"), OLD):
        assert text not in there
    last = ann.trail()[-1]
    assert (last.action, last.subject, last.who, last.rows) == ("webhooks.add", made.id, "me", 1)


def test_no_two_webhooks_and_no_two_versions_have_one_secret(ann):
    """Law 133: of one master secret, or of two."""
    first, second = (add_webhook(ann, MASTERS, wanted(name)) for name in "ab")
    third = rotate_webhook(ann, MASTERS, "a")
    fourth = rotate_webhook(ann, Masters([NEW, OLD]), "a")
    newest = Masters([NEW, OLD])
    found = {first.secret(MASTERS), second.secret(MASTERS), third.secret(MASTERS)}
    assert len({*found, fourth.secret(newest)}) == 4


def test_a_secret_that_was_rotated_signs_for_a_day_more(ann, clock):
    """Law 132: by each of its secrets that is valid."""
    made = add_webhook(ann, MASTERS, wanted())
    clock.now += 100
    rotated = rotate_webhook(ann, MASTERS, made.id)
    assert (rotated.rotated_at, rotated.versions[0].number) == (clock.now, 2)
    [receiver] = office_receivers(ann, MASTERS)
    both = [rotated.secret(MASTERS), made.secret(MASTERS)]
    assert receiver.secrets() == both
    clock.now += OVERLAP_SECONDS - 1
    assert receiver.secrets() == both
    clock.now += 1
    assert receiver.secrets() == both[:1]
    assert [one.number for one in find_webhook(ann, "desk").versions] == [2]
    assert [one.action for one in ann.trail()][-2:] == ["webhooks.add", "webhooks.rotate"]


def test_a_master_secret_takes_only_its_own_secrets_with_it(ann, clock):
    """Law 133: whoever was rotated meanwhile notices nothing."""
    stays, goes = (add_webhook(ann, MASTERS, wanted(name)) for name in ("stays", "goes"))
    both = Masters([NEW, OLD])
    moved = rotate_webhook(ann, both, "stays")
    clock.now += OVERLAP_SECONDS
    only = Masters([NEW])
    by_name = {one.found.name: one for one in office_receivers(ann, only)}
    assert by_name["stays"].can_sign
    assert by_name["stays"].secrets() == [moved.secret(both)] != [stays.secret(MASTERS)]
    assert not by_name["goes"].can_sign
    with pytest.raises(InputError, match=r"has a secret of the master secret .* not given; give"):
        by_name["goes"].secrets()
    assert goes.secret(both) == goes.secret(MASTERS)


def test_nothing_is_made_without_a_master_secret(ann):
    before = everything(ann)
    with pytest.raises(InputError, match=r"is missing: .*; set PRORATA_WEBHOOK_SECRETS, or name"):
        add_webhook(ann, Masters(), wanted())
    with pytest.raises(InputError, match="has fewer than 32 characters; make one with"):
        Masters([NEW, "short"])
    assert everything(ann) == before


def test_nobody_sees_rotates_or_ends_the_webhook_of_another_tenant(ann):
    """Law 131: by its id or its name, and whatever assets both have."""
    made = add_webhook(ann, MASTERS, wanted())
    ben = tenant(ann, "ben", MINE)
    before = everything(ann)
    assert webhooks(ben, ended=True) == []
    for named in (made.id, made.name):
        for attempt in (
            partial(find_webhook, ben, named),
            partial(rotate_webhook, ben, MASTERS, named),
            partial(end_webhook, ben, named),
        ):
            with pytest.raises(NoWebhookError, match="is no webhook that is valid"):
                attempt()
    assert everything(ann) == before
    other = add_webhook(ben, MASTERS, wanted())
    assert other.secret(MASTERS) != made.secret(MASTERS)
    assert end_webhook(ben, "desk").id == other.id
    assert find_webhook(ann, "desk") == made


def test_an_asset_of_another_tenant_is_refused(ann):
    """Law 131: but the operator may give it."""
    tenant(ann, "ben", THEIRS)
    before = everything(ann)
    with pytest.raises(InputError, match=f'"{OTHER}" is no asset of the tenant; name one'):
        add_webhook(ann, MASTERS, wanted(assets=[MINE, THEIRS]))
    assert everything(ann) == before
    made = add_webhook(ann, MASTERS, wanted(assets=[MINE, THEIRS]), grants=True)
    assert made.assets == (MINE, THEIRS)


def test_who_may_know_fewer_assets_sees_only_webhooks_of_these(ann):
    """Law 131: as a key of the tenant that was made for one of its assets."""
    add_key(ann, "another", scopes=["read"], assets=[THEIRS])
    wide = add_webhook(ann, MASTERS, wanted("wide", assets=[MINE, THEIRS]))
    narrow = add_webhook(ann, MASTERS, wanted("narrow"))
    assert webhooks(ann, within={MINE}) == [narrow]
    assert webhooks(ann, within={MINE, THEIRS}) == webhooks(ann)
    assert {one.id for one in webhooks(ann)} == {wide.id, narrow.id}
    with pytest.raises(NoWebhookError):
        rotate_webhook(ann, MASTERS, wide.id, within={MINE})
    with pytest.raises(NoWebhookError):
        end_webhook(ann, wide.id, within={MINE})
    assert end_webhook(ann, narrow.id, within={MINE}).ended_at is not None


def test_one_that_has_ended_stays_in_the_list_and_is_nothing_else(ann):
    """Law 132: nothing more is sent to it."""
    made = add_webhook(ann, MASTERS, wanted())
    [receiver] = office_receivers(ann, MASTERS)
    assert end_webhook(ann, "desk").ended_at == int(ann.clock())
    assert webhooks(ann) == office_receivers(ann, MASTERS) == []
    assert [one.id for one in webhooks(ann, ended=True)] == [made.id]
    with pytest.raises(NoWebhookError, match="is no webhook that is valid"):
        receiver.secrets()
    with pytest.raises(NoWebhookError):
        end_webhook(ann, made.id)
    assert add_webhook(ann, MASTERS, wanted()).id != made.id


def test_there_are_so_many_and_no_more(ann, clock):
    for number in range(MOST):
        add_webhook(ann, MASTERS, wanted(f"desk {number}"))
    with pytest.raises(InputError, match=r"would be one more than the 20 .*; end one first"):
        add_webhook(ann, MASTERS, wanted())
    end_webhook(ann, "desk 7")
    add_webhook(ann, MASTERS, wanted())
    for _ in range(MOST_SECRETS - 1):
        rotate_webhook(ann, MASTERS, "desk")
    with pytest.raises(InputError, match=r"has 5 secrets that are valid, .*; wait, or end it"):
        rotate_webhook(ann, MASTERS, "desk")
    clock.now += OVERLAP_SECONDS
    assert [one.number for one in rotate_webhook(ann, MASTERS, "desk").versions] == [6, 5]


REFUSED = [
    ({"name": ""}, "is not of 1 to 80 characters that can be seen"),
    ({"name": "x\n"}, "is not of 1 to 80 characters that can be seen"),
    ({"name": "wh_0123456789abcdef"}, "looks like the id of a webhook"),
    ({"name": "taken"}, "is the name of another webhook"),
    ({"least": "urgent"}, "is no severity; choose from info, warning, critical"),
    ({"assets": []}, "is missing; name the token"),
    ({"permit": ("home",)}, "is no network; write 10.1.2.3/32"),
    ({"url": "http://desk.example.org/in"}, "is not https; write https://"),
    ({"url": "https://desk.example.org:99999/"}, "has no sound port"),
    ({"url": "https://desk.example.org:0/"}, "has no host or port"),
    ({"url": "https:///in"}, "has no host or port"),
    ({"url": "https://[::1/in"}, "is no address; write https://host/path"),
    ({"url": "https://ann:secret@desk.example.org/"}, "has a user or a fragment; remove it"),
    ({"url": "https://desk.example.org/#x"}, "has a user or a fragment; remove it"),
    ({"url": "https://desk.example.org/\r\nHost: b"}, "visible characters of ASCII"),
    ({"url": "https://desk.example.org/" + "x" * 2_000}, "visible characters of ASCII"),
    ({"url": "https://10.0.0.1/"}, "is not public"),
    ({"url": "https://127.0.0.1/"}, "is not public"),
    ({"url": "https://169.254.169.254/latest"}, "is not public"),
    ({"url": "https://[::1]/"}, "is not public"),
    ({"url": "https://[::ffff:10.0.0.1]/"}, "is an IPv4 address in an IPv6 one"),
    ({"url": "https://[64:ff9b::7f00:1]/"}, "is translated by NAT64"),
    ({"url": "https://localhost/"}, "leads to this machine"),
    ({"url": "https://a.localhost./"}, "leads to this machine"),
    ({"url": "https://2130706433/"}, "has an address in an unusual spelling"),
    ({"url": "https://127.1/"}, "has an address in an unusual spelling"),
    ({"url": "https://0x7f.0.0.0x1/"}, "has an address in an unusual spelling"),
    ({"url": "https://10.0.0.2/", "permit": ("10.0.0.1/32",)}, "is not public"),
]


def test_what_can_be_no_webhook_is_refused(ann):
    """In a sentence, and nothing is written."""
    add_webhook(ann, MASTERS, wanted("taken"))
    before = everything(ann)
    for said, sentence in REFUSED:
        with pytest.raises(InputError, match=sentence):
            add_webhook(ann, MASTERS, wanted(**said))
    assert everything(ann) == before


def test_the_operator_may_permit_a_network(ann):
    made = add_webhook(ann, MASTERS, wanted(url="http://10.0.0.1:8080/in", permit=("10.0.0.1/32",)))
    [receiver] = office_receivers(ann, MASTERS)
    assert [str(one) for one in receiver.networks] == list(made.permit) == ["10.0.0.1/32"]
