"""The command `stuck-jobs requeue`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import psycopg
from rich.console import Console
from rich.table import Table

from stuck_jobs.collect.command import queue_option, redis_option
from stuck_jobs.collect.redis_url import parse_redis_url
from stuck_jobs.collect.store import Store, raw_schema
from stuck_jobs.dbt_project import find_project
from stuck_jobs.display import humanise
from stuck_jobs.profile import ProfileOptions, connection_options
from stuck_jobs.recover.command import REDIS_TIMEOUT, opened
from stuck_jobs.recover.plan import Settings, read_settings
from stuck_jobs.requeue.engine import Moved, Requeuer, Verdict
from stuck_jobs.requeue.letters import DeadLetters, Letter


@click.command()
@click.option("--job", multiple=True, metavar="ID", help="Only letters of this job; may be repeated.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    help="How many letters to put back at most.  [default: recovery_max_items of the project, 100]",
)
@click.option(
    "--include-failed",
    is_flag=True,
    help="Also letters of failed jobs, for workers that take a failed job up again.",
)
@click.option("--apply", "is_applied", is_flag=True, help="Do it; without this nothing is changed.")
@click.option(
    "--format", "shown_as", type=click.Choice(["table", "json"]), default="table", show_default=True
)
@queue_option
@redis_option
@connection_options
def requeue(
    connection: ProfileOptions,
    job: tuple[str, ...],
    limit: int | None,
    include_failed: bool,
    is_applied: bool,
    shown_as: str,
    queues: tuple[str, ...],
    redis_url: str,
) -> None:
    """List the dead letters, and put those back into their queue for which that is safe.

    Safe is a letter whose job exists and is not closed, and for which no other message waits and no worker is
    at work. Without --apply nothing is changed. See docs/requeue.md.

    Exits with 0 if the letters were listed or put back; 2 if there is no answer: a server or the views cannot
    be reached, or this role may not write the audit trail.
    """
    with opened(connection) as (database, profile):
        settings = read_settings(database, profile.schema)
        requeuer = new_requeuer(
            database, settings, find_project(connection.project_dir), queues, redis_url, include_failed
        )
        most = settings.max_items if limit is None else limit
        if not is_applied:
            _show(cut(requeuer.judge(job), most), [], shown_as)
            return
        with only_one(database) as alone:
            if not alone:
                click.echo("another requeue is under way")
                return
            requeuer.settle()
            verdicts = cut(requeuer.judge(job), most)
            moved = requeuer.move(verdicts)
    _show(verdicts, moved, shown_as)


def new_requeuer(
    database: psycopg.Connection[Any],
    settings: Settings,
    project: Path,
    queues: Sequence[str],
    redis_url: str,
    includes_failed: bool = False,
) -> Requeuer:
    """Who puts letters back; the audit table is there."""
    Store(database, raw_schema(), project).create_tables("recovery_log")
    letters = DeadLetters(parse_redis_url(redis_url), queues, REDIS_TIMEOUT)
    return Requeuer(database, settings, raw_schema(), letters, includes_failed)


@contextmanager
def only_one(database: psycopg.Connection[Any]) -> Iterator[bool]:
    """Whether no other requeue is under way; none begins until the end of the block, or of the process."""
    key = [f"{raw_schema()} requeue"]
    is_alone = database.execute("select pg_try_advisory_lock(hashtext(%s))", key).fetchone() == (True,)
    try:
        yield is_alone
    finally:
        if is_alone and not database.closed:
            database.execute("select pg_advisory_unlock(hashtext(%s))", key)


def cut(verdicts: list[Verdict], most: int) -> list[Verdict]:
    """Let no more than so many be put back."""
    free = [verdict for verdict in verdicts if verdict.refusal is None][most:]
    return [
        Verdict(verdict.letter, verdict.job, "beyond the limit of this run") if verdict in free else verdict
        for verdict in verdicts
    ]


def _show(verdicts: list[Verdict], moved: list[Moved], shown_as: str) -> None:
    results = iter(moved)
    rows = []
    for verdict in verdicts:
        outcome, reason = ("refused", verdict.refusal) if verdict.refusal else ("planned", None)
        if moved and not verdict.refusal:
            result = next(results)
            outcome, reason = result.outcome, result.reason
        rows.append((verdict, outcome, reason))
    if shown_as == "json":
        click.echo(json.dumps([_row(*row) for row in rows], default=str))
        return
    table = Table(title="Dead letters", title_justify="left", box=None, pad_edge=False)
    for column in ("queue", "job", "status", "age", "attempts"):
        table.add_column(column, no_wrap=True)
    table.add_column("error")
    table.add_column("requeue")
    for verdict, outcome, reason in rows:
        message = verdict.letter.message
        table.add_row(
            verdict.letter.queue,
            message.jobspec_id or "(unknown)",
            (verdict.job.status if verdict.job else None) or "",
            humanise(_age(verdict.letter), 1),
            "" if message.attempts is None else str(message.attempts),
            message.error or "",
            {"planned": "yes", "applied": "done"}.get(outcome, f"no: {reason}"),
        )
    if rows:
        Console().print(table)
    counts = Counter(outcome for _, outcome, _ in rows)
    if moved:
        click.echo(f"{counts['applied']} put back, {counts['skipped']} skipped, {counts['refused']} stay.")
    else:
        hint = " Add --apply to do it." if counts["planned"] else ""
        click.echo(f"{counts['planned']} can be put back, {counts['refused']} stay.{hint}")


def _age(letter: Letter) -> int | None:
    sent = letter.message.enqueued_at
    return None if sent is None else max(0, int((datetime.now(UTC) - sent).total_seconds()))


def _row(verdict: Verdict, outcome: str, reason: str | None) -> dict[str, Any]:
    message = verdict.letter.message
    return {
        "queue": verdict.letter.queue,
        "entity_id": verdict.letter.entity_id,
        "jobspec_id": message.jobspec_id,
        "job_status": verdict.job.status if verdict.job else None,
        "age_seconds": _age(verdict.letter),
        "attempts": message.attempts,
        "error": message.error,
        "outcome": outcome,
        "reason": reason,
    }
