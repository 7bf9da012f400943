"""The rights of a role that reads what the views need of a system, of one that recovers, and no others."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from stuck_jobs.init.find import Found


@dataclass(frozen=True)
class Right:
    """A right to something that is there.

    Attributes:
        privilege: select, update, insert or usage.
        kind: schema, table or sequence.
        schema_name: of what it is a right to, or where that is.
        relation_name: of a table or sequence.
        column_names: of a table; the right is to these alone.
    """

    privilege: LiteralString
    kind: LiteralString
    schema_name: str
    relation_name: str = ""
    column_names: Sequence[str] = ()

    def grant(self, role: str) -> str:
        """The statement that gives it to a role."""
        statement = sql.SQL("grant {} on {} to {}").format(
            self._privilege, self._object, sql.Identifier(role)
        )
        return statement.as_string()

    @property
    def _privilege(self) -> sql.Composable:
        privilege = sql.SQL(self.privilege)
        columns = sql.SQL(", ").join(map(sql.Identifier, self.column_names))
        return sql.SQL("{} ({})").format(privilege, columns) if self.column_names else privilege

    @property
    def _object(self) -> sql.Composable:
        if self.kind == "schema":
            return sql.SQL("schema {}").format(sql.Identifier(self.schema_name))
        relation = sql.Identifier(self.schema_name, self.relation_name)
        return sql.SQL("sequence {}").format(relation) if self.kind == "sequence" else relation


def reading_rights(found: Found) -> list[Right]:
    """What the role needs that builds the views.

    Args:
        found: the system, with the columns that its staging models read.
    """
    tables = [
        Right("select", "table", found.schema, table.relation.name, table.needed) for table in found.tables
    ]
    return [Right("usage", "schema", found.schema), *tables]


def recovering_rights(database: psycopg.Connection[Any], found: Found) -> list[Right]:
    """What a role needs of the watched tables that recovers; `vars: operator_roles` gives it the rest.

    Args:
        database: where the tables are.
        found: the system, with the columns that recovery reads and writes; without any, it changes nothing.
    """
    rights = []
    for table in found.tables:
        name = table.relation.name
        for privilege in ("select", "update", "insert"):
            if columns := table.recovered.get(privilege):
                rights.append(Right(privilege, "table", found.schema, name, columns))
        if "insert" in table.recovered:
            parameters = {"schema": found.schema, "table": name}
            sequences = database.execute(_query("sequences.sql"), parameters).fetchall()
            rights += [Right("usage", "sequence", *sequence) for sequence in sequences]
    return [Right("usage", "schema", found.schema), *rights] if rights else []


def missing_rights(database: psycopg.Connection[Any], rights: Sequence[Right], role: str) -> list[Right]:
    """Those of some rights that a role lacks; of columns, those that it lacks.

    Args:
        database: where they are needed.
        rights: that are needed.
        role: which is there.
    """
    asked = Jsonb([dataclasses.asdict(right) | {"column_names": [*right.column_names]} for right in rights])
    rows = database.execute(_query("rights.sql"), {"rights": asked, "role": role}).fetchall()
    return [dataclasses.replace(rights[place], column_names=columns) for place, columns in rows]


def missing_memberships(database: psycopg.Connection[Any], found: Found, role: str) -> list[str]:
    """The statements that make a role a member of those that it takes to see all of a system.

    Args:
        database: where the tables are.
        found: the system.
        role: which may not be there yet.
    """
    parameters = {"role": role, "memberships": found.memberships}
    grant = sql.SQL("grant {} to {}")
    return [
        grant.format(sql.Identifier(membership), sql.Identifier(role)).as_string()
        for (membership,) in database.execute(_query("memberships.sql"), parameters)
    ]


def missing_policies(
    database: psycopg.Connection[Any], found: Found, role: str, *, changes: bool = False
) -> list[str]:
    """The statements by which row level security shows a role the rows that it hides now.

    Args:
        database: where the tables are.
        found: the system.
        role: which may not be there yet.
        changes: whether it is to change those rows that recovery changes, too.
    """
    concerned = [table for table in found.tables if table.recovered or not changes]
    parameters = {
        "role": role,
        "schema": found.schema,
        "names": [table.relation.name for table in concerned],
        "commands": ["r", "w"] if changes else ["r"],
    }
    create = sql.SQL("create policy {} on {} for {} to {} using (true)")
    return [
        create.format(
            sql.Identifier(role),
            sql.Identifier(found.schema, name),
            sql.SQL("all" if changes else "select"),
            sql.Identifier(role),
        ).as_string()
        for (name,) in database.execute(_query("hidden.sql"), parameters)
    ]


def new_schema(schema: str, role: str) -> str:
    """The statement that makes a schema of ours, which belongs to a role."""
    statement = sql.SQL("create schema if not exists {} authorization {}")
    return statement.format(sql.Identifier(schema), sql.Identifier(role)).as_string()


def missing_role(database: psycopg.Connection[Any], role: str) -> list[str]:
    """The statement that makes a role, if it is not there.

    Args:
        database: where it may be.
        role: its name.
    """
    found = database.execute("select from pg_catalog.pg_roles where rolname = %s", [role]).fetchone()
    create = sql.SQL("create role {} login password 'choose one'").format(sql.Identifier(role))
    return [] if found is not None else [create.as_string()]


def _query(name: str) -> LiteralString:
    return files("stuck_jobs.init").joinpath(name).read_text(encoding="utf-8")
