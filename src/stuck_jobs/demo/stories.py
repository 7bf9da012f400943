"""What becomes of a job: one function per story, and at the end how often each one is told.

A story submits a job, perhaps runs some of it, leaves its row in some status and its message or its lock in
Redis, and blames the accumulation points at which all this has to be found. `sent_at` is when the job was
sent, zone-less UTC.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from stuck_jobs.demo.queue import MAX_ATTEMPTS, QUEUE, UNSERVED, Entry
from stuck_jobs.demo.specs import NEW_MODEL, Cell, Shape
from stuck_jobs.demo.world import Submission, Trouble, World

CONTEXT = timedelta(minutes=15)
"""After this long the worker gives a job up."""

CRASHES = (timedelta(hours=3), timedelta(minutes=45))
"""How long ago a worker crashed and took several jobs with it, the longest ago first."""

MODEL_FAILED = "no answer from the model: connection refused"

PINGS = 1100
"""More than a main queue may hold."""

KOLKATA = timedelta(hours=5, minutes=30)
"""How far a clock is ahead that writes the local time of India as if it were UTC."""


class Story(NamedTuple):
    """How often a story is told, and about jobs that were sent how long ago.

    Attributes:
        tell: writes one job.
        times: how many such jobs there are.
        minutes_ago: the least and the most.
    """

    tell: Callable[[World, datetime], None]
    times: int = 1
    minutes_ago: tuple[float, float] = (0, 0)


# Healthy ------------------------------------------------------------------------------------------


def finished(world: World, sent_at: datetime) -> None:
    """Done, like nearly all; now and then a whole region fails, or somebody cancels the job."""
    job = world.submit(sent_at)
    if world.rng.random() < 0.02:
        _cancel(world, job)
        return
    start = _picked_up(world, job)
    ill_fated = world.rng.random() < 0.04 and sent_at < world.now - timedelta(hours=3)
    _complete(world, job, start, job.cells, outage=job.cells[0].region if ill_fated else None)


def waiting(world: World, sent_at: datetime) -> None:
    """In the queue for a moment."""
    _wait(world, world.submit(sent_at))


def just_sent(world: World, sent_at: datetime) -> None:
    """The outbox publisher has not come round yet."""
    job = world.submit(sent_at, published=False)
    world.leave(job, "created", created=sent_at, updated=sent_at)


def to_be_retried(world: World, sent_at: datetime) -> None:
    """The first attempt failed, and the second is due soon."""
    job = world.submit(sent_at)
    due_at = world.now + timedelta(minutes=world.rng.uniform(1, 5))
    world.queue.postpone(world.fail(job, 1, MODEL_FAILED), due_at)
    world.leave(job, "queued", created=sent_at, updated=sent_at)


def being_processed(world: World, sent_at: datetime) -> None:
    """A worker has it, and some executions are written."""
    job = world.submit(sent_at)
    start = _taken(world, job)
    world.run(job, job.cells[:-1], start, until=world.now)
    world.leave(job, "processing", created=sent_at, updated=start)


def running(world: World, sent_at: datetime) -> None:
    """The same, with an execution that is under way."""
    job = world.submit(sent_at)
    start = _taken(world, job)
    end = world.run(job, job.cells[:-1], start, until=world.now).end
    world.hang(job.id, job.cells[-1], "running", since=end)
    world.leave(job, "running", created=sent_at, updated=start, started=start)


def being_finalized(world: World, sent_at: datetime) -> None:
    """Everything but the last result is in."""
    job = world.submit(sent_at)
    start = _taken(world, job)
    end = world.run(job, job.cells[:-1], start, until=world.now).end
    world.hang(job.id, job.cells[-1], "pending", since=end)
    world.leave(job, "finalizing", created=sent_at, updated=end, started=start)


# Never picked up ----------------------------------------------------------------------------------


def publisher_down(world: World, sent_at: datetime) -> None:
    """The outbox row was never published."""
    job = world.submit(sent_at, published=False)
    _leave_behind(world, job, cause="outbox_unpublished")
    world.blame("outbox_unpublished", job.outbox_id, "unknown")


def never_announced(world: World, sent_at: datetime) -> None:
    """Written by hand, or half of a transaction: there is no outbox row."""
    job = world.submit(sent_at, announced=False)
    _leave_behind(world, job, cause="never_published")


def message_lost(world: World, sent_at: datetime) -> None:
    """Published, and then lost between LPUSH and BRPOP."""
    job = world.submit(sent_at)
    _leave_behind(world, job, cause="message_lost")


def not_consumed(world: World, sent_at: datetime) -> None:
    """The message is where it belongs, and no worker gets round to it."""
    job = world.submit(sent_at)
    message = world.queue.publish(job.message, sent_at)
    _leave_behind(world, job, cause="message_waiting")
    world.blame("queue_backlog", message, "consumer_lag")


def not_served(world: World, sent_at: datetime) -> None:
    """Somebody routes large jobs to a queue of their own, and has started no worker for it."""
    job = world.submit(sent_at, queue=UNSERVED)
    message = world.queue.strand(job.message, sent_at)
    _leave_behind(world, job, cause="message_waiting")
    world.blame("queue_backlog", message, "consumer_lag")
    world.blame("queue_unserved", UNSERVED, "nothing_taken")


def retry_overdue(world: World, sent_at: datetime) -> None:
    """An attempt failed, the next is long due, and nobody moves it back into the main queue."""
    job = world.submit(sent_at)
    due_at = sent_at + timedelta(minutes=world.rng.uniform(2, 8))
    message = world.queue.postpone(world.fail(job, 1, MODEL_FAILED), due_at)
    _leave_behind(world, job, cause="retry_scheduled")
    world.blame("queue_retry_overdue", message, "consumer_lag")


def retries_exhausted(world: World, sent_at: datetime) -> None:
    """Given up after the last attempt; the job's row says nothing of it."""
    job = world.submit(sent_at)
    _give_up(world, job, MAX_ATTEMPTS, MODEL_FAILED, cause="retries_exhausted")
    _leave_behind(world, job, cause="dead_lettered")


