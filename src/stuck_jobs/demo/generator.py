"""A seeded pipeline: two weeks of jobs, most of them healthy, some broken in every way that we look for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from stuck_jobs.demo.queue import Queue
from stuck_jobs.demo.stories import BROKEN, LIVE, Story, finished
from stuck_jobs.demo.world import Execution, Fault, Job, OutboxMessage, Recovery, World

HISTORY = timedelta(days=14)
LAST_FINISHED = timedelta(minutes=15)
MIN_JOBS = 200
"""Fewer would leave no healthy majority."""


@dataclass(frozen=True)
class Pipeline:
    """The rows of the three tables, in the order of their primary keys, and what is in Redis.

    Attributes:
        now: the moment at which it all looks like this, zone-less UTC like every time in it.
        jobs: rows of `jobs`.
        executions: rows of `executions`.
        outbox: rows of `outbox`.
        recoveries: rows of `recovery_log`, without primary keys.
        queue: the messages and the workers' locks.
        faults: exactly what `stuck_items` has to list.
    """

    now: datetime
    jobs: list[Job]
    executions: list[Execution]
    outbox: list[OutboxMessage]
    recoveries: list[Recovery]
    queue: Queue
    faults: list[Fault]


def generate(now: datetime, seed: int = 7, jobs: int = 2400, healthy: bool = False) -> Pipeline:
    """Generate a pipeline; the same arguments give the same rows.

    Args:
        now: the present, with its time zone.
        seed: decides everything that is left to chance.
        jobs: how many, at least `MIN_JOBS`; there are about ten executions per job.
        healthy: whether to break nothing.

    Raises:
        ValueError: if there are too few jobs for the stories to tell.
    """
    if jobs < MIN_JOBS:
        raise ValueError(f"a pipeline has at least {MIN_JOBS} jobs, not {jobs}")
    world = World(now.astimezone(UTC).replace(tzinfo=None), Random(seed))  # noqa: S311
    told = LIVE if healthy else LIVE + BROKEN
    plan = [(_sent_at(world, story), story) for story in told for _ in range(story.times)]
    plan += [(_working_hours(world), Story(finished)) for _ in range(jobs - len(plan))]
    for sent_at, story in sorted(plan, key=lambda planned: planned[0]):
        story.tell(world, sent_at)
    return Pipeline(
        world.now,
        world.jobs,
        world.executions,
        world.outbox,
        world.recoveries,
        world.queue,
        world.faults,
    )


def _sent_at(world: World, story: Story) -> datetime:
    return world.now - timedelta(minutes=world.rng.uniform(*story.minutes_ago))


def _working_hours(world: World) -> datetime:
    """Some time in the history; a night hour has a third of the jobs of a day hour."""
    while True:
        at = world.now - LAST_FINISHED - world.rng.random() * (HISTORY - LAST_FINISHED)
        if 7 <= at.hour < 22 or world.rng.random() < 0.33:
            return at
