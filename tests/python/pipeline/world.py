"""A pipeline in a database and a Redis of its own, and the views that are looked at again and again."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import redis
from psycopg import sql
from redis_support import breakable_redis

from pipeline import api
from pipeline.supervisor import Servers, Supervisor
from pipeline.work import CLOSED, Work
from stuck_jobs import embedded
from stuck_jobs.collect.command import Collector
from stuck_jobs.collect.redis_url import parse_redis_url
from stuck_jobs.errors import StuckJobsError
from stuck_jobs.profile import Profile

ROOT = Path(__file__).resolve().parents[3]
QUEUES = ["jobs", "jobs-eu"]
ITEMS = """
    select
        accumulation_point, cause, entity_id, coalesce(jobspec_id, entity_id) as subject, status, stuck_since
    from stuck_items
"""


@dataclass(frozen=True)
class Item:
    """Something that is stuck."""

    point: str
    cause: str
    entity: str
    subject: str
    status: str
    since: datetime | None


@dataclass(frozen=True)
class Look:
    """What the views said at one moment."""

    at: datetime
    items: list[Item]
    states: dict[str, str]
    doubts: dict[str, str | None]


@dataclass
class World:
    """One pipeline under observation.

    Attributes:
        abandoned: nobody waits for any world any more.
        postgres: the server.
        database: on it, with the views.
        redis: this world's own server.
        supervisor: of its processes.
        interval: between two looks, in seconds.
        traffic: makes healthy jobs all the time, so many between two looks.
        looks: all so far.
        flows: whether the traffic has begun.
        struck: when a fault that is none of a job's own was made.
    """

    abandoned: ClassVar[threading.Event] = threading.Event()

    postgres: embedded.Postgres
    database: str
    redis: embedded.Redis
    supervisor: Supervisor
    interval: float = 1.5
    traffic: int = 0
    looks: list[Look] = field(default_factory=list)
    struck: dict[str, datetime] = field(default_factory=dict)
    flows: threading.Event = field(default_factory=threading.Event)
    _stack: ExitStack = field(default_factory=ExitStack)
    _news: threading.Condition = field(default_factory=threading.Condition)
    _done: threading.Event = field(default_factory=threading.Event)
    _sql: psycopg.Connection[Any] | None = None
    _submitted: int = 0

    @property
    def dsn(self) -> str:
        return f"{self.postgres.dsn.rsplit(' ', 1)[0]} dbname={self.database}"

    def servers(self, role: str = "postgres", redis_user: str = "", queue: str = "jobs") -> Servers:
        """Where the pipeline's processes find everything, as whom."""
        url = self.redis.url.replace("unix://", f"unix://{redis_user}@") if redis_user else self.redis.url
        return Servers(f"{self.dsn} user={role}", url, queue)

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What an operator types; for one thread."""
        if self._sql is None or self._sql.closed:
            self._sql = psycopg.connect(self.dsn, autocommit=True, options="-c search_path=stuck_jobs,public")
        cursor = self._sql.execute(query.encode(), parameters)
        return cursor.fetchall() if cursor.description else []

    @property
    def client(self) -> redis.Redis:
        return self._client

    def submit(self, name: str, work: Work) -> None:
        self.sql("select 1")
        assert self._sql is not None
        with suppress(api.ApiCrashed):
            api.submit(self._sql, name, work)

    def republish(self, name: str, work: Work) -> None:
        self.sql("select 1")
        assert self._sql is not None
        api.republish(self._sql, name, work)

    def holder(self, name: str) -> int:
        """The process that works on a job, as soon as it has said so."""
        status = "select status from jobs where jobspec_id = %s"
        self.until(lambda: self.sql(status, name) == [("processing",)])
        return int(self.client.get(f"job:processing:{name}") or 0)

    def until_closed(self, name: str) -> None:
        self.until(lambda: self.sql("select status from jobs where jobspec_id = %s", name)[0][0] in CLOSED)

    def until(self, condition: Callable[[], Any], timeout: float = 20) -> None:
        """Poll for something that is no finding of the views."""
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, "it never came to pass"
            assert not self.abandoned.is_set()
            time.sleep(0.05)

    def found(self, enough: Callable[[Look], bool], deadline: float) -> bool:
        """Whether some look is as asked for, of all until the deadline."""
        seen = 0
        with self._news:
            while True:
                if any(map(enough, self.looks[seen:])):
                    return True
                seen = len(self.looks)
                if self.abandoned.is_set() or time.monotonic() >= deadline:
                    return False
                self._news.wait(min(0.5, max(0.0, deadline - time.monotonic())))

    def restart_redis(self) -> None:
        """After it was killed: the same server, with nothing in it."""
        directory = self.redis.directory
        process = subprocess.Popen(
            [
                embedded._redis_binary(), "--port", "0", "--unixsocket", str(directory / "redis.sock"),
                "--dir", str(directory), "--save", "", "--appendonly", "no",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)

    def __enter__(self) -> World:
        self._client = self._stack.enter_context(redis.Redis.from_url(self.redis.url))
        self._stack.callback(self.supervisor.stop)
        watch = threading.Thread(target=self._watch)
        watch.start()
        self._stack.callback(watch.join)
        self._stack.callback(self._done.set)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
        self.disconnect()

    def disconnect(self) -> None:
        """Before the server is stopped."""
        if self._sql is not None:
            self._sql.close()

    def _watch(self) -> None:
        """Look, and look again: what `collect` and the gate do in turns."""
        connection: psycopg.Connection[Any] | None = None
        while not self._done.is_set():
            started = time.monotonic()
            with suppress(psycopg.OperationalError):
                if connection is None or connection.closed:
                    connection = psycopg.connect(
                        self.dsn, autocommit=True, prepare_threshold=0,
                        options="-c search_path=stuck_jobs,public -c plan_cache_mode=force_generic_plan",
                    )  # fmt: skip
                look = self._look(connection)
                with self._news:
                    self.looks.append(look)
                    self._news.notify_all()
                self._submit_traffic(connection)
            self._done.wait(max(0.01, started + self.interval - time.monotonic()))
        if connection is not None:
            connection.close()

    def _look(self, connection: psycopg.Connection[Any]) -> Look:
        with suppress(StuckJobsError):  # a Redis that cannot be read is recorded
            self._collector().run()
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read")
            at = connection.execute("select now()").fetchall()[0][0]
            items = [Item(*row) for row in connection.execute(ITEMS).fetchall()]
            points = connection.execute(
                "select accumulation_point, state, evidence from accumulation_points"
            ).fetchall()
        states = {point: state for point, state, _ in points}
        return Look(at, items, states, {point: why for point, state, why in points if state != "ok"})

    def _collector(self) -> Collector:
        host = str(self.postgres.directory)
        profile = Profile(host, 5432, "postgres", self.database, "stuck_jobs")
        address = parse_redis_url(self.redis.url)
        return Collector(profile, ROOT, address, QUEUES, 10_000, timedelta(hours=1), timeout=2)

    def _submit_traffic(self, connection: psycopg.Connection[Any]) -> None:
        for _ in range(self.traffic if self.flows.is_set() else 0):
            self._submitted += 1
            api.submit(connection, f"healthy-{self._submitted}", healthy(self._submitted))


def healthy(number: int) -> Work:
    """Jobs of all kinds, with which nothing is wrong."""
    return Work(
        status=("created", "queued")[number % 2],
        regions=("US", "EU", "ASIA")[: 1 + number % 3],
        models=("llama", "qwen")[: 1 + number % 2],
        marks=("processing", "running")[number // 2 % 2],
        opens=number % 5 == 0,
        seconds={"EU": 0.02 * (number % 10), "ASIA": 2.0 if number % 17 == 0 else 0.1},
    )


def open_world(
    stack: ExitStack,
    postgres: embedded.Postgres,
    template: str,
    name: str,
    *,
    restarts: bool = True,
    **options: Any,
) -> World:
    """A copy of the template database, which has the views, and an empty Redis."""
    with psycopg.connect(postgres.dsn, autocommit=True) as connection:
        names = {"name": sql.Identifier(name), "template": sql.Identifier(template)}
        connection.execute(sql.SQL("create database {name} template {template}").format(**names))
        for role in (f"{name}_worker", f"{name}_publisher"):
            connection.execute(sql.SQL("create role {} login in role pipeline").format(sql.Identifier(role)))
    server = stack.enter_context(breakable_redis())
    return stack.enter_context(World(postgres, name, server, Supervisor(restarts), **options))


def kill(processes: Iterable[int], number: int = signal.SIGKILL) -> None:
    for process in processes:
        os.kill(process, number)
