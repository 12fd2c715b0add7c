"""Delivery versus payment across two chains by one secret: whatever happens, nobody honest loses.

A table of steps and faults. Each run is a trade of its own on the same two chains, and its end is
read off the balances of both: both legs were delivered, or both returned; and where one side fell
silent for good, it alone bears what that costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import pytest

from prorata.chain.node import RpcChain
from prorata.errors import InputError
from prorata.market.counterparts import Expected, find_counterpart, find_secret
from prorata.market.hold_files import HoldFile, write_hold
from prorata.market.hold_secrets import lock_of
from prorata.market.windows import Window, check_time_to_show, find_finality
from prorata.toolchain.anvil import Anvil
from tests.prorata.cli.opened import run as command
from tests.prorata.market.two_chains import (
    ANN,
    BEN,
    FINAL,
    MONEY,
    SHARES,
    Ann,
    Ben,
    World,
    built,
    killed,
)

BOTH = ((-SHARES, SHARES, 0), (MONEY, -MONEY, 0))
NEITHER = ((0, 0, 0), (0, 0, 0))
MONEY_ONLY = ((0, 0, 0), (MONEY, -MONEY, 0))

STEPS = ("the shares are held", "the money is held", "the money is claimed", "the shares are")
"""What happens in turn: by Ann on the first chain, Ben on the second, Ann there, Ben here."""


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[World]:
    with built(tmp_path_factory.mktemp("two-chains")) as found:
        yield found


@dataclass
class Run:
    """One trade, and what both had before it."""

    world: World
    ann: Ann
    ben: Ben

    def __post_init__(self) -> None:
        self.before = self.world.belongings

    def actor(self, step: int) -> Ann | Ben:
        return self.ben if step % 2 else self.ann

    def side(self, step: int):
        return self.world.second if step in (1, 2) else self.world.first

    def steps(self, first: int, last: int) -> None:
        """The steps from one to another, each once the one before is final."""
        for step in range(first, last):
            assert self.actor(step).act(), self.actor(step).refusals
            self.settle()

    def settle(self) -> None:
        for side in (self.world.first, self.world.second):
            side.mine()

    def rounds(self) -> None:
        """Both do what they can, again and again, until both legs are delivered."""
        for _ in range(8):
            if self.outcome == BOTH:
                return
            self.ann.act()
            self.ben.act()
            self.settle()
        assert self.outcome == BOTH, (self.ann.refusals, self.ben.refusals)

    @property
    def outcome(self) -> tuple[tuple[int, ...], ...]:
        """What each has more than before: Ann, Ben and the contract, of shares and of money."""
        return tuple(
            tuple(now - then for now, then in zip(here, there, strict=True))
            for here, there in zip(self.world.belongings, self.before, strict=True)
        )


@pytest.fixture
def run(world) -> Run:
    return Run(world, *world.trade())


# --------------------------------------------------------------------------------- the whole trade


def test_both_legs_are_delivered(run):
    run.steps(0, 4)
    assert run.outcome == BOTH
    run.world.end(run.ann, run.ben)
    assert run.outcome == BOTH


def test_each_step_waits_until_the_one_before_is_final(run):
    """Nobody acts on what a reorganisation may take back."""
    assert run.ann.act()
    assert not run.ben.act()
    assert "not in its block" in run.ben.refusals[-1]
    run.settle()
    assert run.ben.act()
    assert not run.ann.act()
    assert "not in its block" in run.ann.refusals[-1]
    run.settle()
    assert run.ann.act()
    assert not run.ben.act()
    assert "which is not final" in run.ben.refusals[-1]
    run.settle()
    assert run.ben.act()
    assert run.outcome == BOTH


# ------------------------------------------------------------------------------- silence, a crash


@pytest.mark.parametrize(
    ("silent", "step", "outcome"),
    [
        ("ann", 2, NEITHER),
        ("ben", 1, NEITHER),
        # Who sleeps over the end of the hold for it bears that alone.
        ("ben", 3, MONEY_ONLY),
    ],
)
def test_whoever_falls_silent_takes_nothing_from_the_other(run, silent, step, outcome):
    """From a step on one of them does nothing any more; the other waits, and takes back its own."""
    awake, asleep = (run.ben, run.ann) if silent == "ann" else (run.ann, run.ben)
    run.steps(0, step)
    run.world.end(awake)
    ours = 1 if silent == "ann" else 0
    assert run.outcome[ours][ours] == outcome[ours][ours]
    # Once it is awake again, it has its own back, too, unless the other had claimed that.
    run.world.end(asleep, awake)
    assert run.outcome == outcome


SOME_MOMENTS, ALL_MOMENTS = (1, 6), range(2, 60, 4)


@pytest.mark.parametrize(
    "moments",
    [SOME_MOMENTS, pytest.param(ALL_MOMENTS, marks=pytest.mark.slow)],
    ids=["some", "all"],
)
def test_who_is_killed_at_any_moment_goes_on(world, moments):
    """A line half written, bytes signed and not sent, or sent and not noted: the trade goes on.

    In each trade whoever is in turn is killed once in every step, at the same moment of its life.
    """
    for moment in moments:
        killed = _with_kills(Run(world, *world.trade()), moment)
        assert killed == len(STEPS) or moment > 2
        if killed == 0:
            break
    assert moments is SOME_MOMENTS or killed == 0


def _with_kills(run: Run, moment: int) -> int:
    """How many steps came to that moment."""
    killed = 0
    for step in range(len(STEPS)):
        killed += run.actor(step).killed_at(moment)
        # What the kill has left undone, or has not noted, is found by the next run.
        run.actor(step).act()
        run.settle()
    run.rounds()
    return killed


# ---------------------------------------------------------------------------------- reorganisations


@pytest.mark.parametrize(
    "depths",
    [(1, 20), pytest.param(range(2, 20, 3), marks=pytest.mark.slow)],
    ids=["ends", "between"],
)
def test_a_reorganisation_of_any_depth_undoes_no_trade(world, depths):
    """After each step, with the blocks on top of it: what was done is gone, and is done again."""
    for depth in depths:
        run = Run(world, *world.trade())
        for step in range(len(STEPS)):
            assert run.actor(step).act(), run.actor(step).refusals
            before = run.outcome
            run.side(step).mine(depth - 1)
            run.side(step).reorganise(depth)
            assert run.outcome != before or step in (0, 3)
            assert run.actor(step).act(), run.actor(step).refusals
            run.settle()
        assert run.outcome == BOTH, depth


def test_a_claim_that_is_undone_is_made_again_before_the_shares_are_taken(run):
    """Ben takes the shares only once Ann's claim is final, though he knows the secret before."""
    run.steps(0, 2)
    assert run.ann.act()
    run.world.second.reorganise(1)
    assert not run.ben.act()
    assert run.outcome[1] == (0, -MONEY, MONEY)
    run.rounds()


