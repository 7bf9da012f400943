"""What is known of a job: the rows that are read of it, and all of them together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from stuck_jobs.recover.plan import Task
from stuck_jobs.views.rows import Incident, Item, JudgedPoint

WAITING = ("created", "queued")
WORKING = ("processing", "running")
CLOSED = ("completed", "failed", "cancelled")

CONCERNS = {
    "waiting": (
        "job_created", "job_queued", "job_unevaluable", "job_expiring", "outbox_unpublished",
        "queue_backlog", "queue_retry_overdue", "queue_dead_letter", "job_blocked", "queue_unserved",
        "job_recovered_repeatedly",
    ),
    "working": (
        "job_processing", "job_running", "job_running_unstarted", "job_unevaluable", "execution_running",
        "execution_pending", "execution_unevaluable", "worker_lost", "job_interrupted", "job_not_closed",
        "job_recovered_repeatedly",
    ),
    "closed": (
        "execution_missing", "execution_running", "execution_pending", "execution_unevaluable",
        "job_closed_early", "job_interrupted",
    ),
}  # fmt: skip
"""At which points a job can be stuck: while one of them is unknown, nobody knows that it is not."""

OF_MANY = (
    "queue_depth", "queue_orphan", "queue_duplicate", "failure_burst", "schedule_missed", "conductor_dead",
    "provider_timeout", "provider_retries_exhausted", "pipeline_stalled",
)  # fmt: skip
"""What says nothing of whether a job is stuck."""


@dataclass(frozen=True)
class Job:
    """A row of the jobs, without what it carries.

    Attributes:
        job_id: its primary key.
        jobspec_id: its public id.
        status: as the contract names it.
        queue_name: the queue that it is in; None if it does not say.
        job_kind: what kind of work it is.
        waits_for: why it waits and rightly so; None if it does not.
        attempts: that have ended.
        read_at: when all of this was so, by the database's clock.
    """

    job_id: str
    jobspec_id: str | None
    status: str | None
    queue_name: str | None
    job_kind: str | None
    waits_for: str | None
    attempts: int | None
    read_at: datetime

    @property
    def name(self) -> str:
        """What people call it."""
        return self.jobspec_id or self.job_id

    @property
    def phase(self) -> str:
        """waiting, working or closed; what nobody has listed may be either of the first two, and waits."""
        if self.status in CLOSED:
            return "closed"
        return "working" if self.status in WORKING else "waiting"


@dataclass(frozen=True)
class Moment:
    """Something that is known with its time.

    Attributes:
        at: when it was, or will be; None if that cannot be believed.
        what: it is, in our words.
        detail: of the pipeline's.
        queue_name: that it is in or for.
    """

    at: datetime | None
    what: str
    detail: str | None
    queue_name: str | None


@dataclass(frozen=True)
class Holder:
    """Whether a worker has it; None if nobody knows."""

    is_held: bool | None
    evidence: str | None


@dataclass(frozen=True)
class Limit:
    """The rule that judges it, since when it counts, and from which age on it is stuck."""

    rule: str
    since: datetime | None
    seconds: int


@dataclass(frozen=True)
class Wait:
    """The job that it waits for."""

    waits_for: str
    holder_job_id: str | None
    holder_status: str | None


@dataclass(frozen=True)
class FoundItem(Item):
    """A stuck item.

    Attributes:
        stuck_since: since when; None if no date can be believed.
        threshold_seconds: from which age on.
        severity: of its point.
        remedy: likewise.
        is_own: whether it is the job's, and not what the job depends on.
    """

    stuck_since: datetime | None
    threshold_seconds: int
    severity: str
    remedy: str
    is_own: bool


@dataclass(frozen=True)
class Explanation:
    """All that is known of a job.

    Attributes:
        job: its row.
        timeline: the oldest first.
        holder: whether a worker has it; None if that is not to be asked.
        limit: from which age on it is stuck; None if it is closed, or waits rightly.
        wait: which job it waits for.
        items: where it is stuck, the oldest first.
        around: what is stuck of all that it depends on.
        incidents: that its items belong to; None if there was no time to find out.
        tasks: what recovery would do about it, or why not; None likewise.
        unknown: the points that may have it, and of which nobody knows.
    """

    job: Job
    timeline: list[Moment]
    holder: Holder | None
    limit: Limit | None
    wait: Wait | None
    items: list[FoundItem]
    around: list[FoundItem]
    incidents: list[Incident] | None
    tasks: list[Task] | None
    unknown: list[JudgedPoint]

    def moment(self, what: str) -> datetime | None:
        """When that was, the last time."""
        times = [moment.at for moment in self.timeline if moment.what == what and moment.at]
        return times[-1] if times else None
