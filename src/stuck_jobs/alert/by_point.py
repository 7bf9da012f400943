"""Tell by point: each that is over its limit or unknown is a fault of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from stuck_jobs.alert.changes import OK, Rules, Told
from stuck_jobs.alert.fault import Fault
from stuck_jobs.alert.look import OLDEST_ITEMS, Look, Traits, hand_over
from stuck_jobs.alert.notice import is_of_incident
from stuck_jobs.alert.store import AlertStore
from stuck_jobs.views.items import read_oldest_items
from stuck_jobs.views.rows import Item, Point

GONE = Point("", "disabled", OK, 0, 0, None, "warn", "none", None)


@dataclass(frozen=True)
class ByPoint:
    """The way of telling.

    Attributes:
        schema: of the views.
    """

    schema: str

    def look(
        self,
        store: AlertStore,
        points: Sequence[Point],
        now: datetime,
        rules: Rules,  # noqa: ARG002
    ) -> Look:
        """Find what there is to tell of; `Way` says more."""
        before = store.told()
        ours = {key: told for key, told in before.items() if not is_of_incident(told.about)}
        by_name = {point.accumulation_point: point for point in points}
        others = hand_over({key: told for key, told in before.items() if key not in ours}, by_name)
        faults = [*map(fault_of, points), *map(fault_of, _gone(by_name, ours)), *others.over]
        return Look(
            now=now,
            before=before,
            faults={fault.key: fault for fault in faults},
            muted={mute.name for mute in store.mutes(now)},
            calm=others.calm,
            taken_over=others.taken_over,
        )

    def is_quick(self, points: Sequence[Point]) -> bool:  # noqa: ARG002
        """Whether a look at these reads nothing else; `Way` says more."""
        return True

    def items(self, store: AlertStore, faults: Sequence[Fault]) -> dict[str, list[dict[str, Any]]]:
        """The oldest items of each fault; `Way` says more."""
        found: dict[str, list[dict[str, Any]]] = {}
        for item in self._oldest(store, [fault.key for fault in faults]) if faults else ():
            found.setdefault(item.accumulation_point, []).append(dataclasses.asdict(item))
        return found

    def traits(self, store: AlertStore, faults: Sequence[Fault]) -> dict[str, Traits]:  # noqa: ARG002
        """Nothing: whom a point is told does not depend on it."""
        return {}

    def _oldest(self, store: AlertStore, points: Sequence[str]) -> list[Item]:
        try:
            return read_oldest_items(store.connection, self.schema, points, OLDEST_ITEMS)
        except psycopg.Error:
            return []


def fault_of(point: Point) -> Fault:
    """A point as what is told of."""
    about = {field.name: getattr(point, field.name) for field in dataclasses.fields(Point)}
    return Fault(point.accumulation_point, point.state, point.severity, point.stuck_count, about)


def _gone(points: Mapping[str, Point], before: Mapping[str, Told]) -> Iterator[Point]:
    """Points that are enabled no more, as if they were well."""
    for name, told in before.items():
        if name not in points and (told.told_state != OK or told.flapping):
            yield dataclasses.replace(GONE, accumulation_point=name)
