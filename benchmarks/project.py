"""The dbt project, built into the database that is measured."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from stuck_jobs.errors import StuckJobsError

ROOT = Path(__file__).resolve().parents[1]
# Schemas of their own, made anew each time, so that a kept server can measure another version of the views.
SCHEMA = "benchmark_views"
RAW_SCHEMA = "benchmark_raw"
LIBPQ_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
}


def build(dsn: str) -> dict[str, str]:
    """Build the views, and compile the analysis's own queries.

    The history of runs is left out: filling it would run every detection over the whole history.

    Returns:
        The analysis's queries by name.
    """
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"drop schema if exists {SCHEMA}, {RAW_SCHEMA} cascade".encode())
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copy(ROOT / "profiles.example.yml", Path(scratch) / "profiles.yml")
        _dbt(dsn, scratch, "run", "--exclude", "accumulation_history")
        _dbt(dsn, scratch, "compile", "--select", "resource_type:analysis")
        compiled = Path(scratch) / "target" / "compiled" / "stuck_jobs" / "analyses"
        return {path.stem: path.read_text() for path in sorted(compiled.glob("analysis_*.sql"))}


def _dbt(dsn: str, scratch: str, *arguments: str) -> None:
    """Run dbt as a user would, with the example profile."""
    connection = conninfo_to_dict(dsn)
    variables = {
        variable: str(connection[name]) for name, variable in LIBPQ_VARIABLES.items() if connection.get(name)
    }
    variables |= {"STUCK_JOBS_SCHEMA": SCHEMA, "STUCK_JOBS_RAW_SCHEMA": RAW_SCHEMA}
    ours = ("PG", "DBT_", "STUCK_JOBS_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    finished = subprocess.run(
        [
            Path(sys.executable).with_name("dbt"), *arguments, "--no-use-colors",
            "--project-dir", ROOT, "--profiles-dir", scratch,
            "--target-path", f"{scratch}/target", "--log-path", f"{scratch}/logs",
        ],
        env=inherited | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    if finished.returncode != 0:
        raise StuckJobsError(f"dbt {arguments[0]} failed: {(finished.stdout + finished.stderr)[-2000:]}")
