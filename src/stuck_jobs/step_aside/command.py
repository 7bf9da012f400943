"""The command `stuck-jobs step-aside`."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import click
import psycopg
from psycopg import sql

from stuck_jobs.profile import ProfileOptions, connect, connection_options
from stuck_jobs.session.patience import patiently, prompt_profile, refusals


@click.command("step-aside")
@connection_options
def step_aside(connection: ProfileOptions) -> None:
    """Let go of the watched tables, so that a migration may change or drop their columns.

    Our views stay where they are, with their grants and with the views that others have built on them, and
    show no rows until the next dbt build, which brings them back. The gate gives no answer meanwhile. The
    history and the known gaps are tables of ours, and are not touched.

    Exits with 0 when nothing of ours reads the watched tables any more; 2 if this role may not do that.
    """
    profile = prompt_profile(connection)
    with refusals(), connect(profile) as database:
        views = patiently(lambda: _put_aside(database, profile.schema))
    count = f"{views} views" if views else "no further view"
    click.echo(f"{count} of {profile.schema}: what has stepped aside reads nothing until the next dbt build")


def _put_aside(database: psycopg.Connection[Any], schema: str) -> int:
    """Have all of our views read nothing, or none; and say how many they are."""
    text = files("stuck_jobs.step_aside").joinpath("stubs.sql").read_text(encoding="utf-8")
    with database.transaction():
        views = database.execute(sql.SQL(text).format(), {"schema": schema}).fetchall()
        for stub, mark in views:
            database.execute(stub)
            database.execute(mark)
    return len(views)
