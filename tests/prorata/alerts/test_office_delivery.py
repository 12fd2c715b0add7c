"""Alerts to webhooks of tenants: by real receivers, which verify with the library's verifier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from prorata.alerts.delivery import Courier
from prorata.alerts.office_receivers import cancel_ended, office_receivers
from prorata.alerts.office_webhooks import Wanted, Webhook, add_webhook, end_webhook, rotate_webhook
from prorata.alerts.outbox import Addressee
from prorata.alerts.webhook_secrets import Masters
from prorata.store.database import Database
from prorata.store.deliveries import deliveries_to
from prorata.store.keys import add_key
from prorata.store.office import Office, office_place
from tests.prorata.alerts.test_delivery import Desk, listening
from tests.prorata.alerts.told import Stage, rule
from tests.prorata.store.made_logs import OTHER, TOKEN, person, told

MASTERS = Masters(["a master secret of more than 32 characters"])
MINE, THEIRS = (1, TOKEN), (1, OTHER)
OWNED = {"ann": [MINE], "ben": [THEIRS], "cy": [MINE, THEIRS]}
AT_HEAD = {"when": "event", "event": "AgentAdded", "decided_at": "head"}
RULES = (
    rule(name="quiet", **AT_HEAD),
    rule(name="loud", severity="critical", **AT_HEAD),
)


@pytest.fixture
def offices(place: str) -> Iterator[dict[str, Office]]:
    """The offices of three tenants."""
    with ExitStack() as stack:
        where = office_place(place)
        first = stack.enter_context(closing(Office.open(where, who="me", create=True)))
        found = {name: Office(first.database, who="me", tenant=name) for name in OWNED}
        for name, office in found.items():
            office._admit()
            add_key(office, "a key", scopes=["read"], assets=OWNED[name])
        yield found


class Hook:
    """A webhook, and who listens at its end."""

    def __init__(self, stack: ExitStack, office: Office, name: str, **said: object) -> None:
        # Who listens knows the secret only once the webhook is made.
        self.desk: Desk = stack.enter_context(listening("whsec_" + "A" * 44))
        self.office = office
        url = f"http://127.0.0.1:{self.desk.port}/in"
        wanted = Wanted(name, url, permit=("127.0.0.1/32",), **said)  # type: ignore[arg-type]
        self.made = add_webhook(office, MASTERS, wanted)
        self.trust(self.made)

    def trust(self, made: Webhook) -> None:
        self.desk.verifier = type(self.desk.verifier)(made.secret(MASTERS))

    def heard(self) -> Counter[str]:
        """The ids of the messages that were believed."""
        return Counter(one["id"] for one in self.desk.verified)


class Told:
    """A decider and a courier, who look for webhooks as `prorata deliver` does."""

    def __init__(self, database: Database, office: Office, *rules: object) -> None:
        self.stage, self.office = Stage(database), office
        self.decider = self.stage.decider(*(rules or RULES))
        self.courier = Courier(database, ())
        self.round()

    def round(self) -> int:
        """One round of it; how many messages were delivered."""
        receivers = office_receivers(self.office, MASTERS)
        cancel_ended(self.stage.database, self.office)
        self.decider.addressees = [one.addressee for one in receivers]
        self.courier.receivers = [one for one in receivers if one.can_sign]
        self.decider.step()
        return self.courier.run().delivered

    def happen(self, *tokens: str) -> None:
        number = self.stage.chain.head
        events = [told("AgentAdded", token, agent=person(number + at)) for at, token in
                  enumerate(tokens)]  # fmt: skip
        self.stage.mine(events, final=False)


def test_each_alert_reaches_whoever_may_hear_of_it_and_nobody_else(database, offices):
    """Laws 131 and 132: by tenant, asset and severity, each once, by its id."""
    with ExitStack() as stack:
        hooks = [
            (Hook(stack, offices[whose], f"{whose} {least} {number}", least=least, assets=assets),
             {token for _, token in assets}, least)
            for number, (whose, assets) in enumerate(
                [("ann", [MINE]), ("ben", [THEIRS]), ("cy", [MINE, THEIRS]), ("cy", [THEIRS])]
            )
            for least in ("info", "critical")
        ]  # fmt: skip
        told_to = Told(database, offices["ann"])
        for tokens in ((TOKEN,), (OTHER, TOKEN), (OTHER,)):
            told_to.happen(*tokens)
            told_to.round()
        rows = told_to.stage.rows()
        assert len(rows) == 8
        for hook, tokens, least in hooks:
            wished = {
                row.id for row in rows
                if row.asset in tokens and (least == "info" or row.severity == "critical")
            }  # fmt: skip
            assert wished
            assert hook.heard() == Counter(wished), hook.made.name
            assert {headers["webhook-id"] for headers in hook.desk.seen} == wished
            assert len(hook.desk.seen) == len(wished)


def test_what_is_of_no_asset_is_the_operators(database, offices):
    """Law 131: that a node is behind says nothing of anybody's asset, and something of others."""
    chain_wide = rule(name="behind", when="absent", what="node", older_than="1s")
    with ExitStack() as stack:
        hook = Hook(stack, offices["cy"], "all", assets=OWNED["cy"])
        receivers = office_receivers(offices["cy"], MASTERS)
        told_to = [*(one.addressee for one in receivers), Addressee("operator")]
        stage = Stage(database)
        stage.mine([])
        # The chain's time is long ago.
        assert stage.decider(chain_wide, addressees=told_to).step().alerts == 1
        assert Courier(database, receivers).run().delivered == 0
        assert hook.heard() == Counter()
        assert {whose for _, whose, _ in stage.deliveries()} == {"operator"}


