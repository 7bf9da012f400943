"""Text of the pipeline's is no order: to a terminal, a CI system, a chat or a page. Nor are secrets told."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import otlp
import pytest
import redis
from click.testing import CliRunner
from conftest import Warehouse
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from summaries import COMMAND, WITH_REDIS
from test_alert import Receiver, receiving
from test_recover import Pipeline

from stuck_jobs import embedded
from stuck_jobs.cli import COMMANDS, main
from stuck_jobs.output import legible

FRAGMENTS = (
    "job-7[/red]", "[x]", "[link=https://evil.example]click[/link]", "[bold]", "unix [/var/run/x.sock]",
    ":boom:", "\x1b]0;title\x07", "\x1b[2J\x1b[31m", "\x9b31m", "\x7f", "\r", "\n::error::x",
    "::error title=y::x", "::stop-commands::t", "##[error]x", "##vso[task.setvariable variable=a]b",
    "Gate open: all fine", "\u2028", "\u202eleft", "\u2066", "\u200b", "<script>alert(1)</script>",
    "<!channel>", "`*_~", "@here", "https://evil.example", "'\"\\", "%0A", "{{7*7}}", "--apply", ",",
    "\U000e0001", "é→日",
)  # fmt: skip
ANY = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
HOSTILE = st.lists(st.sampled_from(FRAGMENTS) | ANY, min_size=1, max_size=4).map("".join).filter(str.strip)
ALL_FRAGMENTS = ("".join(FRAGMENTS[:20]), "".join(FRAGMENTS[20:]))

SECRET = "planted-0x5ecre7"
SPEC = {"constraints": {"regions": ["US"]}, "models": ["m"], "questions": ["a"], "metadata": {"key": SECRET}}
OURS = re.compile(r"^::(error|warning|notice) title=[a-z_]+::[^\n]*$")
"""An annotation of `gate --format github`."""

SILENT = {"project", "sandbox", "demo", "step-aside", "mcp"}
"""Commands that print nothing of the watched pipeline's, or only as JSON to a program."""


@pytest.fixture(scope="module")
def opened(new_built_warehouse: Callable[..., Warehouse]) -> Iterator[Pipeline]:
    warehouse = new_built_warehouse(**WITH_REDIS)
    with embedded.redis_server() as server, redis.Redis.from_url(server.url) as client:
        yield Pipeline(warehouse, server, client)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(scope="module")
def traces() -> Iterator[otlp.Receiver]:
    with otlp.receiving() as running:
        yield running


def ids(text: str) -> list[str]:
    return [f"{text[:200]}{number}" for number in range(6)]


def plant(pipeline: Pipeline, *texts: str) -> None:
    """Everything that the pipeline can name, named so: each kind of stuck thing, and secrets beside them."""
    pipeline.clear()
    for text in texts:
        plant_one(pipeline, text)
    pipeline.collect()


def plant_one(pipeline: Pipeline, text: str) -> None:
    created, lost, queued, odd, done, closed = ids(text)
    for name, status in (
        (created, "created"), (lost, "processing"), (queued, "queued"), (odd, text[:50]), (done, "running"),
        (closed, "completed"),
    ):  # fmt: skip
        key = pipeline.job(name, status, jobspec_data=json.dumps(SPEC))
        if name == done:
            pipeline.sql(
                "insert into executions (job_id, provider_id, region, status, model_id, question_id,"
                " started_at, created_at, original_error, output_data, receipt_data, retry_count)"
                " select %s, %s, %s, status, %s, %s, at, at, %s, %s, %s, 3 from (values ('running', now() -"
                " interval '1 hour'), ('failed', now() - interval '1 minute')) as given (status, at)",
                key, text[:200], text[:100], text[:50], text[:200], text,
                json.dumps({"o": SECRET}), json.dumps({"r": SECRET}),
            )  # fmt: skip
    pipeline.sql(
        "insert into outbox (topic, payload, created_at) values (%s, %s, now() - interval '1 hour')",
        text, json.dumps({"id": lost + "x", "payload": SECRET}),
    )  # fmt: skip
    letter = {
        "id": text,
        "jobspec_id": queued,
        "attempts": 3,
        "payload": {"api_key": SECRET},
        "error": f"{text} {SECRET}",
    }
    pipeline.client.lpush("jobs:dead", json.dumps(letter), text.encode())
    pipeline.client.zadd("jobs:retry", {json.dumps({"id": text, "jobspec_id": text}): 1})
    pipeline.client.set(f"job:processing:{text}", SECRET)


