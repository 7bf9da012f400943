"""Only one at a time, through a pooler too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stuck_jobs.profile import Profile, connect

if TYPE_CHECKING:
    import psycopg


@contextmanager
def only_one(profile: Profile, name: str) -> Iterator[bool]:
    """Whether nobody else does something; nobody begins until the end of the block, or of the process.

    The lock is a transaction's, which stays open over a connection of its own: a pooler that shares sessions
    lends one out for a transaction, and a lock of the session would be left in it. The transaction reads
    nothing, so that it holds up no vacuum.

    Args:
        profile: says where the database is.
        name: of what is done.
    """
    import psycopg

    with connect(profile) as connection:
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        with connection.transaction():
            connection.execute("set local idle_in_transaction_session_timeout = 0")
            yield _is_locked(connection, name)


def _is_locked(connection: psycopg.Connection[tuple[bool]], name: str) -> bool:
    row = connection.execute("select pg_try_advisory_xact_lock(hashtext(%s))", [name]).fetchone()
    return row == (True,)
