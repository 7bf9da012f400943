"""Recovery changes what it said it would, and never what somebody else is at."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis
from conftest import ROOT, Outcome, Warehouse, run_command
from redis_support import introduce
from summaries import COMMAND

from stuck_jobs import embedded
from stuck_jobs.collect.command import Collector
from stuck_jobs.collect.redis_url import parse_redis_url
from stuck_jobs.profile import Profile, connect
from stuck_jobs.recover.apply import Done, Recoverer
from stuck_jobs.recover.locks import RedisLocks
from stuck_jobs.recover.plan import choose, read_settings, read_tasks

FORK = multiprocessing.get_context("fork")
WITH_REDIS = {"redis_enabled": True, "recovery_breaker_min_jobs": 50}
SPEC = {"constraints": {"regions": ["US"]}, "metadata": {"models": ["m"]}, "questions": ["a", "b", "c"]}
EVERYTHING = """
    select 'job' as kind, jobs::text as row from jobs
    union all select 'execution', executions::text from executions
    union all select 'outbox', outbox::text from outbox
    union all select 'log', recovery_log::text from stuck_jobs_raw.recovery_log
    order by 1, 2
"""
WITNESS = """
    create table public.changes (
        job text, before text, after text, who text default current_setting('application_name')
    );
    create function witness() returns trigger language plpgsql security definer as $$
    begin
        insert into public.changes (job, before, after) values (old.jobspec_id, old.status, new.status);
        return new;
    end $$;
    create trigger witness before update on jobs for each row execute function witness();