def permanent_failure(world: World, sent_at: datetime) -> None:
    """Given up at once, for another attempt could not succeed either."""
    job = world.submit(sent_at)
    _give_up(world, job, 1, "the spec's signature is not valid", cause="permanent_failure")
    _leave_behind(world, job, cause="dead_lettered")


def publication_not_noted(world: World, sent_at: datetime) -> None:
    """The job ran, so its message did reach the queue; the outbox does not know."""
    job = world.submit(sent_at, published=False)
    _complete(world, job, _picked_up(world, job), job.cells)
    world.blame("outbox_unpublished", job.outbox_id, "unknown")


def _leave_behind(world: World, job: Submission, cause: str) -> None:
    """Leave a job that nobody has picked up."""
    status = world.in_turn(f"left behind, {cause}", ("created", "queued"))
    world.leave(job, status, created=job.sent_at, updated=job.sent_at)
    world.blame(f"job_{status}", job.id, cause)


# The queue disagrees with the tables --------------------------------------------------------------


def dead_and_done(world: World, sent_at: datetime) -> None:
    """Given up, and then run by hand: to requeue this dead letter would do the work twice."""
    job = world.submit(sent_at)
    _give_up(world, job, MAX_ATTEMPTS, MODEL_FAILED, cause="retries_exhausted")
    _complete(world, job, sent_at + timedelta(minutes=10), job.cells, status="completed")


def unparsable(world: World, sent_at: datetime) -> None:
    """A message was cut off on its way; the job was run by hand."""
    job = world.submit(sent_at)
    world.queue.dead.append(Entry(json.dumps(job.message)[:-9], sent_at))
    number = world.in_turn("unparsable", ("", "#2"))
    world.blame("queue_dead_letter", f"{QUEUE}:unparsed{number}", "unparsable")
    _complete(world, job, sent_at + timedelta(minutes=10), job.cells)


def retried_when_done(world: World, sent_at: datetime) -> None:
    """The job is completed, and is to be tried again all the same."""
    job = world.submit(sent_at)
    _complete(world, job, _picked_up(world, job), job.cells)
    _retry_soon(world, job, cause="job_closed")


def deleted_while_queued(world: World, sent_at: datetime) -> None:
    """Somebody deleted a job whose retry is scheduled; the job that is there has nothing to do with it."""
    _retry_soon(world, world.submit(sent_at), cause="job_missing")
    finished(world, sent_at)


def published_twice(world: World, sent_at: datetime) -> None:
    """The publisher crashed before it noted the publication, and published again."""
    job = world.submit(sent_at)
    _wait(world, job)
    message = world.queue.publish(job.message, sent_at)
    world.blame("queue_duplicate", message, "queued_twice")


