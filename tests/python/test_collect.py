"""`stuck-jobs collect` on real servers: what it writes, and what it makes of servers that fail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from click.testing import CliRunner
from conftest import ROOT, Warehouse, environment
from redis_support import breakable_redis, populate, redis_on_tcp

from stuck_jobs import embedded
from stuck_jobs.cli import main
from stuck_jobs.collect import redis_reader
from stuck_jobs.collect.redis_url import parse_redis_url
from stuck_jobs.errors import StuckJobsError

SECRET = "0xwallet-s3cret"
PASSWORD = "r3dis-p4ssword"
TABLES = ("queue_snapshots", "queue_messages", "job_locks", "messages_in_flight")


def queue_message(job: str, **fields: Any) -> bytes:
    return json.dumps(
        {
            "id": f"{job}:1",
            "jobspec_id": job,
            "action": "run",
            "payload": {"id": SECRET, "signature": SECRET},
            "attempts": 1,
            "max_retries": 3,
            "enqueued_at": "2025-10-14T16:13:17.123456789Z",
            **fields,
        }
    ).encode()


def envelope(job: str) -> bytes:
    return json.dumps(
        {"id": job, "enqueued_at": "2025-10-14T16:13:17Z", "attempt": 0, "request_id": "r"}
    ).encode()


@dataclass(frozen=True)
class Finished:
    exit_code: int
    output: str
    error: str


def _in_own_process(command: list[str], environment: dict[str, str]) -> Finished:
    finished = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert "Traceback" not in finished.stderr, finished.stderr
    return Finished(finished.returncode, finished.stdout, finished.stderr)


def _in_this_process(command: list[str], variables: dict[str, str]) -> Finished:
    with environment(variables):
        result = CliRunner().invoke(main, command[1:])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Finished(result.exit_code, result.stdout, result.stderr)


@dataclass(frozen=True)
class Bench:
    """A database, a Redis, and the command between them."""

    warehouse: Warehouse
    url: str

    def at(self, url: str) -> Bench:
        return Bench(self.warehouse, url)

    def command(self, *arguments: str) -> list[str]:
        return [
            str(Path(sys.executable).with_name("stuck-jobs")), "collect", *arguments,
            "--project-dir", str(ROOT), "--profiles-dir", str(self.warehouse.scratch),
        ]  # fmt: skip

    def environment(self, **extra: str) -> dict[str, str]:
        variables_of_ours = ("PG", "DBT_", "STUCK_JOBS_")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(variables_of_ours)}
        return inherited | self.warehouse.libpq | {"REDIS_URL": self.url} | extra

    def collect(self, *arguments: str, own_process: bool = False, **extra: str) -> Finished:
        command, environment = self.command(*arguments), self.environment(**extra)
        finished = (_in_own_process if own_process else _in_this_process)(command, environment)
        for secret in (SECRET, PASSWORD):
            assert secret not in finished.output + finished.error
        return finished

    def succeed(self, *arguments: str, own_process: bool = False, **extra: str) -> str:
        finished = self.collect(*arguments, own_process=own_process, **extra)
        assert (finished.exit_code, finished.error) == (0, "")
        assert finished.output.count("\n") == 1
        return finished.output

    def fail(self, *arguments: str, **extra: str) -> str:
        finished = self.collect(*arguments, **extra)
        assert (finished.exit_code, finished.output) == (2, "")
        assert finished.error.startswith("Error: ")
        assert finished.error.count("\n") == 1, finished.error
        return finished.error

    @contextmanager
    def watching(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            self.command(*arguments),
            env=self.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                process.kill()

    def listings(
        self, snapshot: str = "(select max(snapshot_id) from stuck_jobs_raw.queue_snapshots)"
    ) -> Any:
        """Depth, messages read, complete and error by queue and kind."""
        rows = self.warehouse.rows(
            "select queue_name, kind, depth, messages_read, complete, error "
            f"from stuck_jobs_raw.queue_snapshots where snapshot_id = {snapshot}"
        )
        return {(queue, kind): tuple(rest) for queue, kind, *rest in rows}

    def failed_because(self, words: str, queue: str = "jobs") -> None:
        """The last snapshot says of a queue that it failed, and nothing else."""
        for kind in ("main", "retry", "dead"):
            depth, read, complete, error = self.listings()[(queue, kind)]
            assert (depth, read, complete) == (None, 0, False)
            assert words in error
            assert PASSWORD not in error

    def jobs(self, kind: str = "main", queue: str = "jobs") -> list[str | None]:
        rows = self.warehouse.rows(
            "select jobspec_id from stuck_jobs_raw.queue_messages "
            f"where kind = '{kind}' and queue_name = '{queue}' order by position"
        )
        return [job for (job,) in rows]

    def count(self, table: str) -> int:
        count: int = self.warehouse.rows(f"select count(*) from stuck_jobs_raw.{table}")[0][0]
        return count

    def snapshot_ids(self, table: str) -> list[int]:
        rows = self.warehouse.rows(f"select distinct snapshot_id from stuck_jobs_raw.{table} order by 1")
        return [identity for (identity,) in rows]


@pytest.fixture(scope="module")
def shared_redis() -> Iterator[embedded.Redis]:
    with embedded.redis_server() as server:
        yield server


@pytest.fixture(scope="module")
def shared_warehouse(new_warehouse: Callable[[], Warehouse]) -> Warehouse:
    return new_warehouse()


@pytest.fixture
def bench(shared_warehouse: Warehouse, shared_redis: embedded.Redis) -> Bench:
    shared_warehouse.execute("drop schema if exists stuck_jobs_raw cascade")
    with redis.Redis.from_url(shared_redis.url) as client:
        client.flushall()
    return Bench(shared_warehouse, shared_redis.url)


@pytest.fixture
def client(bench: Bench) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(bench.url) as connection:
        yield connection


# What is written


def test_nothing_at_all(bench: Bench) -> None:
    line = bench.succeed(own_process=True)
    assert line == "snapshot 1: jobs: main 0, retry 0, dead 0; 0 messages read; 0 jobs held by workers\n"
    assert bench.listings() == {("jobs", kind): (0, 0, True, None) for kind in ("main", "retry", "dead")}


def test_both_formats_in_their_order(bench: Bench, client: redis.Redis) -> None:
    client.lpush("jobs", queue_message("first"), envelope("second"), queue_message("third", error="no luck"))
    client.lpush("jobs:dead", queue_message("old", attempts=3), queue_message("new"))
    client.zadd(
        "jobs:retry", {queue_message("later"): 1_900_000_000.25, queue_message("sooner"): 1_800_000_000}
    )
    line = bench.succeed()
    assert line == "snapshot 1: jobs: main 3, retry 2, dead 2; 7 messages read; 0 jobs held by workers\n"
    assert bench.jobs("main") == ["first", "second", "third"]
    assert bench.jobs("dead") == ["old", "new"]
    assert bench.jobs("retry") == ["sooner", "later"]
    rows = bench.warehouse.rows(
        "select position, message_id, attempts, max_attempts, enqueued_at, due_at, error, parsed, size_bytes "
        "from stuck_jobs_raw.queue_messages where jobspec_id in ('second', 'third', 'later') "
        "order by kind, position"
    )
    at = datetime(2025, 10, 14, 16, 13, 17, tzinfo=UTC)
    precisely = at.replace(microsecond=123_456)
    due = datetime.fromtimestamp(1_900_000_000.25, UTC)
    third = queue_message("third", error="no luck")
    assert rows == [
        (1, "second", 0, None, at, None, None, True, len(envelope("second"))),
        (2, "third:1", 1, 3, precisely, None, "no luck", True, len(third)),
        (1, "later:1", 1, 3, precisely, due, None, True, len(queue_message("later"))),
    ]


def test_observed_at_is_before_redis_was_read(bench: Bench) -> None:
    before = bench.warehouse.rows("select clock_timestamp()")[0][0]
    bench.succeed()
    after = bench.warehouse.rows("select clock_timestamp()")[0][0]
    observed = bench.warehouse.rows("select distinct observed_at from stuck_jobs_raw.queue_snapshots")
    assert len(observed) == 1
    assert before < observed[0][0] < after


def test_a_transaction_that_is_still_open_makes_the_snapshot_earlier(bench: Bench) -> None:
    """What it writes bears the time of its start, and is not visible yet."""
    with bench.warehouse.connect() as publisher:
        (start,) = publisher.execute("select now()").fetchone()
        last = "select observed_at from stuck_jobs_raw.queue_snapshots order by snapshot_id desc limit 1"
        bench.succeed()
        assert bench.warehouse.rows(last)[0][0] > start, "it only reads"
        publisher.execute("select pg_current_xact_id()")
        bench.succeed()
        assert bench.warehouse.rows(last) == [(start,)]
        publisher.commit()
        bench.succeed()
        assert bench.warehouse.rows(last)[0][0] > start


def test_a_cut_snapshot_says_so(bench: Bench, client: redis.Redis) -> None:
    client.lpush("jobs", *[envelope(f"job-{number}") for number in range(25)])
    client.lpush("jobs:dead", *[envelope(f"dead-{number}") for number in range(10)])
    line = bench.succeed("--limit", "10")
    assert "main 25 (10 read), retry 0, dead 10; 20 messages read" in line
    assert bench.jobs() == [f"job-{number}" for number in range(10)]
    assert bench.listings() == {
        ("jobs", "main"): (25, 10, False, None),
        ("jobs", "retry"): (0, 0, True, None),
        ("jobs", "dead"): (10, 10, True, None),
    }


def test_a_list_beyond_the_budget_is_cut_and_leaves_room_for_the_others(
    bench: Bench, client: redis.Redis
) -> None:
    for name in ("jobs", "jobs:dead"):
        for _ in range(30):
            client.lpush(name, queue_message("big", payload="x" * 1_000_000))
    client.zadd("jobs:retry", {envelope("due"): 1})
    bench.succeed()
    listings = bench.listings()
    assert listings["jobs", "retry"] == (1, 1, True, None)
    for kind in ("main", "dead"):
        depth, read, complete, error = listings["jobs", kind]
        assert (depth, complete, error) == (30, False, None)
        assert 1 <= read < 30
    assert set(bench.jobs()) == {"big"}


def test_time_cuts_no_list_that_is_soon_read(
    bench: Bench, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock also runs while the server waits for a processor."""
    monkeypatch.setattr(redis_reader, "MAX_MICROSECONDS_PER_SCRIPT", -1)
    client.lpush("jobs", *[queue_message(f"job-{number}") for number in range(2000)])
    client.lpush("jobs:dead", *[queue_message("big", payload="x" * 1_000_000) for _ in range(20)])
    snapshot = redis_reader.read_snapshot(parse_redis_url(bench.url), ["jobs"], 10_000, timeout=5)
    main, _, dead = snapshot.listings
    assert main.complete
    assert 1 <= len(dead.entries) < 20


