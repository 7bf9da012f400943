"""The procedure that dbt leaves in the database does what a build does, whoever calls it."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import psycopg
import pytest
from conftest import ROOT, SOURCE_SCHEMA, Outcome, Warehouse, Warehouses, run_command
from test_completeness import BATCH, KEPT, Source, change

from stuck_jobs import embedded
from stuck_jobs.session.patience import PASSING

CALL = "call stuck_jobs.check()"
VERDICT = (
    "accumulation_point, level, state, stuck_count, max_count, oldest_stuck_since, severity, remedy, evidence"
)
OLD_JOB = """
insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)
values ('old', '{}', 'created', now() - interval '1 day', now() - interval '1 day')
"""
JOBS = 1000
"""In a history that is long in batches of five."""

GENEROUS = KEPT | {
    "completeness_batch_jobs": 6,
    "history_retention_days": 3,
    "thresholds": KEPT["thresholds"] | {"job_created": {"max_count": 1}, "job_queued": {"enabled": False}},
}
CRON = Path("/usr/share/postgresql/15/extension/pg_cron.control")
CRON_BINARIES = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="module", autouse=True)
def cron(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse | None]:
    """A server of Debian's with pg_cron, whose first check comes while other tests run."""
    if not (CRON.is_file() and (CRON_BINARIES / "initdb").is_file()):
        yield None
        return
    settings = {"shared_preload_libraries": "pg_cron", "cron.use_background_workers": "on"}
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("STUCK_JOBS_PG_BIN", str(CRON_BINARIES))
        server = embedded.start_postgres(settings)
    try:
        scratch = tmp_path_factory.mktemp("cron")
        shutil.copy(ROOT / "profiles.example.yml", scratch / "profiles.yml")
        warehouse = Warehouse(server.environment, scratch)
        warehouse.execute(SOURCE_SCHEMA, OLD_JOB, "create extension pg_cron")
        build(warehouse)
        warehouse.execute(f"select cron.schedule('* * * * *', '{CALL}')")
        yield warehouse
    finally:
        server.stop()


class Judged(Source):
    """The watched tables, and views whose judgments the procedure keeps."""

    def answers(self) -> tuple[list[Any], list[Any]]:
        """What the views say at one moment, and what they say where no judgment is kept."""
        query = (
            "select entity_id, cause, status, expected_executions, actual_executions from missing_executions"
        )
        with self.kept.connect() as connection:
            kept = connection.execute(f"{query} order by entity_id").fetchall()
            connection.execute("delete from int_known_gaps")
            whole = connection.execute(f"{query} order by entity_id").fetchall()
            connection.rollback()
        return kept, whole


@pytest.fixture(scope="module")
def empty(warehouses: Warehouses) -> Warehouse:
    """Views over tables in which nobody has any job yet."""
    warehouse = warehouses.new()
    build(warehouse)
    return warehouse


@pytest.fixture
def source(warehouses: Warehouses, empty: Warehouse) -> Judged:
    return Judged(warehouses.copy(empty))


def build(warehouse: Warehouse, *arguments: str) -> None:
    """Build what a check reads."""
    read = ("--select", "+accumulation_history", "+stuck_items", "int_recovery_settings")
    outcome = warehouse.run_dbt("run", *read, *arguments, variables=KEPT)
    assert outcome.exit_code == 0, outcome.output


def check(warehouse: Warehouse, **options: Any) -> str | None:
    """Call the procedure; the run_id that it returns."""
    with warehouse.connect(autocommit=True, **options) as connection:
        row = connection.execute(CALL).fetchone()
    assert row is not None
    return row[0]


def written(warehouse: Warehouse, run_id: str | None) -> list[tuple[Any, ...]]:
    return warehouse.rows(
        f"select {VERDICT} from accumulation_history where run_id = '{run_id}' order by accumulation_point"
    )


