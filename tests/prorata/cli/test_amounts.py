"""Every command's JSON, and every JSON file, has amounts of one type: no bare number is left.

The asset's shares have decimals, so that whole shares and smallest units cannot be mistaken.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from prorata.chain.operator import Operator
from prorata.chain.signers import LocalSigner
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.times import moment
from tests.amounts import bare_amounts, units
from tests.prorata.cli.opened import Commands, Ran, agreed, run

pytestmark = pytest.mark.slow

DAY = 86_400
EXAMPLES = PROJECT_ROOT / "examples"
ANN, BEN, CAT, DAN, POOL = (
    "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
    "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
    "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65",
    "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc",
)
ISSUER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
AS_ANN, AS_POOL = ("--account", "TEST::1"), ("--account", "TEST::5")
SUCCESSOR, DIGEST = "0x976EA74026E726554dB657fA54763abd0C3a0aa9", "0x" + "ab" * 32
BASIS = ("--reason", "Order 12/2027 of a court", "--document", DIGEST)
RENT = ("--currency", "USD", "--kind", "rent", "--amount")
ASSET = f"""\
name: Quay 9
symbol: QUAY9
decimals: 2
authorised_shares: "1,000"
registry: new
rules: {PROJECT_ROOT / "examples" / "packs" / "plain-whitelist.yaml"}
"""
RULES = """\
rules:
  - {name: paused, says: Stopped, when: event, event: Paused}
  - {name: many, says: Many, when: threshold, value: supply, is: {above: 1}}
  - {name: low, says: Low, when: threshold, value: nav, currency: USD, is: {below: "12.60"}}
  - {name: dear, says: Dear, when: threshold, value: premium, older_than: 90d, is: {above: 500}}
  - {name: soon, says: Soon, when: absent, what: record-close, within: 400d}
  - {name: drift, says: Drift, when: absent, what: drift, every: 1s}