"""


@dataclass
class Pipeline:
    """The watched servers, and the commands against them."""

    warehouse: Warehouse
    server: embedded.Redis
    client: redis.Redis

    @property
    def environment(self) -> dict[str, str]:
        return self.warehouse.libpq | {
            "DBT_PROFILES_DIR": str(self.warehouse.scratch), "STUCK_JOBS_SCHEMA": "stuck_jobs",
            "REDIS_URL": self.server.url, "COLUMNS": "200",
        }  # fmt: skip

    @property
    def profile(self) -> Profile:
        host, port, database = (self.warehouse.libpq[name] for name in ("PGHOST", "PGPORT", "PGDATABASE"))
        return Profile(host, int(port), "postgres", database, "stuck_jobs")

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.warehouse.connect(autocommit=True) as connection:
            cursor = connection.execute(query.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def collect(self) -> None:
        address = parse_redis_url(self.server.url)
        Collector(self.profile, ROOT, address, ["jobs"], 10_000, timedelta(days=1), timeout=5).run()

    def clear(self) -> None:
        self.client.flushall()
        self.sql("truncate jobs, executions, outbox, stuck_jobs_raw.recovery_log restart identity cascade")

    def run(self, *arguments: str, **variables: str) -> Outcome:
        return run_command(arguments, self.environment | variables)

    def items(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """What recover says of each thing, by its job and, of executions, their kind."""
        outcome = self.run("recover", "--format", "json", *arguments)
        assert outcome.exit_code == 0, outcome.output
        return {
            (item["jobspec_id"] or "nobody") + ("" if item["entity_type"] == "job" else "/execution"): item
            for item in json.loads(outcome.output.splitlines()[-1])["items"]
        }

    def job(self, name: str, status: str, minutes: float = 60, **columns: Any) -> int:
        """A job whose last write is so long ago."""
        values = {"jobspec_id": name, "jobspec_data": json.dumps(SPEC), "status": status} | columns
        names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        query = (
            f"insert into jobs ({names}, created_at, updated_at) select {marks}, at, at"
            f" from (select now() - {minutes} * interval '1 minute' as at) as clock returning id"
        )
        return int(self.sql(query, *values.values())[0][0])

    def execution(self, job: int | None, question: str, status: str, minutes: float = 60) -> None:
        self.sql(
            "insert into executions (job_id, provider_id, region, status, model_id, question_id, started_at,"
            " created_at, completed_at) select %s, 'p', 'us-east', %s, 'm', %s, at, at,"
            " case when %s in ('completed', 'failed') then at end"
            f" from (select now() - {minutes} * interval '1 minute' as at) as clock",
            job, status, question, status,
        )  # fmt: skip

    def published(self, name: str) -> None:
        """A message that was pushed, and is in no queue."""
        self.sql(
            "insert into outbox (topic, payload, created_at, published_at)"
            " values ('jobs', %s, now() - interval '1 hour', now() - interval '1 hour')",
            json.dumps({"id": name}),
        )

    def status(self, name: str) -> str:
        return str(self.sql("select status from jobs where jobspec_id = %s", name)[0][0])

    def messages(self, name: str) -> list[tuple[Any, ...]]:
        return self.sql(
            "select topic, payload ->> 'attempt' from outbox where payload ->> 'id' = %s"
            " and published_at is null",
            name,
        )


@pytest.fixture(scope="module")
def opened(new_warehouse: Callable[[], Warehouse]) -> Iterator[Pipeline]:
    warehouse = new_warehouse()
    warehouse.execute("alter table jobs add column error_message text", WITNESS)
    outcome = warehouse.run_dbt("run", variables=WITH_REDIS)
    assert outcome.exit_code == 0, outcome.output
    with embedded.redis_server() as server, redis.Redis.from_url(server.url) as client:
        opened = Pipeline(warehouse, server, client)
        introduce(warehouse, client, opened.collect)
        yield opened


@pytest.fixture
def pipeline(opened: Pipeline) -> Pipeline:
    opened.clear()
    return opened


def fill(pipeline: Pipeline) -> None:
    """A job of each kind."""
    pipeline.job("forgotten", "created")
    pipeline.job("lost", "queued")
    pipeline.published("lost")
    pipeline.job("waiting", "created")
    pipeline.client.lpush("jobs", json.dumps({"id": "waiting"}))
    pipeline.job("silent", "processing")
    pipeline.job("busy", "processing")
    pipeline.client.set("job:processing:busy", "worker")
    pipeline.job("twin", "processing")
    pipeline.client.zadd("jobs:retry", {json.dumps({"id": "twin"}): 4_000_000_000})
    done = pipeline.job("done", "running", started_at="2026-01-01")
    half = pipeline.job("half", "running")
    for question in "abc":
        pipeline.execution(done, question, "completed")
        pipeline.execution(half, question, "completed" if question == "a" else "failed")
    interrupted = pipeline.job("open", "running", started_at="2026-01-01")
    pipeline.execution(interrupted, "a", "running")
    closed = pipeline.job("closed", "completed", completed_at="2026-01-01")
    for question in "abc":
        pipeline.execution(closed, question, "completed")
    pipeline.execution(closed, "a", "retrying")
    pipeline.execution(None, "a", "running")
    pipeline.job("odd", "finalizing")
    pipeline.job("fine", "processing", minutes=1)


def test_without_apply_nothing_changes_and_the_plan_says_what_would(pipeline: Pipeline) -> None:
    fill(pipeline)
    pipeline.collect()
    before = pipeline.sql(EVERYTHING)
    items = pipeline.items()

    assert pipeline.sql(EVERYTHING) == before
    planned = {name: item["remedy"] for name, item in items.items() if item["outcome"] == "planned"}
    assert planned == {
        "forgotten": "republish", "lost": "republish", "silent": "reset", "done": "close", "half": "close",
        "open": "reset", "open/execution": "fail", "closed/execution": "fail", "fine": "reset",
    }  # fmt: skip
    assert items["fine"]["accumulation_point"] == "worker_lost"
    refused = {name: item["reason"] for name, item in items.items() if item["outcome"] == "refused"}
    assert refused == {
        "waiting": "a message would not help: message_waiting",
        "busy": "its worker holds its lock",
        "twin": "its message waits in the queue",
        "nobody/execution": "nobody knows its job",
    }
    table = pipeline.run("recover")
    assert table.exit_code == 0
    assert "processing → created, times cleared, message to jobs" in table.output
    assert "Nothing was changed: 9 can be put right, 4 are left alone. Add --apply" in table.output


def test_apply_does_it_once_and_writes_it_down(pipeline: Pipeline) -> None:
    fill(pipeline)
    pipeline.collect()
    left_alone = "select jobs::text from jobs where jobspec_id in ('waiting', 'busy', 'odd', 'twin')"
    untouched = pipeline.sql(left_alone)
    outcomes = {name: item["outcome"] for name, item in pipeline.items("--apply").items()}

    assert {name for name, outcome in outcomes.items() if outcome == "applied"} == {
        "forgotten", "lost", "silent", "done", "half", "open", "open/execution", "closed/execution", "fine",
    }  # fmt: skip
    assert [pipeline.status(name) for name in ("forgotten", "lost", "silent", "done", "half", "open")] == [
        "created", "queued", "created", "completed", "failed", "created",
    ]  # fmt: skip
    for name in ("forgotten", "lost", "silent", "open"):
        assert pipeline.messages(name) == [("jobs", "0")]
    assert pipeline.messages("done") == []
    times = "select started_at, completed_at is null, error_message from jobs where jobspec_id = %s"
    assert pipeline.sql(times, "open") == [(None, True, None)]
    ((_, is_open, error),) = pipeline.sql(times, "half")
    assert (is_open, error) == (False, "stuck-jobs: close, job_not_closed, final_write_failed")
    moved = "select now() - updated_at < interval '1 minute' from jobs where jobspec_id = 'silent'"
    assert pipeline.sql(moved) == [(True,)]
    ended = (
        "select status, original_error is not null from executions"
        " where completed_at > now() - interval '1 minute'"
    )
    assert pipeline.sql(ended) == [("failed", True)] * 2
    log = pipeline.sql(
        "select jobspec_id, accumulation_point, remedy, cause, before ->> 'status', after ->> 'status', actor"
        " from stuck_jobs.recovery_log where entity_type = 'job' and jobspec_id in ('lost', 'silent')"
        " order by jobspec_id"
    )
    assert log == [
        ("lost", "job_queued", "republish", "message_lost", "queued", "queued", "postgres"),
        ("silent", "worker_lost", "reset", "lock_gone", "processing", "created", "postgres"),
    ] or log[1][1:4] == ("job_processing", "reset", "worker_lost")
    assert pipeline.sql("select count(*), count(distinct run_id) from stuck_jobs.recovery_log") == [(9, 1)]

    after = pipeline.sql(EVERYTHING)
    assert "applied" not in {item["outcome"] for item in pipeline.items("--apply").values()}
    pipeline.collect()
    assert "applied" not in {item["outcome"] for item in pipeline.items("--apply").values()}
    assert pipeline.sql(EVERYTHING) == after
    assert pipeline.sql(left_alone) == untouched


def test_point_job_and_limit_narrow_it_down(pipeline: Pipeline) -> None:
    fill(pipeline)
    pipeline.collect()
    assert {*pipeline.items("--point", "job_created")} == {"forgotten", "waiting"}
    assert {*pipeline.items("--job", "open")} == {"open", "open/execution"}
    assert {*pipeline.items("--job", "open", "--point", "job_running")} == {"open"}
    assert pipeline.items("--job", "open", "--point", "job_running")["open"]["remedy"] == "timeout"
    by_id = str(pipeline.sql("select id from jobs where jobspec_id = 'lost'")[0][0])
    assert {*pipeline.items("--job", by_id)} == {"lost"}
    limited = json.loads(
        pipeline.run("recover", "--limit", "2", "--format", "json", "--apply").output.splitlines()[-1]
    )
    assert sum(item["outcome"] == "applied" for item in limited["items"]) == 2
    assert limited["left"] == 7
    assert pipeline.run("recover", "--point", "job_creatd").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--point", "job_creatd"], "job_creatd"),
        (["--job", "silent", "--job", "nobody"], "no job nobody"),
        (["--job", "nobody", "--cancel"], "no job nobody"),
        (["--limit", "-1"], "--limit"),
        (["--limit", "some"], "--limit"),
        (["--cancel"], "--job"),
        (["--cancel", "--job", "silent", "--point", "job_processing"], "--point"),
    ],
)
def test_bad_input_is_told_in_one_line_and_changes_nothing(
    pipeline: Pipeline, arguments: list[str], named: str
) -> None:
    pipeline.job("silent", "processing")
    pipeline.collect()
    before = pipeline.sql(EVERYTHING)
    outcome = pipeline.run("recover", *arguments, "--apply")
    assert outcome.exit_code == 2
    assert named in outcome.output.splitlines()[-1]
    assert "Traceback" not in outcome.output
    assert pipeline.sql(EVERYTHING) == before


def test_a_number_that_is_a_public_id_is_no_primary_key(pipeline: Pipeline) -> None:
    pipeline.job("other", "created")
    pipeline.job("1", "created")
    assert {*pipeline.items("--job", "1")} == {"1"}
    assert {*pipeline.items("--job", "1", "--cancel")} == {"1"}
    assert {*pipeline.items("--job", "2")} == {"1"}


def test_timeout_fails_a_job_that_nobody_works_on(pipeline: Pipeline) -> None:
    pipeline.job("open", "running", started_at="2026-01-01")
    pipeline.collect()
    assert pipeline.items("--point", "job_running", "--apply")["open"]["outcome"] == "applied"
    columns = "status, completed_at is not null, error_message"
    assert pipeline.sql(f"select {columns} from jobs") == [
        ("failed", True, "stuck-jobs: timeout, job_running, never_started")
    ]


def test_without_a_fresh_snapshot_nobody_knows_and_nothing_is_touched(pipeline: Pipeline) -> None:
    pipeline.collect()
    pipeline.job("forgotten", "created")
    pipeline.job("silent", "processing")
    pipeline.sql("update stuck_jobs_raw.queue_snapshots set observed_at = now() - interval '1 hour'")
    items = pipeline.items("--apply")
    assert items["forgotten"]["reason"] == "no snapshot shows whether a message waits for it"
    assert items["silent"]["reason"] == "no snapshot shows whether its worker holds its lock"
    assert pipeline.status("silent") == "processing"
    pipeline.collect()
    assert pipeline.items("--apply")["forgotten"]["outcome"] == "applied"


def test_a_worker_that_writes_without_its_lock_is_alive(pipeline: Pipeline) -> None:
    for name, status in (("silent", "processing"), ("open", "running")):
        job = pipeline.job(name, status, started_at="2026-01-01")
        pipeline.execution(job, "a", "completed")
    pipeline.collect()
    assert {item["outcome"] for item in pipeline.items().values()} == {"planned"}
    for (job,) in pipeline.sql("select id from jobs"):
        pipeline.execution(job, "b", "completed", minutes=0)
    reasons = {item["reason"] for item in pipeline.items("--apply").values()}
    assert reasons == {"no snapshot shows whether its worker holds its lock"}


def test_a_queue_that_was_not_read_to_its_end_may_hold_the_message(pipeline: Pipeline) -> None:
    pipeline.job("silent", "processing")
    pipeline.client.lpush("jobs", *(json.dumps({"id": f"other-{number}"}) for number in range(3)))
    address = parse_redis_url(pipeline.server.url)
    Collector(pipeline.profile, ROOT, address, ["jobs"], 1, timedelta(days=1), timeout=5).run()
    assert pipeline.items()["silent"]["reason"] == "no snapshot shows whether a message waits for it"
    pipeline.collect()
    assert pipeline.items()["silent"]["outcome"] == "planned"


def test_a_job_that_is_about_to_be_tried_again_is_not_timed_out(pipeline: Pipeline) -> None:
    pipeline.job("open", "running", started_at="2026-01-01")
    pipeline.client.zadd("jobs:retry", {json.dumps({"id": "open"}): 4_000_000_000})
    pipeline.collect()
    assert pipeline.items("--apply")["open"]["reason"] == "its message waits in the queue"
    assert pipeline.status("open") == "running"


@pytest.mark.parametrize(
    "change",
    [
        "insert into executions (job_id, provider_id, region) select id, 'p', 'us-east' from jobs",
        "update executions set status = 'completed' where status = 'failed'",
        "delete from executions where status = 'failed'",
        "update jobs set updated_at = now()",
        "update jobs set status = 'completed'",
        "delete from executions; delete from jobs",
    ],
)
def test_what_went_on_since_the_plan_is_left_alone(pipeline: Pipeline, change: str) -> None:
    for name in ("not-closed", "silent"):
        job = pipeline.job(name, "processing")
        pipeline.execution(job, "a", "failed")
        for question in "bc" if name == "not-closed" else ():
            pipeline.execution(job, question, "completed")
    pipeline.collect()
    tasks = _tasks(pipeline)
    assert {task.remedy for task in tasks} == {"close", "reset"}
    pipeline.sql(change)
    left = pipeline.sql("select jobs::text from jobs")
    with _recoverer(pipeline) as recoverer:
        reasons = {recoverer.apply(task).reason for task in tasks}
    assert reasons == {"it has changed since, or somebody is at it"}
    assert pipeline.sql("select jobs::text from jobs") == left
    assert pipeline.sql("select count(*) from outbox") == [(0,)]


@pytest.mark.parametrize("lock", ["for update", "for no key update", "for key share"])
def test_a_row_that_somebody_holds_is_skipped_and_not_waited_for(pipeline: Pipeline, lock: str) -> None:
    pipeline.job("silent", "processing")
    pipeline.collect()
    with pipeline.warehouse.connect() as other:
        other.execute(f"select from jobs {lock}".encode())
        assert pipeline.items("--apply")["silent"]["outcome"] == "skipped"
    assert pipeline.status("silent") == "processing"


def test_a_job_is_closed_by_the_success_that_its_spec_asks_for(pipeline: Pipeline) -> None:
    questions = [str(number) for number in range(100)]
    cases: dict[str, tuple[Any, int, str]] = {
        "no-rate-met": (..., 67, "completed"),
        "no-rate-missed": (..., 66, "failed"),
        "null": (None, 67, "completed"),
        "text": ("0.1", 66, "failed"),
        "truth": (True, 67, "completed"),
        "list": ([0.1], 66, "failed"),
        "exactly": (0.5, 50, "completed"),
        "one-less": (0.5, 49, "failed"),
        "all": (1, 100, "completed"),
        "not-all": (1, 99, "failed"),
        "too-much": (1.5, 100, "failed"),
        "nothing": (0, 0, "completed"),
    }
    for name, (rate, succeeded, _) in cases.items():
        constraints = {"regions": ["US"]} | ({} if rate is ... else {"min_success_rate": rate})
        spec = SPEC | {"constraints": constraints, "questions": questions}
        job = pipeline.job(name, "running", jobspec_data=json.dumps(spec))
        pipeline.sql(
            "insert into executions (job_id, provider_id, region, status, model_id, question_id, created_at)"
            " select %s, 'p', 'us-east', case when number < %s then 'completed' else 'failed' end, 'm',"
            " number::text, now() - interval '1 hour' from generate_series(0, 99) as number",
            job, succeeded,
        )  # fmt: skip
    retried = pipeline.job("retried", "processing")
    for question in "abc":
        pipeline.execution(retried, question, "failed")
        pipeline.execution(retried, question, "completed")
    pipeline.job("empty", "running", jobspec_data="{}")
    found = pipeline.items("--point", "job_not_closed", "--apply")
    assert {item["outcome"] for item in found.values()} == {"applied"}
    expected = {name: status for name, (_, _, status) in cases.items()} | {"retried": "completed"}
    assert {name: pipeline.status(name) for name in found} == expected


def test_a_lock_that_was_taken_since_the_snapshot_is_seen(pipeline: Pipeline) -> None:
    pipeline.job("silent", "processing")
    pipeline.collect()
    pipeline.client.set("job:processing:silent", "worker")
    item = pipeline.items("--apply")["silent"]
    assert (item["outcome"], item["reason"]) == ("skipped", "its worker holds its lock")
    assert pipeline.status("silent") == "processing"
    assert pipeline.sql("select outcome, reason from stuck_jobs.recovery_log") == [
        ("skipped", "its worker holds its lock")
    ]


def test_a_redis_that_does_not_answer_is_no_evidence(pipeline: Pipeline) -> None:
    pipeline.job("silent", "processing")
    pipeline.collect()
    outcome = pipeline.run("recover", "--apply", REDIS_URL="redis://u:secret@127.0.0.1:1/0")
    assert outcome.exit_code == 2
    assert "Redis: " in outcome.output
    assert "secret" not in outcome.output
    assert pipeline.status("silent") == "processing"


def test_a_message_that_is_about_to_be_published_is_enough(pipeline: Pipeline) -> None:
    pipeline.job("silent", "processing")
    pipeline.collect()
    tasks = _tasks(pipeline)
    pipeline.sql(
        "insert into outbox (topic, payload) values ('jobs', %s)", json.dumps({"jobspec_id": "silent"})
    )
    assert pipeline.items("--apply")["silent"]["reason"] == "its message waits in the outbox"
    with _recoverer(pipeline) as recoverer:
        assert [recoverer.apply(task).reason for task in tasks] == ["its message waits in the outbox"]


def test_a_job_is_recovered_three_times_with_pauses_and_then_failed(pipeline: Pipeline) -> None:
    pipeline.job("cursed", "processing")
    for _ in range(3):
        pipeline.collect()
        assert pipeline.items("--apply")["cursed"]["remedy"] == "reset"
        pipeline.sql("update outbox set published_at = now()")
        pipeline.sql("update jobs set status = 'processing', updated_at = now() - interval '1 hour'")
        pipeline.collect()
        assert "recovered a short time ago" in pipeline.items("--apply")["cursed"]["reason"]
        pipeline.sql(
            "update stuck_jobs_raw.recovery_log"
            " set recovered_at = recovered_at - interval '10 min' * 2 ^ (%s)",
            pipeline.sql("select count(*) - 1 from stuck_jobs_raw.recovery_log")[0][0],
        )
    item = pipeline.items("--apply")["cursed"]
    assert (item["remedy"], item["outcome"]) == ("fail", "applied")
    assert pipeline.status("cursed") == "failed"
    assert pipeline.messages("cursed") == []
    assert pipeline.sql("select reason from stuck_jobs.recovery_log where remedy = 'fail'") == [
        ("recovered 3 times before",)
    ]
    assert pipeline.sql(
        "select cause, recoveries from stuck_jobs.repeated_recoveries where jobspec_id = 'cursed'"
    ) == [("given_up", 3)]


def test_a_letter_that_came_back_three_times_ends_its_job(pipeline: Pipeline) -> None:
    pipeline.job("cursed", "queued")
    pipeline.published("cursed")
    pipeline.client.lpush("jobs:dead", json.dumps({"id": "cursed"}))
    pipeline.collect()
    assert pipeline.items("--apply")["cursed"]["reason"] == "a message would not help: dead_lettered"
    pipeline.sql(
        "insert into stuck_jobs_raw.recovery_log"
        " (run_id, recovered_at, entity_type, entity_id, jobspec_id, remedy, outcome)"
        " select gen_random_uuid(), now() - interval '1 day', 'message', 'jobs:cursed', 'cursed', 'requeue',"
        " 'applied' from generate_series(1, 3)"
    )
    item = pipeline.items("--apply")["cursed"]
    assert (item["remedy"], item["outcome"]) == ("fail", "applied")
    assert (pipeline.status("cursed"), pipeline.messages("cursed")) == ("failed", [])


def test_of_what_is_left_alone_a_hundred_are_listed_and_the_others_counted(pipeline: Pipeline) -> None:
    for number in range(103):
        pipeline.job(f"job-{number:03}", "processing", minutes=1000 - number)
    shown = pipeline.run("recover").output
    assert {f"job-{number:03}" in shown for number in range(100)} == {True}
    assert "job-100" not in shown
    assert (
        "Not listed (--format json lists all), and left alone as well: 3\n  3 at job_processing: no" in shown
    )
    assert "Nothing was changed: 0 can be put right, 103 are left alone." in shown
    assert len(pipeline.items()) == 103


def test_the_circuit_breaker_refuses_a_systemic_fault(pipeline: Pipeline) -> None:
    for number in range(60):
        pipeline.job(f"job-{number}", "created")
    before = pipeline.sql(EVERYTHING)
    assert "The circuit breaker would refuse: 60 of 60 live jobs" in pipeline.run("recover").output
    outcome = pipeline.run("recover", "--apply")
    assert (outcome.exit_code, pipeline.sql(EVERYTHING)) == (1, before)
    assert "nothing was changed: 60 of 60 live jobs are stuck at once" in outcome.output
    forced = pipeline.run("recover", "--apply", "--force", "--limit", "10")
    assert forced.exit_code == 0
    assert "10 applied, 0 skipped, 0 failed, 0 left alone, 50 left for later." in forced.output
    for number in range(60):
        pipeline.job(f"healthy-{number}", "created", minutes=1)
    assert pipeline.run("recover", "--apply", "--limit", "1").exit_code == 0


def test_the_circuit_breaker_only_warns_where_somebody_names_the_jobs(pipeline: Pipeline) -> None:
    for number in range(60):
        pipeline.job(f"job-{number}", "created")
    planned = pipeline.run("recover", "--job", "job-7").output
    assert "The circuit breaker would warn: 60 of 60 live jobs are stuck at once" in planned
    outcome = pipeline.run("recover", "--job", "job-7", "--job", "job-8", "--apply")
    assert outcome.exit_code == 0
    assert "The circuit breaker warns: 60 of 60 live jobs are stuck at once" in outcome.output
    assert "2 applied, 0 skipped, 0 failed" in outcome.output
    assert [len(pipeline.messages(f"job-{number}")) for number in (7, 8, 9)] == [1, 1, 0]
    assert pipeline.run("recover", "--apply").exit_code == 1


def test_cancel_is_by_hand_and_of_live_jobs_only(pipeline: Pipeline) -> None:
    pipeline.job("odd", "finalizing", minutes=1)
    pipeline.job("closed", "completed")
    pipeline.job("busy", "processing")
    pipeline.client.set("job:processing:busy", "worker")
    pipeline.collect()
    assert pipeline.run("recover", "--cancel").exit_code == 2
    assert pipeline.run("recover", "--cancel", "--job", "nobody", "--apply").exit_code == 2
    items = pipeline.items("--cancel", "--job", "odd", "--job", "closed", "--job", "busy")
    assert [items[name]["outcome"] for name in ("odd", "closed", "busy")] == ["planned", "refused", "planned"]
    assert pipeline.status("odd") == "finalizing"
    items = pipeline.items("--cancel", "--job", "odd", "--job", "closed", "--job", "busy", "--apply")
    assert [items[name]["outcome"] for name in ("odd", "closed", "busy")] == ["applied", "refused", "skipped"]
    assert [pipeline.status(name) for name in ("odd", "closed", "busy")] == [
        "cancelled", "completed", "processing",
    ]  # fmt: skip
    assert pipeline.sql(
        "select remedy, accumulation_point from stuck_jobs.recovery_log where outcome = 'applied'"
    ) == [("cancel", None)]


@pytest.mark.parametrize("at", ["-infinity", "4713-01-01 BC"])
def test_a_date_that_no_calendar_has_stops_nothing(pipeline: Pipeline, at: str) -> None:
    pipeline.job("ancient", "created")
    pipeline.job("forgotten", "created")
    pipeline.sql("update jobs set created_at = %s, updated_at = %s where jobspec_id = 'ancient'", at, at)
    pipeline.collect()
    items = pipeline.items()
    assert [items[name]["outcome"] for name in ("ancient", "forgotten")] == ["planned", "planned"]
    assert pipeline.items("--cancel", "--job", "ancient")["ancient"]["outcome"] == "planned"


def test_a_change_that_the_database_refuses_is_told_and_the_others_are_made(pipeline: Pipeline) -> None:
    pipeline.job("forgotten", "created")
    pipeline.job("silent", "processing")
    pipeline.collect()
    pipeline.sql("alter table jobs add constraint odd check (jobspec_id <> 'silent' or status <> 'created')")
    try:
        outcome = pipeline.run("recover", "--apply")
    finally:
        pipeline.sql("alter table jobs drop constraint odd")
    assert outcome.exit_code == 1
    assert "1 applied, 0 skipped, 1 failed" in outcome.output
    assert pipeline.messages("silent") == []
    assert pipeline.sql("select jobspec_id, outcome from stuck_jobs.recovery_log order by 1") == [
        ("forgotten", "applied"), ("silent", "failed"),
    ]  # fmt: skip


@pytest.mark.parametrize("body", ["raise exception 'not this one'", "return null"])
def test_a_trigger_that_refuses_one_job_does_not_stop_the_others(pipeline: Pipeline, body: str) -> None:
    for name in ("first", "second"):
        pipeline.job(name, "created")
    pipeline.sql(
        f"create function refuse() returns trigger language plpgsql as $$ begin {body}; end $$;"
        " create trigger refuse before update on jobs for each row when (old.jobspec_id = 'first')"
        " execute function refuse()"
    )
    try:
        outcome = pipeline.run("recover", "--apply")
    finally:
        pipeline.sql("drop trigger refuse on jobs; drop function refuse")
    assert outcome.exit_code == 1
    assert "1 applied, 0 skipped, 1 failed" in outcome.output
    assert (pipeline.messages("first"), pipeline.messages("second")) == ([], [("jobs", "0")])
    assert pipeline.sql("select jobspec_id, outcome from stuck_jobs.recovery_log order by 1") == [
        ("first", "failed"), ("second", "applied"),
    ]  # fmt: skip


# Others at work at the same time.


def _logged(pipeline: Pipeline) -> int:
    (count,) = pipeline.sql("select count(*) from stuck_jobs_raw.recovery_log")[0]
    return int(count)


def _tasks(pipeline: Pipeline) -> list[Any]:
    with connect(pipeline.profile) as connection:
        return choose(read_tasks(connection, "stuck_jobs"), 10_000).tasks


class _recoverer:  # noqa: N801
    """One of several."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.connection = connect(pipeline.profile)
        settings = read_settings(self.connection, "stuck_jobs")
        locks = RedisLocks(parse_redis_url(pipeline.server.url), 5)
        self.made = Recoverer(self.connection, settings, "stuck_jobs_raw", locks)

    def __enter__(self) -> Recoverer:
        return self.made

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def fill_many(pipeline: Pipeline, count: int) -> None:
    """Stuck jobs of the kinds that are changed."""
    pipeline.sql(
        """
        insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)
        select
            'job-' || number, %s, (array['created', 'processing', 'running'])[1 + number %% 3],
            now() - interval '1 hour', now() - interval '1 hour'
        from generate_series(1, %s) as number
        """,
        json.dumps(SPEC), count,
    )  # fmt: skip
    pipeline.sql(
        "insert into executions (job_id, provider_id, region, status, model_id, started_at, created_at)"
        " select id, 'p', 'us-east', 'running', 'm', created_at, created_at from jobs where id % 4 = 0"
    )
    pipeline.sql("analyze jobs, executions")


