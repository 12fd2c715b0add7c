"""A holder and an issuer in a real browser, with a wallet that stands in, on a real chain."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from prorata.chain.safe_batches import checksum
from prorata.contracts.currency import Currency
from prorata.values.times import moment
from tests.prorata.cli.safe import Safe
from tests.prorata.service.pages.conftest import ANN, BEN, Served
from tests.prorata.service.pages.wallet import SCRIPT, Wallet

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MILLISECONDS = 120_000
"""A guard against hanging, on a machine however busy."""
Open = Callable[..., Any]


@pytest.fixture
def open_page(chromium: Any, served: Served) -> Iterator[Open]:
    """Opens a page with a wallet; afterwards its console was silent and it asked nobody else."""
    contexts, said, asked = [], [], []

    def opened(wallet: Wallet | None = None, **options: Any) -> Any:
        context = chromium.new_context(base_url=served.origin, **options)
        contexts.append(context)
        context.set_default_timeout(MILLISECONDS)
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
    """Law 115: connected, signed in, shown, sent, and seen."""
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


def prepared(page: Any) -> Any:
    page.get_by_role("button", name="Show what is to be signed").click()
    return page.locator("[data-result]")


def faulted(page: Any, sentence: str) -> str:
    """The status says so, as an error, and has the focus."""
    status = page.locator("[data-status].error")
    status.wait_for()
    assert sentence in status.inner_text()
    return status.inner_text()


def test_markup_of_a_wallet_is_text(open_page: Open, ann: Wallet) -> None:
    """What a wallet says of itself is never read as a page."""
    page = open_page(ann)
    page.goto("/sign-in")
    button = page.get_by_role("button", name="Sign in with <b>Test</b> wallet")
    button.wait_for()
    assert button.locator("b").count() == 0


def test_an_older_wallet_is_found(open_page: Open, ann: Wallet) -> None:
    """By the one object of EIP-1193."""
    page = open_page()
    page.context.add_init_script("window.injectOnly = true")
    page.context.expose_function("askWallet", ann.request)
    page.context.add_init_script(SCRIPT)
    sign_in(page, ann)


def test_another_chain_is_refused(open_page: Open, ann: Wallet) -> None:
    """Law 115: nothing is signed for another chain."""
    ann.chain_id = 1
    page = open_page(ann)
    page.goto("/sign-in")
    page.get_by_role("button", name="Sign in with").click()
    faulted(page, "your wallet is on chain 1, and this is on chain 31337")
    assert "personal_sign" not in ann.asked


@pytest.mark.parametrize("method", ["eth_requestAccounts", "personal_sign"])
def test_a_refused_sign_in_ends_there(open_page: Open, ann: Wallet, method: str) -> None:
    """Law 115: the person's no is an answer, and can be changed."""
    ann.refuses = {method}
    page = open_page(ann)
    page.goto("/sign-in")
    button = page.get_by_role("button", name="Sign in with")
    button.click()
    faulted(page, "You refused it in your wallet")
    page.goto("/me")
    assert page.url.endswith("/sign-in")
    ann.refuses = set()
    sign_in(page, ann)


def test_a_refused_transaction_sends_nothing(open_page: Open, served: Served, ann: Wallet) -> None:
    """Law 115: the same, when it is to be sent."""
    ann.refuses = {"eth_sendTransaction"}
    page = open_page(ann)
    sign_in(page, ann)
    page.goto(f"/assets/{served.token}/claim")
    prepared(page).get_by_role("button").click()
    faulted(page, "nothing was signed")
    assert ann.sent == []


THIEF = "0x00000000000000000000000000000000000000bE"
WORD = THIEF[2:].lower().rjust(64, "0")


def lie_to(told: dict[str, Any]) -> None:
    told["transactions"][0]["to"] = THIEF


def lie_function(told: dict[str, Any]) -> None:
    told["transactions"][0]["data"] = "0xa9059cbb" + WORD + "1".rjust(64, "0")


def lie_holder(told: dict[str, Any]) -> None:
    """claim(ids, holder), of another holder."""
    data = told["transactions"][0]["data"]
    told["transactions"][0]["data"] = data.replace(ANN[2:].lower(), THIEF[2:].lower())


def lie_value(told: dict[str, Any]) -> None:
    told["transactions"][0]["value"] = "1"


def lie_short(told: dict[str, Any]) -> None:
    told["transactions"][0]["data"] = told["transactions"][0]["data"][:-64]


