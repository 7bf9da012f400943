"""Real pools of graphile-worker, killed, drained, cut off, slow: exactly what is stuck is found."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import pytest
from conftest import Outcome, Warehouse
from real_systems import SECRET, System, node_installed
from test_init import grants

pytestmark = node_installed

APP = "graphile_worker_app.cjs"
FOUR_HOURS_AND_MORE = "interval '5 hours'"
A_WHILE = "interval '6 minutes'"
JOBS = "graphile_worker._private_jobs"
QUEUES = "graphile_worker._private_job_queues"
CRONTABS = "graphile_worker._private_known_crontabs"
AT_WORK = ("drained", "slow", "keyed", "keyed_again")
SCHEDULES = {"hourly": {"every_minutes": 60}}
OVERRIDES = {"job_system": "graphile_worker", "redis_enabled": False, "schedules": SCHEDULES}


@dataclass
class Stories:
    """What was done, by the name of the story: the id of its job.

    Attributes:
        system: whose tables tell it.
        pools: the pools that are to live until the end, to be killed before.
        ids: of the jobs.
    """

    system: System
    pools: list[subprocess.Popen[bytes]]
    ids: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, task: str, specification: str = "") -> None:
        """Add a job by the system's own function."""
        payload = json.dumps({"secret": SECRET})
        arguments = f"'{task}', payload := '{payload}'{specification and ', '}{specification}"
        ((job_id,),) = self.system.warehouse.rows(f"select id from graphile_worker.add_job({arguments})")
        self.ids[name] = str(job_id)

    def job(self, name: str, what: str) -> str:
        """Something of a job, as SQL."""
        return f"(select {what} from {JOBS} where id = {self.ids[name]})"

    def await_job(self, name: str, condition: str) -> None:
        """Wait until a condition holds for a job."""
        self.system.wait_for(f"coalesce({self.job(name, condition)}, false)")

    def age(self, by: str, *names: str) -> None:
        """Have all that happened to some jobs, and to the locks of their queues, be longer ago."""
        ids = ", ".join(self.ids[name] for name in names)
        self.system.warehouse.execute(
            f"""update {QUEUES} as queues set locked_at = queues.locked_at - {by}
            from {JOBS} as jobs where jobs.id in ({ids})
                and queues.id = jobs.job_queue_id and queues.locked_by = jobs.locked_by""",
            f"""update {JOBS} set created_at = created_at - {by}, updated_at = updated_at - {by},
                run_at = run_at - {by}, locked_at = locked_at - {by} where id in ({ids})""",
        )

    @property
    def lost(self) -> set[tuple[str, str, str]]:
        """What is found of the jobs of pools that were killed hours ago."""
        found = set()
        for name in ("killed", "killed_in_its_last_attempt"):
            found |= {("worker_lost", self.ids[name], "lock_expired")}
            found |= {("job_running", self.ids[name], "worker_lost")}
        return found

    @property
    def others(self) -> set[tuple[str, str, str]]:
        """What else is found."""
        return {
            ("job_queued", self.ids["nobody_knows"], "not_taken"),
            ("job_queued", self.ids["first_of_an_idle_queue"], "not_taken"),
            ("job_queued", self.ids["abandoned"], "retry_not_taken"),
            ("job_blocked", self.ids["behind_completed"], "lock_held_by_missing_job"),
            ("queue_dead_letter", self.ids["fails"], "retries_exhausted"),
            ("queue_dead_letter", self.ids["refused"], "retries_exhausted"),
            ("queue_dead_letter", self.ids["failed_by_hand"], "permanent_failure"),
            ("queue_dead_letter", self.ids["freed_after_its_last_attempt"], "no_error"),
            ("job_interrupted", self.ids["cut"], "shutdown"),
        }


