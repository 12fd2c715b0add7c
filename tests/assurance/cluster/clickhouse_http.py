"""ClickHouse's engine behind its own protocol over HTTP, as far as a client that reads needs it.

There is no server of ClickHouse on PyPI. chdb is its engine; this gives it the address that
`clickhouse-connect` wants. It says nothing of a cluster of ClickHouse servers.

python -m tests.assurance.cluster.clickhouse_http    prints its address, and answers until killed
"""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chdb import session as sessions


class Handler(BaseHTTPRequestHandler):
    """One query for each request, in the address or in the body; its format stands in it."""

    engine: Any

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        options = parse_qs(urlsplit(self.path).query)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        sql = options.get("query", [""])[0] + body
        form = options.get("default_format", ["TabSeparated"])[0]
        try:
            status, answer = 200, bytes(self.engine.query(sql, form).bytes() or b"")
        except Exception as error:  # noqa: BLE001 - as a server says it
            status, answer = 500, str(error).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        if status != 200:
            self.send_header("X-ClickHouse-Exception-Code", "1")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments: Any) -> None:
        """Nothing is printed."""


def main() -> None:
    Handler.engine = sessions.Session()
    server = HTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
