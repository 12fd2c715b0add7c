"""The overview: one page that loads nothing, says what its data says, and stays small."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from prorata.errors import InputError
from prorata.ledger.audits import Audit
from prorata.ledger.unclaimed import BUCKETS, NOT_DUE
from prorata.register.documents import Document
from prorata.reports.documents import DistributionRow
from prorata.reports.overview import (
    Overview,
    Record,
    overview_of,
    overview_page,
    unclaimed_of,
    write_overview,
)
from prorata.values.amounts import ETHER, Unit
from tests.prorata.reports.test_annual import (
    RECORD,
    TOKEN,
    A,
    B,
    C,
    books_of,
    claimed,
    declared,
    second,
)

HSE, USD = Unit("HSE", 0), Unit("USD", 6)
NASTY = "<script>alert(1)</script>\"onload='=cmd|x"
DAY = 86_400
AGES = (0, 5, 83_512_500_000, 0, 7)
MOST_BYTES = 60 * 1024


def row(number, unit=USD, name="rent", units=85_000_000_000):
    paid, withheld = units * 3 // 5, units // 10
    amounts = {
        "received": units, "carried_in": 0, "paid": paid, "withheld": withheld, "remitted": 0,
        "owed": units - paid - withheld, "carried_out": 0, "swept": 0,
    }  # fmt: skip
    return DistributionRow(
        distribution=number, token="HSE", kind=name, record=number,
        record_date="2026-03-31T23:59:59Z", declared_at="", payable_from="", deadline="",
        state="open", currency=unit.symbol, eligible_shares=None, weighted="", holders=147,
        holders_paid=99, document="0x", transaction="0x",
        **{key: unit.amount(value) for key, value in amounts.items()},
    )  # fmt: skip


def sample(**more) -> Overview:
    """A building with 147 accounts, four quarters and two documents."""
    balances = {f"0x{n:040x}": n * n for n in range(1, 148)}
    start = second(2026, 1, 1)
    records = [
        Record(n, start + n * 90 * DAY, HSE.amount(900_000 + 40_000 * n), 140 + n)
        for n in range(1, 5)
    ]
    records += [Record(5, None), Record(6, start + 600 * DAY)]
    about = {
        "name": "Harbour Street 12", "shares": HSE, "chain_id": 1, "block": 21_234_567,
        "block_hash": "0x" + "ab" * 32, "as_of": start + 400 * DAY, "token": TOKEN, "vault": "0xva",
        "verdict": "The books balance, to the last unit.", "authorised": HSE.amount(2_000_000),
        "balances": balances, "excluded": frozenset(["0x" + f"{147:040x}"]), "frozen": 2,
        "records": records, "distributions": [row(n) for n in range(1, 5)],
        "unclaimed": {USD: dict(zip((NOT_DUE, *BUCKETS), AGES, strict=True))},
        "documents": [
            Document("prospectus", "https://example.org/p.pdf", b"\x11" * 32, start),
            Document("appraisal", "ipfs://bafy", bytes(32), start),
        ],
    }  # fmt: skip
    return Overview(**(about | more))


class Page(HTMLParser):
    """Reads a page strictly: every element is closed in turn; `text` is what a reader sees."""

    EMPTY = frozenset({"meta", "rect", "polyline", "path", "circle"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.EMPTY:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


# -------------------------------------------------------------------------------------- as a page


def test_the_page_loads_nothing_runs_nothing_and_leads_nowhere():
    text = overview_page(sample())
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "object", "a", "form", "base"} & set(page.tags)
    names = {name for _, name, _ in page.attributes}
    assert not {"href", "src", "srcset", "style", "action", "data"} & names
    assert not any(name.startswith("on") for name in names)
    [style] = re.findall("<style>(.*?)</style>", text, re.DOTALL)
    assert "url(" not in style
    assert "@import" not in style
    assert "xmlns" not in text


def test_names_that_strangers_chose_are_text():
    """Of the asset, a currency, a kind of income, a document."""
    odd = Unit(NASTY, 6)
    told = sample(
        name=NASTY, shares=Unit(NASTY, 0), distributions=[row(1, odd, NASTY)],
        unclaimed={odd: dict.fromkeys(BUCKETS, 3)}, verdict=NASTY,
        documents=[Document(NASTY, f"javascript:{NASTY}", bytes(32), 0)],
        records=[Record(1, 5, odd.amount(3), 1)], more=[(NASTY, NASTY)],
    )  # fmt: skip
    page = Page(overview_page(told))
    assert "script" not in page.tags
    assert not any(name.startswith("on") for _, name, _ in page.attributes)
    assert NASTY in page.text


def test_the_same_data_give_the_same_bytes(tmp_path):
    path = write_overview(sample(), tmp_path / "o.html")
    assert path.read_text(encoding="utf-8") == overview_page(sample())


@pytest.mark.parametrize("holders", [1, 10, 100_000])
def test_the_page_stays_small_whatever_there_is_to_say(holders):
    """A hundred of everything, the longest names and the longest figures that there can be."""
    large = Unit("A" * 11, 18)
    balances = {f"0x{n:040x}": 2**90 + n for n in range(holders)}
    units = [Unit(f"C{n}{'x' * 9}", 18) for n in range(12)]
    told = sample(
        name="N" * 64, shares=large, balances=balances, excluded=frozenset(),
        authorised=large.amount(2**96 - 1),
        records=[Record(n, n * DAY, large.amount(2**96 - 1 - n), 10**6) for n in range(1, 101)],
        distributions=[row(n, units[n % 12], "return of capital", 2**200 + n) for n in range(100)],
        unclaimed={unit: dict.fromkeys((NOT_DUE, *BUCKETS), 2**200 + 1) for unit in units[:6]},
        documents=[Document("d" * 32, "u" * 2_000, b"\x11" * 32, n) for n in range(100)],
    )  # fmt: skip
    text = overview_page(told)
    assert len(text.encode()) <= MOST_BYTES
    assert "9 more currencies" in text


def test_a_new_asset_has_a_page_without_charts():
    empty = sample(
        balances={}, excluded=frozenset(), records=[], distributions=[], unclaimed=None,
        documents=[], authorised=None, frozen=0,
    )  # fmt: skip
    page = Page(overview_page(empty))
    assert "svg" not in page.tags
    assert "Where this comes from" in page.text
    assert "Income" not in page.text


def test_every_chart_has_a_table_beside_it_that_a_keyboard_reaches():
    page = Page(overview_page(sample()))
    assert page.tags.count("figure") == page.tags.count("svg") == 6
    assert page.tags.count("table") == 6 + 4
    assert page.attributes.count(("div", "tabindex", "0")) == page.tags.count("table")
    for name in ("lang", "scope", "aria-label"):
        assert any(name == key for _, key, _ in page.attributes)
    headings = [tag for tag in page.tags if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == "h1"
    assert set(headings[1:]) == {"h2"}


def test_what_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_overview(sample(), tmp_path / "file" / "o.html")


# --------------------------------------------------------------------------------- what it says


def test_it_names_nobody_and_tells_what_is_excluded():
    text = Page(overview_page(sample())).text
    whole = sum(n * n for n in range(1, 148))
    assert f"{147 * 147:,} ({100 * 147 * 147 / whole:.2f}%)"[:8] in text
    assert "Accounts that hold shares147" in re.sub(r"\s*\n\s*", "", text)
    largest = f"{146 * 146:,}"
    assert largest in text
    assert "0x0000…0092" in text


def test_concentration_is_of_holders_and_says_the_same_as_the_charts():
    """Of 50, 30 and 20 shares; counted by hand. What contracts and the issuer have is apart."""
    held = {A: 50, B: 30, C: 20, "0xpool": 40, "0xissuer": 60}
    told = sample(
        balances=held, excluded=frozenset({"0xissuer"}), pools=frozenset({"0xpool", "0xissuer"})
    )
    shown = {name: one.text for name, one in told.concentration.items()}
    assert shown == {
        "HHI": "3,800.00", "effective holders": "2.63", "Nakamoto": "2", "top 1": "50.00%",
        "top 5": "100.00%", "top 10": "100.00%", "Gini": "0.2000",
    }  # fmt: skip
    page = overview_page(told)
    table = page[page.index('aria-label="Concentration by wallet"') :].split("</table>")[0]
    cells = re.findall("<td[^>]*>([^<]*)</td>", table)
    assert dict(zip(cells[::3], cells[1::3], strict=True)) == shown
    assert all(cells[2::3])
    text = Page(page).text.replace("\n", "")
    assert "Shares in contracts40 (20.00%)" in text
    assert "Shares that earn nothing60 (30.00%)" in text
    assert "largest account 25.00%, next 2 25.00%, in contracts 20.00%, earn nothing 30.00%" in text
    assert "Of what holders have, the largest 1 hold 50.00%." in text


def test_without_a_holder_there_is_no_concentration():
    told = sample(balances={"0xissuer": 60}, excluded=frozenset({"0xissuer"}))
    assert {one.reason for one in told.concentration.values()} == {"nobody holds shares"}
    page = overview_page(told)
    assert "Concentration" not in page
    assert "Who holds the shares" not in page


def test_only_the_latest_are_shown_and_how_many_there_are():
    told = sample(distributions=[row(n) for n in range(1, 31)])
    text = Page(overview_page(told)).text
    assert "Distributions, the latest 12 of 30" in text
    assert "Distributions30" in text.replace("\n", "")


class _Block:
    number, hash, timestamp = 7, "0x07", 0


class _Answers:
    chain_id, block = 31_337, _Block


def test_the_overview_of_books_has_their_figures():
    """Half a year later: B has claimed, A and C have not."""
    events = [
        (declared(1, 1_000_000), RECORD + 5),
        (claimed(B, B, (1, 300_000, 0)), RECORD + 9),
    ]
    books = books_of(events)
    books.until = RECORD + 1 + 200 * DAY
    audit = Audit(books, _Answers())
    assert unclaimed_of(audit, TOKEN) == {
        books.unit(books.distributions[1].currency): {
            NOT_DUE: 0, "0-30 days": 0, "31-90 days": 0, "91-365 days": 700_000, "over 365 days": 0,
        }
    }  # fmt: skip
    told = overview_of(audit, TOKEN, name="House", authorised=100)
    assert (told.supply, told.holders) == (100, [(A, 50), (B, 30), (C, 20)])
    assert [(r.number, r.holders, r.shares.units) for r in told.records] == [(1, 3, 100)]
    [shown] = told.distributions
    assert (shown.paid.units, shown.owed.units) == (300_000, 700_000)
    assert overview_page(replace(told, vault="0x")) == overview_page(replace(told, vault="0x"))
    settled = [*events, (claimed(A, A, (1, 500_000, 0)), RECORD + 9),
               (claimed(C, C, (1, 200_000, 0)), RECORD + 9)]  # fmt: skip
    assert unclaimed_of(Audit(books_of(settled), _Answers()), TOKEN) == {}


def test_ether_has_its_own_chart():
    told = sample(distributions=[row(1), row(2, ETHER, units=3 * 10**18)])
    text = overview_page(told)
    assert "Income by distribution, in ETH" in text
    assert "Income by distribution, in USD" in text
