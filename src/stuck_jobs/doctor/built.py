"""What dbt and the collector have left behind: whether it is there, and how old."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from stuck_jobs.display import humanise
from stuck_jobs.doctor.finding import Finding, trouble

BUILD = "dbt build"
COLLECT = "stuck-jobs collect"


POINTS, HISTORY, WATCHED = "accumulation_points", "accumulation_history", "stg_watched_tables"
SNAPSHOTS = "queue_snapshots"

Built = dict[str, bool | None]
"""Whether each relation may be read; None if it is not there."""


@dataclass(frozen=True)
class LastSnapshot:
    """The row of last_snapshot.sql."""

    snapshot_id: int
    age: float
    error: str | None


def read_built(database: psycopg.Connection[Any], schema: str, raw: str) -> Built:
    """See what is there, and may be read.

    Args:
        database: where it may be.
        schema: of the views.
        raw: of the raw tables.
    """
    places = {POINTS: schema, HISTORY: schema, WATCHED: schema, SNAPSHOTS: raw}
    parameters = {"names": [*places], "schemas": [*places.values()]}
    return dict(database.execute(_query("built.sql"), parameters).fetchall())


def look_at_views(database: psycopg.Connection[Any], schema: str, built: Built) -> Iterator[Finding]:
    """Whether the views are there, when dbt last ran, and whether they see all rows.

    Args:
        database: as a role that may read them.
        schema: of the views.
        built: what is there.
    """
    state = [built[POINTS], built[HISTORY]]
    if None in state:
        yield trouble("views", f"they are not in the schema {schema}: run dbt build first", BUILD)
        return
    if False in state:
        yield trouble("views", f"they are in the schema {schema}, and the role may not read them")
        return
    name = sql.Identifier(schema)
    row = database.execute(_query("last_run.sql", schema=name)).fetchone()
    age = row[0] if row else None
    if age is None:
        yield trouble("views", "they are there, and no build has come to its end", BUILD)
    else:
        yield Finding("views", f"built in the schema {schema}; dbt last ran {_ago(age)}")
    if built[WATCHED]:
        for (problem,) in database.execute(_query("hidden.sql", schema=name)):
            yield trouble("rows", f"the views do not see everything: {problem}")


def look_at_snapshot(
    database: psycopg.Connection[Any], raw: str, built: Built, max_age_minutes: float
) -> Iterator[Finding]:
    """Whether there is a snapshot of Redis that counts.

    Args:
        database: as a role that may read it.
        raw: the schema of the raw tables.
        built: what is there.
        max_age_minutes: how old it may be.
    """
    last = None
    if built[SNAPSHOTS] is False:
        yield trouble("snapshot", f"they are in the schema {raw}, and the role may not read them")
        return
    if built[SNAPSHOTS]:
        with database.cursor(row_factory=class_row(LastSnapshot)) as cursor:
            last = cursor.execute(_query("last_snapshot.sql", raw=sql.Identifier(raw))).fetchone()
    if last is None:
        yield trouble("snapshot", "there is none, and what rests on it is unknown", COLLECT)
    elif last.age > max_age_minutes * 60:
        yield trouble(
            "snapshot",
            f"the last was taken {_ago(last.age)}, and counts for {max_age_minutes:g} min: take one every few"
            " minutes",
            COLLECT,
        )
    elif last.error:
        yield trouble("snapshot", f"the last one, {_ago(last.age)}, proves nothing: {last.error}", COLLECT)
    else:
        yield Finding("snapshot", f"the last was taken {_ago(last.age)}")


def _ago(seconds: float) -> str:
    return f"{humanise(max(0, int(seconds)))} ago"


def _query(name: str, **names: sql.Composable) -> sql.Composed:
    text = files("stuck_jobs.doctor").joinpath(name).read_text(encoding="utf-8")
    return sql.SQL(text).format(**names)
