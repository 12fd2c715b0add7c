"""Pictures, compared as an eye does: small blocks may differ a little, and no block much."""

from __future__ import annotations

import io
import os
from pathlib import Path

from PIL import Image, ImageChops

BLOCK = 8
"""Pixels of a side of what is compared as one: a letter may be drawn a hair to the left."""

MOST = 24
"""Of 255, in each colour."""


def opened(picture: bytes) -> Image.Image:
    return Image.open(io.BytesIO(picture)).convert("RGB")


def difference(one: bytes, other: bytes) -> int:
    """The greatest difference of a block, 255 where the sizes are not the same."""
    a, b = opened(one), opened(other)
    if abs(a.width - b.width) > 1 or abs(a.height - b.height) > BLOCK:
        return 255
    size = (a.width // BLOCK, a.height // BLOCK)
    blocks = [picture.resize(size, Image.Resampling.BOX) for picture in (a, b)]
    return max(high for _, high in ImageChops.difference(*blocks).getextrema())


def is_pinned(drawn: bytes, path: Path) -> bool:
    """Whether a picture looks like the pinned one: `PRORATA_PAPER=update` takes a new one.

    What is pinned was looked at.
    """
    if os.environ.get("PRORATA_PAPER") == "update":
        path.write_bytes(small(drawn))
    return difference(drawn, path.read_bytes()) <= MOST


def small(picture: bytes) -> bytes:
    """The same in 256 colours, which takes a third of the room."""
    file = io.BytesIO()
    opened(picture).quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        file, "PNG", optimize=True
    )
    return file.getvalue()
