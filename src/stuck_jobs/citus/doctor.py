"""What a cluster of Citus must be like: the tables on one node, the clocks and the settings of all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from stuck_jobs.citus.nodes import has_citus
from stuck_jobs.doctor.finding import Finding, trouble
from stuck_jobs.session.protection import asked_for

ADVICE = "see docs/deployment.md, Past one machine"
MARGIN = 5.0
"""Seconds by which a snapshot is dated back, so that no node's clock makes it too new."""

SETTINGS = ("statement_timeout", "lock_timeout", "jit", "max_parallel_workers_per_gather")
"""Which the coordinator does not send on when a session asks for them, and does when its role has them."""

SILENT = ("error", "fatal", "panic")

Row = TypeVar("Row")


@dataclass(frozen=True)
class Placement:
    """A row of placement.sql."""

    table_name: str
    shard_column: str | None
    place: str | None


@dataclass(frozen=True)
class NodeAnswer:
    """What a node says: a row of settings.sql."""

    name: str
    success: bool
    result: str


@dataclass(frozen=True)
class NodeClock(NodeAnswer):
    """A row of clocks.sql."""

    here: float


def look_at_cluster(
    database: psycopg.Connection[Any], schema: str, tables: list[str], search_path: str
) -> Iterator[Finding]:
    """What a pipeline takes that is on another node; nothing where there is no Citus.

    Args:
        database: that is open.
        schema: of the watched tables.
        tables: their names.
        search_path: of the profile, with the settings that it asks for.
    """
    if not has_citus(database):
        return
    placed = _rows(database, Placement, "placement.sql", {"schema": schema, "names": tables})
    yield _placement(placed, len(tables))
    if placed:
        yield _clocks(_rows(database, NodeClock, "clocks.sql"))
        yield _settings(database, asked_for(search_path))
        yield _messages(database)


def _placement(placed: list[Placement], tables: int) -> Finding:
    if not placed:
        return Finding("cluster", "the watched tables are the coordinator's own")
    for table in placed:
        if table.shard_column:
            return trouble(
                "cluster",
                f"{table.table_name} is in shards by {table.shard_column}, and a pipeline is watched only"
                f" where it is whole on one node; {ADVICE}",
            )
    if len({table.place for table in placed}) > 1 or len(placed) < tables:
        return trouble("cluster", f"the watched tables are not distributed together: {ADVICE}")
    return Finding("cluster", "the watched tables are whole on one node")


def _clocks(clocks: list[NodeClock]) -> Finding:
    if silent := [clock.name for clock in clocks if not clock.success]:
        return trouble("node clocks", f"there is no answer of {', '.join(silent)}")
    offsets = {clock.name: abs(float(clock.result) - clock.here) for clock in clocks}
    worst = max(offsets, key=lambda name: offsets[name])
    if offsets[worst] > MARGIN:
        return trouble(
            "node clocks",
            f"that of {worst} and the coordinator's differ by {offsets[worst]:,.0f} s: let NTP set all, or a"
            " job may be taken for lost",
        )
    return Finding("node clocks", f"they differ by {offsets[worst]:.1f} s at most")


def _settings(database: psycopg.Connection[Any], asked: dict[str, str]) -> Finding:
    lacking = {name: asked[name] for name in SETTINGS if name in asked and not _holds(database, name)}
    if not lacking:
        return Finding("node settings", "what the profile asks for holds on the workers")
    role = sql.Identifier(database.info.user)
    return trouble(
        "node settings",
        f"on the workers {', '.join(lacking)} do not hold, since a profile's settings stay on the"
        " coordinator; an administrator runs",
        *(
            sql.SQL("alter role {} set {} = {};").format(role, sql.Identifier(name), value).as_string()
            for name, value in lacking.items()
        ),
    )


def _holds(database: psycopg.Connection[Any], name: str) -> bool:
    """Whether every worker has a setting as this session has it."""
    row = database.execute("select current_setting(%s)", [name]).fetchone()
    command = sql.SQL("select current_setting({})").format(name).as_string()
    answers = _rows(database, NodeAnswer, "settings.sql", {"command": command})
    return row is not None and all(answer.success and answer.result == row[0] for answer in answers)


def _messages(database: psycopg.Connection[Any]) -> Finding:
    row = database.execute("select current_setting('client_min_messages')").fetchone()
    if row and row[0] in SILENT:
        return trouble(
            "node notices",
            f"client_min_messages is {row[0]}, and hides the notice that a part of an answer was lost:"
            " leave it at notice or warning",
        )
    return Finding("node notices", "a notice that a part of an answer was lost would be seen")


def _rows(
    database: psycopg.Connection[Any], row: type[Row], file: str, parameters: dict[str, Any] | None = None
) -> list[Row]:
    query: LiteralString = files("stuck_jobs.citus").joinpath(file).read_text(encoding="utf-8")
    with database.cursor(row_factory=class_row(row)) as cursor:
        return cursor.execute(query, parameters).fetchall()
