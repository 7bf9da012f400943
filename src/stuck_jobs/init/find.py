"""Which of the known job systems live in a database, and what our role cannot see of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row

from stuck_jobs.systems import system_entry, system_names

ROW_VERSION = "xmin"
"""A system column, which a grant of single columns does not include unless it names it."""


@dataclass(frozen=True)
class Relation:
    """A table or view of the database.

    Attributes:
        schema: where it is.
        name: its own.
        columns: all of them.
        readable: those that our role may read.
        is_table: whether its rows have versions, which those of a view have not.
        is_reachable: whether our role may use the schema.
        hides_rows: whether row level security applies to our role.
    """

    schema: str
    name: str
    columns: list[str]
    readable: list[str]
    is_table: bool
    is_reachable: bool
    hides_rows: bool


@dataclass(frozen=True)
class Labels:
    """The labels of an enumeration of the database."""

    schema: str
    name: str
    labels: list[str]


@dataclass(frozen=True)
class Table:
    """A table of a system as it is in the database.

    Attributes:
        relation: what it is there.
        needed: the columns that the staging models read, of those that are there.
        missing: the columns that must be there and are not.
        recovered: the columns that recovery reads and writes, by the privilege, of those that are there.
    """

    relation: Relation
    needed: list[str]
    missing: list[str]
    recovered: dict[str, list[str]]

    @property
    def unreadable(self) -> list[str]:
        """The columns that are needed and that our role may not read."""
        return [column for column in self.needed if column not in self.relation.readable]


@dataclass(frozen=True)
class Found:
    """A system in a schema.

    Attributes:
        system: its name, as in `vars: job_system`.
        title: its name in words, with the versions that are known.
        schema: where its tables are.
        tables: those that are there.
        unknown_labels: of its enumerations, which only another version has.
        memberships: the roles of PostgreSQL's own that a reader of it must be a member of.
    """

    system: str
    title: str
    schema: str
    tables: list[Table]
    unknown_labels: list[str]
    memberships: list[str]

    @property
    def misfit(self) -> str | None:
        """Why it is of a version that is not known; None if it is."""
        for table in self.tables:
            if table.missing:
                return f"{table.relation.name} has no column {', '.join(table.missing)}"
        if self.unknown_labels:
            return f"there is the unknown state {', '.join(self.unknown_labels)}"
        return None

    @property
    def unseen(self) -> list[str]:
        """What our role cannot see of it, each in a line."""
        lines = []
        if not all(table.relation.is_reachable for table in self.tables):
            lines.append(f"the role may not use the schema {self.schema}")
        for table in self.tables:
            if table.unreadable:
                lines.append(f"the role may not read {table.relation.name} ({', '.join(table.unreadable)})")
            if table.relation.hides_rows:
                lines.append(
                    f"row level security hides rows of {table.relation.name} from the role;"
                    " only its owner, a role with the attribute bypassrls, or one for which a policy says"
                    " using (true), sees all of them"
                )
        return lines


def table_names(project: Path) -> dict[str, list[str]]:
    """The tables that each system must have, by its name; all of its own where any of them is enough.

    Args:
        project: the dbt project's directory.
    """
    return {name: _looked_for(system_entry(project, name)) for name in system_names(project)}


def find_systems(database: psycopg.Connection[Any], project: Path) -> list[Found]:
    """Every known system in every schema of the database, by the tables that it must have.

    Args:
        database: connected as the role whose rights count.
        project: the dbt project's directory, which knows the systems.
    """
    entries = {name: system_entry(project, name) for name in system_names(project)}
    names = [table["name"] for entry in entries.values() for table in _tables(entry).values()]
    with database.cursor(row_factory=class_row(Relation)) as cursor:
        relations = cursor.execute(_query("relations.sql"), {"names": names}).fetchall()
    types = [name for entry in entries.values() for name in entry.get("labels", {})]
    with database.cursor(row_factory=class_row(Labels)) as cursor:
        labels = cursor.execute(_query("labels.sql"), {"names": types}).fetchall()
    schemas = sorted({relation.schema for relation in relations})
    return [
        found
        for system, entry in entries.items()
        for schema in schemas
        if (found := _find(system, entry, schema, relations, labels))
    ]


def _find(
    system: str, entry: dict[str, Any], schema: str, relations: list[Relation], labels: list[Labels]
) -> Found | None:
    here = {relation.name: relation for relation in relations if relation.schema == schema}
    tables = []
    for table in _tables(entry).values():
        if relation := here.get(table["name"]):
            known = [*table["required"], *table["optional"]]
            row_version = [ROW_VERSION] if relation.is_table and table.get("has_row_versions") else []
            tables.append(
                Table(
                    relation,
                    [column for column in known if column in relation.columns] + row_version,
                    [column for column in table["required"] if column not in relation.columns],
                    {
                        privilege: [column for column in columns if column in relation.columns]
                        for privilege, columns in table.get("recovered", {}).items()
                    },
                )
            )
        elif _must_be(table):
            return None
    if not tables:
        return None
    unknown = [
        label
        for found in labels
        if found.schema == schema and found.name in entry.get("labels", {})
        for label in found.labels
        if label not in entry["labels"][found.name]
    ]
    versions = f" ({entry['versions']})" if entry.get("versions") else ""
    return Found(system, f"{entry['title']}{versions}", schema, tables, unknown, entry.get("memberships", []))


def _tables(entry: dict[str, Any]) -> Mapping[str, dict[str, Any]]:
    tables: Mapping[str, dict[str, Any]] = entry["tables"]
    return tables


def _looked_for(entry: dict[str, Any]) -> list[str]:
    tables = _tables(entry).values()
    return [table["name"] for table in tables if _must_be(table)] or [table["name"] for table in tables]


def _must_be(table: dict[str, Any]) -> bool:
    return not table.get("is_optional")


def _query(name: str) -> LiteralString:
    return files("stuck_jobs.init").joinpath(name).read_text(encoding="utf-8")
