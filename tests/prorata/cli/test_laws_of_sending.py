"""Every command that sends obeys the same laws; one without an entry in `CASES` fails here.

It shows what it would send, and writes nothing. If what it does cannot be undone, it asks, and
without anybody to ask it refuses. Whatever it says, to a program it says one JSON document: when it
refuses, when it has sent, and when all of it was sent before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import click
import pytest

from prorata.chain.signers import LocalSigner, public_test_key
from prorata.cli.command import Command
from prorata.cli.main import cli
from prorata.market.singletons import singleton_address
from prorata.register.captable import read_csv
from prorata.register.investors import read_investors
from prorata.toolchain.anvil import Anvil
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.times import moment
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands, Ran, run
from tests.prorata.conftest import sent_by_node

COMPLIANT = PROJECT_ROOT / "examples" / "compliant"
HOLDERS = read_csv(COMPLIANT / "holders.csv", authorised=5_000).holdings
INVESTORS = read_investors(COMPLIANT / "investors.csv")
OWNER, OTHER, THIRD, FRESH = (LocalSigner(public_test_key(n)).address for n in range(4))
AS_OTHER, AS_THIRD = ("--account", "TEST::1"), ("--account", "TEST::2")
BASIS = ("--reason", "Resolution 7 of May 2027", "--document", "0x" + "ab" * 32)
LOST = ("--lost", INVESTORS[14].address, "--new", FRESH)
USD = ("--currency", "USD", "--kind", "rent")
ETHER = ("--currency", "ETH", "--kind", "dividend")
MARKET = (
    ("market", "deploy"),
    ("approve", "--spender", "{settlement}", "--amount", "5", *AS_OTHER),
    ("approve", "--spender", "{settlement}", "--amount", "9", "--currency", "USD", *AS_THIRD),
)
HOLDS = (("market", "deploy"), ("settings", "holds-contract", "{holds}"))
UNTIL = ("--until", "{later}")
PROPOSE = (
    *("trade", "propose", "--leg", f"2 CANAL8 from {OTHER} to {THIRD}"),
    *("--leg", f"9 USD from {THIRD} to {OTHER}", "--out"),
)
SELL = ("order", "sign", "--sell", "2", "--for", "9.00", "--in", "USD", *AS_OTHER, "--out")
WRONG = {"deploy": ("--asset", "none.yaml"), "market deploy": ("--account", "nobody")}
"""What is refused of commands that make a folder where there is none."""
ADDRESS, HASH = "0x" + "11" * 20, "0x" + "5f6b" * 16
FILES = {
    "new.csv": f"address,person,country,class,eligible_until\n{FRESH},977,DE,retail,forever\n",
    "same.csv": f"address,person,country,class,eligible_until\n{FRESH},902,DE,retail,forever\n",
    "redemption.yaml": "gets: 1 USD\nfunding: 50\nleast_price: 1 USD\nmost_price: 2 USD\n"
    f'valuer: "{OWNER}"\n',
    "parts.csv": "shares,vote\n1,for\n",
    "more.csv": f"address,shares\n{OTHER},3\n",
    "late.csv": "address,kinds,rate,valid_from,valid_until,document\n"
    f"{OTHER},rent,5%,1971-01-01,2099-12-31,{HASH}\n",
}


@dataclass(frozen=True)
class Case:
    """How a command sends something, once `before` has been done.

    `{…}` stands for a fact of the world. `again` says what the same command does: it says that all
    was sent before (`resumed`), or that there is nothing to do (`nothing`). It ends with `code`.
    One without `sends` writes into the folder only.
    """

    words: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()
    again: str = "resumed"
    code: int = 0
    sends: bool = True


def case(*words: str, before: tuple[tuple[str, ...], ...] = (), again: str = "resumed") -> Case:
    return Case(words, before, again)


def held(name: str) -> tuple[tuple[str, ...], ...]:
    """Two shares held for the third account, with a secret in a file."""
    terms, secret = f"{{files}}/{name}.json", f"{{files}}/{name}.txt"
    words = ("hold", "place", "2 CANAL8", "--to", THIRD, *UNTIL, "--secret-file", secret)
    return (*HOLDS, (*words, "--out", terms, *AS_OTHER))


def claimed(name: str) -> tuple[tuple[str, ...], ...]:
    """The same, claimed while the token was paused."""
    terms, secret = f"{{files}}/{name}.json", f"{{files}}/{name}.txt"
    claim = ("hold", "claim", terms, "--secret-file", secret, *AS_THIRD)
    return (*held(name), ("pause", *BASIS), claim)


KEPT = (
    *HOLDS,
    ("hold", "keeper", THIRD, "3 CANAL8", *UNTIL, *AS_OTHER),
    ("hold", "for", "2 CANAL8", "--owner", OTHER, *AS_THIRD),
)
"""Two shares that the third account keeps."""

EXCHANGE = (("market", "deploy"),)
OPENED = (*EXCHANGE, ("exchange", "open", "{files}/redemption.yaml"))
MATURE = ("mature", "--price", "0.01 USD", "--document", HASH, "--at")
SHORT = ("--until", "+2d", "--take-until", "+3d", "--sweep-to", OWNER)
PAID = (*EXCHANGE, (*MATURE, "+1h", *SHORT), ("travel", "3700"))
"""A maturity that has begun; what it owes can be taken for three days."""
FROZEN = ("freeze", "--wallet", HOLDERS[1].address, *BASIS)
OWED = (*PAID, FROZEN, ("exchange", "carry-out", "1"))
THROUGH = (("register", "{files}/through.csv"),)
"""Those through whose hands new shares go may hold them."""

CONVENED = (*EXCHANGE, ("meeting", "convene", "{files}/meeting.yaml"))
VOTING = (*CONVENED, ("travel", "2000"))
"""A meeting at the first record; it is open for ten days."""

CONVERTED = ("--at", "{later}", "--currency", "USD", "--fraction-price", "125", *BASIS)
MADE = (*THROUGH, ("authorise", "20,000", *BASIS, "--yes"))
RIGHTS = (
    *("1:5", "--symbol", "CANALR", "--price", "8", "--currency", "USD"),
    *("--record", "1", "--until", "{later}"),
)
ISSUED = (*MADE, ("market", "deploy"), ("rights", "issue", *RIGHTS))

OFFER = (*HOLDS, ("offer", "open", "{files}/offer.json", *AS_OTHER))
"""Four shares of the second account's are sold, for ten dollars each."""

