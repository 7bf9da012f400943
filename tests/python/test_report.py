"""The page of `stuck-jobs report`: what it shows is what the views say, and it does no harm."""

from __future__ import annotations

import contextlib
import html
import json
import os
import re
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from browser import PROGRAM, Page, browsing
from conftest import ROOT, Outcome, Warehouse, environment, run_command
from psycopg import sql
from summaries import COMMAND, POINTS
from test_demo import put
from test_readme import blocks, commands

from stuck_jobs.demo.generator import MIN_JOBS, generate
from stuck_jobs.display import humanise
from stuck_jobs.errors import StuckJobsError
from stuck_jobs.report import echarts, reading
from stuck_jobs.report.templates import percent, seconds

VIEWS = (
    "accumulation_points", "stuck_items", "incidents", "incident_items", "held_jobs",
    "queue_depths", "execution_reliability", "provider_failures", "job_durations",
)  # fmt: skip
TABLES = (*VIEWS, "accumulation_history", "stg_queue_snapshots")
MAX_BYTES = 2_500_000
NASTY = (
    "<script>window.harmed = 1</script>",
    "\"><img src=x onerror='window.harmed = 1'>",
    "</script><script>window.harmed = 1</script>",
    "'; touch harmed; '$(touch harmed)`touch harmed`",
    "javascript:window.harmed=1//{{7*7}}{% raw %}",
    "--apply",
    " two  spaces ",
)
UNPRINTABLE = ("line\nrm -rf .", "\x1b[201~harm", "right\u202eleft", "bell\x07")

needs_browser = pytest.mark.skipif(PROGRAM is None, reason="no Chromium is installed")


# The page, parsed


@dataclass
class Table:
    """A table of the page: the texts of its cells, row by row."""

    name: str
    rows: list[list[str]] = field(default_factory=list)


class Parser(HTMLParser):
    """Finds tables, addresses and texts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: list[Table] = []
        self.addresses: list[str] = []
        self.commands: list[str] = []
        self.elements: list[str] = []
        self._cell = self._code = False
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        values = dict(attributes)
        self.addresses += [
            values[name] or "" for name in ("href", "src", "action", "srcset") if name in values
        ]
        match tag:
            case "table":
                self.tables.append(Table(values["aria-labelledby"] or ""))
            case "tr":
                self.tables[-1].rows.append([])
            case "td" | "th":
                self.tables[-1].rows[-1].append("")
                self._cell = True
            case "code":
                self.commands.append("")
                self._code = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._cell = False
            cells = self.tables[-1].rows[-1]
            cells[-1] = " ".join(cells[-1].split())
        if tag == "code":
            self._code = False

    def handle_data(self, text: str) -> None:
        if self._cell:
            self.tables[-1].rows[-1][-1] += text
        if self._code:
            self.commands[-1] += text

    def rows(self, name: str) -> list[list[str]]:
        """The rows of a table below its head."""
        (table,) = (table for table in self.tables if table.name == name)
        return [row for row in table.rows[1:] if len(row) > 1]


# The pipeline, as it was at one moment


@pytest.fixture(scope="module")
def frozen(new_warehouse: Callable[[], Warehouse]) -> Warehouse:
    """The views over the demo's pipeline, each replaced by what it said at one moment."""
    warehouse = new_warehouse()
    build(warehouse)
    put(warehouse, generate(datetime.now(UTC), seed=3, jobs=MIN_JOBS))
    build(warehouse, "--select", "accumulation_history")
    warehouse.execute("create schema frozen")
    for view in TABLES:
        warehouse.execute(f"create table frozen.{view} as select * from {view}")
        if view in VIEWS:
            warehouse.execute(f"create or replace view {view}_v1 as select * from frozen.{view}")
    warehouse.execute(
        "create or replace view stg_queue_snapshots as select * from frozen.stg_queue_snapshots",
        "alter table accumulation_history rename to built_history",
        "create view accumulation_history as select * from frozen.accumulation_history",
        "create schema original",
        *(f"create table original.{table} as select * from frozen.{table}" for table in TABLES),
    )
    return warehouse


def build(warehouse: Warehouse, *selection: str) -> None:
    outcome = warehouse.run_dbt("run", *selection, variables={"redis_enabled": True})
    assert outcome.exit_code == 0, outcome.output


@contextmanager
def changed(warehouse: Warehouse, *statements: str) -> Iterator[None]:
    """Change what was frozen for the length of a `with` block."""
    try:
        warehouse.execute(*statements)
        yield
    finally:
        warehouse.execute(
            *(f"truncate frozen.{t}; insert into frozen.{t} select * from original.{t}" for t in TABLES)
        )


def variables_of(warehouse: Warehouse) -> dict[str, str]:
    ours = ("PG", "DBT_", "STUCK_JOBS_", "REDIS_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return inherited | warehouse.libpq | {
        "DBT_PROFILES_DIR": str(warehouse.scratch), "STUCK_JOBS_SCHEMA": warehouse.schema,
    }  # fmt: skip