def flooded(world: World, sent_at: datetime) -> None:
    """A monitor writes its pings into the main queue; the job has nothing to do with it."""
    world.queue.main += [Entry("ping", sent_at)] * PINGS
    world.blame("queue_depth", QUEUE, "consumer_lag")
    finished(world, sent_at)


def _retry_soon(world: World, job: Submission, cause: str) -> None:
    due_at = world.now + timedelta(minutes=world.rng.uniform(5, 20))
    message = world.queue.postpone(world.fail(job, 1, MODEL_FAILED), due_at)
    world.blame("queue_orphan", message, cause)


def _give_up(world: World, job: Submission, attempts: int, error: str, cause: str) -> None:
    message = world.queue.bury(world.fail(job, attempts, error), job.sent_at)
    world.blame("queue_dead_letter", message, cause)


# Left by its worker -------------------------------------------------------------------------------


def worker_crashed(world: World, sent_at: datetime) -> None:
    """One of several jobs that a crashed worker had in hand."""
    _abandon(world, sent_at, gone_at=next(at for ago in CRASHES if (at := world.now - ago) > sent_at))


def worker_lost(world: World, sent_at: datetime) -> None:
    """A worker was restarted in the middle of the job."""
    _abandon(world, sent_at, gone_at=sent_at + timedelta(seconds=world.rng.uniform(60, 120)))


def _abandon(world: World, sent_at: datetime, gone_at: datetime) -> None:
    job = world.submit(sent_at)
    start = _picked_up(world, job)
    world.run(job, job.cells[:-1], start, until=gone_at)
    world.leave(job, "processing", created=sent_at, updated=start)
    world.blame("job_processing", job.id, "worker_lost")
    world.blame("worker_lost", job.id, "lock_gone")
    _blame_interruption(world, job, "context_timeout")


def recovered_in_vain(world: World, sent_at: datetime) -> None:
    """Whatever crashes its worker does so each time that the job is reset."""
    job = world.submit(sent_at)
    again_at = world.now - timedelta(minutes=world.rng.uniform(20, 40))
    for before in (60, 30):
        world.recover(job, "reset", again_at - timedelta(minutes=before))
    world.leave(job, "processing", created=sent_at, updated=again_at)
    world.blame("job_processing", job.id, "worker_lost")
    world.blame("worker_lost", job.id, "lock_gone")
    world.blame("job_recovered_repeatedly", job.id, "stuck_again")


def given_up(world: World, sent_at: datetime) -> None:
    """The same, until recovery gave up."""
    job = world.submit(sent_at)
    start = _picked_up(world, job)
    end = world.run(job, job.cells, start).end
    for after in (30, 60, 90):
        world.recover(job, "reset", end + timedelta(minutes=after))
    failed_at = end + timedelta(hours=2)
    world.recover(job, "fail", failed_at)
    world.leave(job, "failed", created=sent_at, updated=failed_at, started=start, completed=failed_at)
    world.blame("job_recovered_repeatedly", job.id, "given_up")


def worker_slow(world: World, sent_at: datetime) -> None:
    """Its time is nearly up, and the worker still holds the job."""
    job = world.submit(sent_at)
    start = _taken(world, job)
    world.run(job, job.cells[:-1], start)
    world.leave(job, "processing", created=sent_at, updated=start)
    world.blame("job_processing", job.id, "worker_holding")


# Running for too long -----------------------------------------------------------------------------


def never_started(world: World, sent_at: datetime) -> None:
    """Nothing was ever executed."""
    job = world.submit(sent_at)
    _keep_running(world, job, _picked_up(world, job), cause="never_started")


def last_write_failed(world: World, sent_at: datetime) -> None:
    """Every execution is there; the job's final status is not."""
    job = world.submit(sent_at)
    start = _picked_up(world, job)
    world.run(job, job.cells, start)
    _keep_running(world, job, start, cause="executions_finished")
    world.blame("job_not_closed", job.id, "final_write_failed")


def inserts_failed(world: World, sent_at: datetime) -> None:
    """The calls that ended are closed, others left no row."""
    job = world.submit(sent_at, "strings")
    start = _picked_up(world, job)
    world.run(job, job.cells[1:], start)
    _keep_running(world, job, start, cause="executions_missing")


