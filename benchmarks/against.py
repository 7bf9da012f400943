"""What the summary takes beside an earlier commit's, in peace and in an incident: in one database, in turns.

Run as `python -m benchmarks.against d47a5b9`.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click
import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks import population, project, report
from benchmarks.detection import server
from benchmarks.measurement import Connection
from benchmarks.project import ROOT, SCHEMA

EARLIER_SCHEMA = "benchmark_earlier"
SUMMARY = "select * from {}.accumulation_points"
SITUATIONS = {
    "quiet": None,
    "stuck half-way": "half_way.sql",
    "queued, messages published": "queued.sql",
}
WAYS = ("unprepared", "prepared", "first of a session")

console = Console(width=report.WIDTH)


@dataclass(frozen=True)
class Pair:
    """Medians of the same work, in milliseconds.

    Attributes:
        earlier_ms: by the earlier commit.
        now_ms: by this one.
    """

    earlier_ms: float
    now_ms: float

    @property
    def ratio(self) -> float:
        """How many times as fast this one is."""
        return self.earlier_ms / self.now_ms


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("revision")
@click.option(
    "--jobs", type=click.IntRange(min=1000), default=1_000_000, show_default=True, help="Closed jobs."
)
@click.option(
    "--incident", type=click.IntRange(min=1), default=50_000, show_default=True, help="Jobs that get stuck."
)
@click.option("--repetitions", type=click.IntRange(min=1), default=15, show_default=True)
@click.option("--shared-buffers", default="4GB", show_default=True)
@click.option("--dsn", help="Use this server; what an earlier run generated there is used again.")
@click.option("--keep", is_flag=True, help="Leave the server running and say how to reach it.")
def main(
    revision: str,
    jobs: int,
    incident: int,
    repetitions: int,
    shared_buffers: str,
    dsn: str | None,
    keep: bool,
) -> None:
    """Measure the summary of this tree and of REVISION on the same pipeline, and print the ratios."""
    with (
        server(dsn, shared_buffers, keep) as running,
        psycopg.connect(running.dsn, autocommit=True) as connection,
    ):
        if not population.exists(connection):
            with console.status("generating") as status:
                population.generate(connection, population.Size(jobs), status.update)
        population.continue_ids(connection)
        with console.status("building both"), _checked_out(revision) as earlier:
            project.build(running.dsn)
            project.build(running.dsn, earlier, EARLIER_SCHEMA)
        table = Table("situation", "way", f"ms at {revision}", "ms now", "times as fast")
        for name, file in SITUATIONS.items():
            with console.status(f"measuring: {name}"), situation(connection, file, incident):
                for way in WAYS:
                    pair = _measure(running.dsn, way, repetitions)
                    table.add_row(
                        name, way, f"{pair.earlier_ms:.1f}", f"{pair.now_ms:.1f}", f"{pair.ratio:.2f}"
                    )
    console.print(table)


@contextmanager
def _checked_out(revision: str) -> Iterator[Path]:
    """A folder with an earlier commit of the project."""
    with tempfile.TemporaryDirectory() as scratch:
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", f"{scratch}/tree", revision], check=True)
        try:
            yield Path(scratch) / "tree"
        finally:
            subprocess.run([*git, "remove", "--force", f"{scratch}/tree"], check=True)


@contextmanager
def situation(connection: Connection, file: str | None, incident: int) -> Iterator[None]:
    """Have an incident for the length of a `with` block.

    Args:
        connection: to a population.
        file: of `generate/`, that makes the incident; None for peace.
        incident: how many jobs get stuck.
    """
    population.freshen(connection)
    if file:
        connection.execute("select set_config('benchmark.incident', %s, false)", [str(incident)])
        population.run_file(connection, file)
        connection.execute("vacuum analyze jobs, executions, outbox")
    try:
        yield
    finally:
        if file:
            population.run_file(connection, "repair.sql")
            connection.execute("vacuum analyze jobs, executions, outbox")


def _measure(dsn: str, way: str, repetitions: int) -> Pair:
    """Read both summaries in turns, in sessions without compilation and parallel workers."""
    milliseconds: dict[str, list[float]] = {EARLIER_SCHEMA: [], SCHEMA: []}
    sessions = {schema: asking_session(dsn, schema) for schema in milliseconds}
    for repetition in range(-1, repetitions):
        for schema, times in milliseconds.items():
            if way == "first of a session":
                sessions[schema].close()
                sessions[schema] = asking_session(dsn, schema)
            statement = (
                "execute summary" if way == "prepared" else f"select * from {schema}.accumulation_points"
            )
            begin = time.perf_counter()
            sessions[schema].execute(statement.encode()).fetchall()
            if repetition >= 0:
                times.append((time.perf_counter() - begin) * 1000)
    for session in sessions.values():
        session.close()
    return Pair(median(milliseconds[EARLIER_SCHEMA]), median(milliseconds[SCHEMA]))


def asking_session(dsn: str, schema: str) -> Connection:
    """Connect as who asks the views: without compilation and parallel workers, with the summary prepared."""
    session = psycopg.connect(dsn, autocommit=True)
    session.prepare_threshold = None
    session.execute("set jit = off")
    session.execute("set max_parallel_workers_per_gather = 0")
    session.execute(f"prepare summary as {SUMMARY.format(schema)}".encode())
    return session


if __name__ == "__main__":
    main()
