"""The command `stuck-jobs collect`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stuck_jobs.errors import StuckJobsError, refusal
from stuck_jobs.output import say
from stuck_jobs.parameters import Number, Secret
from stuck_jobs.profile import Profile, ProfileOptions, connect, connection_options, load_profile
from stuck_jobs.watch.repeat import repeat

if TYPE_CHECKING:
    import psycopg

    from stuck_jobs.collect.redis_url import RedisAddress
    from stuck_jobs.collect.snapshot import Listing, Snapshot
    from stuck_jobs.collect.store import Store


class QueueName(click.types.StringParamType):
    """The name of a list; in an environment variable several are separated by commas."""

    name = "name"
    envvar_list_splitter = ","

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse a name that is empty or cannot be stored."""
        queue = str(value).strip()
        if not queue or not queue.isprintable():
            self.fail(f"{value!r} is no name of a queue", param, ctx)
        return queue


@dataclass(frozen=True)
class Collector:
    """Takes snapshots.

    Attributes:
        profile: where PostgreSQL is.
        project: the dbt project.
        address: where Redis is.
        queues: their names.
        limit: how many messages to read of each list.
        retention: for how long the record of a snapshot is kept.
        timeout: for each answer of Redis, in seconds.
    """

    profile: Profile
    project: Path
    address: RedisAddress
    queues: list[str]
    limit: int
    retention: timedelta
    timeout: float

    def run(self) -> str:
        """Take one snapshot.

        Returns:
            What it holds, in one line.

        Raises:
            StuckJobsError: if Redis could not be read, which is recorded, or PostgreSQL not be written.
        """
        import psycopg

        try:
            with connect(self.profile) as connection:
                snapshot_id, snapshot = self.take(connection)
        except psycopg.Error as error:
            raise StuckJobsError(f"PostgreSQL: {refusal(error)}; no snapshot was written") from error
        if snapshot.errors:
            raise StuckJobsError(f"Redis: {'; '.join(snapshot.errors)} (recorded as snapshot {snapshot_id})")
        return _summary(snapshot, snapshot_id)

    def take(self, connection: psycopg.Connection[Any]) -> tuple[int, Snapshot]:
        """The same over a connection that is open.

        Args:
            connection: in autocommit mode.

        Returns:
            The number of the snapshot, and what was written: it has errors if Redis could not be read.

        Raises:
            psycopg.Error: if PostgreSQL could not be written.
        """
        from stuck_jobs.collect.store import Store, raw_schema
        from stuck_jobs.collect.trust import Memory

        store = Store(connection, raw_schema(), self.project)
        observed_at = store.now()
        memory = Memory(connection, self.profile.schema, raw_schema())
        claims = memory.claims()
        snapshot = self._read(store, observed_at)
        return store.save(snapshot, observed_at, self.retention, memory, claims)

    def _read(self, store: Store, now: datetime) -> Snapshot:
        """Look at Redis in the way of the watched system."""
        from stuck_jobs.collect.kombu import look_for_asking, read_broker
        from stuck_jobs.collect.redis_reader import MAX_HOLDS, read_snapshot
        from stuck_jobs.collect.watched import watched_broker

        broker = watched_broker(store.connection, self.profile.schema, self.project)
        if broker is None:
            at_work = store.at_work(self.profile.schema, MAX_HOLDS + 1)
            return read_snapshot(self.address, self.queues, self.limit, self.timeout, at_work)
        named = [queue for queue in self.queues if queue != DEFAULT_QUEUE]
        known = [*named, *store.known_queues()]
        read = partial(read_broker, self.address, broker, known, self.limit, self.timeout, now)
        return look_for_asking(read, store.asking())


DEFAULT_QUEUE = "jobs"
MESSAGES_READ = 10_000
RETENTION_HOURS = 24.0
REDIS_SECONDS = 5.0
"""What is kept to unless an option says otherwise."""


def usual_collector(
    profile: Profile, project: Path, queues: Iterable[str], redis_url: str | None
) -> Collector:
    """The collector of the commands that take snapshots beside other things.

    Args:
        profile: where PostgreSQL is.
        project: the dbt project.
        queues: their names.
        redis_url: where Redis is.
    """
    from stuck_jobs.collect.redis_url import parse_redis_url

    return Collector(
        profile=profile,
        project=project,
        address=parse_redis_url(redis_url),
        queues=list(dict.fromkeys(queues)),
        limit=MESSAGES_READ,
        retention=timedelta(hours=RETENTION_HOURS),
        timeout=REDIS_SECONDS,
    )


