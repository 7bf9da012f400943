"""How long a check takes on a Citus cluster, next to plain PostgreSQL on the same machine in the same run.

Run as `python -m benchmarks.cluster --url "$CITUS_URL"`: 32,500 jobs, and a tenth of it.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial

import click
from psycopg.conninfo import conninfo_to_dict
from rich.console import Console
from rich.table import Table

from benchmarks import project
from benchmarks.clusters import LAYOUTS, PLAIN, Database, database
from benchmarks.measurement import in_turns, processor_seconds
from stuck_jobs.demo.generator import Pipeline, generate
from stuck_jobs.demo.load import load
from stuck_jobs.profile import Profile, connect
from stuck_jobs.watch.check import check

VIEWS = "stuck_jobs"
PROTECTED = "public\t-c\tjit=off\t-c\tmax_parallel_workers_per_gather=0"

console = Console()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--url", envvar="CITUS_URL", required=True, help="Of a database of the coordinator.")
@click.option("--jobs", type=click.IntRange(min=1000), default=32_500, show_default=True)
@click.option("--repetitions", type=click.IntRange(min=1), default=15, show_default=True)
def main(url: str, jobs: int, repetitions: int) -> None:
    """Time a check of the same pipeline on plain PostgreSQL and in both layouts of a cluster, in turns."""
    table = Table("jobs", "layout", "", "check, ms", "to plain", "to a tenth")
    fewer = _measure(url, jobs // 10, repetitions)
    more = _measure(url, jobs, repetitions)
    for size, measured in ((jobs // 10, fewer), (jobs, more)):
        for what, checks in measured.items():
            for layout, taken in checks.items():
                growth = f"{taken / fewer[what][layout]:.2f}" if measured is more else ""
                ratio = f"{taken / checks[PLAIN]:.2f}"
                table.add_row(f"{size:,}", layout, what, f"{taken:.0f}", ratio, growth)
    console.print(table)


def _measure(url: str, jobs: int, repetitions: int) -> dict[str, dict[str, float]]:
    """The median of the milliseconds that a check takes, and of those on a processor, by layout."""
    pipeline = generate(datetime.now(UTC), 1, jobs, False)
    with ExitStack() as stack:
        made = {layout: stack.enter_context(database(url, layout)) for layout in (PLAIN, *LAYOUTS)}
        for layout, one in made.items():
            with console.status(f"{jobs:,} jobs, {layout}"):
                _prepare(one, pipeline)
        connections = {layout: stack.enter_context(connect(_profile(one))) for layout, one in made.items()}
        checks = {layout: partial(check, one, VIEWS) for layout, one in connections.items()}
        names = {layout: str(one.info.dbname) for layout, one in connections.items()}
        return {
            "by the clock": in_turns(checks, repetitions),
            "by the processor": in_turns(
                checks, repetitions, clock=lambda layout: processor_seconds(names[layout])
            ),
        }


def _prepare(made: Database, pipeline: Pipeline) -> None:
    with made.connected() as connection:
        connection.autocommit = False
        load(connection, pipeline)
    variables = json.dumps({"source_schema": made.schema, "redis_enabled": False})
    with project.scratch_folder() as scratch:
        project.run_dbt(made.dsn, scratch, "run", "--vars", variables, schema=VIEWS)


def _profile(made: Database) -> Profile:
    given = conninfo_to_dict(made.dsn)
    return Profile(
        host=str(given.get("host", "localhost")),
        port=int(str(given.get("port", 5432))),
        user=str(given.get("user", "postgres")),
        password=str(given.get("password", "")),
        dbname=str(given["dbname"]),
        schema=VIEWS,
        search_path=PROTECTED,
    )


if __name__ == "__main__":
    main()
