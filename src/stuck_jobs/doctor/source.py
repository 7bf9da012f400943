"""The watched tables: whether they are those of the job system, and what the role may do with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from stuck_jobs.dbt_project import PROJECT_FILE
from stuck_jobs.doctor.finding import Finding, trouble
from stuck_jobs.init.find import Found, find_systems
from stuck_jobs.init.grants import (
    Right,
    missing_memberships,
    missing_policies,
    missing_rights,
    missing_role,
    new_schema,
    reading_rights,
    recovering_rights,
)
from stuck_jobs.init.settings import setting_line
from stuck_jobs.systems import system_entry


@dataclass(frozen=True)
class OwnSchema:
    """A row of schemas.sql."""

    schema_name: str
    is_there: bool
    may_build: bool
    other_owner: str | None


@dataclass(frozen=True)
class Source:
    """What the project watches.

    Attributes:
        system: its name.
        schema: where its tables are to be.
        found: what is there; None if its tables are not.
        elsewhere: the same system in other schemas, and others.
    """

    system: str
    schema: str
    found: Found | None
    elsewhere: list[Found]


def read_source(database: psycopg.Connection[Any], project: Path, variables: dict[str, Any]) -> Source:
    """Look for what the project watches.

    Args:
        database: as the role that builds.
        project: the dbt project's directory.
        variables: of the project.

    Raises:
        StuckJobsError: if the project does not know the system.
    """
    system = str(variables["job_system"])
    schema = variables["source_schema"] or system_entry(project, system)["schema"]
    found = find_systems(database, project)
    here = [one for one in found if (one.system, one.schema) == (system, schema)]
    return Source(system, schema, next(iter(here), None), [one for one in found if one not in here])


def look_at_tables(source: Source) -> Iterator[Finding]:
    """Whether they are there, of a version that is known, and show all rows."""
    found = source.found
    if found is None:
        settings = [
            f"{setting_line('job_system', one.system)}, {setting_line('source_schema', one.schema)}"
            for one in source.elsewhere
        ]
        yield trouble(
            "tables",
            f"the tables of {source.system} are not in the schema {source.schema}: name the right database,"
            f" or say in the vars of {PROJECT_FILE} where they are{'; there is' if settings else ''}",
            *settings,
        )
        return
    if found.misfit:
        yield trouble("tables", f"{found.title} is of a version that is not known: {found.misfit}")
    else:
        names = ", ".join(table.relation.name for table in found.tables)
        yield Finding("tables", f"{found.title}, in the schema {found.schema}: {names}")


def look_at_rows(database: psycopg.Connection[Any], source: Source, role: str) -> Iterator[Finding]:
    """Whether row level security hides any.

    Args:
        database: as the role that builds.
        source: what is watched.
        role: its name.
    """
    tables = source.found.tables if source.found else []
    hidden = [table.relation.name for table in tables if table.relation.hides_rows]
    if hidden:
        statement = sql.SQL("alter role {} bypassrls").format(sql.Identifier(role)).as_string()
        policies = missing_policies(database, source.found, role) if source.found else []
        yield trouble(
            "rows",
            f"row level security hides rows of {', '.join(hidden)} from {role}, and what is not seen is not"
            f" called fine; an administrator runs {statement}, or",
            *(f"{policy};" for policy in policies),
        )
    elif tables:
        yield Finding("rows", "no row level security hides any")


def look_at_role(
    database: psycopg.Connection[Any], source: Source, role: str, schemas: Sequence[str]
) -> Iterator[Finding]:
    """What the role lacks that builds, of the watched tables and of our own schemas.

    Args:
        database: as that role.
        source: what is watched.
        role: its name.
        schemas: that it builds in.
    """
    rights = reading_rights(source.found) if source.found else []
    statements = _grants(database, rights, role)
    if source.found:
        statements += [f"{statement};" for statement in missing_memberships(database, source.found, role)]
    with database.cursor(row_factory=class_row(OwnSchema)) as cursor:
        own = cursor.execute(_query("schemas.sql"), {"names": [*schemas]}).fetchall()
    statements += [f"{_schema_statement(one, role)};" for one in own if not one.may_build]
    if statements:
        yield trouble("role", f"{role} lacks rights; an administrator runs", *statements)
    elif source.found:
        yield Finding("role", f"{role} may read what it needs, and build")
    for one in own:
        if one.other_owner:
            grant = sql.SQL("grant {} to {}").format(sql.Identifier(one.other_owner), sql.Identifier(role))
            yield trouble(
                "owner",
                f"what was built in the schema {one.schema_name} belongs to {one.other_owner}, and {role} can"
                f" not build it again: connect as {one.other_owner}, or let an administrator run",
                f"{grant.as_string()};",
            )


def look_at_operators(
    database: psycopg.Connection[Any], source: Source, operators: Sequence[str]
) -> Iterator[Finding]:
    """What the roles lack that may recover.

    Args:
        database: where the tables are.
        source: what is watched.
        operators: their names.
    """
    if source.found is None:
        return
    rights = recovering_rights(database, source.found)
    for role in operators:
        to_create = missing_role(database, role)
        lacking = rights if to_create else missing_rights(database, rights, role)
        statements = [
            f"{statement};"
            for statement in [
                *to_create,
                *(right.grant(role) for right in lacking),
                *missing_policies(database, source.found, role, changes=True),
            ]
        ]
        if statements:
            yield trouble("operator", f"{role} cannot recover; an administrator runs", *statements)
        else:
            yield Finding("operator", f"{role} may recover")


def _grants(database: psycopg.Connection[Any], rights: Sequence[Right], role: str) -> list[str]:
    return [f"{right.grant(role)};" for right in missing_rights(database, rights, role)]


def _schema_statement(one: OwnSchema, role: str) -> str:
    if not one.is_there:
        return new_schema(one.schema_name, role)
    statement = sql.SQL("grant usage, create on schema {} to {}")
    return statement.format(sql.Identifier(one.schema_name), sql.Identifier(role)).as_string()


def _query(name: str) -> LiteralString:
    return files("stuck_jobs.doctor").joinpath(name).read_text(encoding="utf-8")
