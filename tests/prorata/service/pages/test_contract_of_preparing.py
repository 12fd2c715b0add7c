"""`/v1/prepare` as its OpenAPI document has it: whatever that allows, and what it does not."""

from __future__ import annotations

from contextlib import closing

import pytest

from prorata.store.keys import add_key
from prorata.store.office import Office, office_place
from prorata.store.office_schema import SCOPES
from tests.prorata.cli.kept import kept
from tests.prorata.cli.opened import Commands
from tests.prorata.service.contract import ask_everything
from tests.prorata.service.pages.conftest import made_app

pytestmark = pytest.mark.slow


def test_the_application_with_pages_keeps_to_its_document(building: Commands) -> None:
    """No answer is a fault of ours, and each is one that the document tells of."""
    with kept(building.anvil.url, building.folder):
        app = made_app(
            building, "http://127.0.0.1:8000", anybody_per_minute=0, key_per_minute=0
        )  # fmt: skip
        place = office_place(str(building.folder / "ledger.db"))
        token = building.deployment.token().address
        with closing(Office.open(place, who="me")) as office:
            _, key = add_key(office, "all", scopes=SCOPES, assets=[(31_337, token)])
        try:
            headers = {"Authorization": f"Bearer {key}"}
            found = ask_everything(app, 200, examples=3, headers=headers)
        finally:
            app.state.deployed.workers.close()
            app.state.sign_in.workers.close()
            app.state.sign_in.office.close()
            app.state.service.offices.close()
    assert found.failures == []
    assert found.cases >= 200
    assert not [status for status in found.statuses if status >= 500]