def lie_long(told: dict[str, Any]) -> None:
    data = told["transactions"][0]["data"]
    told["transactions"][0]["data"] = data[:10] + "f" * 64 + data[74:]


def lie_approval(told: dict[str, Any]) -> None:
    told["transactions"].insert(0, dict(told["transactions"][0]))
    told["transactions"][0]["data"] = "0x095ea7b3" + WORD + "f" * 64


def lie_chain(told: dict[str, Any]) -> None:
    told["chain_id"] = 1


def lie_account(told: dict[str, Any]) -> None:
    told["account"] = THIEF


def lie_message(told: dict[str, Any]) -> None:
    domain = {"name": "USD", "version": "1", "chainId": 31_337, "verifyingContract": THIEF}
    told["typed_data"] = {
        "domain": domain, "primaryType": "Permit", "types": {"Permit": []}, "message": {},
    }  # fmt: skip


LIES = [
    (lie_to, "which the deployment does not name"),
    (lie_function, "a function of DividendVault that this page does not know"),
    (lie_holder, "nor typed in by you"),
    (lie_value, "send money to claim, which takes none"),
    (lie_short, "are cut off"),
    (lie_long, "are malformed"),
    (lie_approval, "a function of DividendVault that this page does not know"),
    (lie_chain, "for another account or chain"),
    (lie_account, "for another account or chain"),
    (lie_message, "would have you sign Permit"),
]


def lying(page: Any, address: str, lie: Callable[[dict[str, Any]], None]) -> None:
    """Let what the server prepares be changed on its way to the script."""

    def answer(route: Any) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        told = route.fetch()
        body = told.json()
        lie(body)
        route.fulfill(response=told, json=body)

    page.route(address, answer)


def test_a_lie_is_refused(open_page: Open, served: Served, ann: Wallet) -> None:
    """Law 115: what the deployment does not name, or nobody has typed in, is shown to no wallet."""
    page = open_page(ann)
    sign_in(page, ann)
    for lie, sentence in LIES:
        page.goto(f"/assets/{served.token}/claim")
        lying(page, "**/claim", lie)
        page.get_by_role("button", name="Show what is to be signed").click()
        faulted(page, sentence)
        page.unroute("**/claim")
        assert page.get_by_role("button", name="Sign in your wallet").count() == 0, lie.__name__
    assert ann.sent == []


def test_a_receiver_is_typed_in(open_page: Open, served: Served, ann: Wallet) -> None:
    """Law 115: not taken from an address that somebody has sent, nor changed on the way."""
    page = open_page(ann)
    sign_in(page, ann)
    page.goto(f"/assets/{served.token}/transfer?to={BEN}&amount=5")
    assert page.get_by_label("To", exact=True).input_value() == ""
    page.get_by_label("To", exact=True).fill(BEN)
    page.get_by_label("Amount").fill("25")
    token = served.commands.deployment.token()
    before = token.balance_of(BEN)
    result = prepared(page)
    result.get_by_role("button").wait_for()
    assert BEN.lower() in result.inner_text()
    assert "25" in result.inner_text()
    result.get_by_role("button").click()
    page.wait_for_url("**/me")
    assert token.balance_of(BEN) == before + 25


def test_a_receiver_that_is_swapped_is_refused(
    open_page: Open, served: Served, ann: Wallet
) -> None:
    """Law 115: the server prepares for one, and the person has typed another."""
    page = open_page(ann)
    sign_in(page, ann)

    def swap(told: dict[str, Any]) -> None:
        data = told["transactions"][0]["data"]
        told["transactions"][0]["data"] = data.replace(BEN[2:].lower(), THIEF[2:].lower())

    page.goto(f"/assets/{served.token}/transfer")
    lying(page, "**/transfer", swap)
    page.get_by_label("To", exact=True).fill(BEN)
    page.get_by_label("Amount").fill("25")
    page.get_by_role("button", name="Show what is to be signed").click()
    faulted(page, THIEF.lower())
    assert ann.sent == []


def test_a_refusal_of_the_server_is_a_sentence(
    open_page: Open, served: Served, ann: Wallet
) -> None:
    """As the command words it. The browser's own line about the status is all that it logs."""
    page = open_page(ann)
    sign_in(page, ann)
    page.goto(f"/assets/{served.token}/transfer")
    page.get_by_label("To", exact=True).fill(BEN)
    page.get_by_label("Amount").fill("601")
    with page.expect_console_message(lambda message: "422" in message.text):
        page.get_by_role("button", name="Show what is to be signed").click()
    faulted(page, "601")
    assert len(open_page.said) == 1
    open_page.said.clear()


