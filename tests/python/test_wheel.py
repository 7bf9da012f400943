"""The wheel is enough: its commands work from any folder, and write nothing where it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Outcome, Warehouse
from test_readme import blocks, commands

import stuck_jobs

PROJECT = Path("stuck_jobs", "project")
OURS = ("PG", "DBT_", "STUCK_JOBS_", "REDIS_")


class Installed:
    """An environment in which the wheel is installed, and of the rest what this environment has."""

    def __init__(self, directory: Path) -> None:
        venv.create(directory / "environment", with_pip=False)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        self.packages = directory / "environment" / "lib" / version / "site-packages"
        # The path alone: the editable installation that is there does not come with it.
        (self.packages / "the_rest.pth").write_text(sysconfig.get_path("purelib") + "\n")
        self.programs = directory / "environment" / "bin"
        self.anywhere = directory / "any where"
        self.anywhere.mkdir()
        subprocess.run(
            [
                sys.executable, "-m", "pip", "--python", self.programs / "python", "install", "--quiet",
                "--no-deps", "--no-build-isolation", "--disable-pip-version-check", ROOT,
            ],
            stdin=subprocess.DEVNULL, check=True,
        )  # fmt: skip

    def run(self, *command: str | Path, **variables: str) -> Outcome:
        """Run a program from a folder that has nothing to do with the project."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        path = os.pathsep.join([str(self.programs), os.environ["PATH"]])
        finished = subprocess.run(
            command,
            cwd=self.anywhere,
            env=inherited | {"PATH": path, "HOME": str(self.anywhere), "COLUMNS": "120"} | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return Outcome(finished.returncode, finished.stdout + finished.stderr)

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Let nobody but root write there for the length of a `with` block."""
        directories = [path for path in self.packages.rglob("*") if path.is_dir()]
        for path in directories:
            path.chmod(0o555)
        try:
            yield
        finally:
            for path in directories:
                path.chmod(0o755)

    def files(self) -> set[Path]:
        """All that is installed, but for what Python itself compiles."""
        return {path for path in (self.packages / "stuck_jobs").rglob("*") if "__pycache__" not in path.parts}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    made = Installed(tmp_path_factory.mktemp("wheel"))
    before = made.files()
    yield made
    assert made.files() == before


def test_the_package_and_the_project_have_one_version(installed: Installed) -> None:
    version = yaml.safe_load((ROOT / "dbt_project.yml").read_text())["version"]
    assert installed.run("stuck-jobs", "--version").output == f"stuck-jobs, version {version}\n"
    assert stuck_jobs.__version__ == version, "run pip install --no-deps --editable ."


def test_the_project_is_in_the_package(installed: Installed) -> None:
    assert installed.run("stuck-jobs", "project").output == f"{installed.packages / PROJECT}\n"
    for name in ("models", "macros", "tests/generic", "tests/singular", "analyses", "docs"):
        inside, outside = installed.packages / PROJECT / name, ROOT / name
        files = {path.relative_to(outside) for path in outside.rglob("*") if path.is_file()}
        assert {path.relative_to(inside) for path in inside.rglob("*") if path.is_file()} == files


@pytest.mark.long
def test_the_demo_collects_and_builds(installed: Installed) -> None:
    with installed.read_only():
        outcome = installed.run("stuck-jobs", "demo", "--jobs", "200")
    assert outcome.exit_code == 0, outcome.output
    assert "things broken on purpose were found, and nothing else" in outcome.output


def test_the_commands_that_read_find_the_project(installed: Installed, built: Warehouse) -> None:
    connection = built.libpq | {"STUCK_JOBS_SCHEMA": built.schema}
    with installed.read_only():
        for command in ("gate", "recover", "validate"):
            outcome = installed.run("stuck-jobs", command, **connection)
            assert outcome.exit_code == 0, f"{command}: {outcome.output}"


def test_a_sandbox_runs_dbt_in_a_copy_of_the_project(installed: Installed) -> None:
    copy = " && ".join(commands(blocks("docs/deployment.md", "bash")[1]))
    assert "stuck-jobs project" in copy
    outcome = installed.run(
        "sh",
        "-c",
        f'{copy} && test "$(stuck-jobs project)" = "$PWD"'
        " && stuck-jobs sandbox -- sh -c 'stuck-jobs collect && dbt build --select stg_jobs'",
        PATH=os.pathsep.join([str(installed.programs), str(Path(sys.executable).parent), os.environ["PATH"]]),
    )
    assert outcome.exit_code == 0, outcome.output
    assert "PASS=" in outcome.output


def test_init_makes_a_project_that_works(installed: Installed, built: Warehouse) -> None:
    path = os.pathsep.join([str(installed.programs), str(Path(sys.executable).parent), os.environ["PATH"]])
    with installed.read_only():
        outcome = installed.run(
            "sh",
            "-c",
            "stuck-jobs init made && cd made"
            " && dbt run --select stg_jobs && stuck-jobs gate && stuck-jobs validate",
            **built.libpq | {"PATH": path},
        )
    assert outcome.exit_code == 0, outcome.output
    assert "pipeline: " in outcome.output
