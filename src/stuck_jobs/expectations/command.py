"""The command `stuck-jobs validate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import psycopg
from psycopg import sql

from stuck_jobs.citus.check import is_distributed
from stuck_jobs.dbt_project import find_project
from stuck_jobs.errors import StuckJobsError
from stuck_jobs.expectations import CONTEXT
from stuck_jobs.output import legible, say
from stuck_jobs.profile import ProfileOptions, connect, connection_options
from stuck_jobs.session.patience import impatient, prompt_profile, refusals
from stuck_jobs.session.protection import ADVICE, is_pooled


@click.command()
@click.option(
    "--docs",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Build Data Docs, static HTML, in this directory.",
)
@connection_options
@click.pass_context
def validate(ctx: click.Context, connection: ProfileOptions, docs: Path | None) -> None:
    """Run the Great Expectations checkpoint over the public views, and say what was not as expected.

    Each view is read once, into a temporary table; importing the library takes most of the time. On a
    read-only database, such as a standby, every expectation reads its view anew.

    Exits with 0 if everything is as expected; 1 if an expectation failed; 2 if none failed, but one or all
    could not be evaluated.
    """
    from rich.text import Text

    from stuck_jobs.display import Screen, step

    root = find_project(connection.project_dir) / CONTEXT
    profile = prompt_profile(connection)
    with refusals(), connect(profile) as server, impatient(server):
        if is_pooled(server):
            raise StuckJobsError(f"validate needs a session, which a pooler may share: {ADVICE}")
        is_read_only = _is_read_only(server)
        has_nodes = is_distributed(server, profile.schema)
        _check_rights(server, profile.schema, root, temporary_tables=not is_read_only)

    screen = Screen()
    with step(screen, "Validating") as current:
        from stuck_jobs.expectations.checkpoint import run_checkpoint  # takes seconds

        outcome = run_checkpoint(
            root, profile, docs, temporary_tables=not is_read_only, is_distributed=has_nodes
        )
        current.outcome = f"{outcome.evaluated} expectations of {len(outcome.relations)} relations evaluated"
    for finding in outcome.findings:
        screen.print(Text(legible(finding.text), finding.kind.style), soft_wrap=True)
    if docs:
        say(f"Data Docs: {docs / 'index.html'}")
    ctx.exit(outcome.exit_code)


def _is_read_only(server: psycopg.Connection[Any]) -> bool:
    """Whether nothing can be written there, a temporary table included."""
    return server.execute("show transaction_read_only").fetchone() == ("on",)


def _check_rights(server: psycopg.Connection[Any], schema: str, root: Path, temporary_tables: bool) -> None:
    """Find out what is missing before the library is imported, which takes longer than anything else."""
    relations = [path.stem for path in sorted((root / "suites").glob("*.json"))]
    if not relations:
        raise StuckJobsError(f"there are no suites in {root}")
    for relation in [*relations, "accumulation_history"]:
        server.execute(sql.SQL("select from {} limit 0").format(sql.Identifier(schema, relation)))
    allowed = server.execute("select has_database_privilege(current_database(), 'temporary')").fetchone()
    if temporary_tables and allowed != (True,):
        raise StuckJobsError("permission denied to create temporary tables, into which each view is read")
