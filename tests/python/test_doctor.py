"""`stuck-jobs doctor`: each thing that is wrong is found and told with what puts it right, and that works."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
import yaml
from click.testing import CliRunner
from conftest import SOURCE_SCHEMA, Outcome, Warehouse, run_command
from redis_support import redis_on_tcp

from stuck_jobs import embedded
from stuck_jobs.cli import main
from stuck_jobs.doctor.finding import Finding
from stuck_jobs.doctor.server import MAX_OFFSET, clock

READER, OPERATOR, SECRET = "watcher", "fixer", "hunter2"
JOB = """insert into {schema}.jobs (jobspec_id, jobspec_data, status, started_at, created_at, updated_at)
    values ('at-work', '{{}}', 'running', now(), now(), now())"""
RIGHTS = {
    "the schema": ("usage on schema public", 'grant usage on schema "public" to "watcher";'),
    "a column": (
        "select (status) on public.jobs",
        'grant select ("status") on "public"."jobs" to "watcher";',
    ),
    "versions": ("select (xmin) on public.jobs", 'grant select ("xmin") on "public"."jobs" to "watcher";'),
    "another table": (
        "select (original_error, retry_count) on public.executions",
        'grant select ("original_error", "retry_count") on "public"."executions" to "watcher";',
    ),
    "the outbox": (
        "select (payload) on public.outbox",
        'grant select ("payload") on "public"."outbox" to "watcher";',
    ),
    "our schema": (
        "create on schema stuck_jobs",
        'grant usage, create on schema "stuck_jobs" to "watcher";',
    ),
    "the raw schema": (
        "usage on schema stuck_jobs_raw",
        'grant usage, create on schema "stuck_jobs_raw" to "watcher";',
    ),
}


@dataclass(frozen=True)
class Patient:
    """What the doctor looks at: a project of one's own, a database and a Redis, all as they should be."""

    warehouse: Warehouse
    folder: Path
    redis_url: str

    @property
    def environment(self) -> dict[str, str | None]:
        ours = ("PG", "DBT_", "STUCK_JOBS_", "REDIS_")
        cleared = {name: None for name in os.environ if name.startswith(ours)}
        return cleared | self.warehouse.libpq | {"PGUSER": READER, "REDIS_URL": self.redis_url}

    def run(self, *command: str, **variables: str | None) -> Outcome:
        options = ("--project-dir", str(self.folder), "--profiles-dir", str(self.folder))
        return run_command([*command, *options], self.environment | variables)

    def look(self, **variables: str | None) -> tuple[int, dict[str, dict[str, Any]]]:
        """The exit code, and what is to be done, by the name of the check."""
        outcome = self.run("doctor", "--format", "json", **variables)
        answer = json.loads(outcome.output)
        assert answer["exit_code"] == outcome.exit_code
        assert SECRET not in outcome.output
        return outcome.exit_code, {
            check["check"]: check for check in answer["checks"] if check["state"] != "ok"
        }

    def set(self, **variables: object) -> None:
        """Have the project say so."""
        content = {"name": "mine", "profile": "stuck_jobs", "vars": {"stuck_jobs": variables}}
        (self.folder / "dbt_project.yml").write_text(yaml.safe_dump(content))

    @contextmanager
    def where(self, *statements: str, afterwards: tuple[str, ...] = ()) -> Iterator[None]:
        """Change the database, and change it back."""
        self.warehouse.execute(*statements)
        try:
            yield
        finally:
            self.warehouse.execute(*afterwards)


@pytest.fixture(scope="module")
def queue() -> Iterator[embedded.Redis]:
    with embedded.redis_server() as running:
        yield running