def is_what_the_views_say(warehouse: Warehouse) -> bool:
    """Whether a check writes what the views say at the same moment."""
    with warehouse.connect() as connection:
        row = connection.execute(CALL).fetchone()
        assert row is not None
        of_run = f"accumulation_history where run_id = '{row[0]}'"
        found, said = (
            connection.execute(f"select {VERDICT} from {relation} order by accumulation_point").fetchall()
            for relation in (of_run, "accumulation_points")
        )
    return found == said


def runs(warehouse: Warehouse) -> list[tuple[str, int]]:
    return warehouse.rows("select run_id, count(*) from accumulation_history group by run_id")


FIRST_RUN = "(select run_id from accumulation_history order by observed_at limit 1)"


# What it does


def test_it_answers_as_a_build_does_under_random_traffic(source: Judged) -> None:
    rng = Random(19)
    for _ in range(6):
        for _ in range(rng.randint(0, 12)):
            change(source, rng)
        check(source.kept)
        kept, whole = source.answers()
        assert kept == whole
        assert is_what_the_views_say(source.kept)
    time.sleep(1)  # so that nothing is too recent to be judged any more
    outcome = source.kept.run_dbt("run", "--select", "int_known_gaps", "accumulation_history", variables=KEPT)
    assert outcome.exit_code == 0, outcome.output
    ((built,),) = source.kept.rows(
        "select run_id from accumulation_history order by observed_at desc limit 1"
    )
    assert written(source.kept, built) == written(source.kept, check(source.kept))
    assert is_what_the_views_say(source.kept)


def test_it_judges_no_more_than_what_is_new(source: Judged) -> None:
    source.insert(40, written=3)
    source.insert(3, written=2)
    check(source.kept)
    until, last_id, walked_to = source.marks()
    assert until is not None
    assert (last_id, walked_to) == (43, None)
    assert source.kept.rows("select count(*) from int_unsettled_jobs") == [(3,)]
    check(source.kept)
    assert source.marks()[0] > until
    source.clear()
    check(source.kept)
    assert source.marks() == (None, None, None)


def test_it_goes_by_the_settings_that_were_built_in(source: Judged) -> None:
    source.kept.execute(OLD_JOB)

    def found() -> list[tuple[Any, ...]]:
        return [row[2:5] for row in written(source.kept, check(source.kept)) if row[0] == "job_created"]

    assert found() == [("breached", 1, 0)]
    summary = ("--select", "accumulation_points", "accumulation_history")
    outcome = source.kept.run_dbt("run", *summary, variables=GENEROUS)
    assert outcome.exit_code == 0, outcome.output
    assert found() == [("ok", 1, 1)]
    assert "job_queued" not in {row[0] for row in written(source.kept, check(source.kept))}


def test_it_is_made_anew_only_when_it_has_changed(source: Judged) -> None:
    procedures = (
        "select proname, xmin::text from pg_proc"
        " where prokind = 'p' and pronamespace = 'stuck_jobs'::regnamespace order by proname"
    )
    both = ("--select", "int_known_gaps", "accumulation_history")
    before = source.kept.rows(procedures)
    assert [name for name, _ in before] == ["check", "judge_history"]
    assert source.kept.run_dbt("run", *both, variables=KEPT).exit_code == 0
    assert source.kept.rows(procedures) == before
    assert source.kept.run_dbt("run", *both, variables=GENEROUS).exit_code == 0
    assert not {*before} & {*source.kept.rows(procedures)}


def test_old_runs_go_and_of_an_hour_ago_one_a_minute_stays(source: Judged) -> None:
    source.kept.execute("truncate accumulation_history")
    source.kept.execute(
        """
        insert into accumulation_history (run_id, observed_at, accumulation_point)
        select run_id, date_trunc('minute', now()) - ago, point
        from (
            values ('old', interval '31 days'), ('first', interval '90 minutes'),
                ('second', interval '90 minutes' - interval '5 seconds'), ('third', interval '89 minutes'),
                ('recent', interval '30 minutes'),
                ('recent too', interval '30 minutes' - interval '5 seconds')
        ) as runs (run_id, ago)
        cross join (values ('a'), ('b')) as points (point)
        """
    )
    run_id = check(source.kept)
    assert {name for name, _ in runs(source.kept)} == {"first", "third", "recent", "recent too", run_id}


