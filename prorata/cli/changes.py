# SPDX-License-Identifier: MIT
"""What became of a change, in words and for programs."""

from __future__ import annotations

from typing import Any

from prorata.chain.steps import Receipt
from prorata.cli.output import escape
from prorata.cli.session import Session
from prorata.deployments.changes import Change

__all__ = ["say_change", "sent_facts", "show_change"]


def say_change(session: Session, change: Change) -> None:
    """Say what was sent, or that the chain is so already."""
    receipt = change.receipt
    if receipt is None:
        session.output.say(f"Nothing was sent, the chain is so already: {escape(change.label)}")
        return
    verb = "Nothing was sent, it was done before" if receipt.resumed else "Done"
    session.output.say(f"{verb}: {escape(change.label)}")
    session.output.say(f"  {'transaction':<12}{receipt.hash}")


def show_change(session: Session, change: Change, **facts: Any) -> None:
    """Say it, and tell a program `facts` with it."""
    say_change(session, change)
    session.output.result({"change": change.label, **facts, **sent_facts(change.receipt)})


def sent_facts(receipt: Receipt | None) -> dict[str, Any]:
    """The transaction, and whether an earlier run had sent it."""
    if receipt is None:
        return {"transaction": None, "resumed": False}
    return {"transaction": receipt.hash, "resumed": receipt.resumed}
