"""What is not in Redis is gone only if it is the pipeline's Redis, and was whole: healthy work stays."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from conftest import Outcome, Warehouse, run_command
from redis_support import redis_on_tcp

SPEC = '{"constraints":{"regions":["US"]},"metadata":{"models":["m1"]}}'
AT_WORK = range(6)
WAITING = range(6, 12)
WRITTEN = "select jobspec_id, status, updated_at from jobs order by 1"
MANY = {"redis_enabled": True, "recovery_breaker_min_jobs": 50}


@dataclass(frozen=True)
class Watched:
    """A pipeline, and the commands against it."""

    warehouse: Warehouse

    def run(self, url: str, *arguments: str) -> Outcome:
        variables = self.warehouse.libpq | {
            "DBT_PROFILES_DIR": str(self.warehouse.scratch), "REDIS_URL": url,
        }  # fmt: skip
        return run_command(arguments, variables)

    def causes(self) -> set[str]:
        rows = self.warehouse.rows("select cause from stuck_jobs.stale_jobs")
        return {cause for (cause,) in rows}

    def lost(self) -> list[str]:
        rows = self.warehouse.rows("select jobspec_id from stuck_jobs.lost_workers order by 1")
        return [name for (name,) in rows]

    def recover(self, url: str) -> list[tuple[object, ...]]:
        """What recovery changes."""
        before = self.warehouse.rows(WRITTEN)
        outcome = self.run(url, "recover", "--apply", "--force")
        assert outcome.exit_code in (0, 2), outcome.output
        return [row for row in self.warehouse.rows(WRITTEN) if row not in before]

    def age(self, minutes: int) -> None:
        """Let time go by, for the jobs."""
        ago = f"interval '{minutes} minutes'"
        self.warehouse.execute(
            f"update jobs set created_at = now() - {ago}, updated_at = now() - {ago}",
            f"update outbox set created_at = now() - {ago}, published_at = now() - {ago}",
        )


@pytest.fixture(scope="module")
def built_with_redis(new_built_warehouse: Callable[..., Warehouse]) -> Warehouse:
    return new_built_warehouse(**MANY)


@pytest.fixture
def watched(built_with_redis: Warehouse) -> Watched:
    """Six jobs at work and six that wait, for an hour."""
    raw = "queue_snapshots, queue_messages, job_locks, messages_in_flight, queue_servers, recovery_log"
    tables = ", ".join(f"stuck_jobs_raw.{name}" for name in raw.split(", "))
    built_with_redis.execute(
        f"truncate jobs, executions, outbox, {tables} restart identity cascade",
        "insert into jobs (jobspec_id, jobspec_data, status)"
        f" select 'job-' || number, '{SPEC}', case when number < 6 then 'processing' else 'created' end"
        " from generate_series(0, 11) as number",
        "insert into outbox (topic, payload, published_at)"
        " select 'jobs', jsonb_build_object('id', jobspec_id), now() from jobs",
    )
    found = Watched(built_with_redis)
    found.age(60)
    return found


@contextmanager
def server(directory: Path, *settings: str) -> Iterator[int]:
    with redis_on_tcp(directory, *settings) as port:
        yield port


def fill(port: int, database: int = 0) -> None:
    """Each job has left in Redis what it must."""
    with redis.Redis(port=port, db=database) as client:
        client.mset({f"job:processing:job-{number}": "worker" for number in AT_WORK})
        client.lpush("jobs", *(json.dumps({"id": f"job-{number}"}) for number in WAITING))


def url(port: int, database: int = 0) -> str:
    return f"redis://127.0.0.1:{port}/{database}"


def test_the_wrong_database_proves_nothing(watched: Watched, tmp_path: Path) -> None:
    with server(tmp_path) as port:
        fill(port, 3)
        outcome = watched.run(url(port), "collect")
        assert outcome.exit_code == 2
        assert outcome.output.count("\n") == 1
        assert "is it the right server, and the right database?" in outcome.output
        assert watched.causes() == {"snapshot_untrusted"}
        assert watched.lost() == []
        assert watched.recover(url(port)) == []
        (error,) = watched.warehouse.rows("select distinct error from stuck_jobs.queue_depths")[0]
        assert error.startswith("snapshot_untrusted: ")
        states = "select state from stuck_jobs.accumulation_points where accumulation_point = 'worker_lost'"
        assert watched.warehouse.rows(states) == [("unknown",)]


def test_the_right_one_proves(watched: Watched, tmp_path: Path) -> None:
    with server(tmp_path) as port:
        fill(port, 3)
        assert watched.run(url(port, 3), "collect").exit_code == 0
        assert watched.causes() == {"worker_holding", "message_waiting"}
        with redis.Redis(port=port, db=3) as client:
            client.delete("job:processing:job-0")
            client.lrem("jobs", 1, json.dumps({"id": "job-6"}))
        assert watched.run(url(port, 3), "collect").exit_code == 0
        assert watched.lost() == ["job-0"]
        assert "message_lost" in watched.causes()
        assert [name for name, *_ in watched.recover(url(port, 3))] == ["job-0", "job-6"]


def test_one_that_was_the_right_one_proves_though_all_is_lost(watched: Watched, tmp_path: Path) -> None:
    with server(tmp_path) as port:
        fill(port)
        assert watched.run(url(port), "collect").exit_code == 0
        with redis.Redis(port=port) as client:
            client.flushall()
        assert watched.run(url(port), "collect").exit_code == 0
        assert watched.causes() == {"worker_lost", "message_lost"}
        other = watched.run(url(port, 7), "collect")
        assert other.exit_code == 2
        assert watched.causes() == {"snapshot_untrusted"}


def test_one_that_has_served_and_is_empty_proves(watched: Watched, tmp_path: Path) -> None:
    with server(tmp_path) as port:
        assert watched.run(url(port), "collect").exit_code == 2
        fill(port)
        with redis.Redis(port=port) as client:
            client.delete("jobs", *client.keys("job:processing:*"))
        assert watched.run(url(port), "collect").exit_code == 0
        assert watched.causes() == {"worker_lost", "message_lost"}


def test_a_replica_that_has_lost_its_master_proves_nothing(watched: Watched, tmp_path: Path) -> None:
    with server(tmp_path) as port:
        fill(port)
        with redis.Redis(port=port) as client:
            client.replicaof("127.0.0.1", "1")
        outcome = watched.run(url(port), "collect")
        assert outcome.exit_code == 2
        assert "link to its master is down" in outcome.output
        assert watched.causes() == {"snapshot_untrusted"}
        assert watched.recover(url(port)) == []


@pytest.mark.parametrize("is_empty", [True, False])
def test_a_redis_that_was_restarted_proves_only_what_began_since(
    watched: Watched, tmp_path: Path, is_empty: bool
) -> None:
    with server(tmp_path) as port:
        fill(port)
        assert watched.run(url(port), "collect").exit_code == 0
    with server(tmp_path) as port:
        if not is_empty:
            with redis.Redis(port=port) as client:
                client.set("job:processing:job-5", "worker")
        watched.age(10)
        assert watched.run(url(port), "collect").exit_code == (2 if is_empty else 0)
        assert watched.lost() == []
        assert "snapshot_untrusted" in watched.causes()
        assert not {"message_lost", "worker_lost"} & watched.causes()
        assert watched.recover(url(port)) == []
        with redis.Redis(port=port) as client:
            client.set("job:processing:job-5", "worker")
        watched.warehouse.execute("update jobs set updated_at = clock_timestamp() where jobspec_id = 'job-0'")
        assert watched.run(url(port), "collect").exit_code == 0
        assert watched.lost() == ["job-0"]
        watched.warehouse.execute(
            "update stuck_jobs_raw.queue_servers set whole_since = now() - interval '16 minutes'"
        )
        assert watched.lost() == [f"job-{number}" for number in range(5)]


def test_a_redis_that_throws_keys_out_proves_nothing_of_what_was_before(
    watched: Watched, tmp_path: Path
) -> None:
    limits = ("maxmemory 4mb", "maxmemory-policy volatile-lru")
    with server(tmp_path, *limits) as port, redis.Redis(port=port) as client:
        client.lpush("jobs", *(json.dumps({"id": f"job-{number}"}) for number in WAITING))
        for number in AT_WORK:
            client.set(f"job:processing:job-{number}", "worker", ex=900)
        while not client.info("stats")["evicted_keys"]:
            client.set(os.urandom(8), "x" * 10_000, ex=900)
        client.delete("job:processing:job-0")
        assert watched.run(url(port), "collect").exit_code == 0
        assert watched.lost() == []
        assert watched.recover(url(port)) == []
        assert not {"message_lost", "worker_lost"} & watched.causes()


def test_a_worker_whose_clock_is_slow_is_not_lost(watched: Watched, tmp_path: Path) -> None:
    """It claims a job after the snapshot, and dates that before it."""
    with server(tmp_path) as port:
        fill(port)
        assert watched.run(url(port), "collect").exit_code == 0
        claim = "update jobs set status = 'processing', updated_at = now() - interval '4 minutes'"
        watched.warehouse.execute(f"{claim} where jobspec_id = 'job-6'")
        assert watched.lost() == []
        assert watched.run(url(port), "collect").exit_code == 0
        assert watched.lost() == ["job-6"]
