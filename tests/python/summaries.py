"""A summary that a test can set, in place of the view that dbt built, and the commands that read it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conftest import ROOT, Outcome, Warehouse, run_command

from stuck_jobs.expectations.contract import registered_points

POINTS = sorted(point for point, fields in registered_points(ROOT).items() if fields["enabled"])
COMMAND = Path(sys.executable).with_name("stuck-jobs")
WITH_REDIS = {"redis_enabled": True}


@dataclass(frozen=True)
class Controlled:
    """All points that the pipeline proves, in a summary that reads a table."""

    warehouse: Warehouse

    @contextmanager
    def where(self, *statements: str) -> Iterator[None]:
        """Change the table `summary`, in which every point is ok, for the length of a `with` block."""
        self.warehouse.execute(*statements)
        try:
            yield
        finally:
            self.warehouse.execute("truncate summary", "insert into summary select * from all_ok")

    def run(self, *arguments: str, **variables: str | None) -> Outcome:
        """A command in this process."""
        return run_command(arguments, self.environment(variables))

    def run_apart(self, command: Sequence[str | Path], **variables: str) -> subprocess.CompletedProcess[str]:
        """A command in a process of its own."""
        env = {
            name: value
            for name, value in (os.environ | self.environment(variables)).items()
            if value is not None
        }
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    def run_gate_tests(self, severity: str) -> tuple[int, set[str]]:
        """The exit code of dbt's gate tests, all of a severity, and the points that they name."""
        outcome = self.warehouse.run_dbt(
            "test", "--select", "tag:gate",
            variables=WITH_REDIS | {"thresholds": {point: {"severity": severity} for point in POINTS}},
        )  # fmt: skip
        named = re.findall(r"(?:Failure|Warning) in test gate_(\w+)", outcome.output)
        return outcome.exit_code, set(named)

    def environment(self, variables: dict[str, str | None]) -> dict[str, str | None]:
        """What makes the commands read this summary; None is a variable to clear."""
        cleared = {name: None for name in os.environ if name.startswith(("PG", "DBT_", "STUCK_JOBS_"))}
        profiles = str(self.warehouse.scratch)
        ours = {"DBT_PROFILES_DIR": profiles, "STUCK_JOBS_SCHEMA": self.warehouse.schema, "COLUMNS": "120"}
        return cleared | self.warehouse.libpq | ours | variables


@cache
def control(new_built_warehouse: Callable[..., Warehouse], *, has_items: bool = True) -> Controlled:
    """All points, each of them ok; built once for all modules.

    Args:
        new_built_warehouse: the fixture.
        has_items: whether what is stuck is listed, which each new session takes long to plan.
    """
    warehouse = new_built_warehouse(**WITH_REDIS)
    warehouse.execute(
        "create table all_ok as select * from accumulation_points",
        """
        update all_ok set
            state = 'ok', stuck_count = 0, max_count = 0,
            oldest_stuck_since = null, oldest_age_seconds = null,
            severity = 'error', evidence_at = now(), evidence = null
        """,
        "create table summary as select * from all_ok",
        "create or replace view accumulation_points_v1 as select * from summary",
    )
    for view in () if has_items else ("stuck_items_v1", "incidents_v1"):
        warehouse.execute(
            f"create table no_{view} as select * from {view} with no data",
            f"create or replace view {view} as select * from no_{view}",
        )
    return Controlled(warehouse)