def run(warehouse: Warehouse, *arguments: str, **extra: str) -> Outcome:
    with environment(variables_of(warehouse) | extra):
        return run_command(["report", *arguments])


def write(warehouse: Warehouse, output: Path, *arguments: str) -> str:
    outcome = run(warehouse, "--output", str(output), *arguments)
    assert outcome.exit_code == 0, outcome.output
    return output.read_text()


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "report.html"


def number(count: int) -> str:
    return f"{count:,}"


# What it shows


def expected_points(warehouse: Warehouse) -> dict[str, tuple[str, ...]]:
    query = """
        select accumulation_point, state, stuck_count, max_count, oldest_age_seconds
        from accumulation_points
    """
    return {
        name: (state, f"{stuck:,} / {limit:,}", humanise(age) if stuck else "")
        for name, state, stuck, limit, age in warehouse.rows(query)
    }


def shown_points(page: Parser) -> dict[str, tuple[str, ...]]:
    return {
        row[0].removesuffix(" warn"): (row[1].split()[1], row[2], row[3].partition(" limit ")[0])
        for row in page.rows("points-title")
    }


def assert_shows_the_views(page: Parser, warehouse: Warehouse) -> None:
    """Every number of the page is one of the views', and every row that it must have is there."""
    points = expected_points(warehouse)
    assert shown_points(page) == points
    assert set(points) == set(POINTS)
    causes = {row[0].removesuffix(" warn"): row[5] for row in page.rows("points-title")}
    counted: dict[str, list[tuple[str, int]]] = {name: [] for name in points}
    query = "select accumulation_point, cause, count(*) from stuck_items group by 1, 2 order by 3 desc, 2"
    for name, cause, count in warehouse.rows(query):
        counted[name].append((cause, count))
    assert causes == {n: " ".join(f"{cause} {count}" for cause, count in of) for n, of in counted.items()}

    query = """
        select
            accumulation_point,
            concat_ws(' ', cause, 'queue ' || queue_name, 'kind ' || job_kind, evidence) as cause,
            age_seconds, threshold_seconds, jobspec_id, entity_id, cause as group_name
        from stuck_items order by age_seconds desc nulls last, entity_id
    """
    items = warehouse.rows(query)
    rows = page.rows("items-title")
    oldest = [item for item in items if items_before(items, item) < 3 or first_of_cause(items, item)]
    assert len(rows) == len(oldest) > 20
    expected = {
        (
            item[0], item[1], item[4] or "(no job)",
            humanise(item[2]) + (f"limit {humanise(item[3])}" if item[3] else ""),
        )
        for item in oldest
    }  # fmt: skip
    assert {(row[1], row[4], row[2], row[0]) for row in rows} == expected

    query = "select queue_name, kind, depth from queue_depths order by 1, 2"
    assert sorted(row[:3] for row in page.rows("depths-title")) == [
        [name, kind, number(depth)] for name, kind, depth in warehouse.rows(query)
    ]

    query = """
        select
            provider_id, region, sum(executions)::int, sum(finished)::int, sum(finished - completed)::int,
            sum(timed_out)::int
        from execution_reliability group by 1, 2 order by 1, 2
    """
    failing = set(warehouse.rows("select provider_id, region from provider_failures"))
    assert failing
    assert page.rows("providers-title") == [
        [
            provider, region, number(executions), number(finished),
            f"{number(failed)} {percent(round(failed / finished, 4) if finished else None)}",
            f"{number(timed_out)} {percent(round(timed_out / finished, 4) if finished else None)}",
            "▲ failing" if (provider, region) in failing else "",
        ]
        for provider, region, executions, finished, failed, timed_out in warehouse.rows(query)
    ]  # fmt: skip

    percentiles = [f"{n}_p{p}_seconds" for n in ("queue_wait", "run_time", "total") for p in (50, 95, 99)]
    days = warehouse.rows(f"select day, jobs, {', '.join(percentiles)} from job_durations order by day desc")
    assert page.rows("days-title")[1:] == [
        [str(day), number(jobs), *map(seconds, values)] for day, jobs, *values in days
    ]


def items_before(items: list[tuple[Any, ...]], item: tuple[Any, ...]) -> int:
    return [other for other in items if other[0] == item[0]].index(item)


def first_of_cause(items: list[tuple[Any, ...]], item: tuple[Any, ...]) -> bool:
    return next(other for other in items if (other[0], other[6]) == (item[0], item[6])) == item


def test_the_page_shows_what_the_views_say(frozen: Warehouse, output: Path) -> None:
    page = write(frozen, output)
    assert_shows_the_views(Parser(page), frozen)
    (over,) = frozen.rows("select count(*) from accumulation_points where state = 'breached'")
    (stuck,) = frozen.rows("select count(*) from stuck_items")
    assert "Gate closed" in page
    text = " ".join(re.sub(r"<[^>]+>", "", page.partition("</header>")[0]).split())
    assert f"{over[0]} of {len(POINTS)} points are over their limit. " in text
    assert f"{stuck[0]} items are stuck" in text


