"""The analysis as a test: every way to get stuck is made to happen in a real pipeline, and must be found.

A minute of the source lasts a second and a half here. The limits are those of the registry, shortened
alike by dbt's vars; no clock is mocked.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from conftest import ROOT, SOURCE_SCHEMA, Warehouse
from fault_catalogue import CASES, Case
from pipeline.supervisor import move_retries, prepare, publish, work
from pipeline.work import MINUTE
from pipeline.world import Item, Look, World, healthy, kill, open_world

from stuck_jobs import embedded
from stuck_jobs.expectations.contract import registered_points
from stuck_jobs.systems import system_entry

MAX_DEPTH = 40
PROVIDER_WINDOW = 20 * MINUTE
PATIENCE = 15
"""Seconds beyond the longest limit for a busy machine; what is asserted of limits does not depend on it."""

Script = Callable[[World, list[Case]], None]


PROVABLE = system_entry(ROOT, "pipeline")["points"]
REGISTRY = {point: fields for point, fields in registered_points(ROOT).items() if point in PROVABLE}
LIMITS = {
    point: fields["max_age_minutes"] * MINUTE
    for point, fields in REGISTRY.items()
    if "max_age_minutes" in fields and point not in ("job_running_unstarted", "execution_unevaluable")
}
VARIABLES = {
    "redis_enabled": True,
    "thresholds": {point: {"max_age_minutes": limit / 60} for point, limit in LIMITS.items()}
    | {"queue_depth": {"max_depth": MAX_DEPTH}},
    "provider_timeout_seconds": 150 / 60 * MINUTE,
    "provider_window_minutes": PROVIDER_WINDOW / 60,
    "snapshot_max_age_minutes": 5 / 60 * MINUTE,
}


# Worlds: what is started, what is done to it, how it is repaired.


@dataclass(frozen=True)
class Play:
    """How the cases of a world are played.

    Attributes:
        strike: submits the jobs and does what is done to the world.
        repair: undoes that.
        options: of the world.
    """

    strike: Script
    repair: Script = lambda _world, _cases: None
    options: dict[str, Any] = field(default_factory=dict)


def start(world: World, workers: int = 4, **servers: str) -> None:
    """Start the pipeline; then its traffic begins."""
    world.supervisor.start(publish, world.servers())
    world.supervisor.start(move_retries, world.servers())
    world.supervisor.start(work, world.servers(**servers), workers)
    clients = world.client.client_list
    world.until(lambda: sum(client["cmd"] == "brpop" for client in clients()) >= workers, timeout=60)
    world.flows.set()


def submit(world: World, cases: list[Case]) -> None:
    for case in cases:
        for name in case.names:
            world.submit(name, case.work)


def meddle(world: World, name: str, query: str) -> None:
    """A write from elsewhere, once the job is closed."""
    world.until_closed(name)
    world.sql(query, name)
    world.struck[name] = world.sql("select now()")[0][0]


def strike_busy(world: World, cases: list[Case]) -> None:
    start(world, workers=16)
    submit(world, cases)
    names = {case.name for case in cases}
    if "recovered-in-vain" in names:
        for _ in range(2):
            world.sql(
                "insert into stuck_jobs_raw.recovery_log "
                "(run_id, entity_type, entity_id, jobspec_id, remedy, outcome) "
                "select gen_random_uuid(), 'job', id, jobspec_id, 'reset', 'applied' "
                "from jobs where jobspec_id = 'recovered-in-vain'"
            )
    if "container-restarted" in names:
        kill([world.holder("container-restarted")])
    if "deployment" in names:
        kill([world.holder(name) for name in CASES["deployment"].names])
    if "parent-cancelled" in names:
        world.until(lambda: _executions(world, "parent-cancelled"))
        kill([world.holder("parent-cancelled")], signal.SIGTERM)
    if "stale-copy-written" in names:
        copy = "status = 'running', completed_at = null, updated_at = now()"
        meddle(world, "stale-copy-written", f"update jobs set {copy} where jobspec_id = %s")
    if "barrier-never-left" in names:
        barrier = "status = 'finalizing', completed_at = null, updated_at = now()"
        meddle(world, "barrier-never-left", f"update jobs set {barrier} where jobspec_id = %s")
    if "start-not-written" in names:
        begun = "status = 'running', started_at = null, completed_at = null"
        ours = "job_id = (select id from jobs where jobspec_id = %s)"
        meddle(world, "start-not-written", f"update executions set {begun} where {ours}")


def _executions(world: World, name: str) -> int:
    query = "select count(*) from executions join jobs on job_id = jobs.id where jobspec_id = %s"
    return int(world.sql(query, name)[0][0])


def strike_no_workers(world: World, cases: list[Case]) -> None:
    start(world, workers=0)
    submit(world, cases)
    names = {case.name for case in cases}
    if "queued-twice" in names:
        world.republish("queued-twice", CASES["queued-twice"].work)
    published = "select not exists (select from outbox where published_at is null)"
    world.until(lambda: world.sql(published)[0][0])
    world.sql("delete from jobs where jobspec_id = 'job-deleted'")
    world.sql("update jobs set status = 'cancelled', updated_at = now() where jobspec_id = 'job-cancelled'")


def strike_wrong_queue(world: World, cases: list[Case]) -> None:
    start(world, queue="jobs-of-yesterday")
    submit(world, cases)


def repair_wrong_queue(world: World, _cases: list[Case]) -> None:
    for queue in ("jobs", "jobs-eu"):
        world.supervisor.start(work, world.servers(queue=queue))


def strike_workers_without_redis(world: World, cases: list[Case]) -> None:
    world.client.execute_command("ACL SETUSER workers on nopass ~* &* +@all")
    start(world, redis_user="workers")
    world.until(lambda: any(client["user"] == "workers" for client in world.client.client_list()))
    world.client.execute_command("ACL SETUSER workers off")
    world.client.execute_command("CLIENT KILL USER workers")
    submit(world, cases)


def repair_workers_without_redis(world: World, _cases: list[Case]) -> None:
    world.client.execute_command("ACL SETUSER workers on")


def strike_one_worker(world: World, cases: list[Case]) -> None:
    start(world, workers=1)
    submit(world, cases)


def more_workers(world: World, _cases: list[Case]) -> None:
    world.supervisor.start(work, world.servers(), 8)


def strike_no_publisher(world: World, cases: list[Case]) -> None:
    world.supervisor.start(publish, world.servers())
    world.supervisor.start(work, world.servers(), 2)
    for case in cases:
        if case.name == "retry-not-moved":
            submit(world, [case])
            world.until(lambda: world.client.zcard("jobs:retry"))
    world.supervisor.signal(publish)
    submit(world, [case for case in cases if case.name != "retry-not-moved"])


def repair_no_publisher(world: World, _cases: list[Case]) -> None:
    world.supervisor.start(publish, world.servers())
    world.supervisor.start(move_retries, world.servers())


def strike_no_redis(world: World, cases: list[Case]) -> None:
    start(world)
    kill([world.redis.process_id])
    submit(world, cases)


def repair_no_redis(world: World, _cases: list[Case]) -> None:
    world.restart_redis()


def strike_no_network(world: World, cases: list[Case]) -> None:
    """The pipeline loses PostgreSQL while a job is worked on; the API is elsewhere and does not."""
    start(world, role=f"{world.database}_worker")
    world.supervisor.signal(publish)
    world.supervisor.start(publish, world.servers(f"{world.database}_worker"))
    _lose_database(world, cases, "network-down", f"alter role {world.database}_worker nologin")


def repair_no_network(world: World, _cases: list[Case]) -> None:
    world.sql(f"alter role {world.database}_worker login")


def strike_no_connections(world: World, cases: list[Case]) -> None:
    """The workers' connections are gone, and others have taken all that their role may have."""
    start(world, role=f"{world.database}_worker")
    _lose_database(world, cases, "pool-exhausted", f"alter role {world.database}_worker connection limit 0")


