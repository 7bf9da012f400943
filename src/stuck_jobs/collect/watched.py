"""In which way the watched system uses Redis: by lists of its own, or by a broker of kombu's."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from stuck_jobs.collect.kombu import HELD_SINCE, SEPARATOR, Broker
from stuck_jobs.collect.trust import UNREADABLE
from stuck_jobs.errors import StuckJobsError
from stuck_jobs.systems import project_variables, rests_on_redis, system_entry

TRANSPORT_OPTIONS = ("global_keyprefix", "sep", "unacked_key", "unacked_index_key")
"""Of an application's, those on which it depends where something is."""


def watched_broker(connection: psycopg.Connection[Any] | None, schema: str, project: Path) -> Broker | None:
    """The broker of the system that the views watch, or the project before the first build; None if none.

    Args:
        connection: in autocommit mode; None if there is none.
        schema: of the views.
        project: the dbt project's directory.

    Raises:
        StuckJobsError: if that system has nothing in Redis, or its broker's options are none that we know.
    """
    query = sql.SQL(files("stuck_jobs.collect").joinpath("system.sql").read_text(encoding="utf-8"))
    try:
        row = (
            connection.execute(query.format(schema=sql.Identifier(schema))).fetchone() if connection else None
        )
    except UNREADABLE:
        row = None
    return _broker(project, str(row[0] if row else project_variables(project)["job_system"]))


@lru_cache
def _broker(project: Path, system: str) -> Broker | None:
    if not rests_on_redis(project, system):
        raise StuckJobsError(f"the watched system is {system}, which has no queues in Redis")
    said = system_entry(project, system).get("broker")
    if said is None:
        return None
    transport = said["transport"] or {}
    if not isinstance(transport, dict) or not all(
        name in TRANSPORT_OPTIONS and isinstance(value, str) for name, value in transport.items()
    ):
        raise StuckJobsError(
            f"vars: broker_transport_options may have {', '.join(TRANSPORT_OPTIONS)}, as texts"
        )
    return Broker(
        tuple(said["queues"]),
        tuple(said["not_queues"]),
        said["waiting_task"],
        prefix=transport.get("global_keyprefix"),
        separator=transport.get("sep") or SEPARATOR,
        held=transport.get("unacked_key"),
        held_since=transport.get("unacked_index_key") or HELD_SINCE,
    )
