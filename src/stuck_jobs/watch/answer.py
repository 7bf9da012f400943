"""What is answered over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stuck_jobs.output import legible

PLAIN = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """An answer.

    Attributes:
        status: of HTTP.
        kind: its content type.
        body: whole, or piece by piece.
    """

    status: int
    kind: str
    body: bytes | Iterator[bytes]

    @classmethod
    def of_words(cls, status: int, words: str) -> Answer:
        """A line for people.

        Args:
            status: of HTTP.
            words: whatever is in them, they stay one line.
        """
        return cls(status, PLAIN, f"{legible(words)}\n".encode())
