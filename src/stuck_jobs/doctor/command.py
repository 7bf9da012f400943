"""The command `stuck-jobs doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import psycopg
from rich.text import Text

from stuck_jobs.citus.doctor import look_at_cluster
from stuck_jobs.collect.command import queue_option, redis_option
from stuck_jobs.collect.redis_url import parse_redis_url
from stuck_jobs.collect.store import Store, raw_schema
from stuck_jobs.collect.trust import Memory
from stuck_jobs.collect.watched import watched_broker
from stuck_jobs.dbt_project import find_project
from stuck_jobs.display import Screen
from stuck_jobs.doctor.built import look_at_snapshot, look_at_views, read_built
from stuck_jobs.doctor.finding import Finding, trouble
from stuck_jobs.doctor.queue import look_at_redis
from stuck_jobs.doctor.server import look_at_server, open_session, read_server
from stuck_jobs.doctor.source import (
    look_at_operators,
    look_at_role,
    look_at_rows,
    look_at_tables,
    read_source,
)
from stuck_jobs.doctor.versions import look_at_versions
from stuck_jobs.errors import StuckJobsError, refusal
from stuck_jobs.output import emit, legible, to_json
from stuck_jobs.profile import Profile, ProfileOptions, connection_options, load_profile
from stuck_jobs.systems import project_variables, watches_redis

FINE, TO_DO, NO_ANSWER = 0, 1, 2
WIDTH = 13
"""Of the longest name of a check."""


@dataclass
class Examination:
    """One look at everything.

    Attributes:
        connection: as the command line names it.
        queues: in Redis.
        redis_url: of Redis.
        is_blind: whether what everything rests on could not be looked at.
    """

    connection: ProfileOptions
    queues: tuple[str, ...]
    redis_url: str | None
    is_blind: bool = False

    def findings(self) -> Iterator[Finding]:
        """Each look in turn; where one fails, the others go on."""
        try:
            project = find_project(self.connection.project_dir)
            profile = load_profile(self.connection)
        except StuckJobsError as error:
            self.is_blind = True
            yield trouble("profile", error.message)
            return
        yield from look_at_versions(project)
        yield Finding(
            "profile", f"{profile.user} at {profile.host}:{profile.port}, database {profile.dbname}"
        )
        try:
            database, problems = open_session(profile)
        except psycopg.Error as error:
            self.is_blind = True
            yield trouble("connection", f"there is none: {refusal(error)}")
            yield from self._redis(project, profile, None)
            return
        with closing(database):
            try:
                yield from self._database(project, profile, database, problems)
            except (psycopg.Error, StuckJobsError) as error:
                self.is_blind = True
                words = error.message if isinstance(error, StuckJobsError) else refusal(error)
                yield trouble("connection", f"the look was broken off: {words}")

    def _database(
        self,
        project: Path,
        profile: Profile,
        database: psycopg.Connection[Any],
        problems: list[Finding],
    ) -> Iterator[Finding]:
        server = read_server(database)
        yield Finding("connection", f"as {server.role_name} to the database {server.database_name}")
        yield from look_at_server(database, server, profile, problems)
        variables = project_variables(project)
        source = read_source(database, project, variables)
        yield from look_at_tables(source)
        if source.found:
            names = [table.relation.name for table in source.found.tables]
            yield from look_at_cluster(database, source.schema, names, profile.search_path)
        yield from look_at_rows(database, source, server.role_name)
        is_redis_watched = watches_redis(project)
        operators = list(variables["operator_roles"] or [])
        schemas = [profile.schema, *([raw_schema()] if is_redis_watched or operators else [])]
        yield from look_at_role(database, source, server.role_name, schemas)
        yield from look_at_operators(database, source, operators)
        built = read_built(database, profile.schema, raw_schema())
        yield from look_at_views(database, profile.schema, built)
        yield from self._redis(project, profile, database)
        if is_redis_watched:
            yield from look_at_snapshot(
                database, raw_schema(), built, float(variables["snapshot_max_age_minutes"])
            )

    def _redis(
        self, project: Path, profile: Profile, database: psycopg.Connection[Any] | None
    ) -> Iterator[Finding]:
        if not watches_redis(project):
            yield Finding("redis", "none is watched")
            return
        try:
            address = parse_redis_url(self.redis_url)
            broker = watched_broker(database, profile.schema, project)
        except StuckJobsError as error:
            yield trouble("redis", error.message)
            return
        store = Store(database, raw_schema(), project) if database else None
        memory = Memory(database, profile.schema, raw_schema()) if database else None
        yield from look_at_redis(address, list(dict.fromkeys(self.queues)), broker, store, memory)


@click.command()
@click.option("--format", "shown_as", type=click.Choice(["text", "json"]), default="text", show_default=True)
@queue_option
@redis_option
@connection_options
@click.pass_context
def doctor(
    ctx: click.Context,
    connection: ProfileOptions,
    shown_as: str,
    queues: tuple[str, ...],
    redis_url: str | None,
) -> None:
    """Look at everything that a build and a snapshot rest on, and say of each that it is ok, or what to do.

    Before the first build, and whenever something is odd: the profile, the session that it gives, the watched
    tables and the rights to them, the views, Redis and its user, the clocks and the versions. Nothing is
    changed, and no secret is shown.

    Exits with 0 if all is ok, 1 if something is to be done, 2 if the database could not be looked at.
    """
    examination = Examination(connection, queues, redis_url)
    findings = list(examination.findings())
    exit_code = FINE if all(finding.is_ok for finding in findings) else TO_DO
    if examination.is_blind:
        exit_code = NO_ANSWER
    if shown_as == "json":
        emit(_as_json(findings, exit_code))
    else:
        _show(findings)
    ctx.exit(exit_code)


def _as_json(findings: list[Finding], exit_code: int) -> str:
    checks = [
        {
            "check": finding.check,
            "state": "ok" if finding.is_ok else "to do",
            "says": finding.says,
            "to_do": finding.to_do,
        }
        for finding in findings
    ]
    return to_json({"exit_code": exit_code, "checks": checks}, indent=2)


def _show(findings: list[Finding]) -> None:
    screen = Screen()
    for finding in findings:
        mark = ("ok    ", "green") if finding.is_ok else ("to do ", "bold red")
        words = f" {finding.check:<{WIDTH}} {legible(finding.says)}{':' if finding.to_do else ''}"
        screen.print(Text.assemble(mark, words), soft_wrap=True)
        for line in finding.to_do:
            screen.print(Text(f"         {legible(line)}"), soft_wrap=True)
    to_do = sum(not finding.is_ok for finding in findings)
    screen.print()
    screen.print("All is ok." if not to_do else f"{to_do} to do; then look again.")