def meddle(pipeline: Pipeline, names: list[str], seed: int, held: dict[str, datetime]) -> None:
    """What workers and people do to the same jobs meanwhile; each write is what the source's code makes.

    Args:
        pipeline: it happens to.
        names: of the jobs.
        seed: of chance.
        held: takes the jobs that a worker keeps, and since when.
    """
    chance = random.Random(seed)
    with pipeline.warehouse.connect(autocommit=True, application_name="worker") as connection:

        def write(change: str, name: str) -> None:
            connection.execute(f"update jobs set {change} where jobspec_id = %s".encode(), [name])

        def lock(name: str) -> bool:
            return bool(pipeline.client.set(f"job:processing:{name}", "worker", nx=True))

        for name in names:
            action = chance.choice(["claim", "claim", "finish", "cancel", "go on", "nothing"])
            if action == "claim" and lock(name):
                (at,) = connection.execute("select clock_timestamp()").fetchone() or (None,)
                held[name] = at
                write("status = 'processing', updated_at = clock_timestamp()", name)
            elif action == "finish" and lock(name):
                write("status = 'processing', updated_at = clock_timestamp()", name)
                write("status = 'completed', completed_at = now(), updated_at = clock_timestamp()", name)
                pipeline.client.delete(f"job:processing:{name}")
            elif action == "cancel":
                write("status = 'cancelled', updated_at = clock_timestamp()", name)
            elif action == "go on":
                connection.execute(
                    "insert into executions (job_id, provider_id, region, status)"
                    " select id, 'p', 'us-east', 'completed' from jobs where jobspec_id = %s", [name],
                )  # fmt: skip


