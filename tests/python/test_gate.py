from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, Warehouse
from summaries import COMMAND, POINTS, Controlled, control

OVER = "update summary set state = 'breached', stuck_count = 4, max_count = 3, oldest_age_seconds = 7200"
AT_LIMIT = "update summary set stuck_count = 3, max_count = 3, oldest_age_seconds = 7200"
UNKNOWN = "update summary set state = 'unknown', evidence_at = null"
WARN = "update summary set severity = 'warn'"


@pytest.fixture(scope="session")
def controlled(new_built_warehouse: Callable[..., Warehouse]) -> Controlled:
    return control(new_built_warehouse, has_items=False)


def judged(controlled: Controlled, *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code, and what is said of each point."""
    outcome = controlled.run("gate", "--format", "json", *arguments)
    verdict = json.loads(outcome.output)
    assert verdict["exit_code"] == outcome.exit_code
    return outcome.exit_code, {point["accumulation_point"]: point for point in verdict["points"]}


def counted(points: dict[str, dict[str, Any]]) -> set[str]:
    return {name for name, point in points.items() if point["counts"]}


@pytest.mark.parametrize("point", POINTS)
def test_each_point_closes_the_gate_by_name(controlled: Controlled, point: str) -> None:
    this = f" where accumulation_point = '{point}'"
    with controlled.where(AT_LIMIT + this):
        code, points = judged(controlled)
        assert (code, counted(points), points[point]["problem"]) == (0, set(), None)
    with controlled.where(OVER + this):
        code, points = judged(controlled)
        assert (code, counted(points), points[point]["problem"]) == (1, {point}, "breached")
    with controlled.where(UNKNOWN + this):
        code, points = judged(controlled)
        assert (code, counted(points), points[point]["problem"]) == (2, {point}, "unknown")
    with controlled.where(OVER + this, WARN + this):
        code, points = judged(controlled)
        assert (code, counted(points), points[point]["problem"]) == (0, set(), "breached")
        code, points = judged(controlled, "--severity", "warn")
        assert (code, counted(points)) == (1, {point})


def test_a_summary_that_contradicts_itself_is_breached(controlled: Controlled) -> None:
    with controlled.where("update summary set stuck_count = 1 where accumulation_point = 'job_queued'"):
        code, points = judged(controlled)
    assert (code, counted(points)) == (1, {"job_queued"})


def test_over_the_limit_outweighs_unknown(controlled: Controlled) -> None:
    with controlled.where(
        f"{OVER} where accumulation_point = 'job_queued'",
        f"{UNKNOWN} where accumulation_point = 'worker_lost'",
    ):
        assert controlled.run("gate").exit_code == 1
        assert controlled.run("gate", "--level", "worker").exit_code == 2
        assert controlled.run("gate", "--level", "execution").exit_code == 0
        assert controlled.run("gate", "--level", "worker", "--level", "database").exit_code == 1
        assert controlled.run("gate", "--point", "worker_lost").exit_code == 2
        assert controlled.run("gate", "--point", "job_created", "--point", "job_running").exit_code == 0


def test_the_table_names_what_counts_and_what_does_not(controlled: Controlled) -> None:
    with controlled.where(
        f"{OVER} where accumulation_point in ('job_queued', 'queue_orphan')",
        f"{WARN} where accumulation_point = 'queue_orphan'",
    ):
        output = controlled.run("gate").output
        assert re.search(r"queue +queue_orphan +breached +4 +3 +2 h", output)
        assert "Gate closed: job_queued is over its limit: 4 stuck, 3 allowed, the oldest for 2 h\n" in output
        output = controlled.run("gate", "--level", "queue").output
        assert "Gate open: 5 points ok, not counted: queue_orphan" in output


def test_many_reasons_are_a_line_each_and_the_last_line_is_short(controlled: Controlled) -> None:
    with controlled.where(OVER, f"{UNKNOWN} where accumulation_point = 'worker_lost'"):
        for columns in ("80", None):
            lines = controlled.run("gate", COLUMNS=columns).output.splitlines()
            total = len(POINTS)
            assert lines[-1] == (
                f"Gate closed: {total - 1} of {total} points over their limit, 1 of {total} points unknown"
            )
            assert sum(" is over its limit: " in line for line in lines) == total - 1
            assert max(map(len, lines)) < 120


def test_a_baseline_that_is_saved_is_no_open_gate(controlled: Controlled, tmp_path: Path) -> None:
    path = tmp_path / "accepted.json"
    with controlled.where(OVER):
        for shown_as in ("table", "github"):
            output = controlled.run("gate", "--save-baseline", str(path), "--format", shown_as).output
            total = len(POINTS)
            assert output.splitlines()[-1] == (
                f"Baseline saved: {path} has {total} of {total} points over their limit,"
                " which do not count from now on"
            )
            assert "Gate open" not in output
        accepted = controlled.run("gate", "--baseline", str(path)).output.splitlines()[-1]
    assert accepted == f"Gate open: 0 points ok, not counted: {len(POINTS)} points"


def test_annotations_are_errors_and_warnings(controlled: Controlled) -> None:
    with controlled.where(
        f"{OVER} where accumulation_point in ('job_queued', 'queue_orphan')",
        f"{WARN} where accumulation_point = 'queue_orphan'",
    ):
        outcome = controlled.run("gate", "--format", "github")
    assert outcome.output.splitlines()[:2] == [
        "::error title=job_queued::is over its limit: 4 stuck, 3 allowed, the oldest for 2 h",
        "::warning title=queue_orphan::is over its limit: 4 stuck, 3 allowed, the oldest for 2 h",
    ]


def test_annotations_escape_what_github_would_read_as_syntax(controlled: Controlled) -> None:
    with controlled.where(
        "insert into summary select (jsonb_populate_record(summary, to_jsonb(summary)"
        ' || \'{"accumulation_point": "50%, a::b", "state": "unknown"}\')).* from summary limit 1'
    ):
        outcome = controlled.run("gate", "--format", "github")
    assert outcome.output.startswith("::error title=50%25%2C a%3A%3Ab::is unknown: none since ")


ODD = (
    "insert into public.jobs (jobspec_id, jobspec_data, status, created_at, updated_at)"
    " select 'odd-' || n, '{}', 'odd', now() - interval '1 day', now() - interval '1 day'"
    " from generate_series(1, 3) as n"
)
CLOSED = f"{OVER} where accumulation_point = 'job_unevaluable'"


@pytest.fixture
def odd(new_built_warehouse: Callable[..., Warehouse]) -> Iterator[Controlled]:
    """Three jobs that share a fault, whatever the summary says."""
    controlled = control(new_built_warehouse)
    controlled.warehouse.execute(ODD)
    yield controlled
    controlled.warehouse.execute("delete from public.jobs")


def test_a_closed_gate_names_the_incidents_behind_it(odd: Controlled) -> None:
    with odd.where(CLOSED):
        document = json.loads(odd.run("gate", "--format", "json").output)
        table, github = odd.run("gate"), odd.run("gate", "--format", "github")
        other = json.loads(odd.run("gate", "--format", "json", "--point", "job_created").output)
    (incident,) = document["incidents"]
    assert (incident["items"], incident["points"]) == (4, ["job_unevaluable", "pipeline_stalled"])
    assert (document["incidents_total"], document["incidents_problem"]) == (1, None)
    told = f"Incident {incident['incident_id']}: {incident['title']} (at job_unevaluable, pipeline_stalled): "
    assert table.output.splitlines()[-2].startswith(told)
    assert table.output.splitlines()[-1].startswith("Gate closed: ")
    assert f"::notice title=incident::{told}" in github.output
    assert (other["gate"], other["incidents"], other["incidents_total"]) == ("open", None, None)


def test_an_incident_elsewhere_is_not_behind_it(odd: Controlled) -> None:
    with odd.where(f"{OVER} where accumulation_point = 'job_created'"):
        document = json.loads(odd.run("gate", "--format", "json").output)
    assert (document["exit_code"], document["incidents"], document["incidents_total"]) == (1, [], 0)


def test_of_many_incidents_the_worst_are_named(odd: Controlled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stuck_jobs.gate.question.WORST_INCIDENTS", 1)
    odd.warehouse.execute(
        "insert into public.jobs (jobspec_id, jobspec_data, status, created_at, updated_at)"
        " values ('skewed', '{}', 'odd', now() + interval '1 day', now() + interval '1 day')"
    )
    with odd.where(CLOSED):
        output = odd.run("gate").output
    assert output.count("Incident ") == 1
    assert "\n... and 1 more incidents\n" in output


def test_the_answer_stands_where_the_incidents_take_too_long(
    odd: Controlled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stuck_jobs.views.incidents.SECONDS", 0.001)
    with odd.where(CLOSED):
        outcome = odd.run("gate")
        document = json.loads(odd.run("gate", "--format", "json").output)
    assert outcome.exit_code == 1
    assert "The incidents behind it are not known: that took more than 0 seconds\n" in outcome.output
    assert document["incidents"] is None
    assert document["incidents_problem"] == "that took more than 0 seconds"


def test_the_documented_keys_are_those_of_the_json(controlled: Controlled) -> None:
    verdict = json.loads(controlled.run("gate", "--format", "json").output)
    text = (ROOT / "docs" / "gating.md").read_text()
    chapter = text.partition("## For programs")[2].partition("\n## ")[0]
    keys = set(re.findall(r"`(\w+)`", chapter)) - {"open", "closed", "breached", "unknown", "stale"}
    assert set(verdict) | set(verdict["points"][0]) == keys - {"accumulation_points", "accumulation_history"}


def test_what_cannot_be_judged_is_an_error_that_names_it(controlled: Controlled) -> None:
    for arguments, named in (
        (("--point", "job_crated"), "no enabled point job_crated; there are job_created, "),
        (("--point", "job_created", "--level", "queue"), "no enabled point is left"),
    ):
        outcome = controlled.run("gate", *arguments)
        assert outcome.exit_code == 2
        assert named in outcome.output


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ("truncate summary", "it is empty"),
        ("delete from summary where {this}", "job_queued has no row"),
        ("update summary set accumulation_point = null where {this}", "job_queued has no row"),
        ("insert into summary select * from summary where {this}", "job_queued has 2 rows"),
        ("update summary set state = null where {this}", "the row of job_queued is malformed"),
        ("update summary set state = 'fine' where {this}", "the row of job_queued is malformed"),
        ("update summary set level = null where {this}", "the row of job_queued is malformed"),
        ("update summary set severity = null where {this}", "the row of job_queued is malformed"),
        ("update summary set stuck_count = null where {this}", "the row of job_queued is malformed"),
        ("update summary set oldest_age_seconds = -1 where {this}", "the row of job_queued is malformed"),
    ],
)
def test_a_faulty_summary_is_no_answer(controlled: Controlled, fault: str, named: str) -> None:
    this = "accumulation_point = 'job_queued'"
    with controlled.where(f"{OVER} where accumulation_point = 'job_created'", fault.format(this=this)):
        outcome = controlled.run("gate")
    assert outcome.exit_code == 2
    assert named in outcome.output
    assert len(outcome.output.splitlines()) == 1


def test_old_news_is_no_answer(controlled: Controlled) -> None:
    stale = "update summary set evidence_at = now() - interval '10 min' where level = 'queue'"
    with controlled.where(stale):
        assert controlled.run("gate").exit_code == 0
        assert controlled.run("gate", "--max-age", "86400").exit_code == 0
        code, points = judged(controlled, "--max-age", "300", "--level", "queue")
        assert (code, {point["problem"] for point in points.values()}) == (2, {"stale"})
        outcome = controlled.run("gate", "--max-age", "300", "--level", "queue", "--format", "github")
        assert "::error title=queue_depth::has old evidence: none since" in outcome.output
    time.sleep(0.1)
    outcome = controlled.run("gate", "--max-age", "0.1", "--point", "job_created", "--format", "json")
    assert outcome.exit_code == 2
    assert json.loads(outcome.output)["last_run_is_stale"]
    assert "dbt's last run is too old" in controlled.run("gate", "--max-age", "0.1").output


@pytest.mark.parametrize(
    ("now", "exit_code"),
    [
        ("stuck_count = 4", 0),
        ("stuck_count = 2, max_count = 1", 0),
        ("stuck_count = 5", 1),
        ("stuck_count = 0, max_count = 0, state = 'ok'", 0),
        ("state = 'unknown'", 2),
    ],
)
def test_a_baseline_accepts_what_is_no_worse(
    controlled: Controlled, tmp_path: Path, now: str, exit_code: int
) -> None:
    saved = str(tmp_path / "baseline.json")
    this = "where accumulation_point = 'job_created'"
    with controlled.where(f"{OVER} {this}"):
        assert controlled.run("gate", "--save-baseline", saved).exit_code == 0
        assert json.loads(Path(saved).read_text()) == {"breached": {"job_created": 4}}
        controlled.warehouse.execute(f"update summary set {now} {this}")
        assert controlled.run("gate", "--baseline", saved).exit_code == exit_code
        controlled.warehouse.execute(f"{OVER} where accumulation_point = 'job_queued'")
        newly = controlled.run("gate", "--baseline", saved)
        assert newly.exit_code == 1
        assert "job_queued is over its limit" in newly.output


def test_a_baseline_is_saved_only_by_an_open_gate(controlled: Controlled, tmp_path: Path) -> None:
    old, new = str(tmp_path / "old.json"), tmp_path / "new.json"
    assert controlled.run("gate", "--save-baseline", old).exit_code == 0
    with controlled.where(f"{UNKNOWN} where accumulation_point = 'worker_lost'"):
        assert controlled.run("gate", "--save-baseline", str(new)).exit_code == 2
        assert not new.exists()
    with controlled.where(f"{OVER} where accumulation_point = 'job_created'"):
        assert controlled.run("gate", "--baseline", old, "--save-baseline", str(new)).exit_code == 1
        assert not new.exists()


@pytest.mark.parametrize(
    "content", [None, "", "{", "[]", "3", "{}", '{"breached": {"a": "1"}}', '{"breached": []}']
)
def test_what_is_no_baseline_is_refused(controlled: Controlled, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "baseline.json"
    if content is not None:
        path.write_text(content)
    outcome = controlled.run("gate", "--baseline", str(path))
    assert outcome.exit_code == 2
    assert str(path) in outcome.output
    assert len(outcome.output.splitlines()) == 1


def test_waiting_ends_when_the_gate_opens_or_the_time_is_up(controlled: Controlled) -> None:
    with controlled.where(f"{OVER} where accumulation_point = 'job_created'"):
        begin = time.monotonic()
        assert controlled.run("gate", "--wait", "1").exit_code == 1
        assert 1 <= time.monotonic() - begin < 3
        repaired = threading.Timer(
            1, controlled.warehouse.execute, ["update summary set state = 'ok', stuck_count = 0"]
        )
        repaired.start()
        assert controlled.run("gate", "--wait", "30").exit_code == 0
        assert time.monotonic() - begin < 10
        repaired.join()


# The process


def test_it_imports_nothing_heavy(controlled: Controlled) -> None:
    program = (
        "import sys, atexit;"
        "heavy = {'great_expectations', 'dbt', 'pandas', 'sqlalchemy'};"
        "atexit.register(lambda: print('heavy:', sorted(heavy & set(sys.modules))));"
        "from stuck_jobs.cli import main; main(['gate'])"
    )
    finished = controlled.run_apart([sys.executable, "-c", program])
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.splitlines()[-1] == "heavy: []"


@pytest.mark.parametrize("command", ["gate", "validate"])
def test_no_answer_is_one_clear_line_within_ten_seconds(
    controlled: Controlled, tmp_path: Path, command: str
) -> None:
    role = f"blind_{command}"
    controlled.warehouse.execute(f"create role {role} login", f"grant usage on schema stuck_jobs to {role}")
    for variables, named in (
        ({"PGHOST": str(tmp_path)}, "No such file or directory"),
        ({"PGUSER": "nobody_at_all"}, 'role "nobody_at_all" does not exist'),
        ({"PGUSER": role}, "permission denied for view accumulation_points"),
        ({"STUCK_JOBS_SCHEMA": "nowhere"}, 'relation "nowhere.accumulation_points" does not exist'),
        ({"DBT_PROFILES_DIR": str(tmp_path)}, str(tmp_path)),
    ):
        assert_no_answer(controlled, command, variables, named)


def test_a_relation_that_is_locked_is_given_up(controlled: Controlled) -> None:
    with controlled.warehouse.connect() as locker:
        locker.execute("lock table accumulation_history in access exclusive mode")
        with ThreadPoolExecutor() as pool:
            asked = [
                pool.submit(assert_no_answer, controlled, command, {}, "lock timeout")
                for command in ("gate", "validate")
            ]
            for answer in asked:
                answer.result()


def test_a_server_that_says_nothing_is_given_up(controlled: Controlled) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        variables = {"PGHOST": "127.0.0.1", "PGPORT": str(mute.getsockname()[1])}
        assert_no_answer(controlled, "gate", variables, "timeout")


def assert_no_answer(controlled: Controlled, command: str, variables: dict[str, str], named: str) -> None:
    begin = time.monotonic()
    finished = controlled.run_apart([COMMAND, command], **variables)
    assert time.monotonic() - begin < 10
    assert finished.returncode == 2, variables
    assert finished.stdout == ""
    assert named in finished.stderr
    assert len(finished.stderr.splitlines()) == 1


# The recipes of docs/gating.md


def recipes() -> dict[str, str]:
    """The shell of the document, by a name: that of the chapter, or of the job's step."""
    text = (ROOT / "docs" / "gating.md").read_text()
    chapters = [
        (chapter.partition("\n")[0], shell)
        for chapter in text.split("\n## ")
        for shell in re.findall(r"^```bash\n(.+?)^```", chapter, re.MULTILINE | re.DOTALL)
    ]
    (job,) = yaml.safe_load(re.search(r"^```yaml\n(.+?)^```", text, re.MULTILINE | re.DOTALL)[1])[
        "jobs"
    ].values()
    steps = [step["run"] for step in job["steps"] if "run" in step and step["name"] != "Install"]
    return dict(chapters) | {"A GitHub Actions job": "set -e\n" + "\n".join(steps)}


@pytest.fixture
def deploy(controlled: Controlled, tmp_path: Path) -> Callable[[str, str], subprocess.CompletedProcess[str]]:
    """Runs a recipe where `./deploy` is a program that does this to the database."""

    def run(recipe: str, deployment: str) -> subprocess.CompletedProcess[str]:
        program = (
            "import psycopg; "
            f"psycopg.connect(autocommit=True).execute({deployment!r}); "
            "open('deployed', 'w').close()"
        )
        script = tmp_path / "deploy"
        script.write_text(f"#!/bin/sh\nexec {sys.executable} -c {shlex.quote(program)}\n")
        script.chmod(0o755)
        path = f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"
        command = ["sh", "-c", f"cd {shlex.quote(str(tmp_path))}\n{recipe}"]
        return controlled.run_apart(command, PATH=path, DBT_PROJECT_DIR=str(ROOT), WAIT="0")

    return run


HARMLESS = "select 1"
HARMFUL = OVER.replace("summary", "stuck_jobs.summary").replace("4", "5")


def test_the_shell_step_stops_a_deployment(
    controlled: Controlled, deploy: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    recipe = recipes()["A shell step"].replace("900", "86400")
    with controlled.where(f"{OVER} where accumulation_point = 'job_created'"):
        assert deploy(recipe, HARMLESS).returncode == 1
        assert not (tmp_path / "deployed").exists()
    finished = deploy(recipe, HARMLESS)
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / "deployed").exists()


@pytest.mark.parametrize("recipe", ["Yesterday's debt", "A GitHub Actions job"])
def test_a_deployment_is_judged_by_what_it_made_worse(
    controlled: Controlled,
    deploy: Callable[..., subprocess.CompletedProcess[str]],
    tmp_path: Path,
    recipe: str,
) -> None:
    shell = recipes()[recipe].replace("900", "86400")
    with controlled.where(f"{OVER} where accumulation_point = 'job_created'"):
        finished = deploy(shell, HARMLESS)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        finished = deploy(shell, f"{HARMFUL} where accumulation_point in ('job_created', 'job_queued')")
        assert finished.returncode == 1
        *reasons, last = finished.stdout.splitlines()[-3:]
        assert [re.findall("job_created|job_queued", line) for line in reasons] == [
            ["job_created"],
            ["job_queued"],
        ]
        assert last == f"Gate closed: 2 of {len(POINTS)} points over their limit"
    with controlled.where(f"{UNKNOWN} where accumulation_point = 'worker_lost'"):
        (tmp_path / "deployed").unlink()
        assert deploy(shell, HARMLESS).returncode == 2
        assert not (tmp_path / "deployed").exists()
