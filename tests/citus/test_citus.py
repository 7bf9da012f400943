"""On Citus the answers are those of plain PostgreSQL, and what is not whole is no answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from conftest import RAW, Watched, fill

from benchmarks.clusters import INSTALLED, SHARDED, SINGLE, Database, copy_raw_tables, database
from stuck_jobs.demo.generator import Pipeline

ITEMS = """
    select accumulation_point, entity_type, entity_id, jobspec_id, status, stuck_since, threshold_seconds,
        cause, queue_name, job_kind, level, severity, remedy
    from stuck_jobs.stuck_items_v1
"""
POINTS = """
    select accumulation_point, level, state, stuck_count, max_count, oldest_stuck_since, severity, remedy
    from stuck_jobs.accumulation_points_v1
"""
INCIDENTS = "select incident_id, kind, scope, severity, points, items, jobs from stuck_jobs.incidents_v1"
STATES = "select distinct state from stuck_jobs.accumulation_points_v1"
RELATIONS = """
    select relname, relkind, pg_get_viewdef(oid) from pg_class
    where relnamespace = to_regnamespace('stuck_jobs') and relkind in ('r', 'v')
"""
ROUTINES = """
    select proname, proargtypes::regtype[]::text from pg_proc
    where pronamespace in (to_regnamespace('stuck_jobs'), to_regnamespace('stuck_jobs_raw'))
"""
SIGNING = """
    select tgname from pg_trigger
    where tgrelid = 'stuck_jobs_raw.recovery_log'::regclass and not tgisinternal
"""
LOSS = """
    create function public.lose() returns trigger language plpgsql as $$
    begin
        raise warning 'a part was lost' using errcode = 'CIINF';
        return new;
    end
    $$
