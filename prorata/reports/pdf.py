# SPDX-License-Identifier: MIT
"""Paper: the PDF of a page, and its picture, made by PlutoPrint.

The page loads nothing: whatever address it names is refused, so that neither a file of this machine
nor a server is read for a name that a stranger wrote. The fonts are those of
`data/fonts`: letters of Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic and Georgian, and signs.
So the same page gives the same bytes on every machine, as long as its letters are in them; others,
such as Chinese, come from the machine.
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["FONT", "pdf_of", "png_of"]

FONT = "Statement"
"""The family that a page names first; where it is read on a screen, the next one serves."""

FOLDER = Path(__file__).resolve().parent / "data" / "fonts"
DOTS_PER_INCH, POINTS_PER_INCH = 96, 72


def pdf_of(page: str, *, title: str, created: str) -> bytes:
    """The PDF of an HTML page on A4; `created` is its date, such as `2027-12-31T00:00:00Z`."""
    import plutoprint  # noqa: PLC0415

    book = _book(page)
    book.set_metadata(plutoprint.PDF_METADATA_TITLE, title)
    # The same page gives the same bytes whenever it is printed.
    for date in (
        plutoprint.PDF_METADATA_CREATION_DATE,
        plutoprint.PDF_METADATA_MODIFICATION_DATE,
    ):
        book.set_metadata(date, created)
    written = io.BytesIO()
    book.write_to_pdf_stream(written)
    return written.getvalue()


def png_of(page: str, sheet: int = 0, *, zoom: float = 1) -> bytes:
    """The picture of a sheet of an HTML page, at 96 dots per inch times `zoom`, on white.

    The sheets are A4, unless the page says otherwise by `@page { size: … }`.
    """
    import plutoprint  # noqa: PLC0415

    book = _book(page)
    size = book.get_page_size_at(sheet)
    scale = zoom * DOTS_PER_INCH / POINTS_PER_INCH
    canvas = plutoprint.ImageCanvas(round(size.width * scale), round(size.height * scale))
    canvas.clear_surface(1, 1, 1, 1)
    canvas.scale(zoom, zoom)
    book.render_page(canvas, sheet)
    written = io.BytesIO()
    canvas.write_to_png_stream(written)
    return written.getvalue()


def _book(page: str) -> Any:
    import plutoprint  # noqa: PLC0415

    fetcher = _prepared()
    book = plutoprint.Book(plutoprint.PAGE_SIZE_A4, plutoprint.PAGE_MARGINS_NONE)
    book.custom_resource_fetcher = fetcher
    book.load_html(page)
    return book


@cache
def _prepared() -> Any:
    """Where the fonts are, told once; who is asked for what a page names.

    Fonts that a page named itself would be read anew for each page, which takes four times as long
    as all the rest.
    """
    import plutoprint  # noqa: PLC0415

    plutoprint.plutobook_set_fontconfig_path(str(FOLDER))

    class NothingElse(plutoprint.ResourceFetcher):
        """Gives what stands in the page itself; refuses all else."""

        def fetch_url(self, url: str) -> Any:
            if url.startswith("data:"):
                return super().fetch_url(url)
            raise ValueError(f"a page loads nothing, and names {url[:80]}")

    return NothingElse()
