"""The command `stuck-jobs validate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import psycopg
from psycopg import sql

from stuck_jobs.dbt_project import find_project
from stuck_jobs.errors import StuckJobsError
from stuck_jobs.expectations import CONTEXT
from stuck_jobs.gate.reading import PATIENCE, prompt_profile, refusals
from stuck_jobs.profile import ProfileOptions, connect, connection_options


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

    Each view is read once, into a temporary table; importing the library takes most of the time.

    Exits with 0 if everything is as expected; 1 if an expectation failed; 2 if none failed, but one or all
    could not be evaluated.
    """
    from rich.console import Console

    from stuck_jobs.display import step

    root = find_project(connection.project_dir) / CONTEXT
    profile = prompt_profile(connection)
    with refusals(), connect(profile) as server:
        server.execute(PATIENCE)
        _check_rights(server, profile.schema, root)

    console = Console(highlight=False)
    with step(console, "Validating") as current:
        from stuck_jobs.expectations.checkpoint import run_checkpoint  # takes seconds

        outcome = run_checkpoint(root, profile, docs)
        current.outcome = f"{outcome.evaluated} expectations of {len(outcome.relations)} relations evaluated"
    for finding in outcome.findings:
        console.print(finding.text, style=finding.kind.style, soft_wrap=True, markup=False)
    if docs:
        console.print(f"Data Docs: {docs / 'index.html'}", soft_wrap=True)
    ctx.exit(outcome.exit_code)


def _check_rights(server: psycopg.Connection[Any], schema: str, root: Path) -> None:
    """Find out what is missing before the library is imported, which takes longer than anything else."""
    relations = [path.stem for path in sorted((root / "suites").glob("*.json"))]
    if not relations:
        raise StuckJobsError(f"there are no suites in {root}")
    for relation in [*relations, "accumulation_history"]:
        server.execute(sql.SQL("select from {} limit 0").format(sql.Identifier(schema, relation)))
    allowed = server.execute("select has_database_privilege(current_database(), 'temporary')").fetchone()
    if allowed != (True,):
        raise StuckJobsError("permission denied to create temporary tables, into which each view is read")