def test_the_page_begins_with_what_broke_the_worst_first(frozen: Warehouse, output: Path) -> None:
    page = write(frozen, output)
    main = page.partition("<main>")[2]
    assert (
        main.index('id="incidents-title"') < main.index('id="points-title"') < main.index('id="items-title"')
    )
    found = frozen.rows(
        "select incident_id, title, first_step from incidents "
        "order by severity, items desc, jobs desc, started_at nulls last, incident_id"
    )
    assert re.findall(r'<li id="incident-(\w+)"', page) == [incident for incident, *_ in found]
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())
    assert all(" ".join(title.split()) in text for _, title, _ in found)
    assert {step for *_, step in found if step.startswith("stuck-jobs")} <= set(Parser(page).commands)
    assert f"by {len(found)} faults." in " ".join(
        re.sub(r"<[^>]+>", "", page.partition("</header>")[0]).split()
    )
    ties = {
        (point, job): incident
        for point, job, incident in frozen.rows(
            "select accumulation_point, jobspec_id, incident_id from incident_items "
            "where jobspec_id is not null"
        )
    }
    titles = {incident: title for incident, title, _ in found}
    for row in Parser(page).rows("items-title"):
        if row[2] != "(no job)":
            assert row[6] == " ".join(titles[ties[row[1], row[2]]].split())


def test_points_are_shown_by_harm(frozen: Warehouse, output: Path) -> None:
    with changed(
        frozen,
        "update frozen.accumulation_points set state = 'ok', stuck_count = 0 "
        "where level in ('portal', 'network')",
        "update frozen.accumulation_points set state = 'unknown' where level = 'worker'",
    ):
        shown = [*shown_points(Parser(write(frozen, output))).items()]
        warns = {
            name
            for (name,) in frozen.rows(
                "select accumulation_point from accumulation_points where severity = 'warn'"
            )
        }
    harm = ["breached", "unknown", "warn", "ok"]
    tones = ["warn" if state == "breached" and name in warns else state for name, (state, *_) in shown]
    assert tones == sorted(tones, key=harm.index)
    assert {*tones} == {*harm}
    counts = [
        int(stuck.partition(" / ")[0].replace(",", ""))
        for (_, (state, stuck, _)), tone in zip(shown, tones, strict=True)
        if tone == "breached"
    ]
    assert counts == sorted(counts, reverse=True)


def test_errors_are_grouped_and_holders_named(frozen: Warehouse, output: Path) -> None:
    page = Parser(write(frozen, output))
    dead = dict(
        frozen.rows(
            "select error, count(*) from incident_items "
            "where accumulation_point = 'queue_dead_letter' and error is not null group by 1"
        )
    )
    assert dead
    assert {row[0]: int(row[1]) for row in page.rows("errors-title")} == dead
    ((held,),) = frozen.rows("select count(*) from held_jobs")
    assert [row[:2] for row in page.rows("holders-title")] == (
        [["workers, by their locks", number(held)]] if held else []
    )


def test_the_page_does_without_incidents_that_take_too_long(
    frozen: Warehouse, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "INCIDENTS_SECONDS", 1.0)
    frozen.execute(
        "create or replace view incidents_v1 as select i.* from frozen.incidents as i, pg_sleep(60)"
    )
    try:
        page = write(frozen, output)
    finally:
        frozen.execute("create or replace view incidents_v1 as select * from frozen.incidents")
    assert "<code>incidents</code> took longer" in page
    assert shown_points(Parser(page)) == expected_points(frozen)
    assert Parser(page).rows("items-title")


def test_a_command_is_there_where_recovery_can_help(frozen: Warehouse, output: Path) -> None:
    commands = Parser(write(frozen, output)).commands
    remedies = dict(frozen.rows("select accumulation_point, remedy from accumulation_points"))
    for point in ("job_created", "worker_lost", "job_not_closed"):
        assert f"stuck-jobs recover --point {point}" in commands
    assert "stuck-jobs requeue" in commands
    assert not any(
        point in command for command in commands for point in remedies if remedies[point] == "none"
    )
    jobs = {job for (job,) in frozen.rows("select jobspec_id from stuck_items where remedy <> 'none'")}
    named = {shlex.split(command)[3] for command in commands if "--job" in command}
    assert named
    assert named <= jobs


def test_runbooks_are_where_the_user_says(frozen: Warehouse, output: Path) -> None:
    addresses = Parser(write(frozen, output)).addresses
    (page,) = {address for address in addresses if address.endswith("/worker_lost.md")}
    assert (output.parent / page).resolve() == ROOT / "docs" / "points" / "worker_lost.md"
    assert (output.parent / page).is_file()
    page = write(frozen, output, "--runbook-url", "https://wiki.example.com/points/")
    assert "https://wiki.example.com/points/worker_lost.md" in Parser(page).addresses
    refused = run(frozen, "--output", str(output), "--runbook-url", "javascript:alert(1)")
    assert refused.exit_code == 2
    assert "javascript:alert(1) is no address" in refused.output


