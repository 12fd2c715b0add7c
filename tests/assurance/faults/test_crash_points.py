"""Every act, killed at every point where it writes or sends, ends as if it had not been killed.

The points are not listed anywhere: an unharmed run counts them, and then one run dies at each.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.assurance.faults.crash_tests import moments_of, play_until_killed
from tests.assurance.faults.harness import ACTS, BATCH, HOLDERS, TABLE, WINDOW, difference
from tests.assurance.faults.retry_run import is_sentence

pytestmark = pytest.mark.slow

KILLED = -9
# What an act has at least: three for each window's lines, three for its sending, two for a file.
FEWEST = {"deploy": 20, "issue": 18, "push": 20, "declare": 12}


@pytest.mark.parametrize("act", ACTS)
def test_an_act_killed_wherever_it_writes_or_sends_ends_as_one_that_was_not(harness, node, act):
    """Nothing is done twice, nothing is lost, and the books balance (Laws 4, 20 and 21)."""
    harness.prepare(act)
    harness.url = harness.anvil.url
    moments = moments_of(harness)
    unharmed = harness.state()
    assert moments >= FEWEST.get(act, 6)
    assert unharmed["differences"] == []
    for last in range(1, moments + 1):
        harness.again()
        assert play_until_killed(harness, last)[0] == KILLED, last
        ended, _, message = play_until_killed(harness, last=0)
        assert (ended, message) == (0, ""), (last, message)
        state = harness.state()
        assert state == unharmed, (last, difference(state, unharmed))


@pytest.mark.parametrize("act", ["issue", "push"])
def test_a_run_that_dies_again_at_each_later_moment_still_comes_to_its_end(harness, act):
    """Killed at its first moment, then at its second, its third and so on (Laws 4 and 20)."""
    harness.prepare(act)
    harness.url = harness.anvil.url
    moments_of(harness)
    unharmed = harness.state()
    harness.again()
    ended, last = KILLED, 0
    while ended == KILLED:
        last += 1
        ended, _, message = play_until_killed(harness, last)
    assert (message, last > 5) == ("", True)
    state = harness.state()
    assert state == unharmed, difference(state, unharmed)


def test_the_unharmed_acts_do_what_the_harness_is_made_for(harness):
    """Every holder is issued once, in several windows, and every entitlement is paid or explained.

    Else the kills above would be compared with nothing (Laws 4 and 20).
    """
    harness.prepare("sweep")
    harness.play()
    state = harness.state()
    assert state["issued"] == Counter((h.address, h.shares) for h in TABLE)
    assert HOLDERS / BATCH > 2 * WINDOW
    assert len(state["paid"]) == HOLDERS - 1
    assert set(state["paid"].values()) == {1}
    assert state["others"] == Counter(Remitted=1, Swept=1, Carried=1)
    assert state["differences"] == []


def test_a_record_whose_run_was_killed_is_scheduled_once_by_the_next(harness):
    """Whoever asks for it again gets the one that is there (Law 20)."""
    harness.prepare("record")
    harness.url = harness.anvil.url
    for last in range(1, moments_of(harness)):
        harness.again()
        play_until_killed(harness, last)
        play_until_killed(harness, last=0)
        assert harness.state()["records"] == [harness.given.closes_at], last


def test_a_refusal_without_a_remedy_would_be_noticed():
    """The tests' own measure of a sentence: what happened, then what to do (Law 20)."""
    assert is_sentence("the node at http://x refused eth_call: busy; wait a minute and try again")
    assert not is_sentence("the node refused eth_call: busy")
    assert not is_sentence("the node answered None where a number belongs; try another node")
