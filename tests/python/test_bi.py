"""What docs/bi.md and docs/versioning.md promise to those who read and build upon the views."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from conftest import ROOT, Outcome, Warehouse, copy_project
from psycopg import sql

from stuck_jobs import contracts
from stuck_jobs.demo.generator import generate
from stuck_jobs.demo.load import load

VIEW = Path("models", "detection", "database", "unpublished_outbox_v1.sql")
COMMENTS = """
select relname, coalesce(attname, ''), pg_description.description, pg_description.xmin::text
from pg_description
inner join pg_class on pg_class.oid = objoid and classoid = 'pg_class'::regclass
left join pg_attribute on attrelid = objoid and attnum = objsubid and attnum > 0
where relnamespace = 'stuck_jobs'::regnamespace
order by relname, objsubid
"""


def succeeded(outcome: Outcome) -> None:
    assert outcome.exit_code == 0, outcome.output


def failed(outcome: Outcome, *named: str) -> None:
    assert outcome.exit_code != 0, outcome.output
    assert "Traceback" not in outcome.output
    missing = [word for word in named if word not in outcome.output]
    assert not missing, f"{missing} not in:\n{outcome.output}"


@pytest.fixture(scope="module")
def warehouse(new_warehouse: Callable[[], Warehouse]) -> Warehouse:
    """Two weeks of a pipeline, and views that an analyst may read."""
    warehouse = new_warehouse()
    warehouse.execute(f"create role {analyst(warehouse)} login")
    with warehouse.connect() as connection:
        load(connection, generate(now(connection), seed=3, jobs=200))
    succeeded(warehouse.run_dbt("run", variables=readers(warehouse)))
    return warehouse


def now(connection: psycopg.Connection[Any]) -> Any:
    row = connection.execute("select now()").fetchone()
    assert row
    return row[0]


def analyst(warehouse: Warehouse) -> str:
    return f"analyst_of_{warehouse.libpq['PGDATABASE']}"


def readers(warehouse: Warehouse) -> dict[str, Any]:
    return {"reader_roles": [analyst(warehouse)], "analytics_days": 14}


def public_relations() -> list[str]:
    """Those with a contract, and those that show their latest version."""
    versions = list(contracts.recorded(ROOT))
    return sorted({*versions, *(re.sub(r"_v\d+$", "", version) for version in versions)})


# Who may read


def test_a_reader_reads_what_is_public_and_nothing_else(warehouse: Warehouse) -> None:
    may_read = warehouse.rows(
        "select relname from pg_class"
        " where relnamespace = 'stuck_jobs'::regnamespace and relkind in ('r', 'v')"
        f" and has_table_privilege('{analyst(warehouse)}', oid, 'select')"
    )
    assert sorted(name for (name,) in may_read) == public_relations()
    with warehouse.connect(autocommit=True) as connection:
        connection.execute(f"set role {analyst(warehouse)}")
        connection.execute("select * from stale_jobs")
        for hidden in ("stg_jobs", "public.jobs"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(sql.SQL("select * from {}").format(sql.SQL(hidden)))


@pytest.mark.parametrize("reader_roles", [["nobody-known"], "analyst", [7], {"analyst": 1}], ids=str)
def test_a_reader_that_cannot_be_is_an_error_before_anything_is_built(
    built: Warehouse, reader_roles: Any
) -> None:
    other = built.in_schema("read_by_nobody")
    outcome = other.run_dbt("run", "--select", "stg_jobs", variables={"reader_roles": reader_roles})
    failed(
        outcome, "vars: reader_roles", "nobody-known" if "nobody-known" in reader_roles else str(reader_roles)
    )
    assert other.rows("select 1 from pg_class where relnamespace = to_regnamespace('read_by_nobody')") == []


def test_a_grant_that_is_refused_is_an_error(built: Warehouse) -> None:
    builder = f"builder_in_{built.libpq['PGDATABASE']}"
    other = built.in_schema("owned_by_another")
    other.execute(
        f"create role {builder} login",
        "create role only_reads",
        f"grant select on public.jobs, public.executions, public.outbox to {builder}",
        "create schema owned_by_another",
        f"grant usage, create on schema owned_by_another to {builder}",
    )
    outcome = other.run_dbt(
        "run", "--select", "+unpublished_outbox", variables={"reader_roles": ["only_reads"]}, PGUSER=builder
    )
    failed(outcome, "reader_roles", builder, "grant usage on schema owned_by_another to only_reads")


# What a column means


def test_tables_and_columns_carry_their_descriptions(warehouse: Warehouse) -> None:
    comments = {(relation, column): text for relation, column, text, _ in warehouse.rows(COMMENTS)}
    recorded = contracts.recorded(ROOT)
    for relation, columns in recorded.items():
        for column in ("", *columns):
            assert comments.get((relation, column)), f"{relation}.{column}"
    latest = {re.sub(r"_v\d+$", "", relation): relation for relation in recorded}
    for pointer, relation in latest.items():
        for column in ("", *recorded[relation]):
            assert comments[pointer, column] == comments[relation, column]


def test_a_build_restores_what_is_missing_and_touches_nothing_else(warehouse: Warehouse) -> None:
    before = warehouse.rows(COMMENTS)
    warehouse.execute(
        f"revoke select on stale_jobs from {analyst(warehouse)}",
        f"revoke usage on schema stuck_jobs from {analyst(warehouse)}",
        "comment on column stale_jobs_v1.cause is 'old'",
        "comment on view stale_jobs is null",
    )
    succeeded(warehouse.run_dbt("run", "--select", "stale_jobs", variables=readers(warehouse)))
    after = warehouse.rows(COMMENTS)
    changed = {tuple(row[:2]) for row in set(after) - set(before)}
    assert [row[:3] for row in after] == [row[:3] for row in before]
    assert changed == {("stale_jobs_v1", "cause"), ("stale_jobs", "")}
    test_a_reader_reads_what_is_public_and_nothing_else(warehouse)


# The queries of the document


def test_every_query_of_the_document_answers_a_reader(warehouse: Warehouse) -> None:
    text = (ROOT / "docs" / "bi.md").read_text()
    queries = re.findall(r"^```sql\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(queries) > 5
    with warehouse.connect(autocommit=True) as connection:
        for query in queries:
            reads = query.startswith("select")
            connection.execute(f"set role {analyst(warehouse)}" if reads else "reset role")
            cursor = connection.execute(query)
            assert not reads or cursor.rowcount > 0, query


# Rebuilds and new versions


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy in which to publish new versions."""
    return copy_project(tmp_path_factory.mktemp("clone"))