def test_huge_binary_and_broken_messages(bench: Bench, client: redis.Redis) -> None:
    broken = [
        b"\xff\x00\xfe" * 100,
        b"",
        queue_message("cut")[:-5],
        b"[]",
        b'{"payload": "' + SECRET.encode() + b'"}',
        queue_message("huge", payload=SECRET * 10_000),
        queue_message("strange\0\ud800", error="a\0b"),
        queue_message("fine"),
    ]
    client.lpush("jobs", *broken)
    client.zadd("jobs:retry", {b"\x80": float("inf"), b"\x81": 1e300, b"\x82": -1e300})
    line = bench.succeed()
    assert "11 messages read, 9 of them unreadable (no JSON, too large, or without a job); " in line
    rows = bench.warehouse.rows(
        "select jobspec_id, parsed, error, size_bytes from stuck_jobs_raw.queue_messages "
        "where kind = 'main' order by position"
    )
    assert rows == [
        (None, False, "not JSON", 300),
        (None, False, "not JSON", 0),
        (None, False, "not JSON", len(broken[2])),
        (None, False, "not an object", 2),
        (None, False, "no job id", len(broken[4])),
        ("huge", False, "larger than 64 KiB", len(broken[5])),
        ("strange", True, "ab", len(broken[6])),
        ("fine", True, None, len(broken[7])),
    ]
    assert bench.warehouse.rows("select distinct due_at from stuck_jobs_raw.queue_messages") == [(None,)]


