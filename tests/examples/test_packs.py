"""Every regulation pack against its published table of cases, on the real contracts.

A case names who holds a share already, who sends, who receives, how much and when; and every rule
that `explain` must list, in order. The transfer itself must then pass, or be refused by the first.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from prorata.assets.rules import RuleSettings
from prorata.contracts.registry import Investor
from prorata.contracts.rules import Code
from prorata.toolchain.paths import PROJECT_ROOT
from prorata.values.countries import find_country
from prorata.values.kinds import FOREVER, InvestorClass
from prorata.values.times import parse_time
from tests.chainkit import ZERO, Codec, Reverted, RevmKit

PACKS = PROJECT_ROOT / "examples" / "packs"
USUAL_TIME = "2026-06-01T12:00:00Z"
PARTY = re.compile(
    r"(?P<who>[A-Z]{2} [a-z]+)(?P<expired> expired)?( until (?P<until>\S+))?( (?P<holds>\d+))?"
)
COLUMNS = ["description", "holders", "from", "to", "amount", "at", "expected"]


def cases():
    for path in sorted(PACKS.glob("*.cases.csv")):
        pack = path.name.removesuffix(".cases.csv")
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            assert reader.fieldnames == COLUMNS
            for case in reader:
                yield pytest.param(pack, case, id=f"{pack}: {case['description']}")


@pytest.fixture(scope="module")
def codec(artifacts):
    return Codec(artifacts)


class Register:
    """Wallets of made-up persons, registered and given shares in one go."""

    def __init__(self, now: int) -> None:
        self.now, self.count = now, 0
        self.investors: dict[str, int] = {}
        self.shares: dict[str, int] = {}

    def wallet(self) -> str:
        self.count += 1
        return f"0x{0xA11CE << 128 | self.count:040x}"

    def add(self, written: str) -> str:
        """Somebody as a case writes it: `US retail expired 100`."""
        wallet = self.wallet()
        if written == "unregistered":
            return wallet
        party = PARTY.fullmatch(written)
        assert party, written
        country, kind = party["who"].split()
        until = parse_time("until", party["until"]) if party["until"] else FOREVER
        until = self.now - 1 if party["expired"] else until
        investor = Investor(
            self.count, find_country(country).code, InvestorClass[kind.upper()], until
        )
        self.investors[wallet] = investor.packed
        if party["holds"]:
            self.shares[wallet] = int(party["holds"])
        return wallet


class Asset:
    """A token under the rules of a pack, and its register."""

    def __init__(self, codec: Codec, settings: RuleSettings, now: int) -> None:
        self.kit = RevmKit(codec)
        self.kit.now = now
        owner = self.kit.accounts[0]
        self.registry = self.kit.deploy("InvestorRegistry", owner, [owner])
        assert not settings.locks
        terms = settings.encodable(self.registry.address, ZERO, 0)
        self.rules = self.kit.deploy("TransferRules", terms)
        sheet = ("Pack", "PACK", 0, owner, self.rules.address, self.registry.address, [owner])
        self.token = self.kit.deploy("ShareToken", sheet)
        self.registry.send("bindToken", self.token.address)
        if settings.counts:
            self.registry.send("count", self.token.address, [])

    def issue(self, register: Register) -> None:
        """As an agent issues: to those who are eligible. Who has expired held before."""
        words = dict(register.investors)
        valid = {wallet: word | FOREVER << 72 for wallet, word in words.items()}
        self.registry.send("register", list(valid), list(valid.values()))
        self.token.send("batchMint", list(register.shares), list(register.shares.values()))
        self.registry.send("register", list(words), list(words.values()))


@pytest.mark.parametrize(("pack", "case"), cases())
def test_case(codec, pack, case):
    now = parse_time("at", case["at"] or USUAL_TIME)
    register = Register(now)
    asset = Asset(codec, RuleSettings.load(PACKS / f"{pack}.yaml"), now)
    for group in filter(None, case["holders"].split("; ")):
        count, who = group.split(" ", 1)
        for _ in range(int(count)):
            register.add(f"{who} 1")
    sender, receiver = register.add(case["from"]), register.add(case["to"])
    asset.issue(register)

    transfer = (sender, receiver, int(case["amount"]))
    refusals, most = asset.token.call("explain", *transfer)
    found = [Code(code) for code, _, _ in refusals]
    expected = [code for code in case["expected"].split("; ") if code != "none"]
    assert [code.label for code in found] == expected
    assert asset.token.call("canTransfer", *transfer) is not bool(expected)
    if not expected:
        assert most >= transfer[2]
        asset.token.send("transfer", *transfer[1:], sender=sender)
        assert asset.token.call("balanceOf", receiver) >= transfer[2]
        return
    with pytest.raises(Reverted) as refused:
        asset.token.send("transfer", *transfer[1:], sender=sender)
    assert refused.value.name == "TransferRules_Refused"
    assert refused.value.values == tuple(refusals[0])


@pytest.mark.parametrize("path", sorted(PACKS.glob("*.yaml")), ids=lambda path: path.stem)
def test_pack(path: Path):
    """A pack names its sources, says what it is not, and has a table of both kinds of cases."""
    settings = RuleSettings.load(path)
    assert settings.title
    assert settings.sources
    assert settings.notice == "an example, not legal advice"
    assert "An example, not legal advice" in path.read_text(encoding="utf-8")
    with path.with_name(f"{path.stem}.cases.csv").open(encoding="utf-8", newline="") as file:
        kinds = {row["expected"] == "none" for row in csv.DictReader(file)}
    assert kinds == {True, False}


def test_the_european_pack_lists_all_member_states():
    settings = RuleSettings.load(PACKS / "eu-149.yaml")
    assert settings.countries is not None
    assert len(set(settings.countries.only or ())) == 27