def test_who_has_no_time_left_uses_a_secret_that_is_out(run):
    """Then he does not wait for finality there: the secret is out, whatever comes."""
    run.steps(0, 2)
    assert run.ann.act()
    theirs, ours = run.ben.file("shares.json"), run.ben.file("money.json")
    told: list[str] = []
    question = {"ours_lag": 60, "after": FINAL, "tell": told.append}
    with pytest.raises(InputError, match="which is not final"):
        find_secret(
            run.world.second.chain, ours, theirs.terms, now=run.world.first.chain.now, **question
        )
    late = lambda: theirs.terms.until - 60  # noqa: E731
    found = find_secret(run.world.second.chain, ours, theirs.terms, now=late, **question)
    assert lock_of(found) == theirs.terms.lock
    assert "no time to wait" in told[0]
    run.rounds()


# ----------------------------------------------------------------------------------------- refusals


def test_nobody_shows_the_secret_at_the_last_second(run):
    """J9: a claim that a reorganisation undoes has shown it all the same."""
    run.steps(0, 2)
    theirs = run.ann.file("money.json")
    run.world.second.travel(theirs.terms.until - 5)
    assert not run.ann.act()
    assert "is too near an end to show the secret now" in run.ann.refusals[-1]
    run.world.end(run.ann, run.ben)
    assert run.outcome == NEITHER


def refusal(run: Run, **changes: object) -> str:
    """The sentence by which Ben refuses the hold of shares, if something else is said."""
    world, file = run.world, run.ben.file("shares.json")
    said = {
        "chain": world.first.chain,
        "file": file,
        "expected": Expected(world.first.token, SHARES, BEN.address),
        "after": FINAL,
        "named": None,
        **changes,
    }
    with pytest.raises(InputError) as refused:
        find_counterpart(said.pop("chain"), said.pop("file"), said.pop("expected"), **said)
    assert len(refused.value.problems) == 1
    return str(refused.value)


