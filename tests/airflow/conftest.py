"""A throw-away Airflow; `make test-airflow` runs these tests in its environment, in `stuck-jobs sandbox`."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DAGS = ROOT / "orchestration" / "airflow"
PROGRAMS = Path(os.environ.get("STUCK_JOBS_BIN") or ROOT / ".venv" / "bin")
QUIET = {"AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False", "DO_NOT_TRACK": "true", "SCARF_ANALYTICS": "false"}
"""So that nobody is told about a test."""


@dataclass(frozen=True)
class Run:
    """What became of a run of a DAG.

    Attributes:
        exit_code: of `airflow dags test`.
        state: of the run.
        tasks: the state of each task, by its name.
        output: of the tasks, and Airflow's own.
    """

    exit_code: int
    state: str
    tasks: dict[str, str | None]
    output: str


@dataclass(frozen=True)
class Airflow:
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return dict(os.environ) | QUIET | {
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DEFAULT_TASK_RETRIES": "5",  # as a user may have it
            "STUCK_JOBS_BIN": str(PROGRAMS),
        }  # fmt: skip

    def call(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [Path(sys.executable).with_name("airflow"), *arguments],
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=1800,
            check=False,
        )

    def python(self, script: str) -> str:
        """Run a script in Airflow's Python, and return what it prints."""
        return subprocess.run(
            [sys.executable, "-c", script],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            timeout=600,
            check=True,
        ).stdout

    def run(self, dag: str, settings: dict[str, object] | None = None, **variables: str) -> Run:
        """Run a DAG once.

        Args:
            dag: its name.
            settings: its parameters.
            **variables: of the environment.
        """
        finished = self.call("dags", "test", dag, "--conf", json.dumps(settings or {}), **variables)
        with closing(sqlite3.connect(self.home / "airflow.db")) as database:
            last = "from dag_run where dag_id = ? order by id desc limit 1"
            state = database.execute(f"select state {last}", [dag]).fetchone()
            tasks = database.execute(
                "select task_id, state from task_instance"
                f" where dag_id = ? and run_id = (select run_id {last})",
                [dag, dag],
            ).fetchall()
        assert state is not None, finished.stdout
        return Run(finished.returncode, state[0], dict(tasks), finished.stdout)


def python(*arguments: str | Path) -> None:
    """Run the project's own Python."""
    subprocess.run([PROGRAMS / "python", *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, check=True)


def execute(statement: str) -> None:
    """Execute a statement on the watched database."""
    python("-c", f"import psycopg; psycopg.connect(autocommit=True).execute({statement!r})")


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Airflow:
    assert "REDIS_URL" in os.environ, "run these tests inside stuck-jobs sandbox: make test-airflow"
    subprocess.run([PROGRAMS / "dbt", "--quiet", "parse"], cwd=ROOT, stdin=subprocess.DEVNULL, check=True)
    made = Airflow(tmp_path_factory.mktemp("airflow"))
    migrated = made.call("db", "migrate")
    assert migrated.returncode == 0, migrated.stdout
    return made


@pytest.fixture
def healthy_pipeline() -> None:
    python(Path(__file__).with_name("load_pipeline.py"), "--healthy")


@pytest.fixture
def broken_pipeline() -> None:
    python(Path(__file__).with_name("load_pipeline.py"))
