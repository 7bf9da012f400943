"""What an explanation comes to: the one sentence, what the job waits for, and what would move it."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from datetime import datetime

from stuck_jobs.display import humanise
from stuck_jobs.recover.plan import Task
from stuck_jobs.why.found import Explanation, Wait
from stuck_jobs.why.until import SURROUNDINGS, WAITS, of_cause

ENDS = {"completed": "done", "failed": "failed", "cancelled": "cancelled"}
MOST_POINTS = 3
"""In one sentence."""


def state(found: Explanation) -> str:
    """stuck, unknown, waits (and rightly so), waiting (for a worker), working, done, failed or cancelled."""
    if found.items:
        return "stuck"
    if found.unknown:
        return "unknown"
    if found.job.phase == "closed":
        return ENDS[found.job.status or ""]
    return "waits" if found.job.waits_for else found.job.phase


def verdict(found: Explanation) -> str:
    """What is the matter, in one sentence."""
    match state(found):
        case "stuck":
            oldest = found.items[0]
            places = [f"{item.accumulation_point} ({item.cause})" for item in found.items]
            named = list(dict.fromkeys(places))
            more = f" and {len(named) - MOST_POINTS} more" if len(named) > MOST_POINTS else ""
            lasting = f" for {humanise(oldest.age_seconds)}" if oldest.age_seconds is not None else ""
            return f"stuck{lasting} at {', '.join(named[:MOST_POINTS])}{more}"
        case "unknown":
            names = ", ".join(point.accumulation_point for point in found.unknown[:MOST_POINTS])
            more = f" and {len(found.unknown) - MOST_POINTS} more" if len(found.unknown) > MOST_POINTS else ""
            return f"{_progress(found)}; nobody knows whether it is stuck: {names}{more} unknown"
        case _:
            return f"nothing is stuck: {_progress(found)}"


def waits(found: Explanation) -> str | None:
    """What it waits for; None if for nothing."""
    if found.wait:
        return _other(found.wait)
    if found.job.waits_for:
        due = found.moment("may run from here on") if found.job.waits_for == "due_time" else None
        return f"{found.job.waits_for}{f' {_clock(due)}' if due else ''}"
    if found.job.phase == "waiting":
        return f"a worker of the queue {found.job.queue_name}" if found.job.queue_name else "a worker"
    if found.job.phase == "working" and found.holder:
        return f"its worker: {found.holder.evidence}"
    return "its worker" if found.job.phase == "working" else None


def _other(wait: Wait) -> str:
    """The job that it waits for."""
    if wait.holder_job_id is None:
        return f"the {wait.waits_for} of a job that nothing names any more"
    status = f"is {wait.holder_status}" if wait.holder_status else "is gone"
    return f"the {wait.waits_for} of job {wait.holder_job_id}, which {status}"


def until(found: Explanation) -> list[str]:
    """What would have to be true for it to move; nothing if it is where it should be."""
    wanted = []
    if found.job.waits_for and found.job.phase != "closed":
        wanted.append(WAITS.get(found.job.waits_for, f"what it waits for is there: {found.job.waits_for}"))
    wanted += [
        SURROUNDINGS[item.accumulation_point].format(item.entity_id)
        for item in found.around
        if item.accumulation_point in SURROUNDINGS
    ]
    for item in found.items:
        wanted.append(of_cause(item.cause) or f"see docs/points/{item.accumulation_point}.md")
    if not wanted and found.job.phase == "waiting":
        wanted.append("a worker takes it")
    if not wanted and found.job.phase == "working":
        wanted.append("its worker ends it")
    return list(dict.fromkeys(wanted))


def recovery(found: Explanation) -> list[dict[str, str | None]] | None:
    """What recovery would do about each item, or why it would leave it alone; None if nobody knows."""
    if found.tasks is None:
        return None
    told = [
        {
            "accumulation_point": task.accumulation_point,
            "entity_type": task.entity_type,
            "entity_id": task.entity_id,
            "remedy": task.remedy,
            "change": None if task.refusal else task.change,
            "command": None if task.refusal else _command(task),
            "left_alone": task.refusal,
        }
        for task in found.tasks
    ]
    with_remedy = {(task.accumulation_point, task.entity_type, task.entity_id) for task in found.tasks}
    told += [
        {
            "accumulation_point": item.accumulation_point,
            "entity_type": item.entity_type,
            "entity_id": item.entity_id,
            "remedy": item.remedy,
            "change": None,
            "command": "stuck-jobs requeue" if item.remedy == "requeue" else None,
            "left_alone": "recover has nothing for it"
            if item.remedy == "none"
            else f"{item.remedy} is for somebody to do",
        }
        for item in found.items
        if (item.accumulation_point, item.entity_type, item.entity_id) not in with_remedy
    ]
    return told


def _command(task: Task) -> str:
    """For a shell, whatever the job is called."""
    job = shlex.quote(task.jobspec_id or "")
    return f"stuck-jobs recover --job {job} --point {task.accumulation_point} --apply"


def _progress(found: Explanation) -> str:
    """How far it has come, and since when."""
    job = found.job
    if job.phase == "closed":
        took = _between(found.moment("created"), found.moment("closed"))
        words = ENDS[job.status or ""]
        joined = "in" if words == "done" else "after"
        return f"{words} {joined} {took}" if took else words
    since = found.limit.since if found.limit else None
    lasting = _between(since, job.read_at)
    for_so_long = f" for {lasting}" if lasting else ""
    if job.waits_for:
        return f"it waits rightly for {waits(found)}"
    words = "still running" if job.phase == "working" else "it waits for a worker"
    if found.limit is None:
        return f"{words}{for_so_long}"
    return f"{words}{for_so_long}, stuck from {humanise(found.limit.seconds)} on ({found.limit.rule})"


def _between(begin: datetime | None, end: datetime | None) -> str | None:
    if begin is None or end is None or end < begin:
        return None
    return humanise(int((end - begin).total_seconds()))


def _clock(at: datetime) -> str:
    return f"at {at:%Y-%m-%d %H:%M:%S} UTC"


def as_json(found: Explanation) -> dict[str, object]:
    """All of it for a program; its keys are documented in docs/why.md."""
    return {
        "job": asdict(found.job) | {"name": found.job.name},
        "state": state(found),
        "verdict": verdict(found),
        "waits_for": waits(found),
        "until": until(found),
        "timeline": [asdict(moment) for moment in found.timeline],
        "items": [asdict(item) for item in found.items],
        "depends_on": [asdict(item) for item in found.around],
        "incidents": None if found.incidents is None else [asdict(fault) for fault in found.incidents],
        "recovery": recovery(found),
        "unknown": {point.accumulation_point: point.evidence for point in found.unknown},
    }
