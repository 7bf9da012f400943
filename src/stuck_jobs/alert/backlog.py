"""What waits for a channel that could not be reached: not old news is told then, but the state as it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

from stuck_jobs.alert.changes import OK
from stuck_jobs.alert.fault import Fault
from stuck_jobs.alert.notice import compose
from stuck_jobs.alert.store import Delivery

FINAL = ("resolved", "flapping")
"""Whatever was to be told before these is over."""


def merge(pending: Iterable[Delivery]) -> list[tuple[Delivery, list[Delivery]]]:
    """Leave one delivery of each channel and fault.

    Args:
        pending: all that wait.

    Returns:
        Each that is left, the longest waiting first, with those that it supersedes.
    """
    ordered = sorted(pending, key=lambda delivery: (delivery.line, delivery.delivery_id))
    merged = [_newest(list(waiting)) for _, waiting in groupby(ordered, key=lambda delivery: delivery.line)]
    return sorted(merged, key=lambda found: found[0].delivery_id)


def renew(
    notice: Mapping[str, Any], fault: Fault, items: list[dict[str, Any]], now: datetime
) -> dict[str, Any]:
    """A notice that has waited, with what is true by now; as it was, if it does not say what is true.

    Args:
        notice: see `notice.compose`.
        fault: that it is about, as it is.
        items: the oldest that are stuck for it.
        now: the time of the run.
    """
    is_over = notice["kind"] == "resolved"
    if notice["kind"] != "flapping" and is_over != (fault.state == OK):
        return dict(notice)
    kept = {name: notice[name] for name in ("id", "superseded", "owner") if name in notice}
    return compose(notice["kind"], fault, items, now) | kept


def _newest(waiting: list[Delivery]) -> tuple[Delivery, list[Delivery]]:
    """The newest of a fault's deliveries, as the first news of it where the channel has had none."""
    *old, newest = waiting
    if not old:
        return newest, []
    kinds = [delivery.notice["kind"] for delivery in waiting]
    kind = kinds[-1]
    if kind not in FINAL:
        since = max((place + 1 for place, name in enumerate(kinds) if name in FINAL), default=0)
        kind = next(name for name in ("opened", "worse", kind) if name in kinds[since:])
    superseded = sum(1 + delivery.notice.get("superseded", 0) for delivery in old)
    notice = newest.notice | {"kind": kind, "superseded": superseded}
    attempts = max(delivery.attempts for delivery in waiting)
    return dataclasses.replace(newest, notice=notice, attempts=attempts), old
