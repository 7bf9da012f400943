from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import ROOT, Outcome, Warehouse
from oracle import Execution, Job, OutboxMessage, Pipeline
from pipelines import load
from sqlalchemy.engine import make_url
from summaries import COMMAND, POINTS, Controlled, control

from stuck_jobs.expectations.checkpoint import Kind, connection_url, run_checkpoint
from stuck_jobs.profile import Profile, ProfileOptions, load_profile

OVER = "update summary set state = 'breached', stuck_count = 4, max_count = 3, oldest_age_seconds = 7200"
AT_LIMIT = "update summary set stuck_count = 3, max_count = 3, oldest_age_seconds = 7200"
UNKNOWN = "update summary set state = 'unknown', evidence_at = null"
WARN = "update summary set severity = 'warn'"


@pytest.fixture(scope="session")
def controlled(new_built_warehouse: Callable[..., Warehouse]) -> Controlled:
    return control(new_built_warehouse)


def named(outcome: Outcome, kind: str) -> set[str]:
    """The points that have a line of this kind in the output."""
    return set(re.findall(rf"^{kind}: accumulation_points: (\w+) is ", outcome.output, re.MULTILINE))


# dbt's gate tests, validate and gate agree


HALF = set(POINTS[::2])
IN_HALF = f" where accumulation_point = any ('{{{','.join(sorted(HALF))}}}')"


@pytest.mark.parametrize(
    ("statements", "failed", "exit_codes"),
    [
        ([AT_LIMIT], set(), (0, 0, 0)),
        ([OVER], set(POINTS), (1, 1, 1)),
        ([OVER + IN_HALF], HALF, (1, 1, 1)),
        ([UNKNOWN], set(POINTS), (1, 1, 2)),
    ],
    ids=["at the limit", "all over it", "half over it", "all unknown"],
)
def test_the_three_checks_agree(
    controlled: Controlled, statements: list[str], failed: set[str], exit_codes: tuple[int, int, int]
) -> None:
    with controlled.where(*statements):
        tested, tests_failed = controlled.run_gate_tests("error")
        validated = controlled.run("validate")
        gated = controlled.run("gate", "--format", "json")
    assert (tested, validated.exit_code, gated.exit_code) == exit_codes
    assert tests_failed == failed
    assert named(validated, "failed") == failed
    points = json.loads(gated.output)["points"]
    assert {point["accumulation_point"] for point in points if point["counts"]} == failed


def test_a_breach_of_severity_warn_is_shown_by_all_and_fails_none(controlled: Controlled) -> None:
    with controlled.where(OVER, WARN):
        tested = controlled.run_gate_tests("warn")
        validated = controlled.run("validate")
        gated = controlled.run("gate", "--format", "json")
    assert tested == (0, set(POINTS))
    assert (validated.exit_code, gated.exit_code) == (0, 0)
    assert named(validated, "warning") == set(POINTS)
    assert {point["problem"] for point in json.loads(gated.output)["points"]} == {"breached"}


def test_faults_of_the_relation_are_caught(controlled: Controlled) -> None:
    at = "where accumulation_point ="
    with controlled.where(
        f"delete from summary {at} 'job_created'",
        f"insert into summary select * from summary {at} 'job_queued'",
        f"update summary set oldest_age_seconds = -1 {at} 'job_running'",
        f"update summary set state = null {at} 'job_processing'",
        f"update summary set accumulation_point = 'new' {at} 'worker_lost'",
        f"update summary set level = 'queue' {at} 'job_not_closed'",
        f"update summary set oldest_stuck_since = now() + interval '1 hour' {at} 'job_closed_early'",
    ):
        outcome = controlled.run("validate")
    assert outcome.exit_code == 1
    found = dict(re.findall(r"^failed: accumulation_points: (.+?): (.+)$", outcome.output, re.MULTILINE))
    missing = found["no point of dbt's last run is missing, or at another level"]
    assert set(re.findall(r"accumulation_point (\w+)", missing)) == {
        "job_created",
        "job_not_closed",
        "worker_lost",
    }
    assert "job_closed_early" in found["no date is in the future"]
    assert found["no point has a second row"] == "job_queued; job_queued"
    assert found["oldest_age_seconds is not negative"] == "-1"
    assert "job_processing" in found["job_processing is known"]
    assert found["accumulation_point is a known word"] == "new"


