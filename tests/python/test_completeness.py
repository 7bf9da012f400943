"""What is kept of earlier judgments never changes the answer, in whatever order jobs change and runs fall."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from multiprocessing.context import ForkProcess
from random import Random
from typing import Any

import pytest
from conftest import Warehouse, Warehouses
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

FORK = multiprocessing.get_context("fork")
BATCH = 5
KEPT = {
    "completeness_batch_jobs": BATCH,
    "completeness_overlap_minutes": 0.02,
    "thresholds": {"execution_missing": {"max_age_minutes": 0.01}},
}
WHOLE = KEPT | {"completeness_batch_jobs": 1_000_000}
WALKING = KEPT | {"completeness_batch_jobs": 1}
JUDGED = ("--select", "+missing_executions", "+interrupted_jobs", "+int_gap_counts")
LISTED = """
select accumulation_point, count(*), min(stuck_since)
from (
    select accumulation_point, stuck_since from {schema}.missing_executions
    union all
    select accumulation_point, stuck_since from {schema}.interrupted_jobs
) as listed
group by accumulation_point
order by accumulation_point
"""
REGIONS = ("US", "EU", "ASIA")
ROUTER = {"US": "us-east", "EU": "eu-west", "ASIA": "asia-pacific"}


class Source:
    """The watched tables, and two sets of views: one keeps its judgments, one judges all history anew."""

    def __init__(self, kept: Warehouse) -> None:
        self.kept = kept
        self.whole = kept.in_schema("whole_history")

    def run(self, *arguments: str, variables: dict[str, Any] = KEPT) -> str:
        outcome = self.kept.run_dbt("run", "--select", "int_known_gaps", *arguments, variables=variables)
        assert outcome.exit_code == 0, outcome.output
        return outcome.output

    def start_walking(self) -> ForkProcess:
        """Run in a process of its own, one job after the other."""
        process = FORK.Process(target=self.run, kwargs={"variables": WALKING})
        process.start()
        return process

    def wait_for_a_step_of(self, run: ForkProcess) -> None:
        """Wait until some jobs are judged, and not all of them."""
        deadline = time.monotonic() + 180
        while (self.marks()[2] or 0) < 5:
            assert time.monotonic() < deadline
            assert run.is_alive()
            time.sleep(0.01)

    def answers(self) -> tuple[list[Any], list[Any]]:
        """What both sets of views say at one moment, when each counts as much as it lists."""
        columns = "entity_id, cause, status, expected_executions, actual_executions"
        with self.kept.connect() as connection:
            kept, whole = (
                connection.execute(
                    f"select {columns} from {schema}.missing_executions order by entity_id"
                ).fetchall()
                for schema in (self.kept.schema, self.whole.schema)
            )
            for schema in (self.kept.schema, self.whole.schema):
                counted = connection.execute(f"select * from {schema}.int_gap_counts order by 1").fetchall()
                assert counted == connection.execute(LISTED.format(schema=schema)).fetchall()
        return kept, whole

    def marks(self) -> tuple[Any, ...]:
        marks = "select judged_until, judged_id, walked_to from int_known_gaps where job_id is null"
        return self.kept.rows(marks)[0]

    def clear(self) -> None:
        self.kept.execute("truncate jobs, executions, outbox restart identity")

    def insert(self, jobs: int, written: int = 2, minutes_ago: float = 60, status: str = "completed") -> None:
        """Insert jobs that ask for three executions, some of which are written."""
        self.kept.execute(
            f"""
            with new as (
                insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)
                select
                    gen_random_uuid()::text,
                    '{{"constraints": {{"regions": ["US", "EU", "ASIA"]}}, "metadata": {{"models": ["a"]}}}}',
                    '{status}',
                    now() - interval '3 hours',
                    now() - interval '{minutes_ago} minutes'
                from generate_series(1, {jobs})
                returning id
            )

            insert into executions (job_id, provider_id, region, model_id, status)
            select new.id, 'p', region, 'a', 'completed'
            from new
            cross join unnest(array['us-east', 'EU', 'asia-pacific']) with ordinality as r (region, number)
            where number <= {written}
            """
        )


@pytest.fixture(scope="module")
def empty(new_warehouse: Callable[[], Warehouse]) -> Warehouse:
    """Both sets of views over a source without jobs, which is judged."""
    source = Source(new_warehouse())
    for warehouse, variables in ((source.kept, KEPT), (source.whole, WHOLE)):
        outcome = warehouse.run_dbt("run", *JUDGED, variables=variables)
        assert outcome.exit_code == 0, outcome.output
    return source.kept


@pytest.fixture(scope="module")
def source(warehouses: Warehouses, empty: Warehouse) -> Source:
    return Source(warehouses.copy(empty))


@pytest.fixture
def cleared(warehouses: Warehouses, empty: Warehouse) -> Source:
    source = Source(warehouses.copy(empty))
    assert source.marks() == (None, None, None)
    return source


def change(source: Source, rng: Random) -> None:
    """One thing that happens to a pipeline."""
    any_job = "(select id from jobs order by random() limit 1)"
    what = rng.choice((*["insert"] * 3, *["close"] * 2, "write", "reopen", "rewrite", "delete", "undate"))
    if what == "insert":
        status = rng.choice(("completed", "completed", "failed", "running", "processing", "cancelled"))
        source.insert(rng.randint(1, 4), rng.choice((0, 2, 3, 3)), rng.choice((0, 0.01, 1, 90)), status)
    elif what == "close":
        status = rng.choice(("completed", "failed"))
        closed = f"status = '{status}', updated_at = now()"
        source.kept.execute(f"update jobs set {closed} where status = 'running'")
    elif what == "write":
        region = ROUTER[rng.choice(REGIONS)]
        source.kept.execute(
            "insert into executions (job_id, provider_id, region, model_id, status)"
            f" select id, 'p', '{region}', 'a', 'completed' from jobs where id = {any_job}"
        )
    elif what == "reopen":
        source.kept.execute(f"update jobs set status = 'running', updated_at = now() where id = {any_job}")
    elif what == "rewrite":
        regions = json.dumps(rng.sample(REGIONS, rng.randint(0, 3)))
        source.kept.execute(
            f"update jobs set jobspec_data = jsonb_set(jobspec_data, '{{constraints,regions}}', '{regions}'),"
            f" updated_at = now() where id = {any_job}"
        )
    elif what == "delete":
        source.kept.execute(f"delete from jobs where id = {any_job}")
    else:
        source.kept.execute(f"update jobs set updated_at = null where id = {any_job}")


@settings(max_examples=3, phases=[Phase.generate])
@given(st.randoms(use_true_random=False))
def test_the_kept_judgment_is_that_of_the_whole_history(source: Source, rng: Random) -> None:
    source.clear()
    for _ in range(3):
        for _ in range(rng.randint(0, 15)):
            change(source, rng)
        kept, whole = source.answers()
        assert kept == whole
        source.run()
        kept, whole = source.answers()
        assert kept == whole


def test_a_short_history_is_judged_whole(cleared: Source) -> None:
    cleared.insert(BATCH)
    cleared.run()
    assert cleared.marks() == (None, None, None)
    assert len(cleared.answers()[0]) == BATCH


def test_a_run_judges_no_more_than_what_is_new(cleared: Source) -> None:
    cleared.insert(40, written=3)
    cleared.insert(3, written=2)
    assert "judged the jobs up to id" in cleared.run()
    until, last_id, walked_to = cleared.marks()
    assert until is not None
    assert (last_id, walked_to) == (43, None)
    assert cleared.kept.rows("select count(*) from int_unsettled_jobs") == [(3,)]
    assert "judged the jobs up to id" not in cleared.run()
    assert cleared.marks()[0] > until
    cleared.clear()
    cleared.run()
    assert cleared.marks() == (None, None, None)


def test_what_an_earlier_version_judged_is_judged_again_for_a_count(cleared: Source) -> None:
    cleared.insert(40, written=3)
    cleared.insert(3, written=2, status="failed")
    cleared.run()
    cleared.kept.execute("update int_known_gaps set executions = null, gaps = null, is_interrupted = null")
    listed = cleared.answers()[0]
    assert len(listed) == 3
    cleared.run()
    kept = "select executions, gaps, is_interrupted from int_known_gaps where job_id is not null"
    assert cleared.kept.rows(kept) == [(2, 1, True)] * 3
    assert cleared.answers()[0] == listed


def test_what_was_changed_behind_our_back_is_found_by_a_full_refresh(cleared: Source) -> None:
    cleared.insert(40, written=3)
    cleared.run()
    cleared.kept.execute("delete from executions where job_id = 7 and region = 'EU'")
    kept, whole = cleared.answers()
    assert kept == []
    assert [row[0] for row in whole] == ["7:eu-west:a:"]
    before = cleared.marks()[0]
    cleared.run("--full-refresh")
    kept, whole = cleared.answers()
    assert kept == whole
    assert cleared.marks()[0] >= before


def test_a_table_that_was_rewritten_is_judged_anew(cleared: Source) -> None:
    cleared.insert(40, written=3)
    cleared.run()
    cleared.kept.execute("truncate executions")
    kept, whole = cleared.answers()
    assert len(kept) == 120
    assert kept == whole
    cleared.run()
    assert len(cleared.kept.rows("select job_id from int_known_gaps where job_id is not null")) == 40
    assert cleared.answers() == (kept, whole)


PLAIN = "plain"
PARTITIONED = "partitioned"
VIEW = "view"
LAYOUTS = """
create schema layouts;
create table layouts.plain (id integer);
create table layouts.partitioned (id integer) partition by range (id);
create table layouts.first partition of layouts.partitioned for values from (0) to (100);
create table layouts.second partition of layouts.partitioned for values from (100) to (200);
create table layouts.below (id integer);
create view layouts.inner_view as select id from layouts.below;
create view layouts.view as
select partitioned.id from layouts.partitioned inner join layouts.inner_view using (id);
"""


@pytest.fixture(scope="module")
def files_query(source: Source) -> str:
    """What `source_files` makes of a table or view of each layout."""

    def files(layout: str) -> str:
        relation = f"api.Relation.create(database=target.database, schema='layouts', identifier='{layout}')"
        return f"{{{{ source_files({relation}) }}}}"

    source.kept.execute(LAYOUTS)
    inline = f"select {', '.join(map(files, (PLAIN, PARTITIONED, VIEW)))}"
    outcome = source.kept.run_dbt("compile", "--inline", inline, variables=KEPT)
    source.kept.execute("drop schema layouts cascade")
    return outcome.output[outcome.output.index("select ") :]


@pytest.fixture
def layouts(source: Source) -> Iterator[None]:
    source.kept.execute(LAYOUTS)
    yield
    source.kept.execute("drop schema layouts cascade")


@pytest.mark.usefixtures("layouts")
@pytest.mark.parametrize(
    ("statement", "moved"),
    [
        ("insert into layouts.partitioned values (1)", set()),
        ("truncate layouts.plain", {PLAIN}),
        ("truncate layouts.partitioned", {PARTITIONED, VIEW}),
        ("truncate layouts.below", {VIEW}),
        ("create table layouts.third partition of layouts.partitioned for values from (200) to (300)", set()),
        ("create or replace view layouts.inner_view as select id from layouts.plain", {VIEW}),
    ],
)
def test_a_judgment_rests_on_the_files_that_are_read(
    source: Source, files_query: str, statement: str, moved: set[str]
) -> None:
    def files() -> dict[str, Any]:
        (row,) = source.kept.rows(files_query)
        return dict(zip((PLAIN, PARTITIONED, VIEW), row, strict=True))

    before = files()
    source.kept.execute(statement)
    after = files()
    assert None not in before.values()
    assert {layout for layout in before if before[layout] != after[layout]} == moved


def test_a_setting_that_changes_the_rules_ends_every_judgment(cleared: Source) -> None:
    cleared.insert(40, written=3)
    cleared.run()
    outcome = cleared.kept.run_dbt("run", *JUDGED, variables=KEPT | {"region_aliases": {"EU": "eu-central"}})
    assert outcome.exit_code == 0, outcome.output
    assert cleared.kept.rows("select count(*) from missing_executions") == [(0,)]
    cleared.kept.execute("update executions set region = 'eu-west' where region = 'EU'")
    cleared.kept.execute("update int_known_gaps set basis = 'another' where job_id is null")
    assert cleared.kept.rows("select count(*) from missing_executions") == [(40,)]


def test_a_killed_run_loses_nothing_and_claims_nothing(cleared: Source) -> None:
    cleared.insert(400, written=2)
    run = cleared.start_walking()
    cleared.wait_for_a_step_of(run)
    run.kill()
    run.join()
    judged_until, _, walked_to = cleared.marks()
    assert judged_until is None
    assert 5 <= walked_to < 400
    kept, whole = cleared.answers()
    assert len(kept) == 400
    assert kept == whole
    assert f"of {400}" in cleared.run()
    assert cleared.marks()[0] is not None
    assert cleared.answers() == (kept, whole)


def test_two_runs_at_once_agree(cleared: Source) -> None:
    cleared.insert(150, written=2)
    run = cleared.start_walking()
    cleared.wait_for_a_step_of(run)
    cleared.run(variables=WALKING)
    run.join()
    assert run.exitcode == 0
    assert cleared.marks()[0] is not None
    assert len(cleared.kept.rows("select job_id from int_known_gaps where job_id is not null")) == 150
    kept, whole = cleared.answers()
    assert len(kept) == 150
    assert kept == whole


def test_the_mark_stays_behind_by_minutes_or_by_jobs(cleared: Source) -> None:
    overlap = {"completeness_overlap_minutes": 60, "completeness_overlap_jobs": 39}

    def mark(jobs: int) -> datetime:
        cleared.kept.execute(
            f"delete from executions where job_id > {jobs}",
            f"delete from jobs where id > {jobs}",
            "update int_known_gaps set basis = 'another' where job_id is null",
        )
        cleared.run(variables=KEPT | overlap)
        judged_until: datetime = cleared.marks()[0]
        return judged_until

    cleared.insert(60, written=3)
    cleared.kept.execute("update jobs set updated_at = now() at time zone 'UTC' - id * interval '1 second'")
    ((newest,),) = cleared.kept.rows("select max(updated_at) at time zone 'UTC' from jobs")
    assert mark(60) == newest - timedelta(seconds=39)
    assert mark(40) == newest - timedelta(seconds=39)
    assert mark(39) < newest - timedelta(minutes=50)


@pytest.mark.long
def test_only_a_run_that_is_far_behind_walks_again(cleared: Source) -> None:
    def walks() -> bool:
        return "judged the jobs up to id" in cleared.run(variables=WALKING)

    cleared.insert(110, written=2)
    assert walks()
    assert len(cleared.kept.rows("select job_id from int_known_gaps where job_id is not null")) == 110
    assert not walks()
    cleared.insert(110, written=3)
    assert walks()
    assert not walks()
    kept, whole = cleared.answers()
    assert len(kept) == 110
    assert kept == whole


@pytest.mark.parametrize("batch", [0, 1.5])
def test_a_batch_that_is_no_number_of_jobs_is_refused(cleared: Source, batch: float) -> None:
    outcome = cleared.kept.run_dbt(
        "run", "--select", "int_known_gaps", variables=KEPT | {"completeness_batch_jobs": batch}
    )
    assert outcome.exit_code != 0
    assert f"vars: completeness_batch_jobs must be a whole number from 1 on, got '{batch}'" in outcome.output
