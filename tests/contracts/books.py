"""The exact model beside the vault: the same declarations, claims and sweeps, figure by figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prorata.apportion import SeriesModel
from tests.chainkit import ZERO, Deployed
from tests.contracts.harness import NOTHING, RENT, Harness

Key = tuple[str, str]


@dataclass
class Line:
    """What must be said of one distribution: its terms, and the model's figures for it."""

    series: Key
    model_id: int
    fixed: dict[str, Any]
    eligible: int
    claimed: set[str] = field(default_factory=set)
    settled: int = 0
    paid: int = 0
    withheld: int = 0
    remitted: int = 0
    carried_out: int = 0
    swept: int = 0


class Books:
    """Does everything twice, on the vault and in `prorata.apportion.SeriesModel`, and compares."""

    def __init__(self, harness: Harness, balances: Mapping[str, int]) -> None:
        self.harness = harness
        self.balances = dict(balances)
        self.models: dict[Key, SeriesModel[str]] = {}
        self.lines: dict[int, Line] = {}
        self.stray: dict[str, int] = {}

    def declare(
        self,
        record: int,
        amount: int,
        *,
        currency: Deployed | None = None,
        native: bool = False,
        rate: int = 0,
        kind: int = RENT,
        document: bytes = NOTHING,
        deadline: int = 0,
        sweep_to: str = ZERO,
        excluded: Sequence[str] = (),
    ) -> int:
        """An agent declares, with a flat tax if a rate is given."""
        harness = self.harness
        policy = ZERO
        if rate:
            policy = harness.kit.deploy("FlatTax", rate, harness.collector).address
        said: dict[str, Any] = {
            "kind": kind, "document": document, "deadline": deadline, "sweep_to": sweep_to,
            "excluded": excluded, "tax_policy": policy,
        }  # fmt: skip
        if native:
            number = harness.declare_native(record, amount, **said)
        else:
            number = harness.declare(record, amount, currency=currency, **said)
        money = ZERO if native else (currency or harness.dollar).address
        series = (harness.token.address, money)
        model = self.models.setdefault(series, SeriesModel())
        model_id = model.declare(amount, self.balances, excluded=excluded, withholding=rate)
        division = model.division(model_id)
        fixed = {
            "token": harness.token.address,
            "recordId": record,
            "currency": money,
            "declarer": harness.agent,
            "terms": {
                "kind": kind,
                "payableFrom": 0,
                "deadline": deadline,
                "sweepTo": sweep_to,
                "taxPolicy": policy,
                "documentHash": document,
                "excluded": list(excluded),
            },
            "taxCollector": harness.collector if rate else ZERO,
            "amount": division.amount,
            "carriedIn": division.amount - amount,
        }
        self.lines[number] = Line(series, model_id, fixed, division.eligible)
        self.check()
        return number

    def claim(self, holder: str, *ids: int) -> int:
        """Claim for a holder; what reached it in all."""
        receipt = self.harness.claim(holder, *ids)
        expected = [event for number in ids if (event := self._settle(number, holder))]
        assert receipt.settlements == expected
        self.check()
        return sum(event["gross"] - event["tax"] for event in expected)

    def push(self, number: int, *holders: str) -> None:
        """Push to holders."""
        receipt = self.harness.push(number, *holders)
        expected = [event for holder in holders if (event := self._settle(number, holder))]
        assert receipt.settlements == expected
        assert len(receipt.named("Skipped")) == len(holders) - len(expected)
        self.check()

    def remit(self, number: int) -> None:
        """Send the tax withheld so far to its collector."""
        line = self.lines[number]
        receipt = self.harness.vault.send("remit", number)
        assert receipt.named("Remitted") == [
            {
                "id": number,
                "collector": self.harness.collector,
                "amount": line.withheld - line.remitted,
            }
        ]
        line.remitted = line.withheld
        self.check()

    def sweep(self, number: int) -> None:
        """Sweep what is unclaimed."""
        line = self.lines[number]
        receipt = self.harness.vault.send("sweep", number, sender=self.harness.stranger)
        ended = self.models[line.series].sweep(line.model_id)
        line.swept, line.carried_out = ended.swept, ended.carried
        recipient = line.fixed["terms"]["sweepTo"]
        assert receipt.named("Swept") == [
            {"id": number, "recipient": recipient, "amount": ended.swept}
        ]
        assert [event["amount"] for event in receipt.named("Carried")] == (
            [ended.carried] if ended.carried else []
        )
        self.check()

    def donate(self, currency: Deployed, amount: int) -> None:
        """Send money that nobody declared."""
        currency.send("mint", self.harness.vault.address, amount)
        self.stray[currency.address] = self.stray.get(currency.address, 0) + amount
        self.check()

    def expired(self, number: int) -> bool:
        """Whether the deadline of a distribution has passed."""
        return 0 < self.lines[number].fixed["terms"]["deadline"] < self.harness.kit.now

    def is_open(self, number: int) -> bool:
        """Whether money of a distribution is still owed."""
        line = self.lines[number]
        return self.models[line.series].is_open(line.model_id)

    def _settle(self, number: int, holder: str) -> dict[str, Any] | None:
        line = self.lines[number]
        model = self.models[line.series]
        payment = model.claim(line.model_id, holder)
        if not payment.settled:
            return None
        line.claimed.add(holder)
        line.settled += payment.shares
        line.paid += payment.gross
        line.withheld += payment.tax
        if not model.is_open(line.model_id):
            line.carried_out = model.division(line.model_id).remainder
        return {
            "id": number,
            "holder": holder,
            "payee": holder,
            "gross": payment.gross,
            "tax": payment.tax,
        }

    # ------------------------------------------------------------------ comparing

    def check(self) -> None:
        """Compare every figure the vault can be asked for."""
        for number, line in self.lines.items():
            self._check_distribution(number, line)
            for holder in self.balances:
                self._check_holder(number, line, holder)
        for (token, money), model in self.models.items():
            assert self.harness.vault.call("carried", token, money) == model.position().carried
            assert model.position().missing == 0
        self._check_holdings()

    def _check_distribution(self, number: int, line: Line) -> None:
        model = self.models[line.series]
        owed = 0
        if model.is_open(line.model_id):
            division = model.division(line.model_id)
            owed = sum(model.outstanding(line.model_id).values()) + division.remainder
        assert self.harness.figures(number) == line.fixed | {
            "eligibleSupply": line.eligible,
            "settledShares": line.settled,
            "paid": line.paid,
            "withheld": line.withheld,
            "remitted": line.remitted,
            "owed": owed,
            "carriedOut": line.carried_out,
            "swept": line.swept,
        }

    def _check_holder(self, number: int, line: Line, holder: str) -> None:
        vault, model = self.harness.vault, self.models[line.series]
        earned = model.entitled(line.model_id, holder)
        assert vault.call("entitlement", number, holder) == (earned.gross, earned.tax, earned.net)
        assert vault.call("isClaimed", number, holder) is (holder in line.claimed)
        expected = 0 if self.expired(number) else model.claimable(line.model_id, holder)
        assert vault.call("claimable", number, holder) == expected

    def _check_holdings(self) -> None:
        """The vault holds what is owed, carried or not yet remitted, and what strayed in."""
        harness = self.harness
        held: dict[str, int] = dict(self.stray)
        for (_, money), model in self.models.items():
            position = model.position()
            held[money] = held.get(money, 0) + position.owed + position.carried
        for line in self.lines.values():
            held[line.series[1]] += line.withheld - line.remitted
        for money, expected in held.items():
            if money == ZERO:
                assert harness.kit.balance(harness.vault.address) == expected
            else:
                purse = harness.kit.at("Dollar", money)
                assert purse.call("balanceOf", harness.vault.address) == expected
