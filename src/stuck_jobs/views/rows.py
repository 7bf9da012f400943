"""A row of each view, as it is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

LEVELS = ("database", "queue", "execution", "worker", "portal", "network")
STATES = ("ok", "breached", "unknown")
SEVERITIES = ("warn", "error")

INCIDENT_KINDS = (
    "worker_crash", "queue_unserved", "conductor_dead", "redis_untrusted", "provider_failing", "kind_failing",
    "error_repeated", "job", "queue_lagging", "point",
)  # fmt: skip
"""Of faults, the strongest first, as the macro fault_strength has them."""


@dataclass(frozen=True)
class Point:
    """A row of `accumulation_points`.

    Attributes:
        accumulation_point: its name.
        level: one of `LEVELS`.
        state: ok, breached or unknown.
        stuck_count: how many items are stuck there.
        max_count: how many may be.
        oldest_age_seconds: for how long the oldest is stuck; None if none is, or if nobody knows.
        severity: error or warn.
        remedy: the name of the recovery, or none.
        evidence: why the state is unknown, or the count a lower bound; None where both are known.
    """

    accumulation_point: str
    level: str
    state: str
    stuck_count: int
    max_count: int
    oldest_age_seconds: int | None
    severity: str
    remedy: str
    evidence: str | None


@dataclass(frozen=True)
class JudgedPoint(Point):
    """A row of `accumulation_points` with all that the gate goes by.

    Attributes:
        oldest_stuck_since: when the oldest item became stuck.
        evidence_at: how fresh the evidence is; None if there is none.
        evidence_age: the same in seconds, by the database's clock.
    """

    oldest_stuck_since: datetime | None
    evidence_at: datetime | None
    evidence_age: float | None

    @property
    def is_over_limit(self) -> bool:
        """Whether it says so, or its numbers do."""
        return self.state == "breached" or self.stuck_count > self.max_count


@dataclass(frozen=True)
class LastRun:
    """What `accumulation_history` says of dbt's last run.

    Attributes:
        observed_at: when it was; None if there was none.
        age: the same in seconds, by the database's clock.
        points: the points that were enabled.
    """

    observed_at: datetime | None
    age: float | None
    points: list[str] | None


@dataclass(frozen=True)
class Item:
    """A row of `stuck_items`, without what its point says.

    Attributes:
        accumulation_point: where it is stuck.
        entity_type: job, outbox_message, message, queue, execution, missing_execution, provider_region,
            job_kind, schedule, conductor or pipeline.
        entity_id: its primary key.
        jobspec_id: the public id of its job; None for an orphan.
        status: of the item.
        age_seconds: for how long it is stuck; None if no clock tells.
        cause: why.
        queue_name: the queue that it is in or for; None if that is not known.
        job_kind: what kind of work it is; None where the work has no kinds.
        evidence: the facts that speak for it, in a sentence.
    """

    accumulation_point: str
    entity_type: str
    entity_id: str
    jobspec_id: str | None
    status: str | None
    age_seconds: int | None
    cause: str
    queue_name: str | None
    job_kind: str | None
    evidence: str | None


@dataclass(frozen=True)
class Incident:
    """A row of `incidents`.

    Attributes:
        incident_id: the same for as long as the fault lasts.
        kind: of fault, see docs/incidents.md.
        started_at: since when its oldest item is stuck; None if no date of theirs can be believed.
        age_seconds: the same as an age, by the database's clock.
        severity: error or warn.
        points: that its items are at.
        items: how many belong to it.
        jobs: of how many jobs.
        scope: what the fault is at.
        title: what broke, in a sentence.
        evidence: the facts that speak for it.
        first_step: a command or a page to begin with.
    """

    incident_id: str
    kind: str
    started_at: datetime | None
    age_seconds: int | None
    severity: str
    points: list[str]
    items: int
    jobs: int
    scope: str
    title: str
    evidence: str | None
    first_step: str


@dataclass(frozen=True)
class IncidentItem(Item):
    """A row of `incident_items`.

    Attributes:
        incident_id: of the incident that the item belongs to.
        stuck_since: since when it is stuck; None if no date can be believed.
        region: that it is stuck in; None where it has none.
    """

    incident_id: str
    stuck_since: datetime | None
    region: str | None
