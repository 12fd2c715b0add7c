"""The application keeps to what its OpenAPI document says, whatever is asked."""

from __future__ import annotations

import pytest

from prorata.errors import StoreError
from tests.prorata.service.contract import ask_everything, made_app

PHASES = {"examples", "coverage", "fuzzing", "stateful"}


@pytest.mark.slow
@pytest.mark.parametrize("with_key", [False, True])
def test_whatever_is_asked_is_answered_as_the_document_says(tmp_path, with_key):
    """Law 129: every phase of schemathesis; no answer is unlike its document."""
    app, key = made_app(tmp_path)
    headers = {"headers": {"Authorization": f"Bearer {key}"}} if with_key else {}
    found = ask_everything(app, 300, examples=3, **headers)
    assert found.failures == []
    assert found.cases >= 300
    assert set(found.phases) == PHASES
    assert found.statuses[200] >= 100
    assert max(found.statuses) < 500


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["wrong answer", "no answer"])
def test_an_application_that_does_not_keep_to_it_is_found_out(tmp_path, fault):
    """The same, where one route has a fault: so the other test can fail."""
    app, _ = made_app(tmp_path)
    reader = app.state.service.reader
    ask = reader.ask

    async def asking(function, **how):
        answer = await ask(function, **how)
        if fault == "no answer":
            raise StoreError("broken", "mend it")
        tag, body = answer
        return tag, body.model_copy(update={"incomplete": "perhaps"})

    reader.ask = asking
    config = {"phases": {"stateful": {"enabled": False}}}
    assert ask_everything(app, 1, **config).failures
