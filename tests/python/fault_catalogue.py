"""Every way in which a job gets stuck: the "How it happens" of the analysis, each with a fault that does it.

A case is played in a world (see test_faults). What it says of points and causes is what is found in the end,
before anything is repaired; `before` is what may be seen on the way there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

from pipeline.work import Fault, Work
from pipeline.world import World

Pairs = frozenset[tuple[str, str]]
Repair = Callable[[World, "Case"], None]


@dataclass(frozen=True)
class Case:
    """One fault and what must be found of it.

    Attributes:
        name: of the case and of its job; with several, a number follows.
        world: in which it is played.
        work: its job.
        expected: cause by point.
        before: further points and causes that may be seen on the way.
        repair: what an operator does; None if it passes by itself, or with the repair of its world.
        jobs: how many.
        heals: it passes by itself.
        is_of_all: points that belong to no job are of this case.
    """

    name: str
    world: str
    work: Work
    expected: dict[str, str]
    before: Pairs = frozenset()
    repair: Repair | None = None
    jobs: int = 1
    heals: bool = False
    is_of_all: bool = False

    @property
    def names(self) -> list[str]:
        return [self.name] if self.jobs == 1 else [f"{self.name}-{number}" for number in range(self.jobs)]

    @property
    def allowed(self) -> Pairs:
        return self.before | frozenset(self.expected.items())


def rerun(world: World, case: Case) -> None:
    """Reset the job and queue it again, the lock of a dead worker out of the way."""
    for name in case.names:
        world.client.delete(f"job:processing:{name}")
        world.sql(
            "update executions set status = 'failed', completed_at = now() from jobs "
            "where job_id = jobs.id and jobspec_id = %s and executions.status = 'running'", name,
        )  # fmt: skip
        world.sql(
            "update jobs set status = 'created', started_at = null, updated_at = now() where jobspec_id = %s",
            name,
        )
        world.republish(name, replace(case.work, fault=None))


def close(world: World, case: Case) -> None:
    """Write the final status that was not written."""
    world.sql(
        "update jobs set status = 'completed', completed_at = now(), updated_at = now() "
        "where jobspec_id = %s",
        case.name,
    )


def backfill(world: World, case: Case) -> None:
    """Write what is missing as failed."""
    world.sql(
        "insert into executions (job_id, provider_id, region, model_id, question_id, status, completed_at) "
        "select job_id::int, 'manual', region, model_id, question_id, 'failed', now() "
        "from missing_executions where jobspec_id = %s", case.name,
    )  # fmt: skip


def fail_open(world: World, case: Case) -> None:
    """End the executions that nobody ends."""
    world.sql(
        "update executions set status = 'failed', completed_at = now() from jobs where job_id = jobs.id "
        "and jobspec_id = %s and executions.status in ('running', 'pending', 'retrying')", case.name,
    )  # fmt: skip


def requeue(world: World, case: Case) -> None:
    """Put the dead letter back, as new."""
    for letter in drop(world, case):
        message = {key: letter[key] for key in ("id", "jobspec_id", "enqueued_at")}
        world.client.lpush("jobs", json.dumps(message | {"attempts": 0}))


def drop(world: World, case: Case) -> list[dict[str, str]]:
    """Take the dead letter away."""
    letters = [
        text for text in world.client.lrange("jobs:dead", 0, -1) if json.loads(text)["id"] in case.names
    ]
    for text in letters:
        world.client.lrem("jobs:dead", 1, text)
    return [json.loads(text) for text in letters]


HELD = ("job_processing", "worker_holding")
LOST = {"job_processing": "worker_lost", "worker_lost": "lock_gone"}
LEFT_RUNNING = {"execution_running": "job_finished", "job_closed_early": "execution_open"}
UNREAD = {"job_created": "message_waiting", "queue_backlog": "no_active_worker"}
CUT_OFF = {"execution_missing": "region_silent"}
STALLED = {"pipeline_stalled": "nothing_written"}
UNSERVED = {"queue_unserved": "no_living_worker"}

one = Work(questions=("q1",))
running = Work(marks="running")
halves = Work(regions=("US", "EU"), questions=("q1",), seconds={"EU": 0.7})
calls = Work(models=("llama", "qwen"), questions=("q1", "q2", "q3"))


def dies(
    step: str, expected: dict[str, str], work: Work = one, before: Pairs = frozenset(), action: str = "die"
) -> Case:
    """A worker that is killed at a step of one job."""
    fault = Fault(step, action, region="US" if work is halves else None)
    return Case(
        f"killed-{step}" if action == "die" else action, "busy", replace(work, fault=fault), expected,
        before, rerun if expected else None,
    )  # fmt: skip


def strikes(
    name: str,
    fault: Fault,
    expected: dict[str, str],
    work: Work = one,
    before: Pairs = frozenset(),
    repair: Repair | None = None,
    heals: bool = False,
) -> Case:
    """A fault of one job among healthy ones."""
    return Case(name, "busy", replace(work, fault=fault), expected, before, repair, heals=heals)


held = frozenset({HELD})
half_lost = LOST | {"job_interrupted": "context_timeout"}

KILLED = [
    dies("popped", {"job_created": "message_lost"}),
    dies("locked", {"job_created": "message_lost"}, before=frozenset({("job_created", "unknown")})),
    dies("claimed", LOST, before=held),
    dies(
        "started", {"job_running": "never_started", "worker_lost": "lock_gone"}, replace(one, marks="running")
    ),
    dies(
        "opened",
        {"job_running": "executions_open", "worker_lost": "lock_gone", "execution_running": "job_live"},
        replace(one, marks="running", opens=True),
    ),
    dies("calling", LOST, before=held),
    dies("called", LOST, before=held),
    dies("written", half_lost, halves, before=held),
    dies("executed", LOST | {"job_not_closed": "final_write_failed"}, before=held),
    dies("closed", {}),
    dies("released", {}),
    dies("calling", LOST, before=held, action="panic"),
]

BUSY = [
    # created, queued
    strikes("api-crashed", Fault("inserted", ""), {}),
    strikes(
        "inserted-without-message", Fault("forgotten", ""), {"job_created": "never_published"}, repair=rerun
    ),
    strikes("message-dropped", Fault("dropped", ""), {"job_created": "message_lost"}, repair=rerun),
    strikes(
        "publisher-killed",
        Fault("pushed", ""),
        {},
        before=frozenset({("queue_duplicate", "queued_twice"), ("queue_orphan", "job_closed")}),
    ),
    strikes(
        "claim-not-written",
        Fault("claimed", "forget"),
        {"job_queued": "message_lost"},
        replace(one, status="queued"),
        repair=rerun,
    ),
    strikes(
        "stuck-in-dead-letters",
        Fault("claimed", "break", always=True),
        {"job_queued": "dead_lettered", "queue_dead_letter": "retries_exhausted"},
        replace(one, status="queued"),
        repair=requeue,
    ),
    # dead letters
    strikes(
        "retries-exhausted",
        Fault("executed", "fail", always=True),
        {"queue_dead_letter": "retries_exhausted"},
        repair=drop,
    ),
    strikes(
        "permanent-failure",
        Fault("none", ""),
        {"queue_dead_letter": "permanent_failure"},
        replace(one, regions=()),
        repair=drop,
    ),
    strikes(
        "moved-after-retries",
        Fault("locked", "fail", always=True),
        {"job_created": "dead_lettered", "queue_dead_letter": "retries_exhausted"},
        repair=requeue,
    ),
    # processing, running
    strikes("context-cancelled", Fault("calling", "abandon"), LOST, repair=rerun),
    strikes(
        "final-write-failed",
        Fault("closed", "break"),
        LOST | {"job_not_closed": "final_write_failed"},
        repair=close,
    ),
    strikes(
        "never-completes",
        Fault("calling", "hang", question="q2"),
        {"job_running": "executions_missing", "worker_lost": "lock_gone"},
        running,
        repair=rerun,
    ),
    strikes(
        "status-not-updated",
        Fault("closed", "skip"),
        {
            "job_running": "executions_finished",
            "worker_lost": "lock_gone",
            "job_not_closed": "final_write_failed",
        },
        running,
        repair=close,
    ),
    strikes(
        "killed-before-final-status",
        Fault("executed", "die"),
        {
            "job_running": "executions_finished",
            "worker_lost": "lock_gone",
            "job_not_closed": "final_write_failed",
        },
        running,
        repair=close,
    ),
    strikes(
        "results-not-processed",
        Fault("executed", "abandon"),
        {
            "job_running_unstarted": "executions_finished",
            "worker_lost": "lock_gone",
            "job_not_closed": "final_write_failed",
        },
        replace(running, marks="unstarted"),
        repair=close,
        before=frozenset(
            ("job_running_unstarted", cause)
            for cause in ("never_started", "executions_missing", "executions_open")
        ),
    ),
    # executions
    strikes(
        "cancelled-before-write",
        Fault("called", "cancel", region="EU"),
        CUT_OFF | {"job_interrupted": "context_cancelled"},
        halves,
        repair=backfill,
    ),
    strikes(
        "context-timeout",
        Fault("none", ""),
        CUT_OFF | {"job_interrupted": "context_timeout"},
        replace(halves, marks="running", seconds={"EU": 60}),
        repair=backfill,
        before=frozenset({("worker_lost", "lock_gone")}),
    ),
    strikes("connection-lost-on-insert", Fault("written", "cut"), CUT_OFF, repair=backfill),
    strikes(
        "insert-failed-silently",
        Fault("written", "break", question="q2"),
        {"execution_missing": "not_written"},
        Work(),
        repair=backfill,
    ),
    strikes(
        "execution-never-updated",
        Fault("written", "skip", question="q2"),
        LEFT_RUNNING,
        Work(opens=True),
        repair=fail_open,
    ),
    strikes(
        "execution-update-failed",
        Fault("written", "break", question="q2"),
        LEFT_RUNNING,
        Work(opens=True),
        repair=fail_open,
    ),
    strikes(
        "cancelled-before-update",
        Fault("called", "cancel", region="EU"),
        LEFT_RUNNING,
        replace(halves, opens=True),
        repair=fail_open,
    ),
    strikes(
        "execution-never-retried",
        Fault("opened", "requeue"),
        {"execution_pending": "job_finished"},
        Work(opens=True),
        repair=fail_open,
    ),
    # workers
    strikes(
        "recovered-in-vain",
        Fault("calling", "die"),
        LOST | {"job_recovered_repeatedly": "stuck_again"},
        before=held,
        repair=rerun,
    ),
    strikes("out-of-memory", Fault("calling", "exhaust"), LOST, before=held, repair=rerun),
    strikes("container-restarted", Fault("calling", "wait"), LOST, before=held, repair=rerun),
    replace(strikes("deployment", Fault("calling", "wait"), LOST, before=held, repair=rerun), jobs=3),
    strikes(
        "job-exceeds-timeout",
        Fault("none", ""),
        CUT_OFF | {"job_interrupted": "context_timeout"},
        replace(halves, seconds={"EU": 60}),
        repair=backfill,
        before=frozenset({HELD, *LOST.items()}),
    ),
    strikes(
        "parent-cancelled",
        Fault("calling", "wait", region="EU"),
        CUT_OFF | {"job_interrupted": "context_cancelled"},
        halves,
        repair=backfill,
    ),
    strikes(
        "context-not-respected",
        Fault("calling", "hang", region="EU"),
        half_lost,
        halves,
        before=held,
        repair=rerun,
    ),
    # portal
    strikes(
        "final-status-late", Fault("closed", "late"), {"job_not_closed": "final_write_failed"}, heals=True
    ),
    strikes(
        "stale-copy-written",
        Fault("none", ""),
        {
            "job_running": "executions_finished",
            "worker_lost": "lock_gone",
            "job_not_closed": "final_write_failed",
        },
        running,
        repair=close,
    ),
    strikes("executions-late", Fault("written", "late"), CUT_OFF, heals=True),
    strikes(
        "closed-before-executions",
        Fault("written", "late"),
        {"job_closed_early": "execution_open"},
        Work(opens=True),
        heals=True,
    ),
    strikes(
        "barrier-never-left",
        Fault("none", ""),
        {"job_unevaluable": "unknown", "job_not_closed": "final_write_failed"},
        repair=close,
    ),
    strikes(
        "start-not-written",
        Fault("none", ""),
        {"execution_unevaluable": "job_finished", "job_closed_early": "execution_open"},
        repair=fail_open,
    ),
    # providers
    strikes(
        "cold-start",
        Fault("none", ""),
        {"provider_timeout": "cold_start"},
        replace(calls, provider="cold-start", answer="cold"),
        heals=True,
    ),
    strikes(
        "provider-timeout",
        Fault("none", ""),
        {"provider_timeout": "timed_out"},
        replace(calls, provider="provider-timeout", answer="timeout"),
        heals=True,
    ),
    strikes(
        "provider-unavailable",
        Fault("none", ""),
        {"provider_retries_exhausted": "retries_exhausted", "failure_burst": "failing_often"},
        replace(
            calls,
            provider="provider-unavailable",
            models=("provider-unavailable",),
            answer="unavailable",
            questions=tuple(f"q{number}" for number in range(12)),
        ),
        heals=True,
    ),
]

ELSEWHERE = [
    Case("never-picked-up", "no workers", Work(), UNREAD),
    Case(
        "worker-not-running",
        "no workers",
        one,
        UNREAD | STALLED | UNSERVED | {"queue_depth": "no_active_worker"},
        jobs=45,
        is_of_all=True,
    ),
    Case(
        "job-deleted",
        "no workers",
        Work(),
        {"queue_orphan": "job_missing", "queue_backlog": "no_active_worker"},
        before=frozenset({("job_created", "message_waiting")}),
    ),
    Case(
        "job-cancelled",
        "no workers",
        Work(),
        {"queue_orphan": "job_closed", "queue_backlog": "no_active_worker"},
    ),
    Case("queued-twice", "no workers", Work(), UNREAD | {"queue_duplicate": "queued_twice"}),
    Case("pushed-elsewhere", "wrong queue", Work(topic="jobs-eu"), UNREAD),
    Case(
        "wrong-queue-consumed",
        "wrong queue",
        Work(status="queued"),
        {"job_queued": "message_waiting", "queue_backlog": "no_active_worker"} | STALLED | UNSERVED,
        is_of_all=True,
    ),
    Case(
        "redis-connection-lost",
        "workers without redis",
        Work(status="queued"),
        {"job_queued": "message_waiting", "queue_backlog": "no_active_worker"} | STALLED | UNSERVED,
        is_of_all=True,
    ),
    Case(
        "only-worker-crashed",
        "one worker",
        replace(one, fault=Fault("claimed", "die")),
        UNREAD | LOST | STALLED | UNSERVED,
        frozenset(
            {
                HELD,
                ("queue_backlog", "consumer_lag"),
                ("queue_depth", "consumer_lag"),
                ("queue_unserved", "nothing_taken"),
            }
        ),
        rerun,
        jobs=3,
        is_of_all=True,
    ),
    Case(
        "consumer-lag",
        "slow worker",
        replace(one, seconds={"US": 0.7}),
        {"job_created": "message_waiting", "queue_backlog": "consumer_lag", "queue_depth": "consumer_lag"},
        frozenset(
            {
                ("job_created", "unknown"),
                ("queue_backlog", "no_active_worker"),
                ("queue_depth", "no_active_worker"),
            }
        ),
        jobs=60,
        is_of_all=True,
    ),
    Case(
        "retry-not-moved",
        "no publisher",
        replace(one, fault=Fault("locked", "fail")),
        {"job_created": "retry_scheduled", "queue_retry_overdue": "no_active_worker"},
    ),
    Case(
        "publisher-stopped",
        "no publisher",
        Work(),
        {"job_created": "outbox_unpublished", "outbox_unpublished": "unknown"} | STALLED,
        is_of_all=True,
    ),
    Case(
        "redis-down",
        "no redis",
        Work(),
        {"job_created": "outbox_unpublished", "outbox_unpublished": "unknown"} | STALLED,
        is_of_all=True,
    ),
    Case(
        "network-down",
        "no network",
        replace(one, fault=Fault("calling", "wait")),
        LOST | STALLED,
        repair=rerun,
        is_of_all=True,
    ),
    Case(
        "network-down-waiting",
        "no network",
        one,
        {"job_created": "outbox_unpublished", "outbox_unpublished": "unknown"},
    ),
    Case(
        "pool-exhausted",
        "no connections",
        replace(one, fault=Fault("calling", "wait")),
        LOST | STALLED,
        repair=rerun,
        is_of_all=True,
    ),
    Case(
        "pool-exhausted-waiting",
        "no connections",
        one,
        {"job_created": "dead_lettered", "queue_dead_letter": "retries_exhausted"},
        frozenset({("job_created", "retry_scheduled"), ("job_created", "message_waiting")}),
        requeue,
    ),
    Case(
        "postgres-restarted",
        "postgres restarted",
        replace(one, fault=Fault("calling", "wait")),
        LOST,
        repair=rerun,
    ),
]

CASES = {case.name: case for case in [*KILLED, *BUSY, *ELSEWHERE]}
