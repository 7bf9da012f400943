"""The errors that a person can do something about: one clear line instead of a stack trace."""

from __future__ import annotations

from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

import click

from stuck_jobs.output import legible

if TYPE_CHECKING:
    import psycopg


class StuckJobsError(click.ClickException):
    """Something that was to be expected went wrong; the message says what, in one line.

    Attributes:
        exit_code: what the process ends with, 2 ("no answer"); a subclass may say otherwise.
    """

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(legible(" ".join(message.split())))

    def show(self, file: IO[Any] | None = None) -> None:
        """Say it on standard error, or where click wants it."""
        with suppress(BrokenPipeError):
            super().show(file)


def as_expected(error: Exception) -> StuckJobsError | None:
    """Translate a refusal, by a server or by the operating system, into one line.

    Returns:
        The error to show, or None where `error` is a defect of ours, whose stack trace is wanted.
    """
    import psycopg

    from stuck_jobs.embedded import EmbeddedServerError

    if isinstance(error, UnicodeEncodeError):
        return StuckJobsError(f"{error.object} is not UTF-8")
    if isinstance(error, OSError) and error.filename is not None:
        return StuckJobsError(f"{error.strerror}: {error.filename}")
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
        return StuckJobsError(refusal(error))
    if isinstance(error, psycopg.Error | EmbeddedServerError | OSError):
        return StuckJobsError(str(error) or type(error).__name__)
    return None


def refusal(error: psycopg.Error) -> str:
    """What the server says, without the statement; of views that are not there, or older, also what to do.

    Args:
        error: the server's.
    """
    import psycopg

    words = error.diag.message_primary or str(error) or type(error).__name__
    is_old = isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn)
    return f"{words}: run dbt build first" if is_old else words