def repair_no_connections(world: World, _cases: list[Case]) -> None:
    world.sql(f"alter role {world.database}_worker connection limit -1")


def _lose_database(world: World, cases: list[Case], working: str, statement: str) -> None:
    submit(world, [case for case in cases if case.name == working])
    world.holder(working)
    world.sql(statement)
    role = f"{world.database}_worker"
    world.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", role)
    world.client.set(f"go:{working}", 1)
    submit(world, [case for case in cases if case.name != working])


def strike_postgres_restarted(world: World, cases: list[Case]) -> None:
    start(world)
    submit(world, cases)
    world.holder("postgres-restarted")
    _calm(world)
    world.disconnect()
    with stopped(world.postgres):
        world.client.set("go:postgres-restarted", 1)
        world.until(lambda: not world.client.exists("job:processing:postgres-restarted"))
    world.flows.set()


def _calm(world: World) -> None:
    """Let the traffic come to its end, so that the restart meets no job of it."""
    world.flows.clear()
    looks = len(world.looks)
    under_way = "select count(*) from jobs where jobspec_id like 'healthy-%%' and status <> 'completed'"
    world.until(lambda: len(world.looks) >= looks + 2 and world.sql(under_way) == [(0,)], timeout=60)


def strike_nothing(world: World, _cases: list[Case]) -> None:
    """Heavy traffic for longer than every limit."""
    start(world, workers=16)
    longest = time.monotonic() + max(LIMITS.values()) + 5
    world.found(lambda _: False, longest)