def test_an_empty_summary_is_caught(controlled: Controlled) -> None:
    with controlled.where("truncate summary"):
        outcome = controlled.run("validate")
    assert outcome.exit_code == 1
    assert "failed: accumulation_points: there is a row: found 0\n" in outcome.output


def test_a_disabled_point_is_not_missed(controlled: Controlled) -> None:
    disabled = "where accumulation_point = 'job_queued'"
    with controlled.where(f"delete from summary {disabled}"), controlled.warehouse.connect() as connection:
        forgotten = f"delete from accumulation_history {disabled} returning *"
        rows = connection.execute(forgotten).fetchall()
        connection.commit()
        try:
            assert controlled.run("validate").exit_code == 0
            assert controlled.run("gate").exit_code == 0
        finally:
            values = ", ".join(["%s"] * len(rows[0]))
            connection.cursor().executemany(f"insert into accumulation_history values ({values})", rows)


# What cannot be evaluated


def test_an_expectation_that_raises_is_not_passed(controlled: Controlled) -> None:
    broken = """
        create view accumulation_points as select
            accumulation_point, level, state, stuck_count, max_count, oldest_stuck_since,
            coalesce(oldest_age_seconds, 0)::text as oldest_age_seconds,
            severity, remedy, evidence_at, evidence
        from summary
    """
    controlled.warehouse.execute("drop view accumulation_points", broken)
    try:
        outcome = controlled.run("validate")
    finally:
        controlled.warehouse.execute(
            "drop view accumulation_points",
            "create view accumulation_points as select * from accumulation_points_v1",
        )
    assert outcome.exit_code == 2
    assert "not evaluated: accumulation_points: oldest_age_seconds is not negative: " in outcome.output
    assert "failed" not in outcome.output


def test_an_expectation_that_cannot_be_loaded_is_not_passed(controlled: Controlled, tmp_path: Path) -> None:
    root = tmp_path / "expectations"
    shutil.copytree(ROOT / "expectations", root)
    suite = root / "suites" / "queue_depths.json"
    content = json.loads(suite.read_text())
    content["expectations"][-1]["type"] = "expect_no_such_thing"
    suite.write_text(json.dumps(content))
    outcome = run_checkpoint(root, profile_of(controlled))
    assert outcome.exit_code == 2
    assert [(finding.kind, finding.relation) for finding in outcome.findings] == [
        (Kind.NOT_EVALUATED, "queue_depths")
    ]


def test_a_view_that_cannot_be_read_to_the_end_is_one_clear_line(controlled: Controlled) -> None:
    view = "select 1 / count(*)::int as queue_name from generate_series(1, 0)"
    controlled.warehouse.execute(
        "alter view queue_depths rename to kept", f"create view queue_depths as {view}"
    )
    try:
        outcome = controlled.run("validate")
    finally:
        controlled.warehouse.execute("drop view queue_depths", "alter view kept rename to queue_depths")
    assert outcome.exit_code == 2
    assert "division by zero" in outcome.output
    assert len(outcome.output.splitlines()) == 1


def test_temporary_tables_are_needed(controlled: Controlled) -> None:
    database = controlled.warehouse.libpq["PGDATABASE"]
    controlled.warehouse.execute(
        "create role without_temporary login",
        "grant usage on schema stuck_jobs to without_temporary",
        "grant select on all tables in schema stuck_jobs to without_temporary",
        f"revoke temporary on database {database} from public",
    )
    try:
        outcome = controlled.run("validate", PGUSER="without_temporary")
    finally:
        controlled.warehouse.execute(f"grant temporary on database {database} to public")
    assert outcome.exit_code == 2
    assert "permission denied to create temporary tables" in outcome.output


# How it runs


def profile_of(controlled: Controlled) -> Profile:
    with CliRunner().isolation(env=controlled.environment({})):
        return load_profile(ProfileOptions())


