"""One run: see what changed, write down what is to be told, then tell it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from stuck_jobs.alert.backlog import merge, renew
from stuck_jobs.alert.changes import OK, Rules, Told, compare
from stuck_jobs.alert.channels import Channel
from stuck_jobs.alert.http import DeliveryError
from stuck_jobs.alert.notice import compose
from stuck_jobs.alert.store import AlertStore, Delivery
from stuck_jobs.views.rows import Point

PATIENCE = 3
"""After so many failures in one run a channel is left alone until the next."""


@dataclass
class Outcome:
    """What a run came to.

    Attributes:
        notices: (kind, point) of what changed.
        delivered: how many deliveries arrived.
        failures: channel and reason of those that did not.
        waiting: how many are left for the next run.
    """

    notices: list[tuple[str, str]] = field(default_factory=list)
    delivered: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    waiting: int = 0


@dataclass(frozen=True)
class Current:
    """How it is in this run.

    Attributes:
        points: all that are enabled, by name.
        muted: the names of those of which nothing is to be told.
        schema: of `stuck_items`.
        now: the time of the run.
    """

    points: dict[str, Point]
    muted: set[str]
    schema: str
    now: datetime


def note_changes(
    store: AlertStore, points: list[Point], schema: str, channels: list[str], now: datetime, rules: Rules
) -> list[tuple[str, str]]:
    """Compare the points with what was last told, and write down what is to be delivered.

    Args:
        store: the tables.
        points: all that are enabled.
        schema: of `stuck_items`.
        channels: who is to be told.
        now: the time of the run.
        rules: how often to tell.

    Returns:
        The kind and the point of each notice.
    """
    before, muted = store.told(), {mute.accumulation_point for mute in store.mutes(now)}
    after: dict[str, Told] = {}
    notices = []
    for point in [*points, *_gone(points, before)]:
        name = point.accumulation_point
        after[name], kind = compare(point, before.get(name, Told()), now, rules, name in muted)
        if kind:
            notices.append(compose(kind, point, store.oldest_items(schema, name), now))
    changed = {name: told for name, told in after.items() if told != before.get(name, Told())}
    if changed or notices:
        store.remember(changed, notices, channels)
    return [(notice["kind"], notice["accumulation_point"]) for notice in notices]


def deliver(store: AlertStore, channels: list[Channel], current: Current | None = None) -> Outcome:
    """Deliver what is pending: of each point its newest notice, with what is true now.

    Args:
        store: the tables.
        channels: that are configured; what others have not had waits for them.
        current: the points as they are; None if they could not be read.
    """
    outcome = Outcome()
    by_name = {channel.name: channel for channel in channels}
    failed: dict[str, int] = {}
    for delivery in _in_turn(store):
        channel = by_name.get(delivery.channel)
        is_muted = current is not None and delivery.accumulation_point in current.muted
        if channel is None or is_muted or failed.get(delivery.channel, 0) >= PATIENCE:
            outcome.waiting += 1
            continue
        try:
            channel.send(_as_it_is(store, delivery, current))
        except DeliveryError as error:
            store.mark(delivery, str(error))
            failed[channel.name] = failed.get(channel.name, 0) + 1
            outcome.failures.append((channel.name, str(error)))
            outcome.waiting += 1
        else:
            store.mark(delivery, None)
            outcome.delivered += 1
    return outcome


def _in_turn(store: AlertStore) -> list[Delivery]:
    """What is pending, without what is superseded: first what has failed least, and what is not over."""
    left = []
    for newest, old in merge(store.pending()):
        if old:
            store.supersede(newest, old)
        left.append(newest)
    return sorted(left, key=lambda delivery: (delivery.attempts, delivery.notice["kind"] == "resolved"))


def _as_it_is(store: AlertStore, delivery: Delivery, current: Current | None) -> dict[str, Any]:
    """A notice that has waited says what is true by now."""
    point = current.points.get(delivery.accumulation_point) if current else None
    if current is None or point is None or not delivery.attempts:
        return delivery.notice
    items = store.oldest_items(current.schema, point.accumulation_point)
    return renew(delivery.notice, point, items, current.now)


def _gone(points: list[Point], before: dict[str, Told]) -> list[Point]:
    """Points that are enabled no more, as if they were well."""
    present = {point.accumulation_point for point in points}
    template = Point("", "database", OK, 0, 0, None, "warn", "none", None)
    return [
        dataclasses.replace(template, accumulation_point=name, level="disabled")
        for name, told in before.items()
        if name not in present and (told.told_state != OK or told.flapping)
    ]
