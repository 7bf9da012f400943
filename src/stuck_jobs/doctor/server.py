"""The database's server, and the session that we get from it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row

from stuck_jobs.doctor.finding import Finding, trouble
from stuck_jobs.errors import StuckJobsError
from stuck_jobs.profile import ENCODING, Profile, connect
from stuck_jobs.session.protection import ADVICE, asked_for, is_pooled

MAX_OFFSET = 5.0
"""Seconds by which two clocks may differ: the limits of the points are minutes."""

OLDEST_MAJOR = 13
UNLIMITED = "0"
READ_ONLY = "default_transaction_read_only"
EXAMPLE = "profiles.example.yml has the line search_path that sets it"


@dataclass(frozen=True)
class Server:
    """The row of server.sql."""

    server_version: str
    major: int
    server_encoding: str
    client_encoding: str
    statement_timeout: str
    lock_timeout: str
    jit: str
    parallel_workers: str
    role_name: str
    database_name: str
    is_standby: bool
    is_read_only: bool
    read_only_by: str | None


def open_session(profile: Profile) -> tuple[psycopg.Connection[Any], list[Finding]]:
    """Connect; if what the profile asks for does not hold, without it.

    Args:
        profile: says where to.

    Returns:
        The connection, and what does not hold.

    Raises:
        psycopg.Error: if that is not possible.
    """
    try:
        return connect(profile), []
    except StuckJobsError as error:
        bare = dataclasses.replace(profile, search_path="", role="")
        return connect(bare), [trouble("settings", error.message)]


def read_server(database: psycopg.Connection[Any]) -> Server:
    """What a session is like."""
    query: LiteralString = files("stuck_jobs.doctor").joinpath("server.sql").read_text(encoding="utf-8")
    with database.cursor(row_factory=class_row(Server)) as cursor:
        (server,) = cursor.execute(query).fetchall()
    return server


def look_at_server(
    database: psycopg.Connection[Any], server: Server, profile: Profile, problems: list[Finding]
) -> Iterator[Finding]:
    """Version, pooler, settings, encoding and clock.

    Args:
        database: that is open.
        server: what was read of it.
        profile: that it was opened by.
        problems: with the settings, which were found when it was opened.
    """
    yield _version(server)
    pooled = is_pooled(database)
    yield Finding("pooler", "one is in between; it keeps nothing of ours" if pooled else "none")
    yield from problems or _settings(server)
    yield _encoding(server, profile)
    yield clock("clock", "PostgreSQL's", *_times(database))


def clock(check: str, whose: str, here: float, there: float) -> Finding:
    """Whether another clock shows what ours does.

    Args:
        check: what was looked at.
        whose: the other one is, such as `Redis's`.
        here: seconds since 1970 by ours.
        there: by the other.
    """
    offset = there - here
    direction = "ahead of" if offset > 0 else "behind"
    if abs(offset) <= MAX_OFFSET:
        return Finding(check, f"{whose} and the one here differ by {abs(offset):.1f} s")
    return trouble(
        check,
        f"{whose} is {abs(offset):,.0f} s {direction} the one here: let NTP set both, or ages are wrong",
    )


def _times(database: psycopg.Connection[Any]) -> tuple[float, float]:
    before = time.time()
    row = database.execute("select extract(epoch from clock_timestamp())::float8").fetchone()
    assert row is not None  # noqa: S101
    return (before + time.time()) / 2, float(row[0])


def _version(server: Server) -> Finding:
    says = f"PostgreSQL {server.server_version}"
    if server.major < OLDEST_MAJOR:
        return trouble("server", f"{says} is older than {OLDEST_MAJOR}, the oldest that the views work on")
    if server.is_standby:
        return trouble("server", f"{says} is a standby, on which nothing can be built: name the primary")
    if server.is_read_only:
        return _read_only(server, says)
    return Finding("server", says)


def _read_only(server: Server, says: str) -> Finding:
    """A provider may have made it so because the disk is full: who takes it back must know."""
    says += f" lets our session write nothing ({READ_ONLY}), and a build, a check and a snapshot are refused"
    if server.read_only_by is None:
        return trouble(
            "server", f"{says}: ask why it is so, and set it off where the server or the profile says so"
        )
    return trouble(
        "server",
        f"{says}; ask why it is so, then an administrator runs",
        f"set {READ_ONLY} = off;",
        f"{server.read_only_by} reset {READ_ONLY};",
    )


def _settings(server: Server) -> Iterator[Finding]:
    limits = {"statement_timeout": server.statement_timeout, "lock_timeout": server.lock_timeout}
    if unlimited := [name for name, value in limits.items() if value == UNLIMITED]:
        yield trouble(
            "settings",
            f"{' and '.join(unlimited)} set no limit, and a build may wait or run for ever: {EXAMPLE};"
            f" with a pooler, {ADVICE}",
        )
    else:
        held = limits | {"jit": server.jit, "max_parallel_workers_per_gather": server.parallel_workers}
        yield Finding("settings", ", ".join(f"{name} {value}" for name, value in held.items()))


def _encoding(server: Server, profile: Profile) -> Finding:
    says = f"{server.server_encoding}, read as {server.client_encoding}"
    asked = asked_for(profile.search_path).get("client_encoding", "").replace("-", "").upper()
    if server.server_encoding != ENCODING and asked != ENCODING:
        return trouble(
            "encoding",
            f"the database is in {server.server_encoding}, and dbt is not told to read and write UTF-8:"
            f" {EXAMPLE} (client_encoding=UTF8)",
        )
    return Finding("encoding", says)
