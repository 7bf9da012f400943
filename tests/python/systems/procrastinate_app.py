"""An application on Procrastinate whose workers are killed; libpq's variables say where it is."""

from __future__ import annotations

import asyncio
import time

import procrastinate

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=""))


@app.task(queue="default", name="ok")
async def ok(secret: str) -> None:
    """End at once."""


@app.task(queue="default", name="fails")
async def fails(secret: str) -> None:
    """Fail for good."""
    raise ValueError(f"no luck with {secret}")


@app.task(queue="default", name="retried", retry=procrastinate.RetryStrategy(max_attempts=1))
async def retried(secret: str) -> None:
    """Fail, be tried again, and fail for good."""
    raise TimeoutError(secret)


@app.task(
    queue="default", name="waits_for_retry", retry=procrastinate.RetryStrategy(max_attempts=3, wait=3600)
)
async def waits_for_retry(secret: str) -> None:
    """Fail, and be tried again in an hour."""
    raise TimeoutError(secret)


@app.task(queue="default", name="sleeps")
async def sleeps(secret: str, seconds: float = 600) -> None:  # noqa: ARG001
    """Be at work for long."""
    await asyncio.sleep(seconds)


@app.task(queue="default", name="blocks")
def blocks(secret: str) -> None:
    """Be at work for long, and deaf to whoever wants it to stop."""
    time.sleep(600 if secret else 0)


@app.task(queue="default", name="collides", retry=procrastinate.RetryStrategy(max_attempts=3))
async def collides(secret: str, seconds: float) -> None:
    """Fail after a while, and be tried again if nothing is in the way."""
    await asyncio.sleep(seconds)
    raise TimeoutError(secret)


@app.periodic(cron="* * * * *")
@app.task(queue="default", name="ticks", queueing_lock="ticks")
async def ticks(timestamp: int) -> None:
    """Run every minute."""
