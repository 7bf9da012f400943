"""What docs/scheduling.md says: its files are what it shows, and the cycle does what it should."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Warehouse

DOCUMENT = ROOT / "docs" / "scheduling.md"
ORCHESTRATION = ROOT / "orchestration"
CYCLE = ORCHESTRATION / "cycle"
MANIFESTS = (
    "cron/crontab",
    "systemd/stuck-jobs.service",
    "systemd/stuck-jobs.timer",
    "systemd/stuck-jobs-watch.service",
    "kubernetes/cronjob.yml",
    "kubernetes/deployment.yml",
)

RECORDER = """#!/bin/sh
echo "$(basename "$0") $*" >> "{calls}"
case "$(basename "$0") $*" in {answers} esac
"""


def cycle(
    tmp_path: Path, command: str = "", answers: dict[str, int] | None = None, **variables: str
) -> tuple[int, list[str]]:
    """Run the cycle with programs that only note that they were called.

    Args:
        tmp_path: takes the programs.
        command: of the shell, from the clone; the cycle itself unless it is given.
        answers: exit codes other than 0, by the beginning of a call.
        **variables: of the environment.

    Returns:
        The exit code, and the calls in order.
    """
    calls = tmp_path / "calls"
    cases = " ".join(f'"{call}"*) exit {code};;' for call, code in (answers or {}).items())
    for name in ("stuck-jobs", "dbt"):
        program = tmp_path / name
        program.write_text(RECORDER.format(calls=calls, answers=cases or "*) ;;"))
        program.chmod(0o755)
    finished = subprocess.run(
        ["sh", "-c", command or str(CYCLE)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "STUCK_JOBS_BIN": str(tmp_path)} | variables,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return finished.returncode, calls.read_text().splitlines()


COLLECT, BUILD, GATE = "stuck-jobs collect", "dbt --quiet build --selector build", "stuck-jobs gate"
ALERT, HEAL = "stuck-jobs alert", "stuck-jobs heal"


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_the_document_shows_the_files(manifest: str) -> None:
    shown = re.findall(r"^```(?:cron|ini|yaml)\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    assert (ORCHESTRATION / manifest).read_text() in shown


def test_links_of_the_document_lead_somewhere() -> None:
    links = re.findall(r"\]\((\.\./[^)]*)\)", DOCUMENT.read_text())
    assert links
    assert [link for link in links if not (DOCUMENT.parent / link).exists()] == []


def test_a_good_cycle_heals_nothing_unless_it_is_told_to(tmp_path: Path) -> None:
    assert cycle(tmp_path) == (0, [COLLECT, BUILD, GATE, ALERT])


def test_a_cycle_that_is_told_to_heals_last(tmp_path: Path) -> None:
    assert cycle(tmp_path, STUCK_JOBS_HEAL="true") == (0, [COLLECT, BUILD, GATE, ALERT, HEAL])


@pytest.mark.parametrize(
    ("answers", "exit_code"),
    [
        ({GATE: 1}, 1),
        ({GATE: 2}, 2),
        ({COLLECT: 2}, 2),
        ({COLLECT: 2, GATE: 1}, 1),
        ({ALERT: 2}, 2),
        ({ALERT: 2, GATE: 1}, 1),
        ({HEAL: 2}, 2),
    ],
)
def test_a_step_that_fails_keeps_no_later_one_from_running(
    tmp_path: Path, answers: dict[str, int], exit_code: int
) -> None:
    ended, calls = cycle(tmp_path, answers=answers, STUCK_JOBS_HEAL="true")
    assert (ended, calls) == (exit_code, [COLLECT, BUILD, GATE, ALERT, HEAL])


def test_views_that_cannot_be_built_are_not_judged(tmp_path: Path) -> None:
    assert cycle(tmp_path, answers={BUILD: 1}) == (1, [COLLECT, BUILD, ALERT])


def test_the_line_of_cron_runs_a_cycle(tmp_path: Path) -> None:
    (line,) = [
        line for line in (ORCHESTRATION / "cron" / "crontab").read_text().splitlines() if line[0] == "*"
    ]
    command = line.split(maxsplit=5)[5].replace("cd stuck-jobs", f"cd '{ROOT}'")
    assert cycle(tmp_path, command) == (0, [COLLECT, BUILD, GATE, ALERT])


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
def test_systemd_understands_its_units(tmp_path: Path) -> None:
    units = ("stuck-jobs.service", "stuck-jobs.timer", "stuck-jobs-watch.service")
    for unit in units:
        text = (ORCHESTRATION / "systemd" / unit).read_text()
        (tmp_path / unit).write_text(text.replace("/opt/stuck-jobs", str(ROOT)))
    verified = subprocess.run(
        ["systemd-analyze", "verify", *(tmp_path / unit for unit in units)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    ours = [line for line in verified.stderr.splitlines() if "stuck-jobs" in line]
    assert (verified.returncode, ours) == (0, [])


def test_cycles_in_kubernetes_neither_overlap_nor_last() -> None:
    (manifest,) = yaml.safe_load_all((ORCHESTRATION / "kubernetes" / "cronjob.yml").read_text())
    spec = manifest["spec"]
    job = spec["jobTemplate"]["spec"]
    (container,) = job["template"]["spec"]["containers"]
    assert (manifest["apiVersion"], manifest["kind"]) == ("batch/v1", "CronJob")
    assert spec["concurrencyPolicy"] == "Forbid"
    assert (job["backoffLimit"], job["template"]["spec"]["restartPolicy"]) == (0, "Never")
    assert 0 < job["activeDeadlineSeconds"] <= 600
    assert container["command"] == ["/opt/stuck-jobs/orchestration/cycle"]
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in job["template"]["spec"]["volumes"]}


def test_a_watch_in_kubernetes_is_alone_and_is_asked_where_it_listens() -> None:
    (manifest,) = yaml.safe_load_all((ORCHESTRATION / "kubernetes" / "deployment.yml").read_text())
    spec = manifest["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert (spec["replicas"], spec["strategy"]["type"]) == (1, "Recreate")
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"]
    (port,) = container["ports"]
    assert container["command"][1:] == ["watch", "--listen", f"0.0.0.0:{port['containerPort']}"]
    for probe in ("readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"] == {"path": "/healthz", "port": port["name"]}


def test_the_workflow_only_runs_what_ci_runs() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    (job,) = workflow["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == ["bash .ci/run"]


def test_the_selectors_of_a_scheduler_leave_out_the_gate_and_what_judges_our_sql(built: Warehouse) -> None:
    listed = {
        selector: set(
            re.findall(r"^stuck_jobs\..*$", built.run_dbt("ls", "--selector", selector).output, re.MULTILINE)
        )
        for selector in ("build", "check", "gate")
    }
    assert listed["gate"]
    assert listed["check"] - listed["build"] == listed["gate"]
    assert listed["build"] < listed["check"]
    assert not re.search("_well_formed|_one_row_per_", " ".join(listed["check"]))
