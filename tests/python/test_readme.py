"""The documents tell the truth: their commands and statements run, and what they name exists."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from click.testing import CliRunner
from conftest import ROOT, SOURCE_SCHEMA, Warehouse, copy_project
from otlp import Receiver, receiving
from psycopg import sql

from stuck_jobs import embedded
from stuck_jobs.cli import COMMANDS, main
from stuck_jobs.expectations.contract import registered_points
from stuck_jobs.systems import system_entry

README = "README.md"
POINT_PAGES = "docs/points"
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "expectations").glob("*.md"))
)

PROGRAMS = {".", "cd", "cp", "dbt", "export", "psql", "redis-cli", "stuck-jobs"}
"""What a document may call; the commands are run as they stand."""

RUN_AS = {
    "make install": "make --dry-run install",
    "make develop": "make --dry-run develop",
    "make test": "make --dry-run test",
    "make test-quick": "make --dry-run test-quick",
    "make lint": "make --dry-run lint",
    "make clean": "make --dry-run clean",
    "make lock": "make --dry-run lock",
    "make demo": "make --dry-run demo",
}
"""Commands that would install, or run these very tests or what test_demo runs, and what is run instead."""

NOT_RUN = {
    "git clone": "the scratch copy stands for the clone",
    "stuck-jobs collect --watch": "it does not end by itself; test_collect has its loop",
    "stuck-jobs demo --keep": "it leaves a server behind; test_demo stops it",
    ".venv/bin/pre-commit install": "it would change this repository's hooks",
    ".venv/bin/pytest": "these very tests",
}
"""Beginnings of commands that are left out, each with the reason."""

EXAMPLE_HOST = "db.example.com"
EXAMPLE_REDIS = "redis://redis.example.com:6379/0"
EXAMPLE_RECEIVER = "http://otel.example.com:4318"
EXAMPLE_DATABASE = "pipeline"

PIPELINE = """
insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at, completed_at)
select
    'job-' || number,
    '{"constraints": {"regions": ["US"]}, "metadata": {"models": ["m"]}, "questions": ["q"]}',
    'completed',
    now() at time zone 'UTC' - interval '1 hour',
    now() at time zone 'UTC' - interval '50 minutes',
    now() at time zone 'UTC' - interval '50 minutes'
from generate_series(1, 20) as number;

insert into executions (job_id, provider_id, region, status, model_id, question_id, created_at)
select id, 'modal-us-east', 'us-east', 'completed', 'm', 'q', created_at from jobs;

insert into outbox (topic, payload, created_at, published_at)
select 'jobs', jsonb_build_object('id', jobspec_id), created_at, created_at from jobs;
"""


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    document: str
    language: str
    text: str


def blocks(document: str, *languages: str) -> list[Block]:
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", (ROOT / document).read_text(), re.MULTILINE | re.DOTALL)
    return [Block(document, language, text) for language, text in fences if language in languages]


def commands(block: Block) -> list[str]:
    """The commands of a block, one per line; of a crontab without the times, from cron's directory on."""
    lines = block.text.replace("\\\n", " ").splitlines()
    stripped = [re.sub(r"\s+", " ", line.partition(" # ")[0]).strip() for line in lines]
    if block.language == "cron":
        stripped = [re.sub(r"^(?=\w+=)", "export ", line) for line in stripped]
        stripped = [re.sub(r"^([*/,\d-]+ ){5}", 'cd "$HOME"; ', line) for line in stripped]
    return [line for line in stripped if line and not line.startswith("#")]


def runnable(command: str) -> str | None:
    """What to run for a command of a document; None if it is left out for a known reason."""
    if command in RUN_AS:
        return RUN_AS[command]
    if any(command.startswith(beginning) for beginning in NOT_RUN):
        return None
    calls = [part.strip() for part in re.split(r"&&|\|\|?|;", command)]
    programs = {shlex.split(re.sub(r"^\w+=\$\((.*)\)$", r"\1", call))[0] for call in calls}
    unknown = {program.rpartition(".venv/bin/")[2] for program in programs} - PROGRAMS
    assert not unknown, f"{command!r} calls {unknown}: say in test_readme.py how it is tested"
    return command


# The commands of the README, in order


@pytest.fixture(scope="module")
def postgres() -> Iterator[embedded.Postgres]:
    """A server of its own, since the README makes roles."""
    with embedded.postgres() as running:
        with psycopg.connect(running.dsn, autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(EXAMPLE_DATABASE)))
        with psycopg.connect(running.dsn, dbname=EXAMPLE_DATABASE) as connection:
            connection.execute(SOURCE_SCHEMA)
            connection.execute(PIPELINE)
        yield running


@pytest.fixture(scope="module")
def redis() -> Iterator[embedded.Redis]:
    with embedded.redis_server() as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(scope="module")