SUBSCRIBED = (*OFFER, ("subscribe", "--shares", "2", *AS_THIRD))
TO_CLOSE = ("travel", "1000001")
MINTED = (
    *HOLDS,
    ("agents", "add", "{auction}"),
    ("offer", "open", "{files}/minted.json"),
    ("subscribe", "--shares", "2", *AS_OTHER),
    ("subscribe", "--shares", "2", *AS_THIRD),
    ("freeze", "--wallet", OTHER, *BASIS),
    TO_CLOSE,
    ("offer", "settle"),
    ("travel", "300000"),
)
"""Two of the three shares that must be sold at least are delivered, and it is too late for more."""

UNPAID = (
    *HOLDS,
    ("offer", "open", "{files}/unpaid.json", *AS_OTHER),
    ("subscribe", "--shares", "2", *AS_THIRD),
    TO_CLOSE,
    ("offer", "settle"),
)
"""The seller cannot receive the money that it is paid in."""

CASES = {
    "agents add": case(THIRD),
    "agents remove": case(OWNER),
    "approve": case("--spender", THIRD, "--amount", "5", *AS_OTHER),
    "authorise": Case(("6,000", *BASIS), again="nothing", sends=False),
    "burn": case("--holder", HOLDERS[0].address, "--amount", "1", *BASIS),
    "claim": case("--holder", HOLDERS[3].address, "--id", "1", again="nothing"),
    "deploy": case(
        "--asset", str(COMPLIANT / "asset.yaml"), "--deployment", "{elsewhere}"
    ),
    "distribute": case("--record", "1", *USD, "--amount", "77"),
    "documents remove": case(
        "prospectus", before=(("documents", "set", "prospectus", "--uri", "https://x.org/a.pdf"),)
    ),
    "documents set": case("prospectus", "--uri", "https://x.org/a.pdf"),
    "exchange cancel": case("1", before=(*EXCHANGE, (*MATURE, "+1h"))),
    "exchange cancel-request": case("0", *AS_OTHER, before=EXCHANGE),
    "exchange carry-out": case("1", before=PAID),
    "exchange close": case("1", before=OPENED),
    "exchange drain": case("1", "5", before=OPENED),
    "exchange end-hold": case(
        "1", "{files}/tied.json",
        before=(*held("tied"), *PAID[1:], ("exchange", "carry-out", "1"), ("travel", "6000000")),
    ),
    "exchange for": case(
        "{files}/request.json",
        before=(
            *OPENED,
            ("exchange", "sign", "--id", "1", "--shares", "2", "--out", "{files}/request.json",
             *AS_OTHER),
        ),
    ),
    "exchange fund": case("1", "5", before=OPENED),
    "exchange now": case("1", "2", *AS_OTHER, before=OPENED),
    "exchange open": case("{files}/redemption.yaml", before=EXCHANGE),
    "exchange sweep": case("1", before=(*OWED, ("travel", "600000"))),
    "exchange take": case(
        "1", "--holder", HOLDERS[1].address, before=(*OWED, (*FROZEN, "--release"))
    ),
    "force-transfer": case(
        "--from", HOLDERS[0].address, "--to", OTHER, "--amount", "1", *BASIS
    ),
    "freeze": case("--wallet", HOLDERS[1].address, *BASIS),
    "handover": Case(("--to", THIRD), again="nothing", code=4),
    "hold claim": case(
        "{files}/claimed.json", "--secret-file", "{files}/claimed.txt", *AS_THIRD,
        before=held("claimed"),
    ),
    "hold deliver": case(
        "{files}/delivered.json", *AS_THIRD, before=(*claimed("delivered"), ("unpause", *BASIS))
    ),
    "hold deliver-kept": case(
        "1 CANAL8", "--owner", OTHER, "--to", HOLDERS[0].address, *AS_THIRD, before=KEPT
    ),
    "hold for": case("2 CANAL8", "--owner", OTHER, *AS_THIRD, before=KEPT[:-1]),
    "hold keeper": case(THIRD, "3 CANAL8", *UNTIL, *AS_OTHER, before=HOLDS),
    "hold let-go": case("1 CANAL8", "--owner", OTHER, *AS_THIRD, before=KEPT),
    "hold place": case(
        "2 CANAL8", "--to", THIRD, *UNTIL, "--lock", HASH, "--out", "{files}/placed.json",
        *AS_OTHER, before=HOLDS,
    ),
    "hold redirect": case(
        "{files}/redirected.json", "--to", FRESH, *AS_THIRD,
        before=(*claimed("redirected"), ("register", "{files}/same.csv")),
    ),
    "hold release": case("{files}/released.json", *AS_THIRD, before=held("released")),
    "hold take-back": case(
        "CANAL8", "--keeper", THIRD, *AS_OTHER, before=(*KEPT, ("travel", "6000000"))
    ),
    "hold void": case("{files}/voided.json", *BASIS, before=held("voided")),
    "instruct": case(
        "--cancel", "{files}/wish.json", *AS_OTHER,
        before=(("instruct", "--to", THIRD, "--id", "4", "--out", "{files}/wish.json", *AS_OTHER),),
    ),
    "issue": case(
        "{files}/more.csv", "--tranche", "second", before=(("authorise", "6,000", *BASIS, "--yes"),)
    ),
    "loss confirm": case(*LOST, *BASIS),
    "loss undo": case(*LOST[:2], *BASIS, before=(("loss", "confirm", *LOST, *BASIS),)),
    "market deploy": case(),
    "meeting appoint": case("1", THIRD, *AS_OTHER, before=VOTING),
    "meeting bring": case(
        "1", "{files}/vote.json",
        before=(
            *VOTING, ("meeting", "sign", "1", "for", "--out", "{files}/vote.json", *AS_OTHER),
            ("travel", "5"),
        ),
    ),
    "meeting cancel": case("1", "--document", HASH, before=CONVENED),
    "meeting convene": case("{files}/meeting.yaml", before=EXCHANGE),
    "meeting declare": case("1", before=(*VOTING, ("travel", "1000000"))),
    "meeting split": case("1", "{files}/parts.csv", *AS_OTHER, before=VOTING),
    "meeting vote": case("1", "for", *AS_OTHER, before=VOTING),
    "mature": case(*MATURE[1:], "{later}", before=EXCHANGE),
    "merge": Case(("1:2", "--into", "ATTIC", *CONVERTED), (("market", "deploy"),), code=4),
    "offer accept": case(
        *AS_OTHER,
        before=(
            *HOLDS, ("offer", "open", "{files}/accepted.json", *AS_OTHER), SUBSCRIBED[-1],
            TO_CLOSE, ("offer", "close"),
        ),
    ),
    "offer cancel": case(*AS_OTHER, before=SUBSCRIBED),
    "offer close": case(before=(*SUBSCRIBED, TO_CLOSE)),
    "offer entitle": case(
        "--wallet", OTHER, again="nothing",
        before=(*HOLDS, ("offer", "open", "{files}/rights.json", *AS_OTHER)),
    ),
    "offer open": case("{files}/offer.json", *AS_OTHER, before=HOLDS),
    "offer return": case("2", "--shares", "1", *AS_THIRD, before=MINTED),
    "offer settle": case(before=(*SUBSCRIBED, TO_CLOSE), again="nothing"),
    "offer strike": case(
        before=(*SUBSCRIBED, ("freeze", "--wallet", THIRD, *BASIS)), again="nothing"
    ),
    "offer sweep": case(before=(*UNPAID, ("travel", "400000"))),
    "offer take": case("--to", THIRD, *AS_OTHER, before=UNPAID),
    "offer withdraw": case("1", *AS_THIRD, before=SUBSCRIBED),
    "order cancel": case(
        "{files}/ended.json", *AS_OTHER, before=(*MARKET, (*SELL, "{files}/ended.json"))
    ),
    "order fill": case(
        "{files}/filled.json", *AS_THIRD, before=(*MARKET, (*SELL, "{files}/filled.json"))
    ),
    "order post": case(
        "{files}/posted.json", *AS_OTHER, before=(*MARKET, (*SELL, "{files}/posted.json"))
    ),
    "ownership accept": case(*AS_OTHER, before=(("ownership", "offer", "--to", OTHER),)),
    "ownership offer": case("--to", OTHER),
    "pass-through": case("--pool", HOLDERS[2].address, "--token", "{token}", again="nothing"),
    "pause": case(*BASIS),
    "payee set": case("--to", THIRD, *AS_OTHER),
    "record": case("--at", "{later}"),
    "record cancel": case("--from", "3", before=(("record", "--at", "{later}"),)),
    "record-range": case(
        "--from-record", "1", "--to-record", "1", "--weights", "equal", again="nothing"
    ),
    "recover": case(*LOST, *BASIS),
    "redeem now": case("2", *AS_OTHER, before=OPENED),
    "redeem price": case("1.25", "--as-of", "{later}", before=(*OPENED, ("travel", "6000000"))),
    "refund": case("--id", "3"),
    "register": case("{files}/new.csv", again="nothing"),
    "registry bind": case( before=(("registry", "unbind", "--token", "{token}"),)),
    "registry change": case("--to", "none"),
    "registry count": case(
        before=(("registry", "unbind", "--token", "{token}"), ("registry", "bind")),
        again="nothing",
    ),
    "registry remove": case("--wallet", THIRD),
    "registry unbind": case("--token", "{token}"),
    "registry undo-loss": case(
        *LOST[:2], *BASIS, before=(("loss", "confirm", *LOST, *BASIS),)
    ),
    "remit": case("--all", again="nothing"),
    "retire": case(
        "--amount", "2", "--beneficiary", "Ann Example", "--reason", "Flights of 2027", *AS_OTHER,
        before=(*EXCHANGE, ("retire", "open")),
    ),
    "retire open": case(before=EXCHANGE),
    "reverse-split": Case(
        ("1:10", "--symbol", "CANAL0", *CONVERTED), (("market", "deploy"),), code=4
    ),
    "rights exercise": case("CANALR", "--shares", "1", *AS_OTHER, before=ISSUED),
    "rights issue": case(*RIGHTS, before=ISSUED[:-1]),
    "rights lapse": case("CANALR", *BASIS, before=(*ISSUED, ("travel", "6000000"))),
    "rules change": case("--file", str(PROJECT_ROOT / "examples/packs/plain-whitelist.yaml")),
    "schedule run": Case(("{files}/note.yaml",), code=4),
    "settings holds-contract": case("{vault}"),
    "settings identity": case(OTHER),
    "settings income-waits": case("yes"),
    "settings metadata": case("https://example.org/c.json"),
    "settings name": case("Canal Quay 9"),
    "settings symbol": case("CANAL9"),
    "squeeze-out": case(
        "--acquirer", OTHER, *MATURE[1:], "{later}",
        before=(*HOLDS, ("hold", "keeper", "{exchange}", "9,999 CANAL8", "--until", "+100d",
                         *AS_OTHER)),
    ),
    "split": case(
        "2:1", "--record", "1", before=MADE
    ),
    "stock-dividend": case(
        "1:100", "--record", "1", before=MADE
    ),
    "subscribe": case("--shares", "2", *AS_THIRD, before=OFFER),
    "sweep": case("--id", "2"),
    "tax certify": case(str(COMPLIANT / "certificates.csv"), again="nothing"),
    "tax deploy": case("{files}/second.yaml", again="nothing"),
    "tax rates": case("{files}/other.yaml", "--from", "{later}", again="nothing"),
    "tax repay": case(
        "{files}/late.csv",
        before=(("tax", "certify", "{files}/late.csv"),),
    ),
    "tax revoke": case(
        "--holder", OTHER, "--certificate", "1",
        before=(("tax", "certify", "{files}/late.csv"),), again="nothing",
    ),
    "tax snapshot": case(again="nothing"),
    "trade approve": case(
        "{files}/approved.json", *AS_OTHER,
        before=(("market", "deploy"), (*PROPOSE, "{files}/approved.json")),
    ),
    "trade cancel": case(
        "{files}/cancelled.json", *AS_OTHER,
        before=(("market", "deploy"), (*PROPOSE, "{files}/cancelled.json")),
    ),
    "trade settle": case(
        "{files}/settled.json", *AS_THIRD,
        before=(
            *MARKET, (*PROPOSE, "{files}/settled.json"),
            ("trade", "sign", "{files}/settled.json", "--yes", *AS_OTHER),
        ),
    ),
    "transfer": case("--to", THIRD, "--amount", "2", *AS_OTHER),
    "unpause": case(*BASIS, before=(("pause", *BASIS),)),
}  # fmt: skip
"""By command, how it sends something."""

