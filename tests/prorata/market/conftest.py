"""A market that every test finds as it was set up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.prorata.cli.kept import kept
from tests.prorata.market.traders import Market, opened_market


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> Iterator[Market]:
    with opened_market(tmp_path_factory.mktemp("market")) as market:
        yield market


@pytest.fixture
def market(opened) -> Iterator[Market]:
    with kept(opened.commands.anvil.url, opened.commands.folder):
        yield opened
