"""The command `stuck-jobs requeue`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import psycopg

from stuck_jobs.collect.command import queue_option, redis_option
from stuck_jobs.collect.redis_url import parse_redis_url
from stuck_jobs.collect.store import Store, raw_schema
from stuck_jobs.dbt_project import find_project
from stuck_jobs.display import MOST_LEFT_ALONE, Explained, Screen, count_others, humanise, new_table
from stuck_jobs.output import emit, say, to_json
from stuck_jobs.profile import ProfileOptions, connection_options
from stuck_jobs.recover.command import REDIS_TIMEOUT, opened
from stuck_jobs.recover.plan import Settings, read_settings
from stuck_jobs.requeue.engine import Moved, Requeuer, Verdict
from stuck_jobs.requeue.letters import DeadLetters, Letter
from stuck_jobs.session.exclusion import only_one


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
    redis_url: str | None,
) -> None:
    """List the dead letters, and put those back into their queue for which that is safe.

    Safe is a letter whose job exists and is not closed, and for which no other message waits and no worker is
    at work. Without --apply nothing is changed. See docs/requeue.md.

    Exits with 0 if the letters were listed or put back; 2 if there is no answer: a server or the views cannot
    be reached, or this role may not write the audit trail.
    """
    with opened(connection) as (database, profile):
        settings = read_settings(database, profile.schema)
        settings.refuse_unless_pipeline("requeue")
        requeuer = new_requeuer(
            database, settings, find_project(connection.project_dir), queues, redis_url, include_failed
        )
        most = settings.max_items if limit is None else limit
        if not is_applied:
            _show(cut(requeuer.judge(job), most), [], shown_as)
            return
        with only_one(profile, turn()) as alone:
            if not alone:
                say("another requeue is under way")
                return
            requeuer.settle()
            verdicts = cut(requeuer.judge(job), most)
            moved = put_back(requeuer, verdicts, shown_as)
    _show(verdicts, moved, shown_as)


def new_requeuer(
    database: psycopg.Connection[Any],
    settings: Settings,
    project: Path,
    queues: Sequence[str],
    redis_url: str | None,
    includes_failed: bool = False,
) -> Requeuer:
    """Who puts letters back; the audit table is there."""
    Store(database, raw_schema(), project).create_tables("recovery_log")
    letters = DeadLetters(parse_redis_url(redis_url), queues, REDIS_TIMEOUT)
    return Requeuer(database, settings, raw_schema(), letters, includes_failed)


def put_back(requeuer: Requeuer, verdicts: list[Verdict], shown_as: str) -> list[Moved]:
    """Move the letters that may be, and say of each at once what became of it.

    Args:
        requeuer: who moves them.
        verdicts: of all letters.
        shown_as: json leaves standard output to the document that is yet to come.
    """
    moved = []
    for result in requeuer.move(verdicts):
        moved.append(result)
        words = f": {result.reason}" if result.reason else ""
        say(
            f"{result.outcome}: {result.letter.queue}: {result.letter.job_name}{words}",
            err=shown_as == "json",
        )
    return moved


def turn() -> str:
    """What only one may do at a time: put letters back."""
    return f"{raw_schema()} requeue"


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
        emit(to_json([_row(*row) for row in rows]))
        return
    table = new_table("Dead letters", "queue", "job", "status", "age", "attempts", "requeue")
    explanations = []
    stay = [row for row in rows if row[1] == "refused"]
    for verdict, outcome, reason in [row for row in rows if row[1] != "refused"] + stay[:MOST_LEFT_ALONE]:
        message = verdict.letter.message
        table.add_row(
            verdict.letter.queue,
            verdict.letter.job_name,
            (verdict.job.status if verdict.job else None) or "",
            humanise(_age(verdict.letter), 1),
            "" if message.attempts is None else str(message.attempts),
            {"planned": "yes", "applied": "done"}.get(outcome, "no"),
        )
        explanations.append([f"stays: {reason}" if reason else "", message.error or ""])
    if rows:
        Screen().print(Explained(table, explanations))
    count_others(f"{verdict.letter.queue}: {reason}" for verdict, _, reason in stay[MOST_LEFT_ALONE:])
    counts = Counter(outcome for _, outcome, _ in rows)
    if moved:
        say(f"{counts['applied']} put back, {counts['skipped']} skipped, {counts['refused']} stay.")
    else:
        hint = " Add --apply to do it." if counts["planned"] else ""
        say(f"{counts['planned']} can be put back, {counts['refused']} stay.{hint}")


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
