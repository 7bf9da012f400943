from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import redis
from click.testing import CliRunner
from conftest import Warehouse
from test_generator import CAUSES

from stuck_jobs import embedded
from stuck_jobs.cli import main
from stuck_jobs.demo.generator import MIN_JOBS, Pipeline, generate
from stuck_jobs.demo.load import load, load_earlier_looks, load_queue, load_recoveries
from stuck_jobs.demo.queue import QUEUE, UNSERVED

COMMAND = Path(sys.executable).with_name("stuck-jobs")
ELSEWHERE = {
    "PGHOST": "nowhere.invalid",
    "PGUSER": "nobody",
    "REDIS_URL": "redis://nowhere.invalid",
    "DBT_PROFILES_DIR": "/nowhere",
    "COLUMNS": "100",
}


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Where the demo puts everything it makes; PostgreSQL's user must be able to get there."""
    directory = Path(tempfile.mkdtemp(prefix="demo-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def start(scratch: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | ELSEWHERE | {"TMPDIR": str(scratch)}
    environment.pop("STUCK_JOBS_SCHEMA", None)
    return subprocess.Popen(
        [COMMAND, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def assert_nothing_is_left(scratch: Path) -> None:
    assert list(scratch.iterdir()) == []
    deadline = time.monotonic() + 5
    while running(scratch) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert running(scratch) == []


def running(scratch: Path) -> list[bytes]:
    """The command lines that name a directory."""
    command_lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            command_lines.append(path.read_bytes())
    return [line for line in command_lines if os.fsencode(scratch) in line]


def test_the_demo_shows_every_point_breached_but_a_stalled_pipeline(scratch: Path, tmp_path: Path) -> None:
    """And keeps its servers, which can be used and stopped as it prints."""
    report = tmp_path / "report.html"
    demo = start(scratch, "demo", "--keep", "--jobs", "200", "--report", str(report))
    output, errors = demo.communicate()
    assert demo.returncode == 0, errors
    commands = [line.strip() for line in output.partition("still running.")[2].splitlines()[1:]]
    try:
        assert_all_is_shown(output, report)
        assert_the_servers_can_be_used(commands)
    finally:
        for command in commands[-2:]:
            subprocess.run(["sh", "-c", command], check=True, capture_output=True)
    assert_nothing_is_left(scratch)


def assert_all_is_shown(output: str, report: Path) -> None:
    states = dict(re.findall(r"^\w+ +(\w+) +(ok|breached|unknown) ", output, re.MULTILINE))
    assert states == {point: "breached" if causes else "ok" for point, causes in CAUSES.items()}
    assert re.search(r"All \d+ things broken on purpose were found, and nothing else\.", output)
    gates = f"Gate: closed by {len(CAUSES) - 4} of {len(CAUSES)} points, 3 only warn (dbt build exited 1)."
    assert gates in output
    on_the_page = re.findall(r'<tr role="row" class="(\w+)" data-point="(\w+)"', report.read_text())
    assert {point: tone.replace("warn", "breached") for tone, point in on_the_page} == states


def assert_the_servers_can_be_used(commands: list[str]) -> None:
    collect = next(command for command in commands if command.endswith("stuck-jobs collect"))
    exported = dict(word.split("=", 1) for word in shlex.split(commands[0])[1:])
    finished = subprocess.run(
        ["sh", "-c", f"{commands[0]} && {collect}"], capture_output=True, text=True, check=False
    )
    assert re.match(r"snapshot 2: jobs: main 1,\d+, retry \d+, dead \d+; ", finished.stdout), finished
    with psycopg.connect(
        host=exported["PGHOST"], user=exported["PGUSER"], dbname=exported["PGDATABASE"]
    ) as connection:
        points = connection.execute("select count(*) from stuck_jobs.accumulation_points").fetchone()
    assert points == (len(CAUSES),)


def test_the_healthy_demo_shows_every_point_ok(scratch: Path) -> None:
    demo = start(scratch, "demo", "--healthy", "--jobs", "200", "--seed", "5")
    output, errors = demo.communicate()
    assert demo.returncode == 0, errors
    states = dict(re.findall(r"^\w+ +(\w+) +(ok|breached|unknown) +0 ", output, re.MULTILINE))
    assert states == dict.fromkeys(CAUSES, "ok")
    assert "Nothing was broken, and nothing was found." in output
    assert f"Gate: open, {len(CAUSES)} points within their limits (dbt build exited 0)." in output
    assert_nothing_is_left(scratch)


@pytest.fixture
def heeded_interrupt() -> Iterator[None]:
    """A shell has what it starts in the background ignore SIGINT, and so would whatever the tests start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded_interrupt")
@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGTERM, 143), (signal.SIGINT, 1)])
@pytest.mark.parametrize("seconds", [0, 3])
def test_a_signal_leaves_nothing_behind(
    scratch: Path, number: signal.Signals, exit_code: int, seconds: float
) -> None:
    demo = start(scratch, "demo", "--jobs", "200")
    deadline = time.monotonic() + 30
    while not list(scratch.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(seconds)
    demo.send_signal(number)
    _, errors = demo.communicate()
    assert demo.returncode == exit_code
    assert "Traceback" not in errors
    assert_nothing_is_left(scratch)


@pytest.fixture(scope="module")
def views(new_built_warehouse: Callable[..., Warehouse]) -> Warehouse:
    return new_built_warehouse(redis_enabled=True)


def put(warehouse: Warehouse, pipeline: Pipeline) -> None:
    """Load a pipeline in place of what is there, and take a snapshot of a Redis as if it were the first."""
    warehouse.execute(
        "truncate jobs, executions, outbox, stuck_jobs_raw.recovery_log, stuck_jobs_raw.queue_servers,"
        " stuck_jobs_raw.queue_snapshots"
    )
    with warehouse.connect() as connection:
        load(connection, pipeline)
        load_recoveries(connection, "stuck_jobs_raw", pipeline.recoveries)
    with embedded.redis_server() as server:
        with redis.Redis.from_url(server.url) as client:
            load_queue(client, pipeline.queue)
        variables = {"REDIS_URL": server.url, "DBT_PROFILES_DIR": str(warehouse.scratch)}
        queues = ("--queue", QUEUE, "--queue", UNSERVED)
        collected = CliRunner().invoke(main, ["collect", *queues], env=warehouse.libpq | variables)
        assert collected.exit_code == 0, collected.output
    with warehouse.connect() as connection:
        load_earlier_looks(connection, "stuck_jobs_raw")


@pytest.mark.parametrize(("seed", "jobs"), [(11, 2400), *((seed, MIN_JOBS) for seed in range(1, 6))])
def test_the_views_hold_exactly_what_was_broken(views: Warehouse, seed: int, jobs: int) -> None:
    pipeline = generate(datetime.now(UTC), seed, jobs)
    put(views, pipeline)
    found = views.rows("select accumulation_point, entity_id, cause from stuck_items")
    assert sorted(found) == sorted(map(tuple, pipeline.faults))
    unsafe = views.rows("select job_status from dead_letters where not requeue_is_safe")
    assert Counter(unsafe) == {("completed",): 2, (None,): 2}
    groups = views.rows("select crash_group from lost_workers where status = 'processing'")
    crashes = [count for _, count in Counter(groups).most_common(2)]
    assert crashes == [5, 4]


@pytest.mark.parametrize("seed", range(1, 6))
def test_the_views_are_silent_about_a_healthy_pipeline(views: Warehouse, seed: int) -> None:
    put(views, generate(datetime.now(UTC), seed, MIN_JOBS, healthy=True))
    assert views.rows("select accumulation_point, entity_id, cause from stuck_items") == []
    assert set(views.rows("select state from accumulation_points")) == {("ok",)}


def test_a_sandbox_has_a_queue_to_collect(scratch: Path) -> None:
    sandbox = start(scratch, "sandbox", "--", "env", "-u", "DBT_PROFILES_DIR", str(COMMAND), "collect")
    output, errors = sandbox.communicate()
    assert sandbox.returncode == 0, errors
    assert output.startswith("snapshot 1: jobs: main 0, retry 0, dead 0; ")
    assert_nothing_is_left(scratch)
