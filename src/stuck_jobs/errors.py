"""The errors that a person can do something about: one clear line instead of a stack trace."""

from __future__ import annotations

import click


class StuckJobsError(click.ClickException):
    """Something that was to be expected went wrong; the message says what, in one line.

    Attributes:
        exit_code: what the process ends with, 2 ("no answer"); a subclass may say otherwise.
    """

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


def as_expected(error: Exception) -> StuckJobsError | None:
    """Translate a refusal, by a server or by the operating system, into one line.

    Returns:
        The error to show, or None where `error` is a defect of ours, whose stack trace is wanted.
    """
    import psycopg

    from stuck_jobs.embedded import EmbeddedServerError

    if isinstance(error, OSError) and error.filename is not None:
        return StuckJobsError(f"{error.strerror}: {error.filename}")
    if isinstance(error, psycopg.Error | EmbeddedServerError | OSError):
        return StuckJobsError(str(error) or type(error).__name__)
    return None
