"""What the processes of the pipeline tell each other: jobs, messages, and where the servers are."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

MINUTE = 1.5
"""Seconds that a minute of the source lasts here; the limits of the views are shortened alike."""

CONTEXT = 15 * MINUTE
LOCK_TTL = 15 * MINUTE
CALL_TIMEOUT = 150 / 60 * MINUTE
GRACE = 6 * MINUTE
"""How long a write is delayed by the action `late`: longer than the portal's limits."""

MAX_ATTEMPTS = 3
CLOSED = ("completed", "failed", "cancelled")
ROUTER_REGIONS = {"US": "us-east", "EU": "eu-west", "ASIA": "asia-pacific"}


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a job, the first time that it is worked on.

    Attributes:
        step: at which it strikes; see `worker` and `publisher`.
        action: what it does there.
        region: in whose calls alone, if the step is one of a call.
        question: likewise.
        always: and every other time.
    """

    step: str
    action: str
    region: str | None = None
    question: str | None = None
    always: bool = False


@dataclass(frozen=True)
class Work:
    """A job.

    Attributes:
        status: with which the API inserts it.
        regions: of the spec, in its spelling.
        models: of the spec.
        questions: of the spec.
        topic: the queue.
        marks: while it is worked on its status is processing, running, or unstarted: running without a start.
        opens: an execution is inserted as running when its call begins, and not when it has ended.
        provider: in front of the region in the name of a provider; empty: modal.
        answer: how the provider answers: ok, cold (late), timeout, unavailable.
        seconds: how long a call takes, by region.
        fault: what goes wrong.
    """

    status: str = "created"
    regions: tuple[str, ...] = ("US",)
    models: tuple[str, ...] = ("llama",)
    questions: tuple[str, ...] = ("q1", "q2")
    topic: str = "jobs"
    marks: str = "processing"
    opens: bool = False
    provider: str = "modal"
    answer: str = "ok"
    seconds: dict[str, float] = field(default_factory=dict)
    fault: Fault | None = None

    def spec(self, name: str) -> dict[str, Any]:
        """Its `jobspec_data`, with what the simulation needs beside the source's own keys."""
        return {
            "id": name,
            "constraints": {"regions": self.regions, "min_success_rate": 0.67},
            "metadata": {"models": self.models},
            "questions": self.questions,
            "wallet_auth": {"signature": "0xsecret"},
            "simulation": {
                "marks": self.marks, "opens": self.opens, "provider": self.provider,
                "answer": self.answer, "seconds": self.seconds,
            },
        }  # fmt: skip

    def envelope(self, name: str, enqueued_at: str) -> dict[str, Any]:
        """The message that the API leaves in the outbox."""
        fault = {"fault": asdict(self.fault)} if self.fault else {}
        return {"id": name, "enqueued_at": enqueued_at, "attempt": 0, "request_id": f"request-{name}"} | fault


@dataclass(frozen=True)
class Servers:
    """Where a process finds what it works with.

    Attributes:
        dsn: of PostgreSQL.
        redis_url: of Redis.
        queue: the main list.
    """

    dsn: str
    redis_url: str
    queue: str = "jobs"
