"""What `stuck-jobs mcp` answers, asked by the SDK's own client over standard input and output."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from conftest import ROOT, Warehouse
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from summaries import COMMAND

from stuck_jobs.mcp.bounds import MOST_CHARACTERS, bounded

SECRET = "hunter2"
Asked = tuple[bool, str]


@pytest.fixture(scope="module")
def warehouse(new_built_warehouse: Callable[..., Warehouse]) -> Warehouse:
    warehouse = new_built_warehouse()
    spec = json.dumps({"secret": SECRET, "constraints": {"regions": ["US"]}, "questions": ["a"]})
    warehouse.execute(
        "insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at)"
        f" select 'late-' || n, '{spec}', 'created', now() - interval '1 hour', now() - interval '1 hour'"
        " from generate_series(1, 150) as n",
        "insert into jobs (jobspec_id, jobspec_data, status, created_at, updated_at, completed_at)"
        f" values ('done', '{spec}', 'cancelled', now() - interval '42 seconds', now(), now())",
        "insert into outbox (topic, payload, created_at)"
        f" values ('jobs', '{json.dumps({'id': 'late-1', 'secret': SECRET})}', now() - interval '1 hour')",
    )
    return warehouse


def environment(warehouse: Warehouse, **variables: str) -> dict[str, str]:
    ours = {"DBT_PROFILES_DIR": str(warehouse.scratch), "STUCK_JOBS_SCHEMA": warehouse.schema}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "STUCK_JOBS_"))}
    return kept | warehouse.libpq | ours | variables


def ask(warehouse: Warehouse, *calls: tuple[str, dict[str, Any]], **variables: str) -> list[Asked]:
    """The answers to some calls, one after the other: whether each is an error, and its text."""
    parameters = StdioServerParameters(
        command=str(COMMAND), args=["mcp"], env=environment(warehouse, **variables), cwd=ROOT
    )
    answers: list[Asked] = []

    async def converse() -> None:
        async with Client(parameters) as client:
            for name, arguments in calls:
                answer = await client.call_tool(name, arguments)
                answers.append((bool(answer.is_error), answer.content[0].text))  # type: ignore[union-attr]

    anyio.run(converse)
    return answers


def test_each_tool_says_that_it_only_reads(warehouse: Warehouse) -> None:
    parameters = StdioServerParameters(
        command=str(COMMAND), args=["mcp"], env=environment(warehouse), cwd=ROOT
    )
    listed: list[Any] = []

    async def converse() -> None:
        async with Client(parameters) as client:
            listed.extend((await client.list_tools()).tools)
            assert "never instructions" in (client.instructions or "")

    anyio.run(converse)
    documented = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/mcp.md").read_text(), re.MULTILINE)
    assert [tool.name for tool in listed] == documented
    assert all(tool.annotations.read_only_hint for tool in listed)


def test_it_answers_from_the_views_and_within_bounds(warehouse: Warehouse) -> None:
    told = ask(
        warehouse,
        ("summary", {}),
        ("incidents", {"limit": 1}),
        ("items", {"point": "job_created", "limit": 1000}),
        ("why", {"job": "late-1"}),
        ("why", {"job": "done"}),
        ("plan", {"point": "job_created", "limit": 2}),
    )
    assert [is_error for is_error, _ in told] == [False] * 6
    assert all(len(text) <= MOST_CHARACTERS for _, text in told)
    assert SECRET not in str(told)
    summary, incidents, items, late, done, plan = (json.loads(text) for _, text in told)
    assert summary["verdict"].startswith("Gate closed: ")
    assert len(incidents["incidents"]) == 1
    assert incidents["unknown"] == {}
    assert incidents["total"] > 1
    assert (items["total"], items["point"]["state"]) == (150, "breached")
    assert len(items["items"]) + items["left_out"]["items"] == 100
    assert (late["state"], done["verdict"]) == ("stuck", "nothing is stuck: cancelled after 42 s")
    assert (plan["applied"], len(plan["items"]), plan["total"]) == (False, 2, 150)
    assert plan["tripped"].startswith("150 of 150 live jobs")

    of_incident = incidents["incidents"][0]
    ((_, text),) = ask(warehouse, ("items", {"incident": of_incident["incident_id"], "limit": 2}))
    assert json.loads(text)["total"] == of_incident["items"]


def test_an_error_is_an_answer_of_one_line(warehouse: Warehouse) -> None:
    told = ask(
        warehouse,
        ("why", {"job": "nobody"}),
        ("why", {"job": "late"}),
        ("items", {}),
        ("plan", {"job": "nobody"}),
        ("items", {"point": "job_crated"}),
        ("items", {"incident": "none"}),
        ("plan", {"point": "job_crated"}),
        ("why", {"job": "x" * 100_000}),
        ("items", {"incident": ""}),
        ("items", {"point": ""}),
        ("plan", {"job": ""}),
        ("plan", {"point": ""}),
    )
    assert [(is_error, text.count("\n")) for is_error, text in told] == [(True, 0)] * 12
    assert all(len(text) < 2000 for _, text in told)
    assert "there is no job nobody" in told[0][1]
    assert "give the whole id of one" in told[1][1]
    ((is_error, text),) = ask(warehouse, ("summary", {}), PGPORT="1")
    assert is_error
    assert "Traceback" not in text
    ((is_error, text),) = ask(warehouse, ("incidents", {}), STUCK_JOBS_SCHEMA="elsewhere")
    assert is_error
    assert text.endswith("run dbt build first")


def test_the_server_lets_it_write_nothing(warehouse: Warehouse) -> None:
    from stuck_jobs.profile import Profile
    from stuck_jobs.session.patience import in_time
    from stuck_jobs.session.reading import reading

    host, port, database = (warehouse.libpq[name] for name in ("PGHOST", "PGPORT", "PGDATABASE"))
    profile = Profile(host, int(port), "postgres", database, "stuck_jobs")
    with reading(profile) as connection, in_time(connection, 10):
        assert connection.execute("show transaction_read_only").fetchone() == ("on",)


def test_without_the_package_it_says_how_to_get_it(warehouse: Warehouse) -> None:
    program = "import sys; sys.modules['mcp'] = None; from stuck_jobs.cli import main; main(['mcp'])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment(warehouse), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Error: stuck-jobs mcp needs the package mcp: pip install 'mcp>=2.3,<3'\n"


def test_a_long_answer_is_cut_and_says_so() -> None:
    answer = {"total": 300, "items": [{"text": "x" * 200}] * 300, "few": [1, 2]}
    document = json.loads(bounded(answer))
    assert document["few"] == [1, 2]
    assert len(document["items"]) + document["left_out"]["items"] == 300
    assert len(bounded(answer)) <= MOST_CHARACTERS
    assert "left_out" not in json.loads(bounded({"items": [1]}))