def execution_hangs(world: World, sent_at: datetime) -> None:
    """One execution never ended, and the job waits for it."""
    job = world.submit(sent_at)
    start = _picked_up(world, job)
    world.run(job, job.cells[1:], start)
    _hang_too_long(world, job.id, job.cells[0], since=start, cause="job_live")
    _keep_running(world, job, start, cause="executions_open")


def _keep_running(world: World, job: Submission, start: datetime, cause: str) -> None:
    """Leave the job running, without a worker; in every other case without the time at which it began."""
    started = world.in_turn(f"running, {cause}", (start, None))
    world.leave(job, "running", created=job.sent_at, updated=start, started=started)
    world.blame("job_running" if started else "job_running_unstarted", job.id, cause)
    world.blame("worker_lost", job.id, "lock_gone")


# No rule fits -------------------------------------------------------------------------------------


def barrier_never_lifted(world: World, sent_at: datetime) -> None:
    """`finalizing` is a status that nothing ever leaves."""
    job = world.submit(sent_at)
    end = world.run(job, job.cells, _picked_up(world, job)).end
    world.leave(job, "finalizing", created=sent_at, updated=end, started=job.sent_at)
    world.blame("job_unevaluable", job.id, "unknown")
    world.blame("job_not_closed", job.id, "final_write_failed")


def status_unheard_of(world: World, sent_at: datetime) -> None:
    """Set by hand: misspelt, from another version, or none at all."""
    job = world.submit(sent_at)
    status = world.in_turn("unheard of", ("CREATED", "paused", None))
    world.leave(job, status, created=sent_at, updated=sent_at)
    world.blame("job_unevaluable", job.id, "unknown")


def clock_missing(world: World, sent_at: datetime) -> None:
    """The time that would tell how long it has been waiting is NULL."""
    job = world.submit(sent_at)
    status = world.in_turn("clock missing", ("queued", "processing"))
    if status == "queued":
        world.leave(job, status, created=None, updated=sent_at)
    else:
        world.leave(job, status, created=sent_at, updated=None)
        world.blame("worker_lost", job.id, "lock_gone")
    world.blame("job_unevaluable", job.id, "unknown")


def clock_ahead(world: World, sent_at: datetime) -> None:
    """Written in local time: by its own clock this job will only be sent in some hours."""
    job = world.submit(sent_at)
    world.leave(job, "created", created=sent_at + KOLKATA, updated=sent_at)
    world.blame("job_unevaluable", job.id, "clock_skew")


# Incomplete ---------------------------------------------------------------------------------------


def region_silent(world: World, sent_at: datetime) -> None:
    """A region never answered, and the job was closed without it."""
    job = world.submit(sent_at, "objects")
    silent = world.rng.choice(job.cells).region
    _complete_without(world, job, [cell for cell in job.cells if cell.region == silent])


def insert_failed(world: World, sent_at: datetime) -> None:
    """A single result was not written."""
    shapes: tuple[Shape, ...] = ("mixed", "top_level", "duplicates", "no_models")
    job = world.submit(sent_at, world.in_turn("insert failed", shapes))
    _complete_without(world, job, [world.rng.choice(job.cells)])


def hidden_by_retries(world: World, sent_at: datetime) -> None:
    """One result is missing, and another cell has so many rows that the count is right."""
    job = world.submit(sent_at, "strings")
    start = _complete_without(world, job, [job.cells[0]])
    world.retry(job, job.cells[-1], start, times=2)


def without_questions(world: World, sent_at: datetime) -> None:
    """The product of the three lengths is 0, so that a plain count never misses anything."""
    job = world.submit(sent_at, "no_questions")
    _complete_without(world, job, [world.rng.choice(job.cells)])


def context_ended(world: World, sent_at: datetime) -> None:
    """The 15-minute context ended: most regions are whole, one has only just begun."""
    _interrupt(world, world.submit(sent_at, "strings"), CONTEXT, cause="context_timeout")


def deployed_meanwhile(world: World, sent_at: datetime) -> None:
    """The same, for a deployment cancelled the context long before it would have ended."""
    _interrupt(world, world.submit(sent_at, "strings"), timedelta(minutes=5), cause="context_cancelled")


def _interrupt(world: World, job: Submission, after: timedelta, cause: str) -> None:
    start = _picked_up(world, job)
    slow = [cell for cell in job.cells if cell.region == job.cells[-1].region]
    world.run(job, [cell for cell in job.cells if cell not in slow[1:]], start)
    closed = start + after
    world.leave(job, "failed", created=job.sent_at, updated=closed, started=start, completed=closed)
    _blame_missing(world, job, slow[1:])
    _blame_interruption(world, job, cause)