def publish(pipeline: Pipeline, done: threading.Event) -> None:
    """The publisher: whatever is in the outbox is soon not there any more."""
    while not done.wait(0.005):
        pipeline.sql("update outbox set published_at = now() where published_at is null")


def assert_sound(pipeline: Pipeline) -> None:
    """What must be true whatever happened."""
    ours = "who = 'stuck_jobs'"
    closed = "before in ('completed', 'failed', 'cancelled')"
    assert pipeline.sql(f"select job, before, after from changes where {ours} and {closed}") == []
    twice = f"select job from changes where {ours} group by job having count(*) > 1"
    assert pipeline.sql(twice) == []
    unaudited = f"""
        select job from changes where {ours}
        except
        select jobspec_id from stuck_jobs_raw.recovery_log where outcome = 'applied' and entity_type = 'job'
    """
    assert pipeline.sql(unaudited) == []
    unmade = f"""
        select jobspec_id from stuck_jobs_raw.recovery_log where outcome = 'applied' and entity_type = 'job'
        except
        select job from changes where {ours}
    """
    assert pipeline.sql(unmade) == []
    messages = """
        select jobspec_id, count(*) from stuck_jobs_raw.recovery_log
        where outcome = 'applied' and remedy in ('republish', 'reset') group by 1
        except
        select payload ->> 'id', count(*) from outbox group by 1
    """
    assert pipeline.sql(messages) == []
    logged = (
        "select count(*) from stuck_jobs_raw.recovery_log"
        " where outcome = 'applied' and remedy in ('republish', 'reset')"
    )
    assert pipeline.sql(logged) == pipeline.sql("select count(*) from outbox")
    executions = """
        select id::text from executions where status = 'failed'
        except
        select entity_id from stuck_jobs_raw.recovery_log
        where entity_type = 'execution' and outcome = 'applied'
    """
    assert pipeline.sql(executions) == []