"""
RECEIVERS = "receivers:\n  - {name: desk, apprise_file: address, digest: 15min}"
POOLED = 'name: Pool\nsymbol: POOL\ndecimals: 0\nauthorised_shares: "10"\n'
WISH = "to-my-bank.json"
# What is not prorata's own to say: the compiler's input, transactions and messages as signed.
ORDER = "order-to-sell.json"
TRADE, TERMS = "trade-of-two.json", "terms-of-a-hold.json"
REQUEST, SUBSCRIPTION, VOTE = "request-to-redeem.json", "subscription.json", "vote.json"
PAPERS = (WISH, ORDER, TRADE, TERMS, REQUEST, SUBSCRIPTION, VOTE)
# A plan is what its hash is of, in smallest units.
SHARE_PLAN = "stock-dividend-record-"
OTHERS = ("standard-input", "journal.jsonl", *PAPERS, SHARE_PLAN)
WITHOUT_AMOUNTS = {
    "demo",  # It prints no JSON.
    "examples",  # Files to be copied.
    "approve-plan",  # Addresses and a digest; the plan's own amounts are those of `plan`.
    "verify",  # What an explorer says of sources.
    "keys",  # Names, scopes and times.
    "webhooks",  # Names, addresses and times.
    # They run until they are ended.
    "serve",
    "run",
    "deliver",  # As `alerts`, which is asked.
    # Figures, each with its unit, places, date, count and inputs.
    "analyse",
    "benchmark",
    "index",
    "portfolio",
    "score",
}


class Documents:
    """Runs commands with `--json`, and keeps what they print."""

    def __init__(self, commands: Commands) -> None:
        self.commands = commands
        self.read: dict[str, list[dict[str, Any]]] = {}

    def __call__(self, *words: object, code: int = 0, behind: Sequence[str] = ()) -> dict[str, Any]:
        """What it says; `behind` are words that must stand last, as those after `--`."""
        anvil, folder = self.commands.anvil, self.commands.folder
        where = ("--network", anvil.url, "--deployment", str(folder), "--json")
        return self._keep(words, run(*agreed([*map(str, words)]), *where, *behind), code)

    def asks_no_node(self, *words: object) -> None:
        """The same of a command that has no chain."""
        self._keep(words, run(*map(str, words), "--json"))

    def _keep(self, words: Sequence[object], done: Ran, code: int = 0) -> dict[str, Any]:
        assert done.code == code, (words, done)
        facts = json.loads(done.out)
        self.read.setdefault(str(words[0]), []).append(facts)
        return facts


@pytest.fixture
def documents(tmp_path) -> Iterator[Documents]:
    with Anvil() as anvil:
        yield Documents(Commands(anvil, tmp_path / "QUAY9"))


def written(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_no_commands_json_has_a_bare_amount(documents, tmp_path):
    commands = documents.commands
    deploy_and_issue(documents, tmp_path)
    pay_and_claim(documents, tmp_path)
    trade_shares(documents, tmp_path)
    trade_and_hold(documents, tmp_path)
    forward_a_pools_income(documents, tmp_path)
    end_a_distribution(documents, tmp_path)
    order(documents)
    withhold(documents, tmp_path)
    report(documents, tmp_path)
    keep_a_schedule(documents, tmp_path)
    act(documents, tmp_path)
    plan_and_apply(documents, tmp_path)
    use_powers(documents)
    buy_at_one_price(documents, tmp_path)
    leave(documents, tmp_path)
    look(documents, tmp_path)
    be_told(documents, tmp_path)
    hand_over(documents)

    names = {path.stem for path in (PROJECT_ROOT / "scripts").glob("*.py")}
    assert set(documents.read) == names - WITHOUT_AMOUNTS
    bare = {name: list(bare_amounts(facts)) for name, facts in documents.read.items()}
    assert {name: found for name, found in bare.items() if found} == {}
    # Nor the terms of calls and the documents of schedules, as they were hashed.
    files = [
        path for path in tmp_path.rglob("*.json*")
        if not path.name.startswith(OTHERS) and path.parent.name not in ("calls", "schedule")
    ]  # fmt: skip
    assert {path.name for path in files} >= {
        "manifest.json", "push-3.json", "unclaimed.json", "books.json",
        "distributions.json", "summary.json", f"{ANN}.json",
    }  # fmt: skip
    written = {
        path.name: [bare for document in _documents(path) for bare in bare_amounts(document)]
        for path in files
    }
    assert {name: found for name, found in written.items() if found} == {}
    # Nor did the maturity take the shares that the vault owes.
    assert commands.facts("books")["balanced"] is True


def _documents(path: Path) -> list[Any]:
    text = path.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()] if path.suffix == ".jsonl" else [
        json.loads(text)
    ]  # fmt: skip


# --------------------------------------------------------------------------------------- the story


def deploy_and_issue(documents: Documents, folder: Path) -> None:
    asset = written(folder, "asset.yaml", ASSET)
    people = (ANN, BEN, CAT, DAN, POOL)
    investors = written(
        folder, "investors.csv", "address,person,country,class,eligible_until",
        *(f"{who},{number},NL,retail,forever" for number, who in enumerate(people, start=1)),
    )  # fmt: skip
    holders = written(folder, "holders.csv", "address,shares", f"{ANN},500.5", f"{BEN},100.25",
                      f"{CAT},50", f"{DAN},25", f"{POOL},10")  # fmt: skip
    documents("deploy", "--asset", asset, "--dry-run")
    documents.asks_no_node("check-table", holders, "--asset", asset)
    deployed = documents("deploy", "--asset", asset, "--dollar")
    assert units(deployed["authorised"]) == 100_000
    documents("register", investors, "--dry-run")
    documents("register", investors)
    documents("issue", holders, "--dry-run")
    issued = documents("issue", holders)
    assert issued["shares"] == {
        "units": "68575", "text": "685.75", "decimals": 2, "currency": "QUAY9",
    }  # fmt: skip
    documents("check-transfer", "--from", ANN, "--to", BEN, "--amount", "0.5")
    documents("check-transfer", "--from", ANN, "--to", SUCCESSOR, "--amount", "600", code=1)


def close(documents: Documents) -> int:
    record = documents("record", "--at", "+100s")
    documents.commands.travel(record["closes_at"] + 1)
    return int(record["record"])


def pay_and_claim(documents: Documents, folder: Path) -> None:
    close(documents)
    table = documents("captable", "--record", "1")
    assert sum(units(holder["shares"]) for holder in table["holders"]) == units(table["total"])
    documents("distribute", *RENT, "1,000.000001", "--dry-run")
    declared = documents("distribute", *RENT, "1,000.000001")
    assert (units(declared["received"]), declared["received"]["currency"]) == (1_000_000_001, "USD")
    documents("distribute", "--currency", "ETH", "--kind", "dividend", "--amount", "1")
    claimed = documents("claim", "--holder", ANN)
    assert {paid["net"]["currency"] for paid in claimed["payouts"]} == {"USD", "ETH"}
    assert all("address" in paid["gross"] for paid in claimed["payouts"])
    wish = folder / WISH
    signing = ("--id", "1", "--to", CAT, "--valid-until", "2100-01-01T00:00:00Z")
    documents("instruct", *signing, "--holder", BEN, "--out", wish, "--account", "TEST::2")
    documents("claim", "--instruction", wish)


def trade_shares(documents: Documents, folder: Path) -> None:
    """Ben sells half a share to Ann, who has the rent to pay for it."""
    documents("market", "deploy")
    settlement = documents("market", "show")["contracts"][0]["address"]
    as_ben, file = ("--account", "TEST::2"), folder / ORDER
    words = ("--sell", "0.5", "--for", "5", "--in", "USD", "--least", "0.25")
    documents("order", "sign", *words, "--out", file, *as_ben)
    documents("order", "explain", file, *AS_ANN, code=1)
    documents("approve", "--spender", settlement, "--amount", "0.5", *as_ben)
    allowed = ("--spender", settlement, "--amount", "5", "--currency", "USD")
    documents("approve", *allowed, *AS_ANN)
    documents("order", "fill", file, "--amount", "0.25", *AS_ANN, "--dry-run")
    filled = documents("order", "fill", file, "--amount", "0.25", *AS_ANN)
    assert (units(filled["gives"]), units(filled["gets"])) == (2_500_000, 25)
    documents("order", "post", file)
    documents("order", "list")
    documents("order", "cancel", file, *as_ben)
    assert units(documents("tape")["trades"][0]["value"]) == 2_500_000


def trade_and_hold(documents: Documents, folder: Path) -> None:
    """Half a share for five dollars in two legs; and the same held, by a secret and by a keeper."""
    as_ben, file = ("--account", "TEST::2"), folder / TRADE
    legs = (f"0.5 QUAY9 from {BEN} to {ANN}", f"5 USD from {ANN} to {BEN}")
    words = [word for leg in legs for word in ("--leg", leg)]
    documents("trade", "propose", *words, "--out", file)
    documents("trade", "sign", file, *as_ben)
    documents("trade", "approve", file, *as_ben)
    documents("trade", "approve", file, *AS_ANN)
    documents("trade", "show", file)
    documents("trade", "settle", file, *AS_ANN)
    documents("settings", "holds-contract", "market")
    held = ("--to", ANN, "--until", "+1d", "--secret-file", folder / "secret.txt")
    documents("hold", "place", "0.5 QUAY9", *held, "--out", folder / TERMS, *as_ben)
    documents("hold", "keeper", ANN, "0.25 QUAY9", "--until", "+1d", *as_ben)
    kept = documents("hold", "for", "0.25 QUAY9", "--owner", BEN, *AS_ANN)
    assert units(kept["kept"]) == 25
    listed = documents("hold", "list")
    assert units(listed["holds"][0]["amount"]) == 50
    documents("hold", "let-go", "0.25 QUAY9", "--owner", BEN, *AS_ANN)
    documents("hold", "claim", folder / TERMS, "--secret-file", folder / "secret.txt", *AS_ANN)


def forward_a_pools_income(documents: Documents, folder: Path) -> None:
    """The pool's own token has a record at the second of the second record only."""
    pooled = Commands(documents.commands.anvil, folder / "POOL")
    pooled.says("deploy", "--asset", str(written(folder, "pool.yaml", POOLED)))
    pooled.says("issue", str(written(folder, "owners.csv", "address,shares", f"{DAN},10")))
    at = moment(documents.commands.chain.now() + 200)
    pooled.says("record", "--at", at)
    record = documents("record", "--at", at)
    documents.commands.travel(record["closes_at"] + 1)
    words = ("pass-through", "--pool", POOL)
    documents(*words, "--token", pooled.deployment.token().address)
    documents(*words, "--register", *AS_POOL)
    paid = documents("distribute", *RENT, "500.5", "--reference", "Pool", "--push")
    assert paid["distribution"] == 3
    assert documents(*words, "--forward")["forwarded"]
    assert documents(*words, "--forward", "--return")["returned"]


