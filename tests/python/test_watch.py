"""A watch answers as a build does, tells in time, and survives restarts, builds and silent receivers."""

from __future__ import annotations

import csv
import dataclasses
import http.client
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from conftest import ROOT, Warehouse, Warehouses
from pooler_support import binary, pooler
from redis_support import free_port
from test_alert import Receiver, receiving
from test_check import GENEROUS, OLD_JOB, build, command
from test_prometheus import samples

from stuck_jobs import embedded
from stuck_jobs.views.rows import IncidentItem
from stuck_jobs.watch.listing import as_csv

COMMAND = Path(sys.executable).with_name("stuck-jobs")
EVERY = 0.5
MANY_OLD_JOBS = """
insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)
select '=1+' || n, '{}', 'created', now() - interval '1 day', now() - interval '1 day'
from generate_series(1, 1200) as n
"""
PATIENCE = 60
"""Seconds until something must have come about; it takes one or two."""


class Watch:
    """A process, and what it has said so far."""

    def __init__(self, warehouse: Warehouse, *arguments: str, **variables: str) -> None:
        ours = ("PG", "DBT_", "STUCK_JOBS_", "REDIS_", "SENTRY_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        chosen = {"DBT_PROFILES_DIR": str(warehouse.scratch), "STUCK_JOBS_SCHEMA": warehouse.schema}
        self.process = subprocess.Popen(
            [COMMAND, "watch", "--every", str(EVERY), *arguments],
            env=inherited | warehouse.libpq | chosen | variables,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def wait_for(self, pattern: str) -> str:
        """The first line that says something."""
        return eventually(lambda: next((line for line in self.lines if re.search(pattern, line)), None))

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """The exit code after a signal."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code


def eventually(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (answer := found()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return answer


@contextmanager
def watching(warehouse: Warehouse, *arguments: str, **variables: str) -> Iterator[Watch]:
    watch = Watch(warehouse, *arguments, **variables)
    try:
        yield watch
    finally:
        watch.process.kill()
        watch.process.wait()


@pytest.fixture
def warehouse(new_built_warehouse: Callable[..., Warehouse]) -> Warehouse:
    return new_built_warehouse()


def asked(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def rounds(warehouse: Warehouse) -> int:
    ((found,),) = warehouse.rows("select count(distinct run_id) from accumulation_history")
    return int(found)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_what_changes_and_nothing_else_until_a_signal(
    warehouse: Warehouse, number: signal.Signals
) -> None:
    with watching(warehouse) as watch:
        watch.wait_for(r"^watching stuck_jobs: Gate open: \d+ points ok$")
        warehouse.execute(OLD_JOB)
        watch.wait_for(r"^job_created is over its limit: 1 stuck, 0 allowed, the oldest for 1 d$")
        before = rounds(warehouse)
        eventually(lambda: rounds(warehouse) > before + 2)
        assert command(warehouse, "gate").exit_code == 1
        warehouse.execute("truncate jobs cascade")
        watch.wait_for("^job_created is ok again$")
        assert watch.end(number) == 0
    said = [line for line in watch.lines if "job_created" in line and not line.startswith("watching")]
    assert len(said) == 2
    assert len(watch.lines) == len({*watch.lines}) <= 5, watch.lines


def test_a_second_one_is_refused_in_a_line_until_the_first_has_ended(warehouse: Warehouse) -> None:
    with watching(warehouse) as first:
        first.wait_for("^watching")
        with watching(warehouse) as second:
            assert second.process.wait(PATIENCE) == 2
            second._reader.join(PATIENCE)
            assert second.lines == ["Error: another stuck-jobs watch is looking after stuck_jobs"]
        first.process.kill()
        first.process.wait()
        with watching(warehouse) as third:
            third.wait_for("^watching")


def test_a_passed_limit_is_told_in_time_whatever_else_hangs(warehouse: Warehouse) -> None:
    """The webhook hears of it, once; one that never answers keeps no check from being done."""
    with receiving() as receiver, watching(warehouse, STUCK_JOBS_WEBHOOK_URL=receiver.url) as watch:
        watch.wait_for("^watching")
        warehouse.execute(OLD_JOB)
        passed = time.monotonic()
        eventually(lambda: receiver.webhooks)
        assert time.monotonic() - passed < 20  # in a quiet place less than 2 * EVERY + 1
        eventually(lambda: any("job_created" in json.dumps(told) for told in receiver.webhooks))
        told = [*receiver.webhooks]
        before = rounds(warehouse)
        eventually(lambda: rounds(warehouse) > before + 2)
        assert receiver.webhooks[len(told) :] == [] or len(receiver.webhooks) <= 2
        alert = command(warehouse, "alert", STUCK_JOBS_WEBHOOK_URL=receiver.url)
        assert (alert.exit_code, "another run is under way" in alert.output) == (0, True)
        assert watch.end() == 0
    with socket.create_server(("127.0.0.1", 0)) as silent:
        warehouse.execute("truncate jobs cascade")
        with watching(
            warehouse, STUCK_JOBS_WEBHOOK_URL=f"http://127.0.0.1:{silent.getsockname()[1]}"
        ) as watch:
            watch.wait_for("^watching")
            before = rounds(warehouse)
            eventually(lambda: rounds(warehouse) > before + 4)
            assert watch.end() == 0


def told(receiver: Receiver) -> list[tuple[str, str, str]]:
    """(kind, key, title) of all notices."""
    notices = [notice for message in receiver.webhooks for notice in message["notices"]]
    return [(notice["kind"], notice["key"], notice["title"]) for notice in notices]


def test_a_fault_is_told_by_its_incident_when_it_opens_and_when_it_is_over(warehouse: Warehouse) -> None:
    page = "https://ops.example.com/report.html"
    with receiving() as receiver:
        variables = {"STUCK_JOBS_WEBHOOK_URL": receiver.url, "STUCK_JOBS_REPORT_URL": page}
        with watching(warehouse, **variables) as watch:
            watch.wait_for("^watching")
            warehouse.execute(OLD_JOB)
            eventually(lambda: receiver.webhooks)
            ((incident, title),) = warehouse.rows(
                "select incident_id, title from incidents where 'job_created' = any(points)"
            )
            (opened,) = [told for told in receiver.webhooks[0]["notices"] if told["key"] == incident]
            assert opened["link"] == f"{page}#incident-{incident}"
            stuck_at = [item["accumulation_point"] for item in opened["items"]]
            assert sorted(stuck_at) == ["job_created", "pipeline_stalled"]
            before = rounds(warehouse)
            eventually(lambda: rounds(warehouse) > before + 3)
            assert len(receiver.webhooks) == 1
            warehouse.execute("truncate jobs cascade")
            eventually(lambda: [kind for kind, key, _ in told(receiver) if key == incident][1:])
            assert watch.end() == 0
    assert [(kind, told_of) for kind, key, told_of in told(receiver) if key == incident] == [
        ("opened", title),
        ("resolved", title),
    ]


def test_incidents_that_nobody_can_wait_for_keep_no_check_waiting(warehouse: Warehouse) -> None:
    warehouse.execute(
        "alter view incidents_v1 rename to all_incidents",
        "create view incidents_v1 as select all_incidents.* from all_incidents, pg_sleep(60)",
    )
    with receiving() as receiver, watching(warehouse, STUCK_JOBS_WEBHOOK_URL=receiver.url) as watch:
        watch.wait_for("^watching")
        warehouse.execute(OLD_JOB)
        watch.wait_for("^job_created is over its limit")
        before = rounds(warehouse)
        eventually(lambda: rounds(warehouse) > before + 4)
        assert receiver.webhooks == []
        watch.wait_for("^Error: incidents: the incidents cannot be read, so what is new is told by point")
        eventually(lambda: receiver.webhooks)
        assert "point:job_created" in [notice["key"] for notice in receiver.webhooks[0]["notices"]]
        assert watch.end() == 0


def test_what_could_not_be_told_is_told_later(warehouse: Warehouse) -> None:
    with receiving() as receiver:
        receiver.answer = lambda: 500
        with watching(warehouse, STUCK_JOBS_WEBHOOK_URL=receiver.url) as watch:
            watch.wait_for("^watching")
            warehouse.execute(OLD_JOB)
            watch.wait_for(
                "^Error: alert: what was not delivered will be tried again: webhook: it answers with 500"
            )
            receiver.answer = lambda: 200
            watch.wait_for("^alert: all is well again")
            assert any("job_created" in json.dumps(told) for told in receiver.webhooks)


def test_it_serves_what_the_command_metrics_prints(warehouse: Warehouse, tmp_path: Path) -> None:
    warehouse.execute(OLD_JOB)
    port, page = free_port(), tmp_path / "report.html"
    with watching(warehouse, "--listen", f"127.0.0.1:{port}", "--report", str(page)) as watch:
        watch.wait_for("^watching")
        status, words = asked(port, "/healthz")
        assert (status, words[:8]) == (200, "checked ")
        status, served = asked(port, "/metrics")
        assert status == 200
        printed = samples(command(warehouse, "metrics").output)

        def without_ages(found: dict[tuple[str, ...], float]) -> dict[tuple[str, ...], float]:
            return {name: value for name, value in found.items() if "age_seconds" not in name[0]}

        assert samples(served).keys() == printed.keys()
        assert without_ages(samples(served)) == without_ages(printed)
        assert asked(port, "/nowhere")[0] == 404
        with watching(warehouse.in_schema("elsewhere"), "--listen", f"127.0.0.1:{port}") as other:
            assert other.process.wait(PATIENCE) == 2
        eventually(page.is_file)
        assert "job_created" in page.read_text()
        assert psutil.Process(watch.process.pid).memory_info().rss < 120 * 2**20
        assert watch.end() == 0


def test_a_server_that_restarts_is_waited_for_and_meanwhile_there_is_no_answer(
    new_warehouse: Callable[[], Warehouse],
) -> None:
    port = free_port()
    with embedded.postgres() as server:
        warehouse = Warehouse(server.environment, new_warehouse().scratch)
        control = [server.binaries / "pg_ctl", "-D", str(server.directory / "data"), "-m", "immediate"]
        with watching(warehouse, "--listen", f"127.0.0.1:{port}") as watch:
            watch.wait_for("^Error: check: there are no views in stuck_jobs: run dbt build first$")
            assert asked(port, "/healthz")[0] == 503
            assert asked(port, "/metrics")[0] == 503
            warehouse.execute((Path(embedded.__file__).with_name("source_schema.sql")).read_text())
            build(warehouse)
            watch.wait_for("^watching stuck_jobs: Gate open")
            assert asked(port, "/healthz")[0] == 200
            embedded._run(*control, "stop")
            eventually(lambda: asked(port, "/healthz")[0] == 503)
            assert asked(port, "/metrics")[0] == 503
            log = str(server.directory / "log")
            options = f"-c listen_addresses='' -c unix_socket_directories={server.directory}"
            embedded._run(*control[:3], "-l", log, "-o", options, "-w", "start")
            eventually(lambda: asked(port, "/healthz")[0] == 200)
            watch.wait_for("^check: all is well again")
            assert watch.end() == 0
    assert not any("Traceback" in line for line in watch.lines)


def test_a_build_beside_it_is_noticed_and_its_views_are_used(warehouse: Warehouse) -> None:
    warehouse.execute(OLD_JOB)
    with watching(warehouse) as watch:
        watch.wait_for("^watching stuck_jobs: Gate closed")
        summary = ("--select", "accumulation_points", "accumulation_history")
        built = warehouse.run_dbt("run", *summary, variables=GENEROUS)
        assert built.exit_code == 0, built.output
        watch.wait_for("^dbt has built stuck_jobs anew")
        watch.wait_for("^job_created is ok again$")
        assert watch.end() == 0


def test_systemd_hears_that_it_is_ready_alive_and_stopping(warehouse: Warehouse, tmp_path: Path) -> None:
    heard: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(PATIENCE)
        with watching(warehouse, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="400000") as watch:
            while heard.count("WATCHDOG=1") < 5:
                heard.append(listener.recv(1000).decode())
            assert watch.end() == 0
        while heard[-1] != "STOPPING=1":
            heard.append(listener.recv(1000).decode())
    assert "READY=1" in heard
    assert any(line.startswith("STATUS=Gate open") for line in heard)


def test_both_take_snapshots_where_there_are_queues(new_built_warehouse: Callable[..., Warehouse]) -> None:
    warehouse = new_built_warehouse(redis_enabled=True)

    def snapshots() -> int:
        ((found,),) = warehouse.rows("select count(distinct snapshot_id) from stuck_jobs_raw.queue_snapshots")
        return int(found)

    with embedded.redis_server() as queue:
        assert command(warehouse, "check", REDIS_URL=queue.url).exit_code == 0
        before = snapshots()
        assert before > 0
        command(warehouse, "check", "--no-collect", REDIS_URL=queue.url)
        assert snapshots() == before
        with watching(warehouse, REDIS_URL=queue.url) as watch:
            watch.wait_for("^watching stuck_jobs: Gate open")
            eventually(lambda: snapshots() > before + 2)
            assert watch.end() == 0
    outcome = command(warehouse, "check", REDIS_URL=queue.url)
    assert outcome.exit_code == 2
    assert "Redis: " in outcome.output
    assert "queue_depth is unknown" in outcome.output


def test_the_report_is_served_with_a_page_for_each_incident_and_job(warehouse: Warehouse) -> None:
    port, nasty = free_port(), "<script>alert(1)</script>/../=1+1"
    warehouse.execute(OLD_JOB)
    with warehouse.connect(autocommit=True) as connection:
        connection.execute(OLD_JOB.replace("'old'", "%s"), [nasty])
    with watching(warehouse, "--listen", f":{port}") as watch:
        watch.wait_for("^watching stuck_jobs: Gate closed")
        status, report = asked(port, "/")
        assert status == 200
        ((incident, items),) = warehouse.rows(
            "select incident_id, items from incidents where 'job_created' = any(points)"
        )
        assert items == 3  # and that nothing moves
        assert f'href="incidents/{incident}"' in report
        assert f'href="jobs/{urllib.parse.quote(nasty, safe="")}"' in report
        status, page = asked(port, f"/incidents/{incident}")
        assert status == 200
        assert "Jobs were created and not taken" in page
        assert 'href="../jobs/old"' in page
        for job in ("old", urllib.parse.quote(nasty, safe="")):
            status, page = asked(port, f"/jobs/{job}")
            assert status == 200
            assert "job_created" in page
            assert f'href="../incidents/{incident}"' in page
            assert "<script>alert" not in page
        status, page = asked(port, "/runbooks/job_created.md")
        assert (status, page) == (200, (ROOT / "docs/points/job_created.md").read_text())
        for path in (
            "/incidents/none", "/incidents/%00", "/jobs/none", "/jobs/a%00", "/jobs/", "/jobs/%20",
            "/runbooks/..%2FREADME.md", "/other",
        ):  # fmt: skip
            assert asked(port, path)[0] == 404, path
        assert watch.end() == 0


def test_all_items_are_listed_for_programs_and_spreadsheets(warehouse: Warehouse) -> None:
    port = free_port()
    with watching(warehouse, "--listen", f"127.0.0.1:{port}") as watch:
        watch.wait_for("^watching stuck_jobs: Gate open")
        assert json.loads(asked(port, "/items.json")[1]) == []
        assert asked(port, "/items.csv")[1].startswith("accumulation_point,entity_type,entity_id,")
        with warehouse.connect(autocommit=True) as connection:
            connection.execute(MANY_OLD_JOBS)
        listed = json.loads(asked(port, "/items.json")[1])
        rows = list(csv.DictReader(io.StringIO(asked(port, "/items.csv")[1])))
        for items, quote in ((listed, ""), (rows, "'")):
            jobs = [item["jobspec_id"] for item in items if item["accumulation_point"] == "job_created"]
            assert sorted(jobs) == sorted(f"{quote}=1+{n}" for n in range(1, 1201))
        assert watch.end() == 0


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t=", "\r="])
def test_a_spreadsheet_takes_no_text_for_a_formula(begin: str) -> None:
    nothing = dict.fromkeys((field.name for field in dataclasses.fields(IncidentItem)), None)
    item = IncidentItem(**(nothing | {"entity_id": f"{begin}1", "age_seconds": -1}))  # type: ignore[arg-type]
    document = b"".join(as_csv([item])).decode()
    (row,) = csv.DictReader(io.StringIO(document, newline=""))
    assert (row["entity_id"], row["age_seconds"]) == (f"'{begin}1", "-1")


def test_pages_only_read_and_say_when_they_cannot(warehouse: Warehouse) -> None:
    port = free_port()
    with watching(warehouse, "--listen", f"127.0.0.1:{port}") as watch:
        watch.wait_for("^watching stuck_jobs: Gate open")
        asking = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        asking.request("POST", "/", body="anything")
        assert asking.getresponse().status == 501
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
        for trouble, missing in (
            ("alter view incidents_v1 rename column jobs to several", 'column "jobs"'),
            ("drop view incidents_v1 cascade", 'relation "stuck_jobs.incidents_v1"'),
        ):
            warehouse.execute(trouble)
            assert asked(port, "/incidents/any") == (503, f"{missing} does not exist: run dbt build first\n")
        warehouse.execute("drop view incident_items_v1 cascade")
        for listing in ("/items.csv", "/items.json"):
            assert asked(port, listing) == (
                503, 'relation "stuck_jobs.incident_items_v1" does not exist: run dbt build first\n'
            )  # fmt: skip
        assert asked(port, "/healthz")[0] == 200
        assert watch.end() == 0


@pytest.mark.skipif(not binary(), reason="pgbouncer is not installed")
def test_a_pooler_is_refused(warehouse: Warehouse) -> None:
    with pooler(
        warehouse.libpq, "pool_mode = transaction", "ignore_startup_parameters = extra_float_digits,options"
    ) as through:
        asks_nothing = {"STUCK_JOBS_TARGET": "dev"}
        with watching(Warehouse(through, warehouse.scratch), **asks_nothing) as watch:
            assert watch.process.wait(PATIENCE) == 2
        watch._reader.join(PATIENCE)
        assert "Behind a pooler" in watch.lines[0]


@pytest.mark.parametrize("address", ["nowhere", "127.0.0.1:port", "127.0.0.1:70000"])
def test_an_address_that_is_none_is_wrong_usage(warehouse: Warehouse, address: str) -> None:
    outcome = command(warehouse, "watch", "--listen", address)
    assert outcome.exit_code == 2
    assert "is no HOST:PORT" in outcome.output


def test_two_schemas_may_be_watched(warehouses: Warehouses, warehouse: Warehouse) -> None:  # noqa: ARG001
    first, second = Watch(warehouse), Watch(warehouse.in_schema("elsewhere"))
    try:
        first.wait_for("^watching stuck_jobs")
        second.wait_for("^Error: check: there are no views in elsewhere")
        assert (first.end(), second.end()) == (0, 0)
    finally:
        for watch in (first, second):
            watch.process.kill()
            watch.process.wait()