@pytest.mark.parametrize("seed", range(8))
def test_two_recoverers_and_busy_workers_never_overwrite_each_other(pipeline: Pipeline, seed: int) -> None:
    pipeline.sql("truncate changes")
    fill_many(pipeline, 150)
    pipeline.collect()
    names = [f"job-{number}" for number in range(1, 151)]
    tasks = _tasks(pipeline)
    assert len(tasks) > 150
    done: list[Done] = []
    held: dict[str, datetime] = {}

    def recover(number: int) -> None:
        mine = tasks[:]
        random.Random(f"{seed} {number}").shuffle(mine)
        with _recoverer(pipeline) as recoverer:
            done.extend(recoverer.apply(task) for task in mine)

    chance = random.Random(seed)
    over = threading.Event()
    publisher = threading.Thread(target=publish, args=(pipeline, over))
    threads = [threading.Thread(target=recover, args=(number,)) for number in range(2)]
    for number in range(2):
        chance.shuffle(names)
        arguments = (pipeline, names[:100], 10 * seed + number, held)
        threads.append(threading.Thread(target=meddle, args=arguments))
    for thread in [publisher, *threads]:
        thread.start()
    for thread in threads:
        thread.join()
    over.set()
    publisher.join()

    outcomes = [result.outcome for result in done]
    assert len(done) == 2 * len(tasks)
    assert outcomes.count("applied") > 20
    assert outcomes.count("skipped") > 20
    assert "failed" not in outcomes
    assert_sound(pipeline)
    log = dict(
        pipeline.sql(
            "select jobspec_id, max(recovered_at) from stuck_jobs_raw.recovery_log"
            " where outcome = 'applied' and jobspec_id is not null group by 1"
        )
    )
    assert [name for name, at in held.items() if name in log and log[name] > at] == []


