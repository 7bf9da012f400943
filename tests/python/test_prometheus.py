"""What Prometheus is told, by the exporter or by `stuck-jobs metrics`, and what its rules make of it."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from conftest import ROOT, Warehouse
from prometheus_client.parser import text_string_to_metric_families
from summaries import POINTS, Controlled, control

from stuck_jobs.metrics import GAUGES, LABELS
from stuck_jobs.views.rows import INCIDENT_KINDS, SEVERITIES

FOLDER = ROOT / "orchestration" / "prometheus"
QUERIES = yaml.safe_load((FOLDER / "queries.yml").read_text())
RUNBOOKS = "https://example.com/stuck-jobs/"
EXPORTER, SERVER, MANAGER = "prometheus-postgres-exporter", "prometheus", "prometheus-alertmanager"
PATIENCE = 60
"""Seconds until a step of the chain must have got through; it takes two or three."""

EVERY_STATE = (
    ("breached", "error", "BreachedError"),
    ("breached", "warn", "BreachedWarn"),
    ("unknown", "error", "Unknown"),
)
"""The state and severity of a point, and the end of the name of the rule that is to fire."""

Samples = dict[tuple[str, ...], float]


@pytest.fixture
def controlled(new_built_warehouse: Callable[..., Warehouse]) -> Controlled:
    return control(new_built_warehouse)


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_has_the_columns_that_it_exports(name: str, connection: psycopg.Connection[Any]) -> None:
    answer = connection.execute(QUERIES[name]["query"])
    assert answer.description is not None
    exported = [next(iter(metric)) for metric in QUERIES[name]["metrics"]]
    assert [column.name for column in answer.description] == exported
    assert answer.fetchall()


# The rules


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
@pytest.mark.parametrize(
    "check",
    [
        ("test", "rules", "rules_test.yml"),
        ("check", "rules", "rules.yml"),
        ("check", "config", "prometheus.yml"),
    ],
)
def test_the_rules_fire_when_they_should(check: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", *check], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# The command


def samples(text: str) -> Samples:
    """The samples of ours by their name and labels, without those that the exporter adds."""
    return {
        (sample.name, *(sample.labels[label] for label in LABELS if label in sample.labels)): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("stuck_jobs_")
    }


def test_the_command_has_the_metrics_of_the_queries() -> None:
    of_point, of_history = (
        {name: says for metric in QUERIES[query]["metrics"] for name, says in metric.items()}
        for query in ("stuck_jobs_point", "stuck_jobs_history")
    )
    assert [name for name, says in of_point.items() if says["usage"] == "LABEL"] == [*LABELS]
    assert {name: says["description"] for name, says in of_point.items() if says["usage"] == "GAUGE"} == {
        name: says for name, (says, _) in GAUGES.items()
    }
    assert [*of_history] == ["age_seconds"]


def test_the_command_prints_every_point(controlled: Controlled, tmp_path: Path) -> None:
    with controlled.where(
        "update summary set state = 'breached', stuck_count = 4, max_count = 3, oldest_age_seconds = 7200"
        " where accumulation_point = 'job_created'",
        "update summary set state = 'unknown', evidence_at = null where accumulation_point = 'queue_depth'",
    ):
        outcome = controlled.run("metrics")
        assert outcome.exit_code == 0
        file = tmp_path / "stuck_jobs.prom"
        file.write_text("what was there before")
        assert controlled.run("metrics", "--output", str(file)).exit_code == 0
    found = samples(outcome.output)
    found = {key: value for key, value in found.items() if key[0] != "stuck_jobs_incidents"}
    assert found.keys() < samples(file.read_text()).keys()
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert len(found) == len(GAUGES) * len(POINTS) + 1
    point, unknown = (
        {name: found[f"stuck_jobs_point_{name}", *labels] for name in GAUGES}
        for labels in (
            ("job_created", "database", "error", "republish"),
            ("queue_depth", "queue", "error", "none"),
        )
    )
    assert point.pop("evidence_age_seconds") >= 0
    assert point == {
        "stuck_count": 4, "max_count": 3, "oldest_age_seconds": 7200, "breached": 1, "unknown": 0
    }  # fmt: skip
    assert (unknown["breached"], unknown["unknown"]) == (0, 1)
    assert math.isnan(unknown["oldest_age_seconds"])
    assert math.isnan(unknown["evidence_age_seconds"])
    assert 0 <= found["stuck_jobs_history_age_seconds",] < 3600
    assert sum(value for (name, *_), value in found.items() if name == "stuck_jobs_point_breached") == 1


def incidents(text: str) -> dict[tuple[str, str], float]:
    return {
        (sample.labels["kind"], sample.labels["severity"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "stuck_jobs_incidents"
    }


def test_every_kind_of_incident_is_counted_so_that_an_alert_resolves(controlled: Controlled) -> None:
    healthy = incidents(controlled.run("metrics").output)
    assert healthy.keys() == {(kind, severity) for kind in INCIDENT_KINDS for severity in SEVERITIES}
    assert set(healthy.values()) == {0}
    controlled.warehouse.execute(
        "insert into public.jobs (jobspec_id, jobspec_data, status, created_at, updated_at)"
        " values ('late', '{}', 'odd', now() - interval '1 day', now() - interval '1 day')"
    )
    try:
        counted = incidents(controlled.run("metrics").output)
        assert counted.keys() == healthy.keys()
        assert counted["point", "error"] > 0
    finally:
        controlled.warehouse.execute("delete from public.jobs")


def test_the_kinds_are_those_that_there_are() -> None:
    text = (ROOT / "macros" / "incidents" / "fault_strength.sql").read_text()
    assert tuple(re.findall(r"'(\w+)'", text)) == INCIDENT_KINDS


def test_incidents_that_take_too_long_are_left_out(
    controlled: Controlled, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("stuck_jobs.views.incidents.SECONDS", 0.001)
    file = tmp_path / "stuck_jobs.prom"
    outcome = controlled.run("metrics", "--output", str(file))
    assert outcome.exit_code == 0
    assert incidents(file.read_text()) == {}
    assert "stuck_jobs_point_stuck_count" in file.read_text()
    assert "the incidents are not known: that took more than 0 seconds" in outcome.output


def test_without_a_summary_there_is_no_answer_and_no_new_file(controlled: Controlled, tmp_path: Path) -> None:
    file = tmp_path / "stuck_jobs.prom"
    with controlled.where("delete from summary where accumulation_point = 'job_created'"):
        outcome = controlled.run("metrics", "--output", str(file))
    assert (outcome.exit_code, file.exists()) == (2, False)
    assert "job_created has no row" in outcome.output
    outcome = controlled.run("metrics", PGDATABASE="nowhere")
    assert (outcome.exit_code, outcome.output.count("\n")) == (2, 1)
    outcome = controlled.run("metrics", "--output", str(tmp_path / "nowhere" / "file.prom"))
    assert (outcome.exit_code, outcome.output.count("\n")) == (2, 1)
    assert [*tmp_path.iterdir()] == []


# From PostgreSQL to whoever is on call


@dataclass
class OnCall:
    """Takes what Alertmanager sends."""

    url: str
    alerts: list[dict[str, Any]] = field(default_factory=list)

    def has(self, status: str) -> set[tuple[str, str | None]]:
        """(alert, point) of what came with a status."""
        return {
            (alert["labels"]["alertname"], alert["labels"].get("accumulation_point"))
            for alert in [*self.alerts]
            if alert["status"] == status
        }

    def wait_for(self, status: str, expected: set[tuple[str, str | None]]) -> None:
        until(lambda: self.has(status) >= expected, lambda: self)


@contextmanager
def on_call() -> Iterator[OnCall]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.alerts += json.loads(self.rfile.read(int(self.headers["Content-Length"])))["alerts"]
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = OnCall(f"http://127.0.0.1:{server.server_port}/alerts")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


def until(condition: Callable[[], Any], what: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what()
        time.sleep(0.1)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


@contextmanager
def running(directory: Path, url: str, *command: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program, which answers at a URL, for the length of a `with` block."""
    log = directory / f"{command[0]}.log"

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return bool(get(url))
        except OSError:
            return False

    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=directory, env=os.environ | variables, stdin=subprocess.DEVNULL,
            stdout=output, stderr=output,
        )  # fmt: skip
    try:
        until(answers, log.read_text)
        yield process
    finally:
        process.terminate()
        process.wait()


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310
        text: str = response.read().decode()
    return text


