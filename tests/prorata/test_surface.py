"""The public interface: what is exported is what is named, loaded when it is used."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files

import pytest

import prorata


def test_everything_named_is_there_and_in_order():
    assert sorted(prorata.__all__) == list(prorata.__all__)
    assert len(set(prorata.__all__)) == len(prorata.__all__)
    for name in prorata.__all__:
        assert getattr(prorata, name) is not None


def test_nothing_else_is_public():
    named = set(prorata._HOMES)
    assert named | {"__version__"} == set(prorata.__all__)
    assert set(prorata.__all__) <= set(dir(prorata))
    with pytest.raises(AttributeError, match="module 'prorata' has no attribute 'Dividend'"):
        _ = prorata.Dividend


def test_each_name_is_the_one_of_its_room_and_says_what_it_is():
    for name, home in prorata._HOMES.items():
        found = getattr(prorata, name)
        assert found is getattr(sys.modules[home], name)
        assert name in sys.modules[home].__all__
        assert found.__doc__


def test_importing_the_package_loads_no_room():
    program = (
        "import sys, prorata; prorata.__version__;"
        "print(*[m for m in sys.modules if m.startswith('prorata.') or m in ('web3', 'ape')])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["prorata.version"]


def test_types_travel_with_the_package():
    assert (files("prorata") / "py.typed").is_file()
