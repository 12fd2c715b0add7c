"""Figures over HTTP: of one moment always the same, and of nothing that may not be seen."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from typing import Any

import pytest

from prorata.errors import InputError
from prorata.service.analysis.files import read_published
from prorata.service.analysis.process import Analyst
from prorata.store.keys import add_key
from prorata.store.marks import add_mark
from prorata.store.office import Office, office_place
from tests.prorata.service.conftest import CHAIN_ID, Serve, Served
from tests.prorata.service.files_of_figures import index, made_mark, portfolio, published, write
from tests.prorata.store.made_logs import OTHER, TOKEN, move

pytestmark = pytest.mark.slow

SCOPES = ("read", "read:register")
KINDS = ("nav", "supply", "holders", "income", "concentration?interval=day")


class Kept(Analyst):
    """One process for tests that do not end it: its start takes longer than any of them."""

    def close(self) -> None:
        """The service ends, and the process is kept."""


@pytest.fixture(scope="module")
def analyst() -> Iterator[Analyst]:
    kept = Kept(60, 8, 600)
    yield kept
    Analyst.close(kept)


@pytest.fixture
def place(sqlite: str) -> str:
    """Figures of PostgreSQL are asked for in `test_tenants`."""
    return sqlite


@pytest.fixture
def office(place: str) -> Iterator[Office]:
    found = Office.open(office_place(place), who="me", create=True)
    with closing(found):
        yield found


@pytest.fixture
def figures(serve: Serve, office: Office, place: str, tmp_path: Any, analyst: Analyst) -> Served:
    """The service of `STORY` with an office, a mark, and the operator's files of TOKEN."""
    add_mark(office, made_mark())
    served = serve(office=office_place(place), published=published(tmp_path))
    served.client.app.state.service.analyst = analyst
    return served


def key_of(office: Office, *tokens: str, tenant: str | None = None, scopes: Any = SCOPES) -> Any:
    whose = office if tenant is None else Office(office.database, who="me", tenant=tenant)
    whose._admit()
    assets = [(CHAIN_ID, one) for one in tokens]
    _, text = add_key(whose, f"{tenant} {tokens} {scopes}", scopes=scopes, assets=assets)
    return {"Authorization": f"Bearer {text}"}


def of(facts: Any, group: str, name: str) -> Any:
    [found] = [one for one in facts["groups"] if one["title"] == group]
    return next(one for one in found["figures"] if one["name"] == name)


def test_figures_of_one_moment_are_always_the_same(figures):
    """Law 138: whatever is mined meanwhile, and whichever process computes them."""
    paths = [f"/{TOKEN}/metrics?at=block:7", *(f"/{TOKEN}/series/{one}" for one in KINDS)]
    paths = [f"{one}{'&' if '?' in one else '?'}at=block:7" for one in paths[1:]] + paths[:1]
    service = figures.client.app.state.service
    service.analyst = Analyst(60, 8, 600)
    before = [figures.json(path) for path in paths]
    os.kill(service.analyst.pid, signal.SIGKILL)
    figures.chain.mine([move(2, 1, 3), move(0, 5, 40)])
    figures.read()
    for path, one in zip(paths, before, strict=True):
        again = figures.json(path)
        assert again.pop("as_of")["block"] == one.pop("as_of")["block"] == 7
        assert again == one, path


def test_a_series_has_what_was_observed_and_its_pages_are_the_whole(figures):
    """Law 138: all pages are of the first one's moment."""
    whole = figures.json(f"/{TOKEN}/series/holders")["points"]
    assert [one["value"] for one in whole] == ["2", "3", "2"]
    first = figures.json(f"/{TOKEN}/series/holders?limit=2")
    figures.chain.mine([move(0, 5, 40)])
    figures.read()
    second = figures.get(
        f"/{TOKEN}/series/holders", params={"limit": 2, "cursor": first["next"]}
    ).json()
    assert first["points"] + second["points"] == whole
    assert second["next"] is None
    assert second["as_of"]["block"] == first["as_of"]["block"]
    [income] = figures.json(f"/{TOKEN}/series/income")["points"]
    assert Fraction(income["value"]) == Fraction(10, 150)
    assert (income["unit"], income["kind"]) == ("USD per share", "dividend")
    [nav] = figures.json(f"/{TOKEN}/series/nav")["points"]
    assert (nav["value"], nav["source"], nav["basis"]) == ("100.5", "Administrator", "ex")
    assert figures.json(f"/{TOKEN}/series/nav?to=2023-11-13")["points"] == []
    # Of block 9 person 1 has 10 of 80 shares and person 2 the others.
    squares = sum(Fraction(100 * one, 80) ** 2 for one in (70, 10))
    [hhi] = figures.json(f"/{TOKEN}/series/concentration?at=block:9")["points"]
    assert Fraction(hhi["value"]) == squares
    refused = figures.get(f"/{TOKEN}/series/income?interval=day")
    assert (refused.status_code, refused.json()["value"]) == (422, "day")


def test_a_mark_changes_the_tag_and_the_figures(figures, office):
    """Law 125: an old answer is never taken for a new one."""
    for path in ("metrics", "series/nav", "marks"):
        before = figures.get(f"/{TOKEN}/{path}")
        tagged = {"If-None-Match": before.headers["etag"]}
        assert figures.get(f"/{TOKEN}/{path}", headers=tagged).status_code == 304
        add_mark(office, made_mark(20 + len(path), 20_000))
        after = figures.get(f"/{TOKEN}/{path}", headers=tagged)
        assert after.status_code == 200
        assert after.content != before.content
        assert after.headers["etag"] != before.headers["etag"]


