"""Real Redis servers that a test may break, and ones that listen on TCP."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis
from conftest import Warehouse
from redis.backoff import NoBackoff
from redis.retry import Retry

from stuck_jobs import embedded


@contextmanager
def breakable_redis() -> Iterator[embedded.Redis]:
    """A server that is killed in the end, whatever became of it."""
    server = embedded.start_redis()
    try:
        yield server
    finally:
        for number in (signal.SIGCONT, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.kill(server.process_id, number)
        shutil.rmtree(server.directory, ignore_errors=True)


@contextmanager
def redis_on_tcp(directory: Path, *settings: str) -> Iterator[int]:
    """A server on a free port of the loopback interface, with settings of its own."""
    port = free_port()
    config = directory / f"{port}.conf"
    config.write_text("\n".join([f"port {port}", "bind 127.0.0.1", f"dir {directory}", 'save ""', *settings]))
    mode = ["--sentinel"] if any(line.startswith("sentinel ") for line in settings) else []
    with (directory / f"{port}.log").open("w") as log:
        process = subprocess.Popen([embedded._redis_binary(), str(config), *mode], stdout=log, stderr=log)
    try:
        wait_until_answering(port)
        yield port
    finally:
        process.kill()
        process.wait()


def introduce(warehouse: Warehouse, client: redis.Redis, collect: Callable[[], object]) -> None:
    """Let a collector see that a Redis is the pipeline's, so that what it lacks later is gone."""
    warehouse.execute(
        "insert into jobs (jobspec_id, jobspec_data, status) values ('introduced', '{}', 'queued')"
    )
    client.lpush("jobs", '{"id": "introduced"}')
    collect()
    client.lpop("jobs")
    warehouse.execute("delete from jobs where jobspec_id = 'introduced'")


def populate(client: redis.Redis, keys: int) -> None:
    """Let a Redis hold many keys that are none of the pipeline's."""
    client.eval("for i = 1, ARGV[1] do redis.call('SET', 'session:' .. i, '0123456789') end", 0, keys)


def free_port() -> int:
    """A port below those from which a cluster derives its bus port."""
    for port in range(20_000 + os.getpid() % 10_000, 40_000):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


def wait_until_answering(port: int) -> None:
    deadline = time.monotonic() + 10
    at_once = Retry(NoBackoff(), 0)  # by default the client itself waits, for seconds
    with redis.Redis(port=port, protocol=2, retry=at_once) as client:
        while True:
            try:
                client.ping()
                return
            except redis.AuthenticationError:
                return
            except redis.ConnectionError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
