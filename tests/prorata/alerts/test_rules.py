"""Rules as people write them: few words, and a sentence for every other one."""

from __future__ import annotations

import pytest

from prorata.alerts.fields import parse_duration
from prorata.alerts.rules import digest_of_rule, read_rules
from prorata.errors import InputError
from prorata.toolchain.paths import PROJECT_ROOT
from tests.prorata.alerts.told import rule
from tests.prorata.store.made_logs import TOKEN

EVENT = {"when": "event", "event": "AgentAdded"}
RECORD = {"when": "event", "event": "RecordScheduled"}
NAV = {"when": "threshold", "value": "nav", "currency": "USD"}
SUPPLY = {"when": "threshold", "value": "supply"}


def test_the_built_in_rules_can_be_read() -> None:
    """All ten, each another."""
    rules = read_rules(PROJECT_ROOT / "examples/alerts/rules.yaml")
    assert len({digest_of_rule(one) for one in rules}) == len({one.name for one in rules}) == 10


def test_a_digest_is_of_all_that_a_rule_says() -> None:
    """Law 109: whatever is changed, it is another rule; the order of words changes nothing."""
    one = rule(**EVENT)
    assert digest_of_rule(one) == digest_of_rule(rule(event="AgentAdded", when="event"))
    others = [
        rule(**EVENT, name="b"), rule(**EVENT, says="b"), rule(**EVENT, severity="info"),
        rule(**EVENT, silence="1s"), rule(**EVENT, decided_at="head"),
        rule(**EVENT, of="ShareToken"), rule(**{**EVENT, "event": "AgentRemoved"}),
        rule(**EVENT, where=[{"argument": "agent", "outside": "powers"}]),
        rule(**EVENT, token=TOKEN),
    ]  # fmt: skip
    assert len({digest_of_rule(each) for each in (one, *others)}) == 10


def test_lengths_of_time() -> None:
    """In one unit, a whole number of it."""
    assert [parse_duration(text) for text in ("30s", "5min", "24h", "90d")] == [
        30, 300, 86_400, 7_776_000,
    ]  # fmt: skip
    for wrong in ("", "5", "5m", "1.5h", "-1h", "٣s", "1 h"):
        with pytest.raises(InputError, match="no length of time"):
            parse_duration(wrong)
    with pytest.raises(InputError, match="more than ten years"):
        parse_duration("4000d")


REFUSED = [
    ({**EVENT, "event": "Nothing"}, "is no event of a contract of prorata"),
    ({**EVENT, "of": "DividendVault"}, "is no event of the contract DividendVault"),
    ({**EVENT, "where": [{"argument": "who", "equals": "x"}]}, "has no argument who"),
    ({**EVENT, "where": [{"argument": "agent"}]}, "has no comparison"),
    ({**EVENT, "where": [{"argument": "agent", "equals": "x", "one_of": ["y"]}]},
     "equals and one_of"),
    ({**EVENT, "where": [{"argument": "agent", "above": 5}]}, "compares agent as a number"),
    ({**EVENT, "where": [{"argument": "agent", "equals": 5}]}, "write text"),
    ({**RECORD, "where": [{"argument": "closesAt", "equals": "5"}]}, "write digits"),
    ({**RECORD, "where": [{"argument": "closesAt", "outside": "powers"}]}, "asks who closesAt is"),
    ({"when": "event", "event": "AddressFrozen", "where": [{"argument": "isFrozen", "equals": 1}]},
     "write true or false"),
    ({"when": "event", "event": "Declared", "of": "DividendVault",
      "where": [{"argument": "terms", "equals": "x"}]}, "use another argument"),
    ({**EVENT, "where": [{"argument": "agent", "equals": "x", "eval": "1"}]}, "is no setting"),
    ({**SUPPLY, "is": {}}, "has both sides or none"),
    ({**SUPPLY, "is": {"above": 1, "below": 2}}, "has both sides or none"),
    ({**SUPPLY, "is": {"above": 5}, "clear": {"below": 7}}, "with below, 6 at most"),
    ({**SUPPLY, "is": {"above": 5}, "clear": {"above": 2}}, "with below, 6 at most"),
    ({**SUPPLY, "is": {"below": 5}, "clear": {"above": 3}}, "with above, 4 at least"),
    ({"when": "absent", "what": "payout"}, "needs by or within"),
    ({"when": "absent", "what": "nav", "within": "1d"}, "nav needs older_than"),
    ({"when": "absent", "what": "payout", "by": "2026-12-31"}, "has since without by"),
    ({"when": "absent", "what": "payout", "since": "2027-01-01", "by": "2026-12-31"},
     "begins after its end"),
    ({"when": "absent", "what": "drift", "within": "1d"}, "drift needs no limit"),
    ({"when": "absent", "what": "drift", "grace": "1d"}, "drift has no limit; remove grace"),
    ({"when": "absent", "what": "drift", "every": "0s"}, "every"),
    ({"when": "absent", "what": "finality"}, "finality needs older_than"),
    ({"when": "absent", "what": "nav", "older_than": "1d", "every": "1d"}, "nav asks no node"),
    ({"when": "absent", "what": "node", "older_than": "1d", "token": TOKEN}, "is of the chain"),
    ({**EVENT, "token": "0x" + "aB" * 20}, "EIP-55"),
    ({**NAV, "is": {"above": 95.5}}, 'write it in quotes, such as "95.5"'),
    ({**NAV, "is": {"above": "1e3"}}, "is no number"),
    ({**NAV, "is": {"above": True}}, "is no number"),
    ({**NAV, "is": {"above": "-1"}}, "nav is 0 at least"),
    ({**NAV, "is": {"above": "95.50"}, "clear": {"below": "95.51"}}, "with below, 95.5 at most"),
    ({**NAV, "currency": None, "is": {"above": 1}}, "has no currency, which is for nav"),
    ({**NAV, "is": {"above": 1}, "older_than": "1d"}, "has older_than, which is for premium"),
    ({**NAV, "value": "premium", "is": {"above": 1}}, "has currency, which is for nav"),
    ({**SUPPLY, "value": "premium", "is": {"above": 1}}, "has no older_than"),
    ({**SUPPLY, "is": {"above": "1.5"}}, "supply is a whole number"),
    ({**SUPPLY, "is": {"above": -1}}, "supply is 0 at least"),
    ({**SUPPLY, "is": {"above": 1}, "currency": "USD"}, "has currency, which is for nav"),
    ({"when": "sometimes"}, "sometimes"),
    ({**EVENT, "silence": "soon"}, "is no length of time"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "sentence"), REFUSED)
def test_what_is_no_rule_is_refused(said: dict, sentence: str) -> None:
    """With the fault in the sentence."""
    with pytest.raises(InputError) as caught:
        rule(**said)
    assert sentence in str(caught.value)


def test_two_rules_of_one_name_are_refused(tmp_path) -> None:
    """A silence would not know which of them."""
    path = tmp_path / "rules.yaml"
    one = "  - {name: a, says: A, when: event, event: AgentAdded}\n"
    path.write_text(f"rules:\n{one}{one}")
    with pytest.raises(InputError, match="names a twice"):
        read_rules(path)
