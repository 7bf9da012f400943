from __future__ import annotations

import gc
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import filelock
import psycopg
import pytest
import yaml
from click.testing import CliRunner
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt.parser.manifest import extended_mashumaro_encoder, extended_mashumuro_decoder
from hypothesis import HealthCheck, settings
from nursery import close_nursery, open_nursery
from pipelines import roll_back
from progress import Progress
from psycopg import sql
from repeated_dbt import prepare_for_many_runs

import stuck_jobs
from stuck_jobs import embedded

ROOT = Path(__file__).resolve().parents[2]
SOURCE_SCHEMA = Path(stuck_jobs.__file__).with_name("source_schema.sql").read_text()

_common = {
    "deadline": None,
    "max_examples": 100,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}
settings.register_profile("local", **_common)
settings.register_profile("ci", **_common | {"max_examples": 50}, derandomize=True, database=None)
settings.register_profile("brief", settings.get_profile("ci"), max_examples=10)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "local"))

PARSED_SCHEMA = "stuck_jobs"
"""For which dbt parses our project, whatever the schema that it then builds in."""

UNHEARD = ("--log-level", "none", "--log-level-file", "none")
"""Of what dbt says in this process, its events are kept, and nothing is written."""

SHAPING = frozenset(
    {"job_system", "source_schema", "jobs_table", "executions_table", "outbox_table", "stuck_jobs_schema"}
)
"""The variables of which it depends what dbt parses; all others it looks up again when it compiles."""

gc.set_threshold(200_000, 50, 100)
"""dbt makes objects by the million, which the default has the collector look at again and again."""

prepare_for_many_runs()


@pytest.hookimpl(trylast=True)  # after the terminal has its reporter
def pytest_configure(config: pytest.Config) -> None:
    """Whoever starts the test processes opens the folder for all of them, and tells how far they are."""
    if not hasattr(config, "workerinput"):
        folder = open_nursery()
        config.add_cleanup(lambda: close_nursery(folder))
        config.pluginmanager.register(Progress(config.pluginmanager.get_plugin("terminalreporter")))


@cache
def shared_folder() -> Path:
    """What the test processes share."""
    return Path(tempfile.gettempdir())


