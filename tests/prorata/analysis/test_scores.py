"""scores.py and scorecards.py: a method, its inputs, and the span that missing ones leave open."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from prorata.analysis.scorecards import Card, Given, ScoreMethod, Supplier, read_card
from prorata.analysis.scores import score
from prorata.errors import InputError
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.times import moment
from tests.prorata.analysis.made import DAY, second

EXAMPLES = PROJECT_ROOT / "examples" / "analytics"
NOW = second("2027-12-31")


def method_of(weights: list[int]) -> ScoreMethod:
    """Questions whose answers are their points."""
    points = [{"at_least": n, "points": n} for n in range(100, 0, -10)]
    criteria = {
        f"c{n}": {"question": "?", "weight": weight, "most_days": 100, "thresholds": points}
        for n, weight in enumerate(weights)
    }
    return ScoreMethod.model_validate({"name": "M", "version": "1", "criteria": criteria})


def given_of(points: int, date: int = NOW, by: str = "issuer") -> Given:
    return Given(value=points, evidence="a paper", date=moment(date), supplied_by=by)


def scored(weights: list[int], points: list[int | None], **further):
    inputs = {f"c{n}": given_of(one, **further) for n, one in enumerate(points) if one is not None}
    card = Card(asset="A", date=moment(NOW), method="m", inputs=inputs)
    values = {name: Fraction(one.value) for name, one in inputs.items()}
    return score(card, method_of(weights), values)


# ----------------------------------------------------------------------------------------- examples


def test_the_example_leads_with_its_span():
    """Law 103."""
    found = score(*read_card(EXAMPLES / "score.yaml"))
    # 20 x 60 + 20 x 70 + 20 x 60 + 15 x 100 + 10 x 60 = 5,900, and 15 of 100 are not known.
    assert (found.low.text, found.high.text) == ("59.0", "74.0")
    assert found.value.text == "1 input missing: audit"
    assert found.missing == ("audit",)
    assert (found.known.text, found.of_issuer.text) == ("85.0%", "40.0%")
    assert found.low.inputs == {"method": found.digest, "inputs": "5 of 6"}
    assert found.method == "Income property, version 1"


def test_with_all_inputs_there_is_one_score():
    found = scored([30, 30, 40], [100, 50, 0])
    assert found.low.known == found.high.known == found.value.known == 45
    assert found.missing == ()


def test_hiding_two_inputs_lifts_no_score():
    """Law 103: left out of the weights, two hidden inputs turn 62.5 into 93.1."""
    weights = [27, 2, 3, 16]
    honest, hidden = scored(weights, [100, 0, 100, 0]), scored(weights, [100, 0, None, None])
    assert honest.value.text == "62.5"
    assert round(float(Fraction(27 * 100 + 2 * 0, 27 + 2)), 1) == 93.1
    assert hidden.value.text == "2 inputs missing: c2 and c3"
    assert (hidden.low.text, hidden.high.text) == ("56.2", "95.8")


def test_below_sixty_per_cent_of_the_weight_it_says_not_enough_data():
    """Law 95."""
    found = scored([50, 9, 41], [80, 80, None])
    assert found.value.text == "not enough data: 59% of 60% of the weight; 1 input missing: c2"
    assert scored([50, 10, 40], [80, 80, None]).value.text == "1 input missing: c2"


def test_an_input_that_is_too_old_is_missing_and_says_so():
    found = scored([50, 50], [80, 80], date=NOW - 101 * DAY)
    assert found.criteria[0].missing == "101 days old, and 100 days is the most"
    assert (found.low.text, found.high.text) == ("0.0", "100.0")
    assert scored([50, 50], [80, 80], date=NOW - 100 * DAY).value.text == "80.0"


def test_an_input_of_later_is_missing():
    found = scored([1], [80], date=NOW + DAY)
    assert found.criteria[0].missing == "of 2028-01-01T00:00:00Z, after the card's date"


def test_evidence_of_the_issuer_is_marked():
    assert scored([30, 70], [10, 20], by="auditor").of_issuer.text == "0.0%"
    found = scored([30, 70], [10, None])
    assert found.of_issuer.text == "30.0%"
    assert found.criteria[0].supplied_by is Supplier.ISSUER


def test_the_sensitivity_names_the_weight_that_moves_the_most():
    """Weights 50 and 50, points 0 and 100: a tenth more or less on one is 47.37 to 52.63."""
    found = scored([50, 50], [0, 100])
    assert (found.least.known, found.most.known) == (Fraction(4_500, 95), Fraction(5_000, 95))
    assert found.moved_by in ("c0", "c1")
    lopsided = scored([80, 10, 10], [100, 0, 0])
    assert lopsided.moved_by == "c0"


def test_the_digest_is_of_what_the_method_says():
    """Neither comments nor the order of names are in it; a weight, a threshold, a word are."""
    text = (EXAMPLES / "score-method.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    digest = ScoreMethod.model_validate(content).digest
    backwards = {"criteria": dict(reversed(content["criteria"].items())), **content}
    assert ScoreMethod.model_validate(backwards).digest == digest
    assert len(digest) == 64
    for old, new in (("weight: 15", "weight: 16"), ('"66.7"', '"66.8"'), ("audited?", "checked?")):
        changed = ScoreMethod.model_validate(yaml.safe_load(text.replace(old, new, 1)))
        assert changed.digest != digest


# --------------------------------------------------------------------------------------------- laws

WEIGHED = st.lists(
    st.tuples(st.integers(1, 100), st.integers(0, 10).map(lambda n: 10 * n), st.booleans()),
    min_size=1,
    max_size=8,
)


@given(WEIGHED, st.data())
def test_the_span_shrinks_as_inputs_arrive(rows, data):
    """Law 103: it holds the score that any missing inputs would give."""
    weights = [weight for weight, _, _ in rows]
    known = [points if there else None for _, points, there in rows]
    now = scored(weights, known)
    place = data.draw(st.integers(0, len(rows) - 1))
    known[place] = rows[place][1]
    later = scored(weights, known)
    assert now.low.known <= later.low.known <= later.high.known <= now.high.known
    whole = scored(weights, [points for _, points, _ in rows])
    assert later.low.known <= whole.value.known <= later.high.known
    assert now.least.known <= now.low.known <= now.high.known <= now.most.known


@given(WEIGHED)
def test_a_score_is_between_its_worst_and_its_best_input(rows):
    """Law 103: and does not depend on the scale of the weights."""
    weights, points = [row[0] for row in rows], [row[1] for row in rows]
    found = scored(weights, points).value.known
    assert min(points) <= found <= max(points)
    assert scored([weight * 7 for weight in weights], points).value.known == found


# ----------------------------------------------------------------------------------------- refusals


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(EXAMPLES, tmp_path / "analytics")
    return tmp_path / "analytics"


def refused(folder: Path, name: str, old: str, new: str) -> str:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_card(folder / "score.yaml")
    return str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("value: 92", "value: 92.5", '"92.5" is a float to YAML; write it in quotes: "92.5"'),
        ("value: 92", "value: yes", '"True" is no number; write digits'),
        ("  debt:", "  detb:", '"detb" is no criterion of Income property; give occupancy, '),
        (
            "supplied_by: chain",
            "supplied_by: me",
            '"me" is none of the names there are; write one of',
        ),
        ("date: 2027-11-30", "date: soon", '"soon" is no time; write 2027-03-31T23:59:59Z'),
        ("6f0c2f", "xx0c2f", "is no SHA-256 digest; write the 64 hexadecimal digits"),
        ("score-method.yaml", "none.yaml", "cannot be read (no such file or directory)"),
        ("    evidence: rent roll of 30 November\n", "", "inputs.occupancy.evidence: "),
    ],
)
def test_a_card_that_is_refused(folder, old, new, sentence):
    assert sentence in refused(folder, "score.yaml", old, new)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("weight: 15", "weight: 0", "criteria.payouts.weight: "),
        ("at_least: 85", "at_least: 96", "has a threshold that is never reached; order at_least"),
        ("at_most: 12", "at_most: 6", "has a threshold that is never reached; order at_least"),
        ("at_least: 85", "at_most: 85", "has thresholds of both kinds; write at_least or at_most"),
        ("at_least: 85, ", "", "has no threshold, or two; write at_least or at_most"),
        ("points: 60", "points: 101", "points: "),
        ('answers: { "yes"', "answers: { yes", '"True" is no name; use 1 to 64 letters'),
        ('    answers: { "yes": 100, "with qualifications": 40, "no": 0 }', "", "has no scale, or"),
        ("version:", "edition:", '"1" is no setting; remove it'),
    ],
)
def test_a_method_that_is_refused(folder, old, new, sentence):
    assert sentence in refused(folder, "score-method.yaml", old, new)


def test_an_answer_that_the_method_does_not_have(folder):
    text = (folder / "score.yaml").read_text(encoding="utf-8")
    more = "  audit: { value: maybe, evidence: e, date: 2027-12-31, supplied_by: auditor }\n"
    (folder / "score.yaml").write_text(text + more, encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_card(folder / "score.yaml")
    assert str(error.value) == (
        'inputs.audit.value: "maybe" is no answer of the method; '
        'write "yes" or "with qualifications" or "no", in quotes'
    )
    (folder / "score.yaml").write_text(text + more.replace("maybe", '"no"'), encoding="utf-8")
    assert score(*read_card(folder / "score.yaml")).value.text == "59.0"
