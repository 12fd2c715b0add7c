"""positions.py: what goes in comes out, to the last share, or every reason why not is named."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.errors import InputError
from prorata.register.ocf.packages import find_package
from prorata.register.ocf.positions import positions_of
from tests.prorata.register.ocf.examples import (
    Thing,
    cancellation,
    issuance,
    package,
    split,
    stakeholder,
    stock_class,
    transfer,
)

PEOPLE = [stakeholder("ada"), stakeholder("bob"), stakeholder("cat", "INSTITUTION")]
START = [*PEOPLE, stock_class(), issuance("a", "ada", "100")]
LATER = {"date": "2027-02-01"}
MARCH = {"date": "2027-03-01"}
DOUBLE = split("two", ("2", "1"), "2027-02-01")


def positions(folder: Path, *objects: Thing) -> dict[str, Fraction]:
    found = find_package(package(folder, *objects))
    assert found is not None
    return {position.stakeholder.id: position.shares for position in positions_of(found)}


def faults(folder: Path, *objects: Thing) -> list[str]:
    with pytest.raises(InputError) as caught:
        positions(folder, *objects)
    return [str(p).removeprefix("Transactions.ocf.json, ") for p in caught.value.problems]


def reissue(security: str, to: list[str], split_id: str | None = None, **more: str) -> Thing:
    because = {} if split_id is None else {"split_transaction_id": split_id}
    return {
        "object_type": "TX_STOCK_REISSUANCE", "id": f"again-{security}", "security_id": security,
        "date": "2027-02-01", "resulting_security_ids": to, **because, **more,
    }  # fmt: skip


# ---------------------------------------------------------------------------- examples


def test_issues_transfers_and_cancellations_add_up(tmp_path):
    """In whatever order they stand in the file."""
    objects = [
        cancellation("c", "5", balance_security_id="d"),
        transfer("a", "40", ["b", "c"], balance_security_id="rest"),
        issuance("d", "cat", "20", date="2027-03-01"),
        issuance("rest", "ada", "60", **LATER),
        issuance("b", "bob", "15", **LATER),
        issuance("c", "cat", "25", **LATER),
        issuance("more", "bob", "0.5"),
    ]
    held = {"ada": 60, "bob": Fraction(31, 2), "cat": 20}
    assert positions(tmp_path, *START, *objects) == held
    assert positions(tmp_path, *START, *reversed(objects)) == held


def test_the_whole_of_a_security_leaves_nothing_behind(tmp_path):
    assert positions(tmp_path, *START, cancellation("a", "100"), issuance("b", "bob", "1")) == {
        "bob": 1
    }
    moved = transfer("a", "100.00", ["b"])
    assert positions(tmp_path, *START, moved, issuance("b", "bob", "100", **LATER)) == {"bob": 100}


def test_what_moves_no_shares_is_taken(tmp_path):
    day = {"date": "2027-02-01", "security_id": "a"}
    assert positions(
        tmp_path,
        *START,
        {"object_type": "TX_STOCK_ACCEPTANCE", "id": "1", **day},
        {"object_type": "TX_VESTING_START", "id": "2", **day, "vesting_condition_id": "x"},
        {"object_type": "CE_STAKEHOLDER_STATUS", "id": "3", "date": "2027-02-01", "new": "ACTIVE"},
        {"object_type": "TX_STOCK_PLAN_POOL_ADJUSTMENT", "id": "4", "date": "2027-02-01"},
    ) == {"ada": 100}


def test_retractions_repurchases_and_consolidations(tmp_path):
    day = {"date": "2027-02-01"}
    buy = {"object_type": "TX_STOCK_REPURCHASE", "id": "buy", "security_id": "e", **day,
           "price": {"amount": "1", "currency": "EUR"}, "quantity": "4",
           "balance_security_id": "f"}  # fmt: skip
    assert positions(
        tmp_path,
        *START,
        issuance("b", "ada", "11"),
        issuance("wrong", "bob", "7"),
        issuance("e", "cat", "10"),
        {"object_type": "TX_STOCK_RETRACTION", "id": "no", "security_id": "wrong", **day,
         "reason_text": "A mistake."},
        {"object_type": "TX_STOCK_CONSOLIDATION", "id": "one", "security_ids": ["a", "b"],
         "resulting_security_id": "ab", **day},
        issuance("ab", "ada", "111", **LATER),
        buy,
        issuance("f", "cat", "6", **LATER),
    ) == {"ada": 111, "cat": 6}  # fmt: skip


def test_a_split_multiplies_what_is_open_on_its_day(tmp_path):
    objects = [
        *START,
        issuance("b", "bob", "10"),
        cancellation("b", "4", date="2027-02-01", balance_security_id="b2"),
        issuance("b2", "bob", "6", **LATER),
        split("three", ("3", "2"), "2027-02-15"),
        cancellation("a", "50", date="2027-03-01", balance_security_id="a2"),
        issuance("a2", "ada", "100", date="2027-03-01"),
        split("two", ("2", "1"), "2027-04-01"),
        issuance("c", "cat", "7", date="2027-05-01"),
    ]
    assert positions(tmp_path, *objects) == {"ada": 200, "bob": 18, "cat": 7}


def test_shares_that_are_reissued_because_of_a_split_are_not_multiplied_again(tmp_path):
    assert positions(
        tmp_path,
        *START,
        issuance("b", "bob", "10"),
        split("two", ("2", "1"), "2027-02-01"),
        reissue("a", ["a2", "a3"], "two"),
        issuance("a2", "ada", "150", **LATER),
        issuance("a3", "ada", "50", **LATER),
    ) == {"ada": 200, "bob": 20}


def test_a_split_of_one_class_leaves_the_others(tmp_path):
    found = find_package(
        package(
            tmp_path,
            *START,
            stock_class("seed"),
            issuance("s", "ada", "7", stock_class_id="seed"),
            split("two", ("2", "1"), "2027-02-01"),
        )
    )
    assert found is not None
    assert [(p.stock_class, p.shares) for p in positions_of(found)] == [
        ("common", 200),
        ("seed", 7),
    ]


# ---------------------------------------------------------------------------- the law


@st.composite
def stories(draw) -> tuple[list[Thing], dict[str, Fraction]]:
    """A company's transactions one after the other, and who holds what by plain bookkeeping."""
    people = ["ada", "bob", "cat"]
    objects: list[Thing] = [*PEOPLE, stock_class()]
    open_: dict[str, tuple[str, Fraction]] = {}
    number = 0

    def issue(holder: str, shares: Fraction, day: str) -> str:
        nonlocal number
        number += 1
        security = f"s{number}"
        objects.append(issuance(security, holder, written(shares), date=day))
        open_[security] = (holder, shares)
        return security

    for step in range(draw(st.integers(1, 8))):
        day = f"2027-{step + 1:02}-01"
        kind = draw(st.sampled_from(["issue", "transfer", "cancel", "split"]))
        if kind == "split":
            objects.append(split(f"split{step}", (str(draw(st.integers(2, 4))), "1"), day))
            ratio = int(objects[-1]["split_ratio"]["numerator"])
            open_ = {s: (who, shares * ratio) for s, (who, shares) in open_.items()}
        elif kind == "issue" or not open_:
            issue(draw(st.sampled_from(people)), Fraction(draw(st.integers(1, 10**6)), 100), day)
        else:
            security = draw(st.sampled_from(sorted(open_)))
            holder, held = open_.pop(security)
            part = held * draw(st.integers(1, 4)) / 4
            ids = [issue(draw(st.sampled_from(people)), part, day)] if kind == "transfer" else []
            rest = {"balance_security_id": issue(holder, held - part, day)} if part < held else {}
            moved = written(part)
            made = (
                transfer(security, moved, ids, date=day, **rest)
                if ids
                else cancellation(security, moved, date=day, **rest)
            )
            objects.append(made)
    held_by: dict[str, Fraction] = {}
    for holder, shares in open_.values():
        held_by[holder] = held_by.get(holder, Fraction(0)) + shares
    return objects, held_by


