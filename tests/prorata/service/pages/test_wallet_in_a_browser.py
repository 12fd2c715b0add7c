"""A holder and an issuer in a real browser, with a wallet that stands in, on a real chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from prorata.contracts.currency import Currency
from tests.prorata.service.pages.conftest import ANN, Served
from tests.prorata.service.pages.wallet import SCRIPT, Wallet

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SECONDS = 10_000
Open = Callable[..., Any]


@pytest.fixture
def open_page(chromium: Any, served: Served) -> Iterator[Open]:
    """Opens a page with a wallet; afterwards its console was silent and it asked nobody else."""
    contexts, said, asked = [], [], []

    def opened(wallet: Wallet | None = None, **options: Any) -> Any:
        context = chromium.new_context(base_url=served.origin, **options)
        contexts.append(context)
        context.set_default_timeout(SECONDS)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        if wallet is not None:
            context.expose_function("askWallet", wallet.request)
            context.add_init_script(SCRIPT)
        return page

    opened.said = said
    yield opened
    for context in contexts:
        context.close()
    assert said == []
    assert [url for url in asked if not url.startswith((served.origin, "data:"))] == []


def sign_in(page: Any, wallet: Wallet) -> None:
    page.goto("/sign-in")
    page.get_by_role("button", name="Sign in with").click()
    page.wait_for_url("**/me")
    assert wallet.address in page.locator("footer").inner_text()


def dollars(served: Served, account: str) -> int:
    found = served.commands.deployment
    return Currency(found.chain, found.currencies["USD"]).balance_of(account)


def test_a_holder_claims(open_page: Open, served: Served, ann: Wallet) -> None:
    """Law 118: connected, signed in, shown, sent, and seen."""
    page = open_page(ann)
    sign_in(page, ann)
    assert "600.00 USD" in page.locator("section").inner_text()
    before = dollars(served, ANN)
    page.get_by_role("link", name="Claim all").click()
    page.get_by_role("button", name="Show what is to be signed").click()
    result = page.locator("[data-result]")
    result.get_by_role("button", name="Sign in your wallet").wait_for()
    assert "DividendVault.claim" in result.inner_text()
    assert ANN.lower() in result.inner_text()
    assert ann.sent == []
    result.get_by_role("button", name="Sign in your wallet").click()
    page.wait_for_url("**/me")
    assert dollars(served, ANN) == before + 600_000_000
    assert [one["to"].lower() for one in ann.sent] == [
        served.commands.deployment.vault().address.lower()
    ]
    served.follow()
    page.reload()
    text = page.locator("section").inner_text()
    assert "600.00 USD net" in text
    assert "nothing" in text
