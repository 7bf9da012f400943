"""The five steps of CONTRIBUTING, followed for a toy point: an outbox message that names no job."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ROOT

COPIED = (
    "dbt_project.yml", "docs", "expectations", "macros", "models", "profiles.example.yml", "selectors.yml",
    "src", "tests/generic", "tests/python", "tests/singular",
)  # fmt: skip


@dataclass(frozen=True)
class Edit:
    """Text that is put before an anchor, which occurs once in a file; without one it makes the file."""

    path: str
    text: str
    anchor: str = ""

    def apply(self, project: Path) -> None:
        path = project / self.path
        if not self.anchor:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.text)
            return
        before = path.read_text()
        assert before.count(self.anchor) == 1, f"{self.anchor!r} in {self.path}"
        path.write_text(before.replace(self.anchor, self.text + self.anchor))


PAGE = """\
# outbox_unaddressed

| level | view | limit | max_count | severity | remedy |
|---|---|---|---|---|---|
| database | unpublished_outbox | max_age_minutes 1 | 0 | error | none |

## Why it is flagged
No worker can tell what the message is for.

## How it is found
`unpublished_outbox` lists it.

## Example
| entity_id | jobspec_id | status | stuck_since | threshold_seconds | cause |
|---|---|---|---|---|---|
| 7 |  | unaddressed | 2026-01-15 11:20:04+00 | 60 | unknown |

## Causes
| cause | what it means |
|---|---|
| unknown | The table does not say who wrote it. |

## What to do
Look at its payload.

## Changing the limit
```yaml
vars:
  thresholds:
    outbox_unaddressed: {max_age_minutes: 2}
```
"""

BRANCH = """
union all

select
    'outbox_unaddressed' as accumulation_point,
    'outbox_message' as entity_type,
    outbox_id::text as entity_id,
    jobspec_id,
    'unaddressed' as status,
    created_at as stuck_since,
    {{ seconds_since('created_at') }} as age_seconds,
    extract(epoch from {{ max_age('outbox_unaddressed') }})::bigint as threshold_seconds,
    'unknown' as cause,
    topic as queue_name,
    null::text as job_kind,
    {{ longer_than("'names no job since'", 'created_at', max_age('outbox_unaddressed')) }} as evidence,
    outbox_id::text as outbox_id,
    topic
from {{ ref('stg_outbox') }}
where
    jobspec_id is null
    and created_at < {{ as_of() }} - {{ max_age('outbox_unaddressed') }}
    and 'outbox_unaddressed' in {{ enabled_points() }}
"""

STORY = '''
def addressed_to_nobody(world: World, sent_at: datetime) -> None:
    """The message names no job."""
    world.blame("outbox_unaddressed", world._announce({}, sent_at, published=True), "unknown")


'''

ORACLE = """\
                *(
                    self._row(
                        "outbox_unaddressed", "outbox_message", message.id, None, "unaddressed",
                        message.created_at, "unknown",
                    )
                    for message in self.pipeline.outbox
                    if payload_jobspec_id(message.payload) is None
                    and self._older("outbox_unaddressed", message.created_at)
                ),
