"""Whether a worker holds its lock on a job at this very moment."""

from __future__ import annotations

from typing import Protocol

import redis
from redis.exceptions import RedisClusterException

from stuck_jobs.collect.redis_url import RedisAddress
from stuck_jobs.errors import StuckJobsError


class Locks(Protocol):
    """Knows who is at work."""

    def is_held(self, jobspec_id: str) -> bool:
        """Whether a worker holds its lock on a job."""


class NoLocks:
    """Of a deployment without Redis."""

    def is_held(self, jobspec_id: str) -> bool:  # noqa: ARG002
        """Never."""
        return False


class RedisLocks:
    """The workers' keys `job:processing:<jobspec_id>`."""

    def __init__(self, address: RedisAddress, timeout: float) -> None:
        """Connect on first use.

        Args:
            address: of Redis.
            timeout: for each answer, in seconds.
        """
        self._address = address
        self._timeout = timeout
        self._client: redis.Redis | redis.RedisCluster | None = None

    def is_held(self, jobspec_id: str) -> bool:
        """Ask Redis.

        Raises:
            StuckJobsError: if it does not answer; then nobody knows, and nothing must be changed.
        """
        try:
            if self._client is None:
                self._client = self._address.open(self._timeout)
            return bool(self._client.exists(f"job:processing:{jobspec_id}"))
        except (redis.RedisError, RedisClusterException, OSError) as error:
            reason = self._address.reason(error)
            raise StuckJobsError(f"Redis: {reason}; without it nobody knows who is at work") from None
