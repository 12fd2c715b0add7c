"""Published ledgers to ask: made once for a worker, since queries change nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from prorata.files.manifests import Publication
from prorata.store.database import Database
from prorata.store.publishing import assets_in, publish
from tests.prorata.store.filled import Filled, Story

# Of one chain, whose blocks have the same times in both.
STORIES = (
    Story(seconds=200_000),
    Story(number=2, holders=7, transfers=90, payments=60, seconds=200_000),
)


@pytest.fixture(scope="session")
def publishing(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Publication]:
    """Publishes stories into a folder of their own."""

    def made(*stories: Story) -> Publication:
        folder: Path = tmp_path_factory.mktemp("analysis")
        with closing(Database.open(str(folder / "ledger.db"), create=True)) as database:
            filled = Filled(database)
            for story in stories:
                filled.add(story)
            for asset in assets_in(database):
                publish(database, asset, folder / "published")
        return Publication.open(folder / "published")

    return made


@pytest.fixture(scope="session")
def published(publishing: Callable[..., Publication]) -> Publication:
    """Two assets of one chain."""
    return publishing(*STORIES)