# Whoever calls it


def test_it_works_in_a_transaction_and_leaves_nothing_behind(source: Judged) -> None:
    source.insert(3)
    settings = "select current_setting('search_path'), current_setting('enable_bitmapscan')"
    with source.kept.connect() as connection:
        before = connection.execute(settings).fetchone()
        row = connection.execute(CALL).fetchone()
        assert row is not None
        assert connection.execute(settings).fetchone() == before
    assert len(written(source.kept, row[0])) > 15
    assert source.kept.rows(
        "select count(*) from pg_locks where locktype = 'advisory'"
        " and database = (select oid from pg_database where datname = current_database())"
    ) == [(0,)]


def test_a_role_needs_what_the_document_grants(source: Judged) -> None:
    text = (ROOT / "docs" / "scheduling.md").read_text()
    grants = [
        statement
        for block in text.split("```sql\n")[1:]
        for statement in block.split("```")[0].split(";")
        if "grant" in statement
    ]
    source.kept.execute("create role scheduler login", *grants)
    try:
        with psycopg.connect(
            host=source.kept.libpq["PGHOST"],
            user="scheduler",
            dbname=source.kept.libpq["PGDATABASE"],
            autocommit=True,
        ) as connection:
            row = connection.execute(CALL).fetchone()
        assert row is not None
        assert len(written(source.kept, row[0])) > 15
    finally:
        source.kept.execute("drop owned by scheduler", "drop role scheduler")


def test_a_callers_search_path_leads_nowhere_else(source: Judged) -> None:
    shadow = "create function elsewhere.{} language sql as $$ select {} $$"
    source.kept.execute(
        "create schema elsewhere",
        shadow.format("now() returns timestamptz", "timestamptz '2000-01-01'"),
        shadow.format("hashtext(text) returns integer", "1 / 0"),
        shadow.format("gen_random_uuid() returns uuid", "(1 / 0)::text::uuid"),
    )
    with source.kept.connect(autocommit=True) as connection:
        connection.execute("set search_path = elsewhere, pg_catalog")
        row = connection.execute(CALL).fetchone()
    assert row is not None
    (recent,) = source.kept.rows(
        "select min(observed_at) > now() - interval '1 hour' from accumulation_history"
        f" where run_id = '{row[0]}'"
    )
    assert recent == (True,)


# Two at once, killed, replaced


def test_who_comes_while_another_is_at_it_leaves(source: Judged) -> None:
    before = runs(source.kept)
    notices: list[str] = []
    with source.kept.connect() as other, source.kept.connect(autocommit=True) as connection:
        other.execute("select pg_advisory_xact_lock(hashtext('stuck_jobs check'))")
        connection.add_notice_handler(lambda notice: notices.append(str(notice.message_primary)))
        assert connection.execute(CALL).fetchone() == (None,)
    assert notices == ["another check is under way"]
    assert runs(source.kept) == before


def test_many_at_once_write_whole_runs(source: Judged) -> None:
    source.insert(20)
    errors: list[Exception] = []

    def call() -> None:
        try:
            for _ in range(5):
                check(source.kept)
        except Exception as error:
            errors.append(error)

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert errors == []
    assert len({points for _, points in runs(source.kept)}) == 1
    kept, whole = source.answers()
    assert kept == whole


@contextmanager
def walk(source: Judged) -> Iterator[tuple[psycopg.Connection[Any], list[str]]]:
    """A check that walks through many jobs, a few at a time, under way; and what comes of it."""
    source.insert(JOBS, written=2)
    ended: list[str] = []
    with source.kept.connect(autocommit=True) as connection:

        def call() -> None:
            try:
                connection.execute(CALL)
            except psycopg.Error as error:
                ended.append(str(error))
            else:
                ended.append("done")

        caller = threading.Thread(target=call)
        caller.start()
        deadline = time.monotonic() + 60
        while (source.marks()[2] or 0) < BATCH:
            assert time.monotonic() < deadline
            assert not ended
        yield connection, ended
        caller.join()


