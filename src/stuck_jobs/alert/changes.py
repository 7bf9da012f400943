"""Which changes of a point are worth telling. Nothing here reads a clock, a database or a network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from stuck_jobs.views.rows import Point

OK = "ok"
RANKS = {"warn": 0, "error": 1}


@dataclass(frozen=True)
class Rules:
    """How often to tell.

    Attributes:
        remind_every: a point that stays as it is is told again after this long.
        flap_changes: so many changes of state within `flap_window` are flapping.
        flap_window: also how long a flapping point must keep its state to be calm again.
    """

    remind_every: timedelta = timedelta(hours=4)
    flap_changes: int = 4
    flap_window: timedelta = timedelta(hours=1)


@dataclass(frozen=True)
class Told:
    """What is remembered of a point between two runs.

    Attributes:
        seen_state: in the last run, whether it was told or not.
        changed_at: when `seen_state` changed, within the last window.
        flapping: it was told as flapping, and has not been calm since.
        told_state: what was last told; ok if nothing was, or that it is over.
        told_count: how many were stuck there then.
        told_severity: of the point then.
        told_at: when; None if nothing was ever told, or if the point was muted since.
    """

    seen_state: str = OK
    changed_at: tuple[datetime, ...] = ()
    flapping: bool = False
    told_state: str = OK
    told_count: int = 0
    told_severity: str = "warn"
    told_at: datetime | None = None


def compare(point: Point, told: Told, now: datetime, rules: Rules, muted: bool) -> tuple[Told, str | None]:
    """Judge a point against what was last told of it.

    Args:
        point: as it is.
        told: as it was.
        now: the time of the run.
        rules: how often to tell.
        muted: remember what is seen, but tell nothing; a reminder is due afterwards.

    Returns:
        What to remember, and what to tell: opened, worse, reminder, flapping or resolved; None for nothing.
    """
    seen = _see(point, told, now, rules)
    if muted:
        return replace(seen, told_at=None), None
    kind = _kind(point, seen, now, rules)
    if kind is None:
        return seen, None
    count = point.stuck_count
    if point.state == "unknown":
        count = max(count, seen.told_count)
    return replace(
        seen,
        flapping=kind == "flapping",
        told_state=point.state,
        told_count=count,
        told_severity=point.severity,
        told_at=now,
    ), kind


def _see(point: Point, told: Told, now: datetime, rules: Rules) -> Told:
    changes = told.changed_at
    if point.state != told.seen_state:
        changes = (*changes, now)
    recent = tuple(at for at in changes if now - at < rules.flap_window)[-rules.flap_changes :]
    return replace(told, seen_state=point.state, changed_at=recent)


def _kind(point: Point, seen: Told, now: datetime, rules: Rules) -> str | None:
    """One branch per line of the documentation, in its order."""
    if seen.flapping:
        if seen.changed_at:
            return None
        return "resolved" if point.state == OK else "opened"
    if len(seen.changed_at) >= rules.flap_changes:
        return "flapping"
    if point.state == OK:
        return None if seen.told_state == OK else "resolved"
    if seen.told_state == OK:
        return "opened"
    if _is_worse(point, seen):
        return "worse"
    is_due = seen.told_at is None or now - seen.told_at >= rules.remind_every
    return "reminder" if is_due else None


def _is_worse(point: Point, seen: Told) -> bool:
    return (
        point.state != seen.told_state
        or RANKS[point.severity] > RANKS[seen.told_severity]
        or point.stuck_count >= 2 * max(seen.told_count, 1)
    )
