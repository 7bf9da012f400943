"""Send something once, and know whether it arrived."""

from __future__ import annotations

import http.client
import ipaddress
import threading
import urllib.error
import urllib.request
from concurrent.futures import Future
from typing import Any
from urllib.parse import urlsplit

from stuck_jobs.errors import StuckJobsError

TIMEOUT = 10.0
"""In seconds: how long to wait for a sign of life."""

DEADLINE = 30.0
"""In seconds: how long it may take in all, for a receiver may be alive and still never end."""


REFUSALS = (400, 413, 422)
"""Answers to what was sent, and not to who sent it."""


class DeliveryError(Exception):
    """It did not arrive, as far as is known; the message names no address, for that may be a secret.

    Attributes:
        is_refused: whether the receiver does not want what it was sent.
    """

    def __init__(self, message: str, is_refused: bool = False) -> None:
        super().__init__(message)
        self.is_refused = is_refused


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST would arrive as a GET, empty."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        return None


def post(url: str, body: bytes, headers: dict[str, str]) -> None:
    """POST, through the proxy of the environment if it names one.

    Args:
        url: of the receiver.
        body: as it is.
        headers: of the request.

    Raises:
        DeliveryError: unless the receiver answers with success, and in time.
    """
    answer: Future[None] = Future()

    def attempt() -> None:
        try:
            _post(url, body, headers)
        except BaseException as error:
            answer.set_exception(error)
        else:
            answer.set_result(None)

    threading.Thread(target=attempt, daemon=True).start()
    try:
        answer.result(DEADLINE)
    except TimeoutError:
        raise DeliveryError(f"it does not answer within {DEADLINE:.0f} seconds") from None


def _post(url: str, body: bytes, headers: dict[str, str]) -> None:
    request = urllib.request.Request(url, body, headers, method="POST")  # noqa: S310
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT) as response:
            response.read(1024)
    except urllib.error.HTTPError as error:
        raise DeliveryError(f"it answers with {error.code}", error.code in REFUSALS) from None
    except urllib.error.URLError as error:
        reason = error.reason.strerror if isinstance(error.reason, OSError) else None
        raise DeliveryError(f"it cannot be reached: {reason or type(error.reason).__name__}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DeliveryError(f"it does not answer: {type(error).__name__}") from None


def check_url(url: str, what: str, allow_http: bool) -> str:
    """The URL, if it is one for HTTP, and keeps what is sent to itself.

    Args:
        url: of the user's.
        what: it is, for an error.
        allow_http: whether another host may be reached without TLS.

    Raises:
        StuckJobsError: if it is not; the message does not quote it.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise StuckJobsError(f"{what} is no URL of HTTP")
    if parts.scheme == "http" and not allow_http and not _is_here(host):
        raise StuckJobsError(
            f"{what} is plain http to another host: take https, or allow it with --allow-http"
        )
    return url


def _is_here(host: str) -> bool:
    """Whether it is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