@pytest.fixture(scope="module", params=["graphile-worker", "graphile-worker-oldest"])
def stories(
    request: pytest.FixtureRequest,
    new_warehouse: Callable[[], Warehouse],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stories]:
    warehouse = new_warehouse()
    warehouse.execute("drop table jobs, executions, outbox")
    system = System(
        warehouse, "graphile_worker", tmp_path_factory.mktemp("graphile"), {"GRAPHILE_WORKER": request.param}
    )
    system.run("node", APP, "migrate")
    told = Stories(system, [])

    with ExitStack() as stack:

        def pool(name: str, tasks: str) -> subprocess.Popen[bytes]:
            """Start a pool of workers that know some tasks."""
            return stack.enter_context(system.process(name, "node", APP, "work", tasks))

        told.add("freed_after_its_last_attempt", "sleeps", "max_attempts := 1")
        first = pool("first", "sleeps")
        told.await_job("freed_after_its_last_attempt", "locked_at is not null")
        os.kill(first.pid, signal.SIGKILL)
        told.age(FOUR_HOURS_AND_MORE, "freed_after_its_last_attempt")

        told.add("cut", "sleeps", "max_attempts := 1")
        cut = pool("cut", "sleeps")
        told.await_job("cut", "locked_at is not null")
        told.await_job("freed_after_its_last_attempt", "locked_at is null")
        os.kill(cut.pid, signal.SIGTERM)
        system.wait_until(lambda: "graceful" in (system.scratch / "cut.log").read_text(), "it was told once")

        for name, specification in {
            "killed": "queue_name := 'fragile'",
            "killed_in_its_last_attempt": "max_attempts := 1",
            "completed_by_hand": "queue_name := 'left_locked'",
        }.items():
            told.add(name, "sleeps", specification)
        told.add("abandoned", "abandoned")
        fragile = pool("fragile", "sleeps,abandoned")
        for name in ("killed", "killed_in_its_last_attempt", "completed_by_hand"):
            told.await_job(name, "locked_at is not null")
        told.await_job("abandoned", "attempts > 0 and locked_at is null")
        os.kill(fragile.pid, signal.SIGKILL)
        told.add("drained", "sleeps")
        drained = pool("drained", "sleeps")
        told.await_job("drained", "locked_at is not null")
        os.kill(drained.pid, signal.SIGTERM)

        warehouse.execute(f"insert into {CRONTABS} values ('hourly', now() - interval '3 hours', null)")
        told.pools.append(pool("default", "ok,fails,refused,sleeps"))
        told.add("slow", "sleeps", "queue_name := 'slow'")
        told.add("keyed", "sleeps", "job_key := 'key'")
        told.add("fails", "fails", "max_attempts := 1")
        told.add("refused", "refused", "max_attempts := 2")
        for name in ("slow", "keyed"):
            told.await_job(name, "locked_at is not null")
        told.add("keyed_again", "sleeps", "job_key := 'key'")
        told.add("ok", "ok")
        told.add("tried_again", "fails")
        told.await_job("keyed_again", "locked_at is not null")
        system.wait_for(f"not exists (select from {JOBS} where id = {told.ids['ok']})")
        for name in ("fails", "refused"):
            told.await_job(name, "attempts = max_attempts and locked_at is null")
        told.await_job("tried_again", "attempts > 0")
        system.wait_for(f"(select last_execution is not null from {CRONTABS} where identifier = 'hourly')")

        for number in range(3):
            told.add(f"behind_killed_{number}", "sleeps", "queue_name := 'fragile'")
            told.add(f"behind_slow_{number}", "sleeps", "queue_name := 'slow'")
        told.add("behind_completed", "sleeps", "queue_name := 'left_locked'")
        told.add("behind_behind_completed", "sleeps", "queue_name := 'left_locked'")
        told.add("first_of_an_idle_queue", "nobody_knows", "queue_name := 'idle'")
        told.add("second_of_an_idle_queue", "nobody_knows", "queue_name := 'idle'")
        told.add("nobody_knows", "nobody_knows")
        told.add("failed_by_hand", "nobody_knows")
        told.add("later", "ok", "run_at := now() + interval '1 hour'")
        told.add("removed", "nobody_knows", "job_key := 'removed'")
        os.kill(cut.pid, signal.SIGTERM)
        told.age(A_WHILE, *set(told.ids) - {"cut", "tried_again", "later", "freed_after_its_last_attempt"})
        told.age(FOUR_HOURS_AND_MORE, "killed", "killed_in_its_last_attempt")
        told.add("due_in_the_past", "nobody_knows", "run_at := now() - interval '1 hour'")
        warehouse.execute(
            f"update {JOBS} set locked_at = locked_at - {FOUR_HOURS_AND_MORE}"
            f" where id = {told.ids['completed_by_hand']}",
            f"select graphile_worker.complete_jobs(array[{told.ids['completed_by_hand']}])",
            f"select graphile_worker.permanently_fail_jobs(array[{told.ids['failed_by_hand']}], '{SECRET}')",
            "select graphile_worker.remove_job('removed')",
        )

        def is_cut() -> bool:
            if cut.poll() is None:
                os.kill(cut.pid, signal.SIGTERM)
            return cut.poll() is not None

        system.wait_until(is_cut, "it was told twice")
        told.await_job("cut", "attempts = max_attempts and locked_at is null")
        system.build(**OVERRIDES)
        yield told


def test_exactly_what_is_stuck_is_found(stories: Stories) -> None:
    assert stories.system.found() == stories.lost | stories.others
    ((evidence,),) = stories.system.warehouse.rows(
        f"select evidence from lost_workers where job_id = '{stories.ids['killed']}'"
    )
    assert "3 due jobs wait behind it in its queue" in evidence


