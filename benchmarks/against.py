"""What the summary takes beside an earlier commit's, in peace and in an incident: in one database, in turns.

Run as `python -m benchmarks.against d47a5b9`.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks import population, project, report
from benchmarks.detection import populated
from benchmarks.measurement import Connection, asking_session, in_turns
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
    with populated(dsn, shared_buffers, keep, jobs) as (running, connection):
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
    """Read both summaries in turns."""
    schemas = (EARLIER_SCHEMA, SCHEMA)
    sessions = {schema: asking_session(dsn, SUMMARY.format(schema)) for schema in schemas}

    def begin_anew(schema: str) -> None:
        if way == "first of a session":
            sessions[schema].close()
            sessions[schema] = asking_session(dsn, SUMMARY.format(schema))

    def ask(schema: str) -> None:
        statement = "execute summary" if way == "prepared" else SUMMARY.format(schema)
        sessions[schema].execute(statement.encode()).fetchall()

    medians = in_turns({schema: partial(ask, schema) for schema in schemas}, repetitions, begin_anew)
    for session in sessions.values():
        session.close()
    return Pair(medians[EARLIER_SCHEMA], medians[SCHEMA])


if __name__ == "__main__":
    main()
