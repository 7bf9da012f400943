"""`stuck-jobs trace` against a real receiver of OTLP over HTTP."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conftest import ROOT, Outcome, Warehouse, environment, run_command
from killing import survives
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from oracle import Execution, Job, OutboxMessage, Pipeline
from otlp import Receiver, attributes, receiving
from pipelines import load

from stuck_jobs.errors import StuckJobsError
from stuck_jobs.profile import ProfileOptions, load_profile
from stuck_jobs.trace.command import Tracer

SPEC = {
    "constraints": {"regions": ["US"]},
    "metadata": {"models": ["m1"]},
    "questions": ["q1"],
    "wallet_auth": {"address": "0xsecret", "signature": "secret"},
}
PARTS = ["execution", "final_write", "job", "outbox_wait", "processing", "queue_wait"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(scope="module")
def traced(new_warehouse: Callable[[], Warehouse]) -> Warehouse:
    warehouse = new_warehouse()
    outcome = warehouse.run_dbt("run", "--select", "+job_spans", variables={"source_time_zone": "UTC"})
    assert outcome.exit_code == 0, outcome.output
    return warehouse


@pytest.fixture
def warehouse(traced: Warehouse) -> Iterator[Warehouse]:
    """The views over an empty source, from which nothing was sent yet."""
    yield traced
    traced.execute(
        "truncate jobs, executions, outbox",
        "drop table if exists stuck_jobs_raw.trace_bookmark, stuck_jobs_raw.trace_sent",
    )


def ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def finished(identity: int, minutes: float = 20) -> Pipeline:
    """A job that took a minute to be published, one to be picked up, two to run and one to be closed."""
    created = ago(minutes)
    at = [created + timedelta(minutes=number) for number in range(6)]
    name = f"job-{identity}"
    return Pipeline(
        (Job(identity, name, SPEC, "completed", at[0], at[5], at[2], at[5]),),
        (Execution(identity, identity, "modal-us-east", "US", "completed", at[2], at[4], "m1", "q1", at[2]),),
        (OutboxMessage(identity, "jobs", {"id": name, "payload": "secret"}, at[0], at[1]),),
    )


def stuck(identity: int) -> Job:
    return Job(identity, f"job-{identity}", SPEC, "queued", ago(60), ago(60), None, None)


def add(warehouse: Warehouse, pipeline: Pipeline) -> None:
    with warehouse.connect() as connection:
        load(connection, pipeline)
        connection.commit()


def start(warehouse: Warehouse, receiver: Receiver, *arguments: str, **extra: str) -> subprocess.Popen[str]:
    ours = ("PG", "DBT_", "STUCK_JOBS_", "OTEL_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    settings = {
        "STUCK_JOBS_SCHEMA": warehouse.schema,
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://user:password@127.0.0.1:{receiver.port}",
    }
    command = [sys.executable, "-c", "from stuck_jobs.cli import main; main()", "trace", *arguments]
    connection = ["--project-dir", str(ROOT), "--profiles-dir", str(warehouse.scratch)]
    return subprocess.Popen(
        [*command, *connection], env=inherited | warehouse.libpq | settings | extra,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def trace_apart(warehouse: Warehouse, receiver: Receiver, *arguments: str, **extra: str) -> Outcome:
    process = start(warehouse, receiver, *arguments, **extra)
    output, _ = process.communicate()
    return Outcome(process.returncode, output)


def trace(warehouse: Warehouse, receiver: Receiver, *arguments: str) -> Outcome:
    """The same in this process."""
    variables = warehouse.libpq | {
        "STUCK_JOBS_SCHEMA": warehouse.schema, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url
    }  # fmt: skip
    connection = ["--project-dir", str(ROOT), "--profiles-dir", str(warehouse.scratch)]
    return run_command(["trace", *arguments, *connection], variables)


def succeeded(outcome: Outcome) -> None:
    assert outcome.exit_code == 0, outcome.output


def minutes_of(span: Span) -> float:
    return (span.end_time_unix_nano - span.start_time_unix_nano) / 60e9


def identities(spans: list[Span]) -> list[bytes]:
    return [span.span_id for span in spans]


def bookmark(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    return warehouse.rows("select exported_until from stuck_jobs_raw.trace_bookmark")


def test_a_finished_job_is_a_trace(warehouse: Warehouse, receiver: Receiver) -> None:
    pipeline = finished(1)
    add(warehouse, pipeline)
    outcome = trace_apart(warehouse, receiver, OTEL_SERVICE_NAME="watched")
    succeeded(outcome)
    assert outcome.output == f"6 spans of 1 jobs sent to http://127.0.0.1:{receiver.port}\n"
    assert sorted(span.name for span in receiver.spans) == PARTS
    spans = receiver.named("job-1")
    job, processing = spans["job"], spans["processing"]
    assert len({span.trace_id for span in receiver.spans}) == 1
    assert len(job.trace_id) == 16
    assert any(job.trace_id)
    assert all(len(span.span_id) == 8 and any(span.span_id) for span in receiver.spans)
    assert len(set(identities(receiver.spans))) == 6
    parents = {name: span.parent_span_id for name, span in spans.items()}
    assert parents == {
        "job": b"", "outbox_wait": job.span_id, "queue_wait": job.span_id, "processing": job.span_id,
        "final_write": job.span_id, "execution": processing.span_id,
    }  # fmt: skip
    lengths = {name: minutes_of(span) for name, span in spans.items()}
    assert lengths == {
        "job": 5, "outbox_wait": 1, "queue_wait": 1, "processing": 2, "execution": 2, "final_write": 1
    }  # fmt: skip
    assert job.start_time_unix_nano == round(pipeline.jobs[0].created_at.timestamp() * 10**6) * 1000
    assert job.status.code == spans["execution"].status.code == 1
    kinds = {name: Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_") for name, span in spans.items()}
    assert kinds == {
        "job": "INTERNAL", "outbox_wait": "PRODUCER", "queue_wait": "CONSUMER", "processing": "INTERNAL",
        "execution": "CLIENT", "final_write": "CLIENT",
    }  # fmt: skip
    assert attributes(spans["execution"]) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "modal-us-east",
        "gen_ai.request.model": "m1",
        "cloud.region": "us-east",
        "stuck_jobs.execution.id": 1,
        "stuck_jobs.execution.status": "completed",
        "stuck_jobs.execution.retry_count": 0,
        "stuck_jobs.question.id": "q1",
        "stuck_jobs.job.id": 1,
        "stuck_jobs.jobspec.id": "job-1",
    }
    assert attributes(spans["outbox_wait"])["messaging.system"] == "redis"
    assert attributes(spans["outbox_wait"])["messaging.operation.name"] == "lpush"
    assert "error.type" not in attributes(job)
    assert attributes(spans["queue_wait"])["messaging.destination.name"] == "jobs"
    assert b"secret" not in receiver.requests[0].SerializeToString()
    (owner,) = (of_resource.resource for of_resource in receiver.requests[0].resource_spans)
    assert ("service.name", "watched") in [(item.key, item.value.string_value) for item in owner.attributes]


def test_only_what_is_new_is_sent_again(warehouse: Warehouse, receiver: Receiver) -> None:
    add(warehouse, finished(1))
    add(warehouse, finished(2, minutes=600))
    succeeded(trace(warehouse, receiver, "--batch", "5"))
    assert [len(request.resource_spans[0].scope_spans[0].spans) for request in receiver.requests] == [5, 5, 2]
    succeeded(trace(warehouse, receiver))
    assert len(receiver.spans) == 12
    # committed late: it was closed before the bookmark
    add(warehouse, finished(3, minutes=20))
    succeeded(trace(warehouse, receiver))
    assert len(receiver.spans) == 18
    assert sorted(receiver.named("job-3")) == PARTS
    remembered = warehouse.rows("select distinct job_id from stuck_jobs_raw.trace_sent order by 1")
    assert remembered == [("1",), ("3",)]


def test_a_first_run_can_begin_later(warehouse: Warehouse, receiver: Receiver) -> None:
    add(warehouse, finished(1))
    add(warehouse, finished(2, minutes=600))
    succeeded(trace(warehouse, receiver, "--since", "1"))
    assert sorted(receiver.named("job-1")) == PARTS
    assert receiver.named("job-2") == {}


def test_a_stuck_span_is_sent_open_and_again_when_it_ends(warehouse: Warehouse, receiver: Receiver) -> None:
    add(warehouse, Pipeline((stuck(1),), (), ()))
    for _ in range(2):
        succeeded(trace(warehouse, receiver))
    assert sorted(span.name for span in receiver.spans) == ["job", "queue_wait"]
    opened = receiver.named("job-1")
    for span in opened.values():
        marks = attributes(span)
        assert marks["stuck_jobs.open"] is marks["stuck_jobs.stuck"] is True
        assert marks["stuck_jobs.accumulation_point"] == "job_queued"
        assert span.status.code == 0
        assert minutes_of(span) >= 60
    # closed so that the overlap would not find it
    warehouse.execute("update jobs set status = 'failed', updated_at = created_at + interval '5 minutes'")
    warehouse.execute("update stuck_jobs_raw.trace_bookmark set exported_until = now() + interval '1 day'")
    succeeded(trace(warehouse, receiver))
    closed = receiver.named("job-1")
    assert [minutes_of(span) for span in closed.values()] == [5, 5]
    assert {name: span.span_id for name, span in closed.items()} == {
        name: span.span_id for name, span in opened.items()
    }
    assert "stuck_jobs.open" not in attributes(closed["job"])
    assert closed["job"].status.code == 2
    assert attributes(closed["job"])["error.type"] == "_OTHER"
    count = len(receiver.spans)
    succeeded(trace(warehouse, receiver))
    assert len(receiver.spans) == count
    assert warehouse.rows("select * from stuck_jobs_raw.trace_sent") == []


@pytest.mark.parametrize(
    ("started_at", "point"), [("created_at", "execution_running"), ("null", "execution_unevaluable")]
)
def test_an_execution_that_outlives_its_job_is_followed_to_its_end(
    warehouse: Warehouse, receiver: Receiver, started_at: str, point: str
) -> None:
    add(warehouse, finished(1, minutes=600))
    warehouse.execute(
        f"update executions set status = 'running', completed_at = null, started_at = {started_at}"
    )
    for _ in range(2):
        succeeded(trace(warehouse, receiver))
    assert sorted(span.name for span in receiver.spans) == sorted({*PARTS} - {"final_write"})
    marks = attributes(receiver.named("job-1")["execution"])
    assert marks["stuck_jobs.open"] is True
    assert marks["stuck_jobs.accumulation_point"] == point
    warehouse.execute(
        "update executions set status = 'timeout', completed_at = created_at + interval '1 hour'"
    )
    for _ in range(2):
        succeeded(trace(warehouse, receiver))
    execution = receiver.named("job-1")["execution"]
    assert minutes_of(execution) == 60
    assert attributes(execution)["error.type"] == "timeout"
    assert [span.name for span in receiver.spans].count("execution") == 2


def test_a_receiver_that_refuses_is_one_line_and_asked_again(
    warehouse: Warehouse, receiver: Receiver
) -> None:
    add(warehouse, finished(1))
    receiver.answers = [400]
    outcome = trace_apart(warehouse, receiver)
    assert outcome.exit_code == 2
    assert outcome.output.startswith(f"Error: http://127.0.0.1:{receiver.port} did not take 6 spans: ")
    assert "400" in outcome.output
    assert outcome.output.count("\n") == 1
    assert "password" not in outcome.output
    assert bookmark(warehouse) == []
    succeeded(trace(warehouse, receiver))
    assert sorted(span.name for span in receiver.spans) == PARTS


def test_a_receiver_that_is_busy_is_asked_again_at_once(warehouse: Warehouse, receiver: Receiver) -> None:
    add(warehouse, finished(1))
    receiver.answers = [503]
    succeeded(trace(warehouse, receiver))
    assert sorted(span.name for span in receiver.spans) == PARTS


def test_a_receiver_that_fails_in_between_does_not_lose_a_span(
    warehouse: Warehouse, receiver: Receiver
) -> None:
    for identity in range(1, 9):
        add(warehouse, finished(identity, minutes=60 * identity))
    outcomes = []
    while not outcomes or outcomes[-1] != 0:
        assert len(outcomes) < 9
        receiver.answers = [200, 400]
        outcomes.append(trace(warehouse, receiver, "--batch", "12").exit_code)
        if len({span.span_id for span in receiver.spans}) == 48:
            receiver.answers = []
    assert 2 in outcomes
    assert len(set(identities(receiver.spans))) == 48


def test_no_receiver_is_one_line(warehouse: Warehouse) -> None:
    with receiving() as gone:
        pass
    add(warehouse, finished(1))
    outcome = trace_apart(warehouse, gone, OTEL_EXPORTER_OTLP_TIMEOUT="0.5")
    assert outcome.exit_code == 2
    assert outcome.output.count("\n") == 1
    assert "did not take 6 spans" in outcome.output
    assert "password" not in outcome.output
    assert bookmark(warehouse) == []


@pytest.mark.parametrize("address", ["collector:4318", "not an address", "http://", "http://["])
def test_an_address_that_is_none_is_said_before_there_is_anything_to_send(
    warehouse: Warehouse, address: str
) -> None:
    with environment(dict(os.environ) | {"OTEL_EXPORTER_OTLP_ENDPOINT": address}):
        outcome = run_command(
            ["trace", "--project-dir", str(ROOT), "--profiles-dir", str(warehouse.scratch)],
            warehouse.libpq | {"STUCK_JOBS_SCHEMA": warehouse.schema},
        )
    said = "OTEL_EXPORTER_OTLP_ENDPOINT is no address of a receiver; one is like http://localhost:4318"
    assert (outcome.exit_code, outcome.output) == (2, f"Error: {said}\n")


def test_killed_between_sending_and_remembering(warehouse: Warehouse, receiver: Receiver) -> None:
    add(warehouse, finished(1))
    started = threading.Event()
    process: list[subprocess.Popen[str]] = []

    def kill() -> None:
        started.wait()
        process[0].send_signal(signal.SIGKILL)
        process[0].wait()

    receiver.on_request = kill
    process.append(start(warehouse, receiver))
    started.set()
    process[0].communicate()
    assert process[0].returncode == -signal.SIGKILL
    assert bookmark(warehouse) == []
    receiver.on_request = lambda: None
    succeeded(trace(warehouse, receiver))
    first, second = receiver.requests
    assert first == second
    assert len(first.resource_spans[0].scope_spans[0].spans) == 6


def test_killed_anywhere_with_a_receiver_that_fails_half_of_the_time(
    warehouse: Warehouse, receiver: Receiver
) -> None:
    chance, killed, refused = random.Random(8), 0, 0

    def run() -> None:
        with environment(dict(os.environ) | warehouse.libpq | {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}):
            profile = load_profile(ProfileOptions(ROOT, warehouse.scratch))
            with suppress(StuckJobsError):
                Tracer(profile, ROOT, batch=4, since=None).run()

    for number in range(1, 21):
        add(warehouse, finished(number, minutes=chance.randint(6, 20)))
        add(warehouse, Pipeline((stuck(100 + number),), (), ()))
        if number > 5:
            warehouse.execute(
                "update jobs set status = 'failed', updated_at = now() at time zone 'UTC'"
                f" where id = {95 + number}"
            )
        receiver.answers = [chance.choice([200, 400]) for _ in range(50)]
        dies_at = chance.choice([None, chance.randint(1, 600)])
        refused += receiver.answers[0] == 400
        killed += not survives(run, "stuck_jobs/trace", dies_at)
    assert min(killed, refused) > 3
    receiver.answers = []
    run()
    ended = warehouse.rows(
        "select span_id, (extract(epoch from end_at) * 1000000)::bigint from job_spans"
        " where end_at is not null"
    )
    assert len(ended) == 20 * 6 + 15 * 2
    sent = {(span.span_id.hex(), span.end_time_unix_nano // 1000) for span in receiver.spans}
    assert sent >= {*ended}
    still_open = warehouse.rows("select span_id from job_spans where accumulation_point is not null")
    assert len(still_open) == 5 * 2
    opened = {span.span_id.hex() for span in receiver.spans if "stuck_jobs.open" in attributes(span)}
    assert opened >= {span_id for (span_id,) in still_open}
    count = len(receiver.spans)
    run()
    assert len(receiver.spans) == count


def test_watch_sends_until_it_is_stopped(warehouse: Warehouse, receiver: Receiver) -> None:
    received = threading.Semaphore(0)
    receiver.on_request = received.release
    add(warehouse, finished(1))
    process = start(warehouse, receiver, "--watch", "0.05")
    try:
        assert received.acquire(timeout=60)
        add(warehouse, finished(2))
        assert received.acquire(timeout=60)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, output
    assert "6 spans of 1 jobs sent" in output
    assert "Traceback" not in output
    assert len(receiver.spans) == 12


def test_ids_do_not_change_and_every_parent_is_there(warehouse: Warehouse) -> None:
    for identity in range(1, 4):
        add(warehouse, finished(identity))
    query = "select trace_id, span_id, parent_span_id, name from job_spans order by span_id"
    spans = warehouse.rows(query)
    assert warehouse.rows(query) == spans
    assert len(spans) == 18
    ids = {(trace_id, span_id) for trace_id, span_id, *_ in spans}
    for trace_id, span_id, parent, name in spans:
        assert len(trace_id) == 32
        assert len(span_id) == 16
        assert (parent is None) == (name == "job")
        assert parent is None or (trace_id, parent) in ids


def test_dates_that_nobody_can_believe_break_nothing(warehouse: Warehouse, receiver: Receiver) -> None:
    add(warehouse, finished(1))
    warehouse.execute(
        "insert into jobs"
        " (id, jobspec_id, jobspec_data, status, created_at, updated_at, started_at, completed_at)"
        " values (2, 'odd', '{}', 'completed', '-infinity', now(), 'infinity', 'infinity'),"
        " (3, 'ancient', '[]', 'failed', '0044-03-15 BC', now(), '9999-12-31', '294000-01-01'),"
        " (4, 'undated', 'null', 'completed', null, now(), null, null)",
        "insert into executions"
        " (id, job_id, provider_id, region, status, created_at, started_at, completed_at)"
        " values (2, 2, 'p', 'r', 'completed', null, null, 'infinity'),"
        " (3, 3, 'p', 'r', null, 'infinity', null, null)",
    )
    succeeded(trace(warehouse, receiver))
    assert sorted(receiver.named("job-1")) == PARTS
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in receiver.spans)
    assert "job" in receiver.named("undated")
