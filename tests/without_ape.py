"""A pytest plugin that keeps ape's own plugin out, unless `ape test` is what runs.

Ape's takes five seconds to start, and wraps every test in a snapshot of a chain that most tests
here do not use. The tests that need it are in `tests/ape`, which plain pytest leaves out.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

# `ape test` has imported ape before it starts pytest; plain pytest reads its options first.
RUN_BY_APE = "ape" in sys.modules


def pytest_plugin_registered(plugin: object, manager: pytest.PytestPluginManager) -> None:
    if plugin is sys.modules[__name__] and not RUN_BY_APE:
        manager.set_blocked("ape_test")


def pytest_ignore_collect(collection_path, config: pytest.Config) -> bool | None:
    folder = config.rootpath / "tests" / "ape"
    return True if not RUN_BY_APE and collection_path.is_relative_to(folder) else None
