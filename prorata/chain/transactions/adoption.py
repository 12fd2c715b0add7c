# SPDX-License-Identifier: MIT
"""What becomes of what was sent without the journal: it stops a run, is noted, or is taken in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prorata.chain.journal import ADOPTED, Journal, JournalEntry
from prorata.chain.signed import read_signed
from prorata.chain.transactions.outside import Findings, Outside
from prorata.errors import JournalError

__all__ = ["adopt", "note_foreign", "outside_error"]

SHOWN = 3


def note_foreign(journal: Journal, findings: Iterable[Findings]) -> None:
    """Note what is no affair of this deployment, so that it is not looked for again."""
    for one in findings if not journal.read_only else ():
        journal.mark(one.mark())


def adopt(journal: Journal, findings: Sequence[Findings]) -> None:
    """Take everything in: each transaction of ours as an entry of its own, bound to no step yet.

    A step that the journal holds with the same nonce can never be mined. Where it asked for the
    same, it was done by what is taken in; else it is given up.
    """
    for one in (one for finding in findings for one in finding.found if one.hash is not None):
        rivals = [e for e in journal.live() if (e.sender, e.nonce) == (one.account, one.nonce)]
        for rival in rivals:
            journal.abandon(rival.key)
        if one.ours and one.raw is not None:
            _take_in(journal, one, one.raw, rivals)
        elif one.ours:
            # Not of our kind, so that no step of ours can be the same.
            told = {"transaction": one.hash, "block": one.block, "by": one.account}
            journal.note({"adopted": one.what, **told})
    note_foreign(journal, findings)


def _take_in(journal: Journal, one: Outside, raw: bytes, rivals: Sequence[JournalEntry]) -> None:
    digest = read_signed(raw).digest
    what = (f"{ADOPTED}{one.hash}", one.what, one.account, one.nonce)
    entry = JournalEntry(*what, digest, str(one.hash), raw)
    journal.write([entry])
    for rival in rivals:
        if rival.digest == digest:
            journal.bind(rival.key, entry)
            return


def outside_error(journal: Journal, findings: Sequence[Findings]) -> JournalError:
    """The refusal to send anything before what was found is adopted."""
    ours = [one for finding in findings for one in finding.ours]
    shown = ", ".join(f"nonce {one.nonce} ({one.what}, {one.hash})" for one in ours[:SHOWN])
    more = f" and {len(ours) - SHOWN} more" if ours[SHOWN:] else ""
    many = f"{len(ours)} transactions" if ours[1:] else "a transaction"
    return JournalError(
        f"{ours[0].account} sent {many} for this asset that the journal {journal.path} does not "
        f"know: {shown}{more}; another copy of this folder sent that, or this journal was restored "
        "or shortened, and nothing was sent",
        "go on in the copy that has it, or take it in here with `prorata journal adopt`",
    )