def test_a_killed_one_loses_nothing_and_claims_nothing(source: Judged) -> None:
    before = runs(source.kept)
    with walk(source) as (connection, ended):
        source.kept.execute(f"select pg_terminate_backend({connection.info.backend_pid})")
    assert "terminating connection" in ended[0]
    judged_until, _, walked_to = source.marks()
    assert judged_until is None
    assert BATCH <= walked_to < JOBS
    assert runs(source.kept) == before
    assert len(written(source.kept, check(source.kept))) > 15
    assert source.marks()[0] is not None
    kept, whole = source.answers()
    assert len(kept) == JOBS
    assert kept == whole


def test_two_walks_at_once_agree(source: Judged) -> None:
    with walk(source) as (_, ended):
        check(source.kept)
    assert ended == ["done"]
    kept, whole = source.answers()
    assert len(kept) == JOBS
    assert kept == whole


def test_a_time_limit_ends_a_walk_at_a_batch(source: Judged) -> None:
    source.insert(JOBS, written=2)
    with source.kept.connect(autocommit=True) as connection:
        connection.execute("set statement_timeout = '200ms'")
        reached = [0]
        while True:
            try:
                connection.execute(CALL)
                break
            except (psycopg.errors.ObjectNotInPrerequisiteState, psycopg.errors.QueryCanceled):
                reached.append(source.marks()[2] or JOBS)
                assert reached[-1] >= reached[-2]
                assert len(reached) < 200
    assert source.marks()[0] is not None


@contextmanager
def calling(warehouse: Warehouse) -> Iterator[list[type[BaseException] | None]]:
    """Check after check, for the length of a `with` block; and what came of each."""
    outcomes: list[type[BaseException] | None] = []
    over = threading.Event()

    def call() -> None:
        with warehouse.connect(autocommit=True) as connection:
            connection.execute("set lock_timeout = '5s'")
            while not over.is_set():
                try:
                    connection.execute(CALL)
                    outcomes.append(None)
                except psycopg.Error as error:
                    outcomes.append(type(error))
                time.sleep(0.01)

    caller = threading.Thread(target=call)
    caller.start()
    try:
        yield outcomes
    finally:
        over.set()
        caller.join()


def test_views_may_step_aside_and_come_back_meanwhile(source: Judged) -> None:
    """Nothing is forgotten, and no verdict is written that rests on a view which reads nothing."""
    source.insert(40, written=2)
    source.kept.execute(OLD_JOB)
    check(source.kept)
    known = "select job_id, judged_id from int_known_gaps order by job_id"
    before = source.kept.rows(known)
    with calling(source.kept) as outcomes:
        assert command(source.kept, "step-aside").exit_code == 0
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="run dbt build"):
            check(source.kept)
        outcome = command(source.kept, "check")
        assert (outcome.exit_code, outcome.output.count("\n")) == (2, 1)
        build(source.kept)
        check(source.kept)
    assert {*outcomes} <= {None, psycopg.errors.ObjectNotInPrerequisiteState, *PASSING}
    assert source.kept.rows(known) == before
    verdicts = source.kept.rows(
        "select accumulation_point, stuck_count from accumulation_history"
        " where accumulation_point in ('job_created', 'execution_missing')"
        f" and run_id <> {FIRST_RUN} group by 1, 2 order by 1"
    )
    assert verdicts == [("execution_missing", 40), ("job_created", 1)]


WAITING = """
select from pg_locks
where not granted and database = (select oid from pg_database where datname = current_database())
"""