@pytest.fixture(scope="module")
def opened(
    new_warehouse: Callable[[], Warehouse], queue: embedded.Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Patient]:
    """A database on a server of its own, since roles are the server's, with what `init` has granted."""
    folder = tmp_path_factory.mktemp("project")
    profile = (new_warehouse().scratch / "profiles.yml").read_text()
    (folder / "profiles.yml").write_text(profile)
    with embedded.postgres() as server:
        patient = Patient(Warehouse(server.environment, folder), folder, queue.url)
        patient.set()
        administrator = {"PGUSER": server.environment["PGUSER"]}
        warehouse = patient.warehouse
        warehouse.execute(SOURCE_SCHEMA)
        said = CliRunner().invoke(
            main, ["init", "--print", "--role", READER], env=patient.environment | administrator
        )
        assert said.exit_code == 0, said.output
        warehouse.execute(*statements_in(said.output))
        built = warehouse.run_dbt("run", variables={"redis_enabled": True}, PGUSER=READER)
        assert built.exit_code == 0, built.output
        yield patient


@pytest.fixture
def patient(opened: Patient) -> Iterator[Patient]:
    opened.set()
    opened.warehouse.execute("truncate jobs, executions, outbox", JOB.format(schema="public"))
    with redis.Redis.from_url(opened.redis_url) as client:
        client.flushall()
        client.set("job:processing:at-work", "worker", ex=600)
    assert opened.run("collect").exit_code == 0
    yield opened
    opened.warehouse.execute("truncate jobs, executions, outbox")


def statements_in(output: str) -> list[str]:
    lines = [line.strip() for line in output.splitlines()]
    return [line for line in lines if line.startswith(("grant ", "create ", "alter ")) and line.endswith(";")]


def test_where_all_is_well_it_says_so_of_everything(patient: Patient) -> None:
    outcome = patient.run("doctor")
    assert outcome.exit_code == 0, outcome.output
    lines = outcome.output.splitlines()
    assert lines[-1] == "All is ok."
    looked_at = {line[7:20].strip() for line in lines[:-2]}
    assert all(line.startswith("ok  ") for line in lines[:-2])
    assert looked_at == {
        "python", "dbt", "project", "profile", "connection", "server", "pooler", "settings", "encoding",
        "clock", "tables", "rows", "role", "views", "redis", "redis user", "redis memory", "redis role",
        "redis clock", "redis queues", "snapshot",
    }  # fmt: skip


@pytest.mark.parametrize("name", RIGHTS)
def test_each_right_that_is_missing_is_told_with_its_grant_which_works(patient: Patient, name: str) -> None:
    revoked, statement = RIGHTS[name]
    owner = ()
    if "stuck_jobs" in revoked:
        schema = revoked.split()[-1]
        owner = (f"alter schema {schema} owner to {patient.warehouse.libpq['PGUSER']}",)
        restored = (f"alter schema {schema} owner to {READER}",)
        revoked = f"all on schema {schema}"
    else:
        restored = (f"grant {revoked} to {READER}",)
    public = ("revoke usage on schema public from public",) if revoked.startswith("usage") else ()
    again = ("grant usage on schema public to public",) if public else ()
    with patient.where(*owner, *public, f"revoke {revoked} from {READER}", afterwards=(*restored, *again)):
        exit_code, found = patient.look()
        assert exit_code == 1, found
        assert found["role"]["to_do"] == [statement]
        patient.warehouse.execute(*found["role"]["to_do"])
        assert "role" not in patient.look()[1]


def test_rows_that_are_hidden_are_told(patient: Patient) -> None:
    with patient.where(
        "alter table jobs enable row level security",
        afterwards=("alter table jobs disable row level security", f"alter role {READER} nobypassrls"),
    ):
        exit_code, found = patient.look()
        assert (exit_code, set(found)) == (1, {"rows"})
        assert found["rows"]["says"].startswith("row level security hides rows of jobs from watcher") or (
            "the views do not see everything" in found["rows"]["says"]
        )
        patient.warehouse.execute(f'alter role "{READER}" bypassrls;')
        assert patient.look() == (0, {})


