"""Put a pipeline into PostgreSQL and Redis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import psycopg
import redis
from psycopg import sql
from psycopg.types.json import JsonbDumper

from stuck_jobs.demo.generator import Pipeline
from stuck_jobs.demo.queue import QUEUE, UNSERVED, Entry, Queue
from stuck_jobs.demo.world import Execution, Job, OutboxMessage, Recovery


def create_source(connection: psycopg.Connection[Any]) -> None:
    """Create the watched pipeline's tables, empty, in the first schema of the search path."""
    schema = files("stuck_jobs").joinpath("source_schema.sql").read_bytes()
    for statement in schema.split(b";\n"):  # of several at once Citus sends all to each node
        connection.execute(statement)


def load(connection: psycopg.Connection[Any], pipeline: Pipeline) -> None:
    """Copy a pipeline's rows into the empty source tables, and gather statistics.

    Args:
        connection: finds the tables in its search path; what is open in it is committed.
        pipeline: what to load.
    """
    connection.adapters.register_dumper(dict, JsonbDumper)
    connection.execute("set time zone 'UTC'")
    _copy_with_ids(connection, "jobs", Job._fields, pipeline.jobs)
    _copy_with_ids(connection, "executions", Execution._fields, pipeline.executions)
    _copy_with_ids(connection, "outbox", OutboxMessage._fields, pipeline.outbox)
    connection.commit()
    connection.execute("analyze")
    connection.commit()


def load_recoveries(connection: psycopg.Connection[Any], raw_schema: str, recoveries: list[Recovery]) -> None:
    """Copy what recovery is said to have done into its log, which exists already.

    Args:
        connection: what is open in it is committed.
        raw_schema: of the log.
        recoveries: what to load.
    """
    connection.adapters.register_dumper(dict, JsonbDumper)
    connection.execute("set time zone 'UTC'")
    _copy(connection, sql.Identifier(raw_schema, "recovery_log"), Recovery._fields, recoveries)
    connection.commit()


def load_earlier_looks(connection: psycopg.Connection[Any], raw_schema: str) -> None:
    """Write the snapshots that a collector would have taken before the one that is there.

    Args:
        connection: what is open in it is committed.
        raw_schema: of the snapshots.
    """
    query = files("stuck_jobs.demo").joinpath("earlier_looks.sql").read_text(encoding="utf-8")
    connection.execute(
        sql.SQL(query).format(schema=sql.Identifier(raw_schema), unserved=sql.Literal(UNSERVED))
    )
    connection.commit()


def load_queue(client: redis.Redis, queue: Queue) -> None:
    """Write a pipeline's messages and locks.

    Args:
        client: of an empty database.
        queue: what to write.
    """
    with client.pipeline() as pipeline:
        for entry in _in_order(queue.main):
            pipeline.lpush(QUEUE, entry.content)
        for entry in _in_order(queue.unserved):
            pipeline.lpush(UNSERVED, entry.content)
        for entry in _in_order(queue.dead):
            pipeline.lpush(f"{QUEUE}:dead", entry.content)
        for entry in queue.retry:
            pipeline.zadd(f"{QUEUE}:retry", {entry.content: _unix_time(entry.at)})
        for jobspec_id, expires_at in queue.locks.items():
            pipeline.set(f"job:processing:{jobspec_id}", "demo-worker", exat=int(_unix_time(expires_at)))
        pipeline.execute()


def _in_order(entries: list[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.at)


def _unix_time(at: datetime) -> float:
    return at.replace(tzinfo=UTC).timestamp()


def _copy_with_ids(
    connection: psycopg.Connection[Any], table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Copy rows that bring their own ids, and set the sequence behind them."""
    name = sql.Identifier(table)
    _copy(connection, name, columns, rows)
    last = connection.execute(sql.SQL("select max(id) from {}").format(name)).fetchone()
    connection.execute("select setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, last and last[0]])


def _copy(
    connection: psycopg.Connection[Any],
    table: sql.Identifier,
    columns: Sequence[str],
    rows: Iterable[tuple[Any, ...]],
) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    command = sql.SQL("copy {} ({}) from stdin").format(table, names)
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        for row in rows:
            copy.write_row(row)
