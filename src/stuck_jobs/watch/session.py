"""The one connection of a watch, which it keeps, with the locks that keep others away."""

from __future__ import annotations

from typing import Any

import psycopg

from stuck_jobs.errors import StuckJobsError
from stuck_jobs.profile import Profile, connect
from stuck_jobs.session.protection import ADVICE, is_pooled

LIFE_SIGNS = {
    "keepalives_idle": 20,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""After which a server counts as gone that answers nothing any more."""


class OccupiedError(StuckJobsError):
    """Somebody else watches the same schema."""


class Session:
    """A connection that is opened when it is needed, and is nobody else's.

    Args:
        profile: says where to.
    """

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._connection: psycopg.Connection[Any] | None = None
        self._held: set[str] = set()

    def open(self) -> psycopg.Connection[Any]:
        """The connection: the one that there is, or a new one.

        Raises:
            OccupiedError: if there is another watch of the same schema.
            StuckJobsError: if a pooler is in between.
            psycopg.Error: if the server cannot be reached.
        """
        if self._connection is None or self._connection.closed:
            self.close()
            self._connection = connect(self._profile, **LIFE_SIGNS)
            if is_pooled(self._connection):
                raise StuckJobsError(f"watch needs a session, which a pooler may share: {ADVICE}")
            self._connection.prepare_threshold = 1
        if not self.hold(f"{self._profile.schema} watch"):
            raise OccupiedError(f"another stuck-jobs watch is looking after {self._profile.schema}")
        return self._connection

    def hold(self, name: str) -> bool:
        """Keep others from something for as long as the connection lasts; False if somebody keeps us.

        Args:
            name: of what is done.
        """
        if name not in self._held:
            assert self._connection is not None  # noqa: S101
            query = "select pg_try_advisory_lock(hashtext(%s))"
            if self._connection.execute(query, [name]).fetchone() != (True,):
                return False
            self._held.add(name)
        return True

    def close(self) -> None:
        """Let go of everything."""
        self._held.clear()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