def test_tables_that_are_elsewhere_are_found(patient: Patient) -> None:
    patient.set(source_schema="nowhere")
    exit_code, found = patient.look()
    assert exit_code == 1
    assert found["tables"]["to_do"] == ['job_system: "pipeline", source_schema: "public"']
    with patient.where(
        "alter table outbox rename column topic to subject",
        afterwards=("alter table outbox rename column subject to topic",),
    ):
        patient.set()
        assert "outbox has no column topic" in patient.look()[1]["tables"]["says"]


def test_views_that_are_not_there_are_to_be_built_first(patient: Patient) -> None:
    elsewhere: dict[str, str | None] = {"STUCK_JOBS_SCHEMA": "unbuilt", "STUCK_JOBS_RAW_SCHEMA": "unread"}
    exit_code, found = patient.look(**elsewhere)
    assert exit_code == 1
    assert set(found) == {"role", "views", "snapshot"}
    assert "run dbt build first" in found["views"]["says"]
    assert found["snapshot"]["to_do"] == ["stuck-jobs collect"]
    assert found["role"]["to_do"] == [
        'create schema if not exists "unbuilt" authorization "watcher";',
        'create schema if not exists "unread" authorization "watcher";',
    ]


@pytest.mark.parametrize(
    "command",
    [["gate"], ["recover"], ["requeue"], ["report"], ["metrics"], ["trace"], ["alert"]],
    ids=lambda command: command[0],
)
def test_what_reads_views_that_are_not_there_says_what_to_do(patient: Patient, command: list[str]) -> None:
    outcome = patient.run(*command, STUCK_JOBS_SCHEMA="unbuilt", OTEL_EXPORTER_OTLP_ENDPOINT="http://[::1]:9")
    assert outcome.exit_code == 2
    assert outcome.output.splitlines()[-1].endswith("run dbt build first")


def test_validate_says_so_too(patient: Patient) -> None:
    options = ["validate", "--profiles-dir", str(patient.folder)]
    result = CliRunner().invoke(main, options, env=patient.environment | {"STUCK_JOBS_SCHEMA": "unbuilt"})
    assert result.exit_code == 2
    assert result.output.splitlines()[-1].endswith("run dbt build first")


def test_what_was_built_by_another_role_is_told(patient: Patient) -> None:
    with patient.where(
        "create role builder", "alter view stuck_jobs.accumulation_points owner to builder",
        afterwards=(
            f"alter view stuck_jobs.accumulation_points owner to {READER}",
            f"revoke builder from {READER}", "drop owned by builder", "drop role builder",
        ),
    ):  # fmt: skip
        found = patient.look()[1]
        assert found["owner"]["to_do"] == ['grant "builder" to "watcher";']
        patient.warehouse.execute(*found["owner"]["to_do"])
        assert "owner" not in patient.look()[1]


def test_an_operator_gets_what_the_tables_that_are_there_take(patient: Patient) -> None:
    patient.set(operator_roles=[OPERATOR])
    with patient.where(
        afterwards=(
            "alter table jobs drop column if exists error_message",
            f"drop owned by {OPERATOR}",
            f"drop role {OPERATOR}",
        )
    ):
        to_do = patient.look()[1]["operator"]["to_do"]
        assert to_do == [
            "create role \"fixer\" login password 'choose one';",
            'grant usage on schema "public" to "fixer";',
            'grant select ("id", "jobspec_id") on "public"."jobs" to "fixer";',
            'grant update ("status", "updated_at", "started_at", "completed_at") on "public"."jobs"'
            ' to "fixer";',
            'grant select ("id", "original_error") on "public"."executions" to "fixer";',
            'grant update ("status", "completed_at", "original_error") on "public"."executions" to "fixer";',
            'grant insert ("topic", "payload", "created_at") on "public"."outbox" to "fixer";',
            'grant usage on sequence "public"."outbox_id_seq" to "fixer";',
        ]
        patient.warehouse.execute(*to_do)
        assert "operator" not in patient.look()[1]
        patient.warehouse.execute(f"revoke usage on sequence outbox_id_seq from {OPERATOR}")
        assert patient.look()[1]["operator"]["to_do"] == to_do[-1:]
        patient.warehouse.execute(*to_do[-1:], "alter table jobs add column error_message text")
        (to_do,) = patient.look()[1]["operator"]["to_do"]
        assert to_do == 'grant update ("error_message") on "public"."jobs" to "fixer";'
        patient.warehouse.execute(to_do)
        assert patient.look() == (0, {})


