"""What a run finds, by point or by incident."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from stuck_jobs.alert.changes import OK, Rules, Told
from stuck_jobs.alert.fault import Fault
from stuck_jobs.alert.store import AlertStore
from stuck_jobs.views.rows import Point

OLDEST_ITEMS = 10
"""That are told of a fault."""


@dataclass(frozen=True)
class Look:
    """How it is in a run.

    Attributes:
        now: the time of the run.
        before: what was told of each fault, by its key.
        faults: that there are, and that there were, by their keys.
        muted: the keys of those of which nothing is to be told.
        calm: of those of which nothing is left to be told.
        taken_over: of those whose place others take.
        trouble: what could not be read; None if all could.
    """

    now: datetime
    before: Mapping[str, Told]
    faults: Mapping[str, Fault]
    muted: Collection[str]
    calm: Collection[str] = ()
    taken_over: Collection[str] = ()
    trouble: str | None = None


@dataclass(frozen=True)
class Traits:
    """What a fault has to do with.

    Attributes:
        queues: that its items are in or for.
        kinds: of their jobs.
    """

    queues: Collection[str] = ()
    kinds: Collection[str] = ()


class Way(Protocol):
    """By what is told: by point, or by incident."""

    def look(self, store: AlertStore, points: Sequence[Point], now: datetime, rules: Rules) -> Look:
        """Find what there is to tell of.

        Args:
            store: the tables, in autocommit mode.
            points: all that are enabled.
            now: the time of the run.
            rules: how often to tell.
        """

    def is_quick(self, points: Sequence[Point]) -> bool:
        """Whether a look at these reads nothing else of the views."""

    def items(self, store: AlertStore, faults: Sequence[Fault]) -> dict[str, list[dict[str, Any]]]:
        """The oldest items of each fault, by its key; none if the views cannot say, which stops no alert."""

    def traits(self, store: AlertStore, faults: Sequence[Fault]) -> dict[str, Traits]:
        """What each has to do with, by its key, likewise."""


@dataclass
class HandedOver:
    """What was told the other way, by point or by incident, before somebody chose this one.

    Attributes:
        over: what is over by now.
        calm: the keys of what was over before.
        taken_over: the keys of what lasts, and is told this way.
    """

    over: list[Fault] = field(default_factory=list)
    calm: list[str] = field(default_factory=list)
    taken_over: list[str] = field(default_factory=list)


def hand_over(others: Mapping[str, Told], points: Mapping[str, Point]) -> HandedOver:
    """Part what was told the other way by what has become of it.

    Args:
        others: what is remembered of it.
        points: all that are enabled, by name.
    """
    found = HandedOver()
    for key, told in others.items():
        names = told.reached or (key,)
        if told.is_over:
            found.calm.append(key)
        elif all(name not in points or points[name].state == OK for name in names):
            found.over.append(Fault(key, OK, told.told_severity, 0, told.about or {}))
        else:
            found.taken_over.append(key)
    return found
