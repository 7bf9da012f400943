"""Pages for people, `/metrics` for Prometheus, and `/healthz` for whoever restarts what has stopped."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

import click
from prometheus_client.exposition import choose_encoder

from stuck_jobs.errors import StuckJobsError
from stuck_jobs.metrics import measured
from stuck_jobs.watch.answer import Answer
from stuck_jobs.watch.board import Board
from stuck_jobs.watch.pages import Pages

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Of every answer; a page names by itself what it may run."""

LOOPBACK = "127.0.0.1"


def address_of(
    ctx: click.Context,  # noqa: ARG001
    param: click.Parameter,  # noqa: ARG001
    value: str | None,
) -> tuple[str, int] | None:
    """Part the HOST:PORT of an option; the host may be an [IPv6], or left out for the loopback."""
    if value is None:
        return None
    host, colon, port = value.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise click.BadParameter(f"{value!r} is no HOST:PORT, such as 127.0.0.1:9188.")
    return host.removeprefix("[").removesuffix("]") or LOOPBACK, int(port)


class _Server(ThreadingMixIn, TCPServer):
    """A thread for each request; none keeps the process from ending."""

    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up is no news."""


@contextmanager
def serving(address: tuple[str, int] | None, board: Board, pages: Pages) -> Iterator[None]:
    """Answer requests for the length of a `with` block.

    Args:
        address: host and port; None to answer none.
        board: what is known.
        pages: what there is to be seen.

    Raises:
        StuckJobsError: if nobody can listen there.
    """
    if address is None:
        yield
        return
    server = _listening(address, board, pages)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _listening(address: tuple[str, int], board: Board, pages: Pages) -> _Server:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            answer = _answer(self.path.partition("?")[0], self.headers.get("Accept", ""), board, pages)
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.kind)
            for name, value in HEADERS.items():
                self.send_header(name, value)
            if isinstance(answer.body, bytes):
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.writelines([answer.body] if isinstance(answer.body, bytes) else answer.body)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    try:
        family = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0][0]
        kind = type("_OfFamily", (_Server,), {"address_family": family})
        server: _Server = kind(address, Handler)
    except OSError as error:
        raise StuckJobsError(f"--listen {address[0]}:{address[1]}: {error.strerror or error}") from None
    return server


def _answer(path: str, accept: str, board: Board, pages: Pages) -> Answer:
    is_well, words = board.health()
    if path == "/healthz":
        return Answer.of_words(200 if is_well else 503, words)
    if path == "/metrics":
        summary = board.answer()
        if summary is None:
            return Answer.of_words(503, words)
        encode, kind = choose_encoder(accept)
        return Answer(200, kind, encode(measured(summary, pages.incident_counts())))
    there = "there are /, /incidents/ID, /jobs/ID, /items.csv, /items.json, /metrics and /healthz"
    return pages.answer(path) or Answer.of_words(404, there)
