"""What was told, what is still to be delivered, and who is muted: tables of the raw schema."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
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

TABLES = ("alert_state", "alert_deliveries", "alert_mutes")
KEPT = timedelta(days=30)
"""How long the record of a delivery is kept; what is not delivered is kept for ever."""


@dataclass(frozen=True)
class Delivery:
    """A notice that a channel has not had yet.

    Attributes:
        delivery_id: rises with time.
        channel: its name.
        key: of the fault that it is about.
        notice: see `notice.compose`.
        attempts: that failed.
    """

    delivery_id: int
    channel: str
    key: str
    notice: dict[str, Any]
    attempts: int

    @property
    def line(self) -> tuple[str, str]:
        """Who is to be told, and of what."""
        return self.channel, self.key


@dataclass(frozen=True)
class News:
    """A notice, and who is to have it.

    Attributes:
        key: of the fault that it is about.
        notice: see `notice.compose`.
        channels: their names.
    """

    key: str
    notice: dict[str, Any]
    channels: list[str]


@dataclass(frozen=True)
class Mute:
    """A point or an incident of which nothing is told.

    Attributes:
        name: the point's, or the incident's id.
        muted_until: as PostgreSQL writes it, for its years go further than Python's.
        reason: of whoever muted it.
    """

    name: str
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
        """Create what is missing.

        Raises:
            StuckJobsError: if this role may not.
        """
        store = Store(self.connection, self.schema, self.project)
        with self.connection.transaction():
            self.connection.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"{self.schema} collect"])
            store.create_tables(*TABLES)
            store.add_column("alert_state", "about")

    def now(self) -> datetime:
        """What time it is on PostgreSQL's clock."""
        return Store(self.connection, self.schema, self.project).now()

    def told(self) -> dict[str, Told]:
        """What is remembered of each fault, by its key."""
        rows = self._run("select * from {schema}.alert_state")
        columns = [field.name for field in dataclasses.fields(Told)]
        return {
            row["accumulation_point"]: Told(**{name: row[name] for name in columns} | _tuples(row))
            for row in rows
        }

    def mutes(self, now: datetime) -> list[Mute]:
        """What is muted."""
        query = sql.SQL(
            "select accumulation_point as name, muted_until::text as muted_until, reason"
            " from {schema}.alert_mutes where muted_until > %s order by accumulation_point"
        ).format(schema=sql.Identifier(self.schema))
        with self.connection.cursor(row_factory=class_row(Mute)) as cursor:
            return cursor.execute(query, [now]).fetchall()

    def mute(self, name: str, until: datetime, reason: str) -> None:
        """Mute a point or an incident, or change for how long."""
        self._run(
            "insert into {schema}.alert_mutes values (%(name)s, %(until)s, %(reason)s)"
            " on conflict (accumulation_point) do update"
            " set muted_until = excluded.muted_until, reason = excluded.reason",
            name=name,
            until=until,
            reason=reason,
        )

    def unmute(self, name: str) -> bool:
        """Let something be told again; False if it was not muted."""
        query = "delete from {schema}.alert_mutes where accumulation_point = %(name)s returning 1 as one"
        return bool(self._run(query, name=name))

    def remember(self, told: dict[str, Told], news: list[News]) -> None:
        """Keep what was seen and what is to be delivered, both or neither.

        Args:
            told: of each fault, by its key.
            news: to deliver.
        """
        text = files("stuck_jobs.alert").joinpath("remember.sql").read_text(encoding="utf-8")
        with self.connection.transaction():
            for key, state in told.items():
                values = {field.name: getattr(state, field.name) for field in dataclasses.fields(state)}
                lists = {"changed_at": [*state.changed_at], "reached": [*state.reached]}
                about = None if state.about is None else Jsonb(state.about)
                self._run(text, key=key, **values | lists | {"about": about})
            for one in news:
                for channel in one.channels:
                    self._run(
                        "insert into {schema}.alert_deliveries"
                        " (channel, accumulation_point, notice, created_at)"
                        " values (%(channel)s, %(key)s, %(notice)s, %(at)s)",
                        channel=channel,
                        key=one.key,
                        notice=Jsonb(one.notice),
                        at=one.notice["at"],
                    )

    def forget(self, calm: Collection[str], taken_over: Collection[str]) -> None:
        """Remember faults no more.

        Args:
            calm: of which nothing is left to be told.
            taken_over: whose place others take; what is still to be delivered of these is not.
        """
        with self.connection.transaction():
            self._run(
                "delete from {schema}.alert_state where accumulation_point = any(%(keys)s)",
                keys=[*calm, *taken_over],
            )
            self._run(
                "delete from {schema}.alert_deliveries"
                " where accumulation_point = any(%(keys)s) and delivered_at is null",
                keys=[*taken_over],
            )

    def pending(self) -> list[Delivery]:
        """What is still to be delivered; first what has failed least, and the oldest."""
        query = sql.SQL(
            "select delivery_id, channel, accumulation_point as key, notice, attempts"
            " from {schema}.alert_deliveries where delivered_at is null order by attempts, delivery_id"
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

    def mark(self, deliveries: Collection[Delivery], failure: str | None) -> None:
        """Note that they were delivered, or why not."""
        self._run(
            "update {schema}.alert_deliveries set attempts = attempts + 1, last_error = %(failure)s,"
            " delivered_at = case when %(failure)s::text is null then clock_timestamp() end"
            " where delivery_id = any(%(ids)s)",
            ids=[delivery.delivery_id for delivery in deliveries],
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


def _tuples(row: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(row[name]) for name in ("changed_at", "reached")}
