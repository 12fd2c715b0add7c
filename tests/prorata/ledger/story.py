"""A chain on which things have happened, its events and books; and how events are falsified."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from prorata.chain.calls import Call, Event
from prorata.chain.events import read_events
from prorata.chain.steps import Receipt
from prorata.contracts.share_token import ShareToken
from prorata.contracts.vault import DividendVault
from prorata.demo.chain import DemoChain
from prorata.ledger.answers import Answers
from prorata.ledger.audits import Audit, audit, compare, read_vault
from prorata.ledger.books import Books
from prorata.ledger.evidence import evidence_source
from prorata.register.shares import Ledger

RecordRange = list[tuple[Event, int]]
Change = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass
class Story:
    """What happened to one token and its income, as it is and as somebody could tell it."""

    demo_chain: DemoChain
    token: ShareToken
    vault: DividendVault
    people: list[str]
    token_events: RecordRange
    vault_events: RecordRange
    audit: Audit

    @classmethod
    def reported(
        cls,
        demo_chain: DemoChain,
        token: ShareToken,
        vault: DividendVault,
        people: list[str],
        *,
        first_block: int,
        withholding: Mapping[str, int],
    ) -> Story:
        """The story so far, audited."""
        found = audit(
            demo_chain.chain, vault.address, [token.address], first_block, withholding=withholding
        )
        last = found.answers.block
        events = read_events(demo_chain.chain, [token.address], first_block, last.number)
        return cls(
            demo_chain, token, vault, people, events,
            read_vault(demo_chain.chain, vault.address, first_block, last), found,
        )  # fmt: skip

    @property
    def answers(self) -> Answers:
        return self.audit.answers

    def books(
        self,
        vault_events: RecordRange | None = None,
        token_events: RecordRange | None = None,
        **answers: Any,
    ) -> Books:
        """Books of these events, compared with the chain's answers, or with others than those."""
        ledger = Ledger.of(
            self.token_events if token_events is None else token_events,
            self.token.address,
            self.answers.block.timestamp,
        )
        books = Books.of(
            self.vault_events if vault_events is None else vault_events,
            [ledger],
            vault=self.vault.address,
            units=self.audit.books.units,
            withholding=self.audit.books.withholding,
            evidence_source=evidence_source(self.demo_chain.chain, self.vault.address),
        )
        books.until = self.answers.block.timestamp
        compare(books, replace(self.answers, **answers))
        return books


class Acting:
    """An account that sends one call after another."""

    def __init__(self, demo_chain: DemoChain, account: str) -> None:
        self.account = account
        self._operator = demo_chain.operator(account)
        self._done = 0

    def __call__(self, call: Call) -> Receipt:
        self._done += 1
        return self._operator.send_one(f"step {self._done}", call)


def falsify(record_range: RecordRange, name: str, which: int, change: Change | None) -> RecordRange:
    """The record range with one event of that name changed, or left out."""
    places = [i for i, (event, _) in enumerate(record_range) if event.name == name]
    place = places[which]
    event, time = record_range[place]
    put = [] if change is None else [(replace(event, args=change(dict(event.args))), time)]
    return [*record_range[:place], *put, *record_range[place + 1 :]]


def more(key: str) -> Change:
    return lambda args: {**args, key: args[key] + 1}


def to_a_stranger(key: str) -> Change:
    return lambda args: {**args, key: "0x" + "5" * 40}