"""

VIEW = "models/detection/database/unpublished_outbox"
STORIES = "src/stuck_jobs/demo/stories.py"
STEPS = {
    "Name it": [
        Edit(
            "macros/registry/default_registry.sql",
            "        'outbox_unaddressed': {'level': 'database', 'max_age_minutes': 1},\n",
            "        'outbox_unpublished':",
        ),
        Edit(
            "macros/systems/system_of_pipeline.sql",
            "            'outbox_unaddressed': {},\n",
            "            'outbox_unpublished':",
        ),
    ],
    "List its items": [
        Edit("macros/registry/detections.sql", "'outbox_unaddressed', ", "'outbox_unpublished'],"),
        Edit(f"{VIEW}.yml", "outbox_unaddressed, ", "outbox_unpublished]\n            causes:"),
    ],
    "Gate it": [
        Edit(
            "models/monitoring/accumulation_points.yml",
            "      - within_limit:\n"
            "          name: gate_outbox_unaddressed\n"
            "          arguments: {point: outbox_unaddressed}\n",
            "      - within_limit:\n          name: gate_outbox_unpublished\n",
        )
    ],
    "Break it": [
        Edit(STORIES, STORY, "def publication_not_noted("),
        Edit(
            STORIES, "    Story(addressed_to_nobody, 5, (HOUR, DAY)),\n", "    Story(publication_not_noted,"
        ),
        Edit(
            "tests/python/test_generator.py",
            '    "outbox_unaddressed": {"unknown"},\n',
            '    "outbox_unpublished": {"unknown"},\n',
        ),
        Edit(
            "tests/python/oracle.py",
            '    "outbox_unaddressed": Point("database", 1, "none"),\n',
            '    "outbox_unpublished": Point(',
        ),
        Edit(
            "tests/python/oracle.py",
            ORACLE,
            "                *self.failure_bursts(),",
        ),
    ],
    "Explain it": [
        Edit("docs/points/outbox_unaddressed.md", PAGE),
        Edit(
            "docs/points/README.md",
            "| database | [outbox_unaddressed](outbox_unaddressed.md) | a message for no job | error |\n",
            "| database | [outbox_unpublished]",
        ),
    ],
}
"""What each step changes; `follow` adds the branch, and runs the commands that two of them name."""

FOLLOWED = {
    "Name it": "test_expectations.py::test_every_point_has_its_gate_and_its_expectations",
    "List its items": "test_expectations.py::test_every_view_is_counted_with_all_of_its_points",
    "Gate it": "test_expectations.py::test_every_point_has_its_gate_and_its_expectations",
    "Break it": "test_generator.py::test_every_point_is_broken_or_not_on_purpose",
    "Explain it": "test_readme.py::test_every_point_has_its_page_and_its_row_in_the_index",
}
"""The test that fails where a step was left out."""

ALSO_PASS = (
    "test_expectations.py::test_the_files_are_up_to_date",
    "test_generator.py::test_exactly_what_was_broken_is_stuck",
    "test_generator.py::test_every_point_and_every_cause_occurs",
    "test_readme.py::test_the_picture_of_the_demo_has_every_point",
    "test_readme.py::test_a_page_says_what_the_registry_says[outbox_unaddressed]",
    "test_readme.py::test_an_example_has_columns_and_a_cause_that_exist[outbox_unaddressed]",
    "test_readme.py::test_the_pages_name_the_causes_that_the_views_promise",
    "test_readme.py::test_settings_in_a_document_exist[docs/points/outbox_unaddressed.md]",
)


def copy_sources(project: Path) -> None:
    """Copy what the steps change, and what tests it."""
    for name in COPIED:
        source, copy = ROOT / name, project / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__", "uncommitted"))
        else:
            shutil.copy(source, copy)


def follow(project: Path, *, without: str | None = None, generates: bool = False) -> None:
    """Copy the project, and follow the steps in the copy, all but one; perhaps generate the expectations."""
    copy_sources(project)
    for step, edits in STEPS.items():
        if step == without:
            continue
        for edit in edits:
            edit.apply(project)
        if step == "List its items":
            view = project / f"{VIEW}_v1.sql"
            view.write_text(view.read_text() + BRANCH)
        if step == "Gate it" and generates:
            run(project, sys.executable, "-m", "stuck_jobs.expectations.generate")


def run(project: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program in the copy, whose package it imports."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "DBT_", "STUCK_JOBS_S"))}
    return subprocess.run(
        command,
        cwd=project,
        env=inherited | {"PYTHONPATH": str(project / "src")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def run_tests(project: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    paths = [f"tests/python/{test}" for test in tests]
    return run(project, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *paths)


def test_contributing_names_the_steps_and_their_files() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    section = text.partition("## Add an accumulation point")[2].partition("\n## ")[0]
    steps = re.findall(r"^\d\. \*\*(.+?)\*\*((?:.*\n)(?:   .*\n)*)", section, re.MULTILINE)
    assert [name for name, _ in steps] == list(STEPS)
    for name, words in steps:
        linked = set(re.findall(r"\]\(([\w/.]+)\)", words))
        assert linked <= {edit.path for edit in STEPS[name]}, name


def test_a_point_that_follows_the_steps_is_found_gated_and_expected(tmp_path: Path) -> None:
    follow(tmp_path, generates=True)
    program = Path(sys.executable).with_name("stuck-jobs")
    demo = run(tmp_path, program, "demo", "--jobs", "200", "--svg", "docs/images/demo.svg")
    assert demo.returncode == 0, demo.stderr
    assert re.search(r"^\w+ +outbox_unaddressed +breached +5 ", demo.stdout, re.MULTILINE), demo.stdout
    assert "things broken on purpose were found, and nothing else" in demo.stdout
    finished = run_tests(tmp_path, *FOLLOWED.values(), *ALSO_PASS)
    assert finished.returncode == 0, finished.stdout


@pytest.mark.long
@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_is_left_out_is_noticed(tmp_path: Path, step: str) -> None:
    follow(tmp_path, without=step)
    finished = run_tests(tmp_path, FOLLOWED[step])
    assert finished.returncode == 1, finished.stdout
    assert "1 failed" in finished.stdout


@pytest.mark.long
def test_expectations_that_are_not_generated_are_noticed(tmp_path: Path) -> None:
    follow(tmp_path)
    finished = run_tests(tmp_path, ALSO_PASS[0])
    assert finished.returncode == 1, finished.stdout