def test_what_cannot_be_proven_is_absent_and_the_rest_is_judged(stories: Stories) -> None:
    states = stories.system.states()
    assert set(states) == {
        "job_queued", "job_running", "job_unevaluable", "queue_depth", "queue_dead_letter", "job_blocked",
        "schedule_missed", "worker_lost", "job_interrupted", "job_recovered_repeatedly",
    }  # fmt: skip
    assert set(states.values()) == {"ok", "breached"}


def test_no_payload_is_shown(stories: Stories) -> None:
    text = stories.system.public_text()
    assert SECRET not in text
    assert "luck" not in text
    assert "ECONNREFUSED" in text


def test_the_views_keep_their_promises(stories: Stories) -> None:
    stories.system.assert_promises_kept(**OVERRIDES)


def recover(system: System, *arguments: str, **variables: str) -> dict[str, dict[str, str]]:
    """What recovery says that it did or would do, by point and id."""
    said = json.loads(system.ours("recover", "--format", "json", *arguments, **variables))
    return {f"{item['accumulation_point']} {item['entity_id']}": item for item in said["items"]}


def as_role(warehouse: Warehouse, role: str) -> Warehouse:
    """The same database for another role."""
    return replace(warehouse, libpq=warehouse.libpq | {"PGUSER": role})


@pytest.fixture
def watcher(stories: Stories) -> Iterator[tuple[str, Callable[[], Outcome], Callable[[], dict[str, str]]]]:
    """A role with every grant, how it builds its views, and what they say to it."""
    warehouse = stories.system.warehouse
    role = f"watcher_of_{warehouse.libpq['PGDATABASE']}"
    theirs = warehouse.in_schema("of_watcher")

    def build() -> Outcome:
        outcome = theirs.run_dbt(
            "run", variables=OVERRIDES, PGUSER=role, STUCK_JOBS_RAW_SCHEMA="raw_of_watcher"
        )
        assert outcome.exit_code == 0, outcome.output
        return outcome

    def states() -> dict[str, str]:
        with as_role(warehouse, role).connect() as connection:
            said = "select accumulation_point, concat_ws(': ', state, evidence)"
            return dict(connection.execute(f"{said} from of_watcher.accumulation_points").fetchall())

    warehouse.execute(
        f"create role {role} login in role pg_read_all_data, pg_monitor",
        f"grant create on database {warehouse.libpq['PGDATABASE']} to {role}",
    )
    yield role, build, states
    warehouse.execute(f"drop owned by {role} cascade", f"drop role {role}")


def test_rows_that_nobody_may_see_make_every_point_unknown(
    stories: Stories,
    watcher: tuple[str, Callable[[], Outcome], Callable[[], dict[str, str]]],
) -> None:
    system, (role, build, states) = stories.system, watcher
    assert as_role(system.warehouse, role).rows(f"select count(*) from {JOBS}") == [(0,)]
    assert "row level security hides rows of _private_jobs, _private_job_queues" in build().output
    assert all(
        said.startswith("unknown: row level security hides rows of _private_") and "using (true)" in said
        for said in states().values()
    ), states()
    printed = system.ours("init", "--print", "--role", role, PGUSER=role)
    assert "not seen: row level security hides rows of _private_jobs" in printed
    seen = system.ours("init", "--print", "--role", role)
    policies = [statement for statement in grants(seen) if statement.startswith("create policy")]
    assert len(policies) == 4, seen
    system.warehouse.execute(*policies)
    assert {said.partition(":")[0] for said in states().values()} == {"ok", "breached"}
    assert "row level security" not in build().output
    assert "create policy" not in system.ours("init", "--print", "--role", role)
    system.warehouse.execute(f"create policy not_these on {JOBS} as restrictive using (id <> 1)")
    assert {said.partition(":")[0] for said in states().values()} == {"unknown"}
    system.warehouse.execute(f"drop policy not_these on {JOBS}", f"alter role {role} bypassrls")
    assert {said.partition(":")[0] for said in states().values()} == {"ok", "breached"}
    # what is lost is seen without the sessions, and the others are not called fine
    system.warehouse.execute(f"revoke pg_monitor from {role}")
    assert states()["worker_lost"] == "breached"
    query = "from of_watcher.accumulation_points where accumulation_point = 'worker_lost'"
    with system.warehouse.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute(f"delete from {JOBS} where locked_at < now() - interval '4 hours'")
        row = connection.execute(f"select state, evidence {query}").fetchone()
    assert row is not None
    assert row[0] == "unknown"
    assert f"the role {role} may not see what the sessions of others do" in row[1]
    assert "grant pg_read_all_stats to it" in row[1]
    assert f'grant "pg_read_all_stats" to "{role}"' in system.ours("init", "--print", "--role", role)


@pytest.fixture
def operator(stories: Stories) -> Iterator[str]:
    with stories.system.operator(redis_enabled=False) as name:
        yield name