@contextmanager
def stopped(server: embedded.Postgres) -> Iterator[None]:
    data, log = server.directory / "data", server.directory / "log"
    options = (data / "postmaster.opts").read_text().strip().split(maxsplit=1)[1]
    control = server.binaries / "pg_ctl"
    embedded._run(control, "-D", str(data), "-m", "fast", "-w", "stop")
    try:
        yield
    finally:
        embedded._run(control, "-D", str(data), "-l", str(log), "-o", options, "-w", "start")


PLAYS = {
    "busy": Play(strike_busy, options={"traffic": 3}),
    "no workers": Play(strike_no_workers, more_workers),
    "wrong queue": Play(strike_wrong_queue, repair_wrong_queue),
    "workers without redis": Play(strike_workers_without_redis, repair_workers_without_redis),
    "one worker": Play(strike_one_worker, more_workers, {"restarts": False}),
    "slow worker": Play(strike_one_worker, more_workers),
    "no publisher": Play(strike_no_publisher, repair_no_publisher),
    "no redis": Play(strike_no_redis, repair_no_redis),
    "no network": Play(strike_no_network, repair_no_network),
    "no connections": Play(strike_no_connections, repair_no_connections),
    "postgres restarted": Play(strike_postgres_restarted, options={"traffic": 3}),
    "healthy": Play(strike_nothing, options={"traffic": 6}),
}


# What must be found.

BROKEN = {
    "one worker": ["worker_crash"],
    "slow worker": ["queue_lagging"],
    "no publisher": ["point", "point"],
    "no redis": ["point"],
    "wrong queue": ["queue_unserved", "queue_unserved"],
    "workers without redis": ["queue_unserved"],
    "no workers": ["queue_unserved"],
    "no network": ["point", "worker_crash"],  # for all that is known; and no silence beside them
    "no connections": ["error_repeated", "worker_crash"],
}
"""The kinds of the incidents of a world, where not each of its jobs has a fault of its own."""


def subject_of(case: Case, item: Item, cases: list[Case]) -> bool:
    """Whether an item is of this case: of its job, its provider, or of nobody's and the case is of all."""
    owners = [
        other for other in cases if item.subject == other.name or item.subject.startswith(f"{other.name}-")
    ]
    if owners:
        return max(owners, key=lambda owner: len(owner.name)) is case
    return case.is_of_all and item.subject in ("pipeline", *("jobs", "jobs-eu"))


