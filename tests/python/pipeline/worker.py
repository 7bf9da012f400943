"""A worker process. It dies where a fault says so, and for real: nothing is cleaned up.

Steps, in their order: popped, locked, claimed (status processing), started (status running), then for each
call opened (execution running; only of jobs that open them), calling, called, written; then executed, closed
(final status), released. A write's step is reached when it is written.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from typing import Any

import psycopg
import redis
from psycopg.types.json import Jsonb

from pipeline.database import Database
from pipeline.work import (
    CALL_TIMEOUT,
    CLOSED,
    CONTEXT,
    GRACE,
    LOCK_TTL,
    MAX_ATTEMPTS,
    ROUTER_REGIONS,
    Servers,
)

BACKOFF = 0.2
CALL_SECONDS = 0.05
DEATHS = {"die": signal.SIGKILL, "exhaust": signal.SIGKILL, "panic": signal.SIGABRT}


class StepFailed(Exception):  # noqa: N818
    """A step went wrong in a way that a retry may mend."""


class InvalidSpec(Exception):  # noqa: N818
    """A job that no retry can mend."""


class Abandoned(Exception):  # noqa: N818
    """The code left the job as it was, without an error that anybody handles."""


@dataclass(frozen=True)
class Cell:
    """One call of a job."""

    region: str
    model: str
    question: str


@dataclass
class Run:
    """A job under a worker, with its context: ended by the fault, the worker's end or its deadline."""

    name: str
    fault: dict[str, Any]
    redis: redis.Redis
    deadline: float = float("inf")
    cancelled: threading.Event = field(default_factory=threading.Event)
    spec: dict[str, Any] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        return self.cancelled.is_set() or time.monotonic() >= self.deadline

    def sleep(self, seconds: float) -> None:
        """Wait, but no longer than the context lasts."""
        self.cancelled.wait(max(0, min(seconds, self.deadline - time.monotonic())))

    def action(self, step: str, cell: Cell | None = None) -> str | None:
        """What the fault does at a step."""
        wanted = self.fault.get("region"), self.fault.get("question")
        here = (cell.region, cell.question) if cell else (None, None)
        strikes = all(want in (None, have) for want, have in zip(wanted, here, strict=True))
        return self.fault["action"] if strikes and self.fault.get("step") == step else None

    def reach(self, step: str, cell: Cell | None = None) -> None:
        """Suffer the fault, if it strikes here."""
        action = self.action(step, cell)
        if action in DEATHS:
            os.kill(os.getpid(), DEATHS[action])
        elif action == "wait":
            while not self.redis.exists(f"go:{self.name}") and not self.is_over:
                time.sleep(0.02)
        elif action == "hang":
            time.sleep(3600)
        elif action == "cancel":
            self.cancelled.set()
        elif action == "fail":
            raise StepFailed(f"{step} failed")
        elif action == "abandon":
            raise Abandoned