def test_nothing_on_the_page_is_elsewhere(frozen: Warehouse, output: Path) -> None:
    page = write(frozen, output)
    assert len(page.encode()) < MAX_BYTES
    parser = Parser(page)
    assert not {"iframe", "object", "embed", "img", "audio", "video"} & set(parser.elements)
    scheme = re.compile(r"[a-z]+:|//", re.IGNORECASE)
    assert {a.partition(",")[0] for a in parser.addresses if scheme.match(a)} == {"data:image/svg+xml"}
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert "default-src 'none'" in page
    own = page.replace(echarts.echarts(), "")
    assert str(frozen.scratch) not in own
    assert frozen.libpq["PGHOST"] not in own


HEALTHY = (
    "update frozen.accumulation_points set state = 'ok', stuck_count = 0, oldest_age_seconds = null",
    "truncate frozen.stuck_items, frozen.incidents, frozen.incident_items, frozen.provider_failures",
)
UNKNOWN = (
    *HEALTHY,
    "update frozen.accumulation_points set state = 'unknown', evidence_at = now() - interval '2 hours' "
    "where level = 'queue'",
)


def test_a_healthy_pipeline_looks_healthy(frozen: Warehouse, output: Path) -> None:
    with changed(frozen, *HEALTHY):
        page = write(frozen, output)
        assert shown_points(Parser(page)) == expected_points(frozen)
    assert "Gate open" in page
    assert "Nothing is stuck." in page
    assert not any("stuck-jobs rec" in command for command in Parser(page).commands)


def test_a_warning_is_not_a_closed_gate(frozen: Warehouse, output: Path) -> None:
    warned = (
        "update frozen.accumulation_points set state = 'breached', severity = 'warn', stuck_count = 2 "
        "where accumulation_point = 'queue_orphan'"
    )
    with changed(frozen, *HEALTHY, warned):
        page = write(frozen, output)
    assert "Gate open, with warnings" in page
    assert shown_points(Parser(page))["queue_orphan"][:2] == ("breached", "2 / 0")


def test_what_is_not_known_does_not_look_healthy(frozen: Warehouse, output: Path) -> None:
    nothing = "truncate frozen.queue_depths, frozen.stg_queue_snapshots"
    empty = "truncate frozen.execution_reliability, frozen.job_durations"
    with changed(frozen, *UNKNOWN, nothing, empty):
        page = write(frozen, output)
        assert shown_points(Parser(page)) == expected_points(frozen)
    assert "No answer" in page
    assert "not everything can be judged" in page
    assert "evidence 2 h" in page
    assert "There is no snapshot of Redis." in page
    assert "No execution began" in page
    assert "No job was closed" in page


def test_a_queue_that_could_not_be_read_has_no_depth(frozen: Warehouse, output: Path) -> None:
    failed = "update frozen.queue_depths set depth = null, error = 'connection refused' where kind = 'main'"
    with changed(frozen, failed):
        rows = Parser(write(frozen, output)).rows("depths-title")
    assert [row[2:3] + row[5:] for row in rows if row[1] == "main"] == [
        ["?", "? not read connection refused"]
    ] * 2


def nasty_items() -> list[str]:
    rows = [
        sql.SQL(
            "('worker_lost', 'job', {0}, {0}, {0}, null, 1000000, 0, 'lock_gone', 'worker', 'error', 'reset')"
        ).format(sql.Literal(text))
        for text in (*NASTY, *UNPRINTABLE)
    ]
    columns = (
        "accumulation_point, entity_type, entity_id, jobspec_id, status, stuck_since, age_seconds, "
        "threshold_seconds, cause, level, severity, remedy"
    )
    insert = sql.SQL("insert into frozen.stuck_items ({}) values {}").format(
        sql.SQL(columns), sql.SQL(", ").join(rows)
    )
    queue = sql.SQL("update frozen.queue_depths set queue_name = {}").format(sql.Literal(NASTY[2]))
    snapshots = sql.SQL("update frozen.stg_queue_snapshots set queue_name = {}").format(sql.Literal(NASTY[2]))
    providers = sql.SQL("update frozen.execution_reliability set provider_id = provider_id || {}").format(
        sql.Literal(NASTY[0])
    )
    return [statement.as_string() for statement in (insert, queue, snapshots, providers)]


def test_what_users_wrote_is_text_and_one_word_of_a_command(
    frozen: Warehouse, output: Path, tmp_path: Path
) -> None:
    with changed(frozen, *nasty_items()):
        page = Parser(write(frozen, output, "--items", "20"))
    assert page.elements.count("script") == 5
    assert page.elements.count("img") == 0
    shown = {row[2] for row in page.rows("items-title") if row[1] == "worker_lost"}
    assert {" ".join(text.split()) for text in NASTY} <= shown
    assert {"line\\nrm -rf .", "\\x1b[201~harm", "right\\u202eleft", "bell\\x07"} <= shown
    commands = [command for command in page.commands if "--job" in command]
    words = [shlex.split(command) for command in commands]
    assert all(len(of) == 5 and of[2] == "--job" and of[4] == "--apply" for of in words)
    assert set(NASTY) <= {of[3] for of in words}
    assert not set(UNPRINTABLE) & {of[3] for of in words}
    for command in commands:
        harmless = command.replace("stuck-jobs", ":", 1)
        subprocess.run(["bash", "-c", harmless], cwd=tmp_path, check=True)
    assert not (tmp_path / "harmed").exists()


