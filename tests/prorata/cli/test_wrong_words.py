"""Whatever is typed where an address, an amount, a name or a file belongs: a sentence, and JSON."""

from __future__ import annotations

import json

import pytest

from tests.prorata.cli.opened import Commands
from tests.prorata.cli.test_powers import BASIS, OTHER

WRONG = (
    "",
    "-1",
    "1e5",
    "0x12",
    "none",
    "\N{FULLWIDTH DIGIT NINE}",
    "a" * 300,
    "[red]x[/]",
    f"0x{'z' * 64}",
    "/tmp",
)
"""What people type by mistake, or paste from elsewhere; some of it is right in some places."""

FORMS = (
    ("agents", "add", "?"),
    ("agents", "remove", "?"),
    ("agents", "add", OTHER, "--of", "tax", "--policy", "?"),
    ("ownership", "offer", "--to", "?"),
    ("burn", "--holder", OTHER, "--amount", "?", *BASIS),
    ("burn", "--holder", "?", "--amount", "1", *BASIS),
    ("pause", "--reason", "?", "--document", "?"),
    ("transfer", "--to", OTHER, "--amount", "?"),
    ("transfer", "--to", "?", "--amount", "1"),
    ("transfer", "--from", "?", "--to", OTHER, "--amount", "1"),
    ("approve", "--spender", OTHER, "--amount", "?"),
    ("approve", "--spender", "?", "--amount", "1"),
    ("payee", "set", "--to", "?"),
    ("payee", "show", "--holder", "?"),
    ("documents", "set", "?", "--uri", "https://example.org"),
    ("documents", "set", "terms", "--uri", "?"),
    ("documents", "set", "terms", "--uri", "https://example.org", "--file", "?"),
    ("documents", "remove", "?"),
    ("settings", "name", "?"),
    ("settings", "symbol", "?"),
    ("settings", "metadata", "?"),
    ("settings", "identity", "?"),
    ("settings", "holds-contract", "?"),
    ("registry", "bind", "--token", "?"),
    ("registry", "unbind", "--token", "?"),
    ("registry", "remove", "--wallet", "?"),
    ("registry", "change", "--to", "?"),
    ("rules", "show", "--file", "?"),
    ("rules", "change", "--file", "?"),
    ("rules", "change", "--to", "?"),
    ("status", "--low", "?"),
    ("split", "?", "--record", "1"),
    ("split", "2:1", "--at", "?"),
    ("stock-dividend", "1:4", "--record", "1", "--of", "?"),
    ("stock-dividend", "1:4", "--record", "1", "--exclude", "?"),
)


@pytest.mark.parametrize("form", FORMS, ids=" ".join)
def test_a_wrong_word_is_refused_in_a_sentence(started: Commands, form):
    """With exit code 1, or 2 for a mistake in the options; a program reads one document."""
    for word in WRONG:
        words = [word if part == "?" else part for part in form]
        done = started.run(*words, "--json")
        facts = json.loads(done.out)
        assert "error" not in facts if done.code == 0 else {"rule", "remedy"} <= set(facts["error"])
        if done.code:
            assert done.code in (1, 2), words
            said = started.run(*words)
            assert (said.code, "Traceback" in said.err) == (done.code, False)