def faults(output: str) -> list[str]:
    """The lines that do more than to be read."""
    return [
        line
        for line in output.replace("\r", "\n\r").split("\n")
        if not line.isprintable()
        or re.search(r"##\w*\[", line)
        or (
            line.strip().startswith("::")
            and not OURS.match(line)
            and re.match(r"::[a-z-]+[ :]", line.strip(), re.I)
        )
    ]


def run(pipeline: Pipeline, *arguments: str, **variables: str) -> str:
    result = CliRunner().invoke(main, arguments, env=pipeline.environment | {"COLUMNS": "3000"} | variables)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert faults(result.output) == [], arguments
    assert SECRET not in result.output, arguments
    return str(result.output)


@given(HOSTILE)
def test_what_is_legible_can_be_seen_and_is_its_own_escape(text: str) -> None:
    assert faults(legible(text)) == []
    assert legible(legible(text)) == legible(text)
    if text.isprintable() and "##" not in text and "::" not in text:
        assert legible(text) == text


def test_a_text_that_is_too_long_is_cut_before_it_is_escaped() -> None:
    assert legible("\x1b" * 9, 2) == "\\x1b\\x1b…"


@settings(max_examples=2, phases=[Phase.generate])  # to shrink one takes minutes
@given(st.lists(HOSTILE, min_size=3, max_size=3, unique=True))
def test_no_text_of_the_pipeline_is_an_order(
    opened: Pipeline,
    receiver: Receiver,
    traces: otlp.Receiver,
    tmp_path_factory: pytest.TempPathFactory,
    drawn: list[str],
) -> None:
    planted = list(dict.fromkeys([*ALL_FRAGMENTS, *drawn]))
    plant(opened, *planted)
    names = [list(map(legible, ids(text))) for text in planted]
    queues = dict.fromkeys("".join(filter(str.isprintable, text)).strip() or "q" for text in planted)
    report = tmp_path_factory.mktemp("page") / "report.html"
    told = {
        "collect": run(opened, "collect", *(word for queue in queues for word in ("--queue", queue)))
        and run(opened, "collect"),
        "recover": run(opened, "recover"),
        "requeue": run(opened, "requeue"),
        "alert": "".join(
            run(opened, "alert", "mute", "job_created", "--until", "2100-01-01", "--reason", text)
            for text in planted
        ),
        "doctor": run(opened, "doctor"),
        "init": run(opened, "init", "--print"),
        "gate": run(opened, "gate")
        + run(opened, "gate", "--format", "github")
        + run(opened, "gate", "--format", "json"),
        "check": run(opened, "check") + run(opened, "check", "--format", "json"),
        "metrics": run(opened, "metrics"),
        "why": "".join(run(opened, "why", str(key)) for key in range(1, 6 * len(planted) + 1)),
        "report": run(opened, "report", "--output", str(report)),
        "trace": run(opened, "trace", OTEL_EXPORTER_OTLP_ENDPOINT=traces.url),
    }
    assert "nobody was told" in run(opened, "alert")
    for text, (created, _, queued, *_) in zip(planted, names, strict=True):
        assert created in told["recover"]
        assert queued in told["requeue"]
        assert created in told["why"]
        run(opened, "recover", "--job", text)
    run(opened, "alert", STUCK_JOBS_WEBHOOK_URL=receiver.url, SENTRY_DSN=receiver.dsn)
    run(opened, "alert", "unmute", "job_created")
    run(opened, "alert", STUCK_JOBS_WEBHOOK_URL=receiver.url, SENTRY_DSN=receiver.dsn)
    recovered = run(opened, "recover", "--apply", "--force")
    requeued = run(opened, "requeue", "--apply")
    for created, _, queued, *_ in names:
        assert created in recovered
        assert f"applied: jobs: {queued}" in requeued

    page = report.read_text()
    assert SECRET not in page
    assert "<script>alert" not in page
    for message in receiver.webhooks:
        shown = [block["text"]["text"] for block in message["blocks"] if "text" in block] + [message["text"]]
        assert all(faults(part) == [] and part.count("`") % 2 == 0 for part in shown)
        assert not re.search("<|https://(?![^`]*`)", "".join(shown))
    assert SECRET not in json.dumps([receiver.webhooks, receiver.events])
    assert all(faults(text) == [] for text in texts(receiver.events))
    assert SECRET not in str(traces.requests)
    receiver.webhooks.clear()
    receiver.events.clear()
    traces.requests.clear()


