"""The outbox publisher, and the mover that puts due retries back into the queue."""

from __future__ import annotations

import json
import os
import signal
import time

import psycopg
import redis

from pipeline.database import Database
from pipeline.work import Servers

PAUSE = 0.05


def publish(servers: Servers) -> None:
    """Push what is in the outbox, for ever; fault steps: `pushed` (dies), `dropped` (not pushed at all)."""
    database, queue = Database(servers.dsn), redis.Redis.from_url(servers.redis_url, socket_timeout=2)
    while True:
        try:
            waiting = database.execute(
                "select id, topic, payload from outbox where published_at is null order by id limit 100"
            )
            for number, topic, payload in waiting:
                fault = payload.pop("fault", {})
                step, armed = fault.get("step"), bool(fault)
                if step in ("pushed", "dropped"):
                    armed = bool(queue.set(f"fault:{payload['id']}", 1, nx=True))
                elif armed:
                    payload["fault"] = fault
                if not (armed and step == "dropped"):
                    queue.lpush(topic, json.dumps(payload))
                if armed and step == "pushed":
                    os.kill(os.getpid(), signal.SIGKILL)
                database.execute("update outbox set published_at = now() where id = %s", number)
        except (psycopg.Error, redis.RedisError) as error:
            print(f"publisher: {error}", flush=True)
        time.sleep(PAUSE)


def move_retries(servers: Servers) -> None:
    """Put every retry that is due back into the queue, for ever."""
    queue = redis.Redis.from_url(servers.redis_url, socket_timeout=2)
    move = queue.register_script(
        """
        for _, message in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])) do
            redis.call('LPUSH', KEYS[2], message)
            redis.call('ZREM', KEYS[1], message)
        end
        """
    )
    while True:
        try:
            move(keys=[f"{servers.queue}:retry", servers.queue], args=[time.time()])
        except redis.RedisError as error:
            print(f"mover: {error}", flush=True)
        time.sleep(PAUSE)
