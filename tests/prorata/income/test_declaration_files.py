"""declarations.py: what stands in a file of distributions, word by word and line by line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from prorata.errors import InputError
from prorata.income.declaration_files import EXAMPLE, FIELDS, KINDS, Word, read_drafts
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.kinds import Kind

TREASURY = "0x8C8d35429F74ec245F8Ef2f4Fd1e551cFF97d650"
ONE = """\
record: 1
currency: USD
amount: "85,000.00"
kind: rent
"""


def written(tmp_path, text: str, name: str = "d.yaml"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def faults(tmp_path, text: str, name: str = "d.yaml") -> list[str]:
    """What is wrong with the form of a file."""
    return [str(problem) for problem in read_drafts(written(tmp_path, text, name)).problems]


def refusal(tmp_path, text: str, name: str = "d.yaml") -> str:
    with pytest.raises(InputError) as refused:
        read_drafts(written(tmp_path, text, name))
    return str(refused.value)


def test_the_example_says_every_word_on_its_line():
    drafts = read_drafts(PROJECT_ROOT / EXAMPLE)
    assert drafts.problems == []
    rent, dividend = drafts.drafts
    assert (rent.line, dividend.line) == (6, 22)
    assert rent.words["amount"] == Word("85,000.00", 8)
    assert rent.excluded == [Word(TREASURY, 12)]
    assert dividend.words["push"] == Word("true", 28)
    assert dividend.excluded == [Word(TREASURY, 27)]


def test_every_kind_of_income_has_a_word():
    assert [Kind(number).label.replace(" ", "-") for number in range(5)] == list(KINDS)


def test_one_distribution_needs_no_list(tmp_path):
    [draft] = read_drafts(written(tmp_path, ONE)).drafts
    assert {name: word.text for name, word in draft.words.items()} == {
        "record": "1",
        "currency": "USD",
        "amount": "85,000.00",
        "kind": "rent",
    }


def test_times_keep_the_words_that_yaml_would_change(tmp_path):
    text = f"{ONE}deadline: 2027-03-31T23:59:59+02:00\n"
    [draft] = read_drafts(written(tmp_path, text)).drafts
    assert draft.words["deadline"] == Word("2027-03-31T23:59:59+02:00", 5)


def test_csv_says_the_same(tmp_path):
    other = "0x40FBBE484b8Ee6139Af08446950B088e10b2306A"
    text = (
        "kind,record,currency,amount,exclude,reference\n"
        f'rent,1,USD,"85,000.00",{TREASURY} {other},"First, and last"\n'
        "dividend,1,ETH,12.5,,\n"
    )
    rent, dividend = read_drafts(written(tmp_path, text, "d.csv")).drafts
    assert rent.words["amount"] == Word("85,000.00", 2)
    assert rent.words["reference"] == Word("First, and last", 2)
    assert rent.excluded == [Word(TREASURY, 2), Word(other, 2)]
    assert (set(dividend.words), dividend.line) == ({"kind", "record", "currency", "amount"}, 3)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("amount: 85000", 'line 3, amount: "85000" is a number to YAML; write it in quotes'),
        ("amount: 85000.10", 'line 3, amount: "85000.10" is a number to YAML; write it in quotes'),
        ("amount: 8.5e+4", 'line 3, amount: "8.5e+4" is a number to YAML; write it in quotes'),
        ("amount: .inf", 'line 3, amount: ".inf" is a number to YAML; write it in quotes'),
        ("amount:", 'line 3, amount: "" is blank; write it, or leave it out'),
        ("amount: yes", 'line 3, amount: "yes" is true or false to YAML; write it in quotes'),
        (
            f"sweep_to: {TREASURY}",
            f'line 3, sweep_to: "{TREASURY}" is a number to YAML; write it in quotes',
        ),
        ("reference: 2027-03-31", '"2027-03-31" is a timestamp to YAML; write it in quotes'),
        ("record: 1.0", 'line 3, record: "1.0" is a number to YAML; write it in quotes'),
        ("record: [1]", f'record: "{{file}}" is not a single value; start from {EXAMPLE}'),
        ("exclude: none", f'line 3, exclude: "none" is no list of accounts; start from {EXAMPLE}'),
        ("exclude: [0x01]", 'line 3, exclude: "0x01" is a number to YAML; write it in quotes'),
        ("amuont: 1", f'line 3: "amuont" is no field; use {", ".join(FIELDS)}'),
        ("currency: EUR", 'line 3, currency: "currency" is there twice; keep one of them'),
        ("? [a]\n: b", f'line 3: "?" is no field; use {", ".join(FIELDS)}'),
    ],
)
def test_what_yaml_would_change_is_refused_with_its_line(tmp_path, line, said):
    """No float, no octal, no date, no boolean is ever guessed at."""
    found = faults(tmp_path, f"currency: USD\nkind: rent\n{line}\n")
    assert len(found) == 1
    assert found[0].endswith(said.replace("{file}", str(tmp_path / "d.yaml")))


def test_all_faults_of_all_distributions_are_listed(tmp_path):
    text = "distributions:\n  - amount: 1.5\n    colour: blue\n  - nothing\n  - kind:\nauthor: me\n"
    assert [fault.partition(";")[0] for fault in faults(tmp_path, text)] == [
        'line 2, amount: "1.5" is a number to YAML',
        'line 3: "colour" is no field',
        'line 4: "nothing" is no distribution',
        'line 5, kind: "" is blank',
        'line 6: "author" is no field',
    ]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "holds no distribution"),
        ("- 1\n- 2\n", 'line 1: "{file}" holds no distribution'),
        ("distributions: []\n", 'line 1, distributions: "{file}" is no list of distributions'),
        ("distributions: 5\n", 'line 1, distributions: "5" is no list of distributions'),
    ],
)
def test_a_file_without_distributions_says_so(tmp_path, text, rule):
    [fault] = faults(tmp_path, text)
    assert rule.replace("{file}", str(tmp_path / "d.yaml")) in fault
    assert fault.endswith(f"; start from {EXAMPLE}")


def test_what_is_no_yaml_is_refused_with_its_line(tmp_path):
    assert refusal(tmp_path, "record: 1\nkind: [rent\n").startswith("line 3: ")
    assert refusal(tmp_path, "a: 1\n---\nb: 2\n").startswith("line 2: ")
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"reference: Mi\xe9te\n")
    with pytest.raises(InputError) as refused:
        read_drafts(path)
    assert str(refused.value) == (f'"{path}" is not YAML (it is not UTF-8); start from {EXAMPLE}')


def test_csv_faults_have_their_lines(tmp_path):
    assert faults(tmp_path, "kind,record,currency,amount,colour\n", "d.csv") == [
        'line 1, header: "colour" is no known column; use only ' + ", ".join(FIELDS),
    ]
    assert faults(tmp_path, "kind,record,currency\nrent,1,USD\n", "d.csv") == [
        'line 1, header: "kind,record,currency" lacks the column amount; add it'
    ]
    assert faults(tmp_path, "kind,record,currency,amount\n", "d.csv") == [
        '"the file" has no rows; add a line for each distribution'
    ]
    assert faults(tmp_path, "kind,record,currency,amount\nrent,1,USD,1,2\n\nrent,1\n", "d.csv") == [
        (
            'line 2: "rent,1,USD,1,2" has 5 cells where the header has 4; remove what is too much, '
            "and any comma inside a number"
        ),
        'line 3: "" is a blank row; remove it',
        'line 4: "rent,1" has 2 cells where the header has 4; add what is missing',
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("d.yaml", "stream: 3\ncurrency: USD\namount: '1'\nkind: rent\n"),
        ("d.csv", "stream,currency,amount,kind\n3,USD,1,rent\n3,USD,2,rent\n"),
    ],
)
def test_a_file_with_an_old_name_is_read_with_one_line_of_notice(tmp_path, name, text):
    drafts = read_drafts(written(tmp_path, text, name))
    assert drafts.problems == []
    assert {draft.words["record_range"].text for draft in drafts.drafts} == {"3"}
    assert not any("stream" in draft.words for draft in drafts.drafts)
    assert drafts.notices == [
        f"{tmp_path / name} has old names, which are read as the new: stream is record_range"
    ]
    assert read_drafts(written(tmp_path, text.replace("stream", "record_range"), name)) == replace(
        drafts, notices=[]
    )


def test_an_old_name_beside_the_new_one_is_there_twice(tmp_path):
    both = f"{ONE}record_range: 1\nstream: 2\n"
    assert faults(tmp_path, both) == [
        'line 6, record_range: "record_range" is there twice; keep one of them'
    ]
    header = "stream,record_range,currency,amount,kind\n1,2,USD,1,rent\n"
    assert faults(tmp_path, header, "d.csv") == [
        'line 1, header: "record_range" is a column twice; keep one of them'
    ]


def test_other_files_are_refused(tmp_path):
    assert refusal(tmp_path, ONE, "d.txt") == (
        f'from: "{tmp_path / "d.txt"}" is neither YAML nor CSV by its name; '
        f"see {EXAMPLE} for how it looks"
    )
    missing = tmp_path / "none.yaml"
    with pytest.raises(InputError) as refused:
        read_drafts(missing)
    assert str(refused.value) == (
        f'file: "{missing}" cannot be read (no such file or directory); give the path of a YAML or '
        "CSV file"
    )