def end_a_distribution(documents: Documents, folder: Path) -> None:
    commands = documents.commands
    documents("record-range", "--from-record", "2", "--to-record", "2", "--weights", "equal")
    documents("freeze", "--wallet", DAN, *BASIS)
    until = moment(commands.chain.now() + 40 * DAY)
    ending = ("--deadline", until, "--sweep-to", CAT)
    paid = documents("distribute", *RENT, "70", "--record-range", "1", *ending, "--push", "--yes")
    commands.travel(commands.chain.now() + 35 * DAY)
    aged = documents("unclaimed", "--out", folder / "unclaimed.json")
    assert {line["gross"]["currency"] for line in aged["lines"]} == {"USD", "ETH"}
    commands.travel(commands.chain.now() + 6 * DAY)
    assert units(documents("sweep", "--id", paid["distribution"])["swept"]) > 0
    ahead = documents("record", "--at", "+50d")["record"]
    for_nobody = documents("distribute", *RENT, "30", "--record", ahead)
    documents("record", "cancel", "--from", ahead)
    assert units(documents("refund", "--id", for_nobody["distribution"])["refunded"]) == 30_000_000


def order(documents: Documents) -> None:
    documents("freeze", "--wallet", DAN, "--release", *BASIS)
    documents("freeze", "--wallet", DAN, "--amount", "5.25", *BASIS)
    documents("force-transfer", "--from", CAT, "--to", BEN, "--amount", "0.75", *BASIS)
    documents("recover", "--lost", DAN, "--new", SUCCESSOR, *BASIS)
    documents("loss", "confirm", "--lost", DAN, "--new", SUCCESSOR, *BASIS)
    documents("permissions")


