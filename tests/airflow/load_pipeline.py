"""Put a new pipeline into the servers that PGHOST and REDIS_URL lead to, with the project's own Python."""

import argparse
import os
from datetime import UTC, datetime

import psycopg
import redis

from stuck_jobs.demo.generator import MIN_JOBS, generate
from stuck_jobs.demo.load import load, load_queue

parser = argparse.ArgumentParser()
parser.add_argument("--healthy", action="store_true")
pipeline = generate(datetime.now(UTC), seed=7, jobs=MIN_JOBS, healthy=parser.parse_args().healthy)
with psycopg.connect() as connection:
    connection.execute("truncate jobs, executions, outbox")
    load(connection, pipeline)
with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
    client.flushall()
    load_queue(client, pipeline.queue)
