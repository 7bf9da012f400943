"""One run: see what changed, write down what is to be told, then tell it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import datetime

from stuck_jobs.alert.changes import OK, Rules, Told, compare
from stuck_jobs.alert.channels import Channel
from stuck_jobs.alert.http import DeliveryError
from stuck_jobs.alert.notice import compose
from stuck_jobs.alert.store import AlertStore, Delivery
from stuck_jobs.summary import Point

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
    store.remember(after, notices, channels)
    return [(notice["kind"], notice["accumulation_point"]) for notice in notices]


def deliver(store: AlertStore, channels: list[Channel]) -> Outcome:
    """Deliver what is pending. The notices of a point arrive in their order; a failure holds up only its own.

    Args:
        store: the tables.
        channels: that are configured; what others have not had waits for them.
    """
    outcome = Outcome()
    by_name = {channel.name: channel for channel in channels}
    pending = store.pending()
    first: dict[tuple[str, str], Delivery] = {}
    for delivery in sorted(pending, key=lambda pending: pending.delivery_id):
        first.setdefault((delivery.channel, delivery.accumulation_point), delivery)
    turns = {key: (oldest.attempts, oldest.delivery_id) for key, oldest in first.items()}
    pending.sort(key=lambda d: (turns[d.channel, d.accumulation_point], d.delivery_id))
    held: set[tuple[str, str]] = set()
    failed: dict[str, int] = {}
    for delivery in pending:
        channel = by_name.get(delivery.channel)
        key = (delivery.channel, delivery.accumulation_point)
        if channel is None or key in held or failed.get(delivery.channel, 0) >= PATIENCE:
            outcome.waiting += 1
            continue
        try:
            channel.send(delivery.notice)
        except DeliveryError as error:
            store.mark(delivery, str(error))
            held.add(key)
            failed[channel.name] = failed.get(channel.name, 0) + 1
            outcome.failures.append((channel.name, str(error)))
            outcome.waiting += 1
        else:
            store.mark(delivery, None)
            outcome.delivered += 1
    return outcome


def _gone(points: list[Point], before: dict[str, Told]) -> list[Point]:
    """Points that are enabled no more, as if they were well."""
    present = {point.accumulation_point for point in points}
    template = Point("", "database", OK, 0, 0, None, "warn", "none")
    return [
        dataclasses.replace(template, accumulation_point=name, level="disabled")
        for name, told in before.items()
        if name not in present and (told.told_state != OK or told.flapping)
    ]
