"""The command `stuck-jobs recover`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import psycopg

from stuck_jobs.citus.check import keep_if_allowed
from stuck_jobs.collect.command import redis_option
from stuck_jobs.collect.redis_url import parse_redis_url
from stuck_jobs.collect.store import Store, raw_schema
from stuck_jobs.dbt_project import find_project
from stuck_jobs.display import (
    MOST_LEFT_ALONE,
    Explained,
    Screen,
    count_others,
    explain,
    humanise,
    new_table,
)
from stuck_jobs.errors import StuckJobsError
from stuck_jobs.output import emit, say, to_json
from stuck_jobs.profile import Profile, ProfileOptions, connect, connection_options
from stuck_jobs.recover.apply import Done, Recoverer
from stuck_jobs.recover.locks import Locks, NoLocks, RedisLocks
from stuck_jobs.recover.plan import (
    Plan,
    Settings,
    Task,
    breaker,
    choose,
    count_live_jobs,
    read_cancellations,
    read_names,
    read_settings,
    read_tasks,
)
from stuck_jobs.recover.system import SystemRecoverer, find_remedies
from stuck_jobs.session.patience import prompt_profile, refusals
from stuck_jobs.views.summary import read_points

REDIS_TIMEOUT = 5.0
"""For each answer, in seconds."""


class TrippedError(StuckJobsError):
    """So much is stuck that nothing was changed."""

    exit_code = 1


@click.command()
@click.option("--point", multiple=True, metavar="NAME", help="Only what is stuck here; may be repeated.")
@click.option("--job", multiple=True, metavar="ID", help="Only this job and its executions; may be repeated.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    help="How many items to change at most.  [default: recovery_max_items of the project, 100]",
)
@click.option("--cancel", is_flag=True, help="Cancel the jobs named with --job, stuck or not.")
@click.option("--force", is_flag=True, help="Even if the circuit breaker refuses; with --job it only warns.")
@click.option("--apply", "is_applied", is_flag=True, help="Do it; without this nothing is changed.")
@click.option(
    "--format", "shown_as", type=click.Choice(["table", "json"]), default="table", show_default=True
)
@redis_option
@connection_options
@click.pass_context
def recover(
    ctx: click.Context,
    connection: ProfileOptions,
    point: tuple[str, ...],
    job: tuple[str, ...],
    limit: int | None,
    cancel: bool,
    force: bool,
    is_applied: bool,
    shown_as: str,
    redis_url: str | None,
) -> None:
    """Put right what is stuck, each job and execution by the remedy of its point.

    Without --apply it changes nothing and shows the plan. With it each item is changed in a transaction of
    its own, with its message for the queue and its row in recovery_log; an item that has changed since the
    plan, or that a worker holds, is skipped. See docs/recovery.md for the remedies and the safety rails.

    Exits with 0 if the plan was shown or carried out; 1 if the circuit breaker refused, or a change failed;
    2 if there is no answer: a server or the views cannot be reached, or this role may not change the jobs.
    """
    if cancel and (point or not job):
        raise click.UsageError("--cancel needs --job, and goes without --point")
    with opened(connection) as (database, profile):
        settings = read_settings(database, profile.schema)
        keep_if_allowed(database, profile.schema)
        known = {found.accumulation_point for found in read_points(database, profile.schema)}
        if unknown := sorted(set(point) - known):
            raise StuckJobsError(f"there is no enabled point {', '.join(unknown)}")
        most = settings.max_items if limit is None else limit
        jobs = read_names(database, profile.schema, job)
        if cancel:
            settings.refuse_unless_pipeline("--cancel")
            plan = choose(read_cancellations(database, profile.schema, settings, jobs), most)
        else:
            tasks = read_tasks(database, profile.schema)
            tripped = breaker(tasks, settings, count_live_jobs(database, profile.schema))
            plan = dataclasses.replace(choose(tasks, most, point, jobs), tripped=tripped)
        if not is_applied:
            show_plan(plan, shown_as, bool(job))
            return
        if plan.tasks and job:
            warn_if_tripped(plan)
        elif plan.tasks:
            refuse_if_tripped(plan, force)
        done = carry_out(new_recoverer(database, settings, redis_url), plan, shown_as)
    show_done(plan, done, shown_as)
    ctx.exit(any(result.outcome == "failed" for result in done))


@contextmanager
def opened(options: ProfileOptions) -> Iterator[tuple[psycopg.Connection[Any], Profile]]:
    """The database, whose refusals are one line each."""
    profile = prompt_profile(options)
    with refusals(), connect(profile) as database:
        database.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        yield database, profile


def refuse_if_tripped(plan: Plan, force: bool) -> None:
    """Keep to the circuit breaker.

    Args:
        plan: what to do.
        force: even if the circuit breaker refuses.

    Raises:
        TrippedError: if it refuses.
    """
    if plan.tripped and not force:
        raise TrippedError(f"nothing was changed: {plan.tripped}; look for the cause, or use --force")


def warn_if_tripped(plan: Plan) -> None:
    """Say what the circuit breaker would refuse: somebody has decided about these jobs, and knows them.

    Args:
        plan: what to do.
    """
    if plan.tripped:
        say(f"The circuit breaker warns: {plan.tripped}; what was named is recovered all the same.", err=True)


def carry_out(recoverer: Recoverer, plan: Plan, shown_as: str) -> list[Done]:
    """Do the tasks of a plan, one after the other, and say of each at once what became of it.

    Args:
        recoverer: who does them.
        plan: what to do.
        shown_as: json leaves standard output to the document that is yet to come.

    Raises:
        StuckJobsError: if a server refuses; what was done before stays.
    """
    if not plan.tasks:
        return []
    Store(recoverer.connection, recoverer.raw_schema, find_project()).create_tables("recovery_log")
    done: list[Done] = []
    try:
        for task in plan.tasks:
            result = recoverer.apply(task)
            done.append(result)
            words = f"{task.remedy}, {task.change}" if result.reason is None else result.reason
            say(f"{result.outcome}: {task.name}: {words}", err=shown_as == "json")
    except StuckJobsError as error:
        count = sum(result.outcome == "applied" for result in done)
        raise StuckJobsError(f"{error.message}; {count} were changed before, see recovery_log") from error
    return done


def new_recoverer(database: psycopg.Connection[Any], settings: Settings, redis_url: str | None) -> Recoverer:
    """Who changes the jobs: by their system's own remedies, or the pipeline's, which asks for locks."""
    locks: Locks = NoLocks()
    if not settings.is_pipeline:
        remedies = find_remedies(find_project(), settings.job_system)
        return SystemRecoverer(database, settings, raw_schema(), locks, remedies=remedies)
    if settings.redis_enabled:
        locks = RedisLocks(parse_redis_url(redis_url), REDIS_TIMEOUT)
    return Recoverer(database, settings, raw_schema(), locks)


def show_plan(plan: Plan, shown_as: str, is_named: bool = False) -> None:
    """Print what would be done, and what would not, and why.

    Args:
        plan: what to do.
        shown_as: table or json.
        is_named: whether somebody has named the jobs.
    """
    if shown_as == "json":
        rows = [task.as_row("planned") for task in plan.tasks]
        rows += [task.as_row("refused", task.refusal) for task in plan.refused]
        emit(to_json({"applied": False, "tripped": plan.tripped, "left": plan.left, "items": rows}))
        return
    lines = [(task, task.change) for task in plan.tasks]
    lines += [(task, f"left alone: {task.refusal}") for task in plan.refused[:MOST_LEFT_ALONE]]
    _show("Recovery plan", lines)
    _count_others(plan)
    words = f"Nothing was changed: {len(plan.tasks)} can be put right"
    if plan.left:
        words += f" now, {plan.left} more later"
    words += f", {len(plan.refused)} are left alone."
    if plan.tasks:
        words += " Add --apply to do it."
    say(words)
    if plan.tripped and plan.tasks:
        say(f"The circuit breaker would {'warn' if is_named else 'refuse'}: {plan.tripped}.")


def show_done(plan: Plan, done: list[Done], shown_as: str) -> None:
    """Print what was left alone, and why; for a program also what was done."""
    if shown_as == "json":
        rows = [result.task.as_row(result.outcome, result.reason) for result in done]
        rows += [task.as_row("refused", task.refusal) for task in plan.refused]
        emit(to_json({"applied": True, "tripped": plan.tripped, "left": plan.left, "items": rows}))
        return
    _show("Left alone", [(task, task.refusal or "") for task in plan.refused[:MOST_LEFT_ALONE]])
    _count_others(plan)
    counts = {
        outcome: sum(result.outcome == outcome for result in done)
        for outcome in ("applied", "skipped", "failed")
    }
    words = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    words += f", {len(plan.refused)} left alone"
    say(f"{words}, {plan.left} left for later." if plan.left else f"{words}.")


def _count_others(plan: Plan) -> None:
    others = plan.refused[MOST_LEFT_ALONE:]
    count_others(f"{task.accumulation_point}: {task.refusal}" for task in others)


def _show(title: str, lines: list[tuple[Task, str]]) -> None:
    if not lines:
        return
    table = new_table(title, "point", "job", "item", "age", "cause", "remedy")
    explanations = []
    for task, change in lines:
        item = "" if task.entity_type == "job" else f"{task.entity_type} {task.entity_id}"
        table.add_row(
            task.accumulation_point or "(by hand)",
            task.jobspec_id or "(no job)",
            item,
            humanise(task.age_seconds, 1),
            task.cause,
            task.remedy,
        )
        explanations.append([change, explain(task.queue_name, task.job_kind, task.evidence)])
    Screen().print(Explained(table, explanations))
