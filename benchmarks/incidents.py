"""What it takes to ask what broke, and why one job is stuck.

Run as `python -m benchmarks.incidents`: over 1 M closed jobs, in peace, and with 50,000 stuck
half-way or queued.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import click
import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks import population, project, report
from benchmarks.against import SITUATIONS, situation
from benchmarks.detection import populated
from benchmarks.measurement import Connection, asking_session, in_turns
from benchmarks.project import SCHEMA

QUESTIONS = {
    "stuck_items, counted": f"select count(*) from {SCHEMA}.stuck_items",
    "stuck_items, read": f"select * from {SCHEMA}.stuck_items",
    "incidents": f"select * from {SCHEMA}.incidents",
    "incident_items, read": f"select * from {SCHEMA}.incident_items",
    "what recovery would do": f"select * from {SCHEMA}.int_recovery_plan",
}
JOBS = {
    "closed": "select max(id) from jobs where status = 'completed'",
    "stuck": f"select max(entity_id) from {SCHEMA}.stuck_items where accumulation_point = 'job_processing'",
}

console = Console(width=report.WIDTH)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--jobs", type=click.IntRange(min=1000), default=1_000_000, show_default=True, help="Closed jobs."
)
@click.option(
    "--incident", type=click.IntRange(min=1), default=50_000, show_default=True, help="Jobs that get stuck."
)
@click.option("--repetitions", type=click.IntRange(min=1), default=9, show_default=True)
@click.option("--shared-buffers", default="4GB", show_default=True)
@click.option("--dsn", help="Use this server; what an earlier run generated there is used again.")
@click.option("--keep", is_flag=True, help="Leave the server running and say how to reach it.")
def main(
    jobs: int, incident: int, repetitions: int, shared_buffers: str, dsn: str | None, keep: bool
) -> None:
    """Measure the views of incidents beside the stuck items, and `stuck-jobs why` as a whole process."""
    with populated(dsn, shared_buffers, keep, jobs) as (running, connection):
        population.continue_ids(connection)
        with console.status("building"):
            project.build_views(running.dsn)
        for name, file in SITUATIONS.items():
            with console.status(f"measuring: {name}"), situation(connection, file, incident):
                views = _measure_views(running.dsn, repetitions)
                commands = _measure_why(running.dsn, repetitions)
            _show(name, views, commands)


def _measure_views(dsn: str, repetitions: int) -> dict[str, float]:
    """Ask each question in turn; medians in milliseconds."""
    with asking_session(dsn) as connection:
        return in_turns(
            {name: partial(_ask, connection, query) for name, query in QUESTIONS.items()}, repetitions
        )


def _ask(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def _measure_why(dsn: str, repetitions: int) -> dict[str, float]:
    """Call the command for a closed job and for a stuck one, in turns; medians in milliseconds."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        jobs = {state: str(_ask(connection, query)[0][0]) for state, query in JOBS.items()}
    with project.scratch_folder() as scratch:
        environment = project.environment(dsn) | {"DBT_PROFILES_DIR": scratch}
        return in_turns(
            {state: partial(_call_why, job, environment) for state, job in jobs.items()}, repetitions
        )


def _call_why(job: str, environment: dict[str, str]) -> None:
    subprocess.run(
        [Path(sys.executable).with_name("stuck-jobs"), "why", job],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip


def _show(name: str, views: dict[str, float], commands: dict[str, float]) -> None:
    table = Table("question", "ms", "of stuck_items, counted", title=f"{name}, on {os.cpu_count()} cores")
    counted = views["stuck_items, counted"]
    for question, took in views.items():
        table.add_row(question, f"{took:.0f}", f"{took / counted:.2f}")
    for state, took in commands.items():
        table.add_row(f"stuck-jobs why, of a {state} job", f"{took:.0f}", "")
    console.print(table)


if __name__ == "__main__":
    main()
