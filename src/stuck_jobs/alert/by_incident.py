"""Tell by incident: each that has a point over its limit, and each point that no incident speaks for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import psycopg

from stuck_jobs.alert.changes import OK, Rules, Told
from stuck_jobs.alert.fault import Fault
from stuck_jobs.alert.look import OLDEST_ITEMS, Look, Traits, hand_over
from stuck_jobs.alert.notice import is_of_incident
from stuck_jobs.alert.scene import POINT, Scene
from stuck_jobs.alert.store import AlertStore
from stuck_jobs.errors import refusal
from stuck_jobs.session.patience import in_time
from stuck_jobs.views.incidents import Incidents, read_incident_items, read_incidents
from stuck_jobs.views.query import read_rows
from stuck_jobs.views.rows import Item, Point

Row = TypeVar("Row")

MOST_INCIDENTS = 1000
SECONDS = 10.0
"""How long the incidents may take to be read, and then their items."""


@dataclass(frozen=True)
class Tied:
    """What an incident has to do with."""

    incident_id: str
    queues: list[str]
    kinds: list[str]


@dataclass(frozen=True)
class ByIncident:
    """The way of telling.

    Attributes:
        schema: of the views.
        report_url: of the page whose part `#incident-…` an incident is; None if there is none.
    """

    schema: str
    report_url: str | None = None

    def look(self, store: AlertStore, points: Sequence[Point], now: datetime, rules: Rules) -> Look:
        """Find what there is to tell of; `Way` says more."""
        before, mutes = store.told(), {mute.name for mute in store.mutes(now)}
        scene, trouble = self.scene(store.connection, points)
        return dataclasses.replace(look_at(scene, before, mutes, now, rules), trouble=trouble)

    def scene(self, connection: psycopg.Connection[Any], points: Sequence[Point]) -> tuple[Scene, str | None]:
        """How it is, and what could not be read.

        Args:
            connection: in autocommit mode.
            points: all that are enabled.
        """
        found, trouble = self._incidents(connection, points)
        return Scene.of(points, found, self.report_url), trouble

    def is_quick(self, points: Sequence[Point]) -> bool:
        """Whether a look at these reads nothing else; `Way` says more."""
        return not any(point.state == "breached" for point in points)

    def items(self, store: AlertStore, faults: Sequence[Fault]) -> dict[str, list[dict[str, Any]]]:
        """The oldest items of each fault; `Way` says more."""
        members = self._of_incidents(
            store,
            faults,
            lambda ids: read_incident_items(store.connection, self.schema, ids, OLDEST_ITEMS),
        )
        found: dict[str, list[dict[str, Any]]] = {}
        for member in members:
            item = {field.name: getattr(member, field.name) for field in dataclasses.fields(Item)}
            found.setdefault(member.incident_id, []).append(item)
        return found

    def traits(self, store: AlertStore, faults: Sequence[Fault]) -> dict[str, Traits]:
        """What each has to do with; `Way` says more."""
        tied = self._of_incidents(
            store,
            faults,
            lambda ids: read_rows(
                store.connection, self.schema, "alert/traits.sql", Tied, {"incidents": ids}
            ),
        )
        return {found.incident_id: Traits(found.queues, found.kinds) for found in tied}

    def _incidents(
        self, connection: psycopg.Connection[Any], points: Sequence[Point]
    ) -> tuple[Incidents | None, str | None]:
        """What broke, or why that is not known; where no point is over its limit nobody asks."""
        if self.is_quick(points):
            return Incidents([], 0), None
        breached = [point.accumulation_point for point in points if point.state == "breached"]
        try:
            with in_time(connection, SECONDS):
                return read_incidents(connection, self.schema, MOST_INCIDENTS, breached), None
        except psycopg.errors.QueryCanceled:
            reason = f"that took more than {SECONDS:.0f} seconds"
        except psycopg.Error as error:
            if connection.closed:
                raise
            reason = refusal(error)
        return None, f"the incidents cannot be read, so what is new is told by point: {reason}"

    def _of_incidents(
        self, store: AlertStore, faults: Sequence[Fault], read: Callable[[list[str]], list[Row]]
    ) -> list[Row]:
        """What there is about incidents; nothing if the views cannot say in time, which stops no alert."""
        ids = [fault.key for fault in faults if fault.about.get("incident_id") and fault.state != OK]
        if not ids:
            return []
        try:
            with in_time(store.connection, SECONDS):
                return read(ids)
        except psycopg.Error:
            return []


def look_at(
    scene: Scene, before: Mapping[str, Told], mutes: Collection[str], now: datetime, rules: Rules
) -> Look:
    """What there is to tell of.

    Args:
        scene: how it is.
        before: what was told of each fault, by its key.
        mutes: points and incidents of which nothing is to be told.
        now: the time of the run.
        rules: how often to tell.
    """
    ours, others = _parted(before)
    handed = hand_over(others, scene.points)
    calm = {key for key, told in ours.items() if told.is_over and not _is_recent(told, now, rules)}
    taken_over = {key for key, told in ours.items() if scene.is_taken_over(key, told)}
    lasting = {key: told for key, told in ours.items() if key not in calm | taken_over}
    over = [dataclasses.replace(fault, about=scene.point_about(fault.key)) for fault in handed.over]
    faults = [*scene.faults(lasting), *over]
    return Look(
        now=now,
        before=before,
        faults={fault.key: fault for fault in faults},
        muted={fault.key for fault in faults if _is_muted(fault, before.get(fault.key), mutes)},
        calm=[*calm, *handed.calm],
        taken_over=[*taken_over, *handed.taken_over],
    )


def _parted(before: Mapping[str, Told]) -> tuple[dict[str, Told], dict[str, Told]]:
    """What was told by incident, and by point."""
    ours = {key: told for key, told in before.items() if is_of_incident(told.about)}
    return ours, {key: told for key, told in before.items() if key not in ours}


def _is_recent(told: Told, now: datetime, rules: Rules) -> bool:
    """Whether it has changed so lately that it may come to flap."""
    return any(now - at < rules.flap_window for at in told.changed_at)


def _is_muted(fault: Fault, told: Told | None, mutes: Collection[str]) -> bool:
    """Whether it is muted itself, or each of its points that are over their limit is."""
    points = fault.points or (told.reached if told else ()) or (fault.key.removeprefix(POINT),)
    return fault.key in mutes or all(point in mutes for point in points)
