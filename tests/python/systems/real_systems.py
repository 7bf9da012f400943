"""What the tests of real job systems share: their processes, and what the views say of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import ROOT, Warehouse
from test_init import grants

from stuck_jobs.cli import main

ENVIRONMENT = ROOT / ".venv-systems"
OLDEST = ENVIRONMENT / "oldest"
NODE_PACKAGES = ENVIRONMENT / "node" / "node_modules"
"""Each by its name, and its oldest version as `name-oldest`."""

OLDEST_NODE = (22, 18)
"""That the newest versions run on."""

HERE = Path(__file__).parent
SECRET = "hunter2-in-the-arguments"

Finding = tuple[str, str, str]
"""Point, id and cause."""

installed = pytest.mark.skipif(
    not (ENVIRONMENT / "bin").is_dir(), reason="make test-systems installs the systems"
)


def _why_no_node() -> str | None:
    """What keeps the systems that run on Node from being run; None if nothing does."""
    node = ENVIRONMENT / "bin" / "node"
    if not node.exists():
        return "make test-systems installs the systems that run on Node where there is npm"
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    version = tuple(map(int, said.strip().removeprefix("v").split(".")[:2]))
    return f"Node is {said.strip()}, and the systems need a newer one" if version < OLDEST_NODE else None


why_no_node = _why_no_node()
node_installed = pytest.mark.skipif(why_no_node is not None, reason=str(why_no_node))


@dataclass(frozen=True)
class System:
    """A job system with its tables in a database, as its own packages made them.

    Attributes:
        warehouse: its database.
        name: as in `vars: job_system`.
        scratch: for the output of its processes.
        variables: of the environment of its processes.
        installation: the environment that its programs are in.
    """

    warehouse: Warehouse
    name: str
    scratch: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    installation: Path = ENVIRONMENT

    @property
    def environment(self) -> dict[str, str]:
        """For its processes: libpq's variables lead to the database."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "DBT_"))}
        paths = {"PYTHONPATH": str(HERE), "NODE_PATH": str(NODE_PACKAGES)}
        return own | self.warehouse.libpq | paths | self.variables

    def run(self, program: str, *arguments: str) -> str:
        """Run one of its programs to its end, such as node with a script of this folder."""
        finished = subprocess.run(
            [self.installation / "bin" / program, *arguments],
            cwd=HERE, env=self.environment, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert finished.returncode == 0, finished.stdout + finished.stderr
        return finished.stdout

    @contextmanager
    def process(self, name: str, program: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """One of its processes, which is killed at the end if it is still there."""
        with (self.scratch / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [self.installation / "bin" / program, *arguments],
                cwd=HERE, env=self.environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def wait_for(self, condition: str, seconds: float = 60) -> None:
        """Wait until a query says true."""
        self.wait_until(lambda: self.warehouse.rows(f"select {condition}") == [(True,)], condition, seconds)

    def wait_until(self, holds: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Wait until something holds."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                logs = "\n".join(path.read_text()[-2000:] for path in self.scratch.glob("*.log"))
                pytest.fail(f"not so after {seconds} s: {what}\n{logs}")
            time.sleep(0.2)

    def build(self, *, command: str = "run", **variables: Any) -> None:
        """Build the views of this system."""
        outcome = self.warehouse.run_dbt(command, variables={"job_system": self.name, **variables})
        assert outcome.exit_code == 0, outcome.output

    def ours(self, *arguments: str, exit_code: int = 0, **variables: str) -> str:
        """What a command of ours prints."""
        environment = self.warehouse.libpq | {
            "DBT_PROFILES_DIR": str(self.warehouse.scratch), "DBT_PROJECT_DIR": str(ROOT),
            "STUCK_JOBS_SCHEMA": self.warehouse.schema,
        }  # fmt: skip
        result = CliRunner().invoke(main, arguments, env=environment | variables)
        assert result.exit_code == exit_code, result.output
        return result.stdout

    @contextmanager
    def operator(self, **variables: Any) -> Iterator[str]:
        """A role that may do what `init` says that recovery takes, and no more; the views know it."""
        name = f"operator_of_{self.warehouse.libpq['PGDATABASE']}"
        self.warehouse.execute(f"create role {name} login")
        self.warehouse.execute(*grants(self.ours("init", "--print", "--operator", name)))
        self.build(operator_roles=[name], **variables)
        yield name
        self.warehouse.execute(f"drop owned by {name} cascade", f"drop role {name}")

    def assert_promises_kept(self, **variables: Any) -> None:
        """What the views promise of themselves holds, whatever is stuck."""
        chosen = {"job_system": self.name, **variables}
        outcome = self.warehouse.run_dbt("build", "--exclude", "tag:gate", variables=chosen)
        assert outcome.exit_code == 0, outcome.output
        self.assert_jobs_explained()
        for view in ("stuck_items", "int_recovery_evidence"):
            assert not self.warehouse.finds_out_of_all(view), view

    def assert_jobs_explained(self) -> None:
        """`stuck-jobs why` calls stuck what the views do, and done what is, without what it carries."""
        stuck = self.warehouse.rows(
            "select distinct jobspec_id from stuck_items where entity_type = 'job' and jobspec_id is not null"
        )
        for (name,) in stuck:
            told = self.ours("why", name, "--format", "json")
            assert (json.loads(told)["state"], SECRET in told) == ("stuck", False), told
        done = self.warehouse.rows(
            "select jobspec_id from stg_jobs where status = 'completed'"
            " and jobspec_id not in (select jobspec_id from stuck_items where jobspec_id is not null) limit 1"
        )
        for (name,) in done:
            assert self.ours("why", name).splitlines()[1].startswith("nothing is stuck: done")

    def found(self) -> set[Finding]:
        """Everything that the views call stuck."""
        return set(self.warehouse.rows("select accumulation_point, entity_id, cause from stuck_items"))

    def states(self) -> dict[str, str]:
        """The state of each point."""
        return dict(self.warehouse.rows("select accumulation_point, state from accumulation_points"))

    def public_text(self) -> str:
        """All that any public relation says."""
        relations = self.warehouse.rows(
            "select format('%I', relname) from pg_class where relkind in ('v', 'r')"
            f" and relname !~ '^(stg|int)_' and relnamespace = to_regnamespace('{self.warehouse.schema}')"
        )
        shown = [f"select string_agg(r::text, ' ') as row from {name} as r" for (name,) in relations]
        return str(self.warehouse.rows(" union all ".join(shown)))
