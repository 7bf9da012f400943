from __future__ import annotations

import json
from collections import Counter
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import oracle
import pytest
from conftest import ROOT

from stuck_jobs.demo.generator import MIN_JOBS, Pipeline, generate
from stuck_jobs.demo.queue import LOCK_LASTS
from stuck_jobs.demo.world import Fault
from stuck_jobs.expectations.contract import registered_points

NOW = datetime(2025, 10, 14, 16, 13, 17, 970000, tzinfo=UTC)
SEEDS = (7, 1, 20, 333)

IN_THE_QUEUE = {"message_waiting", "retry_scheduled", "dead_lettered", "message_lost"}
ON_THE_WORKER = {"worker_lost", "worker_holding"}
WAITING = {"outbox_unpublished", "never_published", *IN_THE_QUEUE}
RUNNING = {"executions_finished", "executions_missing", "executions_open", "never_started"}
OPEN = {"job_finished", "job_live", "unknown"}
CAUSES = {
    "job_created": WAITING,
    "job_queued": WAITING,
    "job_processing": ON_THE_WORKER,
    "job_running": RUNNING,
    "job_running_unstarted": RUNNING,
    "job_unevaluable": {"unknown", "clock_skew"},
    "outbox_unpublished": {"unknown"},
    "queue_backlog": {"consumer_lag"},
    "queue_depth": {"consumer_lag"},
    "queue_retry_overdue": {"consumer_lag"},
    "queue_dead_letter": {"retries_exhausted", "permanent_failure", "unparsable"},
    "queue_orphan": {"job_missing", "job_closed"},
    "queue_duplicate": {"queued_twice"},
    "queue_unserved": {"nothing_taken"},
    "execution_missing": {"not_written", "region_silent", "spec_unreadable"},
    "execution_running": OPEN,
    "execution_pending": OPEN,
    "execution_unevaluable": OPEN | {"clock_skew"},
    "failure_burst": {"failing_often"},
    "worker_lost": {"lock_gone"},
    "job_interrupted": {"context_timeout", "context_cancelled"},
    "job_recovered_repeatedly": {"stuck_again", "given_up"},
    "job_not_closed": {"final_write_failed"},
    "job_closed_early": {"execution_open"},
    "provider_timeout": {"cold_start", "timed_out"},
    "provider_retries_exhausted": {"retries_exhausted"},
    "pipeline_stalled": set(),
}
"""Every point, and what the demo breaks there; no_active_worker would leave the other causes out."""

ONE_EACH = {
    "queue_depth",
    "queue_unserved",
    "failure_burst",
    "provider_timeout",
    "provider_retries_exhausted",
}
"""The points that list queues, models and providers, of which only one is broken for each cause."""


def stuck(pipeline: Pipeline, later: timedelta = timedelta()) -> list[Fault]:
    """What the oracle finds in a pipeline."""
    judged = oracle.Pipeline(
        tuple(as_oracle(oracle.Job, job) for job in pipeline.jobs),
        tuple(as_oracle(oracle.Execution, execution) for execution in pipeline.executions),
        tuple(as_oracle(oracle.OutboxMessage, message) for message in pipeline.outbox),
    )
    now = pipeline.now.replace(tzinfo=UTC) + later
    items = oracle.Oracle(judged, now).stuck_items()
    return sorted(Fault(item["accumulation_point"], item["entity_id"], item["cause"]) for item in items)


def without_redis(faults: list[Fault]) -> list[Fault]:
    """What is left of faults for somebody who sees the tables alone."""
    return sorted(
        fault._replace(cause="unknown") if fault.cause in IN_THE_QUEUE | ON_THE_WORKER else fault
        for fault in faults
        if fault.point in oracle.REGISTRY
    )