def spec_unreadable(world: World, sent_at: datetime) -> None:
    """Completed without any work, because the spec names no region."""
    job = world.submit(sent_at, "no_regions")
    end = _picked_up(world, job)
    world.leave(job, "completed", created=sent_at, updated=end, completed=end)
    world.blame("execution_missing", f"{job.id}:::", "spec_unreadable")


def _complete_without(world: World, job: Submission, missing: list[Cell]) -> datetime:
    """Complete a job some cells of which left no row; return when its worker began."""
    start = _picked_up(world, job)
    _complete(world, job, start, [cell for cell in job.cells if cell not in missing])
    _blame_missing(world, job, missing)
    return start


def _blame_interruption(world: World, job: Submission, cause: str) -> None:
    """Blame a job that was cut off, if it was between two regions: some are whole, others have gaps."""
    regions = {cell.region for cell in job.cells}
    with_gaps = {cell.region for cell in job.cells if cell not in world.written[job.id]}
    if set() < with_gaps < regions:
        world.blame("job_interrupted", job.id, cause)


def _blame_missing(world: World, job: Submission, missing: list[Cell]) -> None:
    heard = {cell.region for cell in job.cells if cell not in missing}
    for cell in missing:
        entity = f"{job.id}:{cell.region}:{cell.model or ''}:{cell.question or ''}"
        cause = "not_written" if cell.region in heard else "region_silent"
        world.blame("execution_missing", entity, cause)


# Executions that never end ------------------------------------------------------------------------


def result_lost(world: World, sent_at: datetime) -> None:
    """The job is closed, an execution of it is still open."""
    job = world.submit(sent_at)
    start = _picked_up(world, job)
    status = _hang_too_long(world, job.id, job.cells[0], since=start, cause="job_finished")
    _complete(world, job, start, job.cells[1:])
    if status != "retrying":
        world.blame("job_closed_early", job.id, "execution_open")


def provider_silent(world: World, sent_at: datetime) -> None:
    """The job itself is within its limit; one of its executions is not, and the worker has given up."""
    job = world.submit(sent_at)
    start = _picked_up(world, job)
    world.run(job, job.cells[1:-1], start)
    _hang_too_long(world, job.id, job.cells[0], since=start, cause="job_live")
    world.leave(job, "running", created=sent_at, updated=start, started=start)
    world.blame("worker_lost", job.id, "lock_gone")


def orphaned(world: World, sent_at: datetime) -> None:
    """An execution whose job somebody took away; the job that is written here has nothing to do with it."""
    job = world.submit(sent_at)
    _hang_too_long(world, None, job.cells[0], since=sent_at, cause="unknown")
    _complete(world, job, _picked_up(world, job), job.cells)


def start_not_noted(world: World, sent_at: datetime) -> None:
    """The job was cancelled while an execution of it ran, and when that began nobody has written."""
    job = world.submit(sent_at)
    start = _picked_up(world, job)
    world.run(job, job.cells[1:-1], start)
    hanging = world.hang(job.id, job.cells[0], "running", start, unstarted=True)
    world.blame("execution_unevaluable", hanging, "job_finished")
    world.leave(job, "cancelled", created=sent_at, updated=start + CONTEXT, started=start)


def created_ahead(world: World, sent_at: datetime) -> None:
    """The same, of an execution that waits and was written in local time."""
    job = world.submit(sent_at)
    start = _picked_up(world, job)
    world.run(job, job.cells[1:-1], start)
    hanging = world.hang(job.id, job.cells[0], "pending", start + KOLKATA)
    world.blame("execution_unevaluable", hanging, "clock_skew")
    world.leave(job, "cancelled", created=sent_at, updated=start + CONTEXT, started=start)


def stage_unheard_of(world: World, sent_at: datetime) -> None:
    """An execution is in a status that nobody has listed, or in none, and its job waits for it."""
    job = world.submit(sent_at)
    start = _picked_up(world, job)
    world.run(job, job.cells[1:-1], start)
    status = world.in_turn("stage unheard of", ("streaming", None))
    world.blame("execution_unevaluable", world.hang(job.id, job.cells[0], status, start), "job_live")
    world.leave(job, "running", created=sent_at, updated=start, started=start)
    world.blame("worker_lost", job.id, "lock_gone")


