"""docs/library.md: what its Python blocks say is so."""

from __future__ import annotations

import doctest

from tests.docs.pages import Page


def test_the_examples_answer_what_the_page_says() -> None:
    """Each `pycon` block is a session of its own."""
    blocks = Page("docs/library.md").blocks("pycon")
    assert blocks
    for block in blocks:
        test = doctest.DocTestParser().get_doctest(
            block.text, {}, "docs/library.md", "docs/library.md", block.line
        )
        assert doctest.DocTestRunner(verbose=False).run(test).failed == 0