def programs(postgres: embedded.Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH with this environment's programs, psql, and a redis-cli, which Valkey's wheel lacks."""
    directory = tmp_path_factory.mktemp("bin")
    client = directory / "redis-cli"
    client.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("redis_cli.py")}" "$@"\n'
    )
    client.chmod(0o755)
    return os.pathsep.join(
        [str(directory), str(Path(sys.executable).parent), str(postgres.binaries), os.environ["PATH"]]
    )


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files that git knows, as a fresh clone has them, with this environment as its .venv."""
    directory = copy_project(tmp_path / "stuck-jobs")
    (directory / ".venv").symlink_to(sys.prefix)
    return directory


def run(command: str, directory: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Run a command in bash; what it exports is in the environment that is returned."""
    after = directory.parent / "environment"
    finished = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{command}\nenv -0 > {shlex.quote(str(after))}"],
        cwd=directory, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, f"{command}\n{finished.stdout}\n{finished.stderr}"
    return dict(line.split("=", 1) for line in after.read_text().split("\0") if line)


def test_every_command_of_the_readme_and_of_contributing_works(
    clone: Path, programs: str, postgres: embedded.Postgres, redis: embedded.Redis, receiver: Receiver
) -> None:
    ours = ("PG", "DBT_", "STUCK_JOBS_", "REDIS_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {"PATH": programs, "HOME": str(clone.parent), "COLUMNS": "100"}
    examples = {
        EXAMPLE_HOST: str(postgres.directory),
        EXAMPLE_REDIS: redis.url,
        EXAMPLE_RECEIVER: receiver.url,
        "verify-full": "prefer",  # the embedded psql has no TLS
    }
    found = blocks(README, "bash", "sql", "cron")
    assert {block.language for block in found} == {"bash", "sql", "cron"}
    directory = clone
    for block in [*found, *blocks("CONTRIBUTING.md", "bash")]:
        if block.document != README:
            directory = clone
        if block.language == "sql":
            with psycopg.connect(postgres.dsn, dbname=EXAMPLE_DATABASE, autocommit=True) as connection:
                connection.execute(block.text)
            continue
        for command in filter(None, map(runnable, commands(block))):
            for example, real in examples.items():
                command = command.replace(example, real)
            environment = run(command, directory, environment)
            if command.startswith("cd "):
                directory = Path(environment["PWD"])


def test_make_runs_what_the_readme_says() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = dict(re.findall(r"^(\w+):.*\n((?:\t.*\n)*)", makefile, re.MULTILINE))
    assert targets["demo"] == "\t$(BIN)/stuck-jobs demo\n"
    assert targets["test"] == '\t$(BIN)/pytest $(IN_TWO) -m "not long" $(TESTS)\n'
    for document in DOCUMENTS:
        for block in blocks(document, "bash"):
            assert set(re.findall(r"\bmake (\w+)\b", block.text)) <= set(targets), document


def test_the_picture_of_the_architecture_names_what_there_is() -> None:
    picture = (ROOT / "docs" / "images" / "architecture.svg").read_text()
    named = re.findall(r'class="command[^"]*"[^>]*>([\w, ]+)<', picture)
    assert {command for names in named for command in names.split(", ")} <= set(COMMANDS)
    layers = re.findall(r'class="core".*\n.*class="name"[^>]*>(\w+)<', picture)
    assert set(layers) == {path.name for path in (ROOT / "models").iterdir() if path.is_dir()}


def test_the_picture_of_the_demo_has_every_point() -> None:
    picture = (ROOT / "docs" / "images" / "demo.svg").read_text()
    assert provable() <= set(re.findall(r">(\w+)(?:&#160;|<)", picture))


# The pages of the points


@cache
def registry() -> dict[str, dict[str, Any]]:
    """The registry, with what the pipeline's entry says of its points."""
    return registered_points(ROOT)


@cache
def provable() -> set[str]:
    """The points that the pipeline proves."""
    return {point for point, fields in registry().items() if fields["enabled"]}


@cache
def models() -> dict[str, dict[str, Any]]:
    """The properties of every public model, by its name."""
    properties = [yaml.safe_load(path.read_text()) for path in (ROOT / "models").rglob("*.yml")]
    return {model["name"]: model for content in properties for model in content.get("models", [])}


def well_formed_tests() -> Iterator[dict[str, Any]]:
    """The arguments of every `well_formed` test."""
    for model in models().values():
        versions = [version for version in model.get("versions", []) if "data_tests" in version]
        for test in (test for place in (model, *versions) for test in place.get("data_tests", [])):
            if "well_formed" in test:
                yield test["well_formed"]["arguments"]


def tables(page: str) -> list[list[dict[str, str]]]:
    """The Markdown tables of a page, as rows by the names of their columns."""
    found = []
    for table in re.findall(r"(?:^\|.*\|\n)+", page, re.MULTILINE):
        lines = [line.strip("|").split("|") for line in table.splitlines()]
        header, _, *rows = ([cell.strip() for cell in line] for line in lines)
        found.append([dict(zip(header, row, strict=True)) for row in rows])
    return found


def page_file(point: str) -> str:
    return f"{POINT_PAGES}/{point}.md"


def page_of(point: str) -> str:
    return (ROOT / page_file(point)).read_text()


def causes_of(point: str) -> set[str]:
    return {row["cause"] for row in tables(page_of(point))[2]}


def test_every_point_has_its_page_and_its_row_in_the_index() -> None:
    pages = {path.stem for path in (ROOT / POINT_PAGES).glob("*.md")} - {"README"}
    assert pages == set(registry())
    index = tables(page_of("README"))[0]
    assert [row["point"] for row in index] == [f"[{point}]({point}.md)" for point in registry()]
    expected = [(fields["level"], fields["severity"]) for fields in registry().values()]
    assert [(row["level"], row["severity"]) for row in index] == expected


@pytest.mark.parametrize("point", registry())
def test_a_page_says_what_the_registry_says(point: str) -> None:
    page, fields = page_of(point), registry()[point]
    assert page.startswith(f"# {point}\n")
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == [
        "Why it is flagged", "How it is found", "Example", "Causes", "What to do", "Changing the limit",
    ]  # fmt: skip
    (facts,) = tables(page)[0]
    for field in ("level", "max_count", "severity", "remedy"):
        assert facts[field] == str(fields[field])
    names = ("max_age_minutes", "max_depth", "min_executions", "min_failures", "max_rate", "min_recoveries")
    limits = ", ".join(f"{name} {fields[name]}" for name in names if name in fields)
    assert facts["limit"] == (limits or facts["limit"])
    assert bool(limits) != facts["limit"].startswith("any ")
    assert facts["view"] in models()


@pytest.mark.parametrize("point", registry())
def test_an_example_has_columns_and_a_cause_that_exist(point: str) -> None:
    (facts,), (example,) = tables(page_of(point))[:2]
    view = "stuck_items" if facts["view"] == "queue_depths" else facts["view"]
    columns = {column["name"] for column in models()[view].get("columns", [])}
    for version in models()[view]["versions"]:
        columns |= {column["name"] for column in version.get("columns", []) if "name" in column}
    assert set(example) <= columns
    assert example["cause"] in causes_of(point)


def test_the_pages_name_the_causes_that_the_views_promise() -> None:
    tested = set()
    for arguments in well_formed_tests():
        tested |= set(arguments["points"])
        documented = set.union(*(causes_of(point) for point in arguments["points"]))
        assert documented == set(arguments["causes"]), arguments["points"]
    assert set(registry()) - tested <= {"queue_depth"}
    assert causes_of("queue_depth") == causes_of("queue_backlog")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_settings_in_a_document_exist(document: str) -> None:
    variables = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["vars"]
    contents = [yaml.safe_load(block.text) for block in blocks(document, "yaml")]
    chosen = [content["vars"] for content in contents if isinstance(content, dict) and "vars" in content]
    chosen = [settings.get("stuck_jobs", settings) for settings in chosen]
    for block in blocks(document, "bash"):
        chosen += map(yaml.safe_load, re.findall(r"--vars '([^']*)'", block.text))
    for settings in chosen:
        assert set(settings) <= set(variables)
        watched = system_entry(ROOT, settings.get("job_system", "pipeline"))["points"]
        for point, fields in settings.get("thresholds", {}).items():
            assert set(fields) <= set(registry()[point]) | set(watched.get(point, ())), point
    if document.startswith(POINT_PAGES) and not document.endswith(README):
        ((point, fields),) = (pair for settings in chosen for pair in settings["thresholds"].items())
        assert point == Path(document).stem
        assert any(fields[field] != registry()[point][field] for field in fields)


@pytest.fixture(scope="module")
def watched(new_built_warehouse: Callable[..., Warehouse]) -> Warehouse:
    """The views with all points, over an empty source."""
    return new_built_warehouse(redis_enabled=True)


JOB_STATUS = {
    "job_unevaluable": "CREATED",
    "outbox_unpublished": "completed",
    "queue_dead_letter": "queued",
}
"""What the statements of a page expect of the job, where it is not the example's own status."""

EXECUTION_STATUS = {
    "execution_running": "running",
    "execution_pending": "retrying",
    "execution_unevaluable": "running",
    "job_running": "completed",
    "job_not_closed": "completed",
    "job_closed_early": "running",
}
"""The same of the job's execution, where it has one."""


def load_example(connection: psycopg.Connection[Any], point: str) -> None:
    """Load what the example on a page is about, so that its statements have something to find."""
    (example,) = tables(page_of(point))[1]
    job, entity = example["jobspec_id"], example["entity_id"]
    hour_ago = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=1)
    is_job = point.startswith("job_") or point == "worker_lost"
    status = JOB_STATUS.get(point, example["status"] if is_job else "running")
    started = None if point == "job_running_unstarted" else hour_ago
    connection.execute(
        "insert into jobs (id, jobspec_id, jobspec_data, status, created_at, updated_at, started_at)"
        " values (1, %s, '{}', %s, %s, %s, %s)",
        [job, status, hour_ago, hour_ago, started],
    )
    began = None if point == "execution_unevaluable" else hour_ago
    if point in EXECUTION_STATUS:
        connection.execute(
            "insert into executions (id, job_id, provider_id, region, status, created_at, started_at)"
            " values (%s, 1, 'modal-us-east', 'us-east', %s, %s, %s)",
            [int(entity), EXECUTION_STATUS[point], hour_ago, began],
        )
    is_outbox = point == "outbox_unpublished"
    connection.execute(
        "insert into outbox (id, topic, payload, created_at, published_at)"
        " values (%s, 'jobs', jsonb_build_object('id', %s::text), %s, %s)",
        [int(entity) if is_outbox else 10**6, job, hour_ago, None if is_outbox else hour_ago],
    )
    connection.execute(
        "insert into stuck_jobs_raw.queue_snapshots"
        " select 1, now() - interval '1 second', 'jobs', kind, 0, 0, true, null"
        " from unnest(array['main', 'retry', 'dead']) as kind"
    )


@pytest.mark.parametrize("point", registry())
def test_the_statements_on_a_page_do_what_they_say(watched: Warehouse, point: str) -> None:
    with watched.connect() as connection:
        load_example(connection, point)
        for block in blocks(page_file(point), "sql"):
            cursor = connection.execute(block.text)
            while cursor:
                command, *_, rows = (cursor.statusmessage or "").split()
                assert command == "SELECT" or int(rows) == 1, f"{command} {rows}: {block.text}"
                if not cursor.nextset():
                    break
        connection.rollback()


def test_every_command_on_a_page_runs(
    programs: str, watched: Warehouse, redis: embedded.Redis, tmp_path: Path
) -> None:
    directory = tmp_path / "anywhere"
    directory.mkdir()
    environment = dict(os.environ) | watched.libpq | {"PATH": programs, "REDIS_URL": redis.url}
    environment |= {"DBT_PROFILES_DIR": str(watched.scratch), "STUCK_JOBS_SCHEMA": watched.schema}
    run("redis-cli LPUSH jobs:dead message", directory, environment)
    for block in {block.text: None for point in registry() for block in blocks(page_file(point), "bash")}:
        if all(line.startswith("stuck-jobs ") for line in block.splitlines()):
            for line in block.splitlines():
                outcome = CliRunner().invoke(main, shlex.split(line)[1:], env=environment)
                assert outcome.exit_code == 0, f"{line}\n{outcome.output}"
        else:
            run(block, directory, environment)
    assert run("n=$(redis-cli LLEN jobs:dead) && export n", directory, environment)["n"] == "0"


# Links, paths, and what the decisions promise


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_relative_link_resolves(document: str) -> None:
    place = (ROOT / document).parent
    for link in re.findall(r"\]\(([^)\s]+)\)", (ROOT / document).read_text()):
        target = link.partition("#")[0]
        if target and "://" not in target:
            assert (place / target).exists(), f"{document}: {link}"


def test_every_decision_says_why_what_and_with_what_effect() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    for number, path in enumerate(decisions, 1):
        text = path.read_text()
        assert text.startswith(f"# {number:04}: "), path.name
        assert path.name.startswith(f"{number:04}-")
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequence"]


def test_no_tracked_file_names_a_machine() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    places = "|".join(("home", "root", "Users", "tmp", "work", "mnt"))
    path = re.compile(rf"(?<![\w.\-{{}}<>*$])/(?:{places})/\w")
    registries = re.compile(r"index[-_]url\s*=|--index-url|trusted-host")
    for name in listed.stdout.split():
        file = ROOT / name
        if file.suffix in (".svg", ".png") or not file.is_file() or file == Path(__file__):
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            assert not path.search(line), f"{name}:{number}: {line}"
            assert not registries.search(line), f"{name}:{number}: {line}"


def test_a_session_of_dbt_has_the_settings_that_protect_the_database(built: Warehouse) -> None:
    settings = ("statement_timeout", "lock_timeout", "jit", "max_parallel_workers_per_gather", "search_path")
    query = "select concat_ws(',', " + ", ".join(f"current_setting('{name}')" for name in settings) + ") as s"
    shown = built.run_dbt("show", "--inline", query, "--output", "json", own_process=True)
    assert '"1min,5s,off,0,public"' in shown.output, shown.output