@pytest.mark.parametrize(
    ("hidden", "complete"),
    [
        (b'{"payload": "' + b"x" * 5_000_000 + b'", "jobspec_id": "a"}', False),
        (b'{"payload": ' + b"[" * 5000 + b"]" * 5000 + b', "jobspec_id": "a"}', False),
        (b'{"jobspec_id": "a", "payload": "' + b"x" * 5_000_000 + b'"}', True),
        (b"x" * 5_000_000, True),
        (b"{", True),
    ],
)
def test_a_message_that_may_be_for_any_job_makes_the_snapshot_incomplete(
    bench: Bench, client: redis.Redis, hidden: bytes, complete: bool
) -> None:
    client.lpush("jobs", hidden)
    bench.succeed()
    assert bench.listings()["jobs", "main"] == (1, 1, complete, None)


def next_message(bench: Bench) -> str | None:
    """Which message of the queue is taken next, as the last snapshot tells it from others."""
    newest = "select oldest_message from stuck_jobs_raw.queue_snapshots where kind = 'main'"
    found: str | None = bench.warehouse.rows(f"{newest} order by snapshot_id desc limit 1")[0][0]
    return found


def test_a_message_that_was_taken_is_seen_to_be_gone(bench: Bench, client: redis.Redis) -> None:
    bench.succeed()
    assert next_message(bench) is None
    client.lpush("jobs", envelope("a"), envelope("a"), envelope("b"))
    bench.succeed()
    first = next_message(bench)
    assert first is not None
    client.lpush("jobs", envelope("c"))
    bench.succeed()
    assert next_message(bench) == first
    seen = {first}
    for _ in range(3):
        client.rpop("jobs")
        bench.succeed()
        after = next_message(bench)
        assert after not in seen
        seen.add(str(after))


def test_tables_of_an_older_version_are_filled(bench: Bench, client: redis.Redis) -> None:
    client.lpush("jobs", envelope("a"))
    bench.succeed()
    bench.warehouse.execute("alter table stuck_jobs_raw.queue_snapshots drop column oldest_message")
    bench.succeed()
    assert next_message(bench) is not None
    assert bench.snapshot_ids("queue_snapshots") == [1, 2]


