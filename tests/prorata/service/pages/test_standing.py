"""A holder's pages of an asset: statements, documents, meetings, offerings and orders."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.prorata.service.pages.conftest import ANN, BEN_KEY, Served
from tests.prorata.service.pages.wallet import Wallet
from tests.prorata.service.preparations import prepared, send

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("eventful")]

NEW_KEY = "0x" + "5a" * 32
STRANGER_KEY = "0x" + "77" * 32


def files_of(served: Served, year: int, place: Path) -> Path:
    """What the command writes of a year."""
    served.commands.says("statements", "--year", str(year), "--out", str(place))
    return place / "version-1"


def year_of(served: Served) -> int:
    return int(served.commands.facts("status")["as_of"][:4])


@pytest.fixture
def ben(served: Served) -> Wallet:
    return Wallet(BEN_KEY, served.commands.anvil)


# --------------------------------------------------------------------------------- the statements


@pytest.mark.parametrize("kind", ["pdf", "html", "csv", "json"])
def test_a_statement_is_that_of_the_command(
    served: Served, ann: Wallet, kind: str, tmp_path: Path
) -> None:
    """Law 142: byte for byte, of the same block."""
    send(served.commands, ANN, prepared(served.commands, "claim", ANN))
    client = served.signed_in(ann)
    listed = client.get(f"/assets/{served.token}/statements").text
    [year] = set(re.findall(r"/statements/(\d{4})\.", listed))
    answer = client.get(f"/assets/{served.token}/statements/{year}.{kind}")
    assert answer.status_code == 200, answer.text
    written = files_of(served, int(year), tmp_path / "out") / f"{ANN}.{kind}"
    assert answer.content == written.read_bytes()
    disposition = answer.headers["content-disposition"]
    assert disposition == f'attachment; filename="statement-{year}-{ANN}.{kind}"'
