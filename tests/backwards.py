"""A pytest plugin that runs the last test first, where one that needs an earlier one fails.

Workers share the tests out as they get free, so that any test may be the first of its file.
"""

from __future__ import annotations

import pytest


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Turn the order round."""
    items.reverse()
