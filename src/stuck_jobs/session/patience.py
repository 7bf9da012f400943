"""How long a command waits for a server, and what it says when there is no answer."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg

from stuck_jobs.errors import StuckJobsError, refusal
from stuck_jobs.profile import Profile, ProfileOptions, load_profile

CONNECT_TIMEOUT = 5
"""In seconds; a deployment that waits wants its answer soon."""

PASSING = (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable)
"""What a build or a check beside it may cause, and a moment later no more."""

ATTEMPTS = 3
PAUSE_SECONDS = 1.0

Answer = TypeVar("Answer")


def prompt_profile(options: ProfileOptions) -> Profile:
    """The dbt profile, with a short patience for a server that does not answer.

    Args:
        options: of the command line.
    """
    profile = load_profile(options)
    timeout = min(profile.connect_timeout or CONNECT_TIMEOUT, CONNECT_TIMEOUT)
    return dataclasses.replace(profile, connect_timeout=timeout)


@contextmanager
def refusals() -> Iterator[None]:
    """Make an error of the server's one short line.

    Raises:
        StuckJobsError: if the server cannot be reached, or refuses what is done inside.
    """
    try:
        yield
    except psycopg.Error as error:
        raise StuckJobsError(refusal(error)) from error


@contextmanager
def impatient(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """A transaction that does not wait for long for a relation which somebody has locked."""
    with connection.transaction():
        connection.execute(f"set local lock_timeout = '{CONNECT_TIMEOUT}s'".encode())
        yield


@contextmanager
def in_time(connection: psycopg.Connection[Any], seconds: float) -> Iterator[None]:
    """A transaction each of whose statements is cancelled after so many seconds."""
    with connection.transaction():
        limit_statements(connection, seconds)
        yield


def limit_statements(connection: psycopg.Connection[Any], seconds: float) -> None:
    """The same for the rest of the transaction that is open."""
    milliseconds = f"{seconds * 1000:.0f}ms"
    connection.execute(f"set local statement_timeout = '{milliseconds}'".encode())
    connection.execute(f"set local lock_timeout = '{milliseconds}'".encode())


def patiently(action: Callable[[], Answer]) -> Answer:
    """Do something again that others have kept from being done.

    Args:
        action: which leaves nothing behind where it fails.

    Raises:
        psycopg.Error: if others have kept it from being done each time, or at any other error.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return action()
        except PASSING:
            time.sleep(PAUSE_SECONDS)
    return action()