# The session


def test_limits_that_are_not_set_are_told(patient: Patient) -> None:
    path = patient.folder / "profiles.yml"
    before = path.read_text()
    try:
        path.write_text(before.replace("-c\\tstatement_timeout=60s\\t", ""))
        assert patient.look()[1]["settings"]["says"].startswith("statement_timeout set no limit")
        path.write_text(before.replace("\\t-c\\tclient_encoding=UTF8", ""))
        assert patient.look() == (0, {})
    finally:
        path.write_text(before)


@pytest.mark.parametrize(
    "whose", ["database postgres", f"role {READER}", f"role {READER} in database postgres"]
)
def test_a_database_in_which_nothing_can_be_written_is_told(patient: Patient, whose: str) -> None:
    with patient.where(f"alter {whose} set default_transaction_read_only = on"):
        exit_code, to_do = patient.look()
        assert (exit_code, [*to_do]) == (1, ["server"])
        assert "a build, a check and a snapshot are refused" in to_do["server"]["says"]
        assert patient.run("collect").exit_code == 2
        patient.warehouse.execute(*to_do["server"]["to_do"])
    assert patient.look() == (0, {})


def test_a_session_that_asks_to_write_nothing_is_told_so(patient: Patient) -> None:
    path = patient.folder / "profiles.yml"
    before = path.read_text()
    try:
        path.write_text(
            before.replace(
                "-c\\tstatement_timeout=60s",
                "-c\\tdefault_transaction_read_only=on\\t-c\\tstatement_timeout=60s",
            )
        )
        exit_code, to_do = patient.look()
        assert (exit_code, [*to_do]) == (1, ["server"])
        assert to_do["server"]["to_do"] == []
    finally:
        path.write_text(before)


def test_what_cannot_be_looked_at_at_all_is_another_exit_code(patient: Patient, tmp_path: Path) -> None:
    exit_code, found = patient.look(PGHOST=str(tmp_path), PGPASSWORD=SECRET)
    assert exit_code == 2
    assert set(found) == {"connection"}
    outcome = CliRunner().invoke(main, ["doctor", "--project-dir", str(tmp_path)], env=patient.environment)
    assert outcome.exit_code == 2
    assert outcome.output.startswith("to do  profile")


@pytest.mark.parametrize(("offset", "is_ok"), [(0, True), (MAX_OFFSET, True), (5.1, False), (-5.1, False)])
def test_clocks_that_differ_are_told(offset: float, is_ok: bool) -> None:
    finding: Finding = clock("clock", "PostgreSQL's", 1000.0, 1000.0 + offset)
    assert finding.is_ok is is_ok
    assert is_ok or ("ahead" if offset > 0 else "behind") in finding.says


# Redis


def test_the_wrong_database_of_redis_is_told(patient: Patient, queue: embedded.Redis) -> None:
    patient.warehouse.execute("truncate stuck_jobs_raw.queue_servers")
    exit_code, found = patient.look(REDIS_URL=f"{queue.url}?db=3")
    assert (exit_code, set(found)) == (1, {"redis queues"})
    assert "it holds nothing of the 1 jobs" in found["redis queues"]["says"]
    assert "db0 (1 keys)" in found["redis queues"]["says"]


def test_without_redis_url_that_is_what_is_said(patient: Patient) -> None:
    exit_code, found = patient.look(REDIS_URL=None)
    assert (exit_code, set(found)) == (1, {"redis"})
    assert found["redis"]["says"].startswith("REDIS_URL is not set")
    for command in ("collect", "requeue"):
        outcome = patient.run(command, REDIS_URL=None)
        assert outcome.exit_code == 2
        assert "REDIS_URL is not set" in outcome.output
        assert "Error 111" not in outcome.output
    patient.set(redis_enabled=False)
    assert patient.look(REDIS_URL=None) == (0, {})


