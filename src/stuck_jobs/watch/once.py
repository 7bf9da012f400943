"""The command `stuck-jobs check`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from stuck_jobs.collect.command import Collector, queue_option, redis_option, usual_collector
from stuck_jobs.dbt_project import find_project
from stuck_jobs.gate.question import Question, answer, question_options
from stuck_jobs.output import say
from stuck_jobs.profile import Profile, ProfileOptions, connect, connection_options
from stuck_jobs.session.patience import patiently, prompt_profile, refusals
from stuck_jobs.views.summary import Summary
from stuck_jobs.watch.check import check as check_once
from stuck_jobs.watch.check import look

if TYPE_CHECKING:
    from collections.abc import Callable


@click.command()
@click.option("--no-collect", is_flag=True, help="Take no snapshot of Redis; others do, or there is none.")
@queue_option
@redis_option
@question_options
@connection_options
@click.pass_context
def check(
    ctx: click.Context,
    connection: ProfileOptions,
    question: Question,
    no_collect: bool,
    queues: tuple[str, ...],
    redis_url: str | None,
) -> None:
    """Do what a scheduled dbt build does between two builds, without dbt, and say what the gate says.

    Takes a snapshot of Redis where there is one to watch, then has the procedure that dbt build left in the
    database judge the history for missing executions and write accumulation_history; what it found is judged
    as by gate. Only what has changed in the project takes a dbt build.

    Exits with 0 if the gate is open; 1 if a point that counts is over its limit; 2 if none is, but there is
    no answer for one of them, or for all.
    """
    profile, project = prompt_profile(connection), find_project(connection.project_dir)
    new_collector = None if no_collect else partial(usual_collector, profile, project, queues, redis_url)
    ctx.exit(answer(profile, question, lambda: _look(profile, new_collector)))


def _look(profile: Profile, new_collector: Callable[[], Collector] | None) -> Summary:
    """Take a snapshot where there are queues, and check."""
    with refusals(), connect(profile) as connection:
        if new_collector and look(connection, profile.schema).has_queues:
            _, snapshot = new_collector().take(connection)
            if snapshot.errors:
                say(f"Redis: {'; '.join(snapshot.errors)}", err=True)
        return patiently(lambda: check_once(connection, profile.schema))
