"""The steps of CONTRIBUTING for a job system, followed for a toy one: a table of chores."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, Warehouse
from test_contributing import Edit, copy_sources, run

ENTRY = """\
{% macro system_of_toy() %}
    {{ return({
        'title': 'Toy',
        'schema': 'public',
        'versions': '1',
        'tables': {
            'jobs': {'name': 'chores', 'required': ['id', 'state', 'since'], 'optional': []},
        },
        'relations': ['stg_jobs', 'stg_watched_tables'],
        'points': {'job_queued': {'max_age_minutes': 60}, 'job_running': {}, 'job_unevaluable': {}},
    }) }}
{% endmacro %}
"""

SOURCES = """\
sources:
  - name: toy
    schema: "{{ var('source_schema') or 'public' }}"
    tables:
      - name: chores
"""

JOBS = """\
-- The chores, each with the time of its last change.
{{ config(enabled=is_system('toy')) }}

select
    id as job_id,
    id::text as jobspec_id,
    case state
        when 'to do' then 'queued' when 'doing' then 'running' when 'done' then 'completed' else state
    end as status,
    null::text as queue_name,
    null::text as job_kind,
    null::text as waits_for,
    null::bigint as attempts,
    true as is_polled,
    since as source_created_at,
    since as source_updated_at,
    since as created_at,
    since as ready_since,
    since as updated_at,
    since as started_at,
    since as completed_at,
    null::timestamptz as expires_at,
    null::xid as row_version
from {{ source('toy', 'chores') }}
"""

TABLES = """\
-- The watched table, with what hides rows of it.
{{ config(enabled=is_system('toy')) }}

{{ watched_tables([source('toy', 'chores')]) }}
"""

UNIT_TESTS = """\
unit_tests:
  - name: stg_jobs_of_toy
    description: A chore has the contract's words; NULL is no word.
    config: {enabled: "{{ var('job_system') == 'toy' }}"}
    model: stg_jobs
    given:
      - input: source('toy', 'chores')
        rows:
          - {id: 1, state: to do, since: "2026-01-15 12:00:00+00"}
          - {id: 2, state: null, since: null}
    expect:
      rows:
        - {job_id: 1, status: queued, ready_since: "2026-01-15 12:00:00+00"}
        - {job_id: 2, status: null, ready_since: null}
"""

FOLDER = "models/staging/toy"
STEPS = {
    "Enter it": [Edit("macros/systems/system_of_toy.sql", ENTRY)],
    "Stage it": [
        Edit(f"{FOLDER}/_sources.yml", SOURCES),
        Edit(f"{FOLDER}/stg_jobs.sql", JOBS),
        Edit(f"{FOLDER}/stg_watched_tables.sql", TABLES),
    ],
    "Test it": [Edit(f"{FOLDER}/_unit_tests.yml", UNIT_TESTS)],
    "Explain it": [
        Edit("docs/systems/toy.md", "# Toy\n\njob_queued, job_running, job_unevaluable.\n"),
        Edit(
            "docs/systems/README.md",
            "| [toy](toy.md) | 1 | job_queued, job_running, job_unevaluable | all others | none |\n",
            "| [procrastinate](procrastinate.md)",
        ),
    ],
    "Run it": [
        Edit(
            "tests/python/systems/test_toy.py",
            'def test_toy(system):\n    assert system.name == "toy"\n    assert system.found() == set()\n',
        )
    ],
}
"""What each step changes."""

TOLD = {
    "Enter it": "test_a_system_has_an_entry_with_points_that_exist",
    "Stage it": "test_its_folder_has_the_relations_that_the_entry_names",
    "Test it": "test_its_jobs_have_unit_tests",
    "Explain it": "test_its_page_names_the_points_that_it_proves",
    "Run it": "test_it_is_really_run",
}
"""The test that fails where a step was left out."""


def with_toy(project: Path, *, without: str | None = None) -> Path:
    """A copy of the project with the toy, but for a step."""
    copy_sources(project)
    for step, edits in STEPS.items():
        for edit in edits if step != without else ():
            edit.apply(project)
    return project


def judge_toy(project: Path) -> subprocess.CompletedProcess[str]:
    """Run the tests that hold for each system, in the copy."""
    options = ("-q", "-p", "no:cacheprovider", "-k", "toy")
    return run(project, sys.executable, "-m", "pytest", *options, "tests/python/test_systems.py")


def test_contributing_names_the_steps() -> None:
    section = (ROOT / "CONTRIBUTING.md").read_text().partition("## Add a job system")[2].partition("\n## ")[0]
    assert re.findall(r"^\d\. \*\*(.+?)\*\*", section, re.MULTILINE) == list(STEPS)


def test_a_system_that_follows_the_steps_is_watched(
    new_warehouse: Callable[[], Warehouse], tmp_path: Path
) -> None:
    project = with_toy(tmp_path / "project")
    warehouse = new_warehouse()
    warehouse.execute(
        "drop table jobs, executions, outbox",
        "create table chores (id bigint primary key, state text, since timestamptz)",
        """insert into chores values
            (1, 'to do', now() - interval '61 minutes'),
            (2, 'to do', now() - interval '30 minutes'),
            (3, 'doing', now() - interval '31 minutes'),
            (4, 'doing', now() - interval '5 minutes'),
            (5, 'done', now() - interval '1 day'), (6, 'leaking', now() - interval '1 day')""",
    )
    outcome = warehouse.run_dbt("build", project=project, variables={"job_system": "toy"}, own_process=True)
    assert set(re.findall(r"Failure in (?:\w+) (\w+)", outcome.output)) == {
        "gate_job_queued", "gate_job_running", "gate_job_unevaluable",
    }, outcome.output  # fmt: skip
    assert "stg_jobs::stg_jobs_of_toy" in outcome.output
    assert set(warehouse.rows("select accumulation_point, entity_id, cause from stuck_items")) == {
        ("job_queued", "1", "not_taken"),
        ("job_running", "3", "unknown"),
        ("job_unevaluable", "6", "unknown"),
    }
    told = judge_toy(project)
    assert told.returncode == 0, told.stdout


@pytest.mark.long
@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_is_left_out_is_told(tmp_path: Path, step: str) -> None:
    told = judge_toy(with_toy(tmp_path, without=step))
    assert told.returncode == 1, told.stdout
    assert f"{TOLD[step]}[toy]" in told.stdout