def withhold(documents: Documents, folder: Path) -> None:
    compliant = PROJECT_ROOT / "examples" / "compliant"
    rates = compliant / "withholding.yaml"
    certificate = f"{ANN},all,5%,2026-01-01,forever,{DIGEST}"
    header = "address,kinds,rate,valid_from,valid_until,document"
    table = written(folder, "certificates.csv", header, certificate)
    documents("tax", "deploy", rates, "--dry-run")
    documents("tax", "deploy", rates)
    documents("tax", "rates", rates)
    documents("tax", "certify", table)
    documents("tax", "snapshot")
    record = close(documents)
    documents("tax", "show", "--record", record)
    documents("distribute", *RENT, "90", "--tax-policy", "standard", "--push")
    remitted = documents("remit", "--all")["remitted"]
    assert [units(one["amount"]) > 0 for one in remitted] == [True]
    documents("tax", "revoke", "--holder", ANN, "--certificate", "1")


def report(documents: Documents, folder: Path) -> None:
    documents("captable")
    documents("names", "set", ANN, "Ann")
    documents("names", "list")
    documents.asks_no_node("account", "list")
    loans, building = EXAMPLES / "loans", EXAMPLES / "building"
    pool = (loans / "loans.yaml", "--tape", loans / "tape.csv", "--through", "2027-01-31")
    documents.asks_no_node("loans", "report", *pool)
    documents.asks_no_node("loans", "next", *pool, "--waterfall", loans / "waterfall.yaml")
    documents.asks_no_node("waterfall", "show", loans / "waterfall.yaml")
    documents.asks_no_node("waterfall", "run", building / "waterfall.yaml", building / "income.csv")
    documents("books", "--out", folder / "books")
    for words, name in (
        (("overview",), "overview.html"),
        (("distribution", "--id", "1"), "distribution.xlsx"),
        (("reconciliation",), "reconciliation.xlsx"),
        (("register", "--record", "1"), "register.csv"),
        (("ageing",), "aged.json"),
    ):
        documents("report", *words, "--out", folder / name)
    family, page = EXAMPLES / "analytics" / "portfolio.yaml", folder / "portfolio.html"
    documents.asks_no_node("report", "portfolio", family, "--out", page)
    year = int(moment(documents.commands.chain.now())[:4])
    for number in (year - 1, year):
        documents("statements", "--year", number, "--out", folder / f"statements-{number}")


