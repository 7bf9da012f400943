"""Takes the README's picture of the report: the demo's pipeline over some minutes, put right in part.

stuck-jobs sandbox -- python tests/python/report_picture.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import redis
from browser import browsing

from stuck_jobs.collect.store import raw_schema
from stuck_jobs.demo.generator import generate
from stuck_jobs.demo.load import load, load_queue, load_recoveries

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "images" / "report.png"
ROUNDS = 14
PAUSE = 12.0
"""Between two rounds, in seconds."""

RECOVERIES = {
    5: ("recover", "--point", "worker_lost", "--apply", "--force"),
    8: ("recover", "--point", "job_not_closed", "--apply", "--force"),
    10: ("requeue", "--apply"),
    11: ("recover", "--point", "execution_running", "--apply", "--force"),
}
"""What an engineer does, by the number of the round."""


def main() -> None:
    pipeline = generate(datetime.now(UTC))
    with psycopg.connect() as connection:
        load(connection, pipeline)
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        load_queue(client, pipeline.queue)
    call("stuck-jobs", "collect")
    with psycopg.connect() as connection:
        load_recoveries(connection, raw_schema(), pipeline.recoveries)
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(ROUNDS):
            started = time.monotonic()
            call("stuck-jobs", "collect")
            selection = ("--select", "accumulation_history") if number else ()
            call("dbt", "--quiet", "run", *selection, "--target-path", scratch, "--log-path", scratch)
            if number in RECOVERIES:
                call("stuck-jobs", *RECOVERIES[number])
            time.sleep(max(0.0, started + PAUSE - time.monotonic()))
        page = Path(scratch) / "report.html"
        call("stuck-jobs", "report", "--output", str(page))
        with browsing() as tab:
            tab.look(width=1280, height=1000)
            tab.open(page.as_uri())
            tab.picture(PICTURE)
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")


def call(program: str, *arguments: str) -> None:
    subprocess.run([Path(sys.executable).with_name(program), *arguments], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
