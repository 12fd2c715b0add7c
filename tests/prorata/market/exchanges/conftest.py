"""An asset with exchanges that every test finds as it was set up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.prorata.cli.kept import kept
from tests.prorata.market.exchanges.exits import Exits, opened_exits


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Iterator[Exits]:
    with opened_exits(tmp_path_factory.mktemp("exits")) as exits:
        yield exits


@pytest.fixture
def exits(opened) -> Iterator[Exits]:
    with kept(opened.commands.anvil.url, opened.commands.folder):
        yield opened