queue_option = click.option(
    "--queue",
    "queues",
    type=QueueName(),
    multiple=True,
    default=[DEFAULT_QUEUE],
    show_default=True,
    envvar="STUCK_JOBS_QUEUES",
    show_envvar=True,
    help="The name of a main list; its retry set and dead list are beside it. Can be repeated. "
    "The queues of a job system with a broker of its own are found without.",
)

redis_option = click.option(
    "--redis-url",
    cls=Secret,
    metavar="URL",
    envvar="REDIS_URL",
    help="Where Redis is: redis://[user:password@]host:6379/0, rediss://… (TLS), unix:///path, "
    "redis+sentinel://host:26379,host2:26379/mymaster/0 or redis+cluster://host:6379 "
    "(with TLS: rediss+…); if nothing says so, at redis://localhost:6379/0.",
)


@click.command()
@queue_option
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=MESSAGES_READ,
    show_default=True,
    help="How many messages to read of each list, the oldest first. Depths are exact anyway.",
)
@click.option(
    "--retention",
    metavar="HOURS",
    type=Number(min=0, max=24 * 3660),
    default=RETENTION_HOURS,
    show_default=True,
    help="How long the depths of past snapshots are kept.",
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=Number(min=0, min_open=True),
    default=REDIS_SECONDS,
    show_default=True,
    help="How long to wait for each answer of Redis.",
)
@click.option(
    "--watch",
    metavar="SECONDS",
    type=Number(min=0, min_open=True),
    help="Take a snapshot every so often, until SIGTERM or Ctrl-C.",
)
@redis_option
@connection_options
def collect(
    connection: ProfileOptions,
    queues: tuple[str, ...],
    limit: int,
    retention: float,
    timeout: float,
    watch: float | None,
    redis_url: str | None,
) -> None:
    """Copy what waits in Redis into PostgreSQL, where dbt reads it.

    Takes a snapshot of each queue's main list, retry set and dead list and of the workers' locks, or of what
    a job system has in their place, without the messages' payloads. The tables are created on first use.
    Redis is only read, and never kept busy for long: what does not fit into a fraction of a second is left
    out, and the snapshot says so. Among many keys nothing is searched for: the locks of the jobs at work are
    asked for by name.

    Exits with 0 when the snapshot is written; with 2 if Redis cannot be read, which is recorded as a failed
    snapshot, or if PostgreSQL cannot be written.
    """
    from stuck_jobs.collect.redis_url import parse_redis_url
    from stuck_jobs.dbt_project import find_project

    collector = Collector(
        profile=load_profile(connection),
        project=find_project(connection.project_dir),
        address=parse_redis_url(redis_url),
        queues=list(dict.fromkeys(queues)),
        limit=limit,
        retention=timedelta(hours=retention),
        timeout=timeout,
    )
    if watch is None:
        say(collector.run())
    else:
        repeat(collector.run, watch)


def _summary(snapshot: Snapshot, snapshot_id: int) -> str:
    """Say in one line what a snapshot holds."""
    queues = groupby(snapshot.listings, lambda listing: listing.queue)
    depths = "; ".join(f"{queue}: {', '.join(map(_depth, listings))}" for queue, listings in queues)
    messages = [entry.message for listing in snapshot.listings for entry in listing.entries]
    unreadable = sum(not message.parsed for message in messages)
    words = (
        f", {unreadable:,} of them unreadable (no JSON, too large, or without a job)" if unreadable else ""
    )
    held = len(snapshot.holdings.held) if snapshot.holdings else len(snapshot.locks)
    return (
        f"snapshot {snapshot_id}: {depths}; {len(messages):,} messages read{words}; "
        f"{held:,} jobs held by workers"
    )


def _depth(listing: Listing) -> str:
    cut = "" if listing.complete else f" ({len(listing.entries):,} read)"
    return f"{listing.kind} {listing.depth:,}{cut}"