def test_a_kill_at_any_moment_leaves_each_change_whole(pipeline: Pipeline) -> None:
    pipeline.sql("truncate changes")
    fill_many(pipeline, 150)
    pipeline.collect()
    chance = random.Random(7)
    partial = False
    for _ in range(12):
        process = FORK.Process(target=pipeline.run, args=("recover", "--apply", "--force", "--limit", "1000"))
        process.start()
        enough = _logged(pipeline) + chance.randint(1, 8)
        deadline = time.monotonic() + 30
        while _logged(pipeline) < enough and process.is_alive() and time.monotonic() < deadline:
            pass
        time.sleep(chance.random() * 0.002)
        process.kill()
        process.join()
        partial = partial or 0 < len(_tasks(pipeline)) < 150
        assert_sound(pipeline)
    assert partial
    assert pipeline.run("recover", "--apply", "--force", "--limit", "1000").exit_code == 0
    assert_sound(pipeline)
    assert _tasks(pipeline) == []
    after = pipeline.sql(EVERYTHING)
    assert pipeline.run("recover", "--apply", "--force", "--limit", "1000").exit_code == 0
    assert pipeline.sql(EVERYTHING) == after


# Sources that are kept differently.


def test_a_source_of_other_types_columns_and_clocks(
    opened: Pipeline, new_warehouse: Callable[[], Warehouse]
) -> None:
    warehouse = new_warehouse()
    pipeline = Pipeline(warehouse, opened.server, opened.client)
    pipeline.client.flushall()
    warehouse.execute(
        """
        alter table jobs
            alter column id type bigint, drop column started_at, drop column completed_at,
            add column tenant text not null default 'somebody', add column revision int not null default 0;
        alter table executions
            alter column id type bigint, alter column job_id type bigint, drop column original_error;
        alter table outbox alter column payload type text;
        create function touch() returns trigger language plpgsql as $$
        begin
            new.updated_at = now();
            new.revision = old.revision + 1;
            return new;
        end $$;
        create trigger touch before update on jobs for each row execute function touch();
        alter database """
        + warehouse.libpq["PGDATABASE"]
        + " set timezone = 'Asia/Kolkata'"
    )
    select = ("--select", "+int_recovery_plan", "+int_recovery_settings", "+int_live_jobs")
    variables = WITH_REDIS | {"source_time_zone": "Asia/Kolkata"}
    outcome = warehouse.run_dbt("run", *select, variables=variables)
    assert outcome.exit_code == 0, outcome.output
    pipeline.job("forgotten", "created")
    pipeline.job("silent", "processing")
    done = pipeline.job("done", "processing")
    for question in "abc":
        pipeline.execution(done, question, "completed")
    pipeline.execution(pipeline.job("open", "running"), "a", "running")
    pipeline.collect()

    outcome = pipeline.run("recover", "--apply", "--format", "json", PGTZ="America/New_York")
    items = json.loads(outcome.output.splitlines()[-1])["items"]
    assert {(item["jobspec_id"], item["remedy"], item["outcome"]) for item in items} == {
        ("forgotten", "republish", "applied"),
        ("silent", "reset", "applied"),
        ("done", "close", "applied"),
        ("open", "reset", "applied"),
        ("open", "fail", "applied"),
    }
    local = "between now() - interval '5 min' and now() + interval '5 min'"
    assert pipeline.sql(f"select jobspec_id from jobs where not updated_at {local} or revision <> 1") == []
    assert (
        pipeline.sql(f"select 1 from executions where status = 'failed' and not completed_at {local}") == []
    )
    assert pipeline.sql(f"select count(*) from outbox where created_at {local}") == [(3,)]
    assert pipeline.sql("select status from jobs order by jobspec_id") == [
        ("completed",), ("created",), ("created",), ("created",),
    ]  # fmt: skip
    again = pipeline.items("--apply").values()
    assert "applied" not in {item["outcome"] for item in again}


