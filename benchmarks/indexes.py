"""What an index that the source lacks would give the checks, and what it would cost the writers.

Run as `python -m benchmarks.indexes`, on a pipeline whose outbox is never pruned.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import psycopg
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import detection, population, writers
from benchmarks.measurement import Connection, Query, measure
from benchmarks.project import SCHEMA

INDEXES = {
    "none of them": "",
    "unpublished": "create index optional on outbox (created_at) where published_at is null",
    "by creation": "create index optional on outbox (created_at)",
    "both": (
        "create index optional on outbox (created_at) where published_at is null;"
        "create index optional_too on outbox (created_at)"
    ),
}
DROP = "drop index if exists optional, optional_too"
VIEWS = ("unpublished_outbox", "stale_jobs", "accumulation_points")


@dataclass(frozen=True)
class Effect:
    """What an index changes.

    Attributes:
        view_ms: the median time of each view.
        jobs_per_second: that the writers took from created to completed.
        p99_ms: of a job's whole way.
        megabytes: that the index takes.
    """

    view_ms: dict[str, float]
    jobs_per_second: float
    p99_ms: float
    megabytes: float


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--jobs", type=click.IntRange(min=1000), default=1_000_000, show_default=True, help="Closed jobs."
)
@click.option("--seconds", default=60, show_default=True, help="How long the writers work.")
@click.option("--clients", default=4, show_default=True, help="Writers.")
@click.option("--repetitions", type=click.IntRange(min=1), default=21, show_default=True)
@click.option("--shared-buffers", default="4GB", show_default=True, help="Of a server that is started.")
@click.option("--dsn", help="Use this server, with pgbench from the PATH.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the results here."
)
def main(
    jobs: int, seconds: int, clients: int, repetitions: int, shared_buffers: str, dsn: str | None,
    json_file: Path | None,
) -> None:  # fmt: skip
    """Measure optional indexes, each by itself."""
    console = Console(width=110)
    with (
        detection.server(dsn, shared_buffers, keep=False) as running,
        psycopg.connect(running.dsn, autocommit=True) as connection,
    ):
        connection.prepare_threshold = None
        detection.prepare(connection, running.dsn, population.Size(jobs, outbox="all"))
        population.continue_ids(connection)
        for setting in ("jit = off", "max_parallel_workers_per_gather = 0"):
            connection.execute(f"set {setting}".encode())
        views = {name: _views(connection, statement, repetitions) for name, statement in INDEXES.items()}
        command = [running.pgbench, "--time", str(seconds), "--client", str(clients)]
        effects = {}
        for name, statement in INDEXES.items():
            console.print(f"writers, {name}, {seconds} s")
            with _indexed(connection, statement):
                worked = writers.work(running.dsn, command, writers.nobody)
                effects[name] = Effect(
                    views[name], worked.jobs_per_second, worked.p99_ms, _megabytes(connection)
                )
    _show(console, effects)
    if json_file:
        json_file.write_text(
            json.dumps({name: asdict(one) for name, one in effects.items()}, indent=2) + "\n"
        )


@contextmanager
def _indexed(connection: Connection, statement: str) -> Iterator[None]:
    """With an index for the length of a `with` block."""
    if statement:
        connection.execute(statement.encode())
        connection.execute("vacuum (analyze) outbox")
    try:
        yield
    finally:
        connection.execute(DROP)


def _views(connection: Connection, statement: str, repetitions: int) -> dict[str, float]:
    """The median time of each view, with an index."""
    with _indexed(connection, statement):
        return {
            view: measure(connection, Query(view, (f"select * from {SCHEMA}.{view}",)), repetitions).median_ms
            for view in VIEWS
        }


def _megabytes(connection: Connection) -> float:
    row = connection.execute(
        "select sum(pg_relation_size(oid))::float8 from pg_class where relname like 'optional%'"
    ).fetchone()
    return round((row[0] or 0) / 1e6, 3) if row else 0.0


def _show(console: Console, effects: dict[str, Effect]) -> None:
    table = Table(title="Optional indexes of the outbox", box=box.SIMPLE_HEAD)
    table.add_column("index", no_wrap=True)
    for view in VIEWS:
        table.add_column(f"{view}, ms", justify="right")
    for heading in ("MB", "jobs/s", "p99 ms"):
        table.add_column(heading, justify="right")
    for name, one in effects.items():
        times = [f"{one.view_ms[view]:,.1f}" for view in VIEWS]
        table.add_row(
            name, *times, f"{one.megabytes:,.1f}", f"{one.jobs_per_second:,.1f}", f"{one.p99_ms:,.1f}"
        )
    console.print(table)


if __name__ == "__main__":
    main()
