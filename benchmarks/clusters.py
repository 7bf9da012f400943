"""Databases of a running Citus cluster, and of the same server without Citus, with the same pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from benchmarks.project import libpq_variables
from stuck_jobs.demo.load import create_source

Connection = psycopg.Connection[Any]

PLAIN, SCHEMA, SINGLE, SHARDED, INSTALLED = "plain", "schema", "single", "sharded", "installed"
LAYOUTS = (SCHEMA, SINGLE)
"""In which a pipeline is whole on one node: a schema of its own, or tables of one shard each."""

RAW_TABLES = (
    "queue_snapshots", "queue_messages", "job_locks", "messages_in_flight", "jobs_at_work", "queue_servers",
    "queue_sightings",
)  # fmt: skip


@dataclass(frozen=True)
class Database:
    """A database that holds a pipeline's tables.

    Attributes:
        dsn: leads to it.
        schema: of the tables.
    """

    dsn: str
    schema: str

    @property
    def environment(self) -> dict[str, str]:
        """Libpq's variables that lead to it."""
        return libpq_variables(self.dsn)

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """A connection in whose search path the tables are."""
        path = f"-c search_path={self.schema},public"
        with psycopg.connect(self.dsn, autocommit=True, options=path, prepare_threshold=None) as connection:
            yield connection

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query returns."""
        with self.connected() as connection:
            return connection.execute(query.encode()).fetchall()


@contextmanager
def database(url: str, layout: str) -> Iterator[Database]:
    """A database with empty tables for the length of a `with` block.

    Args:
        url: of a database of the coordinator that has the extension and knows the workers.
        layout: plain, schema, single, sharded, or installed: tables that Citus does not know.
    """
    name = f"stuck_jobs_{layout}_{uuid4().hex[:8]}"
    schema = "pipeline" if layout == SCHEMA else "public"
    nodes = _nodes(url) if layout != PLAIN else []
    servers = [url, *(make_conninfo(url, host=host, port=port) for host, port in nodes[1:])]
    made = Database(make_conninfo(url, dbname=name), schema)
    try:
        for server in servers:
            _administer(server, sql.SQL("create database {}").format(sql.Identifier(name)))
            if nodes:
                _administer(make_conninfo(server, dbname=name), sql.SQL("create extension citus"))
        if nodes:
            _join(made.dsn, nodes)
        _create_tables(made, layout)
        yield made
    finally:
        for server in reversed(servers):
            drop = sql.SQL("drop database if exists {} with (force)")
            _administer(server, drop.format(sql.Identifier(name)))


def copy_raw_tables(source: Database, target: Database, schema: str) -> None:
    """Give a database the snapshots that another one has.

    Args:
        source: where they are.
        target: which has the tables.
        schema: of the raw tables.
    """
    with source.connected() as reader, target.connected() as writer, writer.transaction():
        for table in RAW_TABLES:
            name = sql.Identifier(schema, table)
            writer.execute(sql.SQL("delete from {}").format(name))
            columns = sql.SQL(", ").join(map(sql.Identifier, _columns(reader, name)))
            read = sql.SQL("copy {} ({}) to stdout").format(name, columns)
            write = sql.SQL("copy {} ({}) from stdin").format(name, columns)
            with reader.cursor().copy(read) as rows, writer.cursor().copy(write) as copied:
                for row in rows:
                    copied.write(row)
        (last,) = reader.execute(
            sql.SQL("select last_value from {}").format(_snapshot_ids(schema))
        ).fetchone() or (1,)
        writer.execute("select setval(%s, %s)", [_snapshot_ids(schema).as_string(), last])


def _snapshot_ids(schema: str) -> sql.Identifier:
    return sql.Identifier(schema, "queue_snapshot_ids")


def _columns(connection: Connection, table: sql.Identifier) -> list[str]:
    query = """
        select attname from pg_catalog.pg_attribute
        where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum
    """
    return [name for (name,) in connection.execute(query, [table.as_string()])]


def _nodes(url: str) -> list[tuple[str, int]]:
    """The coordinator and the workers, as they know each other."""
    with psycopg.connect(url) as connection:
        query = "select nodename, nodeport from pg_dist_node where noderole = 'primary' order by groupid"
        return connection.execute(query).fetchall()


def _administer(url: str, statement: sql.Composed | sql.SQL) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("select to_regclass('pg_dist_partition') is not null").fetchone() == (True,):
            connection.execute("set citus.enable_create_database_propagation to off")
        connection.execute(statement)


def _join(dsn: str, nodes: list[tuple[str, int]]) -> None:
    (coordinator, *workers) = nodes
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("select citus_set_coordinator_host(%s, %s)", coordinator)
        for worker in workers:
            connection.execute("select citus_add_node(%s, %s)", worker)


def _create_tables(made: Database, layout: str) -> None:
    with made.connected() as connection:
        if layout == SCHEMA:
            connection.execute("set citus.enable_schema_based_sharding to on")
            connection.execute(sql.SQL("create schema {}").format(sql.Identifier(made.schema)))
            connection.execute("set citus.enable_schema_based_sharding to off")
        create_source(connection)
        for statement in _distribution(layout):
            connection.execute(statement.encode())


def _distribution(layout: str) -> list[str]:
    if layout == SINGLE:
        return [
            "select create_distributed_table('jobs', null, colocate_with => 'none')",
            "select create_distributed_table('executions', null, colocate_with => 'jobs')",
            "select create_distributed_table('outbox', null, colocate_with => 'jobs')",
        ]
    if layout == SHARDED:
        return [
            "alter table executions drop constraint executions_job_id_fkey",
            "alter table executions drop constraint executions_pkey",
            "alter table jobs drop constraint jobs_jobspec_id_key",
            "select create_distributed_table('jobs', 'id')",
            "select create_distributed_table('executions', 'job_id', colocate_with => 'jobs')",
            "select create_distributed_table('outbox', null)",
        ]
    return []
