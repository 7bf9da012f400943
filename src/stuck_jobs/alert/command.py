"""The command `stuck-jobs alert`."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from stuck_jobs.alert.changes import OK, Rules
from stuck_jobs.alert.channels import Channel, Sentry
from stuck_jobs.alert.http import DeliveryError
from stuck_jobs.alert.notice import headline
from stuck_jobs.alert.run import Current, deliver, note_changes
from stuck_jobs.alert.store import AlertStore
from stuck_jobs.alert.telling import Telling, telling_options
from stuck_jobs.collect.store import raw_schema
from stuck_jobs.dbt_project import find_project
from stuck_jobs.errors import StuckJobsError, as_expected
from stuck_jobs.output import say
from stuck_jobs.profile import Profile, ProfileOptions, connect, connection_options
from stuck_jobs.session.exclusion import only_one
from stuck_jobs.session.patience import prompt_profile, refusals
from stuck_jobs.views.rows import Point
from stuck_jobs.views.summary import read_summary


@click.group(invoke_without_command=True)
@telling_options
@click.option(
    "--every-minutes",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="How often this is run; Sentry's Cron monitor misses a run that does not come.",
)
@connection_options
@click.pass_context
def alert(
    ctx: click.Context,
    connection: ProfileOptions,
    telling: Telling,
    every_minutes: int,
) -> None:
    """Tell what has changed at the accumulation points since this was last run: to Sentry, and to a webhook.

    A point is told when it opens (is over its limit, or unknown), gets worse (its count has doubled, its
    severity has risen, breached has become unknown or the other way round), is resolved, starts to flap, and
    as a reminder. What cannot be delivered is kept and tried again by the next run.

    Without a channel it prints what it would open, and remembers nothing.

    Exits with 0 if everything was delivered, or another run is under way; 2 if a delivery failed, or the
    summary cannot be read. What is stuck does not change the exit code: that is what gate is for.
    """
    if ctx.invoked_subcommand:
        ctx.obj = connection
        return
    channels = telling.channels()
    if not channels:
        _print(connection)
        return
    with _checked_in(channels, every_minutes):
        _tell(connection, channels, telling.rules)


@alert.command()
@click.argument("point")
@click.option("--until", required=True, metavar="TIME", help="ISO 8601; UTC unless it names an offset.")
@click.option("--reason", required=True, help="For whoever wonders.")
@click.pass_obj
def mute(connection: ProfileOptions, point: str, until: str, reason: str) -> None:
    """Tell nothing of a point until a time. It is still checked, and still closes the gate.

    What is still over its limit or unknown then is told of again.
    """
    with _opened(connection) as (store, profile):
        names = {found.accumulation_point for found in read_summary(profile).points}
        if point not in names:
            raise StuckJobsError(f"there is no enabled point {point}")
        end = _time(until)
        if end <= store.now():
            raise StuckJobsError(f"{until} is in the past")
        if not reason.strip():
            raise StuckJobsError("a reason is needed")
        store.mute(point, end, reason)
    say(f"{point} is muted until {end.isoformat()}")


@alert.command()
@click.argument("point")
@click.pass_obj
def unmute(connection: ProfileOptions, point: str) -> None:
    """Tell of a muted point again, from the next run on."""
    with _opened(connection) as (store, _):
        was_muted = store.unmute(point)
    say(f"{point} is no longer muted" if was_muted else f"{point} was not muted")


def _print(connection: ProfileOptions) -> None:
    """Show what a channel would be told, were there one."""
    for point in read_summary(prompt_profile(connection)).points:
        if point.state != OK:
            say(headline({"kind": "opened", **dataclasses.asdict(point)}))
    say(
        "nobody was told: set SENTRY_DSN or STUCK_JOBS_WEBHOOK_URL",
        err=True,
    )


def _tell(connection: ProfileOptions, channels: list[Channel], rules: Rules) -> None:
    unreadable: StuckJobsError | None = None
    with _opened(connection) as (store, profile), only_one(profile, f"{store.schema} alert") as alone:
        if not alone:
            say("another run is under way")
            return
        now, current = store.now(), None
        try:
            points: list[Point] = [*read_summary(profile).points]
        except StuckJobsError as error:
            unreadable = error
        else:
            names = [channel.name for channel in channels]
            for kind, point in note_changes(store, points, profile.schema, names, now, rules):
                say(f"{kind}: {point}")
            mutes = store.mutes(now)
            for muted in mutes:
                say(f"muted: {muted.accumulation_point} until {muted.muted_until}: {muted.reason}")
            by_name = {point.accumulation_point: point for point in points}
            current = Current(by_name, {muted.accumulation_point for muted in mutes}, profile.schema, now)
        outcome = deliver(store, channels, current)
        store.prune(now)
    say(f"{outcome.delivered} delivered, {outcome.waiting} waiting")
    if unreadable:
        raise unreadable
    if outcome.failures:
        told = "; ".join(sorted({f"{name}: {reason}" for name, reason in outcome.failures}))
        raise StuckJobsError(f"{len(outcome.failures)} deliveries failed and will be tried again: {told}")


@contextlib.contextmanager
def _opened(connection: ProfileOptions) -> Iterator[tuple[AlertStore, Profile]]:
    """The tables, which exist."""
    project = find_project(connection.project_dir)
    profile = prompt_profile(connection)
    with refusals(), connect(profile) as opened:
        store = AlertStore(opened, raw_schema(), project)
        store.prepare()
        yield store, profile


@contextlib.contextmanager
def _checked_in(channels: list[Channel], every_minutes: int) -> Iterator[None]:
    """Let Sentry's Cron monitor know how the run goes; that it began is not worth a failure."""
    sentry = next((channel for channel in channels if isinstance(channel, Sentry)), None)
    if sentry is None:
        yield
        return
    check_in: str | None = None
    with contextlib.suppress(DeliveryError):
        check_in = sentry.check_in("in_progress", every_minutes=every_minutes)
    try:
        yield
    except BaseException as error:
        with contextlib.suppress(DeliveryError):
            sentry.check_in("error", check_in, every_minutes)
        if isinstance(error, Exception) and (expected := as_expected(error)):
            raise expected from error
        raise
    try:
        sentry.check_in("ok", check_in, every_minutes)
    except DeliveryError as failure:
        raise StuckJobsError(f"the check-in failed: sentry: {failure}") from None


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise StuckJobsError(f"{text} is no time such as 2026-01-31T18:00+01:00") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