def test_a_deadlock_keeps_no_view_from_stepping_aside(source: Judged) -> None:
    """Who reads two views may hold the one that is the last to step aside, and want the first."""
    ((first, last),) = source.kept.rows(
        "select min(viewname), max(viewname) from pg_views where schemaname = 'stuck_jobs'"
    )
    holds = threading.Event()

    def read_both() -> None:
        with source.kept.connect() as reader:
            reader.execute("set deadlock_timeout = '1min'")
            reader.execute(f"select from {last}".encode())
            holds.set()
            while not source.kept.rows(WAITING):
                time.sleep(0.01)
            reader.execute(f"select from {first}".encode())

    reading = threading.Thread(target=read_both, daemon=True)
    reading.start()
    assert holds.wait(timeout=60)
    outcome = command(source.kept, "step-aside")
    assert outcome.exit_code == 0, outcome.output
    reading.join()
    assert source.kept.rows(f"select from {first}") == []


def test_views_may_be_replaced_meanwhile(source: Judged) -> None:
    source.insert(20)
    with calling(source.kept) as outcomes:
        build(source.kept, "--full-refresh")
    assert outcomes.count(None) > 3
    assert {*outcomes} <= {None, *PASSING}


def test_a_summary_that_lacks_a_point_is_not_written(source: Judged) -> None:
    before = runs(source.kept)
    ((view,),) = source.kept.rows("select pg_get_viewdef('accumulation_points_v1'::regclass)")
    three = f"select * from ({view.strip().rstrip(';')}) as points limit 3"
    source.kept.execute(f"create or replace view accumulation_points_v1 as {three}")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="has 3 rows in place of"):
        check(source.kept)
    assert runs(source.kept) == before


# The command


def command(warehouse: Warehouse, *arguments: str, **variables: str | None) -> Outcome:
    ours = ("PG", "DBT_", "STUCK_JOBS_", "REDIS_")
    cleared: dict[str, Any] = {name: None for name in os.environ if name.startswith(ours)}
    chosen = {"DBT_PROFILES_DIR": str(warehouse.scratch), "STUCK_JOBS_SCHEMA": warehouse.schema}
    return run_command(arguments, cleared | warehouse.libpq | chosen | variables)


def test_the_command_ends_and_answers_as_the_gate(source: Judged) -> None:
    before = len(runs(source.kept))
    assert command(source.kept, "check").exit_code == 0
    source.kept.execute(OLD_JOB)
    point = ("--point", "job_created")
    for arguments in ((), ("--format", "github"), point, ("--level", "execution"), ("--severity", "warn")):
        checked = command(source.kept, "check", *arguments)
        gated = command(source.kept, "gate", *arguments)
        assert checked == gated
        assert checked.exit_code == (0 if "execution" in arguments else 1)
    told = json.loads(command(source.kept, "check", "--format", "json", *point).output)
    assert (told["gate"], told["points"][0]["stuck_count"], len(told["oldest_items"])) == ("closed", 1, 1)
    assert len(runs(source.kept)) == before + 7


def test_without_the_procedure_there_is_no_answer(source: Judged) -> None:
    source.kept.execute("drop procedure stuck_jobs.check")
    for variables in ({}, {"STUCK_JOBS_SCHEMA": "nowhere"}, {"PGDATABASE": "nowhere"}):
        outcome = command(source.kept, "check", **variables)
        assert (outcome.exit_code, outcome.output.count("\n")) == (2, 1), outcome.output
    assert "run dbt build first" in command(source.kept, "check").output


# pg_cron; last, for it comes once a minute


def test_pg_cron_may_call_it(cron: Warehouse | None) -> None:
    if cron is None:
        pytest.skip("Debian's postgresql-15-cron is not installed")
    details = (
        "select status, return_message from cron.job_run_details where status in ('succeeded', 'failed')"
    )
    deadline = time.monotonic() + 90
    while not (ended := cron.rows(details)):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert {status for status, _ in ended} == {"succeeded"}, ended
    verdicts = cron.rows(
        "select state, stuck_count from accumulation_history"
        " where accumulation_point = 'job_created' order by observed_at"
    )
    assert len(verdicts) > 1
    assert {*verdicts} == {("breached", 1)}