def written(shares: Fraction) -> str:
    """With ten decimals at most; a fourth of a fourth of a hundredth has no more."""
    whole, rest = divmod(shares * 10**10, 10**10)
    assert rest.denominator == 1
    return f"{whole}.{int(rest):010}"


@given(story=stories(), shuffled=st.randoms(use_true_random=False))
def test_every_story_ends_as_plain_bookkeeping_says(tmp_path_factory, story, shuffled):
    """Whatever happens, in whatever order the file has it, nothing is lost or made."""
    objects, held = story
    shuffled.shuffle(objects)
    assert positions(tmp_path_factory.mktemp("ocf"), *objects) == held


# ---------------------------------------------------------------------------- refusals


def test_what_is_named_must_be_there(tmp_path):
    found = faults(
        tmp_path,
        stakeholder("ada"),
        stock_class(),
        issuance("a", "eve", "1", stock_class_id="gold", stock_legend_ids=["x"]),
        split("two", ("2", "1"), "2027-02-01", stock_class_id="gold"),
        cancellation("z", "1"),
        transfer("a", "1", ["nowhere"], date="2027-02-02"),
        {"object_type": "TX_STOCK_ACCEPTANCE", "id": "yes", "security_id": "q",
         "date": "2027-03-01"},
    )  # fmt: skip
    name = "name one that is in the package"
    assert found == [
        f'issue-a, stakeholder_id: "eve" is not in the package; {name}',
        f'issue-a, stock_class_id: "gold" is not in the package; {name}',
        f'issue-a, stock_legend_ids: "x" is not in the package; {name}',
        f'two, stock_class_id: "gold" is not in the package; {name}',
        f'yes, security_id: "q" is not in the package; {name}',
        f'cancel-z, security_id: "z" is issued nowhere in the package; {name}',
        f'transfer-a: "nowhere" is issued nowhere in the package; {name}',
    ]


