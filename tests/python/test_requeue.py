"""A dead letter goes back if that does no harm, and is in one list or the other, whatever is killed when."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import pytest
import redis
from conftest import Outcome, Warehouse, run_command
from summaries import COMMAND

from stuck_jobs import embedded
from stuck_jobs.collect.redis_url import parse_redis_url
from stuck_jobs.recover.plan import read_settings
from stuck_jobs.requeue.engine import IN_DOUBT, Requeuer
from stuck_jobs.requeue.letters import DeadLetters, renewed

LISTS = ("jobs", "jobs:dead")


@dataclass
class Queues:
    """The watched servers, and the command against them."""

    warehouse: Warehouse
    server: embedded.Redis
    client: redis.Redis

    @property
    def environment(self) -> dict[str, str]:
        return self.warehouse.libpq | {
            "DBT_PROFILES_DIR": str(self.warehouse.scratch), "STUCK_JOBS_SCHEMA": "stuck_jobs",
            "REDIS_URL": self.server.url, "COLUMNS": "200",
        }  # fmt: skip

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.warehouse.connect(autocommit=True) as connection:
            cursor = connection.execute(query.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def clear(self) -> None:
        self.client.flushall()
        self.sql("truncate jobs, executions, outbox, stuck_jobs_raw.recovery_log restart identity cascade")

    def run(self, *arguments: str, **variables: str) -> Outcome:
        return run_command(["requeue", *arguments], self.environment | variables)

    def verdicts(self, *arguments: str) -> dict[str, Any]:
        """The reason, or the outcome, of each letter by its job."""
        outcome = self.run("--format", "json", *arguments)
        assert outcome.exit_code == 0, outcome.output
        return {
            row["jobspec_id"]: row["reason"] or row["outcome"]
            for row in json.loads(outcome.output.splitlines()[-1])
        }

    def job(self, name: str, status: str = "queued") -> None:
        query = "insert into jobs (jobspec_id, jobspec_data, status) values (%s, '{}', %s)"
        self.sql(query, name, status)

    def bury(self, name: str, **members: Any) -> bytes:
        """A dead queue message."""
        message = {
            "id": f"{name}:1", "jobspec_id": name, "payload": {"key": "0xsecret", "n": 1.10}, "attempts": 3,
            "max_retries": 3, "enqueued_at": "2026-01-01T00:00:00Z", "error": "boom",
        }  # fmt: skip
        content = json.dumps(message | members).encode()
        self.client.lpush("jobs:dead", content)
        return content

    def letters(self) -> DeadLetters:
        return DeadLetters(parse_redis_url(self.server.url), ["jobs"], 5)

    @contextmanager
    def requeuer(self) -> Iterator[Requeuer]:
        with self.warehouse.connect(autocommit=True) as connection:
            settings = read_settings(connection, "stuck_jobs")
            yield Requeuer(connection, settings, "stuck_jobs_raw", self.letters())

    def contents(self) -> dict[str, list[bytes]]:
        return {name: self.client.lrange(name, 0, -1) for name in LISTS}


@pytest.fixture(scope="module")
def opened(new_built_warehouse: Callable[..., Warehouse]) -> Iterator[Queues]:
    warehouse = new_built_warehouse(redis_enabled=True)
    with embedded.redis_server() as server, redis.Redis.from_url(server.url) as client:
        yield Queues(warehouse, server, client)


@pytest.fixture
def queues(opened: Queues) -> Queues:
    opened.clear()
    return opened


def fill(queues: Queues) -> None:
    for name in ("free", "waits", "retries", "held", "written", "twice", "envelope"):
        queues.job(name)
        if name != "envelope":
            queues.bury(name)
    queues.bury("twice", id="twice:2")
    queues.client.lpush("jobs:dead", b'{"id": "envelope", "attempt": 2, "request_id": "r"}')
    for status in ("completed", "cancelled", "failed"):
        queues.job(status, status)
        queues.bury(status)
    queues.bury("nobody")
    queues.client.lpush("jobs:dead", b"\xff\x00 0xsecret")
    queues.client.lpush("jobs", json.dumps({"id": "waits"}))
    queues.client.zadd("jobs:retry", {json.dumps({"id": "retries"}): 4_000_000_000})
    queues.client.set("job:processing:held", "worker")
    queues.sql("insert into outbox (topic, payload) values ('jobs', %s)", json.dumps({"id": "written"}))


REASONS = {
    "waits": "a message for its job waits in a queue",
    "retries": "a message for its job waits in a queue",
    "held": "a worker holds the lock of its job",
    "written": "a message for its job waits in the outbox",
    "completed": "its job is completed",
    "cancelled": "its job is cancelled",
    "failed": "its job is failed",
    "nobody": "there is no such job",
    None: "unparsable: not JSON",
}


def test_without_apply_it_says_of_each_letter_what_would_become_of_it(queues: Queues) -> None:
    fill(queues)
    before = queues.contents()
    expected = {
        "free": "planned",
        "envelope": "planned",
        "twice": "another dead letter of its job goes first",
    }
    assert queues.verdicts() == REASONS | expected
    table = queues.run()
    assert "3 can be put back, 10 stay. Add --apply to do it." in table.output
    assert "boom" in table.output
    assert "0xsecret" not in table.output
    assert queues.contents() == before
    assert queues.sql("select 1 from stuck_jobs_raw.recovery_log") == []


def test_of_those_that_stay_a_hundred_are_listed_and_the_others_counted(queues: Queues) -> None:
    queues.job("free")
    queues.bury("free")
    for number in range(102):
        queues.bury(f"gone-{number}")
    shown = queues.run().output
    assert shown.count("stays: there is no such job") == 100
    assert "left alone as well: 2\n  2 at jobs: there is no such job\n1 can be put back, 102 stay." in shown


def test_apply_moves_the_safe_ones_once_and_writes_them_down(queues: Queues) -> None:
    fill(queues)
    before = queues.contents()
    verdicts = queues.verdicts("--apply")
    assert {name for name, verdict in verdicts.items() if verdict == "applied"} == {"free", "envelope"}
    after = queues.contents()
    assert len(after["jobs:dead"]) == len(before["jobs:dead"]) - 3
    moved = [json.loads(content) for content in after["jobs"][:3]]
    free = next(message for message in moved if message.get("jobspec_id") == "free")
    assert (free["attempts"], free["max_retries"], free["error"]) == (0, 3, "boom")
    assert free["payload"] == {"key": "0xsecret", "n": 1.10}
    assert free["enqueued_at"] > "2026-06"
    assert {"id": "envelope", "attempt": 0, "request_id": "r"} in moved
    log = queues.sql(
        "select jobspec_id, remedy, outcome, reason, before ->> 'attempts'"
        " from stuck_jobs.recovery_log order by 1"
    )
    assert log == [
        ("envelope", "requeue", "applied", None, "2"),
        ("free", "requeue", "applied", None, "3"),
        ("twice", "requeue", "applied", None, "3"),
    ]
    assert "secret" not in str(queues.sql("select recovery_log::text from stuck_jobs_raw.recovery_log"))
    assert "applied" not in queues.verdicts("--apply").values()
    assert queues.contents() == after


def test_job_limit_and_failed_jobs(queues: Queues) -> None:
    for name in ("a", "b"):
        queues.job(name)
        queues.bury(name)
    queues.job("failed", "failed")
    queues.bury("failed")
    assert {*queues.verdicts("--job", "a")} == {"a"}
    assert queues.verdicts("--limit", "1") == {
        "a": "planned", "b": "beyond the limit of this run", "failed": "its job is failed",
    }  # fmt: skip
    assert queues.verdicts("--include-failed", "--job", "failed", "--apply") == {"failed": "applied"}


def test_a_message_keeps_every_byte_but_its_attempts_and_its_time() -> None:
    text = '{ "attempts" :12,"payload":{"attempts":7,"x":1.10,"y":"\\u00e9"} , "enqueued_at": "2026"}'
    found = renewed(text.encode()).decode()
    assert re.sub(r'"20[^"]*Z"', '"2026"', found) == text.replace(":12", ":0")
    assert '"2026"' not in found
    assert renewed(b'{"id":"x"}') == b'{"id":"x"}'


def test_a_job_is_requeued_with_pauses_and_not_for_ever(queues: Queues) -> None:
    queues.job("cursed")
    for number in range(3):
        queues.bury("cursed", id=f"cursed:{number}")
        assert queues.verdicts("--apply") == {"cursed": "applied"}
        queues.client.delete("jobs")
        queues.bury("cursed", id=f"cursed:again:{number}")
        assert (
            queues.verdicts("--apply") == {"cursed": "its job was recovered a short time ago"} or number == 2
        )
        queues.client.delete("jobs:dead")
        queues.sql("update stuck_jobs_raw.recovery_log set recovered_at = recovered_at - interval '1 day'")
    queues.bury("cursed")
    assert queues.verdicts("--apply") == {"cursed": "its job was recovered 3 times"}


def test_a_redis_that_is_down_or_too_full_changes_nothing(
    queues: Queues, monkeypatch: pytest.MonkeyPatch
) -> None:
    queues.job("free")
    queues.bury("free")
    down = queues.run("--apply", REDIS_URL="redis://u:0xsecret@127.0.0.1:1/0")
    assert (down.exit_code, "0xsecret" in down.output) == (2, False)
    assert down.output.startswith("Error: Redis: ")
    monkeypatch.setattr("stuck_jobs.requeue.letters.MESSAGES_READ", 1)
    queues.client.lpush("jobs", *(json.dumps({"id": f"other-{number}"}) for number in range(3)))
    full = queues.run("--apply")
    assert full.exit_code == 2
    assert "jobs (main) cannot be read whole" in full.output
    assert len(queues.contents()["jobs:dead"]) == 1
    assert queues.run(STUCK_JOBS_SCHEMA="nowhere").exit_code == 2


@pytest.mark.parametrize("was_moved", [True, False])
def test_a_move_that_was_cut_off_is_settled_by_its_mark(queues: Queues, was_moved: bool) -> None:
    queues.sql(
        "insert into stuck_jobs_raw.recovery_log"
        " (run_id, entity_type, entity_id, remedy, outcome, reason, before)"
        " values (gen_random_uuid(), 'message', 'jobs:x', 'requeue', 'failed', %s, %s)",
        IN_DOUBT,
        json.dumps({"mark": "the-mark"}),
    )
    if was_moved:
        queues.client.set("the-mark", 1)
    assert queues.run("--apply").exit_code == 0
    expected = ("applied", None) if was_moved else ("failed", "not moved")
    assert queues.sql("select outcome, reason from stuck_jobs_raw.recovery_log") == [expected]


@pytest.mark.parametrize(
    ("happened", "reason"),
    [
        ("update jobs set updated_at = clock_timestamp()", "its job has changed since, or somebody is at it"),
        ("insert into outbox (topic, payload) values ('jobs', '{\"id\": \"free\"}')",
         "its job has changed since, or somebody is at it"),
        ("delete from jobs", "its job has changed since, or somebody is at it"),
        ("lock", "a worker holds the lock of its job"),
        ("pop", "it is no longer there"),
    ],
)  # fmt: skip
def test_what_went_on_since_the_letters_were_read_is_seen(queues: Queues, happened: str, reason: str) -> None:
    queues.job("free")
    queues.bury("free")
    with queues.requeuer() as requeuer:
        verdicts = requeuer.judge()
        assert [verdict.refusal for verdict in verdicts] == [None]
        if happened == "lock":
            queues.client.set("job:processing:free", "worker")
        elif happened == "pop":
            queues.client.delete("jobs:dead")
        else:
            queues.sql(happened)
        assert [(moved.outcome, moved.reason) for moved in list(requeuer.move(verdicts))] == [
            ("skipped", reason)
        ]
    assert queues.contents()["jobs"] == []
    assert queues.sql("select outcome, reason from stuck_jobs.recovery_log") == [("skipped", reason)]


def test_a_move_that_is_asked_for_twice_is_made_once_and_known(queues: Queues) -> None:
    content = queues.bury("free")
    letters = queues.letters()
    (letter,) = letters.read()
    assert letters.move(letter, "mark")
    assert letters.move(letter, "mark")
    assert not letters.move(letter, "other mark")
    assert [json.loads(found)["id"] for found in queues.contents()["jobs"]] == [json.loads(content)["id"]]


# Whatever is killed when.


def fill_many(queues: Queues, count: int) -> Counter[str]:
    queues.sql(
        "insert into jobs (jobspec_id, jobspec_data, status)"
        f" select 'job-' || number, '{{}}', 'queued' from generate_series(1, {count}) as number"
    )
    for number in range(1, count + 1):
        queues.bury(f"job-{number}")
    return messages(queues)


def messages(queues: Queues) -> Counter[str]:
    """How often each message is in any list."""
    return Counter(json.loads(content)["id"] for found in queues.contents().values() for content in found)


def assert_audited(queues: Queues) -> None:
    """What is in the queue has its row; a row that claims a move has its message there."""
    moved = sorted(json.loads(content)["jobspec_id"] for content in queues.contents()["jobs"])
    rows = queues.sql(
        "select jobspec_id, outcome, reason from stuck_jobs_raw.recovery_log where outcome <> 'skipped'"
    )
    sure = sorted(job for job, outcome, _ in rows if outcome == "applied")
    doubtful = {job for job, _, reason in rows if reason == IN_DOUBT}
    assert set(sure) <= set(moved) <= set(sure) | doubtful
    assert len(sure) == len(set(sure))


def test_a_kill_at_any_moment_loses_no_message_and_doubles_none(queues: Queues) -> None:
    expected = fill_many(queues, 400)
    chance = random.Random(11)
    for _ in range(15):
        process = get_context("fork").Process(target=queues.run, args=("--apply", "--limit", "1000"))
        process.start()
        enough = queues.client.llen("jobs") + chance.randint(1, 8)
        deadline = time.monotonic() + 30
        while queues.client.llen("jobs") < enough and process.is_alive() and time.monotonic() < deadline:
            pass
        time.sleep(chance.random() * 0.002)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert messages(queues) == expected
        assert_audited(queues)
    assert queues.contents()["jobs:dead"]
    assert queues.run("--apply", "--limit", "1000").exit_code == 0
    assert messages(queues) == expected
    assert queues.contents()["jobs:dead"] == []
    assert queues.sql("select 1 from stuck_jobs_raw.recovery_log where reason = %s", IN_DOUBT) == []
    assert_audited(queues)


@pytest.mark.parametrize("seed", range(3))
def test_workers_and_other_requeues_at_the_same_time(queues: Queues, seed: int) -> None:
    expected = fill_many(queues, 80)
    closed: dict[str, str] = {}
    taken: list[bytes] = []
    done = threading.Event()

    def work() -> None:
        """Takes messages, and writes each down before anything else can happen to it."""
        with redis.Redis.from_url(queues.server.url) as client:
            while not (done.is_set() and not client.llen("jobs")):
                if content := client.rpop("jobs"):
                    taken.append(content)

    def close() -> None:
        chance = random.Random(seed)
        with queues.warehouse.connect(autocommit=True) as connection:
            for number in chance.sample(range(1, 81), 40):
                status = chance.choice(["completed", "cancelled"])
                row = connection.execute(
                    "update jobs set status = %s where jobspec_id = %s returning clock_timestamp()::text",
                    [status, f"job-{number}"],
                ).fetchone()
                assert row is not None
                closed[f"job-{number}"] = row[0]

    def again() -> None:
        for _ in range(3):
            subprocess.run(
                [COMMAND, "requeue", "--apply", "--limit", "1000"],
                env=os.environ | queues.environment, check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip

    threads = [threading.Thread(target=target) for target in (work, close, again, again)]
    for thread in threads:
        thread.start()
    for thread in threads[1:]:
        thread.join()
    done.set()
    threads[0].join()

    found = messages(queues) + Counter(json.loads(content)["id"] for content in taken)
    assert found == expected
    rows = queues.sql(
        "select jobspec_id from stuck_jobs_raw.recovery_log where outcome = 'applied' order by 1"
    )
    assert [job for (job,) in rows] == sorted(json.loads(content)["jobspec_id"] for content in taken)
    begun = dict(queues.sql("select jobspec_id, recovered_at::text from stuck_jobs_raw.recovery_log"))
    for content in taken:
        job = json.loads(content)["jobspec_id"]
        assert job not in closed or begun[job] < closed[job]
