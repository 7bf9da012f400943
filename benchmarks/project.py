"""The dbt project, built into the database that is measured."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from stuck_jobs.errors import StuckJobsError

ROOT = Path(__file__).resolve().parents[1]
# Schemas of their own, made anew each time, so that a kept server can measure another version of the views.
SCHEMA = "benchmark_views"
GATE_CLOSED = 1
LIBPQ_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
}


@dataclass(frozen=True)
class Run:
    """What an incremental run cost the database.

    Attributes:
        statements: how many the run of the model sent.
        sql_ms: how long they took together.
        temporary_files: how many the server wrote meanwhile.
    """

    statements: int
    sql_ms: float
    temporary_files: int


def judge(dsn: str) -> Run:
    """Judge what was closed since the last run, as every build does."""
    with psycopg.connect(dsn, autocommit=True) as connection, scratch_folder() as scratch:
        before = _temporary_files(connection)
        seconds = [
            event["elapsed"]
            for event in _events(dsn, scratch, "SQLQueryStatus", "run", "--select", "int_known_gaps")
            if event.get("node_info", {}).get("node_name") == "int_known_gaps"
        ]
        return Run(len(seconds), round(1000 * sum(seconds), 1), _temporary_files(connection) - before)


def recorded_build(dsn: str) -> list[str]:
    """Everything that a scheduled build sends to the database, in one thread, in order.

    Returns:
        The statements; COMMIT where a transaction ends, the next one begins by itself.
    """
    arguments = ("build", "--selector", "check", "--threads", "1")
    with scratch_folder() as scratch:
        run_dbt(dsn, scratch, *arguments)  # the first one creates what the others find
    with scratch_folder() as scratch:
        return [event["sql"].strip() for event in _events(dsn, scratch, "SQLQuery", *arguments)]


def _events(dsn: str, scratch: str, name: str, *arguments: str) -> list[dict[str, Any]]:
    """Run dbt, and read what it logged under a name."""
    run_dbt(dsn, scratch, *arguments, "--log-format-file", "json", "--log-level-file", "debug")
    lines = (Path(scratch) / "logs" / "dbt.log").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    return [event["data"] for event in events if event["info"]["name"] == name]


def _temporary_files(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("select sum(temp_files)::bigint from pg_stat_database").fetchone()
    return row[0] if row else 0


@contextmanager
def scratch_folder(root: Path = ROOT) -> Iterator[str]:
    """A folder with the example profile, where dbt may write."""
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copy(root / "profiles.example.yml", Path(scratch) / "profiles.yml")
        yield scratch


def build(dsn: str, root: Path = ROOT, schema: str = SCHEMA) -> dict[str, str]:
    """Build the views, and compile the analysis's own queries.

    The history of runs is left out: filling it would run every detection over the whole history.

    Args:
        dsn: of the database.
        root: the project, of this commit or another one.
        schema: of its views; that of its raw tables is named after it.

    Returns:
        The analysis's queries by name.
    """
    build_views(dsn, root, schema)
    with scratch_folder(root) as scratch:
        run_dbt(dsn, scratch, "compile", "--select", "resource_type:analysis", root=root, schema=schema)
        compiled = Path(scratch) / "target" / "compiled" / "stuck_jobs" / "analyses"
        return {path.stem: path.read_text() for path in sorted(compiled.glob("analysis_*.sql"))}


def build_views(dsn: str, root: Path = ROOT, schema: str = SCHEMA, **variables: Any) -> None:
    """Build the views anew, without the history of runs.

    Args:
        dsn: of the database.
        root: the project, of this commit or another one.
        schema: of its views; that of its raw tables is named after it.
        **variables: of dbt.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"drop schema if exists {schema}, {schema}_raw cascade".encode())
    chosen = ("--exclude", "accumulation_history", "--vars", json.dumps(variables))
    with scratch_folder(root) as scratch:
        run_dbt(dsn, scratch, "run", *chosen, root=root, schema=schema)


def libpq_variables(dsn: str) -> dict[str, str]:
    """Libpq's variables that lead to a database."""
    given = conninfo_to_dict(dsn)
    return {variable: str(given[name]) for name, variable in LIBPQ_VARIABLES.items() if given.get(name)}


def environment(dsn: str, schema: str = SCHEMA) -> dict[str, str]:
    """The variables by which dbt and our commands find the database and the views.

    Args:
        dsn: of the database.
        schema: of the views.
    """
    variables = libpq_variables(dsn) | {
        "STUCK_JOBS_SCHEMA": schema,
        "STUCK_JOBS_RAW_SCHEMA": f"{schema}_raw",
    }
    ours = ("PG", "DBT_", "STUCK_JOBS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | variables


def run_dbt(dsn: str, scratch: str, *arguments: str, root: Path = ROOT, schema: str = SCHEMA) -> None:
    """Run dbt as a user would, with the example profile.

    Args:
        dsn: of the database.
        scratch: a folder of `scratch_folder`.
        *arguments: of dbt.
        root: the project, of this commit or another one.
        schema: of its views; that of its raw tables is named after it.

    Raises:
        StuckJobsError: if it fails; that a gate is closed is no failure.
    """
    finished = subprocess.run(
        [
            Path(sys.executable).with_name("dbt"), *arguments, "--no-use-colors",
            "--project-dir", root, "--profiles-dir", scratch,
            "--target-path", f"{scratch}/target", "--log-path", f"{scratch}/logs",
        ],
        env=environment(dsn, schema),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    if finished.returncode > (GATE_CLOSED if arguments[0] == "build" else 0):
        raise StuckJobsError(f"dbt {arguments[0]} failed: {(finished.stdout + finished.stderr)[-2000:]}")
