"""Whether a Redis that does not answer would with TLS, or without it: each waits for what the other says."""

from __future__ import annotations

import socket
import ssl

PATIENCE = 2.0
"""In seconds."""


def tls_mismatch(host: str, port: int, uses_tls: bool) -> str | None:
    """What is wrong with the URL's scheme; None if that is not the reason.

    Args:
        host: of the server.
        port: of the server.
        uses_tls: whether it was asked with TLS.
    """
    try:
        with socket.create_connection((host, port), PATIENCE) as connection:
            if uses_tls and _answers_plainly(connection):
                return "the server does not speak TLS: take redis:// instead of rediss://"
            if not uses_tls and _shakes_hands(connection, host):
                return "the server speaks TLS only: take rediss:// instead of redis://"
    except OSError:
        pass
    return None


def _answers_plainly(connection: socket.socket) -> bool:
    """Whether it answers in Redis's protocol, be it with a refusal."""
    connection.sendall(b"PING\r\n")
    return connection.recv(1) in (b"+", b"-")


def _shakes_hands(connection: socket.socket, host: str) -> bool:
    """Whether it begins with TLS, under whatever certificate: nothing is sent to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with context.wrap_socket(connection, server_hostname=host):
        return True
