from __future__ import annotations

import gc
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from dbt.cli.main import dbtRunner
from hypothesis import HealthCheck, settings
from psycopg import sql

import stuck_jobs
from stuck_jobs import embedded

ROOT = Path(__file__).resolve().parents[2]
SOURCE_SCHEMA = Path(stuck_jobs.__file__).with_name("source_schema.sql").read_text()

_common = {
    "deadline": None,
    "max_examples": 100,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}
settings.register_profile("local", **_common)
settings.register_profile("ci", **_common | {"max_examples": 50}, derandomize=True, database=None)
settings.register_profile("brief", settings.get_profile("ci"), max_examples=10)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "local"))

gc.set_threshold(200_000, 50, 100)
"""dbt makes objects by the million, which the default has the collector look at again and again."""


@dataclass(frozen=True)
class Outcome:
    exit_code: int
    output: str


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@dataclass(frozen=True)
class Warehouse:
    """A database on the embedded server, and dbt aimed at one schema of it."""

    libpq: dict[str, str]
    scratch: Path
    schema: str = "stuck_jobs"

    def in_schema(self, schema: str) -> Warehouse:
        return Warehouse(self.libpq, self.scratch, schema)

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=self.libpq["PGHOST"],
            port=self.libpq["PGPORT"],
            user=self.libpq["PGUSER"],
            dbname=self.libpq["PGDATABASE"],
            options=f"-c search_path={self.schema},public -c jit=off",
            **options,
        )

    def execute(self, *statements: str) -> None:
        with self.connect(autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return connection.execute(query).fetchall()

    def run_dbt(
        self,
        *arguments: str,
        variables: dict[str, Any] | None = None,
        project: Path = ROOT,
        target: Path | None = None,
        own_process: bool = False,
        **extra: str,
    ) -> Outcome:
        """Run dbt as a user would; our project without Redis unless told otherwise.

        Args:
            *arguments: of dbt.
            variables: of dbt.
            project: its directory.
            target: where dbt writes; by default a place for each set of variables, so that it need not parse
                the project anew when they take turns.
            own_process: whether dbt runs in a process of its own.
            **extra: variables of the environment.
        """
        chosen_variables = ({"redis_enabled": False} if project == ROOT else {}) | (variables or {})
        given = yaml.safe_dump(chosen_variables, default_flow_style=True, width=math.inf)
        key = sha256(f"{project} {given} {self.schema} {extra}".encode()).hexdigest()[:8]
        output = str(target or self.scratch / f"target-{key}")
        command = [
            *arguments, "--project-dir", str(project), "--profiles-dir", str(self.scratch),
            "--target-path", output, "--log-path", output, "--no-use-colors", "--vars", given,
        ]  # fmt: skip
        if target is None:
            command.append("--no-write-json")
        variables_of_ours = ("PG", "DBT_", "STUCK_JOBS_")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(variables_of_ours)}
        chosen = inherited | self.libpq | {"STUCK_JOBS_SCHEMA": self.schema} | extra
        return _in_own_process(command, chosen) if own_process else _in_this_process(command, chosen)


def _in_own_process(command: list[str], variables: dict[str, str]) -> Outcome:
    dbt = Path(sys.executable).with_name("dbt")
    finished = subprocess.run(
        [dbt, *command], env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return Outcome(finished.returncode, finished.stdout + finished.stderr)


def _in_this_process(command: list[str], variables: dict[str, str]) -> Outcome:
    messages: list[str] = []

    def keep(event: Any) -> None:
        if event.info.level in ("info", "warn", "error"):
            messages.append(event.info.msg)

    with environment(variables):
        result = dbtRunner(callbacks=[keep]).invoke(command)
    if result.exception is not None:
        messages.append(str(result.exception))
    exit_code = 0 if result.success else 1 if result.exception is None else 2
    return Outcome(exit_code, "\n".join(messages))


def copy_project(directory: Path) -> Path:
    """Copy the files that git knows, as a fresh clone has them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, directory / name)
    return directory


@pytest.fixture(scope="session")
def server() -> Iterator[embedded.Postgres]:
    with embedded.postgres() as running:
        yield running


@pytest.fixture(scope="session")
def new_warehouse(
    server: embedded.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Warehouse]:
    """Makes databases with the empty source tables, where orphaned executions can exist."""
    numbers = count(1)

    def make() -> Warehouse:
        name = f"watched_{next(numbers)}"
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        scratch = tmp_path_factory.mktemp("dbt")
        (scratch / "profiles.yml").write_text((ROOT / "profiles.example.yml").read_text())
        warehouse = Warehouse(server.environment | {"PGDATABASE": name}, scratch)
        warehouse.execute(SOURCE_SCHEMA, "alter table executions drop constraint executions_job_id_fkey")
        return warehouse

    return make


@pytest.fixture(scope="session")
def built(new_warehouse: Callable[[], Warehouse]) -> Warehouse:
    """The views over an empty source; what a test inserts it must roll back."""
    warehouse = new_warehouse()
    outcome = warehouse.run_dbt("run")
    assert outcome.exit_code == 0, outcome.output
    return warehouse


@pytest.fixture(scope="session")
def session(built: Warehouse) -> Iterator[psycopg.Connection[Any]]:
    """One connection for all, which plans each query once."""
    with built.connect(prepare_threshold=0) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def connection(session: psycopg.Connection[Any]) -> Iterator[psycopg.Connection[Any]]:
    session.rollback()
    yield session
    session.rollback()