def test_an_order_is_signed(open_page: Open, served: Served, ann: Wallet) -> None:
    """Law 115: another message of another contract, by the same rule."""
    served.commands.says("market", "deploy")
    words = ("--spender", "settlement", "--amount", "10", "--account", "TEST::1")
    served.commands.says("approve", *words)
    page = open_page(ann)
    sign_in(page, ann)
    page.goto(f"/assets/{served.token}/order")
    page.get_by_label("Shares").fill("10")
    page.get_by_label("Money").fill("10,000.00")
    page.get_by_label("Currency").fill("USD")
    page.get_by_label("Valid until").fill(moment(served.commands.chain.now() + 86_400))
    result = prepared(page)
    result.get_by_role("button").click()
    box = page.get_by_label("The signed message")
    box.wait_for()
    told = json.loads(box.input_value())
    assert told["typed_data"]["message"]["maker"] == ANN


def test_a_message_is_signed(open_page: Open, served: Served, ann: Wallet) -> None:
    """Law 115: typed data of a domain that the page names, shown before it is signed."""
    page = open_page(ann)
    sign_in(page, ann)
    page.goto(f"/assets/{served.token}/claim-to")
    page.get_by_label("To", exact=True).fill(BEN)
    page.get_by_label("Valid until").fill("2099-01-01T00:00:00Z")
    result = prepared(page)
    result.get_by_role("button").wait_for()
    assert "PaymentInstruction for prorata ClaimRelayer" in result.inner_text()
    result.get_by_role("button").click()
    box = page.get_by_label("The signed message")
    box.wait_for()
    told = json.loads(box.input_value())
    assert told["typed_data"]["message"]["receiver"] == BEN
    assert len(told["signature"]) == 132
    assert ann.sent == []


def other_domain(typed: dict[str, Any]) -> None:
    typed["domain"]["verifyingContract"] = THIEF


def other_name(typed: dict[str, Any]) -> None:
    typed["domain"]["name"] = "USD"


def other_chain(typed: dict[str, Any]) -> None:
    typed["domain"]["chainId"] = 1


def salted(typed: dict[str, Any]) -> None:
    typed["domain"]["salt"] = "0x" + "00" * 32


def bare_domain(typed: dict[str, Any]) -> None:
    """A domain that says less would be another one, though its values are right."""
    typed["types"]["EIP712Domain"] = typed["types"]["EIP712Domain"][:2]


def other_type(typed: dict[str, Any]) -> None:
    typed["primaryType"] = "Permit"
    typed["types"]["Permit"] = typed["types"]["PaymentInstruction"]


def more_fields(typed: dict[str, Any]) -> None:
    typed["types"]["PaymentInstruction"].append({"name": "more", "type": "uint256"})


def other_receiver(typed: dict[str, Any]) -> None:
    typed["message"]["receiver"] = THIEF


NOT_NAMED = "which the deployment does not name"
FALSE_MESSAGES = [
    (other_domain, NOT_NAMED),
    (other_name, NOT_NAMED),
    (other_chain, NOT_NAMED),
    (salted, NOT_NAMED),
    (bare_domain, NOT_NAMED),
    (other_type, NOT_NAMED),
    (more_fields, NOT_NAMED),
    (other_receiver, "nor typed in by you"),
]


def test_a_false_message_is_refused(open_page: Open, served: Served, ann: Wallet) -> None:
    """Law 115: of another domain, type or receiver; a domain that says less is another one, too."""
    page = open_page(ann)
    sign_in(page, ann)
    for lie, sentence in FALSE_MESSAGES:
        page.goto(f"/assets/{served.token}/claim-to")
        lying(page, "**/claim-to", lambda told, lie=lie: lie(told["typed_data"]))
        page.get_by_label("To", exact=True).fill(BEN)
        page.get_by_label("Valid until").fill("2099-01-01T00:00:00Z")
        page.get_by_role("button", name="Show what is to be signed").click()
        faulted(page, sentence)
        page.unroute("**/claim-to")
        assert page.get_by_role("button", name="Sign in your wallet").count() == 0
    assert "eth_signTypedData_v4" not in ann.asked


# -------------------------------------------------------------------------------------- the issuer


