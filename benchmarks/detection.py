"""How long detection takes, next to the analysis's own queries, and how that grows with the history.

Run as `python -m benchmarks.detection`: a pipeline of 1 M closed jobs and one of a tenth of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import psycopg
from rich.console import Console

from benchmarks import population, project, report
from benchmarks.measurement import Connection, Measurement, Query, measure
from benchmarks.project import SCHEMA
from benchmarks.report import Result
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
PREPARED = "prepared"

TRAFFIC = 50
"""Closed jobs that an incremental run has to judge: five minutes of the pipeline."""

SERVER_SETTINGS = {
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_senders": "0",
    "max_wal_size": "16GB",
    "wal_level": "minimal",
}

console = Console(width=report.WIDTH)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--jobs", type=click.IntRange(min=1000), default=1_000_000, show_default=True, help="Closed jobs."
)
@click.option(
    "--small",
    type=click.IntRange(min=1000),
    help="Closed jobs of the pipeline that growth is measured against.  [default: a tenth of --jobs]",
)
@click.option("--alone", is_flag=True, help="Only the one size.")
@click.option("--days", default=90, show_default=True, help="Length of the history.")
@click.option(
    "--outbox",
    type=click.Choice(["recent", "all"]),
    default="recent",
    show_default=True,
    help="Whether published messages are pruned after two days.",
)
@click.option(
    "--history",
    is_flag=True,
    help="Also missing_executions v1, which reads the whole history; seconds at 1 M jobs.",
)
@click.option("--repetitions", type=click.IntRange(min=1), default=21, show_default=True)
@click.option("--jit/--no-jit", default=False, show_default=True, help="Whether queries may be compiled.")
@click.option(
    "--parallel/--no-parallel", default=False, show_default=True, help="Whether queries may start workers."
)
@click.option("--shared-buffers", default="4GB", show_default=True, help="Of a server that is started.")
@click.option("--dsn", help="Use this server alone; what an earlier run generated there is used again.")
@click.option("--keep", is_flag=True, help="Leave the servers running and say how to reach them.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the results here."
)
@click.option(
    "--svg",
    "svg_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the table here, as a picture.",
)
def main(
    jobs: int, small: int | None, alone: bool, days: int, outbox: str, history: bool, repetitions: int,
    jit: bool, parallel: bool, shared_buffers: str, dsn: str | None, keep: bool,
    json_file: Path | None, svg_file: Path | None,
) -> None:  # fmt: skip
    """Generate pipelines, build the views on them, and time them next to the analysis's own queries."""
    sizes = [jobs] if alone or dsn else [small or max(jobs // 10, 1000), jobs]
    results = []
    for size in sizes:
        with (
            server(dsn, shared_buffers, keep) as running,
            psycopg.connect(running.dsn, autocommit=True) as connection,
        ):
            connection.prepare_threshold = None
            analysis = prepare(connection, running.dsn, population.Size(size, days, outbox))
            connection.execute(f"set jit = {'on' if jit else 'off'}".encode())
            if not parallel:
                connection.execute("set max_parallel_workers_per_gather = 0")
            results.append(_measure_all(connection, running.dsn, analysis, repetitions, history))
    report.show(console, results)
    if json_file:
        report.write(json_file, results)
    if svg_file:
        report.draw(svg_file, results)
    if wrong := sorted({point for result in results for point in result.wrong}):
        raise click.ClickException(f"the views do not find what was planted: {', '.join(wrong)}")


def prepare(connection: Connection, dsn: str, size: population.Size) -> dict[str, str]:
    """Make the source and the views; the analysis's queries by name."""
    fill(connection, size)
    with console.status("building the views, and judging the history"):
        analysis = project.build(dsn)
    with console.status("bringing the live rows up to the present"):
        population.freshen(connection)
    return analysis


def fill(connection: Connection, size: population.Size) -> None:
    """Generate the pipeline, unless an earlier run did."""
    if not population.exists(connection):
        with console.status("generating") as status:
            population.generate(connection, size, status.update)


@contextmanager
def populated(
    dsn: str | None, shared_buffers: str, keep: bool, jobs: int
) -> Iterator[tuple[Server, Connection]]:
    """A server with a pipeline, and a connection to it, for the length of a `with` block.

    Args:
        dsn: of a server that runs already, if any.
        shared_buffers: of one that is started.
        keep: leave it running, and say how to reach it.
        jobs: closed ones.
    """
    with (
        server(dsn, shared_buffers, keep) as running,
        psycopg.connect(running.dsn, autocommit=True) as connection,
    ):
        fill(connection, population.Size(jobs))
        yield running, connection


@dataclass(frozen=True)
class Server:
    """A PostgreSQL to measure on.

    Attributes:
        dsn: its libpq connection string.
        pgbench: the program that goes with it.
    """

    dsn: str
    pgbench: str


@contextmanager
def server(dsn: str | None, shared_buffers: str, keep: bool) -> Iterator[Server]:
    """The server to measure on for the length of a `with` block.

    Args:
        dsn: of one that runs already, if any.
        shared_buffers: of one that is started.
        keep: leave it running, and say how to reach it.
    """
    if dsn:
        yield Server(dsn, "pgbench")
        return
    started = start_postgres(SERVER_SETTINGS | {"shared_buffers": shared_buffers})
    try:
        yield Server(started.dsn, str(started.binaries / "pgbench"))
    finally:
        if keep:
            console.print(f"Kept. Again: --dsn '{started.dsn}'\nStop: {started.stop_command}", soft_wrap=True)
        else:
            started.stop()


def _measure_all(
    connection: Connection, dsn: str, analysis: dict[str, str], repetitions: int, history: bool
) -> Result:
    """Measure theirs and ours, the quick ones first: meanwhile the live rows grow older."""
    planted = population.planted(connection)
    found = _found(connection)
    with console.status("measuring: an incremental run"):
        population.traffic(connection, TRAFFIC)
        run = project.judge(dsn)
    with console.status("measuring") as status:
        measurements: list[Measurement] = []
        for query in _queries(connection, analysis, history):
            status.update(f"measuring: {query.name}")
            measurements.append(measure(connection, query, repetitions))
    return Result(
        circumstances=report.circumstances(connection),
        rows=population.row_counts(connection),
        planted=planted,
        found=found,
        run=run,
        measurements=measurements,
    )


def _found(connection: Connection) -> dict[str, int]:
    """How many items the views list under each point, and how many jobs lack executions."""
    live = " union all ".join(f"select accumulation_point from {SCHEMA}.{view}" for view in LIVE_VIEWS)
    counts = f"""
        select accumulation_point, count(*) from ({live}) as items group by accumulation_point
        union all
        select 'jobs_lacking_executions', count(distinct job_id) from {SCHEMA}.missing_executions_v2
    """
    return dict(connection.execute(counts.encode()).fetchall())


def _queries(connection: Connection, analysis: dict[str, str], history: bool) -> Iterator[Query]:
    everything: tuple[str, ...] = (*LIVE_QUERIES, HISTORY_QUERY)
    views = {view: f"select * from {SCHEMA}.{view}" for view in (*LIVE_VIEWS, "missing_executions")}
    summary = f"select * from {SCHEMA}.accumulation_points"
    connection.execute(f"prepare {PREPARED} as {summary}".encode())

    for name in LIVE_QUERIES:
        yield Query(name, (analysis[name],))
    yield Query("stale_jobs", (views["stale_jobs"],), STATUS_QUERIES)
    yield Query("unpublished_outbox", (views["unpublished_outbox"],))
    yield Query("stuck_executions", (views["stuck_executions"],), (EXECUTION_QUERY,))
    yield Query(ALL_LIVE_VIEWS, tuple(views[view] for view in LIVE_VIEWS), LIVE_QUERIES)
    yield Query("missing_executions", (views["missing_executions"],), (HISTORY_QUERY,))
    yield Query("accumulation_points", (summary,), everything)
    yield Query("accumulation_points, prepared", (f"execute {PREPARED}",), everything)
    yield Query(HISTORY_QUERY, (analysis[HISTORY_QUERY],))
    if history:
        v1 = f"select * from {SCHEMA}.missing_executions_v1"
        yield Query("missing_executions_v1", (v1,), (HISTORY_QUERY,))


if __name__ == "__main__":
    main()
