"""What the page shows, as it is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from stuck_jobs.views.incidents import Incidents
from stuck_jobs.views.rows import Item
from stuck_jobs.views.summary import Summary


@dataclass(frozen=True)
class ReportItem(Item):
    """A stuck item.

    Attributes:
        threshold_seconds: the age from which it is stuck.
        remedy: of its point.
        cause_count: how many items of its point have its cause.
        is_shown: whether it is one of those to begin with.
    """

    threshold_seconds: int
    remedy: str
    cause_count: int
    is_shown: bool


@dataclass(frozen=True)
class Tie:
    """Which incident an item belongs to, and the region that it is stuck in."""

    incident_id: str
    accumulation_point: str
    entity_id: str | None
    region: str | None


@dataclass(frozen=True)
class ErrorGroup:
    """Work that was given up with one error.

    Attributes:
        error: without what it carries.
        items: how many.
        first_seconds_ago: the age of the oldest; None if no date can be believed.
        last_seconds_ago: of the newest, likewise.
    """

    error: str
    items: int
    first_seconds_ago: int | None
    last_seconds_ago: int | None


@dataclass(frozen=True)
class Holder:
    """Who holds jobs.

    Attributes:
        holder: its name, or what is known instead.
        jobs: how many.
        oldest: some of them, the longest held first.
        longest_seconds: for how long it holds the first; None if nobody knows.
        silent_seconds: since its last beat; None where there are no beats.
    """

    holder: str
    jobs: int
    oldest: list[str | None]
    longest_seconds: int | None
    silent_seconds: int | None


@dataclass(frozen=True)
class Faults:
    """What broke.

    Attributes:
        incidents: the worst.
        ties: of items to incidents, by point and entity.
        errors: with which work was given up.
    """

    incidents: Incidents
    ties: dict[tuple[str, str | None], Tie]
    errors: list[ErrorGroup]


@dataclass(frozen=True)
class Trend:
    """What a point held during a step of time.

    Attributes:
        accumulation_point: its name.
        observed_at: the beginning of the step.
        stuck_count: the most that was stuck.
        was_unknown: whether there was a run without an answer.
    """

    accumulation_point: str
    observed_at: datetime
    stuck_count: int
    was_unknown: bool


@dataclass(frozen=True)
class Depth:
    """How many messages a queue held during a step of time; `depth` is None if nobody knows."""

    queue_name: str
    kind: str
    observed_at: datetime
    depth: int | None


@dataclass(frozen=True)
class Queue:
    """A row of `queue_depths`.

    Attributes:
        queue_name: its name.
        kind: main, retry or dead.
        depth: how many messages it holds; None if Redis could not be read.
        oldest_seconds: the age of the oldest message.
        observed_seconds_ago: how old the snapshot is.
        complete: whether all of its messages were read.
        error: why Redis could not be read.
    """

    queue_name: str
    kind: str
    depth: int | None
    oldest_seconds: int | None
    observed_seconds_ago: int
    complete: bool
    error: str | None


@dataclass(frozen=True)
class ProviderRegion:
    """How a provider does in a region, over the look-back of the analytics.

    Attributes:
        provider_id: the provider.
        region: the region.
        executions: all of them but skipped duplicates.
        finished: those that are completed, failed or timed out.
        failed: those of them that are not completed.
        timed_out: those of them that timed out.
        failure_rate: failed by finished, from 0 to 1; None if none is finished.
        timeout_rate: timed_out by finished, likewise.
        is_failing: whether `provider_failures` lists it now.
        providers: how many providers there are, shown or not.
        regions: how many regions, likewise.
    """

    provider_id: str | None
    region: str | None
    executions: int
    finished: int
    failed: int
    timed_out: int
    failure_rate: float | None
    timeout_rate: float | None
    is_failing: bool
    providers: int
    regions: int


@dataclass(frozen=True)
class Day:
    """A row of `job_durations`; the percentiles are seconds, None where no job tells."""

    day: date
    jobs: int
    queue_wait_p50_seconds: float | None
    queue_wait_p95_seconds: float | None
    queue_wait_p99_seconds: float | None
    run_time_p50_seconds: float | None
    run_time_p95_seconds: float | None
    run_time_p99_seconds: float | None
    total_p50_seconds: float | None
    total_p95_seconds: float | None
    total_p99_seconds: float | None


@dataclass(frozen=True)
class Reading:
    """All that the page shows.

    Attributes:
        database: its name.
        read_at: by the database's clock.
        summary: the points, and dbt's last run.
        faults: what broke; None if that took too long.
        items: the oldest, and the oldest of each point and cause; the oldest first.
        trends: by point and time.
        queues: as they are now.
        depths: of the queues, by time.
        holders: of jobs, the longest silent first.
        providers: by provider and region; None if that took too long.
        days: the latest first; None if that took too long.
    """

    database: str
    read_at: datetime
    summary: Summary
    faults: Faults | None
    items: list[ReportItem]
    trends: list[Trend]
    queues: list[Queue]
    depths: list[Depth]
    holders: list[Holder]
    providers: list[ProviderRegion] | None
    days: list[Day] | None
