"""Find the dbt project and its profile, and build it in this process."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from stuck_jobs.errors import StuckJobsError
from stuck_jobs.output import emit

PROJECT_FILE = "dbt_project.yml"
PROFILES_FILE = "profiles.yml"
PARSED_FILE = "partial_parse.msgpack"
EXAMPLE_PROFILES_FILE = "profiles.example.yml"
PACKAGED_PROJECT = Path(__file__).resolve().with_name("project")
REPOSITORY = Path(__file__).resolve().parents[2]
OWN_PROJECT = PACKAGED_PROJECT if PACKAGED_PROJECT.is_dir() else REPOSITORY
"""The one that came with this package: in the wheel, or the repository of an editable installation."""
GATE_PREFIX = "gate_"

Progress = Callable[[int, int], None]
"""Told how many nodes are finished, and how many there are."""


@dataclass(frozen=True)
class FailedNode:
    """A node of the project that did not succeed.

    Attributes:
        name: of the model or test.
        message: what dbt says about it, in one line.
    """

    name: str
    message: str


@dataclass(frozen=True)
class Build:
    """What a `dbt build` came to.

    Attributes:
        nodes: how many nodes were to be built or tested.
        closed_gates: tests on accumulation points that found too much stuck.
        errors: everything else that failed: models that cannot be built, broken contracts.
        warnings: tests that warn.
    """

    nodes: int
    closed_gates: list[FailedNode]
    errors: list[FailedNode]
    warnings: list[FailedNode]

    @property
    def exit_code(self) -> int:
        """What the command `dbt build` would have ended with."""
        return 1 if self.closed_gates or self.errors else 0


def find_project(chosen: Path | None = None) -> Path:
    """Find the dbt project.

    Args:
        chosen: by the user; otherwise it is `DBT_PROJECT_DIR`, the working directory if it is a dbt project,
            or the one that came with this package.

    Raises:
        StuckJobsError: if there is none.
    """
    if chosen is None and (variable := os.environ.get("DBT_PROJECT_DIR")):
        chosen = Path(variable)
    candidates = [chosen] if chosen else [Path.cwd(), OWN_PROJECT]
    for candidate in candidates:
        if (candidate / PROJECT_FILE).is_file():
            return candidate.resolve()
    places = " or ".join(map(str, candidates))
    raise StuckJobsError(f"there is no {PROJECT_FILE} in {places}: name its directory with --project-dir")


@click.command()
def project() -> None:
    """Print the directory of the dbt project that the other commands use.

    It is DBT_PROJECT_DIR, else the working directory if that is a dbt project, else the one that came with
    this program. Copy that one to change it, or to run dbt in it:

        cp -r "$(stuck-jobs project)" my-stuck-jobs
    """
    emit(str(find_project()))


@contextlib.contextmanager
def find_profiles(project: Path) -> Iterator[Path]:
    """The directory with the user's profile, in dbt's order, or else with the example one.

    Args:
        project: the dbt project's directory.
    """
    variable = os.environ.get("DBT_PROFILES_DIR")
    candidates = [Path(variable)] if variable else [Path.cwd(), project, Path.home() / ".dbt"]
    for candidate in candidates:
        if (candidate / PROFILES_FILE).is_file():
            yield candidate.resolve()
            return
    if variable:
        raise StuckJobsError(f"there is no {PROFILES_FILE} in DBT_PROFILES_DIR ({variable})")
    with example_profiles(project) as directory:
        yield directory


@contextlib.contextmanager
def example_profiles(project: Path) -> Iterator[Path]:
    """A temporary directory with the project's example profile, which reads libpq's variables.

    Args:
        project: the dbt project's directory.
    """
    example = project / EXAMPLE_PROFILES_FILE
    if not example.is_file():
        raise StuckJobsError(f"there is no {EXAMPLE_PROFILES_FILE} in {project}")
    with tempfile.TemporaryDirectory(prefix="stuck-jobs-profiles-") as directory:
        shutil.copy(example, Path(directory) / PROFILES_FILE)
        yield Path(directory)


def build(
    project: Path,
    profiles: Path,
    *arguments: str,
    progress: Progress | None = None,
    target: str | None = None,
) -> Build:
    """Run `dbt build` in this process, without a word on the console and without a file left behind.

    Args:
        project: the dbt project's directory.
        profiles: the directory of `profiles.yml`.
        *arguments: further arguments of `dbt build`.
        progress: told about every finished node, from dbt's threads.
        target: a directory where dbt keeps what it parsed, from one build to the next; the caller removes it.

    Raises:
        StuckJobsError: if dbt cannot build at all: the project does not compile, the database is not there.
    """
    from dbt.cli.main import dbtRunner  # takes a second

    finished, nodes = 0, 0

    def watch(event: Any) -> None:
        nonlocal finished, nodes
        if event.info.name == "ConcurrencyLine":
            nodes = event.data.node_count
        elif event.info.name == "NodeFinished":
            finished += 1
        else:
            return
        if progress:
            progress(finished, nodes)

    place = contextlib.nullcontext(target) if target else scratch_target()
    with place as scratch, _same_directory():
        outcome = dbtRunner(callbacks=[watch]).invoke(
            [
                "build", *arguments,
                "--project-dir", str(project), "--profiles-dir", str(profiles),
                "--target-path", scratch, "--log-path", scratch, "--log-level-file", "none",
                "--log-level", "none", "--quiet", "--no-print", "--no-version-check",
            ]
        )  # fmt: skip
    if outcome.exception is not None:
        raise _expected(outcome.exception)
    return sort_results(getattr(outcome.result, "results", []))


@contextlib.contextmanager
def scratch_target(project: Path | None = None) -> Iterator[str]:
    """A directory that is gone when the process ends, also if dbt's threads go on writing after a signal.

    Args:
        project: whose last run may have left there what it parsed: dbt takes of it what still holds.
    """
    directory = tempfile.mkdtemp(prefix="stuck-jobs-target-")
    remove = functools.partial(shutil.rmtree, directory, ignore_errors=True)
    atexit.register(remove)
    try:
        if project:
            with contextlib.suppress(OSError):
                shutil.copy(project / os.environ.get("DBT_TARGET_PATH", "target") / PARSED_FILE, directory)
        yield directory
    finally:
        remove()


@contextlib.contextmanager
def _same_directory() -> Iterator[None]:
    """Come back to the working directory, which dbt leaves for the project's."""
    with contextlib.chdir(Path.cwd()):
        yield


def _expected(error: BaseException) -> BaseException:
    """A signal as it came, everything else as one line."""
    if isinstance(error, Exception):
        return StuckJobsError(f"dbt build: {error}")
    return error


def sort_results(results: list[Any]) -> Build:
    """Tell what is stuck from what is broken, in the results of dbt's nodes."""
    nodes = sum(result.node.resource_type != "operation" for result in results)  # those are hooks
    build = Build(nodes, [], [], [])
    for result in results:
        failed = FailedNode(result.node.name, " ".join((result.message or "").split()))
        is_gate = failed.name.startswith(GATE_PREFIX)
        match str(result.status):
            case "warn":
                build.warnings.append(failed)
            case "fail" if is_gate:
                build.closed_gates.append(failed)
            case "fail" | "error" | "runtime error" | "partial success":
                build.errors.append(failed)
    return build
