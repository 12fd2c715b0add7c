"""Pages look as they did when they were looked at; `PRORATA_PAPER=update` takes new pictures.

Only by the packed browser, and so only in `make browser`: another version draws the edges of
letters and lines in another way, and so does a processor of another kind.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import Tab, browser
from tests.pictures import is_pinned
from tests.prorata.reports.test_pages_in_a_browser import PAGES, PAPER, VIEWS

pytestmark = [pytest.mark.pictures, pytest.mark.slow]

PINNED = Path(__file__).parent / "pinned"


@pytest.fixture(scope="module")
def tab():
    with browser(pinned=True) as opened:
        yield Tab(opened)


@pytest.mark.parametrize(
    ("name", "view"),
    # Paper is black on white, in the dark too.
    [(name, view) for name in PAGES for view in VIEWS
     if name not in PAPER or view in ("light", "small")],
)  # fmt: skip
def test_a_page_looks_as_it_did_when_it_was_looked_at(tab, tmp_path, name, view):
    path = tmp_path / "page.html"
    path.write_text(PAGES[name](), encoding="utf-8")
    tab.open(path, **VIEWS[view])
    drawn = tab.picture(0.75 if view == "small" else 0.5)
    assert is_pinned(drawn, PINNED / f"{name}-{view}.png")