@dataclass
class Verdict:
    """What came of one case."""

    world: World
    case: Case
    cases: list[Case]
    settled: bool = False
    cleared: bool = False
    repaired_at: datetime | None = None

    def items(self, look: Look) -> list[Item]:
        return [item for item in look.items if subject_of(self.case, item, self.cases)]

    def pairs(self, look: Look) -> set[tuple[str, str]]:
        return {(item.point, item.cause) for item in self.items(look)}

    def settle(self, deadline: float) -> None:
        expected = set(self.case.expected.items())
        self.settled = self.world.found(lambda look: self.pairs(look) == expected, deadline)

    def clear(self, since: datetime, deadline: float) -> None:
        self.cleared = self.world.found(lambda look: look.at > since and not self.items(look), deadline)

    def judge(self) -> None:
        looks = [look for look in self.world.looks if self.repaired_at is None or look.at <= self.repaired_at]
        seen = {pair for look in looks for pair in self.pairs(look)}
        assert self.settled, f"expected {self.case.expected}, last {self.pairs(looks[-1])}, ever {seen}"
        assert seen <= self.case.allowed, f"also found {seen - self.case.allowed}"
        assert all(any(look.states[point] == "breached" for look in looks) for point in self.case.expected)
        if not self.case.heals:
            assert {item.point for item in self.items(looks[-1])} == set(self.case.expected)
        for item in {item for look in looks for item in self.items(look)}:
            self._judge_times(item, looks)
        assert self.cleared, f"still there after the repair: {self.items(self.world.looks[-1])}"

    def _judge_times(self, item: Item, looks: list[Look]) -> None:
        """Not before the limit, and from then on at every look until it is over."""
        if item.since is None:  # written after the look's own now()
            return
        limit = timedelta(seconds=LIMITS.get(item.point, 0))
        if item.point == "job_interrupted" and item.status == "failed":
            limit = timedelta(seconds=LIMITS["execution_missing"])
        seen = [look.at for look in looks if item in look.items]
        assert seen[0] > item.since + limit, f"{item} too early, at {seen[0]}"
        if item.point in LIMITS and item.point != "queue_unserved":  # which is known at the next snapshot
            due = max(item.since + limit, self.world.struck.get(item.subject, item.since))
            late = [look.at for look in looks if due < look.at < seen[0] and not _also(item, look)]
            assert not late, f"{item} was due at {due}, and not there at {late}"


def _also(item: Item, look: Look) -> bool:
    """It is there under another cause."""
    return any((item.point, item.entity) == (other.point, other.entity) for other in look.items)


@dataclass
class Played:
    """A world after its play, what came of its cases, and what had broken before it was repaired."""

    world: World
    verdicts: list[Verdict]
    incidents: list[tuple[str, str]]


def perform(world: World, play: Play, cases: list[Case]) -> Played:
    """Strike, wait until everything is found, repair, wait until nothing is."""
    verdicts = [Verdict(world, case, cases) for case in cases]
    play.strike(world, cases)
    limits = [LIMITS.get(point, LIMITS["job_interrupted"]) for case in cases for point in case.expected]
    longest = max(limits, default=0)
    deadline = time.monotonic() + longest + PATIENCE
    for verdict in verdicts:
        verdict.settle(deadline)
    repaired_at = world.looks[-1].at
    incidents = world.sql("select kind, scope from incidents order by kind, scope")
    play.repair(world, cases)
    for verdict in verdicts:
        verdict.repaired_at = None if verdict.case.heals else repaired_at
        if verdict.case.repair and verdict.settled:
            verdict.case.repair(world, verdict.case)
    since = world.sql("select now()")[0][0]
    deadline = time.monotonic() + max(PATIENCE, PROVIDER_WINDOW)
    for verdict in verdicts:
        verdict.clear(since, deadline)
    return Played(world, verdicts, incidents)


# The servers, and all worlds at once.


@pytest.fixture(scope="module")
def postgres() -> Iterator[embedded.Postgres]:
    with embedded.postgres({"timezone": "UTC", "max_connections": "300"}) as server:
        yield server