def test_the_other_leg_must_be_what_was_agreed(run):
    """Asset, amount and receiver; of the right chain and contract, open, and final."""
    assert run.ann.act()
    world = run.world
    right = Expected(world.first.token, SHARES, BEN.address)
    assert "not in its block" in refusal(run)
    run.settle()
    assert "was expected" in refusal(run, expected=replace(right, asset=world.second.token))
    assert "and 99 HARB12 was expected" in refusal(run, expected=replace(right, amount=99))
    assert "was expected" in refusal(run, expected=replace(right, receiver=ANN.address))
    assert "network is chain 1337" in refusal(run, chain=world.second.chain)
    assert "is used here" in refusal(run, named=world.first.token)
    run.world.end(run.ann)
    assert "is released on chain 31337" in refusal(run)


def test_a_file_that_was_edited_is_refused(run, tmp_path):
    """The id is of the terms: another amount, time or lock has another one."""
    assert run.ann.act()
    run.settle()
    file = run.ben.file("shares.json")
    for change in ({"amount": 99}, {"until": 2**40}, {"lock": bytes(31) + b"\1"}):
        terms = replace(file.terms, **change)
        unit = file.amount.unit
        holds = run.world.first.holds
        forged = replace(HoldFile.of(holds, terms, unit), id=file.id)
        write_hold(tmp_path / "forged.json", forged)
        expected = Expected(run.world.first.token, terms.amount, BEN.address)
        assert "they were changed" in refusal(run, file=forged, expected=expected)
        # With the id of what it says it is no hold at all.
        unknown = HoldFile.of(holds, terms, unit)
        assert "is not known on chain" in refusal(run, file=unknown, expected=expected)
    run.world.end(run.ann)


def test_a_contract_of_another_make_is_not_believed(run):
    """It could answer anything: its code is looked at before it is asked."""
    assert run.ann.act()
    run.settle()
    token = run.world.first.token
    file = replace(run.ben.file("shares.json"), contract=token)
    assert "nothing it says can be believed" in refusal(run, file=file, named=token)
    run.world.end(run.ann)


def test_windows_too_close_are_refused(run):
    """The second hold ends before the first by what both chains need to be final, and a margin."""
    assert run.ann.act()
    run.settle()
    theirs = run.ben.file("shares.json").terms
    first, second = (
        find_finality(side.chain, FINAL) for side in (run.world.first, run.world.second)
    )
    window = Window(theirs.until, first, second, run.world.second.chain.now(), 3_600)
    assert window.checked(None) == theirs.until - first.lag - second.lag - 3_600
    assert window.checked(window.latest) == window.latest
    for until, said in (
        (window.latest + 1, "is too close to the end of the other hold"),
        (window.earliest, "leaves too little time"),
    ):
        with pytest.raises(InputError) as refused:
            window.checked(until)
        assert said in str(refused.value)
    with pytest.raises(InputError, match="is too early an end of the other hold"):
        replace(window, margin=40_000).checked(None)
    run.world.end(run.ann)


def test_a_secret_of_another_trade_is_not_taken(run):
    """The lock there must be the lock here."""
    run.steps(0, 3)
    ours, theirs = run.ben.file("money.json"), run.ben.file("shares.json")
    other = replace(theirs.terms, lock=lock_of(bytes(32)))
    with pytest.raises(InputError, match="it is another trade"):
        find_secret(run.world.second.chain, ours, other, ours_lag=0, after=FINAL)
    run.rounds()


def test_before_the_claim_there_is_no_secret(run):
    run.steps(0, 2)
    ours, theirs = run.ben.file("money.json"), run.ben.file("shares.json")
    with pytest.raises(InputError, match="was not claimed on chain 1337"):
        find_secret(run.world.second.chain, ours, theirs.terms, ours_lag=0, after=FINAL)
    run.rounds()


def test_time_to_show_is_what_the_chain_needs_to_be_final(world):
    finality = find_finality(world.second.chain, FINAL)
    check_time_to_show(1_000 + finality.lag, 1_000, finality)
    with pytest.raises(InputError, match="is too near an end"):
        check_time_to_show(999 + finality.lag, 1_000, finality)


