"""The exact model beside the vault: the same declarations, claims and sweeps, figure by figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.chainkit import ZERO, Deployed
from tests.contracts.harness import NOTHING, RENT, Harness
from tests.model.income import Distribution, Series

Key = tuple[str, str]


@dataclass
class Line:
    """What must be said of one distribution: its terms, and the model's figures for it."""

    series: Key
    model: Distribution
    terms: dict[str, Any]


class Books:
    """Does everything twice, on the vault and in `tests.model.income`, and compares."""

    def __init__(self, harness: Harness, balances: Mapping[str, int]) -> None:
        self.harness = harness
        self.balances = dict(balances)
        self.models: dict[Key, Series] = {}
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
        options: dict[str, Any] = {
            "kind": kind, "document": document, "deadline": deadline, "sweep_to": sweep_to,
            "excluded": excluded, "tax_policy": policy,
        }  # fmt: skip
        if native:
            number = harness.declare_native(record, amount, **options)
        else:
            number = harness.declare(record, amount, currency=currency, **options)
        money = ZERO if native else (currency or harness.dollar).address
        series = (harness.token.address, money)
        new = self.models.setdefault(series, Series()).declare(
            amount, self.balances, excluded=excluded, withholding=rate
        )
        fixed_terms = {
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
        }
        self.lines[number] = Line(series, new, fixed_terms)
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
        receipt = self.harness.vault.send("remit", number)
        amount = self.lines[number].model.remit()
        assert receipt.named("Remitted") == [
            {"id": number, "collector": self.harness.collector, "amount": amount}
        ]
        self.check()

    def sweep(self, number: int) -> None:
        """Sweep what is unclaimed."""
        line = self.lines[number]
        receipt = self.harness.vault.send("sweep", number, sender=self.harness.stranger)
        ended = self.models[line.series].sweep(line.model)
        recipient = line.terms["terms"]["sweepTo"]
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
        return 0 < self.lines[number].terms["terms"]["deadline"] < self.harness.kit.now

    def is_open(self, number: int) -> bool:
        """Whether money of a distribution is still owed."""
        return not self.lines[number].model.finished

    def _settle(self, number: int, holder: str) -> dict[str, Any] | None:
        line = self.lines[number]
        payment = self.models[line.series].claim(line.model, holder)
        if not payment.settled:
            return None
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
            assert self.harness.vault.call("carried", token, money) == model.carried
            assert model.position().missing == 0
        self._check_holdings()

    def _check_distribution(self, number: int, line: Line) -> None:
        assert self.harness.figures(number) == line.terms | line.model.figures()

    def _check_holder(self, number: int, line: Line, holder: str) -> None:
        vault, model = self.harness.vault, line.model
        assert vault.call("entitlement", number, holder) == model.entitled(holder).amounts
        assert vault.call("isClaimed", number, holder) is (holder in model.settled)
        expected = 0 if self.expired(number) else model.claimable(holder)
        assert vault.call("claimable", number, holder) == expected

    def _check_holdings(self) -> None:
        """The vault holds what is owed, carried or not yet remitted, and what strayed in."""
        harness = self.harness
        held: dict[str, int] = dict(self.stray)
        for (_, money), model in self.models.items():
            position = model.position()
            held[money] = held.get(money, 0) + position.owed + position.carried
        for line in self.lines.values():
            held[line.series[1]] += line.model.withheld - line.model.remitted
        for money, expected in held.items():
            if money == ZERO:
                assert harness.kit.balance(harness.vault.address) == expected
            else:
                purse = harness.kit.at("Dollar", money)
                assert purse.call("balanceOf", harness.vault.address) == expected
