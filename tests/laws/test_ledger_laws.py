"""ShareToken against the plainest ledger there is: any history of movements, any record dates."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.chainkit import Codec, RevmKit
from tests.laws.harness import Harness, read, scaled
from tests.model.outcomes import NOBODY
from tests.model.shares import HORIZON, MAX_SUPPLY, UNLIMITED, Ledger

HOLDERS = ("ann", "ben", "cat", "dan", "eve")
ISSUER = "eve"
TOKEN = "shares"

holders = st.sampled_from(HOLDERS)
receivers = st.sampled_from((*HOLDERS, *HOLDERS, *HOLDERS, NOBODY, TOKEN))
amounts = st.one_of(st.integers(0, 3), st.integers(0, 100), st.integers(0, MAX_SUPPLY))
issues = st.one_of(st.integers(0, 9), st.integers(0, 10_000), st.integers(0, MAX_SUPPLY))
senders = st.sampled_from((ISSUER,) * 9 + ("ann",))
gifts = st.lists(st.tuples(holders, st.integers(0, 9)), max_size=5)


class LedgerMachine(RuleBasedStateMachine):
    """One token, five holders, and a clock."""

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.harness = Harness(codec, HOLDERS)
        self.harness.token(TOKEN, ISSUER)
        self.ledger = Ledger(TOKEN, ISSUER, RevmKit.START)

    def tell(self, sender, function, *args):
        return lambda: self.harness.send(sender, TOKEN, function, *args)

    def both(self, in_model, on_chain):
        return self.harness.both(in_model, on_chain)

    # ------------------------------------------------------------------- what can happen

    @initialize(gifts=gifts, gaps=st.lists(st.integers(1, 4), min_size=1, max_size=6))
    def issue_and_schedule(self, gifts, gaps):
        self.batch_mint(ISSUER, gifts)
        for ahead in range(len(gaps)):
            self.schedule_record(ISSUER, sum(gaps[: ahead + 1]))

    @rule(sender=senders, to=receivers, amount=issues)
    def mint(self, sender, to, amount):
        self.both(
            lambda: self.ledger.mint(sender, [(to, amount)]), self.tell(sender, "mint", to, amount)
        )

    @rule(sender=senders, gifts=gifts)
    def batch_mint(self, sender, gifts):
        self.both(
            lambda: self.ledger.mint(sender, gifts),
            self.tell(sender, "batchMint", [to for to, _ in gifts], [n for _, n in gifts]),
        )

    @rule(sender=senders, holder=holders, amount=amounts)
    def burn(self, sender, holder, amount):
        self.both(
            lambda: self.ledger.burn(sender, holder, amount),
            self.tell(sender, "burn", holder, amount),
        )

    @rule(holder=holders)
    def burn_all(self, holder):
        self.burn(ISSUER, holder, self.ledger.balances[holder])

    @rule(giver=holders, to=receivers, amount=amounts)
    def transfer(self, giver, to, amount):
        done = self.both(
            lambda: self.ledger.transfer(giver, [(to, amount)]),
            self.tell(giver, "transfer", to, amount),
        )
        if done:
            moved = [self.harness.named(list(args.values())) for args in done[1].named("Transfer")]
            assert moved == [(giver, to, amount)]

    @rule(giver=holders, to=holders)
    def transfer_all(self, giver, to):
        self.transfer(giver, to, self.ledger.balances[giver])

    @rule(giver=holders, to=holders)
    def transfer_half(self, giver, to):
        self.transfer(giver, to, self.ledger.balances[giver] // 2)

    @rule(giver=holders, gifts=gifts)
    def batch_transfer(self, giver, gifts):
        self.both(
            lambda: self.ledger.transfer(giver, gifts),
            self.tell(giver, "batchTransfer", [to for to, _ in gifts], [n for _, n in gifts]),
        )

    @rule(owner=holders, spender=holders, amount=st.one_of(amounts, st.just(UNLIMITED)))
    def approve(self, owner, spender, amount):
        self.both(
            lambda: self.ledger.approve(owner, spender, amount),
            self.tell(owner, "approve", spender, amount),
        )

    @precondition(lambda self: self.ledger.allowances)
    @rule(spender=holders, giver=holders, to=receivers, amount=st.integers(0, 5))
    def transfer_from(self, spender, giver, to, amount):
        self.both(
            lambda: self.ledger.transfer_from(spender, giver, to, amount),
            self.tell(spender, "transferFrom", giver, to, amount),
        )

    @precondition(lambda self: len(self.ledger.times) < 12)
    @rule(
        sender=senders,
        in_seconds=st.sampled_from((-1, 0, 1, 1, 2, 3, 5, 8, 13, HORIZON, HORIZON + 1)),
    )
    def schedule_record(self, sender, in_seconds):
        at = self.ledger.now + in_seconds
        self.both(lambda: self.ledger.schedule(sender, at), self.tell(sender, "scheduleRecord", at))

    @precondition(lambda self: self.ledger.times)
    @rule(sender=senders, back=st.integers(-1, 3))
    def cancel_records(self, sender, back):
        first = len(self.ledger.times) - back
        done = self.both(
            lambda: self.ledger.cancel(sender, first), self.tell(sender, "cancelRecords", first)
        )
        if done:
            gone = [args["recordId"] for args in done[1].named("RecordCancelled")]
            assert sorted(gone) == done[0]

    @rule(seconds=st.sampled_from((1, 1, 2, 3, 7)))
    def wait(self, seconds):
        self.wait_until(self.ledger.now + seconds)

    @precondition(lambda self: self.ledger.next_close is not None)
    @rule()
    def wait_until_the_next_record_closes(self):
        self.wait_until(max(self.ledger.now, self.ledger.next_close))

    @precondition(lambda self: self.ledger.next_close is not None)
    @rule()
    def wait_until_the_next_record_has_closed(self):
        self.wait_until(self.ledger.next_close + 1)

    def wait_until(self, moment):
        self.ledger.wait_until(moment)
        self.harness.kit.now = moment

    # --------------------------------------------------------------------- what must hold

    @invariant()
    def laws_hold(self):
        """One invariant, so that a failing story has one line to a step."""
        self.balances()
        self.closed_records()
        self.open_records()

    def balances(self):
        """Every balance is what the movements make it, and they sum up to the supply (Law 6)."""
        with self.harness.looking() as ask:
            held = {who: read(ask(TOKEN, "balanceOf", who))[0] for who in HOLDERS}
            (supply,) = read(ask(TOKEN, "totalSupply"))
            (count,) = read(ask(TOKEN, "recordCount"))
        assert held == {who: self.ledger.balances[who] for who in HOLDERS}
        assert supply == sum(held.values()), "Law 6"
        assert count == len(self.ledger.times)

    def closed_records(self):
        """A balance at a record is the balance when its second ended, whatever happens
        afterwards (Law 5), and at every record they sum up to its supply (Law 6)."""
        with self.harness.looking() as ask:
            for record, then in self.ledger.closed.items():
                for who in HOLDERS:
                    (got,) = read(ask(TOKEN, "balanceOfAt", who, record))
                    want = then.get(who, 0)
                    assert got == want, f"Law 5: {who} had {want} at record {record}, not {got}"
                (supply,) = read(ask(TOKEN, "totalSupplyAt", record))
                assert supply == sum(then.values()), f"Law 6: record {record}"

    def open_records(self):
        """A record that is open, was cancelled, or was never scheduled, cannot be read (Law 7)."""
        count = len(self.ledger.times)
        unread = [n for n in range(1, count + 1) if n not in self.ledger.closed]
        with self.harness.looking() as ask:
            for record in (0, *unread, count + 1):
                (gone,) = read(ask(TOKEN, "isRecordCancelled", record))
                assert gone == (record in self.ledger.cancelled), f"record {record}"
                why = self.ledger.unreadable(record)
                reported = self.harness.refusal(ask, TOKEN, "totalSupplyAt", record)
                assert reported == why, f"Law 7: supply at record {record}"
                for who in HOLDERS if 0 < record <= count else HOLDERS[:1]:
                    reported = self.harness.refusal(ask, TOKEN, "balanceOfAt", who, record)
                    assert reported == why, f"Law 7: {who} at record {record}"


def test_any_history_of_movements_and_records(codec: Codec) -> None:
    """Balances, supply, and both at every record, are exactly those of the plain ledger, and what
    is refused is refused for the reason it should be (Laws 5, 6, 7)."""
    run_state_machine_as_test(
        lambda: LedgerMachine(codec), settings=scaled(2, stateful_step_count=70)
    )


MOVES = st.lists(
    st.tuples(holders, holders, st.integers(0, 6), st.sampled_from((0, 0, 0, 1, 2))), max_size=12
)


@scaled(5)
@given(
    held=st.lists(st.integers(0, 6), min_size=5, max_size=5),
    moves=MOVES,
    gaps=st.lists(st.integers(1, 3), min_size=1, max_size=4),
)
def test_records_scheduled_ahead(codec: Codec, held, moves, gaps) -> None:
    """Movements up to the end of a record's second count for it, later ones do not, however many
    seconds and records lie between two movements (Law 5)."""
    machine = LedgerMachine(codec)
    machine.batch_mint(ISSUER, list(zip(HOLDERS, held, strict=True)))
    for ahead in range(len(gaps)):
        machine.schedule_record(ISSUER, sum(gaps[: ahead + 1]))
    for giver, to, amount, seconds in moves:
        machine.transfer(giver, to, amount)
        machine.wait_until(machine.ledger.now + seconds)
    machine.wait_until(max(machine.ledger.now, machine.ledger.times[-1] + 1))
    assert len(machine.ledger.closed) == len(gaps)
    machine.laws_hold()


def test_a_movement_in_the_very_second_counts(codec: Codec) -> None:
    """At t and not at t + 1: the example of the law of record dates (Law 5)."""
    machine = LedgerMachine(codec)
    machine.mint(ISSUER, "ann", 10)
    machine.schedule_record(ISSUER, 5)
    machine.wait(5)
    machine.transfer("ann", "ben", 3)
    machine.open_records()
    machine.wait(1)
    machine.transfer("ben", "cat", 1)
    assert machine.ledger.closed == {1: {"ann": 7, "ben": 3}}
    machine.closed_records()
    machine.balances()
