"""The API: a job and its message, in one transaction."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from pipeline.work import Work


class ApiCrashed(Exception):  # noqa: N818
    """The fault of a job whose API dies."""


def submit(connection: psycopg.Connection[Any], name: str, work: Work) -> None:
    """Insert a job; the fault steps are `inserted` (dies in the transaction) and `forgotten` (no message)."""
    step = work.fault.step if work.fault else None
    with connection.transaction():
        connection.execute(
            "insert into jobs (jobspec_id, jobspec_data, status) values (%s, %s, %s)",
            [name, Jsonb(work.spec(name)), work.status],
        )
        if step == "inserted":
            raise ApiCrashed
        if step != "forgotten":
            republish(connection, name, work)


def republish(connection: psycopg.Connection[Any], name: str, work: Work) -> None:
    """Leave a message for a job in the outbox."""
    payload = work.envelope(name, datetime.now(UTC).isoformat())
    connection.execute("insert into outbox (topic, payload) values (%s, %s)", [work.topic, Jsonb(payload)])