def publish(project: Path, version: int, columns: list[dict[str, str]], select_list: str) -> None:
    """Add a version of the view of the outbox, the way docs/versioning.md says.

    Args:
        project: takes it.
        version: its number.
        columns: the last ones of the version; the others are as in the first.
        select_list: the SQL of these columns.
    """
    text = (project / VIEW).read_text()
    first, _, rest = text.rpartition("    topic\nfrom ")
    path = project / VIEW.with_name(f"unpublished_outbox_v{version}.sql")
    path.write_text(f"{first}    {select_list}\nfrom {rest}")
    properties = project / VIEW.with_name("unpublished_outbox.yml")
    content = yaml.safe_load(properties.read_text())
    (model,) = content["models"]
    model["latest_version"] = version
    model["versions"].append({"v": version, "columns": [{"include": "all", "exclude": ["topic"]}, *columns]})
    properties.write_text(yaml.safe_dump(content))


def test_views_of_others_survive_new_versions(warehouse: Warehouse, project: Path) -> None:
    def build() -> Outcome:
        variables = {"redis_enabled": False}
        return warehouse.run_dbt(
            "run", "--select", "unpublished_outbox", project=project, variables=variables
        )

    warehouse.execute(
        "create schema others",
        "create view others.first as select * from stuck_jobs.unpublished_outbox_v1",
        "create view others.latest as select * from stuck_jobs.unpublished_outbox",
    )

    def read(view: str) -> list[tuple[Any, ...]]:
        return warehouse.rows(f"select entity_id, topic from others.{view} order by entity_id")

    before = read("first")
    assert before

    topic, urgency, queue = (
        {"name": name, "data_type": "text", "description": name} for name in ("topic", "urgency", "queue")
    )
    publish(project, 2, [topic, urgency], "topic,\n    'high' as urgency")
    succeeded(build())
    assert {row[-1] for row in warehouse.rows("select * from stuck_jobs.unpublished_outbox")} == {"high"}
    for view in ("first", "latest"):
        assert read(view) == before

    publish(project, 3, [queue], "topic as queue")
    failed(build(), "others.latest", "stuck_jobs.unpublished_outbox")
    for view in ("first", "latest"):
        assert read(view) == before

    warehouse.execute("drop view others.latest")
    succeeded(build())
    assert warehouse.rows("select queue from stuck_jobs.unpublished_outbox limit 1")
    assert read("first") == before
