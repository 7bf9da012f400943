"""The server settings that a profile asks for to protect the watched database: none of it is done without."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

import psycopg

from stuck_jobs.errors import StuckJobsError

ADVICE = "see docs/deployment.md, Behind a pooler"
_SETTING = re.compile(r"\t\s*(?:-c\s*|--)(?P<name>[\w.-]+)=(?P<value>[^\t]*)")


def asked_for(search_path: str) -> dict[str, str]:
    """The settings behind the tabs of a profile's search path.

    Args:
        search_path: as the profile has it.
    """
    return {
        found["name"].replace("-", "_").lower(): found["value"].strip()
        for found in _SETTING.finditer(search_path)
    }


def assert_protected(connection: psycopg.Connection[Any], settings: dict[str, str]) -> None:
    """See to it that settings hold: a pooler may leave out what a client asks for, without a word.

    Args:
        connection: that was just opened.
        settings: that were asked for.

    Raises:
        StuckJobsError: if one of them does not.
    """
    if not settings:
        return
    query = files("stuck_jobs.session").joinpath("unprotected.sql").read_text(encoding="utf-8")
    parameters = {"names": list(settings), "values": list(settings.values())}
    missing = connection.execute(query.encode(), parameters).fetchall()
    if missing:
        held = ", ".join(f"{name} is {value}, not {settings[name]}" for name, value in missing)
        raise StuckJobsError(f"the profile's settings do not hold: {held}; is there a pooler? {ADVICE}")


def is_pooled(connection: psycopg.Connection[Any]) -> bool:
    """Whether a pooler is in between: it does not tell a client the number of the server's process."""
    row = connection.execute("select pg_backend_pid()").fetchone()
    return row != (connection.info.backend_pid,)
