"""`stuck-jobs why` says where a job is by the evidence there is, and without any not that all is well."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from conftest import ROOT, Outcome, Warehouse, run_command
from psycopg import sql

from stuck_jobs.why.find import by_part
from stuck_jobs.why.found import CONCERNS, OF_MANY
from stuck_jobs.why.reading import explain
from stuck_jobs.why.until import of_cause
from stuck_jobs.why.words import as_json

SPEC = {"constraints": {"regions": ["US"]}, "metadata": {"models": ["m"]}, "questions": ["a"]}


@dataclass
class Watched:
    """A pipeline with its views, and the command against them."""

    warehouse: Warehouse

    def job(self, name: str, status: str, minutes: float, *, lasted: float | None = None) -> None:
        """A job that was created so long ago, and closed that many seconds later."""
        ended = "null" if lasted is None else f"at + {lasted} * interval '1 second'"
        self.warehouse.execute(
            "insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at, started_at,"
            " completed_at)"
            f" select '{name}', '{json.dumps(SPEC)}', '{status}', at, coalesce({ended}, at),"
            f" case when '{status}' = 'running' then at end, {ended}"
            f" from (select now()::timestamp - {minutes} * interval '1 minute' as at) as clock"
        )

    def execution(self, name: str, status: str, minutes: float, lasted: float | None = None) -> None:
        ended = "null" if lasted is None else f"at + {lasted} * interval '1 second'"
        self.warehouse.execute(
            "insert into executions (job_id, provider_id, region, status, model_id, question_id, started_at,"
            " created_at, completed_at)"
            f" select jobs.id, 'p', 'us-east', '{status}', 'm', 'a', at, at, {ended} from jobs,"
            f" (select now()::timestamp - {minutes} * interval '1 minute' as at) as clock"
            f" where jobspec_id = '{name}'"
        )

    def message(self, name: str, minutes: float, *, is_published: bool) -> None:
        published = "at" if is_published else "null"
        self.warehouse.execute(
            "insert into outbox (topic, payload, created_at, published_at)"
            f" select 'jobs', '{json.dumps({'id': name})}', at, {published}"
            f" from (select now()::timestamp - {minutes} * interval '1 minute' as at) as clock"
        )

    def run(self, *arguments: str, **variables: str) -> Outcome:
        environment = {"DBT_PROFILES_DIR": str(self.warehouse.scratch), "STUCK_JOBS_SCHEMA": "stuck_jobs"}
        return run_command(["why", *arguments], self.warehouse.libpq | environment | variables)

    def told(self, job: str) -> dict[str, Any]:
        outcome = self.run(job, "--format", "json")
        assert outcome.exit_code == 0, outcome.output
        answer: dict[str, Any] = json.loads(outcome.output)
        return answer


@pytest.fixture(scope="module")
def module(new_built_warehouse: Callable[..., Warehouse]) -> Watched:
    return Watched(new_built_warehouse())


@pytest.fixture
def watched(module: Watched) -> Watched:
    module.warehouse.execute("truncate jobs, executions, outbox restart identity cascade")
    return module


def test_a_closed_job_is_done_and_nothing_is_stuck(watched: Watched) -> None:
    watched.job("alpha-1", "completed", 5, lasted=42)
    watched.execution("alpha-1", "completed", 5, 40)
    told = watched.told("alpha-1")
    assert (told["state"], told["verdict"]) == ("done", "nothing is stuck: done in 42 s")
    assert (told["waits_for"], told["until"], told["items"], told["recovery"]) == (None, [], [], [])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00", told["job"]["read_at"])
    assert [moment["what"] for moment in told["timeline"]] == [
        "created", "an execution began", "an execution ended", "closed"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "state", "verdict"),
    [
        ("failed", "failed", "nothing is stuck: failed after 42 s"),
        ("cancelled", "cancelled", "nothing is stuck: cancelled after 42 s"),
    ],
)
def test_how_a_job_ended(watched: Watched, status: str, state: str, verdict: str) -> None:
    watched.job("alpha-1", status, 5, lasted=42)
    watched.execution("alpha-1", "failed", 5, 40)
    told = watched.told("alpha-1")
    assert (told["state"], told["verdict"]) == (state, verdict)


def test_a_live_job_is_explained_by_its_limit(watched: Watched) -> None:
    watched.job("alpha-1", "created", 4)
    watched.message("alpha-1", 4, is_published=True)
    watched.job("alpha-2", "running", 29)
    watched.execution("alpha-2", "running", 1)
    waiting, running = watched.told("alpha-1"), watched.told("alpha-2")
    assert (waiting["state"], running["state"]) == ("waiting", "working")
    assert re.fullmatch(
        r"nothing is stuck: it waits for a worker for 4 min( \d+ s)?, stuck from 5 min on \(job_created\)",
        waiting["verdict"],
    )
    assert re.fullmatch(
        r"nothing is stuck: still running for 29 min( \d+ s)?, stuck from 30 min on \(job_running\)",
        running["verdict"],
    )
    assert (waiting["until"], running["until"]) == (["a worker takes it"], ["its worker ends it"])
    assert {"written to the outbox", "published to its queue"} <= {
        moment["what"] for moment in waiting["timeline"]
    }


def test_a_stuck_job_has_its_points_its_incident_and_what_moves_it(watched: Watched) -> None:
    watched.job("alpha-1", "created", 6)
    watched.message("alpha-1", 6, is_published=False)
    told = watched.told("alpha-1")
    assert told["state"] == "stuck"
    assert {item["accumulation_point"] for item in told["items"]} == {"job_created", "outbox_unpublished"}
    assert re.match(r"stuck for 6 min( \d+ s)? at ", told["verdict"])
    assert len(told["incidents"]) == 1
    assert "the publisher moves its row of the outbox to the queue" in told["until"]
    left_alone = {row["accumulation_point"]: row["left_alone"] for row in told["recovery"]}
    assert left_alone["job_created"] == "a message would not help: outbox_unpublished"
    assert left_alone["outbox_unpublished"]


def test_what_recovery_would_do_is_a_command(watched: Watched) -> None:
    watched.job("alpha-1", "completed", 60, lasted=10)
    watched.execution("alpha-1", "running", 60)
    told = watched.told("alpha-1")
    commands = [row["command"] for row in told["recovery"] if row["command"]]
    assert commands == ["stuck-jobs recover --job alpha-1 --point execution_running --apply"]


def test_a_command_is_safe_to_paste_whatever_the_job_is_called(watched: Watched) -> None:
    watched.job("x; reboot", "completed", 60, lasted=10)
    watched.execution("x; reboot", "running", 60)
    (command,) = [row["command"] for row in watched.told("1")["recovery"] if row["command"]]
    assert command == "stuck-jobs recover --job 'x; reboot' --point execution_running --apply"


def test_an_unknown_point_is_no_good_news(
    new_built_warehouse: Callable[..., Warehouse],
) -> None:
    blind = Watched(new_built_warehouse(redis_enabled=True))
    blind.job("alpha-1", "processing", 1)
    blind.job("alpha-2", "completed", 5, lasted=42)
    blind.execution("alpha-2", "completed", 5, 40)
    told = blind.told("alpha-1")
    assert told["state"] == "unknown"
    assert "worker_lost" in told["unknown"]
    assert "nobody knows whether it is stuck" in told["verdict"]
    assert blind.told("alpha-2")["verdict"] == "nothing is stuck: done in 42 s"


def test_a_job_is_found_by_each_of_its_names(watched: Watched) -> None:
    watched.job("alpha-1", "completed", 5, lasted=1)
    watched.job("2024", "created", 1)
    watched.job("Beta-3", "created", 1)
    named = {
        name: watched.told(name)["job"]["jobspec_id"] for name in ("alpha-1", "1", "pha-1", "2024", "beta")
    }
    assert named == {
        "alpha-1": "alpha-1",
        "1": "alpha-1",
        "pha-1": "alpha-1",
        "2024": "2024",
        "beta": "Beta-3",
    }


def test_a_number_that_is_both_is_the_public_id(watched: Watched) -> None:
    watched.job("2", "created", 1)
    watched.job("1", "created", 1)
    assert watched.told("1")["job"]["job_id"] == "2"


def test_a_live_job_goes_before_closed_ones_with_the_same_part(watched: Watched) -> None:
    for number in range(3):
        watched.job(f"alpha-{number}", "completed", 5, lasted=1)
    watched.job("alpha-live", "created", 1)
    assert watched.told("alpha")["job"]["jobspec_id"] == "alpha-live"


@pytest.mark.parametrize("status", ["created", "completed"])
def test_a_whole_name_that_begins_others_is_that_jobs_where_no_index_finds_it(
    watched: Watched, status: str
) -> None:
    for number in (*range(10, 17), 1):
        watched.job(f"alpha-{number}", status, 5, lasted=None if status == "created" else 1)
    with watched.warehouse.connect(autocommit=True) as connection:
        key = by_part(connection, watched.warehouse.schema, "alpha-1")
    assert watched.warehouse.rows(f"select jobspec_id from jobs where id = {key}") == [("alpha-1",)]


def test_a_name_that_is_nobodys_or_many_ones_is_an_error(watched: Watched) -> None:
    for number in range(7):
        watched.job(f"alpha-{number}", "created", 1)
    many = watched.run("alpha")
    assert many.exit_code == 2
    names = ", ".join(f"alpha-{number}" for number in range(5))
    assert many.output == f"Error: alpha may be {names} and others: give the whole id of one\n"
    for name in ("beta", "99", "' or true --", "%", "9" * 40, "9" * 18, "\x1b[31m", "_", "é" * 300):
        outcome = watched.run("--", name)
        assert outcome.exit_code == 2, name
        assert outcome.output.startswith("Error: there is no job "), outcome.output
        assert outcome.output.count("\n") == 1
        assert len(outcome.output) < 300
        assert "\x1b" not in outcome.output
    for name in ("", " "):
        assert watched.run(name).output == "Error: a job is named by its id, or a part of it\n"


def test_what_the_pipeline_wrote_is_no_order_to_a_terminal(watched: Watched) -> None:
    hostile = "x\x1b[2J\n::error::[bold]"
    with watched.warehouse.connect(autocommit=True) as connection:
        connection.execute(
            "insert into jobs (jobspec_id, jobspec_data, status) values (%s, '{}', %s)",
            [hostile, hostile[:50]],
        )
    outcome = watched.run("1")
    assert outcome.exit_code == 0
    assert "\x1b" not in outcome.output
    assert "\n::error" not in outcome.output
    assert "[bold]" in outcome.output


def test_dates_that_no_python_holds_are_no_error(watched: Watched) -> None:
    watched.job("alpha-1", "running", 5)
    watched.warehouse.execute(
        "update jobs set created_at = '-infinity', updated_at = '20000-01-01', started_at = '0001-01-01 BC'"
    )
    outcome = watched.run("alpha-1")
    assert outcome.exit_code == 0, outcome.output
    assert "at no known time" in outcome.output


def test_a_long_timeline_is_cut_in_the_middle_for_people_only(watched: Watched) -> None:
    watched.job("alpha-1", "running", 5)
    for _ in range(40):
        watched.execution("alpha-1", "completed", 4, 5)
    lines = watched.run("alpha-1").output.splitlines()
    assert any(re.fullmatch(r"  \.\.\. \d+ more, see --format json \.\.\.", line) for line in lines)
    assert len(lines) < 50
    assert len(watched.told("alpha-1")["timeline"]) > 80


def test_what_it_carries_is_not_shown(watched: Watched) -> None:
    watched.job("alpha-1", "created", 6)
    watched.message("alpha-1", 6, is_published=False)
    watched.execution("alpha-1", "failed", 5, 1)
    watched.warehouse.execute(
        "update jobs set jobspec_data = jsonb_build_object('secret', 'hunter2')",
        "update executions set output_data = jsonb_build_object('secret', 'hunter2')",
        "update executions set original_error = 'hunter2'",
        "update outbox set payload = payload || jsonb_build_object('secret', 'hunter2')",
    )
    assert "hunter2" not in watched.run("alpha-1").output + watched.run("alpha-1", "--format", "json").output


def test_it_changes_nothing_and_takes_a_reader(watched: Watched) -> None:
    watched.job("alpha-1", "created", 6)
    environment = {"PGOPTIONS": "-c default_transaction_read_only=on"}
    assert watched.run("alpha-1", **environment).exit_code == 0


def test_an_exact_id_goes_by_an_index(watched: Watched) -> None:
    watched.warehouse.execute(
        "insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)"
        " select 'many-' || n, '{}', 'completed', now(), now() from generate_series(1, 20000) as n",
        "analyze jobs",
    )
    key: dict[str, Any] = {"key": 7, "most": 50, "name": "many-7"}
    with watched.warehouse.connect() as connection:
        for name in ("named", "keyed", "job", "moments", "holder"):
            text = (ROOT / "src/stuck_jobs/why" / f"{name}.sql").read_text()
            query = sql.SQL(f"explain {text}").format(schema=sql.Identifier("stuck_jobs"))  # type: ignore[arg-type]
            plan = "\n".join(row[0] for row in connection.execute(query, key))
            assert not re.search(r"Seq Scan on jobs", plan), plan


def test_a_part_is_looked_for_for_no_longer_than_it_may(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stuck_jobs.why.find.SECONDS", 0.001)
    watched.warehouse.execute(
        "insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)"
        " select 'many-' || n, '{}', 'completed', now(), now() from generate_series(1, 50000) as n"
    )
    outcome = watched.run("nothing-of-the-kind")
    assert outcome.exit_code == 2
    assert "give the whole id" in outcome.output


def test_explain_is_what_the_command_says(watched: Watched) -> None:
    watched.job("alpha-1", "created", 6)
    with watched.warehouse.connect(autocommit=True) as connection:
        found = as_json(explain(connection, "stuck_jobs", "alpha-1"))
        assert connection.execute("show statement_timeout").fetchone() == ("0",)
    told = watched.told("alpha-1")
    assert found.keys() == told.keys()
    assert found["state"] == told["state"]
    keys = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/why.md").read_text(), re.MULTILINE))
    assert keys == told.keys()


def test_every_point_is_of_a_phase_or_says_nothing_of_one_job() -> None:
    text = (ROOT / "macros/registry/default_registry.sql").read_text()
    registered = set(re.findall(r"^ {8}'(\w+)': {'level'", text, re.MULTILINE))
    judged = {point for points in CONCERNS.values() for point in points}
    assert judged | set(OF_MANY) == registered
    assert judged.isdisjoint(OF_MANY)


def test_every_cause_of_a_job_says_what_would_move_it() -> None:
    of_many = {
        "failure_bursts", "missed_schedules", "provider_failures", "silent_conductors", "stalled_pipeline",
        "unserved_queues", "queue_depths",
    }  # fmt: skip
    for path in (ROOT / "models/detection").glob("*/*.yml"):
        if path.stem in of_many:
            continue
        for listed in re.findall(r"causes:\s*(\[.*?\]|(?:\n\s+- \w+)+)", path.read_text()):
            for cause in re.findall(r"\w+", listed):
                assert of_cause(cause), f"{path.stem}: {cause}"


def test_it_reads_beside_ten_thousand_stuck_jobs(watched: Watched) -> None:
    watched.warehouse.execute(
        "insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)"
        " select 'many-' || n, '{}', 'created', now() - interval '1 hour', now() - interval '1 hour'"
        " from generate_series(1, 10000) as n",
        "analyze jobs",
    )
    begin = time.monotonic()
    assert watched.told("many-77")["state"] == "stuck"
    assert time.monotonic() - begin < 20


def test_where_too_much_is_stuck_to_say_more_it_still_answers(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stuck_jobs.why.reading.SECONDS_OF_MORE", 0.001)
    watched.job("alpha-1", "created", 6)
    told = watched.told("alpha-1")
    assert (told["state"], told["incidents"], told["recovery"]) == ("stuck", None, None)
    assert watched.run("alpha-1").output.count("not known: so much is stuck") == 2


def test_a_role_that_may_not_read_is_told_so(watched: Watched) -> None:
    watched.warehouse.execute("drop role if exists blind_why", "create role blind_why login")
    outcome = watched.run("alpha-1", PGUSER="blind_why")
    assert outcome.exit_code == 2
    assert outcome.output.startswith("Error: permission denied for schema")
    assert isinstance(psycopg.errors.InsufficientPrivilege(), psycopg.Error)


@pytest.mark.parametrize("view", ["stuck_items", "int_recovery_evidence"])
def test_what_is_asked_of_one_job_is_not_found_out_of_all(built: Warehouse, view: str) -> None:
    assert not built.finds_out_of_all(view)