def test_finality_is_what_the_node_says_or_a_number_of_blocks(world):
    chain = world.first.chain
    world.first.mine()
    newest = chain.block()
    assert find_finality(chain, 5).block == newest.number - 5
    assert find_finality(chain, 10**9).block == 0
    # A local chain, on which nobody else mines.
    assert find_finality(chain).block == newest.number
    with Anvil(chain_id=4_242) as public:
        public.rpc("anvil_mine", hex(100), hex(12))
        found = find_finality(RpcChain(public.url))
        assert (found.block, found.lag) == (100 - 64, 64 * 12)


# ------------------------------------------------------------------------------------- by commands


def test_two_people_trade_by_commands(run, tmp_path, monkeypatch):
    """The files of terms are all that they send each other; neither has a deployment."""
    world, before = run.world, run.outcome
    monkeypatch.chdir(tmp_path)

    def says(side, person: int, *words: str, fails: str = "") -> str:
        """A command of a person on a chain, in a folder of its own for both of its journals."""
        folder = tmp_path / f"person-{person}" / str(side.chain.chain_id)
        folder.mkdir(parents=True, exist_ok=True)
        where = ("--network", side.anvil.url, "--deployment", str(folder))
        done = command(*words, *where, "--account", f"TEST::{person}", "--yes")
        assert done.code == bool(fails), done.out + done.err
        assert fails in done.err
        return done.out

    first, second = world.first, world.second
    final = str(FINAL)
    shares = ("hold", "place", f"{SHARES} {first.token}", "--to", BEN.address, "--until", "+2d")
    says(first, 1, *shares, "--secret-file", "secret.txt", "--out", "shares.json")
    against = ("--against", "shares.json", "--against-network", first.anvil.url)
    known = ("--against-final-after", final, "--final-after", final)
    money = ("hold", "place", f"5,000 {second.token}", *against, *known, "--out", "money.json")
    agreed = ("--expect", f"{SHARES} {first.token}")
    says(second, 2, *money, *agreed, fails="not in its block")
    run.settle()
    says(second, 2, *money, *agreed, "--margin", "3d", fails="too early an end")
    says(second, 2, *money, *agreed)
    claim = ("hold", "claim", "money.json", "--secret-file", "secret.txt", "--final-after", final)
    says(second, 1, *claim, "--expect", f"5,000 {second.token}", fails="not in its block")
    run.settle()
    says(second, 1, *claim, "--expect", f"5,000 {second.token}")
    source = ("--from", "money.json", "--from-network", second.anvil.url)
    last = ("hold", "claim", "shares.json", *source, "--from-final-after", final)
    says(first, 2, *last, fails="which is not final")
    run.settle()
    assert "Delivered" in says(first, 2, *last)
    assert run.outcome == BOTH != before


def test_a_command_that_was_killed_places_no_second_hold(world, tmp_path, monkeypatch):
    """What it had signed is on the chain before it decides anew, by what is another window now."""
    monkeypatch.chdir(tmp_path)
    first, second = world.first, world.second
    for moment in (2, 5, 9):
        run = Run(world, *world.trade())
        assert run.ann.act()
        run.settle()
        out = str(tmp_path / f"money-{moment}.json")
        against = ("--against", str(run.ann.papers / "shares.json"))
        folder = tmp_path / "ben"
        folder.mkdir(exist_ok=True)
        words = (
            *("hold", "place", f"5,000 {second.token}", "--out", out, *against),
            *("--against-network", first.anvil.url, "--expect", f"{SHARES} {first.token}"),
            *("--against-final-after", str(FINAL), "--final-after", str(FINAL)),
            *("--network", second.anvil.url, "--deployment", str(folder)),
            *("--account", "TEST::2", "--margin", "1h", "--yes"),
        )
        assert killed(partial(command, *words), moment)
        first.mine(3)
        second.mine(7)
        done = command(*words)
        assert done.code == 0, done.err
        assert run.outcome[1] == (0, -MONEY, MONEY)
        world.end(run.ann)
        where = ("--network", second.anvil.url, "--deployment", str(folder))
        assert command("hold", "release", out, *where, "--account", "TEST::2", "--yes").code == 0
        assert run.outcome == NEITHER