def test_an_asset_of_another_chain_is_another_asset(database, offices):
    """Law 131: a token's address may be there twice."""
    add_key(offices["ann"], "more", scopes=["read"], assets=[(5, OTHER)])
    with ExitStack() as stack:
        hook = Hook(stack, offices["ann"], "elsewhere", assets=[(5, OTHER)])
        told_to = Told(database, offices["ann"])
        told_to.happen(OTHER)
        assert told_to.round() == 0
        assert hook.heard() == Counter()


def test_both_secrets_sign_and_a_new_webhook_needs_no_restart(database, offices):
    """Law 132: whoever has the old one and whoever has the new one believes it."""
    with ExitStack() as stack:
        told_to = Told(database, offices["ann"])
        told_to.happen(TOKEN)
        told_to.round()
        hook = Hook(stack, offices["ann"], "desk", assets=[MINE])
        told_to.happen(TOKEN)
        assert told_to.round() == 2
        rotated = rotate_webhook(offices["ann"], MASTERS, "desk")
        told_to.happen(TOKEN)
        assert told_to.round() == 2
        hook.trust(rotated)
        told_to.happen(TOKEN)
        assert told_to.round() == 2
        assert [len(headers["webhook-signature"].split(" ")) for headers in hook.desk.seen] == [
            1, 1, 2, 2, 2, 2,
        ]  # fmt: skip
        assert set(hook.heard().values()) == {1}
        assert len(hook.heard()) == 6


def test_one_that_has_ended_gets_nothing_more(database, offices):
    """Law 132: neither what waits for it, nor what is decided later."""
    with ExitStack() as stack:
        gone, stays = (Hook(stack, offices["ann"], name, assets=[MINE]) for name in "ab")
        told_to = Told(database, offices["ann"])
        gone.desk.answer = 503
        told_to.happen(TOKEN)
        assert told_to.round() == 2
        seen = len(gone.desk.seen)
        assert seen == 1, "a tenant's webhook that fails rests until the next round"
        # Between a look for webhooks and the delivery to them.
        told_to.happen(TOKEN)
        told_to.decider.step()
        end_webhook(offices["ann"], "a")
        gone.desk.answer = 204
        told_to.courier.run()
        told_to.happen(TOKEN)
        told_to.round()
        told_to.round()
        assert (len(gone.desk.seen), gone.heard()) == (seen, Counter())
        assert len(stays.heard()) == 6
        with database.snapshot() as connection:
            left = deliveries_to(connection, gone.made.id)
        assert {one.state for one in left} == {"cancelled"}


def test_what_cannot_be_signed_waits_and_is_not_lost(database, offices):
    """Law 132: until its master secret is given again."""
    with ExitStack() as stack:
        hook = Hook(stack, offices["ann"], "desk", assets=[MINE])
        told_to = Told(database, offices["ann"])
        told_to.happen(TOKEN)
        [other] = office_receivers(told_to.office, Masters(["another master secret, 32 letters"]))
        assert not other.can_sign
        told_to.decider.step()
        assert told_to.courier.next_due() is not None
        told_to.courier.receivers = []
        assert told_to.courier.run().failed == 0
        assert hook.desk.seen == []
        assert told_to.round() == 2


def test_a_tenant_whose_webhook_hangs_keeps_nobody_waiting(database, offices):
    """Law 132: a failure is one attempt of a round, however much waits, and others are told."""
    with ExitStack() as stack:
        bad = Hook(stack, offices["ann"], "bad", assets=[MINE])
        good = Hook(stack, offices["cy"], "good", assets=[MINE])
        told_to = Told(database, offices["ann"])
        bad.desk.answer = 500
        for _ in range(6):
            told_to.happen(TOKEN)
        told_to.courier.at_once = 4
        assert told_to.round() == 12
        assert (len(bad.desk.seen), len(good.heard())) == (1, 12)
