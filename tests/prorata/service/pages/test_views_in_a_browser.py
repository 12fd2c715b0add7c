"""Pages as people meet them: small, dark, printed, by keyboard, without script, and read aloud."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prorata.toolchain.paths import PROJECT_ROOT
from tests.browser import AXE
from tests.prorata.service.pages.conftest import ANN, Served
from tests.prorata.service.pages.test_wallet_in_a_browser import Open, open_page
from tests.prorata.service.pages.wallet import Wallet

__all__ = ["open_page"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("eventful")]

VIEWS = {"light": (1100, "light"), "dark": (1100, "dark"), "small": (360, "light")}


def paths(served: Served) -> dict[str, tuple[str, bool]]:
    """Each page, and whether it is the issuer's."""
    token = served.token
    return {
        "assets": ("/", False),
        "asset": (f"/assets/{token}", False),
        "sign-in": ("/sign-in", False),
        "me": ("/me", False),
        "claim": (f"/assets/{token}/claim", False),
        "order": (f"/assets/{token}/order", False),
        "statements": (f"/assets/{token}/statements", False),
        "meetings": (f"/assets/{token}/meetings", False),
        "offerings": (f"/assets/{token}/offerings", False),
        "orders": (f"/assets/{token}/orders", False),
        "withdraw": (f"/assets/{token}/withdraw-order?offering=1&order=1", False),
        "desks": ("/desk", True),
        "desk": (f"/desk/{token}", True),
        "audit": (f"/desk/{token}/audit", True),
        "preview": (f"/desk/{token}/preview", True),
        "issue": (f"/assets/{token}/issue", True),
        "missing": ("/assets/0x00000000000000000000000000000000000000be", False),
    }


NAMES = ["assets", "asset", "sign-in", "me", "claim", "order", "statements", "meetings",
         "offerings", "orders", "withdraw", "desks", "desk", "audit", "preview", "issue",
         "missing"]  # fmt: skip


def asks(page: Any, script: str) -> Any:
    """What a script comes to; the browser's own protocol is not held by the page's policy."""
    # Never let go of: with it would go what the page pretends, such as to be printed.
    session = page.context.new_cdp_session(page)
    told = session.send(
        "Runtime.evaluate", {"expression": script, "awaitPromise": True, "returnByValue": True}
    )
    assert "exceptionDetails" not in told, told
    return told["result"].get("value")


def let_in(page: Any, served: Served, wallet: Wallet) -> None:
    """Give the browser a session."""
    client = served.signed_in(wallet)
    page.context.add_cookies(
        [{"name": "session", "value": client.cookies["session"], "url": served.origin}]
    )


@pytest.fixture
def opens(open_page: Open, served: Served, ann: Wallet, issuer: Wallet) -> Open:
    """Opens a page by its name, signed in where that is needed."""

    def opened(name: str, **options: Any) -> Any:
        path, by_issuer = paths(served)[name]
        page = open_page(None, **options)
        if name not in ("assets", "asset", "sign-in", "missing"):
            let_in(page, served, issuer if by_issuer else ann)
        if name != "missing":
            page.goto(path)
            return page
        # The browser itself notes a status of 404.
        with page.expect_console_message(lambda message: "404" in message.text):
            page.goto(path)
        open_page.said.clear()
        return page

    return opened


def test_every_page_is_named(served: Served) -> None:
    assert list(paths(served)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_no_fault(opens: Open, name: str) -> None:
    """Law 116: contrast, names of fields, order of headings and all that a machine can see; and
    nothing goes beyond the right edge.
    """
    look = (
        "axe.run({resultTypes: ['violations']}).then(r => r.violations.map("
        "v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 120)).join(' | ')))"
    )
    edge = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    page, faults = opens(name), {}
    asks(page, AXE.read_text(encoding="utf-8") + "; true")
    for view, (width, scheme) in VIEWS.items():
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        assert asks(page, f"matchMedia('(prefers-color-scheme: {scheme})').matches")
        assert asks(page, "innerWidth") == width
        if found := [*asks(page, look), *([] if asks(page, edge) == 0 else ["too wide"])]:
            faults[view] = found
    assert faults == {}


@pytest.mark.parametrize("name", ["me", "desk", "asset", "meetings", "offerings"])
def test_a_printed_page_is_ink_on_paper(opens: Any, name: str) -> None:
    """Law 116: in the dark too, without buttons and forms, and nothing is cut off."""
    page = opens(name, color_scheme="dark", viewport={"width": 720, "height": 900})
    page.emulate_media(media="print", color_scheme="dark")
    assert asks(page, "getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert asks(page, "getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert not page.locator("header").is_visible()
    assert page.locator("h1").is_visible()
    hidden = "[...document.querySelectorAll('button,.button')].filter(e => e.offsetParent).length"
    assert asks(page, hidden) == 0


def test_the_dark_is_dark(opens: Any) -> None:
    page = opens("me", color_scheme="dark")
    assert asks(page, "getComputedStyle(document.body).backgroundColor") == "rgb(20, 22, 26)"


def focused(page: Any) -> str:
    return asks(page, "document.activeElement.textContent.trim() || document.activeElement.id")


def test_a_claim_by_keyboard_only(open_page: Open, served: Served, ann: Wallet) -> None:
    """Law 116: every step can be reached and is seen to be reached."""
    page = open_page(ann)
    let_in(page, served, ann)
    page.goto("/me")
    page.keyboard.press("Tab")
    assert focused(page) == "To the content"

    def reach(text: str) -> None:
        for _ in range(60):
            if focused(page) == text:
                break
            page.keyboard.press("Tab")
        assert focused(page) == text
        outline = asks(page, "getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"

    reach("Claim all")
    page.keyboard.press("Enter")
    page.wait_for_url("**/claim")
    reach("Show what is to be signed")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="What you are about to sign").wait_for()
    assert focused(page) == "What you are about to sign"
    reach("Sign in your wallet")
    page.keyboard.press("Enter")
    page.wait_for_url("**/me")
    assert len(ann.sent) == 1


def test_without_script_everything_can_be_read(
    open_page: Open, served: Served, ann: Wallet
) -> None:
    """Law 116: signed in by a pasted signature, claimed by a transaction that is shown."""
    page = open_page(None, java_script_enabled=False)
    page.goto("/sign-in")
    page.get_by_label("Your address").fill(ANN)
    page.get_by_role("button", name="Show the message").click()
    message = page.get_by_label("The message").input_value()
    page.get_by_label("The signature").fill(ann.signed(message))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/me")
    assert "600.00 USD" in page.locator("main").inner_text()
    page.get_by_role("link", name="Claim all").click()
    page.get_by_role("button", name="Show what is to be signed").click()
    text = page.locator("main").inner_text()
    assert "DividendVault.claim" in text
    assert served.commands.deployment.vault().address in text
    page.goto("/me")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.goto("/me")
    assert page.url.endswith("/sign-in")


def test_nothing_of_a_page_is_inline_or_from_elsewhere() -> None:
    """Law 116: no template has a style, a handler or an address of another host."""
    folder = Path(PROJECT_ROOT) / "prorata" / "service" / "pages"
    for path in (folder / "templates").glob("*.j2"):
        text = path.read_text(encoding="utf-8")
        for banned in ("style=", "<style", "onclick", "onsubmit", "javascript:", "http:", "https:"):
            assert banned not in text, path.name
    script = (folder / "static" / "wallet.js").read_text(encoding="utf-8")
    assert script.count("\n") <= 400
    for banned in ("innerHTML", "eval(", "Function(", "document.write", "http:", "https:"):
        assert banned not in script
