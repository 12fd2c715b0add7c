"""Ask the application all that its OpenAPI document allows, and what it does not (schemathesis).

`python -m tests.prorata.service.contract --cases 5000` does so for long; a test does it shortly.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.engine import events, from_schema

from prorata.service.app import create_app
from prorata.service.settings import Settings
from prorata.store.database import Database
from prorata.store.keys import add_key
from prorata.store.marks import add_mark
from prorata.store.office import Office, office_place
from prorata.store.office_schema import SCOPES
from prorata.store.writer import Writer
from tests.prorata.service.conftest import CHAIN_ID, SECRET, STORY
from tests.prorata.service.files_of_figures import made_mark, published
from tests.prorata.service.market_story import follow_market
from tests.prorata.store.made_logs import GENESIS, TOKEN, MadeChain, follow, person, read

__all__ = ["Found", "ask_everything", "made_app"]

# What is named is opaque, or must be there: a cursor, a record, an address with its checksum.
ANSWERS = ["2xx", "304", "401", "403", "404", "409", "410", "422"]
PLACED = {
    "path.asset": TOKEN,
    "path.address": person(2),
    "path.metric": "supply",
    "path.id": "income",
    "query.at": "block:7",
    "query.from": "2023-11-14",
    "query.to": "2023-11-15",
    "query.known_at": "2030-01-01",
    "query.same": ["USDC=USD"],
}


@dataclass
class Found:
    """How many cases there were, by phase and status; what failed."""

    phases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def cases(self) -> int:
        return self.phases.total()


def made_app(folder: Path) -> tuple[Any, str]:
    """The service of a made chain in SQLite, and a key that may do everything."""
    place = str(folder / "ledger.db")
    with closing(Database.open(place, create=True)) as database:
        chain = MadeChain(STORY)
        writer = Writer.take(database, CHAIN_ID, GENESIS, who="a test")
        follow(writer, chain)
        follow_market(writer, chain)
        read(writer, chain)
        writer.note(chain.header(chain.head), None)
        writer.release()
    with closing(Office.open(office_place(place), who="me", create=True)) as office:
        _, key = add_key(office, "a test", scopes=SCOPES, assets=[(CHAIN_ID, TOKEN)])
        add_mark(office, made_mark())
    return make_served(folder)[0], key


def make_served(folder: Path) -> tuple[Any, Settings]:
    """The same of what `made_app` has made."""
    place = str(folder / "ledger.db")
    settings = Settings(
        place, (SECRET,), office=office_place(place), public=frozenset({TOKEN}),
        anybody_per_minute=0, key_per_minute=0, webhook_secrets=(SECRET,),
        published=published(folder),
    )  # fmt: skip
    return create_app(settings), settings


def ask_everything(
    app: Any, cases: int, *, seed: int = 1, examples: int = 12, **config: Any
) -> Found:
    """All phases, until there were about so many cases; `examples` are of each operation."""
    found, round_ = Found(), 0
    while found.cases < cases and not found.failures:
        # Half of the rounds ask of what is there, the others of whatever the document allows.
        placed = {"parameters": PLACED} if round_ % 2 == 0 else {}
        _ask(app, found, examples, {**config, **placed, "seed": seed + round_})
        round_ += 1
    return found


def _ask(app: Any, found: Found, examples: int, config: dict[str, Any]) -> None:
    read_as = schemathesis.Config.from_dict(
        {
            "generation": {"max-examples": examples, "database": "none"},
            "checks": {"positive_data_acceptance": {"expected-statuses": ANSWERS}},
            "continue-on-failure": True,
            **config,
        }
    )
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=read_as)
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _note(event, found)
        elif isinstance(event, events.NonFatalError):
            found.failures.append(str(event.info.format()))
        elif isinstance(event, events.FatalError):
            raise event.exception


def _note(event: Any, found: Found) -> None:
    recorder = event.recorder
    found.phases[event.phase.value] += len(recorder.interactions)
    for interaction in recorder.interactions.values():
        if interaction.response is not None:
            found.statuses[interaction.response.status_code] += 1
    for case, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is not None:
                told = recorder.cases[case].value
                found.failures.append(
                    f"{check.name}: {told.method} {told.formatted_path} {told.query}: "
                    f"{check.failure_info.failure}"
                )


def main() -> None:
    """Say how many there were; the exit code says whether one failed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=5_000)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app, key = made_app(Path(folder))
        found = Found()
        for named in ({}, {"headers": {"Authorization": f"Bearer {key}"}}):
            each = ask_everything(app, given.cases // 2, seed=given.seed, **named)
            found.phases += each.phases
            found.statuses += each.statuses
            found.failures += each.failures
    print(f"{found.cases:,} cases: {dict(found.phases)}; answers {dict(found.statuses)}")
    for failure in found.failures[:20]:
        print(failure)
    sys.exit(1 if found.failures or any(status >= 500 for status in found.statuses) else 0)


if __name__ == "__main__":
    main()
