"""Throw-away servers for the watched pipeline: its PostgreSQL and its Redis."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import click

from stuck_jobs.dbt_project import example_profiles, find_project
from stuck_jobs.embedded import Postgres, Redis, start_postgres, start_redis
from stuck_jobs.errors import StuckJobsError


@dataclass(frozen=True)
class Servers:
    """A PostgreSQL and a Redis that belong together."""

    postgres: Postgres
    redis: Redis

    @property
    def variables(self) -> dict[str, str]:
        """`PGHOST` and its like, and `REDIS_URL`, which lead to the servers."""
        return self.postgres.environment | {"REDIS_URL": self.redis.url}

    @property
    def environment(self) -> dict[str, str]:
        """This process's environment, in which these variables lead to the servers and nowhere else."""
        others = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return others | self.variables


def start_servers(stack: ExitStack) -> Servers:
    """Start both servers; they are stopped when the stack unwinds.

    Args:
        stack: takes their removal.

    Raises:
        EmbeddedServerError: if one of them does not start.
    """
    with uninterrupted():
        postgres = start_postgres()
        stack.callback(postgres.stop)
        redis = start_redis()
        stack.callback(redis.stop)
    return Servers(postgres, redis)


@contextmanager
def pointing_to(servers: Servers) -> Iterator[None]:
    """Let this process's own variables lead to the servers for the length of a `with` block."""
    before = dict(os.environ)
    inside = servers.environment
    os.environ.clear()
    os.environ.update(inside)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back for the length of a `with` block.

    Within it something is made and its removal is arranged; a signal in between would leave it behind.
    """
    held: list[int] = []
    handlers = {
        number: signal.signal(number, lambda received, _: held.append(received))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for received in held[:1]:
            signal.raise_signal(received)


@click.command(context_settings={"allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def sandbox(ctx: click.Context, command: tuple[str, ...]) -> None:
    """Run COMMAND with a throw-away PostgreSQL, which holds the pipeline's empty tables, and Redis.

    PGHOST and its like lead to the one, REDIS_URL to the other, DBT_PROFILES_DIR to the example profile
    unless it is set. The exit code is the command's. Example:

        stuck-jobs sandbox -- sh -c 'stuck-jobs collect && dbt build'
    """
    import psycopg

    from stuck_jobs.demo.load import create_source

    program = shutil.which(command[0])
    if program is None:
        raise StuckJobsError(f"there is no command {command[0]}")
    with ExitStack() as stack:
        servers = start_servers(stack)
        profiles = stack.enter_context(example_profiles(find_project()))
        with psycopg.connect(servers.postgres.dsn) as connection:
            create_source(connection)
        environment = {"DBT_PROFILES_DIR": str(profiles)} | servers.environment
        finished = subprocess.run([program, *command[1:]], env=environment, check=False)
    ctx.exit(finished.returncode if finished.returncode >= 0 else 128 - finished.returncode)