def test_an_issuer_distributes(open_page: Open, served: Served, issuer: Wallet) -> None:
    """Law 115: an approval of what the declaration takes, then the declaration."""
    served.commands.close_record()
    served.follow()
    page = open_page(issuer)
    sign_in(page, issuer)
    page.goto(f"/desk/{served.token}")
    assert ANN in page.locator("main").inner_text()
    page.get_by_role("link", name="Distribute", exact=True).click()
    page.get_by_label("Currency").fill("USD")
    page.get_by_label("Amount").fill("500.00")
    page.get_by_label("Kind of income").fill("rent")
    result = prepared(page)
    result.get_by_role("button").wait_for()
    assert "DividendVault.declare" in result.inner_text()
    result.get_by_role("button").click()
    page.wait_for_url(f"**/desk/{served.token}")
    assert len(issuer.sent) == 2
    assert served.commands.deployment.vault().distribution_count() == 2


@pytest.mark.parametrize("amount", ["f" * 64, "1".rjust(64, "0")], ids=["all", "another"])
def test_an_approval_is_of_what_is_taken(
    open_page: Open, served: Served, issuer: Wallet, amount: str
) -> None:
    """Law 115: neither of all that there is, nor of any other amount."""
    page = open_page(issuer)
    sign_in(page, issuer)

    def raised(told: dict[str, Any]) -> None:
        data = told["transactions"][0]["data"]
        told["transactions"][0]["data"] = data[:-64] + amount

    page.goto(f"/assets/{served.token}/distribute")
    lying(page, "**/distribute", raised)
    page.get_by_label("Currency").fill("USD")
    page.get_by_label("Amount").fill("500.00")
    page.get_by_label("Kind of income").fill("rent")
    page.get_by_role("button", name="Show what is to be signed").click()
    faulted(page, "an approval of more than the next call takes")
    assert issuer.sent == []


def test_an_issuer_gets_a_file_for_a_safe(open_page: Open, served: Served, issuer: Wallet) -> None:
    """Law 112: the file that a browser downloads has the checksum that Safe's builder wants."""
    page = open_page(issuer, accept_downloads=True)
    sign_in(page, issuer)
    page.goto(f"/assets/{served.token}/pause")
    page.get_by_label("Reason").fill("Order 12/2027 of a court")
    page.get_by_label("SHA-256").fill("0x" + "ab" * 32)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download it for a Safe").click()
    file = json.loads(download.value.path().read_text())
    assert download.value.suggested_filename.startswith("safe-pause-")
    bare = {**file, "meta": {k: v for k, v in file["meta"].items() if k != "checksum"}}
    assert file["meta"]["checksum"] == checksum(bare)
    assert file["transactions"][0]["to"] == served.token
    assert issuer.sent == []


def test_a_safe_signs_in_and_executes_the_file(open_page: Open, served: Served) -> None:
    """Laws 112 and 113: two owners of a real Safe sign its sign-in, and execute what the browser
    has downloaded, in the file's order; the issuer's page then shows the distribution.
    """
    commands = served.commands
    safe = Safe(commands.chain)
    commands.says("agents", "add", safe.address)
    found = commands.deployment
    dollar = Currency(found.chain, found.currencies["USD"])
    safe.sender.send_one("mint", dollar.mint(safe.address, 500_000_000))
    commands.close_record()
    served.follow()

    page = open_page(accept_downloads=True)
    page.goto("/sign-in")
    page.get_by_label("Your address").fill(safe.address)
    page.get_by_role("button", name="Show the message").click()
    message = page.get_by_label("The message").input_value()
    page.get_by_label("The signature").fill(safe.signed(message))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/me")
    page.goto(f"/desk/{served.token}")
    shown = page.locator("main").inner_text()
    assert "500.00 USD" not in shown

    page.get_by_role("link", name="Distribute", exact=True).click()
    page.get_by_label("Currency").fill("USD")
    page.get_by_label("Amount").fill("500.00")
    page.get_by_label("Kind of income").fill("rent")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download it for a Safe").click()
    file = json.loads(download.value.path().read_text())
    vault = found.vault()
    assert [one["to"] for one in file["transactions"]] == [dollar.address, vault.address]
    assert vault.distribution_count() == 1

    safe.executes(file)
    assert vault.distribution_count() == 2
    assert dollar.balance_of(safe.address) == 0
    served.follow()
    page.goto(f"/desk/{served.token}")
    assert "500.00 USD" in page.locator("main").inner_text()