@pytest.fixture(scope="module")
def template(postgres: embedded.Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The views with the shortened limits, in a database that is copied for each world."""
    prepare()
    name, scratch = "template_world", tmp_path_factory.mktemp("dbt")
    with psycopg.connect(postgres.dsn, autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    (scratch / "profiles.yml").write_text((ROOT / "profiles.example.yml").read_text())
    warehouse = Warehouse(postgres.environment | {"PGDATABASE": name}, scratch)
    warehouse.execute(
        SOURCE_SCHEMA,
        "alter table executions drop constraint executions_job_id_fkey",
        "create role pipeline",
        "grant select, insert, update on all tables in schema public to pipeline",
        "grant usage on all sequences in schema public to pipeline",
    )
    outcome = warehouse.run_dbt("run", variables=VARIABLES)
    assert outcome.exit_code == 0, outcome.output
    return name


Plays = dict[str, Future[Played]]


@pytest.fixture(scope="module")
def plays(postgres: embedded.Postgres, template: str, request: pytest.FixtureRequest) -> Iterator[Plays]:
    """Plays every world that a selected test asks for; all at once, but for the one that stops the server."""
    asked = {case.world: [] for case in CASES.values()}
    for item in request.session.items:
        case = getattr(item, "callspec", None) and item.callspec.params.get("case")
        if isinstance(case, Case):
            asked[case.world].append(case)
    with ThreadPoolExecutor(len(PLAYS)) as pool:
        futures = {
            name: pool.submit(_play, postgres, template, name, cases)
            for name, cases in asked.items()
            if cases and name != "postgres restarted"
        }
        if any(item.name == "test_healthy_run_of_the_same_length" for item in request.session.items):
            futures["healthy"] = pool.submit(_play, postgres, template, "healthy", [])
        if cases := asked["postgres restarted"]:
            futures["postgres restarted"] = pool.submit(
                _play_last, postgres, template, cases, list(futures.values())
            )
        try:
            yield futures
        finally:
            World.abandoned.set()


def _play(postgres: embedded.Postgres, template: str, name: str, cases: list[Case]) -> Played:
    play = PLAYS[name]
    with ExitStack() as stack:
        world = open_world(stack, postgres, template, name.replace(" ", "_"), **play.options)
        return perform(world, play, cases)


def _play_last(
    postgres: embedded.Postgres, template: str, cases: list[Case], others: list[Future[Any]]
) -> Played:
    for other in others:
        other.exception()
    return _play(postgres, template, "postgres restarted", cases)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_fault(case: Case, plays: Plays) -> None:
    (verdict,) = (verdict for verdict in plays[case.world].result().verdicts if verdict.case is case)
    verdict.judge()


@pytest.mark.parametrize("world", [name for name in PLAYS if name != "healthy"])
def test_nothing_else_is_found(world: str, plays: Plays) -> None:
    if world not in plays:
        pytest.skip("not played")
    played = plays[world].result()
    cases = [verdict.case for verdict in played.verdicts]
    strays = {
        (item.point, item.cause, item.subject)
        for look in played.world.looks
        for item in look.items
        if not any(subject_of(case, item, cases) for case in cases)
    }
    assert not strays


@pytest.mark.parametrize("world", BROKEN)
def test_one_fault_is_one_incident(world: str, plays: Plays) -> None:
    played = plays[world].result() if world in plays else None
    if played is None or len(played.verdicts) < sum(case.world == world for case in CASES.values()):
        pytest.skip("not all of it is played")
    assert [kind for kind, _ in played.incidents] == BROKEN[world]


def test_without_redis_nothing_is_known(plays: Plays) -> None:
    if "no redis" not in plays:
        pytest.skip("not played")
    (verdict,) = plays["no redis"].result().verdicts
    from_redis = {point for point, fields in REGISTRY.items() if fields["evidence"] == "snapshot"}
    assert verdict.repaired_at is not None
    (before,) = (look for look in verdict.world.looks if look.at == verdict.repaired_at)
    after = verdict.world.looks[-1]
    assert {point for point, state in before.states.items() if state == "unknown"} == from_redis
    assert set(after.states.values()) == {"ok"}


# No false alarm.


def breaches(world: World) -> set[tuple[str, str, str]]:
    return {(item.point, item.cause, item.subject) for look in world.looks for item in look.items}


def test_healthy_run_of_the_same_length(plays: Plays) -> None:
    """Beside all the faults, for longer than the longest limit."""
    world = plays["healthy"].result().world
    assert len(world.looks) > max(LIMITS.values()) / 3
    assert not breaches(world)


@pytest.mark.parametrize("run", range(5))
def test_healthy_run(run: int, postgres: embedded.Postgres, template: str, plays: Plays) -> None:
    """A burst of jobs through many workers, looked at as often as can be."""
    for future in plays.values():
        future.exception()
    with ExitStack() as stack:
        world = open_world(stack, postgres, template, f"healthy_{run}", interval=0.1)
        start(world, workers=12)
        for number in range(40):
            world.submit(f"healthy-{number}", healthy(number + run))
        world.until(lambda: world.sql("select bool_and(status = 'completed') from jobs") == [(True,)], 60)
        looks = len(world.looks)
        world.until(lambda: len(world.looks) >= looks + 2)
        assert not breaches(world)
        world.until(lambda: not world.looks[-1].doubts)
        doubts = {doubt for look in world.looks for doubt in look.doubts.items()}
        assert {doubt for doubt in doubts if not is_of_a_late_snapshot(doubt)} == set()


def is_of_a_late_snapshot(doubt: tuple[str, str | None]) -> bool:
    """Whether a snapshot was late or cut, as on a machine that is too busy, which is rightly told."""
    return (doubt[1] or "").startswith("no whole snapshot of the queues that is fresh")