@pytest.mark.parametrize(
    ("kind", "id_"),
    [
        ("TX_STOCK_CONVERSION", "convert-1"),
        ("TX_CONVERTIBLE_CONVERSION", "note-1"),
        ("TX_WARRANT_EXERCISE", "warrant-1"),
        ("TX_EQUITY_COMPENSATION_EXERCISE", "option-1"),
        ("TX_EQUITY_COMPENSATION_ISSUANCE", "grant-1"),
        ("TX_PLAN_SECURITY_RELEASE", "rsu-1"),
    ],
)
def test_what_is_not_stock_or_becomes_stock_is_refused_by_name(tmp_path, kind, id_):
    (said,) = faults(tmp_path, *START, {"object_type": kind, "id": id_, "date": "2027-01-05"})
    assert said == (
        f'{id_}, object_type: "{kind}" moves a security that is no stock, or makes stock of it, '
        "which is not read; export the stock alone, with what became of it as issuances"
    )


def test_nobody_holds_less_than_nothing(tmp_path):
    (said,) = faults(tmp_path, *START, cancellation("a", "101"))
    assert said == (
        'cancel-a, quantity: "101" is more than the 100 shares of the security; '
        "nobody can hold less than nothing: correct one of the two"
    )
    for quantity in ("0", "-5", "0.0"):
        said = faults(tmp_path, *PEOPLE, stock_class(), issuance("a", "ada", quantity))
        assert said == [
            f'issue-a, quantity: "{quantity}" is not over nothing; write a number over 0'
        ]


