"""Another project with this one as a package: integration_tests, whose pipeline is deliberately bad."""

from __future__ import annotations

import csv
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from conftest import ROOT, Outcome, Warehouse, copy_project
from dbt.cli.main import dbtRunner

SCHEMA = "Ops watch"
READER = "integration reader"
DOCUMENT = (ROOT / "docs" / "package.md").read_text()
BUILD = ("build", "--exclude-resource-type", "unit_test")
TOLERATED = {"queue_orphan"}
"""Points with a finding that the project's own limits allow."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_project(tmp_path_factory.mktemp("clone")) / "integration_tests"


@pytest.fixture(scope="module")
def warehouse(new_warehouse: Callable[[], Warehouse]) -> Warehouse:
    """The project's own schema is the profile's; the package's is another."""
    return new_warehouse().in_schema("own")


@pytest.fixture(scope="module")
def build(warehouse: Warehouse, project: Path) -> Outcome:
    """The first build of everything but the unit tests, for which the pipeline plays no part."""
    installed = dbtRunner().invoke(
        ["deps", "--quiet", "--project-dir", str(project), "--profiles-dir", str(warehouse.scratch)]
    )
    assert installed.success
    return warehouse.run_dbt(*BUILD, project=project, own_process=True)


def points_with_findings(project: Path) -> set[str]:
    with (project / "seeds" / "expected_findings.csv").open() as file:
        return {row["accumulation_point"] for row in csv.DictReader(file)}


def relations(warehouse: Warehouse, schema: str) -> dict[str, tuple[str, int]]:
    """The type and the oid of each relation of a schema, by name."""
    query = (
        "select relname, relkind::text, oid from pg_class"
        f" where relnamespace = '\"{schema}\"'::regnamespace and relkind in ('r', 'v')"
    )
    return {name: (kind, oid) for name, kind, oid in warehouse.rows(query)}


def test_the_package_is_parsed_without_a_word(build: Outcome) -> None:
    parsed, *_ = build.output.partition("Concurrency:")
    assert "Found " in parsed
    assert not re.search(r"warn|deprecat", parsed, re.IGNORECASE), parsed


def test_what_is_stuck_is_found_and_nothing_else(build: Outcome) -> None:
    assert re.search(r"PASS findings_are_as_expected", build.output), build.output


def test_the_build_fails_at_the_gates_of_what_is_stuck_alone(build: Outcome, project: Path) -> None:
    points = points_with_findings(project)
    assert build.exit_code == 1
    failed = re.findall(r"Failure in (?:test|model|unit_test|seed) (\w+)", build.output)
    assert sorted(failed) == sorted(f"gate_{point}" for point in points - TOLERATED)
    assert re.findall(r"Warning in test (\w+)", build.output) == ["gate_of_ours"]
    assert "SKIP=0" in build.output
    reported = set(re.findall(r"gate: (\w+) is breached", build.output))
    assert reported == points - TOLERATED


def test_disabled_points_are_absent(build: Outcome, warehouse: Warehouse) -> None:  # noqa: ARG001
    points = {
        point for (point,) in warehouse.rows(f'select accumulation_point from "{SCHEMA}".accumulation_points')
    }
    assert "execution_running" in points
    assert "execution_pending" not in points


@pytest.mark.usefixtures("build")
def test_the_views_are_in_the_schema_of_the_variable_and_may_be_read(warehouse: Warehouse) -> None:
    assert set(relations(warehouse, "own")) == {"expected_findings", "job_status", "stuck_by_level"}
    ours = relations(warehouse, SCHEMA)
    assert {name for name, (kind, _) in ours.items() if kind == "r"} == {
        "accumulation_history",
        "int_known_gaps",
    }
    assert {"stale_jobs", "stale_jobs_v1", "job_status", "stg_jobs"} <= set(ours)
    with warehouse.connect() as connection:
        connection.execute(f'set role "{READER}"')
        connection.execute(f'select * from "{SCHEMA}".job_status')
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f'select * from "{SCHEMA}".stg_jobs')


def test_one_level_alone_replaces_its_views_in_place_and_the_projects_own_as_dbt_does(
    build: Outcome, warehouse: Warehouse, project: Path
) -> None:
    warehouse.execute(f'create view queue as select * from "{SCHEMA}".queue_backlog')
    before = relations(warehouse, "own"), relations(warehouse, SCHEMA)
    selected = (
        "--select",
        "stuck_jobs.detection.queue",
        "stuck_jobs_integration.job_status",
        "--exclude",
        "gate_of_ours",
    )
    outcome = warehouse.run_dbt("build", *selected, project=project)
    assert outcome.exit_code == 0, outcome.output
    assert set(re.findall(r"OK created sql view_in_place model (.*?)_v1", outcome.output)) == {
        f"{SCHEMA}.{view}"
        for view in ("blocked_jobs", "dead_letters", "queue_backlog", "queue_depths", "queue_mismatches")
    }, build.output
    assert "PASS queue_backlog_well_formed" in outcome.output
    assert "PASS queue_backlog::queue_backlog_beyond_its_limits" in outcome.output
    after = relations(warehouse, "own"), relations(warehouse, SCHEMA)
    assert after[1] == before[1]
    assert after[0]["queue"] == before[0]["queue"]
    assert after[0]["job_status"] != before[0]["job_status"]
    warehouse.execute("drop view queue")


# What docs/package.md says


@pytest.mark.usefixtures("build")
def test_the_selections_of_the_document_are_of_the_package(warehouse: Warehouse, project: Path) -> None:
    chosen = re.findall(r"^dbt \w+ (--(?:select|exclude) .*)$", DOCUMENT, re.MULTILINE)
    assert len(chosen) == 4
    for arguments in chosen:
        outcome = warehouse.run_dbt("ls", *arguments.split(), project=project)
        found = re.findall(
            r"^(?:\w+:)?(stuck_jobs\w*)\.(?!findings_are_as_expected)[\w.]+$", outcome.output, re.MULTILINE
        )
        selected = {"stuck_jobs"} if "--select" in arguments else {"stuck_jobs", "stuck_jobs_integration"}
        assert set(found) == selected, outcome.output
        assert ("unit_test:" in outcome.output) == arguments.endswith(("queue", "stuck_jobs"))


@pytest.mark.usefixtures("build")
def test_the_gate_finds_the_views_of_the_package(warehouse: Warehouse, project: Path) -> None:
    (command,) = re.findall(r"^stuck-jobs gate .*$", DOCUMENT, re.MULTILINE)
    found = {"STUCK_JOBS_SCHEMA": SCHEMA, "DBT_PROFILES_DIR": str(warehouse.scratch)} | warehouse.libpq
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    finished = subprocess.run(
        shlex.split(command),
        cwd=project,
        env=found | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 1, finished.stdout + finished.stderr
    assert "queue_retry_overdue" in finished.stdout


def test_the_document_builds_the_project_as_this_test_does() -> None:
    commands = f"cd integration_tests && dbt deps && dbt {' '.join(BUILD)}"
    assert f"stuck-jobs sandbox -- sh -c '{commands}'" in DOCUMENT