def test_secrets_stay_in_redis(bench: Bench, client: redis.Redis) -> None:
    client.lpush("jobs", queue_message("a"), queue_message("huge", payload={"id": SECRET, "x": "y" * 99_999}))
    client.lpush("jobs:dead", queue_message("a"), b'{"payload": {"id": "' + SECRET.encode() + b'"}')
    client.zadd("jobs:retry", {queue_message("a"): 1})
    client.set("job:processing:a", SECRET)
    client.set("jobs:processing:a:1", SECRET)
    bench.succeed()
    for table in TABLES:
        assert bench.count(table) > 0
        hits = f"select count(*) from stuck_jobs_raw.{table} as t where t::text like '%{SECRET}%'"
        assert bench.warehouse.rows(hits) == [(0,)]


def test_locks(bench: Bench, client: redis.Redis) -> None:
    client.set("job:processing:soon", "1", ex=900)
    client.set("job:processing:never", "1")
    client.set("job:processing:beyond", "1", px=9_000_000_000_000_000)
    client.set(b"job:processing:\xff\x00", "1")
    client.set("job:processing:", "1")
    client.set("jobs:processing:message:17", "1", ex=600)
    client.set("jobs:processing:", "1")
    client.set("other:processing:message", "1")
    line = bench.succeed()
    assert "4 jobs held by workers" in line
    locks = dict(bench.warehouse.rows("select jobspec_id, expires_at from stuck_jobs_raw.job_locks"))
    observed = bench.warehouse.rows("select max(observed_at) from stuck_jobs_raw.queue_snapshots")[0][0]
    assert timedelta(minutes=14) < locks.pop("soon") - observed <= timedelta(minutes=15)
    assert locks == {"never": None, "beyond": None, "\ufffd": None}
    in_flight = bench.warehouse.rows("select message_id from stuck_jobs_raw.messages_in_flight")
    assert in_flight == [("message:17",)]


def test_thousands_of_locks_among_other_keys(bench: Bench, client: redis.Redis) -> None:
    client.mset({f"job:processing:job-{number}": 1 for number in range(5000)})
    client.mset({f"other:{number}": 1 for number in range(5000)})
    assert "5,000 jobs held by workers" in bench.succeed()
    assert bench.count("job_locks") == 5000


@pytest.fixture(scope="module")
def at_work(new_built_warehouse: Callable[..., Warehouse]) -> Warehouse:
    """A pipeline whose views are built, with jobs that wait, and jobs at work."""
    warehouse = new_built_warehouse(redis_enabled=True)
    warehouse.execute(
        "insert into jobs (jobspec_id, jobspec_data, status) select 'job-' || number, '{}',"
        " (array['created', 'queued', 'processing', 'running', 'completed'])[1 + number % 5]"
        " from generate_series(1, 3000) as number"
    )
    return warehouse


def test_among_millions_of_other_keys_locks_are_asked_for_by_name(
    at_work: Warehouse, bench: Bench, client: redis.Redis
) -> None:
    among = Bench(at_work, bench.url)
    client.lpush("jobs", queue_message("job-6"))
    among.succeed()
    client.delete("jobs")
    populate(client, 1_000_000)
    client.set("jobs:processing:job-6:1", "1", ex=600)
    client.set("jobs:processing:job-10", "1", ex=600)
    client.mset({f"job:processing:job-{number}": 1 for number in range(2, 3000, 5)})
    client.config_resetstat()
    assert "600 jobs held by workers" in among.succeed()
    calls = {name: found["calls"] for name, found in client.info("commandstats").items()}
    assert "cmdstat_scan" not in calls
    assert among.listings()["jobs", "main"] == (0, 0, True, None)
    in_flight = "select message_id from stuck_jobs_raw.messages_in_flight order by 1"
    assert at_work.rows(in_flight) == [("job-10",), ("job-6:1",)]


def test_what_was_not_read_is_not_taken_for_nothing(
    at_work: Warehouse, bench: Bench, client: redis.Redis
) -> None:
    among = Bench(at_work, bench.url)
    client.lpush("jobs", queue_message("job-1"), queue_message("job-1"))
    client.lpush("jobs:dead", queue_message("job-2"))
    client.zadd("jobs:retry", {queue_message("job-6"): 1})
    watched = "('queue_backlog', 'queue_retry_overdue', 'queue_dead_letter', 'queue_duplicate')"
    states = (
        "select accumulation_point, state, evidence from stuck_jobs.accumulation_points"
        f" where accumulation_point in {watched} order by 1"
    )
    among.succeed("--limit", "0")
    unread = "0 of %s messages of jobs (%s) were read"
    assert at_work.rows(states) == [
        ("queue_backlog", "unknown", unread % (2, "main")),
        ("queue_dead_letter", "unknown", unread % (1, "dead")),
        ("queue_duplicate", "unknown", f"{unread % (2, 'main')}; {unread % (1, 'retry')}"),
        ("queue_retry_overdue", "unknown", unread % (1, "retry")),
    ]
    among.succeed("--limit", "1")
    assert at_work.rows(states) == [
        ("queue_backlog", "breached", "1 of 2 messages of jobs (main) were read"),
        ("queue_dead_letter", "breached", None),
        ("queue_duplicate", "unknown", "1 of 2 messages of jobs (main) were read"),
        ("queue_retry_overdue", "breached", None),
    ]
    among.succeed()
    assert {(state, problem) for _, state, problem in at_work.rows(states)} == {("breached", None)}


