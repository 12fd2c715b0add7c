# SPDX-License-Identifier: MIT
"""The templates of pages: what is put in is escaped, and nothing that they name may be missing."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from prorata.reports.pdf import FONT

__all__ = ["layout"]


@cache
def layout(name: str) -> Template:
    """A template of `prorata/reports/templates`, by the name of its file without `.html.j2`."""
    environment = Environment(
        loader=PackageLoader("prorata.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    # The letters of paper, for every page alike.
    environment.globals["font"] = FONT
    return environment.get_template(f"{name}.html.j2")