@pytest.mark.parametrize("right", ["+exists", "+info", "+lrange", "~jobs:retry", "~job:processing:*"])
def test_what_the_user_of_redis_lacks_is_told_with_its_line(patient: Patient, right: str) -> None:
    rights = [
        "~jobs", "~jobs:retry", "~jobs:dead", "~job:processing:*", "~jobs:processing:*", "+eval", "+type",
        "+llen", "+zcard", "+lrange", "+zrange", "+scan", "+pttl", "+exists", "+dbsize", "+info",
    ]  # fmt: skip
    with redis.Redis.from_url(patient.redis_url) as client:
        client.execute_command("ACL", "SETUSER", "seer", "reset", "on", f">{SECRET}", *rights)
        url = patient.redis_url.replace("unix://", f"unix://seer:{SECRET}@")
        assert patient.look(REDIS_URL=url) == (0, {})
        left = [word for word in rights if word != right]
        client.execute_command("ACL", "SETUSER", "seer", "reset", "on", f">{SECRET}", *left)
        (line,) = patient.look(REDIS_URL=url)[1]["redis user"]["to_do"]
        client.execute_command(*shlex.split(line)[1:])
        assert patient.look(REDIS_URL=url) == (0, {})
        wrong = url.replace(SECRET, f"{SECRET}x")
        assert "redis" in patient.look(REDIS_URL=wrong)[1]


@pytest.mark.parametrize(
    ("policy", "maxmemory", "is_told"),
    [("volatile-lru", "64mb", True), ("allkeys-lru", "64mb", True), ("volatile-ttl", "0", False),
     ("noeviction", "64mb", False)],
)  # fmt: skip
def test_what_throws_out_keys_is_told(
    patient: Patient, policy: str, maxmemory: str, is_told: bool, tmp_path: Path
) -> None:
    with redis_on_tcp(tmp_path, f"maxmemory-policy {policy}", f"maxmemory {maxmemory}") as port:
        url = f"redis://127.0.0.1:{port}/0"
        with redis.Redis.from_url(url) as client:
            client.set("job:processing:at-work", "worker", ex=600)
        assert ("redis memory" in patient.look(REDIS_URL=url)[1]) is is_told


def test_a_replica_that_has_lost_its_master_is_told(patient: Patient, tmp_path: Path) -> None:
    with redis_on_tcp(tmp_path, "replicaof 127.0.0.1 1") as port:
        found = patient.look(REDIS_URL=f"redis://127.0.0.1:{port}/0")[1]
    assert "name the master" in found["redis role"]["says"]


def test_a_snapshot_that_is_old_or_proves_nothing_is_told(patient: Patient) -> None:
    patient.warehouse.execute("update stuck_jobs_raw.queue_snapshots set error = E'odd \\x1b[31m text'")
    outcome = patient.run("doctor")
    assert outcome.exit_code == 1
    assert "proves nothing: odd \\x1b[31m text" in outcome.output
    patient.warehouse.execute(
        "update stuck_jobs_raw.queue_snapshots set error = null, observed_at = now() - interval '301 s'"
    )
    assert patient.look()[1]["snapshot"]["to_do"] == ["stuck-jobs collect"]
    patient.warehouse.execute(
        "update stuck_jobs_raw.queue_snapshots set observed_at = now() - interval '290 s'"
    )
    assert patient.look() == (0, {})


def test_a_database_that_goes_away_meanwhile_is_no_answer(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object) -> None:
        raise psycopg.OperationalError("the server is gone")

    monkeypatch.setattr("stuck_jobs.doctor.command.read_source", break_off)
    exit_code, found = patient.look()
    assert (exit_code, found["connection"]["says"]) == (2, "the look was broken off: the server is gone")
