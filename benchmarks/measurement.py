"""What a query costs: time on the client, pages on the server."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

Connection = psycopg.Connection[Any]

# A query that takes longer than this altogether is not repeated further.
SECONDS_PER_QUERY = 30.0

SOURCE_TABLES = {"jobs", "executions", "outbox"}


@dataclass(frozen=True)
class Query:
    """Statements that are timed as one.

    Attributes:
        name: in the report.
        statements: run one after the other, each fetched to its last row.
        counterparts: names of the queries that do the same work, whose times are added up for the ratio.
    """

    name: str
    statements: tuple[str, ...]
    counterparts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Measurement:
    """What a query cost, warm.

    Attributes:
        rows: of all statements.
        repetitions: how many the median is of.
        median_ms: from sending the statement to having its last row, planning included.
        planning_ms: of which PostgreSQL planned, once.
        jit_ms: of which PostgreSQL compiled, once.
        buffers: pages of shared memory that were looked at.
        temporary_blocks: pages written to temporary files.
        scans: the source's tables that were read from end to end.
    """

    name: str
    counterparts: tuple[str, ...]
    rows: int
    repetitions: int
    median_ms: float
    fastest_ms: float
    slowest_ms: float
    planning_ms: float
    jit_ms: float
    buffers: int
    temporary_blocks: int
    scans: tuple[str, ...]


def measure(connection: Connection, query: Query, repetitions: int) -> Measurement:
    """Run a query once to warm up, then repeatedly, then once under EXPLAIN."""
    rows = sum(len(connection.execute(statement.encode()).fetchall()) for statement in query.statements)
    times: list[float] = []
    while len(times) < repetitions and sum(times) < SECONDS_PER_QUERY * 1000:
        started = time.perf_counter()
        for statement in query.statements:
            connection.execute(statement.encode()).fetchall()
        times.append((time.perf_counter() - started) * 1000)
    plans = [_explain(connection, statement) for statement in query.statements]
    roots = [plan["Plan"] for plan in plans]
    return Measurement(
        name=query.name,
        counterparts=query.counterparts,
        rows=rows,
        repetitions=len(times),
        median_ms=round(median(times), 3),
        fastest_ms=round(min(times), 3),
        slowest_ms=round(max(times), 3),
        planning_ms=sum(plan["Planning Time"] for plan in plans),
        jit_ms=sum(plan.get("JIT", {}).get("Timing", {}).get("Total", 0.0) for plan in plans),
        buffers=sum(root["Shared Hit Blocks"] + root["Shared Read Blocks"] for root in roots),
        temporary_blocks=sum(root["Temp Written Blocks"] for root in roots),
        scans=tuple(sorted({table for root in roots for table in _scanned(root)})),
    )


def asking_session(dsn: str, summary: str | None = None) -> Connection:
    """Connect as the example profile has it, without compilation and parallel workers.

    Args:
        dsn: of the database.
        summary: a query, to be there prepared under this name; None if there is none.
    """
    session = psycopg.connect(dsn, autocommit=True)
    session.prepare_threshold = None
    session.execute("set jit = off")
    session.execute("set max_parallel_workers_per_gather = 0")
    if summary:
        session.execute(f"prepare summary as {summary}".encode())
    return session


def in_turns(
    askers: Mapping[str, Callable[[], object]],
    repetitions: int,
    prepare: Callable[[str], object] = lambda _: None,
    clock: Callable[[str], float] = lambda _: time.perf_counter(),
) -> dict[str, float]:
    """Call each in turn, once to warm up and then repeatedly.

    Args:
        askers: what is timed, by name.
        repetitions: how often each is timed.
        prepare: what is done before each call, by the name, and is not timed.
        clock: what it is timed by, in seconds, by the name.

    Returns:
        The median of each, in milliseconds.
    """
    milliseconds: dict[str, list[float]] = {name: [] for name in askers}
    for repetition in range(-1, repetitions):
        for name, ask in askers.items():
            prepare(name)
            begin = clock(name)
            ask()
            if repetition >= 0:
                milliseconds[name].append((clock(name) - begin) * 1000)
    return {name: median(times) for name, times in milliseconds.items()}


def processor_seconds(database: str) -> float:
    """How long a database's sessions on this machine were on a processor; Linux only."""
    sessions = (path for path in Path("/proc").glob("[0-9]*/cmdline") if _is_session(path, database))
    return sum(_on_processor(path.with_name("schedstat")) for path in sessions)


def _is_session(command: Path, database: str) -> bool:
    with suppress(OSError):
        title = command.read_text()
        return title.startswith("postgres:") and f" {database} " in title
    return False


def _on_processor(schedule: Path) -> float:
    with suppress(OSError):
        return int(schedule.read_text().split()[0]) / 1e9
    return 0.0


def _explain(connection: Connection, statement: str) -> dict[str, Any]:
    text = f"explain (analyze, buffers, format json) {statement}"
    row = connection.execute(text.encode()).fetchone()
    assert row is not None  # noqa: S101
    plan: dict[str, Any] = row[0][0]
    return plan


def _scanned(node: dict[str, Any]) -> set[str]:
    """Name the source's tables under sequential scans that were really run."""
    own = set()
    if node["Node Type"] == "Seq Scan" and node["Actual Loops"] > 0:
        own = SOURCE_TABLES & {node["Relation Name"]}
    return own.union(*(_scanned(child) for child in node.get("Plans", [])))