"""
LOSING = (
    "create trigger lose before insert on stuck_jobs.kept_check for each row execute function public.lose()"
)


def answers(watched: Watched) -> list[set[str]]:
    return [set(map(str, watched.rows(query))) for query in (POINTS, ITEMS, INCIDENTS)]


def assert_same(cluster: Watched, plain: Watched) -> None:
    """Compare what time alone has not changed meanwhile."""
    copy_raw_tables(plain.database, cluster.database, RAW)
    before = answers(plain)
    cluster.check()
    found, after = answers(cluster), answers(plain)
    for earlier, there, later in zip(before, found, after, strict=True):
        lasting = earlier & later
        assert len(lasting) > 0.8 * len(earlier)
        assert lasting - there == set()
    assert found[1] - (before[1] | after[1]) == set()


def test_the_demo_gets_the_same_answers(cluster: Watched, plain: Watched) -> None:
    plain.collect()
    assert_same(cluster, plain)
    assert len(plain.rows(ITEMS)) > 200


def test_a_build_checks_and_the_gate_reads_what_was_kept_with_its_age(cluster: Watched) -> None:
    cluster.build()
    cluster.run("stuck-jobs", "gate", expect=(1,))
    cluster.database.rows(
        "update stuck_jobs.kept_check set checked_at = checked_at - interval '6 minutes' returning 1"
    )
    assert cluster.rows(STATES) == [("unknown",)]
    assert "the last check is of 6 min" in cluster.run("stuck-jobs", "gate", expect=(2,))


@pytest.mark.parametrize("seed", range(3))
def test_random_pipelines_get_the_same_answers(cluster: Watched, plain: Watched, seed: int) -> None:
    from pipelines import EPOCH, Layout, Maker, load

    now = plain.rows("select now()")[0][0]
    moment = now - timedelta(seconds=5)  # what is at the edge of a limit has passed it when it is first read
    made = Maker(Random(seed)).pipeline(size=150).shifted(moment - EPOCH)
    jobs = {job.id for job in made.jobs}
    executions = [replace(row, job_id=row.job_id if row.job_id in jobs else None) for row in made.executions]
    made = replace(made, executions=tuple(executions))
    for watched in (plain, cluster):
        with watched.database.connected() as connection:
            connection.execute("truncate executions, jobs, outbox")
            with connection.transaction():
                load(connection, made, Layout(schema=watched.database.schema))
    plain.collect()
    assert_same(cluster, plain)


def test_rows_that_were_truncated_on_their_node_are_not_missed(cluster: Watched) -> None:
    (before,) = cluster.rows("select basis from stuck_jobs.int_known_gaps where job_id is null")
    with cluster.database.connected() as connection:
        connection.execute("create table kept_executions as select * from executions")
        connection.execute("truncate executions")
        connection.execute("insert into executions select * from kept_executions")
        connection.execute("drop table kept_executions")
    cluster.check(expect=(0, 1, 2))
    assert cluster.rows("select basis from stuck_jobs.int_known_gaps where job_id is null") != [before]


def test_what_recovery_does_there_does_not_fail(cluster: Watched) -> None:
    cluster.collect()
    output = cluster.run("stuck-jobs", "recover", "--apply", "--force")
    assert " 0 failed" in output
    assert "applied: " in output


def test_a_part_that_was_lost_closes_the_gate_whoever_asked(cluster: Watched) -> None:
    cluster.check()
    assert cluster.rows(STATES) != [("unknown",)]
    with cluster.database.connected() as connection:
        connection.execute(LOSS)
        connection.execute(LOSING)
    try:
        cluster.check(expect=(2,))
        assert cluster.rows(STATES) == [("unknown",)]
        assert "a part of the last answer was lost" in cluster.run("stuck-jobs", "gate", expect=(2,))
        cluster.build()
        assert cluster.rows(STATES) == [("unknown",)]
        history = "select state from stuck_jobs.accumulation_history order by observed_at desc limit 1"
        assert cluster.rows(history) == [("unknown",)]
    finally:
        with cluster.database.connected() as connection:
            connection.execute("drop function public.lose() cascade")
    cluster.check()
    assert cluster.rows(STATES) != [("unknown",)]


def test_who_does_not_confirm_has_no_answer(cluster: Watched) -> None:
    with cluster.database.connected() as connection:
        connection.execute("call stuck_jobs.check(null)")
    assert cluster.rows(STATES) == [("unknown",)]
    cluster.check()


def test_the_doctor_says_what_the_nodes_lack(cluster: Watched) -> None:
    output = cluster.run("stuck-jobs", "doctor", expect=(0, 1))
    if cluster.database.schema == "public":  # where the project has them
        assert "the watched tables are whole on one node" in output
        assert "they differ by" in output


def test_shards_by_job_are_refused_before_anything_is_built(
    url: str, watching: Callable[[Database], Watched]
) -> None:
    with database(url, SHARDED) as made:
        watched = watching(made)
        output = watched.build(expect=(1, 2))
        assert "the watched table public.executions is in shards by job_id" in output
        assert watched.rows("select 1 from pg_class where relnamespace = to_regnamespace('stuck_jobs')") == []
        assert "is in shards by" in watched.run("stuck-jobs", "doctor", expect=(1,))


@pytest.mark.parametrize("layout", [SINGLE], indirect=True, scope="session")
def test_where_citus_is_only_installed_all_is_as_on_plain_postgresql(
    url: str, watching: Callable[[Database], Watched], demo: Pipeline, plain: Watched
) -> None:
    with database(url, INSTALLED) as made:
        watched = watching(made)
        fill(watched, demo)
        watched.build()
        for query in (RELATIONS, ROUTINES, SIGNING):
            assert set(watched.rows(query)) == set(plain.rows(query)) != set()
        ((began,),) = watched.rows("select clock_timestamp()")
        watched.collect()
        ((observed,),) = watched.rows("select max(observed_at) from stuck_jobs_raw.queue_snapshots")
        assert observed >= began
        watched.check()
        assert watched.rows(STATES) != [("unknown",)]
        assert " 0 failed" in watched.run("stuck-jobs", "recover", "--apply", "--force")
