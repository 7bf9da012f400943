"""Which changes of a fault are worth telling. Nothing here reads a clock, a database or a network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from stuck_jobs.alert.fault import Fault

OK = "ok"
RANKS = {"warn": 0, "error": 1}


@dataclass(frozen=True)
class Rules:
    """How often to tell.

    Attributes:
        remind_every: a fault that stays as it is is told again after this long.
        flap_changes: so many changes of state within `flap_window` are flapping.
        flap_window: also how long a flapping fault must keep its state to be calm again.
    """

    remind_every: timedelta = timedelta(hours=4)
    flap_changes: int = 4
    flap_window: timedelta = timedelta(hours=1)


@dataclass(frozen=True)
class Told:
    """What is remembered of a fault between two runs.

    Attributes:
        seen_state: in the last run, whether it was told or not.
        changed_at: when `seen_state` changed, within the last window.
        flapping: it was told as flapping, and has not been calm since.
        told_state: what was last told; ok if nothing was, or that it is over.
        told_count: how many were stuck for it then.
        told_severity: of it then.
        told_at: when; None if nothing was ever told, or if it was muted since.
        reached: the points of an incident since it began.
        about: what there was to tell of it when it last changed; None of what an older version told.
    """

    seen_state: str = OK
    changed_at: tuple[datetime, ...] = ()
    flapping: bool = False
    told_state: str = OK
    told_count: int = 0
    told_severity: str = "warn"
    told_at: datetime | None = None
    reached: tuple[str, ...] = ()
    about: dict[str, Any] | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be told of it."""
        return self.seen_state == self.told_state == OK and not self.flapping


def compare(fault: Fault, told: Told, now: datetime, rules: Rules, muted: bool) -> tuple[Told, str | None]:
    """Judge a fault against what was last told of it.

    Args:
        fault: as it is.
        told: as it was.
        now: the time of the run.
        rules: how often to tell.
        muted: remember what is seen, but tell nothing; a reminder is due afterwards.

    Returns:
        What to remember, and what to tell: opened, worse, reminder, flapping or resolved; None for nothing.
    """
    seen = _see(fault, told, now, rules)
    if muted:
        return replace(seen, told_at=None), None
    has_grown = seen.reached != told.reached
    kind = _kind(fault, seen, now, rules, has_grown)
    if kind is None:
        return seen, None
    count = fault.stuck_count
    if fault.state == "unknown":
        count = max(count, seen.told_count)
    return replace(
        seen,
        flapping=kind == "flapping",
        told_state=fault.state,
        told_count=count,
        told_severity=fault.severity,
        told_at=now,
        about=fault.about,
    ), kind


def _see(fault: Fault, told: Told, now: datetime, rules: Rules) -> Told:
    has_changed = fault.state != told.seen_state
    changes = (*told.changed_at, now) if has_changed else told.changed_at
    recent = tuple(at for at in changes if now - at < rules.flap_window)[-rules.flap_changes :]
    reached = told.reached
    if fault.state != OK:
        reached = tuple(sorted({*fault.points, *(() if told.seen_state == OK else reached)}))
    is_news = has_changed or reached != told.reached
    return replace(
        told,
        seen_state=fault.state,
        changed_at=recent,
        reached=reached,
        about=fault.about if is_news else told.about,
    )


def _kind(fault: Fault, seen: Told, now: datetime, rules: Rules, has_grown: bool) -> str | None:
    """One branch per line of the documentation, in its order."""
    if seen.flapping:
        if seen.changed_at:
            return None
        return "resolved" if fault.state == OK else "opened"
    if len(seen.changed_at) >= rules.flap_changes:
        return "flapping"
    if fault.state == OK:
        return None if seen.told_state == OK else "resolved"
    if seen.told_state == OK:
        return "opened"
    if has_grown or _is_worse(fault, seen):
        return "worse"
    is_due = seen.told_at is None or now - seen.told_at >= rules.remind_every
    return "reminder" if is_due else None


def _is_worse(fault: Fault, seen: Told) -> bool:
    return (
        fault.state != seen.told_state
        or RANKS[fault.severity] > RANKS[seen.told_severity]
        or fault.stuck_count >= 2 * max(seen.told_count, 1)
    )