def test_the_page_of_a_large_pipeline_is_bounded(frozen: Warehouse, output: Path) -> None:
    much = (
        "insert into frozen.stuck_items select accumulation_point, entity_type, "
        "entity_id || n || repeat('x', 400), jobspec_id || n || repeat('y', 400), "
        "status, stuck_since, age_seconds, threshold_seconds, "
        "cause, level, severity, remedy from original.stuck_items, generate_series(1, 50) as n",
        "insert into frozen.execution_reliability select provider_id || n, region || n % 40, model_id, "
        "executions, finished, completed, timed_out, retried, success_rate, timeout_rate, retry_rate, "
        "p50_seconds, p95_seconds, p99_seconds from original.execution_reliability, generate_series(1, 100) "
        "as n",
        "insert into frozen.accumulation_history select run_id, now() - n * interval '1 minute', "
        "accumulation_point, level, state, n % 7, max_count, oldest_stuck_since, oldest_age_seconds, "
        "severity, remedy, evidence_at from original.accumulation_history, generate_series(1, 1400) as n",
        "insert into frozen.stg_queue_snapshots select snapshot_id + n, now() - n * interval '1 minute', "
        "queue_name || n % 50, kind, n, messages_read, complete, error from original.stg_queue_snapshots, "
        "generate_series(1, 3000) as n",
        "insert into frozen.job_durations select day - n, jobs, queue_wait_p50_seconds, "
        "queue_wait_p95_seconds, queue_wait_p99_seconds, run_time_p50_seconds, run_time_p95_seconds, "
        "run_time_p99_seconds, total_p50_seconds, total_p95_seconds, total_p99_seconds from "
        "original.job_durations, generate_series(15, 400, 15) as n",
    )
    with changed(frozen, *much):
        page = write(frozen, output)
        shown_at_most = write(frozen, output.with_name("more.html"), "--items", "20")
    parser = Parser(page)
    assert len(page.encode()) < MAX_BYTES
    assert len(shown_at_most.encode()) < MAX_BYTES
    providers = {row[0] for row in parser.rows("providers-title")}
    assert len(providers) <= reading.MAX_PROVIDERS
    assert len({row[1] for row in parser.rows("providers-title")}) <= reading.MAX_REGIONS
    assert {provider for (provider,) in frozen.rows("select provider_id from provider_failures")} <= providers
    assert len(parser.rows("days-title")) == reading.MAX_DAYS + 1
    longest = max(len(d) for d in re.findall(r'class="line" d="([^"]*)"', page))
    assert longest < 30 * reading.STEPS


def test_history_is_a_line_that_ends_in_the_present(frozen: Warehouse, output: Path) -> None:
    runs = (
        "truncate frozen.accumulation_history",
        "insert into frozen.accumulation_history select run_id, now() - make_interval(hours => h), "
        "accumulation_point, level, case h when 3 then 'unknown' else state end, c, max_count, "
        "oldest_stuck_since, oldest_age_seconds, severity, remedy, evidence_at "
        "from original.accumulation_history, (values (30, 99), (6, 0), (3, 40), (1, 7)) as runs (h, c)",
        "update frozen.accumulation_points set stuck_count = 11 where accumulation_point = 'job_created'",
    )
    with changed(frozen, *runs):
        page = write(frozen, output, "--hours", "8")
    words = "job_created over 6 h between 0 and 40 stuck, now 11, at times unknown"
    assert f'aria-label="{words}"' in page
    drawing = page.partition(words)[2].partition("</svg>")[0]
    (line,) = re.findall(r'class="line" d="M1\.0 22\.0H[\d.]+V2\.0H[\d.]+V[\d.]+H131\.0V[\d.]+"', drawing)
    assert line
    assert drawing.count('class="gap"') == 1


# When there is no answer


def test_an_error_is_one_line_and_leaves_the_page_as_it_was(frozen: Warehouse, output: Path) -> None:
    output.write_text("before")
    nowhere = {"PGHOST": str(output.parent)}
    for arguments, variables, reason in (
        ((), nowhere, "No such file or directory"),
        ((), {"STUCK_JOBS_SCHEMA": "elsewhere"}, 'relation "elsewhere.accumulation_points" does not exist'),
        (("--target", "other"), {}, "there is no target other"),
        (("--output", str(output / "below.html")), {}, "cannot be written"),
    ):
        outcome = run(frozen, "--output", str(output), *arguments, **variables)
        assert outcome.exit_code == 2, outcome.output
        assert reason in outcome.output
        assert outcome.output.startswith("Error: ")
        assert outcome.output.count("\n") == 1
    assert output.read_text() == "before"
    assert [path.name for path in output.parent.iterdir()] == ["report.html"]