@dataclass(frozen=True)
class Outcome:
    exit_code: int
    output: str


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@dataclass(frozen=True)
class Warehouse:
    """A database on the embedded server, and dbt aimed at one schema of it."""

    libpq: dict[str, str]
    scratch: Path
    schema: str = PARSED_SCHEMA

    def in_schema(self, schema: str) -> Warehouse:
        return Warehouse(self.libpq, self.scratch, schema)

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=self.libpq["PGHOST"],
            port=self.libpq["PGPORT"],
            user=self.libpq["PGUSER"],
            dbname=self.libpq["PGDATABASE"],
            options=f"-c search_path={self.schema},public -c jit=off",
            client_encoding="UTF8",
            **options,
        )

    def execute(self, *statements: str) -> None:
        with self.connect(autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return connection.execute(query).fetchall()

    def finds_out_of_all(self, view: str) -> bool:
        """Whether what a view says of one job is found out of what it says of all.

        PostgreSQL keeps a CTE that it does not merge, as one in which anything is volatile.
        """
        asked = f"with asked as not materialized (table {view}) select * from asked where jobspec_id = 'a'"
        plan = self.rows(f"explain {asked}")
        return any("CTE asked" in line for (line,) in plan)

    def run_dbt(
        self,
        *arguments: str,
        variables: dict[str, Any] | None = None,
        project: Path = ROOT,
        target: Path | None = None,
        own_process: bool = False,
        parsed_anew: bool = False,
        **extra: str,
    ) -> Outcome:
        """Run dbt as a user would; our project without Redis unless told otherwise.

        In this process our project is parsed once for each set of the variables that shape it, by whichever
        of the test processes comes first, and then put into this database and this schema.

        Args:
            *arguments: of dbt.
            variables: of dbt.
            project: its directory.
            target: where dbt writes what it leaves behind; by default it leaves nothing.
            own_process: whether dbt runs in a process of its own.
            parsed_anew: whether it parses our project itself, with all of these variables.
            **extra: variables of the environment.
        """
        chosen = ({"redis_enabled": False} if project == ROOT else {}) | (variables or {})
        command = [*arguments, *self._options(project, target), *_vars(chosen)]
        surroundings = self._surroundings(extra)
        if own_process:
            return _in_own_process(command, surroundings)
        if project != ROOT or parsed_anew:
            return run_in_this_process(command, surroundings)[0]
        shaping = {name: value for name, value in chosen.items() if name in SHAPING}
        outcome, path = self.parsed(shaping, extra)
        if path is not None:
            manifest = kept_project(path).put_into(self)
            outcome, _ = run_in_this_process(command, surroundings, manifest)
        return outcome

    def parse(
        self, variables: dict[str, Any], extra: dict[str, str] | None = None
    ) -> tuple[Outcome, Manifest | None]:
        """Have dbt read our project, as if it never had."""
        command = ["parse", *self._options(ROOT), *_vars(variables)]
        return run_in_this_process(command, self._surroundings(extra or {}))

    def _options(self, project: Path, target: Path | None = None) -> list[str]:
        output = str(target or self.scratch / "target")
        options = [
            "--project-dir", str(project), "--profiles-dir", str(self.scratch),
            "--target-path", output, "--log-path", output, "--no-use-colors",
        ]  # fmt: skip
        return options if target else [*options, "--no-write-json"]

    def _surroundings(self, extra: dict[str, str]) -> dict[str, str]:
        variables_of_ours = ("PG", "DBT_", "STUCK_JOBS_")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(variables_of_ours)}
        return inherited | self.libpq | {"STUCK_JOBS_SCHEMA": self.schema} | extra

    def parsed(self, shaping: dict[str, Any], extra: dict[str, str]) -> tuple[Outcome, Path | None]:
        """Where our project is as dbt parsed it once, or why it cannot be parsed."""
        profile = (self.scratch / "profiles.yml").read_text()
        parsed_with = {name: value for name, value in extra.items() if not name.startswith("PG")}
        key = f"{sorted(shaping.items())} {sorted(parsed_with.items())} {profile}"
        path = shared_folder() / f"manifest-{sha256(key.encode()).hexdigest()[:16]}"
        outcome = Outcome(0, "")
        with filelock.FileLock(f"{path}.lock"):
            if not path.is_file():
                outcome, manifest = self.in_schema(PARSED_SCHEMA).parse(shaping, extra)
                if manifest is None:
                    return outcome, None
                path.write_bytes(manifest.to_msgpack(extended_mashumaro_encoder))
        return outcome, path


class ParsedProject:
    """Our project as dbt parsed it, to be put into any database and schema."""

    def __init__(self, path: Path) -> None:
        self._manifest = Manifest.from_msgpack(path.read_bytes(), decoder=extended_mashumuro_decoder)
        nodes = (*self._manifest.nodes.values(), *self._manifest.sources.values())
        self._places = [(node, node.database, node.schema, node.relation_name) for node in nodes]

    def put_into(self, warehouse: Warehouse) -> Manifest:
        """What dbt is given for this one; until it is put into another."""
        database = warehouse.libpq["PGDATABASE"]
        for node, parsed_database, parsed_schema, relation in self._places:
            schema = warehouse.schema if parsed_schema == PARSED_SCHEMA else parsed_schema
            node.database, node.schema = database, schema
            if relation:
                before, after = f'"{parsed_database}"."{parsed_schema}"', f'"{database}"."{schema}"'
                node.relation_name = relation.replace(before, after, 1)
        self._manifest.build_flat_graph()
        return self._manifest


kept_project = cache(ParsedProject)
"""Decoded once in each process; whatever dbt compiles into it, it compiles anew the next time."""


def _vars(variables: dict[str, Any]) -> list[str]:
    return ["--vars", yaml.safe_dump(variables, default_flow_style=True, width=math.inf)]