def test_recovery_frees_what_the_system_would_free_itself_and_prints_the_rest(
    stories: Stories, operator: str
) -> None:
    system, ids = stories.system, stories.ids

    def holder(name: str) -> str | None:
        ((locked_by,),) = system.warehouse.rows(f"select {stories.job(name, 'locked_by')}")
        return None if locked_by is None else str(locked_by)

    of_pool = {name: holder(name) for name in ("killed", "killed_in_its_last_attempt", *AT_WORK)}
    plan = recover(system, PGUSER=operator)
    lost = [f"worker_lost {ids[name]}" for name in ("killed", "killed_in_its_last_attempt")]
    assert {key for key, item in plan.items() if item["outcome"] == "planned"} == set(lost)
    letter = plan[f"queue_dead_letter {ids['failed_by_hand']}"]
    assert letter["outcome"] == "refused"
    command = letter["reason"].removeprefix("put it right by ")
    assert command == (
        "select id from graphile_worker.reschedule_jobs"
        f"(array[{ids['failed_by_hand']}], run_at := now(), attempts := 0)"
    )
    assert {name: holder(name) for name in of_pool} == of_pool
    done = recover(system, "--apply", PGUSER=operator)
    assert {key for key, item in done.items() if item["outcome"] == "applied"} == set(lost)
    # the pool that lives takes them; those that waited in the same queue are older by now, and overtake
    stories.await_job("killed_in_its_last_attempt", f"locked_by <> '{of_pool['killed_in_its_last_attempt']}'")
    stories.await_job("behind_killed_0", "locked_at is not null")
    assert holder("killed") is None
    assert {name: holder(name) for name in AT_WORK} == {name: of_pool[name] for name in AT_WORK}
    again = recover(system, "--apply", PGUSER=operator)
    assert {item["outcome"] for item in again.values()} == {"refused"}
    log = "select entity_id, remedy, outcome from stuck_jobs_raw.recovery_log"
    assert set(system.warehouse.rows(log)) == {
        (ids[name], "retry", "applied") for name in ("killed", "killed_in_its_last_attempt")
    }
    system.warehouse.execute(command)
    letters = "select entity_id from stuck_items where accumulation_point = 'queue_dead_letter'"
    assert (ids["failed_by_hand"],) not in system.warehouse.rows(letters)


def test_without_any_pool_a_dead_worker_and_one_that_drains_are_lost_and_left_alone(stories: Stories) -> None:
    system, ids = stories.system, stories.ids
    for process in stories.pools:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    system.wait_for("""not exists (
        select from pg_stat_activity where datname = current_database() and query like 'LISTEN "jobs:insert"%'
    )""")
    found = system.found()
    lost = {entity_id for _, entity_id, cause in found if cause == "nobody_listens"}
    assert lost == {ids[name] for name in AT_WORK}
    plan = recover(system)
    item = plan[f"worker_lost {ids['drained']}"]
    assert item["outcome"] == "refused"
    command = item["reason"].partition("if it is dead: ")[2]
    assert command.startswith("select graphile_worker.force_unlock_workers(")
    assert [key for key, item in plan.items() if item["outcome"] == "planned"] == []
    system.warehouse.execute(command)
    assert system.warehouse.rows(f"select locked_by from {JOBS} where id = {ids['drained']}") == [(None,)]


def test_a_tick_that_nobody_made_is_missed(stories: Stories) -> None:
    system = stories.system
    # all pools are dead by now
    system.warehouse.execute(
        f"update {CRONTABS} set last_execution = now() - interval '61 minutes' where identifier = 'hourly'",
        f"insert into {CRONTABS} values ('removed', now() - interval '9 days', now() - interval '8 days')",
    )

    def missed() -> set[tuple[str, str, str]]:
        return {finding for finding in system.found() if finding[0] == "schedule_missed"}

    others = {"removed": {"every_minutes": 60 * 24 * 9}, "never_heard_of": {"every_minutes": 1}}
    system.build(schedules=SCHEDULES | others, redis_enabled=False)
    assert missed() == {("schedule_missed", "never_heard_of", "never_ticked")}
    system.warehouse.execute(f"update {CRONTABS} set last_execution = last_execution - interval '5 minutes'")
    assert ("schedule_missed", "hourly", "not_ticked") in missed()
    assert {"removed"}.isdisjoint(entity_id for _, entity_id, _ in missed())
    # nobody says how often any line ticks, and then one; without which another went on for long
    system.build(redis_enabled=False)
    assert system.states()["schedule_missed"] == "unknown"
    system.build(schedules={"hourly": {"every_minutes": 120}}, redis_enabled=False)
    assert system.states()["schedule_missed"] == "unknown"
    system.warehouse.execute(
        f"update {CRONTABS} set last_execution = now() - interval '40 days' where identifier = 'removed'"
    )
    assert system.states()["schedule_missed"] == "ok"