def texts(document: Any) -> Iterator[str]:
    """Every string in it."""
    if isinstance(document, dict):
        for value in document.values():
            yield from texts(value)
    elif isinstance(document, list):
        for value in document:
            yield from texts(value)
    elif isinstance(document, str):
        yield document


@pytest.mark.long
def test_nor_is_it_one_in_the_slow_commands(opened: Pipeline, tmp_path: Path) -> None:
    text = "".join(FRAGMENTS)
    plant(opened, text)
    assert "failed: " in run(opened, "validate", "--docs", str(tmp_path))
    written = "".join(page.read_text() for page in tmp_path.rglob("*.html"))
    assert "<script>alert(1)" not in written
    assert SECRET not in written
    variables = (
        "{redis_enabled: true, thresholds: {job_created: {auto: true}, queue_dead_letter: {auto: true}}}"
    )
    assert "applied: job_created: " in run(opened, "heal", "--vars", variables)


def test_nor_is_it_one_in_what_a_service_says(opened: Pipeline, receiver: Receiver, tmp_path: Path) -> None:
    plant(opened, "".join(FRAGMENTS))
    opened.sql("drop table if exists stuck_jobs_raw.alert_state, stuck_jobs_raw.alert_deliveries")
    page = tmp_path / "report.html"
    said = started(opened, "watch", "--report", str(page), STUCK_JOBS_WEBHOOK_URL=receiver.url)
    with said as process:
        deadline = time.monotonic() + 60
        while not (receiver.webhooks and page.is_file()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.terminate()
        output, _ = process.communicate()
    assert process.returncode == 0
    assert (faults(output), SECRET in output) == ([], False)
    assert SECRET not in page.read_text() + json.dumps(receiver.webhooks)
    receiver.webhooks.clear()


def started(pipeline: Pipeline, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    """A command that does not end by itself."""
    env = os.environ | pipeline.environment | variables
    return subprocess.Popen(
        [COMMAND, *arguments], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_every_command_that_prints_was_fed() -> None:
    fed = set(re.findall(r'(?:run|started)\(opened, "(\w+)"', Path(__file__).read_text()))
    assert fed == COMMANDS.keys() - SILENT


def test_nothing_secret_is_kept(opened: Pipeline) -> None:
    plant(opened, "job")
    relations = opened.sql(
        "select format('%I.%I', table_schema, table_name) from information_schema.tables where"
        " table_schema in ('stuck_jobs', 'stuck_jobs_raw') and table_name !~ '^(stg|int)_'"
    )
    assert len(relations) > 40
    for (relation,) in relations:
        rows = opened.sql(f"select string_agg(found::text, ' ') from {relation} as found")
        assert SECRET not in str(rows), relation


# What was changed is said, whoever listens


def fill(pipeline: Pipeline) -> None:
    pipeline.clear()
    pipeline.sql("truncate stuck_jobs_raw.queue_snapshots")  # queues that are read no more hold back recovery
    for number in range(3):
        pipeline.job(f"job-{number}", "created")
    pipeline.collect()


def broken() -> int:
    """The end of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def changed(pipeline: Pipeline) -> int:
    return int(
        pipeline.sql("select count(*) from stuck_jobs_raw.recovery_log where outcome = 'applied'")[0][0]
    )


@pytest.mark.parametrize("shown_as", ["table", "json"])
def test_what_was_changed_survives_a_broken_pipe(opened: Pipeline, shown_as: str) -> None:
    fill(opened)
    finished = subprocess.run(
        [COMMAND, "recover", "--apply", "--format", shown_as], env=os.environ | opened.environment,
        stdout=broken(), stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    assert (finished.returncode, changed(opened)) == (0, 3), finished.stderr
    told = re.findall(
        r"^applied: job_created: (job-\d): republish, message to jobs$", finished.stderr, re.MULTILINE
    )
    assert sorted(told) == ["job-0", "job-1", "job-2"]
    assert "Traceback" not in finished.stderr


def test_and_two_broken_pipes(opened: Pipeline) -> None:
    fill(opened)
    finished = subprocess.run(
        [COMMAND, "recover", "--apply"], env=os.environ | opened.environment,
        stdout=broken(), stderr=broken(), check=False,
    )  # fmt: skip
    assert (finished.returncode, changed(opened)) == (0, 3)


@pytest.mark.parametrize("command", [["gate"], ["gate", "--format", "json"], ["recover"], ["metrics"]])
def test_a_broken_pipe_is_not_what_a_command_has_to_say(opened: Pipeline, command: list[str]) -> None:
    fill(opened)
    expected = CliRunner().invoke(main, command, env=opened.environment).exit_code
    finished = subprocess.run(
        [COMMAND, *command],
        env=os.environ | opened.environment,
        stdout=broken(),
        stderr=subprocess.PIPE,
        check=False,
    )
    assert (finished.returncode, finished.stderr) == (expected, b"")


def test_a_terminal_without_utf8_is_told_too(opened: Pipeline) -> None:
    fill(opened)
    opened.job("café", "processing")
    opened.collect()
    finished = subprocess.run(
        [COMMAND, "recover", "--apply"],
        env=os.environ | opened.environment | {"PYTHONIOENCODING": "ascii:strict"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (finished.returncode, changed(opened)) == (0, 4), finished.stderr
    assert "caf" in finished.stdout


def test_a_change_is_said_before_the_next_is_made(opened: Pipeline) -> None:
    fill(opened)
    opened.sql(
        "create or replace function wait() returns trigger language plpgsql as $$ begin"
        " if new.jobspec_id <> 'job-0' then perform pg_advisory_xact_lock(18); end if; return new; end $$"
    )
    opened.sql("create or replace trigger wait before update on jobs for each row execute function wait()")
    opened.sql("update jobs set created_at = created_at - interval '1 minute' where jobspec_id = 'job-0'")
    try:
        with opened.warehouse.connect(autocommit=True) as holder:
            holder.execute("select pg_advisory_lock(18)")
            with subprocess.Popen(
                [COMMAND, "recover", "--apply"],
                env=os.environ | opened.environment,
                stdout=subprocess.PIPE,
                text=True,
            ) as process:
                assert process.stdout is not None
                assert process.stdout.readline().startswith("applied: job_created: job-0: ")
                assert changed(opened) == 1
                holder.execute("select pg_advisory_unlock(18)")
                assert process.wait() == 0
    finally:
        opened.sql("drop trigger wait on jobs")
    assert changed(opened) == 3


def test_an_argument_that_is_no_text_is_one_line(opened: Pipeline) -> None:
    finished = subprocess.run(
        [COMMAND, "recover", "--job", b"\xff\x1b[2J"],
        env=os.environ | opened.environment,
        capture_output=True,
        check=False,
    )
    assert (finished.returncode, finished.stderr) == (2, b"Error: \\udcff\\x1b[2J is not UTF-8\n")
