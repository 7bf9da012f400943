"""An application on Chancy whose workers are killed; libpq's variables say where it is."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import UTC, datetime, timedelta

from chancy import Chancy, Job, Queue, Worker
from chancy.job import Reference
from chancy.plugin import Plugin
from chancy.plugins.cron import Cron
from chancy.plugins.leadership import ImmediateLeadership
from chancy.plugins.recovery import Recovery
from chancy.plugins.retry import RetryPlugin

ALWAYS = 10**9
"""In seconds: a window of a rate limit that does not end before 2033."""

AT_ONCE = {"retry_settings": {"backoff": 0, "backoff_jitter": [0, 0]}}
IN_AN_HOUR = {"retry_settings": {"backoff": 3600, "backoff_limit": 3600, "backoff_jitter": [0, 0]}}


def ok(secret: str) -> None:
    """End at once."""


def fails(secret: str) -> None:
    """Fail for good, in more than one line."""
    raise ValueError(f"no luck\n{secret}\nwith it")


def sleeps(secret: str) -> None:  # noqa: ARG001
    """Be at work for long."""
    time.sleep(600)


def application(*plugins: Plugin) -> Chancy:
    """The application, which recovers nothing and deletes nothing unless it is told to."""
    return Chancy("", plugins=[Cron(poll_interval=1), *plugins], no_default_plugins=True)


def queue(name: str, **options: object) -> Queue:
    """A queue whose jobs run in threads, so that nothing outlives its worker."""
    settings = {"executor": Chancy.Executor.Threaded, "polling_interval": 1, "concurrency": 20} | options
    return Queue(name, **settings)  # type: ignore[arg-type]


async def prepare() -> None:
    """Make the tables and the queues."""
    async with application() as app:
        await app.migrate()
        for declared in (
            queue("default"),
            queue("paused"),
            queue("full", concurrency=1),
            queue("limited", rate_limit=1, rate_limit_window=ALWAYS),
            queue("tagged", tags={"has=gpu"}),
            *(queue(name, tags={f"for={name}"}) for name in ("fragile", "forgotten", "drained")),
        ):
            await app.declare(declared)
        await app.pause_queue("paused")


async def push(secret: str, jobs: str) -> None:
    """Push jobs, each with its function, queue, minutes until it is due and attempts, and print their ids."""
    async with application() as app:
        for func, name, minutes, attempts in json.loads(jobs):
            job = Job.from_func(globals()[func], queue=name, kwargs={"secret": secret})
            job = job.with_max_attempts(attempts).with_meta(IN_AN_HOUR if attempts > 2 else AT_ONCE)
            due = datetime.now(UTC) + timedelta(minutes=minutes)
            print((await app.push(job.with_scheduled_at(due))).identifier)


async def schedule(secret: str, ticks: str) -> None:
    """Have jobs pushed every minute, each with its function and queue by its key."""
    async with application() as app:
        for key, (func, name) in json.loads(ticks).items():
            job = Job.from_func(globals()[func], queue=name, kwargs={"secret": secret})
            await Cron.schedule(app, "* * * * *", job.with_unique_key(key))


async def cancel(job_id: str) -> None:
    """Cancel a job."""
    async with application() as app:
        await app.cancel_job(Reference(job_id))


async def retry(job_id: str) -> None:
    """Have a job done again."""
    async with application() as app:
        await app.retry_jobs([Reference(job_id)])


async def work(tag: str) -> None:
    """Be a worker until told to stop, and then until its jobs are done."""
    recovers = [ImmediateLeadership(), Recovery(poll_interval=1)] if tag == "recovers" else []
    options = {"heartbeat_poll_interval": 1, "queue_change_poll_interval": 1, "shutdown_timeout": 600}
    app = application(RetryPlugin(), *recovers)
    async with app, Worker(app, tags={f"for={tag}"}, **options) as worker:  # type: ignore[arg-type]
        await worker.wait_for_shutdown()


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    commands = (prepare, push, schedule, cancel, retry, work)
    asyncio.run({run.__name__: run for run in commands}[command](*arguments))  # type: ignore[operator]
