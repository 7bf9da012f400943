"""A cluster that somebody else has started, and the commands as a user calls them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from benchmarks.clusters import LAYOUTS, PLAIN, Database, copy_raw_tables, database
from stuck_jobs import embedded
from stuck_jobs.dbt_project import example_profiles
from stuck_jobs.demo.generator import Pipeline, generate
from stuck_jobs.demo.load import load, load_earlier_looks, load_queue, load_recoveries
from stuck_jobs.demo.queue import QUEUE, UNSERVED

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "python"))  # whose pipelines are made here as well

RAW = "stuck_jobs_raw"
QUEUES = ("--queue", QUEUE, "--queue", UNSERVED)
WITHOUT_UNIT_TESTS = ("--exclude", "test_type:unit")


@dataclass(frozen=True)
class Watched:
    """A database, and the commands aimed at it."""

    database: Database
    variables: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """Of the commands."""
        return os.environ | self.variables | self.database.environment

    def run(self, *command: str, expect: tuple[int, ...] = (0,)) -> str:
        program = Path(sys.executable).with_name(command[0])
        finished = subprocess.run(
            [program, *command[1:]], cwd=ROOT, env=self.environment,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        output = finished.stdout + finished.stderr
        assert finished.returncode in expect, f"{' '.join(command)}: {finished.returncode}\n{output}"
        return output

    def collect(self) -> str:
        return self.run("stuck-jobs", "collect", *QUEUES)

    def build(self, *arguments: str, expect: tuple[int, ...] = (1,)) -> str:
        output = self.dbt("build", *WITHOUT_UNIT_TESTS, *arguments, expect=expect)
        assert "Database Error" not in output, output
        return output

    def dbt(self, *arguments: str, expect: tuple[int, ...] = (0,)) -> str:
        variables = yaml.safe_dump({"source_schema": self.database.schema}, default_flow_style=True)
        target = ["--target-path", self.variables["DBT_TARGET_PATH"], "--no-use-colors"]
        return self.run("dbt", *arguments, *target, "--vars", variables, expect=expect)

    def check(self, expect: tuple[int, ...] = (0, 1)) -> str:
        return self.run("stuck-jobs", "check", "--no-collect", expect=expect)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.database.rows(query)


@pytest.fixture(scope="session")
def url() -> str:
    if found := os.environ.get("CITUS_URL"):
        return found
    pytest.skip("CITUS_URL names no cluster")


@pytest.fixture(scope="session")
def queue() -> Iterator[embedded.Redis]:
    with embedded.redis_server() as server:
        yield server


@pytest.fixture(scope="session")
def watching(
    queue: embedded.Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Database], Watched]]:
    with example_profiles(ROOT) as profiles:

        def watched(database: Database) -> Watched:
            target = str(tmp_path_factory.mktemp("target"))
            return Watched(
                database,
                {
                    "REDIS_URL": queue.url,
                    "DBT_PROFILES_DIR": str(profiles),
                    "DBT_PROJECT_DIR": str(ROOT),
                    "DBT_TARGET_PATH": target,
                    "DBT_LOG_PATH": target,
                },
            )

        yield watched


@pytest.fixture(scope="session")
def demo(queue: embedded.Redis) -> Pipeline:
    pipeline = generate(datetime.now(UTC), 1, 2400, False)
    with redis.Redis.from_url(queue.url) as client:
        load_queue(client, pipeline.queue)
    return pipeline


def fill(watched: Watched, pipeline: Pipeline) -> None:
    with watched.database.connected() as connection:
        connection.autocommit = False
        load(connection, pipeline)
    watched.collect()
    with watched.database.connected() as connection:
        connection.autocommit = False
        load_recoveries(connection, RAW, pipeline.recoveries)
        load_earlier_looks(connection, RAW)


@pytest.fixture(scope="session", params=LAYOUTS)
def layout(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def plain(
    url: str,
    layout: str,  # noqa: ARG001, each has one
    watching: Callable[[Database], Watched],
    demo: Pipeline,
) -> Iterator[Watched]:
    with database(url, PLAIN) as made:
        watched = watching(made)
        fill(watched, demo)
        watched.build()
        yield watched


@pytest.fixture(scope="session")
def cluster(
    url: str, layout: str, watching: Callable[[Database], Watched], demo: Pipeline, plain: Watched
) -> Iterator[Watched]:
    with database(url, layout) as made:
        watched = watching(made)
        fill(watched, demo)
        copy_raw_tables(plain.database, made, RAW)
        watched.build()
        yield watched