@pytest.mark.parametrize(
    ("objects", "sentence"),
    [
        ([transfer("a", "40", ["b"]), issuance("b", "bob", "40", **LATER)],
         'transfer-a, balance_security_id: "0" shares come out where 60 must'),
        ([transfer("a", "100", ["b"]), issuance("b", "bob", "40", **LATER)],
         'transfer-a, resulting_security_ids: "40" shares come out where 100 must'),
        ([cancellation("a", "40", balance_security_id="b"), issuance("b", "ada", "61", **MARCH)],
         'cancel-a, balance_security_id: "61" shares come out where 60 must'),
        ([cancellation("a", "40", balance_security_id="b"), issuance("b", "bob", "60", **MARCH)],
         'cancel-a: "b" is of another holder than a; use a transfer for that'),
        ([reissue("a", ["b"]), issuance("b", "ada", "99", **LATER)],
         'again-a: "99" shares come out where 100 must; make the securities add up'),
        ([reissue("a", ["b"], "none"), issuance("b", "ada", "100", **LATER)],
         'again-a, split_transaction_id: "none" is no split of the class before that'),
        ([DOUBLE, reissue("a", ["b"], "two"), issuance("b", "ada", "100", **LATER)],
         'again-a: "100" shares come out where 200 must'),
        ([transfer("a", "100", ["b"]), issuance("b", "bob", "100", stock_class_id="seed", **LATER)],
         'transfer-a: "b" is of another class than a; keep each class apart'),
        ([reissue("a", ["b"]), issuance("b", "ada", "100")],
         'again-a: "b" was issued on 2027-01-04, before the 2027-02-01 of this'),
        ([cancellation("a", "100", date="2027-01-03")],
         'cancel-a, security_id: "a" was issued on 2027-01-04, after the 2027-01-03 of this'),
        ([cancellation("a", "100"), transfer("a", "100", ["b"]),
          issuance("b", "bob", "100", **LATER)],
         'cancel-a, security_id: "a" was closed by transfer-a already'),
        ([issuance("a", "bob", "5", id="twice")],
         'twice, security_id: "a" is issued by issue-a already; issue it once'),
        ([split("two", ("2", "1"), "2027-01-04")],
         'issue-a, security_id: "a" is issued or closed on the day of the split two'),
        ([split("two", ("2", "1"), "2027-03-01"), cancellation("a", "100")],
         'issue-a, security_id: "a" is issued or closed on the day of the split two'),
        ([issuance("b", "ada", "5"), reissue("a", ["c"]), reissue("b", ["c"]),
          issuance("c", "ada", "105", **LATER)],
         'again-b: "c" results from again-a already; let it result from one of them'),
        ([cancellation("a", "0")],
         'cancel-a, quantity: "0" is not over nothing; write a number over 0'),
        ([split("none", ("0", "1"), "2027-03-01")],
         'none, split_ratio: "0" is not over nothing'),
        ([reissue("a", ["a"], date="2027-01-04")],
         'again-a: "a" results from itself, by way of other transactions or at once'),
    ],
)  # fmt: skip
def test_what_does_not_add_up(tmp_path, objects, sentence):
    assert any(sentence in said for said in faults(tmp_path, *START, stock_class("seed"), *objects))


def test_shares_cannot_vanish_in_a_circle(tmp_path):
    """Two reissues on one day, each of the other's result: all would be closed, and none held."""
    day = {"date": "2027-01-04"}
    objects = [reissue("a", ["b"], **day), reissue("b", ["a"], **day), issuance("b", "ada", "100")]
    assert [said.split(";")[0] for said in faults(tmp_path, *START, *objects)] == [
        'again-b: "a" results from itself, by way of other transactions or at once',
        'again-a: "b" results from itself, by way of other transactions or at once',
    ]


def test_all_faults_are_told_at_once(tmp_path):
    assert len(faults(tmp_path, *START, cancellation("y", "1"), cancellation("z", "1"))) == 2


def test_a_program_reads_which_object_it_is(tmp_path):
    with pytest.raises(InputError) as caught:
        positions(tmp_path, *START, cancellation("a", "101"))
    (problem,) = json.loads(json.dumps(caught.value.as_json()))["problems"]
    assert (problem["file"], problem["id"]) == ("Transactions.ocf.json", "cancel-a")
