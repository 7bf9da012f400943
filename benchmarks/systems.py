"""What the summary takes over other job systems, as against a pipeline with as much live work, in turns.

Run as `python -m benchmarks.systems`; with `--incident 50000` it says what each takes while so much is stuck.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import click
import psycopg
from psycopg.conninfo import make_conninfo
from rich.console import Console
from rich.table import Table

from benchmarks import population, project, report
from benchmarks.detection import server
from benchmarks.incidents import QUESTIONS
from benchmarks.measurement import Connection, asking_session, in_turns, processor_seconds
from benchmarks.project import SCHEMA

PIPELINE = "pipeline"
LIVE = 2500
EXECUTIONS_OF_A_JOB = 12
SUMMARY = f"select * from {SCHEMA}.accumulation_points"
WAYS = {"unprepared": SUMMARY, "prepared": "execute summary"}
INCIDENT_QUESTIONS = {"summary": SUMMARY} | QUESTIONS

console = Console(width=report.WIDTH)


@dataclass(frozen=True)
class Cost:
    """Of a system's summary, the medians.

    Attributes:
        system: its name.
        way: how it was asked for.
        median_ms: of the summary.
        ratio: to the pipeline's, in the same run.
    """

    system: str
    way: str
    median_ms: float
    ratio: float


def _airflow(dsn: str, connection: Connection) -> None:
    population.run_file(connection, "airflow.sql")
    project.build_views(dsn, job_system="airflow", redis_enabled=False)
    connection.execute("update job set latest_heartbeat = now()")


def _celery(dsn: str, connection: Connection) -> None:
    population.run_file(connection, "celery.sql")
    project.build_views(dsn, job_system="celery")
    with connection.transaction():
        connection.execute(f"set local search_path = {SCHEMA}_raw".encode())
        population.run_file(connection, "celery_look.sql")


SYSTEMS: dict[str, Callable[[str, Connection], None]] = {"airflow": _airflow, "celery": _celery}
"""How each comes into a database that is empty, with its views."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("systems", nargs=-1, type=click.Choice(list(SYSTEMS)))
@click.option(
    "--history",
    type=click.IntRange(min=12_000),
    default=200_000,
    show_default=True,
    help="Tasks that have ended, and executions of the pipeline's.",
)
@click.option(
    "--incident", type=click.IntRange(min=40), help="Have so many stuck as well, and ask what is asked then."
)
@click.option("--repetitions", type=click.IntRange(min=1), default=21, show_default=True)
@click.option("--shared-buffers", default="1GB", show_default=True)
@click.option("--keep", is_flag=True, help="Leave the server running and say how to reach it.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the results here."
)
def main(
    systems: Sequence[str], history: int, incident: int | None, repetitions: int, shared_buffers: str,
    keep: bool, json_file: Path | None,
) -> None:  # fmt: skip
    """Measure the summary over SYSTEMS, all by default, and over a pipeline of the same size."""
    chosen = systems or list(SYSTEMS)
    with server(None, shared_buffers, keep) as running:
        dsns = {system: make_conninfo(running.dsn, dbname=system) for system in chosen}
        with psycopg.connect(running.dsn, autocommit=True) as connection:
            for system in chosen:
                connection.execute(f"create database {system}".encode())
            if not incident:
                _make_pipeline(running.dsn, connection, history)
                dsns = {PIPELINE: running.dsn} | dsns
        for system in chosen:
            with console.status(f"generating: {system}"):
                _make(system, dsns[system], history, incident)
            if incident:
                with console.status(f"measuring: {system}"):
                    _show_incident(system, incident, _measure_incident(system, dsns[system], repetitions))
        if incident:
            return
        with console.status("measuring"):
            costs = [cost for way in WAYS for cost in _measure(dsns, way, repetitions)]
    _show(costs)
    if json_file:
        json_file.write_text(json.dumps([asdict(cost) for cost in costs], indent=2), encoding="utf-8")


def _make_pipeline(dsn: str, connection: Connection, history: int) -> None:
    with console.status(f"generating: {PIPELINE}") as status:
        population.generate(connection, population.Size(history // EXECUTIONS_OF_A_JOB), status.update)
        project.build_views(dsn, redis_enabled=False)
        population.freshen(connection)


def _make(system: str, dsn: str, history: int, incident: int | None) -> None:
    """Make a system with its views, which must find what was planted and nothing else."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for name, value in (("history", history), ("live", LIVE), ("incident", incident)):
            connection.execute("select set_config(%s, %s, false)", (f"benchmark.{name}", str(value)))
        SYSTEMS[system](dsn, connection)
        if incident:
            connection.execute(f"set search_path = {SCHEMA}_raw, public".encode())
            population.run_file(connection, f"{system}_incident.sql")
        connection.execute("vacuum analyze")
        planted: dict[str, int] = dict(
            connection.execute("select point, sum(items)::int from public.planted group by point").fetchall()
        )
        counts = f"select accumulation_point, count(*) from {SCHEMA}.stuck_items group by accumulation_point"
        found: dict[str, int] = dict(connection.execute(counts.encode()).fetchall())
    if found != planted:
        raise click.ClickException(
            f"the views of {system} do not find what was planted: {found}, not {planted}"
        )


def _measure(dsns: dict[str, str], way: str, repetitions: int) -> list[Cost]:
    """Read all summaries in turns."""
    sessions = {system: asking_session(dsn, SUMMARY) for system, dsn in dsns.items()}

    def ask(system: str) -> None:
        sessions[system].execute(WAYS[way].encode()).fetchall()

    medians = in_turns({system: partial(ask, system) for system in dsns}, repetitions)
    for session in sessions.values():
        session.close()
    return [
        Cost(system, way, round(took, 2), round(took / medians[PIPELINE], 2))
        for system, took in medians.items()
    ]


def _measure_incident(system: str, dsn: str, repetitions: int) -> dict[str, float]:
    """Ask each question in turn; medians of milliseconds on a processor."""
    with asking_session(dsn) as session:
        return in_turns(
            {name: partial(_ask, session, query) for name, query in INCIDENT_QUESTIONS.items()},
            repetitions,
            clock=lambda _: processor_seconds(system),
        )


def _ask(session: Connection, query: str) -> None:
    session.execute(query.encode()).fetchall()


def _show_incident(system: str, incident: int, took: dict[str, float]) -> None:
    table = Table("question", "processor, ms", title=f"{system}, {incident} stuck")
    for question, milliseconds in took.items():
        table.add_row(question, f"{milliseconds:.0f}")
    console.print(table)


def _show(costs: Sequence[Cost]) -> None:
    table = Table("system", "way", "ms", "of the pipeline's")
    for cost in costs:
        table.add_row(cost.system, cost.way, f"{cost.median_ms:.1f}", f"{cost.ratio:.2f}")
    console.print(table)


if __name__ == "__main__":
    main()
