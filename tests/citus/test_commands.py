"""Every command answers on a cluster as on plain PostgreSQL, and takes no part of an answer for all of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import QUEUES, RAW, ROOT, Watched
from otlp import receiving

from benchmarks.clusters import copy_raw_tables
from stuck_jobs.demo.generator import Pipeline
from stuck_jobs.demo.load import load

LOSE = """
    create function public.lose() returns boolean language plpgsql as $$
    begin
        raise warning 'a part was lost' using errcode = 'CIINF';
        return true;
    end
    $$
"""
HISTORY = "select count(distinct run_id) from stuck_jobs.accumulation_history"
STATES = "select distinct state from stuck_jobs.accumulation_points_v1"
STUCK = """
    select jobspec_id from stuck_jobs.stuck_items_v1
    where entity_type = 'job' group by 1 having count(*) = 1 order by 1 limit 5
"""


@pytest.fixture(scope="module", autouse=True)
def _filled(cluster: Watched, plain: Watched, demo: Pipeline) -> None:
    for watched in (plain, cluster):
        with watched.database.connected() as connection:
            connection.autocommit = False
            connection.execute("truncate executions, jobs, outbox")
            load(connection, demo)
    plain.collect()
    plain.check()
    copy_raw_tables(plain.database, cluster.database, RAW)
    cluster.check()


@contextmanager
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    told: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", told
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def watching(watched: Watched) -> Iterator[list[str]]:
    command = [Path(sys.executable).with_name("stuck-jobs"), "watch", "--every", "1", "--no-collect"]
    lines: list[str] = []
    with subprocess.Popen(
        command, cwd=ROOT, env=watched.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        reader = threading.Thread(target=lines.extend, args=(process.stdout,), daemon=True)
        reader.start()
        try:
            yield lines
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0, "".join(lines)
            reader.join()


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it never came to pass"
        time.sleep(0.2)


@contextmanager
def losing(watched: Watched, view: str) -> Iterator[None]:
    """Have whoever reads a view be told that a part of it was lost."""
    (definition,) = watched.rows(f"select rtrim(pg_get_viewdef('stuck_jobs.{view}'), ';')")[0]
    with watched.database.connected() as connection:
        connection.execute(LOSE)
        connection.execute(
            f"create or replace view stuck_jobs.{view} as select * from ({definition}) as whole"
            " where public.lose()".encode()
        )
    try:
        yield
    finally:
        with watched.database.connected() as connection:
            connection.execute(f"create or replace view stuck_jobs.{view} as {definition}".encode())
            connection.execute("drop function public.lose()")


def points_of(explained: dict[str, Any]) -> list[str]:
    return [item["accumulation_point"] for item in explained["items"]]


def test_a_check_asks_the_node_by_what_the_build_left_there(cluster: Watched) -> None:
    cluster.build()
    with cluster.database.connected() as connection:
        connection.execute("alter function stuck_jobs.found_items() rename to lost_items")
    try:
        assert "found_items" in cluster.check(expect=(2,))
    finally:
        with cluster.database.connected() as connection:
            connection.execute("alter function stuck_jobs.lost_items() rename to found_items")
    cluster.check(expect=(1,))


def test_a_check_asks_a_view_that_was_replaced_since_the_build(cluster: Watched, plain: Watched) -> None:
    with losing(cluster, "unpublished_outbox_v1"):
        cluster.check(expect=(2,))
        assert cluster.rows(STATES) == [("unknown",)]
    cluster.check(expect=(1,))
    assert len(plain.rows(STUCK)) == len(cluster.rows(STUCK)) == 5
    cluster.build()


def test_why_says_the_same(cluster: Watched, plain: Watched) -> None:
    stuck = plain.rows(STUCK)
    assert len(stuck) == 5
    for (job,) in stuck:
        command = ("stuck-jobs", "why", job, "--format", "json")
        here, there = (json.loads(watched.run(*command)) for watched in (plain, cluster))
        assert points_of(there) == points_of(here) != []
        assert [moment["at"] for moment in there["timeline"]] == [moment["at"] for moment in here["timeline"]]


def test_validate_finds_what_it_finds_on_plain_postgresql(cluster: Watched, plain: Watched) -> None:
    found = []
    for watched in (plain, cluster):
        watched.check()
        lines = watched.run("stuck-jobs", "validate", expect=(1,)).splitlines()
        found.append({line.split(":")[1] + line.split(":")[2] for line in lines if line.startswith("failed")})
    assert found[0] == found[1] != set()


def test_validate_has_no_answer_where_a_part_was_lost(cluster: Watched) -> None:
    with losing(cluster, "accumulation_points_v1"):
        output = cluster.run("stuck-jobs", "validate", expect=(1, 2))
    assert "a part of the answer was lost between the nodes" in output


def test_dbt_tests_what_is_well_formed_and_fails_where_a_part_was_lost(cluster: Watched) -> None:
    on_node = ("test", "--select", "test_name:well_formed,stale_jobs")
    kept = ("test", "--select", "test_name:one_row_per,incidents")
    assert "ERROR=0" in cluster.dbt(*on_node, *kept[2:])
    with losing(cluster, "stale_jobs_v1"):  # of a node's warning Citus makes an error itself
        assert "a part was lost" in cluster.dbt(*on_node, expect=(1, 2))
    with losing(cluster, "incidents_v1"):
        assert "a part of the answer was lost between the nodes" in cluster.dbt(*kept, expect=(1, 2))


def test_the_report_is_written(cluster: Watched, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    cluster.run("stuck-jobs", "report", "--output", str(page))
    (job,) = cluster.rows("select entity_id from stuck_jobs.stuck_items_v1 order by stuck_since limit 1")[0]
    assert job in page.read_text(encoding="utf-8")


def test_alert_tells_a_webhook_once(cluster: Watched) -> None:
    cluster.check()
    with webhook() as (url, told):
        cluster.run("stuck-jobs", "alert", "--webhook", url)
        assert len(told) == 1
        cluster.run("stuck-jobs", "alert", "--webhook", url)
        assert len(told) == 1


def test_trace_sends_the_same_spans(cluster: Watched, plain: Watched) -> None:
    sent = []
    for watched in (plain, cluster):
        with receiving() as receiver:
            endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
            replace(watched, variables=watched.variables | endpoint).run("stuck-jobs", "trace")
            sent.append({span.span_id for span in receiver.spans})
    assert len(sent[0]) > 1000
    assert len(sent[0] ^ sent[1]) < len(sent[0]) / 100  # what has ended between the two


def test_watch_checks_and_notices_a_build(cluster: Watched) -> None:
    (before,) = cluster.rows(HISTORY)[0]
    with watching(cluster) as lines:
        wait_until(lambda: cluster.rows(HISTORY)[0][0] > before + 1)
        cluster.build("--full-refresh")
        wait_until(lambda: any("has built stuck_jobs anew" in line for line in lines))
        (now,) = cluster.rows(HISTORY)[0]
        wait_until(lambda: cluster.rows(HISTORY)[0][0] > now + 1)
    assert [line for line in lines if "was lost" in line] == []


def test_heal_recovers_what_it_may(cluster: Watched) -> None:
    variables = json.dumps({
        "source_schema": cluster.database.schema, "thresholds": {"job_not_closed": {"auto": True}},
    })  # fmt: skip
    output = cluster.run("stuck-jobs", "heal", "--force", "--format", "json", "--vars", variables, *QUEUES)
    healed, _ = json.JSONDecoder().raw_decode(output, output.index("{"))
    assert len(healed["cured"]) > 0
    assert healed["not_cured"] == []