def plan_and_apply(documents: Documents, folder: Path) -> None:
    plan = folder / "plan.json"
    at = moment(documents.commands.chain.now() + 90 * DAY)
    words = ("--", "record", "--at", at)
    documents("plan", "--output", plan, behind=words)
    documents("apply", plan)


def act(documents: Documents, folder: Path) -> None:
    """What corporate actions show; the vault and the account have new shares pass through them."""
    commands = documents.commands
    through = (ISSUER, commands.deployment.vault().address)
    header = "address,person,country,class,eligible_until"
    rows = [f"{who},{n},NL,retail,forever" for n, who in enumerate(through, start=50)]
    documents("register", written(folder, "through.csv", header, *rows))
    documents("authorise", "1,900", *BASIS, "--yes")
    scheduled = documents("record", "--at", moment(commands.chain.now() + 100))
    commands.travel(scheduled["closes_at"] + 1)
    record = scheduled["record"]
    in_money = ("--currency", "USD", "--fraction-price", "12.50")
    later = moment(commands.chain.now() + 30 * DAY)
    price = ("--price", "5", "--currency", "USD", "--record", record, "--until", later)
    documents("rights", "issue", "1:5", "--symbol", "QUAY9R", *price, "--dry-run")
    into = ("reverse-split", "1:10", "--symbol", "QUAY1", "--at", later, *in_money, *BASIS)
    documents(*into, "--dry-run")
    pool = Commands(commands.anvil, folder / "POOL")
    pool.says("authorise", "500", *BASIS, "--yes")
    merged = ("merge", "1:2", "--into", "POOL", "--at", later, *in_money, *BASIS)
    documents(*merged, "--dry-run")
    documents("split", "3:2", "--record", record, *in_money, "--unpaid", POOL, "--dry-run")
    given = documents("stock-dividend", "1:3", "--record", record, *in_money)
    assert units(given["in_lieu"]) == sum(units(line["in_lieu"]) for line in given["holders"])


def keep_a_schedule(documents: Documents, folder: Path) -> None:
    """A note whose first line is shown, begun, and held against the books."""
    issued = date.fromisoformat(moment(documents.commands.chain.now())[:10])
    path = written(
        folder, "note.yaml",
        "name: Quay note", "currency: USD", "decimals: 2", 'unit: "1.00"', f"issued: {issued}",
        f"matures: {issued + timedelta(days=180)}",
        "interest: {day_count: ACT/360, cycle: 90D, rate: 5%}",
        "fees: [{name: agent, amount: '0.10'}]",
    )  # fmt: skip
    documents.asks_no_node("schedule", "show", path, "--at", issued)
    assert documents("schedule", "next", path)["line"] == 1
    documents("schedule", "run", path, "--dry-run")
    documents("schedule", "status", path)


def use_powers(documents: Documents) -> None:
    documents("transfer", "--to", CAT, "--amount", "1.25", *AS_ANN, "--dry-run")
    sent = documents("transfer", "--to", CAT, "--amount", "1.25", *AS_ANN)
    assert units(sent["amount"]) == 125
    documents("approve", "--spender", BEN, "--amount", "2.5", *AS_ANN)
    documents("burn", "--holder", CAT, "--amount", "0.25", *BASIS)
    documents("authorise", "2,000", *BASIS, "--yes")
    documents("payee", "set", "--to", BEN, *AS_ANN)
    documents("payee", "show", "--holder", ANN)
    documents("pause", *BASIS)
    documents("unpause", *BASIS)
    documents("agents", "add", BEN)
    documents("agents", "list")
    documents("ownership", "offer", "--to", BEN)
    documents("settings", "name", "Quay 9 and 10")
    documents("settings", "show")
    documents("documents", "set", "terms", "--uri", "https://example.org/terms.pdf")
    documents("documents", "list")
    documents("registry", "bind")
    documents("rules", "show")
    documents("rules", "change", "--to", "none")