def test_among_millions_of_other_keys_and_without_views_it_says_so(bench: Bench, client: redis.Redis) -> None:
    populate(client, 100_000)
    assert "100,000 keys" in bench.fail()
    bench.failed_because("run dbt build")


def test_several_queues(bench: Bench, client: redis.Redis) -> None:
    client.lpush("jobs", envelope("a"))
    client.lpush("eu:jobs", envelope("b"), envelope("c"))
    line = bench.succeed("--queue", "jobs", "--queue", "eu:jobs", "--queue", "jobs")
    assert "jobs: main 1, retry 0, dead 0; eu:jobs: main 2, retry 0, dead 0; 3 messages read" in line
    assert bench.jobs(queue="eu:jobs") == ["b", "c"]
    assert bench.succeed(STUCK_JOBS_QUEUES="jobs, eu:jobs").count("main") == 2
    assert bench.count("queue_snapshots") == 12


@pytest.mark.parametrize("queues", ["", "  ", "a\nb"])
def test_names_that_are_none(bench: Bench, queues: str) -> None:
    finished = bench.collect("--queue", queues)
    assert finished.exit_code == 2
    assert "is no name of a queue" in finished.error


# The tables


def test_only_the_newest_messages_and_locks_are_kept(bench: Bench, client: redis.Redis) -> None:
    client.lpush("jobs", envelope("a"))
    client.lpush("other", envelope("b"))
    client.set("job:processing:a", "1")
    for _ in range(2):
        bench.succeed()
    bench.succeed("--queue", "other")
    assert bench.snapshot_ids("queue_snapshots") == [1, 2, 3]
    assert bench.snapshot_ids("queue_messages") == [2, 3]
    assert bench.snapshot_ids("job_locks") == [2, 3]


def test_retention(bench: Bench, client: redis.Redis) -> None:
    client.lpush("gone", envelope("a"))
    bench.succeed("--queue", "gone")
    bench.succeed()
    bench.warehouse.execute(
        "update stuck_jobs_raw.queue_snapshots set observed_at = observed_at - interval '3 hours'"
    )
    bench.succeed("--retention", "4")
    assert bench.snapshot_ids("queue_snapshots") == [1, 2, 3]
    bench.succeed("--retention", "2")
    assert bench.snapshot_ids("queue_snapshots") == [3, 4]
    assert bench.count("queue_messages") == 0
    bench.succeed("--retention", "0")
    assert bench.snapshot_ids("queue_snapshots") == [5]


def test_the_last_snapshot_keeps_its_messages_whatever_the_clock_says(
    bench: Bench, client: redis.Redis
) -> None:
    """The views take the one with the highest number; without its messages, all would be called lost."""
    client.lpush("jobs", envelope("a"))
    client.set("job:processing:a", "1")
    client.set("jobs:processing:a", "1")
    bench.succeed()
    bench.warehouse.execute(
        "update stuck_jobs_raw.queue_snapshots set observed_at = observed_at + interval '1 hour'"
    )
    bench.succeed()
    for table in ("queue_messages", "job_locks", "messages_in_flight"):
        assert bench.snapshot_ids(table) == [2]


def test_a_schema_of_another_name(bench: Bench) -> None:
    bench.warehouse.execute('drop schema if exists "Raw data" cascade')
    bench.succeed(STUCK_JOBS_RAW_SCHEMA="Raw data")
    assert bench.warehouse.rows('select count(*) from "Raw data".queue_snapshots') == [(3,)]


def test_a_role_without_create(bench: Bench) -> None:
    bench.warehouse.execute(
        "drop role if exists modest",
        "create role modest login",
        f"revoke create on database {bench.warehouse.libpq['PGDATABASE']} from public",
    )
    error = bench.fail(PGUSER="modest")
    assert "stuck_jobs_raw" in error
    assert "permission denied" in error
    bench.succeed()
    bench.warehouse.execute(
        "grant usage on schema stuck_jobs_raw to modest",
        "grant select, insert, delete on all tables in schema stuck_jobs_raw to modest",
        "grant usage on all sequences in schema stuck_jobs_raw to modest",
    )
    bench.succeed(PGUSER="modest")
    bench.warehouse.execute("drop owned by modest", "drop role modest")


# Failures


@pytest.fixture
def broken(bench: Bench) -> Iterator[tuple[Bench, embedded.Redis]]:
    """A Redis of its own for a test to break, with one message in it."""
    with breakable_redis() as server:
        with redis.Redis.from_url(server.url) as connection:
            connection.lpush("jobs", envelope("a"))
        yield bench.at(server.url), server