OF_CALLS = ("open", "close", "accept", "settle", "strike", "cancel", "withdraw", "take")
ALIKE = {
    f"{group} {word}": f"offer {word}"
    for group, words in (
        ("auction", set(OF_CALLS) - {"accept"}),
        ("tender", set(OF_CALLS)),
        ("redeem window", set(OF_CALLS) - {"accept", "strike"}),
    )
    for word in words
} | {f"{group} place": "subscribe" for group in ("auction", "tender", "redeem window")}
"""Commands that are the same code in other words, so that what one does the others do."""


def every(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Each command by its words, those of groups included."""
    context = click.Context(command)
    if isinstance(command, Command):
        yield name, command
    if isinstance(command, click.Group):
        for word in command.list_commands(context):
            found = command.get_command(context, word)
            assert found is not None
            yield from every(found, f"{name} {word}".strip())


SENDING = {name: command for name, command in every(cli) if getattr(command, "sends", False)}


# --------------------------------------------------------------------------------------- the world


@dataclass
class World:
    """An asset in which there is something for every command to do."""

    commands: Commands
    files: Path
    facts: dict[str, str]

    def worded(self, words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(word.format(**self.facts) if "{" in word else word for word in words)

    def do(self, words: tuple[str, ...]) -> None:
        """What comes before: a command, or some seconds."""
        if words[0] == "travel":
            self.commands.travel(self.commands.chain.now() + int(words[1]))
        else:
            self.commands.says(*self.worded(words))

    def run(self, name: str, case: Case, *more: str) -> Ran:
        words = (*name.split(), *self.worded(case.words), *more)
        where = () if "--deployment" in words else ("--deployment", str(self.commands.folder))
        return run(*words, "--network", self.commands.anvil.url, *where)

    @property
    def sent(self) -> int:
        """How many transactions the accounts have sent."""
        return sum(map(self.commands.chain.nonce, (OWNER, OTHER, THIRD)))

    @property
    def written(self) -> dict[str, str]:
        """Every file there is, by its content."""
        folder = self.commands.folder.parent
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        return {str(path): sha256(path.read_bytes()).hexdigest() for path in paths}


def fund(commands: Commands, account: str) -> None:
    """Make dollars for an account, by one that no journal knows."""
    call = commands.deployment.currency("USD").mint(account, 1_000 * 10**6)
    unlocked = LocalSigner(public_test_key(9)).address
    sent_by_node(commands.chain, call.question(unlocked))


def write_offers(files: Path, now: int, other_money: str) -> None:
    """Terms of offerings, which close in a million seconds."""
    plain = {
        "name": "Four shares",
        "sells": "4",
        "price": {"currency": "USD", "at": "10.00"},
        "withdraw_until": moment(now + 900_000),
        "closes": moment(now + 1_000_000),
        "close_by": moment(now + 1_100_000),
        "settle_by": moment(now + 1_200_000),
    }
    for name, more in {
        "offer": {},
        "accepted": {"accept_by": moment(now + 1_150_000)},
        "minted": {"shares_from": "mint", "at_least": "3"},
        "rights": {"opens": moment(now), "pre_emption": {"record": 1}},
        "unpaid": {
            "price": {"currency": other_money, "at": "2"},
            "unclaimed": {"until": moment(now + 1_300_000), "to": THIRD},
        },
    }.items():
        (files / f"{name}.json").write_text(json.dumps({**plain, **more}), encoding="utf-8")


def write_terms(files: Path, now: int) -> None:
    """Terms of a note that pays for the first time in three months."""
    issued = date.fromisoformat(moment(now)[:10])
    note = {
        "name": "Canal note",
        "currency": "USD",
        "decimals": 2,
        "unit": "1.00",
        "issued": str(issued),
        "matures": str(issued + timedelta(days=180)),
        "interest": {"day_count": "ACT/360", "cycle": "90D", "rate": "5%"},
    }
    (files / "note.yaml").write_text(json.dumps(note), encoding="utf-8")


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("deployments")
    files = folder / "files"
    files.mkdir()
    rates = (COMPLIANT / "withholding.yaml").read_text(encoding="utf-8")
    (files / "second.yaml").write_text(rates.replace("name: standard", "name: second"))
    (files / "other.yaml").write_text(rates.replace("12.8%", "12.7%"))
    for name, text in FILES.items():
        (files / name).write_text(text, encoding="utf-8")
    with Anvil() as anvil:
        commands = Commands(anvil, folder / "CANAL8")
        commands.says("deploy", "--asset", str(COMPLIANT / "asset.yaml"), "--dollar")
        commands.says("register", str(COMPLIANT / "investors.csv"))
        own = files / "own.csv"
        rows = [f"{a},{n},DE,retail,forever\n" for a, n in ((OTHER, 901), (THIRD, 902))]
        own.write_text("address,person,country,class,eligible_until\n" + "".join(rows))
        commands.says("register", str(own))
        commands.says("issue", str(COMPLIANT / "holders.csv"))
        give = ("--from", HOLDERS[0].address, "--to", OTHER, "--amount", "20")
        commands.says("force-transfer", *give, *BASIS)
        commands.says("tax", "deploy", str(COMPLIANT / "withholding.yaml"))
        commands.close_record()
        taxed = ("--record", "1", "--tax-policy", "standard")
        commands.says("distribute", *taxed, *USD, "--amount", "1,000")
        commands.says("claim", "--holder", OTHER, "--id", "1")
        ends = moment(commands.chain.now() + 500)
        until = ("--deadline", ends, "--sweep-to", OWNER)
        commands.says("distribute", "--record", "1", *ETHER, "--amount", "1", *until)
        open_one = moment(commands.chain.now() + 1_000)
        commands.says("record", "--at", open_one)
        commands.says("distribute", "--record", "2", *ETHER, "--amount", "2")
        commands.says("record", "cancel", "--from", "2")
        commands.travel(commands.chain.now() + 2_000)
        later = moment(commands.chain.now() + 5_000_000)
        fund(commands, OTHER)
        fund(commands, THIRD)
        attic = files / "attic.yaml"
        attic.write_text("name: Attic\nsymbol: ATTIC\nauthorised_shares: 9999\n")
        Commands(anvil, folder / "ATTIC").says("deploy", "--asset", str(attic))
        cellar = files / "cellar.yaml"
        cellar.write_text("name: Cellar\nsymbol: CELLAR\nauthorised_shares: 999\n")
        (files / "cellar.csv").write_text(f"address,shares\n{THIRD},99\n")
        money = Commands(anvil, folder / "CELLAR")
        money.says("deploy", "--asset", str(cellar))
        money.says("issue", str(files / "cellar.csv"))
        money.says("freeze", "--wallet", OTHER, *BASIS)
        # Last, so that this journal has noted what the same account has sent for other assets.
        commands.says("distribute", "--record", "1", *ETHER, "--amount", "3")
        opens = commands.chain.now() + 1_000
        (files / "meeting.yaml").write_text(
            f'title: Meeting\nrecord: 1\nopens: "{moment(opens)}"\n'
            f'closes: "{moment(opens + 864_000)}"\nresolutions:\n  - text: Sell.\n'
        )
        write_offers(files, commands.chain.now(), money.deployment.token().address)
        write_terms(files, commands.chain.now())
        found = commands.deployment
        facts = {
            "files": str(files),
            "auction": singleton_address("CallAuction"),
            "elsewhere": str(folder / "ELSEWHERE"),
            "later": later,
            "token": found.token().address,
            "vault": found.vault().address,
            "settlement": singleton_address("TradeSettlement"),
            "holds": singleton_address("Holds"),
            "exchange": singleton_address("ShareExchange"),
        }
        through = f"{OWNER},903,DE,retail,forever\n{facts['vault']},904,DE,institutional,forever\n"
        (files / "through.csv").write_text(
            f"address,person,country,class,eligible_until\n{through}", encoding="utf-8"
        )
        yield World(commands, files, facts)


@pytest.fixture
def world(built) -> Iterator[World]:
    with kept(built.commands.anvil.url, built.commands.folder.parent):
        yield built


def document(done: Ran, code: int) -> dict:
    """What a program was told: one JSON document and nothing else."""
    assert done.code == code, (done.out, done.err)
    found = json.loads(done.out)
    assert isinstance(found, dict)
    return found


def refused(done: Ran) -> dict:
    error = document(done, 1)["error"]
    assert {"kind", "value", "rule", "remedy"} <= set(error)
    assert error["rule"]
    return error


# ---------------------------------------------------------------------------------------- the laws


def test_every_command_that_sends_has_a_case():
    """Its own, or that of a command which is the same code."""
    assert set(CASES) | set(ALIKE) == set(SENDING)
    assert not set(CASES) & set(ALIKE)
    for name, other in ALIKE.items():
        callbacks = (SENDING[name].callback, SENDING[other].callback)
        one, same = (callback.__code__ for callback in callbacks if callback is not None)
        assert one is same, name
        assert SENDING[name].asks == SENDING[other].asks


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_command_that_sends_shows_asks_sends_and_says_that_it_has_sent(world, name):
    case, command = CASES[name], SENDING[name]
    for words in case.before:
        world.do(words)
    sent, written = world.sent, world.written

    shown = document(world.run(name, case, "--dry-run", "--json"), 0)
    assert shown["dry_run"] is True
    person = world.run(name, case, "--dry-run")
    assert (person.code, bool(person.out)) == (0, True), person.err
    if command.asks:
        error = refused(world.run(name, case, "--json"))
        assert "--dry-run" in error["remedy"]
        assert world.run(name, case).code == 1
        wrong = refused(world.run(name, case, "--json", "--confirm", "0x" + "0" * 64))
        assert shown["digest"] in wrong["rule"]
    refused(
        world.run(name, Case((*case.words, "--deployment", "nowhere")), "--yes", "--json")
        if name not in WRONG
        else world.run(name, Case(WRONG[name]), "--json")
    )
    assert (world.sent, world.written) == (sent, written)

    agreed = ("--confirm", shown["digest"]) if command.asks else ("--yes",)
    done = document(world.run(name, case, *agreed, "--json"), case.code)
    assert not done.get("dry_run")
    assert (world.sent > sent) is case.sends
    assert done["resumed"] is False

    sent = world.sent
    again = world.run(name, case, "--json")
    assert document(again, case.code)["resumed"] is (case.again == "resumed")
    said = world.run(name, case)
    assert said.code == case.code, said.err
    assert "othing was sent" in f"{said.out} {said.err}"
    assert world.sent == sent
