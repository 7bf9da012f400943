"""What one look came to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A line of the answer.

    Attributes:
        check: what was looked at.
        says: what was found, in words.
        is_ok: whether nothing is to be done.
        to_do: commands and statements that put it right, where there are any.
    """

    check: str
    says: str
    is_ok: bool = True
    to_do: tuple[str, ...] = ()


def trouble(check: str, says: str, *to_do: str) -> Finding:
    """Something is to be done.

    Args:
        check: what was looked at.
        says: what is wrong, and what to do in words.
        *to_do: commands and statements that put it right.
    """
    return Finding(check, says, False, to_do)