class Worker:
    """Takes one job after the other."""

    def __init__(self, servers: Servers) -> None:
        self.queue = servers.queue
        self.redis = redis.Redis.from_url(servers.redis_url, socket_timeout=5)
        self.database = Database(servers.dsn)
        self.run: Run | None = None
        self.stops = False
        signal.signal(signal.SIGTERM, self._terminate)

    def _terminate(self, *_: object) -> None:
        """The parent of every context is cancelled."""
        self.stops = True
        if self.run:
            self.run.cancelled.set()

    def serve(self) -> None:
        while not self.stops:
            try:
                if popped := self.redis.brpop([self.queue], timeout=1):
                    self._handle(json.loads(popped[1]))
            except redis.RedisError as error:
                print(f"worker: {error}", flush=True)
                time.sleep(0.1)

    def _handle(self, message: dict[str, Any]) -> None:
        name, fault = message.get("jobspec_id") or message["id"], message.get("fault") or {}
        if fault and not fault["always"] and not self.redis.set(f"fault:{name}", 1, nx=True):
            fault = {}
        run = self.run = Run(name, fault, self.redis)
        run.reach("popped")
        lock = f"job:processing:{name}"
        if not self.redis.set(lock, os.getpid(), nx=True, px=int(LOCK_TTL * 1000)):
            return
        self.redis.set(f"jobs:processing:{message['id']}", 1, px=int(LOCK_TTL * 1000))
        try:
            run.reach("locked")
            self._attempt(run)
        except InvalidSpec as error:
            self._bury(run, message, error)
        except (StepFailed, psycopg.Error) as error:
            self._retry(run, message, error)
        except Abandoned:
            print(f"worker: {name} abandoned", flush=True)
        self.redis.delete(lock, f"jobs:processing:{message['id']}")
        run.reach("released")

    def _attempt(self, run: Run) -> None:
        found = self.database.execute("select jobspec_data, status from jobs where jobspec_id = %s", run.name)
        if not found or found[0][1] in CLOSED:
            return
        run.spec = found[0][0]
        lists = run.spec["constraints"]["regions"], run.spec["metadata"]["models"], run.spec["questions"]
        cells = [Cell(*parts) for parts in product(*lists)]
        if not cells:
            raise InvalidSpec("the spec names no region")
        self._claim(run)
        run.deadline = time.monotonic() + CONTEXT
        with ThreadPoolExecutor(len(cells)) as goroutines:
            outcomes = list(goroutines.map(lambda cell: self._execute(run, cell), cells))
        run.reach("executed")
        succeeded = outcomes.count(True) / len(cells) >= run.spec["constraints"]["min_success_rate"]
        try:
            self._write(
                run, "closed",
                "update jobs set status = %s, updated_at = now(), completed_at = now() where jobspec_id = %s",
                "completed" if succeeded else "failed", run.name,
            )  # fmt: skip
        except psycopg.Error as error:  # as in the source: logged, and nothing else
            print(f"worker: {run.name} not closed: {error}", flush=True)

    def _claim(self, run: Run) -> None:
        processing = "update jobs set status = 'processing', updated_at = now() where jobspec_id = %s"
        self._write(run, "claimed", processing, run.name)
        if (marks := run.spec["simulation"]["marks"]) != "processing":
            start = "null" if marks == "unstarted" else "now()"
            running = f"status = 'running', started_at = {start}, updated_at = now()"
            self._write(run, "started", f"update jobs set {running} where jobspec_id = %s", run.name)

    def _write(self, run: Run, step: str, query: str, *parameters: Any, cell: Cell | None = None) -> Any:
        """One statement, unless the fault is that it is not made, comes late or does not succeed."""
        match run.action(step, cell):
            case "skip":
                return None
            case "forget":
                raise Abandoned
            case "late":
                time.sleep(GRACE)
            case "break":
                query, parameters = "select 1 / 0", ()
            case "cut":
                query, parameters = "select pg_terminate_backend(pg_backend_pid())", ()
        rows = self.database.execute(query, *parameters)
        run.reach(step, cell)
        return rows[0][0] if rows else None

    def _execute(self, run: Run, cell: Cell) -> bool:
        """One call; whether it succeeded."""
        if run.is_over:
            return False
        execution = self._open(run, cell) if run.spec["simulation"]["opens"] else None
        if run.action("opened", cell) == "requeue":
            return True
        run.reach("calling", cell)
        started = datetime.now(UTC)
        status, failure, retries = _call(run, cell)
        run.reach("called", cell)
        if run.is_over:
            return False
        result = {
            "started_at": started, "completed_at": datetime.now(UTC), "status": status,
            "output_data": Jsonb(failure), "retry_count": retries,
        }  # fmt: skip
        record = threading.Thread(target=self._record, args=(run, cell, execution, result))
        record.start()
        if run.action("written", cell) != "late":
            record.join()
        return status == "completed"

    def _open(self, run: Run, cell: Cell) -> Any:
        status = "retrying" if run.action("opened", cell) == "requeue" else "running"
        return self._insert(run, "opened", cell, {"started_at": datetime.now(UTC), "status": status})

    def _record(self, run: Run, cell: Cell, execution: int | None, result: dict[str, Any]) -> None:
        try:
            if execution is None:
                self._insert(run, "written", cell, result)
            else:
                columns = ", ".join(f"{column} = %s" for column in result)
                update = f"update executions set {columns} where id = %s"
                self._write(run, "written", update, *result.values(), execution, cell=cell)
        except psycopg.Error as error:  # as in the source: logged, and nothing else
            print(f"worker: execution of {run.name} not written: {error}", flush=True)

    def _insert(self, run: Run, step: str, cell: Cell, values: dict[str, Any]) -> Any:
        region, provider = ROUTER_REGIONS[cell.region], run.spec["simulation"]["provider"]
        values = values | {
            "created_at": values["started_at"], "provider_id": f"{provider}-{region}",
            "region": region, "model_id": cell.model, "question_id": cell.question,
        }  # fmt: skip
        columns, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        insert = f"insert into executions (job_id, {columns}) select id, {marks} from jobs"
        insert += " where jobspec_id = %s returning id"
        return self._write(run, step, insert, *values.values(), run.name, cell=cell)

    def _retry(self, run: Run, message: dict[str, Any], error: Exception) -> None:
        """Back into the queue later, or into the dead letters after the last attempt."""
        attempts = message.get("attempts", 0) + 1
        again = message | {"attempts": attempts, "max_retries": MAX_ATTEMPTS, "error": str(error)}
        again["jobspec_id"] = run.name
        if attempts < MAX_ATTEMPTS:
            due = time.time() + BACKOFF * 2**attempts
            self.redis.zadd(f"{self.queue}:retry", {json.dumps(again): due})
        else:
            self.redis.lpush(f"{self.queue}:dead", json.dumps(again))
        with suppress(psycopg.Error):
            self.database.execute(
                "update jobs set status = %s, updated_at = now() "
                "where jobspec_id = %s and status in ('processing', 'running')",
                "queued" if attempts < MAX_ATTEMPTS else "failed", run.name,
            )  # fmt: skip

    def _bury(self, run: Run, message: dict[str, Any], error: Exception) -> None:
        """Into the dead letters at once."""
        letter = {"jobspec_id": run.name, "attempts": 1, "max_retries": MAX_ATTEMPTS, "error": str(error)}
        self.redis.lpush(f"{self.queue}:dead", json.dumps(message | letter))
        self.database.execute(
            "update jobs set status = 'failed', updated_at = now(), completed_at = now() "
            "where jobspec_id = %s", run.name,
        )  # fmt: skip


def _call(run: Run, cell: Cell) -> tuple[str, dict[str, Any] | None, int]:
    """The provider's answer: the execution's status, what failed, and how often it was asked again."""
    simulation = run.spec["simulation"]
    match simulation["answer"]:
        case "unavailable":
            return "failed", {"failure": {"type": "unavailable", "component": "provider"}}, 3
        case "timeout":
            run.sleep(CALL_TIMEOUT)
            return "failed", {"failure": {"type": "timeout", "component": "provider"}}, 1
        case "cold":
            run.sleep(CALL_TIMEOUT * 1.2)
        case _:
            run.sleep(simulation["seconds"].get(cell.region, CALL_SECONDS))
    return "completed", None, 0


def work(servers: Servers) -> None:
    """Serve until SIGTERM."""
    Worker(servers).serve()