def test_redis_is_down(broken: tuple[Bench, embedded.Redis]) -> None:
    bench, server = broken
    bench.succeed()
    os.kill(server.process_id, signal.SIGKILL)
    error = bench.fail()
    assert "Redis: " in error
    assert "recorded as snapshot 2" in error
    bench.failed_because("connecting")
    assert bench.count("queue_messages") == bench.count("job_locks") == 0
    assert bench.listings("1")["jobs", "main"] == (1, 1, True, None)


def test_redis_does_not_answer(broken: tuple[Bench, embedded.Redis]) -> None:
    bench, server = broken
    os.kill(server.process_id, signal.SIGSTOP)
    started = time.monotonic()
    bench.fail("--timeout", "0.5")
    assert time.monotonic() - started < 10
    bench.failed_because("Timeout")
    os.kill(server.process_id, signal.SIGCONT)
    bench.succeed()


def test_redis_wants_a_password(broken: tuple[Bench, embedded.Redis]) -> None:
    bench, server = broken
    with redis.Redis.from_url(server.url) as connection:
        connection.config_set("requirepass", PASSWORD)
    bench.fail()
    bench.failed_because("uthentication")
    bench.at(server.url.replace("unix://", "unix://:wrong-word@")).fail()
    bench.failed_because("invalid")
    bench.at(server.url.replace("unix://", f"unix://:{PASSWORD}@")).succeed()
    assert bench.jobs() == ["a"]


def test_a_user_without_the_rights(broken: tuple[Bench, embedded.Redis]) -> None:
    bench, server = broken
    with redis.Redis.from_url(server.url) as connection:
        connection.execute_command("acl", "setuser", "reader", "on", f">{PASSWORD}", "~*", "+@read")
        bench.at(server.url.replace("unix://", f"unix://reader:{PASSWORD}@")).fail()
        bench.failed_because("eval")
        connection.execute_command("acl", "setuser", "reader", "+eval", "+type", "-scan")
        bench.at(server.url.replace("unix://", f"unix://reader:{PASSWORD}@")).fail()
        bench.failed_because("scan")
        connection.execute_command("acl", "setuser", "reader", "+scan")
        bench.at(server.url.replace("unix://", f"unix://reader:{PASSWORD}@")).fail()
        bench.failed_because("info")
        connection.execute_command("acl", "setuser", "reader", "+info")
        bench.at(server.url.replace("unix://", f"unix://reader:{PASSWORD}@")).succeed()


@pytest.mark.parametrize("key", ["jobs", "jobs:retry", "jobs:dead"])
def test_a_key_of_another_type(bench: Bench, client: redis.Redis, key: str) -> None:
    client.set(key, SECRET)
    client.lpush("other", envelope("a"))
    client.set("job:processing:a", "1")
    error = bench.fail("--queue", "jobs", "--queue", "other")
    assert f"WRONGTYPE {key} is a string" in error
    bench.failed_because(f"WRONGTYPE {key} is a string")
    assert bench.listings()["other", "main"] == (1, 1, True, None)
    assert bench.jobs(queue="other") == ["a"]
    assert bench.count("job_locks") == 1


def test_something_that_is_not_redis(bench: Bench, server: embedded.Postgres) -> None:
    bench.at(f"unix://{server.directory}/.s.PGSQL.5432").fail("--timeout", "1")
    assert bench.listings()["jobs", "main"][3]


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.1, 0.2])
def test_redis_is_killed_in_the_middle(broken: tuple[Bench, embedded.Redis], delay: float) -> None:
    """Whenever it dies, the snapshot is either whole or failed."""
    bench, server = broken
    with redis.Redis.from_url(server.url) as connection:
        connection.mset({f"job:processing:job-{number}": 1 for number in range(20_000)})
    with bench.watching("--watch", "0.01", "--timeout", "1") as process:
        assert process.stdout
        assert "20,000 jobs held by workers" in process.stdout.readline()
        time.sleep(delay)
        os.kill(server.process_id, signal.SIGKILL)
        assert process.stderr
        assert process.stderr.readline().startswith("Error: Redis: ")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    bench.failed_because("")
    assert bench.count("queue_messages") == bench.count("job_locks") == 0


def test_postgres_is_down(bench: Bench, client: redis.Redis, tmp_path: Path) -> None:
    client.lpush("jobs", envelope("a"))
    assert "PostgreSQL: " in bench.fail(PGHOST=str(tmp_path))
    assert client.llen("jobs") == 1
    bench.succeed()
    assert bench.jobs() == ["a"]


def test_postgres_refuses(bench: Bench) -> None:
    bench.succeed()
    bench.warehouse.execute("alter table stuck_jobs_raw.queue_messages rename column parsed to understood")
    error = bench.fail()
    assert "parsed" in error
    assert bench.snapshot_ids("queue_snapshots") == [1]


