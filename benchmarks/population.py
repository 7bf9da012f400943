"""A pipeline of any size, generated inside PostgreSQL, with a known amount of stuck work in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import psycopg

GENERATE = Path(__file__).parent / "generate"

Connection = psycopg.Connection[Any]
Progress = Callable[[str], object]


@dataclass(frozen=True)
class Size:
    """What to generate.

    Attributes:
        jobs: closed jobs; the 2,500 live ones come on top.
        days: the length of the history.
        outbox: `recent` if the deployment prunes published messages after two days, `all` if it never does.
    """

    jobs: int
    days: int = 90
    outbox: str = "recent"


def exists(connection: Connection) -> bool:
    """Whether this database holds a generated population already."""
    row = connection.execute("select to_regclass('benchmark.population') is not null").fetchone()
    return row is not None and bool(row[0])


def generate(connection: Connection, size: Size, progress: Progress) -> None:
    """Create the source schema and fill it, indexes last."""
    statements = (resources.files("stuck_jobs") / "source_schema.sql").read_text().split(";\n")
    indexes = [statement for statement in statements if "create index" in statement]
    tables = [statement for statement in statements if "create table" in statement]
    connection.execute("set search_path = public")
    for name, value in (("jobs", size.jobs), ("days", size.days), ("outbox", size.outbox)):
        connection.execute("select set_config(%s, %s, false)", (f"benchmark.{name}", str(value)))
    # The rows are consistent, so the foreign key need not be looked up twelve million times.
    connection.execute("set session_replication_role = replica")
    connection.execute("set maintenance_work_mem = '1GB'")
    for statement in tables:
        connection.execute(statement.encode())
    for name in ("plan", "jobs", "executions", "outbox"):
        progress(f"generating: {name}")
        run_file(connection, f"{name}.sql")
    for statement in indexes:
        progress(f"indexing: {statement.split()[2]}")
        connection.execute(statement.encode())
    connection.execute("reset session_replication_role")
    progress("vacuum and analyze")
    connection.execute("vacuum (analyze, freeze)")


def freshen(connection: Connection) -> None:
    """Bring the live rows of a population made a while ago up to the present."""
    run_file(connection, "freshen.sql")
    # Index entries of the rows as they were would otherwise be read along.
    connection.execute("vacuum (analyze, index_cleanup on) jobs, executions, outbox")


def traffic(connection: Connection, jobs: int) -> None:
    """Write the status of some closed jobs again, as if they had been closed just now.

    Args:
        connection: to the population.
        jobs: how many, evenly spread over the history.
    """
    connection.execute(
        """
        update jobs
        set updated_at = now() at time zone 'UTC'
        from benchmark.population, generate_series(1, %(jobs)s) as numbers (number)
        where jobs.id = numbers.number * (population.closed_jobs / %(jobs)s)
        """,
        {"jobs": jobs},
    )


def continue_ids(connection: Connection) -> None:
    """Let what is inserted from now on come after what was generated."""
    for table in ("jobs", "executions", "outbox"):
        query = f"select setval(pg_get_serial_sequence('{table}', 'id'), max(id)) from {table}"
        connection.execute(query.encode())


def planted(connection: Connection) -> dict[str, int]:
    """How many items each point must find, and how many jobs lack executions."""
    rows = connection.execute("select point, items from benchmark.planted order by point").fetchall()
    return dict(rows)


def row_counts(connection: Connection) -> dict[str, int]:
    """The size of the source's tables, as the planner knows it."""
    rows = connection.execute(
        """
        select relname, reltuples::bigint from pg_class
        where oid in ('jobs'::regclass, 'executions'::regclass, 'outbox'::regclass)
        order by relname
        """
    ).fetchall()
    return dict(rows)


def run_file(connection: Connection, name: str) -> None:
    """Run a file of several statements, of those beside this module, in one transaction."""
    with connection.transaction():
        connection.execute((GENERATE / name).read_bytes())