def test_who_is_behind_wallets_counts_for_few_and_marks_are_of_one_tenant(figures, office):
    """Law 126: no more and no less."""
    path, group = f"/{TOKEN}/metrics", "Concentration by person"
    told = [key_of(office, TOKEN), key_of(office, TOKEN, scopes=("read",)), {}]
    reasons = [of(figures.json(path, headers=one), group, "HHI")["reason"] for one in told]
    assert reasons[0] == "no office says who is behind the wallets"
    assert all(str(one).endswith("read:register") for one in reasons[1:])
    theirs = key_of(office, TOKEN, tenant="ben")
    assert figures.json(f"/{TOKEN}/marks", headers=theirs)["marks"] == []
    [mark] = figures.json(f"/{TOKEN}/marks", headers=told[0])["marks"]
    assert (mark["amount"]["text"], mark["source"]) == ("100.50", "Administrator")
    assert figures.json(f"/{TOKEN}/marks?known_at=2000-01-01")["marks"] == []


def test_what_names_an_asset_that_may_not_be_seen_is_not_there(
    serve, office, place, tmp_path, analyst
):
    """Law 126: no more and no less."""
    told = published(tmp_path, OTHER)
    served = serve(office=office_place(place), published=told)
    served.client.app.state.service.analyst = analyst
    seeing, blind = key_of(office, OTHER), key_of(office, TOKEN)
    for path in ("/v1/indices/income", "/v1/benchmark", "/v1/portfolio?id=all"):
        assert served.client.get(path, headers=seeing).status_code == 200, path
        for one in (blind, {}):
            hidden = served.client.get(path, headers=one)
            assert hidden.status_code == (401 if "portfolio" in path and not one else 404), path
            assert OTHER not in hidden.text
    assert served.client.get("/v1/indices", headers=blind).json() == {"indices": []}
    assert served.client.get("/v1/portfolio", headers=blind).json() == {"portfolios": []}
    [line] = served.client.get("/v1/indices", headers=seeing).json()["indices"]
    assert (line["id"], line["as_of"]) == ("income", "2023-02-28T23:59:59Z")


def test_what_is_no_asset_here_is_the_operators(serve, office, place, tmp_path):
    """Law 126: no more and no less."""
    (tmp_path / "beside").mkdir()
    paths = ([index(tmp_path, "far", "ELSE")], [portfolio(tmp_path / "beside", "far", "ELSE")])
    told = read_published(*paths, None)
    served = serve(office=office_place(place), published=told)
    mine, theirs = key_of(office, TOKEN), key_of(office, TOKEN, tenant="ben")
    for path in ("/v1/indices/far", "/v1/portfolio?id=far"):
        assert served.client.get(path, headers=mine).status_code == 200
        assert served.client.get(path, headers=theirs).status_code == 404


def test_a_scorecard_is_a_span_and_no_advice(figures):
    card = figures.json(f"/{TOKEN}/scorecard")["scorecard"]
    assert (card["low"]["value"], card["high"]["value"]) == ("50.0", "100.0")
    assert card["missing"] == ["audit"]
    assert card["score"]["value"] is None
    assert card["notice"].endswith("no rating, and no advice")
    assert figures.json(f"/{TOKEN}/metrics")["notice"].endswith("no rating, and no advice")
    answer = figures.client.get("/v1/benchmark").json()
    assert answer["notice"].endswith("no rating, and no advice")
    [line] = answer["assets"]
    assert (line["asset"], line["class"], line["score"]["low"]["value"]) == (
        "HAR",
        "building",
        "50.0",
    )


def test_what_takes_too_long_is_a_problem(serve):
    """Law 129: every refusal is a problem."""
    served = serve(analysis_seconds=0.000_001)
    refused = served.get(f"/{TOKEN}/metrics")
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "5"
    assert "took longer" in refused.json()["detail"]
    # The rest of the service does not notice.
    assert served.get(f"/{TOKEN}/holders").status_code == 200


def test_a_moment_that_was_undone_is_gone_for_figures_too(figures):
    """Law 124: whatever comes meanwhile."""
    first = figures.json(f"/{TOKEN}/series/holders?limit=1")
    figures.chain.reorganise(5, [[move(2, 1, 1)], [], [], []])
    figures.writer.undo(5)
    figures.read()
    gone = figures.get(f"/{TOKEN}/series/holders", params={"limit": 1, "cursor": first["next"]})
    assert gone.status_code == 410
    assert figures.get(f"/{TOKEN}/metrics").status_code == 200


def test_files_with_a_fault_are_refused_before_the_service_begins(tmp_path):
    (tmp_path / "beside").mkdir()
    one, other = index(tmp_path, "income", "MAPLE"), index(tmp_path / "beside", "income", "OAK")
    assert [each.id for each in read_published([one], [], None).indices] == ["income"]
    with pytest.raises(InputError, match="is the id of two files"):
        read_published([one, other], [], None)
    with pytest.raises(InputError, match="is no id"):
        read_published([index(tmp_path, "an index", "MAPLE")], [], None)
    bad = write(tmp_path, "table.yaml", "assets:\n  - { asset: HAR, class: castle }\n")
    with pytest.raises(InputError, match="is no class of assets"):
        read_published([], [], bad)
