"""The command `stuck-jobs init`."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import psycopg

from stuck_jobs.collect.store import raw_schema
from stuck_jobs.dbt_project import OWN_PROJECT, PROFILES_FILE, PROJECT_FILE
from stuck_jobs.errors import StuckJobsError
from stuck_jobs.init.find import Found, find_systems, table_names
from stuck_jobs.init.grants import (
    missing_memberships,
    missing_policies,
    missing_role,
    new_schema,
    reading_rights,
    recovering_rights,
)
from stuck_jobs.init.settings import Setting, profile_text, project_text, setting_line, write_project
from stuck_jobs.systems import rests_on_redis, system_entry

CONNECT_TIMEOUT = 10
DEFAULT_DIRECTORY = Path("my-stuck-jobs")
DEFAULT_ROLE = "stuck_jobs"
UNQUOTABLE = "\"'"
"""What dbt cannot have in the name of a schema."""


@click.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=DEFAULT_DIRECTORY)
@click.option("--dsn", default="", help="Of the database; libpq's variables say what it does not.")
@click.option("--system", help="Which one to watch, if several are found.")
@click.option("--source-schema", help="In which schema, if it is found in several.")
@click.option("--role", default=DEFAULT_ROLE, show_default=True, help="For whom the grants are.")
@click.option("--operator", metavar="ROLE", help="Print the grants of a role that recovers, too.")
@click.option(
    "--print", "only_print", is_flag=True, help="Print the settings and the profile; write nothing."
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
def init(
    directory: Path,
    dsn: str,
    system: str | None,
    source_schema: str | None,
    role: str,
    operator: str | None,
    only_print: bool,
    force: bool,
) -> None:
    """Find the job system in a database, and make a dbt project in DIRECTORY that watches it.

    The database is only read. Every schema is searched for the tables of the known systems. The rights
    that the views need are printed for an administrator to grant. With a Redis, set REDIS_URL before; a
    system whose jobs wait in its broker is never watched without.
    """
    with _connected(dsn) as database:
        found = find_systems(database, OWN_PROJECT)
        _say_what_was_found(database, found)
        chosen = _choose(database, found, system, source_schema)
        defaults = {
            "PGHOST": database.info.host,
            "PGPORT": str(database.info.port),
            "PGUSER": database.info.user,
            "PGDATABASE": database.info.dbname,
        }
        statements = missing_role(database, role)
        to_see = [*missing_policies(database, chosen, role), *missing_memberships(database, chosen, role)]
        to_operate = _operator_statements(database, chosen, operator) if operator else []
    settings: dict[str, Setting] = {
        "job_system": chosen.system,
        "source_schema": chosen.schema,
        "redis_enabled": _is_redis_watched(chosen.system),
    }
    profile = profile_text(OWN_PROJECT, defaults)
    if not only_print:
        texts = {PROJECT_FILE: project_text(OWN_PROJECT, settings), PROFILES_FILE: profile}
        write_project(OWN_PROJECT, directory, texts, force=force)
    schemas = (os.environ.get("STUCK_JOBS_SCHEMA", "stuck_jobs"), raw_schema())
    statements += [right.grant(role) for right in reading_rights(chosen)] + to_see
    statements += [new_schema(schema, role) for schema in schemas]
    _say(
        f"So that the role {role} may read that and nothing else, an administrator runs:",
        [f"{statement};" for statement in statements],
    )
    if operator:
        _say(
            f"So that the role {operator} may recover, an administrator runs:",
            [f"{statement};" for statement in to_operate],
        )
        _say(f"and {PROJECT_FILE} names it:", ["vars:", f"  {setting_line('operator_roles', [operator])}"])
    if only_print:
        _say(
            f"In {PROJECT_FILE}:", ["vars:", *(f"  {setting_line(*setting)}" for setting in settings.items())]
        )
        _say(f"In {PROFILES_FILE}:", profile.splitlines())
    else:
        _say(
            f"Written to {directory}. Next:",
            [f"cd {shlex.quote(str(directory))}", "dbt -q build --selector check", "stuck-jobs gate"],
        )


def _is_redis_watched(system: str) -> bool:
    """Whether its jobs wait in Redis alone, or a Redis is named in which they may wait."""
    is_named = "REDIS_URL" in os.environ and rests_on_redis(OWN_PROJECT, system)
    return is_named or "broker" in system_entry(OWN_PROJECT, system)


def _operator_statements(database: psycopg.Connection[Any], chosen: Found, operator: str) -> list[str]:
    """What gives a role the rights to recover.

    Raises:
        StuckJobsError: if nothing is recovered in that system.
    """
    rights = recovering_rights(database, chosen)
    if not rights:
        raise StuckJobsError(f"nothing is recovered in {chosen.system}: leave out --operator")
    return [
        *missing_role(database, operator),
        *(right.grant(operator) for right in rights),
        *missing_policies(database, chosen, operator, changes=True),
    ]


@contextmanager
def _connected(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection that can only read; an error names no password."""
    try:
        connection = psycopg.connect(dsn, connect_timeout=CONNECT_TIMEOUT, autocommit=True)
    except psycopg.ProgrammingError:
        raise StuckJobsError("--dsn is not a connection string of libpq's") from None
    with connection:
        connection.execute("set default_transaction_read_only = on")
        yield connection


def _choose(
    database: psycopg.Connection[Any], found: Sequence[Found], system: str | None, schema: str | None
) -> Found:
    """The one to watch.

    Raises:
        StuckJobsError: if there is none, or more than one.
    """
    names = table_names(OWN_PROJECT)
    if system is not None and system not in names:
        raise StuckJobsError(f"there is no job system {system}; known: {', '.join(names)}")
    fitting = [
        one
        for one in found
        if one.misfit is None and system in (None, one.system) and schema in (None, one.schema)
    ]
    if len(fitting) == 1:
        chosen = fitting[0]
        if any(character in chosen.schema for character in UNQUOTABLE):
            raise StuckJobsError(f"dbt cannot read a schema that has a quote in its name: {chosen.schema}")
        return chosen
    if fitting:
        shown = ", ".join(f"--system {one.system} --source-schema {one.schema}" for one in fitting)
        raise StuckJobsError(f"there is more than one job system; choose one: {shown}")
    misfits = [f"{one.system} in the schema {one.schema}: {one.misfit}" for one in found if one.misfit]
    if misfits:
        raise StuckJobsError(f"what was found is of a version that is not known: {'; '.join(misfits)}")
    looked_for = [name for name in names if system in (None, name)]
    tables = "; ".join(f"{name} ({', '.join(names[name])})" for name in looked_for)
    where = f"in the schema {schema}" if schema else "in any schema"
    raise StuckJobsError(
        f"no job system was found {where} of the database {database.info.dbname}"
        f" as the role {database.info.user}; looked for: {tables}"
    )


def _say_what_was_found(database: psycopg.Connection[Any], found: Sequence[Found]) -> None:
    lines = []
    for one in found:
        tables = ", ".join(table.relation.name for table in one.tables)
        lines.append(f"{one.system}: {one.title}, in the schema {one.schema}: {tables}")
        if one.misfit:
            lines.append(f"  of a version that is not known: {one.misfit}")
        lines += [f"  not seen: {line}" for line in one.unseen]
    if found:
        _say(f"In the database {database.info.dbname}, as the role {database.info.user}:", lines)


def _say(title: str, lines: Sequence[str]) -> None:
    click.echo(title)
    for line in lines:
        click.echo(f"  {line}")