def test_a_collector_killed_in_the_middle_leaves_the_previous_snapshot(
    bench: Bench, client: redis.Redis
) -> None:
    client.lpush("jobs", *[envelope(f"job-{number}") for number in range(5000)])
    bench.succeed()
    newest = bench.listings()
    with bench.warehouse.connect() as locker:
        locker.execute("lock table stuck_jobs_raw.queue_messages in share mode")
        with bench.watching() as process:
            wait_for_a_waiting_collector(bench)
            process.kill()
        assert bench.listings() == newest
    deadline = time.monotonic() + 10
    while bench.warehouse.rows("select from pg_stat_activity where wait_event_type = 'Lock'"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert bench.snapshot_ids("queue_messages") == bench.snapshot_ids("queue_snapshots") == [1]
    bench.succeed()


def wait_for_a_waiting_collector(bench: Bench) -> None:
    deadline = time.monotonic() + 20
    waiting = (
        "select from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'stuck_jobs'"
    )
    while not bench.warehouse.rows(waiting):
        assert time.monotonic() < deadline
        time.sleep(0.02)


# Again and again


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_watch_until_a_signal(bench: Bench, client: redis.Redis, number: signal.Signals) -> None:
    client.lpush("jobs", *[envelope(f"job-{number}") for number in range(500)])
    with bench.watching("--watch", "0.05") as process:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(number)
        output, error = process.communicate(timeout=10)
    assert process.returncode == 0
    assert error == ""
    lines += output.splitlines(keepends=True)
    assert [line.split(":")[0] for line in lines] == [f"snapshot {n + 1}" for n in range(len(lines))]
    newest = bench.warehouse.rows("select max(snapshot_id) from stuck_jobs_raw.queue_snapshots")[0][0]
    assert newest - len(lines) in (0, 1)
    assert bench.snapshot_ids("queue_messages") == [newest]
    assert bench.count("queue_messages") == 500


def test_a_signal_while_postgres_is_waited_for(bench: Bench) -> None:
    bench.succeed()
    with bench.warehouse.connect() as locker:
        locker.execute("lock table stuck_jobs_raw.queue_snapshots in share mode")
        with bench.watching("--watch", "1") as process:
            wait_for_a_waiting_collector(bench)
            process.send_signal(signal.SIGTERM)
            output, error = process.communicate(timeout=10)
    assert (process.returncode, output, error) == (0, "", "")
    assert bench.snapshot_ids("queue_snapshots") == [1]


def test_watch_survives_failures(broken: tuple[Bench, embedded.Redis]) -> None:
    bench, server = broken
    with bench.watching("--watch", "0.1", "--timeout", "0.2") as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline().startswith("snapshot ")
        os.kill(server.process_id, signal.SIGSTOP)
        assert process.stderr.readline().startswith("Error: Redis: ")
        failed = int(process.stderr.readline().rstrip(")\n").split()[-1])
        os.kill(server.process_id, signal.SIGCONT)
        identity = 0
        while identity < failed:
            identity = int(process.stdout.readline().split()[1].rstrip(":"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    states = dict(
        bench.warehouse.rows(
            "select snapshot_id, bool_or(error is null) from stuck_jobs_raw.queue_snapshots group by 1"
        )
    )
    assert (states[1], states[identity], list(states.values()).count(False) >= 2) == (True, True, True)


def test_collectors_at_the_same_time(bench: Bench, client: redis.Redis) -> None:
    client.lpush("jobs", *[envelope(f"job-{number}") for number in range(300)])
    finished: list[str] = []
    threads = [
        threading.Thread(target=lambda: finished.append(bench.succeed(own_process=True))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(finished)) == 4
    assert bench.snapshot_ids("queue_snapshots") == [1, 2, 3, 4]
    assert len(bench.snapshot_ids("queue_messages")) == 1
    assert bench.count("queue_messages") == 300


def test_a_queue_in_motion_is_seen_at_one_moment(bench: Bench, client: redis.Redis) -> None:
    """A message on its way from one list to another is never seen twice, nor missed."""
    client.lpush("jobs", *[envelope(f"job-{number}") for number in range(200)])
    over = threading.Event()

    def move() -> None:
        with redis.Redis.from_url(bench.url) as mover:
            while not over.is_set():
                mover.rpoplpush("jobs", "jobs:dead")
                mover.rpoplpush("jobs:dead", "jobs")

    mover = threading.Thread(target=move)
    mover.start()
    try:
        for _ in range(3):
            bench.succeed()
            assert sorted(bench.jobs("main") + bench.jobs("dead")) == sorted(f"job-{n}" for n in range(200))
    finally:
        over.set()
        mover.join()


def test_a_job_that_changes_hands_while_redis_is_read_is_seen(
    bench: Bench, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker pops a message and takes its lock only then, and puts another back before it lets go of it."""
    client.lpush("jobs", queue_message("taken"))
    client.set("job:processing:given-back", "1")
    read_queue = redis_reader._read_queue

    def read_between_the_steps(*arguments: Any) -> Any:
        client.rpop("jobs")
        found = read_queue(*arguments)
        client.set("job:processing:taken", "1")
        client.zadd("jobs:retry", {queue_message("given-back"): 1})
        client.delete("job:processing:given-back")
        return found

    monkeypatch.setattr(redis_reader, "_read_queue", read_between_the_steps)
    snapshot = redis_reader.read_snapshot(parse_redis_url(bench.url), ["jobs"], 10, timeout=5)
    assert [listing.depth for listing in snapshot.listings] == [0, 0, 0]
    assert set(snapshot.locks) == {"taken", "given-back"}


# Other deployments


def test_a_password_over_tcp(bench: Bench, tmp_path: Path) -> None:
    with redis_on_tcp(tmp_path, f"requirepass {PASSWORD}") as port:
        bench.at(f"redis://:{PASSWORD}@127.0.0.1:{port}/0").succeed()
        bench.at(f"redis://:not-{PASSWORD}@127.0.0.1:{port}/0").fail()


def test_sentinel(bench: Bench, tmp_path: Path) -> None:
    with redis_on_tcp(tmp_path, f"requirepass {PASSWORD}") as port:
        watched = f"sentinel monitor mymaster 127.0.0.1 {port} 1"
        login = f"sentinel auth-pass mymaster {PASSWORD}"
        with redis_on_tcp(tmp_path, watched, login) as sentinel:
            with redis.Redis(port=port, password=PASSWORD, db=2) as client:
                client.lpush("jobs", envelope("a"))
            url = f"redis+sentinel://:{PASSWORD}@127.0.0.1:1,127.0.0.1:{sentinel}"
            bench.at(f"{url}/mymaster/2").succeed()
            assert bench.jobs() == ["a"]
            bench.at(f"{url}/other/2").fail()
            bench.failed_because("No master found for 'other'")


def test_cluster(bench: Bench, tmp_path: Path) -> None:
    with redis_on_tcp(tmp_path, "cluster-enabled yes", "cluster-config-file nodes.conf") as port:
        with redis.Redis(port=port) as node:
            node.execute_command("cluster", "addslots", *range(16_384))
            deadline = time.monotonic() + 10
            while b"cluster_state:ok" not in node.execute_command("cluster", "info"):
                assert time.monotonic() < deadline
                time.sleep(0.1)
            node.lpush("{jobs}", envelope("a"))
            node.set("job:processing:a", "1", ex=60)
            node.set("job:processing:b", "1")
        clustered = bench.at(f"redis+cluster://127.0.0.1:{port}")
        assert "main 1, retry 0, dead 0; 1 messages read; 2 jobs held by workers" in clustered.succeed(
            "--queue", "{jobs}"
        )
        assert "{jobs} instead of jobs" in clustered.fail()
        bench.failed_because("share a slot")
    clustered.fail("--timeout", "1")
    assert bench.listings()["jobs", "main"][3]


@pytest.mark.parametrize(
    ("url", "mode", "nodes", "options"),
    [
        (
            "redis://u:p%40@h:1/2",
            "single",
            (),
            {"host": "h", "port": 1, "db": 2, "username": "u", "password": "p@"},
        ),
        ("unix:///run/redis.sock?db=1", "single", (), {"path": "/run/redis.sock", "db": 1}),
        (
            "redis+sentinel://u:p@a,b:2/m",
            "sentinel",
            (("a", 26379), ("b", 2)),
            {"username": "u", "password": "p", "db": 0},
        ),
        (
            "rediss+cluster://:p@a:1,[::1]",
            "cluster",
            (("a", 1), ("::1", 6379)),
            {"password": "p", "ssl": True},
        ),
    ],
)
def test_urls(url: str, mode: str, nodes: Any, options: dict[str, Any]) -> None:
    address = parse_redis_url(url)
    given = {name: value for name, value in address.options.items() if name != "connection_class"}
    assert (address.mode, address.nodes, given) == (mode, nodes, options)
    assert options.get("password", "no password") not in repr(address)


def test_options_of_tls_and_of_the_sentinels() -> None:
    address = parse_redis_url("rediss+sentinel://a/m/3?sentinel_password=s&ssl_ca_certs=ca.pem")
    assert (address.master, address.options) == ("m", {"db": 3, "ssl": True, "ssl_ca_certs": "ca.pem"})
    assert address.sentinel_options == {"ssl": True, "password": "s"}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost",
        "http://h",
        "redis://:r3dis-p4ssword/x@h:1",
        "redis://:r3dis-p4ssword#x@h:1",
        "redis://:1?r3dis-p4ssword@h:1",
        "redis://h:r3dis-p4ssword",
        "redis://h?r3dis-p4ssword=1",
        "redis+sentinel://h",
        "redis+sentinel://h/m/r3dis-p4ssword",
        "redis+cluster://h/1",
        "redis+cluster://h:r3dis-p4ssword",
        "redis+cluster://",
    ],
)
def test_what_is_no_url_is_not_repeated(url: str) -> None:
    with pytest.raises(StuckJobsError) as raised:
        parse_redis_url(url)
    assert PASSWORD not in raised.value.message
    assert "Redis URL" in raised.value.message
