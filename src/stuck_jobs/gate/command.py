"""The command `stuck-jobs gate`."""

from __future__ import annotations

import click

from stuck_jobs.gate.question import Question, answer, question_options
from stuck_jobs.profile import ProfileOptions, connection_options
from stuck_jobs.session.patience import prompt_profile
from stuck_jobs.views.summary import read_summary


@click.command()
@question_options
@connection_options
@click.pass_context
def gate(ctx: click.Context, connection: ProfileOptions, question: Question) -> None:
    """Say whether a deployment may go on: no accumulation point is over its limit, and none is unknown.

    Reads accumulation_points and accumulation_history; if it is closed also the worst incidents behind it,
    for three seconds at most, and --format json the oldest of stuck_items at each point over its limit.

    Exits with 0 if the gate is open; 1 if a point that counts is over its limit; 2 if none is, but there is
    no answer for one of them, or for all: the database cannot be reached, or the summary not be relied on.
    """
    profile = prompt_profile(connection)
    ctx.exit(answer(profile, question, lambda: read_summary(profile)))
