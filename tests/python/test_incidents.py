"""As many incidents as faults, whatever falls together: each item in the right one, while it lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import pytest
from conftest import Warehouse
from test_demo import put

from stuck_jobs.demo import generator, stories
from stuck_jobs.demo.generator import MIN_JOBS, Pipeline, generate
from stuck_jobs.demo.queue import UNSERVED
from stuck_jobs.demo.stories import Story

A_MINUTE_APART = (timedelta(minutes=45), timedelta(minutes=44))
OF_THE_FIRST = Story(stories.worker_crashed, 4, stories.taken_before(A_MINUTE_APART[0]))
OF_THE_SECOND = Story(stories.worker_crashed, 3, stories.taken_before(A_MINUTE_APART[1]))
UNSERVED_JOBS = Story(stories.not_served, 4, (10, 20))
PROVIDER_FAILS = Story(stories.provider_cold, 8, (15, 50))
PUBLISHER_DOWN = Story(stories.publisher_down, 6, (8, 25))
LAGGING = Story(stories.not_consumed, 5, (10, 20))
FLOODED = Story(stories.flooded, 1, (60, 600))
RETRIES_OVERDUE = Story(stories.retry_overdue, 3, (20, 60))
MESSAGES_LOST = Story(stories.message_lost, 4, (50, 60))
NOT_ANNOUNCED = Story(stories.never_announced, 4, (50, 60))
LAST_WRITES_FAIL = Story(stories.last_write_failed, 4, (40, 500))


@pytest.fixture(scope="module")
def views(new_built_warehouse: Callable[..., Warehouse]) -> Warehouse:
    return new_built_warehouse(redis_enabled=True)


@pytest.fixture
def told(views: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Pipeline]:
    """Put a pipeline into the database in which nothing but these stories went wrong."""

    def tell(*of: Story) -> Pipeline:
        monkeypatch.setattr(stories, "CRASHES", A_MINUTE_APART)
        monkeypatch.setattr(generator, "BROKEN", of)
        pipeline = generate(datetime.now(UTC), seed=5, jobs=MIN_JOBS)
        put(views, pipeline)
        return pipeline

    return tell


def kinds(warehouse: Warehouse) -> list[tuple[str, int]]:
    """The kind of each incident, and how many jobs it has."""
    return [*map(tuple, warehouse.rows("select kind, jobs from incidents order by kind, jobs"))]


def assert_each_item_has_one(warehouse: Warehouse) -> None:
    items = "select accumulation_point, entity_id from {} order by 1, 2"
    assert warehouse.rows(items.format("stuck_items")) == warehouse.rows(items.format("incident_items"))
    assert not warehouse.rows(
        "select jobspec_id from incident_items where jobspec_id is not null "
        "group by jobspec_id having count(distinct incident_id) > 1"
    )


def ids(warehouse: Warehouse) -> set[str]:
    return {incident for (incident,) in warehouse.rows("select incident_id from incidents")}


def test_two_workers_that_die_a_minute_apart_are_two(views: Warehouse, told: Callable[..., Pipeline]) -> None:
    told(OF_THE_FIRST, OF_THE_SECOND)
    assert kinds(views) == [("worker_crash", 3), ("worker_crash", 4)]
    assert_each_item_has_one(views)
    (first, second) = views.rows("select first_step, title from incidents order by started_at")
    assert first[0] == second[0] == "stuck-jobs recover --point worker_lost"
    assert first[1] != second[1]
    assert "jobs stuck: 4" in first[1]


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ((UNSERVED_JOBS, PROVIDER_FAILS), {"queue_unserved": 4, "provider_failing": None}),
        ((UNSERVED_JOBS, OF_THE_FIRST), {"queue_unserved": 4, "worker_crash": 4}),
        ((PUBLISHER_DOWN, OF_THE_FIRST), {"point": 6, "worker_crash": 4}),
        ((LAST_WRITES_FAIL, PUBLISHER_DOWN), {"point": None}),
        ((LAGGING, FLOODED, UNSERVED_JOBS), {"queue_lagging": 5, "queue_unserved": 4}),
        ((LAGGING, FLOODED, OF_THE_FIRST), {"queue_lagging": 5, "worker_crash": 4}),
        ((LAGGING, PUBLISHER_DOWN), {"queue_lagging": 5, "point": 6}),
        ((LAGGING, RETRIES_OVERDUE), {"queue_lagging": 5, "point": 3}),
        ((MESSAGES_LOST, NOT_ANNOUNCED), {"point": 4}),
    ],
    ids=[
        "provider and queue",
        "queue and crash",
        "publisher and crash",
        "last writes and publisher",
        "lag and queue",
        "lag and crash",
        "lag and publisher",
        "lag and retries",
        "lost and not announced",
    ],
)
def test_faults_that_fall_together_are_told_apart(
    views: Warehouse, told: Callable[..., Pipeline], of: Iterable[Story], expected: dict[str, int | None]
) -> None:
    told(*of)
    found = kinds(views)
    assert {kind for kind, _ in found} == {*expected}
    assert len(found) == 2
    for kind, jobs in found:
        assert expected[kind] in (None, jobs)
    assert_each_item_has_one(views)


def test_the_depth_of_a_queue_that_nobody_serves_is_no_fault_of_its_own(
    views: Warehouse, told: Callable[..., Pipeline]
) -> None:
    """Although workers live, of which the cause of its depth speaks: they serve another queue."""
    told(UNSERVED_JOBS)
    views.execute(
        f"update stuck_jobs_raw.queue_snapshots set depth = 5000 where queue_name = '{UNSERVED}'"
        " and kind = 'main'"
    )
    assert views.rows("select cause from stuck_items where accumulation_point = 'queue_depth'") == [
        ("consumer_lag",)
    ]
    assert kinds(views) == [("queue_unserved", 4)]
    assert_each_item_has_one(views)


def test_a_queue_that_lags_is_the_same_incident_once_nobody_serves_it(
    views: Warehouse, told: Callable[..., Pipeline]
) -> None:
    told(UNSERVED_JOBS)
    served = ids(views)
    views.execute(
        f"delete from stuck_jobs_raw.queue_snapshots where queue_name = '{UNSERVED}'"
        " and snapshot_id < (select max(snapshot_id) from stuck_jobs_raw.queue_snapshots)"
    )
    assert kinds(views) == [("queue_lagging", 4)]
    assert ids(views) == served


def test_a_region_has_the_same_faults_however_its_executions_spell_it(
    views: Warehouse, told: Callable[..., Pipeline]
) -> None:
    told(PROVIDER_FAILS)
    before = ids(views)
    views.execute(
        "insert into executions (provider_id, region, status, started_at, created_at)"
        " select provider_id, alias, 'running', now() - interval '40 minutes', now() - interval '40 minutes'"
        " from (select provider_id, region from provider_failures limit 1) as failing"
        " inner join (values ('us-east', 'US'), ('eu-west', 'EU'), ('asia-pacific', 'APAC'))"
        " as aliases (region, alias) using (region)"
    )
    assert views.rows(
        "select entity_type, region = split_part(scope, '/', 2) from incident_items"
        " inner join incidents using (incident_id) where entity_type = 'execution'"
    ) == [("execution", True)]
    assert ids(views) == before
    assert_each_item_has_one(views)


def test_an_untrusted_redis_is_told_apart_from_a_real_crash(
    views: Warehouse, told: Callable[..., Pipeline]
) -> None:
    told(OF_THE_FIRST, Story(stories.message_lost, 3, (50, 60)))
    views.execute("update stuck_jobs_raw.queue_servers set whole_since = now() - interval '47 minutes'")
    assert kinds(views) == [("redis_untrusted", 3), ("worker_crash", 4)]
    assert_each_item_has_one(views)


def test_ids_stay_while_the_fault_lasts_and_go_when_it_is_repaired(
    views: Warehouse, told: Callable[..., Pipeline]
) -> None:
    told(OF_THE_FIRST, UNSERVED_JOBS)
    before = ids(views)
    assert len(before) == 2
    for _ in range(10):
        assert ids(views) == before
    views.execute(
        "update jobs set status = 'completed', completed_at = now(), updated_at = now() "
        "where status in ('created', 'queued')",
        f"delete from stuck_jobs_raw.queue_messages where queue_name = '{UNSERVED}'",
        f"update stuck_jobs_raw.queue_snapshots set depth = 0 where queue_name = '{UNSERVED}'",
    )
    (crash,) = ids(views)
    assert crash in before
    for _ in range(3):  # as recovery does it, the oldest first
        views.execute(
            "update jobs set status = 'cancelled' where id::text ="
            " (select job_id from lost_workers order by last_signal_at limit 1)"
        )
        assert ids(views) == {crash}
    views.execute("update jobs set status = 'cancelled' where status = 'processing'")
    assert ids(views) == set()