def orphaned_in_a_stage_unheard_of(world: World, sent_at: datetime) -> None:
    """The same, without a job; the job that is written here has nothing to do with it."""
    job = world.submit(sent_at)
    world.blame("execution_unevaluable", world.hang(None, job.cells[0], "RUNNING", since=sent_at), "unknown")
    _complete(world, job, _picked_up(world, job), job.cells)


def _hang_too_long(world: World, job_id: int | None, cell: Cell, since: datetime, cause: str) -> str:
    """Write an execution that has not ended, and blame it; return its status."""
    status = world.in_turn(f"hangs, {cause}", ("running", "pending", "running", "retrying"))
    point = "execution_running" if status == "running" else "execution_pending"
    world.blame(point, world.hang(job_id, cell, status, since), cause)
    return status


# Providers in trouble -----------------------------------------------------------------------------


def provider_cold(world: World, sent_at: datetime) -> None:
    """The answers of one region came, but each only after a cold start."""
    _call_in_trouble(world, sent_at, "runpod-us-east", "us-east", "cold_start")
    world.blame("provider_timeout", "runpod-us-east/us-east", "cold_start")


def provider_unreachable(world: World, sent_at: datetime) -> None:
    """The calls to one region were cut off by the timeout."""
    _call_in_trouble(world, sent_at, "runpod-eu-west", "eu-west", "timed_out")
    world.blame("provider_timeout", "runpod-eu-west/eu-west", "timed_out")


def provider_down(world: World, sent_at: datetime) -> None:
    """The calls to one region failed as often as they may."""
    _call_in_trouble(world, sent_at, "golem-asia-07", "asia-pacific", "retries_exhausted")
    world.blame("provider_retries_exhausted", "golem-asia-07/asia-pacific", "retries_exhausted")


def _call_in_trouble(world: World, sent_at: datetime, provider: str, region: str, trouble: Trouble) -> None:
    """Run a job of all regions, for one of which a provider in trouble is called."""
    job = world.submit(sent_at, "everywhere")
    start = _picked_up(world, job)
    end = world.run(job, [cell for cell in job.cells if cell.region != region], start).end
    in_trouble = [cell for cell in job.cells if cell.region == region]
    closed = max(end, *(world.call(job, cell, provider, start, trouble) for cell in in_trouble))
    status = "completed" if trouble == "cold_start" else "failed"
    world.leave(job, status, created=sent_at, updated=closed, started=start, completed=closed)


# A model in trouble -------------------------------------------------------------------------------


def model_broken(world: World, sent_at: datetime) -> None:
    """A model was rolled out without one of its files; every call of it fails, wherever it runs."""
    job = world.submit(sent_at, "new_model")
    start = _picked_up(world, job)
    closed = max(world.call(job, cell, f"modal-{cell.region}", start, "model_broken") for cell in job.cells)
    world.leave(job, "failed", created=sent_at, updated=closed, started=start, completed=closed)
    world.blame("failure_burst", NEW_MODEL, "failing_often")


# What the stories share ---------------------------------------------------------------------------


def _picked_up(world: World, job: Submission) -> datetime:
    """When a worker takes the job: a few seconds after it was sent."""
    return job.sent_at + timedelta(seconds=world.rng.uniform(1, 8))


def _taken(world: World, job: Submission) -> datetime:
    """The same, and the worker still holds the job."""
    start = _picked_up(world, job)
    world.queue.lock(job.jobspec_id, start)
    return start


def _wait(world: World, job: Submission) -> None:
    """Leave a job in the queue."""
    world.queue.publish(job.message, job.sent_at)
    status = world.rng.choice(("created", "queued"))
    world.leave(job, status, created=job.sent_at, updated=job.sent_at)


def _complete(
    world: World,
    job: Submission,
    start: datetime,
    cells: tuple[Cell, ...] | list[Cell],
    outage: str | None = None,
    status: str | None = None,
) -> None:
    """Run cells and close the job, by default as its failures demand; often its times are not filled in."""
    end, failure_rate = world.run(job, cells, start, outage=outage)
    closed = end + timedelta(seconds=world.rng.uniform(0.5, 4))
    status = status or ("failed" if failure_rate > 0.33 else "completed")
    world.leave(
        job,
        status,
        created=job.sent_at,
        updated=closed,
        started=world.rng.choice((start, start, None)),
        completed=world.rng.choice((closed, closed, None)),
    )
    if status == "failed":
        _blame_interruption(world, job, "context_cancelled")


