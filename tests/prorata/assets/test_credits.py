"""Credits with serial numbers: the file of batches, and which serials were retired."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prorata.assets.credits import Serials, parse_batches, read_batches, serials_between
from prorata.assets.examples import EXAMPLES
from prorata.errors import InputError

HEADER = "token,project,vintage,labels,prefix,first,last,buffer\n"
LINE = "T,Delta,2024,SDG+CCP,VR-1,1,100,10\n"

ranges = st.lists(st.integers(1, 50), min_size=1, max_size=8).map(
    lambda sizes: [Serials(f"P{n}", 10 * n + 1, 10 * n + size) for n, size in enumerate(sizes)]
)


def one_by_one(found: tuple[Serials, ...] | list[Serials]) -> list[tuple[str, int]]:
    return [(one.prefix, n) for one in found for n in range(one.first, one.last + 1)]


def test_a_batch_keeps_its_last_serials_as_the_buffer() -> None:
    [batch] = parse_batches(HEADER + LINE, "batches.csv")
    assert batch.labels == ("CCP", "SDG")
    assert (batch.sold, batch.kept) == (Serials("VR-1", 1, 90), Serials("VR-1", 91, 100))
    assert batch.sold.text == "VR-1-000001 to 000090"
    assert Serials("VR-1", 7, 7).text == "VR-1-000007"


def test_a_batch_without_a_buffer_keeps_none() -> None:
    [batch] = parse_batches(HEADER + LINE.replace(",10\n", ",0\n"), "batches.csv")
    assert batch.kept is None
    assert len(batch.sold) == 100


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("T,Delta,2024,CCP+SDG,VR-1,100,120,0\n", '"VR-1-000100" were issued before'),
        ("T,Delta,2025,CCP+SDG,VR-2,1,9,0\n", "has credits of Delta, 2024, CCP+SDG, and these are"),
        ("T,Other,2024,CCP+SDG,VR-2,1,9,0\n", "give them a token of their own"),
        ("U,Delta,2025,none,VR-2,9,1,0\n", "is below the first serial, 9"),
        ("U,Delta,2025,none,VR-2,1,9,9\n", "leaves nothing to sell of the 9 serials"),
        ("U,Delta,25,none,VR-2,1,9,0\n", "is no year"),
        ("U,Delta,2025,CCP+CCP,VR-2,1,9,0\n", "is no set of labels"),
        ("U,Delta,2025,none,VR 2,1,9,0\n", "is no beginning of a serial"),
        ("U,Delta,2025,none,VR-2,0,9,0\n", "is no serial number"),
    ],
)
def test_what_cannot_be_issued_is_refused(line: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_batches(HEADER + LINE + line, "batches.csv")
    assert said in str(refused.value)
    assert refused.value.problems[0].line == 3


def test_more_than_all_serials_are_refused() -> None:
    with pytest.raises(InputError, match="are 1 more than there are serials"):
        serials_between([Serials("P", 1, 10)], 5, 6)


@given(ranges, st.data())
def test_serials_go_first_in_first_out_and_each_once(
    found: list[Serials], data: st.DataObject
) -> None:
    """Cut into retirements of any size, the serials are all of them, in their order (Law 79)."""
    everything = one_by_one(found)
    cuts = data.draw(st.lists(st.integers(0, len(everything)), max_size=6).map(sorted))
    taken = []
    for before, after in zip([0, *cuts], [*cuts, len(everything)], strict=True):
        part = serials_between(found, before, after - before)
        assert sum(len(one) for one in part) == after - before
        taken += one_by_one(part)
    assert taken == everything


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 50), st.integers(1, 50))
def test_what_two_ranges_have_in_common(a: int, b: int, c: int, d: int) -> None:
    one, other = Serials("P", *sorted((a, b))), Serials("P", *sorted((c, d)))
    both = one.common(other)
    common = set(one_by_one([one])) & set(one_by_one([other]))
    assert set(one_by_one([] if both is None else [both])) == common
    assert one.common(Serials("Q", other.first, other.last)) is None


def test_the_example_is_issued_once() -> None:
    batches = read_batches(EXAMPLES / "carbon" / "batches.csv")
    serials = [serial for batch in batches for serial in one_by_one([batch.serials])]
    assert len(set(serials)) == len(serials) == 95_000
