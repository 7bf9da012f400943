"""The command `stuck-jobs alert`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from stuck_jobs.alert.by_incident import ByIncident
from stuck_jobs.alert.by_point import fault_of
from stuck_jobs.alert.changes import OK
from stuck_jobs.alert.channels import Channel, monitor_of
from stuck_jobs.alert.http import DeliveryError
from stuck_jobs.alert.notice import compose, headline
from stuck_jobs.alert.recipients import Recipients
from stuck_jobs.alert.run import deliver, note_changes
from stuck_jobs.alert.store import AlertStore
from stuck_jobs.alert.telling import Telling, telling_options
from stuck_jobs.collect.store import raw_schema
from stuck_jobs.dbt_project import find_project
from stuck_jobs.errors import StuckJobsError, as_expected
from stuck_jobs.output import say
from stuck_jobs.profile import Profile, ProfileOptions, connect, connection_options
from stuck_jobs.session.exclusion import only_one
from stuck_jobs.session.patience import prompt_profile, refusals
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
    """Tell what has changed since this was last run: to Sentry, and to a webhook.

    A fault is told when it opens (an incident has a point over its limit, or a point is unknown), gets worse
    (its count has doubled, its severity has risen, it has reached another point), is resolved, starts to
    flap, and as a reminder; all that has changed is one message. --by point tells of each point by itself.
    What cannot be delivered is kept and tried again by the next run.

    Without a channel it prints what it would open, and remembers nothing.

    Exits with 0 if everything was delivered, or another run is under way; 2 if a delivery failed, or the
    summary cannot be read. What is stuck does not change the exit code: that is what gate is for.
    """
    if ctx.invoked_subcommand:
        ctx.obj = connection
        return
    recipients = telling.recipients()
    if not recipients.channels:
        _print(connection, telling)
        return
    with _checked_in(recipients.channels, every_minutes):
        _tell(connection, telling, recipients)


@alert.command()
@click.argument("name", metavar="POINT|INCIDENT")
@click.option("--until", required=True, metavar="TIME", help="ISO 8601; UTC unless it names an offset.")
@click.option("--reason", required=True, help="For whoever wonders.")
@click.pass_obj
def mute(connection: ProfileOptions, name: str, until: str, reason: str) -> None:
    """Tell nothing of a point, or of an incident by its id, until a time. It still closes the gate.

    An incident is muted too if each of its points that are over their limit is. What is still over its limit
    or unknown then is told of again.
    """
    with _opened(connection) as (store, profile):
        if not _is_there(store, profile, name):
            raise StuckJobsError(f"there is no enabled point {name}, nor an incident with that id")
        end = _time(until)
        if end <= store.now():
            raise StuckJobsError(f"{until} is in the past")
        if not reason.strip():
            raise StuckJobsError("a reason is needed")
        store.mute(name, end, reason)
    say(f"{name} is muted until {end.isoformat()}")


@alert.command()
@click.argument("name", metavar="POINT|INCIDENT")
@click.pass_obj
def unmute(connection: ProfileOptions, name: str) -> None:
    """Tell of a muted point or incident again, from the next run on."""
    with _opened(connection) as (store, _):
        was_muted = store.unmute(name)
    say(f"{name} is no longer muted" if was_muted else f"{name} was not muted")


def _is_there(store: AlertStore, profile: Profile, name: str) -> bool:
    """Whether it is an enabled point, or an incident that is there or was told."""
    points = read_summary(profile).points
    if any(point.accumulation_point == name for point in points) or name in store.told():
        return True
    scene, trouble = ByIncident(profile.schema).scene(store.connection, points)
    if trouble:
        say(trouble, err=True)
    return any(incident.incident_id == name for incident in scene.incidents)


def _print(connection: ProfileOptions, telling: Telling) -> None:
    """Show what a channel would be told, were there one."""
    profile = prompt_profile(connection)
    points = read_summary(profile).points
    faults, trouble = [*map(fault_of, points)], None
    if telling.by == "incident":
        with refusals(), connect(profile) as opened:
            scene, trouble = ByIncident(profile.schema).scene(opened, points)
        faults = [*scene.faults({})]
    now = datetime.now(UTC)
    for fault in faults:
        if fault.state != OK:
            say(headline(compose("opened", fault, [], now)))
    if trouble:
        say(trouble, err=True)
    say(
        "nobody was told: set SENTRY_DSN or STUCK_JOBS_WEBHOOK_URL",
        err=True,
    )


def _tell(connection: ProfileOptions, telling: Telling, recipients: Recipients) -> None:
    unreadable: StuckJobsError | None = None
    with _opened(connection) as (store, profile), only_one(profile, f"{store.schema} alert") as alone:
        if not alone:
            say("another run is under way")
            return
        now, way, look = store.now(), telling.way(profile.schema), None
        try:
            points = read_summary(profile).points
        except StuckJobsError as error:
            unreadable = error
        else:
            look = way.look(store, points, now, telling.rules)
            if look.trouble:
                say(look.trouble, err=True)
            for line in note_changes(store, way, look, recipients, telling.rules):
                say(line)
            for muted in store.mutes(now):
                say(f"muted: {muted.name} until {muted.muted_until}: {muted.reason}")
        outcome = deliver(store, way, recipients.channels, look)
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
    sentry = monitor_of(channels)
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