@pytest.mark.parametrize(
    "arguments", [["recover", "--apply"], ["requeue", "--apply"]], ids=lambda words: words[0]
)
def test_what_was_changed_is_said_though_nobody_reads_standard_output(
    pipeline: Pipeline, arguments: list[str]
) -> None:
    pipeline.job("forgotten", "created")
    pipeline.job("buried", "queued")
    pipeline.client.lpush("jobs:dead", json.dumps({"id": "m", "jobspec_id": "buried", "attempts": 3}))
    pipeline.collect()
    reader, writer = os.pipe()
    os.close(reader)
    finished = subprocess.run(
        [COMMAND, *arguments],
        env=os.environ | pipeline.environment,
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert finished.returncode == 0, finished.stderr
    assert "applied: " in finished.stderr
    assert "Traceback" not in finished.stderr
    outcomes = pipeline.sql("select distinct outcome from stuck_jobs_raw.recovery_log")
    assert outcomes == [("applied",)]


def test_a_missing_view_is_one_line(pipeline: Pipeline) -> None:
    outcome = pipeline.run("recover", STUCK_JOBS_SCHEMA="nowhere")
    assert outcome.exit_code == 2
    assert len(outcome.output.strip().splitlines()) == 1
    assert "nowhere.int_recovery_settings" in outcome.output
