"""How long detection takes on a pipeline of a given size, next to the analysis's own queries.

Run as `python -m benchmarks.detection --jobs 1000000`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import psycopg
from rich.console import Console

from benchmarks import population, project, report
from benchmarks.measurement import Connection, Measurement, Query, measure
from benchmarks.project import SCHEMA
from stuck_jobs.embedded import start_postgres

STATUS_QUERIES = (
    "analysis_created",
    "analysis_queued",
    "analysis_processing",
    "analysis_running",
    "analysis_running_unstarted",
)
EXECUTION_QUERY = "analysis_stuck_executions"
HISTORY_QUERY = "analysis_missing_executions"
LIVE_QUERIES = (*STATUS_QUERIES, EXECUTION_QUERY)

LIVE_VIEWS = ("stale_jobs", "unpublished_outbox", "stuck_executions")
ALL_LIVE_VIEWS = "the three together"

SERVER_SETTINGS = {
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_senders": "0",
    "max_wal_size": "16GB",
    "wal_level": "minimal",
}

console = Console()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--jobs", type=click.IntRange(min=1000), default=1_000_000, show_default=True, help="Closed jobs."
)
@click.option("--days", default=90, show_default=True, help="Length of the history.")
@click.option(
    "--outbox",
    type=click.Choice(["recent", "all"]),
    default="recent",
    show_default=True,
    help="Whether published messages are pruned after two days.",
)
@click.option(
    "--history", is_flag=True, help="Also the queries that read the whole history; minutes at 1 M jobs."
)
@click.option("--repetitions", type=click.IntRange(min=1), default=21, show_default=True)
@click.option("--jit/--no-jit", default=False, show_default=True, help="Whether queries may be compiled.")
@click.option(
    "--parallel/--no-parallel", default=False, show_default=True, help="Whether queries may start workers."
)
@click.option("--shared-buffers", default="4GB", show_default=True, help="Of the server that is started.")
@click.option("--dsn", help="Use this server instead; what an earlier run generated there is used again.")
@click.option("--keep", is_flag=True, help="Leave the server running and say how to reach it.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the results here."
)
def main(
    jobs: int, days: int, outbox: str, history: bool, repetitions: int, jit: bool, parallel: bool,
    shared_buffers: str, dsn: str | None, keep: bool, json_file: Path | None,
) -> None:  # fmt: skip
    """Generate a pipeline, build the views on it, and time them next to the analysis's own queries."""
    with _server(dsn, shared_buffers, keep) as server, psycopg.connect(server, autocommit=True) as connection:
        connection.prepare_threshold = None
        analysis = _prepare(connection, server, population.Size(jobs, days, outbox))
        connection.execute(f"set jit = {'on' if jit else 'off'}".encode())
        if not parallel:
            connection.execute("set max_parallel_workers_per_gather = 0")
        found, planted = _found(connection, history), population.planted(connection)
        measurements = _measure_all(connection, analysis, repetitions, history)
        summary = report.circumstances(connection) | {
            "rows": population.row_counts(connection),
            "planted": planted,
            "found": found,
        }
    report.show(console, measurements)
    if json_file:
        report.write(json_file, summary, measurements)
    wrong = sorted(point for point, items in found.items() if items != planted[point])
    if wrong:
        raise click.ClickException(f"the views do not find what was planted: {', '.join(wrong)}")


def _prepare(connection: Connection, server: str, size: population.Size) -> dict[str, str]:
    """Make the source and the views; the analysis's queries by name."""
    if not population.exists(connection):
        with console.status("generating") as status:
            population.generate(connection, size, status.update)
    with console.status("building the views"):
        analysis = project.build(server)
    with console.status("bringing the live rows up to the present"):
        population.freshen(connection)
    return analysis


@contextmanager
def _server(dsn: str | None, shared_buffers: str, keep: bool) -> Iterator[str]:
    """The server to measure on, as a connection string."""
    if dsn:
        yield dsn
        return
    server = start_postgres(SERVER_SETTINGS | {"shared_buffers": shared_buffers})
    try:
        yield server.dsn
    finally:
        if keep:
            console.print(f"Kept. Again: --dsn '{server.dsn}'\nStop: {server.stop_command}", soft_wrap=True)
        else:
            server.stop()


def _found(connection: Connection, history: bool) -> dict[str, int]:
    """How many items the live views list under each point, and how many jobs lack executions."""
    live = " union all ".join(f"select accumulation_point from {SCHEMA}.{view}" for view in LIVE_VIEWS)
    counts = f"select accumulation_point, count(*) from ({live}) as items group by accumulation_point"
    if history:
        counts += (
            " union all select 'jobs_lacking_executions', count(distinct job_id)"
            f" from {SCHEMA}.missing_executions_v2"
        )
    return dict(connection.execute(counts.encode()).fetchall())


def _measure_all(
    connection: Connection, analysis: dict[str, str], repetitions: int, history: bool
) -> list[Measurement]:
    """Measure theirs and ours, the quick ones first: meanwhile the live rows grow older."""
    queries = [Query(name, (analysis[name],)) for name in LIVE_QUERIES]
    queries += _live_views()
    if history:
        queries += [Query(HISTORY_QUERY, (analysis[HISTORY_QUERY],)), *_history_views()]
    with console.status("measuring") as status:
        measurements = []
        for query in queries:
            status.update(f"measuring: {query.name}")
            measurements.append(measure(connection, query, repetitions))
        return measurements


def _live_views() -> list[Query]:
    statements = {view: f"select * from {SCHEMA}.{view}" for view in LIVE_VIEWS}
    return [
        Query("stale_jobs", (statements["stale_jobs"],), STATUS_QUERIES),
        Query("unpublished_outbox", (statements["unpublished_outbox"],)),
        Query("stuck_executions", (statements["stuck_executions"],), (EXECUTION_QUERY,)),
        Query(ALL_LIVE_VIEWS, tuple(statements.values()), LIVE_QUERIES),
    ]


def _history_views() -> list[Query]:
    everything: tuple[str, ...] = (*LIVE_QUERIES, HISTORY_QUERY)
    return [
        Query("missing_executions_v1", (f"select * from {SCHEMA}.missing_executions_v1",), (HISTORY_QUERY,)),
        Query("missing_executions_v2", (f"select * from {SCHEMA}.missing_executions_v2",), (HISTORY_QUERY,)),
        Query("accumulation_points", (f"select * from {SCHEMA}.accumulation_points",), everything),
    ]


if __name__ == "__main__":
    main()