def shipped(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text())


def configure(directory: Path, exporter: int, manager: int, receiver: str) -> None:
    """The files as they are shipped, but for addresses and waiting times."""
    server = shipped("prometheus.yml")
    server["global"] = dict.fromkeys(server["global"], "1s")
    server["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{exporter}"]}]
    server["alerting"]["alertmanagers"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{manager}"]}]
    rules = shipped("rules.yml")
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        rule["for"] = "0s"
    routes = shipped("alertmanager.yml")
    routes["route"] |= {"group_wait": "0s", "group_interval": "1s"}
    routes["receivers"][0]["webhook_configs"][0]["url"] = receiver
    for name, content in (("prometheus", server), ("rules", rules), ("alertmanager", routes)):
        (directory / f"{name}.yml").write_text(yaml.safe_dump(content))


@contextmanager
def exporters_role(warehouse: Warehouse) -> Iterator[str]:
    """A role that may read the two relations and nothing else."""
    name, relations = "exporter_of_metrics", "accumulation_points, accumulation_history"
    warehouse.execute(
        f"create role {name} login",
        f"grant usage on schema {warehouse.schema} to {name}",
        f"grant select on {relations} to {name}",
    )
    try:
        yield name
    finally:
        warehouse.execute(f"drop owned by {name}", f"drop role {name}")


@pytest.mark.skipif(
    not all(map(shutil.which, (EXPORTER, SERVER, MANAGER))),
    reason=f"{EXPORTER}, {SERVER} and {MANAGER} are not all installed",
)
def test_from_postgresql_to_whoever_is_on_call(controlled: Controlled, tmp_path: Path) -> None:
    warehouse = controlled.warehouse
    exporter_port, server_port, manager_port = free_ports(3)
    exporter, server, manager = (f"127.0.0.1:{port}" for port in (exporter_port, server_port, manager_port))
    points = warehouse.rows("select accumulation_point, level from summary")
    libpq = warehouse.libpq
    with on_call() as receiver, exporters_role(warehouse) as role:
        configure(tmp_path, exporter_port, manager_port, receiver.url)
        dsn = (
            f"host={libpq['PGHOST']} port={libpq['PGPORT']} dbname={libpq['PGDATABASE']} user={role}"
            " sslmode=disable"
        )
        with (
            running(
                tmp_path, f"http://{manager}/-/ready", MANAGER, "--config.file=alertmanager.yml",
                f"--web.listen-address={manager}", "--cluster.listen-address=", "--storage.path=alertmanager",
            ),
            running(
                tmp_path, f"http://{exporter}/metrics", EXPORTER, f"--web.listen-address={exporter}",
                f"--extend.query-path={FOLDER / 'queries.yml'}", "--disable-default-metrics",
                "--disable-settings-metrics", DATA_SOURCE_NAME=dsn,
            ) as exporting,
            running(
                tmp_path, f"http://{server}/-/ready", SERVER, "--config.file=prometheus.yml",
                f"--web.listen-address={server}", "--storage.tsdb.path=data",
            ),
        ):  # fmt: skip
            for state, severity, kind in EVERY_STATE:
                expected = {(f"StuckJobs{level.title()}{kind}", point) for point, level in points}
                with controlled.where(f"update summary set state = '{state}', severity = '{severity}'"):
                    receiver.wait_for("firing", expected)
                    if (state, severity) == EVERY_STATE[0][:2]:
                        exported = samples(get(f"http://{exporter}/metrics"))
                        printed = samples(controlled.run("metrics").output)
                receiver.wait_for("resolved", expected)
            assert {key for key in printed if key[0] == "stuck_jobs_incidents"}
            printed = {key: value for key, value in printed.items() if key[0] != "stuck_jobs_incidents"}
            assert exported.keys() == printed.keys()
            for key, value in printed.items():
                is_moving = key[0].endswith("age_seconds")
                assert exported[key] == pytest.approx(value, abs=PATIENCE if is_moving else 0, nan_ok=True)
            of_points = [alert for alert in receiver.alerts if "accumulation_point" in alert["labels"]]
            for alert in of_points:
                page = alert["annotations"]["runbook_url"]
                assert page.startswith(RUNBOOKS)
                assert Path(page).stem == alert["labels"]["accumulation_point"]
                assert (ROOT / page.removeprefix(RUNBOOKS)).is_file()
            receiver.alerts.clear()
            warehouse.execute(f"revoke select on accumulation_points from {role}")
            receiver.wait_for("firing", {("StuckJobsMetricsAbsent", None)})
            exporting.terminate()
            receiver.wait_for("firing", {("StuckJobsExporterDown", None)})