def buy_at_one_price(documents: Documents, folder: Path) -> None:
    """Ben offers two shares and Ann takes one; the issuer's tender and an auction are looked at."""
    now = documents.commands.chain.now()
    named = {"price": {"currency": "USD", "at": "1.25"}, "closes": moment(now + DAY)}
    as_ben, file = ("--account", "TEST::2"), folder / SUBSCRIPTION
    for noun, more in {
        "offer": {"sells": "2", "at_least": "0.5", "lot": "0.5"},
        "tender": {"buys": "2"},
        "auction": {"lot": "0.5"},
    }.items():
        terms = written(folder, f"{noun}.yaml", json.dumps({"name": noun, **named, **more}))
        account = AS_ANN if noun == "tender" else as_ben
        documents(noun, "open", terms, *account, "--dry-run")
        documents(noun, "open", terms, *account)
        documents(noun, "list")
    documents("offer", "explain", "--shares", "1", *AS_ANN, code=1)
    documents("subscribe", "--shares", "1", *AS_ANN, "--dry-run")
    placed = documents("subscribe", "--shares", "1", *AS_ANN)
    assert units(placed["gives"]) == 1_250_000
    documents("subscribe", "--shares", "0.5", "--sign-only", "--out", file, *AS_ANN)
    documents("tender", "place", "--shares", "1", *as_ben)
    documents("auction", "place", "--side", "sell", "--shares", "0.5", *as_ben)
    documents("auction", "status")
    documents.commands.travel(now + DAY + 1)
    documents("offer", "close", "--dry-run")
    settled = documents("offer", "settle")
    assert units(settled["delivered"]) == 100
    documents("tender", "settle")
    documents("auction", "settle")
    documents("offer", "status")


def leave(documents: Documents, folder: Path) -> None:
    """Ann redeems and retires; maturity and buy-out are noticed, and one of them is carried out."""
    documents("market", "show")
    terms = written(folder, "redemption.yaml", "gets: 2.50 USD", "funding: 100")
    documents("exchange", "open", terms, "--dry-run")
    opened = documents("exchange", "open", terms)
    assert units(opened["funding"]) == 100_000_000
    documents("exchange", "quote", 1, "1.5")
    documents("exchange", "explain", 1, "1.5", *AS_ANN)
    documents("redeem", "now", "1.5", *AS_ANN, "--dry-run")
    assert units(documents("redeem", "now", "1.5", *AS_ANN)["paid"]) == 3_750_000
    request = folder / REQUEST
    documents("exchange", "sign", "--id", 1, "--shares", "0.5", "--out", request, *AS_ANN)
    documents("exchange", "for", request)
    documents("exchange", "fund", 1, "1")
    documents("exchange", "drain", 1, "1")
    documents("retire", "open")
    reason = ("--beneficiary", "Ann Example", "--reason", "Flights of 2027")
    page = ("--certificate", folder / "retired.html")
    documents("retire", "--amount", "0.25", *reason, *page, *AS_ANN)
    [made] = documents("retire", "certificate")["certificates"]
    assert units(made["retired"]) == 25
    meet(documents, folder)
    keeper = documents("exchange", "list")["contract"]
    consent = ("2,000 QUAY9", "--until", "+200d", *AS_ANN)
    documents("hold", "keeper", keeper, *consent)
    words = ("--price", "0.01 USD", "--document", DIGEST, "--at")
    documents("squeeze-out", "--acquirer", ANN, *words, "+15d", "--dry-run")
    bought = documents("squeeze-out", "--acquirer", ANN, *words, "+15d")
    documents("exchange", "cancel", bought["exchange"])
    documents("mature", *words, "+2d", "--dry-run")
    documents("mature", *words, "+2d")
    documents.commands.travel(documents.commands.chain.now() + 2 * DAY + 60)
    stays = documents("mature", *words, "+2d")["vault"]
    # The pool is paid by a contract that may not have shares.
    assert (units(stays["kept"]), units(stays["owed"]), stays["holders"]) == (335, 333, 1)
    documents("exchange", "status", 4, "--holder", ANN)


