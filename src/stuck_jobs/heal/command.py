"""The command `stuck-jobs heal`."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
import psycopg
from psycopg import sql

from stuck_jobs.collect.command import queue_option, redis_option, usual_collector
from stuck_jobs.collect.store import raw_schema
from stuck_jobs.dbt_project import build, find_profiles, find_project, scratch_target
from stuck_jobs.errors import StuckJobsError
from stuck_jobs.output import emit, say, to_json
from stuck_jobs.profile import Profile, ProfileOptions, connection_options, load_profile
from stuck_jobs.recover.apply import Done
from stuck_jobs.recover.command import carry_out, new_recoverer, opened, refuse_if_tripped
from stuck_jobs.recover.plan import (
    Plan,
    Settings,
    Task,
    breaker,
    choose,
    count_live_jobs,
    read_settings,
    read_tasks,
)
from stuck_jobs.requeue.command import cut, new_requeuer, put_back, turn
from stuck_jobs.requeue.engine import Moved
from stuck_jobs.session.exclusion import only_one
from stuck_jobs.systems import watches_redis
from stuck_jobs.views.summary import read_points

WITHOUT_TESTS = ("--exclude", "tag:gate", "test_type:unit", "tag:analytics,test_type:data")
"""A closed gate is what this is here for."""

Key = tuple[str | None, str, str]


@dataclasses.dataclass(frozen=True)
class Report:
    """What a cycle came to.

    Attributes:
        cured: was changed, and is no longer stuck where it was.
        pending: was changed, and is still stuck there, for its work has only begun again.
        not_cured: could not be changed, with the reason.
        left: how many could be changed, but are more than a cycle may change.
        by_hand: how many other items have a remedy that nobody has allowed to be automatic.
        restuck: was recovered by an earlier run, and was stuck again when this cycle began.
        requeued: the dead letters that were put back, or turned out to be gone.
    """

    cured: list[Done]
    pending: list[Done]
    not_cured: list[tuple[Task, str]]
    left: int
    by_hand: int
    restuck: list[Task] = dataclasses.field(default_factory=list)
    requeued: list[Moved] = dataclasses.field(default_factory=list)


@click.command()
@click.option("--force", is_flag=True, help="Even if so much is stuck that the circuit breaker refuses.")
@click.option("--no-collect", is_flag=True, help="Take no snapshot of Redis; others do, or there is none.")
@click.option("--vars", "variables", metavar="YAML", help="For dbt, as in dbt build --vars.")
@click.option("--format", "shown_as", type=click.Choice(["text", "json"]), default="text", show_default=True)
@queue_option
@redis_option
@connection_options
@click.pass_context
def heal(
    ctx: click.Context,
    connection: ProfileOptions,
    force: bool,
    no_collect: bool,
    variables: str | None,
    shown_as: str,
    queues: tuple[str, ...],
    redis_url: str | None,
) -> None:
    """Run one cycle: collect, dbt build, recover what policy allows, build again, and say what it came to.

    Only what is stuck at a point with `auto: true` is changed, by the rules of recover. Only one cycle runs
    at a time; a second one says so and ends.

    Exits with 0 if the cycle is done, or another one is under way; 1 if the circuit breaker refused, or a
    change failed; 2 if there is no answer.
    """
    profile, project = load_profile(connection), find_project(connection.project_dir)

    def look() -> None:
        if not no_collect and _has_queues(database, profile, project):
            usual_collector(profile, project, queues, redis_url).run()
        _build(project, connection, variables, target)

    with (
        opened(connection) as (database, _),
        only_one(profile, f"{profile.schema} heal") as alone,
        scratch_target(project) as target,
    ):
        if not alone:
            skipped = "another cycle is under way"
            emit(to_json({"skipped": skipped}) if shown_as == "json" else skipped)
            return
        look()
        settings = read_settings(database, profile.schema)
        tasks = read_tasks(database, profile.schema)
        letters = _automatic_letters(database, profile.schema, settings)
        tripped = breaker(tasks, settings, count_live_jobs(database, profile.schema), letters)
        automatic = [task for task in tasks if task.is_automatic]
        plan = dataclasses.replace(choose(automatic, settings.max_items), tripped=tripped)
        recoverer = new_recoverer(database, settings, redis_url)
        if plan.tasks or settings.automatic_requeues:
            refuse_if_tripped(plan, force)
        restuck = _restuck(database, tasks, settings)
        done = carry_out(recoverer, plan, shown_as)
        moved = _requeue(database, profile, settings, project, queues, redis_url, shown_as)
        if done or moved:
            look()
        report = _report(plan, done, tasks, read_tasks(database, profile.schema))
        report = dataclasses.replace(report, restuck=restuck, requeued=moved)
    if shown_as == "json":
        emit(_as_json(report))
    else:
        for line in _lines(report):
            say(line)
    ctx.exit(any(result.outcome == "failed" for result in done))


def _has_queues(database: psycopg.Connection[Any], profile: Profile, project: Path) -> bool:
    """Whether there are queues in Redis to look at, as the project says until it is built."""
    try:
        return read_settings(database, profile.schema).redis_enabled
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        return watches_redis(project)


def _requeue(
    database: psycopg.Connection[Any],
    profile: Profile,
    settings: Settings,
    project: Path,
    queues: tuple[str, ...],
    redis_url: str | None,
    shown_as: str,
) -> list[Moved]:
    """Put dead letters back, where policy allows and nobody else is at it."""
    if not settings.automatic_requeues:
        return []
    requeuer = new_requeuer(database, settings, project, queues, redis_url)
    with only_one(profile, turn()) as alone:
        if not alone:
            return []
        requeuer.settle()
        return put_back(requeuer, cut(requeuer.judge(), settings.max_items), shown_as)


def _build(project: Path, options: ProfileOptions, variables: str | None, target: str) -> None:
    """Build the views.

    Raises:
        StuckJobsError: if one of them cannot be relied on.
    """
    chosen = ["--vars", variables] if variables else []
    for name in ("profile", "target"):
        if value := getattr(options, name):
            chosen += [f"--{name}", value]
    profiles = (
        contextlib.nullcontext(options.profiles_dir) if options.profiles_dir else find_profiles(project)
    )
    with profiles as directory:
        outcome = build(project, directory, *WITHOUT_TESTS, *chosen, target=target)
    if outcome.errors:
        first = outcome.errors[0]
        raise StuckJobsError(f"dbt build: {len(outcome.errors)} failed: {first.name}: {first.message}")


def _automatic_letters(database: psycopg.Connection[Any], schema: str, settings: Settings) -> int:
    """How many dead letters there are, if policy allows to put them back."""
    points = read_points(database, schema)
    return sum(
        point.stuck_count for point in points if point.accumulation_point in settings.automatic_requeues
    )


def _restuck(database: psycopg.Connection[Any], tasks: Iterable[Task], settings: Settings) -> list[Task]:
    """What was recovered before and got stuck again since, or is stuck still though it had its time."""
    text = files("stuck_jobs.heal").joinpath("recovered.sql").read_text(encoding="utf-8")
    query = sql.SQL(text).format(raw=sql.Identifier(raw_schema()))
    backoff = timedelta(minutes=float(settings.backoff_minutes))
    try:
        rows = database.execute(query, {"backoff": backoff}).fetchall()
    except psycopg.errors.UndefinedTable:
        return []
    recovered = {(kind, entity): (at, had_its_time) for kind, entity, at, had_its_time in rows}
    found: dict[tuple[str, str], Task] = {}
    for task in tasks:
        at, had_its_time = recovered.get(task.key, (None, False))
        if at and (had_its_time or (task.stuck_since and task.stuck_since >= at)):
            found.setdefault(task.key, task)
    return list(found.values())


def _report(plan: Plan, done: list[Done], before: Iterable[Task], after: Iterable[Task]) -> Report:
    still_stuck = {_key(task) for task in after}
    applied = [result for result in done if result.outcome == "applied"]
    not_cured = [(result.task, f"{result.outcome}: {result.reason}") for result in done if result.reason]
    not_cured += [(task, task.refusal or "") for task in plan.refused]
    return Report(
        cured=[result for result in applied if _key(result.task) not in still_stuck],
        pending=[result for result in applied if _key(result.task) in still_stuck],
        not_cured=not_cured,
        left=plan.left,
        by_hand=len({task.key for task in before} - {task.key for task in before if task.is_automatic}),
    )


def _key(task: Task) -> Key:
    return task.accumulation_point, task.entity_type, task.entity_id


def _lines(report: Report) -> Iterator[str]:
    for title, results in (("cured", report.cured), ("under way", report.pending)):
        for result in results:
            yield f"{title}: {result.task.name}: {result.task.remedy}, {result.task.change}"
    for task, reason in report.not_cured:
        yield f"not cured: {task.name}: {reason}"
    for letter in report.requeued:
        outcome = "requeued" if letter.outcome == "applied" else f"not cured: {letter.reason}"
        yield f"{outcome}: queue_dead_letter: {letter.letter.job_name}"
    for task in report.restuck:
        yield f"stuck again: {task.name}"
    yield (
        f"{len(report.cured)} cured, {len(report.pending)} under way, {len(report.not_cured)} not cured, "
        f"{len(report.restuck)} stuck again, {report.left} left for the next cycle, "
        f"{report.by_hand} left for stuck-jobs recover"
    )


def _as_json(report: Report) -> str:
    def item(task: Task, reason: str | None = None) -> dict[str, str | None]:
        return {
            "accumulation_point": task.accumulation_point,
            "entity_type": task.entity_type,
            "entity_id": task.entity_id,
            "jobspec_id": task.jobspec_id,
            "remedy": task.remedy,
            "reason": reason,
        }

    return to_json(
        {
            "cured": [item(result.task) for result in report.cured],
            "pending": [item(result.task) for result in report.pending],
            "not_cured": [item(task, reason) for task, reason in report.not_cured],
            "restuck": [item(task) for task in report.restuck],
            "requeued": [
                {"jobspec_id": result.letter.message.jobspec_id, "outcome": result.outcome}
                for result in report.requeued
            ],
            "left": report.left,
            "by_hand": report.by_hand,
        }
    )
