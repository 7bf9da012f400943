"""What the summary takes over other job systems, as against a pipeline with as much live work, in turns.

Run as `python -m benchmarks.systems`; with `--incident 50000` it asks what is asked while so much is stuck.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
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
PLAN_OF_ONE = (
    f"select * from {SCHEMA}.int_recovery_plan where jobspec_id = any('{{dag_1/incident__1,incident_1}}')"
)
ASKED_IN_PEACE = {"unprepared": SUMMARY, "prepared": "execute summary"}
ASKED_IN_AN_INCIDENT = {"summary": SUMMARY, **QUESTIONS, "about one job": PLAN_OF_ONE}

console = Console(width=report.WIDTH)


@dataclass(frozen=True)
class Cost:
    """Of an answer, the medians.

    Attributes:
        system: that was asked.
        question: its name.
        median_ms: on a processor.
        ratio: to the pipeline's, in the same run; None if it was not asked.
    """

    system: str
    question: str
    median_ms: float
    ratio: float | None


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
    """Ask SYSTEMS, all by default, and in peace a pipeline of the same size."""
    asked = ASKED_IN_AN_INCIDENT if incident else ASKED_IN_PEACE
    with server(None, shared_buffers, keep) as running:
        dsns = {} if incident else {PIPELINE: _make_pipeline(running.dsn, history)}
        for system in systems or SYSTEMS:
            dsns[system] = _make(running.dsn, system, history, incident)
        with console.status("measuring"):
            costs = [
                cost for name, query in asked.items() for cost in _measure(dsns, name, query, repetitions)
            ]
    _show(costs)
    if json_file:
        json_file.write_text(json.dumps([asdict(cost) for cost in costs], indent=2), encoding="utf-8")


def _make_pipeline(server_dsn: str, history: int) -> str:
    """Make a pipeline with its views, in a database of its own."""
    with _database(server_dsn, PIPELINE) as (dsn, connection):
        population.generate(connection, population.Size(history // EXECUTIONS_OF_A_JOB), lambda _: None)
        project.build_views(dsn, redis_enabled=False)
        population.freshen(connection)
    return dsn


def _make(server_dsn: str, system: str, history: int, incident: int | None) -> str:
    """Make a system with its views, which must find what was planted and nothing else, likewise."""
    with _database(server_dsn, system) as (dsn, connection):
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
    return dsn


@contextmanager
def _database(server_dsn: str, name: str) -> Iterator[tuple[str, Connection]]:
    """A new database, for as long as it is filled."""
    dsn = make_conninfo(server_dsn, dbname=name)
    with console.status(f"generating: {name}"):
        with psycopg.connect(server_dsn, autocommit=True) as connection:
            connection.execute(f"create database {name}".encode())
        with psycopg.connect(dsn, autocommit=True) as connection:
            yield dsn, connection


def _measure(dsns: Mapping[str, str], name: str, query: str, repetitions: int) -> list[Cost]:
    """Ask all systems the same in turns."""
    with ExitStack() as stack:
        sessions = {system: stack.enter_context(asking_session(dsn, SUMMARY)) for system, dsn in dsns.items()}

        def ask(system: str) -> None:
            sessions[system].execute(query.encode()).fetchall()

        medians = in_turns(
            {system: partial(ask, system) for system in dsns}, repetitions, clock=processor_seconds
        )
    of_pipeline = medians.get(PIPELINE)
    return [
        Cost(system, name, round(took, 2), round(took / of_pipeline, 2) if of_pipeline else None)
        for system, took in medians.items()
    ]


def _show(costs: Sequence[Cost]) -> None:
    table = Table("system", "question", "ms on a processor", "of the pipeline's")
    for cost in costs:
        table.add_row(cost.system, cost.question, f"{cost.median_ms:.1f}", f"{cost.ratio or ''}")
    console.print(table)


if __name__ == "__main__":
    main()
