"""What is told of a fault: words for people, fields for machines, and nothing that is secret."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from stuck_jobs.alert.fault import Fault
from stuck_jobs.display import humanise
from stuck_jobs.output import legible
from stuck_jobs.views.rows import Point


def compose(kind: str, fault: Fault, items: list[dict[str, Any]], now: datetime) -> dict[str, Any]:
    """A notice, as it is kept until every channel has it.

    Args:
        kind: opened, worse, reminder, flapping or resolved.
        fault: that it is about.
        items: the oldest that are stuck for it.
        now: the time of the run.
    """
    return {
        "id": uuid.uuid4().hex,
        "kind": kind,
        "at": now.isoformat(),
        "superseded": 0,
        "key": fault.key,
        **fault.about,
        "items": items,
    }


def is_of_incident(about: Mapping[str, Any] | None) -> bool:
    """Whether it, or a notice with it, was told by incident."""
    return about is not None and "points" in about


def headline(notice: dict[str, Any], quoted: Callable[[str], str] = legible) -> str:
    """One line for people.

    Args:
        notice: see `compose`.
        quoted: how text that may not be ours stands in it.
    """
    if is_of_incident(notice):
        return f"{notice['kind']}: {quoted(notice['title'])}"
    about = f"{notice['kind']}: {notice['accumulation_point']} ({notice['level']})"
    if notice["state"] == "unknown":
        evidence = notice.get("evidence")
        return f"{about}: unknown, {quoted(evidence) if evidence else 'its evidence is missing or too old'}"
    return f"{about}: {_counts(notice['stuck_count'], notice['max_count'], notice['oldest_age_seconds'])}"


def title_of(point: Point) -> str:
    """A point and how it is, for whoever is told by incident."""
    name = f"{point.accumulation_point} ({point.level})"
    if point.state == "unknown":
        return f"{name} is unknown"
    return f"{name}: {_counts(point.stuck_count, point.max_count, point.oldest_age_seconds)}"


def _counts(stuck: int, allowed: int, oldest: int | None) -> str:
    words = f"{stuck} stuck, {allowed} allowed"
    return f"{words}, the oldest for {humanise(oldest)}" if stuck else words
