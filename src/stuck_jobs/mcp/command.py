"""The command `stuck-jobs mcp`."""

from __future__ import annotations

import click

from stuck_jobs.errors import StuckJobsError
from stuck_jobs.profile import ProfileOptions, connection_options
from stuck_jobs.session.patience import prompt_profile


@click.command()
@connection_options
def mcp(connection: ProfileOptions) -> None:
    """Answer an assistant over the Model Context Protocol, on standard input and output.

    Its tools say what is stuck, what broke, why a job does not move and what recovery would do. They read
    only, show no payloads, and say what they leave out. It is started by the assistant's program: see
    docs/mcp.md. Needs the package mcp.

    Exits with 0 when the program hangs up; 2 if there is no profile, or the package is not there.
    """
    profile = prompt_profile(connection)
    try:
        from stuck_jobs.mcp.server import serve
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "mcp":
            raise
        raise StuckJobsError("stuck-jobs mcp needs the package mcp: pip install 'mcp>=2.3,<3'") from None
    serve(profile)