def _cancel(world: World, job: Submission) -> None:
    """Stop a job half way."""
    start = _picked_up(world, job)
    end = world.run(job, job.cells[: len(job.cells) // 2], start).end
    world.leave(job, "cancelled", created=job.sent_at, updated=end, started=start)


LIVE = (
    Story(just_sent, 2, (0, 0.05)),
    Story(waiting, 14, (0.1, 1.5)),
    Story(to_be_retried, 3, (0.7, 1.5)),
    Story(being_processed, 10, (0.3, 4)),
    Story(running, 12, (0.5, 9)),
    Story(being_finalized, 2, (1, 9)),
)
"""Under way, and within every limit for some minutes more."""

HOUR, DAY = 60, 24 * 60


def taken_before(crash: timedelta) -> tuple[float, float]:
    """How many minutes ago the jobs of a crash were sent: so late that their last signs are one crash's."""
    minutes_ago = crash / timedelta(minutes=1)
    return minutes_ago + 0.3, minutes_ago + 0.48


BROKEN = (
    Story(publisher_down, 7, (8, 25)),
    Story(never_announced, 5, (HOUR, 2 * DAY)),
    Story(message_lost, 5, (7, 2 * DAY)),
    Story(not_consumed, 6, (7, 20)),
    Story(not_served, 2, (10, 20)),
    Story(retry_overdue, 5, (20, HOUR)),
    Story(retries_exhausted, 4, (HOUR, 2 * DAY)),
    Story(permanent_failure, 3, (HOUR, 2 * DAY)),
    Story(dead_and_done, 2, (HOUR, 2 * DAY)),
    Story(unparsable, 2, (HOUR, 2 * DAY)),
    Story(retried_when_done, 3, (HOUR, 2 * DAY)),
    Story(deleted_while_queued, 3, (HOUR, 2 * DAY)),
    Story(published_twice, 5, (0.2, 1.5)),
    Story(flooded, 1, (HOUR, DAY)),
    Story(publication_not_noted, 2, (HOUR, DAY)),
    Story(worker_crashed, 5, taken_before(CRASHES[1])),
    Story(worker_crashed, 4, taken_before(CRASHES[0])),
    Story(worker_lost, 3, (4 * HOUR, 5 * DAY)),
    Story(recovered_in_vain, 3, (2 * HOUR, 20 * HOUR)),
    Story(given_up, 2, (3 * HOUR, 20 * HOUR)),
    Story(worker_slow, 3, (10.8, 12)),
    Story(never_started, 4, (40, DAY)),
    Story(last_write_failed, 5, (40, 2 * DAY)),
    Story(inserts_failed, 4, (40, DAY)),
    Story(execution_hangs, 4, (40, 8 * HOUR)),
    Story(barrier_never_lifted, 3, (HOUR, 3 * DAY)),
    Story(status_unheard_of, 3, (HOUR, 2 * DAY)),
    Story(clock_missing, 2, (HOUR, DAY)),
    Story(clock_ahead, 2, (20, 3 * HOUR)),
    Story(region_silent, 4, (HOUR, 9 * DAY)),
    Story(insert_failed, 6, (HOUR, 9 * DAY)),
    Story(hidden_by_retries, 2, (HOUR, 2 * DAY)),
    Story(without_questions, 2, (HOUR, 2 * DAY)),
    Story(context_ended, 3, (HOUR, 4 * DAY)),
    Story(deployed_meanwhile, 2, (HOUR, 4 * DAY)),
    Story(spec_unreadable, 2, (HOUR, 6 * DAY)),
    Story(result_lost, 6, (HOUR, DAY)),
    Story(provider_silent, 4, (22, 27)),
    Story(orphaned, 4, (HOUR, DAY)),
    Story(start_not_noted, 2, (HOUR, DAY)),
    Story(created_ahead, 2, (HOUR, 3 * HOUR)),
    Story(stage_unheard_of, 2, (22, 27)),
    Story(orphaned_in_a_stage_unheard_of, 2, (HOUR, DAY)),
    Story(provider_cold, 4, (15, 50)),
    Story(provider_unreachable, 3, (15, 50)),
    Story(provider_down, 2, (15, 50)),
    Story(model_broken, 2, (15, 50)),
)
