"""One run: see what changed, write down what is to be told, then tell it."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stuck_jobs.alert.backlog import merge, renew
from stuck_jobs.alert.changes import Rules, Told, compare
from stuck_jobs.alert.http import DeliveryError
from stuck_jobs.alert.look import Look, Way
from stuck_jobs.alert.notice import compose, is_of_incident
from stuck_jobs.alert.recipients import Recipients
from stuck_jobs.alert.store import AlertStore, Delivery, News

if TYPE_CHECKING:
    from stuck_jobs.alert.channels import Channel

PATIENCE = 3
"""After so many failures in one run a channel is left alone until the next."""

DETAILED = 50
"""Faults of which the items are told, when there is news of more at once."""


@dataclass
class Outcome:
    """What a run came to.

    Attributes:
        delivered: how many deliveries arrived.
        failures: channel and reason of those that did not.
        waiting: how many are left for the next run.
    """

    delivered: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    waiting: int = 0


def note_changes(store: AlertStore, way: Way, look: Look, recipients: Recipients, rules: Rules) -> list[str]:
    """Compare what there is with what was last told, and write down what is to be delivered.

    Args:
        store: the tables.
        way: by which it was found.
        look: what was found.
        recipients: who is to be told.
        rules: how often to tell.

    Returns:
        A line for each notice.
    """
    after: dict[str, Told] = {}
    changes: dict[str, str] = {}
    for key, fault in look.faults.items():
        told = look.before.get(key, Told())
        after[key], kind = compare(recipients.kept(fault, told), told, look.now, rules, key in look.muted)
        if kind:
            changes[key] = kind
    addressed = recipients.addressed(store, way, [look.faults[key] for key in changes], look.before)
    items = way.items(store, addressed[:DETAILED])
    news = []
    for fault in addressed:
        after[fault.key] = dataclasses.replace(after[fault.key], about=fault.about)
        notice = compose(changes[fault.key], fault, items.get(fault.key, []), look.now)
        news.append(News(fault.key, notice, recipients.channels_of(fault.about.get("owner"))))
    changed = {key: told for key, told in after.items() if told != look.before.get(key, Told())}
    if changed or look.calm or look.taken_over:
        with store.connection.transaction():
            store.forget(look.calm, look.taken_over)
            store.remember(changed, news)
    return [_line(one.notice) for one in news]


def deliver(store: AlertStore, way: Way, channels: Sequence[Channel], look: Look | None = None) -> Outcome:
    """Deliver what is pending: of each fault its newest notice, with what is true now.

    Args:
        store: the tables.
        way: by which it was found how it is.
        channels: that are configured; what others have not had waits for them.
        look: how it is; None if that could not be read.
    """
    outcome = Outcome()
    by_name = {channel.name: channel for channel in channels}
    pending, muted = _in_turn(store), look.muted if look else ()
    ready = [one for one in pending if one.channel in by_name and one.key not in muted]
    outcome.waiting = len(pending) - len(ready)
    failed: Counter[str] = Counter()
    for parcel in _parcels(ready, by_name):
        channel = by_name[parcel[0].channel]
        if failed[channel.name] >= PATIENCE:
            outcome.waiting += len(parcel)
            continue
        for part, error in _sent(channel, parcel, _as_it_is(store, way, parcel, look)):
            store.mark(part, error)
            if error is None:
                outcome.delivered += len(part)
            else:
                failed[channel.name] += 1
                outcome.failures += [(channel.name, error)] * len(part)
                outcome.waiting += len(part)
    return outcome


def _in_turn(store: AlertStore) -> list[Delivery]:
    """What is pending, without what is superseded: first what has failed least, and what is not over."""
    left = []
    for newest, old in merge(store.pending()):
        if old:
            store.supersede(newest, old)
        left.append(newest)
    return sorted(left, key=lambda delivery: (delivery.attempts, delivery.notice["kind"] == "resolved"))


def _parcels(deliveries: Iterable[Delivery], channels: Mapping[str, Channel]) -> list[list[Delivery]]:
    """What is sent at once: all incidents that a channel takes together, and everything else by itself."""
    parcels: dict[str | int, list[Delivery]] = {}
    for delivery in deliveries:
        is_together = channels[delivery.channel].takes_several and is_of_incident(delivery.notice)
        parcels.setdefault(delivery.channel if is_together else delivery.delivery_id, []).append(delivery)
    return [*parcels.values()]


def _sent(
    channel: Channel, parcel: list[Delivery], notices: Sequence[dict[str, Any]]
) -> Iterator[tuple[list[Delivery], str | None]]:
    """Send a parcel; one that is refused for what is in it is sent in parts, so that not all wait for one.

    Returns:
        The deliveries, with the reason if they did not arrive.
    """
    try:
        channel.send(notices)
    except DeliveryError as error:
        if error.is_refused and len(parcel) > 1:
            half = len(parcel) // 2
            yield from _sent(channel, parcel[:half], notices[:half])
            yield from _sent(channel, parcel[half:], notices[half:])
        else:
            yield parcel, str(error)
    else:
        yield parcel, None


def _as_it_is(store: AlertStore, way: Way, parcel: list[Delivery], look: Look | None) -> list[dict[str, Any]]:
    """What has waited says what is true by now."""
    if look is None:
        return [delivery.notice for delivery in parcel]
    waited = [delivery.key for delivery in parcel if delivery.attempts and delivery.key in look.faults]
    items = way.items(store, [look.faults[key] for key in waited[:DETAILED]])
    return [
        renew(delivery.notice, look.faults[delivery.key], items.get(delivery.key, []), look.now)
        if delivery.key in waited
        else delivery.notice
        for delivery in parcel
    ]


def _line(notice: dict[str, Any]) -> str:
    """What is said of a notice."""
    if is_of_incident(notice):
        return f"{notice['kind']}: {notice['key']}: {notice['title']}"
    return f"{notice['kind']}: {notice['accumulation_point']}"
