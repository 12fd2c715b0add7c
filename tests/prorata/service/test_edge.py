"""The edge: safe headers, pages of other origins, bodies that are too large."""

from __future__ import annotations

import pytest

from prorata.service.middleware import SAFE
from tests.prorata.store.made_logs import TOKEN

PAGE = "https://pages.example"
ASKS = {"Origin": PAGE, "Access-Control-Request-Method": "GET"}


@pytest.mark.parametrize("path", ["/health", f"/v1/assets/{TOKEN}", "/nothing", "/openapi.json"])
def test_every_answer_has_the_headers_of_safety(served, path):
    headers = served.client.get(path).headers
    assert {name: headers[name] for name, _ in SAFE} == dict(SAFE)


def test_no_page_of_another_origin_may_read_by_default(served):
    headers = served.get(f"/{TOKEN}", headers={"Origin": PAGE}).headers
    assert not [name for name in headers if name.startswith("access-control")]
    assert served.client.request("OPTIONS", "/v1/assets", headers=ASKS).status_code == 405


def test_a_page_of_an_origin_that_is_named_may_read(serve):
    served = serve(origins=(PAGE,))
    headers = served.get(f"/{TOKEN}", headers={"Origin": PAGE}).headers
    assert headers["access-control-allow-origin"] == PAGE
    assert headers["vary"] == "Authorization, Origin"
    assert "access-control-allow-credentials" not in headers
    other = served.get(f"/{TOKEN}", headers={"Origin": "https://pages.example.evil"}).headers
    assert "access-control-allow-origin" not in other
    asked = served.client.request("OPTIONS", "/v1/assets", headers=ASKS)
    assert (asked.status_code, asked.content) == (204, b"")
    assert "Authorization" in asked.headers["access-control-allow-headers"]


def test_a_body_of_more_than_the_limit_is_not_read(serve):
    served = serve(body_bytes=1_000)

    async def echo(request) -> dict[str, int]:
        return {"length": len(await request.body())}

    async def answer(scope, receive, send):
        from fastapi import Request, Response

        told = await echo(Request(scope, receive))
        await Response(str(told["length"]))(scope, receive, send)

    served.client.app.mount("/echo", answer)

    async def pieces(count: int):
        for _ in range(count):
            yield b"x" * 100

    assert served.client.post("/echo/", content=b"x" * 1_000).text == "1000"
    assert served.client.post("/echo/", content=pieces(10)).text == "1000"
    for content in (b"x" * 1_001, pieces(11)):
        refused = served.client.post("/echo/", content=content)
        assert (refused.status_code, refused.json()["status"]) == (413, 413)
        assert refused.json()["detail"] == "the body has more than 1,000 bytes"