def as_oracle(kind: type[Any], row: Any) -> Any:
    values = {field.name: getattr(row, field.name) for field in fields(kind)}
    return kind(
        **{
            name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
            for name, value in values.items()
        }
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("later", [timedelta(0), timedelta(minutes=2)])
def test_exactly_what_was_broken_is_stuck(seed: int, later: timedelta) -> None:
    pipeline = generate(NOW, seed, MIN_JOBS)
    assert stuck(pipeline, later) == without_redis(pipeline.faults)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_healthy_pipeline_stays_healthy_for_a_while(seed: int) -> None:
    pipeline = generate(NOW, seed, jobs=1000, healthy=True)
    assert pipeline.faults == []
    assert stuck(pipeline) == []
    assert stuck(pipeline, timedelta(minutes=2)) == []


def test_every_point_is_broken_or_not_on_purpose() -> None:
    provable = {point for point, fields in registered_points(ROOT).items() if fields["enabled"]}
    assert set(CAUSES) == provable


@pytest.mark.parametrize("seed", SEEDS)
def test_every_point_and_every_cause_occurs(seed: int) -> None:
    faults = generate(NOW, seed, MIN_JOBS).faults
    assert {point: {f.cause for f in faults if f.point == point} for point in CAUSES} == CAUSES
    counts = Counter(fault.point for fault in faults)
    assert all(counts.pop(point) == len(CAUSES[point]) for point in ONE_EACH)
    assert min(counts.values()) >= 5
    assert set(Counter(faults).values()) == {1}


def test_the_default_is_two_weeks_of_a_busy_and_mostly_healthy_pipeline() -> None:
    pipeline = generate(NOW)
    created = [job.created_at for job in pipeline.jobs if job.created_at]
    assert len(pipeline.jobs) >= 2000
    assert len(pipeline.executions) >= 20_000
    assert timedelta(days=13) < max(created) - min(created) < timedelta(days=15)
    assert len(pipeline.faults) < len(pipeline.jobs) / 8
    assert sum(job.status == "completed" for job in pipeline.jobs) > 0.8 * len(pipeline.jobs)


def test_the_same_arguments_give_the_same_rows() -> None:
    assert generate(NOW, 3, MIN_JOBS) == generate(NOW, 3, MIN_JOBS)
    assert generate(NOW, 3, MIN_JOBS).jobs != generate(NOW, 4, MIN_JOBS).jobs


def test_every_row_is_one_that_the_source_accepts() -> None:
    pipeline = generate(NOW)
    jobs = {job.id for job in pipeline.jobs}
    assert len({job.jobspec_id for job in pipeline.jobs}) == len(pipeline.jobs)
    for rows in (pipeline.jobs, pipeline.executions, pipeline.outbox):
        assert [row.id for row in rows] == list(range(1, len(rows) + 1))
    assert {execution.job_id for execution in pipeline.executions} <= {*jobs, None}
    assert all(job.jobspec_data["id"] == job.jobspec_id for job in pipeline.jobs)


def test_both_spellings_of_a_region_and_repeated_cells_occur() -> None:
    executions = generate(NOW).executions
    assert {"us-east", "US", "asia-pacific", "ASIA"} <= {execution.region for execution in executions}
    cells = Counter((e.job_id, e.region, e.model_id, e.question_id) for e in executions)
    assert sum(count > 1 for count in cells.values()) > 100


@pytest.mark.parametrize("seed", SEEDS)
def test_a_healthy_queue_holds_young_messages_of_both_formats_and_locks_of_live_jobs(seed: int) -> None:
    pipeline = generate(NOW, seed, healthy=True)
    status = {job.jobspec_id: job.status for job in pipeline.jobs}
    messages = [json.loads(entry.content) for entry in pipeline.queue.main]
    assert {"attempt" in message for message in messages} == {True, False}
    assert {status[message.get("jobspec_id", message["id"])] for message in messages} == {"created", "queued"}
    assert all(pipeline.now - entry.at < timedelta(minutes=2) for entry in pipeline.queue.main)
    assert pipeline.queue.retry
    assert all(entry.at > pipeline.now for entry in pipeline.queue.retry)
    assert pipeline.queue.dead == []
    held = {job for job, state in status.items() if state in ("processing", "running", "finalizing")}
    assert pipeline.queue.locks.keys() == held
    assert all(timedelta(minutes=4) < at - pipeline.now < LOCK_LASTS for at in pipeline.queue.locks.values())


def test_too_few_jobs_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 200"):
        generate(NOW, jobs=MIN_JOBS - 1)
