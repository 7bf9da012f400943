"""What was told, what is still to be delivered, and who is muted: tables of the raw schema."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from stuck_jobs.alert.changes import Told
from stuck_jobs.collect.store import Store
from stuck_jobs.views.rows import Item

TABLES = ("alert_state", "alert_deliveries", "alert_mutes")
OLDEST_ITEMS = 10
KEPT = timedelta(days=30)
"""How long the record of a delivery is kept; what is not delivered is kept for ever."""


@dataclass(frozen=True)
class Delivery:
    """A notice that a channel has not had yet.

    Attributes:
        delivery_id: rises with time.
        channel: its name.
        accumulation_point: that it is about.
        notice: see `notice.compose`.
        attempts: that failed.
    """

    delivery_id: int
    channel: str
    accumulation_point: str
    notice: dict[str, Any]
    attempts: int

    @property
    def key(self) -> tuple[str, str]:
        """Who is to be told, and of what."""
        return self.channel, self.accumulation_point


@dataclass(frozen=True)
class Mute:
    """A point of which nothing is told.

    Attributes:
        accumulation_point: its name.
        muted_until: as PostgreSQL writes it, for its years go further than Python's.
        reason: of whoever muted it.
    """

    accumulation_point: str
    muted_until: str
    reason: str


@dataclass(frozen=True)
class AlertStore:
    """The tables.

    Attributes:
        connection: in autocommit mode.
        schema: of the tables.
        project: the dbt project, which has their DDL.
    """

    connection: psycopg.Connection[Any]
    schema: str
    project: Path

    def prepare(self) -> None:
        """Create what is missing."""
        store = Store(self.connection, self.schema, self.project)
        with self.connection.transaction():
            self.connection.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"{self.schema} collect"])
            store.create_tables(*TABLES)

    def now(self) -> datetime:
        """What time it is on PostgreSQL's clock."""
        return Store(self.connection, self.schema, self.project).now()

    def told(self) -> dict[str, Told]:
        """What is remembered of each point."""
        rows = self._run("select * from {schema}.alert_state")
        columns = [field.name for field in dataclasses.fields(Told)]
        return {
            row["accumulation_point"]: Told(**{name: row[name] for name in columns} | _tuple(row))
            for row in rows
        }

    def mutes(self, now: datetime) -> list[Mute]:
        """The points that are muted."""
        query = sql.SQL(
            "select accumulation_point, muted_until::text as muted_until, reason from {schema}.alert_mutes"
            " where muted_until > %s order by accumulation_point"
        ).format(schema=sql.Identifier(self.schema))
        with self.connection.cursor(row_factory=class_row(Mute)) as cursor:
            return cursor.execute(query, [now]).fetchall()

    def mute(self, point: str, until: datetime, reason: str) -> None:
        """Mute a point, or change for how long."""
        self._run(
            "insert into {schema}.alert_mutes values (%(point)s, %(until)s, %(reason)s)"
            " on conflict (accumulation_point) do update"
            " set muted_until = excluded.muted_until, reason = excluded.reason",
            point=point,
            until=until,
            reason=reason,
        )

    def unmute(self, point: str) -> bool:
        """Let a point be told again; False if it was not muted."""
        query = "delete from {schema}.alert_mutes where accumulation_point = %(point)s returning 1 as one"
        return bool(self._run(query, point=point))

    def oldest_items(self, schema: str, point: str) -> list[Item]:
        """The oldest that are stuck at a point; none if the views cannot say, for that must stop no alert."""
        text = files("stuck_jobs.alert").joinpath("items.sql").read_text(encoding="utf-8")
        query = sql.SQL(text).format(schema=sql.Identifier(schema))
        try:
            with self.connection.cursor(row_factory=class_row(Item)) as cursor:
                return cursor.execute(query, {"point": point, "limit": OLDEST_ITEMS}).fetchall()
        except psycopg.Error:
            return []

    def remember(self, told: dict[str, Told], notices: list[dict[str, Any]], channels: list[str]) -> None:
        """Keep what was seen and what is to be delivered, both or neither.

        Args:
            told: of each point.
            notices: to deliver.
            channels: to each of these.
        """
        with self.connection.transaction():
            text = files("stuck_jobs.alert").joinpath("remember.sql").read_text(encoding="utf-8")
            for point, state in told.items():
                values = dataclasses.asdict(state) | {"changed_at": list(state.changed_at)}
                self._run(text, point=point, **values)
            for notice in notices:
                for channel in channels:
                    self._run(
                        "insert into {schema}.alert_deliveries"
                        " (channel, accumulation_point, notice, created_at)"
                        " values (%(channel)s, %(point)s, %(notice)s, %(at)s)",
                        channel=channel,
                        point=notice["accumulation_point"],
                        notice=Jsonb(notice),
                        at=notice["at"],
                    )

    def pending(self) -> list[Delivery]:
        """What is still to be delivered; first what has failed least, and the oldest."""
        query = sql.SQL(
            "select delivery_id, channel, accumulation_point, notice, attempts from {schema}.alert_deliveries"
            " where delivered_at is null order by attempts, delivery_id"
        ).format(schema=sql.Identifier(self.schema))
        with self.connection.cursor(row_factory=class_row(Delivery)) as cursor:
            return cursor.execute(query).fetchall()

    def supersede(self, newest: Delivery, old: list[Delivery]) -> None:
        """Keep one delivery in place of several."""
        ids = [delivery.delivery_id for delivery in old]
        with self.connection.transaction():
            self._run("delete from {schema}.alert_deliveries where delivery_id = any(%(ids)s)", ids=ids)
            self._run(
                "update {schema}.alert_deliveries set notice = %(notice)s, attempts = %(attempts)s"
                " where delivery_id = %(id)s",
                notice=Jsonb(newest.notice),
                attempts=newest.attempts,
                id=newest.delivery_id,
            )

    def mark(self, delivery: Delivery, failure: str | None) -> None:
        """Note that it was delivered, or why not."""
        self._run(
            "update {schema}.alert_deliveries set attempts = attempts + 1, last_error = %(failure)s,"
            " delivered_at = case when %(failure)s::text is null then clock_timestamp() end"
            " where delivery_id = %(id)s",
            id=delivery.delivery_id,
            failure=failure,
        )

    def prune(self, now: datetime) -> None:
        """Forget what was delivered long ago."""
        self._run("delete from {schema}.alert_deliveries where delivered_at < %(before)s", before=now - KEPT)

    def _run(self, query: str, **parameters: Any) -> list[dict[str, Any]]:
        composed = sql.SQL(query).format(schema=sql.Identifier(self.schema))
        with self.connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            cursor.execute(composed, parameters)
            return cursor.fetchall() if cursor.description else []


def _tuple(row: dict[str, Any]) -> dict[str, Any]:
    return {"changed_at": tuple(row["changed_at"])}
