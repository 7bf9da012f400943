"""The command `stuck-jobs why`."""

from __future__ import annotations

import click

from stuck_jobs.output import emit, say, to_json
from stuck_jobs.profile import ProfileOptions, connect, connection_options
from stuck_jobs.session.patience import prompt_profile, refusals


@click.command()
@click.argument("job")
@click.option(
    "--format", "shown_as", type=click.Choice(["table", "json"]), default="table", show_default=True
)
@connection_options
def why(connection: ProfileOptions, job: str, shown_as: str) -> None:
    """Say where JOB is and why: its history, what it waits for, and what would move it.

    JOB is its id, its public id, or a part of that which no other job has. Healthy and closed jobs are
    explained as well. Only reads. See docs/why.md.

    Exits with 0 if the job was explained, whatever is the matter with it; 2 if there is no such job or more
    than one, or no answer.
    """
    from stuck_jobs.why.reading import explain

    profile = prompt_profile(connection)
    with refusals(), connect(profile) as database:
        found = explain(database, profile.schema, job)
    if shown_as == "json":
        from stuck_jobs.why.words import as_json

        emit(to_json(as_json(found), indent=2))
        return
    from stuck_jobs.why.show import lines

    for line in lines(found):
        say(line)
