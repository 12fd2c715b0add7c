"""A holder's pages in a browser: what a wallet signs there, and parts that are asked for anew."""

from __future__ import annotations

from typing import Any

import pytest

from tests.prorata.service.pages.conftest import ANN, Served
from tests.prorata.service.pages.test_views_in_a_browser import asks, let_in
from tests.prorata.service.pages.test_wallet_in_a_browser import (
    Open,
    faulted,
    lying,
    open_page,
    prepared,
)
from tests.prorata.service.pages.wallet import Wallet
from tests.prorata.service.preparations import prepared as prepared_for
from tests.prorata.service.preparations import send

__all__ = ["open_page"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("eventful")]

THIEF = "0x00000000000000000000000000000000deadbeef"
POLL = 20_000


def opened(open_page: Open, served: Served, wallet: Wallet, path: str, **options: Any) -> Any:
    page = open_page(wallet, **options)
    let_in(page, served, wallet)
    page.goto(f"/assets/{served.token}{path}")
    return page


# ------------------------------------------------------------------------------- what is signed


def test_a_holder_subscribes_and_withdraws(open_page: Open, served: Served, ann: Wallet) -> None:
    """Law 115: the parties of an offering have come with the page, so that its terms are taken."""
    send(served.commands, ANN, prepared_for(served.commands, "claim", ANN))
    page = opened(open_page, served, ann, "/offerings")
    page.get_by_role("link", name="Subscribe to offering 1").click()
    assert page.get_by_label("Number or name of the offering").input_value() == "1"
    page.get_by_label("Shares").fill("3")
    result = prepared(page)
    result.get_by_role("button", name="Sign in your wallet").wait_for()
    assert "CallAuction.place" in result.inner_text()
    result.get_by_role("button", name="Sign in your wallet").click()
    page.wait_for_url("**/offerings")
    page.get_by_role("link", name="Withdraw order 1 of offering 1").click()
    result = prepared(page)
    result.get_by_role("button", name="Sign in your wallet").click()
    page.wait_for_url("**/offerings")
    page.get_by_text("withdrawn", exact=True).wait_for()
    assert len(ann.sent) == 3


def test_terms_of_another_party_are_refused(open_page: Open, served: Served, ann: Wallet) -> None:
    """Law 115: nobody comes into an offering whom the page has not named."""
    send(served.commands, ANN, prepared_for(served.commands, "claim", ANN))
    page = opened(open_page, served, ann, "/subscribe?offering=1")

    def taken_over(told: dict[str, Any]) -> None:
        for one in told["transactions"]:
            if one["function"] == "place":
                # The first word of the terms is their opener.
                one["data"] = one["data"][:34] + THIEF[2:] + one["data"][74:]

    lying(page, "**/subscribe**", taken_over)
    page.get_by_label("Shares").fill("3")
    page.get_by_role("button", name="Show what is to be signed").click()
    faulted(page, f"the server names {THIEF}")
    assert ann.sent == []


def test_a_holder_votes(open_page: Open, served: Served, ann: Wallet) -> None:
    """Law 115: at the meeting that the link names, and seen there afterwards."""
    page = opened(open_page, served, ann, "/meetings")
    page.get_by_role("link", name="Vote at meeting 1").click()
    assert page.get_by_label("Number of the meeting").input_value() == "1"
    page.get_by_label("Choices").fill("1 for, 2 against")
    result = prepared(page)
    result.get_by_role("button", name="Sign in your wallet").click()
    page.wait_for_url("**/meetings")
    page.get_by_text("600: 1 for, 2 against").wait_for()


def test_a_holder_cancels_an_order(open_page: Open, served: Served, ann: Wallet) -> None:
    """Law 115: by its number, which the link fills in."""
    page = opened(open_page, served, ann, "/orders")
    page.get_by_role("link", name="Cancel order").click()
    result = prepared(page)
    result.get_by_role("button", name="Sign in your wallet").click()
    page.wait_for_url("**/orders")
    page.get_by_text("filled or cancelled").wait_for()
    assert len(ann.sent) == 1


def test_a_statement_is_downloaded(open_page: Open, served: Served, ann: Wallet) -> None:
    """Law 141: a file, which the page's policy does not touch."""
    send(served.commands, ANN, prepared_for(served.commands, "claim", ANN))
    page = opened(open_page, served, ann, "/statements", accept_downloads=True)
    with page.expect_download() as download:
        page.get_by_role("link", name="PDF").click()
    assert download.value.suggested_filename.endswith(f"-{ANN}.pdf")
    assert download.value.path().read_bytes().startswith(b"%PDF-")


# ---------------------------------------------------------------------------------- asked anew


def polled(page: Any) -> int:
    """Let the time between two looks go by; the status of the answer."""
    with page.expect_response(lambda one: one.request.headers.get("hx-request")) as told:
        page.clock.fast_forward(POLL)
    return int(told.value.status)


def test_a_part_is_replaced_where_it_has_changed(
    open_page: Open, served: Served, ann: Wallet
) -> None:
    """Law 143: a 304 leaves the page alone; what has changed comes without the page being left."""
    page = open_page(ann)
    page.clock.install()
    let_in(page, served, ann)
    page.goto(f"/assets/{served.token}/meetings")
    asks(page, "document.querySelector('#live-meetings').marked = true")
    assert polled(page) == 304
    assert asks(page, "document.querySelector('#live-meetings').marked")
    choice = "1 for, 2 against"
    told = prepared_for(served.commands, "vote", ANN, meeting=1, choice=choice)
    send(served.commands, ANN, told)
    assert polled(page) == 200
    page.get_by_text("600: 1 for, 2 against").wait_for()
    assert polled(page) == 304


def test_a_part_leads_to_the_sign_in_when_the_session_is_over(
    open_page: Open, served: Served, ann: Wallet
) -> None:
    """Law 143: no table is replaced by nothing."""
    page = open_page(ann)
    page.clock.install()
    let_in(page, served, ann)
    page.goto("/me")
    page.context.clear_cookies()
    with page.expect_console_message(lambda message: "401" in message.text):
        assert polled(page) == 401
    page.wait_for_url("**/sign-in")
    open_page.said.clear()


@pytest.mark.parametrize("script", [True, False], ids=["script", "none"])
def test_a_preview_keeps_its_form(
    open_page: Open, served: Served, issuer: Wallet, *, script: bool
) -> None:
    """Law 143: in its place on the page; without script as a page of its own."""
    page = open_page(None, java_script_enabled=script)
    let_in(page, served, issuer)
    page.goto(f"/desk/{served.token}/preview")
    page.get_by_label("Currency").fill("USD")
    page.get_by_label("Amount").fill("500.01")
    page.get_by_label("Kind of income").fill("gift")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("alert").wait_for()
    assert "gift" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("Amount").input_value() == "500.01"
    open_page.said.clear()
    page.get_by_label("Kind of income").fill("rent")
    page.get_by_role("button", name="Preview").click()
    page.get_by_text("300.006").first.wait_for()
    assert page.get_by_role("alert").count() == 0