def test_each_relation_is_read_once(controlled: Controlled) -> None:
    """A sequence counts how often the summary is evaluated."""
    controlled.warehouse.execute(
        "create sequence readings",
        "create or replace view accumulation_points_v1 as"
        " with reading as materialized (select nextval('stuck_jobs.readings'))"
        " select summary.* from summary, reading",
    )
    try:
        assert controlled.run("validate").exit_code == 0
        assert controlled.warehouse.rows("select last_value, is_called from readings") == [(1, True)]
    finally:
        controlled.warehouse.execute(
            "create or replace view accumulation_points_v1 as select * from summary", "drop sequence readings"
        )


def test_a_cold_run_builds_the_docs_and_leaves_nothing_else(controlled: Controlled, tmp_path: Path) -> None:
    before = files_of_the_context()
    with controlled.where(f"{OVER} where accumulation_point = 'job_created'"):
        finished = controlled.run_apart(
            [COMMAND, "validate", "--docs", str(tmp_path / "docs")], PGPASSWORD="p$ss w%rd"
        )
    assert finished.returncode == 1, finished.stderr
    assert finished.stderr == ""
    (line,) = (line for line in finished.stdout.splitlines() if line.startswith("failed: "))
    assert line.startswith(
        "failed: accumulation_points: job_created is within its limit: accumulation_point job_created, "
        "state breached, stuck_count 4, max_count 3, oldest_age_seconds 7200, evidence_at "
    )
    pages = [path.read_text() for path in (tmp_path / "docs").rglob("*.html")]
    assert (tmp_path / "docs" / "index.html").is_file()
    assert any("job_created is within its limit" in page for page in pages)
    assert not [page for page in pages if re.search(r"p(\$|%24)ss", page)]
    assert files_of_the_context() == before


def files_of_the_context() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (ROOT / "expectations").rglob("*") if path.is_file()}


def test_the_url_is_that_of_the_profile() -> None:
    profile = Profile(
        host="/some where",
        port=6543,
        user="u&ser",
        dbname="d=b",
        schema='a "b',
        password="p$@/?&\\%",  # noqa: S106
        role="reader",
        search_path="public\t-c\tstatement_timeout=60s",
    )
    url = make_url(connection_url(profile))
    arguments = url.get_dialect()().create_connect_args(url)[1]
    options = "-c search_path=public\t-c\tstatement_timeout=60s"
    options += ' -c search_path="a\\ ""b" -c client_min_messages=warning -c role=reader'
    expected = profile.libpq | {"options": options}
    assert {name: str(value) for name, value in arguments.items()} == {
        name: str(value) for name, value in expected.items()
    }


# Real rows


def test_stuck_rows_fail_all_three(new_built_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = new_built_warehouse()
    spec = {"constraints": {"regions": ["US"]}, "metadata": {"models": ["m1"]}, "questions": ["q1"]}

    def ago(minutes: float) -> datetime:
        return datetime.now(UTC) - timedelta(minutes=minutes)

    jobs = (
        Job(1, "waits", spec, "created", ago(10), ago(10)),
        Job(2, "is-done", spec, "completed", ago(60), ago(50), ago(60), ago(50)),
    )
    executions = (Execution(1, 2, "modal", "us-east", "pending", None, None, "m1", "q1", ago(60)),)
    with warehouse.connect() as connection:
        load(
            connection,
            Pipeline(jobs, executions, (OutboxMessage(1, "jobs", {"id": "waits"}, ago(10), ago(10)),)),
        )
    stuck = {"job_created", "execution_pending", "job_closed_early", "pipeline_stalled"}
    outcome = warehouse.run_dbt("test", "--select", "tag:gate")
    assert outcome.exit_code == 1
    assert set(re.findall(r"Failure in test gate_(\w+)", outcome.output)) == stuck
    pipeline = Controlled(warehouse)
    validated, gated = pipeline.run("validate"), pipeline.run("gate", "--format", "json")
    assert (validated.exit_code, gated.exit_code) == (1, 1)
    assert named(validated, "failed") == stuck
    points: list[dict[str, Any]] = json.loads(gated.output)["points"]
    assert {point["accumulation_point"] for point in points if point["counts"]} == stuck