def _in_own_process(command: list[str], variables: dict[str, str]) -> Outcome:
    dbt = Path(sys.executable).with_name("dbt")
    finished = subprocess.run(
        [dbt, *command], env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return Outcome(finished.returncode, finished.stdout + finished.stderr)


def run_in_this_process(
    command: list[str], variables: dict[str, str], manifest: Manifest | None = None
) -> tuple[Outcome, Manifest | None]:
    """What dbt did and, of `parse`, what came of it."""
    messages: list[str] = []

    def keep(event: Any) -> None:
        if event.info.level in ("info", "warn", "error"):
            messages.append(event.info.msg)

    with environment(variables):
        result = dbtRunner(manifest=manifest, callbacks=[keep]).invoke([*UNHEARD, *command])
    if result.exception is not None:
        messages.append(str(result.exception))
    exit_code = 0 if result.success else 1 if result.exception is None else 2
    parsed = result.result if isinstance(result.result, Manifest) else None
    return Outcome(exit_code, "\n".join(messages)), parsed


def run_command(arguments: Sequence[str], variables: dict[str, Any] | None = None) -> Outcome:
    """Run `stuck-jobs` in this process; an error that it does not tell is raised.

    Args:
        arguments: its own.
        variables: of the environment, beside those that are there; None takes one away.
    """
    from stuck_jobs.cli import main

    result = CliRunner().invoke(main, arguments, env=variables)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result.exit_code, result.output)


def copy_project(directory: Path) -> Path:
    """Copy the files that git knows, as a fresh clone has them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, directory / name)
    return directory


@pytest.fixture(scope="session")
def server() -> Iterator[embedded.Postgres]:
    with embedded.postgres() as running:
        yield running


class Warehouses:
    """Databases on one server with the empty source tables, where orphaned executions can exist."""

    def __init__(self, server: embedded.Postgres, new_folder: Callable[[str], Path]) -> None:
        self._server = server
        self._new_folder = new_folder
        self._numbers = count(1)
        self._templates: dict[str, Warehouse] = {}

    def new(self, encoding: str = "UTF8") -> Warehouse:
        """A database without our views."""
        warehouse = self._create("template template0 encoding {}", encoding)
        warehouse.execute(SOURCE_SCHEMA, "alter table executions drop constraint executions_job_id_fkey")
        return warehouse

    def built(self, **variables: Any) -> Warehouse:
        """A database with our views as these variables have them, copied from one that was built once."""
        key = repr(sorted(variables.items()))
        if key not in self._templates:
            template = self.new()
            outcome = template.run_dbt("run", variables=variables)
            assert outcome.exit_code == 0, outcome.output
            self._templates[key] = template
        return self.copy(self._templates[key])

    def copy(self, warehouse: Warehouse) -> Warehouse:
        """Another database with what this one has."""
        return self._create("template {}", sql.Identifier(warehouse.libpq["PGDATABASE"]))

    def _create(self, how: str, *names: Any) -> Warehouse:
        name = f"watched_{next(self._numbers)}"
        statement = sql.SQL("create database {} " + how).format(sql.Identifier(name), *names)
        with psycopg.connect(self._server.dsn, autocommit=True) as connection:
            connection.execute(statement)
        scratch = self._new_folder("dbt")
        (scratch / "profiles.yml").write_text((ROOT / "profiles.example.yml").read_text())
        return Warehouse(self._server.environment | {"PGDATABASE": name}, scratch)


@pytest.fixture(scope="session")
def warehouses(server: embedded.Postgres, tmp_path_factory: pytest.TempPathFactory) -> Warehouses:
    return Warehouses(server, tmp_path_factory.mktemp)


@pytest.fixture(scope="session")
def new_warehouse(warehouses: Warehouses) -> Callable[..., Warehouse]:
    return warehouses.new


@pytest.fixture(scope="session")
def new_built_warehouse(warehouses: Warehouses) -> Callable[..., Warehouse]:
    return warehouses.built


@pytest.fixture(scope="session")
def built(new_built_warehouse: Callable[..., Warehouse]) -> Warehouse:
    """The views over an empty source; what a test inserts it must roll back."""
    return new_built_warehouse()


@pytest.fixture(scope="session")
def session(built: Warehouse) -> Iterator[psycopg.Connection[Any]]:
    """One connection for all, which plans each query once."""
    with built.connect(prepare_threshold=0) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def connection(session: psycopg.Connection[Any]) -> Iterator[psycopg.Connection[Any]]:
    roll_back(session)
    yield session
    roll_back(session)
