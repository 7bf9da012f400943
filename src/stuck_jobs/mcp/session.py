"""A connection that reads only, and not for long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from stuck_jobs.profile import Profile, connect
from stuck_jobs.session.patience import refusals


@contextmanager
def reading(profile: Profile) -> Iterator[psycopg.Connection[Any]]:
    """A connection whose transactions the server lets write nothing; outside of one nothing is asked.

    Args:
        profile: says where to.

    Raises:
        StuckJobsError: if the server cannot be reached, or refuses what is asked.
    """
    with refusals(), connect(profile) as connection:
        connection.read_only = True
        yield connection
