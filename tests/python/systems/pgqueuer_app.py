"""An application on PgQueuer whose workers are killed; libpq's variables say where it is."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
from pgqueuer import PgQueuer
from pgqueuer.adapters.cli.supervisor import runit
from pgqueuer.db import PsycopgDriver
from pgqueuer.errors import RetryRequested
from pgqueuer.executors import DatabaseRetryEntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.models import Job, Schedule
from pgqueuer.queries import Queries
from pgqueuer.types import QueueExecutionMode

EVERY_MINUTE = "* * * * *"


async def ok(job: Job) -> None:
    """End at once."""


async def fails(job: Job) -> None:
    """Fail for good."""
    raise ValueError(f"no luck with {job.payload!r}")


async def sleeps(job: Job) -> None:  # noqa: ARG001
    """Be at work for long."""
    await asyncio.sleep(600)


async def blocks(job: Job) -> None:  # noqa: ARG001
    """Be at work for long, and keep the worker from anything else."""
    time.sleep(600)


async def again_in_an_hour(job: Job) -> None:
    """Fail, and be tried again in an hour."""
    raise RetryRequested(delay=timedelta(hours=1), reason=f"no luck with {job.payload!r}")


async def tick(schedule: Schedule) -> None:
    """Do what is to be done every minute."""


async def long_tick(schedule: Schedule) -> None:  # noqa: ARG001
    """Take longer than a minute for it."""
    await asyncio.sleep(600)


def once_more(parameters: EntrypointExecutorParameters) -> DatabaseRetryEntrypointExecutor:
    """Try again once, at once."""
    return DatabaseRetryEntrypointExecutor(parameters=parameters, max_attempts=1, initial_delay=timedelta(0))


@asynccontextmanager
async def worker() -> AsyncIterator[PgQueuer]:
    """A worker of the entrypoints and schedules that SERVED names."""
    pgq = PgQueuer(await connect())
    for name in os.environ["SERVED"].split():
        if name.endswith("_tick"):
            pgq.schedule(name, EVERY_MINUTE)(tick)
        elif name.endswith("_long"):
            pgq.schedule(name, EVERY_MINUTE)(long_tick)
        elif name == "held":
            pgq.entrypoint(name, on_failure="hold")(fails)
        elif name == "retried":
            pgq.entrypoint(name, on_failure="hold", executor_factory=once_more)(fails)
        elif name.startswith("limited"):
            pgq.entrypoint(name, concurrency_limit=1)(sleeps)
        else:
            pgq.entrypoint(name)(globals().get(name, sleeps))
    yield pgq


async def connect() -> PsycopgDriver:
    """Our database."""
    return PsycopgDriver(await psycopg.AsyncConnection.connect(autocommit=True))


async def enqueue(secret: str, minutes: str, *entrypoints: str) -> None:
    """Enqueue a job of each entrypoint, due in some minutes, and print their ids."""
    queries = Queries(await connect())
    for entrypoint in entrypoints:
        due = timedelta(minutes=int(minutes))
        (job_id,) = await queries.enqueue(entrypoint, secret.encode(), execute_after=due)
        print(job_id)


async def cancel(job_id: str) -> None:
    """Cancel a job."""
    await Queries(await connect()).mark_job_as_cancelled([int(job_id)])


async def work() -> None:
    """Be a worker until told to stop, as `pgq run` is, which fails: findings/pgqueuer-run-and-typer.sh."""
    await runit(
        worker,
        dequeue_timeout=timedelta(seconds=1),
        batch_size=10,
        restart_delay=timedelta(0),
        restart_on_failure=False,
        shutdown=asyncio.Event(),
        mode=QueueExecutionMode.continuous,
        max_concurrent_tasks=None,
        shutdown_on_listener_failure=False,
    )


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    asyncio.run({"enqueue": enqueue, "cancel": cancel, "work": work}[command](*arguments))