def meet(documents: Documents, folder: Path) -> None:
    """A meeting of one day at the first record, at which Ann votes."""
    commands = documents.commands
    now = commands.chain.now()
    times = f'opens: "{moment(now + 100)}"', f'closes: "{moment(now + DAY)}"'
    head = ("title: Meeting", "record: 1", *times)
    terms = written(folder, "meeting.yaml", *head, "resolutions:", "  - text: Yes?")
    parts = written(folder, "parts.csv", "shares,vote", "1.5,for")
    documents("meeting", "convene", terms, "--dry-run")
    documents("meeting", "convene", terms)
    commands.travel(now + 200)
    documents("meeting", "vote", 1, "for", *AS_ANN, "--dry-run")
    documents("meeting", "appoint", 1, BEN, *AS_ANN)
    split = documents("meeting", "split", 1, parts, *AS_ANN)
    assert split["vote"] == ["1.50 QUAY9: for"]
    commands.travel(commands.chain.now() + 10)
    documents("meeting", "sign", 1, "for", "--out", folder / VOTE, *AS_ANN)
    commands.travel(commands.chain.now() + 10)
    documents("meeting", "tally", 1, "--from", folder / VOTE)
    documents("meeting", "bring", 1, folder / VOTE)
    documents("meeting", "status", 1, "--holder", ANN)
    documents("meeting", "status")
    commands.travel(now + DAY + 1)
    assert units(documents("meeting", "declare", 1)["results"][0]["against"]) == 0
    documents("meeting", "minutes", 1, "--out", folder / "minutes.html")


def look(documents: Documents, folder: Path) -> None:
    documents("status")
    documents("drift")
    documents("follow", "--once")
    for words in (("status",), ("holders",), ("flows", "--all"), ("income", "--all"), ("check",)):
        documents("ledger", *words)
    documents("ledger", "rebuild")
    worth = ("--kind", "nav", "--amount", "12.34", "--currency", "USD", "--source", "Clerk")
    documents("marks", "add", *worth, "--at", "2027-03-31", "--basis", "ex")
    lines = "time,kind,value,currency,basis,source", "2027-06-30,NAV,12.5,USD,ex,Clerk"
    path = written(folder, "marks.csv", *lines)
    documents("marks", "import", path, "--dry-run")
    documents("marks", "import", path)
    documents("marks", "list")
    documents("log", "--all")
    documents("log", "verify")
    documents("journal", "adopt")
    documents("doctor")
    new = ("--name", "Quay 11", "--symbol", "QUAY11", "--authorised", "1,000.5", "--decimals", "1")
    documents.asks_no_node("new-asset", *new, "--out", folder / "quay11.yaml")


def be_told(documents: Documents, folder: Path) -> None:
    """Of an event, of thresholds, of what is missing, and of what another journal has done."""
    rules = written(folder, "rules.yaml", RULES)
    receivers = written(folder, "receivers.yaml", RECEIVERS)
    written(folder, "address", "json://127.0.0.1:1/")
    documents("alerts", "run", "--rules", rules, "--once")
    commands = documents.commands
    documents("record", "--at", "+300d")
    worth = ("--currency", "USD", "--basis", "ex", "--source", "Clerk")
    at = moment(commands.chain.now())
    for kind, amount in (("nav", "12.50"), ("price", "14.00")):
        documents("marks", "add", "--kind", kind, "--amount", amount, *worth, "--at", at)
    stranger = Operator(commands.chain, LocalSigner.of_test_account(0))
    stranger.send_one("pause", commands.deployment.token().pause())
    # Anvil calls final what has 64 blocks after it.
    commands.anvil.rpc("anvil_mine", 70)
    documents("follow", "--once")
    time.sleep(1.1)  # until drift is looked for again
    ran = documents("alerts", "run", "--rules", rules, "--receivers", receivers, "--once")
    assert ran["alerts"] > 0
    documents("alerts", "silence", "paused", "--for", "4h", "--reason", "known")
    listed = documents("alerts", "list")
    told = {one["rule"]: one["facts"] for one in listed["messages"]}
    assert set(told) == {"paused", "many", "low", "dear", "soon", "drift"}
    assert units(told["low"]["was"]) == units(told["dear"]["nav"]) == 1_250
    assert units(told["many"]["was"]) > 1
    played = documents("alerts", "test", rules, "--from", "0")
    assert {one["rule"] for one in played["alerts"]} >= {"paused", "many", "low", "soon"}
    stranger.send_one("unpause", commands.deployment.token().unpause())
    commands.says("journal", "adopt", "--yes")


def hand_over(documents: Documents) -> None:
    documents("handover", "--to", SUCCESSOR, "--dry-run")
    documents("handover", "--to", SUCCESSOR, code=4)
