"""Settings in YAML: what is nested without end is refused at once."""

from __future__ import annotations

import time

import pytest

from prorata.errors import InputError
from prorata.files.yaml_reader import DEEPEST, read_yaml


def test_lists_within_lists_are_read_as_deep_as_anybody_writes_them(tmp_path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(f"a: {'[' * DEEPEST}{']' * DEEPEST}\n")
    found = read_yaml(path, "settings", "x.yaml")["a"]
    for _ in range(DEEPEST - 1):
        [found] = found
    assert found == []


@pytest.mark.parametrize("opening", ["[", "{", "- [", "a: [", "? {"])
def test_deeper_ones_are_refused_at_once(tmp_path, opening) -> None:
    """A second each was the time to find it out."""
    path = tmp_path / "settings.yaml"
    path.write_text(opening + opening[-1] * 20_000)
    before = time.process_time()
    with pytest.raises(InputError, match=r"is nested too deeply; start from x\.yaml"):
        read_yaml(path, "settings", "x.yaml")
    assert time.process_time() - before < 0.5