def test_a_summary_that_cannot_be_relied_on_is_no_answer(frozen: Warehouse, output: Path) -> None:
    with changed(frozen, "delete from frozen.accumulation_points where accumulation_point = 'worker_lost'"):
        outcome = run(frozen, "--output", str(output))
    assert outcome.exit_code == 2
    assert "cannot be relied on: worker_lost has no row" in outcome.output


def test_the_page_does_without_analytics_that_take_too_long(
    frozen: Warehouse, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ANALYTICS_SECONDS", 2.0)
    slow = (
        "create or replace view job_durations_v1 as select d.* from frozen.job_durations as d, pg_sleep(60)"
    )
    with changed(frozen, slow):
        page = write(frozen, output)
    frozen.execute("create or replace view job_durations_v1 as select * from frozen.job_durations")
    assert "<code>job_durations</code> took longer" in page
    assert Parser(page).rows("providers-title")
    assert shown_points(Parser(page)) == expected_points(frozen)


def test_a_role_that_only_reads_the_views_can_make_the_page(frozen: Warehouse, output: Path) -> None:
    public = yaml.safe_load((ROOT / "contracts.yml").read_text())
    names = {name for of in public for name in (of, re.sub(r"_v\d+$", "", of))}
    there = {name for (name,) in frozen.rows("select relname from pg_class where relkind in ('r', 'v')")}
    frozen.execute(
        "create role on_call login",
        f"grant usage on schema {frozen.schema} to on_call",
        *(f"grant select on {view} to on_call" for view in names & there),
    )
    outcome = run(frozen, "--output", str(output), PGUSER="on_call", PGTZ="Asia/Tokyo")
    assert outcome.exit_code == 0, outcome.output
    assert " UTC</time>" in output.read_text()


def test_only_what_apache_released_is_inlined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Apache Software Foundation" in echarts.echarts()
    monkeypatch.syspath_prepend(tmp_path)
    for package in ("tampered", "absent"):
        monkeypatch.setattr(echarts, "PACKAGE", package)
        if package == "tampered":
            (tmp_path / package / "assets").mkdir(parents=True)
            (tmp_path / package / "__init__.py").touch()
            (tmp_path / package / echarts.FILE).write_text("alert(1)")
        with pytest.raises(StuckJobsError, match=r"is not Apache ECharts 5\.5\.1|absent, which has"):
            echarts.echarts.__wrapped__()


@pytest.mark.parametrize(
    "command", [c for block in blocks("docs/report.md", "bash") for c in commands(block)]
)
def test_the_commands_of_its_document_work(frozen: Warehouse, tmp_path: Path, command: str) -> None:
    program, name, *arguments = shlex.split(command)
    assert (program, name) == ("stuck-jobs", "report")
    with contextlib.chdir(tmp_path):
        outcome = run(frozen, *arguments)
    assert outcome.exit_code == 0, outcome.output
    assert (tmp_path / "report.html").is_file()


# Again and again


@contextmanager
def watching(warehouse: Warehouse, output: Path, interval: float) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [COMMAND, "report", "--output", output, "--watch", str(interval)],
        env=variables_of(warehouse), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until(condition: Callable[[], object], patience: float = 60) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_watch_rewrites_the_page_whole_until_it_is_stopped(frozen: Warehouse, output: Path) -> None:
    torn: list[int] = []
    written: set[str] = set()
    done = threading.Event()

    def read_on() -> None:
        while not done.is_set():
            page = output.read_text()
            written.add(page.partition('data-read-at="')[2].partition('"')[0])
            if not page.rstrip().endswith("</html>"):
                torn.append(len(page))

    with watching(frozen, output, 0.2) as process:
        wait_until(output.exists)
        reader = threading.Thread(target=read_on)
        reader.start()
        wait_until(lambda: len(written) > 3)
        broken = "alter view frozen_points rename to accumulation_points"
        frozen.execute("alter view accumulation_points rename to frozen_points")
        assert process.stderr
        assert 'relation "stuck_jobs.accumulation_points" does not exist' in process.stderr.readline()
        frozen.execute(broken)
        before = len(written)
        wait_until(lambda: len(written) > before)
        done.set()
        reader.join()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert torn == []
    assert 'data-refresh="0.2"' in output.read_text()
    assert [path.name for path in output.parent.iterdir()] == ["report.html"]


def test_the_file_is_readable_by_its_group_at_most(frozen: Warehouse, output: Path) -> None:
    (output.parent / "plain").touch()
    link = output.with_name("link.html")
    link.symlink_to(output)
    write(frozen, link)
    assert link.is_symlink()
    assert output.stat().st_mode == (output.parent / "plain").stat().st_mode & ~0o137


# In a browser


@pytest.fixture(scope="module")
def tab() -> Iterator[Page]:
    with browsing() as page:
        yield page


def visit(tab: Page, output: Path, scheme: str = "light", width: int = 1280) -> None:
    """Open a page, and hold that it neither asks for anything else nor complains."""
    tab.requests.clear()
    tab.complaints.clear()
    tab.look(scheme, width)
    tab.open(output.as_uri())
    tab.until("document.querySelectorAll('.chart').length === document.querySelectorAll('.chart svg').length")
    assert tab.requests == [output.as_uri()]
    assert tab.complaints == []


CONTRAST = """
(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (text) => {
    const [r, g, b] = parse(text).slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const found = getComputedStyle(e).backgroundColor;
      if (parse(found)[3] !== 0) return found;
    }
  };
  const poor = [];
  for (const element of document.querySelectorAll("header *, main *, footer *")) {
    if (element.closest("svg, .chart, .skip") || !element.checkVisibility()) continue;
    if (![...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push(`${element.outerHTML.slice(0, 80)} ${ratio.toFixed(2)}`);
  }
  return poor;
})()
"""


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_in_a_browser_the_page_shows_what_the_views_say(
    frozen: Warehouse, output: Path, tab: Page, scheme: str, width: int
) -> None:
    write(frozen, output)
    visit(tab, output, scheme, width)
    tab.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert_shows_the_views(Parser(tab.evaluate("document.documentElement.outerHTML")), frozen)
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert tab.evaluate(CONTRAST) == []
    page_colour = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", page_colour))) < 64) == (scheme == "dark")


@needs_browser
def test_the_charts_draw_the_views(frozen: Warehouse, output: Path, tab: Page) -> None:
    write(frozen, output)
    visit(tab, output)
    drawn = "[...document.querySelectorAll('[data-chart={}] svg text')].map((t) => t.textContent)"
    texts = set(tab.evaluate(drawn.format("providers")))
    cells = frozen.rows(
        "select provider_id, region, 100.0 * sum(finished - completed) / nullif(sum(finished), 0), "
        "exists (select from provider_failures as f "
        "where (f.provider_id, f.region) = (r.provider_id, r.region)) "
        "from execution_reliability as r group by 1, 2"
    )
    assert {provider for provider, *_ in cells} | {region for _, region, *_ in cells} <= texts
    labels = {
        ("▲ " if now else "") + f"{int(round(float(rate), 2) + 0.5)} %"
        for *_, rate, now in cells
        if rate is not None
    }
    assert labels <= texts
    queues = {f"{queue} {kind}" for queue, kind in frozen.rows("select queue_name, kind from queue_depths")}
    assert queues <= set(tab.evaluate(drawn.format("depths")))
    for chart in ("queue_wait", "run_time"):
        assert {"p50", "p95", "p99"} <= set(tab.evaluate(drawn.format(chart)))
    drawn_again = "document.querySelector('[data-chart=depths] svg text').getAttribute('fill')"
    light = tab.evaluate(drawn_again)
    tab.look("dark")
    tab.until(f"{drawn_again} !== {light!r}")


MATCHES = "[...document.querySelectorAll('#matches tr')].map((row) => row.cells[{}].textContent)"


def ask(tab: Page, name: str, value: str) -> None:
    tab.evaluate(
        f"(({{elements: {{{name}: field}}}}) => {{ field.value = {json.dumps(value)}; "
        "field.dispatchEvent(new Event('input', {bubbles: true})); })(document.getElementById('search'))"
    )


@needs_browser
def test_all_items_are_found_by_search_and_filters(frozen: Warehouse, output: Path, tab: Page) -> None:
    write(frozen, output)
    visit(tab, output)
    items = frozen.rows(
        "select accumulation_point, jobspec_id, cause, age_seconds, incident_id, region from incident_items"
    )
    assert tab.evaluate("document.getElementById('matches').hidden")
    ask(tab, "point", "execution_missing")
    for _ in range(len(items) // 100 + 1):
        tab.evaluate("document.getElementById('more').click()")
    missing = sorted(str(item[1]) for item in items if item[0] == "execution_missing")
    assert sorted(tab.evaluate(MATCHES.format(2))) == missing
    ask(tab, "region", "us-east")
    regional = sorted(
        str(item[1]) for item in items if item[0] == "execution_missing" and item[5] == "us-east"
    )
    assert 0 < len(regional) < len(missing)
    assert sorted(tab.evaluate(MATCHES.format(2))) == regional
    ask(tab, "point", "")
    ask(tab, "region", "")
    ask(tab, "age", "86400")
    old = [item for item in items if item[3] is not None and item[3] > 86400]
    assert tab.evaluate("document.getElementById('found').textContent") == f"{len(old)} of {len(items)} fit."
    ask(tab, "age", "")
    job = next(item[1] for item in items if item[1])
    ask(tab, "text", job.upper())
    assert set(tab.evaluate(MATCHES.format(2))) == {job}
    ask(tab, "text", "")
    assert tab.evaluate("document.getElementById('matches').hidden")
    tab.evaluate("document.querySelector('[data-fault]').click()")
    incident = tab.evaluate("document.querySelector('[data-fault]').dataset.fault")
    of_it = [item for item in items if item[4] == incident]
    assert (
        tab.evaluate("document.getElementById('found').textContent") == f"{len(of_it)} of {len(items)} fit."
    )
    tab.evaluate("document.getElementById('search').reset(), sessionStorage.clear()")
    assert tab.complaints == []


@needs_browser
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_state_faults_and_first_steps_are_on_the_first_screen(
    frozen: Warehouse, output: Path, tab: Page, width: int, height: int
) -> None:
    write(frozen, output)
    visit(tab, output, width=width)
    box = "document.querySelector('{}').getBoundingClientRect()"
    seen = f"(({{{{top, bottom}}}}) => top >= 0 && bottom <= {{}})({box})"
    for part in ("h1", ".incidents li h3", ".incidents li .first"):
        assert tab.evaluate(seen.format(height, part)), part


@needs_browser
def test_what_users_wrote_does_nothing_in_a_browser(frozen: Warehouse, output: Path, tab: Page) -> None:
    with changed(frozen, *nasty_items()):
        write(frozen, output, "--items", "20")
    visit(tab, output)
    for selector in ("[data-chart=providers]", "[data-chart=depths]"):
        box = tab.evaluate(
            f"document.querySelector('{selector}').scrollIntoView(),"
            f"(({{x, y, width, height}}) => [x + width / 2, y + height / 2])"
            f"(document.querySelector('{selector}').getBoundingClientRect())"
        )
        tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=box[0], y=box[1])
        tab.wait(0.2)
    assert tab.evaluate("typeof window.harmed") == "undefined"
    assert tab.requests == [output.as_uri()]
    assert tab.complaints == []


@needs_browser
def test_the_keyboard_is_enough(frozen: Warehouse, output: Path, tab: Page) -> None:
    write(frozen, output)
    visit(tab, output)
    focused = "document.activeElement.matches('{}')"
    tab.press("Tab", 9)
    assert tab.evaluate(focused.format(".skip"))
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.evaluate("document.querySelector('.copy').focus()")
    tab.press("Enter", 13, "\r")
    tab.until("document.getElementById('said').textContent !== ''")
    command = tab.evaluate("document.querySelector('.command code').textContent")
    assert command in Parser(output.read_text()).commands
    assert tab.evaluate("document.getElementById('said').textContent") == f"Copied: {command}"
    assert tab.evaluate("getSelection().toString()").replace("\n", " ") == command


@needs_browser
@pytest.mark.parametrize("width", [1280, 390])
def test_a_screen_reader_gets_names_and_tables(
    frozen: Warehouse, output: Path, tab: Page, width: int
) -> None:
    write(frozen, output)
    visit(tab, output, width=width)
    nodes = [n for n in tab.call("Accessibility.getFullAXTree")["nodes"] if not n["ignored"]]
    roles: dict[str, list[str]] = {}
    for node in nodes:
        roles.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", ""))
    assert all(name for role in ("image", "img", "table", "button", "link") for name in roles.get(role, []))
    assert {"Points", "Oldest stuck items", "Queue depths"} <= set(roles["table"])
    rows = len(Parser(output.read_text()).rows("points-title")) + len(
        Parser(output.read_text()).rows("items-title")
    )
    assert len(roles["row"]) > rows
    assert len(roles["columnheader"]) >= 13
    assert {"banner", "main", "navigation", "contentinfo"} <= set(roles)


PRESSED = "document.getElementById('pause').ariaPressed === 'true'"


@needs_browser
def test_a_watched_page_follows_until_it_is_paused(frozen: Warehouse, output: Path, tab: Page) -> None:
    with watching(frozen, output, 1) as process:
        wait_until(output.exists)
        tab.look()
        tab.open(output.as_uri())
        read_at = tab.evaluate("document.body.dataset.readAt")
        tab.until(f"(document.body?.dataset.readAt ?? '{read_at}') !== '{read_at}'")
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    for _ in range(10):  # the page may just be on its way
        tab.until("document.readyState === 'complete' && document.getElementById('pause') !== null")
        tab.until(f"{PRESSED} || document.getElementById('pause').click() || {PRESSED}")
        loads = tab.loads
        tab.wait(2.5)
        if tab.loads == loads:
            tab.open("about:blank")
            return
    pytest.fail("it is paused, and goes on")


@needs_browser
def test_an_old_page_says_so(frozen: Warehouse, output: Path, tab: Page) -> None:
    page = write(frozen, output)
    visit(tab, output)
    assert tab.evaluate("document.getElementById('stale').hidden")
    long_ago = int((datetime.now(UTC) - timedelta(hours=3)).timestamp() * 1000)
    output.write_text(re.sub(r'data-read-at="\d+"', f'data-read-at="{long_ago}"', page))
    visit(tab, output)
    assert tab.evaluate("document.getElementById('stale').textContent").startswith("This page is old")
    assert tab.evaluate("document.getElementById('age').textContent") == "· 3 h ago"
