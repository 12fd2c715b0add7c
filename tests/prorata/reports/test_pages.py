"""Pages of facts and tables: escaped, whole, and each row with a cell for each column."""

from __future__ import annotations

import pytest

from prorata.errors import InputError
from prorata.reports.pages import Page, PageTable, write_page


def test_what_is_put_into_a_page_is_escaped(tmp_path):
    table = PageTable("Bars", ("serial", "fine grams>"), [("<b>1</b>", "12.5")], ("all", "12.5"))
    page = Page("Gold & more", "as of <today>", [("Token", "0x1")], [table], "From the chain.")
    text = write_page(page, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Gold &amp; more" in text
    assert "as of &lt;today&gt;" in text
    assert "<td>&lt;b&gt;1&lt;/b&gt;</td>" in text
    assert '<th class="number">fine grams</th>' in text
    assert text.count('<tr class="sum">') == 1


def test_a_table_without_a_total_has_none(tmp_path):
    page = Page("Gold", "", [], [PageTable("Bars", ("serial",), [("1",)])])
    text = write_page(page, tmp_path / "page.html").read_text(encoding="utf-8")
    assert 'class="sum"' not in text


@pytest.mark.parametrize("row", [("1",), ("1", "2", "3")])
def test_a_row_has_a_cell_for_each_column(row):
    with pytest.raises(AssertionError, match="Bars"):
        PageTable("Bars", ("serial", "fine grams>"), [row])


def test_a_page_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_page(Page("Gold", "", []), tmp_path / "file" / "page.html")
